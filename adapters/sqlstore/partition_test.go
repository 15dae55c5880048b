package sqlstore

import (
	"context"
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

var sqlBlock = regexp.MustCompile("(?s)```sql\n-- (\\w+)[^\n]*\n(.*?)```")

// recipe returns the statements that ARCHITECTURE.md gives under a name.
func recipe(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../ARCHITECTURE.md")
	must(t, err)
	for _, block := range sqlBlock.FindAllStringSubmatch(string(page), -1) {
		if block[1] == name {
			return block[2]
		}
	}
	t.Fatalf("ARCHITECTURE.md has no SQL called %q", name)
	return ""
}

// The attempts of past months are put aside and back again, as ARCHITECTURE.md
// tells the operator, while the store goes on working.
func TestAttemptsOfPastMonthsArePutAsideAndBack(t *testing.T) {
	t.Parallel()
	db := databases[1].create(t)()
	must(t, Migrate(t.Context(), db, Postgres, nil))
	st, err := Open(db, Postgres, nil)
	must(t, err)
	run := func(name string) {
		t.Helper()
		exec(t, db, recipe(t, name))
	}
	// Ids as the programme makes them (UUID version 7), of three months.
	november, december, january := "019a8f8e-4c00-7000-8000-000000000001", "019b0000-4c00-7000-8000-000000000001", "019b8000-4c00-7000-8000-000000000001"
	attempt := func(id string, month time.Month) {
		t.Helper()
		at := time.Date(2025, month, 20, 2, 0, 0, 0, time.UTC)
		must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			a := &notify.Attempt{ID: id, Notice: notify.ID("n-" + id), Number: 1, Provider: "gateway", Started: at}
			if err := tx.AddAttempts(ctx, []*notify.Attempt{a}); err != nil {
				return err
			}
			a.Outcome, a.Finished = notify.ResultAccepted, at
			return tx.PutAttempts(ctx, []*notify.Attempt{a})
		}))
	}
	expect := func(when string, want ...string) {
		t.Helper()
		must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			log, err := tx.AttemptLog(ctx, notify.AttemptQuery{Provider: "gateway"})
			var got []string
			for _, a := range log {
				got = append(got, a.ID)
				of, err := tx.Attempts(ctx, a.Notice)
				must(t, err)
				if len(of) != 1 || of[0].Outcome != notify.ResultAccepted {
					t.Errorf("%s: the attempts of %s are %+v", when, a.Notice, of)
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: the log has %v, want %v", when, got, want)
			}
			return err
		}))
	}
	attempt(november, time.November)
	run("partition")
	expect("after the table was parted", november)
	attempt(december, time.December)
	expect("in the new month", december, november)
	if got := selectAll(t, db, "SELECT id FROM outreach_attempt_2025_12"); len(got) != 1 || got[0] != december {
		t.Errorf("the new month's partition has %v, want %s", got, december)
	}
	run("month")
	attempt(january, time.December)
	if got := selectAll(t, db, "SELECT id FROM outreach_attempt_2026_01"); len(got) != 1 || got[0] != january {
		t.Errorf("January's partition has %v, want %s", got, january)
	}
	run("aside")
	expect("with the past put aside", january, december)
	run("back")
	expect("with the past back", january, december, november)
	if got := columnsOf(t, db, "outreach_attempt_before"); got != columnsOf(t, db, "outreach_attempt") {
		t.Errorf("a partition has other columns: %s", got)
	}
}

func columnsOf(t *testing.T, db *sql.DB, table string) string {
	return strings.Join(selectAll(t, db, "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position", table), ", ")
}
