package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// The report of a visit takes as many round trips as answers follow from answers,
// whatever is said there: what is known of the visit by its id, then what follows
// from the place and the people in it, who come along; the number of the first
// issue, whose row is locked; and everything that is written. A long evening takes
// one more, for places in the journal.
func TestTheReportOfAVisitTakesFourRoundTripsHoweverMuchWasSaid(t *testing.T) {
	t.Parallel()
	now := present
	var asked *counter
	sys := district(t, databases[1].create(t)(), Postgres, 12, 200, func() time.Time { return now }, func(st *Store) store.Store {
		asked = &counter{Store: st}
		return asked
	})
	evening := calendar.DateOf(present).Add(7)
	report := func(k int, said []core.Said) []string {
		id := visit.ID(fmt.Sprintf("v-%d", k))
		now = evening.Add(-7).At(calendar.MustTimeOfDay(9, 0))
		must(t, sys.Update(t.Context(), org.Actor{Person: officialID(k)}, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{ID: id, Place: hamletID(k), Official: officialID(k), Date: evening, Kind: visit.Regular})
			return err
		}))
		now = evening.Add(1).At(calendar.MustTimeOfDay(9, 0))
		asked.statements = nil
		must(t, sys.Update(t.Context(), org.Actor{Person: officialID(k)}, func(ctx context.Context, w *core.Work) error {
			return reported(ctx, w, id, evening, said)
		}))
		return asked.statements
	}
	if got := report(0, saidAt(0)); len(got) > 4 {
		t.Errorf("eight opinions and three issues took %d statements, want 4 at most:\n%s", len(got), strings.Join(got, "\n"))
	}
	var long []core.Said
	for k := range 5 {
		long = append(long, saidAt(1+k)...)
	}
	if got := report(1, long); len(got) > 5 {
		t.Errorf("40 opinions and 15 issues took %d statements, want 5 at most:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// foreseeingStore opens an empty PostgreSQL store that notes every statement, with a duty "d" of
// a subject that has one record.
func foreseeingStore(t *testing.T) (*counter, event.Subject) {
	st := laterStore(t)
	subject := event.Subject{Type: "duty", ID: "d"}
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		d, err := tx.Duty(ctx, "d")
		must(t, err)
		d.Subject = subject
		must(t, tx.PutDuty(ctx, &d))
		r := event.Record{ID: "r", Subject: subject, Kind: "k", Recorded: noon, Happened: noon, Data: []byte(`{"a": "ấp 1"}`)}
		r.Seal(event.Record{})
		_, err = tx.AddNotice(ctx, &notify.Notice{ID: "n", Key: "n", Subject: subject, State: notify.Pending, Created: noon})
		return errors.Join(err, tx.AppendRecord(ctx, &r))
	}))
	return &counter{Store: st}, subject
}

// answers are what a transaction says to questions of many kinds.
func answers(ctx context.Context, tx store.Tx, subject event.Subject) (all []any) {
	for _, ask := range []func() (any, error){
		func() (any, error) { return tx.Duty(ctx, "d") },
		func() (any, error) { return tx.Duty(ctx, "none") },
		func() (any, error) {
			return tx.Duties(ctx, duty.Query{Subject: subject, Statuses: []duty.Status{duty.Running, duty.Paused}})
		},
		func() (any, error) { return tx.Duties(ctx, duty.Query{Subject: event.Subject{Type: "none"}}) },
		func() (any, error) { return tx.LastRecord(ctx, subject) },
		func() (any, error) { return tx.LastRecord(ctx, event.Subject{Type: "none", ID: "none"}) },
		func() (any, error) { return tx.Notices(ctx, notify.Query{Subject: subject, Since: noon, Limit: 3}) },
		func() (any, error) { return tx.Rules(ctx) },
		func() (any, error) { return tx.Leaves(ctx, org.LeaveQuery{On: calendar.MustDate(2017, 3, 1)}) },
	} {
		answer, err := ask()
		all = append(all, answer, fmt.Sprint(err), errors.Is(err, fault.ErrNotFound))
	}
	return all
}

func TestWhatWasForeseenIsAnsweredAsIfItWereAskedThen(t *testing.T) {
	t.Parallel()
	st, subject := foreseeingStore(t)
	var want, got []any
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		want = answers(ctx, tx, subject)
		return nil
	}))
	one := len(st.statements)
	st.statements = nil
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		must(t, tx.(store.Foreseen).Foresee(ctx, func(tx store.Tx) { answers(ctx, tx, subject) }))
		got = answers(ctx, tx, subject)
		return nil
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("asked then (-), foreseen (+):\n%s", diff)
	}
	if one != 9 || len(st.statements) != 1 {
		t.Errorf("nine questions took %d statements, and %d when they were foreseen, want 9 and 1:\n%s", one, len(st.statements), strings.Join(st.statements, "\n"))
	}
}

func TestAnAnswerThatWasForeseenIsForgottenWhenTheUnitWritesThere(t *testing.T) {
	t.Parallel()
	st, subject := foreseeingStore(t)
	running := duty.Query{Statuses: []duty.Status{duty.Running}}
	of := notify.Query{Subject: subject}
	must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error {
		must(t, s.(store.Foreseen).Foresee(ctx, func(tx store.Tx) {
			_, _ = tx.Duties(ctx, running)
			_, _ = tx.LastRecord(ctx, subject)
			_, _ = tx.Notices(ctx, of)
		}))
		if len(s.(*tx).foreseen) != 3 {
			t.Fatal("nothing was foreseen: this test sees nothing")
		}
		d, err := s.Duty(ctx, "d")
		must(t, err)
		d.Label = "changed"
		must(t, s.PutDuty(ctx, &d)) // later
		all, err := s.Duties(ctx, running)
		must(t, err)
		if len(all) != 1 || all[0].Label != "changed" {
			t.Errorf("the unit sees %+v", all)
		}
		last, err := s.LastRecord(ctx, subject)
		must(t, err)
		next := event.Record{ID: "r2", Subject: subject, Kind: "k", Recorded: noon, Happened: noon}
		next.Seal(last)
		must(t, s.AppendRecord(ctx, &next))
		if last, err = s.LastRecord(ctx, subject); err != nil || last.Seq != 2 {
			t.Errorf("the end of the chain is %d, %v, want 2", last.Seq, err)
		}
		must(t, s.(store.Gathered).AddNotices(ctx, []notify.Notice{{ID: "n2", Key: "n2", Subject: subject}}, func(notify.Notice, bool) {}))
		notices, err := s.Notices(ctx, of)
		if len(notices) != 2 {
			t.Errorf("the unit sees %d notices, want 2", len(notices))
		}
		return err
	}))
}

func TestAUnitThatForesawWhatWasOvertakenRunsAgain(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	rounds := 0
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		rounds++
		must(t, tx.(store.Foreseen).Foresee(ctx, func(tx store.Tx) { _, _ = tx.Duty(ctx, "d") }))
		if rounds == 1 {
			must(t, st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
				d, err := tx.Duty(ctx, "d")
				d.Label += "b"
				return errors.Join(err, tx.PutDuty(ctx, &d))
			}))
		}
		d, err := tx.Duty(ctx, "d")
		d.Label += "a"
		return errors.Join(err, tx.PutDuty(ctx, &d))
	}))
	if got := label(t, st); got != "0ba" || rounds != 2 {
		t.Errorf("the label is %q after %d rounds, want \"0ba\" after 2", got, rounds)
	}
}

// What only listens answers nothing that is not known, takes nothing, and asks on
// from what it has learned.
func TestWhoForeseesOnlyListens(t *testing.T) {
	t.Parallel()
	st, subject := foreseeingStore(t)
	must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error {
		calls := 0
		must(t, s.(store.Foreseen).Foresee(ctx, func(tx store.Tx) {
			calls++
			for what, err := range map[string]error{
				"PutDuty":         tx.PutDuty(ctx, &duty.State{ID: "new"}),
				"AppendRecord":    tx.AppendRecord(ctx, &event.Record{Subject: subject, Seq: 2}),
				"AddNotice":       errorOf(tx.AddNotice(ctx, &notify.Notice{ID: "new", Key: "new"})),
				"PutNotices":      tx.PutNotices(ctx, []*notify.Notice{{ID: "n", Version: 1}}),
				"NextIssueNumber": errorOf(tx.NextIssueNumber(ctx, "XL-17")),
				"Lease":           errorOf(tx.Lease(ctx, "l", "me", noon, noon.Add(time.Hour))),
				"CountNotices":    errorOf(tx.CountNotices(ctx)),
				"AddNotices":      tx.(store.Gathered).AddNotices(ctx, []notify.Notice{{ID: "new", Key: "new"}}, func(notify.Notice, bool) {}),
			} {
				if err == nil {
					t.Errorf("%s succeeds", what)
				}
			}
			d, err := tx.Duty(ctx, "d")
			if calls == 1 != (err != nil) {
				t.Errorf("call %d: %v", calls, err)
			}
			if err == nil {
				_, _ = tx.LastRecord(ctx, d.Subject)
			}
		}))
		if calls != 3 || len(st.statements) != 2 {
			t.Errorf("asked %d times in %d statements, want 3 in 2", calls, len(st.statements))
		}
		return nil
	}))
	if got := label(t, st.Store); got != "0" {
		t.Errorf("the label is %q, want what it was", got)
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestNothingIsForeseenInATransactionOfTheHostNorWhereAStatementIsNoRoundTrip(t *testing.T) {
	t.Parallel()
	never := func(tx store.Tx) {
		must(t, tx.(store.Foreseen).Foresee(t.Context(), func(store.Tx) { t.Error("asked what it foresees") }))
	}
	db := databases[1].create(t)()
	must(t, Migrate(t.Context(), db, Postgres, nil))
	host, err := db.BeginTx(t.Context(), &sql.TxOptions{})
	must(t, err)
	defer host.Rollback()
	never(Join(host, Postgres, nil))

	lite := databases[0].create(t)()
	must(t, Migrate(t.Context(), lite, SQLite, nil))
	st, err := Open(lite, SQLite, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(_ context.Context, tx store.Tx) error {
		never(tx)
		return nil
	}))
}

// Many notices are added as they would be one by one, in one statement, in a
// transaction of the host too, and who added them is told which were.
func TestManyNoticesAreAddedAsEachWouldBe(t *testing.T) {
	t.Parallel()
	many := []notify.Notice{{ID: "a", Key: "1"}, {ID: "b", Key: "2"}, {ID: "c", Key: "1"}, {ID: "d", Key: "taken"}, {ID: "e", Key: "3"}}
	for _, d := range databases {
		for _, joined := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, joined %v", d.dialect, joined), func(t *testing.T) {
				t.Parallel()
				db := d.create(t)()
				must(t, Migrate(t.Context(), db, d.dialect, nil))
				st, err := Open(db, d.dialect, nil)
				must(t, err)
				update := st.Update
				if joined {
					update = func(ctx context.Context, fn func(context.Context, store.Tx) error) error {
						host, err := db.BeginTx(ctx, nil)
						must(t, err)
						defer host.Rollback()
						if err := fn(ctx, Join(host, d.dialect, nil)); err != nil {
							return err
						}
						return host.Commit()
					}
				}
				must(t, update(t.Context(), func(ctx context.Context, tx store.Tx) error {
					_, err := tx.AddNotice(ctx, &notify.Notice{ID: "first", Key: "taken"})
					return err
				}))
				var told []string
				must(t, update(t.Context(), func(ctx context.Context, tx store.Tx) error {
					told = nil
					return tx.(store.Gathered).AddNotices(ctx, many, func(n notify.Notice, added bool) {
						told = append(told, fmt.Sprintf("%s %v %d", n.ID, added, n.Version))
					})
				}))
				if want := []string{"a true 1", "b true 1", "c false 0", "d false 0", "e true 1"}; !slices.Equal(told, want) {
					t.Errorf("told %v, want %v", told, want)
				}
				must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
					all, err := tx.Notices(ctx, notify.Query{})
					var there []string
					for _, n := range all {
						there = append(there, string(n.ID)+"/"+n.Key)
					}
					if want := []string{"a/1", "b/2", "e/3", "first/taken"}; !slices.Equal(there, want) {
						t.Errorf("there are %v, want %v", there, want)
					}
					return err
				}))
				err = update(t.Context(), func(ctx context.Context, tx store.Tx) error {
					return tx.(store.Gathered).AddNotices(ctx, []notify.Notice{{ID: "f", Key: "4"}, {ID: "a", Key: "5"}}, func(notify.Notice, bool) {})
				})
				if !errors.Is(err, fault.ErrExists) || !strings.Contains(err.Error(), `"a"`) {
					t.Errorf("an id that is taken: %v, want ErrExists of it", err)
				}
				must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
					if tx.(store.Gathered).AddNotices(ctx, many, nil) == nil {
						t.Error("a View takes notices")
					}
					return nil
				}))
			})
		}
	}
}

// The numbers of a series follow each other over units of work, those that a unit
// took without asking too, and a unit that fails gives its numbers back.
func TestNumbersOfASeriesAreCountedWithinTheUnitAndLeaveNoHole(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	take := func(n int, end error) (numbers []int) {
		err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			numbers = nil
			for i := range n {
				for _, series := range []string{"XL-17", "TN-17"}[:1+i%2] {
					next, err := tx.NextIssueNumber(ctx, series)
					if err != nil {
						return err
					}
					if series == "XL-17" {
						numbers = append(numbers, next)
					}
				}
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Errorf("got %v, want %v", err, end)
		}
		return numbers
	}
	failed := errors.New("no")
	got := slices.Concat(take(3, nil), take(4, failed), take(2, nil), take(1, nil))
	if want := []int{1, 2, 3, 4, 5, 6, 7, 4, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whoever is refused because of rows written together learns of what kind the row
// is, as at a Put of its own.
func TestARowWrittenTogetherThatIsTakenIsRefusedByItsKind(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	put := func(id string) error {
		return st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			tx.(store.Announced).Announce(id)
			return errors.Join(tx.PutIssue(ctx, &issue.State{ID: issue.ID(id), Code: "XL-17-0001"}), tx.PutDuty(ctx, &duty.State{ID: duty.ID(id)}), tx.PutOpinion(ctx, &opinion.State{ID: opinion.ID(id)}))
		})
	}
	must(t, put("one"))
	if err := put("two"); !errors.Is(err, fault.ErrExists) || !strings.Contains(err.Error(), `issue "of a batch"`) {
		t.Errorf("got %v, want ErrExists of an issue", err)
	}
}

// The statement that adds what waited is planned once for each connection, also on
// one that was opened when there was nothing yet.
func TestAKeptPlanGoesByAnIndexHoweverSmallTheTablesWere(t *testing.T) {
	t.Parallel()
	st, subject := foreseeingStore(t)
	exec(t, st.db, "VACUUM ANALYZE")
	must(t, st.Update(t.Context(), func(ctx context.Context, open store.Tx) error {
		foreseen, ok := open.(store.Foreseen)
		if !ok {
			t.Fatal("a transaction of PostgreSQL foresees nothing")
		}
		must(t, foreseen.Foresee(ctx, func(tx store.Tx) { _, _ = tx.LastRecord(ctx, subject) }))
		own := open.(*tx)
		parts := writing(t)
		statement, args := together(parts)
		p, err := postgresPlan(ctx, own.q, statement, own.bind(args))
		must(t, err)
		if len(p.scanned) > 0 || len(p.indexes) < len(parts) {
			t.Errorf("of a small database it scans %v and uses %v of %d tables", p.scanned, p.indexes, len(parts))
		}
		return nil
	}))
}

// writing are the statements that add a row to some tables.
func writing(t *testing.T) (parts []part) {
	t.Helper()
	add := func(table, statement string, row []any, err error) {
		must(t, err)
		parts = append(parts, part{table: table, statement: statement, args: func() []any { return columnArgs([][]any{row}) }})
	}
	o, err := opinions.row(&opinion.State{ID: "o"})
	add(opinions.name, opinions.insertions.of(1), o, err)
	i, err := issues.row(&issue.State{ID: "i"})
	add(issues.name, issues.insertions.of(1), i, err)
	s, err := speakers.row(&opinion.Speaker{ID: "s"})
	add(speakers.name, speakers.insertions.of(1), s, err)
	v, err := visits.row(&visit.State{ID: "v"})
	add(visits.name, visits.insertions.of(1), v, err)
	return parts
}
