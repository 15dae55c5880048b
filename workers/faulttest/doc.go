// Package faulttest breaks what delivers notices and counts what comes out.
//
// Real worker processes deliver from a real database over a real Redis to
// providers that write down what they took before they answer. Meanwhile workers
// are killed in the middle of their calls, told to stop under load, and Redis is
// emptied. Afterwards the providers' ledgers are held against the database:
//
//	L    notices that were never taken and that no operator would find either
//	D    calls by which a provider got a message more than once
//	D_u  messages that a recipient got more than once
//	U    notices whose outcome nobody knows, on the operator's list
//	T95  from due to taken, of 95 in 100
//	V    contradictions between ledger, notices and attempts
//
// L and V must be 0, always. What the others may be depends on what the notice
// and its provider allow:
//
//	A  the provider knows a repetition by its key   D_u = 0, U = 0
//	B  hold: rather unknown than twice              D_u = 0, U ≤ calls cut off
//	C  resend: rather twice than not at all         U = 0, D_u ≤ calls cut off
//
// Redis loss, lost acknowledgements, old snapshots and graceful stops cut no call
// off: there D_u and U are 0 for all. That the figures mean something is shown
// twice: by workers with one guard taken out each (the claim, the generation, the
// attempt before the call, recovery, the natural key, the common clock), every one
// of which has to be caught, and by a plain asynq worker in the same harness, whose
// losses and doubles stand at the end of the table.
//
// Each row of the plan is one function; [rows] lists them. A row that fails tells
// what is wrong notice by notice, and its seed repeats it.
//
// The clocks of all processes run faster than the wall, so that leases and
// waiting times of minutes pass in seconds; calls, kills and asynq do not. The slower
// the machine is when a row begins, the slower its clocks go, and the more time it has.
// The package has tests only:
//
//	go test ./workers/faulttest -v                             the short profile
//	OUTREACH_FAULTS=full go test ./workers/faulttest -v -timeout 30m
//	OUTREACH_FAULT_SEED=42        the same kills at the same times
//	OUTREACH_FAULT_DB=sqlite      on a SQLite file although there is PostgreSQL
package faulttest
