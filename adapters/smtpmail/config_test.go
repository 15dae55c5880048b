package smtpmail_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestAWrongConfigurationNamesItsFields(t *testing.T) {
	tests := []struct {
		name   string
		change func(*smtpmail.Config)
		want   []string
	}{
		{"right", func(*smtpmail.Config) {}, nil},
		{"all of it", func(c *smtpmail.Config) { *c = smtpmail.Config{} }, []string{"Addr", "Domain", "From", "ReturnPath"}},
		{"no port", func(c *smtpmail.Config) { c.Addr = "mail.xuanloc.example" }, []string{"Addr", "TLS"}},
		{"unknown protection", func(c *smtpmail.Config) { c.TLS = "ssl" }, []string{"TLS"}},
		{"no protection over a network", func(c *smtpmail.Config) { c.Addr = "mail.xuanloc.example:25" }, []string{"TLS"}},
		{"no protection over a network, on purpose", func(c *smtpmail.Config) { c.Addr = "mail.xuanloc.example:25"; c.Insecure = true }, nil},
		{"a password in the clear", func(c *smtpmail.Config) {
			c.Addr, c.Insecure, c.Username, c.Password = "mail.xuanloc.example:25", true, "a", "b"
		}, []string{"Username"}},
		{"a password to this machine", func(c *smtpmail.Config) { c.Username, c.Password = "a", "b" }, nil},
		{"a name without a password", func(c *smtpmail.Config) { c.Username = "a" }, []string{"Password"}},
		{"a password without a name", func(c *smtpmail.Config) { c.Password = "b" }, []string{"Password"}},
		{"unknown login", func(c *smtpmail.Config) { c.Mechanism = "cram-md5" }, []string{"Mechanism"}},
		{"a domain with a space", func(c *smtpmail.Config) { c.Domain = "xuan loc" }, []string{"Domain"}},
		{"a HELO with a line break", func(c *smtpmail.Config) { c.HELO = "a\r\nb" }, []string{"HELO"}},
		{"a HELO of an address", func(c *smtpmail.Config) { c.HELO = "[127.0.0.1]" }, nil},
		{"no mailbox in From", func(c *smtpmail.Config) { c.From = "Văn phòng" }, []string{"From", "ReturnPath"}},
		{"From outside ASCII", func(c *smtpmail.Config) { c.From = "văn.phòng@xuanloc.example" }, []string{"From", "ReturnPath"}},
		{"a return path that gets too long", func(c *smtpmail.Config) {
			c.ReturnPath = "bounces.of.our.programme+{{notice}}@xuanloc.example"
		}, []string{"ReturnPath"}},
		{"an unknown placeholder", func(c *smtpmail.Config) { c.ReturnPath = "b+{{id}}@xuan loc.example" }, []string{"ReturnPath"}},
		{"negative limits", func(c *smtpmail.Config) {
			c.Timeout, c.MaxConns, c.MaxMailsPerConn, c.MaxConnAge, c.Window = -1, -1, -1, -1, -1
		}, []string{"Timeout", "MaxConns", "MaxMailsPerConn", "MaxConnAge", "Window"}},
		{"extensions left unused", func(c *smtpmail.Config) { c.Ignore = []string{"pipelining", "CHUNKING"} }, nil},
		{"an extension that is no choice", func(c *smtpmail.Config) { c.Ignore = []string{"STARTTLS"} }, []string{"Ignore"}},
		{"an unknown way with foreign mailboxes", func(c *smtpmail.Config) { c.Foreign = "utf8" }, []string{"Foreign"}},
		{"a stream with a space in its name", func(c *smtpmail.Config) { c.ListID = "HVCS Xuân Lộc" }, []string{"ListID"}},
		{"a page without protection", func(c *smtpmail.Config) { c.Unsubscribe = "http://xuanloc.example/x" }, []string{"Unsubscribe"}},
		{"a page with a line break", func(c *smtpmail.Config) { c.Unsubscribe = "mailto:a@b.example\r\nBcc: c@d.example" }, []string{"Unsubscribe"}},
		{"a mailbox to unsubscribe at", func(c *smtpmail.Config) { c.Unsubscribe = "mailto:ngung@xuanloc.example" }, nil},
		{"a key that is none", func(c *smtpmail.Config) { c.DKIM = &smtpmail.DKIM{Selector: "a", Key: "x"} }, []string{"DKIM"}},
		{"a token and a password", func(c *smtpmail.Config) { c.Mechanism, c.Username, c.Password = smtpmail.XOAuth2, "a", "b" }, []string{"Password"}},
		{"a token and nobody who gives it", func(c *smtpmail.Config) { c.Mechanism, c.Username = smtpmail.OAuthBearer, "a" }, []string{"Mechanism"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := config("127.0.0.1:25")
			test.change(&c)
			_, err := smtpmail.New(c, nil)
			var fields []string
			for _, v := range fault.Violations(err) {
				fields = append(fields, v.Field)
				if v.En == "" || v.Vi == "" || v.Rule != "smtpmail.config."+strings.ToLower(v.Field) || !strings.HasPrefix(v.En, v.Field) {
					t.Errorf("violation %+v", v)
				}
			}
			if diff := cmp.Diff(test.want, fields); diff != "" || len(fields) > 0 && !errors.Is(err, fault.ErrRule) {
				t.Errorf("fields at fault (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func TestDefaultsAreWhatTheirCommentsSay(t *testing.T) {
	s := newSender(t, smtpmail.Config{Addr: "mail.xuanloc.example:587", From: "vanphong@xuanloc.example", Domain: "xuanloc.example"}, nil)
	got := s.Describe()
	want := notify.Capabilities{Name: "smtp", Channel: notify.Email, Timeout: 30 * time.Second, Parallel: 8}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	c := config("127.0.0.1:25")
	c.Username, c.Password = username, password
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", c, "password", c.Password)
	encoded, err := json.Marshal(c) //nolint:staticcheck // TLSConfig is nil here
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %q %x %s", c, c.Password, c.Password, c.Password, c.Password), string(encoded), log.String()} {
		if strings.Contains(shown, password) || strings.Contains(shown, fmt.Sprintf("%x", password)) {
			t.Errorf("the password can be read in %s", shown)
		}
	}
	if shown := fmt.Sprint(smtpmail.Secret("")); shown != "" {
		t.Errorf("no secret is shown as %q", shown)
	}
}
