package supervision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// RoundTransition is one arrow of a rating round.
type RoundTransition struct{ From, To RoundStatus }

// RoundTransitions lists every arrow of a rating round.
func RoundTransitions() []RoundTransition {
	return []RoundTransition{
		{Collecting, Published}, {Collecting, Withheld}, {Published, Replied}, {Published, Final}, {Replied, Final},
	}
}

func (r *Round) move(to RoundStatus) error {
	if slices.Contains(RoundTransitions(), RoundTransition{r.Status, to}) {
		r.Status = to
		return nil
	}
	return fault.Broken("supervision.round.transition", "status", "a rating round that is %s cannot become %s", "đợt nhận xét đang ở trạng thái %s không thể chuyển sang %s", r.Status, to)
}

// OpenRound starts collecting what people say of a visit.
func OpenRound(id RoundID, visit string, place org.PlaceID, official org.PersonID, on, closes calendar.Date) Round {
	return Round{ID: id, Visit: visit, Place: place, Official: official, Opened: on, Closes: closes, Status: Collecting}
}

// Rater is who rates, as far as the guards have to know.
type Rater struct {
	Person        org.PersonID   // empty for a resident who rates by phone or on paper
	Phone         string         // E.164
	OfficialPhone string         // of the rated official
	Close         []string       // further numbers that must not rate: of the official's household, of the one who was to hold the visit
	Handlers      []org.PersonID // who else must not rate: the official, the official's substitute
}

// Take checks one rating before it is kept: while the round collects, by nobody
// who was rated or from their number, and paper keyed in by two persons.
func (r *Round) Take(g Rating, by Rater) error {
	var faults fault.List
	if r.Status != Collecting {
		faults.Add(fault.Broken("supervision.rate.closed", "round", "the round closed on %s", "đợt nhận xét đã kết thúc ngày %s", r.Closes))
	}
	if !slices.Contains([]Source{Resident, KeyPerson, Commune}, g.Source) {
		faults.Add(fault.Broken("supervision.rate.source_unknown", "source", "%q is no source: resident, key_person or commune_leader", "%q không phải nguồn nhận xét hợp lệ", g.Source))
	}
	if by.Person != "" && (by.Person == r.Official || slices.Contains(by.Handlers, by.Person)) {
		faults.Add(fault.Broken("supervision.rate.own", "rater", "nobody rates a visit of their own", "không được tự nhận xét buổi của mình"))
	}
	if by.Phone != "" && !org.IsPhone(by.Phone) {
		faults.Add(fault.Broken("supervision.rate.phone", "phone", "write the number as +84 and the number without its leading 0", "ghi số điện thoại dạng +84 rồi đến số, bỏ số 0 ở đầu"))
	}
	if by.Phone != "" && (by.Phone == by.OfficialPhone || slices.Contains(by.Close, by.Phone)) {
		faults.Add(fault.Broken("supervision.rate.own_number", "phone", "this number belongs to the official who is rated or to somebody close to them", "số điện thoại này là của người được nhận xét hoặc người nhà"))
	}
	if by.Person == "" && by.Phone == "" && !g.Paper {
		faults.Add(fault.Broken("supervision.rate.rater_missing", "phone", "a rating comes from a person, a phone or a paper slip", "nhận xét phải từ một người, một số điện thoại hoặc phiếu giấy"))
	}
	if g.Paper && len(distinct(g.KeyedBy)) < 2 {
		faults.Add(fault.Broken("supervision.rate.paper_two_persons", "keyed_by", "paper slips are keyed in by two persons", "phiếu giấy phải do hai người nhập"))
	}
	return faults.Err()
}

func distinct(ids []org.PersonID) []org.PersonID {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Close ends the collecting: published with enough ratings, withheld otherwise.
func (r *Round) Close(ratings, minToShow int) error {
	if ratings >= minToShow {
		return r.move(Published)
	}
	return r.move(Withheld)
}

// Answer is the official's reply to what was published.
func (r *Round) Answer(reply string) error {
	if strings.TrimSpace(reply) == "" {
		return fault.Broken("supervision.reply.empty", "reply", "the reply is empty", "nội dung giải trình còn trống")
	}
	if err := r.move(Replied); err != nil {
		return err
	}
	r.Reply = reply
	return nil
}

// Finish ends a round: its figures were published, and the time to reply is over.
func (r *Round) Finish() error { return r.move(Final) }

// Figure is what one group of raters said: three questions, never one score.
type Figure struct {
	Ratings  int `json:"ratings"`
	Complete int `json:"complete"`
	Punctual int `json:"punctual"`
	Proper   int `json:"proper"`
}

// Tally counts ratings by source, apart from each other (A12).
func Tally(ratings []Rating) map[Source]Figure {
	figures := make(map[Source]Figure)
	for _, g := range ratings {
		f := figures[g.Source]
		f.Ratings++
		f.Complete += one(g.Complete)
		f.Punctual += one(g.Punctual)
		f.Proper += one(g.Proper)
		figures[g.Source] = f
	}
	return figures
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Subject is how the journal names a rating round.
func Subject(id RoundID) event.Subject { return event.Subject{Type: "rating_round", ID: string(id)} }

// FlagSubject is how the journal names a flag.
func FlagSubject(id FlagID) event.Subject { return event.Subject{Type: "flag", ID: string(id)} }

// The events of supervision. They never say who rated, nor how.
type (
	// OpenedEvent says that people are asked about a visit.
	OpenedEvent struct {
		Visit string `json:"visit"`
	}
	// RatedEvent says that a rating came in.
	RatedEvent struct {
		Source Source `json:"source"`
	}
	// PublishedEvent says that the official may see the figures.
	PublishedEvent struct {
		Ratings int `json:"ratings"`
	}
	// WithheldEvent says that too few rated to show anything.
	WithheldEvent struct{}
	// RepliedEvent says that the official replied.
	RepliedEvent struct{}
	// FinalEvent says that the round is over.
	FinalEvent struct{}
	// FlagEvent says that a flag reached a state.
	FlagEvent struct {
		Signal string     `json:"signal"`
		Status FlagStatus `json:"status"`
	}
)

func (OpenedEvent) Kind() string    { return "supervision.opened" }
func (RatedEvent) Kind() string     { return "supervision.rated" }
func (PublishedEvent) Kind() string { return "supervision.published" }
func (WithheldEvent) Kind() string  { return "supervision.withheld" }
func (RepliedEvent) Kind() string   { return "supervision.replied" }
func (FinalEvent) Kind() string     { return "supervision.final" }
func (FlagEvent) Kind() string      { return "supervision.flag" }

// Draw is the lot of an id in a drawing with the given seed: the smallest are
// drawn. The same seed draws the same ids, whoever repeats it.
func Draw(seed uint64, id string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", seed, id))
	return hex.EncodeToString(sum[:])
}
