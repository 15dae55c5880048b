package sqlstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
)

func TestWhatIsLoadedIsWhatPutWouldHaveWritten(t *testing.T) {
	country := countrytest.New(1, 30)
	quarter := calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 3, 31)}
	each := func(t *testing.T, st store.Store, write func(context.Context, store.Tx, *org.Person, *issue.State) error) {
		t.Helper()
		err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			var people []*org.Person
			for p := range country.People() {
				people = append(people, p)
			}
			k := 0
			for s := range country.Issues(40, quarter) {
				if err := write(ctx, tx, people[k], s); err != nil {
					return err
				}
				k++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(t *testing.T, st store.Store) (all []issue.State, people []org.Person) {
		t.Helper()
		err := st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			var err error
			if all, err = tx.Issues(ctx, issue.Query{Place: countrytest.Hamlet(3)}); err != nil {
				return err
			}
			people, err = tx.Persons(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all, people
	}
	open := map[string]func(t *testing.T) store.Store{
		"sqlite": func(t *testing.T) store.Store {
			return migrated(t, openDB(t, "sqlite", sqlstore.SQLiteDSN(sqliteFile(t))), sqlstore.SQLite, nil)
		},
		"postgres": func(t *testing.T) store.Store {
			return migrated(t, openDB(t, "pgx", pgtest.Database(t)), sqlstore.Postgres, nil)
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			put, loaded := open(t), open(t)
			each(t, put, func(ctx context.Context, tx store.Tx, p *org.Person, s *issue.State) error {
				return errors.Join(tx.PutPerson(ctx, p), tx.PutIssue(ctx, s))
			})
			each(t, loaded, func(ctx context.Context, tx store.Tx, p *org.Person, s *issue.State) error {
				return sqlstore.Load(ctx, tx, sqlstore.Batch{Persons: []*org.Person{p}, Issues: []*issue.State{s}})
			})
			wantIssues, wantPeople := read(t, put)
			gotIssues, gotPeople := read(t, loaded)
			if len(wantIssues) == 0 || len(wantPeople) == 0 {
				t.Fatal("nothing to compare")
			}
			if diff := cmp.Diff(wantIssues, gotIssues); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(wantPeople, gotPeople); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadRefusesWhatIsThereAndWhatIsNotItsOwn(t *testing.T) {
	st := migrated(t, openDB(t, "sqlite", sqlstore.SQLiteDSN(sqliteFile(t))), sqlstore.SQLite, nil)
	load := func(st store.Store) error {
		return st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return sqlstore.Load(ctx, tx, sqlstore.Batch{Places: []*org.Place{{ID: "AP-1"}}})
		})
	}
	if err := load(st); err != nil {
		t.Fatal(err)
	}
	if err := load(st); !errors.Is(err, fault.ErrExists) {
		t.Errorf("loaded twice: %v", err)
	}
	if err := load(memstore.New()); err == nil {
		t.Error("another store's transaction was taken")
	}
}
