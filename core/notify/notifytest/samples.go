package notifytest

import (
	"context"

	"github.com/huongvecoso/outreach/core/notify"
)

// sample is a text that has to come through.
type sample struct {
	name string
	text string
	nfc  string // the same in composed form
	must bool   // every sender of this channel has to be able to send it
}

// samples are texts as people and templates write them.
var samples = []sample{
	{name: "plain letters", must: true,
		text: "HVCS: 19h00 thu Sau 12/05 sinh hoat tai ap Suoi Cat 1.",
		nfc:  "HVCS: 19h00 thu Sau 12/05 sinh hoat tai ap Suoi Cat 1."},
	{name: "Vietnamese letters", must: true,
		text: "Ý kiến về đường điện ấp Suối Cát 1 còn 2 ngày làm việc, đề nghị xử lý: ẳ ẵ ặ ỗ ợ ữ ỷ.",
		nfc:  "Ý kiến về đường điện ấp Suối Cát 1 còn 2 ngày làm việc, đề nghị xử lý: ẳ ẵ ặ ỗ ợ ữ ỷ."},
	{name: "decomposed letters", must: true,
		text: "Nha\u0306\u0301c li\u0323ch: xa\u0303 Suo\u0302\u0301i Ca\u0301t.",
		nfc:  "Nhắc lịch: xã Suối Cát."},
	{name: "several lines", must: true,
		text: "HVCS\nDong hai\n.\nDong cuoi",
		nfc:  "HVCS\nDong hai\n.\nDong cuoi"},
	{name: "emoji",
		text: "Da xong 👍 cam on",
		nfc:  "Da xong 👍 cam on"},
	{name: "characters of markup",
		text: `Phòng KT&HT <b>"x"</b> 'y' {{to}} %s \ [z]`,
		nfc:  `Phòng KT&HT <b>"x"</b> 'y' {{to}} %s \ [z]`},
}

func (s sample) promise() promise {
	return promise{
		name:  "text arrives as it is or not at all: " + s.name,
		why:   "a garbled message costs money and trust, a cut one may mislead",
		fault: Healthy,
		check: s.check,
	}
}

func (s sample) check(c *check) {
	m := saying(c.message(1), s.text)
	out := c.send(context.Background(), m)
	took := c.fixture.Deliveries()
	switch {
	case out.Result == notify.ResultAccepted:
		if len(took) != 1 || took[0].Text != c.arrives(s.nfc) {
			c.broken("sent %q, the provider has %+v, want the text %q", s.text, took, c.arrives(s.nfc))
		}
	case s.must || out.Result != notify.ResultPermanent:
		c.broken("sent %q: %+v", s.text, out)
	case len(took) != 0:
		c.broken("%q was refused and yet the provider has %+v", s.text, took)
	}
}
