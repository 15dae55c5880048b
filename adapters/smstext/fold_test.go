package smstext_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain text stays", "Ban viec bao truong to.", "Ban viec bao truong to."},
		{"marks are composed", norm.NFD.String("Đường Hùng Vương"), "Đường Hùng Vương"},
		{"quotes become straight", "“ấp” ‘xã’ «tổ» ′ `", `"ấp" 'xã' "tổ" ' '`},
		{"dashes become hyphens", "19h–20h — thứ Sáu − 5 ‑ 6", "19h-20h - thứ Sáu - 5 - 6"},
		{"an ellipsis becomes three dots", "chờ…", "chờ..."},
		{"every space is a space", "a\u00a0b\u2009c\u3000d\te", "a b c d e"},
		{"every line end is \\n", "a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne"},
		{"invisible characters go", "S\u200bu\u00adố\ufeffi\u200d \u202aCát\u202c\x00\x1b\x7f", "Suối Cát"},
		{"a mark behind an invisible character finds its letter", "a\u200b\u0301", "á"},
		{"variation selectors go", "❤\ufe0f", "❤"},
		{"two spellings of one tone are one", "Ho\u0340a \u212B", "Hòa Å"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := smstext.Normalize(c.text); got != c.want {
				t.Errorf("Normalize(%q) = %q, want %q", c.text, got, c.want)
			}
		})
	}
}

func TestNormalizeIsComposedAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		got := smstext.Normalize(text)
		if !norm.NFC.IsNormalString(got) {
			t.Fatalf("Normalize(%q) = %q is not composed", text, got)
		}
		if again := smstext.Normalize(got); again != got {
			t.Fatalf("Normalize(%q) = %q, and once more %q", text, got, again)
		}
	})
}

func TestFold(t *testing.T) {
	for _, c := range []struct{ name, text, want, lost string }{
		{"plain text stays", "19h00, {[^]}~\\|", "19h00, {[^]}~\\|", ""},
		{"a sentence", meeting, "Nhac lich: 19h00 thu Sau 05/05, anh/chi du sinh hoat tai ap Suoi Cat 1, xa Suoi Cat.", ""},
		{"all marks go, even those GSM-7 has", "cà phê, ĐÉ è é ù ì ò", "ca phe, DE e e u i o", ""},
		{"eth for đ, from old fonts", "Ðồng Nai, ðường", "Dong Nai, duong", ""},
		{"typographic signs", "“ấp”–…\u00a0• 5×6", `"ap"-... - 5x6`, ""},
		{"money and degrees", "50.000₫ 35°C", "50.000d 35oC", ""},
		{"compatibility forms", "120m² ½ ＡＢ ﬁ № ™", "120m2 1/2 AB fi No TM", ""},
		{"what GSM-7 has beyond letters stays", "£¥§¿¡ßØÆΔΩ€", "£¥§¿¡ßØÆΔΩ€", ""},
		{"what has no spelling is reported once, in order", "ж 😀 ж ไ", "? ? ? ?", "ж😀ไ"},
		{"a lost letter is reported as it was written", "й", "?", "й"},
		{"an invalid byte", "a\xff", "a?", "\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, lost := smstext.Fold(c.text)
			if got != c.want || string(lost) != c.lost {
				t.Errorf("Fold(%q) = %q, %q, want %q, %q", c.text, got, string(lost), c.want, c.lost)
			}
		})
	}
}

func TestEveryVietnameseLetterFoldsToItsBase(t *testing.T) {
	bases := map[rune]string{'a': "àáảãạăằắẳẵặâầấẩẫậ", 'd': "đ", 'e': "èéẻẽẹêềếểễệ", 'i': "ìíỉĩị",
		'o': "òóỏõọôồốổỗộơờớởỡợ", 'u': "ùúủũụưừứửữự", 'y': "ỳýỷỹỵ"}
	letters := 0
	for base, forms := range bases {
		for _, lower := range forms {
			letters += 2
			for text, want := range map[string]string{
				string(lower):                  string(base),
				strings.ToUpper(string(lower)): strings.ToUpper(string(base)),
			} {
				for _, spelling := range []string{text, norm.NFD.String(text)} {
					if got, lost := smstext.Fold(spelling); got != want || lost != nil {
						t.Errorf("Fold(%+q) = %q, %q, want %q", spelling, got, lost, want)
					}
				}
			}
		}
	}
	if letters != 134 {
		t.Errorf("%d letters tried, want 134", letters)
	}
}

func TestFoldedTextIsAlwaysGSM7(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkFold(t, anyText().Draw(t, "text")) })
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkFold holds what is promised of every folded text.
func checkFold(t failer, text string) {
	t.Helper()
	got, lost := smstext.Fold(text)
	if n := smstext.Count(got); n.Encoding != smstext.GSM7 {
		t.Fatalf("Fold(%q) = %q is %s", text, got, n.Encoding)
	}
	if again, more := smstext.Fold(got); again != got || more != nil {
		t.Fatalf("Fold(%q) = %q, and once more %q, %q", text, got, again, more)
	}
	if nfd, _ := smstext.Fold(norm.NFD.String(text)); utf8.ValidString(text) && nfd != got {
		t.Fatalf("Fold(%q) = %q, but decomposed %q", text, got, nfd)
	}
	for _, r := range lost {
		if smstext.Count(string(r)).Encoding == smstext.GSM7 {
			t.Fatalf("Fold(%q) lost %q, which GSM-7 has", text, r)
		}
	}
	if marks := strings.Count(got, "?") - strings.Count(smstext.Normalize(text), "?"); (marks > 0) != (len(lost) > 0) {
		t.Fatalf("Fold(%q) = %q wrote %d question marks and reports %q", text, got, marks, lost)
	}
}
