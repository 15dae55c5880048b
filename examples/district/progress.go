package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/mattn/go-isatty"

	"github.com/huongvecoso/outreach/core/calendar"
)

// progress shows how far the season has come: on a terminal one line that
// changes, elsewhere a line a week.
type progress struct {
	w        io.Writer
	from, to calendar.Date
	terminal bool
	shown    calendar.Date

	planned, reported, verified, opinions, issues, closed atomic.Int64
}

func newProgress(w io.Writer, from, to calendar.Date) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, from: from, to: to, terminal: ok && isatty.IsTerminal(f.Fd())}
}

// event counts what happens. It is called from inside transactions.
func (p *progress) event(kind string) {
	switch kind {
	case "visit.planned":
		p.planned.Add(1)
	case "visit.reported":
		p.reported.Add(1)
	case "visit.verified":
		p.verified.Add(1)
	case "opinion.captured":
		p.opinions.Add(1)
	case "issue.registered":
		p.issues.Add(1)
	case "issue.closed", "issue.closed_final":
		p.closed.Add(1)
	}
}

// at shows the day, once.
func (p *progress) at(day calendar.Date) {
	if day == p.shown {
		return
	}
	weekly := p.shown.IsZero() || day.Weekday() == 1 || day == p.to
	p.shown = day
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "\r%s\x1b[K", p.line(day))
	case weekly:
		fmt.Fprintln(p.w, p.line(day))
	}
}

func (p *progress) done() {
	if p.terminal {
		fmt.Fprintln(p.w)
	}
}

const barWidth = 24

func (p *progress) line(day calendar.Date) string {
	full := min(barWidth, barWidth*(day.Sub(p.from)+1)/(p.to.Sub(p.from)+1))
	bar := strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
	return fmt.Sprintf("%s %s  buổi/visits %d · báo cáo/reported %d · xác nhận/verified %d · ý kiến/opinions %d · vấn đề/issues %d · xong/closed %d",
		bar, day.VN(), p.planned.Load(), p.reported.Load(), p.verified.Load(), p.opinions.Load(), p.issues.Load(), p.closed.Load())
}
