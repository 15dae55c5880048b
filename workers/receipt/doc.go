// Package receipt takes what providers tell later about messages, by whatever
// way each of them does, and sees to it that it is interpreted:
//
//	callback  Desk.ServeHTTP   the provider calls …/<provider>/<secret>
//	query     Desk.Run         it is asked about messages nobody has news of
//	poll      Desk.Run         receipts are fetched from where it keeps them
//	session   Desk.Run         they come within a session that is kept open
//
// Everything is stored first, by core.System.TakeReceipts, and only then is the
// provider told so; when it cannot be stored the provider hears 503 and calls
// again. What a receipt means is worked out afterwards, in passes that may run
// late, twice, or in any number of processes at once. So nothing is lost when a
// process dies at whatever point, and no order and no repetition does harm.
package receipt
