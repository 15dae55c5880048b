package issue

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
)

// The holders of a matter that have no id of their own. Others read
// "team:T3", "unit:P-TNMT", "official:CC-017", "issue:…".
const (
	HolderOffice      = "office"
	HolderSpeaker     = "speaker"
	HolderHigherLevel = "higher_level"
	HolderLeader      = "leader"
)

// Stretch is how many working days one holder had the matter in hand.
type Stretch struct {
	Holder string
	From   calendar.Date
	To     calendar.Date // the day it was handed on, or the day that was asked for
	Days   int           // working days
}

// DaysHeld lists who had the matter in hand for how long, as of a day: the
// working days from registration to that day, or to the closing, divided
// without a rest (EX-21). Days before the registration are nobody's.
func (s State) DaysHeld(cal *calendar.Calendar, on calendar.Date) []Stretch {
	var stretches []Stretch
	for _, h := range s.Held {
		if h.From.After(on) {
			break
		}
		to := h.To
		if to.IsZero() || to.After(on) {
			to = on
		}
		stretches = append(stretches, Stretch{Holder: h.Holder, From: h.From, To: to, Days: cal.Elapsed(h.From, to)})
	}
	return stretches
}

// DaysByHolder adds the stretches of DaysHeld up by holder.
func (s State) DaysByHolder(cal *calendar.Calendar, on calendar.Date) map[string]int {
	days := make(map[string]int)
	for _, h := range s.DaysHeld(cal, on) {
		days[h.Holder] += h.Days
	}
	return days
}

// Age is the working days from registration to a day, or to the closing.
func (s State) Age(cal *calendar.Calendar, on calendar.Date) int {
	if !s.ClosedOn.IsZero() && s.ClosedOn.Before(on) {
		on = s.ClosedOn
	}
	return max(0, cal.Elapsed(s.Registered, on))
}

// holder is who has the matter in hand in the present state; nobody when it is closed.
func (s State) holder() string {
	switch s.Status {
	case Registered, Triaged, Returned:
		return s.desk()
	case Referred, AnswerDrafted:
		return "unit:" + string(s.Lead())
	case Arbitration:
		return HolderOffice
	case OnHold:
		if s.Pauses[len(s.Pauses)-1].Reason == NeedsSpeaker {
			return HolderSpeaker
		}
		return HolderHigherLevel
	case FeedbackDue:
		return "official:" + string(s.Owner)
	case FeedbackGiven:
		if s.OnRoadmap() {
			return "unit:" + string(s.Lead())
		}
		return HolderSpeaker
	case Appealed:
		return HolderLeader
	case Linked:
		return "issue:" + string(s.LinkedTo)
	}
	return ""
}

// pass writes into the ledger who has the matter in hand from the day on.
func (s *State) pass(on calendar.Date) {
	now := s.holder()
	if n := len(s.Held); n > 0 {
		s.Held = slices.Clone(s.Held)
		last := &s.Held[n-1]
		if last.To.IsZero() && last.Holder == now {
			return
		}
		if on.Before(last.From) { // told some days ago, written down today
			on = last.From
		}
		last.To = on
	}
	if now != "" {
		s.Held = append(s.Held, Holding{Holder: now, From: on})
	}
}
