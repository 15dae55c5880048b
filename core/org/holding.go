package org

import (
	"slices"

	"github.com/huongvecoso/outreach/core/fault"
)

// scopes says in what a role is held: a unit, a team, a place. An official is
// held by a unit or a team; the officers of the whole programme need neither.
func (r Role) scopes() (unit, team, place bool) {
	switch r {
	case UnitHead, UnitClerk:
		return true, false, false
	case TeamLeader:
		return false, true, false
	case HamletHead, PartyCellSecretary, ResidentGroupHead, VillageElder, CommuneLeader:
		return false, false, true
	}
	return false, false, false
}

// Validate returns every fault of the holding at once: nobody, no such role, no
// place, unit or team where the role is one of those, no period.
func (h Holding) Validate() error {
	var faults fault.List
	if h.ID == "" || h.Person == "" {
		faults.Add(fault.Broken("org.holding.person", "person", "A role needs an id and a person.", "Việc giữ chức danh phải có mã định danh và người giữ."))
	}
	if !slices.Contains(Roles(), h.Role) {
		faults.Add(fault.Broken("org.holding.role", "role", "There is no role %q; the roles are %v.", "Không có chức danh %q; các chức danh gồm %v.", h.Role, Roles()))
	}
	unit, team, place := h.Role.scopes()
	if unit && h.Unit == "" || team && h.Team == "" || place && h.Place == "" {
		faults.Add(fault.Broken("org.holding.scope", "role",
			"%s needs the place, unit or team where the role is held.",
			"Chức danh %s phải gắn với địa bàn, đơn vị hoặc tổ.", h.Role))
	}
	if !h.Valid.Valid() {
		faults.Add(period("holding", string(h.ID)))
	}
	return faults.Err()
}

// CheckOverlap refuses a role that the same person already holds at the same
// place, unit and team on one of its days: "org.holding.overlap".
func (h Holding) CheckOverlap(others []Holding) error {
	for _, o := range others {
		if o.ID != h.ID && o.Person == h.Person && o.Role == h.Role && o.Place == h.Place && o.Unit == h.Unit && o.Team == h.Team &&
			o.Valid.Overlaps(h.Valid) {
			return fault.Broken("org.holding.overlap", "valid",
				"%[1]s already holds the role %[2]s there, by holding %[3]s; end that one first.",
				"%[1]s đang giữ chức danh %[2]s ở đó theo %[3]s; cần kết thúc trước.", h.Person, h.Role, o.ID)
		}
	}
	return nil
}
