package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/mail"
	"os"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// What bounce ends with, as mail servers understand it (sysexits.h).
const (
	exitData = 65 // the mail cannot be read, and never will be
	exitTemp = 75 // keep it and come again
)

// storeBounceFor is how long a bounce may take to be stored; the mail server
// comes again.
const storeBounceFor = 30 * time.Second

func bounceCommand() command {
	return command{
		name: "bounce", what: "take one mail that came back, from the standard input", do: bounce,
		flags: func(set *flag.FlagSet) any { return set.String("to", "", "") },
		ends:  bounceEnds,
		long: "Reads one mail that came to smtp.return_path and stores what it says of notices:\n" +
			"not delivered, no such mailbox, delayed, delivered. A running worker draws the\n" +
			"conclusions: the notice goes another way, a dead mailbox is not written to again.\n" +
			"What is no report, such as an out-of-office note, is taken and left at that. It is\n" +
			"meant for the pipe of a mail server and tells it by its exit code what to do:\n\n" +
			"  0    the mail is done with\n" +
			"  65   it is no mail that can be read\n" +
			"  75   keep it and come again: the database does not answer, the settings are wrong\n\n" +
			"--to is the mailbox it was sent to. Without: that of the header X-Original-To,\n" +
			"Delivered-To, Envelope-To or To.",
	}
}

// bounceEnds lets a mail server throw nothing away but what can never be read.
func bounceEnds(err error) int {
	if errors.Is(err, notify.ErrMalformed) {
		return exitData
	}
	return exitTemp
}

func bounce(ctx context.Context, c *call) error {
	p := c.parts
	if p.config.SMTP.Addr == "" {
		return errors.New("no mail relay is set (smtp.addr): there are no mails that could come back")
	}
	ctx, cancel := context.WithTimeout(ctx, storeBounceFor)
	defer cancel()
	whole, err := io.ReadAll(io.LimitReader(os.Stdin, maxBounce))
	if err != nil {
		return fmt.Errorf("the mail cannot be read to its end: %w", err)
	}
	receipts, err := p.readBounce(*c.options.(*string), whole)
	if err != nil {
		return err
	}
	if len(receipts) == 0 {
		fmt.Fprintln(c.out, "It says nothing about a notice.")
		return nil
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	if err := p.system.TakeReceipts(ctx, receipts); err != nil {
		return err
	}
	for _, r := range receipts {
		fmt.Fprintf(c.out, "%s: %s\n", r.Key, r.Code)
	}
	return nil
}

// maxBounce bounds what is read of a mail: a report stands at its beginning, and
// the mail it is about behind.
const maxBounce = 1 << 20

// readBounce reads the mail as one to each mailbox that may be meant, until one
// of them makes sense of it.
func (p *parts) readBounce(to string, whole []byte) ([]notify.Receipt, error) {
	for _, mailbox := range recipients(to, whole) {
		receipts, err := p.config.SMTP.ReadReport(mailbox, bytes.NewReader(whole))
		if err != nil || len(receipts) > 0 {
			return receipts, err
		}
	}
	return nil, nil
}

// recipients are the mailboxes a mail may have been sent to, the surest first.
func recipients(to string, whole []byte) []string {
	if to != "" {
		return []string{to}
	}
	all := []string{}
	if m, err := mail.ReadMessage(bytes.NewReader(whole)); err == nil {
		for _, field := range []string{"X-Original-To", "Delivered-To", "Envelope-To", "To"} {
			addresses, err := m.Header.AddressList(field)
			if err != nil {
				continue // not there, or none of ours
			}
			for _, a := range addresses {
				all = append(all, a.Address)
			}
		}
	}
	return append(all, "") // the report itself may name the notice
}
