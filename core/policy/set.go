package policy

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Set holds the versions of the policy of one programme, the earliest first.
// Make it with [NewSet]; the empty Set knows no policy for any day.
type Set []Policy

// NewSet puts versions in order. Each has to be valid by itself, and no two
// share a name or a first day ("policy.set.version", "policy.set.from").
func NewSet(versions ...Policy) (Set, error) {
	var faults fault.List
	set := slices.Clone(versions)
	slices.SortStableFunc(set, func(a, b Policy) int { return a.From.Compare(b.From) })
	names := make(map[string]bool)
	for i, p := range set {
		faults.Add(p.Validate())
		if names[p.Version] {
			faults.Add(fault.Broken("policy.set.version", "version",
				"Two versions are called %q.", "Có hai phiên bản cùng tên %q.", p.Version))
		}
		names[p.Version] = true
		if i > 0 && p.From == set[i-1].From {
			faults.Add(fault.Broken("policy.set.from", "from",
				"Two versions begin on %s.", "Có hai phiên bản cùng bắt đầu ngày %s.", p.From.VN()))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return set, nil
}

// For returns the version in force on a day, and whether there is one.
func (s Set) For(d calendar.Date) (Policy, bool) {
	for _, p := range slices.Backward(s) {
		if !p.From.After(d) {
			return p, true
		}
	}
	return Policy{}, false
}
