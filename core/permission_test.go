package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// The permission matrix of model section 5, written down a second time: for each
// action, about which matters each member of the cast may do it.
//
//	A  Lan's, in AP-01 (commune C1), team T3, at P-TNMT
//	B  Minh's, in AP-02 (C1), team T3, at P-KTHT
//	C  of an official of another team, in AP-07 (C3), at P-KTHT
//	S  the actor's own: A with the actor as the official, drafter or proposer
//	*  all of them, or the action is about nothing of the kind
//
// Lan, TL-03, U-11, U-10, VP-01, PCT, TA-01, TT-01, QT-01, KT-01, CT, LX-01.
const permitted = `
action                          official leader3 clerk head office leader hamlet inspector admin auditor chair commune

visit.plan                      AS       ABS     -     -    *      -      -      -         -     -       -     -
visit.report                    AS       ABS     -     -    *      -      -      -         -     -       -     -
visit.cancel                    -        ABS     -     -    *      -      -      -         -     -       -     -
visit.confirm                   -        -       -     -    ABC    -      A      -         -     -       -     AB
visit.reply                     AS       S       -     -    -      -      -      -         -     -       -     -
visit.decide                    -        AB      -     -    ABC    -      -      -         -     -       -     -
opinion.capture                 *        *       -     -    *      -      AS     -         -     -       -     -
opinion.see_speaker             -        -       -     -    *      -      -      -         -     -       -     -
issue.register                  *        *       -     -    *      -      -      -         -     -       -     -
issue.triage                    -        ABS     -     -    *      -      -      -         -     -       -     -
issue.answer                    -        -       AS    AS   -      -      -      -         -     -       -     -
issue.approve_answer            -        -       -     A    -      -      -      -         -     -       -     -
issue.approve_sensitive         -        -       -     -    ABC    -      -      -         -     -       -     -
issue.approve_higher            -        -       -     -    -      ABC    -      -         -     -       -     -
issue.decide_appeal             -        -       -     -    -      ABC    -      -         -     -       -     -
issue.approve_pause             -        -       -     -    *      *      -      -         -     -       -     -
issue.arbitrate                 -        -       -     -    *      -      -      -         -     -       -     -
issue.link                      -        -       -     -    *      -      -      -         -     -       -     -
issue.deliver_feedback          AS       ABS     -     -    *      -      -      -         -     -       -     -
issue.record_reply              -        AB      -     -    ABC    -      A      -         -     -       -     -
sealed.count                    -        -       -     -    *      -      -      -         -     -       -     -
sealed.grant                    -        -       -     -    -      -      -      -         -     -       *     -
sealed.read_access              -        -       -     -    -      -      -      -         -     *       -     -
supervision.see_ratings         AS       -       -     -    *      *      -      -         -     *       -     -
supervision.see_team_ratings    -        ABS     -     -    *      *      -      -         -     *       -     -
supervision.rate                -        -       -     -    ABC    -      A      -         -     -       -     AB
supervision.reply               AS       -       -     -    -      -      -      -         -     -       -     -
supervision.decide_flag         -        AB      -     -    ABC    -      -      -         -     -       -     -
assignment.propose              -        ABS     -     -    *      -      -      -         -     -       -     -
assignment.approve              -        -       -     -    -      *      -      -         -     -       -     -
assignment.sign_handover        AS       S       -     -    -      -      -      -         -     -       -     -
rule.propose                    -        -       -     -    *      -      -      -         -     -       -     -
rule.approve                    -        -       -     -    -      ABC    -      -         -     -       -     -
report.submit_round             AS       -       -     -    -      -      -      -         -     -       -     -
report.close_round              -        AB      -     -    ABC    -      -      -         -     -       -     -
report.prepare_month            -        -       -     -    *      -      -      -         -     -       -     -
report.accept_month             -        -       -     -    -      *      -      -         -     -       -     -
report.unlock_month             -        -       -     -    *      *      -      -         -     -       -     -
report.read                     -        -       -     -    *      *      -      -         -     *       *     -
profile.accept                  -        AB      -     -    ABC    -      -      -         -     -       -     -
dissemination.issue             -        -       -     -    *      -      -      -         -     -       -     -
organisation.manage             -        -       -     -    *      -      -      -         *     -       -     -
organisation.take_leave         AS       ABS     S     S    *      -      -      -         *     -       -     -
programme.manage                -        -       -     -    *      *      -      -         *     -       -     -
notice.manage                   -        -       -     -    *      -      -      -         *     -       -     -
journal.read                    -        -       -     -    *      *      -      -         -     *       -     -
`

// columns are who stands for each column of the table.
func columns() map[string]org.PersonID {
	return map[string]org.PersonID{
		"official": lan, "leader3": tl03, "clerk": u11, "head": u10, "office": vp01, "leader": pct, "hamlet": ta01,
		"inspector": tt01, "admin": qt01, "auditor": kt01, "chair": ct, "commune": lx01,
	}
}

// an official and the leader of another team.
const (
	khanh  org.PersonID = "CC-071"
	tl04   org.PersonID = "TL-04"
	teamT4 org.TeamID   = "T4"
)

// subject is what an action is tried on.
type subject struct {
	key      string // A, B, C or S/<person>
	official org.PersonID
	place    org.PlaceID
	team     org.TeamID
	unit     org.UnitID
}

func (s subject) visit(state visit.Status) visit.ID { return visit.ID(s.key + "/" + string(state)) }
func (s subject) issue(state string) issue.ID       { return issue.ID(s.key + "/" + state) }
func (s subject) opinion() opinion.ID               { return opinion.ID(s.key + "/said") }

func subjects() []subject {
	all := []subject{
		{"A", lan, "AP-01", teamT3, unitTNMT}, {"B", minh, "AP-02", teamT3, unitKTHT}, {"C", khanh, "AP-07", teamT4, unitKTHT},
	}
	for _, who := range columns() {
		all = append(all, subject{"S/" + string(who), who, "AP-01", teamT3, unitTNMT})
	}
	return all
}

// trials try each action on a subject, through the interface everybody uses.
func trials() map[string]func(context.Context, *core.Work, subject) error {
	none := func(_ any, err error) error { return err }
	march := calendar.MonthOf(day("2017-03-01"))
	return map[string]func(context.Context, *core.Work, subject) error{
		"visit.plan": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Visits.Plan(ctx, visit.Plan{Kind: visit.Regular, Place: s.place, Official: s.official, Date: day("2017-03-28"), Why: "điện thoại báo"}))
		},
		"visit.report": func(ctx context.Context, w *core.Work, s subject) error {
			r := minutes()
			r.Why = "điện thoại báo"
			owed, err := w.Visits.Owed(ctx, s.visit(visit.Planned))
			if err != nil {
				return err
			}
			for _, id := range owed.Feedback {
				r.Feedback = append(r.Feedback, visit.FeedbackTick{Issue: id, Why: "vắng nhà"})
			}
			return none(w.Visits.Report(ctx, s.visit(visit.Planned), day("2017-03-15"), r))
		},
		"visit.cancel": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Visits.Cancel(ctx, s.visit(visit.Planned), "mưa lũ"))
		},
		"visit.confirm": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Visits.Confirm(ctx, s.visit(visit.Reported), true, ""))
		},
		"visit.reply": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Visits.Reply(ctx, s.visit(visit.Disputed), "Tôi đã đến."))
		},
		"visit.decide": func(ctx context.Context, w *core.Work, s subject) error {
			return errors.Join(none(w.Visits.Decide(ctx, s.visit(visit.Disputed), true, "đã xác minh")),
				none(w.Visits.ApproveLate(ctx, s.visit(visit.Missed), "nghỉ ốm")))
		},
		"opinion.capture": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Opinions.Capture(ctx, "", core.Said{Text: "Đường hư.", Kind: opinion.Report, Place: s.place}))
		},
		"opinion.see_speaker": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Opinions.Speaker(ctx, s.opinion()))
		},
		"issue.register": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{s.opinion()}}))
		},
		"issue.triage": func(ctx context.Context, w *core.Work, s subject) error {
			if _, err := w.Issues.Triage(ctx, s.issue("registered"), issue.Sorting{Subject: "thoat_nuoc", Urgency: issue.Normal}); err != nil {
				return err
			}
			return none(w.Issues.Refer(ctx, s.issue("registered"), s.unit))
		},
		"issue.answer": func(ctx context.Context, w *core.Work, s subject) error {
			return errors.Join(none(w.Issues.Return(ctx, s.issue("referred"), "không thuộc chức năng", unitNN)),
				none(w.Issues.AskExtension(ctx, s.issue("held"), moreTime())),
				none(w.Issues.DraftAnswer(ctx, s.issue("held"), settledAnswer())))
		},
		"issue.approve_answer": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.ApproveAnswer(ctx, s.issue("drafted")))
		},
		"issue.approve_sensitive": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.ApproveAnswer(ctx, s.issue("sensitive")))
		},
		"issue.approve_higher": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.ApproveAnswer(ctx, s.issue("second")))
		},
		"issue.decide_appeal": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.DecideAppeal(ctx, s.issue("appealed"), "Bác đơn.", "Tòa án nhân dân huyện"))
		},
		"issue.approve_pause": func(ctx context.Context, w *core.Work, s subject) error {
			return errors.Join(none(w.Issues.Pause(ctx, s.issue("referred"), issue.NeedsSpeaker, "chờ hồ sơ")),
				none(w.Issues.Extend(ctx, s.issue("held"), issue.Extension{Days: 3, Reason: "khảo sát", Message: "Xin thêm thời gian."})))
		},
		"issue.arbitrate": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.Arbitrate(ctx, s.issue("arbitration"), s.unit))
		},
		"issue.link": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.Link(ctx, s.issue("registered"), s.issue("referred")))
		},
		"issue.deliver_feedback": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.Deliver(ctx, s.issue("approved"), issue.Delivery{Opinion: string(s.opinion()), Channel: issue.InPerson}))
		},
		"issue.record_reply": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Issues.RecordReply(ctx, s.issue("told"), issue.Satisfaction{Opinion: string(s.opinion()), Satisfied: true}))
		},
		"sealed.count": func(ctx context.Context, w *core.Work, _ subject) error { return none(w.Sealed.Count(ctx)) },
		"sealed.grant": func(ctx context.Context, w *core.Work, _ subject) error { return w.Sealed.Grant(ctx, "sealed", tt02) },
		"sealed.read_access": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Sealed.AccessLog(ctx, "sealed"))
		},
		"supervision.see_ratings": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Supervision.Impression(ctx, s.official, march.Period()))
		},
		"supervision.see_team_ratings": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Supervision.TeamImpression(ctx, s.team, march.Period()))
		},
		"supervision.rate": func(ctx context.Context, w *core.Work, s subject) error {
			return w.Supervision.Rate(ctx, s.visit(visit.Verified), good("+84900111001"))
		},
		"supervision.reply": func(ctx context.Context, w *core.Work, s subject) error {
			return w.Supervision.Reply(ctx, s.visit(visit.Reported), "Tôi đã đến.")
		},
		"supervision.decide_flag": func(ctx context.Context, w *core.Work, s subject) error {
			return errors.Join(none(w.Supervision.Raise(ctx, s.official, teamT3, "same_minutes", "hai biên bản giống nhau")),
				w.Supervision.AskForExplanation(ctx, supervision.FlagID(s.key), teamT3))
		},
		"assignment.propose": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Programme.Propose(ctx, programme.Assignment{Official: s.official, Place: "AP-09", Team: s.team, Valid: calendar.Period{From: day("2017-04-01")}}))
		},
		"assignment.approve": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Programme.Cancel(ctx, programme.AssignmentID("proposed/"+s.key), "đổi địa bàn"))
		},
		"assignment.sign_handover": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Programme.SignHandover(ctx, programme.AssignmentID("ended/"+s.key)))
		},
		"rule.propose": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Programme.ProposeRule(ctx, programme.Rule{Policy: nextPolicy(), Reason: "thí điểm"}))
		},
		"rule.approve": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Programme.ApproveRule(ctx, programme.RuleID(s.key)))
		},
		"report.submit_round": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Reports.SubmitRound(ctx, s.official, day("2017-03-10"), "Đợt 1"))
		},
		"report.close_round": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Reports.CloseRound(ctx, report.ID("round/"+s.key)))
		},
		"report.prepare_month": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Reports.SubmitMonth(ctx, march.Prev(), "Tháng 2"))
		},
		"report.accept_month": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Reports.AcceptMonth(ctx, march.Prev().Prev()))
		},
		"report.unlock_month": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Reports.UnlockMonth(ctx, march.Prev().Prev().Prev(), "sai số liệu"))
		},
		"report.read": func(ctx context.Context, w *core.Work, _ subject) error {
			_, err := w.Reports.ByTerritory(ctx, march.Period(), day("2017-03-31"))
			return errors.Join(err, none(w.Reports.Behind(ctx, march.Period(), report.Verified)), none(w.Reports.Export(ctx, march.Period(), nil)))
		},
		"profile.accept": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Visits.AcceptProfile(ctx, visit.ProfileID(s.key)))
		},
		"dissemination.issue": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Visits.Issue(ctx, visit.Item{Type: visit.StatePolicy, Title: "Bảo hiểm y tế", Valid: march.Period()}))
		},
		"organisation.manage": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Org.PutPerson(ctx, org.Person{ID: "CC-099", FullName: "Người Mới", Valid: calendar.Period{From: day("2017-01-01")}}))
		},
		"organisation.take_leave": func(ctx context.Context, w *core.Work, s subject) error {
			return none(w.Org.TakeLeave(ctx, org.Leave{Person: s.official, Days: days("2017-06-05", "2017-06-09")}))
		},
		"programme.manage": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Programme.CreateTeam(ctx, programme.Team{Programme: hvcs2017, Code: "T9", Name: "Tổ số 9"}))
		},
		"notice.manage": func(ctx context.Context, w *core.Work, _ subject) error { return none(w.Notices.Count(ctx)) },
		"journal.read": func(ctx context.Context, w *core.Work, _ subject) error {
			return none(w.Journal.Of(ctx, event.Subject{Type: "visit", ID: "x"}))
		},
	}
}

func nextPolicy() *policy.Policy {
	p := policy.Default()
	p.Version, p.From = "2017.2", day("2017-05-01")
	return &p
}

// TestPermissions_TheMatrixIsTheTable walks the table cell by cell. Every try is
// undone, so that each begins with the same scene.
func TestPermissions_TheMatrixIsTheTable(t *testing.T) {
	c := newCast(t, nil)
	c.permissionScene(subjects())
	table := strings.Split(strings.TrimSpace(permitted), "\n")
	heads := strings.Fields(table[0])[1:]
	tries := trials()
	undo := errors.New("undone")
	for _, line := range table[2:] {
		cells := strings.Fields(line)
		action := cells[0]
		try, ok := tries[action]
		if !ok || len(cells) != len(heads)+1 {
			t.Fatalf("%s: no such action, or %d cells for %d columns", action, len(cells)-1, len(heads))
		}
		delete(tries, action)
		succeeded := false
		for i, head := range heads {
			actor := columns()[head]
			for _, s := range subjects() {
				key := s.key[:1]
				if key == "S" && s.official != actor {
					continue
				}
				var got error
				err := c.do(actor, func(ctx context.Context, w *core.Work) error {
					got = try(ctx, w, s)
					return undo
				})
				if !errors.Is(err, undo) {
					t.Fatal(err)
				}
				want := cells[i+1] == "*" || strings.Contains(cells[i+1], key)
				if may := !denied(got); may != want {
					t.Errorf("%s by the %s about %s: may %v, want %v (%v)", action, head, key, may, want, got)
				}
				succeeded = succeeded || want && got == nil
			}
		}
		if !succeeded {
			t.Errorf("%s succeeded for nobody: the scene proves nothing", action)
		}
	}
	for action := range tries {
		t.Errorf("%s is tried nowhere in the table", action)
	}
	if lacking := lackingActions(); len(lacking) > 0 {
		t.Errorf("actions without a row: %v", lacking)
	}
}

// lackingActions are the actions of the core that the table does not know.
func lackingActions() (lacking []core.Action) {
	for _, a := range core.Actions() {
		if !strings.Contains(permitted, "\n"+string(a)+" ") {
			lacking = append(lacking, a)
		}
	}
	return lacking
}

// denied reports whether somebody was refused because of who they are: without
// the right, or because the matter is their own.
func denied(err error) bool {
	if errors.Is(err, fault.ErrForbidden) {
		return true
	}
	about := []string{
		"issue.approve.own_draft", "issue.appeal.own_answer", "issue.reply.own", "visit.dispute.own", "report.approve.own",
		"supervision.flag.own", "supervision.rate.own", "programme.rule.same_person", "programme.handover.signer",
	}
	return slices.ContainsFunc(fault.Violations(err), func(v *fault.Violation) bool { return slices.Contains(about, v.Rule) })
}

// permissionScene puts a matter of every kind for every subject, on 17/03/2017.
func (c *cast) permissionScene(all []subject) {
	c.t.Helper()
	c.at("2017-03-17")
	c.put(func(ctx context.Context, tx store.Tx) error {
		since := calendar.Period{From: day("2016-01-01")}
		faults := fault.List{
			tx.PutTeam(ctx, &programme.Team{ID: teamT4, Programme: hvcs2017, Code: "T4", Name: "Tổ công tác số 4", Valid: year2017()}),
			tx.PutSealedCase(ctx, &sealed.Case{ID: "sealed", Code: "M17-AAAAAA", Status: sealed.Transferred, Inspector: tt01, Granted: []org.PersonID{tt01}, Body: "kín"}),
		}
		for who, role := range map[org.PersonID]org.Role{khanh: org.Official, tl04: org.TeamLeader} {
			faults.Add(
				tx.PutPerson(ctx, &org.Person{ID: who, FullName: "Người Tổ Bốn", Valid: since}),
				tx.PutHolding(ctx, &org.Holding{ID: org.HoldingID("h/" + who), Person: who, Role: role, Team: teamT4, Unit: unitKTHT, Valid: since}),
			)
		}
		for n, status := range []report.Status{report.Locked, report.Approved, report.Open} {
			m := calendar.MonthOf(day("2016-12-01").AddMonths(n))
			faults.Add(tx.PutPeriodReport(ctx, &report.State{ID: report.ID("month/" + m.String()), Kind: report.Month, Period: m.Period(), Status: status}))
		}
		for _, s := range all {
			faults.Add(putVisits(ctx, tx, s), putIssues(ctx, tx, s), putRest(ctx, tx, s))
		}
		return faults.Err()
	})
}

func putVisits(ctx context.Context, tx store.Tx, s subject) error {
	faults := fault.List{tx.PutAssignment(ctx, &programme.Assignment{
		ID: programme.AssignmentID("active/" + s.key), Programme: hvcs2017, Official: s.official, Place: s.place, Team: s.team, Valid: year2017(), Status: programme.Active, Decision: "12/QĐ-UBND",
	})}
	for _, status := range []visit.Status{visit.Planned, visit.Reported, visit.Disputed, visit.Missed, visit.Verified} {
		v := visit.State{
			ID: s.visit(status), Kind: visit.Regular, Place: s.place, Team: s.team, Official: s.official, Planned: day("2017-03-15"),
			At: calendar.MustTimeOfDay(19, 0), Status: status, ReportDue: day("2017-03-17"),
		}
		if status != visit.Planned && status != visit.Missed {
			v.Happened, v.HeldBy, v.Reports = v.Planned, s.official, []visit.Report{{Attendance: visit.Present, Minutes: "biên bản", By: s.official}}
		}
		if status == visit.Disputed {
			v.Dispute = &visit.Dispute{Reason: "không đến", Opened: day("2017-03-16"), By: "TA-05"}
		}
		faults.Add(tx.PutVisit(ctx, &v))
	}
	collecting := supervision.OpenRound(supervision.RoundID(s.key+"/collecting"), string(s.visit(visit.Verified)), s.place, s.official, day("2017-03-16"), day("2017-03-23"))
	published := supervision.OpenRound(supervision.RoundID(s.key+"/published"), string(s.visit(visit.Reported)), s.place, s.official, day("2017-03-01"), day("2017-03-08"))
	published.Status = supervision.Published
	faults.Add(tx.PutRatingRound(ctx, &collecting), tx.PutRatingRound(ctx, &published))
	return faults.Err()
}

// putIssues puts an issue in each state. On matters of their own the actor is
// owner and drafter.
func putIssues(ctx context.Context, tx store.Tx, s subject) error {
	drafter := org.PersonID("U-99")
	if strings.HasPrefix(s.key, "S/") {
		drafter = s.official
	}
	speaker := opinion.SpeakerID(s.key + "/speaker")
	faults := fault.List{
		tx.PutSpeaker(ctx, &opinion.Speaker{ID: speaker, Name: "Bà Mẫu", Place: s.place}),
		tx.PutOpinion(ctx, &opinion.State{
			ID: s.opinion(), Place: s.place, Kind: opinion.Report, Text: "Đường hư.", Speaker: speaker, Confidentiality: opinion.NameHidden,
			Status: opinion.Recorded, Heard: "CC-099", Happened: day("2017-03-08"),
		}),
	}
	answer := issue.Answer{Round: 1, Class: issue.Settled, Text: "Đã sửa.", Unit: s.unit, Drafter: drafter, Drafted: day("2017-03-14")}
	given := answer
	given.Approver, given.Approved = "U-98", day("2017-03-15")
	told := issue.Delivery{Opinion: string(s.opinion()), Round: 1, Answer: 1, Channel: issue.InPerson, On: day("2017-03-16"), By: s.official}
	referral := issue.Referral{Number: 1, Lead: s.unit, On: day("2017-03-16"), Due: day("2017-03-30"), By: tl03}
	for n, i := range []issue.State{
		{ID: "registered", Status: issue.Registered},
		{ID: "referred", Status: issue.Referred, Referrals: []issue.Referral{referral}},
		{ID: "held", Status: issue.Referred, Referrals: []issue.Referral{referral}},
		{ID: "drafted", Status: issue.AnswerDrafted, Referrals: []issue.Referral{referral}, Answers: []issue.Answer{answer}},
		{ID: "sensitive", Status: issue.AnswerDrafted, Sensitive: true, Referrals: []issue.Referral{referral}, Answers: []issue.Answer{answer}},
		{ID: "second", Status: issue.AnswerDrafted, Round: 2, Referrals: []issue.Referral{referral}, Answers: []issue.Answer{given, answer}},
		{ID: "approved", Status: issue.FeedbackDue, Referrals: []issue.Referral{referral}, Answers: []issue.Answer{given}},
		{ID: "told", Status: issue.FeedbackGiven, Referrals: []issue.Referral{referral}, Answers: []issue.Answer{given}, Deliveries: []issue.Delivery{told}},
		{ID: "appealed", Status: issue.Appealed, Round: 2, Referrals: []issue.Referral{referral}, Answers: []issue.Answer{given}, Appeal: &issue.Appeal{Opened: day("2017-03-16")}},
		{ID: "arbitration", Status: issue.Arbitration, Referrals: []issue.Referral{returned(referral, 1), returned(referral, 2)}},
	} {
		i.ID = s.issue(string(i.ID))
		i.Code, i.Place, i.Team, i.Owner, i.To = fmt.Sprintf("XL-17-%s-%d", s.key, n), s.place, s.team, s.official, org.TeamLeader
		i.Urgency, i.Opinions, i.Registered, i.PromiseDue = issue.Normal, []string{string(s.opinion())}, day("2017-03-10"), day("2017-04-10")
		i.Subject, i.Round, i.Held = "thoat_nuoc", max(i.Round, 1), []issue.Holding{{Holder: "team:" + string(s.team), From: i.Registered}}
		faults.Add(tx.PutIssue(ctx, &i))
		if i.Status == issue.Referred {
			faults.Add(putUnitDuty(ctx, tx, i))
		}
	}
	return faults.Err()
}

func returned(r issue.Referral, n int) issue.Referral {
	r.Number, r.ReturnedOn, r.ReturnReason, r.Suggested = n, day("2017-03-17"), "không thuộc", unitNN
	return r
}

func putUnitDuty(ctx context.Context, tx store.Tx, i issue.State) error {
	d, err := duty.Open(duty.ID("unit/"+i.ID), duty.Term{
		Kind: duty.Unit, Subject: issue.Subject(i.ID), Place: i.Place, Holder: org.Party{Role: org.UnitClerk, Unit: i.Lead()}, Start: day("2017-03-16"), Days: 10,
	}, policy.Default(), calendar.WeekdaysOnly("x"), day("2017-03-16").At(calendar.MustTimeOfDay(9, 0)))
	if err != nil {
		return err
	}
	return tx.PutDuty(ctx, &d)
}

func putRest(ctx context.Context, tx store.Tx, s subject) error {
	proposer := vp01
	if strings.HasPrefix(s.key, "S/") {
		proposer = s.official
	}
	round := days("2017-03-01", "2017-03-15")
	base := programme.Assignment{Programme: hvcs2017, Official: s.official, Place: s.place, Team: s.team, Valid: days("2017-06-01", "2017-12-31"), Status: programme.Proposed}
	proposed, ended := base, base
	proposed.ID, ended.ID = programme.AssignmentID("proposed/"+s.key), programme.AssignmentID("ended/"+s.key)
	ended.Status, ended.Valid, ended.Successor, ended.Decision = programme.Ended, days("2017-01-01", "2017-01-31"), "CC-098", "1/QĐ-UBND"
	return errors.Join(
		tx.PutAssignment(ctx, &proposed), tx.PutAssignment(ctx, &ended),
		tx.PutRule(ctx, &programme.Rule{ID: programme.RuleID(s.key), Policy: nextPolicy(), Status: programme.RuleProposed, Reason: "thí điểm", Proposer: proposer,
			Recorded: day("2017-03-16").At(calendar.MustTimeOfDay(9, 0)).UTC()}),
		tx.PutPeriodReport(ctx, &report.State{ID: report.ID("round/" + s.key), Kind: report.Round, Period: round, Team: s.team, Official: s.official, Status: report.Submitted}),
		tx.PutProfile(ctx, &visit.Profile{ID: visit.ProfileID(s.key), Place: s.place, Edition: 1, Author: s.official, On: day("2017-03-15"), Households: 9, Inhabitants: 40, HotIssues: "nước", Status: visit.ProfileSubmitted}),
		tx.PutFlag(ctx, &supervision.Flag{ID: supervision.FlagID(s.key), Official: s.official, Signal: "x", Facts: "y", Raised: day("2017-03-16"), Status: supervision.Raised}),
	)
}
