package notify_test

import (
	"strings"
	"testing"

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
