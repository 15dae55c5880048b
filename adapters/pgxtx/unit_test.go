package pgxtx_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/huongvecoso/outreach/adapters/pgxtx"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/store/storetest"
	"github.com/huongvecoso/outreach/core/visit"
)

// together is a store whose transactions are all units of work that travel together.
type together struct {
	pool *pgxpool.Pool
	opts *sqlstore.Options
}

func (s together) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.run(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

func (s together) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	for round := 0; ; round++ {
		err := s.run(ctx, pgx.TxOptions{}, fn)
		var lost *pgconn.PgError
		again := errors.Is(err, fault.ErrStale) || errors.As(err, &lost) && strings.HasPrefix(lost.Code, "40")
		if !again || round == 5 {
			return err
		}
	}
}

func (s together) run(ctx context.Context, opts pgx.TxOptions, fn func(context.Context, store.Tx) error) error {
	return pgxtx.Run(ctx, s.pool, opts, func(u *pgxtx.Unit) error {
		return fn(ctx, sqlstore.Join(u.Conn(), sqlstore.Postgres, s.opts))
	})
}

func TestAStoreOverUnitsOfWorkKeepsItsPromises(t *testing.T) {
	pool := open(t)
	clean := cleaning(t, pool, "public")
	storetest.Run(t, func(t *testing.T) store.Store {
		execute(t, pool, clean)
		return together{pool, nil}
	})
}

// cleaning is the statement that empties the programme's tables in a schema, which is
// quicker than to make them.
func cleaning(t *testing.T, pool *pgxpool.Pool, schema string) string {
	t.Helper()
	return list(t, pool, `SELECT string_agg(format('DELETE FROM %I.%I', table_schema, table_name), '; ') FROM information_schema.tables
		WHERE table_schema = '`+schema+`' AND table_type = 'BASE TABLE' AND table_name <> 'outreach_migration'`)[0]
}

// trips counts how often somebody waited for the server.
type trips struct {
	net.Conn
	n     *atomic.Int64
	asked atomic.Bool
}

func (c *trips) Write(b []byte) (int, error) {
	c.asked.Store(true)
	return c.Conn.Write(b)
}

func (c *trips) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.asked.Swap(false) {
		c.n.Add(1)
	}
	return n, err
}

// counting opens a database with a table of the host, and one connection to it whose
// round trips are counted.
func counting(t *testing.T) (*pgxpool.Pool, *atomic.Int64) {
	t.Helper()
	return countingIn(t, pgx.QueryExecModeCacheStatement)
}

// countingIn is counting for a host that has its statements run in some way.
func countingIn(t *testing.T, mode pgx.QueryExecMode) (*pgxpool.Pool, *atomic.Int64) {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	n := new(atomic.Int64)
	config.MaxConns, config.ConnConfig.DefaultQueryExecMode = 1, mode
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // which is a round trip where the machine is slow
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &trips{Conn: c, n: n}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	migrate(t, pool, nil)
	execute(t, pool, "CREATE TABLE ticket (id text PRIMARY KEY, notice text REFERENCES outreach_notice (id), state text)")
	return pool, n
}

func execute(t *testing.T, pool *pgxpool.Pool, statement string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// list is the first column of a query, as text.
func list(t *testing.T, pool *pgxpool.Pool, query string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func left(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return list(t, pool, `SELECT 'ticket ' || id FROM ticket UNION ALL SELECT 'record ' || subject_id || ' ' || seq FROM outreach_record
		UNION ALL SELECT 'notice ' || id || ' ' || key FROM outreach_notice UNION ALL SELECT 'duty ' || id || ' ' || version FROM outreach_duty ORDER BY 1`)
}

var noon = time.Date(2017, time.March, 1, 5, 0, 0, 0, time.UTC)

func record(subject string, seq int64) event.Record {
	r := event.Record{ID: fmt.Sprint(subject, seq), Subject: event.Subject{Type: "visit", ID: subject}, Kind: "visit.planned", Happened: noon, Recorded: noon, Data: []byte("{}")}
	r.Seal(event.Record{})
	r.Seq = seq
	return r
}

// add writes a record and a notice through a joined transaction, and notes what is
// told of the notice.
func add(ctx context.Context, tx store.Tx, subject string, seq int64, notice, key string, told *[]string) error {
	return errors.Join(
		tx.(store.Later).AppendLater(ctx, record(subject, seq)),
		tx.(store.Gathered).AddNotices(ctx, []notify.Notice{{ID: notify.ID(notice), Key: key}}, func(n notify.Notice, added bool) {
			*told = append(*told, fmt.Sprintf("%s %v %d", n.ID, added, n.Version))
		}))
}

func TestAUnitThatAsksNothingIsOneRoundTrip(t *testing.T) {
	pool, trips := counting(t)
	for i, want := range []int64{0, 1, 1} { // the first one prepares the statements
		var told []string
		before := trips.Load()
		err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
			id := fmt.Sprint(i)
			u.Queue("INSERT INTO ticket (id) VALUES ($1)", id)
			return add(t.Context(), sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), id, 1, "n"+id, "key "+id, &told)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := trips.Load() - before; i > 0 && got != want {
			t.Errorf("unit %d took %d round trips, want %d", i, got, want)
		}
		if want := []string{fmt.Sprintf("n%d true 1", i)}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	}
	if got := left(t, pool); len(got) != 9 {
		t.Errorf("there is %q", got)
	}
	before := trips.Load()
	err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		sqlstore.Join(u.Conn(), sqlstore.Postgres, nil)
		return nil
	})
	if got := trips.Load() - before; err != nil || got != 0 {
		t.Errorf("a unit that does nothing: %v, %d round trips", err, got)
	}
}

// Whatever is refused, by the programme's rules, by the host's, or by the host's look
// at a result, and at whatever place, nothing of the unit is kept, its error says what
// it was, and the connection is as good as before.
func TestWhatIsRefusedLeavesNothingBehind(t *testing.T) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) { refuses(t, mode) })
	}
}

func refuses(t *testing.T, mode pgx.QueryExecMode) {
	pool, _ := countingIn(t, mode)
	ctx := t.Context()
	var ignored []string
	err := pgxtx.Run(ctx, pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		u.Queue("INSERT INTO ticket (id) VALUES ('taken')")
		tx := sqlstore.Join(u.Conn(), sqlstore.Postgres, nil)
		return errors.Join(tx.PutDuty(ctx, &duty.State{ID: "d", Label: "0"}), add(ctx, tx, "taken", 1, "taken", "taken", &ignored))
	})
	if err != nil {
		t.Fatal(err)
	}
	there := left(t, pool)
	mine := errors.New("the ticket was closed already")
	var told []string
	for _, c := range []struct {
		name string
		fn   func(u *pgxtx.Unit, tx store.Tx) error
		want func(error) bool
	}{
		{"a record where another one stands", func(_ *pgxtx.Unit, tx store.Tx) error { return add(ctx, tx, "taken", 1, "n", "n", &told) },
			func(err error) bool {
				return errors.Is(err, fault.ErrStale) && strings.Contains(err.Error(), "visit/taken")
			}},
		{"one of several records", func(_ *pgxtx.Unit, tx store.Tx) error {
			return errors.Join(add(ctx, tx, "a", 1, "n", "n", &told), add(ctx, tx, "taken", 1, "m", "m", &told))
		}, is(fault.ErrStale)},
		{"a notice whose id is taken, with another key", func(_ *pgxtx.Unit, tx store.Tx) error { return add(ctx, tx, "a", 1, "taken", "n", &told) },
			func(err error) bool {
				return errors.Is(err, fault.ErrExists) && strings.Contains(err.Error(), "notice")
			}},
		{"one of several notices", func(_ *pgxtx.Unit, tx store.Tx) error {
			return errors.Join(add(ctx, tx, "a", 1, "n", "n", &told), add(ctx, tx, "b", 1, "taken", "m", &told))
		}, is(fault.ErrExists)},
		{"an id that was said to be new", func(_ *pgxtx.Unit, tx store.Tx) error {
			tx.(store.Announced).Announce("d")
			return errors.Join(add(ctx, tx, "a", 1, "n", "n", &told), tx.PutDuty(ctx, &duty.State{ID: "d"}))
		}, is(fault.ErrExists)},
		{"a version that somebody else replaced", func(_ *pgxtx.Unit, tx store.Tx) error {
			return replaceOvertaken(ctx, t, pool, tx, "d")
		}, is(fault.ErrStale)},
		{"the host's row", func(u *pgxtx.Unit, tx store.Tx) error {
			u.Queue("INSERT INTO ticket (id) VALUES ('taken')")
			return add(ctx, tx, "a", 1, "n", "n", &told)
		}, func(err error) bool {
			var refused *pgconn.PgError
			return errors.As(err, &refused) && refused.Code == "23505" && !errors.Is(err, fault.ErrExists)
		}},
		{"the host's look at a result, behind everything", func(u *pgxtx.Unit, tx store.Tx) error {
			err := add(ctx, tx, "a", 1, "n", "n", &told)
			u.Queue("UPDATE ticket SET state = 'referred' WHERE id = 'nowhere'").Exec(func(tag pgconn.CommandTag) error {
				if tag.RowsAffected() == 0 {
					return mine
				}
				return nil
			})
			return err
		}, func(err error) bool { return err == mine }}, //nolint:errorlint // the very same error is promised
		{"fn", func(_ *pgxtx.Unit, tx store.Tx) error {
			return errors.Join(add(ctx, tx, "a", 1, "n", "n", &told), mine)
		}, is(mine)},
		{"a statement that PostgreSQL does not understand", func(u *pgxtx.Unit, tx store.Tx) error {
			u.Queue("SELECT nothing")
			return add(ctx, tx, "a", 1, "n", "n", &told)
		}, func(err error) bool {
			var refused *pgconn.PgError
			return errors.As(err, &refused) && refused.Code == "42703"
		}},
		{"what was sent with a question, though fn goes on", func(_ *pgxtx.Unit, tx store.Tx) error {
			if err := add(ctx, tx, "taken", 1, "n", "n", &told); err != nil {
				return err
			}
			if _, err := tx.LastRecord(ctx, record("taken", 1).Subject); !errors.Is(err, fault.ErrStale) {
				t.Errorf("the question said %v, want what was sent with it", err)
			}
			return add(ctx, tx, "b", 1, "m", "m", &told) // in vain
		}, is(fault.ErrStale)},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := pgxtx.Run(ctx, pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
				u.Queue("INSERT INTO ticket (id) VALUES ('mine')")
				return c.fn(u, sqlstore.Join(u.Conn(), sqlstore.Postgres, nil))
			})
			if !c.want(err) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(there, withoutOvertaking(left(t, pool))); diff != "" {
				t.Errorf("left behind (+):\n%s", diff)
			}
		})
	}
	stillTheFirst(t, pool)
}

// stillTheFirst expects that no connection was given up.
func stillTheFirst(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	if n := pool.Stat().NewConnsCount(); n != 1 {
		t.Errorf("%d connections were opened, want the first one to be as good as before", n)
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

// replaceOvertaken replaces a duty that another transaction replaced after it was read.
func replaceOvertaken(ctx context.Context, t *testing.T, pool *pgxpool.Pool, tx store.Tx, id duty.ID) error {
	d, err := tx.Duty(ctx, id)
	if err != nil {
		return err
	}
	other, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer other.Close(ctx)
	if _, err := other.Exec(ctx, "UPDATE outreach_duty SET version = version + 1 WHERE id = $1", string(id)); err != nil {
		return err
	}
	d.Label = "mine"
	if err := tx.PutDuty(ctx, &d); err != nil {
		t.Errorf("the Put said %v; it was to wait: this test sees nothing", err)
	}
	return nil
}

func withoutOvertaking(left []string) []string {
	for i := range left {
		if left[i] == "duty d 2" {
			left[i] = "duty d 1"
		}
	}
	return left
}

func TestANoticeWhoseKeyIsThereIsNoError(t *testing.T) {
	pool, _ := counting(t)
	var told []string
	for _, notices := range [][]notify.Notice{
		{{ID: "a", Key: "1"}},
		{{ID: "b", Key: "1"}},
		{{ID: "a", Key: "1"}}, // the same once more
		{{ID: "c", Key: "2"}, {ID: "d", Key: "1"}, {ID: "e", Key: "2"}, {ID: "f", Key: "3"}},
	} {
		err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
			return sqlstore.Join(u.Conn(), sqlstore.Postgres, nil).(store.Gathered).AddNotices(t.Context(), notices, func(n notify.Notice, added bool) {
				told = append(told, fmt.Sprintf("%s %v %d", n.ID, added, n.Version))
			})
		})
		if err != nil {
			t.Error(err)
		}
	}
	if want := []string{"a true 1", "b false 0", "a false 0", "c true 1", "d false 0", "e false 0", "f true 1"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if got, want := left(t, pool), []string{"notice a 1", "notice c 2", "notice f 3"}; !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
}

func TestStatementsRunInTheOrderInWhichTheyWereQueued(t *testing.T) {
	pool, trips := counting(t)
	var told []string
	var found string
	unit := func(i int) error {
		return pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
			id := fmt.Sprint(i)
			tx := sqlstore.Join(u.Conn(), sqlstore.Postgres, nil)
			if err := add(t.Context(), tx, id, 1, "n"+id, "key "+id, &told); err != nil {
				return err
			}
			u.Queue("INSERT INTO ticket (id, notice) VALUES ($1, $2)", id, "n"+id) // refers to the notice
			u.Queue("SELECT notice FROM ticket WHERE id = $1", id).QueryRow(func(row pgx.Row) error { return row.Scan(&found) })
			if err := u.Send(t.Context()); err != nil {
				return err
			}
			if found != "n"+id {
				t.Errorf("the host found %q", found)
			}
			last, err := tx.LastRecord(t.Context(), record(id, 1).Subject)
			if err != nil || last.Position == 0 {
				t.Errorf("the programme finds its record at %d (%v)", last.Position, err)
			}
			next := record(id, 2)
			if err := tx.AppendRecord(t.Context(), &next); err != nil || next.Position <= last.Position {
				t.Errorf("the next one is at %d, after %d (%v)", next.Position, last.Position, err)
			}
			fourth := record(id, 4)
			err = errors.Join(
				tx.(store.Later).AppendLater(t.Context(), record(id, 3)),
				tx.AppendRecord(t.Context(), &fourth), // takes a position, and some for others
				tx.(store.Later).AppendLater(t.Context(), record(id, 5)))
			if err != nil {
				return err
			}
			all, err := tx.Records(t.Context(), event.Query{Subject: last.Subject})
			for i, r := range all {
				if r.Seq != int64(i+1) || r.Seq == next.Seq && r.Position != next.Position || r.Seq == fourth.Seq && r.Position != fourth.Position {
					t.Errorf("the programme sees %d at %d in the %d. place; 2 was to be at %d, 4 at %d", r.Seq, r.Position, i+1, next.Position, fourth.Position)
				}
			}
			if len(all) != 5 {
				t.Errorf("the programme sees %d records, want 5", len(all))
			}
			return err
		})
	}
	for i := range 2 {
		before := trips.Load()
		if err := unit(i); err != nil {
			t.Fatal(err)
		}
		if got := trips.Load() - before; i > 0 && got != 6 { // Send, LastRecord, AppendRecord, positions, Records, commit
			t.Errorf("%d round trips, want 6", got)
		}
	}
}

// What the programme has read it reads again when the host has spoken.
func TestTheHostsStatementsMayChangeWhatTheProgrammeHasRead(t *testing.T) {
	pool, _ := counting(t)
	err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		tx := sqlstore.Join(u.Conn(), sqlstore.Postgres, nil)
		if err := tx.PutDuty(t.Context(), &duty.State{ID: "d", Label: "0"}); err != nil {
			return err
		}
		if d, err := tx.Duty(t.Context(), "d"); err != nil || d.Label != "0" {
			t.Errorf("%+v, %v", d, err)
		}
		u.Queue(`UPDATE outreach_duty SET state = replace(state::text, '"0"', '"1"')::json`)
		d, err := tx.Duty(t.Context(), "d")
		if d.Label != "1" {
			t.Errorf("the label is %q, want the host's", d.Label)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAUnitEndsWithItsFunction(t *testing.T) {
	pool, _ := counting(t)
	var kept *pgxtx.Unit
	var joined store.Tx
	func() {
		defer func() {
			if got := recover(); got != "broken by hand" {
				t.Errorf("the panic arrived as %v", got)
			}
		}()
		_ = pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
			kept, joined = u, sqlstore.Join(u.Conn(), sqlstore.Postgres, nil)
			u.Queue("INSERT INTO ticket (id) VALUES ('a')")
			if err := u.Send(t.Context()); err != nil {
				t.Error(err)
			}
			panic("broken by hand")
		})
	}()
	if got := left(t, pool); len(got) != 0 { // on the one connection there is
		t.Errorf("left behind: %q", got)
	}
	kept.Queue("INSERT INTO ticket (id) VALUES ('b')")
	if err := kept.Send(t.Context()); err == nil {
		t.Error("a unit that is over sends")
	}
	if _, err := joined.Duties(t.Context(), duty.Query{}); err == nil {
		t.Error("a unit that is over answers")
	}
	if err := joined.PutDuty(t.Context(), &duty.State{ID: "d"}); err == nil {
		t.Error("a unit that is over writes")
	}
	err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		sqlstore.Join(u.Conn(), sqlstore.Postgres, nil)
		_, err := sqlstore.Join(u.Conn(), sqlstore.Postgres, nil).Duties(t.Context(), duty.Query{})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "joined this unit of work already") {
		t.Errorf("joined twice: %v", err)
	}
}

// A connection that is lost takes the unit with it, and not the pool.
func TestAConnectionThatIsLostIsAnError(t *testing.T) {
	pool, _ := counting(t)
	err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		u.Queue("INSERT INTO ticket (id) VALUES ('a')")
		u.Queue("SELECT pg_terminate_backend(pg_backend_pid())")
		return nil
	})
	if err == nil {
		t.Error("no error")
	}
	if got := left(t, pool); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

// A district with a few officials, and what one of them reports of a visit.

const officials = 8

var (
	evening = calendar.MustDate(2017, 3, 15)
	plans   = evening.Add(-7).At(calendar.MustTimeOfDay(9, 0))
	reports = evening.Add(1).At(calendar.MustTimeOfDay(9, 0))
)

// season opens a district in the database whose officials have planned a visit each,
// with a clock that stands on the morning after.
func season(t *testing.T, pool *pgxpool.Pool, reaction func(event.Record)) *core.System {
	t.Helper()
	c := countrytest.New(1, officials)
	st := native{pool, nil}
	b := sqlstore.Batch{
		Places: slices.Collect(c.Places()), Units: slices.Collect(c.Departments()), Persons: slices.Collect(c.People()),
		Holdings: slices.Collect(c.Holdings()), Teams: slices.Collect(c.Teams()), Assignments: slices.Collect(c.Assignments()),
	}
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return errors.Join(sqlstore.Load(ctx, tx, b), tx.PutProgramme(ctx, c.Programme()))
	})
	if err != nil {
		t.Fatal(err)
	}
	ids, now := 0, plans
	opts := &core.Options{
		Clock: func() time.Time { return now }, Calendar: calendar.WeekdaysOnly("c"), Series: "XL",
		NewID: func() string { ids++; return fmt.Sprintf("x-%06d", ids) },
	}
	if reaction != nil {
		opts.OnEvent = func(_ context.Context, _ *core.Work, r event.Record, _ event.Event) error { reaction(r); return nil }
	}
	sys, err := core.New(st, policy.Default(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for k := range officials {
		err := sys.Update(t.Context(), org.Actor{Person: countrytest.Official(k)}, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, ID: visitID(k), Official: countrytest.Official(k), Place: countrytest.Hamlet(k), Date: evening})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	now = reports
	return sys
}

func visitID(k int) visit.ID { return visit.ID(fmt.Sprintf("v-%d", k)) }

// report writes a visit down: eight opinions of which three become issues, one of them
// referred at once.
func report(ctx context.Context, w *core.Work, k int) error {
	_, err := w.Visits.Report(ctx, visitID(k), evening, visit.Report{
		Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), Ended: calendar.MustTimeOfDay(20, 30), People: 42, Minutes: "Bà con nghe và nêu ý kiến.",
	})
	if err != nil {
		return err
	}
	var said []core.Said
	for i := range 8 {
		s := core.Said{Kind: opinion.Feeling, Text: fmt.Sprintf("Ý kiến thứ %d.", i+1), Confidentiality: opinion.NameHidden}
		if i < 3 {
			s.Kind, s.Text = opinion.Petition, fmt.Sprintf("Đoạn đường số %d hư hỏng, đề nghị sửa chữa.", i+1)
		}
		said = append(said, s)
	}
	heard, err := w.Opinions.Capture(ctx, visitID(k), said...)
	if err != nil {
		return err
	}
	for i, o := range heard[:3] {
		if _, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{o.ID}, Title: fmt.Sprintf("Sửa đoạn đường số %d", i+1)}); err != nil {
			return err
		}
	}
	return nil
}

// The report of a visit with its opinions, issues, clocks, records and notices, and
// the host's own row with it, is four round trips: two for
// what has to be known, one for the number of the first issue, and one to write. The rows are
// those that Update would have left.
func TestTheReportOfAVisitIsFourRoundTripsInATransactionOfTheHost(t *testing.T) {
	var dumps [3][]string
	for i := range dumps {
		pool, trips := counting(t)
		sys := season(t, pool, nil)
		join := [...]func(store.Tx, org.Actor) *core.Work{nil, sys.JoinAlone, sys.Join}[i]
		for k := range officials {
			actor := org.Actor{Person: countrytest.Official(k)}
			before := trips.Load()
			err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
				u.Queue("INSERT INTO ticket (id) VALUES ($1)", string(visitID(k)))
				if join == nil {
					return nil
				}
				return report(t.Context(), join(sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), actor), k)
			})
			if got := trips.Load() - before; i == 1 && k == officials-1 && got > 4 {
				t.Errorf("%d round trips, want 4 at most", got)
			}
			if err == nil && join == nil {
				err = sys.Update(t.Context(), actor, func(ctx context.Context, w *core.Work) error { return report(ctx, w, k) })
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range list(t, pool, `SELECT table_name::text FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name LIKE 'outreach\_%' AND column_name = 'state' ORDER BY 1`) {
			order, what := "1", "to_jsonb(x)::text"
			if table == "outreach_record" { // positions have gaps; their order counts
				order, what = "position", "(to_jsonb(x) - 'position')::text"
			}
			dumps[i] = append(dumps[i], list(t, pool, "SELECT '"+table+" ' || "+what+" FROM "+table+" x ORDER BY "+order)...)
		}
	}
	if len(dumps[0]) < 300 {
		t.Fatalf("only %d rows were written", len(dumps[0]))
	}
	for i, how := range []string{"alone", "as one of several"} {
		if diff := cmp.Diff(dumps[0], dumps[i+1]); diff != "" {
			t.Errorf("written by Update (-), in a transaction of the host, %s (+):\n%s", how, diff)
		}
	}
}

// A host that reacts to events is told where each stands in the journal.
func TestTheHostsReactionKnowsThePositionOfARecord(t *testing.T) {
	pool, _ := counting(t)
	var positions []int64
	sys := season(t, pool, func(r event.Record) { positions = append(positions, r.Position) })
	positions = nil
	for k, join := range []func(store.Tx, org.Actor) *core.Work{sys.JoinAlone, sys.Join} {
		err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
			return report(t.Context(), join(sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), org.Actor{Person: countrytest.Official(k)}), k)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stored := list(t, pool, `SELECT position::text FROM outreach_record r WHERE kind <> 'visit.planned' ORDER BY r.position`)
	if got := fmt.Sprint(positions); len(positions) < 20 || got != "["+strings.Join(stored, " ")+"]" {
		t.Errorf("told %v, stored %v", got, stored)
	}
}

// What the programme has PostgreSQL do for its own statements it undoes for the host's.
func TestTheHostsStatementsArePlannedAsTheHostWants(t *testing.T) {
	pool, _ := counting(t)
	sys := season(t, pool, nil)
	execute(t, pool, "SET plan_cache_mode = force_custom_plan") // of the one connection
	const settings = "SELECT current_setting('plan_cache_mode') || ' ' || current_setting('enable_seqscan') || ' ' || current_setting('jit')"
	want := list(t, pool, settings)[0]
	var got []string
	err := pgxtx.Run(t.Context(), pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
		w := sys.JoinAlone(sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), org.Actor{Person: countrytest.Official(0)})
		if err := report(t.Context(), w, 0); err != nil {
			return err
		}
		u.Queue(settings).QueryRow(func(row pgx.Row) error {
			got = append(got, "")
			return row.Scan(&got[0])
		})
		return nil
	})
	if err != nil || !slices.Equal(got, []string{want}) {
		t.Errorf("%v; the host's statements run with %q, want %q", err, got, want)
	}
	if after := list(t, pool, settings)[0]; after != want {
		t.Errorf("after the unit with %q, want %q", after, want)
	}
}

// A clerk refers an issue, and the host's ticket goes with it.
func ExampleRun() {
	refer := func(ctx context.Context, pool *pgxpool.Pool, sys *core.System, clerk org.Actor, ticket string, id issue.ID) error {
		return pgxtx.Run(ctx, pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
			u.Queue(`UPDATE ticket SET state = 'referred' WHERE id = $1`, ticket)
			work := sys.JoinAlone(sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), clerk)
			_, err := work.Issues.Refer(ctx, id, "TN-MT")
			return err
		}) // ticket, referral, journal and notices together, or nothing
	}
	_ = refer
}
