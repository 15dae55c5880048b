package notify_test

import (
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

// What a batch of claims hashes: an address and a text each.
func BenchmarkHasher(b *testing.B) {
	secret := []byte("a secret of some length, 32 bytes")
	text := "+84000000001\nThôn 1: 19:00 ngày 15/03 tiếp xúc nhân dân tại nhà văn hóa; xin đến trước 15 phút."
	b.Run("each anew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			notify.HashAddress(secret, notify.SMS, text)
		}
	})
	b.Run("one for many", func(b *testing.B) {
		b.ReportAllocs()
		h := notify.NewHasher(secret)
		for b.Loop() {
			h.Hash(notify.SMS, text)
		}
	})
}
