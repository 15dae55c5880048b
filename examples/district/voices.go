package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/visit"
)

// listen writes down what people say at a visit, and returns what was not
// answered on the spot and is owed an answer.
func (s *season) listen(ctx context.Context, w *core.Work, v visit.State) ([]opinion.State, error) {
	var said []core.Said
	for n, m := range s.voices(v) {
		said = append(said, s.voice(v, m, n))
	}
	opinions, err := w.Opinions.Capture(ctx, v.ID, said...)
	if err != nil {
		return nil, err
	}
	var owing []opinion.State
	for _, o := range opinions {
		if o.Status == opinion.Captured && o.Kind.OwesAnswer() {
			owing = append(owing, o)
		}
	}
	return owing, s.denounce(ctx, w, v)
}

// voices are the matters that come up at a visit: some again, the others not yet
// heard in this hamlet as long as there are such.
func (s *season) voices(v visit.State) []matter {
	key := string(v.ID)
	count := s.draw.weighted(s.how.Opinions, "opinions", key, v.On())
	known := s.mind.said[v.Place]
	var voices []matter
	for _, m := range mixed(s.draw, s.in.matters, "voices", key, v.On()) {
		if len(voices) == count {
			break
		}
		if slices.ContainsFunc(known, func(h heard) bool { return h.matter.row == m.row }) && len(known) < len(s.in.matters)/2 {
			continue
		}
		voices = append(voices, m)
	}
	if len(known) > 0 && count > 0 && s.draw.chance(s.how.Repeat*float64(count), "repeat", key, v.On()) {
		voices[0] = one(s.draw, known, "repeated", key, v.On()).matter
	}
	return voices
}

// voice is one person, or several, speaking.
func (s *season) voice(v visit.State, m matter, n int) core.Said {
	key := fmt.Sprintf("%s/%d", v.ID, n)
	said := core.Said{
		ID: opinion.ID(s.draw.uuid("opinion", key)), Text: m.text, Kind: m.kind, ClientID: "y-" + key, Confidentiality: opinion.Open,
	}
	if m.subject != "" {
		said.Topics = []string{m.subject}
	}
	said.Speaker = s.speaker(v, key)
	if said.Speaker != nil && s.draw.chance(s.how.NameHidden, "hidden", key, v.On()) {
		said.Confidentiality = opinion.NameHidden
	}
	if s.draw.chance(s.how.Collective, "collective", key, v.On()) {
		said.Collective = s.draw.between(5, 25, "together", key, v.On())
	}
	if m.kind.OwesAnswer() && !m.onSpot && s.draw.chance(s.how.Unclassified, "unclassified", key, v.On()) {
		said.Kind, said.Topics = opinion.Unclassified, nil
	}
	switch {
	case m.kind == opinion.Complaint:
		said.Guidance = &opinion.Guidance{Body: "Ban Tiếp công dân, UBND huyện", Paper: true}
	case m.onSpot:
		said.Answer = m.answer
	}
	s.mind.matter[said.ID] = m
	s.mind.reach[said.ID] = contact{named: said.Speaker != nil, phone: said.Speaker != nil && said.Speaker.Phone != ""}
	return said
}

// speaker is who speaks: nobody we know, or somebody invented. The numbers look
// as made up as all in the data, and reach only the gateway in this process.
func (s *season) speaker(v visit.State, key string) *opinion.Speaker {
	if s.draw.chance(s.how.Anonymous, "anonymous", key, v.On()) {
		return nil
	}
	family := []string{"Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương"}
	men := []string{"Văn Bảy", "Hữu Tám", "Công Chín", "Bá Mười", "Tấn Lụa", "Thanh Mộc", "Đình Thóc", "Văn Gạo"}
	women := []string{"Thị Nếp", "Thị Mận", "Thị Hồng Đào", "Thị Thu Quýt", "Thị Lựu", "Thị Bưởi", "Thị Sen", "Thị Mai Chanh"}
	honorific, given := one(s.draw, []string{"ông", "chú", "anh", "bác"}, "title", key, v.On()), one(s.draw, men, "given", key, v.On())
	if s.draw.chance(0.55, "woman", key, v.On()) {
		honorific, given = one(s.draw, []string{"bà", "cô", "chị", "bác"}, "title", key, v.On()), one(s.draw, women, "given", key, v.On())
	}
	p := &opinion.Speaker{
		ID:   opinion.SpeakerID(s.draw.uuid("speaker", key)),
		Name: one(s.draw, family, "family", key, v.On()) + " " + given, Honorific: honorific, Place: v.Place,
	}
	if s.draw.chance(s.how.HasPhone, "phone", key, v.On()) {
		p.Phone = fmt.Sprintf("+849000%05d", 10000+s.draw.between(0, 89999, "number", key, v.On()))
	}
	return p
}

// register makes issues of what is owed an answer.
func (s *season) register(ctx context.Context, w *core.Work, v visit.State, owing []opinion.State) error {
	for _, o := range owing {
		m := s.mind.matter[o.ID]
		r := core.Registration{
			ID: issue.ID(s.draw.uuid("issue", string(o.ID))), Opinions: []opinion.ID{o.ID}, Title: s.title(m), Subject: m.subject, Urgency: m.urgency,
		}
		if s.draw.chance(s.how.ToCommittee, "to", string(o.ID), v.On()) {
			r.To = org.ProgrammeOffice
		}
		if earlier, ok := s.earlier(ctx, w, v.Place, m); ok && !earlier.Unanswered() {
			r.RepeatOf = earlier.ID
		}
		i, err := w.Issues.Register(ctx, r)
		if err != nil {
			return err
		}
		s.mind.about[i.ID] = m
		s.mind.said[v.Place] = append(s.mind.said[v.Place], heard{i.ID, m})
	}
	return nil
}

// title is neutral and names nobody.
func (s *season) title(m matter) string {
	if name := s.cast.subjects[m.subject]; name != "" {
		return name
	}
	return "Vấn đề bà con nêu"
}

// earlier is the issue of the same matter that came up here before.
func (s *season) earlier(ctx context.Context, w *core.Work, place org.PlaceID, m matter) (issue.State, bool) {
	for _, h := range slices.Backward(s.mind.said[place]) {
		if h.matter.row == m.row {
			i, err := w.Issues.Get(ctx, h.issue)
			return i, err == nil && i.Status != issue.Linked
		}
	}
	return issue.State{}, false
}

// denounce: once in the season, from its fifth week on, somebody takes an
// official aside. What was said is sealed at once and nobody but an inspector
// reads it; here it is not even invented.
func (s *season) denounce(ctx context.Context, w *core.Work, v visit.State) error {
	if v.On().Before(s.cfg.from.Add(35)) || !s.mind.once("denunciation") {
		return nil
	}
	receipt, err := w.Sealed.Receive(ctx, sealed.Reception{
		Body: "(Nội dung tố cáo của bản chạy mẫu, không có thật.)", Place: v.Place, Heard: v.Holder(), Happened: v.On(),
	})
	s.mind.receipt = receipt
	return err
}

func opinionID(id string) opinion.ID { return opinion.ID(id) }
