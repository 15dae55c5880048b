package sealed

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// ID identifies a sealed case.
type ID string

// Status is where a sealed case stands (model M6).
type Status string

// The states of a sealed case.
const (
	Received     Status = "received"
	Transferred  Status = "transferred"
	Acknowledged Status = "acknowledged"
	Resolved     Status = "resolved"
	NotAccepted  Status = "not_accepted"
	Erased       Status = "erased"
)

// Case is one denunciation (tố cáo). Body and Accused leave this package only
// through the vault's own methods, to the inspector who was granted access.
type Case struct {
	ID             ID             `json:"id"`
	Version        int64          `json:"version"`
	Code           string         `json:"code"`    // shown in notices: "01 nội dung mật, mã …"
	Receipt        string         `json:"receipt"` // hash of the code the speaker keeps
	Body           string         `json:"body"`
	Speaker        string         `json:"speaker,omitempty"` // how to reach who spoke, if they wished
	Locked         bool           `json:"locked,omitempty"`  // body and speaker are encrypted: see Lock
	Place          org.PlaceID    `json:"place,omitempty"`
	Accused        []org.PersonID `json:"accused,omitempty"`
	AccusedUnits   []org.UnitID   `json:"accused_units,omitempty"`
	Heard          org.PersonID   `json:"heard"` // the capturing official: sees nothing afterwards
	Inspector      org.PersonID   `json:"inspector,omitempty"`
	Granted        []org.PersonID `json:"granted,omitempty"`
	Excluded       []org.PersonID `json:"excluded,omitempty"` // must never see it
	Status         Status         `json:"status"`
	Happened       calendar.Date  `json:"happened"`
	AcknowledgedOn calendar.Date  `json:"acknowledged_on,omitzero"`
	Reference      string         `json:"reference,omitempty"` // file under which the competent body has it
	Closed         calendar.Date  `json:"closed,omitzero"`
	Recorded       time.Time      `json:"recorded"`
}

// Act is what somebody did, or tried to do, with a sealed case.
type Act string

// The acts that the access log keeps.
const (
	ActReceive     Act = "receive"
	ActRead        Act = "read"
	ActAcknowledge Act = "acknowledge"
	ActClose       Act = "close"
	ActGrant       Act = "grant"
	ActErase       Act = "erase"
)

// Access is one look, or try to look, at a sealed case.
type Access struct {
	ID      string       `json:"id"`
	Case    ID           `json:"case"`
	By      org.PersonID `json:"by"`
	What    Act          `json:"what"`
	Allowed bool         `json:"allowed"`
	At      time.Time    `json:"at"`
}

// Vault keeps sealed cases, apart from everything else. Put follows the rule of
// org.Repository. Nothing but package core's Sealed service may call it.
type Vault interface {
	SealedCase(ctx context.Context, id ID) (Case, error)
	PutSealedCase(ctx context.Context, c *Case) error
	SealedCases(ctx context.Context) ([]Case, error) // ordered by id
	AddSealedAccess(ctx context.Context, a *Access) error
	SealedAccesses(ctx context.Context, id ID) ([]Access, error) // ordered by At, id
}
