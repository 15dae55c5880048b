package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/huongvecoso/outreach/adapters/vietnam/document"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// output is the directory that a season is written to. It is filled under
// another name beside its own and put in place at the end, whole or not at all.
type output struct {
	dir   string // being filled
	final string
	files []written
}

type written struct{ what, path string }

func newOutput(final string) (*output, error) {
	parent := filepath.Dir(final)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, usage("-out: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "."+filepath.Base(final)+"-")
	if err != nil {
		return nil, usage("-out: %w", err)
	}
	return &output{dir: dir, final: final}, os.Chmod(dir, 0o755)
}

// add writes one file.
func (o *output) add(what, name string, fill func(io.Writer) error) error {
	var b bytes.Buffer
	if err := fill(&b); err != nil {
		return err
	}
	path := filepath.Join(o.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if what != "" {
		o.list(what, name)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// list names something that is in the directory.
func (o *output) list(what, name string) {
	o.files = append(o.files, written{what, filepath.Join(o.final, name)})
}

// keep puts the directory in place of an earlier one.
func (o *output) keep() error {
	old := o.dir + ".old"
	err := os.Rename(o.final, old)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(o.dir, o.final); err != nil {
		return err
	}
	o.dir = ""
	return os.RemoveAll(old)
}

// discard removes what was not kept.
func (o *output) discard() error {
	if o.dir == "" {
		return nil
	}
	return os.RemoveAll(o.dir)
}

func (o *output) print(w io.Writer) {
	fmt.Fprintln(w, "\nTỆP ĐÃ GHI / WRITTEN")
	for _, f := range o.files {
		fmt.Fprintf(w, "  %-52s %s\n", f.what, f.path)
	}
}

// write fills the output directory.
func (s *season) write(ctx context.Context, out *output, sum summary) error {
	last := sum.months[len(sum.months)-1]
	names, err := s.names(ctx)
	if err != nil {
		return err
	}
	sheet, err := s.sheet(ctx)
	if err != nil {
		return err
	}
	faults := []error{
		out.add("Bảng tổng hợp / summary", marker, func(w io.Writer) error { _, err := io.WriteString(w, sum.figures()); return err }),
		out.add("Báo cáo tháng / month report "+last.Month.VN(), "bao-cao-thang-"+last.Month.String()+".html", func(w io.Writer) error {
			return document.WriteMonth(w, s.letterhead(last), document.MonthReport{
				Month: last.Month, Plan: "Kế hoạch số " + s.in.plan.document(), Figures: last.Figures, Text: monthText, Names: names,
				Next: "Tiếp tục tổ chức đủ hai buổi mỗi ấp, phản hồi hết các câu trả lời còn nợ bà con.",
			})
		}),
		s.writeExtracts(ctx, out, last, names),
		s.writeTexts(out),
		s.writeMails(out),
	}
	if sheet != nil {
		faults = append(faults, out.add("Phiếu đi cơ sở / visit sheet", "phieu-di-co-so.html", func(w io.Writer) error {
			return document.WriteSheet(w, *sheet, names)
		}))
	}
	if s.cfg.db == "" {
		out.list("Cơ sở dữ liệu / database", "district.db")
	}
	return errors.Join(faults...)
}

func (s *season) letterhead(m month) document.Letterhead {
	day := s.cal.Add(m.Month.Last(), s.in.policy.Reports.MonthDay)
	if today := s.time.today(); today.Before(day) {
		day = today
	}
	return document.Letterhead{
		Superior: "ỦY BAN NHÂN DÂN TỈNH ĐỒNG NAI", Issuer: "ỦY BAN NHÂN DÂN HUYỆN XUÂN LỘC", Symbol: "BC-UBND", Place: "Xuân Lộc", Date: day,
		Capacity: "TM. ỦY BAN NHÂN DÂN", Position: "CHỦ TỊCH",
		Recipients: []string{"UBND tỉnh (báo cáo)", "Thường trực Huyện ủy", "Chủ tịch, các Phó Chủ tịch UBND huyện", "Các Tổ công tác", "Lưu: VT"},
	}
}

// names are what a reader calls places, units, people and subjects.
func (s *season) names(ctx context.Context) (document.Names, error) {
	places, units, people := make(map[org.PlaceID]string), make(map[org.UnitID]string), make(map[org.PersonID]string)
	err := s.see(ctx, func(ctx context.Context, w *core.Work) error {
		tree, err := w.Org.Tree(ctx, s.cfg.to)
		if err != nil {
			return err
		}
		for _, root := range tree.Roots() {
			for _, id := range tree.Within(root) {
				places[id] = tree.Display(id)
			}
		}
		for _, id := range s.cast.units {
			u, err := w.Org.Unit(ctx, id)
			if err != nil {
				return err
			}
			units[id] = u.Name
		}
		for _, id := range s.cast.officials {
			p, err := w.Org.Person(ctx, id)
			if err != nil {
				return err
			}
			people[id] = p.FullName
		}
		return nil
	})
	return document.Names{
		Place: lookUp(places), Unit: lookUp(units), Person: lookUp(people),
		Topic: func(t string) string {
			if t == "" || t == string(opinion.Unclassified) {
				return "Chưa phân loại"
			}
			return orElse(s.cast.subjects[t], t)
		},
	}, err
}

func lookUp[K ~string](names map[K]string) func(K) string {
	return func(id K) string { return orElse(names[id], string(id)) }
}

// writeTexts writes the log of the SMS gateway.
func (s *season) writeTexts(out *output) error {
	return out.add("Nhật ký tin nhắn / SMS log", "sms.csv", func(w io.Writer) error {
		log := csv.NewWriter(w)
		faults := []error{log.Write([]string{"at", "id", "client_id", "to", "sender", "class", "encoding", "units", "segments", "text"})}
		for _, m := range s.world.texts.Ledger() {
			faults = append(faults, log.Write([]string{
				m.At.In(calendar.Zone()).Format(time.RFC3339), m.ID, m.ClientID, m.To, m.Sender, m.Class,
				string(m.Segments.Encoding), strconv.Itoa(m.Segments.Units), strconv.Itoa(m.Segments.Parts), m.Text,
			}))
		}
		log.Flush()
		return errors.Join(append(faults, log.Error())...)
	})
}

// writeMails writes each mail as the mail server took it.
func (s *season) writeMails(out *output) error {
	if s.world.mails == nil {
		return nil
	}
	all := s.world.mails.Ledger()
	for n, m := range all {
		name := fmt.Sprintf("mail/%05d-%s.eml", n+1, m.At.In(calendar.Zone()).Format("20060102-1504"))
		if err := out.add("", name, func(w io.Writer) error { _, err := w.Write(m.Raw); return err }); err != nil {
			return err
		}
	}
	out.list(fmt.Sprintf("Thư / mails (%s)", number(len(all))), "mail/*.eml")
	return nil
}

// sheet is the sheet of the visit with most to tell among the last ones: as its
// official had it in hand that evening, taken when there was something on it.
func (s *season) sheet(ctx context.Context) (*core.Agenda, error) {
	if s.mind.sheet != nil {
		return s.mind.sheet, nil
	}
	var best *core.Agenda
	err := s.see(ctx, func(ctx context.Context, w *core.Work) error {
		visits, err := w.Visits.List(ctx, visit.Query{})
		if err != nil || len(visits) == 0 {
			return err
		}
		a, err := w.Visits.Agenda(ctx, visits[len(visits)-1].ID)
		best = &a
		return err
	})
	return best, err
}

// keepSheet remembers the fullest sheet seen so far.
func (s *season) keepSheet(ctx context.Context, w *core.Work, v visit.State) error {
	a, err := w.Visits.Agenda(ctx, v.ID)
	if err != nil {
		return err
	}
	if s.mind.sheet == nil || weight(a) >= weight(*s.mind.sheet) {
		s.mind.sheet = &a
	}
	return nil
}

func weight(a core.Agenda) int { return 3*len(a.Answers) + len(a.Open) + len(a.Items) }
