package org

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Line returns the place and everything it lay in on the given date, from the
// inside out: hamlet, commune, district, province. Levels may be missing and
// more of them may exist; the line simply follows the parents of that date. A
// place that did not exist on the date stands alone.
//
// The violation "org.place.cycle" says that the parents lead back to a place
// already passed; an unknown place is fault.ErrNotFound.
func Line(ctx context.Context, dir Directory, place PlaceID, on calendar.Date) ([]PlaceID, error) {
	var line []PlaceID
	for id := place; id != ""; {
		if slices.Contains(line, id) {
			return nil, fault.Broken("org.place.cycle", "parent",
				"On %[2]s place %[1]s lies inside itself; its parents must lead outward.",
				"Ngày %[2]s địa bàn %[1]s lại nằm trong chính nó; cấp trên phải dẫn ra ngoài.", place, on.VN())
		}
		p, err := dir.Place(ctx, id)
		if err != nil {
			return nil, err
		}
		line = append(line, id)
		naming, _ := p.At(on)
		id = naming.Parent
	}
	return line, nil
}
