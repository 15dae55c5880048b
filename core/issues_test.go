package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// matter is one issue of the cast and what is done with it.
type matter struct {
	*cast
	id issue.ID
}

// withPhone is a speaker whom messages reach; elder has no telephone.
func withPhone() *opinion.Speaker {
	return &opinion.Speaker{Name: "Nguyễn Thị Mẫu", Honorific: "bà", Phone: "+84909999001"}
}

func elder() *opinion.Speaker { return &opinion.Speaker{Name: "Bà N.", Honorific: "bà"} }

// hears captures one opinion of a hamlet and returns its id.
func (c *cast) hears(who org.PersonID, said core.Said) opinion.ID {
	c.t.Helper()
	var id opinion.ID
	c.must(who, func(ctx context.Context, w *core.Work) error {
		captured, err := w.Opinions.Capture(ctx, "", said)
		if err == nil {
			id = captured[0].ID
		}
		return err
	})
	return id
}

// raised registers an issue from what speakers of a hamlet said; nil is somebody
// without a name.
func (c *cast) raised(official org.PersonID, place org.PlaceID, r core.Registration, speakers ...*opinion.Speaker) *matter {
	c.t.Helper()
	for _, s := range speakers {
		r.Opinions = append(r.Opinions, c.hears(official, core.Said{Text: "Mương sau chợ ngập nước.", Kind: opinion.Report, Place: place, Speaker: s}))
	}
	m := &matter{cast: c}
	c.must(official, func(ctx context.Context, w *core.Work) error {
		i, err := w.Issues.Register(ctx, r)
		m.id = i.ID
		return err
	})
	return m
}

func (m *matter) state() (i issue.State) {
	m.t.Helper()
	m.see(func(ctx context.Context, tx store.Tx) (err error) { i, err = tx.Issue(ctx, m.id); return err })
	return i
}

// issueStep is what somebody does with an issue.
type issueStep func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error)

func (m *matter) does(who org.PersonID, do issueStep) *matter {
	m.t.Helper()
	m.must(who, m.run(do))
	return m
}

func (m *matter) refuses(rule string, who org.PersonID, do issueStep) *matter {
	m.t.Helper()
	m.refused(rule, who, m.run(do))
	return m
}

func (m *matter) run(do issueStep) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		_, err := do(ctx, w.Issues, m.id)
		return err
	}
}

func triageAs(u issue.Urgency) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Triage(ctx, id, issue.Sorting{Subject: "thoat_nuoc", Urgency: u})
	}
}

func referTo(lead org.UnitID, cooperating ...org.UnitID) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Refer(ctx, id, lead, cooperating...)
	}
}

func giveBackTo(to org.UnitID) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Return(ctx, id, "không thuộc chức năng của phòng", to)
	}
}

func arbitrateFor(lead org.UnitID) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Arbitrate(ctx, id, lead)
	}
}

func draftAnswer(a issue.Answer) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.DraftAnswer(ctx, id, a)
	}
}

func settledAnswer() issue.Answer {
	return issue.Answer{Class: issue.Settled, Text: "Đã nạo vét mương thoát nước."}
}

func approveAnswer(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
	return s.ApproveAnswer(ctx, id)
}

// tells delivers to the n-th opinion of the issue.
func (m *matter) tells(n int, channel issue.Channel) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Deliver(ctx, id, issue.Delivery{Opinion: m.state().Opinions[n], Channel: channel})
	}
}

func (m *matter) replies(n int, satisfied bool) issueStep {
	return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.RecordReply(ctx, id, issue.Satisfaction{Opinion: m.state().Opinions[n], Satisfied: satisfied})
	}
}

// referredTo sorts and refers.
func (m *matter) referredTo(lead org.UnitID) *matter {
	m.t.Helper()
	return m.does(tl03, triageAs(issue.Normal)).does(tl03, referTo(lead))
}

// answeredBy drafts and approves at P-TNMT.
func (m *matter) answeredBy(a issue.Answer) *matter {
	m.t.Helper()
	return m.does(u11, draftAnswer(a)).does(u10, approveAnswer)
}

// duty is the latest duty of a kind about the issue.
func (m *matter) duty(kind duty.Kind) (d duty.State) {
	m.t.Helper()
	found := m.duties(kind)
	if len(found) == 0 {
		m.t.Fatalf("there is no duty %s", kind)
	}
	return found[len(found)-1]
}

func (m *matter) duties(kind duty.Kind) (found []duty.State) {
	m.t.Helper()
	m.see(func(ctx context.Context, tx store.Tx) (err error) {
		found, err = tx.Duties(ctx, duty.Query{Subject: issue.Subject(m.id), Kinds: []duty.Kind{kind}})
		return err
	})
	slices.SortFunc(found, func(a, b duty.State) int { // ids of the cast count upward
		if c := a.Opened.Compare(b.Opened); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return found
}

// wantDuty checks the latest duty of a kind: its status, due date and holder.
func (m *matter) wantDuty(kind duty.Kind, status duty.Status, due string, holder org.Party) *matter {
	m.t.Helper()
	d := m.duty(kind)
	if d.Status != status || d.Due != day(due) || d.Holder.Key() != holder.Key() {
		m.t.Errorf("%s is %s, due %s, held by %s; want %s, %s, %s", kind, d.Status, d.Due, d.Holder.Key(), status, due, holder.Key())
	}
	return m
}

// open lists the kinds of the open duties.
func (m *matter) open() []duty.Kind {
	m.t.Helper()
	var kinds []duty.Kind
	m.see(func(ctx context.Context, tx store.Tx) error {
		found, err := tx.Duties(ctx, duty.Query{Subject: issue.Subject(m.id), Statuses: []duty.Status{duty.Running, duty.Paused}})
		for _, d := range found {
			kinds = append(kinds, d.Kind)
		}
		return err
	})
	slices.Sort(kinds)
	return kinds
}

func (m *matter) wantOpen(kinds ...duty.Kind) *matter {
	m.t.Helper()
	slices.Sort(kinds)
	if got := m.open(); !slices.Equal(got, kinds) {
		m.t.Errorf("open are %v, want %v", got, kinds)
	}
	return m
}

func (m *matter) wantStatus(status issue.Status) *matter {
	m.t.Helper()
	if got := m.state().Status; got != status {
		m.t.Fatalf("the issue is %s, want %s", got, status)
	}
	return m
}

// events lists what was journalled about the issue.
func (m *matter) events() []string {
	m.t.Helper()
	var kinds []string
	m.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: issue.Subject(m.id)})
		for _, r := range records {
			kinds = append(kinds, strings.TrimPrefix(r.Kind, "issue."))
		}
		return err
	})
	return kinds
}

// wantNotices checks to whom a template went, as "channel to", in order.
func (m *matter) wantNotices(template string, to ...string) *matter {
	m.t.Helper()
	slices.Sort(to)
	if got := m.notices(template); !slices.Equal(got, to) {
		m.t.Errorf("%s went to %q, want %q", template, got, to)
	}
	return m
}

func ownedBy(p org.PersonID) org.Party {
	return org.Party{Role: org.Official, Person: p, Team: teamT3}
}

func clerkOf(u org.UnitID) org.Party { return org.Party{Role: org.UnitClerk, Unit: u} }

func TestRegisteringPromisesADayAndTellsIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10 09:00")
	m := c.raised(lan, "AP-01", core.Registration{Title: "Mương sau chợ"}, withPhone(), elder(), nil)
	i := m.state()
	if i.Code != "XL-17-0001" || i.Owner != lan || i.Team != teamT3 || i.To != org.TeamLeader || i.Urgency != issue.Normal || i.Place != "AP-01" {
		t.Errorf("%+v", i)
	}
	m.wantDuty(duty.Promise, duty.Running, "2017-04-10", ownedBy(lan))
	m.wantDuty(duty.Triage, duty.Running, "2017-03-14", org.Party{Role: org.TeamLeader, Team: teamT3})
	told := c.outbox(notify.Query{Template: "issue.registered"})
	if len(told) != 1 || told[0].To.Speaker == "" || told[0].Vars["code"] != i.Code || told[0].Vars["due"] != "2017-04-10" || told[0].Channel != notify.SMS {
		t.Errorf("only who has a telephone is told: %+v", told)
	}
	second := c.raised(lan, "AP-01", core.Registration{}, nil).state()
	if second.Code != "XL-17-0002" {
		t.Errorf("the second code is %s", second.Code)
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		o, err := tx.Opinion(ctx, opinion.ID(i.Opinions[0]))
		if o.Status != opinion.Linked || o.Issue != string(i.ID) {
			t.Errorf("the opinion is %s of %q", o.Status, o.Issue)
		}
		return err
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		found, err := w.Issues.ByCode(ctx, " xl-17-0001 ")
		if found.ID != i.ID {
			t.Errorf("the code leads to %q", found.ID)
		}
		slip, err2 := w.Issues.Slip(ctx, i.ID)
		want := core.Slip{Code: i.Code, Place: slip.Place, Raised: day("2017-03-10"), Promised: day("2017-04-10"), Official: "Trần Thị Lan"}
		if diff := cmp.Diff(want, slip); diff != "" || !strings.Contains(slip.Place, "Ấp 01") {
			t.Errorf("slip %s %q", diff, slip.Place)
		}
		return firstOf(err, err2)
	})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestWhatCannotBecomeAnIssue(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	register := func(r core.Registration) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Register(ctx, r)
			return err
		}
	}
	say := func(place org.PlaceID, kind opinion.Kind) opinion.ID {
		return c.hears(lan, core.Said{Text: "x", Kind: kind, Place: place})
	}
	complaint, wish := say("AP-01", opinion.Complaint), say("AP-01", opinion.Wish)
	here, there, nobody := say("AP-01", opinion.Report), say("AP-02", opinion.Report), say("AP-07", opinion.Report)
	c.refused("opinion.link.guide_only", lan, register(core.Registration{Opinions: []opinion.ID{complaint}}))
	c.refused("opinion.link.no_answer_owed", lan, register(core.Registration{Opinions: []opinion.ID{wish}}))
	c.refused("issue.register.other_place", lan, register(core.Registration{Opinions: []opinion.ID{here, there}}))
	c.refused("issue.register.no_opinion", lan, register(core.Registration{}))
	c.refused("issue.register.no_owner", lan, register(core.Registration{Opinions: []opinion.ID{nobody}}))
	c.refused("permission.issue.register", ta01, register(core.Registration{Opinions: []opinion.ID{here}}))
	c.must(vp01, register(core.Registration{Opinions: []opinion.ID{nobody}, Owner: ha}))
	c.must(lan, register(core.Registration{Opinions: []opinion.ID{here}}))
	c.refused("opinion.link.twice", lan, register(core.Registration{Opinions: []opinion.ID{here}}))
}

func TestAnIssueMayBeReportedStraightToTheCommittee(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{To: org.ProgrammeOffice}, nil)
	m.wantDuty(duty.Triage, duty.Running, "2017-03-14", org.Party{Role: org.ProgrammeOffice})
	m.does(vp01, triageAs(issue.Normal)).does(vp01, referTo(unitKTHT)).wantStatus(issue.Referred)
	if by := m.state().DaysByHolder(calendar2017(t), day("2017-03-13")); by["office"] != 0 || by["unit:P-KTHT"] != 1 {
		t.Errorf("days held %v", by)
	}
}

func TestTriageThatChangesThePromiseTellsTheSpeakerTheNewDay(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone())
	c.at("2017-03-13")
	m.refuses("permission.issue.triage", lan, triageAs(issue.Urgent))
	m.does(tl03, triageAs(issue.Urgent))
	m.wantDuty(duty.Promise, duty.Running, "2017-03-21", ownedBy(lan))
	if n := len(m.duties(duty.Promise)); n != 2 || m.duties(duty.Promise)[0].Status != duty.Superseded {
		t.Errorf("%d promises", n)
	}
	if told := c.outbox(notify.Query{Template: "issue.promise_moved"}); len(told) != 1 || told[0].Vars["due"] != "2017-03-21" {
		t.Errorf("%+v", told)
	}
	if m.does(tl03, triageAs(issue.Urgent)); len(c.outbox(notify.Query{Template: "issue.promise_moved"})) != 1 {
		t.Error("the same day is told once")
	}
}

func TestAReferralTellsTheUnitAndTheSpeakerOnce(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone())
	m.refuses("issue.refer.not_triaged", tl03, referTo(unitTNMT))
	m.does(tl03, triageAs(issue.Normal))
	m.refuses("issue.refer.unit_inactive", tl03, referTo("P-NEVER"))
	m.refuses("issue.refer.no_route", tl03, referTo(""))
	m.does(tl03, referTo(unitTNMT, unitKTHT))
	m.wantNotices("issue.referred", "email unit_clerk@unit:P-TNMT", "email unit_head@unit:P-TNMT")
	m.wantNotices("issue.cooperating", "email unit_clerk@unit:P-KTHT")
	m.wantNotices("issue.forwarded", "sms @speaker:"+string(c.speakerOf(m)))
	m.wantDuty(duty.Triage, duty.Met, "2017-03-14", org.Party{Role: org.TeamLeader, Team: teamT3})
	m.wantDuty(duty.Unit, duty.Running, "2017-03-24", clerkOf(unitTNMT))
	if d := m.duty(duty.Unit); d.Label != "XL-17-0001" {
		t.Errorf("people know the duty as %q", d.Label)
	}
	urgent := c.raised(lan, "AP-01", core.Registration{}, nil).does(tl03, triageAs(issue.Urgent)).does(tl03, referTo(unitKTHT))
	urgent.wantDuty(duty.Unit, duty.Running, "2017-03-15", clerkOf(unitKTHT))
	if sms := c.outbox(notify.Query{Template: "issue.referred", Channel: notify.SMS}); len(sms) != 2 || sms[0].Priority != notify.Critical {
		t.Errorf("urgent: %+v", sms)
	}
}

// speakerOf is the first speaker of an issue.
func (c *cast) speakerOf(m *matter) (id opinion.SpeakerID) {
	c.see(func(ctx context.Context, tx store.Tx) error {
		o, err := tx.Opinion(ctx, opinion.ID(m.state().Opinions[0]))
		id = o.Speaker
		return err
	})
	return id
}

func TestTheRouteOfTheSubjectDecidesWhoLeads(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	put := func(r issue.Route) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.PutRoute(ctx, r)
			return err
		}
	}
	route := issue.Route{ID: "r1", Subject: "thoat_nuoc", Name: "Thoát nước", Lead: unitKTHT, Cooperating: []org.UnitID{unitTNMT}, Sensitive: true, Valid: year2017()}
	c.refused("permission.organisation.manage", lan, put(route))
	c.refused("route.lead_missing", vp01, put(issue.Route{Subject: "x", Valid: year2017()}))
	c.must(vp01, put(route))
	m := c.raised(lan, "AP-01", core.Registration{}, nil).does(tl03, triageAs(issue.Normal)).does(tl03, referTo(""))
	if r := m.state().Current(); r.Lead != unitKTHT || !slices.Equal(r.Cooperating, []org.UnitID{unitTNMT}) || !m.state().Sensitive {
		t.Errorf("%+v", r)
	}
	m.does(u21, draftAnswer(settledAnswer()))
	m.refuses("permission.issue.approve_sensitive", u20, approveAnswer)
	m.does(vp01, approveAnswer).wantStatus(issue.FeedbackDue)
}

func TestEX21_ReturnedByADepartment(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone())
	c.at("2017-03-13")
	m.referredTo(unitTNMT).wantDuty(duty.Unit, duty.Running, "2017-03-27", clerkOf(unitTNMT))

	c.at("2017-03-16") // the edge: three working days after the referral
	m.refuses("issue.return.window_closed", u11, giveBackTo(unitKTHT))
	c.at("2017-03-15")
	m.refuses("issue.return.needs_target", u11, giveBackTo(""))
	m.refuses("issue.return.unknown_target", u11, giveBackTo("P-NEVER"))
	m.refuses("permission.issue.answer", u21, giveBackTo(unitKTHT))
	m.does(u11, giveBackTo(unitKTHT)).wantStatus(issue.Triaged)
	m.wantNotices("issue.returned", "email team_leader@team:T3")
	m.wantDuty(duty.Unit, duty.Cancelled, "2017-03-27", clerkOf(unitTNMT))
	m.wantDuty(duty.Triage, duty.Running, "2017-03-17", org.Party{Role: org.TeamLeader, Team: teamT3})

	c.at("2017-03-16")
	m.does(tl03, referTo(unitKTHT)).wantDuty(duty.Unit, duty.Running, "2017-03-30", clerkOf(unitKTHT))
	if told := c.outbox(notify.Query{Template: "issue.forwarded"}); len(told) != 1 {
		t.Errorf("the speaker was told %d times", len(told))
	}
	c.at("2017-03-20")
	m.does(u21, giveBackTo(unitTNMT)).wantStatus(issue.Arbitration)
	m.wantDuty(duty.Arbitration, duty.Running, "2017-03-22", org.Party{Role: org.ProgrammeOffice})
	m.wantNotices("issue.arbitration", "email programme_office")
	c.at("2017-03-21")
	m.refuses("permission.issue.arbitrate", tl03, arbitrateFor(unitTNMT))
	m.does(vp01, arbitrateFor(unitTNMT)).wantDuty(duty.Unit, duty.Running, "2017-04-04", clerkOf(unitTNMT))
	m.wantDuty(duty.Arbitration, duty.Met, "2017-03-22", org.Party{Role: org.ProgrammeOffice})
	m.wantDuty(duty.Promise, duty.Running, "2017-04-10", ownedBy(lan))
	if n := len(m.duties(duty.Promise)); n != 1 {
		t.Errorf("the promise was opened %d times", n)
	}
	c.at("2017-03-22")
	m.refuses("issue.return.non_returnable", u11, giveBackTo(unitKTHT))

	var held []string
	for _, h := range m.state().DaysHeld(calendar2017(t), day("2017-03-21")) {
		held = append(held, fmt.Sprintf("%s %d", h.Holder, h.Days))
	}
	if diff := cmp.Diff([]string{"team:T3 1", "unit:P-TNMT 2", "team:T3 1", "unit:P-KTHT 2", "office 1", "unit:P-TNMT 0"}, held); diff != "" {
		t.Error(diff)
	}
	want := []string{"registered", "triaged", "referred", "returned", "referred", "returned", "arbitration_opened", "arbitration_decided"}
	if diff := cmp.Diff(want, m.events()); diff != "" {
		t.Error(diff)
	}
}

func TestEX06_UnitDeadlineThroughTet(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-01-20 09:00")
	m := c.raised(lan, "AP-01", core.Registration{ID: "I-6"}, nil).referredTo(unitTNMT)
	m.wantDuty(duty.Unit, duty.Running, "2017-02-10", clerkOf(unitTNMT))

	c.sweepUntil("2017-02-16 14:00")
	d := m.duty(duty.Unit)
	var said []string
	for _, n := range c.outbox(notify.Query{Duty: string(d.ID)}) {
		said = append(said, fmt.Sprintf("%s %s %s", n.NotBefore.In(calendar.Zone()).Format("02/01 15:04"), n.Channel, n.To.Key()))
	}
	slices.Sort(said)
	want := []string{
		"08/02 08:00 email unit_clerk@unit:P-TNMT",
		"10/02 08:00 email unit_clerk@unit:P-TNMT",
		"13/02 08:00 email unit_clerk@unit:P-TNMT", "13/02 08:00 email unit_head@unit:P-TNMT",
		"13/02 08:00 sms unit_clerk@unit:P-TNMT", "13/02 08:00 sms unit_head@unit:P-TNMT",
		"15/02 08:00 email programme_office", "15/02 08:00 email unit_head@unit:P-TNMT",
		"15/02 08:00 sms programme_office", "15/02 08:00 sms unit_head@unit:P-TNMT",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	ahead := duty.Forecast(d, policy.Default(), calendar2017(t), day("2017-02-24"))
	var levels []string
	for _, s := range ahead {
		levels = append(levels, fmt.Sprintf("%s %s", s.At.In(calendar.Zone()).Format("02/01 15:04"), s.Level))
	}
	if diff := cmp.Diff([]string{"17/02 08:00 e3", "24/02 08:00 e4"}, levels); diff != "" {
		t.Error(diff)
	}

	m.answeredBy(settledAnswer())
	d = m.duty(duty.Unit)
	if d.Status != duty.MetLate || d.Late(d.Closed, calendar2017(t)) != 4 {
		t.Errorf("%s, late %d", d.Status, d.Late(d.Closed, calendar2017(t)))
	}
	for _, n := range c.outbox(notify.Query{Duty: string(d.ID)}) {
		if n.State != notify.Cancelled || n.Why != "duty met_late" {
			t.Errorf("%s is %s because %q", n.Key, n.State, n.Why)
		}
	}
	c.sweepUntil("2017-03-10 08:00")
	if n := len(c.outbox(notify.Query{Duty: string(d.ID)})); n != len(want) {
		t.Errorf("%d notices of a duty that was met, want the %d of before", n, len(want))
	}
	c.must(u10, func(ctx context.Context, w *core.Work) error {
		text, err := w.Duties.Explain(ctx, d.ID, "en")
		if counted := strings.Count(text, "\n"); counted < 21 {
			t.Errorf("the explanation does not account for 21 days:\n%s", text)
		}
		return err
	})
}

func TestEX24_NoPhoneLoopClosedAtTheNextVisit(t *testing.T) {
	prepare := func(t *testing.T) (*cast, *matter, visit.ID) {
		c := newCast(t, nil)
		c.at("2017-03-20")
		m := c.raised(lan, "AP-01", core.Registration{}, elder()).referredTo(unitTNMT)
		v := c.plan(lan, "AP-01", "2017-04-05")
		c.at("2017-03-31")
		m.answeredBy(settledAnswer()).wantDuty(duty.Feedback, duty.Running, "2017-04-05", ownedBy(lan))
		m.wantNotices("issue.answered", "email official@person:CC-017@team:T3", "sms official@person:CC-017@team:T3")
		return c, m, v
	}
	report := func(v visit.ID, ticks ...visit.FeedbackTick) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			r := minutes()
			r.Feedback = ticks
			_, err := w.Visits.Report(ctx, v, day("2017-04-05"), r)
			return err
		}
	}

	t.Run("told in person", func(t *testing.T) {
		c, m, v := prepare(t)
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			a, err := w.Visits.Agenda(ctx, v)
			if len(a.Answers) != 1 || a.Answers[0].ID != m.id {
				t.Errorf("the agenda begins with %v", a.Answers)
			}
			return err
		})
		c.at("2017-04-05 21:00")
		c.refused("visit.report.feedback_pending", lan, report(v))
		c.must(lan, report(v, visit.FeedbackTick{Issue: string(m.id), Delivered: true}))
		m.wantStatus(issue.FeedbackGiven).wantDuty(duty.Feedback, duty.Met, "2017-04-05", ownedBy(lan))
		m.wantDuty(duty.Promise, duty.Met, "2017-04-18", ownedBy(lan))
		d := m.state().Deliveries
		if len(d) != 1 || d[0].Channel != issue.InPerson || d[0].On != day("2017-04-05") || d[0].By != lan || d[0].Visit != string(v) {
			t.Errorf("%+v", d)
		}
		for _, template := range []string{"issue.registered", "issue.forwarded", "issue.satisfaction"} {
			if sent := c.notices(template); len(sent) != 0 {
				t.Errorf("%s was tried: %v", template, sent)
			}
		}
		c.at("2017-04-10")
		m.refuses("permission.issue.record_reply", lan, m.replies(0, true))
		m.refuses("permission.issue.record_reply", "TA-02", m.replies(0, true))
		m.does(ta01, m.replies(0, true)).wantStatus(issue.Closed).wantOpen()
		if r := m.state().Replies[0]; r.Proxy != ta01 || !r.Satisfied {
			t.Errorf("on paper by the hamlet head: %+v", r)
		}
	})
	t.Run("absent", func(t *testing.T) {
		c, m, v := prepare(t)
		c.at("2017-04-05 21:00")
		c.refused("visit.report.feedback_reason_missing", lan, report(v, visit.FeedbackTick{Issue: string(m.id)}))
		c.must(lan, report(v, visit.FeedbackTick{Issue: string(m.id), Why: "vắng mặt"}))
		m.wantStatus(issue.FeedbackDue).wantDuty(duty.Feedback, duty.Running, "2017-04-05", ownedBy(lan))
		if d := m.state().Deliveries; len(d) != 1 || d[0].Failed != "vắng mặt" {
			t.Errorf("%+v", d)
		}
		if m.duty(duty.Feedback).IsLate(day("2017-04-05")) || !m.duty(duty.Feedback).IsLate(day("2017-04-06")) {
			t.Error("overdue from 06/04 on")
		}
		c.sweepUntil("2017-04-07 08:00")
		late := c.outbox(notify.Query{Template: "duty.feedback.late"})
		if len(late) == 0 || !late[0].NotBefore.Equal(instant("2017-04-07 08:00")) {
			t.Errorf("E1 goes on Fri 07/04, the 6th is closed: %+v", late)
		}
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			_, err := w.Issues.Deliver(ctx, m.id, issue.Delivery{Opinion: m.state().Opinions[0], Channel: issue.Letter})
			return err
		})
		m.wantStatus(issue.FeedbackGiven).wantDuty(duty.Feedback, duty.MetLate, "2017-04-05", ownedBy(lan))
	})
}

func TestATickBooksOnlyWhatIsOwedInThatHamlet(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, elder(), nil).referredTo(unitTNMT)
	other := c.raised(minh, "AP-02", core.Registration{}, nil)
	v := c.plan(lan, "AP-01", "2017-03-13")
	c.at("2017-03-13 21:00")
	ticking := func(id issue.ID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			r := minutes()
			r.Feedback = []visit.FeedbackTick{{Issue: string(id), Delivered: true}}
			_, err := w.Visits.Report(ctx, v, day("2017-03-13"), r)
			return err
		}
	}
	c.refused("issue.tick.other_place", lan, ticking(other.id))
	c.refused("issue.tick.not_answered", lan, ticking(m.id))
	m.answeredBy(settledAnswer()).does(lan, m.tells(0, issue.Call))
	c.must(lan, ticking(m.id))
	if d := m.state().Deliveries; len(d) != 2 || d[1].Channel != issue.InPerson || d[1].Visit != string(v) {
		t.Errorf("who was not told yet, without a name too, is told at the visit: %+v", d)
	}
	m.wantStatus(issue.FeedbackGiven)
}

func TestAnAnswerThatCameAfterTheVisitIsNotOwedAtIt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	v := c.plan(lan, "AP-01", "2017-03-13")
	c.at("2017-03-14")
	m.answeredBy(settledAnswer())
	report := minutes()
	report.Feedback = []visit.FeedbackTick{{Issue: string(m.id), Delivered: true}}
	c.refused("issue.deliver.date", lan, reportOn(v, "2017-03-13", report))
	report.Feedback = []visit.FeedbackTick{{Issue: string(m.id), Why: "chưa có trả lời"}}
	c.must(lan, reportOn(v, "2017-03-13", report))
	if d := m.wantStatus(issue.FeedbackDue).state().Deliveries; len(d) != 0 {
		t.Errorf("nothing could be told then: %+v", d)
	}
}

func TestAPauseStandsStillAndEndsByItself(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	pause := func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Pause(ctx, id, issue.NeedsSpeaker, "cần vị trí thửa đất")
	}
	resume := func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) { return s.Resume(ctx, id) }
	c.at("2017-03-14")
	m.refuses("permission.issue.approve_pause", u10, pause)
	m.refuses("issue.resume.not_paused", u11, resume)
	m.does(vp01, pause).wantStatus(issue.OnHold)
	m.wantNotices("issue.paused", "sms official@person:CC-017@team:T3")
	m.wantNotices("issue.asks_speaker", "sms @speaker:"+string(c.speakerOf(m)))
	m.refuses("issue.pause.not_referred", vp01, pause)
	m.refuses("issue.answer.not_referred", u11, draftAnswer(settledAnswer()))
	c.at("2017-03-17")
	m.does(u11, resume).wantStatus(issue.Referred).wantDuty(duty.Unit, duty.Running, "2017-03-29", clerkOf(unitTNMT))
	if m.state().Current().Due != day("2017-03-29") || m.state().PromiseDue != day("2017-04-10") {
		t.Errorf("the referral is due %s, the promise %s", m.state().Current().Due, m.state().PromiseDue)
	}
	c.at("2017-03-20")
	m.does(vp01, pause)
	c.sweepUntil("2017-03-31 08:00") // 7 working days were left: until 29/03
	m.wantStatus(issue.Referred).wantDuty(duty.Unit, duty.Running, "2017-04-10", clerkOf(unitTNMT))
	if p := m.state().Pauses[1]; p.Until != day("2017-03-29") || p.To != day("2017-03-29") {
		t.Errorf("%+v", p)
	}
	m.wantNotices("issue.resumed", "email unit_clerk@unit:P-TNMT", "email unit_clerk@unit:P-TNMT", "email unit_head@unit:P-TNMT", "email unit_head@unit:P-TNMT")
	m.refuses("duty.pause.exhausted", vp01, pause)
}

func TestAnExtensionComesOnceBeforeTheDueDateWithAWordToThePeople(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	extend := func(x issue.Extension) issueStep {
		return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
			return s.Extend(ctx, id, x)
		}
	}
	x := issue.Extension{Days: 5, Reason: "chờ khảo sát", Message: "Phòng đang khảo sát thực địa."}
	m.refuses("issue.extend.message_missing", vp01, extend(issue.Extension{Days: 5, Reason: "chờ"}))
	m.refuses("duty.extend.too_long", vp01, extend(issue.Extension{Days: 11, Reason: "chờ", Message: "x"}))
	m.refuses("permission.issue.approve_pause", u10, extend(x))
	m.does(vp01, extend(x)).wantDuty(duty.Unit, duty.Running, "2017-03-31", clerkOf(unitTNMT))
	if e := m.state().Extensions[0]; e.By != vp01 || e.On != day("2017-03-10") || m.state().Current().Due != day("2017-03-31") {
		t.Errorf("%+v", e)
	}
	m.wantNotices("issue.delayed", "sms @speaker:"+string(c.speakerOf(m)))
	m.wantNotices("issue.extended", "sms official@person:CC-017@team:T3")
	m.refuses("duty.extend.too_often", vp01, extend(x))
	late := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	c.at("2017-03-27")
	late.refuses("duty.extend.overdue", vp01, extend(x))
}

func TestNotOursIsNoAnswer(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	m.refuses("issue.answer.not_ours", u11, draftAnswer(issue.Answer{Class: "not_ours", Text: "không phải việc của phòng"}))
	for _, body := range []string{"P-KTHT", "phòng kinh tế và hạ tầng", "ktht"} {
		m.refuses("issue.answer.not_ours", u11, draftAnswer(issue.Answer{Class: issue.Beyond, Text: "x", Body: body}))
	}
	m.refuses("permission.issue.answer", u21, draftAnswer(settledAnswer()))
	m.does(u11, draftAnswer(issue.Answer{Class: issue.Beyond, Text: "Đã chuyển.", Body: "UBND tỉnh"}))
	m.refuses("permission.issue.approve_answer", u20, approveAnswer)
	m.does(u10, draftAnswer(settledAnswer())).refuses("issue.approve.own_draft", u10, approveAnswer)
}

func TestSpeakersAreAskedTheNextMorningAndSilenceCloses(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT).answeredBy(settledAnswer())
	c.at("2017-03-14 15:00")
	m.refuses("permission.issue.deliver_feedback", minh, m.tells(0, issue.Call))
	quiet := c.raised(lan, "AP-01", core.Registration{}, elder()).referredTo(unitTNMT).answeredBy(settledAnswer())
	quiet.refuses("issue.deliver.no_phone", lan, quiet.tells(0, issue.SMS))
	m.does(lan, m.tells(0, issue.Call)).wantDuty(duty.Satisfaction, duty.Running, "2017-03-28", ownedBy(lan))
	m.wantOpen(duty.Satisfaction)
	asked := c.outbox(notify.Query{Template: "issue.satisfaction"})
	if len(asked) != 1 || !asked[0].NotBefore.Equal(instant("2017-03-15 08:00")) || asked[0].Vars["due"] != "2017-03-28" || !asked[0].Expires.Equal(instant("2017-03-29 00:00")) {
		t.Errorf("%+v", asked)
	}
	c.sweepUntil("2017-03-29 08:00")
	i := m.wantStatus(issue.Closed).state()
	if i.Outcome != issue.NoResponse || i.ClosedOn != day("2017-03-29") {
		t.Errorf("%s on %s", i.Outcome, i.ClosedOn)
	}
	m.wantOpen()
}

func TestWhoIsNotSatisfiedIsHeardOnceMoreThenByTheLeader(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT).answeredBy(settledAnswer())
	m.does(lan, m.tells(0, issue.Call))
	c.at("2017-03-15")
	m.does(vp01, m.replies(0, false)).wantStatus(issue.Referred).wantDuty(duty.Unit, duty.Running, "2017-03-29", clerkOf(unitTNMT)).wantOpen(duty.Unit)
	m.wantNotices("issue.reopened", "email programme_leader", "sms programme_leader", "email unit_head@unit:P-TNMT", "email unit_clerk@unit:P-TNMT")
	if asked := c.outbox(notify.Query{Template: "issue.satisfaction"}); asked[0].State != notify.Cancelled {
		t.Errorf("the question is settled: %s", asked[0].State)
	}
	m.does(u11, draftAnswer(settledAnswer()))
	m.refuses("permission.issue.approve_higher", u10, approveAnswer)
	m.does(pct, approveAnswer).does(lan, m.tells(0, issue.Call))
	c.at("2017-03-17")
	m.does(ta01, m.replies(0, false)).wantStatus(issue.Appealed).wantDuty(duty.Appeal, duty.Running, "2017-03-31", org.Party{Role: org.ProgrammeLeader}).wantOpen(duty.Appeal)
	m.wantNotices("issue.appealed", "email programme_leader", "sms programme_leader")
	decide := func(decision, path string) issueStep {
		return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
			return s.DecideAppeal(ctx, id, decision, path)
		}
	}
	m.refuses("permission.issue.decide_appeal", vp01, decide("vì", "UBND tỉnh"))
	m.refuses("issue.appeal.legal_path_missing", pct, decide("vì", ""))
	m.does(pct, decide("Giữ nguyên, vì …", "Đề nghị UBND tỉnh")).wantStatus(issue.ClosedFinal).wantOpen()
	m.wantNotices("issue.final", "sms @speaker:"+string(c.speakerOf(m)))
	m.wantNotices("issue.decided", "email official@person:CC-017@team:T3")
	want := []string{"registered", "triaged", "referred", "answer_drafted", "answer_approved", "delivered", "feedback_given", "replied", "reopened",
		"answer_drafted", "answer_approved", "delivered", "feedback_given", "replied", "appealed", "closed_final"}
	if diff := cmp.Diff(want, m.events()); diff != "" {
		t.Error(diff)
	}
}

func TestTheHeadOfTheParentUnitApprovesTheSecondRound(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	c.put(func(ctx context.Context, tx store.Tx) error {
		u, err := tx.Unit(ctx, unitTNMT)
		if err != nil {
			return err
		}
		u.Parent = unitKTHT
		return tx.PutUnit(ctx, &u)
	})
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT).answeredBy(settledAnswer()).does(lan, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		i, err := s.Get(ctx, id)
		if err != nil {
			return i, err
		}
		return s.Deliver(ctx, id, issue.Delivery{Opinion: i.Opinions[0], Channel: issue.NoticeBoard})
	})
	m.does(ta01, m.replies(0, false)).does(u11, draftAnswer(settledAnswer())).refuses("permission.issue.approve_higher", u10, approveAnswer)
	m.does(u20, approveAnswer)
}

func TestAnAnswerInProgressOwesItsResult(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	m.answeredBy(issue.Answer{Class: issue.InProgress, Text: "Đang lập dự toán.", Roadmap: day("2017-06-30")})
	m.wantDuty(duty.Roadmap, duty.Running, "2017-06-30", clerkOf(unitTNMT))
	m.does(lan, m.tells(0, issue.Call)).wantOpen(duty.Roadmap, duty.Satisfaction)
	c.sweepUntil("2017-04-03 08:00")
	m.wantStatus(issue.FeedbackGiven).wantOpen(duty.Roadmap)
	c.at("2017-06-28")
	m.answeredBy(settledAnswer()).wantDuty(duty.Roadmap, duty.Met, "2017-06-30", clerkOf(unitTNMT)).wantOpen(duty.Feedback)
	m.does(lan, m.tells(0, issue.Call)).wantStatus(issue.FeedbackGiven).wantOpen(duty.Satisfaction)
	c.sweepUntil("2017-07-20 08:00")
	m.wantStatus(issue.Closed).wantOpen()
	if i := m.state(); i.Round != 1 || len(i.Answers) != 2 || !i.ToldOn(2).Equal(day("2017-06-28")) {
		t.Errorf("%+v", i)
	}
}

func TestLinkingEndsTheClocksAndUnlinkingStartsEachFromItsOwnDay(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	hub := c.raised(minh, "AP-02", core.Registration{}, nil).referredTo(unitTNMT)
	c.at("2017-03-13")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT).wantOpen(duty.Promise, duty.Unit)
	link := func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Link(ctx, id, hub.id)
	}
	unlink := func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) { return s.Unlink(ctx, id) }
	c.at("2017-03-15")
	m.refuses("permission.issue.link", tl03, link)
	m.refuses("issue.unlink.not_linked", vp01, unlink)
	m.does(vp01, link).wantStatus(issue.Linked).wantOpen()
	hub.wantOpen(duty.Promise, duty.Unit)
	m.wantNotices("issue.linked", "email official@person:CC-042@team:T3")
	if h := hub.state(); h.Repeats != 1 || len(h.Opinions) != 1 || h.Carried[0].Issue != m.id {
		t.Errorf("%+v", h)
	}
	c.at("2017-03-22")
	m.does(vp01, unlink).wantStatus(issue.Referred).wantOpen(duty.Promise, duty.Unit)
	m.wantDuty(duty.Promise, duty.Running, "2017-04-11", ownedBy(lan)) // 20 working days from 13/03
	m.wantDuty(duty.Unit, duty.Running, "2017-03-27", clerkOf(unitTNMT))
	if h := hub.state(); h.Repeats != 0 || len(h.Carried) != 0 {
		t.Errorf("%+v", h)
	}

	m.does(vp01, link)
	hub.answeredBy(settledAnswer())
	m.wantStatus(issue.FeedbackDue).wantDuty(duty.Feedback, duty.Running, "2017-03-27", ownedBy(lan))
	hub.wantDuty(duty.Feedback, duty.Running, "2017-03-27", ownedBy(minh))
	m.does(lan, m.tells(0, issue.Call)).does(ta01, m.replies(0, true)).wantStatus(issue.Closed)
	hub.wantStatus(issue.FeedbackDue)
}

func TestARepeatedMatterStartsItsLadderHigher(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	first := c.raised(lan, "AP-01", core.Registration{}, nil)
	o := c.hears(lan, core.Said{Text: "lại ngập", Place: "AP-01"})
	c.refused("issue.register.repeat_open", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{o}, RepeatOf: first.id})
		return err
	})
	first.referredTo(unitTNMT).answeredBy(settledAnswer())
	again := c.raised(lan, "AP-01", core.Registration{RepeatOf: first.id}, nil).referredTo(unitTNMT)
	if i := again.state(); i.Repeats != 1 || i.RepeatOf != first.id || i.FirstRaised != day("2017-02-20") {
		t.Errorf("%+v", i)
	}
	if again.duty(duty.Unit).Raise != 1 || first.duty(duty.Unit).Raise != 0 || again.duty(duty.Promise).Raise != 1 {
		t.Error("the ladder of a repeated matter starts one step higher")
	}
}

func TestAMissedPromiseMakesOneApologyAndASecondMissIsTheLeaders(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, withPhone()).referredTo(unitTNMT)
	apologise := func(on string) issueStep {
		return func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
			return s.Apologise(ctx, id, issue.Apology{Reason: "chờ kinh phí", NewDate: day(on)})
		}
	}
	m.refuses("issue.apologise.not_late", tl03, apologise("2017-04-20"))
	c.sweepUntil("2017-04-11 08:00")
	m.wantNotices("issue.apology_due", "email team_leader@team:T3")
	if m.state().Apology == nil || len(c.notices("issue.apology")) != 0 {
		t.Error("drafted, and not sent before a person approves it")
	}
	m.refuses("permission.issue.triage", lan, apologise("2017-04-22"))
	m.does(tl03, apologise("2017-04-22")) // a Saturday
	m.wantDuty(duty.Promise, duty.Running, "2017-04-24", ownedBy(lan))
	sms := c.outbox(notify.Query{Template: "issue.apology"})
	if len(sms) != 1 || sms[0].Vars["due"] != "2017-04-24" || m.state().PromiseDue != day("2017-04-10") {
		t.Errorf("%+v", sms)
	}
	c.sweepUntil("2017-04-25 08:00")
	m.refuses("issue.apologise.twice", tl03, apologise("2017-05-20"))
	if n := len(c.notices("issue.apology_due")); n != 1 {
		t.Errorf("%d drafts", n)
	}
	leader := c.outbox(notify.Query{Duty: string(m.duty(duty.Promise).ID), Template: "duty.promise.late"})
	if len(leader) == 0 || leader[0].To.Role != org.ProgrammeLeader {
		t.Errorf("the second miss goes to the leader at once: %+v", leader)
	}
}

func TestAMatterFeltInManyPlacesIsToldTheLeaderOnce(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	one := c.raised(lan, "AP-01", core.Registration{Subject: "thoat_nuoc"}, nil)
	c.raised(minh, "AP-02", core.Registration{Subject: "thoat_nuoc"}, nil)
	if len(c.notices("issue.collective")) != 0 || one.state().Collective {
		t.Error("two hamlets are not many")
	}
	c.at("2017-03-20")
	m := c.raised(ha, "AP-03", core.Registration{}, nil).does(tl03, triageAs(issue.Normal)) // its subject follows at triage
	m.wantNotices("issue.collective", "email programme_leader")
	if n := c.outbox(notify.Query{Template: "issue.collective"})[0]; n.Vars["hamlets"] != "3" || n.Vars["opinions"] != "3" || n.Vars["subject"] != "thoat_nuoc" {
		t.Errorf("%+v", n.Vars)
	}
	c.raised(tuan, "AP-04", core.Registration{Subject: "thoat_nuoc"}, nil)
	if !one.state().Collective || !m.state().Collective || len(c.notices("issue.collective")) != 1 {
		t.Error("all of them are marked, the leader is told once")
	}
	if !slices.Contains(m.events(), "collective") {
		t.Errorf("%v", m.events())
	}
}

func TestPromisesFollowTheHamletToItsNextOfficial(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	m := c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	handOver := func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.HandOver(ctx, id, minh, teamT3)
	}
	m.refuses("permission.issue.link", lan, handOver)
	m.does(vp01, handOver).wantDuty(duty.Promise, duty.Running, "2017-04-10", ownedBy(minh))
	m.wantDuty(duty.Unit, duty.Running, "2017-03-24", clerkOf(unitTNMT))
	c.must(minh, func(ctx context.Context, w *core.Work) error {
		owing, err := w.Issues.Owing(ctx, minh)
		if len(owing) != 1 || owing[0].ID != m.id {
			t.Errorf("%v", owing)
		}
		none, err2 := w.Issues.Owing(ctx, lan)
		if len(none) != 0 {
			t.Errorf("%v", none)
		}
		return firstOf(err, err2)
	})
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return core.HandOverIssues(ctx, w, "AP-01", minh, ha, teamT3)
	})
	if m.state().Owner != ha || m.duty(duty.Promise).Holder.Person != ha {
		t.Errorf("%s", m.state().Owner)
	}
}

// Every template that is told about an issue, with every field it wants.
func TestEveryNoticeAboutAnIssueCanBeRendered(t *testing.T) {
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	i := issue.State{ID: "I-1", Code: "XL-17-0142", Place: "AP-01", Team: teamT3, Owner: lan, Urgency: issue.Urgent, Round: 2,
		Referrals:  []issue.Referral{{Number: 1, Lead: unitTNMT, Suggested: unitKTHT, Cooperating: []org.UnitID{unitNN}, Due: day("2017-03-24")}},
		Pauses:     []issue.Pause{{Reason: issue.NeedsSpeaker, Until: day("2017-03-20")}},
		Extensions: []issue.Extension{{}}, Answers: []issue.Answer{{}}, Opinions: []string{"o"},
		Deliveries: []issue.Delivery{{Opinion: "o", Answer: 1, On: day("2017-03-14")}},
		PromiseDue: day("2017-04-10"), Apology: &issue.Apology{NewDate: day("2017-04-20")}}
	asked := func(kind issue.RequestKind, granted, refused bool) issue.State {
		j := i
		j.Requests = []issue.Request{{Kind: kind, Referral: 1, Granted: granted}}
		if granted || refused {
			j.Requests[0].Decided = day("2017-03-20")
		}
		return j
	}
	i.SentBack = []issue.SentBack{{Drafter: u11}}
	s, due, at := []opinion.SpeakerID{"s"}, day("2017-03-31"), calendar.MustTimeOfDay(8, 0)
	all := slices.Concat(
		alert.IssueRegistered(i, s), alert.PromiseMoved(i, s), alert.IssueForwarded(i, s), alert.IssueReferred(i), alert.IssueReturned(i),
		alert.ArbitrationOpened(i, due), alert.IssuePaused(i, s), alert.IssueResumed(i), alert.IssueExtended(i, s), alert.IssueAnswered(i, due),
		alert.IssueAsked(i, s, due, at), alert.IssueReopened(i, org.Party{Role: org.ProgrammeLeader}), alert.IssueAppealed(i, due),
		alert.IssueClosedFinal(i, s), alert.IssueLinked(i, issue.State{Code: "XL-17-0143", Place: "AP-02"}),
		alert.IssueCollective(i, "Thoát nước", issue.Swell{Hamlets: 3, Opinions: 5}), alert.ApologyDrafted(i), alert.Apologised(i, s),
		alert.CollectiveWeek(i, "Thoát nước", issue.Swell{Hamlets: 3, Opinions: 5}, "2017-W11", instant("2017-03-13 08:00")),
		alert.IssueRequested(asked(issue.AsksPause, false, false)), alert.IssueRequested(asked(issue.AsksExtension, false, false)),
		alert.RequestDecided(asked(issue.AsksPause, true, false), due), alert.RequestDecided(asked(issue.AsksExtension, true, false), due),
		alert.RequestDecided(asked(issue.AsksPause, false, true), due), alert.AnswerSentBack(i))
	keys, used := map[string]bool{}, map[string]bool{}
	for _, n := range all {
		vars := map[string]string{"recipient": "x", "honorific": "x", "given": "x", "sender": "x", "hotline": "x"}
		for name, value := range n.Vars {
			vars[strings.TrimSuffix(name, "_id")] = value
		}
		for _, lang := range []string{"vi", "en"} {
			if _, _, err := templates.Render(n.Template, lang, n.Channel, vars); err != nil {
				t.Errorf("%s %s: %v", n.Template, lang, err)
			}
			if _, err := templates.Item(n.Template, lang, vars); err != nil {
				t.Errorf("%s %s: %v", n.Template, lang, err)
			}
		}
		if keys[n.Key] {
			t.Errorf("the key %s stands for two notices", n.Key)
		}
		other := map[notify.Channel]notify.Channel{notify.SMS: notify.Email, notify.Email: notify.SMS}[n.Channel]
		if twin, bare := strings.CutSuffix(n.Key, "/"+string(n.Channel)); n.Template != "issue.collective_week" && (!bare || strings.HasSuffix(twin, "/"+string(other))) {
			t.Errorf("%s does not end in its channel alone: where one of two fails, the same would be said on the other again", n.Key)
		}
		keys[n.Key], used[n.Template] = true, true
	}
	for _, name := range templates.Names() {
		if strings.HasPrefix(name, "issue.") && !used[name] {
			t.Errorf("nobody uses the template %s", name)
		}
	}
}

func TestUnlinkedWhileTheResultOfARoadmapIsDraftedItsDayIsOwed(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	roadmap := issue.Answer{Class: issue.InProgress, Text: "Đang thi công.", Roadmap: day("2017-05-10")}
	m := c.raised(lan, "AP-01", core.Registration{}, elder()).referredTo(unitTNMT).answeredBy(roadmap)
	m.does(lan, m.tells(0, issue.InPerson)).does(u11, draftAnswer(settledAnswer()))
	hub := c.raised(lan, "AP-01", core.Registration{}, nil)
	m.does(vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Link(ctx, id, hub.id)
	})
	m.does(vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) { return s.Unlink(ctx, id) })
	if open := m.open(); !slices.Equal(open, []duty.Kind{duty.Roadmap}) || m.duty(duty.Roadmap).Due != day("2017-05-10") {
		t.Errorf("open again: %v", open)
	}
}

func TestUnlinkedInALaterRoundAPromiseThatWasKeptIsNotOwedAgain(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	m := c.raised(lan, "AP-01", core.Registration{}, elder()).referredTo(unitTNMT).answeredBy(settledAnswer())
	m.does(lan, m.tells(0, issue.InPerson)).does(ta01, m.replies(0, false)) // a second round
	hub := c.raised(lan, "AP-01", core.Registration{}, nil)
	m.does(vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) {
		return s.Link(ctx, id, hub.id)
	})
	m.does(vp01, func(ctx context.Context, s *core.Issues, id issue.ID) (issue.State, error) { return s.Unlink(ctx, id) })
	if open := m.open(); !slices.Equal(open, []duty.Kind{duty.Unit}) {
		t.Errorf("open again: %v", open)
	}
}
