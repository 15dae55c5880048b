package smpp

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/linxGnu/gosmpp/pdu"

	"github.com/huongvecoso/outreach/core/notify"
)

// isReceipt reports whether a deliver_sm with this class tells of a message we
// sent: at its end (0x04) or on its way (0x20).
func isReceipt(class byte) bool { return class&0x3C == 0x04 || class&0x3C == 0x20 }

var (
	receiptID   = regexp.MustCompile(`(?i)\bid:\s*([0-9A-Za-z._-]{1,64})`)
	receiptStat = regexp.MustCompile(`(?i)\bstat:\s*([A-Za-z]{1,16})`)
	receiptErr  = regexp.MustCompile(`(?i)\berr:\s*([0-9A-Za-z]{1,8})`)
)

// readReceipt reads a receipt, as it comes in a deliver_sm or in a data_sm: the
// parameters count more than the text, whose form every centre varies. It reports
// false for what is none, or names no message.
func (c Config) readReceipt(p pdu.PDU) (notify.Receipt, bool) {
	var class byte
	var text []byte
	var more map[pdu.Tag]pdu.Field
	switch p := p.(type) {
	case *pdu.DeliverSM:
		class, more = p.EsmClass, p.OptionalParameters
		text, _ = p.Message.GetMessageData() // without it the parameters are left
	case *pdu.DataSM:
		class, more = p.EsmClass, p.OptionalParameters
	}
	if !isReceipt(class) {
		return notify.Receipt{}, false
	}
	if payload, ok := more[pdu.TagMessagePayload]; ok && len(text) == 0 {
		text = payload.Data
	}
	var id string
	var state byte
	if field, ok := more[pdu.TagReceiptedMessageID]; ok {
		id = field.String()
	}
	if field, ok := more[pdu.TagMessageStateOption]; ok && len(field.Data) == 1 {
		state = field.Data[0]
	}
	return c.receipt(id, state, string(text))
}

func (c Config) receipt(id string, state byte, text string) (notify.Receipt, bool) {
	if id = clean(id); id == "" {
		id = found(receiptID, text)
	}
	if id == "" {
		return notify.Receipt{}, false
	}
	stat := states[state]
	if stat == "" {
		stat = strings.ToUpper(found(receiptStat, text))
	}
	code := stat
	if e := found(receiptErr, text); strings.Trim(e, "0") != "" {
		code += " " + e
	}
	return notify.Receipt{Provider: c.Name, ProviderID: c.IDs.ofReceipt(id), Verdict: meaning(stat), Code: strings.TrimSpace(code)}, true
}

func found(field *regexp.Regexp, text string) string {
	if match := field.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

// states are the values of message_state (SMPP 3.4, 5.2.28).
var states = map[byte]string{1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}

func meaning(stat string) notify.Verdict {
	switch stat {
	case "DELIVRD":
		return notify.VerdictDelivered
	case "EXPIRED", "DELETED", "UNDELIV", "REJECTD":
		return notify.VerdictUndelivered
	case "ENROUTE", "ACCEPTD":
		return notify.VerdictUnderway
	}
	return notify.VerdictUnclear
}

// clean is id where it can be one, else nothing.
func clean(id string) string {
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

func (ids IDs) ofAnswer(id string) string {
	switch ids {
	case HexThenDecimal:
		return decimal(id, 16)
	case DecimalThenHex:
		return decimal(id, 10)
	}
	return id
}

func (ids IDs) ofReceipt(id string) string {
	switch ids {
	case HexThenDecimal:
		return decimal(id, 10)
	case DecimalThenHex:
		return decimal(id, 16)
	}
	return id
}

// asAnswered is an id as the centre wrote it in its answer, but for zeros in front.
func (ids IDs) asAnswered(id string) string {
	if ids != HexThenDecimal {
		return id
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return id
	}
	return strings.ToUpper(strconv.FormatUint(n, 16))
}

func decimal(id string, base int) string {
	n, err := strconv.ParseUint(id, base, 64)
	if err != nil {
		return id
	}
	return strconv.FormatUint(n, 10)
}
