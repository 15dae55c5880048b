package calendar

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// Date is a civil date (ngày dương lịch) as it stands on a wall calendar in
// Vietnam: no clock, no zone. Every deadline of the programme is a Date.
//
// The zero Date means "no date"; it sorts before every real date. Dates are
// comparable with == and fit map keys. The range is 0001-01-01 to 9999-12-31;
// arithmetic that leaves it, or that starts from no date, gives no date.
// As text and JSON a Date is "2017-05-05", no date is "".
type Date struct {
	n int32 // days since 0000-12-31, so that 1 is Monday 0001-01-01; 0 is no date
}

// lastDay is the day number of 9999-12-31.
const lastDay = 3652059

// epoch is the day number of 1970-01-01, where time.Time.Unix starts.
const epoch = 719163

const secondsPerDay = 24 * 60 * 60

// NewDate returns the date of the given year, month and day. A date that does
// not exist (31 April, year 0) is the violation "calendar.date.range".
func NewDate(year int, month time.Month, day int) (Date, error) {
	d := civil(year, month, day)
	if y, m, dd := d.civil(); d.IsZero() || y != year || m != month || dd != day {
		return Date{}, fault.Broken("calendar.date.range", "date",
			"There is no day %d of month %d in the year %d; dates run from 01/01/0001 to 31/12/9999.",
			"Không có ngày %d tháng %d năm %d; ngày hợp lệ từ 01/01/0001 đến 31/12/9999.", day, int(month), year)
	}
	return d, nil
}

// MustDate is [NewDate] for dates written down in tests and examples; it
// panics when the date does not exist.
func MustDate(year int, month time.Month, day int) Date {
	d, err := NewDate(year, month, day)
	if err != nil {
		panic(err)
	}
	return d
}

// DateOf returns the civil date on which the instant t falls in Vietnam. An
// instant of 20:00 UTC belongs to the next day. The zero time gives no date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	return civil(t.In(Zone()).Date())
}

// civil normalises like time.Date and gives no date outside the range.
func civil(year int, month time.Month, day int) Date {
	if year < 0 || year > 10000 {
		return Date{}
	}
	return dayNumber(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/secondsPerDay + epoch)
}

func dayNumber(n int64) Date {
	if n < 1 || n > lastDay {
		return Date{}
	}
	return Date{int32(n)}
}

func (d Date) utc() time.Time {
	return time.Unix((int64(d.n)-epoch)*secondsPerDay, 0).UTC()
}

func (d Date) civil() (year int, month time.Month, day int) {
	if d.IsZero() {
		return 0, 0, 0
	}
	return d.utc().Date()
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d.n == 0 }

// Year returns the year, 0 for no date.
func (d Date) Year() int { y, _, _ := d.civil(); return y }

// Month returns the month of the year, 0 for no date. See [MonthOf] for the
// month together with its year.
func (d Date) Month() time.Month { _, m, _ := d.civil(); return m }

// Day returns the day of the month, 0 for no date.
func (d Date) Day() int { _, _, day := d.civil(); return day }

// Weekday returns the day of the week. It means nothing for no date.
func (d Date) Weekday() time.Weekday { return time.Weekday(d.n % 7) }

// Add returns the date that many calendar days later, or earlier when days is negative.
func (d Date) Add(days int) Date {
	if d.IsZero() || days > lastDay || days < -lastDay {
		return Date{}
	}
	return dayNumber(int64(d.n) + int64(days))
}

// AddMonths returns the date that many months later: the same day of the
// month, or the last day of a month that has no such day (Civil Code 2015
// art. 148, terms in months and years).
func (d Date) AddMonths(months int) Date {
	if d.IsZero() {
		return Date{}
	}
	target := MonthOf(d).Add(months)
	return earlier(target.First().Add(d.Day()-1), target.Last())
}

func earlier(a, b Date) Date {
	if a.Before(b) {
		return a
	}
	return b
}

// Sub returns the number of calendar days from e to d: d.Sub(e) == 1 when d is
// the day after e. It is 0 when either is no date.
func (d Date) Sub(e Date) int {
	if d.IsZero() || e.IsZero() {
		return 0
	}
	return int(d.n) - int(e.n)
}

// Before reports whether d comes before e. No date comes before every date.
func (d Date) Before(e Date) bool { return d.n < e.n }

// After reports whether d comes after e.
func (d Date) After(e Date) bool { return d.n > e.n }

// Compare returns -1, 0 or +1 as d is before, the same as, or after e; it fits [slices.SortFunc].
func (d Date) Compare(e Date) int { return cmp.Compare(d.n, e.n) }

// Equal reports whether d and e are the same date, as == does.
func (d Date) Equal(e Date) bool { return d == e }

// At returns the instant at which the clocks in Vietnam show c on this date.
// For no date it is the zero time.
func (d Date) At(c TimeOfDay) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	y, m, day := d.civil()
	return time.Date(y, m, day, c.Hour(), c.Minute(), 0, 0, Zone())
}

// String returns "2017-05-05", or "" for no date. The form sorts as text.
func (d Date) String() string {
	var room [len("2006-01-02")]byte
	return string(d.append(room[:0]))
}

// append writes the form of [Date.String] behind b: it is in every row and record.
func (d Date) append(b []byte) []byte {
	if d.IsZero() {
		return b
	}
	y, m, day := d.civil()
	b = twoDigits(twoDigits(b, y/100), y%100)
	b = twoDigits(append(b, '-'), int(m))
	return twoDigits(append(b, '-'), day)
}

func twoDigits(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// VN returns the short form of Vietnamese administrative documents (Decree
// 30/2020/NĐ-CP, annex I): days below 10 and the months January and February
// carry a leading zero, "05/5/2017" and "05/02/2017".
func (d Date) VN() string {
	if d.IsZero() {
		return ""
	}
	y, m, day := d.civil()
	return fmt.Sprintf("%02d/%s/%d", day, monthVN(m), y)
}

// Long returns the long form of the same decree: "ngày 05 tháng 5 năm 2017".
func (d Date) Long() string {
	if d.IsZero() {
		return ""
	}
	y, m, day := d.civil()
	return fmt.Sprintf("ngày %02d tháng %s năm %d", day, monthVN(m), y)
}

// monthVN writes the first two months with a zero, so that 1 and 2 cannot be
// turned into 11 and 12 with a pen.
func monthVN(m time.Month) string {
	if m <= time.February {
		return fmt.Sprintf("%02d", int(m))
	}
	return fmt.Sprint(int(m))
}

// Text returns the date with its weekday for a reader of the given language
// (see [fault.English]): "thứ Sáu, 05/5/2017" or "Friday 5 May 2017".
func (d Date) Text(lang string) string {
	switch {
	case d.IsZero():
		return ""
	case fault.English(lang):
		return d.utc().Format("Monday 2 January 2006")
	}
	return WeekdayVN(d.Weekday()) + ", " + d.VN()
}

// WeekdayVN returns the Vietnamese name of a day of the week, as written in
// the middle of a sentence: "thứ Hai" to "thứ Bảy", "Chủ nhật".
func WeekdayVN(w time.Weekday) string {
	switch w {
	case time.Monday:
		return "thứ Hai"
	case time.Tuesday:
		return "thứ Ba"
	case time.Wednesday:
		return "thứ Tư"
	case time.Thursday:
		return "thứ Năm"
	case time.Friday:
		return "thứ Sáu"
	case time.Saturday:
		return "thứ Bảy"
	}
	return "Chủ nhật"
}

// ParseDate reads the one form that is stored and exchanged, "2017-05-05",
// and nothing else. The violations are "calendar.date.format" for another
// form and "calendar.date.range" for a day that does not exist.
func ParseDate(s string) (Date, error) {
	if len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-' {
		y, okY := digits(s[:4])
		m, okM := digits(s[5:7])
		d, okD := digits(s[8:])
		if okY && okM && okD {
			return NewDate(y, time.Month(m), d)
		}
	}
	return Date{}, fault.Broken("calendar.date.format", "date",
		"A date is written year-month-day, for example 2017-05-31.",
		"Ngày được ghi theo dạng năm-tháng-ngày, ví dụ 2017-05-31.")
}

// ParseDateVN reads a date as people in Vietnam write it, day first:
// "05/5/2017", "5/5/2017", also with "-" or "." between the parts and with
// spaces around. The year has four digits. Violations as for [ParseDate].
func ParseDateVN(s string) (Date, error) {
	s = strings.TrimSpace(s)
	for _, sep := range []string{"/", "-", "."} {
		parts := strings.Split(s, sep)
		if len(parts) != 3 || len(parts[0]) > 2 || len(parts[1]) > 2 || len(parts[2]) != 4 {
			continue
		}
		d, okD := digits(parts[0])
		m, okM := digits(parts[1])
		y, okY := digits(parts[2])
		if okD && okM && okY {
			return NewDate(y, time.Month(m), d)
		}
	}
	return Date{}, fault.Broken("calendar.date.format", "date",
		"A date is written day/month/year with a year of four digits, for example 31/5/2017.",
		"Ngày được ghi theo dạng ngày/tháng/năm, năm đủ bốn chữ số, ví dụ 31/5/2017.")
}

// digits reads a short run of ASCII digits; strconv would also take a sign.
func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

// MarshalText writes the form of [Date.String].
func (d Date) MarshalText() ([]byte, error) {
	return d.append(make([]byte, 0, len("2006-01-02"))), nil
}

// UnmarshalText reads the form of [ParseDate]; empty text is no date.
func (d *Date) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	*d, err = ParseDate(string(text))
	return err
}
