package smstext

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalize returns text composed (NFC) and freed of what a word processor or
// a web page brought along: typographic quotes, dashes and dots become their
// plain forms, every kind of space becomes a space, every kind of line end
// becomes "\n", and invisible characters go. Letters keep their marks.
// Normalising twice changes nothing more.
func Normalize(text string) string {
	if plain(text) {
		return text
	}
	return norm.NFC.String(sanitise(text))
}

// plain reports whether text is ASCII that Normalize would not touch.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\n' || c >= 0x7F || c == '`' {
			return false
		}
	}
	return true
}

func sanitise(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		if s, found := typewriter(r); found {
			b.WriteString(s)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// typewriter returns how a typewriter would have put a typographic character,
// "" when it would not have put it at all.
func typewriter(r rune) (s string, found bool) {
	switch r {
	case '‘', '’', '‚', '‛', '‹', '›', '′', '´', '`', '\u1FEF', '\u1FFD':
		return "'", true
	case '“', '”', '„', '‟', '«', '»', '″':
		return `"`, true
	case '‐', '‑', '‒', '–', '—', '―', '−', '⁃':
		return "-", true
	case '…':
		return "...", true
	case '\n':
		return "\n", true
	case '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return "\n", true
	case '\t':
		return " ", true
	}
	switch {
	case r == ' ' || r > ' ' && r < 0x7F:
		return "", false
	case unicode.Is(unicode.Zs, r):
		return " ", true
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return "", true
	}
	return "", false
}

// Fold returns text in GSM-7: marks dropped, đ and Đ written d and D,
// typographic characters written plainly, and '?' for each character that has
// no spelling there. Lost names those characters once each, in the order they
// appear; a caller that must not send a question mark looks there.
//
// Every mark goes, also from the few letters GSM-7 knows (à è é ì ò ù): a text
// with some marks and not others reads worse than one with none.
func Fold(text string) (folded string, lost []rune) {
	if plain(text) {
		return text, nil
	}
	text = Normalize(text)
	b := make([]byte, 0, len(text))
	for i, r := range text {
		var known bool
		if b, known = appendFolded(b, text[i:], r); known {
			continue
		}
		b = append(b, '?')
		if !slices.Contains(lost, r) {
			lost = append(lost, r)
		}
	}
	return string(b), lost
}

// appendFolded appends the spelling of r, the first character of rest: its
// own, that of its canonical decomposition without marks, or that of its
// compatibility decomposition ("²" is 2, "Ａ" is A). It reports false, and
// leaves b alone, when GSM-7 has none.
func appendFolded(b []byte, rest string, r rune) ([]byte, bool) {
	if r < utf8.RuneSelf && septets(r) > 0 {
		return append(b, byte(r)), true
	}
	if s, known := spelt(r); known {
		return append(b, s...), true
	}
	for _, form := range []norm.Form{norm.NFD, norm.NFKD} {
		if out, ok := appendBases(b, form.PropertiesString(rest).Decomposition()); ok {
			return out, true
		}
	}
	return b, false
}

// appendBases appends the characters of a decomposition that are not marks.
func appendBases(b, decomposed []byte) ([]byte, bool) {
	if len(decomposed) == 0 {
		return b, false
	}
	out := b
	for len(decomposed) > 0 {
		r, size := utf8.DecodeRune(decomposed)
		decomposed = decomposed[size:]
		s, known := spelt(r)
		if !known {
			return b, false
		}
		out = append(out, s...)
	}
	return out, true
}

// spelt returns the spelling of a character that is not decomposed any
// further.
func spelt(r rune) (string, bool) {
	switch r {
	case 'đ', 'ð', '₫': // ð for đ comes from old fonts; ₫ is read "đồng"
		return "d", true
	case 'Đ', 'Ð', 'Ɖ':
		return "D", true
	case '°':
		return "o", true // 35oC, as Vietnamese is typed without marks
	case '×':
		return "x", true
	case '⁄':
		return "/", true
	case '•', '·', '‧', '∙', '●', '▪', '■', '◦', '○':
		return "-", true
	case '→':
		return "->", true
	}
	if combining(r) {
		return "", true
	}
	if s, found := typewriter(r); found {
		return s, true
	}
	// Whatever still has a decomposition is left to it: è is in GSM-7, yet
	// folding takes its mark like any other.
	if septets(r) > 0 && norm.NFD.PropertiesString(string(r)).Decomposition() == nil {
		return string(r), true
	}
	return "", false
}

// combining reports whether r belongs to the character before it.
func combining(r rune) bool {
	return r >= 0x300 && unicode.In(r, unicode.Mn, unicode.Me)
}
