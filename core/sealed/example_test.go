package sealed_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
)

// What was said is encrypted before it is stored, under the installation's secret;
// who must never see it is not admitted, whoever else they are.
func ExampleCase_Lock() {
	said := sealed.Reception{Body: "Ông K. nhận tiền của tôi.", Place: "binh-minh", Accused: []org.PersonID{"khanh"}, Heard: "lan", Happened: calendar.MustDate(2017, 3, 9)}
	c, err := sealed.New("s-1", said, "M17-4X7Q2P", "hash of the receipt", []org.PersonID{"khanh", "lan"}, time.Date(2017, 3, 9, 3, 0, 0, 0, time.UTC))
	if err == nil {
		err = c.Lock([]byte("a long random secret of this installation"))
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("readable in the table:", strings.Contains(c.Body, "tiền"))
	fmt.Println("the accused:", c.Admits("khanh"))

	_, _, err = c.Unlock([]byte("another secret"))
	fmt.Println(err != nil)
	open, _, err := c.Unlock([]byte("a long random secret of this installation"))
	fmt.Println(open.Body, err)
	// Output:
	// readable in the table: false
	// the accused: false
	// true
	// Ông K. nhận tiền của tôi. <nil>
}
