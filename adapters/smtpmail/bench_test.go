package smtpmail_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

// far is a connection whose bytes need half of a round trip each way. Writing
// does not wait for it.
type far struct {
	net.Conn
	half time.Duration
	out  chan late
	done chan struct{}
	once sync.Once
}

type late struct {
	at    time.Time
	bytes []byte
}

func newFar(c net.Conn, half time.Duration) *far {
	f := &far{Conn: c, half: half, out: make(chan late, 1<<12), done: make(chan struct{})}
	go func() {
		for {
			select {
			case l := <-f.out:
				time.Sleep(time.Until(l.at))
				if _, err := f.Conn.Write(l.bytes); err != nil {
					return
				}
			case <-f.done:
				return
			}
		}
	}()
	return f
}

func (f *far) Write(b []byte) (int, error) {
	f.out <- late{time.Now().Add(2 * f.half), append([]byte(nil), b...)} // both ways in one
	return len(b), nil
}

func (f *far) Close() error {
	f.once.Do(func() { close(f.done) })
	return f.Conn.Close()
}

// BenchmarkTransports compares a pool of 16 connections with 4 pipelined ones,
// in turns, on a near relay and on one that is 5 ms away. "ratio" is what
// pipelining brings.
func BenchmarkTransports(b *testing.B) {
	for _, distance := range []struct {
		name string
		trip time.Duration
	}{{"near", 0}, {"5ms", 5 * time.Millisecond}} {
		b.Run(distance.name, func(b *testing.B) {
			sink, err := smtpsink.Start(nil)
			if err != nil {
				b.Fatal(err)
			}
			defer sink.Close()
			dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				if err != nil || distance.trip == 0 {
					return c, err
				}
				return newFar(c, distance.trip/2), nil
			}
			sender := func(conns, window int, ignore ...string) *smtpmail.Sender {
				c := config(sink.Addr())
				c.MaxConns, c.Window, c.Ignore, c.MaxMailsPerConn = conns, window, ignore, 1<<20
				s, err := smtpmail.New(c, &smtpmail.Options{Dial: dial})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { s.Close() })
				return s
			}
			pool, piped := sender(16, 1, "PIPELINING"), sender(4, 32)
			round := func(s *smtpmail.Sender, parallel, mails int) time.Duration {
				began := time.Now()
				var all sync.WaitGroup
				next := make(chan int, mails)
				for i := range mails {
					next <- i
				}
				close(next)
				for range parallel {
					all.Go(func() {
						for i := range next {
							if out := s.Send(context.Background(), notice(i)); out.Result != notify.ResultAccepted {
								b.Errorf("%+v", out)
							}
						}
					})
				}
				all.Wait()
				return time.Since(began)
			}
			var poolTime, pipedTime time.Duration
			mails := 0
			for b.Loop() {
				const each = 300
				poolTime += round(pool, 16, each)
				pipedTime += round(piped, 128, each)
				mails += each
			}
			b.ReportMetric(float64(mails)/poolTime.Seconds(), "pool-mails/s")
			b.ReportMetric(float64(mails)/pipedTime.Seconds(), "pipelined-mails/s")
			b.ReportMetric(poolTime.Seconds()/pipedTime.Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
