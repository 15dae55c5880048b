package smpp

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// Secret (thông tin mật) is a password that no print, log or JSON shows.
type Secret string

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.shown()) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

func (s Secret) shown() string { return strings.Repeat("[secret]", min(len(s), 1)) }

// IDs says how the centre writes the id of a message. Some write it in one way
// when they take the message and in another in its receipt; both are then
// turned into the same decimal number.
type IDs string

const (
	// SameIDs are written alike.
	SameIDs IDs = "same"
	// HexThenDecimal are hexadecimal in the answer and decimal in the receipt.
	HexThenDecimal IDs = "hex_decimal"
	// DecimalThenHex are the other way round.
	DecimalThenHex IDs = "decimal_hex"
)

// Config says which centre to use and how. Addr, SystemID and Source have no
// default.
type Config struct {
	Name       string      // of the provider in attempts and metrics. Default "smpp"
	Addr       string      // host:port of the centre
	TLS        bool        // speak TLS from the first byte
	TLSConfig  *tls.Config // further settings of TLS; cloned. Default: the system's roots, TLS 1.2 and newer
	Insecure   bool        // allow a centre on another machine without TLS, as through a private line
	SystemID   string      // name of the account, at most 15 bytes
	Password   Secret      // at most 8 bytes
	SystemType string      // at most 12 bytes; most centres want none

	Source    string // registered sender name (brandname), or a number
	SourceTON *byte  // type of number of Source. Default 5, a name
	SourceNPI byte   // numbering plan of Source. Default 0
	DestTON   *byte  // type of number of recipients. Default 1, international
	DestNPI   *byte  // numbering plan of recipients. Default 1, telephone

	Marks      smstext.Policy           // what becomes of marks. Default smstext.Strip
	MaxParts   int                      // the longest message. Default 3
	Charset    *smstext.Charset         // what the centre makes of special characters. Default smstext.VietnameseGateway
	SAR        bool                     // number parts by parameters instead of a header in the text, as some centres want
	NoReceipts bool                     // ask for none
	Query      bool                     // the centre answers query_sm: messages without a receipt are asked about
	IDs        IDs                      // default SameIDs
	Codes      map[string]notify.Result // statuses of the centre's own, by their number: "0x0400"

	Timeout  time.Duration // the most one Send takes. Default 20 s
	Response time.Duration // how long one answer may take. Default 10 s
	Enquire  time.Duration // how often an idle centre is asked whether it is there. Default 15 s
	Retry    time.Duration // the first pause after a failed bind, with a lease four times as long; it doubles up to 10 s. Default 1 s
	Window   int           // requests under way at once. Default 10
}

// Lease (quyền giữ kết nối) decides which of several processes may bind where
// the centre allows one bind an account. [StoreLease] is one.
type Lease interface {
	// Hold takes the lease, or prolongs it, and returns until when it is ours;
	// the zero time when somebody else has it. It is called again after a third
	// of the time that is left.
	Hold(ctx context.Context) (until time.Time, err error)
	// Release gives it back early: at Close, and after a bind that failed.
	Release(ctx context.Context) error
}

// Options are what a host gives or a test replaces. A nil *Options is the zero
// value.
type Options struct {
	// Lease, when not nil, is held while there is a bind.
	Lease Lease
	// Clock tells whether a message has expired. Default time.Now.
	Clock func() time.Time
	// Dial opens the connection. Default: a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (c Config) defaulted() Config {
	c.Name = cmp.Or(c.Name, "smpp")
	c.SourceTON, c.DestTON, c.DestNPI = byteOr(c.SourceTON, 5), byteOr(c.DestTON, 1), byteOr(c.DestNPI, 1)
	c.Marks = cmp.Or(c.Marks, smstext.Strip)
	c.MaxParts = cmp.Or(c.MaxParts, 3)
	c.IDs = cmp.Or(c.IDs, SameIDs)
	c.Timeout = cmp.Or(c.Timeout, 20*time.Second)
	c.Response = cmp.Or(c.Response, 10*time.Second)
	c.Enquire = cmp.Or(c.Enquire, 15*time.Second)
	c.Retry = cmp.Or(c.Retry, time.Second)
	c.Window = cmp.Or(c.Window, 10)
	return c
}

// longestName is the longest sender that is a name (GSM 03.38: 11 septets).
const longestName = 11

func byteOr(given *byte, normal byte) *byte {
	if given != nil {
		return given
	}
	return &normal
}

// validate names every field that is wrong. c has its defaults.
func (c Config) validate() error {
	var faults fault.List
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil || host == "" || port == "" {
		faults.Add(wrong("Addr", "%q is no address of a message centre: give host:port", "%q không phải địa chỉ tổng đài: hãy ghi máy:cổng", c.Addr))
	}
	if ip := net.ParseIP(host); !c.TLS && !c.Insecure && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		faults.Add(wrong("TLS", "without TLS only a centre on this machine may be used: set TLS, or Insecure for a private line",
			"không mã hóa thì chỉ được dùng tổng đài trên chính máy này: bật TLS, hoặc Insecure nếu có đường truyền riêng"))
	}
	for _, text := range []struct {
		field, value string
		most         int
		must         bool
	}{
		{"SystemID", c.SystemID, 15, true},
		{"Password", string(c.Password), 8, false},
		{"SystemType", c.SystemType, 12, false},
		{"Source", c.Source, 20, true},
	} {
		if len(text.value) > text.most || text.must && text.value == "" || strings.ContainsFunc(text.value, func(r rune) bool { return r < ' ' || r > '~' }) {
			faults.Add(wrong(text.field, "it must be of letters and digits without marks, at most %d", "phải gồm chữ và số không dấu, nhiều nhất %d ký tự", text.most))
		}
	}
	if *c.SourceTON == 5 && len(c.Source) > longestName {
		faults.Add(wrong("Source", "a name has %d characters at most, this one has %d", "tên thương hiệu có nhiều nhất %d ký tự, tên này có %d", longestName, len(c.Source)))
	}
	switch c.IDs {
	case SameIDs, HexThenDecimal, DecimalThenHex:
	default:
		faults.Add(wrong("IDs", "%q is no way to write ids: choose same, hex_decimal or decimal_hex", "%q không phải cách ghi mã tin: chọn same, hex_decimal hoặc decimal_hex", c.IDs))
	}
	if _, err := smstext.Prepare("x", c.text()); err != nil {
		faults.Add(err)
	}
	for _, limit := range []struct {
		field string
		value int64
	}{
		{"Timeout", int64(c.Timeout)},
		{"Response", int64(c.Response)},
		{"Enquire", int64(c.Enquire)},
		{"Retry", int64(c.Retry)},
		{"Window", int64(c.Window)},
	} {
		if limit.value < 0 {
			faults.Add(wrong(limit.field, "a limit must not be negative: give a positive value, or 0 for the default", "giới hạn không được âm: hãy ghi số dương, hoặc 0 để dùng mặc định"))
		}
	}
	return faults.Err()
}

func (c Config) text() *smstext.Options {
	return &smstext.Options{Policy: c.Marks, MaxParts: c.MaxParts, Charset: c.Charset}
}

func wrong(field, en, vi string, args ...any) *fault.Violation {
	return fault.Broken("smpp.config."+strings.ToLower(field), field, field+": "+en, field+": "+vi, args...)
}
