package opinion

import "github.com/huongvecoso/outreach/core/event"

// Subject is how the journal names an opinion.
func Subject(id ID) event.Subject { return event.Subject{Type: "opinion", ID: string(id)} }

// SpeakerSubject is how the journal names a speaker.
func SpeakerSubject(id SpeakerID) event.Subject {
	return event.Subject{Type: "speaker", ID: string(id)}
}

// The events of an opinion's life (model M3). None says what was said, or who
// said it, or of which kind an opinion turned out to be.
type (
	// CapturedEvent says that somebody spoke.
	CapturedEvent struct {
		Visit     string `json:"visit,omitempty"`
		Anonymous bool   `json:"anonymous,omitempty"`
		Proxy     bool   `json:"proxy,omitempty"`
	}
	// AnsweredEvent says that an answer was given on the spot.
	AnsweredEvent struct{}
	// RecordedEvent says that the answer is to follow, or that none is waited for.
	RecordedEvent struct{}
	// GuidedEvent says that the speaker was directed to the competent body.
	GuidedEvent struct {
		Paper bool `json:"paper,omitempty"`
	}
	// ClassifiedEvent says that it was classified.
	ClassifiedEvent struct {
		Opinion Kind `json:"opinion"`
	}
	// LinkedEvent says which issue was registered from it.
	LinkedEvent struct {
		Issue string `json:"issue"`
	}
	// SatisfiedEvent says whether the speaker is satisfied with the answer on the spot.
	SatisfiedEvent struct {
		Satisfied bool `json:"satisfied"`
		Proxy     bool `json:"proxy,omitempty"`
	}
	// WithdrawnEvent says that what was said has left the store, and on purpose not why.
	WithdrawnEvent struct{}
	// SpeakerSeenEvent says that somebody looked up a hidden name.
	SpeakerSeenEvent struct {
		Opinion string `json:"opinion"`
	}
	// SpeakerShownEvent says that what is kept about a speaker was listed on request.
	SpeakerShownEvent struct{}
	// SpeakerCorrectedEvent says that what is known of a speaker was written down anew.
	SpeakerCorrectedEvent struct{}
	// ProtectedEvent says who may know who spoke from then on.
	ProtectedEvent struct {
		Confidentiality Confidentiality `json:"confidentiality"`
	}
	// SpeakerScrubbedEvent says that a speaker's name and phone were removed for good.
	SpeakerScrubbedEvent struct{}
)

// Kind names the event.
func (CapturedEvent) Kind() string         { return "opinion.captured" }
func (AnsweredEvent) Kind() string         { return "opinion.answered_on_spot" } // Kind names the event.
func (RecordedEvent) Kind() string         { return "opinion.recorded" }         // Kind names the event.
func (GuidedEvent) Kind() string           { return "opinion.guided" }           // Kind names the event.
func (ClassifiedEvent) Kind() string       { return "opinion.classified" }       // Kind names the event.
func (LinkedEvent) Kind() string           { return "opinion.linked" }           // Kind names the event.
func (SatisfiedEvent) Kind() string        { return "opinion.satisfied" }        // Kind names the event.
func (WithdrawnEvent) Kind() string        { return "opinion.withdrawn" }        // Kind names the event.
func (SpeakerSeenEvent) Kind() string      { return "speaker.seen" }             // Kind names the event.
func (SpeakerScrubbedEvent) Kind() string  { return "speaker.scrubbed" }         // Kind names the event.
func (SpeakerShownEvent) Kind() string     { return "speaker.shown" }            // Kind names the event.
func (SpeakerCorrectedEvent) Kind() string { return "speaker.corrected" }        // Kind names the event.
func (ProtectedEvent) Kind() string        { return "opinion.protected" }        // Kind names the event.
