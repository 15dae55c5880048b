package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/rate"
)

func TestEveryProviderHasItsWeightItsRateAndItsPlace(t *testing.T) {
	gateway := func(name string) string {
		return write(t, name+".json", `{"preset": "esms", "name": "`+name+`", "sender": "XUANLOC", "secrets": {"api_key": "k", "secret_key": "s"}}`)
	}
	c, err := load(write(t, "c.json", `{"database": "x.db",
		"workers": {"standby": "third, second"}, "breaker": {"in_row": 3, "last_probe": "2m"},
		"smtp": {"addr": "mail.xuanloc.example:25", "from": "a@xuanloc.example", "domain": "xuanloc.example", "rate": 7.5},
		"sms": {"gateway": "`+gateway("first")+", "+gateway("second")+", "+gateway("third")+`", "weight": "2, second=0, third=0", "rate": "10, third=1", "burst": "third=4"},
		"smpp": {"addr": "smsc.xuanloc.example:3550", "system_id": "x", "source": "XL", "rate": 30}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := build(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	w := p.config.Workers
	if diff := cmp.Diff(map[string]int{"smtp": 1, "first": 2, "second": 0, "third": 0, "smpp": 1}, w.Weights); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	rates := map[string]rate.Limit{"smtp": {PerSecond: 7.5}, "first": {PerSecond: 10}, "second": {PerSecond: 10}, "third": {PerSecond: 1, Burst: 4}, "smpp": {PerSecond: 30}}
	if diff := cmp.Diff(rates, w.Rates); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"third", "second"}, w.Standby); diff != "" || w.Breaker.InRow != 3 || w.Breaker.LastProbe.Minutes() != 2 {
		t.Errorf("standby %v, breaker %+v", w.Standby, w.Breaker)
	}
}

// The operator's own numbers count more than the policy's file, and that more
// than what is usual where nobody said anything.
func TestTheOperatorsNumbersCountMoreThanThePolicys(t *testing.T) {
	for name, c := range map[string]struct {
		settings            string
		gap, perDay, budget int
	}{
		"nobody said anything": {``, 10, 3, 0},
		"the operator":         {`, "sms": {"gap": "0s", "per_day": 5, "segments_per_day": 4000}`, 0, 5, 4000},
		"the policy":           {`, "policy": "` + policyFile(t, 25) + `"`, 25, 3, 0},
		"both":                 {`, "policy": "` + policyFile(t, 25) + `", "sms": {"gap": "30m"}`, 30, 3, 0},
		"a policy without any": {`, "policy": "` + policyFile(t, 0) + `"`, 0, 3, 0},
	} {
		set, err := load(write(t, "c.json", `{"database": "x.db"`+c.settings+`}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := build(set)
		if err != nil {
			t.Fatal(err)
		}
		if n := p.policy.Notices; n.SMSGapMinutes != c.gap || n.SMSPerDay != c.perDay || n.SMSSegmentsPerDay != c.budget {
			t.Errorf("%s: gap %d, a day %d, budget %d", name, n.SMSGapMinutes, n.SMSPerDay, n.SMSSegmentsPerDay)
		}
		p.close()
	}
}

// policyFile is the standard policy with another gap.
func policyFile(t *testing.T, gap int) string {
	t.Helper()
	numbers := policy.Default()
	numbers.Notices.SMSGapMinutes = gap
	data, err := json.Marshal(numbers)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "policy.json", string(data))
}
