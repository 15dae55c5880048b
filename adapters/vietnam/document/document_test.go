package document_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/vietnam/document"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

var update = flag.Bool("update", false, "write the golden files anew")

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s changed (-want +got); look at it, then run with -update:\n%s", name, diff)
	}
}

func month() document.MonthReport {
	m, err := calendar.ParseMonth("2017-05")
	if err != nil {
		panic(err)
	}
	return document.MonthReport{
		Month: m, Plan: "Kế hoạch số 60/KH-UBND", Text: "Đa số buổi được bà con hưởng ứng.\nMột số đơn vị trả lời chậm.",
		Names: document.Names{
			Place: func(id org.PlaceID) string { return "xã " + string(id) }, Unit: func(id org.UnitID) string { return "Phòng " + string(id) },
		},
		Figures: report.Figures{
			AsOf: day("2017-06-02"), Claimed: report.Share{Part: 7, Of: 10}, Verified: report.Share{Part: 6, Of: 10}, Complete: report.Share{Part: 2, Of: 5},
			Hamlets: []report.Hamlet{
				{Place: "AP-01", Commune: "Suối Cát", Official: "lan", Quota: 2, Claimed: 2, Verified: 2},
				{Place: "AP-02", Commune: "Suối Cát", Official: "minh", Quota: 2, Claimed: 2, Verified: 1},
			},
			Officials: []report.OfficialLine{{Official: "lan", Quota: 2, Claimed: 2, Verified: 2}, {Official: "minh", Quota: 2, Claimed: 2, Verified: 1}},
			Visits:    report.VisitFigures{Planned: 9, Verified: 7, Unconfirmed: 1, Missed: 1, Unexcused: 1, People: 1234, OnTime: report.Share{Part: 7, Of: 8}},
			Opinions: report.OpinionFigures{
				Total: 12, OnSpot: 5, Linked: 4, Noted: 3, ByKind: []report.Cell{{Key: "report", Count: 8}, {Key: "wish", Count: 4}},
				ByTopic: []report.Cell{{Key: "đường", Count: 12}}, ByCommune: []report.Cell{{Key: "Suối Cát", Count: 12}},
			},
			Issues: report.IssueFigures{Registered: 4, ByStatus: []report.Cell{{Key: "referred", Count: 4}}, ByClass: []report.Cell{{Key: "none", Count: 4}}},
			Units:  report.Share{Part: 3, Of: 5}, UnitLines: []report.UnitLine{{Unit: "TN&MT", Due: 5, OnTime: 3, Late: 1, Overdue: 1}}, NotDue: 1,
			Feedback: report.Share{Part: 3, Of: 4}, Satisfied: report.Share{Part: 4, Of: 5}, Replied: report.Share{Part: 5, Of: 8}, Sealed: "<3",
			Supervision: map[supervision.Source]supervision.Figure{supervision.KeyPerson: {Ratings: 6, Complete: 6, Punctual: 5, Proper: 6}},
			Corrections: []report.Correction{{Period: calendar.Period{From: day("2017-04-01"), To: day("2017-04-30")}, Verified: report.Share{Part: 9, Of: 10}, Was: report.Share{Part: 8, Of: 10}}},
		},
	}
}

func letterhead() document.Letterhead {
	return document.Letterhead{
		Superior: "ỦY BAN NHÂN DÂN TỈNH ĐỒNG NAI", Issuer: "ỦY BAN NHÂN DÂN HUYỆN XUÂN LỘC", Number: "12", Symbol: "BC-UBND", Place: "Xuân Lộc",
		Date: day("2017-06-05"), Capacity: "TM. ỦY BAN NHÂN DÂN", Position: "CHỦ TỊCH", Recipients: []string{"UBND tỉnh (báo cáo)", "Lưu: VT"},
	}
}

func TestTheMonthReportIsAnAdministrativeDocument(t *testing.T) {
	var b bytes.Buffer
	if err := document.WriteMonth(&b, letterhead(), month()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, part := range []string{ // the components of Decree 30/2020, in their order
		"ỦY BAN NHÂN DÂN HUYỆN XUÂN LỘC", "Số: 12/BC-UBND", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc",
		"Xuân Lộc, ngày 05 tháng 6 năm 2017", "BÁO CÁO", "Kế hoạch số 60/KH-UBND", "Nơi nhận:", "TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH",
	} {
		_, rest, found := strings.Cut(text, part)
		if !found {
			t.Fatalf("%q is missing, or not in its place", part)
		}
		text = rest
	}
	if strings.Contains(b.String(), "TN&MT") || !strings.Contains(b.String(), "TN&amp;MT") {
		t.Error("values are not escaped")
	}
	for _, figure := range []string{"1.234", "87,5%", "62,5%", "&lt;3"} {
		if !strings.Contains(b.String(), figure) {
			t.Errorf("%s is missing: numbers are written the Vietnamese way", figure)
		}
	}
	golden(t, "month.html", b.Bytes())
}

func TestTheSheetTellsWhatIsOwedFirst(t *testing.T) {
	a := core.Agenda{
		PlaceName: "ấp Suối Cát 1 (xã Suối Cát)",
		Visit:     visit.State{Official: "lan", Planned: day("2017-05-12"), At: calendar.MustTimeOfDay(19, 0), Status: visit.Planned},
		Hosts:     []core.Host{{Role: org.HamletHead, Person: org.Person{FullName: "Lâm Văn Thử", Honorific: "ông", Phone: "+84900000001"}}},
		Answers: []issue.State{{Code: "XL-17-0142", Title: "rãnh thoát nước trước chợ", PromiseDue: day("2017-05-19"),
			Answers: []issue.Answer{{Class: issue.InProgress, Text: "Sẽ nạo vét trước mùa mưa."}}}},
		Open:    []issue.State{{Code: "XL-17-0150", Title: "đèn đường liên ấp", PromiseDue: day("2017-06-09")}},
		Items:   []visit.Item{{Title: "Phòng chống sốt xuất huyết"}},
		Profile: &visit.Profile{Households: 640, Inhabitants: 2905, Groups: 16, Poor: 12, NearPoor: 21, On: day("2017-02-14"), Edition: 1, HotIssues: "ngập khi mưa lớn"},
	}
	var b bytes.Buffer
	if err := document.WriteSheet(&b, a, document.Names{}); err != nil {
		t.Fatal(err)
	}
	owed, open := strings.Index(b.String(), "XL-17-0142"), strings.Index(b.String(), "XL-17-0150")
	if owed < 0 || open < owed {
		t.Errorf("what is owed tonight stands at %d, what is still open at %d", owed, open)
	}
	golden(t, "sheet.html", b.Bytes())
}

func answerSlip() core.AnswerSlip {
	return core.AnswerSlip{
		Code: "XL-17-0142", Title: "rãnh thoát nước trước chợ", Place: "ấp Suối Cát 1 (xã Suối Cát)", Raised: day("2017-03-20"), Promised: day("2017-04-18"),
		Approved: day("2017-03-31"), Class: issue.InProgress, Text: "Sẽ nạo vét trước mùa mưa.\nCống hộp thay trong tháng 6 <chợ & khu 2>.", Roadmap: day("2017-06-30"),
		Document: "45/TNMT", Unit: "Phòng Tài nguyên và Môi trường", Official: "Trần Thị Mẫu", Hotline: "0251 0000 000", Name: "Bà N.",
	}
}

func TestEX24_TheAnswerSlipSaysWhatWasAnsweredAndWhoBringsIt(t *testing.T) {
	head := letterhead()
	head.Symbol = "PTL-HVCS"
	var b bytes.Buffer
	if err := document.WriteAnswerSlip(&b, head, answerSlip()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "PHIẾU TRẢ LỜI", "XL-17-0142", "Bà N.", "20/3/2017", "18/4/2017", "31/3/2017", "Đang giải quyết, có lộ trình",
		"Sẽ nạo vét trước mùa mưa.", "&lt;chợ &amp; khu 2&gt;", "30/6/2017", "45/TNMT", "Trần Thị Mẫu", "0251 0000 000", "Nơi nhận:",
	} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("%q is missing", part)
		}
	}
	golden(t, "answer_slip.html", b.Bytes())

	nameless := answerSlip()
	nameless.Name, nameless.Hotline, nameless.Class, nameless.Ground = "", "", issue.Refused, "Điều 5 Quyết định số 10"
	b.Reset()
	if err := document.WriteAnswerSlip(&b, head, nameless); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "Người nêu ý kiến tại") || !strings.Contains(text, "Căn cứ: Điều 5") || strings.Contains(text, "Đường dây nóng") || strings.Contains(text, "30/6/2017") {
		t.Errorf("a refusal to somebody without a name: %s", text)
	}
}

func TestTheNoticeBoardNamesNobody(t *testing.T) {
	head := letterhead()
	head.Symbol = "TB-HVCS"
	beyond := answerSlip()
	beyond.Code, beyond.Title, beyond.Class, beyond.Body, beyond.Document = "XL-17-0150", "đèn đường liên ấp", issue.Beyond, "Sở Giao thông vận tải", ""
	var b bytes.Buffer
	if err := document.WriteNoticeBoard(&b, head, "ấp Suối Cát 1 (xã Suối Cát)", []core.AnswerSlip{answerSlip(), beyond}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Bà N.", "Trần Thị Mẫu"} {
		if strings.Contains(b.String(), name) {
			t.Errorf("%s hangs on the notice board", name)
		}
	}
	if !strings.Contains(b.String(), "XL-17-0142") || !strings.Contains(b.String(), "Đã chuyển đến: Sở Giao thông vận tải") {
		t.Error("an answer is missing")
	}
	golden(t, "notice_board.html", b.Bytes())
	b.Reset()
	if err := document.WriteNoticeBoard(&b, head, "ấp Suối Cát 1", nil); err != nil || !strings.Contains(b.String(), "Không có nội dung trả lời") {
		t.Errorf("an empty board: %v", err)
	}
}

// failing is a disk that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrPermission }

func TestAFailingWriterIsReported(t *testing.T) {
	if err := document.WriteMonth(failing{}, letterhead(), month()); err == nil {
		t.Error("the report was lost and nobody was told")
	}
	if document.WriteAnswerSlip(failing{}, letterhead(), answerSlip()) == nil || document.WriteNoticeBoard(failing{}, letterhead(), "ấp", nil) == nil {
		t.Error("the answer was lost and nobody was told")
	}
}
