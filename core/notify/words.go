package notify

// words are the values that the programme writes as a word of its own, by field,
// with what people read instead: Vietnamese, then English. What is not here stands
// as it is.
func words(field, value string) (vi, en string, known bool) {
	switch field + "/" + value {
	case "what/outbox":
		return "thông báo đến hạn chưa được gửi", "due notices wait", true
	case "what/unknown":
		return "có thông báo chưa rõ đã gửi hay chưa", "outcomes are unknown", true
	case "what/clock":
		return "các mốc hạn không được xét", "nobody looks at the due dates", true
	case "what/ledger":
		return "sổ thông báo thiếu dòng", "rows of the outbox are missing", true
	case "outcome/verified":
		return "buổi được công nhận", "the visit counts", true
	case "outcome/refused":
		return "buổi không được công nhận", "the visit does not count", true
	case "channel/sms":
		return "SMS", "SMS", true
	case "channel/email":
		return "thư điện tử", "e-mail", true
	case "channel/in_app":
		return "ứng dụng", "application", true
	case "channel/paper_task":
		return "việc giấy", "paper", true
	}
	return "", "", false
}
