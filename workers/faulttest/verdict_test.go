package faulttest

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
)

// letter is what a notice and its provider allow.
type letter string

const (
	letterA letter = "A" // the provider knows the key
	letterB letter = "B" // hold
	letterC letter = "C" // resend
)

// figures are what came out for the notices of one letter.
type figures struct {
	scenario string
	policy   letter
	notices  int
	l, d, du int
	u, open  int
	t95      time.Duration
	faults   []string // V, each in words
	beyond   []string // what the letter does not allow, each in words
}

// judge holds the ledgers against the database. faulty says that calls were cut
// off; otherwise nothing may be doubled or unknown.
func (s *stage) judge(scenario string, cutOff bool) []*figures {
	s.t.Helper()
	notices, attempts, counts := s.read()
	taken := s.taken()
	byLetter := map[letter]*figures{}
	var all []*figures
	late := map[letter][]time.Duration{}
	for _, e := range s.added {
		f := byLetter[e.policy]
		if f == nil {
			f = &figures{scenario: scenario, policy: e.policy}
			byLetter[e.policy], all = f, append(all, f)
		}
		copies := taken[e.ID]
		delete(taken, e.ID)
		f.weigh(e, notices[e.ID], attempts[e.ID], copies, cutOff)
		if len(copies) > 0 {
			late[e.policy] = append(late[e.policy], s.orders.Clock.wall(copies[0].Sub(e.waits())))
		}
	}
	slices.SortFunc(all, func(a, b *figures) int { return strings.Compare(string(a.policy), string(b.policy)) })
	total := 0
	for _, n := range counts {
		total += n
	}
	first := all[0]
	if total != len(notices) {
		first.contradiction("there are %d notices, the states add up to %d", len(notices), total)
	}
	ours := 0
	for _, n := range notices {
		if n.Template == outboxtest.Template { // no alarm: calls take their time on a busy machine
			ours++
		}
	}
	if ours != len(s.added) && !s.others {
		first.contradiction("%d notices were committed, there are %d", len(s.added), ours)
	}
	for id := range taken {
		if _, there := notices[id]; there && s.others {
			continue
		}
		first.contradiction("a provider took %s, which nobody committed", id)
	}
	if f := byLetter[letterA]; f != nil {
		f.d += s.sms.Repeats() // calls that the gateway recognised
		if s.second != nil {
			f.d += s.second.Repeats()
		}
	}
	for _, f := range all {
		f.t95 = percentile95(late[f.policy])
	}
	return all
}

// waits is since when the notice could have gone.
func (e expected) waits() time.Time {
	if e.Created.After(e.NotBefore) {
		return e.Created
	}
	return e.NotBefore
}

// percentile95 is what 95 of 100 do not exceed.
func percentile95(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)-1)*95/100]
}

// taken is when the providers took each notice.
func (s *stage) taken() map[notify.ID][]time.Time {
	byAddress := map[string]notify.ID{}
	for i, e := range s.added {
		if e.Channel == notify.Email {
			byAddress[outboxtest.Email(i)] = e.ID
		} else {
			byAddress[outboxtest.Phone(i)] = e.ID
		}
	}
	taken := map[notify.ID][]time.Time{}
	ledger := s.sms.Ledger()
	if s.second != nil {
		ledger = append(ledger, s.second.Ledger()...)
		slices.SortFunc(ledger, func(a, b smssink.Message) int { return a.At.Compare(b.At) })
	}
	for _, m := range ledger {
		id := byAddress[m.To]
		switch key, _, _ := strings.Cut(m.ClientID, "."); { // a replay has a key of its own
		case id == "" && s.others:
			id = notify.ID(key)
		case string(id) != key:
			id = notify.ID("key " + m.ClientID + " to the number of " + string(id))
		}
		taken[id] = append(taken[id], m.At)
	}
	if s.centre != nil {
		for _, m := range s.centre.Ledger() {
			taken[byAddress[m.To]] = append(taken[byAddress[m.To]], m.At)
		}
	}
	for _, m := range s.mail.Ledger() {
		id, ours := byAddress[m.To[0]]
		if !ours && s.others {
			continue // fallen back to mail
		}
		taken[id] = append(taken[id], m.At)
	}
	return taken
}

// weigh counts one notice in.
func (f *figures) weigh(e expected, n notify.Notice, attempts []notify.Attempt, copies []time.Time, cutOff bool) {
	f.notices++
	open, late := 0, 0
	for _, a := range attempts {
		if a.Outcome == "" || a.Outcome == notify.ResultUnknown {
			open++
		}
		if a.Outcome == notify.ResultUnknown && strings.HasSuffix(a.Detail, timeOver) {
			late++
		}
	}
	f.open += open
	extra := max(0, len(copies)-1)
	f.d, f.du = f.d+extra, f.du+extra

	found := false // by an operator who looks for what is not right
	switch n.State {
	case notify.Accepted, notify.Delivered:
		if len(copies) == 0 {
			f.contradiction("%s is %s and no provider took it", n.ID, n.State)
		}
	case notify.Uncertain:
		found = true
		f.u++
		if open == 0 {
			f.contradiction("%s is uncertain and every call of it has an outcome", n.ID)
		}
	default:
		if found = slices.Contains(e.ends, n.State); !found {
			f.contradiction("%s ends as %q: %s", e.ID, n.State, n.Why)
		}
	}
	if len(copies) == 0 && !found {
		f.l++
	}
	if len(attempts) < len(copies) {
		f.contradiction("%s was taken %d times in %d calls", e.ID, len(copies), len(attempts))
	}
	if len(copies) > 0 && copies[0].Before(e.NotBefore) {
		f.contradiction("%s went out before it was due", e.ID)
	}
	if !cutOff { // but for those that the machine was too slow for
		open, cutOff = late, late > 0
	}
	f.allow(e.ID, extra, n.State == notify.Uncertain, open, cutOff)
}

// timeOver is what the adapters say of a call that took longer than it may.
const timeOver = "time is over"

// allow says what the letter does not allow to happen to a notice.
func (f *figures) allow(id notify.ID, extra int, uncertain bool, open int, cutOff bool) {
	most := 0 // copies beyond the first
	if f.policy == letterC && cutOff {
		most = open
	}
	if extra > most {
		f.beyond = append(f.beyond, fmt.Sprintf("%s went out %d times, %d of its calls were cut off", id, 1+extra, open))
	}
	if uncertain && (f.policy != letterB || !cutOff) {
		f.beyond = append(f.beyond, fmt.Sprintf("%s is uncertain", id))
	}
}

func (f *figures) contradiction(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

// broken returns what is not as it has to be.
func (f *figures) broken() []string {
	broken := slices.Concat(f.faults, f.beyond)
	if f.l > 0 {
		broken = append(broken, fmt.Sprintf("%d notices are lost", f.l))
	}
	return broken
}

// table shows the figures of all rows.
func table(all []*run) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "row\tfault\tpolicy\tnotices\tL\tD\tD_u\tU\tcut off\tT95\tV\tseed\tresult\t")
	for _, r := range all {
		result := r.verdict
		if len(r.notes) > 0 {
			result += ": " + strings.Join(r.notes, "; ")
		}
		if len(r.found) == 0 {
			fmt.Fprintf(w, "%s\t%s\t\t\t\t\t\t\t\t\t\t%d\t%s\t\n", r.id, r.fault, r.seed, result)
		}
		for _, f := range r.found {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1fs\t%d\t%d\t%s\t\n",
				r.id, r.fault, f.policy, f.notices, f.l, f.d, f.du, f.u, f.open, f.t95.Seconds(), len(f.faults), r.seed, result)
			result = r.verdict
		}
	}
	w.Flush()
	return b.String()
}
