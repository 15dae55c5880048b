package memstore

import (
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// tables are all tables of the store.
type tables struct {
	persons      *table[org.Person]
	places       *table[org.Place]
	units        *table[org.Unit]
	holdings     *table[org.Holding]
	leaves       *table[org.Leave]
	programmes   *table[programme.State]
	teams        *table[programme.Team]
	assignments  *table[programme.Assignment]
	rules        *table[programme.Rule]
	duties       *table[duty.State]
	visits       *table[visit.State]
	profiles     *table[visit.Profile]
	items        *table[visit.Item]
	opinions     *table[opinion.State]
	speakers     *table[opinion.Speaker]
	issues       *table[issue.State]
	routes       *table[issue.Route]
	series       *table[series]
	cases        *table[sealed.Case]
	accesses     *table[sealed.Access]
	rounds       *table[supervision.Round]
	ratings      *table[supervision.Rating]
	flags        *table[supervision.Flag]
	reports      *table[report.State]
	notices      *table[notify.Notice]
	attempts     *table[notify.Attempt]
	suppressions *table[notify.Suppression]
	providers    *table[notify.Provider]
	inbound      *table[notify.Inbound]
	leases       *table[lease]
}

// series counts the issues of one series.
type series struct {
	Name string
	Last int
}

// lease says who may do what only one at a time may do.
type lease struct {
	Name  string
	Owner string
	Until time.Time
}

func newTables() tables {
	return tables{
		persons:     newTable("person", func(p *org.Person) string { return string(p.ID) }, func(p *org.Person) *int64 { return &p.Version }, nil),
		places:      newTable("place", func(p *org.Place) string { return string(p.ID) }, func(p *org.Place) *int64 { return &p.Version }, nil),
		units:       newTable("unit", func(u *org.Unit) string { return string(u.ID) }, func(u *org.Unit) *int64 { return &u.Version }, nil),
		holdings:    newTable("holding", func(h *org.Holding) string { return string(h.ID) }, func(h *org.Holding) *int64 { return &h.Version }, holdingTerms),
		leaves:      newTable("leave", func(l *org.Leave) string { return string(l.ID) }, func(l *org.Leave) *int64 { return &l.Version }, nil),
		programmes:  newTable("programme", func(s *programme.State) string { return string(s.ID) }, func(s *programme.State) *int64 { return &s.Version }, nil),
		teams:       newTable("team", func(t *programme.Team) string { return string(t.ID) }, func(t *programme.Team) *int64 { return &t.Version }, nil),
		assignments: newTable("assignment", func(a *programme.Assignment) string { return string(a.ID) }, func(a *programme.Assignment) *int64 { return &a.Version }, nil),
		rules:       newTable("rule", func(r *programme.Rule) string { return string(r.ID) }, func(r *programme.Rule) *int64 { return &r.Version }, nil),
		duties: newTable("duty", func(s *duty.State) string { return string(s.ID) }, func(s *duty.State) *int64 { return &s.Version },
			func(s *duty.State) []string { return terms("subject", subject(s.Subject)) }),
		visits:   newTable("visit", func(s *visit.State) string { return string(s.ID) }, func(s *visit.State) *int64 { return &s.Version }, nil),
		profiles: newTable("profile", func(p *visit.Profile) string { return string(p.ID) }, func(p *visit.Profile) *int64 { return &p.Version }, nil),
		items:    newTable("item", func(i *visit.Item) string { return string(i.ID) }, func(i *visit.Item) *int64 { return &i.Version }, nil),
		opinions: newTable("opinion", func(s *opinion.State) string { return string(s.ID) }, func(s *opinion.State) *int64 { return &s.Version },
			func(s *opinion.State) []string { return terms("visit", s.Visit, "issue", s.Issue) }),
		speakers: newTable("speaker", func(s *opinion.Speaker) string { return string(s.ID) }, func(s *opinion.Speaker) *int64 { return &s.Version }, nil),
		issues: newTable("issue", func(s *issue.State) string { return string(s.ID) }, func(s *issue.State) *int64 { return &s.Version },
			func(s *issue.State) []string { return terms("code", s.Code) }),
		routes:   newTable("route", func(r *issue.Route) string { return r.ID }, func(r *issue.Route) *int64 { return &r.Version }, nil),
		series:   newTable("issue series", func(s *series) string { return s.Name }, nil, nil),
		cases:    newTable("sealed case", func(c *sealed.Case) string { return string(c.ID) }, func(c *sealed.Case) *int64 { return &c.Version }, nil),
		accesses: newTable("sealed access", func(a *sealed.Access) string { return a.ID }, nil, nil),
		rounds: newTable("rating round", func(r *supervision.Round) string { return string(r.ID) }, func(r *supervision.Round) *int64 { return &r.Version },
			func(r *supervision.Round) []string { return terms("visit", r.Visit) }),
		ratings: newTable("rating", func(r *supervision.Rating) string { return string(r.ID) }, func(r *supervision.Rating) *int64 { return &r.Version },
			func(r *supervision.Rating) []string { return terms("round", string(r.Round)) }),
		flags:   newTable("flag", func(f *supervision.Flag) string { return string(f.ID) }, func(f *supervision.Flag) *int64 { return &f.Version }, nil),
		reports: newTable("report", func(s *report.State) string { return string(s.ID) }, func(s *report.State) *int64 { return &s.Version }, nil),
		notices: newTable("notice", func(n *notify.Notice) string { return string(n.ID) }, func(n *notify.Notice) *int64 { return &n.Version }, noticeTerms),
		attempts: newTable("attempt", func(a *notify.Attempt) string { return a.ID }, func(a *notify.Attempt) *int64 { return &a.Version },
			func(a *notify.Attempt) []string {
				return terms("notice", string(a.Notice), "provider", a.Provider, "body", a.Body)
			}),
		suppressions: newTable("suppression", func(s *notify.Suppression) string { return s.ID }, func(s *notify.Suppression) *int64 { return &s.Version },
			func(s *notify.Suppression) []string { return terms("address", s.Address) }),
		providers: newTable("provider", func(p *notify.Provider) string { return p.Name }, func(p *notify.Provider) *int64 { return &p.Version }, nil),
		inbound: newTable("receipt", func(r *notify.Inbound) string { return r.ID }, func(r *notify.Inbound) *int64 { return &r.Version },
			func(r *notify.Inbound) []string {
				return terms("print", sent(r.Provider, r.Fingerprint), "notice", string(r.Notice))
			}),
		leases: newTable("lease", func(l *lease) string { return l.Name }, nil, nil),
	}
}

func holdingTerms(h *org.Holding) []string {
	return terms("person", string(h.Person), "place", string(h.Place), "unit", string(h.Unit), "team", string(h.Team))
}

func noticeTerms(n *notify.Notice) []string {
	return terms("key", n.Key, "subject", subject(n.Subject), "moot", n.Moot, "duty", n.Duty,
		"person", string(n.For()), "into", string(n.MergedInto), "sent", sent(n.Provider, n.ProviderID))
}

// terms joins names with their values; empty values give none.
func terms(pairs ...string) []string {
	var all []string
	for pair := range slices.Chunk(pairs, 2) {
		if t := term(pair[0], pair[1]); t != "" {
			all = append(all, t)
		}
	}
	return all
}

func term(name, value string) string {
	if value == "" {
		return ""
	}
	return name + "=" + value
}

// eachTerm gives one term for each value.
func eachTerm(name string, values []string) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = term(name, v)
	}
	return all
}

func subject(s event.Subject) string {
	if s.IsZero() {
		return ""
	}
	return s.String()
}

// sent names a message as its provider does.
func sent(provider, id string) string {
	if provider == "" || id == "" {
		return ""
	}
	return provider + "/" + id
}

func texts[S ~string](ids []S) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = string(id)
	}
	return all
}

// sights are what one transaction sees of all tables.
type sights struct {
	persons      sight[org.Person]
	places       sight[org.Place]
	units        sight[org.Unit]
	holdings     sight[org.Holding]
	leaves       sight[org.Leave]
	programmes   sight[programme.State]
	teams        sight[programme.Team]
	assignments  sight[programme.Assignment]
	rules        sight[programme.Rule]
	duties       sight[duty.State]
	visits       sight[visit.State]
	profiles     sight[visit.Profile]
	items        sight[visit.Item]
	opinions     sight[opinion.State]
	speakers     sight[opinion.Speaker]
	issues       sight[issue.State]
	routes       sight[issue.Route]
	series       sight[series]
	cases        sight[sealed.Case]
	accesses     sight[sealed.Access]
	rounds       sight[supervision.Round]
	ratings      sight[supervision.Rating]
	flags        sight[supervision.Flag]
	reports      sight[report.State]
	notices      sight[notify.Notice]
	attempts     sight[notify.Attempt]
	suppressions sight[notify.Suppression]
	providers    sight[notify.Provider]
	inbound      sight[notify.Inbound]
	leases       sight[lease]
}

func (t *tables) look(tx *Tx) sights {
	return sights{
		persons:      look(tx, t.persons),
		places:       look(tx, t.places),
		units:        look(tx, t.units),
		holdings:     look(tx, t.holdings),
		leaves:       look(tx, t.leaves),
		programmes:   look(tx, t.programmes),
		teams:        look(tx, t.teams),
		assignments:  look(tx, t.assignments),
		rules:        look(tx, t.rules),
		duties:       look(tx, t.duties),
		visits:       look(tx, t.visits),
		profiles:     look(tx, t.profiles),
		items:        look(tx, t.items),
		opinions:     look(tx, t.opinions),
		speakers:     look(tx, t.speakers),
		issues:       look(tx, t.issues),
		routes:       look(tx, t.routes),
		series:       look(tx, t.series),
		cases:        look(tx, t.cases),
		accesses:     look(tx, t.accesses),
		rounds:       look(tx, t.rounds),
		ratings:      look(tx, t.ratings),
		flags:        look(tx, t.flags),
		reports:      look(tx, t.reports),
		notices:      look(tx, t.notices),
		attempts:     look(tx, t.attempts),
		suppressions: look(tx, t.suppressions),
		providers:    look(tx, t.providers),
		inbound:      look(tx, t.inbound),
		leases:       look(tx, t.leases),
	}
}

// The conditions of queries: a zero wish is fulfilled by everything.

func is[V comparable](wish, have V) bool {
	var none V
	return wish == none || wish == have
}

func among[V comparable](wishes []V, have V) bool {
	return len(wishes) == 0 || slices.Contains(wishes, have)
}

// anyOf is among for many wishes, asked of many values.
func anyOf[V comparable](wishes []V) func(V) bool {
	if len(wishes) == 0 {
		return func(V) bool { return true }
	}
	wanted := make(map[V]bool, len(wishes))
	for _, w := range wishes {
		wanted[w] = true
	}
	return func(have V) bool { return wanted[have] }
}

func valid(on calendar.Date, in calendar.Period) bool { return on.IsZero() || in.Contains(on) }

func within(during calendar.Period, day calendar.Date) bool {
	return during.IsZero() || during.Contains(day)
}

func overlap(during, p calendar.Period) bool { return during.IsZero() || during.Overlaps(p) }

func since(from, t time.Time) bool { return from.IsZero() || !t.Before(instant(from)) }

func every[T any](*T) bool { return true }

// byID leaves the order to pick, which settles ties by id.
func byID[T any](_, _ *T) int { return 0 }

// firstOf leaves the first term, if there is one.
func firstOf(terms []string) []string { return terms[:min(1, len(terms))] }
