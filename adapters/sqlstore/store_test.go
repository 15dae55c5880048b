package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// eachStore runs a test on an empty store of each kind.
func eachStore(t *testing.T, test func(t *testing.T, st *Store, handle func() *sql.DB)) {
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		must(t, Migrate(t.Context(), db, d, nil))
		st, err := Open(db, d, nil)
		must(t, err)
		test(t, st, handle)
	})
}

// driverError is an error as a driver reports it.
type driverError struct{ state string }

func (driverError) Error() string      { return "the driver says no" }
func (e driverError) SQLState() string { return e.state }

type sqliteError struct{ code int }

func (sqliteError) Error() string { return "the driver says no" }
func (e sqliteError) Code() int   { return e.code }

func TestParametersOfSQLiteAreNumbers(t *testing.T) {
	t.Parallel()
	const statement = "UPDATE a SET b = $2, c = $13 WHERE id = $1 AND s->>'$.d' = '$'"
	if got, want := questionMarks(statement), "UPDATE a SET b = ?2, c = ?13 WHERE id = ?1 AND s->>'$.d' = '$'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// ownNumber is of a type that only its driver's package can name.
type ownNumber int32

type methodError struct{ code ownNumber }

func (*methodError) Error() string             { return "the driver says no" }
func (e *methodError) Code() ownNumber         { return e.code & 0xff }
func (e *methodError) ExtendedCode() ownNumber { return e.code }

type fieldError struct{ Code, ExtendedCode ownNumber }

func (fieldError) Error() string { return "the driver says no" }

func TestErrorsOfDriversAreRecognised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err             error
		conflict, taken bool
	}{
		{driverError{state: "40001"}, true, false},
		{driverError{state: "40P01"}, true, false},
		{driverError{state: "23505"}, false, true},
		{driverError{state: "23503"}, false, false},
		{sqliteError{5}, true, false},
		{sqliteError{517}, true, false}, // busy, snapshot
		{sqliteError{262}, true, false}, // locked, shared cache
		{sqliteError{2067}, false, true},
		{sqliteError{1555}, false, true},
		{sqliteError{787}, false, false}, // foreign key
		{&methodError{5}, true, false},
		{&methodError{2067}, false, true},
		{errors.Join(errors.New("before"), &methodError{1555}), false, true},
		{(*methodError)(nil), false, false},
		{fieldError{6, 6}, true, false},
		{fieldError{19, 2067}, false, true},
		{fieldError{19, 787}, false, false},
		{errors.New("40001"), false, false},
		{nil, false, false},
	} {
		wrapped := fmt.Errorf("deep down: %w", c.err)
		if got := conflict(wrapped); got != c.conflict {
			t.Errorf("%#v is a conflict: %v, want %v", c.err, got, c.conflict)
		}
		if got := taken(wrapped); got != c.taken {
			t.Errorf("%#v says that a value is taken: %v, want %v", c.err, got, c.taken)
		}
	}
}

func TestATransactionThatLostIsRunAgainAsOftenAsAllowed(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		must(t, Migrate(t.Context(), db, d, nil))
		for _, c := range []struct{ retries, want int }{{0, 1 + defaultRetries}, {2, 3}, {-1, 1}} {
			st, err := Open(db, d, &Options{Retries: c.retries})
			must(t, err)
			lost, runs := fmt.Errorf("lost: %w", driverError{state: "40001"}), 0
			err = st.Update(t.Context(), func(context.Context, store.Tx) error { runs++; return lost })
			if runs != c.want || err != lost { //nolint:errorlint // that very error
				t.Errorf("Retries %d: %d runs, error %v", c.retries, runs, err)
			}
			runs = 0
			must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				if runs++; runs == 1 && c.retries >= 0 {
					return lost
				}
				return nil
			}))
			runs = 0
			other := errors.New("another error")
			if err := st.Update(t.Context(), func(context.Context, store.Tx) error { runs++; return other }); runs != 1 || err != other { //nolint:errorlint // that very error
				t.Errorf("an error of fn's own: %d runs, error %v", runs, err)
			}
		}
	})
}

func TestAStaleVersionIsTriedAgainOnlyIfTheTransactionReadIt(t *testing.T) {
	t.Parallel()
	db := handle(t, "pgx", pgtest.Database(t))
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		_, err := tx.AddNotice(ctx, waiting(1))
		return errors.Join(err, tx.PutPlace(ctx, &org.Place{ID: "a"}), tx.AppendRecord(ctx, record(1)))
	}))
	change := func(write func(ctx context.Context, tx store.Tx) error) { // by somebody else
		t.Helper()
		must(t, st.Update(t.Context(), write))
	}

	runs := 0
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		p, err := tx.Place(ctx, "a")
		if err != nil {
			return err
		}
		if runs++; runs == 1 {
			change(func(ctx context.Context, tx store.Tx) error { other := p; return tx.PutPlace(ctx, &other) })
		}
		return tx.PutPlace(ctx, &p)
	}))
	if runs != 2 {
		t.Errorf("overtaken between reading and replacing: %d runs, want 2", runs)
	}

	runs = 0
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		ns, err := tx.Notices(ctx, notify.Query{}) // does not lock
		if err != nil {
			return err
		}
		if runs++; runs == 1 {
			change(func(ctx context.Context, tx store.Tx) error {
				other := ns[0]
				return tx.PutNotices(ctx, pointers(&other))
			})
		}
		return tx.PutNotices(ctx, pointers(&ns[0]))
	}))
	if runs != 2 {
		t.Errorf("overtaken between reading and replacing a batch: %d runs, want 2", runs)
	}

	runs = 0
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		last, err := tx.LastRecord(ctx, record(1).Subject)
		if err != nil {
			return err
		}
		next := event.Record{ID: fmt.Sprint("next", runs), Subject: last.Subject}
		next.Seal(last)
		if runs++; runs == 1 {
			change(func(ctx context.Context, tx store.Tx) error { other := next; return tx.AppendRecord(ctx, &other) })
		}
		return tx.AppendRecord(ctx, &next)
	}))
	if runs != 2 {
		t.Errorf("overtaken in the journal: %d runs, want 2", runs)
	}

	runs = 0
	err = st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		runs++
		return tx.PutPlace(ctx, &org.Place{ID: "a", Version: 1}) // as a form sent back too late
	})
	if runs != 1 || !errors.Is(err, fault.ErrStale) {
		t.Errorf("a version that came from outside: %d runs, error %v, want one run and ErrStale", runs, err)
	}
}

func TestACommitThatFailsIsAnErrorAndKeepsNothing(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, handle func() *sql.DB) {
		db := handle()
		db.SetMaxOpenConns(1)
		st.db = db // one connection: what a failed commit leaves behind would show
		exec(t, db, "CREATE TABLE team (id INTEGER PRIMARY KEY)")
		exec(t, db, "CREATE TABLE ticket (team INTEGER REFERENCES team (id) DEFERRABLE INITIALLY DEFERRED)")
		for range 2 {
			runs := 0
			err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				runs++
				if _, err := querier(tx).ExecContext(ctx, "INSERT INTO ticket VALUES (7)"); err != nil {
					return err
				}
				return tx.PutPlace(ctx, &org.Place{ID: "a"})
			})
			if err == nil || runs != 1 {
				t.Errorf("Update returned %v after %d runs although the commit was refused", err, runs)
			}
		}
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			if _, err := tx.Place(ctx, "a"); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("the place is there (error %v)", err)
			}
			return tx.PutPlace(ctx, &org.Place{ID: "b"})
		}))
	})
}

func querier(of store.Tx) Querier { return of.(*tx).q }

func TestALostConnectionIsAnError(t *testing.T) {
	t.Parallel()
	db := handle(t, "pgx", pgtest.Database(t))
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	err = st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := tx.PutPlace(ctx, &org.Place{ID: "a"}); err != nil {
			return err
		}
		pid := selectAll(t, querier(tx), "SELECT pg_backend_pid()")[0]
		exec(t, db, "SELECT pg_terminate_backend($1::int)", pid)
		time.Sleep(50 * time.Millisecond)
		return nil
	})
	if err == nil {
		t.Errorf("Update returned nil although its connection was gone before the commit")
	}
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.PutPlace(ctx, &org.Place{ID: "a"}) }))
}

func TestAJoinedTransactionSharesTheFateOfTheCallers(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, handle func() *sql.DB) {
		db := st.db
		exec(t, db, "CREATE TABLE ticket (id INTEGER PRIMARY KEY, state TEXT)")
		work := func(t *testing.T, q Querier) {
			t.Helper()
			exec(t, q, "INSERT INTO ticket VALUES (1, 'referred')")
			tx := Join(q, st.dialect.name, nil)
			must(t, tx.PutPlace(t.Context(), &org.Place{ID: "a"}))
			if err := tx.PutPlace(t.Context(), &org.Place{ID: "a"}); !errors.Is(err, fault.ErrExists) {
				t.Errorf("got %v, want ErrExists", err)
			}
			must(t, tx.AppendRecord(t.Context(), record(1))) // the refusal left the caller's transaction whole
			n, stale := waiting(1), waiting(2)
			_, err := tx.AddNotice(t.Context(), n)
			must(t, err)
			must(t, tx.PutNotices(t.Context(), pointers(n)))
			stale.Version = 1
			if err := tx.PutNotices(t.Context(), pointers(n, stale)); !errors.Is(err, fault.ErrStale) {
				t.Errorf("got %v, want ErrStale", err)
			}
		}
		expect := func(want int) {
			t.Helper()
			if n := len(selectAll(t, db, "SELECT id FROM ticket")); n != want {
				t.Errorf("%d tickets, want %d", n, want)
			}
			must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
				all, err := tx.Places(ctx)
				records, again := tx.Records(ctx, event.Query{})
				if len(all) != want || len(records) != want {
					t.Errorf("%d places and %d records, want %d of each", len(all), len(records), want)
				}
				return errors.Join(err, again)
			}))
		}

		undone, err := db.BeginTx(t.Context(), nil)
		must(t, err)
		work(t, undone)
		must(t, undone.Rollback())
		expect(0)

		conn, err := db.Conn(t.Context())
		must(t, err)
		exec(t, conn, "BEGIN")
		work(t, conn)
		exec(t, conn, "ROLLBACK")
		must(t, conn.Close())
		expect(0)

		bare, err := db.BeginTx(t.Context(), nil)
		must(t, err)
		work(t, struct{ Querier }{bare}) // one that can do nothing else
		must(t, bare.Rollback())
		expect(0)

		kept, err := db.BeginTx(t.Context(), nil)
		must(t, err)
		work(t, kept)
		must(t, kept.Commit())
		expect(1)
	})
}

func TestATransactionIsOverWhenItsFunctionReturns(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		var escaped store.Tx
		for _, run := range []func(context.Context, func(context.Context, store.Tx) error) error{st.Update, st.View} {
			must(t, run(t.Context(), func(_ context.Context, tx store.Tx) error { escaped = tx; return nil }))
			if _, err := escaped.Places(t.Context()); !errors.Is(err, errOver) {
				t.Errorf("reading afterwards gave %v", err)
			}
			if err := escaped.PutPlace(t.Context(), &org.Place{ID: "a"}); !errors.Is(err, errOver) && !errors.Is(err, errReading) {
				t.Errorf("writing afterwards gave %v", err)
			}
		}
	})
}

func TestUpdatesOfOneSQLiteStoreWaitForEachOtherAndForTheirContext(t *testing.T) {
	t.Parallel()
	db := handle(t, "sqlite", SQLiteDSN(filepath.Join(t.TempDir(), "x.db")))
	must(t, Migrate(t.Context(), db, SQLite, nil))
	st, err := Open(db, SQLite, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(ctx context.Context, _ store.Tx) error {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		err := st.Update(ctx, func(context.Context, store.Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for the other Update ended with %v", err)
		}
		return nil
	}))
}

func TestClaimsOnPostgresPassOverWhatOthersHoldWithoutWaiting(t *testing.T) {
	t.Parallel()
	db := handle(t, "pgx", pgtest.Database(t))
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range 6 {
			_, err := tx.AddNotice(ctx, waiting(i))
			d := duty.State{ID: duty.ID(fmt.Sprint(i)), Status: duty.Running, WakeAt: noon}
			if err := errors.Join(err, tx.PutDuty(ctx, &d)); err != nil {
				return err
			}
		}
		return nil
	}))
	claim := func(ctx context.Context, tx store.Tx) []string {
		t.Helper()
		notices, err := tx.DueNotices(ctx, noon, 4)
		must(t, err)
		duties, err := tx.DutiesToWake(ctx, noon, 4)
		must(t, err)
		var all []string
		for _, n := range notices {
			all = append(all, "notice "+string(n.ID))
		}
		for _, d := range duties {
			all = append(all, "duty "+string(d.ID))
		}
		return all
	}
	must(t, st.Update(t.Context(), func(ctx context.Context, one store.Tx) error {
		first := claim(ctx, one)
		return st.Update(ctx, func(ctx context.Context, two store.Tx) error {
			second := claim(ctx, two)
			if len(first) != 8 || len(second) != 4 || slices.ContainsFunc(second, func(id string) bool { return slices.Contains(first, id) }) {
				t.Errorf("one claims %q, two claims %q", first, second)
			}
			return nil
		})
	}))
}

func TestNoticesByIDAreLockedOnPostgres(t *testing.T) {
	t.Parallel()
	db := handle(t, "pgx", pgtest.Database(t))
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		_, err := tx.AddNotice(ctx, waiting(1))
		return err
	}))
	ids := []notify.ID{waiting(1).ID}
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.NoticesByID(ctx, ids); err != nil {
			return err
		}
		waits, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		if err := st.Update(waits, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.NoticesByID(ctx, ids)
			return err
		}); err == nil {
			t.Errorf("a second transaction got the notice as well")
		}
		return st.View(ctx, func(ctx context.Context, tx store.Tx) error { // readers are not held up
			_, err := tx.NoticesByID(ctx, ids)
			return err
		})
	}))
}

func TestWhatIsSealedStandsInNoOtherTable(t *testing.T) {
	t.Parallel()
	const body, accused = "đã nhận tiền của dân", "người bị tố cáo"
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			c := sealed.Case{ID: "c", Code: "M-01", Body: body, Accused: []org.PersonID{accused}, Status: sealed.Received, Recorded: noon}
			if err := tx.PutSealedCase(ctx, &c); err != nil {
				return err
			}
			c.Status = sealed.Transferred
			return errors.Join(tx.PutSealedCase(ctx, &c), tx.AppendRecord(ctx, record(1)),
				tx.AddSealedAccess(ctx, &sealed.Access{ID: "a", Case: "c", By: "inspector", What: "body", Allowed: true, At: noon}))
		}))
		found := map[string][]string{}
		for _, table := range tableNames(t, st.db, st.dialect.name) {
			for _, cells := range rowsOf(t, st.db, table) {
				for _, secret := range []string{body, accused, "M-01"} {
					if strings.Contains(cells, secret) {
						found[secret] = append(found[secret], table)
					}
				}
			}
		}
		only := []string{"outreach_sealed_case"}
		if diff := cmp.Diff(map[string][]string{body: only, accused: only, "M-01": only}, found); diff != "" {
			t.Errorf("where the secrets stand (-want +got):\n%s", diff)
		}
	})
}

// rowsOf returns every row of a table, its cells in one text.
func rowsOf(t testing.TB, db Querier, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	must(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(t, err)
	var all []string
	for rows.Next() {
		cells := make([]any, len(names))
		targets := make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		must(t, rows.Scan(targets...))
		all = append(all, fmt.Sprintf("%s", cells))
	}
	must(t, rows.Err())
	return all
}

func TestWhatIsStoredCanBeReadByOthers(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		saigon := calendar.Zone()
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			n := waiting(1)
			n.NextAt = time.Date(2017, time.March, 1, 7, 30, 0, 123456789, saigon)
			_, err := tx.AddNotice(ctx, n)
			v := visit.State{ID: "v", Place: "suoi-cat", Planned: calendar.MustDate(2017, time.March, 5), Recorded: n.NextAt}
			return errors.Join(err, tx.PutVisit(ctx, &v))
		}))
		instant := map[Dialect]string{SQLite: "next_at", Postgres: `to_char(next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`}[st.dialect.name]
		for query, want := range map[string]string{
			"SELECT " + instant + " FROM outreach_notice":                               "2017-03-01T00:30:00.123456Z",
			"SELECT CAST(day AS text) FROM outreach_visit":                              "2017-03-05",
			"SELECT state ->> 'place' FROM outreach_visit WHERE place = 'suoi-cat'":     "suoi-cat",
			"SELECT state ->> 'recorded' FROM outreach_visit":                           "2017-03-01T00:30:00.123456Z",
			"SELECT coalesce(team, 'no team') FROM outreach_visit":                      "no team",
			"SELECT coalesce(merged_into, 'not merged') FROM outreach_notice":           "not merged",
			"SELECT CAST(version AS text) || (state ->> 'version') FROM outreach_visit": "11",
		} {
			if got := selectAll(t, st.db, query); len(got) != 1 || got[0] != want {
				t.Errorf("%s gave %q, want %q", query, got, want)
			}
		}
	})
}

func TestThePutValueIsNotChangedByStoringIt(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		at := time.Date(2017, time.March, 1, 7, 30, 0, 123456789, calendar.Zone())
		v := visit.State{ID: "v", Recorded: at, Evidence: []visit.Evidence{{Recorded: at}}}
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.PutVisit(ctx, &v) }))
		if v.Recorded != at || v.Evidence[0].Recorded != at {
			t.Errorf("the caller's instants became %v and %v", v.Recorded, v.Evidence[0].Recorded)
		}
	})
}

func TestIdsSortAsBytesWhateverTheLocaleOfTheDatabase(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t)
	admin := handle(t, "pgx", server)
	name := "outreach_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'vi' ENCODING 'UTF8'"); err != nil {
		t.Skipf("this PostgreSQL cannot sort as in Vietnamese: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	address, err := url.Parse(server)
	must(t, err)
	address.Path = "/" + name
	db := handle(t, "pgx", address.String())
	if got := selectAll(t, db, "SELECT v FROM (VALUES ('b'), ('B'), ('a')) AS t (v) ORDER BY v"); !slices.Equal(got, []string{"a", "b", "B"}) {
		t.Fatalf("the database sorts as bytes itself: %q", got)
	}
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	want := []org.UnitID{"A", "B", "a", "a b", "a-c", "a1", "b", "Đ", "ấ"}
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for _, id := range slices.Backward(want) {
			if err := tx.PutUnit(ctx, &org.Unit{ID: id}); err != nil {
				return err
			}
		}
		all, err := tx.Units(ctx)
		var got []org.UnitID
		for _, u := range all {
			got = append(got, u.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		return err
	}))
}

// The hot queries are answered by an index made for them, also when the table
// is full of what is over.
func TestHotQueriesUseTheirIndex(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			for i := range 3000 {
				n := waiting(i)
				n.To.Person = org.PersonID(fmt.Sprint("o", i%500))
				d := duty.State{ID: duty.ID(n.ID), Subject: n.Subject, Status: duty.Met, Due: calendar.MustDate(2017, time.March, 1).Add(i % 300)}
				if n.State = notify.Delivered; i%100 == 0 {
					n.State, n.NextAt = notify.Pending, noon.Add(time.Duration(i)*time.Second)
					d.Status, d.WakeAt = duty.Running, n.NextAt
				}
				_, err := tx.AddNotice(ctx, n)
				news := notify.Inbound{ID: "r" + string(n.ID), Receipt: notify.Receipt{Provider: "esms"}, Fingerprint: string(n.ID), Notice: n.ID, Received: n.NextAt, NextAt: n.NextAt, State: notify.InboundApplied}
				if i%100 == 0 {
					news.State, news.Notice = notify.InboundWaiting, ""
				}
				_, took := tx.AddInbound(ctx, &news)
				call := notify.Attempt{ID: "a" + string(n.ID), Notice: n.ID, Provider: "p" + string(n.ID), Body: string(n.ID), Started: n.NextAt}
				if err := errors.Join(err, took, tx.AddAttempts(ctx, pointers(&call)), tx.PutDuty(ctx, &d), tx.AppendRecord(ctx, record(i))); err != nil {
					return err
				}
			}
			return nil
		}))
		exec(t, st.db, "ANALYZE")
		plans := planner{explain: map[Dialect]string{SQLite: "EXPLAIN QUERY PLAN ", Postgres: "EXPLAIN "}[st.dialect.name]}
		sqlTx, err := st.db.BeginTx(t.Context(), nil)
		must(t, err)
		defer sqlTx.Rollback()
		plans.Querier = sqlTx
		tx := &tx{q: &plans, dialect: st.dialect}
		tx.names.prefix = defaultPrefix
		ctx := t.Context()
		for _, c := range []struct {
			what  string
			ask   func() error
			index string
		}{
			{"urgent notices that are due", func() error { _, err := tx.due(ctx, urgent, noon.Add(time.Hour), 5); return err }, "outreach_notice_due"},
			{"ordinary notices that are due", func() error { _, err := tx.due(ctx, ordinary, noon.Add(time.Hour), 5); return err }, "outreach_notice_due"},
			{"NextNotice", func() error { _, err := tx.NextNotice(ctx); return err }, "outreach_notice_due"},
			{"pending and due", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Pending}, Before: noon.Add(time.Hour), Limit: 5})
				return err
			}, "outreach_notice_due"},
			{"whose are due", func() error { _, err := tx.NextShares(ctx, noon, nil, 5); return err }, "outreach_notice_share"},
			{"due of one share", func() error {
				_, err := tx.DueOf(ctx, notify.Share{Channel: notify.SMS, Owner: "a"}, noon, 5)
				return err
			}, "outreach_notice_share"},
			{"due of many shares", func() error {
				_, err := tx.DueOfEach(ctx, []notify.Share{{Channel: notify.SMS, Owner: "a"}, {Channel: notify.SMS, Owner: "b"}}, noon, 5)
				return err
			}, "outreach_notice_share"},
			{"what is under way", func() error { _, err := tx.Underway(ctx); return err }, "outreach_notice_away"},
			{"the newest attempts of a provider", func() error {
				_, err := tx.AttemptLog(ctx, notify.AttemptQuery{Provider: "esms", Since: noon, Limit: 100})
				return err
			}, "outreach_attempt_provider"},
			{"attempts with a text", func() error {
				_, err := tx.AttemptLog(ctx, notify.AttemptQuery{Bodies: []string{"x"}, Since: noon})
				return err
			}, "outreach_attempt_body"},
			{"DutiesToWake", func() error { _, err := tx.DutiesToWake(ctx, noon, 5); return err }, "outreach_duty_wake"},
			{"NextWake", func() error { _, err := tx.NextWake(ctx); return err }, "outreach_duty_wake"},
			{"leases that ran out", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Before: noon, Limit: 100})
				return err
			}, "outreach_notice_away"},
			{"queued too long", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Queued}, Before: noon, Limit: 100})
				return err
			}, "outreach_notice_away"},
			{"all that are queued", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Queued}, Limit: 1000})
				return err
			}, "outreach_notice_away"},
			{"all that are being sent", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Limit: 1000})
				return err
			}, "outreach_notice_away"},
			{"what is being sent to some persons", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Channel: notify.SMS, Persons: []org.PersonID{"o7", "p"}})
				return err
			}, "outreach_notice_"},
			{"all that are unknown", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Unknown}, Limit: 1000})
				return err
			}, "outreach_notice_away"},
			{"unknown too long", func() error {
				_, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Unknown}, Before: noon, Limit: 100})
				return err
			}, "outreach_notice_away"},
			{"what becomes moot", func() error {
				_, err := tx.Notices(ctx, notify.Query{Moot: "visit/00000007", States: []notify.State{notify.Pending, notify.Queued}})
				return err
			}, "outreach_notice_moot"},
			{"what becomes moot with its duty", func() error {
				_, err := tx.Notices(ctx, notify.Query{Moot: alert.DutyKey("00000007"), States: []notify.State{notify.Pending, notify.Queued}})
				return err
			}, "outreach_notice_duty"},
			{"notices of a duty", func() error { _, err := tx.Notices(ctx, notify.Query{Duty: "00000007"}); return err }, "outreach_notice_duty"},
			{"notices of a carrier", func() error { _, err := tx.Notices(ctx, notify.Query{Into: "x"}); return err }, "outreach_notice_merged_into"},
			{"a provider's id", func() error { _, err := tx.Notices(ctx, notify.Query{Provider: "esms", ProviderID: "7"}); return err }, "outreach_notice_provider_id"},
			{"what a person was told", func() error {
				_, err := tx.Notices(ctx, notify.Query{Persons: []org.PersonID{"o7"}, AcceptedSince: noon, States: []notify.State{notify.Accepted}})
				return err
			}, "outreach_notice_person"},
			{"tasks on paper", func() error {
				_, err := tx.Notices(ctx, notify.Query{Channel: notify.PaperTask, States: []notify.State{notify.Accepted}})
				return err
			}, "outreach_notice_paper"},
			{"accepted notices to ask about", func() error {
				_, err := tx.Notices(ctx, notify.Query{Provider: "esms", States: []notify.State{notify.Accepted}, Before: noon})
				return err
			}, "outreach_notice_ask"},
			{"receipts that wait", func() error {
				_, err := tx.Inbound(ctx, notify.InboundQuery{States: []notify.InboundState{notify.InboundWaiting}, Before: noon, Limit: 10})
				return err
			}, "outreach_receipt_waiting"},
			{"receipts of a notice", func() error { _, err := tx.Inbound(ctx, notify.InboundQuery{Notice: waiting(7).ID}); return err }, "outreach_receipt_notice"},
			{"duties of a subject", func() error { _, err := tx.Duties(ctx, duty.Query{Subject: waiting(7).Subject}); return err }, "outreach_duty_subject"},
		} {
			plans.seen = nil
			must(t, c.ask())
			for _, plan := range plans.seen {
				if !strings.Contains(plan, c.index) {
					t.Errorf("%s: does not use %s:\n%s", c.what, c.index, plan)
				}
			}
			if len(plans.seen) == 0 {
				t.Errorf("%s: asked nothing", c.what)
			}
		}
		plans.seen = nil
		_, err = tx.LastRecord(ctx, record(7).Subject)
		must(t, err)
		if plan := plans.seen[0]; strings.Contains(plan, "SCAN") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("the last record of a subject is found by reading all:\n%s", plan)
		}
	})
}

// planner notes how the database would answer each question it passes on.
type planner struct {
	Querier
	explain string
	seen    []string
}

func (p *planner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := p.Querier.QueryContext(ctx, p.explain+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var plan []string
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			return nil, err
		}
		plan = append(plan, fmt.Sprint(*cells[len(cells)-1].(*any)))
	}
	p.seen = append(p.seen, strings.Join(plan, "\n"))
	return p.Querier.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // whoever asked closes it
}

func TestListsReachTheDatabaseUnchanged(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		db := handle()
		differences, err := d.differences()
		must(t, err)
		question := map[Dialect]string{
			SQLite:   "SELECT value FROM json_each($1)",
			Postgres: "SELECT * FROM unnest($1::text[])",
		}[d]
		rapid.Check(t, func(r *rapid.T) {
			text := rapid.StringOf(rapid.Rune().Filter(func(c rune) bool { return c != 0 && c != 0xfffd }))
			want := rapid.SliceOfN(text, 0, 5).Draw(r, "values")
			got := selectAll(t, db, question, differences.list(want))
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				r.Fatalf("(-want +got):\n%s", diff)
			}
		})
	})
}

func TestSQLiteDSNNamesTheFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.db", "huyện Xuân Lộc.db", "100%.db", "a?b=c.db", "a#b.db", "%41.db", "a&_pragma=x.db"} {
		file := filepath.Join(t.TempDir(), name)
		db := handle(t, "sqlite", SQLiteDSN(file))
		var got string
		must(t, db.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&got))
		if got != file {
			t.Errorf("opened %q, want %q", got, file)
		}
		for pragma, want := range map[string]string{"journal_mode": "wal", "busy_timeout": "5000", "foreign_keys": "1", "synchronous": "2"} {
			if got := selectAll(t, db, "PRAGMA "+pragma); got[0] != want {
				t.Errorf("%s is %s, want %s", pragma, got[0], want)
			}
		}
		exec(t, db, "CREATE TABLE a (x)")
		reads := handle(t, "sqlite", SQLiteReadDSN(file))
		if _, err := reads.ExecContext(t.Context(), "INSERT INTO a VALUES (1)"); err == nil {
			t.Errorf("%s: writing through the reader's handle is possible", name)
		}
	}
}

// What is read for a report, and what is counted for the figures of a month, may be a
// whole country: nothing of it is remembered.
func TestWhatIsOnlyReadIsNotRemembered(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		var st *Store
		district(t, handle(), d, 20, 100, atPresent, func(s *Store) store.Store { st = s; return s })
		remembered := func(run func(context.Context, func(context.Context, store.Tx) error) error, read func(context.Context, *tx) (int, error)) (rows int) {
			must(t, run(t.Context(), func(ctx context.Context, s store.Tx) error {
				n, err := read(ctx, s.(*tx))
				if err == nil && n < 20 {
					err = fmt.Errorf("there were only %d to read", n)
				}
				if memory := s.(*tx).memory; memory != nil {
					for _, shelf := range memory.tables {
						rows += len(shelf)
					}
				}
				return err
			}))
			return rows
		}
		issues := func(ctx context.Context, tx *tx) (int, error) {
			all, err := tx.Issues(ctx, issue.Query{})
			return len(all), err
		}
		grounds := func(ctx context.Context, tx *tx) (int, error) {
			hamlets, err := tx.PlacesAfter(ctx, "", 100)
			if err != nil {
				return 0, err
			}
			g, err := tx.Grounds(ctx, store.GroundsQuery{Places: hamlets, During: calendar.Period{From: calendar.DateOf(present).Add(-3000), To: calendar.DateOf(present)}})
			return len(g.Issues) + len(g.Visits) + len(g.Opinions), err
		}
		if rows := remembered(st.View, issues); rows != 0 {
			t.Errorf("of what a View reads %d rows are remembered", rows)
		}
		if rows := remembered(st.Update, grounds); rows != 0 {
			t.Errorf("of what is counted %d rows are remembered", rows)
		}
		if rows := remembered(st.Update, issues); rows < 20 {
			t.Errorf("of what an Update reads, and may write, only %d rows are remembered", rows)
		}
	})
}
