package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
)

// Rolled-up figures. Where the store can keep them (store.Rollups), the figures of
// a month are read from pages of a hundred hamlets that were counted before. A page
// with a hamlet of which something was noted since is counted anew from the facts
// of its hamlets, for the one who asks, and kept by FreshenRollups. What is
// counted by other rules than those of today, or not rolled up, is counted from all
// facts of the period, as it is for the lock of a month.

// rollupRules is raised when figures are counted in another way, so that no page
// of before is taken for one of today.
const rollupRules = 1

// freshenBatch is how many notes one transaction of FreshenRollups works off.
const freshenBatch = 500

// total are the figures of a period of everybody, from what is rolled up of it
// where that is possible.
func (s *Reports) total(ctx context.Context, period calendar.Period) (report.Figures, error) {
	pages, err := s.pages(ctx, period)
	if err != nil {
		return report.Figures{}, err
	}
	if pages == nil {
		return s.figures(ctx, period, "")
	}
	return report.Unite(period, s.u.today, pages)
}

// rollups is the store's way to keep figures rolled up, nil where there is none: a
// directory of the host's own may change and nobody would note it.
func (u *unit) rollups() store.Rollups {
	if u.sys.opts.Directory != nil {
		return nil
	}
	kept, _ := u.tx.(store.Rollups)
	return kept
}

// pages are the pages of a period as its facts are now; none where the period is
// not rolled up, or so much has changed that to count all of it is no more work.
func (s *Reports) pages(ctx context.Context, period calendar.Period) ([]report.Page, error) {
	kept := s.u.rollups()
	if kept == nil {
		return nil, nil
	}
	rolled, err := kept.Rolled(ctx, period)
	if err != nil || len(rolled.Pages) == 0 || rolled.All {
		return nil, err
	}
	basis, err := s.u.rollupBasis(ctx)
	if err != nil || basis != rolled.Basis {
		return nil, err
	}
	stale := stalePages(rolled.Pages, rolled.Touched)
	if len(stale) > 1 && 2*len(stale) > len(rolled.Pages) {
		return nil, nil
	}
	for i, hamlets := range stale {
		rolled.Pages[i], err = s.countPage(ctx, kept, period, rolled.Pages[i].First, hamlets)
		if errors.Is(err, report.ErrNotPaged) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return rolled.Pages, nil
}

// stalePages are the pages with a hamlet that was touched, by their place among
// all, with all hamlets that may count in them.
func stalePages(pages []report.Page, touched []org.PlaceID) map[int][]org.PlaceID {
	stale := make(map[int][]org.PlaceID)
	for _, hamlet := range touched {
		i := report.PageOf(pages, hamlet)
		if stale[i] == nil {
			stale[i] = pages[i].Places()
		}
		if at, listed := slices.BinarySearch(stale[i], hamlet); !listed {
			stale[i] = slices.Insert(stale[i], at, hamlet)
		}
	}
	return stale
}

// countPage counts a page from the facts of its hamlets.
func (s *Reports) countPage(ctx context.Context, kept store.Rollups, period calendar.Period, first org.PlaceID, hamlets []org.PlaceID) (report.Page, error) {
	f, err := s.factsOf(ctx, kept, period, hamlets)
	if err != nil {
		return report.Page{}, err
	}
	return report.NewPage(first, hamlets, f)
}

// factsOf is facts, of some hamlets alone, within one month of reporting.
func (s *Reports) factsOf(ctx context.Context, kept store.Rollups, period calendar.Period, hamlets []org.PlaceID) (report.Facts, error) {
	u := s.u
	book, err := u.rules(ctx)
	if err != nil {
		return report.Facts{}, err
	}
	q, err := u.groundsOf(ctx, period)
	if err != nil {
		return report.Facts{}, err
	}
	q.Places = hamlets
	g, err := kept.Grounds(ctx, q)
	if err != nil {
		return report.Facts{}, err
	}
	f := report.Facts{
		Period: period, AsOf: u.today, Policy: book.Policy, Visits: g.Visits, Opinions: g.Opinions, Issues: g.Issues,
		Units: g.Units, Later: begun(g.Later, period), Ratings: g.Ratings,
	}
	f.Answered = slices.DeleteFunc(g.Answered, func(i issue.State) bool { return !approvedIn(i, period) })
	dir := newMemo(u.dir)
	on := ground{areas: programme.Areas(g.Assignments, ""), visits: g.Visits, away: away(g.Leaves)}
	if f.Hamlets, err = u.countHamlets(ctx, dir, period, func(calendar.Period) (ground, error) { return on, nil }); err != nil {
		return report.Facts{}, err
	}
	f.Commune, err = communes(ctx, dir, f.Opinions)
	return f, err
}

// groundsOf asks for what the figures of a period are counted from.
func (u *unit) groundsOf(ctx context.Context, period calendar.Period) (store.GroundsQuery, error) {
	told, err := u.toldBy(ctx, period)
	return store.GroundsQuery{During: period, Statuses: inForce(), Told: told}, err
}

// rollupBasis names the numbers that figures are counted by today: those of the
// policy, the calendar and the programmes, and the way of counting.
func (u *unit) rollupBasis(ctx context.Context) (string, error) {
	book, err := u.rules(ctx)
	if err != nil {
		return "", err
	}
	plans, err := u.tx.Programmes(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{rollupRules, book.Policy, book.calendarVersion(), plans})
	if err != nil {
		return "", fmt.Errorf("core: the basis of figures: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// ErrNoRollups says that the store keeps no figures rolled up, or that the
// directory is the host's own.
var ErrNoRollups = errors.New("core: this system counts figures from the facts each time")

// RollUp counts the figures of a month and keeps them, page by page, so that they
// are read and not counted from then on, whatever is written meanwhile and
// afterwards. It may be repeated at any time and run beside everything else. The
// sweeping workers do it for the month that runs and the one before; for earlier
// ones, as after an upgrade or a new policy, an operator does. ErrNoRollups where
// the system counts each time.
func (s *System) RollUp(ctx context.Context, m calendar.Month) error {
	if _, err := s.workOff(ctx, false); err != nil { // a note that is older than the page would cost it
		return err
	}
	return s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
		u := w.unit
		kept := u.rollups()
		if kept == nil {
			return ErrNoRollups
		}
		if _, err := kept.LockRollups(ctx); err != nil {
			return err
		}
		return w.Reports.rollUp(ctx, kept, m)
	})
}

// rollUp counts a month under the lock, page by page, and keeps it.
func (s *Reports) rollUp(ctx context.Context, kept store.Rollups, m calendar.Month) error {
	book, err := s.u.rules(ctx)
	if err != nil {
		return err
	}
	basis, err := s.u.rollupBasis(ctx)
	if err != nil {
		return err
	}
	of := store.RolledPeriod{Period: calendar.MonthPeriod(m, book.Reports.CloseDay), Basis: basis}
	if err := kept.ForgetTouched(ctx, of.Period); err != nil { // before the facts are read
		return err
	}
	if err := kept.DropRollup(ctx, of.Period); err != nil {
		return err
	}
	q, err := s.u.groundsOf(ctx, of.Period)
	if err != nil {
		return err
	}
	unplaced, err := kept.Unplaced(ctx, q)
	if err != nil {
		return err
	}
	if unplaced {
		return report.ErrNotPaged
	}
	if err := kept.PutRollup(ctx, of); err != nil {
		return err
	}
	err = s.countPages(ctx, kept, of.Period)
	if errors.Is(err, report.ErrNotPaged) {
		return errors.Join(err, kept.DropRollup(ctx, of.Period)) // half of it is none of it
	}
	return err
}

// countPages counts the pages of a period one after the other, so that a whole
// country takes no more memory than a page.
func (s *Reports) countPages(ctx context.Context, kept store.Rollups, period calendar.Period) error {
	for after := org.PlaceID(""); ; {
		hamlets, err := kept.PlacesAfter(ctx, after, report.PageSize)
		if err != nil || len(hamlets) == 0 {
			return err
		}
		after = hamlets[len(hamlets)-1]
		page, err := s.countPage(ctx, kept, period, hamlets[0], hamlets)
		if err != nil {
			return err
		}
		if err := kept.PutPages(ctx, period, []report.Page{page}); err != nil {
			return err
		}
	}
}

// FreshenRollups counts the pages anew of which something was noted, until no note
// is left, and rolls up the month that runs and the one before where they are not. It
// returns how many notes it worked off. It may run late, twice and on many machines
// at once; figures are right without it, and take longer the more is noted: until a
// day's first Sweep, which works notes off too. It does nothing where the system
// counts each time.
func (s *System) FreshenRollups(ctx context.Context) (int, error) {
	return s.workOff(ctx, true)
}

// tidyRollups keeps notes from piling up for years where no worker works them off: in
// a host whose sweeps are all that runs by the clock, and where figures are counted
// each time.
func (s *System) tidyRollups(ctx context.Context) error {
	if s.opts.Directory == nil {
		_, err := s.workOff(ctx, false)
		return err
	}
	return s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
		kept, ok := w.unit.tx.(store.Rollups)
		if !ok {
			return nil
		}
		if _, err := kept.LockRollups(ctx); err != nil { // a month that is being rolled up needs its notes
			return err
		}
		return kept.ForgetTouched(ctx, calendar.Period{})
	})
}

// workOff works notes off until none is left, and may roll up what is recent.
func (s *System) workOff(ctx context.Context, recent bool) (int, error) {
	total := 0
	for {
		n, err := s.freshen(ctx, recent)
		total += n
		if err != nil || n < freshenBatch {
			return total, err
		}
	}
}

// freshen works off some notes in one transaction.
func (s *System) freshen(ctx context.Context, recent bool) (n int, err error) {
	err = s.Update(ctx, org.System(), func(ctx context.Context, w *Work) error {
		n = 0
		kept := w.unit.rollups()
		if kept == nil {
			return nil
		}
		periods, err := kept.LockRollups(ctx)
		if err != nil {
			return err
		}
		if len(periods) == 0 { // nobody needs notes, however many there are
			if err := kept.ForgetTouched(ctx, calendar.Period{}); err != nil {
				return err
			}
		}
		notes, err := kept.TakeTouched(ctx, freshenBatch)
		if err != nil {
			return err
		}
		n = len(notes)
		if periods, err = w.Reports.dropOutdated(ctx, kept, periods, notes); err != nil {
			return err
		}
		for _, p := range periods {
			if err := w.Reports.freshen(ctx, kept, p.Period, notes); err != nil {
				return err
			}
		}
		if !recent || n == freshenBatch { // there is more to work off
			return nil
		}
		return w.Reports.rollUpRecent(ctx, kept, periods)
	})
	return n, err
}

// dropOutdated removes what is rolled up by other numbers than those of today, or
// may have changed for every hamlet, and returns what is left.
func (s *Reports) dropOutdated(ctx context.Context, kept store.Rollups, periods []store.RolledPeriod, notes []store.Touched) (left []store.RolledPeriod, err error) {
	basis, err := s.u.rollupBasis(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range periods {
		everywhere := slices.ContainsFunc(notes, func(t store.Touched) bool { return t.Place == "" && t.Official == "" && t.Days.Overlaps(p.Period) })
		if p.Basis == basis && !everywhere {
			left = append(left, p)
			continue
		}
		if err := kept.DropRollup(ctx, p.Period); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// freshen counts the pages of a period anew that notes speak of.
func (s *Reports) freshen(ctx context.Context, kept store.Rollups, period calendar.Period, notes []store.Touched) error {
	touched, err := s.touched(ctx, period, notes)
	if err != nil || len(touched) == 0 {
		return err
	}
	rolled, err := kept.Rolled(ctx, period)
	if err != nil || len(rolled.Pages) == 0 {
		return err
	}
	var fresh []report.Page
	for i, hamlets := range stalePages(rolled.Pages, touched) {
		page, err := s.countPage(ctx, kept, period, rolled.Pages[i].First, hamlets)
		if errors.Is(err, report.ErrNotPaged) {
			return kept.DropRollup(ctx, period)
		}
		if err != nil {
			return err
		}
		fresh = append(fresh, page)
	}
	return kept.PutPages(ctx, period, fresh)
}

// touched are the hamlets that notes speak of in a period.
func (s *Reports) touched(ctx context.Context, period calendar.Period, notes []store.Touched) (all []org.PlaceID, err error) {
	officials := make(map[org.PersonID]bool)
	for _, t := range notes {
		switch {
		case !t.Days.Overlaps(period):
		case t.Place != "":
			all = append(all, t.Place)
		case !officials[t.Official]:
			officials[t.Official] = true
			assignments, err := s.u.tx.Assignments(ctx, programme.AssignmentQuery{Official: t.Official, During: period})
			if err != nil {
				return nil, err
			}
			all = append(all, distinctPlaces(assignments)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// rollUpRecent rolls up the month that runs and the one before, where they are not.
func (s *Reports) rollUpRecent(ctx context.Context, kept store.Rollups, rolled []store.RolledPeriod) error {
	book, err := s.u.rules(ctx)
	if err != nil {
		return err
	}
	now := calendar.ReportMonth(s.u.today, book.Reports.CloseDay)
	for _, m := range []calendar.Month{now.Prev(), now} {
		period := calendar.MonthPeriod(m, book.Reports.CloseDay)
		if slices.ContainsFunc(rolled, func(p store.RolledPeriod) bool { return p.Period == period }) {
			continue
		}
		if err := s.rollUp(ctx, kept, m); err != nil && !errors.Is(err, report.ErrNotPaged) {
			return err
		}
	}
	return nil
}
