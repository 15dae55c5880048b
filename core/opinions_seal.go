package core

import (
	"context"
	"strings"

	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/sealed"
)

// seal moves an opinion into the vault.
func (s *Opinions) seal(ctx context.Context, o opinion.State) (opinion.State, string, error) {
	r := sealed.Reception{Body: o.Text, Place: o.Place, Happened: o.Happened, Heard: o.Heard}
	if !o.Anonymous() {
		speaker, err := s.u.tx.Speaker(ctx, o.Speaker)
		if err != nil {
			return opinion.State{}, "", err
		}
		r.Speaker = strings.TrimSpace(speaker.Name + " " + speaker.Phone)
	}
	receipt, err := s.u.work.Sealed.receive(ctx, r)
	if err != nil {
		return opinion.State{}, "", err
	}
	if err := s.unname(ctx, o); err != nil {
		return opinion.State{}, "", err
	}
	err = s.remove(ctx, &o, (*opinion.State).Empty)
	return o, receipt, err
}

// remove lets what was said leave the store, and the speaker with it when nothing
// else was said by them. Withdrawn and sealed away, it looks the same.
func (s *Opinions) remove(ctx context.Context, o *opinion.State, how func(*opinion.State) error) error {
	place, speaker := o.Place, o.Speaker
	if err := how(o); err != nil {
		return err
	}
	if err := s.keepAt(ctx, o, opinion.WithdrawnEvent{}, place); err != nil || speaker == "" {
		return err
	}
	others, err := s.u.tx.Opinions(ctx, opinion.Query{Speaker: speaker, Limit: 1})
	if err != nil || len(others) > 0 {
		return err
	}
	known, err := s.u.tx.Speaker(ctx, speaker)
	if err != nil {
		return err
	}
	known.Scrub(s.u.today)
	return s.u.tx.PutSpeaker(ctx, &known)
}

// unname ends the issue that was registered from this opinion alone: it may say
// what is sealed now, and nobody waits for an answer any more. Where others raised
// the same matter it goes on.
func (s *Opinions) unname(ctx context.Context, o opinion.State) error {
	if o.Issue == "" {
		return nil
	}
	i, err := s.u.tx.Issue(ctx, issue.ID(o.Issue))
	if err != nil || !i.Open() && i.Status != issue.Linked {
		return err
	}
	for _, other := range i.Opinions {
		if other == string(o.ID) {
			continue
		}
		left, err := s.u.tx.Opinion(ctx, opinion.ID(other))
		if err != nil || left.Status != opinion.Withdrawn {
			return err
		}
	}
	return s.u.work.Issues.withdraw(ctx, i)
}

// Withdraw takes back what a speaker said, on the speaker's wish: nothing but the
// fact remains. Once others handle it only the name can be removed: see Forget.
func (s *Opinions) Withdraw(ctx context.Context, id opinion.ID) (opinion.State, error) {
	o, err := s.load(ctx, id)
	if err != nil {
		return opinion.State{}, err
	}
	err = s.remove(ctx, &o, (*opinion.State).Withdraw)
	return o, err
}
