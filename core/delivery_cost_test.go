package core_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
)

// meter counts what the pipeline asks of a store.
type meter struct {
	store.Store
	asked  map[string]int
	due    int // notices that were read by turns
	shares int // that were named
}

func (m *meter) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	return m.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error { return fn(ctx, &metered{tx, m}) })
}

type metered struct {
	store.Tx
	m *meter
}

func (x *metered) Notices(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	x.m.asked["Notices"]++
	return x.Tx.Notices(ctx, q)
}
func (x *metered) NoticesByID(ctx context.Context, ids []notify.ID) ([]notify.Notice, error) {
	x.m.asked["NoticesByID"]++
	return x.Tx.NoticesByID(ctx, ids)
}
func (x *metered) Notice(ctx context.Context, id notify.ID) (notify.Notice, error) {
	x.m.asked["Notice"]++
	return x.Tx.Notice(ctx, id)
}
func (x *metered) AddNotice(ctx context.Context, n *notify.Notice) (bool, error) {
	x.m.asked["AddNotice"]++
	return x.Tx.AddNotice(ctx, n)
}
func (x *metered) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	x.m.asked["PutNotices"]++
	return x.Tx.PutNotices(ctx, ns)
}
func (x *metered) AddAttempts(ctx context.Context, as []*notify.Attempt) error {
	x.m.asked["AddAttempts"]++
	return x.Tx.AddAttempts(ctx, as)
}
func (x *metered) PutAttempts(ctx context.Context, as []*notify.Attempt) error {
	x.m.asked["PutAttempts"]++
	return x.Tx.PutAttempts(ctx, as)
}
func (x *metered) Attempts(ctx context.Context, id notify.ID) ([]notify.Attempt, error) {
	x.m.asked["Attempts"]++
	return x.Tx.Attempts(ctx, id)
}
func (x *metered) Suppressions(ctx context.Context, c notify.Channel, addresses ...string) ([]notify.Suppression, error) {
	x.m.asked["Suppressions"]++
	return x.Tx.Suppressions(ctx, c, addresses...)
}
func (x *metered) Duty(ctx context.Context, id duty.ID) (duty.State, error) {
	x.m.asked["Duty"]++
	return x.Tx.Duty(ctx, id)
}
func (x *metered) Duties(ctx context.Context, q duty.Query) ([]duty.State, error) {
	x.m.asked["Duties"]++
	return x.Tx.Duties(ctx, q)
}
func (x *metered) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	x.m.asked["Person"]++
	return x.Tx.Person(ctx, id)
}
func (x *metered) PersonsByID(ctx context.Context, ids []org.PersonID) ([]org.Person, error) {
	x.m.asked["PersonsByID"]++
	return x.Tx.PersonsByID(ctx, ids)
}
func (x *metered) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	x.m.asked["Place"]++
	return x.Tx.Place(ctx, id)
}
func (x *metered) PlacesByID(ctx context.Context, ids []org.PlaceID) ([]org.Place, error) {
	x.m.asked["PlacesByID"]++
	return x.Tx.PlacesByID(ctx, ids)
}
func (x *metered) DueOf(ctx context.Context, s notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	x.m.asked["DueOf"]++
	return x.Tx.DueOf(ctx, s, now, limit)
}
func (x *metered) NextShares(ctx context.Context, now time.Time, after map[notify.Channel]string, limit int) ([]notify.Share, error) {
	x.m.asked["NextShares"]++
	shares, err := x.Tx.NextShares(ctx, now, after, limit)
	x.m.shares += len(shares)
	return shares, err
}
func (x *metered) NoticeIDs(ctx context.Context, q notify.Query) ([]notify.ID, error) {
	x.m.asked["NoticeIDs"]++
	return x.Tx.NoticeIDs(ctx, q)
}
func (x *metered) Underway(ctx context.Context) ([]notify.Underway, error) {
	x.m.asked["Underway"]++
	return x.Tx.Underway(ctx)
}
func (x *metered) DueOfEach(ctx context.Context, shares []notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	x.m.asked["DueOfEach"]++
	due, err := x.Tx.DueOfEach(ctx, shares, now, limit)
	x.m.due += len(due)
	return due, err
}
func (x *metered) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	x.m.asked["Holdings"]++
	return x.Tx.Holdings(ctx, q)
}
func (x *metered) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	x.m.asked["Leaves"]++
	return x.Tx.Leaves(ctx, q)
}

// newMetered is newPost with a System over it whose questions are counted.
func newMetered(t *testing.T) (*post, *meter, *core.System) {
	t.Helper()
	p := newPost(t)
	m := &meter{Store: p.store, asked: make(map[string]int)}
	sys, err := core.New(m, policy.Default(), &core.Options{
		Clock: func() time.Time { return *p.now.Load() }, Calendar: calendar.WeekdaysOnly("cost"), Templates: postTemplates(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, m, sys
}

// What finds no room is not read: neither more of each owner than there is room for,
// nor more owners.
func TestAPassReadsNoMoreThanThereIsRoomForHoweverManyOwnersWait(t *testing.T) {
	for name, owners := range map[string]int{"few owners": 5, "many owners": 250} {
		t.Run(name, func(t *testing.T) {
			p, m, sys := newMetered(t)
			for i, id := range p.crowd(250) {
				p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprint("district-", i%owners)})
			}
			const window = 100
			done, err := sys.DispatchWithin(t.Context(), "relay", 200, core.Room{Window: window, Backlog: true})
			if err != nil || len(done.Tickets) != window || m.due != window || m.shares > 200 {
				t.Errorf("a window of %d took %d and read %d of %d owners, %v", window, len(done.Tickets), m.due, m.shares, err)
			}
		})
	}
}

// Where everybody has many notices waiting, a pass reads of as many people as it can
// take everything along for, instead of reading of more and leaving them.
func TestAPassReadsOfNoMorePeopleThanItTakesEverythingAlongFor(t *testing.T) {
	p, m, sys := newMetered(t)
	for i, id := range p.crowd(300) {
		for range 10 {
			p.tell(notify.Notice{To: org.Party{Person: id, Team: "T"}, Owner: fmt.Sprint("hamlet-", i)})
		}
	}
	room := core.Room{Window: 1000}
	sent := 0
	for pass := 0; ; pass++ {
		clear(m.asked)
		m.due = 0
		done, err := sys.DispatchWithin(t.Context(), "relay", 300, room)
		if err != nil {
			t.Fatal(err)
		}
		if sent += len(done.Tickets); len(done.Tickets) == 0 {
			break
		}
		for _, ticket := range done.Tickets {
			if n := p.notice(ticket.ID); len(n.Items) != 10 {
				t.Fatalf("%s got a message of %d", n.Person, len(n.Items))
			}
		}
		if pass > 0 && (m.asked["NoticeIDs"] > 1 || m.due > len(done.Tickets)+10) {
			t.Errorf("pass %d read %d of %d people and asked %d times what else they have", pass, m.due, len(done.Tickets), m.asked["NoticeIDs"])
		}
		room.Backlog = true
	}
	if sent != 300 {
		t.Errorf("%d messages to 300 people", sent)
	}
}

// A batch costs a fixed number of questions to the store, however large it is:
// that is what keeps 60,000 reminders a matter of seconds.
func TestABatchCostsTheSameHoweverLargeItIs(t *testing.T) {
	cost := func(size int) map[string]int {
		p, m, sys := newMetered(t)
		naming := func(name string, in org.PlaceID) []org.Naming {
			return []org.Naming{{Valid: days("2000-01-01", "2099-12-31"), Kind: "ap", Name: name, Parent: in}}
		}
		p.put(func(ctx context.Context, tx store.Tx) error {
			if err := tx.PutPlace(ctx, &org.Place{ID: "above", Names: naming("Xuân Lộc", "")}); err != nil {
				return err
			}
			for i := range size {
				place := org.Place{ID: org.PlaceID(fmt.Sprintf("A-%d", i)), Names: naming("Bình Minh", "above")}
				if err := tx.PutPlace(ctx, &place); err != nil {
					return err
				}
				x := org.Person{ID: org.PersonID(fmt.Sprintf("P-%d", i)), FullName: "Trần Văn Ba", Phone: fmt.Sprintf("+8491%07d", i), PhoneSMS: true}
				if err := tx.PutPerson(ctx, &x); err != nil {
					return err
				}
				d := duty.State{ID: duty.ID(fmt.Sprintf("d-%d", i)), Kind: duty.Report, Status: duty.Running}
				if err := tx.PutDuty(ctx, &d); err != nil {
					return err
				}
			}
			return nil
		})
		for i := range size {
			person := fmt.Sprintf("P-%d", i)
			p.tell(notify.Notice{
				To: org.Party{Person: org.PersonID(person), Team: "T"}, Duty: fmt.Sprintf("d-%d", i), Owner: fmt.Sprintf("u-%d", i),
				Vars: map[string]string{"label": "XL-1", "place_id": fmt.Sprintf("A-%d", i), "official_id": person},
			})
		}
		d, err := sys.Dispatch(t.Context(), "relay", size)
		if err != nil {
			t.Fatal(err)
		}
		ds, err := sys.Claim(t.Context(), "worker", p.sms, d.Tickets)
		if err != nil || len(ds) != size {
			t.Fatalf("%d of %d were claimed, %v", len(ds), size, err)
		}
		settled := make([]core.Settled, size)
		for i := range ds {
			settled[i] = p.send(ds[i])
		}
		if err := sys.Settle(t.Context(), settled); err != nil {
			t.Fatal(err)
		}
		return m.asked
	}
	small, large := cost(3), cost(120)
	if diff := cmp.Diff(small, large); diff != "" {
		t.Errorf("120 notices ask more of the store than 3 do:\n%s", diff)
	}
	total := 0
	for _, n := range large {
		total += n
	}
	if total > 21 {
		t.Errorf("%d questions for one batch: %v", total, large)
	}
}
