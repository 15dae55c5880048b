package smtpmail

import (
	"context"

	"github.com/huongvecoso/outreach/core/notify"
)

var _ notify.Checker = (*Sender)(nil)

// Check implements [notify.Checker]: it connects, has the connection protected
// and logs in as for a mail, and takes its leave without one. The line is not
// kept, and those that are kept are not used.
func (s *Sender) Check(ctx context.Context) notify.Outcome {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	l, fail := s.dialer.open(ctx)
	if fail != nil {
		if ended := ctx.Err(); ended != nil && !understood(fail.err) && !sound(fail.err) {
			fail.err = ended
		}
		return classify(fail)
	}
	l.quit()
	detail := "no login is set"
	if s.config.Username != "" {
		detail = "logged in"
	}
	return notify.Outcome{Result: notify.ResultAccepted, Code: "220", Detail: detail}
}
