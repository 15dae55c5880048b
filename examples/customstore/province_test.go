package customstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/store/storetest"
	"github.com/huongvecoso/outreach/examples/customstore"
)

// province is one on an empty database of the dialect.
func province(t *testing.T, dialect sqlstore.Dialect) customstore.Province {
	t.Helper()
	driver, dsn := "sqlite", ""
	if dialect == sqlstore.Postgres {
		driver, dsn = "pgx", pgtest.Database(t)
	} else {
		dsn = sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "province.db")) + "&_pragma=synchronous(OFF)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return customstore.Province{DB: db, Dialect: dialect, Patience: time.Minute}
}

func each(t *testing.T, test func(t *testing.T, p customstore.Province)) {
	for _, dialect := range []sqlstore.Dialect{sqlstore.SQLite, sqlstore.Postgres} {
		t.Run(string(dialect), func(t *testing.T) { test(t, province(t, dialect)) })
	}
}

func TestADistrictKeepsThePromisesOfAStore(t *testing.T) {
	each(t, func(t *testing.T, p customstore.Province) {
		neighbour, err := p.District(t.Context(), "neighbour")
		if err != nil {
			t.Fatal(err)
		}
		enter(t, neighbour, "Trần Thị Lan") // an empty district beside a full one
		tested, err := p.District(t.Context(), "tested")
		if err != nil {
			t.Fatal(err)
		}
		storetest.Run(t, func(inner *testing.T) store.Store {
			empty(inner, p, "tested")
			return tested
		})
		if got := person(t, neighbour); got != "Trần Thị Lan" {
			t.Errorf("the neighbour's person 1 is now %q", got)
		}
	})
}

// empty deletes what one district stored: quicker than new tables for each promise.
func empty(t *testing.T, p customstore.Province, district string) {
	t.Helper()
	find := "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '" + p.Tables(district).TablePrefix + "%'"
	if p.Dialect == sqlstore.Postgres {
		schema := p.Tables(district).Schema
		find = "SELECT '" + schema + ".' || tablename FROM pg_tables WHERE schemaname = '" + schema + "'"
	}
	rows, err := p.DB.QueryContext(t.Context(), find)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all strings.Builder
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(table, "migration") {
			all.WriteString("DELETE FROM " + table + ";")
		}
	}
	if err := rows.Err(); err != nil || all.Len() == 0 {
		t.Fatalf("%v, tables: %q", err, all.String())
	}
	if _, err := p.DB.ExecContext(t.Context(), "BEGIN;"+all.String()+"COMMIT"); err != nil {
		t.Fatal(err)
	}
}

// person is the name of person 1 of a district.
func person(t *testing.T, st store.Store) (name string) {
	t.Helper()
	err := st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Person(ctx, "1")
		name = got.FullName
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return name
}

// enter makes somebody person 1 of a district.
func enter(t *testing.T, st store.Store, name string) {
	t.Helper()
	err := st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return tx.PutPerson(ctx, &org.Person{ID: "1", FullName: name})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDistrictsSeeNothingOfEachOther(t *testing.T) {
	each(t, func(t *testing.T, p customstore.Province) {
		names := map[string]string{"xuan_loc": "Trần Thị Lan", "cam_my": "Lê Văn Minh"}
		stores := map[string]store.Store{}
		for district, name := range names {
			st, err := p.District(t.Context(), district)
			if err != nil {
				t.Fatal(err)
			}
			stores[district] = st
			enter(t, st, name) // the same id in each
		}
		for district, name := range names {
			if got := person(t, stores[district]); got != name {
				t.Errorf("%s knows %q as person 1, want %q", district, got, name)
			}
		}
	})
}

func TestAUnitOfWorkThatTakesTooLongIsUndone(t *testing.T) {
	p := province(t, sqlstore.SQLite)
	st, err := p.District(t.Context(), "slow")
	if err != nil {
		t.Fatal(err)
	}
	p.Patience = 50 * time.Millisecond
	hasty, err := p.District(t.Context(), "slow")
	if err != nil {
		t.Fatal(err)
	}
	err = hasty.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		err := tx.PutPerson(ctx, &org.Person{ID: "1"})
		<-ctx.Done()
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	err = st.View(t.Context(), func(ctx context.Context, tx store.Tx) error { _, err := tx.Person(ctx, "1"); return err })
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want nothing kept", err)
	}
}

func TestADistrictWithANameThatIsNoneIsRefused(t *testing.T) {
	each(t, func(t *testing.T, p customstore.Province) {
		if _, err := p.District(t.Context(), `x"; DROP SCHEMA public; --`); err == nil {
			t.Error("it was taken")
		}
	})
}

func ExampleProvince() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "province")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(folder, "province.db")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	province := customstore.Province{DB: db, Dialect: sqlstore.SQLite, Patience: 30 * time.Second}
	for _, district := range []string{"xuan_loc", "cam_my"} {
		st, err := province.District(ctx, district)
		if err != nil {
			fmt.Println(err)
			return
		}
		err = st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
			return tx.PutPerson(ctx, &org.Person{ID: "1", FullName: "Cán bộ của " + district})
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		var rows int
		err = db.QueryRow("SELECT count(*) FROM " + province.Tables(district).TablePrefix + "person").Scan(&rows)
		fmt.Println(district, rows, err)
	}
	// Output:
	// xuan_loc 1 <nil>
	// cam_my 1 <nil>
}
