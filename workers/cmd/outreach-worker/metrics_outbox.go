package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// outboxState is what the database said.
type outboxState struct {
	at        time.Time
	notices   map[notify.State]int
	oldest    time.Duration                  // how long the notice that has been due longest has waited for a worker
	age       map[notify.State]time.Duration // of the oldest in a state that should not last
	receipts  int
	segments  int
	providers []notify.Provider
}

// passing are states in which nothing should stay.
func passing() []notify.State { return []notify.State{notify.Queued, notify.Sending, notify.Unknown} }

// count reads the outbox.
func (p *parts) count(ctx context.Context) (outboxState, error) {
	s := outboxState{at: p.system.Now(), age: make(map[notify.State]time.Duration)}
	err := p.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		var err error
		s.notices, err = w.Notices.Count(ctx)
		return err
	})
	if err != nil {
		return s, err
	}
	since, err := p.system.OldestDue(ctx)
	if err != nil {
		return s, err
	}
	if !since.IsZero() {
		s.oldest = max(0, s.at.Sub(since))
	}
	err = p.store.View(ctx, func(ctx context.Context, tx store.Tx) error {
		for _, state := range passing() {
			oldest, err := tx.Notices(ctx, notify.Query{States: []notify.State{state}, Limit: 1})
			if err != nil {
				return err
			}
			if len(oldest) > 0 {
				s.age[state] = max(0, s.at.Sub(oldest[0].Created))
			}
		}
		waiting, err := tx.Inbound(ctx, notify.InboundQuery{States: []notify.InboundState{notify.InboundWaiting}, Limit: 1000})
		if err != nil {
			return err
		}
		s.receipts = len(waiting)
		if s.segments, err = tx.SegmentsSpent(ctx, calendar.DateOf(s.at).At(calendar.TimeOfDay{}).UTC()); err != nil {
			return err
		}
		s.providers, err = tx.Providers(ctx)
		return err
	})
	return s, err
}

// outboxCollector tells what is in the outbox.
type outboxCollector struct {
	count  func(context.Context) (outboxState, error)
	now    func() time.Time
	budget int

	notices, oldest, age, fine, receipts, segments, allowed, open, paused, weight *prometheus.Desc

	mu    sync.Mutex
	asked time.Time
	last  outboxState
	err   error
}

func newOutboxCollector(p *parts) *outboxCollector {
	return &outboxCollector{
		count: p.count, now: time.Now, budget: p.policy.Notices.SMSSegmentsPerDay,
		notices: gauge("outreach_notices"), oldest: gauge("outreach_oldest_due_seconds"), age: gauge("outreach_oldest_seconds"),
		fine: gauge("outreach_outbox_readable"), receipts: gauge("outreach_receipts_waiting"),
		segments: gauge("outreach_sms_segments_today"), allowed: gauge("outreach_sms_segments_budget"),
		open: gauge("outreach_breaker_open"), paused: gauge("outreach_provider_paused"), weight: gauge("outreach_provider_weight"),
	}
}

// Describe is part of prometheus.Collector.
func (c *outboxCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.notices, c.oldest, c.age, c.fine, c.receipts, c.segments, c.allowed, c.open, c.paused, c.weight} {
		to <- d
	}
}

// Collect is part of prometheus.Collector. What cannot be read is left out, and
// said so.
func (c *outboxCollector) Collect(to chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	state, err := c.read()
	if err != nil {
		tell(c.fine, 0)
		return
	}
	tell(c.fine, 1)
	tell(c.oldest, state.oldest.Seconds())
	for _, s := range states() {
		tell(c.notices, float64(state.notices[s]), string(s))
	}
	for _, s := range passing() {
		tell(c.age, state.age[s].Seconds(), string(s))
	}
	tell(c.receipts, float64(state.receipts))
	tell(c.segments, float64(state.segments))
	tell(c.allowed, float64(c.budget))
	for _, p := range state.providers {
		channel := string(p.Channel)
		tell(c.open, yes(p.Breaker.Open), p.Name, channel)
		tell(c.paused, yes(state.at.Before(p.Breaker.Pause)), p.Name, channel)
		tell(c.weight, float64(p.Weight), p.Name, channel)
	}
}

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (c *outboxCollector) read() (outboxState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.asked.IsZero() || now.Sub(c.asked) >= cacheFor {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		c.last, c.err = c.count(ctx)
		c.asked = now
	}
	return c.last, c.err
}
