package smstext

import (
	"strings"
	"unicode/utf8"

	"github.com/huongvecoso/outreach/core/fault"
)

// Policy (cách xử lý dấu) says what becomes of the marks of Vietnamese
// letters. The zero value is no policy; [Options] reads it as [Strip].
type Policy string

const (
	// Strip drops all marks. Every Vietnamese brandname gateway takes it.
	Strip Policy = "strip"
	// Unicode keeps all marks, at the price of 70 units a part.
	Unicode Policy = "unicode"
	// Auto keeps the marks when that costs no further part, or when a limit
	// of parts is set and the marked text stays within it; else it strips.
	Auto Policy = "auto"
)

// protocolParts is the most that the one-byte part number of a concatenated
// message can count.
const protocolParts = 255

// Options are the choices of [Prepare]. A nil *Options is the zero value.
type Options struct {
	// Policy is what becomes of marks. Empty means Strip.
	Policy Policy
	// MaxParts is the largest number of parts allowed. Zero sets no limit but
	// the 255 of the protocol.
	MaxParts int
	// Charset is what the gateway makes of special characters. Nil means
	// [VietnameseGateway]; a pointer to the zero value allows everything.
	Charset *Charset
}

// Prepared is a text ready for a gateway.
type Prepared struct {
	// Text is what to hand over, byte for byte.
	Text string
	// Segments is what Text costs.
	Segments Segments
	// Folded tells that the marks were dropped.
	Folded bool
	// Replaced names the characters of the original that could not be spelt
	// and stand as '?' in Text: once each, in order of appearance.
	Replaced []rune
}

// Prepare makes text fit for a gateway as opts say: normalised, with or
// without marks, rid of characters the gateway refuses, and not longer than
// allowed. It returns a [*fault.Violation] and no text when
//
//	smstext.policy           the policy is none of the three
//	smstext.max_parts        the limit of parts is negative or above 255
//	smstext.charset.replace  the charset contradicts itself
//	smstext.encoding         the text is not UTF-8
//	smstext.empty            nothing is left to send
//	smstext.forbidden        a refused character has no replacement
//	smstext.too_long         more parts are needed than allowed
//
// No violation repeats the text, which may hold personal data.
func Prepare(text string, opts *Options) (Prepared, error) {
	job, err := plan(opts)
	if err != nil {
		return Prepared{}, err
	}
	if !utf8.ValidString(text) {
		return Prepared{}, fault.Broken("smstext.encoding", "text",
			"the text is not valid UTF-8: send it as UTF-8",
			"nội dung không phải UTF-8 hợp lệ: hãy gửi ở bảng mã UTF-8")
	}
	prepared := job.render(text)
	if err := job.judge(prepared); err != nil {
		return Prepared{}, err
	}
	return prepared, nil
}

// job is Options with every default filled in.
type job struct {
	policy  Policy
	limit   int // parts allowed; 0: none was set
	charset Charset
}

func plan(opts *Options) (job, error) {
	if opts == nil {
		opts = &Options{}
	}
	j := job{policy: opts.Policy, limit: opts.MaxParts}
	if j.policy == "" {
		j.policy = Strip
	}
	if opts.Charset != nil {
		j.charset = *opts.Charset
	} else {
		j.charset = VietnameseGateway()
	}
	switch j.policy {
	case Strip, Unicode, Auto:
	default:
		return job{}, fault.Broken("smstext.policy", "policy",
			"%q is no policy for marks: choose strip, unicode or auto",
			"%q không phải cách xử lý dấu: chọn strip, unicode hoặc auto", j.policy)
	}
	if j.limit < 0 || j.limit > protocolParts {
		return job{}, fault.Broken("smstext.max_parts", "max_parts",
			"a limit of %d parts is impossible: choose 1 to %d, or 0 for no limit",
			"không thể giới hạn %d phần: chọn từ 1 đến %d, hoặc 0 nếu không giới hạn", j.limit, protocolParts)
	}
	return j, j.charset.Validate()
}

func (j job) render(text string) Prepared {
	switch j.policy {
	case Unicode:
		return j.marked(text)
	case Auto:
		marked, folded := j.marked(text), j.folded(text)
		if marked.Segments.Parts <= max(folded.Segments.Parts, j.limit) {
			return marked
		}
		return folded
	}
	return j.folded(text)
}

func (j job) marked(text string) Prepared {
	text = Normalize(j.charset.apply(Normalize(text), false))
	return Prepared{Text: text, Segments: Count(text)}
}

func (j job) folded(text string) Prepared {
	text, lost := Fold(text)
	text = j.charset.apply(text, true)
	return Prepared{Text: text, Segments: Count(text), Folded: true, Replaced: lost}
}

func (j job) judge(p Prepared) error {
	if strings.TrimSpace(p.Text) == "" {
		return fault.Broken("smstext.empty", "text",
			"the text is empty: write what the recipient is to know",
			"nội dung tin nhắn trống: hãy ghi điều người nhận cần biết")
	}
	if refused := j.charset.refused(p.Text); len(refused) > 0 {
		return fault.Broken("smstext.forbidden", "text",
			"the gateway refuses %q: write the text without it",
			"tổng đài không nhận ký tự %q: hãy viết lại nội dung không dùng ký tự này", string(refused))
	}
	limit := j.limit
	if limit == 0 {
		limit = protocolParts
	}
	if p.Segments.Parts > limit {
		return fault.Broken("smstext.too_long", "text",
			"the text needs %d SMS parts (%s, %d units), %d more than the %d allowed: shorten it by %d characters",
			"nội dung cần %d tin nhắn (%s, %d đơn vị), nhiều hơn %d tin so với mức %d tin được phép: hãy rút ngắn %d ký tự",
			p.Segments.Parts, p.Segments.Encoding, p.Segments.Units, p.Segments.Parts-limit, limit,
			utf8.RuneCountInString(p.Text)-utf8.RuneCountInString(Truncate(p.Text, limit)))
	}
	return nil
}
