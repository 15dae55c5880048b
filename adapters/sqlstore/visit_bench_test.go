package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// saidAt is what eight people say at a visit: three things that somebody has to see to.
func saidAt(k int) []core.Said {
	var all []core.Said
	for i := range 8 {
		s := core.Said{Kind: opinion.Feeling, Text: "Bà con mong được quan tâm.", Confidentiality: opinion.NameHidden}
		if i < 3 {
			s.Kind, s.Text = opinion.Petition, "Đoạn đường hư hỏng, đề nghị sửa chữa."
			s.Speaker = &opinion.Speaker{Name: "Người dân", Phone: fmt.Sprintf("+8491%07d", 6_000_000+k*3+i)}
		}
		all = append(all, s)
	}
	return all
}

// reportVisit writes a visit down with all that was said there, as its official
// does it: one unit of work.
func reportVisit(ctx context.Context, sys *core.System, k int, v visit.ID, on calendar.Date) error {
	return sys.Update(ctx, org.Actor{Person: officialID(k)}, func(ctx context.Context, w *core.Work) error {
		return reported(ctx, w, v, on, saidAt(k))
	})
}

// reported is that unit of work; what is a petition becomes an issue.
func reported(ctx context.Context, w *core.Work, v visit.ID, on calendar.Date, said []core.Said) error {
	_, err := w.Visits.Report(ctx, v, on, visit.Report{Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 42, Minutes: "Bà con nghe và nêu ý kiến."})
	if err != nil {
		return err
	}
	heard, err := w.Opinions.Capture(ctx, v, said...)
	if err != nil {
		return err
	}
	for i, o := range heard {
		if o.Kind != opinion.Petition {
			continue
		}
		if _, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{o.ID}, Title: fmt.Sprintf("Sửa đoạn đường số %d", i+1)}); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkReportingAVisit takes eight opinions and three issues, with the
// journal and the notices, in one unit of work (model M4), and counts the
// statements that it takes.
func BenchmarkReportingAVisit(b *testing.B) {
	for _, kind := range databases {
		b.Run(string(kind.dialect), func(b *testing.B) {
			const hamlets = 300
			now := present
			var asked *counter
			sys := district(b, kind.create(b)(), kind.dialect, hamlets, 2000, func() time.Time { return now }, func(st *Store) store.Store {
				asked = &counter{Store: st}
				return asked
			})
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				k, id := n%hamlets, visit.ID(fmt.Sprintf("v-%06d", n))
				evening := calendar.DateOf(present).Add(7 + 8*(n/hamlets))
				n++
				now = evening.Add(-7).At(calendar.MustTimeOfDay(9, 0))
				err := sys.Update(b.Context(), org.Actor{Person: officialID(k)}, func(ctx context.Context, w *core.Work) error {
					_, err := w.Visits.Plan(ctx, visit.Plan{ID: id, Place: hamletID(k), Official: officialID(k), Date: evening, Kind: visit.Regular})
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				now = evening.Add(1).At(calendar.MustTimeOfDay(9, 0))
				asked.statements = nil
				b.StartTimer()
				if err := reportVisit(b.Context(), sys, k, id, evening); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(asked.statements)), "statements/op")
			if testing.Verbose() {
				asked.log(b)
			}
		})
	}
}

// counter is a Store that notes every statement.
type counter struct {
	*Store
	statements []string
}

func (c *counter) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return c.Store.Update(ctx, func(ctx context.Context, t store.Tx) error {
		own := t.(*tx)
		own.q = &noted{own.q, c}
		return fn(ctx, own)
	})
}

// log says how often which statement was issued last.
func (c *counter) log(b *testing.B) {
	times := map[string]int{}
	for _, s := range c.statements {
		times[s]++
	}
	var lines []string
	for s, n := range times {
		lines = append(lines, fmt.Sprintf("%3d × %.120s", n, s))
	}
	slices.Sort(lines)
	b.Log("\n" + strings.Join(lines, "\n"))
}

type noted struct {
	Querier
	c *counter
}

func (q *noted) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	q.c.statements = append(q.c.statements, query)
	return q.Querier.ExecContext(ctx, query, args...)
}

func (q *noted) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	q.c.statements = append(q.c.statements, query)
	return q.Querier.QueryContext(ctx, query, args...)
}
