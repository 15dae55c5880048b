package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// DraftSurvey keeps a profile of a hamlet that is being written, by the official
// who looks after it or whoever stands in: a new edition, or, with the ID of a
// draft of theirs, that draft again. Nothing is checked yet but whose it is.
func (s *Visits) DraftSurvey(ctx context.Context, p visit.Profile) (visit.Profile, error) {
	p, err := s.draft(ctx, p)
	if err != nil {
		return visit.Profile{}, err
	}
	return p, s.keepProfile(ctx, &p, "")
}

// draft is the profile as the next edition of its hamlet, or as the draft it
// already is.
func (s *Visits) draft(ctx context.Context, p visit.Profile) (visit.Profile, error) {
	u := s.u
	if err := u.allow(ctx, ReportVisit, scope{person: p.Author, place: p.Place}); err != nil {
		return visit.Profile{}, err
	}
	if p.On.IsZero() {
		p.On = u.today
	}
	if p.On.After(u.today) {
		return visit.Profile{}, fault.Broken("profile.draft.in_the_future", "on", "%s has not come yet: give the day of the survey", "ngày %s chưa đến: hãy ghi ngày khảo sát", p.On)
	}
	editions, err := u.tx.Profiles(ctx, p.Place)
	if err != nil {
		return visit.Profile{}, err
	}
	edition := len(editions) + 1
	for _, e := range editions {
		if e.ID == p.ID && p.ID != "" {
			if e.Status != visit.ProfileDraft || e.Author != p.Author {
				return visit.Profile{}, fault.Broken("profile.draft.not_a_draft", "status", "edition %[1]d is %[2]s and not a draft of yours: write a new edition", "lần %[1]d đang ở trạng thái %[2]s, không phải bản nháp của bạn: hãy lập lần mới", e.Edition, e.Status)
			}
			edition, p.Version, p.Reason = e.Edition, e.Version, e.Reason
		}
	}
	if p.ID == "" {
		p.ID = visit.ProfileID(u.newID())
	}
	p.Edition, p.Status = edition, visit.ProfileDraft
	return p, nil
}

// Survey hands in a hamlet's profile (S13): as the next edition, or, with the ID
// of a draft of the author's, that one. Given with a visit, it is attached to it.
// A survey duty of the author there is met.
func (s *Visits) Survey(ctx context.Context, p visit.Profile, at visit.ID) (visit.Profile, error) {
	u := s.u
	p, err := s.draft(ctx, p)
	if err != nil {
		return visit.Profile{}, err
	}
	if err := p.Submit(); err != nil {
		return visit.Profile{}, err
	}
	if err := s.keepProfile(ctx, &p, ""); err != nil {
		return visit.Profile{}, err
	}
	if at != "" {
		if err := s.attach(ctx, at, p); err != nil {
			return visit.Profile{}, err
		}
	}
	return p, u.meetSurvey(ctx, p.Author, p.Place)
}

func (s *Visits) attach(ctx context.Context, id visit.ID, p visit.Profile) error {
	v, err := s.u.tx.Visit(ctx, id)
	if err != nil {
		return err
	}
	if v.Place != p.Place {
		return fault.Broken("profile.attach.other_place", "visit", "the visit was to %s, the profile is of %s", "buổi tại %s nhưng đặc điểm tình hình của %s", v.Place, p.Place)
	}
	v.Profile = p.ID
	return s.u.tx.PutVisit(ctx, &v)
}

// AcceptProfile takes a submitted profile as the hamlet's, by the team leader or
// the office, never by its author.
func (s *Visits) AcceptProfile(ctx context.Context, id visit.ProfileID) (visit.Profile, error) {
	p, _, err := s.handedIn(ctx, id)
	if err != nil {
		return visit.Profile{}, err
	}
	if err := p.Accept(); err != nil {
		return visit.Profile{}, err
	}
	return p, s.keepProfile(ctx, &p, "")
}

// SendBackProfile returns a submitted profile to its author, with a reason, by
// the team leader or the office, never by its author. The survey is owed again
// from today on.
func (s *Visits) SendBackProfile(ctx context.Context, id visit.ProfileID, reason string) (visit.Profile, error) {
	u := s.u
	p, team, err := s.handedIn(ctx, id)
	if err != nil {
		return visit.Profile{}, err
	}
	if err := p.SendBack(reason); err != nil {
		return visit.Profile{}, err
	}
	if err := s.keepProfile(ctx, &p, reason); err != nil {
		return visit.Profile{}, err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: p.Author, Place: p.Place, Team: team,
		During: calendar.Period{From: u.today, To: u.today}, Statuses: []programme.AssignmentStatus{programme.Active}})
	if err != nil || len(assignments) == 0 {
		return p, err // somebody else looks after the hamlet now
	}
	return p, u.oweSurvey(ctx, assignments[0])
}

// handedIn reads a profile for somebody who decides about it, with the author's team.
func (s *Visits) handedIn(ctx context.Context, id visit.ProfileID) (visit.Profile, org.TeamID, error) {
	p, err := s.u.tx.Profile(ctx, id)
	if err != nil {
		return visit.Profile{}, "", err
	}
	team, err := s.u.teamFor(ctx, p.Author, p.Place, p.On)
	if err != nil && len(fault.Violations(err)) == 0 {
		return visit.Profile{}, "", err
	}
	return p, team, s.u.allow(ctx, AcceptProfile, scope{person: p.Author, place: p.Place, team: team})
}

// Profile returns the latest edition of what is known of a hamlet that was
// handed in, for the next official too, or fault.ErrNotFound. It may be stale, as
// its status says.
func (s *Visits) Profile(ctx context.Context, place org.PlaceID) (visit.Profile, error) {
	editions, err := s.u.tx.Profiles(ctx, place)
	if err != nil {
		return visit.Profile{}, err
	}
	if p := latest(editions); p != nil {
		return *p, nil
	}
	return visit.Profile{}, fault.NotFound("profile", string(place))
}

// Editions returns every edition of a hamlet's profile, drafts too, the first
// one first.
func (s *Visits) Editions(ctx context.Context, place org.PlaceID) ([]visit.Profile, error) {
	return s.u.tx.Profiles(ctx, place)
}

// SurveyState says where the survey of a hamlet stands (model M12): due where
// nothing is written yet, else the state of the last edition.
func (s *Visits) SurveyState(ctx context.Context, place org.PlaceID) (visit.ProfileStatus, error) {
	editions, err := s.u.tx.Profiles(ctx, place)
	if err != nil || len(editions) == 0 {
		return visit.ProfileDue, err
	}
	return editions[len(editions)-1].Status, nil
}

// latest is the last edition that was handed in, nil when none was.
func latest(editions []visit.Profile) *visit.Profile {
	for i := range slices.Backward(editions) {
		if editions[i].Status != visit.ProfileDraft {
			return &editions[i]
		}
	}
	return nil
}

// oweSurvey opens the duty to survey the hamlet of an assignment from today on.
func (u *unit) oweSurvey(ctx context.Context, a programme.Assignment) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.Survey, Subject: programme.AssignmentSubject(a.ID), Place: a.Place,
		Holder: org.Party{Role: org.Official, Person: a.Official, Team: a.Team}, Start: u.today, Days: book.Visits.SurveyDays,
	})
	return err
}

func (s *Visits) keepProfile(ctx context.Context, p *visit.Profile, why string) error {
	if err := s.u.tx.PutProfile(ctx, p); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: visit.ProfileSubject(p.ID), place: p.Place, why: why,
		event: visit.ProfileEvent{Place: string(p.Place), Edition: p.Edition, Status: p.Status}})
}

// meetSurvey meets the survey duties of the official's assignments to the place.
func (u *unit) meetSurvey(ctx context.Context, official org.PersonID, place org.PlaceID) error {
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Official: official, Place: place})
	if err != nil {
		return err
	}
	for _, a := range assignments {
		if err := u.meet(ctx, event.Subject{Type: "assignment", ID: string(a.ID)}, u.today, duty.Survey); err != nil {
			return err
		}
	}
	return nil
}

// Issue sets what every hamlet, or some, are to be told during a period (S2–S4).
// Addressed to a commune, or to any other territory, it is to be told in each
// hamlet that lies in it on the day of the visit.
func (s *Visits) Issue(ctx context.Context, i visit.Item) (visit.Item, error) {
	if err := s.u.allow(ctx, IssueItem, scope{}); err != nil {
		return visit.Item{}, err
	}
	if err := i.Validate(); err != nil {
		return visit.Item{}, err
	}
	if i.ID == "" {
		i.ID = visit.ItemID(s.u.newID())
	}
	i.Status = visit.Issued
	if err := s.u.tx.PutItem(ctx, &i); err != nil {
		return visit.Item{}, err
	}
	return i, s.u.journal(ctx, fact{subject: visit.ItemSubject(i.ID), event: visit.ItemIssuedEvent{Type: i.Type}})
}

// Supersede replaces an item by another one that is already issued.
func (s *Visits) Supersede(ctx context.Context, old, by visit.ItemID) error {
	if err := s.u.allow(ctx, IssueItem, scope{}); err != nil {
		return err
	}
	i, err := s.u.tx.Item(ctx, old)
	if err != nil {
		return err
	}
	if _, err := s.u.tx.Item(ctx, by); err != nil {
		return err
	}
	if err := i.Replace(by); err != nil {
		return err
	}
	if err := s.u.tx.PutItem(ctx, &i); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: visit.ItemSubject(old), event: visit.ItemSupersededEvent{By: string(by)}})
}

// WaiveItem lets a hamlet off an item, with a reason: by the office, which issued
// it (M11). No report there has to tick it any more.
func (s *Visits) WaiveItem(ctx context.Context, id visit.ItemID, place org.PlaceID, reason string) (visit.Item, error) {
	u := s.u
	if err := u.allow(ctx, IssueItem, scope{}); err != nil {
		return visit.Item{}, err
	}
	i, err := u.tx.Item(ctx, id)
	if err != nil {
		return visit.Item{}, err
	}
	within, err := u.lies(ctx, place, u.nearest(i.Valid))
	if err != nil {
		return visit.Item{}, err
	}
	if err := i.Waive(visit.Waiver{Place: place, Reason: reason, By: u.by.Person, On: u.today}, within...); err != nil {
		return visit.Item{}, err
	}
	if err := u.tx.PutItem(ctx, &i); err != nil {
		return visit.Item{}, err
	}
	return i, u.journal(ctx, fact{subject: visit.ItemSubject(id), place: place, why: reason, event: visit.ItemWaivedEvent{Place: string(place)}})
}

// Items returns the dissemination items valid on any day of a period, those that
// were superseded too; a zero period returns all.
func (s *Visits) Items(ctx context.Context, during calendar.Period) ([]visit.Item, error) {
	return s.u.tx.Items(ctx, during)
}

// ItemCoverage says in how many of the hamlets an item was told (M11).
type ItemCoverage struct {
	Item      visit.ItemID
	Hamlets   int             // to be told; as many as Told and Untold together
	Told      int             // told, or waived with a reason
	Receipted int             // of the told: at a visit that was confirmed
	Waived    int             // of the told: let off with a reason
	Audience  int             // people who heard it
	Untold    []org.PlaceID   // in the order of their ids
	Places    []visit.Hearing // how it stands in each hamlet, in the order of their ids
}

// Coverage says where an item was told, over the hamlets that somebody looks
// after while it is valid and that lie, today or on the nearest day of its
// validity, where it is addressed.
func (s *Visits) Coverage(ctx context.Context, id visit.ItemID) (ItemCoverage, error) {
	item, err := s.u.tx.Item(ctx, id)
	if err != nil {
		return ItemCoverage{}, err
	}
	hamlets, err := s.u.visitedPlaces(ctx, item.Valid)
	if err != nil {
		return ItemCoverage{}, err
	}
	c := ItemCoverage{Item: id}
	for _, place := range hamlets {
		within, err := s.u.lies(ctx, place, s.u.nearest(item.Valid))
		if err != nil {
			return ItemCoverage{}, err
		}
		if !item.Addressed(place, within...) {
			continue
		}
		visits, err := s.u.tx.Visits(ctx, visit.Query{Place: place, During: item.Valid})
		if err != nil {
			return ItemCoverage{}, err
		}
		c.add(item.Heard(place, visits))
	}
	return c, nil
}

// add counts one hamlet.
func (c *ItemCoverage) add(h visit.Hearing) {
	c.Hamlets++
	c.Audience += h.Audience
	c.Places = append(c.Places, h)
	switch h.Status {
	case visit.ItemPending:
		c.Untold = append(c.Untold, h.Place)
		return
	case visit.ItemReceipted:
		c.Receipted++
	case visit.ItemWaived:
		c.Waived++
	}
	c.Told++
}

// lies returns the territories in which a hamlet lies on a day, the nearest
// first. One that is divided by then, without a choice, lies in none that is sure.
func (u *unit) lies(ctx context.Context, place org.PlaceID, on calendar.Date) ([]org.PlaceID, error) {
	line, err := org.Line(ctx, u.dir, place, on)
	if len(fault.Violations(err)) > 0 {
		return nil, nil
	}
	if err != nil || len(line) == 0 {
		return nil, err
	}
	return line[1:], nil
}

// nearest is today, or the day of the period that is nearest to it.
func (u *unit) nearest(p calendar.Period) calendar.Date {
	switch {
	case u.today.Before(p.From):
		return p.From
	case !p.To.IsZero() && u.today.After(p.To):
		return p.To
	}
	return u.today
}

// visitedPlaces are the hamlets that somebody is assigned to during the period.
func (u *unit) visitedPlaces(ctx context.Context, during calendar.Period) ([]org.PlaceID, error) {
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{During: during,
		Statuses: []programme.AssignmentStatus{programme.Approved, programme.Active, programme.Ended}})
	if err != nil {
		return nil, err
	}
	return distinctPlaces(assignments), nil
}

// Agenda is the sheet an official takes along (phiếu đi cơ sở): whom to meet and
// how to address them, which answers to tell first, what else was promised, what
// was said last time, what to spread, and what is known of the place.
type Agenda struct {
	Visit     visit.State
	PlaceName string
	Hosts     []Host
	Answers   []issue.State  // approved, to be told tonight (S21), oldest first
	Open      []issue.State  // still being handled, the nearest promise first: people will ask
	Last      *visit.State   // the last visit there that took place, with its minutes; nil when this is the first
	Items     []visit.Item   // to be told there
	Profile   *visit.Profile // may be stale, as its status says
}

// Host is a key person of the hamlet (S14).
type Host struct {
	Role   org.Role
	Person org.Person
}

// Agenda puts the sheet of one visit together. The official, the team leader and
// the office may see it.
func (s *Visits) Agenda(ctx context.Context, id visit.ID) (Agenda, error) {
	u := s.u
	v, _, err := s.load(ctx, id, PlanVisit)
	if err != nil {
		return Agenda{}, err
	}
	a := Agenda{Visit: v}
	if a.PlaceName, err = org.Display(ctx, u.dir, v.Place, v.On()); err != nil {
		return Agenda{}, err
	}
	if a.Hosts, err = s.hosts(ctx, v); err != nil {
		return Agenda{}, err
	}
	issues, err := u.raisedFor(ctx, v)
	if err != nil {
		return Agenda{}, err
	}
	for _, i := range issues {
		switch {
		case i.Status == issue.FeedbackDue:
			a.Answers = append(a.Answers, i)
		case i.Open():
			a.Open = append(a.Open, i)
		}
	}
	slices.SortStableFunc(a.Open, func(x, y issue.State) int { return x.PromiseDue.Compare(y.PromiseDue) })
	if a.Last, err = s.last(ctx, v); err != nil {
		return Agenda{}, err
	}
	pending, err := s.untold(ctx, v)
	if err != nil {
		return Agenda{}, err
	}
	for _, item := range pending {
		i, err := u.tx.Item(ctx, item)
		if err != nil {
			return Agenda{}, err
		}
		a.Items = append(a.Items, i)
	}
	profile, err := s.Profile(ctx, v.Place)
	switch {
	case err == nil:
		a.Profile = &profile
	case !errors.Is(err, fault.ErrNotFound):
		return Agenda{}, err
	}
	return a, nil
}

// last is the latest visit to the same hamlet that took place before this one,
// by whomever, nil when there is none.
func (s *Visits) last(ctx context.Context, v visit.State) (*visit.State, error) {
	visits, err := s.u.tx.Visits(ctx, visit.Query{Place: v.Place})
	if err != nil {
		return nil, err
	}
	for _, o := range slices.Backward(visits) {
		if o.ID != v.ID && o.Claimed() && o.On().Before(v.On()) {
			return &o, nil
		}
	}
	return nil, nil
}

// held are the roles at the visit's hamlet on its day.
func (s *Visits) held(ctx context.Context, v visit.State) ([]org.Holding, error) {
	return s.u.dir.Holdings(ctx, org.HoldingQuery{Place: v.Place, On: v.On()})
}

// hosts are the key persons of the visit's hamlet on its day.
func (s *Visits) hosts(ctx context.Context, v visit.State) ([]Host, error) {
	holdings, err := s.held(ctx, v)
	if err != nil {
		return nil, err
	}
	var hosts []Host
	for _, role := range []org.Role{org.PartyCellSecretary, org.HamletHead, org.ResidentGroupHead, org.VillageElder} {
		for _, h := range holdings {
			if h.Role != role {
				continue
			}
			p, err := s.u.dir.Person(ctx, h.Person)
			if err != nil {
				return nil, err
			}
			hosts = append(hosts, Host{Role: role, Person: p})
		}
	}
	return hosts, nil
}
