package core

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// Opinions captures what was said.
type Opinions struct{ u *unit }

// Said is one thing somebody said, about to be written down. Only Text and the
// hamlet are required, and the hamlet follows from the visit.
type Said struct {
	ID              opinion.ID // of the caller's device; empty makes one
	Text            string     // in the speaker's own words
	Kind            opinion.Kind
	Topics          []string
	Place           org.PlaceID      // empty: that of the visit
	Happened        calendar.Date    // zero: the day of the visit, else today
	Speaker         *opinion.Speaker // nil: somebody without a name; with an id: known already
	Collective      int              // people who spoke together
	Confidentiality opinion.Confidentiality
	Answer          string            // given on the spot (S16)
	Guidance        *opinion.Guidance // where a complainant was directed
	ClientID        string            // of the device: the same sent again is recognised
}

// Get returns one opinion without its speaker's name, or fault.ErrNotFound.
func (s *Opinions) Get(ctx context.Context, id opinion.ID) (opinion.State, error) {
	return s.u.tx.Opinion(ctx, id)
}

// List returns the opinions that q selects, without names.
func (s *Opinions) List(ctx context.Context, q opinion.Query) ([]opinion.State, error) {
	return s.u.tx.Opinions(ctx, q)
}

// Capture writes down what was said at a visit, or elsewhere when visit is empty:
// any number of things at once, words first. Officials, team leaders and the
// office may, and the hamlet head as a proxy. What was answered on the spot, or
// guided, is done with. What a device sends again is recognised by its client id
// and changes nothing. The rules are "opinion.capture.…", "opinion.answer.…",
// "opinion.guide.…"; a denunciation is refused: see [Sealed.Receive].
func (s *Opinions) Capture(ctx context.Context, at visit.ID, said ...Said) ([]opinion.State, error) {
	var opinions []opinion.State
	for _, one := range said {
		o, err := s.capture(ctx, at, one)
		if err != nil {
			return nil, err
		}
		opinions = append(opinions, o)
	}
	return opinions, nil
}

func (s *Opinions) capture(ctx context.Context, at visit.ID, said Said) (opinion.State, error) {
	u := s.u
	said, err := s.situate(ctx, at, said)
	if err != nil {
		return opinion.State{}, err
	}
	if err := u.allow(ctx, CaptureOpinion, scope{person: u.by.Person, place: said.Place}); err != nil {
		return opinion.State{}, err
	}
	if earlier, ok, err := s.resent(ctx, said); ok || err != nil {
		return earlier, err
	}
	o, err := opinion.New(s.complete(at, said), u.now)
	if err != nil {
		return opinion.State{}, err
	}
	if o.Speaker, err = s.putSpeaker(ctx, said); err != nil {
		return opinion.State{}, err
	}
	e := opinion.CapturedEvent{Visit: o.Visit, Anonymous: o.Anonymous(), Proxy: o.Proxy}
	if said.Answer == "" && said.Guidance == nil {
		err = s.keep(ctx, &o, e)
		return o, err
	}
	if err := s.note(ctx, o, e); err != nil {
		return opinion.State{}, err
	}
	if said.Guidance != nil {
		err = s.guide(ctx, &o, *said.Guidance)
		return o, err
	}
	err = s.answer(ctx, &o, said.Answer)
	return o, err
}

// situate fills in where and when it was said.
func (s *Opinions) situate(ctx context.Context, at visit.ID, said Said) (Said, error) {
	if at != "" {
		v, err := s.u.tx.Visit(ctx, at)
		if err != nil {
			return said, err
		}
		if said.Place == "" {
			said.Place = v.Place
		}
		if said.Happened.IsZero() && !v.On().After(s.u.today) {
			said.Happened = v.On()
		}
	}
	if said.Happened.IsZero() {
		said.Happened = s.u.today
	}
	switch {
	case said.ID != "":
	case said.ClientID != "":
		said.ID = s.deviceID(at, said)
	default:
		said.ID = opinion.ID(s.u.newID())
	}
	return said, nil
}

// resent finds what the same device sent before, even where it was withdrawn
// since: that must not come back.
func (s *Opinions) resent(ctx context.Context, said Said) (opinion.State, bool, error) {
	if said.ClientID == "" {
		return opinion.State{}, false, nil
	}
	known, err := s.u.tx.Opinion(ctx, said.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return opinion.State{}, false, nil
	}
	return known, known.ClientID == said.ClientID || known.Status == opinion.Withdrawn, err
}

// deviceID is the id of what a device sent from a visit or place: the same every
// time, and telling nothing.
func (s *Opinions) deviceID(at visit.ID, said Said) opinion.ID {
	mac := hmac.New(sha256.New, s.u.sys.opts.Secret)
	fmt.Fprintf(mac, "opinion\x00%s\x00%s\x00%s\x00%s", at, said.Place, said.Happened, said.ClientID)
	return opinion.ID(hex.EncodeToString(mac.Sum(nil)[:16]))
}

func (s *Opinions) complete(at visit.ID, said Said) opinion.Capture {
	by := s.u.by
	return opinion.Capture{
		ID: said.ID, Visit: string(at), Place: said.Place, Text: said.Text, Kind: said.Kind, Topics: said.Topics,
		Collective: said.Collective, Confidentiality: said.Confidentiality, Heard: org.PersonID(by.String()),
		Proxy: by.Role == org.HamletHead || by.ProxyFor != "", Happened: said.Happened, ClientID: said.ClientID,
	}
}

// AnswerOnSpot adds the answer that was given at once to an opinion captured
// before. A complaint has none. The rules are "opinion.answer.…".
func (s *Opinions) AnswerOnSpot(ctx context.Context, id opinion.ID, answer string) (opinion.State, error) {
	o, err := s.load(ctx, id)
	if err != nil {
		return opinion.State{}, err
	}
	err = s.answer(ctx, &o, answer)
	return o, err
}

func (s *Opinions) answer(ctx context.Context, o *opinion.State, answer string) error {
	if err := o.AnswerOnSpot(answer); err != nil {
		return err
	}
	return s.keep(ctx, o, opinion.AnsweredEvent{})
}

// Guide writes down to which competent body a complainant was directed (A1).
// The rules are "opinion.guide.…".
func (s *Opinions) Guide(ctx context.Context, id opinion.ID, g opinion.Guidance) (opinion.State, error) {
	o, err := s.load(ctx, id)
	if err != nil {
		return opinion.State{}, err
	}
	err = s.guide(ctx, &o, g)
	return o, err
}

func (s *Opinions) guide(ctx context.Context, o *opinion.State, g opinion.Guidance) error {
	if g.On.IsZero() {
		g.On = o.Happened
	}
	if err := o.Guide(g, s.u.today); err != nil {
		return err
	}
	return s.keep(ctx, o, opinion.GuidedEvent{Paper: g.Paper})
}

// Classify says, later, of what kind an opinion is and what it is about. When it
// turns out to be a denunciation, what was said is handed over sealed, with a
// receipt for the speaker, and leaves nothing here but an emptied opinion. The
// rules are "opinion.classify.…" and "sealed.receive.…".
func (s *Opinions) Classify(ctx context.Context, id opinion.ID, kind opinion.Kind, topics ...string) (o opinion.State, receipt string, err error) {
	if o, err = s.load(ctx, id); err != nil {
		return opinion.State{}, "", err
	}
	if kind == opinion.Denunciation {
		return s.seal(ctx, o)
	}
	if err := o.Classify(kind, topics); err != nil {
		return opinion.State{}, "", err
	}
	return o, "", s.keep(ctx, &o, opinion.ClassifiedEvent{Opinion: kind})
}

// Protect changes, on the speaker's wish, who may know who spoke. Whatever its kind,
// an opinion that the speaker wants sealed is handed to the inspector, with a receipt
// for the speaker, and leaves nothing here (domain 3.3). The rules are
// "opinion.protect.…" and "sealed.receive.…".
func (s *Opinions) Protect(ctx context.Context, id opinion.ID, c opinion.Confidentiality) (o opinion.State, receipt string, err error) {
	if o, err = s.load(ctx, id); err != nil {
		return opinion.State{}, "", err
	}
	if c == opinion.Sealed && o.Status != opinion.Withdrawn {
		return s.seal(ctx, o)
	}
	if err := o.Protect(c); err != nil {
		return opinion.State{}, "", err
	}
	return o, "", s.keep(ctx, &o, opinion.ProtectedEvent{Confidentiality: c})
}

// RecordSatisfaction writes down whether a speaker is satisfied with an answer
// given on the spot, by whoever may record replies but never by the one who
// gave it. Those who are not may have an issue registered.
func (s *Opinions) RecordSatisfaction(ctx context.Context, id opinion.ID, satisfied bool) (opinion.State, error) {
	u := s.u
	o, err := u.tx.Opinion(ctx, id)
	if err != nil {
		return opinion.State{}, err
	}
	if err := u.allow(ctx, RecordReply, scope{person: o.Heard, place: o.Place}); err != nil {
		return opinion.State{}, err
	}
	if u.by.Person != "" && u.by.Person == o.Heard {
		return opinion.State{}, fault.Broken("opinion.reply.own", "by", "nobody records how their own answer was received", "người trả lời không được tự ghi nhận mức hài lòng")
	}
	if err := o.Say(satisfied); err != nil {
		return opinion.State{}, err
	}
	err = s.keep(ctx, &o, opinion.SatisfiedEvent{Satisfied: satisfied, Proxy: u.by.Person != ""})
	return o, err
}

// capturedAt is what was said at a visit and is not recorded yet.
func (u *unit) capturedAt(ctx context.Context, visit string) ([]opinion.State, error) {
	return u.tx.Opinions(ctx, opinion.Query{Visit: visit, Statuses: []opinion.Status{opinion.Captured}})
}

// recordRest: with the visit's report, whatever was not answered at once waits
// for its answer (S17).
func recordRest(ctx context.Context, u *unit, r event.Record, _ event.Event) error {
	captured, err := u.capturedAt(ctx, r.Subject.ID)
	if err != nil {
		return err
	}
	for _, o := range captured {
		if o.Kind.GuideOnly() {
			continue // still to be guided
		}
		if err := o.Record(); err != nil {
			return err
		}
		if err := u.work.Opinions.keep(ctx, &o, opinion.RecordedEvent{}); err != nil {
			return err
		}
	}
	return nil
}

// load reads an opinion that the actor may write down or change: whoever may
// capture opinions in its hamlet.
func (s *Opinions) load(ctx context.Context, id opinion.ID) (opinion.State, error) {
	o, err := s.u.tx.Opinion(ctx, id)
	if err != nil {
		return opinion.State{}, err
	}
	return o, s.u.allow(ctx, CaptureOpinion, scope{person: o.Heard, place: o.Place})
}

// keep stores the opinion and journals what happened to it, never what was said.
func (s *Opinions) keep(ctx context.Context, o *opinion.State, e event.Event) error {
	return s.keepAt(ctx, o, e, o.Place)
}

func (s *Opinions) keepAt(ctx context.Context, o *opinion.State, e event.Event, place org.PlaceID) error {
	if err := s.u.tx.PutOpinion(ctx, o); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: opinion.Subject(o.ID), event: e, place: place})
}

// note journals what happened to an opinion that is kept right after.
func (s *Opinions) note(ctx context.Context, o opinion.State, e event.Event) error {
	return s.u.journal(ctx, fact{subject: opinion.Subject(o.ID), event: e, place: o.Place})
}
