package org

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Validate returns the faults of what a hamlet asks for: days of the week and
// days that come round that do not exist.
func (h Hosting) Validate() error {
	var faults fault.List
	if slices.ContainsFunc(h.AvoidWeekdays, func(d int) bool { return d < 0 || d > 6 }) {
		faults.Add(fault.Broken("org.hosting.weekday", "avoid_weekdays",
			"Days of the week are 0 for Sunday to 6 for Saturday.", "Thứ trong tuần ghi từ 0 (Chủ nhật) đến 6 (thứ Bảy)."))
	}
	for _, d := range h.AvoidEach {
		if d.Day < 1 || d.Day > 31 || d.Lunar && d.Day > 30 || d.Month < 0 || d.Month > 12 {
			faults.Add(fault.Broken("org.hosting.day", "avoid_each",
				"There is no day %[1]d of month %[2]d; a month is 1 to 12, or 0 for every month, and a lunar month has 30 days at most.",
				"Không có ngày %[1]d tháng %[2]d; tháng từ 1 đến 12, hoặc 0 là mọi tháng, tháng âm lịch nhiều nhất 30 ngày.", d.Day, d.Month))
		}
	}
	return faults.Err()
}

// NeedsLunar reports whether the wishes cannot be read without a lunar calendar.
func (h Hosting) NeedsLunar() bool {
	return slices.ContainsFunc(h.AvoidEach, func(d YearDay) bool { return d.Lunar })
}

// Avoids reports whether the hamlet asks not to be visited on the date. Without
// a lunar calendar, nil, lunar days are not known.
func (h Hosting) Avoids(on calendar.Date, lunar Lunar) bool {
	return slices.Contains(h.AvoidWeekdays, int(on.Weekday())) || slices.Contains(h.AvoidDates, on) ||
		slices.ContainsFunc(h.AvoidEach, func(d YearDay) bool { return d.falls(on, lunar) })
}

func (d YearDay) falls(on calendar.Date, lunar Lunar) bool {
	day, month := on.Day(), int(on.Month())
	if d.Lunar {
		var known bool
		if lunar == nil {
			return false
		}
		if day, month, known = lunar(on); !known {
			return false
		}
	}
	return d.Day == day && (d.Month == 0 || d.Month == month)
}
