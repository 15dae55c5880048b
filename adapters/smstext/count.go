package smstext

import "unicode/utf16"

// Encoding (bảng mã) names the alphabet a text is sent in. The zero value is
// no encoding.
type Encoding string

// The two alphabets of GSM 03.38.
const (
	GSM7 Encoding = "gsm7" // the 7-bit default alphabet with its extension table
	UCS2 Encoding = "ucs2" // 16-bit units, as UTF-16
)

// Room returns how many units fit into a message that is sent whole, and how
// many into each part of a longer one, where a header takes its share. An
// encoding that is neither [GSM7] nor [UCS2] has no room.
func (e Encoding) Room() (whole, part int) {
	switch e {
	case GSM7:
		return 160, 153
	case UCS2:
		return 70, 67
	}
	return 0, 0
}

// Segments (số phần tin nhắn) is what a text costs.
type Segments struct {
	// Encoding is the narrowest alphabet that holds every character.
	Encoding Encoding `json:"encoding"`
	// Units is the length: septets in GSM-7, 16-bit units in UCS-2.
	Units int `json:"units"`
	// Parts is the number of messages billed, 0 for the empty text.
	Parts int `json:"parts"`
}

// Count measures text exactly as given. Nothing is normalised first: a
// decomposed "ế" is three characters here, which is why [Prepare] composes
// before it counts. An invalid byte counts as the replacement character it
// would be sent as.
func Count(text string) Segments {
	m := newMeter()
	for _, r := range text {
		m.add(r)
	}
	return m.segments()
}

// Truncate returns the longest prefix of text that needs at most the given
// number of parts. It never splits a character that takes two units, nor a
// letter from the combining marks that follow it. Zero or fewer parts hold
// nothing.
func Truncate(text string, parts int) string {
	m := newMeter()
	end := 0 // the last place where a cut is allowed
	for i, r := range text {
		if !combining(r) {
			end = i
		}
		if m.add(r); m.segments().Parts > parts {
			return text[:end]
		}
	}
	return text
}

// meter adds up a text character by character in both alphabets at once,
// since the last character may still decide which of them it is.
type meter struct {
	gsm, ucs packer
	outside  bool // a character that GSM-7 does not have was seen
}

func newMeter() meter { return meter{gsm: newPacker(GSM7), ucs: newPacker(UCS2)} }

func (m *meter) add(r rune) {
	cost := septets(r)
	m.outside = m.outside || cost == 0
	m.gsm.add(cost)
	m.ucs.add(utf16.RuneLen(r))
}

func (m *meter) segments() Segments {
	if m.outside {
		return m.ucs.segments(UCS2)
	}
	return m.gsm.segments(GSM7)
}

// packer fills parts one after the other. A character that does not fit into
// what is left of a part opens the next one and leaves the rest unused.
type packer struct {
	whole, part        int // room, as Encoding.Room has it
	units, parts, left int
}

func newPacker(e Encoding) packer {
	whole, part := e.Room()
	return packer{whole: whole, part: part}
}

func (p *packer) add(cost int) {
	if cost > p.left {
		p.parts++
		p.left = p.part
	}
	p.left -= cost
	p.units += cost
}

func (p *packer) segments(e Encoding) Segments {
	parts := p.parts
	if p.units <= p.whole {
		parts = min(parts, 1)
	}
	return Segments{Encoding: e, Units: p.units, Parts: parts}
}
