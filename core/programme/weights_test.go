package programme_test

import (
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

func TestLunarAndYearlyDaysOfAHamletAreAvoided(t *testing.T) {
	lunar := func(on calendar.Date) (int, int, bool) { // as if the lunar month began on the 8th of March
		return on.Sub(day("2017-03-08")) + 1, 2, !on.Before(day("2017-03-08"))
	}
	h := host("AP-01", "lan")
	h.Hosting.AvoidEach = []org.YearDay{{Day: 1, Lunar: true}, {Day: 15, Lunar: true}, {Day: 7, Month: 3}, {Day: 21, Month: 4}}
	r := request(t, "2017-03", h)
	r.Lunar = lunar
	d := programme.Plan(r) // not Wed 8 and 22, the lunar 1st and 15th, nor Tue 7
	wantPlan(t, d, "AP-01 lan 2017-03-09 19:00", "AP-01 lan 2017-03-23 19:00")
	if text := d.Choices[0].Explain("en"); !strings.Contains(text, "2 avoided by the hamlet") {
		t.Error(text)
	}
}

func TestNothingIsProposedOnQuietDays(t *testing.T) {
	r := request(t, "2017-03", host("AP-01", "lan"), host("AP-02", "minh"))
	r.Quiet = []programme.Quiet{{Days: days("2017-03-06", "2017-03-10"), Places: []org.PlaceID{"AP-01"}, Why: "hội nghị"}, {Days: days("2017-03-22", "2017-03-22"), Why: "bầu cử"}}
	d := programme.Plan(r)
	wantPlan(t, d, "AP-01 lan 2017-03-03 19:00", "AP-01 lan 2017-03-17 19:00", "AP-02 minh 2017-03-08 19:00", "AP-02 minh 2017-03-21 19:00")
	if text := d.Choices[0].Explain("vi"); !strings.Contains(text, "loại 5 ngày kế hoạch không xếp lịch") {
		t.Error(text)
	}
}

func TestTheEveningsBesideAFarHamletStayFree(t *testing.T) {
	far := host("AP-05", "tuan")
	far.Weight = 200
	d := programme.Plan(request(t, "2017-03", host("AP-04", "tuan"), far))
	wantPlan(t, d, "AP-04 tuan 2017-03-06 19:00", "AP-04 tuan 2017-03-20 19:00", "AP-05 tuan 2017-03-08 19:00", "AP-05 tuan 2017-03-22 19:00")
	if text := d.Choices[0].Explain("vi"); !strings.Contains(text, "Không xếp hai tối liền nhau") {
		t.Error(text)
	}
}

func TestOfSeveralOfficialsTheLighterLoadedGoes(t *testing.T) {
	far, shared := host("AP-01", "lan"), host("AP-09", "lan")
	far.Weight = 300
	shared.Tenures = append(shared.Tenures, programme.Tenure{Official: "minh", Days: year2017()})
	other := host("AP-02", "minh")
	d := programme.Plan(request(t, "2017-03", far, other, shared))
	for _, c := range d.Choices {
		if c.Place == "AP-09" && c.Official != "minh" {
			t.Errorf("on %s %s goes, who has the far hamlet", c.Date, c.Official)
		}
	}
}

func TestTheSpreadWeighsHamletsAndSaysWhoBearsWhat(t *testing.T) {
	s := plan2017()
	var all []programme.Assignment
	for id, who := range map[programme.AssignmentID]org.PersonID{"1": "lan", "2": "lan", "3": "minh"} {
		all = append(all, programme.Assignment{ID: id, Official: who, Place: org.PlaceID("AP-" + id), Valid: year2017(), Status: programme.Active})
	}
	q := quota()
	q.MaxSpread = 1
	if got := programme.CheckSpread(s.Loads(all, day("2017-05-05")), q); got != nil {
		t.Errorf("two and one: %v", got)
	}
	s.Burdens = []programme.Burden{{Place: "AP-1", Weight: 250, Why: "đường xa"}}
	loads := s.Loads(all, day("2017-05-05"))
	if loads[0].Official != "lan" || loads[0].Burden != 350 || loads[1].Burden != 100 {
		t.Errorf("%+v", loads)
	}
	got := programme.CheckSpread(loads, q)
	if len(got) != 1 || !strings.Contains(got[0].En, "differ by 2.5 hamlets") || !strings.Contains(got[0].Vi, "lan nhiều nhất (3.5), minh ít nhất (1)") {
		t.Errorf("%v", got)
	}
}

func TestBurdensAndQuietDaysAreChecked(t *testing.T) {
	s := plan2017()
	s.Burdens = []programme.Burden{{Place: "AP-1"}}
	s.Avoid = []programme.Quiet{{Days: days("2017-03-06", "2017-03-10")}}
	wantRule(t, s.Validate(), "programme.burden")
	wantRule(t, s.Validate(), "programme.avoid")
}
