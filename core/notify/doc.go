// Package notify knows what a notice is, what may become of it, when it may go
// out and how it reads. It sends nothing: package core runs the pipeline over
// these rules, a [Sender] talks to one provider.
//
// A notice is a row written in the same transaction as the fact it speaks of.
// The row is the truth; what travels through a queue is only a [Notice.ID] and
// a generation. From there:
//
//	pending --Queue--> queued --Claim--> sending --Settle--> accepted --Receipt--> delivered
//	   ^                 |                  |
//	   |    nobody took  |   certainly not  |  lease over, or
//	   +-----------------+---taken----------+  outcome open: unknown
//	   |                                                        |
//	   +------ the provider knows the key, or a copy is --------+
//	           the lesser evil; otherwise uncertain: an operator decides
//
// Every arrow there is ([Transitions]); from accepted on, and from each state
// that leads nowhere but back to pending, only a receipt or an operator moves it:
//
//	pending     -> queued pending merged accepted failed dead uncertain expired cancelled suppressed
//	queued      -> sending pending accepted failed dead uncertain expired cancelled suppressed
//	merged      -> sending pending accepted failed dead uncertain expired cancelled suppressed
//	sending     -> accepted pending merged unknown failed dead uncertain cancelled
//	unknown     -> accepted pending merged uncertain failed dead cancelled
//	accepted    -> delivered undelivered
//	uncertain   -> accepted pending
//	failed      -> pending
//	dead        -> pending
//	undelivered -> pending
//	expired     -> pending
//	suppressed  -> pending
//
// Three things keep it from being sent twice. The natural key lets a cause make
// a notice only once. The generation, raised each time a notice is queued, makes
// tickets of earlier rounds worthless. An attempt is written down before its
// call, so a worker that dies leaves an open attempt and not a guess; what is
// then repeated, and what is not, follows from [OnUnknown] and from what the
// provider promises about repeated keys.
//
// Several notices that are due to one person over one channel travel in a
// carrier: they are merged, and share its fate by [Notice.Follow].
package notify
