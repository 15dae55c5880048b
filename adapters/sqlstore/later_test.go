package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// atOnce is a store whose units of work write every row when it is put, and ask
// for every value again.
type atOnce struct{ *Store }

func (s atOnce) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, t store.Tx) error {
		t.(*tx).keeps = false
		return fn(ctx, t)
	})
}

// A season of visits leaves the same rows, byte for byte and in the same order of
// the journal, whether they were written together or each when it was put.
func TestWhatIsWrittenLaterIsWhatWouldHaveBeenWritten(t *testing.T) {
	t.Parallel()
	var dumps [2][]string
	for i, on := range []func(*Store) store.Store{
		func(st *Store) store.Store { return st },
		func(st *Store) store.Store { return atOnce{st} },
	} {
		db := databases[1].create(t)()
		must(t, Migrate(t.Context(), db, Postgres, nil))
		st, err := Open(db, Postgres, nil)
		must(t, err)
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return organisation(ctx, tx, 12) }))
		var ids atomic.Int64
		now := present
		sys, err := core.New(on(st), policy.Default(), &core.Options{Clock: func() time.Time { return now }, Series: "XL",
			NewID: func() string { return fmt.Sprintf("n-%06d", ids.Add(1)) }})
		must(t, err)
		evening := calendar.DateOf(present).Add(7)
		for k := range 12 {
			id := visit.ID(fmt.Sprintf("v-%d", k))
			must(t, sys.Update(t.Context(), org.Actor{Person: officialID(k)}, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Plan(ctx, visit.Plan{ID: id, Place: hamletID(k), Official: officialID(k), Date: evening, Kind: visit.Regular})
				return err
			}))
		}
		now = evening.Add(1).At(calendar.MustTimeOfDay(9, 0))
		for k := range 12 {
			must(t, reportVisit(t.Context(), sys, k, visit.ID(fmt.Sprintf("v-%d", k)), evening))
		}
		_, err = sys.Sweep(t.Context())
		must(t, err)
		for _, table := range tableNames(t, db, Postgres) {
			order, what := "1", "to_jsonb(x)::text"
			if table == "outreach_record" { // positions have gaps; their order counts
				order, what = "position", "(to_jsonb(x) - 'position')::text"
				table = "(SELECT * FROM outreach_record WHERE kind <> $$journal.checkpointed$$)" // which says up to what position
			}
			if table == "outreach_touched" { // each statement notes whom it touched: for whom there are notes counts, not how many
				what = "x.place || ' ' || x.official"
				table = "(SELECT DISTINCT place, official FROM outreach_touched)"
			}
			if table == "outreach_migration" {
				continue
			}
			dumps[i] = append(dumps[i], selectAll(t, db, "SELECT '"+table+" ' || "+what+" FROM "+table+" x ORDER BY "+order)...)
		}
	}
	if len(dumps[0]) < 600 {
		t.Fatalf("only %d rows were written", len(dumps[0]))
	}
	if diff := cmp.Diff(dumps[1], dumps[0]); diff != "" {
		t.Errorf("written at once (-), written together (+):\n%s", diff)
	}
}

// laterStore opens an empty PostgreSQL store with one duty, "d".
func laterStore(t *testing.T) *Store {
	db := databases[1].create(t)()
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return tx.PutDuty(ctx, &duty.State{ID: "d", Status: duty.Running, Label: "0"})
	}))
	return st
}

// label is what the duty says after all.
func label(t *testing.T, st *Store) (found string) {
	must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		d, err := tx.Duty(ctx, "d")
		found = d.Label
		return err
	}))
	return found
}

func TestARowWrittenLaterThatWasOvertakenRunsTheUnitAgain(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	add := func(ctx context.Context, tx store.Tx, mark string) error {
		d, err := tx.Duty(ctx, "d")
		if err != nil {
			return err
		}
		d.Label += mark
		return tx.PutDuty(ctx, &d)
	}
	rounds := 0
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		rounds++
		if err := add(ctx, tx, "a"); err != nil {
			return err
		}
		if rounds > 1 {
			return nil
		}
		return st.Update(ctx, func(ctx context.Context, tx store.Tx) error { return add(ctx, tx, "b") })
	}))
	if got := label(t, st); got != "0ba" || rounds != 2 {
		t.Errorf("the label is %q after %d rounds, want \"0ba\" after 2", got, rounds)
	}
}

func TestRowsWrittenLaterAreSeenByTheUnitThatPutThem(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	subject := event.Subject{Type: "duty", ID: "new"}
	must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error {
		s.(store.Announced).Announce("new")
		d := duty.State{ID: "new", Subject: subject, Status: duty.Running, Label: "1"}
		must(t, s.PutDuty(ctx, &d))
		d.Label = "2"
		must(t, s.PutDuty(ctx, &d))
		if d.Version != 2 {
			t.Errorf("Version is %d after two Puts, want 2", d.Version)
		}
		if len(s.(*tx).waiting) == 0 {
			t.Error("nothing waits: this test sees nothing")
		}
		all, err := s.Duties(ctx, duty.Query{Subject: subject})
		must(t, err)
		if len(all) != 1 || all[0].Label != "2" || all[0].Version != 2 {
			t.Errorf("the unit sees %+v", all)
		}
		for i := range 3 { // one at once, the others later
			r := event.Record{ID: fmt.Sprint(i), Subject: subject, Kind: "k", Recorded: noon, Happened: noon}
			last, err := s.LastRecord(ctx, subject)
			if err != nil && !errors.Is(err, fault.ErrNotFound) {
				return err
			}
			r.Seal(last)
			must(t, s.AppendRecord(ctx, &r))
			if r.Position <= last.Position {
				t.Errorf("record %d is at %d, after one at %d", i, r.Position, last.Position)
			}
		}
		other := event.Record{ID: "o", Subject: event.Subject{Type: "duty", ID: "not new"}, Kind: "k", Recorded: noon, Happened: noon}
		other.Seal(event.Record{})
		last, err := s.LastRecord(ctx, subject)
		must(t, err)
		must(t, s.AppendRecord(ctx, &other)) // at once: it might be there
		if other.Position <= last.Position || other.Position > last.Position+positionsAhead {
			t.Errorf("a record written at once is at %d, after one at %d", other.Position, last.Position)
		}
		next := event.Record{ID: "4", Subject: subject, Kind: "k", Recorded: noon, Happened: noon}
		next.Seal(last)
		must(t, s.AppendRecord(ctx, &next))
		if next.Position <= other.Position {
			t.Errorf("a record written later is at %d, after one at %d", next.Position, other.Position)
		}
		records, err := s.Records(ctx, event.Query{Subject: subject})
		if len(records) != 4 {
			t.Errorf("the unit sees %d records, want 4", len(records))
		}
		return err
	}))
}

// Two units make the same id, which an id maker must never do: the later one is
// told, and leaves nothing behind.
func TestAnIdThatWasNotNewIsRefusedAtTheLatestByTheCommit(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		tx.(store.Announced).Announce("d")
		tx.(store.Announced).Announce("other")
		return errors.Join(tx.PutDuty(ctx, &duty.State{ID: "other", Label: "other"}), tx.PutDuty(ctx, &duty.State{ID: "d", Label: "mine"}))
	})
	if !errors.Is(err, fault.ErrExists) || !strings.Contains(err.Error(), `"d"`) {
		t.Errorf("got %v, want ErrExists of d", err)
	}
	if got := label(t, st); got != "0" {
		t.Errorf("the label is %q, want what it was", got)
	}
	must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.Duty(ctx, "other"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("the other duty: %v, want ErrNotFound", err)
		}
		return nil
	}))
}

func TestAUnitThatFailsWritesNothingLater(t *testing.T) {
	t.Parallel()
	st := laterStore(t)
	failed := errors.New("no")
	if err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		d, err := tx.Duty(ctx, "d")
		must(t, err)
		d.Label = "changed"
		must(t, tx.PutDuty(ctx, &d))
		return failed
	}); !errors.Is(err, failed) {
		t.Errorf("got %v, want the unit's own error", err)
	}
	if got := label(t, st); got != "0" {
		t.Errorf("the label is %q, want what it was", got)
	}
}

// In a transaction of the host everything is written when it is put: nobody would
// write the rest before the host's commit.
func TestNothingWaitsInATransactionOfTheHost(t *testing.T) {
	t.Parallel()
	db := databases[1].create(t)()
	must(t, Migrate(t.Context(), db, Postgres, nil))
	host, err := db.BeginTx(t.Context(), &sql.TxOptions{})
	must(t, err)
	defer host.Rollback()
	joined := Join(host, Postgres, nil)
	joined.(store.Announced).Announce("d")
	must(t, joined.PutDuty(t.Context(), &duty.State{ID: "d"}))
	if rows := selectAll(t, host, "SELECT id FROM outreach_duty"); len(rows) != 1 {
		t.Errorf("the host sees %d duties before its commit, want 1", len(rows))
	}
}
