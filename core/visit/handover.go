package visit

import (
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// HandOver makes another official the one who owes a visit that is ahead,
// because the hamlet changed hands (model M1). Whether the new one is there
// that day is looked at afterwards. What took place or is over stays whose it
// was ("visit.hand_over.not_ahead").
func (s *State) HandOver(to org.PersonID, team org.TeamID) error {
	if err := s.ahead(); err != nil {
		return err
	}
	s.Official = to
	if team != "" {
		s.Team = team
	}
	return nil
}

// Follow lets a visit that is ahead take place where its hamlet went, after a
// merger or under the part that was chosen (A10).
func (s *State) Follow(to org.PlaceID) error {
	if err := s.ahead(); err != nil {
		return err
	}
	s.Place = to
	return nil
}

func (s State) ahead() error {
	if s.Open() {
		return nil
	}
	return fault.Broken("visit.hand_over.not_ahead", "status",
		"a visit that is %s stays where and whose it was; only one that is ahead goes over",
		"buổi đang ở trạng thái %s giữ nguyên người và địa bàn; chỉ bàn giao buổi sắp tới", s.Status)
}

// HandedOverEvent says that a visit that is ahead went over to another official.
type HandedOverEvent struct {
	From org.PersonID `json:"from"`
	To   org.PersonID `json:"to"`
}

// FollowedEvent says that a visit that is ahead takes place at the hamlet that
// took its own over.
type FollowedEvent struct {
	To org.PlaceID `json:"to"`
}

// Kind implements [event.Event].
func (HandedOverEvent) Kind() string { return "visit.handed_over" }

// Kind implements [event.Event].
func (FollowedEvent) Kind() string { return "visit.followed" }
