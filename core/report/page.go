package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
)

// Page is what the figures of a period say of some hamlets that follow each other
// by id, in a form that is quickly read: figures are sums over hamlets, so that the
// pages of all hamlets give the figures of the period.
type Page struct {
	First   org.PlaceID // the page holds the hamlets from this one up to the First of the next page
	Counts  string      // what is added up, see sums
	Hamlets string      // a record for each hamlet, see writeHamlet
}

// PageSize is how many hamlets a page holds when a period is rolled up: few enough
// that to count them anew is quick, many enough that a country has few pages.
const PageSize = 100

// The records of a page, and the fields of one, are parted by what occurs in no id
// that people type.
const (
	recordEnd = "\x1e"
	fieldEnd  = "\x1f"
)

// ErrNotPaged says that facts cannot be rolled up; they can be counted all the same.
var ErrNotPaged = errors.New("report: facts without a place, of one that is not known, or under an id with a control character, cannot be rolled up")

// sums are the figures that add up over hamlets, in a fixed order: a page holds
// them as the numbers of its first record. What is listed under keys follows, a
// record for each table. Whoever changes either raises core's rollupRules.
func (g *Figures) sums() []*int {
	v, o, i := &g.Visits, &g.Opinions, &g.Issues
	return []*int{
		&v.Planned, &v.Ahead, &v.Held, &v.Verified, &v.Reported, &v.Unconfirmed, &v.Disputed, &v.Refused, &v.Missed, &v.Cancelled,
		&v.Excused, &v.Unexcused, &v.Substitute, &v.Late, &v.People, &v.OnTime.Part, &v.OnTime.Of, &v.Told, &v.Audience,
		&o.Total, &o.OnSpot, &o.Guided, &o.Linked, &o.Noted, &i.Registered, &i.Repeated, &i.Collective,
		&g.Units.Part, &g.Units.Of, &g.NotDue, &g.Feedback.Part, &g.Feedback.Of, &g.Satisfied.Part, &g.Satisfied.Of, &g.Replied.Part, &g.Replied.Of,
	}
}

// tables are the tables of cells.
func (g *Figures) tables() []*[]Cell {
	return []*[]Cell{&g.Opinions.ByKind, &g.Opinions.ByTopic, &g.Opinions.ByCommune, &g.Issues.ByStatus, &g.Issues.ByClass}
}

// record is one record of a page that is being written.
type record struct {
	strings.Builder
	bad bool
}

// add writes a text, which must not contain what parts fields, and numbers.
func (r *record) add(text string, numbers ...int) {
	r.bad = r.bad || strings.ContainsAny(text, recordEnd+fieldEnd+"\x00")
	r.WriteString(text)
	r.WriteString(fieldEnd)
	for _, n := range numbers {
		r.WriteString(strconv.Itoa(n))
		r.WriteString(fieldEnd)
	}
}

// written is the text of figures in a page.
func (g *Figures) written() (string, error) {
	var r record
	for _, n := range g.sums() {
		r.WriteString(strconv.Itoa(*n) + fieldEnd)
	}
	r.WriteString(recordEnd)
	for _, cells := range g.tables() {
		for _, c := range *cells {
			r.add(c.Key, c.Count)
		}
		r.WriteString(recordEnd)
	}
	for _, l := range g.UnitLines {
		r.add(string(l.Unit), l.Due, l.OnTime, l.Late, l.Overdue)
	}
	r.WriteString(recordEnd)
	for source, f := range g.Supervision {
		r.add(string(source), f.Ratings, f.Complete, f.Punctual, f.Proper)
	}
	r.WriteString(recordEnd)
	if r.bad {
		return "", ErrNotPaged
	}
	return r.String(), nil
}

// fields reads the fields of a record one after the other, and keeps the first error.
type fields struct {
	rest string
	err  error
}

func (f *fields) text() (text string) {
	text, f.rest, _ = strings.Cut(f.rest, fieldEnd)
	return text
}

func (f *fields) number() int {
	n, err := strconv.Atoi(f.text())
	if f.err == nil {
		f.err = err
	}
	return n
}

// more reports whether there is a field left to read.
func (f *fields) more() bool { return f.rest != "" && f.err == nil }

// NewPage makes the page that begins at a hamlet from all the facts there are of
// its hamlets, which are those given, in order.
func NewPage(first org.PlaceID, hamlets []org.PlaceID, f Facts) (Page, error) {
	g := Compute(f)
	text, err := g.written()
	if err != nil {
		return Page{}, err
	}
	counted := make(map[org.PlaceID]Hamlet, len(f.Hamlets))
	for _, h := range f.Hamlets {
		counted[h.Place] = h
	}
	var b strings.Builder
	for _, id := range hamlets {
		h, assigned := counted[id]
		if err := writeHamlet(&b, id, h, assigned); err != nil {
			return Page{}, err
		}
	}
	return Page{First: first, Counts: text, Hamlets: b.String()}, nil
}

// writeHamlet adds the record of a hamlet: its id, and, where somebody looks after
// it, the fields of Hamlet.
func writeHamlet(b *strings.Builder, id org.PlaceID, h Hamlet, assigned bool) error {
	for _, text := range []string{string(id), string(h.Commune), string(h.Official)} {
		if strings.ContainsAny(text, recordEnd+fieldEnd+"\x00") {
			return ErrNotPaged
		}
	}
	if id == "" {
		return ErrNotPaged
	}
	b.WriteString(string(id))
	if assigned {
		for _, text := range []string{string(h.Commune), string(h.Official)} {
			b.WriteString(fieldEnd + text)
		}
		for _, n := range []int{h.Quota, h.Claimed, h.Verified, h.Excused} {
			b.WriteString(fieldEnd + strconv.Itoa(n))
		}
	}
	b.WriteString(recordEnd)
	return nil
}

// Places are the hamlets of a page.
func (p Page) Places() []org.PlaceID {
	var all []org.PlaceID
	for record := range strings.SplitSeq(p.Hamlets, recordEnd) {
		if id, _, _ := strings.Cut(record, fieldEnd); id != "" {
			all = append(all, org.PlaceID(id))
		}
	}
	return all
}

// hamlets appends the counted hamlets of a page. Their texts share its memory.
func (p Page) hamlets(all []Hamlet) ([]Hamlet, error) {
	for rest := p.Hamlets; rest != ""; {
		record, after, _ := strings.Cut(rest, recordEnd)
		rest = after
		id, more, assigned := strings.Cut(record, fieldEnd)
		if !assigned {
			continue
		}
		f := fields{rest: more}
		h := Hamlet{Place: org.PlaceID(id), Commune: org.PlaceID(f.text()), Official: org.PersonID(f.text())}
		h.Quota, h.Claimed, h.Verified, h.Excused = f.number(), f.number(), f.number(), f.number()
		if f.err != nil {
			return nil, f.err
		}
		all = append(all, h)
	}
	return all, nil
}

// PageOf is the place, among pages by First, of the one that holds the hamlet.
func PageOf(pages []Page, hamlet org.PlaceID) int {
	i, found := slices.BinarySearchFunc(pages, hamlet, func(p Page, id org.PlaceID) int { return cmp.Compare(p.First, id) })
	if !found && i > 0 {
		i-- // before the first page: in it
	}
	return i
}

// Unite adds pages, which are all there are of a period, up to its figures: what
// Compute says of the facts the pages were made from.
func Unite(period calendar.Period, asOf calendar.Date, pages []Page) (Figures, error) {
	t := total{Figures: Figures{Period: period, AsOf: asOf}, units: make(map[org.UnitID]UnitLine)}
	for range t.tables() {
		t.cells = append(t.cells, make(map[string]int))
	}
	t.Hamlets = make([]Hamlet, 0, len(pages)*PageSize)
	for _, p := range pages {
		err := t.add(p)
		if err == nil {
			t.Hamlets, err = p.hamlets(t.Hamlets)
		}
		if err != nil {
			return Figures{}, fmt.Errorf("report: page %s: %w", p.First, err)
		}
	}
	return t.done(), nil
}

// total are figures that pages are added to.
type total struct {
	Figures
	cells []map[string]int // of each table
	units map[org.UnitID]UnitLine
}

// add adds what a page counts.
func (t *total) add(p Page) error {
	rest := p.Counts
	next := func() fields {
		record, after, _ := strings.Cut(rest, recordEnd)
		rest = after
		return fields{rest: record}
	}
	f := next()
	for _, n := range t.sums() {
		*n += f.number()
	}
	err := f.err
	for _, cells := range t.cells {
		f := next()
		for f.more() {
			key := f.text()
			cells[key] += f.number()
		}
		err = cmp.Or(err, f.err)
	}
	f = next()
	for f.more() {
		unit := org.UnitID(f.text())
		sum := t.units[unit]
		t.units[unit] = UnitLine{unit, sum.Due + f.number(), sum.OnTime + f.number(), sum.Late + f.number(), sum.Overdue + f.number()}
	}
	err = cmp.Or(err, f.err)
	f = next()
	for f.more() {
		if t.Supervision == nil {
			t.Supervision = make(map[supervision.Source]supervision.Figure)
		}
		source := supervision.Source(f.text())
		sum := t.Supervision[source]
		t.Supervision[source] = supervision.Figure{Ratings: sum.Ratings + f.number(), Complete: sum.Complete + f.number(), Punctual: sum.Punctual + f.number(), Proper: sum.Proper + f.number()}
	}
	return cmp.Or(err, f.err)
}

// done puts the tables in order.
func (t *total) done() Figures {
	for i, table := range t.tables() {
		*table = cellsOf(t.cells[i])
	}
	for _, l := range t.units {
		t.UnitLines = append(t.UnitLines, l)
	}
	slices.SortFunc(t.UnitLines, func(a, b UnitLine) int { return cmp.Compare(a.Unit, b.Unit) })
	if len(t.Hamlets) == 0 {
		t.Hamlets = nil
	}
	t.coverage(t.Hamlets)
	return t.Figures
}
