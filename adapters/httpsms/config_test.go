package httpsms_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestAWrongConfigurationNamesItsFields(t *testing.T) {
	field := func(name, value string) func(*httpsms.Config) {
		return func(c *httpsms.Config) { c.Body.Fields = map[string]httpsms.Field{name: {Value: value}} }
	}
	tests := []struct {
		name   string
		change func(*httpsms.Config)
		want   []string
	}{
		{"right", func(*httpsms.Config) {}, nil},
		{"empty", func(c *httpsms.Config) { *c = httpsms.Config{} }, []string{"name", "url", "body.kind", "sender", "answer.code"}},
		{"plain http over a network", func(c *httpsms.Config) { c.URL = "http://sms.xuanloc.example" }, []string{"url"}},
		{"plain http over a network, on purpose", func(c *httpsms.Config) { c.URL, c.Insecure = "http://sms.xuanloc.example:8998", true }, nil},
		{"plain http on this machine", func(c *httpsms.Config) { c.URL = "http://[::1]:80/x" }, nil},
		{"another scheme", func(c *httpsms.Config) { c.URL = "smpp://sms.xuanloc.example" }, []string{"url"}},
		{"a password in the URL", func(c *httpsms.Config) { c.URL = "https://a:b@sms.xuanloc.example" }, []string{"url"}},
		{"GET with a body", func(c *httpsms.Config) { c.Method = "GET" }, []string{"method"}},
		{"no method", func(c *httpsms.Config) { c.Method = "SEND" }, []string{"method"}},
		{"a token without a kind", func(c *httpsms.Config) { c.Auth.Token = "x" }, []string{"auth.kind"}},
		{"an unknown kind", func(c *httpsms.Config) { c.Auth.Kind = "oauth" }, []string{"auth.kind"}},
		{"basic without a user", func(c *httpsms.Config) { c.Auth = httpsms.Auth{Kind: httpsms.Basic, Token: "x"} }, []string{"auth.user"}},
		{"bearer without a token", func(c *httpsms.Config) { c.Auth = httpsms.Auth{Kind: httpsms.Bearer} }, []string{"auth.token"}},
		{"a header without a name", func(c *httpsms.Config) { c.Auth = httpsms.Auth{Kind: httpsms.HeaderKey, Token: "x"} }, []string{"auth.header"}},
		{"a header with a line break", func(c *httpsms.Config) { c.Headers = map[string]string{"X": "a\r\nY: b"} }, []string{"headers.X"}},
		{"a header with an unknown placeholder", func(c *httpsms.Config) { c.Headers = map[string]string{"X": "{{key}}"} }, []string{"headers.X"}},
		{"no fields", func(c *httpsms.Config) { c.Body.Fields = nil }, []string{"body.fields"}},
		{"a template for JSON", func(c *httpsms.Config) { c.Body.Template = "{}" }, []string{"body.fields"}},
		{"fields for XML", func(c *httpsms.Config) { c.Body.Kind = httpsms.XML }, []string{"body.template"}},
		{"an unknown format", func(c *httpsms.Config) { c.Body.Kind = "yaml" }, []string{"body.kind"}},
		{"an unknown placeholder", field("a", "{{phone}}"), []string{"body.fields.a"}},
		{"an open placeholder", field("a", "{{to"), []string{"body.fields.a"}},
		{"an unknown secret", field("a", "{{secret.key}}"), []string{"body.fields.a"}},
		{"a secret without a name", field("a", "{{secret.}}"), []string{"body.fields.a"}},
		{"a field named with a per cent sign", field("%d", "{{x}}"), []string{"body.fields.%d"}},
		{"an unknown filter", func(c *httpsms.Config) { c.Body.Fields = map[string]httpsms.Field{"a": {Filter: "rot13"}} }, []string{"body.fields.a"}},
		{"an unknown type", func(c *httpsms.Config) { c.Body.Fields = map[string]httpsms.Field{"a": {Type: "date"}} }, []string{"body.fields.a"}},
		{"a value that is a group as well", func(c *httpsms.Config) { c.Body.Fields = map[string]httpsms.Field{"a": {}, "a.b": {}} }, []string{"body.fields.a.b"}},
		{"a name that ends with a dot", field("a.", "x"), []string{"body.fields.a."}},
		{"a list with a gap", field("a.1", "x"), []string{"body.fields"}},
		{"a list with a name", func(c *httpsms.Config) { c.Body.Fields = map[string]httpsms.Field{"a.0": {}, "a.b": {}} }, []string{"body.fields"}},
		{"a sender with a space", func(c *httpsms.Config) { c.Sender = "XUAN LOC" }, []string{"sender"}},
		{"an unknown policy", func(c *httpsms.Config) { c.Text.Policy = "fold" }, []string{"text.policy"}},
		{"no parts", func(c *httpsms.Config) { c.Text.MaxParts = -1 }, []string{"text.max_parts"}},
		{"a charset that contradicts itself", func(c *httpsms.Config) {
			c.Text.Charset = &httpsms.Charset{Forbidden: "-", Replace: map[string]string{"&": "-"}}
		}, []string{"text.charset.replace"}},
		{"an unknown form of numbers", func(c *httpsms.Config) { c.PhoneForm = "+84" }, []string{"phone_form"}},
		{"an unknown format of answers", func(c *httpsms.Config) { c.Answer.Format = "csv" }, []string{"answer.format"}},
		{"a text without groups", func(c *httpsms.Config) { c.Answer.Format = "text" }, []string{"answer.code", "answer.code"}},
		{"a text with groups", func(c *httpsms.Config) {
			c.Answer.Format, c.Answer.Code, c.Answer.ID = "text", `code=(\d+)`, `id=(\w+)`
		}, nil},
		{"a class of advertisements", func(c *httpsms.Config) { c.Classes = map[string]string{"care": "QC"} }, []string{"classes.care"}},
		{"a class of advertisements in full", func(c *httpsms.Config) { c.Classes = map[string]string{"duty": "Quảng cáo"} }, []string{"classes.duty"}},
		{"a class nobody has", func(c *httpsms.Config) { c.Classes = map[string]string{"ads": "x"} }, []string{"classes.ads"}},
		{"tokens without an account", func(c *httpsms.Config) { c.Auth = httpsms.Auth{Kind: httpsms.JWT} }, []string{"auth.token"}},
		{"tokens from nowhere", func(c *httpsms.Config) { c.Auth = httpsms.Auth{Kind: httpsms.OAuth2, User: "u", Token: "k"} }, []string{"auth.token_request.url"}},
		{"tokens over plain http", func(c *httpsms.Config) {
			c.Auth = httpsms.Auth{Kind: httpsms.OAuth2, User: "u", Token: "k", Request: httpsms.TokenRequest{URL: "http://sms.xuanloc.example"}}
		}, []string{"auth.token_request.url"}},
		{"a rotating token nobody keeps", func(c *httpsms.Config) {
			c.Auth = httpsms.Auth{Kind: httpsms.Rotating, User: "u", Token: "k", Request: httpsms.TokenRequest{URL: "https://sms.xuanloc.example"}}
		}, []string{"auth.kind"}},
		{"a token in the body without tokens", field("a", "{{token}}"), []string{"body.fields.a"}},
		{"a registered message without an id", func(c *httpsms.Config) { c.Templates = map[string]httpsms.Registered{"a": {}} }, []string{"templates.a"}},
		{"a parameter from nowhere", func(c *httpsms.Config) {
			c.Templates = map[string]httpsms.Registered{"a": {ID: "1", Params: map[string]httpsms.Param{"p": {Type: httpsms.Bool}}}}
		}, []string{"templates.a.p"}},
		{"a callback without a secret", callback(func(c *httpsms.Callback) { c.Token = "ngan" }), []string{"callback.token"}},
		{"a callback from no network", callback(func(c *httpsms.Callback) { c.Allow = []string{"10.0.0.0/99"} }), []string{"callback.allow"}},
		{"a callback of no format", callback(func(c *httpsms.Callback) { c.Format = "csv" }), []string{"callback.format"}},
		{"a callback that says no to what it took", callback(func(c *httpsms.Callback) { c.Reply.Status = 500 }), []string{"callback.reply"}},
		{"a callback about nothing", callback(func(c *httpsms.Callback) { c.ID = "" }), []string{"callback.id"}},
		{"a callback without words", callback(func(c *httpsms.Callback) { c.Codes = nil }), []string{"callback.code"}},
		{"a callback with an unknown verdict", callback(func(c *httpsms.Callback) { c.Codes["2"] = "fine" }), []string{"callback.codes.2"}},
		{"a callback with an unknown bar", callback(func(c *httpsms.Callback) { c.Bars = map[string]notify.Bar{"2": "rude"} }), []string{"callback.bars.2"}},
		{"a callback", callback(func(*httpsms.Callback) {}), nil},
		{"a question to nobody", func(c *httpsms.Config) {
			c.Query = &httpsms.StatusQuery{Body: httpsms.Body{Kind: httpsms.Query}, News: news(), Format: "csv"}
		}, []string{"query.url", "query.format"}},
		{"a preset that is not", func(c *httpsms.Config) {
			_, err := httpsms.ParseConfig([]byte(`{"preset":"nobody"}`))
			presetFault(t, err)
		}, nil},
		{"neither code nor id", func(c *httpsms.Config) { c.Answer.Code, c.Answer.ID = "", "" }, []string{"answer.code"}},
		{"no code for accepted", func(c *httpsms.Config) { c.Answer.Codes = map[string]httpsms.Class{"1": httpsms.Repeated} }, []string{"answer.codes"}},
		{"an unknown class", func(c *httpsms.Config) { c.Answer.Codes["7"] = "fine" }, []string{"answer.codes.7"}},
		{"a status of success", func(c *httpsms.Config) { c.Answer.Statuses = map[string]httpsms.Class{"200": httpsms.Repeated} }, []string{"answer.statuses.200"}},
		{"the status 429", func(c *httpsms.Config) { c.Answer.Statuses = map[string]httpsms.Class{"429": httpsms.Transient} }, []string{"answer.statuses.429"}},
		{"an error that means accepted", func(c *httpsms.Config) { c.Answer.Statuses = map[string]httpsms.Class{"5xx": httpsms.Accepted} }, []string{"answer.statuses.5xx"}},
		{"a negative limit", func(c *httpsms.Config) { c.Timeout = -1 }, []string{"timeout"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := config("https://sms.xuanloc.example")
			test.change(&c)
			_, err := httpsms.New(c, nil)
			var fields []string
			for _, v := range fault.Violations(err) {
				fields = append(fields, v.Field)
				if v.En == "" || v.Vi == "" || strings.Contains(v.En+v.Vi, "%!") {
					t.Errorf("violation %+v", v)
				}
			}
			if diff := cmp.Diff(test.want, fields); diff != "" || len(fields) > 0 && !errors.Is(err, fault.ErrRule) {
				t.Errorf("fields at fault (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func news() httpsms.News {
	return httpsms.News{ID: "id", Code: "code", Codes: map[string]notify.Verdict{"1": notify.VerdictDelivered}}
}

// callback changes a callback that is right.
func callback(change func(*httpsms.Callback)) func(*httpsms.Config) {
	return func(c *httpsms.Config) {
		c.Callback = &httpsms.Callback{Token: callbackToken, Format: httpsms.JSON, News: news()}
		change(c.Callback)
	}
}

func presetFault(t *testing.T, err error) {
	t.Helper()
	if vs := fault.Violations(err); len(vs) != 1 || vs[0].Rule != "httpsms.config.preset" {
		t.Errorf("an unknown preset: %v", err)
	}
}

func TestAPresetIsChangedByWhatTheFileSays(t *testing.T) {
	c, err := httpsms.ParseConfig([]byte(`{"preset":"esms","sender":"XUANLOC","secrets":{"api_key":"a","secret_key":"b"},"answer":{"codes":{"200":"throttled"}},"timeout":"7s"}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "esms" || c.Answer.Codes["200"] != httpsms.Throttled || c.Answer.Codes["124"] != httpsms.Repeated || c.Timeout != httpsms.Duration(7*time.Second) {
		t.Errorf("%+v", c)
	}
	s := newSender(t, c, nil)
	if d := s.Describe(); d.Callback || !d.Query || !d.Idempotent {
		t.Errorf("without the secret of its callbacks it takes none: %+v", d)
	}
}

// documented is the example of the package comment, for a gateway in the
// manner of those that answer with CodeResult.
const documented = `{
  "name": "tram-sms",
  "url": "https://sms.xuanloc.example/send",
  "secrets": {"key": "khoa-bi-mat"},
  "auth": {"kind": "header", "header": "X-Api-Key", "token": "khoa-bi-mat"},
  "body": {
    "kind": "json",
    "fields": {
      "Phone":      {"value": "{{to}}", "filter": "phone84"},
      "Content":    {"value": "{{text}}"},
      "Brandname":  {"value": "{{sender}}"},
      "RequestId":  {"value": "{{client_id}}"},
      "IsUnicode":  {"value": "{{unicode}}", "type": "number"},
      "list.0.key": {"value": "{{secret.key}}"}
    }
  },
  "sender": "XUANLOC",
  "answer": {
    "code": "CodeResult",
    "id": "SMSID",
    "codes": {"100": "accepted", "124": "duplicate", "103": "misconfigured"}
  },
  "idempotent": true,
  "window": "1h",
  "text": {"policy": "auto", "max_parts": 2, "charset": {"forbidden": "#", "replace": {"#": "so "}}},
  "timeout": "15s",
  "max_conns": 4
}`

func TestAConfigurationIsReadFromJSON(t *testing.T) {
	c, err := httpsms.ParseConfig([]byte(documented))
	if err != nil {
		t.Fatal(err)
	}
	got := newSender(t, c, nil).Describe()
	if n := got.Segments("số # 1"); n != 1 {
		t.Errorf("%d parts", n)
	}
	got.Segments = nil
	want := notify.Capabilities{Name: "tram-sms", Channel: notify.SMS, Idempotent: true, Window: time.Hour, Timeout: 15 * time.Second, Parallel: 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func TestAnythingUnexpectedInJSONIsAnError(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a misspelt name":         func(s string) string { return strings.Replace(s, "max_parts", "maxparts", 1) },
		"something after it":      func(s string) string { return s + "{}" },
		"a word for a duration":   func(s string) string { return strings.Replace(s, "15s", "soon", 1) },
		"a number for a duration": func(s string) string { return strings.Replace(s, `"15s"`, "15", 1) },
		"an invalid value":        func(s string) string { return strings.Replace(s, "https", "ftp", 1) },
		"nothing":                 func(string) string { return "" },
	} {
		if _, err := httpsms.ParseConfig([]byte(change(documented))); !errors.Is(err, fault.ErrRule) || strings.Contains(err.Error(), "khoa-bi-mat") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	c, err := httpsms.ParseConfig([]byte(documented))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", c, "token", c.Auth.Token)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", c)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %q", c, c.Auth.Token, c.Secrets), string(encoded), log.String()} {
		if strings.Contains(shown, "khoa-bi-mat") {
			t.Errorf("a secret can be read in %s", shown)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(documented)
	f.Add(`{"body":{"fields":{"a.0.b":{"value":"{{"}}}}`)
	f.Fuzz(func(t *testing.T, data string) {
		c, err := httpsms.ParseConfig([]byte(data))
		if err != nil {
			return
		}
		s, err := httpsms.New(c, &httpsms.Options{Tokens: httpsms.NewTokenFiles("")})
		if err != nil {
			t.Fatalf("ParseConfig took what New refuses: %v", err)
		}
		s.Close()
	})
}
