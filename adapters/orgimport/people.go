package orgimport

import (
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// people stores persons and the role each list gives them. Somebody may stand
// in several lists: the person is one, the roles are several.
func (im *importer) people(entries []*entry, kinds map[string]Kind) {
	phones := make(map[string]*entry)
	byKind := func(e *entry) string { return string(kinds[e.sheet]) + "|" + e.value("id") }
	for _, e := range im.once(entries, byKind) {
		person, role := im.person(e, kinds[e.sheet])
		if other := phones[person.Phone]; other != nil && person.Phone != "" && other.value("id") != e.value("id") {
			e.note(Info, "phone.shared", "phone", "The number is that of %s too.", "Số này cũng là số của %s.", other.value("id"))
		}
		phones[person.Phone] = e
		if im.fatal != nil {
			return
		}
		if e.failed() {
			im.done(e, "", nil)
			continue
		}
		change, err := im.putPerson(e, person, role)
		im.done(e, change, err)
	}
}

// person reads a row as a person and a role.
func (im *importer) person(e *entry, kind Kind) (org.Person, org.Holding) {
	e.id = e.value("id")
	number, sms := e.phone()
	since := e.date("from", im.settings.Since)
	p := org.Person{
		ID: org.PersonID(e.id), FullName: e.value("full_name"), Honorific: e.value("honorific"), Class: e.class(),
		Phone: number, PhoneSMS: sms, Email: e.value("email"), Valid: calendar.Period{From: since},
	}
	from := im.settings.From
	if since.After(from) {
		from = since
	}
	role := org.Role("")
	if kind == Officials {
		role = org.Official
	}
	h := org.Holding{
		Person: p.ID, Role: e.role(role), Place: org.PlaceID(e.value("place_id")), Unit: org.UnitID(e.value("unit_id")), Team: org.TeamID(e.value("team")),
		Valid: calendar.Period{From: from},
	}
	h.ID = org.HoldingID(string(h.Role) + "/" + e.id)
	return p, h
}

// putPerson stores a person and the role, and forms the team where it may. What
// is stored about a person and stands in no list is kept: a language, a given
// name. Of both changes the greater is told.
func (im *importer) putPerson(e *entry, p org.Person, h org.Holding) (core.Change, error) {
	stored, err := im.w.Org.Person(im.ctx, p.ID)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return "", err
	}
	if err == nil {
		p.GivenName, p.Language, p.Valid = stored.GivenName, stored.Language, stored.Valid
		if p.Honorific == "" {
			p.Honorific = stored.Honorific
		}
		if p.Class == "" {
			p.Class = stored.Class
		}
	}
	if err := im.checkRole(h); err != nil { // before anything of the row is stored
		return "", err
	}
	person, err := im.w.Org.PutPerson(im.ctx, p)
	if err != nil {
		return "", err
	}
	if h, err = im.held(e, h); err != nil {
		return "", err
	}
	role, err := im.w.Org.PutHolding(im.ctx, h)
	return greater(person, role), err
}

// checkRole refuses a role at a place, unit or team that is not there.
func (im *importer) checkRole(h org.Holding) error {
	var faults fault.List
	if h.Place != "" {
		_, err := im.w.Org.Place(im.ctx, h.Place)
		faults.Add(err)
	}
	if h.Unit != "" {
		_, err := im.w.Org.Unit(im.ctx, h.Unit)
		faults.Add(err)
	}
	faults.Add(h.Validate())
	if h.Team == "" || len(faults) > 0 {
		return faults.Err()
	}
	return im.team(h.Team)
}

// team finds a team, or forms it in the programme the settings name.
func (im *importer) team(id org.TeamID) error {
	_, err := im.w.Programme.Team(im.ctx, id)
	if !errors.Is(err, fault.ErrNotFound) || im.settings.Programme == "" {
		return err
	}
	_, err = im.w.Programme.CreateTeam(im.ctx, programme.Team{ID: id, Programme: im.settings.Programme, Code: string(id), Name: "Tổ công tác " + string(id)})
	return err
}

// held finds the holding of a person that the list speaks of: the stored one of
// the same role at the same place, unit and team keeps its id, its days and its
// decision. Where the person holds the role elsewhere that day too, the row says
// so: nobody is moved silently.
func (im *importer) held(e *entry, h org.Holding) (org.Holding, error) {
	stored, err := im.w.Org.Holdings(im.ctx, org.HoldingQuery{Person: h.Person, Role: h.Role})
	if err != nil {
		return h, err
	}
	same := func(o org.Holding) bool { return o.Place == h.Place && o.Unit == h.Unit && o.Team == h.Team }
	if i := slices.IndexFunc(stored, same); i >= 0 {
		return stored[i], nil
	}
	for _, o := range stored {
		if o.Valid.Overlaps(h.Valid) {
			e.note(Warning, "role.elsewhere", "role", "The role is also held by holding %s; end that one if the person has moved.", "Người này còn giữ chức danh theo %s; hãy kết thúc nếu đã chuyển.", o.ID)
		}
	}
	for slices.ContainsFunc(stored, func(o org.Holding) bool { return o.ID == h.ID }) {
		h.ID += "'"
	}
	return h, nil
}

// greater is the change that says more.
func greater(a, b core.Change) core.Change {
	switch {
	case a == core.Unchanged && b == core.Unchanged:
		return core.Unchanged
	case a == core.Created:
		return core.Created
	}
	return core.Updated
}
