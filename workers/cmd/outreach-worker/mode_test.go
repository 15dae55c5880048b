package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// running is the program at work.
type running struct {
	t     *testing.T
	said  *lines
	stop  context.CancelFunc
	ended chan int
}

func (d *district) run() *running {
	d.t.Helper()
	ctx, stop := context.WithCancel(d.t.Context())
	r := &running{t: d.t, said: &lines{}, stop: stop, ended: make(chan int, 1)}
	env := slices.Clone(d.env)
	go func() { r.ended <- run(ctx, []string{"run"}, env, io.Discard, r.said) }()
	d.t.Cleanup(stop)
	return r
}

// end stops it and checks that it ends in order.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	select {
	case code := <-r.ended:
		if code != exitOK {
			r.t.Errorf("ended with %d:\n%s", code, r.said)
		}
	case <-time.After(60 * time.Second):
		r.t.Fatal("it does not stop")
	}
}

// until waits for something to become true.
func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !true(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute still not: %s", what)
		}
	}
}

// admin lets the i-th person manage notices.
func (d *district) admin(i int) string {
	d.t.Helper()
	d.store(func(p *parts) {
		err := p.store.Update(d.t.Context(), func(ctx context.Context, tx store.Tx) error {
			return tx.PutHolding(ctx, &org.Holding{ID: "admin", Person: outboxtest.Person(i), Role: org.Admin, Valid: calendar.Period{From: calendar.MustDate(2017, time.January, 1)}})
		})
		if err != nil {
			d.t.Fatal(err)
		}
	})
	return string(outboxtest.Person(i))
}

// wentOut is how many of the notices of fill nobody has to do anything with any more.
func (d *district) wentOut(n int) int {
	d.t.Helper()
	count := 0
	d.store(func(p *parts) {
		err := p.store.View(d.t.Context(), func(ctx context.Context, tx store.Tx) error {
			for i := range n {
				one, err := tx.Notice(ctx, outboxtest.ID(i))
				if err != nil {
					return err
				}
				if one.State == notify.Accepted || one.State == notify.Delivered {
					count++
				}
			}
			return nil
		})
		if err != nil {
			d.t.Fatal(err)
		}
	})
	return count
}

// The whole way, from the outbox through Redis and the workers to the providers:
// a dry run reaches nobody, a pilot those on its list, in whatever form they are
// written there, and nobody else. And no copy in another mode gets to work.
func TestAPilotAndADryRunNeverReachAnybodyElse(t *testing.T) {
	const people = 8 // even ones get a mail, odd ones an SMS
	for name, c := range map[string]struct {
		mode, list string
		mails      []string
		messages   []string
		warning    string
		shown      string
	}{
		"dry run": {"dry-run", "", nil, nil, "DRY RUN", "DRY RUN"},
		"pilot": {"pilot", "# those who try it\n" + strings.ToUpper(outboxtest.Email(2)) + "\n0900 000 003 # with blanks\n+84999999999\n",
			[]string{outboxtest.Email(2)}, []string{outboxtest.Phone(3)}, "PILOT: messages reach the 3 addresses", "PILOT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDistrict(t, redistest.Mini(t).Addr())
			d.fill(people)
			d.set("OUTREACH_MODE", c.mode)
			if c.list != "" {
				d.set("OUTREACH_PILOT_FILE", write(t, "pilot", c.list))
			}
			worker := d.run()
			until(t, "everything counts as sent", func() bool { return d.wentOut(people) == people })
			if !strings.Contains(worker.said.String(), c.warning) {
				t.Errorf("no warning in\n%s", worker.said)
			}
			_, metrics := get(t, worker.said.address(t)+"/metrics")
			if want := `outreach_mode{mode="` + c.mode + `"} 1`; !strings.Contains(metrics, want) || !strings.Contains(metrics, `outreach_mode{mode="live"} 0`) {
				t.Errorf("the metrics lack %s", want)
			}
			worker.end()
			var mails, messages []string
			for _, m := range d.mail.Ledger() {
				mails = append(mails, m.To...)
			}
			for _, m := range d.sms.Ledger() {
				messages = append(messages, m.To)
			}
			if !slices.Equal(mails, c.mails) || !slices.Equal(messages, c.messages) {
				t.Errorf("reached were %v and %v, want %v and %v", mails, messages, c.mails, c.messages)
			}
			d.call("providers").want(t, exitOK, "Mode: "+c.shown)
			d.call("doctor").want(t, exitOK, c.warning)

			d.set("OUTREACH_PILOT_FILE", "")
			d.set("OUTREACH_MODE", "live")
			d.call("run").want(t, exitFailed, "notice.provider.mode")
			d.call("doctor").want(t, exitFailed, "the installation is in mode "+c.mode+" and this configuration in mode live")
			d.call("providers", "--mode", "live", "--as", d.admin(0), "--why", "it went well").want(t, exitOK, "Mode: live")
			d.call("doctor").want(t, exitOK)
		})
	}
}
