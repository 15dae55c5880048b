package smtpmail

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// TLS (mã hóa đường truyền) is how the connection to the relay is protected.
type TLS string

const (
	// StartTLS begins in the clear and must be able to switch, usually on
	// port 587: a relay that does not offer it gets nothing.
	StartTLS TLS = "starttls"
	// Implicit speaks TLS from the first byte, usually on port 465.
	Implicit TLS = "implicit"
	// Plaintext protects nothing. It is allowed to a relay on this machine, and
	// elsewhere only with [Config.Insecure].
	Plaintext TLS = "none"
)

// Mechanism is how the sender proves who it is.
type Mechanism string

const (
	// Plain is AUTH PLAIN, which every relay should offer.
	Plain Mechanism = "plain"
	// Login is AUTH LOGIN, for old Exchange servers.
	Login Mechanism = "login"
	// XOAuth2 is AUTH XOAUTH2 with a token from [Options.Token], for relays of
	// Google and Microsoft.
	XOAuth2 Mechanism = "xoauth2"
	// OAuthBearer is AUTH OAUTHBEARER (RFC 7628), the standard's form of it.
	OAuthBearer Mechanism = "oauthbearer"
)

// byToken reports whether a token takes the place of the password.
func (m Mechanism) byToken() bool { return m == XOAuth2 || m == OAuthBearer }

// Foreign (hộp thư có ký tự ngoài ASCII) says what becomes of a mailbox with
// letters outside ASCII, such as văn.thư@suốicát.example.
type Foreign string

const (
	// RefuseForeign refuses it: few relays on the way to an official's mailbox
	// take it.
	RefuseForeign Foreign = "refuse"
	// ASCIIDomain writes its domain in the ASCII form that every relay takes
	// (xn--…), and refuses letters outside ASCII before the @.
	ASCIIDomain Foreign = "ascii"
	// SMTPUTF8 sends to it as it is where the relay takes it (RFC 6531), and
	// refuses it elsewhere.
	SMTPUTF8 Foreign = "smtputf8"
)

// DKIM (chữ ký của tên miền) is the key with which mails are signed. Leave it
// out where the relay signs, which is the rule.
type DKIM struct {
	// Domain answers for the mail; the key is published below it. Default:
	// that of [Config.Domain].
	Domain string
	// Selector names the key: its public half stands in the DNS at
	// Selector._domainkey.Domain.
	Selector string
	// Key is the private key in PEM (PKCS #1 or PKCS #8). RSA with 2048 bits
	// or more is verified everywhere; Ed25519 is not.
	Key Secret
}

// Secret (thông tin mật) is a password that no print, log or JSON shows.
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

// Config says which relay to use and how. Only Addr, From and Domain have no
// default.
type Config struct {
	// Name of the provider in attempts and metrics. Default "smtp".
	Name string
	// Addr is host:port of the relay.
	Addr string
	// TLS is how the connection is protected. Default StartTLS.
	TLS TLS
	// ServerName is the name the relay's certificate must have. Default: the
	// host of Addr.
	ServerName string
	// TLSConfig has further settings, for example a private root. It is
	// cloned. Default: the system's roots, TLS 1.2 and newer.
	TLSConfig *tls.Config
	// Insecure allows Plaintext to a relay on another machine. A login is
	// refused there all the same.
	Insecure bool
	// HELO is the name this client introduces itself with. Default: Domain.
	HELO string

	// Username and Password log in to the relay; both empty: no login.
	Username string
	Password Secret
	// Mechanism is how to log in. Default: Plain when the relay offers it,
	// else Login.
	Mechanism Mechanism

	// From is the mailbox that readers see and answer to:
	// "UBND huyện Xuân Lộc <vanphong@xuanloc.example>".
	From string
	// ReturnPath is the mailbox that bounces go to. {{notice}} and {{attempt}}
	// in it are replaced, so that each bounce names the attempt it belongs to:
	// "bounce+{{notice}}.{{attempt}}@xuanloc.example". Default: the address of From.
	ReturnPath string
	// Domain stands behind the @ of every Message-ID. It should be the
	// office's own, since the ids of two offices must differ.
	Domain string
	// DSN asks the relay, where it can, to report failure and delay to
	// ReturnPath. [Config.ReadReport] reads what comes back.
	DSN bool
	// DSNSuccess asks for a report of success as well, at the price of one mail
	// to ReturnPath for each that went out. It settles what is unknown.
	DSNSuccess bool
	// Foreign is what becomes of mailboxes with letters outside ASCII. Default
	// RefuseForeign.
	Foreign Foreign
	// DKIM signs the mails. Nil: they are not signed here.
	DKIM *DKIM
	// ListID names the stream of mails to the reader's mailbox (RFC 2919), so
	// that it can be sorted by rule: "hvcs.xuanloc.example". Empty: no header.
	ListID string
	// Unsubscribe is where a reader outside the administration asks not to be
	// written to: a mailto: or an https: address (RFC 2369). It is put into mails
	// of the class care; whoever is on duty cannot unsubscribe. With https: the
	// mailbox may also do it by one click (RFC 8058). Empty: no header.
	Unsubscribe string

	// Timeout is the most one Send takes. Default 30 s.
	Timeout time.Duration
	// MaxConns is how many connections are in use at once. Default 8.
	MaxConns int
	// MaxMailsPerConn is how many mails go over one connection. Default 100.
	MaxMailsPerConn int
	// MaxConnAge is how long a connection is used. Default 5 min.
	MaxConnAge time.Duration
	// Window is how many mails are under way at once on one connection to a
	// relay that offers PIPELINING; other relays get them one by one. Even with
	// 1, a mail is one round trip there instead of four. It bounds, with MaxConns,
	// how many mails a crash of this process leaves in doubt. Default 1.
	Window int
	// Ignore names extensions that the relay offers and that are not to be used:
	// PIPELINING, CHUNKING. For a firewall in between that spoils them.
	Ignore []string
}

// Options are what a test or an unusual network replaces. A nil *Options is
// the zero value.
type Options struct {
	// Clock tells whether a message has expired. Default time.Now.
	Clock func() time.Time
	// Token gives the access token for XOAuth2 and OAuthBearer. It is called for
	// each login and should return a token that lasts for some minutes; it may be
	// called concurrently.
	Token func(ctx context.Context) (Secret, error)
	// Dial opens the connection to the relay. Default: a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// defaulted returns c with every default filled in.
func (c Config) defaulted() Config {
	setDefault(&c.Name, "smtp")
	setDefault(&c.TLS, StartTLS)
	setDefault(&c.HELO, c.Domain)
	setDefault(&c.Timeout, 30*time.Second)
	setDefault(&c.MaxConns, 8)
	setDefault(&c.MaxMailsPerConn, 100)
	setDefault(&c.MaxConnAge, 5*time.Minute)
	setDefault(&c.Window, 1)
	setDefault(&c.Foreign, RefuseForeign)
	if c.DKIM != nil {
		signed := *c.DKIM
		setDefault(&signed.Domain, c.Domain)
		c.DKIM = &signed
	}
	if host, _, err := net.SplitHostPort(c.Addr); err == nil {
		setDefault(&c.ServerName, host)
	}
	if from, err := mail.ParseAddress(c.From); err == nil {
		setDefault(&c.ReturnPath, from.Address)
	}
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
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil || host == "" || port == "" {
		faults.Add(wrong("Addr", "%q is no address of a relay: give host:port, for example mail.xuanloc.example:587",
			"%q không phải địa chỉ máy chủ thư: hãy ghi máy:cổng, ví dụ mail.xuanloc.example:587", c.Addr))
	}
	switch c.TLS {
	case StartTLS, Implicit:
	case Plaintext:
		faults.Add(c.judgePlaintext(host))
	default:
		faults.Add(wrong("TLS", "%q is no kind of protection: choose starttls, implicit or none",
			"%q không phải kiểu mã hóa: chọn starttls, implicit hoặc none", c.TLS))
	}
	switch c.Mechanism {
	case "", Plain, Login, XOAuth2, OAuthBearer:
	default:
		faults.Add(wrong("Mechanism", "%q is no way to log in: choose plain, login, xoauth2 or oauthbearer, or leave it empty",
			"%q không phải cách đăng nhập: chọn plain, login, xoauth2 hoặc oauthbearer, hoặc để trống", c.Mechanism))
	}
	switch {
	case c.Mechanism.byToken():
		if c.Username == "" || c.Password != "" {
			faults.Add(wrong("Password", "%s logs in with Username and a token: give a Username and no Password",
				"%s đăng nhập bằng Username và mã truy cập: hãy ghi Username và bỏ Password", c.Mechanism))
		}
	case (c.Username == "") != (c.Password == ""):
		faults.Add(wrong("Password", "a login needs both Username and Password: give both or none",
			"đăng nhập cần cả Username và Password: hãy ghi cả hai hoặc bỏ cả hai"))
	}
	faults.Add(c.judgeNames(), c.judgeMailboxes(), c.judgeHeaders(), c.judgeLimits())
	return faults.Err()
}

func (c Config) judgePlaintext(host string) error {
	if loopback(host) {
		return nil
	}
	if !c.Insecure {
		return wrong("TLS", "without protection only a relay on this machine may be used: choose starttls or implicit, or set Insecure",
			"không mã hóa thì chỉ được dùng máy chủ thư trên chính máy này: chọn starttls hoặc implicit, hoặc bật Insecure")
	}
	if c.Username != "" {
		return wrong("Username", "a password must not cross a network in the clear: choose starttls or implicit, or log in nowhere",
			"không được gửi mật khẩu qua mạng khi không mã hóa: chọn starttls hoặc implicit, hoặc bỏ đăng nhập")
	}
	return nil
}

func (c Config) judgeNames() error {
	var faults fault.List
	if !validDomain(c.Domain, false) {
		faults.Add(wrong("Domain", "%q is no domain: give the office's own, for example xuanloc.example",
			"%q không phải tên miền: hãy ghi tên miền của cơ quan, ví dụ xuanloc.example", c.Domain))
	}
	if c.HELO != c.Domain && !validDomain(c.HELO, false) && net.ParseIP(strings.Trim(c.HELO, "[]")) == nil {
		faults.Add(wrong("HELO", "%q is no name for a client: give a domain or an address in brackets",
			"%q không phải tên máy khách: hãy ghi tên miền hoặc địa chỉ trong ngoặc vuông", c.HELO))
	}
	return faults.Err()
}

func (c Config) judgeMailboxes() error {
	var faults fault.List
	from, err := mail.ParseAddress(c.From)
	if err != nil || !validMailbox(from.Address, c.Foreign == SMTPUTF8) {
		faults.Add(wrong("From", "%q is no mailbox: write \"Office <office@domain>\"",
			"%q không phải hộp thư: hãy ghi \"Cơ quan <hopthu@tenmien>\"", c.From))
	}
	if longest := strings.NewReplacer(noticeField, strings.Repeat("x", maxToken), attemptField, "9999").Replace(c.ReturnPath); !validMailbox(longest, c.Foreign == SMTPUTF8) {
		faults.Add(wrong("ReturnPath", "%q is no mailbox for bounces: write bounce@domain, where {{notice}} takes up to %[2]d characters of the 64 before the @",
			"%q không phải hộp thư nhận thư trả lại: hãy ghi bounce@tenmien, trong đó {{notice}} dài đến %[2]d ký tự trong 64 ký tự trước @", c.ReturnPath, maxToken))
	}
	return faults.Err()
}

// judgeHeaders looks at what goes into the header of every mail.
func (c Config) judgeHeaders() error {
	var faults fault.List
	switch c.Foreign {
	case RefuseForeign, ASCIIDomain, SMTPUTF8:
	default:
		faults.Add(wrong("Foreign", "%q is no way with mailboxes outside ASCII: choose refuse, ascii or smtputf8",
			"%q không phải cách xử lý hộp thư ngoài ASCII: chọn refuse, ascii hoặc smtputf8", c.Foreign))
	}
	if c.ListID != "" && !validDomain(c.ListID, false) {
		faults.Add(wrong("ListID", "%q cannot name a stream of mails: write it like a domain, for example hvcs.xuanloc.example",
			"%q không thể là tên luồng thư: hãy ghi như tên miền, ví dụ hvcs.xuanloc.example", c.ListID))
	}
	if c.Unsubscribe != "" && !validUnsubscribe(c.Unsubscribe) {
		faults.Add(wrong("Unsubscribe", "%q is no address to unsubscribe at: give mailto:… or https://…",
			"%q không phải địa chỉ để từ chối nhận thư: hãy ghi mailto:… hoặc https://…", c.Unsubscribe))
	}
	if c.DKIM != nil {
		if !validDomain(c.DKIM.Domain, false) || !validDomain(c.DKIM.Selector, false) {
			faults.Add(wrong("DKIM", "a signature needs a Domain and a Selector, each written like a domain",
				"chữ ký cần có Domain và Selector, ghi như tên miền"))
		}
		if _, err := parseKey(c.DKIM.Key); err != nil {
			faults.Add(wrong("DKIM", "the Key is no private key in PEM of RSA (2048 bits or more) or Ed25519",
				"Key không phải khóa riêng dạng PEM của RSA (từ 2048 bit) hoặc Ed25519"))
		}
	}
	return faults.Err()
}

// validUnsubscribe reports whether address can stand in List-Unsubscribe.
func validUnsubscribe(address string) bool {
	u, err := url.Parse(address)
	if err != nil || !ascii(address) || strings.ContainsAny(address, "<>, \r\n\t") {
		return false
	}
	return u.Scheme == "https" && u.Host != "" || u.Scheme == "mailto" && strings.Contains(u.Opaque, "@")
}

func (c Config) judgeLimits() error {
	var faults fault.List
	for _, limit := range []struct {
		field string
		value int64
	}{
		{"Timeout", int64(c.Timeout)},
		{"MaxConns", int64(c.MaxConns)},
		{"MaxMailsPerConn", int64(c.MaxMailsPerConn)},
		{"MaxConnAge", int64(c.MaxConnAge)},
		{"Window", int64(c.Window)},
	} {
		if limit.value < 0 {
			faults.Add(wrong(limit.field, "a limit must not be negative: give a positive value, or 0 for the default",
				"giới hạn không được âm: hãy ghi số dương, hoặc 0 để dùng mặc định"))
		}
	}
	for _, name := range c.Ignore {
		if !slices.ContainsFunc(ignorable, func(known string) bool { return strings.EqualFold(name, known) }) {
			faults.Add(wrong("Ignore", "%q is no extension that can be left unused: choose among %s",
				"%q không phải phần mở rộng có thể bỏ qua: chọn trong %s", name, strings.Join(ignorable, ", ")))
		}
	}
	return faults.Err()
}

// ignorable are the extensions whose use is a choice.
var ignorable = []string{"PIPELINING", "CHUNKING"}

func wrong(field, en, vi string, args ...any) *fault.Violation {
	return fault.Broken("smtpmail.config."+strings.ToLower(field), field, field+": "+en, field+": "+vi, args...)
}

// loopback reports whether host can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
