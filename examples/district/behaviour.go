package main

// behaviour says how often people do what: the model behind the season. None of
// these numbers was measured anywhere, and nothing that comes of them says
// anything about the people of a real district. They are chosen so that within
// four months everything happens that the programme has an answer for.
//
// Probabilities are per case unless the comment says otherwise; delays are in
// working days, with the weight of each number of days in a slice.
type behaviour struct {
	// Officials.
	Miss          float64   // does not go to a planned visit, and says nothing
	MissExcused   float64   // of those: with a good reason
	Postpone      float64   // moves a visit, two days ahead, within its half of the month
	CancelVisit   float64   // the team leader calls a visit off
	ArriveLate    float64   // comes 20 to 40 minutes late
	LeaveEarly    float64   // goes before the end
	ReportDays    []float64 // working days from the visit to its report, due after 2
	PlanDays      []float64 // days before the month plan is due; the last weight: 1 to 3 days late
	RoundDays     []float64 // working days after a round to its report, due after 3
	Leave         float64   // takes one leave of 3 to 9 days in the season, with a substitute
	WaiveItem     float64   // does not get round to one of the month's topics
	TellAtVisit   float64   // meets, at the next visit, those who wait for an answer
	FeedbackDays  []float64 // working days from an approved answer to telling it, due after 3
	PlanOnClosure float64   // tries to plan on a public holiday, and is refused

	// Hamlets.
	ConfirmDays  []float64 // days from the report to the head's word; the last weight: never
	RateKey      float64   // a key person says how the official was
	RateCommune  float64   // so does the commune's leader
	RateResident float64   // residents fill in slips at a visit: 4 to 8 of them
	Complete     float64   // of the remarks: attended in full
	Proper       float64   // of the remarks: spoke and behaved properly

	// People.
	Opinions      []float64 // number of opinions at a visit
	Anonymous     float64   // gives no name
	HasPhone      float64   // of those with a name
	NameHidden    float64   // of those with a name: only the office may know it
	Collective    float64   // several speak as one
	Unclassified  float64   // nobody says at once of what kind it is
	ToCommittee   float64   // the official reports straight to the People's Committee
	Repeat        float64   // a matter of this hamlet comes up again
	Reply         float64   // says whether the answer satisfies; the others stay silent
	Unhappy       float64   // of those who reply: no
	UnhappyAgain  float64   // of those asked a second time: no
	SpotReply     float64   // is asked about an answer given on the spot
	SpotUnhappy   float64   // of those: no
	ReplyAfterMax int       // days until the reply comes, at most

	// Team leaders and the office.
	TriageDays    []float64 // working days from registration to referral, due after 2
	WrongUnit     float64   // refers to a unit that is not competent
	CloseDays     []float64 // working days from a round report to its closing
	DecideDays    []float64 // working days from a dispute to its decision, due after 3
	LinkRepeats   float64   // the office finds that a matter is being handled already
	ApologyDays   []float64 // working days until a missed promise is apologised for
	AcceptProfile []float64 // working days until a survey is accepted

	// Units.
	AnswerEarly   float64   // share of the term after which the first answers come
	AnswerLate    float64   // answers 1 to 4 working days late
	AnswerVeryLat float64   // answers 5 to 9 working days late: the ladder reaches the vice-chair
	Extend        float64   // asks for more time, before the due date
	Pause         float64   // waits for the speaker or a higher level
	ApproveDays   []float64 // working days until the head approves
	RoadmapLate   float64   // misses the day of a roadmap
}

// usual is the behaviour of the season.
func usual() behaviour {
	return behaviour{
		Miss: 0.035, MissExcused: 0.5, Postpone: 0.05, CancelVisit: 0.008, ArriveLate: 0.07, LeaveEarly: 0.03,
		ReportDays: []float64{0: .42, 1: .34, 2: .14, 3: .04, 4: .025, 5: .015, 8: .01, 13: .01},
		PlanDays:   []float64{.10, .12, .14, .12, .10, .10, .08, .06, .05, .05, .03}, RoundDays: []float64{1: .3, 2: .35, 3: .25, 4: .06, 6: .04},
		Leave: 0.3, WaiveItem: 0.04, TellAtVisit: 0.93, FeedbackDays: []float64{1: .35, 2: .3, 3: .22, 4: .08, 6: .05}, PlanOnClosure: 0.02,

		ConfirmDays: []float64{0: .35, 1: .33, 2: .14, 3: .08, 4: .10}, RateKey: 0.4, RateCommune: 0.2, RateResident: 0.2, Complete: 0.95, Proper: 0.97,

		Opinions: []float64{.05, .12, .2, .22, .18, .12, .07, .04}, Anonymous: 0.25, HasPhone: 0.6, NameHidden: 0.08, Collective: 0.05,
		Unclassified: 0.05, ToCommittee: 0.15, Repeat: 0.06, Reply: 0.6, Unhappy: 0.16, UnhappyAgain: 0.4, SpotReply: 0.2, SpotUnhappy: 0.1, ReplyAfterMax: 8,

		TriageDays: []float64{0: .3, 1: .45, 2: .17, 3: .05, 4: .03}, WrongUnit: 0.05, CloseDays: []float64{1: .6, 2: .3, 4: .1},
		DecideDays: []float64{1: .4, 2: .4, 3: .1, 4: .1}, LinkRepeats: 0.8, ApologyDays: []float64{1: .6, 2: .3, 3: .1}, AcceptProfile: []float64{1: .5, 2: .3, 5: .2},

		AnswerEarly: 0.3, AnswerLate: 0.10, AnswerVeryLat: 0.04, Extend: 0.05, Pause: 0.04, ApproveDays: []float64{0: .7, 1: .25, 2: .05}, RoadmapLate: 0.2,
	}
}
