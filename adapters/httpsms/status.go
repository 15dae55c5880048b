package httpsms

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// statuses says what an HTTP status means by itself. A gateway that knows
// better overrules it by Answer.Statuses.
var statuses = map[string]Class{
	"301": Misconfigured, // the address has changed, nothing was done
	"307": Misconfigured,
	"308": Misconfigured,
	"3xx": Unclear, // "done, see there" is one of them

	"401": Misconfigured,
	"402": Misconfigured, // balance
	"403": Misconfigured,
	"404": Misconfigured, // the address is wrong
	"405": Misconfigured,
	"410": Misconfigured,
	"415": Misconfigured,
	"408": Transient, // the request did not arrive as a whole
	"425": Transient,
	"4xx": Permanent,

	"5xx": Unclear, // the request was written, and something was done with it
}

// statusKey reports whether key can be in Answer.Statuses.
func statusKey(key string) bool {
	if len(key) != 3 || key == "429" || key[0] < '3' || key[0] > '5' {
		return false
	}
	return key[1:] == "xx" || digits(key)
}

// byStatus is the class of an answer without a documented code.
func (a Answer) byStatus(status int) Class {
	exact := strconv.Itoa(status)
	kind := exact[:1] + "xx"
	for _, table := range []map[string]Class{a.Statuses, statuses} {
		for _, key := range []string{exact, kind} {
			if class, ok := table[key]; ok {
				return class
			}
		}
	}
	return Unclear
}

// classify decides what an answer means, in the order of the package comment.
func (a Answer) classify(status int, answer []byte) (class Class, code, id string) {
	success := status >= 200 && status < 300
	code, id, err := a.look(answer)
	documented, known := a.Codes[code]
	switch {
	case status == http.StatusTooManyRequests:
		return Throttled, code, ""
	case err != nil && success:
		return Unclear, "", ""
	case known && code != "" && documented.fits(status):
		return documented, code, id
	case success && id != "" && (a.Code == "" || code == "" && a.Codes[""] == Accepted):
		return Accepted, "", id
	case success || known && code != "":
		return Unclear, code, ""
	}
	return a.byStatus(status), code, ""
}

// fits reports whether a documented code can be believed beside the status:
// one that claims success under an error contradicts itself, but for a
// repetition, which many gateways report as a conflict.
func (c Class) fits(status int) bool {
	switch c {
	case Accepted:
		return status >= 200 && status < 300
	case Repeated:
		return status >= 200 && status < 500
	}
	return true
}

// look reads the code and the id out of an answer.
func (a Answer) look(answer []byte) (code, id string, err error) {
	find, err := a.Format.read(answer)
	if err != nil {
		return "", "", err
	}
	if code, err = find(a.Code); err != nil {
		return "", "", err
	}
	if id, err = find(a.ID); err != nil {
		return "", "", err
	}
	return code, id, nil
}

func (c Class) valid() bool { return c.result() != "" }

// result is the outcome class of c, "" when c is none of the classes.
func (c Class) result() notify.Result {
	switch c {
	case Accepted, Repeated:
		return notify.ResultAccepted
	case Transient:
		return notify.ResultTransient
	case Permanent, Suppress:
		return notify.ResultPermanent
	case Misconfigured:
		return notify.ResultMisconfigured
	case Throttled:
		return notify.ResultThrottled
	case Unclear:
		return notify.ResultUnknown
	}
	return ""
}

// maxDelay bounds what a gateway may ask for: longer than a day is a mistake
// of its clock or ours.
const maxDelay = 24 * time.Hour

// unixFrom tells a Unix time, as some gateways give, from a number of seconds.
const unixFrom = 1_000_000_000

// delay reads the time to wait out of a header, 0 when there is none.
func delay(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	var d time.Duration
	if n, err := strconv.ParseInt(header, 10, 64); err == nil {
		switch {
		case n >= unixFrom:
			d = time.Unix(n, 0).Sub(now)
		case n > int64(maxDelay/time.Second):
			d = maxDelay
		default:
			d = time.Duration(n) * time.Second
		}
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxDelay)
}
