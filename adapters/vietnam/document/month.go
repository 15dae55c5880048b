package document

import (
	"io"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
)

// Letterhead is what stands above and below the body of an administrative
// document (components 1–4, 7 and 9 of Decree 30/2020).
type Letterhead struct {
	Superior   string        // body above: ỦY BAN NHÂN DÂN TỈNH ĐỒNG NAI
	Issuer     string        // issuing body: ỦY BAN NHÂN DÂN HUYỆN XUÂN LỘC
	Number     string        // of the document; empty leaves room to write it in
	Symbol     string        // BC-UBND
	Place      string        // Xuân Lộc
	Date       calendar.Date // of the document
	Capacity   string        // TM. ỦY BAN NHÂN DÂN
	Position   string        // CHỦ TỊCH
	Signer     string        // name, without which a line is left
	Recipients []string      // nơi nhận
}

// Names turns ids into what a reader knows. A nil function shows the id.
type Names struct {
	Place  func(org.PlaceID) string
	Unit   func(org.UnitID) string
	Person func(org.PersonID) string
	Topic  func(string) string
}

func (n Names) place(id org.PlaceID) string { return name(n.Place, id) }

func (n Names) unit(id org.UnitID) string { return name(n.Unit, id) }

func (n Names) person(id org.PersonID) string { return name(n.Person, id) }

func (n Names) topic(id string) string { return name(n.Topic, id) }

func name[T ~string](look func(T) string, id T) string {
	if look == nil {
		return string(id)
	}
	return look(id)
}

// MonthReport is the content of a period report of the district.
type MonthReport struct {
	Month   calendar.Month
	Plan    string // Kế hoạch số 60/KH-UBND
	Figures report.Figures
	Text    string // remarks of the author, a paragraph a line
	Next    string // tasks of the next month, a paragraph a line
	Names   Names
}

// WriteMonth writes the month report as an administrative document (A15).
func WriteMonth(w io.Writer, head Letterhead, m MonthReport) error {
	p := &page{w: w}
	p.begin("Báo cáo Hướng về cơ sở " + m.Month.VN())
	p.letterhead(head)
	p.heading(1, "BÁO CÁO")
	p.rawf("<p class=\"subject\">Kết quả thực hiện %s về “Hướng về cơ sở” %s</p>\n", m.Plan, m.Month.VN())
	p.heading(2, "I. Công tác triển khai")
	p.para("Trong %s, %s công chức, viên chức được phân công tại %s ấp, khu; số liệu tính đến ngày %s.",
		m.Month.VN(), number(len(m.Figures.Officials)), number(len(m.Figures.Hamlets)), m.Figures.AsOf.VN())
	p.heading(2, "II. Kết quả thực hiện")
	p.participation(m)
	p.dissemination(m.Figures)
	p.heard(m)
	p.answered(m)
	p.supervised(m.Figures)
	p.heading(2, "III. Đánh giá chung")
	p.prose(m.Text, "Không có ý kiến bổ sung.")
	p.heading(2, "IV. Nhiệm vụ thời gian tới")
	p.prose(m.Next, "Tiếp tục thực hiện theo kế hoạch.")
	p.corrections(m.Figures)
	p.signature(head)
	return p.end()
}

func (p *page) letterhead(h Letterhead) {
	p.raw(`<div class="head"><div>`)
	p.rawf("<p>%s</p><p><b class=\"rule\">%s</b></p>", h.Superior, h.Issuer)
	number := h.Number
	if number == "" {
		number = "      "
	}
	p.rawf("<p>Số: %s/%s</p></div><div>", number, h.Symbol)
	p.raw(`<p><b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b></p><p><b class="rule">Độc lập - Tự do - Hạnh phúc</b></p>`)
	p.rawf("<p><i>%s, %s</i></p></div></div>\n", h.Place, h.Date.Long())
}

func (p *page) signature(h Letterhead) {
	p.raw(`<div class="foot"><div class="to"><p><b><i>Nơi nhận:</i></b></p>`)
	for _, r := range h.Recipients {
		p.rawf("<p>- %s;</p>", r)
	}
	p.rawf(`</div><div class="sign"><p>%s</p><p>%s</p><p style="height:60pt"></p><p>%s</p></div></div>`+"\n", h.Capacity, h.Position, h.Signer)
}

func (p *page) prose(text, empty string) {
	if strings.TrimSpace(text) == "" {
		text = empty
	}
	for line := range strings.Lines(text) {
		p.para("%s", strings.TrimSpace(line))
	}
}

func (p *page) participation(m MonthReport) {
	f, v := m.Figures, m.Figures.Visits
	p.heading(3, "1. Tham gia")
	p.para("Theo chỉ tiêu phải tổ chức %s buổi. Cơ sở xác nhận %s buổi (%s); công chức báo cáo %s buổi (%s). Số ấp đủ chỉ tiêu: %s/%s (%s).",
		number(f.Verified.Of), number(f.Verified.Part), percent(f.Verified.Percent()), number(f.Claimed.Part), percent(f.Claimed.Percent()),
		number(f.Complete.Part), number(f.Complete.Of), percent(f.Complete.Percent()))
	rows := [][]string{
		{"Được cơ sở xác nhận", number(v.Verified)}, {"Đã báo cáo, chờ xác nhận", number(v.Reported)}, {"Đã báo cáo, chưa được xác nhận", number(v.Unconfirmed)},
		{"Có ý kiến khác, đang xem xét", number(v.Disputed)}, {"Không được công nhận", number(v.Refused)}, {"Đã tổ chức, chưa báo cáo", number(v.Held)},
		{"Vắng", number(v.Missed)}, {"Chưa đến ngày", number(v.Ahead)},
	}
	p.table("Bảng 1. Các buổi theo kế hoạch", []string{"Tình trạng", "#Số buổi"}, rows, []string{"Cộng", number(v.Planned)})
	p.para("Trong số buổi vắng: %s có lý do, %s không lý do. Dự thay: %s buổi; đến trễ: %s buổi; hủy: %s buổi (ngoài bảng). Báo cáo buổi đúng hạn: %s/%s (%s). Lượt người dân tham dự: %s.",
		number(v.Excused), number(v.Unexcused), number(v.Substitute), number(v.Late), number(v.Cancelled),
		number(v.OnTime.Part), number(v.OnTime.Of), percent(v.OnTime.Percent()), number(v.People))
	p.byCommune(m)
}

// byCommune adds the hamlets up by what they lie in.
func (p *page) byCommune(m MonthReport) {
	var order []org.PlaceID
	sums := make(map[org.PlaceID][4]int)
	for _, h := range m.Figures.Hamlets {
		if _, known := sums[h.Commune]; !known {
			order = append(order, h.Commune)
		}
		s := sums[h.Commune]
		sums[h.Commune] = [4]int{s[0] + 1, s[1] + h.Quota, s[2] + h.Claimed, s[3] + h.Verified}
	}
	var rows [][]string
	var total [4]int
	for _, c := range order {
		s := sums[c]
		rows = append(rows, []string{m.Names.place(c), number(s[0]), number(s[1]), number(s[2]), number(s[3])})
		for i := range total {
			total[i] += s[i]
		}
	}
	p.table("Bảng 2. Theo địa bàn", []string{"Xã, thị trấn", "#Số ấp, khu", "#Chỉ tiêu", "#Báo cáo", "#Xác nhận"}, rows,
		[]string{"Cộng", number(total[0]), number(total[1]), number(total[2]), number(total[3])})
}

func (p *page) dissemination(f report.Figures) {
	p.heading(3, "2. Tuyên truyền, phổ biến")
	p.para("Đã phổ biến %s lượt nội dung cho %s lượt người nghe.", number(f.Visits.Told), number(f.Visits.Audience))
}

func (p *page) heard(m MonthReport) {
	o := m.Figures.Opinions
	p.heading(3, "3. Tiếp nhận ý kiến")
	p.para("Tổng số %s lượt ý kiến: trả lời tại chỗ %s, hướng dẫn đến cơ quan có thẩm quyền %s, chuyển thành vấn đề phải giải quyết %s, ghi nhận %s.",
		number(o.Total), number(o.OnSpot), number(o.Guided), number(o.Linked), number(o.Noted))
	p.cells("Bảng 3. Theo loại ý kiến", "Loại", o.ByKind, o.Total, kindVN)
	p.cells("Bảng 4. Theo lĩnh vực", "Lĩnh vực", o.ByTopic, o.Total, m.Names.topic)
	p.cells("Bảng 5. Theo địa bàn", "Xã, thị trấn", o.ByCommune, o.Total, func(k string) string { return m.Names.place(org.PlaceID(k)) })
	if m.Figures.Sealed != "" {
		p.para("Nội dung tố cáo: %s, đã hướng dẫn và chuyển cơ quan có thẩm quyền theo quy định.", m.Figures.Sealed)
	}
}

func (p *page) cells(caption, heading string, cells []report.Cell, total int, label func(string) string) {
	rows := make([][]string, 0, len(cells))
	for _, c := range cells {
		rows = append(rows, []string{label(c.Key), number(c.Count)})
	}
	p.table(caption, []string{heading, "#Số lượt"}, rows, []string{"Cộng", number(total)})
}

func (p *page) answered(m MonthReport) {
	f := m.Figures
	p.heading(3, "4. Giải quyết và phản hồi")
	p.para("Trong kỳ phát sinh %s vấn đề. Số vấn đề đến hạn trong kỳ: %s, trong đó đơn vị trả lời đúng hạn %s (%s). Chưa đến hạn: %s.",
		number(f.Issues.Registered), number(f.Units.Of), number(f.Units.Part), percent(f.Units.Percent()), number(f.NotDue))
	p.cells("Bảng 6. Vấn đề phát sinh trong kỳ, theo tình trạng", "Tình trạng", f.Issues.ByStatus, f.Issues.Registered, statusVN)
	p.cells("Bảng 7. Vấn đề phát sinh trong kỳ, theo kết quả trả lời", "Kết quả", f.Issues.ByClass, f.Issues.Registered, classVN)
	var rows [][]string
	var sum [4]int
	for _, l := range f.UnitLines {
		rows = append(rows, []string{m.Names.unit(l.Unit), number(l.Due), number(l.OnTime), number(l.Late), number(l.Overdue)})
		for i, n := range []int{l.Due, l.OnTime, l.Late, l.Overdue} {
			sum[i] += n
		}
	}
	p.table("Bảng 8. Đơn vị chủ trì trả lời, đến hạn trong kỳ", []string{"Đơn vị", "#Đến hạn", "#Đúng hạn", "#Trễ hạn", "#Quá hạn, chưa trả lời"}, rows,
		[]string{"Cộng", number(sum[0]), number(sum[1]), number(sum[2]), number(sum[3])})
	p.para("Đã phản hồi cho dân %s/%s câu trả lời được duyệt trong kỳ (%s). Hỏi sự hài lòng %s lượt, có %s ý kiến trả lời (%s): hài lòng %s (%s số người trả lời).",
		number(f.Feedback.Part), number(f.Feedback.Of), percent(f.Feedback.Percent()), number(f.Replied.Of), number(f.Replied.Part), percent(f.Replied.Percent()),
		number(f.Satisfied.Part), percent(f.Satisfied.Percent()))
}

func (p *page) supervised(f report.Figures) {
	p.heading(3, "5. Nhân dân và cơ sở nhận xét")
	if len(f.Supervision) == 0 {
		p.para("Chưa có nhận xét trong kỳ.")
		return
	}
	var rows [][]string
	for _, source := range []supervision.Source{supervision.Resident, supervision.KeyPerson, supervision.Commune} {
		if g, ok := f.Supervision[source]; ok {
			rows = append(rows, []string{sourceVN(source), number(g.Ratings), number(g.Complete), number(g.Punctual), number(g.Proper)})
		}
	}
	p.table("Bảng 9. Nhận xét theo từng nguồn (không cộng gộp)", []string{"Nguồn", "#Số nhận xét", "#Tham gia đầy đủ", "#Đúng giờ", "#Đúng mực"}, rows, nil)
}

func (p *page) corrections(f report.Figures) {
	if len(f.Corrections) == 0 {
		return
	}
	p.heading(2, "V. Đính chính số liệu kỳ trước")
	for _, c := range f.Corrections {
		p.para("Kỳ từ %s đến %s: số buổi được xác nhận nay là %s/%s (đã báo cáo %s/%s).", c.Period.From.VN(), c.Period.To.VN(),
			number(c.Verified.Part), number(c.Verified.Of), number(c.Was.Part), number(c.Was.Of))
	}
}
