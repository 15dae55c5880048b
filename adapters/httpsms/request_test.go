package httpsms_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/core/notify"
)

// nasty holds what each format has to escape, and what looks like a template.
const nasty = `Phòng KT&HT <b>"x"</b> 'y' {{to}} + % \ é=1;` + "\nhết"

// wire sends one message and returns the request as the gateway saw it.
func wire(t *testing.T, change func(*httpsms.Config), m notify.Message) (*http.Request, string) {
	t.Helper()
	var seen *http.Request
	var body []byte
	g := startGateway(t, func(w http.ResponseWriter, r *http.Request) { seen = r })
	g.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		says(`{"code":"100","id":"a1"}`)(w, r)
	})
	c := config(g.URL + "/sms")
	c.Text = httpsms.Text{Policy: "unicode", Charset: &httpsms.Charset{}}
	change(&c)
	if out := send(t, newSender(t, c, nil), m); seen == nil {
		t.Fatalf("nothing was sent: %+v", out)
	}
	return seen, string(body)
}

func TestJSONIsBuiltFromDottedNames(t *testing.T) {
	m := notice(1)
	m.Text = nasty
	m.Class = notify.Care
	r, body := wire(t, func(c *httpsms.Config) {
		c.PhoneForm = httpsms.National
		c.Secrets = map[string]httpsms.Secret{"key": `k"{{to}}`}
		c.Body.Fields = map[string]httpsms.Field{
			"sms.0.from":      {Value: "{{sender}}"},
			"sms.0.to":        {Value: "{{to}}", Filter: httpsms.Phone84},
			"sms.0.text":      {Value: "{{text}}"},
			"to.0":            {Value: "{{to}}"},
			"meta.key":        {Value: "{{secret.key}}"},
			"meta.id":         {Value: "hv-{{client_id}}-{{class}}"},
			"meta.unicode":    {Value: "{{unicode}}", Type: httpsms.Number},
			"meta.test":       {Value: "true", Type: httpsms.Bool},
			"meta.text64":     {Value: "{{text}}", Filter: httpsms.Base64},
			"meta.plain":      {Value: "}} literal {"},
			"meta.zero_phone": {Value: "{{to}}", Filter: httpsms.Phone0},
		}
	}, m)
	if got := r.Header.Get("Content-Type"); got != "application/json; charset=utf-8" || r.Method != http.MethodPost {
		t.Errorf("%s, content type %q", r.Method, got)
	}
	var got any
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	want := map[string]any{
		"sms": []any{map[string]any{"from": "XUANLOC", "to": "84900000001", "text": nasty}},
		"to":  []any{"0900000001"},
		"meta": map[string]any{
			"key": `k"{{to}}`, "id": "hv-" + m.IdempotencyKey + "-CSKH", "unicode": json.Number("1"), "test": true,
			"text64": base64.StdEncoding.EncodeToString([]byte(nasty)), "plain": "}} literal {", "zero_phone": "0900000001",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if !strings.Contains(body, `KT&HT <b>`) {
		t.Errorf("JSON is escaped as if for a browser: %s", body)
	}
}

func TestFormsAndQueriesAreEncoded(t *testing.T) {
	m := notice(1)
	m.Text = nasty
	want := url.Values{"u": {"trạm"}, "phone": {"84900000001"}, "sms": {nasty}, "from": {"XUANLOC"}}
	fields := map[string]httpsms.Field{
		"u": {Value: "trạm"}, "phone": {Value: "{{to}}"}, "sms": {Value: "{{text}}"}, "from": {Value: "{{sender}}"},
	}
	t.Run("form", func(t *testing.T) {
		r, body := wire(t, func(c *httpsms.Config) {
			c.PhoneForm = httpsms.With84
			c.Body = httpsms.Body{Kind: httpsms.Form, Fields: fields}
		}, m)
		got, err := url.ParseQuery(body)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("form (-want +got):\n%s%v", diff, err)
		}
		if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
			t.Errorf("content type %q", got)
		}
	})
	t.Run("query", func(t *testing.T) {
		r, body := wire(t, func(c *httpsms.Config) {
			c.URL += "?v=2"
			c.PhoneForm = httpsms.With84
			c.Body = httpsms.Body{Kind: httpsms.Query, Fields: fields}
		}, m)
		got := r.URL.Query()
		if v := got["v"]; !cmp.Equal(v, []string{"2"}) {
			t.Errorf("the parameter of the URL is %q", v)
		}
		got.Del("v")
		if diff := cmp.Diff(want, got); diff != "" || body != "" || r.Method != http.MethodGet {
			t.Errorf("%s with body %q, query (-want +got):\n%s", r.Method, body, diff)
		}
	})
}

func TestXMLIsEscapedInItsTemplate(t *testing.T) {
	m := notice(1)
	m.Text = nasty
	_, body := wire(t, func(c *httpsms.Config) {
		c.Secrets = map[string]httpsms.Secret{"password": "a<b&c"}
		c.Body = httpsms.Body{Kind: httpsms.XML, Template: `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
			`<send><Password>{{secret.password}}</Password><To>{{to}}</To><Content>{{text}}</Content></send></s:Body></s:Envelope>`}
	}, m)
	var got struct {
		Password string `xml:"Body>send>Password"`
		To       string `xml:"Body>send>To"`
		Content  string `xml:"Body>send>Content"`
	}
	if err := xml.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if got.Password != "a<b&c" || got.To != m.To || got.Content != nasty {
		t.Errorf("the gateway reads %+v", got)
	}
}

func TestTheCallerProvesWhoItIs(t *testing.T) {
	for name, test := range map[string]struct {
		auth   httpsms.Auth
		header string
		want   string
	}{
		"none":   {httpsms.Auth{}, "Authorization", ""},
		"basic":  {httpsms.Auth{Kind: httpsms.Basic, User: "tram", Token: "x:y"}, "Authorization", "Basic dHJhbTp4Onk="},
		"bearer": {httpsms.Auth{Kind: httpsms.Bearer, Token: "abc"}, "Authorization", "Bearer abc"},
		"header": {httpsms.Auth{Kind: httpsms.HeaderKey, Header: "X-Api-Key", Token: "abc"}, "X-Api-Key", "abc"},
	} {
		r, _ := wire(t, func(c *httpsms.Config) {
			c.Auth = test.auth
			c.Secrets = map[string]httpsms.Secret{"id": "77"}
			c.Headers = map[string]string{"X-Account": "a-{{secret.id}}", "X-Request": "{{client_id}}"}
		}, notice(1))
		if got := r.Header.Get(test.header); got != test.want {
			t.Errorf("%s: %s is %q, want %q", name, test.header, got, test.want)
		}
		if a, id := r.Header.Get("X-Account"), r.Header.Get("X-Request"); a != "a-77" || id != notice(1).IdempotencyKey {
			t.Errorf("%s: headers %q, %q", name, a, id)
		}
	}
}

func TestNumbersOfOtherCountriesKeepTheirCode(t *testing.T) {
	m := notice(1)
	m.To = "+8562055500000"
	for form, want := range map[httpsms.PhoneForm]string{httpsms.E164: "+8562055500000", httpsms.With84: "8562055500000", httpsms.National: "+8562055500000"} {
		_, body := wire(t, func(c *httpsms.Config) {
			c.Foreign, c.PhoneForm = true, form
			c.Body.Fields = map[string]httpsms.Field{"to": {Value: "{{to}}"}}
		}, m)
		if body != `{"to":"`+want+`"}` {
			t.Errorf("%s: %s, want %s", form, body, want)
		}
	}
}

func TestUnicodeIsToldAsTheGatewayCallsIt(t *testing.T) {
	for text, want := range map[string]string{"Nhac lich": `{"u":"text"}`, "Nhắc lịch": `{"u":"unicode"}`} {
		m := notice(1)
		m.Text = text
		_, body := wire(t, func(c *httpsms.Config) {
			c.Unicode = httpsms.Choice{Yes: "unicode", No: "text"}
			c.Body.Fields = map[string]httpsms.Field{"u": {Value: "{{unicode}}"}}
		}, m)
		if body != want {
			t.Errorf("%s: %s, want %s", text, body, want)
		}
	}
}

func TestAValueThatIsNotOfItsTypeIsNotSent(t *testing.T) {
	for _, kind := range []httpsms.FieldType{httpsms.Number, httpsms.Bool} {
		g := startGateway(t, says(""))
		c := config(g.URL)
		c.Body.Fields = map[string]httpsms.Field{"x": {Value: "{{text}}", Type: kind}}
		if out := send(t, newSender(t, c, nil), notice(1)); out.Result != notify.ResultPermanent || g.count() != 0 {
			t.Errorf("%s: %+v, %d requests", kind, out, g.count())
		}
	}
}
