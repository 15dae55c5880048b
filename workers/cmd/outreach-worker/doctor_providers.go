package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/logsender"
	"github.com/huongvecoso/outreach/adapters/smpp"
	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/core/notify"
)

// lookAtProviders logs in wherever messages would be handed over, without one.
func (p *parts) lookAtProviders(ctx context.Context) []finding {
	var all []finding
	look := func(what string, s notify.Checker, err error) {
		if err != nil {
			all = append(all, finding{broken, what, err.Error(), ""})
			return
		}
		all = append(all, p.lookAtProvider(ctx, what, s)...)
		if c, ok := s.(io.Closer); ok {
			_ = c.Close() // it was only looked at
		}
	}
	if p.config.SMTP.Addr != "" {
		s, err := smtpmail.New(p.config.SMTP, p.mailOptions())
		look("mail", s, err)
	} else {
		s, err := logsender.New(slog.New(slog.DiscardHandler), notify.Email, nil)
		look("mail", s, err)
	}
	for _, g := range p.gateways {
		s, err := httpsms.New(g, p.smsOptions())
		look("sms", s, err)
	}
	if p.config.SMPP.Addr != "" {
		s, err := smpp.New(p.config.SMPP.Config, p.smppOptions("doctor/"+someOwner()))
		look("smpp", s, err)
	}
	if !p.sendsSMS() {
		s, err := logsender.New(slog.New(slog.DiscardHandler), notify.SMS, nil)
		look("sms", s, err)
	}
	return all
}

// lookAtProvider says what one provider says, and what is left of the account.
func (p *parts) lookAtProvider(ctx context.Context, what string, s notify.Checker) []finding {
	name := ""
	if sender, ok := s.(notify.Sender); ok {
		name = sender.Describe().Name
	}
	out := s.Check(ctx)
	if f := judge(what, name, out); f.grade != fine {
		return []finding{f}
	}
	all := []finding{judge(what, name, out)}
	if account, ok := s.(notify.BalanceChecker); ok {
		balance, told := account.Balance(ctx)
		left := fmt.Sprintf("%s has %d %s left", name, balance.Amount, balance.Unit)
		switch {
		case told.Result != notify.ResultAccepted: // it cannot be asked
		case balance.Amount <= 0:
			all = append(all, finding{broken, "balance", left, "pay in: it takes no messages"})
		default:
			all = append(all, finding{fine, "balance", left, ""})
		}
	}
	return all
}

// judge turns the outcome of a check into a finding.
func judge(what, name string, out notify.Outcome) finding {
	why := string(out.Result)
	for _, part := range []string{out.Code, out.Detail} {
		if part != "" {
			why += ", " + part
		}
	}
	switch {
	case out.Result == notify.ResultAccepted && out.Code == "logged":
		return finding{doubted, what, "no provider is set: " + out.Detail, "set smtp.addr, or sms.url, sms.gateway or smpp.addr"}
	case out.Result == notify.ResultAccepted:
		return finding{fine, what, name + ": " + out.Detail + asked(out), ""}
	case out.Result == notify.ResultThrottled && what == "smpp":
		return finding{fine, what, name + ": another process is bound, which is as it should be while copies run", ""}
	case out.Result == notify.ResultThrottled:
		return finding{doubted, what, name + ": " + why, "ask again later"}
	case out.Result == notify.ResultMisconfigured:
		return finding{broken, what, name + ": " + why, "look at its portal: credentials, allowed addresses, balance; then at the settings"}
	case out.Result == notify.ResultUnknown:
		return finding{doubted, what, name + ": " + why, "it answers otherwise than its description says: compare that with the contract"}
	}
	return finding{broken, what, name + ": " + why, "look at its address in the settings, the network between, its status"}
}

// asked fills in for a provider that has no words.
func asked(out notify.Outcome) string {
	if out.Detail == "" {
		return "the account is in order"
	}
	return ""
}

// lookAtShares compares what is registered with what is set: a weight that was
// changed since counts more than the setting.
func (p *parts) lookAtShares(ctx context.Context) []finding {
	if p.ready(ctx) != nil {
		return nil // that was told
	}
	registered, err := p.system.Providers(ctx)
	if err != nil {
		return []finding{{broken, "shares", err.Error(), ""}}
	}
	var all []finding
	for _, one := range registered {
		weight, ours := p.config.Workers.Weights[one.Name]
		if ours && weight != one.Weight {
			all = append(all, finding{doubted, "shares", fmt.Sprintf("%s has weight %d and the settings say %d: what was registered counts", one.Name, one.Weight, weight),
				fmt.Sprintf("%s providers --weigh %s=%d, or change the setting", program, one.Name, weight)})
		}
		if one.Breaker.Open {
			all = append(all, finding{doubted, "shares", fmt.Sprintf("%s is left alone: %s", one.Name, one.Reason), "after the repair: " + program + " providers --close " + one.Name})
		}
	}
	return all
}
