package policy

// Limits are numbers of [Notices] that an installation sets by itself, because its
// contract with a provider or its budget says so, whatever the programme decides.
// A nil field leaves the policy's number. Give all processes of an installation
// the same.
type Limits struct {
	SMSPerDay         *int
	SMSGapMinutes     *int
	SMSSegmentsPerDay *int
	MaxSegments       *int
}

// Apply returns the policy with the installation's own numbers in it. Validate says
// whether they are allowed.
func (l Limits) Apply(p Policy) Policy {
	n := &p.Notices
	for _, one := range []struct{ own, into *int }{
		{l.SMSPerDay, &n.SMSPerDay}, {l.SMSGapMinutes, &n.SMSGapMinutes},
		{l.SMSSegmentsPerDay, &n.SMSSegmentsPerDay}, {l.MaxSegments, &n.MaxSegments},
	} {
		if one.own != nil {
			*one.into = *one.own
		}
	}
	return p
}
