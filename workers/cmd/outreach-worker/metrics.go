package main

import (
	"strconv"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/receipt"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// metrics are what Prometheus is told, on a registry of their own.
type metrics struct {
	registry *prometheus.Registry

	calls, waits, moves, tooLate, recovered, worthless, findings, callbacks *prometheus.CounterVec
	sweeps, missed                                                          prometheus.Counter
	seconds, accepted, receipts                                             *prometheus.HistogramVec
	lag                                                                     prometheus.Histogram
}

var (
	// callTimes are buckets for what should take a moment, waits those for what
	// may take a day.
	callTimes = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30}
	waitTimes = []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600}
)

func newMetrics(p *parts) *metrics {
	registry := prometheus.NewRegistry()
	m := &metrics{
		registry: registry,
		calls:    counter(registry, "outreach_provider_calls_total"), waits: counter(registry, "outreach_token_waits_total"),
		moves: counter(registry, "outreach_notice_moves_total"), tooLate: counter(registry, "outreach_cancel_too_late_total"),
		recovered: counter(registry, "outreach_recovered_total"), worthless: counter(registry, "outreach_worthless_tickets_total"),
		findings: counter(registry, "outreach_watch_findings_total"), callbacks: counter(registry, "outreach_callbacks_total"),
		sweeps: counter(registry, "outreach_sweeps_total").WithLabelValues(), missed: counter(registry, "outreach_reminders_missed_total").WithLabelValues(),
		seconds: histogram(registry, "outreach_provider_call_seconds", callTimes), accepted: histogram(registry, "outreach_accept_seconds", waitTimes),
		receipts: histogram(registry, "outreach_receipt_seconds", waitTimes),
	}
	m.lag = lagOf(registry)
	mode := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "outreach_mode", Help: described("outreach_mode").what}, described("outreach_mode").labels)
	for _, one := range []notify.Mode{notify.Live, notify.Pilot, notify.DryRun} {
		mode.WithLabelValues(string(one)).Set(0)
	}
	mode.WithLabelValues(string(p.config.Sending.Mode)).Set(1)
	registry.MustRegister(mode, newOutboxCollector(p), skewGauge(p),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// skewGauge tells how far this machine's clock is ahead of the database's.
func skewGauge(p *parts) prometheus.Collector {
	m := described("outreach_clock_skew_seconds")
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.what}, func() float64 {
		skew, _ := p.clock.Skew()
		return skew.Seconds()
	})
}

// described is the measure of a name; without words when the table has none.
func described(name string) measure {
	for _, m := range measures() {
		if m.name == name {
			return m
		}
	}
	return measure{name: name}
}

func counter(r *prometheus.Registry, name string) *prometheus.CounterVec {
	m := described(name)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: m.what}, m.labels)
	r.MustRegister(c)
	return c
}

func histogram(r *prometheus.Registry, name string, buckets []float64) *prometheus.HistogramVec {
	m := described(name)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: m.what, Buckets: buckets}, m.labels)
	r.MustRegister(h)
	return h
}

func lagOf(r *prometheus.Registry) prometheus.Histogram {
	m := described("outreach_relay_lag_seconds")
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: m.name, Help: m.what, Buckets: waitTimes})
	r.MustRegister(h)
	return h
}

// gauge describes a value that is asked for when Prometheus comes.
func gauge(name string) *prometheus.Desc {
	m := described(name)
	return prometheus.NewDesc(name, m.what, m.labels, nil)
}

// deliverOptions let the handler tell what it did.
func (m *metrics) deliverOptions(o deliver.Options) *deliver.Options {
	o.Observe = func(provider notify.Capabilities, outcome notify.Outcome, took time.Duration) {
		channel := string(provider.Channel)
		m.calls.WithLabelValues(provider.Name, channel, string(outcome.Result)).Inc()
		m.seconds.WithLabelValues(provider.Name, channel).Observe(took.Seconds())
	}
	o.Worthless = func(channel notify.Channel, tickets int) {
		m.worthless.WithLabelValues(string(channel)).Add(float64(tickets))
	}
	return &o
}

// receiptOptions let the desk tell what it did.
func (m *metrics) receiptOptions(o receipt.Options) *receipt.Options {
	o.Observe = func(provider string, status int) { m.callbacks.WithLabelValues(provider, strconv.Itoa(status)).Inc() }
	return &o
}

// observe lets relay and sweeper tell what they did.
func (m *metrics) observe() *workersfx.Observe {
	return &workersfx.Observe{
		Dispatched: func(d core.Dispatched) {
			if len(d.Tickets) > 0 {
				m.lag.Observe(d.Late.Seconds())
			}
			for provider, waiting := range d.Short {
				m.waits.WithLabelValues(provider).Add(float64(waiting))
			}
		},
		Swept: func(s core.Swept) {
			m.sweeps.Inc()
			m.missed.Add(float64(s.Expired))
		},
		Recovered: func(r core.Recovered) {
			for what, n := range map[string]int{"requeued": r.Requeued, "unknown": r.Unknown, "repeated": r.Repeated, "uncertain": r.Uncertain, "ended": r.Ended, "diverted": r.Diverted} {
				m.recovered.WithLabelValues(what).Add(float64(n))
			}
		},
		Watched: func(w core.Watched) {
			for _, what := range w.Late {
				m.findings.WithLabelValues(what).Inc()
			}
		},
	}
}

// moved counts what became of a notice; at is the instant of the step.
func (m *metrics) moved(n notify.Notice, at time.Time) {
	channel := string(n.Channel)
	told := n.State == notify.Delivered || n.State == notify.Undelivered
	if !n.Done.IsZero() && !n.Done.Equal(at) && !told {
		return // it was there before, and only looked at
	}
	m.moves.WithLabelValues(channel, string(n.State)).Inc()
	switch {
	case told:
		m.receipts.WithLabelValues(channel).Observe(max(0, at.Sub(n.Done).Seconds()))
	case n.State == notify.Accepted:
		m.accepted.WithLabelValues(channel).Observe(max(0, at.Sub(n.NotBefore).Seconds()))
		if !n.CancelAsked.IsZero() {
			m.tooLate.WithLabelValues(channel).Inc()
		}
	}
}

// queueCollector tells what is in Redis.
type queueCollector struct {
	inspector                *asynq.Inspector
	queues                   []string
	tasks, latency, readable *prometheus.Desc
}

func newQueueCollector(r redis.UniversalClient, queues []string) *queueCollector {
	return &queueCollector{
		inspector: asynq.NewInspectorFromRedisClient(r), queues: queues,
		tasks: gauge("outreach_queue_tasks"), latency: gauge("outreach_queue_latency_seconds"), readable: gauge("outreach_redis_readable"),
	}
}

// Describe is part of prometheus.Collector.
func (c *queueCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.tasks
	to <- c.latency
	to <- c.readable
}

// Collect is part of prometheus.Collector. A queue that Redis does not know is
// empty: it was emptied, or never used.
func (c *queueCollector) Collect(to chan<- prometheus.Metric) {
	known, err := c.inspector.Queues()
	readable := 1.0
	if err != nil {
		readable = 0
	}
	to <- prometheus.MustNewConstMetric(c.readable, prometheus.GaugeValue, readable)
	if err != nil {
		return
	}
	there := make(map[string]bool, len(known))
	for _, queue := range known {
		there[queue] = true
	}
	for _, queue := range c.queues {
		info := &asynq.QueueInfo{}
		if there[queue] {
			if found, err := c.inspector.GetQueueInfo(queue); err == nil {
				info = found
			}
		}
		for state, n := range map[string]int{"pending": info.Pending, "active": info.Active, "scheduled": info.Scheduled, "retry": info.Retry, "archived": info.Archived} {
			to <- prometheus.MustNewConstMetric(c.tasks, prometheus.GaugeValue, float64(n), queue, state)
		}
		to <- prometheus.MustNewConstMetric(c.latency, prometheus.GaugeValue, info.Latency.Seconds(), queue)
	}
}

// watchQueues adds the queues once it is known which there are.
func watchQueues(m *metrics, r redis.UniversalClient, w *workersfx.Workers) error {
	return m.registry.Register(newQueueCollector(r, w.Queues()))
}

// cacheFor is how old the counts of the outbox may be: however many ask, the
// database is asked once in that time.
const cacheFor = 3 * time.Second
