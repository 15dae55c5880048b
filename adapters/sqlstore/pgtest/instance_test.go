package pgtest

import (
	"testing"
	"time"
)

func TestAKilledServerKeepsWhatItCommitted(t *testing.T) {
	i := Start(t)
	db := open(t, i.DSN)
	if _, err := db.Exec(`CREATE TABLE hamlet (name text)`); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if _, err := db.Exec(`INSERT INTO hamlet VALUES ('Suối Cát')`); err != nil {
			t.Fatal(err)
		}
		i.Kill()
		i.Kill()
		for end := time.Now().Add(10 * time.Second); ; { // its children notice by and by that it is gone
			if _, err := db.Exec(`SELECT 1`); err != nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("a killed server answers")
			}
		}
		i.Start()
		i.Start()
		var rows int
		for end := time.Now().Add(10 * time.Second); ; { // connections of the dead server are found out one by one
			err := db.QueryRow(`SELECT count(*) FROM hamlet`).Scan(&rows)
			if err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
		if rows != n+1 {
			t.Fatalf("%d rows after %d kills, want %d", rows, n+1, n+1)
		}
	}
}

func TestAnInstanceIsOneTestsOwn(t *testing.T) {
	a, b := Start(t), Start(t)
	if a.DSN == b.DSN || a.Socket == b.Socket {
		t.Fatalf("two instances at %s", a.Socket)
	}
	a.Kill()
	if _, err := open(t, b.DSN).Exec(`SELECT 1`); err != nil {
		t.Errorf("a kill reached another instance: %v", err)
	}
}
