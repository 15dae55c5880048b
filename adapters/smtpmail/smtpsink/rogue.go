package smtpsink

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Rogue is a server that follows a script instead of the standard. Its methods
// are safe for use by several goroutines.
type Rogue struct {
	listener net.Listener
	scripts  [][]Move
	closing  chan struct{}
	closed   sync.Once
	running  sync.WaitGroup

	mu       sync.Mutex
	open     map[net.Conn]bool
	heard    [][]string
	accepted []Mail
}

// StartRogue starts a server on a free port of 127.0.0.1. The first connection
// is played the first script, the second the second, and so on; the last
// script goes for all that follow. A connection is closed at the end of its
// script. Without a script every connection is closed at once. The caller must
// Close it.
func StartRogue(scripts ...[]Move) (*Rogue, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Rogue{listener: l, scripts: scripts, closing: make(chan struct{}), open: map[net.Conn]bool{}}
	r.running.Go(r.serve)
	return r, nil
}

// Addr returns host:port of the server.
func (r *Rogue) Addr() string { return r.listener.Addr().String() }

// Heard returns the command lines of each connection so far, in order. A
// connection that said nothing is an empty entry, so the length is the number
// of connections.
func (r *Rogue) Heard() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := make([][]string, len(r.heard))
	for i, h := range r.heard {
		lines[i] = slices.Clone(h)
	}
	return lines
}

// Accepted returns the mails for which a script made the move [Accept].
func (r *Rogue) Accepted() []Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.accepted)
}

// Close ends every conversation where it is and waits until nothing of the
// server runs. Later calls do nothing.
func (r *Rogue) Close() error {
	var err error
	r.closed.Do(func() {
		close(r.closing)
		err = r.listener.Close()
		r.mu.Lock()
		for c := range r.open {
			c.Close()
		}
		r.mu.Unlock()
		r.running.Wait()
	})
	return err
}

func (r *Rogue) serve() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.play(c) })
	}
}

func (r *Rogue) play(c net.Conn) {
	talk := &talk{rogue: r, conn: c, in: bufio.NewReader(c)}
	r.mu.Lock()
	talk.number = len(r.heard)
	r.heard = append(r.heard, nil)
	r.open[c] = true
	r.mu.Unlock()
	defer func() {
		c.Close()
		r.mu.Lock()
		delete(r.open, c)
		r.mu.Unlock()
	}()
	select {
	case <-r.closing: // accepted while Close went over the open ones
		return
	default:
	}
	if len(r.scripts) == 0 {
		return
	}
	for _, move := range r.scripts[min(talk.number, len(r.scripts)-1)] {
		if move(talk) != nil {
			return
		}
	}
}

// talk is one conversation.
type talk struct {
	rogue  *Rogue
	number int
	conn   net.Conn
	in     *bufio.Reader
	mail   Mail
}

// Move is one thing a [Rogue] does. Moves are made by the functions of this
// package; a move that cannot be made, since the client is gone, ends the
// conversation.
type Move func(*talk) error

// errOver ends a conversation that has come to its proper end.
var errOver = errors.New("the conversation is over")

// Say sends text and a line end. Text of several lines needs "\r\n" between
// them and the codes in front of each.
func Say(text string) Move {
	return func(t *talk) error {
		_, err := t.conn.Write([]byte(text + "\r\n"))
		return err
	}
}

// Dribble sends text and a line end byte by byte, with a pause after each.
func Dribble(text string, pause time.Duration) Move {
	return func(t *talk) error {
		for _, b := range []byte(text + "\r\n") {
			if _, err := t.conn.Write([]byte{b}); err != nil {
				return err
			}
			if err := Pause(pause)(t); err != nil {
				return err
			}
		}
		return nil
	}
}

// Hear waits for one command line and answers nothing.
func Hear() Move {
	return func(t *talk) error {
		_, err := t.hear()
		return err
	}
}

// Until answers every command with 250 until one with the given verb has
// come, which is left unanswered. EHLO is offered no extension. QUIT, unless
// waited for, is answered with 221 and ends the conversation.
func Until(verb string) Move {
	return func(t *talk) error {
		for {
			heard, err := t.hear()
			if err != nil {
				return err
			}
			switch {
			case strings.EqualFold(heard, verb):
				return nil
			case heard == "QUIT":
				return errors.Join(Say("221 2.0.0 bye")(t), errOver)
			}
			if err := Say("250 rogue.invalid")(t); err != nil {
				return err
			}
		}
	}
}

// Offer hears EHLO and offers the extensions, such as "PIPELINING".
func Offer(extensions ...string) Move {
	return func(t *talk) error {
		if _, err := t.hear(); err != nil {
			return err
		}
		lines := append([]string{"rogue.invalid"}, extensions...)
		for i := range lines {
			separator := "-"
			if i == len(lines)-1 {
				separator = " "
			}
			lines[i] = "250" + separator + lines[i]
		}
		return Say(strings.Join(lines, "\r\n"))(t)
	}
}

// ReadChunk hears commands up to and with BDAT, reads the message that belongs
// to it, and answers nothing.
func ReadChunk() Move {
	return func(t *talk) error {
		for {
			verb, err := t.hear()
			if err != nil {
				return err
			}
			if verb != "BDAT" {
				continue
			}
			t.rogue.mu.Lock()
			heard := t.rogue.heard[t.number]
			command := heard[len(heard)-1]
			t.rogue.mu.Unlock()
			var size int
			if _, err := fmt.Sscanf(command[len("BDAT"):], "%d", &size); err != nil {
				return err
			}
			raw := make([]byte, size)
			if _, err := io.ReadFull(t.in, raw); err != nil {
				return err
			}
			t.mail.describe(raw)
			return nil
		}
	}
}

// ReadBody reads a message to its final dot and answers nothing.
func ReadBody() Move {
	return func(t *talk) error {
		var raw []byte
		for {
			line, err := t.in.ReadBytes('\n')
			if err != nil {
				return err
			}
			if bytes.Equal(line, []byte(".\r\n")) {
				t.mail.describe(raw)
				return nil
			}
			raw = append(raw, bytes.TrimPrefix(line, []byte("."))...)
		}
	}
}

// ReadBytes reads n bytes, as of the middle of a message.
func ReadBytes(n int) Move {
	return func(t *talk) error {
		_, err := io.CopyN(io.Discard, t.in, int64(n))
		return err
	}
}

// Accept enters the message that ReadBody read into the list of accepted
// ones, as a server does that will deliver it whatever its client hears.
func Accept() Move {
	return func(t *talk) error {
		t.rogue.mu.Lock()
		defer t.rogue.mu.Unlock()
		m := t.mail
		m.At, m.ID = time.Now().UTC().Truncate(time.Microsecond), fmt.Sprintf("rogue-%d", len(t.rogue.accepted)+1)
		t.rogue.accepted = append(t.rogue.accepted, m)
		return nil
	}
}

// Pause does nothing for a while. Close ends it early.
func Pause(d time.Duration) Move {
	return func(t *talk) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-t.rogue.closing:
			return errOver
		}
	}
}

// Hang neither reads nor writes any more and leaves the connection open until
// Close.
func Hang() Move {
	return func(t *talk) error {
		<-t.rogue.closing
		return errOver
	}
}

// Drop closes the connection.
func Drop() Move {
	return func(t *talk) error { return errors.Join(t.conn.Close(), errOver) }
}

// Reset closes the connection in such a way that the client is told of an
// error (RST), and not of an end.
func Reset() Move {
	return func(t *talk) error {
		if tcp, ok := t.conn.(*net.TCPConn); ok {
			if err := tcp.SetLinger(0); err != nil {
				return err
			}
		}
		return Drop()(t)
	}
}

// hear reads a command line, keeps it, and returns its verb in capitals.
func (t *talk) hear() (verb string, err error) {
	line, err := t.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	t.rogue.mu.Lock()
	t.rogue.heard[t.number] = append(t.rogue.heard[t.number], line)
	t.rogue.mu.Unlock()
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	switch verb {
	case "MAIL":
		t.mail = Mail{From: address(rest)}
	case "RCPT":
		t.mail.To = append(t.mail.To, address(rest))
	}
	return verb, nil
}

// address returns what stands between the angle brackets.
func address(argument string) string {
	_, after, _ := strings.Cut(argument, "<")
	before, _, _ := strings.Cut(after, ">")
	return before
}

const greeting = "220 rogue.invalid ESMTP"

// toData are the moves up to an open DATA.
func toData(then ...Move) []Move {
	return append([]Move{Say(greeting), Until("DATA"), Say("354 go ahead")}, then...)
}

// Polite is the script of a proper server: it accepts one message, says so,
// and hears the client out.
func Polite() []Move {
	return toData(ReadBody(), Accept(), Say("250 2.0.0 OK: queued"), Until("QUIT"), Say("221 2.0.0 bye"))
}

// DropBeforeGreeting accepts the connection and closes it.
func DropBeforeGreeting() []Move { return []Move{Drop()} }

// Busy greets with 421 and closes the connection.
func Busy() []Move { return []Move{Say("421 4.3.2 rogue.invalid too busy, try later"), Drop()} }

// Refuse answers a command, such as DATA, with a line of the caller's, such as
// "451 4.3.0 not now", and then goes on politely until QUIT.
func Refuse(verb, answer string) []Move {
	return []Move{Say(greeting), Until(verb), Say(answer), Until("QUIT"), Say("221 2.0.0 bye")}
}

// DropInTLS offers STARTTLS and closes the connection when TLS is to begin.
func DropInTLS() []Move {
	return []Move{Say(greeting), Hear(), Say("250-rogue.invalid\r\n250 STARTTLS"), Hear(), Say("220 2.0.0 go ahead"), Drop()}
}

// DropMidBody closes the connection after n bytes of the message.
func DropMidBody(n int) []Move { return toData(ReadBytes(n), Drop()) }

// DropAfterDot closes the connection when the whole message has come, with the
// message accepted or forgotten: the client cannot know which.
func DropAfterDot(accepted bool) []Move { return afterDot(accepted, Drop()) }

// ResetAfterDot does the same with a RST.
func ResetAfterDot(accepted bool) []Move { return afterDot(accepted, Reset()) }

// SilentAfterDot never answers the message, accepted or forgotten.
func SilentAfterDot(accepted bool) []Move { return afterDot(accepted, Hang()) }

func afterDot(accepted bool, then Move) []Move {
	if accepted {
		return toData(ReadBody(), Accept(), then)
	}
	return toData(ReadBody(), then)
}

// Tarpit never answers the first command with the given verb. The empty verb
// stands for the greeting.
func Tarpit(verb string) []Move {
	if verb == "" {
		return []Move{Hang()}
	}
	return []Move{Say(greeting), Until(verb), Hang()}
}

// StopReading takes DATA and then reads no byte of the message. A client with
// more to send than the buffers of the two systems hold, some megabytes, is
// stuck in its write.
func StopReading() []Move { return toData(Hang()) }
