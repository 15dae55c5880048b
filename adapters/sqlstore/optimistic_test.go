package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// meanwhile is how long a unit of work may take beside one that has not written yet.
const meanwhile = 20 * time.Second

// putWhy changes a notice, as the transaction finds it.
func putWhy(ctx context.Context, tx store.Tx, id notify.ID, why string) error {
	found, err := tx.NoticesByID(ctx, []notify.ID{id})
	if err != nil {
		return err
	}
	found[0].Why += why
	return tx.PutNotices(ctx, pointersTo(found))
}

// beside is another unit of work that begins and ends now.
func beside(t *testing.T, st *Store, fn func(context.Context, store.Tx) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), meanwhile)
	defer cancel()
	must(t, st.Update(ctx, fn))
}

// withNotices is a store of each kind with so many notices.
func withNotices(t *testing.T, n int, test func(t *testing.T, st *Store, ids []notify.ID)) {
	eachStore(t, func(t *testing.T, st *Store, _ func() *sql.DB) {
		var all []*notify.Notice
		var ids []notify.ID
		for i := range n {
			all = append(all, waiting(i))
			ids = append(ids, all[i].ID)
		}
		must(t, st.Update(t.Context(), func(ctx context.Context, t store.Tx) error { return notices.insertAll(ctx, t.(*tx), all) }))
		test(t, st, ids)
	})
}

func why(t *testing.T, st *Store, id notify.ID) (why string) {
	t.Helper()
	must(t, st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		n, err := tx.Notice(ctx, id)
		why = n.Why
		return err
	}))
	return why
}

func TestWhoReadsBeforeWritingKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	withNotices(t, 2, func(t *testing.T, st *Store, ids []notify.ID) {
		runs := 0
		must(t, st.Update(store.Optimistic(t.Context()), func(ctx context.Context, tx store.Tx) error {
			runs++
			if _, err := tx.Notices(ctx, notify.Query{}); err != nil {
				return err
			}
			beside(t, st, func(ctx context.Context, tx store.Tx) error { return putWhy(ctx, tx, ids[0], "other") })
			return putWhy(ctx, tx, ids[1], "own")
		}))
		if got := [2]string{why(t, st, ids[0]), why(t, st, ids[1])}; got != [2]string{"other", "own"} || runs != 1 {
			t.Errorf("%d runs wrote %q", runs, got)
		}
	})
}

func TestWhoeverIsOvertakenDecidesAgain(t *testing.T) {
	t.Parallel()
	withNotices(t, 12, func(t *testing.T, st *Store, ids []notify.ID) { // more than are looked up one by one
		runs := 0
		if st.dialect.serial {
			st.retries = -1 // in its turn it would not have been overtaken
		}
		must(t, st.Update(store.Optimistic(t.Context()), func(ctx context.Context, tx store.Tx) error {
			runs++
			var all []notify.Notice
			var err error
			if all, err = tx.Notices(ctx, notify.Query{}); err != nil {
				return err
			}
			if runs == 1 {
				beside(t, st, func(ctx context.Context, tx store.Tx) error { return putWhy(ctx, tx, ids[7], "other") })
			}
			for i := range all {
				all[i].Why += fmt.Sprintf("+run %d", runs)
			}
			return tx.PutNotices(ctx, pointersTo(all))
		}))
		for i, id := range ids {
			want := "+run 2"
			if i == 7 {
				want = "other+run 2"
			}
			if got := why(t, st, id); got != want {
				t.Errorf("notice %d: %q, want %q", i, got, want)
			}
		}
	})
}

func TestOfThoseWhoAskForALeaseTogetherOneHasIt(t *testing.T) {
	t.Parallel()
	now, until := noon, noon.Add(time.Minute)
	t.Run("the quicker one", func(t *testing.T) {
		withNotices(t, 1, func(t *testing.T, st *Store, ids []notify.ID) {
			if !st.dialect.serial {
				t.Skip("skipped on PostgreSQL: there the second one waits for the first")
			}
			var got []bool
			must(t, st.Update(store.Optimistic(t.Context()), func(ctx context.Context, tx store.Tx) error {
				ok, err := tx.Lease(ctx, "relay", "own", now, until)
				if got = append(got, ok); err != nil || !ok {
					return err
				}
				beside(t, st, func(ctx context.Context, tx store.Tx) error {
					ok, err := tx.Lease(ctx, "relay", "other", now, until)
					if err == nil && !ok {
						err = errors.New("the other one did not get the lease")
					}
					return err
				})
				return putWhy(ctx, tx, ids[0], "own")
			}))
			if fmt.Sprint(got) != "[true false]" || why(t, st, ids[0]) != "" {
				t.Errorf("it had the lease %v, and wrote %q", got, why(t, st, ids[0]))
			}
		})
	})
	t.Run("who had nothing else to write", func(t *testing.T) {
		withNotices(t, 0, func(t *testing.T, st *Store, _ []notify.ID) {
			for _, ask := range []struct {
				owner string
				at    time.Time
				want  bool
			}{{"own", now, true}, {"other", now, false}, {"own", now, true}, {"other", until, true}, {"own", until, false}} {
				var got bool
				must(t, st.Update(store.Optimistic(t.Context()), func(ctx context.Context, tx store.Tx) (err error) {
					got, err = tx.Lease(ctx, "relay", ask.owner, ask.at, ask.at.Add(time.Minute))
					return err
				}))
				if got != ask.want {
					t.Errorf("%s at %s: %v, want %v", ask.owner, ask.at.Format(time.TimeOnly), got, ask.want)
				}
			}
		})
	})
}

func TestNothingStaysOfAnOptimisticUpdateThatFails(t *testing.T) {
	t.Parallel()
	withNotices(t, 1, func(t *testing.T, st *Store, ids []notify.ID) {
		over := errors.New("over")
		write := func(ctx context.Context, tx store.Tx) error { return putWhy(ctx, tx, ids[0], "gone") }
		if err := st.Update(store.Optimistic(t.Context()), func(ctx context.Context, tx store.Tx) error {
			return errors.Join(write(ctx, tx), over)
		}); !errors.Is(err, over) {
			t.Errorf("it gave %v", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic ended here")
				}
			}()
			_ = st.Update(store.Optimistic(t.Context()), func(ctx context.Context, tx store.Tx) error {
				must(t, write(ctx, tx))
				panic("on purpose")
			})
		}()
		ctx, cancel := context.WithCancel(t.Context())
		if err := st.Update(store.Optimistic(ctx), func(ctx context.Context, tx store.Tx) error {
			err := write(ctx, tx)
			cancel()
			return err
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("after its end it gave %v", err)
		}
		beside(t, st, func(ctx context.Context, tx store.Tx) error { return putWhy(ctx, tx, ids[0], "stays") })
		if got := why(t, st, ids[0]); got != "stays" {
			t.Errorf("%q is written", got)
		}
	})
}

func TestABatchWithAStaleNoticeWritesNoneOfThem(t *testing.T) {
	t.Parallel()
	withNotices(t, 12, func(t *testing.T, st *Store, ids []notify.ID) {
		for name, ctx := range map[string]context.Context{"in turn": t.Context(), "optimistic": store.Optimistic(t.Context())} {
			must(t, st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
				var mine []*notify.Notice // as they would come from an earlier transaction
				for i := range ids {
					n := waiting(i)
					n.Version, n.Why = 1, "gone"
					if i == 9 {
						n.Version = 5
					}
					mine = append(mine, n)
				}
				if err := tx.PutNotices(ctx, mine); !errors.Is(err, fault.ErrStale) {
					t.Errorf("%s: a stale version gave %v", name, err)
				}
				return nil // and the rest of the transaction counts
			}))
			for i, id := range ids {
				if got := why(t, st, id); got != "" {
					t.Errorf("%s: of notice %d %q was written", name, i, got)
				}
			}
		}
	})
}

// Each adds one to a number that only versions guard: none may be lost.
func TestNoneOfManyOptimisticUpdatesIsLost(t *testing.T) {
	t.Parallel()
	withNotices(t, 3, func(t *testing.T, st *Store, ids []notify.ID) {
		const workers, each = 4, 12
		add := func(ctx context.Context, tx store.Tx) error {
			all, err := tx.Notices(ctx, notify.Query{})
			if err != nil {
				return err
			}
			for i := range all {
				n, _ := strconv.Atoi(all[i].Why)
				all[i].Why = strconv.Itoa(n + 1)
			}
			return tx.PutNotices(ctx, pointersTo(all))
		}
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for done := 0; done < each; {
					switch err := st.Update(store.Optimistic(t.Context()), add); {
					case err == nil:
						done++
					case !errors.Is(err, fault.ErrStale): // overtaken once too often
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if got := why(t, st, id); got != strconv.Itoa(workers*each) {
				t.Errorf("%s of %d", got, workers*each)
			}
		}
	})
}
