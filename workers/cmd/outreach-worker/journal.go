package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
)

// journalCommand reads the journal and changes nothing.
func journalCommand() command {
	return command{name: "journal", args: "verify", what: "look whether the journal was tampered with", flags: journalFlags, do: journal,
		long: "Checks the chain of every subject, and the whole journal against the checkpoints\n" +
			"that are made every day: nothing was changed, removed or inserted. It prints the\n" +
			"hash of the last checkpoint. Keep it elsewhere, on paper say: with --expect it\n" +
			"looks whether that checkpoint is still there, so that not even the end of the\n" +
			"journal can be cut off unnoticed. It fails when anything does not hold, and\n" +
			"names subjects only, never people."}
}

type journalOptions struct{ expect string }

func journalFlags(set *flag.FlagSet) any {
	o := &journalOptions{}
	set.StringVar(&o.expect, "expect", "", "")
	return o
}

func journal(ctx context.Context, c *call) error {
	if !slices.Equal(c.args, []string{"verify"}) {
		return errUsage{errors.New("journal verify is what it can do")}
	}
	if err := c.parts.ready(ctx); err != nil {
		return err
	}
	o := c.options.(*journalOptions)
	var v core.Verified
	known := o.expect == ""
	err := c.parts.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		var err error
		if v, err = w.Journal.Verify(ctx); err != nil || known {
			return err
		}
		checkpoints, err := w.Journal.Of(ctx, event.CheckpointSubject())
		known = slices.ContainsFunc(checkpoints, func(r event.Record) bool { return r.Hash == o.expect })
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range v.Breaks {
		fmt.Fprintf(c.out, "%s, record %d: %s\n", b.Subject, b.Seq, b.Why)
	}
	fmt.Fprintf(c.out, "Records: %d, breaks: %d, checkpoints: %d, up to position %d\n", v.Records, len(v.Breaks), v.Checkpoints, v.Held)
	if v.Head != "" {
		fmt.Fprintf(c.out, "Last checkpoint: %s\n", v.Head)
	}
	if !known {
		fmt.Fprintln(c.out, "The expected checkpoint is not there: the end of the journal was cut off, or this is another journal.")
	}
	if len(v.Breaks) > 0 || !known {
		return errors.New("the journal does not hold")
	}
	return nil
}
