package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/hibiken/asynq"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store/countrytest"
)

// letters makes the messages of the references: the same text, to the same
// people, as the product's.
type letters struct {
	subject, text string
	channel       notify.Channel
}

func newLetters(channel notify.Channel) (letters, error) {
	templates, err := notify.DefaultTemplates()
	if err != nil {
		return letters{}, err
	}
	vars := map[string]string{
		"place": "Ấp 1 (Xã Mẫu 1)", "weekday": "thứ Tư", "due": "15/3/2017", "time": "19:00", "sender": "UBND huyện", "hotline": "UBND huyện",
		"recipient": "Nguyễn Thử Nghiệm 000001", "given": "000001", "honorific": "ông/bà",
	}
	l := letters{channel: channel}
	l.subject, l.text, err = templates.Render("duty.visit", "vi", channel, vars)
	return l, err
}

func (l letters) message(k int) notify.Message {
	id := fmt.Sprintf("n-%08d", k)
	person := countrytest.Official(k)
	return notify.Message{
		Notice: notify.ID(id), Attempt: 1, IdempotencyKey: id, Channel: l.channel, Class: notify.Duty, To: l.to(k), ToName: string(person),
		Subject: l.subject, Text: l.text, Language: "vi", Template: "duty.visit", Created: morning,
	}
}

func (l letters) to(k int) string {
	if l.channel == notify.SMS {
		return fmt.Sprintf("+8490%07d", k%10_000_000)
	}
	return countrytest.Mailbox(countrytest.Official(k))
}

// sendAll sends the messages from to to, so many at once.
func (l letters) sendAll(ctx context.Context, s notify.Sender, from, to, parallel int) error {
	var next atomic.Int64
	next.Store(int64(from))
	faults := make([]error, parallel)
	var all sync.WaitGroup
	for w := range parallel {
		all.Go(func() {
			for k := int(next.Add(1)) - 1; k < to; k = int(next.Add(1)) - 1 {
				if out := s.Send(ctx, l.message(k)); out.Result != notify.ResultAccepted {
					faults[w] = fmt.Errorf("message %d: %s %s %s", k, out.Result, out.Code, out.Detail)
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

// plain is the client of the provider alone: no database, no queue.
type plain struct {
	job
	pooled  bool
	letters letters
	sender  interface {
		notify.Sender
		Close() error
	}
}

func (c *plain) prepare(context.Context) (err error) {
	if c.letters, err = newLetters(notify.Email); err == nil {
		c.sender, err = mailer(c.Sink.SMTP, !c.pooled)
	}
	return err
}

func (c *plain) run(ctx context.Context) error {
	return c.letters.sendAll(ctx, c.sender, 0, c.N, c.sender.Describe().Parallel)
}

func (c *plain) marks(context.Context) (int, error) { return c.N, nil } // it keeps none
func (c *plain) figures() map[string]float64        { return nil }
func (c *plain) close() error                       { return c.sender.Close() }

// noop is asynq alone: tasks that are in Redis already and do nothing.
type noop struct {
	job
	servers int
	client  []*redis.Client
	running []*asynq.Server
	done    atomic.Int64
}

func (c *noop) prepare(ctx context.Context) error {
	redisClient := redis.NewClient(&redis.Options{Addr: c.Redis})
	c.client = append(c.client, redisClient)
	queue := asynq.NewClientFromRedisClient(redisClient)
	faults := make([]error, 32)
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range faults {
		all.Go(func() {
			for k := next.Add(1) - 1; k < int64(c.N); k = next.Add(1) - 1 {
				task := asynq.NewTask("noop", []byte(fmt.Sprintf(`{"tickets":[{"id":"n-%08d","gen":1,"channel":"email","priority":"normal"}]}`, k)))
				if _, err := queue.EnqueueContext(ctx, task, asynq.TaskID(fmt.Sprint(k))); err != nil {
					faults[w] = err
				}
			}
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

func (c *noop) run(ctx context.Context) error {
	for range c.servers {
		client := redis.NewClient(&redis.Options{Addr: c.Redis}) // each has its own
		c.client = append(c.client, client)
		server := asynq.NewServerFromRedisClient(client, asynq.Config{LogLevel: asynq.FatalLevel})
		if err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { c.done.Add(1); return nil })); err != nil {
			return err
		}
		c.running = append(c.running, server)
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	for c.done.Load() < int64(c.N) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (c *noop) marks(context.Context) (int, error) { return int(c.done.Load()), nil }
func (c *noop) figures() map[string]float64        { return nil }

func (c *noop) close() error {
	for _, s := range c.running {
		s.Shutdown()
	}
	var faults []error
	for _, client := range c.client {
		faults = append(faults, client.Close())
	}
	return errors.Join(faults...)
}

// naive is what is written first: a row, a task for it, and a handler that
// connects, sends, and marks the row.
type naive struct {
	job
	letters letters
	pool    *pgxpool.Pool
	redis   *redis.Client
	server  *asynq.Server
	done    atomic.Int64
	failed  atomic.Int64
}

func (c *naive) prepare(ctx context.Context) (err error) {
	if c.letters, err = newLetters(notify.Email); err != nil {
		return err
	}
	if c.pool, err = pgxpool.New(ctx, c.Database); err != nil {
		return err
	}
	c.redis = redis.NewClient(&redis.Options{Addr: c.Redis})
	c.server = asynq.NewServerFromRedisClient(c.redis, asynq.Config{Concurrency: 16, LogLevel: asynq.FatalLevel})
	return c.server.Start(asynq.HandlerFunc(c.handle))
}

func (c *naive) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	queue := asynq.NewClientFromRedisClient(c.redis)
	for from := 0; from < c.N; from += factBatch {
		to := min(from+factBatch, c.N)
		if err := c.write(ctx, from, to); err != nil {
			return err
		}
		for k := from; k < to; k++ {
			if _, err := queue.EnqueueContext(ctx, asynq.NewTask("mail", []byte(fmt.Sprint(k)))); err != nil {
				return err
			}
		}
	}
	for c.done.Load() < int64(c.N) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d done, %d failed: %w", c.done.Load(), c.failed.Load(), err)
		}
	}
	return nil
}

func (c *naive) write(ctx context.Context, from, to int) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		ids, recipients := make([]string, 0, to-from), make([]string, 0, to-from)
		for k := from; k < to; k++ {
			ids, recipients = append(ids, fmt.Sprint(k)), append(recipients, c.letters.to(k))
		}
		if _, err := tx.Exec(ctx, `INSERT INTO fact SELECT id, 'visit planned', now() FROM unnest($1::text[]) id`, ids); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO mail (id, recipient) SELECT * FROM unnest($1::text[], $2::text[])`, ids, recipients)
		return err
	})
}

func (c *naive) handle(ctx context.Context, t *asynq.Task) error {
	err := c.send(ctx, string(t.Payload()))
	if err != nil {
		c.failed.Add(1)
	}
	return err
}

func (c *naive) send(ctx context.Context, id string) error {
	var to string
	if err := c.pool.QueryRow(ctx, `SELECT recipient FROM mail WHERE id = $1`, id).Scan(&to); err != nil {
		return err
	}
	mail := "From: HVCS <hvcs@dan-so.example>\r\nTo: <" + to + ">\r\nMessage-ID: <n." + id + "@dan-so.example>\r\nSubject: " + c.letters.subject +
		"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + c.letters.text + "\r\n"
	client, err := smtp.Dial(c.Sink.SMTP)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.SendMail("hvcs@dan-so.example", []string{to}, strings.NewReader(mail)); err != nil {
		return err
	}
	if err := client.Quit(); err != nil {
		return err
	}
	if _, err := c.pool.Exec(ctx, `UPDATE mail SET sent = now() WHERE id = $1`, id); err != nil {
		return err
	}
	c.done.Add(1)
	return nil
}

func (c *naive) marks(ctx context.Context) (n int, err error) {
	return n, c.pool.QueryRow(ctx, `SELECT count(*) FROM mail WHERE sent IS NOT NULL`).Scan(&n)
}

func (c *naive) figures() map[string]float64 { return nil }

func (c *naive) close() error {
	c.server.Shutdown()
	c.pool.Close()
	return c.redis.Close()
}
