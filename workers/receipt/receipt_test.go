package receipt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/receipt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "duong-dan-bi-mat"

// gateway is a sender whose provider tells what became of messages by every way.
type gateway struct {
	trusting bool // takes everybody for the provider
	panics   bool

	mu      sync.Mutex
	knows   map[string]notify.Receipt // by key, when asked
	waiting []notify.Receipt          // to be fetched
	session chan notify.Receipt
	down    error
}

func (g *gateway) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "gateway", Channel: notify.SMS, Timeout: time.Second, Parallel: 1000, Callback: true, Query: true, Poll: true, Session: true}
}

func (g *gateway) Send(context.Context, notify.Message) notify.Outcome { panic("nothing is sent here") }

func (g *gateway) ReadReceipts(c notify.Callback) ([]notify.Receipt, notify.Reply, error) {
	if g.panics {
		panic("a bug")
	}
	if c.Token != secret && !g.trusting {
		return nil, notify.Reply{Status: http.StatusNotFound}, notify.ErrForeign
	}
	var r notify.Receipt
	if json.Unmarshal(c.Body, &r) != nil {
		return nil, notify.Reply{Status: http.StatusBadRequest}, notify.ErrMalformed
	}
	r.Provider = "gateway"
	return []notify.Receipt{r}, notify.Reply{Status: http.StatusOK, ContentType: "text/plain", Body: "0"}, nil
}

func (g *gateway) QueryStatus(_ context.Context, about notify.Reference) (notify.Receipt, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, known := g.knows[about.Key]
	return r, known, g.down
}

func (g *gateway) PollReceipts(ctx context.Context, take notify.TakeReceipts) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := take(ctx, g.waiting); err != nil {
		return err
	}
	g.waiting = nil
	return nil
}

func (g *gateway) Run(ctx context.Context, take notify.TakeReceipts) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-g.session:
			if err := take(ctx, []notify.Receipt{r}); err != nil {
				return err
			}
		}
	}
}

// district is a system with notices on their way, whose clock the test turns.
type district struct {
	*core.System
	t     *testing.T
	store *memstore.Store
	now   *atomic.Pointer[time.Time]
}

func newDistrict(t *testing.T, notices int) *district {
	t.Helper()
	d := &district{t: t, store: memstore.New(), now: new(atomic.Pointer[time.Time])}
	begin := time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC) // a Wednesday, 10:00 in the district
	d.now.Store(&begin)
	d.restart()
	all := make([]notify.Notice, notices)
	for i := range all {
		all[i] = outboxtest.Notice(i, notify.SMS, begin)
	}
	if err := errors.Join(outboxtest.People(t.Context(), d.store, notices), outboxtest.Add(t.Context(), d.store, all...)); err != nil {
		t.Fatal(err)
	}
	return d
}

// restart is a new process over the same tables.
func (d *district) restart() {
	d.t.Helper()
	texts, err := outboxtest.Templates()
	if err != nil {
		d.t.Fatal(err)
	}
	d.System, err = core.New(d.store, policy.Default(), &core.Options{
		Clock: func() time.Time { return *d.now.Load() }, Templates: texts, Secret: []byte("test"),
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *district) pass(by time.Duration) {
	later := d.now.Load().Add(by)
	d.now.Store(&later)
}

// handOver has all notices sent and returns their calls, not settled yet.
func (d *district) handOver(to notify.Capabilities, n int) []core.Delivery {
	d.t.Helper()
	out, err := d.Dispatch(d.t.Context(), "relay", n)
	if err != nil {
		d.t.Fatal(err)
	}
	calls, err := d.Claim(d.t.Context(), "worker", to, out.Tickets)
	if err != nil || len(calls) != n {
		d.t.Fatalf("%d of %d calls, error %v", len(calls), n, err)
	}
	return calls
}

func (d *district) settle(calls ...core.Delivery) {
	d.t.Helper()
	settled := make([]core.Settled, len(calls))
	for i, c := range calls {
		settled[i] = core.Settled{Delivery: c, Outcome: notify.Outcome{Result: notify.ResultAccepted, ProviderID: providerID(c.Ticket.ID)}}
	}
	if err := d.Settle(d.t.Context(), settled); err != nil {
		d.t.Fatal(err)
	}
}

func providerID(id notify.ID) string { return "p-" + string(id) }

func (d *district) states() map[notify.ID]notify.State {
	d.t.Helper()
	states := map[notify.ID]notify.State{}
	err := d.store.View(d.t.Context(), func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Notices(ctx, notify.Query{Channel: notify.SMS})
		for _, n := range all {
			states[n.ID] = n.State
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return states
}

func (d *district) inbound(states ...notify.InboundState) (rs []notify.Inbound) {
	d.t.Helper()
	err := d.store.View(d.t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		rs, err = tx.Inbound(ctx, notify.InboundQuery{States: states})
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return rs
}

// moody is a system whose database is away now and then.
type moody struct {
	receipt.System
	calls *atomic.Int64
	hasty bool // says that it stored what it did not
}

var errAway = errors.New("the database is away")

func (m moody) TakeReceipts(ctx context.Context, rs []notify.Receipt) error {
	switch n := m.calls.Add(1); {
	case m.hasty && n%2 == 0:
		return nil
	case !m.hasty && n%5 == 0:
		return errAway
	}
	return m.System.TakeReceipts(ctx, rs)
}

// call is a callback that the provider makes, again and again until it is heard.
type call struct {
	token   string
	receipt notify.Receipt
}

// storm is what a provider does to us and what came of it.
type storm struct {
	Notices, Callbacks, Repeated, Stored int
	Lost                                 int // receipts that no row speaks of
	Wrong                                int // notices in another state than the provider's truth
	Twice                                int // receipts that more than one row speaks of
	Open                                 int // notices whose fate nobody knows at the end
	Unmatched                            int // of the unknown ids, at the end
}

// weather lets a storm break over a desk: three copies of everything in random
// order from sixteen connections at once, a third of it before our own record of
// the call, unknown ids, a caller with a wrong secret that says the opposite, a
// database that is away for every fifth callback, and a restart in the middle.
func weather(t *testing.T, seed uint64, n int, g *gateway, hasty bool) storm {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 19))
	d := newDistrict(t, n)
	calls := d.handOver(g.Describe(), n)
	early := n / 3
	d.settle(calls[early:]...)

	s := storm{Notices: n}
	truth := map[notify.ID]notify.State{}
	prints := map[string]bool{}
	var all []call
	for _, c := range calls {
		id := c.Ticket.ID
		final := notify.Receipt{Verdict: notify.VerdictDelivered, Code: "0"}
		truth[id] = notify.Delivered
		if random.IntN(5) == 0 {
			final = notify.Receipt{Verdict: notify.VerdictUndelivered, Code: "5"}
			truth[id] = notify.Undelivered
		}
		news := []notify.Receipt{final}
		if random.IntN(2) == 0 {
			news = append(news, notify.Receipt{Verdict: notify.VerdictUnderway, Code: "1"})
		}
		for _, r := range news {
			if random.IntN(2) == 0 {
				r.Key = c.Message.IdempotencyKey
			} else {
				r.ProviderID = providerID(id)
			}
			prints[r.Fingerprint()] = true
			all = append(all, call{secret, r}, call{secret, r}, call{secret, r})
		}
		if random.IntN(10) == 0 { // somebody else says the opposite, and is quick about it
			lie := notify.Receipt{Key: c.Message.IdempotencyKey, Verdict: notify.VerdictUndelivered, Code: "666"}
			if truth[id] == notify.Undelivered {
				lie.Verdict = notify.VerdictDelivered
			}
			all = append(all, call{"guessed", lie}, call{"", lie})
		}
	}
	unknown := n / 10
	for i := range unknown {
		r := notify.Receipt{ProviderID: fmt.Sprint("nobody's-", i), Verdict: notify.VerdictDelivered, Code: "0"}
		prints[r.Fingerprint()] = true
		all = append(all, call{secret, r})
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.Callbacks = len(all)

	var taken atomic.Int64
	half := len(all) / 2
	s.Repeated += d.blow(g, &taken, hasty, all[:half])
	d.restart()
	s.Repeated += d.blow(g, &taken, hasty, all[half:])
	d.settle(calls[:early]...)

	// After everything is said, contradictions change nothing.
	desk := d.desk(g, &taken, hasty)
	for range 20 {
		d.pass(time.Minute)
		if err := desk.Match(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range calls {
		r := notify.Receipt{Provider: "gateway", Key: c.Message.IdempotencyKey, Verdict: notify.VerdictUndelivered, Code: "late"}
		if truth[c.Ticket.ID] == notify.Undelivered {
			r.Verdict = notify.VerdictDelivered
		}
		if err := d.TakeReceipts(t.Context(), []notify.Receipt{r}); err != nil {
			t.Fatal(err)
		}
	}
	for range 80 {
		if err := desk.Match(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.pass(time.Hour)
	}

	kept := map[string]bool{}
	for _, r := range d.inbound() {
		if kept[r.Fingerprint] {
			s.Twice++
		}
		kept[r.Fingerprint] = true
		delete(prints, r.Fingerprint)
		s.Stored++
	}
	s.Lost = len(prints)
	for id, state := range d.states() {
		if truth[id] != state {
			s.Wrong++
		}
		if state != notify.Delivered && state != notify.Undelivered {
			s.Open++
		}
	}
	s.Unmatched = len(d.inbound(notify.InboundUnmatched))
	if s.Unmatched != unknown && !hasty {
		t.Errorf("%d of %d receipts of unknown messages are on the list", s.Unmatched, unknown)
	}
	return s
}

func (d *district) desk(g *gateway, taken *atomic.Int64, hasty bool) *receipt.Desk {
	d.t.Helper()
	desk, err := receipt.New(moody{d.System, taken, hasty}, "desk", []notify.Sender{g}, &receipt.Options{Match: 5 * time.Millisecond, Ask: time.Hour, Poll: time.Hour, Batch: 37})
	if err != nil {
		d.t.Fatal(err)
	}
	return desk
}

// blow makes the calls from sixteen connections at once while a desk is at work,
// and returns how many had to be repeated.
func (d *district) blow(g *gateway, taken *atomic.Int64, hasty bool, calls []call) int {
	d.t.Helper()
	desk := d.desk(g, taken, hasty)
	server := httptest.NewServer(desk)
	defer server.Close()
	ctx, stop := context.WithCancel(d.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = desk.Run(ctx) })
	defer running.Wait()
	defer stop()

	client := server.Client()
	var repeated atomic.Int64
	queue := make(chan call)
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for c := range queue {
				for ring(d.t, client, server.URL, c) == http.StatusServiceUnavailable {
					repeated.Add(1)
				}
			}
		})
	}
	for _, c := range calls {
		queue <- c
	}
	close(queue)
	callers.Wait()
	return int(repeated.Load())
}

func ring(t *testing.T, client *http.Client, url string, c call) int {
	body, err := json.Marshal(c.receipt)
	if err != nil {
		t.Error(err)
		return 0
	}
	response, err := client.Post(url+"/receipts/gateway/"+c.token, "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// size is how many notices a storm is about: OUTREACH_RECEIPTS makes it a hurricane.
// The full profile of the faults has at least ten thousand callbacks in each.
func size(t *testing.T) int {
	if os.Getenv("OUTREACH_FAULTS") == "full" {
		return 2500
	}
	n, err := strconv.Atoi(os.Getenv("OUTREACH_RECEIPTS"))
	if err != nil {
		return 120
	}
	t.Logf("%d notices", n)
	return n
}

func TestF19ReceiptsInAnyOrderEndInTheProvidersTruth(t *testing.T) {
	for seed := range uint64(3) {
		s := weather(t, seed, size(t), &gateway{session: make(chan notify.Receipt)}, false)
		t.Logf("F19 seed=%d %+v", seed, s)
		t.Logf("F19 figures notices=%d L=%d D=%d U=%d V=%d", s.Notices, s.Lost, s.Twice, s.Open, s.Wrong)
		if s.Lost+s.Wrong+s.Twice+s.Open != 0 || s.Repeated == 0 {
			t.Errorf("seed %d: %d lost, %d wrong, %d kept twice, %d open, %d repeated", seed, s.Lost, s.Wrong, s.Twice, s.Open, s.Repeated)
		}
	}
}

// The scenario proves something: without its two guards it fails.
func TestF19NoticesADeskThatAnswersBeforeItStored(t *testing.T) {
	if s := weather(t, 1, 60, &gateway{session: make(chan notify.Receipt)}, true); s.Lost == 0 && s.Wrong == 0 {
		t.Errorf("a desk that forgets every second callback was not noticed: %+v", s)
	}
}

func TestF19NoticesADeskThatBelievesEverybody(t *testing.T) {
	wrong := 0
	for seed := range uint64(4) {
		wrong += weather(t, seed, 60, &gateway{trusting: true, session: make(chan notify.Receipt)}, false).Wrong
	}
	if wrong == 0 {
		t.Error("a desk that believes everybody was not noticed")
	}
}

func TestACallbackIsAnsweredAsItDeserves(t *testing.T) {
	d := newDistrict(t, 1)
	g := &gateway{}
	var observed []int
	away := &atomic.Int64{}
	desk, err := receipt.New(moody{d.System, away, false}, "desk", []notify.Sender{g},
		&receipt.Options{Forwarded: "X-Forwarded-For", Observe: func(_ string, status int) { observed = append(observed, status) }})
	if err != nil {
		t.Fatal(err)
	}
	good := `{"key":"n-000000","verdict":"delivered"}`
	for _, test := range []struct {
		what, method, path, body string
		status                   int
		setUp                    func()
	}{
		{"a proper one", "POST", "/receipts/gateway/" + secret, good, 200, nil},
		{"a repetition", "POST", "/receipts/gateway/" + secret, good, 200, nil},
		{"mounted elsewhere", "POST", "/a/b/c/gateway/" + secret + "/", good, 200, nil},
		{"a wrong secret", "POST", "/receipts/gateway/guessed", good, 404, nil},
		{"no secret", "POST", "/gateway", good, 404, nil},
		{"an unknown provider", "POST", "/receipts/nobody/" + secret, good, 404, nil},
		{"nonsense", "POST", "/receipts/gateway/" + secret, "<html>", 400, nil},
		{"a method nobody uses", "DELETE", "/receipts/gateway/" + secret, good, 405, nil},
		{"too long", "POST", "/receipts/gateway/" + secret, strings.Repeat("x", notify.MaxCallback+1), 413, nil},
		{"without its message", "POST", "/receipts/gateway/" + secret, `{"verdict":"delivered"}`, 503, nil},
		{"the database is away", "POST", "/receipts/gateway/" + secret, good, 503, func() { away.Store(4) }},
		{"a reader with a bug", "POST", "/receipts/gateway/" + secret, good, 400, func() { g.panics = true }},
	} {
		if test.setUp != nil {
			test.setUp()
		}
		w := httptest.NewRecorder()
		desk.ServeHTTP(w, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
		if w.Code != test.status {
			t.Errorf("%s: status %d, want %d", test.what, w.Code, test.status)
		}
		if test.status == 200 && (w.Body.String() != "0" || w.Header().Get("Content-Type") != "text/plain") {
			t.Errorf("%s: answered %q as %q", test.what, w.Body, w.Header())
		}
		if test.status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: the provider is not told to come again", test.what)
		}
	}
	if n := len(d.inbound()); n != 1 || len(observed) == 0 {
		t.Errorf("%d receipts stored, %d callbacks observed", n, len(observed))
	}
}

func TestReceiptsComeByQueryByFetchingAndInASession(t *testing.T) {
	d := newDistrict(t, 3)
	g := &gateway{session: make(chan notify.Receipt), knows: map[string]notify.Receipt{}, down: errAway}
	calls := d.handOver(g.Describe(), 3)
	d.settle(calls...)
	d.pass(time.Minute)
	delivered := func(i int) notify.Receipt {
		return notify.Receipt{Provider: "gateway", ProviderID: providerID(calls[i].Ticket.ID), Verdict: notify.VerdictDelivered, Code: "0"}
	}
	g.knows[calls[0].Message.IdempotencyKey] = delivered(0)
	g.waiting = []notify.Receipt{delivered(1)}
	desk, err := receipt.New(d.System, "desk", []notify.Sender{g}, &receipt.Options{Match: time.Millisecond, Ask: time.Millisecond, Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := desk.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	g.session <- delivered(2)
	g.mu.Lock()
	g.down = nil // it answers again: the next round of questions finds out
	g.mu.Unlock()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		all := 0
		for _, state := range d.states() {
			if state == notify.Delivered {
				all++
			}
		}
		if all == 3 {
			break
		}
		d.pass(time.Minute)
	}
	stop()
	running.Wait()
	for id, state := range d.states() {
		if state != notify.Delivered {
			t.Errorf("%s is %s", id, state)
		}
	}
}

// elsewhere is a provider whose one connection another process holds.
type elsewhere struct{ *gateway }

func (elsewhere) Elsewhere() bool { return true }

func TestOnlyWhoHoldsTheConnectionAsks(t *testing.T) {
	d := newDistrict(t, 1)
	g := &gateway{knows: map[string]notify.Receipt{}}
	calls := d.handOver(g.Describe(), 1)
	d.settle(calls...)
	d.pass(time.Minute)
	g.knows[calls[0].Message.IdempotencyKey] = notify.Receipt{Provider: "gateway", ProviderID: providerID(calls[0].Ticket.ID), Verdict: notify.VerdictDelivered, Code: "0"}
	c := g.Describe()
	c.Exclusive = true
	for _, asks := range []struct {
		who  notify.StatusQuerier
		want notify.State
	}{{elsewhere{g}, notify.Accepted}, {g, notify.Delivered}} {
		desk, err := receipt.New(d.System, "desk", []notify.Sender{g}, nil)
		if err == nil {
			err = desk.Ask(t.Context(), asks.who, c)
		}
		if err == nil {
			err = desk.Match(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		for id, state := range d.states() {
			if state != asks.want { // the question is not used up by who could not have put it
				t.Errorf("%s is %s, want %s", id, state, asks.want)
			}
		}
	}
}

// liar declares ways that it has no method for.
type liar struct{ c notify.Capabilities }

func (l liar) Describe() notify.Capabilities                         { return l.c }
func (liar) Send(context.Context, notify.Message) (o notify.Outcome) { return o }

func TestADeskIsNotMadeOfSendersThatDeclareWhatTheyAreNot(t *testing.T) {
	for _, c := range []notify.Capabilities{{Callback: true}, {Query: true}, {Poll: true}, {Session: true}} {
		c.Name = "liar"
		if _, err := receipt.New(nil, "desk", []notify.Sender{liar{c}}, nil); err == nil {
			t.Errorf("%+v was believed", c)
		}
	}
	twice := liar{notify.Capabilities{Name: "one"}}
	if _, err := receipt.New(nil, "desk", []notify.Sender{twice, twice}, nil); err == nil {
		t.Error("two senders of one name were taken")
	}
	if _, err := receipt.New(nil, "desk", nil, &receipt.Options{Batch: -1}); err == nil {
		t.Error("a negative batch was taken")
	}
}
