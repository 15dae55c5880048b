package orgtest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// World is an organisation as plain data. Versions are 0: whoever loads a World
// may number its records as it likes.
type World struct {
	Persons  []org.Person
	Places   []org.Place
	Units    []org.Unit
	Holdings []org.Holding
	Leaves   []org.Leave
}

// NewWorld returns the organisation the suite asks about: two communes of which
// one was merged into the other on 1 July 2025, a unit, a team, people with
// roles that began and ended, and leaves with a chain of substitutes.
// Everybody in it is invented. Each call returns fresh data.
func NewWorld() World {
	always := calendar.Period{From: day(2010, 1, 1)}
	until2025 := calendar.Period{From: day(2010, 1, 1), To: day(2025, 6, 30)}
	since2025 := calendar.Period{From: day(2025, 7, 1)}
	june := func(from, to int) calendar.Period {
		return calendar.Period{From: day(2017, 6, from), To: day(2017, 6, to)}
	}
	return World{
		Persons: []org.Person{
			{ID: "p-lan", FullName: "Trần Thị Lan", Honorific: "chị", Class: org.CivilServant, Phone: "+84900000001", PhoneSMS: true,
				Email: "lan@example.test", Language: "vi", Valid: always},
			{ID: "p-minh", FullName: "Lê Văn Minh", Class: org.Cadre, Phone: "+84900000002", PhoneSMS: true, Valid: always},
			{ID: "p-ha", FullName: "Phạm Thu Hà", Class: org.PublicEmployee, Phone: "+842510000003", Email: "ha@example.test", Language: "en", Valid: always},
			{ID: "p-k", FullName: "K'Sồi", GivenName: "Sồi", Honorific: "bác", Valid: until2025},
		},
		Places: []org.Place{
			{ID: "c-old", Names: []org.Naming{{Valid: until2025, Kind: "xa", Name: "Suối Mẫu", Code: "90001"}},
				Successors: []org.Succession{{To: "c-new", On: day(2025, 7, 1), Kind: org.Merge, Note: "hợp nhất"}}},
			{ID: "c-new", Names: []org.Naming{{Valid: since2025, Kind: "xa", Name: "Xuân Mẫu", Code: "90001"}}},
			{ID: "h-1", Names: []org.Naming{
				{Valid: until2025, Kind: "ap", Name: "Bình Mẫu", Parent: "c-old"},
				{Valid: since2025, Kind: "ap", Name: "Bình Mẫu", Parent: "c-new"},
			}, Hosting: org.Hosting{PreferredTime: calendar.MustTimeOfDay(19, 0), Venue: "nhà văn hóa ấp", AvoidWeekdays: []int{0},
				AvoidDates: []calendar.Date{day(2017, 12, 24)}}},
		},
		Units: []org.Unit{
			{ID: "u-1", Code: "UB", Name: "UBND huyện Mẫu", SMSName: "UBND huyen Mau", Place: "c-old", Valid: until2025},
			{ID: "u-2", Code: "NN", Name: "Phòng Nông nghiệp và PTNT", SMSName: "Phong NN", Parent: "u-1", Valid: until2025},
		},
		Holdings: []org.Holding{
			{ID: "g-1", Person: "p-lan", Role: org.Official, Unit: "u-2", Team: "t-1", Valid: calendar.Period{From: day(2017, 1, 1)}},
			{ID: "g-2", Person: "p-minh", Role: org.Official, Unit: "u-2", Team: "t-1", Valid: calendar.Period{From: day(2017, 1, 1), To: day(2017, 3, 31)}},
			{ID: "g-3", Person: "p-minh", Role: org.TeamLeader, Team: "t-1", Valid: calendar.Period{From: day(2017, 4, 1)}, Decision: "12/QĐ-UBND"},
			{ID: "g-4", Person: "p-ha", Role: org.UnitHead, Unit: "u-2", Place: "c-old", Valid: until2025},
			{ID: "g-5", Person: "p-k", Role: org.HamletHead, Place: "h-1", Valid: until2025},
			{ID: "g-6", Person: "p-k", Role: org.VillageElder, Place: "h-1", Valid: until2025},
		},
		Leaves: []org.Leave{
			{ID: "l-1", Person: "p-lan", Days: june(5, 16), Substitute: "p-minh", Reason: "nghỉ phép"},
			{ID: "l-2", Person: "p-minh", Days: june(12, 14), Substitute: "p-ha"},
			{ID: "l-3", Person: "p-ha", Days: june(12, 30), Cancelled: true},
			{ID: "l-4", Person: "p-lan", Days: june(26, 26)},
		},
	}
}

func day(year int, month time.Month, d int) calendar.Date { return calendar.MustDate(year, month, d) }

// Directory answers from a World in memory. It is the reference the suite is
// tested with, and good enough for tests of anything that needs a Directory. It
// copies the World and is safe for concurrent use.
func (w World) Directory() org.Directory {
	w = World{
		slices.Clone(w.Persons), slices.Clone(w.Places), slices.Clone(w.Units), slices.Clone(w.Holdings), slices.Clone(w.Leaves),
	}
	slices.SortFunc(w.Holdings, func(a, b org.Holding) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(w.Leaves, func(a, b org.Leave) int { return cmp.Compare(a.ID, b.ID) })
	return directory{w}
}

type directory struct{ w World }

func (d directory) Person(_ context.Context, id org.PersonID) (org.Person, error) {
	for _, p := range d.w.Persons {
		if p.ID == id {
			return p, nil
		}
	}
	return org.Person{}, fault.NotFound("person", string(id))
}

func (d directory) Place(_ context.Context, id org.PlaceID) (org.Place, error) {
	for _, p := range d.w.Places {
		if p.ID == id {
			return clonePlace(p), nil
		}
	}
	return org.Place{}, fault.NotFound("place", string(id))
}

// clonePlace gives the caller slices of its own.
func clonePlace(p org.Place) org.Place {
	p.Names, p.Successors = slices.Clone(p.Names), slices.Clone(p.Successors)
	p.Hosting.AvoidWeekdays, p.Hosting.AvoidDates = slices.Clone(p.Hosting.AvoidWeekdays), slices.Clone(p.Hosting.AvoidDates)
	p.Hosting.AvoidEach = slices.Clone(p.Hosting.AvoidEach)
	return p
}

func (d directory) Unit(_ context.Context, id org.UnitID) (org.Unit, error) {
	for _, u := range d.w.Units {
		if u.ID == id {
			u.Former = slices.Clone(u.Former)
			return u, nil
		}
	}
	return org.Unit{}, fault.NotFound("unit", string(id))
}

func (d directory) Holdings(_ context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	var found []org.Holding
	for _, h := range d.w.Holdings {
		if q.Selects(h) {
			found = append(found, h)
		}
	}
	return found, nil
}

func (d directory) Leaves(_ context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	var found []org.Leave
	for _, l := range d.w.Leaves {
		if q.Selects(l) {
			found = append(found, l)
		}
	}
	return found, nil
}

// PersonsByID implements [org.Roll].
func (d directory) PersonsByID(_ context.Context, ids []org.PersonID) ([]org.Person, error) {
	var found []org.Person
	for _, p := range d.w.Persons {
		if slices.Contains(ids, p.ID) {
			found = append(found, p)
		}
	}
	return found, nil
}

// PlacesByID implements [org.Gazetteer].
func (d directory) PlacesByID(_ context.Context, ids []org.PlaceID) ([]org.Place, error) {
	var found []org.Place
	for _, p := range d.w.Places {
		if slices.Contains(ids, p.ID) {
			found = append(found, clonePlace(p))
		}
	}
	return found, nil
}

// HoldingsOf implements [org.Roster].
func (d directory) HoldingsOf(_ context.Context, persons []org.PersonID, on calendar.Date) ([]org.Holding, error) {
	var found []org.Holding
	for _, h := range d.w.Holdings {
		if slices.Contains(persons, h.Person) && (on.IsZero() || h.Valid.Contains(on)) {
			found = append(found, h)
		}
	}
	return found, nil
}
