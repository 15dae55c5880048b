package org

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Validate returns every fault of the leave that shows by itself: nobody, no
// days, or the person as the own substitute.
func (l Leave) Validate() error {
	var faults fault.List
	if l.ID == "" || l.Person == "" {
		faults.Add(fault.Broken("org.leave.person", "person", "A leave needs an id and a person.", "Việc vắng mặt phải có mã định danh và người vắng."))
	}
	if !l.Days.Valid() {
		faults.Add(period("leave", string(l.ID)))
	}
	if l.Person != "" && l.Substitute == l.Person {
		faults.Add(fault.Broken("org.leave.substitute_self", "substitute",
			"%s cannot stand in for oneself; name somebody else.", "%s không thể tự thay mình; cần chỉ định người khác.", l.Person))
	}
	return faults.Err()
}

// Return ends a leave early: last is its last day, one of its days
// ("org.leave.last").
func (l *Leave) Return(last calendar.Date) error {
	if !l.Days.Contains(last) {
		return fault.Broken("org.leave.last", "last",
			"The leave %[1]s runs %[2]s; its last day is one of these. For no day at all cancel it.",
			"Lần vắng %[1]s kéo dài %[2]s; ngày cuối phải nằm trong đó. Nếu không vắng ngày nào thì hủy.", l.ID, l.Days)
	}
	l.Days.To = last
	return nil
}

// CheckLeave checks a leave against those that are known. The person must not
// be on leave already on one of its days ("org.leave.overlap"), the substitute
// must be a person of the directory, and the chain of substitutes must not
// lead back to the person on any day ("org.substitution.cycle", EX-11).
func CheckLeave(ctx context.Context, dir Directory, l Leave) error {
	if err := l.Validate(); err != nil {
		return err
	}
	own, err := dir.Leaves(ctx, LeaveQuery{Person: l.Person})
	if err != nil {
		return err
	}
	for _, other := range own {
		if other.ID != l.ID && other.Days.Overlaps(l.Days) {
			return fault.Broken("org.leave.overlap", "days",
				"%[1]s is on leave already in %[2]s; cancel that leave or choose other days.",
				"%[1]s đã đăng ký vắng trong %[2]s; cần hủy lần đó hoặc chọn ngày khác.", l.Person, other.Days)
		}
	}
	if l.Substitute == "" {
		return nil
	}
	if _, err := dir.Person(ctx, l.Substitute); err != nil {
		return err
	}
	c := chain{dir: dir, of: l.Person, passed: map[PersonID]bool{}}
	return c.follow(ctx, l.Substitute, l.Days)
}

// chain looks for days on which a line of substitutes comes back to its start.
type chain struct {
	dir    Directory
	of     PersonID
	passed map[PersonID]bool // on the way from of
}

// follow checks that on no day of the period the substitutes of who lead to
// where the chain began. Each leave narrows the days down.
func (c *chain) follow(ctx context.Context, who PersonID, days calendar.Period) error {
	if who == c.of {
		return fault.Broken("org.substitution.cycle", "substitute",
			"On %[2]s the substitutes of %[1]s would stand in for each other in a circle; name somebody who is present.",
			"Ngày %[2]s những người thay %[1]s sẽ thay nhau thành vòng tròn; cần chỉ định người có mặt.", c.of, days.From.VN())
	}
	if c.passed[who] {
		return nil // a circle that does not touch this leave
	}
	c.passed[who] = true
	defer delete(c.passed, who)
	leaves, err := c.dir.Leaves(ctx, LeaveQuery{Person: who})
	if err != nil {
		return err
	}
	for _, l := range leaves {
		both, shared := l.Days.Intersect(days)
		if !shared || l.Substitute == "" {
			continue
		}
		if err := c.follow(ctx, l.Substitute, both); err != nil {
			return err
		}
	}
	return nil
}
