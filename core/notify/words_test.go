package notify_test

import (
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

func TestTheProgrammesOwnWordsAreReadInTheLanguageOfTheReader(t *testing.T) {
	templates := defaults(t)
	for _, c := range []struct{ template, field, value, vi, en string }{
		{"delivery.late", "what", "outbox", "thông báo đến hạn chưa được gửi", "due notices wait"},
		{"delivery.late", "what", "unknown", "chưa rõ đã gửi hay chưa", "outcomes are unknown"},
		{"delivery.late", "what", "clock", "các mốc hạn không được xét", "nobody looks at the due dates"},
		{"delivery.late", "what", "ledger", "thiếu dòng", "rows of the outbox are missing"},
		{"visit.decided", "outcome", "verified", "buổi được công nhận", "the visit counts"},
		{"visit.decided", "outcome", "refused", "buổi không được công nhận", "the visit does not count"},
		{"contact.broken", "channel", "email", "thư điện tử", "e-mail"},
		{"contact.broken", "channel", "sms", "SMS", "SMS"},
		{"provider.down", "channel", "in_app", "ứng dụng", "application"},
		{"provider.down", "channel", "paper_task", "việc giấy", "paper"},
		{"provider.down", "channel", "zalo", "zalo", "zalo"},
		{"visit.agenda", "weekday", "2017-03-15", "thứ Tư, 15/3/2017", "Wednesday 15 March 2017"},
	} {
		vars := longest(notify.Email)
		vars[c.field] = c.value
		for lang, want := range map[string]string{"vi": c.vi, "en": c.en} {
			if _, text, err := templates.Render(c.template, lang, notify.Email, vars); err != nil || !strings.Contains(text, want) {
				t.Errorf("%s in %s says %q, %v; want %q", c.value, lang, text, err, want)
			}
		}
	}
}
