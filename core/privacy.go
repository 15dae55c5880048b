package core

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// Privacy answers people who ask what is kept about them (yêu cầu của chủ thể dữ
// liệu): to see it, to have it corrected, removed or taken back (A11, L15). What
// somebody said is taken back by [Opinions.Withdraw]. Sealed matters are never
// among what is shown: not to the accused, and whoever handed one over has a
// receipt for it.
type Privacy struct{ u *unit }

// Held is what is kept about one speaker.
type Held struct {
	Speaker  opinion.Speaker
	Opinions []opinion.State // what they said
	Issues   []HeldIssue     // what is owed to them
	Notices  []HeldNotice    // what they were sent, without the texts, which are kept nowhere
}

// HeldIssue is an issue as its speaker knows it.
type HeldIssue struct {
	Code       string
	Status     issue.Status
	Registered calendar.Date
	Promised   calendar.Date
}

// HeldNotice is a message that was sent, or is to be.
type HeldNotice struct {
	Template string
	Channel  notify.Channel
	State    notify.State
	Created  time.Time
}

// OnPhone lists what is kept about the speakers with a telephone number, written
// +84…, by the programme office; several people may share one. Every look is
// journalled for each speaker. The rule is "opinion.speaker.phone".
func (s *Privacy) OnPhone(ctx context.Context, phone string) ([]Held, error) {
	u := s.u
	if err := u.allow(ctx, SeeSpeaker, scope{}); err != nil {
		return nil, err
	}
	if err := (opinion.Speaker{Phone: phone}).Validate(); err != nil {
		return nil, err
	}
	speakers, err := u.tx.SpeakersByPhone(ctx, phone)
	if err != nil {
		return nil, err
	}
	var found []Held
	for _, speaker := range speakers {
		held, err := s.held(ctx, speaker)
		if err != nil {
			return nil, err
		}
		found = append(found, held)
	}
	return found, nil
}

// OnSpeaker lists what is kept about one speaker, by the programme office. Every
// look is journalled. fault.ErrNotFound where there is none.
func (s *Privacy) OnSpeaker(ctx context.Context, id opinion.SpeakerID) (Held, error) {
	speaker, err := s.load(ctx, id)
	if err != nil {
		return Held{}, err
	}
	return s.held(ctx, speaker)
}

func (s *Privacy) load(ctx context.Context, id opinion.SpeakerID) (opinion.Speaker, error) {
	if err := s.u.allow(ctx, SeeSpeaker, scope{}); err != nil {
		return opinion.Speaker{}, err
	}
	return s.u.tx.Speaker(ctx, id)
}

func (s *Privacy) held(ctx context.Context, speaker opinion.Speaker) (Held, error) {
	u := s.u
	h := Held{Speaker: speaker}
	var err error
	if h.Opinions, err = u.tx.Opinions(ctx, opinion.Query{Speaker: speaker.ID}); err != nil {
		return Held{}, err
	}
	seen := make(map[string]bool)
	for _, o := range h.Opinions {
		if o.Issue == "" || seen[o.Issue] {
			continue
		}
		seen[o.Issue] = true
		i, err := u.tx.Issue(ctx, issue.ID(o.Issue))
		if err != nil {
			return Held{}, err
		}
		h.Issues = append(h.Issues, HeldIssue{Code: i.Code, Status: i.Status, Registered: i.Registered, Promised: i.PromiseDue})
		told, err := u.tx.Notices(ctx, notify.Query{Subject: issue.Subject(i.ID)})
		if err != nil {
			return Held{}, err
		}
		for _, n := range told {
			if n.To.Speaker == string(speaker.ID) {
				h.Notices = append(h.Notices, HeldNotice{Template: n.Template, Channel: n.Channel, State: n.State, Created: n.Created})
			}
		}
	}
	return h, u.journal(ctx, fact{subject: opinion.SpeakerSubject(speaker.ID), event: opinion.SpeakerShownEvent{}})
}

// Correct writes down anew what is known of a speaker, on the speaker's wish, by
// the programme office: what is empty in to is not known any more. The rules are
// "privacy.correct.…" and "opinion.speaker.phone".
func (s *Privacy) Correct(ctx context.Context, id opinion.SpeakerID, to opinion.Speaker) (opinion.Speaker, error) {
	known, err := s.load(ctx, id)
	if err != nil {
		return opinion.Speaker{}, err
	}
	switch {
	case !known.Scrubbed.IsZero():
		return opinion.Speaker{}, fault.Broken("privacy.correct.removed", "speaker", "what was known of this speaker was removed on %s", "thông tin của người này đã được xóa ngày %s", known.Scrubbed.VN())
	case !to.Named():
		return opinion.Speaker{}, fault.Broken("privacy.correct.empty", "name", "give a name or a telephone number, or remove the speaker", "phải ghi họ tên hoặc số điện thoại, nếu không hãy xóa thông tin")
	}
	if err := to.Validate(); err != nil {
		return opinion.Speaker{}, err
	}
	if to.Place == "" {
		to.Place = known.Place
	}
	to.ID, to.Version, to.Scrubbed = known.ID, known.Version, calendar.Date{}
	if err := s.u.tx.PutSpeaker(ctx, &to); err != nil {
		return opinion.Speaker{}, err
	}
	return to, s.u.journal(ctx, fact{subject: opinion.SpeakerSubject(id), event: opinion.SpeakerCorrectedEvent{}})
}

// Remove removes a speaker's name and telephone number for good, on the speaker's
// wish, by the programme office; what was said stays, and what is owed is told on
// the notice board. Who does not want the words to stay either has each opinion
// withdrawn.
func (s *Privacy) Remove(ctx context.Context, id opinion.SpeakerID) error {
	if _, err := s.load(ctx, id); err != nil {
		return err
	}
	return s.u.work.Opinions.scrub(ctx, id)
}

// HeldPerson is what is kept about somebody who takes part in the programme.
type HeldPerson struct {
	Person      org.Person
	Holdings    []org.Holding
	Leaves      []org.Leave
	Assignments []programme.Assignment
	Notices     []HeldNotice
}

// OnPerson lists what is kept about an official or another person of the
// organisation, for that person or whoever manages the organisation. What they did
// stands in the journal under their id, and in what they did it with; how others
// rated them is shown by Supervision to whom it may be shown.
func (s *Privacy) OnPerson(ctx context.Context, id org.PersonID) (HeldPerson, error) {
	u := s.u
	if u.by.Person != id {
		if err := u.allow(ctx, ManageOrganisation, scope{}); err != nil {
			return HeldPerson{}, err
		}
	}
	var h HeldPerson
	var faults fault.List
	var err error
	h.Person, err = u.dir.Person(ctx, id)
	faults.Add(err)
	h.Holdings, err = u.dir.Holdings(ctx, org.HoldingQuery{Person: id})
	faults.Add(err)
	h.Leaves, err = u.dir.Leaves(ctx, org.LeaveQuery{Person: id})
	faults.Add(err)
	h.Assignments, err = u.tx.Assignments(ctx, programme.AssignmentQuery{Official: id})
	faults.Add(err)
	told, err := u.tx.Notices(ctx, notify.Query{Person: id})
	faults.Add(err)
	if err := errors.Join(faults...); err != nil {
		return HeldPerson{}, err
	}
	for _, n := range told {
		h.Notices = append(h.Notices, HeldNotice{Template: n.Template, Channel: n.Channel, State: n.State, Created: n.Created})
	}
	return h, nil
}
