package org

import "github.com/huongvecoso/outreach/core/calendar"

// Actor is who does something through the system.
type Actor struct {
	Person   PersonID `json:"person,omitempty"`
	Role     Role     `json:"role,omitempty"`      // the role to act in; empty: whichever of the person's roles allows the step
	ProxyFor PersonID `json:"proxy_for,omitempty"` // on whose behalf, for paper brought in by somebody else
	System   bool     `json:"system,omitempty"`    // the programme itself: sweeps, imports by the operator
}

// System is the actor of everything the clock causes.
func System() Actor { return Actor{System: true} }

// String returns the person's id, or "system".
func (a Actor) String() string {
	if a.System {
		return "system"
	}
	return string(a.Person)
}

// Party is somebody named by what they are rather than by who they are: the
// head of a unit, the leader of a team, the holder of a duty. It is resolved to
// persons at the moment a notice is sent, so that a change of post, number or
// leave between planning and sending is respected.
type Party struct {
	Role    Role     `json:"role,omitempty"`
	Person  PersonID `json:"person,omitempty"` // a named official; a substitute stands in while on leave
	Place   PlaceID  `json:"place,omitempty"`
	Unit    UnitID   `json:"unit,omitempty"`
	Team    TeamID   `json:"team,omitempty"`
	Speaker string   `json:"speaker,omitempty"` // a citizen, kept apart in package opinion

	// On is the day on which the party has to be there, such as the day of a
	// visit; no date: the day on which it is resolved (EX-11).
	On calendar.Date `json:"on,omitzero"`
}

// Key is a stable text form of the party, whatever the day, for natural keys.
func (p Party) Key() string {
	key := string(p.Role)
	for _, part := range []struct{ name, id string }{
		{"person", string(p.Person)}, {"place", string(p.Place)}, {"unit", string(p.Unit)},
		{"team", string(p.Team)}, {"speaker", p.Speaker},
	} {
		if part.id != "" {
			key += "@" + part.name + ":" + part.id
		}
	}
	return key
}
