package core

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
)

// dutyRoutines are those about the clocks themselves.
func dutyRoutines() []routine {
	return []routine{
		{"pre_closure", beforeClosure},
		{"calendar_ending", calendarEnding},
	}
}

// beforeClosure reminds, on the last working day before a long closure that a
// holiday causes, of what falls due right after it (N21).
func beforeClosure(ctx context.Context, u *unit) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	w, tomorrow := book.Policy.Windows, u.today.Add(1)
	runs := book.ClosureRuns(tomorrow, tomorrow, w.PreClosureMinDays)
	if len(runs) == 0 || runs[0].From != tomorrow {
		return nil
	}
	run := runs[0]
	soon, err := u.tx.Duties(ctx, duty.Query{
		Statuses: []duty.Status{duty.Running},
		Due:      calendar.Period{From: tomorrow, To: book.Add(run.After, w.PreClosureDueDays)},
	})
	if err != nil {
		return err
	}
	for _, d := range soon {
		if err := u.tell(ctx, alert.BeforeClosure(d, run, u.today.At(w.PreClosureAt), book.Calendar)...); err != nil {
			return err
		}
	}
	return nil
}

// calendarEnding raises the alarm, once in a week, when the calendar covers few
// days more (N22). A calendar without end never does.
func calendarEnding(ctx context.Context, u *unit) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	last, alarm := book.Coverage().To, book.Policy.Notices.CoverageAlarmDays
	if left := last.Sub(u.today); !last.IsZero() && left < alarm {
		year, week := u.today.At(calendar.TimeOfDay{}).ISOWeek()
		return u.tell(ctx, alert.CalendarEnding(book.Calendar, fmt.Sprintf("%d-W%02d", year, week), left, alarm)...)
	}
	return nil
}
