package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// TEMPORARY: to be replaced by adapters/orgimport.

type tally struct {
	file                   string
	created, updated, same int
	faults                 []string
}

func (t *tally) note(r row, change core.Change, err error) error {
	if err != nil {
		if !refusal(err) {
			return err
		}
		for _, v := range fault.Violations(err) {
			t.faults = append(t.faults, fmt.Sprintf("%s:%d %s: %s", r.file, r.line, v.Rule, v.Vi))
		}
		return nil
	}
	switch change {
	case core.Created:
		t.created++
	case core.Unchanged:
		t.same++
	default:
		t.updated++
	}
	return nil
}

func date(s string) calendar.Date {
	if s == "" {
		return calendar.Date{}
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func period(from, to string) calendar.Period {
	p := calendar.Period{From: date(from), To: date(to)}
	if p.From.IsZero() {
		p.From = org.Since()
	}
	return p
}

func (s *season) importOrg(ctx context.Context, stdout io.Writer, early bool) error {
	steps := []func(context.Context, *core.Work, *tally) error{s.importPlaces, s.importUnits, s.importLeaders}
	if !early {
		steps = []func(context.Context, *core.Work, *tally) error{s.importOfficials, s.importHeads, s.importSubjects}
	}
	for _, step := range steps {
		t := &tally{}
		err := s.world.sys.Update(ctx, org.System(), func(ctx context.Context, w *core.Work) error { return step(ctx, w, t) })
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "  %-20s created %d, updated %d, same %d, error %d\n", t.file, t.created, t.updated, t.same, len(t.faults))
		for _, f := range t.faults {
			fmt.Fprintln(stdout, "     ", f)
		}
	}
	return nil
}

func (s *season) importPlaces(ctx context.Context, w *core.Work, t *tally) error {
	t.file = "places.csv"
	rows, err := s.in.table(t.file, "id")
	if err != nil {
		return err
	}
	parents, err := s.in.table("place_parents.csv", "id")
	if err != nil {
		return err
	}
	for _, r := range rows {
		p := org.Place{ID: org.PlaceID(r.of("id"))}
		n := org.Naming{Valid: period(r.of("from"), r.of("to")), Kind: r.of("kind"), Name: r.of("name"), Code: r.of("code"), Parent: org.PlaceID(r.of("parent_id"))}
		for _, pr := range parents {
			if pr.of("id") == r.of("id") {
				m := n
				m.Valid, m.Parent = period(pr.of("from"), pr.of("to")), org.PlaceID(pr.of("parent_id"))
				p.Names = append(p.Names, m)
			}
		}
		if len(p.Names) == 0 {
			p.Names = []org.Naming{n}
		}
		change, err := w.Org.PutPlace(ctx, p)
		if err := t.note(r, change, err); err != nil {
			return err
		}
	}
	return nil
}

func (s *season) importUnits(ctx context.Context, w *core.Work, t *tally) error {
	t.file = "units.csv"
	rows, err := s.in.table(t.file, "id")
	for _, r := range rows {
		change, err := w.Org.PutUnit(ctx, org.Unit{ID: org.UnitID(r.of("id")), Code: r.of("code"), Name: r.of("name"), SMSName: r.of("sms_name"),
			Parent: org.UnitID(r.of("parent_id")), Place: org.PlaceID(r.of("place_id")), Valid: period(r.of("from"), r.of("to"))})
		if err := t.note(r, change, err); err != nil {
			return err
		}
	}
	return err
}

func (s *season) person(ctx context.Context, w *core.Work, t *tally, r row, h org.Holding, class org.Class, from string) error {
	p := org.Person{ID: org.PersonID(r.of("id")), FullName: vietnam.NormalizeName(r.of("full_name")), Email: r.of("email"), Class: class, Valid: period(from, "")}
	if slices.Contains(r.header, "honorific") {
		p.Honorific = r.of("honorific")
	}
	if raw := r.of("phone"); raw != "" {
		phone, err := vietnam.ParsePhone(raw)
		if err != nil {
			if err := t.note(r, "", err); err != nil {
				return err
			}
		} else {
			p.Phone, p.PhoneSMS = phone.E164, phone.SMS()
		}
	}
	change, err := w.Org.PutPerson(ctx, p)
	if err := t.note(r, change, err); err != nil {
		return err
	}
	h.ID, h.Person, h.Valid = org.HoldingID(string(h.Role)+"/"+string(p.ID)), p.ID, period(from, "")
	_, err = w.Org.PutHolding(ctx, h)
	if err != nil {
		return t.note(r, "", err)
	}
	return nil
}

func (s *season) importLeaders(ctx context.Context, w *core.Work, t *tally) error {
	t.file = "leaders.csv"
	rows, err := s.in.table(t.file, "id")
	for _, r := range rows {
		h := org.Holding{Role: org.Role(r.of("role")), Unit: org.UnitID(r.of("unit_id")), Place: org.PlaceID(r.of("place_id"))}
		if err := s.person(ctx, w, t, r, h, "", "2016-01-01"); err != nil {
			return err
		}
	}
	return err
}

func (s *season) importOfficials(ctx context.Context, w *core.Work, t *tally) error {
	t.file = "officials.csv"
	rows, err := s.in.table(t.file, "id")
	classes := map[string]org.Class{"can_bo": org.Cadre, "cong_chuc": org.CivilServant, "vien_chuc": org.PublicEmployee}
	for _, r := range rows {
		if _, err := w.Org.Unit(ctx, org.UnitID(r.of("unit_id"))); err != nil {
			t.faults = append(t.faults, fmt.Sprintf("%s:%d unit %s", r.file, r.line, r.of("unit_id")))
			continue
		}
		h := org.Holding{Role: org.Role(r.of("role")), Unit: org.UnitID(r.of("unit_id")), Team: org.TeamID(r.of("team"))}
		if err := s.person(ctx, w, t, r, h, classes[r.of("participant_class")], r.of("from")); err != nil {
			return err
		}
	}
	return err
}

func (s *season) importHeads(ctx context.Context, w *core.Work, t *tally) error {
	t.file = "hamlet_heads.csv"
	rows, err := s.in.table(t.file, "id")
	for _, r := range rows {
		h := org.Holding{Role: org.Role(r.of("role")), Place: org.PlaceID(r.of("place_id"))}
		if err := s.person(ctx, w, t, r, h, "", "2016-01-01"); err != nil {
			return err
		}
	}
	return err
}

func (s *season) importSubjects(ctx context.Context, w *core.Work, t *tally) error {
	t.file = "subjects.csv"
	rows, err := s.in.table(t.file, "subject")
	for _, r := range rows {
		route := issue.Route{ID: r.of("subject") + "/" + orElse(r.of("from"), "0"), Subject: r.of("subject"), Name: r.of("subject_name_vi"), NameEn: r.of("subject_name_en"),
			Lead: org.UnitID(r.of("unit_id")), Valid: period(r.of("from"), r.of("to"))}
		for _, c := range strings.Split(r.of("cooperating"), ";") {
			if c = strings.TrimSpace(c); c != "" {
				route.Cooperating = append(route.Cooperating, org.UnitID(c))
			}
		}
		_, err := w.Issues.PutRoute(ctx, route)
		if err := t.note(r, core.Created, err); err != nil {
			return err
		}
	}
	return err
}
