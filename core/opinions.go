package core

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
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
		Collective: said.Collective, Confidentiality: said.Confidentiality, Heard: by.Person,
		Proxy: by.Role == org.HamletHead || by.ProxyFor != "", Happened: said.Happened, ClientID: said.ClientID,
	}
}

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

// unname takes the title off an issue that was registered from this opinion
// alone: it may say what is sealed now.
func (s *Opinions) unname(ctx context.Context, o opinion.State) error {
	if o.Issue == "" {
		return nil
	}
	i, err := s.u.tx.Issue(ctx, issue.ID(o.Issue))
	if err != nil || len(i.Opinions) > 1 {
		return err
	}
	i.Title = ""
	return s.u.tx.PutIssue(ctx, &i)
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
	old, err := u.tx.Opinions(ctx, opinion.Query{During: calendar.Period{From: calendar.MustDate(1, 1, 1), To: cutOff}})
	if err != nil {
		return 0, err
	}
	scrubbed := 0
	seen := make(map[opinion.SpeakerID]bool)
	for _, o := range old {
		if o.Anonymous() || seen[o.Speaker] {
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

// recordRest: with the visit's report, whatever was not answered at once waits
// for its answer (S17).
func recordRest(ctx context.Context, u *unit, r event.Record, _ event.Event) error {
	captured, err := u.tx.Opinions(ctx, opinion.Query{Visit: r.Subject.ID, Statuses: []opinion.Status{opinion.Captured}})
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
