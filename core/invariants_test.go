package core_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// The thirteen invariants of model section 8. What one module can show alone is
// a property there (calendar, duty, issue, notify); here a whole season is
// played at random through the public interface, over every store, and all of
// them have to hold at every evening of it.

func TestInvariants_InMemory(t *testing.T) {
	seasons(t, 25, func(*testing.T) store.Store { return memstore.New() })
}

func TestInvariants_OverSQLite(t *testing.T) {
	template := filepath.Join(t.TempDir(), "template.db")
	db := openSQL(t, "sqlite", sqlstore.SQLiteDSN(template))
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite, nil); err != nil {
		t.Fatal(err)
	}
	db.Close()
	empty, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	seasons(t, 3, func(t *testing.T) store.Store {
		file := filepath.Join(t.TempDir(), "season.db")
		if err := os.WriteFile(file, empty, 0o600); err != nil {
			t.Fatal(err)
		}
		return openStore(t, openSQL(t, "sqlite", sqlstore.SQLiteDSN(file)+"&_pragma=synchronous(OFF)"), sqlstore.SQLite)
	})
}

func TestInvariants_OverPostgreSQL(t *testing.T) {
	pgtest.Server(t) // skips where there is none
	seasons(t, 2, func(t *testing.T) store.Store {
		db := openSQL(t, "pgx", pgtest.Database(t))
		if err := sqlstore.Migrate(t.Context(), db, sqlstore.Postgres, nil); err != nil {
			t.Fatal(err)
		}
		return openStore(t, db, sqlstore.Postgres)
	})
}

func openSQL(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openStore(t *testing.T, db *sql.DB, d sqlstore.Dialect) store.Store {
	t.Helper()
	st, err := sqlstore.Open(db, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// withChecks lets rapid check so many cases, or what -rapid.checks says where that was given.
func withChecks(t *testing.T, checks int, run func()) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if given := f.Value.String(); given == f.DefValue {
		if err := f.Value.Set(fmt.Sprint(checks)); err != nil {
			t.Fatal(err)
		}
		defer f.Value.Set(given) // it was there
	}
	run()
}

// seasons plays so many seasons, or what -rapid.checks says where that was given.
func seasons(t *testing.T, checks int, open func(*testing.T) store.Store) {
	t.Helper()
	done := make(map[string]int)
	missing := func() []string {
		acts := []string{"plan", "confirm", "take leave", "register", "refer", "draft", "approve", "deliver", "reply", "link and unlink", "denounce", "change the calendar"}
		return slices.DeleteFunc(acts, func(act string) bool { return checks < 20 || done[act] > 0 })
	}
	// So many seasons seldom leave something out, and never five times.
	for n := 0; n == 0 || n < 5 && !t.Failed() && len(missing()) > 0; n++ {
		withChecks(t, checks, func() { rapid.Check(t, func(r *rapid.T) { playSeason(t, r, open(t), done) }) })
	}
	t.Logf("done how often: %v", done)
	if left := missing(); len(left) > 0 && !t.Failed() {
		t.Errorf("in all seasons nobody could %v: they prove little", left)
	}
}

// season is one random spring of the cast, from 20/02 to May 2017.
type season struct {
	*rapid.T
	c       *cast
	today   calendar.Date
	version int            // of the calendar
	done    map[string]int // what succeeded how often
	chance  *rand.Rand     // even, where rapid prefers what is small
}

func oneOf[T any](s *season, all []T) T { return all[s.chance.IntN(len(all))] }

func (s *season) between(least, most int) int { return least + s.chance.IntN(most-least+1) }

func playSeason(t *testing.T, r *rapid.T, st store.Store, done map[string]int) {
	s := &season{T: r, c: newCastOn(t, st, nil), today: day("2017-02-20"), version: 1, done: done}
	s.chance = rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "chance"), 0))
	s.c.at(s.today.String())
	acts := s.acts()
	names := make([]string, 0, len(acts))
	for name := range acts {
		names = append(names, name)
	}
	for name, often := range map[string]int{"report": 3, "confirm": 2, "register": 2, "refer": 4, "draft": 4, "approve": 5, "deliver": 4, "reply": 3} {
		names = append(names, slices.Repeat([]string{name}, often)...) // else few matters come far
	}
	slices.Sort(names)
	for range rapid.IntRange(8, 16).Draw(r, "evenings") {
		for range rapid.IntRange(4, 16).Draw(r, "steps") {
			name := oneOf(s, names)
			if err := acts[name](); err == nil {
				done[name]++
			} else if !expected(err) {
				r.Fatalf("%s: %v", name, err)
			}
		}
		s.wait(rapid.IntRange(1, 4).Draw(r, "days"))
		s.check()
	}
}

// expected are answers that a caller can act on.
func expected(err error) bool {
	for _, class := range []error{fault.ErrRule, fault.ErrForbidden, fault.ErrNotFound, fault.ErrExists, errNothing} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

var errNothing = errors.New("nothing there to do it with")

func (s *season) wait(days int) {
	s.today = s.today.Add(days)
	s.c.at(s.today.String() + " 08:00")
	if _, err := s.c.sys.Sweep(s.c.t.Context()); err != nil {
		s.Fatalf("sweep of %s: %v", s.today, err)
	}
}

// by lets the one whose task it is do something, and sometimes anybody.
func (s *season) by(who org.PersonID, fn func(context.Context, *core.Work) error) error {
	if s.between(0, 9) == 0 {
		who = oneOf(s, castRoles()).person
	}
	return s.c.do(who, fn)
}

func (s *season) hamlet() (org.PlaceID, org.PersonID) {
	place := oneOf(s, []org.PlaceID{"AP-01", "AP-02", "AP-03", "AP-04", "AP-05"})
	return place, assigned()[place]
}

// aVisit draws a visit, one in these states where there is one.
func (s *season) aVisit(states ...visit.Status) (v visit.State, err error) {
	var fit []visit.State
	s.c.see(func(ctx context.Context, tx store.Tx) (err error) {
		fit, err = tx.Visits(ctx, visit.Query{Statuses: states})
		return err
	})
	if len(fit) == 0 {
		return v, errNothing
	}
	return oneOf(s, fit), nil
}

func (s *season) anIssue(states ...issue.Status) (i issue.State, err error) {
	var fit []issue.State
	s.c.see(func(ctx context.Context, tx store.Tx) (err error) {
		fit, err = tx.Issues(ctx, issue.Query{Statuses: states})
		return err
	})
	if len(fit) == 0 {
		return i, errNothing
	}
	return oneOf(s, fit), nil
}

func (s *season) withVisit(do func(visit.State) (org.PersonID, func(context.Context, *core.Work) error), states ...visit.Status) error {
	v, err := s.aVisit(states...)
	if err != nil {
		return err
	}
	return s.by(do(v))
}

// withIssue does one step with an issue in one of the states.
func (s *season) withIssue(who func(issue.State) org.PersonID, do issueStep, states ...issue.Status) error {
	i, err := s.anIssue(states...)
	if err != nil {
		return err
	}
	return s.by(who(i), func(ctx context.Context, w *core.Work) error {
		_, err := do(ctx, w.Issues, i.ID)
		return err
	})
}

func theLeader(issue.State) org.PersonID  { return tl03 }
func theOffice(issue.State) org.PersonID  { return vp01 }
func theOwner(i issue.State) org.PersonID { return i.Owner }

func theClerk(i issue.State) org.PersonID {
	return map[org.UnitID]org.PersonID{unitTNMT: u11, unitKTHT: u21, unitNN: u31}[i.Lead()]
}

func theApprover(i issue.State) org.PersonID {
	switch i.ApprovalLevel() {
	case issue.LevelOffice:
		return vp01
	case issue.LevelHigher:
		return pct
	}
	return map[org.UnitID]org.PersonID{unitTNMT: u10, unitKTHT: u20, unitNN: u30}[i.Lead()]
}

// acts are what may happen on an evening.
func (s *season) acts() map[string]func() error {
	unit := []org.UnitID{unitTNMT, unitKTHT, unitNN}
	urgency := []issue.Urgency{issue.Urgent, issue.Normal, issue.Complex}
	ahead := func(days int) calendar.Date { return s.today.Add(s.between(0, days)) }
	return map[string]func() error{
		"plan": func() error {
			place, official := s.hamlet()
			return s.by(official, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: place, Official: official, Date: ahead(20)})
				return err
			})
		},
		"postpone": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return tl03, func(ctx context.Context, w *core.Work) error {
					_, err := w.Visits.Postpone(ctx, v.ID, ahead(10), calendar.TimeOfDay{}, "mưa lớn")
					return err
				}
			}, visit.Planned, visit.AtRisk, visit.Reported)
		},
		"cancel": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return tl03, func(ctx context.Context, w *core.Work) error {
					_, err := w.Visits.Cancel(ctx, v.ID, "trùng lịch họp")
					return err
				}
			}, visit.Planned, visit.AtRisk)
		},
		"report": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return v.Official, func(ctx context.Context, w *core.Work) error {
					owed, err := w.Visits.Owed(ctx, v.ID)
					if err != nil {
						return err
					}
					r := minutes()
					r.LateReason = "bận việc"
					for _, id := range owed.Feedback {
						r.Feedback = append(r.Feedback, visit.FeedbackTick{Issue: id, Delivered: s.between(0, 1) == 1, Why: "vắng nhà"})
					}
					_, err = w.Visits.Report(ctx, v.ID, v.Planned, r)
					return err
				}
			}, visit.Planned, visit.AtRisk, visit.Missed)
		},
		"approve late": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return tl03, func(ctx context.Context, w *core.Work) error {
					_, err := w.Visits.ApproveLate(ctx, v.ID, "nghỉ ốm")
					return err
				}
			}, visit.Missed)
		},
		"record an absence": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return tl03, func(ctx context.Context, w *core.Work) error {
					_, err := w.Visits.Absent(ctx, v.ID, visit.Unexcused, "")
					return err
				}
			}, visit.Missed)
		},
		"confirm": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				head := org.PersonID(strings.Replace(string(v.Place), "AP", "TA", 1))
				return head, confirm(v.ID, s.between(0, 3) > 0)
			}, visit.Reported, visit.Unconfirmed, visit.Verified)
		},
		"decide": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return tl03, func(ctx context.Context, w *core.Work) error {
					_, err := w.Visits.Decide(ctx, v.ID, s.between(0, 1) == 1, "đã xác minh")
					return err
				}
			}, visit.Disputed)
		},
		"take leave": func() error {
			_, who := s.hamlet()
			from := ahead(5)
			l := org.Leave{Person: who, Days: calendar.Period{From: from, To: from.Add(s.between(0, 6))}}
			if s.between(0, 1) == 1 {
				_, l.Substitute = s.hamlet()
			}
			return s.by(who, func(ctx context.Context, w *core.Work) error { _, err := w.Org.TakeLeave(ctx, l); return err })
		},
		"register": func() error {
			place, official := s.hamlet()
			return s.by(official, func(ctx context.Context, w *core.Work) error {
				said, err := w.Opinions.Capture(ctx, "", core.Said{Text: "Mương ngập.", Kind: opinion.Report, Place: place, Speaker: withPhone()})
				if err != nil {
					return err
				}
				_, err = w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{said[0].ID}, Subject: "thoat_nuoc"})
				return err
			})
		},
		"refer": func() error {
			return s.withIssue(theLeader, func(ctx context.Context, x *core.Issues, id issue.ID) (issue.State, error) {
				i, err := x.Get(ctx, id)
				if err != nil {
					return i, err
				}
				if i.Status == issue.Registered {
					if i, err = x.Triage(ctx, id, issue.Sorting{Subject: "thoat_nuoc", Urgency: oneOf(s, urgency), Sensitive: s.between(0, 4) == 0}); err != nil {
						return i, err
					}
				}
				return x.Refer(ctx, id, oneOf(s, unit))
			}, issue.Registered, issue.Triaged)
		},
		"return": func() error { return s.promiseStays(theClerk, giveBackTo(oneOf(s, unit)), issue.Referred) },
		"arbitrate": func() error {
			return s.promiseStays(theOffice, arbitrateFor(oneOf(s, unit)), issue.Arbitration)
		},
		"pause": func() error {
			return s.promiseStays(theOffice, func(ctx context.Context, x *core.Issues, id issue.ID) (issue.State, error) {
				return x.Pause(ctx, id, issue.NeedsSpeaker, "chờ giấy tờ")
			}, issue.Referred)
		},
		"resume": func() error { return s.resumes() },
		"extend": func() error {
			return s.promiseStays(theOffice, func(ctx context.Context, x *core.Issues, id issue.ID) (issue.State, error) {
				return x.Extend(ctx, id, issue.Extension{Days: s.between(1, 12), Reason: "khảo sát", Message: "Xin thêm thời gian."})
			}, issue.Referred)
		},
		"draft": func() error {
			return s.withIssue(theClerk, draftAnswer(settledAnswer()), issue.Referred, issue.AnswerDrafted)
		},
		"draft a roadmap": func() error {
			return s.withIssue(theClerk, draftAnswer(issue.Answer{Class: issue.InProgress, Text: "Đang thi công.", Roadmap: s.today.Add(40)}), issue.Referred)
		},
		"draft the result": func() error {
			return s.withIssue(theClerk, draftAnswer(settledAnswer()), issue.FeedbackGiven)
		},
		"approve": func() error { return s.withIssue(theApprover, approveAnswer, issue.AnswerDrafted) },
		"deliver": func() error {
			return s.withIssue(theOwner, func(ctx context.Context, x *core.Issues, id issue.ID) (issue.State, error) {
				i, err := x.Get(ctx, id)
				if err != nil {
					return i, err
				}
				return x.Deliver(ctx, id, issue.Delivery{Opinion: i.Opinions[0], Channel: issue.InPerson})
			}, issue.FeedbackDue)
		},
		"reply": func() error {
			return s.withIssue(theOffice, func(ctx context.Context, x *core.Issues, id issue.ID) (issue.State, error) {
				i, err := x.Get(ctx, id)
				if err != nil {
					return i, err
				}
				return x.RecordReply(ctx, id, issue.Satisfaction{Opinion: i.Opinions[0], Satisfied: s.between(0, 1) == 1})
			}, issue.FeedbackGiven)
		},
		"decide an appeal": func() error {
			return s.withIssue(func(issue.State) org.PersonID { return pct }, func(ctx context.Context, x *core.Issues, id issue.ID) (issue.State, error) {
				return x.DecideAppeal(ctx, id, "Giữ nguyên.", "Thanh tra tỉnh")
			}, issue.Appealed)
		},
		"link and unlink": func() error { return s.linksAndUnlinks() },
		"denounce": func() error {
			r := denunciation()
			_, official := s.hamlet()
			r.Accused = []org.PersonID{oneOf(s, []org.PersonID{minh, tt01, tt02, u10, ptt})}
			return s.by(official, func(ctx context.Context, w *core.Work) error { _, err := w.Sealed.Receive(ctx, r); return err })
		},
		"change the calendar": func() error { return s.changesTheCalendar() },
	}
}

// Invariant 9: the promised date never moves because of a return, nor of anything
// else a unit does.
func (s *season) promiseStays(who func(issue.State) org.PersonID, do issueStep, states ...issue.Status) error {
	before := s.promises()
	err := s.withIssue(who, do, states...)
	for id, due := range s.promises() {
		if was, known := before[id]; known && was != due {
			s.Fatalf("invariant 9: the promise of %s moved from %s to %s", id, was, due)
		}
	}
	return err
}

func (s *season) promises() map[issue.ID]calendar.Date {
	due := make(map[issue.ID]calendar.Date)
	s.c.see(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Issues(ctx, issue.Query{})
		for _, i := range all {
			due[i.ID] = i.PromiseDue
		}
		return err
	})
	return due
}

// Invariant 3: a pause of n working days moves the due date by exactly n.
func (s *season) resumes() error {
	i, err := s.anIssue(issue.OnHold)
	if err != nil {
		return err
	}
	before := s.openDuty(i.ID, duty.Unit)
	if before == nil {
		s.Fatalf("%s is on hold and nobody's clock stands still", i.ID)
	}
	paused := before.Pauses[len(before.Pauses)-1]
	err = s.by(theClerk(i), func(ctx context.Context, w *core.Work) error { _, err := w.Issues.Resume(ctx, i.ID); return err })
	if err != nil {
		return err
	}
	after := s.openDuty(i.ID, duty.Unit)
	cal := s.calendar()
	from, until := paused.From, cal.NextWorkingDay(s.today) // a pause that ends on a day off ends with the next working day (A9)
	if n := len(before.Pauses); n > 1 && cal.NextWorkingDay(before.Pauses[n-2].To).After(from) {
		from = cal.NextWorkingDay(before.Pauses[n-2].To) // no day stands still twice
	}
	n := cal.Elapsed(from, until)
	base := cal.Add(before.Start, before.Days+earlier(*before))
	if want := cal.Add(base, n); after.Due != want {
		s.Fatalf("invariant 3: paused from %s to %s, %d working days, and due %s instead of %s", paused.From, s.today, n, after.Due, want)
	}
	return nil
}

// earlier are the working days that extensions and earlier pauses added.
func earlier(d duty.State) (days int) {
	for _, x := range slices.Concat(d.Extensions, d.Pauses) {
		if !x.To.IsZero() || slices.Contains(d.Extensions, x) {
			days += x.Days
		}
	}
	return days
}

func (s *season) openDuty(id issue.ID, kind duty.Kind) *duty.State {
	for _, d := range s.duties(duty.Query{Subject: issue.Subject(id), Kinds: []duty.Kind{kind}, Statuses: []duty.Status{duty.Running, duty.Paused}}) {
		return &d
	}
	return nil
}

func (s *season) duties(q duty.Query) (found []duty.State) {
	s.c.see(func(ctx context.Context, tx store.Tx) (err error) { found, err = tx.Duties(ctx, q); return err })
	return found
}

// Invariant 11: un-linking restores the issue's own clocks from its own days.
func (s *season) linksAndUnlinks() error {
	i, err := s.anIssue(issue.Registered, issue.Triaged, issue.Referred, issue.AnswerDrafted)
	if err != nil {
		return err
	}
	hub, err := s.anIssue(issue.Registered, issue.Triaged, issue.Referred)
	if err != nil {
		return err
	}
	clocks := func() []string {
		var lines []string
		for _, d := range s.duties(duty.Query{Subject: issue.Subject(i.ID), Statuses: []duty.Status{duty.Running, duty.Paused}}) {
			lines = append(lines, fmt.Sprintf("%s from %s due %s by %s", d.Kind, d.Start, d.Due, d.Holder.Key()))
		}
		slices.Sort(lines)
		return lines
	}
	before := clocks()
	err = s.c.do(vp01, func(ctx context.Context, w *core.Work) error { _, err := w.Issues.Link(ctx, i.ID, hub.ID); return err })
	if err != nil {
		return err
	}
	if left := clocks(); len(left) > 0 {
		s.Fatalf("linked and still owed: %v", left)
	}
	s.wait(s.between(0, 3))
	err = s.c.do(vp01, func(ctx context.Context, w *core.Work) error { _, err := w.Issues.Unlink(ctx, i.ID); return err })
	if err != nil {
		return err
	}
	if after := clocks(); !slices.Equal(before, after) {
		s.Fatalf("invariant 11: before the link %v, after it %v", before, after)
	}
	return nil
}

// Invariant 2: a further closure never makes a due date earlier, a working
// Saturday never later.
func (s *season) changesTheCalendar() error {
	if s.version > 2 {
		return errNothing
	}
	spec := s.calendar().Spec()
	spec.Version++
	date := s.today.Add(s.between(1, 25))
	closing := s.between(0, 1) == 1
	if closing {
		spec.Closures = append(spec.Closures, calendar.Closure{From: date, To: date, Name: "Nghỉ bão", Kind: calendar.District, Source: "EX"})
	} else {
		date = date.Add((6 - int(date.Weekday())) % 7)
		spec.WorkingDays = append(spec.WorkingDays, calendar.WorkingDay{Date: date, Name: "Làm bù", Source: "EX"})
	}
	open := duty.Query{Statuses: []duty.Status{duty.Running, duty.Paused}}
	before := make(map[duty.ID]calendar.Date)
	for _, d := range s.duties(open) {
		before[d.ID] = d.Due
	}
	var id programme.RuleID
	err := s.c.do(vp01, func(ctx context.Context, w *core.Work) error {
		r, err := w.Programme.ProposeRule(ctx, programme.Rule{Calendar: &spec, Reason: "quyết định của huyện"})
		id = r.ID
		return err
	})
	if err != nil {
		return err
	}
	if err := s.c.do(pct, func(ctx context.Context, w *core.Work) error { _, err := w.Programme.ApproveRule(ctx, id); return err }); err != nil {
		return err
	}
	s.version++
	for _, d := range s.duties(open) {
		was, known := before[d.ID]
		if known && (closing && d.Due.Before(was) || !closing && d.Due.After(was)) {
			s.Fatalf("invariant 2: closing=%v on %s moved %s of %s from %s to %s", closing, date, d.Kind, d.Subject, was, d.Due)
		}
	}
	return nil
}

// calendar is the one in force.
func (s *season) calendar() *calendar.Calendar {
	spec := spec2017()
	s.c.see(func(ctx context.Context, tx store.Tx) error {
		rules, err := tx.Rules(ctx)
		for _, r := range rules {
			if r.Status == programme.RuleApproved && r.Calendar != nil && r.Calendar.Version > spec.Version {
				spec = *r.Calendar
			}
		}
		return err
	})
	cal, err := calendar.New(spec)
	if err != nil {
		s.Fatal(err)
	}
	return cal
}

// check holds every invariant against the store as it stands this evening.
func (s *season) check() {
	cal := s.calendar()
	var w world
	s.c.see(func(ctx context.Context, tx store.Tx) error { return w.load(ctx, tx) })
	for _, inv := range []struct {
		sentence string
		holds    func(world, *calendar.Calendar) error
	}{
		{"1: a due date is a working day after its start", dueOnWorkingDays},
		{"3: extensions and pauses moved due dates by their working days", s.dueByTheirDays},
		{"4: elapsed stretches add up", s.elapsedAddsUp},
		{"5: replaying the events gives the same state", replayed},
		{"6: a natural key is there once", oncePerKey},
		{"7: every running duty has somebody present, or an alarm", s.somebodyThere},
		{"8: days per holder add up to the age of the issue", s.daysHeld},
		{"12: verified is no more than claimed", s.verifiedIsClaimed},
		{"13: what is not final has a clock", clocked},
	} {
		if err := inv.holds(w, cal); err != nil {
			s.Fatalf("on %s, invariant %s: %v", s.today, inv.sentence, err)
		}
	}
	s.sealedStaysSealed(w)
	s.journalHolds()
}

// world is everything in the store.
type world struct {
	visits   []visit.State
	issues   []issue.State
	duties   []duty.State
	opinions []opinion.State
	notices  []notify.Notice
	records  []event.Record
	cases    []sealed.Case
}

func (w *world) load(ctx context.Context, tx store.Tx) error {
	var faults fault.List
	var err error
	w.visits, err = tx.Visits(ctx, visit.Query{})
	faults.Add(err)
	w.issues, err = tx.Issues(ctx, issue.Query{})
	faults.Add(err)
	w.duties, err = tx.Duties(ctx, duty.Query{})
	faults.Add(err)
	w.opinions, err = tx.Opinions(ctx, opinion.Query{})
	faults.Add(err)
	w.notices, err = tx.Notices(ctx, notify.Query{})
	faults.Add(err)
	w.records, err = tx.Records(ctx, event.Query{})
	faults.Add(err)
	w.cases, err = tx.SealedCases(ctx)
	faults.Add(err)
	return faults.Err()
}

func dueOnWorkingDays(w world, cal *calendar.Calendar) error {
	for _, d := range w.duties {
		if !d.IsOpen() || d.Kind == duty.Visit { // visits are held in evenings and on weekends
			continue
		}
		if !cal.IsWorkingDay(d.Due) || d.Days > 0 && !d.Due.After(d.Start) || d.Due.Before(d.Start) {
			return fmt.Errorf("%s of %s from %s is due %s", d.Kind, d.Subject, d.Start, d.Due)
		}
	}
	return nil
}

func (s *season) dueByTheirDays(w world, cal *calendar.Calendar) error {
	for _, d := range w.duties {
		if d.Status != duty.Running || d.Days == 0 {
			continue
		}
		if want := cal.Add(d.Start, d.Days+earlier(d)); d.Due != want {
			return fmt.Errorf("%s of %s: %d days from %s and %d more end on %s, not %s", d.Kind, d.Subject, d.Days, d.Start, earlier(d), want, d.Due)
		}
	}
	return nil
}

func (s *season) elapsedAddsUp(_ world, cal *calendar.Calendar) error {
	a := day("2017-02-20")
	b := a.Add(s.between(0, 60))
	c := b.Add(s.between(0, 60))
	if ab, bc, ac := cal.Elapsed(a, b), cal.Elapsed(b, c), cal.Elapsed(a, c); ab+bc != ac {
		return fmt.Errorf("%s to %s to %s: %d + %d = %d", a, b, c, ab, bc, ac)
	}
	return nil
}

// replayed folds the journal of every visit and issue and compares where it ends.
func replayed(w world, _ *calendar.Calendar) error {
	at := make(map[event.Subject]string)
	for _, r := range w.records {
		if status := after(r, at[r.Subject]); status != "" {
			at[r.Subject] = status
		}
	}
	for _, v := range w.visits {
		if got := at[visit.Subject(v.ID)]; got != string(v.Status) {
			return fmt.Errorf("visit %s is %s, by its events %q", v.ID, v.Status, got)
		}
	}
	for _, i := range w.issues {
		if i.Link != nil && i.Status != issue.Linked {
			continue
		}
		if got := at[issue.Subject(i.ID)]; got != string(i.Status) && !strings.HasPrefix(got, "unlinked") {
			return fmt.Errorf("issue %s is %s, by its events %q", i.ID, i.Status, got)
		}
	}
	return nil
}

// after is the state in which an event leaves its subject, empty where it leaves
// it as it is.
func after(r event.Record, now string) string {
	said := func(part string) bool { return strings.Contains(string(r.Data), part) }
	if r.Kind == "visit.decided" {
		if said(`"upheld":true`) {
			return string(visit.Verified)
		}
		return string(visit.Refused)
	}
	if r.Kind == "visit.reported" && said(`"conflict":true`) {
		return now
	}
	if r.Kind == "issue.closed" {
		return string(issue.Closed)
	}
	return map[string]string{
		"visit.planned": "planned", "visit.postponed": "planned", "visit.at_risk": "at_risk", "visit.secured": "planned", "visit.held": "held",
		"visit.reported": "reported", "visit.verified": "verified", "visit.unconfirmed": "unconfirmed", "visit.disputed": "disputed",
		"visit.missed": "missed", "visit.absent": "missed", "visit.cancelled": "cancelled",
		"issue.registered": "registered", "issue.triaged": "triaged", "issue.referred": "referred", "issue.returned": "triaged",
		"issue.arbitration_opened": "arbitration", "issue.arbitration_decided": "referred", "issue.paused": "on_hold", "issue.resumed": "referred",
		"issue.answer_drafted": "answer_drafted", "issue.answer_approved": "feedback_due", "issue.feedback_given": "feedback_given",
		"issue.reopened": "referred", "issue.appealed": "appealed", "issue.closed_final": "closed_final", "issue.linked": "linked",
		"issue.unlinked": "unlinked", // as it was before the link
	}[r.Kind]
}

func oncePerKey(w world, _ *calendar.Calendar) error {
	seen := make(map[string]bool)
	for _, n := range w.notices {
		if seen[n.Key] {
			return fmt.Errorf("%s is there twice", n.Key)
		}
		seen[n.Key] = true
	}
	return nil
}

// somebodyThere: the holder of a duty, or whoever the rules name in the holder's
// stead, is there today; and a visit for whose day nobody is there is at risk.
func (s *season) somebodyThere(w world, _ *calendar.Calendar) (err error) {
	s.c.see(func(ctx context.Context, tx store.Tx) error {
		for _, d := range w.duties {
			if d.Status != duty.Running {
				continue
			}
			if there, missing := alert.Resolve(ctx, tx, d.Holder, s.today); missing != nil || len(there) == 0 {
				err = fmt.Errorf("%s of %s is owed by %s: %w", d.Kind, d.Subject, d.Holder.Key(), missing)
			}
		}
		for _, v := range w.visits {
			if !v.Open() || v.Planned.Before(s.today) {
				continue
			}
			_, absent := org.Present(ctx, tx, v.Official, v.Planned)
			if (absent != nil) != (v.Status == visit.AtRisk) {
				err = fmt.Errorf("visit %s of %s is %s, and for its day: %w", v.ID, v.Planned, v.Status, absent)
			}
		}
		return nil
	})
	return err
}

func (s *season) daysHeld(w world, cal *calendar.Calendar) error {
	for _, i := range w.issues {
		sum := 0
		for _, days := range i.DaysByHolder(cal, s.today) {
			sum += days
		}
		if age := i.Age(cal, s.today); sum != age {
			return fmt.Errorf("issue %s is %d working days old, its holders had it %d: %v", i.ID, age, sum, i.DaysByHolder(cal, s.today))
		}
	}
	return nil
}

func (s *season) verifiedIsClaimed(world, *calendar.Calendar) (err error) {
	for _, m := range []calendar.Month{month("2017-02"), month("2017-03"), month("2017-04")} {
		failed := s.c.sys.View(s.c.t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
			rows, failed := w.Programme.Coverage(ctx, m)
			for _, row := range rows {
				if row.Verified > row.Claimed {
					err = fmt.Errorf("%s in %s: %d verified of %d claimed", row.Place, m, row.Verified, row.Claimed)
				}
			}
			return failed
		})
		if failed != nil {
			return failed
		}
	}
	return err
}

// clocked: everything that is not at its end has a clock that somebody owes.
func clocked(w world, _ *calendar.Calendar) error {
	open := make(map[event.Subject][]duty.Kind)
	for _, d := range w.duties {
		if d.IsOpen() {
			open[d.Subject] = append(open[d.Subject], d.Kind)
		}
	}
	for _, v := range w.visits {
		if err := anyOf(visitClocks()[v.Status], open[visit.Subject(v.ID)]); err != nil && v.Absence == "" {
			return fmt.Errorf("visit %s of %s is %s: %w", v.ID, v.Planned, v.Status, err)
		}
	}
	for _, i := range w.issues {
		if err := anyOf(issueClocks()[i.Status], open[issue.Subject(i.ID)]); err != nil {
			return fmt.Errorf("issue %s is %s: %w", i.ID, i.Status, err)
		}
	}
	return nil
}

func anyOf(want, open []duty.Kind) error {
	if len(want) == 0 || slices.ContainsFunc(want, func(k duty.Kind) bool { return slices.Contains(open, k) }) {
		return nil
	}
	return fmt.Errorf("none of the clocks %v runs, but %v", want, open)
}

// visitClocks and issueClocks say which clock runs in which state; a state
// without one is an end, or rests on another matter's clock.
func visitClocks() map[visit.Status][]duty.Kind {
	return map[visit.Status][]duty.Kind{
		visit.Planned: {duty.Visit, duty.Report}, visit.AtRisk: {duty.Visit, duty.Report}, visit.Held: {duty.Report}, visit.Missed: {duty.Report},
		visit.Reported: {duty.Confirm}, visit.Disputed: {duty.Dispute},
	}
}

func issueClocks() map[issue.Status][]duty.Kind {
	return map[issue.Status][]duty.Kind{
		issue.Registered: {duty.Triage}, issue.Triaged: {duty.Triage}, issue.Referred: {duty.Unit}, issue.OnHold: {duty.Unit},
		issue.Arbitration: {duty.Arbitration}, issue.AnswerDrafted: {duty.Unit, duty.Roadmap}, issue.FeedbackDue: {duty.Feedback},
		issue.FeedbackGiven: {duty.Satisfaction, duty.Roadmap}, issue.Appealed: {duty.Appeal},
	}
}

// Invariant 10: no path gives the body of a sealed case to anybody but an
// inspector who was granted it.
func (s *season) sealedStaysSealed(w world) {
	cases := w.cases
	w.cases = nil
	everything, err := json.Marshal([]any{w.visits, w.issues, w.duties, w.opinions, w.notices, w.records})
	if err != nil {
		s.Fatal(err)
	}
	if strings.Contains(string(everything), secretBody) || strings.Contains(string(everything), secretName) {
		s.Fatalf("invariant 10: what is sealed stands outside the vault")
	}
	if len(cases) == 0 {
		return
	}
	c := oneOf(s, cases)
	who := oneOf(s, castRoles()).person
	var reading sealed.Reading
	err = s.c.do(who, readsCase(c.ID, &reading))
	may := c.Admits(who) && slices.Contains([]org.PersonID{tt01, tt02, tt03, ptt}, who)
	if (err == nil) != may || err != nil && reading.Body != "" {
		s.Fatalf("invariant 10: %s reads %s: %v, may=%v (accused %v, heard by %s)", who, c.ID, err, may, c.Accused, c.Heard)
	}
	if may && (slices.Contains(c.Accused, who) || who == c.Heard) {
		s.Fatalf("invariant 10: %s is accused, or wrote it down, and may read", who)
	}
}

func (s *season) journalHolds() {
	s.c.must(kt01, func(ctx context.Context, w *core.Work) error {
		v, err := w.Journal.Verify(ctx)
		if len(v.Breaks) > 0 {
			s.Fatalf("invariant 5: the journal is broken: %+v", v.Breaks)
		}
		return err
	})
}

// TestInvariant13_EveryStateHasAnExitOrIsFinal looks at the machines themselves.
func TestInvariant13_EveryStateHasAnExitOrIsFinal(t *testing.T) {
	machines := make(map[string]map[string][]string)
	arrow := func(machine string, from, to any) {
		if machines[machine] == nil {
			machines[machine] = make(map[string][]string)
		}
		f, g := fmt.Sprint(from), fmt.Sprint(to)
		machines[machine][f] = append(machines[machine][f], g)
		machines[machine][g] = append(machines[machine][g], []string{}...)
	}
	for _, a := range visit.Transitions() {
		arrow("visit", a.From, a.To)
	}
	for _, a := range issue.Transitions() {
		arrow("issue", a.From, a.To)
	}
	for _, a := range opinion.Transitions() {
		arrow("opinion", a.From, a.To)
	}
	for _, a := range sealed.Transitions() {
		arrow("sealed", a.From, a.To)
	}
	for _, a := range supervision.RoundTransitions() {
		arrow("round", a.From, a.To)
	}
	for _, a := range supervision.FlagTransitions() {
		arrow("flag", a.From, a.To)
	}
	for _, a := range report.Transitions() {
		arrow("report", a.From, a.To)
	}
	final := map[string][]string{
		"visit":   {"cancelled", "refused"},
		"issue":   {"closed", "closed_final"},
		"opinion": {"withdrawn"},
		"sealed":  {"erased"},
		"round":   {"withheld", "final"},
		"flag":    {"dismissed", "upheld"},
	}
	for machine, states := range machines {
		for state, exits := range states {
			if ends := slices.Contains(final[machine], state); ends != (len(exits) == 0) {
				t.Errorf("%s %s: final %v, exits %v", machine, state, ends, exits)
			}
		}
	}
	for status := range machines["visit"] {
		rests := []visit.Status{visit.Verified, visit.Unconfirmed, visit.Refused, visit.Cancelled} // what was done is done
		if (len(visitClocks()[visit.Status(status)]) == 0) != slices.Contains(rests, visit.Status(status)) {
			t.Errorf("visit %s: clocks %v", status, visitClocks()[visit.Status(status)])
		}
	}
	for status := range machines["issue"] {
		rests := []issue.Status{issue.Closed, issue.ClosedFinal, issue.Linked, issue.Returned} // Returned is passed through at once
		if (len(issueClocks()[issue.Status(status)]) == 0) != slices.Contains(rests, issue.Status(status)) {
			t.Errorf("issue %s: clocks %v", status, issueClocks()[issue.Status(status)])
		}
	}
}
