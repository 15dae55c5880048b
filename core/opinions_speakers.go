package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
)

// putSpeaker keeps what is known of the speaker, apart from what was said.
func (s *Opinions) putSpeaker(ctx context.Context, said Said) (opinion.SpeakerID, error) {
	if said.Speaker == nil {
		return "", nil
	}
	speaker := *said.Speaker
	if speaker.ID != "" && speaker.Version == 0 {
		known, err := s.u.tx.Speaker(ctx, speaker.ID)
		if err == nil {
			return known.ID, nil
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return "", err
		}
	}
	if !speaker.Named() && speaker.ID == "" {
		return "", nil // nothing is known: the same as nobody
	}
	if err := speaker.Validate(); err != nil {
		return "", err
	}
	if speaker.ID == "" {
		speaker.ID = opinion.SpeakerID(s.u.newID())
	}
	if speaker.Place == "" {
		speaker.Place = said.Place
	}
	return speaker.ID, s.u.tx.PutSpeaker(ctx, &speaker)
}

// Speaker tells who spoke. A name given openly is for those who handle the matter:
// who heard it, the issue's owner, team leader and lead unit, and the office. A
// hidden one is for the programme office alone, and every look is journalled,
// so that it needs a unit of work that may write. fault.ErrNotFound when the
// opinion has no speaker.
func (s *Opinions) Speaker(ctx context.Context, id opinion.ID) (opinion.Speaker, error) {
	u := s.u
	o, err := u.tx.Opinion(ctx, id)
	if err != nil {
		return opinion.Speaker{}, err
	}
	if err := s.mayKnow(ctx, o); err != nil {
		return opinion.Speaker{}, err
	}
	if o.Anonymous() {
		return opinion.Speaker{}, fault.NotFound("speaker of opinion", string(id))
	}
	if o.Confidentiality != opinion.Open {
		err := u.journal(ctx, fact{subject: opinion.SpeakerSubject(o.Speaker), event: opinion.SpeakerSeenEvent{Opinion: string(id)}})
		if err != nil {
			return opinion.Speaker{}, err
		}
	}
	return u.tx.Speaker(ctx, o.Speaker)
}

func (s *Opinions) mayKnow(ctx context.Context, o opinion.State) error {
	u := s.u
	refused := u.allow(ctx, SeeSpeaker, scope{place: o.Place})
	if !errors.Is(refused, fault.ErrForbidden) || o.Confidentiality != opinion.Open {
		return refused
	}
	if u.by.Person == o.Heard {
		return nil
	}
	if o.Issue == "" {
		return refused
	}
	i, err := u.tx.Issue(ctx, issue.ID(o.Issue))
	if err != nil {
		return err
	}
	for _, action := range []Action{DeliverFeedback, AnswerReferral} {
		if err := u.allow(ctx, action, about(i)); !errors.Is(err, fault.ErrForbidden) {
			return err
		}
	}
	return refused
}

// Forget removes a speaker's name and phone for good, on the speaker's wish; what
// was said stays. By whoever may capture opinions there, and the office.
func (s *Opinions) Forget(ctx context.Context, id opinion.ID) error {
	o, err := s.load(ctx, id)
	if err != nil || o.Anonymous() {
		return err
	}
	return s.scrub(ctx, o.Speaker)
}

func (s *Opinions) scrub(ctx context.Context, id opinion.SpeakerID) error {
	speaker, err := s.u.tx.Speaker(ctx, id)
	if err != nil || !speaker.Scrubbed.IsZero() {
		return err
	}
	speaker.Scrub(s.u.today)
	if err := s.u.tx.PutSpeaker(ctx, &speaker); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: opinion.SpeakerSubject(id), event: opinion.SpeakerScrubbedEvent{}})
}

// ScrubSpeakers removes the names and phones of speakers whose last matter was
// done with more than policy Retention.SpeakerMonths ago, and returns how many
// (A11, L15). The programme does it by itself every day; the office may at once.
func (s *Opinions) ScrubSpeakers(ctx context.Context) (int, error) {
	u := s.u
	if err := u.allow(ctx, SeeSpeaker, scope{}); err != nil {
		return 0, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return 0, err
	}
	cutOff := u.today.AddMonths(-book.Retention.SpeakerMonths)
	old, err := u.tx.Opinions(ctx, opinion.Query{Named: true, During: calendar.Period{From: calendar.MustDate(1, 1, 1), To: cutOff}})
	if err != nil {
		return 0, err
	}
	scrubbed := 0
	seen := make(map[opinion.SpeakerID]bool)
	for _, o := range old {
		if seen[o.Speaker] {
			continue
		}
		seen[o.Speaker] = true
		done, err := s.scrubIfDone(ctx, o.Speaker, cutOff)
		if err != nil {
			return scrubbed, err
		}
		if done {
			scrubbed++
		}
	}
	return scrubbed, nil
}

// scrubIfDone scrubs a speaker all of whose matters ended by the day.
func (s *Opinions) scrubIfDone(ctx context.Context, id opinion.SpeakerID, by calendar.Date) (bool, error) {
	speaker, err := s.u.tx.Speaker(ctx, id)
	if err != nil || !speaker.Scrubbed.IsZero() {
		return false, err
	}
	said, err := s.u.tx.Opinions(ctx, opinion.Query{Speaker: id})
	if err != nil {
		return false, err
	}
	for _, o := range said {
		ended := o.Happened
		if o.Issue != "" {
			i, err := s.u.tx.Issue(ctx, issue.ID(o.Issue))
			if err != nil {
				return false, err
			}
			if i.ClosedOn.IsZero() {
				return false, nil
			}
			ended = i.ClosedOn
		}
		if ended.After(by) {
			return false, nil
		}
	}
	return true, s.scrub(ctx, id)
}
