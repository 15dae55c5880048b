package document

import (
	"io"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/visit"
)

// WriteSheet writes the sheet an official takes along to one visit (phiếu đi cơ
// sở): whom to meet, which answers to tell first, what people will ask about,
// what to spread, what is known of the place, and lines to write on.
func WriteSheet(w io.Writer, a core.Agenda, names Names) error {
	p := &page{w: w}
	v := a.Visit
	p.begin("Phiếu đi cơ sở " + v.Planned.VN())
	p.heading(1, "PHIẾU ĐI CƠ SỞ")
	p.rawf("<p class=\"subject\">%s – %s, %s</p>\n", a.PlaceName, v.At.VN(), v.On().Text("vi"))
	p.para("Công chức: %s. Địa điểm: %s.", names.person(v.Holder()), orDash(v.Venue))
	p.hosts(a)
	p.lastTime(a)
	p.issues("2. Phải trả lời cho bà con tại buổi này", a.Answers, "Không còn câu trả lời nào nợ bà con.", true)
	p.issues("3. Đang giải quyết – bà con có thể hỏi", a.Open, "Không có vấn đề đang giải quyết.", false)
	p.heading(2, "4. Nội dung phổ biến")
	p.raw("<ul>")
	for _, i := range a.Items {
		p.rawf(`<li><span class="box"></span>%s %s</li>`, i.Title, parenthesis(i.Document))
	}
	p.raw("</ul>\n")
	p.profile(a)
	p.heading(2, "6. Ghi chép ý kiến")
	for range 12 {
		p.raw(`<div class="line"></div>`)
	}
	return p.end()
}

func (p *page) hosts(a core.Agenda) {
	p.heading(2, "1. Người cần gặp")
	rows := make([][]string, 0, len(a.Hosts))
	for _, h := range a.Hosts {
		rows = append(rows, []string{roleVN(h.Role), h.Person.Honorific + " " + h.Person.FullName, orDash(h.Person.Phone)})
	}
	p.table("", []string{"Vai trò", "Họ tên, cách xưng hô", "Điện thoại"}, rows, nil)
}

// lastTime says when somebody was here last and what was written down then.
func (p *page) lastTime(a core.Agenda) {
	if a.Last == nil {
		return
	}
	if r, ok := a.Last.Standing(); ok {
		p.para("Buổi trước: %s, %s người dự. %s", a.Last.On().VN(), number(r.People), r.Minutes)
	}
}

func (p *page) issues(title string, issues []issue.State, none string, tick bool) {
	p.heading(2, title)
	if len(issues) == 0 {
		p.para("%s", none)
		return
	}
	p.raw("<ul>")
	for _, i := range issues {
		box := ""
		if tick {
			box = `<span class="box"></span>`
		}
		p.rawf("<li>"+box+"%s – %s. Hẹn trả lời: %s.", i.Code, i.Title, i.PromiseDue.VN())
		if n := len(i.Answers); tick && n > 0 {
			p.rawf("<br><i>%s:</i> %s", classVN(string(i.Answers[n-1].Class)), i.Answers[n-1].Text)
		}
		p.raw("</li>")
	}
	p.raw("</ul>\n")
}

func (p *page) profile(a core.Agenda) {
	p.heading(2, "5. Đặc điểm tình hình")
	if a.Profile == nil {
		p.para("Chưa có khảo sát: khảo sát trong buổi này.")
		return
	}
	f := a.Profile
	p.para("%s hộ, %s nhân khẩu, %s tổ nhân dân; hộ nghèo %s, cận nghèo %s (khảo sát ngày %s, lần %s).",
		number(f.Households), number(f.Inhabitants), number(f.Groups), number(f.Poor), number(f.NearPoor), f.On.VN(), f.Edition)
	if f.Status == visit.ProfileStale {
		p.para("Số liệu này đã cũ: cần khảo sát lại.")
	}
	if f.HotIssues != "" {
		p.para("Vấn đề nổi cộm: %s", f.HotIssues)
	}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func parenthesis(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}
