package vietnam_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core/fault"
)

func TestNumbersAreReadAsTheyStandInRosters(t *testing.T) {
	for _, tt := range []struct{ raw, e164, display string }{
		{"0912345678", "+84912345678", "0912 345 678"},
		{"0912 345 678", "+84912345678", "0912 345 678"},
		{"0912.345.678", "+84912345678", "0912 345 678"},
		{"0912-345-678", "+84912345678", "0912 345 678"},
		{"0912–345–678", "+84912345678", "0912 345 678"}, // en dash
		{"84912345678", "+84912345678", "0912 345 678"},
		{"+84 912 345 678", "+84912345678", "0912 345 678"},
		{"+84 (0)912.345.678", "+84912345678", "0912 345 678"},
		{"0084912345678", "+84912345678", "0912 345 678"},
		{"840912345678", "+84912345678", "0912 345 678"},
		{"'0912345678", "+84912345678", "0912 345 678"},                        // marked as text in a spreadsheet
		{"０９１２３４５６７８", "+84912345678", "0912 345 678"},                         // full width
		{"＋８４９１２３４５６７８", "+84912345678", "0912 345 678"},                       // full width, with plus
		{"\ufeff0912\u200b345\u200d678\u00a0", "+84912345678", "0912 345 678"}, // invisible
		{"0\u03019\u032312 345\t678\n", "+84912345678", "0912 345 678"},        // stray marks
		{"\u202a0912345678\u202c", "+84912345678", "0912 345 678"},             // copied from a contact list
		{"0842345678", "+84842345678", "0842 345 678"},                         // prefix 084
		{"0365550123", "+84365550123", "0365 550 123"},                         // a new Viettel prefix
		{"02513.871113", "+842513871113", "0251 3871113"},                      // landline of Đồng Nai
		{"(0251) 3871113", "+842513871113", "0251 3871113"},
		{"+84 251 3871113", "+842513871113", "0251 3871113"},
		{"842513871113", "+842513871113", "0251 3871113"},
		{"024 3825 0000", "+842438250000", "024 38250000"},
		{"028.38250000", "+842838250000", "028 38250000"},
	} {
		got, err := vietnam.ParsePhone(tt.raw)
		if err != nil {
			t.Errorf("ParsePhone(%q): %v", tt.raw, err)
			continue
		}
		if got.E164 != tt.e164 || got.Display != tt.display || got.Changed || got.Note != "" {
			t.Errorf("ParsePhone(%q) = %+v, want %s, %s", tt.raw, got, tt.e164, tt.display)
		}
	}
}

func TestALandlineTakesNoSMS(t *testing.T) {
	landline, err := vietnam.ParsePhone("02513.871113")
	if err != nil {
		t.Fatal(err)
	}
	if landline.Kind != vietnam.Landline || landline.SMS() {
		t.Errorf("%+v takes SMS: %v", landline, landline.SMS())
	}
	mobile, err := vietnam.ParsePhone("0912345678")
	if err != nil {
		t.Fatal(err)
	}
	if mobile.Kind != vietnam.Mobile || !mobile.SMS() {
		t.Errorf("%+v takes SMS: %v", mobile, mobile.SMS())
	}
}

func TestAllElevenDigitPrefixesAreConverted(t *testing.T) {
	mappings := strings.Fields(`
		0162→032 0163→033 0164→034 0165→035 0166→036 0167→037 0168→038 0169→039
		0120→070 0121→079 0122→077 0126→076 0128→078
		0123→083 0124→084 0125→085 0127→081 0129→082
		0186→056 0188→058 0199→059`)
	if len(mappings) != 21 {
		t.Fatalf("%d mappings", len(mappings))
	}
	for _, m := range mappings {
		old, now, _ := strings.Cut(m, "→")
		got, err := vietnam.ParsePhone(old + "1234567")
		want := vietnam.Phone{
			E164: "+84" + now[1:] + "1234567", Kind: vietnam.Mobile,
			Display: now + "1 234 567", Changed: true,
			Note:   "Đầu số " + old + " đã đổi thành " + now + " từ ngày 15/9/2018.",
			NoteEn: "The prefix " + old + " became " + now + " on 15/9/2018.",
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", old, err, diff)
		}
	}
	for raw, want := range map[string]string{
		"0168.123.4567":     "+84381234567",
		"01201234567":       "+84701234567",
		"0199 555 5555":     "+84595555555",
		"+84 168 123 4567":  "+84381234567",
		"841681234567":      "+84381234567",
		"0084 1681234567":   "+84381234567",
		"+84 (0)1681234567": "+84381234567",
	} {
		if got, err := vietnam.ParsePhone(raw); err != nil || got.E164 != want || !got.Changed {
			t.Errorf("ParsePhone(%q) = %+v, %v; want %s", raw, got, err, want)
		}
	}
}

func TestALostLeadingZeroIsSuggestedNotAccepted(t *testing.T) {
	for raw, want := range map[string]string{
		"912345678":   "0912 345 678",
		"912 345 678": "0912 345 678",
		"842345678":   "0842 345 678", // the prefix 084, not the country code
		"1681234567":  "0381 234 567", // lost and renumbered
		"2513871113":  "0251 3871113",
	} {
		got, err := vietnam.ParsePhone(raw)
		if rule(err) != "vietnam.phone.leading_zero" || got.Display != want {
			t.Errorf("ParsePhone(%q) = %+v, %v; want the suggestion %s", raw, got, err, want)
		}
	}
}

func TestWhatIsNoNumberIsRefusedWithItsReason(t *testing.T) {
	for raw, want := range map[string]string{
		"":                      "empty",
		" - ":                   "empty",
		"+":                     "empty",
		"\u200b":                "empty",
		"0123":                  "length",
		"0":                     "length",
		"00":                    "foreign",
		"+84":                   "length",
		"091234567":             "length",
		"09123456789":           "length",
		"0251 387111":           "length",
		"0168123456":            "length", // an old number with a digit missing
		"0912345678 0987654321": "length",
		"01121234567":           "prefix", // never a mobile prefix
		"01611234567":           "prefix",
		"113":                   "length",
		"0412345678":            "area_code",
		"061 3871113":           "area_code", // Đồng Nai before 2017
		"61 3871113":            "area_code",
		"+1 202 555 0100":       "foreign",
		"0066 2 123 4567":       "foreign",
		"0912345678/0987654321": "characters",
		"0912345678, 098765432": "characters",
		"không có":              "characters",
		"0912 345 67O":          "characters", // the letter O
		"09+12345678":           "characters",
		"++84912345678":         "characters",
		"٠٩١٢٣٤٥٦٧٨":            "characters", // digits of another script
	} {
		got, err := vietnam.ParsePhone(raw)
		if rule(err) != "vietnam.phone."+want || got != (vietnam.Phone{}) {
			t.Errorf("ParsePhone(%q) = %+v, %v; want %s", raw, got, err, want)
		}
		var v *fault.Violation
		if errors.As(err, &v) && (v.Field != "phone" || v.En == "" || v.Vi == "") {
			t.Errorf("ParsePhone(%q): %+v", raw, v)
		}
	}
}

func TestNoErrorRepeatsTheNumber(t *testing.T) {
	for _, raw := range []string{"912345678", "091234567", "0613871113", "+12025550100", "0912345678/0987654321"} {
		_, err := vietnam.ParsePhone(raw)
		var v *fault.Violation
		if !errors.As(err, &v) {
			t.Fatalf("%q: %v", raw, err)
		}
		if regexp.MustCompile(`\d{5}`).MatchString(v.Error() + v.Vi) {
			t.Errorf("%q is told in %q %q", raw, v.Error(), v.Vi)
		}
	}
}

var e164 = regexp.MustCompile(`^\+84([35789]\d{8}|2\d{9})$`)

// checkPhone holds for every input whatsoever.
func checkPhone(t interface {
	Helper()
	Fatalf(string, ...any)
}, raw string) {
	t.Helper()
	got, err := vietnam.ParsePhone(raw)
	if err != nil {
		if !errors.Is(err, fault.ErrRule) {
			t.Fatalf("ParsePhone(%q): %v is no violation", raw, err)
		}
		if (got != vietnam.Phone{}) != (rule(err) == "vietnam.phone.leading_zero") {
			t.Fatalf("ParsePhone(%q) = %+v, %v", raw, got, err)
		}
	}
	if (got == vietnam.Phone{}) {
		return
	}
	if !e164.MatchString(got.E164) || got.SMS() == strings.HasPrefix(got.E164, "+842") {
		t.Fatalf("ParsePhone(%q) = %+v", raw, got)
	}
	for _, form := range []string{got.E164, got.Display} {
		again, err := vietnam.ParsePhone(form)
		if err != nil || again.E164 != got.E164 || again.Display != got.Display || again.Changed {
			t.Fatalf("%q gives %q, which gives %+v, %v", raw, form, again, err)
		}
	}
}

func TestEveryFormOfANumberGivesTheSameNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`[35789][0-9]{8}|2[0-9]{9}`).Draw(t, "number")
		prefix := rapid.SampledFrom([]string{"0", "84", "+84", "0084", "+84 (0)"}).Draw(t, "prefix")
		var b strings.Builder
		b.WriteString(prefix)
		for _, digit := range number {
			b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", ".", "-", "\u200b", "\u00a0"}).Draw(t, "between"))
			b.WriteRune(digit)
		}
		got, err := vietnam.ParsePhone(b.String())
		if err != nil || got.E164 != "+84"+number {
			t.Fatalf("ParsePhone(%q) = %+v, %v; want +84%s", b.String(), got, err, number)
		}
		checkPhone(t, b.String())
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"0912345678", "+84 (0)168.123.4567", "912345678", "０９１２３４５６７８", "02513.871113", "0\u0301", "84", "abc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkPhone(t, raw) })
}

func ExampleParsePhone() {
	for _, raw := range []string{"0168.123.4567", "(0251) 3871113", "912345678"} {
		p, err := vietnam.ParsePhone(raw)
		if err != nil {
			var v *fault.Violation
			errors.As(err, &v)
			fmt.Println(v.Message("vi"), "Có phải", p.Display+"?")
			continue
		}
		fmt.Println(p.E164, p.Kind, p.SMS(), p.Changed)
	}
	// Output:
	// +84381234567 mobile true true
	// +842513871113 landline false false
	// Số điện thoại thiếu số 0 ở đầu, thường do bảng tính làm mất; xin ghi đủ số 0. Có phải 0912 345 678?
}
