package smpp_test

import (
	"sync"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestACheckBindsAndSendsNothing(t *testing.T) {
	var mu sync.Mutex
	submitted := 0
	sink := start(t, script(func(smppsink.Event) smppsink.Reply {
		mu.Lock()
		defer mu.Unlock()
		submitted++
		return smppsink.Reply{}
	}))
	if out := open(t, config(sink.Addr()), nil).Check(t.Context()); out.Result != notify.ResultAccepted {
		t.Errorf("a centre that is there: %+v", out)
	}
	mu.Lock()
	defer mu.Unlock()
	if submitted != 0 {
		t.Errorf("%d messages were sent", submitted)
	}
}

func TestACheckSaysWhyItCannotBind(t *testing.T) {
	refusing := start(t, &smppsink.Options{Script: func(smppsink.Event) smppsink.Reply { return smppsink.Reply{Status: 0xE} }})
	if out := open(t, config(refusing.Addr()), nil).Check(t.Context()); out.Result != notify.ResultMisconfigured || out.Code == "" {
		t.Errorf("a wrong password: %+v", out)
	}
	sink := start(t, nil)
	var mu sync.Mutex
	owner := "somebody else"
	held := open(t, config(sink.Addr()), &smpp.Options{Lease: lease{&mu, &owner, "doctor", time.Second}})
	if out := held.Check(t.Context()); out.Result != notify.ResultThrottled {
		t.Errorf("while another process is bound: %+v", out)
	}
}
