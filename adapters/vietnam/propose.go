package vietnam

import (
	"fmt"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Inputs are the choices that make the days off of one year, beyond what the
// Labour Code fixes. The Prime Minister takes them every year (Labour Code
// 2019, art. 112.3).
type Inputs struct {
	// TetBefore is how many of the five days of Tết lie before the first day
	// of the lunar year: 1 or 2.
	TetBefore int `json:"tetBefore"`
	// NationalSide is where the second day of National Day lies: -1 for 1
	// September, +1 for 3 September. Before 2021 there was one day, and it is 0.
	NationalSide int `json:"nationalSide,omitempty"`
	// Swaps are the bridge days of the year and the Saturdays made up in it. A
	// swap over the turn of the year is given to both years: each takes the
	// part that falls into it.
	Swaps []Swap `json:"swaps,omitempty"`
	// Extras are further days off. Those of kind [calendar.Holiday] are
	// treated as statutory ones: on a weekend they are compensated.
	Extras []calendar.Closure `json:"extras,omitempty"`
}

// Swap (hoán đổi ngày làm việc) makes a weekday a day off and a day of rest,
// as a rule a Saturday, a working day.
type Swap struct {
	Off    calendar.Date `json:"off"`
	Worked calendar.Date `json:"worked"`
	Source string        `json:"source,omitempty"` // the decision
}

// The years [Propose] knows the law for: from the year of the programme to the
// last of the lunar calendar.
const (
	firstProposed = 2017
	lastProposed  = LastLunarYear
)

// Propose computes the days off of the state sector, which rests on Saturday
// and Sunday, for one year. Off is what the Labour Code names, the day in lieu
// of each such day that falls on a weekend (the next working day that is not
// off already, in order of date; Labour Code 2019 art. 111.3), and the bridge
// days.
//
// With the inputs decided, it reproduces the official days off of every year
// in [OfficialCalendar]. For a year still open it is a proposal, which a
// person must compare with the decision; its spec has the id
// "VN-<year>-proposal" and version 1.
//
// The violations are "vietnam.propose.year", ".tet_before", ".national_side",
// ".swap", ".extra" and, for days that clash, those of [calendar.Spec.Check].
func Propose(year int, in Inputs) (calendar.Spec, error) {
	if err := in.check(year); err != nil {
		return calendar.Spec{}, err
	}
	p := proposal{
		year: calendar.Period{From: calendarDate(year, time.January, 1), To: calendarDate(year, time.December, 31)},
		off:  make(map[calendar.Date]bool),
	}
	if err := p.statutory(year, in); err != nil {
		return calendar.Spec{}, err
	}
	p.compensate(year)
	p.swap(in.Swaps)
	spec := calendar.Spec{
		ID: fmt.Sprintf("VN-%d-proposal", year), Version: 1,
		Coverage: p.year, Closures: p.closures, WorkingDays: p.worked,
	}
	slices.SortStableFunc(spec.Closures, func(a, b calendar.Closure) int { return a.From.Compare(b.From) })
	return spec, spec.Check()
}

func (in Inputs) check(year int) error {
	var faults fault.List
	if year < firstProposed || year > lastProposed {
		faults.Add(fault.Broken("vietnam.propose.year", "year",
			"Days off can be proposed for %d to %d.", "Chỉ đề xuất được lịch nghỉ cho các năm %d đến %d.", firstProposed, lastProposed))
	}
	if in.TetBefore != 1 && in.TetBefore != 2 {
		faults.Add(fault.Broken("vietnam.propose.tet_before", "tetBefore",
			"Of the five days of Tết 1 or 2 lie before the first day of the lunar year.",
			"Trong năm ngày Tết, số ngày nghỉ trước mùng 1 là 1 hoặc 2."))
	}
	switch one := year < 2021; {
	case one && in.NationalSide != 0:
		faults.Add(fault.Broken("vietnam.propose.national_side", "nationalSide",
			"Before 2021 National Day had one day; the side is 0.",
			"Trước năm 2021 Quốc khánh chỉ nghỉ một ngày; giá trị phải là 0."))
	case !one && in.NationalSide != -1 && in.NationalSide != 1:
		faults.Add(fault.Broken("vietnam.propose.national_side", "nationalSide",
			"The second day of National Day is -1 (1 September) or +1 (3 September).",
			"Ngày nghỉ thứ hai dịp Quốc khánh là -1 (ngày 1/9) hoặc +1 (ngày 3/9)."))
	}
	for i, s := range in.Swaps {
		if s.Off.IsZero() || s.Worked.IsZero() || weekend(s.Off) || !weekend(s.Worked) {
			faults.Add(fault.Broken("vietnam.propose.swap", fmt.Sprintf("swaps[%d]", i),
				"A swap takes a weekday off and works on a Saturday or Sunday instead.",
				"Hoán đổi là nghỉ một ngày làm việc và làm bù vào thứ Bảy hoặc Chủ nhật."))
		}
	}
	for i, extra := range in.Extras {
		if days := extra.Period(); !days.Valid() || days.From.Year() != year || days.To.Year() != year {
			faults.Add(fault.Broken("vietnam.propose.extra", fmt.Sprintf("extras[%d]", i),
				"A further day off has a first and a last day in %d.",
				"Ngày nghỉ thêm phải có ngày đầu và ngày cuối trong năm %d.", year))
		}
	}
	return faults.Err()
}

func weekend(d calendar.Date) bool {
	return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
}

// proposal gathers the days off of one year.
type proposal struct {
	year     calendar.Period
	off      map[calendar.Date]bool
	closures []calendar.Closure
	worked   []calendar.WorkingDay
}

// add closes the days from first, all of them in the year.
func (p *proposal) add(kind calendar.ClosureKind, first, last calendar.Date, vi, en, source string) {
	p.closures = append(p.closures, calendar.Closure{From: first, To: last, Name: vi, NameEn: en, Kind: kind, Source: source})
	for d := first; !d.After(last); d = d.Add(1) {
		p.off[d] = true
	}
}

// labourCode names the article that grants the days off, and the one that
// compensates them.
func labourCode(year int) (holidays, inLieu string) {
	if year < 2021 {
		return "Bộ luật Lao động 2012, Điều 115 khoản 1", "Bộ luật Lao động 2012, Điều 115 khoản 3"
	}
	return "Bộ luật Lao động 2019, Điều 112", "Bộ luật Lao động 2019, Điều 111 khoản 3"
}

func (p *proposal) statutory(year int, in Inputs) error {
	source, _ := labourCode(year)
	holiday := func(first, last calendar.Date, vi, en string) {
		p.add(calendar.Holiday, first, last, vi, en, source)
	}
	one := func(d calendar.Date, vi, en string) { holiday(d, d, vi, en) }

	tet, err := Tet(year)
	if err != nil {
		return err
	}
	kings, err := HungKings(year)
	if err != nil {
		return err
	}
	one(calendarDate(year, time.January, 1), "Tết Dương lịch", "New Year's Day")
	holiday(tet.Add(-in.TetBefore), tet.Add(4-in.TetBefore), "Tết Nguyên đán "+Zodiac(year), "Lunar New Year")
	one(kings, "Giỗ Tổ Hùng Vương", "Hùng Kings' Day")
	one(calendarDate(year, time.April, 30), "Ngày Chiến thắng 30/4", "Reunification Day")
	one(calendarDate(year, time.May, 1), "Ngày Quốc tế Lao động 1/5", "Labour Day")
	national := calendarDate(year, time.September, 2)
	first, last := national, national
	switch in.NationalSide {
	case -1:
		first = national.Add(-1)
	case 1:
		last = national.Add(1)
	}
	holiday(first, last, "Quốc khánh 2/9", "National Day")
	for _, extra := range in.Extras {
		days := extra.Period()
		p.add(extra.Kind, days.From, days.To, extra.Name, extra.NameEn, extra.Source)
	}
	return nil
}

// compensate gives a day in lieu for each statutory day on a weekend.
func (p *proposal) compensate(year int) {
	_, source := labourCode(year)
	statutory := slices.Clone(p.closures)
	slices.SortStableFunc(statutory, func(a, b calendar.Closure) int { return a.From.Compare(b.From) })
	for _, holiday := range statutory {
		if holiday.Kind != calendar.Holiday {
			continue
		}
		for d := holiday.From; !d.After(holiday.To); d = d.Add(1) {
			if !weekend(d) {
				continue
			}
			inLieu := d
			for weekend(inLieu) || p.off[inLieu] {
				inLieu = inLieu.Add(1)
			}
			p.inLieu(inLieu, holiday, source)
		}
	}
}

// inLieu closes a day for the holiday, together with the day before when that
// is in lieu of the same one.
func (p *proposal) inLieu(d calendar.Date, holiday calendar.Closure, source string) {
	vi, en := "Nghỉ bù "+holiday.Name, holiday.NameEn
	if en != "" {
		en += " in lieu"
	}
	if last := &p.closures[len(p.closures)-1]; last.Kind == calendar.Compensation && last.Name == vi && last.To.Add(1) == d {
		last.To = d
		p.off[d] = true
		return
	}
	p.add(calendar.Compensation, d, d, vi, en, source)
}

func (p *proposal) swap(swaps []Swap) {
	for _, s := range swaps {
		if p.year.Contains(s.Off) {
			p.add(calendar.Swap, s.Off, s.Off, "Nghỉ hoán đổi, làm bù "+s.Worked.VN(), "Bridge day, worked on "+s.Worked.String(), s.Source)
		}
		if p.year.Contains(s.Worked) {
			p.worked = append(p.worked, calendar.WorkingDay{
				Date: s.Worked, Name: "Làm bù ngày " + s.Off.VN(), NameEn: "Worked for " + s.Off.String(), Source: s.Source,
			})
		}
	}
}
