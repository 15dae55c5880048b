// Package deliver is the worker's side of a delivery task: claim, send, settle.
//
//	task        what happens
//	claimed     rows locked for this worker, attempts written, texts made now
//	sent        providers called, several at once, no transaction open
//	settled     outcomes written, guarded by the generation
//
// A task that comes twice, late, or from a queue that was restored from
// yesterday ends at the claim. A worker that dies leaves at most the calls of
// one window in doubt; they are resolved by core.System.Recover, never by
// sending blindly again. The handler returns an error to asynq only when it
// could not reach the database, or had to stop before it had looked at every
// notice of its task.
package deliver
