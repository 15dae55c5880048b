package customdirectory_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/org/orgtest"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/examples/customdirectory"
)

// tables are the staff system's.
const tables = `
CREATE TABLE can_bo (ma text PRIMARY KEY, ho_ten text NOT NULL, ten_goi text NOT NULL DEFAULT '', xung_ho text NOT NULL DEFAULT '',
	ngach text NOT NULL DEFAULT '', dien_thoai text NOT NULL DEFAULT '', di_dong integer NOT NULL DEFAULT 0, email text NOT NULL DEFAULT '',
	ngon_ngu text NOT NULL DEFAULT '', tu_ngay text NOT NULL DEFAULT '', den_ngay text NOT NULL DEFAULT '');
CREATE TABLE nghi_phep (so text PRIMARY KEY, ma text NOT NULL, nguoi_thay text NOT NULL DEFAULT '', ly_do text NOT NULL DEFAULT '',
	tu_ngay text NOT NULL, den_ngay text NOT NULL, huy integer NOT NULL DEFAULT 0);`

func TestTheStaffSystemKeepsThePromisesOfADirectory(t *testing.T) {
	codes := map[org.Class]string{org.Cadre: "CB", org.CivilServant: "CC", org.PublicEmployee: "VC"}
	orgtest.Run(t, func(t *testing.T, w orgtest.World) org.Directory {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "staff.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		exec := func(query string, args ...any) {
			if _, err := db.Exec(query, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec(tables)
		for _, p := range w.Persons {
			exec(`INSERT INTO can_bo VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, string(p.ID), p.FullName, p.GivenName, p.Honorific,
				codes[p.Class], p.Phone, p.PhoneSMS, p.Email, p.Language, p.Valid.From.String(), p.Valid.To.String())
		}
		for _, l := range w.Leaves {
			exec(`INSERT INTO nghi_phep VALUES ($1, $2, $3, $4, $5, $6, $7)`, string(l.ID), string(l.Person), string(l.Substitute), l.Reason,
				l.Days.From.String(), l.Days.To.String(), l.Cancelled)
		}
		w.Persons, w.Leaves = nil, nil // the programme has none of its own
		return customdirectory.Staff{Directory: w.Directory(), DB: db}
	})
}

// The programme asks the staff system in every unit of work.
func ExampleStaff() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // a database in memory is its connection's
	if _, err := db.Exec(tables + `INSERT INTO can_bo (ma, ho_ten, xung_ho) VALUES ('CB-7', 'Trần Thị Lan', 'đồng chí'), ('CB-8', 'Lê Văn Minh', 'đồng chí');
		INSERT INTO nghi_phep (so, ma, nguoi_thay, tu_ngay, den_ngay) VALUES ('1', 'CB-7', 'CB-8', '2017-03-13', '2017-03-17')`); err != nil {
		fmt.Println(err)
		return
	}
	directory := func(tx store.Tx) org.Directory { return customdirectory.Staff{Directory: tx, DB: db} }
	sys, err := core.New(memstore.New(), policy.Default(), &core.Options{
		Clock: func() time.Time { return calendar.MustDate(2017, 3, 15).At(calendar.MustTimeOfDay(9, 0)) }, Directory: directory,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sys.Update(context.Background(), org.System(), func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.AppointHolding(ctx, org.Holding{Person: "CB-7", Role: org.ProgrammeOffice, Valid: calendar.Period{From: calendar.MustDate(2017, 1, 1)}})
		if err != nil {
			return err
		}
		who, err := w.Org.Present(ctx, "CB-7", w.Today())
		fmt.Println("acts for CB-7:", who)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// acts for CB-7: CB-8
}
