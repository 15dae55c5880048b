package calendar

import (
	"cmp"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// Month (tháng) is a calendar month of a certain year, the measure of the
// visit quota and of the month report. The zero Month means "no month"; a
// Month built by hand with a month outside 1 to 12 behaves the same. Months
// are comparable with ==. As text and JSON it is "2017-03", no month is "".
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf returns the month in which d lies, no month for no date.
func MonthOf(d Date) Month {
	y, m, _ := d.civil()
	return Month{y, m}
}

// ParseMonth reads "2017-03". The violation is "calendar.month.format".
func ParseMonth(s string) (Month, error) {
	if len(s) == len("2006-01") && s[4] == '-' {
		y, okY := digits(s[:4])
		m, okM := digits(s[5:])
		if month := (Month{y, time.Month(m)}); okY && okM && month.Valid() {
			return month, nil
		}
	}
	return Month{}, fault.Broken("calendar.month.format", "month",
		"A month is written year-month, for example 2017-03.",
		"Tháng được ghi theo dạng năm-tháng, ví dụ 2017-03.")
}

// IsZero reports whether m is no month.
func (m Month) IsZero() bool { return m == Month{} }

// Valid reports whether m is a real month of the years 1 to 9999.
func (m Month) Valid() bool {
	return m.Month >= time.January && m.Month <= time.December && m.Year >= 1 && m.Year <= 9999
}

// First returns the first day of the month.
func (m Month) First() Date {
	if !m.Valid() {
		return Date{}
	}
	return civil(m.Year, m.Month, 1)
}

// Last returns the last day of the month.
func (m Month) Last() Date {
	if !m.Valid() {
		return Date{}
	}
	return civil(m.Year, m.Month+1, 0)
}

// Period returns the days of the month.
func (m Month) Period() Period { return Period{m.First(), m.Last()} }

// Contains reports whether d lies in the month.
func (m Month) Contains(d Date) bool { return m.Valid() && MonthOf(d) == m }

// Add returns the month that many months later, or earlier when n is negative.
// Outside the years 1 to 9999 it is no month.
func (m Month) Add(n int) Month {
	if !m.Valid() || n > lastDay || n < -lastDay {
		return Month{}
	}
	months := m.Year*12 + int(m.Month) - 1 + n
	sum := Month{months / 12, time.Month(months%12 + 1)}
	if !sum.Valid() {
		return Month{}
	}
	return sum
}

// Next returns the following month.
func (m Month) Next() Month { return m.Add(1) }

// Prev returns the month before.
func (m Month) Prev() Month { return m.Add(-1) }

// Before reports whether m comes before n.
func (m Month) Before(n Month) bool { return m.Compare(n) < 0 }

// Compare returns -1, 0 or +1 as m is before, the same as, or after n.
func (m Month) Compare(n Month) int {
	return cmp.Or(cmp.Compare(m.Year, n.Year), cmp.Compare(m.Month, n.Month))
}

// String returns "2017-03", or "" for no month.
func (m Month) String() string {
	if !m.Valid() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month))
}

// VN returns the month as Vietnamese reports name it, "tháng 3 năm 2017",
// with the leading zero of [Date.Long].
func (m Month) VN() string {
	if !m.Valid() {
		return ""
	}
	return fmt.Sprintf("tháng %s năm %d", monthVN(m.Month), m.Year)
}

// MarshalText writes the form of [Month.String].
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the form of [ParseMonth]; empty text is no month.
func (m *Month) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*m = Month{}
		return nil
	}
	*m, err = ParseMonth(string(text))
	return err
}
