package httpsms

import "strings"

// mobile reports whether number is a Vietnamese mobile number in E.164: +84,
// then nine digits of which the first is 3, 5, 7, 8 or 9.
func mobile(number string) bool {
	national, ok := strings.CutPrefix(number, "+84")
	return ok && len(national) == 9 && strings.Contains("35789", national[:1]) && digits(national)
}

// abroad reports whether number is a number of another country in E.164.
func abroad(number string) bool {
	n, ok := strings.CutPrefix(number, "+")
	return ok && len(n) >= 7 && len(n) <= 15 && n[0] != '0' && !strings.HasPrefix(n, "84") && digits(n)
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// write gives a number in E.164 the form f. National is for Vietnamese
// numbers; a foreign one keeps its country code.
func (f PhoneForm) write(number string) string {
	switch f {
	case With84:
		return strings.TrimPrefix(number, "+")
	case National:
		if national, ok := strings.CutPrefix(number, "+84"); ok {
			return "0" + national
		}
	}
	return number
}

// international undoes write for Vietnamese numbers.
func international(number string) string {
	if !strings.HasPrefix(number, "84") || len(number) != 11 {
		if national, ok := strings.CutPrefix(number, "0"); ok {
			return "+84" + national
		}
		return number
	}
	return "+" + number
}
