package main

import (
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// mind is what people remember that the programme does not: what a matter was
// about, and what they have done already. Everything else they look up.
type mind struct {
	done    map[string]bool        // things that are done once, by name
	matter  map[opinion.ID]matter  // what was said
	about   map[issue.ID]matter    // what an issue is about
	reach   map[opinion.ID]contact // how a speaker can be told
	said    map[org.PlaceID][]heard
	flag    supervision.FlagID
	opened  calendar.Date // when the inspector opened the sealed case
	receipt string
	sheet   *core.Agenda // the fullest so far
	surveys map[org.PlaceID]bool
	profile map[visit.ProfileID]calendar.Date
}

// contact is how somebody who spoke can be reached.
type contact struct{ named, phone bool }

// heard is a matter that came up in a hamlet.
type heard struct {
	issue  issue.ID
	matter matter
}

func newMind() mind {
	return mind{
		done: make(map[string]bool), matter: make(map[opinion.ID]matter), about: make(map[issue.ID]matter), reach: make(map[opinion.ID]contact),
		said: make(map[org.PlaceID][]heard), surveys: make(map[org.PlaceID]bool), profile: make(map[visit.ProfileID]calendar.Date),
	}
}

// once reports whether the thing was not done yet, and remembers that it is.
func (m *mind) once(what string) bool {
	if m.done[what] {
		return false
	}
	m.done[what] = true
	return true
}
