package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/huongvecoso/outreach/adapters/httpsms/httpsmsfx"
	"github.com/huongvecoso/outreach/adapters/logsender/logsenderfx"
	"github.com/huongvecoso/outreach/adapters/pgwake"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpmailfx"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/receipt"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

const (
	startPatience = 30 * time.Second
	stopPatience  = 40 * time.Second
)

// deliverUntilStopped runs the workers until ctx ends.
func deliverUntilStopped(ctx context.Context, c *call) error {
	p := c.parts
	log := slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: p.config.LogLevel}))
	if err := p.ready(ctx); err != nil {
		return err
	}
	if err := p.readClock(ctx, log); err != nil {
		return err
	}
	for _, w := range p.warnings() {
		log.Warn(w)
	}
	if p.imitation != nil {
		log.Warn("redis is an IMITATION in this process, for a first look: name a real one for anything else")
	}
	m := newMetrics(p)
	p.moved.Store(m)
	app := fx.New(p.application(m, log))
	if err := app.Err(); err != nil {
		return err
	}
	if err := within(startPatience, app.Start); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	log.Info("delivering", "version", version(), "database", p.dialect, "listen", p.config.Listen)
	select {
	case <-ctx.Done():
	case <-app.Wait():
	}
	log.Info("stopping")
	if err := within(stopPatience, app.Stop); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	log.Info("stopped")
	return nil
}

// application is everything that runs, put together.
func (p *parts) application(m *metrics, log *slog.Logger) fx.Option {
	return fx.Options(
		fx.WithLogger(func() fxevent.Logger {
			l := &fxevent.SlogLogger{Logger: log}
			l.UseLogLevel(slog.LevelDebug)
			return l
		}),
		fx.StartTimeout(startPatience), fx.StopTimeout(stopPatience),
		fx.Supply(log, p.system, p.bell, p.config.Workers, p, m,
			m.deliverOptions(deliver.Options{Log: log}), m.receiptOptions(receipt.Options{Log: log, Forwarded: p.config.Receipts.Forwarded}), m.observe()),
		fx.Provide(func() redis.UniversalClient { return p.redis }),
		fx.Invoke(serve, keepTime, listenForNotices), // first, so that they are stopped last
		p.senders(),
		workersfx.Module,
		fx.Invoke(watchQueues, serveReceipts),
	)
}

// listenForNotices wakes the relay for what other processes commit.
func listenForNotices(life fx.Lifecycle, p *parts, log *slog.Logger) {
	if p.others == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	life.Append(fx.StartStopHook(func() {
		listening.Go(func() {
			_ = pgwake.Listen(ctx, p.config.Database, p.config.Notify, p.bell.Ring, &pgwake.Options{Log: log}) // ends with ctx
		})
	}, func() { cancel(); listening.Wait() }))
}

func within(d time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return do(ctx)
}

// senders are the providers that are set; the other channels are logged, so that
// their notices do not wait for ever without anybody noticing.
func (p *parts) senders() fx.Option {
	var logged logsenderfx.Channels
	options := []fx.Option{}
	if p.config.SMTP.Addr != "" {
		options = append(options, fx.Supply(p.config.SMTP, p.mailOptions()), smtpmailfx.Module)
	} else {
		logged = append(logged, notify.Email)
	}
	if len(p.gateways) > 0 {
		options = append(options, fx.Supply(httpsmsfx.Gateways(p.gateways), p.smsOptions()), httpsmsfx.Module)
	}
	if p.config.SMPP.Addr != "" {
		options = append(options, p.centre())
	}
	if !p.sendsSMS() {
		logged = append(logged, notify.SMS)
	}
	if len(logged) > 0 {
		options = append(options, fx.Supply(logged), logsenderfx.Module)
	}
	return fx.Options(options...)
}

// sendsSMS reports whether a provider of SMS is set.
func (p *parts) sendsSMS() bool { return len(p.gateways) > 0 || p.config.SMPP.Addr != "" }

// warnings are what is allowed and hardly meant.
func (p *parts) warnings() []string {
	all := slices.Clone(p.config.warnings)
	switch c := p.config.Sending; c.Mode {
	case notify.Pilot:
		all = append(all, fmt.Sprintf("this is a PILOT: messages reach the %d addresses of its list and NOBODY ELSE, and count as sent", len(c.Pilot)))
	case notify.DryRun:
		all = append(all, "this is a DRY RUN: messages REACH NOBODY, and count as sent")
	}
	if p.config.SMTP.Addr == "" {
		all = append(all, "no mail relay is set (smtp.addr): mails are LOGGED AND REACH NOBODY, and count as sent")
	}
	if !p.sendsSMS() {
		all = append(all, "no SMS gateway is set (sms.url, sms.gateway or smpp.addr): SMS are LOGGED AND REACH NOBODY, and count as sent")
	}
	if p.config.Secret == "" {
		all = append(all, "no secret is set: hashes of addresses are made with a key that everybody knows")
	}
	return all
}

// reaches reports whether database and Redis answer now.
func (p *parts) reaches(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var wrong []error
	if err := p.reachable(ctx); err != nil {
		wrong = append(wrong, err)
	}
	if err := p.redis.Ping(ctx).Err(); err != nil {
		wrong = append(wrong, fmt.Errorf("redis does not answer: %w", err))
	}
	return errors.Join(wrong...)
}
