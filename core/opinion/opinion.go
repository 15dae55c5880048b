package opinion

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// Identifiers.
type (
	ID        string
	SpeakerID string
)

// Kind is what sort of thing was said (A1).
type Kind string

// The kinds of opinion. The first four owe an answer; feelings and wishes are
// recorded without a deadline (S11); the last two are guided to the competent
// body and never settled here (L3).
const (
	Report       Kind = "report"       // phản ánh
	Petition     Kind = "petition"     // kiến nghị
	Question     Kind = "query"        // thắc mắc
	Suggestion   Kind = "suggestion"   // góp ý
	Feeling      Kind = "feeling"      // tâm tư
	Wish         Kind = "wish"         // nguyện vọng
	Complaint    Kind = "complaint"    // khiếu nại
	Denunciation Kind = "denunciation" // tố cáo
	Unclassified Kind = "unclassified" // chưa phân loại: legal at capture (S15)
)

// Confidentiality is who may know who spoke, in words the speaker was told.
type Confidentiality string

// The three grades.
const (
	Open       Confidentiality = "open"        // name shown to handlers and in the hamlet
	NameHidden Confidentiality = "name_hidden" // handlers see the content, only the programme office the name
	Sealed     Confidentiality = "sealed"      // only the competent inspector sees anything
)

// Status is where an opinion stands (model M3).
type Status string

// The states of an opinion.
const (
	Captured       Status = "captured"
	AnsweredOnSpot Status = "answered_on_spot" // trả lời tại chỗ (S16)
	Recorded       Status = "recorded"
	Linked         Status = "linked" // to an issue
	Guided         Status = "guided" // told which body is competent (complaints)
	// Withdrawn: what was said has left this store. The speaker took it back, or
	// it belongs to the inspector; on purpose nobody can tell which from here.
	Withdrawn Status = "withdrawn"
)

// Guidance is what somebody with a complaint was told.
type Guidance struct {
	Body  string        `json:"body"` // the competent body
	On    calendar.Date `json:"on"`
	Paper bool          `json:"paper,omitempty"` // a written note was handed over
}

// What a speaker says to an answer given on the spot; empty: not asked, or silent.
const (
	Yes = "yes"
	No  = "no"
)

// State is one opinion, in the speaker's own words.
type State struct {
	ID              ID              `json:"id"`
	Version         int64           `json:"version"`
	Visit           string          `json:"visit,omitempty"`
	Place           org.PlaceID     `json:"place"`
	Kind            Kind            `json:"kind"`
	Topics          []string        `json:"topics,omitempty"`
	Text            string          `json:"text,omitempty"`
	Speaker         SpeakerID       `json:"speaker,omitempty"`    // empty: anonymous
	Collective      int             `json:"collective,omitempty"` // people who spoke together
	Confidentiality Confidentiality `json:"confidentiality"`
	Status          Status          `json:"status"`
	Answer          string          `json:"answer,omitempty"` // given on the spot
	Guidance        *Guidance       `json:"guidance,omitempty"`
	Issue           string          `json:"issue,omitempty"`
	Heard           org.PersonID    `json:"heard"` // who captured it
	Proxy           bool            `json:"proxy,omitempty"`
	Happened        calendar.Date   `json:"happened"`
	Recorded        time.Time       `json:"recorded"`
	ClientID        string          `json:"client_id,omitempty"`
	Satisfied       string          `json:"satisfied,omitempty"` // asked also of answers on the spot
}

// Speaker is a citizen who spoke. It is kept apart from what was said, every
// field is optional, and it is scrubbed after the retention period (A11, L15).
type Speaker struct {
	ID        SpeakerID     `json:"id"`
	Version   int64         `json:"version"`
	Name      string        `json:"name,omitempty"`
	Honorific string        `json:"honorific,omitempty"`
	Phone     string        `json:"phone,omitempty"` // E.164
	Language  string        `json:"language,omitempty"`
	Place     org.PlaceID   `json:"place"`
	NoSMS     bool          `json:"no_sms,omitempty"` // does not want messages
	Scrubbed  calendar.Date `json:"scrubbed,omitzero"`
}

// Query selects opinions; zero fields select everything. Ordered by Happened, then id.
type Query struct {
	Place    org.PlaceID
	Visit    string
	Issue    string
	Speaker  SpeakerID
	Kinds    []Kind
	Statuses []Status
	Topic    string
	During   calendar.Period // Happened
	Heard    org.PersonID    // who captured it
	Named    bool            // only of speakers whose name has not been scrubbed
	Limit    int
}

// Repository keeps opinions and, apart from them, speakers. Put follows the
// rule of org.Repository.
type Repository interface {
	Opinion(ctx context.Context, id ID) (State, error)
	PutOpinion(ctx context.Context, s *State) error
	Opinions(ctx context.Context, q Query) ([]State, error)
	Speaker(ctx context.Context, id SpeakerID) (Speaker, error)
	PutSpeaker(ctx context.Context, s *Speaker) error
	// SpeakersByPhone returns the speakers with a telephone number, ordered by id;
	// nobody has the empty one.
	SpeakersByPhone(ctx context.Context, phone string) ([]Speaker, error)
}
