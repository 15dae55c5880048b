package smtpmail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

// A relay that offers DSN is asked for reports, with headers only, since the mail
// itself would come back through mailboxes it was not for. One that does not offer
// it would refuse the mail over the words.
func TestReportsAreAskedForWhereTheRelayOffersThem(t *testing.T) {
	m := notice(1)
	m.Attempt = 3
	key := string(m.Notice)
	plain := []string{"MAIL FROM:<vanphong@xuanloc.example>", "RCPT TO:<" + m.To + ">"}
	asked := func(events string) []string {
		return []string{plain[0] + " RET=HDRS ENVID=" + key + ".3", plain[1] + " NOTIFY=" + events}
	}
	for way, how := range map[string]transport{"step by step": stepByStep, "pipelined": whole} {
		for _, c := range []struct {
			name         string
			dsn, success bool
			offered      bool
			want         []string
		}{
			{"not wanted", false, false, true, plain},
			{"not offered", true, true, false, plain},
			{"failure and delay", true, false, true, asked("FAILURE,DELAY")},
			{"success too", false, true, true, asked("SUCCESS,FAILURE,DELAY")},
		} {
			t.Run(way+" "+c.name, func(t *testing.T) {
				relay := how
				if c.offered {
					relay.offer = append(slices.Clone(how.offer), "DSN")
				}
				r := startRogue(t, relay.polite())
				set := config(r.Addr())
				set.DSN, set.DSNSuccess, set.Ignore = c.dsn, c.success, how.ignore
				if out := send(t, newSender(t, set, nil), m); out.Result != notify.ResultAccepted {
					t.Fatalf("%+v", out)
				}
				var got []string
				for _, line := range r.Heard()[0] {
					if strings.HasPrefix(line, "MAIL") || strings.HasPrefix(line, "RCPT") {
						got = append(got, strings.Replace(line, " BODY=8BITMIME", "", 1))
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("the relay heard\n%s\nwant\n%s", fmt.Sprint(got), fmt.Sprint(c.want))
				}
			})
		}
	}
}
