// Package smpp sends notices as SMS through a message centre (SMSC) that is
// spoken to in SMPP 3.4. [Sender] is a [notify.Sender] and a
// [notify.SessionRunner]: it keeps one bind as transceiver, over which messages
// go out and receipts come in.
//
// A request is entered before it is written, so that no answer can come too
// early for it, and by its sequence number alone: the numbers of the centre's own
// requests are no concern of it. What an answer means is the table in status.go;
// what happens without one is decided by what was written:
//
//	no connection, no TLS, no answer to the bind     not sent
//	bind refused for the account                     misconfigured
//	another process holds the bind (Options.Lease)   throttled: come again, no attempt is lost
//	the request could not be written whole           not sent
//	written, and the connection or the time ended    unknown
//	generic_nack with its number                     the status, never accepted
//	an answer of another kind with its number        unknown, and the session ends
//	generic_nack with no number                      unknown for all that wait
//
// A text of several parts is sent part by part. When a later part is refused,
// the centre has the earlier ones, and the outcome is unknown unless the refusal
// is for good. A receipt is asked for the last part, whose id is the message's.
//
// With a lease the sender is a [notify.Holder]: what is for the centre is left to
// the process that has the bind. One that has the lease and cannot bind gives it
// back, since another machine may reach the centre.
//
// Receipts come in a deliver_sm or in a data_sm; where the centre answers query_sm
// (Config.Query) a message whose receipt does not come is asked for by its id. A
// receipt is acknowledged only after it was stored; until then, and while
// nobody takes receipts, the centre is told to come again.
package smpp
