package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// HashAddress returns what stands for an address where the address itself must
// not be kept (A11): a keyed hash, so that a list of all phone numbers does not
// undo it. Case and spaces around do not matter; the channel does.
func HashAddress(secret []byte, channel Channel, address string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(channel))
	mac.Write([]byte{0})
	mac.Write([]byte(strings.ToLower(strings.TrimSpace(address))))
	return hex.EncodeToString(mac.Sum(nil))
}
