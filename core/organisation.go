package core

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Organisation keeps places, units, persons, roles and leave. It writes to the
// programme's own store; its questions go to Options.Directory where a host has
// one, so that both see the same people.
//
// Everything but leave is managed by the programme office and the
// administrator. Nothing is ever deleted: what ends keeps its history.
type Organisation struct{ u *unit }

// Change says what a Put did.
type Change string

// What a Put can do.
const (
	Created   Change = "created"
	Updated   Change = "updated"
	Unchanged Change = "unchanged"
)

func (s *Organisation) manage(ctx context.Context) error {
	return s.u.allow(ctx, ManageOrganisation, scope{})
}

// compare says what storing fresh instead of old does: missing is the error of
// looking for old. fields are the fields that differ, never their values.
func compare(old, fresh any, missing error) (change Change, fields []string, err error) {
	if errors.Is(missing, fault.ErrNotFound) {
		return Created, nil, nil
	}
	if missing != nil {
		return "", nil, missing
	}
	was, err := fieldsOf(old)
	if err != nil {
		return "", nil, err
	}
	is, err := fieldsOf(fresh)
	if err != nil {
		return "", nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if string(was[name]) != string(is[name]) {
			fields = append(fields, name)
		}
		delete(was, name)
	}
	fields = append(fields, slices.Sorted(maps.Keys(was))...)
	if len(fields) == 0 {
		return Unchanged, nil, nil
	}
	return Updated, fields, nil
}

// fieldsOf is a record by its stored fields, without the version.
func fieldsOf(record any) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	fields := make(map[string]json.RawMessage)
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	delete(fields, "version")
	return fields, nil
}

// keptAs journals a Put: added the first time, changed later.
func (s *Organisation) keptAs(ctx context.Context, change Change, subject event.Subject, place org.PlaceID, added, changed event.Event) error {
	e := changed
	if change == Created {
		e = added
	}
	return s.u.journal(ctx, fact{subject: subject, event: e, place: place})
}

// PutUnit stores a unit, new or in place of the one with its id, and says which:
// an import may be run again. Rules: org.unit.*.
func (s *Organisation) PutUnit(ctx context.Context, unit org.Unit) (Change, error) {
	if err := s.manage(ctx); err != nil {
		return "", err
	}
	unit.Name, unit.SMSName = org.Tidy(unit.Name), org.Tidy(unit.SMSName)
	if err := unit.Validate(); err != nil {
		return "", err
	}
	if err := s.known(ctx, unit.Place, unit.Parent, ""); err != nil {
		return "", err
	}
	old, err := s.u.tx.Unit(ctx, unit.ID)
	unit.Version = old.Version
	change, fields, err := compare(old, unit, err)
	if err != nil || change == Unchanged {
		return change, err
	}
	if err := s.u.tx.PutUnit(ctx, &unit); err != nil {
		return "", err
	}
	return change, s.keptAs(ctx, change, org.UnitSubject(unit.ID), unit.Place, org.UnitAdded{}, org.UnitChanged{Fields: fields})
}

// RenameUnit gives a unit another name, code, parent or place from a day on;
// what n leaves empty stays. It stays the same unit: what was referred to it
// stays there, routes go on leading to it, and what is shown of an earlier day
// shows the earlier name, as when the committee of a commune becomes that of a
// ward (A10). Rules: org.unit.later_change, org.unit.not_existing.
func (s *Organisation) RenameUnit(ctx context.Context, id org.UnitID, on calendar.Date, n org.UnitNaming, why string) (org.Unit, error) {
	if err := s.manage(ctx); err != nil {
		return org.Unit{}, err
	}
	unit, err := s.u.tx.Unit(ctx, id)
	if err != nil {
		return org.Unit{}, err
	}
	old := unit
	if err := unit.Rename(on, n); err != nil {
		return org.Unit{}, err
	}
	if err := errors.Join(unit.Validate(), s.known(ctx, n.Place, n.Parent, "")); err != nil {
		return org.Unit{}, err
	}
	change, fields, err := compare(old, unit, nil)
	if err != nil || change == Unchanged {
		return old, err
	}
	if err := s.u.tx.PutUnit(ctx, &unit); err != nil {
		return org.Unit{}, err
	}
	fields = slices.DeleteFunc(fields, func(f string) bool { return f == "former" })
	return unit, s.u.journal(ctx, fact{
		subject: org.UnitSubject(id), place: unit.Place, event: org.UnitChanged{On: on, Fields: fields}, why: why,
	})
}

// AddUnit stores a new unit; fault.ErrExists when the id is taken. An empty ID
// is filled in.
func (s *Organisation) AddUnit(ctx context.Context, unit org.Unit) (org.Unit, error) {
	if unit.ID == "" {
		unit.ID = org.UnitID(s.u.newID())
	}
	if err := taken("unit", string(unit.ID), func() error { _, err := s.u.tx.Unit(ctx, unit.ID); return err }); err != nil {
		return org.Unit{}, err
	}
	if _, err := s.PutUnit(ctx, unit); err != nil {
		return org.Unit{}, err
	}
	return s.u.tx.Unit(ctx, unit.ID)
}

// taken refuses an id that find knows.
func taken(kind, id string, find func() error) error {
	err := find()
	switch {
	case err == nil:
		return fault.Exists(kind, id)
	case errors.Is(err, fault.ErrNotFound):
		return nil
	}
	return err
}

// PutPerson stores a person, new or in place of the one with its id, and says
// which. Names are composed and tidied; the journal names the fields that
// changed and never their values (A11). Rules: org.person.*.
func (s *Organisation) PutPerson(ctx context.Context, p org.Person) (Change, error) {
	if err := s.manage(ctx); err != nil {
		return "", err
	}
	p = p.Tidy()
	if err := p.Validate(); err != nil {
		return "", err
	}
	old, err := s.u.tx.Person(ctx, p.ID)
	p.Version = old.Version
	change, fields, err := compare(old, p, err)
	if err != nil || change == Unchanged {
		return change, err
	}
	if err := s.u.tx.PutPerson(ctx, &p); err != nil {
		return "", err
	}
	return change, s.keptAs(ctx, change, org.PersonSubject(p.ID), "", org.PersonAdded{}, org.PersonChanged{Fields: fields})
}

// AddPerson stores a new person; fault.ErrExists when the id is taken. An empty
// ID is filled in.
func (s *Organisation) AddPerson(ctx context.Context, p org.Person) (org.Person, error) {
	if p.ID == "" {
		p.ID = org.PersonID(s.u.newID())
	}
	if err := taken("person", string(p.ID), func() error { _, err := s.u.tx.Person(ctx, p.ID); return err }); err != nil {
		return org.Person{}, err
	}
	if _, err := s.PutPerson(ctx, p); err != nil {
		return org.Person{}, err
	}
	return s.u.tx.Person(ctx, p.ID)
}

// UpdatePerson stores the person as changed by somebody who read that very
// version; fault.ErrStale when another change came in between.
func (s *Organisation) UpdatePerson(ctx context.Context, p org.Person) (org.Person, error) {
	old, err := s.u.tx.Person(ctx, p.ID)
	if err != nil {
		return org.Person{}, err
	}
	if old.Version != p.Version {
		return org.Person{}, fault.Stale("person", string(p.ID))
	}
	if _, err := s.PutPerson(ctx, p); err != nil {
		return org.Person{}, err
	}
	return s.u.tx.Person(ctx, p.ID)
}

// PutHolding stores a role somebody holds, new or in place of the one with its
// id, and says which. The person, and the place, unit or team, have to be
// known; the same role at the same place is not held twice on one day
// ("org.holding.overlap"). Rules: org.holding.*.
func (s *Organisation) PutHolding(ctx context.Context, h org.Holding) (Change, error) {
	if err := s.manage(ctx); err != nil {
		return "", err
	}
	if err := h.Validate(); err != nil {
		return "", err
	}
	if err := s.known(ctx, h.Place, h.Unit, h.Team); err != nil {
		return "", err
	}
	if _, err := s.u.dir.Person(ctx, h.Person); err != nil {
		return "", err
	}
	others, err := s.u.tx.Holdings(ctx, org.HoldingQuery{Person: h.Person})
	if err != nil {
		return "", err
	}
	if err := h.CheckOverlap(others); err != nil {
		return "", err
	}
	old, missing := org.Holding{}, fault.NotFound("holding", string(h.ID))
	if i := slices.IndexFunc(others, func(o org.Holding) bool { return o.ID == h.ID }); i >= 0 {
		old, missing = others[i], nil
	}
	h.Version = old.Version
	change, _, err := compare(old, h, missing)
	if err != nil || change == Unchanged {
		return change, err
	}
	if err := s.u.putHolding(ctx, &h); err != nil {
		return "", err
	}
	return change, s.u.journal(ctx, fact{subject: org.PersonSubject(h.Person), place: h.Place, event: org.Appointed{
		Holding: h.ID, Role: h.Role, Place: h.Place, Unit: h.Unit, Team: h.Team, Valid: h.Valid, Decision: h.Decision,
	}})
}

// known checks that what a record points to exists.
func (s *Organisation) known(ctx context.Context, place org.PlaceID, unit org.UnitID, team org.TeamID) error {
	var faults fault.List
	if place != "" {
		_, err := s.u.tx.Place(ctx, place)
		faults.Add(err)
	}
	if unit != "" {
		_, err := s.u.tx.Unit(ctx, unit)
		faults.Add(err)
	}
	if team != "" {
		_, err := s.u.tx.Team(ctx, team)
		faults.Add(err)
	}
	return faults.Err()
}

// AppointHolding gives a person a role from a day on; fault.ErrExists when the
// id is taken. An empty ID is filled in.
func (s *Organisation) AppointHolding(ctx context.Context, h org.Holding) (org.Holding, error) {
	if h.ID == "" {
		h.ID = org.HoldingID(s.u.newID())
	}
	if err := taken("holding", string(h.ID), func() error { _, err := s.holding(ctx, h.ID); return err }); err != nil {
		return org.Holding{}, err
	}
	if _, err := s.PutHolding(ctx, h); err != nil {
		return org.Holding{}, err
	}
	return s.holding(ctx, h.ID)
}

// EndHolding ends a role: last is the last day on which it is held
// ("org.holding.end" unless that is one of its days). The holding stays as
// history.
func (s *Organisation) EndHolding(ctx context.Context, id org.HoldingID, last calendar.Date, why string) (org.Holding, error) {
	if err := s.manage(ctx); err != nil {
		return org.Holding{}, err
	}
	h, err := s.holding(ctx, id)
	if err != nil {
		return org.Holding{}, err
	}
	if !h.Valid.Contains(last) {
		return org.Holding{}, fault.Broken("org.holding.end", "last",
			"The role %[1]s is held %[2]s; it can end on one of these days.",
			"Chức danh %[1]s được giữ trong %[2]s; chỉ có thể kết thúc vào một trong những ngày đó.", id, h.Valid)
	}
	h.Valid.To = last
	if err := s.u.putHolding(ctx, &h); err != nil {
		return org.Holding{}, err
	}
	return h, s.u.journal(ctx, fact{subject: org.PersonSubject(h.Person), place: h.Place, event: org.HoldingEnded{Holding: id, Last: last}, why: why})
}

func (s *Organisation) holding(ctx context.Context, id org.HoldingID) (org.Holding, error) {
	all, err := s.u.tx.Holdings(ctx, org.HoldingQuery{})
	if err != nil {
		return org.Holding{}, err
	}
	if i := slices.IndexFunc(all, func(h org.Holding) bool { return h.ID == id }); i >= 0 {
		return all[i], nil
	}
	return org.Holding{}, fault.NotFound("holding", string(id))
}
