package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account  = "xuanloc"
	password = "matkhau"
)

func config(addr string) smpp.Config {
	return smpp.Config{Addr: addr, SystemID: account, Password: password, Source: "XUANLOC", Timeout: 10 * time.Second,
		Response: 5 * time.Second, Retry: 10 * time.Millisecond}
}

func start(tb testing.TB, opts *smppsink.Options) *smppsink.Sink {
	tb.Helper()
	sink, err := smppsink.Start(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { sink.Close() })
	return sink
}

func open(tb testing.TB, c smpp.Config, opts *smpp.Options) *smpp.Sender {
	tb.Helper()
	s, err := smpp.New(c, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func notice(i int) notify.Message {
	id := fmt.Sprintf("0198c0de-0000-7000-8000-%012d", i)
	return notify.Message{Notice: notify.ID(id), Attempt: 1, IdempotencyKey: id, Channel: notify.SMS, Class: notify.Duty,
		To: fmt.Sprintf("+8490000%04d", i), Text: fmt.Sprintf("HVCS %05d: con 2 ngay lam viec.", i), Language: "vi"}
}

func send(tb testing.TB, s *smpp.Sender, m notify.Message) notify.Outcome {
	tb.Helper()
	return s.Send(context.Background(), m)
}

func fold(text string) string {
	p, err := smstext.Prepare(text, nil)
	if err != nil {
		return err.Error()
	}
	return p.Text
}

// statusOf are the statuses of the harness.
var statusOf = map[string]uint32{"RTHROTTLED": 0x58, "RMSGQFUL": 0x14, "RSYSERR": 8, "RINVDSTADR": 0xB, "RINVSRCADR": 0xA, "RX_P_APPN": 0x65, "RINVMSGLEN": 1}

func TestTheSenderKeepsItsPromises(t *testing.T) {
	notifytest.Run(t, notifytest.Harness{
		New: fixture,
		Cannot: map[notifytest.Fault]string{
			notifytest.Throttled: "SMPP has no answer that names a delay",
			notifytest.Duplicate: "SMPP knows no keys",
		},
		Codes: map[string]notify.Result{
			"RTHROTTLED": notify.ResultThrottled, "RMSGQFUL": notify.ResultTransient, "RSYSERR": notify.ResultTransient, "RINVDSTADR": notify.ResultPermanent,
			"RINVSRCADR": notify.ResultMisconfigured, "RX_P_APPN": notify.ResultPermanent, "RINVMSGLEN": notify.ResultPermanent,
		},
		Secrets: []string{account, password},
		Arrives: fold,
		TooLong: strings.Repeat("Noi dung rat dai. ", 40),
	})
}

func fixture(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
	var handed atomic.Int64
	opts := &smppsink.Options{SystemID: account, Password: password}
	submit := func(r smppsink.Reply) {
		opts.Script = func(e smppsink.Event) smppsink.Reply {
			if e.Command == "submit" {
				return r
			}
			return smppsink.Reply{}
		}
	}
	bind := func(r smppsink.Reply) { opts.Script = func(smppsink.Event) smppsink.Reply { return r } }
	raw := func(b string) { submit(smppsink.Reply{Raw: []byte(b), Accept: true, Drop: true}) }
	switch fault {
	case notifytest.CutBefore:
		bind(smppsink.Reply{Silent: true, Drop: true})
	case notifytest.StallBefore:
		bind(smppsink.Reply{Silent: true})
	case notifytest.CutAfter:
		submit(smppsink.Reply{Silent: true, Accept: true, Drop: true})
	case notifytest.StallAfter:
		submit(smppsink.Reply{Silent: true, Accept: true})
	case notifytest.StallOnce:
		opts.Script = func(e smppsink.Event) smppsink.Reply {
			return smppsink.Reply{Silent: e.Command == "submit" && e.Count == 1, Accept: true}
		}
	case notifytest.Drip:
		submit(smppsink.Reply{Raw: []byte("\x00\x00\x00\x15\x80\x00"), Accept: true})
	case notifytest.Huge:
		raw("\x00\xA0\x00\x00" + strings.Repeat("x", 10<<20))
	case notifytest.Truncated:
		raw("\x00\x00\x00\x15\x80\x00\x00\x04\x00\x00")
	case notifytest.Empty:
		raw("\x00\x00\x00\x00")
	case notifytest.Page:
		raw("HTTP/1.1 200 OK\r\n\r\n<html>ok</html>")
	case notifytest.Garbage:
		raw("\xff\x00\xff\x13\x99\xff\x00\xff\x13\x99\xff\x00\xff\x13\x99\x01")
	case notifytest.WrongTypes:
		submit(smppsink.Reply{Wrong: true, Accept: true})
	case notifytest.Undefined:
		submit(smppsink.Reply{Status: 0xF123})
	}
	if code := fault.Code(); code != "" {
		submit(smppsink.Reply{Status: statusOf[code]})
	}
	sink := start(tb, opts)
	c := config(sink.Addr())
	c.Timeout, c.Query = fault.Timeout(), true
	var clock notifytest.Clock
	options := &smpp.Options{Clock: clock.Now}
	switch fault {
	case notifytest.Refused:
		sink.Close()
	case notifytest.NoHost:
		c.Addr, c.Insecure = "smsc.xuanloc.example:2775", true
		options.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
		}
	case notifytest.BadTLS:
		web := httptest.NewTLSServer(nil)
		tb.Cleanup(web.Close)
		c.Addr, c.TLS = web.Listener.Addr().String(), true
	}
	s := open(tb, c, options)
	tell := func(r notify.Receipt) {
		sink.Become(r.ProviderID, map[notify.Verdict]byte{notify.VerdictUnderway: 1, notify.VerdictDelivered: 2, notify.VerdictUndelivered: 5}[r.Verdict])
	}
	return notifytest.Fixture{Sender: s, SetClock: clock.Set, Receipts: &notifytest.Receipts{Tell: tell},
		Requests: func() int { return max(sink.Submits(), int(handed.Load())) },
		Deliveries: func() []notifytest.Delivery {
			var list []notifytest.Delivery
			for _, m := range sink.Ledger() {
				list = append(list, notifytest.Delivery{ID: m.ID, To: m.To, Text: m.Text})
			}
			return list
		}}
}

func script(submit func(smppsink.Event) smppsink.Reply) *smppsink.Options {
	return &smppsink.Options{Script: func(e smppsink.Event) smppsink.Reply {
		if e.Command != "submit" {
			return smppsink.Reply{}
		}
		return submit(e)
	}}
}

func TestOfTenThousandAnswersOutOfOrderNoneIsMistaken(t *testing.T) {
	sink := start(t, script(func(e smppsink.Event) smppsink.Reply {
		return smppsink.Reply{Delay: time.Duration(e.Count%7) * time.Millisecond}
	}))
	c := config(sink.Addr())
	c.Window = 50
	s := open(t, c, nil)
	stop := make(chan struct{})
	var noise, all sync.WaitGroup
	noise.Go(func() { // the centre's own requests, under the same numbers
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = sink.Receipt(t.Context(), "999999", "DELIVRD")
				time.Sleep(time.Millisecond)
			}
		}
	})
	const n = 10000
	ids := make([]string, n)
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range 100 {
		all.Go(func() {
			for i := range next {
				m := notice(i % 10000)
				if out := s.Send(context.Background(), m); out.Result == notify.ResultAccepted {
					ids[i] = out.ProviderID
				} else {
					t.Errorf("message %d: %+v", i, out)
				}
			}
		})
	}
	all.Wait()
	close(stop)
	noise.Wait()
	at := map[string]string{}
	for _, m := range sink.Ledger() {
		at[m.ID] = m.Text
	}
	for i, id := range ids {
		if at[id] != notice(i).Text {
			t.Fatalf("message %d has the id %s, under which the centre has %q", i, id, at[id])
		}
	}
}

func TestWhatTheCentreDoesDecidesTheOutcome(t *testing.T) {
	other := int32(4711)
	none := int32(0)
	for _, test := range []struct {
		name  string
		reply smppsink.Reply
		want  notify.Outcome
	}{
		{"too fast", smppsink.Reply{Status: 0x58}, notify.Outcome{Result: notify.ResultThrottled, Code: "RTHROTTLED", Detail: "refused", RetryAfter: 30 * time.Second}},
		{"no such number", smppsink.Reply{Status: 0xB}, notify.Outcome{Result: notify.ResultPermanent, Code: "RINVDSTADR", Detail: "refused", Suppress: true}},
		{"generic_nack", smppsink.Reply{Nack: true, Status: 8}, notify.Outcome{Result: notify.ResultTransient, Code: "RSYSERR", Detail: "refused"}},
		{"generic_nack that says yes", smppsink.Reply{Nack: true}, notify.Outcome{Result: notify.ResultTransient, Code: "generic_nack", Detail: "refused"}},
		{"generic_nack of nothing", smppsink.Reply{Nack: true, Status: 2, Sequence: &none}, notify.Outcome{Result: notify.ResultUnknown, Detail: "the centre does not speak SMPP"}},
		{"an answer under another number", smppsink.Reply{Sequence: &other, Accept: true}, notify.Outcome{Result: notify.ResultUnknown, Detail: "no answer in time"}},
		{"never answered", smppsink.Reply{Silent: true}, notify.Outcome{Result: notify.ResultUnknown, Detail: "no answer in time"}},
		{"answered too late", smppsink.Reply{Delay: 600 * time.Millisecond}, notify.Outcome{Result: notify.ResultUnknown, Detail: "no answer in time"}},
		{"another kind of answer", smppsink.Reply{Wrong: true}, notify.Outcome{Result: notify.ResultUnknown, Detail: "an answer of another kind came"}},
		{"cut in the middle of the answer", smppsink.Reply{Raw: []byte{0, 0, 0, 0x15, 0x80}, Drop: true}, notify.Outcome{Result: notify.ResultUnknown, Detail: "connection lost"}},
		{"a status of its own", smppsink.Reply{Status: 0x400}, notify.Outcome{Result: notify.ResultMisconfigured, Code: "0x0400", Detail: "refused"}},
		{"a status nobody knows", smppsink.Reply{Status: 0x401}, notify.Outcome{Result: notify.ResultTransient, Code: "0x0401", Detail: "refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink := start(t, script(func(e smppsink.Event) smppsink.Reply {
				if e.Count == 1 {
					return test.reply
				}
				return smppsink.Reply{}
			}))
			c := config(sink.Addr())
			c.Response = 300 * time.Millisecond
			c.Codes = map[string]notify.Result{"0x0400": notify.ResultMisconfigured}
			s := open(t, c, nil)
			if out := send(t, s, notice(1)); out != test.want {
				t.Errorf("outcome %+v, want %+v", out, test.want)
			}
			time.Sleep(350 * time.Millisecond) // a late answer comes while the next may wait
			if out := send(t, s, notice(2)); out.Result != notify.ResultAccepted {
				t.Errorf("the next message: %+v", out)
			}
		})
	}
}

func TestABindThatIsRefusedSaysWhose(t *testing.T) {
	for status, want := range map[uint32]notify.Result{0xE: notify.ResultMisconfigured, 0xF: notify.ResultMisconfigured, 5: notify.ResultNotSent, 0x58: notify.ResultNotSent} {
		sink := start(t, &smppsink.Options{Script: func(smppsink.Event) smppsink.Reply { return smppsink.Reply{Status: status} }})
		if out := send(t, open(t, config(sink.Addr()), nil), notice(1)); out.Result != want || out.Code == "" {
			t.Errorf("bind refused with 0x%X: %+v, want %s", status, out, want)
		}
	}
}

// collect runs the sender's session and gathers its receipts.
func collect(t *testing.T, s *smpp.Sender, take notify.TakeReceipts) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, take) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

func TestAReceiptIsAcknowledgedOnlyOnceItWasStored(t *testing.T) {
	sink := start(t, nil)
	s := open(t, config(sink.Addr()), nil)
	var mu sync.Mutex
	var got []notify.Receipt
	away := true
	if out := send(t, s, notice(1)); out.Result != notify.ResultAccepted {
		t.Fatalf("%+v", out)
	}
	const temporary, permanent = 0x64, 0x65
	if status, err := sink.Receipt(t.Context(), "1", "DELIVRD"); status != temporary || err != nil {
		t.Errorf("while nobody takes receipts: status 0x%X, %v", status, err)
	}
	collect(t, s, func(_ context.Context, receipts []notify.Receipt) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return errors.New("the database is away")
		}
		got = append(got, receipts...)
		return nil
	})
	if status, err := sink.Receipt(t.Context(), "1", "DELIVRD"); status != temporary || err != nil {
		t.Errorf("while nothing can be stored: status 0x%X, %v", status, err)
	}
	mu.Lock()
	away = false
	mu.Unlock()
	for _, id := range []string{"1", "1", "77"} { // twice, and of a message nobody knows
		if status, err := sink.Receipt(t.Context(), id, "UNDELIV"); status != 0 || err != nil {
			t.Errorf("receipt of %s: status 0x%X, %v", id, status, err)
		}
	}
	for _, bad := range []struct {
		text  string
		class byte
	}{{"xin chao", 0}, {"stat:DELIVRD", 4}} {
		if status, err := sink.Deliver(t.Context(), bad.text, bad.class); status != permanent || err != nil {
			t.Errorf("%q: status 0x%X, %v", bad.text, status, err)
		}
	}
	one := notify.Receipt{Provider: "smpp", ProviderID: "1", Verdict: notify.VerdictUndelivered, Code: "UNDELIV"}
	unknown := one
	unknown.ProviderID = "77"
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]notify.Receipt{one, one, unknown}, got); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
}

func TestAReceiptMayComeBeforeTheAnswer(t *testing.T) {
	var sink *smppsink.Sink
	sink = start(t, script(func(e smppsink.Event) smppsink.Reply {
		return smppsink.Reply{Before: func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			_, _ = sink.Receipt(ctx, "1", "DELIVRD") // its answer cannot be read now, for the sink is here
		}}
	}))
	s := open(t, config(sink.Addr()), nil)
	got := make(chan notify.Receipt, 1)
	collect(t, s, func(_ context.Context, receipts []notify.Receipt) error { got <- receipts[0]; return nil })
	if out := send(t, s, notice(1)); out.Result != notify.ResultAccepted || out.ProviderID != "1" {
		t.Errorf("%+v", out)
	}
	if r := <-got; r.ProviderID != "1" || r.Verdict != notify.VerdictDelivered {
		t.Errorf("receipt %+v", r)
	}
}

func TestTheSessionIsMadeAgainWhenItEnds(t *testing.T) {
	var mute atomic.Bool
	sink := start(t, &smppsink.Options{Script: func(e smppsink.Event) smppsink.Reply {
		return smppsink.Reply{Silent: e.Command == "enquire" && mute.Load()}
	}})
	c := config(sink.Addr())
	c.Enquire, c.Response = 50*time.Millisecond, 200*time.Millisecond
	s := open(t, c, nil)
	collect(t, s, func(context.Context, []notify.Receipt) error { return nil })
	binds := 1
	until(t, "the first bind", func() bool { return sink.Binds() == binds })
	for _, end := range []struct {
		name string
		do   func()
	}{
		{"unbind", func() {
			if err := sink.Unbind(); err != nil {
				t.Error(err)
			}
		}},
		{"cut", sink.Cut},
		{"no answer to enquire_link", func() { mute.Store(true) }},
	} {
		end.do()
		binds++
		until(t, "a new bind after "+end.name, func() bool { return sink.Binds() >= binds })
		mute.Store(false)
		binds = sink.Binds()
		until(t, "a message after "+end.name, func() bool { return send(t, s, notice(1)).Result == notify.ResultAccepted })
		binds = sink.Binds()
	}
}

func TestALongTextArrivesInPartsThatMakeTheWhole(t *testing.T) {
	long := strings.Repeat("Ý kiến về đường điện ấp Suối Cát 1 ^{}€ 👍 còn 2 ngày. ", 6)
	for _, sar := range []bool{false, true} {
		for _, marks := range []smstext.Policy{smstext.Strip, smstext.Unicode} {
			sink := start(t, nil)
			c := config(sink.Addr())
			c.SAR, c.Marks, c.MaxParts, c.Charset = sar, marks, 10, &smstext.Charset{}
			s := open(t, c, nil)
			m := notice(1)
			m.Text, m.Expires = long, time.Date(2040, 5, 12, 9, 30, 0, 0, time.FixedZone("", 7*3600))
			out := send(t, s, m)
			want, err := smstext.Prepare(long, &smstext.Options{Policy: marks, MaxParts: 10, Charset: &smstext.Charset{}})
			if err != nil {
				t.Fatal(err)
			}
			ledger := sink.Ledger()
			if len(ledger) != want.Segments.Parts || s.Describe().Segments(long) != len(ledger) {
				t.Fatalf("sar %t, %s: %d parts, smstext counts %d, Describe %d", sar, marks, len(ledger), want.Segments.Parts, s.Describe().Segments(long))
			}
			var whole strings.Builder
			for i, part := range ledger {
				whole.WriteString(part.Text)
				last := i == len(ledger)-1
				if part.Part != i+1 || part.Parts != len(ledger) || part.Ref != ledger[0].Ref || (part.Registered == 1) != last ||
					part.Source != "XUANLOC" || part.TON != [2]byte{5, 1} || part.NPI != [2]byte{0, 1} || part.Validity != "400512023000000+" || part.Coding != map[smstext.Policy]byte{smstext.Strip: 0, smstext.Unicode: 8}[marks] {
					t.Errorf("sar %t, part %d of %d: %+v", sar, i+1, len(ledger), part)
				}
			}
			if whole.String() != want.Text || out.Result != notify.ResultAccepted || out.ProviderID != ledger[len(ledger)-1].ID {
				t.Errorf("sar %t, %s: %+v\n%q\n%q", sar, marks, out, whole.String(), want.Text)
			}
		}
	}
}

func TestAPartThatIsRefusedAfterOthersLeavesTheMessageInDoubt(t *testing.T) {
	for status, want := range map[uint32]notify.Result{0x58: notify.ResultUnknown, 0xB: notify.ResultPermanent} {
		sink := start(t, script(func(e smppsink.Event) smppsink.Reply {
			if e.Count == 2 {
				return smppsink.Reply{Status: status}
			}
			return smppsink.Reply{}
		}))
		m := notice(1)
		m.Text = strings.Repeat("con 2 ngay lam viec. ", 15)
		if out := send(t, open(t, config(sink.Addr()), nil), m); out.Result != want || out.RetryAfter != 0 {
			t.Errorf("part 2 refused with 0x%X: %+v, want %s", status, out, want)
		}
	}
}

func TestIDsInTwoWaysOfWritingAreOne(t *testing.T) {
	sink := start(t, &smppsink.Options{FirstID: 0xABC, HexIDs: true})
	c := config(sink.Addr())
	c.IDs = smpp.HexThenDecimal
	s := open(t, c, nil)
	got := make(chan notify.Receipt, 1)
	collect(t, s, func(_ context.Context, receipts []notify.Receipt) error { got <- receipts[0]; return nil })
	out := send(t, s, notice(1))
	if _, err := sink.Receipt(t.Context(), "0000002748", "DELIVRD"); err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.ProviderID != out.ProviderID || out.ProviderID != "2748" {
		t.Errorf("accepted as %q, receipt of %q", out.ProviderID, r.ProviderID)
	}
}

// lease is held by at most one owner.
type lease struct {
	mu    *sync.Mutex
	owner *string
	name  string
	term  time.Duration
}

func (l lease) Hold(context.Context) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *l.owner == "" {
		*l.owner = l.name
	}
	if *l.owner != l.name {
		return time.Time{}, nil
	}
	return time.Now().Add(l.term), nil
}

func (l lease) Release(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *l.owner == l.name {
		*l.owner = ""
	}
	return nil
}

func TestOneProcessHoldsTheBind(t *testing.T) {
	sink := start(t, nil)
	var mu sync.Mutex
	var owner string
	a := open(t, config(sink.Addr()), &smpp.Options{Lease: lease{&mu, &owner, "a", 100 * time.Millisecond}})
	b := open(t, config(sink.Addr()), &smpp.Options{Lease: lease{&mu, &owner, "b", 100 * time.Millisecond}})
	if out := send(t, a, notice(1)); out.Result != notify.ResultAccepted {
		t.Fatalf("the first: %+v", out)
	}
	if out := send(t, b, notice(2)); out.Result != notify.ResultThrottled || out.RetryAfter == 0 {
		t.Errorf("the second, which must cost no attempt: %+v", out)
	}
	mu.Lock()
	owner = "b" // a was away for too long
	mu.Unlock()
	until(t, "the second has the bind", func() bool { return send(t, b, notice(2)).Result == notify.ResultAccepted })
	until(t, "the first has lost it", func() bool { return send(t, a, notice(1)).Result == notify.ResultThrottled })
	if err := b.Close(); err != nil || owner != "" {
		t.Errorf("after Close the lease is held by %q, %v", owner, err)
	}
}

func TestAHolderThatCannotReachTheCentreLeavesTheBindToAnother(t *testing.T) {
	sink := start(t, nil)
	var mu sync.Mutex
	var owner string
	var tries atomic.Int64
	cut := &smpp.Options{Lease: lease{&mu, &owner, "a", time.Minute}, Dial: func(context.Context, string, string) (net.Conn, error) {
		tries.Add(1)
		return nil, errors.New("no way from this machine")
	}}
	a := open(t, config(sink.Addr()), cut)
	if out := send(t, a, notice(1)); out.Result != notify.ResultNotSent {
		t.Errorf("without a way: %+v", out)
	}
	mu.Lock()
	held := owner
	mu.Unlock()
	if held != "" || a.Elsewhere() {
		t.Errorf("after a bind that failed the lease is held by %q, elsewhere: %t", held, a.Elsewhere())
	}
	collect(t, a, func(context.Context, []notify.Receipt) error { return nil }) // it tries again and again
	b := open(t, config(sink.Addr()), &smpp.Options{Lease: lease{&mu, &owner, "b", time.Minute}})
	collect(t, b, func(context.Context, []notify.Receipt) error { return nil })
	until(t, "the other one binds", func() bool { return sink.Binds() == 1 })
	until(t, "the first stands by", a.Elsewhere)
	before := tries.Load()
	time.Sleep(100 * time.Millisecond)
	if tries.Load() != before || b.Elsewhere() {
		t.Errorf("%d tries while the other holds the bind, which says elsewhere: %t", tries.Load()-before, b.Elsewhere())
	}
	if out := send(t, b, notice(2)); out.Result != notify.ResultAccepted {
		t.Errorf("the other one: %+v", out)
	}
}

func TestWithoutALeaseNobodyElseHasTheBind(t *testing.T) {
	s := open(t, config("127.0.0.1:1"), nil)
	if s.Elsewhere() || s.Describe().Exclusive {
		t.Error("it says that another process may hold the bind")
	}
	var mu sync.Mutex
	var owner string
	s = open(t, config("127.0.0.1:1"), &smpp.Options{Lease: lease{&mu, &owner, "a", time.Minute}})
	if !s.Elsewhere() || !s.Describe().Exclusive {
		t.Error("with a lease that nobody asked for it says that the bind is here")
	}
}

func TestAWrongConfigurationNamesItsFields(t *testing.T) {
	for _, test := range []struct {
		change func(*smpp.Config)
		want   []string
	}{
		{func(*smpp.Config) {}, nil},
		{func(c *smpp.Config) { *c = smpp.Config{} }, []string{"Addr", "TLS", "SystemID", "Source"}},
		{func(c *smpp.Config) { c.Addr = "smsc.example:2775" }, []string{"TLS"}},
		{func(c *smpp.Config) { c.Addr, c.Insecure = "smsc.example:2775", true }, nil},
		{func(c *smpp.Config) { c.Password = "quadaiquadai" }, []string{"Password"}},
		{func(c *smpp.Config) { c.Source = "UBNDXUANLOC1" }, []string{"Source"}},
		{func(c *smpp.Config) { c.SystemType, c.Source = "mười ba", "Xuân Lộc" }, []string{"SystemType", "Source"}},
		{func(c *smpp.Config) { c.IDs = "octal" }, []string{"IDs"}},
		{func(c *smpp.Config) { c.MaxParts = 999 }, []string{"max_parts"}},
		{func(c *smpp.Config) { c.Timeout, c.Response, c.Enquire, c.Retry, c.Window = -1, -1, -1, -1, -1 }, []string{"Timeout", "Response", "Enquire", "Retry", "Window"}},
	} {
		c := config("127.0.0.1:2775")
		test.change(&c)
		_, err := smpp.New(c, nil)
		var fields []string
		for _, v := range fault.Violations(err) {
			fields = append(fields, v.Field)
			if v.Rule != "smpp.config."+strings.ToLower(v.Field) && v.Rule != "smstext.max_parts" {
				t.Errorf("%+v", v)
			}
		}
		if diff := cmp.Diff(test.want, fields); diff != "" {
			t.Errorf("fields at fault (-want +got):\n%s\n%v", diff, err)
		}
	}
	if shown := fmt.Sprintf("%v %+v %#v %q %x", config("x"), config("x"), config("x").Password, config("x").Password, config("x").Password); strings.Contains(shown, password) {
		t.Errorf("the password can be read in %s", shown)
	}
}

func ExampleNew() {
	sink, err := smppsink.Start(nil) // a centre that delivers nothing
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sink.Close()
	sender, err := smpp.New(smpp.Config{Addr: sink.Addr(), SystemID: "xuanloc", Source: "XUANLOC"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()
	out := sender.Send(context.Background(), notify.Message{
		Notice: "n1", IdempotencyKey: "n1", Channel: notify.SMS, To: "+84900000001", Text: "Kính gửi: Trưởng ấp.",
	})
	fmt.Println(out.Result, out.ProviderID, sink.Ledger()[0].Text)
	// Output: accepted 1 Kinh gui: Truong ap.
}
