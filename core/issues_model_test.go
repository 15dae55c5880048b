package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// cover is an issue in a few words: what a clerk would pencil on the cover of a
// file. It knows no referrals, ledgers or duties, and counts days by hand.
type cover struct {
	status                    issue.Status
	round, returns            int
	lead                      org.UnitID
	handed, due               calendar.Date // to the unit; its last day
	bound, accepted, extended bool
	pausedOn                  calendar.Date
	paused                    int // working days of pause that this referral has had
	drafter                   org.PersonID
	told                      calendar.Date
	kept                      bool // the promise
}

// file is one matter, the system that handles it and the pencilled cover.
type file struct {
	*rapid.T
	c     *cast
	m     *matter
	cal   *calendar.Calendar
	today calendar.Date
	cover
}

func (f *file) is(states ...issue.Status) bool { return slices.Contains(states, f.status) }

// people of a unit: clerk and head.
func people(u org.UnitID) []org.PersonID {
	switch u {
	case unitTNMT:
		return []org.PersonID{u11, u10}
	case unitKTHT:
		return []org.PersonID{u21, u20}
	}
	return nil
}

// tries lets somebody do something. What the cover allows has to happen; what it
// does not has to be refused and change nothing.
func (f *file) tries(what string, who org.PersonID, allowed bool, step issueStep, then func()) {
	f.Helper()
	before := f.everything()
	err := f.c.do(who, f.m.run(step))
	switch {
	case allowed && err != nil:
		f.Fatalf("%s: %s by %s in %s: %v", f.today, what, who, f.status, err)
	case !allowed && err == nil:
		f.Fatalf("%s: %s by %s in %s is not allowed and was done: %+v", f.today, what, who, f.status, f.cover)
	case !allowed && f.everything() != before:
		f.Fatalf("%s: %s by %s was refused and changed something", f.today, what, who)
	case allowed:
		then()
	}
}

// everything about the matter as it stands in the store.
func (f *file) everything() string {
	var all []any
	all = append(all, f.m.state(), f.m.events())
	for _, kind := range duty.Kinds() {
		all = append(all, f.m.duties(kind))
	}
	text, err := json.Marshal(all)
	if err != nil {
		f.Fatal(err)
	}
	return string(text)
}

func (f *file) handTo(lead org.UnitID, bound bool) {
	f.status, f.lead, f.handed, f.due = issue.Referred, lead, f.today, f.cal.Add(f.today, 10)
	f.bound, f.accepted, f.extended, f.paused = bound, false, false, 0
}

func (f *file) goOn(on calendar.Date) {
	days := f.cal.Elapsed(f.pausedOn, on)
	f.paused += days
	f.due, f.status = f.cal.Add(f.due, days), issue.Referred
}

func (f *file) commands() map[string]func(*rapid.T) {
	who := rapid.SampledFrom([]org.PersonID{lan, minh, tl03, u11, u11, u10, u10, u21, u20, vp01, vp01, pct, ta01, "TA-02", kt01})
	unit := rapid.SampledFrom([]org.UnitID{unitTNMT, unitKTHT})
	// the one who may, more often than not: else few matters come far
	by := func(t *rapid.T, may ...org.PersonID) (org.PersonID, bool) {
		p := who.Draw(t, "who")
		if len(may) > 0 && rapid.IntRange(0, 3).Draw(t, "stranger") > 0 {
			p = rapid.SampledFrom(may).Draw(t, "insider")
		}
		return p, slices.Contains(may, p)
	}
	onTime := func() bool { return !f.today.After(f.due) }
	return map[string]func(*rapid.T){
		"working days pass": func(t *rapid.T) {
			f.today = f.cal.Add(f.today, rapid.IntRange(1, 4).Draw(t, "days"))
			f.c.at(f.today.String())
			f.c.sweep()
			if until := f.cal.Add(f.pausedOn, 10-f.paused); f.is(issue.OnHold) && !f.today.Before(until) {
				f.goOn(until)
			}
			if f.is(issue.FeedbackGiven) && f.today.After(f.cal.Add(f.told, 10)) {
				f.status = issue.Closed
			}
		},
		"triage": func(t *rapid.T) {
			p, may := by(t, tl03, vp01)
			f.tries("triage", p, may && f.is(issue.Registered, issue.Triaged), triageAs(issue.Normal), func() { f.status = issue.Triaged })
		},
		"refer": func(t *rapid.T) {
			p, may := by(t, tl03, vp01)
			lead := unit.Draw(t, "lead")
			f.tries("refer", p, may && f.is(issue.Triaged), referTo(lead), func() { f.handTo(lead, false) })
		},
		"accept": func(t *rapid.T) {
			p, may := by(t, people(f.lead)...)
			f.tries("accept", p, may && f.is(issue.Referred) && !f.accepted, acceptIt, func() { f.accepted = true })
		},
		"return": func(t *rapid.T) {
			p, may := by(t, people(f.lead)...)
			allowed := may && f.is(issue.Referred) && !f.bound && !f.accepted && f.returns < 2 && f.cal.Elapsed(f.handed, f.today) <= 2
			f.tries("return", p, allowed, giveBackTo(unitNN), func() {
				if f.returns++; f.returns == 2 {
					f.status = issue.Arbitration
				} else {
					f.status = issue.Triaged
				}
				f.lead = ""
			})
		},
		"arbitrate": func(t *rapid.T) {
			p, may := by(t, vp01)
			lead := unit.Draw(t, "lead")
			f.tries("arbitrate", p, may && f.is(issue.Arbitration), arbitrateFor(lead), func() { f.handTo(lead, true) })
		},
		"pause": func(t *rapid.T) {
			p, may := by(t, vp01, pct)
			f.tries("pause", p, may && f.is(issue.Referred) && onTime() && f.paused < 10, pauseFor(issue.NeedsSpeaker), func() {
				f.status, f.pausedOn = issue.OnHold, f.today
			})
		},
		"resume": func(t *rapid.T) {
			p, may := by(t, append(people(f.lead), lan, tl03, vp01)...)
			f.tries("resume", p, may && f.is(issue.OnHold), resumeIt, func() { f.goOn(f.today) })
		},
		"extend": func(t *rapid.T) {
			p, may := by(t, vp01, pct)
			days := rapid.IntRange(0, 11).Draw(t, "days")
			allowed := may && f.is(issue.Referred, issue.AnswerDrafted) && onTime() && !f.extended && days >= 1 && days <= 10
			f.tries("extend", p, allowed, extendBy(days), func() { f.extended, f.due = true, f.cal.Add(f.due, days) })
		},
		"draft": func(t *rapid.T) {
			p, may := by(t, people(f.lead)...)
			f.tries("draft", p, may && f.is(issue.Referred, issue.AnswerDrafted), draftAnswer(settledAnswer()), func() {
				f.status, f.drafter = issue.AnswerDrafted, p
			})
		},
		"approve": func(t *rapid.T) {
			above := pct // from the second round on
			if f.round == 1 && f.lead != "" {
				above = people(f.lead)[1]
			}
			p, may := by(t, above)
			f.tries("approve", p, may && f.is(issue.AnswerDrafted) && p != f.drafter, approveAnswer, func() { f.status = issue.FeedbackDue })
		},
		"deliver": func(t *rapid.T) {
			p, may := by(t, lan, tl03, vp01)
			f.tries("deliver", p, may && f.is(issue.FeedbackDue), f.m.tells(0, issue.Letter), func() {
				f.status, f.told, f.kept = issue.FeedbackGiven, f.today, true
			})
		},
		"reply": func(t *rapid.T) {
			p, may := by(t, ta01, tl03, vp01)
			yes := rapid.Bool().Draw(t, "satisfied")
			f.tries("reply", p, may && f.is(issue.FeedbackGiven), f.m.replies(0, yes), func() {
				switch {
				case yes:
					f.status = issue.Closed
				case f.round == 1:
					f.round++
					f.handTo(f.lead, true)
				default:
					f.status = issue.Appealed
				}
			})
		},
		"decide": func(t *rapid.T) {
			p, may := by(t, pct)
			f.tries("decide", p, may && f.is(issue.Appealed), func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
				return s.DecideAppeal(ctx, id, "Giữ nguyên, vì …", "UBND tỉnh")
			}, func() { f.status = issue.ClosedFinal })
		},
		"": f.compare,
	}
}

// compare holds the system against the cover.
func (f *file) compare(t *rapid.T) {
	i := f.m.state()
	if i.Status != f.status || i.Round != f.round || i.Returns() != f.returns {
		t.Fatalf("on %s the issue is %s round %d returned %d, the cover says %s %d %d", f.today, i.Status, i.Round, i.Returns(), f.status, f.round, f.returns)
	}
	if i.PromiseDue != f.cal.Add(i.Registered, 20) {
		t.Fatalf("promised by %s", i.PromiseDue)
	}
	var want []duty.Kind
	switch f.status {
	case issue.Registered, issue.Triaged:
		want = append(want, duty.Triage)
	case issue.Referred, issue.OnHold, issue.AnswerDrafted:
		want = append(want, duty.Unit)
		d := f.m.duty(duty.Unit)
		if due := f.due; !f.is(issue.OnHold) && (d.Due != due || i.Current().Due != due || d.IsLate(f.today) != f.today.After(due)) {
			t.Fatalf("on %s the unit's clock says %s, the referral %s, the cover %s", f.today, d.Due, i.Current().Due, due)
		}
	case issue.Arbitration:
		want = append(want, duty.Arbitration)
	case issue.FeedbackDue:
		want = append(want, duty.Feedback)
	case issue.FeedbackGiven:
		want = append(want, duty.Satisfaction)
	case issue.Appealed:
		want = append(want, duty.Appeal)
	}
	if !f.kept {
		want = append(want, duty.Promise)
	}
	open := f.m.open()
	slices.Sort(want)
	slices.Sort(open)
	if !slices.Equal(open, want) {
		t.Fatalf("on %s in %s the clocks %v run, want %v", f.today, f.status, open, want)
	}
	sum := 0
	for _, days := range i.DaysByHolder(f.cal, f.today) {
		sum += days
	}
	if age := i.Age(f.cal, f.today); sum != age {
		t.Fatalf("the holders had it %d days, it is %d days old", sum, age)
	}
}

// TestAMatterGoesItsWayWhoeverTriesWhatever lets random people try random steps on
// a matter, beside a naive account of who may do what when, and with what clocks.
func TestAMatterGoesItsWayWhoeverTriesWhatever(t *testing.T) {
	ended := make(map[issue.Status]int)
	rapid.Check(t, func(r *rapid.T) {
		f := &file{T: r, c: newCast(t, nil), cal: calendar2017(t), today: day("2017-03-10")}
		f.c.unassign()
		f.c.at(f.today.String())
		f.m = f.c.raised(lan, "AP-01", core.Registration{Owner: lan}, elder())
		f.cover = cover{status: issue.Registered, round: 1}
		r.Repeat(f.commands())
		ended[f.status]++
	})
	if len(ended) < 5 {
		t.Errorf("the matters ended as %v only: this proves little", fmt.Sprint(slices.Sorted(maps.Keys(ended))))
	}
}
