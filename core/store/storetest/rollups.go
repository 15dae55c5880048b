package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
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

// rollups are the promises of store.Rollups. A Tx without it passes at once: figures
// are then counted from the facts each time.
func rollups() []promise {
	return []promise{
		{"rollups/pages", "What is rolled up of a period comes back whole: its basis, and its pages by First, the last that was put of each; of another period there is nothing.", whereRolled(keepsPages)},
		{"rollups/periods", "LockRollups returns the periods that are rolled up with their basis; DropRollup removes one of them with its pages.", whereRolled(listsPeriods)},
		{"rollups/undone", "What a failed unit of work rolled up, dropped, took or forgot is as it was before.", whereRolled(undoesRollups)},
		{"rollups/read only", "Every write of Rollups through a View is an error and changes nothing.", whereRolled(refusesRollupsInView)},
		{"rollups/locked", "Units of work that lock what is rolled up at the same time come one after the other, and lose no page.", whereRolled(rollsUpInTurn)},
		{"rollups/written", "What is written is noted in its transaction: Rolled tells of its hamlet, or of all, before the commit and after it.", whereRolled(notesWhatIsWritten)},
		{"rollups/moved", "What goes to another hamlet or another day is noted for where it was and for where it is.", whereRolled(notesWhatIsMoved)},
		{"rollups/answered", "A change of an issue is noted for the periods after its registration too, in which its answer may count.", whereRolled(notesAnswers)},
		{"rollups/placed", "A place that is added or comes to lie elsewhere is noted, and the pages are told of whatever was noted.", whereRolled(notesPlaces)},
		{"rollups/taken", "TakeTouched removes as many notes as asked for and returns them: they do not come again, and Rolled no longer tells of them, until something is written anew.", whereRolled(takesNotes)},
		{"rollups/noted meanwhile", "What is written while others take notes is among what they take, or left to be taken.", whereRolled(losesNoNote)},
		{"rollups/forgotten", "ForgetTouched keeps the notes that another period needs that is rolled up, and removes those that none needs.", whereRolled(forgetsNotes)},
		{"rollups/places", "PlacesAfter returns the first places by id after one, as many as asked for.", whereRolled(walksPlaces)},
		{"rollups/unplaced", "Unplaced is true where something that counts in the period belongs to a place that is not kept, and only there.", whereRolled(findsUnplaced)},
		{"rollups/grounds", "Grounds returns what counts of the hamlets in the period: visits and opinions by day, then id, issues and rating rounds.", whereRolled(groundsByDay)},
		{"rollups/grounds of officials", "Grounds returns the assignments of the hamlets that share a day with the period, of the statuses, and the leaves of their officials.", whereRolled(groundsOfOfficials)},
		{"rollups/grounds of duties", "Grounds returns the duties of units of the hamlets that are due in the period, those that are open and due later, and by id the issues whose answer is to be told in time, each once.", whereRolled(groundsOfDuties)},
		{"rollups/grounds of ratings", "Grounds returns the ratings of the rounds of the hamlets and the period.", whereRolled(groundsOfRatings)},
		{"rollups/grounds in full", "Grounds returns facts in every field.", whereRolled(groundsInFull)},
	}
}

// whereRolled is a check for a store whose Tx is store.Rollups.
func whereRolled(check func(k kit)) func(k kit) {
	return func(k kit) {
		var offered bool
		k.view(func(_ context.Context, tx store.Tx) error {
			_, offered = tx.(store.Rollups)
			return nil
		})
		if offered {
			check(k)
		}
	}
}

// may is another period than march.
var may = calendar.Period{From: calendar.MustDate(2017, 5, 1), To: calendar.MustDate(2017, 5, 31)}

// The days on which things happen in both periods.
var inMarch, inMay = march.From.Add(9), may.From.Add(9)

// The hamlets where things happen.
const here, there, elsewhere = org.PlaceID("here"), org.PlaceID("there"), org.PlaceID("elsewhere")

// rollup runs fn in an Update that has to succeed.
func (k kit) rollup(fn func(ctx context.Context, kept store.Rollups) error) {
	k.Helper()
	k.update(func(ctx context.Context, tx store.Tx) error { return fn(ctx, tx.(store.Rollups)) })
}

// rolled returns what is rolled up of a period as a View sees it.
func (k kit) rolled(period calendar.Period) (r store.Rolled) {
	k.Helper()
	k.view(func(ctx context.Context, tx store.Tx) (err error) {
		r, err = tx.(store.Rollups).Rolled(ctx, period)
		return err
	})
	return r
}

// rollUp has periods rolled up, each in a page.
func (k kit) rollUp(periods ...calendar.Period) {
	k.Helper()
	k.rollup(func(ctx context.Context, kept store.Rollups) error {
		for _, p := range periods {
			if err := rollUp(ctx, kept, p, "basis", page(here, "")); err != nil {
				return err
			}
		}
		return nil
	})
}

func rollUp(ctx context.Context, kept store.Rollups, period calendar.Period, basis string, pages ...report.Page) error {
	if err := kept.PutRollup(ctx, store.RolledPeriod{Period: period, Basis: basis}); err != nil {
		return err
	}
	return kept.PutPages(ctx, period, pages)
}

func page(first org.PlaceID, counts string) report.Page {
	return report.Page{First: first, Counts: counts, Hamlets: "hamlets of " + string(first) + counts}
}

// expectPages compares what is rolled up of a period; without pages it must be nothing.
func expectPages(k kit, what string, r store.Rolled, basis string, pages ...report.Page) {
	k.Helper()
	if diff := differ(pages, r.Pages); diff != "" && len(pages)+len(r.Pages) > 0 {
		k.Errorf("pages %s (-want +got):\n%s", what, diff)
	}
	if len(pages) > 0 && r.Basis != basis {
		k.Errorf("the basis %s is %q, want %q", what, r.Basis, basis)
	}
}

func keepsPages(k kit) {
	var pages []report.Page
	for i, text := range disorder {
		pages = append(pages, page(org.PlaceID(text), difficult[i%len(difficult)]))
	}
	before := page(pages[3].First, "counted before")
	k.rollup(func(ctx context.Context, kept store.Rollups) error {
		if err := rollUp(ctx, kept, march, "basis of march", before); err != nil {
			return err
		}
		for _, p := range slices.Backward(pages[4:]) { // so that no order comes by itself
			if err := kept.PutPages(ctx, march, []report.Page{p}); err != nil {
				return err
			}
		}
		return rollUp(ctx, kept, may, "basis of may", before)
	})
	k.rollup(func(ctx context.Context, kept store.Rollups) error {
		if err := kept.PutPages(ctx, march, pages[:4]); err != nil {
			return err
		}
		own, err := kept.Rolled(ctx, march)
		expectPages(k, "within the transaction that put them", own, "basis of march", pages...)
		return err
	})
	expectPages(k, "of march", k.rolled(march), "basis of march", pages...)
	expectPages(k, "of may", k.rolled(may), "basis of may", before)
	expectPages(k, "of a part of march", k.rolled(calendar.Period{From: march.From, To: march.To.Add(-1)}), "")
	expectPages(k, "of march and another day", k.rolled(calendar.Period{From: march.From.Add(-1), To: march.To}), "")
	expectPages(k, "of no period", k.rolled(calendar.Period{}), "")
}

func listsPeriods(k kit) {
	of := func(p calendar.Period) store.RolledPeriod {
		return store.RolledPeriod{Period: p, Basis: "basis of " + p.From.String()}
	}
	expect := func(what string, want ...calendar.Period) {
		k.Helper()
		k.rollup(func(ctx context.Context, kept store.Rollups) error {
			got, err := kept.LockRollups(ctx)
			if len(got) != len(want) {
				k.Errorf("%d periods %s, want %d", len(got), what, len(want))
			}
			for _, p := range want {
				if !slices.Contains(got, of(p)) {
					k.Errorf("%s %+v is not among the periods %+v", what, of(p), got)
				}
			}
			return err
		})
	}
	expect("before any is rolled up")
	for _, p := range []calendar.Period{may, march} {
		k.rollup(func(ctx context.Context, kept store.Rollups) error {
			return rollUp(ctx, kept, p, of(p).Basis, page(here, p.To.String()))
		})
	}
	expect("rolled up", march, may)
	k.rollup(func(ctx context.Context, kept store.Rollups) error { return kept.DropRollup(ctx, may) })
	expect("left", march)
	expectPages(k, "of a period that was dropped", k.rolled(may), "")
	expectPages(k, "of one that was not", k.rolled(march), of(march).Basis, page(here, march.To.String()))
	k.rollup(func(ctx context.Context, kept store.Rollups) error {
		return rollUp(ctx, kept, may, of(may).Basis, page(there, "anew"))
	})
	expectPages(k, "of a period that was dropped and rolled up anew", k.rolled(may), of(may).Basis, page(there, "anew"))
}

func undoesRollups(k kit) {
	k.rollUp(march)
	k.takeAll()
	k.write(visited, "before", spot{hamlet: here, on: inMarch})
	mine := errors.New("mine, not the store's")
	for what, do := range map[string]func(context.Context, store.Rollups) error{
		"rolled up": func(ctx context.Context, kept store.Rollups) error {
			return rollUp(ctx, kept, may, "other", page(there, "other"))
		},
		"a page put": func(ctx context.Context, kept store.Rollups) error {
			return kept.PutPages(ctx, march, []report.Page{page(here, "other"), page(there, "other")})
		},
		"dropped": func(ctx context.Context, kept store.Rollups) error { return kept.DropRollup(ctx, march) },
		"taken": func(ctx context.Context, kept store.Rollups) error {
			_, err := kept.TakeTouched(ctx, 100)
			return err
		},
		"forgotten": func(ctx context.Context, kept store.Rollups) error { return kept.ForgetTouched(ctx, march) },
	} {
		err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
			return errors.Join(do(ctx, tx.(store.Rollups)), mine)
		})
		if !errors.Is(err, mine) {
			k.Errorf("%s and undone: %v", what, err)
		}
		r := k.rolled(march)
		expectPages(k, "of march, "+what+" and undone", r, "basis", page(here, ""))
		expectPages(k, "of may, "+what+" and undone", k.rolled(may), "")
		expectTouched(k, what+" and undone", r, here)
	}
}

func refusesRollupsInView(k kit) {
	k.rollUp(march)
	k.takeAll()
	k.write(visited, "before", spot{hamlet: here, on: inMarch})
	for what, write := range map[string]func(context.Context, store.Rollups) error{
		"TakeTouched": func(ctx context.Context, kept store.Rollups) error {
			_, err := kept.TakeTouched(ctx, 100)
			return err
		},
		"ForgetTouched": func(ctx context.Context, kept store.Rollups) error { return kept.ForgetTouched(ctx, march) },
		"DropRollup":    func(ctx context.Context, kept store.Rollups) error { return kept.DropRollup(ctx, march) },
		"PutRollup": func(ctx context.Context, kept store.Rollups) error {
			return kept.PutRollup(ctx, store.RolledPeriod{Period: may, Basis: "basis"})
		},
		"PutPages": func(ctx context.Context, kept store.Rollups) error {
			return kept.PutPages(ctx, march, []report.Page{page(here, "other")})
		},
	} {
		refusedInView(k, what, func(ctx context.Context, tx store.Tx) error { return write(ctx, tx.(store.Rollups)) })
	}
	r := k.rolled(march)
	expectPages(k, "after writes through a View", r, "basis", page(here, ""))
	expectPages(k, "of another period, after writes through a View", k.rolled(may), "")
	expectTouched(k, "after writes through a View", r, here)
}

func rollsUpInTurn(k kit) {
	const workers, rounds = 4, 5
	k.rollUp(march)
	k.together(workers, func(int) error {
		for range rounds {
			if err := k.retry(func(ctx context.Context, tx store.Tx) error {
				kept := tx.(store.Rollups)
				if _, err := kept.LockRollups(ctx); err != nil {
					return err
				}
				r, err := kept.Rolled(ctx, march)
				if err != nil || len(r.Pages) != 1 {
					return errors.Join(err, fmt.Errorf("%d pages, want one", len(r.Pages)))
				}
				time.Sleep(time.Millisecond) // the others want to read as well
				return kept.PutPages(ctx, march, []report.Page{page(here, r.Pages[0].Counts+"|")})
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if r := k.rolled(march); len(r.Pages) != 1 || len(r.Pages[0].Counts) != workers*rounds {
		k.Errorf("of %d counts of a page there is left %+v", workers*rounds, r.Pages)
	}
}

// spot is where and when something happens; again changes what happened there.
type spot struct {
	hamlet org.PlaceID
	on     calendar.Date
	again  bool
}

// fact is something that figures are counted from. Writing it a second time changes it.
type fact struct {
	name  string
	write func(ctx context.Context, tx store.Tx, id string, at spot) error
	loose bool // it has no place of its own
}

// factOf is a fact that is kept as a value of one type.
func factOf[T any](name string, e entity[T], set func(v *T, at spot)) fact {
	return fact{name: name, write: func(ctx context.Context, tx store.Tx, id string, at spot) error {
		v, err := e.get(ctx, tx, id)
		if errors.Is(err, fault.ErrNotFound) {
			v, err = e.bare(id), nil
		}
		if err != nil {
			return e.named(err)
		}
		set(&v, at)
		return e.named(e.put(ctx, tx, &v))
	}}
}

func (f fact) withoutPlace() fact { f.loose = true; return f }

// either is one of two, so that a change is one that counts.
func either[S any](again bool, first, second S) S {
	if again {
		return second
	}
	return first
}

var visited = factOf("visit", visits, func(v *visit.State, at spot) {
	v.Place, v.Planned, v.Status = at.hamlet, at.on, either(at.again, visit.Planned, visit.Held)
})

// facts are all that figures of a hamlet and a day are counted from.
func facts() []fact {
	owed := func(kind duty.Kind, days int) func(d *duty.State, at spot) {
		return func(d *duty.State, at spot) {
			d.Kind, d.Place, d.Start, d.Due = kind, at.hamlet, at.on, at.on.Add(days)
			d.Status = either(at.again, duty.Running, duty.Cancelled)
			d.Subject = event.Subject{Type: "issue", ID: "of the duty"}
		}
	}
	return []fact{
		visited,
		factOf("visit on another day than planned", visits, func(v *visit.State, at spot) {
			v.Place, v.Planned, v.Happened, v.Status = at.hamlet, march.From.Add(-400), at.on, either(at.again, visit.Held, visit.Verified)
		}),
		factOf("opinion", opinions, func(o *opinion.State, at spot) {
			o.Place, o.Happened, o.Kind = at.hamlet, at.on, either(at.again, opinion.Wish, opinion.Petition)
		}),
		factOf("issue", issues, func(i *issue.State, at spot) {
			i.Place, i.Registered, i.Status = at.hamlet, at.on, either(at.again, issue.Registered, issue.Triaged)
		}),
		factOf("assignment", assignments, func(a *programme.Assignment, at spot) {
			a.Place, a.Official, a.Valid = at.hamlet, "official", calendar.Period{From: at.on, To: at.on.Add(3)}
			a.Status = either(at.again, programme.Active, programme.Ended)
		}),
		factOf("leave", leaves, func(l *org.Leave, at spot) {
			l.Person, l.Days, l.Cancelled = officialOf(at.hamlet), calendar.Period{From: at.on, To: at.on.Add(3)}, at.again
		}).withoutPlace(),
		factOf("duty of a unit", duties, owed(duty.Unit, 0)),
		factOf("duty of a unit that is due later", duties, owed(duty.Unit, 120)),
		factOf("duty to tell an answer", duties, owed(duty.Feedback, 0)),
		factOf("rating round", rounds, func(r *supervision.Round, at spot) {
			r.Place, r.Opened, r.Visit, r.Official = at.hamlet, at.on, string(r.ID), either[org.PersonID](at.again, "official", "substitute")
		}),
		factOf("rating", ratingsAnywhere, func(r *supervision.Rating, at spot) {
			r.Round, r.Proper = roundIn(at), at.again
		}).withoutPlace(),
	}
}

// officialOf is who looks after a hamlet.
func officialOf(hamlet org.PlaceID) org.PersonID { return "official of " + org.PersonID(hamlet) }

// roundIn is the rating round in a hamlet on a day.
func roundIn(at spot) supervision.RoundID {
	return supervision.RoundID(fmt.Sprint("round in ", at.hamlet, " on ", at.on))
}

// ratingsAnywhere finds a rating in whichever of the rounds it is.
var ratingsAnywhere = func() entity[supervision.Rating] {
	e := ratings
	e.get = func(ctx context.Context, tx store.Tx, id string) (supervision.Rating, error) {
		var all []supervision.Rating
		for _, at := range district() {
			some, err := tx.Ratings(ctx, roundIn(at))
			if err != nil {
				return supervision.Rating{}, err
			}
			all = append(all, some...)
		}
		return only(all, nil, func(r supervision.Rating) bool { return string(r.ID) == id })
	}
	return e
}()

// district are the hamlets and days of facts.
func district() []spot {
	return []spot{{hamlet: here, on: inMarch}, {hamlet: there, on: inMarch}, {hamlet: here, on: inMay}, {hamlet: there, on: inMay}}
}

// settle makes the hamlets of the district, with an official and rating rounds in each,
// and has both periods rolled up, with nothing noted.
func (k kit) settle() {
	k.Helper()
	k.update(func(ctx context.Context, tx store.Tx) error {
		for _, hamlet := range []org.PlaceID{here, there} {
			of := programme.Assignment{ID: "of " + programme.AssignmentID(hamlet), Official: officialOf(hamlet), Place: hamlet,
				Valid: calendar.Period{From: march.From.Add(-30)}, Status: programme.Active}
			if err := errors.Join(tx.PutPlace(ctx, &org.Place{ID: hamlet}), tx.PutAssignment(ctx, &of)); err != nil {
				return err
			}
		}
		for _, at := range district() {
			id := roundIn(at)
			if err := tx.PutRatingRound(ctx, &supervision.Round{ID: id, Visit: string(id), Place: at.hamlet, Opened: at.on}); err != nil {
				return err
			}
		}
		return nil
	})
	k.rollUp(march, may)
	k.takeAll()
}

// write writes a fact in a transaction.
func (k kit) write(f fact, id string, at spot) {
	k.Helper()
	k.update(func(ctx context.Context, tx store.Tx) error { return f.write(ctx, tx, id, at) })
}

// takeAll takes all notes.
func (k kit) takeAll() (all []store.Touched) {
	k.Helper()
	for range 1000 { // a store that gives notes for ever would be stuck
		var some []store.Touched
		k.rollup(func(ctx context.Context, kept store.Rollups) (err error) {
			some, err = kept.TakeTouched(ctx, 100)
			return err
		})
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
	k.Fatalf("notes that were taken come again and again")
	return nil
}

// expectTouched complains about hamlets that Rolled does not tell of. It may tell of
// others too.
func expectTouched(k kit, what string, r store.Rolled, hamlets ...org.PlaceID) {
	k.Helper()
	for _, h := range hamlets {
		if !r.All && !slices.Contains(r.Touched, h) {
			k.Errorf("%s: %q is not among what was touched, %q", what, h, r.Touched)
		}
	}
}

// noted writes a fact when nothing else is noted, and expects to be told of the hamlets
// in the period, by the transaction itself and afterwards.
func (k kit) noted(f fact, what string, at spot, period calendar.Period, hamlets ...org.PlaceID) {
	k.Helper()
	k.takeAll()
	var own store.Rolled
	k.update(func(ctx context.Context, tx store.Tx) error {
		err := f.write(ctx, tx, f.name, at)
		if err != nil {
			return err
		}
		own, err = tx.(store.Rollups).Rolled(ctx, period)
		return err
	})
	expectTouched(k, f.name+", "+what+", in the transaction", own, hamlets...)
	expectTouched(k, f.name+", "+what, k.rolled(period), hamlets...)
}

func notesWhatIsWritten(k kit) {
	k.settle()
	for _, f := range facts() {
		k.noted(f, "written", spot{hamlet: here, on: inMarch}, march, here)
		k.noted(f, "changed", spot{hamlet: here, on: inMarch, again: true}, march, here)
	}
}

func notesWhatIsMoved(k kit) {
	k.settle()
	for _, f := range facts() {
		k.write(f, f.name, spot{hamlet: here, on: inMarch})
		k.noted(f, "in another hamlet", spot{hamlet: there, on: inMarch}, march, here, there)
		k.noted(f, "on another day", spot{hamlet: there, on: inMay}, march, there)
		expectTouched(k, f.name+", on another day, where it is now", k.rolled(may), there)
		k.noted(f, "back on the first day", spot{hamlet: there, on: inMarch}, march, there)
		expectTouched(k, f.name+", back on the first day, where it was", k.rolled(may), there)
	}
}

func notesAnswers(k kit) {
	k.settle()
	answered := factOf("issue of long ago", issues, func(i *issue.State, at spot) {
		i.Place, i.Registered, i.Status = at.hamlet, march.From.Add(-200), either(at.again, issue.FeedbackDue, issue.FeedbackGiven)
	})
	k.write(answered, answered.name, spot{hamlet: here})
	k.update(func(ctx context.Context, tx store.Tx) error {
		return tx.PutDuty(ctx, &duty.State{ID: "told", Kind: duty.Feedback, Subject: event.Subject{Type: "issue", ID: answered.name}, Place: here, Start: inMay, Due: inMay})
	})
	k.noted(answered, "changed", spot{hamlet: here, again: true}, march, here)
	k.noted(answered, "changed", spot{hamlet: here}, may, here)
}

func notesPlaces(k kit) {
	k.settle()
	placed := fact{name: "place", write: func(ctx context.Context, tx store.Tx, id string, at spot) error {
		v, err := tx.Place(ctx, at.hamlet)
		if errors.Is(err, fault.ErrNotFound) {
			v, err = org.Place{ID: at.hamlet}, nil
		}
		if at.again {
			v.Names = append(v.Names, org.Naming{Name: "Suối Cát", Parent: org.PlaceID(id)})
		}
		return errors.Join(err, tx.PutPlace(ctx, &v))
	}}
	k.noted(placed, "added", spot{hamlet: elsewhere}, march, elsewhere)
	expectPages(k, "after a place was added", k.rolled(march), "basis", page(here, ""))
	k.noted(placed, "with another parent", spot{hamlet: elsewhere, again: true}, march, elsewhere)
	expectPages(k, "after a place changed", k.rolled(march), "basis", page(here, ""))
}

// hamlets are n of them, by name.
func hamlets(n int) (all []org.PlaceID) {
	for i := range n {
		all = append(all, org.PlaceID(fmt.Sprintf("hamlet %02d", i)))
	}
	return all
}

// tells reports whether a note is one of what counts in a hamlet on a day.
func tells(notes []store.Touched, hamlet org.PlaceID, on calendar.Date) bool {
	return slices.ContainsFunc(notes, func(n store.Touched) bool {
		return n.Days.Contains(on) && (n.Place == hamlet || n.Place == "" && n.Official == "")
	})
}

func takesNotes(k kit) {
	k.settle()
	all := hamlets(7)
	for _, h := range all {
		k.write(visited, string(h), spot{hamlet: h, on: inMarch})
	}
	k.write(visited, "of may", spot{hamlet: there, on: inMay})
	var notes []store.Touched
	for range 100 {
		var some []store.Touched
		k.rollup(func(ctx context.Context, kept store.Rollups) (err error) {
			some, err = kept.TakeTouched(ctx, 3)
			return err
		})
		if len(some) > 3 {
			k.Errorf("%d notes were taken, three were asked for", len(some))
		}
		if len(some) == 0 {
			break
		}
		notes = append(notes, some...)
	}
	for _, h := range all {
		if !tells(notes, h, inMarch) {
			k.Errorf("no note that was taken tells of %q: %+v", h, notes)
		}
	}
	if !tells(notes, there, inMay) {
		k.Errorf("no note that was taken tells of may: %+v", notes)
	}
	if again := k.takeAll(); len(again) > 0 {
		k.Errorf("notes that were taken come again: %+v", again)
	}
	if r := k.rolled(march); r.All || len(r.Touched) > 0 {
		k.Errorf("Rolled tells of notes that were taken: all %v, %q", r.All, r.Touched)
	}
	k.write(visited, string(all[0]), spot{hamlet: all[0], on: inMarch, again: true})
	expectTouched(k, "changed after its note was taken", k.rolled(march), all[0])
	if again := k.takeAll(); !tells(again, all[0], inMarch) {
		k.Errorf("no note tells of what was changed after its note was taken: %+v", again)
	}
}

func losesNoNote(k kit) {
	k.settle()
	all := hamlets(24)
	const writers = 2
	var mu sync.Mutex
	var taken []store.Touched
	k.together(writers+1, func(worker int) error {
		for i, h := range all {
			var mine []store.Touched
			err := k.retry(func(ctx context.Context, tx store.Tx) (err error) {
				mine = nil
				if worker < writers {
					if i%writers == worker {
						err = visited.write(ctx, tx, string(h), spot{hamlet: h, on: inMarch})
					}
				} else {
					kept := tx.(store.Rollups)
					if _, err = kept.LockRollups(ctx); err == nil {
						mine, err = kept.TakeTouched(ctx, 100)
					}
				}
				time.Sleep(time.Millisecond) // the others do something as well
				return err
			})
			if err != nil {
				return err
			}
			mu.Lock()
			taken = append(taken, mine...)
			mu.Unlock()
		}
		return nil
	})
	taken = append(taken, k.takeAll()...)
	for _, h := range all {
		if !tells(taken, h, inMarch) {
			k.Errorf("no note tells of %q", h)
		}
	}
}

func forgetsNotes(k kit) {
	k.settle()
	forget := func(period calendar.Period) {
		k.Helper()
		k.rollup(func(ctx context.Context, kept store.Rollups) error { return kept.ForgetTouched(ctx, period) })
	}
	drop := func(period calendar.Period) {
		k.Helper()
		k.rollup(func(ctx context.Context, kept store.Rollups) error { return kept.DropRollup(ctx, period) })
	}
	write := func(again bool) {
		k.Helper()
		k.write(visited, "of march", spot{hamlet: here, on: inMarch, again: again})
		k.write(visited, "of may", spot{hamlet: there, on: inMay, again: again})
	}
	gone := func(what string) {
		k.Helper()
		if left := k.takeAll(); len(left) > 0 {
			k.Errorf("%s there are notes that nobody needs: %+v", what, left)
		}
	}
	write(false)
	forget(calendar.Period{})
	expectTouched(k, "march, while both are needed", k.rolled(march), here)
	expectTouched(k, "may, while both are needed", k.rolled(may), there)
	forget(march)
	expectTouched(k, "may, after march was forgotten", k.rolled(may), there)
	write(true)
	drop(may)
	expectTouched(k, "march, after may was dropped", k.rolled(march), here)
	forget(march)
	gone("when march alone was rolled up, and forgotten,")
	write(false)
	drop(march)
	forget(calendar.Period{})
	gone("when nothing is rolled up")
}

func walksPlaces(k kit) {
	after := func(id org.PlaceID, limit int) (some []org.PlaceID) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) (err error) {
			some, err = tx.(store.Rollups).PlacesAfter(ctx, id, limit)
			return err
		})
		return some
	}
	if some := after("", 3); len(some) > 0 {
		k.Errorf("where there is no place, %q come first", some)
	}
	var want []org.PlaceID
	k.update(func(ctx context.Context, tx store.Tx) error {
		want = nil
		for _, id := range slices.Backward(disorder) {
			if err := tx.PutPlace(ctx, &org.Place{ID: org.PlaceID(id)}); err != nil {
				return err
			}
			want = append(want, org.PlaceID(id))
		}
		return nil
	})
	slices.Reverse(want)
	for _, limit := range []int{1, 3, len(want), 100} {
		var got []org.PlaceID
		last := org.PlaceID("")
		for range len(want) + 1 {
			some := after(last, limit)
			if len(some) > limit {
				k.Errorf("%d places, want %d at most", len(some), limit)
			}
			if len(some) == 0 {
				break
			}
			got, last = append(got, some...), some[len(some)-1]
		}
		if !slices.Equal(got, want) {
			k.Errorf("all places, %d at a time: %q, want %q", limit, got, want)
		}
	}
	if some := after("a z", 2); !slices.Equal(some, []org.PlaceID{"a-c", "a1"}) {
		k.Errorf("after an id that is none of a place: %q", some)
	}
}

func findsUnplaced(k kit) {
	k.settle()
	expect := func(what string, want bool) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			q := asked
			q.Places = []org.PlaceID{there} // they do not matter
			found, err := tx.(store.Rollups).Unplaced(ctx, q)
			if found != want {
				k.Errorf("%s: Unplaced is %v, want %v", what, found, want)
			}
			return err
		})
	}
	expect("at first", false)
	for _, f := range facts() {
		if f.loose {
			continue
		}
		k.write(f, f.name, spot{hamlet: elsewhere, on: march.From.Add(-150)}) // over before the period begins
		expect(f.name+" of before, of a place that is not kept", false)
		k.write(f, f.name, spot{hamlet: elsewhere, on: inMarch})
		expect(f.name+" of a place that is not kept", true)
		k.write(f, f.name, spot{hamlet: here, on: inMarch})
		expect(f.name+" of a place that is kept", false)
	}
	k.write(visited, "the last", spot{hamlet: elsewhere, on: inMarch})
	expect("another visit of a place that is not kept", true)
	k.update(func(ctx context.Context, tx store.Tx) error {
		if err := tx.PutPlace(ctx, &org.Place{ID: elsewhere}); err != nil {
			return err
		}
		found, err := tx.(store.Rollups).Unplaced(ctx, asked)
		if found {
			k.Errorf("in the transaction that put the place Unplaced is true")
		}
		return err
	})
	expect("the place is kept", false)
}

// asked is what most checks of Grounds ask for.
var asked = store.GroundsQuery{
	Places: []org.PlaceID{there, "nowhere", here}, During: march, Statuses: []programme.AssignmentStatus{programme.Proposed, programme.Active},
	Told: calendar.Period{From: march.From.Add(5), To: march.To.Add(5)},
}

// grounds asks for one of the lists of Grounds.
func grounds[T any](name string, e entity[T], list func(store.Grounds) []T) question[store.GroundsQuery, T] {
	return question[store.GroundsQuery, T]{name: "Grounds, " + name, of: e, inSets: true,
		find: func(ctx context.Context, tx store.Tx, q store.GroundsQuery) ([]T, error) {
			g, err := tx.(store.Rollups).Grounds(ctx, q)
			return list(g), err
		}}
}

var (
	visitsCounted   = grounds("Visits", visits, func(g store.Grounds) []visit.State { return g.Visits }).ordered()
	opinionsCounted = grounds("Opinions", opinions, func(g store.Grounds) []opinion.State { return g.Opinions }).ordered()
	issuesCounted   = grounds("Issues", issues, func(g store.Grounds) []issue.State { return g.Issues })
	answersCounted  = grounds("Answered", issues, func(g store.Grounds) []issue.State { return g.Answered }).ordered()
	unitsCounted    = grounds("Units", duties, func(g store.Grounds) []duty.State { return g.Units })
	laterCounted    = grounds("Later", duties, func(g store.Grounds) []duty.State { return g.Later })
	assignedCounted = grounds("Assignments", assignments, func(g store.Grounds) []programme.Assignment { return g.Assignments })
	leavesCounted   = grounds("Leaves", leaves, func(g store.Grounds) []org.Leave { return g.Leaves })
	roundsCounted   = grounds("Rounds", rounds, func(g store.Grounds) []supervision.Round { return g.Rounds })
	ratingsCounted  = grounds("Ratings", ratings, func(g store.Grounds) []supervision.Rating { return g.Ratings })
)

// ordered is a question whose answers have an order that is promised.
func (a question[Q, T]) ordered() question[Q, T] {
	a.inSets = false
	return a
}

// groundsOn checks which facts of a type are returned, by hamlet and by day.
func groundsOn[T any](k kit, a question[store.GroundsQuery, T], set func(v *T, at spot)) {
	k.Helper()
	var values []T
	for _, v := range []struct {
		id     string
		hamlet org.PlaceID
		on     calendar.Date
	}{
		{"z", here, march.From}, {"B", there, march.From.Add(1)}, {"a", here, march.From.Add(1)}, {"a-b", there, march.From.Add(1)},
		{"a1", here, march.From.Add(1)}, {"0", there, march.To},
		{"before", here, march.From.Add(-1)}, {"after", here, march.To.Add(1)}, {"no date", here, calendar.Date{}},
		{"elsewhere", elsewhere, march.From}, {"no hamlet", "", march.From},
	} {
		values = append(values, a.model(v.id, func(f *T) { set(f, spot{hamlet: v.hamlet, on: v.on}) }))
	}
	a.insert(k, values...)
	a.inOrder(k, "of two hamlets", asked, "z", "B", "a", "a-b", "a1", "0")
	q := asked
	q.Places = []org.PlaceID{there}
	a.inOrder(k, "of one hamlet", q, "B", "a-b", "0")
	q.Places = []org.PlaceID{"nowhere"}
	a.inOrder(k, "of a hamlet without", q)
	for n := range 200 {
		q.Places = append(q.Places, org.PlaceID(strconv.Itoa(n)))
	}
	q.Places = append(q.Places, here)
	a.inOrder(k, "of many hamlets", q, "z", "a", "a1")
	q = asked
	q.During = calendar.Period{From: march.To, To: march.To}
	a.inOrder(k, "of one day", q, "0")
}

func groundsByDay(k kit) {
	groundsOn(k, visitsCounted, func(v *visit.State, at spot) {
		if v.Place, v.Planned = at.hamlet, at.on; !at.on.IsZero() && (v.ID == "B" || v.ID == "before") {
			v.Planned, v.Happened = march.From.Add(4), at.on
		}
	})
	groundsOn(k, opinionsCounted, func(o *opinion.State, at spot) { o.Place, o.Happened = at.hamlet, at.on })
	groundsOn(k, issuesCounted, func(i *issue.State, at spot) { i.Place, i.Registered = at.hamlet, at.on })
	groundsOn(k, roundsCounted, func(r *supervision.Round, at spot) {
		r.Place, r.Opened, r.Visit = at.hamlet, at.on, string(r.ID)
	})
	k.view(func(ctx context.Context, tx store.Tx) error {
		g, err := tx.(store.Rollups).Grounds(ctx, asked)
		if err != nil {
			return err
		}
		same, err := tx.Visits(ctx, visit.Query{Places: asked.Places, During: asked.During})
		if diff := differ(same, g.Visits); diff != "" {
			k.Errorf("Visits and the visits of Grounds differ (-Visits +Grounds):\n%s", diff)
		}
		return err
	})
}

func groundsOfOfficials(k kit) {
	assigned := func(id string, hamlet org.PlaceID, official org.PersonID, valid calendar.Period, status programme.AssignmentStatus) programme.Assignment {
		return assignedCounted.model(id, func(a *programme.Assignment) {
			a.Place, a.Official, a.Valid, a.Status = hamlet, official, valid, status
		})
	}
	want := []string{"proposed"}
	values := []programme.Assignment{
		assigned("proposed", there, "other", march, programme.Proposed), assigned("ended", there, "ended", march, programme.Ended),
		assigned("elsewhere", elsewhere, "elsewhere", march, programme.Active), assigned("no hamlet", "", "nowhere", march, programme.Active),
	}
	for _, p := range around {
		if values = append(values, assigned(p.name, here, "official", p.valid, programme.Active)); p.overlaps {
			want = append(want, p.name)
		}
	}
	assignedCounted.insert(k, values...)
	assignedCounted.inOrder(k, "of two hamlets", asked, want...)

	away := func(id string, person org.PersonID, days calendar.Period) org.Leave {
		return leavesCounted.model(id, func(l *org.Leave) { l.Person, l.Days = person, days })
	}
	want = []string{"of another"}
	cancelled := away("cancelled", "official", march)
	cancelled.Cancelled = true
	absences := []org.Leave{away("of another", "other", march), away("of one who was", "ended", march), away("of one elsewhere", "elsewhere", march), away("nobody's", "", march), cancelled}
	for _, p := range around {
		if absences = append(absences, away(p.name, "official", p.valid)); p.overlaps {
			want = append(want, p.name)
		}
	}
	leavesCounted.insert(k, absences...)
	leavesCounted.inOrder(k, "of the officials of two hamlets", asked, want...)
	q := asked
	q.Places = []org.PlaceID{there}
	assignedCounted.inOrder(k, "of one hamlet", q, "proposed")
	leavesCounted.inOrder(k, "of the officials of one hamlet", q, "of another")
	q = asked
	q.Statuses = []programme.AssignmentStatus{programme.Ended}
	assignedCounted.inOrder(k, "of another status", q, "ended")
	leavesCounted.inOrder(k, "of the officials of another status", q, "of one who was")
	q.Places = []org.PlaceID{"nowhere"}
	assignedCounted.inOrder(k, "of a hamlet without", q)
	leavesCounted.inOrder(k, "of a hamlet without", q)
}

func groundsOfDuties(k kit) {
	owed := func(id string, hamlet org.PlaceID, due calendar.Date, status duty.Status, kind duty.Kind) duty.State {
		return unitsCounted.model(id, func(d *duty.State) { d.Place, d.Start, d.Due, d.Status, d.Kind = hamlet, march.From, due, status, kind })
	}
	first, last := march.From, march.To
	unitsCounted.insert(k,
		owed("running", here, first, duty.Running, duty.Unit), owed("met", there, last, duty.Met, duty.Unit), owed("cancelled", there, last, duty.Cancelled, duty.Unit),
		owed("before", here, first.Add(-1), duty.Running, duty.Unit), owed("elsewhere", elsewhere, first, duty.Running, duty.Unit), owed("another kind", here, first, duty.Running, duty.Triage),
		owed("later", here, last.Add(1), duty.Running, duty.Unit), owed("paused, much later", there, last.Add(400), duty.Paused, duty.Unit),
		owed("later, met", here, last.Add(1), duty.Met, duty.Unit), owed("later, met late", here, last.Add(1), duty.MetLate, duty.Unit),
		owed("later, cancelled", here, last.Add(1), duty.Cancelled, duty.Unit), owed("later, superseded", here, last.Add(1), duty.Superseded, duty.Unit),
		owed("later, elsewhere", elsewhere, last.Add(1), duty.Running, duty.Unit), owed("later, another kind", here, last.Add(1), duty.Running, duty.Triage))
	unitsCounted.inOrder(k, "due in the period", asked, "running", "met", "cancelled")
	laterCounted.inOrder(k, "due later", asked, "later", "paused, much later")
	q := asked
	q.Places = []org.PlaceID{there}
	unitsCounted.inOrder(k, "of one hamlet", q, "met", "cancelled")
	laterCounted.inOrder(k, "of one hamlet, due later", q, "paused, much later")

	told := func(id, of string, hamlet org.PlaceID, due calendar.Date, kind duty.Kind) duty.State {
		d := owed(id, hamlet, due, duty.Met, kind)
		d.Subject = event.Subject{Type: "issue", ID: of}
		return d
	}
	first, last = asked.Told.From, asked.Told.To
	var answered []issue.State
	for _, id := range []string{"b", "A", "ab", "a-c", "before", "after", "elsewhere", "another kind", "never told"} {
		answered = append(answered, answersCounted.model(id, func(i *issue.State) { i.Place, i.Registered = here, march.From.Add(-200) }))
	}
	answersCounted.insert(k, answered...)
	unitsCounted.insert(k,
		told("1", "ab", here, first, duty.Feedback), told("2", "b", there, first, duty.Feedback), told("3", "b", there, last, duty.Feedback),
		told("4", "A", here, last, duty.Feedback), told("5", "before", here, first.Add(-1), duty.Feedback), told("6", "after", here, last.Add(1), duty.Feedback),
		told("7", "elsewhere", elsewhere, first, duty.Feedback), told("8", "another kind", here, first, duty.Promise), told("9", "a-c", here, first, duty.Feedback))
	answersCounted.inOrder(k, "to be told in time", asked, "A", "a-c", "ab", "b")
	q.Told = calendar.Period{From: last, To: last}
	answersCounted.inOrder(k, "of one hamlet, on one day", q, "b")
	issuesCounted.inOrder(k, "none of which was registered in the period", asked)
}

func groundsOfRatings(k kit) {
	opened := func(id string, hamlet org.PlaceID, on calendar.Date) supervision.Round {
		return roundsCounted.model(id, func(r *supervision.Round) { r.Place, r.Opened, r.Visit = hamlet, on, "visit of "+id })
	}
	roundsCounted.insert(k, opened("one", here, march.From), opened("other", there, march.To), opened("after", here, march.To.Add(1)), opened("elsewhere", elsewhere, march.From))
	var values []supervision.Rating
	for _, round := range []string{"one", "other", "after", "elsewhere", "nowhere"} {
		for _, n := range []string{"1", "2"} {
			values = append(values, ratingsCounted.model(n+" of "+round, func(r *supervision.Rating) { r.Round = supervision.RoundID(round) }))
		}
	}
	ratingsCounted.insert(k, values...)
	ratingsCounted.inOrder(k, "of two hamlets", asked, "1 of one", "2 of one", "1 of other", "2 of other")
	q := asked
	q.Places = []org.PlaceID{there}
	ratingsCounted.inOrder(k, "of one hamlet", q, "1 of other", "2 of other")
	q.Places = []org.PlaceID{"nowhere"}
	ratingsCounted.inOrder(k, "of a hamlet without", q)
}

// inFull checks that Grounds returns a value in every field.
func inFull[T any](k kit, a question[store.GroundsQuery, T], id string, set func(v *T)) {
	k.Helper()
	v := a.of.sample(id, 1)
	set(&v)
	a.of.insert(k, &v)
	k.view(func(ctx context.Context, tx store.Tx) error {
		got, err := a.find(ctx, tx, asked)
		if err != nil {
			return err
		}
		one, err := only(got, nil, func(v T) bool { return a.of.id(&v) == id })
		a.of.same(k, "in "+a.name, v, one)
		return a.of.named(err)
	})
}

func groundsInFull(k kit) {
	inFull(k, assignedCounted, "whole", func(a *programme.Assignment) {
		a.Place, a.Official, a.Valid, a.Status = here, "official", march, programme.Active
	})
	inFull(k, leavesCounted, "whole", func(l *org.Leave) { l.Person, l.Days = "official", march })
	inFull(k, visitsCounted, "whole", func(v *visit.State) { v.Place, v.Happened = here, inMarch })
	inFull(k, opinionsCounted, "whole", func(o *opinion.State) { o.Place, o.Happened = here, inMarch })
	inFull(k, issuesCounted, "whole", func(i *issue.State) { i.Place, i.Registered = here, inMarch })
	inFull(k, unitsCounted, "whole", func(d *duty.State) { d.Kind, d.Place, d.Due = duty.Unit, here, inMarch })
	inFull(k, laterCounted, "later", func(d *duty.State) {
		d.Kind, d.Place, d.Due, d.Status = duty.Unit, here, inMay, duty.Running
	})
	inFull(k, roundsCounted, "whole", func(r *supervision.Round) { r.Place, r.Opened = here, inMarch })
	inFull(k, ratingsCounted, "whole", func(r *supervision.Rating) { r.Round = "whole" })
	k.update(func(ctx context.Context, tx store.Tx) error {
		return tx.PutDuty(ctx, &duty.State{ID: "told", Kind: duty.Feedback, Subject: event.Subject{Type: "issue", ID: "whole"}, Place: here, Due: inMarch})
	})
	k.view(func(ctx context.Context, tx store.Tx) error {
		g, err := tx.(store.Rollups).Grounds(ctx, asked)
		if len(g.Answered) != 1 || len(g.Issues) != 1 {
			k.Errorf("%d issues and %d with an answer, want one that is both", len(g.Issues), len(g.Answered))
		} else {
			issues.same(k, "in Grounds, Answered", g.Issues[0], g.Answered[0])
		}
		return err
	})
}
