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

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// indexedColumns are the columns that an index of a table holds, or is restricted by.
func indexedColumns(t *testing.T, db Querier, table string) []string {
	t.Helper()
	return selectAll(t, db, `SELECT DISTINCT a.attname FROM pg_index x
		JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid AND d.refobjid = x.indrelid AND d.refobjsubid > 0
		JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = d.refobjsubid
		WHERE x.indrelid = $1::regclass ORDER BY 1`, table)
}

// PostgreSQL writes to no index at all when a row changes in columns that none of
// them has: so it is with the claim of a notice and with the outcome of an attempt,
// which every message goes through.
func TestNeitherAClaimNorAnOutcomeChangesWhatAnIndexHolds(t *testing.T) {
	t.Parallel()
	db := databases[1].create(t)()
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	n := waiting(1)
	n.Version = 0
	a := &notify.Attempt{ID: "a", Notice: n.ID, Number: 1, Provider: "gateway", Started: noon, Segments: 1, Body: "b"}
	put := func(fn func(ctx context.Context, tx store.Tx) error) { t.Helper(); must(t, st.Update(t.Context(), fn)) }
	row := func(table, id string) []string {
		t.Helper()
		columns := indexedColumns(t, db, table)
		if len(columns) < 4 {
			t.Fatalf("the indexes of %s hold %q only", table, columns)
		}
		for i, c := range columns {
			columns[i] = fmt.Sprintf("'%s: ' || coalesce(%s::text, '')", c, c)
		}
		return selectAll(t, db, "SELECT unnest(ARRAY["+strings.Join(columns, ", ")+"]) FROM "+table+" WHERE id = $1", id)
	}
	put(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.AddNotice(ctx, n)
		return errors.Join(err, n.Queue("o", noon), tx.PutNotices(ctx, []*notify.Notice{n}))
	})
	queued := row("outreach_notice", string(n.ID))
	put(func(ctx context.Context, tx store.Tx) error {
		call := notify.Call{Owner: "worker", Until: noon.Add(time.Minute), Provider: notify.Capabilities{Name: "gateway"}}
		return errors.Join(n.Claim(call, noon), tx.PutNotices(ctx, []*notify.Notice{n}), tx.AddAttempts(ctx, []*notify.Attempt{a}))
	})
	if diff := cmp.Diff(queued, row("outreach_notice", string(n.ID))); diff != "" {
		t.Errorf("a claim changes what indexes hold (-queued +sending):\n%s", diff)
	}
	open := row("outreach_attempt", a.ID)
	put(func(ctx context.Context, tx store.Tx) error {
		a.Outcome, a.Finished, a.ProviderID = notify.ResultAccepted, noon, "7"
		return tx.PutAttempts(ctx, []*notify.Attempt{a})
	})
	if diff := cmp.Diff(open, row("outreach_attempt", a.ID)); diff != "" {
		t.Errorf("an outcome changes what indexes hold (-open +accepted):\n%s", diff)
	}
	if room := selectAll(t, db, "SELECT relname FROM pg_class WHERE relname IN ('outreach_notice', 'outreach_attempt') AND 'fillfactor=50' = ANY(reloptions)"); len(room) != 2 {
		t.Errorf("only %q have room on a page for all of its rows once more", room)
	}
}

// What is moot with the duty that it speaks of is found by that, and so takes no
// place in another index, which would be written to whenever the notice changes.
func TestANoticeIsNotInTwoIndexesForOneDuty(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		moots := map[string]bool{alert.DutyKey(duty.ID(waiting(1).Duty)): false, alert.DutyKey("another"): true, "visit/1": true}
		for moot := range moots {
			n := waiting(1)
			n.ID, n.Key, n.Moot = notify.ID(moot), moot, moot
			must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				_, err := tx.AddNotice(ctx, n)
				return err
			}))
		}
		definition := map[Dialect]string{SQLite: "SELECT sql FROM sqlite_master WHERE name = $1", Postgres: "SELECT pg_get_indexdef($1::regclass)"}[st.dialect.name]
		_, indexed, ok := strings.Cut(selectAll(t, st.db, definition, "outreach_notice_moot")[0], " WHERE ")
		if !ok {
			t.Fatal("the index of what is moot holds every notice")
		}
		in := selectAll(t, st.db, "SELECT moot FROM outreach_notice WHERE "+indexed)
		for moot, want := range moots {
			if slices.Contains(in, moot) != want {
				t.Errorf("a notice of duty %s that is moot with %q is in the index of what is moot: %t", waiting(1).Duty, moot, !want)
			}
		}
	})
}

// What a process of the version before writes, or an operator by hand, is found by
// the columns it does not know.
func TestWhateverWritesANoticeItIsFoundByItsState(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		n := waiting(1)
		in := notify.Query{Channel: n.Channel}
		found := func(q notify.Query) (is bool) {
			t.Helper()
			must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
				all, err := tx.Notices(ctx, q)
				is = len(all) == 1
				return err
			}))
			return is
		}
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AddNotice(ctx, n)
			return err
		}))
		for _, to := range []notify.State{notify.Queued, notify.Sending, notify.Unknown, notify.Accepted, notify.Failed, notify.Pending} {
			exec(t, st.db, "UPDATE outreach_notice SET status = $1, lease_until = next_at, provider = 'gateway' WHERE id = $2", string(to), string(n.ID))
			for _, state := range notify.States() {
				for what, before := range map[string]time.Time{"at any time": {}, "before its time": n.NextAt, "after its time": n.NextAt.Add(time.Second)} {
					q := in
					q.States, q.Before = []notify.State{state}, before
					if q.Provider = ""; state == notify.Accepted {
						q.Provider = "gateway"
					}
					if want := state == to && what != "before its time"; found(q) != want {
						t.Errorf("a notice that is %s is found as %s %s: %t", to, state, what, !want)
					}
				}
			}
			must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
				shares, err := tx.NextShares(ctx, n.NextAt, nil, 0)
				next, asked := tx.NextNotice(ctx)
				way, looked := tx.Underway(ctx)
				pending, queued := to == notify.Pending, to == notify.Queued
				if len(shares) == 1 != pending || next.Equal(n.NextAt) != pending || next.IsZero() == pending || len(way) == 1 != queued {
					t.Errorf("%s: shares %v, next at %v, under way %v", to, shares, next, way)
				}
				return errors.Join(err, asked, looked)
			}))
		}
	})
}

// late is a transaction that looks at what the database was when a question was
// first asked, and reads the rows only after something has come between: as it is
// for a relay whose look takes longer than another one's whole pass.
type late struct {
	*sql.Tx
	between func()
}

func (l *late) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	for i := len(args) - 1; i >= 0; i-- {
		text := fmt.Sprint(args[i])
		if at, ok := args[i].(time.Time); ok {
			text = at.Format(time.RFC3339Nano)
		}
		query = strings.ReplaceAll(query, fmt.Sprintf("$%d", i+1), literal(text))
	}
	if _, err := l.ExecContext(ctx, "DECLARE look CURSOR FOR "+query); err != nil {
		return nil, err
	}
	l.between()
	return l.Tx.QueryContext(ctx, "FETCH ALL FROM look")
}

func TestARelayThatLooksLateHandsOutNothingTwice(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(ctx context.Context, tx store.Tx) ([]notify.Notice, error){
		"DueNotices": func(ctx context.Context, in store.Tx) ([]notify.Notice, error) {
			return in.(*tx).due(ctx, ordinary, noon, 10)
		},
		"DueOf": func(ctx context.Context, tx store.Tx) ([]notify.Notice, error) {
			return tx.DueOf(ctx, notify.Share{Channel: notify.SMS}, noon, 10)
		},
		"DueOfEach": func(ctx context.Context, tx store.Tx) ([]notify.Notice, error) {
			return tx.DueOfEach(ctx, []notify.Share{{Channel: notify.SMS}}, noon, 10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := handle(t, "pgx", pgtest.Database(t))
			must(t, Migrate(t.Context(), db, Postgres, nil))
			st, err := Open(db, Postgres, nil)
			must(t, err)
			must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				for i := range 4 {
					if _, err := tx.AddNotice(ctx, waiting(i)); err != nil {
						return err
					}
				}
				return nil
			}))
			sqlTx, err := db.BeginTx(t.Context(), nil)
			must(t, err)
			defer sqlTx.Rollback()
			quick := func() {
				must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
					due, err := tx.DueOf(ctx, notify.Share{Channel: notify.SMS}, noon, 2)
					for i := range due {
						err = errors.Join(err, due[i].Queue("o", noon))
					}
					return errors.Join(err, tx.PutNotices(ctx, pointersTo(due)))
				}))
			}
			found, err := look(t.Context(), Join(&late{sqlTx, quick}, Postgres, nil))
			must(t, err)
			var got []notify.ID
			for _, n := range found {
				got = append(got, n.ID)
			}
			if want := []notify.ID{waiting(2).ID, waiting(3).ID}; !slices.Equal(got, want) {
				t.Errorf("the late one got %q, want %q: the others were handed out meanwhile", got, want)
			}
		})
	}
}

// spy notes what is asked and written.
type spy struct {
	Querier
	said []string
}

func (s *spy) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s.said = append(s.said, query)
	return s.Querier.ExecContext(ctx, query, args...)
}

// Notices that the transaction has locked itself are not locked once more before
// they are written; of all others the versions are looked at first, and none is
// written when one of them is another one's.
func TestNoticesThatWereReadUnderALockAreWrittenAtOnce(t *testing.T) {
	t.Parallel()
	db := handle(t, "pgx", pgtest.Database(t))
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	var all []*notify.Notice
	for i := range 3 {
		all = append(all, waiting(i))
	}
	ids := []notify.ID{all[0].ID, all[1].ID, all[2].ID}
	must(t, st.Update(t.Context(), func(ctx context.Context, t store.Tx) error { return notices.insertAll(ctx, t.(*tx), all) }))
	for what, c := range map[string]struct {
		read   func(ctx context.Context, tx *tx) ([]notify.Notice, error)
		joined bool
		other  bool // the first one is put in a version that it does not have
		locks  bool
	}{
		"by id":                      {read: func(ctx context.Context, tx *tx) ([]notify.Notice, error) { return tx.NoticesByID(ctx, ids) }},
		"because they are due":       {read: func(ctx context.Context, tx *tx) ([]notify.Notice, error) { return tx.DueNotices(ctx, noon, 0) }},
		"without a lock":             {read: func(ctx context.Context, tx *tx) ([]notify.Notice, error) { return tx.Notices(ctx, notify.Query{}) }, locks: true},
		"one of them without a lock": {read: func(ctx context.Context, tx *tx) ([]notify.Notice, error) { return readApart(ctx, tx, ids) }, locks: true},
		"by id, and one is not so":   {read: func(ctx context.Context, tx *tx) ([]notify.Notice, error) { return tx.NoticesByID(ctx, ids) }, other: true, locks: true},
		"in somebody's transaction":  {read: func(ctx context.Context, tx *tx) ([]notify.Notice, error) { return tx.NoticesByID(ctx, ids) }, joined: true, locks: true},
	} {
		t.Run(what, func(t *testing.T) {
			sqlTx, err := db.BeginTx(t.Context(), nil)
			must(t, err)
			defer sqlTx.Rollback()
			saw := &spy{Querier: sqlTx}
			own := &tx{q: saw, dialect: st.dialect, names: st.names, keeps: true}
			if c.joined {
				own.keeps = false
			}
			read, err := c.read(t.Context(), own)
			must(t, err)
			for i := range read {
				read[i].Why = "changed"
			}
			if c.other {
				read[0].Version = 7
			}
			err = own.PutNotices(t.Context(), pointersTo(read))
			if c.other != errors.Is(err, fault.ErrStale) || !c.other && err != nil {
				t.Errorf("PutNotices gave %v", err)
			}
			if len(saw.said) != 1 || strings.Contains(saw.said[0], "FOR UPDATE") != c.locks {
				t.Errorf("locks them first: want %t; it said %q", c.locks, saw.said)
			}
			want := 3
			if c.other {
				want = 0
			}
			if got := selectAll(t, sqlTx, "SELECT id FROM outreach_notice WHERE state->>'why' = 'changed'"); len(got) != want {
				t.Errorf("%q were written, want %d", got, want)
			}
		})
	}
}

func readApart(ctx context.Context, tx *tx, ids []notify.ID) ([]notify.Notice, error) {
	locked, err := tx.NoticesByID(ctx, ids[1:])
	if err != nil {
		return nil, err
	}
	first, err := tx.Notice(ctx, ids[0])
	return append(locked, first), err
}

func pointersTo[T any](values []T) []*T {
	all := make([]*T, len(values))
	for i := range values {
		all[i] = &values[i]
	}
	return all
}

// PostgreSQL keeps the plan that it made when a table was small until it looks at it
// again, and a morning's reminders do not wait for that.
func TestPlansMadeWhileATableWasSmallReadItByItsIndexes(t *testing.T) {
	t.Parallel()
	db := databases[1].create(t)()
	db.SetMaxOpenConns(1) // plans are kept by connection
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	update := func(fn func(ctx context.Context, tx *tx) error) {
		t.Helper()
		must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error { return fn(ctx, s.(*tx)) }))
	}
	fill := func(from, to int) {
		var all []*notify.Notice
		var calls []*notify.Attempt
		for i := from; i < to; i++ {
			n := waiting(i)
			n.State, n.Person = notify.Sending, org.PersonID(fmt.Sprint("p", i))
			all = append(all, n)
			calls = append(calls, &notify.Attempt{ID: fmt.Sprint("a", i), Notice: n.ID, Number: 1, Body: string(n.ID), Started: noon})
		}
		update(func(ctx context.Context, tx *tx) error {
			return errors.Join(notices.insertAll(ctx, tx, all), attempts.insertAll(ctx, tx, calls))
		})
	}
	const batch, many = 40, 3000
	var ids []notify.ID
	var persons []org.PersonID
	var bodies []string
	for i := range batch {
		ids, persons, bodies = append(ids, waiting(i).ID), append(persons, org.PersonID(fmt.Sprint("p", i))), append(bodies, string(waiting(i).ID))
	}
	var held []notify.Notice // as they were claimed last
	var open []*notify.Attempt
	scans := func(ctx context.Context, tx *tx) (n int) {
		must(t, tx.ask(ctx, func(rows *sql.Rows) error { return rows.Scan(&n) },
			"SELECT pg_stat_get_xact_numscans('outreach_notice'::regclass) + pg_stat_get_xact_numscans('outreach_attempt'::regclass)"))
		return n
	}
	claim := func(ctx context.Context, tx *tx) (err error) {
		held, err = tx.NoticesByID(ctx, ids)
		must(t, err)
		busy, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}, Channel: notify.SMS, Persons: persons})
		must(t, err)
		log, err := tx.AttemptLog(ctx, notify.AttemptQuery{Bodies: bodies, Since: noon})
		if len(held) != batch || len(busy) != batch || len(log) != batch {
			t.Errorf("found %d, busy %d and written before %d, want %d each", len(held), len(busy), len(log), batch)
		}
		open = nil
		for _, n := range held {
			open = append(open, &notify.Attempt{ID: fmt.Sprint("b", n.Version, n.ID), Notice: n.ID, Number: 2, Started: noon})
		}
		return errors.Join(err, tx.AddAttempts(ctx, open), tx.PutNotices(ctx, pointersTo(held)))
	}
	settle := func(ctx context.Context, tx *tx) error {
		return errors.Join(tx.PutAttempts(ctx, open), tx.PutNotices(ctx, pointersTo(held)))
	}
	fill(0, batch)
	for range 10 { // from the sixth time on PostgreSQL keeps a plan
		update(claim)
		update(settle)
	}
	fill(batch, many)
	for what, step := range map[string]func(context.Context, *tx) error{"claimed": claim, "settled": settle} {
		update(func(ctx context.Context, tx *tx) error {
			before := scans(ctx, tx)
			err := step(ctx, tx)
			if n := scans(ctx, tx) - before; n > 0 {
				t.Errorf("%s: tables were read whole %d times", what, n)
			}
			return err
		})
	}
}

// Many are written without being locked first: one that somebody else was quicker
// with undoes the others, and the unit can go on.
func TestOfManyNoticesAllAreReplacedOrNone(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		var all []*notify.Notice
		for i := range 20 {
			all = append(all, waiting(19-i)) // not in the order of their ids
		}
		must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error { return notices.insertAll(ctx, s.(*tx), all) }))
		states := func() map[notify.State]int {
			var by map[notify.State]int
			must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
				by, err = tx.CountNotices(ctx)
				return err
			}))
			return by
		}
		queued := func() (changed []*notify.Notice) {
			for _, n := range all {
				c := *n
				must(t, c.Queue("o", noon))
				changed = append(changed, &c)
			}
			return changed
		}
		stale := queued()
		stale[7].Version++
		must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error {
			if err := s.PutNotices(ctx, stale); !errors.Is(err, fault.ErrStale) {
				t.Errorf("a version that is not there: %v, want ErrStale", err)
			}
			if stale[0].Version != all[0].Version {
				t.Errorf("a notice that was not written got version %d", stale[0].Version)
			}
			return s.AddAttempts(ctx, []*notify.Attempt{{ID: "went on", Notice: all[0].ID, Started: noon}})
		}))
		if got := states(); got[notify.Pending] != len(all) {
			t.Errorf("after one was stale they are %v, want all pending", got)
		}
		must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			if went, err := tx.Attempts(ctx, all[0].ID); err != nil || len(went) != 1 {
				t.Errorf("the unit did not go on: %d attempts, %v", len(went), err)
			}
			return nil
		}))
		good := queued()
		must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error { return s.PutNotices(ctx, good) }))
		if got := states(); got[notify.Queued] != len(all) || good[0].Version != all[0].Version+1 {
			t.Errorf("replaced, they are %v in version %d, want all queued and %d", got, good[0].Version, all[0].Version+1)
		}
	})
}

// What is under way is counted by every pass of a relay. On the morning of 200,000
// reminders most of the table was under way since PostgreSQL last looked at it.
func TestWhatIsUnderWayIsFoundWithoutWhatWentOutBefore(t *testing.T) {
	t.Parallel()
	db := databases[1].create(t)()
	must(t, Migrate(t.Context(), db, Postgres, nil))
	exec(t, db, "ALTER TABLE outreach_notice SET (autovacuum_enabled = off)")
	st, err := Open(db, Postgres, nil)
	must(t, err)
	update := func(fn func(ctx context.Context, tx *tx)) {
		t.Helper()
		must(t, st.Update(t.Context(), func(ctx context.Context, s store.Tx) error { fn(ctx, s.(*tx)); return nil }))
	}
	const many, left = 2000, 3
	var all []*notify.Notice
	for i := range many {
		n := waiting(i)
		n.Version, n.State, n.NextAt = 0, notify.Queued, noon.Add(notify.QueuePatience)
		all = append(all, n)
	}
	update(func(ctx context.Context, tx *tx) { must(t, notices.insertAll(ctx, tx, all)) })
	update(func(ctx context.Context, tx *tx) {
		for _, n := range all[left:] {
			n.State, n.Done = notify.Accepted, noon
		}
		must(t, tx.PutNotices(ctx, all[left:]))
	})
	for what, find := range map[string]func(ctx context.Context, tx *tx) (int, error){
		"counted": func(ctx context.Context, tx *tx) (int, error) {
			under, err := tx.Underway(ctx)
			if len(under) != 1 || under[0].Since != noon {
				t.Errorf("under way is %+v", under)
				return 0, err
			}
			return under[0].Queued, err
		},
		"looked for": func(ctx context.Context, tx *tx) (int, error) {
			late, err := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Queued}, Before: noon.Add(time.Hour)})
			return len(late), err
		},
	} {
		var whole, entries int
		learned := func() bool { // what passes over once, marks it, unless somebody's transaction may still see it
			update(func(ctx context.Context, tx *tx) {
				read := func() (whole, entries int) {
					must(t, tx.ask(ctx, func(rows *sql.Rows) error { return rows.Scan(&whole, &entries) },
						"SELECT pg_stat_get_xact_numscans('outreach_notice'::regclass), pg_stat_get_xact_tuples_returned('outreach_notice_away'::regclass)"))
					return whole, entries
				}
				wholeBefore, entriesBefore := read()
				if n, err := find(ctx, tx); err != nil || n != left {
					t.Errorf("%s: %d are under way, want %d: %v", what, n, left, err)
				}
				whole, entries = read()
				whole, entries = whole-wholeBefore, entries-entriesBefore
			})
			return whole == 0 && entries < many/2
		}
		for began := time.Now(); !learned(); time.Sleep(50 * time.Millisecond) {
			if time.Since(began) > 20*time.Second {
				t.Errorf("%s: to find %d of %d that were under way the table is read %d times and %d entries of its index, always", what, left, many, whole, entries)
				break
			}
		}
	}
}
