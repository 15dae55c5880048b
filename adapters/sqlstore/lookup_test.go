package sqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
)

// What is on its way is asked for again and again while it is delivered. A scan
// of the whole table would make that slower with every notice ever sent.
func TestNoticesOnTheirWayAreFoundByAnIndex(t *testing.T) {
	db := openDB(t, "sqlite", hasty(sqliteFile(t)))
	migrated(t, db, sqlstore.SQLite, nil)
	for _, asked := range []string{
		"status = 'pending' AND next_at < '2017-03-01'", "status = 'queued'", "status = 'queued' AND next_at < '2017-03-01'",
		"status = 'sending'", "status = 'sending' AND lease_until < '2017-03-01'", "status = 'unknown'",
	} {
		rows, err := db.Query(fmt.Sprintf("EXPLAIN QUERY PLAN SELECT version, state FROM outreach_notice WHERE %s ORDER BY created, id LIMIT 1000", asked))
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan[0], "INDEX") {
			t.Errorf("%s: %v", asked, plan)
		}
	}
}
