package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

// A gateway that takes three parts counts no parts of a longer text: that must
// not be taken for a text that costs nothing.
func TestADigestIsShortenedUntilTheProviderCanSendIt(t *testing.T) {
	p := newPost(t)
	p.sms.Segments = func(text string) int {
		parts := (len(text) + 152) / 153
		if parts > 3 {
			return 0
		}
		return parts
	}
	var told []notify.ID
	for i := range 12 {
		told = append(told, p.tell(notify.Notice{Vars: map[string]string{"label": fmt.Sprintf("XL-%02d %s", i, strings.Repeat("x", 60)), "place_id": "AP-01"}}))
	}
	p.run()
	p.wantTaken(1, 0)
	text := p.taken[0].text
	if len(text) > 2*153 || !strings.Contains(text, "việc khác") {
		t.Errorf("%d characters: %q", len(text), text)
	}
	for _, id := range told {
		p.want(id, notify.Accepted)
	}
}
