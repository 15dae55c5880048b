package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// desk is the help desk: its own tables, and the programme beside them.
type desk struct {
	db      *sql.DB
	dialect sqlstore.Dialect
	tables  *sqlstore.Options // where the programme's tables are
	sys     *core.System
	out     io.Writer
	owner   string    // how the programme knows this process among those that deliver
	began   time.Time // of the process: it is 9:00 on 1/3/2017 then, and time goes on from there
}

// The desk's own tables.
const ownTables = `
CREATE TABLE IF NOT EXISTS staff (login text PRIMARY KEY, name text NOT NULL, mobile text NOT NULL, mailbox text NOT NULL);
CREATE TABLE IF NOT EXISTS ticket (id text PRIMARY KEY, words text NOT NULL, state text NOT NULL, issue text NOT NULL);
CREATE TABLE IF NOT EXISTS ticket_log (ticket text NOT NULL, happened text NOT NULL);
CREATE TABLE IF NOT EXISTS webhook_cursor (name text PRIMARY KEY, mark text NOT NULL);`

// open opens the database, makes the desk's tables and the programme's: on
// PostgreSQL in a schema of their own, on SQLite under a prefix of their own.
func open(ctx context.Context, database string, out io.Writer) (*desk, error) {
	d := &desk{dialect: sqlstore.SQLite, tables: &sqlstore.Options{TablePrefix: "hvcs_"}, out: out}
	d.began, d.owner = time.Now(), fmt.Sprintf("help desk %d", os.Getpid())
	driver, dsn := "sqlite", sqlstore.SQLiteDSN(database)
	if strings.HasPrefix(database, "postgres") {
		driver, dsn = "pgx", database
		d.dialect, d.tables = sqlstore.Postgres, &sqlstore.Options{Schema: "hvcs"}
	}
	var err error
	if d.db, err = sql.Open(driver, dsn); err != nil {
		return nil, err
	}
	if _, err := d.db.ExecContext(ctx, ownTables); err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	if err := sqlstore.Migrate(ctx, d.db, d.dialect, d.tables); err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	for _, s := range hired {
		if _, err := d.db.ExecContext(ctx, "INSERT INTO staff (login, name, mobile, mailbox) VALUES ($1, $2, $3, $4)", s.login, s.name, s.mobile, s.mailbox); err != nil {
			return nil, errors.Join(err, d.db.Close())
		}
	}
	st, err := sqlstore.Open(d.db, d.dialect, d.tables)
	if err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	d.sys, err = core.New(st, policy.Default(), &core.Options{
		Clock:     d.clock, // your desk leaves it out, and has the machine's time
		Series:    "XL",
		Directory: func(tx store.Tx) org.Directory { return identities{tx, d.db} },
		OnEvent:   d.react,
	})
	return d, err
}

// clock runs as the machine's does, from an office morning of long ago, so that
// the example ends alike whenever it is run. One that stands still would keep
// the right to deliver with whoever had it first.
func (d *desk) clock() time.Time {
	return calendar.MustDate(2017, 3, 1).At(calendar.MustTimeOfDay(9, 0)).Add(time.Since(d.began))
}

// identities says who is who from the desk's own staff; places, units and roles
// are the programme's.
type identities struct {
	org.Directory
	db *sql.DB
}

func (i identities) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	p := org.Person{ID: id, PhoneSMS: true, Valid: calendar.Period{From: calendar.MustDate(2016, 1, 1)}}
	err := i.db.QueryRowContext(ctx, "SELECT name, mobile, mailbox FROM staff WHERE login = $1", string(id)).Scan(&p.FullName, &p.Phone, &p.Email)
	if errors.Is(err, sql.ErrNoRows) {
		return i.Directory.Person(ctx, id)
	}
	return p, err
}

// react is the desk's own reaction to what happens in the programme, in the same
// transaction: in one of the desk's own, its log is written with it.
func (d *desk) react(ctx context.Context, _ *core.Work, r event.Record, _ event.Event) error {
	tx, ok := ctx.Value(ownTx{}).(*sql.Tx)
	if !ok || r.Subject.Type != "issue" {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO ticket_log (ticket, happened) SELECT id, $1 FROM ticket WHERE issue = $2", r.Kind, r.Subject.ID)
	return err
}

// ownTx is the key of the desk's transaction in a context, for react alone:
// everything else is handed it.
type ownTx struct{}

// together runs fn in one transaction of the desk in which the programme works
// as well: both are kept, or neither.
func (d *desk) together(ctx context.Context, by org.PersonID, fn func(ctx context.Context, tx *sql.Tx, w *core.Work) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	work := d.sys.Join(sqlstore.Join(tx, d.dialect, d.tables), org.Actor{Person: by})
	if err := fn(context.WithValue(ctx, ownTx{}, tx), tx, work); err != nil {
		return err
	}
	return tx.Commit()
}

// take opens a ticket for what somebody said, and registers it as an issue.
func (d *desk) take(ctx context.Context, by org.PersonID, words string) (ticket string, err error) {
	err = d.together(ctx, by, func(ctx context.Context, tx *sql.Tx, w *core.Work) error {
		said, err := w.Opinions.Capture(ctx, "", core.Said{Text: words, Kind: opinion.Report, Place: "binh-minh"})
		if err != nil {
			return err
		}
		i, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{said[0].ID}, Subject: "drainage"})
		if err != nil {
			return err
		}
		ticket = "HD-" + i.Code
		_, err = tx.ExecContext(ctx, "INSERT INTO ticket (id, words, state, issue) VALUES ($1, $2, 'open', $3)", ticket, words, string(i.ID))
		return err
	})
	return ticket, err
}

var errChangedItsMind = errors.New("the desk's own check says no")

// refer moves a ticket on and hands its issue to a unit. When the desk's own
// check fails afterwards, neither has happened.
func (d *desk) refer(ctx context.Context, ticket string, to org.UnitID, check error) error {
	return d.together(ctx, "loc", func(ctx context.Context, tx *sql.Tx, w *core.Work) error {
		var id issue.ID
		if err := tx.QueryRowContext(ctx, "SELECT issue FROM ticket WHERE id = $1", ticket).Scan(&id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE ticket SET state = 'referred' WHERE id = $1", ticket); err != nil {
			return err
		}
		if _, err := w.Issues.Triage(ctx, id, issue.Sorting{Subject: "drainage", Urgency: issue.Normal}); err != nil {
			return err
		}
		if _, err := w.Issues.Refer(ctx, id, to); err != nil {
			return err
		}
		return check
	})
}

// stand is how both sides stand, read from the tables.
func (d *desk) stand(ctx context.Context) string {
	var state string
	var logged, records, waiting int
	ours := d.tables.TablePrefix
	if d.tables.Schema != "" {
		ours = d.tables.Schema + ".outreach_"
	}
	err := d.db.QueryRowContext(ctx, `SELECT (SELECT max(state) FROM ticket), (SELECT count(*) FROM ticket_log),
		(SELECT count(*) FROM `+ours+`record WHERE subject_type = 'issue'), (SELECT count(*) FROM `+ours+`notice WHERE status = 'pending' AND next_at <= $1)`,
		d.now()).Scan(&state, &logged, &records, &waiting)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("ticket %s, %d in its log; journal %d, notices due %d", state, logged, records, waiting)
}

// now is the programme's time as its tables have it.
func (d *desk) now() any {
	if d.dialect == sqlstore.SQLite {
		return d.sys.Now().Format("2006-01-02T15:04:05.000000Z")
	}
	return d.sys.Now()
}
