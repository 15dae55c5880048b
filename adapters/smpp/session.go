package smpp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/huongvecoso/outreach/core/notify"
)

// maxPDU bounds what a centre may say at once.
const maxPDU = 64 << 10

var (
	errFraming = errors.New("the centre does not speak SMPP")
	errMixedUp = errors.New("an answer of another kind came")
	errSilent  = errors.New("no answer in time")
	errUnbound = errors.New("the centre ended the session")
	errClosed  = errors.New("the sender is closed")
	errLease   = errors.New("another process holds the bind")
)

// frame is one PDU as it came.
type frame struct {
	id     data.CommandIDType
	status data.CommandStatusType
	seq    int32
	whole  []byte
}

func readFrame(r io.Reader) (frame, error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 16 || length > maxPDU {
		return frame{}, errFraming
	}
	f := frame{whole: make([]byte, length)}
	copy(f.whole, head[:])
	h := pdu.ParseHeader(head)
	f.id, f.status, f.seq = h.CommandID, h.CommandStatus, h.SequenceNumber
	_, err := io.ReadFull(r, f.whole[16:])
	return f, err
}

// parse decodes the PDU. The decoder trusts lengths that it should not.
func (f frame) parse() (p pdu.PDU, err error) {
	defer func() {
		if recover() != nil {
			p, err = nil, errFraming
		}
	}()
	return pdu.Parse(bytes.NewReader(f.whole))
}

// messageID is the id in the answer to a submit_sm.
func (f frame) messageID() string {
	id, _, _ := bytes.Cut(f.whole[16:], []byte{0})
	return clean(string(id))
}

// session is one bind. It ends when the connection does, and is not used again.
type session struct {
	config Config
	conn   net.Conn
	take   func() notify.TakeReceipts
	window chan struct{}
	turn   chan struct{} // holds one token while somebody writes
	news   chan frame    // deliver_sm and data_sm that are not answered yet
	ctx    context.Context
	end    context.CancelCauseFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	last    int32
	waiting map[int32]waiting
}

type waiting struct {
	want   data.CommandIDType
	answer chan frame
}

func newSession(c Config, conn net.Conn, take func() notify.TakeReceipts) *session {
	ctx, end := context.WithCancelCause(context.Background())
	s := &session{config: c, conn: conn, take: take, ctx: ctx, end: end, waiting: map[int32]waiting{},
		window: make(chan struct{}, c.Window), turn: make(chan struct{}, 1), news: make(chan frame, 64)}
	context.AfterFunc(ctx, func() { conn.Close() })
	s.work.Go(s.listen)
	s.work.Go(s.tell)
	return s
}

func (s *session) alive() bool { return s.ctx.Err() == nil }

// ask writes a request and waits for its answer. sent tells that it may have
// reached the centre.
func (s *session) ask(ctx context.Context, p pdu.PDU, want data.CommandIDType) (answer frame, sent bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Response, errSilent)
	defer cancel()
	entry := waiting{want: want, answer: make(chan frame, 1)}
	s.mu.Lock()
	s.last = s.last%0x7FFFFFFF + 1
	seq := s.last
	s.waiting[seq] = entry // before it is written: the answer may be faster than we are
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, seq)
		s.mu.Unlock()
	}()
	p.SetSequenceNumber(seq)
	if err := s.write(ctx, p); err != nil {
		return frame{}, false, err
	}
	select {
	case answer := <-entry.answer:
		return answer, true, nil
	case <-ctx.Done():
		return frame{}, true, context.Cause(ctx)
	case <-s.ctx.Done():
		select {
		case answer := <-entry.answer: // it came just before the end
			return answer, true, nil
		default:
			return frame{}, true, context.Cause(s.ctx)
		}
	}
}

// write writes p whole, or ends the session: half a PDU cannot be taken back.
func (s *session) write(ctx context.Context, p pdu.PDU) error {
	buffer := pdu.NewBuffer(nil)
	p.Marshal(buffer)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
	if ctx.Err() != nil || !s.alive() {
		return errors.Join(context.Cause(ctx), context.Cause(s.ctx))
	}
	limit, ok := ctx.Deadline()
	if most := time.Now().Add(s.config.Response); !ok || limit.After(most) {
		limit = most
	}
	_ = s.conn.SetWriteDeadline(limit)
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		_ = s.conn.SetWriteDeadline(time.Unix(1, 0))
	})
	_, err := s.conn.Write(buffer.Bytes())
	if !stop() {
		<-cut // the next write sets a deadline of its own, after this one
	}
	if err != nil {
		s.end(err)
	}
	return err
}

// listen reads until the connection ends or says nothing for too long.
func (s *session) listen() {
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.config.Enquire + s.config.Response))
		f, err := readFrame(s.conn)
		if err == nil {
			err = s.hear(f)
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

// hear gives an answer to whoever waits for it and serves the centre's own
// requests.
func (s *session) hear(f frame) error {
	switch f.id {
	case data.ENQUIRE_LINK:
		return s.reply(f, data.ENQUIRE_LINK_RESP, data.ESME_ROK)
	case data.UNBIND:
		_ = s.reply(f, data.UNBIND_RESP, data.ESME_ROK)
		return errUnbound
	case data.DELIVER_SM, data.DATA_SM:
		select {
		case s.news <- f:
			return nil
		default:
			return s.reply(f, answerTo(f.id), data.ESME_RX_T_APPN)
		}
	case data.ALERT_NOTIFICATION, data.OUTBIND:
		return nil
	}
	if uint32(f.id)&0x80000000 == 0 {
		return s.reply(f, data.GENERIC_NACK, data.ESME_RINVCMDID)
	}
	s.mu.Lock()
	entry, known := s.waiting[f.seq]
	delete(s.waiting, f.seq)
	s.mu.Unlock()
	switch {
	case known && (f.id == entry.want || f.id == data.GENERIC_NACK):
		entry.answer <- f
	case known:
		return errMixedUp
	case f.id == data.GENERIC_NACK && f.seq == 0:
		return errFraming // one of those that wait was not understood, nobody knows which
	}
	return nil // an answer that came too late
}

// answerTo is the kind of answer to one of the centre's requests.
func answerTo(request data.CommandIDType) data.CommandIDType {
	if request == data.DATA_SM {
		return data.DATA_SM_RESP
	}
	return data.DELIVER_SM_RESP
}

// reply answers a request of the centre.
func (s *session) reply(f frame, id data.CommandIDType, status data.CommandStatusType) error {
	p, err := pdu.CreatePDUFromCmdID(id)
	if err != nil {
		return err
	}
	p.SetSequenceNumber(f.seq)
	b := pdu.NewBuffer(nil)
	p.Marshal(b)
	raw := b.Bytes()
	binary.BigEndian.PutUint32(raw[8:], uint32(status))
	return s.write(context.Background(), rawPDU{p, raw})
}

// rawPDU is a PDU whose bytes are there already.
type rawPDU struct {
	pdu.PDU
	bytes []byte
}

// Marshal writes the bytes.
func (r rawPDU) Marshal(b *pdu.ByteBuffer) { _, _ = b.Write(r.bytes) }

// tell hands receipts on, one after the other, and answers each only then.
func (s *session) tell() {
	for {
		select {
		case f := <-s.news:
			if err := s.reply(f, answerTo(f.id), s.handOn(f)); err != nil {
				s.end(err)
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// handOn stores a receipt and returns what the centre is to be told.
func (s *session) handOn(f frame) data.CommandStatusType {
	p, err := f.parse()
	if err != nil {
		return data.ESME_RINVMSGLEN
	}
	receipt, named := s.config.readReceipt(p)
	if !named {
		return data.ESME_RX_P_APPN // nobody reads what is sent to a brandname
	}
	take := s.take()
	if take == nil {
		return data.ESME_RX_T_APPN
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.config.Response)
	defer cancel()
	if err := take(ctx, []notify.Receipt{receipt}); err != nil {
		return data.ESME_RX_T_APPN
	}
	return data.ESME_ROK
}

// keep asks the centre from time to time whether it is there, and prolongs the
// lease, until the session ends.
func (s *session) keep(lease Lease, until time.Time) {
	enquire := time.NewTicker(s.config.Enquire)
	defer enquire.Stop()
	renew := time.NewTimer(time.Hour)
	defer renew.Stop()
	if lease != nil {
		renew.Reset(time.Until(until) / 3)
	}
	for {
		select {
		case <-enquire.C:
			if _, _, err := s.ask(s.ctx, pdu.NewEnquireLink(), data.ENQUIRE_LINK_RESP); err != nil {
				s.end(err)
			}
		case <-renew.C:
			if lease == nil {
				continue
			}
			ctx, cancel := context.WithDeadline(s.ctx, until)
			next, err := lease.Hold(ctx)
			cancel()
			switch {
			case err == nil && next.IsZero(), err != nil && !time.Now().Before(until):
				s.quit(errLease)
			case err == nil:
				until = next
			}
			renew.Reset(max(time.Until(until)/3, 10*time.Millisecond))
		case <-s.ctx.Done():
			return
		}
	}
}

// quit unbinds and ends the session for the reason.
func (s *session) quit(why error) {
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	_, _, _ = s.ask(ctx, pdu.NewUnbind(), data.UNBIND_RESP)
	s.end(why)
}

// bind logs in.
func (s *session) bind(ctx context.Context) error {
	request := pdu.NewBindRequest(pdu.Transceiver)
	request.SystemID, request.Password, request.SystemType = s.config.SystemID, string(s.config.Password), s.config.SystemType
	answer, _, err := s.ask(ctx, request, data.BIND_TRANSCEIVER_RESP)
	if err != nil {
		return err
	}
	if answer.status != data.ESME_ROK {
		return refusal(answer.status)
	}
	if answer.id != data.BIND_TRANSCEIVER_RESP {
		return errMixedUp
	}
	return nil
}

// refusal is a bind that was refused.
type refusal data.CommandStatusType

func (r refusal) Error() string { return fmt.Sprintf("status %s", number(data.CommandStatusType(r))) }
