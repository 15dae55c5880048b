// Package smppsink is a message centre that delivers nothing. It takes what is
// sent to it over SMPP 3.4 on the loopback interface and keeps account, for
// tests that must know what a centre really accepted:
//
//	sink, err := smppsink.Start(nil)
//	if err != nil { … }
//	defer sink.Close()
//	… send to sink.Addr() …
//	for _, m := range sink.Ledger() { … }
//
// A [Script] makes it refuse, delay, answer wrongly or hang up at chosen
// moments. A message is in the ledger before its sender is told so.
package smppsink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// Event is what a [Script] is told.
type Event struct {
	Command  string // bind, submit, query, enquire or unbind
	Conn     int    // numbers the connections from 1
	Count    int    // numbers the submits of all connections from 1
	Sequence int32
	To       string // with a +
	Text     string // of this part
}

// Reply is what a [Script] wants done. The zero value lets the sink go on as
// usual.
type Reply struct {
	Delay    time.Duration // is waited first, while other requests are served
	Status   uint32        // other than 0: refused with it
	Nack     bool          // answer by generic_nack with Status
	Sequence *int32        // answer under this number instead
	Wrong    bool          // answer by enquire_link_resp instead
	Raw      []byte        // write this instead of an answer
	Accept   bool          // enter the message into the ledger although the answer is not the usual one
	Silent   bool          // answer nothing
	Before   func()        // is called once the message is in the ledger, before it is answered
	Drop     bool          // then close the connection
}

// Script decides what happens at each request. It is called from the
// goroutines of all connections.
type Script func(Event) Reply

// Options are the choices of [Start]. A nil *Options is the zero value.
type Options struct {
	SystemID, Password string // what a bind must give; both empty: anything
	Script             Script
	FirstID            uint64 // number of the first message. Default 1
	HexIDs             bool   // ids in answers are hexadecimal, in receipts decimal

	Clock func() time.Time // dates the ledger. Default time.Now
}

// Message is one accepted message, or part of one.
type Message struct {
	At         time.Time // when it was accepted
	ID         string    // as the answer named it
	To         string    // with a +
	Source     string
	TON, NPI   [2]byte // of source and recipient
	Text       string
	Coding     byte
	Ref        int // of a text in parts
	Part       int // from 1; 0: a text in one part
	Parts      int
	Validity   string
	Registered byte
}

// Sink is a running message centre. Its methods are safe for concurrent use.
type Sink struct {
	opts     Options
	listener net.Listener
	closing  chan struct{}
	once     sync.Once
	running  sync.WaitGroup

	mu       sync.Mutex
	conns    map[*link]bool
	count    int
	submits  int
	binds    int
	messages []Message
	bound    *link
	acks     map[int32]chan uint32
	last     int32
	states   map[string]byte // of messages, by id
}

type link struct {
	net.Conn
	number int
	mu     sync.Mutex
}

// Start starts a sink on a free port of 127.0.0.1. The caller must Close it.
func Start(opts *Options) (*Sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sink{listener: l, closing: make(chan struct{}), conns: map[*link]bool{}, acks: map[int32]chan uint32{}, states: map[string]byte{}}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.FirstID = max(s.opts.FirstID, 1)
	if s.opts.Clock == nil {
		s.opts.Clock = time.Now
	}
	s.running.Go(s.serve)
	return s, nil
}

// Addr returns host:port of the sink.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Submits is how many messages and parts it was handed, whatever it did with them.
func (s *Sink) Submits() int { s.mu.Lock(); defer s.mu.Unlock(); return s.submits }

// Binds is how many binds were accepted.
func (s *Sink) Binds() int { s.mu.Lock(); defer s.mu.Unlock(); return s.binds }

// Ledger returns what was accepted, in order.
func (s *Sink) Ledger() []Message { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.messages) }

// Close cuts all connections and waits until nothing of the sink runs.
func (s *Sink) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.listener.Close()
		s.Cut()
	})
	s.running.Wait()
	return nil
}

// Cut closes every connection.
func (s *Sink) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Unbind asks the client to end the session.
func (s *Sink) Unbind() error {
	_, err := s.request(context.Background(), pdu.NewUnbind(), false)
	return err
}

// Receipt sends the receipt of the message with the id, as centres write it, and
// returns the status it was acknowledged with.
func (s *Sink) Receipt(ctx context.Context, id, stat string) (status uint32, err error) {
	return s.Deliver(ctx, fmt.Sprintf("id:%s sub:001 dlvrd:001 submit date:1705120930 done date:1705120931 stat:%s err:000 text:", id, stat), data.SM_SMSC_DLV_RCPT_TYPE)
}

// Deliver sends any text with a class, and returns the status it was
// acknowledged with.
func (s *Sink) Deliver(ctx context.Context, text string, class byte) (status uint32, err error) {
	d, ok := pdu.NewDeliverSM().(*pdu.DeliverSM)
	if !ok {
		return 0, errors.New("smppsink: no deliver_sm")
	}
	d.EsmClass = class
	if err := d.Message.SetMessageWithEncoding(text, data.GSM7BIT); err != nil {
		return 0, err
	}
	return s.request(ctx, d, true)
}

// DataReceipt is Receipt in a data_sm, whose parameters alone say what it is.
func (s *Sink) DataReceipt(ctx context.Context, id string, state byte) (status uint32, err error) {
	d, ok := pdu.NewDataSM().(*pdu.DataSM)
	if !ok {
		return 0, errors.New("smppsink: no data_sm")
	}
	d.EsmClass = data.SM_SMSC_DLV_RCPT_TYPE
	d.RegisterOptionalParam(pdu.Field{Tag: pdu.TagReceiptedMessageID, Data: append([]byte(id), 0)})
	d.RegisterOptionalParam(pdu.Field{Tag: pdu.TagMessageStateOption, Data: []byte{state}})
	return s.request(ctx, d, true)
}

// Become sets what a query is told of the message with the id: a message_state.
// Of a message that was accepted and has none it is 1, on its way.
func (s *Sink) Become(id string, state byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[id] = state
}

func (s *Sink) request(ctx context.Context, p pdu.PDU, wait bool) (uint32, error) {
	s.mu.Lock()
	c := s.bound
	s.last++ // the sink's own numbers begin with 1 too, like those of its clients
	p.SetSequenceNumber(s.last)
	ack := make(chan uint32, 1)
	s.acks[s.last] = ack
	s.mu.Unlock()
	if c == nil {
		return 0, errors.New("smppsink: nobody is bound")
	}
	if err := c.send(p); err != nil || !wait {
		return 0, err
	}
	select {
	case status := <-ack:
		return status, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.closing:
		return 0, net.ErrClosed
	}
}

func (c *link) send(p pdu.PDU) error {
	b := pdu.NewBuffer(nil)
	p.Marshal(b)
	return c.sendRaw(b.Bytes())
}

func (c *link) sendRaw(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.Write(b)
	return err
}

func (s *Sink) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.count++
		l := &link{Conn: c, number: s.count}
		s.conns[l] = true
		s.mu.Unlock()
		select {
		case <-s.closing:
			c.Close()
		default:
		}
		s.running.Go(func() {
			s.talk(l)
			c.Close()
			s.mu.Lock()
			delete(s.conns, l)
			if s.bound == l {
				s.bound = nil
			}
			s.mu.Unlock()
		})
	}
}

func (s *Sink) talk(c *link) {
	for {
		p, err := pdu.Parse(c)
		if err != nil {
			return
		}
		e := Event{Conn: c.number, Sequence: p.GetSequenceNumber()}
		switch request := p.(type) {
		case *pdu.BindRequest:
			e.Command = "bind"
		case *pdu.SubmitSM:
			e.Command, e.To = "submit", "+"+request.DestAddr.Address()
			e.Text = text(request)
			s.mu.Lock()
			s.submits++
			e.Count = s.submits
			s.mu.Unlock()
		case *pdu.QuerySM:
			e.Command = "query"
		case *pdu.EnquireLink:
			e.Command = "enquire"
		case *pdu.Unbind:
			e.Command = "unbind"
		default:
			h := p.GetHeader()
			s.mu.Lock()
			if ack := s.acks[h.SequenceNumber]; ack != nil && uint32(h.CommandID)&0x80000000 != 0 {
				delete(s.acks, h.SequenceNumber)
				ack <- uint32(h.CommandStatus)
			}
			s.mu.Unlock()
			continue
		}
		var r Reply
		if s.opts.Script != nil {
			r = s.opts.Script(e)
		}
		if r.Delay > 0 {
			s.running.Go(func() {
				select {
				case <-time.After(r.Delay):
					s.answer(c, p, r)
				case <-s.closing:
				}
			})
			continue
		}
		s.answer(c, p, r)
	}
}

func text(m *pdu.SubmitSM) string {
	t, err := m.Message.GetMessage()
	if err != nil {
		return ""
	}
	return t
}

// answer does what the script wants with a request.
func (s *Sink) answer(c *link, p pdu.PDU, r Reply) {
	response := p.GetResponse()
	usual := r.Status == 0 && !r.Nack && !r.Wrong && !r.Silent && r.Raw == nil
	switch request := p.(type) {
	case *pdu.SubmitSM:
		if usual || r.Accept {
			id := s.accept(request)
			if resp, ok := response.(*pdu.SubmitSMResp); ok {
				resp.MessageID = id
			}
		}
	case *pdu.QuerySM:
		state, known := s.state(request.MessageID)
		if resp, ok := response.(*pdu.QuerySMResp); ok {
			resp.MessageID, resp.MessageState = request.MessageID, state
		}
		if !known && usual {
			r.Status = uint32(data.ESME_RQUERYFAIL)
		}
	case *pdu.BindRequest:
		if s.opts.SystemID != "" && (request.SystemID != s.opts.SystemID || request.Password != s.opts.Password) && usual {
			r.Status, usual = uint32(data.ESME_RINVPASWD), false
		}
		if usual {
			s.mu.Lock()
			s.bound = c
			s.binds++
			s.mu.Unlock()
		}
	}
	if r.Before != nil {
		r.Before()
	}
	switch {
	case r.Raw != nil:
		_ = c.sendRaw(r.Raw)
	case r.Silent:
	default:
		if r.Nack {
			response = pdu.NewGenericNack()
		}
		if r.Wrong {
			response = pdu.NewEnquireLinkResp()
		}
		response.SetSequenceNumber(p.GetSequenceNumber())
		if r.Sequence != nil {
			response.SetSequenceNumber(*r.Sequence)
		}
		b := pdu.NewBuffer(nil)
		response.Marshal(b)
		raw := b.Bytes()
		binary.BigEndian.PutUint32(raw[8:], r.Status)
		if r.Status != 0 { // a refusal has no body, whatever the decoders of this world expect
			raw = raw[:16]
			binary.BigEndian.PutUint32(raw, 16)
		}
		_ = c.sendRaw(raw)
	}
	if _, unbind := p.(*pdu.Unbind); unbind || r.Drop {
		c.Close()
	}
}

// state is what a query is told of a message.
func (s *Sink) state(id string) (state byte, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state, known = s.states[id]; known {
		return state, true
	}
	return 1, slices.ContainsFunc(s.messages, func(m Message) bool { return m.ID == id })
}

func (s *Sink) accept(m *pdu.SubmitSM) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.opts.FirstID + uint64(len(s.messages))
	if id = fmt.Sprint(n); s.opts.HexIDs {
		id = fmt.Sprintf("%08X", n)
	}
	entry := Message{At: s.opts.Clock(), ID: id, To: "+" + m.DestAddr.Address(), Source: m.SourceAddr.Address(), Text: text(m), Validity: m.ValidityPeriod, Registered: m.RegisteredDelivery,
		TON: [2]byte{m.SourceAddr.Ton(), m.DestAddr.Ton()}, NPI: [2]byte{m.SourceAddr.Npi(), m.DestAddr.Npi()}, Coding: m.Message.Encoding().DataCoding()}
	if total, part, ref, ok := m.Message.UDH().GetConcatInfo(); ok {
		entry.Parts, entry.Part, entry.Ref = int(total), int(part), int(ref)
	}
	if total, ok := m.OptionalParameters[pdu.TagSarTotalSegments]; ok {
		entry.Parts, entry.Part = int(total.Data[0]), int(m.OptionalParameters[pdu.TagSarSegmentSeqnum].Data[0])
		entry.Ref = int(binary.BigEndian.Uint16(m.OptionalParameters[pdu.TagSarMsgRefNum].Data))
	}
	s.messages = append(s.messages, entry)
	return id
}
