package core

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/store"
)

// Room is how much a queue and its providers can take now. The zero value is
// without bounds.
type Room struct {
	// Window is how many notices may be queued on any one channel at once;
	// critical ones do not count. 0: any number. What finds no room stays as it is
	// in the outbox, so a long backlog is neither queued as a whole nor handed out
	// again and again.
	Window int
	// Windows are those of single channels.
	Windows map[notify.Channel]int
	// Tokens is what is left of each provider's rate, in segments of SMS or mails.
	// A provider that is not named has no rate. A message that takes more than its
	// provider has at once takes it below nothing: see Dispatched.Spent.
	Tokens map[string]int
	// CriticalOnly has the pass look at nothing but critical notices: for who was woken
	// while it waits for room, or while a pass that looks at everything is under way.
	CriticalOnly bool
	// Backlog says that the pass before this one left due notices behind. It saves
	// this one from reading as many as the limit only to find that there are more.
	Backlog bool
}

// slowAfter is how long the oldest ticket of a channel may wait before nothing
// more is put behind it: well before it would be handed out anew.
const slowAfter = notify.QueuePatience / 4

// space is what is left of a Room in one pass.
type space struct {
	Room
	underway map[notify.Channel]notify.Underway
	now      time.Time
}

func (s *space) window(c notify.Channel) (limit int, bounded bool) {
	if w, own := s.Windows[c]; own {
		return w, true
	}
	return s.Window, s.Window > 0
}

// channel is how many more ordinary notices the channel takes; bounded is false
// when that is no question.
func (s *space) channel(c notify.Channel) (left int, bounded bool) {
	limit, bounded := s.window(c)
	if !bounded {
		return 0, false
	}
	u := s.underway[c]
	if u.Queued > 0 && s.now.Sub(u.Since) > slowAfter {
		return 0, true
	}
	return max(0, limit-u.Queued), true
}

// full reports whether the channel takes nothing ordinary now.
func (s *space) full(c notify.Channel) bool {
	left, bounded := s.channel(c)
	return bounded && left == 0
}

// provider is what is left of a provider's rate.
func (s *space) provider(name string) int {
	if left, bounded := s.Tokens[name]; bounded {
		return left
	}
	return int(^uint(0) >> 1)
}

// took notes that a notice was queued.
func (s *space) took(n *notify.Notice, cost int) {
	if _, bounded := s.Tokens[n.Route]; bounded {
		s.Tokens[n.Route] -= cost
	}
	u := s.underway[n.Channel]
	if u.Queued++; u.Queued == 1 {
		u.Channel, u.Since = n.Channel, s.now
	}
	s.underway[n.Channel] = u
}

// measure asks what is under way, where there is a window at all.
func (d *dispatch) measure(ctx context.Context, room Room) error {
	d.room = space{Room: room, underway: make(map[notify.Channel]notify.Underway), now: d.now}
	if room.CriticalOnly || room.Window <= 0 && len(room.Windows) == 0 {
		return nil
	}
	all, err := d.tx.Underway(ctx)
	for _, u := range all {
		d.room.underway[u.Channel] = u
	}
	d.done.Underway = all
	return err
}

// waits reports whether what is due on the channel has to wait as it is.
func (d *dispatch) waits(channel notify.Channel, priority notify.Priority) bool {
	switch {
	case kept(channel):
		return false
	case d.blocked(channel):
		return true
	case priority != notify.Critical && (d.room.full(channel) || d.short[channel] != nil):
		d.done.Full = true
		return true
	}
	return false
}

// probe is how many notices are read to find out whether a backlog is over.
const probe = 64

// look returns the due notices of this pass. As long as all of them fit they
// come by urgency and time. When there are more, or a channel takes nothing now,
// the critical ones come first and then every owner's in turn, so that nobody's
// thousands keep the others waiting (notifications 2.9).
func (d *dispatch) look(ctx context.Context, limit int) ([]notify.Notice, error) {
	if d.room.CriticalOnly {
		return d.pressing(ctx, limit)
	}
	head := limit
	if d.room.Backlog && limit > probe {
		head = probe
	}
	due, err := d.tx.DueNotices(ctx, d.now, head)
	if err == nil && head < limit && len(due) == head && due[head-1].Priority == notify.Critical {
		head = limit // there may be more of the critical ones
		due, err = d.tx.DueNotices(ctx, d.now, head)
	}
	if err != nil {
		return nil, err
	}
	backlog := limit > 0 && len(due) == head
	if !backlog && !slices.ContainsFunc(due, func(n notify.Notice) bool { return d.waits(n.Channel, n.Priority) }) {
		return due, nil
	}
	d.done.More, d.part = backlog, true
	due = slices.DeleteFunc(due, func(n notify.Notice) bool { return n.Priority != notify.Critical || d.waits(n.Channel, n.Priority) })
	if limit <= 0 || len(due) < limit {
		return d.turns(ctx, limit-len(due), due)
	}
	return due, nil
}

// pressing returns the critical ones of what is due.
func (d *dispatch) pressing(ctx context.Context, limit int) ([]notify.Notice, error) {
	if tx, ok := d.tx.(store.Pressing); ok {
		return tx.DueCritical(ctx, d.now, limit)
	}
	due, err := d.tx.DueNotices(ctx, d.now, limit)
	return slices.DeleteFunc(due, func(n notify.Notice) bool { return n.Priority != notify.Critical }), err
}

// aside reports whether the pass goes beside any other: it looks at nothing that
// another one may put together, and locks nothing of it.
func (r *Room) aside(tx store.Tx) bool {
	_, alone := tx.(store.Pressing)
	return r.CriticalOnly && alone
}

// turns adds up to so many due notices, one of each share after the other, beginning
// with who comes after the one that had the last turn in the pass before: where a
// window is smaller than the owners are many, nobody is always too late.
func (d *dispatch) turns(ctx context.Context, room int, had []notify.Notice) ([]notify.Notice, error) {
	shares, err := d.tx.NextShares(ctx, d.now, d.last, max(0, room))
	if err != nil {
		return nil, err
	}
	shares = slices.DeleteFunc(shares, func(s notify.Share) bool { return d.waits(s.Channel, notify.Normal) })
	if len(shares) == 0 {
		return had, nil
	}
	each := 0
	if room > 0 {
		each = (room + len(shares) - 1) / len(shares)
	}
	seen := make(map[notify.ID]bool, len(had))
	for _, n := range had {
		seen[n.ID] = true
	}
	queues := make(map[notify.Share][]*notify.Notice, len(shares))
	d.served = make(map[notify.Channel]string)
	for same := range byChannel(shares) {
		useful := d.useful(each, same)
		if most, bounded := d.worth(same[0].Channel); bounded && len(same) > most {
			same = same[:most] // the others begin in a later pass
		}
		due, err := d.tx.DueOfEach(ctx, same, d.now, useful)
		if err != nil {
			return nil, err
		}
		d.served[same[0].Channel] = same[len(same)-1].Owner // unless one gets a ticket
		d.inTurn = roomFor(d.inTurn, len(due))
		for i := range due {
			n := &due[i]
			if s := (notify.Share{Channel: n.Channel, Owner: n.Owner}); !seen[n.ID] {
				queues[s], d.inTurn[n.ID] = append(queues[s], n), true
			}
		}
	}
	return interleave(had, shares, queues), nil
}

// roomFor is a map with room for so many, where nothing is in it yet.
func roomFor[K comparable, V any](m map[K]V, n int) map[K]V {
	if len(m) == 0 {
		return make(map[K]V, n)
	}
	return m
}

// hadTurn notes that the owner of a notice had the turn.
func (d *dispatch) hadTurn(n *notify.Notice) {
	if d.inTurn[n.ID] {
		d.served[n.Channel] = n.Owner
	}
}

// turns remembers what a pass leaves to the next one.
type turns struct {
	mu     sync.Mutex
	served map[notify.Channel]string // who had the last turn
	beside map[notify.Channel]int    // how many more whoever was written to had waiting
}

func (t *turns) last() (served map[notify.Channel]string, beside map[notify.Channel]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.served), maps.Clone(t.beside)
}

func (t *turns) were(served map[notify.Channel]string, beside map[notify.Channel]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.served == nil {
		t.served, t.beside = make(map[notify.Channel]string), make(map[notify.Channel]int)
	}
	maps.Copy(t.served, served)
	maps.Copy(t.beside, beside)
}

// byChannel are the shares of one channel after the other; they come ordered by it.
func byChannel(shares []notify.Share) iter.Seq[[]notify.Share] {
	return func(yield func([]notify.Share) bool) {
		for len(shares) > 0 {
			n := slices.IndexFunc(shares, func(s notify.Share) bool { return s.Channel != shares[0].Channel })
			if n < 0 {
				n = len(shares)
			}
			if !yield(shares[:n]) {
				return
			}
			shares = shares[n:]
		}
	}
}

// worth is how many notices of a channel are worth reading: what it has no room
// for stays as it is, and was read and locked for nothing. A few are always read:
// what one pass sees of somebody's becomes one message, and takes the room of one.
func (d *dispatch) worth(channel notify.Channel) (most int, bounded bool) {
	left, bounded := d.room.channel(channel)
	left = max(probe, left)
	if beside := d.beside[channel]; beside > 0 { // and it has to take those along
		left, bounded = min(left, max(1, alongMost/beside)), true
	}
	if tokens, rated := d.tokens(channel); rated { // one is read anyhow: so it is seen what waits
		left, bounded = min(left, max(1, tokens)), true
	}
	return left, bounded && !kept(channel)
}

// useful is how many of each share are worth reading.
func (d *dispatch) useful(each int, same []notify.Share) int {
	most, bounded := d.worth(same[0].Channel)
	if !bounded {
		return each
	}
	if most = (most + len(same) - 1) / len(same); each == 0 || each > most {
		return most
	}
	return each
}

// interleave adds one of each share in turn until all are empty.
func interleave(all []notify.Notice, shares []notify.Share, queues map[notify.Share][]*notify.Notice) []notify.Notice {
	n := 0
	for _, q := range queues {
		n += len(q)
	}
	all = slices.Grow(all, n)
	for i := 0; ; i++ {
		before := len(all)
		for _, s := range shares {
			if q := queues[s]; i < len(q) {
				all = append(all, *q[i])
			}
		}
		if len(all) == before {
			return all
		}
	}
}

// costOf is what a message takes of rate and budget: an SMS its segments, as far
// as they can be told before it is rendered for its provider.
func (d *dispatch) costOf(ctx context.Context, g *group) (int, error) {
	if g.Channel != notify.SMS || len(d.room.Tokens) == 0 && d.rules.Notices.SMSSegmentsPerDay == 0 {
		return 1, nil
	}
	if len(g.fresh)+len(g.carriers) > 1 || len(g.Items) > 0 {
		return d.rules.Notices.MaxSegments, nil // a digest fills them
	}
	vars, err := d.people.vars(ctx, g.Notice, g.to)
	if err != nil {
		return 1, err
	}
	_, text, err := d.sys.opts.Templates.Render(g.Template, g.to.language, notify.SMS, vars)
	if err != nil {
		return 1, nil //nolint:nilerr // the claim says what is wrong with it
	}
	return d.sys.opts.Segments(text), nil
}

// plainSegments is how many parts a text needs as an SMS without marks.
func plainSegments(text string) int {
	n := 0
	for range text {
		n++
	}
	if n <= 160 {
		return 1
	}
	return (n + 152) / 153
}

// spend checks the day's budget of segments: false when an ordinary SMS has to
// wait. At 80 and at 100 per cent the administrators are told.
func (d *dispatch) spend(ctx context.Context, g *group, cost int) (bool, error) {
	budget := d.rules.Notices.SMSSegmentsPerDay
	if budget == 0 || g.Channel != notify.SMS || kept(g.Channel) {
		return true, nil
	}
	if !d.asked {
		var err error
		if d.spent, err = d.tx.SegmentsSpent(ctx, d.midnight(0)); err != nil {
			return false, err
		}
		d.asked = true
		d.spent += d.room.underway[notify.SMS].Queued // at least one each
	}
	ok := exempt(g.Notice) || d.spent+cost <= budget
	if ok {
		d.spent += cost
	}
	for _, level := range []int{100, 80} {
		if d.spent*100 >= budget*level || level == 100 && !ok {
			return ok, d.tell(ctx, alert.BudgetNear(d.today, level, d.spent, budget)...)
		}
	}
	return ok, nil
}
