package opinion_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/opinion"
)

// Words first; what is answered on the spot is done with, and a complaint is
// guided to the body that may settle it.
func ExampleNew() {
	evening := calendar.MustDate(2017, 3, 8)
	hear := func(text string, kind opinion.Kind) (opinion.State, error) {
		return opinion.New(opinion.Capture{
			ID: "o-1", Place: "binh-minh", Text: text, Kind: kind, Heard: "lan", Happened: evening, Confidentiality: opinion.Open,
		}, evening.At(calendar.MustTimeOfDay(20, 0)))
	}
	question, err := hear("Mấy giờ trạm y tế mở cửa?", opinion.Question)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = question.AnswerOnSpot("Từ 7 giờ.")
	fmt.Println(question.Status, err)

	complaint, err := hear("Tôi không đồng ý với quyết định thu hồi đất.", opinion.Complaint)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(complaint.AnswerOnSpot("Sẽ xem lại."))
	err = complaint.Guide(opinion.Guidance{Body: "Ban Tiếp công dân huyện", On: evening}, evening)
	fmt.Println(complaint.Status, err)
	// Output:
	// answered_on_spot <nil>
	// opinion.answer.guide_only: the programme does not settle complaints: guide the speaker to the competent body
	// guided <nil>
}
