package orgimport

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// routes stores which unit leads which subject. A route is recognised by its
// subject, the territory its unit serves and its first day.
func (im *importer) routes(entries []*entry) {
	stored, err := im.w.Issues.Routes(im.ctx)
	if err != nil {
		im.fatal = errors.Join(im.fatal, err)
		return
	}
	key := func(e *entry) string { return e.value("subject") + "|" + e.value("unit_id") + "|" + e.value("from") }
	for _, e := range im.once(entries, key) {
		im.putRoute(e, &stored)
	}
}

func (im *importer) putRoute(e *entry, stored *[]issue.Route) {
	if im.fatal != nil {
		return
	}
	r := issue.Route{
		Subject: e.value("subject"), Name: e.value("subject_name_vi"), NameEn: e.value("subject_name_en"),
		Lead: org.UnitID(e.value("unit_id")), Valid: e.period(im.settings.Since),
	}
	for _, unit := range strings.Split(e.value("cooperating"), ";") {
		if unit = strings.TrimSpace(unit); unit != "" {
			r.Cooperating = append(r.Cooperating, org.UnitID(unit))
		}
	}
	e.id = r.Subject
	if e.failed() {
		im.done(e, "", nil)
		return
	}
	lead, err := im.w.Org.Unit(im.ctx, r.Lead)
	if err != nil {
		im.done(e, "", err)
		return
	}
	r.Owner = lead.Place // it answers for the territory it serves
	r.ID = strings.Join([]string{"route", r.Subject, string(r.Owner), r.Valid.From.String()}, "/")
	change, err := im.compareRoute(e, &r, *stored)
	if err == nil && change != core.Unchanged && !e.failed() {
		var kept issue.Route
		if kept, err = im.w.Issues.PutRoute(im.ctx, r); err == nil {
			*stored = append(slices.DeleteFunc(*stored, func(o issue.Route) bool { return o.ID == r.ID }), kept)
		}
	}
	im.done(e, change, err)
}

// compareRoute finds out what storing a route does, and refuses two units that
// lead the same subject in the same territory on the same day.
func (im *importer) compareRoute(e *entry, r *issue.Route, stored []issue.Route) (core.Change, error) {
	change := core.Created
	for _, o := range stored {
		if o.ID != r.ID {
			if o.Subject == r.Subject && o.Owner == r.Owner && o.Valid.Overlaps(r.Valid) {
				e.note(Failure, "route.overlap", "from", "Unit %[1]s leads this subject there already, %[2]s.", "Đơn vị %[1]s đã chủ trì lĩnh vực này tại đó, %[2]s.", o.Lead, o.Valid)
			}
			continue
		}
		r.Version, r.Sensitive = o.Version, o.Sensitive
		was, err := json.Marshal(o)
		if err != nil {
			return "", err
		}
		is, err := json.Marshal(*r)
		if err != nil {
			return "", err
		}
		if change = core.Updated; string(was) == string(is) {
			change = core.Unchanged
		}
	}
	return change, nil
}
