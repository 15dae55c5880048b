// Package rate keeps to the rates of providers over all processes: one token
// bucket for each provider account, in Redis and by the clock of Redis, so that
// no process's own clock matters. A relay takes tokens before it puts tasks into
// the queue; workers take none. A Redis that was emptied lets one burst through.
package rate

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/notify"
)

// Limit is what a provider takes: so many a second on average, and so many at
// once. The unit is a segment of an SMS, or a mail.
type Limit struct {
	PerSecond float64
	Burst     int // 0: what comes together in one second, at least 1
}

func (l Limit) burst() int {
	p := notify.Provider{Rate: l.PerSecond, Burst: l.Burst}
	return p.AtOnce()
}

// Buckets are the buckets of one installation. They are safe for concurrent use.
type Buckets struct {
	redis  redis.Scripter
	prefix string
}

// New keeps buckets under names that begin with prefix.
func New(r redis.Scripter, prefix string) *Buckets { return &Buckets{redis: r, prefix: prefix} }

// take fills the bucket up to now, and takes as many whole tokens as there are
// of those wanted, or all of them where they are spent already: then the bucket
// owes. A negative wish gives tokens back.
var take = redis.NewScript(`
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local granted = want
if ARGV[4] ~= 'spent' then granted = math.min(want, math.max(0, math.floor(tokens))) end
tokens = math.min(burst, tokens - granted)
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - math.min(0, tokens)) / rate * 1000) + 1000)
return granted`)

// Take takes up to want tokens of a provider and returns how many it got.
func (b *Buckets) Take(ctx context.Context, provider string, l Limit, want int) (int, error) {
	if l.PerSecond <= 0 {
		return want, nil
	}
	return b.run(ctx, provider, l, want, "wanted")
}

func (b *Buckets) run(ctx context.Context, provider string, l Limit, tokens int, how string) (int, error) {
	granted, err := take.Run(ctx, b.redis, []string{b.prefix + ":rate:{" + provider + "}"}, l.PerSecond, l.burst(), tokens, how).Int()
	if err != nil {
		return 0, fmt.Errorf("rate: bucket of %s: %w", provider, err)
	}
	return granted, nil
}

// Give puts tokens back that were not used. A negative number is what was used beyond
// what Take gave: the bucket owes it, and gives nothing until it has come in.
func (b *Buckets) Give(ctx context.Context, provider string, l Limit, unused int) error {
	if unused == 0 || l.PerSecond <= 0 {
		return nil
	}
	_, err := b.run(ctx, provider, l, -unused, "spent")
	return err
}
