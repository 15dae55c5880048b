// Package calendar counts days as the programme owes them: in civil dates of
// Vietnam, in working days, around holidays and swapped Saturdays.
//
// The value types are [Date], [TimeOfDay], [Month] and [Period]. A [Calendar]
// knows which dates are working days; it is made from a [Spec], which is data
// approved by a person, versioned, and good for a stated coverage.
//
// # How a term is counted
//
// The rules are those of the Civil Code 2015, articles 147 and 148 (A9):
//
//   - The day of the event is not counted. Day 1 is the next working day, and
//     a term of n working days ends with the nth ([Calendar.Add]).
//   - A term in calendar days that ends on a day off ends on the next working
//     day ([Calendar.EndOfTerm]).
//   - A duty is late from 00:00 of the day after its due date, in the zone of
//     [Zone]. Deadlines are dates; instants are for logs and sends only.
//
// # Which days are working days
//
// A working Saturday, made up for a bridge day, is a working day. Otherwise a
// closure (a holiday, the day in lieu of one, a bridge day, a closure of the
// district) is not. Otherwise the weekend is not. Beyond the coverage of the
// calendar only the weekend is known: results there are provisional and must
// be counted again when the calendar is extended.
//
// The package reads no clock, keeps no state and may be used by any number of
// goroutines.
package calendar
