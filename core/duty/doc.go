// Package duty is the programme's one kind of clock: somebody owes something
// by a civil date. It knows when a duty is due, when to remind, which level of
// the ladder comes next, what a pause or an extension does, and whether it is
// late; nothing else in the programme decides that (model M5).
//
//	running <-> paused
//	   |          |
//	   +----------+--> met | met_late | cancelled | superseded
//
// # Terms
//
// A term is counted in working days from the day of the event, which is not
// counted itself (A9), or its due date is given. A duty is on time on its due
// date and late from the day after ([State.IsLate]); that is never stored. It
// remembers the versions of policy and calendar that set it. A later calendar
// moves the due date ([State.Recalendar]), a later policy does not.
//
// A pause moves the due date by exactly the working days it lasted, counted by
// the same calendar; all pauses together have a limit, at which the clock goes
// on by itself. An extension adds working days, within limits and before the
// duty is late. A duty that was cancelled because its matter was handled elsewhere
// can be owed anew from its own day ([Reopen]).
//
// # What the clock says by itself
//
// Every kind of duty has a course of steps ([Step]): reminders before and on the
// due date T, the end of a window ("elapses", at 00:00 of the day after), and
// the ladder: E1, E2 and E3 at +1, +3 and +5 working days, E4 again and again
// every 5 more. Numbers and hours are policy. Each step is given out once for a
// due date; where that moves, what has not been said about the new one is said.
// Reminders go stale; levels of the ladder never do. The ladder of a matter that
// was raised before starts higher (A5).
//
//	kind          reminder before  T-0  elapses  ladder
//	month_plan    T-5              yes  -        up to E1
//	visit         T-2 days         yes  -        -
//	report        T-2 of long term yes  yes      up to E3
//	confirm       -                -    yes      -
//	dispute       T-2 of long term yes  -        up to E1
//	survey        T-2 of long term yes  -        up to E2
//	handover      T-2 of long term yes  -        up to E2
//	triage        T-2 of long term yes  -        up to E1
//	promise       T-2 of long term yes  yes      up to E4
//	unit          T-2 of long term yes  -        up to E4
//	arbitration   T-2 of long term yes  -        up to E1
//	roadmap       T-2 of long term yes  -        up to E4
//	feedback      T-2 of long term yes  -        up to E1
//	satisfaction  -                -    yes      -
//	appeal        T-2 of long term yes  -        up to E1
//	sealed_ack    T-2 of long term yes  -        up to E1
//	rating        -                -    yes      -
//	round_report  T-2 of long term yes  -        up to E2
//	month_report  T-2              yes  -        up to E2
//	explain       T-2 of long term yes  -        up to E1
//	action        T-2 of long term yes  -        up to E1
//
// T-2 is two working days before, T-5 five; "of long term" leaves it out for
// terms under five working days. A visit is reminded of two calendar days
// before it and, as its T-0, three hours before it.
package duty
