package smstext_test

import (
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

// A reminder with marks costs two messages; folded it costs one.
func ExampleCount() {
	marked := "Nhắc lịch: 19h00 thứ Sáu 05/05, anh/chị dự sinh hoạt tại ấp Suối Cát 1, xã Suối Cát."
	folded, _ := smstext.Fold(marked)
	fmt.Println(smstext.Count(marked))
	fmt.Println(smstext.Count(folded))
	// Output:
	// {ucs2 84 2}
	// {gsm7 84 1}
}

func ExamplePrepare() {
	sms, err := smstext.Prepare("Ý kiến XL-17-0142: Phòng KT&HT đã xử lý 80% – mời bác xem tại văn phòng ấp…", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sms.Text)
	fmt.Println(sms.Segments.Parts, "part")
	// Output:
	// Y kien XL-17-0142: Phong KT-HT da xu ly 80 phan tram - moi bac xem tai van phong ap...
	// 1 part
}

// A text that is too long is refused with the number of characters to cut.
func ExamplePrepare_tooLong() {
	_, err := smstext.Prepare(strings.Repeat("họp ấp ", 30), &smstext.Options{Policy: smstext.Unicode, MaxParts: 3})
	fmt.Println(err)
	// Output:
	// smstext.too_long: the text needs 4 SMS parts (ucs2, 210 units), 1 more than the 3 allowed: shorten it by 9 characters
}

// Characters without a spelling are reported, so that a template with an
// emoji is caught when it is written and not when it is sent.
func ExampleFold() {
	text, lost := smstext.Fold("Chúc mừng bà con ấp Bình Minh 🎉")
	fmt.Println(text)
	fmt.Println(string(lost))
	// Output:
	// Chuc mung ba con ap Binh Minh ?
	// 🎉
}

func ExampleTruncate() {
	short := smstext.Truncate(strings.Repeat("0123456789", 20), 1)
	fmt.Println(len(short), smstext.Count(short).Parts)
	// Output: 160 1
}

func ExampleValidSender() {
	fmt.Println(smstext.ValidSender("UBNDXUANLOC"))
	fmt.Println(smstext.ValidSender("UBND Xuân Lộc"))
	// Output:
	// <nil>
	// smstext.sender: "UBND Xuân Lộc" cannot be a sender name: use 1 to 11 letters and digits without marks or spaces
}
