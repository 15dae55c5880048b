// Package report closes periods: a round (half a month, one official to the
// team leader) and a month (the district's). Its figures are pure functions of
// what happened, with honest denominators: what nobody touched counts as late,
// silence is not satisfaction, an answer is not a settlement, and every table
// adds up (model M9, A8, A12, EX-28).
//
//	open      -> submitted
//	open      -> locked     a round for which nothing came, closed with a reason
//	submitted -> approved   by the team leader (round) or the office (month)
//	submitted -> open       sent back, with a reason
//	approved  -> accepted   by the programme's leader
//	approved  -> locked     a round ends here: the team leader closes it
//	accepted  -> locked     the figures are frozen
//	locked    -> open       unlocked from above, with a reason
//
// Figures of longer periods (Span) are computed the same way and never locked.
// Tables turns figures into tables that add up, without persons unless asked for;
// Regroup counts by territory, as it was then or in today's units (A10); Yearly
// describes one official's work and never grades it (S12, S29).
package report
