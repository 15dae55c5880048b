package sealed

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// Figures are the only thing that is counted of sealed cases.
type Figures struct {
	Total   int
	Open    int
	ByPlace map[org.PlaceID]int // only places with enough of them to hide in
	Hidden  int                 // cases from places not shown
}

// Count counts cases. A place with fewer than smallCell of them is not shown: the
// hamlet alone could tell who spoke (L14).
func Count(cases []Case, smallCell int) Figures {
	f := Figures{ByPlace: make(map[org.PlaceID]int)}
	for _, c := range cases {
		f.Total++
		if c.Open() {
			f.Open++
		}
		f.ByPlace[c.Place]++
	}
	for place, n := range f.ByPlace {
		if n < smallCell || place == "" {
			delete(f.ByPlace, place)
			f.Hidden += n
		}
	}
	return f
}

// Ticket is how a case looks to somebody who may act on it, before it is read.
type Ticket struct {
	ID       ID
	Code     string
	Status   Status
	Received calendar.Date
}

// Reading is what an inspector with access sees of a case.
type Reading struct {
	Ticket
	Body         string
	Speaker      string
	Place        org.PlaceID
	Happened     calendar.Date
	Accused      []org.PersonID
	AccusedUnits []org.UnitID
}

// Progress is what the holder of the receipt is told.
type Progress struct {
	Status   Status
	Received calendar.Date
	Closed   calendar.Date // zero while it is open
}

// Ticket is the case under its code.
func (c Case) Ticket() Ticket {
	return Ticket{ID: c.ID, Code: c.Code, Status: c.Status, Received: calendar.DateOf(c.Recorded)}
}

// Reading opens the case for somebody who was found to have access.
func (c Case) Reading() Reading {
	return Reading{
		Ticket: c.Ticket(), Body: c.Body, Speaker: c.Speaker, Place: c.Place, Happened: c.Happened,
		Accused: slices.Clone(c.Accused), AccusedUnits: slices.Clone(c.AccusedUnits),
	}
}

// Progress is how far the case has come.
func (c Case) Progress() Progress {
	return Progress{Status: c.Status, Received: calendar.DateOf(c.Recorded), Closed: c.Closed}
}
