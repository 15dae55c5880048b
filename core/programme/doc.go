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
// number. It starts and ends by date. What is open in the hamlet when it ends
// goes over by a list that both officials sign: promises follow the place.
//
// Visits are counted by [Cover]: per hamlet and month, claimed and verified
// apart, on days far enough from each other; the credit goes to who held a
// visit, a missing one is answered for by the assignee with most days in that
// half of the month, unless on leave. [Plan] proposes the dates of a month.
//
// Everything here is a value or a pure function; package core decides who may
// use it and writes it down.
package programme
