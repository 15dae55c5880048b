package httpsms_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/core/notify"
)

// listening is a sender whose gateway calls back in a format.
func listening(tb testing.TB, format httpsms.BodyKind, change func(*httpsms.Callback)) *httpsms.Sender {
	c := config("https://sms.xuanloc.example")
	c.Callback = &httpsms.Callback{Token: callbackToken, Format: format, News: httpsms.News{
		ID: "id", Key: "key", Code: "code", Success: "good", Failed: "bad",
		Codes: map[string]notify.Verdict{"1": notify.VerdictDelivered, "2": notify.VerdictUndelivered, "3": notify.VerdictUnderway},
		Bars:  map[string]notify.Bar{"2": notify.BarNoSubscriber},
	}}
	if change != nil {
		change(c.Callback)
	}
	return newSender(tb, c, nil)
}

func TestACallbackIsReadInEveryFormat(t *testing.T) {
	delivered := notify.Receipt{Provider: "sms", ProviderID: "7", Code: "1", Verdict: notify.VerdictDelivered}
	for name, test := range map[string]struct {
		format httpsms.BodyKind
		change func(*httpsms.Callback)
		call   notify.Callback
		want   []notify.Receipt
	}{
		"query": {httpsms.Query, nil, notify.Callback{Query: map[string][]string{"id": {"7"}, "code": {"1"}}}, []notify.Receipt{delivered}},
		"form":  {httpsms.Form, nil, notify.Callback{Body: []byte("id=7&code=1&more=x")}, []notify.Receipt{delivered}},
		"json":  {httpsms.JSON, nil, notify.Callback{Body: []byte(`{"id":7,"code":"1"}`)}, []notify.Receipt{delivered}},
		"xml": {httpsms.XML, func(c *httpsms.Callback) { c.ID, c.Code = "r.id", "r.code" },
			notify.Callback{Body: []byte(`<r><id>7</id><code>1</code></r>`)}, []notify.Receipt{delivered}},
		"a list": {httpsms.JSON, func(c *httpsms.Callback) { c.List = "all" }, notify.Callback{Body: []byte(`{"all":[{"id":"7","code":1},{"key":"k","code":"2"}]}`)},
			[]notify.Receipt{delivered, {Provider: "sms", Key: "k", Code: "2", Verdict: notify.VerdictUndelivered, Bar: notify.BarNoSubscriber}}},
		"an unknown word": {httpsms.JSON, nil, notify.Callback{Body: []byte(`{"id":"7","code":"99"}`)},
			[]notify.Receipt{{Provider: "sms", ProviderID: "7", Code: "99", Verdict: notify.VerdictUnclear}}},
		"counters overrule the word": {httpsms.JSON, nil, notify.Callback{Body: []byte(`{"id":"7","code":"1","good":0,"bad":2}`)},
			[]notify.Receipt{{Provider: "sms", ProviderID: "7", Code: "1", Verdict: notify.VerdictUndelivered}}},
		"counters without a word": {httpsms.JSON, nil, notify.Callback{Body: []byte(`{"id":"7","good":1}`)},
			[]notify.Receipt{{Provider: "sms", ProviderID: "7", Verdict: notify.VerdictDelivered}}},
	} {
		t.Run(name, func(t *testing.T) {
			test.call.Token = callbackToken
			got, reply, err := listening(t, test.format, test.change).ReadReceipts(test.call)
			if err != nil || reply.Status != 200 || !slices.Equal(got, test.want) {
				t.Errorf("read %+v, reply %+v, error %v, want %+v", got, reply, err, test.want)
			}
		})
	}
}

func TestANumberIsNoWordForWhatBecameOfAMessage(t *testing.T) {
	for _, code := range []string{"84900000001", "+84900000001", "0900000001"} {
		_, reply, err := listening(t, httpsms.JSON, nil).ReadReceipts(notify.Callback{Token: callbackToken, Body: []byte(`{"id":"7","code":"` + code + `"}`)})
		if !errors.Is(err, notify.ErrMalformed) || reply.Status != http.StatusBadRequest {
			t.Errorf("%s: reply %+v, error %v", code, reply, err)
		}
	}
}

func TestASenderWithoutCallbacksTakesNone(t *testing.T) {
	s := newSender(t, config("https://sms.xuanloc.example"), nil)
	if _, reply, err := s.ReadReceipts(notify.Callback{}); !errors.Is(err, notify.ErrForeign) || reply.Status != http.StatusNotFound {
		t.Errorf("reply %+v, error %v", reply, err)
	}
	if _, _, err := s.QueryStatus(t.Context(), notify.Reference{ProviderID: "1"}); err == nil {
		t.Error("a gateway that cannot be asked answered")
	}
}

func FuzzReadReceipts(f *testing.F) {
	f.Add(`{"id":"7","code":"1"}`, "id=7&code=1")
	f.Add(`<r><id>7</id></r>`, "%")
	f.Add(`{"all":[{"id":"7"},null,7]}`, "")
	f.Fuzz(func(t *testing.T, body, id string) {
		for _, format := range []httpsms.BodyKind{httpsms.JSON, httpsms.Form, httpsms.XML, httpsms.Query} {
			s := listening(t, format, func(c *httpsms.Callback) {
				if format == httpsms.JSON && strings.Contains(body, "all") {
					c.List = "all"
				}
			})
			c := notify.Callback{Token: callbackToken, Body: []byte(body), Query: map[string][]string{"id": {id}, "code": {body}}}
			got, reply, err := s.ReadReceipts(c)
			again, _, _ := s.ReadReceipts(c)
			if !slices.Equal(got, again) {
				t.Fatalf("read twice: %+v and %+v", got, again)
			}
			if (err == nil) != (reply.Status < 300) || err == nil && len(got) == 0 {
				t.Fatalf("reply %+v, error %v, receipts %+v", reply, err, got)
			}
			for _, r := range got {
				if r.ProviderID == "" && r.Key == "" || r.Verdict == "" || len(r.Code) > 32 || len(r.ProviderID) > 128 {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}

func TestAnAnswerInPlainTextIsReadByExpressions(t *testing.T) {
	g := startGateway(t, says("OK code=100 id=abc-7\n"))
	c := config(g.URL)
	c.Answer.Format, c.Answer.Code, c.Answer.ID = httpsms.AnswerText, `code=(\d+)`, `id=(\S+)`
	if out := send(t, newSender(t, c, nil), notice(1)); out.Result != notify.ResultAccepted || out.ProviderID != "abc-7" {
		t.Errorf("%+v", out)
	}
}

func TestNothingIsSentAsAnAdvertisement(t *testing.T) {
	g := startGateway(t, says(`{"code":"100","id":"1"}`))
	m := notice(1)
	for _, class := range []notify.Class{"advertising", "QC"} {
		m.Class = class
		if out := send(t, newSender(t, config(g.URL), nil), m); out.Result != notify.ResultPermanent {
			t.Errorf("class %q: %+v", class, out)
		}
	}
	if g.count() != 0 {
		t.Error("something was sent")
	}
}

func TestARegisteredMessageIsSentWholeOrNotAtAll(t *testing.T) {
	g := startGateway(t, says(`{"code":"100","id":"1"}`))
	c := config(g.URL)
	c.Body.Fields = map[string]httpsms.Field{"template": {Value: "{{template}}"}, "data": {Type: httpsms.Params}, "plain": {Value: "{{text}}", Filter: httpsms.Unmark}}
	c.Templates = map[string]httpsms.Registered{"report.due": {ID: "29", Params: map[string]httpsms.Param{
		"ten": {From: "name", Max: 10}, "so_ngay": {From: "days", Type: httpsms.Number},
	}}}
	s := newSender(t, c, nil)
	message := func(template string, params map[string]string) notify.Message {
		m := notice(1)
		m.Template, m.Params = template, params
		return m
	}
	good := map[string]string{"name": `Bà "Sáu"`, "days": "2", "more": "x"}
	if out := send(t, s, message("report.due", good)); out.Result != notify.ResultAccepted {
		t.Errorf("%+v", out)
	}
	if want := `{"data":{"so_ngay":2,"ten":"Bà \"Sáu\""},"plain":"","template":"29"}`; len(g.bodies) != 1 || g.bodies[0] != want {
		t.Errorf("sent %q, want %q", g.bodies, want)
	}
	for what, m := range map[string]notify.Message{
		"no value":          message("report.due", map[string]string{"name": "x"}),
		"too long":          message("report.due", map[string]string{"name": "mười một chữ", "days": "2"}),
		"no number":         message("report.due", map[string]string{"name": "x", "days": "hai"}),
		"not registered: ?": message("report.late", good),
	} {
		out := send(t, s, m)
		want := notify.ResultPermanent
		if strings.HasPrefix(what, "not") {
			want = notify.ResultMisconfigured
		}
		if out.Result != want {
			t.Errorf("%s: %+v", what, out)
		}
	}
	if g.count() != 1 || s.Describe().Segments("x") != 1 || !s.Describe().Registered {
		t.Errorf("%d requests, %+v", g.count(), s.Describe())
	}
}

func ExamplePreset() {
	c, _ := httpsms.Preset("esms")
	c.Sender = "XUANLOC"
	c.Secrets = map[string]httpsms.Secret{"api_key": "…", "secret_key": "…"}
	c.Callback.Token = "mot-chuoi-dai-va-ngau-nhien"
	sender, err := httpsms.New(c, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()
	d := sender.Describe()
	fmt.Println(d.Name, "recognises keys for", d.Window, "and tells by", d.Ways())
	fmt.Println(httpsms.Presets())
	// Output:
	// esms recognises keys for 30m0s and tells by callback, query
	// [esms fpt speedsms stringee vietguys viettel zalo-zns]
}

func ExampleSender_ReadReceipts() {
	c, _ := httpsms.Preset("vietguys")
	c.Sender = "XUANLOC"
	c.Secrets = map[string]httpsms.Secret{"user": "…", "password": "…"}
	c.Callback.Token = "mot-chuoi-dai-va-ngau-nhien"
	sender, err := httpsms.New(c, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close()
	receipts, reply, err := sender.ReadReceipts(notify.Callback{
		Token: "mot-chuoi-dai-va-ngau-nhien", Query: map[string][]string{"msgid": {"123"}, "status": {"delivered"}},
	})
	fmt.Println(receipts[0].ProviderID, receipts[0].Verdict, reply.Status, err)
	_, reply, err = sender.ReadReceipts(notify.Callback{Token: "guessed"})
	fmt.Println(reply.Status, err)
	// Output:
	// 123 delivered 200 <nil>
	// 404 the callback is not from the provider
}
