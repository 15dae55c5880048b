package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
)

// Text is said in both languages, the reader's first.
type Text struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// In returns the text in the language, "vi" unless it is "en".
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.VI
}

// Column is one column of a table. Name is stable, for programs.
type Column struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
}

// Value is one field of a table: a number, or a text where Number is nil.
type Value struct {
	Text   string `json:"text,omitempty"`
	Number *int   `json:"number,omitempty"`
}

// String is how the value is written in plain figures.
func (v Value) String() string {
	if v.Number != nil {
		return strconv.Itoa(*v.Number)
	}
	return v.Text
}

func word[T ~string](s T) Value { return Value{Text: string(s)} }

func count(n int) Value { return Value{Number: &n} }

// Table is one table of a report, for a spreadsheet or a screen. Its columns of
// numbers add up to what the summary says.
type Table struct {
	Name    string   `json:"name"`
	Title   Text     `json:"title"`
	Columns []Column `json:"columns"`
	Rows    [][]Value
}

// Sum adds up the numbers of a column; 0 for a column there is not.
func (t Table) Sum(column string) int {
	at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
	if at < 0 {
		return 0
	}
	sum := 0
	for _, row := range t.Rows {
		if n := row[at].Number; n != nil {
			sum += *n
		}
	}
	return sum
}

// TableOptions say how ids are shown. A nil *TableOptions shows them as they are
// and leaves everything about persons out.
type TableOptions struct {
	Place func(org.PlaceID) string
	Unit  func(org.UnitID) string
	Topic func(string) string
	// Person names officials. Without it there is no table of officials and no
	// column of them: an export holds no personal data unless it is asked for (A11).
	Person func(org.PersonID) string
	// SmallCell is policy Reports.SmallCell: rows of complaints and of other kinds
	// that could tell who spoke are not shown below it (L14). Zero shows all.
	SmallCell int
}

func (o *TableOptions) place(id org.PlaceID) Value { return named(o.Place, id) }

func (o *TableOptions) unit(id org.UnitID) Value { return named(o.Unit, id) }

func (o *TableOptions) topic(id string) Value { return named(o.Topic, id) }

func named[T ~string](name func(T) string, id T) Value {
	if name == nil || id == "" {
		return word(id)
	}
	return word(name(id))
}

// col makes a column.
func col(name, vi, en string) Column { return Column{name, Text{vi, en}} }

// Tables turns figures into tables: the summary first, then what it is made of.
// Empty tables are left out, except the summary.
func Tables(f Figures, opts *TableOptions) []Table {
	var o TableOptions
	if opts != nil {
		o = *opts
	}
	all := []Table{summary(f)}
	for _, t := range []Table{
		hamletTable(f, &o), officialTable(f, &o), visitTable(f), unitTable(f, &o),
		cellTable("opinions_by_kind", Text{"Ý kiến theo loại", "Opinions by kind"}, hideSmall(f.Opinions.ByKind, o.SmallCell), word),
		cellTable("opinions_by_topic", Text{"Ý kiến theo lĩnh vực", "Opinions by topic"}, f.Opinions.ByTopic, o.topic),
		cellTable("opinions_by_commune", Text{"Ý kiến theo xã", "Opinions by commune"}, f.Opinions.ByCommune,
			func(id string) Value { return o.place(org.PlaceID(id)) }),
		cellTable("issues_by_status", Text{"Vụ việc theo trạng thái", "Issues by status"}, f.Issues.ByStatus, word),
		cellTable("issues_by_class", Text{"Vụ việc theo kết quả trả lời", "Issues by class of answer"}, f.Issues.ByClass, word),
		remarkTable(f), correctionTable(f),
	} {
		if len(t.Rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

func summary(f Figures) Table {
	t := Table{
		Name: "summary", Title: Text{"Tổng hợp", "Summary"},
		Columns: []Column{col("figure", "Chỉ tiêu", "Figure"), col("part", "Đạt", "Part"), col("of", "Trên", "Of"), col("percent", "Tỷ lệ (%)", "Percent")},
	}
	for _, m := range Measures() {
		s := m.Of(f)
		percent := "" // a share of nothing has none
		if s.Of > 0 {
			percent = strconv.FormatFloat(s.Percent(), 'f', 1, 64)
		}
		t.Rows = append(t.Rows, []Value{word(m.Title.VI + " / " + m.Title.EN), count(s.Part), count(s.Of), word(percent)})
	}
	return t
}

func hamletTable(f Figures, o *TableOptions) Table {
	t := Table{Name: "hamlets", Title: Text{"Buổi theo ấp", "Visits by hamlet"}, Columns: []Column{
		col("hamlet", "Ấp", "Hamlet"), col("commune", "Xã", "Commune"), col("quota", "Chỉ tiêu", "Quota"),
		col("claimed", "Công chức báo cáo", "Claimed"), col("verified", "Cơ sở xác nhận", "Verified"), col("excused", "Vắng có lý do", "Excused"),
	}}
	if o.Person != nil {
		t.Columns = append(t.Columns, col("official", "Công chức", "Official"))
	}
	for _, h := range f.Hamlets {
		row := []Value{o.place(h.Place), o.place(h.Commune), count(h.Quota), count(h.Claimed), count(h.Verified), count(h.Excused)}
		if o.Person != nil {
			row = append(row, named(o.Person, h.Official))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func officialTable(f Figures, o *TableOptions) Table {
	t := Table{Name: "officials", Title: Text{"Buổi theo công chức", "Visits by official"}, Columns: []Column{
		col("official", "Công chức", "Official"), col("quota", "Chỉ tiêu", "Quota"),
		col("claimed", "Báo cáo", "Claimed"), col("verified", "Được xác nhận", "Verified"),
	}}
	if o.Person == nil {
		return t
	}
	for _, l := range f.Officials {
		t.Rows = append(t.Rows, []Value{named(o.Person, l.Official), count(l.Quota), count(l.Claimed), count(l.Verified)})
	}
	return t
}

func visitTable(f Figures) Table {
	t := Table{Name: "visits", Title: Text{"Tình trạng các buổi", "What became of the visits"},
		Columns: []Column{col("state", "Tình trạng", "State"), col("visits", "Số buổi", "Visits")}}
	v := f.Visits
	if v.Planned == 0 {
		return t
	}
	for _, line := range []struct {
		title string
		n     int
	}{
		{"Được xác nhận / verified", v.Verified}, {"Chờ xác nhận / reported", v.Reported}, {"Không ai xác nhận / unconfirmed", v.Unconfirmed},
		{"Có ý kiến khác / disputed", v.Disputed}, {"Không công nhận / refused", v.Refused}, {"Không tổ chức / missed", v.Missed},
		{"Đã họp, chưa báo cáo / held", v.Held}, {"Chưa đến ngày / ahead", v.Ahead},
	} {
		t.Rows = append(t.Rows, []Value{word(line.title), count(line.n)})
	}
	return t
}

func unitTable(f Figures, o *TableOptions) Table {
	t := Table{Name: "units", Title: Text{"Trả lời của đơn vị", "Answers of units"}, Columns: []Column{
		col("unit", "Đơn vị", "Unit"), col("due", "Đến hạn", "Due"), col("on_time", "Đúng hạn", "On time"),
		col("late", "Trễ hạn", "Late"), col("overdue", "Quá hạn chưa trả lời", "Overdue"),
	}}
	for _, l := range f.UnitLines {
		t.Rows = append(t.Rows, []Value{o.unit(l.Unit), count(l.Due), count(l.OnTime), count(l.Late), count(l.Overdue)})
	}
	return t
}

func cellTable(name string, title Text, cells []Cell, key func(string) Value) Table {
	t := Table{Name: name, Title: title, Columns: []Column{col("key", "Nội dung", "Key"), col("count", "Số lượng", "Count")}}
	for _, c := range cells {
		t.Rows = append(t.Rows, []Value{key(c.Key), count(c.Count)})
	}
	return t
}

// Others is the row into which kinds of opinion too rare to be shown are put.
const Others = "others"

// hideSmall puts kinds below the smallest cell together, so that the table still
// adds up. A single one is joined by the next larger: alone it would be no
// secret.
func hideSmall(cells []Cell, smallest int) []Cell {
	kept := slices.Clone(cells)
	slices.SortStableFunc(kept, func(a, b Cell) int { return b.Count - a.Count })
	hidden := Cell{Key: Others}
	rows := 0
	for len(kept) > 0 && (kept[len(kept)-1].Count < smallest || rows == 1) {
		hidden.Count += kept[len(kept)-1].Count
		kept, rows = kept[:len(kept)-1], rows+1
	}
	if rows == 0 {
		return cells
	}
	return append(kept, hidden)
}

func remarkTable(f Figures) Table {
	t := Table{Name: "remarks", Title: Text{"Nhận xét, theo nguồn", "Remarks, by source"}, Columns: []Column{
		col("source", "Nguồn", "Source"), col("ratings", "Số lượt", "Ratings"), col("complete", "Tham gia đầy đủ", "In full"),
		col("punctual", "Đúng giờ", "On time"), col("proper", "Đúng mực", "Proper"),
	}}
	for _, source := range slices.Sorted(maps.Keys(f.Supervision)) {
		g := f.Supervision[source]
		t.Rows = append(t.Rows, []Value{word(sourceName(source)), count(g.Ratings), count(g.Complete), count(g.Punctual), count(g.Proper)})
	}
	return t
}

func sourceName(s supervision.Source) string {
	switch s {
	case supervision.Resident:
		return "Người dân / residents"
	case supervision.KeyPerson:
		return "Cán bộ ấp, người có uy tín / key persons"
	case supervision.Commune:
		return "Lãnh đạo xã / commune leaders"
	}
	return string(s)
}

func correctionTable(f Figures) Table {
	t := Table{Name: "corrections", Title: Text{"Điều chỉnh kỳ trước", "Corrections of earlier periods"}, Columns: []Column{
		col("period", "Kỳ", "Period"), col("figure", "Chỉ tiêu", "Figure"), col("was_part", "Đã báo cáo", "Was"),
		col("was_of", "Trên", "Of"), col("part", "Nay là", "Now"), col("of", "Trên", "Of"),
	}}
	for _, c := range f.Corrections {
		for _, ch := range c.Changes {
			t.Rows = append(t.Rows, []Value{word(c.Period.String()), word(ch.Measure), count(ch.Was.Part), count(ch.Was.Of), count(ch.Now.Part), count(ch.Now.Of)})
		}
	}
	return t
}

// bom makes spreadsheet programs read UTF-8.
const bom = "\ufeff"

// WriteCSV writes a table as comma-separated values in UTF-8, titles in the
// language "vi" or "en" in its first line. A text that a spreadsheet would take
// for a formula is quoted with an apostrophe.
func WriteCSV(w io.Writer, t Table, lang string) error {
	if _, err := io.WriteString(w, bom); err != nil {
		return fmt.Errorf("report: write %s: %w", t.Name, err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = c.Title.In(lang)
	}
	if err := out.Write(line); err != nil {
		return fmt.Errorf("report: write %s: %w", t.Name, err)
	}
	for _, row := range t.Rows {
		for i, v := range row {
			line[i] = Harmless(v)
		}
		if err := out.Write(line); err != nil {
			return fmt.Errorf("report: write %s: %w", t.Name, err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("report: write %s: %w", t.Name, err)
	}
	return nil
}

// Harmless is the value as a spreadsheet may be given it: a text that begins
// like a formula is quoted.
func Harmless(v Value) string {
	if v.Number == nil && strings.ContainsAny(v.Text[:min(1, len(v.Text))], "=+-@\t\r") {
		return "'" + v.Text
	}
	return v.String()
}
