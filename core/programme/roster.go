package programme

import (
	"hash/maphash"
	"math/bits"

	"github.com/huongvecoso/outreach/core/org"
)

// official is somebody's month: days taken and away, visits so far.
type official struct {
	id               org.PersonID
	taken, away, far days
	load             int
}

// roster are the officials of a plan, each once, in the order in which they were
// asked for. It is a map made for that: eight bytes an official instead of the
// fifty that a map of a whole country takes beside every month that is planned.
type roster struct {
	officials []official
	seed      maphash.Seed
	slots     []slot // a power of two, at least twice as many as there are officials
}

// slot says where an official is; its zero value says that nobody is there.
type slot struct {
	hash uint32
	next int32 // 1 more than the place in officials
}

// newRoster returns a roster for so many officials at most.
func newRoster(most int) roster {
	return roster{officials: make([]official, 0, most), seed: maphash.MakeSeed(), slots: make([]slot, 1<<bits.Len(uint(2*most)))}
}

// slot is the one in which somebody is, or else the free one for them.
func (r *roster) slot(id org.PersonID) (s *slot, hash uint32) {
	hash = uint32(maphash.String(r.seed, string(id)))
	last := uint32(len(r.slots) - 1)
	for i := hash & last; ; i = (i + 1) & last {
		s := &r.slots[i]
		if s.next == 0 || s.hash == hash && r.officials[s.next-1].id == id {
			return s, hash
		}
	}
}

// at is the place of somebody in officials, where they are put the first time.
func (r *roster) at(id org.PersonID) int32 {
	s, hash := r.slot(id)
	if s.next == 0 {
		r.officials = append(r.officials, official{id: id})
		*s = slot{hash, int32(len(r.officials))}
	}
	return s.next - 1
}

// find is somebody's month, nil when they are none of the officials.
func (r *roster) find(id org.PersonID) *official {
	if s, _ := r.slot(id); s.next > 0 {
		return &r.officials[s.next-1]
	}
	return nil
}
