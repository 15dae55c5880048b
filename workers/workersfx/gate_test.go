package workersfx_test

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// patient is a configuration whose workers look by themselves only when any test
// is over.
func patient() workersfx.Config {
	return workersfx.Config{Check: time.Hour, Poll: 20 * time.Millisecond, Group: 5}
}

func TestAnIdleWorkerIsToldOfATask(t *testing.T) {
	s := newStage(t, 3, redistest.Start(t, nil).Addr)
	sms := newProvider("sms", notify.SMS)
	s.start(patient(), []notify.Sender{sms})
	for i := range 3 {
		time.Sleep(50 * time.Millisecond) // until its looks are held
		s.add(notify.SMS, i, i+1)
		s.until("the worker took what it was told of", sms.took(i+1))
	}
}

// Two processes with a channel each: one of their relays works, so one of the two
// has to be told by the other.
func TestAWorkerIsToldOfATaskByAnotherProcess(t *testing.T) {
	s := newStage(t, 4, redistest.Start(t, nil).Addr)
	sms, mail := newProvider("sms", notify.SMS), newProvider("mail", notify.Email)
	for _, own := range []notify.Sender{sms, mail} {
		s.start(patient(), []notify.Sender{own})
	}
	for i := range 2 {
		time.Sleep(100 * time.Millisecond)
		s.add(notify.SMS, 2*i, 2*i+1)
		s.add(notify.Email, 2*i+1, 2*i+2)
		s.until("both took what one of them was told of by the other", func() bool { return sms.took(i+1)() && mail.took(i+1)() })
	}
}

func TestWhatIsCriticalDoesNotWaitForAPlaceAmongOrdinaryTasks(t *testing.T) {
	s := newStage(t, 21, redistest.Start(t, nil).Addr)
	sms := newProvider("sms", notify.SMS)
	held := make(chan struct{})
	defer close(held)
	sms.hold = func(m notify.Message) {
		if m.Notice != outboxtest.ID(20) {
			<-held
		}
	}
	c := quick()
	c.Concurrency, c.Group = 1, 20
	s.start(c, []notify.Sender{sms})
	s.add(notify.SMS, 0, 20)
	s.until("every place is taken", sms.took(4))
	urgent := outboxtest.Notice(20, notify.SMS, s.sys.Now())
	urgent.Priority = notify.Critical
	if err := outboxtest.Add(t.Context(), s.store, urgent); err != nil {
		t.Fatal(err)
	}
	s.until("the critical one went", func() bool {
		sms.mu.Lock()
		defer sms.mu.Unlock()
		return sms.taken[urgent.ID] == 1
	})
}
