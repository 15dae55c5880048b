package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

// cast is who is who on the season's first day, from what was imported.
type cast struct {
	office     []org.PersonID
	leader     org.PersonID // the responsible vice-chair
	chair      org.PersonID
	auditor    org.PersonID
	officials  []org.PersonID // without team leaders
	teamOf     map[org.PersonID]org.TeamID
	leads      map[org.TeamID]org.PersonID
	unitHead   map[org.UnitID]org.PersonID
	unitClerk  map[org.UnitID]org.PersonID
	hamlets    []org.PlaceID
	communeOf  map[org.PlaceID]org.PlaceID
	head       map[org.PlaceID]org.PersonID
	key        map[org.PlaceID][]org.PersonID // all key persons, the head first
	commune    map[org.PlaceID]org.PersonID   // leader of each commune
	subjects   map[string]string              // Vietnamese names
	leadUnit   map[string]org.UnitID          // lead unit of each subject
	units      []org.UnitID                   // that lead subjects, with a clerk
	inspectors []org.PersonID
}

// readCast asks the system who is there.
func readCast(ctx context.Context, w *core.Work, on calendar.Date) (cast, error) {
	c := cast{
		teamOf: make(map[org.PersonID]org.TeamID), leads: make(map[org.TeamID]org.PersonID), communeOf: make(map[org.PlaceID]org.PlaceID),
		unitHead: make(map[org.UnitID]org.PersonID), unitClerk: make(map[org.UnitID]org.PersonID),
		head: make(map[org.PlaceID]org.PersonID), key: make(map[org.PlaceID][]org.PersonID), commune: make(map[org.PlaceID]org.PersonID),
		subjects: make(map[string]string), leadUnit: make(map[string]org.UnitID),
	}
	holdings, err := w.Org.Holdings(ctx, org.HoldingQuery{On: on})
	if err != nil {
		return c, err
	}
	slices.SortFunc(holdings, func(a, b org.Holding) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Role, b.Role))
	})
	for _, h := range holdings {
		c.take(h)
	}
	tree, err := w.Org.Tree(ctx, on)
	if err != nil {
		return c, err
	}
	for _, place := range tree.Outreach("ap", "khu") {
		naming, _ := tree.Naming(place)
		c.hamlets = append(c.hamlets, place)
		c.communeOf[place] = naming.Parent
	}
	slices.SortStableFunc(c.hamlets, func(a, b org.PlaceID) int { return cmp.Compare(c.communeOf[a], c.communeOf[b]) })
	routes, err := w.Issues.Routes(ctx)
	if err != nil {
		return c, err
	}
	for _, r := range routes {
		if r.Valid.Contains(on) {
			c.subjects[r.Subject], c.leadUnit[r.Subject] = r.Name, r.Lead
			if c.unitClerk[r.Lead] != "" && c.unitHead[r.Lead] != "" && !slices.Contains(c.units, r.Lead) {
				c.units = append(c.units, r.Lead)
			}
		}
	}
	slices.Sort(c.units)
	return c, c.complete()
}

func (c *cast) take(h org.Holding) {
	switch h.Role {
	case org.ProgrammeOffice:
		c.office = append(c.office, h.Person)
	case org.ProgrammeLeader:
		c.leader = h.Person
	case org.ProgrammeChair:
		c.chair = h.Person
	case org.Auditor:
		c.auditor = h.Person
	case org.Inspector:
		c.inspectors = append(c.inspectors, h.Person)
	case org.Official:
		c.officials, c.teamOf[h.Person] = append(c.officials, h.Person), h.Team
	case org.TeamLeader:
		c.leads[h.Team] = h.Person
	case org.UnitHead:
		c.unitHead[h.Unit] = h.Person
	case org.UnitClerk:
		c.unitClerk[h.Unit] = h.Person
	case org.HamletHead:
		c.head[h.Place] = h.Person
		c.key[h.Place] = append([]org.PersonID{h.Person}, c.key[h.Place]...)
	case org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder:
		c.key[h.Place] = append(c.key[h.Place], h.Person)
	case org.CommuneLeader:
		c.commune[h.Place] = h.Person
	}
}

// complete says who is missing without whom a season cannot be played.
func (c *cast) complete() error {
	switch {
	case len(c.office) < 2:
		return errors.New("leaders.csv: the season needs two people in the programme office / cần ít nhất hai người ở văn phòng")
	case c.leader == "" || c.chair == "" || c.auditor == "" || len(c.inspectors) == 0:
		return errors.New("leaders.csv: the season needs a programme_leader, a programme_chair, an auditor and an inspector / thiếu lãnh đạo, kiểm toán hoặc thanh tra")
	case len(c.officials) == 0 || len(c.leads) == 0:
		return errors.New("officials.csv: the season needs officials and team leaders / thiếu công chức hoặc Tổ trưởng")
	case len(c.hamlets) == 0:
		return errors.New("places.csv: there is no hamlet on the first day / không có ấp nào vào ngày bắt đầu")
	case len(c.units) < 2:
		return errors.New("leaders.csv: at least two units that lead subjects need a head and a clerk / thiếu trưởng phòng và cán bộ đầu mối")
	}
	return nil
}
