package notifytest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/notify"
)

func TestAnHonestSenderKeepsEveryPromise(t *testing.T) {
	Run(t, double{channel: notify.SMS}.harness())
}

func TestTheChannelOrTheKeyMakesNoHonestSenderFail(t *testing.T) {
	for _, d := range []double{
		{channel: notify.SMS, idempotent: true},
		{channel: notify.Email},
		{channel: notify.Email, idempotent: true},
		{channel: "loudspeaker"},
	} {
		synctest.Test(t, func(t *testing.T) {
			if failed := failing(t, d.harness()); len(failed) > 0 {
				t.Errorf("%s, idempotent %t: found broken: %q", d.channel, d.idempotent, failed)
			}
		})
	}
}

// broken is a sender with one flaw and the promises that must notice it.
type broken struct {
	flaw   string
	double double
	fails  []string
}

func flawed(flaw string, fails ...string) broken {
	return broken{flaw: flaw, double: double{channel: notify.Email, flaw: flaw}, fails: fails}
}

// lies lists senders that misreport one behaviour of their provider.
func lies() []broken {
	var list []broken
	for _, o := range outcomes(double{}.harness()) {
		for _, lie := range []notify.Result{notify.ResultAccepted, notify.ResultNotSent, notify.ResultUnknown, notify.ResultPermanent} {
			if slices.Contains(o.want, lie) {
				continue
			}
			list = append(list, broken{
				flaw:   fmt.Sprintf("says %s of %s", lie, o.fault),
				double: double{channel: notify.SMS, lieAbout: o.fault, lie: lie},
				fails:  []string{o.promise().name},
			})
		}
	}
	return list
}

// flaws lists senders with one flaw each.
func flaws() []broken {
	const arrives = "text arrives as it is or not at all: "
	return []broken{
		flawed("nameless", "Describe is constant and complete"),
		flawed("another name each time", "Describe is constant and complete"),
		flawed("asks twice", "a message taken is accepted with the provider's id, by one request"),
		flawed("id lost of the first", "a message taken is accepted with the provider's id, by one request"),
		flawed("key of the attempt", "a repetition carries the same key"),
		flawed("sends again after a cut", "one Send is one request"),
		flawed("no time limit", "Send ends by its time limit"),
		flawed("deaf to its context", "Send ends with its context"),
		flawed("starts with an ended context", "a context that has ended before sends nothing and uses nothing up"),
		flawed("loses a place to each ended context", "a context that has ended before sends nothing and uses nothing up"),
		flawed("unusable once interrupted", "the sender is usable after an interrupted Send"),
		flawed("leaves a goroutine", "no goroutine is left behind"),
		flawed("mixes up ids", "parallel Sends keep their ids and texts apart"),
		flawed("loses one in a crowd", "parallel Sends keep their ids and texts apart"),
		flawed("shows the address", "outcomes and logs hold no address, name, text or secret"),
		flawed("shows the secret", "outcomes and logs hold no address, name, text or secret"),
		flawed("logs the text", "outcomes and logs hold no address, name, text or secret"),
		flawed("takes line breaks in the address", "line breaks in headers are refused"),
		flawed("takes line breaks in the subject", "line breaks in headers are refused"),
		flawed("takes line breaks in the name", "line breaks in headers are refused"),
		flawed("cuts long texts", "a text that is too long is refused, not cut"),
		flawed("sends what has expired", "an expired message is not sent"),
		flawed("panics on an empty message", "an empty message is refused without a panic"),
		flawed("sends an empty text", "an empty message is refused without a panic"),
		flawed("fails to close twice", "Close may be called twice, and nothing is sent after it"),
		flawed("sends after Close", "Close may be called twice, and nothing is sent after it"),
		flawed("forgets the delay", "too fast is throttled"),
		flawed("forgets the code", "answers 13 is rejected_permanent"),
		flawed("refuses plain letters", arrives+"plain letters"),
		flawed("refuses Vietnamese", arrives+"Vietnamese letters"),
		flawed("sends decomposed letters", arrives+"decomposed letters"),
		flawed("stops at a line with a dot", arrives+"several lines"),
		flawed("turns emoji into question marks", arrives+"emoji"),
		flawed("escapes markup", arrives+"characters of markup"),
		flawed("says not sent of emoji", arrives+"emoji"),
		{
			flaw:   "key of the attempt, with a provider that knows keys",
			double: double{channel: notify.SMS, idempotent: true, flaw: "key of the attempt"},
			fails:  []string{"a repetition carries the same key"},
		},
		{
			flaw:   "shows the national form of the number",
			double: double{channel: notify.SMS, flaw: "shows the national number"},
			fails:  []string{"outcomes and logs hold no address, name, text or secret"},
		},
	}
}

func TestEveryPromiseIsNoticedWhenBroken(t *testing.T) {
	for _, b := range append(flaws(), lies()...) {
		t.Run(b.flaw, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failed := failing(t, b.double.harness())
				if diff := cmp.Diff(b.fails, failed); diff != "" {
					t.Errorf("promises noticed as broken (-want +got):\n%s", diff)
				}
				time.Sleep(2 * time.Hour) // goroutines that a double left behind end
			})
		})
	}
}

// A promise that no double breaks may be one that never bites.
func TestEveryPromiseHasABrokenDouble(t *testing.T) {
	bitten := map[string]bool{}
	for _, b := range append(flaws(), lies()...) {
		for _, name := range b.fails {
			bitten[name] = true
		}
	}
	for _, p := range promises(double{}.harness()) {
		if !bitten[p.name] {
			t.Errorf("no broken double for the promise %q", p.name)
		}
	}
}

func TestAFaultThatIsImpossibleIsSkippedWithItsReason(t *testing.T) {
	h := double{channel: notify.SMS}.harness()
	h.Cannot = map[Fault]string{Drip: "the answer is one byte"}
	for _, p := range promises(h) {
		if p.fault != Drip {
			continue
		}
		r := record(t, func(tb testing.TB) { p.hold(tb, h) })
		if !r.skipped || !strings.Contains(r.log.String(), "the answer is one byte") {
			t.Errorf("%s: skipped %t, printed %q", p.name, r.skipped, r.log.String())
		}
	}
}

func TestAFailureSaysWhyItMatters(t *testing.T) {
	d := double{channel: notify.SMS, lieAbout: CutAfter, lie: notify.ResultNotSent}
	for _, o := range outcomes(d.harness()) {
		if o.fault != CutAfter {
			continue
		}
		r := record(t, func(tb testing.TB) { o.promise().hold(tb, d.harness()) })
		if want := "would double it"; !r.failed || !strings.Contains(r.log.String(), want) {
			t.Errorf("failed %t, printed %q, want %q in it", r.failed, r.log.String(), want)
		}
	}
}

func TestCodeOfAFault(t *testing.T) {
	for fault, want := range map[Fault]string{Answers("124"): "124", Drip: "", Healthy: "", Answers(""): ""} {
		if got := fault.Code(); got != want {
			t.Errorf("%q.Code() = %q, want %q", fault, got, want)
		}
	}
}

// failing runs the suite and returns the promises that were found broken.
func failing(t *testing.T, h Harness) []string {
	var names []string
	for _, p := range promises(h) {
		if record(t, func(tb testing.TB) { p.hold(tb, h) }).failed {
			names = append(names, p.name)
		}
	}
	return names
}

// recorder is a TB that keeps what happens to itself.
type recorder struct {
	testing.TB
	mu              sync.Mutex
	failed, skipped bool
	log             strings.Builder
	stage           stage
}

func record(t *testing.T, fn func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.stage.end()
		fn(r)
	}()
	<-done
	return r
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.log, format+"\n", args...)
}

func (r *recorder) Helper()                           {}
func (r *recorder) Cleanup(f func())                  { r.stage.Cleanup(f) }
func (r *recorder) Logf(format string, args ...any)   { r.note(format, args...) }
func (r *recorder) Errorf(format string, args ...any) { r.note(format, args...); r.failed = true }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
func (r *recorder) Skipf(format string, args ...any) {
	r.note(format, args...)
	r.skipped = true
	runtime.Goexit()
}
func (r *recorder) Skip(args ...any) { r.Skipf("%s", fmt.Sprint(args...)) }
