// Package alarms lets Prometheus' own parser read the file of alarms, in a module
// of its own so that nobody has Prometheus in his module graph for it.
package alarms

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const file = "../../outreach-worker.alarms.yml"

// read is what Prometheus makes of a file of rules.
func read(text string) (*rulefmt.RuleGroups, []error) {
	return rulefmt.Parse([]byte(text), false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
}

func TestPrometheusReadsTheAlarms(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	groups, wrong := read(string(text))
	for _, err := range wrong {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) != 1 {
		t.Fatalf("read %+v", groups)
	}
	rules := groups.Groups[0].Rules
	if want := strings.Count(string(text), "- alert:"); want < 20 || len(rules) != want {
		t.Errorf("%d rules were read, the file has %d", len(rules), want)
	}
	for _, r := range rules {
		if r.Alert == "" || r.Annotations["look"] == "" || r.Annotations["do"] == "" {
			t.Errorf("%s does not say what to look at and to do", r.Alert)
		}
	}
}

// A rule that Prometheus would refuse is found: one bracket less, a counter where a
// vector over time is needed, a word that is no function, a time that is none.
func TestARuleThatPrometheusWouldRefuseIsFound(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string][2]string{
		"a bracket":  {"absent(outreach_mode)", "absent(outreach_mode"},
		"a range":    {"increase(outreach_token_waits_total[1h])", "increase(outreach_token_waits_total)"},
		"a function": {"histogram_quantile(", "histogramm_quantile("},
		"a time":     {"for: 5m", "for: 5 minutes"},
		"a field":    {"annotations:", "annotation:"},
	} {
		broken := strings.Replace(string(text), change[0], change[1], 1)
		if broken == string(text) {
			t.Errorf("%s: the file has no %q to break", what, change[0])
		} else if _, wrong := read(broken); len(wrong) == 0 {
			t.Errorf("%s: nobody noticed", what)
		}
	}
}
