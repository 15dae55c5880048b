package orgimport

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Kind says what a list holds. The columns of each kind are named in English,
// or in Vietnamese with or without marks; their order does not matter, and
// columns nobody asked for are left aside.
type Kind string

// The kinds of list, in the order in which they depend on each other.
const (
	Places     Kind = "places"           // id code kind name parent_id from to
	Parents    Kind = "place_parents"    // id parent_id from to: every parent of a place that has had several
	Successors Kind = "place_successors" // from_id to_id date kind share note
	Units      Kind = "units"            // id code name sms_name parent_id place_id from to
	Subjects   Kind = "subjects"         // subject subject_name_vi subject_name_en unit_id cooperating from to
	Leaders    Kind = "leaders"          // id full_name honorific role unit_id place_id phone email
	Officials  Kind = "officials"        // id full_name honorific unit_id participant_class team role phone email from
	KeyPersons Kind = "key_persons"      // id full_name honorific role place_id phone email: hamlet heads and others of the hamlet
)

// Kinds lists the kinds in the order in which they depend on each other.
func Kinds() []Kind {
	return []Kind{Places, Parents, Successors, Units, Subjects, Leaders, Officials, KeyPersons}
}

// columns are the columns of a kind. Those marked * have to be there, and filled
// in every row; those marked + have to be there.
func (k Kind) columns() []string {
	switch k {
	case Places:
		return []string{"id*", "code", "kind*", "name*", "parent_id", "from", "to"}
	case Parents:
		return []string{"id*", "parent_id+", "from", "to"}
	case Successors:
		return []string{"from_id*", "to_id*", "date*", "kind*", "share", "note"}
	case Units:
		return []string{"id*", "code*", "name*", "sms_name", "parent_id", "place_id", "from", "to"}
	case Subjects:
		return []string{"subject*", "subject_name_vi*", "subject_name_en", "unit_id*", "cooperating", "from", "to"}
	case Leaders:
		return []string{"id*", "full_name*", "honorific", "role*", "unit_id", "place_id", "phone", "email", "from"}
	case Officials:
		return []string{"id*", "full_name*", "honorific", "unit_id*", "participant_class", "team", "role", "phone", "email", "from"}
	case KeyPersons:
		return []string{"id*", "full_name*", "honorific", "role*", "place_id*", "phone", "email", "from"}
	}
	return nil
}

// bare is a column without its mark.
func bare(column string) string { return strings.TrimRight(column, "*+") }

// alias is the column behind what offices call it. Only "to" needs its marks: it
// is the last day, while tổ is a team.
func alias(heading string) string {
	if strings.EqualFold(org.Tidy(heading), "to") {
		return "to"
	}
	switch key := org.Fold(strings.ReplaceAll(heading, "_", " ")); key {
	case "ma", "ma so", "ma dinh danh":
		return "id"
	case "ho ten", "ho va ten":
		return "full_name"
	case "danh xung", "xung ho":
		return "honorific"
	case "don vi", "ma don vi", "co quan":
		return "unit_id"
	case "doi tuong":
		return "participant_class"
	case "to", "to cong tac":
		return "team"
	case "chuc danh", "vai tro":
		return "role"
	case "dien thoai", "so dien thoai", "sdt":
		return "phone"
	case "thu dien tu", "e-mail", "email":
		return "email"
	case "dia ban", "ap", "ma dia ban":
		return "place_id"
	case "tu ngay":
		return "from"
	case "den ngay":
		return "to"
	case "ky hieu":
		return "code"
	case "ten", "ten goi":
		return "name"
	case "loai":
		return "kind"
	case "cap tren":
		return "parent_id"
	case "ghi chu":
		return "note"
	default:
		return strings.ReplaceAll(key, " ", "_")
	}
}

// Severity says how bad a note is.
type Severity string

// The severities of notes.
const (
	Info    Severity = "info"    // something was read in another form than it was written
	Warning Severity = "warning" // worth a look, the row is taken
	Failure Severity = "error"   // the row is not taken
)

// Note is one remark on a row. En and Vi name ids and fields, never a person or
// a number; Suggest may hold a value for the one who corrects the list.
type Note struct {
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`
	Field    string   `json:"field,omitempty"`
	En       string   `json:"en"`
	Vi       string   `json:"vi"`
	Suggest  string   `json:"suggest,omitempty"`
}

// Message returns the note for a reader of the given language, "vi" or "en".
func (n Note) Message(lang string) string {
	if fault.English(lang) {
		return n.En
	}
	return n.Vi
}

// Row is one line of a list.
type Row struct {
	Line  int      // in the file, from 1
	Cells []string // as written, for the list of errors
	Notes []Note   // what can be seen in the row alone

	values map[string]string // by column, tidied
}

// value is a cell by its column, tidied; empty where the list has no such column.
func (r *Row) value(column string) string { return r.values[column] }

// note adds a remark.
func (r *Row) note(s Severity, rule, field, en, vi string, args ...any) {
	v := fault.Broken("orgimport."+rule, field, en, vi, args...)
	r.Notes = append(r.Notes, Note{Severity: s, Rule: v.Rule, Field: field, En: v.En, Vi: v.Vi})
}

// failed reports whether a note keeps the row from being taken.
func (r *Row) failed() bool {
	return slices.ContainsFunc(r.Notes, func(n Note) bool { return n.Severity == Failure })
}

// Sheet is one list, read but not yet tried.
type Sheet struct {
	Name    string
	Kind    Kind
	Header  []string
	Ignored []string // headings that no column of the kind has
	Rows    []Row
}
