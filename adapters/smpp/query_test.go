package smpp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smpp/smppsink"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestAReceiptMayComeInADataSM(t *testing.T) {
	sink := start(t, nil)
	s := open(t, config(sink.Addr()), nil)
	if out := send(t, s, notice(1)); out.Result != notify.ResultAccepted {
		t.Fatalf("%+v", out)
	}
	const temporary = 0x64
	if status, err := sink.DataReceipt(t.Context(), "1", 2); status != temporary || err != nil {
		t.Errorf("while nobody takes receipts: status 0x%X, %v", status, err)
	}
	got := make(chan notify.Receipt, 2)
	collect(t, s, func(_ context.Context, receipts []notify.Receipt) error { got <- receipts[0]; return nil })
	for state, want := range map[byte]notify.Receipt{
		2: {Provider: "smpp", ProviderID: "1", Verdict: notify.VerdictDelivered, Code: "DELIVRD"},
		5: {Provider: "smpp", ProviderID: "1", Verdict: notify.VerdictUndelivered, Code: "UNDELIV"},
	} {
		var status uint32
		until(t, "the receipt is taken", func() bool {
			var err error
			if status, err = sink.DataReceipt(t.Context(), "1", state); err != nil {
				t.Fatal(err)
			}
			return status != temporary // the session takes receipts from some moment on
		})
		if status != 0 {
			t.Errorf("state %d: acknowledged with 0x%X", state, status)
		}
		if diff := cmp.Diff(want, <-got); diff != "" {
			t.Errorf("state %d (-want +got):\n%s", state, diff)
		}
	}
}

// asked is what the centre says of the message with the id.
func asked(t *testing.T, s *smpp.Sender, id string) (notify.Receipt, bool, error) {
	t.Helper()
	return s.QueryStatus(t.Context(), notify.Reference{ProviderID: id, Key: "k"})
}

func TestAMessageIsAskedForByTheIDItsCentreGave(t *testing.T) {
	for name, hex := range map[string]bool{"decimal": false, "hexadecimal": true} {
		t.Run(name, func(t *testing.T) {
			sink := start(t, &smppsink.Options{FirstID: 0x1000001A, HexIDs: hex})
			c := config(sink.Addr())
			c.Query = true
			if hex {
				c.IDs = smpp.HexThenDecimal
			}
			s := open(t, c, nil)
			out := send(t, s, notice(1))
			if out.Result != notify.ResultAccepted {
				t.Fatalf("%+v", out)
			}
			if r, known, err := asked(t, s, out.ProviderID); err != nil || !known || r.Verdict != notify.VerdictUnderway {
				t.Errorf("just accepted: %+v, %t, %v", r, known, err)
			}
			for state, want := range map[byte]notify.Receipt{
				2: {Verdict: notify.VerdictDelivered, Code: "DELIVRD"}, 3: {Verdict: notify.VerdictUndelivered, Code: "EXPIRED"},
				8: {Verdict: notify.VerdictUndelivered, Code: "REJECTD"}, 7: {Verdict: notify.VerdictUnclear, Code: "UNKNOWN"},
			} {
				sink.Become(sink.Ledger()[0].ID, state)
				want.Provider, want.ProviderID, want.Key = "smpp", out.ProviderID, "k"
				r, known, err := asked(t, s, out.ProviderID)
				if diff := cmp.Diff(want, r); diff != "" || !known || err != nil {
					t.Errorf("state %d: known %t, %v (-want +got):\n%s", state, known, err, diff)
				}
			}
		})
	}
}

func TestWhatACentreCannotTellIsNoNews(t *testing.T) {
	sink := start(t, nil)
	c := config(sink.Addr())
	c.Query = true
	s := open(t, c, nil)
	for name, id := range map[string]string{"a message nobody knows": "4711", "one whose id was lost": ""} {
		if r, known, err := asked(t, s, id); known || err != nil {
			t.Errorf("%s: %+v, %t, %v", name, r, known, err)
		}
	}
	if _, known, err := asked(t, open(t, config(sink.Addr()), nil), "1"); known || err == nil {
		t.Errorf("a centre that is not to be asked: %t, %v", known, err)
	}
}

func TestAQuestionWithoutAnAnswerIsAnError(t *testing.T) {
	for name, reply := range map[string]smppsink.Reply{
		"refused": {Status: 8}, "too fast": {Status: 0x58}, "generic_nack": {Nack: true}, "silence": {Silent: true}, "cut": {Silent: true, Drop: true},
		"another kind of answer": {Wrong: true}, "half an answer": {Raw: []byte("\x00\x00\x00\x12\x80\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x02ab")},
	} {
		t.Run(name, func(t *testing.T) {
			sink := start(t, &smppsink.Options{Script: func(e smppsink.Event) smppsink.Reply {
				if e.Command == "query" {
					return reply
				}
				return smppsink.Reply{}
			}})
			c := config(sink.Addr())
			c.Query, c.Response, c.Timeout = true, 200*time.Millisecond, time.Second
			s := open(t, c, nil)
			if out := send(t, s, notice(1)); out.Result != notify.ResultAccepted {
				t.Fatalf("%+v", out)
			}
			r, known, err := asked(t, s, "1")
			if known || err == nil || strings.Contains(fmt.Sprint(err, r), account) {
				t.Errorf("%+v, %t, %v", r, known, err)
			}
			until(t, "the next message goes out", func() bool { return send(t, s, notice(2)).Result == notify.ResultAccepted })
		})
	}
}
