package smtpmail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// lane is a connection to a relay that offers PIPELINING (RFC 2920): commands
// are written without waiting for the answers to those before. With CHUNKING
// (RFC 3030) a whole mail is one write, and the next may follow at once:
//
//	written    RSET MAIL RCPT BDAT+mail   RSET MAIL RCPT BDAT+mail  …
//	answered        250  250  250  250         250  250  250  250   …
//
// Without it the mail itself waits for the answer to DATA, and the next
// envelope follows the final dot. The RSET in front makes each mail
// independent of what became of the one before, which nobody knows yet.
//
// Answers come in the order of the commands, so each belongs to one mail. What
// a mail came to is decided as on a [session], with one difference: with
// CHUNKING the mail has left before its envelope is accepted, so a connection
// that is lost without a word leaves unknown what a session would know.
type lane struct {
	conn   *conn    // below TLS
	stream net.Conn // what is spoken over
	offers extensions
	window int
	turn   chan struct{} // holds one token while somebody writes
	ended  chan struct{} // closed when no further answer is read

	mu     sync.Mutex
	due    []due     // answers that are still to come, in order
	live   int       // mails whose Send still waits
	limit  time.Time // of the Send that waits longest
	idle   time.Time // since when nothing is due, zero before the first mail
	mute   bool      // no further mail may begin
	leaves bool      // the relay said 421: it does nothing of what came after
	lost   error     // why no further answer will come
}

// due is one answer that is to come.
type due struct {
	mail  *exchange
	phase phase
	sync  bool // the writer waits for it
	last  bool // nothing comes after it
}

// exchange is one mail on a lane. Its fields are guarded by the lane's mu.
type exchange struct {
	began   bool            // an answer has come
	refused *failure        // the first no, which decides
	taken   *smtp.SMTPError // the yes to the mail itself
	done    bool
	over    chan struct{} // closed when done
	caught  chan bool     // the answer that the writer waits for: whether it is yes
}

var errLineGone = errors.New("the connection ended while it was idle")

// newLane takes over a connection on which the server was greeted and logged
// in to. One goroutine reads its answers, also while it is idle, so that a
// connection which the server closes is not used any more.
func newLane(c *conn, stream net.Conn, offers extensions, window int) *lane {
	l := &lane{conn: c, stream: stream, offers: offers, window: window, turn: make(chan struct{}, 1), ended: make(chan struct{})}
	c.arm(time.Time{})
	go l.listen(bufio.NewReader(stream))
	return l
}

func (l *lane) room() int { return l.window }

func (l *lane) fit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.mute
}

func (l *lane) deliver(ctx context.Context, m letter) (string, *failure) {
	if err := m.suits(l.offers); err != nil {
		return "", &failure{phase: atMail, err: err}
	}
	mail, fail := l.write(ctx, m)
	if mail == nil {
		return "", fail
	}
	if fail == nil {
		select {
		case <-mail.over:
		case <-ctx.Done():
		}
	}
	return l.leave(ctx, mail, fail)
}

// leave ends a Send and says what its mail came to. A lane on which nobody
// waits any more while answers are missing has no use left.
func (l *lane) leave(ctx context.Context, mail *exchange, fail *failure) (string, *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live--; l.live == 0 && (len(l.due) > 0 || l.mute) {
		l.mute = true
		l.conn.Conn.Close()
	}
	switch {
	case mail.refused != nil:
		return "", mail.refused
	case fail != nil:
		return "", fail
	case mail.taken != nil:
		return mail.taken.Message, nil
	case mail.done:
		return "", &failure{phase: atAnswer, err: l.lost, lost: l.leaves && !mail.began}
	}
	return "", &failure{phase: atAnswer, err: ctx.Err()}
}

// write writes m as far as the relay and ctx let it. A mail without a failure
// has gone out whole, or was refused.
func (l *lane) write(ctx context.Context, m letter) (*exchange, *failure) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, &failure{phase: atWake, err: ctx.Err()}
	}
	mail, fresh, rested, fail := l.begin(ctx)
	if fail != nil {
		return nil, fail
	}
	w := &writing{lane: l, ctx: ctx, mail: mail}
	if rested && !w.ask(atWake, []byte("RSET\r\n"), due{phase: atWake}) {
		return mail, w.fail
	}
	envelope, answers := m.envelope(l.offers, !fresh && !rested)
	if l.offers.has("CHUNKING") {
		whole := append(fmt.Appendf(envelope, "BDAT %d LAST\r\n", len(m.data)), m.data...)
		w.say(atMail, whole, append(answers, due{phase: atAnswer, last: true})...)
		return mail, w.fail
	}
	if !w.ask(atMail, append(envelope, "DATA\r\n"...), append(answers, due{phase: atData})...) {
		return mail, w.fail
	}
	w.say(atBody, l.body(mail, m.data), due{phase: atAnswer, last: true})
	return mail, w.fail
}

// begin enters a mail. fresh tells that it is the first, rested that the relay
// should be asked whether it is still there.
func (l *lane) begin(ctx context.Context) (mail *exchange, fresh, rested bool, fail *failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mute {
		return nil, false, false, &failure{phase: atWake, err: errLineGone}
	}
	if err := ctx.Err(); err != nil {
		return nil, false, false, &failure{phase: atWake, err: err}
	}
	fresh = l.idle.IsZero() && len(l.due) == 0
	rested = !fresh && len(l.due) == 0 && time.Since(l.idle) > idleCheck
	l.live++
	return &exchange{over: make(chan struct{}), caught: make(chan bool, 1)}, fresh, rested, nil
}

// body is what follows the answer to DATA: the mail or, where its recipient
// was refused and the relay wants a mail all the same, nothing (RFC 2920, 3.1).
func (l *lane) body(mail *exchange, data []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mail.refused != nil {
		return []byte(".\r\n")
	}
	return stuffed(data)
}

// stuffed is data as DATA wants it: dots doubled at the beginning of lines,
// and the final dot.
func stuffed(data []byte) []byte {
	body := bytes.ReplaceAll(data, []byte("\r\n."), []byte("\r\n.."))
	if bytes.HasPrefix(body, []byte(".")) {
		body = slices.Insert(slices.Clone(body), 0, '.')
	}
	return append(body, ".\r\n"...)
}

// envelope is what comes before the mail itself, with the answers it will get.
func (m letter) envelope(offers extensions, reset bool) ([]byte, []due) {
	var b []byte
	var answers []due
	if reset {
		b, answers = append(b, "RSET\r\n"...), append(answers, due{phase: atWake})
	}
	report := len(m.notify) > 0 && offers.has("DSN")
	b = fmt.Appendf(b, "MAIL FROM:<%s>", m.from)
	if offers.has("SIZE") {
		b = fmt.Appendf(b, " SIZE=%d", len(m.data))
	}
	if m.wide {
		b = append(b, " SMTPUTF8"...)
	}
	if report {
		b = fmt.Appendf(b, " RET=%s ENVID=%s", smtp.DSNReturnHeaders, m.envelopeID)
	}
	b = fmt.Appendf(b, "\r\nRCPT TO:<%s>", m.to)
	if report {
		b = fmt.Appendf(b, " NOTIFY=%s", strings.Join(words(m.notify), ","))
	}
	return append(b, "\r\n"...), append(answers, due{phase: atMail}, due{phase: atRcpt})
}

func words[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

// writing is the part of a mail in which its Send holds the lane's turn.
type writing struct {
	lane *lane
	ctx  context.Context
	mail *exchange
	fail *failure
}

// say writes b, which gets the answers.
func (w *writing) say(at phase, b []byte, answers ...due) {
	l := w.lane
	if err := l.expect(w.ctx, w.mail, answers); err != nil {
		w.fail = &failure{phase: at, err: err, lost: true}
		return
	}
	stop := context.AfterFunc(w.ctx, func() { _ = l.conn.Conn.SetWriteDeadline(time.Unix(1, 0)) })
	n, err := l.stream.Write(b)
	if !stop() || err != nil {
		l.hush() // a deadline in the past may still be set, or half a command went out
	}
	if err != nil {
		// What the relay has is a mail without its end, and no byte may follow.
		l.forget(w.mail)
		if n > 0 {
			at = max(at, atBody)
		}
		w.fail = &failure{phase: at, err: err, lost: true}
	}
}

// ask says b, waits for the last of the answers, and reports whether it is
// yes. After a no, or a failure, the mail is over.
func (w *writing) ask(at phase, b []byte, answers ...due) bool {
	l := w.lane
	answers[len(answers)-1].sync = true
	if w.say(at, b, answers...); w.fail != nil {
		return false
	}
	yes := false
	select {
	case yes = <-w.mail.caught:
	case <-w.mail.over:
		l.mu.Lock()
		defer l.mu.Unlock()
		if w.mail.began {
			at = answers[len(answers)-1].phase
		}
		w.fail = &failure{phase: at, err: l.lost}
	case <-w.ctx.Done():
		l.hush() // the relay would take what comes next for this mail's body
		w.fail = &failure{phase: answers[len(answers)-1].phase, err: w.ctx.Err()}
	}
	if !yes && w.fail == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.finish(w.mail)
	}
	return yes
}

// expect notes the answers that what is about to be written will get.
func (l *lane) expect(ctx context.Context, mail *exchange, answers []due) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return l.lost
	}
	for _, d := range answers {
		d.mail = mail
		l.due = append(l.due, d)
	}
	limit, ok := ctx.Deadline()
	if !ok {
		limit = time.Now().Add(time.Minute) // Send always sets one
	}
	if limit.After(l.limit) {
		l.limit = limit
		_ = l.conn.Conn.SetReadDeadline(limit)
	}
	_ = l.conn.Conn.SetWriteDeadline(limit)
	return nil
}

// hush lets no further mail begin.
func (l *lane) hush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = true
}

// forget waits no longer for the answers of a mail that did not go out whole.
func (l *lane) forget(mail *exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = slices.DeleteFunc(l.due, func(d due) bool { return d.mail == mail })
}

// finish ends a mail. mu is held.
func (l *lane) finish(mail *exchange) {
	if !mail.done {
		mail.done = true
		close(mail.over)
	}
}

// listen reads the answers until the connection ends.
func (l *lane) listen(in *bufio.Reader) {
	defer close(l.ended)
	for {
		reply, err := readReply(in)
		if err == nil {
			err = l.hear(reply)
		}
		if err != nil {
			l.end(err)
			return
		}
	}
}

// hear gives an answer to the mail it belongs to.
func (l *lane) hear(reply *smtp.SMTPError) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn.heard.Store(0)
	if reply.Code == 421 {
		l.mute, l.leaves = true, true
	}
	if len(l.due) == 0 {
		return errLineGone // a farewell, or nothing that was asked for
	}
	d := l.due[0]
	l.due = l.due[1:]
	d.mail.began = true
	yes := wanted(d.phase, reply.Code)
	switch {
	case yes && d.last:
		d.mail.taken = reply
	case !yes:
		l.mute = l.mute || !sound(reply)
		if d.mail.refused == nil {
			d.mail.refused = &failure{phase: d.phase, err: reply}
		}
	}
	if d.sync {
		d.mail.caught <- yes
	}
	if d.last {
		l.finish(d.mail)
	}
	if len(l.due) == 0 {
		l.idle, l.limit = time.Now(), time.Time{}
		_ = l.conn.Conn.SetReadDeadline(time.Time{})
	}
	return nil
}

// wanted reports whether code is the yes that belongs to a phase.
func wanted(at phase, code int) bool {
	switch at {
	case atData:
		return code == 354
	case atRcpt:
		return code/10 == 25
	}
	return code == 250
}

// end tells every mail that waits that no answer will come.
func (l *lane) end(err error) {
	l.conn.Conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost, l.mute = err, true
	for _, d := range l.due {
		l.finish(d.mail)
	}
	l.due = nil
}

func (l *lane) quit() {
	l.hush()
	_ = l.conn.Conn.SetDeadline(time.Now().Add(farewell))
	if _, err := l.stream.Write([]byte("QUIT\r\n")); err != nil {
		l.conn.Conn.Close()
	}
	<-l.ended // the answer belongs to no mail and ends the lane, as does silence
}

func (l *lane) abandon() {
	l.conn.Conn.Close()
	<-l.ended
}
