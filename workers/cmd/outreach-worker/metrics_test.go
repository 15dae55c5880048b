package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/deliver"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/receipt"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// bare are metrics over a configuration that nothing runs with.
func bare(t *testing.T) *metrics {
	t.Helper()
	p, err := configured("", []string{"OUTREACH_DATABASE=" + t.TempDir() + "/x.db"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.close() })
	m := newMetrics(p)
	m.registry.MustRegister(newQueueCollector(redis.NewClient(&redis.Options{}), nil))
	return m
}

var description = regexp.MustCompile(`fqName: "(outreach_\w+)", help: "([^"]*)", (?:unit: "", )?constLabels: {}, variableLabels: {([^}]*)}`)

func TestWhatIsMeasuredIsWhatTheTableSays(t *testing.T) {
	all := make(chan *prometheus.Desc, 200)
	bare(t).registry.Describe(all)
	close(all)
	found := map[string]bool{}
	for d := range all {
		part := description.FindStringSubmatch(d.String())
		if part == nil {
			continue // of Go and of the process
		}
		want := described(part[1])
		if part[2] == "" || part[2] != want.what || part[3] != strings.Join(want.labels, ",") {
			t.Errorf("%s is not in the table as it is: %q, labels %s", part[1], part[2], part[3])
		}
		found[part[1]] = true
	}
	for _, m := range measures() {
		if !found[m.name] {
			t.Errorf("nothing measures %s", m.name)
		}
	}
}

// No value of a label is a person's, and none grows with the number of people.
func TestNoLabelNamesAnybodyAndEachHasFewValues(t *testing.T) {
	allowed := []string{"mode", "state", "provider", "channel", "outcome", "what", "status", "queue"}
	for _, m := range measures() {
		for _, label := range m.labels {
			if !slices.Contains(allowed, label) {
				t.Errorf("%s has a label %s", m.name, label)
			}
		}
	}
}

func TestEveryAlarmRingsForSomethingThatIsMeasuredAndSaysWhatToDo(t *testing.T) {
	names := regexp.MustCompile(`outreach_\w+`)
	for _, a := range alarms() {
		used := names.FindAllString(a.when, -1)
		if len(used) == 0 || a.look == "" || a.do == "" || a.lasts == "" {
			t.Errorf("%s is not complete", a.name)
		}
		for _, name := range used {
			if described(strings.TrimSuffix(name, "_bucket")).what == "" {
				t.Errorf("%s looks at %s, which nothing measures", a.name, name)
			}
		}
	}
	compare(t, "outreach-worker.alarms.yml", alarmsFile())
}

// alarmsFile is the file that Prometheus reads.
func alarmsFile() string {
	var b strings.Builder
	b.WriteString("# Written by go test -run Alarm -update from the table in measures.go.\ngroups:\n  - name: outreach\n    rules:\n")
	for _, a := range alarms() {
		fmt.Fprintf(&b, "      - alert: Outreach%s\n        expr: '%s'\n        for: %s\n        annotations:\n          look: '%s'\n          do: '%s'\n",
			a.name, quoted(a.when), a.lasts, quoted(a.look), quoted(a.do))
	}
	return b.String()
}

func quoted(s string) string { return strings.ReplaceAll(s, "'", "''") }

func TestTheReadmeExplainsEveryMetricAndEveryAlarm(t *testing.T) {
	var b strings.Builder
	b.WriteString("<!-- metrics: written by go test -run Readme -update -->\n| metric | meaning |\n|---|---|\n")
	for _, m := range measures() {
		name := m.name
		if len(m.labels) > 0 {
			name += "{" + strings.Join(m.labels, ",") + "}"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, m.what)
	}
	b.WriteString("<!-- end of metrics -->")
	var a strings.Builder
	a.WriteString("<!-- alarms: written by go test -run Readme -update -->\n| alarm | rings when | look at | do |\n|---|---|---|---|\n")
	for _, one := range alarms() {
		when := strings.ReplaceAll(one.when, "|", `\|`)
		if one.lasts != "0m" {
			when += "` for `" + one.lasts
		}
		fmt.Fprintf(&a, "| %s | `%s` | %s | %s |\n", one.name, when, one.look, one.do)
	}
	a.WriteString("<!-- end of alarms -->")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?s)<!-- metrics: .*<!-- end of metrics -->`).ReplaceAllLiteralString(string(readme), b.String())
	compare(t, "README.md", regexp.MustCompile(`(?s)<!-- alarms: .*<!-- end of alarms -->`).ReplaceAllLiteralString(text, a.String()))
}

// told is the value of one series.
func (m *metrics) told(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			var values []string
			for _, l := range one.GetLabel() {
				values = append(values, l.GetName()+"="+l.GetValue())
			}
			if f.GetName() != name || !slices.Equal(values, labels) {
				continue
			}
			switch {
			case one.Counter != nil:
				return one.GetCounter().GetValue()
			case one.Histogram != nil:
				return one.GetHistogram().GetSampleSum()
			}
			return one.GetGauge().GetValue()
		}
	}
	return -1
}

func TestWhatWasDoneIsCounted(t *testing.T) {
	m := bare(t)
	at := time.Date(2017, 3, 15, 3, 0, 0, 0, time.UTC)
	sent := notify.Notice{Channel: notify.SMS, State: notify.Accepted, NotBefore: at.Add(-time.Minute), Done: at, CancelAsked: at}
	m.moved(sent, at)
	m.moved(sent, at.Add(time.Hour)) // looked at again
	m.moved(notify.Notice{Channel: notify.SMS, State: notify.Delivered, Done: at}, at.Add(90*time.Second))
	m.moved(notify.Notice{Channel: notify.SMS, State: notify.Pending}, at)
	seen := m.observe()
	seen.Dispatched(core.Dispatched{Tickets: make([]core.Ticket, 1), Late: 7 * time.Second, Short: map[string]int{"esms": 4}})
	seen.Dispatched(core.Dispatched{})
	seen.Swept(core.Swept{Expired: 2})
	seen.Recovered(core.Recovered{Requeued: 3, Uncertain: 1})
	seen.Watched(core.Watched{Late: []string{"ledger"}})
	m.deliverOptions(deliver.Options{}).Worthless(notify.Email, 5)
	m.receiptOptions(receipt.Options{}).Observe("esms", 503)
	for _, want := range []struct {
		name   string
		value  float64
		labels []string
	}{
		{"outreach_notice_moves_total", 1, []string{"channel=sms", "state=accepted"}},
		{"outreach_notice_moves_total", 1, []string{"channel=sms", "state=pending"}},
		{"outreach_accept_seconds", 60, []string{"channel=sms"}},
		{"outreach_cancel_too_late_total", 1, []string{"channel=sms"}},
		{"outreach_receipt_seconds", 90, []string{"channel=sms"}},
		{"outreach_relay_lag_seconds", 7, nil},
		{"outreach_token_waits_total", 4, []string{"provider=esms"}},
		{"outreach_sweeps_total", 1, nil},
		{"outreach_reminders_missed_total", 2, nil},
		{"outreach_recovered_total", 3, []string{"what=requeued"}},
		{"outreach_recovered_total", 1, []string{"what=uncertain"}},
		{"outreach_watch_findings_total", 1, []string{"what=ledger"}},
		{"outreach_worthless_tickets_total", 5, []string{"channel=email"}},
		{"outreach_callbacks_total", 1, []string{"provider=esms", "status=503"}},
	} {
		if got := m.told(t, want.name, want.labels...); got != want.value {
			t.Errorf("%s%v is %v, want %v", want.name, want.labels, got, want.value)
		}
	}
}

// A rate that is spent shows, and so does a breaker that is open.
func TestTheMetricsShowAProviderThatIsHeldBack(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.set("OUTREACH_SMS_RATE", "0.001")
	d.set("OUTREACH_SMS_BURST", "1")
	d.fill(8)
	admin := d.admin(7)
	worker := d.run()
	base := worker.said.address(t)
	shown := func(part string) bool {
		_, body := get(t, base+"/metrics")
		return strings.Contains(body, part)
	}
	until(t, "the rate is spent", func() bool { return shown(`outreach_token_waits_total{provider="sms"}`) })
	if n := len(d.sms.Ledger()); n > 1 {
		t.Errorf("%d SMS went out at a rate of one in a quarter of an hour", n)
	}
	d.call("providers", "--open", "smtp", "--as", admin, "--why", "works tonight").want(t, exitOK, "OPEN")
	until(t, "the breaker shows", func() bool { return shown(`outreach_breaker_open{channel="email",provider="smtp"} 1`) })
	worker.end()
	for i := range 8 {
		if strings.Contains(worker.said.String(), outboxtest.Phone(i)) {
			t.Errorf("the log names %s", outboxtest.Phone(i))
		}
	}
}

func TestHowLateTheOutboxIsCountsFromWhenANoticeWasFirstDueWhileNoWorkerTakesIt(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(2)
	due := time.Now().Add(-time.Hour).Truncate(time.Second)
	d.store(func(p *parts) {
		amend(t, p, outboxtest.ID(0), func(n *notify.Notice) error {
			n.NextAt = due
			return n.Queue(outboxtest.Person(0), time.Now())
		})
		seen, err := p.count(t.Context())
		if err != nil || seen.oldest < time.Hour {
			t.Errorf("one in the queue, due for an hour: the oldest is due for %v, %v", seen.oldest, err)
		}
	})
	d.call("show", string(outboxtest.ID(0))).want(t, exitOK, "due since     "+due.In(calendar.Zone()).Format(moment))
}
