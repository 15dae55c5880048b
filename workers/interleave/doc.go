// Package interleave walks through random interleavings of everything that can
// happen to notices between the outbox and a provider, on simulated time: notices
// are created and cancelled, worker processes die at any step and come again, Redis
// loses everything or refuses, gateways go and come back and their breakers with
// them, now and then all of one channel for long, receipts arrive in any order,
// night falls and windows close, and messages to one recipient crowd each other.
//
// It is the real thing: relay, asynq servers, delivery, sweep and the core, as
// workersfx composes them. asynq v0.26 runs inside a bubble of
// testing/synctest as it is, when go-redis dials miniredis in process
// (miniredis.Dial, which is a net.Pipe): then nothing waits on a socket, and the
// bubble's clock jumps from one timer to the next. The database is the store in
// memory, which is shared by all processes and survives them.
//
// A process that dies is cut off rather than killed: from one step on every one
// of its transactions, calls and commands fails, so that nothing it does reaches
// anybody. A step is the beginning of a transaction, its commit, a command to
// Redis, or either side of a provider's call; a transaction that is committed and
// not answered is one of the ways to die.
//
// Two things asynq does not do by itself in a bubble. It asks a Redis that refuses
// again without any pause (A18), so that no time would ever pass: here a refusal
// takes a fifth of a second. And its scripts, which miniredis runs in Lua a few
// thousand times for each simulated quarter of an hour, leave about one program a
// second: most programs therefore run over a list that does what asynq promises and
// no more, with the same relay, handler and sweep, some thirty times as fast, and a
// few over asynq itself.
//
// The oracle keeps its own account of what the gateway took, and holds it and the
// rows against notifications 2.4: see its audit. That it sees anything is
// shown by processes that have one guard taken out.
//
// The package has tests only. OUTREACH_FAULTS=full walks thousands of programs,
// OUTREACH_FAULT_SEED repeats from one.
package interleave
