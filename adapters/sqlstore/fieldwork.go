package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

var (
	duties = newLaterTable("duty", "outreach_duty",
		func(s *duty.State) string { return string(s.ID) }, func(s *duty.State) *int64 { return &s.Version },
		text("kind", func(s *duty.State) duty.Kind { return s.Kind }),
		text("subject_type", func(s *duty.State) string { return s.Subject.Type }),
		text("subject_id", func(s *duty.State) string { return s.Subject.ID }),
		text("place", func(s *duty.State) org.PlaceID { return s.Place }),
		text("person", func(s *duty.State) org.PersonID { return s.Holder.Person }),
		text("unit", func(s *duty.State) org.UnitID { return s.Holder.Unit }),
		text("status", func(s *duty.State) duty.Status { return s.Status }),
		date("due", func(s *duty.State) calendar.Date { return s.Due }),
		moment("wake_at", func(s *duty.State) time.Time { return s.WakeAt }))

	visits = newLaterTable("visit", "outreach_visit",
		func(s *visit.State) string { return string(s.ID) }, func(s *visit.State) *int64 { return &s.Version },
		text("place", func(s *visit.State) org.PlaceID { return s.Place }),
		text("team", func(s *visit.State) org.TeamID { return s.Team }),
		text("official", func(s *visit.State) org.PersonID { return s.Official }),
		text("held_by", func(s *visit.State) org.PersonID { return s.HeldBy }),
		text("status", func(s *visit.State) visit.Status { return s.Status }),
		date("day", visitDay))

	profiles = newTable("profile", "outreach_profile",
		func(p *visit.Profile) string { return string(p.ID) }, func(p *visit.Profile) *int64 { return &p.Version },
		text("place", func(p *visit.Profile) org.PlaceID { return p.Place }),
		number("edition", func(p *visit.Profile) int64 { return int64(p.Edition) }))

	items = newTable("item", "outreach_item",
		func(i *visit.Item) string { return string(i.ID) }, func(i *visit.Item) *int64 { return &i.Version },
		date("valid_from", func(i *visit.Item) calendar.Date { return i.Valid.From }),
		date("valid_to", func(i *visit.Item) calendar.Date { return i.Valid.To }))

	opinions = newLaterTable("opinion", "outreach_opinion",
		func(s *opinion.State) string { return string(s.ID) }, func(s *opinion.State) *int64 { return &s.Version },
		text("place", func(s *opinion.State) org.PlaceID { return s.Place }),
		text("visit", func(s *opinion.State) string { return s.Visit }),
		text("issue", func(s *opinion.State) string { return s.Issue }),
		text("speaker", func(s *opinion.State) opinion.SpeakerID { return s.Speaker }),
		text("kind", func(s *opinion.State) opinion.Kind { return s.Kind }),
		text("status", func(s *opinion.State) opinion.Status { return s.Status }),
		text("topics", func(s *opinion.State) string { return enclosed(s.Topics...) }),
		date("happened", func(s *opinion.State) calendar.Date { return s.Happened }),
		boolean("named", func(s *opinion.State) bool { return !s.Anonymous() }))

	speakers = newLaterTable("speaker", "outreach_speaker",
		func(s *opinion.Speaker) string { return string(s.ID) }, func(s *opinion.Speaker) *int64 { return &s.Version })

	issues = newLaterTable("issue", "outreach_issue",
		func(s *issue.State) string { return string(s.ID) }, func(s *issue.State) *int64 { return &s.Version },
		text("code", func(s *issue.State) string { return s.Code }),
		text("place", func(s *issue.State) org.PlaceID { return s.Place }),
		text("team", func(s *issue.State) org.TeamID { return s.Team }),
		text("owner", func(s *issue.State) org.PersonID { return s.Owner }),
		text("lead", lead),
		text("subject", func(s *issue.State) string { return s.Subject }),
		text("status", func(s *issue.State) issue.Status { return s.Status }),
		date("registered", func(s *issue.State) calendar.Date { return s.Registered }),
		text("linked_to", func(s *issue.State) issue.ID { return s.LinkedTo }))

	routes = newTable("route", "outreach_route",
		func(r *issue.Route) string { return r.ID }, func(r *issue.Route) *int64 { return &r.Version })
)

// visitDay is the day the visit happened, else the one it is planned for.
func visitDay(s *visit.State) calendar.Date {
	if s.Happened.IsZero() {
		return s.Planned
	}
	return s.Happened
}

// lead is the lead unit of the current referral.
func lead(s *issue.State) org.UnitID {
	if r := s.Current(); r != nil {
		return r.Lead
	}
	return ""
}

// separator stands around every topic in the column topics; it occurs in no text
// that people type.
const separator = "\x1f"

func enclosed(topics ...string) string {
	if len(topics) == 0 {
		return ""
	}
	return separator + strings.Join(topics, separator) + separator
}

// Duty implements [duty.Repository].
func (t *tx) Duty(ctx context.Context, id duty.ID) (duty.State, error) {
	return duties.get(ctx, t, string(id))
}

// PutDuty implements [duty.Repository].
func (t *tx) PutDuty(ctx context.Context, s *duty.State) error { return duties.put(ctx, t, s) }

// Duties implements [duty.Repository]; ordered by Due, then id.
func (t *tx) Duties(ctx context.Context, q duty.Query) ([]duty.State, error) {
	where := t.where()
	among(where, "id", q.IDs)
	where.about(q.Subject)
	where.aboutAny(q.Subjects)
	kind := "kind"
	if !q.Subject.IsZero() || len(q.Subjects) > 0 {
		kind = unsought(kind)
	}
	oneOf(where, kind, q.Kinds)
	oneOf(where, "status", q.Statuses)
	if len(q.Statuses) > 0 && !slices.ContainsFunc(q.Statuses, closed) {
		where.add(open)
	}
	where.is("person", string(q.Person))
	where.is("unit", string(q.Unit))
	where.is("place", string(q.Place))
	where.within("due", q.Due)
	return duties.list(ctx, t, where.ordered("due NULLS FIRST, id", q.Limit), where.args...)
}

// open are the duties that are still owed: those of the partial index
// outreach_duty_open, however many there were before. SQLite has to see the words
// of the index in the question.
const open = "status IN ('running', 'paused')"

func closed(s duty.Status) bool { return s != duty.Running && s != duty.Paused }

// wakeable are the duties that can wake: those of the partial index outreach_duty_wake.
const wakeable = open + " AND wake_at IS NOT NULL"

// DutiesToWake implements [duty.Repository]. Of few duties that PostgreSQL expects to
// be due it would read all, and sort them, for the first: where they are more than it
// expects, as after an outage, each batch would read them all.
func (t *tx) DutiesToWake(ctx context.Context, now time.Time, limit int) ([]duty.State, error) {
	if err := t.byIndex(ctx, limit); err != nil {
		return nil, err
	}
	where := t.where()
	where.add(wakeable+" AND wake_at <= %s", where.param(now))
	found, err := duties.list(ctx, t, where.ordered("wake_at, id", limit)+t.claim(), where.args...)
	return duties.locked(t, found, err)
}

// NextWake implements [duty.Repository].
func (t *tx) NextWake(ctx context.Context) (time.Time, error) {
	next, err := duties.one(ctx, t, "next", "WHERE "+wakeable+" ORDER BY wake_at LIMIT 1")
	if errors.Is(err, fault.ErrNotFound) {
		return time.Time{}, nil
	}
	return next.WakeAt, err
}

// claim ends a query whose rows are to be changed by this transaction only. A
// View changes none.
func (t *tx) claim() string {
	if t.reading {
		return ""
	}
	return t.dialect.claim
}

// Visit implements [visit.Repository].
func (t *tx) Visit(ctx context.Context, id visit.ID) (visit.State, error) {
	return visits.get(ctx, t, string(id))
}

// PutVisit implements [visit.Repository].
func (t *tx) PutVisit(ctx context.Context, s *visit.State) error { return visits.put(ctx, t, s) }

// Visits implements [visit.Repository].
func (t *tx) Visits(ctx context.Context, q visit.Query) ([]visit.State, error) {
	where := t.where()
	where.is("place", string(q.Place))
	amongMany(where, "place", q.Places)
	where.is("team", string(q.Team))
	if q.Official != "" {
		where.add("(official = %[1]s OR held_by = %[1]s)", where.param(string(q.Official)))
	}
	oneOf(where, "status", q.Statuses)
	where.within("day", q.During)
	return visits.list(ctx, t, where.ordered("day NULLS FIRST, id", q.Limit), where.args...)
}

// Profile implements [visit.Repository].
func (t *tx) Profile(ctx context.Context, id visit.ProfileID) (visit.Profile, error) {
	return profiles.get(ctx, t, string(id))
}

// PutProfile implements [visit.Repository].
func (t *tx) PutProfile(ctx context.Context, p *visit.Profile) error { return profiles.put(ctx, t, p) }

// Profiles implements [visit.Repository].
func (t *tx) Profiles(ctx context.Context, place org.PlaceID) ([]visit.Profile, error) {
	return profiles.list(ctx, t, "WHERE place = $1 ORDER BY edition, id", string(place))
}

// LatestProfiles implements [visit.Repository]: one row is read of each place, by an
// index, however many editions it has.
func (t *tx) LatestProfiles(ctx context.Context, places []org.PlaceID) ([]visit.Profile, error) {
	return profiles.read(ctx, t, fmt.Sprintf(`WITH latest AS MATERIALIZED (
		SELECT (SELECT p.state FROM outreach_profile p WHERE p.place = asked.place AND %s <> %s ORDER BY p.edition DESC, p.id DESC LIMIT 1) AS state
		FROM (SELECT DISTINCT value AS place FROM %s) asked)
		SELECT state FROM latest WHERE state IS NOT NULL`,
		t.dialect.field("p.state", "status"), literal(string(visit.ProfileDraft)), fmt.Sprintf(t.dialect.each, "$1")), t.dialect.list(texts(places)))
}

// Item implements [visit.Repository].
func (t *tx) Item(ctx context.Context, id visit.ItemID) (visit.Item, error) {
	return items.get(ctx, t, string(id))
}

// PutItem implements [visit.Repository].
func (t *tx) PutItem(ctx context.Context, i *visit.Item) error { return items.put(ctx, t, i) }

// Items implements [visit.Repository].
func (t *tx) Items(ctx context.Context, during calendar.Period) ([]visit.Item, error) {
	where := t.where()
	where.overlaps("valid_from", "valid_to", during)
	return items.list(ctx, t, where.ordered("id", 0), where.args...)
}

// Opinion implements [opinion.Repository].
func (t *tx) Opinion(ctx context.Context, id opinion.ID) (opinion.State, error) {
	return opinions.get(ctx, t, string(id))
}

// PutOpinion implements [opinion.Repository].
func (t *tx) PutOpinion(ctx context.Context, s *opinion.State) error { return opinions.put(ctx, t, s) }

// namedOn is when something was said by somebody whose name is kept: the
// expression of an index, so that PostgreSQL counts what is old among these alone
// and does not take it for as much as is old among all.
const namedOn = "CASE WHEN named THEN happened END"

// Opinions implements [opinion.Repository].
func (t *tx) Opinions(ctx context.Context, q opinion.Query) ([]opinion.State, error) {
	where := t.where()
	where.is("place", string(q.Place))
	where.is("visit", q.Visit)
	where.is("issue", q.Issue)
	where.is("speaker", string(q.Speaker))
	where.is(t.dialect.field("state", "heard"), string(q.Heard))
	oneOf(where, "kind", q.Kinds)
	oneOf(where, "status", q.Statuses)
	if q.Topic != "" {
		where.add(t.dialect.find+"(topics, %s) > 0", where.param(enclosed(q.Topic)))
	}
	if q.Named {
		where.add("named AND EXISTS (SELECT 1 FROM outreach_speaker s WHERE s.id = speaker AND %s IS NULL)", t.dialect.field("s.state", "scrubbed"))
		where.within(namedOn, q.During)
	} else {
		where.within("happened", q.During)
	}
	return opinions.list(ctx, t, where.ordered("happened NULLS FIRST, id", q.Limit), where.args...)
}

// Speaker implements [opinion.Repository].
func (t *tx) Speaker(ctx context.Context, id opinion.SpeakerID) (opinion.Speaker, error) {
	return speakers.get(ctx, t, string(id))
}

// PutSpeaker implements [opinion.Repository].
// What was said by somebody whose name is scrubbed leaves the index of what may
// have to be scrubbed.
func (t *tx) PutSpeaker(ctx context.Context, s *opinion.Speaker) error {
	if err := speakers.put(ctx, t, s); err != nil || s.Scrubbed.IsZero() {
		return err
	}
	_, err := t.exec(ctx, "UPDATE outreach_opinion SET named = false WHERE speaker = $1", string(s.ID))
	return err
}

// SpeakersByPhone implements [opinion.Repository]. The number stands in the state
// alone, from which an index takes it: whoever scrubs that leaves no copy behind.
func (t *tx) SpeakersByPhone(ctx context.Context, phone string) ([]opinion.Speaker, error) {
	return speakers.list(ctx, t, "WHERE "+t.dialect.field("state", "phone")+" = $1 AND $1 <> '' ORDER BY id", phone)
}

// Issue implements [issue.Repository].
func (t *tx) Issue(ctx context.Context, id issue.ID) (issue.State, error) {
	return issues.get(ctx, t, string(id))
}

// IssueByCode implements [issue.Repository].
func (t *tx) IssueByCode(ctx context.Context, code string) (issue.State, error) {
	return issues.one(ctx, t, code, "WHERE code = $1", code)
}

// PutIssue implements [issue.Repository]; ErrExists also when another issue has the code.
func (t *tx) PutIssue(ctx context.Context, s *issue.State) error { return issues.put(ctx, t, s) }

// Issues implements [issue.Repository].
func (t *tx) Issues(ctx context.Context, q issue.Query) ([]issue.State, error) {
	if err := t.byIndex(ctx, len(q.Places)); err != nil {
		return nil, err
	}
	where := t.where()
	where.is("place", string(q.Place))
	amongMany(where, "place", q.Places)
	where.is("team", string(q.Team))
	where.is("owner", string(q.Owner))
	where.is("lead", string(q.Lead))
	where.is("subject", q.Subject)
	oneOf(where, "status", q.Statuses)
	where.within("registered", q.Registered)
	where.is("linked_to", string(q.LinkedTo))
	return issues.list(ctx, t, where.ordered("registered NULLS FIRST, id", q.Limit), where.args...)
}

// Route implements [issue.Repository].
func (t *tx) Route(ctx context.Context, id string) (issue.Route, error) {
	return routes.get(ctx, t, id)
}

// PutRoute implements [issue.Repository].
func (t *tx) PutRoute(ctx context.Context, r *issue.Route) error { return routes.put(ctx, t, r) }

// Routes implements [issue.Repository]; ordered by id.
func (t *tx) Routes(ctx context.Context) ([]issue.Route, error) {
	return routes.list(ctx, t, "ORDER BY id")
}

// NextIssueNumber implements [issue.Repository]. The series stays locked until
// the transaction ends, so that a number given back leaves no hole.
func (t *tx) NextIssueNumber(ctx context.Context, series string) (int, error) {
	if n, counted := t.numbers[series]; counted { // its row is locked: nobody else counts on
		t.numbers[series] = n + 1
		t.queue(seriesTable, t.seriesParts)
		return n + 1, t.usable()
	}
	n, _, err := t.returning(ctx, `INSERT INTO outreach_issue_series AS s (series, last) VALUES ($1, 1)
		ON CONFLICT (series) DO UPDATE SET last = s.last + 1 RETURNING last`, series)
	if err == nil && t.defers() {
		if t.numbers == nil {
			t.numbers = make(map[string]int)
		}
		t.numbers[series] = int(n)
	}
	return int(n), err
}

const seriesTable = "outreach_issue_series"

// seriesParts write how far the transaction has counted.
func (t *tx) seriesParts(*later) []part {
	var rows [][]any
	for _, series := range slices.Sorted(maps.Keys(t.numbers)) {
		rows = append(rows, []any{series, int64(t.numbers[series])})
	}
	const count = `UPDATE outreach_issue_series s SET last = v.last FROM unnest($1::text[], $2::bigint[]) AS v (series, last) WHERE s.series = v.series`
	args := columnArgs(rows, -1)
	return []part{{
		kind: "series", table: seriesTable, statement: count, args: func() []any { return args },
		written: func(context.Context, string) error { return nil },
		strict:  func() strict { return strict{statement: count, args: args} },
	}}
}
