// Package countrytest makes up the programme of a whole country, of any size,
// for tests and measurements of scale. Everything follows from a seed and a
// number of officials: the same two give the same country everywhere, piece by
// piece and in any order, so that ten million issues need not fit into memory.
//
//	country := countrytest.New(1, 60_000)
//	for v := range country.Visits(month) {
//		…
//	}
//
// Each official looks after one hamlet. [PerCommune] hamlets lie in a commune
// and are one team's; [Communes] communes lie in a district, which has [Units]
// departments. Nobody in it lives: people are called by their number, their
// telephones are in a range that rings nowhere and their mailboxes in a domain
// that cannot exist.
//
// Values have Version 0: a store's Put inserts them. For millions there is
// sqlstore.Load.
package countrytest
