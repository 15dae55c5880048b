// Package pgxtx lets the programme work in a transaction of a host whose own tables
// are reached through pgx.
//
// [Run] is the fast way: what the host and the programme write waits, and goes to
// PostgreSQL together, with the questions that somebody asks in between and at last
// with the commit. A unit of work is a few round trips then, or one.
//
// [Lend] lends a transaction that the host has open already to code that speaks
// database/sql, where each statement is a round trip:
//
//	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
//		if _, err := tx.Exec(ctx, `UPDATE ticket …`); err != nil {
//			return err
//		}
//		return pgxtx.Lend(ctx, tx, func(q *sql.Conn) error {
//			work := sys.Join(sqlstore.Join(q, sqlstore.Postgres, nil), clerk)
//			_, err := work.Issues.Refer(ctx, issue, "TN-MT")
//			return err
//		})
//	})
//
// There the begin, the commit and the rollback stay with the lender. No second
// connection is opened, here or there.
package pgxtx

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Lend runs fn with a connection of database/sql whose every statement runs in
// tx, and returns fn's error unchanged. The connection must not be used after fn
// returned, nor by two goroutines, nor while tx itself is being used.
func Lend(ctx context.Context, tx pgx.Tx, fn func(*sql.Conn) error) error {
	db := sql.OpenDB(lender{tx})
	defer db.Close() // closes nothing of the lender's
	db.SetMaxOpenConns(1)
	q, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer q.Close()
	return fn(q)
}

// lender is the driver of one transaction.
type lender struct{ tx pgx.Tx }

// Connect implements [driver.Connector].
func (l lender) Connect(context.Context) (driver.Conn, error) { return conn(l), nil }

// Driver implements [driver.Connector].
func (l lender) Driver() driver.Driver { return l }

// Open implements [driver.Driver].
func (lender) Open(string) (driver.Conn, error) {
	return nil, errors.New("pgxtx: there is only the transaction that was lent")
}

// conn runs statements in the transaction.
type conn struct{ tx pgx.Tx }

var (
	_ driver.QueryerContext = conn{}
	_ driver.ExecerContext  = conn{}
)

// Begin refuses: the transaction is open already, and its end is the lender's.
func (conn) Begin() (driver.Tx, error) {
	return nil, errors.New("pgxtx: the transaction was begun by its lender")
}

// Close implements [driver.Conn]; there is nothing to close.
func (conn) Close() error { return nil }

// Prepare implements [driver.Conn]. pgx prepares what it has seen before by itself.
func (c conn) Prepare(query string) (driver.Stmt, error) { return stmt{c, query}, nil }

// ExecContext implements [driver.ExecerContext].
func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.tx.Exec(ctx, query, values(args)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

// QueryContext implements [driver.QueryerContext].
func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	asText := []any{pgx.QueryResultFormats{pgx.TextFormatCode}}
	found, err := c.tx.Query(ctx, query, append(asText, values(args)...)...)
	if err != nil {
		return nil, err
	}
	r := &rows{Rows: found, types: c.tx.Conn().TypeMap()}
	r.more = found.Next() // so that an error of the statement is one of the query
	if err := found.Err(); err != nil {
		return nil, err
	}
	return r, nil
}

func values(args []driver.NamedValue) []any {
	all := make([]any, len(args))
	for i, arg := range args {
		all[i] = arg.Value
	}
	return all
}

// stmt is a statement to be run several times.
type stmt struct {
	conn
	query string
}

var (
	_ driver.StmtExecContext  = stmt{}
	_ driver.StmtQueryContext = stmt{}
)

// NumInput implements [driver.Stmt]: the server counts.
func (stmt) NumInput() int { return -1 }

// Exec implements [driver.Stmt], which has a place for it; ExecContext is used.
func (stmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

// Query implements [driver.Stmt], which has a place for it; QueryContext is used.
func (stmt) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }

// ExecContext implements [driver.StmtExecContext].
func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}

// rows turns what pgx reads into what database/sql takes.
type rows struct {
	pgx.Rows
	types *pgtype.Map
	more  bool // the next row has been read already
}

// Columns implements [driver.Rows].
func (r *rows) Columns() []string { return names(r.FieldDescriptions()) }

func names(fields []pgconn.FieldDescription) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// Close implements [driver.Rows].
func (r *rows) Close() error {
	r.Rows.Close()
	return r.Err()
}

// Next implements [driver.Rows].
func (r *rows) Next(row []driver.Value) error {
	if !r.more {
		if err := r.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, raw := range r.RawValues() {
		var err error
		if row[i], err = value(r.types, r.FieldDescriptions()[i], raw); err != nil {
			return err
		}
	}
	r.more = r.Rows.Next()
	return nil
}

// value is one column as one of the types that database/sql knows.
func value(types *pgtype.Map, f pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	if t, known := types.TypeForOID(f.DataTypeOID); known {
		return t.Codec.DecodeDatabaseSQLValue(types, f.DataTypeOID, f.Format, raw)
	}
	return string(raw), nil // of a type that pgx does not know it asks for the text
}
