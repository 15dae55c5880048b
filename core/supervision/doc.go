// Package supervision is the people's eye on the visiting official (S23–S28):
// residents, the hamlet's key persons and commune leaders say of a verified
// visit whether the official attended in full, was on time, and spoke and
// behaved properly. Three groups are three figures, never one (A12); raters are
// shielded; the official sees nothing below a minimum number and may reply.
//
// A rating round:
//
//	collecting -> published  enough ratings when it closes
//	collecting -> withheld   too few to show
//	published  -> replied    the official's right of reply
//	published  -> final
//	replied    -> final
//
// A review flag, a reason for a talk and never a score:
//
//	raised    -> asked       for an explanation
//	raised    -> dismissed
//	asked     -> explained
//	asked     -> upheld      no explanation came
//	asked     -> dismissed
//	explained -> dismissed
//	explained -> upheld
//
// What an upheld flag leads to are actions (việc khắc phục), agreed with a day on
// which they are due, done or dropped with a word about it. [Signals] finds signs
// of mere form in visits: facts for a talk, which nothing is concluded from.
package supervision
