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
	p, err := NewPreparer(opts)
	if err != nil {
		return Prepared{}, err
	}
	return p.Prepare(text)
}

// Preparer prepares texts for one gateway, whose options it has worked out: who
// prepares one after the other makes it once. It is safe for concurrent use.
type Preparer struct {
	policy  Policy
	limit   int // parts allowed; 0: none was set
	charset Charset
	marks   *strings.Replacer // of the charset, for texts with marks; nil where the policy leaves none
	bare    *strings.Replacer // and for folded texts; nil where none is folded
}

// NewPreparer returns what prepares texts as opts say, or the violation that
// [Prepare] finds in them. It keeps nothing of opts.
func NewPreparer(opts *Options) (*Preparer, error) {
	if opts == nil {
		opts = &Options{}
	}
	p := &Preparer{policy: opts.Policy, limit: opts.MaxParts}
	if p.policy == "" {
		p.policy = Strip
	}
	if opts.Charset != nil {
		p.charset = *opts.Charset
	} else {
		p.charset = VietnameseGateway()
	}
	switch p.policy {
	case Strip, Unicode, Auto:
	default:
		return nil, fault.Broken("smstext.policy", "policy",
			"%q is no policy for marks: choose strip, unicode or auto",
			"%q không phải cách xử lý dấu: chọn strip, unicode hoặc auto", p.policy)
	}
	if p.limit < 0 || p.limit > protocolParts {
		return nil, fault.Broken("smstext.max_parts", "max_parts",
			"a limit of %d parts is impossible: choose 1 to %d, or 0 for no limit",
			"không thể giới hạn %d phần: chọn từ 1 đến %d, hoặc 0 nếu không giới hạn", p.limit, protocolParts)
	}
	if err := p.charset.Validate(); err != nil {
		return nil, err
	}
	if p.policy != Strip {
		p.marks = p.charset.replacer(false)
	}
	if p.policy != Unicode {
		p.bare = p.charset.replacer(true)
	}
	return p, nil
}

// Prepare makes text fit for the gateway, or says as a violation why it cannot:
// see the function [Prepare].
func (p *Preparer) Prepare(text string) (Prepared, error) {
	if !utf8.ValidString(text) {
		return Prepared{}, fault.Broken("smstext.encoding", "text",
			"the text is not valid UTF-8: send it as UTF-8",
			"nội dung không phải UTF-8 hợp lệ: hãy gửi ở bảng mã UTF-8")
	}
	prepared := p.render(text)
	if err := p.judge(prepared); err != nil {
		return Prepared{}, err
	}
	return prepared, nil
}

// Parts is how many parts a text takes as Prepare writes it, 0 when it cannot be sent.
func (p *Preparer) Parts(text string) int {
	prepared, err := p.Prepare(text)
	if err != nil {
		return 0
	}
	return prepared.Segments.Parts
}

func (p *Preparer) render(text string) Prepared {
	switch p.policy {
	case Unicode:
		return p.marked(text)
	case Auto:
		marked, folded := p.marked(text), p.folded(text)
		if marked.Segments.Parts <= max(folded.Segments.Parts, p.limit) {
			return marked
		}
		return folded
	}
	return p.folded(text)
}

func (p *Preparer) marked(text string) Prepared {
	text = Normalize(p.marks.Replace(Normalize(text)))
	return Prepared{Text: text, Segments: Count(text)}
}

func (p *Preparer) folded(text string) Prepared {
	text, lost := Fold(text)
	text = p.bare.Replace(text)
	return Prepared{Text: text, Segments: Count(text), Folded: true, Replaced: lost}
}

func (p *Preparer) judge(made Prepared) error {
	if strings.TrimSpace(made.Text) == "" {
		return fault.Broken("smstext.empty", "text",
			"the text is empty: write what the recipient is to know",
			"nội dung tin nhắn trống: hãy ghi điều người nhận cần biết")
	}
	if refused := p.charset.refused(made.Text); len(refused) > 0 {
		return fault.Broken("smstext.forbidden", "text",
			"the gateway refuses %q: write the text without it",
			"tổng đài không nhận ký tự %q: hãy viết lại nội dung không dùng ký tự này", string(refused))
	}
	limit := p.limit
	if limit == 0 {
		limit = protocolParts
	}
	if made.Segments.Parts > limit {
		return fault.Broken("smstext.too_long", "text",
			"the text needs %d SMS parts (%s, %d units), %d more than the %d allowed: shorten it by %d characters",
			"nội dung cần %d tin nhắn (%s, %d đơn vị), nhiều hơn %d tin so với mức %d tin được phép: hãy rút ngắn %d ký tự",
			made.Segments.Parts, made.Segments.Encoding, made.Segments.Units, made.Segments.Parts-limit, limit,
			utf8.RuneCountInString(made.Text)-utf8.RuneCountInString(Truncate(made.Text, limit)))
	}
	return nil
}
