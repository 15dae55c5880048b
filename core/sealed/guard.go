package sealed

import (
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Reception is what handing over a denunciation needs to know. Only Body is
// required; nobody has to give a name.
type Reception struct {
	Body         string
	Speaker      string // how the inspector may reach who spoke, if they wish
	Place        org.PlaceID
	Accused      []org.PersonID
	AccusedUnits []org.UnitID
	Heard        org.PersonID
	Happened     calendar.Date
}

// New receives a denunciation under a code for notices and the hash of the
// speaker's receipt. Excluded are all who must never see it. The rules are
// "sealed.receive.…"; no fault repeats what was said or names anybody.
func New(id ID, r Reception, code, receipt string, excluded []org.PersonID, now time.Time) (Case, error) {
	var faults fault.List
	if strings.TrimSpace(r.Body) == "" {
		faults.Add(fault.Broken("sealed.receive.body_missing", "body", "write down what was said", "phải ghi nội dung"))
	}
	if r.Heard == "" {
		faults.Add(fault.Broken("sealed.receive.heard_missing", "heard", "somebody received it", "phải ghi người tiếp nhận"))
	}
	if r.Happened.IsZero() || r.Happened.After(calendar.DateOf(now)) {
		faults.Add(fault.Broken("sealed.receive.date", "happened", "it was received today or before", "ngày tiếp nhận phải là hôm nay hoặc trước đó"))
	}
	if err := faults.Err(); err != nil {
		return Case{}, err
	}
	return Case{
		ID: id, Code: code, Receipt: receipt, Body: strings.TrimSpace(r.Body), Speaker: strings.TrimSpace(r.Speaker), Place: r.Place,
		Accused: slices.Clone(r.Accused), AccusedUnits: slices.Clone(r.AccusedUnits), Excluded: slices.Clone(excluded),
		Heard: r.Heard, Status: Received, Happened: r.Happened, Recorded: now,
	}, nil
}

// Subject is how duties and notices name a case.
func Subject(id ID) event.Subject { return event.Subject{Type: "sealed", ID: string(id)} }

// Refused is the one answer to everybody who may not see or do something here.
// It does not say whether there is such a case.
func Refused() error {
	return fault.Forbidden("sealed.refused", "This is not open to you.", "Nội dung này không thuộc quyền xem của bạn.")
}

// Excludes reports whether the person must never see the case: accused, above an
// accused, or the one who wrote it down.
func (c Case) Excludes(who org.PersonID) bool {
	return who == "" || who == c.Heard || slices.Contains(c.Accused, who) || slices.Contains(c.Excluded, who)
}

// Admits reports whether the person was granted access and is not excluded.
func (c Case) Admits(who org.PersonID) bool {
	return slices.Contains(c.Granted, who) && !c.Excludes(who)
}

// Open reports whether somebody still has to do something.
func (c Case) Open() bool {
	return c.Status == Received || c.Status == Transferred || c.Status == Acknowledged
}

// Transfer hands the case to the inspector who is to handle it.
func (c *Case) Transfer(to org.PersonID) error {
	if c.Excludes(to) {
		return Refused()
	}
	if err := c.move(Transferred); err != nil {
		return err
	}
	c.Inspector, c.AcknowledgedOn = to, calendar.Date{}
	c.admit(to)
	return nil
}

// Grant lets one more inspector see the case.
func (c *Case) Grant(to org.PersonID) error {
	if c.Excludes(to) || c.Status == Erased {
		return Refused()
	}
	c.admit(to)
	return nil
}

func (c *Case) admit(who org.PersonID) {
	if !slices.Contains(c.Granted, who) {
		c.Granted = append(slices.Clip(c.Granted), who)
	}
}

// Exclude adds people who must never see the case, as roles change; whoever of
// them had been granted access has it no more.
func (c *Case) Exclude(who ...org.PersonID) {
	for _, p := range who {
		if !slices.Contains(c.Excluded, p) {
			c.Excluded = append(slices.Clip(c.Excluded), p)
		}
	}
	c.Granted = slices.DeleteFunc(slices.Clone(c.Granted), c.Excludes)
}

// StepOut lets an inspector with a conflict of interest out of the case, for good.
// It needs another one: Transfer has to follow.
func (c *Case) StepOut(who org.PersonID) error {
	if !c.Admits(who) {
		return Refused()
	}
	if err := c.check(Transferred); err != nil {
		return err
	}
	c.Exclude(who)
	c.Leave()
	return nil
}

// Leave takes the case from an inspector who holds the role no more, or may not
// see it any more: another one has to be found.
func (c *Case) Leave() {
	c.Granted = slices.DeleteFunc(slices.Clone(c.Granted), func(p org.PersonID) bool { return p == c.Inspector })
	c.Inspector = ""
}

// Waits reports whether nobody handles the case: somebody has to be named for it.
func (c Case) Waits() bool { return c.Open() && c.Inspector == "" }

// Acknowledge confirms that the inspector has the case.
func (c *Case) Acknowledge(on calendar.Date) error {
	if err := c.move(Acknowledged); err != nil {
		return err
	}
	c.AcknowledgedOn = on
	return nil
}

// Close ends the case for the programme: taken up by the competent body under a
// reference, or not accepted. What comes of it is told there, by law, not here.
func (c *Case) Close(to Status, reference string, on calendar.Date) error {
	if to != Resolved && to != NotAccepted {
		return fault.Broken("sealed.close.status", "status", "a case ends as resolved or not_accepted", "vụ việc kết thúc là resolved hoặc not_accepted")
	}
	if strings.TrimSpace(reference) == "" {
		return fault.Broken("sealed.close.reference_missing", "reference", "name the file or document under which it was decided", "phải ghi số hồ sơ hoặc văn bản")
	}
	if err := c.move(to); err != nil {
		return err
	}
	c.Reference, c.Closed = strings.TrimSpace(reference), on
	return nil
}

// Erase removes for good what was said and by whom, some time after the end.
func (c *Case) Erase() error {
	if err := c.move(Erased); err != nil {
		return err
	}
	c.Body, c.Speaker, c.Receipt, c.Locked = "", "", "", false
	c.Accused, c.AccusedUnits = nil, nil
	return nil
}
