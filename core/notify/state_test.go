package notify_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
)

var noon = time.Date(2017, 3, 15, 5, 0, 0, 0, time.UTC)

func numbers() policy.Notices { return policy.Default().Notices }

// gateway is a provider that knows a repeated key for the given time; a
// negative one means that it does not.
func gateway(name string, window time.Duration) notify.Capabilities {
	return notify.Capabilities{Name: name, Channel: notify.SMS, Idempotent: window >= 0, Window: max(window, 0), Timeout: 10 * time.Second}
}

// drive is a notice with steps that must succeed.
type drive struct {
	testing.TB
	notify.Notice
	now time.Time
}

func pending(t testing.TB) *drive {
	return &drive{t, notify.Notice{ID: "n-1", State: notify.Pending, OnUnknown: notify.Hold, NextAt: noon, Created: noon}, noon}
}

func (d *drive) must(err error) *drive {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
	return d
}

func (d *drive) queued() *drive { d.Helper(); return d.must(d.Queue("CC-017", d.now)) }

func (d *drive) sending(by notify.Capabilities) *drive {
	d.Helper()
	return d.queued().must(d.Claim(notify.Call{Owner: "w1", Until: d.now.Add(time.Minute), Provider: by}, d.now))
}

func (d *drive) settle(r notify.Result) *drive {
	d.Helper()
	return d.must(d.Settle(notify.Outcome{Result: r, ProviderID: "p-1", Code: "7"}, false, numbers(), d.now))
}

func (d *drive) want(s notify.State) *drive {
	d.Helper()
	if d.State != s {
		d.Errorf("state is %s, want %s (%s)", d.State, s, d.Why)
	}
	return d
}

func TestTheDrawingInTheDocumentationIsTheMachine(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(notify.Transitions().String()) {
		if !strings.Contains(string(doc), "//\t"+line) {
			t.Errorf("doc.go does not draw\n%s", line)
		}
	}
}

func TestEveryStateHasAWayOutOrIsFinal(t *testing.T) {
	leaves := make(map[notify.State]bool)
	for _, a := range notify.Transitions() {
		leaves[a.From] = true
		if a.When == "" {
			t.Errorf("%s -> %s does not say when", a.From, a.To)
		}
	}
	for _, a := range notify.Transitions() {
		if !leaves[a.To] && !a.To.Terminal() {
			t.Errorf("%s is neither final nor left by anything", a.To)
		}
	}
}

func TestANoticeThatIsSentIsAccepted(t *testing.T) {
	d := pending(t).sending(gateway("esms", -1)).want(notify.Sending)
	if d.Generation != 1 || d.Claims != 1 || d.Person != "CC-017" || d.LeaseOwner != "w1" || !d.MayHaveGone() {
		t.Errorf("while sending: %+v", d.Notice)
	}
	d.settle(notify.ResultAccepted).want(notify.Accepted)
	if d.ProviderID != "p-1" || d.Provider != "esms" || !d.Done.Equal(noon) || d.MayHaveGone() || d.LeaseOwner != "" || d.Attempts != 1 {
		t.Errorf("accepted: %+v", d.Notice)
	}
}

func TestOutcomesLeadWhereTheirClassSays(t *testing.T) {
	for result, want := range map[notify.Result]struct {
		state    notify.State
		attempts int
		claims   int
		gone     bool
	}{
		notify.ResultAccepted:      {notify.Accepted, 1, 1, false},
		notify.ResultNotSent:       {notify.Pending, 1, 1, false},
		notify.ResultThrottled:     {notify.Pending, 0, 0, false},
		notify.ResultTransient:     {notify.Pending, 1, 1, false},
		notify.ResultPermanent:     {notify.Failed, 1, 1, false},
		notify.ResultMisconfigured: {notify.Pending, 0, 0, false},
		notify.ResultUnknown:       {notify.Unknown, 1, 1, true},
		"something else":           {notify.Unknown, 1, 1, true}, // a sender that breaks its promise is not believed
		"":                         {notify.Unknown, 1, 1, true},
	} {
		d := pending(t).sending(gateway("esms", -1)).settle(result).want(want.state)
		if d.Attempts != want.attempts || d.Claims != want.claims || d.MayHaveGone() != want.gone {
			t.Errorf("%s: attempts %d, claims %d, may have gone %v", result, d.Attempts, d.Claims, d.MayHaveGone())
		}
	}
}

func TestANoticeIsCancelledUntilItIsOnItsWay(t *testing.T) {
	for name, d := range map[string]*drive{"pending": pending(t), "queued": pending(t).queued()} {
		d.must(d.Cancel("visit held", noon)).want(notify.Cancelled)
		if d.Why != "visit held" || !d.CancelAsked.IsZero() {
			t.Errorf("%s: why %q, asked %v", name, d.Why, d.CancelAsked)
		}
	}
	late := pending(t).sending(gateway("esms", -1))
	late.must(late.Cancel("visit held", noon)).want(notify.Sending)
	if !late.CancelAsked.Equal(noon) {
		t.Error("nothing says that the cancel came too late")
	}
	late.settle(notify.ResultAccepted).want(notify.Accepted)
	if late.CancelAsked.IsZero() {
		t.Error("the mark is lost once the notice is accepted")
	}
	over := pending(t)
	over.must(over.Expire("late", noon))
	wantRule(t, over.Cancel("visit held", noon), "notice.cancel.over")
}

func TestACancelledNoticeThatWasCertainlyNotTakenIsNotTriedAgain(t *testing.T) {
	for _, r := range []notify.Result{notify.ResultNotSent, notify.ResultThrottled, notify.ResultTransient, notify.ResultMisconfigured} {
		d := pending(t).sending(gateway("esms", -1))
		d.must(d.Cancel("visit held", noon)).settle(r).want(notify.Cancelled)
	}
	d := pending(t).sending(gateway("esms", 0))
	d.must(d.Cancel("visit held", noon)).must(d.Lost(time.Minute, noon)).must(d.ResolveUnknown(numbers(), noon)).want(notify.Cancelled)
}

func TestAnUnknownOutcomeIsRepeatedOnlyWhereThatIsSafeOrWanted(t *testing.T) {
	const t10 = 10 * time.Minute
	for name, c := range map[string]struct {
		on     notify.OnUnknown
		window time.Duration
		after  time.Duration
		want   notify.State
		nextIn time.Duration // when it is looked at after the lease ran out
	}{
		"the provider knows the key":               {notify.Hold, 0, 30 * time.Second, notify.Pending, 30 * time.Second},
		"the provider knows it no longer":          {notify.Hold, time.Minute, 2 * time.Minute, notify.Uncertain, 30 * time.Second},
		"the provider knows it a too short while":  {notify.Hold, 10 * time.Second, t10, notify.Uncertain, t10},
		"the provider knows no keys: hold":         {notify.Hold, -1, t10, notify.Uncertain, t10},
		"the provider knows no keys: send again":   {notify.Resend, -1, t10, notify.Pending, t10},
		"sent again also where the key is too old": {notify.Resend, time.Second, t10, notify.Pending, t10},
	} {
		t.Run(name, func(t *testing.T) {
			d := pending(t)
			d.OnUnknown = c.on
			d.sending(gateway("esms", c.window)).must(d.Lost(t10, noon)).want(notify.Unknown)
			if got := d.NextAt.Sub(noon); got != c.nextIn {
				t.Errorf("looked at after %s, want %s", got, c.nextIn)
			}
			d.must(d.ResolveUnknown(numbers(), noon.Add(c.after))).want(c.want)
		})
	}
}

func TestOnlyTheProviderThatMayHaveItIsAskedAgain(t *testing.T) {
	d := pending(t).sending(gateway("esms", 0))
	d.must(d.Lost(time.Minute, noon)).must(d.ResolveUnknown(numbers(), noon)).queued()
	other := notify.Call{Owner: "w2", Until: noon.Add(time.Minute), Provider: gateway("speed", 0)}
	wantRule(t, d.Claim(other, noon), "notice.claim.repeat")
	d.OnUnknown = notify.Resend
	d.must(d.Claim(other, noon)).want(notify.Sending)
}

func TestALaterRefusalDoesNotSettleAnEarlierOpenCall(t *testing.T) {
	d := pending(t).sending(gateway("esms", time.Hour))
	known := d.RepeatUntil
	d.must(d.Lost(time.Minute, noon)).must(d.ResolveUnknown(numbers(), noon)).sending(gateway("esms", time.Hour))
	d.must(d.Settle(notify.Outcome{Result: notify.ResultNotSent}, true, numbers(), noon)).want(notify.Pending)
	if !d.RepeatUntil.Equal(known) {
		t.Errorf("known until %v, want %v as of the first call", d.RepeatUntil, known)
	}
	d.Expires = noon
	d.must(d.Expire("its moment passed", noon)).want(notify.Uncertain)
}

func TestAttemptsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		on      notify.OnUnknown
		result  notify.Result
		window  time.Duration
		want    notify.State
		atLeast int
	}{
		"refused again and again":        {notify.Hold, notify.ResultTransient, -1, notify.Dead, 8},
		"never an answer, copies wanted": {notify.Resend, notify.ResultUnknown, -1, notify.Dead, 8},
		"never an answer, none wanted":   {notify.Hold, notify.ResultUnknown, 0, notify.Uncertain, 8},
	} {
		t.Run(name, func(t *testing.T) {
			d := pending(t)
			d.OnUnknown = c.on
			for range 20 {
				if d.State != notify.Pending {
					break
				}
				d.now = d.NextAt
				d.sending(gateway("esms", c.window)).settle(c.result)
				if d.State == notify.Unknown {
					d.must(d.ResolveUnknown(numbers(), d.NextAt))
				}
			}
			d.want(c.want)
			if d.Attempts != c.atLeast {
				t.Errorf("ended after %d attempts, want %d", d.Attempts, c.atLeast)
			}
		})
	}
}

func TestANoticeThatKillsItsWorkersIsTakenOut(t *testing.T) {
	d := pending(t)
	d.OnUnknown = notify.Resend
	crashes := 0
	for d.State == notify.Pending {
		d.sending(gateway("esms", -1)).must(d.Lost(time.Minute, d.now)).must(d.ResolveUnknown(numbers(), d.now))
		if crashes++; crashes > 20 {
			t.Fatal("it goes on for ever")
		}
	}
	d.want(notify.Dead)
	if crashes != numbers().MaxClaims+1 {
		t.Errorf("%d workers died of it, want %d", crashes, numbers().MaxClaims+1)
	}
}

func TestANoticeAtWhichTheSenderPanicsIsTakenOutLikeOneThatKills(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := pending(t)
		d.OnUnknown = notify.Resend
		for d.State == notify.Pending {
			d.sending(gateway("esms", -1))
			if rapid.Bool().Draw(rt, "dies beside a killer") {
				d.must(d.Lost(time.Minute, d.now))
			} else {
				d.must(d.Settle(notify.Outcome{Result: notify.ResultUnknown, Panicked: true}, false, numbers(), d.now))
			}
			d.want(notify.Unknown).must(d.ResolveUnknown(numbers(), d.now))
		}
		d.want(notify.Dead)
		if most := numbers().MaxClaims + 1; d.Claims != most || d.Attempts != 0 {
			rt.Fatalf("taken out after %d claims and %d attempts, want %d claims: a panic is no outcome that came back", d.Claims, d.Attempts, most)
		}
	})
}

func TestWhoMerelyWasThereWhenAWorkerDiedIsNeverTakenForPoison(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := numbers()
		rules.MaxClaims = rapid.IntRange(1, 50).Draw(rt, "max claims")
		d := pending(t)
		d.OnUnknown = notify.Resend
		for !d.Suspect(rules) { // it shares the process, and others kill it
			d.sending(gateway("esms", -1)).must(d.Lost(time.Minute, d.now)).must(d.ResolveUnknown(rules, d.now))
			if d.State != notify.Pending {
				rt.Fatalf("%s after %d claims", d.State, d.Claims)
			}
		}
		if d.Claims > 2 {
			rt.Fatalf("after %d claims without an outcome it still shares its process", d.Claims)
		}
		d.sending(gateway("esms", -1)).settle(notify.ResultAccepted).want(notify.Accepted)
	})
}

func TestThrottlingMakesNoPoison(t *testing.T) {
	slow := pending(t)
	for range 50 {
		slow.now = slow.NextAt
		slow.sending(gateway("esms", -1)).settle(notify.ResultThrottled).want(notify.Pending)
	}
}

func TestOneThatMayHaveGoneNeverSaysItDidNot(t *testing.T) {
	d := pending(t)
	d.OnUnknown = notify.Resend
	d.sending(gateway("esms", -1)).must(d.Lost(time.Minute, noon)).must(d.ResolveUnknown(numbers(), noon)).want(notify.Pending)
	expired, cancelled := *d, *d
	expired.must(expired.Expire("its moment passed", noon)).want(notify.Uncertain)
	cancelled.must(cancelled.Cancel("visit held", noon)).want(notify.Cancelled)
	if cancelled.CancelAsked.IsZero() {
		t.Error("nothing says that it may have been too late")
	}
	d.must(d.Accept("esms", "late", noon)).want(notify.Accepted)
}

func TestReceiptsNeverMoveAFinalStateBack(t *testing.T) {
	d := pending(t).sending(gateway("esms", -1)).settle(notify.ResultAccepted)
	later := noon.Add(time.Hour)
	d.must(d.Receipt(true, "1", later)).want(notify.Delivered)
	if !d.Done.Equal(noon) {
		t.Error("Done is no longer when it was accepted: caps would count it on another day")
	}
	d.must(d.Receipt(false, "9", later)).want(notify.Delivered)

	open := pending(t).sending(gateway("esms", -1))
	open.must(open.Lost(time.Minute, noon)).must(open.Receipt(false, "9", later)).want(notify.Undelivered)
	cancelled := pending(t)
	cancelled.must(cancelled.Cancel("x", noon)).must(cancelled.Receipt(true, "", later)).want(notify.Cancelled)
	held := pending(t).sending(gateway("esms", -1))
	held.must(held.Lost(time.Minute, noon)).must(held.ResolveUnknown(numbers(), later)).must(held.Receipt(true, "", later)).want(notify.Delivered)
}

func TestANoticeSentAgainByAnOperatorHasAKeyOfItsOwn(t *testing.T) {
	d := pending(t).sending(gateway("esms", 0)).settle(notify.ResultPermanent).want(notify.Failed)
	first := d.IdempotencyKey()
	d.Expires, d.now = noon, noon.Add(time.Hour)
	d.must(d.Replay("number corrected", d.now)).want(notify.Pending)
	if d.IdempotencyKey() == first || d.Attempts != 0 || d.Over(d.now) || d.MayHaveGone() {
		t.Errorf("after a replay: %+v", d.Notice)
	}
	wantRule(t, d.Replay("again", d.now), "notice.retry.state")
	accepted := pending(t).sending(gateway("esms", 0)).settle(notify.ResultAccepted)
	wantRule(t, accepted.Replay("again", noon), "notice.retry.state")
	delivered := *accepted
	delivered.must(delivered.Receipt(true, "", noon))
	wantRule(t, delivered.Replay("again", noon), "notice.retry.state")
}

func TestItemsShareTheFateOfTheirCarrier(t *testing.T) {
	carrier := pending(t)
	carrier.ID, carrier.Person = "c-1", "U-10"
	items := []*drive{pending(t), pending(t), pending(t)}
	for i, it := range items {
		it.ID = notify.ID([]string{"a", "b", "c"}[i])
		it.must(it.Merge(&carrier.Notice, noon)).want(notify.Merged)
	}
	if diff := cmp.Diff([]notify.ID{"a", "b", "c"}, carrier.Items); diff != "" {
		t.Error(diff)
	}
	follow := func(want ...notify.State) {
		t.Helper()
		for i, it := range items {
			before := it.State
			changed, err := it.Follow(&carrier.Notice, noon)
			it.must(err).want(want[i])
			if changed != (it.State != before) {
				t.Errorf("%s -> %s: changed is %v", before, it.State, changed)
			}
		}
	}
	items[2].must(items[2].Cancel("done", noon))
	carrier.sending(gateway("esms", -1))
	follow(notify.Sending, notify.Sending, notify.Cancelled)
	items[0].must(items[0].Cancel("done", noon))
	if items[0].State != notify.Sending || items[0].CancelAsked.IsZero() {
		t.Error("an item on its way is not marked when it is cancelled")
	}
	carrier.settle(notify.ResultNotSent)
	follow(notify.Merged, notify.Merged, notify.Cancelled)
	items[1].must(items[1].Release(noon, "carrier dissolved", noon)).want(notify.Pending)
	carrier.sending(gateway("esms", -1)).settle(notify.ResultAccepted)
	follow(notify.Accepted, notify.Pending, notify.Cancelled)
	if items[0].ProviderID != "p-1" {
		t.Error("a receipt would not find the item")
	}
}

func TestAStepThatIsNotThereIsRefused(t *testing.T) {
	d := pending(t)
	wantRule(t, d.Settle(notify.Outcome{Result: notify.ResultAccepted}, false, numbers(), noon), "notice.settle.state")
	if d.Attempts != 0 {
		t.Error("an outcome nobody waited for cost an attempt")
	}
	d.want(notify.Pending)
	wantRule(t, d.Lost(time.Minute, noon), "notice.state.transition")
	wantRule(t, d.Claim(notify.Call{Owner: "w", Provider: gateway("esms", -1)}, noon), "notice.state.transition")
	d.must(d.Expire("its moment passed", noon))
	wantRule(t, d.Queue("CC-017", noon), "notice.state.transition")
	d.want(notify.Expired)
}

// A random walk over the methods: whatever is called, the state changes only
// along the table, or stays as it was together with an error.
func TestNoCallLeavesTheTable(t *testing.T) {
	table := notify.Transitions()
	rapid.Check(t, func(rt *rapid.T) {
		n := notify.Notice{ID: "n-1", State: notify.Pending, NextAt: noon,
			OnUnknown: rapid.SampledFrom([]notify.OnUnknown{notify.Hold, notify.Resend}).Draw(rt, "on unknown")}
		now := noon
		carrier := notify.Notice{ID: "c-1", State: notify.Pending}
		results := []notify.Result{notify.ResultAccepted, notify.ResultNotSent, notify.ResultThrottled, notify.ResultTransient,
			notify.ResultPermanent, notify.ResultMisconfigured, notify.ResultUnknown}
		calls := map[string]func() error{
			"queue":   func() error { return n.Queue("p", now) },
			"defer":   func() error { return n.Defer(now.Add(time.Hour), "", now) },
			"merge":   func() error { return n.Merge(&carrier, now) },
			"release": func() error { return n.Release(now, "", now) },
			"claim":   func() error { return n.Claim(notify.Call{Owner: "w", Until: now, Provider: gateway("g", 0)}, now) },
			"settle": func() error {
				return n.Settle(notify.Outcome{Result: rapid.SampledFrom(results).Draw(rt, "result")}, rapid.Bool().Draw(rt, "doubt"), numbers(), now)
			},
			"lost":     func() error { return n.Lost(time.Minute, now) },
			"resolve":  func() error { return n.ResolveUnknown(numbers(), now) },
			"accept":   func() error { return n.Accept("g", "1", now) },
			"receipt":  func() error { return n.Receipt(rapid.Bool().Draw(rt, "delivered"), "", now) },
			"fail":     func() error { return n.Fail("", now) },
			"kill":     func() error { return n.Kill("", now) },
			"suppress": func() error { return n.Suppress("", now) },
			"doubtful": func() error { return n.Doubtful("", now) },
			"expire":   func() error { return n.Expire("", now) },
			"cancel":   func() error { return n.Cancel("", now) },
			"replay":   func() error { return n.Replay("", now) },
		}
		names := make([]string, 0, len(calls))
		for name := range calls {
			names = append(names, name)
		}
		slices.Sort(names)
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(time.Minute)
			name := rapid.SampledFrom(names).Draw(rt, "call")
			before := n
			if err := calls[name](); err != nil {
				if !errors.Is(err, fault.ErrRule) {
					rt.Fatalf("%s: %v is not a rule", name, err)
				}
				if n.State != before.State {
					rt.Fatalf("%s failed and still moved %s to %s", name, before.State, n.State)
				}
				continue
			}
			if n.State != before.State && !table.Allows(before.State, n.State) && name != "receipt" {
				rt.Fatalf("%s moved %s to %s, which the table does not hold", name, before.State, n.State)
			}
			if (n.State.Terminal() || n.State == notify.Accepted) == n.Done.IsZero() {
				rt.Fatalf("%s: state %s, done %v", name, n.State, n.Done)
			}
			if n.Generation < before.Generation || n.State == notify.Queued && before.State != notify.Queued && n.Generation != before.Generation+1 {
				rt.Fatalf("%s: generation %d after %d", name, n.Generation, before.Generation)
			}
		}
	})
}

func wantRule(t testing.TB, err error, rule string) {
	t.Helper()
	var v *fault.Violation
	if !errors.As(err, &v) || v.Rule != rule {
		t.Errorf("got %v, want %s", err, rule)
	}
}

func TestWhatTheProgrammeWishesMovesWhenANoticeIsDueAndThatNobodyTookItDoesNot(t *testing.T) {
	later := noon.Add(time.Hour)
	gate := gateway("esms", -1)
	for name, c := range map[string]struct {
		do  func(d *drive)
		due time.Time
	}{
		"in the queue":              {func(d *drive) { d.queued() }, noon},
		"nobody took it":            {func(d *drive) { d.queued().must(d.Return("lost", later)) }, noon},
		"the queue refused it":      {func(d *drive) { d.queued().must(d.PutOff(later, "refused", noon)) }, noon},
		"refused, and found as due": {func(d *drive) { d.queued().must(d.PutOff(later, "refused", noon)).StayDue() }, noon},
		"refused again and again": {func(d *drive) {
			d.queued().must(d.PutOff(later, "refused", noon)).queued().must(d.PutOff(later, "refused", later))
		}, noon},
		"quiet hours": {func(d *drive) { d.must(d.Defer(later, "quiet hours", noon)) }, later},
		"refused, then quiet hours": {func(d *drive) {
			d.queued().must(d.PutOff(noon, "refused", noon)).must(d.Defer(later, "quiet hours", noon))
		}, later},
		"the provider said no":          {func(d *drive) { d.sending(gate).settle(notify.ResultMisconfigured) }, noon.Add(5 * time.Minute)},
		"sent again":                    {func(d *drive) { d.queued().must(d.Notice.Fail("gone", noon)).must(d.Replay("again", later)) }, later},
		"queued by a version before it": {func(d *drive) { d.queued().DueSince = time.Time{} }, noon},
	} {
		t.Run(name, func(t *testing.T) {
			d := pending(t)
			c.do(d)
			if near := d.Due().Sub(c.due).Abs(); near > time.Minute { // another try has its jitter
				t.Errorf("it is due since %v, want %v", d.Due(), c.due)
			}
		})
	}
}

func TestWhatWasPutOffIsLeftAloneAndFoundAsDueWhereItIsToBe(t *testing.T) {
	until := noon.Add(5 * time.Second)
	d := pending(t).queued()
	d.must(d.PutOff(until, "refused", noon))
	if !d.NextAt.Equal(until) || !d.Held.IsZero() {
		t.Errorf("put off it is looked at again at %v, held until %v", d.NextAt, d.Held)
	}
	d.StayDue()
	if !d.NextAt.Equal(noon) || !d.Held.Equal(until) {
		t.Errorf("found as due at %v, held until %v", d.NextAt, d.Held)
	}
	d.StayDue() // says nothing new
	if d.queued(); !d.NextAt.Equal(noon.Add(notify.QueuePatience)) || !d.Held.IsZero() {
		t.Errorf("in the queue until %v, held until %v", d.NextAt, d.Held)
	}
	if d.must(d.Claim(notify.Call{Owner: "w1", Until: until, Provider: gateway("esms", -1)}, noon)); !d.DueSince.IsZero() {
		t.Error("what is sent is due no more")
	}
	short := pending(t)
	short.Expires = noon.Add(time.Second)
	if short.queued().must(short.PutOff(until, "refused", noon)); !short.NextAt.Equal(short.Expires) {
		t.Errorf("it waits until %v, beyond its moment", short.NextAt)
	}
}
