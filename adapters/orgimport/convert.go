package orgimport

import (
	"strconv"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// date reads a date as 2017-05-31, as 31/5/2017, or as the number of days that
// spreadsheets count; missing stands for an empty cell.
func (r *Row) date(column string, missing calendar.Date) calendar.Date {
	value := r.value(column)
	if value == "" {
		return missing
	}
	if serial, err := strconv.Atoi(value); err == nil && serial > 59 && serial < 2958466 { // to 9999-12-31
		return calendar.MustDate(1899, 12, 30).Add(serial)
	}
	if d, err := calendar.ParseDate(value); err == nil {
		return d
	}
	d, err := calendar.ParseDateVN(value)
	if err != nil {
		r.note(Failure, "cell.date", column, "The column %s holds no date; write 2017-05-31 or 31/5/2017.", "Cột %s không phải ngày; ghi 2017-05-31 hoặc 31/5/2017.", column)
	}
	return d
}

// period reads the columns from and to; open ends where they are empty.
func (r *Row) period(since calendar.Date) calendar.Period {
	return calendar.Period{From: r.date("from", since), To: r.date("to", calendar.Date{})}
}

// phone reads a telephone number and says whether it takes text messages. What
// was converted is noted; a doubtful number is an error with a suggestion.
func (r *Row) phone() (number string, sms bool) {
	raw := r.value("phone")
	if raw == "" {
		return "", false
	}
	p, err := vietnam.ParsePhone(raw)
	if err != nil {
		for _, v := range fault.Violations(err) {
			r.Notes = append(r.Notes, Note{Severity: Failure, Rule: v.Rule, Field: "phone", En: v.En, Vi: v.Vi, Suggest: p.Display})
		}
		return "", false
	}
	if p.Changed {
		r.Notes = append(r.Notes, Note{Severity: Warning, Rule: "orgimport.phone.converted", Field: "phone", En: p.NoteEn, Vi: p.Note, Suggest: p.Display})
	}
	if !p.SMS() {
		r.note(Warning, "phone.landline", "phone", "A landline may be called and gets no text messages.", "Số cố định chỉ gọi được, không nhận tin nhắn.")
	}
	return p.E164, p.SMS()
}

// class reads the legal class of a participant (S6), as lists write it.
func (r *Row) class() org.Class {
	switch value := org.Fold(r.value("participant_class")); value {
	case "":
		return ""
	case "can bo", "can_bo", "cb", string(org.Cadre):
		return org.Cadre
	case "cong chuc", "cong_chuc", "cc", string(org.CivilServant):
		return org.CivilServant
	case "vien chuc", "vien_chuc", "vc", string(org.PublicEmployee):
		return org.PublicEmployee
	}
	r.note(Failure, "cell.class", "participant_class", "The class is can_bo, cong_chuc or vien_chuc.", "Đối tượng là can_bo, cong_chuc hoặc vien_chuc.")
	return ""
}

// role reads a role; missing stands for an empty cell.
func (r *Row) role(missing org.Role) org.Role {
	value := org.Role(r.value("role"))
	if value == "" {
		return missing
	}
	for _, known := range org.Roles() {
		if value == known {
			return value
		}
	}
	r.note(Failure, "cell.role", "role", "There is no such role; the roles are %v.", "Không có chức danh này; các chức danh gồm %v.", org.Roles())
	return ""
}
