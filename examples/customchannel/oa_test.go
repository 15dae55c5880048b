package customchannel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/examples/customchannel"
)

const token = "khoa-bi-mat-cua-kenh"

func TestTheMessengerKeepsThePromisesOfASender(t *testing.T) {
	const own = "its Retry-After is in seconds"
	report := notifytest.Run(t, notifytest.Harness{
		New: func(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
			f, clock, transport := &fake{fault: fault}, new(notifytest.Clock), &http.Transport{TLSHandshakeTimeout: time.Second}
			tb.Cleanup(transport.CloseIdleConnections)
			return notifytest.Fixture{
				Sender: customchannel.Account{
					URL: f.listen(tb), Token: token, Limit: fault.Timeout(), Clock: clock.Now, Transport: transport,
					Templates: map[string]customchannel.Approved{
						notifytest.Template: {ID: 200607, Params: map[string]customchannel.Kind{"text": customchannel.Text}},
					},
				},
				Requests: func() int { f.mu.Lock(); defer f.mu.Unlock(); return f.requests },
				Deliveries: func() []notifytest.Delivery {
					f.mu.Lock()
					defer f.mu.Unlock()
					return append([]notifytest.Delivery(nil), f.taken...)
				},
				SetClock: clock.Set,
			}
		},
		Codes:   map[string]notify.Result{"-114": notify.ResultPermanent, "-124": notify.ResultMisconfigured, "-137": notify.ResultTransient},
		Secrets: []string{token},
		Cannot: map[notifytest.Fault]string{
			notifytest.ThrottledUntil: own, notifytest.ThrottledOwn: own, notifytest.Duplicate: "it knows no keys",
		},
		TooLong: strings.Repeat("Nội dung dài. ", 20),
	})
	if report.Channel != customchannel.Messenger || !report.Registered || report.Count(notifytest.Kept) < 30 {
		t.Errorf("the suite saw %+v", report)
	}
}

// fake is a messenger that misbehaves as the suite asks.
type fake struct {
	fault    notifytest.Fault
	mu       sync.Mutex
	requests int
	taken    []notifytest.Delivery
}

// listen starts the messenger and returns its address.
func (f *fake) listen(tb testing.TB) string {
	switch f.fault {
	case notifytest.NoHost:
		return "https://messenger..invalid"
	case notifytest.BadTLS:
		s := httptest.NewUnstartedServer(f)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		tb.Cleanup(s.Close)
		return s.URL
	case notifytest.Refused, notifytest.CutBefore, notifytest.StallBefore:
		return "https://" + f.deaf(tb)
	}
	s := httptest.NewServer(f)
	tb.Cleanup(s.Close)
	return s.URL
}

// deaf is an address where no message can be handed over.
func (f *fake) deaf(tb testing.TB) string {
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
			calls.Go(func() {
				defer conn.Close()
				if f.fault == notifytest.StallBefore {
					_, _ = io.Copy(io.Discard, conn)
				}
			})
		}
	})
	tb.Cleanup(func() { l.Close(); calls.Wait() })
	return l.Addr().String()
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		To         string
		TrackingID string `json:"tracking_id"`
		TemplateID int    `json:"template_id"`
		Params     struct{ Text string }
	}
	body, _ := io.ReadAll(r.Body) // all of it: only then does the context end with the connection
	if err := json.Unmarshal(body, &m); err != nil || r.Header.Get("access_token") != token || m.TemplateID != 200607 {
		fmt.Fprint(w, `{"error": -124}`)
		return
	}
	d, first := f.take(m.TrackingID, m.To, m.Params.Text)
	switch {
	case f.fault == notifytest.StallAfter, f.fault == notifytest.StallOnce && first:
		<-r.Context().Done()
	case f.fault == notifytest.CutAfter:
		panic(http.ErrAbortHandler)
	case f.fault == notifytest.Drip:
		for r.Context().Err() == nil {
			fmt.Fprint(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	case f.fault == notifytest.Throttled:
		w.Header().Set("Retry-After", fmt.Sprint(int(notifytest.ThrottleDelay.Seconds())))
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		fmt.Fprint(w, f.answer(d.ID))
	}
}

// take takes a message. first says that it is the first the messenger ever had.
func (f *fake) take(key, to, text string) (d notifytest.Delivery, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	d = notifytest.Delivery{ID: fmt.Sprintf("m-%d", f.requests), Key: key, To: to, Text: text}
	if f.fault.Code() == "" && f.fault != notifytest.Throttled {
		f.taken = append(f.taken, d)
	}
	return d, f.requests == 1
}

// answer is what the messenger says.
func (f *fake) answer(id string) string {
	good := fmt.Sprintf(`{"error": 0, "data": {"msg_id": %q}}`, id)
	switch f.fault {
	case notifytest.Huge:
		return `{"more": "` + strings.Repeat("x", 10<<20) + `", "error": 0, "data": {"msg_id": "1"}}`
	case notifytest.Truncated:
		return good[:len(good)-3]
	case notifytest.Empty:
		return ""
	case notifytest.Page:
		return "<!DOCTYPE html><html><body>error: 0</body></html>"
	case notifytest.Garbage:
		return "\x1f\x8b\x08\x00\xff\xfe0"
	case notifytest.WrongTypes:
		return `{"error": "0", "data": ["1"]}`
	case notifytest.Undefined:
		return `{"error": -777}`
	}
	if code := f.fault.Code(); code != "" {
		return `{"error": ` + code + `}`
	}
	return good
}

func TestWhatIsNotAsApprovedIsNotSent(t *testing.T) {
	f := &fake{}
	now := time.Now()
	a := customchannel.Account{URL: f.listen(t), Token: token, Limit: time.Minute, Clock: time.Now, Templates: map[string]customchannel.Approved{
		"issue.due": {ID: 200608, Params: map[string]customchannel.Kind{"days": customchannel.Number, "due": customchannel.Day}},
	}}
	for _, c := range []struct {
		template, days, due string
		want                notify.Result
	}{
		{"issue.late", "2", "2017-03-15", notify.ResultMisconfigured}, // not approved yet
		{"issue.due", "two", "2017-03-15", notify.ResultPermanent},
		{"issue.due", "2", "soon", notify.ResultPermanent},
		{"issue.due", "2", "", notify.ResultPermanent},
	} {
		out := a.Send(t.Context(), notify.Message{To: "+84900000001", Template: c.template, Params: map[string]string{"days": c.days, "due": c.due}, Expires: now.Add(time.Hour)})
		if out.Result != c.want || f.requests != 0 {
			t.Errorf("%+v: %+v, %d requests", c, out, f.requests)
		}
	}
}

// A notice is delivered over the messenger as over any other channel.
func ExampleAccount() {
	messenger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Printf("%s\n", body)
		fmt.Fprint(w, `{"error": 0, "data": {"msg_id": "m-1"}}`)
	}))
	defer messenger.Close()
	ctx, clock := context.Background(), func() time.Time { return time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC) } // 10:00 in Vietnam
	account := customchannel.Account{URL: messenger.URL, Token: token, Limit: 10 * time.Second, Clock: clock, Templates: map[string]customchannel.Approved{
		"duty.report": {ID: 200607, Params: map[string]customchannel.Kind{"place": customchannel.Text, "due": customchannel.Day}},
	}}
	db := memstore.New()
	sys, err := core.New(db, policy.Default(), &core.Options{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := tx.PutPerson(ctx, &org.Person{ID: "lan", FullName: "Trần Thị Lan", Phone: "+84900000001"}); err != nil {
			return err
		}
		_, err := tx.AddNotice(ctx, &notify.Notice{
			ID: "n-1", Key: "duty/d-1/report/messenger", Template: "duty.report", State: notify.Pending, To: org.Party{Person: "lan"},
			Audience: notify.ToOfficial, Channel: customchannel.Messenger, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
			Vars:   map[string]string{"label": "ấp Bình Minh 08/3", "place": "ấp Bình Minh", "due": "2017-03-15"},
			NextAt: clock(), Created: clock(), Expires: clock().Add(24 * time.Hour),
		})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := sys.Dispatch(ctx, "example", 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	deliveries, err := sys.Claim(ctx, "example", account.Describe(), done.Tickets)
	for _, d := range deliveries {
		err = sys.Settle(ctx, []core.Settled{{Delivery: d, Outcome: account.Send(ctx, d.Message)}})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sys.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		n, _, err := w.Notices.Get(ctx, "n-1")
		fmt.Println(n.State, "by", n.Provider, n.ProviderID)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"params":{"due":"15/3/2017","place":"ấp Bình Minh"},"template_id":200607,"to":"+84900000001","tracking_id":"n-1"}
	// accepted by messenger m-1
}
