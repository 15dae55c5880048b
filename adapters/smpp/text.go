package smpp

import (
	"unicode/utf16"

	"github.com/linxGnu/gosmpp/data"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

// split encodes a prepared text and cuts it into parts, as smstext counted
// them. No character is torn apart: neither an escaped one of GSM-7 nor a
// surrogate pair.
func split(p smstext.Prepared) (parts [][]byte, coding data.Encoding, err error) {
	coding, size := data.GSM7BIT, 1
	if p.Segments.Encoding == smstext.UCS2 {
		coding, size = data.UCS2, 2
	}
	_, room := p.Segments.Encoding.Room()
	if p.Segments.Parts <= 1 {
		room, _ = p.Segments.Encoding.Room()
	}
	var part []byte
	for _, r := range p.Text {
		b, err := encode(r, coding)
		if err != nil {
			return nil, nil, err
		}
		if len(part)+len(b) > room*size {
			parts, part = append(parts, part), nil
		}
		part = append(part, b...)
	}
	return append(parts, part), coding, nil
}

func encode(r rune, coding data.Encoding) ([]byte, error) {
	if coding != data.UCS2 {
		return coding.Encode(string(r))
	}
	var b []byte
	for _, unit := range utf16.AppendRune(nil, r) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return b, nil
}
