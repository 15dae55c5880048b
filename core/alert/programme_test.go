package alert_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

// programmeNotices is one of everything that is told about the programme.
func programmeNotices() []notify.Notice {
	a := programme.Assignment{
		ID: "a1", Official: "CC-017", Place: "AP-01", Team: "T3", Successor: "CC-042", Decision: "1234/QĐ-UBND",
		Valid:    calendar.Period{From: day("2017-03-01"), To: day("2017-12-31")},
		Handover: []programme.HandoverItem{{Type: "issue", ID: "i1", Label: "XL-17-0142"}},
	}
	p := policy.Default()
	r := programme.Rule{ID: "r1", Policy: &p, Proposer: "VP-01", Status: programme.RuleApproved}
	rejected := programme.Rule{
		ID: "r2", Calendar: &calendar.Spec{ID: "VN-XL-2017", Version: 12}, Proposer: "VP-01", Status: programme.RuleRejected,
	}
	var all []notify.Notice
	for _, notices := range [][]notify.Notice{
		alert.AssignmentProposed(a), alert.AssignmentApproved(a), alert.AssignmentCurtailed(a), alert.AssignmentCancelled(a), alert.AssignmentStarted(a, day("2017-03-15"), 12),
		alert.AssignmentEnded(a), alert.RuleProposed(r), alert.RuleDecided(r), alert.RuleDecided(rejected),
	} {
		all = append(all, notices...)
	}
	return all
}

func TestEveryNoticeAboutTheProgrammeCanBeReadAndSent(t *testing.T) {
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]bool)
	for _, n := range programmeNotices() {
		if keys[n.Key] {
			t.Errorf("two notices have the key %s", n.Key)
		}
		keys[n.Key] = true
		if strings.HasPrefix(n.Template, "assignment.") && !strings.HasSuffix(n.Key, "/"+string(n.Channel)) {
			t.Errorf("%s does not end in its channel: when another one fails, the same would be said on this one again", n.Key)
		}
		vars := maps.Clone(n.Vars)
		for field, value := range map[string]string{ // as long as they get in the district
			"official": "Nguyễn Thị Phương Thảo", "place": "ấp Trung Nghĩa (xã Xuân Trường)", "recipient": "Nguyễn Trương Hoàng Phước", "given": "Phước",
			"honorific": "đồng chí", "sender": "UBND huyện Xuân Lộc", "hotline": "0251 3871113",
		} {
			vars[field] = value
		}
		for _, lang := range []string{"vi", "en"} {
			for _, channel := range []notify.Channel{notify.SMS, notify.Email} { // a fallback may change the channel
				subject, text, err := templates.Render(n.Template, lang, channel, vars)
				if err != nil {
					t.Errorf("%s (%s, %s): %v", n.Template, lang, channel, err)
					continue
				}
				if channel == notify.Email && subject == "" {
					t.Errorf("%s (%s): no subject", n.Template, lang)
				}
				if folded, lost := smstext.Fold(text); channel == notify.SMS && (len(folded) > 306 || len(lost) > 0 || strings.Contains(text, "http")) {
					t.Errorf("%s (%s): %d characters, %q cannot be sent: %s", n.Template, lang, len(folded), lost, text)
				}
			}
			if _, err := templates.Item(n.Template, lang, vars); err != nil {
				t.Errorf("%s (%s): %v", n.Template, lang, err)
			}
		}
	}
}

func TestNoticesOfTheProgrammeHoldIDsAndNoNames(t *testing.T) {
	for _, n := range programmeNotices() {
		if n.Subject.IsZero() || n.Audience == "" || n.Class != notify.Duty || n.OnUnknown == "" || n.Priority == "" {
			t.Errorf("%s is not complete: %+v", n.Key, n)
		}
		for field, value := range n.Vars {
			switch field {
			case "official_id", "place_id", "decision", "from", "until", "due", "count", "version":
			default:
				t.Errorf("%s carries %s=%s", n.Key, field, value)
			}
		}
	}
}
