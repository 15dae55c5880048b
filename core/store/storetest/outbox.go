package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// outbox are the promises of notify.Outbox.
func outbox() []promise {
	return []promise{
		{"outbox/one per key", "AddNotice keeps one notice of each key and reports whether it is this one, also when units of work add it at the same time.", keepsOneOfAKey},
		{"outbox/many", "AddNotices, of a Tx that is store.Gathered, adds each as AddNotice does, the first of those with one key, and tells of each in order whether it was added, before the commit at the latest.", addsMany},
		{"outbox/query", "Notices selects by every field of the query.", selectsNotices},
		{"outbox/order", "Notices come ordered by Created, then by id, and no more than Limit.", ordersNotices},
		{"outbox/by id", "NoticesByID returns those of the ids that exist, each once.", findsNoticesByID},
		{"outbox/due", "DueNotices returns pending notices whose NextAt has come: critical ones first, then the earliest, as many as asked for. DueCritical, of a Tx that is store.Pressing, returns the critical ones of them.", findsDueNotices},
		{"outbox/claimed once", "Units of work that claim due notices at the same time claim each of them once.", claimsEachOnce},
		{"outbox/put all", "PutNotices replaces many at once and raises their versions.", putsAllNotices},
		{"outbox/put none", "PutNotices with one stale, unknown or repeated notice is ErrStale and replaces none.", putsNoNotice},
		{"outbox/next", "NextNotice is the earliest NextAt of all pending notices, zero when there is none.", findsNextNotice},
		{"outbox/count", "CountNotices counts the notices of each state.", countsNotices},
		{"outbox/created", "CountCreated counts the notices written before an instant.", countsCreated},
		{"outbox/shares", "NextShares names each owner and channel with something due once, in turn from any owner on; DueOf returns what is due of one share, the earliest first.", sharesOut},
		{"outbox/each share", "DueOfEach is DueOf for many shares, one after the other in the order given.", sharesOutMany},
		{"outbox/underway", "Underway counts what is queued on each channel and says since when the oldest waits.", countsUnderway},
		{"outbox/attempt log", "AttemptLog selects attempts of all notices by provider, text and time, the newest first.", logsAttempts},
		{"outbox/spent", "SegmentsSpent adds up the segments of what was taken, or may have been.", addsSegments},
		{"outbox/pace", "Pace counts what a provider took since an instant, what of it arrived, and what took too long.", countsPace},
		{"outbox/providers", "Providers lists all providers by name.", listsProviders},
		{"outbox/attempts", "Attempts lists those of one notice; AddAttempts and PutAttempts write all or none.", keepsAttempts},
		{"outbox/suppressions", "Suppressions selects by channel and addresses; without addresses, all of the channel.", selectsSuppressions},
		{"lease/held", "A lease is refused to others as long as it runs, renewed for its owner, and free from its end on.", leases},
		{"lease/one winner", "Of those who ask for a free lease at the same time one gets it.", leasesToOne},
	}
}

func keepsOneOfAKey(k kit) {
	add := func(id notify.ID, key string) bool {
		k.Helper()
		var added bool
		k.update(func(ctx context.Context, tx store.Tx) (err error) {
			added, err = tx.AddNotice(ctx, &notify.Notice{ID: id, Key: key})
			return err
		})
		return added
	}
	if !add("a", "one") || add("b", "one") || !add("c", "two") {
		k.Errorf("AddNotice does not report whether it added the notice")
	}
	k.update(func(ctx context.Context, tx store.Tx) error {
		first, err := tx.AddNotice(ctx, &notify.Notice{ID: "d", Key: "three"})
		second, again := tx.AddNotice(ctx, &notify.Notice{ID: "e", Key: "three"})
		if !first || second {
			k.Errorf("in one transaction: added %v and %v, want true and false", first, second)
		}
		return errors.Join(err, again)
	})
	notices.missing(k, "b")
	notices.missing(k, "e")

	var winners atomic.Int32
	k.together(6, func(worker int) error {
		var added bool
		err := k.retry(func(ctx context.Context, tx store.Tx) (err error) {
			added, err = tx.AddNotice(ctx, &notify.Notice{ID: notify.ID(fmt.Sprint("w", worker)), Key: "race"})
			time.Sleep(time.Millisecond) // the others add as well
			return err
		})
		if added {
			winners.Add(1)
		}
		return err
	})
	k.view(func(ctx context.Context, tx store.Tx) error {
		raced, err := tx.Notices(ctx, notify.Query{Keys: []string{"race"}})
		if winners.Load() != 1 || len(raced) != 1 {
			k.Errorf("of six who added one key at the same time %d were told they did, and %d notices are there", winners.Load(), len(raced))
		}
		return err
	})
}

func addsMany(k kit) {
	k.update(func(ctx context.Context, tx store.Tx) error {
		_, err := tx.AddNotice(ctx, &notify.Notice{ID: "first", Key: "taken"})
		return err
	})
	var told []string
	gathered := false
	add := func(ctx context.Context, tx store.Tx, many ...notify.Notice) error {
		told = nil
		var together store.Gathered
		if together, gathered = tx.(store.Gathered); !gathered {
			return nil // AddNotice is all there is
		}
		return together.AddNotices(ctx, many, func(n notify.Notice, added bool) { told = append(told, fmt.Sprint(n.Key, " ", added)) })
	}
	k.update(func(ctx context.Context, tx store.Tx) error {
		return add(ctx, tx, notify.Notice{ID: "a", Key: "one"}, notify.Notice{ID: "b", Key: "taken"}, notify.Notice{ID: "c", Key: "one"}, notify.Notice{ID: "d", Key: "two"})
	})
	if !gathered {
		return
	}
	if want := []string{"one true", "taken false", "one false", "two true"}; !slices.Equal(told, want) {
		k.Errorf("told %q, want %q", told, want)
	}
	notices.missing(k, "b")
	notices.missing(k, "c")
	k.update(func(ctx context.Context, tx store.Tx) error {
		if err := add(ctx, tx, notify.Notice{ID: "e", Key: "three"}); err != nil {
			return err
		}
		seen, err := tx.Notices(ctx, notify.Query{Keys: []string{"one", "two", "three"}})
		if len(seen) != 3 {
			k.Errorf("a unit of work that added three notices, one of them itself, sees %d", len(seen))
		}
		return err
	})
	err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
		return add(ctx, tx, notify.Notice{ID: "f", Key: "four"}, notify.Notice{ID: "a", Key: "five"})
	})
	if !errors.Is(err, fault.ErrExists) {
		k.Errorf("an id that is taken: %v, want ErrExists", err)
	}
	notices.missing(k, "f")
}

var noticesAsked = question[notify.Query, notify.Notice]{name: "Notices", of: notices,
	find: func(ctx context.Context, tx store.Tx, q notify.Query) ([]notify.Notice, error) {
		found, err := tx.Notices(ctx, q)
		if err != nil {
			return nil, err
		}
		ids, err := tx.NoticeIDs(ctx, q)
		if err == nil && !slices.EqualFunc(found, ids, func(n notify.Notice, id notify.ID) bool { return n.ID == id }) {
			err = fmt.Errorf("NoticeIDs(%+v) are %v, of other notices than Notices has", q, ids)
		}
		return found, err
	}}

func selectsNotices(k kit) {
	type (
		q = notify.Query
		v = notify.Notice
	)
	a := noticesAsked
	filters := []filter[q, v]{
		{"state", func(q *q) { q.States = []notify.State{notify.Queued, notify.Accepted} }, func(n *v) { n.State = notify.Failed }},
		{"subject", func(q *q) { q.Subject = thisVisit }, func(n *v) { n.Subject.ID = "b" }},
		{"moot", func(q *q) { q.Moot = "moot" }, func(n *v) { n.Moot = "" }},
		{"duty", func(q *q) { q.Duty = "duty" }, func(n *v) { n.Duty = "other" }},
		{"duties", func(q *q) { q.Duties = []string{"third", "duty", "other"} }, func(n *v) { n.Duty = "" }},
		{"person", func(q *q) { q.Person = "person" }, func(n *v) { n.Person = "second" }},
		{"persons", func(q *q) { q.Persons = []org.PersonID{"third", "person", "second"} }, func(n *v) { n.Person = "" }},
		{"template", func(q *q) { q.Template = "template" }, func(n *v) { n.Template = "other" }},
		{"channel", func(q *q) { q.Channel = notify.SMS }, func(n *v) { n.Channel = notify.Email }},
		{"provider", func(q *q) { q.Provider, q.ProviderID = "provider", "77" }, func(n *v) { n.Provider = "other" }},
		{"provider's id", func(q *q) { q.Provider, q.ProviderID = "provider", "77" }, func(n *v) { n.ProviderID = "78" }},
		{"carrier", func(q *q) { q.Into = "carrier" }, func(n *v) { n.MergedInto = "" }},
		{"since", func(q *q) { q.Since = morning }, func(n *v) { n.Created = morning.Add(-time.Microsecond) }},
		{"accepted since", func(q *q) { q.AcceptedSince = morning }, func(n *v) { n.Done = morning.Add(-time.Microsecond) }},
		{"before", func(q *q) { q.Before = morning }, func(n *v) { n.NextAt = morning }},
		{"expires before", func(q *q) { q.ExpiresBefore = morning }, func(n *v) { n.Expires = morning }},
		{"expires before, without an end", func(q *q) { q.ExpiresBefore = morning }, func(n *v) { n.Expires = time.Time{} }},
	}
	model := func(n *v) {
		n.State, n.Subject, n.Moot, n.Duty, n.Person, n.Template = notify.Accepted, thisVisit, "moot", "duty", "person", "template"
		n.Channel, n.Provider, n.ProviderID, n.MergedInto = notify.SMS, "provider", "77", "carrier"
		n.Created, n.Done, n.NextAt, n.Expires = morning, morning, morning.Add(-time.Microsecond), morning.Add(-time.Microsecond)
	}
	// Some filters leave out more than the value made for them.
	also := map[string][]string{
		"person":                         {"not persons"},
		"duty":                           {"not duties"},
		"provider":                       {"not provider's id"},
		"provider's id":                  {"not provider"},
		"expires before":                 {"not expires before, without an end"},
		"expires before, without an end": {"not expires before"},
	}
	values := []v{a.model("model", model)}
	keys := []string{values[0].Key}
	for _, f := range filters {
		n := a.model("not "+f.name, model)
		f.miss(&n)
		values, keys = append(values, n), append(keys, n.Key)
	}
	values = append(values, a.model("not key", model))
	filters = append(filters, filter[q, v]{"key", func(q *q) { q.Keys = append(keys, "nowhere") }, nil})
	a.insert(k, values...)

	var all q
	ids := a.ids(values)
	a.expect(k, "no filter", q{}, ids...)
	for _, f := range filters {
		var q q
		f.set(&q)
		f.set(&all)
		a.expect(k, f.name, q, slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			return id == "not "+f.name || slices.Contains(also[f.name], id)
		})...)
	}
	a.expect(k, "all filters", all, "model")
	a.expect(k, "subject of another type", q{Subject: event.Subject{Type: "issue", ID: "a"}})

	addressed := func(id string, to, handedOutFor org.PersonID) v {
		return v{ID: notify.ID(id), Key: id, State: notify.Pending, Template: "addressed", To: org.Party{Person: to}, Person: handedOutFor}
	}
	a.insert(k, addressed("to nobody by name", "", ""), addressed("to the first", "first", ""), addressed("to the first's deputy", "first", "deputy"))
	a.expect(k, "addressed to a person", q{Template: "addressed", Person: "first"}, "to the first")
	a.expect(k, "handed out for another one", q{Template: "addressed", Persons: []org.PersonID{"deputy", "nobody"}}, "to the first's deputy")

	moot := func(id, with, duty string) v {
		return v{ID: notify.ID(id), Key: id, State: notify.Pending, Template: "moot", Moot: with, Duty: duty}
	}
	ends := alert.DutyKey("ends")
	a.insert(k, moot("with its duty", ends, "ends"), moot("with a duty", ends, ""), moot("with another duty", ends, "other"),
		moot("with its visit", "visit", "ends"), moot("with nothing", "", "ends"), moot("with no duty", alert.DutyKey(""), ""))
	a.expect(k, "moot with a duty", q{Template: "moot", Moot: ends}, "with its duty", "with a duty", "with another duty")
	a.expect(k, "moot with something else than its duty", q{Template: "moot", Moot: "visit"}, "with its visit")
	a.expect(k, "moot with no duty", q{Template: "moot", Moot: alert.DutyKey("")}, "with no duty")

	leased := func(id string, state notify.State, next, lease int) v {
		return v{ID: notify.ID(id), Key: id, State: state, Template: "lease",
			NextAt: morning.Add(time.Duration(next)), LeaseUntil: morning.Add(time.Duration(lease))}
	}
	us := int(time.Microsecond)
	a.insert(k, leased("lease over", notify.Sending, us, -us), leased("lease runs", notify.Sending, -us, us),
		leased("queued long ago", notify.Queued, -us, us), leased("queued now", notify.Queued, us, -us))
	a.expect(k, "before, with leases", q{Template: "lease", Before: morning}, "lease over", "queued long ago")
	a.expect(k, "instants in another zone", q{Template: "lease", Before: morning.In(calendar.Zone())}, "lease over", "queued long ago")
}

func ordersNotices(k kit) {
	a := noticesAsked
	at := func(id string, after int) notify.Notice {
		return a.model(id, func(n *notify.Notice) { n.Created = morning.Add(time.Duration(after) * time.Microsecond) })
	}
	a.insert(k, at("z", -1), at("B", 0), at("a", 0), at("a-b", 0), at("a1", 0), at("0", 1))
	a.inOrder(k, "order", notify.Query{}, "z", "B", "a", "a-b", "a1", "0")
	a.inOrder(k, "limit", notify.Query{Limit: 3}, "z", "B", "a")
}

func findsNoticesByID(k kit) {
	a := question[[]notify.ID, notify.Notice]{name: "NoticesByID", of: notices, inSets: true,
		find: func(ctx context.Context, tx store.Tx, ids []notify.ID) ([]notify.Notice, error) {
			return tx.NoticesByID(ctx, ids)
		}}
	a.insert(k, a.model("a", plain), a.model("it's", plain), a.model(`b,"c"}\`, plain), a.model("d", plain))
	k.update(func(ctx context.Context, tx store.Tx) error {
		for _, ask := range [][2][]notify.ID{
			{{"a", "it's", `b,"c"}\`, "nowhere", "a"}, {"a", `b,"c"}\`, "it's"}},
			{{"nowhere", ""}, nil},
			{nil, nil},
		} {
			got, err := tx.NoticesByID(ctx, ask[0])
			if err != nil {
				return err
			}
			var ids []notify.ID
			for _, n := range got {
				ids = append(ids, n.ID)
			}
			slices.Sort(ids)
			if diff := differ(ask[1], ids); diff != "" {
				k.Errorf("NoticesByID(%q) (-want +got):\n%s", ask[0], diff)
			}
		}
		return nil
	})
}

// waiting returns notices of which the first five are due in the morning, in
// the order in which they go.
func waiting() []notify.Notice {
	at := func(id string, state notify.State, priority notify.Priority, after int) notify.Notice {
		return notify.Notice{ID: notify.ID(id), Key: id, State: state, Priority: priority, NextAt: morning.Add(time.Duration(after) * time.Microsecond)}
	}
	return []notify.Notice{
		at("5 critical", notify.Pending, notify.Critical, -2),
		at("4 critical", notify.Pending, notify.Critical, 0),
		at("3 bulk", notify.Pending, notify.Bulk, -9),
		at("2 normal", notify.Pending, notify.Normal, -8),
		at("1 normal", notify.Pending, notify.Normal, 0),
		at("6 critical", notify.Pending, notify.Critical, 1),
		at("7 normal", notify.Pending, notify.Normal, 2),
		at("queued", notify.Queued, notify.Critical, -9),
		at("sending", notify.Sending, notify.Critical, -9),
		at("accepted", notify.Accepted, notify.Normal, -9),
		at("cancelled", notify.Cancelled, notify.Normal, -9),
	}
}

func findsDueNotices(k kit) {
	a := noticesAsked
	a.insert(k, waiting()...)
	expect := func(what string, now time.Time, limit int, want ...string) {
		k.Helper()
		k.update(func(ctx context.Context, tx store.Tx) error {
			due, err := tx.DueNotices(ctx, now, limit)
			if diff := differ(want, a.ids(due)); diff != "" {
				k.Errorf("%s (-want +got):\n%s", what, diff)
			}
			pressing, ok := tx.(store.Pressing)
			if err != nil || !ok {
				return err
			}
			due, err = pressing.DueCritical(ctx, now, limit)
			if diff := differ(slices.DeleteFunc(want, func(id string) bool { return !strings.HasSuffix(id, "critical") }), a.ids(due)); diff != "" {
				k.Errorf("critical ones, %s (-want +got):\n%s", what, diff)
			}
			return err
		})
	}
	expect("before all", morning.Add(-time.Second), 10)
	expect("in the morning", morning, 10, "5 critical", "4 critical", "3 bulk", "2 normal", "1 normal")
	expect("in another zone", morning.In(calendar.Zone()), 10, "5 critical", "4 critical", "3 bulk", "2 normal", "1 normal")
	expect("one of them", morning, 1, "5 critical")
	expect("three of them", morning, 3, "5 critical", "4 critical", "3 bulk")
	expect("later", morning.Add(time.Second), 10, "5 critical", "4 critical", "6 critical", "3 bulk", "2 normal", "1 normal", "7 normal")
}

func claimsEachOnce(k kit) {
	const n = 30
	var due []notify.Notice
	for i := range n {
		due = append(due, notify.Notice{ID: notify.ID(fmt.Sprintf("%02d", i)), Key: fmt.Sprint(i), State: notify.Pending, NextAt: morning})
	}
	noticesAsked.insert(k, due...)
	var claimed tally
	k.together(3, func(int) error {
		for {
			var mine []string
			if err := k.retry(func(ctx context.Context, tx store.Tx) error {
				due, err := tx.DueNotices(ctx, morning, 4)
				if err != nil {
					return err
				}
				mine = noticesAsked.ids(due)
				time.Sleep(time.Millisecond) // the others look as well
				for i := range due {
					due[i].State = notify.Queued
				}
				return tx.PutNotices(ctx, pointers(due))
			}); err != nil || len(mine) == 0 {
				return err
			}
			claimed.count(mine)
		}
	})
	claimed.expectOnce(k, n)
}

func pointers[T any](values []T) []*T {
	all := make([]*T, len(values))
	for i := range values {
		all[i] = &values[i]
	}
	return all
}

func putsAllNotices(k kit) {
	const n = 40
	want := make([]notify.Notice, n)
	for i := range want {
		want[i] = notices.sample(fmt.Sprintf("%02d", i), i)
	}
	noticesAsked.insert(k, want...)
	for round := range 2 {
		var put []notify.Notice
		k.update(func(ctx context.Context, tx store.Tx) error {
			put = make([]notify.Notice, n)
			for i := range put {
				put[i] = notices.sample(string(want[i].ID), 100*round+i)
				put[i].Version = int64(1 + round)
				stays(&put[i], &want[i])
			}
			return tx.PutNotices(ctx, pointers(put))
		})
		for i := range put {
			if put[i].Version != int64(2+round) {
				k.Errorf("Version of notice %q is %d after a replacement of %d", put[i].ID, put[i].Version, 1+round)
			}
			notices.same(k, "after PutNotices", put[i], notices.stored(k, string(put[i].ID)))
		}
	}
	k.update(func(ctx context.Context, tx store.Tx) error { return tx.PutNotices(ctx, nil) })
}

// stays gives a replacement what a notice keeps from when it was added.
func stays(n, added *notify.Notice) {
	n.Key, n.Template, n.Subject, n.Duty, n.Moot = added.Key, added.Template, added.Subject, added.Duty, added.Moot
	n.Channel, n.Owner, n.Created = added.Channel, added.Owner, added.Created
}

func putsNoNotice(k kit) {
	before := []notify.Notice{notices.sample("a", 1), notices.sample("b", 2), notices.sample("c", 3)}
	for i := range before {
		notices.insert(k, &before[i])
	}
	changed := func(id string, version int64) *notify.Notice {
		n := notices.sample(id, 9)
		n.Version = version
		return &n
	}
	batches := map[string]func() []*notify.Notice{
		"the last one stale":    func() []*notify.Notice { return []*notify.Notice{changed("a", 1), changed("b", 1), changed("c", 7)} },
		"the first one stale":   func() []*notify.Notice { return []*notify.Notice{changed("a", 7), changed("b", 1), changed("c", 1)} },
		"one unknown":           func() []*notify.Notice { return []*notify.Notice{changed("a", 1), changed("x", 1), changed("c", 1)} },
		"one never inserted":    func() []*notify.Notice { return []*notify.Notice{changed("a", 1), changed("x", 0)} },
		"one of them repeated":  func() []*notify.Notice { return []*notify.Notice{changed("a", 1), changed("a", 1)} },
		"repeated, as put once": func() []*notify.Notice { return []*notify.Notice{changed("a", 1), changed("b", 1), changed("a", 2)} },
	}
	for _, what := range slices.Sorted(maps.Keys(batches)) {
		var batch []*notify.Notice
		var refusal error
		k.update(func(ctx context.Context, tx store.Tx) error { // what was written before the refusal would be kept
			batch = batches[what]()
			refusal = tx.PutNotices(ctx, batch)
			return nil
		})
		if !errors.Is(refusal, fault.ErrStale) {
			k.Errorf("%s: PutNotices gave %v, want ErrStale", what, refusal)
		}
		for i, n := range batches[what]() {
			if batch[i].Version != n.Version {
				k.Errorf("%s: Version of the caller's copy of %q went from %d to %d", what, n.ID, n.Version, batch[i].Version)
			}
		}
		for _, n := range before {
			notices.same(k, what, n, notices.stored(k, string(n.ID)))
		}
		notices.missing(k, "x")
	}
}

func findsNextNotice(k kit) {
	expect := func(want time.Time) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			if next, err := tx.NextNotice(ctx); err != nil || !next.Equal(want) || next.IsZero() != want.IsZero() {
				k.Errorf("NextNotice is %v (error %v), want %v", next, err, want)
			}
			return nil
		})
	}
	all := waiting()
	expect(time.Time{})
	noticesAsked.insert(k, all[7:]...)
	expect(time.Time{})
	noticesAsked.insert(k, all[5:7]...)
	expect(all[5].NextAt)
	noticesAsked.insert(k, all[0], all[2])
	expect(all[2].NextAt)
}

func countsNotices(k kit) {
	expect := func(want map[notify.State]int) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			got, err := tx.CountNotices(ctx)
			maps.DeleteFunc(got, func(_ notify.State, n int) bool { return n == 0 })
			if diff := differ(want, got); diff != "" && len(want)+len(got) > 0 {
				k.Errorf("CountNotices (-want +got):\n%s", diff)
			}
			return err
		})
	}
	expect(nil)
	noticesAsked.insert(k, waiting()...)
	expect(map[notify.State]int{notify.Pending: 7, notify.Queued: 1, notify.Sending: 1, notify.Accepted: 1, notify.Cancelled: 1})
}

func countsCreated(k kit) {
	for i, after := range []time.Duration{-time.Hour, -time.Microsecond, 0, time.Hour} {
		noticesAsked.insert(k, notify.Notice{ID: notify.ID(fmt.Sprint(i)), Key: fmt.Sprint(i), Created: morning.Add(after)})
	}
	k.view(func(ctx context.Context, tx store.Tx) error {
		for before, want := range map[time.Time]int{morning: 2, morning.In(calendar.Zone()): 2, morning.Add(time.Microsecond): 3, morning.Add(-2 * time.Hour): 0} {
			if got, err := tx.CountCreated(ctx, before); err != nil || got != want {
				k.Errorf("CountCreated(%v) is %d (error %v), want %d", before, got, err, want)
			}
		}
		return nil
	})
}

// owned are notices of several owners, most of them due in the morning.
func owned() []notify.Notice {
	at := func(id string, channel notify.Channel, owner string, state notify.State, after int) notify.Notice {
		return notify.Notice{ID: notify.ID(id), Key: id, Channel: channel, Owner: owner, State: state, NextAt: morning.Add(time.Duration(after) * time.Microsecond)}
	}
	critical := at("3", notify.SMS, "ấp 2", notify.Pending, -1)
	critical.Priority = notify.Critical
	return []notify.Notice{at("1", notify.SMS, "ấp 2", notify.Pending, 0), at("2", notify.SMS, "ấp 2", notify.Pending, -3), critical,
		at("4", notify.SMS, "a", notify.Pending, 0), at("5", notify.Email, "b", notify.Pending, -1), at("6", notify.Email, "", notify.Pending, -1),
		at("7", notify.SMS, "later", notify.Pending, 1), at("8", notify.SMS, "done", notify.Accepted, -9), at("9", notify.SMS, "ấp 2", notify.Queued, -9)}
}

func sharesOut(k kit) {
	noticesAsked.insert(k, owned()...)
	nobody, b := notify.Share{Channel: notify.Email}, notify.Share{Channel: notify.Email, Owner: "b"}
	a, two := notify.Share{Channel: notify.SMS, Owner: "a"}, notify.Share{Channel: notify.SMS, Owner: "ấp 2"}
	turns := func(at time.Time, after map[notify.Channel]string, limit int, want ...notify.Share) {
		k.Helper()
		k.update(func(ctx context.Context, tx store.Tx) error {
			shares, err := tx.NextShares(ctx, at, after, limit)
			if diff := differ(want, shares); diff != "" && len(want)+len(shares) > 0 {
				k.Errorf("NextShares after %v, %d of each channel (-want +got):\n%s", after, limit, diff)
			}
			return err
		})
	}
	turns(morning.Add(-time.Second), nil, 0)
	turns(morning, nil, 0, nobody, b, a, two)
	turns(morning, nil, 1, nobody, a)
	turns(morning, nil, 5, nobody, b, a, two)
	turns(morning, map[notify.Channel]string{notify.SMS: "a"}, 0, nobody, b, two, a)
	turns(morning, map[notify.Channel]string{notify.SMS: "a"}, 1, nobody, two)
	turns(morning, map[notify.Channel]string{notify.SMS: "done", notify.Email: ""}, 2, b, nobody, two, a)
	turns(morning, map[notify.Channel]string{notify.SMS: "ấp 2", notify.Email: "b"}, 1, nobody, a)
	turns(morning, map[notify.Channel]string{"other": "a"}, 1, nobody, a)
	expect := func(share notify.Share, limit int, want ...string) {
		k.Helper()
		k.update(func(ctx context.Context, tx store.Tx) error {
			due, err := tx.DueOf(ctx, share, morning, limit)
			if diff := differ(want, noticesAsked.ids(due)); diff != "" && len(want)+len(due) > 0 {
				k.Errorf("DueOf(%v, %d) (-want +got):\n%s", share, limit, diff)
			}
			return err
		})
	}
	expect(notify.Share{Channel: notify.SMS, Owner: "ấp 2"}, 0, "2", "3", "1")
	expect(notify.Share{Channel: notify.SMS, Owner: "ấp 2"}, 2, "2", "3")
	expect(notify.Share{Channel: notify.Email}, 5, "6")
	expect(notify.Share{Channel: notify.SMS, Owner: "later"}, 5)
	expect(notify.Share{Channel: notify.SMS, Owner: "b"}, 5)
}

func sharesOutMany(k kit) {
	noticesAsked.insert(k, owned()...)
	of := func(channel notify.Channel, owner string) notify.Share {
		return notify.Share{Channel: channel, Owner: owner}
	}
	expect := func(shares []notify.Share, limit int, want ...string) {
		k.Helper()
		k.update(func(ctx context.Context, tx store.Tx) error {
			due, err := tx.DueOfEach(ctx, shares, morning, limit)
			if diff := differ(want, noticesAsked.ids(due)); diff != "" && len(want)+len(due) > 0 {
				k.Errorf("DueOfEach(%v, %d) (-want +got):\n%s", shares, limit, diff)
			}
			return err
		})
	}
	all := []notify.Share{of(notify.SMS, "ấp 2"), of(notify.Email, ""), of(notify.SMS, "later"), of(notify.SMS, "nobody"), of(notify.SMS, "a")}
	expect(all, 0, "2", "3", "1", "6", "4")
	expect(all, 2, "2", "3", "6", "4")
	expect(all[1:], 1, "6", "4")
	expect(nil, 5)
}

func countsUnderway(k kit) {
	at := func(id string, channel notify.Channel, state notify.State, after int) notify.Notice {
		return notify.Notice{ID: notify.ID(id), Key: id, Channel: channel, State: state, NextAt: morning.Add(time.Duration(after) * time.Second)}
	}
	expect := func(want ...notify.Underway) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Underway(ctx)
			if diff := differ(want, got); diff != "" && len(want)+len(got) > 0 {
				k.Errorf("Underway (-want +got):\n%s", diff)
			}
			return err
		})
	}
	expect()
	noticesAsked.insert(k, at("1", notify.SMS, notify.Queued, 5), at("2", notify.SMS, notify.Queued, 3), at("3", notify.Email, notify.Queued, 9),
		at("4", notify.SMS, notify.Pending, -9), at("5", notify.SMS, notify.Sending, -9), at("6", notify.InApp, notify.Accepted, -9))
	expect(notify.Underway{Channel: notify.Email, Queued: 1, Since: morning.Add(9*time.Second - notify.QueuePatience)},
		notify.Underway{Channel: notify.SMS, Queued: 2, Since: morning.Add(3*time.Second - notify.QueuePatience)})
}

func logsAttempts(k kit) {
	a := question[notify.AttemptQuery, notify.Attempt]{name: "AttemptLog", of: attempts,
		find: func(ctx context.Context, tx store.Tx, q notify.AttemptQuery) ([]notify.Attempt, error) {
			return tx.AttemptLog(ctx, q)
		}}
	put := func(id, provider, body string, after int) notify.Attempt {
		return a.model(id, func(a *notify.Attempt) {
			a.Provider, a.Body, a.Started = provider, body, morning.Add(time.Duration(after)*time.Microsecond)
		})
	}
	a.insert(k, put("1", "esms", "x", 0), put("2", "esms", "y", 1), put("3", "smtp", "x", 2), put("4", "esms", "", -1), put("5", "esms", "z", 1))
	a.inOrder(k, "all", notify.AttemptQuery{}, "3", "5", "2", "1", "4")
	a.inOrder(k, "provider", notify.AttemptQuery{Provider: "esms"}, "5", "2", "1", "4")
	a.inOrder(k, "texts", notify.AttemptQuery{Bodies: []string{"x", "y", "nothing"}}, "3", "2", "1")
	a.inOrder(k, "since", notify.AttemptQuery{Since: morning}, "3", "5", "2", "1")
	a.inOrder(k, "limit", notify.AttemptQuery{Provider: "esms", Limit: 2}, "5", "2")
	a.inOrder(k, "none", notify.AttemptQuery{Bodies: []string{"nothing"}})
}

func addsSegments(k kit) {
	add := func(id string, outcome notify.Result, segments int, after time.Duration) *notify.Attempt {
		return &notify.Attempt{ID: id, Notice: "n", Outcome: outcome, Segments: segments, Started: morning.Add(after)}
	}
	expect := func(since time.Time, want int) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			if got, err := tx.SegmentsSpent(ctx, since); err != nil || got != want {
				k.Errorf("SegmentsSpent since %v is %d (error %v), want %d", since, got, err, want)
			}
			return nil
		})
	}
	expect(morning, 0)
	first := add("1", "", 2, 0)
	k.update(func(ctx context.Context, tx store.Tx) error {
		return tx.AddAttempts(ctx, []*notify.Attempt{first, add("2", notify.ResultAccepted, 1, time.Second), add("3", notify.ResultUnknown, 4, 0),
			add("4", notify.ResultNotSent, 8, 0), add("5", notify.ResultPermanent, 16, 0), add("6", notify.ResultAccepted, 32, -time.Microsecond)})
	})
	expect(morning, 7)
	expect(morning.Add(-time.Hour), 39)
	expect(morning.Add(time.Hour), 0)
	k.update(func(ctx context.Context, tx store.Tx) error {
		refused := *first
		refused.Outcome = notify.ResultTransient
		return tx.PutAttempts(ctx, []*notify.Attempt{&refused})
	})
	expect(morning, 5)
}

func countsPace(k kit) {
	var all []*notify.Attempt
	add := func(id string, state notify.State, took time.Duration, change func(*notify.Attempt, *notify.Notice)) {
		n := notify.Notice{ID: notify.ID(id), Key: id, State: state, Provider: "esms", Done: morning, NextAt: morning}
		if took > 0 {
			n.Arrived = morning.Add(took)
		}
		a := notify.Attempt{ID: "a-" + id, Notice: n.ID, Number: 1, Provider: "esms", Outcome: notify.ResultAccepted, Started: morning}
		if change != nil {
			change(&a, &n)
		}
		all = append(all, &a)
		noticesAsked.insert(k, n)
	}
	add("quick", notify.Delivered, 5*time.Minute, nil)
	add("slow", notify.Delivered, 5*time.Minute+time.Microsecond, nil)
	add("at once", notify.Delivered, time.Microsecond, nil)
	add("open", notify.Accepted, 0, nil)
	add("just now", notify.Accepted, 0, func(_ *notify.Attempt, n *notify.Notice) { n.Done = morning.Add(time.Minute) })
	add("did not arrive", notify.Undelivered, 0, nil)
	add("sent again", notify.Pending, 0, nil)
	add("another's", notify.Delivered, time.Hour, func(a *notify.Attempt, _ *notify.Notice) { a.Provider = "smtp" })
	add("before", notify.Delivered, time.Hour, func(a *notify.Attempt, _ *notify.Notice) { a.Started = morning.Add(-time.Microsecond) })
	add("refused", notify.Delivered, time.Hour, func(a *notify.Attempt, _ *notify.Notice) { a.Outcome = notify.ResultTransient })
	k.update(func(ctx context.Context, tx store.Tx) error { return tx.AddAttempts(ctx, all) })
	for _, c := range []struct {
		since, now time.Time
		want       notify.Pace
	}{
		{morning, morning.Add(5*time.Minute + time.Microsecond), notify.Pace{Taken: 6, Arrived: 3, Slow: 2}},
		{morning, morning.Add(5 * time.Minute), notify.Pace{Taken: 6, Arrived: 3, Slow: 1}},
		{morning.Add(-time.Hour), morning.Add(time.Hour), notify.Pace{Taken: 7, Arrived: 4, Slow: 4}},
		{morning.Add(time.Microsecond), morning.Add(time.Hour), notify.Pace{}},
	} {
		k.view(func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Pace(ctx, notify.PaceQuery{Provider: "esms", Since: c.since, Now: c.now, Patience: 5 * time.Minute})
			if err != nil || got != c.want {
				k.Errorf("Pace since %v at %v is %+v (error %v), want %+v", c.since, c.now, got, err, c.want)
			}
			return nil
		})
	}
}

func listsProviders(k kit) {
	question[nothing, notify.Provider]{name: "Providers", of: providers,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]notify.Provider, error) { return tx.Providers(ctx) }}.byID(k, plain)
}

func keepsAttempts(k kit) {
	attempt := func(id string, of notify.ID, number int) *notify.Attempt {
		a := attempts.sample(id, number)
		a.Notice, a.Number = of, number
		return &a
	}
	var this, that, other *notify.Attempt
	k.update(func(ctx context.Context, tx store.Tx) error {
		this, that, other = attempt("a", "this", 1), attempt("b", "this", 2), attempt("c", "other", 1)
		return errors.Join(tx.AddAttempts(ctx, []*notify.Attempt{this, that, other}), tx.AddAttempts(ctx, nil))
	})
	expect := func(what string, of notify.ID, want ...*notify.Attempt) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			got, err := tx.Attempts(ctx, of)
			slices.SortFunc(got, func(a, b notify.Attempt) int { return a.Number - b.Number })
			if diff := differ(want, pointers(got)); diff != "" && len(want)+len(got) > 0 {
				k.Errorf("%s: attempts (-want +got):\n%s", what, diff)
			}
			return err
		})
	}
	expect("added", "this", this, that)
	expect("added", "other", other)
	expect("added", "nowhere")

	// A refused batch leaves nothing, and leaves the transaction whole.
	k.update(func(ctx context.Context, tx store.Tx) error {
		if err := tx.AddAttempts(ctx, []*notify.Attempt{attempt("d", "this", 3), attempt("a", "this", 4)}); !errors.Is(err, fault.ErrExists) {
			k.Errorf("AddAttempts with a taken id gave %v, want ErrExists", err)
		}
		late, stale := *this, *that
		late.Detail, stale.Version = "late", that.Version+1
		if err := tx.PutAttempts(ctx, []*notify.Attempt{&late, &stale}); !errors.Is(err, fault.ErrStale) {
			k.Errorf("PutAttempts with a stale version gave %v, want ErrStale", err)
		}
		return nil
	})
	expect("refused", "this", this, that)

	old := *this
	k.update(func(ctx context.Context, tx store.Tx) error {
		first, second := old, *that
		first.Outcome, second.Outcome = notify.ResultAccepted, notify.ResultUnknown
		if err := tx.PutAttempts(ctx, []*notify.Attempt{&first, &second}); err != nil {
			return err
		}
		this = &first
		if first.Version != old.Version+1 || second.Version != that.Version+1 {
			k.Errorf("PutAttempts raised versions to %d and %d", first.Version, second.Version)
		}
		return errors.Join(tx.PutAttempts(ctx, []*notify.Attempt{&second}), tx.PutAttempts(ctx, nil))
	})
	k.view(func(ctx context.Context, tx store.Tx) error {
		got, err := tx.Attempts(ctx, "this")
		if len(got) != 2 || got[0].Number != 1 && got[1].Number != 1 {
			k.Errorf("after PutAttempts: %+v", got)
		}
		return err
	})
}

func selectsSuppressions(k kit) {
	type q struct {
		channel   notify.Channel
		addresses []string
	}
	a := question[q, notify.Suppression]{name: "Suppressions", of: suppressions, inSets: true,
		find: func(ctx context.Context, tx store.Tx, q q) ([]notify.Suppression, error) {
			return tx.Suppressions(ctx, q.channel, q.addresses...)
		}}
	put := func(id string, channel notify.Channel, address string, until time.Time) notify.Suppression {
		return a.model(id, func(s *notify.Suppression) { s.Channel, s.Address, s.Until = channel, address, until })
	}
	a.insert(k, put("1", notify.SMS, "x", time.Time{}), put("2", notify.SMS, "x", morning), put("3", notify.SMS, "y", time.Time{}),
		put("4", notify.Email, "x", time.Time{}), put("5", notify.SMS, "z", time.Time{}))
	a.expect(k, "one address", q{notify.SMS, []string{"x"}}, "1", "2")
	a.expect(k, "two addresses", q{notify.SMS, []string{"x", "y", "nobody"}}, "1", "2", "3")
	a.expect(k, "all of a channel", q{notify.SMS, nil}, "1", "2", "3", "5")
	a.expect(k, "another channel", q{notify.Email, []string{"x", "y"}}, "4")
	a.expect(k, "unknown", q{notify.SMS, []string{"nobody"}})
	a.expect(k, "a channel without", q{notify.InApp, nil})
}

func leases(k kit) {
	at := func(seconds int) time.Time { return morning.Add(time.Duration(seconds) * time.Second) }
	ask := func(name, owner string, now, until int, want bool) {
		k.Helper()
		var got bool
		k.update(func(ctx context.Context, tx store.Tx) (err error) {
			got, err = tx.Lease(ctx, name, owner, at(now), at(until))
			return err
		})
		if got != want {
			k.Errorf("lease %q for %q at second %d until second %d: %v, want %v", name, owner, now, until, got, want)
		}
	}
	ask("relay", "one", 0, 10, true)
	ask("relay", "two", 1, 11, false)
	ask("sweep", "two", 1, 11, true) // another lease
	ask("relay", "one", 5, 15, true) // renewed
	ask("relay", "two", 14, 24, false)
	ask("relay", "two", 15, 25, true) // over
	ask("relay", "one", 16, 26, false)
	ask("relay", "two", 17, 17, true) // given back
	ask("relay", "one", 17, 27, true)
	k.update(func(ctx context.Context, tx store.Tx) error {
		mine, err := tx.Lease(ctx, "report", "one", at(0), at(10))
		yours, again := tx.Lease(ctx, "report", "two", at(0), at(10))
		if !mine || yours {
			k.Errorf("in one transaction the lease went to the first: %v, and to the second: %v", mine, yours)
		}
		return errors.Join(err, again)
	})
}

func leasesToOne(k kit) {
	for round := range 3 {
		var winners atomic.Int32
		k.together(4, func(worker int) error {
			var mine bool
			err := k.retry(func(ctx context.Context, tx store.Tx) (err error) {
				now := morning.Add(time.Duration(round) * time.Hour)
				mine, err = tx.Lease(ctx, "relay", fmt.Sprint("worker ", worker), now, now.Add(time.Hour))
				time.Sleep(time.Millisecond) // the others ask as well
				return err
			})
			if mine {
				winners.Add(1)
			}
			return err
		})
		if winners.Load() != 1 {
			k.Errorf("%d of four workers got the lease", winners.Load())
		}
	}
}
