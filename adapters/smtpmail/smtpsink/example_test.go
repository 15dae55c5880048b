package smtpsink_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
)

// deliver sends a mail without encryption, as is done on the loopback interface.
func deliver(addr, message string) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.SendMail("hvcs@example.invalid", []string{"canbo@example.invalid"}, strings.NewReader(message))
}

func Example() {
	sink, err := smtpsink.Start(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sink.Close()

	if err := deliver(sink.Addr(), "Message-ID: <n.1@example.invalid>\r\n\r\nKính gửi các đồng chí\r\n"); err != nil {
		fmt.Println(err)
		return
	}
	mails, err := sink.Wait(1, time.Second)
	fmt.Println(mails[0].ID, mails[0].MessageID, mails[0].To, err)
	// Output: sink-000001 n.1@example.invalid [canbo@example.invalid] <nil>
}

// A relay that is too busy at first and takes the mail at the second try.
func ExampleScript() {
	sink, err := smtpsink.Start(&smtpsink.Options{Script: func(e smtpsink.Event) smtpsink.Reply {
		if e.Phase == smtpsink.PhaseMail && e.Conn == 1 {
			return smtpsink.Reply{Code: 451, Text: "come back later"}
		}
		return smtpsink.Reply{}
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sink.Close()

	for range 2 {
		err := deliver(sink.Addr(), "Subject: HVCS\r\n\r\n")
		var refusal *smtp.SMTPError
		if errors.As(err, &refusal) {
			fmt.Println(refusal.Code, refusal.Message, refusal.Temporary())
			continue
		}
		fmt.Println(err, len(sink.Ledger()))
	}
	// Output:
	// 451 come back later true
	// <nil> 1
}

// A server that accepts the mail and hangs up before it says so.
func ExampleRogue() {
	rogue, err := smtpsink.StartRogue(smtpsink.DropAfterDot(true))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rogue.Close()

	err = deliver(rogue.Addr(), "Subject: HVCS\r\n\r\n")
	fmt.Println(err != nil, len(rogue.Accepted()))
	// Output: true 1
}
