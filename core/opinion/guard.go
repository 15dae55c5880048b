package opinion

import (
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Capture is what writing an opinion down needs to know: the words, and where
// they were spoken. Everything else may follow or stay away; an identity card, a
// phone or an account is never asked for (S10).
type Capture struct {
	ID              ID
	Visit           string // where it was heard, if at one
	Place           org.PlaceID
	Text            string   // in the speaker's own words: comes first
	Kind            Kind     // empty: unclassified
	Topics          []string // any number, or none
	Speaker         SpeakerID
	Collective      int // people who spoke together
	Confidentiality Confidentiality
	Heard           org.PersonID
	Proxy           bool // written down for somebody else who heard it
	Happened        calendar.Date
	ClientID        string // of the device, so that sending again does no harm
}

// New captures an opinion. A denunciation, and whatever the speaker wants to be
// kept sealed, is refused: it must never stand here. The rules are
// "opinion.capture.…"; no fault repeats what was said.
func New(c Capture, now time.Time) (State, error) {
	if c.Kind == "" {
		c.Kind = Unclassified
	}
	if c.Confidentiality == "" {
		c.Confidentiality = Open
	}
	if err := c.check(calendar.DateOf(now)); err != nil {
		return State{}, err
	}
	s := State{
		ID: c.ID, Visit: c.Visit, Place: c.Place, Kind: c.Kind, Topics: slices.Clone(c.Topics), Text: strings.TrimSpace(c.Text),
		Speaker: c.Speaker, Collective: c.Collective, Confidentiality: c.Confidentiality, Status: Captured,
		Heard: c.Heard, Proxy: c.Proxy, Happened: c.Happened, Recorded: now, ClientID: c.ClientID,
	}
	if !c.Kind.OwesAnswer() && !c.Kind.GuideOnly() { // nobody waits for an answer (S11)
		s.Status = Recorded
	}
	return s, nil
}

func (c Capture) check(today calendar.Date) error {
	if c.Kind.sealed() || c.Confidentiality == Sealed {
		return fault.Broken("opinion.capture.sealed", "kind", "this belongs to the inspector: hand it over sealed", "nội dung này thuộc thanh tra: phải chuyển theo chế độ mật")
	}
	var faults fault.List
	broken := func(rule, field, en, vi string, args ...any) {
		faults.Add(fault.Broken("opinion.capture."+rule, field, en, vi, args...))
	}
	if strings.TrimSpace(c.Text) == "" {
		broken("text_missing", "text", "write down what was said", "phải ghi nội dung ý kiến")
	}
	if c.Place == "" {
		broken("place_missing", "place", "an opinion was heard in some hamlet", "ý kiến phải có địa bàn")
	}
	if c.Heard == "" {
		broken("heard_missing", "heard", "somebody heard the opinion", "phải ghi người tiếp nhận ý kiến")
	}
	if !c.Kind.Known() {
		broken("kind_unknown", "kind", "that is no kind of opinion; leave it empty when unsure", "loại ý kiến không hợp lệ; để trống nếu chưa rõ")
	}
	if c.Confidentiality != Open && c.Confidentiality != NameHidden {
		broken("confidentiality_unknown", "confidentiality", "an opinion is open, name_hidden or sealed", "mức độ giữ kín là open, name_hidden hoặc sealed")
	}
	if c.Collective < 0 {
		broken("collective_negative", "collective", "%d people cannot have spoken", "số người cùng nêu không thể là %d", c.Collective)
	}
	if c.Happened.IsZero() || c.Happened.After(today) {
		broken("date", "happened", "an opinion was heard today or before", "ngày nghe ý kiến phải là hôm nay hoặc trước đó")
	}
	return faults.Err()
}

// AnswerOnSpot writes down the answer that the official gave at once (S16). The
// opinion is done with; its speaker may still be asked whether it satisfied. A
// complaint has no answer on the spot: it is guided.
func (s *State) AnswerOnSpot(answer string) error {
	if s.Kind.GuideOnly() {
		return fault.Broken("opinion.answer.guide_only", "kind", "the programme does not settle complaints: guide the speaker to the competent body", "chương trình không giải quyết khiếu nại: phải hướng dẫn đến cơ quan có thẩm quyền")
	}
	if strings.TrimSpace(answer) == "" {
		return fault.Broken("opinion.answer.text_missing", "answer", "write down the answer that was given", "phải ghi nội dung đã trả lời")
	}
	if err := s.check(AnsweredOnSpot); err != nil {
		return err
	}
	s.Answer, s.Status = strings.TrimSpace(answer), AnsweredOnSpot
	return nil
}

// Record sets an opinion aside: it was not answered at once.
func (s *State) Record() error {
	if s.Kind.GuideOnly() {
		return fault.Broken("opinion.record.guide_only", "kind", "a complaint is guided to the competent body", "khiếu nại phải được hướng dẫn đến cơ quan có thẩm quyền")
	}
	if err := s.check(Recorded); err != nil {
		return err
	}
	s.Status = Recorded
	return nil
}

// Guide writes down to which body a complainant was directed, and when (A1).
func (s *State) Guide(g Guidance, today calendar.Date) error {
	var faults fault.List
	if s.Kind != Complaint {
		faults.Add(fault.Broken("opinion.guide.kind", "kind", "only complaints are guided away; a %s is recorded", "chỉ khiếu nại mới hướng dẫn đi nơi khác; %s phải được ghi nhận", s.Kind))
	}
	if strings.TrimSpace(g.Body) == "" {
		faults.Add(fault.Broken("opinion.guide.body_missing", "body", "name the competent body", "phải ghi cơ quan có thẩm quyền"))
	}
	if g.On.IsZero() || g.On.After(today) || g.On.Before(s.Happened) {
		faults.Add(fault.Broken("opinion.guide.date", "on", "the speaker was guided between the day of the complaint and today", "ngày hướng dẫn phải từ ngày nêu khiếu nại đến hôm nay"))
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if err := s.check(Guided); err != nil {
		return err
	}
	s.Guidance, s.Status = &g, Guided
	return nil
}

// Classify says, later, what kind of opinion it is and what it is about. Turning
// it into a denunciation is not for this store: see [State.Empty].
func (s *State) Classify(kind Kind, topics []string) error {
	switch {
	case !kind.Known():
		return fault.Broken("opinion.classify.kind_unknown", "kind", "that is no kind of opinion", "loại ý kiến không hợp lệ")
	case kind.sealed():
		return fault.Broken("opinion.classify.sealed", "kind", "this belongs to the inspector: hand it over sealed", "nội dung này thuộc thanh tra: phải chuyển theo chế độ mật")
	case s.Status == Withdrawn || s.Status == Guided && !kind.GuideOnly():
		return fault.Broken("opinion.classify.done", "status", "an opinion that is %s keeps its kind", "ý kiến đang ở trạng thái %s không phân loại lại", s.Status)
	case kind.GuideOnly() && (s.Status == AnsweredOnSpot || s.Status == Linked):
		return fault.Broken("opinion.classify.handled", "status", "an opinion that is %s was handled already and cannot become a complaint", "ý kiến đang ở trạng thái %s đã được xử lý, không thể chuyển thành khiếu nại", s.Status)
	case !kind.OwesAnswer() && s.Status == Linked:
		return fault.Broken("opinion.classify.linked", "status", "an issue was registered from it: somebody waits for the answer", "ý kiến đã lập thành vấn đề: người dân đang chờ trả lời")
	}
	s.Kind, s.Topics = kind, slices.Clone(topics)
	if s.Status == Captured && !kind.OwesAnswer() && !kind.GuideOnly() {
		s.Status = Recorded
	}
	return nil
}

// Protect changes, on the speaker's wish, who may know who spoke. Sealing an
// opinion is not for this store: see [State.Empty].
func (s *State) Protect(c Confidentiality) error {
	switch {
	case c == Sealed:
		return fault.Broken("opinion.protect.sealed", "confidentiality", "this belongs to the inspector: hand it over sealed", "nội dung này thuộc thanh tra: phải chuyển theo chế độ mật")
	case c != Open && c != NameHidden:
		return fault.Broken("opinion.protect.unknown", "confidentiality", "an opinion is open, name_hidden or sealed", "mức độ giữ kín là open, name_hidden hoặc sealed")
	case s.Status == Withdrawn:
		return fault.Broken("opinion.protect.withdrawn", "status", "nothing of a withdrawn opinion is left to protect", "ý kiến đã rút không còn thông tin để bảo vệ")
	}
	s.Confidentiality = c
	return nil
}

// LinkTo says which issue was registered from the opinion. One answered on the
// spot may still be, unless its speaker is satisfied.
func (s *State) LinkTo(issue string) error {
	switch {
	case s.Kind.GuideOnly():
		return fault.Broken("opinion.link.guide_only", "kind", "the programme does not settle complaints: guide the speaker to the competent body", "chương trình không giải quyết khiếu nại: phải hướng dẫn đến cơ quan có thẩm quyền")
	case !s.Kind.OwesAnswer():
		return fault.Broken("opinion.link.no_answer_owed", "kind", "a %s waits for no answer: classify it anew if it does", "%s không phải trả lời: hãy phân loại lại nếu cần", s.Kind)
	case s.Status == Linked:
		return fault.Broken("opinion.link.twice", "status", "the opinion belongs to an issue already", "ý kiến đã thuộc một vấn đề")
	case s.Satisfied == Yes:
		return fault.Broken("opinion.link.satisfied", "status", "the speaker is satisfied with the answer given on the spot", "người nêu ý kiến đã hài lòng với trả lời tại chỗ")
	}
	if err := s.check(Linked); err != nil {
		return err
	}
	s.Issue, s.Status = issue, Linked
	return nil
}

// Say writes down whether the speaker is satisfied with an answer given on the
// spot: those are sampled for quality (S16).
func (s *State) Say(satisfied bool) error {
	switch {
	case s.Status != AnsweredOnSpot:
		return fault.Broken("opinion.reply.not_answered", "status", "an opinion that is %s was not answered on the spot", "ý kiến đang ở trạng thái %s chưa được trả lời tại chỗ", s.Status)
	case s.Satisfied != "":
		return fault.Broken("opinion.reply.twice", "satisfied", "the speaker replied already", "người nêu ý kiến đã trả lời")
	}
	s.Satisfied = No
	if satisfied {
		s.Satisfied = Yes
	}
	return nil
}

// Withdraw takes back what was said, on the speaker's wish. It is not possible
// any more once others handle it; the speaker's name can still be removed.
func (s *State) Withdraw() error {
	if s.Status == Linked {
		return fault.Broken("opinion.withdraw.linked", "status", "the matter is being handled; the speaker's name can be removed instead", "vấn đề đang được xử lý; có thể xóa thông tin người nêu ý kiến")
	}
	return s.Empty()
}

// Empty removes everything from the opinion but its id and that it was
// withdrawn: nobody can tell from the rest whether its speaker took it back or
// it was handed over sealed.
func (s *State) Empty() error {
	if err := s.check(Withdrawn); err != nil {
		return err
	}
	*s = State{ID: s.ID, Version: s.Version, Kind: Unclassified, Confidentiality: Open, Status: Withdrawn, Issue: s.Issue, Recorded: s.Recorded}
	return nil
}

// Anonymous reports whether nobody knows who spoke.
func (s State) Anonymous() bool { return s.Speaker == "" }
