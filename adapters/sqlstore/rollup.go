package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
)

var _ store.Rollups = (*tx)(nil)

// touchedMost is how many touched hamlets are told of: with more, to count
// everything is no more work.
const touchedMost = 2000

// touchedIn are the hamlets touched in a period from $1 to $2, each once, $3 at most;
// none is empty. Of a period that is not rolled up nobody wants to know.
const touchedIn = `SELECT place FROM outreach_touched WHERE official = '' AND ` + overlapping + `
	UNION SELECT a.place FROM outreach_touched t JOIN outreach_assignment a ON a.official = t.official WHERE ` + overlapping + ` LIMIT $3`

const overlapping = `day_to >= $1 AND day_from <= $2 AND EXISTS (SELECT 1 FROM outreach_rollup WHERE period_from = $1 AND period_to = $2)`

// Rolled implements [store.Rollups]. The notes are read before the pages: outside of
// a snapshot somebody may work them off in between, and a note too many does no harm.
func (t *tx) Rolled(ctx context.Context, period calendar.Period) (r store.Rolled, err error) {
	if err := t.writeAll(ctx); err != nil { // it is noted when it is written
		return r, err
	}
	from, to := civil(period.From), civil(period.To)
	err = t.query(ctx, func(rows *sql.Rows) error {
		var place sql.NullString
		err := rows.Scan(&place)
		r.Touched = append(r.Touched, org.PlaceID(place.String))
		r.All = r.All || place.String == ""
		return err
	}, touchedIn, from, to, touchedMost+1)
	if err != nil {
		return r, err
	}
	r.All = r.All || len(r.Touched) > touchedMost // the pages are told of all the same: who has taken notes counts them anew
	err = t.query(ctx, func(rows *sql.Rows) error {
		var first, counts, hamlets string
		err := rows.Scan(&r.Basis, &first, &counts, &hamlets)
		r.Pages = append(r.Pages, report.Page{First: org.PlaceID(first), Counts: counts, Hamlets: hamlets})
		return err
	}, `SELECT basis, first, counts, hamlets FROM outreach_rollup r JOIN outreach_rollup_page p ON p.period_from = r.period_from AND p.period_to = r.period_to
		WHERE r.period_from = $1 AND r.period_to = $2 ORDER BY first`, from, to)
	return r, err
}

// LockRollups implements [store.Rollups].
func (t *tx) LockRollups(ctx context.Context) (all []store.RolledPeriod, err error) {
	if t.reading {
		return nil, errReading
	}
	if err := t.writeAll(ctx); err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, t.dialect.lockRollups); err != nil {
		return nil, err
	}
	err = t.query(ctx, func(rows *sql.Rows) error {
		var from, to day
		var p store.RolledPeriod
		err := rows.Scan(&from, &to, &p.Basis)
		p.Period = calendar.Period{From: from.Date, To: to.Date}
		all = append(all, p)
		return err
	}, "SELECT period_from, period_to, basis FROM outreach_rollup ORDER BY period_from, period_to")
	return all, err
}

// day is a date as the drivers give it.
type day struct{ calendar.Date }

// Scan implements [sql.Scanner].
func (d *day) Scan(value any) (err error) {
	switch v := value.(type) {
	case time.Time:
		d.Date = calendar.MustDate(v.Year(), v.Month(), v.Day())
	case []byte:
		d.Date, err = calendar.ParseDate(string(v))
	case string:
		d.Date, err = calendar.ParseDate(v)
	}
	return err
}

// TakeTouched implements [store.Rollups].
func (t *tx) TakeTouched(ctx context.Context, limit int) (all []store.Touched, err error) {
	if err := t.writable(); err != nil {
		return nil, err
	}
	if err := t.toWrite(ctx); err != nil { // what is read here is removed as well
		return nil, err
	}
	err = t.query(ctx, func(rows *sql.Rows) error {
		var note store.Touched
		var from, to day
		err := rows.Scan(&note.Place, &note.Official, &from, &to)
		note.Days = calendar.Period{From: from.Date, To: to.Date}
		all = append(all, note)
		return err
	}, "DELETE FROM outreach_touched WHERE "+t.dialect.someTouched+" RETURNING place, official, day_from, day_to", limit)
	return all, err
}

// ForgetTouched implements [store.Rollups].
func (t *tx) ForgetTouched(ctx context.Context, period calendar.Period) error {
	if err := t.writeAll(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM outreach_touched WHERE NOT EXISTS (SELECT 1 FROM outreach_rollup r
		WHERE NOT coalesce(r.period_from = $1 AND r.period_to = $2, false) AND day_from <= r.period_to AND day_to >= r.period_from)`, civil(period.From), civil(period.To))
	return err
}

// unplaced finds one place that is not kept among those of what counts from $1 to $2,
// and of duties to tell that are due from $3 to $4.
const unplaced = `SELECT 1 FROM (
	SELECT place FROM outreach_assignment WHERE (valid_from IS NULL OR valid_from <= $2) AND (valid_to IS NULL OR valid_to >= $1)
	UNION ALL SELECT place FROM outreach_visit WHERE day >= $1 AND day <= $2
	UNION ALL SELECT place FROM outreach_opinion WHERE happened >= $1 AND happened <= $2
	UNION ALL SELECT place FROM outreach_issue WHERE registered >= $1 AND registered <= $2
	UNION ALL SELECT place FROM outreach_duty WHERE kind = 'unit' AND due >= $1
	UNION ALL SELECT place FROM outreach_duty WHERE kind = 'feedback' AND due >= $3 AND due <= $4
	UNION ALL SELECT %s FROM outreach_rating_round WHERE opened >= $1 AND opened <= $2
	) counted WHERE NOT EXISTS (SELECT 1 FROM outreach_place p WHERE p.id = counted.place) LIMIT 1`

// Unplaced implements [store.Rollups].
func (t *tx) Unplaced(ctx context.Context, q store.GroundsQuery) (found bool, err error) {
	err = t.query(ctx, func(*sql.Rows) error {
		found = true
		return nil
	}, fmt.Sprintf(unplaced, t.dialect.field("state", "place")), civil(q.During.From), civil(q.During.To), civil(q.Told.From), civil(q.Told.To))
	return found, err
}

// PlacesAfter implements [store.Rollups].
func (t *tx) PlacesAfter(ctx context.Context, id org.PlaceID, limit int) (all []org.PlaceID, err error) {
	err = t.query(ctx, func(rows *sql.Rows) error {
		var id org.PlaceID
		err := rows.Scan(&id)
		all = append(all, id)
		return err
	}, "SELECT id FROM outreach_place WHERE id > $1 ORDER BY id LIMIT $2", string(id), limit)
	return all, err
}

// DropRollup implements [store.Rollups].
func (t *tx) DropRollup(ctx context.Context, period calendar.Period) error {
	for _, table := range []string{"outreach_rollup_page", "outreach_rollup"} {
		if _, err := t.exec(ctx, "DELETE FROM "+table+" WHERE period_from = $1 AND period_to = $2", civil(period.From), civil(period.To)); err != nil {
			return err
		}
	}
	return nil
}

// PutRollup implements [store.Rollups].
func (t *tx) PutRollup(ctx context.Context, p store.RolledPeriod) error {
	_, err := t.exec(ctx, "INSERT INTO outreach_rollup (period_from, period_to, basis) VALUES ($1, $2, $3)", civil(p.Period.From), civil(p.Period.To), p.Basis)
	return err
}

// PutPages implements [store.Rollups].
func (t *tx) PutPages(ctx context.Context, period calendar.Period, pages []report.Page) error {
	for _, p := range pages {
		_, err := t.exec(ctx, `INSERT INTO outreach_rollup_page (period_from, period_to, first, counts, hamlets) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (period_from, period_to, first) DO UPDATE SET counts = excluded.counts, hamlets = excluded.hamlets`,
			civil(period.From), civil(period.To), string(p.First), p.Counts, p.Hamlets)
		if err != nil {
			return err
		}
	}
	return nil
}

// Grounds implements [store.Rollups].
func (t *tx) Grounds(ctx context.Context, q store.GroundsQuery) (g store.Grounds, err error) {
	t.counting = true
	defer func() { t.counting = false }()
	at := func(column string) *selection {
		where := t.where()
		where.add("%s "+t.dialect.member, column, where.param(t.dialect.list(texts(q.Places))))
		return where
	}
	where := at("place")
	oneOf(where, "status", q.Statuses)
	where.overlaps("valid_from", "valid_to", q.During)
	if g.Assignments, err = assignments.list(ctx, t, where.ordered("id", 0), where.args...); err != nil {
		return g, err
	}
	var officials []org.PersonID
	for _, a := range g.Assignments {
		officials = append(officials, a.Official)
	}
	if len(officials) > 0 {
		where = t.where()
		where.add("NOT cancelled")
		among(where, "person", officials)
		where.overlaps("days_from", "days_to", q.During)
		if g.Leaves, err = leaves.list(ctx, t, where.ordered("id", 0), where.args...); err != nil {
			return g, err
		}
	}
	where = at("place")
	where.within("day", q.During)
	if g.Visits, err = visits.list(ctx, t, where.ordered("day NULLS FIRST, id", 0), where.args...); err != nil {
		return g, err
	}
	where = at("place")
	where.within("happened", q.During)
	if g.Opinions, err = opinions.list(ctx, t, where.ordered("happened NULLS FIRST, id", 0), where.args...); err != nil {
		return g, err
	}
	where = at("place")
	where.within("registered", q.During)
	if g.Issues, err = issues.list(ctx, t, where.ordered("registered NULLS FIRST, id", 0), where.args...); err != nil {
		return g, err
	}
	if err := t.groundsOwed(ctx, q, at, &g); err != nil {
		return g, err
	}
	where = at(t.dialect.field("state", "place"))
	where.within("opened", q.During)
	if g.Rounds, err = rounds.list(ctx, t, where.ordered("opened NULLS FIRST, id", 0), where.args...); err != nil || len(g.Rounds) == 0 {
		return g, err
	}
	where = t.where()
	var ids []string
	for _, r := range g.Rounds {
		ids = append(ids, string(r.ID))
	}
	among(where, "round", ids)
	g.Ratings, err = ratings.list(ctx, t, where.ordered("id", 0), where.args...)
	return g, err
}

// groundsOwed reads the duties of units, and the issues with an answer to tell.
func (t *tx) groundsOwed(ctx context.Context, q store.GroundsQuery, at func(string) *selection, g *store.Grounds) (err error) {
	where := at("place")
	oneOf(where, "kind", []duty.Kind{duty.Unit})
	where.within("due", q.During)
	if g.Units, err = duties.list(ctx, t, where.ordered("due NULLS FIRST, id", 0), where.args...); err != nil {
		return err
	}
	where = at("place")
	oneOf(where, "kind", []duty.Kind{duty.Unit})
	where.add(open)
	where.within("due", calendar.Period{From: q.During.To.Add(1)})
	if g.Later, err = duties.list(ctx, t, where.ordered("due NULLS FIRST, id", 0), where.args...); err != nil {
		return err
	}
	where = at("place")
	oneOf(where, "kind", []duty.Kind{duty.Feedback})
	where.within("due", q.Told)
	told, err := duties.list(ctx, t, where.ordered("due NULLS FIRST, id", 0), where.args...)
	if err != nil || len(told) == 0 {
		return err
	}
	var ids []string
	for _, d := range told {
		ids = append(ids, d.Subject.ID)
	}
	where = t.where()
	among(where, "id", ids)
	g.Answered, err = issues.list(ctx, t, where.ordered("id", 0), where.args...)
	return err
}
