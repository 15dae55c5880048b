package interleave

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

var errDead = errors.New("the process is dead")

// fuse counts the steps of a process until it dies. Zero: it lives.
type fuse struct {
	left atomic.Int64
	dead atomic.Bool
}

// light lets the process die after so many steps more.
func (f *fuse) light(steps int) { f.left.Store(int64(steps)) }

// step is one thing the process does, and reports whether it is dead by now.
func (f *fuse) step() bool {
	if f.left.Load() > 0 && f.left.Add(-1) == 0 {
		f.dead.Store(true)
	}
	return f.dead.Load()
}

// mortal is the database as a process sees it.
type mortal struct {
	store.Store
	fuse *fuse
	numb numbed
}

func (m mortal) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	if m.fuse.step() {
		return errDead
	}
	err := m.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		switch m.numb {
		case noAttempt:
			tx = forgetful{tx}
		case noLane:
			tx = blind{tx}
		case noBreaker:
			tx = trusting{tx}
		}
		return fn(ctx, tx)
	})
	if m.fuse.step() {
		return errDead
	}
	return err
}

func (m mortal) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	if m.fuse.step() {
		return errDead
	}
	return m.Store.View(ctx, fn)
}

// forgetful writes no attempt before the call.
type forgetful struct{ store.Tx }

func (forgetful) AddAttempts(context.Context, []*notify.Attempt) error { return nil }
func (forgetful) PutAttempts(context.Context, []*notify.Attempt) error { return nil }

// process is one worker process, however it is composed.
type process struct {
	fuse *fuse
	stop func() // lets everything of it come to its end
}

// blind sees nothing that is being sent.
type blind struct{ store.Tx }

func (b blind) Notices(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	if slices.Equal(q.States, []notify.State{notify.Sending}) && len(q.Persons) > 0 {
		return nil, nil
	}
	return b.Tx.Notices(ctx, q)
}

// trusting takes every provider for one in order.
type trusting struct{ store.Tx }

func (t trusting) Providers(ctx context.Context) ([]notify.Provider, error) {
	all, err := t.Tx.Providers(ctx)
	for i := range all {
		all[i].Breaker = notify.Breaker{}
	}
	return all, err
}

// sender is a gateway as a process calls it.
type sender struct {
	w    *world
	fuse *fuse
	caps notify.Capabilities
}

func (s sender) Describe() notify.Capabilities { return s.caps }

func (s sender) Send(ctx context.Context, m notify.Message) notify.Outcome {
	if s.fuse.step() {
		return notify.Outcome{Result: notify.ResultUnknown}
	}
	outcome := s.w.take(ctx, s.fuse, s.caps, m)
	s.fuse.step()
	return outcome
}

// numbed switches off one guard of every process, to prove that the oracle sees.
type numbed string

const (
	nothing   numbed = ""
	noAttempt numbed = "no attempt is written before the call"
	noWindow  numbed = "nobody looks at the clock"
	noLane    numbed = "a claim does not see what is under way"
	noBreaker numbed = "the breaker stays closed"
)

// world is one simulated installation and its oracle.
type world struct {
	*testing.T
	*rand.Rand
	numb  numbed
	db    *memstore.Store
	sys   *core.System // the domain's own, which never dies
	queue queue
	procs []*process

	began time.Time    // on the bubble's clock
	zero  time.Time    // on the installation's
	night atomic.Int64 // nanoseconds by which nights were skipped

	told   sync.Mutex // over faults and trace
	faults []string
	trace  []string

	mu     sync.Mutex
	luck   *rand.Rand             // of the gateways: processes call for them while the program goes on
	taken  map[notify.ID][]string // by what gateway, in order
	calls  map[*call]bool
	down   map[string]notify.Result
	asked  []notify.Notice
	cancel map[notify.ID]bool
	steps  int
	deaths int
	gone   int // notices that could not wait for their channel and went another way
}

// call is one that is under way.
type call struct {
	fuse     *fuse
	notice   notify.ID
	person   org.PersonID
	channel  notify.Channel
	critical bool
}

func (w *world) now() time.Time {
	return w.zero.Add(time.Since(w.began) + time.Duration(w.night.Load()))
}

func (w *world) fault(format string, args ...any) {
	w.told.Lock()
	defer w.told.Unlock()
	w.faults = append(w.faults, w.now().In(calendar.Zone()).Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (w *world) note(format string, args ...any) {
	w.told.Lock()
	defer w.told.Unlock()
	w.trace = append(w.trace, w.now().In(calendar.Zone()).Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

// recipients are few, so that they get in each other's way.
const recipients = 3

// gateways of the installation: two of SMS, of which the first knows keys.
func gateways() []notify.Capabilities {
	return []notify.Capabilities{
		{Name: "a", Channel: notify.SMS, Timeout: 10 * time.Second, Parallel: 3},
		{Name: "b", Channel: notify.SMS, Timeout: 10 * time.Second, Parallel: 2},
		{Name: "mail", Channel: notify.Email, Timeout: 20 * time.Second, Parallel: 2},
	}
}

func newWorld(t *testing.T, seed uint64, q queue, numb numbed) *world {
	w := &world{
		T: t, Rand: rand.New(rand.NewPCG(seed, 7)), luck: rand.New(rand.NewPCG(seed, 8)), numb: numb, db: memstore.New(), queue: q, began: time.Now(),
		taken: map[notify.ID][]string{}, calls: map[*call]bool{}, down: map[string]notify.Result{}, cancel: map[notify.ID]bool{},
	}
	w.zero = time.Date(2017, 3, 15, 8, 0, 0, 0, calendar.Zone())
	if w.IntN(3) == 0 {
		w.zero = time.Date(2017, 3, 15, 20, 57, 0, 0, calendar.Zone()) // the window closes soon
	}
	w.sys = w.system(w.db)
	if err := outboxtest.People(t.Context(), w.db, recipients); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) system(st store.Store) *core.System {
	templates, err := outboxtest.Templates()
	if err != nil {
		w.Fatal(err)
	}
	numbers := policy.Default()
	numbers.Notices.UnknownResendAfter, numbers.Notices.SMSPerDay = 1, 50
	if w.numb == noWindow {
		numbers.Windows.Officials = []policy.Span{{From: calendar.MustTimeOfDay(0, 0), To: calendar.MustTimeOfDay(23, 59)}}
	}
	sys, err := core.New(st, numbers, &core.Options{Clock: w.now, Templates: templates})
	if err != nil {
		w.Fatal(err)
	}
	return sys
}

// start starts a process, in the place of the one that was there.
func (w *world) start(i int) {
	f := new(fuse)
	var senders []notify.Sender
	for _, c := range gateways() {
		senders = append(senders, sender{w, f, c})
	}
	stop, err := w.queue.start(w, f, fmt.Sprintf("p%d.%d", i, w.deaths), w.system(mortal{w.db, f, w.numb}), senders)
	if err != nil {
		w.Fatalf("a process does not start: %v", err)
	}
	for len(w.procs) <= i {
		w.procs = append(w.procs, nil)
	}
	w.procs[i] = &process{f, stop}
}

// take is the gateway.
func (w *world) take(ctx context.Context, f *fuse, caps notify.Capabilities, m notify.Message) notify.Outcome {
	n := w.row(m.Notice)
	c := &call{fuse: f, notice: m.Notice, person: n.Person, channel: m.Channel, critical: n.Priority == notify.Critical}
	w.mu.Lock()
	if f.dead.Load() { // while another step of the same process was its last: the request never left
		w.mu.Unlock()
		return notify.Outcome{Result: notify.ResultUnknown}
	}
	w.mayGo(c, n, caps)
	w.calls[c] = true
	down, delay := w.down[caps.Name], time.Duration(w.luck.IntN(3000))*time.Millisecond
	lost := w.luck.IntN(15) == 0
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.calls, c)
		w.mu.Unlock()
	}()
	if down == notify.ResultUnknown { // it takes, and answers later than anybody waits
		w.enter(caps, m)
		<-ctx.Done()
		return notify.Outcome{Result: notify.ResultUnknown, Code: "timeout"}
	}
	time.Sleep(delay)
	if f.dead.Load() && w.even() { // the request had not left yet
		return notify.Outcome{Result: notify.ResultUnknown}
	}
	if down != "" {
		return notify.Outcome{Result: down}
	}
	w.enter(caps, m)
	if lost {
		return notify.Outcome{Result: notify.ResultUnknown, Code: "cut"}
	}
	return notify.Outcome{Result: notify.ResultAccepted, ProviderID: "id-" + m.IdempotencyKey}
}

func (w *world) even() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.luck.IntN(2) == 0
}

// enter writes down what a message says.
func (w *world) enter(caps notify.Capabilities, m notify.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("%s took %s", caps.Name, m.Notice)
	for _, n := range w.asked {
		if strings.Contains(m.Text, n.Vars["label"]) {
			w.taken[n.ID] = append(w.taken[n.ID], caps.Name)
		}
	}
}

// row reads a notice.
func (w *world) row(id notify.ID) notify.Notice {
	var n notify.Notice
	err := w.db.View(w.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		n, err = tx.Notice(ctx, id)
		return err
	})
	if err != nil {
		w.Error(err)
	}
	return n
}

// mayGo holds a call that begins now against what has to be so.
func (w *world) mayGo(c *call, n notify.Notice, caps notify.Capabilities) {
	local := w.now().In(calendar.Zone())
	minute := local.Hour()*60 + local.Minute()
	if !c.critical && (minute < 6*60+30 || minute >= 21*60) {
		w.fault("%s goes out at %s", n.ID, local.Format("15:04"))
	}
	for other := range w.calls {
		if other.person == c.person && other.channel == c.channel && !other.critical && !c.critical && !other.fuse.dead.Load() {
			w.fault("%s goes out while another one to %s is under way", n.ID, c.person)
		}
	}
	if c.fuse.dead.Load() {
		w.fault("%s goes out from a dead process", n.ID)
	}
	var provider notify.Provider
	var attempts []notify.Attempt
	err := w.db.View(w.Context(), func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Providers(ctx)
		if i := slices.IndexFunc(all, func(p notify.Provider) bool { return p.Name == caps.Name }); i >= 0 {
			provider = all[i]
		}
		if err == nil {
			attempts, err = tx.Attempts(ctx, n.ID)
		}
		return err
	})
	open := slices.DeleteFunc(slices.Clone(attempts), func(a notify.Attempt) bool { return a.Generation != n.Generation || a.Outcome != "" })
	if err != nil || len(open) != 1 {
		w.fault("%s goes out with %d open attempts: %v", n.ID, len(open), err)
		return
	}
	if b := provider.Breaker; b.Open && b.Probing != n.ID && open[0].Started.After(b.Opened) {
		w.fault("%s is called for by %s, which is out of order since %s", n.ID, caps.Name, b.Opened.In(calendar.Zone()).Format("15:04:05"))
	}
}

// step is one thing that happens.
func (w *world) step() {
	w.steps++
	switch w.IntN(33) {
	case 32:
		w.blackout()
	case 0, 16, 1, 17, 2, 18, 3, 19:
		for range 1 + w.IntN(3) {
			w.add()
		}
	case 4, 20:
		i := w.IntN(len(w.procs))
		w.note("process %d dies within 30 steps", i)
		w.procs[i].fuse.light(1 + w.IntN(30))
	case 5, 21:
		w.note("Redis loses everything")
		w.queue.lose()
	case 6, 22:
		w.note("Redis refuses")
		w.queue.refuse(true)
		time.Sleep(time.Duration(w.IntN(30)) * time.Second)
		w.queue.refuse(false)
	case 7, 23, 8, 24:
		w.receipt()
	case 9, 25:
		w.revoke()
	case 10, 26, 11, 27:
		w.weather()
	case 12, 28:
		w.nightfall()
	default:
		time.Sleep(time.Duration(w.IntN(60)) * time.Second)
	}
	time.Sleep(time.Duration(w.IntN(4000)) * time.Millisecond)
	w.revive()
}

// revive buries the processes that died and starts others.
func (w *world) revive() {
	for i, p := range w.procs {
		if p.fuse.dead.Load() {
			w.note("process %d is dead", i)
			w.deaths++
			p.stop()
			w.start(i)
		}
	}
}

// add commits a notice.
func (w *world) add() {
	i := len(w.asked)
	n := outboxtest.Notice(i, notify.SMS, w.now())
	n.To.Person = outboxtest.Person(w.IntN(recipients))
	n.Vars["label"] = fmt.Sprintf("L%03d!", i)
	if w.IntN(4) == 0 {
		n.Channel = notify.Email
	}
	if w.IntN(5) == 0 {
		n.Priority = notify.Critical
	}
	if w.IntN(2) == 0 {
		n.OnUnknown = notify.Resend
	}
	if w.IntN(5) == 0 {
		n.Expires = n.NotBefore.Add(time.Duration(1+w.IntN(10)) * time.Minute)
	}
	w.note("add %s to %s, %s", n.ID, n.To.Person, n.OnUnknown)
	w.mu.Lock()
	w.asked = append(w.asked, n)
	w.mu.Unlock()
	if err := outboxtest.Add(w.Context(), w.db, n); err != nil {
		w.Fatal(err)
	}
}

// receipt says something about a notice, whether anybody took it or not.
func (w *world) receipt() {
	if len(w.asked) == 0 {
		return
	}
	w.mu.Lock()
	n := w.asked[w.IntN(len(w.asked))]
	by := w.taken[n.ID]
	w.mu.Unlock()
	if len(by) == 0 {
		return
	}
	row := w.row(n.ID)
	key := row.ID
	if row.MergedInto != "" {
		key = row.MergedInto
	}
	w.note("receipt of %s", key)
	err := w.sys.Receipt(w.Context(), core.Receipt{Provider: by[len(by)-1], Key: string(key), Delivered: w.IntN(4) > 0})
	if err != nil {
		return // one that nothing is known of is refused
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.calls { // it has come, whatever the call still waits for
		if c.notice == key {
			delete(w.calls, c)
		}
	}
}

// revoke cancels a notice.
func (w *world) revoke() {
	if len(w.asked) == 0 {
		return
	}
	id := w.asked[w.IntN(len(w.asked))].ID
	w.note("cancel %s", id)
	w.cancel[id] = true
	_ = w.sys.Update(w.Context(), org.System(), func(ctx context.Context, work *core.Work) error { return work.Notices.Cancel(ctx, id, "model") }) // too late for some
}

// weather lets a gateway go, or come back.
func (w *world) weather() {
	name := gateways()[w.IntN(3)].Name
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down[name] != "" {
		delete(w.down, name)
		w.note("%s is back", name)
		return
	}
	w.down[name] = []notify.Result{notify.ResultNotSent, notify.ResultTransient, notify.ResultUnknown, notify.ResultMisconfigured}[w.IntN(4)]
	w.note("%s says %s", name, w.down[name])
}

// blackout lets both gateways of SMS go for longer than three probes take, and as a
// rule no mail: what cannot wait goes that way.
func (w *world) blackout() {
	w.mu.Lock()
	says := []notify.Result{notify.ResultNotSent, notify.ResultUnknown, notify.ResultMisconfigured}[w.IntN(3)]
	w.down["a"], w.down["b"] = says, says
	if w.IntN(4) > 0 {
		delete(w.down, "mail")
	}
	w.mu.Unlock()
	w.note("no gateway of SMS works: %s", says)
	for range 6 + w.IntN(10) {
		w.add()
		time.Sleep(time.Duration(20+w.IntN(40)) * time.Second)
		w.revive()
	}
}

// nightfall moves the clock of the installation to where the window closes or
// opens, unless calls are under way: their leases know nothing of such a night.
func (w *world) nightfall() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) > 0 {
		return
	}
	local := w.now().In(calendar.Zone())
	to := time.Date(local.Year(), local.Month(), local.Day(), 20, 59, 0, 0, calendar.Zone())
	if !local.Before(to) {
		to = time.Date(local.Year(), local.Month(), local.Day()+1, 6, 29, 30, 0, calendar.Zone())
	}
	w.night.Add(int64(to.Sub(local)))
	w.note("night falls, or ends")
}

// settleDown lets everything work and waits until nothing moves any more.
func (w *world) settleDown() {
	w.note("everything works")
	w.mu.Lock()
	clear(w.down)
	w.mu.Unlock()
	w.queue.refuse(false)
	for _, p := range w.procs {
		p.fuse.light(0)
	}
	for range 400 { // a breaker waits ten minutes for its next probe, whose answer may be lost too
		w.revive()
		o, err := w.sys.Outstanding(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if o.Idle() && o.NextAt.IsZero() {
			return
		}
		next := o.NextAt.Sub(w.now())
		switch {
		case !o.Idle():
			time.Sleep(30 * time.Second)
		case next > 2*time.Hour: // a night
			w.nightfall()
		default: // what was refused may wait for an hour before it is tried again
			time.Sleep(max(next, 0) + 30*time.Second)
		}
	}
	w.fault("it never becomes quiet")
}

// audit holds the ledger against the rows (notifications 2.4).
func (w *world) audit() {
	err := w.db.View(w.Context(), func(ctx context.Context, tx store.Tx) error {
		counts, err := tx.CountNotices(ctx)
		total := 0
		for _, n := range counts {
			total += n
		}
		all, err2 := tx.Notices(ctx, notify.Query{})
		keys := make(map[notify.ID]string, len(all))
		for _, n := range all {
			keys[n.ID] = n.Key
		}
		if total != len(all) {
			w.fault("%d rows, the states add up to %d", len(all), total)
		}
		for _, asked := range w.asked {
			n, err3 := tx.Notice(ctx, asked.ID)
			attempts, err4 := tx.Attempts(ctx, n.ID)
			for _, other := range all {
				carries, instead := slices.Contains(other.Items, n.ID), strings.HasPrefix(other.Key, n.Key+"/")
				if carries {
					n.Attempts, n.Claims = max(n.Attempts, other.Attempts), max(n.Claims, other.Claims) // they were its own as well
				}
				if carries || instead || slices.ContainsFunc(other.Items, func(id notify.ID) bool { return strings.HasPrefix(keys[id], n.Key+"/") }) {
					some, err5 := tx.Attempts(ctx, other.ID)
					attempts, err4 = append(attempts, some...), errors.Join(err4, err5)
				}
			}
			w.judge(n, attempts)
			err = errors.Join(err, err3, err4)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		w.Fatal(err)
	}
}

// judge says whether what became of a notice is what has to.
func (w *world) judge(n notify.Notice, attempts []notify.Attempt) {
	open := 0
	for _, a := range attempts {
		if a.Outcome == "" || a.Outcome == notify.ResultUnknown {
			open++
		}
	}
	copies, most := len(w.taken[n.ID]), 1
	if n.OnUnknown == notify.Resend {
		most += open
	}
	if n.State == notify.Undelivered {
		most++ // what did not arrive goes another way, and says the same
	}
	if copies > most {
		w.fault("%s (%s) went out %d times by %v, %d of its calls have no known outcome", n.ID, n.OnUnknown, copies, w.taken[n.ID], open)
	}
	switch n.State {
	case notify.Accepted, notify.Delivered, notify.Undelivered:
		if copies == 0 {
			w.fault("%s is %s and nobody took it", n.ID, n.State)
		}
	case notify.Uncertain:
		if open == 0 {
			w.fault("%s is uncertain, and every call of it has an outcome", n.ID)
		}
	case notify.Expired:
		if copies > 0 || n.Expires.IsZero() {
			w.fault("%s expired, was taken %d times", n.ID, copies)
		}
	case notify.Cancelled:
		if !w.cancel[n.ID] || copies > 0 && n.CancelAsked.IsZero() {
			w.fault("%s is cancelled, was taken %d times", n.ID, copies)
		}
	case notify.Dead:
		rules := policy.Default().Notices
		if n.Attempts < rules.MaxAttempts && n.Claims <= rules.MaxClaims {
			w.fault("%s is dead after %d claims and %d attempts: %s", n.ID, n.Claims, n.Attempts, n.Why)
		}
	case notify.Failed:
		if !w.instead(n) {
			w.fault("%s failed, and nothing came of it: %s", n.ID, n.Why)
		}
		w.gone++
	default:
		w.fault("%s ends as %s: %s", n.ID, n.State, n.Why)
	}
}

// instead reports whether a notice that could not wait for its channel was said on
// another one, or could not be there either before its moment passed.
func (w *world) instead(n notify.Notice) (said bool) {
	if !strings.Contains(n.Why, "out of order since") && !strings.Contains(n.Why, "too late") {
		return false
	}
	err := w.db.View(w.Context(), func(ctx context.Context, tx store.Tx) error {
		others, err := tx.Notices(ctx, notify.Query{Keys: []string{n.Key + "/sms", n.Key + "/email"}})
		for _, other := range others {
			switch other.State {
			case notify.Accepted, notify.Delivered, notify.Undelivered, notify.Uncertain:
				said = true
			case notify.Expired: // as its own would have, or because its window closed
				said = said || !other.Expires.IsZero()
			}
		}
		return err
	})
	if err != nil {
		w.Error(err)
	}
	return said
}

// walk plays one program and returns its world.
func walk(t *testing.T, seed uint64, q func() queue, numb numbed) (w *world) {
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(t, seed, q(), numb)
		for i := range 2 {
			w.start(i)
		}
		for range 8 + w.IntN(12) {
			w.step()
		}
		w.settleDown()
		w.audit()
		for _, p := range w.procs {
			p.stop()
		}
		w.queue.close()
		time.Sleep(time.Second) // those who listened to Redis look once more before they see that it is closed
	})
	return w
}

// programs is how many are walked: some, and in the full profile many.
func programs(some, many int) (n int, seed uint64) {
	seed = uint64(time.Now().UnixNano()) % 1_000_000
	if given, err := strconv.ParseUint(os.Getenv("OUTREACH_FAULT_SEED"), 10, 64); err == nil {
		seed = given
	}
	if os.Getenv("OUTREACH_FAULTS") == "full" {
		return many, seed
	}
	return some, seed
}

// nothingBreaks walks programs, fails over the first that broke a rule and returns
// how many notices went another way than their own. Which steps a program takes is
// chance, so it walks on until a process has died in one.
func nothingBreaks(t *testing.T, many int, seed uint64, q func() queue) (gone int) {
	t.Helper()
	began, steps, deaths, notices := time.Now(), 0, 0, 0
	walked := 0
	for ; walked < many || deaths == 0 && walked < many+100; walked++ {
		w := walk(t, seed+uint64(walked), q, nothing)
		steps, deaths, notices, gone = steps+w.steps, deaths+w.deaths, notices+len(w.asked), gone+w.gone
		if len(w.faults) > 0 {
			t.Fatalf("program of seed %d: %s\nafter\n\t%s", seed+uint64(walked), strings.Join(w.faults, "\n\t"), strings.Join(w.trace, "\n\t"))
		}
	}
	took := time.Since(began).Seconds()
	t.Logf("seed %d: %d programs of %d steps, %d notices, %d went another way, %d deaths: %.1f programs and %.0f steps a second", seed, walked, steps, notices, gone, deaths, float64(walked)/took, float64(steps)/took)
	if deaths == 0 {
		t.Error("no process died: nothing was shown")
	}
	return gone
}

func TestNothingIsLostOrDoubledHoweverTheStepsInterleave(t *testing.T) {
	many, seed := programs(100, 5_000)
	if nothingBreaks(t, many, seed, newList) == 0 {
		t.Error("no notice went another way: nothing was shown")
	}
}

func TestNothingIsLostOrDoubledOverAsynqItself(t *testing.T) {
	many, seed := programs(3, 100)
	nothingBreaks(t, many, seed, newRedis)
}

// The oracle is worth nothing if it does not notice a missing guard.
func TestTheOracleNoticesAMissingGuard(t *testing.T) {
	for numb, says := range map[numbed]string{noAttempt: "open attempts", noWindow: "goes out at", noLane: "to CC-", noBreaker: "out of order"} {
		found := ""
		for seed := uint64(1); seed < 60 && !strings.Contains(found, says); seed++ {
			found = strings.Join(walk(t, seed, newList, numb).faults, "\n")
		}
		if !strings.Contains(found, says) {
			t.Errorf("%s, and 60 programs ran without anybody noticing", numb)
		}
	}
}
