package workersfx_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/redistest"
	"github.com/huongvecoso/outreach/workers/task"
)

// The promises hold on every topology of Redis an operator may have: alone (see
// module_test.go), watched by a Sentinel, and as a Cluster.

const load = 300 // notices on each of the two channels

// channels puts the load into the outbox and returns who takes it.
func (s *stage) channels(call time.Duration) (sms, mail *provider) {
	s.t.Helper()
	sms, mail = newProvider("sms", notify.SMS), newProvider("mail", notify.Email)
	sms.before = func() { time.Sleep(call) }
	mail.before = sms.before
	s.add(notify.SMS, 0, load)
	s.add(notify.Email, load, 2*load)
	return sms, mail
}

func (p *provider) took(n int) func() bool {
	return func() bool { notices, _ := p.count(); return notices >= n }
}

func TestAMasterThatIsReplacedLosesAndDoublesNothing(t *testing.T) {
	watched := redistest.StartWatched(t)
	opts, err := redis.ParseFailoverURL(watched.URL())
	if err != nil {
		t.Fatal(err)
	}
	s := newStageOn(t, 2*load, func() redis.UniversalClient { return redis.NewFailoverClient(opts) })
	sms, mail := s.channels(5 * time.Millisecond)
	for range 2 {
		s.start(quick(), []notify.Sender{sms, mail})
	}
	s.until("the work is half done", sms.took(load/3))
	watched.Master.Kill() // what it had acknowledged and not yet replicated is gone
	if notices, _ := sms.count(); notices >= load {
		t.Fatal("everything went out before the master was gone: nothing was tested")
	}
	s.eventuallySettled(60*time.Second, sms, mail)
	once(t, 2*load, sms, mail)
}

func TestOnAClusterEachQueueLivesOnOneNodeAndANodeThatFailsDelaysOnlyItsOwn(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	opts, err := redis.ParseClusterURL(cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	probe := redis.NewClusterClient(opts)
	defer probe.Close()
	c := quick()
	var smsHome, mailHome string
	for i := 0; smsHome == mailHome; i++ { // names whose slots fall to two nodes
		c.Prefix = fmt.Sprint("district-", i)
		smsHome = home(t, probe, task.Queue(c.Prefix, notify.SMS, notify.Normal))
		mailHome = home(t, probe, task.Queue(c.Prefix, notify.Email, notify.Normal))
	}

	s := newStageOn(t, 2*load, func() redis.UniversalClient { return redis.NewClusterClient(opts) })
	sms, mail := s.channels(5 * time.Millisecond)
	for range 2 {
		s.start(c, []notify.Sender{sms, mail})
	}
	s.until("both channels are at work", func() bool { return sms.took(load/10)() && mail.took(load/10)() })
	var down *redistest.Instance
	for _, node := range cluster.Nodes {
		if node.Addr == smsHome {
			down = node
		}
	}
	down.Kill()
	if sms.took(load)() {
		t.Fatal("all SMS went out before their node was gone: nothing was tested")
	}
	s.within(60*time.Second, "all mails went out, whose node is there", mail.took(load))
	down.Start()
	s.eventuallySettled(60*time.Second, sms, mail)
	once(t, 2*load, sms, mail)
}

// home is the address of the node that holds every key of a queue: asynq names
// them all by the queue's name in braces, which is what decides the slot.
func home(t *testing.T, c *redis.ClusterClient, queue string) string {
	t.Helper()
	var homes []string
	for _, suffix := range []string{"pending", "active", "lease", "scheduled", "retry", "archived", "t:some-task"} {
		node, err := c.MasterForKey(context.Background(), fmt.Sprintf("asynq:{%s}:%s", queue, suffix))
		if err != nil {
			t.Fatal(err)
		}
		homes = append(homes, node.Options().Addr)
	}
	for _, h := range homes {
		if h != homes[0] {
			t.Fatalf("the keys of %s are spread over %v", queue, homes)
		}
	}
	return homes[0]
}

// eventuallySettled is settled where servers have to find each other first and
// may have lost what they had acknowledged, or refused what is now to wait a
// little: when nothing has moved for a while, the time passes after which what
// was handed out is handed out again.
func (s *stage) eventuallySettled(patience time.Duration, all ...*provider) {
	s.t.Helper()
	before, since := -1, time.Now()
	s.within(patience, "everything went out", func() bool {
		taken := 0
		for _, p := range all {
			n, _ := p.count()
			taken += n
		}
		if taken != before {
			before, since = taken, time.Now()
		}
		if time.Since(since) > 3*time.Second {
			s.ahead.Add(int64(notify.QueuePatience))
			since = time.Now()
		}
		o, err := s.sys.Outstanding(s.t.Context())
		return err == nil && o.Idle() && taken >= 2*load
	})
}

func (s *stage) within(patience time.Duration, what string, true func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !true(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}
