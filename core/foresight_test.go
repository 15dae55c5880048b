package core_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// atTheEnd is a store that adds notices when everything else is done, as one does
// that sends all rows together.
type atTheEnd struct {
	store.Store
	together int
}

func (s *atTheEnd) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		waiting := &gathering{Tx: tx}
		if err := fn(ctx, waiting); err != nil {
			return err
		}
		s.together += len(waiting.later)
		return waiting.addAll(ctx)
	})
}

// gathering is its transaction.
type gathering struct {
	store.Tx
	later []notify.Notice
	told  []func(notify.Notice, bool)
}

func (x *gathering) AddNotices(_ context.Context, ns []notify.Notice, told func(notify.Notice, bool)) error {
	for _, n := range ns {
		x.later, x.told = append(x.later, n), append(x.told, told)
	}
	return nil
}

func (x *gathering) addAll(ctx context.Context) error {
	later, told := x.later, x.told
	x.later, x.told = nil, nil
	for i, n := range later {
		added, err := x.Tx.AddNotice(ctx, &n)
		if err != nil {
			return err
		}
		told[i](n, added)
	}
	return nil
}

func (x *gathering) Notices(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	if err := x.addAll(ctx); err != nil {
		return nil, err
	}
	return x.Tx.Notices(ctx, q)
}

// What a sweep says that it told, and that somebody is waiting for it, is the same
// whether notices are added as they are written or when the transaction ends.
func TestNoticesThatAreAddedAtTheEndAreCountedAndWakeTheRelay(t *testing.T) {
	t.Parallel()
	season := func(st store.Store) (swept []core.Swept, woken int) {
		c := newCastOn(t, st, &core.Options{Wake: func() { woken++ }})
		c.at("2017-03-06")
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-15")})
			return err
		})
		for _, when := range []string{"2017-03-13", "2017-03-14", "2017-03-16", "2017-03-20", "2017-03-21", "2017-03-24"} {
			c.at(when)
			swept = append(swept, c.sweep())
		}
		return swept, woken
	}
	late := &atTheEnd{Store: memstore.New()}
	want, rings := season(memstore.New())
	got, ringing := season(late)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("added at once (-), at the end (+):\n%s", diff)
	}
	told := 0
	for _, s := range got {
		told += s.Notices
	}
	if told == 0 || late.together <= told || rings == 0 || ringing != rings {
		t.Errorf("%d notices told by sweeps, %d added together, the relay was woken %d times, or %d: this test sees nothing", told, late.together, rings, ringing)
	}
}

// foreseeing is a store that is told what it is going to be asked. It answers
// nothing beforehand.
type foreseeing struct {
	store.Store
	fail *error
}

func (s foreseeing) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, foreseeingTx{tx, *s.fail}) })
}

type foreseeingTx struct {
	store.Tx
	fail error
}

func (x foreseeingTx) Foresee(_ context.Context, ask func(store.Tx)) error {
	ask(dumb{x.Tx})
	return x.fail
}

// dumb is a transaction that knows what is in the store and takes no rows.
type dumb struct{ store.Tx }

func (dumb) PutVisit(context.Context, *visit.State) error {
	panic("told to write while it only listens")
}

// A host's own directory, which may be far away, is asked once for each answer that
// is needed, and not beforehand; and the failure of a database that was asked
// beforehand is the failure of the step.
func TestWhatIsForeseenIsOnlyAskedOfTheStore(t *testing.T) {
	t.Parallel()
	var fail error
	report := func(st store.Store, asked *int, then error) error {
		fail = nil
		c := newCastOn(t, st, &core.Options{Directory: func(tx store.Tx) org.Directory { return counting{tx, asked} }})
		c.at("2017-03-06")
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Plan(ctx, visit.Plan{ID: "v", Kind: visit.Regular, Place: "AP-01", Official: lan, Date: day("2017-03-15")})
			return err
		})
		c.at("2017-03-16")
		*asked, fail = 0, then
		return c.do(lan, func(ctx context.Context, w *core.Work) error {
			_, err := w.Visits.Report(ctx, "v", day("2017-03-15"), minutes())
			return err
		})
	}
	var plain, told int
	if err := report(memstore.New(), &plain, nil); err != nil {
		t.Fatal(err)
	}
	if err := report(foreseeing{memstore.New(), &fail}, &told, nil); err != nil {
		t.Fatal(err)
	}
	if plain == 0 || told != plain {
		t.Errorf("the directory was asked %d times, want %d as without foresight", told, plain)
	}
	if err := report(foreseeing{memstore.New(), &fail}, &told, errDisk); fmt.Sprint(err) != errDisk.Error() {
		t.Errorf("got %v, want %v", err, errDisk)
	}
}

// counting is a directory that counts what it is asked.
type counting struct {
	org.Directory
	n *int
}

func (d counting) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	*d.n++
	return d.Directory.Person(ctx, id)
}

func (d counting) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	*d.n++
	return d.Directory.Holdings(ctx, q)
}

func (d counting) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	*d.n++
	return d.Directory.Leaves(ctx, q)
}
