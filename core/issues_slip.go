package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
)

// AnswerSlip is the answer on paper (phiếu trả lời) for a speaker who has no
// telephone, as the official brings it along (EX-24, domain 3.10).
type AnswerSlip struct {
	Code     string
	Title    string
	Place    string        // name and where it lies
	Raised   calendar.Date // of the issue
	Promised calendar.Date // last promised day
	Approved calendar.Date
	Class    issue.AnswerClass
	Text     string
	Document string        // number of the reply document; empty: none
	Roadmap  calendar.Date // in progress: by when it will be settled
	Ground   string        // refused: the legal ground
	Body     string        // beyond competence: to whom it was forwarded
	Unit     string        // who answers
	Official string        // who brings it: the owner, or who stands in today
	Hotline  string        // empty: none
	Name     string        // of the speaker, with the form of address; empty: nobody is named on this paper
}

// AnswerSlip puts the latest approved answer of an issue on paper, by whoever may
// tell it: the owner or who stands in, the team leader, the office. Given one of
// the issue's opinions, it names the speaker if the reader may know who spoke and
// the name was given openly; a confidential one is never put on paper. The rules
// are "issue.slip.…".
func (s *Issues) AnswerSlip(ctx context.Context, id issue.ID, o opinion.ID) (AnswerSlip, error) {
	i, _, err := s.load(ctx, id, DeliverFeedback)
	if err != nil {
		return AnswerSlip{}, err
	}
	if o != "" && !slices.Contains(i.Opinions, string(o)) {
		return AnswerSlip{}, fault.Broken("issue.slip.not_part", "opinion", "the opinion %s does not belong to this issue: choose one of its own", "ý kiến %s không thuộc vấn đề này: hãy chọn ý kiến của vấn đề", o)
	}
	slip, err := s.onPaper(ctx, i)
	if err != nil || o == "" {
		return slip, err
	}
	slip.Name, err = s.named(ctx, o)
	return slip, err
}

// named is how a speaker is addressed on paper, empty where no name may stand there.
func (s *Issues) named(ctx context.Context, id opinion.ID) (string, error) {
	o, speaker, err := s.heard(ctx, string(id))
	if err != nil || speaker.Name == "" || o.Confidentiality != opinion.Open {
		return "", err
	}
	if err := s.u.work.Opinions.mayKnow(ctx, o); err != nil {
		if errors.Is(err, fault.ErrForbidden) {
			return "", nil
		}
		return "", err
	}
	return speaker.Name, nil
}

// onPaper is the answer of an issue without anybody's name but the official's.
func (s *Issues) onPaper(ctx context.Context, i issue.State) (AnswerSlip, error) {
	u := s.u
	a := i.Answered()
	if a == nil {
		return AnswerSlip{}, fault.Broken("issue.slip.not_answered", "status", "issue %s has no approved answer yet: print the appointment slip", "vấn đề %s chưa có câu trả lời được duyệt: hãy in giấy hẹn", i.ID)
	}
	first, err := s.Slip(ctx, i.ID)
	if err != nil {
		return AnswerSlip{}, err
	}
	slip := AnswerSlip{
		Code: i.Code, Title: i.Title, Place: first.Place, Raised: first.Raised, Promised: first.Promised, Official: first.Official, Hotline: first.Hotline,
		Approved: a.Approved, Class: a.Class, Text: a.Text, Document: a.Document, Roadmap: a.Roadmap, Ground: a.Ground, Body: a.Body,
	}
	unit, err := u.dir.Unit(ctx, a.Unit)
	if err != nil {
		return AnswerSlip{}, err
	}
	slip.Unit = unit.At(u.today).Name
	bearer, err := org.Present(ctx, u.dir, i.Owner, u.today)
	switch {
	case len(fault.Violations(err)) > 0:
		return slip, nil // nobody stands in: it stays the owner's
	case err != nil:
		return AnswerSlip{}, err
	}
	person, err := u.dir.Person(ctx, bearer)
	slip.Official = person.FullName
	return slip, err
}

// Board are the answers for the notice board of a hamlet (niêm yết): of every
// issue there, or raised in a hamlet that is part of it now, whose answer waits to
// be told to somebody who spoke without a name, the oldest first (domain 3.10). It
// names no speaker. By the official who looks after the hamlet, for the issues
// they may tell; team leader and office alike. Once it hangs there, Deliver books
// it with the channel notice_board.
func (s *Issues) Board(ctx context.Context, place org.PlaceID) ([]AnswerSlip, error) {
	after, err := s.u.lookingAfter(ctx, place)
	if err != nil {
		return nil, err
	}
	due, err := s.u.raisedAt(ctx, place, s.u.today, after, issue.FeedbackDue)
	if err != nil {
		return nil, err
	}
	var board []AnswerSlip
	for _, i := range due {
		err := s.u.allow(ctx, DeliverFeedback, about(i))
		if errors.Is(err, fault.ErrForbidden) {
			continue
		}
		if err != nil {
			return nil, err
		}
		nameless, err := s.untoldNameless(ctx, i)
		if err != nil {
			return nil, err
		}
		if !nameless {
			continue
		}
		slip, err := s.onPaper(ctx, i)
		if err != nil {
			return nil, err
		}
		board = append(board, slip)
	}
	return board, nil
}

// untoldNameless reports whether somebody without a name waits for the answer.
func (s *Issues) untoldNameless(ctx context.Context, i issue.State) (bool, error) {
	for _, id := range i.Untold() {
		_, speaker, err := s.heard(ctx, id)
		if err != nil || !speaker.Named() {
			return err == nil, err
		}
	}
	return false, nil
}
