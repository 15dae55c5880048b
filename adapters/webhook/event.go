package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
)

// Event is the body of a request: one record of the journal as it is told to
// others.
type Event struct {
	ID       string          `json:"id"`
	Kind     string          `json:"type"`      // "issue.referred"
	Happened time.Time       `json:"timestamp"` // as claimed, UTC
	Recorded time.Time       `json:"recorded"`  // by the server, UTC
	Subject  event.Subject   `json:"subject"`
	Seq      int64           `json:"seq"` // 1, 2, 3 … within the subject
	Place    string          `json:"place,omitempty"`
	Role     string          `json:"role,omitempty"` // in which somebody acted
	Policy   string          `json:"policy,omitempty"`
	Calendar string          `json:"calendar,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"` // what the package of the kind documents
}

// told leaves out of a record what is not for others: who acted, for whom, their
// reason in their own words, and the chain.
func told(r event.Record) Event {
	return Event{
		ID: r.ID, Kind: r.Kind, Happened: r.Happened, Recorded: r.Recorded, Subject: r.Subject, Seq: r.Seq,
		Place: r.Place, Role: r.Role, Policy: r.Policy, Calendar: r.Calendar, Data: r.Data,
	}
}

// The headers of a request.
const (
	HeaderID        = "Webhook-Id"        // of the event, the same each time it is sent
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt, in Unix seconds
	HeaderSignature = "Webhook-Signature" // one or several, with spaces between
)

const version = "v1,"

func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return version + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// tolerance is how far the clocks of sender and receiver may differ.
const tolerance = 5 * time.Minute

// Verify is what a receiver does first: it reports, as a violation of
// "webhook.verify.…", that a request was not signed with the secret, or not
// within five minutes of now. The body is that of the request, byte for byte.
func Verify(secret Secret, header http.Header, body []byte, now time.Time) error {
	key := secret.key()
	if key == nil {
		return fault.Broken("webhook.verify.secret", "secret", "the secret is not one: want whsec_ and base64", "khóa bí mật không đúng dạng whsec_ kèm base64")
	}
	stamp := header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age > tolerance || age < -tolerance {
		return fault.Broken("webhook.verify.timestamp", "timestamp", "the request was not signed within five minutes of now: compare the clocks, or it is an old one sent again",
			"yêu cầu không được ký trong vòng năm phút: kiểm tra đồng hồ hai máy, hoặc đây là yêu cầu cũ gửi lại")
	}
	want := sign(key, header.Get(HeaderID), stamp, body)
	for signature := range strings.FieldsSeq(header.Get(HeaderSignature)) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return nil
		}
	}
	return fault.Broken("webhook.verify.signature", "signature", "the request was not signed with this secret, or was changed on its way",
		"yêu cầu không được ký bằng khóa này hoặc đã bị sửa trên đường truyền")
}
