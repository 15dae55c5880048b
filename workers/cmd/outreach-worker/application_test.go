package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/fx"
)

// What each part asks for is provided by another one, whichever providers are
// set; nothing is started to find that out.
func TestTheWorkerIsPutTogetherOfWhatItAsksFor(t *testing.T) {
	for name, change := range map[string]func(*district){
		"over one relay and one gateway": func(*district) {},
		"over a message centre": func(d *district) {
			for _, s := range [][2]string{{"ADDR", "127.0.0.1:2775"}, {"TLS", "false"}, {"SYSTEM_ID", "hvcs"}, {"PASSWORD", "s3cret"}, {"SOURCE", "XUANLOC"}} {
				d.set("OUTREACH_SMPP_"+s[0], s[1])
			}
		},
		"with mails logged": func(d *district) {
			for _, s := range []string{"ADDR", "TLS", "FROM", "DOMAIN"} {
				d.set("OUTREACH_SMTP_"+s, "")
			}
		},
		"with nobody to send": func(d *district) {
			for _, s := range []string{"SMTP_ADDR", "SMTP_TLS", "SMTP_FROM", "SMTP_DOMAIN", "SMS_URL", "SMS_SENDER", "SMS_TOKEN_FILE"} {
				d.set("OUTREACH_"+s, "")
			}
		},
		"with callbacks": func(d *district) { d.set("OUTREACH_RECEIPTS_LISTEN", "127.0.0.1:0") },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDistrict(t, "127.0.0.1:6379")
			change(d)
			d.store(func(p *parts) {
				log := slog.New(slog.NewTextHandler(io.Discard, nil))
				if err := fx.ValidateApp(p.application(newMetrics(p), log)); err != nil {
					t.Error(err)
				}
				type stranger struct{}
				if err := fx.ValidateApp(p.application(newMetrics(p), log), fx.Invoke(func(*stranger) {})); err == nil {
					t.Error("what nobody provides is not missed")
				}
			})
		})
	}
}

// Somebody who has this program and nothing else sees it deliver.
func TestItDeliversOverAnImitationWhereThereIsNoRedis(t *testing.T) {
	d := newDistrict(t, "127.0.0.1:1")
	d.set("OUTREACH_REDIS", "imitation")
	d.fill(4)
	d.call("doctor").want(t, exitOK, "warn  redis          an imitation", "-> start a Redis")
	w := d.process()
	w.await(2, 2)
	w.stop()
	if !strings.Contains(w.said.String(), "IMITATION") {
		t.Errorf("nobody is told that it is no Redis:\n%s", &w.said)
	}
}
