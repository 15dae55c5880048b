package core

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
)

// fill sets the defaults. This file is the one place in the core that knows the
// machine's clock and its source of randomness, and only as defaults that every
// host can replace.
func (o *Options) fill() error {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = newID(o.Clock)
	}
	if o.Calendar == nil {
		o.Calendar = calendar.WeekdaysOnly("weekdays")
	}
	if o.Series == "" {
		o.Series = "HVCS"
	}
	if o.Sender == "" {
		o.Sender = "UBND huyện"
	}
	if len(o.Secret) == 0 {
		o.Secret = []byte("outreach: replace in production")
	}
	if o.Templates == nil {
		templates, err := notify.DefaultTemplates()
		if err != nil {
			return err
		}
		o.Templates = templates
	}
	if o.Segments == nil {
		o.Segments = plainSegments
	}
	return nil
}

// newID makes UUIDs of version 7 (RFC 9562), whose order is that of their making.
func newID(clock func() time.Time) func() string {
	return func() string {
		var b [16]byte
		rand.Read(b[:]) // never fails: see crypto/rand
		var ms [8]byte
		binary.BigEndian.PutUint64(ms[:], uint64(clock().UnixMilli()))
		copy(b[:6], ms[2:])
		b[6] = b[6]&0x0f | 0x70
		b[8] = b[8]&0x3f | 0x80
		s := hex.EncodeToString(b[:])
		return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
	}
}
