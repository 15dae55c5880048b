package vietnam

import (
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// The lunar calendar is computed for these solar years. Before 1976 the two
// halves of the country counted by different meridians. Towards 2100 the slow
// drift of the earth's rotation is a forecast: the new moons of 2054-05-08,
// 2072-12-09, 2077-11-15 and 2085-10-18 fall so close to midnight, within some
// 70 seconds, that the months they begin may yet move by a day. The calendar
// that the government publishes each year prevails.
const (
	FirstLunarYear = 1976
	LastLunarYear  = 2100
)

// LunarDate is a date of the Vietnamese lunar calendar (ngày âm lịch). Leap
// marks the second month of the same number in a year of thirteen months
// (tháng nhuận). Values are comparable with ==.
type LunarDate struct {
	Year  int // the solar year in which this lunar year began
	Month int // 1 (Giêng) to 12 (Chạp)
	Day   int // 1 to 29 or 30
	Leap  bool
}

// String returns the date as it is said, "mùng 10 tháng 3 năm Đinh Dậu" or
// "ngày 15 tháng 6 nhuận năm Đinh Dậu".
func (l LunarDate) String() string {
	day := "ngày"
	if l.Day <= 10 {
		day = "mùng"
	}
	month := fmt.Sprint(l.Month)
	switch l.Month {
	case 1:
		month = "Giêng"
	case 12:
		month = "Chạp"
	}
	if l.Leap {
		month += " nhuận"
	}
	return fmt.Sprintf("%s %d tháng %s năm %s", day, l.Day, month, Zodiac(l.Year))
}

// LunarMonth is one month of the lunar calendar. A month of 29 days is "thiếu",
// one of 30 is "đủ"; when the 12th has 29 there is no "30 Tết".
type LunarMonth struct {
	Year  int
	Month int
	Leap  bool
	First calendar.Date // the solar date of its first day
	Days  int           // 29 or 30
}

// LunarMonths returns the 12 or 13 months of the lunar year that begins with
// Tết of the given year, which is [FirstLunarYear] to [LastLunarYear], else
// the violation is "vietnam.lunar.range".
func LunarMonths(year int) ([]LunarMonth, error) {
	if err := lunarYear(year); err != nil {
		return nil, err
	}
	return lunarMonths(year), nil
}

// LunarOf returns the lunar date of a solar date. Dates outside the years
// [FirstLunarYear] to [LastLunarYear] are the violation "vietnam.lunar.range".
func LunarOf(d calendar.Date) (LunarDate, error) {
	if err := lunarYear(d.Year()); err != nil {
		return LunarDate{}, err
	}
	months := lunarMonths(d.Year())
	if d.Before(months[0].First) {
		months = lunarMonths(d.Year() - 1)
	}
	i := len(months) - 1
	for d.Before(months[i].First) {
		i--
	}
	m := months[i]
	return LunarDate{Year: m.Year, Month: m.Month, Day: d.Sub(m.First) + 1, Leap: m.Leap}, nil
}

// Lunar is LunarOf as the planner asks it: core.Options.Lunar. Hamlets that
// avoid the 1st and 15th lunar day avoid them in a leap month too.
func Lunar(on calendar.Date) (day, month int, ok bool) {
	l, err := LunarOf(on)
	return l.Day, l.Month, err == nil
}

// SolarOf returns the solar date of a lunar date. A day or leap month that the
// year does not have is the violation "vietnam.lunar.date"; a date that falls
// outside the years of [LunarOf] is "vietnam.lunar.range".
func SolarOf(l LunarDate) (calendar.Date, error) {
	// The months 11 and 12 of the lunar year before reach into the first year.
	if l.Year != FirstLunarYear-1 {
		if err := lunarYear(l.Year); err != nil {
			return calendar.Date{}, err
		}
	}
	for _, m := range lunarMonths(l.Year) {
		if m.Month == l.Month && m.Leap == l.Leap && l.Day >= 1 && l.Day <= m.Days {
			d := m.First.Add(l.Day - 1)
			return d, lunarYear(d.Year())
		}
	}
	return calendar.Date{}, fault.Broken("vietnam.lunar.date", "date",
		"The lunar year %[1]d has no day %[2]d in month %[3]d%[4]s.",
		"Năm âm lịch %[1]d không có ngày %[2]d tháng %[3]d%[5]s.",
		l.Year, l.Day, l.Month, leapWord(l.Leap, " (leap)"), leapWord(l.Leap, " nhuận"))
}

func leapWord(leap bool, word string) string {
	if leap {
		return word
	}
	return ""
}

// Tet returns the first day of the lunar year (mùng 1 Tết) that begins in the
// given solar year. Range as for [LunarMonths].
func Tet(year int) (calendar.Date, error) {
	return SolarOf(LunarDate{Year: year, Month: 1, Day: 1})
}

// HungKings returns the day of the Hùng Kings (Giỗ Tổ Hùng Vương), the 10th of
// the 3rd lunar month, never of a leap month. Range as for [LunarMonths].
func HungKings(year int) (calendar.Date, error) {
	return SolarOf(LunarDate{Year: year, Month: 3, Day: 10})
}

// Zodiac returns the name of a lunar year in the cycle of sixty (can chi):
// "Đinh Dậu" for 2017.
func Zodiac(year int) string {
	stems := [...]string{"Giáp", "Ất", "Bính", "Đinh", "Mậu", "Kỷ", "Canh", "Tân", "Nhâm", "Quý"}
	branches := [...]string{"Tý", "Sửu", "Dần", "Mão", "Thìn", "Tỵ", "Ngọ", "Mùi", "Thân", "Dậu", "Tuất", "Hợi"}
	place := ((year-4)%60 + 60) % 60 // the year 4 was a Giáp Tý
	return stems[place%10] + " " + branches[place%12]
}

func lunarYear(year int) error {
	if year >= FirstLunarYear && year <= LastLunarYear {
		return nil
	}
	return fault.Broken("vietnam.lunar.range", "year",
		"The lunar calendar is known for %d to %d only.",
		"Chỉ tính được âm lịch từ năm %d đến năm %d.", FirstLunarYear, LastLunarYear)
}

// lunarMonths joins the months 1 to 10 that lie before the winter solstice of
// the year with the months 11 and 12 that begin at it.
func lunarMonths(year int) []LunarMonth {
	var months []LunarMonth
	for _, m := range solsticeMonths(year) {
		if m.Month <= 10 {
			m.Year = year
			months = append(months, m)
		}
	}
	for _, m := range solsticeMonths(year + 1) {
		if m.Month >= 11 {
			m.Year = year
			months = append(months, m)
		}
	}
	return months
}

// solsticeMonths returns the months from the 11th of the year before, which
// holds the winter solstice, up to the next 11th month. When there are
// thirteen, the first in which the sun enters no new sector is the leap month
// and repeats the number of the month before it.
func solsticeMonths(year int) []LunarMonth {
	first, next := solsticeMoon(year-1), solsticeMoon(year)
	leapDue := next-first == 13
	number := 10
	months := make([]LunarMonth, 0, 13)
	day := newMoonDay(first)
	for k := first; k < next; k++ {
		dayAfter := newMoonDay(k + 1)
		m := LunarMonth{First: solarDate(day), Days: dayAfter - day}
		if leapDue && sunSector(day) == sunSector(dayAfter) { // never the month of the solstice itself
			m.Leap, leapDue = true, false
		} else {
			number = number%12 + 1
		}
		m.Month = number
		months = append(months, m)
		day = dayAfter
	}
	return months
}

// solsticeMoon returns the number of the new moon with which the month of the
// winter solstice of a year begins.
func solsticeMoon(year int) int {
	lastDay := julianDay(calendarDate(year, time.December, 31))
	k := newMoonNear(lastDay) + 2
	for newMoonDay(k) > lastDay {
		k--
	}
	if sunSector(newMoonDay(k)) >= 9 {
		k-- // this one begins after the solstice
	}
	return k
}

// calendarDate is for dates that exist by construction.
func calendarDate(year int, month time.Month, day int) calendar.Date {
	d, _ := calendar.NewDate(year, month, day)
	return d
}

func julianDay(d calendar.Date) int {
	return julianDay2000 + d.Sub(calendarDate(2000, time.January, 1))
}

func solarDate(julianDay int) calendar.Date {
	return calendarDate(2000, time.January, 1).Add(julianDay - julianDay2000)
}
