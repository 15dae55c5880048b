package orgimport

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// Action says what becomes of a row.
type Action string

// What can become of a row.
const (
	Created Action = "created"
	Updated Action = "updated"
	Same    Action = "same"
	Refused Action = "error"
)

// Mode says what to do when rows are refused.
type Mode string

// The modes.
const (
	Strict     Mode = "strict"      // nothing is kept unless every row can be
	SkipErrors Mode = "skip_errors" // the rows that can be are kept
)

// Settings say what lists leave out. The zero value, and nil, are legal.
type Settings struct {
	// Since is the first day of what has none in the list. Default: org.Since.
	Since calendar.Date
	// From is the first day on which roles are held; a later one in the list
	// goes before. Default: Since.
	From calendar.Date
	// Programme is where teams that a list of officials names and nobody has
	// formed are formed. Default: such a row is refused.
	Programme programme.ID
}

func (s *Settings) filled() Settings {
	var f Settings
	if s != nil {
		f = *s
	}
	if f.Since.IsZero() {
		f.Since = org.Since()
	}
	if f.From.IsZero() {
		f.From = f.Since
	}
	return f
}

// Result is what becomes of one row, and why.
type Result struct {
	Sheet  string `json:"sheet"`
	Line   int    `json:"line"`
	ID     string `json:"id,omitempty"`
	Action Action `json:"action"`
	Notes  []Note `json:"notes,omitempty"`
}

// Plan is what an import would do, or did, line by line in the order of the
// sheets.
type Plan struct {
	Sheets   []Sheet
	Settings Settings
	Results  []Result
	Applied  bool // kept, and not only tried
}

// Count is the number of rows with an action.
func (p Plan) Count(a Action) int {
	n := 0
	for _, r := range p.Results {
		if r.Action == a {
			n++
		}
	}
	return n
}

// errTried undoes a trial.
var errTried = errors.New("orgimport: tried")

// Prepare tries the sheets together against what is stored and keeps nothing:
// every rule of the core is asked, in one transaction that is rolled back. Rows
// of one sheet may refer to those of another, whatever their order.
//
// The error is about the trial as a whole: a right that is missing, a store
// that does not answer. What is wrong with rows stands in their results.
func Prepare(ctx context.Context, sys *core.System, by org.Actor, settings *Settings, sheets ...Sheet) (Plan, error) {
	plan := Plan{Sheets: sheets, Settings: settings.filled()}
	err := sys.Update(ctx, by, func(ctx context.Context, w *core.Work) (err error) {
		if plan.Results, err = run(ctx, w, plan); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		err = nil
	}
	return plan, err
}

// Apply carries a plan out in one transaction. The rows are judged anew: what
// was stored since the plan was made counts. In Strict mode a single refused row
// leaves everything as it was, with the violation "orgimport.refused".
func Apply(ctx context.Context, sys *core.System, by org.Actor, plan Plan, mode Mode) (Plan, error) {
	plan.Settings = plan.Settings.filled()
	err := sys.Update(ctx, by, func(ctx context.Context, w *core.Work) (err error) {
		plan, err = ApplyIn(ctx, w, plan, mode)
		return err
	})
	plan.Applied = err == nil
	return plan, err
}

// ApplyIn is Apply within a unit of work that the caller began and will finish.
func ApplyIn(ctx context.Context, w *core.Work, plan Plan, mode Mode) (Plan, error) {
	plan.Settings = plan.Settings.filled()
	results, err := run(ctx, w, plan)
	if err != nil {
		return plan, err
	}
	plan.Results = results
	if n := plan.Count(Refused); n > 0 && mode != SkipErrors {
		return plan, fault.Broken("orgimport.refused", "rows",
			"%d rows are refused, so nothing is kept; correct them, or skip them on purpose.",
			"Có %d dòng bị từ chối nên chưa ghi gì; hãy sửa, hoặc chọn bỏ qua các dòng đó.", n)
	}
	plan.Applied = true
	return plan, nil
}

// WriteErrors writes the refused rows of a sheet as CSV, as they were handed in,
// with the line, the reason and the suggestion in front: to be corrected and
// read again. It starts with a byte order mark, so that spreadsheets show the
// marks. Cells that a spreadsheet would take for a formula are marked as text.
//
// The file holds what the list held, names and numbers of people too.
func (p Plan) WriteErrors(w io.Writer, sheet, lang string) error {
	i := slices.IndexFunc(p.Sheets, func(s Sheet) bool { return s.Name == sheet })
	if i < 0 {
		return fault.NotFound("sheet", sheet)
	}
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	lines := [][]string{plain(append([]string{"line", "reason", "suggestion"}, p.Sheets[i].Header...))}
	for _, r := range p.Results {
		if r.Sheet == sheet && r.Action == Refused {
			lines = append(lines, plain(r.correction(p.Sheets[i], lang)))
		}
	}
	return csv.NewWriter(w).WriteAll(lines)
}

// correction is a refused row as its author sees it again.
func (r Result) correction(s Sheet, lang string) []string {
	var reasons, suggestions []string
	for _, n := range r.Notes {
		if n.Severity == Failure {
			reasons = append(reasons, n.Message(lang))
		}
		if n.Suggest != "" {
			suggestions = append(suggestions, n.Suggest)
		}
	}
	cells := []string{strconv.Itoa(r.Line), strings.Join(reasons, " "), strings.Join(suggestions, "; ")}
	if i := slices.IndexFunc(s.Rows, func(row Row) bool { return row.Line == r.Line }); i >= 0 {
		cells = append(cells, s.Rows[i].Cells...)
	}
	return cells
}

// plain marks cells that start like a formula as text.
func plain(cells []string) []string {
	safe := slices.Clone(cells)
	for i, c := range safe {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			safe[i] = "'" + c
		}
	}
	return safe
}

// inOrder sorts results as their rows stand in the sheets.
func inOrder(sheets []Sheet, results []Result) {
	at := make(map[string]int)
	for i, s := range sheets {
		at[s.Name] = i
	}
	slices.SortStableFunc(results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(at[a.Sheet], at[b.Sheet]), cmp.Compare(a.Line, b.Line))
	})
}
