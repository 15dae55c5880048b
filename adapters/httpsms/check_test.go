package httpsms_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// account is the preset of eSMS with its balance at the address.
func account(t *testing.T, url string) httpsms.Config {
	t.Helper()
	c, err := httpsms.ParseConfig([]byte(`{"preset": "esms", "sender": "XUANLOC", "secrets": {"api_key": "k3y", "secret_key": "hunter2"}, "balance": {"url": "` + url + `"}}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheBalanceIsReadAndWithItTheCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		says   string
		result notify.Result
		amount int64
	}{
		"in order":      {200, `{"Balance": 36693, "CodeResponse": "100", "UserID": 9999}`, notify.ResultAccepted, 36693},
		"in words":      {200, `{"Balance": "36693.75", "CodeResponse": "100"}`, notify.ResultAccepted, 36693},
		"wrong key":     {200, `{"Balance": 0, "CodeResponse": "101", "ErrorMessage": "Authorize Failed"}`, notify.ResultMisconfigured, 0},
		"a new code":    {200, `{"Balance": 0, "CodeResponse": "777"}`, notify.ResultUnknown, 0},
		"no amount":     {200, `{"CodeResponse": "100"}`, notify.ResultUnknown, 0},
		"no number":     {200, `{"Balance": "NaN", "CodeResponse": "100"}`, notify.ResultUnknown, 0},
		"no JSON":       {200, `<html>`, notify.ResultUnknown, 0},
		"not allowed":   {403, ``, notify.ResultMisconfigured, 0},
		"out of order":  {500, ``, notify.ResultTransient, 0},
		"far too much":  {200, `{"Balance": 1e300, "CodeResponse": "100"}`, notify.ResultUnknown, 0},
		"below nothing": {200, `{"Balance": -5, "CodeResponse": "100"}`, notify.ResultAccepted, -5},
	} {
		g := startGateway(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.says))
		})
		s := newSender(t, account(t, g.URL), nil)
		balance, out := s.Balance(t.Context())
		if out.Result != c.result || balance.Amount != c.amount || c.result == notify.ResultAccepted && balance.Unit != "VND" {
			t.Errorf("%s: %+v, %+v", name, balance, out)
		}
		if strings.Contains(out.Detail+out.Code, "hunter2") {
			t.Errorf("%s: it shows the key", name)
		}
		if check := s.Check(t.Context()); check.Result != c.result {
			t.Errorf("%s: the check says %+v", name, check)
		}
		if !strings.Contains(g.bodies[0], `"ApiKey":"k3y"`) {
			t.Errorf("%s: it asked %s", name, g.bodies[0])
		}
	}
}

// SpeedSMS answers as its page shows, with the balance in words or as a number.
func TestSpeedSMSIsAskedForItsBalanceWithTheLogin(t *testing.T) {
	for says, want := range map[string]struct {
		result notify.Result
		amount int64
	}{
		`{"status": "success", "code": "00", "data": {"email": "a@xuanloc.example", "balance": "125000", "currency": "VND"}}`: {notify.ResultAccepted, 125000},
		`{"status": "success", "code": "00", "data": {"email": "a@xuanloc.example", "balance": 98.5, "currency": "VND"}}`:     {notify.ResultAccepted, 98},
		`{"status": "error", "code": "008", "message": "Account blocked"}`:                                                    {notify.ResultMisconfigured, 0},
		`{"name": "Unauthorized", "message": "Your request was made with invalid credentials.", "code": 0, "status": 401}`:    {notify.ResultUnknown, 0},
	} {
		var asked *http.Request
		g := startGateway(t, func(w http.ResponseWriter, r *http.Request) {
			asked = r
			_, _ = w.Write([]byte(says))
		})
		c, err := httpsms.ParseConfig([]byte(`{"preset": "speedsms", "sender": "XUANLOC", "secrets": {"login": "dG9rZW46eA=="}, "balance": {"url": "` + g.URL + `/user/info"}}`))
		if err != nil {
			t.Fatal(err)
		}
		s := newSender(t, c, nil)
		balance, out := s.Balance(t.Context())
		if out.Result != want.result || balance.Amount != want.amount {
			t.Errorf("%s: %+v, %+v", says, balance, out)
		}
		if user, password, ok := asked.BasicAuth(); asked.Method != http.MethodGet || asked.URL.Path != "/user/info" || !ok || user != "token" || password != "x" {
			t.Errorf("it asked %s %s as %s", asked.Method, asked.URL, user)
		}
	}
	if c, _ := httpsms.Preset("speedsms"); c.Balance.URL != "https://api.speedsms.vn/index.php/user/info" {
		t.Errorf("the preset asks %s", c.Balance.URL)
	}
}

func TestAGatewayWithoutABalanceIsOnlyReached(t *testing.T) {
	sink := startSink(t, nil)
	s := newSender(t, config(sink.URL()), nil)
	if out := s.Check(t.Context()); out.Result != notify.ResultAccepted || len(sink.Ledger()) != 0 {
		t.Errorf("%+v, and %d messages were taken", out, len(sink.Ledger()))
	}
	if _, out := s.Balance(t.Context()); out.Result != notify.ResultPermanent {
		t.Errorf("a balance where there is none: %+v", out)
	}
	sink.Close()
	if out := s.Check(t.Context()); out.Result != notify.ResultNotSent {
		t.Errorf("nobody there: %+v", out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out := s.Check(t.Context()); out.Result != notify.ResultNotSent {
		t.Errorf("after Close: %+v", out)
	}
}

func TestAQuestionForTheBalanceHasToBeComplete(t *testing.T) {
	for field, change := range map[string]func(*httpsms.BalanceQuery){
		"balance.url":    func(q *httpsms.BalanceQuery) { q.URL = "ftp://x" },
		"balance.method": func(q *httpsms.BalanceQuery) { q.Method = "DELETE" },
		"balance.format": func(q *httpsms.BalanceQuery) { q.Format = "yaml" },
		"balance.amount": func(q *httpsms.BalanceQuery) { q.Amount = "" },
	} {
		c := account(t, "https://rest.esms.vn/balance")
		change(c.Balance)
		_, err := httpsms.New(c, nil)
		if vs := fault.Violations(err); len(vs) != 1 || vs[0].Rule != "httpsms.config.balance" || vs[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
