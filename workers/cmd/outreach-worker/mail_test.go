package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// keyFile is a fresh private key for DKIM.
func keyFile(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "dkim.pem", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
}

func TestMailsAreSignedWithTheKeyAndTheDoctorShowsItsRecord(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(1)
	d.set("OUTREACH_SMTP_DKIM_SELECTOR", "hvcs2026")
	d.call("doctor").want(t, exitUsage, "belong together")
	d.set("OUTREACH_SMTP_DKIM_KEY_FILE", filepath.Join(t.TempDir(), "none.pem"))
	d.call("doctor").want(t, exitUsage, "smtp.dkim_key_file: open")
	d.set("OUTREACH_SMTP_DKIM_KEY_FILE", write(t, "not.pem", "hunter2"))
	if r := d.call("doctor"); r.code != exitUsage {
		t.Errorf("a key that is none: %d %s", r.code, r.err)
	}
	d.set("OUTREACH_SMTP_DKIM_KEY_FILE", keyFile(t))
	d.call("doctor").want(t, exitOK, "ok    dkim", "hvcs2026._domainkey.xuanloc.example: v=DKIM1; k=rsa; p=MIIB")
	d.set("OUTREACH_SMTP_DKIM_DOMAIN", "thu.xuanloc.example")
	d.call("doctor").want(t, exitOK, "hvcs2026._domainkey.thu.xuanloc.example: ")
	_, stop := d.start()
	if _, err := d.mail.Wait(1, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	stop()
	if m := d.mail.Ledger()[0]; !strings.Contains(string(m.Raw), "DKIM-Signature: ") || m.To[0] != outboxtest.Email(0) {
		t.Errorf("the mail is not signed: %q", m.Raw)
	}
}

func TestTheTokenIsReadForEachLoginAndUnusedExtensionsAreNamed(t *testing.T) {
	token := write(t, "token", "first\n")
	c, err := load("", []string{
		"OUTREACH_DATABASE=x.db", "OUTREACH_SMTP_ADDR=mail.example:587", "OUTREACH_SMTP_FROM=a@xuanloc.example", "OUTREACH_SMTP_DOMAIN=xuanloc.example",
		"OUTREACH_SMTP_USERNAME=a@xuanloc.example", "OUTREACH_SMTP_MECHANISM=xoauth2", "OUTREACH_SMTP_TOKEN_FILE=" + token, "OUTREACH_SMTP_IGNORE=CHUNKING, PIPELINING",
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := build(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if !slices.Equal(c.SMTP.Ignore, []string{"CHUNKING", "PIPELINING"}) {
		t.Errorf("ignored: %q", c.SMTP.Ignore)
	}
	for _, want := range []string{"first", "second"} {
		if err := os.WriteFile(token, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := p.mailOptions().Token(t.Context()); string(got) != want || err != nil {
			t.Errorf("token %q, %v, want %q", string(got), err, want)
		}
	}
	relay := []string{"OUTREACH_DATABASE=x.db", "OUTREACH_SMTP_ADDR=mail.example:587", "OUTREACH_SMTP_FROM=a@xuanloc.example", "OUTREACH_SMTP_DOMAIN=xuanloc.example"}
	for say, more := range map[string][]string{
		"smtp.token_file: open /no/such": {"OUTREACH_SMTP_TOKEN_FILE=/no/such"},
		"smtp.token_file is empty":       {"OUTREACH_SMTP_TOKEN_FILE=" + write(t, "empty", "\n")},
		"smtpmail.config.mechanism":      {"OUTREACH_SMTP_MECHANISM=ntlm"},
		"smtpmail.config.ignore":         {"OUTREACH_SMTP_IGNORE=STARTTLS"},
	} {
		invoke(t, append(slices.Clone(relay), more...), "doctor").want(t, exitUsage, say)
	}
}
