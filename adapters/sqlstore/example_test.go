package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// A programme in one file: the driver, the file and the moment of migration are
// the application's choice.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "outreach")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()

	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(folder, "outreach.db")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite, nil); err != nil {
		fmt.Println(err)
		return
	}
	st, err := sqlstore.Open(db, sqlstore.SQLite, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	err = st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		return tx.PutUnit(ctx, &org.Unit{ID: "tn-mt", Code: "TN-MT", Name: "Phòng Tài nguyên và Môi trường"})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = st.View(ctx, func(ctx context.Context, tx store.Tx) error {
		unit, err := tx.Unit(ctx, "tn-mt")
		fmt.Println(unit.Name)
		return err
	})
	fmt.Println(err)
	// Output:
	// Phòng Tài nguyên và Môi trường
	// <nil>
}

// A help desk moves its own ticket and writes to the programme in one
// transaction, which it began and which it ends.
func ExampleJoin() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:helpdesk?mode=memory&cache=shared")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1) // the memory of one connection
	if _, err := db.ExecContext(ctx, "CREATE TABLE ticket (id INTEGER PRIMARY KEY, state TEXT)"); err != nil {
		fmt.Println(err)
		return
	}
	opts := &sqlstore.Options{TablePrefix: "xl_"}
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite, opts); err != nil {
		fmt.Println(err)
		return
	}

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO ticket (state) VALUES ('referred')"); err != nil {
		fmt.Println(err)
		return
	}
	if err := sqlstore.Join(tx, sqlstore.SQLite, opts).PutPlace(ctx, &org.Place{ID: "suoi-cat"}); err != nil {
		fmt.Println(err)
		return
	}
	if err := tx.Commit(); err != nil {
		fmt.Println(err)
		return
	}

	var tickets, places int
	err = db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM xl_place)").Scan(&tickets, &places)
	fmt.Println(tickets, places, err)
	// Output: 1 1 <nil>
}
