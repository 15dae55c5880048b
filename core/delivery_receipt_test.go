package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// said is a receipt of the gateway about a message, by our key.
func said(id notify.ID, v notify.Verdict, code string) notify.Receipt {
	return notify.Receipt{Provider: "gateway", Key: string(id), Verdict: v, Code: code}
}

func (p *post) take(rs ...notify.Receipt) {
	p.t.Helper()
	if err := p.sys.TakeReceipts(p.t.Context(), rs); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) match(want core.Matched) {
	p.t.Helper()
	got, err := p.sys.MatchReceipts(p.t.Context(), "matcher", 100)
	if err != nil || got != want {
		p.t.Errorf("matched %+v, error %v, want %+v", got, err, want)
	}
}

func (p *post) inbound(q notify.InboundQuery) []notify.Inbound {
	p.t.Helper()
	var rs []notify.Inbound
	p.see(func(ctx context.Context, tx store.Tx) (err error) {
		rs, err = tx.Inbound(ctx, q)
		return err
	})
	return rs
}

func TestAReceiptIsStoredFirstAndInterpretedLater(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.run()
	for range 3 { // providers repeat themselves
		p.take(said(id, notify.VerdictDelivered, "0"))
	}
	p.want(id, notify.Accepted)
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Delivered)
	p.take(said(id, notify.VerdictDelivered, "0"))
	p.match(core.Matched{})
	if rs := p.inbound(notify.InboundQuery{Notice: id}); len(rs) != 1 || rs[0].State != notify.InboundApplied || rs[0].Done.IsZero() {
		t.Errorf("stored: %+v", rs)
	}
}

func TestALateReceiptIsKeptAndMovesNothingBack(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.run()
	p.take(said(id, notify.VerdictDelivered, "0"))
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.take(said(id, notify.VerdictUndelivered, "9"), said(id, notify.VerdictUnderway, "1"), said(id, notify.VerdictUnclear, "77"))
	p.match(core.Matched{Looked: 3, Late: 3})
	p.want(id, notify.Delivered)
	var why []string
	for _, r := range p.inbound(notify.InboundQuery{States: []notify.InboundState{notify.InboundLate}}) {
		why = append(why, r.Code+": "+r.Why)
	}
	slices.Sort(why)
	if want := []string{"1: the notice is delivered", "77: the provider documents no such word", "9: the notice is delivered"}; !slices.Equal(why, want) {
		t.Errorf("kept as %q, want %q", why, want)
	}
}

func TestAReceiptBeforeOurOwnRecordWaitsForIt(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	ds := p.claim(p.sms, p.dispatch().Tickets...)
	byID := notify.Receipt{Provider: "gateway", ProviderID: "id-" + string(id), Verdict: notify.VerdictDelivered}
	p.take(byID) // the provider is quicker than our commit
	p.match(core.Matched{Looked: 1, Waiting: 1})
	p.want(id, notify.Sending)
	p.settle(p.send(ds[0]))
	p.match(core.Matched{}) // not yet time to look again
	p.pass(5 * time.Second)
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Delivered)

	// With our key it is known at once, and our own record comes too late to undo it.
	id = p.tell(notify.Notice{})
	ds = p.claim(p.sms, p.dispatch().Tickets...)
	p.take(said(id, notify.VerdictDelivered, "0"))
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.settle(core.Settled{Delivery: ds[0], Outcome: notify.Outcome{Result: notify.ResultUnknown}})
	p.want(id, notify.Delivered)
}

func TestAReceiptNobodyKnowsIsLookedAtFor72Hours(t *testing.T) {
	p := newPost(t)
	p.take(notify.Receipt{Provider: "gateway", ProviderID: "nobody's", Verdict: notify.VerdictDelivered})
	looks := 0
	for range 80 {
		m, err := p.sys.MatchReceipts(t.Context(), "matcher", 100)
		if err != nil {
			t.Fatal(err)
		}
		looks += m.Looked
		if m.Unmatched > 0 {
			break
		}
		p.pass(time.Hour)
	}
	rs := p.inbound(notify.InboundQuery{})
	if waited := rs[0].Done.Sub(rs[0].Received); rs[0].State != notify.InboundUnmatched || waited != 72*time.Hour || looks > 30 {
		t.Errorf("after %v and %d looks: %+v", waited, looks, rs[0])
	}
}

func TestAReceiptOfAnEarlierSendingSaysNothingOfALaterOne(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.run()
	p.take(said(id, notify.VerdictUndelivered, "9"))
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.must(qt01, func(ctx context.Context, w *core.Work) error { return w.Notices.Retry(ctx, id, "số đã sửa") })
	p.run()
	p.take(said(id, notify.VerdictDelivered, "0"))
	p.match(core.Matched{Looked: 1, Late: 1})
	p.want(id, notify.Accepted)
	p.take(said(id+".1", notify.VerdictDelivered, "0"))
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Delivered)
}

func TestWordThatItIsUnderwayEndsTheDoubt(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.answer = func(notify.Message) notify.Outcome { return notify.Outcome{Result: notify.ResultUnknown} }
	p.deliver(p.dispatch().Tickets)
	p.want(id, notify.Unknown)
	p.take(said(id, notify.VerdictUnderway, "1"))
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Accepted)
	p.take(said(id, notify.VerdictDelivered, "0"))
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Delivered)
}

func TestAReceiptOfADigestSpeaksOfAllItCarried(t *testing.T) {
	p := newPost(t)
	items := []notify.ID{p.tell(notify.Notice{}), p.tell(notify.Notice{}), p.tell(notify.Notice{})}
	p.run()
	carrier := p.want(items[0], notify.Accepted).MergedInto
	p.take(said(carrier, notify.VerdictDelivered, "0"), said(carrier, notify.VerdictUndelivered, "9"))
	p.match(core.Matched{Looked: 2, Applied: 1, Late: 1})
	for _, id := range append(items, carrier) {
		p.want(id, notify.Delivered)
	}
}

func TestABarredAddressFindsAnotherWayAndTheAdministratorsAreTold(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{Key: "k/sms"})
	p.run()
	r := said(id, notify.VerdictUndelivered, "5")
	r.Bar = notify.BarNoSubscriber
	p.take(r)
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Undelivered)
	if told := p.all(notify.Query{Template: "contact.broken"}); len(told) != 1 {
		t.Errorf("%d tasks for the administrators", len(told))
	}
	p.run()
	p.wantTaken(1, 1) // the same by mail
	next := p.tell(notify.Notice{Key: "next/sms"})
	p.run()
	p.want(next, notify.Suppressed)
	p.wantTaken(1, 2)

	// A number gets a new owner: half a year later it is tried again.
	p.pass(181 * 24 * time.Hour)
	p.at("2017-09-13 10:00") // a Wednesday
	after := p.tell(notify.Notice{Key: "after/sms"})
	p.run()
	p.want(after, notify.Accepted)
}

// The hamlet head was told of a visit, the visit was moved, and only then it turns
// out that the first message never arrived: the old day is not told by other ways.
func TestWhatDidNotArriveAndIsMootByThenGoesNoOtherWay(t *testing.T) {
	for moved, ways := range map[bool]int{false: 1, true: 0} {
		p := newPost(t)
		p.at("2017-03-01 10:00")
		v := p.plan(lan, "AP-01", "2017-03-08")
		p.run()
		told := p.all(notify.Query{Template: "visit.planned", Channel: notify.SMS})
		if len(told) != 1 || told[0].State != notify.Accepted {
			t.Fatalf("the hamlet head was told %+v", told)
		}
		if moved {
			p.must(lan, func(ctx context.Context, w *core.Work) error {
				_, err := w.Visits.Postpone(ctx, v, day("2017-03-09"), calendar.TimeOfDay{}, "mưa lớn")
				return err
			})
		}
		p.pass(time.Minute)
		p.take(said(told[0].ID, notify.VerdictUndelivered, "5"))
		p.match(core.Matched{Looked: 1, Applied: 1})
		p.run()
		if all := p.all(notify.Query{Template: "visit.planned"}); len(all) != 1+ways {
			t.Errorf("moved %v: %d notices of the first day, want %d: %+v", moved, len(all), 1+ways, all)
		}
		if n := p.want(told[0].ID, notify.Undelivered); n.CancelAsked.IsZero() == moved {
			t.Errorf("moved %v: it says that it was cancelled too late at %v", moved, n.CancelAsked)
		}
	}
}

func TestWhoOptsOutIsNotAskedAgainAndACitizenIsNobodysTask(t *testing.T) {
	p := newPost(t)
	citizen := p.citizen(opinion.Speaker{ID: "s-1", Name: "Trần Thị Sáu", Honorific: "bà", Phone: "+84911110001"})
	id := p.tell(notify.Notice{To: citizen, Audience: notify.ToCitizen, Class: notify.Care, Key: "c/sms"})
	p.run()
	r := said(id, notify.VerdictDelivered, "0")
	r.Bar = notify.BarComplaint
	p.take(r)
	p.match(core.Matched{Looked: 1, Applied: 1})
	p.want(id, notify.Delivered)
	if told := p.all(notify.Query{Template: "contact.broken"}); len(told) != 0 {
		t.Errorf("a citizen's wish became a task: %+v", told)
	}
	p.at("2019-03-13 10:00")
	next := p.tell(notify.Notice{To: citizen, Audience: notify.ToCitizen, Class: notify.Care, Key: "d/sms"})
	p.run()
	p.want(next, notify.Suppressed)
	for bar, days := range map[notify.Bar]int{notify.BarBounced: 90, notify.BarNoSubscriber: 180, notify.BarRefused: 180, notify.BarComplaint: 0, notify.BarOptedOut: 0} {
		if bar.Days() != days {
			t.Errorf("%s bars for %d days, want %d", bar, bar.Days(), days)
		}
	}
}

func TestAReceiptWithoutItsMessageIsRefusedAndNothingIsStored(t *testing.T) {
	p := newPost(t)
	for _, r := range []notify.Receipt{{Provider: "gateway", Verdict: notify.VerdictDelivered}, {Key: "m-001", Verdict: notify.VerdictDelivered}} {
		err := p.sys.TakeReceipts(t.Context(), []notify.Receipt{said("m-001", notify.VerdictDelivered, ""), r})
		if vs := fault.Violations(err); len(vs) != 1 || vs[0].Rule != "notice.receipt.reference" {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if rs := p.inbound(notify.InboundQuery{}); len(rs) != 0 {
		t.Errorf("stored: %+v", rs)
	}
}

func TestOneMatcherIsAtWorkAtATime(t *testing.T) {
	p := newPost(t)
	p.match(core.Matched{})
	got, err := p.sys.MatchReceipts(t.Context(), "another", 10)
	if err != nil || !got.Standby {
		t.Errorf("%+v, error %v", got, err)
	}
	p.pass(time.Minute) // the first has gone silent
	if got, err = p.sys.MatchReceipts(t.Context(), "another", 10); err != nil || got.Standby {
		t.Errorf("%+v, error %v", got, err)
	}
}

func TestAProviderIsAskedSoonAndThenEverMoreSeldom(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.run()
	p.tell(notify.Notice{Channel: notify.Email, To: org.Party{Person: minh, Team: teamT3}}) // another provider's
	p.run()
	asked := 0
	var first time.Time
	for start := p.sys.Now(); p.sys.Now().Sub(start) < 80*time.Hour; p.pass(30 * time.Second) {
		refs, err := p.sys.DueQuestions(t.Context(), "gateway", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refs {
			if want := (notify.Reference{Notice: id, ProviderID: "id-m-001", Key: "m-001"}); r != want {
				t.Fatalf("asked about %+v, want %+v", r, want)
			}
			if asked++; asked == 1 {
				first = p.sys.Now()
			}
			if p.sys.Now().Sub(start) > 73*time.Hour {
				t.Fatal("asked after 72 hours")
			}
		}
	}
	if asked < 20 || asked > 50 || first.IsZero() {
		t.Errorf("asked %d times, first at %v", asked, first)
	}
}

func TestAnUnknownOutcomeIsAskedForByItsKey(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.answer = func(notify.Message) notify.Outcome { return notify.Outcome{Result: notify.ResultUnknown} }
	p.deliver(p.dispatch().Tickets)
	refs, err := p.sys.DueQuestions(t.Context(), "gateway", 10)
	if want := []notify.Reference{{Notice: id, Key: string(id)}}; err != nil || !slices.Equal(refs, want) {
		t.Errorf("asked about %+v, error %v, want %+v", refs, err, want)
	}
}
