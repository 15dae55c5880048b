package core

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
)

// people answers, within one pass, who is who and how they are reached. Every
// question is asked of the directory once.
type people struct {
	u        *unit
	dir      *memo
	hasher   *notify.Hasher
	speakers map[string]opinion.Speaker
	bad      map[string]string // hash of an address -> why it must not be used
	asked    map[string]bool   // hashes that bad has an answer for
	shown    map[string]string // display names of places and units
}

func newPeople(u *unit) *people {
	return &people{
		u: u, dir: newMemo(u.dir), hasher: notify.NewHasher(u.sys.opts.Secret), speakers: make(map[string]opinion.Speaker),
		bad: make(map[string]string), asked: make(map[string]bool), shown: make(map[string]string),
	}
}

// contact is one recipient on one channel.
type contact struct {
	id        org.PersonID // of a citizen "speaker:" and the id
	name      string
	given     string
	honorific string
	language  string
	address   string // empty: cannot be reached on this channel
	hash      string // what stands for the address
	declined  bool   // does not want messages
}

// speakerID is how a citizen is named where a person's id stands.
func speakerID(speaker string) org.PersonID { return org.PersonID("speaker:" + speaker) }

// reach is how a person is reached on a channel, if they want to be.
func (p *people) reach(person org.Person, channel notify.Channel) contact {
	c := contact{id: person.ID, name: person.FullName, given: person.Given(), honorific: person.Honorific, language: person.Language}
	written := channel == notify.SMS || channel == notify.Email
	switch {
	case written && !person.Takes(channel == notify.SMS): // as if there were no address: the next way is tried
	case channel == notify.Email:
		c.address = person.Email
	case channel != notify.SMS || person.PhoneSMS:
		c.address = person.Phone
	}
	return p.hashed(c, channel)
}

// reachSpeaker is how a citizen is reached: by telephone or not at all. One who
// gave no name is addressed without it.
func (p *people) reachSpeaker(s opinion.Speaker, channel notify.Channel) contact {
	c := contact{id: speakerID(string(s.ID)), name: s.Name, honorific: s.Honorific, language: s.Language, declined: s.NoSMS}
	c.given = org.Person{FullName: s.Name}.Given()
	if c.name == "" {
		c.honorific, c.given, c.name = "quý", "ông/bà", "ông/bà"
		if fault.English(c.language) {
			c.honorific, c.given, c.name = "", "Sir or Madam", "Sir or Madam"
		}
	}
	if channel != notify.Email {
		c.address = s.Phone
	}
	return p.hashed(c, channel)
}

func (p *people) hashed(c contact, channel notify.Channel) contact {
	if c.address != "" {
		c.hash = p.hasher.Hash(channel, c.address)
	}
	return c
}

// speaker returns the citizen with the id.
func (p *people) speaker(ctx context.Context, id string) (opinion.Speaker, error) {
	if s, ok := p.speakers[id]; ok {
		return s, nil
	}
	s, err := p.u.tx.Speaker(ctx, opinion.SpeakerID(id))
	if err == nil {
		p.speakers[id] = s
	}
	return s, err
}

// of returns how the one recipient a notice was queued for is reached today.
func (p *people) of(ctx context.Context, n *notify.Notice) (contact, error) {
	if n.To.Speaker != "" {
		s, err := p.speaker(ctx, n.To.Speaker)
		return p.reachSpeaker(s, n.Channel), err
	}
	person, err := p.dir.Person(ctx, n.Person)
	return p.reach(person, n.Channel), err
}

// judge loads what is kept against the addresses of the contacts on a channel.
func (p *people) judge(ctx context.Context, channel notify.Channel, contacts []contact) error {
	var hashes []string
	for _, c := range contacts {
		if c.hash != "" && !p.asked[c.hash] {
			p.asked[c.hash] = true
			hashes = append(hashes, c.hash)
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	found, err := p.u.tx.Suppressions(ctx, channel, hashes...)
	for address, s := range notify.Barring(found, p.u.now) {
		p.bad[address] = s.Reason
	}
	return err
}

// barred says why an address must not be used, once judged; empty: it may be.
func (p *people) barred(c contact) string {
	switch {
	case c.declined:
		return "does not want messages"
	case p.bad[c.hash] != "":
		return "address barred: " + p.bad[c.hash]
	}
	return ""
}

// vars are the values for the texts of a notice to a contact: its own, the names
// behind its ids as they are today, and how the recipient is addressed.
func (p *people) vars(ctx context.Context, n *notify.Notice, c contact) (map[string]string, error) {
	vars := make(map[string]string, len(n.Vars)+6)
	for key, value := range n.Vars {
		vars[key] = value
		field, isID := strings.CutSuffix(key, "_id")
		if !isID || value == "" {
			continue
		}
		shown, err := p.display(ctx, n.Channel, field, value)
		if err != nil {
			return nil, err
		}
		if shown != "" {
			vars[field] = shown
		}
	}
	p.address(vars, c)
	return vars, nil
}

// address fills in the fields that every text may use.
func (p *people) address(vars map[string]string, c contact) {
	opts := &p.u.sys.opts
	vars[notify.FieldRecipient], vars[notify.FieldGiven] = c.name, c.given
	vars[notify.FieldHonorific] = c.honorific
	if c.honorific == "" {
		vars[notify.FieldHonorific] = "ông/bà"
		if fault.English(c.language) {
			vars[notify.FieldHonorific] = "Mr/Ms"
		}
	}
	vars[notify.FieldSender] = opts.Sender
	vars[notify.FieldHotline] = opts.Hotline
	if opts.Hotline == "" { // then whoever writes is whom to call
		vars[notify.FieldHotline] = opts.Sender
	}
}

// display is the name behind an id, by the last word of its field: place_id,
// unit_id, person_id, also from_unit_id and the like. A unit has a short name for
// SMS. Empty: nothing the directory knows.
func (p *people) display(ctx context.Context, channel notify.Channel, field, id string) (string, error) {
	kind := kindOf(field)
	key := strings.Join([]string{string(channel), kind, id}, "/")
	if shown, ok := p.shown[key]; ok {
		return shown, nil
	}
	var shown string
	var err error
	switch kind {
	case "place":
		shown, err = org.Display(ctx, p.dir, org.PlaceID(id), p.u.today)
	case "unit":
		var unit org.Unit
		unit, err = p.dir.Unit(ctx, org.UnitID(id))
		unit = unit.At(p.u.today)
		shown = unit.Name
		if channel == notify.SMS && unit.SMSName != "" {
			shown = unit.SMSName
		}
	case "person":
		var person org.Person
		person, err = p.dir.Person(ctx, org.PersonID(id))
		shown = person.FullName
	}
	if errors.Is(err, fault.ErrNotFound) {
		return "", nil
	}
	if err == nil {
		p.shown[key] = shown
	}
	return shown, err
}

// kindOf is what the id in a field is one of: place, unit or person.
func kindOf(field string) string {
	switch kind := field[strings.LastIndexByte(field, '_')+1:]; kind {
	case "official", "leader":
		return "person"
	default:
		return kind
	}
}

// expect fetches the persons and whoever and whatever the texts of the notices
// name, each kind of thing in one question where the directory can. Units are few.
func (p *people) expect(ctx context.Context, persons []org.PersonID, ns ...map[notify.ID]*notify.Notice) error {
	var places []org.PlaceID
	for _, set := range ns {
		for _, n := range set {
			for key, id := range n.Vars {
				field, isID := strings.CutSuffix(key, "_id")
				switch {
				case !isID:
				case kindOf(field) == "person":
					persons = append(persons, org.PersonID(id))
				case kindOf(field) == "place":
					places = append(places, org.PlaceID(id))
				}
			}
		}
	}
	if err := p.dir.expect(ctx, persons); err != nil {
		return err
	}
	return p.dir.expectPlaces(ctx, places, p.u.today, shownLevels)
}

// memo asks every question of a directory once: within a pass many notices go
// to the same few people. Persons, places, roles and leaves it can fetch many at a time.
type memo struct {
	org.Directory
	persons  map[org.PersonID]org.Person
	places   map[org.PlaceID]org.Place
	holdings map[org.HoldingQuery][]org.Holding
	leaves   map[calendar.Date][]org.Leave
}

func newMemo(dir org.Directory) *memo {
	return &memo{
		Directory: dir, persons: make(map[org.PersonID]org.Person), places: make(map[org.PlaceID]org.Place),
		holdings: make(map[org.HoldingQuery][]org.Holding), leaves: make(map[calendar.Date][]org.Leave),
	}
}

// expect fetches the persons in one question, where the directory can.
func (m *memo) expect(ctx context.Context, ids []org.PersonID) error {
	roll, ok := m.Directory.(org.Roll)
	ids = slices.DeleteFunc(ids, func(id org.PersonID) bool { _, known := m.persons[id]; return id == "" || known })
	if !ok || len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	found, err := roll.PersonsByID(ctx, slices.Compact(ids))
	m.persons = roomFor(m.persons, len(found))
	for _, p := range found {
		m.persons[p.ID] = p
	}
	return err
}

// A place and the one in which it lies: it is shown with it. Places lie in each
// other on fewer levels than everyLevel.
const (
	shownLevels = 2
	everyLevel  = 20
)

// expectPlaces does the same for places, and those in which they lie on the date, up
// to so many levels, each in one question.
func (m *memo) expectPlaces(ctx context.Context, ids []org.PlaceID, on calendar.Date, levels int) error {
	gazetteer, ok := m.Directory.(org.Gazetteer)
	if !ok {
		return nil
	}
	for range levels {
		ids = slices.DeleteFunc(ids, func(id org.PlaceID) bool { _, known := m.places[id]; return id == "" || known })
		if len(ids) == 0 {
			return nil
		}
		slices.Sort(ids)
		found, err := gazetteer.PlacesByID(ctx, slices.Compact(ids))
		if err != nil {
			return err
		}
		m.places = roomFor(m.places, len(found))
		ids = make([]org.PlaceID, 0, len(found))
		for _, p := range found {
			m.places[p.ID] = p
			name, _ := p.Nearest(on)
			ids = append(ids, name.Parent)
		}
	}
	return nil
}

// expectHoldings does the same for what persons hold on a date.
func (m *memo) expectHoldings(ctx context.Context, ids []org.PersonID, on calendar.Date) error {
	roster, ok := m.Directory.(org.Roster)
	ids = slices.DeleteFunc(ids, func(id org.PersonID) bool {
		_, known := m.holdings[org.HoldingQuery{Person: id, On: on}]
		return id == "" || known
	})
	if !ok || len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	held, err := roster.HoldingsOf(ctx, ids, on)
	if err != nil {
		return err
	}
	for _, id := range ids {
		m.holdings[org.HoldingQuery{Person: id, On: on}] = nil
	}
	for _, h := range held {
		q := org.HoldingQuery{Person: h.Person, On: on}
		m.holdings[q] = append(m.holdings[q], h)
	}
	return nil
}

// Person implements [org.Directory].
func (m *memo) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	if p, ok := m.persons[id]; ok {
		return p, nil
	}
	p, err := m.Directory.Person(ctx, id)
	if err == nil {
		m.persons[id] = p
	}
	return p, err
}

// Place implements [org.Directory].
func (m *memo) Place(ctx context.Context, id org.PlaceID) (org.Place, error) {
	if p, ok := m.places[id]; ok {
		return p, nil
	}
	p, err := m.Directory.Place(ctx, id)
	if err == nil {
		m.places[id] = p
	}
	return p, err
}

// Holdings implements [org.Directory].
func (m *memo) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	if hs, ok := m.holdings[q]; ok {
		return hs, nil
	}
	hs, err := m.Directory.Holdings(ctx, q)
	if err == nil {
		m.holdings[q] = hs
	}
	return hs, err
}

// Leaves implements [org.Directory]. Everybody's leave of a day is one question.
func (m *memo) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	if q.On.IsZero() {
		return m.Directory.Leaves(ctx, q)
	}
	day, ok := m.leaves[q.On]
	if !ok {
		var err error
		if day, err = m.Directory.Leaves(ctx, org.LeaveQuery{On: q.On}); err != nil {
			return nil, err
		}
		m.leaves[q.On] = day
	}
	if q.Person == "" {
		return day, nil
	}
	var own []org.Leave
	for _, l := range day {
		if l.Person == q.Person {
			own = append(own, l)
		}
	}
	return own, nil
}
