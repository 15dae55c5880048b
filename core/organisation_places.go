package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// PutPlace stores a place with its whole history, new or in place of the one
// with its id, and says which: an import may be run again. Every parent has to
// be known ("org.place.parent") and must not lie inside the place itself
// ("org.place.cycle"). Rules: org.place.*.
func (s *Organisation) PutPlace(ctx context.Context, p org.Place) (Change, error) {
	if err := s.manage(ctx); err != nil {
		return "", err
	}
	for i := range p.Names {
		p.Names[i].Name = org.Tidy(p.Names[i].Name)
	}
	if err := p.Validate(); err != nil {
		return "", err
	}
	old, err := s.u.tx.Place(ctx, p.ID)
	p.Version = old.Version
	change, fields, err := compare(old, p, err)
	if err != nil || change == Unchanged {
		return change, err
	}
	e := event.Event(org.PlaceChanged{Fields: fields})
	if change == Created {
		e = org.PlaceAdded{}
	}
	return change, s.keepPlace(ctx, &p, e, "")
}

// keepPlace stores a place, checks where it lies, and journals what happened to it.
func (s *Organisation) keepPlace(ctx context.Context, p *org.Place, e event.Event, why string) error {
	if err := p.Validate(); err != nil {
		return err
	}
	for _, naming := range p.Names {
		if err := s.liesOutside(ctx, p.ID, naming); err != nil {
			return err
		}
	}
	if err := s.u.tx.PutPlace(ctx, p); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: org.PlaceSubject(p.ID), place: p.ID, event: e, why: why})
}

// liesOutside follows the parents of a place from the first day of a naming on
// and refuses an unknown one, or one that leads back.
func (s *Organisation) liesOutside(ctx context.Context, place org.PlaceID, naming org.Naming) error {
	passed := []org.PlaceID{place}
	for id := naming.Parent; id != ""; {
		if slices.Contains(passed, id) {
			return fault.Broken("org.place.cycle", "parent",
				"From %[2]s on place %[1]s would lie inside itself; choose a parent outside of it.",
				"Từ %[2]s địa bàn %[1]s sẽ nằm trong chính nó; cần chọn cấp trên ở bên ngoài.", place, naming.Valid.From.VN())
		}
		passed = append(passed, id)
		parent, err := s.u.tx.Place(ctx, id)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		if err != nil {
			return fault.Broken("org.place.parent", "parent",
				"Place %[2]s above %[1]s is not known; add it first.",
				"Chưa có địa bàn cấp trên %[2]s của %[1]s; cần thêm trước.", place, id)
		}
		above, _ := parent.At(naming.Valid.From)
		id = above.Parent
	}
	return nil
}

// AddPlace stores a new place; fault.ErrExists when the id is taken. An empty
// ID is filled in.
func (s *Organisation) AddPlace(ctx context.Context, p org.Place) (org.Place, error) {
	if p.ID == "" {
		p.ID = org.PlaceID(s.u.newID())
	}
	if err := taken("place", string(p.ID), func() error { _, err := s.u.tx.Place(ctx, p.ID); return err }); err != nil {
		return org.Place{}, err
	}
	if _, err := s.PutPlace(ctx, p); err != nil {
		return org.Place{}, err
	}
	return s.u.tx.Place(ctx, p.ID)
}

// RenamePlace gives a place another name, kind or code from a day on; what n
// leaves empty stays. A commune made a ward under its own identity is renamed
// with another kind. Rules: org.place.later_change, org.place.not_existing.
func (s *Organisation) RenamePlace(ctx context.Context, id org.PlaceID, on calendar.Date, n org.Naming, why string) (org.Place, error) {
	return s.changePlace(ctx, id, org.PlaceChanged{On: on, Fields: []string{"name"}}, why, func(p *org.Place) error { return p.Rename(on, n) })
}

// MovePlace puts a place under another parent from a day on: the choice of a
// hamlet whose commune was divided.
func (s *Organisation) MovePlace(ctx context.Context, id org.PlaceID, on calendar.Date, parent org.PlaceID, why string) (org.Place, error) {
	return s.changePlace(ctx, id, org.PlaceChanged{On: on, Fields: []string{"parent"}}, why, func(p *org.Place) error { return p.Reparent(on, parent) })
}

// SetHosting says when and where a place receives visits, for the planner.
func (s *Organisation) SetHosting(ctx context.Context, id org.PlaceID, h org.Hosting) (org.Place, error) {
	return s.changePlace(ctx, id, org.PlaceChanged{Fields: []string{"hosting"}}, "", func(p *org.Place) error { p.Hosting = h; return nil })
}

func (s *Organisation) changePlace(ctx context.Context, id org.PlaceID, e event.Event, why string, change func(*org.Place) error) (org.Place, error) {
	if err := s.manage(ctx); err != nil {
		return org.Place{}, err
	}
	p, err := s.u.tx.Place(ctx, id)
	if err != nil {
		return org.Place{}, err
	}
	if err := change(&p); err != nil {
		return org.Place{}, err
	}
	return p, s.keepPlace(ctx, &p, e, why)
}

// ClosePlace ends a place that nothing follows: from the day on it does not
// exist. Assignments to it have to be ended first
// ("programme.assignment.place_ended").
func (s *Organisation) ClosePlace(ctx context.Context, id org.PlaceID, on calendar.Date, why string) (org.Place, error) {
	return s.changePlace(ctx, id, org.PlaceEnded{On: on, Mode: "close"}, why, func(p *org.Place) error { return p.Close(on) })
}

// Merger is several places that go over whole into one.
type Merger struct {
	From []org.PlaceID
	Into org.PlaceID   // may be one of From: it takes the others in
	On   calendar.Date // first day of the new order
	Mode string        // org.Merge (default), org.Upgrade or org.Renamed
	Why  string        // the resolution, for example "1662/NQ-UBTVQH15"
}

// MergePlaces ends places and lets another one stand for them from a day on.
// What lay in them lies in that one, and who was assigned to them is assigned
// to it: promises follow the place (model 10, rows 2 and 5).
func (s *Organisation) MergePlaces(ctx context.Context, m Merger) error {
	if err := s.manage(ctx); err != nil {
		return err
	}
	if m.Mode == "" {
		m.Mode = org.Merge
	}
	if err := s.exists(ctx, m.Into, m.On); err != nil {
		return err
	}
	for _, id := range m.From {
		if id == m.Into {
			continue
		}
		inside, err := s.inside(ctx, id, m.On)
		if err != nil {
			return err
		}
		for _, child := range inside {
			if _, err := s.MovePlace(ctx, child, m.On, m.Into, m.Why); err != nil {
				return err
			}
		}
		if err := s.endPlace(ctx, id, m.On, m.Mode, m.Why, m.Into); err != nil {
			return err
		}
	}
	return nil
}

// Division is one place whose parts go over to several others.
type Division struct {
	Place  org.PlaceID
	Parts  []org.PlaceID
	On     calendar.Date
	Choice map[org.PlaceID]org.PlaceID // to which part each place inside goes

	// Assigned says with which part each assignment to the place itself goes on,
	// where it is a hamlet that is divided.
	Assigned map[programme.AssignmentID]org.PlaceID
	Why      string
}

// SplitPlace ends a place whose parts go over to several others. Each place
// inside has to be given to one of them; what is left out is named in the
// violation "org.place.divided", and nothing is guessed (domain 4.3). So is each
// assignment to the place itself: what is left out and not ended before is
// "programme.assignment.place_ended".
func (s *Organisation) SplitPlace(ctx context.Context, d Division) error {
	if err := s.manage(ctx); err != nil {
		return err
	}
	for _, part := range d.Parts {
		if err := s.exists(ctx, part, d.On); err != nil {
			return err
		}
	}
	inside, err := s.inside(ctx, d.Place, d.On)
	if err != nil {
		return err
	}
	undecided := slices.DeleteFunc(slices.Clone(inside), func(id org.PlaceID) bool { return slices.Contains(d.Parts, d.Choice[id]) })
	if len(d.Parts) < 2 || len(undecided) > 0 {
		return fault.Broken("org.place.divided", "choice",
			"Dividing %[1]s among %[2]v needs at least two parts and a choice for each place inside; undecided: %[3]v.",
			"Chia %[1]s về %[2]v phải có ít nhất hai nơi và chọn cho từng ấp; chưa chọn: %[3]v.", d.Place, d.Parts, undecided)
	}
	for _, child := range inside {
		if _, err := s.MovePlace(ctx, child, d.On, d.Choice[child], d.Why); err != nil {
			return err
		}
	}
	if err := s.u.work.Programme.divide(ctx, d); err != nil {
		return err
	}
	return s.endPlace(ctx, d.Place, d.On, org.Split, d.Why, d.Parts...)
}

func (s *Organisation) endPlace(ctx context.Context, id org.PlaceID, on calendar.Date, mode, why string, to ...org.PlaceID) error {
	var successions []org.Succession
	for _, next := range to {
		successions = append(successions, org.Succession{To: next, On: on, Kind: mode, Note: why})
	}
	_, err := s.changePlace(ctx, id, org.PlaceEnded{On: on, Mode: mode, To: to}, why, func(p *org.Place) error { return p.Close(on, successions...) })
	return err
}

// exists checks that a place exists on the day.
func (s *Organisation) exists(ctx context.Context, id org.PlaceID, on calendar.Date) error {
	p, err := s.u.tx.Place(ctx, id)
	if err != nil {
		return err
	}
	if _, ok := p.At(on); !ok {
		return fault.Broken("org.place.not_existing", "place",
			"Place %[1]s does not exist on %[2]s; add it first.", "Địa bàn %[1]s chưa có vào ngày %[2]s; cần thêm trước.", id, on.VN())
	}
	return nil
}

// inside are the places that lie directly in a place on the day.
func (s *Organisation) inside(ctx context.Context, id org.PlaceID, on calendar.Date) ([]org.PlaceID, error) {
	tree, err := s.Tree(ctx, on)
	if err != nil {
		return nil, err
	}
	return tree.Children(id), nil
}
