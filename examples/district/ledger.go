package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	lost                   []string // notices that were to go out and are nowhere, or are said to be sent and are in no ledger
	double                 []string // messages that a sink took more than once
	strange                []string // messages in a ledger that no notice accounts for
	unchecked              int      // sent to a mail server whose ledger is not ours
}

// reckon holds the ledgers against the notices.
func (s *season) reckon(notices []notify.Notice) account {
	var a account
	taken := make(map[string]int) // by idempotency key
	for _, m := range s.world.texts.Ledger() {
		a.texts++
		a.segments += m.Segments.Parts
		taken[string(notify.SMS)+"/"+m.ClientID]++
	}
	if s.world.mails != nil {
		for _, m := range s.world.mails.Ledger() {
			a.mails++
			key, _, _ := strings.Cut(strings.TrimPrefix(m.MessageID, "n."), "@")
			taken[string(notify.Email)+"/"+key]++
		}
	}
	for _, key := range sorted(taken) {
		if taken[key] > 1 {
			a.double = append(a.double, key)
		}
	}
	byID := make(map[notify.ID]*notify.Notice, len(notices))
	for i := range notices {
		byID[notices[i].ID] = &notices[i]
	}
	for i := range notices {
		s.weigh(&a, &notices[i], byID, taken)
	}
	for _, key := range sorted(taken) {
		if taken[key] > 0 {
			a.strange = append(a.strange, key)
		}
	}
	return a
}

// weigh accounts for one notice and takes what it accounts for out of taken.
func (s *season) weigh(a *account, n *notify.Notice, byID map[notify.ID]*notify.Notice, taken map[string]int) {
	key := string(n.Channel) + "/" + n.IdempotencyKey()
	there := taken[key] > 0
	delete(taken, key)
	switch {
	case n.State == notify.Merged:
		if byID[n.MergedInto] == nil {
			a.lost = append(a.lost, string(n.ID)+" is merged into nothing")
		}
	case !n.State.Terminal() && n.State != notify.Accepted:
		if n.State != notify.Pending || !n.NextAt.After(s.time.Now()) {
			a.lost = append(a.lost, fmt.Sprintf("%s is still %s", n.ID, n.State))
		}
	case n.State != notify.Accepted && n.State != notify.Delivered, n.MergedInto != "":
		if there && n.MergedInto == "" {
			a.strange = append(a.strange, fmt.Sprintf("%s is %s and was taken", key, n.State))
		}
	case n.Channel != notify.SMS && n.Channel != notify.Email: // kept for the application, or on paper
	case n.Channel == notify.Email && s.world.mails == nil:
		a.sent++
		a.unchecked++
	case !there:
		a.lost = append(a.lost, fmt.Sprintf("%s is %s and in no ledger", n.ID, n.State))
	default:
		a.sent++
	}
}

// notices are all that were ever written, as the office may see them.
func (s *season) notices(ctx context.Context) ([]notify.Notice, error) {
	var all []notify.Notice
	err := s.see(ctx, func(ctx context.Context, w *core.Work) (err error) {
		all, err = w.Notices.List(ctx, notify.Query{})
		return err
	})
	slices.SortFunc(all, func(a, b notify.Notice) int { return strings.Compare(a.Template+string(a.ID), b.Template+string(b.ID)) })
	return all, err
}
