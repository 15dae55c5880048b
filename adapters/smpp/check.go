package smpp

import (
	"context"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/huongvecoso/outreach/core/notify"
)

var _ notify.Checker = (*Sender)(nil)

// Check implements [notify.Checker]: it binds, where it is not bound, and asks the
// centre whether it is there. The bind stays until Close. Where another process
// holds the lease of the bind that is [notify.ResultThrottled]: nothing is wrong,
// and nothing can be told from here.
func (s *Sender) Check(ctx context.Context) notify.Outcome {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Timeout, errSilent)
	defer cancel()
	session, err := s.session(ctx)
	if err != nil {
		return unbound(err)
	}
	answer, _, err := session.ask(ctx, pdu.NewEnquireLink(), data.ENQUIRE_LINK_RESP)
	switch {
	case err != nil:
		return notSent("enquire_link: " + cause(err))
	case answer.status != data.ESME_ROK:
		return notSent("enquire_link: refused")
	}
	return notify.Outcome{Result: notify.ResultAccepted, Code: "ROK", Detail: "bound"}
}
