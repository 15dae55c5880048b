package vietnam

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/core/fault"
)

// PhoneKind says what a number reaches.
type PhoneKind string

// The kinds of number.
const (
	Mobile   PhoneKind = "mobile"   // di động: takes calls and SMS
	Landline PhoneKind = "landline" // cố định: takes calls only
)

// Phone (số điện thoại) is a Vietnamese number that passed [ParsePhone].
//
// A number is not a person: one phone is often shared by a household. And it
// does not tell the operator, since numbers may be carried from one to another.
type Phone struct {
	E164    string // as stored and compared: "+84912345678"
	Kind    PhoneKind
	Display string // as people write it: "0912 345 678", "0251 3871113"
	// Changed tells that the number was given with a prefix of eleven digits
	// from before 15/9/2018 and converted; Note and NoteEn say which prefix
	// became which, and are empty otherwise. They never hold the number.
	Changed bool
	Note    string
	NoteEn  string
}

// SMS reports whether text messages can be sent to the number.
func (p Phone) SMS() bool { return p.Kind == Mobile }

// renumbered maps the mobile prefixes of eleven-digit numbers, without the
// leading zero, to those that replaced them from 15/9/2018; the last seven
// digits stayed. All 21 of them.
var renumbered = map[string]string{
	// Viettel
	"162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
	// MobiFone
	"120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
	// VinaPhone
	"123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
	// Vietnamobile
	"186": "56", "188": "58",
	// Gmobile
	"199": "59",
}

// ParsePhone reads a telephone number as it stands in rosters and forms:
// "0912 345 678", "0912.345.678", "(0251) 3871113", "+84 (0)912…", "84912…",
// "0084912…", with full-width digits, stray invisible characters or marks.
//
// An eleven-digit mobile number from before the renumbering of 15/9/2018
// ("0168…") is converted and marked as changed. No number of today looks like
// one, so this holds whatever the year of the list. The reverse is not so: a
// landline of Hồ Chí Minh City in the form used before 17/6/2017 ("08…") looks
// like a mobile number of today and is read as one. Other landlines with an
// old area code are refused, because new area codes start with 02.
//
// The number itself is never part of an error, so that errors may be logged.
// The violations, all for the field "phone", are
//
//	vietnam.phone.empty         there is no digit
//	vietnam.phone.characters    letters or signs that no number has, or several numbers
//	vietnam.phone.foreign       a country code other than 84
//	vietnam.phone.leading_zero  the leading zero is lost, as in a spreadsheet
//	vietnam.phone.area_code     a landline with an area code from before 2017
//	vietnam.phone.length        too few or too many digits
//	vietnam.phone.prefix        no mobile or landline number starts like this
//
// Only with "leading_zero" the Phone is filled as well: it is the suggestion
// to show to a person, who must agree before it is used.
func ParsePhone(raw string) (Phone, error) {
	digits, plus, err := phoneDigits(raw)
	if err != nil {
		return Phone{}, err
	}
	if plus || strings.HasPrefix(digits, "00") {
		if !plus {
			digits = digits[2:]
		}
		national, ok := strings.CutPrefix(digits, "84")
		if !ok {
			return Phone{}, phoneFault("foreign",
				"Only numbers of Vietnam, country code 84, can be used.",
				"Chỉ dùng được số điện thoại Việt Nam, mã quốc gia 84.")
		}
		return nationalPhone(strings.TrimPrefix(national, "0"))
	}
	if national, ok := strings.CutPrefix(digits, "0"); ok {
		return nationalPhone(national)
	}
	// "84" may be the country code or, the zero lost, the mobile prefix 084:
	// the length tells.
	if national, ok := strings.CutPrefix(digits, "84"); ok && len(digits) > 9 {
		return nationalPhone(strings.TrimPrefix(national, "0"))
	}
	suggestion, err := nationalPhone(digits)
	if err != nil {
		return Phone{}, err
	}
	return suggestion, phoneFault("leading_zero",
		"The number lacks its leading 0, which spreadsheets drop; write it with the 0.",
		"Số điện thoại thiếu số 0 ở đầu, thường do bảng tính làm mất; xin ghi đủ số 0.")
}

// nationalPhone reads a number without its country code or leading zero.
func nationalPhone(digits string) (Phone, error) {
	if len(digits) == 10 {
		if now, ok := renumbered[digits[:3]]; ok {
			old := digits[:3]
			p := mobilePhone(now + digits[3:])
			p.Changed = true
			p.Note = "Đầu số 0" + old + " đã đổi thành 0" + now + " từ ngày 15/9/2018."
			p.NoteEn = "The prefix 0" + old + " became 0" + now + " on 15/9/2018."
			return p, nil
		}
	}
	if digits == "" {
		return Phone{}, lengthFault()
	}
	switch first := digits[0]; {
	case strings.IndexByte("35789", first) >= 0:
		if len(digits) != 9 {
			return Phone{}, lengthFault()
		}
		return mobilePhone(digits), nil
	case first == '2':
		if len(digits) != 10 {
			return Phone{}, lengthFault()
		}
		return landlinePhone(digits), nil
	case (first == '4' || first == '6') && len(digits) >= 9:
		return Phone{}, phoneFault("area_code",
			"The area codes of landlines changed in 2017 and start with 02, that of Đồng Nai is 0251; write the number with the new one.",
			"Mã vùng điện thoại cố định đã đổi năm 2017 và bắt đầu bằng 02, Đồng Nai là 0251; xin ghi theo mã vùng mới.")
	case first == '1' && len(digits) != 10:
		return Phone{}, lengthFault()
	}
	return Phone{}, phoneFault("prefix",
		"No number in Vietnam starts like this: mobile numbers start with 03, 05, 07, 08 or 09, landlines with 02.",
		"Không có số điện thoại Việt Nam nào bắt đầu như vậy: di động bắt đầu bằng 03, 05, 07, 08, 09; cố định bằng 02.")
}

func mobilePhone(digits string) Phone {
	return Phone{
		E164: "+84" + digits, Kind: Mobile,
		Display: "0" + digits[:3] + " " + digits[3:6] + " " + digits[6:],
	}
}

func landlinePhone(digits string) Phone {
	area := 3
	if digits[1] == '4' || digits[1] == '8' { // Hà Nội, Hồ Chí Minh City
		area = 2
	}
	return Phone{
		E164: "+84" + digits, Kind: Landline,
		Display: "0" + digits[:area] + " " + digits[area:],
	}
}

func lengthFault() error {
	return phoneFault("length",
		"The number has too few or too many digits: a mobile number has 10, a landline with its area code 11.",
		"Số điện thoại thiếu hoặc thừa chữ số: số di động có 10 chữ số, số cố định kèm mã vùng có 11.")
}

func phoneFault(rule, en, vi string, args ...any) error {
	return fault.Broken("vietnam.phone."+rule, "phone", en, vi, args...)
}

// phoneDigits strips a number of everything that only dresses it, and tells
// whether it was given with a plus sign.
func phoneDigits(raw string) (digits string, plus bool, err error) {
	var b strings.Builder
	for _, r := range norm.NFKD.String(raw) { // full-width digits become plain
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0 && !plus:
			plus = true
		case strings.ContainsRune(".()'·", r), unicode.Is(unicode.Pd, r), unicode.IsSpace(r),
			unicode.In(r, unicode.Mn, unicode.Cf, unicode.Z):
			// separators, the text mark of spreadsheets, invisible characters
		default:
			return "", false, phoneFault("characters",
				"A number is written with digits, spaces, dots, hyphens and brackets only, one number to a field.",
				"Số điện thoại chỉ gồm chữ số, dấu cách, dấu chấm, gạch nối và ngoặc; mỗi ô chỉ ghi một số.")
		}
	}
	if b.Len() == 0 {
		return "", false, phoneFault("empty", "There is no telephone number.", "Chưa ghi số điện thoại.")
	}
	return b.String(), plus, nil
}
