package smstext

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
)

// Charset (bảng ký tự của tổng đài) is what one gateway makes of characters
// that every handset could show. Gateways differ: some refuse "&", some drop
// the message silently. The zero value allows everything.
type Charset struct {
	// Forbidden holds the characters the gateway refuses, in any order.
	Forbidden string
	// Replace says what to write instead. Longer keys win over shorter ones,
	// so " & " and "&" may differ. What is written must not be forbidden.
	Replace map[string]string
}

// VietnameseGateway returns the characters that published rule books of
// Vietnamese gateways refuse (# & < @ % [ ] { } \), with replacements an
// official would write: "KT&HT" becomes "KT-HT", "đường & cầu" becomes "đường
// và cầu", "15%" becomes "15 phần trăm". "#" and "<" have no reading that is
// always right and are left to be refused. The caller owns the value.
func VietnameseGateway() Charset {
	return Charset{
		Forbidden: `#&<@%[]{}\`,
		Replace: map[string]string{
			" & ": " và ", "&": "-",
			"[": "(", "]": ")", "{": "(", "}": ")",
			`\`:  "/",
			"@":  "(a)",
			" %": " phần trăm", "%": " phần trăm",
		},
	}
}

// Validate returns a violation when a key of Replace is empty or when a
// replacement would write a forbidden character.
func (c Charset) Validate() error {
	for _, key := range slices.Sorted(maps.Keys(c.Replace)) {
		if value := c.Replace[key]; key == "" || strings.ContainsAny(value, c.Forbidden) {
			return fault.Broken("smstext.charset.replace", "charset.replace",
				"the replacement %q for %q is unusable: the key must not be empty and the text must not hold any of %s",
				"không dùng được %q để thay cho %q: khóa không được rỗng và phần thay thế không được chứa ký tự nào trong %s",
				value, key, c.Forbidden)
		}
	}
	return nil
}

// replacer writes the replacements into a text. For a folded text keys and values
// are folded too.
func (c Charset) replacer(folded bool) *strings.Replacer {
	keys := slices.SortedFunc(maps.Keys(c.Replace), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(keys))
	for _, key := range keys {
		value := c.Replace[key]
		if folded {
			key, _ = Fold(key)
			value, _ = Fold(value)
		}
		if key != "" { // an invisible key folds to nothing, which is everywhere
			pairs = append(pairs, key, value)
		}
	}
	return strings.NewReplacer(pairs...)
}

// refused returns the forbidden characters in text, each once.
func (c Charset) refused(text string) []rune {
	if !strings.ContainsAny(text, c.Forbidden) {
		return nil
	}
	var found []rune
	for _, r := range text {
		if strings.ContainsRune(c.Forbidden, r) && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	return found
}
