package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// metrics are what Prometheus is told, on a registry of their own. No label
// names anybody.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(p *parts) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outreach_provider_calls_total", Help: "Calls of providers, by what became of them.",
		}, []string{"provider", "channel", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "outreach_provider_call_seconds", Help: "How long calls of providers took.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30},
		}, []string{"provider", "channel"}),
	}
	mode := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "outreach_mode", Help: "Whom messages reach: 1 for the mode of this process."}, []string{"mode"})
	for _, one := range []notify.Mode{notify.Live, notify.Pilot, notify.DryRun} {
		mode.WithLabelValues(string(one)).Set(0)
	}
	mode.WithLabelValues(string(p.config.Sending.Mode)).Set(1)
	m.registry.MustRegister(mode, m.calls, m.seconds, newOutboxCollector(p), skewGauge(p),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// skewGauge tells how far this machine's clock is ahead of the database's.
func skewGauge(p *parts) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "outreach_clock_skew_seconds", Help: "By how much this machine's clock is ahead of the database's; negative: behind.",
	}, func() float64 {
		skew, _ := p.clock.Skew()
		return skew.Seconds()
	})
}

func (m *metrics) observe(provider notify.Capabilities, outcome notify.Outcome, took time.Duration) {
	channel := string(provider.Channel)
	m.calls.WithLabelValues(provider.Name, channel, string(outcome.Result)).Inc()
	m.seconds.WithLabelValues(provider.Name, channel).Observe(took.Seconds())
}

// cacheFor is how old the counts of the outbox may be: however many ask, the
// database is asked once in that time.
const cacheFor = 10 * time.Second

// outboxCollector tells what is in the outbox.
type outboxCollector struct {
	count                 func(context.Context) (outboxState, error)
	now                   func() time.Time
	notices, oldest, fine *prometheus.Desc

	mu    sync.Mutex
	asked time.Time
	last  outboxState
	err   error
}

// outboxState is what the database said.
type outboxState struct {
	notices map[notify.State]int
	oldest  time.Duration // how long the notice that has been due longest has waited
}

func newOutboxCollector(p *parts) *outboxCollector {
	return &outboxCollector{
		count:   p.count,
		now:     time.Now,
		notices: prometheus.NewDesc("outreach_notices", "Notices in the outbox, by state.", []string{"state"}, nil),
		oldest:  prometheus.NewDesc("outreach_oldest_due_seconds", "For how long the oldest notice that is due has waited to be handed out.", nil, nil),
		fine:    prometheus.NewDesc("outreach_outbox_readable", "Whether the outbox could be read: 1 or 0.", nil, nil),
	}
}

// count reads the outbox.
func (p *parts) count(ctx context.Context) (outboxState, error) {
	var s outboxState
	err := p.system.View(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		var err error
		s.notices, err = w.Notices.Count(ctx)
		return err
	})
	if err != nil {
		return s, err
	}
	err = p.store.View(ctx, func(ctx context.Context, tx store.Tx) error {
		next, err := tx.NextNotice(ctx)
		if err == nil && !next.IsZero() {
			s.oldest = max(0, p.system.Now().Sub(next))
		}
		return err
	})
	return s, err
}

// Describe is part of prometheus.Collector.
func (c *outboxCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.notices
	to <- c.oldest
	to <- c.fine
}

// Collect is part of prometheus.Collector. What cannot be read is left out, and
// said so.
func (c *outboxCollector) Collect(to chan<- prometheus.Metric) {
	state, err := c.read()
	if err != nil {
		to <- prometheus.MustNewConstMetric(c.fine, prometheus.GaugeValue, 0)
		return
	}
	to <- prometheus.MustNewConstMetric(c.fine, prometheus.GaugeValue, 1)
	to <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, state.oldest.Seconds())
	for _, s := range states() {
		to <- prometheus.MustNewConstMetric(c.notices, prometheus.GaugeValue, float64(state.notices[s]), string(s))
	}
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

// serve answers the questions of whoever watches the process.
func serve(lc fx.Lifecycle, p *parts, m *metrics, log *slog.Logger) {
	listen(lc, p.config.Listen, "health and metrics", handler(p, m), log)
}

// serveReceipts takes the callbacks of providers.
func serveReceipts(lc fx.Lifecycle, p *parts, w *workersfx.Workers, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle("/receipts/", w.Desk)
	listen(lc, p.config.Receipts.Listen, "receipts", mux, log)
}

// listen serves h at an address for as long as the application runs.
func listen(lc fx.Lifecycle, address, what string, h http.Handler, log *slog.Logger) {
	if address == "off" {
		return
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
			if err != nil {
				return err
			}
			log.Info("listening", "address", listener.Addr().String(), "for", what)
			go func() {
				defer close(done)
				if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
					log.Error("not served any more", "what", what, "error", err)
				}
			}()
			return nil
		},
		OnStop: func(ctx context.Context) error {
			err := server.Shutdown(ctx)
			<-done
			return err
		},
	})
}

func handler(p *parts, m *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := p.reaches(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
