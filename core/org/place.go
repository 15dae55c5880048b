package org

import (
	"context"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// The kinds of succession.
const (
	Merge   = "merge"   // nhập: the whole place went over to another, perhaps with others
	Split   = "split"   // chia: a part went over; each hamlet has to choose
	Renamed = "rename"  // đổi tên: the same territory under a new identity
	Upgrade = "upgrade" // nâng cấp: the same territory at another level, a commune made a ward
)

// Since is the first day of everything whose beginning nobody knows: data that
// gives no first day is valid from here.
func Since() calendar.Date { return calendar.MustDate(1, 1, 1) }

// At returns what the place was called, and where it belonged, on the given
// date, and whether it existed then.
func (p Place) At(on calendar.Date) (Naming, bool) {
	for _, n := range p.Names {
		if n.Valid.Contains(on) {
			return n, true
		}
	}
	return Naming{}, false
}

// Exists reports whether the place exists on every day of the period, under
// whatever names.
func (p Place) Exists(during calendar.Period) bool {
	if !during.Valid() {
		return false
	}
	for on := during.From; ; {
		n, ok := p.At(on)
		switch {
		case !ok:
			return false
		case n.Valid.Open() || !during.Open() && !n.Valid.To.Before(during.To):
			return true
		}
		on = n.Valid.To.Add(1)
	}
}

// Lived is the part of the period in which the place existed, and whether there
// is one: a hamlet that was merged on the 15th lived in the first half of that month.
func (p Place) Lived(during calendar.Period) (calendar.Period, bool) {
	if len(p.Names) == 0 {
		return calendar.Period{}, false
	}
	return during.Intersect(calendar.Period{From: p.Names[0].Valid.From, To: p.Names[len(p.Names)-1].Valid.To})
}

// Called is the name with its kind: "ấp Bình Minh", "xã Suối Cát". A name that
// says its kind itself stands alone: "Khu 1".
func (n Naming) Called() string {
	kind := KindName(n.Kind)
	if kind == "" || strings.HasPrefix(Fold(n.Name)+" ", Fold(kind)+" ") {
		return n.Name
	}
	return kind + " " + n.Name
}

// KindName is the Vietnamese word for a kind of place. Kinds are data: one that
// is not listed here, such as buôn, is its own word.
func KindName(kind string) string {
	switch kind {
	case "tinh":
		return "tỉnh"
	case "thanh_pho":
		return "thành phố"
	case "huyen":
		return "huyện"
	case "quan":
		return "quận"
	case "thi_xa":
		return "thị xã"
	case "thi_tran":
		return "thị trấn"
	case "xa":
		return "xã"
	case "phuong":
		return "phường"
	case "dac_khu":
		return "đặc khu"
	case "ap":
		return "ấp"
	case "khu":
		return "khu"
	case "khu_pho":
		return "khu phố"
	case "thon":
		return "thôn"
	case "to_dan_pho":
		return "tổ dân phố"
	}
	return kind
}

// Display is how people read a place: with its kind and what it lay in on that
// date, because names repeat: "ấp Bình Minh (xã Suối Cát)" is not "ấp Bình Minh
// (xã Xuân Hiệp)" (A13). A place that no longer existed is shown as it was last
// called, one that did not exist yet as it was first called.
func Display(ctx context.Context, dir Directory, place PlaceID, on calendar.Date) (string, error) {
	p, err := dir.Place(ctx, place)
	if err != nil {
		return "", err
	}
	name, on := p.Nearest(on)
	if name.Parent == "" {
		return name.Called(), nil
	}
	parent, err := dir.Place(ctx, name.Parent)
	if err != nil {
		return "", err
	}
	above, _ := parent.Nearest(on)
	return name.Called() + " (" + above.Called() + ")", nil
}

// Nearest is the naming in force on the date, or else the last one before it,
// or else the first, with a day on which that was true.
func (p Place) Nearest(on calendar.Date) (Naming, calendar.Date) {
	if n, ok := p.At(on); ok {
		return n, on
	}
	var found Naming
	for i, n := range p.Names {
		if i == 0 || !n.Valid.From.After(on) {
			found = n
		}
	}
	if found.Valid.From.After(on) || found.Valid.Open() {
		return found, found.Valid.From
	}
	return found, found.Valid.To
}

// Validate returns every fault of the place at once: names missing, out of
// order or overlapping, and successions that lead nowhere.
func (p Place) Validate() error {
	var faults fault.List
	if p.ID == "" {
		faults.Add(fault.Broken("org.place.id", "id", "A place needs an id.", "Địa bàn phải có mã định danh."))
	}
	if len(p.Names) == 0 {
		faults.Add(fault.Broken("org.place.names", "names", "A place needs a name with its period.", "Địa bàn phải có tên kèm thời gian hiệu lực."))
	}
	for i, n := range p.Names {
		faults.Add(p.checkNaming(n))
		if i > 0 && !p.Names[i-1].Valid.To.Before(n.Valid.From) || i > 0 && p.Names[i-1].Valid.Open() {
			faults.Add(fault.Broken("org.place.overlap", "names",
				"Place %[1]s has two names on %[2]s; each begins after the one before has ended.",
				"Địa bàn %[1]s có hai tên vào ngày %[2]s; tên sau phải bắt đầu khi tên trước đã hết hiệu lực.", p.ID, n.Valid.From.VN()))
		}
	}
	faults.Add(p.Hosting.Validate())
	for _, s := range p.Successors {
		if s.To == "" || s.To == p.ID || s.On.IsZero() || !slices.Contains([]string{Merge, Split, Renamed, Upgrade}, s.Kind) {
			faults.Add(fault.Broken("org.place.succession", "successors",
				"A succession of place %s needs another place, a date, and merge, split, rename or upgrade.",
				"Việc kế thừa của địa bàn %s phải có địa bàn khác, ngày, và loại merge, split, rename hoặc upgrade.", p.ID))
		}
	}
	return faults.Err()
}

func (p Place) checkNaming(n Naming) error {
	var faults fault.List
	if strings.TrimSpace(n.Name) == "" || strings.TrimSpace(n.Kind) == "" {
		faults.Add(fault.Broken("org.place.name", "names", "Place %s needs a name and a kind.", "Địa bàn %s phải có tên và loại.", p.ID))
	}
	if !n.Valid.Valid() {
		faults.Add(fault.Broken("org.place.period", "names",
			"Each name of place %s needs a first day and no last day before it.",
			"Mỗi tên của địa bàn %s phải có ngày bắt đầu và không kết thúc trước ngày đó.", p.ID))
	}
	if n.Parent != "" && n.Parent == p.ID {
		faults.Add(fault.Broken("org.place.cycle", "parent", "Place %s cannot lie in itself.", "Địa bàn %s không thể nằm trong chính nó.", p.ID))
	}
	return faults.Err()
}

// Rename gives the place the name, kind and code of n from its first day on;
// what n leaves empty stays as it was. The parent stays.
func (p *Place) Rename(on calendar.Date, n Naming) error {
	return p.change(on, func(now *Naming) {
		if n.Name != "" {
			now.Name = Tidy(n.Name)
		}
		if n.Kind != "" {
			now.Kind = n.Kind
		}
		if n.Code != "" {
			now.Code = n.Code
		}
	})
}

// Reparent moves the place under another one from the day on.
func (p *Place) Reparent(on calendar.Date, parent PlaceID) error {
	if parent == p.ID {
		return fault.Broken("org.place.cycle", "parent", "Place %s cannot lie in itself.", "Địa bàn %s không thể nằm trong chính nó.", p.ID)
	}
	return p.change(on, func(now *Naming) { now.Parent = parent })
}

// Close ends the place: from the day on it does not exist. Where it went is
// said by successions; none means that it was dissolved.
func (p *Place) Close(on calendar.Date, successors ...Succession) error {
	i, err := p.last(on)
	if err != nil {
		return err
	}
	if p.Names[i].Valid.From == on {
		return fault.Broken("org.place.closed_at_birth", "on",
			"Place %[1]s took its name only on %[2]s; it can end from the next day on.",
			"Địa bàn %[1]s mới có tên từ %[2]s; chỉ có thể kết thúc từ ngày hôm sau.", p.ID, on.VN())
	}
	p.Names[i].Valid.To = on.Add(-1)
	p.Successors = append(p.Successors, successors...)
	return nil
}

// change splits the last naming at the day and changes what follows. On its
// very first day the naming is changed itself: then the day before was never so.
func (p *Place) change(on calendar.Date, set func(*Naming)) error {
	i, err := p.last(on)
	if err != nil {
		return err
	}
	if p.Names[i].Valid.From != on {
		next := p.Names[i]
		next.Valid.From = on
		p.Names = append(slices.Clone(p.Names), next)
		p.Names[i].Valid.To = on.Add(-1)
		i++
	}
	set(&p.Names[i])
	return nil
}

// last is the index of the naming in force on the day, which must be the last
// one: history is written in its order.
func (p *Place) last(on calendar.Date) (int, error) {
	i := len(p.Names) - 1
	switch {
	case i >= 0 && p.Names[i].Valid.Contains(on):
		return i, nil
	case i >= 0 && p.Names[i].Valid.From.After(on):
		return 0, fault.Broken("org.place.later_change", "on",
			"Place %[1]s has a later change, on %[2]s; changes are recorded in the order of their dates.",
			"Địa bàn %[1]s đã có thay đổi sau đó, vào ngày %[2]s; các thay đổi phải ghi theo thứ tự thời gian.", p.ID, p.Names[i].Valid.From.VN())
	}
	return 0, fault.Broken("org.place.not_existing", "on",
		"Place %[1]s does not exist on %[2]s.", "Địa bàn %[1]s không tồn tại vào ngày %[2]s.", p.ID, on.VN())
}
