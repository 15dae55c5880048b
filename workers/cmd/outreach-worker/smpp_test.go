package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// overSMPP is a district whose SMS go through a message centre alone.
func overSMPP(t *testing.T) (*district, *smppsink.Sink) {
	t.Helper()
	d := newDistrict(t, redistest.Mini(t).Addr())
	sink, err := smppsink.Start(&smppsink.Options{SystemID: "hvcs", Password: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	for _, variable := range []string{"OUTREACH_SMS_URL", "OUTREACH_SMS_SENDER", "OUTREACH_SMS_TOKEN_FILE"} {
		d.set(variable, "")
	}
	d.set("OUTREACH_SMPP_ADDR", sink.Addr())
	d.set("OUTREACH_SMPP_TLS", "false")
	d.set("OUTREACH_SMPP_SYSTEM_ID", "hvcs")
	d.set("OUTREACH_SMPP_PASSWORD_FILE", write(t, "smpp", "s3cret\n"))
	d.set("OUTREACH_SMPP_SOURCE", "XUANLOC")
	return d, sink
}

// start runs a copy in this process; stop ends it and expects an orderly end.
func (d *district) start() (said *lines, stop func()) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	said = new(lines)
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"run"}, d.env, io.Discard, said) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if code := <-ended; code != exitOK {
			d.t.Errorf("ended with %d:\n%s", code, said)
		}
	}
	d.t.Cleanup(stop)
	return said, stop
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// state is where a notice stands.
func (d *district) state(id notify.ID) (state notify.State) {
	d.t.Helper()
	d.store(func(p *parts) {
		err := p.store.View(d.t.Context(), func(ctx context.Context, tx store.Tx) error {
			n, err := tx.Notice(ctx, id)
			state = n.State
			return err
		})
		if err != nil {
			d.t.Fatal(err)
		}
	})
	return state
}

func TestSMSGoOverSMPPAndTheirReceiptsAreStoredBeforeTheCentreIsTold(t *testing.T) {
	d, sink := overSMPP(t)
	d.fill(2)
	d.call("doctor").want(t, exitOK, "ok    smpp           smpp: bound")
	said, stop := d.start()
	eventually(t, "the centre has the message", func() bool { return len(sink.Ledger()) == 1 })
	m := sink.Ledger()[0]
	if m.To != outboxtest.Phone(1) || m.Source != "XUANLOC" || !strings.HasPrefix(m.Text, "HVCS: Nguyen Thu Nghiem") {
		t.Errorf("it has %+v", m)
	}
	eventually(t, "the outcome is written down", func() bool { return d.state(outboxtest.ID(1)) == notify.Accepted })
	status, err := sink.Receipt(t.Context(), m.ID, "DELIVRD")
	if err != nil || status != 0 {
		t.Fatalf("the receipt was answered with %d, %v", status, err)
	}
	eventually(t, "the receipt is interpreted", func() bool { return d.state(outboxtest.ID(1)) == notify.Delivered })
	stop()
	if strings.Contains(said.String(), "s3cret") || strings.Contains(said.String(), outboxtest.Phone(1)) {
		t.Errorf("the log holds a secret or a number:\n%s", said)
	}
}

func TestAReceiptThatCannotBeStoredIsNotAcknowledged(t *testing.T) {
	d, sink := overSMPP(t)
	d.fill(0)
	_, stop := d.start()
	eventually(t, "it is bound", func() bool { return sink.Binds() == 1 })
	d.store(func(p *parts) {
		if _, err := p.db.ExecContext(t.Context(), "ALTER TABLE outreach_receipt RENAME TO outreach_gone"); err != nil {
			t.Fatal(err)
		}
	})
	if status, err := sink.Receipt(t.Context(), "7", "DELIVRD"); err != nil || status == 0 {
		t.Errorf("without a table for it, it was acknowledged: %d, %v", status, err)
	}
	d.store(func(p *parts) {
		if _, err := p.db.ExecContext(t.Context(), "ALTER TABLE outreach_gone RENAME TO outreach_receipt"); err != nil {
			t.Fatal(err)
		}
	})
	if status, err := sink.Receipt(t.Context(), "7", "DELIVRD"); err != nil || status != 0 {
		t.Errorf("offered again: %d, %v", status, err)
	}
	stop()
}

func TestOneOfTwoProcessesBindsAndTheOtherTakesOver(t *testing.T) {
	d, sink := overSMPP(t)
	d.fill(2)
	_, stop := d.start()
	eventually(t, "the first is bound", func() bool { return sink.Binds() == 1 && len(sink.Ledger()) == 1 })
	second, _ := d.start()
	eventually(t, "the second runs", func() bool { return strings.Contains(second.String(), `"msg":"delivering"`) })
	time.Sleep(1500 * time.Millisecond) // the second tries at once, and again after a second
	if sink.Binds() != 1 {
		t.Fatalf("%d binds while the first lives", sink.Binds())
	}
	began := time.Now()
	stop()
	eventually(t, "the second is bound", func() bool { return sink.Binds() == 2 })
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took over after %v, longer than the term", took)
	}
}

func TestTheBindOfAProcessThatDiedIsTakenOverWithinItsTerm(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(0)
	d.store(func(p *parts) {
		now := time.Now()
		of := func(owner string) *smpp.StoreLease {
			return &smpp.StoreLease{Store: p.store, Now: func() time.Time { return now }, Term: 20 * time.Second, Name: "smpp/hvcs", Owner: owner}
		}
		hold := func(owner string, want bool) {
			t.Helper()
			until, err := of(owner).Hold(t.Context())
			if err != nil || until.IsZero() == want {
				t.Errorf("%s holds it until %v, %v", owner, until, err)
			}
			if want && time.Until(until) > 15*time.Second {
				t.Errorf("%s is told it has %v: nothing is left for clocks that differ", owner, time.Until(until))
			}
		}
		hold("a", true)
		hold("b", false)
		now = now.Add(15 * time.Second)
		hold("a", true) // prolonged
		now = now.Add(19 * time.Second)
		hold("b", false)
		now = now.Add(time.Second)
		hold("b", true)
		if err := of("a").Release(t.Context()); err != nil { // too late: it is b's
			t.Error(err)
		}
		hold("a", false)
		if err := of("b").Release(t.Context()); err != nil {
			t.Error(err)
		}
		hold("a", true)
	})
}

func TestMistakesInTheSettingsOfTheCentreAreTold(t *testing.T) {
	called := httpsms.Generic()
	called.Name = "smpp"
	file, err := json.Marshal(called)
	if err != nil {
		t.Fatal(err)
	}
	gateway := write(t, "gateway.json", string(file))
	for name, c := range map[string]struct{ file, say string }{
		"half a centre":            {`{"smpp": {"source": "X"}}`, "smpp: smpp.addr is missing"},
		"in the clear":             {`{"smpp": {"addr": "a.example:1", "tls": false, "system_id": "x", "source": "X"}}`, "smpp.config.tls"},
		"no account":               {`{"smpp": {"addr": "a.example:1", "source": "X"}}`, "smpp.config.systemid"},
		"no rate":                  {`{"smpp": {"rate": -1}}`, "smpp.rate: want a number, 0 or more"},
		"no type of number":        {`{"smpp": {"source_ton": 256}}`, "smpp.source_ton: want a number from 0 to 255"},
		"a lease of no time":       {`{"smpp": {"addr": "a.example:1", "system_id": "x", "source": "X", "lease": "0s"}}`, "smpp.lease must be positive"},
		"a stop that is too short": {`{"smpp": {"timeout": "34s"}}`, "shorter than smpp.timeout"},
		"two of one name": {`{"sms": {"url": "https://a.example", "sender": "X", "token": "x", "gateway": "` + gateway + `"}, "smpp": {"addr": "a.example:1", "system_id": "x", "source": "X"}}`,
			`is called "smpp" like the message centre`},
	} {
		t.Run(name, func(t *testing.T) {
			invoke(t, []string{"OUTREACH_DATABASE=x.db"}, "doctor", "--config", write(t, "c.json", c.file)).want(t, exitUsage, c.say)
		})
	}
}
