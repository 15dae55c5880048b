package main

import (
	"context"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
)

// even are books in which everything adds up.
func even() books {
	now := time.Date(2017, 3, 1, 0, 0, 0, 0, time.UTC)
	return books{
		now: now,
		notices: []notify.Notice{
			{ID: "sms-1", Channel: notify.SMS, State: notify.Accepted},
			{ID: "sms-2", Channel: notify.SMS, State: notify.Delivered, Replays: 1},
			{ID: "mail-1", Channel: notify.Email, State: notify.Accepted},
			{ID: "item", Channel: notify.Email, State: notify.Accepted, MergedInto: "mail-1"},
			{ID: "later", Channel: notify.SMS, State: notify.Pending, NextAt: now.Add(time.Hour)},
			{ID: "moot", Channel: notify.SMS, State: notify.Cancelled},
			{ID: "paper", Channel: notify.PaperTask, State: notify.Delivered},
		},
		texts: []smssink.Message{{ClientID: "sms-1"}, {ClientID: "sms-2.1"}},
		mails: []smtpsink.Mail{{MessageID: "n.mail-1@xuanloc.example"}},
	}
}

func TestTheLedgersAreHeldAgainstTheNotices(t *testing.T) {
	for name, c := range map[string]struct {
		change                  func(*books)
		sent, lost, double, odd int
	}{
		"everything adds up":                {func(*books) {}, 3, 0, 0, 0},
		"a mail that is in no ledger":       {func(b *books) { b.mails = nil }, 2, 1, 0, 0},
		"an SMS that is in no ledger":       {func(b *books) { b.texts = b.texts[1:] }, 2, 1, 0, 0},
		"an SMS that was taken twice":       {func(b *books) { b.texts = append(b.texts, b.texts[0]) }, 3, 0, 1, 0},
		"a mail that was taken twice":       {func(b *books) { b.mails = append(b.mails, b.mails[0]) }, 3, 0, 1, 0},
		"a message nobody wrote":            {func(b *books) { b.texts = append(b.texts, smssink.Message{ClientID: "ghost"}) }, 3, 0, 0, 1},
		"a cancelled notice that went":      {func(b *books) { b.texts = append(b.texts, smssink.Message{ClientID: "moot"}) }, 3, 0, 0, 1},
		"a notice that is overdue":          {func(b *books) { b.notices[4].NextAt = b.now }, 3, 1, 0, 0},
		"a notice that is stuck":            {func(b *books) { b.notices[4].State = notify.Queued }, 3, 1, 0, 0},
		"an item without its carrier":       {func(b *books) { b.notices[3].MergedInto = "nowhere" }, 3, 1, 0, 0},
		"mails to a server of other people": {func(b *books) { b.mails, b.foreign = nil, true }, 3, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := even()
			c.change(&b)
			a := reckon(b)
			if a.sent != c.sent || len(a.lost) != c.lost || len(a.double) != c.double || len(a.strange) != c.odd {
				t.Errorf("sent %d, lost %v, double %v, strange %v", a.sent, a.lost, a.double, a.strange)
			}
			if bad := (summary{account: a}).verdict() != nil; bad != (c.lost+c.double+c.odd > 0) {
				t.Errorf("the verdict is %v", bad)
			}
		})
	}
}

func TestADrawDependsOnItsNameAndTheSeedAlone(t *testing.T) {
	day := calendar.MustDate(2017, time.March, 8)
	d := draws{60}
	before := d.between(0, 1_000_000, "people", "visit-1", day)
	d.chance(0.5, "something", "new", day)
	if d.between(0, 1_000_000, "people", "visit-1", day) != before {
		t.Error("another draw changed this one")
	}
	if (draws{61}).between(0, 1_000_000, "people", "visit-1", day) == before || d.between(0, 1_000_000, "people", "visit-1", day.Add(1)) == before {
		t.Error("seed and day make no difference")
	}
	hits := 0
	for n := range 10_000 {
		if d.chance(0.2, "chance", "x", day.Add(n%300)) && d.weighted([]float64{0, 1, 0}, "w", "x", day.Add(n)) == 1 {
			hits++
		}
	}
	if hits < 1500 || hits > 2500 {
		t.Errorf("a chance of 0.2 came %d times in 10.000", hits)
	}
}

func TestIDsOfASeasonAreDistinctAndInOrder(t *testing.T) {
	c := newClock(civil(calendar.MustDate(2017, time.February, 1), 8, 0))
	next, other := newIDs(c, 60), newIDs(c, 61)
	last := ""
	for n := range 5000 {
		if n%1000 == 999 {
			c.set(c.Now().Add(time.Minute))
		}
		id := next()
		if id <= last || len(id) != 36 || id[14] != '7' || id == other() {
			t.Fatalf("id %d is %s after %s", n, id, last)
		}
		last = id
	}
}

func TestTheBarIsFullOnTheLastDay(t *testing.T) {
	from, to := calendar.MustDate(2017, time.February, 1), calendar.MustDate(2017, time.May, 31)
	p := newProgress(nil, from, to)
	for day, want := range map[calendar.Date]int{from: 0, to: barWidth, to.Add(5): barWidth} {
		full := 0
		for _, r := range p.line(day) {
			if r == '█' {
				full++
			}
		}
		if full != want {
			t.Errorf("%s: %d of %d", day, full, barWidth)
		}
	}
}

func TestTheSeasonRunsAsFastAsItIsWanted(t *testing.T) {
	c := newClock(civil(calendar.MustDate(2017, time.February, 1), 8, 0))
	s := season{cfg: config{speed: 100_000}, time: c}
	next := c.Now().Add(time.Hour)
	began := time.Now()
	if err := s.wait(t.Context(), next); err != nil || !c.Now().Equal(next) {
		t.Errorf("%v, the clock shows %s", err, c.Now())
	}
	if took := time.Since(began); took < 36*time.Millisecond {
		t.Errorf("an hour took %v, want a hundred-thousandth of it", took)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.wait(ctx, next.Add(1000*time.Hour)); err == nil {
		t.Error("it waits on after it was told to stop")
	}
}
