package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/huongvecoso/outreach/adapters/reportxlsx"
	"github.com/huongvecoso/outreach/adapters/vietnam/document"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
)

// spanNames are what the spans of a year are called.
var spanNames = map[report.Span]report.Text{
	report.FirstQuarter: {VI: "quý I", EN: "first quarter"},
	report.HalfYear:     {VI: "6 tháng", EN: "half-year"},
	report.NineMonths:   {VI: "9 tháng", EN: "nine months"},
	report.WholeYear:    {VI: "cả năm", EN: "year"},
}

// writeExtracts writes what people take out of the system besides the documents:
// a month's figures for spreadsheets, those of a longer span by commune, and one
// official's sheet of the year.
func (s *season) writeExtracts(ctx context.Context, out *output, last month, names document.Names) error {
	return errors.Join(
		s.writeMonthTables(out, last, names),
		s.writeTerritories(ctx, out, names),
		s.writeYearSheet(ctx, out, names),
	)
}

// writeMonthTables writes the month's figures: a file for each table, and one
// workbook with all of them. They hold nothing about persons.
func (s *season) writeMonthTables(out *output, m month, names document.Names) error {
	tables := report.Tables(m.Figures, &report.TableOptions{
		Place: names.Place, Unit: names.Unit, Topic: names.Topic, SmallCell: s.in.policy.Reports.SmallCell,
	})
	base := "so-lieu-thang-" + m.Month.String()
	for _, t := range tables {
		if err := out.add("", base+"/"+t.Name+".csv", func(w io.Writer) error { return report.WriteCSV(w, t, "vi") }); err != nil {
			return err
		}
	}
	out.list(fmt.Sprintf("Số liệu tháng / month's figures, CSV (%d)", len(tables)), base+"/*.csv")
	return out.add("Số liệu tháng / month's figures, Excel", base+".xlsx", func(w io.Writer) error { return reportxlsx.Write(w, tables, "vi") })
}

// writeTerritories writes the figures of the shortest span that the season
// reaches into, by the communes in which the hamlets lie now.
func (s *season) writeTerritories(ctx context.Context, out *output, names document.Names) error {
	span, during := s.span()
	var lines []report.PlaceLine
	err := s.see(ctx, func(ctx context.Context, w *core.Work) (err error) {
		lines, err = w.Reports.ByTerritory(ctx, during, s.time.today())
		return err
	})
	if err != nil {
		return err
	}
	table := report.PlaceTable(lines, &report.TableOptions{Place: names.Place})
	called := spanNames[span]
	return out.add("Số liệu "+called.VI+" theo xã / "+called.EN+" by commune", "so-lieu-theo-xa-"+string(span)+".csv", func(w io.Writer) error {
		return report.WriteCSV(w, table, "vi")
	})
}

// span is the shortest span of the year that ends within or after the season.
func (s *season) span() (report.Span, calendar.Period) {
	closing := s.in.policy.Reports.CloseDay
	for _, span := range report.Spans() {
		if during := span.Period(s.in.plan.Year, closing); !during.To.Before(s.cfg.from) {
			return span, during
		}
	}
	return report.WholeYear, report.WholeYear.Period(s.in.plan.Year, closing)
}

// writeYearSheet writes the sheet of the first official, as that official sees it:
// of the year as far as the season has come.
func (s *season) writeYearSheet(ctx context.Context, out *output, names document.Names) error {
	official, year := s.cast.officials[0], report.WholeYear.Period(s.in.plan.Year, s.in.policy.Reports.CloseDay)
	year.To = s.cfg.to
	var sheet report.YearSheet
	err := s.world.sys.View(ctx, org.Actor{Person: official}, func(ctx context.Context, w *core.Work) (err error) {
		sheet, err = w.Reports.Yearly(ctx, official, year)
		return err
	})
	if err != nil {
		return err
	}
	return out.add("Phiếu năm của công chức / official's year, no grade", "phieu-nam-"+string(official)+".txt", func(w io.Writer) error {
		var b bytes.Buffer
		printYear(&b, sheet, names)
		_, err := b.WriteTo(w)
		return err
	})
}

// printYear prints a sheet of the year under its four respects.
func printYear(w io.Writer, y report.YearSheet, names document.Names) {
	fmt.Fprintf(w, "PHIẾU THEO DÕI NĂM / THE YEAR OF AN OFFICIAL\n  %s (%s)\n  Từ %s đến %s, số liệu đến ngày %s / figures as of %s\n  Trích để trao đổi cuối năm, không chấm điểm, không xếp loại / an extract for a talk, never a grade\n",
		names.Person(y.Official), y.Official, y.Period.From.VN(), y.Period.To.VN(), y.AsOf.VN(), y.AsOf)
	a, c, h, r := y.Awareness, y.Communication, y.Handling, y.Responsibility
	table(w, "1. NHẬN THỨC: NẮM ĐỊA BÀN / AWARENESS",
		cells("Ấp, khu phụ trách / hamlets", a.Hamlets),
		cells("  đã khảo sát / surveyed", a.Surveyed))
	table(w, "2. GIAO TIẾP: GẶP DÂN / COMMUNICATION",
		[]string{"Buổi đã báo cáo / visits claimed", share(c.Claimed)},
		[]string{"Buổi được cơ sở xác nhận / verified", share(c.Verified)},
		cells("Vắng có lý do / excused", c.Excused),
		cells("Vắng không lý do / unexcused", c.Unexcused),
		cells("Người khác đi thay / by a substitute", c.Substitute),
		cells("Lượt người dự / people met", c.People),
		cells("Lượt phổ biến / topics told", c.Told))
	table(w, "3. ỨNG XỬ: TRẢ LỜI Ý KIẾN / HANDLING",
		cells("Ý kiến đã nghe / opinions heard", h.Heard),
		cells("  trả lời tại chỗ / answered on the spot", h.OnSpot),
		cells("  chuyển thành vấn đề / taken up as issues", h.Recorded),
		[]string{"Hài lòng, trong số người có trả lời / satisfied, of those who replied", share(h.Satisfied)})
	table(w, "4. TRÁCH NHIỆM: THEO ĐẾN CÙNG / RESPONSIBILITY",
		[]string{"Báo cáo đúng hạn / reports on time", share(r.ReportsOnTime)},
		cells("Vấn đề theo dõi / issues followed", r.Followed),
		cells("  chưa kết thúc / still open", r.Open),
		[]string{"Đã phản hồi cho dân / answers told back", share(r.ToldBack)})
	table(w, "NHẬN XÉT CỦA CƠ SỞ, THEO NGUỒN / REMARKS, BY SOURCE", remarkRows(c.Remarks)...)
}

// remarkRows are the remarks by source: never as one figure, and none while they
// are too few.
func remarkRows(remarks map[supervision.Source]supervision.Figure) [][]string {
	rows := [][]string{{"Nguồn / source", "số lượt / ratings", "đầy đủ / in full", "đúng giờ / on time", "đúng mực / proper"}}
	for _, source := range []supervision.Source{supervision.Resident, supervision.KeyPerson, supervision.Commune} {
		if f, shown := remarks[source]; shown {
			rows = append(rows, cells(sourceNames[source], f.Ratings, f.Complete, f.Punctual, f.Proper))
		}
	}
	if len(rows) == 1 {
		return [][]string{{"Còn ít, chưa hiển thị / too few to be shown"}}
	}
	return rows
}

var sourceNames = map[supervision.Source]string{
	supervision.Resident:  "Người dân / residents",
	supervision.KeyPerson: "Cán bộ ấp, người có uy tín / key persons",
	supervision.Commune:   "Lãnh đạo xã / commune leaders",
}
