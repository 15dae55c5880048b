package core

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// Notices shows what was told and lets an operator act on it.
type Notices struct{ u *unit }

// List returns the notices that q selects: of everybody for those who manage
// notices, for anybody else those to themselves (q.Person).
func (s *Notices) List(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	if q.Person == "" || q.Person != s.u.by.Person {
		if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
			return nil, err
		}
	}
	return s.u.tx.Notices(ctx, q)
}

// Get returns one notice with every attempt to send it, oldest first, for those
// who manage notices and for its recipient.
func (s *Notices) Get(ctx context.Context, id notify.ID) (notify.Notice, []notify.Attempt, error) {
	n, err := s.mine(ctx, id)
	if err != nil {
		return notify.Notice{}, nil, err
	}
	attempts, err := s.u.tx.Attempts(ctx, id)
	return n, attempts, err
}

// mine loads a notice that the actor may see: as its recipient, or because they
// manage notices.
func (s *Notices) mine(ctx context.Context, id notify.ID) (notify.Notice, error) {
	n, err := s.u.tx.Notice(ctx, id)
	if err != nil {
		return notify.Notice{}, err
	}
	if own := n.For(); own != "" && own == s.u.by.Person {
		return n, nil
	}
	return n, s.u.allow(ctx, ManageNotices, scope{person: n.For()})
}

// Count returns how many notices there are in each state. Every notice that was
// ever written is in exactly one of them.
func (s *Notices) Count(ctx context.Context) (map[notify.State]int, error) {
	if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
		return nil, err
	}
	return s.u.tx.CountNotices(ctx)
}

// Inbox returns what waits for the actor in the application: notices without
// another channel, and paper to be handed over. Oldest first.
func (s *Notices) Inbox(ctx context.Context) ([]notify.Notice, error) {
	waiting, err := s.u.tx.Notices(ctx, notify.Query{Person: s.u.by.Person, States: []notify.State{notify.Accepted}})
	return slices.DeleteFunc(waiting, func(n notify.Notice) bool { return !kept(n.Channel) }), err
}

// Handle takes a notice off the actor's inbox: it was seen, or the paper was
// handed over. The office may do so for anybody.
func (s *Notices) Handle(ctx context.Context, id notify.ID) error {
	n, err := s.mine(ctx, id)
	if err != nil {
		return err
	}
	if !kept(n.Channel) {
		return fault.Broken("notice.handle.channel", "id",
			"a notice by %s is not handled here: its provider reports on it", "thông báo qua %s không xử lý ở đây: nhà cung cấp sẽ báo kết quả", n.Channel)
	}
	if n.State != notify.Accepted {
		return fault.Broken("notice.handle.state", "id",
			"a notice that is %s does not wait to be handled", "thông báo đang ở trạng thái %s không chờ xử lý", n.State)
	}
	if err := n.Receipt(true, "handled", s.u.now); err != nil {
		return err
	}
	return s.keep(ctx, &n, notify.Handled{}, "")
}

// keep writes a notice that somebody acted on, and journals who and why.
func (s *Notices) keep(ctx context.Context, n *notify.Notice, e event.Event, why string) error {
	if err := s.u.tx.PutNotices(ctx, []*notify.Notice{n}); err != nil {
		return err
	}
	s.u.due = s.u.due || n.State == notify.Pending && !n.NextAt.After(s.u.now)
	return s.u.journal(ctx, fact{subject: n.ID.Subject(), event: e, why: why})
}

// reasoned checks that an operator says why.
func reasoned(why string) error {
	if why == "" {
		return fault.Broken("notice.reason.missing", "why", "say why, for the journal", "cần ghi lý do để lưu nhật ký")
	}
	return nil
}

// Retry sends a notice again that ended without reaching anybody. Need, moment
// and address are looked at once more; an earlier moment to expire is lifted. A
// digest is sent again as the notices it carried. It needs the right to manage
// notices and a reason. Rules: notice.retry.state.
func (s *Notices) Retry(ctx context.Context, id notify.ID, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	n, err := s.u.tx.Notice(ctx, id)
	if err != nil {
		return err
	}
	again, err := s.parts(ctx, n)
	if err != nil {
		return err
	}
	for i := range again {
		if err := s.replay(ctx, &again[i], why); err != nil {
			return err
		}
	}
	return nil
}

func (s *Notices) replay(ctx context.Context, n *notify.Notice, why string) error {
	from := n.State
	if err := n.Replay(why, s.u.now); err != nil {
		return err
	}
	return s.keep(ctx, n, notify.Retried{From: from}, why)
}

func (s *Notices) manage(ctx context.Context, why string) error {
	if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
		return err
	}
	return reasoned(why)
}

// parts is the notice itself, or what it carried and still shares its fate.
func (s *Notices) parts(ctx context.Context, n notify.Notice) ([]notify.Notice, error) {
	if len(n.Items) == 0 {
		return []notify.Notice{n}, nil
	}
	items, err := s.u.tx.NoticesByID(ctx, n.Items)
	items = slices.DeleteFunc(items, func(i notify.Notice) bool { return i.MergedInto != n.ID || i.State != n.State })
	if err == nil && len(items) == 0 {
		return []notify.Notice{n}, nil // and so Replay or Cancel says what is wrong
	}
	return items, err
}

// RetryAll sends again what q selects and returns how many; those that have not
// ended, or were delivered, are left alone, and digests too: the notices they
// carried are selected by themselves. q.Limit bounds it, at most 1000.
func (s *Notices) RetryAll(ctx context.Context, q notify.Query, why string) (int, error) {
	done, err := s.Bulk(ctx, Bulk{Do: Resend, Of: Pick{Query: q}, Why: why})
	return len(done), err
}

// RetryBy sends a notice that ended without reaching anybody over another
// channel. Where it was already put on that channel, that one is sent again.
// Rules: notice.retry.state, notice.retry.channel.
func (s *Notices) RetryBy(ctx context.Context, id notify.ID, channel notify.Channel, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	n, err := s.u.tx.Notice(ctx, id)
	if err != nil {
		return err
	}
	if err := reroutable(&n, channel); err != nil {
		return err
	}
	there, err := s.sibling(ctx, &n, channel)
	if err != nil {
		return err
	}
	if there != nil {
		return s.Retry(ctx, there.ID, why)
	}
	p := &pass{unit: s.u, people: newPeople(s.u)}
	if n.Over(s.u.now) {
		n.Expires = time.Time{}
	}
	if _, err := p.another(ctx, &n, channel, keyOn(&n, channel)); err != nil {
		return err
	}
	if there, err = s.sibling(ctx, &n, channel); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: n.ID.Subject(), event: notify.Rerouted{By: channel, New: there.ID}, why: why})
}

// reroutable says why a notice cannot be sent over another channel, if so.
func reroutable(n *notify.Notice, channel notify.Channel) error {
	if channel == n.Channel || len(n.Items) > 0 || channel == notify.Email && n.To.Speaker != "" {
		return fault.Broken("notice.retry.channel", "channel",
			"it cannot be sent by %s: choose another channel, and for a digest the notices it carried", "không gửi được qua %s: hãy chọn kênh khác; với bản tổng hợp hãy chọn từng thông báo trong đó", channel)
	}
	if !failed(n.State) && n.State != notify.Uncertain && n.State != notify.Expired {
		return fault.Broken("notice.retry.state", "state",
			"a notice that is %s is not sent again", "không gửi lại thông báo đang ở trạng thái %s", n.State)
	}
	return nil
}

// sibling is the same notice on another channel, nil where it was not put there.
func (s *Notices) sibling(ctx context.Context, n *notify.Notice, channel notify.Channel) (*notify.Notice, error) {
	there, err := s.u.tx.Notices(ctx, notify.Query{Keys: []string{keyOn(n, channel)}})
	if err != nil || len(there) == 0 {
		return nil, err
	}
	return &there[0], nil
}

// Cancel stops a notice that has not gone out; a digest with all it carries. One
// that is on its way is marked: the cancel came too late. It needs the right to
// manage notices and a reason. Rules: notice.cancel.over.
func (s *Notices) Cancel(ctx context.Context, id notify.ID, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	n, err := s.u.tx.Notice(ctx, id)
	if err != nil {
		return err
	}
	all := []notify.Notice{n}
	if len(n.Items) > 0 {
		items, err := s.u.tx.NoticesByID(ctx, n.Items)
		if err != nil {
			return err
		}
		all = append(all, slices.DeleteFunc(items, func(i notify.Notice) bool { return i.MergedInto != n.ID || i.State.Terminal() })...)
	}
	for i := range all {
		from := all[i].State
		if err := all[i].Cancel(why, s.u.now); err != nil {
			return err
		}
		if err := s.keep(ctx, &all[i], notify.Withdrawn{From: from}, why); err != nil {
			return err
		}
	}
	return nil
}

// Text is how a notice reads.
type Text struct {
	Subject string
	Text    string
}

// Preview renders a template for one channel and language with the given
// values, as an operator who edits texts wants to see it; who it is to is taken
// from the actor. It needs the right to manage notices.
func (s *Notices) Preview(ctx context.Context, template, lang string, channel notify.Channel, vars map[string]string) (Text, error) {
	if err := s.u.allow(ctx, ManageNotices, scope{}); err != nil {
		return Text{}, err
	}
	people := newPeople(s.u)
	sample := contact{name: "Nguyễn Văn Mẫu", given: "Mẫu", language: lang}
	all, err := people.vars(ctx, &notify.Notice{Channel: channel, Vars: vars}, sample)
	if err != nil {
		return Text{}, err
	}
	return s.render(template, lang, channel, all)
}

func (s *Notices) render(template, lang string, channel notify.Channel, vars map[string]string) (Text, error) {
	subject, text, err := s.u.sys.opts.Templates.Render(template, lang, channel, vars)
	return Text{Subject: subject, Text: text}, err
}

// Read renders a notice as its recipient reads it now: for the application that
// shows an inbox or prints a slip. Its recipient may, and who manages notices;
// one that names a citizen only who may see speakers (A11).
func (s *Notices) Read(ctx context.Context, id notify.ID) (Text, error) {
	n, err := s.mine(ctx, id)
	if err != nil {
		return Text{}, err
	}
	people := newPeople(s.u)
	meant := n
	if speaker := n.Vars[forSpeaker]; speaker != "" {
		meant.To.Speaker = speaker
	}
	if person := n.Vars[forPerson]; person != "" {
		meant.Person = org.PersonID(person)
	}
	if meant.To.Speaker != "" {
		if err := s.u.allow(ctx, SeeSpeaker, scope{}); err != nil {
			return Text{}, err
		}
	}
	to, err := people.of(ctx, &meant)
	if err != nil {
		return Text{}, err
	}
	vars, err := people.vars(ctx, &n, to)
	if err != nil {
		return Text{}, err
	}
	maps.DeleteFunc(vars, func(key, _ string) bool { return key == forPerson || key == forSpeaker })
	return s.render(n.Template, to.language, n.Channel, vars)
}

// Bar keeps an address from being used on a channel, as when a citizen replies
// that no more messages are wanted. Only a hash of it is kept.
func (s *Notices) Bar(ctx context.Context, channel notify.Channel, address, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	return s.bar(ctx, notify.Suppression{Channel: channel, Reason: why}, address, notify.Barred{Channel: channel})
}

// Unbar lets an address be used again, as when a number has been repaired.
func (s *Notices) Unbar(ctx context.Context, channel notify.Channel, address, why string) error {
	if err := s.manage(ctx, why); err != nil {
		return err
	}
	return s.bar(ctx, notify.Suppression{Channel: channel, Reason: why, Until: s.u.now}, address, notify.Unbarred{Channel: channel})
}

func (s *Notices) bar(ctx context.Context, b notify.Suppression, address string, e event.Event) error {
	b.ID, b.Since, b.Address = s.u.newID(), s.u.now, notify.HashAddress(s.u.sys.opts.Secret, b.Channel, address)
	if err := s.u.tx.AddSuppression(ctx, &b); err != nil {
		return err
	}
	return s.u.journal(ctx, fact{subject: notify.AddressSubject(b.Channel, b.Address), event: e, why: b.Reason})
}
