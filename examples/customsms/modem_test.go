package customsms_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
	"github.com/huongvecoso/outreach/examples/customsms"
)

func TestTheModemKeepsThePromisesOfASender(t *testing.T) {
	const oneCable = "the modem is in the same room, in plain lines"
	notifytest.Run(t, notifytest.Harness{
		New: func(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
			f, clock := &fake{fault: fault, taken: map[string]notifytest.Delivery{}}, new(notifytest.Clock)
			return notifytest.Fixture{
				Sender:     customsms.Modem{Addr: f.listen(tb), Limit: fault.Timeout(), Clock: clock.Now},
				Requests:   func() int { f.mu.Lock(); defer f.mu.Unlock(); return f.requests },
				Deliveries: f.deliveries,
				SetClock:   clock.Set,
			}
		},
		Codes: map[string]notify.Result{"13": notify.ResultPermanent, "31": notify.ResultMisconfigured, "50": notify.ResultTransient},
		Cannot: map[notifytest.Fault]string{
			notifytest.BadTLS: oneCable, notifytest.Page: oneCable,
			notifytest.ThrottledUntil: "it names seconds only", notifytest.ThrottledOwn: "it names seconds only",
		},
		Arrives: func(text string) string { p, _ := smstext.Prepare(text, nil); return p.Text },
		TooLong: strings.Repeat("Noi dung dai. ", 60),
	})
}

// fake is a modem that misbehaves as the suite asks.
type fake struct {
	fault    notifytest.Fault
	mu       sync.Mutex
	requests int
	taken    map[string]notifytest.Delivery // by key
}

func (f *fake) deliveries() (all []notifytest.Delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.taken {
		all = append(all, d)
	}
	return all
}

// listen starts the modem and returns where it listens.
func (f *fake) listen(tb testing.TB) string {
	if f.fault == notifytest.NoHost {
		return "modem..invalid:2000"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if f.fault == notifytest.Refused {
		l.Close()
		return l.Addr().String()
	}
	var calls sync.WaitGroup
	calls.Go(func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			calls.Go(func() { defer conn.Close(); f.serve(conn) })
		}
	})
	tb.Cleanup(func() { l.Close(); calls.Wait() })
	return l.Addr().String()
}

// serve answers one message; to keep silent is to wait until the other side
// hangs up.
func (f *fake) serve(conn net.Conn) {
	silence := func() { _, _ = io.Copy(io.Discard, conn) }
	switch f.fault {
	case notifytest.CutBefore:
		return
	case notifytest.StallBefore:
		silence()
		return
	}
	fmt.Fprintln(conn, "READY")
	line, err := bufio.NewReader(conn).ReadString('\n')
	var m struct{ Key, To, Text string }
	if err != nil || json.Unmarshal([]byte(line), &m) != nil {
		return
	}
	id, first := f.take(m.Key, m.To, m.Text)
	switch f.fault {
	case notifytest.CutAfter:
	case notifytest.StallAfter:
		silence()
	case notifytest.StallOnce:
		if first {
			silence()
		}
		fmt.Fprintln(conn, "OK", id)
	case notifytest.Drip:
		for err := error(nil); err == nil; time.Sleep(10 * time.Millisecond) {
			_, err = conn.Write([]byte("O"))
		}
	default:
		fmt.Fprint(conn, f.answer(id))
	}
}

// take takes a message, unless its key is known. first says that it is the
// first the modem ever had.
func (f *fake) take(key, to, text string) (id string, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	d, known := f.taken[key]
	refused := f.fault.Code() != "" || f.fault == notifytest.Throttled || f.fault == notifytest.Duplicate
	if !known && !refused {
		d = notifytest.Delivery{ID: fmt.Sprint(4711 + len(f.taken)), Key: key, To: to, Text: text}
		f.taken[key] = d
	}
	return d.ID, f.requests == 1
}

// answer is what the modem says.
func (f *fake) answer(id string) string {
	switch f.fault {
	case notifytest.Huge:
		return "OK " + strings.Repeat("x", 10<<20) + "\n"
	case notifytest.Truncated:
		return "OK 47"
	case notifytest.Empty:
		return "\n"
	case notifytest.Garbage:
		return "\x00\xff\x1f\x8b OK\n"
	case notifytest.WrongTypes:
		return "WAIT please\n"
	case notifytest.Undefined:
		return "NO 777\n"
	case notifytest.Throttled:
		return fmt.Sprintf("WAIT %d\n", int(notifytest.ThrottleDelay.Seconds()))
	case notifytest.Duplicate:
		return "OK 4000\n"
	}
	if code := f.fault.Code(); code != "" {
		return "NO " + code + "\n"
	}
	return "OK " + id + "\n"
}

func ExampleModem() {
	modem, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer modem.Close()
	go func() { // stands for the real one
		conn, err := modem.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintln(conn, "READY")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		fmt.Print("the modem has ", line)
		fmt.Fprintln(conn, "OK 4711")
	}()
	now := time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC)
	sender := customsms.Modem{Addr: modem.Addr().String(), Limit: 10 * time.Second, Clock: func() time.Time { return now }}
	out := sender.Send(context.Background(), notify.Message{
		IdempotencyKey: "n-1", Channel: notify.SMS, To: "+84900000001", Text: "HVCS: còn 2 ngày làm việc.", Expires: now.Add(time.Hour),
	})
	fmt.Println(out.Result, out.ProviderID)
	// Output:
	// the modem has {"key":"n-1","text":"HVCS: con 2 ngay lam viec.","to":"+84900000001"}
	// accepted 4711
}
