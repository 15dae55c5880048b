package vietnam

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NormalizeName returns a name or place name in the form to store: composed
// Unicode (NFC), single spaces, no invisible characters, the Vietnamese Đ in
// place of its look-alikes (Ð of Icelandic, Ɖ of Ewe), a plain apostrophe.
// Case and the placement of tone marks stay as given. Nothing is refused: a
// name may have one word or an apostrophe, as names of ethnic minorities do.
func NormalizeName(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Z, r):
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		default:
			b.WriteRune(plainRune(r))
		}
	}
	// What was taken out may have stood between a letter and its mark.
	return norm.NFC.String(strings.Join(strings.Fields(b.String()), " "))
}

// plainRune replaces look-alikes that keyboards and old fonts leave behind.
func plainRune(r rune) rune {
	switch r {
	case 'Ð', 'Ɖ':
		return 'Đ'
	case 'ð', 'ɖ':
		return 'đ'
	case '’', '‘', 'ʼ', '`', '´':
		return '\''
	}
	return r
}

// GivenName returns the given name (tên), the last word of a full name, by
// which a person is addressed and sorted: "Ánh" for "Nguyễn Thị Ánh". It is a
// guess from the Vietnamese pattern; names of ethnic minorities may follow
// another one, so keep an override beside the full name.
func GivenName(full string) string {
	full = NormalizeName(full)
	return full[strings.LastIndexByte(full, ' ')+1:]
}

// Fold returns the key by which people search without marks and case: "Nguyễn
// Thị Ánh" and "nguyen thi anh" fold to the same. Đ becomes d. Search by the
// folded key and rank exact matches first, because Anh, Ánh and Ảnh are
// different names.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(NormalizeName(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ', r == 'Đ':
			b.WriteByte('d')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ") // a mark may have stood alone
}

// CompareNames orders full names as Vietnamese lists do (A13): by given name,
// then family name, then middle names; letters in the order a ă â b c d đ e ê
// … o ô ơ … u ư …, and between words of the same letters the tones level,
// grave, hook, tilde, acute, dot. It returns -1, 0 or +1 and fits
// [slices.SortFunc].
//
// It returns 0 for two spellings of one name: upper and lower case, composed
// and decomposed, the old and the new place of a tone mark (Hòa, Hoà).
//
// To sort many names compare their [SortKey] instead.
func CompareNames(a, b string) int { return strings.Compare(SortKey(a), SortKey(b)) }

// SortKey returns a key of ASCII characters such that names compare by
// [CompareNames] as their keys do byte by byte (in SQL: COLLATE "C" or BINARY).
func SortKey(full string) string {
	words := strings.Fields(NormalizeName(full))
	if len(words) == 0 {
		return ""
	}
	last := len(words) - 1
	key := sortKey(words[last:])
	if last > 0 {
		key += sortKey(words[:1]) + sortKey(words[1:last])
	}
	return key
}

// CompareNatural orders place names and codes as people expect: letters and
// tones as in [CompareNames] but read from the left, and numbers by their
// value, so that "Suối Cát 2" comes before "Suối Cát 10" and "ấp 2" before
// "ấp 2A" before "ấp 10". It returns 0 for two spellings of one name.
func CompareNatural(a, b string) int { return strings.Compare(NaturalKey(a), NaturalKey(b)) }

// NaturalKey returns a key of ASCII characters such that texts compare by
// [CompareNatural] as their keys do byte by byte.
func NaturalKey(s string) string { return sortKey(strings.Fields(NormalizeName(s))) }
