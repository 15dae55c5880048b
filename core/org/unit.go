package org

import (
	"cmp"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// UnitNaming is what a unit was called, and where it belonged, during Valid: the
// People's Committee of a commune before the commune was made a ward.
type UnitNaming struct {
	Valid   calendar.Period `json:"valid"`
	Code    string          `json:"code"`
	Name    string          `json:"name"`
	SMSName string          `json:"sms_name,omitempty"`
	Parent  UnitID          `json:"parent,omitempty"`
	Place   PlaceID         `json:"place,omitempty"`
}

// At returns the unit as it was called on the date. Of a unit that did not
// exist then it is how it was first, or how it was last, called.
func (u Unit) At(on calendar.Date) Unit {
	for _, n := range u.Former {
		if !on.After(n.Valid.To) {
			u.Code, u.Name, u.SMSName, u.Parent, u.Place = n.Code, n.Name, n.SMSName, n.Parent, n.Place
			break
		}
	}
	return u
}

// Rename gives the unit the code, name, parent and place of n from the day on;
// what n leaves empty stays as it was. The unit stays the same: what was
// referred to it stays with it, and routes that lead to it go on leading there
// (A10). Changes are recorded in the order of their dates
// ("org.unit.later_change"), on days on which the unit exists
// ("org.unit.not_existing").
func (u *Unit) Rename(on calendar.Date, n UnitNaming) error {
	if !u.Valid.Contains(on) {
		return fault.Broken("org.unit.not_existing", "on",
			"Unit %[1]s does not exist on %[2]s.", "Đơn vị %[1]s không tồn tại vào ngày %[2]s.", u.ID, on.VN())
	}
	since := u.Valid.From
	if last := len(u.Former) - 1; last >= 0 {
		since = u.Former[last].Valid.To.Add(1)
	}
	if since.After(on) {
		return fault.Broken("org.unit.later_change", "on",
			"Unit %[1]s has a later change, on %[2]s; changes are recorded in the order of their dates.",
			"Đơn vị %[1]s đã có thay đổi sau đó, vào ngày %[2]s; các thay đổi phải ghi theo thứ tự thời gian.", u.ID, since.VN())
	}
	if since != on { // on its very first day it was never called otherwise
		u.Former = append(slices.Clone(u.Former), UnitNaming{
			Valid: calendar.Period{From: since, To: on.Add(-1)}, Code: u.Code, Name: u.Name, SMSName: u.SMSName, Parent: u.Parent, Place: u.Place,
		})
	}
	u.Code, u.Name, u.SMSName = cmp.Or(Tidy(n.Code), u.Code), cmp.Or(Tidy(n.Name), u.Name), cmp.Or(Tidy(n.SMSName), u.SMSName)
	u.Parent, u.Place = cmp.Or(n.Parent, u.Parent), cmp.Or(n.Place, u.Place)
	return nil
}

// CompareUnits orders a list of units as Vietnamese lists do, by name, then by id.
func CompareUnits(a, b Unit) int {
	return cmp.Or(Compare(a.Name, b.Name), strings.Compare(string(a.ID), string(b.ID)))
}

// Validate returns every fault of the unit at once.
func (u Unit) Validate() error {
	var faults fault.List
	if u.ID == "" || strings.TrimSpace(u.Code) == "" || strings.TrimSpace(u.Name) == "" {
		faults.Add(fault.Broken("org.unit.name", "name", "Unit %q needs an id, a code and a name.", "Đơn vị %q phải có mã định danh, ký hiệu và tên.", u.ID))
	}
	if strings.Contains(u.SMSName, "&") || strings.ContainsFunc(u.SMSName, func(r rune) bool { return r < ' ' || r > '~' }) {
		faults.Add(fault.Broken("org.unit.sms_name", "sms_name",
			"The name of unit %s for text messages is written without marks and without &.",
			"Tên dùng trong tin nhắn của đơn vị %s phải không dấu và không có ký tự &.", u.ID))
	}
	if u.ID != "" && u.Parent == u.ID {
		faults.Add(fault.Broken("org.unit.cycle", "parent", "Unit %s cannot be above itself.", "Đơn vị %s không thể là cấp trên của chính nó.", u.ID))
	}
	if !u.Valid.Valid() {
		faults.Add(period("unit", string(u.ID)))
	}
	faults.Add(u.checkFormer())
	return faults.Err()
}

// checkFormer refuses a history that is out of order or reaches beyond the unit.
func (u Unit) checkFormer() error {
	since := u.Valid.From
	for _, n := range u.Former {
		if !n.Valid.Valid() || n.Valid.Open() || n.Valid.From != since || !u.Valid.Contains(n.Valid.To.Add(1)) || strings.TrimSpace(n.Name) == "" {
			return fault.Broken("org.unit.history", "former",
				"The former names of unit %s need a name each, follow each other day by day from its first day on, and end before its last.",
				"Các tên trước đây của đơn vị %s phải có tên, nối tiếp nhau từ ngày đầu và kết thúc trước ngày cuối.", u.ID)
		}
		since = n.Valid.To.Add(1)
	}
	return nil
}
