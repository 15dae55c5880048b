package smpp

import (
	"context"
	"errors"
	"fmt"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/huongvecoso/outreach/core/notify"
)

// QueryStatus implements [notify.StatusQuerier] by query_sm, where the centre
// answers it (Config.Query). Only a message whose id the centre gave can be asked
// for: of one whose answer was lost nobody here knows the id, and it stays unknown
// until a receipt or the policy ends that.
func (s *Sender) QueryStatus(ctx context.Context, about notify.Reference) (notify.Receipt, bool, error) {
	if !s.config.Query {
		return notify.Receipt{}, false, errors.New("smpp: the centre cannot be asked")
	}
	if about.ProviderID == "" {
		return notify.Receipt{}, false, nil
	}
	request, err := s.question(about.ProviderID)
	if err != nil {
		return notify.Receipt{}, false, errors.New("smpp: the question cannot be made")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Timeout, errSilent)
	defer cancel()
	answer, err := s.query(ctx, request)
	if err != nil {
		return notify.Receipt{}, false, fmt.Errorf("smpp: %s: %s", s.config.Name, cause(err))
	}
	switch {
	case answer.status == data.ESME_RQUERYFAIL, answer.status == data.ESME_RINVMSGID:
		return notify.Receipt{}, false, nil
	case answer.status != data.ESME_ROK || answer.id != data.QUERY_SM_RESP:
		return notify.Receipt{}, false, fmt.Errorf("smpp: %s does not answer: %s", s.config.Name, number(answer.status))
	}
	p, err := answer.parse()
	told, ok := p.(*pdu.QuerySMResp)
	if err != nil || !ok {
		return notify.Receipt{}, false, fmt.Errorf("smpp: the answer of %s cannot be read", s.config.Name)
	}
	state := states[told.MessageState]
	if state == "" {
		return notify.Receipt{}, false, nil
	}
	code := state
	if told.ErrorCode != 0 {
		code = fmt.Sprintf("%s %d", state, told.ErrorCode)
	}
	return notify.Receipt{Provider: s.config.Name, ProviderID: about.ProviderID, Key: about.Key, Verdict: meaning(state), Code: code}, true, nil
}

// question makes the request for a message.
func (s *Sender) question(id string) (pdu.PDU, error) {
	request, ok := pdu.NewQuerySM().(*pdu.QuerySM)
	if !ok {
		return nil, errors.New("there is no query_sm")
	}
	source, err := pdu.NewAddressWithTonNpiAddr(*s.config.SourceTON, s.config.SourceNPI, s.config.Source)
	request.MessageID, request.SourceAddr = s.config.IDs.asAnswered(id), source
	return request, err
}

// query asks over the bind, within the window that messages have too.
func (s *Sender) query(ctx context.Context, request pdu.PDU) (frame, error) {
	session, err := s.session(ctx)
	if err != nil {
		return frame{}, err
	}
	select {
	case session.window <- struct{}{}:
		defer func() { <-session.window }()
	case <-ctx.Done():
		return frame{}, context.Cause(ctx)
	case <-session.ctx.Done():
		return frame{}, context.Cause(session.ctx)
	}
	answer, _, err := session.ask(ctx, request, data.QUERY_SM_RESP)
	return answer, err
}
