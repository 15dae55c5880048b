package smtpmail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// validMailbox reports whether addr is local@domain as RFC 5321 has it, in
// the dot-atom form; quoted local parts and address literals, which no
// official's mailbox uses, are not. With wide set, letters outside ASCII are
// allowed on both sides (RFC 6531).
func validMailbox(addr string, wide bool) bool {
	at := strings.LastIndexByte(addr, '@')
	if at < 1 || at > 64 || len(addr) > 254 {
		return false
	}
	return validLocal(addr[:at], wide) && validDomain(addr[at+1:], wide)
}

func validLocal(local string, wide bool) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !atext(r, wide) }) {
			return false
		}
	}
	return true
}

func atext(r rune, wide bool) bool {
	return alphanumeric(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) || wide && wideLetter(r)
}

func validDomain(domain string, wide bool) bool {
	if domain == "" || len(domain) > 253 {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !alphanumeric(r) && r != '-' && !(wide && wideLetter(r)) {
				return false
			}
		}
	}
	return true
}

func alphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// wideLetter reports whether r is a letter, digit or mark outside ASCII.
func wideLetter(r rune) bool {
	return r >= utf8.RuneSelf && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// ascii reports whether s has no character outside ASCII.
func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// localPart is what stands before the @.
func localPart(addr string) string { return addr[:max(strings.LastIndexByte(addr, '@'), 0)] }

// asciiDomain writes the domain of addr in ASCII (RFC 5891).
func asciiDomain(addr string) (string, error) {
	if ascii(addr) {
		return addr, nil
	}
	local := localPart(addr)
	domain, err := idna.Lookup.ToASCII(addr[len(local)+1:])
	return local + "@" + domain, err
}
