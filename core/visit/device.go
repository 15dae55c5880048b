package visit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// Device is what the clocks of the device that a report was written on said,
// each as it showed it. All are optional: no device has to be asked, and none is
// believed (model 11.28). The programme's own time is Report.Recorded.
type Device struct {
	Opened time.Time `json:"opened,omitzero"` // the form was opened
	Filled time.Time `json:"filled,omitzero"` // the form was complete
	Sent   time.Time `json:"sent,omitzero"`   // the report left
	GPS    time.Time `json:"gps,omitzero"`    // time of a satellite fix taken at the visit, which no setting of the device changes
}

// Doubt is one way in which the clocks of a report contradict each other, the
// day of the visit, or the programme's clock. It is a reason to look, no proof.
type Doubt string

// The doubts.
const (
	ClockWrong    Doubt = "clock_wrong"    // the device's clock differs from ours by more than the tolerance
	ClockTurned   Doubt = "clock_turned"   // it ran backwards while the report was written
	FilledBefore  Doubt = "filled_before"  // the report was complete before the visit began
	FilledAhead   Doubt = "filled_ahead"   // it was complete at a time that has not come yet
	PositionOther Doubt = "position_other" // the satellite fix is not of the day of the visit
)

// Doubts compares the clocks of a device with the day and hour the visit is said
// to have begun and with the instant the report arrived. tolerance is how much a
// clock may be wrong. Where the device said when it sent the report, its other
// times are corrected by what its clock was wrong then, so that an honest report
// from a device with a wrong clock raises one doubt and not three.
func (d Device) Doubts(on calendar.Date, started calendar.TimeOfDay, arrived time.Time, tolerance time.Duration) []Doubt {
	var doubts []Doubt
	found := func(is bool, doubt Doubt) {
		if is {
			doubts = append(doubts, doubt)
		}
	}
	wrong := time.Duration(0)
	if !d.Sent.IsZero() {
		wrong = d.Sent.Sub(arrived)
	}
	found(wrong.Abs() > tolerance, ClockWrong)
	found(after(d.Opened, d.Filled) || after(d.Filled, d.Sent), ClockTurned)
	if !d.Filled.IsZero() {
		filled := d.Filled.Add(-wrong)
		found(!on.IsZero() && filled.Before(on.At(started).Add(-tolerance)), FilledBefore)
		found(filled.After(arrived.Add(tolerance)), FilledAhead)
	}
	found(!d.GPS.IsZero() && !on.IsZero() && calendar.DateOf(d.GPS) != on, PositionOther)
	return doubts
}

// utc is the same device with its times as every store keeps them.
func (d *Device) utc() *Device {
	if d == nil {
		return nil
	}
	kept := func(t time.Time) time.Time {
		if t.IsZero() {
			return time.Time{}
		}
		return t.UTC().Truncate(time.Microsecond)
	}
	return &Device{Opened: kept(d.Opened), Filled: kept(d.Filled), Sent: kept(d.Sent), GPS: kept(d.GPS)}
}

// after reports whether a comes after b, where both are known.
func after(a, b time.Time) bool { return !a.IsZero() && !b.IsZero() && a.After(b) }

// Took is how long writing the report took by the device's own clock; false
// where the device did not say. A clock that is wrong is wrong at both ends.
func (r Report) Took() (time.Duration, bool) {
	if r.Device == nil || r.Device.Opened.IsZero() || r.Device.Filled.Before(r.Device.Opened) {
		return 0, false
	}
	return r.Device.Filled.Sub(r.Device.Opened), true
}

// sealed returns the report with the fingerprint of what was sent: everything
// but what the programme adds, and when the device sent it, which is another
// time at each try.
func (r Report) sealed(on calendar.Date) Report {
	r.On, r.Device = on, r.Device.utc()
	sent := r
	sent.ClientID, sent.Seal, sent.By, sent.Recorded, sent.Late, sent.Conflicts, sent.Doubts = "", "", "", time.Time{}, 0, false, nil
	if r.Device != nil {
		device := *r.Device
		device.Sent = time.Time{}
		sent.Device = &device
	}
	raw, err := json.Marshal(sent)
	if err != nil { // no field of a report can fail to encode
		return r
	}
	sum := sha256.Sum256(raw)
	r.Seal = hex.EncodeToString(sum[:])
	return r
}

// Copy reports whether a report that says the visit took place on the given day
// is here already: a device that was offline sends again without harm. What
// differs is no copy, even under the same client id; it conflicts.
func (s *State) Copy(r Report, on calendar.Date) bool {
	seal := r.sealed(on).Seal
	return slices.ContainsFunc(s.Reports, func(o Report) bool {
		if o.Seal == "" { // written before fingerprints were kept
			return o.ClientID != "" && o.ClientID == r.ClientID
		}
		return o.Seal == seal
	})
}

// Conflicting reports whether reports contradict each other and nobody has said
// yet which of them holds.
func (s State) Conflicting() bool {
	return len(s.Reports) > 1 && (s.Settled == nil || s.Settled.Of < len(s.Reports))
}

// Standing is the report that holds: the one chosen among several, else the
// first. False when there is none.
func (s State) Standing() (Report, bool) {
	switch {
	case len(s.Reports) == 0:
		return Report{}, false
	case s.Settled != nil && s.Settled.Report < len(s.Reports):
		return s.Reports[s.Settled.Report], true
	}
	return s.Reports[0], true
}
