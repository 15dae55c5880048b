package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// Spec (lịch làm việc) is the data a [Calendar] is made from. It comes from a
// decision of the government and of the district, is approved by a person and
// gets a new version with every change, because duties remember the version
// that set them.
type Spec struct {
	// ID names the calendar over all its versions: "VN-XL-2017".
	ID string `json:"id"`
	// Version counts from 1.
	Version int `json:"version"`
	// Coverage is the period for which the closures are known. It may be open
	// only for a calendar without closures and working days, and otherwise
	// spans at most 200 years.
	Coverage Period `json:"coverage"`
	// Weekend holds the weekly days of rest by their English names in small
	// letters. Nil means Saturday and Sunday; an empty list means none.
	Weekend []string `json:"weekend,omitzero"`
	// Closures are the days off, also those that fall on a weekend.
	Closures []Closure `json:"closures,omitempty"`
	// WorkingDays are days of rest that are worked, such as the Saturday made
	// up for a bridge day.
	WorkingDays []WorkingDay `json:"workingDays,omitempty"`
}

// ClosureKind says why a closure is one.
type ClosureKind string

// The kinds of closure. The first three come from the government's yearly
// decision and must not overlap; a closure of the district may overlap them.
const (
	Holiday      ClosureKind = "holiday"      // ngày lễ, Tết: a statutory day off
	Compensation ClosureKind = "compensation" // nghỉ bù: in lieu of a holiday on a day of rest
	Swap         ClosureKind = "swap"         // hoán đổi: a bridge day, worked on another day
	District     ClosureKind = "district"     // an order of the district: flood, epidemic, mourning
)

func (k ClosureKind) valid() bool {
	return k == Holiday || k == Compensation || k == Swap || k == District
}

// Closure (ngày nghỉ) is a run of days off under one name.
type Closure struct {
	From Date `json:"from"`
	// To is the last day off; no date means a single day.
	To     Date        `json:"to,omitzero"`
	Name   string      `json:"name"`             // Vietnamese
	NameEn string      `json:"nameEn,omitempty"` // English, may be empty
	Kind   ClosureKind `json:"kind"`
	// Source is the decision or article of law behind it.
	Source string `json:"source,omitempty"`
}

// Period returns the days of the closure.
func (c Closure) Period() Period {
	if c.To.IsZero() {
		return Period{c.From, c.From}
	}
	return Period{c.From, c.To}
}

// WorkingDay (ngày làm bù) is a day of rest on which work is done.
type WorkingDay struct {
	Date   Date   `json:"date"`
	Name   string `json:"name,omitempty"`   // Vietnamese, empty means "làm bù"
	NameEn string `json:"nameEn,omitempty"` // English, may be empty
	// Source is the decision behind it.
	Source string `json:"source,omitempty"`
}

// maxCoverageYears bounds the table a calendar keeps, so that a slip in a
// year cannot claim all memory.
const maxCoverageYears = 200

// clone copies the spec and writes out what nil and zero values stand for.
func (s Spec) clone() Spec {
	if s.Weekend == nil {
		s.Weekend = []string{"saturday", "sunday"}
	}
	s.Weekend = append([]string{}, s.Weekend...)
	s.Closures = slices.Clone(s.Closures)
	for i := range s.Closures {
		s.Closures[i].To = s.Closures[i].Period().To
	}
	s.WorkingDays = slices.Clone(s.WorkingDays)
	return s
}

// dated reports whether the spec knows more than the weekend.
func (s Spec) dated() bool { return len(s.Closures)+len(s.WorkingDays) > 0 }

// Check returns every fault of the spec at once, as [fault.Violations] lists
// them, or nil. [New] and [ParseSpec] call it.
func (s Spec) Check() error {
	c := specCheck{Spec: s.clone()}
	c.identity()
	c.week()
	c.closures()
	c.workingDays()
	return c.faults.Err()
}

// specCheck gathers the faults of one spec.
type specCheck struct {
	Spec
	faults  fault.List
	weekend [7]bool
}

func (c *specCheck) broken(rule, field, en, vi string, args ...any) {
	c.faults.Add(fault.Broken("calendar.spec."+rule, field, en, vi, args...))
}

func (c *specCheck) identity() {
	if strings.TrimSpace(c.ID) == "" {
		c.broken("id", "id", "The calendar needs an id.", "Lịch phải có mã.")
	}
	if c.Version < 1 {
		c.broken("version", "version", "The version counts from 1, it is %d.", "Phiên bản đếm từ 1, không phải %d.", c.Version)
	}
	switch {
	case !c.Coverage.Valid():
		c.broken("coverage", "coverage",
			"The coverage needs a first day and a last day not before it.",
			"Phạm vi của lịch phải có ngày đầu và ngày cuối không trước ngày đầu.")
	case c.dated() && (c.Coverage.Open() || c.Coverage.To.After(c.Coverage.From.AddMonths(12*maxCoverageYears))):
		c.broken("coverage", "coverage.to",
			"A calendar with closures needs a last day, at most %d years after the first.",
			"Lịch có ngày nghỉ phải có ngày cuối, cách ngày đầu không quá %d năm.", maxCoverageYears)
	}
}

func (c *specCheck) week() {
	for i, name := range c.Weekend {
		field := fmt.Sprintf("weekend[%d]", i)
		day, ok := weekdayNamed(name)
		switch {
		case !ok:
			c.broken("weekend", field,
				"A weekend day is one of monday to sunday, in small letters.",
				"Ngày nghỉ hằng tuần ghi bằng tiếng Anh, chữ thường, từ monday đến sunday.")
		case c.weekend[day]:
			c.broken("weekend", field, "The weekend day %s is listed twice.", "Ngày nghỉ hằng tuần %s bị ghi hai lần.", name)
		default:
			c.weekend[day] = true
		}
	}
	if !slices.Contains(c.weekend[:], false) {
		c.broken("weekend", "weekend", "A week needs at least one working day.", "Mỗi tuần phải có ít nhất một ngày làm việc.")
	}
}

func weekdayNamed(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if name == strings.ToLower(day.String()) {
			return day, true
		}
	}
	return 0, false
}

func (c *specCheck) closures() {
	for i, closure := range c.Closures {
		field := fmt.Sprintf("closures[%d]", i)
		if strings.TrimSpace(closure.Name) == "" {
			c.broken("closure.name", field+".name", "A closure needs a Vietnamese name.", "Ngày nghỉ phải có tên.")
		}
		if !closure.Kind.valid() {
			c.broken("closure.kind", field+".kind",
				"The kind of a closure is holiday, compensation, swap or district.",
				"Loại ngày nghỉ là holiday, compensation, swap hoặc district.")
		}
		switch {
		case closure.From.IsZero():
			c.broken("closure.period", field+".from", "A closure needs a first day.", "Ngày nghỉ phải có ngày bắt đầu.")
		case closure.To.Before(closure.From):
			c.broken("closure.period", field+".to",
				"The closure from %s ends before it begins, on %s.",
				"Đợt nghỉ từ %s lại kết thúc trước khi bắt đầu, vào %s.", closure.From.VN(), closure.To.VN())
		case c.Coverage.Valid() && !(c.Coverage.Contains(closure.From) && c.Coverage.Contains(closure.To)):
			c.broken("closure.coverage", field+".from",
				"The closure from %s lies outside the coverage of the calendar.",
				"Đợt nghỉ từ %s nằm ngoài phạm vi của lịch.", closure.From.VN())
		}
	}
	c.overlaps(func(k ClosureKind) bool { return k != District })
	c.overlaps(func(k ClosureKind) bool { return k == District })
}

// overlaps faults closures of the chosen kinds that share a day: one of the
// two must be a slip of the pen.
func (c *specCheck) overlaps(of func(ClosureKind) bool) {
	var order []int
	for i, closure := range c.Closures {
		if of(closure.Kind) && closure.Period().Valid() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return c.Closures[a].From.Compare(c.Closures[b].From) })
	var latest Date // the last day covered so far
	for _, i := range order {
		closure := c.Closures[i]
		if !closure.From.After(latest) {
			c.broken("closure.overlap", fmt.Sprintf("closures[%d].from", i),
				"The closure from %s overlaps another one; a day is closed once.",
				"Đợt nghỉ từ %s trùng với đợt khác; mỗi ngày nghỉ chỉ ghi một lần.", closure.From.VN())
		}
		if closure.To.After(latest) {
			latest = closure.To
		}
	}
}

func (c *specCheck) workingDays() {
	seen := make(map[Date]bool, len(c.WorkingDays))
	for i, day := range c.WorkingDays {
		field := fmt.Sprintf("workingDays[%d].date", i)
		switch {
		case day.Date.IsZero():
			c.broken("working_day.date", field, "A made-up working day needs a date.", "Ngày làm bù phải có ngày.")
			continue
		case c.Coverage.Valid() && !c.Coverage.Contains(day.Date):
			c.broken("working_day.coverage", field,
				"The working day %s lies outside the coverage of the calendar.",
				"Ngày làm bù %s nằm ngoài phạm vi của lịch.", day.Date.VN())
		case seen[day.Date]:
			c.broken("working_day.repeated", field, "The working day %s is listed twice.", "Ngày làm bù %s bị ghi hai lần.", day.Date.VN())
		case slices.ContainsFunc(c.Closures, func(closure Closure) bool { return closure.Period().Contains(day.Date) }):
			c.broken("working_day.on_closure", field,
				"%s is both a closure and a working day; it can be only one.",
				"Ngày %s vừa ghi nghỉ vừa ghi làm bù; chỉ được chọn một.", day.Date.VN())
		case !c.weekend[day.Date.Weekday()]:
			c.broken("working_day.on_weekday", field,
				"%[1]s is a %[2]s, which is worked anyway; a made-up working day falls on the weekend.",
				"Ngày %[1]s là %[3]s, vốn là ngày làm việc; ngày làm bù phải rơi vào ngày nghỉ hằng tuần.",
				day.Date.VN(), day.Date.Weekday(), WeekdayVN(day.Date.Weekday()))
		}
		seen[day.Date] = true
	}
}
