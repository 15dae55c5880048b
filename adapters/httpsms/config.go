package httpsms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Secret (thông tin mật) is a key or password that no print, log or JSON shows.
type Secret string

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.shown()) }

// LogValue hides the secret from package slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// Duration is a time.Duration that is written "10s" or "1h" in JSON.
type Duration time.Duration

// UnmarshalText reads the form of [time.ParseDuration].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// MarshalText writes the form of [time.Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Config (cấu hình tổng đài tin nhắn) is everything that distinguishes one
// gateway from another. Name, URL, Sender, Body and Answer have no default.
type Config struct {
	// Preset is what the configuration was made from; nothing follows from it.
	Preset string `json:"preset,omitempty"`
	// Name of the provider in attempts and metrics, for example "esms".
	Name string `json:"name"`
	// Method of the request. Default POST, or GET for a query.
	Method string `json:"method,omitempty"`
	// URL of the call that sends one message. Plain http is allowed to this
	// machine, and elsewhere only with Insecure.
	URL string `json:"url"`
	// Insecure allows plain http over a network: secrets, numbers and texts
	// can be read on the way.
	Insecure bool `json:"insecure,omitempty"`
	// Headers of the request. Values may hold placeholders, see Field.
	Headers map[string]string `json:"headers,omitempty"`
	// Auth is how the sender proves who it is by a header.
	Auth Auth `json:"auth,omitzero"`
	// Secrets are values for {{secret.NAME}} in Body and Headers.
	Secrets map[string]Secret `json:"secrets,omitempty"`
	// Body is how the message is written down.
	Body Body `json:"body"`

	// Sender (tên thương hiệu, brandname) is the registered name the message
	// comes from: up to 11 letters and digits.
	Sender string `json:"sender"`
	// PhoneForm is how {{to}} writes a number. Default E164.
	PhoneForm PhoneForm `json:"phone_form,omitempty"`
	// Foreign allows numbers outside Viet Nam. Without it only Vietnamese
	// mobile numbers are sent to: a landline takes no SMS.
	Foreign bool `json:"foreign,omitempty"`
	// Classes says what the gateway calls the classes of messages, "duty" and
	// "care", in {{class}}. Default: the same.
	Classes map[string]string `json:"classes,omitempty"`
	// Unicode says what {{unicode}} is for a text with and without marks.
	// Default "1" and "0".
	Unicode Choice `json:"unicode,omitzero"`
	// Text is what becomes of a text before it is sent.
	Text Text `json:"text,omitzero"`

	// Answer is how to read what the gateway says.
	Answer Answer `json:"answer"`
	// Idempotent says that the gateway sends nothing twice under one
	// {{client_id}}, within Window; a Window of 0 means for ever.
	Idempotent bool     `json:"idempotent,omitempty"`
	Window     Duration `json:"window,omitempty"`

	// Templates are the messages registered with a gateway that sends nothing
	// else, by the name of the template in the programme: Zalo ZNS. The text
	// itself is then not sent.
	Templates map[string]Registered `json:"templates,omitempty"`

	// Callback is how the gateway tells what became of a message; nil: it does not.
	Callback *Callback `json:"callback,omitempty"`
	// Query is how to ask it; nil: it cannot be asked.
	Query *StatusQuery `json:"query,omitempty"`
	// Balance is how to ask what is left of the account; nil: it cannot be asked.
	Balance *BalanceQuery `json:"balance,omitempty"`

	// Timeout is the most one Send takes. Default 10 s.
	Timeout Duration `json:"timeout,omitempty"`
	// MaxConns is how many connections are open at once. Default 10.
	MaxConns int `json:"max_conns,omitempty"`
}

// AuthKind is a way to prove who is calling.
type AuthKind string

const (
	// NoAuth: the keys, if any, are in the body or the headers. The default.
	NoAuth AuthKind = "none"
	// Basic: User and Token by HTTP basic authentication.
	Basic AuthKind = "basic"
	// Bearer: Token in "Authorization: Bearer".
	Bearer AuthKind = "bearer"
	// HeaderKey: Token alone in the header named Header.
	HeaderKey AuthKind = "header"
)

// Auth is a kind of authentication with what it needs.
type Auth struct {
	Kind   AuthKind `json:"kind,omitempty"`
	User   string   `json:"user,omitempty"`   // Basic
	Token  Secret   `json:"token,omitempty"`  // the password, key or token
	Header string   `json:"header,omitempty"` // HeaderKey, and where OAuth2, Rotating and JWT put their token; default Authorization: Bearer

	// InBody puts the token of OAuth2, Rotating and JWT nowhere but where Body and
	// Headers say {{token}}.
	InBody  bool         `json:"in_body,omitempty"`
	Request TokenRequest `json:"token_request,omitzero"` // OAuth2 and Rotating
	JWT     JWTParts     `json:"jwt,omitzero"`           // JWT
	// Expired are codes of answers that say that the token is worthless, beside
	// HTTP 401.
	Expired []string `json:"expired,omitempty"`
}

// Registered is a message as it is registered with the gateway: {{template}} is
// its ID, a field of the type params its parameters.
type Registered struct {
	ID     string           `json:"id"`
	Params map[string]Param `json:"params,omitempty"`
}

// Param is one parameter of a registered message.
type Param struct {
	// From is the name of the value in the programme's template.
	From string `json:"from"`
	// Type is string, the default, or number.
	Type FieldType `json:"type,omitempty"`
	// Max is how many characters are allowed; a longer value is not sent. 0: any.
	Max int `json:"max,omitempty"`
}

// BodyKind is a format of requests.
type BodyKind string

const (
	// JSON: an object of Fields.
	JSON BodyKind = "json"
	// Form: Fields, URL-encoded, in the body.
	Form BodyKind = "form"
	// Query: Fields, URL-encoded, behind the URL, where proxies on the way
	// log them. Each call has a connection of its own.
	Query BodyKind = "query"
	// XML: Template with its placeholders replaced, for SOAP.
	XML BodyKind = "xml"
)

// Body is how a message is written down.
type Body struct {
	Kind BodyKind `json:"kind"`
	// Fields are the parameters by name. In JSON a dot in the name leads into
	// an object, or with a number into a list: "sms.0.to".
	Fields map[string]Field `json:"fields,omitempty"`
	// Template is the document for XML.
	Template string `json:"template,omitempty"`
}

// Field is one parameter. In Value
//
//	{{to}} {{text}} {{sender}} {{client_id}} {{class}} {{unicode}} {{secret.NAME}}
//
// are replaced; what they stand for is escaped as the format wants it, and
// never read as a template again.
type Field struct {
	Value  string    `json:"value"`
	Filter Filter    `json:"filter,omitempty"`
	Type   FieldType `json:"type,omitempty"`
}

// Filter changes the value of one field.
type Filter string

// The filters.
const (
	Phone84 Filter = "phone84" // +84912345678 becomes 84912345678
	Phone0  Filter = "phone0"  // +84912345678 becomes 0912345678
	Base64  Filter = "base64"
	Unmark  Filter = "unmark" // Vietnamese without its marks, whatever Text.Policy says
)

// FieldType is how JSON writes a value. The default is a string.
type FieldType string

// The types of field beside a string.
const (
	Number FieldType = "number"
	Bool   FieldType = "bool"
	Params FieldType = "params" // the parameters of the registered message, as an object
)

// PhoneForm is a way to write a Vietnamese number.
type PhoneForm string

// The forms of a number.
const (
	E164     PhoneForm = "e164" // +84912345678
	With84   PhoneForm = "84"   // 84912345678
	National PhoneForm = "0"    // 0912345678
)

// Choice is one of two words.
type Choice struct {
	Yes string `json:"yes"`
	No  string `json:"no"`
}

// Text is what becomes of a text, see [smstext.Options].
type Text struct {
	Policy   smstext.Policy `json:"policy,omitempty"`    // default strip
	MaxParts int            `json:"max_parts,omitempty"` // default 3
	Charset  *Charset       `json:"charset,omitempty"`   // default smstext.VietnameseGateway
}

// Charset is what the gateway makes of special characters, see [smstext.Charset].
type Charset struct {
	Forbidden string            `json:"forbidden,omitempty"`
	Replace   map[string]string `json:"replace,omitempty"`
}

// Format is a format of answers.
type Format string

// The formats of answers.
const (
	AnswerJSON Format = "json" // the default
	AnswerXML  Format = "xml"
	AnswerText Format = "text" // places are regular expressions; what counts is their group
)

// Answer is how to read what the gateway says.
type Answer struct {
	Format Format `json:"format,omitempty"`
	// Code and ID are the places of the result code and of the message's id:
	// names joined by dots, numbers for places in a list ("sms.0.status"). In
	// XML the names are those of elements, without their namespaces. At least
	// one of the two is needed; without Code an id means accepted, and so it does
	// in an answer without a code where Codes has accepted for "".
	Code string `json:"code,omitempty"`
	ID   string `json:"id,omitempty"`
	// Codes are the documented codes. Every other code is unknown.
	Codes map[string]Class `json:"codes,omitempty"`
	// Statuses overrules what an HTTP status means when the answer has no
	// documented code: "409", or "5xx" for all of a kind. Success (2xx) and
	// 429 are not up for choice.
	Statuses map[string]Class `json:"statuses,omitempty"`
	// RetryAfter is the header with the time to wait: seconds, a Unix time or
	// an HTTP date. Default "Retry-After".
	RetryAfter string `json:"retry_after,omitempty"`
}

// Class (nhóm kết quả) is what an answer means for the message.
type Class string

// The classes of answer.
const (
	Accepted      Class = "accepted"      // the gateway took it
	Repeated      Class = "duplicate"     // it took it before, under the same client_id
	Transient     Class = "transient"     // not now, later maybe
	Permanent     Class = "permanent"     // never this message
	Suppress      Class = "suppress"      // never this number
	Misconfigured Class = "misconfigured" // credentials, brandname, template, balance
	Throttled     Class = "throttled"     // too fast
	Unclear       Class = "unknown"       // cannot be told
)

// ParseConfig reads a configuration from JSON. With a "preset" it starts from
// that of a gateway this package knows, see [Preset], and changes what the JSON
// has. Unknown names, and anything after the object, are errors, since a misspelt
// "max_parts" would cost money. The result is valid, without its defaults.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	var named struct {
		Preset string `json:"preset"`
	}
	if json.Unmarshal(data, &named) == nil && named.Preset != "" {
		var known bool
		if c, known = Preset(named.Preset); !known {
			return Config{}, wrong("preset", "there is no preset %q: choose one of %s", "không có cấu hình sẵn %q: chọn một trong %s",
				named.Preset, strings.Join(Presets(), ", "))
		}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, unreadable(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Config{}, unreadable(errors.New("there is something after the object"))
	}
	return c, c.defaulted().validate()
}

func unreadable(err error) error {
	return fault.Broken("httpsms.config.json", "", "the configuration is not what is expected: %s",
		"cấu hình không đúng dạng: %s", err)
}

// Generic is a configuration for a gateway of one's own, or one in front of
// which a few lines translate. It is posted an object
//
//	{"client_id":"…","sender":"XUANLOC","to":"+84912345678","text":"…","class":"DH"}
//
// with DH (điều hành) for duty and CSKH (chăm sóc khách hàng) for care, takes
// nothing twice under one client_id within a day, and answers
//
//	{"code":"100","id":"…"}
//
// with the codes that Vietnamese gateways use most. Package smssink is such a
// gateway. Set URL, Sender and, if need be, Auth.
func Generic() Config {
	return Config{
		Name: "sms",
		Body: Body{Kind: JSON, Fields: map[string]Field{
			"client_id": {Value: "{{client_id}}"},
			"sender":    {Value: "{{sender}}"},
			"to":        {Value: "{{to}}"},
			"text":      {Value: "{{text}}"},
			"class":     {Value: "{{class}}"},
		}},
		Classes: map[string]string{"duty": "DH", "care": "CSKH"},
		Answer: Answer{Code: "code", ID: "id", Codes: map[string]Class{
			"99":  Permanent,     // the request cannot be read
			"100": Accepted,      //
			"101": Misconfigured, // wrong credentials
			"103": Misconfigured, // no balance
			"104": Misconfigured, // the sender name is not registered
			"108": Suppress,      // no mobile number
			"124": Repeated,      // this client_id was accepted before
			"146": Permanent,     // the text is empty or refused
		}},
		Idempotent: true,
		Window:     Duration(24 * time.Hour),
	}
}

// defaulted returns c with every default filled in. Maps are not shared.
func (c Config) defaulted() Config {
	if c.Body.Kind == Query {
		setDefault(&c.Method, http.MethodGet)
	}
	setDefault(&c.Method, http.MethodPost)
	setDefault(&c.Auth.Kind, NoAuth)
	c.Auth.Request = c.Auth.Request.defaulted(c.Auth.Kind)
	setDefault(&c.Auth.JWT.Lifetime, Duration(5*time.Minute))
	if c.Preset != "" && c.Callback != nil && c.Callback.Token == "" {
		c.Callback = nil
	}
	if c.Callback != nil {
		own := *c.Callback
		setDefault(&own.Format, JSON)
		setDefault(&own.Reply.Status, http.StatusOK)
		c.Callback = &own
	}
	if c.Query != nil {
		own := *c.Query
		if own.Body.Kind == Query {
			setDefault(&own.Method, http.MethodGet)
		}
		setDefault(&own.Method, http.MethodPost)
		setDefault(&own.Format, AnswerJSON)
		c.Query = &own
	}
	if c.Balance != nil {
		own := *c.Balance
		setDefault(&own.Body.Kind, Query)
		if own.Body.Kind == Query {
			setDefault(&own.Method, http.MethodGet)
		}
		setDefault(&own.Method, http.MethodPost)
		setDefault(&own.Format, AnswerJSON)
		setDefault(&own.Unit, "VND")
		c.Balance = &own
	}
	setDefault(&c.PhoneForm, E164)
	setDefault(&c.Unicode, Choice{Yes: "1", No: "0"})
	setDefault(&c.Text.Policy, smstext.Strip)
	setDefault(&c.Text.MaxParts, 3)
	setDefault(&c.Answer.Format, AnswerJSON)
	setDefault(&c.Answer.RetryAfter, "Retry-After")
	setDefault(&c.Timeout, Duration(10*time.Second))
	setDefault(&c.MaxConns, 10)
	c.Classes = maps.Clone(c.Classes)
	c.Answer.Codes = maps.Clone(c.Answer.Codes)
	c.Answer.Statuses = maps.Clone(c.Answer.Statuses)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate names every field that is wrong. c has its defaults.
func (c Config) validate() error {
	var faults fault.List
	if c.Name == "" {
		faults.Add(wrong("name", "the gateway needs a name, by which attempts and metrics know it",
			"tổng đài cần có tên để ghi vào lần gửi và số liệu"))
	}
	faults.Add(judgeMethod("method", c.Method, c.Body.Kind), c.judgeURL("url", c.URL))
	faults.Add(c.judgeAuth()...)
	faults.Add(c.judgeClasses()...)
	faults.Add(c.judgeTemplates()...)
	faults.Add(c.judgeCallback()...)
	faults.Add(c.judgeQuery()...)
	faults.Add(c.judgeBalance()...)
	faults.Add(c.judgeHeaders()...)
	faults.Add(c.judgeBody()...)
	faults.Add(c.judgeText()...)
	faults.Add(c.judgeAnswer()...)
	if c.Timeout < 0 || c.Window < 0 || c.MaxConns < 0 {
		faults.Add(wrong("timeout", "timeout, window and max_conns must not be negative",
			"timeout, window và max_conns không được âm"))
	}
	return faults.Err()
}

func judgeMethod(field, method string, kind BodyKind) error {
	switch {
	case method == http.MethodPost, method == http.MethodPut, method == http.MethodGet && kind == Query:
		return nil
	}
	return wrong(field, "%q does not fit: choose POST or PUT, or GET for a query", "%q không phù hợp: chọn POST hoặc PUT, hoặc GET cho kiểu query", method)
}

func (c Config) judgeURL(field, address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return wrong(field, "this is no address of a gateway: give https://host/path",
			"đây không phải địa chỉ tổng đài: hãy ghi https://máy/đường-dẫn")
	case u.User != nil:
		return wrong(field, "a password must not be part of the address: use auth",
			"không ghi mật khẩu trong địa chỉ: hãy dùng auth")
	case u.Scheme == "http" && !c.Insecure && !loopback(u.Hostname()):
		return wrong(field, "plain http shows keys and numbers to everybody on the way: use https, or set insecure if the gateway has nothing better",
			"http không mã hóa làm lộ khóa và số điện thoại: hãy dùng https, hoặc đặt insecure nếu tổng đài không hỗ trợ")
	}
	return nil
}

// loopback reports whether host can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) judgeAuth() []error {
	a := c.Auth
	var faults fault.List
	switch {
	case a.Kind == NoAuth:
		if a.User != "" || a.Token != "" || a.Header != "" {
			faults.Add(wrong("auth.kind", "user, token and header need a kind: basic, bearer, header, oauth2, refresh or jwt",
				"user, token và header cần có kind: basic, bearer, header, oauth2, refresh hoặc jwt"))
		}
	case a.Kind == Basic && (a.User == "" || a.Token == ""):
		faults.Add(wrong("auth.user", "basic authentication needs a user and a token", "xác thực basic cần user và token"))
	case a.Kind == Bearer && a.Token == "":
		faults.Add(wrong("auth.token", "bearer authentication needs a token", "xác thực bearer cần token"))
	case a.Kind == HeaderKey && (a.Token == "" || !validHeader(a.Header, string(a.Token))):
		faults.Add(wrong("auth.header", "a key in a header needs the header's name and a token of printable characters",
			"khóa trong header cần tên header và token gồm ký tự in được"))
	case a.Kind == JWT || a.fetches():
		faults.Add(c.judgeTokens()...)
	case a.Kind != Basic && a.Kind != Bearer && a.Kind != HeaderKey:
		faults.Add(wrong("auth.kind", "%q is no kind of authentication: choose none, basic, bearer, header, oauth2, refresh or jwt",
			"%q không phải kiểu xác thực: chọn none, basic, bearer, header, oauth2, refresh hoặc jwt", a.Kind))
	}
	return faults
}

func (c Config) judgeTokens() []error {
	a := c.Auth
	var faults fault.List
	if a.User == "" || a.Token == "" {
		faults.Add(wrong("auth.token", "authentication by tokens needs the account in user and its key in token",
			"xác thực bằng token cần tài khoản ở user và khóa ở token"))
	}
	if a.Header != "" && !validHeader(a.Header, "x") {
		faults.Add(wrong("auth.header", "this is no name of a header", "đây không phải tên header"))
	}
	if a.JWT.Lifetime < 0 {
		faults.Add(wrong("auth.jwt", "the lifetime must not be negative", "thời hạn không được âm"))
	}
	if !a.fetches() {
		return faults
	}
	faults.Add(c.judgeURL("auth.token_request.url", a.Request.URL))
	if _, err := c.formOf("auth.token_request.body", a.Request.Body, authNames...); err != nil {
		faults.Add(err)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Request.Headers)) {
		_, err := c.parse("auth.token_request.headers."+name, a.Request.Headers[name], authNames...)
		faults.Add(err)
	}
	return faults
}

// defaulted is a request for a token as RFC 6749 has it.
func (r TokenRequest) defaulted(kind AuthKind) TokenRequest {
	if r.Body.Kind == "" {
		r.Body = Body{Kind: Form, Fields: map[string]Field{
			"grant_type": {Value: "client_credentials"}, "client_id": {Value: "{{user}}"}, "client_secret": {Value: "{{key}}"},
		}}
		if kind == Rotating {
			r.Body.Fields["grant_type"] = Field{Value: "refresh_token"}
			r.Body.Fields["refresh_token"] = Field{Value: "{{refresh_token}}"}
		}
	}
	setDefault(&r.Access, "access_token")
	setDefault(&r.Refresh, "refresh_token")
	setDefault(&r.Expires, "expires_in")
	return r
}

// advertising are words by which gateways call the class that the programme
// never sends (domain 3.9: Decree 91/2020/NĐ-CP).
var advertising = []string{"qc", "quangcao", "quảngcáo", "ads", "advert", "promo", "marketing"}

// advertisingNumbers are the numbers by which gateways of presets call it.
var advertisingNumbers = map[string]string{"esms": "1", "speedsms": "1"}

// judgeClasses sees to it that nothing goes out as an advertisement.
func (c Config) judgeClasses() []error {
	var faults fault.List
	for _, class := range slices.Sorted(maps.Keys(c.Classes)) {
		called := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(c.Classes[class]))
		if class != string(notify.Duty) && class != string(notify.Care) {
			faults.Add(wrong("classes."+class, "there is no such class: the programme knows duty and care, and never advertises",
				"không có loại tin này: chương trình chỉ có duty (điều hành) và care (chăm sóc), không bao giờ quảng cáo"))
		}
		number, numbered := advertisingNumbers[c.Preset]
		if numbered && called == number || slices.ContainsFunc(advertising, func(word string) bool { return strings.HasPrefix(called, word) }) {
			faults.Add(wrong("classes."+class, "%q is a class of advertisements, which the programme never sends",
				"%q là loại tin quảng cáo, chương trình không bao giờ gửi", c.Classes[class]))
		}
	}
	return faults
}

func (c Config) judgeTemplates() []error {
	var faults fault.List
	for _, name := range slices.Sorted(maps.Keys(c.Templates)) {
		r := c.Templates[name]
		if r.ID == "" {
			faults.Add(wrong("templates."+name, "give the id under which the gateway has registered it", "hãy ghi mã mẫu đã đăng ký với nhà cung cấp"))
		}
		for _, param := range slices.Sorted(maps.Keys(r.Params)) {
			if p := r.Params[param]; p.From == "" || p.Max < 0 || p.Type != "" && p.Type != Number {
				faults.Add(wrong("templates."+name+"."+param, "say from which value it comes; its type is number or nothing, its max not negative",
					"hãy ghi lấy từ giá trị nào; type là number hoặc để trống, max không âm"))
			}
		}
	}
	return faults
}

func (c Config) judgeCallback() []error {
	set := c.Callback
	if set == nil {
		return nil
	}
	var faults fault.List
	if len(set.Token) < 16 || strings.Trim(strings.ToLower(string(set.Token)), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		faults.Add(wrong("callback.token", "the secret end of the address needs 16 letters and digits at least: nothing else shows who is calling",
			"phần bí mật cuối địa chỉ cần ít nhất 16 chữ và số: ngoài nó không có gì cho biết ai đang gọi"))
	}
	for _, allowed := range set.Allow {
		if _, err := network(allowed); err != nil {
			faults.Add(wrong("callback.allow", "%q is no IP address and no network like 203.0.113.0/24", "%q không phải địa chỉ IP hay dải mạng như 203.0.113.0/24", allowed))
		}
	}
	if set.Format != Query && set.Format != Form && set.Format != JSON && set.Format != XML || set.List != "" && set.Format != JSON {
		faults.Add(wrong("callback.format", "choose query, form, json or xml; only json has a list", "chọn query, form, json hoặc xml; chỉ json có list"))
	}
	if set.Reply.Status < 200 || set.Reply.Status > 299 {
		faults.Add(wrong("callback.reply", "the status has to be 2xx: anything else says that nothing was taken", "status phải là 2xx: mã khác nghĩa là chưa nhận"))
	}
	if set.ID == "" && set.Key == "" {
		faults.Add(wrong("callback.id", "say where the id or the key of the message stands", "hãy ghi vị trí mã hoặc khóa của tin"))
	}
	faults.Add(set.News.judge("callback")...)
	return faults
}

func (c Config) judgeQuery() []error {
	q := c.Query
	if q == nil {
		return nil
	}
	var faults fault.List
	faults.Add(judgeMethod("query.method", q.Method, q.Body.Kind), c.judgeURL("query.url", q.URL))
	if _, err := c.formOf("query.body", q.Body, "id"); err != nil {
		faults.Add(err)
	}
	if q.Format != AnswerJSON && q.Format != AnswerXML && q.Format != AnswerText {
		faults.Add(wrong("query.format", "%q is no format of answers: choose json, xml or text", "%q không phải dạng trả lời: chọn json, xml hoặc text", q.Format))
	}
	faults.Add(q.News.judge("query")...)
	return faults
}

func (n News) judge(field string) []error {
	var faults fault.List
	if n.Code == "" || len(n.Codes) == 0 {
		faults.Add(wrong(field+".code", "say where the word for what became of the message stands, and what each word means",
			"hãy ghi vị trí và ý nghĩa của từ cho biết kết quả tin"))
	}
	verdicts := []notify.Verdict{notify.VerdictDelivered, notify.VerdictUndelivered, notify.VerdictUnderway, notify.VerdictUnclear}
	for _, code := range slices.Sorted(maps.Keys(n.Codes)) {
		if !slices.Contains(verdicts, n.Codes[code]) {
			faults.Add(wrong(field+".codes."+code, "%q is no verdict: choose delivered, undelivered, underway or unclear",
				"%q không phải kết luận: chọn delivered, undelivered, underway hoặc unclear", n.Codes[code]))
		}
	}
	bars := []notify.Bar{notify.BarBounced, notify.BarNoSubscriber, notify.BarRefused, notify.BarComplaint, notify.BarOptedOut}
	for _, code := range slices.Sorted(maps.Keys(n.Bars)) {
		if !slices.Contains(bars, n.Bars[code]) {
			faults.Add(wrong(field+".bars."+code, "%q is no reason: choose bounced, no_subscriber, refused, complaint or opted_out",
				"%q không phải lý do: chọn bounced, no_subscriber, refused, complaint hoặc opted_out", n.Bars[code]))
		}
	}
	return faults
}

func (c Config) judgeHeaders() []error {
	var faults fault.List
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		if !validHeader(name, c.Headers[name]) {
			faults.Add(wrong("headers."+name, "this is no header that can be sent", "đây không phải header gửi được"))
		}
		_, err := c.parse("headers."+name, c.Headers[name])
		faults.Add(err)
	}
	return faults
}

func (c Config) judgeBody() []error {
	var faults fault.List
	switch c.Body.Kind {
	case JSON, Form, Query:
		if len(c.Body.Fields) == 0 || c.Body.Template != "" {
			faults.Add(wrong("body.fields", "a body of this kind is made of fields", "nội dung kiểu này được tạo từ fields"))
		}
	case XML:
		if len(c.Body.Fields) > 0 || c.Body.Template == "" {
			faults.Add(wrong("body.template", "an XML body is made of a template", "nội dung XML được tạo từ template"))
		}
	default:
		faults.Add(wrong("body.kind", "%q is no kind of body: choose json, form, query or xml",
			"%q không phải kiểu nội dung: chọn json, form, query hoặc xml", c.Body.Kind))
	}
	_, err := c.parse("body.template", c.Body.Template)
	faults.Add(err)
	for _, name := range slices.Sorted(maps.Keys(c.Body.Fields)) {
		faults.Add(c.judgeField("body.fields."+name, c.Body.Fields[name]))
	}
	if c.Body.Kind == JSON {
		_, err := nest(c.samples())
		faults.Add(err)
	}
	return faults
}

func (c Config) judgeField(name string, f Field) error {
	if _, err := c.parse(name, f.Value); err != nil {
		return err
	}
	switch f.Filter {
	case "", Phone84, Phone0, Base64, Unmark:
	default:
		return wrong(name, "%q is no filter: choose phone84, phone0, base64 or unmark", "%q không phải bộ lọc: chọn phone84, phone0, base64 hoặc unmark", f.Filter)
	}
	switch f.Type {
	case "", Number, Bool, Params:
	default:
		return wrong(name, "%q is no type: choose number, bool or params, or leave it empty for a string", "%q không phải kiểu: chọn number, bool hoặc params, hoặc để trống cho chuỗi", f.Type)
	}
	return nil
}

// samples has a value for every field, to see whether their names fit together.
func (c Config) samples() map[string]any {
	values := map[string]any{}
	for name := range c.Body.Fields {
		values[name] = ""
	}
	return values
}

func (c Config) judgeText() []error {
	var faults fault.List
	if len(c.Templates) == 0 || c.Sender != "" {
		faults.Add(smstext.ValidSender(c.Sender))
	}
	_, err := smstext.Prepare("x", c.Text.options())
	for _, v := range fault.Violations(err) {
		inText := *v
		inText.Field = "text." + v.Field
		faults.Add(&inText)
	}
	switch c.PhoneForm {
	case E164, With84, National:
	default:
		faults.Add(wrong("phone_form", "%q is no way to write a number: choose e164, 84 or 0",
			"%q không phải cách ghi số: chọn e164, 84 hoặc 0", c.PhoneForm))
	}
	return faults
}

func (c Config) judgeAnswer() []error {
	var faults fault.List
	a := c.Answer
	switch a.Format {
	case AnswerJSON, AnswerXML:
	case AnswerText:
		for _, place := range []string{a.Code, a.ID} {
			if expression, err := regexp.Compile(place); err != nil || place != "" && expression.NumSubexp() != 1 {
				faults.Add(wrong("answer.code", "a place in a text is a regular expression with one group", "vị trí trong văn bản là biểu thức chính quy có một nhóm"))
			}
		}
	default:
		faults.Add(wrong("answer.format", "%q is no format of answers: choose json, xml or text", "%q không phải dạng trả lời: chọn json, xml hoặc text", a.Format))
	}
	if a.Code == "" && a.ID == "" {
		faults.Add(wrong("answer.code", "say where the code or the id stands: HTTP 200 alone never means accepted",
			"hãy ghi vị trí của mã hoặc id: HTTP 200 không có nghĩa là đã nhận"))
	}
	if a.Code != "" && !slices.Contains(slices.Collect(maps.Values(a.Codes)), Accepted) {
		faults.Add(wrong("answer.codes", "no code means accepted", "không có mã nào nghĩa là đã nhận (accepted)"))
	}
	for _, code := range slices.Sorted(maps.Keys(a.Codes)) {
		if !a.Codes[code].valid() {
			faults.Add(wrong("answer.codes."+code, noClass, khongPhaiNhom, a.Codes[code]))
		}
	}
	for _, status := range slices.Sorted(maps.Keys(a.Statuses)) {
		switch class := a.Statuses[status]; {
		case !statusKey(status):
			faults.Add(wrong("answer.statuses."+status, "this is no status to choose for: write 409, or 5xx for all of a kind, from 300 on and not 429",
				"đây không phải mã trạng thái chọn được: hãy ghi 409, hoặc 5xx cho cả nhóm, từ 300 trở lên và khác 429"))
		case !class.valid() || class == Accepted:
			faults.Add(wrong("answer.statuses."+status, noClass, khongPhaiNhom, class))
		}
	}
	return faults
}

const (
	noClass       = "%q is no class: choose accepted (codes only), duplicate, transient, permanent, suppress, misconfigured, throttled or unknown"
	khongPhaiNhom = "%q không phải nhóm kết quả: chọn accepted (chỉ cho codes), duplicate, transient, permanent, suppress, misconfigured, throttled hoặc unknown"
)

func wrong(field, en, vi string, args ...any) *fault.Violation {
	rule, _, _ := strings.Cut(field, ".")
	return fault.Broken("httpsms.config."+rule, field, strings.ReplaceAll(field, "%", "%%")+": "+en, strings.ReplaceAll(field, "%", "%%")+": "+vi, args...)
}

// options are the settings for package smstext.
func (t Text) options() *smstext.Options {
	o := &smstext.Options{Policy: t.Policy, MaxParts: t.MaxParts}
	if t.Charset != nil {
		o.Charset = &smstext.Charset{Forbidden: t.Charset.Forbidden, Replace: t.Charset.Replace}
	}
	return o
}
