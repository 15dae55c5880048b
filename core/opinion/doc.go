// Package opinion models what one person, or several together, said to an
// official (ý kiến): in their own words first, of whatever kind, without any
// gate of category, identity or phone (S10, S15, A1, model M3).
//
//	captured         -> answered_on_spot  answered at once (S16)
//	captured         -> recorded          the answer is to follow, or none is waited for (S11)
//	captured         -> guided            a complaint: told which body is competent
//	captured         -> linked            an issue was registered from it
//	captured         -> withdrawn         what was said left this store
//	recorded         -> guided
//	recorded         -> linked
//	recorded         -> withdrawn
//	answered_on_spot -> linked            the answer did not satisfy
//	answered_on_spot -> withdrawn
//	guided           -> withdrawn
//	linked           -> withdrawn         only when it has to be handed over sealed
//
// Withdrawn is final. A denunciation never stands here: it goes straight to the
// vault of package sealed. One that is recognised only later leaves nothing
// behind but an emptied, withdrawn opinion, like one that its speaker took back.
//
// The speaker is kept apart, is optional in every field, and is scrubbed some
// time after everything was closed (A11, L15).
package opinion
