package core

import (
	"context"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// Place returns a place with its history.
func (s *Organisation) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	return s.u.dir.Place(ctx, id)
}

// Unit returns a unit with its history; org.Unit.At is what it was called on a day.
func (s *Organisation) Unit(ctx context.Context, id org.UnitID) (org.Unit, error) {
	return s.u.dir.Unit(ctx, id)
}

// Person returns a person.
func (s *Organisation) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	return s.u.dir.Person(ctx, id)
}

// Present returns who acts for a person on a day (EX-11): see org.Present.
func (s *Organisation) Present(ctx context.Context, id org.PersonID, on calendar.Date) (org.PersonID, error) {
	return org.Present(ctx, s.u.dir, id, on)
}

// InCharge returns who answers for what an official owes on a day: the official,
// whoever stands in, or, where the chain of substitutes breaks off or runs in a
// circle, the leader of the team, and above the leader the programme office
// (EX-11). An empty team is that, or those, to which the official belongs that
// day. The violation "alert.recipient.vacant" means that nobody is there at all.
func (s *Organisation) InCharge(ctx context.Context, official org.PersonID, team org.TeamID, on calendar.Date) ([]org.PersonID, error) {
	people, err := alert.Resolve(ctx, s.u.dir, org.Party{Role: org.Official, Person: official, Team: team}, on)
	if err != nil {
		return nil, err
	}
	var ids []org.PersonID
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// Units returns the units that exist on a day, in the order of their names, as
// they were called that day.
func (s *Organisation) Units(ctx context.Context, on calendar.Date) ([]org.Unit, error) {
	all, err := s.u.tx.Units(ctx)
	if err != nil {
		return nil, err
	}
	var found []org.Unit
	for _, unit := range all {
		if unit.Valid.Contains(on) {
			found = append(found, unit.At(on))
		}
	}
	slices.SortFunc(found, org.CompareUnits)
	return found, nil
}

// Holdings returns the roles that q selects, ordered by id.
func (s *Organisation) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	return s.u.dir.Holdings(ctx, q)
}

// Holders returns the persons behind the roles that q selects, each once, in
// the order of a Vietnamese list (A13).
func (s *Organisation) Holders(ctx context.Context, q org.HoldingQuery) ([]org.Person, error) {
	holdings, err := s.u.dir.Holdings(ctx, q)
	if err != nil {
		return nil, err
	}
	var ids []org.PersonID
	for _, h := range holdings {
		ids = append(ids, h.Person)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	dir := newMemo(s.u.dir)
	if err := dir.expect(ctx, slices.Clone(ids)); err != nil {
		return nil, err
	}
	var found []org.Person
	for _, id := range ids {
		p, err := dir.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	slices.SortFunc(found, org.ComparePersons)
	return found, nil
}

// Leaves returns the leaves that q selects and that were not cancelled.
func (s *Organisation) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	return s.u.dir.Leaves(ctx, q)
}

// Line returns a place and everything it lay in on a day: see org.Line.
func (s *Organisation) Line(ctx context.Context, id org.PlaceID, on calendar.Date) ([]org.PlaceID, error) {
	return org.Line(ctx, s.u.dir, id, on)
}

// Successor returns what stands for a place on a day: see org.Successor.
func (s *Organisation) Successor(ctx context.Context, id org.PlaceID, on calendar.Date) (org.PlaceID, error) {
	return org.Successor(ctx, s.u.dir, id, on)
}

// Display returns a place as people read it, with what it lay in on the day.
func (s *Organisation) Display(ctx context.Context, id org.PlaceID, on calendar.Date) (string, error) {
	return org.Display(ctx, s.u.dir, id, on)
}

// Tree returns all places of the programme's store as they were on a day.
func (s *Organisation) Tree(ctx context.Context, on calendar.Date) (*org.Tree, error) {
	places, err := s.u.tx.Places(ctx)
	if err != nil {
		return nil, err
	}
	return org.NewTree(places, on), nil
}

// Found is one answer of a search.
type Found struct {
	ID   string
	Text string // a place with its parent, a person with the full name
}

// FindPlaces searches the places of a day by name, without regard to marks:
// "Binh Minh" finds both hamlets of that name (A13). The best come first.
func (s *Organisation) FindPlaces(ctx context.Context, words string, on calendar.Date) ([]Found, error) {
	tree, err := s.Tree(ctx, on)
	if err != nil {
		return nil, err
	}
	var found []Found
	for _, id := range tree.Find(words) {
		found = append(found, Found{string(id), tree.Display(id)})
	}
	return found, nil
}

// FindPersons searches the persons by name, without regard to marks; names
// spelled exactly so come first, the rest in the order of a Vietnamese list.
func (s *Organisation) FindPersons(ctx context.Context, words string) ([]Found, error) {
	key := org.Fold(words)
	if key == "" {
		return nil, nil
	}
	all, err := s.u.tx.Persons(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p org.Person) bool { return !strings.Contains(org.Fold(p.FullName), key) })
	slices.SortFunc(all, func(a, b org.Person) int {
		exactA, exactB := spelled(a, words), spelled(b, words)
		if exactA != exactB && exactA {
			return -1
		}
		if exactA != exactB {
			return 1
		}
		return org.ComparePersons(a, b)
	})
	var found []Found
	for _, p := range all {
		found = append(found, Found{string(p.ID), p.FullName})
	}
	return found, nil
}

// spelled reports whether the words stand in the name with these very marks.
func spelled(p org.Person, words string) bool {
	return strings.Contains(org.Spelling(p.FullName), org.Spelling(words))
}
