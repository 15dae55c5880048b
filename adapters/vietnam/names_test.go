package vietnam_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/vietnam"
)

// sorted checks that a list is in order and stays so from any other order.
func sorted(t *testing.T, want []string, compare func(a, b string) int) {
	t.Helper()
	for i := range want[1:] {
		if compare(want[i], want[i+1]) >= 0 {
			t.Errorf("%q does not come before %q", want[i], want[i+1])
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		got := slices.Clone(want)
		random.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, compare)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

func TestNamesSortByGivenNameThenFamilyThenMiddle(t *testing.T) {
	sorted(t, []string{
		"Vũ An", "Nguyễn Thị Ánh", "Lê Hoàng Ân", "Phạm Dũng", "Trần Văn Đức",
	}, vietnam.CompareNames)
	sorted(t, []string{
		"An",
		"Đỗ An",
		"Lê An",
		"Lê Thị An",
		"Lê Văn An",
		"Nguyễn An",
		"Nguyễn Hoàng An",
		"Nguyễn Thị An",
		"Nguyễn Thị Kim An",
		"Nguyễn Văn An",
		"Bùi Anh",
	}, vietnam.CompareNames)
}

// The family name is compared whole, tone included, before the middle name.
func TestTheFamilyNameDecidesBeforeTheMiddleName(t *testing.T) {
	sorted(t, []string{"Ha Văn An", "Hà Thị An", "Hà Văn An", "Hạ Bình An"}, vietnam.CompareNames)
}

func TestLettersComeBeforeTones(t *testing.T) {
	sorted(t, []string{
		"an", "ăn", "ân", "bình", "dung", "đào", "em", "êm", "hoa", "hoà", "hoả", "hoá", "hoạ", "hoan",
		"lê", "lễ", "on", "ôn", "ơn", "phương", "quân", "tu", "tư", "vy", "yến",
	}, vietnam.CompareNames)
	sorted(t, []string{"ma", "mà", "mả", "mã", "má", "mạ", "man"}, vietnam.CompareNames)
}

func TestSpellingsOfOneNameAreEqual(t *testing.T) {
	for _, pair := range [][2]string{
		{"Hòa", "Hoà"},
		{"Xuân Hòa", "Xuân Hoà"},
		{"Thúy", "Thuý"},
		{"Họa", "Hoạ"},
		{"Nguyễn Thị Ánh", norm.NFD.String("Nguyễn Thị Ánh")},
		{"Nguyễn Thị Ánh", "NGUYỄN THỊ ÁNH"},
		{"Nguyễn Thị Ánh", "  nguyễn\u00a0thị\u200b  ánh "},
		{"Đức", "Ðức"}, // U+00D0 of Icelandic
		{"H'Hen Niê", "H’Hen Niê"},
	} {
		if vietnam.CompareNames(pair[0], pair[1]) != 0 || vietnam.CompareNatural(pair[0], pair[1]) != 0 {
			t.Errorf("%q and %q differ: %q, %q", pair[0], pair[1], vietnam.SortKey(pair[0]), vietnam.SortKey(pair[1]))
		}
	}
	for _, pair := range [][2]string{{"Ánh", "Anh"}, {"Ánh", "Ảnh"}, {"Hòa", "Hóa"}, {"An Văn Bình", "Văn An Bình"}, {"Bình", "Bính"}} {
		if vietnam.CompareNames(pair[0], pair[1]) == 0 {
			t.Errorf("%q and %q are the same", pair[0], pair[1])
		}
	}
}

func TestPlacesSortByTheirNumbers(t *testing.T) {
	sorted(t, []string{"ấp 1", "ấp 2", "ấp 2A", "ấp 2B", "ấp 3", "ấp 10", "ấp 10A", "ấp 100", "ấp Bình Minh", "ấp Trung Lương"}, vietnam.CompareNatural)
	sorted(t, []string{"Suối Cao", "Suối Cát", "Suối Cát 1", "Suối Cát 2", "Suối Cát 10", "Suối Đá"}, vietnam.CompareNatural)
	sorted(t, []string{"9", "10", "999999999", "1000000000", "99999999999", "12345678901234567890", "123456789012345678901"}, vietnam.CompareNatural)
	if vietnam.CompareNatural("ấp 02", "ấp 2") != 0 || vietnam.CompareNatural("", "") != 0 || vietnam.CompareNatural("", "a") >= 0 {
		t.Error("leading zeros or nothing")
	}
}

func TestSearchFindsWithoutMarksAndCase(t *testing.T) {
	for in, want := range map[string]string{
		"Nguyễn Thị Ánh":                  "nguyen thi anh",
		"NGUYỄN THỊ ÁNH":                  "nguyen thi anh",
		norm.NFD.String("Nguyễn Thị Ánh"): "nguyen thi anh",
		"Xuân Hòa":                        "xuan hoa",
		"Xuân Hoà":                        "xuan hoa",
		"Đặng  Thị\u00a0Ước":              "dang thi uoc",
		"ĐÔNG Ðức Ɖ":                      "dong duc d",
		"H’Hen":                           "h'hen",
		"Suối Cát 1":                      "suoi cat 1",
		"":                                "",
	} {
		if got := vietnam.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTheGivenNameIsTheLastWord(t *testing.T) {
	for in, want := range map[string]string{
		"Nguyễn Thị Ánh": "Ánh", "Ánh": "Ánh", " Lê  Hoàng Ân ": "Ân", "Y Bhăm": "Bhăm", "H'Hen": "H'Hen", "": "", " ": "",
	} {
		if got := vietnam.GivenName(in); got != want {
			t.Errorf("GivenName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestANormalizedNameIsComposedAndTidy(t *testing.T) {
	for in, want := range map[string]string{
		norm.NFD.String("Nguyễn  Thị Ánh"): "Nguyễn Thị Ánh",
		"\ufeffLê\tVăn\u200d An\n":         "Lê Văn An",
		"Ðặng":                             "Đặng",
		"A\x00\u0300n":                     "Àn", // a letter and its mark, kept apart by a control character
		"H’Hen":                            "H'Hen",
		"Hoà":                              "Hoà", // the placement of the mark is the person's own
		"":                                 "",
	} {
		if got := vietnam.NormalizeName(in); got != want {
			t.Errorf("NormalizeName(%q) = %+q, want %+q", in, got, want)
		}
	}
}

// anyName draws names of Vietnamese syllables, some decorated.
func anyName(t *rapid.T, name string) string {
	syllables := []string{"an", "ăn", "ân", "anh", "ánh", "ảnh", "ấp", "bình", "Đức", "dung", "Dũng", "hòa", "hoà", "hoá", "Lê", "lễ",
		"nguyễn", "ông", "ơn", "Phương", "tư", "tú", "Ước", "vũ", "y", "2A", "10", "H'Hen", "Müller", "Ω"}
	words := rapid.SliceOfN(rapid.SampledFrom(syllables), 0, 4).Draw(t, name)
	return strings.Join(words, " ")
}

func TestNormalFormsAreStableAndKeysAreASCII(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string { return anyName(t, "name") })).Draw(t, "s")
		normal := vietnam.NormalizeName(s)
		if again := vietnam.NormalizeName(normal); again != normal {
			t.Fatalf("%q is normalised to %q and then %q", s, normal, again)
		}
		if folded := vietnam.Fold(s); vietnam.Fold(folded) != folded || vietnam.Fold(normal) != folded {
			t.Fatalf("%q folds to %q and then %q", s, folded, vietnam.Fold(folded))
		}
		for _, key := range []string{vietnam.SortKey(s), vietnam.NaturalKey(s)} {
			for _, r := range key {
				if r <= ' ' || r >= unicode.MaxASCII {
					t.Fatalf("the key %q of %q is not printable ASCII", key, s)
				}
			}
		}
	})
}

func TestComparisonIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyName(t, "a"), anyName(t, "b"), anyName(t, "c")
		for name, compare := range map[string]func(a, b string) int{"names": vietnam.CompareNames, "natural": vietnam.CompareNatural} {
			if compare(a, a) != 0 || compare(a, b) != -compare(b, a) {
				t.Fatalf("%s: %q and %q", name, a, b)
			}
			if compare(a, b) <= 0 && compare(b, c) <= 0 && compare(a, c) > 0 {
				t.Fatalf("%s: %q, %q, %q go round", name, a, b, c)
			}
		}
		if vietnam.CompareNames(a, b) == 0 && vietnam.Fold(strings.ReplaceAll(a, "'", "")) != vietnam.Fold(strings.ReplaceAll(b, "'", "")) {
			t.Fatalf("%q and %q are taken for one name", a, b)
		}
	})
}

// The collation of the Unicode consortium orders single syllables the same.
func TestSyllablesSortAsUnicodeCollatesVietnamese(t *testing.T) {
	onsets := []string{"", "b", "d", "đ", "h", "ng", "ngh", "ph", "th", "tr", "v"}
	rhymes := []string{"a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"}
	codas := []string{"", "m", "n", "ng", "nh"}
	tones := []string{"", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"}
	collator := collate.New(language.Vietnamese)
	rapid.Check(t, func(t *rapid.T) {
		syllable := func(name string) string {
			pick := func(from []string) string { return rapid.SampledFrom(from).Draw(t, name) }
			return norm.NFC.String(pick(onsets) + pick(rhymes) + pick(tones) + pick(codas))
		}
		a, b := syllable("a"), syllable("b")
		if got, want := vietnam.CompareNatural(a, b), collator.CompareString(a, b); got != want {
			t.Fatalf("%q against %q is %d, the collation says %d", a, b, got, want)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("Nguyễn Thị Ánh", "Hoà 2A")
	f.Fuzz(func(t *testing.T, a, b string) {
		if vietnam.CompareNames(a, b) != -vietnam.CompareNames(b, a) || vietnam.CompareNatural(a, b) != -vietnam.CompareNatural(b, a) {
			t.Errorf("%q and %q have no order", a, b)
		}
		if n := vietnam.NormalizeName(a); vietnam.NormalizeName(n) != n || strings.Contains(n, "  ") {
			t.Errorf("%q is normalised to %q", a, n)
		}
		_ = vietnam.GivenName(a)
	})
}

func BenchmarkSortKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = vietnam.SortKey("Nguyễn Thị Ánh")
	}
}

func ExampleCompareNames() {
	names := []string{"Trần Văn Đức", "Lê Hoàng Ân", "Nguyễn Thị Ánh", "Phạm Dũng", "Vũ An"}
	slices.SortFunc(names, vietnam.CompareNames)
	for _, name := range names {
		fmt.Println(name)
	}
	// Output:
	// Vũ An
	// Nguyễn Thị Ánh
	// Lê Hoàng Ân
	// Phạm Dũng
	// Trần Văn Đức
}

func ExampleCompareNatural() {
	hamlets := []string{"Suối Cát 10", "Suối Cát 2", "Suối Cát 1"}
	slices.SortFunc(hamlets, vietnam.CompareNatural)
	fmt.Println(strings.Join(hamlets, ", "))
	// Output: Suối Cát 1, Suối Cát 2, Suối Cát 10
}

func ExampleFold() {
	query := vietnam.Fold("Xuan Hoa")
	for _, name := range []string{"Xuân Hòa", "Xuân Hoà", "Xuân Hưng"} {
		fmt.Println(name, strings.Contains(vietnam.Fold(name), query))
	}
	// Output:
	// Xuân Hòa true
	// Xuân Hoà true
	// Xuân Hưng false
}

func ExampleGivenName() {
	fmt.Println("bà", vietnam.GivenName("Nguyễn Thị Ánh"))
	// Output: bà Ánh
}

func ExampleNormalizeName() {
	// Two spaces, a decomposed letter and an Icelandic Ð, as spreadsheets bring them.
	fmt.Println(vietnam.NormalizeName("Ðặng  Thi\u0323 Ước"))
	// Output: Đặng Thị Ước
}
