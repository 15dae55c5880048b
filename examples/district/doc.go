// District is the reference application: the outreach programme of Xuân Lộc
// district in the spring of 2017, run from beginning to end on a simulated clock
// with everything real but the people.
//
//	go run ./examples/district
//
// It reads the files under data, imports the organisation, and lets four months
// pass: the clock goes from one instant that matters to the next, people do what
// the behaviour model says they do, the workers deliver what is to be told by
// SMTP and by an SMS gateway's HTTP interface, both in this process and both
// delivering nowhere. When the last month is closed it counts what the two took
// against what the programme says it sent, and writes down what came of it.
//
// Where to read on: season.go is the loop of the clock, behaviour.go who does
// what how often, world.go how the parts are put together with fx, ledger.go
// the proof that nothing was lost or sent twice. What people do stands in
// office.go, field.go, handling.go and hamlet.go, always through the public
// interface of package core, as the person who does it.
//
// Everybody in it is invented. See data/README.md for what is real.
package main
