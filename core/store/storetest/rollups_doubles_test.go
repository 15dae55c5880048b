package storetest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// rolling is a store in memory that keeps figures rolled up as it should, where
// memstore itself does not.
type rolling struct {
	*memstore.Store
	hasty  bool                                                       // an Update looks at what is rolled up before it waits for its turn
	tx     func(*rollingTx) store.Tx                                  // does one thing wrong, nil: nothing
	note   func(kind string, before bool, n *store.Touched) (is bool) // what is noted of a fact and of what it was before, nil: everything
	unkept func(*store.Grounds)                                       // changes what Unplaced looks at, nil: nothing
	keeps  bool                                                       // an Update keeps what it did when it fails too

	mu        sync.Mutex
	committed rolledUp
}

// rolledUp is what is rolled up and what was noted. A transaction has its own.
type rolledUp struct {
	basis map[calendar.Period]string
	pages map[calendar.Period]map[org.PlaceID]report.Page
	notes []store.Touched
}

func (r rolledUp) clone() rolledUp {
	own := rolledUp{basis: maps.Clone(r.basis), pages: map[calendar.Period]map[org.PlaceID]report.Page{}, notes: slices.Clone(r.notes)}
	for period, pages := range r.pages {
		own.pages[period] = maps.Clone(pages)
	}
	return own
}

func newRolling() *rolling {
	return &rolling{Store: memstore.New(), committed: rolledUp{basis: map[calendar.Period]string{}}}
}

// now is what was committed so far.
func (s *rolling) now() rolledUp {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committed.clone()
}

func (s *rolling) begun(tx store.Tx, now rolledUp) *rollingTx {
	return &rollingTx{Tx: tx, store: s, rolledUp: now}
}

func (s *rolling) given(tx *rollingTx) store.Tx {
	if s.tx == nil {
		return tx
	}
	return s.tx(tx)
}

func (s *rolling) Update(ctx context.Context, fn work) error {
	before := s.now()
	var tx *rollingTx
	return s.Store.Update(ctx, func(ctx context.Context, mem store.Tx) error {
		if tx = s.begun(mem, s.now()); s.hasty {
			tx.rolledUp = before
		}
		err := fn(ctx, s.given(tx))
		if err == nil {
			err = ctx.Err() // as the commit says
		}
		if err == nil || s.keeps {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.committed = tx.rolledUp
		}
		return err
	})
}

func (s *rolling) View(ctx context.Context, fn work) error {
	return s.Store.View(ctx, func(ctx context.Context, mem store.Tx) error {
		tx := s.begun(mem, s.now())
		tx.reading = true
		return fn(ctx, s.given(tx))
	})
}

// rollingTx is a transaction of it: a store.Rollups.
type rollingTx struct {
	store.Tx
	store   *rolling
	reading bool
	rolledUp
}

var _ store.Rollups = (*rollingTx)(nil)

var errOnlyReads = errors.New("a View cannot write")

func (tx *rollingTx) writable() error {
	if tx.reading {
		return errOnlyReads
	}
	return nil
}

func (tx *rollingTx) Rolled(ctx context.Context, period calendar.Period) (r store.Rolled, err error) {
	r.Basis = tx.basis[period]
	pages := tx.pages[period]
	for _, first := range slices.Sorted(maps.Keys(pages)) {
		r.Pages = append(r.Pages, pages[first])
	}
	for _, n := range tx.notes {
		switch {
		case !n.Days.Overlaps(period):
		case n.Place != "":
			r.Touched = append(r.Touched, n.Place)
		case n.Official == "":
			r.All = true
		default:
			assigned, err := tx.Assignments(ctx, programme.AssignmentQuery{Official: n.Official})
			if err != nil {
				return r, err
			}
			for _, a := range assigned {
				r.Touched = append(r.Touched, a.Place)
			}
		}
	}
	return r, nil
}

func (tx *rollingTx) LockRollups(context.Context) (all []store.RolledPeriod, err error) {
	for period, basis := range tx.basis { // whoever writes writes alone
		all = append(all, store.RolledPeriod{Period: period, Basis: basis})
	}
	return all, tx.writable()
}

func (tx *rollingTx) TakeTouched(_ context.Context, limit int) ([]store.Touched, error) {
	if err := tx.writable(); err != nil {
		return nil, err
	}
	n := min(limit, len(tx.notes))
	taken := tx.notes[:n:n]
	tx.notes = tx.notes[n:]
	return taken, nil
}

func (tx *rollingTx) ForgetTouched(_ context.Context, period calendar.Period) error {
	if err := tx.writable(); err != nil {
		return err
	}
	tx.notes = slices.DeleteFunc(tx.notes, func(n store.Touched) bool {
		for other := range tx.basis {
			if other != period && n.Days.Overlaps(other) {
				return false
			}
		}
		return true
	})
	return nil
}

func (tx *rollingTx) PlacesAfter(ctx context.Context, id org.PlaceID, limit int) (ids []org.PlaceID, err error) {
	all, err := tx.Places(ctx)
	for _, p := range all {
		if p.ID > id && len(ids) < limit {
			ids = append(ids, p.ID)
		}
	}
	return ids, err
}

func (tx *rollingTx) DropRollup(_ context.Context, period calendar.Period) error {
	delete(tx.basis, period)
	delete(tx.pages, period)
	return tx.writable()
}

func (tx *rollingTx) PutRollup(_ context.Context, p store.RolledPeriod) error {
	tx.basis[p.Period], tx.pages[p.Period] = p.Basis, map[org.PlaceID]report.Page{}
	return tx.writable()
}

func (tx *rollingTx) PutPages(_ context.Context, period calendar.Period, pages []report.Page) error {
	for _, p := range pages {
		tx.pages[period][p.First] = p
	}
	return tx.writable()
}

func (tx *rollingTx) Unplaced(ctx context.Context, q store.GroundsQuery) (bool, error) {
	places, err := tx.Places(ctx)
	if err != nil {
		return false, err
	}
	g, err := tx.counted(ctx, q, func(place org.PlaceID) bool {
		return !slices.ContainsFunc(places, func(p org.Place) bool { return p.ID == place })
	})
	if tx.store.unkept != nil {
		tx.store.unkept(&g)
	}
	return len(g.Assignments)+len(g.Visits)+len(g.Opinions)+len(g.Issues)+len(g.Answered)+len(g.Units)+len(g.Later)+len(g.Rounds) > 0, err
}

func (tx *rollingTx) Grounds(ctx context.Context, q store.GroundsQuery) (store.Grounds, error) {
	return tx.counted(ctx, q, func(place org.PlaceID) bool { return slices.Contains(q.Places, place) })
}

// counted finds what figures of some places are counted from by the queries that every
// store has.
func (tx *rollingTx) counted(ctx context.Context, q store.GroundsQuery, in func(org.PlaceID) bool) (g store.Grounds, err error) {
	var errs []error
	g.Assignments = lying(&errs, in, func(a programme.Assignment) org.PlaceID { return a.Place })(tx.Assignments(ctx, programme.AssignmentQuery{Statuses: q.Statuses, During: q.During}))
	g.Visits = lying(&errs, in, func(v visit.State) org.PlaceID { return v.Place })(tx.Visits(ctx, visit.Query{During: q.During}))
	g.Opinions = lying(&errs, in, func(o opinion.State) org.PlaceID { return o.Place })(tx.Opinions(ctx, opinion.Query{During: q.During}))
	g.Issues = lying(&errs, in, func(i issue.State) org.PlaceID { return i.Place })(tx.Issues(ctx, issue.Query{Registered: q.During}))
	g.Rounds = lying(&errs, in, func(r supervision.Round) org.PlaceID { return r.Place })(tx.RatingRounds(ctx, "", q.During))
	owed := lying(&errs, in, func(d duty.State) org.PlaceID { return d.Place })
	g.Units = owed(tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Unit}, Due: q.During}))
	later := calendar.Period{From: q.During.To.Add(1)}
	g.Later = owed(tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Unit}, Statuses: []duty.Status{duty.Running, duty.Paused}, Due: later}))
	told := owed(tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Feedback}, Due: q.Told}))
	ids := map[string]bool{}
	for _, d := range told {
		ids[d.Subject.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		i, err := tx.Issue(ctx, issue.ID(id))
		if errors.Is(err, fault.ErrNotFound) {
			i, err = issue.State{ID: issue.ID(id)}, nil // the duty counts, for Unplaced
		}
		g.Answered, errs = append(g.Answered, i), append(errs, err)
	}
	officials := map[org.PersonID]bool{}
	for _, a := range g.Assignments {
		officials[a.Official] = true
	}
	for official := range officials {
		some, err := tx.Leaves(ctx, org.LeaveQuery{Person: official, During: q.During})
		g.Leaves, errs = append(g.Leaves, some...), append(errs, err)
	}
	for _, r := range g.Rounds {
		some, err := tx.Ratings(ctx, r.ID)
		g.Ratings, errs = append(g.Ratings, some...), append(errs, err)
	}
	return g, errors.Join(errs...)
}

// lying leaves of an answer what lies in some places.
func lying[T any](errs *[]error, in func(org.PlaceID) bool, place func(T) org.PlaceID) func([]T, error) []T {
	return func(all []T, err error) []T {
		*errs = append(*errs, err)
		return slices.DeleteFunc(all, func(v T) bool { return !in(place(v)) })
	}
}

// always is every day.
var always = calendar.Period{From: calendar.MustDate(1900, 1, 1)}

// putNoting puts a value and notes whose hamlet it counts for, and whose it counted for before.
func putNoting[T any](tx *rollingTx, kind string, before T, found error, put func() error, v *T, touched func(T) []store.Touched) error {
	if err := put(); err != nil {
		return err
	}
	if found == nil {
		tx.noted(kind, true, touched(before))
	}
	tx.noted(kind, false, touched(*v))
	return nil
}

func (tx *rollingTx) noted(kind string, before bool, notes []store.Touched) {
	for _, n := range notes {
		if tx.store.note != nil && !tx.store.note(kind, before, &n) {
			continue
		}
		if n.Days.Valid() && !slices.Contains(tx.notes, n) {
			tx.notes = append(tx.notes, n)
		}
	}
}

func on(day calendar.Date) calendar.Period { return calendar.Period{From: day, To: day} }

// from is a period that begins with a day; where there is none it has always run.
func from(day, to calendar.Date) calendar.Period {
	if day.IsZero() {
		day = always.From
	}
	return calendar.Period{From: day, To: to}
}

func (tx *rollingTx) PutVisit(ctx context.Context, v *visit.State) error {
	before, found := tx.Visit(ctx, v.ID)
	return putNoting(tx, "visit", before, found, func() error { return tx.Tx.PutVisit(ctx, v) }, v, func(v visit.State) []store.Touched {
		if !v.Happened.IsZero() {
			return []store.Touched{{Place: v.Place, Days: on(v.Happened)}}
		}
		return []store.Touched{{Place: v.Place, Days: on(v.Planned)}}
	})
}

func (tx *rollingTx) PutOpinion(ctx context.Context, o *opinion.State) error {
	before, found := tx.Opinion(ctx, o.ID)
	return putNoting(tx, "opinion", before, found, func() error { return tx.Tx.PutOpinion(ctx, o) }, o, func(o opinion.State) []store.Touched {
		return []store.Touched{{Place: o.Place, Days: on(o.Happened)}}
	})
}

func (tx *rollingTx) PutIssue(ctx context.Context, i *issue.State) error {
	before, found := tx.Issue(ctx, i.ID)
	return putNoting(tx, "issue", before, found, func() error { return tx.Tx.PutIssue(ctx, i) }, i, func(i issue.State) []store.Touched {
		return []store.Touched{{Place: i.Place, Days: from(i.Registered, calendar.Date{})}}
	})
}

func (tx *rollingTx) PutDuty(ctx context.Context, d *duty.State) error {
	before, found := tx.Duty(ctx, d.ID)
	return putNoting(tx, "duty", before, found, func() error { return tx.Tx.PutDuty(ctx, d) }, d, func(d duty.State) []store.Touched {
		if d.Kind != duty.Unit && d.Kind != duty.Feedback {
			return nil
		}
		return []store.Touched{{Place: d.Place, Days: from(d.Start, d.Due)}}
	})
}

func (tx *rollingTx) PutAssignment(ctx context.Context, a *programme.Assignment) error {
	before, found := tx.Assignment(ctx, a.ID)
	return putNoting(tx, "assignment", before, found, func() error { return tx.Tx.PutAssignment(ctx, a) }, a, func(a programme.Assignment) []store.Touched {
		return []store.Touched{{Place: a.Place, Days: from(a.Valid.From, a.Valid.To)}}
	})
}

func (tx *rollingTx) PutLeave(ctx context.Context, l *org.Leave) error {
	all, err := tx.Leaves(ctx, org.LeaveQuery{ID: l.ID})
	before, found := only(all, err, func(org.Leave) bool { return true })
	return putNoting(tx, "leave", before, found, func() error { return tx.Tx.PutLeave(ctx, l) }, l, func(l org.Leave) []store.Touched {
		return []store.Touched{{Official: l.Person, Days: from(l.Days.From, l.Days.To)}}
	})
}

func (tx *rollingTx) PutRatingRound(ctx context.Context, r *supervision.Round) error {
	before, found := tx.RatingRound(ctx, r.ID)
	return putNoting(tx, "rating round", before, found, func() error { return tx.Tx.PutRatingRound(ctx, r) }, r, func(r supervision.Round) []store.Touched {
		return []store.Touched{{Place: r.Place, Days: on(r.Opened)}}
	})
}

func (tx *rollingTx) PutRating(ctx context.Context, r *supervision.Rating) error {
	rounds, err := tx.RatingRounds(ctx, "", calendar.Period{})
	if err != nil {
		return err
	}
	var all []supervision.Rating
	for _, round := range rounds {
		some, err := tx.Ratings(ctx, round.ID)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	before, found := only(all, nil, func(other supervision.Rating) bool { return other.ID == r.ID })
	return putNoting(tx, "rating", before, found, func() error { return tx.Tx.PutRating(ctx, r) }, r, func(r supervision.Rating) (notes []store.Touched) {
		for _, round := range rounds {
			if round.ID == r.Round {
				notes = append(notes, store.Touched{Place: round.Place, Days: on(round.Opened)})
			}
		}
		return notes
	})
}

func (tx *rollingTx) PutPlace(ctx context.Context, p *org.Place) error {
	before, found := tx.Place(ctx, p.ID)
	return putNoting(tx, "place", before, found, func() error { return tx.Tx.PutPlace(ctx, p) }, p, func(org.Place) []store.Touched {
		return []store.Touched{{Days: always}}
	})
}

// rollingWrong is a store whose transactions do one thing wrong.
func rollingWrong(wrap func(*rollingTx) store.Tx) func() store.Store {
	return func() store.Store {
		st := newRolling()
		st.tx = wrap
		return st
	}
}

// rollingBut is a store that keeps figures rolled up, changed by fn.
func rollingBut(fn func(*rolling)) func() store.Store {
	return func() store.Store {
		st := newRolling()
		fn(st)
		return st
	}
}

// answering is a transaction whose answers are changed before they are given.
type answering struct {
	*rollingTx
	rolled  func(*store.Rolled)
	asked   func(*store.GroundsQuery)
	grounds func(*store.Grounds)
}

func (tx answering) Rolled(ctx context.Context, period calendar.Period) (store.Rolled, error) {
	r, err := tx.rollingTx.Rolled(ctx, period)
	if tx.rolled != nil {
		tx.rolled(&r)
	}
	return r, err
}

func (tx answering) Grounds(ctx context.Context, q store.GroundsQuery) (store.Grounds, error) {
	if tx.asked != nil {
		tx.asked(&q)
	}
	g, err := tx.rollingTx.Grounds(ctx, q)
	if tx.grounds != nil {
		tx.grounds(&g)
	}
	return g, err
}

// unplacedSince finds what was unplaced at any time before too.
type unplacedSince struct{ *rollingTx }

func (tx unplacedSince) Unplaced(ctx context.Context, q store.GroundsQuery) (bool, error) {
	q.During.From = always.From
	return tx.rollingTx.Unplaced(ctx, q)
}

// asBefore tells what was noted before the transaction began.
type asBefore struct{ *rollingTx }

func (tx asBefore) Rolled(ctx context.Context, period calendar.Period) (store.Rolled, error) {
	r, err := tx.rollingTx.Rolled(ctx, period)
	if err != nil || tx.reading {
		return r, err
	}
	committed := tx.store.begun(tx.Tx, tx.store.now())
	before, err := committed.Rolled(ctx, period)
	r.Touched, r.All = before.Touched, before.All
	return r, err
}

// firstPages keeps the first that was put of each page.
type firstPages struct{ *rollingTx }

func (tx firstPages) PutPages(ctx context.Context, period calendar.Period, pages []report.Page) error {
	return tx.rollingTx.PutPages(ctx, period, slices.DeleteFunc(slices.Clone(pages), func(p report.Page) bool {
		_, there := tx.pages[period][p.First]
		return there
	}))
}

// leavingPages drops a period and leaves its pages, for when it is rolled up anew.
type leavingPages struct{ *rollingTx }

func (tx leavingPages) DropRollup(context.Context, calendar.Period) error { return tx.writable() }

// oblivious does not list the last of the periods.
type oblivious struct{ *rollingTx }

func (tx oblivious) LockRollups(ctx context.Context) ([]store.RolledPeriod, error) {
	all, err := tx.rollingTx.LockRollups(ctx)
	return all[:max(len(all)-1, 0)], err
}

// greedy takes one note more than it was asked for.
type greedy struct{ *rollingTx }

func (tx greedy) TakeTouched(ctx context.Context, limit int) ([]store.Touched, error) {
	return tx.rollingTx.TakeTouched(ctx, limit+1)
}

// losing takes all notes and returns those that it was asked for.
type losing struct{ *rollingTx }

func (tx losing) TakeTouched(ctx context.Context, limit int) ([]store.Touched, error) {
	taken, err := tx.rollingTx.TakeTouched(ctx, len(tx.notes))
	return taken[:min(len(taken), limit)], err
}

// forgettingNotes forgets some notes, whoever needs them.
type forgettingNotes struct {
	*rollingTx
	all bool
}

func (tx forgettingNotes) ForgetTouched(context.Context, calendar.Period) error {
	if tx.all {
		tx.notes = nil
	}
	return tx.writable()
}

// walking finds other places than those it is asked for.
type walking struct {
	*rollingTx
	change func(id *org.PlaceID, limit *int)
}

func (tx walking) PlacesAfter(ctx context.Context, id org.PlaceID, limit int) ([]org.PlaceID, error) {
	tx.change(&id, &limit)
	return tx.rollingTx.PlacesAfter(ctx, id, limit)
}

// rollupDoubles are stores that keep figures rolled up, and all but the first do one
// thing wrong.
var rollupDoubles = []broken{
	{"keeps figures rolled up as it should", func() store.Store { return newRolling() }, nil},

	{"looks at what is rolled up before its turn", rollingBut(func(st *rolling) { st.hasty = true }), []string{"rollups/locked", "rollups/noted meanwhile"}},

	{"keeps what a failed unit of work rolled up", rollingBut(func(st *rolling) { st.keeps = true }), []string{"rollups/undone"}},

	{"lets a View write what is rolled up", rollingWrong(func(tx *rollingTx) store.Tx {
		tx.reading = false
		return tx
	}), []string{"rollups/read only"}},

	{"turns the pages round", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, rolled: func(r *store.Rolled) { slices.Reverse(r.Pages) }}
	}), []string{"rollups/pages"}},

	{"keeps the first of a page", rollingWrong(func(tx *rollingTx) store.Tx { return firstPages{tx} }), []string{"rollups/pages", "rollups/locked"}},

	{"does not drop a period", rollingWrong(func(tx *rollingTx) store.Tx { return leavingPages{tx} }), []string{"rollups/periods", "rollups/forgotten"}},

	{"does not list all periods", rollingWrong(func(tx *rollingTx) store.Tx { return oblivious{tx} }), []string{"rollups/periods"}},

	{"tells of no pages when anything may have changed", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, rolled: func(r *store.Rolled) {
			if r.All {
				r.Pages = nil
			}
		}}
	}), []string{"rollups/placed"}},

	{"tells of what is noted after the commit alone", rollingWrong(func(tx *rollingTx) store.Tx { return asBefore{tx} }),
		[]string{"rollups/written", "rollups/moved", "rollups/answered", "rollups/placed"}},

	{"does not note opinions", rollingBut(func(st *rolling) {
		st.note = func(kind string, _ bool, _ *store.Touched) bool { return kind != "opinion" }
	}), []string{"rollups/written", "rollups/moved"}},

	{"does not note where an opinion was", rollingBut(func(st *rolling) {
		st.note = func(kind string, before bool, _ *store.Touched) bool { return kind != "opinion" || !before }
	}), []string{"rollups/moved"}},

	{"notes an issue for the day of its registration", rollingBut(func(st *rolling) {
		st.note = func(kind string, _ bool, n *store.Touched) bool {
			if kind == "issue" {
				n.Days.To = n.Days.From
			}
			return true
		}
	}), []string{"rollups/answered"}},

	{"does not note places", rollingBut(func(st *rolling) {
		st.note = func(kind string, _ bool, _ *store.Touched) bool { return kind != "place" }
	}), []string{"rollups/placed"}},

	{"takes more notes than it is asked for", rollingWrong(func(tx *rollingTx) store.Tx { return greedy{tx} }), []string{"rollups/taken"}},

	{"loses notes that it does not return", rollingWrong(func(tx *rollingTx) store.Tx { return losing{tx} }), []string{"rollups/taken"}},

	{"forgets notes that others need", rollingWrong(func(tx *rollingTx) store.Tx { return forgettingNotes{tx, true} }), []string{"rollups/forgotten"}},

	{"forgets no note", rollingWrong(func(tx *rollingTx) store.Tx { return forgettingNotes{tx, false} }), []string{"rollups/forgotten"}},

	{"begins with the place it was given", rollingWrong(func(tx *rollingTx) store.Tx {
		return walking{tx, func(id *org.PlaceID, _ *int) { *id = (*id)[:max(len(*id)-1, 0)] }}
	}), []string{"rollups/places"}},

	{"finds more places than it is asked for", rollingWrong(func(tx *rollingTx) store.Tx {
		return walking{tx, func(_ *org.PlaceID, limit *int) { *limit++ }}
	}), []string{"rollups/places"}},

	{"finds everything placed", rollingBut(func(st *rolling) {
		st.unkept = func(g *store.Grounds) { *g = store.Grounds{} }
	}), []string{"rollups/unplaced"}},

	{"finds unplaced what counted before", rollingWrong(func(tx *rollingTx) store.Tx { return unplacedSince{tx} }), []string{"rollups/unplaced"}},

	{"turns the visits of grounds round", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, grounds: func(g *store.Grounds) { slices.Reverse(g.Visits) }}
	}), []string{"rollups/grounds"}},

	{"knows no leaves", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, grounds: func(g *store.Grounds) { g.Leaves = nil }}
	}), []string{"rollups/grounds of officials", "rollups/grounds in full"}},

	{"tells an answer as often as it is owed", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, grounds: func(g *store.Grounds) {
			g.Answered = append(g.Answered, g.Answered[max(len(g.Answered)-1, 0):]...)
		}}
	}), []string{"rollups/grounds of duties", "rollups/grounds in full"}},

	{"returns a rating twice", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, grounds: func(g *store.Grounds) {
			g.Ratings = append(g.Ratings, g.Ratings[max(len(g.Ratings)-1, 0):]...)
		}}
	}), []string{"rollups/grounds of ratings"}},

	{"counts by less than is there", rollingWrong(func(tx *rollingTx) store.Tx {
		return answering{rollingTx: tx, grounds: func(g *store.Grounds) {
			for i := range g.Visits {
				g.Visits[i].Evidence = nil
			}
		}}
	}), []string{"rollups/grounds in full"}},
}

// breaks reports whether a store breaks a promise whose name begins with one of these.
func breaks(t *testing.T, open func() store.Store, names ...string) bool {
	t.Helper()
	return slices.ContainsFunc(rollups(), func(p promise) bool {
		named := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(p.name, name) })
		return named && p.broken(t.Context(), open()) != nil
	})
}

// Whatever is not noted is missed, of what was written and of what it was before.
func TestRollupsThatNoteTooLittleAreNoticed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"visit", "opinion", "issue", "duty", "assignment", "leave", "rating round", "rating", "place"} {
		for what, forgets := range map[string]func(before bool) bool{
			"what is written": func(bool) bool { return true },
			"what it was":     func(before bool) bool { return before },
			"what it is":      func(before bool) bool { return !before },
		} {
			if kind == "place" && what == "what it was" {
				continue // any hamlet is touched
			}
			open := rollingBut(func(st *rolling) {
				st.note = func(of string, before bool, _ *store.Touched) bool { return of != kind || !forgets(before) }
			})
			if !breaks(t, open, "rollups/written", "rollups/moved", "rollups/placed") {
				t.Errorf("of a %s, %s is not noted, and nothing fails", kind, what)
			}
		}
	}
}

// Every field of the question and of the answer has a check that fails without it, and
// so has every order that is promised.
func TestRollupsWhoseGroundsGoWrongAreNoticed(t *testing.T) {
	t.Parallel()
	expect := func(what string, wrong answering) {
		t.Helper()
		open := rollingWrong(func(tx *rollingTx) store.Tx {
			wrong.rollingTx = tx
			return wrong
		})
		if !breaks(t, open, "rollups/grounds") {
			t.Errorf("%s: nothing fails", what)
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.GroundsQuery]()) {
		expect("forgets "+field.Name, answering{asked: func(q *store.GroundsQuery) { reflect.ValueOf(q).Elem().FieldByIndex(field.Index).SetZero() }})
	}
	unordered := []string{"Assignments", "Leaves", "Issues", "Units", "Later", "Rounds", "Ratings"}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Grounds]()) {
		list := func(g *store.Grounds) reflect.Value { return reflect.ValueOf(g).Elem().FieldByIndex(field.Index) }
		expect("loses the last of "+field.Name, answering{grounds: func(g *store.Grounds) {
			if l := list(g); l.Len() > 0 {
				l.SetLen(l.Len() - 1)
			}
		}})
		if slices.Contains(unordered, field.Name) {
			continue
		}
		expect("turns round "+field.Name, answering{grounds: func(g *store.Grounds) {
			l := list(g)
			swap := reflect.Swapper(l.Interface())
			for i := range l.Len() / 2 {
				swap(i, l.Len()-1-i)
			}
		}})
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Grounds]()) {
		if field.Name == "Leaves" || field.Name == "Ratings" {
			continue // they belong to no place
		}
		open := rollingBut(func(st *rolling) {
			st.unkept = func(g *store.Grounds) { reflect.ValueOf(g).Elem().FieldByIndex(field.Index).SetZero() }
		})
		if !breaks(t, open, "rollups/unplaced") {
			t.Errorf("Unplaced does not look at %s, and nothing fails", field.Name)
		}
	}
}
