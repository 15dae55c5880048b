package core

import (
	"context"
	"errors"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// Survey drafts and submits the next edition of a hamlet's profile (S13). Given
// with a visit, it is attached to it. A survey duty of the author there is met.
func (s *Visits) Survey(ctx context.Context, p visit.Profile, at visit.ID) (visit.Profile, error) {
	u := s.u
	if err := u.allow(ctx, ReportVisit, scope{person: p.Author, place: p.Place}); err != nil {
		return visit.Profile{}, err
	}
	earlier, err := u.tx.Profiles(ctx, p.Place)
	if err != nil {
		return visit.Profile{}, err
	}
	if p.ID == "" {
		p.ID = visit.ProfileID(u.newID())
	}
	p.Edition, p.Status = len(earlier)+1, visit.ProfileDraft
	if p.On.IsZero() {
		p.On = u.today
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
	p, err := s.u.tx.Profile(ctx, id)
	if err != nil {
		return visit.Profile{}, err
	}
	team, err := s.u.teamFor(ctx, p.Author, p.Place, p.On)
	if err != nil && len(fault.Violations(err)) == 0 {
		return visit.Profile{}, err
	}
	if err := s.u.allow(ctx, AcceptProfile, scope{person: p.Author, place: p.Place, team: team}); err != nil {
		return visit.Profile{}, err
	}
	if err := p.Accept(); err != nil {
		return visit.Profile{}, err
	}
	return p, s.keepProfile(ctx, &p, "")
}

// Profile returns the latest edition of what is known of a hamlet, for the next
// official too, or fault.ErrNotFound.
func (s *Visits) Profile(ctx context.Context, place org.PlaceID) (visit.Profile, error) {
	editions, err := s.u.tx.Profiles(ctx, place)
	if err != nil {
		return visit.Profile{}, err
	}
	if len(editions) == 0 {
		return visit.Profile{}, fault.NotFound("profile", string(place))
	}
	return editions[len(editions)-1], nil
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

// ItemCoverage says in how many of the hamlets an item was told (M11).
type ItemCoverage struct {
	Item     visit.ItemID
	Hamlets  int           // to be told
	Told     int           // told, or waived with a reason
	Audience int           // people who heard it
	Untold   []org.PlaceID // in the order of their ids
}

// Coverage says where an item was told, over the hamlets that somebody looks
// after while it is valid.
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
		if len(item.Places) > 0 && !item.For(place) {
			continue
		}
		visits, err := s.u.tx.Visits(ctx, visit.Query{Place: place, During: item.Valid})
		if err != nil {
			return ItemCoverage{}, err
		}
		c.Hamlets++
		if audience, told := heard(visits, id); told {
			c.Told++
			c.Audience += audience
		} else {
			c.Untold = append(c.Untold, place)
		}
	}
	return c, nil
}

// heard counts who heard the item at the visits.
func heard(visits []visit.State, item visit.ItemID) (audience int, told bool) {
	for _, v := range visits {
		told = told || v.Told(item)
		for _, r := range v.Reports {
			for _, c := range r.Receipts {
				if c.Item == item && c.Told && v.Claimed() {
					audience += c.Audience
				}
			}
		}
	}
	return audience, told
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
// how to address them, what is owed there, which answers to tell first, what to
// spread, and what is known of the place.
type Agenda struct {
	Visit     visit.State
	PlaceName string
	Hosts     []Host
	Answers   []issue.State // approved, to be told tonight (S21), oldest first
	Open      []issue.State // still being handled: people will ask
	Items     []visit.Item  // to be told there
	Profile   *visit.Profile
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

// hosts are the key persons of the visit's hamlet on its day.
func (s *Visits) hosts(ctx context.Context, v visit.State) ([]Host, error) {
	var hosts []Host
	for _, role := range []org.Role{org.PartyCellSecretary, org.HamletHead, org.ResidentGroupHead, org.VillageElder} {
		holdings, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Role: role, Place: v.Place, On: v.On()})
		if err != nil {
			return nil, err
		}
		for _, h := range holdings {
			p, err := s.u.dir.Person(ctx, h.Person)
			if err != nil {
				return nil, err
			}
			hosts = append(hosts, Host{Role: role, Person: p})
		}
	}
	return hosts, nil
}
