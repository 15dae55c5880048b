package smstext

import "github.com/huongvecoso/outreach/core/fault"

// maxSender is the longest alphanumeric sender an SMS can carry.
const maxSender = 11

// ValidSender returns nil when brandname can be a sender name (tên thương
// hiệu): 1 to 11 letters and digits without marks, as Vietnamese operators
// register them. Otherwise it returns a [*fault.Violation], rule
// "smstext.sender". Case is left alone: some operators tell XuanLoc from
// XUANLOC. Whether the name is registered only the gateway knows.
func ValidSender(brandname string) error {
	valid := len(brandname) >= 1 && len(brandname) <= maxSender
	for i := range len(brandname) {
		c := brandname[i]
		valid = valid && ('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z')
	}
	if !valid {
		return fault.Broken("smstext.sender", "sender",
			"%q cannot be a sender name: use 1 to %d letters and digits without marks or spaces",
			"%q không thể là tên người gửi: dùng 1 đến %d chữ cái và chữ số không dấu, không khoảng trắng", brandname, maxSender)
	}
	return nil
}
