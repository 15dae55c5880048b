package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store/countrytest"
	"github.com/huongvecoso/outreach/core/visit"
)

// reporting writes down one visit after the other, each with eight opinions of
// which three become issues, as their officials do: one unit of work each, by
// one writer.
type reporting struct {
	product
	token string // marks every id of the unit that is being written
	last  int

	// byHand writes the rows that came of one unit in one pipelined batch instead.
	byHand bool
	sample []row
	conn   *pgx.Conn
}

// sampleUnit is the one that is reported through the core either way.
func (c *reporting) sampleUnit() int { return c.N }

// pastReports is how many visits were reported before: nobody's tables are empty,
// and the database has counted them when it chooses how to read them.
const pastReports = 50

func token(k int) string { return fmt.Sprintf("unit%06d", k) }

// begins lets the ids that are made from now on say whose they are.
func (c *reporting) begins(k, from int) { c.token, c.last = token(k), from }

func (c *reporting) prepare(ctx context.Context) error {
	c.product.newID = func() string { c.last++; return fmt.Sprintf("%s-%04d", c.token, c.last) }
	if err := c.open(); err != nil {
		return err
	}
	c.gate.stand(evening.Add(-7).At(calendar.MustTimeOfDay(9, 0)))
	for k := range c.N + 1 + pastReports {
		c.begins(k, 0)
		err := c.system.Update(ctx, org.Actor{Person: countrytest.Official(k)}, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, ID: visit.ID(token(k) + "-visit"), Official: countrytest.Official(k), Place: countrytest.Hamlet(k), Date: evening})
			return err
		})
		if err != nil {
			return fmt.Errorf("plan: %w", err)
		}
	}
	c.gate.stand(evening.Add(1).At(calendar.MustTimeOfDay(9, 0)))
	for k := range pastReports {
		if err := c.report(ctx, c.sampleUnit()+1+k); err != nil {
			return fmt.Errorf("past: %w", err)
		}
	}
	if err := counted(ctx, c.db, "ANALYZE"); err != nil {
		return err
	}
	if !c.byHand {
		return c.report(ctx, c.sampleUnit())
	}
	before, err := c.versions(ctx)
	if err != nil {
		return err
	}
	if err := c.report(ctx, c.sampleUnit()); err != nil {
		return err
	}
	if c.sample, err = c.written(ctx, before); err != nil {
		return err
	}
	c.conn, err = pgx.Connect(ctx, c.Database)
	return err
}

func (c *reporting) run(ctx context.Context) error {
	for k := range c.N {
		write := c.report
		if c.byHand {
			write = c.batch
		}
		if err := write(ctx, k); err != nil {
			return fmt.Errorf("visit %d: %w", k, err)
		}
	}
	return nil
}

// said is what eight people say at a visit: three things that somebody has to see to.
func saidAt(k int) []core.Said {
	var all []core.Said
	for i := range 8 {
		s := core.Said{Kind: opinion.Feeling, Text: fmt.Sprintf("Bà con ấp %d mong được quan tâm, ý thứ %d.", k, i+1), Confidentiality: opinion.NameHidden}
		if i < 3 {
			s.Kind, s.Text = opinion.Petition, fmt.Sprintf("Đoạn đường số %d của ấp %d hư hỏng, đề nghị sửa chữa.", i+1, k)
			s.Speaker = &opinion.Speaker{Name: "Nguyễn Thử Nghiệm", Phone: fmt.Sprintf("+8491%07d", k*3+i)}
		}
		all = append(all, s)
	}
	return all
}

func (c *reporting) report(ctx context.Context, k int) error {
	c.begins(k, 1000)
	id := visit.ID(token(k) + "-visit")
	return c.system.Update(ctx, org.Actor{Person: countrytest.Official(k)}, func(ctx context.Context, w *core.Work) error {
		c.begins(k, 1000) // also when it is run again
		_, err := w.Visits.Report(ctx, id, evening, visit.Report{
			Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), Ended: calendar.MustTimeOfDay(20, 30), People: 42, Minutes: "Bà con nghe và nêu ý kiến.",
		})
		if err != nil {
			return err
		}
		opinions, err := w.Opinions.Capture(ctx, id, saidAt(k)...)
		if err != nil {
			return err
		}
		for i, o := range opinions[:3] {
			if _, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{o.ID}, Title: fmt.Sprintf("Sửa đoạn đường số %d", i+1)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// row is one row that a unit wrote.
type row struct {
	table   string
	columns []string
	kinds   []string
	values  []*string
	changed bool // it was there before
}

// programmeTables are the tables whose rows are looked at.
const programmeTables = `SELECT table_name FROM information_schema.columns
	WHERE table_schema = 'public' AND table_name LIKE 'outreach\_%' AND column_name = 'state' ORDER BY 1`

func (c *reporting) list(ctx context.Context, query string, args ...any) (all []string, err error) {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// key names a row of a table and its version.
func key(table string) string {
	if table == "outreach_record" {
		return "position::text"
	}
	return "id || '/' || version"
}

// versions are all rows there are, by table.
func (c *reporting) versions(ctx context.Context) (map[string]map[string]bool, error) {
	tables, err := c.list(ctx, programmeTables)
	if err != nil {
		return nil, err
	}
	all := make(map[string]map[string]bool)
	for _, t := range tables {
		keys, err := c.list(ctx, "SELECT "+key(t)+" FROM "+t)
		if err != nil {
			return nil, err
		}
		all[t] = make(map[string]bool, len(keys))
		for _, k := range keys {
			all[t][k] = true
		}
	}
	return all, nil
}

// written are the rows that are there now and were not before.
func (c *reporting) written(ctx context.Context, before map[string]map[string]bool) (all []row, err error) {
	for table, had := range before {
		columns, err := c.list(ctx, `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO' AND is_generated = 'NEVER' ORDER BY ordinal_position`, table)
		if err != nil {
			return nil, err
		}
		kinds, err := c.list(ctx, `SELECT data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO' AND is_generated = 'NEVER' ORDER BY ordinal_position`, table)
		if err != nil {
			return nil, err
		}
		keys, err := c.list(ctx, "SELECT "+key(table)+" FROM "+table)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if had[k] {
				continue
			}
			r := row{table: table, columns: columns, kinds: kinds, values: make([]*string, len(columns))}
			into := make([]any, len(columns))
			for i := range into {
				into[i] = &r.values[i]
			}
			if err := c.db.QueryRowContext(ctx, "SELECT "+strings.Join(columns, "::text, ")+"::text FROM "+table+" WHERE "+key(table)+" = $1", k).Scan(into...); err != nil {
				return nil, err
			}
			r.changed = was(had, k)
			all = append(all, r)
		}
	}
	return all, nil
}

// was reports whether the row with the key was there in an earlier version.
func was(had map[string]bool, key string) bool {
	id, _, versioned := strings.Cut(key, "/")
	for k := range had {
		if earlier, _, _ := strings.Cut(k, "/"); versioned && earlier == id {
			return true
		}
	}
	return false
}

// statement writes the row: into the place of the one that was there, or as a new one.
func (r row) statement() string {
	parameters := make([]string, len(r.columns))
	for i := range parameters {
		parameters[i] = fmt.Sprintf("$%d::text::%s", i+1, r.kinds[i])
	}
	if !r.changed {
		return "INSERT INTO " + r.table + " (" + strings.Join(r.columns, ", ") + ") VALUES (" + strings.Join(parameters, ", ") + ")"
	}
	set := make([]string, len(r.columns))
	for i, name := range r.columns {
		set[i] = name + " = " + parameters[i]
	}
	return "UPDATE " + r.table + " SET " + strings.Join(set, ", ") + " WHERE id = $1::text AND version = $2::text::bigint - 1"
}

// batch writes the rows of the sample as if they were those of unit k: one round
// trip and one transaction.
func (c *reporting) batch(ctx context.Context, k int) error {
	mine := strings.NewReplacer(token(c.sampleUnit()), token(k), "HVCS-17-", fmt.Sprintf("H%05d-17-", k))
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	for _, r := range c.sample {
		values := make([]any, len(r.values))
		for i, v := range r.values {
			if v != nil {
				values[i] = mine.Replace(*v)
			}
		}
		b.Queue(r.statement(), values...)
	}
	b.Queue("COMMIT")
	return c.conn.SendBatch(ctx, b).Close()
}

// marks counts the visits that were reported with all their opinions and issues.
func (c *reporting) marks(ctx context.Context) (n int, err error) {
	err = c.db.QueryRowContext(ctx, `SELECT count(*) FROM outreach_visit v WHERE status = 'reported' AND id < $1
		AND (SELECT count(*) FROM outreach_opinion o WHERE o.visit = v.id) = 8 AND (SELECT count(*) FROM outreach_opinion o WHERE o.visit = v.id AND o.issue IS NOT NULL) = 3`,
		token(c.sampleUnit())+"-visit").Scan(&n)
	return n, err
}

func (c *reporting) figures() map[string]float64 {
	if !c.byHand {
		return nil
	}
	return map[string]float64{"rows of a visit": float64(len(c.sample))}
}

func (c *reporting) close() error {
	var err error
	if c.conn != nil {
		err = c.conn.Close(context.Background())
	}
	return errors.Join(err, c.product.close())
}
