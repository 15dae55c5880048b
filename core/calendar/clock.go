package calendar

import (
	"cmp"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// zone is fixed: Vietnam has kept UTC+7 without summer time since 1975, and a
// fixed zone needs no time zone database on the machine.
var zone = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// Zone returns the zone of every civil date in the programme: Asia/Ho_Chi_Minh, UTC+7.
func Zone() *time.Location { return zone }

// TimeOfDay is an hour and minute on the clocks of Vietnam, such as the hour
// at which reminders go out. The zero value is 00:00. Values are comparable
// with ==. As text and JSON it is "08:00".
type TimeOfDay struct {
	minutes int16 // since midnight, 0 to 1439
}

// NewTimeOfDay returns the time of day; the hour is 0 to 23, the minute 0 to
// 59, else the violation is "calendar.time.range".
func NewTimeOfDay(hour, minute int) (TimeOfDay, error) {
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return TimeOfDay{}, fault.Broken("calendar.time.range", "time",
			"There is no time %d:%02d; times run from 00:00 to 23:59.",
			"Không có giờ %d:%02d; giờ hợp lệ từ 00:00 đến 23:59.", hour, minute)
	}
	return TimeOfDay{int16(hour*60 + minute)}, nil
}

// MustTimeOfDay is [NewTimeOfDay] for times written down in tests and
// examples; it panics when there is no such time.
func MustTimeOfDay(hour, minute int) TimeOfDay {
	c, err := NewTimeOfDay(hour, minute)
	if err != nil {
		panic(err)
	}
	return c
}

// TimeOfDayOf returns what the clocks in Vietnam show at the instant t,
// seconds cut off.
func TimeOfDayOf(t time.Time) TimeOfDay {
	h, m, _ := t.In(Zone()).Clock()
	return TimeOfDay{int16(h*60 + m)}
}

// ParseTimeOfDay reads "08:00", two digits each. The violations are
// "calendar.time.format" and "calendar.time.range".
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if len(s) == len("15:04") && s[2] == ':' {
		h, okH := digits(s[:2])
		m, okM := digits(s[3:])
		if okH && okM {
			return NewTimeOfDay(h, m)
		}
	}
	return TimeOfDay{}, fault.Broken("calendar.time.format", "time",
		"A time is written hour:minute with two digits each, for example 08:00.",
		"Giờ được ghi theo dạng giờ:phút, mỗi phần hai chữ số, ví dụ 08:00.")
}

// Hour returns the hour, 0 to 23.
func (c TimeOfDay) Hour() int { return int(c.minutes) / 60 }

// Minute returns the minute, 0 to 59.
func (c TimeOfDay) Minute() int { return int(c.minutes) % 60 }

// Before reports whether c is earlier in the day than e.
func (c TimeOfDay) Before(e TimeOfDay) bool { return c.minutes < e.minutes }

// Compare returns -1, 0 or +1 as c is earlier than, the same as, or later than e.
func (c TimeOfDay) Compare(e TimeOfDay) int { return cmp.Compare(c.minutes, e.minutes) }

// Equal reports whether c and e are the same time, as == does.
func (c TimeOfDay) Equal(e TimeOfDay) bool { return c == e }

// String returns "08:00".
func (c TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", c.Hour(), c.Minute()) }

// VN returns the time as Vietnamese notices write it: "19h00", "8h00".
func (c TimeOfDay) VN() string { return fmt.Sprintf("%dh%02d", c.Hour(), c.Minute()) }

// MarshalText writes the form of [TimeOfDay.String].
func (c TimeOfDay) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the form of [ParseTimeOfDay].
func (c *TimeOfDay) UnmarshalText(text []byte) (err error) {
	*c, err = ParseTimeOfDay(string(text))
	return err
}
