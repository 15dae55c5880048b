package policy

import (
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
)

// field is one number of the programme: its key in the JSON form, where it is
// kept, what it may be, and what it means. The table of fields is the one place
// that knows all of them; parsing, validation and description run over it.
type field struct {
	key      string
	at       any // *int, *bool, *string, *calendar.Date, *calendar.TimeOfDay, *[]Span
	min, max int // of an int
	unit     unit
	en, vi   string
}

// unit is what a number counts.
type unit string

const (
	workingDays  unit = "wd"
	calendarDays unit = "days"
	hours        unit = "hours"
	minutes      unit = "minutes"
	months       unit = "months"
	count        unit = ""
)

// fields lists every field of p in the order of the JSON form.
func (p *Policy) fields() []field {
	var all []field
	for _, section := range [][]field{
		p.headFields(), p.quotaFields(), p.visitFields(), p.issueFields(), p.ladderFields(), p.windowFields(), p.otherFields(),
	} {
		all = append(all, section...)
	}
	return all
}

func (p *Policy) headFields() []field {
	return []field{
		text("version", &p.Version, "name of this version of the numbers", "tên phiên bản của bộ quy định"),
		{key: "from", at: &p.From, en: "first day on which it is valid", vi: "ngày bắt đầu áp dụng"},
		text("zone", &p.Zone, "zone of every deadline", "múi giờ của mọi thời hạn"),
		text("basis", &p.Basis, "decision that set it", "văn bản ban hành"),
	}
}

func (p *Policy) quotaFields() []field {
	q := &p.Quota
	return []field{
		number("quota.per_month", &q.PerMonth, 1, 31, count, "verified visits per hamlet and month", "số buổi xuống mỗi ấp trong tháng"),
		yesNo("quota.distinct_days", &q.DistinctDays, "two visits on one day count once", "hai buổi trong một ngày chỉ tính một"),
		number("quota.min_gap_days", &q.MinGapDays, 0, 30, calendarDays, "between two counted visits", "khoảng cách tối thiểu giữa hai buổi được tính"),
		number("quota.first_slot_end", &q.FirstSlotEnd, 1, 27, count, "last day of the month's first slot", "ngày cuối của đợt thứ nhất trong tháng"),
		number("quota.plan_due_day", &q.PlanDueDay, 1, 28, count, "day of the month before by which the month plan is due", "ngày của tháng trước phải có kế hoạch tháng"),
		number("quota.plan_remind_days", &q.PlanRemindDays, 1, 15, workingDays, "before that: first reminder of the month plan", "nhắc lập kế hoạch tháng trước hạn"),
		number("quota.max_spread", &q.MaxSpread, 0, 100, count, "allowed difference in hamlets between the most and the least loaded official", "chênh lệch số ấp cho phép giữa người nhiều nhất và người ít nhất"),
	}
}

func (p *Policy) visitFields() []field {
	v := &p.Visits
	return []field{
		number("visits.remind_days_before", &v.RemindDaysBefore, 1, 14, calendarDays, "first reminder before a visit", "nhắc trước buổi xuống cơ sở"),
		number("visits.remind_hours_before", &v.RemindHoursBefore, 1, 12, hours, "second reminder before a visit", "nhắc lại trước giờ bắt đầu"),
		timeOfDay("visits.remind_not_before", &v.RemindNotBefore, "earliest hour of the second reminder", "giờ sớm nhất được nhắc lại"),
		number("visits.report_days", &v.ReportDays, 1, 30, workingDays, "from the visit to its report", "thời hạn báo cáo sau buổi"),
		number("visits.late_entry_days", &v.LateEntryDays, 0, 60, workingDays, "after the report was due in which it is still taken without approval", "thời gian còn nhận báo cáo trễ không cần duyệt"),
		number("visits.host_confirm_days", &v.HostConfirmDays, 1, 30, workingDays, "for the host to confirm", "thời hạn trưởng ấp xác nhận"),
		number("visits.dispute_days", &v.DisputeDays, 1, 30, workingDays, "to decide a dispute", "thời hạn xử lý ý kiến trái nhau"),
		number("visits.survey_days", &v.SurveyDays, 1, 60, workingDays, "from the start of an assignment to the survey", "thời hạn khảo sát địa bàn từ ngày nhận phân công"),
		number("visits.survey_stale_months", &v.SurveyStaleMonths, 1, 60, months, "after which a survey is out of date", "số tháng khảo sát còn giá trị"),
		number("visits.handover_days", &v.HandoverDays, 1, 60, workingDays, "after an assignment ended, for both officials to sign the handover", "thời hạn hai bên ký bàn giao địa bàn"),
		number("visits.late_arrival_minutes", &v.LateArrivalMinutes, 0, 120, minutes, "of delay that do not count as late", "số phút đến chậm được châm chước"),
		timeOfDay("visits.vacancy_cut_off", &v.VacancyCutOff, "on the last working day before a visit nobody is there to hold", "giờ chốt người thay, ngày làm việc liền trước buổi"),
		number("visits.evidence_strong", &v.EvidenceStrong, 1, 5, count, "strong pieces of evidence that verify a visit", "số chứng cứ mạnh để xác thực buổi"),
		number("visits.clock_skew_minutes", &v.ClockSkewMinutes, 1, 1440, minutes, "by which the clock of a device may be wrong before its report is doubted", "số phút đồng hồ thiết bị được sai lệch trước khi báo cáo bị đặt câu hỏi"),
	}
}

func (p *Policy) issueFields() []field {
	i := &p.Issues
	fields := []field{
		number("issues.triage_days", &i.TriageDays, 1, 30, workingDays, "from registration to triage", "thời hạn phân loại"),
	}
	fields = append(fields, urgencies("issues.promise_days", &i.PromiseDays, "from registration, promised to the citizen", "thời hạn hẹn trả lời người dân")...)
	fields = append(fields, urgencies("issues.unit_days", &i.UnitDays, "from referral, owed by the lead unit", "thời hạn đơn vị chủ trì trả lời")...)
	return append(fields,
		number("issues.return_days", &i.ReturnDays, 0, 30, workingDays, `after referral in which "not ours" is heard`, "thời hạn trả lại việc không đúng thẩm quyền"),
		number("issues.max_returns", &i.MaxReturns, 0, 10, count, "returns before arbitration", "số lần trả lại trước khi phân xử"),
		number("issues.arbitration_days", &i.ArbitrationDays, 1, 30, workingDays, "to decide which unit leads", "thời hạn phân xử thẩm quyền"),
		number("issues.max_extensions", &i.MaxExtensions, 0, 5, count, "extensions of one term", "số lần gia hạn"),
		number("issues.extension_days", &i.ExtensionDays, 1, 60, workingDays, "of one extension at most", "số ngày mỗi lần gia hạn, tối đa"),
		number("issues.pause_days", &i.PauseDays, 0, 60, workingDays, "of all pauses of one referral at most", "tổng số ngày tạm dừng, tối đa"),
		number("issues.feedback_days", &i.FeedbackDays, 1, 30, workingDays, "from the approved answer to telling it", "thời hạn phản hồi người dân sau khi duyệt trả lời"),
		number("issues.satisfaction_days", &i.SatisfactionDays, 1, 60, workingDays, "in which the speaker's word on the answer is awaited", "thời gian chờ ý kiến hài lòng"),
		number("issues.max_rounds", &i.MaxRounds, 1, 5, count, "rounds of answers before an appeal", "số vòng trả lời trước khi xem xét lại"),
		number("issues.appeal_days", &i.AppealDays, 1, 60, workingDays, "to decide an appeal", "thời hạn xem xét lại"),
		number("issues.sealed_ack_days", &i.SealedAckDays, 1, 30, workingDays, "for the inspector to acknowledge a sealed case", "thời hạn thanh tra xác nhận nội dung mật"),
		number("issues.collective_hamlets", &i.CollectiveHamlets, 2, 100, count, "hamlets with the same subject that make it collective", "số ấp cùng nêu một vấn đề để coi là kiến nghị chung"),
		number("issues.collective_opinions", &i.CollectiveOpinions, 2, 1000, count, "opinions on the same subject that make it collective", "số ý kiến cùng vấn đề để coi là kiến nghị chung"),
		number("issues.collective_days", &i.CollectiveDays, 1, 366, calendarDays, "within which they are counted", "khoảng thời gian đếm kiến nghị chung"),
	)
}

func (p *Policy) ladderFields() []field {
	l := &p.Ladder
	return []field{
		timeOfDay("ladder.send_at", &l.SendAt, "hour of reminders and of every level", "giờ gửi nhắc việc và báo cáo trễ hạn"),
		number("ladder.remind_days_before", &l.RemindDaysBefore, 1, 10, workingDays, "before the due date: first reminder", "nhắc trước hạn"),
		number("ladder.remind_min_term", &l.RemindMinTerm, 1, 60, workingDays, "of a term at least, for a first reminder", "thời hạn ngắn nhất còn nhắc trước"),
		number("ladder.superior", &l.Superior, 1, 30, workingDays, "after the due date: holder and superior are told (E1)", "trễ bao nhiêu ngày thì báo người phụ trách trực tiếp (E1)"),
		number("ladder.head", &l.Head, 2, 60, workingDays, "after the due date: unit head and office are told (E2)", "trễ bao nhiêu ngày thì báo thủ trưởng đơn vị và Văn phòng (E2)"),
		number("ladder.leader", &l.Leader, 3, 90, workingDays, "after the due date: the vice-chair is told (E3)", "trễ bao nhiêu ngày thì báo phó chủ tịch phụ trách (E3)"),
		number("ladder.chair_every", &l.ChairEvery, 1, 60, workingDays, "further, again and again: the chair's digest (E4)", "sau đó cứ bao nhiêu ngày thì đưa vào bản tổng hợp của chủ tịch (E4)"),
	}
}

func (p *Policy) windowFields() []field {
	w := &p.Windows
	return []field{
		spans("windows.officials", &w.Officials, "hours for visit matters, any day but closures", "giờ nhắn việc xuống cơ sở, trừ ngày nghỉ lễ"),
		spans("windows.ladder", &w.Ladder, "hours for escalations, working days", "giờ báo trễ hạn, ngày làm việc"),
		spans("windows.leaders", &w.Leaders, "hours for leaders, working days", "giờ báo lãnh đạo, ngày làm việc"),
		spans("windows.citizens", &w.Citizens, "hours for citizens, any day but closures", "giờ nhắn người dân, trừ ngày nghỉ lễ"),
		timeOfDay("windows.pre_closure_at", &w.PreClosureAt, "hour of the digest before a long closure", "giờ gửi bản nhắc trước kỳ nghỉ dài"),
		number("windows.pre_closure_min_days", &w.PreClosureMinDays, 2, 30, calendarDays, "off in a row that make a long closure", "số ngày nghỉ liền nhau coi là kỳ nghỉ dài"),
		number("windows.pre_closure_due_days", &w.PreClosureDueDays, 0, 30, workingDays, "after reopening: what is due then is in the digest", "việc đến hạn trong bao nhiêu ngày sau kỳ nghỉ thì nhắc trước"),
	}
}

func (p *Policy) otherFields() []field {
	r, t, n := &p.Ratings, &p.Reports, &p.Notices
	return []field{
		number("ratings.min_to_show", &r.MinToShow, 1, 100, count, "ratings before the official sees an average", "số nhận xét tối thiểu mới hiển thị cho cán bộ"),
		number("ratings.collect_days", &r.CollectDays, 1, 60, workingDays, "a round of ratings stays open", "thời gian thu nhận xét"),
		number("ratings.sample_per_month", &r.SamplePerMonth, 0, 1000, count, "call-backs drawn each month", "số cuộc gọi kiểm chứng mỗi tháng"),
		number("ratings.explain_days", &r.ExplainDays, 1, 60, workingDays, "to explain a flag", "thời hạn giải trình"),
		number("ratings.signal_repeats", &r.SignalRepeats, 2, 20, count, "visits that look the same before it is a signal of box-ticking", "số buổi giống nhau trước khi coi là dấu hiệu hình thức"),
		number("ratings.quick_minutes", &r.QuickMinutes, 1, 60, minutes, "between two reports below which they were written together", "khoảng cách giữa hai báo cáo dưới mức này coi như viết cùng lúc"),

		number("reports.round_days", &t.RoundDays, 1, 30, workingDays, "after a round, for its report", "thời hạn báo cáo đợt"),
		number("reports.month_day", &t.MonthDay, 1, 15, workingDays, "of the next month on which the month report is due", "ngày làm việc thứ mấy của tháng sau phải có báo cáo tháng"),
		number("reports.close_day", &t.CloseDay, 0, 28, count, "on which the month closes; 0: its last day", "ngày chốt tháng; 0 là ngày cuối tháng"),
		number("reports.small_cell", &t.SmallCell, 1, 20, count, "counts of sensitive kinds below this are not shown", "số liệu nhạy cảm nhỏ hơn mức này không hiển thị"),
		number("reports.red_list_max", &t.RedListMax, 1, 100, count, "items of the weekly red list", "số việc tối đa trong danh sách đỏ hằng tuần"),
		number("notices.sms_per_day", &n.SMSPerDay, 1, 50, count, "messages to one recipient in any 24 hours", "số tin nhắn cho một người trong 24 giờ bất kỳ"),
		number("notices.sms_gap_minutes", &n.SMSGapMinutes, 0, 1440, minutes, "between two messages to one recipient; 0: none", "khoảng cách giữa hai tin nhắn cho một người; 0 là không giới hạn"),
		number("notices.sms_segments_per_day", &n.SMSSegmentsPerDay, 0, 99_999, count, "message parts a day for the whole programme; 0: no budget", "hạn mức số phần tin nhắn mỗi ngày của cả chương trình; 0 là không giới hạn"),
		number("notices.max_attempts", &n.MaxAttempts, 1, 50, count, "attempts to send one notice", "số lần thử gửi"),
		number("notices.max_claims", &n.MaxClaims, 1, 50, count, "claims beyond attempts before a notice counts as poison", "số lần nhận việc mà không gửi được trước khi loại"),
		number("notices.max_segments", &n.MaxSegments, 1, 10, count, "parts of one SMS", "số phần của một tin nhắn"),
		number("notices.unknown_resend_after", &n.UnknownResendAfter, 1, 1440, minutes, "after which an unknown outcome is sent again", "sau bao nhiêu phút thì gửi lại tin không rõ kết quả"),
		number("notices.coverage_alarm_days", &n.CoverageAlarmDays, 1, 366, calendarDays, "of calendar left that raise an alarm", "lịch còn bao nhiêu ngày thì cảnh báo"),
		number("retention.speaker_months", &p.Retention.SpeakerMonths, 1, 120, months, "after closing, then name and phone are scrubbed", "số tháng giữ tên và số điện thoại người phản ánh sau khi kết thúc"),
	}
}

func number(key string, at *int, low, high int, u unit, en, vi string) field {
	return field{key: key, at: at, min: low, max: high, unit: u, en: en, vi: vi}
}

func text(key string, at *string, en, vi string) field {
	return field{key: key, at: at, en: en, vi: vi}
}

func yesNo(key string, at *bool, en, vi string) field { return field{key: key, at: at, en: en, vi: vi} }

func spans(key string, at *[]Span, en, vi string) field {
	return field{key: key, at: at, en: en, vi: vi}
}

func timeOfDay(key string, at *calendar.TimeOfDay, en, vi string) field {
	return field{key: key, at: at, en: en, vi: vi}
}

func urgencies(key string, at *ByUrgency, en, vi string) []field {
	return []field{
		number(key+".urgent", &at.Urgent, 1, 250, workingDays, en+", urgent", vi+", việc khẩn"),
		number(key+".normal", &at.Normal, 1, 250, workingDays, en+", normal", vi+", việc thường"),
		number(key+".complex", &at.Complex, 1, 250, workingDays, en+", complex", vi+", việc phức tạp"),
	}
}

// value is the field as people read it.
func (f field) value() string {
	switch at := f.at.(type) {
	case *int:
		return strings.TrimSpace(strconv.Itoa(*at) + " " + string(f.unit))
	case *bool:
		return strconv.FormatBool(*at)
	case *string:
		return *at
	case *[]Span:
		var parts []string
		for _, s := range *at {
			parts = append(parts, s.From.String()+"-"+s.To.String())
		}
		return strings.Join(parts, ", ")
	case *calendar.Date:
		return at.String()
	case *calendar.TimeOfDay:
		return at.String()
	}
	return ""
}

// Entry is one line of the description of a policy.
type Entry struct {
	Key   string `json:"key"`   // as in the JSON form: "issues.unit_days.normal"
	Value string `json:"value"` // with its unit: "10 wd"
	En    string `json:"en"`
	Vi    string `json:"vi"`
}

// Describe lists every number of the policy with its value and meaning, in the
// order of the JSON form, for documents and for a decision to be signed.
func (p Policy) Describe() []Entry {
	var entries []Entry
	for _, f := range p.fields() {
		entries = append(entries, Entry{Key: f.key, Value: f.value(), En: f.en, Vi: f.vi})
	}
	return entries
}
