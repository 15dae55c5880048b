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
	report := Run(t, double{channel: notify.SMS, tells: true, tokens: true}.harness())
	if n := report.Count(Kept); n != len(report.Promises) || report.Count(Broken) != 0 {
		t.Errorf("%d of %d promises are reported as kept: %+v", n, len(report.Promises), report)
	}
	if want := fmt.Sprintf("| double | sms | no | callback, query, poll | %d of %[1]d |  |", len(report.Promises)); report.String() != want {
		t.Errorf("the report reads\n%s\nwant\n%s", report, want)
	}
}

func TestTheReportSaysWhatDoesNotApplyAndWhy(t *testing.T) {
	h := double{channel: notify.Email, idempotent: true}.harness()
	h.Cannot = map[Fault]string{Drip: "the answer is one byte", StallBefore: "no time", StallAfter: "no time", StallOnce: "no time"}
	report := Run(t, h)
	if report.Keys != "always" || report.Receipts != "none" || report.Count(NotApplicable) == 0 ||
		!strings.Contains(report.String(), "the answer is one byte; ") {
		t.Errorf("%s\n%+v", report, report)
	}
	var r Report
	r.note(promise{name: "p"}, &check{TB: failedTB{t}})
	if r.Count(Broken) != 1 {
		t.Errorf("a promise that was broken is reported as %+v", r)
	}
}

// failedTB is a test that has failed.
type failedTB struct{ testing.TB }

func (failedTB) Failed() bool { return true }

func TestTheChannelOrTheKeyMakesNoHonestSenderFail(t *testing.T) {
	for _, d := range []double{
		{channel: notify.SMS, idempotent: true},
		{channel: notify.Email},
		{channel: notify.Email, idempotent: true},
		{channel: "loudspeaker"},
		{channel: notify.SMS, tells: true},
		{channel: notify.SMS, tokens: true},
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

// telling is flawed with a provider that tells what became of messages, fetching
// one that wants tokens.
func telling(flaw string, fails ...string) broken {
	return broken{flaw: flaw, double: double{channel: notify.SMS, tells: true, flaw: flaw}, fails: fails}
}

func fetching(flaw string, fails ...string) broken {
	return broken{flaw: flaw, double: double{channel: notify.SMS, tokens: true, flaw: flaw}, fails: fails}
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
				double: double{channel: notify.SMS, tokens: true, lieAbout: o.fault, lie: lie},
				fails:  []string{o.promise().name},
			})
		}
	}
	return list
}

// flaws lists senders with one flaw each.
func flaws() []broken {
	const (
		arrives   = "text arrives as it is or not at all: "
		read      = "a callback is read as what it says, whatever came before"
		same      = "a callback read twice is the same receipt"
		unknown   = "a callback about an unknown message is read like any other"
		malformed = "a malformed callback is turned away without a panic"
		foreign   = "a callback without the secret is turned away"
		asked     = "the provider can be asked what became of a message"
		fetched   = "what was fetched is forgotten by the provider only once it was taken"
		refreshed = "a token that expired is fetched anew once, whoever finds out"
	)
	return []broken{
		flawed("nameless", "Describe is constant and complete"),
		flawed("another name each time", "Describe is constant and complete"),
		flawed("asks twice", "a message taken is accepted with the provider's id, by one request"),
		flawed("id lost of the first", "a message taken is accepted with the provider's id, by one request"),
		flawed("key of the attempt", "a repetition carries the same key"),
		flawed("sends again after a cut", "one Send is one request"),
		flawed("no time limit", "Send ends by its time limit", "Send ends by its time limit though the answer drips in"),
		flawed("waits while bytes come in", "Send ends by its time limit though the answer drips in"),
		flawed("keeps whatever it is answered", "an answer without measure is not kept"),
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
		flawed("sends what has expired", "an expired message is not sent", "what has expired is judged by the clock the sender was given"),
		flawed("panics on an empty message", "an empty message is refused without a panic"),
		flawed("sends an empty text", "an empty message is refused without a panic"),
		flawed("fails to close twice", "Close may be called twice, and nothing is sent after it"),
		flawed("sends after Close", "Close may be called twice, and nothing is sent after it"),
		flawed("forgets the delay", "too fast is throttled", "too fast, until a date is throttled", "too fast, in words of its own is throttled"),
		flawed("knows no dates", "too fast, until a date is throttled"),
		flawed("knows no words of its own", "too fast, in words of its own is throttled"),
		flawed("goes by the machine's clock", "what has expired is judged by the clock the sender was given"),
		telling("declares what it has no method for", "what Describe declares can be shown"),
		telling("declares callbacks and shows none", "what Describe declares can be shown"),
		telling("takes every verdict for delivered", read, same),
		telling("remembers the first id", read),
		telling("names another provider", read, unknown),
		telling("puts the time into the code", same),
		telling("does not say thank you", "the answer to a callback is the one the provider wants"),
		telling("refuses what it never sent", unknown),
		telling("panics on a short callback", malformed),
		telling("takes what is malformed", malformed),
		telling("shows nothing malformed", malformed),
		telling("believes everybody", foreign),
		telling("says which secret it wants", foreign),
		telling("shows nobody foreign", foreign),
		telling("shows the number in the code", "a receipt holds no address, name or secret"),
		telling("answers delivered of everything", asked),
		telling("takes silence for no", "a question to a silent provider ends with an error"),
		telling("forgets before it was taken", fetched),
		telling("never forgets", fetched),
		fetching("declares tokens and shows none", "what Describe declares can be shown"),
		fetching("fetches a token each time", "a token is fetched once and kept", refreshed),
		fetching("two fetch at once", refreshed),
		fetching("fetches tokens in a loop", "tokens that are not honoured are not fetched in a loop"),
		{
			flaw:   "says that keys are known, and that they are not",
			double: double{channel: notify.SMS, idempotent: true, flaw: "cannot show a duplicate"},
			fails:  []string{"what Describe declares can be shown"},
		},
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
