package smpp

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/notify"
)

func TestReceiptsAreReadAsCentresWriteThem(t *testing.T) {
	c := Config{Name: "smpp", IDs: SameIDs}
	for _, test := range []struct {
		id    string
		state byte
		text  string
		want  notify.Receipt
	}{
		{"", 0, "id:0123456789 sub:001 dlvrd:001 submit date:1705120930 done date:1705120931 stat:DELIVRD err:000 text:HVCS", notify.Receipt{ProviderID: "0123456789", Verdict: notify.VerdictDelivered, Code: "DELIVRD"}},
		{"", 0, "ID: ab-7 Stat:undeliv ERR:11", notify.Receipt{ProviderID: "ab-7", Verdict: notify.VerdictUndelivered, Code: "UNDELIV 11"}},
		{"77", 2, "", notify.Receipt{ProviderID: "77", Verdict: notify.VerdictDelivered, Code: "DELIVRD"}},
		{"77", 5, "id:88 stat:DELIVRD", notify.Receipt{ProviderID: "77", Verdict: notify.VerdictUndelivered, Code: "UNDELIV"}},
		{"", 0, "id:9 stat:ENROUTE err:000", notify.Receipt{ProviderID: "9", Verdict: notify.VerdictUnderway, Code: "ENROUTE"}},
		{"", 0, "id:9 stat:LOST", notify.Receipt{ProviderID: "9", Verdict: notify.VerdictUnclear, Code: "LOST"}},
		{"", 0, "stat:DELIVRD", notify.Receipt{}},
		{"7 7", 2, "", notify.Receipt{}},
	} {
		if test.want.ProviderID != "" {
			test.want.Provider = "smpp"
		}
		got, ok := c.receipt(test.id, test.state, test.text)
		if diff := cmp.Diff(test.want, got); diff != "" || ok != (test.want.ProviderID != "") {
			t.Errorf("%q %d %q (-want +got):\n%s", test.id, test.state, test.text, diff)
		}
	}
}

// FuzzReceipt: whatever a receipt says, what is kept of it is short and plain.
func FuzzReceipt(f *testing.F) {
	f.Add("", byte(0), "id:1 stat:DELIVRD err:001")
	f.Add("\x00", byte(255), "id:\r\nstat: ")
	f.Fuzz(func(t *testing.T, id string, state byte, text string) {
		for _, ids := range []IDs{SameIDs, HexThenDecimal, DecimalThenHex} {
			r, ok := Config{Name: "smpp", IDs: ids}.receipt(id, state, text)
			if ok != (r.ProviderID != "") || len(r.ProviderID) > 64 || len(r.Code) > 32 || strings.ContainsAny(r.ProviderID+r.Code, "\r\n\x00") {
				t.Fatalf("%+v, %t", r, ok)
			}
		}
	})
}

// FuzzPDU: whatever comes in is a frame or ends the session; nothing panics.
func FuzzPDU(f *testing.F) {
	frame := func(id uint32, body string) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(16+len(body)))
		b = binary.BigEndian.AppendUint32(b, id)
		return append(append(b, 0, 0, 0, 0, 0, 0, 0, 1), body...)
	}
	f.Add(frame(5, "\x00\x01\x01a\x00\x01\x01b\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x05id:77"))
	f.Add(frame(5, "\x00\x01\x01a\x00\x01\x01b\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x1e\xff\xff77"))
	f.Add(frame(0x80000004, "77\x00"))
	f.Add([]byte("\x00\x00\x00\x0f"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readFrame(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if len(got.messageID()) > 64 {
			t.Fatal("an id without end")
		}
		_, _ = got.parse()
	})
}
