package main

import (
	"bytes"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/orgimport"
	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/visit"
)

//go:embed data/*.csv data/*.json
var embedded embed.FS

// builtIn are the files under data.
func builtIn() fs.FS {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		panic(err) // the name above is valid
	}
	return sub
}

// input is everything that was read from files, checked.
type input struct {
	files     fs.FS
	lists     []orgimport.Sheet // of the organisation, to be imported
	plan      planFile
	policy    policy.Policy
	calendar  *calendar.Calendar
	gateway   httpsms.Config
	matters   []matter
	bulletins []bulletin
}

// planFile is plan.json: the document the programme rests on.
type planFile struct {
	Code   string `json:"code"`
	Number string `json:"number"`
	Symbol string `json:"symbol"`
	Year   int    `json:"year"`
	Issuer string `json:"issuer"`
	Title  string `json:"title"`
}

func (p planFile) document() string { return p.Number + "/" + p.Symbol }

// matter is a row of opinions.csv: something people might say, and the answer
// they might get.
type matter struct {
	row     int
	kind    opinion.Kind
	subject string
	urgency issue.Urgency
	text    string
	onSpot  bool
	answer  string
	class   issue.AnswerClass
	body    org.UnitID
}

// bulletin is a row of bulletins.csv: what is told in every hamlet in a month.
type bulletin struct {
	month    calendar.Month
	title    string
	document string
	kind     string
}

// readInput reads the files and returns every fault of all of them.
func readInput(files fs.FS) (input, error) {
	in := input{files: files}
	err := errors.Join(in.readPlan(), in.readPolicy(), in.readGateway(), in.readMatters(), in.readBulletins(), in.readLists())
	if err != nil {
		return input{}, err
	}
	spec, err := vietnam.OfficialCalendar(in.plan.Year)
	if err != nil {
		return input{}, fmt.Errorf("plan.json: year: %w", err)
	}
	in.calendar, err = calendar.New(spec)
	return in, err
}

func (in *input) readPlan() error {
	raw, err := fs.ReadFile(in.files, "plan.json")
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in.plan); err != nil {
		return fmt.Errorf("plan.json: %w", err)
	}
	if in.plan.Code == "" || in.plan.Number == "" || in.plan.Symbol == "" || in.plan.Year == 0 || in.plan.Issuer == "" || in.plan.Title == "" {
		return errors.New("plan.json: code, number, symbol, year, issuer and title are needed / thiếu thông tin của kế hoạch")
	}
	return nil
}

func (in *input) readPolicy() error {
	raw, err := fs.ReadFile(in.files, "policy.json")
	if err != nil {
		return err
	}
	if in.policy, err = policy.Parse(raw); err != nil {
		return fmt.Errorf("policy.json: %w", err)
	}
	return nil
}

func (in *input) readGateway() error {
	raw, err := fs.ReadFile(in.files, "smsgateway.json")
	if err != nil {
		return err
	}
	if in.gateway, err = httpsms.ParseConfig(raw); err != nil {
		return fmt.Errorf("smsgateway.json: %w", err)
	}
	return nil
}

func (in *input) readMatters() error {
	rows, err := in.table("opinions.csv", "kind", "subject", "urgency", "text_vi", "on_the_spot", "answer_vi", "answer_class", "body_id")
	var faults []error
	for _, r := range rows {
		m := matter{
			row: r.line, kind: opinion.Kind(r.of("kind")), subject: r.of("subject"), urgency: issue.Urgency(r.of("urgency")), text: r.of("text_vi"),
			onSpot: r.of("on_the_spot") == "1", answer: r.of("answer_vi"), class: issue.AnswerClass(r.of("answer_class")), body: org.UnitID(r.of("body_id")),
		}
		switch {
		case !m.kind.Known():
			faults = append(faults, r.fault("kind %q is not known / loại ý kiến không hợp lệ", m.kind))
		case !m.urgency.Valid():
			faults = append(faults, r.fault("urgency %q is not known / mức độ khẩn không hợp lệ", m.urgency))
		case m.text == "" && m.kind != opinion.Denunciation:
			faults = append(faults, r.fault("text_vi is empty / thiếu nội dung"))
		case m.kind == opinion.Denunciation:
			continue // no word of one belongs into a file: see denounce
		}
		in.matters = append(in.matters, m)
	}
	if len(in.matters) == 0 && err == nil {
		faults = append(faults, errors.New("opinions.csv: there is nothing to say / không có ý kiến nào"))
	}
	return errors.Join(append(faults, err)...)
}

func (in *input) readBulletins() error {
	rows, err := in.table("bulletins.csv", "month", "title", "document_no", "type")
	var faults []error
	for _, r := range rows {
		month, err := calendar.ParseMonth(r.of("month"))
		if err != nil {
			faults = append(faults, r.fault("%v", err))
			continue
		}
		b := bulletin{month: month, title: r.of("title"), document: r.of("document_no"), kind: r.of("type")}
		item := visit.Item{Type: b.kind, Title: b.title, Valid: month.Period()}
		if err := item.Validate(); err != nil {
			faults = append(faults, r.fault("%v", err))
			continue
		}
		in.bulletins = append(in.bulletins, b)
	}
	return errors.Join(append(faults, err)...)
}

// row is one record of a CSV file, by the names of its columns.
type row struct {
	file   string
	line   int
	header []string
	cells  []string
}

func (r row) of(column string) string {
	return strings.TrimSpace(r.cells[slices.Index(r.header, column)])
}

func (r row) fault(format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{r.file, r.line}, args...)...)
}

// table reads a CSV file that must have these columns.
func (in *input) table(file string, columns ...string) ([]row, error) {
	raw, err := fs.ReadFile(in.files, file)
	if err != nil {
		return nil, err
	}
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, c := range columns {
		if !slices.Contains(header, c) {
			return nil, fmt.Errorf("%s:1: column %s is missing / thiếu cột", file, c)
		}
	}
	var rows []row
	for {
		cells, err := reader.Read()
		if cells == nil {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		line, _ := reader.FieldPos(0)
		rows = append(rows, row{file, line, header, cells})
	}
	return rows, nil
}
