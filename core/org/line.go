package org

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Line returns the place and everything it lay in on the given date, from the
// inside out: hamlet, commune, district, province. Levels may be missing and
// more of them may exist; the line simply follows the parents of that date.
//
// Where a place on the way did not exist any more on the date, what it became
// takes its place (see [Successor]), so that a hamlet whose commune was merged
// is found in the new commune before anybody has moved it. After the place
// itself the line holds only places that existed on the date. A place that did
// not exist yet stands alone.
//
// The violations are "org.place.divided" and "org.place.dissolved" from
// Successor and "org.place.cycle" when parents lead back to a place already
// passed; an unknown place is fault.ErrNotFound.
func Line(ctx context.Context, dir Directory, place PlaceID, on calendar.Date) ([]PlaceID, error) {
	line := []PlaceID{place}
	here, err := dir.Place(ctx, place)
	if err != nil || here.unborn(on) {
		return line, err
	}
	if _, exists := here.At(on); !exists {
		if here, err = standing(ctx, dir, place, on); err != nil {
			return nil, err
		}
		line = append(line, here.ID)
	}
	for {
		naming, _ := here.At(on)
		if naming.Parent == "" {
			return line, nil
		}
		if here, err = standing(ctx, dir, naming.Parent, on); err != nil {
			return nil, err
		}
		if slices.Contains(line, here.ID) {
			return nil, fault.Broken("org.place.cycle", "parent",
				"On %[2]s place %[1]s lies inside itself; its parents must lead outward.",
				"Ngày %[2]s địa bàn %[1]s lại nằm trong chính nó; cấp trên phải dẫn ra ngoài.", place, on.VN())
		}
		line = append(line, here.ID)
	}
}

// standing returns the place as long as it exists on the date, else its successor.
func standing(ctx context.Context, dir Directory, place PlaceID, on calendar.Date) (Place, error) {
	p, err := dir.Place(ctx, place)
	if err != nil {
		return Place{}, err
	}
	if _, exists := p.At(on); exists {
		return p, nil
	}
	next, err := Successor(ctx, dir, place, on)
	if err != nil {
		return Place{}, err
	}
	return dir.Place(ctx, next)
}

// unborn reports whether the place did not exist yet.
func (p Place) unborn(on calendar.Date) bool {
	return len(p.Names) == 0 || p.Names[0].Valid.From.After(on)
}

// Successor returns the one place that stands for the given place on a date:
// itself while it exists, else what it became by mergers, upgrades and changes
// of name, however many. It answers "mapped to today's units" (domain 4.3).
//
// A place that was divided has no single successor: the violation
// "org.place.divided" asks for a choice hamlet by hamlet instead of guessing.
// One that ended without successor is "org.place.dissolved".
func Successor(ctx context.Context, dir Directory, place PlaceID, on calendar.Date) (PlaceID, error) {
	ends, err := Successors(ctx, dir, place, on)
	switch {
	case err != nil:
		return "", err
	case len(ends) == 1:
		return ends[0], nil
	case len(ends) == 0:
		return "", ended(place, on)
	}
	return "", fault.Broken("org.place.divided", "place",
		"By %[2]s place %[1]s had been divided among %[3]v; choose for each hamlet.",
		"Đến ngày %[2]s địa bàn %[1]s đã chia về %[3]v; phải chọn theo từng ấp.", place, on.VN(), ends)
}

func ended(place PlaceID, on calendar.Date) error {
	return fault.Broken("org.place.dissolved", "place",
		"Place %[1]s does not exist on %[2]s and nothing is recorded as its successor; record where it went.",
		"Địa bàn %[1]s không tồn tại vào ngày %[2]s và chưa ghi địa bàn kế thừa; cần ghi rõ đã nhập vào đâu.", place, on.VN())
}

// Successors returns every place that the given place had become by the date,
// ordered by id: itself alone while it exists, one after a merger, several
// after a division, none when it was dissolved or did not exist yet.
func Successors(ctx context.Context, dir Directory, place PlaceID, on calendar.Date) ([]PlaceID, error) {
	s := succession{dir: dir, on: on, seen: make(map[PlaceID]bool)}
	if err := s.follow(ctx, place); err != nil {
		return nil, err
	}
	slices.Sort(s.ends)
	return s.ends, nil
}

// succession walks from a place to what it has become.
type succession struct {
	dir  Directory
	on   calendar.Date
	seen map[PlaceID]bool
	ends []PlaceID
}

func (s *succession) follow(ctx context.Context, place PlaceID) error {
	if s.seen[place] {
		return nil // two parts met again
	}
	s.seen[place] = true
	p, err := s.dir.Place(ctx, place)
	if err != nil {
		return err
	}
	if _, exists := p.At(s.on); exists {
		s.ends = append(s.ends, place)
		return nil
	}
	var faults fault.List
	for _, next := range p.Successors {
		if !next.On.After(s.on) {
			faults.Add(s.follow(ctx, next.To))
		}
	}
	return errors.Join(faults...)
}
