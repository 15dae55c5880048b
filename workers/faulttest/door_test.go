package faulttest

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// moment is one at which a conversation with a mail server can end.
type moment string

// The moments in their order. Only those behind the final dot leave it open
// whether the server has the mail; a body that is not heard to its end does so as
// well as soon as the dot has left the client.
const (
	inTLS       moment = "in TLS"
	atGreeting  moment = "before the greeting"
	atHello     moment = "at EHLO"
	atMail      moment = "at MAIL"
	atRcpt      moment = "at RCPT"
	atData      moment = "at DATA"
	inBody      moment = "in the body"
	notAccepted moment = "after the dot, not accepted"
	accepted    moment = "after the dot, accepted"
)

func moments() []moment {
	return []moment{inTLS, atGreeting, atHello, atMail, atRcpt, atData, inBody, notAccepted, accepted}
}

// phase is how the adapter calls the moment in the detail of an attempt.
func (m moment) phase() string {
	switch m {
	case inTLS, atGreeting, atHello:
		return "connect"
	case atMail, atRcpt, atData:
		return strings.TrimPrefix(string(m), "at ")
	}
	return "answer"
}

// open reports whether the final dot may have left the client by then.
func (m moment) open() bool { return m == inBody || m == notAccepted || m == accepted }

// ending is a way for a conversation to end.
type ending string

const (
	byFIN     ending = "FIN"
	byRST     ending = "RST"
	bySilence ending = "silence" // nothing is read or said any more
)

// trouble is what one conversation comes to.
type trouble struct {
	at  moment
	how ending
}

// everyTrouble is each ending at each moment.
func everyTrouble(endings ...ending) []trouble {
	var all []trouble
	for _, how := range endings {
		for _, at := range moments() {
			all = append(all, trouble{at, how})
		}
	}
	return all
}

// door speaks TLS before a mail sink that does not, lets one word through after
// the other, and ends conversations as its plan says.
type door struct {
	listener net.Listener
	target   string
	secure   *tls.Config
	root     string        // in PEM: what its clients have to trust
	shut     chan struct{} // closed at the end
	plan     func(conn int) (trouble, bool)

	mu     sync.Mutex
	conns  int
	played map[trouble]int
}

// newDoor opens a door whose plan gives trouble, or none, to each connection by
// its number from 0.
func newDoor(t *testing.T, target string, plan func(conn int) (trouble, bool)) *door {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	d := &door{
		listener: listener, target: target, plan: plan, shut: make(chan struct{}), played: map[trouble]int{},
		secure: &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12},
		root:   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})),
	}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		close(d.shut)
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { d.join(conn) })
		}
	})
	return d
}

// bySMTP lets the workers of the stage reach their relay through the door only,
// one mail to a connection.
func (d *door) bySMTP(s *stage) { s.orders.SMTP, s.orders.Root = d.listener.Addr().String(), d.root }

func (d *door) join(below net.Conn) {
	defer below.Close()
	d.mu.Lock()
	next, has := d.plan(d.conns)
	d.conns++
	d.mu.Unlock()
	if !has {
		next = trouble{}
	}
	if next.at == inTLS {
		_, _ = io.ReadFull(below, make([]byte, 1)) // the client has said hello
		d.end(below, next)
		return
	}
	near := tls.Server(below, d.secure)
	if near.Handshake() != nil {
		return
	}
	if next.at == atGreeting {
		d.end(below, next)
		return
	}
	far, err := net.Dial("tcp", d.target)
	if err != nil {
		return
	}
	talk := &talk{near: near, far: far, said: bufio.NewReader(near), answered: bufio.NewReader(far), next: next}
	struck := talk.run()
	far.Close() // what it has not heard to the end it does not take
	if struck {
		d.end(below, next)
	}
}

// end ends a conversation.
func (d *door) end(below net.Conn, how trouble) {
	d.mu.Lock()
	d.played[how]++
	d.mu.Unlock()
	switch how.how {
	case byRST:
		abort(below)
	case byFIN:
		if tcp, ok := below.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		_ = below.SetReadDeadline(time.Now().Add(2 * callTimeout))
		_, _ = io.Copy(io.Discard, below) // a close with something unread would be a RST
	case bySilence:
		<-d.shut
	}
}

// times is how often each trouble of the list has been, at least.
func (d *door) times(all []trouble) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.played[slices.MinFunc(all, func(a, b trouble) int { return d.played[a] - d.played[b] })]
}

// count is how many troubles there were of which so holds.
func (d *door) count(so func(trouble) bool) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for one, times := range d.played {
		if so(one) {
			n += times
		}
	}
	return n
}

// talk is one conversation through the door.
type talk struct {
	near, far      net.Conn
	said, answered *bufio.Reader
	next           trouble
}

// run carries the conversation, and reports whether its trouble is to strike now.
func (t *talk) run() bool {
	if t.answer() != nil {
		return false
	}
	for {
		line, err := t.said.ReadString('\n')
		if err != nil {
			return false
		}
		verb, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if at := moment("at " + strings.ToUpper(verb)); at == t.next.at {
			return true
		}
		if _, err := io.WriteString(t.far, line); err != nil {
			return false
		}
		code, err := t.reply()
		if err != nil {
			return false
		}
		if code != "354" {
			continue
		}
		if struck, err := t.body(); struck || err != nil {
			return struck
		}
	}
}

// body carries a mail to its final dot, and what is answered to it.
func (t *talk) body() (struck bool, err error) {
	for n := 0; ; n++ {
		line, err := t.said.ReadString('\n')
		if err != nil {
			return false, err
		}
		if n == 3 && t.next.at == inBody {
			return true, nil
		}
		last := line == ".\r\n"
		if last && t.next.at == notAccepted {
			return true, nil
		}
		if _, err := io.WriteString(t.far, line); err != nil {
			return false, err
		}
		switch {
		case !last:
		case t.next.at == accepted:
			_, err := t.answered.ReadString('\n')
			return err == nil, err
		default:
			return false, t.answer()
		}
	}
}

// answer passes one answer on.
func (t *talk) answer() error {
	_, err := t.reply()
	return err
}

// reply passes one answer on and returns its code.
func (t *talk) reply() (code string, err error) {
	for {
		line, err := t.answered.ReadString('\n')
		if err != nil {
			return "", err
		}
		if _, err := io.WriteString(t.near, line); err != nil {
			return "", err
		}
		if len(line) < 4 {
			return "", fmt.Errorf("%q is no answer", line)
		}
		if line[3] == ' ' {
			return line[:3], nil
		}
	}
}
