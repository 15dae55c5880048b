package notify_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/notify"
)

// One template is text for every channel, in Vietnamese and English.
func ExampleTemplates_Render() {
	texts, err := notify.DefaultTemplates()
	if err != nil {
		fmt.Println(err)
		return
	}
	values := map[string]string{
		"honorific": "đồng chí", "given": "Lan", "recipient": "đồng chí Lan", "sender": "UBND huyện", "hotline": "",
		"label": "ấp Bình Minh 08/3", "place": "ấp Bình Minh", "due": "10/3/2017", "days": "", "level": "",
	}
	for _, lang := range []string{"vi", "en"} {
		_, text, err := texts.Render("duty.report", lang, notify.SMS, values)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(text)
	}
	// Output:
	// HVCS: nhắc đồng chí Lan gửi báo cáo buổi tại ấp Bình Minh, hạn 10/3/2017.
	// HVCS: a reminder to report on the visit to ấp Bình Minh, due on 10/3/2017.
}
