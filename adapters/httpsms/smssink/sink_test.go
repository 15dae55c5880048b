package smssink_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smstext"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is the clock of these tests.
var noon = time.Date(2017, time.May, 5, 12, 0, 0, 123456789, time.FixedZone("Asia/Ho_Chi_Minh", 7*3600))

func start(t *testing.T, opts *smssink.Options) *smssink.Sink {
	t.Helper()
	s, err := smssink.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

type sms struct {
	To       string `json:"to"`
	Text     string `json:"text"`
	Sender   string `json:"sender"`
	ClientID string `json:"client_id,omitempty"`
	Class    string `json:"class,omitempty"`
}

// good returns a message nobody would refuse.
func good(clientID string) sms {
	return sms{To: "0900000001", Text: "HVCS: 19h00 thu Sau 12/05, d/c du sinh hoat", Sender: "XUANLOC", ClientID: clientID, Class: "DH"}
}

type reply struct {
	status   int
	header   http.Header
	body     string
	Code, ID string
}

// client keeps no connection, so that none is left when a test ends.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func do(t *testing.T, request *http.Request) (reply, error) {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	r := reply{status: response.StatusCode, header: response.Header, body: string(body)}
	json.Unmarshal(body, &r) // nonsense leaves Code and ID empty
	return r, err
}

func newRequest(t *testing.T, sink *smssink.Sink, kind, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sink.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	return request
}

func post(t *testing.T, sink *smssink.Sink, m sms) (reply, error) {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, newRequest(t, sink, "application/json; charset=utf-8", string(body)))
}

func mustPost(t *testing.T, sink *smssink.Sink, m sms) reply {
	t.Helper()
	r, err := post(t, sink, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestALedgerLineForEachAcceptedMessage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	sink := start(t, &smssink.Options{Clock: func() time.Time { return noon }, LedgerFile: file})
	text := "Kính gửi bà Hoa: ý kiến đã được trả lời"
	form := url.Values{"to": {"84900000001"}, "text": {text}, "sender": {"XuanLoc"}, "client_id": {"n.1"}, "class": {"CSKH"}}
	for n, request := range []*http.Request{
		newRequest(t, sink, "application/x-www-form-urlencoded", form.Encode()),
		newRequest(t, sink, "application/json", `{"to":"+84900000001","text":"`+text+`","sender":"XuanLoc","client_id":"n.2","class":"CSKH"}`),
	} {
		r, err := do(t, request)
		if err != nil || r.status != 200 || r.Code != smssink.CodeAccepted || r.ID != fmt.Sprintf("sms-%06d", n+1) {
			t.Fatalf("%+v, %v", r, err)
		}
		if onDisk, err := smssink.ReadLedger(file); err != nil || len(onDisk) != n+1 {
			t.Fatalf("at the moment of the answer the file holds %d messages, %v", len(onDisk), err)
		}
	}
	sum := sha256.Sum256([]byte(text))
	want := []smssink.Message{{
		At: time.Date(2017, time.May, 5, 5, 0, 0, 123456000, time.UTC), ID: "sms-000001", ClientID: "n.1", To: "84900000001",
		Sender: "XuanLoc", Class: "CSKH", Segments: smstext.Segments{Encoding: smstext.UCS2, Units: 39, Parts: 1},
		TextSHA256: hex.EncodeToString(sum[:]), Text: text,
	}}
	second := want[0]
	second.ID, second.ClientID, second.To = "sms-000002", "n.2", "+84900000001"
	want = append(want, second)
	if diff := cmp.Diff(want, sink.Ledger()); diff != "" {
		t.Errorf("ledger (-want +got)\n%s", diff)
	}
	want[0].Text, want[1].Text = "", ""
	onDisk, err := smssink.ReadLedger(file)
	if diff := cmp.Diff(want, onDisk); err != nil || diff != "" {
		t.Errorf("%v, ledger file (-want +got)\n%s", err, diff)
	}
	if raw, err := os.ReadFile(file); err != nil || bytes.Contains(raw, []byte("Hoa")) {
		t.Errorf("the file holds the text: %s, %v", raw, err)
	}
}

func TestTheCodesOfTheGateway(t *testing.T) {
	with := func(change func(*sms)) sms {
		m := good("")
		change(&m)
		return m
	}
	lenient := &smssink.Options{}
	strict := &smssink.Options{Strict: true, Senders: []string{"XUANLOC", "UBND.XL"}}
	for _, c := range []struct {
		name string
		opts *smssink.Options
		sms  sms
		code string
	}{
		{"a good message", strict, good(""), smssink.CodeAccepted},
		{"any number form", strict, with(func(m *sms) { m.To = "+84900000001" }), smssink.CodeAccepted},
		{"a landline", lenient, with(func(m *sms) { m.To = "02510000001" }), smssink.CodeNumber},
		{"a number of eleven digits", lenient, with(func(m *sms) { m.To = "01680000001" }), smssink.CodeNumber},
		{"a number with spaces", lenient, with(func(m *sms) { m.To = "0900 000 001" }), smssink.CodeNumber},
		{"no number", lenient, with(func(m *sms) { m.To = "" }), smssink.CodeNumber},
		{"no sender", lenient, with(func(m *sms) { m.Sender = "" }), smssink.CodeSender},
		{"a sender nobody could register", lenient, with(func(m *sms) { m.Sender = "XUÂN LỘC" }), smssink.CodeSender},
		{"a sender that is not on the list", strict, with(func(m *sms) { m.Sender = "XUANLOC2" }), smssink.CodeSender},
		{"a list may have any names", strict, with(func(m *sms) { m.Sender = "UBND.XL" }), smssink.CodeAccepted},
		{"no text", lenient, with(func(m *sms) { m.Text = " \n" }), smssink.CodeText},
		{"an ampersand", strict, with(func(m *sms) { m.Text = "Phong KT&HT" }), smssink.CodeText},
		{"a bracket", strict, with(func(m *sms) { m.Text = "[HVCS]" }), smssink.CodeText},
		{"an ampersand where nobody minds", lenient, with(func(m *sms) { m.Text = "Phong KT&HT" }), smssink.CodeAccepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := start(t, c.opts)
			r := mustPost(t, sink, c.sms)
			if r.status != 200 || r.Code != c.code || (r.ID != "") != (c.code == smssink.CodeAccepted) {
				t.Errorf("%d %s", r.status, r.body)
			}
			if got := len(sink.Ledger()) == 1; got != (c.code == smssink.CodeAccepted) {
				t.Errorf("accepted: %v", got)
			}
		})
	}
}

func TestRequestsThatCannotBeRead(t *testing.T) {
	sink := start(t, nil)
	for name, request := range map[string]*http.Request{
		"broken JSON":          newRequest(t, sink, "application/json", `{"to":`),
		"a number as a number": newRequest(t, sink, "application/json", `{"to":84900000001}`),
		"broken form":          newRequest(t, sink, "application/x-www-form-urlencoded", "to=%zz"),
		"XML":                  newRequest(t, sink, "text/xml", "<to/>"),
		"no type":              newRequest(t, sink, "", "to=1"),
		"too large":            newRequest(t, sink, "application/json", `{"text":"`+strings.Repeat("a", 100_000)+`"}`),
	} {
		if r, err := do(t, request); err != nil || r.status != 400 || r.Code != smssink.CodeUnreadable {
			t.Errorf("%s: %d %s %v", name, r.status, r.body, err)
		}
	}
	get := newRequest(t, sink, "application/json", "")
	get.Method = http.MethodGet
	if r, err := do(t, get); err != nil || r.status != 405 {
		t.Errorf("GET: %d, %v", r.status, err)
	}
	if n := len(sink.Ledger()); n > 0 {
		t.Errorf("%d accepted", n)
	}
}

func TestToken(t *testing.T) {
	sink := start(t, &smssink.Options{Token: "bí mật"})
	for header, want := range map[string]string{"": smssink.CodeCredentials, "Bearer bí": smssink.CodeCredentials,
		"Basic bí mật": smssink.CodeCredentials, "Bearer bí mật": smssink.CodeAccepted} {
		body, _ := json.Marshal(good(""))
		request := newRequest(t, sink, "application/json", string(body))
		request.Header.Set("Authorization", header)
		r, err := do(t, request)
		if err != nil || r.Code != want || (r.status == 401) != (want == smssink.CodeCredentials) {
			t.Errorf("%q: %d %s %v", header, r.status, r.body, err)
		}
	}
}

func TestARepeatIsNotSentAgainWithinTheWindow(t *testing.T) {
	now := noon
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	sink := start(t, &smssink.Options{Clock: clock, Window: time.Hour})
	step := func(d time.Duration, m sms, code, id string) {
		t.Helper()
		mu.Lock()
		now = now.Add(d)
		mu.Unlock()
		if r := mustPost(t, sink, m); r.Code != code || r.ID != id {
			t.Errorf("%s, want code %s and id %s", r.body, code, id)
		}
	}
	step(0, good("n.1"), smssink.CodeAccepted, "sms-000001")
	step(0, good("n.2"), smssink.CodeAccepted, "sms-000002")
	step(0, good("n.1"), smssink.CodeRepeat, "sms-000001")
	step(59*time.Minute, good("n.1"), smssink.CodeRepeat, "sms-000001")
	other := good("n.1")
	other.Text = "another text does not make it another message"
	step(0, other, smssink.CodeRepeat, "sms-000001")
	step(time.Minute, good("n.1"), smssink.CodeAccepted, "sms-000003")
	step(0, good("n.1"), smssink.CodeRepeat, "sms-000003")
	step(0, good(""), smssink.CodeAccepted, "sms-000004")
	step(0, good(""), smssink.CodeAccepted, "sms-000005")
	if sink.Repeats() != 4 || sink.Requests() != 9 || len(sink.Ledger()) != 5 {
		t.Errorf("%d repeats, %d requests, %d accepted", sink.Repeats(), sink.Requests(), len(sink.Ledger()))
	}
}

func TestAGatewayThatKnowsNoRepeats(t *testing.T) {
	sink := start(t, &smssink.Options{Window: -1})
	for range 2 {
		if r := mustPost(t, sink, good("n.1")); r.Code != smssink.CodeAccepted {
			t.Error(r.body)
		}
	}
}

func TestASinkStartedAgainRemembers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	opts := &smssink.Options{LedgerFile: file}
	sink := start(t, opts)
	mustPost(t, sink, good("n.1"))
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	torn, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	torn.WriteString(`{"at":"2017-05-05T`)
	torn.Close()

	sink = start(t, opts)
	if r := mustPost(t, sink, good("n.1")); r.Code != smssink.CodeRepeat || r.ID != "sms-000001" {
		t.Errorf("repeat: %s", r.body)
	}
	if r := mustPost(t, sink, good("n.2")); r.Code != smssink.CodeAccepted || r.ID != "sms-000002" {
		t.Errorf("next: %s", r.body)
	}
	if onDisk, err := smssink.ReadLedger(file); err != nil || len(onDisk) != 2 || len(sink.Ledger()) != 1 {
		t.Errorf("%d on disk, %d since the start, %v", len(onDisk), len(sink.Ledger()), err)
	}
}

func TestFaults(t *testing.T) {
	throttled := smssink.Throttled(3 * time.Second)
	for _, c := range []struct {
		name     string
		fault    smssink.Fault
		status   int // 0: no answer
		code     string
		body     string // "": whatever
		accepted bool
	}{
		{"none", smssink.Fault{}, 200, smssink.CodeAccepted, "", true},
		{"a late answer", smssink.Fault{Delay: 5 * time.Millisecond}, 200, smssink.CodeAccepted, "", true},
		{"a drop before the message is taken", smssink.Fault{Drop: true}, 0, "", "", false},
		{"a drop after the message is taken", smssink.Fault{Drop: true, Accepted: true}, 0, "", "", true},
		{"500, not taken", smssink.Fault{Status: 500}, 500, smssink.CodeUnreadable, "", false},
		{"500, taken all the same", smssink.Fault{Status: 500, Accepted: true}, 500, smssink.CodeAccepted, "", true},
		{"429", throttled, 429, smssink.CodeUnreadable, "", false},
		{"a page of HTML", smssink.Fault{Status: 502, Body: "<html>Bad Gateway</html>"}, 502, "", "<html>Bad Gateway</html>", false},
		{"nonsense with 200, taken", smssink.Fault{Body: `{"code":`, Accepted: true}, 200, "", `{"code":`, true},
		{"a code of the gateway", smssink.Fault{Code: "103"}, 200, "103", `{"code":"103"}`, false},
		{"a body that drips", smssink.Fault{Drip: time.Millisecond, Accepted: true}, 200, smssink.CodeAccepted, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sink := start(t, &smssink.Options{Script: func(smssink.Request) smssink.Fault { return c.fault }})
			r, err := post(t, sink, good("n.1"))
			if (err != nil) != (c.status == 0) || r.status != c.status || r.Code != c.code || c.body != "" && r.body != c.body {
				t.Errorf("%d %s %v", r.status, r.body, err)
			}
			if got := len(sink.Ledger()) == 1; got != c.accepted {
				t.Errorf("accepted: %v, want %v", got, c.accepted)
			}
			if c.status == 429 && r.header.Get("Retry-After") != "3" {
				t.Errorf("Retry-After: %q", r.header.Get("Retry-After"))
			}
			if c.name == "a page of HTML" && !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
				t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
			}
		})
	}
}

func TestAFaultAfterAcceptanceStillChecksTheMessage(t *testing.T) {
	sink := start(t, &smssink.Options{Script: func(smssink.Request) smssink.Fault {
		return smssink.Fault{Accepted: true, Delay: time.Millisecond}
	}})
	bad := good("")
	bad.To = "113"
	if r := mustPost(t, sink, bad); r.Code != smssink.CodeNumber || len(sink.Ledger()) > 0 {
		t.Error(r.body)
	}
}

func TestAClientThatDoesNotWaitHasItsMessageAccepted(t *testing.T) {
	sink := start(t, &smssink.Options{Script: func(smssink.Request) smssink.Fault {
		return smssink.Fault{Accepted: true, Delay: time.Hour}
	}})
	body, _ := json.Marshal(good("n.1"))
	request := newRequest(t, sink, "application/json", string(body))
	impatient := &http.Client{Timeout: 100 * time.Millisecond, Transport: client.Transport}
	if response, err := impatient.Do(request); err == nil {
		response.Body.Close()
		t.Error("answered")
	}
	if _, err := sink.Wait(1, time.Second); err != nil {
		t.Error(err)
	}
}

func TestTheScriptSeesTheRequest(t *testing.T) {
	var seen []smssink.Request
	sink := start(t, &smssink.Options{Script: func(r smssink.Request) smssink.Fault {
		seen = append(seen, r)
		if r.Number == 1 {
			return smssink.Fault{Status: 503}
		}
		return smssink.Fault{}
	}})
	first, second := mustPost(t, sink, good("n.1")), mustPost(t, sink, good("n.1"))
	if first.status != 503 || second.Code != smssink.CodeAccepted {
		t.Errorf("%s, then %s", first.body, second.body)
	}
	m := good("n.1")
	want := smssink.Request{Number: 1, ClientID: m.ClientID, To: m.To, Sender: m.Sender, Class: m.Class, Text: m.Text}
	again := want
	again.Number = 2
	if diff := cmp.Diff([]smssink.Request{want, again}, seen); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAPanickingScriptIsReported(t *testing.T) {
	sink, err := smssink.Start(&smssink.Options{Script: func(smssink.Request) smssink.Fault { panic("slip of the pen") }})
	if err != nil {
		t.Fatal(err)
	}
	if r := mustPost(t, sink, good("")); r.status != 500 {
		t.Errorf("%d %s", r.status, r.body)
	}
	for range 2 {
		if err := sink.Close(); err == nil || !strings.Contains(err.Error(), "slip of the pen") {
			t.Errorf("Close returned %v", err)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	if err := os.WriteFile(file, []byte("not a ledger\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, opts := range []*smssink.Options{{LedgerFile: file}, {LedgerFile: t.TempDir()}, {Addr: "no such address"}} {
		if s, err := smssink.Start(opts); err == nil {
			s.Close()
			t.Errorf("%+v was taken", opts)
		}
	}
	if _, err := smssink.ReadLedger(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a ledger that is not there: %v", err)
	}
}

func TestManySendersAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	sink := start(t, &smssink.Options{LedgerFile: file})
	const messages, attempts = 20, 4
	var running sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]map[string]int{} // by client id, how often each id was answered
	for n := range messages * attempts {
		running.Go(func() {
			m := good(fmt.Sprint("n.", n%messages))
			r, err := post(t, sink, m)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if ids[m.ClientID] == nil {
				ids[m.ClientID] = map[string]int{}
			}
			ids[m.ClientID][r.ID]++
		})
	}
	accepted, err := sink.Wait(messages, 10*time.Second)
	running.Wait()
	if err != nil || len(accepted) != messages || len(sink.Ledger()) != messages || sink.Repeats() != messages*(attempts-1) {
		t.Errorf("%d accepted, %d repeats, %v", len(sink.Ledger()), sink.Repeats(), err)
	}
	for clientID, answered := range ids {
		if len(answered) != 1 {
			t.Errorf("client id %s was answered with %v", clientID, answered)
		}
	}
	onDisk, err := smssink.ReadLedger(file)
	for i := range accepted {
		accepted[i].Text = ""
	}
	if diff := cmp.Diff(accepted, onDisk); err != nil || diff != "" {
		t.Errorf("%v, file and memory differ\n%s", err, diff)
	}
}

func TestWaitGivesUp(t *testing.T) {
	sink := start(t, nil)
	if messages, err := sink.Wait(1, 10*time.Millisecond); err == nil || len(messages) > 0 {
		t.Errorf("%v, %v", messages, err)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	asked := make(chan struct{})
	sink, err := smssink.Start(&smssink.Options{Script: func(smssink.Request) smssink.Fault {
		close(asked)
		return smssink.Fault{Delay: time.Hour, Status: 500}
	}})
	if err != nil {
		t.Fatal(err)
	}
	idle, err := net.Dial("tcp", sink.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	answered := make(chan struct{})
	go func() { defer close(answered); post(t, sink, good("")) }()
	<-asked
	began := time.Now()
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	<-answered
	if n := len(sink.Ledger()); n > 0 {
		t.Errorf("%d accepted", n)
	}
}
