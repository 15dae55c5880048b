package webhook

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// Secret (khóa bí mật) is a key of signatures: "whsec_" and the base64 of 24 to
// 64 random bytes, for example from "openssl rand -base64 32". No print, log or
// JSON shows it.
type Secret string

const (
	secretPrefix       = "whsec_"
	minBytes, maxBytes = 24, 64
)

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

// key returns the bytes of the secret, nil when it is none.
func (s Secret) key() []byte {
	encoded, ok := strings.CutPrefix(string(s), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < minBytes || len(key) > maxBytes {
		return nil
	}
	return key
}

// Config says where the events go. URL and Secrets have no default.
type Config struct {
	// URL takes the events: https, or http on this machine. It is never
	// logged, because it may hold a token.
	URL string
	// Secrets sign each event, one signature for each. Give the new one and the
	// old one while the receiver changes over.
	Secrets []Secret
	// Kinds are the kinds of events to send, whole ("issue.closed") or by group
	// ("issue."). Default: [DefaultKinds].
	Kinds []string
	// Timeout ends a request that is not answered. Default: 10 s.
	Timeout time.Duration
	// Every is the time between two looks at the journal. Default: 5 s.
	Every time.Duration
	// LookBack is how far behind its head the journal is read again, for records
	// that were written before others but committed after them: at least twice
	// the longest transaction. Default: 2 min.
	LookBack time.Duration
}

// DefaultKinds are the groups of events about the programme's work. Left out are
// speakers, supervision of officials, the organisation's own data and notices.
func DefaultKinds() []string {
	return []string{"programme.", "assignment.", "rule.", "route.", "visit.", "item.", "opinion.", "issue.", "duty.", "report."}
}

// prepared returns the configuration with its defaults, or all that is wrong
// with it: the rules are "webhook.config.…".
func (c Config) prepared() (Config, error) {
	var faults fault.List
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
		faults.Add(fault.Broken("webhook.config.url", "url", "want the https:// address that takes the events; http:// only on this machine",
			"cần địa chỉ https:// nhận sự kiện; http:// chỉ dùng được trên chính máy này"))
	}
	if len(c.Secrets) == 0 {
		faults.Add(fault.Broken("webhook.config.secret_missing", "secrets", "the events have to be signed: give whsec_ and the base64 of 24 to 64 random bytes",
			"sự kiện phải được ký: hãy đặt khóa whsec_ kèm base64 của 24 đến 64 byte ngẫu nhiên"))
	}
	for i, s := range c.Secrets {
		if s.key() == nil {
			faults.Add(fault.Broken("webhook.config.secret", fmt.Sprintf("secrets[%d]", i), "a secret is whsec_ and the base64 of 24 to 64 random bytes",
				"khóa bí mật có dạng whsec_ kèm base64 của 24 đến 64 byte ngẫu nhiên"))
		}
	}
	for i, kind := range c.Kinds {
		if group, _, found := strings.Cut(kind, "."); !found || group == "" {
			faults.Add(fault.Broken("webhook.config.kind", fmt.Sprintf("kinds[%d]", i), "%q is no kind of event: write issue.closed for one, issue. for all of its group",
				"%q không phải loại sự kiện: viết issue.closed cho một loại, issue. cho cả nhóm", kind))
		}
	}
	if c.Timeout < 0 || c.Every < 0 || c.LookBack < 0 {
		faults.Add(fault.Broken("webhook.config.duration", "timeout", "timeout, every and look-back must not be negative",
			"thời hạn chờ, chu kỳ và khoảng đọc lại không được âm"))
	}
	if len(c.Kinds) == 0 {
		c.Kinds = DefaultKinds()
	}
	for _, d := range []struct {
		value *time.Duration
		to    time.Duration
	}{{&c.Timeout, 10 * time.Second}, {&c.Every, 5 * time.Second}, {&c.LookBack, 2 * time.Minute}} {
		if *d.value == 0 {
			*d.value = d.to
		}
	}
	return c, faults.Err()
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// wants reports whether events of a kind are sent.
func (c Config) wants(kind string) bool {
	for _, wanted := range c.Kinds {
		if kind == wanted || strings.HasSuffix(wanted, ".") && strings.HasPrefix(kind, wanted) {
			return true
		}
	}
	return false
}
