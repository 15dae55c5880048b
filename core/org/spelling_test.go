package org_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/org"
)

// marks are the 134 letters with marks, small and capital.
func marks() string {
	small := "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
	return small + strings.ToUpper(small)
}

func TestThereAre134LettersWithMarksAndEachFoldsAndComposes(t *testing.T) {
	if n := utf8.RuneCountInString(marks()); n != 134 {
		t.Fatalf("%d letters with marks, want 134", n)
	}
	for _, r := range marks() {
		letter := string(r)
		if got := org.Compose(norm.NFD.String(letter)); got != letter {
			t.Errorf("Compose of %q taken apart is %q", letter, got)
		}
		folded := org.Fold(letter)
		if len(folded) != 1 || !strings.Contains("abcdefghijklmnopqrstuvwxyz", folded) {
			t.Errorf("Fold(%q) = %q, want one plain letter", letter, folded)
		}
	}
}

func TestComposeIsNormalFormCForVietnameseText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune(marks()+"abcdexyz 12'-"))).Draw(t, "text")
		if got, want := org.Compose(norm.NFD.String(text)), norm.NFC.String(text); got != want {
			t.Fatalf("Compose = %q, want %q", got, want)
		}
		if got := org.Compose(text); got != text {
			t.Fatalf("Compose of composed text = %q, want %q", got, text)
		}
	})
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Bình Minh": "binh minh", "  BÌNH\u00a0 minh ": "binh minh", "Xuân Hòa": "xuan hoa", "Xuân Hoà": "xuan hoa",
		"Đặng Thị Ánh": "dang thi anh", norm.NFD.String("Đoàn Thị Hồng Bông"): "doan thi hong bong", "K'Sồi": "k'soi", "": "",
		"q\u0303": "q", // a mark no Vietnamese letter bears
	} {
		if got := org.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBothFashionsOfPlacingTheToneAreOneSpelling(t *testing.T) {
	same := [][2]string{{"Hòa", "Hoà"}, {"Bảo Hòa", "BẢO HOÀ"}, {"khỏe", "khoẻ"}, {"Thúy", "Thuý"}, {"Hòa Bình", "Hoà Bình"}, {"hủy", "huỷ"}}
	for _, pair := range same {
		if a, b := org.Spelling(pair[0]), org.Spelling(pair[1]); a != b {
			t.Errorf("%q and %q are spelled %q and %q", pair[0], pair[1], a, b)
		}
	}
	different := [][2]string{{"Ánh", "Ảnh"}, {"Hòa", "Hóa"}, {"Đào", "Dào"}, {"An", "Ân"}}
	for _, pair := range different {
		if org.Spelling(pair[0]) == org.Spelling(pair[1]) {
			t.Errorf("%q and %q count as one spelling", pair[0], pair[1])
		}
	}
	for _, word := range []string{"hoàn", "quý", "toàn", "thoại", "quỳnh", "hòa"} { // nothing to move
		if got := org.Spelling(word); got != word {
			t.Errorf("Spelling(%q) = %q", word, got)
		}
	}
}

func TestNumberedHamletsSortByTheirNumber(t *testing.T) {
	got := []string{"Ấp 10", "Suối Cát 2", "Ấp 2A", "Ấp 2", "Suối Cát 1", "Khu 5", "Ấp 3", "Khu 1", "Suối Cát 10"}
	slices.SortFunc(got, org.Compare)
	want := []string{"Ấp 2", "Ấp 2A", "Ấp 3", "Ấp 10", "Khu 1", "Khu 5", "Suối Cát 1", "Suối Cát 2", "Suối Cát 10"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNamesSortByGivenNameInVietnameseOrder(t *testing.T) {
	var people []org.Person
	for _, name := range []string{"Trần Văn Đức", "Lê Hoàng Ân", "Nguyễn Thị Ánh", "Phạm Dũng", "Vũ An", "Bùi An"} {
		people = append(people, org.Person{FullName: name})
	}
	slices.SortFunc(people, org.ComparePersons)
	var got []string
	for _, p := range people {
		got = append(got, p.FullName)
	}
	want := []string{"Bùi An", "Vũ An", "Nguyễn Thị Ánh", "Lê Hoàng Ân", "Phạm Dũng", "Trần Văn Đức"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTheOrderIsThatOfTheCollationTables compares single words with the tables
// of the Unicode consortium, which the core does not import.
func TestTheOrderIsThatOfTheCollationTables(t *testing.T) {
	tables := collate.New(language.Vietnamese, collate.IgnoreCase)
	words := strings.Fields("an án ân ẩn ăn bà bá cà da đa đá e ê ề ga hòa hóa ì í oa ô ơ ở u ư ứ vân vẫn xuân xuấn y ý")
	for _, a := range words {
		for _, b := range words {
			if got, want := org.Compare(a, b), tables.CompareString(a, b); sign(got) != sign(want) {
				t.Errorf("Compare(%q, %q) = %d, the tables say %d", a, b, got, want)
			}
		}
	}
}

func sign(n int) int { return min(1, max(-1, n)) }

func TestCompareIsAnOrder(t *testing.T) {
	name := rapid.StringOfN(rapid.RuneFrom([]rune(marks()+"abdeouy 0123 ")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		if sign(org.Compare(a, b)) != -sign(org.Compare(b, a)) {
			t.Fatalf("Compare(%q, %q) is not the opposite of Compare(%q, %q)", a, b, b, a)
		}
		if (org.Compare(a, b) == 0) != (a == b) {
			t.Fatalf("Compare(%q, %q) = %d", a, b, org.Compare(a, b))
		}
		if org.Compare(a, b) <= 0 && org.Compare(b, c) <= 0 && org.Compare(a, c) > 0 {
			t.Fatalf("%q ≤ %q ≤ %q but not %q ≤ %q", a, b, c, a, c)
		}
	})
}

func FuzzSpelling(f *testing.F) {
	for _, s := range []string{"Xuân Hoà", norm.NFD.String("Phượng Vỹ"), "q\u0303\u0301", "\u0301", "\xff", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, fn := range map[string]func(string) string{"Fold": org.Fold, "Spelling": org.Spelling, "Tidy": org.Tidy, "Compose": org.Compose} {
			once := fn(s)
			if twice := fn(once); utf8.ValidString(s) && twice != once {
				t.Errorf("%s is not stable: %q, then %q", name, once, twice)
			}
		}
		if org.Compare(s, s) != 0 {
			t.Errorf("Compare(%q, itself) is not 0", s)
		}
	})
}
