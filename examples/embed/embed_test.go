package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/adapters/webhook"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// told is one run: what it printed, without who was told what, and that.
func told(t *testing.T, database, queue string) (stands, notices []string) {
	t.Helper()
	var out strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := run(ctx, database, queue, "", &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "  told") {
			notices = append(notices, line)
		} else {
			stands = append(stands, strings.TrimSpace(line))
		}
	}
	slices.Sort(notices)
	return stands, notices
}

var want = []string{
	"taken:            ticket open, 0 in its log; journal 1, notices due 0",
	"refused:          the desk's own check says no",
	"after rollback:   ticket open, 0 in its log; journal 1, notices due 0",
	"after commit:     ticket referred, 2 in its log; journal 3, notices due 2",
	"after delivery:   ticket referred, 2 in its log; journal 3, notices due 0",
}

func check(t *testing.T, database, queue string) {
	t.Helper()
	stands, notices := told(t, database, queue)
	if !slices.Equal(stands, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(stands, "\n"), strings.Join(want, "\n"))
	}
	all := strings.Join(notices, "")
	for _, notice := range []string{"yen@mau.example: issue.referred", "hung@mau.example: issue.referred"} {
		if strings.Count(all, notice) != 1 {
			t.Errorf("want once %q in\n%s", notice, all)
		}
	}
}

func TestTicketAndReferralShareOneFateOnSQLite(t *testing.T) {
	check(t, filepath.Join(t.TempDir(), "desk.db"), "")
}

func TestTicketAndReferralShareOneFateOnPostgreSQL(t *testing.T) {
	check(t, pgtest.Database(t), "")
}

func TestTheWorkersDeliverTheSame(t *testing.T) {
	server := miniredis.RunT(t)
	check(t, filepath.Join(t.TempDir(), "desk.db"), server.Addr())
}

func TestAnotherProcessTakesOverTheDeliveryWhenTheFirstFallsSilent(t *testing.T) {
	var out strings.Builder
	d, err := open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), &out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.db.Close()
	if err := d.carry(t.Context()); err != nil { // the right is d's from now on
		t.Fatal(err)
	}
	if err := d.sys.Update(t.Context(), admin, enter); err != nil {
		t.Fatal(err)
	}
	d.owner = "another help desk"
	if err := d.carry(t.Context()); !errors.Is(err, errStandby) || out.String() != "" {
		t.Fatalf("%v, %q: want it to leave the notices alone", err, out.String())
	}
	d.began = d.began.Add(-11 * time.Second)
	if err := d.carry(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := d.sys.Outstanding(t.Context())
	if err != nil || !left.Idle() || out.String() == "" {
		t.Errorf("%v, left %+v, told %q", err, left, out.String())
	}
}

func TestWhatNoProviderTakesIsLeftForTheNextCall(t *testing.T) {
	var out strings.Builder
	d, err := open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), &out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, s := range d.senders() {
		if err := d.sys.Register(ctx, notify.Provider{Name: s.Describe().Name, Channel: s.Describe().Channel, Weight: 1}); err != nil {
			t.Fatal(err)
		}
	}
	err = d.sys.Update(ctx, admin, func(ctx context.Context, w *core.Work) error {
		for _, s := range d.senders() {
			if err := w.Notices.OpenBreaker(ctx, s.Describe().Name, "the gateway is being repaired"); err != nil {
				return err
			}
		}
		return enter(ctx, w)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.carry(ctx); err != nil {
		t.Fatal(err)
	}
	left, err := d.sys.Outstanding(ctx)
	if err != nil || left.Due == 0 || out.String() != "" {
		t.Errorf("%v, left %+v, told %q: want everything waiting", err, left, out.String())
	}
}

func TestAMigrationToolOfTheHostsOwnAppliesOurFiles(t *testing.T) {
	for name, dialect := range map[string]sqlstore.Dialect{"sqlite": sqlstore.SQLite, "postgres": sqlstore.Postgres} {
		t.Run(name, func(t *testing.T) {
			database := filepath.Join(t.TempDir(), "tool.db")
			if dialect == sqlstore.Postgres {
				database = pgtest.Database(t)
			}
			d, err := open(t.Context(), database, nil) // under names of its own
			if err != nil {
				t.Fatal(err)
			}
			defer d.db.Close()
			files, err := sqlstore.MigrationFiles(dialect, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				statements, err := fs.ReadFile(files, path)
				if err == nil {
					_, err = d.db.ExecContext(context.Background(), string(statements))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var tables int
			if err := d.db.QueryRowContext(t.Context(), "SELECT count(*) FROM outreach_notice").Scan(&tables); err != nil {
				t.Error(err)
			}
			if missing, err := sqlstore.Pending(t.Context(), d.db, dialect, nil); err != nil || len(missing) > 0 {
				t.Errorf("the programme does not know that they were applied: %q, %v", missing, err)
			}
		})
	}
}

// neighbour is another system that listens. It takes nothing the first time.
type neighbour struct {
	secret webhook.Secret
	calls  int
	heard  []string
	wrong  error
}

func (n *neighbour) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	n.wrong = errors.Join(n.wrong, err, webhook.Verify(n.secret, r.Header, body, time.Now()))
	if n.calls++; n.calls == 1 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var e webhook.Event
	n.wrong = errors.Join(n.wrong, json.Unmarshal(body, &e))
	n.heard = append(n.heard, e.Kind)
}

func TestAnotherSystemIsToldWhatWasCommittedAndNothingElse(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string { return filepath.Join(t.TempDir(), "desk.db") }, "postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, n := t.Context(), &neighbour{secret: "whsec_bW90IGtob2EgY2hpIGR1bmcgdHJvbmcgdmkgZHU="}
			server := httptest.NewServer(n)
			defer server.Close()
			d, err := open(ctx, database(t), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			defer d.db.Close()
			if err := d.sys.Update(ctx, admin, enter); err != nil {
				t.Fatal(err)
			}
			ticket, err := d.take(ctx, "lan", "Cứ mưa lớn là hẻm sau chợ ngập.")
			if err != nil {
				t.Fatal(err)
			}
			if sent, err := d.publish(ctx, server.URL, n.secret); sent != 0 || err == nil {
				t.Errorf("sent %d, %v: want it to be told that nothing was taken", sent, err)
			}
			if err := d.refer(ctx, ticket, "kt-ht", errChangedItsMind); !errors.Is(err, errChangedItsMind) {
				t.Fatal(err)
			}
			if _, err := d.publish(ctx, server.URL, n.secret); err != nil {
				t.Fatal(err)
			}
			if err := d.refer(ctx, ticket, "kt-ht", nil); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second has nothing left to tell
				if _, err := d.publish(ctx, server.URL, n.secret); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{"issue.registered", "issue.triaged", "issue.referred"}
			if !slices.Equal(n.heard, want) || n.wrong != nil {
				t.Errorf("heard %q, %v; want %q once each", n.heard, n.wrong, want)
			}
		})
	}
}

func TestAnErrorOfTheDesksOwnReactionUndoesBoth(t *testing.T) {
	d, err := open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer d.db.Close()
	if err := d.sys.Update(t.Context(), admin, enter); err != nil {
		t.Fatal(err)
	}
	ticket, err := d.take(t.Context(), "lan", "Cứ mưa lớn là hẻm sau chợ ngập.")
	if err != nil {
		t.Fatal(err)
	}
	before := d.stand(t.Context())
	if _, err := d.db.ExecContext(t.Context(), "CREATE TRIGGER full BEFORE INSERT ON ticket_log BEGIN SELECT RAISE(ABORT, 'the log is full'); END"); err != nil {
		t.Fatal(err)
	}
	if err := d.refer(t.Context(), ticket, "kt-ht", nil); err == nil || !strings.Contains(err.Error(), "the log is full") {
		t.Errorf("the reaction failed, and the referral says %v", err)
	}
	if after := d.stand(t.Context()); after != before {
		t.Errorf("it stands\n%s\nand stood\n%s", after, before)
	}
}
