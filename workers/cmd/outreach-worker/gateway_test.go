package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/core/notify"
)

// What the page shows of a generic gateway is what the worker and such a gateway
// say to each other.
func TestAGenericGatewayIsSpokenToAsThePageSays(t *testing.T) {
	page := read(t, "README.md")
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(page)
	answer := regexp.MustCompile("gateway answers `([^`]+)`").FindStringSubmatch(page)
	if block == nil || answer == nil {
		t.Fatal("the page does not show what is posted, or what is answered")
	}
	var said, shown map[string]string
	if err := json.Unmarshal([]byte(block[1]), &shown); err != nil {
		t.Fatal(err)
	}
	shown["text"] = "HVCS" // what stands there instead would be written without marks
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			t.Error(err)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer s3cret" {
			t.Errorf("Authorization is %q", got)
		}
		_, _ = io.WriteString(w, answer[1])
	}))
	defer gateway.Close()
	d := newDistrict(t, "127.0.0.1:1")
	d.set("OUTREACH_SMS_URL", gateway.URL)
	d.store(func(p *parts) {
		sender, err := httpsms.New(p.gateways[0], p.smsOptions())
		if err != nil {
			t.Fatal(err)
		}
		defer sender.Close()
		m := notify.Message{Notice: "n1", IdempotencyKey: shown["client_id"], Channel: notify.SMS, Class: notify.Duty, To: shown["to"], Text: shown["text"]}
		if out := sender.Send(t.Context(), m); out.Result != notify.ResultAccepted {
			t.Errorf("an answer as the page shows it comes to %+v", out)
		}
	})
	if diff := cmp.Diff(shown, said); diff != "" {
		t.Errorf("posted is not what the page shows (-page +posted):\n%s", diff)
	}
}
