package visit

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Types of dissemination item (S2–S4).
const (
	PartyLine   = "party_line"   // chủ trương, đường lối của Đảng
	StatePolicy = "state_policy" // chính sách, pháp luật của Nhà nước
	LocalTask   = "local_task"   // nhiệm vụ chính trị tại cơ sở
	Information = "information"  // thông tin cần thiết
)

// Validate checks an item before it is issued.
func (i Item) Validate() error {
	var faults fault.List
	if !slices.Contains([]string{PartyLine, StatePolicy, LocalTask, Information}, i.Type) {
		faults.Add(fault.Broken("item.issue.type_unknown", "type", "%q is no type of dissemination", "%q không phải loại nội dung tuyên truyền", i.Type))
	}
	if strings.TrimSpace(i.Title) == "" {
		faults.Add(fault.Broken("item.issue.title_missing", "title", "an item needs a title", "nội dung phải có tiêu đề"))
	}
	if i.Valid.From.IsZero() || !i.Valid.Valid() {
		faults.Add(fault.Broken("item.issue.period_invalid", "valid", "say from when to when it is to be told", "phải ghi thời gian phổ biến từ ngày đến ngày"))
	}
	return faults.Err()
}

// For reports whether the item is to be told at the place: it is addressed to
// every hamlet, to this one, or to a territory in which it lies. within are those
// territories as of the day that counts, the nearest first.
func (i Item) For(place org.PlaceID, within ...org.PlaceID) bool {
	return i.Status == Issued && i.Addressed(place, within...)
}

// Addressed is For without regard to whether the item still stands.
func (i Item) Addressed(place org.PlaceID, within ...org.PlaceID) bool {
	return len(i.Places) == 0 || slices.Contains(i.Places, place) ||
		slices.ContainsFunc(within, func(above org.PlaceID) bool { return slices.Contains(i.Places, above) })
}

// Waive lets a hamlet off the item, with a reason: there it is not asked for any
// more. A second waiver for the same hamlet replaces the first. within are the
// territories in which the hamlet lies, as in For.
func (i *Item) Waive(w Waiver, within ...org.PlaceID) error {
	var faults fault.List
	if strings.TrimSpace(w.Reason) == "" {
		faults.Add(fault.Broken("item.waive.reason_missing", "reason", "waiving an item needs a reason", "miễn phổ biến một nội dung phải có lý do"))
	}
	if !i.For(w.Place, within...) {
		faults.Add(fault.Broken("item.waive.not_owed", "place", "this item is not to be told at %s", "nội dung này không phải phổ biến tại %s", w.Place))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	i.Waivers = slices.DeleteFunc(i.Waivers, func(o Waiver) bool { return o.Place == w.Place })
	i.Waivers = append(i.Waivers, w)
	return nil
}

// HearingStatus is where an item stands in one hamlet (model M11).
type HearingStatus string

// The states of an item in a hamlet. They are derived from the reports of the
// visits and the waivers, never stored.
const (
	ItemPending   HearingStatus = "pending"   // chưa phổ biến
	ItemTold      HearingStatus = "told"      // công chức báo đã phổ biến
	ItemReceipted HearingStatus = "receipted" // đã phổ biến tại buổi được cơ sở xác nhận
	ItemWaived    HearingStatus = "waived"    // được miễn, có lý do
)

// Hearing is how an item stands in one hamlet.
type Hearing struct {
	Place    org.PlaceID   `json:"place"`
	Status   HearingStatus `json:"status"`
	Visit    ID            `json:"visit,omitempty"` // the first at which it was told
	Audience int           `json:"audience"`        // people who heard it, over all visits
	Reason   string        `json:"reason,omitempty"`
}

// Heard says how the item stands in a hamlet after these visits to it, in the
// order of their days. What one visit left out with a reason counts as waived
// until another one tells it.
func (i Item) Heard(place org.PlaceID, visits []State) Hearing {
	h := Hearing{Place: place, Status: ItemPending}
	for _, w := range i.Waivers {
		if w.Place == place {
			h.Status, h.Reason = ItemWaived, w.Reason
		}
	}
	for _, v := range visits {
		report, reported := v.Standing()
		if !reported || !v.Claimed() || v.Place != place {
			continue
		}
		for _, c := range report.Receipts {
			if c.Item == i.ID {
				h.add(v, c)
			}
		}
	}
	return h
}

func (h *Hearing) add(v State, c Receipt) {
	told := h.Status == ItemTold || h.Status == ItemReceipted
	switch {
	case c.Told:
		h.Audience += c.Audience
		if !told {
			h.Status, h.Visit, h.Reason = ItemTold, v.ID, ""
		}
		if v.Status == Verified {
			h.Status = ItemReceipted
		}
	case c.Waived != "" && !told:
		h.Status, h.Reason = ItemWaived, c.Waived
	}
}

// Replace supersedes the item by another one: what was told stays told, nobody
// is asked to tell it any more.
func (i *Item) Replace(by ItemID) error {
	if by == i.ID {
		return fault.Broken("item.supersede.itself", "by", "an item cannot supersede itself", "một nội dung không thể tự thay thế chính nó")
	}
	if i.Status != Issued {
		return fault.Broken("item.supersede.not_issued", "status", "only an issued item can be superseded", "chỉ thay thế được nội dung đang phát hành")
	}
	i.Status, i.By = Superseded, by
	return nil
}

// Told reports whether the item was told, or waived with a reason, at this visit.
func (s State) Told(item ItemID) bool {
	return Item{ID: item}.Heard(s.Place, []State{s}).Status != ItemPending
}
