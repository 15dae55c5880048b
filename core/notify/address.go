package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// HashAddress returns what stands for an address where the address itself must
// not be kept (A11): a keyed hash, so that a list of all phone numbers does not
// undo it. Case and spaces around do not matter; the channel does.
func HashAddress(secret []byte, channel Channel, address string) string {
	return NewHasher(secret).Hash(channel, address)
}

// Hasher is HashAddress for many addresses under one secret. One goroutine at a
// time may use it.
type Hasher struct {
	mac  hash.Hash
	said []byte
}

// NewHasher makes a Hasher for the secret.
func NewHasher(secret []byte) *Hasher { return &Hasher{mac: hmac.New(sha256.New, secret)} }

// Hash returns what HashAddress does.
func (h *Hasher) Hash(channel Channel, address string) string {
	h.mac.Reset()
	h.said = append(append(h.said[:0], channel...), 0)
	h.said = appendLower(h.said, strings.TrimSpace(address))
	h.mac.Write(h.said)
	h.said = h.mac.Sum(h.said[:0])
	return hex.EncodeToString(h.said)
}

// appendLower writes a text in small letters, as strings.ToLower does, behind b.
func appendLower(b []byte, text string) []byte {
	for _, r := range text {
		switch {
		case 'A' <= r && r <= 'Z':
			b = append(b, byte(r)+'a'-'A')
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		case 'ß' <= r && r <= 'ÿ':
			b = utf8.AppendRune(b, r)
		case 'Ạ' <= r && r <= 'ỹ': // the letters of Vietnamese alone: a large one is before its small one
			b = utf8.AppendRune(b, r|1)
		default:
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return b
}

// Barring returns, by address, what keeps it from being used at now. Of several
// suppressions the one counts that lasts longest: that a number bounced for a
// while does not undo that its owner asked for no more messages. What was said
// before an address was allowed again does not count any more.
func Barring(kept []Suppression, now time.Time) map[string]Suppression {
	kept = slices.Clone(kept)
	slices.SortStableFunc(kept, func(a, b Suppression) int { return a.Since.Compare(b.Since) })
	barring := make(map[string]Suppression)
	for _, s := range kept {
		was, barred := barring[s.Address]
		switch {
		case s.lifts():
			delete(barring, s.Address)
		case !barred || s.outlasts(was):
			barring[s.Address] = s
		}
	}
	maps.DeleteFunc(barring, func(_ string, s Suppression) bool { return !s.Until.IsZero() && !now.Before(s.Until) })
	return barring
}

// lifts reports whether it says that the address may be used again.
func (s Suppression) lifts() bool { return !s.Until.IsZero() && !s.Until.After(s.Since) }

// outlasts reports whether it ends later than another one, or never.
func (s Suppression) outlasts(other Suppression) bool {
	return !other.Until.IsZero() && (s.Until.IsZero() || s.Until.After(other.Until))
}
