package pgxtx

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Unit is a unit of work whose statements wait and travel together: those of the
// host, what the programme writes, the begin and the commit. Each time somebody asks
// something, what waits goes with the question; a unit that asks nothing is one round
// trip. It belongs to one function, see [Run], and is not safe for concurrent use.
//
// Statements run in the order in which they were queued. The first one that fails
// ends the transaction: those behind it do not run, nothing is kept, and its error,
// in the programme's terms where it is one of the programme's, comes back from
// whatever sent it and from everything after that.
type Unit struct {
	conn  *pgx.Conn
	opts  pgx.TxOptions
	batch *pgx.Batch         // what waits
	hosts []*pgx.QueuedQuery // of it, what the host queued
	begun bool
	over  bool
	fault error // what ended the transaction

	programme *Conn
}

// Run runs fn in a transaction of a connection of the pool. The transaction is
// committed when fn returns nil and every statement succeeds, and rolled back
// otherwise, also when fn panics; fn's own error comes back unchanged. A commit that
// fails is an error, and whether it took place is not known when the connection was
// lost. Run does not run fn again: where the programme says fault.ErrStale, or
// PostgreSQL 40001 or 40P01, somebody else was quicker, and a caller may.
//
//	err := pgxtx.Run(ctx, pool, pgx.TxOptions{}, func(u *pgxtx.Unit) error {
//		u.Queue(`UPDATE ticket SET state = 'referred' WHERE id = $1`, ticket)
//		work := sys.JoinAlone(sqlstore.Join(u.Conn(), sqlstore.Postgres, nil), clerk)
//		_, err := work.Issues.Refer(ctx, issue, "TN-MT")
//		return err
//	})
func Run(ctx context.Context, pool *pgxpool.Pool, opts pgx.TxOptions, fn func(*Unit) error) error {
	return pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		u := &Unit{conn: c.Conn(), opts: opts, batch: &pgx.Batch{}}
		u.programme = &Conn{unit: u}
		defer u.end(ctx)
		if err := fn(u); err != nil {
			return err
		}
		return u.commit(ctx)
	})
}

// Queue takes a statement of the host. What it returns can be looked at with the
// methods of the query that comes back, as in a [pgx.Batch]; an error of such a
// function ends the transaction. So the commit then waits for what the functions say,
// which is a round trip more than without any.
func (u *Unit) Queue(statement string, args ...any) *pgx.QueuedQuery {
	u.makeWay()
	q := u.queue(statement, args)
	u.hosts = append(u.hosts, q)
	return q
}

// Send sends what waits and returns when all of it has run. Nobody needs it but who
// wants to go on with what a query of the host found.
func (u *Unit) Send(ctx context.Context) error {
	u.makeWay()
	return u.send(ctx)
}

// Conn is what the programme works on in this transaction: for [sqlstore.Join], once.
//
// [sqlstore.Join]: https://pkg.go.dev/github.com/huongvecoso/outreach/adapters/sqlstore#Join
func (u *Unit) Conn() *Conn { return u.programme }

var errOver = errors.New("pgxtx: the unit of work is over")

// makeWay puts what the programme has written before what comes next.
func (u *Unit) makeWay() {
	if u.programme.before != nil && u.usable() == nil {
		u.fault = u.programme.before()
	}
}

func (u *Unit) usable() error {
	if u.over {
		return errOver
	}
	return u.fault
}

func (u *Unit) queue(statement string, args []any) *pgx.QueuedQuery {
	if !u.begun {
		u.batch.BeginTx(u.opts)
		u.begun = true
	}
	return u.batch.Queue(statement, args...)
}

func (u *Unit) send(ctx context.Context) error {
	if err := u.usable(); err != nil || u.batch.Len() == 0 {
		return err
	}
	b := u.batch
	u.batch, u.hosts = &pgx.Batch{}, nil
	for _, q := range b.QueuedQueries {
		if q.Fn == nil { // not every way in which pgx runs a batch stops at its error then
			q.Exec(func(pgconn.CommandTag) error { return nil })
		}
	}
	u.fault = u.conn.SendBatch(ctx, b).Close()
	return u.fault
}

// commit sends the rest with the commit behind it, which PostgreSQL does not come to
// when a statement before fails. What can be refused by the host alone is sent first.
func (u *Unit) commit(ctx context.Context) error {
	u.makeWay()
	if slices.ContainsFunc(u.hosts, func(q *pgx.QueuedQuery) bool { return q.Fn != nil }) {
		if err := u.send(ctx); err != nil {
			return err
		}
	}
	if err := u.usable(); err != nil || !u.begun {
		return err
	}
	statement := "commit"
	if u.opts.CommitQuery != "" {
		statement = u.opts.CommitQuery
	}
	u.batch.Queue(statement).Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" {
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return u.send(ctx)
}

// rollbackPatience is how long a rollback may take; without one the connection is
// closed, which rolls back as well.
const rollbackPatience = 5 * time.Second

// end leaves no transaction open.
func (u *Unit) end(ctx context.Context) {
	u.over = true
	if u.programme.db != nil {
		_ = u.programme.db.Close() // closes nothing of the host's
	}
	if u.conn.IsClosed() || u.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackPatience)
	defer cancel()
	if _, err := u.conn.Exec(ctx, "rollback"); err != nil {
		_ = u.conn.Close(ctx) // the pool makes another one
	}
}

// Conn is the programme's side of a [Unit]: a sqlstore.Pipeline. It is over when its
// unit is. The host has the methods of the Unit.
type Conn struct {
	unit   *Unit
	before func() error
	db     *sql.DB // made for the first question
}

// Attach tells the unit how to have what waits in the programme written. There is one
// that writes in a unit of work: a second time is an error.
func (c *Conn) Attach(before func() error) error {
	if c.before != nil {
		return errors.New("pgxtx: the programme has joined this unit of work already")
	}
	c.before = before
	return nil
}

// Defer queues a statement whose first column, or error, is told to done when it was
// sent. What done returns is the unit's error.
func (c *Conn) Defer(statement string, args []any, done func(texts []string, err error) error) {
	if c.unit.usable() != nil {
		return
	}
	c.unit.queue(statement, args).Query(func(rows pgx.Rows) error {
		texts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (text string, err error) {
			err = row.Scan(&text)
			return text, err
		})
		return done(texts, err)
	})
}

// ExecContext sends what waits and the statement behind it.
func (c *Conn) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	if err := c.unit.usable(); err != nil {
		return nil, err
	}
	var wrote driver.RowsAffected
	c.unit.queue(statement, args).Exec(func(tag pgconn.CommandTag) error {
		wrote = driver.RowsAffected(tag.RowsAffected())
		return nil
	})
	return wrote, c.unit.send(ctx)
}

// QueryContext sends what waits and the question behind it. What it finds is held in
// memory.
func (c *Conn) QueryContext(ctx context.Context, question string, args ...any) (*sql.Rows, error) {
	if err := c.unit.usable(); err != nil {
		return nil, err
	}
	return c.database().QueryContext(ctx, question, args...)
}

// QueryRowContext is QueryContext for one row.
func (c *Conn) QueryRowContext(ctx context.Context, question string, args ...any) *sql.Row {
	return c.database().QueryRowContext(ctx, question, args...)
}

func (c *Conn) database() *sql.DB {
	if c.db == nil {
		c.db = sql.OpenDB(asked{c})
		if c.unit.over {
			_ = c.db.Close() // which is its answer to everything
		}
	}
	return c.db
}

// asked is the driver of the questions of one unit. Its connections are all the same.
type asked struct{ *Conn }

// Connect implements [driver.Connector].
func (a asked) Connect(context.Context) (driver.Conn, error) { return a, nil }

// Driver implements [driver.Connector].
func (asked) Driver() driver.Driver { return lender{} }

// Begin refuses: the transaction is the unit's.
func (asked) Begin() (driver.Tx, error) { return conn{}.Begin() }

// Close implements [driver.Conn]; there is nothing to close.
func (asked) Close() error { return nil }

// Prepare refuses: the programme prepares nothing.
func (asked) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("pgxtx: a unit of work prepares nothing by hand")
}

// QueryContext implements [driver.QueryerContext].
func (a asked) QueryContext(ctx context.Context, question string, args []driver.NamedValue) (driver.Rows, error) {
	u := a.unit
	if err := u.usable(); err != nil {
		return nil, err
	}
	found := &heldRows{}
	u.queue(question, values(args)).Query(func(rows pgx.Rows) error { return found.read(rows, u.conn.TypeMap()) })
	return found, u.send(ctx)
}

// heldRows are rows that were read already.
type heldRows struct {
	names []string
	rows  [][]driver.Value
}

func (h *heldRows) read(rows pgx.Rows, types *pgtype.Map) error {
	if err := rows.Err(); err != nil {
		return err
	}
	fields := rows.FieldDescriptions()
	h.names = names(fields)
	for rows.Next() {
		row := make([]driver.Value, len(fields))
		for i, raw := range rows.RawValues() {
			var err error
			if row[i], err = value(types, fields[i], raw); err != nil {
				return fmt.Errorf("pgxtx: column %s: %w", h.names[i], err)
			}
		}
		h.rows = append(h.rows, row)
	}
	return rows.Err()
}

// Columns implements [driver.Rows].
func (h *heldRows) Columns() []string { return h.names }

// Close implements [driver.Rows].
func (h *heldRows) Close() error { return nil }

// Next implements [driver.Rows].
func (h *heldRows) Next(row []driver.Value) error {
	if len(h.rows) == 0 {
		return io.EOF
	}
	copy(row, h.rows[0])
	h.rows = h.rows[1:]
	return nil
}
