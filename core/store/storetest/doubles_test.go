package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// double is a store that does one thing wrong: in Update, in View, or in the
// transactions it gives out.
type double struct {
	store.Store
	update func(ctx context.Context, fn work) error
	view   func(ctx context.Context, fn work) error
	tx     func(store.Tx) store.Tx
}

type work = func(context.Context, store.Tx) error

func (d double) Update(ctx context.Context, fn work) error {
	if d.update != nil {
		return d.update(ctx, d.meddling(fn))
	}
	return d.Store.Update(ctx, d.meddling(fn))
}

func (d double) View(ctx context.Context, fn work) error {
	if d.view != nil {
		return d.view(ctx, d.meddling(fn))
	}
	return d.Store.View(ctx, d.meddling(fn))
}

func (d double) meddling(fn work) work {
	if d.tx == nil {
		return fn
	}
	return func(ctx context.Context, tx store.Tx) error { return fn(ctx, d.tx(tx)) }
}

// over returns a double of a new store whose transactions are wrapped.
func over(wrap func(store.Tx) store.Tx) store.Store {
	return double{Store: memstore.New(), tx: wrap}
}

// A store that keeps all promises breaks none; each double breaks exactly those
// that its fault is about.
func TestBrokenStoresAreNoticed(t *testing.T) {
	for _, d := range slices.Concat(doubles, rollupDoubles) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range Check(t.Context(), d.open) {
				got = append(got, f.Promise)
				if f.Why == "" || len(f.Found) == 0 {
					t.Errorf("%s: says neither what was promised nor what was found", f.Promise)
				}
			}
			want := slices.Clone(d.breaks)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("broken promises (-want +got):\n%s", diff)
			}
		})
	}
}

// Every promise is broken by some double, or by a query that goes wrong: one
// that nothing breaks would be checked by nothing.
func TestEveryPromiseCanBeBroken(t *testing.T) {
	breakable := map[string]bool{}
	for _, d := range slices.Concat(doubles, rollupDoubles) {
		for _, name := range d.breaks {
			breakable[name] = true
		}
	}
	for _, m := range meddled {
		for _, name := range m.promises {
			breakable[name] = true
		}
	}
	names := map[string]bool{}
	for _, p := range promises() {
		if !breakable[p.name] {
			t.Errorf("nothing breaks %q", p.name)
		}
		if names[p.name] || !strings.HasSuffix(p.why, ".") {
			t.Errorf("%q: name taken, or no sentence: %q", p.name, p.why)
		}
		names[p.name] = true
	}
	for name := range breakable {
		if !names[name] {
			t.Errorf("%q is not a promise", name)
		}
	}
}

// broken is a double and the promises that it breaks.
type broken struct {
	name   string
	open   func() store.Store
	breaks []string
}

var doubles = []broken{
	{"keeps everything", func() store.Store { return memstore.New() }, nil},

	{"keeps what a failed unit of work wrote", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, update: func(ctx context.Context, fn work) error {
			var failure error
			return errors.Join(mem.Update(ctx, func(ctx context.Context, tx store.Tx) error {
				failure = fn(ctx, tx)
				return nil
			}), failure)
		}}
	}, []string{"update/error", "update/all or nothing", "issue/numbers"}},

	{"returns an error of its own", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, update: func(ctx context.Context, fn work) error {
			if err := mem.Update(ctx, fn); err != nil {
				return fmt.Errorf("rolled back: %w", err)
			}
			return nil
		}}
	}, []string{"update/error", "update/all or nothing"}},

	{"keeps what was written before a panic", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, update: func(ctx context.Context, fn work) error {
			var thrown any
			err := mem.Update(ctx, func(ctx context.Context, tx store.Tx) error {
				defer func() { thrown = recover() }()
				return fn(ctx, tx)
			})
			if thrown != nil {
				panic(thrown)
			}
			return err
		}}
	}, []string{"update/panic"}},

	{"makes an error of a panic", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, update: func(ctx context.Context, fn work) (err error) {
			defer func() {
				if thrown := recover(); thrown != nil {
					err = fmt.Errorf("panic: %v", thrown)
				}
			}()
			return mem.Update(ctx, fn)
		}}
	}, []string{"update/panic"}},

	{"commits after its context has ended", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, update: func(ctx context.Context, fn work) error {
			return mem.Update(context.WithoutCancel(ctx), fn)
		}}
	}, []string{"update/cancelled"}},

	{"swallows the error of the commit", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, update: func(ctx context.Context, fn work) error {
			var failure error
			_ = mem.Update(ctx, func(ctx context.Context, tx store.Tx) error {
				failure = fn(ctx, tx)
				return failure
			})
			return failure
		}}
	}, []string{"update/cancelled"}},

	{"gives up a transaction after a refused write", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return &aborted{Tx: tx} })
	}, []string{"update/goes on"}},

	{"reads what was there before it wrote", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return &forgetful{Tx: tx} })
	}, []string{"update/own writes"}},

	{"loses updates", func() store.Store { return newLoser(true) }, []string{"update/no lost update", "put/stale version", "put/raises version"}},

	{"ignores the version", func() store.Store { return newLoser(false) }, []string{"put/stale version", "put/raises version"}},

	{"accepts writes in a View", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, view: func(ctx context.Context, fn work) error {
			return mem.View(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, deaf{tx}) })
		}}
	}, []string{"view/read only", "view/read only beside entities"}},

	{"shows what is not committed", func() store.Store {
		mem := memstore.New()
		var mu sync.Mutex
		var open store.Tx
		set := func(tx store.Tx) { mu.Lock(); defer mu.Unlock(); open = tx }
		return double{Store: mem,
			update: func(ctx context.Context, fn work) error {
				return mem.Update(ctx, func(ctx context.Context, tx store.Tx) error {
					set(tx)
					defer set(nil)
					return fn(ctx, tx)
				})
			},
			view: func(ctx context.Context, fn work) error {
				mu.Lock()
				tx := open
				mu.Unlock()
				if tx != nil {
					return fn(ctx, tx)
				}
				return mem.View(ctx, fn)
			}}
	}, []string{"view/uncommitted"}},

	{"makes readers wait for the writer", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, view: func(ctx context.Context, fn work) error {
			// The writer that waits for its own reader waits for ever; no other writer is as slow.
			waiting, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			tx, err := mem.Begin(waiting)
			if err != nil {
				return err
			}
			tx.Rollback()
			return mem.View(ctx, fn)
		}}
	}, []string{"view/uncommitted"}},

	{"lets a View see later commits", func() store.Store {
		mem := memstore.New()
		return double{Store: mem, view: func(ctx context.Context, fn work) error {
			return mem.View(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, late{tx, mem}) })
		}}
	}, []string{"view/snapshot"}},

	{"loses a field when it replaces", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return lossy{tx} })
	}, []string{"value/every field", "update/own writes", "put/stale version"}},

	{"makes empty lists of none", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return filling{tx} })
	}, []string{"value/zero fields"}},

	{"composes letters", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return composing{tx} })
	}, []string{"value/text"}},

	{"keeps the zone of an instant", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return local{tx} })
	}, []string{"value/instants"}},

	{"rounds instants", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return rounding{tx} })
	}, []string{"value/instants"}},

	{"shares memory with what was put", func() store.Store {
		shared := map[visit.ID]*visit.State{}
		return over(func(tx store.Tx) store.Tx { return sharing{tx, shared} })
	}, []string{"value/copy taken", "value/copy given", "value/instants"}},

	{"shares memory with what was got", func() store.Store {
		got := map[string]visit.State{}
		return over(func(tx store.Tx) store.Tx { return caching{tx, got} })
	}, []string{"value/copy given"}},

	{"overwrites on insert", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return overwriting{tx} })
	}, []string{"put/taken id", "put/raises version"}},

	{"raises the version of a refused put", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return raising{tx} })
	}, []string{"put/raises version"}},

	{"finds what is not there", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return obliging{tx} })
	}, []string{"get/unknown id", "update/error", "view/read only"}},

	{"appends later as it should", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return postponing{tx, func(err error) error { return err }} })
	}, nil},

	{"accepts the same seq twice, later", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return postponing{tx, func(error) error { return nil }} })
	}, []string{"journal/later"}},

	{"forgets what was to be appended later", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return forgetting{tx} })
	}, []string{"journal/later"}},

	{"accepts the same seq twice", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return forking{tx} })
	}, []string{"journal/same seq"}},

	{"does not say the position", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return silent{tx} })
	}, []string{"journal/position", "journal/every field", "journal/query"}},

	{"compacts the data of records", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return compacting{tx} })
	}, []string{"journal/every field"}},

	{"shares the data of records", func() store.Store {
		var last event.Record
		return over(func(tx store.Tx) store.Tx { return &sharingRecords{tx, &last} })
	}, []string{"journal/copies"}},

	{"takes the first record for the last", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return firstRecord{tx} })
	}, []string{"journal/last", "journal/chain"}},

	{"wakes closed duties", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return insomniac{tx} })
	}, []string{"duty/wake", "duty/next wake"}},

	{"wakes duties twice", func() store.Store {
		return newDoubleGiver()
	}, []string{"duty/woken once", "outbox/claimed once", "put/stale version", "put/raises version", "outbox/put none"}},

	{"counts issues outside of the transaction", func() store.Store {
		counters := &counters{n: map[string]int{}}
		return over(func(tx store.Tx) store.Tx { return counting{tx, counters} })
	}, []string{"issue/numbers", "update/all or nothing", "update/panic", "update/cancelled", "view/read only beside entities"}},

	{"gives two issues one code", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return coding{tx} })
	}, []string{"issue/code", "update/goes on"}},

	{"finds the first issue whatever the code", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return anyCode{tx} })
	}, []string{"issue/code"}},

	{"finds the first round whatever the visit", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return anyRound{tx} })
	}, []string{"supervision/round of"}},

	{"lets a rater rate twice", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return stuffing{tx} })
	}, []string{"supervision/one rating each"}},

	{"lets a rater rate once in all", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return strict{tx} })
	}, []string{"supervision/one rating each"}},

	{"adds a notice twice", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return repeating{tx} })
	}, []string{"outbox/one per key"}},

	{"says that it added what was there", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return boasting{tx} })
	}, []string{"outbox/one per key", "put/taken id"}},

	{"adds many notices as it should", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return gathering{tx, func(added bool) bool { return added }} })
	}, nil},

	{"says that it added all of many", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return gathering{tx, func(bool) bool { return true }} })
	}, []string{"outbox/many"}},

	{"keeps many notices to itself", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return withholding{tx} })
	}, []string{"outbox/many"}},

	{"puts the notices before the stale one", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return halfWay{tx} })
	}, []string{"outbox/put none"}},

	{"puts only the first notice", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return lazy{tx} })
	}, []string{"outbox/put all", "outbox/put none", "outbox/claimed once"}},

	{"knows no critical notice", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return fair{tx} })
	}, []string{"outbox/due"}},

	{"finds the next of all notices", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return early{tx} })
	}, []string{"outbox/next"}},

	{"counts only what is pending", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return partial{tx} })
	}, []string{"outbox/count"}},

	{"counts all notices as created", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return timeless{tx} })
	}, []string{"outbox/created"}},

	{"counts sent notices as under way", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return overcounting{tx} })
	}, []string{"outbox/underway"}},

	{"counts refused segments as spent", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return wasteful{tx} })
	}, []string{"outbox/spent"}},

	{"counts the pace of all providers", func() store.Store {
		return over(func(tx store.Tx) store.Tx {
			return paced{tx, func(q *notify.PaceQuery) { q.Provider = "" }}
		})
	}, []string{"outbox/pace"}},

	{"counts the pace of all times", func() store.Store {
		return over(func(tx store.Tx) store.Tx {
			return paced{tx, func(q *notify.PaceQuery) { q.Since = time.Time{} }}
		})
	}, []string{"outbox/pace"}},

	{"has another patience than asked for", func() store.Store {
		return over(func(tx store.Tx) store.Tx {
			return paced{tx, func(q *notify.PaceQuery) { q.Patience -= time.Microsecond }}
		})
	}, []string{"outbox/pace"}},

	{"writes the attempts before the refused one", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return halfAttempts{tx} })
	}, []string{"outbox/attempts"}},

	{"keeps a receipt twice", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return credulous{tx} })
	}, []string{"receipts/one per fingerprint"}},

	{"puts the receipts before the stale one", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return halfReceipts{tx} })
	}, []string{"receipts/put none"}},

	{"gives a lease to everybody", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return generous{tx} })
	}, []string{"lease/held", "lease/one winner", "view/read only beside entities"}},

	{"never ends a lease", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return eternal{tx} })
	}, []string{"lease/held"}},

	{"does not renew a lease", func() store.Store {
		return over(func(tx store.Tx) store.Tx { return unrenewing{tx} })
	}, []string{"lease/held"}},
}

// aborted fails every write after the first that was refused, as a PostgreSQL
// transaction does after an error.
type aborted struct {
	store.Tx
	refused bool
}

func (tx *aborted) PutIssue(ctx context.Context, s *issue.State) error {
	if tx.refused {
		return errors.New("current transaction is aborted")
	}
	err := tx.Tx.PutIssue(ctx, s)
	tx.refused = errors.Is(err, fault.ErrExists)
	return err
}

// forgetful answers for a place that it wrote with what was there before.
type forgetful struct {
	store.Tx
	before map[org.PlaceID]org.Place
}

func (tx *forgetful) PutPlace(ctx context.Context, p *org.Place) error {
	before, err := tx.Tx.Place(ctx, p.ID)
	if err == nil {
		if tx.before == nil {
			tx.before = map[org.PlaceID]org.Place{}
		}
		tx.before[p.ID] = before
	}
	return tx.Tx.PutPlace(ctx, p)
}

func (tx *forgetful) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	if before, wrote := tx.before[id]; wrote {
		return before, nil
	}
	return tx.Tx.Place(ctx, id)
}

// newLoser returns a store that replaces visits whatever their version. If it
// is hasty it reads them before it waits for its turn to write.
func newLoser(hasty bool) store.Store {
	mem := memstore.New()
	return double{Store: mem, update: func(ctx context.Context, fn work) error {
		before := map[visit.ID]visit.State{}
		if err := mem.View(ctx, func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Visits(ctx, visit.Query{})
			for _, v := range all {
				before[v.ID] = v
			}
			return err
		}); err != nil {
			return err
		}
		return mem.Update(ctx, func(ctx context.Context, tx store.Tx) error {
			if !hasty {
				before = nil
			}
			return fn(ctx, loser{tx, before})
		})
	}}
}

type loser struct {
	store.Tx
	before map[visit.ID]visit.State
}

func (tx loser) Visit(ctx context.Context, id visit.ID) (visit.State, error) {
	if v, ok := tx.before[id]; ok {
		return v, nil
	}
	return tx.Tx.Visit(ctx, id)
}

func (tx loser) PutVisit(ctx context.Context, s *visit.State) error {
	delete(tx.before, s.ID)
	if now, err := tx.Tx.Visit(ctx, s.ID); err == nil && s.Version != 0 {
		s.Version = now.Version
	}
	return tx.Tx.PutVisit(ctx, s)
}

// deaf accepts some writes in a View and forgets them.
type deaf struct{ store.Tx }

func (deaf) PutVisit(context.Context, *visit.State) error         { return nil }
func (deaf) AppendRecord(context.Context, *event.Record) error    { return nil }
func (deaf) NextIssueNumber(context.Context, string) (int, error) { return 1, nil }

// late asks the store anew each time.
type late struct {
	store.Tx
	mem *memstore.Store
}

func (tx late) Place(ctx context.Context, id org.PlaceID) (p org.Place, err error) {
	return p, tx.mem.View(ctx, func(ctx context.Context, tx store.Tx) error {
		p, err = tx.Place(ctx, id)
		return err
	})
}

type lossy struct{ store.Tx }

func (tx lossy) PutVisit(ctx context.Context, s *visit.State) error {
	kept := *s
	if kept.Version > 0 {
		kept.Dispute = nil
	}
	err := tx.Tx.PutVisit(ctx, &kept)
	s.Version = kept.Version
	return err
}

type filling struct{ store.Tx }

func (tx filling) Visit(ctx context.Context, id visit.ID) (visit.State, error) {
	s, err := tx.Tx.Visit(ctx, id)
	if s.Moves == nil {
		s.Moves = []visit.Move{}
	}
	return s, err
}

type composing struct{ store.Tx }

func (tx composing) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	p, err := tx.Tx.Person(ctx, id)
	p.FullName = strings.ReplaceAll(p.FullName, "o\u0302\u0301", "ố")
	return p, err
}

type local struct{ store.Tx }

func (tx local) Visit(ctx context.Context, id visit.ID) (visit.State, error) {
	s, err := tx.Tx.Visit(ctx, id)
	s.Recorded = s.Recorded.In(calendar.Zone())
	return s, err
}

// rounding stores instants as a database does that rounds to microseconds.
type rounding struct{ store.Tx }

func (tx rounding) PutVisit(ctx context.Context, s *visit.State) error {
	given := s.Recorded
	s.Recorded = given.Round(time.Microsecond)
	err := tx.Tx.PutVisit(ctx, s)
	s.Recorded = given
	return err
}

type sharing struct {
	store.Tx
	shared map[visit.ID]*visit.State
}

func (tx sharing) PutVisit(ctx context.Context, s *visit.State) error {
	err := tx.Tx.PutVisit(ctx, s)
	if err == nil {
		own := *s
		tx.shared[s.ID] = &own
	}
	return err
}

func (tx sharing) Visit(ctx context.Context, id visit.ID) (visit.State, error) {
	s, err := tx.Tx.Visit(ctx, id)
	if own := tx.shared[id]; err == nil && own.Version == s.Version {
		return *own, nil
	}
	return s, err
}

type caching struct {
	store.Tx
	got map[string]visit.State
}

func (tx caching) Visit(ctx context.Context, id visit.ID) (visit.State, error) {
	s, err := tx.Tx.Visit(ctx, id)
	if err != nil {
		return s, err
	}
	key := fmt.Sprint(id, s.Version)
	if cached, ok := tx.got[key]; ok && cached.Venue == s.Venue {
		return cached, nil
	}
	tx.got[key] = s
	return s, nil
}

type overwriting struct{ store.Tx }

func (tx overwriting) PutPerson(ctx context.Context, p *org.Person) error {
	if there, err := tx.Tx.Person(ctx, p.ID); err == nil && p.Version == 0 {
		p.Version = there.Version
	}
	return tx.Tx.PutPerson(ctx, p)
}

type raising struct{ store.Tx }

func (tx raising) PutPerson(ctx context.Context, p *org.Person) error {
	err := tx.Tx.PutPerson(ctx, p)
	if err != nil {
		p.Version++
	}
	return err
}

type obliging struct{ store.Tx }

func (tx obliging) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	p, err := tx.Tx.Person(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return org.Person{}, nil
	}
	return p, err
}

type forking struct{ store.Tx }

func (tx forking) AppendRecord(ctx context.Context, r *event.Record) error {
	err := tx.Tx.AppendRecord(ctx, r)
	if errors.Is(err, fault.ErrStale) {
		return nil
	}
	return err
}

// postponing appends later what it was given, and says what says makes of the error.
type postponing struct {
	store.Tx
	says func(error) error
}

func (tx postponing) AppendLater(ctx context.Context, r event.Record) error {
	return tx.says(tx.AppendRecord(ctx, &r))
}

// forgetting appends nothing later.
type forgetting struct{ store.Tx }

func (forgetting) AppendLater(context.Context, event.Record) error { return nil }

type silent struct{ store.Tx }

func (tx silent) AppendRecord(ctx context.Context, r *event.Record) error {
	err := tx.Tx.AppendRecord(ctx, r)
	r.Position = 0
	return err
}

type compacting struct{ store.Tx }

func (tx compacting) AppendRecord(ctx context.Context, r *event.Record) error {
	var b bytes.Buffer
	if r.Data == nil {
		return tx.Tx.AppendRecord(ctx, r)
	}
	if err := json.Compact(&b, r.Data); err != nil {
		return err
	}
	kept := *r
	kept.Data = b.Bytes()
	err := tx.Tx.AppendRecord(ctx, &kept)
	r.Position = kept.Position
	return err
}

// sharingRecords keeps the data of the last record it was given.
type sharingRecords struct {
	store.Tx
	last *event.Record
}

func (tx *sharingRecords) AppendRecord(ctx context.Context, r *event.Record) error {
	err := tx.Tx.AppendRecord(ctx, r)
	if err == nil {
		*tx.last = *r
	}
	return err
}

func (tx *sharingRecords) LastRecord(ctx context.Context, s event.Subject) (event.Record, error) {
	r, err := tx.Tx.LastRecord(ctx, s)
	if err == nil && r.ID == tx.last.ID {
		r.Data = tx.last.Data
	}
	return r, err
}

type firstRecord struct{ store.Tx }

func (tx firstRecord) LastRecord(ctx context.Context, s event.Subject) (event.Record, error) {
	records, err := tx.Records(ctx, event.Query{Subject: s, Limit: 1})
	if err != nil || len(records) == 0 {
		return tx.Tx.LastRecord(ctx, s)
	}
	return records[0], nil
}

type insomniac struct{ store.Tx }

func (tx insomniac) DutiesToWake(ctx context.Context, now time.Time, limit int) ([]duty.State, error) {
	all, err := tx.Duties(ctx, duty.Query{})
	all = slices.DeleteFunc(all, func(d duty.State) bool { return d.WakeAt.IsZero() || d.WakeAt.After(now) })
	slices.SortFunc(all, func(a, b duty.State) int { return a.WakeAt.Compare(b.WakeAt) })
	return all[:min(len(all), limit)], err
}

func (tx insomniac) NextWake(ctx context.Context) (time.Time, error) {
	all, err := tx.DutiesToWake(ctx, morning.AddDate(1, 0, 0), 1)
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	return all[0].WakeAt, nil
}

// newDoubleGiver returns a store that looks for what is due before it waits for
// its turn, and then writes whatever has happened meanwhile.
func newDoubleGiver() store.Store {
	mem := memstore.New()
	return double{Store: mem, update: func(ctx context.Context, fn work) error {
		var giver doubleGiver
		if err := mem.View(ctx, func(ctx context.Context, tx store.Tx) (err error) {
			giver.duties, err = tx.DutiesToWake(ctx, morning, 0)
			giver.notices, _ = tx.DueNotices(ctx, morning, 0)
			return err
		}); err != nil {
			return err
		}
		return mem.Update(ctx, func(ctx context.Context, tx store.Tx) error {
			giver.Tx = tx
			return fn(ctx, giver)
		})
	}}
}

type doubleGiver struct {
	store.Tx
	duties  []duty.State
	notices []notify.Notice
}

func (tx doubleGiver) DutiesToWake(ctx context.Context, now time.Time, limit int) ([]duty.State, error) {
	if !now.Equal(morning) {
		return tx.Tx.DutiesToWake(ctx, now, limit)
	}
	return tx.duties[:min(len(tx.duties), limit)], nil
}

func (tx doubleGiver) PutDuty(ctx context.Context, s *duty.State) error {
	if now, err := tx.Duty(ctx, s.ID); err == nil && s.Version != 0 {
		s.Version = now.Version
	}
	return tx.Tx.PutDuty(ctx, s)
}

func (tx doubleGiver) DueNotices(ctx context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	if !now.Equal(morning) {
		return tx.Tx.DueNotices(ctx, now, limit)
	}
	return tx.notices[:min(len(tx.notices), limit)], nil
}

func (tx doubleGiver) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	for _, n := range ns {
		if now, err := tx.Notice(ctx, n.ID); err == nil {
			n.Version = now.Version
		}
	}
	return tx.Tx.PutNotices(ctx, ns)
}

type counters struct {
	mu sync.Mutex
	n  map[string]int
}

type counting struct {
	store.Tx
	counters *counters
}

func (tx counting) NextIssueNumber(_ context.Context, series string) (int, error) {
	tx.counters.mu.Lock()
	defer tx.counters.mu.Unlock()
	tx.counters.n[series]++
	return tx.counters.n[series], nil
}

// coding keeps an issue whose code is taken under another one.
type coding struct{ store.Tx }

func (tx coding) PutIssue(ctx context.Context, s *issue.State) error {
	err := tx.Tx.PutIssue(ctx, s)
	if there, missing := tx.IssueByCode(ctx, s.Code); errors.Is(err, fault.ErrExists) && missing == nil && there.ID != s.ID {
		other := *s
		other.Code += "'"
		err = tx.Tx.PutIssue(ctx, &other)
		s.Version = other.Version
	}
	return err
}

type anyCode struct{ store.Tx }

func (tx anyCode) IssueByCode(ctx context.Context, code string) (issue.State, error) {
	all, err := tx.Issues(ctx, issue.Query{Limit: 1})
	if err != nil || len(all) == 0 {
		return issue.State{}, errors.Join(err, fault.NotFound("issue", code))
	}
	return all[0], nil
}

type anyRound struct{ store.Tx }

func (tx anyRound) RatingRoundOf(ctx context.Context, visit string) (supervision.Round, error) {
	all, err := tx.RatingRounds(ctx, "", calendar.Period{})
	if err != nil || len(all) == 0 {
		return supervision.Round{}, errors.Join(err, fault.NotFound("round", visit))
	}
	return all[0], nil
}

type stuffing struct{ store.Tx }

func (tx stuffing) PutRating(ctx context.Context, r *supervision.Rating) error {
	there, err := tx.Ratings(ctx, r.Round)
	if err != nil {
		return err
	}
	second := slices.ContainsFunc(there, func(o supervision.Rating) bool { return o.Rater == r.Rater && o.ID != r.ID })
	if !second {
		return tx.Tx.PutRating(ctx, r)
	}
	other := *r
	other.Rater += "'"
	err = tx.Tx.PutRating(ctx, &other)
	r.Version = other.Version
	return err
}

// strict remembers raters whatever the round.
type strict struct{ store.Tx }

func (tx strict) PutRating(ctx context.Context, r *supervision.Rating) error {
	for _, round := range []supervision.RoundID{"round", "another round"} {
		there, err := tx.Ratings(ctx, round)
		if err != nil {
			return err
		}
		for _, o := range there {
			if o.Rater == r.Rater && o.ID != r.ID {
				return fault.Exists("rating", string(r.ID))
			}
		}
	}
	return tx.Tx.PutRating(ctx, r)
}

type repeating struct{ store.Tx }

func (tx repeating) AddNotice(ctx context.Context, n *notify.Notice) (bool, error) {
	added, err := tx.Tx.AddNotice(ctx, n)
	if added || err != nil {
		return added, err
	}
	other := *n
	other.Key += "'"
	added, err = tx.Tx.AddNotice(ctx, &other)
	n.Version = other.Version
	return added, err
}

type boasting struct{ store.Tx }

func (tx boasting) AddNotice(ctx context.Context, n *notify.Notice) (bool, error) {
	_, err := tx.Tx.AddNotice(ctx, n)
	return err == nil, err
}

// gathering adds many notices, and says of each what says makes of it.
type gathering struct {
	store.Tx
	says func(added bool) bool
}

func (tx gathering) AddNotices(ctx context.Context, ns []notify.Notice, told func(notify.Notice, bool)) error {
	for _, n := range ns {
		added, err := tx.AddNotice(ctx, &n)
		if err != nil {
			return err
		}
		told(n, tx.says(added))
	}
	return nil
}

// withholding never adds what it was given many of.
type withholding struct{ store.Tx }

func (tx withholding) AddNotices(ctx context.Context, ns []notify.Notice, told func(notify.Notice, bool)) error {
	seen := make(map[string]bool)
	for _, n := range ns {
		there, err := tx.Notices(ctx, notify.Query{Keys: []string{n.Key}})
		if err != nil {
			return err
		}
		told(n, len(there) == 0 && !seen[n.Key])
		seen[n.Key] = true
	}
	return nil
}

type halfWay struct{ store.Tx }

func (tx halfWay) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	for _, n := range ns {
		if err := tx.Tx.PutNotices(ctx, []*notify.Notice{n}); err != nil {
			return err
		}
	}
	return nil
}

type lazy struct{ store.Tx }

func (tx lazy) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	return tx.Tx.PutNotices(ctx, ns[:min(len(ns), 1)])
}

type fair struct{ store.Tx }

func (tx fair) DueNotices(ctx context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	due, err := tx.Tx.DueNotices(ctx, now, 0)
	slices.SortFunc(due, func(a, b notify.Notice) int { return a.NextAt.Compare(b.NextAt) })
	return due[:min(len(due), limit)], err
}

type early struct{ store.Tx }

func (tx early) NextNotice(ctx context.Context) (time.Time, error) {
	all, err := tx.Notices(ctx, notify.Query{})
	var next time.Time
	for _, n := range all {
		if next.IsZero() || n.NextAt.Before(next) {
			next = n.NextAt
		}
	}
	return next, err
}

type partial struct{ store.Tx }

func (tx partial) CountNotices(ctx context.Context) (map[notify.State]int, error) {
	counts, err := tx.Tx.CountNotices(ctx)
	maps.DeleteFunc(counts, func(s notify.State, _ int) bool { return s != notify.Pending })
	return counts, err
}

type timeless struct{ store.Tx }

func (tx timeless) CountCreated(ctx context.Context, _ time.Time) (int, error) {
	all, err := tx.Notices(ctx, notify.Query{})
	return len(all), err
}

type overcounting struct{ store.Tx }

func (tx overcounting) Underway(ctx context.Context) ([]notify.Underway, error) {
	all, err := tx.Tx.Underway(ctx)
	sending, again := tx.Notices(ctx, notify.Query{States: []notify.State{notify.Sending}})
	for _, n := range sending {
		for i := range all {
			if all[i].Channel == n.Channel {
				all[i].Queued++
			}
		}
	}
	return all, errors.Join(err, again)
}

type wasteful struct{ store.Tx }

func (tx wasteful) SegmentsSpent(ctx context.Context, since time.Time) (int, error) {
	all, err := tx.AttemptLog(ctx, notify.AttemptQuery{Since: since})
	sum := 0
	for _, a := range all {
		sum += a.Segments
	}
	return sum, err
}

// paced asks another question about the pace than it was asked.
type paced struct {
	store.Tx
	change func(*notify.PaceQuery)
}

func (tx paced) Pace(ctx context.Context, q notify.PaceQuery) (notify.Pace, error) {
	tx.change(&q)
	return tx.Tx.Pace(ctx, q)
}

type halfAttempts struct{ store.Tx }

func (tx halfAttempts) AddAttempts(ctx context.Context, as []*notify.Attempt) error {
	for _, a := range as {
		if err := tx.Tx.AddAttempts(ctx, []*notify.Attempt{a}); err != nil {
			return err
		}
	}
	return nil
}

type generous struct{ store.Tx }

func (generous) Lease(context.Context, string, string, time.Time, time.Time) (bool, error) {
	return true, nil
}

type eternal struct{ store.Tx }

func (tx eternal) Lease(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	return tx.Tx.Lease(ctx, name, owner, now, until.AddDate(100, 0, 0))
}

type unrenewing struct{ store.Tx }

func (tx unrenewing) Lease(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	free, err := tx.Tx.Lease(ctx, name, "nobody in particular", now, now)
	if err != nil || !free {
		return false, err
	}
	return tx.Tx.Lease(ctx, name, owner, now, until)
}

type credulous struct{ store.Tx }

func (tx credulous) AddInbound(ctx context.Context, r *notify.Inbound) (bool, error) {
	added, err := tx.Tx.AddInbound(ctx, r)
	if added || err != nil {
		return added, err
	}
	other := *r
	other.Fingerprint += "'"
	added, err = tx.Tx.AddInbound(ctx, &other)
	r.Version = other.Version
	return added, err
}

type halfReceipts struct{ store.Tx }

func (tx halfReceipts) PutInbound(ctx context.Context, rs []*notify.Inbound) error {
	for _, r := range rs {
		if err := tx.Tx.PutInbound(ctx, []*notify.Inbound{r}); err != nil {
			return err
		}
	}
	return nil
}
