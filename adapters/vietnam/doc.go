// Package vietnam knows what is particular to Vietnam: the lunar calendar,
// the days off of the state sector year by year, telephone numbers, and how
// names are sorted and searched.
//
// It is a leaf: it depends on the core's calendar and fault packages and on
// nothing that must be configured. All functions are pure and safe for use by
// any number of goroutines; the lists of days off are embedded files.
//
// # Days off
//
// [OfficialCalendar] gives the days off decided for each year, as data with
// sources. [Propose] computes what the Labour Code gives for a year whose
// decision is still open, from the two choices the Prime Minister makes and
// the swaps. A calendar proposed this way must be checked by a person against
// the decision when it appears; swaps have been announced a week before.
//
// # The lunar calendar
//
// [LunarOf] and [SolarOf] convert dates by computation for the meridian of
// Vietnam, UTC+7. The Chinese calendar uses UTC+8 and differs now and then:
// Tết 2007 and 2030 fall one day, Tết 1985 a whole month earlier in Vietnam.
package vietnam
