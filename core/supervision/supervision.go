package supervision

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// Identifiers.
type (
	RoundID  string
	RatingID string
	FlagID   string
)

// Source is which of the three groups a rating comes from; they are three
// figures, never one (S24, A12).
type Source string

// The sources.
const (
	Resident  Source = "resident"       // người dân
	KeyPerson Source = "key_person"     // trưởng ấp, bí thư chi bộ, tổ trưởng tổ nhân dân …
	Commune   Source = "commune_leader" // lãnh đạo xã
)

// RoundStatus is where a rating round stands (model M7).
type RoundStatus string

// The states of a rating round.
const (
	Collecting RoundStatus = "collecting"
	Published  RoundStatus = "published"
	Withheld   RoundStatus = "withheld" // too few to show
	Replied    RoundStatus = "replied"
	Final      RoundStatus = "final"
)

// Round collects what people say of one verified visit.
type Round struct {
	ID       RoundID       `json:"id"`
	Version  int64         `json:"version"`
	Visit    string        `json:"visit"`
	Place    org.PlaceID   `json:"place"`
	Official org.PersonID  `json:"official"` // who is rated: the one who held the visit
	Opened   calendar.Date `json:"opened"`
	Closes   calendar.Date `json:"closes"`
	Status   RoundStatus   `json:"status"`
	Reply    string        `json:"reply,omitempty"` // the official's right of reply
}

// Rating is one remark on one visit: in full, on time, proper (S25–S27).
// The rater is shielded: only a keyed hash of the number is kept.
type Rating struct {
	ID       RatingID        `json:"id"`
	Version  int64           `json:"version"`
	Round    RoundID         `json:"round"`
	Source   Source          `json:"source"`
	Rater    string          `json:"rater"`              // keyed hash of a phone, or of a person id: one per visit
	Complete bool            `json:"complete"`           // tham gia đầy đủ
	Punctual bool            `json:"punctual"`           // đúng giờ
	Proper   bool            `json:"proper"`             // nói năng, hành xử đúng mực
	Criteria map[string]bool `json:"criteria,omitempty"` // further criteria (S28)
	Comment  string          `json:"comment,omitempty"`
	Paper    bool            `json:"paper,omitempty"`
	KeyedBy  []org.PersonID  `json:"keyed_by,omitempty"` // paper: two persons
	Recorded time.Time       `json:"recorded"`
}

// FlagStatus is where a review flag stands (model M10).
type FlagStatus string

// The states of a flag.
const (
	Raised    FlagStatus = "raised"
	Asked     FlagStatus = "asked"
	Explained FlagStatus = "explained"
	Dismissed FlagStatus = "dismissed"
	Upheld    FlagStatus = "upheld"
)

// Flag is a sign that something wants a talk, for example visits that look like
// box-ticking. Never a score, never seen outside official, leader and office.
type Flag struct {
	ID          FlagID        `json:"id"`
	Version     int64         `json:"version"`
	Official    org.PersonID  `json:"official"`
	Signal      string        `json:"signal"`
	Facts       string        `json:"facts"`
	Raised      calendar.Date `json:"raised"`
	Status      FlagStatus    `json:"status"`
	Explanation string        `json:"explanation,omitempty"`
	Decision    string        `json:"decision,omitempty"`
	Decider     org.PersonID  `json:"decider,omitempty"`
	Actions     []Action      `json:"actions,omitempty"` // agreed after it was upheld
}

// Repository keeps supervision. Put follows the rule of org.Repository.
// PutRating returns fault.ErrExists when the rater already rated in the round.
type Repository interface {
	RatingRound(ctx context.Context, id RoundID) (Round, error)
	RatingRoundOf(ctx context.Context, visit string) (Round, error)
	PutRatingRound(ctx context.Context, r *Round) error
	RatingRounds(ctx context.Context, official org.PersonID, during calendar.Period) ([]Round, error) // by Opened; empty, zero: all
	PutRating(ctx context.Context, r *Rating) error
	Ratings(ctx context.Context, round RoundID) ([]Rating, error)
	Flag(ctx context.Context, id FlagID) (Flag, error)
	PutFlag(ctx context.Context, f *Flag) error
	Flags(ctx context.Context, official org.PersonID) ([]Flag, error) // empty: all
}
