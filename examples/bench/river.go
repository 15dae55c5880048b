package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/huongvecoso/outreach/core/notify"
)

// riverArgs are the messages of one job: those numbered From to To. Whatever the
// message needs it has from its number, without looking anything up.
type riverArgs struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Kind implements river.JobArgs.
func (riverArgs) Kind() string { return "messages" }

// rival is River with the same senders: facts and jobs are committed together,
// jobs are worked on while more are written. It is tuned as its documentation
// says for throughput: inserts by COPY, as many workers as there are connections
// and more, the shortest pause between two fetches.
type rival struct {
	job
	river.WorkerDefaults[riverArgs]
	channel notify.Channel
	batch   int // messages in a job
	pooled  bool

	letters letters
	sender  interface {
		notify.Sender
		Close() error
	}
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	done   atomic.Int64
}

// riverWorkers are the jobs that one process works on at once.
const riverWorkers = 64

// riverFetch is the pause between two fetches.
const riverFetch = 2 * time.Millisecond

// riverPool are the connections that River is given, wherever it stands in.
func riverPool(ctx context.Context, database string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 24
	return pgxpool.NewWithConfig(ctx, config)
}

func (c *rival) prepare(ctx context.Context) (err error) {
	if c.letters, err = newLetters(c.channel); err != nil {
		return err
	}
	if c.channel == notify.SMS {
		c.sender, err = texter(c.Sink.SMS)
	} else {
		c.sender, err = mailer(c.Sink.SMTP, !c.pooled)
	}
	if err != nil {
		return err
	}
	if c.pool, err = riverPool(ctx, c.Database); err != nil {
		return err
	}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, c); err != nil {
		return err
	}
	c.client, err = river.NewClient(riverpgxv5.New(c.pool), &river.Config{
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: riverWorkers}},
		Workers:       workers,
		FetchCooldown: riverFetch, FetchPollInterval: 100 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return c.client.Start(ctx)
}

// Work implements river.Worker.
func (c *rival) Work(ctx context.Context, j *river.Job[riverArgs]) error {
	if err := c.letters.sendAll(ctx, c.sender, j.Args.From, j.Args.To, j.Args.To-j.Args.From); err != nil {
		return err
	}
	c.done.Add(int64(j.Args.To - j.Args.From))
	return nil
}

func (c *rival) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	for from := 0; from < c.N; from += factBatch {
		if err := c.write(ctx, from, min(from+factBatch, c.N)); err != nil {
			return err
		}
	}
	for c.done.Load() < int64(c.N) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d: %w", c.done.Load(), c.N, err)
		}
	}
	for {
		open := true
		err := c.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM river_job WHERE state <> 'completed')`).Scan(&open)
		if err != nil || !open {
			return err
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

func (c *rival) write(ctx context.Context, from, to int) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		ids := make([]string, 0, to-from)
		for k := from; k < to; k++ {
			ids = append(ids, fmt.Sprint(k))
		}
		if _, err := tx.Exec(ctx, `INSERT INTO fact SELECT id, 'visit planned', now() FROM unnest($1::text[]) id`, ids); err != nil {
			return err
		}
		var jobs []river.InsertManyParams
		for k := from; k < to; k += c.batch {
			jobs = append(jobs, river.InsertManyParams{Args: riverArgs{k, min(k+c.batch, to)}})
		}
		_, err := c.client.InsertManyFastTx(ctx, tx, jobs)
		return err
	})
}

// marks counts the messages of the jobs that River has marked as completed.
func (c *rival) marks(ctx context.Context) (n int, err error) {
	return n, c.pool.QueryRow(ctx, `SELECT coalesce(sum((args->>'to')::int - (args->>'from')::int), 0) FROM river_job WHERE state = 'completed'`).Scan(&n)
}

func (c *rival) figures() map[string]float64 { return nil }

func (c *rival) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := c.client.Stop(ctx)
	c.pool.Close()
	return errors.Join(err, c.sender.Close())
}
