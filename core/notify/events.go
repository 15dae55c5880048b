package notify

import (
	"time"

	"github.com/huongvecoso/outreach/core/event"
)

// Subject is what the journal calls a notice.
func (id ID) Subject() event.Subject { return event.Subject{Type: "notice", ID: string(id)} }

// AddressSubject is what the journal calls an address: by the beginning of its
// hash, which is enough to find what was decided about it again.
func AddressSubject(channel Channel, hash string) event.Subject {
	return event.Subject{Type: "address", ID: string(channel) + ":" + hash[:min(16, len(hash))]}
}

// What operators do to notices.
type (
	// Retried: somebody had a notice sent again.
	Retried struct {
		From State `json:"from"` // the state it had ended in
	}
	// Rerouted: a notice goes over another channel, because somebody had it sent so or
	// because it could not wait for its own: see Outage.
	Rerouted struct {
		By  Channel `json:"by"`
		New ID      `json:"new"` // the notice on that channel
	}
	// Withdrawn: somebody cancelled a notice.
	Withdrawn struct {
		From State `json:"from"`
	}
	// Counted: so many notices had been written before an instant. None of them may
	// ever be missing.
	Counted struct {
		Until time.Time `json:"until"`
		Rows  int       `json:"rows"`
	}
	// Handled: a paper task was done, or a notice in the application seen.
	Handled struct{}
	// Barred: an address must not be used any more.
	Barred struct {
		Channel Channel `json:"channel"`
	}
	// Unbarred: it may be used again.
	Unbarred struct {
		Channel Channel `json:"channel"`
	}
)

// Kind implements [event.Event].
func (Retried) Kind() string { return "notice.retried" }

// Kind implements [event.Event].
func (Rerouted) Kind() string { return "notice.rerouted" }

// Kind implements [event.Event].
func (Withdrawn) Kind() string { return "notice.withdrawn" }

// Kind implements [event.Event].
func (Handled) Kind() string { return "notice.handled" }

// Kind implements [event.Event].
func (Barred) Kind() string { return "notice.address_barred" }

// Kind implements [event.Event].
func (Unbarred) Kind() string { return "notice.address_unbarred" }

// Kind implements [event.Event].
func (Counted) Kind() string { return "notice.counted" }
