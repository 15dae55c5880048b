package smstext_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

const (
	meeting = "Nhắc lịch: 19h00 thứ Sáu 05/05, anh/chị dự sinh hoạt tại ấp Suối Cát 1, xã Suối Cát."
	reply   = "Kính gửi bà Nguyễn Thị Hoa: ý kiến số XL-2017-0142 về rãnh thoát nước đã được Phòng KT&HT trả lời. Xem tại văn phòng ấp."
)

func TestCountMeasuresExactlyWhatIsGiven(t *testing.T) {
	gsm := func(units, parts int) smstext.Segments {
		return smstext.Segments{Encoding: smstext.GSM7, Units: units, Parts: parts}
	}
	ucs := func(units, parts int) smstext.Segments {
		return smstext.Segments{Encoding: smstext.UCS2, Units: units, Parts: parts}
	}
	folded := func(s string) string { f, _ := smstext.Fold(s); return f }
	for _, c := range []struct {
		name, text string
		want       smstext.Segments
	}{
		{"nothing costs nothing", "", gsm(0, 0)},
		{"reminder of a meeting", meeting, ucs(84, 2)},
		{"reminder of a meeting, decomposed", norm.NFD.String(meeting), ucs(104, 2)},
		{"reminder of a meeting, folded", folded(meeting), gsm(84, 1)},
		{"answer to a resident", reply, ucs(120, 2)},
		{"answer to a resident, decomposed", norm.NFD.String(reply), ucs(152, 3)},
		{"answer to a resident, folded", folded(reply), gsm(120, 1)},
		{"six marked letters that GSM-7 has", "è é ù ì ò à", gsm(11, 1)},
		{"the same six, decomposed", norm.NFD.String("è é ù ì ò à"), ucs(17, 1)},
		{"the same six, folded", folded("è é ù ì ò à"), gsm(11, 1)},
		{"one letter GSM-7 lacks moves the text", "cà phê", ucs(6, 1)},
		{"coffee, decomposed", norm.NFD.String("cà phê"), ucs(8, 1)},
		{"coffee, folded", folded("cà phê"), gsm(6, 1)},
		{"the largest GSM-7 message sent whole", strings.Repeat("a", 160), gsm(160, 1)},
		{"one more makes two parts", strings.Repeat("a", 161), gsm(161, 2)},
		{"two full parts", strings.Repeat("a", 306), gsm(306, 2)},
		{"one more makes three", strings.Repeat("a", 307), gsm(307, 3)},
		{"three full parts", strings.Repeat("a", 459), gsm(459, 3)},
		{"the euro costs one unit in UCS-2", strings.Repeat("đ", 69) + "€", ucs(70, 1)},
		{"one more makes two UCS-2 parts", strings.Repeat("đ", 70) + "€", ucs(71, 2)},
		{"two full UCS-2 parts", strings.Repeat("đ", 134), ucs(134, 2)},
		{"one more makes three UCS-2 parts", strings.Repeat("đ", 135), ucs(135, 3)},
		{"one stray đ triples a full message", strings.Repeat("a", 159) + "đ", ucs(160, 3)},
		{"extension characters cost two", `^{}\[~]|€`, gsm(18, 1)},
		{"eighty euros fill a message", strings.Repeat("€", 80), gsm(160, 1)},
		{"an extension character moves to the next part whole",
			strings.Repeat("a", 152) + "€" + strings.Repeat("a", 151), gsm(305, 2)},
		{"and what it left unused can cost a part",
			strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), gsm(306, 3)},
		{"an emoji is two units", "😀", ucs(2, 1)},
		{"a surrogate pair moves to the next part whole",
			strings.Repeat("đ", 66) + "😀" + strings.Repeat("đ", 65), ucs(133, 2)},
		{"and what it left unused can cost a UCS-2 part",
			strings.Repeat("đ", 66) + "😀" + strings.Repeat("đ", 66), ucs(134, 3)},
		{"a line end is one unit", "a\nb", gsm(3, 1)},
		{"a tab is not in GSM-7", "a\tb", ucs(3, 1)},
		{"a backtick is not in GSM-7", "`", ucs(1, 1)},
		{"the escape code is no character", "\x1b", ucs(1, 1)},
		{"an invalid byte counts as one replacement character", "a\xff", ucs(2, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := smstext.Count(c.text); got != c.want {
				t.Errorf("Count(%q) = %+v, want %+v", c.text, got, c.want)
			}
		})
	}
}

func TestTheFourStandardMessagesFitOnePart(t *testing.T) {
	for text, units := range map[string]int{
		"HVCS: 19h00 thu Sau 12/05, d/c du sinh hoat tai ap Suoi Cat 1, xa Suoi Cat (nha van hoa ap). Ban viec bao truong to truoc 12h.":                   126,
		"HVCS: y kien XL-17-0142 (thoat nuoc, ap Suoi Cat 1) con 2 ngay lam viec den han tra loi 19/05. De nghi Phong KT-HT xu ly, phan hoi.":              131,
		"HVCS: y kien XL-17-0142 da QUA HAN 3 ngay lam viec. Da bao cao Chu tich UBND huyen. De nghi Phong KT-HT tra loi ngay trong hom nay.":              131,
		"UBND huyen Xuan Loc kinh gui ba Nguyen Thi Hoa: y kien so XL-17-0142 da co tra loi. De biet ket qua, moi den van phong ap hoac goi 0251.3871113.": 144,
	} {
		want := smstext.Segments{Encoding: smstext.GSM7, Units: units, Parts: 1}
		if got := smstext.Count(text); got != want {
			t.Errorf("Count(%q) = %+v, want %+v", text, got, want)
		}
	}
}

// vietnameseLetters returns the 134 letters that are not ASCII.
func vietnameseLetters() []rune {
	letters := []rune("ăâđêôơư")
	for _, vowel := range "aăâeêioôơuưy" {
		for _, tone := range "\u0300\u0301\u0303\u0309\u0323" {
			letters = append(letters, []rune(norm.NFC.String(string([]rune{vowel, tone})))...)
		}
	}
	for _, r := range letters {
		letters = append(letters, unicode.ToUpper(r))
	}
	return letters
}

func TestOfThe134VietnameseLettersGSM7HasSeven(t *testing.T) {
	letters := vietnameseLetters()
	if len(letters) != 134 {
		t.Fatalf("%d letters, want 134", len(letters))
	}
	const inside = "àèéìòùÉ"
	for _, r := range letters {
		want := smstext.UCS2
		if strings.ContainsRune(inside, r) {
			want = smstext.GSM7
		}
		if got := smstext.Count(string(r)); got != (smstext.Segments{Encoding: want, Units: 1, Parts: 1}) {
			t.Errorf("Count(%q) = %+v, want one unit of %s", r, got, want)
		}
	}
}

// gsmCodePoints is the alphabet written a second time, by code point, so that
// a slip of the pen in the table of the package shows.
func gsmCodePoints() (basic, extension []rune) {
	span := func(from, to rune) {
		for r := from; r <= to; r++ {
			basic = append(basic, r)
		}
	}
	basic = []rune{
		0x0A, 0x0D, 0x20, 0x24, 0x40, 0x5F, 0xA1, 0xA3, 0xA4, 0xA5, 0xA7, 0xBF,
		0xC4, 0xC5, 0xC6, 0xC7, 0xC9, 0xD1, 0xD6, 0xD8, 0xDC, 0xDF,
		0xE0, 0xE4, 0xE5, 0xE6, 0xE8, 0xE9, 0xEC, 0xF1, 0xF2, 0xF6, 0xF8, 0xF9, 0xFC,
		0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9,
	}
	span('!', '#')
	span('%', '?')
	span('A', 'Z')
	span('a', 'z')
	return basic, []rune{0x5B, 0x5C, 0x5D, 0x5E, 0x7B, 0x7C, 0x7D, 0x7E, 0x20AC}
}

func TestTheAlphabetIsThatOfTheStandard(t *testing.T) {
	basic, extension := gsmCodePoints()
	if len(basic) != 127 {
		t.Fatalf("%d basic characters, want 127", len(basic))
	}
	cost := map[rune]int{}
	for _, r := range basic {
		cost[r] = 1
	}
	for _, r := range extension {
		cost[r] = 2
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if 0xD800 <= r && r <= 0xDFFF {
			continue // half a pair is no character
		}
		got := smstext.Count(string(r))
		if want := cost[r]; (got.Encoding == smstext.GSM7) != (want > 0) || want > 0 && got.Units != want {
			t.Fatalf("Count(%U) = %+v, want %d septets", r, got, want)
		}
	}
}

// byTheBook packs a text part by part with the code points above.
func byTheBook(text string) smstext.Segments {
	basic, extension := gsmCodePoints()
	s := smstext.Segments{Encoding: smstext.GSM7}
	whole, part := 160, 153
	var costs []int
	for _, r := range text {
		switch {
		case strings.ContainsRune(string(basic), r):
			costs = append(costs, 1)
		case strings.ContainsRune(string(extension), r):
			costs = append(costs, 2)
		default:
			s.Encoding = smstext.UCS2
		}
	}
	if s.Encoding == smstext.UCS2 {
		whole, part, costs = 70, 67, nil
		for _, r := range text {
			costs = append(costs, len(utf16.Encode([]rune{r})))
		}
	}
	used := part
	for _, c := range costs {
		s.Units += c
		if used+c > part {
			used, s.Parts = 0, s.Parts+1
		}
		used += c
	}
	if 0 < s.Units && s.Units <= whole {
		s.Parts = 1
	}
	return s
}

// anyText draws texts rich in what is special: marks, pairs, extension
// characters and typographic signs, short and long.
func anyText() *rapid.Generator[string] {
	special := append(vietnameseLetters(), []rune("^{}\\[~]|€&%@#<`\t\n\r\u00a0\u200b\u0301\u0323“”–…😀²½Ａđжไ₫°")...)
	char := rapid.OneOf(rapid.RuneFrom([]rune("abc XYZ 019.,")), rapid.SampledFrom(special), rapid.Rune())
	plain := rapid.StringOfN(rapid.RuneFrom([]rune("abcdefgh €")), 0, 400, -1)
	return rapid.OneOf(rapid.StringOfN(char, 0, 60, -1), plain, rapid.StringOfN(char, 60, 300, -1))
}

func TestCountAgreesWithTheStandardOnAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		if got, want := smstext.Count(text), byTheBook(text); got != want {
			t.Fatalf("Count(%q) = %+v, want %+v", text, got, want)
		}
	})
}

func TestUnitsAddUpWithinOneEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyText().Draw(t, "a"), anyText().Draw(t, "b")
		ca, cb, both := smstext.Count(a), smstext.Count(b), smstext.Count(a+b)
		if ca.Encoding == cb.Encoding && both.Units != ca.Units+cb.Units {
			t.Fatalf("%d + %d units make %d", ca.Units, cb.Units, both.Units)
		}
		if both.Parts < max(ca.Parts, cb.Parts) {
			t.Fatalf("a longer text needs fewer parts: %+v, %+v, %+v", ca, cb, both)
		}
	})
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		name, text string
		parts      int
		want       string
	}{
		{"a text that fits stays", "abc", 1, "abc"},
		{"no part holds nothing", "abc", 0, ""},
		{"a negative number of parts holds nothing", "abc", -1, ""},
		{"a whole message holds more than a part", strings.Repeat("a", 161), 1, strings.Repeat("a", 160)},
		{"two parts", strings.Repeat("a", 400), 2, strings.Repeat("a", 306)},
		{"an extension character is not halved", strings.Repeat("a", 159) + "€", 1, strings.Repeat("a", 159)},
		{"a surrogate pair is not halved", strings.Repeat("đ", 69) + "😀", 1, strings.Repeat("đ", 69)},
		{"text before the first wide character keeps its GSM-7 room",
			strings.Repeat("a", 120) + "đ", 1, strings.Repeat("a", 120)},
		{"a letter keeps its marks", strings.Repeat("đ", 69) + "e\u0302\u0301", 1, strings.Repeat("đ", 69)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := smstext.Truncate(c.text, c.parts); got != c.want {
				t.Errorf("Truncate(%q, %d) = %q, want %q", c.text, c.parts, got, c.want)
			}
		})
	}
}

func TestTruncateKeepsTheLongestPrefixThatFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, parts := anyText().Draw(t, "text"), rapid.IntRange(0, 4).Draw(t, "parts")
		got := smstext.Truncate(text, parts)
		rest, isPrefix := strings.CutPrefix(text, got)
		if !isPrefix {
			t.Fatalf("%q does not begin with %q", text, got)
		}
		if n := smstext.Count(got).Parts; n > parts {
			t.Fatalf("%d parts, want at most %d", n, parts)
		}
		if rest == "" {
			return
		}
		next := 1 // the next character with its marks
		letters := []rune(rest)
		for next < len(letters) && unicode.In(letters[next], unicode.Mn, unicode.Me) {
			next++
		}
		if n := smstext.Count(got + string(letters[:next])).Parts; n <= parts {
			t.Fatalf("%q would have fitted after %q", string(letters[:next]), got)
		}
	})
}
