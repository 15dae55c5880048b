package policy

import (
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Validate returns every fault of the policy at once, each a *fault.Violation
// whose Field is the path in the JSON form, or nil. The rules are
// "policy.missing", "policy.zone", "policy.range", "policy.window" and
// "policy.order".
func (p Policy) Validate() error {
	var faults fault.List
	for _, f := range p.fields() {
		switch at := f.at.(type) {
		case *int:
			faults.Add(f.checkRange(*at))
		case *[]Span:
			faults.Add(checkSpans(f.key, *at)...)
		}
	}
	faults.Add(p.checkHead()...)
	faults.Add(p.checkOrder()...)
	return faults.Err()
}

func (f field) checkRange(n int) error {
	if n >= f.min && n <= f.max {
		return nil
	}
	return fault.Broken("policy.range", f.key,
		"%s is %d; it has to be from %d to %d.", "%s là %d; phải từ %d đến %d.", f.key, n, f.min, f.max)
}

func (p Policy) checkHead() []error {
	var faults fault.List
	missing := func(field string) {
		faults.Add(fault.Broken("policy.missing", field, "The policy needs %q.", "Bộ quy định phải có %q.", field))
	}
	if strings.TrimSpace(p.Version) == "" {
		missing("version")
	}
	if p.From.IsZero() {
		missing("from")
	}
	switch want := calendar.Zone().String(); p.Zone {
	case want:
	case "":
		missing("zone")
	default:
		faults.Add(fault.Broken("policy.zone", "zone",
			"The zone has to be %[1]s, because every deadline is a civil date there, not %[2]q.",
			"Múi giờ phải là %[1]s, vì mọi thời hạn là ngày dương lịch ở đó, không phải %[2]q.", want, p.Zone))
	}
	return faults
}

// checkSpans finds windows that are reversed, out of order or overlapping: each
// begins after the one before has ended.
func checkSpans(key string, spans []Span) []error {
	var faults fault.List
	if len(spans) == 0 {
		faults.Add(fault.Broken("policy.window", key,
			"There has to be at least one window in which to send.", "Phải có ít nhất một khung giờ được gửi."))
	}
	for i, s := range spans {
		at := fmt.Sprintf("%s[%d]", key, i)
		if !s.From.Before(s.To) {
			faults.Add(fault.Broken("policy.window", at,
				"The window from %s to %s is reversed or empty.", "Khung giờ từ %s đến %s bị ngược hoặc rỗng.", s.From, s.To))
		} else if i > 0 && s.From.Before(spans[i-1].To) {
			faults.Add(fault.Broken("policy.window", at,
				"The window from %s begins before the one before it has ended, at %s.",
				"Khung giờ từ %s bắt đầu khi khung trước chưa hết, lúc %s.", s.From, spans[i-1].To))
		}
	}
	return faults
}

// checkOrder finds numbers that do not fit each other, where each is possible by itself.
func (p Policy) checkOrder() []error {
	var faults fault.List
	atMost := func(lowKey string, low int, highKey string, high int) {
		if low > high {
			faults.Add(fault.Broken("policy.order", lowKey,
				"%[1]s is %[2]d and has to be at most %[3]s, which is %[4]d.",
				"%[1]s là %[2]d, không được lớn hơn %[3]s là %[4]d.", lowKey, low, highKey, high))
		}
	}
	below := func(lowKey string, low int, highKey string, high int) {
		if low == high {
			faults.Add(fault.Broken("policy.order", lowKey,
				"%[1]s and %[3]s are both %[2]d; a level of the ladder comes after the one before.",
				"%[1]s và %[3]s cùng là %[2]d; bậc sau phải đến sau bậc trước.", lowKey, low, highKey))
		}
		atMost(lowKey, low, highKey, high)
	}
	below("ladder.superior", p.Ladder.Superior, "ladder.head", p.Ladder.Head)
	below("ladder.head", p.Ladder.Head, "ladder.leader", p.Ladder.Leader)

	unit, promise := p.Issues.UnitDays, p.Issues.PromiseDays
	for _, of := range []struct {
		key string
		ByUrgency
	}{{"issues.promise_days", promise}, {"issues.unit_days", unit}} {
		atMost(of.key+".urgent", of.Urgent, of.key+".normal", of.Normal)
		atMost(of.key+".normal", of.Normal, of.key+".complex", of.Complex)
	}
	atMost("issues.unit_days.urgent", unit.Urgent, "issues.promise_days.urgent", promise.Urgent)
	atMost("issues.unit_days.normal", unit.Normal, "issues.promise_days.normal", promise.Normal)
	atMost("issues.unit_days.complex", unit.Complex, "issues.promise_days.complex", promise.Complex)
	if fits := 27; (p.Quota.PerMonth-1)*p.Quota.MinGapDays > fits {
		faults.Add(fault.Broken("policy.order", "quota.min_gap_days",
			"%d visits at least %d days apart do not fit into February; their first and last day may be %d days apart at most.",
			"%d buổi cách nhau ít nhất %d ngày không thể xếp trong tháng Hai; buổi đầu và buổi cuối chỉ cách nhau tối đa %d ngày.",
			p.Quota.PerMonth, p.Quota.MinGapDays, fits))
	}
	return faults
}
