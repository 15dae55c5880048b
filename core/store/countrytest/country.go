package countrytest

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// The shape of every district.
const (
	PerCommune = 11 // hamlets of a commune, officials of a team
	Communes   = 8  // of a district
	Units      = 12 // departments of a district
)

// Plan is the id of the country's programme.
const Plan = programme.ID("HVCS")

// Country is a country. It holds no data and is safe for concurrent use.
type Country struct {
	seed      uint64
	officials int
	valid     calendar.Period
}

// New returns the country of a seed with so many officials and hamlets, one at
// least. Its programme runs from 2016 to 2026.
func New(seed uint64, officials int) *Country {
	return &Country{seed: seed, officials: max(officials, 1), valid: calendar.Period{From: calendar.MustDate(2016, 1, 1), To: calendar.MustDate(2026, 12, 31)}}
}

// Officials is how many officials, and hamlets, there are.
func (c *Country) Officials() int { return c.officials }

// Districts is how many districts there are; the last may be small.
func (c *Country) Districts() int { return upTo(c.officials, PerCommune*Communes) }

func (c *Country) communes() int { return upTo(c.officials, PerCommune) }

func upTo(n, size int) int { return (n + size - 1) / size }

// random is what chance decides about the i-th thing of a kind.
func (c *Country) random(kind string, i int) *rand.Rand {
	stream := uint64(len(kind))
	for _, letter := range []byte(kind) {
		stream = stream*131 + uint64(letter)
	}
	return rand.New(rand.NewPCG(c.seed^stream*0x9e3779b97f4a7c15, uint64(i)))
}

// Official is the id of the i-th official.
func Official(i int) org.PersonID { return org.PersonID(fmt.Sprintf("CC-%06d", i)) }

// Head is the id of the head of the i-th hamlet.
func Head(i int) org.PersonID { return org.PersonID(fmt.Sprintf("TA-%06d", i)) }

// Leader is the id of the leader of the t-th team.
func Leader(t int) org.PersonID { return org.PersonID(fmt.Sprintf("TT-%05d", t)) }

// Clerk is the id of the clerk, and head, of the u-th unit of a district.
func Clerk(district, u int) org.PersonID {
	return org.PersonID(fmt.Sprintf("DV-%04d-%02d", district, u))
}

// Hamlet is the id of the i-th hamlet, which the i-th official looks after.
func Hamlet(i int) org.PlaceID { return org.PlaceID(fmt.Sprintf("AP-%06d", i)) }

// Commune is the id of the t-th commune.
func Commune(t int) org.PlaceID { return org.PlaceID(fmt.Sprintf("XA-%05d", t)) }

// District is the id of the d-th district.
func District(d int) org.PlaceID { return org.PlaceID(fmt.Sprintf("H-%04d", d)) }

// Team is the id of the t-th team: that of the t-th commune.
func Team(t int) org.TeamID { return org.TeamID(fmt.Sprintf("TO-%05d", t)) }

// Unit is the id of the u-th unit of a district.
func Unit(district, u int) org.UnitID { return org.UnitID(fmt.Sprintf("PB-%04d-%02d", district, u)) }

// TeamOf is the number of the team of the i-th official.
func TeamOf(i int) int { return i / PerCommune }

// DistrictOf is the number of the district of the i-th official.
func DistrictOf(i int) int { return i / (PerCommune * Communes) }

// Mailbox is where a person gets mail.
func Mailbox(p org.PersonID) string { return string(p) + "@dan-so.example" }

// Places are the country, its districts, communes and hamlets, outer ones first.
func (c *Country) Places() iter.Seq[*org.Place] {
	return func(yield func(*org.Place) bool) {
		place := func(id, parent org.PlaceID, kind, name string, hosting org.Hosting) bool {
			return yield(&org.Place{ID: id, Hosting: hosting, Names: []org.Naming{{Valid: c.valid, Kind: kind, Name: name, Code: string(id), Parent: parent}}})
		}
		if !place("QG", "", "tinh", "Toàn Vùng", org.Hosting{}) {
			return
		}
		for d := range c.Districts() {
			if !place(District(d), "QG", "huyen", fmt.Sprintf("Thử Nghiệm %d", d+1), org.Hosting{}) {
				return
			}
		}
		for t := range c.communes() {
			if !place(Commune(t), District(t/Communes), "xa", fmt.Sprintf("Xã Mẫu %d", t+1), org.Hosting{}) {
				return
			}
		}
		for i := range c.officials {
			if !place(Hamlet(i), Commune(TeamOf(i)), "ap", fmt.Sprintf("Ấp %d", i%PerCommune+1), c.hosting(i)) {
				return
			}
		}
	}
}

// hosting differs: most hamlets meet at seven in their house of culture, every
// tenth avoids one day of the week, every fiftieth Christmas Eve.
func (c *Country) hosting(i int) org.Hosting {
	r := c.random("hosting", i)
	h := org.Hosting{PreferredTime: calendar.MustTimeOfDay(18+r.IntN(2), 30*r.IntN(2)), Venue: "Nhà văn hóa ấp"}
	if r.IntN(10) == 0 {
		h.AvoidWeekdays = []int{r.IntN(7)}
	}
	if r.IntN(50) == 0 {
		h.AvoidEach = []org.YearDay{{Day: 24, Month: 12, Note: "lễ Giáng sinh"}}
	}
	return h
}

// Departments are the units of every district.
func (c *Country) Departments() iter.Seq[*org.Unit] {
	return func(yield func(*org.Unit) bool) {
		for d := range c.Districts() {
			for u := range Units {
				name := fmt.Sprintf("Phòng Mẫu %d", u+1)
				if !yield(&org.Unit{ID: Unit(d, u), Code: fmt.Sprintf("PB%02d", u), Name: name, SMSName: fmt.Sprintf("Phong Mau %d", u+1), Place: District(d), Valid: c.valid}) {
					return
				}
			}
		}
	}
}

// People are the officials, the heads of the hamlets, the leaders of the teams
// and the clerks of the units.
func (c *Country) People() iter.Seq[*org.Person] {
	return func(yield func(*org.Person) bool) {
		for p, number := range c.everybody() {
			ok := yield(&org.Person{
				ID: p, FullName: fmt.Sprintf("Nguyễn Thử Nghiệm %06d", number), Honorific: "ông/bà", Class: org.CivilServant,
				Phone: fmt.Sprintf("+8490%07d", number), PhoneSMS: true, Email: Mailbox(p), Valid: c.valid,
			})
			if !ok {
				return
			}
		}
	}
}

// everybody is each person with a number of their own.
func (c *Country) everybody() iter.Seq2[org.PersonID, int] {
	return func(yield func(org.PersonID, int) bool) {
		for h := range c.roles() {
			if !yield(h.Person, h.number) {
				return
			}
		}
	}
}

// Holdings are the roles of everybody.
func (c *Country) Holdings() iter.Seq[*org.Holding] {
	return func(yield func(*org.Holding) bool) {
		for h := range c.roles() {
			held, clerk := h.Holding, h.Holding
			if !yield(&held) {
				return
			}
			if h.Role != org.UnitHead {
				continue
			}
			clerk.ID, clerk.Role = h.ID+"+", org.UnitClerk // who leads a unit is also its clerk
			if !yield(&clerk) {
				return
			}
		}
	}
}

// role is what somebody is first of all.
type role struct {
	org.Holding
	number int
}

func (c *Country) roles() iter.Seq[role] {
	return func(yield func(role) bool) {
		number := 0
		is := func(h org.Holding) bool {
			h.ID, h.Valid, h.Decision = org.HoldingID("V-"+h.Person), c.valid, "01/QĐ-UBND"
			number++
			return yield(role{h, number})
		}
		for i := range c.officials {
			if !is(org.Holding{Person: Official(i), Role: org.Official, Unit: Unit(DistrictOf(i), i%Units), Team: Team(TeamOf(i))}) ||
				!is(org.Holding{Person: Head(i), Role: org.HamletHead, Place: Hamlet(i)}) {
				return
			}
		}
		for t := range c.communes() {
			if !is(org.Holding{Person: Leader(t), Role: org.TeamLeader, Team: Team(t)}) {
				return
			}
		}
		for d := range c.Districts() {
			for u := range Units {
				if !is(org.Holding{Person: Clerk(d, u), Role: org.UnitHead, Unit: Unit(d, u)}) {
					return
				}
			}
		}
	}
}

// Programme is the one programme of the country.
func (c *Country) Programme() *programme.State {
	return &programme.State{
		ID: Plan, Code: "HVCS", Name: "Hướng về cơ sở", Valid: c.valid,
		Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Date: c.valid.From, Issuer: "UBND"},
	}
}

// Teams are the teams, one for each commune.
func (c *Country) Teams() iter.Seq[*programme.Team] {
	return func(yield func(*programme.Team) bool) {
		for t := range c.communes() {
			if !yield(&programme.Team{ID: Team(t), Programme: Plan, Code: fmt.Sprintf("T%d", t+1), Name: fmt.Sprintf("Tổ công tác %d", t+1), Valid: c.valid}) {
				return
			}
		}
	}
}

// Assignments give each official a hamlet.
func (c *Country) Assignments() iter.Seq[*programme.Assignment] {
	return func(yield func(*programme.Assignment) bool) {
		for i := range c.officials {
			ok := yield(&programme.Assignment{
				ID: programme.AssignmentID(fmt.Sprintf("PC-%06d", i)), Programme: Plan, Official: Official(i), Place: Hamlet(i), Team: Team(TeamOf(i)),
				Valid: c.valid, Status: programme.Active, Decision: "01/QĐ-UBND",
			})
			if !ok {
				return
			}
		}
	}
}

// Hosts are the hamlets as the planner of a month wants them, none of them
// visited yet.
func (c *Country) Hosts(owed int) []programme.Host {
	hosts := make([]programme.Host, c.officials)
	for i := range hosts {
		hosts[i] = programme.Host{Place: Hamlet(i), Owed: owed, Hosting: c.hosting(i), Tenures: []programme.Tenure{{Official: Official(i), Days: c.valid}}}
	}
	return hosts
}
