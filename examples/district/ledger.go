package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
)

// account is what the two sinks took, held against what the programme says of
// its notices. The sinks know nothing of the programme's tables, and the
// programme nothing of their ledgers: only where both say the same is a notice
// counted as sent.
type account struct {
	mails, texts, segments int      // taken by the sinks
	sent                   int      // notices the programme says a provider took
	doubt                  int      // taken or not: a worker died in the middle of the call
	lost                   []string // notices that were to go out and did not, or are said to be sent and are in no ledger
	double                 []string // messages that a sink took more than once
	strange                []string // messages in a ledger that no notice accounts for
	unchecked              int      // sent to a mail server whose ledger is not ours
}

// books are what is held against each other.
type books struct {
	notices []notify.Notice // all that were ever written
	texts   []smssink.Message
	mails   []smtpsink.Mail
	foreign bool // the mails went to a server whose ledger is not ours
	now     time.Time
}

// reckon holds the ledgers against the notices.
func reckon(b books) account {
	a := account{mails: len(b.mails), texts: len(b.texts)}
	taken := make(map[string]int) // how often, by channel and idempotency key
	for _, m := range b.texts {
		a.segments += m.Segments.Parts
		taken[string(notify.SMS)+"/"+m.ClientID]++
	}
	for _, m := range b.mails {
		id, _, _ := strings.Cut(strings.TrimPrefix(m.MessageID, "n."), "@")
		taken[string(notify.Email)+"/"+id]++
	}
	for _, key := range sorted(taken) {
		if taken[key] > 1 {
			a.double = append(a.double, key)
		}
	}
	known := make(map[notify.ID]bool, len(b.notices))
	for _, n := range b.notices {
		known[n.ID] = true
	}
	for _, n := range b.notices {
		key := string(n.Channel) + "/" + n.IdempotencyKey()
		a.weigh(n, b, known, taken[key] > 0)
		delete(taken, key)
	}
	a.strange = append(a.strange, sorted(taken)...)
	return a
}

// weigh accounts for one notice; there says whether it is in a ledger.
func (a *account) weigh(n notify.Notice, b books, known map[notify.ID]bool, there bool) {
	sent := n.State == notify.Accepted || n.State == notify.Delivered || n.State == notify.Undelivered
	switch {
	case n.State == notify.Uncertain || there && !sent && n.Attempts > 0: // a call was cut off, and the notice's attempts say so
		a.doubt++
	case there && !sent:
		a.strange = append(a.strange, fmt.Sprintf("%s/%s is %s and was taken", n.Channel, n.ID, n.State))
	case !n.State.Terminal() && n.State != notify.Accepted && n.State != notify.Merged: // somewhere on its way
		if n.State != notify.Pending || !n.NextAt.After(b.now) {
			a.lost = append(a.lost, fmt.Sprintf("%s is still %s", n.ID, n.State))
		}
	case n.MergedInto != "": // travelled in another one
		if !known[n.MergedInto] {
			a.lost = append(a.lost, fmt.Sprintf("%s travelled in %s, which does not exist", n.ID, n.MergedInto))
		}
	case !sent: // ended, and the notice says why
	case n.Channel != notify.SMS && n.Channel != notify.Email: // kept in the application, or on paper
	case n.Channel == notify.Email && b.foreign:
		a.sent++
		a.unchecked++
	case !there:
		a.lost = append(a.lost, fmt.Sprintf("%s is %s and in no ledger", n.ID, n.State))
	default:
		a.sent++
	}
}

// books opens the ledgers and lists the notices, as the office may see them.
func (s *season) books(ctx context.Context) (books, error) {
	b := books{texts: s.world.texts.Ledger(), foreign: s.world.mails == nil, now: s.time.Now()}
	if s.world.mails != nil {
		b.mails = s.world.mails.Ledger()
	}
	err := s.see(ctx, func(ctx context.Context, w *core.Work) (err error) {
		b.notices, err = w.Notices.List(ctx, notify.Query{})
		return err
	})
	slices.SortFunc(b.notices, func(a, b notify.Notice) int { return cmp.Compare(a.ID, b.ID) })
	return b, err
}
