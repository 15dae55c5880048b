package httpsms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
)

const (
	key           = "khoa-bi-mat-cua-tram"
	callbackToken = "duong-dan-bi-mat-0123"
)

// vendor is a fake of one of the gateways of the presets: it reads requests as
// that gateway documents them and answers with what was recorded, with invented
// numbers, in testdata.
type vendor struct {
	preset string
	set    func(*httpsms.Config)
	// read returns number, text and key, and whether the account is right.
	read     func(v *vendor, r *http.Request, body string) (to, text, id string, ok bool)
	good     string // the code of success
	unknown  string // a code that is not documented
	refused  string // the code of a token that is worthless; "": HTTP 401
	nameless bool   // it gives no id

	mu       sync.Mutex
	requests int
	took     []notifytest.Delivery
	fetched  int
	expired  int
	told     map[string]notify.Receipt
	fault    notifytest.Fault
}

func fixture(name string) string {
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		return ""
	}
	return string(data)
}

// answer is the recorded answer with this id and code.
func (v *vendor) answer(id, code string) string {
	return strings.NewReplacer("{{id}}", id, "{{code}}", code).Replace(fixture(v.preset + "-answer.txt"))
}

func (v *vendor) token() string { return fmt.Sprint("the-", v.fetched) }

// current reports whether a token is the one that works.
func (v *vendor) current(token string) bool {
	return v.fault != notifytest.TokenUseless && v.fetched > v.expired && token == v.token()
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	body := string(data)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch r.URL.Path {
	case "/token":
		v.giveToken(w, r, body)
		return
	case "/status":
		v.tell(w, r)
		return
	}
	to, text, id, ok := v.read(v, r, body)
	if !ok {
		if v.refused == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, v.answer("", v.refused))
		return
	}
	v.requests++
	switch {
	case v.fault == notifytest.CutAfter:
		hangUp(w, r)
		return
	case v.fault.Code() != "":
		fmt.Fprint(w, v.answer("", v.fault.Code()))
		return
	case v.fault == notifytest.Undefined:
		fmt.Fprint(w, v.answer("7", v.unknown))
		return
	case v.fault == notifytest.Truncated:
		whole := v.answer("7", v.good)
		fmt.Fprint(w, whole[:len(whole)/2])
		return
	case v.fault == notifytest.Empty:
		return
	case v.fault == notifytest.Page:
		fmt.Fprint(w, "<!DOCTYPE html><html><body>100</body></html>")
		return
	case v.fault == notifytest.Garbage:
		fmt.Fprint(w, "\x1f\x8b\x08\x00\xff\xfe100")
		return
	case v.fault == notifytest.Duplicate:
		fmt.Fprint(w, v.answer("", "124"))
		return
	}
	for _, d := range v.took {
		if v.preset == "esms" && d.Key == id {
			fmt.Fprint(w, v.answer(d.ID, "124"))
			return
		}
	}
	d := notifytest.Delivery{Key: id, To: to, Text: text}
	if !v.nameless {
		d.ID = fmt.Sprint(7000 + len(v.took))
	}
	v.took = append(v.took, d)
	fmt.Fprint(w, v.answer(d.ID, v.good))
}

func (v *vendor) giveToken(w http.ResponseWriter, r *http.Request, body string) {
	if v.fault == notifytest.TokenDown {
		hangUp(w, r)
		return
	}
	if v.preset == "zalo-zns" {
		params, _ := url.ParseQuery(body)
		if params.Get("refresh_token") != fmt.Sprint("once-", v.fetched) || r.Header.Get("secret_key") != key {
			w.WriteHeader(http.StatusBadRequest) // a refresh token works once
			return
		}
	} else if !strings.Contains(body, key) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	v.fetched++
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"once-%d","expires_in":"90000"}`, v.token(), v.fetched)
}

func (v *vendor) tell(w http.ResponseWriter, r *http.Request) {
	if v.preset == "zalo-zns" {
		v.tellZalo(w, r)
		return
	}
	told := v.told[r.URL.Query().Get("RefId")]
	status, success, failed := "", 0, 0
	switch told.Verdict {
	case notify.VerdictDelivered:
		status, success = "5", 1
	case notify.VerdictUndelivered:
		status, failed = "5", 2
	}
	fmt.Fprintf(w, `{"CodeResponse":"100","SMSID":%q,"SendStatus":%q,"SendSuccess":%d,"SendFailed":%d}`, told.ProviderID, status, success, failed)
}

func (v *vendor) tellZalo(w http.ResponseWriter, r *http.Request) {
	told, known := v.told[r.URL.Query().Get("message_id")]
	status := -1
	switch {
	case !v.current(r.Header.Get("access_token")):
		fmt.Fprint(w, `{"error":-216,"message":"Access token is invalid"}`)
		return
	case known && told.Verdict == notify.VerdictDelivered:
		status = 1
	case known:
		status = 0
	}
	fmt.Fprintf(w, `{"data":{"delivery_time":"1495000000000","message":"","status":%d},"error":0,"message":"Success"}`, status)
}

func object(body string) (fields map[string]any) {
	_ = json.Unmarshal([]byte(body), &fields)
	return fields
}

func word(v any) string {
	s, _ := v.(string)
	return s
}

// vendors are the gateways of the presets.
func vendors() []*vendor {
	return []*vendor{
		{preset: "esms", good: "100", unknown: "777",
			set: func(c *httpsms.Config) {
				c.Secrets = map[string]httpsms.Secret{"api_key": "a", "secret_key": key}
				c.Callback.Token = callbackToken
				c.Callback.Allow = []string{"192.0.2.0/24"}
			},
			read: func(_ *vendor, _ *http.Request, body string) (to, text, id string, ok bool) {
				o := object(body)
				return "+84" + strings.TrimPrefix(word(o["Phone"]), "0"), word(o["Content"]), word(o["RequestId"]), o["SecretKey"] == key && o["SmsType"] == "2"
			}},
		{preset: "speedsms", good: "00", unknown: "777",
			set: func(c *httpsms.Config) {
				c.Secrets = map[string]httpsms.Secret{"login": httpsms.Secret(base64.StdEncoding.EncodeToString([]byte(key + ":x")))}
				c.Callback.Token = callbackToken
			},
			read: func(_ *vendor, r *http.Request, body string) (to, text, id string, ok bool) {
				user, password, _ := r.BasicAuth()
				o := object(body)
				list, _ := o["to"].([]any)
				if len(list) != 1 {
					return "", "", "", false
				}
				return "+" + word(list[0]), word(o["content"]), "", user == key && password == "x"
			}},
		{preset: "vietguys", good: "0", unknown: "777",
			set: func(c *httpsms.Config) {
				c.Secrets = map[string]httpsms.Secret{"user": "u", "password": key}
				c.Callback.Token = callbackToken
			},
			read: func(_ *vendor, _ *http.Request, body string) (to, text, id string, ok bool) {
				p, _ := url.ParseQuery(body)
				return "+" + p.Get("phone"), p.Get("sms"), p.Get("bid"), p.Get("pwd") == key
			}},
		{preset: "fpt", good: "", unknown: "777", refused: "1013",
			set: func(c *httpsms.Config) { c.Auth.User, c.Auth.Token = "client", key },
			read: func(v *vendor, _ *http.Request, body string) (to, text, id string, ok bool) {
				o := object(body)
				decoded, _ := base64.StdEncoding.DecodeString(word(o["Message"]))
				return "+" + word(o["Phone"]), string(decoded), word(o["RequestId"]), v.current(word(o["access_token"]))
			}},
		{preset: "viettel", good: "1", unknown: "777", nameless: true,
			set: func(c *httpsms.Config) {
				c.Secrets = map[string]httpsms.Secret{"user": "u", "password": key, "cp_code": "XUANLOC"}
			},
			read: func(_ *vendor, _ *http.Request, body string) (to, text, id string, ok bool) {
				var e struct {
					Message struct{ Password, RequestID, ReceiverID, Content string } `xml:"Body>wsCpMt"`
				}
				err := xml.Unmarshal([]byte(body), &e)
				return "+" + e.Message.ReceiverID, e.Message.Content, e.Message.RequestID, err == nil && e.Message.Password == key
			}},
		{preset: "stringee", good: "0", unknown: "777", nameless: true,
			set: func(c *httpsms.Config) { c.Auth.User, c.Auth.Token = "SK.0.tram", key },
			read: func(_ *vendor, r *http.Request, body string) (to, text, id string, ok bool) {
				var o struct {
					SMS []struct{ To, Text string } `json:"sms"`
				}
				_ = json.Unmarshal([]byte(body), &o)
				if len(o.SMS) != 1 {
					return "", "", "", false
				}
				return "+" + o.SMS[0].To, o.SMS[0].Text, "", signedBy(r.Header.Get("X-STRINGEE-AUTH"))
			}},
		{preset: "zalo-zns", good: "0", unknown: "-777", refused: "-216",
			set: func(c *httpsms.Config) {
				c.Auth.User, c.Auth.Token = "app", key
				c.Templates = map[string]httpsms.Registered{notifytest.Template: {ID: "290001", Params: map[string]httpsms.Param{"noi_dung": {From: "text", Max: 400}}}}
				c.Callback.Token = callbackToken
			},
			read: func(v *vendor, r *http.Request, body string) (to, text, id string, ok bool) {
				o := object(body)
				data, _ := o["template_data"].(map[string]any)
				return "+" + word(o["phone"]), word(data["noi_dung"]), word(o["tracking_id"]), o["template_id"] == "290001" && v.current(r.Header.Get("access_token"))
			}},
	}
}

// signedBy reports whether a JWT is what Stringee wants.
func signedBy(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	return parts[2] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) &&
		strings.Contains(string(head), `"cty":"stringee-api;v=1"`) && strings.Contains(string(claims), `"rest_api":true`) && strings.Contains(string(claims), `"exp":`)
}

func TestEveryPresetKeepsItsPromises(t *testing.T) {
	var table []string
	var names []string
	for _, v := range vendors() {
		t.Run(v.preset, func(t *testing.T) { table = append(table, notifytest.Run(t, v.harness(t)).String()) })
		names = append(names, v.preset)
	}
	slices.Sort(names)
	if got := httpsms.Presets(); !slices.Equal(got, names) {
		t.Errorf("presets %q, tested %q", got, names)
	}
	got := "| provider | channel | keys | receipts | kept | not applicable |\n|---|---|---|---|---|---|\n" + strings.Join(table, "\n") + "\n"
	if want := fixture("conformance.md"); got != want && !t.Failed() {
		if os.Getenv("UPDATE") != "" {
			_ = os.WriteFile(filepath.Join("testdata", "conformance.md"), []byte(got), 0o644)
			return
		}
		t.Errorf("testdata/conformance.md is stale (UPDATE=1 writes it):\n%s", got)
	}
}

func TestEveryPresetTellsWhatBecameOfAMessageAsItsPagesSay(t *testing.T) {
	ways := map[string]string{
		"esms": "callback, query", "speedsms": "callback", "vietguys": "callback", "fpt": "none", "viettel": "none", "stringee": "none", "zalo-zns": "callback, query",
	}
	for _, v := range vendors() {
		if got := v.fixture(t, notifytest.Healthy).Sender.Describe().Ways(); got != ways[v.preset] {
			t.Errorf("%s: %s, want %s", v.preset, got, ways[v.preset])
		}
	}
	for code, want := range map[string]notify.Verdict{"0": notify.VerdictDelivered, "63": notify.VerdictUnderway, "64": notify.VerdictUndelivered, "127": notify.VerdictUndelivered} {
		if c, _ := httpsms.Preset("speedsms"); c.Callback.Codes[code] != want {
			t.Errorf("status %s of SpeedSMS: %s, want %s", code, c.Callback.Codes[code], want)
		}
	}
}

// offer sends a text by a healthy gateway of the preset and returns what it took.
func (v *vendor) offer(t *testing.T, text string, class notify.Class) (notify.Outcome, []notifytest.Delivery) {
	t.Helper()
	f := v.fixture(t, notifytest.Healthy)
	out := f.Sender.Send(t.Context(), notify.Message{
		Notice: "n", Attempt: 1, IdempotencyKey: "k", Channel: notify.SMS, Class: class, To: "+84900000001", Text: text,
		Template: notifytest.Template, Params: map[string]string{"text": text}, Created: time.Now(),
	})
	return out, f.Deliveries()
}

// What every gateway refuses is written otherwise, or refused before it costs
// anything; marks go, unless messages are registered.
func TestEveryPresetKeepsToTheCharactersOfItsGateway(t *testing.T) {
	for _, v := range vendors() {
		if v.preset == "zalo-zns" {
			continue // it takes any letter within the length of its parameters
		}
		out, took := v.offer(t, "Phòng KT&HT [ấp 1] 15% \u201ctrễ\u201d {a@b}", notify.Duty)
		if want := `Phong KT-HT (ap 1) 15 phan tram "tre" (a(a)b)`; out.Result != notify.ResultAccepted || len(took) != 1 || took[0].Text != want {
			t.Errorf("%s: %+v, took %+v, want %q", v.preset, out, took, want)
		}
		for _, refused := range []string{"so #7", "< 3 ngay"} {
			if out, took := v.offer(t, refused, notify.Duty); out.Result != notify.ResultPermanent || len(took) != 0 {
				t.Errorf("%s: %q: %+v, took %+v", v.preset, refused, out, took)
			}
		}
	}
}

func TestNoPresetTakesABrandnameThatCannotBeRegistered(t *testing.T) {
	for _, v := range vendors() {
		c, _ := httpsms.Preset(v.preset)
		c.URL = "https://gateway.example/send"
		v.set(&c)
		for sender, fine := range map[string]bool{"UBNDXUANLOC": true, "XUANLOC": true, "UBNDXUANLOC1": false, "XUÂNLỘC": false, "XUAN LOC": false, "": v.preset == "zalo-zns"} {
			c.Sender = sender
			_, err := httpsms.New(c, &httpsms.Options{Tokens: httpsms.NewTokenFiles(t.TempDir())})
			if (err == nil) != fine {
				t.Errorf("%s as %q: %v", v.preset, sender, err)
			}
		}
	}
}

func TestNoPresetSendsAnAdvertisement(t *testing.T) {
	for _, preset := range httpsms.Presets() {
		c, _ := httpsms.Preset(preset)
		for class, called := range c.Classes {
			if called == "1" || class != "duty" && class != "care" {
				t.Errorf("%s sends %s as %s", preset, class, called)
			}
		}
	}
	for _, config := range []string{
		`{"preset": "esms", "sender": "XUANLOC", "secrets": {"api_key": "a", "secret_key": "b"}, "classes": {"care": "1"}}`,
		`{"preset": "speedsms", "sender": "XUANLOC", "secrets": {"login": "a"}, "classes": {"duty": "1"}}`,
	} {
		_, err := httpsms.ParseConfig([]byte(config))
		if err == nil || !strings.Contains(err.Error(), "advertisements") {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func (v *vendor) harness(t *testing.T) notifytest.Harness {
	preset, _ := httpsms.Preset(v.preset)
	cannot := map[notifytest.Fault]string{}
	for _, fault := range notifytest.Faults() {
		switch fault {
		case notifytest.NoHost, notifytest.BadTLS, notifytest.CutBefore, notifytest.StallBefore, notifytest.StallAfter, notifytest.StallOnce,
			notifytest.Drip, notifytest.Huge, notifytest.Throttled, notifytest.WrongTypes:
			cannot[fault] = "the same for every gateway: see the generic one"
		}
	}
	if !preset.Idempotent {
		cannot[notifytest.Duplicate] = "it recognises no keys"
	}
	h := notifytest.Harness{
		New: v.fixture, Cannot: cannot, Codes: map[string]notify.Result{}, Secrets: []string{key, callbackToken},
		Tokens:  preset.Auth.Kind == httpsms.OAuth2 || preset.Auth.Kind == httpsms.Rotating,
		TooLong: strings.Repeat("Nội dung dài. ", 100),
		Arrives: func(text string) string {
			prepared, err := smstext.Prepare(text, &smstext.Options{Policy: smstext.Strip, MaxParts: 3})
			if err != nil {
				return err.Error()
			}
			return prepared.Text
		},
	}
	if v.preset == "zalo-zns" {
		h.Arrives = func(text string) string { return text }
	}
	results := map[httpsms.Class]notify.Result{
		httpsms.Accepted: notify.ResultAccepted, httpsms.Repeated: notify.ResultAccepted, httpsms.Transient: notify.ResultTransient, httpsms.Permanent: notify.ResultPermanent,
		httpsms.Suppress: notify.ResultPermanent, httpsms.Misconfigured: notify.ResultMisconfigured, httpsms.Unclear: notify.ResultUnknown,
	}
	for code, class := range preset.Answer.Codes {
		if code != "" {
			h.Codes[code] = results[class]
		}
	}
	return h
}

func (v *vendor) fixture(tb testing.TB, fault notifytest.Fault) notifytest.Fixture {
	v = &vendor{preset: v.preset, set: v.set, read: v.read, good: v.good, unknown: v.unknown, refused: v.refused, nameless: v.nameless, fault: fault}
	server := httptest.NewUnstartedServer(v)
	server.Config.ErrorLog = quiet
	server.Start()
	tb.Cleanup(server.Close)
	c, _ := httpsms.Preset(v.preset)
	c.URL, c.Sender, c.Auth.Request.URL = server.URL+"/send", "XUANLOC", server.URL+"/token"
	if c.Query != nil {
		c.Query.URL = server.URL + "/status"
	}
	v.set(&c)
	if fault == notifytest.Refused {
		c.URL = "http://" + unused(tb)
		if c.Query != nil {
			c.Query.URL = c.URL
		}
	}
	c.Timeout = httpsms.Duration(fault.Timeout())
	folder := tb.TempDir()
	if err := os.WriteFile(filepath.Join(folder, v.preset+".token"), []byte(`{"refresh":"once-0"}`), 0o600); err != nil {
		tb.Fatal(err)
	}
	clock := new(notifytest.Clock)
	f := notifytest.Fixture{
		Sender:     newSender(tb, c, &httpsms.Options{Clock: clock.Now, Tokens: httpsms.NewTokenFiles(folder)}),
		Requests:   func() int { v.mu.Lock(); defer v.mu.Unlock(); return v.requests },
		Deliveries: func() []notifytest.Delivery { v.mu.Lock(); defer v.mu.Unlock(); return slices.Clone(v.took) },
		SetClock:   clock.Set, Receipts: v.receipts(),
	}
	if c.Auth.Kind == httpsms.OAuth2 || c.Auth.Kind == httpsms.Rotating {
		f.Tokens = &notifytest.Tokens{
			Expire:  func() { v.mu.Lock(); defer v.mu.Unlock(); v.expired = v.fetched },
			Fetched: func() int { v.mu.Lock(); defer v.mu.Unlock(); return v.fetched },
		}
	}
	return f
}

// remember is what a vendor that is asked will know of a message.
func (v *vendor) remember(told notify.Receipt) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.told == nil {
		v.told = map[string]notify.Receipt{}
	}
	v.told[told.ProviderID] = told
}

// receipts is how the vendor tells what became of a message.
func (v *vendor) receipts() *notifytest.Receipts {
	say := func(token, from, query, body string) notify.Callback {
		params, _ := url.ParseQuery(query)
		return notify.Callback{Method: "GET", Token: token, Remote: from, Query: params, Body: []byte(body)}
	}
	r := &notifytest.Receipts{Reply: notify.Reply{Status: 200}}
	switch v.preset {
	case "esms":
		r.Callback = func(r notify.Receipt, to string) notify.Callback {
			counters := "&SendStatus=5&SendSuccess=1&SendFailed=0"
			if r.Verdict == notify.VerdictUndelivered {
				counters = "&SendStatus=5&SendSuccess=0&SendFailed=2"
			}
			return say(callbackToken, "192.0.2.7", "SMSID="+url.QueryEscape(r.ProviderID)+"&RequestId="+url.QueryEscape(r.Key)+counters+"&TypeId=2&telcoid=1&phonenumber="+url.QueryEscape(to), "")
		}
		good := "SMSID=1&SendStatus=5&SendSuccess=1"
		r.Malformed = []notify.Callback{say(callbackToken, "192.0.2.7", "", ""), say(callbackToken, "192.0.2.7", "SMSID=1", ""), say(callbackToken, "192.0.2.7", "SendStatus=5&SendSuccess=1", "")}
		r.Foreign = []notify.Callback{say("", "192.0.2.7", good, ""), say("duong-dan-bi-mat-9999", "192.0.2.7", good, ""), say(callbackToken, "198.51.100.1", good, ""), say(callbackToken, "", good, "")}
		r.Tell = v.remember
	case "speedsms":
		r.Callback = func(r notify.Receipt, to string) notify.Callback {
			status := map[notify.Verdict]int{notify.VerdictDelivered: 0, notify.VerdictUndelivered: 66, notify.VerdictUnderway: 1}[r.Verdict]
			return say(callbackToken, "", "", fmt.Sprintf(`{"type":"report","tranId":%q,"phone":%q,"status":%d}`, r.ProviderID, to, status))
		}
		r.Verdicts = []notify.Verdict{notify.VerdictUnderway, notify.VerdictDelivered, notify.VerdictUndelivered}
		r.Malformed = []notify.Callback{say(callbackToken, "", "", ""), say(callbackToken, "", "", `{"type":"report","tranId":"1"}`), say(callbackToken, "", "", `{"type":"report","status":0}`), say(callbackToken, "", "", `{"type":"incoming","content":"x"}`)}
		r.Foreign = []notify.Callback{say("x", "", "", `{"type":"report","tranId":"1","status":0}`)}
	case "vietguys":
		r.Callback = func(r notify.Receipt, to string) notify.Callback {
			status := map[notify.Verdict]string{notify.VerdictDelivered: "delivered", notify.VerdictUndelivered: "fail", notify.VerdictUnderway: "sent"}[r.Verdict]
			return say(callbackToken, "", "msgid="+url.QueryEscape(r.ProviderID)+"&phone="+url.QueryEscape(to)+"&status="+status, "")
		}
		r.Verdicts = []notify.Verdict{notify.VerdictUnderway, notify.VerdictDelivered, notify.VerdictUndelivered}
		r.Malformed = []notify.Callback{say(callbackToken, "", "msgid=1", ""), say(callbackToken, "", "status=fail", "")}
		r.Foreign = []notify.Callback{say("x", "", "msgid=1&status=fail", "")}
	case "zalo-zns":
		r.Callback = func(r notify.Receipt, to string) notify.Callback {
			return say(callbackToken, "", "", fmt.Sprintf(`{"event_name":"user_received_message","app_id":"1","recipient":{"id":%q},"message":{"msg_id":%q,"tracking_id":%q,"delivery_time":"1495000000000"},"timestamp":"1495000000001"}`, to, r.ProviderID, r.Key))
		}
		r.Verdicts = []notify.Verdict{notify.VerdictDelivered}
		r.Tell = v.remember
		r.Malformed = []notify.Callback{say(callbackToken, "", "", ""), say(callbackToken, "", "", "{"), say(callbackToken, "", "", `{"message":{"msg_id":"1"}}`), say(callbackToken, "", "", `{"event_name":"user_received_message"}`), say(callbackToken, "", "", `{"event_name":["x"],"message":{"msg_id":"1"}}`)}
		r.Foreign = []notify.Callback{say(key, "", "", `{"event_name":"user_received_message","message":{"msg_id":"1"}}`)}
	default:
		return nil
	}
	return r
}

func TestATokenFileSurvivesAndIsSharedByProcesses(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "zns.token"), []byte(`{"refresh":"once-0"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{"once-0": true}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 { // eight processes, each with files of its own
		files := httpsms.NewTokenFiles(folder)
		all.Go(func() {
			for range 5 {
				_, err := files.Exchange(t.Context(), "zns", func(old httpsms.Tokens) (httpsms.Tokens, error) {
					mu.Lock()
					defer mu.Unlock()
					if !given[old.Refresh] {
						return httpsms.Tokens{}, fmt.Errorf("%q was used before", old.Refresh)
					}
					delete(given, old.Refresh)
					next := fmt.Sprint("once-", time.Now().UnixNano())
					given[next] = true
					return httpsms.Tokens{Access: "a", Refresh: next}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	failed := fmt.Errorf("the provider is away")
	if _, err := httpsms.NewTokenFiles(folder).Exchange(t.Context(), "zns", func(old httpsms.Tokens) (httpsms.Tokens, error) {
		return httpsms.Tokens{Refresh: "lost"}, failed
	}); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	last, err := httpsms.NewTokenFiles(folder).Exchange(t.Context(), "zns", func(old httpsms.Tokens) (httpsms.Tokens, error) { return old, nil })
	if err != nil || !given[last.Refresh] {
		t.Errorf("%q is stored, error %v", last.Refresh, err)
	}
	for _, name := range []string{"", "../x", "nobody"} {
		if _, err := httpsms.NewTokenFiles(folder).Exchange(t.Context(), name, func(t httpsms.Tokens) (httpsms.Tokens, error) { return t, nil }); err == nil {
			t.Errorf("%q has tokens", name)
		}
	}
}

// A lock that a process left behind when it died is taken away, but neither that of
// one who was quicker nor while somebody else is about it.
func TestTheLockOfAProcessThatDiedIsBrokenByOneAlone(t *testing.T) {
	now, long := time.Now(), time.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		lock, turn time.Time // when they were made; zero: they are not there
		left       []string
	}{
		"left behind":                   {lock: long},
		"made by one who was quicker":   {lock: now, left: []string{"zns.token.lock"}},
		"another one is about it":       {lock: long, turn: now, left: []string{"zns.token.lock", "zns.token.lock.break"}},
		"who was about it died as well": {lock: long, turn: long, left: []string{"zns.token.lock"}}, // the next look breaks it
		"given back meanwhile":          {},
	} {
		folder := t.TempDir()
		for suffix, made := range map[string]time.Time{"": c.lock, ".break": c.turn} {
			path := filepath.Join(folder, "zns.token.lock"+suffix)
			if made.IsZero() {
				continue
			}
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, made, made)); err != nil {
				t.Fatal(err)
			}
		}
		httpsms.BreakLock(filepath.Join(folder, "zns.token.lock"))
		entries, err := os.ReadDir(folder)
		var left []string
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if err != nil || !slices.Equal(left, c.left) {
			t.Errorf("%s: %q is left, %v, want %q", name, left, err, c.left)
		}
	}
	folder := t.TempDir()
	left := filepath.Join(folder, "zns.token.lock")
	err := errors.Join(os.WriteFile(filepath.Join(folder, "zns.token"), []byte(`{"refresh":"once-0"}`), 0o600), os.WriteFile(left, nil, 0o600), os.Chtimes(left, long, long))
	if err != nil {
		t.Fatal(err)
	}
	got, err := httpsms.NewTokenFiles(folder).Exchange(t.Context(), "zns", func(old httpsms.Tokens) (httpsms.Tokens, error) { return old, nil })
	if err != nil || got.Refresh != "once-0" {
		t.Errorf("after somebody died over it: %+v, %v", got, err)
	}
}
