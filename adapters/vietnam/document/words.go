package document

import (
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
)

// The Vietnamese words for what the core names in English. An unknown name is
// shown as it is.

func word(words map[string]string, key string) string {
	if w, ok := words[key]; ok {
		return w
	}
	return key
}

func kindVN(k string) string {
	return word(map[string]string{
		string(opinion.Report): "Phản ánh", string(opinion.Petition): "Kiến nghị", string(opinion.Question): "Thắc mắc",
		string(opinion.Suggestion): "Góp ý", string(opinion.Feeling): "Tâm tư", string(opinion.Wish): "Nguyện vọng",
		string(opinion.Complaint): "Khiếu nại (hướng dẫn)", string(opinion.Unclassified): "Chưa phân loại",
	}, k)
}

func statusVN(s string) string {
	return word(map[string]string{
		string(issue.Registered): "Mới ghi nhận", string(issue.Triaged): "Đã phân loại", string(issue.Referred): "Đã chuyển đơn vị",
		string(issue.Returned): "Đơn vị trả lại", string(issue.Arbitration): "Đang phân xử thẩm quyền", string(issue.OnHold): "Tạm dừng",
		string(issue.AnswerDrafted): "Đã dự thảo trả lời", string(issue.FeedbackDue): "Chờ phản hồi cho dân", string(issue.FeedbackGiven): "Đã phản hồi, chờ ý kiến của dân",
		string(issue.Appealed): "Đang xem xét lại", string(issue.Closed): "Đã kết thúc", string(issue.ClosedFinal): "Đã kết thúc theo quyết định",
		string(issue.Linked): "Gộp với vấn đề khác",
	}, s)
}

func classVN(c string) string {
	return word(map[string]string{
		string(issue.Settled): "Đã giải quyết xong", string(issue.InProgress): "Đang giải quyết, có lộ trình", string(issue.Explained): "Giải trình, cung cấp thông tin",
		string(issue.Study): "Tiếp thu, nghiên cứu", string(issue.Refused): "Không có cơ sở giải quyết", string(issue.Beyond): "Vượt thẩm quyền, đã chuyển",
		"none": "Chưa trả lời",
	}, c)
}

func sourceVN(s supervision.Source) string {
	return word(map[string]string{
		string(supervision.Resident): "Người dân", string(supervision.KeyPerson): "Ban ấp, người có uy tín", string(supervision.Commune): "Lãnh đạo xã",
	}, string(s))
}

func roleVN(r org.Role) string {
	return word(map[string]string{
		string(org.PartyCellSecretary): "Bí thư chi bộ ấp", string(org.HamletHead): "Trưởng ấp", string(org.ResidentGroupHead): "Tổ trưởng Tổ nhân dân", string(org.VillageElder): "Già làng, người có uy tín",
	}, string(r))
}
