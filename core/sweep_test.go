package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// sweep runs one sweep that has to succeed.
func (c *cast) sweep() core.Swept {
	c.t.Helper()
	swept, err := c.sys.Sweep(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return swept
}

// sweepUntil goes from one wake-up of the duties to the next, as a machine that
// never fails would, up to and including an instant.
func (c *cast) sweepUntil(when string) {
	c.t.Helper()
	for {
		c.sweep()
		var next time.Time
		c.see(func(ctx context.Context, tx store.Tx) (err error) {
			next, err = tx.NextWake(ctx)
			return err
		})
		if next.IsZero() || next.After(instant(when)) {
			c.at(when)
			c.sweep()
			return
		}
		c.now.Store(&next)
	}
}

// instant reads "2017-03-15 14:00" on the clocks of Vietnam.
func instant(when string) time.Time {
	clock, err := calendar.ParseTimeOfDay(when[11:])
	if err != nil {
		panic(err)
	}
	return day(when[:10]).At(clock)
}

// owes puts an open duty into the store, as of now.
func (c *cast) owes(id duty.ID, t duty.Term) {
	c.t.Helper()
	if t.Subject.IsZero() {
		t.Subject = event.Subject{Type: "thing", ID: string(id)}
	}
	if t.Label == "" {
		t.Label = string(id)
	}
	d, err := duty.Open(id, t, policy.Default(), calendar2017(c.t), c.sys.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	c.put(func(ctx context.Context, tx store.Tx) error { return tx.PutDuty(ctx, &d) })
}

func (c *cast) duty(id duty.ID) (d duty.State) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) (err error) {
		d, err = tx.Duty(ctx, id)
		return err
	})
	return d
}

// outbox returns the notices that q selects.
func (c *cast) outbox(q notify.Query) (notices []notify.Notice) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) (err error) {
		notices, err = tx.Notices(ctx, q)
		return err
	})
	return notices
}

// told writes the notices of the ladder as "XL-1 e1 unit_head sms 13/02 08:00
// pending", in order.
func told(notices []notify.Notice) []string {
	lines := []string{}
	for _, n := range notices {
		if !strings.HasPrefix(n.Key, "duty/") {
			continue
		}
		_, level, _ := strings.Cut(strings.Split(n.Key, "/")[3], ".")
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s %s", n.Duty, level, n.To.Role, n.Channel,
			n.NotBefore.In(calendar.Zone()).Format("02/01 15:04"), n.State))
	}
	slices.Sort(lines)
	return lines
}

func unitClerk() org.Party { return org.Party{Role: org.UnitClerk, Unit: unitTNMT} }

func TestEX06_EachLevelIsSaidOnceAtItsHour(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-01-20 09:00")
	c.owes("I-6", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-01-20"), Days: 10})
	c.sweepUntil("2017-02-27 09:00")
	want := []string{
		"I-6 before unit_clerk email 08/02 08:00 pending",
		"I-6 e1 unit_clerk email 13/02 08:00 pending",
		"I-6 e1 unit_clerk sms 13/02 08:00 pending",
		"I-6 e1 unit_head email 13/02 08:00 pending",
		"I-6 e1 unit_head sms 13/02 08:00 pending",
		"I-6 e2 programme_office email 15/02 08:00 pending",
		"I-6 e2 programme_office sms 15/02 08:00 pending",
		"I-6 e2 unit_head email 15/02 08:00 pending",
		"I-6 e2 unit_head sms 15/02 08:00 pending",
		"I-6 e3 programme_leader email 17/02 08:00 pending",
		"I-6 e3 programme_leader sms 17/02 08:00 pending",
		"I-6 e4 programme_chair email 24/02 08:00 pending",
		"I-6 on_the_day unit_clerk email 10/02 08:00 pending",
	}
	notices := c.outbox(notify.Query{Duty: "I-6"})
	if diff := cmp.Diff(want, told(notices)); diff != "" {
		t.Error(diff)
	}
	for _, n := range notices {
		if !n.Created.Equal(n.NotBefore) {
			t.Errorf("%s was put there at %v", n.Key, n.Created)
		}
	}
}

func TestEX16_TheReportDutyOfAVisit(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01 09:00")
	var id visit.ID
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-03-08"), At: calendar.MustTimeOfDay(19, 0)})
		id = v.ID
		return err
	})
	c.sweepUntil("2017-03-10 23:59")
	status := func() (s visit.Status) {
		c.see(func(ctx context.Context, tx store.Tx) error {
			v, err := tx.Visit(ctx, id)
			s = v.Status
			return err
		})
		return s
	}
	if status() != visit.Planned {
		t.Errorf("until its due date has passed the visit is %s", status())
	}
	c.sweepUntil("2017-03-11 00:00")
	if status() != visit.Missed {
		t.Errorf("then it is %s", status())
	}
	c.sweepUntil("2017-03-15 13:00")
	report := c.outbox(notify.Query{Template: "duty.report.late"})
	var roles []string
	for _, n := range report {
		roles = append(roles, fmt.Sprintf("%s %s %s", n.NotBefore.In(calendar.Zone()).Format("02/01"), n.To.Role, n.Channel))
	}
	slices.Sort(roles)
	want := []string{
		"13/03 official email", "13/03 official sms", "13/03 team_leader email", "13/03 team_leader sms",
		"15/03 programme_office email", "15/03 programme_office sms", "15/03 unit_head email", "15/03 unit_head sms",
	}
	if diff := cmp.Diff(want, roles); diff != "" {
		t.Error(diff)
	}
	c.at("2017-03-15 14:00")
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Report(ctx, id, day("2017-03-08"), visit.Report{
			Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 30, Minutes: "…", LateReason: "ốm",
		})
		return err
	})
	c.sweepUntil("2017-03-31 09:00")
	for _, n := range c.outbox(notify.Query{Template: "duty.report.late"}) {
		if n.State != notify.Cancelled {
			t.Errorf("%s is %s though the report came", n.Key, n.State)
		}
		if n.To.Role == org.ProgrammeLeader {
			t.Errorf("E3 was said: %s", n.Key)
		}
	}
}

// outage sets the scene of EX-29: sweeps ran until Mon 27/03/2017 06:00.
func outage(t *testing.T) *cast {
	c := newCast(t, nil)
	c.unassign() // what officials owe by themselves is not in this scene
	c.at("2017-03-13 09:00")
	head := org.Party{Role: org.UnitHead, Unit: unitTNMT}
	c.owes("W", duty.Term{Kind: duty.Unit, Holder: head, Start: day("2017-03-13"), Due: day("2017-03-22")})
	c.owes("X", duty.Term{Kind: duty.Unit, Holder: head, Start: day("2017-03-13"), Due: day("2017-03-24")})
	c.owes("Y", duty.Term{Kind: duty.Unit, Holder: head, Start: day("2017-03-13"), Due: day("2017-03-27")})
	c.owes("V", duty.Term{Kind: duty.Visit, Holder: org.Party{Role: org.Official, Person: lan, Team: teamT3}, Place: "AP-01",
		Start: day("2017-03-13"), Due: day("2017-03-27"), At: calendar.MustTimeOfDay(14, 0)})
	c.sweepUntil("2017-03-27 06:00")
	return c
}

func TestEX29_AfterAnOutageLadderIsSaidAndRemindersExpire(t *testing.T) {
	c := outage(t)
	before := len(c.outbox(notify.Query{}))
	c.at("2017-03-28 10:00")
	swept := c.sweep()
	var fresh []notify.Notice
	for _, n := range c.outbox(notify.Query{}) {
		if n.Created.Equal(instant("2017-03-28 10:00")) {
			fresh = append(fresh, n)
		}
	}
	want := []string{
		"V on_the_day official email 27/03 11:00 expired",
		"V on_the_day official sms 27/03 11:00 expired",
		"W e2 programme_office email 27/03 08:00 pending",
		"W e2 programme_office sms 27/03 08:00 pending",
		"W e2 unit_head email 27/03 08:00 pending",
		"W e2 unit_head sms 27/03 08:00 pending",
		"X e1 programme_office email 27/03 08:00 pending",
		"X e1 programme_office sms 27/03 08:00 pending",
		"X e1 unit_head email 27/03 08:00 pending",
		"X e1 unit_head sms 27/03 08:00 pending",
		"Y e1 programme_office email 28/03 08:00 pending",
		"Y e1 programme_office sms 28/03 08:00 pending",
		"Y e1 unit_head email 28/03 08:00 pending",
		"Y e1 unit_head sms 28/03 08:00 pending",
		"Y on_the_day unit_head email 27/03 08:00 expired",
	}
	if diff := cmp.Diff(want, told(fresh)); diff != "" {
		t.Error(diff)
	}
	if swept.Duties != 4 || swept.Steps != 5 || swept.Notices != 12 || swept.Expired != 3 || swept.Failed != 0 {
		t.Errorf("%+v", swept)
	}
	if again := c.sweep(); again != (core.Swept{}) {
		t.Errorf("a second sweep did something: %+v", again)
	}
	if after := len(c.outbox(notify.Query{})); after != before+15 {
		t.Errorf("%d notices, %d before", after, before)
	}
}

func TestManySweepsAtOnceSayEverythingOnce(t *testing.T) {
	const duties, machines = 250, 4
	c := newCast(t, nil)
	c.unassign()
	c.at("2017-03-06 09:00")
	for i := range duties {
		c.owes(duty.ID(fmt.Sprintf("D-%03d", i)), duty.Term{Kind: duty.Triage, Holder: org.Party{Role: org.TeamLeader, Team: teamT3}, Start: day("2017-03-06"), Days: 2})
	}
	c.at("2017-03-10 09:00")
	var sum core.Swept
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range machines {
		wg.Go(func() {
			swept, err := c.sys.Sweep(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			sum.Steps += swept.Steps
			sum.Notices += swept.Notices
			sum.Expired += swept.Expired
		})
	}
	wg.Wait()
	// Each: T-0, stale, to one; E1 to holder and office by mail and SMS.
	if sum.Steps != 2*duties || sum.Expired != duties || sum.Notices != 4*duties {
		t.Errorf("%+v", sum)
	}
	if got := len(c.outbox(notify.Query{})); got != 5*duties {
		t.Errorf("%d notices", got)
	}
}

func TestADutyThatFailsDoesNotHoldUpTheOthersAndIsTriedAgain(t *testing.T) {
	broken := true
	opts := &core.Options{OnEvent: func(_ context.Context, _ *core.Work, r event.Record, _ event.Event) error {
		if broken && r.Kind == "visit.missed" {
			return errors.New("the host's system is down")
		}
		return nil
	}}
	c := newCast(t, opts)
	c.at("2017-03-01 09:00")
	var id visit.ID
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-03-08"), At: calendar.MustTimeOfDay(19, 0)})
		id = v.ID
		return err
	})
	c.owes("D", duty.Term{Kind: duty.Triage, Holder: org.Party{Role: org.TeamLeader, Team: teamT3}, Start: day("2017-03-09"), Days: 2})
	c.sweepUntil("2017-03-10 23:00")
	c.at("2017-03-14 09:00")
	swept, err := c.sys.Sweep(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the host's system is down") || swept.Failed != 1 || swept.Steps == 0 {
		t.Errorf("%v: %+v", err, swept)
	}
	if len(c.outbox(notify.Query{Duty: "D", Template: "duty.triage.late"})) == 0 {
		t.Error("the other duty was held up")
	}
	if again, err := c.sys.Sweep(t.Context()); err != nil || again.Failed != 0 {
		t.Errorf("it is not tried again at once: %v, %+v", err, again)
	}
	broken = false
	c.at("2017-03-14 09:15")
	if c.sweep().Elapsed != 1 {
		t.Error("it is not tried again later")
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		v, err := tx.Visit(ctx, id)
		if v.Status != visit.Missed {
			t.Errorf("the visit is %s", v.Status)
		}
		return err
	})
}

func TestAWindowThatClosedIsJournalledAsOfThatMomentHoweverLateTheSweep(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01 09:00")
	var subject event.Subject
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		v, err := w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Official: lan, Place: "AP-01", Date: day("2017-03-08"), At: calendar.MustTimeOfDay(19, 0)})
		subject = visit.Subject(v.ID)
		return err
	})
	c.at("2017-03-14 10:30")
	c.sweep()
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: subject, Kinds: []string{"visit.missed"}})
		if len(records) != 1 || !records[0].Happened.Equal(instant("2017-03-11 00:00")) || !records[0].Recorded.Equal(instant("2017-03-14 10:30")) {
			t.Errorf("%+v", records)
		}
		return err
	})
}

func TestAWindowIsOverEvenWhenNothingWasLeftToDo(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01 09:00")
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutVisit(ctx, &visit.State{ID: "V", Place: "AP-01", Team: teamT3, Official: lan, Status: visit.Verified, Planned: day("2017-02-28")})
	})
	c.owes("D", duty.Term{Kind: duty.Confirm, Subject: visit.Subject("V"), Holder: org.Party{Role: org.HamletHead, Place: "AP-01"}, Start: day("2017-03-01"), Days: 5})
	c.sweepUntil("2017-03-10 09:00")
	if d := c.duty("D"); d.Status != duty.Cancelled {
		t.Errorf("the window is %s", d.Status)
	}
}

func TestAPauseThatIsUsedUpEndsByItself(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-06 09:00")
	c.owes("D", duty.Term{Kind: duty.Appeal, Holder: org.Party{Role: org.ProgrammeLeader}, Start: day("2017-03-06"), Days: 10}) // due Mon 20/03
	c.put(func(ctx context.Context, tx store.Tx) error {
		d, err := tx.Duty(ctx, "D")
		if err != nil {
			return err
		}
		if err := d.Pause("needs_higher_level", vp01, policy.Default(), calendar2017(t), instant("2017-03-07 10:00")); err != nil {
			return err
		}
		return tx.PutDuty(ctx, &d)
	})
	c.at("2017-03-23 14:00") // it ended on Tue 21/03
	if swept := c.sweep(); swept.Resumed != 1 {
		t.Errorf("%+v", swept)
	}
	d := c.duty("D")
	if d.Status != duty.Running || d.Due != day("2017-04-03") || d.PausedDays() != 10 {
		t.Errorf("%s, due %v, paused %d", d.Status, d.Due, d.PausedDays())
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: d.Subject})
		var kinds []string
		for _, r := range records {
			kinds = append(kinds, r.Kind)
		}
		if diff := cmp.Diff([]string{"duty.deadline_moved", "duty.pause_ended"}, kinds); diff != "" {
			t.Error(diff)
		} else if ended := records[1]; !ended.Happened.Equal(instant("2017-03-21 00:00")) || ended.Actor != "system" {
			t.Errorf("%+v", ended)
		}
		return err
	})
}

// spec2019 is the calendar of EX-08.
func spec2019(version int, saturday bool) calendar.Spec {
	spec := calendar.Spec{
		ID: "VN-XL-2019", Version: version, Coverage: days("2019-01-01", "2019-12-31"),
		Closures: []calendar.Closure{{From: day("2019-04-29"), To: day("2019-05-01"), Name: "Nghỉ lễ", Kind: calendar.Holiday}},
	}
	if saturday {
		spec.WorkingDays = []calendar.WorkingDay{{Date: day("2019-05-04")}}
	}
	return spec
}

func TestEX08_ANewCalendarMovesDeadlinesAndSaysWhy(t *testing.T) {
	first, err := calendar.New(spec2019(1, true))
	if err != nil {
		t.Fatal(err)
	}
	c := newCast(t, &core.Options{Calendar: first})
	c.at("2019-04-26 09:00")
	for id, n := range map[duty.ID]int{"five": 5, "ten": 10} {
		d, err := duty.Open(id, duty.Term{
			Kind: duty.Unit, Subject: event.Subject{Type: "thing", ID: string(id)}, Holder: unitClerk(), Start: day("2019-04-26"), Days: n,
		}, policy.Default(), first, c.sys.Now())
		if err != nil {
			t.Fatal(err)
		}
		c.put(func(ctx context.Context, tx store.Tx) error { return tx.PutDuty(ctx, &d) })
	}
	if c.duty("five").Due != day("2019-05-07") || c.duty("ten").Due != day("2019-05-14") {
		t.Fatalf("due %v and %v", c.duty("five").Due, c.duty("ten").Due)
	}
	c.at("2019-05-02 10:00")
	c.put(func(ctx context.Context, tx store.Tx) error {
		second := spec2019(2, false)
		return tx.PutRule(ctx, &programme.Rule{ID: "R", Calendar: &second, Status: programme.RuleApproved, Reason: "bỏ làm bù", Proposer: vp01, Approver: pct})
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error { return core.Recalendar(ctx, w, "calendar v2") })
	for id, due := range map[duty.ID]string{"five": "2019-05-08", "ten": "2019-05-15"} {
		if d := c.duty(id); d.Due != day(due) || d.Calendar != "VN-XL-2019/2" {
			t.Errorf("%s is due %v by %s", id, d.Due, d.Calendar)
		}
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: event.Subject{Type: "thing", ID: "five"}})
		if len(records) != 1 || records[0].Kind != "duty.deadline_moved" || records[0].Why != "calendar v2" || records[0].Calendar != "VN-XL-2019/2" ||
			string(records[0].Data) != `{"duty":"five","duty_kind":"unit","old":"2019-05-07","new":"2019-05-08"}` {
			t.Errorf("%+v", records)
		}
		return err
	})
}

func TestANewCalendarTakesBackWhatIsNoLongerTrue(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-06 09:00")
	c.owes("D", duty.Term{Kind: duty.Unit, Holder: unitClerk(), Start: day("2017-03-06"), Days: 5}) // due Mon 13/03
	c.sweepUntil("2017-03-14 08:00")
	flood := spec2017()
	flood.Version = 2
	flood.Closures = append(flood.Closures, calendar.Closure{From: day("2017-03-09"), To: day("2017-03-10"), Name: "Nghỉ do lũ", Kind: calendar.District})
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutRule(ctx, &programme.Rule{ID: "R", Calendar: &flood, Status: programme.RuleApproved, Reason: "lũ", Proposer: vp01, Approver: pct})
	})
	c.must(pct, func(ctx context.Context, w *core.Work) error { return core.Recalendar(ctx, w, "calendar v2") })
	if d := c.duty("D"); d.Due != day("2017-03-15") || !d.WakeAt.Equal(instant("2017-03-15 08:00")) {
		t.Errorf("due %v, wakes at %v", d.Due, d.WakeAt)
	}
	for _, n := range c.outbox(notify.Query{Duty: "D", Template: "duty.unit.late"}) {
		if n.State != notify.Cancelled || n.Why != "calendar v2" {
			t.Errorf("%s is %s: %s", n.Key, n.State, n.Why)
		}
	}
}

func TestNextWakeIsTheEarliestOfDutiesNoticesAndTheNextDate(t *testing.T) {
	c := newCast(t, nil)
	c.unassign()
	c.at("2017-03-06 09:00")
	c.sweep()
	next := func() string {
		at, err := c.sys.NextWake(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at.In(calendar.Zone()).Format("2006-01-02 15:04")
	}
	if got := next(); got != "2017-03-07 00:00" {
		t.Errorf("with nothing to do: %s", got)
	}
	c.put(func(ctx context.Context, tx store.Tx) error {
		n := notify.Notice{ID: "N", Key: "k", Template: "t", State: notify.Pending, NotBefore: instant("2017-03-06 20:00"), NextAt: instant("2017-03-06 20:00"), Created: c.sys.Now()}
		_, err := tx.AddNotice(ctx, &n)
		return err
	})
	if got := next(); got != "2017-03-06 20:00" {
		t.Errorf("with a notice: %s", got)
	}
	c.owes("V", duty.Term{Kind: duty.Visit, Holder: org.Party{Role: org.Official, Person: lan}, Start: day("2017-03-06"), Due: day("2017-03-06"), At: calendar.MustTimeOfDay(19, 0)})
	if got := next(); got != "2017-03-06 16:00" {
		t.Errorf("with a visit tonight: %s", got)
	}
}
