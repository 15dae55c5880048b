package smtpsink_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
)

func startRogue(t *testing.T, scripts ...[]smtpsink.Move) *smtpsink.Rogue {
	t.Helper()
	r, err := smtpsink.StartRogue(scripts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// What a client meets, told as the step that failed and how: "421" for an
// answer, "end" for a closed connection, "reset" for a RST, "silence" for a
// timeout.
func meet(t *testing.T, addr, message string) (failed, how string) {
	t.Helper()
	c := connect(t, addr)
	c.CommandTimeout, c.SubmissionTimeout = 300*time.Millisecond, 300*time.Millisecond
	_, failed, err := send(c, "a@example.invalid", []string{"b@example.invalid"}, message)
	var refusal *smtp.SMTPError
	var network net.Error
	switch {
	case err == nil:
		c.Quit()
		return "", ""
	case errors.As(err, &refusal):
		return failed, fmt.Sprint(refusal.Code)
	case errors.As(err, &network) && network.Timeout():
		return failed, "silence"
	case strings.Contains(err.Error(), "reset"):
		return failed, "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failed, "end"
	}
	return failed, err.Error()
}

func TestTheBadMannersOfARogue(t *testing.T) {
	for _, c := range []struct {
		name        string
		script      []smtpsink.Move
		failed, how string
		accepted    int
	}{
		{"a proper server", smtpsink.Polite(), "", "", 1},
		{"drop before the greeting", smtpsink.DropBeforeGreeting(), "MAIL", "end", 0},
		{"too busy to greet", smtpsink.Busy(), "MAIL", "421", 0},
		{"refusal of DATA", smtpsink.Refuse("DATA", "451 4.3.0 not now"), "DATA", "451", 0},
		{"refusal of MAIL in several lines", smtpsink.Refuse("MAIL", "550-5.7.1 no\r\n550 5.7.1 never"), "MAIL", "550", 0},
		{"drop after the dot, accepted", smtpsink.DropAfterDot(true), "dot", "end", 1},
		{"drop after the dot, forgotten", smtpsink.DropAfterDot(false), "dot", "end", 0},
		{"reset after the dot, accepted", smtpsink.ResetAfterDot(true), "dot", "reset", 1},
		{"reset after the dot, forgotten", smtpsink.ResetAfterDot(false), "dot", "reset", 0},
		{"silence after the dot, accepted", smtpsink.SilentAfterDot(true), "dot", "silence", 1},
		{"silence after the dot, forgotten", smtpsink.SilentAfterDot(false), "dot", "silence", 0},
		{"no greeting", smtpsink.Tarpit(""), "MAIL", "silence", 0},
		{"no answer to RCPT", smtpsink.Tarpit("RCPT"), "RCPT", "silence", 0},
		{"a greeting that drips", append([]smtpsink.Move{smtpsink.Dribble("220-slowly", 5*time.Millisecond)}, smtpsink.Polite()...), "", "", 1},
		{"a greeting that comes too late", append([]smtpsink.Move{smtpsink.Pause(time.Second)}, smtpsink.Polite()...), "MAIL", "silence", 0},
		{"no script", nil, "MAIL", "end", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var scripts [][]smtpsink.Move
			if c.script != nil {
				scripts = append(scripts, c.script)
			}
			rogue := startRogue(t, scripts...)
			failed, how := meet(t, rogue.Addr(), letter("1"))
			if failed != c.failed || how != c.how {
				t.Errorf("failed at %q by %q, want %q by %q", failed, how, c.failed, c.how)
			}
			accepted := rogue.Accepted()
			if len(accepted) != c.accepted {
				t.Fatalf("%d accepted, want %d", len(accepted), c.accepted)
			}
			for _, m := range accepted {
				if m.MessageID != "1" || m.From != "a@example.invalid" || m.To[0] != "b@example.invalid" || string(m.Raw) != letter("1") {
					t.Errorf("accepted %+v, %q", m, m.Raw)
				}
			}
		})
	}
}

func TestDropMidBody(t *testing.T) {
	rogue := startRogue(t, smtpsink.DropMidBody(1000))
	long := "Subject: long\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 200_000)
	if failed, how := meet(t, rogue.Addr(), long); failed != "body" {
		t.Errorf("failed at %q by %q", failed, how)
	}
	if len(rogue.Accepted()) > 0 {
		t.Error("half a message was accepted")
	}
}

func TestStopReadingHoldsTheClientInItsWrite(t *testing.T) {
	rogue := startRogue(t, smtpsink.StopReading())
	c := connect(t, rogue.Addr())
	if err := c.Mail("a@example.invalid", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("b@example.invalid", nil); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	stuck := make(chan error, 1)
	go func() {
		_, err := w.Write(bytes.Repeat([]byte(strings.Repeat("x", 70)+"\r\n"), 150_000))
		stuck <- err
	}()
	select {
	case err := <-stuck:
		t.Errorf("11 MB were written: %v", err)
	case <-time.After(time.Second):
		c.Close()
		<-stuck
	}
}

func TestDropInTLS(t *testing.T) {
	rogue := startRogue(t, smtpsink.DropInTLS())
	sink := start(t, &smtpsink.Options{Security: smtpsink.StartTLS})
	c, err := smtp.DialStartTLS(rogue.Addr(), sink.ClientTLS())
	if err == nil { // the handshake waits for the first command
		err = c.Noop()
		c.Close()
	}
	if err == nil {
		t.Error("TLS was agreed upon")
	}
	heard := rogue.Heard()
	if len(heard) != 1 || len(heard[0]) != 2 || heard[0][1] != "STARTTLS" {
		t.Errorf("heard %q", heard)
	}
}

func TestEachConnectionIsPlayedItsScript(t *testing.T) {
	rogue := startRogue(t, smtpsink.Busy(), smtpsink.DropAfterDot(false), smtpsink.Polite())
	want := []string{"MAIL", "dot", "", ""}
	for n, want := range want {
		if failed, how := meet(t, rogue.Addr(), letter(fmt.Sprint(n))); failed != want {
			t.Errorf("connection %d failed at %q by %q, want %q", n, failed, how, want)
		}
	}
	if n := len(rogue.Accepted()); n != 2 {
		t.Errorf("%d accepted, want 2", n)
	}
	heard := rogue.Heard()
	if len(heard) != 4 {
		t.Fatalf("%d connections heard", len(heard))
	}
	last := heard[3]
	if last[len(last)-1] != "QUIT" || !strings.HasPrefix(last[0], "EHLO") {
		t.Errorf("heard %q", last)
	}
}

func TestCloseEndsARogueWhereverItIs(t *testing.T) {
	for _, script := range [][]smtpsink.Move{smtpsink.Tarpit(""), smtpsink.Polite(), {smtpsink.Pause(time.Hour)}} {
		rogue, err := smtpsink.StartRogue(script)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", rogue.Addr())
		if err != nil {
			t.Fatal(err)
		}
		for len(rogue.Heard()) == 0 {
			time.Sleep(time.Millisecond)
		}
		for range 2 {
			if err := rogue.Close(); err != nil {
				t.Error(err)
			}
		}
		conn.Close()
	}
}
