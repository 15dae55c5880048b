package org

// Selects reports whether the query selects the holding: the one meaning of
// [HoldingQuery], for directories that filter in memory.
func (q HoldingQuery) Selects(h Holding) bool {
	return (q.Person == "" || q.Person == h.Person) && (q.Role == "" || q.Role == h.Role) &&
		(q.Place == "" || q.Place == h.Place) && (q.Unit == "" || q.Unit == h.Unit) && (q.Team == "" || q.Team == h.Team) &&
		(q.On.IsZero() || h.Valid.Contains(q.On))
}

// Selects reports whether the query selects the leave; a cancelled one never is.
func (q LeaveQuery) Selects(l Leave) bool {
	return !l.Cancelled && (q.ID == "" || q.ID == l.ID) && (q.Person == "" || q.Person == l.Person) &&
		(q.On.IsZero() || l.Days.Contains(q.On)) && (q.During.IsZero() || l.Days.Overlaps(q.During))
}
