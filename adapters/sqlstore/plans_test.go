package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// growing are the tables that get longer with every day the programme runs. A
// statement that reads one of them from end to end costs more from month to
// month. The others are as long as the organisation is large.
var growing = []string{"duty", "visit", "opinion", "speaker", "issue", "rating_round", "rating", "flag", "report", "profile", "leave",
	"sealed_access", "notice", "attempt", "receipt", "record"}

// explainer is a Store whose database says of every statement, before it runs,
// how it will run it: PostgreSQL by EXPLAIN, with the parameters as they are, and
// SQLite by EXPLAIN QUERY PLAN. The rows are real and counted (ANALYZE), so these
// are the plans of the database's own choice, not of settings that forbid others.
type explainer struct {
	*Store
	d     Dialect
	doing string
	scans map[string]bool            // "what: statement": a growing table read from end to end
	used  map[string]map[string]bool // indexes by what was done
	t     testing.TB
}

func explaining(t testing.TB, st *Store, d Dialect) *explainer {
	return &explainer{Store: st, d: d, t: t, scans: map[string]bool{}, used: map[string]map[string]bool{}}
}

func (e *explainer) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return e.run(ctx, &e.dialect.view, true, fn)
}

func (e *explainer) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return e.run(ctx, &e.update, false, fn)
}

// run runs fn once in a transaction whose statements are asked about.
func (e *explainer) run(ctx context.Context, opts *sql.TxOptions, reading bool, fn func(context.Context, store.Tx) error) error {
	sqlTx, err := e.db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer sqlTx.Rollback()
	t := &tx{q: &asked{sqlTx, e}, dialect: e.dialect, names: e.names, reading: reading}
	if err := fn(ctx, t); err != nil {
		return err
	}
	return sqlTx.Commit()
}

// asked is the transaction of an explainer. It cannot prepare statements, which
// would run without a question.
type asked struct {
	Querier
	e *explainer
}

func (q *asked) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	q.explain(ctx, query, args)
	return q.Querier.ExecContext(ctx, query, args...)
}

func (q *asked) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	q.explain(ctx, query, args)
	return q.Querier.QueryContext(ctx, query, args...)
}

func (q *asked) explain(ctx context.Context, query string, args []any) {
	if strings.Contains(query, "SAVEPOINT") || strings.HasPrefix(query, "LOCK TABLE") {
		return
	}
	var p plan
	var err error
	if q.e.d == Postgres {
		p, err = postgresPlan(ctx, q.Querier, query, args)
	} else {
		p, err = sqlitePlan(ctx, q.Querier, query, args)
	}
	if err != nil {
		q.e.t.Errorf("%s: explain %s: %v", q.e.doing, query, err)
	}
	if firstPage.MatchString(query) {
		p.scanned = nil
	}
	for _, table := range p.scanned {
		if slices.Contains(growing, strings.TrimPrefix(table, defaultPrefix)) {
			q.e.scans[fmt.Sprintf("%s scans %s: %s", q.e.doing, table, query)] = true
		}
	}
	if q.e.used[q.e.doing] == nil {
		q.e.used[q.e.doing] = map[string]bool{}
	}
	for _, index := range p.indexes {
		q.e.used[q.e.doing][index] = true
	}
}

// plan is what a database says about a statement.
type plan struct {
	scanned []string // tables read from end to end, be it in the order of an index
	indexes []string // through which rows are found
}

// node is a step of PostgreSQL's plan.
type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Plans    []node `json:"Plans"`
}

func postgresPlan(ctx context.Context, q Querier, query string, args []any) (plan, error) {
	var text []byte
	if err := q.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+query, args...).Scan(&text); err != nil {
		return plan{}, err
	}
	var roots []struct{ Plan node }
	if err := json.Unmarshal(text, &roots); err != nil {
		return plan{}, err
	}
	leading, tableOf, err := postgresIndexes(ctx, q)
	if err != nil {
		return plan{}, err
	}
	var p plan
	var walk func(n node)
	walk = func(n node) {
		if n.Index != "" {
			p.indexes = append(p.indexes, n.Index)
		}
		switch {
		case strings.HasSuffix(n.Type, "Seq Scan"):
			p.scanned = append(p.scanned, n.Relation)
		case n.Index != "" && !partial(n.Index) && !strings.Contains(n.Cond, leading[n.Index]):
			p.scanned = append(p.scanned, "outreach_"+tableOf[n.Index])
		}
		for _, below := range n.Plans {
			walk(below)
		}
	}
	for _, r := range roots {
		walk(r.Plan)
	}
	return p, nil
}

// postgresIndexes says of each index with which column it begins, and of which table
// it is. A condition on later columns alone reads the index from end to end.
func postgresIndexes(ctx context.Context, q Querier) (leading, tables map[string]string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT i.relname, t.relname, pg_get_indexdef(i.oid, 1, true)
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid WHERE t.relname LIKE 'outreach%'`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	leading, tables = map[string]string{}, map[string]string{}
	for rows.Next() {
		var index, table, column string
		if err := rows.Scan(&index, &table, &column); err != nil {
			return nil, nil, err
		}
		leading[index], tables[index] = strings.Trim(strings.Join(strings.Fields(column), " "), "() "), strings.TrimPrefix(table, defaultPrefix)
	}
	return leading, tables, rows.Err()
}

var (
	sqliteScan   = regexp.MustCompile(`^SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?`)
	sqliteSearch = regexp.MustCompile(`^SEARCH (\S+) USING (?:COVERING )?INDEX (\S+)`)
	sqliteAlias  = regexp.MustCompile(`(outreach_\w+) (?:AS )?([a-z])\b`)
)

func sqlitePlan(ctx context.Context, q Querier, query string, args []any) (plan, error) {
	rows, err := q.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return plan{}, err
	}
	defer rows.Close()
	tables := map[string]string{}
	for _, m := range sqliteAlias.FindAllStringSubmatch(query, -1) {
		tables[m[2]] = m[1]
	}
	name := func(alias string) string { return cmp.Or(tables[alias], alias) }
	var p plan
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			return plan{}, err
		}
		if m := sqliteSearch.FindStringSubmatch(line); m != nil {
			p.indexes = append(p.indexes, m[2])
			if strings.Contains(line, "(ANY(") { // over the first column of the index
				p.scanned = append(p.scanned, name(m[1]))
			}
		}
		if m := sqliteScan.FindStringSubmatch(line); m != nil {
			if m[2] != "" {
				p.indexes = append(p.indexes, m[2])
			}
			if !partial(m[2]) {
				p.scanned = append(p.scanned, name(m[1]))
			}
		}
	}
	return p, rows.Err()
}

// firstPage is a statement without a condition that wants the first rows in the
// order of a table's primary key: it ends with the page.
var firstPage = regexp.MustCompile(`^SELECT [^()]* FROM outreach_\w+\s+ORDER BY (?:id|position) LIMIT [$?]\d+$`)

// small are the partial indexes: they hold only what is open or waits, so that
// to read one from end to end is no scan of history.
var small = partialIndexes()

func partial(index string) bool { return slices.Contains(small, index) }

var partialIndex = regexp.MustCompile(`CREATE INDEX (\S+) ON [^;]* WHERE [^;]*;`)

// lasting are partial indexes whose rows stay: they leave out empty references only.
var lasting = regexp.MustCompile(`WHERE \w+ IS NOT NULL;$|channel = 'paper_task';$|segments > 0;$|status = 'accepted'`)

// passing are those that look as if they did: the column is empty but for a while.
var passing = regexp.MustCompile(`WHERE (?:due_at|away) IS NOT NULL`)

func partialIndexes() []string {
	migrations, err := MigrationsFor(Postgres, nil)
	if err != nil {
		panic(err)
	}
	var names []string
	for _, m := range migrations {
		for _, found := range partialIndex.FindAllStringSubmatch(m.SQL, -1) {
			if !lasting.MatchString(found[0]) || passing.MatchString(found[0]) {
				names = append(names, found[1])
			}
		}
	}
	return names
}

// TestNoStatementReadsHistoryFromEndToEnd does a day's work in a district with
// years behind it, and looks at the plan of every statement that is issued.
func TestNoStatementReadsHistoryFromEndToEnd(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		t.Parallel()
		db := handle()
		var e *explainer
		sys := district(t, db, d, 20, 4000, atPresent, func(st *Store) store.Store {
			e = explaining(t, st, d)
			return e
		})
		e.scans, e.used = map[string]bool{}, map[string]map[string]bool{} // making the district is no part of it
		aDaysWork(t, e, sys)
		for _, scan := range slices.Sorted(maps.Keys(e.scans)) {
			t.Error(scan)
		}
		for _, due := range []struct{ what, index string }{
			{"sweep", "outreach_duty_wake"}, {"next wake", "outreach_duty_wake"}, {"next wake", "outreach_notice_due"},
			{"dispatch", "outreach_notice_due"}, {"recover", "outreach_notice_away"},
			{"red list", "outreach_duty_open"}, {"by phone", "outreach_speaker_phone"},
			{"month", "outreach_duty_kind_due"}, {"month", "outreach_report_kind_status"},
			{"agenda", "outreach_issue_place_registered"}, {"inbox", "outreach_notice_paper"},
		} {
			if !e.used[due.what][due.index] {
				t.Errorf("%s does not use %s but %v", due.what, due.index, slices.Sorted(maps.Keys(e.used[due.what])))
			}
		}
		if used := slices.Sorted(maps.Keys(e.used["first of its kind"])); !slices.Equal(used, []string{"outreach_duty_subject"}) {
			t.Errorf("the first duty of its kind is looked for by %v", used)
		}
		for _, table := range []string{"visit", "opinion", "issue", "duty", "rating_round", "rating"} {
			asked := func(what string) bool {
				return slices.ContainsFunc(slices.Collect(maps.Keys(e.used[what])), func(index string) bool { return strings.Contains(index, "outreach_"+table+"_") })
			}
			if asked("month rolled up") {
				t.Errorf("the figures of a month that is rolled up are looked for in %s: %v", table, slices.Sorted(maps.Keys(e.used["month rolled up"])))
			}
			if table != "rating" && !asked("month touched") {
				t.Errorf("of a hamlet that was touched nothing is looked for in %s", table)
			}
		}
	})
}

// aDaysWork does one of everything that is done often or reads much.
func aDaysWork(t *testing.T, e *explainer, sys *core.System) {
	t.Helper()
	ctx := t.Context()
	do := func(what string, fn func() error) {
		t.Helper()
		e.doing = what
		if err := fn(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	by := func(who org.PersonID, what string, fn func(context.Context, *core.Work) error) {
		t.Helper()
		do(what, func() error { return sys.Update(ctx, org.Actor{Person: who}, fn) })
	}
	today := calendar.DateOf(present)
	march := calendar.MonthOf(today)
	official, hamlet := officialID(3), hamletID(3)
	var v, reported visit.State
	by(official, "plan a visit", func(ctx context.Context, w *core.Work) (err error) {
		if v, err = w.Visits.Plan(ctx, visit.Plan{Place: hamlet, Official: official, Date: today.Add(5), Kind: visit.Regular}); err != nil {
			return err
		}
		reported, err = w.Visits.Unplanned(ctx, visit.Plan{Place: hamlet, Official: official, Date: today.Add(-1), Kind: visit.Regular},
			visit.Report{Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 30, Minutes: "Bà con góp ý."})
		return err
	})
	by(official, "capture and register", func(ctx context.Context, w *core.Work) error {
		said, err := w.Opinions.Capture(ctx, reported.ID, core.Said{Text: "Cầu gãy.", Kind: opinion.Petition, Topics: []string{"giao-thong"},
			Speaker: &opinion.Speaker{Name: "Người dân", Phone: "+84919999999"}})
		if err != nil {
			return err
		}
		_, err = w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{said[0].ID}, Title: "Cầu gãy", Subject: "giao-thong", Urgency: issue.Normal})
		return err
	})
	do("sweep", func() error { _, err := sys.Sweep(ctx); return err })
	do("next wake", func() error { _, err := sys.NextWake(ctx); return err })
	provider := notify.Capabilities{Name: "gateway", Channel: notify.SMS, Timeout: 10 * time.Second, Parallel: 16}
	var tickets []core.Ticket
	do("dispatch", func() error {
		d, err := sys.Dispatch(ctx, "relay", 100)
		for _, ticket := range d.Tickets {
			if ticket.Channel == notify.SMS {
				tickets = append(tickets, ticket)
			}
		}
		return err
	})
	if len(tickets) == 0 {
		t.Error("nothing was dispatched")
	}
	do("requeue", func() error { return sys.Requeue(ctx, tickets[:len(tickets)/2], "queue: refused") })
	tickets = tickets[len(tickets)/2:]
	var claimed []core.Delivery
	do("claim", func() (err error) { claimed, err = sys.Claim(ctx, "worker", provider, tickets); return err })
	do("settle", func() error {
		var settled []core.Settled
		for _, c := range claimed {
			settled = append(settled, core.Settled{Delivery: c, Outcome: notify.Outcome{Result: notify.ResultAccepted, ProviderID: string(c.Ticket.ID)}})
		}
		return sys.Settle(ctx, settled)
	})
	do("receipts", func() error {
		if err := sys.TakeReceipts(ctx, []notify.Receipt{{Provider: "gateway", ProviderID: "past-000000007", Verdict: notify.VerdictDelivered, Code: "x"}}); err != nil {
			return err
		}
		_, err := sys.MatchReceipts(ctx, "receipts", 100)
		return err
	})
	do("recover", func() error { _, err := sys.Recover(ctx); return err })
	do("first of its kind", func() error { // the statistics know of none, however many this transaction writes
		return e.View(ctx, func(ctx context.Context, tx store.Tx) error {
			q := duty.Query{Subject: report.Subject("x"), Kinds: []duty.Kind{duty.Arbitration}, Limit: 1}
			if _, err := tx.Duties(ctx, q); err != nil {
				return err
			}
			q.Statuses = []duty.Status{duty.Running}
			_, err := tx.Duties(ctx, q)
			return err
		})
	})
	do("oldest due", func() error { _, err := sys.OldestDue(ctx); return err })
	do("outstanding", func() error { _, err := sys.Outstanding(ctx); return err })
	by(official, "agenda", func(ctx context.Context, w *core.Work) error { _, err := w.Visits.Agenda(ctx, v.ID); return err })
	by(official, "owed", func(ctx context.Context, w *core.Work) error { _, err := w.Duties.Owed(ctx, official); return err })
	by(official, "owing", func(ctx context.Context, w *core.Work) error { _, err := w.Issues.Owing(ctx, official); return err })
	by("VP", "inbox", func(ctx context.Context, w *core.Work) error {
		_, err := w.Notices.List(ctx, notify.Query{Channel: notify.PaperTask, States: []notify.State{notify.Accepted}, Limit: 100})
		return err
	})
	by("VP", "own inbox", func(ctx context.Context, w *core.Work) error { _, err := w.Notices.Inbox(ctx); return err })
	by("UT", "unit's inbox", func(ctx context.Context, w *core.Work) error {
		_, err := w.Issues.List(ctx, issue.Query{Lead: "P-NN", Statuses: []issue.Status{issue.Referred, issue.OnHold}, Limit: 100})
		return err
	})
	by("VP", "board", func(ctx context.Context, w *core.Work) error { _, err := w.Issues.Board(ctx, hamlet); return err })
	by("PCT", "red list", func(ctx context.Context, w *core.Work) error { _, err := w.Duties.RedList(ctx); return err })
	by("VP", "overdue", func(ctx context.Context, w *core.Work) error {
		_, err := w.Duties.Overdue(ctx, duty.Query{Unit: "P-NN"})
		return err
	})
	by("VP", "coverage", func(ctx context.Context, w *core.Work) error { _, err := w.Programme.Coverage(ctx, march); return err })
	by("VP", "month", func(ctx context.Context, w *core.Work) error { _, _, err := w.Reports.Month(ctx, march); return err })
	do("roll up", func() error { return sys.RollUp(ctx, march) })
	by("VP", "month rolled up", func(ctx context.Context, w *core.Work) error { _, _, err := w.Reports.Month(ctx, march); return err })
	by(official, "touch", func(ctx context.Context, w *core.Work) error {
		_, err := w.Opinions.Capture(ctx, reported.ID, core.Said{Text: "Đường hư.", Kind: opinion.Report})
		return err
	})
	by("VP", "month touched", func(ctx context.Context, w *core.Work) error { _, _, err := w.Reports.Month(ctx, march); return err })
	do("freshen", func() error { _, err := sys.FreshenRollups(ctx); return err })
	by("VP", "year", func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.Yearly(ctx, official, calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)})
		return err
	})
	by("TL-T-0000", "team round", func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.TeamRound(ctx, "T-0000", today)
		return err
	})
	by("VP", "month plan", func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.PlanMonth(ctx, march.Next(), "", "")
		return err
	})
	by("VP", "by phone", func(ctx context.Context, w *core.Work) error {
		held, err := w.Privacy.OnPhone(ctx, "+84919999999")
		if err == nil && len(held) != 1 {
			err = fmt.Errorf("%d speakers have the number, want 1", len(held))
		}
		return err
	})
	by("VP", "signals", func(ctx context.Context, w *core.Work) error {
		_, err := w.Supervision.Signals(ctx, official, "T-0000", march.Period())
		return err
	})
	by("VP", "reports of a month", func(ctx context.Context, w *core.Work) error {
		_, err := w.Reports.List(ctx, report.Query{Kind: report.Round, During: march.Period()})
		return err
	})
	by("KT", "journal", func(ctx context.Context, w *core.Work) error {
		if _, err := w.Journal.Since(ctx, 100, 50); err != nil {
			return err
		}
		_, err := w.Journal.Of(ctx, event.Subject{Type: "visit", ID: "past-000000007"})
		return err
	})
}

// On the first days of a district PostgreSQL has no statistics of its tables, and
// what it planned then it keeps for a while. The plan for any number of rows has to
// look few of them up nevertheless, and to be the one that is used.
func TestFewRowsAreLookedUpBeforeThereAreStatistics(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", pgtest.Database(t))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // a prepared statement is that of its connection
	must(t, Migrate(t.Context(), db, Postgres, nil))
	for what, statement := range map[string]string{
		"attempts are added": attempts.insertions.of(3), "attempts are changed": attempts.ownReplacements.of(3),
		"notices are changed": notices.replacements.of(3), "locked notices are changed": notices.ownReplacements.of(3),
		"duties are added": duties.insertions.of(3), "visits are changed": visits.replacements.of(3),
	} {
		name := strings.ReplaceAll(what, " ", "_")
		exec(t, db, "PREPARE "+name+" AS "+statement)
		parameters := 0
		must(t, db.QueryRow("SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1", name).Scan(&parameters))
		execute := "EXECUTE " + name + " (" + strings.Repeat("'{}', ", parameters-1) + "'')" // of no rows
		for range 7 {                                                                        // after five of the list at hand, one for any list is thought of
			exec(t, db, execute)
		}
		general := 0
		must(t, db.QueryRow("SELECT generic_plans FROM pg_prepared_statements WHERE name = $1", name).Scan(&general))
		p, err := postgresPlan(t.Context(), db, execute, nil)
		must(t, err)
		if general < 2 || len(p.scanned) > 0 || len(p.indexes) == 0 {
			t.Errorf("%s: planned for any list %d of 7 times, reads %v, uses %v", what, general, p.scanned, p.indexes)
		}
	}
}
