package orgimport

import (
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// tidied are cells as they are compared.
func tidied(cells []string) []string {
	clean := make([]string, len(cells))
	for i, c := range cells {
		clean[i] = org.Tidy(c)
	}
	return clean
}

// site is one place on its way, with every row that says something about it.
type site struct {
	id      org.PlaceID
	own     *entry   // from a list of places; nil where only parents or successors are given
	parents []*entry // the complete list of parents
	becomes []*entry
	place   org.Place
}

func (s *site) rows() []*entry {
	rows := slices.Concat(s.parents, s.becomes)
	if s.own != nil {
		rows = append([]*entry{s.own}, rows...)
	}
	return rows
}

func (s *site) failed() bool {
	return slices.ContainsFunc(s.rows(), func(e *entry) bool { return e.failed() })
}

// places puts places together from their three lists and stores each after
// those it lies in.
func (im *importer) places(own, parents, successors []*entry) {
	sites := im.sites(own, parents, successors)
	for _, s := range sites {
		if err := im.assemble(s); err != nil {
			im.fatal = errors.Join(im.fatal, err)
			return
		}
	}
	waiting := sites
	for len(waiting) > 0 { // whoever lies in nothing that waits goes next
		held := make(map[org.PlaceID]bool)
		for _, s := range waiting {
			held[s.id] = true
		}
		var later []*site
		for _, s := range waiting {
			if slices.ContainsFunc(s.place.Names, func(n org.Naming) bool { return n.Parent != s.id && held[n.Parent] }) {
				later = append(later, s)
				continue
			}
			im.putPlace(s)
		}
		if len(later) == len(waiting) { // parents in a circle: the core says so
			for _, s := range later {
				im.putPlace(s)
			}
			return
		}
		waiting = later
	}
}

// sites gathers the rows by place, in the order in which places are mentioned.
func (im *importer) sites(own, parents, successors []*entry) []*site {
	byID := make(map[org.PlaceID]*site)
	var sites []*site
	of := func(e *entry, column string) *site {
		e.id = e.value(column)
		id := org.PlaceID(e.id)
		if byID[id] == nil || id == "" {
			byID[id] = &site{id: id}
			sites = append(sites, byID[id])
		}
		return byID[id]
	}
	for _, e := range im.once(own, func(e *entry) string { return e.value("id") }) {
		of(e, "id").own = e
	}
	for _, e := range im.once(parents, func(e *entry) string { return e.value("id") + "|" + e.value("from") }) {
		s := of(e, "id")
		s.parents = append(s.parents, e)
	}
	for _, e := range im.once(successors, func(e *entry) string { return e.value("from_id") + "|" + e.value("to_id") }) {
		s := of(e, "from_id")
		s.becomes = append(s.becomes, e)
	}
	return sites
}

// assemble makes the place of its rows and of what is stored.
func (im *importer) assemble(s *site) error {
	stored, err := im.w.Org.Place(im.ctx, s.id)
	known := err == nil
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	s.place = org.Place{ID: s.id, Names: stored.Names, Successors: stored.Successors, Hosting: stored.Hosting}
	switch {
	case s.own != nil:
		im.name(s, stored)
	case !known:
		for _, e := range s.rows() {
			e.note(Failure, "place.unknown", "id", "Place %s is in no list of places and not stored.", "Địa bàn %s chưa có trong danh sách và chưa được lưu.", s.id)
		}
	case len(s.parents) > 0:
		s.place.Names = im.reparent(s, stored.Names)
	}
	for _, e := range s.becomes {
		im.succeed(s, e)
	}
	return nil
}

// name takes name, kind and code from the place's own row, and the parents from
// their list where there is one. A history that is stored and longer than that
// of the lists is kept: what people recorded since is not undone by an old file.
func (im *importer) name(s *site, stored org.Place) {
	e := s.own
	only := org.Naming{
		Valid: e.period(im.settings.Since), Kind: e.value("kind"), Name: e.value("name"), Code: e.value("code"), Parent: org.PlaceID(e.value("parent_id")),
	}
	names := []org.Naming{only}
	if len(s.parents) > 0 {
		names = im.reparent(s, names)
	}
	if len(stored.Names) > len(names) {
		e.note(Warning, "place.history", "name", "More of the history of %s is stored than the list tells; it is kept.", "Lịch sử đã lưu của %s nhiều hơn danh sách; giữ nguyên.", s.id)
		return
	}
	s.place.Names = names
}

// reparent cuts namings at the days on which the parent changed.
func (im *importer) reparent(s *site, names []org.Naming) []org.Naming {
	var cut []org.Naming
	for _, e := range s.parents {
		during := e.period(im.settings.Since)
		parent := org.PlaceID(e.value("parent_id")) // empty: it lay in nothing
		found := false
		for _, n := range names {
			if both, ok := n.Valid.Intersect(during); ok {
				n.Valid, n.Parent = both, parent
				cut, found = append(cut, n), true
			}
		}
		if !found && !e.failed() {
			e.note(Failure, "place.parent_period", "from", "Place %[1]s does not exist in %[2]s.", "Địa bàn %[1]s không tồn tại trong %[2]s.", s.id, during)
		}
	}
	slices.SortStableFunc(cut, func(a, b org.Naming) int { return a.Valid.From.Compare(b.Valid.From) })
	return cut
}

// succeed adds what the place became, unless that is known.
func (im *importer) succeed(s *site, e *entry) {
	on := e.date("date", calendar.Date{})
	next := org.Succession{To: org.PlaceID(e.value("to_id")), On: on, Kind: e.value("kind"), Note: e.value("note")}
	if share := e.value("share"); share != "" && (share == "part") != (next.Kind == org.Split) {
		e.note(Failure, "succession.share", "share", "A split passes on a part, everything else the whole.", "Chia tách thì chuyển một phần (part), còn lại chuyển toàn bộ (whole).")
	}
	i := slices.IndexFunc(s.place.Successors, func(o org.Succession) bool { return o.To == next.To && o.On == next.On })
	if i >= 0 {
		s.place.Successors = slices.Clone(s.place.Successors)
		s.place.Successors[i] = next
		return
	}
	s.place.Successors = append(slices.Clone(s.place.Successors), next)
}

func (im *importer) putPlace(s *site) {
	if im.fatal != nil {
		return
	}
	if s.failed() {
		for _, e := range s.rows() {
			if !e.failed() {
				e.note(Failure, "place.incomplete", "id", "Another row about place %s is refused.", "Có dòng khác về địa bàn %s bị từ chối.", s.id)
			}
			im.done(e, "", nil)
		}
		return
	}
	change, err := im.w.Org.PutPlace(im.ctx, s.place)
	for _, e := range s.rows() {
		im.done(e, change, err)
	}
}

// units stores units, each after the one above it.
func (im *importer) units(entries []*entry) {
	waiting := im.once(entries, func(e *entry) string { return e.value("id") })
	for len(waiting) > 0 {
		held := make(map[string]bool)
		for _, e := range waiting {
			held[e.value("id")] = true
		}
		var later []*entry
		for _, e := range waiting {
			if above := e.value("parent_id"); above != "" && above != e.value("id") && held[above] {
				later = append(later, e)
				continue
			}
			im.putUnit(e)
		}
		if len(later) == len(waiting) {
			for _, e := range later {
				im.putUnit(e)
			}
			return
		}
		waiting = later
	}
}

func (im *importer) putUnit(e *entry) {
	if im.fatal != nil {
		return
	}
	e.id = e.value("id")
	unit := org.Unit{
		ID: org.UnitID(e.id), Code: e.value("code"), Name: e.value("name"), SMSName: e.value("sms_name"),
		Parent: org.UnitID(e.value("parent_id")), Place: org.PlaceID(e.value("place_id")), Valid: e.period(im.settings.Since),
	}
	if e.failed() {
		im.done(e, "", nil)
		return
	}
	stored, err := im.w.Org.Unit(im.ctx, unit.ID)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		im.done(e, "", err)
		return
	}
	unit.Former = stored.Former
	if slices.ContainsFunc(stored.Former, func(n org.UnitNaming) bool { return org.Spelling(n.Name) == org.Spelling(unit.Name) }) {
		e.note(Warning, "unit.history", "name", "Unit %s has been renamed since; what is stored is kept.", "Đơn vị %s đã đổi tên; giữ nguyên tên đã lưu.", unit.ID)
		unit = stored
	}
	change, err := im.w.Org.PutUnit(im.ctx, unit)
	im.done(e, change, err)
}
