package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

type contactOptions struct {
	actOptions
	channel, fresh string
	lift, retry    bool
}

func contactFlags(set *flag.FlagSet) any {
	o := &contactOptions{}
	o.define(set)
	set.StringVar(&o.channel, "channel", "", "")
	set.StringVar(&o.fresh, "new", "", "")
	set.BoolVar(&o.lift, "lift", false, "")
	set.BoolVar(&o.retry, "retry", false, "")
	return o
}

// changes reports whether something is to be changed, and not only shown.
func (o *contactOptions) changes() bool { return o.fresh != "" || o.lift || o.retry }

func (o *contactOptions) judge(args []string) error {
	switch {
	case len(args) != 1:
		return errUsage{errors.New("name one person by the id in the directory")}
	case !o.changes():
		return nil
	case o.channel != string(notify.SMS) && o.channel != string(notify.Email):
		return errUsage{errors.New("say with --channel what to repair: sms or email")}
	}
	return o.check()
}

// retried is how many notices of one person are sent again at most.
const retried = 100

func contact(ctx context.Context, c *call) error {
	o := c.options.(*contactOptions)
	if err := o.judge(c.args); err != nil {
		return err
	}
	person, channel := org.PersonID(c.args[0]), notify.Channel(o.channel)
	address := ""
	if o.fresh != "" {
		var err error
		if address, err = readAddress(o.fresh, channel); err != nil {
			return errUsage{err}
		}
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	if o.changes() {
		again := 0
		err := c.parts.system.Update(ctx, o.actor(), func(ctx context.Context, w *core.Work) (err error) {
			again, err = o.repair(ctx, w, person, channel, address)
			return err
		})
		if err != nil {
			return err
		}
		if o.retry {
			fmt.Fprintf(c.out, "Sent again: %d\n", again)
		}
	}
	var ways []core.Reach
	err := c.parts.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) (err error) {
		ways, err = w.Notices.Reach(ctx, person)
		return err
	})
	if err == nil {
		c.showWays(ways)
	}
	return err
}

// repair writes the new address down, lifts what bars it, and sends again what did
// not arrive; it returns how much that was.
func (o *contactOptions) repair(ctx context.Context, w *core.Work, id org.PersonID, channel notify.Channel, address string) (int, error) {
	if address != "" {
		if err := readdress(ctx, w, id, channel, address); err != nil {
			return 0, err
		}
	}
	if o.lift {
		if err := w.Notices.UnbarPerson(ctx, id, channel, o.why); err != nil {
			return 0, err
		}
	}
	if !o.retry {
		return 0, nil
	}
	again, err := w.Notices.Bulk(ctx, core.Bulk{Do: core.Resend, Why: o.why, Of: core.Pick{Query: notify.Query{
		Person: id, Channel: channel, Limit: retried,
		States: []notify.State{notify.Failed, notify.Suppressed, notify.Undelivered, notify.Dead},
	}}})
	return len(again), err
}

// readdress gives a person another number or mailbox.
func readdress(ctx context.Context, w *core.Work, id org.PersonID, channel notify.Channel, address string) error {
	person, err := w.Org.Person(ctx, id)
	if err != nil {
		return err
	}
	if channel == notify.Email {
		person.Email = address
	} else {
		person.Phone, person.PhoneSMS = address, true
	}
	_, err = w.Org.PutPerson(ctx, person)
	return err
}

// readAddress reads a number or mailbox from a file, or from the standard input:
// on a command line everybody on the machine could read it.
func readAddress(path string, channel notify.Channel) (string, error) {
	source := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(source, 1000))
	if err != nil {
		return "", err
	}
	address := strings.TrimSpace(string(text))
	if address == "" || strings.ContainsAny(address, "\r\n") {
		return "", errors.New("--new wants one line with the number or mailbox")
	}
	if channel == notify.Email {
		return address, nil
	}
	phone, err := vietnam.ParsePhone(address)
	if err != nil {
		return "", err
	}
	if !phone.SMS() {
		return "", errors.New("that number takes no SMS")
	}
	return phone.E164, nil
}

func (c *call) showWays(ways []core.Reach) {
	w := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "channel\taddress\tbarred\tsince\tuntil")
	for _, way := range ways {
		known, barred, since, until := "none", "no", "", ""
		if way.Known {
			known = "known"
		}
		if way.Barred != "" {
			barred, since, until = way.Barred, way.Since.In(calendar.Zone()).Format(moment), "lifted"
			if !way.Until.IsZero() {
				until = way.Until.In(calendar.Zone()).Format(moment)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", way.Channel, known, barred, since, until)
	}
	w.Flush()
}
