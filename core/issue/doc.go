// Package issue models one matter that is owed to the people (vấn đề, kiến nghị):
// registered with a promised date, sorted, handed to exactly one lead unit,
// answered in one of six classes, told back to everybody who raised it, and
// closed only then (S17–S22, A2–A6, model M4).
//
//	registered     -> triaged         subject and urgency are chosen
//	registered     -> linked          another issue carries the matter
//	registered     -> closed          withdrawn: nothing is left to be answered
//	triaged        -> triaged         sorted anew
//	triaged        -> referred        one lead unit, a due date
//	triaged        -> linked
//	triaged        -> closed
//	referred       -> returned        not ours: in time, with the unit that would be right
//	referred       -> on_hold         waits for the speaker or a higher level
//	referred       -> answer_drafted
//	referred       -> linked
//	referred       -> closed
//	returned       -> triaged         at once: the desk refers it anew
//	returned       -> arbitration     at once: returned too often
//	arbitration    -> referred        decided: that unit cannot return it
//	arbitration    -> linked
//	arbitration    -> closed
//	on_hold        -> referred        the answer came, or the limit of the pause
//	on_hold        -> linked
//	on_hold        -> closed
//	answer_drafted -> answer_drafted  drafted anew, perhaps because the approver sent it back
//	answer_drafted -> feedback_due    approved by somebody else
//	answer_drafted -> linked
//	answer_drafted -> closed
//	feedback_due   -> feedback_given  everybody was told
//	feedback_due   -> closed
//	feedback_given -> answer_drafted  the result of a roadmap
//	feedback_given -> referred        not satisfied: next round
//	feedback_given -> appealed        not satisfied in the last round
//	feedback_given -> closed          satisfied, or silence for the whole window
//	appealed       -> closed_final    by reasoned written decision
//	appealed       -> closed
//	linked         -> registered      unlinked: what it was before
//	linked         -> triaged
//	linked         -> referred
//	linked         -> arbitration
//	linked         -> answer_drafted
//	linked         -> feedback_due    the other issue was answered: its answer is this one's
//	linked         -> closed
//
// Closed and closed_final are final. Two clocks run: the promise to the citizen,
// from registration, which no return moves, and the unit's, from each referral.
// Who had the matter in hand on which working day is written down and adds up to
// its age: see [State.DaysHeld].
//
// An issue answered "in progress" names a day; it stays in feedback_given, with
// a clock of its own, until the people were told the result.
package issue
