package httpsms

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// BalanceQuery is how to ask what is left of the account. Its placeholders are
// those of StatusQuery without {{id}} and {{client_id}}.
type BalanceQuery struct {
	Method string `json:"method,omitempty"` // default as in Config
	URL    string `json:"url"`
	Body   Body   `json:"body,omitzero"` // none: a question without parameters
	Format Format `json:"format,omitempty"`
	Amount string `json:"amount"`         // place of the amount, written as in Answer
	Unit   string `json:"unit,omitempty"` // of the amount. Default VND
	// Code is the place of the result code, read as Answer.Codes says. Empty: an
	// amount is answer enough.
	Code string `json:"code,omitempty"`
}

var (
	_ notify.Checker        = (*Sender)(nil)
	_ notify.BalanceChecker = (*Sender)(nil)
)

// Balance implements [notify.BalanceChecker].
func (s *Sender) Balance(ctx context.Context) (notify.Balance, notify.Outcome) {
	q := s.config.Balance
	if q == nil {
		return notify.Balance{}, notify.Outcome{Result: notify.ResultPermanent, Detail: "the gateway has no call for it"}
	}
	if s.closed.Load() {
		return notify.Balance{}, notSent("the sender is closed")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.config.Timeout))
	defer cancel()
	v := values{"sender": s.config.Sender}
	s.addSecrets(v)
	find, status, err := s.inquire(ctx, s.account, q.Format, v)
	switch {
	case err != nil && status == http.StatusOK:
		return notify.Balance{}, unclearAnswer()
	case err != nil:
		return notify.Balance{}, notSent(strings.TrimPrefix(err.Error(), "httpsms: "))
	case status != http.StatusOK:
		class := Transient
		if known := s.config.Answer.byStatus(status); known == Misconfigured {
			class = known
		}
		return notify.Balance{}, notify.Outcome{Result: class.result(), Code: strconv.Itoa(status), Detail: "the account cannot be asked for"}
	}
	return q.read(find, s.config.Answer.Codes)
}

func unclearAnswer() notify.Outcome {
	return notify.Outcome{Result: notify.ResultUnknown, Detail: "the answer cannot be read"}
}

// read reads the amount out of an answer.
func (q *BalanceQuery) read(find finder, codes map[string]Class) (notify.Balance, notify.Outcome) {
	code := ""
	if q.Code != "" {
		var err error
		if code, err = find(q.Code); err != nil || len(code) > maxCode {
			return notify.Balance{}, unclearAnswer()
		}
		if class := codes[code]; class != Accepted {
			if class == "" {
				class = Unclear
			}
			return notify.Balance{}, notify.Outcome{Result: class.result(), Code: plain(code), Detail: "the account cannot be asked for"}
		}
	}
	word, err := find(q.Amount)
	if err != nil {
		return notify.Balance{}, unclearAnswer()
	}
	amount, err := strconv.ParseFloat(word, 64)
	if err != nil || math.Abs(amount) > 1e15 || math.IsNaN(amount) {
		return notify.Balance{}, unclearAnswer()
	}
	return notify.Balance{Amount: int64(math.Floor(amount)), Unit: q.Unit}, notify.Outcome{Result: notify.ResultAccepted, Code: plain(code)}
}

// Check implements [notify.Checker]. A gateway with a call for the balance is
// asked for it, which shows the credentials too. Of another one it is tried
// whether it can be reached and its certificate trusted, and whether a token is
// to be had where that uses nothing up.
func (s *Sender) Check(ctx context.Context) notify.Outcome {
	if s.config.Balance != nil {
		_, out := s.Balance(ctx)
		return out
	}
	if s.closed.Load() {
		return notSent("the sender is closed")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.config.Timeout))
	defer cancel()
	if s.config.Auth.Kind == OAuth2 {
		if _, err := s.token(ctx, ""); err != nil {
			return refusedToken(err)
		}
		return notify.Outcome{Result: notify.ResultAccepted, Detail: "a token was given"}
	}
	u, err := url.Parse(s.config.URL)
	if err != nil {
		return notSent("the address cannot be read")
	}
	u.Path, u.RawPath, u.RawQuery = "/", "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.String(), nil)
	if err != nil {
		return notSent("the address cannot be read")
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return notSent(cause(err))
	}
	resp.Body.Close()
	return notify.Outcome{Result: notify.ResultAccepted, Detail: "it answers; credentials show with the first message"}
}

func (c Config) judgeBalance() []error {
	q := c.Balance
	if q == nil {
		return nil
	}
	var faults fault.List
	faults.Add(judgeMethod("balance.method", q.Method, q.Body.Kind), c.judgeURL("balance.url", q.URL))
	if _, err := c.formOf("balance.body", q.Body); err != nil {
		faults.Add(err)
	}
	if q.Format != AnswerJSON && q.Format != AnswerXML && q.Format != AnswerText {
		faults.Add(wrong("balance.format", "%q is no format of answers: choose json, xml or text", "%q không phải dạng trả lời: chọn json, xml hoặc text", q.Format))
	}
	if q.Amount == "" {
		faults.Add(wrong("balance.amount", "say where the amount stands", "hãy ghi vị trí của số dư"))
	}
	return faults
}
