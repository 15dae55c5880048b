package vietnam

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A sort key has two levels, letters and then tones, each closed by endLevel.
// Its characters are ASCII in this order, so that shorter comes first:
//
//	endLevel < endWord < digits and longNumber < letters < otherRune
const (
	endLevel   = '!'
	endWord    = '"'
	longNumber = ':' // opens a number of more than nine digits
	otherRune  = '~' // opens a character outside the alphabet
)

// alphabet is the Vietnamese order of letters, with the four that only occur
// in foreign words where Latin has them. Its letters take 'A', 'B', … in keys.
const alphabet = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"

// letterKey maps each letter of the alphabet to its character in keys.
var letterKey = func() map[rune]byte {
	keys := make(map[rune]byte)
	next := byte('A')
	for _, letter := range alphabet {
		keys[letter] = next
		next++
	}
	return keys
}()

// toneKey orders the tone marks as dictionaries do; no mark is '1'.
var toneKey = map[rune]byte{
	'\u0300': '2', // grave, huyền
	'\u0309': '3', // hook above, hỏi
	'\u0303': '4', // tilde, ngã
	'\u0301': '5', // acute, sắc
	'\u0323': '6', // dot below, nặng
}

// shaped are the letters that a mark makes of another letter.
var shaped = map[[2]rune]rune{
	{'a', breve}: 'ă', {'a', circumflex}: 'â', {'e', circumflex}: 'ê',
	{'o', circumflex}: 'ô', {'o', horn}: 'ơ', {'u', horn}: 'ư',
}

const (
	breve      = '\u0306'
	circumflex = '\u0302'
	horn       = '\u031b'
)

// sortKey returns the key of a run of words: all letters, then one tone a
// word. A Vietnamese syllable has one tone, so on which vowel the mark is put
// (Hòa, Hoà) makes no difference.
func sortKey(words []string) string {
	var letters, tones strings.Builder
	for i, word := range words {
		if i > 0 {
			letters.WriteByte(endWord)
		}
		tones.WriteByte(wordKey(&letters, word))
	}
	letters.WriteByte(endLevel)
	tones.WriteByte(endLevel)
	return letters.String() + tones.String()
}

// wordKey writes the letters of a word and returns its tone.
func wordKey(key *strings.Builder, word string) (tone byte) {
	tone = '1'
	runes := []rune(norm.NFD.String(strings.ToLower(word)))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r >= '0' && r <= '9':
			end := i + 1
			for end < len(runes) && runes[end] >= '0' && runes[end] <= '9' {
				end++
			}
			numberKey(key, string(runes[i:end]))
			i = end - 1
		case unicode.Is(unicode.Mn, r):
			if t, ok := toneKey[r]; ok && tone == '1' {
				tone = t
			}
		case unicode.IsPunct(r):
			// apostrophes and hyphens do not sort
		default:
			key.WriteString(runeKey(withShape(r, runes[i+1:])))
		}
	}
	return tone
}

// withShape joins a letter with the breve, circumflex or horn among the marks
// that follow it; marks that make no letter of the alphabet are left out.
func withShape(r rune, marks []rune) rune {
	for _, mark := range marks {
		if !unicode.Is(unicode.Mn, mark) {
			break
		}
		if letter, ok := shaped[[2]rune{r, mark}]; ok {
			return letter
		}
	}
	return r
}

func runeKey(r rune) string {
	if k, ok := letterKey[r]; ok {
		return string(rune(k))
	}
	return fmt.Sprintf("%c%06X", otherRune, r)
}

// numberKey writes a number so that keys compare by value: first how many
// digits it has, leading zeros left out, then the digits.
func numberKey(key *strings.Builder, digits string) {
	digits = strings.TrimLeft(digits, "0")
	n := len(digits)
	for ; n > 9; n -= 10 {
		key.WriteByte(longNumber)
	}
	key.WriteByte(byte('0' + n))
	key.WriteString(digits)
}
