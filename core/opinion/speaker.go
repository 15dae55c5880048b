package opinion

import (
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Validate checks what was written down about a speaker. Every field may be
// empty; a phone has to be one.
func (s Speaker) Validate() error {
	if s.Phone != "" && !dialable(s.Phone) {
		return fault.Broken("opinion.speaker.phone", "phone", "a phone number is written as +84 and its digits, or left out", "số điện thoại ghi dạng +84 và các chữ số, hoặc để trống")
	}
	return nil
}

// dialable reports whether a number has the shape of E.164.
func dialable(phone string) bool {
	digits, ok := strings.CutPrefix(phone, "+")
	return ok && len(digits) >= 8 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// Named reports whether anything is known about the speaker.
func (s Speaker) Named() bool { return s.Name != "" || s.Phone != "" }

// TakesSMS reports whether the speaker can be, and wants to be, sent messages.
func (s Speaker) TakesSMS() bool { return s.Phone != "" && !s.NoSMS }

// Scrub removes for good who the speaker was; what was said stays (A11, L15).
func (s *Speaker) Scrub(on calendar.Date) {
	*s = Speaker{ID: s.ID, Version: s.Version, Scrubbed: on}
}
