package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/redischeck"
)

// finding is what doctor says of one thing.
type finding struct {
	grade grade
	what  string
	says  string
}

type grade string

const (
	fine    grade = "ok"
	doubted grade = "warn"
	broken  grade = "FAIL"
)

// doctor looks at everything. Settings that are wrong were told before.
func doctor(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p := c.parts
	all := []finding{{fine, "configuration", "complete"}}
	for _, w := range p.warnings() {
		all = append(all, finding{doubted, "configuration", w})
	}
	for _, look := range []func(context.Context) []finding{p.lookAtDatabase, p.lookAtRedis, p.lookAtTexts, p.lookAtCalendar, p.lookAtMode, p.lookAtProviders, p.lookAtSignature} {
		all = append(all, look(ctx)...)
	}
	failed := 0
	for _, f := range all {
		fmt.Fprintf(c.out, "%-4s  %-13s  %s\n", f.grade, f.what, f.says)
		if f.grade == broken {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d things are broken", failed, len(all))
	}
	return nil
}

func (p *parts) lookAtDatabase(ctx context.Context) []finding {
	if err := p.reachable(ctx); err != nil {
		return []finding{{broken, "database", err.Error()}}
	}
	all := []finding{{fine, "database", string(p.dialect) + ", answers"}}
	pending, err := sqlstore.Pending(ctx, p.db, p.dialect, p.storeOptions())
	switch {
	case err != nil:
		all = append(all, finding{broken, "tables", err.Error()})
	case len(pending) > 0:
		all = append(all, finding{broken, "tables", fmt.Sprintf("%d migrations are missing: run %q", len(pending), program+" migrate")})
	default:
		all = append(all, finding{fine, "tables", "of this version"})
	}
	if p.dialect == sqlstore.Postgres {
		all = append(all, p.lookAtClock(ctx))
	}
	return all
}

// lookAtClock compares the machine's clock with the database's, which all
// processes go by. A SQLite file has none of its own.
func (p *parts) lookAtClock(ctx context.Context) finding {
	if err := p.clock.Set(ctx); err != nil {
		return finding{doubted, "clock", "the database's cannot be told: " + err.Error()}
	}
	skew, _ := p.clock.Skew()
	says := apart(skew)
	switch {
	case skew.Abs() > worstSkew:
		return finding{broken, "clock", says}
	case skew.Abs() > toldSkew:
		return finding{doubted, "clock", says}
	}
	return finding{fine, "clock", fmt.Sprintf("within %v of the database's", skew.Abs().Round(time.Millisecond))}
}

func (p *parts) lookAtRedis(ctx context.Context) []finding {
	found, err := redischeck.Check(ctx, p.redis)
	if err != nil {
		return []finding{{broken, "redis", err.Error()}}
	}
	if len(found.Warnings) == 0 {
		return []finding{{fine, "redis", fmt.Sprintf("%s, %s, clock within %v of this machine's", found.Version, found.Policy, found.Skew.Abs())}}
	}
	var all []finding
	for _, w := range found.Warnings {
		all = append(all, finding{doubted, "redis", w})
	}
	return all
}

func (p *parts) lookAtTexts(context.Context) []finding {
	says := fmt.Sprintf("%d, the programme's own", len(p.templates.Names()))
	if p.config.Templates != "" {
		says = fmt.Sprintf("%d, some from %s", len(p.templates.Names()), p.config.Templates)
	}
	return []finding{{fine, "texts", says}}
}

// lookAtCalendar warns as early as the programme itself does.
func (p *parts) lookAtCalendar(context.Context) []finding {
	today := calendar.DateOf(p.system.Now())
	covered := p.calendar.Coverage()
	says := fmt.Sprintf("%s, version %d, to %s", p.calendar.ID(), p.calendar.Version(), covered.To.VN())
	left := p.policy.Notices.CoverageAlarmDays
	switch {
	case !p.calendar.Covers(today):
		return []finding{{doubted, "calendar", says + ": today is not in it, so every deadline is provisional"}}
	case !p.calendar.Covers(today.Add(left)):
		return []finding{{doubted, "calendar", fmt.Sprintf("%s: less than %d days are left", says, left)}}
	}
	return []finding{{fine, "calendar", says}}
}

// lookAtMode compares the configuration with what the installation is.
func (p *parts) lookAtMode(ctx context.Context) []finding {
	mine := p.config.Sending.Mode
	if p.ready(ctx) != nil {
		return nil // that was told
	}
	all, err := p.system.Providers(ctx)
	if err != nil {
		return []finding{{broken, "mode", err.Error()}}
	}
	for _, one := range all {
		if !one.Mode.Same(mine) {
			return []finding{{broken, "mode", fmt.Sprintf("the installation is in mode %s and this configuration in mode %s: change the setting, or %q on purpose",
				cmp.Or(one.Mode, notify.Live), mine, program+" providers --mode "+string(mine))}}
		}
	}
	if mine != notify.Live {
		return []finding{{doubted, "mode", reached(mine)}}
	}
	return []finding{{fine, "mode", string(mine)}}
}

func (p *parts) lookAtProviders(ctx context.Context) []finding {
	mail := finding{doubted, "mail", "no relay is set: mails are logged and reach nobody"}
	if addr := p.config.SMTP.Addr; addr != "" {
		mail = knock(ctx, "mail", addr)
	}
	all := []finding{mail}
	for _, g := range p.gateways {
		all = append(all, knock(ctx, "sms", hostPort(g.URL)))
	}
	if addr := p.config.SMPP.Addr; addr != "" {
		all = append(all, knock(ctx, "smpp", addr))
	}
	if !p.sendsSMS() {
		all = append(all, finding{doubted, "sms", "no gateway is set: SMS are logged and reach nobody"})
	}
	return all
}

// knock looks whether somebody listens at the address, and says nothing there.
func knock(ctx context.Context, what, addr string) finding {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return finding{broken, what, addr + " does not answer: " + err.Error()}
	}
	_ = conn.Close() // nothing was said
	return finding{fine, what, addr + " answers"}
}

// hostPort is where a URL that was checked leads to.
func hostPort(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
