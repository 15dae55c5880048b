package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
)

// operate runs an operation on notices by somebody.
func (p *post) operate(who org.PersonID, fn func(ctx context.Context, n *core.Notices) error) error {
	return p.do(who, func(ctx context.Context, w *core.Work) error { return fn(ctx, w.Notices) })
}

func (p *post) retry(id notify.ID, why string) error {
	return p.operate(qt01, func(ctx context.Context, n *core.Notices) error { return n.Retry(ctx, id, why) })
}

func TestOnlyWhoManagesNoticesSeesThemAll(t *testing.T) {
	p := newPost(t)
	id := p.tell(notify.Notice{})
	p.run()
	for who, may := range map[org.PersonID]bool{qt01: true, vp01: true, lan: true, minh: false, pct: false} {
		err := p.operate(who, func(ctx context.Context, n *core.Notices) error {
			found, attempts, err := n.Get(ctx, id)
			if err == nil && (found.ID != id || len(attempts) != 1) {
				t.Errorf("%s gets %+v with %d attempts", who, found, len(attempts))
			}
			return err
		})
		if (err == nil) != may {
			t.Errorf("%s: %v", who, err)
		}
		_, err = listOf(p, who, notify.Query{})
		if (err == nil) != (may && who != lan) {
			t.Errorf("%s lists all: %v", who, err)
		}
	}
	if own, err := listOf(p, lan, notify.Query{Person: lan}); err != nil || len(own) != 1 {
		t.Errorf("one's own: %d, %v", len(own), err)
	}
	p.must(qt01, func(ctx context.Context, w *core.Work) error {
		counts, err := w.Notices.Count(ctx)
		if counts[notify.Accepted] != 1 {
			t.Errorf("counts: %v", counts)
		}
		return err
	})
	wantRule(t, "permission.notice.manage", p.operate(minh, func(ctx context.Context, n *core.Notices) error { _, err := n.Count(ctx); return err }))
}

func listOf(p *post, who org.PersonID, q notify.Query) (found []notify.Notice, err error) {
	err = p.operate(who, func(ctx context.Context, n *core.Notices) (err error) { found, err = n.List(ctx, q); return err })
	return found, err
}

func TestAnOperatorSendsAgainWhatEndedBadly(t *testing.T) {
	p := newPost(t)
	p.answer = result(notify.ResultPermanent)
	id := p.tell(notify.Notice{Expires: p.sys.Now().Add(time.Hour)})
	p.run()
	p.want(id, notify.Failed)
	p.answer = nil

	wantRule(t, "notice.reason.missing", p.retry(id, ""))
	wantRule(t, "permission.notice.manage", p.operate(lan, func(ctx context.Context, n *core.Notices) error { return n.Retry(ctx, id, "again") }))
	p.pass(2 * time.Hour) // also after its moment: somebody decided so
	if err := p.retry(id, "số điện thoại đã sửa"); err != nil {
		t.Fatal(err)
	}
	p.run()
	p.want(id, notify.Accepted)
	if last := p.taken[len(p.taken)-1]; last.key != string(id)+".1" {
		t.Errorf("sent again under the key %q: the provider would take it for a repetition", last.key)
	}
	wantRule(t, "notice.retry.state", p.retry(id, "once more"))
	p.must(kt01, func(ctx context.Context, w *core.Work) error {
		records, err := w.Journal.Of(ctx, id.Subject())
		if len(records) != 1 || records[0].Kind != "notice.retried" || records[0].Actor != string(qt01) || records[0].Why != "số điện thoại đã sửa" {
			t.Errorf("journal: %+v", records)
		}
		return err
	})
}

func TestADigestIsSentAgainAsWhatItCarried(t *testing.T) {
	p := newPost(t)
	ids := []notify.ID{p.tell(notify.Notice{}), p.tell(notify.Notice{})}
	p.claim(p.sms, p.dispatch().Tickets...)
	for range 2 {
		p.pass(time.Hour)
		p.recover()
	}
	carrier := p.notice(ids[0]).MergedInto
	p.want(carrier, notify.Uncertain)
	if err := p.retry(carrier, "người nhận chưa nhận được"); err != nil {
		t.Fatal(err)
	}
	p.run()
	p.pass(5 * time.Second)
	p.run()
	p.wantTaken(2, 0) // one by one: an operator looks at each
	for _, id := range ids {
		p.want(id, notify.Accepted)
	}
	wantRule(t, "notice.retry.state", p.retry(ids[0], "again"))
}

func TestReplayingManyIsBoundedAndSendsEachOnce(t *testing.T) {
	p := newPost(t)
	p.answer = result(notify.ResultMisconfigured)
	var ids []notify.ID
	for _, who := range []org.PersonID{lan, minh, ha} {
		ids = append(ids, p.tell(notify.Notice{To: org.Party{Person: who, Team: teamT3}, OnUnknown: notify.Hold}))
	}
	p.claim(p.sms, p.dispatch().Tickets...)
	for range 2 {
		p.pass(time.Hour)
		p.recover()
	}
	p.answer = nil
	all := func(limit int) (count int, err error) {
		err = p.operate(qt01, func(ctx context.Context, n *core.Notices) (err error) {
			count, err = n.RetryAll(ctx, notify.Query{States: []notify.State{notify.Uncertain, notify.Accepted}, Limit: limit}, "sau sự cố")
			return err
		})
		return count, err
	}
	for _, limit := range []int{0, 1001} {
		_, err := all(limit)
		wantRule(t, "notice.retry.limit", err)
	}
	for i, want := range []int{2, 1, 0} {
		if n, err := all(2); n != want || err != nil {
			t.Errorf("round %d: %d, %v", i+1, n, err)
		}
	}
	p.run()
	p.wantTaken(3, 0)
	for _, id := range ids {
		p.want(id, notify.Accepted)
	}
}

func TestAnOperatorChoosesAnotherChannel(t *testing.T) {
	p := newPost(t)
	p.change(lan, func(x *org.Person) { x.Email = "" })
	p.answer = func(m notify.Message) notify.Outcome {
		if m.Channel == notify.SMS {
			return notify.Outcome{Result: notify.ResultPermanent}
		}
		return notify.Outcome{Result: notify.ResultAccepted}
	}
	id := p.tell(notify.Notice{Key: "k/sms"})
	p.run() // refused, no mailbox, so paper
	p.want(id, notify.Failed)
	by := func(channel notify.Channel) error {
		return p.operate(vp01, func(ctx context.Context, n *core.Notices) error {
			return n.RetryBy(ctx, id, channel, "có thư điện tử mới")
		})
	}
	wantRule(t, "notice.retry.channel", by(notify.SMS))
	p.change(lan, func(x *org.Person) { x.Email = "lan@xuanloc.example" })
	if err := by(notify.Email); err != nil {
		t.Fatal(err)
	}
	p.run()
	p.wantTaken(0, 1)
	wantRule(t, "notice.retry.state", by(notify.Email)) // it arrived there
	if err := by("zalo"); err != nil {                  // a channel of the host's own
		t.Fatal(err)
	}
	found := p.all(notify.Query{Channel: "zalo"})
	if len(found) != 1 || found[0].To.Person != lan {
		t.Fatalf("by another channel: %+v", found)
	}
	p.must(kt01, func(ctx context.Context, w *core.Work) error {
		records, err := w.Journal.Of(ctx, id.Subject())
		if last := records[len(records)-1]; last.Kind != "notice.rerouted" || !strings.Contains(string(last.Data), string(found[0].ID)) {
			t.Errorf("the journal does not say where it went: %s %s", last.Kind, last.Data)
		}
		return err
	})
}

// bulk does something to many notices.
func (p *post) bulk(who org.PersonID, b core.Bulk) (ids []notify.ID, err error) {
	err = p.operate(who, func(ctx context.Context, n *core.Notices) error {
		did, err := n.Bulk(ctx, b)
		for i := range did {
			ids = append(ids, did[i].ID)
		}
		return err
	})
	return ids, err
}

func TestManyNoticesArePickedByTheirReasonAndLookedAtBefore(t *testing.T) {
	p := newPost(t)
	codes := []notify.Result{notify.ResultPermanent, notify.ResultPermanent, notify.ResultPermanent, notify.ResultAccepted}
	persons := []org.PersonID{lan, minh, ha, tuan}
	p.answer = func(m notify.Message) notify.Outcome {
		if m.Channel == notify.Email && m.To != strings.ToLower(string(ha))+"@xuanloc.example" {
			return notify.Outcome{Result: notify.ResultAccepted, ProviderID: m.IdempotencyKey}
		}
		for i, who := range persons {
			if m.To == phone(who) {
				return notify.Outcome{Result: codes[i]}
			}
		}
		return notify.Outcome{Result: notify.ResultPermanent}
	}
	var ids []notify.ID
	for i, who := range persons {
		ids = append(ids, p.tell(notify.Notice{Key: fmt.Sprintf("k%d/sms", i), To: org.Party{Person: who, Team: teamT3}}))
		p.pass(time.Minute)
	}
	p.run() // two arrive by mail instead, one by nothing but paper, one as it was
	of := core.Pick{Query: notify.Query{Channel: notify.SMS, Limit: 10}, Result: notify.ResultPermanent}
	for _, c := range []struct {
		name string
		b    core.Bulk
		want []notify.ID
	}{
		{"all that were refused", core.Bulk{Do: core.Resend, Of: of}, ids[:3]},
		{"the oldest of them", core.Bulk{Do: core.Resend, Of: core.Pick{Query: notify.Query{Channel: notify.SMS, Limit: 1}, Result: notify.ResultPermanent}}, ids[:1]},
		{"those of a time ago", core.Bulk{Do: core.Resend, Of: core.Pick{Query: of.Query, CreatedBefore: p.notice(ids[1]).Created}}, ids[:1]},
		{"another class", core.Bulk{Do: core.Resend, Of: core.Pick{Query: of.Query, Result: notify.ResultTransient}}, nil},
		{"what has not reached anybody by mail either", core.Bulk{Do: core.Reroute, By: notify.Email, Of: of}, ids[2:3]},
		{"nothing by its own channel", core.Bulk{Do: core.Reroute, By: notify.SMS, Of: of}, nil},
		{"what is over is not withdrawn", core.Bulk{Do: core.Withdraw, Of: of}, nil},
	} {
		c.b.Why, c.b.Preview = "sau sự cố", true
		if got, err := p.bulk(qt01, c.b); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	if n := p.notice(ids[0]); n.State != notify.Failed || n.Replays != 0 {
		t.Errorf("looking changed %+v", n)
	}
	p.answer = nil
	got, err := p.bulk(qt01, core.Bulk{Do: core.Reroute, By: notify.Email, Of: of, Why: "hộp thư đã sửa"})
	if err != nil || !slices.Equal(got, ids[2:3]) {
		t.Errorf("rerouted %v, %v", got, err)
	}
	p.run()
	if mail := p.all(notify.Query{Keys: []string{"k2/email"}}); len(mail) != 1 || mail[0].State != notify.Accepted {
		t.Errorf("by mail: %+v", mail)
	}
	waiting := p.tell(notify.Notice{NotBefore: p.sys.Now().Add(time.Hour)})
	got, err = p.bulk(qt01, core.Bulk{Do: core.Withdraw, Of: core.Pick{Query: notify.Query{Limit: 10}}, Why: "gửi nhầm"})
	if err != nil || !slices.Equal(got, []notify.ID{waiting}) {
		t.Errorf("withdrawn %v, %v", got, err)
	}
	p.want(waiting, notify.Cancelled)

	_, err = p.bulk(qt01, core.Bulk{Do: "burn", Of: of, Why: "x"})
	wantRule(t, "notice.bulk.deed", err)
	_, err = p.bulk(qt01, core.Bulk{Do: core.Resend, Of: of})
	wantRule(t, "notice.reason.missing", err)
	_, err = p.bulk(lan, core.Bulk{Do: core.Resend, Of: of, Why: "x"})
	wantRule(t, "permission.notice.manage", err)
	wantRule(t, "permission.notice.manage", p.operate(lan, func(ctx context.Context, n *core.Notices) error { _, err := n.Pick(ctx, of); return err }))
}

// However many notices there are of one instant, none is left out and none comes twice.
func TestPickingReadsOnBehindTheFirstPage(t *testing.T) {
	p := newPost(t)
	for range 1200 {
		p.tell(notify.Notice{Template: "post", To: org.Party{Person: lan, Team: teamT3}})
	}
	p.pass(time.Second)
	for range 700 {
		p.tell(notify.Notice{Template: "post", Channel: notify.Email})
		p.pass(time.Microsecond)
	}
	var found []notify.Notice
	err := p.operate(qt01, func(ctx context.Context, n *core.Notices) (err error) {
		found, err = n.Pick(ctx, core.Pick{CreatedBefore: p.sys.Now()})
		return err
	})
	distinct := map[notify.ID]bool{}
	for i := range found {
		distinct[found[i].ID] = true
	}
	if err != nil || len(found) != 1900 || len(distinct) != 1900 {
		t.Errorf("%d found, %d of them different, %v", len(found), len(distinct), err)
	}
}

func TestHowSomebodyIsReachedIsShownAndRepairedWithoutTheNumber(t *testing.T) {
	p := newPost(t)
	reach := func() []core.Reach {
		t.Helper()
		var ways []core.Reach
		if err := p.operate(qt01, func(ctx context.Context, n *core.Notices) (err error) { ways, err = n.Reach(ctx, lan); return err }); err != nil {
			t.Fatal(err)
		}
		return ways
	}
	p.answer = func(m notify.Message) notify.Outcome {
		if m.Channel == notify.SMS {
			return notify.Outcome{Result: notify.ResultPermanent, Code: "108", Suppress: true}
		}
		return notify.Outcome{Result: notify.ResultAccepted}
	}
	began := p.sys.Now()
	p.tell(notify.Notice{Key: "a/sms"})
	p.run()
	want := []core.Reach{
		{Channel: notify.SMS, Known: true, Barred: "rejected_permanent 108", Since: began, Until: began.AddDate(0, 0, 90)},
		{Channel: notify.Email, Known: true},
	}
	if diff := cmp.Diff(want, reach()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	p.pass(time.Minute)
	if err := p.operate(qt01, func(ctx context.Context, n *core.Notices) error {
		return n.UnbarPerson(ctx, lan, notify.SMS, "số đúng, thuê bao đã mở lại")
	}); err != nil {
		t.Fatal(err)
	}
	if now := reach(); now[0].Barred != "" {
		t.Errorf("after it was lifted: %+v", now)
	}
	p.change(lan, func(x *org.Person) { x.Email = "" })
	if now := reach(); now[1].Known {
		t.Errorf("without a mailbox: %+v", now)
	}
	unbar := func(who org.PersonID, channel notify.Channel, why string) error {
		return p.operate(who, func(ctx context.Context, n *core.Notices) error { return n.UnbarPerson(ctx, lan, channel, why) })
	}
	wantRule(t, "notice.unbar.address", unbar(qt01, notify.Email, "x"))
	wantRule(t, "notice.reason.missing", unbar(qt01, notify.SMS, ""))
	wantRule(t, "permission.notice.manage", unbar(minh, notify.SMS, "x"))
	wantRule(t, "permission.notice.manage", p.operate(minh, func(ctx context.Context, n *core.Notices) error { _, err := n.Reach(ctx, lan); return err }))
}

func TestAnOperatorCancelsWhatHasNotGone(t *testing.T) {
	p := newPost(t)
	cancel := func(id notify.ID) error {
		return p.operate(qt01, func(ctx context.Context, n *core.Notices) error { return n.Cancel(ctx, id, "gửi nhầm") })
	}
	ids := []notify.ID{p.tell(notify.Notice{}), p.tell(notify.Notice{})}
	tickets := p.dispatch().Tickets
	if err := cancel(tickets[0].ID); err != nil { // the digest, with what it carries
		t.Fatal(err)
	}
	p.deliver(tickets)
	p.wantTaken(0, 0)
	for _, id := range ids {
		p.want(id, notify.Cancelled)
	}
	wantRule(t, "notice.cancel.over", cancel(ids[0]))

	sending := p.tell(notify.Notice{})
	ds := p.claim(p.sms, p.dispatch().Tickets...)
	if err := cancel(sending); err != nil {
		t.Fatal(err)
	}
	p.settle(p.send(ds[0]))
	if n := p.want(sending, notify.Accepted); n.CancelAsked.IsZero() {
		t.Error("nothing shows that the cancel came too late")
	}
}

func TestAPaperTaskIsReadForItsRecipientAndHandedOver(t *testing.T) {
	p := newPost(t)
	p.change(lan, func(x *org.Person) { x.Phone, x.Email = "", "" })
	p.tell(notify.Notice{})
	citizen := p.citizen(opinion.Speaker{ID: "s-1", Name: "Trần Thị Sáu", Honorific: "bà"})
	p.tell(notify.Notice{To: citizen, Audience: notify.ToCitizen})
	p.run()
	inbox := func(who org.PersonID) (found []notify.Notice) {
		t.Helper()
		p.must(who, func(ctx context.Context, w *core.Work) (err error) { found, err = w.Notices.Inbox(ctx); return err })
		return found
	}
	read := func(who org.PersonID, id notify.ID) (text core.Text, err error) {
		err = p.operate(who, func(ctx context.Context, n *core.Notices) (err error) { text, err = n.Read(ctx, id); return err })
		return text, err
	}
	clerk, office := inbox(u31), inbox(vp01)
	if len(clerk) != 1 || len(office) != 1 {
		t.Fatalf("the clerk has %d tasks, the office %d", len(clerk), len(office))
	}
	if text, err := read(u31, clerk[0].ID); err != nil || !strings.Contains(text.Text, "Kính gửi Trần Thị Lan") {
		t.Errorf("the clerk reads %+v, %v", text, err)
	}
	if text, err := read(vp01, office[0].ID); err != nil || !strings.Contains(text.Text, "Kính gửi Trần Thị Sáu") {
		t.Errorf("the office reads %+v, %v", text, err)
	}
	_, err := read(qt01, office[0].ID) // who manages notices need not see citizens
	wantRule(t, "permission.opinion.see_speaker", err)
	_, err = read(u21, clerk[0].ID)
	wantRule(t, "permission.notice.manage", err)

	handle := func(who org.PersonID, id notify.ID) error {
		return p.operate(who, func(ctx context.Context, n *core.Notices) error { return n.Handle(ctx, id) })
	}
	wantRule(t, "permission.notice.manage", handle(u21, clerk[0].ID))
	if err := handle(u31, clerk[0].ID); err != nil {
		t.Fatal(err)
	}
	p.want(clerk[0].ID, notify.Delivered)
	wantRule(t, "notice.handle.state", handle(u31, clerk[0].ID))
	if left := inbox(u31); len(left) != 0 {
		t.Errorf("%d tasks are left", len(left))
	}
	sms := p.tell(notify.Notice{To: org.Party{Person: minh, Team: teamT3}})
	p.run()
	wantRule(t, "notice.handle.channel", handle(minh, sms))
}

func TestAnAddressIsBarredAndUnbarred(t *testing.T) {
	p := newPost(t)
	bar := func(fn func(n *core.Notices, ctx context.Context) error) {
		t.Helper()
		if err := p.operate(qt01, func(ctx context.Context, n *core.Notices) error { return fn(n, ctx) }); err != nil {
			t.Fatal(err)
		}
		p.pass(time.Second)
	}
	bar(func(n *core.Notices, ctx context.Context) error {
		return n.Bar(ctx, notify.SMS, phone(lan), "nhắn TU CHOI")
	})
	first := p.tell(notify.Notice{Key: "a/sms"})
	p.run()
	p.want(first, notify.Suppressed)
	p.wantTaken(0, 1)
	bar(func(n *core.Notices, ctx context.Context) error {
		return n.Unbar(ctx, notify.SMS, phone(lan), "đồng ý nhận lại")
	})
	second := p.tell(notify.Notice{Key: "b/sms"})
	tickets := p.dispatch().Tickets
	bar(func(n *core.Notices, ctx context.Context) error {
		return n.Bar(ctx, notify.SMS, phone(lan), "đổi ý")
	})
	p.deliver(tickets)
	p.want(second, notify.Suppressed)
	wantRule(t, "notice.reason.missing", p.operate(qt01, func(ctx context.Context, n *core.Notices) error { return n.Bar(ctx, notify.SMS, phone(lan), "") }))
	wantRule(t, "permission.notice.manage", p.operate(lan, func(ctx context.Context, n *core.Notices) error { return n.Unbar(ctx, notify.SMS, phone(lan), "x") }))
}

func TestATextIsPreviewedWithTheNamesOfToday(t *testing.T) {
	p := newPost(t)
	p.must(vp01, func(ctx context.Context, w *core.Work) error {
		text, err := w.Notices.Preview(ctx, "post", "vi", notify.SMS, map[string]string{"label": "XL-1", "place_id": "AP-02"})
		if text.Text != "HVCS: ông/bà Mẫu xem XL-1 tại Ấp 02 (Xã C1)." {
			t.Errorf("preview: %q", text.Text)
		}
		return err
	})
	wantRule(t, "notice.template.value", p.operate(vp01, func(ctx context.Context, n *core.Notices) error {
		_, err := n.Preview(ctx, "post", "vi", notify.SMS, nil)
		return err
	}))
}
