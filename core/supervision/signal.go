package supervision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
)

// The signals of visits that may be mere form (dấu hiệu hình thức). Each has an
// innocent explanation as well: a signal is a reason to ask, never a finding.
const (
	SameMinutes      = "same_minutes"      // the minutes of several visits are the same text
	SamePeople       = "same_people"       // visit after visit the same number of people came
	NothingHeard     = "nothing_heard"     // visit after visit nobody said anything
	ReportedTogether = "reported_together" // several reports were sent within minutes
	TwoPlacesAtOnce  = "two_places"        // two hamlets at the same hour
	OwnWordOnly      = "own_word_only"     // visit after visit nothing but the official's own word
)

// Seen is what a signal has to know of one reported visit.
type Seen struct {
	Visit    string
	Place    org.PlaceID
	On       calendar.Date
	Started  calendar.TimeOfDay
	Minutes  string // text of the report
	People   int
	Opinions int       // heard at the visit
	Reported time.Time // when the report came in
	OwnWord  bool      // no evidence from anybody else
}

// Signal is one such sign with the facts it rests on, in both languages.
type Signal struct {
	Name   string   `json:"name"`
	Visits []string `json:"visits"` // in the order of their days
	VI     string   `json:"vi"`
	EN     string   `json:"en"`
}

// Signals looks at one official's visits of a period and returns the signals in
// them, in a fixed order; each at most once, over all visits it rests on. Whatever
// comes "visit after visit" does so at policy Ratings.SignalRepeats visits in a row.
func Signals(seen []Seen, p policy.Ratings) []Signal {
	seen = slices.Clone(seen)
	slices.SortStableFunc(seen, func(a, b Seen) int { return cmp.Or(a.On.Compare(b.On), cmp.Compare(a.Visit, b.Visit)) })
	var all []Signal
	add := func(name string, visits []string, vi, en string, args ...any) {
		if len(visits) > 0 {
			all = append(all, Signal{name, visits, fmt.Sprintf(vi, args...), fmt.Sprintf(en, args...)})
		}
	}
	same := sameMinutes(seen, p.SignalRepeats)
	add(SameMinutes, same, "%d biên bản có nội dung giống hệt nhau", "%d minutes are the same text", len(same))
	people := run(seen, p.SignalRepeats, func(before, s Seen) bool { return s.People == before.People })
	add(SamePeople, people, "%d buổi liên tiếp có số người dự bằng nhau", "the same number of people at %d visits in a row", len(people))
	silent := run(seen, p.SignalRepeats, func(before, s Seen) bool { return before.Opinions == 0 && s.Opinions == 0 })
	add(NothingHeard, silent, "%d buổi liên tiếp không ghi nhận ý kiến nào", "no opinion at %d visits in a row", len(silent))
	quick := together(seen, time.Duration(p.QuickMinutes)*time.Minute)
	add(ReportedTogether, quick, "%d báo cáo gửi cách nhau chưa đến %d phút", "%d reports came within less than %d minutes of each other", len(quick), p.QuickMinutes)
	twice := atOnce(seen)
	add(TwoPlacesAtOnce, twice, "%d buổi ở các ấp khác nhau trùng giờ", "%d visits to different hamlets at the same hour", len(twice))
	own := run(seen, p.SignalRepeats, func(before, s Seen) bool { return before.OwnWord && s.OwnWord })
	add(OwnWordOnly, own, "%d buổi liên tiếp chỉ có lời của chính công chức", "nothing but the official's own word at %d visits in a row", len(own))
	return all
}

// sameMinutes are the visits whose minutes, blanks and case aside, are those of
// at least so many.
func sameMinutes(seen []Seen, least int) []string {
	texts := make(map[string]int)
	normal := func(s Seen) string { return strings.ToLower(strings.Join(strings.Fields(s.Minutes), " ")) }
	for _, s := range seen {
		texts[normal(s)]++
	}
	var visits []string
	for _, s := range seen {
		if text := normal(s); text != "" && texts[text] >= least {
			visits = append(visits, s.Visit)
		}
	}
	return visits
}

// run are the visits of the longest row in which each is like the one before, if
// it has at least so many; of equally long ones the first.
func run(seen []Seen, least int, like func(before, s Seen) bool) []string {
	var best, row []string
	for i, s := range seen {
		if i > 0 && !like(seen[i-1], s) {
			row = nil
		}
		if row = append(row, s.Visit); len(row) > len(best) {
			best = slices.Clone(row)
		}
	}
	if len(best) < least || least < 2 {
		return nil
	}
	return best
}

// together are the visits of different days whose reports came less than the
// given time after each other.
func together(seen []Seen, within time.Duration) []string {
	byReport := slices.Clone(seen)
	slices.SortStableFunc(byReport, func(a, b Seen) int { return a.Reported.Compare(b.Reported) })
	picked := make(map[string]bool)
	for i := 1; i < len(byReport); i++ {
		a, b := byReport[i-1], byReport[i]
		if a.On != b.On && b.Reported.Sub(a.Reported) < within {
			picked[a.Visit], picked[b.Visit] = true, true
		}
	}
	return chosen(seen, picked)
}

// atOnce are the visits to different hamlets that began within an hour of each
// other on one day.
func atOnce(seen []Seen) []string {
	const hour = 60
	picked := make(map[string]bool)
	for i, a := range seen {
		for _, b := range seen[i+1:] {
			apart := minuteOf(a.Started) - minuteOf(b.Started)
			if a.On == b.On && a.Place != b.Place && max(apart, -apart) < hour {
				picked[a.Visit], picked[b.Visit] = true, true
			}
		}
	}
	return chosen(seen, picked)
}

func minuteOf(t calendar.TimeOfDay) int { return 60*t.Hour() + t.Minute() }

func chosen(seen []Seen, picked map[string]bool) []string {
	var visits []string
	for _, s := range seen {
		if picked[s.Visit] {
			visits = append(visits, s.Visit)
		}
	}
	return visits
}
