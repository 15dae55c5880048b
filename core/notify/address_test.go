package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/huongvecoso/outreach/core/notify"
)

func TestAnAddressIsKeptAsAKeyedHash(t *testing.T) {
	hash := func(secret, address string, channel notify.Channel) string {
		return notify.HashAddress([]byte(secret), channel, address)
	}
	one := hash("k", "Lan@xuanloc.example", notify.Email)
	if one != hash("k", " lan@XuanLoc.example ", notify.Email) {
		t.Error("case and spaces make another address of it")
	}
	for why, other := range map[string]string{
		"another key":     hash("l", "lan@xuanloc.example", notify.Email),
		"another channel": hash("k", "lan@xuanloc.example", notify.SMS),
		"another address": hash("k", "lan@xuanloc.exampl", notify.Email),
	} {
		if other == one {
			t.Errorf("%s gives the same hash", why)
		}
	}
	if strings.Contains(one, "lan") || len(one) != 64 {
		t.Errorf("got %q", one)
	}
}

// What was hashed by a version before is found: the letters of every language are made
// small as strings.ToLower does it.
func TestEveryLetterOfAnAddressCountsAsItsSmallOne(t *testing.T) {
	secret := []byte("k")
	h := notify.NewHasher(secret)
	want := func(address string) string {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(string(notify.Email) + "\x00" + strings.ToLower(strings.TrimSpace(address))))
		return hex.EncodeToString(mac.Sum(nil))
	}
	block := make([]rune, 0, 256)
	for r := rune(0); r <= unicode.MaxRune+256; r++ {
		if block = append(block, r); len(block) < cap(block) {
			continue
		}
		if text := string(block); h.Hash(notify.Email, text) != want(text) {
			t.Errorf("one of the letters from %U to %U is kept as another one", block[0], r)
		}
		block = block[:0]
	}
	for _, text := range []string{"", "\xff", "Đ\xe1\xbaỆ", " ÔNG Nguyễn Thị Ẩn\n Kính gửi "} {
		if h.Hash(notify.Email, text) != want(text) {
			t.Errorf("%q is kept as another one", text)
		}
	}
}

func TestOfSeveralReasonsAgainstAnAddressTheOneCountsThatLastsLongest(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2017, 3, n, 3, 0, 0, 0, time.UTC) }
	bar := func(reason string, since, until int) notify.Suppression {
		s := notify.Suppression{Address: "a", Reason: reason, Since: day(since)}
		if until > 0 {
			s.Until = day(until)
		}
		return s
	}
	lift := func(on int) notify.Suppression {
		return notify.Suppression{Address: "a", Since: day(on), Until: day(on)}
	}
	for name, c := range map[string]struct {
		kept []notify.Suppression
		now  int
		want string
	}{
		"nothing":                          {nil, 5, ""},
		"for a time":                       {[]notify.Suppression{bar("bounced", 1, 9)}, 8, "bounced"},
		"until that is over":               {[]notify.Suppression{bar("bounced", 1, 9)}, 9, ""},
		"for ever":                         {[]notify.Suppression{bar("complaint", 1, 0)}, 900, "complaint"},
		"a bounce after a complaint":       {[]notify.Suppression{bar("complaint", 1, 0), bar("bounced", 2, 9)}, 20, "complaint"},
		"a complaint after a bounce":       {[]notify.Suppression{bar("complaint", 2, 0), bar("bounced", 1, 9)}, 20, "complaint"},
		"a short one within a long one":    {[]notify.Suppression{bar("no_subscriber", 1, 20), bar("bounced", 2, 9)}, 12, "no_subscriber"},
		"a long one after a short one":     {[]notify.Suppression{bar("bounced", 1, 9), bar("no_subscriber", 2, 20)}, 12, "no_subscriber"},
		"allowed again":                    {[]notify.Suppression{bar("complaint", 1, 0), lift(3)}, 4, ""},
		"allowed again, whatever order":    {[]notify.Suppression{lift(3), bar("complaint", 1, 0)}, 4, ""},
		"barred anew after it was allowed": {[]notify.Suppression{bar("complaint", 1, 0), lift(3), bar("bounced", 4, 9)}, 5, "bounced"},
		"and what was before is forgotten": {[]notify.Suppression{bar("complaint", 1, 0), lift(3), bar("bounced", 4, 9)}, 10, ""},
		"another address":                  {[]notify.Suppression{{Address: "b", Reason: "complaint", Since: day(1)}}, 5, ""},
	} {
		if got := notify.Barring(c.kept, day(c.now))["a"].Reason; got != c.want {
			t.Errorf("%s: barred because of %q, want %q", name, got, c.want)
		}
	}
}
