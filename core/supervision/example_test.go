package supervision_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/supervision"
)

// Residents, key persons and commune leaders are three figures and never one.
func ExampleTally() {
	figures := supervision.Tally([]supervision.Rating{
		{Source: supervision.Resident, Complete: true, Punctual: false, Proper: true},
		{Source: supervision.Resident, Complete: true, Punctual: true, Proper: true},
		{Source: supervision.KeyPerson, Complete: true, Punctual: true, Proper: true},
	})
	for _, group := range []supervision.Source{supervision.Resident, supervision.KeyPerson, supervision.Commune} {
		f := figures[group]
		fmt.Printf("%s: %d rated, %d say on time\n", group, f.Ratings, f.Punctual)
	}
	// Output:
	// resident: 2 rated, 1 say on time
	// key_person: 1 rated, 1 say on time
	// commune_leader: 0 rated, 0 say on time
}
