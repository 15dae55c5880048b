package report

import (
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// YearSheet describes one official's work of a period under the four respects in
// which the programme wants officials to grow (S12–S16, S29). It is an extract
// for the yearly talk: it holds no score, no rank and no grade (A12).
type YearSheet struct {
	Official org.PersonID    `json:"official"`
	Period   calendar.Period `json:"period"`
	AsOf     calendar.Date   `json:"as_of"`

	Awareness      Awareness      `json:"awareness"`      // nhận thức: knows the hamlets (S13)
	Communication  Communication  `json:"communication"`  // giao tiếp: meets and informs people (S14)
	Handling       Handling       `json:"handling"`       // ứng xử: answers what can be answered (S16)
	Responsibility Responsibility `json:"responsibility"` // trách nhiệm: follows up and comes back (S20–S22)
}

// Awareness is how well the official knows the hamlets.
type Awareness struct {
	Hamlets  int `json:"hamlets"`  // looked after in the period
	Surveyed int `json:"surveyed"` // of them: described by the official in the period or before
	Surveys  int `json:"surveys"`  // editions of profiles written in the period
}

// Communication is how the official met people.
type Communication struct {
	Claimed     Share `json:"claimed"`
	Verified    Share `json:"verified"`
	Excused     int   `json:"excused"`    // slots not met while on leave
	Unexcused   int   `json:"unexcused"`  // visits missed without excuse
	Substitute  int   `json:"substitute"` // held by somebody in the official's stead
	ArrivedLate int   `json:"arrived_late"`
	People      int   `json:"people"`
	Told        int   `json:"told"` // dissemination items
	Audience    int   `json:"audience"`
	// Remarks are what people said, by source and never as one figure; nil while
	// there are too few to be shown to the one who asks.
	Remarks map[supervision.Source]supervision.Figure `json:"remarks,omitempty"`
}

// Handling is what the official did with what was said.
type Handling struct {
	Heard     int   `json:"heard"`
	OnSpot    int   `json:"on_spot"`
	Guided    int   `json:"guided"`
	Recorded  int   `json:"recorded"`  // taken up as issues
	Satisfied Share `json:"satisfied"` // with answers on the spot, of those who replied
}

// Responsibility is how the official followed up.
type Responsibility struct {
	ReportsOnTime Share `json:"reports_on_time"`
	Followed      int   `json:"followed"`  // issues registered in the period and followed by the official
	Open          int   `json:"open"`      // of them: not closed yet
	ToldBack      Share `json:"told_back"` // answers told, of those approved in the period
}

// Yearly describes an official's work from the facts of a period, which hold
// only what is theirs, the profiles of their hamlets, and what people said.
func Yearly(official org.PersonID, f Facts, profiles []visit.Profile, remarks map[supervision.Source]supervision.Figure) YearSheet {
	g := Compute(f)
	s := YearSheet{Official: official, Period: f.Period, AsOf: f.AsOf}
	s.Awareness = awareness(official, f, profiles)
	s.Communication = Communication{
		Claimed: g.Claimed, Verified: g.Verified, Unexcused: g.Visits.Unexcused, Substitute: g.Visits.Substitute, ArrivedLate: g.Visits.Late,
		People: g.Visits.People, Told: g.Visits.Told, Audience: g.Visits.Audience, Remarks: remarks,
	}
	for _, h := range f.Hamlets {
		s.Communication.Excused += h.Excused
	}
	s.Handling = Handling{Heard: g.Opinions.Total, OnSpot: g.Opinions.OnSpot, Guided: g.Opinions.Guided, Recorded: g.Opinions.Linked}
	for _, o := range countable(f.Opinions) {
		if o.Satisfied != "" {
			s.Handling.Satisfied.add(o.Satisfied == "yes")
		}
	}
	s.Responsibility = Responsibility{ReportsOnTime: g.Visits.OnTime, Followed: len(f.Issues), ToldBack: g.Feedback}
	for _, i := range f.Issues {
		if i.Open() {
			s.Responsibility.Open++
		}
	}
	return s
}

func awareness(official org.PersonID, f Facts, profiles []visit.Profile) Awareness {
	a := Awareness{Hamlets: len(f.Hamlets)}
	known := make(map[org.PlaceID]bool)
	for _, p := range profiles {
		if p.Author != official || p.Status == visit.ProfileDraft || p.On.IsZero() || p.On.After(f.Period.To) {
			continue
		}
		known[p.Place] = true
		if f.Period.Contains(p.On) {
			a.Surveys++
		}
	}
	for _, h := range f.Hamlets {
		if known[h.Place] {
			a.Surveyed++
		}
	}
	return a
}
