package policy

import "testing"

func TestLimitsCountMoreThanThePolicysNumbers(t *testing.T) {
	ten, none := 10, 0
	got := Limits{SMSPerDay: &ten, SMSGapMinutes: &none, SMSSegmentsPerDay: &ten, MaxSegments: &ten}.Apply(Default())
	want := Default()
	want.Notices.SMSPerDay, want.Notices.SMSGapMinutes, want.Notices.SMSSegmentsPerDay, want.Notices.MaxSegments = 10, 0, 10, 10
	if got.Notices != want.Notices {
		t.Errorf("got %+v, want %+v", got.Notices, want.Notices)
	}
	if (Limits{}).Apply(Default()).Notices != Default().Notices {
		t.Error("without limits the policy's numbers change")
	}
}
