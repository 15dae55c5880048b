package smtpmail

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
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
)

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
	// ReturnPath.
	DSN bool
	// SMTPUTF8 allows mailboxes with letters outside ASCII. Off by default:
	// few relays on the way to an official's mailbox take them.
	SMTPUTF8 bool

	// Timeout is the most one Send takes. Default 30 s.
	Timeout time.Duration
	// MaxConns is how many connections are in use at once. Default 8.
	MaxConns int
	// MaxMailsPerConn is how many mails go over one connection. Default 100.
	MaxMailsPerConn int
	// MaxConnAge is how long a connection is used. Default 5 min.
	MaxConnAge time.Duration
}

// Options are what a test or an unusual network replaces. A nil *Options is
// the zero value.
type Options struct {
	// Clock tells whether a message has expired. Default time.Now.
	Clock func() time.Time
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
	case "", Plain, Login:
	default:
		faults.Add(wrong("Mechanism", "%q is no way to log in: choose plain or login, or leave it empty",
			"%q không phải cách đăng nhập: chọn plain hoặc login, hoặc để trống", c.Mechanism))
	}
	if (c.Username == "") != (c.Password == "") {
		faults.Add(wrong("Password", "a login needs both Username and Password: give both or none",
			"đăng nhập cần cả Username và Password: hãy ghi cả hai hoặc bỏ cả hai"))
	}
	faults.Add(c.judgeNames(), c.judgeMailboxes(), c.judgeLimits())
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
	if err != nil || !validMailbox(from.Address, c.SMTPUTF8) {
		faults.Add(wrong("From", "%q is no mailbox: write \"Office <office@domain>\"",
			"%q không phải hộp thư: hãy ghi \"Cơ quan <hopthu@tenmien>\"", c.From))
	}
	if longest := strings.NewReplacer(noticeField, strings.Repeat("x", maxToken), attemptField, "9999").Replace(c.ReturnPath); !validMailbox(longest, c.SMTPUTF8) {
		faults.Add(wrong("ReturnPath", "%q is no mailbox for bounces: write bounce@domain, where {{notice}} takes up to %[2]d characters of the 64 before the @",
			"%q không phải hộp thư nhận thư trả lại: hãy ghi bounce@tenmien, trong đó {{notice}} dài đến %[2]d ký tự trong 64 ký tự trước @", c.ReturnPath, maxToken))
	}
	return faults.Err()
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
	} {
		if limit.value < 0 {
			faults.Add(wrong(limit.field, "a limit must not be negative: give a positive value, or 0 for the default",
				"giới hạn không được âm: hãy ghi số dương, hoặc 0 để dùng mặc định"))
		}
	}
	return faults.Err()
}

func wrong(field, en, vi string, args ...any) *fault.Violation {
	return fault.Broken("smtpmail.config."+strings.ToLower(field), field, field+": "+en, field+": "+vi, args...)
}

// loopback reports whether host can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
