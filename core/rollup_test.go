package core_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// unrolled hides from the core that a store keeps figures rolled up: what is counted
// over it is the full aggregate.
type unrolled struct{ store.Tx }

// aggregate is a System that counts from the facts each time, on the cast's clock.
func aggregate(c *cast) *core.System {
	c.t.Helper()
	sys, err := core.New(c.store, policy.Default(), &core.Options{Clock: func() time.Time { return *c.now.Load() }, Calendar: calendar2017(c.t), Series: "XL"})
	if err != nil {
		c.t.Fatal(err)
	}
	return sys
}

// rolledUp compares the figures of some months, in one snapshot, with the full
// aggregate, and says of how many of them pages were kept, and how many of these had
// hamlets that were touched since.
func rolledUp(c *cast, full *core.System, months ...calendar.Month) (diff string, kept, touched int) {
	c.t.Helper()
	err := c.store.View(c.t.Context(), func(ctx context.Context, tx store.Tx) error {
		for _, m := range months {
			got, _, err := c.sys.Join(tx, org.Actor{Person: vp01}).Reports.Month(ctx, m)
			if err != nil {
				return err
			}
			want, _, err := full.Join(unrolled{tx}, org.Actor{Person: vp01}).Reports.Month(ctx, m)
			if err != nil {
				return err
			}
			if d := cmp.Diff(want, got); d != "" {
				diff += fmt.Sprintf("figures of %s (-counted +rolled up):\n%s", m, d)
			}
			rolled, err := tx.(store.Rollups).Rolled(ctx, m.Period())
			if err != nil {
				return err
			}
			if len(rolled.Pages) > 0 && !rolled.All {
				kept++
				touched += min(len(rolled.Touched), 1)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return diff, kept, touched
}

// crowd adds hamlets with an opinion of each half month, so that the figures of a
// month fill several pages and the hamlets of the cast lie in different ones.
func crowd(c *cast) {
	c.put(func(ctx context.Context, tx store.Tx) error {
		for i := range 2 * (report.PageSize + 10) {
			id := org.PlaceID(fmt.Sprintf("AP-0%d-%04d", 2+2*(i%2), i))
			err := tx.PutPlace(ctx, &org.Place{ID: id, Names: []org.Naming{{Valid: calendar.Period{From: day("2010-01-01")}, Kind: "ap", Name: string(id), Code: string(id), Parent: "C1"}}})
			for half, on := range []string{"2017-02-10", "2017-03-10", "2017-04-10", "2017-05-10"} {
				o := opinion.State{ID: opinion.ID(fmt.Sprintf("%s/%d", id, half)), Place: id, Heard: lan, Kind: opinion.Report, Confidentiality: opinion.Open, Status: opinion.Recorded, Happened: day(on)}
				err = errors.Join(err, tx.PutOpinion(ctx, &o))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// moreActs are acts of a season that figures count and invariants do not need.
func (s *season) moreActs() map[string]func() error {
	anOpinion := func(states ...opinion.Status) (o opinion.State, err error) {
		var fit []opinion.State
		s.c.see(func(ctx context.Context, tx store.Tx) (err error) {
			fit, err = tx.Opinions(ctx, opinion.Query{Statuses: states})
			return err
		})
		fit = slices.DeleteFunc(fit, func(o opinion.State) bool { return o.Heard == "" || len(o.Place) > len("AP-01") })
		if len(fit) == 0 {
			return o, errNothing
		}
		return oneOf(s, fit), nil
	}
	with := func(do func(context.Context, *core.Work, opinion.ID) error, states ...opinion.Status) func() error {
		return func() error {
			o, err := anOpinion(states...)
			if err != nil {
				return err
			}
			return s.c.do(o.Heard, func(ctx context.Context, w *core.Work) error { return do(ctx, w, o.ID) })
		}
	}
	none := func(_ any, err error) error { return err }
	return map[string]func() error{
		"answer on the spot": func() error {
			place, official := s.hamlet()
			return s.by(official, func(ctx context.Context, w *core.Work) error {
				return none(w.Opinions.Capture(ctx, "", core.Said{Text: "Khi nào đổi thẻ?", Kind: opinion.Question, Place: place, Topics: []string{oneOf(s, []string{"y_te", "dien"})}, Answer: "Từ ngày 1."}))
			})
		},
		"record satisfaction": with(func(ctx context.Context, w *core.Work, id opinion.ID) error {
			return none(w.Opinions.RecordSatisfaction(ctx, id, s.between(0, 1) == 1))
		}, opinion.AnsweredOnSpot),
		"withdraw": with(func(ctx context.Context, w *core.Work, id opinion.ID) error {
			return none(w.Opinions.Withdraw(ctx, id))
		}, opinion.Recorded, opinion.AnsweredOnSpot),
		"classify": with(func(ctx context.Context, w *core.Work, id opinion.ID) error {
			_, _, err := w.Opinions.Classify(ctx, id, oneOf(s, []opinion.Kind{opinion.Feeling, opinion.Report, opinion.Denunciation}), "moi_truong")
			return err
		}, opinion.Recorded, opinion.AnsweredOnSpot, opinion.Linked),
		"rate": func() error {
			return s.withVisit(func(v visit.State) (org.PersonID, func(context.Context, *core.Work) error) {
				return vp01, func(ctx context.Context, w *core.Work) error {
					return w.Supervision.Rate(ctx, v.ID, core.Remark{Phone: fmt.Sprintf("+8497%07d", s.between(0, 9_999_999)), Complete: true, Punctual: s.between(0, 1) == 1, Proper: true})
				}
			}, visit.Verified)
		},
		"cancel a leave": func() error {
			var leaves []org.Leave
			s.c.see(func(ctx context.Context, tx store.Tx) (err error) {
				leaves, err = tx.Leaves(ctx, org.LeaveQuery{})
				return err
			})
			if len(leaves) == 0 {
				return errNothing
			}
			l := oneOf(s, leaves)
			return s.c.do(l.Person, func(ctx context.Context, w *core.Work) error {
				return none(w.Org.CancelLeave(ctx, l.ID, "đổi lịch"))
			})
		},
		"override the quota": func() error {
			place, _ := s.hamlet()
			return s.c.do(vp01, func(ctx context.Context, w *core.Work) error {
				return none(w.Programme.OverrideQuota(ctx, hvcs2017, programme.QuotaOverride{Month: calendar.MonthOf(s.today), Place: place, PerMonth: s.between(1, 3), Decision: "3/QĐ-UBND", Reason: "mưa lũ"}))
			})
		},
		"end an assignment": func() error {
			if s.between(0, 5) > 0 {
				return errNothing
			}
			place, _ := s.hamlet()
			return s.c.do(pct, func(ctx context.Context, w *core.Work) error {
				return none(w.Programme.End(ctx, programme.AssignmentID("PC-"+string(place)), s.today.Add(-s.between(0, 10)), "", "luân chuyển"))
			})
		},
		"merge": func() error {
			if s.between(0, 9) > 0 {
				return errNothing
			}
			return s.c.do(vp01, func(ctx context.Context, w *core.Work) error {
				return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-09"}, Into: "AP-08", On: s.today.Add(3), Why: "NQ 9"})
			})
		},
		"freshen": func() error { return none(s.c.sys.FreshenRollups(s.c.t.Context())) },
		"roll up": func() error { return s.c.sys.RollUp(s.c.t.Context(), calendar.MonthOf(s.today)) },
	}
}

// Whatever anybody does, the figures that are read are those that are counted: after
// every single act of a random season, in one snapshot.
func equalSeasons(t *testing.T, open func(*testing.T) store.Store) {
	done := make(map[string]int)
	kept, touched := 0, 0
	play := func(r *rapid.T) {
		c := newCastOn(t, open(t), nil)
		crowd(c)
		full := aggregate(c)
		s := &season{T: r, c: c, today: day("2017-02-20"), version: 1, done: done}
		s.chance = rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "chance"), 0))
		c.at(s.today.String())
		acts := s.acts()
		for name, act := range s.moreActs() {
			acts[name] = act
		}
		var names []string
		for name := range acts {
			names = append(names, name)
		}
		for name, often := range map[string]int{"plan": 3, "report": 4, "confirm": 3, "register": 2, "refer": 3, "draft": 3, "approve": 4, "deliver": 3, "reply": 2, "freshen": 6, "rate": 1} {
			names = append(names, slices.Repeat([]string{name}, often)...)
		}
		slices.Sort(names)
		for range 8 {
			for range 10 {
				name := oneOf(s, names)
				if err := acts[name](); err == nil {
					done[name]++
				} else if !expected(err) {
					r.Fatalf("%s: %v", name, err)
				}
				m := calendar.MonthOf(s.today)
				diff, k, n := rolledUp(c, full, m.Prev(), m)
				if diff != "" {
					r.Fatalf("on %s after %q %s", s.today, name, diff)
				}
				kept, touched = kept+k, touched+n
			}
			s.wait(s.between(1, 6))
		}
	}
	// A season seldom goes by in which nothing is kept, and never six of them.
	for n := 0; n == 0 || n < 6 && !t.Failed() && (kept < 20 || touched < 5); n++ {
		withChecks(t, 1, func() { rapid.Check(t, play) })
	}
	t.Logf("figures from pages %d times, %d of them with touched hamlets; done %v", kept, touched, done)
	if !t.Failed() && (kept < 20 || touched < 5) {
		t.Error("pages were hardly ever read: it proves little")
	}
}

func TestRolledUpFiguresAreThoseThatAreCounted_OverSQLite(t *testing.T) {
	equalSeasons(t, func(t *testing.T) store.Store { st, _ := sqliteStore(t); return st })
}

func TestRolledUpFiguresAreThoseThatAreCounted_OverPostgreSQL(t *testing.T) {
	pgtest.Server(t) // skips where there is none
	equalSeasons(t, func(t *testing.T) store.Store { st, _ := postgresStore(t); return st })
}

func sqliteStore(t *testing.T) (store.Store, *sql.DB) {
	t.Helper()
	db := openSQL(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "season.db"))+"&_pragma=synchronous(OFF)")
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite, nil); err != nil {
		t.Fatal(err)
	}
	return openStore(t, db, sqlstore.SQLite), db
}

func postgresStore(t *testing.T) (store.Store, *sql.DB) {
	t.Helper()
	db := openSQL(t, "pgx", pgtest.Database(t))
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.Postgres, nil); err != nil {
		t.Fatal(err)
	}
	return openStore(t, db, sqlstore.Postgres), db
}

// The life of a visit, an opinion, an issue, an assignment and a hamlet, step by
// step: after each the figures that are read are those that are counted, whether
// notes were worked off in between or not.
func TestRolledUpFiguresFollowEveryStep(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (store.Store, *sql.DB){"sqlite": sqliteStore, "postgres": postgresStore} {
		t.Run(name, func(t *testing.T) {
			st, _ := open(t)
			followed(t, st)
		})
	}
}

func followed(t *testing.T, st store.Store) {
	c := newCastOn(t, st, nil)
	crowd(c)
	full := aggregate(c)
	c.at("2017-05-02")
	march, april, may := month("2017-03"), month("2017-04"), month("2017-05")
	for _, m := range []calendar.Month{march, april, may} {
		if err := c.sys.RollUp(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var m *matter
	var spot, other opinion.ID
	var late visit.ID
	var leave org.LeaveID
	must := func(who org.PersonID, fn func(context.Context, *core.Work) error) func() {
		return func() { c.must(who, fn) }
	}
	for i, step := range []struct {
		what string
		do   func()
	}{
		{"a visit is planned, held, reported and confirmed", func() { c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true) }},
		{"another is reported late", func() { c.held(ha, "AP-03", "2017-05-12", "2017-05-17", false) }},
		{"a resident rates it", must(vp01, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.Rate(ctx, "AP-01/2017-05-10", core.Remark{Phone: "+84970000001", Complete: true})
		})},
		{"another is planned", func() { c.at("2017-05-17"); late = c.plan(minh, "AP-02", "2017-05-29") }},
		{"and put off into the next month", must(tl03, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Postpone(ctx, late, day("2017-06-01"), calendar.TimeOfDay{}, "mưa lớn")
			return err
		})},
		{"something is answered on the spot", func() {
			spot = c.hears(ha, core.Said{Text: "Khi nào đổi thẻ?", Kind: opinion.Question, Place: "AP-03", Topics: []string{"y_te"}, Answer: "Từ ngày 1."})
		}},
		{"and found good", must(vp01, func(ctx context.Context, w *core.Work) error {
			_, err := w.Opinions.RecordSatisfaction(ctx, spot, true)
			return err
		})},
		{"something of April is written down in May", func() {
			other = c.hears(minh, core.Said{Text: "Rác đầy.", Kind: opinion.Report, Place: "AP-02", Happened: day("2017-04-28")})
		}},
		{"and taken back", must(minh, func(ctx context.Context, w *core.Work) error { _, err := w.Opinions.Withdraw(ctx, other); return err })},
		{"an issue is registered", func() { m = c.raised(lan, "AP-01", core.Registration{}, withPhone()) }},
		{"referred", func() { m.referredTo(unitTNMT) }},
		{"paused", must(vp01, func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Pause(ctx, m.id, issue.NeedsSpeaker, "chờ giấy tờ")
			return err
		})},
		{"resumed", func() {
			c.at("2017-05-22")
			c.must(vp01, func(ctx context.Context, w *core.Work) error { _, err := w.Issues.Resume(ctx, m.id); return err })
		}},
		{"answered in the next month", func() { c.at("2017-06-02"); m.answeredBy(settledAnswer()) }},
		{"told", func() { m.does(lan, m.tells(0, issue.InPerson)) }},
		{"and found bad", func() { c.at("2017-06-05"); m.does(vp01, m.replies(0, false)) }},
		{"somebody is on leave", must(tuan, func(ctx context.Context, w *core.Work) error {
			l, err := w.Org.TakeLeave(ctx, org.Leave{Person: tuan, Days: days("2017-06-12", "2017-06-30"), Reason: "phép năm"})
			leave = l.ID
			return err
		})},
		{"and is not", must(tuan, func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.CancelLeave(ctx, leave, "đổi lịch")
			return err
		})},
		{"an assignment ends", must(pct, func(ctx context.Context, w *core.Work) error {
			_, err := w.Programme.End(ctx, "PC-AP-04", day("2017-05-20"), "", "luân chuyển")
			return err
		})},
		{"a hamlet is merged", must(vp01, func(ctx context.Context, w *core.Work) error {
			return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-02"}, Into: "AP-01", On: day("2017-06-10"), Why: "NQ 9"})
		})},
		{"the quota of May changes", must(vp01, func(ctx context.Context, w *core.Work) error {
			_, err := w.Programme.OverrideQuota(ctx, hvcs2017, programme.QuotaOverride{Month: may, PerMonth: 1, Decision: "3/QĐ-UBND", Reason: "mưa lũ"})
			return err
		})},
	} {
		step.do()
		diff, kept, _ := rolledUp(c, full, march, april, may, may.Next())
		if diff != "" {
			t.Fatalf("%s: %s", step.what, diff)
		}
		if kept < 3 && step.what != "a hamlet is merged" && i < 19 {
			t.Errorf("%s: pages of %d months are kept, want those of three at least", step.what, kept)
		}
		if i%3 != 2 { // now and then two steps leave notes together
			if _, err := c.sys.FreshenRollups(t.Context()); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			if diff, _, touched := rolledUp(c, full, march, april, may, may.Next()); diff != "" || touched > 0 {
				t.Fatalf("%s, notes worked off, %d touched: %s", step.what, touched, diff)
			}
		}
	}
	for _, m := range []calendar.Month{march, april, may} {
		if err := c.sys.RollUp(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if diff, kept, _ := rolledUp(c, full, march, april, may); diff != "" || kept != 3 {
		t.Errorf("rolled up anew, %d months kept: %s", kept, diff)
	}
}

// A store that forgets to note what was written shows figures that are wrong, and
// the comparison finds it, table by table and for each thing that counts.
func TestAStoreThatForgetsWhatWasTouchedIsFoundOut(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		st, db := sqliteStore(t)
		forgets(t, st, func(table string) (remember func()) {
			var again []string
			for _, when := range []string{"added", "changed"} {
				var made string
				name := "outreach_touch_" + table + "_" + when
				if err := db.QueryRowContext(t.Context(), "SELECT sql FROM sqlite_master WHERE name = $1", name).Scan(&made); err != nil {
					t.Fatal(err)
				}
				run(t, db, "DROP TRIGGER "+name)
				again = append(again, made)
			}
			return func() { run(t, db, again...) }
		})
	})
	t.Run("postgres", func(t *testing.T) {
		st, db := postgresStore(t)
		forgets(t, st, func(table string) (remember func()) {
			run(t, db, "ALTER TABLE outreach_"+table+" DISABLE TRIGGER USER")
			return func() { run(t, db, "ALTER TABLE outreach_"+table+" ENABLE TRIGGER USER") }
		})
	})
}

func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// forgets rolls a month up, lets the store forget what is written to one table,
// writes to it, and looks whether the figures show it; then the next.
func forgets(t *testing.T, st store.Store, forget func(table string) (remember func())) {
	c := newCastOn(t, st, nil)
	full := aggregate(c)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	may := month("2017-05")
	for _, x := range forgettable(c) {
		if err := c.sys.RollUp(t.Context(), may); err != nil {
			t.Fatal(err)
		}
		if diff, kept, _ := rolledUp(c, full, may); diff != "" || kept != 1 {
			t.Fatalf("before %s, %d months kept: %s", x.what, kept, diff)
		}
		remember := forget(x.table)
		x.do()
		diff, kept, _ := rolledUp(c, full, may)
		if diff == "" || kept != 1 {
			t.Errorf("%s was forgotten, and the figures from pages of %d months do not show it", x.what, kept)
		}
		remember()
	}
}

// forgettable are writes to each table that figures are counted from, one after the other.
func forgettable(c *cast) []struct {
	table, what string
	do          func()
} {
	write := func(fn func(ctx context.Context, tx store.Tx) error) func() { return func() { c.put(fn) } }
	act := func(who org.PersonID, fn func(ctx context.Context, w *core.Work) error) func() {
		return func() { c.must(who, fn) }
	}
	owed := func(change func(d *duty.State) error) func() {
		return write(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Unit}})
			if err != nil || len(all) == 0 {
				return fmt.Errorf("%d duties: %w", len(all), err)
			}
			return errors.Join(change(&all[0]), tx.PutDuty(ctx, &all[0]))
		})
	}
	return []struct {
		table, what string
		do          func()
	}{
		{"rating", "a rating", act(vp01, func(ctx context.Context, w *core.Work) error {
			return w.Supervision.Rate(ctx, "AP-01/2017-05-10", core.Remark{Phone: "+84970000001", Complete: true})
		})},
		{"rating_round", "when a round opened", write(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.RatingRounds(ctx, "", calendar.Period{})
			if err != nil || len(all) != 1 {
				return fmt.Errorf("%d rounds: %w", len(all), err)
			}
			all[0].Opened = day("2017-06-02")
			return tx.PutRatingRound(ctx, &all[0])
		})},
		{"visit", "a dispute", write(func(ctx context.Context, tx store.Tx) error {
			v, err := tx.Visit(ctx, "AP-01/2017-05-10")
			v.Status = visit.Disputed
			return errors.Join(err, tx.PutVisit(ctx, &v))
		})},
		{"opinion", "an opinion", act(minh, func(ctx context.Context, w *core.Work) error {
			_, err := w.Opinions.Capture(ctx, "", core.Said{Text: "Rác đầy.", Kind: opinion.Report, Place: "AP-02"})
			return err
		})},
		{"issue", "that many want it", write(func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Issues(ctx, issue.Query{})
			if err != nil || len(all) == 0 {
				return fmt.Errorf("%d issues: %w", len(all), err)
			}
			all[0].Collective = true
			return tx.PutIssue(ctx, &all[0])
		})},
		{"duty", "who owes it", owed(func(d *duty.State) error { d.Holder.Unit = "P-KHAC"; return nil })},
		{"duty", "that it is due later", owed(func(d *duty.State) error { d.Due = day("2017-06-20"); return nil })},
		{"duty", "that it begins later", owed(func(d *duty.State) error { d.Start = day("2017-06-02"); return nil })},
		{"duty", "that it is due now", owed(func(d *duty.State) error { d.Start, d.Due = day("2017-05-11"), day("2017-05-20"); return nil })},
		{"duty", "that it was met", owed(func(d *duty.State) error { return d.Close(duty.Met, day("2017-05-20")) })},
		{"leave", "a leave", act(ha, func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.TakeLeave(ctx, org.Leave{Person: ha, Days: days("2017-05-16", "2017-05-31"), Reason: "phép năm"})
			return err
		})},
		{"assignment", "who looks after a hamlet", write(func(ctx context.Context, tx store.Tx) error {
			a, err := tx.Assignment(ctx, "PC-AP-03")
			a.Official = tuan
			return errors.Join(err, tx.PutAssignment(ctx, &a))
		})},
		{"place", "where a hamlet lies", write(func(ctx context.Context, tx store.Tx) error {
			p, err := tx.Place(ctx, "AP-01")
			p.Names[0].Parent = "C3"
			return errors.Join(err, tx.PutPlace(ctx, &p))
		})},
	}
}

// watched is a store that notes how many hamlets are counted at once, and refuses to
// give the opinions of all of them.
type watched struct {
	store.Store
	asked []int
}

type watchedTx struct {
	store.Tx
	store.Rollups
	w *watched
}

func (w *watched) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return w.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, watchedTx{tx, tx.(store.Rollups), w}) })
}

func (t watchedTx) Grounds(ctx context.Context, q store.GroundsQuery) (store.Grounds, error) {
	t.w.asked = append(t.w.asked, len(q.Places))
	return t.Rollups.Grounds(ctx, q)
}

func (t watchedTx) Opinions(context.Context, opinion.Query) ([]opinion.State, error) {
	return nil, errors.New("opinions of all hamlets are asked for")
}

func TestAMonthIsRolledUpPageByPage(t *testing.T) {
	st, _ := sqliteStore(t)
	w := &watched{Store: st}
	c := newCastOn(t, w, nil)
	crowd(c)
	if err := c.sys.RollUp(t.Context(), month("2017-05")); err != nil {
		t.Fatal(err)
	}
	if len(w.asked) < 3 || slices.Max(w.asked) > report.PageSize {
		t.Errorf("hamlets were counted so many at once: %v", w.asked)
	}
	c.store = st
	if diff, kept, _ := rolledUp(c, aggregate(c), month("2017-05")); diff != "" || kept != 1 {
		t.Errorf("%d months kept %s", kept, diff)
	}
}

// What lies in a place that nobody knows is in no page: the month is counted each
// time, and nothing of it is kept.
func TestAMonthWithAFactWithoutAKnownPlaceIsNotRolledUp(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (store.Store, *sql.DB){"sqlite": sqliteStore, "postgres": postgresStore} {
		t.Run(name, func(t *testing.T) {
			st, _ := open(t)
			c := newCastOn(t, st, nil)
			may := month("2017-05")
			put := func(place org.PlaceID) {
				c.put(func(ctx context.Context, tx store.Tx) error {
					return tx.PutVisit(ctx, &visit.State{ID: visit.ID("v" + place), Place: place, Status: visit.Planned, Planned: day("2017-05-10")})
				})
			}
			put("AP-01")
			if err := c.sys.RollUp(t.Context(), may); err != nil {
				t.Fatal(err)
			}
			put("AP-99") // touched since, it is counted with its neighbours
			if diff, kept, touched := rolledUp(c, aggregate(c), may); diff != "" || kept != 1 || touched != 1 {
				t.Errorf("%d months kept, %d touched %s", kept, touched, diff)
			}
			if err := c.sys.RollUp(t.Context(), may); !errors.Is(err, report.ErrNotPaged) {
				t.Errorf("rolled up: %v", err)
			}
			put("")
			if _, err := c.sys.FreshenRollups(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff, kept, _ := rolledUp(c, aggregate(c), may); diff != "" || kept != 0 {
				t.Errorf("%d months kept %s", kept, diff)
			}
		})
	}
}

// More hamlets are touched than a store is going to tell of: notes are worked off some
// hundreds at a time, and none is taken whose page is not counted anew.
func TestNotesOfAWholeCountryAreWorkedOff(t *testing.T) {
	const hamlets = 2700
	st, _ := sqliteStore(t)
	c := newCastOn(t, st, nil)
	id := func(i int) string { return fmt.Sprintf("AP-%05d", i) }
	c.put(func(ctx context.Context, tx store.Tx) (err error) {
		for i := range hamlets {
			names := []org.Naming{{Valid: calendar.Period{From: day("2010-01-01")}, Kind: "ap", Name: id(i), Code: id(i), Parent: "C1"}}
			err = errors.Join(err, tx.PutPlace(ctx, &org.Place{ID: org.PlaceID(id(i)), Names: names}))
		}
		return err
	})
	if err := c.sys.RollUp(t.Context(), month("2017-05")); err != nil {
		t.Fatal(err)
	}
	c.put(func(ctx context.Context, tx store.Tx) (err error) {
		for i := range hamlets {
			o := opinion.State{ID: opinion.ID(id(i)), Place: org.PlaceID(id(i)), Heard: lan, Kind: opinion.Report, Confidentiality: opinion.Open, Status: opinion.Recorded, Happened: day("2017-05-10")}
			err = errors.Join(err, tx.PutOpinion(ctx, &o))
		}
		return err
	})
	if n, err := c.sys.FreshenRollups(t.Context()); err != nil || n < hamlets {
		t.Fatalf("%d notes worked off (error %v), want those of %d hamlets", n, err, hamlets)
	}
	if diff, kept, touched := rolledUp(c, aggregate(c), month("2017-05")); diff != "" || kept != 1 || touched != 0 {
		t.Errorf("%d months from pages, %d of them touched since\n%s", kept, touched, diff)
	}
}

// Many write, others work notes off and roll up, and in every snapshot meanwhile the
// figures that are read are those that are counted.
func TestRolledUpFiguresAreRightWhileEverybodyWrites(t *testing.T) {
	pgtest.Server(t) // skips where there is none
	st, _ := postgresStore(t)
	c := newCastOn(t, st, nil)
	crowd(c)
	full := aggregate(c)
	c.at("2017-05-20")
	if err := c.sys.RollUp(t.Context(), month("2017-05")); err != nil {
		t.Fatal(err)
	}
	const each = 25
	var writers, others sync.WaitGroup
	over := make(chan struct{})
	for place, official := range assigned() {
		writers.Go(func() {
			for i := range each {
				err := c.sys.Update(t.Context(), org.Actor{Person: official}, func(ctx context.Context, w *core.Work) error {
					_, err := w.Opinions.Capture(ctx, "", core.Said{Text: fmt.Sprintf("Ý kiến %d.", i), Kind: opinion.Report, Place: place})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, work := range []func() error{
		func() error { _, err := c.sys.FreshenRollups(t.Context()); return err },
		func() error { _, err := c.sys.FreshenRollups(t.Context()); return err },
		func() error { return c.sys.RollUp(t.Context(), month("2017-05")) },
	} {
		others.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := work(); err != nil && !errors.Is(err, fault.ErrStale) {
					t.Error(err)
					return
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { writers.Wait(); close(finished) }()
	looks, kept := 0, 0
	for ended := false; !ended; looks++ {
		select {
		case <-finished:
			ended = true // and one look more
		default:
		}
		diff, k, _ := rolledUp(c, full, month("2017-05"))
		if diff != "" {
			t.Error(diff)
			break
		}
		kept += k
	}
	close(over)
	others.Wait()
	<-finished
	if _, err := c.sys.FreshenRollups(t.Context()); err != nil {
		t.Fatal(err)
	}
	diff, k, touched := rolledUp(c, full, month("2017-05"))
	if diff != "" || k != 1 || touched != 0 {
		t.Errorf("at the end %d pages kept, %d touched %s", k, touched, diff)
	}
	if got := c.figures("2017-05").Opinions.Total; got != len(assigned())*each+2*(report.PageSize+10) {
		t.Errorf("%d opinions are counted", got)
	}
	t.Logf("looked %d times, %d times at pages", looks, kept)
	if kept == 0 {
		t.Error("pages were never read: it proves nothing")
	}
}

func TestASystemThatCountsEachTimeSaysSo(t *testing.T) {
	c := newCast(t, nil)
	if err := c.sys.RollUp(t.Context(), month("2017-05")); !errors.Is(err, core.ErrNoRollups) {
		t.Errorf("roll up in memory: %v", err)
	}
	if n, err := c.sys.FreshenRollups(t.Context()); n != 0 || err != nil {
		t.Errorf("freshen in memory: %d, %v", n, err)
	}
	st, _ := sqliteStore(t)
	own := newCastOn(t, st, &core.Options{Directory: func(tx store.Tx) org.Directory { return tx }})
	if err := own.sys.RollUp(t.Context(), month("2017-05")); !errors.Is(err, core.ErrNoRollups) {
		t.Errorf("roll up with a directory of the host: %v", err)
	}
}

// A host whose sweeps are all that runs by the clock: nobody needs the notes, or the
// sweep works them off, and the figures stay right.
func TestNotesDoNotPileUpWhereOnlySweepsRun(t *testing.T) {
	for name, opts := range map[string]*core.Options{
		"of the system":         nil,
		"a directory of a host": {Directory: func(tx store.Tx) org.Directory { return tx }},
	} {
		t.Run(name, func(t *testing.T) {
			st, db := sqliteStore(t)
			c := newCastOn(t, st, opts)
			notes := func() (n int) {
				t.Helper()
				if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM outreach_touched").Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			for _, on := range []string{"2017-05-10", "2017-05-11"} {
				c.held(lan, "AP-01", on, on, true)
				if notes() == 0 {
					t.Fatal("nothing was noted: it proves nothing")
				}
				c.at(on + " 23:00")
				if _, err := c.sys.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := notes(); n > 0 {
					t.Errorf("after the sweep of %s %d notes are left", on, n)
				}
				if opts == nil && on == "2017-05-10" {
					if err := c.sys.RollUp(t.Context(), month("2017-05")); err != nil {
						t.Fatal(err)
					}
				}
			}
			if opts != nil {
				return
			}
			if diff, kept, touched := rolledUp(c, aggregate(c), month("2017-05")); diff != "" || kept != 1 || touched != 0 {
				t.Errorf("%d months from pages, %d of them touched since\n%s", kept, touched, diff)
			}
		})
	}
}

// The numbers figures are counted by are part of what is kept: pages that were
// counted by others are not read, and are made anew by the sweep.
func TestPagesCountedByOtherNumbersAreNotRead(t *testing.T) {
	st, _ := sqliteStore(t)
	c := newCastOn(t, st, nil)
	c.held(lan, "AP-01", "2017-05-10", "2017-05-10", true)
	if err := c.sys.RollUp(t.Context(), month("2017-05")); err != nil {
		t.Fatal(err)
	}
	pol := policy.Default()
	pol.Quota.PerMonth = 3
	other := newCastByKeeping(c, pol)
	other.must(vp01, func(ctx context.Context, w *core.Work) error {
		g, _, err := w.Reports.Month(ctx, month("2017-05"))
		if err == nil && g.Verified.Of != 15 {
			err = fmt.Errorf("%d visits are owed, want 15", g.Verified.Of)
		}
		return err
	})
	if _, err := other.sys.FreshenRollups(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := other.figures("2017-05"); g.Verified.Of != 15 {
		t.Errorf("%d visits are owed after the sweep", g.Verified.Of)
	}
}

// newCastByKeeping is the same cast under another policy.
func newCastByKeeping(c *cast, pol policy.Policy) *cast {
	c.t.Helper()
	other := &cast{t: c.t, store: c.store}
	other.now.Store(c.now.Load())
	sys, err := core.New(c.store, pol, &core.Options{Clock: func() time.Time { return *other.now.Load() }, Calendar: calendar2017(c.t), Series: "XL"})
	if err != nil {
		c.t.Fatal(err)
	}
	other.sys = sys
	return other
}
