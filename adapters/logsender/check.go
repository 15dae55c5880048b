package logsender

import (
	"context"

	"github.com/huongvecoso/outreach/core/notify"
)

var _ notify.Checker = (*Sender)(nil)

// Check implements [notify.Checker]: a log is always there, and its code says
// that messages reach nobody.
func (s *Sender) Check(ctx context.Context) notify.Outcome {
	if ctx.Err() != nil {
		return notify.Outcome{Result: notify.ResultNotSent, Detail: "stopped"}
	}
	return notify.Outcome{Result: notify.ResultAccepted, Code: "logged", Detail: "messages are logged and reach nobody"}
}
