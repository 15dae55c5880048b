package duty

import (
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Explanation (diễn giải thời hạn) accounts for a due date: every day of the
// term, and the pauses and extensions that moved it.
type Explanation struct {
	calendar.Explanation
	// Paused is how many of the days were not counted because the clock stood
	// still. Counted, Paused, Closures and Weekends add up to len(Days).
	Paused     int        `json:"paused"`
	Policy     string     `json:"policy"`
	Given      bool       `json:"given,omitempty"` // the due date was given, no term was counted
	Pauses     []Interval `json:"pauses,omitempty"`
	Extensions []Interval `json:"extensions,omitempty"`
	Standing   bool       `json:"standing,omitempty"` // the clock stands still now: the due date will move
}

// Explanation accounts for the due date under the calendar that set it. For a
// due date that was given by itself only the days that were added to it are
// counted.
func (s State) Explanation(cal *calendar.Calendar) Explanation {
	added := s.PausedDays()
	for _, x := range s.Extensions {
		added += x.Days
	}
	e := Explanation{Policy: s.Policy, Given: s.Days == 0, Pauses: s.Pauses, Extensions: s.Extensions, Standing: s.Status == Paused}
	switch {
	case !e.Given:
		e.Explanation = cal.Explain(s.Start, s.Days+added)
	case added > 0:
		e.Explanation = cal.Explain(cal.NextWorkingDay(s.Given), added)
	default:
		e.Explanation = calendar.Explanation{Calendar: cal.ID(), Version: cal.Version(), Start: s.Start, Due: s.Due, Provisional: s.Provisional}
	}
	e.standStill(cal)
	return e
}

// standStill takes the days of the pauses out of the count.
func (e *Explanation) standStill(cal *calendar.Calendar) {
	e.Counted = 0
	for i := range e.Days {
		day := &e.Days[i]
		if !day.Counted {
			continue
		}
		for _, p := range e.Pauses {
			if !p.To.IsZero() && day.Date.After(p.From) && !day.Date.After(p.end(cal)) {
				day.Counted, day.N, day.Why, day.WhyEn = false, 0, "tạm dừng", "paused"
			}
		}
		if day.Counted {
			e.Counted++
			day.N = e.Counted
		} else {
			e.Paused++
		}
	}
}

// Text tells the explanation in the reader's language (see [fault.English]):
// the due date, each day, the sums, then pauses and extensions with their reasons.
func (e Explanation) Text(lang string) string {
	say := explainVi
	if fault.English(lang) {
		say = explainEn
	}
	var b strings.Builder
	fmt.Fprintf(&b, say.due, e.Due.Text(lang))
	if e.Given {
		b.WriteString(say.given)
	} else {
		fmt.Fprintf(&b, say.counted, e.Counted, e.Start.Text(lang))
	}
	for _, day := range e.Days {
		why := day.Why
		if fault.English(lang) {
			why = day.WhyEn
		}
		if day.Counted {
			fmt.Fprintf(&b, say.day, day.Date.Text(lang), day.N, why)
		} else {
			fmt.Fprintf(&b, say.skipped, day.Date.Text(lang), why)
		}
	}
	if len(e.Days) > 0 {
		fmt.Fprintf(&b, say.sums, len(e.Days), e.Counted, e.Closures, e.Weekends, e.Paused)
	}
	for _, p := range e.Pauses {
		if p.To.IsZero() {
			fmt.Fprintf(&b, say.standing, p.From.Text(lang), p.Until.Text(lang), p.Reason)
		} else {
			fmt.Fprintf(&b, say.paused, p.From.Text(lang), p.To.Text(lang), p.Days, p.Reason)
		}
	}
	for _, x := range e.Extensions {
		fmt.Fprintf(&b, say.extended, x.From.Text(lang), x.Days, x.Reason)
	}
	fmt.Fprintf(&b, say.rules, e.Calendar, e.Version, e.Policy)
	if e.Provisional {
		b.WriteString(say.provisional)
	}
	return b.String()
}

// explainWords are the sentences of one language.
type explainWords struct {
	due, given, counted, day, skipped, sums, paused, standing, extended, rules, provisional string
}

var (
	explainVi = explainWords{
		due:         "Hạn: %s.",
		given:       " Ngày đến hạn được ấn định.\n",
		counted:     " Thời hạn %d ngày làm việc, không kể ngày bắt đầu là %s.\n",
		day:         "  %s: ngày thứ %d (%s)\n",
		skipped:     "  %s: không tính (%s)\n",
		sums:        "Trong %d ngày có %d ngày được tính, %d ngày nghỉ theo lịch, %d ngày nghỉ cuối tuần, %d ngày tạm dừng.\n",
		paused:      "Tạm dừng từ %s đến %s: hạn dời thêm %d ngày làm việc. Lý do: %s.\n",
		standing:    "Đang tạm dừng từ %s, tự tính tiếp từ %s, hạn sẽ dời theo. Lý do: %s.\n",
		extended:    "Gia hạn ngày %s: thêm %d ngày làm việc. Lý do: %s.\n",
		rules:       "Lịch %s phiên bản %d, quy định phiên bản %s.\n",
		provisional: "Hạn tạm tính: một phần thời hạn nằm ngoài phạm vi của lịch, sẽ tính lại khi có lịch mới.\n",
	}
	explainEn = explainWords{
		due:         "Due %s.",
		given:       " The date was given.\n",
		counted:     " A term of %d working days, not counting the start on %s.\n",
		day:         "  %s: day %d (%s)\n",
		skipped:     "  %s: not counted (%s)\n",
		sums:        "Of %d days %d are counted, %d are closures, %d are weekend days, %d are paused.\n",
		paused:      "Paused from %s to %s: the due date moved by %d working days. Reason: %s.\n",
		standing:    "Paused since %s, goes on by itself on %s, the due date will move. Reason: %s.\n",
		extended:    "Extended on %s by %d working days. Reason: %s.\n",
		rules:       "Calendar %s version %d, policy version %s.\n",
		provisional: "Provisional: part of the term lies beyond the calendar and will be counted again with the next one.\n",
	}
)
