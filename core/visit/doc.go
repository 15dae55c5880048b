// Package visit models one meeting with the people of a hamlet (buổi): planned
// on a day that is not a closure, held by the official or a substitute, reported
// in full, and verified by somebody who is not the official (S9, S25–S27, L11).
//
//	planned     -> planned        postponed, with a reason
//	planned     -> at_risk        the holder is away and nobody stands in
//	planned     -> held           it took place
//	planned     -> reported       it took place and is written down
//	planned     -> missed         the report was due and nothing came
//	planned     -> cancelled      by the team leader, with a reason
//	at_risk     -> planned        somebody stands in
//	at_risk     -> held
//	at_risk     -> reported
//	at_risk     -> missed
//	at_risk     -> cancelled
//	held        -> reported
//	reported    -> verified       enough strong evidence from others
//	reported    -> unconfirmed    nobody confirmed in time
//	reported    -> disputed       somebody says no
//	unconfirmed -> verified
//	unconfirmed -> disputed
//	verified    -> disputed
//	disputed    -> verified       decided for the visit
//	disputed    -> refused        decided against it
//	missed      -> reported       late entry
//
// Cancelled and refused are final. A visit is claimed when it was reported and
// counts when it is verified; which visits count for the quota is decided in
// package programme.
package visit
