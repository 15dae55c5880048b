// Package org knows who is who: places of any depth with their history, units,
// persons, the roles they hold from one day to another, and who stands in for
// whom. It answers questions by date ("as it was then") and never deletes.
//
// The life of a place: it is called something, of some kind, inside some other
// place, from one day to another, and ends in what it becomes.
//
//	named --rename, reparent--> named (from another day on)
//	  |--merge, rename, upgrade--> one successor, which stands for it from that day on
//	  |--split-------------------> several; each hamlet inside is given to one of them
//	  '--close-------------------> nothing follows
//
// Kinds of level are data, and so is the depth. Codes are attributes of a naming:
// they move from place to place. [Line] says where a place lay on a day,
// [Successor] what it is in the units of a day, and refuses to guess where it
// was divided; [Tree] is all places of a day, searched without marks and sorted
// as Vietnamese lists are. Units keep their former names likewise: [Unit.At].
//
// Roles are held from day to day ([Holding]). Who is away names a substitute
// ([Leave]); chains of substitutes are followed for the day of the duty by
// [Present], circles are refused at entry by [CheckLeave] and found when
// resolving (EX-11).
package org

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
)

// Identifiers. They are immutable and never official codes: a code is an
// attribute with validity (26425 was a township, then a commune, then a ward).
type (
	PlaceID   string
	UnitID    string
	PersonID  string
	HoldingID string
	LeaveID   string
	TeamID    string
)

// Role is what somebody may be in the programme.
type Role string

// The roles of the permission matrix, and the key persons of S14. Note the two
// "Tổ trưởng": TeamLeader leads officials, ResidentGroupHead speaks for citizens.
const (
	Official           Role = "official"             // cán bộ, công chức, viên chức được phân công
	TeamLeader         Role = "team_leader"          // Tổ trưởng tổ công tác
	UnitHead           Role = "unit_head"            // trưởng phòng, thủ trưởng đơn vị
	UnitClerk          Role = "unit_clerk"           // cán bộ đầu mối của đơn vị
	HamletHead         Role = "hamlet_head"          // trưởng ấp
	PartyCellSecretary Role = "party_cell_secretary" // bí thư chi bộ ấp
	ResidentGroupHead  Role = "resident_group_head"  // Tổ trưởng Tổ nhân dân
	VillageElder       Role = "village_elder"        // già làng, người có uy tín
	CommuneLeader      Role = "commune_leader"       // lãnh đạo xã
	ProgrammeOffice    Role = "programme_office"     // Văn phòng, bộ phận thường trực
	ProgrammeLeader    Role = "programme_leader"     // phó chủ tịch phụ trách
	ProgrammeChair     Role = "programme_chair"      // chủ tịch UBND
	Inspector          Role = "inspector"            // thanh tra
	DeputyInspector    Role = "deputy_inspector"     // phó thanh tra
	Admin              Role = "admin"                // quản trị hệ thống
	Auditor            Role = "auditor"              // kiểm tra, kiểm toán
)

// Roles lists every role, for validation of imported data.
func Roles() []Role {
	return []Role{Official, TeamLeader, UnitHead, UnitClerk, HamletHead, PartyCellSecretary, ResidentGroupHead,
		VillageElder, CommuneLeader, ProgrammeOffice, ProgrammeLeader, ProgrammeChair, Inspector, DeputyInspector, Admin, Auditor}
}

// Naming is what a place was called, and where it belonged, during Valid.
type Naming struct {
	Valid  calendar.Period `json:"valid"` // To zero: until further notice
	Kind   string          `json:"kind"`  // data, not a fixed list: ap, khu, xa, phuong …
	Name   string          `json:"name"`
	Code   string          `json:"code,omitempty"`
	Parent PlaceID         `json:"parent,omitempty"`
}

// Succession says that on On the place went, in whole or part, over to To.
type Succession struct {
	To   PlaceID       `json:"to"`
	On   calendar.Date `json:"on"`
	Kind string        `json:"kind"` // merge, split, rename, upgrade
	Note string        `json:"note,omitempty"`
}

// Place is a territory of any level (địa bàn).
type Place struct {
	ID         PlaceID      `json:"id"`
	Version    int64        `json:"version"`
	Names      []Naming     `json:"names"` // ascending, without overlap
	Successors []Succession `json:"successors,omitempty"`
	Hosting    Hosting      `json:"hosting"`
}

// Hosting is what a planner respects when it proposes a visit to the place.
type Hosting struct {
	PreferredTime calendar.TimeOfDay `json:"preferred_time"`           // usually an evening hour
	Venue         string             `json:"venue,omitempty"`          // nhà văn hóa ấp …
	AvoidWeekdays []int              `json:"avoid_weekdays,omitempty"` // 0 Sunday … 6 Saturday
	AvoidDates    []calendar.Date    `json:"avoid_dates,omitempty"`
	AvoidEach     []YearDay          `json:"avoid_each,omitempty"` // every year or every month: Christmas Eve, the 1st and 15th lunar day
}

// YearDay is a day that comes round, by the common or by the lunar calendar:
// 24/12, the lunar 15/7, or, with Month 0, the day of every month.
type YearDay struct {
	Day   int    `json:"day"`
	Month int    `json:"month,omitempty"` // 0: every month
	Lunar bool   `json:"lunar,omitempty"`
	Note  string `json:"note,omitempty"` // why: lễ Giáng sinh, rằm …
}

// Lunar says which lunar day a date is; ok is false where that is not known.
// The core computes none: package vietnam does.
type Lunar func(on calendar.Date) (day, month int, ok bool)

// Unit is a body that can be asked for an answer: a department, or any other
// sector (phòng, ban, ngành). It need not belong to the People's Committee. Its
// fields say what it is called from its latest change on; see [Unit.At].
type Unit struct {
	ID      UnitID          `json:"id"`
	Version int64           `json:"version"`
	Code    string          `json:"code"`
	Name    string          `json:"name"`
	SMSName string          `json:"sms_name"` // without marks and without &, for gateways that refuse them
	Parent  UnitID          `json:"parent,omitempty"`
	Place   PlaceID         `json:"place,omitempty"`
	Valid   calendar.Period `json:"valid"`
	Former  []UnitNaming    `json:"former,omitempty"` // what it was called before, ascending and without gaps
}

// Class is the legal class of a participant (S6).
type Class string

// The three classes the plan binds, and none for citizens.
const (
	Cadre          Class = "cadre"           // cán bộ
	CivilServant   Class = "civil_servant"   // công chức
	PublicEmployee Class = "public_employee" // viên chức
)

// Person is somebody with a role. A speaker who only voices an opinion is not
// a Person: see package opinion.
type Person struct {
	ID        PersonID        `json:"id"`
	Version   int64           `json:"version"`
	FullName  string          `json:"full_name"`
	GivenName string          `json:"given_name,omitempty"` // only where the last word of the full name is not it
	Honorific string          `json:"honorific,omitempty"`  // ông, bà, đồng chí, bác …
	Class     Class           `json:"class,omitempty"`
	Phone     string          `json:"phone,omitempty"`  // E.164
	PhoneSMS  bool            `json:"phone_sms"`        // false for landlines
	Family    []string        `json:"family,omitempty"` // E.164: numbers of the household, which do not rate the person's visits (M7)
	Email     string          `json:"email,omitempty"`
	Prefers   Preference      `json:"prefers,omitempty"`  // how the person wants to be told (S14)
	Language  string          `json:"language,omitempty"` // vi (default) or en
	Valid     calendar.Period `json:"valid"`
}

// Holding says that a person holds a role at a place, a unit or in a team
// during Valid.
type Holding struct {
	ID       HoldingID       `json:"id"`
	Version  int64           `json:"version"`
	Person   PersonID        `json:"person"`
	Role     Role            `json:"role"`
	Place    PlaceID         `json:"place,omitempty"`
	Unit     UnitID          `json:"unit,omitempty"`
	Team     TeamID          `json:"team,omitempty"`
	Valid    calendar.Period `json:"valid"`
	Decision string          `json:"decision,omitempty"` // number of the decision that gave the role
}

// Leave says that a person is away during Days, and who stands in.
type Leave struct {
	ID         LeaveID         `json:"id"`
	Version    int64           `json:"version"`
	Person     PersonID        `json:"person"`
	Days       calendar.Period `json:"days"`
	Substitute PersonID        `json:"substitute,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Cancelled  bool            `json:"cancelled,omitempty"`
}

// HoldingQuery selects holdings; zero fields select everything. On zero selects
// holdings of all times.
type HoldingQuery struct {
	Person PersonID
	Role   Role
	Place  PlaceID
	Unit   UnitID
	Team   TeamID
	On     calendar.Date
}

// LeaveQuery selects leaves that are not cancelled.
type LeaveQuery struct {
	ID     LeaveID
	Person PersonID
	On     calendar.Date
	// During selects the leaves that share a day with a period. It is there so that
	// the leaves of past years are not read again and again; a directory that does
	// not know it returns more than was asked for, which does no harm.
	During calendar.Period
}

// Directory answers who is who. A district with a staff system of its own
// implements it over that system; package orgtest checks an implementation.
// Each lookup of one thing returns fault.ErrNotFound when there is none; lists
// come ordered by id. It must be safe to call within one transaction.
type Directory interface {
	Person(ctx context.Context, id PersonID) (Person, error)
	Place(ctx context.Context, id PlaceID) (Place, error)
	Unit(ctx context.Context, id UnitID) (Unit, error)
	Holdings(ctx context.Context, q HoldingQuery) ([]Holding, error)
	Leaves(ctx context.Context, q LeaveQuery) ([]Leave, error)
}

// Roll is what a Directory may offer besides: many persons in one question.
// PersonsByID returns those of ids that exist, in any order. Sending asks for
// it; without it every recipient is one question.
type Roll interface {
	PersonsByID(ctx context.Context, ids []PersonID) ([]Person, error)
}

// Gazetteer is what a Directory may offer besides: many places in one question.
// PlacesByID returns those of ids that exist, in any order. Sending asks for it,
// for the names in its texts; without it every place is one question.
type Gazetteer interface {
	PlacesByID(ctx context.Context, ids []PlaceID) ([]Place, error)
}

// Roster is what a Directory may offer besides: the roles of many persons in one
// question. HoldingsOf returns what any of the persons holds on a date, ordered by
// id; a zero date selects holdings of all times. The clocks ask for it, for where
// those stand who are reminded; without it every holder of a duty is one question.
type Roster interface {
	HoldingsOf(ctx context.Context, persons []PersonID, on calendar.Date) ([]Holding, error)
}

// Repository keeps the organisation. Put inserts when Version is 0
// (fault.ErrExists if the id is taken) and otherwise replaces exactly that
// version (fault.ErrStale); it raises Version in the caller's copy.
type Repository interface {
	Directory
	Roll
	Gazetteer
	Roster
	PutPerson(ctx context.Context, p *Person) error
	PutPlace(ctx context.Context, p *Place) error
	PutUnit(ctx context.Context, u *Unit) error
	PutHolding(ctx context.Context, h *Holding) error
	PutLeave(ctx context.Context, l *Leave) error
	Persons(ctx context.Context) ([]Person, error)
	Places(ctx context.Context) ([]Place, error)
	Units(ctx context.Context) ([]Unit, error)
}
