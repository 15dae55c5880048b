package webhook_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/webhook"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "whsec_c2F1IG11b2kgYmF5IGJ5dGUgbmdhdSBuaGllbiBj"
	older  = "whsec_bW90IGtob2EgY3UgaG9uIHZhIGNodWEgdGhheSBkb2k="
)

// curtain is a store in which some records are not committed yet.
type curtain struct {
	store.Store
	hidden map[int64]bool
}

func (c curtain) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return c.Store.View(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, behind{tx, c.hidden}) })
}

type behind struct {
	store.Tx
	hidden map[int64]bool
}

func (b behind) Records(ctx context.Context, q event.Query) ([]event.Record, error) {
	records, err := b.Tx.Records(ctx, event.Query{Subject: q.Subject, Kinds: q.Kinds, After: q.After})
	records = slices.DeleteFunc(records, func(r event.Record) bool { return b.hidden[r.Position] })
	if q.Limit > 0 && len(records) > q.Limit {
		records = records[:q.Limit]
	}
	return records, err
}

// district journals one event for each team it forms.
type district struct {
	t      *testing.T
	now    time.Time
	sys    *core.System
	hidden map[int64]bool
	teams  int
}

func newDistrict(t *testing.T) *district {
	t.Helper()
	d := &district{t: t, now: time.Date(2017, 3, 1, 2, 0, 0, 0, time.UTC), hidden: map[int64]bool{}}
	var err error
	d.sys, err = core.New(curtain{memstore.New(), d.hidden}, policy.Default(), &core.Options{Clock: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	d.do(func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Create(ctx, programme.State{
			ID: "hvcs", Code: "HVCS-2017", Name: "Hướng về cơ sở",
			Valid: calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)},
			Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
		})
		return err
	})
	return d
}

func (d *district) do(fn func(context.Context, *core.Work) error) {
	d.t.Helper()
	if err := d.sys.Update(d.t.Context(), org.System(), fn); err != nil {
		d.t.Fatal(err)
	}
}

func (d *district) form(teams int) {
	d.t.Helper()
	d.do(func(ctx context.Context, w *core.Work) error {
		for range teams {
			d.teams++
			code := fmt.Sprintf("T%03d", d.teams)
			if _, err := w.Programme.CreateTeam(ctx, programme.Team{ID: org.TeamID(code), Programme: "hvcs", Code: code, Name: "Tổ công tác " + code}); err != nil {
				return err
			}
		}
		return nil
	})
}

// receiver is the other system.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []webhook.Event
	bodies []string
	heads  []http.Header
	answer func(n int, w http.ResponseWriter) // to the n-th request, before it is taken; nil: 204
	asked  int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	r.asked++
	r.heads = append(r.heads, req.Header)
	status := &recorded{ResponseWriter: w, status: http.StatusNoContent}
	if r.answer != nil {
		r.answer(r.asked, status)
	}
	if status.status/100 == 2 {
		var e webhook.Event
		if err := json.Unmarshal(body, &e); err != nil {
			e.Kind = err.Error()
		}
		r.got, r.bodies = append(r.got, e), append(r.bodies, string(body))
	}
}

type recorded struct {
	http.ResponseWriter
	status int
}

func (r *recorded) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// teams are those whose forming arrived.
func (r *receiver) teams() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var teams []string
	for _, e := range r.got {
		var formed programme.TeamFormed
		if e.Kind == formed.Kind() && json.Unmarshal(e.Data, &formed) == nil {
			teams = append(teams, string(formed.Team))
		}
	}
	return teams
}

func (d *district) feed(cursor webhook.Cursor, c webhook.Config) *webhook.Feed {
	d.t.Helper()
	if c.Secrets == nil {
		c.Secrets = []webhook.Secret{secret}
	}
	feed, err := webhook.New(d.sys, cursor, c, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return feed
}

func pass(t *testing.T, f *webhook.Feed, want int) {
	t.Helper()
	if sent, err := f.Pass(t.Context()); err != nil || sent != want {
		t.Fatalf("sent %d, %v; want %d", sent, err, want)
	}
}

func TestEveryEventArrivesOnceInOrderAndSigned(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	d.form(250) // more than two pages
	f := d.feed(webhook.File(filepath.Join(t.TempDir(), "mark")), webhook.Config{URL: r.URL, Secrets: []webhook.Secret{secret, older}})
	pass(t, f, 251)
	pass(t, f, 0)
	d.form(1)
	pass(t, f, 1)
	if teams := r.teams(); len(teams) != 251 || !slices.IsSorted(teams) {
		t.Errorf("%d teams: %v", len(teams), teams)
	}
	for i, head := range r.heads {
		if head.Get(webhook.HeaderID) != r.got[i].ID || r.got[i].ID == "" {
			t.Fatalf("event %d: id %q in the head, %q in the body", i, head.Get(webhook.HeaderID), r.got[i].ID)
		}
		for _, s := range []webhook.Secret{secret, older} {
			if err := webhook.Verify(s, head, []byte(r.bodies[i]), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAnEventNamesNobodyAndQuotesNobody(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	d.do(func(ctx context.Context, w *core.Work) error {
		if _, err := w.Org.AddPerson(ctx, org.Person{ID: "lan", FullName: "Trần Thị Lan", Phone: "+84900000001", Valid: calendar.Period{From: calendar.MustDate(2017, 1, 1)}}); err != nil {
			return err
		}
		_, err := w.Org.AppointHolding(ctx, org.Holding{ID: "1", Person: "lan", Role: org.ProgrammeOffice, Valid: calendar.Period{From: calendar.MustDate(2017, 1, 1)}})
		return err
	})
	err := d.sys.Update(t.Context(), org.Actor{Person: "lan"}, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.CreateTeam(ctx, programme.Team{ID: "T1", Programme: "hvcs", Code: "T1", Name: "Tổ 1"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pass(t, d.feed(webhook.File(filepath.Join(t.TempDir(), "mark")), webhook.Config{URL: r.URL}), 2) // without those about the staff
	all := strings.Join(r.bodies, "\n")
	for _, secret := range []string{"actor", "lan", "Trần", "0900000001", "why", "prev", "hash"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is told:\n%s", secret, all)
		}
	}
	if !strings.Contains(all, `"type":"programme.team_formed"`) || !strings.Contains(all, `"data":{"team":"T1"}`) {
		t.Errorf("what happened is not told:\n%s", all)
	}
	pass(t, d.feed(webhook.File(filepath.Join(t.TempDir(), "mark")), webhook.Config{URL: r.URL, Kinds: []string{"org.", "programme.founded"}}), 3)
}

func TestAnEventThatIsNotTakenHoldsUpThoseBehindItAndIsNotLost(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	cursor := webhook.File(filepath.Join(t.TempDir(), "mark"))
	d.form(5)
	r.answer = func(n int, w http.ResponseWriter) {
		if n == 4 || n == 5 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}
	for range 2 {
		sent, err := d.feed(cursor, webhook.Config{URL: r.URL + "/secret-path"}).Pass(t.Context()) // each after a restart
		if err == nil || !strings.Contains(err.Error(), "502") || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("sent %d, %v", sent, err)
		}
	}
	pass(t, d.feed(cursor, webhook.Config{URL: r.URL}), 3)
	if got, want := strings.Join(r.teams(), " "), "T001 T002 T003 T004 T005"; got != want {
		t.Errorf("got %s", got)
	}
	r.Close()
	d.form(1)
	if sent, err := d.feed(cursor, webhook.Config{URL: r.URL}).Pass(t.Context()); err == nil || sent != 0 {
		t.Errorf("with the receiver gone: %d, %v", sent, err)
	}
}

func TestARecordThatWasCommittedLateIsSentAsWell(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	cursor := webhook.File(filepath.Join(t.TempDir(), "mark"))
	d.form(4)
	d.hidden[3] = true // T002, written by a transaction that is still open
	pass(t, d.feed(cursor, webhook.Config{URL: r.URL}), 4)
	d.now = d.now.Add(time.Minute)
	delete(d.hidden, 3)
	pass(t, d.feed(cursor, webhook.Config{URL: r.URL}), 1)
	if got, want := strings.Join(r.teams(), " "), "T001 T003 T004 T002"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d.now = d.now.Add(3 * time.Minute)
	pass(t, d.feed(cursor, webhook.Config{URL: r.URL}), 0)
	if mark, err := cursor.Load(t.Context()); err != nil || mark.After != 5 || len(mark.Seen) != 0 {
		t.Errorf("what is long settled stays in the mark: %+v, %v", mark, err)
	}
}

func TestRunTriesAgainUntilItsContextEnds(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	r.answer = func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}
	var log strings.Builder
	cursor := &counting{Cursor: webhook.File(filepath.Join(t.TempDir(), "mark"))}
	feed, err := webhook.New(d.sys, cursor,
		webhook.Config{URL: r.URL + "/tokenpath", Secrets: []webhook.Secret{secret}, Every: time.Millisecond},
		&webhook.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- feed.Run(ctx) }()
	await := func(what string, come func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !come(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%s: not within a minute", what)
				return
			}
		}
	}
	await("the event is taken", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.got) == 1
	})
	looks := cursor.looks.Load()
	await("it looks again, and once more", func() bool { return cursor.looks.Load() >= looks+2 })
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) || len(r.got) != 1 {
		t.Errorf("%v, %d events", err, len(r.got))
	}
	if text := log.String(); !strings.Contains(text, "answered 429") || !strings.Contains(text, "taken again") || strings.Contains(text, "tokenpath") {
		t.Errorf("log:\n%s", text)
	}
}

// counting is a cursor that counts how often somebody looked.
type counting struct {
	webhook.Cursor
	looks atomic.Int64
}

func (c *counting) Load(ctx context.Context) (webhook.Mark, error) {
	c.looks.Add(1)
	return c.Cursor.Load(ctx)
}

// broken is a cursor that cannot be used.
type broken struct{ load, save error }

func (b broken) Load(context.Context) (webhook.Mark, error) { return webhook.Mark{}, b.load }
func (b broken) Save(context.Context, webhook.Mark) error   { return b.save }

func TestABrokenCursorStopsThePass(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	full := errors.New("disk full")
	if _, err := d.feed(broken{load: full}, webhook.Config{URL: r.URL}).Pass(t.Context()); !errors.Is(err, full) || r.asked != 0 {
		t.Errorf("load: %v, %d asked", err, r.asked)
	}
	if sent, err := d.feed(broken{save: full}, webhook.Config{URL: r.URL}).Pass(t.Context()); !errors.Is(err, full) || sent != 1 {
		t.Errorf("save: %d, %v", sent, err)
	}
}

func TestCursorsRemember(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE webhook_cursor (name text PRIMARY KEY, mark text NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.Table(db, "webhook_cursor; DROP TABLE x", "a"); err == nil {
		t.Error("a statement passes for the name of a table")
	}
	table := func(name string) webhook.Cursor {
		c, err := webhook.Table(db, "webhook_cursor", name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	folder := t.TempDir()
	for kind, open := range map[string]func(name string) webhook.Cursor{
		"file":  func(name string) webhook.Cursor { return webhook.File(filepath.Join(folder, name)) },
		"table": table,
	} {
		a, b := open("a"), open("b")
		if m, err := a.Load(t.Context()); err != nil || m.After != 0 || m.Seen != nil {
			t.Errorf("%s: before anything was saved: %+v, %v", kind, m, err)
		}
		for _, want := range []webhook.Mark{{After: 7, Seen: []int64{9, 12}}, {After: 12}} {
			if err := a.Save(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			if got, err := open("a").Load(t.Context()); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %+v, %v; want %+v", kind, got, err, want)
			}
		}
		if m, err := b.Load(t.Context()); err != nil || m.After != 0 {
			t.Errorf("%s: the other cursor: %+v, %v", kind, m, err)
		}
	}
	if err := webhook.File(filepath.Join(folder, "none", "x")).Save(t.Context(), webhook.Mark{}); err == nil {
		t.Error("saved into a folder that is not there")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestEveryFieldThatIsWrongIsNamed(t *testing.T) {
	_, err := webhook.New(nil, nil, webhook.Config{URL: "http://donthu.xuanloc.example", Secrets: []webhook.Secret{"whsec_eA=="}, Kinds: []string{"issue"}, Every: -1}, nil)
	var rules []string
	for _, v := range fault.Violations(err) {
		rules = append(rules, v.Rule+" "+v.Field)
		if v.En == "" || v.Vi == "" || strings.Contains(v.En+v.Vi, "eA==") {
			t.Errorf("%s: %q %q", v.Rule, v.En, v.Vi)
		}
	}
	want := []string{"webhook.config.url url", "webhook.config.secret secrets[0]", "webhook.config.kind kinds[0]", "webhook.config.duration timeout", "webhook.parts cursor"}
	if !slices.Equal(rules, want) {
		t.Errorf("got  %q\nwant %q", rules, want)
	}
	if _, err := webhook.New(nil, nil, webhook.Config{URL: "https://donthu.xuanloc.example/x"}, nil); !strings.Contains(fmt.Sprint(err), "webhook.config.secret_missing") {
		t.Errorf("without a secret: %v", err)
	}
}

func TestTheSecretIsNeverShown(t *testing.T) {
	s := webhook.Secret(secret)
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %s %q %#v %x %s %v", s, s, s, s, s, encoded, s.LogValue())
	if strings.Contains(shown, secret[10:20]) || !strings.Contains(shown, "[secret]") {
		t.Error(shown)
	}
}

func TestOnlyWhatWasSignedJustNowWithTheSecretIsTrusted(t *testing.T) {
	d, r := newDistrict(t), newReceiver(t)
	pass(t, d.feed(webhook.File(filepath.Join(t.TempDir(), "mark")), webhook.Config{URL: r.URL}), 1)
	now := time.Now()
	for rule, ask := range map[string]func(h http.Header) error{
		"webhook.verify.secret": func(h http.Header) error { return webhook.Verify("secret", h, []byte(r.bodies[0]), now) },
		"webhook.verify.timestamp": func(h http.Header) error {
			return webhook.Verify(secret, h, []byte(r.bodies[0]), now.Add(6*time.Minute))
		},
		"webhook.verify.signature":                 func(h http.Header) error { return webhook.Verify(older, h, []byte(r.bodies[0]), now) },
		"webhook.verify.signature of another body": func(h http.Header) error { return webhook.Verify(secret, h, []byte(r.bodies[0]+" "), now) },
		"webhook.verify.signature of another event": func(h http.Header) error {
			h.Set(webhook.HeaderID, "another")
			return webhook.Verify(secret, h, []byte(r.bodies[0]), now)
		},
		"webhook.verify.timestamp that is none": func(h http.Header) error {
			h.Del(webhook.HeaderTimestamp)
			return webhook.Verify(secret, h, []byte(r.bodies[0]), now)
		},
	} {
		if err := ask(r.heads[0].Clone()); err == nil || !strings.HasPrefix(err.Error(), strings.Fields(rule)[0]+":") {
			t.Errorf("want %s, got %v", rule, err)
		}
	}
}
