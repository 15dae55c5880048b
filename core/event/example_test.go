package event_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/event"
)

// A record that was changed afterwards shows.
func ExampleVerify() {
	about := event.Subject{Type: "visit", ID: "v-1"}
	planned := event.Record{ID: "r-1", Subject: about, Kind: "visit.planned", Actor: "lan"}
	planned.Seal(event.Record{})
	reported := event.Record{ID: "r-2", Subject: about, Kind: "visit.reported", Actor: "lan"}
	reported.Seal(planned)
	fmt.Println("whole:", len(event.Verify([]event.Record{planned, reported})) == 0)

	planned.Actor = "somebody else"
	fmt.Println("whole:", len(event.Verify([]event.Record{planned, reported})) == 0)
	// Output:
	// whole: true
	// whole: false
}
