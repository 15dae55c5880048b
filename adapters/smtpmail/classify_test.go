package smtpmail

import (
	"strings"
	"testing"
)

func TestTheQueueIDIsFoundInTheReply(t *testing.T) {
	const to = "truong.ap@suoicat.example"
	for reply, want := range map[string]string{
		"2.0.0 Ok: queued as 4bXy2k0Fz1":                                "4bXy2k0Fz1",
		"OK id=1u8F3x-0003Kd-2Q":                                        "1u8F3x-0003Kd-2Q",
		"2.0.0 58C7ZPl3 Message accepted for delivery":                  "58C7ZPl3 Message accepted for delivery",
		"2.6.0 <n.1@xuanloc.example> [InternalId=42] Queued":            "<n.1@xuanloc.example> [InternalId=42] Queued",
		"2.0.0 OK: queued":                                              "",
		"":                                                              "",
		"2.0.0 <Truong.Ap@suoicat.example> relayed 7":                   "",
		"OK\x00\x1b[31m 77 \xff đã nhận":                                "OK [31m 77 nh n",
		"2.0.0 Ok: queued as " + strings.Repeat("7", 500):               strings.Repeat("7", 128),
		"2.0.0 two lines\nqueued as 99":                                 "99",
		"2.1.5 Thong tin cua 0198c0de-0000-7000-8000-000000000001 xong": "Thong tin cua 0198c0de-0000-7000-8000-000000000001 xong",
	} {
		if got := queueID(reply, to); got != want {
			t.Errorf("queueID(%q) = %q, want %q", reply, got, want)
		}
	}
}

func TestMailboxes(t *testing.T) {
	for addr, want := range map[string][2]bool{ // ASCII only, wide
		"a@b":                                  {true, true},
		"truong.ap+1@suoicat.xuanloc.example":  {true, true},
		"o'neil_x!#$%&*/=?^`{|}~@b.example":    {true, true},
		"trưởng@b.example":                     {false, true},
		"a@ấp.example":                         {false, true},
		"":                                     {},
		"a":                                    {},
		"@b":                                   {},
		"a@":                                   {},
		".a@b":                                 {},
		"a.@b":                                 {},
		"a..c@b":                               {},
		"a@-b":                                 {},
		"a@b-":                                 {},
		"a b@c":                                {},
		"a@b c":                                {},
		"a\u00a0b@c":                           {},
		"a@b\r\n":                              {},
		"a@[127.0.0.1]":                        {},
		strings.Repeat("a", 65) + "@b":         {},
		"a@" + strings.Repeat("b", 64):         {},
		"a@" + strings.Repeat("b.", 127) + "b": {},
		"\xff@b":                               {},
	} {
		if got := [2]bool{validMailbox(addr, false), validMailbox(addr, true)}; got != want {
			t.Errorf("validMailbox(%q) = %v, want %v", addr, got, want)
		}
	}
}
