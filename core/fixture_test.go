package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

// The cast of the worked examples (EX-01 to EX-29). Everybody is invented.
const (
	lan  org.PersonID = "CC-017" // official, AP-01
	minh org.PersonID = "CC-042" // official, AP-02
	ha   org.PersonID = "CC-051" // official, AP-03
	tuan org.PersonID = "CC-063" // official, AP-04 and AP-05

	tl03 org.PersonID = "TL-03" // leader of team T3
	vp01 org.PersonID = "VP-01" // programme office
	pct  org.PersonID = "PCT"   // programme leader, vice-chair
	ct   org.PersonID = "CT"    // chair

	u10 org.PersonID = "U-10" // head of P-TNMT
	u11 org.PersonID = "U-11" // clerk of P-TNMT
	u20 org.PersonID = "U-20" // head of P-KTHT
	u21 org.PersonID = "U-21" // clerk of P-KTHT
	u30 org.PersonID = "U-30" // head of P-NN, the officials' own unit
	u31 org.PersonID = "U-31" // clerk of P-NN

	tt01 org.PersonID = "TT-01" // inspectors
	tt02 org.PersonID = "TT-02"
	tt03 org.PersonID = "TT-03"
	ptt  org.PersonID = "PTT"   // deputy inspector
	qt01 org.PersonID = "QT-01" // admin
	kt01 org.PersonID = "KT-01" // auditor
	lx01 org.PersonID = "LX-01" // leader of commune C1; LX-02 and LX-03 likewise
	ta01 org.PersonID = "TA-01" // head of hamlet AP-01; TA-02 … TA-09 likewise

	teamT3   org.TeamID   = "T3"
	unitTNMT org.UnitID   = "P-TNMT"
	unitKTHT org.UnitID   = "P-KTHT"
	unitNN   org.UnitID   = "P-NN"
	unitVP   org.UnitID   = "P-VP"
	hvcs2017 programme.ID = "HVCS-2017"
)

// hamlets are the places of the cast by commune; there is no AP-06.
func hamlets() map[org.PlaceID][]org.PlaceID {
	return map[org.PlaceID][]org.PlaceID{
		"C1": {"AP-01", "AP-02"}, "C2": {"AP-03", "AP-04", "AP-05"}, "C3": {"AP-07", "AP-08", "AP-09"},
	}
}

// assigned says who looks after which hamlet all through 2017 in team T3, as
// in EX-28. Nobody looks after AP-07 to AP-09.
func assigned() map[org.PlaceID]org.PersonID {
	return map[org.PlaceID]org.PersonID{"AP-01": lan, "AP-02": minh, "AP-03": ha, "AP-04": tuan, "AP-05": tuan}
}

// cast is a System with the people and places of the worked examples, on a
// clock that stands still until it is set.
type cast struct {
	t     *testing.T
	sys   *core.System
	store store.Store
	now   atomic.Pointer[time.Time]
}

// newCast sets the stage on Mon 02/01/2017 08:00. opts, which may be nil, is
// taken over except for its clock, ids, calendar and series where they are not set.
func newCast(t *testing.T, opts *core.Options) *cast {
	t.Helper()
	return newCastOn(t, memstore.New(), opts)
}

// newCastOn sets the stage in a store of the test's own.
func newCastOn(t *testing.T, st store.Store, opts *core.Options) *cast {
	t.Helper()
	return newCastBy(t, st, policy.Default(), opts)
}

// newCastBy sets it with a policy of the test's own.
func newCastBy(t *testing.T, st store.Store, pol policy.Policy, opts *core.Options) *cast {
	t.Helper()
	c := &cast{t: t, store: st}
	c.at("2017-01-02 08:00")
	o := core.Options{}
	if opts != nil {
		o = *opts
	}
	if o.Clock == nil {
		o.Clock = func() time.Time { return *c.now.Load() }
	}
	if o.NewID == nil {
		var n atomic.Int64
		o.NewID = func() string { return fmt.Sprintf("n-%06d", n.Add(1)) }
	}
	if o.Calendar == nil {
		o.Calendar = calendar2017(t)
	}
	if o.Series == "" {
		o.Series = "XL"
	}
	inner := st
	if memory, ok := st.(*memstore.Store); ok {
		inner = lasting{memory, t}
	}
	sys, err := core.New(inner, pol, &o)
	if err != nil {
		t.Fatal(err)
	}
	c.sys = sys
	c.put(func(ctx context.Context, tx store.Tx) error {
		return errors.Join(castPlaces(ctx, tx), castUnits(ctx, tx), castPeople(ctx, tx), castProgramme(ctx, tx))
	})
	return c
}

// at sets the clock to a civil time in Vietnam: "2017-03-15 14:00", or 08:00
// of a date alone.
func (c *cast) at(when string) {
	c.t.Helper()
	if !strings.Contains(when, " ") {
		when += " 08:00"
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", when, calendar.Zone())
	if err != nil {
		c.t.Fatal(err)
	}
	c.now.Store(&t)
}

// do runs one unit of work by somebody.
func (c *cast) do(who org.PersonID, fn func(context.Context, *core.Work) error) error {
	return c.sys.Update(c.t.Context(), org.Actor{Person: who}, fn)
}

// must is do for what has to succeed.
func (c *cast) must(who org.PersonID, fn func(context.Context, *core.Work) error) {
	c.t.Helper()
	if err := c.do(who, fn); err != nil {
		c.t.Fatalf("%s: %v", who, err)
	}
}

// refused is do for what a rule has to refuse.
func (c *cast) refused(rule string, who org.PersonID, fn func(context.Context, *core.Work) error) {
	c.t.Helper()
	wantRule(c.t, rule, c.do(who, fn))
}

// put writes to the store directly, past all rules, to set a scene.
func (c *cast) put(fn func(context.Context, store.Tx) error) {
	c.t.Helper()
	if err := c.store.Update(c.t.Context(), fn); err != nil {
		c.t.Fatal(err)
	}
}

// see reads the store directly.
func (c *cast) see(fn func(context.Context, store.Tx) error) {
	c.t.Helper()
	if err := c.store.View(c.t.Context(), fn); err != nil {
		c.t.Fatal(err)
	}
}

// unassign takes all assignments of the cast away, for scenes in which nobody
// owes plans, surveys and reports by themselves.
func (c *cast) unassign() {
	c.t.Helper()
	c.put(func(ctx context.Context, tx store.Tx) error {
		all, err := tx.Assignments(ctx, programme.AssignmentQuery{})
		if err != nil {
			return err
		}
		for _, a := range all {
			a.Status = programme.Cancelled
			if err := tx.PutAssignment(ctx, &a); err != nil {
				return err
			}
		}
		return nil
	})
}

// wantRule checks that err breaks exactly the rule, among others perhaps.
func wantRule(t *testing.T, rule string, err error) {
	t.Helper()
	broken := fault.Violations(err)
	if !slices.ContainsFunc(broken, func(v *fault.Violation) bool { return v.Rule == rule }) {
		t.Fatalf("got %v, want the violation %s", err, rule)
	}
}

// day reads a date such as "2017-03-08".
func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// days reads a period such as "2017-03-01", "2017-03-31".
func days(from, to string) calendar.Period { return calendar.Period{From: day(from), To: day(to)} }

func year2017() calendar.Period { return days("2017-01-01", "2017-12-31") }

// calendar2017 is VN-XL-2017, the calendar of the worked examples.
func calendar2017(t *testing.T) *calendar.Calendar {
	t.Helper()
	cal, err := calendar.New(spec2017())
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func spec2017() calendar.Spec {
	closure := func(from, to, name string, kind calendar.ClosureKind) calendar.Closure {
		return calendar.Closure{From: day(from), To: day(to), Name: name, Kind: kind, Source: "EX"}
	}
	return calendar.Spec{
		ID: "VN-XL-2017", Version: 1, Coverage: year2017(),
		Closures: []calendar.Closure{
			closure("2017-01-01", "2017-01-01", "Tết Dương lịch", calendar.Holiday),
			closure("2017-01-02", "2017-01-02", "Nghỉ bù Tết Dương lịch", calendar.Compensation),
			closure("2017-01-26", "2017-02-01", "Tết Đinh Dậu", calendar.Holiday),
			closure("2017-04-06", "2017-04-06", "Giỗ Tổ Hùng Vương", calendar.Holiday),
			closure("2017-04-30", "2017-05-01", "Ngày Chiến thắng và Quốc tế Lao động", calendar.Holiday),
			closure("2017-05-02", "2017-05-02", "Nghỉ bù", calendar.Compensation),
			closure("2017-09-02", "2017-09-02", "Quốc khánh", calendar.Holiday),
			closure("2017-09-04", "2017-09-04", "Nghỉ bù Quốc khánh", calendar.Compensation),
		},
	}
}

func castPlaces(ctx context.Context, tx store.Tx) error {
	always := calendar.Period{From: day("1994-01-01")}
	put := func(id, parent org.PlaceID, kind, name string) error {
		return tx.PutPlace(ctx, &org.Place{
			ID: id, Names: []org.Naming{{Valid: always, Kind: kind, Name: name, Code: string(id), Parent: parent}},
			Hosting: org.Hosting{PreferredTime: calendar.MustTimeOfDay(19, 0), Venue: "nhà văn hóa"},
		})
	}
	faults := fault.List{put("H", "", "huyen", "Mẫu")}
	for commune, inside := range hamlets() {
		faults.Add(put(commune, "H", "xa", "Xã "+string(commune)))
		for _, hamlet := range inside {
			faults.Add(put(hamlet, commune, "ap", "Ấp "+strings.TrimPrefix(string(hamlet), "AP-")))
		}
	}
	return errors.Join(faults...)
}

func castUnits(ctx context.Context, tx store.Tx) error {
	var faults fault.List
	for id, name := range map[org.UnitID]string{
		unitTNMT: "Phòng Tài nguyên và Môi trường", unitKTHT: "Phòng Kinh tế và Hạ tầng",
		unitNN: "Phòng Nông nghiệp và PTNT", unitVP: "Văn phòng HĐND và UBND",
	} {
		faults.Add(tx.PutUnit(ctx, &org.Unit{
			ID: id, Code: strings.TrimPrefix(string(id), "P-"), Name: name, SMSName: "Phong " + string(id), Place: "H",
			Valid: calendar.Period{From: day("2010-01-01")},
		}))
	}
	return faults.Err()
}

// castRole is one member of the cast and what they are.
type castRole struct {
	person org.PersonID
	name   string
	role   org.Role
	place  org.PlaceID
	unit   org.UnitID
	team   org.TeamID
}

func castRoles() []castRole {
	roles := []castRole{
		{lan, "Trần Thị Lan", org.Official, "", unitNN, teamT3},
		{minh, "Lê Văn Minh", org.Official, "", unitNN, teamT3},
		{ha, "Phạm Thu Hà", org.Official, "", unitNN, teamT3},
		{tuan, "Võ Anh Tuấn", org.Official, "", unitNN, teamT3},
		{tl03, "Đặng Hữu Lộc", org.TeamLeader, "", unitNN, teamT3},
		{vp01, "Ngô Thị Phượng", org.ProgrammeOffice, "H", unitVP, ""},
		{pct, "Huỳnh Công Tâm", org.ProgrammeLeader, "H", unitVP, ""},
		{ct, "Bùi Quang Chính", org.ProgrammeChair, "H", unitVP, ""},
		{u10, "Đỗ Minh Trí", org.UnitHead, "", unitTNMT, ""},
		{u11, "Cao Thị Nhung", org.UnitClerk, "", unitTNMT, ""},
		{u20, "Lâm Quốc Hưng", org.UnitHead, "", unitKTHT, ""},
		{u21, "Mai Thị Yến", org.UnitClerk, "", unitKTHT, ""},
		{u30, "Phan Văn Đệ", org.UnitHead, "", unitNN, ""},
		{u31, "Tạ Thị Đào", org.UnitClerk, "", unitNN, ""},
		{tt01, "Hồ Văn Ân", org.Inspector, "H", "", ""},
		{tt02, "Hồ Thị Ánh", org.Inspector, "H", "", ""},
		{tt03, "Hồ Đức An", org.Inspector, "H", "", ""},
		{ptt, "Hồ Dũng", org.DeputyInspector, "H", "", ""},
		{qt01, "Kiều Công Duẫn", org.Admin, "H", unitVP, ""},
		{kt01, "Lương Thị Mận", org.Auditor, "H", "", ""},
	}
	for commune, inside := range hamlets() {
		n := strings.TrimPrefix(string(commune), "C")
		roles = append(roles, castRole{org.PersonID("LX-0" + n), "Lãnh Đạo Xã " + n, org.CommuneLeader, commune, "", ""})
		for _, hamlet := range inside {
			n := strings.TrimPrefix(string(hamlet), "AP-")
			roles = append(roles, castRole{org.PersonID("TA-" + n), "Trưởng Ấp " + n, org.HamletHead, hamlet, "", ""})
		}
	}
	slices.SortFunc(roles, func(a, b castRole) int { return strings.Compare(string(a.person), string(b.person)) })
	return roles
}

func castPeople(ctx context.Context, tx store.Tx) error {
	var faults fault.List
	since := calendar.Period{From: day("2016-01-01")}
	for i, r := range castRoles() {
		faults.Add(
			tx.PutPerson(ctx, &org.Person{
				ID: r.person, FullName: r.name, Honorific: "ông/bà", Phone: fmt.Sprintf("+8490000%04d", i+1), PhoneSMS: true,
				Email: strings.ToLower(string(r.person)) + "@xuanloc.example", Valid: since,
			}),
			tx.PutHolding(ctx, &org.Holding{
				ID: org.HoldingID(string(r.role) + "/" + string(r.person)), Person: r.person, Role: r.role,
				Place: r.place, Unit: r.unit, Team: r.team, Valid: since, Decision: "12/QĐ-UBND",
			}),
		)
	}
	return faults.Err()
}

func castProgramme(ctx context.Context, tx store.Tx) error {
	faults := fault.List{
		tx.PutProgramme(ctx, &programme.State{
			ID: hvcs2017, Code: "HVCS-2017", Name: "Hướng về cơ sở", Valid: year2017(), Owner: unitVP,
			Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
		}),
		tx.PutTeam(ctx, &programme.Team{ID: teamT3, Programme: hvcs2017, Code: "T3", Name: "Tổ công tác số 3", Valid: year2017()}),
	}
	for place, official := range assigned() {
		faults.Add(tx.PutAssignment(ctx, &programme.Assignment{
			ID: programme.AssignmentID("PC-" + string(place)), Programme: hvcs2017, Official: official, Place: place, Team: teamT3,
			Valid: year2017(), Status: programme.Active, Decision: "12/QĐ-UBND",
		}))
	}
	return errors.Join(faults...)
}
