package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// transactions are the promises of Update and View.
func transactions() []promise {
	return []promise{
		{"update/own writes", "A unit of work reads its own writes.", each(kept.readsOwnWrites)},
		{"update/error", "When fn returns an error nothing is kept, and Update returns that very error.", each(kept.forgets)},
		{"update/all or nothing", "All writes of a failed unit of work are undone, whatever they went to.", forgetsAll},
		{"update/panic", "A panic in fn undoes everything and goes on upward, and the store stays usable.", survivesPanic},
		{"update/cancelled", "When the context ends before the commit, Update returns an error and nothing is kept.", obeysContext},
		{"update/goes on", "After a refused write the unit of work can go on and be kept.", goesOn},
		{"update/no lost update", "Units of work that read, decide and write at the same time lose no write.", losesNoUpdate},
		{"view/read only", "Every write through a View is an error and changes nothing.", each(kept.refusesInView)},
		{"view/read only beside entities", "The journal, counters and leases refuse to be written through a View.", refusesAllInView},
		{"view/uncommitted", "A View does not see what is not committed, and does not wait for it.", seesNoUncommitted},
		{"view/snapshot", "A View that has begun to read does not see what is committed later.", keepsSnapshot},
	}
}

func (e entity[T]) readsOwnWrites(k kit) {
	k.update(func(ctx context.Context, tx store.Tx) error {
		v := e.sample("a", 1)
		for range 2 {
			if err := e.put(ctx, tx, &v); err != nil {
				return e.named(err)
			}
			got, err := e.get(ctx, tx, "a")
			if err != nil {
				return e.named(err)
			}
			e.same(k, "within the transaction that put it", v, got)
			if e.final {
				break
			}
			next := e.sample("a", 2)
			*e.version(&next) = *e.version(&v)
			v = next
		}
		return nil
	})
}

func (e entity[T]) forgets(k kit) {
	before := e.sample("a", 1)
	e.insert(k, &before)
	mine := fmt.Errorf("mine, not the store's")
	err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
		added := e.sample("b", 2)
		if err := e.put(ctx, tx, &added); err != nil {
			return e.named(err)
		}
		if !e.final {
			changed := e.sample("a", 3)
			*e.version(&changed) = *e.version(&before)
			if err := e.put(ctx, tx, &changed); err != nil {
				return e.named(err)
			}
		}
		return mine
	})
	if err != mine { //nolint:errorlint // the very same error is promised
		k.Errorf("%s: Update returned %v, not fn's own error", e.name, err)
	}
	e.same(k, "after a rollback", before, e.stored(k, "a"))
	e.missing(k, "b")
}

// missing expects that nothing is stored under the id.
func (e entity[T]) missing(k kit, id string) {
	k.Helper()
	k.view(func(ctx context.Context, tx store.Tx) error {
		if _, err := e.get(ctx, tx, id); !errors.Is(err, fault.ErrNotFound) {
			k.Errorf("%s: getting %q gave %v; it should not be there", e.name, id, err)
		}
		return nil
	})
}

// somewhat writes to the journal, to a counter, to a lease and to a table.
func somewhat(ctx context.Context, tx store.Tx) error {
	if err := tx.PutPlace(ctx, &org.Place{ID: "a"}); err != nil {
		return err
	}
	if err := tx.AppendRecord(ctx, &event.Record{ID: "r", Subject: event.Subject{Type: "place", ID: "a"}, Seq: 1}); err != nil {
		return err
	}
	if _, err := tx.NextIssueNumber(ctx, "XL-17"); err != nil {
		return err
	}
	_, err := tx.Lease(ctx, "relay", "me", morning, morning.Add(time.Minute))
	return err
}

// untouched expects that somewhat left no trace.
func untouched(k kit) {
	k.Helper()
	places.missing(k, "a")
	k.update(func(ctx context.Context, tx store.Tx) error {
		if records, err := tx.Records(ctx, event.Query{}); err != nil || len(records) != 0 {
			k.Errorf("the journal has %d records (error %v), want none", len(records), err)
		}
		if n, err := tx.NextIssueNumber(ctx, "XL-17"); err != nil || n != 1 {
			k.Errorf("the next number is %d (error %v), want 1", n, err)
		}
		if ok, err := tx.Lease(ctx, "relay", "other", morning, morning.Add(time.Minute)); err != nil || !ok {
			k.Errorf("the lease is taken (error %v), want it free", err)
		}
		return nil
	})
}

// morning is when most checks take place.
var morning = time.Date(2017, time.March, 1, 1, 0, 0, 0, time.UTC)

func forgetsAll(k kit) {
	mine := errors.New("mine, not the store's")
	err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
		if err := somewhat(ctx, tx); err != nil {
			return err
		}
		return mine
	})
	if err != mine { //nolint:errorlint // the very same error is promised
		k.Errorf("Update returned %v, not fn's own error", err)
	}
	untouched(k)
}

func survivesPanic(k kit) {
	func() {
		defer func() {
			if got := recover(); got != "broken by hand" {
				k.Errorf("the panic arrived as %v, want it unchanged", got)
			}
		}()
		err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
			if err := somewhat(ctx, tx); err != nil {
				return err
			}
			panic("broken by hand")
		})
		k.Errorf("Update returned %v after a panic", err)
	}()
	untouched(k)
}

func obeysContext(k kit) {
	ctx, cancel := context.WithCancel(k.ctx)
	defer cancel()
	err := k.store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := somewhat(ctx, tx); err != nil {
			return err
		}
		cancel()
		return nil
	})
	if err == nil {
		k.Errorf("Update returned nil although its context had ended before the commit")
	}
	untouched(k)

	err = k.store.Update(ctx, somewhat)
	if !errors.Is(err, context.Canceled) {
		k.Errorf("Update with an ended context returned %v, want context.Canceled", err)
	}
	places.missing(k, "a")
}

func goesOn(k kit) {
	first := issue.State{ID: "a", Code: "XL-17-0001"}
	issues.insert(k, &first)
	k.update(func(ctx context.Context, tx store.Tx) error {
		if err := tx.PutIssue(ctx, &issue.State{ID: "a", Code: "XL-17-0002"}); !errors.Is(err, fault.ErrExists) {
			k.Errorf("taken id: %v, want ErrExists", err)
		}
		if err := tx.PutIssue(ctx, &issue.State{ID: "b", Code: "XL-17-0001"}); !errors.Is(err, fault.ErrExists) {
			k.Errorf("taken code: %v, want ErrExists", err)
		}
		if err := tx.PutIssue(ctx, &issue.State{ID: "a", Version: 7}); !errors.Is(err, fault.ErrStale) {
			k.Errorf("stale version: %v, want ErrStale", err)
		}
		if _, err := tx.Issue(ctx, "nowhere"); !errors.Is(err, fault.ErrNotFound) {
			k.Errorf("unknown id: %v, want ErrNotFound", err)
		}
		return tx.PutIssue(ctx, &issue.State{ID: "c", Code: "XL-17-0003"})
	})
	issues.same(k, "refused changes", first, issues.stored(k, "a"))
	issues.missing(k, "b")
	issues.stored(k, "c")
}

// retry runs fn in Updates until one is not stale, as a caller does; but not for ever.
func (k kit) retry(fn func(ctx context.Context, tx store.Tx) error) (err error) {
	for range 200 {
		if err = k.store.Update(k.ctx, fn); !errors.Is(err, fault.ErrStale) {
			break
		}
	}
	return err
}

// together runs fn in n goroutines at once and complains about their errors.
func (k kit) together(n int, fn func(worker int) error) {
	k.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		k.Errorf("%v", err)
	}
}

func losesNoUpdate(k kit) {
	const workers, rounds = 4, 5
	households := visits.bare("a")
	visits.insert(k, &households)
	k.together(workers, func(int) error {
		for range rounds {
			if err := k.retry(func(ctx context.Context, tx store.Tx) error {
				v, err := tx.Visit(ctx, "a")
				if err != nil {
					return err
				}
				time.Sleep(time.Millisecond) // the others read as well
				v.Venue += "|"
				return tx.PutVisit(ctx, &v)
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if got := visits.stored(k, "a"); len(got.Venue) != workers*rounds {
		k.Errorf("of %d updates %d are left", workers*rounds, len(got.Venue))
	}
}

func (e entity[T]) refusesInView(k kit) {
	before := e.sample("a", 1)
	e.insert(k, &before)
	e.refusedInView(k, e.sample("b", 2), "an insert")
	e.missing(k, "b")
	if !e.final {
		changed := e.sample("a", 3)
		*e.version(&changed) = *e.version(&before)
		e.refusedInView(k, changed, "a replacement")
	}
	e.same(k, "after writes through a View", before, e.stored(k, "a"))
}

func (e entity[T]) refusedInView(k kit, v T, what string) {
	k.Helper()
	refusedInView(k, e.name+": "+what, func(ctx context.Context, tx store.Tx) error { return e.put(ctx, tx, &v) })
}

func refusedInView(k kit, what string, write func(context.Context, store.Tx) error) {
	k.Helper()
	if err := k.store.View(k.ctx, write); err == nil {
		k.Errorf("%s through a View gave no error", what)
	}
}

func refusesAllInView(k kit) {
	refusedInView(k, "AppendRecord", func(ctx context.Context, tx store.Tx) error {
		return tx.AppendRecord(ctx, &event.Record{ID: "r", Subject: event.Subject{Type: "place", ID: "a"}, Seq: 1})
	})
	refusedInView(k, "NextIssueNumber", func(ctx context.Context, tx store.Tx) error {
		_, err := tx.NextIssueNumber(ctx, "XL-17")
		return err
	})
	refusedInView(k, "Lease", func(ctx context.Context, tx store.Tx) error {
		_, err := tx.Lease(ctx, "relay", "me", morning, morning.Add(time.Minute))
		return err
	})
	untouched(k)
}

func seesNoUncommitted(k kit) {
	before := places.sample("a", 1)
	places.insert(k, &before)
	k.update(func(ctx context.Context, tx store.Tx) error {
		changed := places.sample("a", 2)
		changed.Version = before.Version
		added := places.sample("b", 3)
		if err := errors.Join(tx.PutPlace(ctx, &changed), tx.PutPlace(ctx, &added)); err != nil {
			return err
		}
		places.same(k, "while another version is not committed", before, places.stored(k, "a"))
		places.missing(k, "b")
		return nil
	})
	places.stored(k, "b")
}

func keepsSnapshot(k kit) {
	before := places.sample("a", 1)
	places.insert(k, &before)
	k.view(func(ctx context.Context, tx store.Tx) error {
		read := func() {
			k.Helper()
			got, err := tx.Place(ctx, "a")
			if err != nil {
				k.Errorf("Place: %v", err)
			}
			places.same(k, "seen by an older View", before, got)
			if all, err := tx.Places(ctx); err != nil || len(all) != 1 {
				k.Errorf("an older View lists %d places (error %v), want 1", len(all), err)
			}
			if records, err := tx.Records(ctx, event.Query{}); err != nil || len(records) != 0 {
				k.Errorf("an older View reads %d records (error %v), want 0", len(records), err)
			}
		}
		read()
		for i := range 3 {
			k.update(func(ctx context.Context, tx store.Tx) error {
				now, err := tx.Place(ctx, "a")
				if err != nil {
					return err
				}
				changed, added := places.sample("a", 2+i), places.sample(fmt.Sprint("b", i), 9+i)
				changed.Version = now.Version
				record := event.Record{ID: fmt.Sprint("r", i), Subject: event.Subject{Type: "place", ID: "a"}, Seq: int64(i + 1)}
				return errors.Join(tx.PutPlace(ctx, &changed), tx.PutPlace(ctx, &added), tx.AppendRecord(ctx, &record))
			})
			read()
		}
		return nil
	})
}
