package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smpp/smppfx"
)

// smppConfig is a message centre and what the sender itself does not decide.
type smppConfig struct {
	smpp.Config
	Share shareConfig
	Lease time.Duration // how long a process that has gone silent keeps the bind
}

func (c *smppConfig) settings() []setting {
	return append([]setting{
		{name: "smpp.addr", set: text(&c.Addr), example: "smsc.xuanloc.example:3550",
			what: "host:port of a message centre that speaks SMPP 3.4, in place of sms.url or beside it"},
		{name: "smpp.tls", normal: "true", set: boolean(&c.TLS), what: "speak TLS to it from the first byte"},
		{name: "smpp.insecure", normal: "false", set: boolean(&c.Insecure), what: "allow tls false to another machine, as through a private line"},
		{name: "smpp.system_id", set: text(&c.SystemID), what: "name of the account at the centre", example: "hvcs"},
		{name: "smpp.password", secret: true, set: text(&c.Password), what: "password at the centre, at most 8 characters"},
		{name: "smpp.system_type", set: text(&c.SystemType), what: "kind of client, where the centre wants one"},
		{name: "smpp.source", set: text(&c.Source), what: "registered sender name (brandname), or a number", example: "XUANLOC"},
		{name: "smpp.source_ton", set: octet(&c.SourceTON), what: "type of number of the source: 5 a name, 1 international, 0 unknown. Without: 5"},
		{name: "smpp.ids", normal: "same", set: text(&c.IDs), what: "how ids are written in answers and in receipts: same, hex_decimal or decimal_hex"},
		{name: "smpp.sar", normal: "false", set: boolean(&c.SAR), what: "number the parts of a long text by parameters, as some centres want"},
		{name: "smpp.query", normal: "false", set: boolean(&c.Query), what: "the centre answers query_sm: messages without a receipt are asked about"},
		{name: "smpp.window", normal: "10", set: number(&c.Window), what: "requests under way at once, as the contract says"},
		{name: "smpp.timeout", normal: "20s", set: duration(&c.Timeout), what: "the most one SMS may take"},
		{name: "smpp.response", normal: "10s", set: duration(&c.Response), what: "how long one answer of the centre, to a bind too, may take"},
		{name: "smpp.enquire", normal: "15s", set: duration(&c.Enquire), what: "how often an idle centre is asked whether it is there"},
		{name: "smpp.lease", normal: "20s", set: duration(&c.Lease), what: "how soon another process takes over the bind of one that has died"},
	}, c.Share.settings("smpp", "segments", false)...)
}

// octet reads a byte.
func octet(at **byte) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseUint(s, 10, 8)
		if err != nil {
			return errors.New("want a number from 0 to 255")
		}
		b := byte(n)
		*at = &b
		return nil
	}
}

// checkSMPP tries the configuration; the sender itself is made by fx.
func (p *parts) checkSMPP() error {
	c := p.config.SMPP
	if c.Addr == "" {
		if c.SystemID != "" || c.Source != "" || c.Password != "" {
			return errors.New("smpp.addr is missing: there are other settings of the message centre")
		}
		return nil
	}
	if c.Lease <= 0 {
		return errors.New("smpp.lease must be positive")
	}
	s, err := smpp.New(c.Config, nil)
	if err != nil {
		return err
	}
	name := s.Describe().Name
	if slices.ContainsFunc(p.gateways, func(g httpsms.Config) bool { return g.Name == name }) {
		return fmt.Errorf("the gateway of sms.gateway is called %q like the message centre: call it otherwise", name)
	}
	return s.Close()
}

// centre is the sender over SMPP. Any number of processes run, and a centre
// allows one bind an account: whoever holds the lease in the database binds.
func (p *parts) centre() fx.Option {
	return fx.Options(fx.Supply(p.config.SMPP.Config, p.smppOptions(cmp.Or(p.config.Workers.Owner, someOwner()))), smppfx.Module)
}

// smppOptions say where time comes from and who may bind.
func (p *parts) smppOptions(owner string) *smpp.Options {
	return &smpp.Options{Clock: p.clock.Now, Lease: &smpp.StoreLease{
		Store: p.store, Now: p.system.Now, Term: p.config.SMPP.Lease, Name: "smpp/" + p.config.SMPP.SystemID, Owner: owner,
	}}
}

// someOwner is a name that no other process has.
func someOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown" // the random part tells processes apart
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}
