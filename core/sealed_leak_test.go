package core_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
)

// Denunciations are searched for, by what was said and who said it, in every row
// of every table of every store, the vault's own included, and in whatever the
// programme's readers give out: nobody finds them.

// secrets are pieces of what must not be found.
func secrets() []string {
	return []string{secretBody, secretName, secretPhone, "Kín", "hộ nghèo", "909998877"}
}

// leaks says which secrets a text holds.
func leaks(text string) (found []string) {
	for _, secret := range secrets() {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return found
}

// dumpSQL returns every row of every table as text, by table.
func dumpSQL(t *testing.T, db *sql.DB, d sqlstore.Dialect) map[string]string {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if d == sqlstore.Postgres {
		list = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	tables := make(map[string]string)
	for name := range strings.Lines(dumpQuery(t, db, list)) {
		name = strings.TrimSpace(name)
		tables[name] = dumpQuery(t, db, fmt.Sprintf("SELECT * FROM %q", name))
	}
	return tables
}

// dumpQuery is every cell of an answer, a line each.
func dumpQuery(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(sql.RawBytes)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		for _, cell := range cells {
			b.Write(*cell.(*sql.RawBytes))
			b.WriteByte('\n')
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// denounces lets a season's matters be sealed in every way there is: handed over,
// recognised later, recognised after an issue was registered, handed on, closed.
func (c *cast) denounces() {
	c.t.Helper()
	c.at("2017-03-08")
	c.receives(lan, denunciation())
	speaker := &opinion.Speaker{Name: secretName, Phone: secretPhone}
	classify := func(id opinion.ID) {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			_, _, err := w.Opinions.Classify(ctx, id, opinion.Denunciation)
			return err
		})
	}
	classify(c.hears(lan, core.Said{Text: secretBody, Place: "AP-01", Speaker: speaker}))
	m := c.raised(lan, "AP-01", core.Registration{Title: secretBody}, speaker).referredTo(unitTNMT)
	c.put(func(ctx context.Context, tx store.Tx) error {
		o, err := tx.Opinion(ctx, opinion.ID(m.state().Opinions[0]))
		if err != nil {
			return err
		}
		o.Text = secretBody
		return tx.PutOpinion(ctx, &o)
	})
	m.does(u11, draftAnswer(issue.Answer{Class: issue.Explained, Text: "Về việc " + secretBody}))
	classify(opinion.ID(m.state().Opinions[0]))
	first := c.cases()[0]
	c.must(first.Inspector, func(ctx context.Context, w *core.Work) error { return w.Sealed.StepOut(ctx, first.ID) })
	second := c.cases()[1]
	c.must(second.Inspector, func(ctx context.Context, w *core.Work) error { return w.Sealed.Acknowledge(ctx, second.ID) })
	_ = c.do(minh, readsCase(first.ID, nil)) // refused, and logged
	c.sweepUntil("2017-03-20 08:00")
	if n := len(c.cases()); n != 3 {
		c.t.Fatalf("%d cases", n)
	}
}

func TestWhatIsSealedIsFoundInNoRowOfAnyTable(t *testing.T) {
	for _, one := range []struct {
		name, driver string
		dialect      sqlstore.Dialect
		dsn          func(*testing.T) string
	}{
		{"sqlite", "sqlite", sqlstore.SQLite, func(t *testing.T) string {
			return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "sealed.db")) + "&_pragma=synchronous(OFF)"
		}},
		{"postgres", "pgx", sqlstore.Postgres, func(t *testing.T) string { pgtest.Server(t); return pgtest.Database(t) }},
	} {
		t.Run(one.name, func(t *testing.T) {
			db := openSQL(t, one.driver, one.dsn(t))
			if err := sqlstore.Migrate(t.Context(), db, one.dialect, nil); err != nil {
				t.Fatal(err)
			}
			c := newCastOn(t, openStore(t, db, one.dialect), nil)
			c.denounces()
			tables := dumpSQL(t, db, one.dialect)
			if len(tables) < 20 || !strings.Contains(tables["outreach_sealed_case"], `"locked":true`) || !strings.Contains(tables["outreach_record"], "opinion.withdrawn") {
				t.Fatalf("looked at %d tables: this test does not see", len(tables))
			}
			for name, rows := range tables {
				if found := leaks(rows); found != nil {
					t.Errorf("%s holds %q", name, found)
				}
			}
			c.wantUnreadable()
			if r := c.inspectorReads(t); r.Body != secretBody || r.Speaker != secretName+" "+secretPhone {
				t.Errorf("the inspector reads %+v", r)
			}

			// A planted leak is found: in a notice, as somebody might write one.
			c.put(func(ctx context.Context, tx store.Tx) error {
				_, err := tx.AddNotice(ctx, &notify.Notice{ID: "leak", Key: "leak", Template: "x", State: notify.Pending, Vars: map[string]string{"text": secretBody}})
				return err
			})
			if leaks(dumpSQL(t, db, one.dialect)["outreach_notice"]) == nil {
				t.Error("a planted leak was not found: this test does not see")
			}
		})
	}
}

func TestWhatIsSealedIsFoundInNoMemory(t *testing.T) {
	c := newCastOn(t, memstore.New(), nil)
	c.denounces()
	c.wantNothingOutsideTheVault()
	c.wantUnreadable()
}

// wantUnreadable asks everybody for everything that can be read or exported.
func (c *cast) wantUnreadable() {
	c.t.Helper()
	var all bytes.Buffer
	for _, r := range castRoles() {
		err := c.sys.Update(c.t.Context(), org.Actor{Person: r.person}, func(ctx context.Context, w *core.Work) error {
			show := func(v any, err error) {
				fmt.Fprintf(&all, "%+v %v\n", v, err)
			}
			opinions, err := w.Opinions.List(ctx, opinion.Query{})
			show(opinions, err)
			for _, o := range opinions {
				show(w.Opinions.Speaker(ctx, o.ID))
			}
			show(w.Issues.List(ctx, issue.Query{}))
			show(w.Notices.List(ctx, notify.Query{}))
			show(w.Journal.Since(ctx, 0, 0))
			show(w.Duties.Owed(ctx, r.person))
			show(w.Sealed.Count(ctx))
			show(w.Sealed.Mine(ctx))
			show(w.Sealed.AccessLog(ctx, ""))
			figures, state, err := w.Reports.Month(ctx, calendar.MonthOf(day("2017-03-01")))
			show([]any{figures, state}, err)
			return nil
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if found := leaks(all.String()); found != nil || all.Len() < 10_000 {
		c.t.Errorf("of %d characters read, they hold %q", all.Len(), found)
	}
}

func TestACaseIsPassedOnWhenItsInspectorLeaves(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	c.receives(lan, denunciation())
	one := c.cases()[0]
	c.must(one.Inspector, func(ctx context.Context, w *core.Work) error { return w.Sealed.Acknowledge(ctx, one.ID) })
	leaves := func(who org.PersonID, last string) {
		c.put(func(ctx context.Context, tx store.Tx) error {
			held, err := tx.Holdings(ctx, org.HoldingQuery{Person: who})
			if err != nil {
				return err
			}
			held[0].Valid.To = day(last)
			return tx.PutHolding(ctx, &held[0])
		})
	}
	leaves(tt01, "2017-03-12")
	c.at("2017-03-13")
	c.sweep()
	two := c.cases()[0]
	if two.Inspector != tt02 || two.Status != sealed.Transferred || two.Admits(tt01) {
		t.Fatalf("%+v", two)
	}
	c.must(tt02, readsCase(one.ID, nil))
	c.refused("sealed.refused", tt01, readsCase(one.ID, nil))

	leaves(tt02, "2017-03-13")
	leaves(tt03, "2017-03-13")
	leaves(ptt, "2017-03-13")
	c.at("2017-03-14")
	c.sweep()
	if three := c.cases()[0]; three.Inspector != "" || !three.Waits() {
		t.Fatalf("%+v", three)
	}
	if asked := c.outbox(notify.Query{Template: "sealed.needs_inspector"}); len(asked) != 2 || asked[0].To.Person != ct {
		t.Errorf("the chair has to name somebody: %+v", asked)
	}
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutHolding(ctx, &org.Holding{ID: "new", Person: u30, Role: org.Inspector, Place: "H", Valid: days("2017-03-14", "2017-12-31")})
	})
	c.refused("sealed.refused", ct, func(ctx context.Context, w *core.Work) error { return w.Sealed.Grant(ctx, one.ID, u30) }) // stands above the accused
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutHolding(ctx, &org.Holding{ID: "newer", Person: u20, Role: org.Inspector, Place: "H", Valid: days("2017-03-14", "2017-12-31")})
	})
	c.must(ct, func(ctx context.Context, w *core.Work) error { return w.Sealed.Grant(ctx, one.ID, u20) })
	c.must(u20, readsCase(one.ID, nil))
	c.sweep()
	if four := c.cases()[0]; four.Inspector != u20 {
		t.Errorf("%+v", four)
	}
}

func TestAnotherSecretLocksCasesAnewAndOldReceiptsStayGood(t *testing.T) {
	st := memstore.New()
	c := newCastOn(t, st, &core.Options{Secret: []byte("old")})
	c.at("2017-03-08")
	receipt := c.receives(lan, denunciation())
	before := c.cases()[0]
	var n atomic.Int64
	options := core.Options{
		Clock: func() time.Time { return *c.now.Load() }, NewID: func() string { return fmt.Sprintf("next-%06d", n.Add(1)) },
		Calendar: calendar2017(t), Secret: []byte("new"), FormerSecrets: [][]byte{[]byte("old")},
	}
	use := func() {
		t.Helper()
		var err error
		if c.sys, err = core.New(st, policy.Default(), &options); err != nil {
			t.Fatal(err)
		}
	}
	use()
	c.at("2017-03-09")
	if r := c.inspectorReads(t); r.Body != secretBody {
		t.Errorf("%+v", r)
	}
	c.sweep()
	after := c.cases()[0]
	if after.Body == before.Body || !after.Locked {
		t.Error("it is locked as before")
	}
	if _, _, err := after.Unlock([]byte("new")); err != nil {
		t.Error(err)
	}
	c.must(ha, func(ctx context.Context, w *core.Work) error { _, err := w.Sealed.Status(ctx, receipt); return err })
	options.Secret, options.FormerSecrets = []byte("forgotten"), nil
	use()
	c.refused("sealed.unlock.secret", after.Inspector, readsCase(after.ID, nil))
}
