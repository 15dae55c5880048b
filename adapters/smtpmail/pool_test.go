package smtpmail

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
)

// start has a sender for a server that plays the script.
func start(t *testing.T, change func(*Config), script []smtpsink.Move) (*Sender, *smtpsink.Rogue) {
	t.Helper()
	r, err := smtpsink.StartRogue(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	c := Config{Addr: r.Addr(), TLS: Plaintext, From: "vanphong@xuanloc.example", Domain: "xuanloc.example", Timeout: time.Second}
	if change != nil {
		change(&c)
	}
	s, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, r
}

// oneMailThen has a sender with one idle connection, over which a mail went
// and on which the server then makes the moves.
func oneMailThen(t *testing.T, change func(*Config), moves ...smtpsink.Move) (*Sender, *smtpsink.Rogue) {
	t.Helper()
	s, r := start(t, change, append([]smtpsink.Move{
		smtpsink.Say("220 rogue.invalid ESMTP"), smtpsink.Until("DATA"), smtpsink.Say("354 go ahead"),
		smtpsink.ReadBody(), smtpsink.Accept(), smtpsink.Say("250 2.0.0 OK"),
	}, moves...))
	if out := s.Send(context.Background(), anyNotice()); out.Result != notify.ResultAccepted {
		t.Fatalf("the first mail: %+v", out)
	}
	return s, r
}

func anyNotice() notify.Message {
	return notify.Message{Notice: "n1", Attempt: 1, Channel: notify.Email, To: "truong.ap@suoicat.example", Text: "x", Created: time.Date(2017, 5, 12, 0, 0, 0, 0, time.UTC)}
}

func TestAConnectionThatLayIdleIsAskedFirst(t *testing.T) {
	for _, test := range []struct {
		idle time.Duration
		want string
	}{
		{0, "MAIL FROM:<vanphong@xuanloc.example>"},
		{idleCheck + time.Second, "NOOP"},
	} {
		s, r := oneMailThen(t, nil, smtpsink.Until("QUIT"), smtpsink.Say("221 2.0.0 bye"))
		before := len(r.Heard()[0])
		s.pool.mu.Lock()
		s.pool.seats[0].line.(*session).idle = time.Now().Add(-test.idle)
		s.pool.mu.Unlock()
		s.Send(context.Background(), anyNotice())
		if got := r.Heard()[0][before]; got != test.want {
			t.Errorf("after %v the server heard %q first, want %q", test.idle, got, test.want)
		}
	}
}

func TestAConnectionThatIsTooOldSaysGoodbyeByItself(t *testing.T) {
	_, r := oneMailThen(t, func(c *Config) { c.MaxConnAge = 100 * time.Millisecond }, smtpsink.Until("QUIT"), smtpsink.Say("221 2.0.0 bye"))
	for end := time.Now().Add(5 * time.Second); !slices.Contains(r.Heard()[0], "QUIT"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the server heard %q and no QUIT", r.Heard()[0])
		}
	}
}

func TestCloseSaysGoodbye(t *testing.T) {
	s, r := oneMailThen(t, nil, smtpsink.Until("QUIT"), smtpsink.Say("221 2.0.0 bye"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if heard := r.Heard()[0]; heard[len(heard)-1] != "QUIT" {
		t.Errorf("the server heard %q", heard)
	}
}

func TestARefusedTransactionIsClearedAway(t *testing.T) {
	s, r := start(t, nil, smtpsink.Refuse("RCPT", "550 5.1.1 unknown"))
	s.Send(context.Background(), anyNotice())
	before := len(r.Heard()[0])
	s.Send(context.Background(), anyNotice())
	if got := r.Heard()[0][before:]; !slices.Equal(got[:2], []string{"RSET", "EHLO xuanloc.example"}) {
		t.Errorf("before the next mail the server heard %q, want RSET", got)
	}
}

func TestASilentServerDoesNotHoldUpClose(t *testing.T) {
	s, _ := oneMailThen(t, nil, smtpsink.Hang())
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > farewell+time.Second {
		t.Errorf("Close took %v", took)
	}
}
