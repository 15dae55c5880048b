// Package programme models the plan itself: its legal basis and year, the
// teams, who is assigned to which hamlet from when to when, the month plan, and
// how the two visits a month are counted and attributed (S5–S9, model M1).
//
// The life of an assignment:
//
//	proposed --> approved --> active --> ended
//	   |            |
//	   +------------+--> cancelled
//
// A proposal becomes a decision when somebody other than a computer says so:
// every conflict rule it breaks is waived with a reason, and the decision has a
// number. It starts and ends by date; a decision may let it end sooner, today or
// on a day to come. What is open in the hamlet when it ends, issues and visits
// that are ahead, goes over by a list that both officials sign: promises follow
// the place. Until a successor is known the team leader answers for them, and
// whoever begins there takes them up:
//
//	ended --(successor named, or the next assignment begins)--> received --> signed by both
//	  \__ (the same official goes on) --> continued: nothing is handed over
//
// A hamlet that is merged or divided takes its assignments along: what has begun
// is cut at that day and goes on at the new place by the same decision.
//
// Visits are counted by [Cover]: per hamlet and month, claimed and verified
// apart, on days far enough from each other; the credit goes to who held a
// visit, a missing one is answered for by the assignee with most days in that
// half of the month, unless on leave. [Plan] proposes the dates of a month.
//
// Everything here is a value or a pure function; package core decides who may
// use it and writes it down.
package programme
