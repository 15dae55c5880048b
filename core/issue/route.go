package issue

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Validate checks a route. The rules are "route.…".
func (r Route) Validate() error {
	var faults fault.List
	broken := func(rule, field, en, vi string, args ...any) {
		faults.Add(fault.Broken("route."+rule, field, en, vi, args...))
	}
	if r.ID == "" {
		broken("id_missing", "id", "a route needs an id", "tuyến chuyển phải có mã")
	}
	if strings.TrimSpace(r.Subject) == "" {
		broken("subject_missing", "subject", "a route needs a subject", "tuyến chuyển phải có lĩnh vực")
	}
	if r.Lead == "" {
		broken("lead_missing", "lead", "a route needs exactly one lead unit", "tuyến chuyển phải có đúng một đơn vị chủ trì")
	}
	if repeated(append([]org.UnitID{r.Lead}, r.Cooperating...)) {
		broken("unit_twice", "cooperating", "a unit is named twice", "một đơn vị được ghi hai lần")
	}
	if !r.Valid.Valid() {
		broken("period", "valid", "a route is valid from a day on, to a later one or until further notice", "tuyến chuyển phải có thời gian hiệu lực hợp lệ")
	}
	return faults.Err()
}

// Clashes reports whether two routes would both lead a subject in one territory on
// some day: which of them decides nobody could tell.
func (r Route) Clashes(other Route) bool {
	return r.ID != other.ID && r.Subject == other.Subject && r.Owner == other.Owner && r.Valid.Overlaps(other.Valid)
}

// RouteFor picks the route of a subject that is valid on a day in a place, given
// as the line from the place outward. A route of a territory further in goes
// before one further out, and that before one valid everywhere.
func RouteFor(routes []Route, subject string, line []org.PlaceID, on calendar.Date) (Route, bool) {
	best, rank := Route{}, -1
	for _, r := range routes {
		if r.Subject != subject || !r.Valid.Contains(on) {
			continue
		}
		near := len(line)
		if r.Owner != "" {
			if near = slices.Index(line, r.Owner); near < 0 {
				continue
			}
		}
		if rank < 0 || near < rank {
			best, rank = r, near
		}
	}
	return best, rank >= 0
}
