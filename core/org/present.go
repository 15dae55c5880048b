package org

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Present returns who does what person owes on the given date: the person, or,
// while the person is away, the substitute at the end of the chain who is there
// (EX-11). Somebody whose Valid does not contain the date is away as well; a
// zero Valid means always.
//
// The violations are "org.substitution.cycle" when the chain comes back to
// somebody it has passed, and "org.substitution.none" when somebody in it is
// away without a substitute: then nobody is there, and the team leader has to
// be told. A person the directory does not know is fault.ErrNotFound.
func Present(ctx context.Context, dir Directory, person PersonID, on calendar.Date) (PersonID, error) {
	passed := make(map[PersonID]bool)
	for who := person; ; {
		if passed[who] {
			return "", fault.Broken("org.substitution.cycle", "substitute",
				"On %[2]s the substitutes of %[1]s stand in for each other in a circle; name somebody who is present.",
				"Ngày %[2]s những người thay %[1]s thay nhau thành vòng tròn; cần chỉ định người có mặt.", person, on.VN())
		}
		passed[who] = true
		next, err := substitute(ctx, dir, who, on)
		if err != nil || next == who {
			return next, err
		}
		if next == "" {
			return "", fault.Broken("org.substitution.none", "substitute",
				"On %[2]s %[1]s is away and nobody present stands in; name a substitute.",
				"Ngày %[2]s %[1]s vắng mà không có ai thay; cần chỉ định người thay.", person, on.VN())
		}
		who = next
	}
}

// substitute returns the person who takes over from who on the date: who
// itself when present, nobody when away without a substitute.
func substitute(ctx context.Context, dir Directory, who PersonID, on calendar.Date) (PersonID, error) {
	p, err := dir.Person(ctx, who)
	if err != nil {
		return "", err
	}
	leaves, err := dir.Leaves(ctx, LeaveQuery{Person: who, On: on})
	switch {
	case err != nil:
		return "", err
	case len(leaves) > 0:
		return leaves[0].Substitute, nil
	case !p.Valid.IsZero() && !p.Valid.Contains(on):
		return "", nil
	}
	return who, nil
}
