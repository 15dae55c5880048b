package org

import "github.com/huongvecoso/outreach/core/calendar"

// At returns what the place was called, and where it belonged, on the given
// date, and whether it existed then.
func (p Place) At(on calendar.Date) (Naming, bool) {
	for _, n := range p.Names {
		if n.Valid.Contains(on) {
			return n, true
		}
	}
	return Naming{}, false
}
