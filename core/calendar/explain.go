package calendar

import (
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
)

// Explanation (diễn giải thời hạn) accounts for every day of a term, so that
// an official or a citizen can check a deadline with a wall calendar.
type Explanation struct {
	Calendar string `json:"calendar"` // id of the calendar that counted
	Version  int    `json:"version"`
	Start    Date   `json:"start"` // the day of the event, not counted
	Due      Date   `json:"due"`
	// Counted, Closures, Weekends and Rolled add up to len(Days). A weekend day
	// inside a closure counts as closure only; in a term of calendar days every
	// day of the term is Counted.
	Counted  int `json:"counted"`
	Closures int `json:"closures"`
	Weekends int `json:"weekends"`
	// CalendarDays tells that the term is one of calendar days, and Rolled by how
	// many days it is longer because it would have ended on a day off.
	CalendarDays bool           `json:"calendarDays,omitempty"`
	Rolled       int            `json:"rolled,omitempty"`
	Days         []ExplainedDay `json:"days"` // the day after Start to Due
	// Provisional tells that a day of the term lies beyond the coverage.
	Provisional bool `json:"provisional,omitempty"`
}

// ExplainedDay is one day of a term and what became of it.
type ExplainedDay struct {
	Date    Date   `json:"date"`
	Counted bool   `json:"counted"`
	N       int    `json:"n,omitempty"` // its number in the term when counted, from 1
	Why     string `json:"why"`         // Vietnamese
	WhyEn   string `json:"whyEn"`
}

// Explain accounts for the days of [Calendar.Add] of the same arguments. A
// negative n is taken as 0.
func (c *Calendar) Explain(start Date, n int) Explanation {
	e := Explanation{
		Calendar: c.ID(), Version: c.Version(),
		Start: start, Due: c.Add(start, max(n, 0)),
	}
	for d := start.Add(1); !d.IsZero() && !d.After(e.Due); d = d.Add(1) {
		e.Days = append(e.Days, c.explainDay(d, &e))
		e.Provisional = e.Provisional || !c.Covers(d)
	}
	return e
}

// ExplainTerm accounts for the days of [Calendar.EndOfTerm] of the same
// arguments: each day after start counts, days off too, and where the last one is a
// day off the term ends on the next working day (A9). A negative number is taken as 0.
func (c *Calendar) ExplainTerm(start Date, calendarDays int) Explanation {
	n := max(calendarDays, 0)
	e := Explanation{
		Calendar: c.ID(), Version: c.Version(), CalendarDays: true,
		Start: start, Due: c.EndOfTerm(start, n),
	}
	for d := start.Add(1); !d.IsZero() && !d.After(e.Due); d = d.Add(1) {
		day := c.explainDay(d, new(Explanation))
		day.Counted, day.N = e.Counted < n, 0
		switch {
		case day.Counted:
			e.Counted++
			day.N = e.Counted
		case d == e.Due:
			day.Why, day.WhyEn = "hết hạn vào ngày làm việc kế tiếp", "the next working day, on which the term ends"
		}
		e.Days = append(e.Days, day)
		e.Provisional = e.Provisional || !c.Covers(d)
	}
	e.Rolled = len(e.Days) - e.Counted
	return e
}

// explainDay tells what d is and adds it to the sums of e.
func (c *Calendar) explainDay(d Date, e *Explanation) ExplainedDay {
	day := ExplainedDay{Date: d}
	switch c.why(d) {
	case ordinary:
		day.Why, day.WhyEn = "ngày làm việc", "working day"
	case madeUp:
		made := c.spec.WorkingDays[c.worked[d]]
		day.Why, day.WhyEn = named(made.Name, made.NameEn, "làm bù", "made-up working day")
	case closed:
		e.Closures++
		closure := c.spec.Closures[c.closures[d]]
		day.Why, day.WhyEn = named(closure.Name, closure.NameEn, "", "")
		return day
	case rest:
		e.Weekends++
		day.Why, day.WhyEn = "nghỉ cuối tuần", "weekend"
		return day
	}
	e.Counted++
	day.Counted, day.N = true, e.Counted
	return day
}

// named chooses the names of an entry: its own, else the default; the
// Vietnamese one stands in for a missing English one.
func named(vi, en, defaultVi, defaultEn string) (string, string) {
	switch {
	case vi == "":
		return defaultVi, defaultEn
	case en == "":
		return vi, vi
	}
	return vi, en
}

// Text tells the explanation in the reader's language (see [fault.English]),
// the result first, then one line a day, then the sums.
func (e Explanation) Text(lang string) string {
	say := explainVi
	if fault.English(lang) {
		say = explainEn
	}
	var b strings.Builder
	head := say.head
	if e.CalendarDays {
		head = say.term
	}
	fmt.Fprintf(&b, head, e.Due.Text(lang), e.Counted, e.Start.Text(lang))
	for _, day := range e.Days {
		why := day.Why
		if fault.English(lang) {
			why = day.WhyEn
		}
		if day.Counted {
			fmt.Fprintf(&b, say.counted, day.Date.Text(lang), day.N, why)
		} else {
			fmt.Fprintf(&b, say.skipped, day.Date.Text(lang), why)
		}
	}
	if e.CalendarDays {
		fmt.Fprintf(&b, say.rolled, len(e.Days), e.Counted, e.Rolled, e.Calendar, e.Version)
	} else {
		fmt.Fprintf(&b, say.sums, len(e.Days), e.Counted, e.Closures, e.Weekends, e.Calendar, e.Version)
	}
	if e.Provisional {
		b.WriteString(say.provisional)
	}
	return b.String()
}

// explainWords are the sentences of one language.
type explainWords struct{ head, term, counted, skipped, sums, rolled, provisional string }

var (
	explainVi = explainWords{
		head:        "Hạn: %s. Tính %d ngày làm việc, không kể ngày bắt đầu là %s.\n",
		term:        "Hạn: %s. Tính %d ngày theo lịch, kể cả ngày nghỉ, không kể ngày bắt đầu là %s.\n",
		counted:     "  %s: ngày thứ %d (%s)\n",
		skipped:     "  %s: không tính (%s)\n",
		sums:        "Trong %d ngày có %d ngày được tính, %d ngày nghỉ theo lịch, %d ngày nghỉ cuối tuần. Lịch %s, phiên bản %d.\n",
		rolled:      "Trong %d ngày có %d ngày được tính, %d ngày kéo dài vì ngày cuối là ngày nghỉ. Lịch %s, phiên bản %d.\n",
		provisional: "Hạn tạm tính: một phần thời hạn nằm ngoài phạm vi của lịch, sẽ tính lại khi có lịch mới.\n",
	}
	explainEn = explainWords{
		head:        "Due %s: %d working days, not counting the start on %s.\n",
		term:        "Due %s: %d calendar days, days off included, not counting the start on %s.\n",
		counted:     "  %s: day %d (%s)\n",
		skipped:     "  %s: not counted (%s)\n",
		sums:        "Of %d days %d are counted, %d are closures, %d are weekend days. Calendar %s, version %d.\n",
		rolled:      "Of %d days %d are counted, %d were added because the last is a day off. Calendar %s, version %d.\n",
		provisional: "Provisional: part of the term lies beyond the calendar and will be counted again with the next one.\n",
	}
)
