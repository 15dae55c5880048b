package smpp

import (
	"fmt"
	"time"

	"github.com/linxGnu/gosmpp/data"

	"github.com/huongvecoso/outreach/core/notify"
)

// verdict is what a status of the centre means.
type verdict struct {
	name     string
	result   notify.Result
	after    time.Duration // when to come again
	suppress bool
}

// statuses are those of SMPP 3.4, 5.1.3, that an answer to a message or a bind
// may have. Any other is a refusal for now: the centre said no.
func statuses(status data.CommandStatusType) verdict {
	const (
		transient     = notify.ResultTransient
		permanent     = notify.ResultPermanent
		misconfigured = notify.ResultMisconfigured
	)
	switch status {
	case data.ESME_ROK:
		return verdict{name: "ROK", result: notify.ResultAccepted}
	case data.ESME_RTHROTTLED:
		return verdict{name: "RTHROTTLED", result: notify.ResultThrottled, after: 30 * time.Second}
	case data.ESME_RMSGQFUL:
		return verdict{name: "RMSGQFUL", result: transient, after: 3 * time.Minute}
	case data.ESME_RSYSERR:
		return verdict{name: "RSYSERR", result: transient}
	case data.ESME_RSUBMITFAIL:
		return verdict{name: "RSUBMITFAIL", result: transient}
	case data.ESME_RX_T_APPN:
		return verdict{name: "RX_T_APPN", result: transient}
	case data.ESME_RINVDSTADR:
		return verdict{name: "RINVDSTADR", result: permanent, suppress: true}
	case data.ESME_RINVMSGLEN:
		return verdict{name: "RINVMSGLEN", result: permanent}
	case data.ESME_RINVCMDLEN:
		return verdict{name: "RINVCMDLEN", result: permanent}
	case data.ESME_RX_P_APPN:
		return verdict{name: "RX_P_APPN", result: permanent}
	case data.ESME_RX_R_APPN:
		return verdict{name: "RX_R_APPN", result: permanent}
	case data.ESME_RINVSRCADR:
		return verdict{name: "RINVSRCADR", result: misconfigured}
	case data.ESME_RINVPASWD:
		return verdict{name: "RINVPASWD", result: misconfigured}
	case data.ESME_RINVSYSID:
		return verdict{name: "RINVSYSID", result: misconfigured}
	case data.ESME_RBINDFAIL:
		return verdict{name: "RBINDFAIL", result: misconfigured}
	case data.ESME_RINVSYSTYP:
		return verdict{name: "RINVSYSTYP", result: misconfigured}
	case data.ESME_RINVSERTYP:
		return verdict{name: "RINVSERTYP", result: misconfigured}
	case data.ESME_RPROVNOTALLWD:
		return verdict{name: "RPROVNOTALLWD", result: misconfigured}
	case data.ESME_RINVSRCTON:
		return verdict{name: "RINVSRCTON", result: misconfigured}
	case data.ESME_RINVSRCNPI:
		return verdict{name: "RINVSRCNPI", result: misconfigured}
	case data.ESME_RINVDSTTON:
		return verdict{name: "RINVDSTTON", result: misconfigured}
	case data.ESME_RINVDSTNPI:
		return verdict{name: "RINVDSTNPI", result: misconfigured}
	case data.ESME_RINVESMCLASS:
		return verdict{name: "RINVESMCLASS", result: misconfigured}
	case data.ESME_RINVREGDLVFLG:
		return verdict{name: "RINVREGDLVFLG", result: misconfigured}
	case data.ESME_RINVEXPIRY:
		return verdict{name: "RINVEXPIRY", result: misconfigured}
	case data.ESME_ROPTPARNOTALLWD:
		return verdict{name: "ROPTPARNOTALLWD", result: misconfigured}
	case data.ESME_RINVBNDSTS:
		return verdict{name: "RINVBNDSTS", result: notify.ResultNotSent}
	case data.ESME_RALYBND:
		return verdict{name: "RALYBND", result: notify.ResultNotSent}
	}
	return verdict{name: number(status), result: transient}
}

func number(status data.CommandStatusType) string { return fmt.Sprintf("0x%04X", uint32(status)) }

// judge is the verdict with the centre's own statuses.
func (c Config) judge(status data.CommandStatusType) verdict {
	v := statuses(status)
	if own, ok := c.Codes[number(status)]; ok && status != data.ESME_ROK {
		v.result = own
	}
	return v
}

// outcome is what a refusal leads to.
func (v verdict) outcome(detail string) notify.Outcome {
	return notify.Outcome{Result: v.result, Code: v.name, Detail: detail, RetryAfter: v.after, Suppress: v.suppress && v.result == notify.ResultPermanent}
}
