package storetest

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// entity is one type of value that a store keeps.
type entity[T any] struct {
	name     string
	id       func(*T) string
	identify func(v *T, id string) // sets the id, and what else has to differ from value to value
	version  func(*T) *int64       // nil: the value has none
	final    bool                  // it is added and never changed
	put      func(ctx context.Context, tx store.Tx, v *T) error
	get      func(ctx context.Context, tx store.Tx, id string) (T, error)
	lookup   bool // get is a method of the store, which answers ErrNotFound itself
}

// sample returns a value with every field set, ready to be inserted.
func (e entity[T]) sample(id string, seed int) T {
	var v T
	fill(&v, seed)
	e.identify(&v, id)
	if e.version != nil {
		*e.version(&v) = 0
	}
	return v
}

// bare returns a value with nothing but an id.
func (e entity[T]) bare(id string) T {
	var v T
	e.identify(&v, id)
	return v
}

var (
	persons = entity[org.Person]{
		name: "person", lookup: true,
		id: func(p *org.Person) string { return string(p.ID) }, identify: func(p *org.Person, id string) { p.ID = org.PersonID(id) },
		version: func(p *org.Person) *int64 { return &p.Version },
		put:     func(ctx context.Context, tx store.Tx, p *org.Person) error { return tx.PutPerson(ctx, p) },
		get: func(ctx context.Context, tx store.Tx, id string) (org.Person, error) {
			return tx.Person(ctx, org.PersonID(id))
		},
	}
	places = entity[org.Place]{
		name: "place", lookup: true,
		id: func(p *org.Place) string { return string(p.ID) }, identify: func(p *org.Place, id string) { p.ID = org.PlaceID(id) },
		version: func(p *org.Place) *int64 { return &p.Version },
		put:     func(ctx context.Context, tx store.Tx, p *org.Place) error { return tx.PutPlace(ctx, p) },
		get: func(ctx context.Context, tx store.Tx, id string) (org.Place, error) {
			return tx.Place(ctx, org.PlaceID(id))
		},
	}
	units = entity[org.Unit]{
		name: "unit", lookup: true,
		id: func(u *org.Unit) string { return string(u.ID) }, identify: func(u *org.Unit, id string) { u.ID = org.UnitID(id) },
		version: func(u *org.Unit) *int64 { return &u.Version },
		put:     func(ctx context.Context, tx store.Tx, u *org.Unit) error { return tx.PutUnit(ctx, u) },
		get: func(ctx context.Context, tx store.Tx, id string) (org.Unit, error) {
			return tx.Unit(ctx, org.UnitID(id))
		},
	}
	holdings = entity[org.Holding]{
		name: "holding",
		id:   func(h *org.Holding) string { return string(h.ID) }, identify: func(h *org.Holding, id string) { h.ID = org.HoldingID(id) },
		version: func(h *org.Holding) *int64 { return &h.Version },
		put:     func(ctx context.Context, tx store.Tx, h *org.Holding) error { return tx.PutHolding(ctx, h) },
		get: func(ctx context.Context, tx store.Tx, id string) (org.Holding, error) {
			all, err := tx.Holdings(ctx, org.HoldingQuery{})
			return only(all, err, func(h org.Holding) bool { return string(h.ID) == id })
		},
	}
	leaves = entity[org.Leave]{
		name:     "leave",
		id:       func(l *org.Leave) string { return string(l.ID) },
		identify: func(l *org.Leave, id string) { l.ID, l.Cancelled = org.LeaveID(id), false },
		version:  func(l *org.Leave) *int64 { return &l.Version },
		put:      func(ctx context.Context, tx store.Tx, l *org.Leave) error { return tx.PutLeave(ctx, l) },
		get: func(ctx context.Context, tx store.Tx, id string) (org.Leave, error) {
			all, err := tx.Leaves(ctx, org.LeaveQuery{})
			return only(all, err, func(l org.Leave) bool { return string(l.ID) == id })
		},
	}
	programmes = entity[programme.State]{
		name: "programme", lookup: true,
		id: func(s *programme.State) string { return string(s.ID) }, identify: func(s *programme.State, id string) { s.ID = programme.ID(id) },
		version: func(s *programme.State) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *programme.State) error { return tx.PutProgramme(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (programme.State, error) {
			return tx.Programme(ctx, programme.ID(id))
		},
	}
	teams = entity[programme.Team]{
		name: "team", lookup: true,
		id: func(t *programme.Team) string { return string(t.ID) }, identify: func(t *programme.Team, id string) { t.ID = org.TeamID(id) },
		version: func(t *programme.Team) *int64 { return &t.Version },
		put:     func(ctx context.Context, tx store.Tx, t *programme.Team) error { return tx.PutTeam(ctx, t) },
		get: func(ctx context.Context, tx store.Tx, id string) (programme.Team, error) {
			return tx.Team(ctx, org.TeamID(id))
		},
	}
	assignments = entity[programme.Assignment]{
		name: "assignment", lookup: true,
		id:       func(a *programme.Assignment) string { return string(a.ID) },
		identify: func(a *programme.Assignment, id string) { a.ID = programme.AssignmentID(id) },
		version:  func(a *programme.Assignment) *int64 { return &a.Version },
		put:      func(ctx context.Context, tx store.Tx, a *programme.Assignment) error { return tx.PutAssignment(ctx, a) },
		get: func(ctx context.Context, tx store.Tx, id string) (programme.Assignment, error) {
			return tx.Assignment(ctx, programme.AssignmentID(id))
		},
	}
	rules = entity[programme.Rule]{
		name: "rule", lookup: true,
		id: func(r *programme.Rule) string { return string(r.ID) }, identify: func(r *programme.Rule, id string) { r.ID = programme.RuleID(id) },
		version: func(r *programme.Rule) *int64 { return &r.Version },
		put:     func(ctx context.Context, tx store.Tx, r *programme.Rule) error { return tx.PutRule(ctx, r) },
		get: func(ctx context.Context, tx store.Tx, id string) (programme.Rule, error) {
			return tx.Rule(ctx, programme.RuleID(id))
		},
	}
	duties = entity[duty.State]{
		name: "duty", lookup: true,
		id: func(s *duty.State) string { return string(s.ID) }, identify: func(s *duty.State, id string) { s.ID = duty.ID(id) },
		version: func(s *duty.State) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *duty.State) error { return tx.PutDuty(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (duty.State, error) {
			return tx.Duty(ctx, duty.ID(id))
		},
	}
	visits = entity[visit.State]{
		name: "visit", lookup: true,
		id: func(s *visit.State) string { return string(s.ID) }, identify: func(s *visit.State, id string) { s.ID = visit.ID(id) },
		version: func(s *visit.State) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *visit.State) error { return tx.PutVisit(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (visit.State, error) {
			return tx.Visit(ctx, visit.ID(id))
		},
	}
	profiles = entity[visit.Profile]{
		name: "profile", lookup: true,
		id: func(p *visit.Profile) string { return string(p.ID) }, identify: func(p *visit.Profile, id string) { p.ID = visit.ProfileID(id) },
		version: func(p *visit.Profile) *int64 { return &p.Version },
		put:     func(ctx context.Context, tx store.Tx, p *visit.Profile) error { return tx.PutProfile(ctx, p) },
		get: func(ctx context.Context, tx store.Tx, id string) (visit.Profile, error) {
			return tx.Profile(ctx, visit.ProfileID(id))
		},
	}
	items = entity[visit.Item]{
		name: "item", lookup: true,
		id: func(i *visit.Item) string { return string(i.ID) }, identify: func(i *visit.Item, id string) { i.ID = visit.ItemID(id) },
		version: func(i *visit.Item) *int64 { return &i.Version },
		put:     func(ctx context.Context, tx store.Tx, i *visit.Item) error { return tx.PutItem(ctx, i) },
		get: func(ctx context.Context, tx store.Tx, id string) (visit.Item, error) {
			return tx.Item(ctx, visit.ItemID(id))
		},
	}
	opinions = entity[opinion.State]{
		name: "opinion", lookup: true,
		id: func(s *opinion.State) string { return string(s.ID) }, identify: func(s *opinion.State, id string) { s.ID = opinion.ID(id) },
		version: func(s *opinion.State) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *opinion.State) error { return tx.PutOpinion(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (opinion.State, error) {
			return tx.Opinion(ctx, opinion.ID(id))
		},
	}
	speakers = entity[opinion.Speaker]{
		name: "speaker", lookup: true,
		id: func(s *opinion.Speaker) string { return string(s.ID) }, identify: func(s *opinion.Speaker, id string) { s.ID = opinion.SpeakerID(id) },
		version: func(s *opinion.Speaker) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *opinion.Speaker) error { return tx.PutSpeaker(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (opinion.Speaker, error) {
			return tx.Speaker(ctx, opinion.SpeakerID(id))
		},
	}
	issues = entity[issue.State]{
		name: "issue", lookup: true,
		id: func(s *issue.State) string { return string(s.ID) }, identify: func(s *issue.State, id string) { s.ID, s.Code = issue.ID(id), "XL-"+id },
		version: func(s *issue.State) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *issue.State) error { return tx.PutIssue(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (issue.State, error) {
			return tx.Issue(ctx, issue.ID(id))
		},
	}
	routes = entity[issue.Route]{
		name: "route", lookup: true,
		id: func(r *issue.Route) string { return r.ID }, identify: func(r *issue.Route, id string) { r.ID = id },
		version: func(r *issue.Route) *int64 { return &r.Version },
		put:     func(ctx context.Context, tx store.Tx, r *issue.Route) error { return tx.PutRoute(ctx, r) },
		get:     func(ctx context.Context, tx store.Tx, id string) (issue.Route, error) { return tx.Route(ctx, id) },
	}
	cases = entity[sealed.Case]{
		name: "sealed case", lookup: true,
		id: func(c *sealed.Case) string { return string(c.ID) }, identify: func(c *sealed.Case, id string) { c.ID = sealed.ID(id) },
		version: func(c *sealed.Case) *int64 { return &c.Version },
		put:     func(ctx context.Context, tx store.Tx, c *sealed.Case) error { return tx.PutSealedCase(ctx, c) },
		get: func(ctx context.Context, tx store.Tx, id string) (sealed.Case, error) {
			return tx.SealedCase(ctx, sealed.ID(id))
		},
	}
	accesses = entity[sealed.Access]{
		name: "sealed access", final: true,
		id: func(a *sealed.Access) string { return a.ID }, identify: func(a *sealed.Access, id string) { a.ID, a.Case = id, "case" },
		put: func(ctx context.Context, tx store.Tx, a *sealed.Access) error { return tx.AddSealedAccess(ctx, a) },
		get: func(ctx context.Context, tx store.Tx, id string) (sealed.Access, error) {
			all, err := tx.SealedAccesses(ctx, "case")
			return only(all, err, func(a sealed.Access) bool { return a.ID == id })
		},
	}
	rounds = entity[supervision.Round]{
		name: "rating round", lookup: true,
		id: func(r *supervision.Round) string { return string(r.ID) }, identify: func(r *supervision.Round, id string) { r.ID = supervision.RoundID(id) },
		version: func(r *supervision.Round) *int64 { return &r.Version },
		put:     func(ctx context.Context, tx store.Tx, r *supervision.Round) error { return tx.PutRatingRound(ctx, r) },
		get: func(ctx context.Context, tx store.Tx, id string) (supervision.Round, error) {
			return tx.RatingRound(ctx, supervision.RoundID(id))
		},
	}
	ratings = entity[supervision.Rating]{
		name: "rating",
		id:   func(r *supervision.Rating) string { return string(r.ID) },
		identify: func(r *supervision.Rating, id string) {
			r.ID, r.Round, r.Rater = supervision.RatingID(id), "round", "rater of "+id
		},
		version: func(r *supervision.Rating) *int64 { return &r.Version },
		put:     func(ctx context.Context, tx store.Tx, r *supervision.Rating) error { return tx.PutRating(ctx, r) },
		get: func(ctx context.Context, tx store.Tx, id string) (supervision.Rating, error) {
			all, err := tx.Ratings(ctx, "round")
			return only(all, err, func(r supervision.Rating) bool { return string(r.ID) == id })
		},
	}
	flags = entity[supervision.Flag]{
		name: "flag", lookup: true,
		id: func(f *supervision.Flag) string { return string(f.ID) }, identify: func(f *supervision.Flag, id string) { f.ID = supervision.FlagID(id) },
		version: func(f *supervision.Flag) *int64 { return &f.Version },
		put:     func(ctx context.Context, tx store.Tx, f *supervision.Flag) error { return tx.PutFlag(ctx, f) },
		get: func(ctx context.Context, tx store.Tx, id string) (supervision.Flag, error) {
			return tx.Flag(ctx, supervision.FlagID(id))
		},
	}
	reports = entity[report.State]{
		name: "report", lookup: true,
		id: func(s *report.State) string { return string(s.ID) }, identify: func(s *report.State, id string) { s.ID = report.ID(id) },
		version: func(s *report.State) *int64 { return &s.Version },
		put:     func(ctx context.Context, tx store.Tx, s *report.State) error { return tx.PutPeriodReport(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (report.State, error) {
			return tx.PeriodReport(ctx, report.ID(id))
		},
	}
	notices = entity[notify.Notice]{
		name: "notice", lookup: true,
		id:       func(n *notify.Notice) string { return string(n.ID) },
		identify: func(n *notify.Notice, id string) { n.ID, n.Key = notify.ID(id), "key of "+id },
		version:  func(n *notify.Notice) *int64 { return &n.Version },
		put:      putNotice,
		get: func(ctx context.Context, tx store.Tx, id string) (notify.Notice, error) {
			return tx.Notice(ctx, notify.ID(id))
		},
	}
	attempts = entity[notify.Attempt]{
		name: "attempt",
		id:   func(a *notify.Attempt) string { return a.ID }, identify: func(a *notify.Attempt, id string) { a.ID, a.Notice = id, "notice" },
		version: func(a *notify.Attempt) *int64 { return &a.Version },
		put: func(ctx context.Context, tx store.Tx, a *notify.Attempt) error {
			if a.Version == 0 {
				return tx.AddAttempts(ctx, []*notify.Attempt{a})
			}
			return tx.PutAttempts(ctx, []*notify.Attempt{a})
		},
		get: func(ctx context.Context, tx store.Tx, id string) (notify.Attempt, error) {
			all, err := tx.Attempts(ctx, "notice")
			return only(all, err, func(a notify.Attempt) bool { return a.ID == id })
		},
	}
	providers = entity[notify.Provider]{
		name: "provider",
		id:   func(p *notify.Provider) string { return p.Name }, identify: func(p *notify.Provider, id string) { p.Name = id },
		version: func(p *notify.Provider) *int64 { return &p.Version },
		put:     func(ctx context.Context, tx store.Tx, p *notify.Provider) error { return tx.PutProvider(ctx, p) },
		get: func(ctx context.Context, tx store.Tx, id string) (notify.Provider, error) {
			all, err := tx.Providers(ctx)
			return only(all, err, func(p notify.Provider) bool { return p.Name == id })
		},
	}
	suppressions = entity[notify.Suppression]{
		name:     "suppression",
		id:       func(s *notify.Suppression) string { return s.ID },
		identify: func(s *notify.Suppression, id string) { s.ID, s.Channel = id, notify.SMS },
		version:  func(s *notify.Suppression) *int64 { return &s.Version }, final: true,
		put: func(ctx context.Context, tx store.Tx, s *notify.Suppression) error { return tx.AddSuppression(ctx, s) },
		get: func(ctx context.Context, tx store.Tx, id string) (notify.Suppression, error) {
			all, err := tx.Suppressions(ctx, notify.SMS)
			return only(all, err, func(s notify.Suppression) bool { return s.ID == id })
		},
	}
)

var receipts = entity[notify.Inbound]{
	name:     "receipt",
	id:       func(r *notify.Inbound) string { return r.ID },
	identify: func(r *notify.Inbound, id string) { r.ID, r.Provider, r.Fingerprint = id, "provider", "print of "+id },
	version:  func(r *notify.Inbound) *int64 { return &r.Version },
	put:      putInbound,
	get: func(ctx context.Context, tx store.Tx, id string) (notify.Inbound, error) {
		all, err := tx.Inbound(ctx, notify.InboundQuery{Provider: "provider"})
		return only(all, err, func(r notify.Inbound) bool { return r.ID == id })
	},
}

// putInbound gives the inbox of receipts the shape of the other repositories.
func putInbound(ctx context.Context, tx store.Tx, r *notify.Inbound) error {
	if r.Version != 0 {
		return tx.PutInbound(ctx, []*notify.Inbound{r})
	}
	added, err := tx.AddInbound(ctx, r)
	if err == nil && !added {
		return fault.Exists("receipt", r.ID)
	}
	return err
}

// putNotice gives the outbox the shape of the other repositories.
func putNotice(ctx context.Context, tx store.Tx, n *notify.Notice) error {
	if n.Version != 0 {
		return tx.PutNotices(ctx, []*notify.Notice{n})
	}
	added, err := tx.AddNotice(ctx, n)
	if err == nil && !added {
		return fault.Exists("notice", string(n.ID))
	}
	return err
}

// only returns the one of all that is wanted.
func only[T any](all []T, err error, wanted func(T) bool) (T, error) {
	i := slices.IndexFunc(all, wanted)
	if err != nil || i < 0 {
		var none T
		if err == nil {
			err = fault.NotFound("listed value", "")
		}
		return none, err
	}
	return all[i], nil
}

// kept is an entity of any type.
type kept interface {
	keepsEveryField(k kit)
	keepsZeroValues(k kit)
	keepsText(k kit)
	keepsInstants(k kit)
	takesACopy(k kit)
	givesACopy(k kit)
	refusesTakenID(k kit)
	refusesStaleVersion(k kit)
	raisesVersion(k kit)
	missesUnknown(k kit)
	readsOwnWrites(k kit)
	forgets(k kit)
	refusesInView(k kit)
}

func entities() []kept {
	return []kept{persons, places, units, holdings, leaves, programmes, teams, assignments, rules, duties, visits,
		profiles, items, opinions, speakers, issues, routes, cases, accesses, rounds, ratings, flags, reports,
		notices, attempts, suppressions, providers, receipts}
}

// each returns a check of every entity.
func each(check func(kept, kit)) func(kit) {
	return func(k kit) {
		for _, e := range entities() {
			check(e, k)
		}
	}
}
