package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Each released version of the tables has a dump in testdata: the tables as the
// version made them, with rows as it wrote them. They are written once, when the
// version is released, and never again:
//
//	go test ./adapters/sqlstore -run Released -record
var recordFlag = flag.Bool("record", false, "write the dump of the newest version of the tables")

func dumpFile(d Dialect, version string) string {
	return filepath.Join("testdata", string(d)+"-"+version+".sql")
}

// versions returns the names of the migrations without ".sql".
func versions(t *testing.T, d Dialect) []string {
	names, err := fs.Glob(Migrations(d), "*.sql")
	must(t, err)
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".sql")
	}
	return names
}

func TestReleasedTablesAreMigratedForward(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d Dialect, handle func() *sql.DB) {
		all := versions(t, d)
		newest := all[len(all)-1]
		if *recordFlag {
			db := handle()
			must(t, Migrate(t.Context(), db, d, nil))
			st, err := Open(db, d, nil)
			must(t, err)
			must(t, st.Update(t.Context(), aDistrict))
			must(t, os.WriteFile(dumpFile(d, newest), []byte(dump(t, db, d)), 0o644))
			t.Skip("recorded")
		}
		fresh := handleOn(t, d)
		must(t, Migrate(t.Context(), fresh, d, nil))
		want := shape(t, fresh, d)
		for _, version := range all {
			t.Run(version, func(t *testing.T) {
				content, err := os.ReadFile(dumpFile(d, version))
				if err != nil {
					t.Fatalf("every version has a dump, written with -record: %v", err)
				}
				db := handleOn(t, d)
				exec(t, db, string(content))
				must(t, Migrate(t.Context(), db, d, nil))
				if diff := cmp.Diff(want, shape(t, db, d)); diff != "" {
					t.Errorf("migrated tables differ from new ones (-new +migrated):\n%s", diff)
				}
				st, err := Open(db, d, nil)
				must(t, err)
				readDistrict(t, st)
			})
		}
	})
}

// handleOn returns a handle on a new database.
func handleOn(t *testing.T, d Dialect) *sql.DB {
	t.Helper()
	i := slices.IndexFunc(databases, func(kind struct {
		dialect Dialect
		create  func(t testing.TB) (handle func() *sql.DB)
	}) bool {
		return kind.dialect == d
	})
	return databases[i].create(t)()
}

// aDistrict writes a little of everything.
func aDistrict(ctx context.Context, tx store.Tx) error {
	day := calendar.MustDate(2017, time.March, 1)
	year := calendar.Period{From: day, To: day.Add(364)}
	n := waiting(1)
	_, added := tx.AddNotice(ctx, n)
	_, counted := tx.NextIssueNumber(ctx, "XL-17")
	_, leased := tx.Lease(ctx, "relay", "worker", noon, noon.Add(time.Hour))
	next := event.Record{ID: "r2", Subject: record(1).Subject, Kind: "visit.held", Recorded: noon.Add(time.Microsecond)}
	first := record(1)
	appended := tx.AppendRecord(ctx, first)
	next.Seal(*first)
	return errors.Join(added, counted, leased, appended, tx.AppendRecord(ctx, &next),
		tx.PutPlace(ctx, &org.Place{ID: "suoi-cat", Names: []org.Naming{{Valid: year, Kind: "xa", Name: "Suối Cát", Code: "26443"}}}),
		tx.PutPerson(ctx, &org.Person{ID: "o", FullName: "Nguyễn Văn Thử", Phone: "+84900000001", Valid: year}),
		tx.PutHolding(ctx, &org.Holding{ID: "h", Person: "o", Role: org.Official, Place: "suoi-cat", Valid: calendar.Period{From: day}}),
		tx.PutVisit(ctx, &visit.State{ID: "v", Place: "suoi-cat", Official: "o", Planned: day, Status: visit.Planned, Recorded: noon}),
		tx.PutDuty(ctx, &duty.State{ID: "d", Kind: duty.Visit, Subject: event.Subject{Type: "visit", ID: "v"}, Holder: org.Party{Person: "o"}, Due: day, Status: duty.Running, WakeAt: noon}),
		tx.PutOpinion(ctx, &opinion.State{ID: "op", Visit: "v", Place: "suoi-cat", Text: "Đường ấp 2 bị \"ngập\"; 'mong' sửa", Topics: []string{"đường"}, Happened: day}),
		tx.PutIssue(ctx, &issue.State{ID: "i", Code: "XL-17-0001", Place: "suoi-cat", Registered: day, Status: issue.Registered, Opinions: []string{"op"}}),
		tx.PutSealedCase(ctx, &sealed.Case{ID: "c", Code: "M-01", Body: "kín", Happened: day, Recorded: noon}),
		tx.PutRating(ctx, &supervision.Rating{ID: "ra", Round: "ro", Rater: "hash", Complete: true, Recorded: noon}),
		tx.AddAttempts(ctx, []*notify.Attempt{{ID: "at", Notice: n.ID, Number: 1, Started: noon}}),
		tx.AddSuppression(ctx, &notify.Suppression{ID: "s", Channel: notify.SMS, Address: "hash", Since: noon}))
}

// readDistrict reads it back through the store of today.
func readDistrict(t *testing.T, st *Store) {
	t.Helper()
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		day := calendar.MustDate(2017, time.March, 1)
		place, _ := tx.Place(ctx, "suoi-cat")
		person, _ := tx.Person(ctx, "o")
		held, _ := tx.Holdings(ctx, org.HoldingQuery{Place: "suoi-cat", On: day})
		visits, _ := tx.Visits(ctx, visit.Query{Official: "o", During: calendar.Period{From: day, To: day}})
		woken, _ := tx.DutiesToWake(ctx, noon, 10)
		opinions, _ := tx.Opinions(ctx, opinion.Query{Topic: "đường"})
		found, _ := tx.IssueByCode(ctx, "XL-17-0001")
		secret, _ := tx.SealedCase(ctx, "c")
		due, _ := tx.DueNotices(ctx, noon, 10)
		tries, _ := tx.Attempts(ctx, waiting(1).ID)
		barred, _ := tx.Suppressions(ctx, notify.SMS, "hash")
		records, _ := tx.Records(ctx, event.Query{})
		for what, ok := range map[string]bool{
			"place": len(place.Names) == 1 && place.Names[0].Name == "Suối Cát", "person": person.FullName == "Nguyễn Văn Thử",
			"holding": len(held) == 1, "visit": len(visits) == 1, "duty": len(woken) == 1,
			"opinion": len(opinions) == 1 && strings.Contains(opinions[0].Text, `"ngập"; 'mong'`), "issue": found.ID == "i",
			"sealed case": secret.Body == "kín", "notice": len(due) == 1, "attempt": len(tries) == 1, "suppression": len(barred) == 1,
			"journal": len(records) == 2 && len(event.Verify(records)) == 0,
		} {
			if !ok {
				t.Errorf("%s: not what was written", what)
			}
		}
		if n, err := tx.NextIssueNumber(ctx, "XL-17"); n != 2 || err != nil {
			t.Errorf("the next number is %d (error %v), want 2", n, err)
		}
		if mine, err := tx.Lease(ctx, "relay", "somebody else", noon, noon.Add(time.Hour)); mine || err != nil {
			t.Errorf("the lease is free (error %v)", err)
		}
		if err := tx.PutRating(ctx, &supervision.Rating{ID: "rb", Round: "ro", Rater: "hash"}); !errors.Is(err, fault.ErrExists) {
			t.Errorf("a second rating gave %v", err)
		}
		for i := range woken { // what is there can be replaced
			if err := tx.PutDuty(ctx, &woken[i]); err != nil {
				return err
			}
		}
		if err := tx.PutNotices(ctx, []*notify.Notice{&due[0]}); err != nil {
			return err
		}
		after := event.Record{ID: "r3", Subject: records[1].Subject}
		after.Seal(records[1])
		if err := tx.AppendRecord(ctx, &after); err != nil {
			return err
		}
		if after.Position <= records[1].Position {
			t.Errorf("position %d follows %d", after.Position, records[1].Position)
		}
		return nil
	}))
}

// shape describes tables, columns, indexes and triggers.
func shape(t testing.TB, db *sql.DB, d Dialect) []string {
	t.Helper()
	if d == SQLite {
		return selectAll(t, db, "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1")
	}
	columns := selectAll(t, db, `SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, collation_name, column_default, is_identity, generation_expression)
		FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, column_name`)
	indexes := selectAll(t, db, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname")
	triggers := selectAll(t, db, `SELECT concat_ws(' ', c.relname, pg_get_triggerdef(t.oid), p.prosrc) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal ORDER BY c.relname, t.tgname`)
	return slices.Concat(columns, indexes, triggers)
}

// dump writes the tables as the migrations make them, and their rows.
func dump(t testing.TB, db *sql.DB, d Dialect) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "-- A released version of the tables with a few rows. Never change it.\n\n")
	migrations, err := MigrationsFor(d, nil)
	must(t, err)
	for _, m := range migrations {
		b.WriteString(m.SQL + "\n")
	}
	b.WriteString("CREATE TABLE " + appliedMigrations + ";\n\n")
	for _, table := range tableNames(t, db, d) {
		if table == "outreach_touched" { // the triggers write it as the rows are written
			continue
		}
		names := writtenColumns(t, db, d, table)
		for _, values := range rowsAsSQL(t, db, d, table, names) {
			fmt.Fprintf(&b, "INSERT INTO %s (%s) %sVALUES (%s);\n", table, strings.Join(names, ", "), overriding(d, table), values)
		}
	}
	if d == Postgres {
		b.WriteString("SELECT setval(pg_get_serial_sequence('outreach_record', 'position'), (SELECT max(position) FROM outreach_record));\n")
	}
	return b.String()
}

// overriding lets a row bring its own position along.
func overriding(d Dialect, table string) string {
	if d == Postgres && table == "outreach_record" {
		return "OVERRIDING SYSTEM VALUE "
	}
	return ""
}

// writtenColumns returns the columns of a table that the database does not make itself.
func writtenColumns(t testing.TB, db *sql.DB, d Dialect, table string) []string {
	t.Helper()
	if d == SQLite {
		return selectAll(t, db, "SELECT name FROM pragma_table_info($1) ORDER BY cid", table)
	}
	return selectAll(t, db, "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position", table)
}

// rowsAsSQL returns the rows of a table as lists of literals.
func rowsAsSQL(t testing.TB, db *sql.DB, d Dialect, table string, columns []string) []string {
	t.Helper()
	quote := map[Dialect]string{SQLite: "quote(%s)", Postgres: "coalesce(quote_literal(%s), 'NULL')"}[d]
	literals := make([]string, len(columns))
	for i, name := range columns {
		literals[i] = fmt.Sprintf(quote, name)
	}
	return selectAll(t, db, "SELECT "+strings.Join(literals, " || ', ' || ")+" FROM "+table+" ORDER BY 1")
}
