package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// Duty implements [duty.Repository].
func (tx *Tx) Duty(_ context.Context, id duty.ID) (duty.State, error) {
	return tx.duties.get(string(id))
}

// PutDuty implements [duty.Repository].
func (tx *Tx) PutDuty(_ context.Context, s *duty.State) error { return tx.duties.put(s) }

// Duties implements [duty.Repository]; ordered by Due, then id.
func (tx *Tx) Duties(_ context.Context, q duty.Query) ([]duty.State, error) {
	ids := unique(texts(q.IDs))
	if len(ids) == 0 {
		ids = tx.duties.having(terms(sought(q)...)...)
	}
	subjects := anyOf(q.Subjects)
	return tx.duties.pick(ids, func(s *duty.State) bool {
		return among(q.IDs, s.ID) && is(q.Subject, s.Subject) && subjects(s.Subject) && among(q.Kinds, s.Kind) && among(q.Statuses, s.Status) &&
			is(q.Person, s.Holder.Person) && is(q.Unit, s.Holder.Unit) && is(q.Place, s.Place) && within(q.Due, s.Due)
	}, func(a, b *duty.State) int { return a.Due.Compare(b.Due) }, q.Limit)
}

// sought are the terms by which the duties of a query are found.
func sought(q duty.Query) (pairs []string) {
	if !q.Subject.IsZero() {
		return []string{"subject", subject(q.Subject)}
	}
	for _, s := range q.Subjects {
		pairs = append(pairs, "subject", subject(s))
	}
	return pairs
}

// DutiesToWake implements [duty.Repository].
func (tx *Tx) DutiesToWake(_ context.Context, now time.Time, limit int) ([]duty.State, error) {
	return tx.duties.pick(tx.duties.all(), func(s *duty.State) bool {
		return wakes(s) && !s.WakeAt.After(now)
	}, byWake, limit)
}

// NextWake implements [duty.Repository].
func (tx *Tx) NextWake(context.Context) (time.Time, error) {
	next, err := tx.duties.pick(tx.duties.all(), wakes, byWake, 1)
	if err != nil || len(next) == 0 {
		return time.Time{}, err
	}
	return next[0].WakeAt, nil
}

func wakes(s *duty.State) bool {
	return (s.Status == duty.Running || s.Status == duty.Paused) && !s.WakeAt.IsZero()
}

func byWake(a, b *duty.State) int { return a.WakeAt.Compare(b.WakeAt) }

// Visit implements [visit.Repository].
func (tx *Tx) Visit(_ context.Context, id visit.ID) (visit.State, error) {
	return tx.visits.get(string(id))
}

// PutVisit implements [visit.Repository].
func (tx *Tx) PutVisit(_ context.Context, s *visit.State) error { return tx.visits.put(s) }

// Visits implements [visit.Repository].
func (tx *Tx) Visits(_ context.Context, q visit.Query) ([]visit.State, error) {
	places := anyOf(q.Places)
	return tx.visits.pick(tx.visits.all(), func(s *visit.State) bool {
		return is(q.Place, s.Place) && places(s.Place) && is(q.Team, s.Team) && among(q.Statuses, s.Status) &&
			(is(q.Official, s.Official) || q.Official == s.HeldBy) && within(q.During, visitDay(s))
	}, func(a, b *visit.State) int { return visitDay(a).Compare(visitDay(b)) }, q.Limit)
}

func visitDay(s *visit.State) calendar.Date {
	if s.Happened.IsZero() {
		return s.Planned
	}
	return s.Happened
}

// Profile implements [visit.Repository].
func (tx *Tx) Profile(_ context.Context, id visit.ProfileID) (visit.Profile, error) {
	return tx.profiles.get(string(id))
}

// PutProfile implements [visit.Repository].
func (tx *Tx) PutProfile(_ context.Context, p *visit.Profile) error { return tx.profiles.put(p) }

// LatestProfiles implements [visit.Repository].
func (tx *Tx) LatestProfiles(_ context.Context, places []org.PlaceID) ([]visit.Profile, error) {
	wanted := anyOf(places)
	all, err := tx.profiles.pick(tx.profiles.all(), func(p *visit.Profile) bool {
		return len(places) > 0 && wanted(p.Place) && p.Status != visit.ProfileDraft
	}, func(a, b *visit.Profile) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Edition, b.Edition))
	}, 0)
	var last []visit.Profile
	for i, p := range all {
		if i+1 == len(all) || all[i+1].Place != p.Place {
			last = append(last, p)
		}
	}
	return last, err
}

// Profiles implements [visit.Repository].
func (tx *Tx) Profiles(_ context.Context, place org.PlaceID) ([]visit.Profile, error) {
	return tx.profiles.pick(tx.profiles.all(), func(p *visit.Profile) bool { return p.Place == place },
		func(a, b *visit.Profile) int { return cmp.Compare(a.Edition, b.Edition) }, 0)
}

// Item implements [visit.Repository].
func (tx *Tx) Item(_ context.Context, id visit.ItemID) (visit.Item, error) {
	return tx.items.get(string(id))
}

// PutItem implements [visit.Repository].
func (tx *Tx) PutItem(_ context.Context, i *visit.Item) error { return tx.items.put(i) }

// Items implements [visit.Repository].
func (tx *Tx) Items(_ context.Context, during calendar.Period) ([]visit.Item, error) {
	return tx.items.pick(tx.items.all(), func(i *visit.Item) bool { return overlap(during, i.Valid) }, byID, 0)
}

// Opinion implements [opinion.Repository].
func (tx *Tx) Opinion(_ context.Context, id opinion.ID) (opinion.State, error) {
	return tx.opinions.get(string(id))
}

// PutOpinion implements [opinion.Repository].
func (tx *Tx) PutOpinion(_ context.Context, s *opinion.State) error { return tx.opinions.put(s) }

// Opinions implements [opinion.Repository].
func (tx *Tx) Opinions(_ context.Context, q opinion.Query) ([]opinion.State, error) {
	return tx.opinions.pick(tx.opinions.having(firstOf(terms("visit", q.Visit, "issue", q.Issue))...), func(s *opinion.State) bool {
		return is(q.Place, s.Place) && is(q.Visit, s.Visit) && is(q.Issue, s.Issue) && is(q.Speaker, s.Speaker) && is(q.Heard, s.Heard) &&
			among(q.Kinds, s.Kind) && among(q.Statuses, s.Status) && within(q.During, s.Happened) &&
			(q.Topic == "" || slices.Contains(s.Topics, q.Topic)) && (!q.Named || tx.named(s))
	}, func(a, b *opinion.State) int { return a.Happened.Compare(b.Happened) }, q.Limit)
}

// Speaker implements [opinion.Repository].
func (tx *Tx) Speaker(_ context.Context, id opinion.SpeakerID) (opinion.Speaker, error) {
	return tx.speakers.get(string(id))
}

// PutSpeaker implements [opinion.Repository].
func (tx *Tx) PutSpeaker(_ context.Context, s *opinion.Speaker) error { return tx.speakers.put(s) }

// SpeakersByPhone implements [opinion.Repository].
func (tx *Tx) SpeakersByPhone(_ context.Context, phone string) ([]opinion.Speaker, error) {
	return tx.speakers.pick(tx.speakers.all(), func(s *opinion.Speaker) bool { return phone != "" && s.Phone == phone }, byID, 0)
}

// named reports whether the name of whoever gave an opinion is kept still.
func (tx *Tx) named(o *opinion.State) bool {
	s, ok := tx.speakers.at(string(o.Speaker))
	return ok && s.value.Scrubbed.IsZero()
}

// Issue implements [issue.Repository].
func (tx *Tx) Issue(_ context.Context, id issue.ID) (issue.State, error) {
	return tx.issues.get(string(id))
}

// IssueByCode implements [issue.Repository].
func (tx *Tx) IssueByCode(_ context.Context, code string) (issue.State, error) {
	return tx.issues.first(term("code", code), code,
		func(s *issue.State) bool { return s.Code == code }, byID)
}

// PutIssue implements [issue.Repository]; ErrExists also when another issue has the code.
func (tx *Tx) PutIssue(_ context.Context, s *issue.State) error {
	if s.Code != "" && tx.issues.has(term("code", s.Code), func(o *issue.State) bool { return o.Code == s.Code && o.ID != s.ID }) {
		return fault.Exists("issue with code", s.Code)
	}
	return tx.issues.put(s)
}

// Issues implements [issue.Repository].
func (tx *Tx) Issues(_ context.Context, q issue.Query) ([]issue.State, error) {
	places := anyOf(q.Places)
	return tx.issues.pick(tx.issues.all(), func(s *issue.State) bool {
		return is(q.Place, s.Place) && places(s.Place) && is(q.Team, s.Team) && is(q.Owner, s.Owner) && is(q.Lead, lead(s)) &&
			is(q.Subject, s.Subject) && among(q.Statuses, s.Status) && within(q.Registered, s.Registered) &&
			is(q.LinkedTo, s.LinkedTo)
	}, func(a, b *issue.State) int { return a.Registered.Compare(b.Registered) }, q.Limit)
}

// lead returns the lead unit of the current referral.
func lead(s *issue.State) org.UnitID {
	if r := s.Current(); r != nil {
		return r.Lead
	}
	return ""
}

// Route implements [issue.Repository].
func (tx *Tx) Route(_ context.Context, id string) (issue.Route, error) { return tx.routes.get(id) }

// PutRoute implements [issue.Repository].
func (tx *Tx) PutRoute(_ context.Context, r *issue.Route) error { return tx.routes.put(r) }

// Routes implements [issue.Repository]; ordered by id.
func (tx *Tx) Routes(context.Context) ([]issue.Route, error) {
	return tx.routes.pick(tx.routes.all(), every, byID, 0)
}

// NextIssueNumber implements [issue.Repository].
func (tx *Tx) NextIssueNumber(_ context.Context, name string) (int, error) {
	next := series{Name: name, Last: 1}
	if old, ok := tx.series.at(name); ok {
		next.Last = old.value.Last + 1
	}
	return next.Last, tx.series.add(&next)
}
