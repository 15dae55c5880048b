package core

import (
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/visit"
)

// Over computes the figures of any period as of now: a quarter, half a year, a
// year (see report.Span), or any other. It changes nothing and is never locked;
// only months are. Rule: report.period.
func (s *Reports) Over(ctx context.Context, during calendar.Period) (report.Figures, error) {
	if err := whole(during); err != nil {
		return report.Figures{}, err
	}
	return s.total(ctx, during)
}

// whole checks that a period has both ends, in order.
func whole(p calendar.Period) error {
	if p.From.IsZero() || p.To.IsZero() || p.To.Before(p.From) {
		return fault.Broken("report.period", "during", "A report covers a period with a first and a last day, in this order; %s to %s is none.",
			"Báo cáo phải có ngày đầu và ngày cuối kỳ theo đúng thứ tự; từ %s đến %s không hợp lệ.", p.From, p.To)
	}
	return nil
}

// ByTerritory counts a period by the territories that hamlets lay in on a day:
// with the period's last day "as it was then", with today "in today's units"
// (A10, domain 4.3). A hamlet that was divided since, and whose parts do not lie
// in one territory, or that was dissolved, is shown by itself: nothing is guessed.
// The office, the leader, the chair and the auditor may see it. Rule: report.period.
func (s *Reports) ByTerritory(ctx context.Context, during calendar.Period, on calendar.Date) ([]report.PlaceLine, error) {
	if err := s.u.allow(ctx, ReadReport, scope{}); err != nil {
		return nil, err
	}
	if err := whole(during); err != nil {
		return nil, err
	}
	f, err := s.facts(ctx, during, "")
	if err != nil {
		return nil, err
	}
	homes := make(map[org.PlaceID]org.PlaceID)
	for _, hamlet := range hamletsOf(f) {
		home, err := s.u.home(ctx, hamlet, on)
		if err != nil {
			return nil, err
		}
		homes[hamlet] = home
	}
	return report.Regroup(f, func(p org.PlaceID) (org.PlaceID, bool) { home := homes[p]; return home, home != "" }), nil
}

// hamletsOf lists the hamlets that facts speak of.
func hamletsOf(f report.Facts) []org.PlaceID {
	var all []org.PlaceID
	for _, h := range f.Hamlets {
		all = append(all, h.Place)
	}
	for _, o := range f.Opinions {
		all = append(all, o.Place)
	}
	for _, i := range f.Issues {
		all = append(all, i.Place)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// home is the one territory in which a hamlet, or everything it became, lies on
// the day; empty where there is no single one.
func (u *unit) home(ctx context.Context, hamlet org.PlaceID, on calendar.Date) (org.PlaceID, error) {
	ends, err := org.Successors(ctx, u.dir, hamlet, on)
	if err != nil {
		return "", err
	}
	var homes []org.PlaceID
	for _, end := range ends {
		home, err := commune(ctx, u.dir, end, on)
		if err != nil {
			return "", err
		}
		homes = append(homes, home)
	}
	slices.Sort(homes)
	if homes = slices.Compact(homes); len(homes) != 1 {
		return "", nil
	}
	return homes[0], nil
}

// ExportOptions are the choices of an export. A nil *ExportOptions leaves
// persons out.
type ExportOptions struct {
	// Officials adds a table of the officials and names who looks after each
	// hamlet. That such an export was made, and why, is journalled, so that it
	// needs a unit of work that may write.
	Officials bool
	Why       string // required with Officials
}

// Export returns a period's figures as tables that add up, for report.WriteCSV
// or a spreadsheet; places and units by their names then. Without officials it
// holds nothing about a person (A11). The office, the leader, the chair and the
// auditor may have it. Rules: report.period, report.export.reason_missing.
func (s *Reports) Export(ctx context.Context, during calendar.Period, opts *ExportOptions) ([]report.Table, error) {
	if err := s.u.allow(ctx, ReadReport, scope{}); err != nil {
		return nil, err
	}
	if err := whole(during); err != nil {
		return nil, err
	}
	var o ExportOptions
	if opts != nil {
		o = *opts
	}
	f, err := s.facts(ctx, during, "")
	if err != nil {
		return nil, err
	}
	figures := report.Compute(f)
	if figures.Corrections, err = s.corrections(ctx, during); err != nil {
		return nil, err
	}
	book, err := s.u.rules(ctx)
	if err != nil {
		return nil, err
	}
	names := naming{ctx: ctx, u: s.u, on: during.To}
	shown := &report.TableOptions{Place: names.place, Unit: names.unit, SmallCell: book.Reports.SmallCell}
	if o.Officials {
		if err := s.exported(ctx, during, o.Why); err != nil {
			return nil, err
		}
		shown.Person = names.person
	}
	tables := report.Tables(figures, shown)
	return tables, names.err
}

// exported journals that names left the system.
func (s *Reports) exported(ctx context.Context, during calendar.Period, why string) error {
	if why == "" {
		return fault.Broken("report.export.reason_missing", "why", "An export with names of officials needs a reason; leave them out otherwise.",
			"Xuất số liệu kèm tên công chức phải nêu lý do; nếu không, hãy bỏ tên.")
	}
	return s.u.journal(ctx, fact{subject: event.Subject{Type: "report", ID: "export/" + during.String()}, why: why, event: report.ExportedEvent{Period: during, Officials: true}})
}

// naming shows ids as people know them and keeps the first error.
type naming struct {
	ctx context.Context
	u   *unit
	on  calendar.Date
	err error
}

func (n *naming) place(id org.PlaceID) string {
	p, err := n.u.dir.Place(n.ctx, id)
	if err != nil {
		return n.failed(string(id), err)
	}
	called, _ := p.Nearest(n.on)
	return called.Called()
}

func (n *naming) unit(id org.UnitID) string {
	unit, err := n.u.dir.Unit(n.ctx, id)
	if err != nil {
		return n.failed(string(id), err)
	}
	return unit.Name
}

func (n *naming) person(id org.PersonID) string {
	p, err := n.u.dir.Person(n.ctx, id)
	if err != nil {
		return n.failed(string(id), err)
	}
	return p.FullName
}

func (n *naming) failed(id string, err error) string {
	if n.err == nil {
		n.err = err
	}
	return id
}

// Behind are the things that a figure counts: what a leader sees who asks "which
// ones?" (S30). Ids only; the services show the rest to those who may see it.
type Behind struct {
	Visits   []visit.ID
	Opinions []opinion.ID
	Issues   []issue.ID
	Duties   []duty.ID
}

// Behind lists what was not met of a measure (report.Measures) in a period: the
// visits that were missed, refused or reported late, the referrals not answered
// in time, the answers not told, the speakers not satisfied. The office, the
// leader, the chair and the auditor may see it. Rules: report.period,
// report.measure.
func (s *Reports) Behind(ctx context.Context, during calendar.Period, measure string) (Behind, error) {
	if err := s.u.allow(ctx, ReadReport, scope{}); err != nil {
		return Behind{}, err
	}
	if err := whole(during); err != nil {
		return Behind{}, err
	}
	f, err := s.facts(ctx, during, "")
	if err != nil {
		return Behind{}, err
	}
	b, ok := behind(f, measure)
	if !ok {
		return Behind{}, fault.Broken("report.measure", "measure", "There is no measure %q; report.Measures lists them.", "Không có chỉ tiêu %q; xem danh sách chỉ tiêu của báo cáo.", measure)
	}
	return b, nil
}

// behind picks from the facts what a measure misses; false for no measure.
func behind(f report.Facts, measure string) (b Behind, known bool) {
	switch measure {
	case report.Claimed, report.Verified, report.Complete:
		for _, v := range f.Visits {
			if v.Status != visit.Verified && v.Status != visit.Cancelled && (measure != report.Claimed || !v.Claimed()) {
				b.Visits = append(b.Visits, v.ID)
			}
		}
	case report.ReportsOnTime:
		for _, v := range f.Visits {
			if v.Claimed() && v.ReportedLate() > 0 {
				b.Visits = append(b.Visits, v.ID)
			}
		}
	case report.UnitsOnTime:
		for _, d := range f.Units {
			if d.IsOpen() || d.Status == duty.MetLate {
				b.Duties, b.Issues = append(b.Duties, d.ID), append(b.Issues, issue.ID(d.Subject.ID))
			}
		}
	case report.Feedback:
		for _, i := range f.Answered {
			if report.Untold(i, f.Period) {
				b.Issues = append(b.Issues, i.ID)
			}
		}
	case report.Replied, report.Satisfied:
		missing := map[string]string{report.Replied: "", report.Satisfied: "no"}[measure]
		for _, i := range f.Answered {
			if slices.Contains(report.Replies(i, f.Period), missing) {
				b.Issues = append(b.Issues, i.ID)
			}
		}
		for _, o := range f.Opinions {
			if o.Status == opinion.AnsweredOnSpot && o.Satisfied == missing {
				b.Opinions = append(b.Opinions, o.ID)
			}
		}
	default:
		return Behind{}, false
	}
	return b, true
}

// Yearly describes an official's work of a period, usually a year, for the
// official, the office, the leader and the auditor (S12, S29): an extract under
// four respects and never a grade. Remarks of people are left out for the
// official while they are too few to be shown. Rule: report.period.
func (s *Reports) Yearly(ctx context.Context, official org.PersonID, during calendar.Period) (report.YearSheet, error) {
	if err := s.u.allow(ctx, SeeRatings, scope{person: official}); err != nil {
		return report.YearSheet{}, err
	}
	if err := whole(during); err != nil {
		return report.YearSheet{}, err
	}
	f, err := s.facts(ctx, during, official)
	if err != nil {
		return report.YearSheet{}, err
	}
	var profiles []visit.Profile
	for _, h := range f.Hamlets {
		editions, err := s.u.tx.Profiles(ctx, h.Place)
		if err != nil {
			return report.YearSheet{}, err
		}
		profiles = append(profiles, editions...)
	}
	said, err := s.u.work.Supervision.Impression(ctx, official, during)
	if err != nil {
		return report.YearSheet{}, err
	}
	return report.Yearly(official, f, profiles, said.Figures), nil
}

// List returns the reports that q selects, by the beginning of their periods: an
// official those of their own, a team leader those of the team, the office, the
// leader, the chair and the auditor all.
func (s *Reports) List(ctx context.Context, q report.Query) ([]report.State, error) {
	if q.Official == "" || q.Official != s.u.by.Person {
		if err := s.readable(ctx, q.Team); err != nil {
			return nil, err
		}
	}
	return s.u.tx.PeriodReports(ctx, q)
}

// readable reports whether the actor may read the reports of a team, or of all.
func (s *Reports) readable(ctx context.Context, team org.TeamID) error {
	err := s.u.allow(ctx, ReadReport, scope{})
	if team != "" && errors.Is(err, fault.ErrForbidden) {
		return s.u.allow(ctx, CloseRound, scope{team: team})
	}
	return err
}
