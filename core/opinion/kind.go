package opinion

import "slices"

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

// sealed reports whether what was said must not stand in this store at all.
func (k Kind) sealed() bool { return k == Denunciation }
