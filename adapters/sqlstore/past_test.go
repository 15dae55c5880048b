package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// A district with years behind it: what the statements of the store are looked
// at on, and what the programme's rules are timed on.

// present is the instant at which the district is looked at: a Wednesday morning.
var present = time.Date(2017, time.March, 15, 2, 0, 0, 0, time.UTC)

func atPresent() time.Time { return present }

// forgotten is since when names are kept still.
var forgotten = calendar.MustDate(2016, 3, 16)

const (
	pastDays   = 4 * 365 // the years behind it, up to the end of 2016
	pastPlaces = 200     // hamlets that history speaks of
)

func hamletID(i int) org.PlaceID    { return org.PlaceID(fmt.Sprintf("AP-%05d", i)) }
func officialID(i int) org.PersonID { return org.PersonID(fmt.Sprintf("CC-%05d", i)) }

// organisation writes n hamlets in communes of ten, with an official and a head
// for each, all in teams of fifty, and an office.
func organisation(ctx context.Context, tx store.Tx, n int) error {
	since := calendar.Period{From: calendar.MustDate(2010, 1, 1)}
	year := calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)}
	place := func(id, parent org.PlaceID, kind string) error {
		return tx.PutPlace(ctx, &org.Place{ID: id, Names: []org.Naming{{Valid: since, Kind: kind, Name: string(id), Code: string(id), Parent: parent}},
			Hosting: org.Hosting{PreferredTime: calendar.MustTimeOfDay(19, 0), Venue: "nhà văn hóa"}})
	}
	person := func(id org.PersonID, r org.Role, place org.PlaceID, unit org.UnitID, team org.TeamID, number int) error {
		return errors.Join(
			tx.PutPerson(ctx, &org.Person{ID: id, FullName: "Trần Thị " + string(id), Honorific: "bà", Phone: fmt.Sprintf("+8490%07d", number), PhoneSMS: true, Valid: since}),
			tx.PutHolding(ctx, &org.Holding{ID: org.HoldingID(string(r) + "/" + string(id)), Person: id, Role: r, Place: place, Unit: unit, Team: team, Valid: since, Decision: "12/QĐ-UBND"}))
	}
	err := errors.Join(place("H", "", "huyen"),
		tx.PutUnit(ctx, &org.Unit{ID: "P-NN", Code: "NN", Name: "Phòng Nông nghiệp và PTNT", SMSName: "Phong NN", Place: "H", Valid: since}),
		person("VP", org.ProgrammeOffice, "H", "P-NN", "", 9_000_001), person("PCT", org.ProgrammeLeader, "H", "P-NN", "", 9_000_002),
		person("UT", org.UnitHead, "", "P-NN", "", 9_000_003), person("KT", org.Auditor, "H", "", "", 9_000_004),
		tx.PutProgramme(ctx, &programme.State{ID: "HVCS", Code: "HVCS", Name: "Hướng về cơ sở", Valid: year, Owner: "P-NN",
			Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"}}))
	for i := range n {
		commune, team := org.PlaceID(fmt.Sprintf("XA-%04d", i/10)), org.TeamID(fmt.Sprintf("T-%04d", i/50))
		if i%10 == 0 {
			err = errors.Join(err, place(commune, "H", "xa"))
		}
		if i%50 == 0 {
			err = errors.Join(err, tx.PutTeam(ctx, &programme.Team{ID: team, Programme: "HVCS", Code: string(team), Name: "Tổ " + string(team), Valid: year}),
				person(org.PersonID("TL-"+team), org.TeamLeader, "", "P-NN", team, 8_000_000+i))
		}
		err = errors.Join(err, place(hamletID(i), commune, "ap"),
			person(officialID(i), org.Official, "", "P-NN", team, i),
			person(org.PersonID(fmt.Sprintf("TA-%05d", i)), org.HamletHead, hamletID(i), "", "", 4_000_000+i),
			tx.PutAssignment(ctx, &programme.Assignment{ID: programme.AssignmentID("PC-" + hamletID(i)), Programme: "HVCS", Official: officialID(i), Place: hamletID(i),
				Team: team, Valid: year, Status: programme.Active, Decision: "12/QĐ-UBND"}))
		if err != nil {
			return err
		}
	}
	return err
}

// past writes the rows numbered from to to of history: a visit held, reported
// and confirmed, with what was said and owed, told and rated there.
func past(ctx context.Context, st *Store, from, to int) error {
	const batch = 1000
	for ; from < to; from += batch {
		n := min(batch, to-from)
		if err := st.Update(ctx, func(ctx context.Context, t store.Tx) error { return pastRows(ctx, t.(*tx), from, n) }); err != nil {
			return err
		}
	}
	return nil
}

func pastRows(ctx context.Context, t *tx, from, n int) error {
	var h history
	for i := from; i < from+n; i++ {
		h.add(i)
	}
	return errors.Join(
		visits.insertAll(ctx, t, h.visits), opinions.insertAll(ctx, t, h.opinions), speakers.insertAll(ctx, t, h.speakers),
		issues.insertAll(ctx, t, h.issues), duties.insertAll(ctx, t, h.duties), notices.insertAll(ctx, t, h.notices),
		attempts.insertAll(ctx, t, h.attempts), rounds.insertAll(ctx, t, h.rounds), ratings.insertAll(ctx, t, h.ratings),
		reports.insertAll(ctx, t, h.reports), inbound.insertAll(ctx, t, h.receipts), leaves.insertAll(ctx, t, h.leaves),
		flags.insertAll(ctx, t, h.flags), profiles.insertAll(ctx, t, h.profiles), h.journal(ctx, t))
}

type history struct {
	visits   []*visit.State
	opinions []*opinion.State
	speakers []*opinion.Speaker
	issues   []*issue.State
	duties   []*duty.State
	notices  []*notify.Notice
	attempts []*notify.Attempt
	rounds   []*supervision.Round
	ratings  []*supervision.Rating
	reports  []*report.State
	receipts []*notify.Inbound
	leaves   []*org.Leave
	flags    []*supervision.Flag
	profiles []*visit.Profile
	records  []*event.Record
}

// add makes what one visit of the past left behind.
func (h *history) add(i int) {
	id := fmt.Sprintf("past-%09d", i)
	day := calendar.MustDate(2016, 12, 31).Add(-(i * 7 % pastDays))
	at := day.At(calendar.MustTimeOfDay(21, 0)).UTC()
	place, official := hamletID(i%pastPlaces), officialID(i%pastPlaces)
	party := org.Party{Role: org.Official, Person: official, Team: "T-0000"}
	h.visits = append(h.visits, &visit.State{ID: visit.ID(id), Kind: visit.Regular, Place: place, Team: "T-0000", Official: official, HeldBy: official,
		Planned: day, Happened: day, At: calendar.MustTimeOfDay(19, 0), Venue: "nhà văn hóa", Status: visit.Verified, ReportDue: day.Add(3),
		Reports: []visit.Report{{Attendance: visit.Present, Started: calendar.MustTimeOfDay(19, 0), People: 30, Minutes: "Bà con góp ý về đường nội đồng.", By: official, Recorded: at, On: day}}})
	h.opinions = append(h.opinions, &opinion.State{ID: opinion.ID(id), Visit: id, Place: place, Kind: opinion.Petition, Topics: []string{"giao-thong"}, Text: "Mương ngập.",
		Speaker: opinion.SpeakerID(id), Confidentiality: opinion.Open, Status: opinion.Linked, Issue: id, Heard: official, Happened: day, Recorded: at})
	speaker := opinion.Speaker{ID: opinion.SpeakerID(id), Name: "Người dân", Phone: fmt.Sprintf("+8491%07d", i%5_000_000), Place: place}
	if day.Before(forgotten) {
		speaker.Scrub(day.AddMonths(12))
	}
	h.speakers = append(h.speakers, &speaker)
	h.issues = append(h.issues, &issue.State{ID: issue.ID(id), Code: "XL-" + id, Title: "Mương ngập", Place: place, Team: "T-0000", Owner: official, To: org.TeamLeader,
		Subject: "giao-thong", Urgency: issue.Normal, Status: issue.Closed, Round: 1, Opinions: []string{id}, Registered: day, PromiseDue: day.Add(30),
		Referrals: []issue.Referral{{Number: 1, Lead: "P-NN", Due: day.Add(14)}}, ClosedOn: day.Add(20), Recorded: at})
	h.duties = append(h.duties, &duty.State{ID: duty.ID(id), Kind: duty.Kinds()[i%len(duty.Kinds())], Subject: event.Subject{Type: "issue", ID: id}, Place: place, Holder: party,
		Start: day, Due: day.Add(5), Policy: "1", Calendar: "c/1", Status: duty.Met, Closed: day.Add(4), Opened: at})
	h.notices = append(h.notices, &notify.Notice{ID: notify.ID(id), Key: "visit.reminder/" + id, Template: "visit.reminder", Subject: event.Subject{Type: "visit", ID: id}, Duty: id,
		Moot: "visit/" + id, To: party, Audience: notify.ToOfficial, Channel: notify.SMS, Class: notify.Duty, Priority: notify.Normal, OnUnknown: notify.Hold,
		NotBefore: at, State: notify.Accepted, NextAt: at, Generation: 1, Attempts: 1, Claims: 1, Person: official, Provider: "gateway", ProviderID: id, Created: at, Done: at.Add(time.Minute)})
	h.attempts = append(h.attempts, &notify.Attempt{ID: id, Notice: notify.ID(id), Number: 1, Generation: 1, Provider: "gateway", Started: at, Finished: at, Outcome: notify.ResultAccepted, Segments: 1, Body: id})
	h.rounds = append(h.rounds, &supervision.Round{ID: supervision.RoundID(id), Visit: id, Place: place, Official: official, Opened: day, Closes: day.Add(7), Status: supervision.Final})
	h.ratings = append(h.ratings, &supervision.Rating{ID: supervision.RatingID(id), Round: supervision.RoundID(id), Source: supervision.Resident, Rater: id, Complete: true, Punctual: true, Proper: true, Recorded: at})
	h.reports = append(h.reports, &report.State{ID: report.ID("round/" + id), Kind: report.Round, Period: calendar.Period{From: day, To: day.Add(14)}, Team: "T-0000", Official: official, Status: report.Locked})
	h.receipts = append(h.receipts, &notify.Inbound{ID: id, Fingerprint: id, Receipt: notify.Receipt{Provider: "gateway", ProviderID: id, Verdict: notify.VerdictDelivered}, Received: at, State: notify.InboundApplied, NextAt: at, Notice: notify.ID(id), Done: at})
	h.leaves = append(h.leaves, &org.Leave{ID: org.LeaveID(id), Person: official, Days: calendar.Period{From: day, To: day.Add(2)}})
	h.flags = append(h.flags, &supervision.Flag{ID: supervision.FlagID(id), Official: official, Signal: supervision.SamePeople, Facts: "30 người", Raised: day, Status: supervision.Dismissed})
	h.profiles = append(h.profiles, &visit.Profile{ID: visit.ProfileID(id), Place: place, Edition: i/pastPlaces + 1, Author: official, On: day, Status: visit.ProfileAccepted, Households: 100, Inhabitants: 400})
	r := &event.Record{ID: id, Subject: event.Subject{Type: "visit", ID: id}, Kind: "visit.verified", Actor: "system", Happened: at, Recorded: at, Data: []byte(`{}`)}
	r.Seal(event.Record{})
	h.records = append(h.records, r)
}

// journal appends the records; they are the first ones of their subjects.
func (h *history) journal(ctx context.Context, t *tx) error {
	for _, r := range h.records {
		if err := t.AppendRecord(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// district opens a database with an organisation of that many hamlets and that
// much history, as the database's planner knows it, and a System on it.
func district(t testing.TB, db *sql.DB, d Dialect, hamlets, visits int, clock func() time.Time, on func(*Store) store.Store) *core.System {
	t.Helper()
	must(t, Migrate(t.Context(), db, d, nil))
	st, err := Open(db, d, nil)
	must(t, err)
	must(t, st.Update(t.Context(), func(ctx context.Context, tx store.Tx) error { return organisation(ctx, tx, hamlets) }))
	must(t, past(t.Context(), st, 0, visits))
	exec(t, db, "UPDATE outreach_opinion SET named = false WHERE happened < $1", forgotten.String())
	exec(t, db, "ANALYZE")
	sys, err := core.New(on(st), policy.Default(), &core.Options{Clock: clock, Calendar: calendar.WeekdaysOnly("c"), Series: "XL"})
	must(t, err)
	return sys
}
