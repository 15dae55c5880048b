package org

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// This file knows how Vietnamese names are spelled: the 134 letters with marks,
// their composed and decomposed forms, the two fashions of placing a tone
// (Hòa, Hoà), and the order of the alphabet.

// vowels are the twelve vowels, each with its six tones: level, grave, acute,
// hook, tilde, dot. With đ, and all of them once more as capitals, the letters
// with marks are 134.
var vowels = [...]rune{
	'a', 'à', 'á', 'ả', 'ã', 'ạ', 'ă', 'ằ', 'ắ', 'ẳ', 'ẵ', 'ặ', 'â', 'ầ', 'ấ', 'ẩ', 'ẫ', 'ậ',
	'e', 'è', 'é', 'ẻ', 'ẽ', 'ẹ', 'ê', 'ề', 'ế', 'ể', 'ễ', 'ệ',
	'i', 'ì', 'í', 'ỉ', 'ĩ', 'ị',
	'o', 'ò', 'ó', 'ỏ', 'õ', 'ọ', 'ô', 'ồ', 'ố', 'ổ', 'ỗ', 'ộ', 'ơ', 'ờ', 'ớ', 'ở', 'ỡ', 'ợ',
	'u', 'ù', 'ú', 'ủ', 'ũ', 'ụ', 'ư', 'ừ', 'ứ', 'ử', 'ữ', 'ự',
	'y', 'ỳ', 'ý', 'ỷ', 'ỹ', 'ỵ',
}

const tones = 6

// tone is an index into the six tones of a vowel.
const level = 0

// split takes a small letter apart: its vowel without tone, and the tone. A
// letter that is not a vowel of the table has the level tone.
func split(r rune) (vowel rune, tone int) {
	if i := slices.Index(vowels[:], r); i >= 0 {
		return vowels[i-i%tones], i % tones
	}
	return r, level
}

// voiced puts a tone on a small vowel without one; ok is false where r takes none.
func voiced(r rune, tone int) (with rune, ok bool) {
	if i := slices.Index(vowels[:], r); i >= 0 && i%tones == level {
		return vowels[i+tone], true
	}
	return r, false
}

// bare returns a small letter without any mark: a for ậ, d for đ.
func bare(r rune) rune {
	vowel, _ := split(r)
	switch vowel {
	case 'ă', 'â':
		return 'a'
	case 'ê':
		return 'e'
	case 'ô', 'ơ':
		return 'o'
	case 'ư':
		return 'u'
	case 'đ':
		return 'd'
	}
	return vowel
}

// marked puts one combining mark on a small letter; ok is false where
// Vietnamese has no such letter.
func marked(r, mark rune) (with rune, ok bool) {
	vowel, tone := split(r)
	switch mark {
	case '\u0300', '\u0301', '\u0309', '\u0303', '\u0323':
		if tone != level {
			return r, false
		}
		return voiced(vowel, strings.IndexRune("\u0300\u0301\u0309\u0303\u0323", mark)/len("\u0300")+1)
	case '\u0302':
		return shaped(vowel, tone, "aâeêoô")
	case '\u0306':
		return shaped(vowel, tone, "aă")
	case '\u031b':
		return shaped(vowel, tone, "oơuư")
	}
	return r, false
}

// shaped exchanges a vowel for its partner in pairs and keeps the tone.
func shaped(vowel rune, tone int, pairs string) (rune, bool) {
	letters := []rune(pairs)
	for i := 0; i < len(letters); i += 2 {
		if letters[i] == vowel {
			return voiced(letters[i+1], tone)
		}
	}
	return vowel, false
}

func combining(r rune) bool { return r >= '\u0300' && r <= '\u036f' }

// Compose writes each letter of a Vietnamese text as one character, however it
// was typed (Unicode normal form C for this alphabet): spreadsheets of some
// machines store "ệ" as an e with two marks. Marks of other languages stay as
// they are.
func Compose(text string) string {
	if !strings.ContainsFunc(text, combining) {
		return text
	}
	out := make([]rune, 0, len(text))
	for _, r := range text {
		if last := len(out) - 1; combining(r) && last >= 0 {
			if with, ok := marked(unicode.ToLower(out[last]), r); ok {
				if unicode.IsUpper(out[last]) {
					with = unicode.ToUpper(with)
				}
				out[last] = with
				continue
			}
		}
		out = append(out, r)
	}
	return string(out)
}

// Tidy is Compose with every run of spaces, of whatever kind, made one space
// and none left at the ends. Names are stored so.
func Tidy(text string) string { return strings.Join(strings.Fields(Compose(text)), " ") }

// Fold returns what a text is searched by: small letters without marks, single
// spaces. "Bình Minh" and "BINH MINH" fold to "binh minh", and so do Hòa and
// Hoà to "hoa" (A13).
func Fold(text string) string {
	return strings.Join(strings.Fields(strings.Map(folded, Compose(text))), " ")
}

// folded is a letter as Fold writes it; a mark that Compose could not place goes.
func folded(r rune) rune {
	if combining(r) {
		return -1
	}
	return bare(unicode.ToLower(r))
}

// Spelling returns what two texts have in common that are the same word in
// either fashion of placing the tone, in capitals or not: Hòa and HOÀ both give
// "hòa". Unlike Fold it keeps the marks: Ánh is not Ảnh.
func Spelling(text string) string {
	letters := []rune(strings.ToLower(Tidy(text)))
	for i := range len(letters) - 1 {
		moveTone(letters, i)
	}
	return string(letters)
}

// moveTone moves the tone of an open oa, oe or uy from its second letter to the
// first, the older fashion. In quý the u belongs to the q.
func moveTone(letters []rune, i int) {
	second, tone := split(letters[i+1])
	pair := string([]rune{letters[i], second})
	switch {
	case tone == level, pair != "oa" && pair != "oe" && pair != "uy",
		pair == "uy" && i > 0 && letters[i-1] == 'q',
		i+2 < len(letters) && unicode.IsLetter(letters[i+2]):
		return
	}
	letters[i], _ = voiced(letters[i], tone)
	letters[i+1] = second
}

// alphabet is the order of the letters; f, j, w and z are foreign guests.
const alphabet = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"

// Compare orders names as a Vietnamese list does: letter by letter with a ă â,
// d đ, e ê, o ô ơ, u ư apart, numbers by their value ("Ấp 2" before "Ấp 10"),
// and the tone only between names that are otherwise the same. It fits
// [slices.SortFunc].
func Compare(a, b string) int {
	x, y := []rune(strings.ToLower(Tidy(a))), []rune(strings.ToLower(Tidy(b)))
	tone := 0
	for i, j := 0, 0; i < len(x) || j < len(y); {
		if i == len(x) || j == len(y) {
			return cmp.Compare(len(x)-i, len(y)-j)
		}
		if digit(x[i]) && digit(y[j]) {
			m, n := number(x[i:]), number(y[j:])
			if c := compareNumbers(x[i:i+m], y[j:j+n]); c != 0 {
				return c
			}
			i, j = i+m, j+n
			continue
		}
		vowel, toneA := split(x[i])
		other, toneB := split(y[j])
		if c := cmp.Compare(rank(vowel), rank(other)); c != 0 {
			return c
		}
		tone = cmp.Or(tone, cmp.Compare(toneA, toneB))
		i, j = i+1, j+1
	}
	return cmp.Or(tone, strings.Compare(a, b))
}

// rank is the place of a letter in the alphabet; everything else comes before.
func rank(letter rune) int {
	if i := strings.IndexRune(alphabet, letter); i >= 0 {
		return unicode.MaxRune + i
	}
	return int(letter)
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

// number is the length of the run of digits at the start.
func number(s []rune) int {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return n
}

// compareNumbers compares two runs of digits of any length by value.
func compareNumbers(a, b []rune) int {
	x, y := strings.TrimLeft(string(a), "0"), strings.TrimLeft(string(b), "0")
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
}
