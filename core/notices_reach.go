package core

import (
	"context"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// Reach is how somebody of the programme is reached on one channel, as far as an
// operator needs to know who repairs it: not by which number.
type Reach struct {
	Channel notify.Channel
	Known   bool      // there is an address, and the person wants to be written to there
	Barred  string    // why it is not used, empty: it is
	Since   time.Time // since when, where it is barred
	Until   time.Time // and until when; zero: until somebody lifts it
}

// Reach returns how a person is reached by SMS and by mail. It needs the right to
// manage notices.
func (s *Notices) Reach(ctx context.Context, id org.PersonID) ([]Reach, error) {
	if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
		return nil, err
	}
	var ways []Reach
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		to, err := s.contactOf(ctx, id, channel)
		if err != nil {
			return nil, err
		}
		way := Reach{Channel: channel, Known: to.address != ""}
		if way.Known {
			kept, err := s.u.tx.Suppressions(ctx, channel, to.hash)
			if err != nil {
				return nil, err
			}
			if bar, barred := notify.Barring(kept, s.u.now)[to.hash]; barred {
				way.Barred, way.Since, way.Until = bar.Reason, bar.Since, bar.Until
			}
		}
		ways = append(ways, way)
	}
	return ways, nil
}

// UnbarPerson lets the address that a person has today on a channel be used
// again, without anybody having to know it: as when the number turned out to be
// right. It needs the right to manage notices and a reason. Rules:
// notice.unbar.address.
func (s *Notices) UnbarPerson(ctx context.Context, id org.PersonID, channel notify.Channel, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	to, err := s.contactOf(ctx, id, channel)
	if err != nil {
		return err
	}
	if to.address == "" {
		return fault.Broken("notice.unbar.address", "channel",
			"%s has no address on %s that could be used again: enter one in the directory", "%s chưa có địa chỉ trên kênh %s để cho phép gửi lại: hãy nhập địa chỉ vào danh bạ", id, channel)
	}
	return s.Unbar(ctx, channel, to.address, why)
}

func (s *Notices) contactOf(ctx context.Context, id org.PersonID, channel notify.Channel) (contact, error) {
	people := newPeople(s.u)
	person, err := people.dir.Person(ctx, id)
	return people.reach(person, channel), err
}
