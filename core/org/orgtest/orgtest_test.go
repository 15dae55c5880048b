package orgtest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

func TestTheReferenceDirectoryKeepsEveryPromise(t *testing.T) {
	Run(t, func(_ *testing.T, w World) org.Directory { return w.Directory() })
}

// broken is a Directory that breaks one promise on purpose.
type broken struct {
	org.Directory
	person   func(org.Person, error) (org.Person, error)
	place    func(org.Place, error) (org.Place, error)
	unit     func(org.Unit, error) (org.Unit, error)
	holdings func(org.HoldingQuery) org.HoldingQuery
	held     func([]org.Holding) ([]org.Holding, error)
	leaves   func(org.LeaveQuery) org.LeaveQuery
	left     func([]org.Leave) []org.Leave
	roll     func([]org.Person) []org.Person
	listed   func([]org.Place) []org.Place
	roster   func([]org.Holding) []org.Holding
}

func (b broken) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	p, err := b.Directory.Person(ctx, id)
	if b.person != nil {
		return b.person(p, err)
	}
	return p, err
}

func (b broken) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	p, err := b.Directory.Place(ctx, id)
	if b.place != nil {
		return b.place(p, err)
	}
	return p, err
}

func (b broken) Unit(ctx context.Context, id org.UnitID) (org.Unit, error) {
	u, err := b.Directory.Unit(ctx, id)
	if b.unit != nil {
		return b.unit(u, err)
	}
	return u, err
}

func (b broken) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	if b.holdings != nil {
		q = b.holdings(q)
	}
	found, err := b.Directory.Holdings(ctx, q)
	if b.held != nil {
		return b.held(found)
	}
	return found, err
}

func (b broken) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	if b.leaves != nil {
		q = b.leaves(q)
	}
	found, err := b.Directory.Leaves(ctx, q)
	if b.left != nil {
		found = b.left(found)
	}
	return found, err
}

func (b broken) PersonsByID(ctx context.Context, ids []org.PersonID) ([]org.Person, error) {
	found, err := b.Directory.(org.Roll).PersonsByID(ctx, ids)
	if b.roll != nil {
		found = b.roll(found)
	}
	return found, err
}

func (b broken) PlacesByID(ctx context.Context, ids []org.PlaceID) ([]org.Place, error) {
	found, err := b.Directory.(org.Gazetteer).PlacesByID(ctx, ids)
	if b.listed != nil {
		found = b.listed(found)
	}
	return found, err
}

func (b broken) HoldingsOf(ctx context.Context, persons []org.PersonID, on calendar.Date) ([]org.Holding, error) {
	found, err := b.Directory.(org.Roster).HoldingsOf(ctx, persons, on)
	if b.roster != nil {
		found = b.roster(found)
	}
	return found, err
}

// TestEveryBrokenPromiseIsNoticed gives the suite one bad directory for each
// promise and expects that very promise to be reported.
func TestEveryBrokenPromiseIsNoticed(t *testing.T) {
	w := NewWorld()
	good := w.Directory()
	shared := w.Places // handed out without a copy
	doubles := map[string]org.Directory{
		"persons arrive whole": broken{Directory: good, person: func(p org.Person, err error) (org.Person, error) {
			p.PhoneSMS = true // landlines too
			return p, err
		}},
		"places arrive whole": broken{Directory: good, place: func(p org.Place, err error) (org.Place, error) {
			p.Hosting = org.Hosting{}
			return p, err
		}},
		"units arrive whole": broken{Directory: good, unit: func(u org.Unit, err error) (org.Unit, error) {
			u.Parent = ""
			return u, err
		}},
		"what does not exist is not found": broken{Directory: good, unit: func(u org.Unit, err error) (org.Unit, error) {
			if err != nil {
				return u, errors.New("no rows")
			}
			return u, nil
		}},
		"holdings are selected by every field": broken{Directory: good, holdings: func(q org.HoldingQuery) org.HoldingQuery {
			q.Team = ""
			return q
		}},
		"a holding is held on its first and on its last day": broken{Directory: good, holdings: func(q org.HoldingQuery) org.HoldingQuery {
			q.On = q.On.Add(1)
			return q
		}},
		"a zero date selects holdings of all times": broken{Directory: good, holdings: func(q org.HoldingQuery) org.HoldingQuery {
			if q.On.IsZero() {
				q.On = calendar.MustDate(2017, 5, 5)
			}
			return q
		}},
		"leaves are selected by person and day": broken{Directory: good, leaves: func(q org.LeaveQuery) org.LeaveQuery {
			return org.LeaveQuery{Person: q.Person}
		}},
		"cancelled leaves are left out": broken{Directory: good, left: func(ls []org.Leave) []org.Leave {
			return append(ls, NewWorld().Leaves[2])
		}},
		"lists come ordered by id": broken{Directory: good, held: func(hs []org.Holding) ([]org.Holding, error) {
			slices.Reverse(hs)
			return hs, nil
		}},
		"nothing found is no error": broken{Directory: good, held: func(hs []org.Holding) ([]org.Holding, error) {
			if len(hs) == 0 {
				return nil, errors.New("empty")
			}
			return hs, nil
		}},
		"answers are the caller's own": broken{Directory: good, place: func(p org.Place, err error) (org.Place, error) {
			for _, s := range shared {
				if s.ID == p.ID {
					return s, err
				}
			}
			return p, err
		}},
		"a chain of substitutes leads to who is present": broken{Directory: good, left: func(ls []org.Leave) []org.Leave {
			return slices.DeleteFunc(ls, func(l org.Leave) bool { return l.ID == "l-2" })
		}},
		"a merged commune is found": broken{Directory: good, place: func(p org.Place, err error) (org.Place, error) {
			p.Successors = nil
			return p, err
		}},
		"many persons in one question are the same persons": broken{Directory: good, roll: func(ps []org.Person) []org.Person {
			return append(ps, org.Person{ID: "nobody"})
		}},
		"many places in one question are the same places": broken{Directory: good, listed: func(ps []org.Place) []org.Place {
			return ps[1:]
		}},
		"the roles of many persons in one question are the same roles": broken{Directory: good, roster: func(hs []org.Holding) []org.Holding {
			return slices.DeleteFunc(hs, func(h org.Holding) bool { return h.Role == org.TeamLeader })
		}},
	}
	for _, p := range promises() {
		double, ok := doubles[p.name]
		if !ok {
			t.Errorf("no broken directory for the promise %q", p.name)
			continue
		}
		if err := p.check(t.Context(), double, NewWorld()); err == nil {
			t.Errorf("a directory that breaks %q passed", p.name)
		}
		if err := p.check(t.Context(), NewWorld().Directory(), NewWorld()); err != nil {
			t.Errorf("the reference fails %q: %v", p.name, err)
		}
		if p.why == "" {
			t.Errorf("%q does not say why", p.name)
		}
	}
}
