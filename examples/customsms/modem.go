// Package customsms sends SMS through a modem in the district's own server room,
// which speaks lines over TCP:
//
//	modem: READY
//	we:    {"key": "0198…", "to": "+84…", "text": "HVCS: …"}
//	modem: OK 4711 | NO 13 | WAIT 7
package customsms

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
)

// Modem is a notify.Sender. It is safe for concurrent use.
type Modem struct {
	Addr  string
	Limit time.Duration    // of one message
	Clock func() time.Time // tells whether a message has expired
}

// numbers are the modem's own: nobody has that number, no credit, no network.
var numbers = map[string]notify.Result{"13": notify.ResultPermanent, "31": notify.ResultMisconfigured, "50": notify.ResultTransient}

// Describe says what the modem can do.
func (m Modem) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "modem", Channel: notify.SMS, Timeout: m.Limit, Idempotent: true, Parallel: 4}
}

// Send hands one message to the modem.
func (m Modem) Send(ctx context.Context, msg notify.Message) notify.Outcome {
	sms, err := smstext.Prepare(msg.Text, &smstext.Options{MaxParts: 3})
	if err != nil || msg.To == "" || strings.ContainsAny(msg.To, "\r\n") || m.Clock().After(msg.Expires) {
		return notify.Outcome{Result: notify.ResultPermanent, Detail: "no number, no text that can be sent, or too late"}
	}
	ctx, cancel := context.WithTimeout(ctx, m.Limit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Addr)
	if err != nil { // nobody has it: the core may try again
		return notify.Outcome{Result: notify.ResultNotSent, Detail: "the modem is not reached"}
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	lines := bufio.NewReader(io.LimitReader(conn, 256))
	if hello, _ := lines.ReadString('\n'); hello != "READY\n" {
		return notify.Outcome{Result: notify.ResultNotSent, Detail: "the modem is not ready"}
	}
	_ = json.NewEncoder(conn).Encode(map[string]string{"key": msg.IdempotencyKey, "to": msg.To, "text": sms.Text})
	return outcome(lines.ReadString('\n')) // from here on the modem may have it
}

// outcome is accepted only where the modem clearly says so.
func outcome(line string, err error) notify.Outcome {
	var word, rest, more string
	n, _ := fmt.Sscan(line, &word, &rest, &more)
	seconds, wrong := time.ParseDuration(rest + "s")
	switch result := numbers[rest]; {
	case err != nil || n != 2:
	case word == "OK":
		return notify.Outcome{Result: notify.ResultAccepted, ProviderID: rest}
	case word == "WAIT" && wrong == nil:
		return notify.Outcome{Result: notify.ResultThrottled, RetryAfter: seconds}
	case word == "NO" && result != "":
		return notify.Outcome{Result: result, Code: rest}
	}
	return notify.Outcome{Result: notify.ResultUnknown, Detail: "the modem was not understood"}
}
