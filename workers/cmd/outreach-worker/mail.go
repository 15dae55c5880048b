package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
)

// mailConfig is what of the mail relay stands in files.
type mailConfig struct {
	DKIMDomain, DKIMSelector, DKIMKey string
	Token                             string
}

func (c *config) mailSettings() []setting {
	return []setting{
		{name: "smtp.mechanism", set: text(&c.SMTP.Mechanism), what: "login: plain, login, xoauth2 or oauthbearer. Without: plain, or login where the relay knows no plain"},
		{name: "smtp.token_file", set: text(&c.Mail.Token), what: "file with the access token for xoauth2 and oauthbearer; it is read for each login, and whoever renews the token replaces it"},
		{name: "smtp.ignore", set: list(&c.SMTP.Ignore), what: "extensions of the relay not to be used, with commas: PIPELINING, CHUNKING"},
		{name: "smtp.dkim_selector", set: text(&c.Mail.DKIMSelector), what: "name of the key mails are signed with (DKIM). Without: the relay signs"},
		{name: "smtp.dkim_domain", set: text(&c.Mail.DKIMDomain), what: "domain that signs. Without: smtp.domain"},
		{name: "smtp.dkim_key_file", set: text(&c.Mail.DKIMKey), what: "file with the private key in PEM, RSA of 2048 bits or more"},
	}
}

func list(at *[]string) func(string) error {
	return func(s string) error {
		*at = strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
		return nil
	}
}

// readMailFiles reads the key for DKIM and looks for the token.
func (p *parts) readMailFiles() error {
	c := p.config.Mail
	var wrong []error
	if c.DKIMSelector != "" || c.DKIMDomain != "" || c.DKIMKey != "" {
		wrong = append(wrong, p.readKey())
	}
	if c.Token != "" {
		_, err := p.token(context.Background())
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

func (p *parts) readKey() error {
	c := p.config.Mail
	if c.DKIMSelector == "" || c.DKIMKey == "" {
		return errors.New("smtp.dkim_selector and smtp.dkim_key_file belong together: give both")
	}
	key, err := os.ReadFile(c.DKIMKey)
	if err != nil {
		return fmt.Errorf("smtp.dkim_key_file: %w", err)
	}
	p.config.SMTP.DKIM = &smtpmail.DKIM{Domain: cmp.Or(c.DKIMDomain, p.config.SMTP.Domain), Selector: c.DKIMSelector, Key: smtpmail.Secret(key)}
	return nil
}

// token reads the access token, which changes while the program runs.
func (p *parts) token(context.Context) (smtpmail.Secret, error) {
	content, err := os.ReadFile(p.config.Mail.Token)
	if err != nil {
		return "", fmt.Errorf("smtp.token_file: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", errors.New("smtp.token_file is empty")
	}
	return smtpmail.Secret(token), nil
}

// mailOptions say where time and token come from.
func (p *parts) mailOptions() *smtpmail.Options {
	o := &smtpmail.Options{Clock: p.clock.Now}
	if p.config.Mail.Token != "" {
		o.Token = p.token
	}
	return o
}

// lookAtSignature shows where the public key has to be published. That the
// private one can be used was looked at before.
func (p *parts) lookAtSignature(context.Context) []finding {
	if p.config.SMTP.DKIM == nil {
		return nil
	}
	name, record, err := p.config.SMTP.DKIM.Record()
	if err != nil {
		return []finding{{broken, "dkim", err.Error(), "look at smtp.dkim_key_file"}}
	}
	return []finding{{fine, "dkim", fmt.Sprintf("the key can be used; the DNS must have, as TXT, %s: %s", name, record), ""}}
}
