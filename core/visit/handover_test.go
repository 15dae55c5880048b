package visit_test

import (
	"testing"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/visit"
)

func TestOnlyAVisitThatIsAheadGoesOver(t *testing.T) {
	for _, status := range []visit.Status{visit.Planned, visit.AtRisk, visit.Held, visit.Reported, visit.Verified, visit.Missed, visit.Cancelled} {
		v := visit.State{Status: status, Official: "lan", Team: "T3", Place: "AP-01"}
		ahead := status == visit.Planned || status == visit.AtRisk
		for _, err := range []error{v.HandOver("minh", "T4"), v.Follow("AP-02")} {
			if broken := fault.Violations(err); ahead != (err == nil) || !ahead && broken[0].Rule != "visit.hand_over.not_ahead" {
				t.Errorf("%s: %v", status, err)
			}
		}
		if moved := v.Official == "minh" && v.Team == "T4" && v.Place == "AP-02"; moved != ahead {
			t.Errorf("%s: %+v", status, v)
		}
	}
}
