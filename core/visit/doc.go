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
//
// Nothing that comes in is lost, and nothing is believed twice. A report sent
// again by a device that was offline is recognised ([State.Copy]); one that
// differs is kept beside the first until the team leader says which of them
// holds ([State.Settle], [State.Standing]). Clocks of devices that contradict the
// day of the visit or our own clock raise doubts ([Device.Doubts]) that stand in
// the report. Evidence is strong when it is the word of somebody else who was
// there, supporting when it is a thing, and self when it comes from the official.
//
// A dispute is opened by who may confirm, or by the programme when a report
// comes in for a visit that the host had denied; the official replies, and the
// team leader or the office decides with a reason, never about their own.
//
// What is known of a hamlet, its area profile (đặc điểm tình hình), comes in
// editions (S13, model M12). Due is the state of a hamlet that has none yet:
//
//	due       → draft
//	draft     → submitted   by its author, with possible figures
//	submitted → accepted    by the team leader or the office
//	submitted → draft       sent back, with a reason
//	submitted → stale       12 months old, or the place changed
//	accepted  → stale
//
// What the hamlets are to be told, a dissemination item (S2–S4, model M11), is
// issued until something supersedes it. In each hamlet it stands as [Item.Heard]
// finds from the reports: pending, told, receipted when the visit was confirmed,
// or waived with a reason.
package visit
