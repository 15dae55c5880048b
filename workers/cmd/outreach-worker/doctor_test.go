package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// lights are those of a doctor's JSON, the worst of each thing.
func lights(t *testing.T, r result) map[string]string {
	t.Helper()
	var told struct {
		Checks []struct{ Light, What, Says, Do string }
	}
	if err := json.Unmarshal([]byte(r.out), &told); err != nil {
		t.Fatalf("%v in\n%s", err, r.out)
	}
	worse := map[string]int{"green": 1, "yellow": 2, "red": 3}
	worst := map[string]string{}
	for _, c := range told.Checks {
		if worse[c.Light] == 0 || c.Says == "" {
			t.Errorf("a check without a light or words: %+v", c)
		}
		if c.Light == "red" && c.Do == "" && c.What != "dkim" {
			t.Errorf("%s is red, and nobody knows what to do", c.What)
		}
		if worse[c.Light] > worse[worst[c.What]] {
			worst[c.What] = c.Light
		}
	}
	return worst
}

func TestTheDoctorLogsInAndAsksForTheBalance(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(0)
	guarded, err := smtpsink.Start(&smtpsink.Options{Username: "hvcs", Password: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	defer guarded.Close()
	answer := `{"Balance": 36693, "CodeResponse": "100"}`
	esms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	defer esms.Close()
	d.set("OUTREACH_SMTP_ADDR", guarded.Addr())
	d.set("OUTREACH_SMTP_USERNAME", "hvcs")
	d.set("OUTREACH_SMTP_PASSWORD", "s3cret")
	for _, variable := range []string{"OUTREACH_SMS_URL", "OUTREACH_SMS_SENDER", "OUTREACH_SMS_TOKEN_FILE"} {
		d.set(variable, "")
	}
	d.set("OUTREACH_SMS_GATEWAY", write(t, "esms.json", `{"preset": "esms", "sender": "XUANLOC", "secrets": {"api_key": "k", "secret_key": "hunter2"}, "balance": {"url": "`+esms.URL+`"}}`))
	d.call("doctor").want(t, exitOK, "ok    mail           smtp: logged in", "ok    sms            esms: the account is in order", "ok    balance        esms has 36693 VND left")
	answer = `{"Balance": 0, "CodeResponse": "100"}`
	d.call("doctor").want(t, exitFailed, "FAIL  balance        esms has 0 VND left", "-> pay in")
	answer = `{"Balance": 0, "CodeResponse": "101"}`
	d.set("OUTREACH_SMTP_PASSWORD", "hunter3")
	r := d.call("doctor", "--json")
	r.want(t, exitFailed)
	if got := lights(t, r); got["mail"] != "red" || got["sms"] != "red" || got["database"] != "green" || got["redis"] != "yellow" || got["mode"] != "green" {
		t.Errorf("the lights are %v", got)
	}
	if strings.Contains(r.out+r.err, "hunter") {
		t.Errorf("it shows a secret:\n%s", r.out)
	}
	if len(guarded.Ledger()) != 0 {
		t.Error("the doctor sent a mail")
	}
}

func TestTheDoctorFindsATextThatIsTooLongOrCannotBeMade(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(0)
	folder := ""
	for _, line := range d.env {
		if path, ours := strings.CutPrefix(line, "OUTREACH_TEMPLATES="); ours {
			folder = path
		}
	}
	long := strings.Repeat("Kính mời ông bà xem lịch. ", 20)
	text := "fields:\n--- vi sms\n" + long + "\n--- vi subject\nLịch\n--- vi text\nLịch.\n--- vi item\nLịch\n--- en sms\nSee.\n--- en subject\nSee\n--- en text\nSee.\n--- en item\nSee\n"
	if err := os.WriteFile(filepath.Join(folder, "calendar.ending.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.call("doctor").want(t, exitOK, "warn  texts          calendar.ending, vi: 4 parts as an SMS, more than 2", "-> shorten it: outreach-worker preview calendar.ending --lang vi")
}

func TestTheDoctorSaysWhatWasChangedSinceTheSettings(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(1)
	admin := d.admin(0)
	d.store(func(p *parts) {
		if err := p.system.Register(t.Context(), notify.Provider{Name: "smtp", Channel: notify.Email, Weight: 1}, notify.Provider{Name: "sms", Channel: notify.SMS, Weight: 1}); err != nil {
			t.Fatal(err)
		}
	})
	d.call("providers", "--weigh", "smtp=7", "--as", admin, "--why", "cheaper").want(t, exitOK)
	d.call("providers", "--open", "sms", "--as", admin, "--why", "works tonight").want(t, exitOK)
	d.call("doctor").want(t, exitOK, "smtp has weight 7 and the settings say 1", "-> outreach-worker providers --weigh smtp=1", "sms is left alone: works tonight", "providers --close sms")
}

func TestASettingOfPostgresThatLosesDataIsNamed(t *testing.T) {
	for value, right := range map[string]bool{"160004": true, "129999": false, "unreadable": true} {
		if atLeast(130000)(value) != right {
			t.Errorf("version %s: want %v", value, right)
		}
	}
	if !not("off")("local") || not("off")("off") || is("on")("off") {
		t.Error("on and off are mixed up")
	}
}

// What is checked is what is used: the doctor has no list of its own.
func TestEveryProviderCanBeChecked(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(0)
	d.set("OUTREACH_SMPP_ADDR", "127.0.0.1:1")
	d.set("OUTREACH_SMPP_INSECURE", "true")
	d.set("OUTREACH_SMPP_TLS", "false")
	d.set("OUTREACH_SMPP_SYSTEM_ID", "hvcs")
	d.set("OUTREACH_SMPP_SOURCE", "XUANLOC")
	d.store(func(p *parts) {
		names := map[string]bool{}
		for _, f := range p.lookAtProviders(context.WithoutCancel(t.Context())) {
			names[f.what] = true
		}
		for _, section := range p.sections() {
			what := strings.Replace(section.name, "smtp", "mail", 1)
			if !names[what] {
				t.Errorf("%s is not looked at", section.name)
			}
		}
	})
	d.call("doctor").want(t, exitFailed, "FAIL  smpp           smpp: not_sent, bind: connection refused")
}
