package orgimport

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/fault"
)

// importer tries rows in one unit of work.
type importer struct {
	ctx      context.Context
	w        *core.Work
	settings Settings
	results  []Result
	fatal    error
}

// entry is a row on its way: a copy, so that a plan can be tried again.
type entry struct {
	Row
	sheet string
	id    string
}

// run tries all rows, kind by kind in the order in which they depend on each other.
func run(ctx context.Context, w *core.Work, plan Plan) ([]Result, error) {
	names := make(map[string]bool)
	for _, s := range plan.Sheets {
		if names[s.Name] {
			return nil, fault.Broken("orgimport.sheet.twice", "sheets", "Two lists are called %s.", "Có hai danh sách cùng tên %s.", s.Name)
		}
		names[s.Name] = true
	}
	im := &importer{ctx: ctx, w: w, settings: plan.Settings}
	im.places(im.entries(plan, Places), im.entries(plan, Parents), im.entries(plan, Successors))
	im.units(im.entries(plan, Units))
	im.routes(im.entries(plan, Subjects))
	people := slices.Concat(im.entries(plan, Leaders), im.entries(plan, Officials), im.entries(plan, KeyPersons))
	im.people(people, kindsOf(plan))
	inOrder(plan.Sheets, im.results)
	return im.results, im.fatal
}

func kindsOf(plan Plan) map[string]Kind {
	kinds := make(map[string]Kind)
	for _, s := range plan.Sheets {
		kinds[s.Name] = s.Kind
	}
	return kinds
}

// entries are the rows of all sheets of a kind.
func (im *importer) entries(plan Plan, kind Kind) []*entry {
	var all []*entry
	for _, s := range plan.Sheets {
		if s.Kind != kind {
			continue
		}
		for _, row := range s.Rows {
			row.Notes = slices.Clone(row.Notes)
			all = append(all, &entry{Row: row, sheet: s.Name})
		}
	}
	return all
}

// done writes down what became of a row. An error that is no refusal ends the
// whole import.
func (im *importer) done(e *entry, change core.Change, err error) {
	if err != nil && !e.refuse(err) {
		im.fatal = fmt.Errorf("orgimport: %s line %d: %w", e.sheet, e.Line, err)
	}
	action := Same
	switch {
	case err != nil || e.failed():
		action = Refused
	case change == core.Created:
		action = Created
	case change == core.Updated:
		action = Updated
	}
	im.results = append(im.results, Result{Sheet: e.sheet, Line: e.Line, ID: e.id, Action: action, Notes: e.Notes})
}

// refuse turns an error into notes, or reports that it is not about the row.
func (e *entry) refuse(err error) bool {
	if errors.Is(err, fault.ErrForbidden) {
		return false
	}
	if broken := fault.Violations(err); len(broken) > 0 {
		for _, v := range broken {
			e.Notes = append(e.Notes, Note{Severity: Failure, Rule: v.Rule, Field: v.Field, En: v.En, Vi: v.Vi})
		}
		return true
	}
	if errors.Is(err, fault.ErrNotFound) || errors.Is(err, fault.ErrExists) {
		e.note(Failure, "reference", "", "The row refers to something that is not there: %[1]v.", "Dòng này nhắc đến điều chưa có: %[1]v.", err)
		return true
	}
	return false
}

// once finds rows with an id that stood before. The same line again is taken
// for granted; another line under the same id is refused, because nobody can
// say which is right. It returns the first of each id.
func (im *importer) once(entries []*entry, key func(*entry) string) []*entry {
	first := make(map[string]*entry)
	var distinct []*entry
	for _, e := range entries {
		id := key(e)
		before := first[id]
		switch {
		case before == nil || id == "":
			first[id] = e
			distinct = append(distinct, e)
		case slices.Equal(tidied(before.Cells), tidied(e.Cells)):
			e.note(Warning, "row.repeated", "id", "The row repeats line %d.", "Dòng này lặp lại dòng %d.", before.Line)
			im.done(e, core.Unchanged, nil)
		default:
			e.note(Failure, "row.twice", "id", "Line %d bears the same id and says something else; keep one.", "Dòng %d có cùng mã nhưng nội dung khác; chỉ giữ một dòng.", before.Line)
			im.done(e, "", nil)
		}
	}
	return distinct
}
