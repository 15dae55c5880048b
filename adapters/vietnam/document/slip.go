package document

import (
	"io"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/issue"
)

// WriteAnswerSlip writes the answer to one issue on paper (phiếu trả lời) for a
// speaker who has no telephone: what was raised, what was promised, the answer,
// who brings it, and lines to sign that it was told (EX-24, domain 3.10). The
// speaker's name stands there only if the slip has it.
func WriteAnswerSlip(w io.Writer, head Letterhead, s core.AnswerSlip) error {
	p := &page{w: w}
	p.begin("Phiếu trả lời " + s.Code)
	p.letterhead(head)
	p.heading(1, "PHIẾU TRẢ LỜI")
	p.rawf("<p class=\"subject\">Về phản ánh, kiến nghị mã số %s</p>\n", s.Code)
	if s.Name != "" {
		p.para("Kính gửi: %s, %s.", s.Name, s.Place)
	} else {
		p.para("Kính gửi: Người nêu ý kiến tại %s.", s.Place)
	}
	p.answer(s)
	p.para("Người trả lời trực tiếp: %s.%s", s.Official, hotline(s.Hotline))
	p.para("Nếu chưa đồng ý với nội dung trả lời, ông (bà) báo cho công chức phụ trách, trưởng ấp hoặc Văn phòng để được xem xét lại.")
	p.raw("<p>Đã được trả lời ngày ……/……/………  " + `<span class="box"></span>Hài lòng  <span class="box"></span>Chưa hài lòng` + "</p>\n")
	p.signature(head)
	return p.end()
}

// WriteNoticeBoard writes the page for the notice board of a hamlet (niêm yết):
// the answers to those who spoke without a name, by code. It names nobody, even
// where a slip does.
func WriteNoticeBoard(w io.Writer, head Letterhead, place string, slips []core.AnswerSlip) error {
	p := &page{w: w}
	p.begin("Niêm yết trả lời ý kiến " + place)
	p.letterhead(head)
	p.heading(1, "THÔNG BÁO")
	p.rawf("<p class=\"subject\">Niêm yết nội dung trả lời ý kiến của người dân tại %s</p>\n", place)
	if len(slips) == 0 {
		p.para("Không có nội dung trả lời cần niêm yết.")
	}
	for _, s := range slips {
		p.heading(2, "Mã số "+s.Code)
		p.answer(s)
	}
	if len(slips) > 0 {
		p.para("Người nêu ý kiến chưa đồng ý với nội dung trả lời có thể báo cho trưởng ấp hoặc công chức phụ trách, không cần ghi tên, chỉ cần ghi mã số.%s", hotline(slips[0].Hotline))
	}
	p.signature(head)
	return p.end()
}

// answer writes what was raised and what is answered, without anybody's name.
func (p *page) answer(s core.AnswerSlip) {
	p.para("Nội dung: %s. Ghi nhận ngày %s, hẹn trả lời ngày %s; câu trả lời được duyệt ngày %s.", s.Title, s.Raised.VN(), s.Promised.VN(), s.Approved.VN())
	p.para("Đơn vị trả lời: %s. Kết quả: %s.", s.Unit, classVN(string(s.Class)))
	p.prose(s.Text, "")
	switch s.Class {
	case issue.InProgress:
		p.para("Thời hạn hoàn thành: %s.", s.Roadmap.VN())
	case issue.Refused:
		p.para("Căn cứ: %s.", s.Ground)
	case issue.Beyond:
		p.para("Đã chuyển đến: %s.", s.Body)
	}
	if s.Document != "" {
		p.para("Văn bản trả lời số: %s.", s.Document)
	}
}

func hotline(number string) string {
	if number == "" {
		return ""
	}
	return " Đường dây nóng: " + number + "."
}
