package opinion

import (
	"slices"

	"github.com/huongvecoso/outreach/core/fault"
)

// Kinds lists the kinds of opinion, in the order of A1.
func Kinds() []Kind {
	return []Kind{Report, Petition, Question, Suggestion, Feeling, Wish, Complaint, Denunciation, Unclassified}
}

// Known reports whether k is one of the kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// OwesAnswer reports whether somebody waits for an answer (A1). What nobody has
// classified yet is taken to owe one: a category is never a gate (S15).
func (k Kind) OwesAnswer() bool {
	switch k {
	case Report, Petition, Question, Suggestion, Unclassified:
		return true
	}
	return false
}

// GuideOnly reports whether the programme guides the speaker to the competent
// body and never settles the matter itself (L3).
func (k Kind) GuideOnly() bool { return k == Complaint || k == Denunciation }

// Text tells the speaker in plain words who will know who spoke, in the reader's
// language (see [fault.English]); empty for what is no grade. It is read out before
// anything is written down.
func (c Confidentiality) Text(lang string) string {
	words := map[Confidentiality][2]string{
		Open: {
			"Tên của ông/bà được những người xử lý biết và có thể được nêu ở ấp.",
			"Those who handle the matter will know your name, and it may be said in the hamlet.",
		},
		NameHidden: {
			"Người xử lý chỉ biết nội dung; chỉ Văn phòng chương trình biết tên ông/bà.",
			"Those who handle the matter will know what you said; only the programme office will know your name.",
		},
		Sealed: {
			"Chỉ thanh tra có thẩm quyền được đọc. Ông/bà giữ mã biên nhận để hỏi kết quả; không ai khác biết.",
			"Only the competent inspector will read it. You keep a receipt code to ask what became of it; nobody else will know.",
		},
	}[c]
	if fault.English(lang) {
		return words[1]
	}
	return words[0]
}

// sealed reports whether what was said must not stand in this store at all.
func (k Kind) sealed() bool { return k == Denunciation }
