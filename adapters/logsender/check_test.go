package logsender_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/huongvecoso/outreach/adapters/logsender"
	"github.com/huongvecoso/outreach/core/notify"
)

func TestACheckSaysThatMessagesReachNobodyAndLogsNothing(t *testing.T) {
	var said bytes.Buffer
	s, err := logsender.New(slog.New(slog.NewTextHandler(&said, nil)), notify.SMS, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out := s.Check(t.Context()); out.Result != notify.ResultAccepted || out.Code != "logged" || said.Len() > 0 {
		t.Errorf("%+v, and it logged %q", out, said.String())
	}
}
