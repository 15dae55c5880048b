package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strconv"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/internal/redischeck"
)

// finding is what doctor says of one thing.
type finding struct {
	grade grade
	what  string
	says  string
	do    string // what to do about it; empty where nothing is
}

type grade string

// The grades, and the lights they are in JSON.
const (
	fine    grade = "ok"   // green
	doubted grade = "warn" // yellow: it works, and is hardly meant
	broken  grade = "FAIL" // red: it does not work
)

func (g grade) light() string {
	switch g {
	case fine:
		return "green"
	case doubted:
		return "yellow"
	}
	return "red"
}

type doctorOptions struct{ json bool }

func doctorFlags(set *flag.FlagSet) any {
	o := &doctorOptions{}
	set.BoolVar(&o.json, "json", false, "")
	return o
}

// doctor looks at everything. Settings that are wrong were told before.
func doctor(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p := c.parts
	all := []finding{{fine, "configuration", "complete", ""}}
	for _, w := range p.warnings() {
		all = append(all, finding{doubted, "configuration", w, ""})
	}
	for _, look := range []func(context.Context) []finding{p.lookAtDatabase, p.lookAtRedis, p.lookAtTexts, p.lookAtCalendar, p.lookAtMode, p.lookAtProviders, p.lookAtShares, p.lookAtSignature} {
		all = append(all, look(ctx)...)
	}
	failed := 0
	for _, f := range all {
		if f.grade == broken {
			failed++
		}
	}
	if err := c.tell(all); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d things are broken", failed, len(all))
	}
	return nil
}

// tell prints what was found: for people, or for a program.
func (c *call) tell(all []finding) error {
	if !c.options.(*doctorOptions).json {
		for _, f := range all {
			fmt.Fprintf(c.out, "%-4s  %-13s  %s\n", f.grade, f.what, f.says)
			if f.do != "" {
				fmt.Fprintf(c.out, "%-4s  %-13s  -> %s\n", "", "", f.do)
			}
		}
		return nil
	}
	type shown struct {
		Light string `json:"light"`
		What  string `json:"what"`
		Says  string `json:"says"`
		Do    string `json:"do,omitempty"`
	}
	checks := make([]shown, 0, len(all))
	for _, f := range all {
		checks = append(checks, shown{f.grade.light(), f.what, f.says, f.do})
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(map[string]any{"checks": checks})
}

func (p *parts) lookAtDatabase(ctx context.Context) []finding {
	if err := p.reachable(ctx); err != nil {
		return []finding{{broken, "database", err.Error(), "start it, or put the setting database right"}}
	}
	all := []finding{{fine, "database", string(p.dialect) + ", answers", ""}}
	pending, err := sqlstore.Pending(ctx, p.db, p.dialect, p.storeOptions())
	switch {
	case err != nil:
		all = append(all, finding{broken, "tables", err.Error(), "look at schema, table_prefix and the rights of the role"})
	case len(pending) > 0:
		all = append(all, finding{broken, "tables", fmt.Sprintf("%d migrations are missing", len(pending)), program + " migrate"})
	default:
		all = append(all, finding{fine, "tables", "of this version", ""})
	}
	if p.dialect == sqlstore.Postgres {
		all = append(all, p.lookAtPostgres(ctx)...)
		all = append(all, p.lookAtClock(ctx))
	}
	return all
}

// lookAtPostgres looks at the settings on which it depends that nothing is lost.
func (p *parts) lookAtPostgres(ctx context.Context) []finding {
	var all []finding
	for _, one := range []struct {
		name  string
		right func(string) bool
		grade grade
		wrong string
		do    string
	}{
		{"server_version_num", atLeast(130000), broken, "this version of PostgreSQL is older than 13", "upgrade it"},
		{"default_transaction_read_only", is("off"), broken, "the database takes no changes", "use the primary, not a standby"},
		{"fsync", is("on"), broken, "a crash of its machine may destroy the database", "set fsync = on"},
		{"full_page_writes", is("on"), doubted, "a crash in the middle of a write may destroy a page", "set full_page_writes = on"},
		{"synchronous_commit", not("off"), doubted, "a crash may forget what was committed: a message may go twice", "set synchronous_commit = on"},
		{"autovacuum", is("on"), doubted, "tables grow for ever", "set autovacuum = on"},
		{"max_connections", atLeast(50), doubted, "few connections: each copy opens up to 16", "raise max_connections, or run fewer copies"},
	} {
		var value string
		err := p.db.QueryRowContext(ctx, "SELECT current_setting($1)", one.name).Scan(&value)
		switch {
		case err != nil:
			all = append(all, finding{doubted, "postgres", one.name + " cannot be told: " + err.Error(), ""})
		case !one.right(value):
			all = append(all, finding{one.grade, "postgres", fmt.Sprintf("%s is %s: %s", one.name, value, one.wrong), one.do})
		}
	}
	if len(all) == 0 {
		return []finding{{fine, "postgres", "settings are as they should be", ""}}
	}
	return all
}

func is(want string) func(string) bool { return func(value string) bool { return value == want } }
func not(bad string) func(string) bool { return func(value string) bool { return value != bad } }
func atLeast(n int) func(string) bool {
	return func(value string) bool { have, err := strconv.Atoi(value); return err != nil || have >= n }
}

// lookAtClock compares the machine's clock with the database's, which all
// processes go by. A SQLite file has none of its own.
func (p *parts) lookAtClock(ctx context.Context) finding {
	if err := p.clock.Set(ctx); err != nil {
		return finding{doubted, "clock", "the database's cannot be told: " + err.Error(), ""}
	}
	skew, _ := p.clock.Skew()
	says := apart(skew)
	switch {
	case skew.Abs() > worstSkew:
		return finding{broken, "clock", says, "until then this machine refuses to run"}
	case skew.Abs() > toldSkew:
		return finding{doubted, "clock", says, ""}
	}
	return finding{fine, "clock", fmt.Sprintf("within %v of the database's", skew.Abs().Round(time.Millisecond)), ""}
}

func (p *parts) lookAtRedis(ctx context.Context) []finding {
	if p.imitation != nil {
		return []finding{{doubted, "redis", "an imitation in this process, for a first look", "start a Redis, and name its address in the setting redis"}}
	}
	found, err := redischeck.Check(ctx, p.redis)
	if err != nil {
		return []finding{{broken, "redis", err.Error(), "start it, or put the setting redis right; nothing goes out without it, and nothing is lost"}}
	}
	if len(found.Warnings) == 0 {
		return []finding{{fine, "redis", fmt.Sprintf("%s, %s, clock within %v of this machine's", found.Version, found.Policy, found.Skew.Abs()), ""}}
	}
	var all []finding
	for _, w := range found.Warnings {
		all = append(all, finding{doubted, "redis", w, ""})
	}
	return all
}

// lookAtCalendar looks whether this year and the next are decided, and warns of
// the end as early as the programme itself does.
func (p *parts) lookAtCalendar(context.Context) []finding {
	today := calendar.DateOf(p.system.Now())
	covered := p.calendar.Coverage()
	says := fmt.Sprintf("%s, version %d, to %s", p.calendar.ID(), p.calendar.Version(), covered.To.VN())
	left := p.policy.Notices.CoverageAlarmDays
	next := today.Year() + 1
	do := fmt.Sprintf("when the days off of %d are decided, propose the calendar, or upgrade", next)
	switch {
	case !p.calendar.Covers(today):
		return []finding{{broken, "calendar", fmt.Sprintf("%s: today is not in it, so every deadline is provisional", says), "set calendar to the years there are, or have a calendar decided"}}
	case !p.calendar.Covers(today.Add(left)):
		return []finding{{doubted, "calendar", fmt.Sprintf("%s: less than %d days are left", says, left), do}}
	case !p.calendar.Covers(calendar.MustDate(next, time.December, 31)):
		return []finding{{fine, "calendar", fmt.Sprintf("%s; %d is not decided yet, which is in time", says, next), ""}}
	}
	return []finding{{fine, "calendar", fmt.Sprintf("%s: this year and the next", says), ""}}
}

// lookAtMode compares the configuration with what the installation is.
func (p *parts) lookAtMode(ctx context.Context) []finding {
	mine := p.config.Sending.Mode
	if p.ready(ctx) != nil {
		return nil // that was told
	}
	all, err := p.system.Providers(ctx)
	if err != nil {
		return []finding{{broken, "mode", err.Error(), ""}}
	}
	for _, one := range all {
		if !one.Mode.Same(mine) {
			return []finding{{broken, "mode", fmt.Sprintf("the installation is in mode %s and this configuration in mode %s", cmp.Or(one.Mode, notify.Live), mine),
				"change the setting, or on purpose: " + program + " providers --mode " + string(mine)}}
		}
	}
	if mine != notify.Live {
		return []finding{{doubted, "mode", reached(mine), ""}}
	}
	return []finding{{fine, "mode", string(mine), ""}}
}
