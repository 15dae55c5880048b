package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

// PutRoute says which unit leads a subject, where and from when to when, by the
// office. A route that was used is ended by its validity and followed by another
// one, so that what was referred under it can be understood later.
func (s *Issues) PutRoute(ctx context.Context, r issue.Route) (issue.Route, error) {
	u := s.u
	if err := u.allow(ctx, ManageOrganisation, scope{}); err != nil {
		return issue.Route{}, err
	}
	if r.ID == "" {
		r.ID = u.newID()
	}
	if err := r.Validate(); err != nil {
		return issue.Route{}, err
	}
	for _, unit := range append([]org.UnitID{r.Lead}, r.Cooperating...) {
		if _, err := u.dir.Unit(ctx, unit); err != nil {
			return issue.Route{}, err
		}
	}
	others, err := u.tx.Routes(ctx)
	if err != nil {
		return issue.Route{}, err
	}
	for _, other := range others {
		if r.Clashes(other) {
			return issue.Route{}, fault.Broken("route.overlap", "valid", "the route %s leads this subject there on some of these days: end it first", "tuyến chuyển %s đang có hiệu lực cho lĩnh vực này trong thời gian đó: hãy kết thúc tuyến đó trước", other.ID)
		}
	}
	u.routes = nil
	if err := u.tx.PutRoute(ctx, &r); err != nil {
		return issue.Route{}, err
	}
	return r, u.journal(ctx, fact{subject: issue.RouteSubject(r.ID), place: r.Owner,
		event: issue.RoutedEvent{Subject: r.Subject, Lead: string(r.Lead), Valid: r.Valid}})
}

// Routes returns all routes, ordered by id.
func (s *Issues) Routes(ctx context.Context) ([]issue.Route, error) { return s.u.tx.Routes(ctx) }

// RouteOf returns the route of a subject in a place that is valid today: the one
// of the nearest territory, else one valid everywhere, else fault.ErrNotFound.
func (s *Issues) RouteOf(ctx context.Context, subject string, place org.PlaceID) (issue.Route, error) {
	u := s.u
	if u.routes == nil { // a desk that sorts many issues at once reads them once
		routes, err := u.tx.Routes(ctx)
		if err != nil {
			return issue.Route{}, err
		}
		u.routes = &routes
	}
	line, err := org.Line(ctx, u.dir, place, u.today)
	if err != nil {
		return issue.Route{}, err
	}
	if r, ok := issue.RouteFor(*u.routes, subject, line, u.today); ok {
		return r, nil
	}
	return issue.Route{}, fault.NotFound("route of subject", subject)
}
