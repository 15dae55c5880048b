package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/huongvecoso/outreach/adapters/httpsms"
	"github.com/huongvecoso/outreach/adapters/pgwake"
	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/vietnam"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// parts are made of a configuration and connected to nothing yet.
type parts struct {
	config    *config
	dialect   sqlstore.Dialect
	db        *sql.DB
	store     *sqlstore.Store
	clock     *sqlstore.Clock // the database's, which everything goes by
	redis     redis.UniversalClient
	imitation *miniredis.Miniredis // what redis speaks to where there is no server; nil otherwise
	policy    policy.Policy
	limits    policy.Limits // of the operator
	calendar  *calendar.Calendar
	templates *notify.Templates
	gateways  []httpsms.Config
	bell      *workersfx.Bell
	others    *pgwake.Bell // rings in other processes; nil: there is no way to
	system    *core.System
	moved     atomic.Pointer[metrics] // told what moves, once there are any
}

// build makes the parts and returns everything that is wrong with them. The
// caller closes them, also after an error.
func build(c *config) (*parts, error) {
	p := &parts{config: c, bell: new(workersfx.Bell)}
	var wrong faults
	for _, part := range []struct {
		setting string
		make    func() error
	}{
		{"database", p.openDatabase}, {"redis", p.openRedis}, {"policy", p.readPolicy}, {"calendar", p.readCalendar},
		{"templates", p.readTemplates}, {"listen", p.checkListen}, {"receipts.listen", p.checkReceipts}, {"smtp", p.checkSMTP}, {"sms", p.readGateways}, {"smpp", p.checkSMPP}, {"workers", p.checkTimes},
		{"mode", p.checkMode}, {"breaker", p.checkBreaker}, {"", p.applyLimits}, {"", p.share},
	} {
		if err := part.make(); err != nil {
			for line := range strings.Lines(err.Error()) {
				wrong.add(part.setting, "%s", strings.TrimSpace(line))
			}
		}
	}
	if len(wrong) > 0 {
		return p, wrong
	}
	var err error
	p.system, err = core.New(p.store, p.policy, &core.Options{
		Calendar: p.calendar, Series: c.Series, Sender: c.Office, Hotline: c.Hotline, Templates: p.templates,
		Secret: []byte(c.Secret), Wake: p.wake, Moved: p.tellMetrics, Clock: p.clock.Now, Limits: p.limits,
	})
	return p, err
}

func (p *parts) tellMetrics(n notify.Notice, at time.Time) {
	if m := p.moved.Load(); m != nil {
		m.moved(n, at)
	}
}

// wake makes the relay look that is at work: the one here, or in another process.
func (p *parts) wake() {
	p.bell.Ring()
	if p.others != nil {
		p.others.Ring()
	}
}

func (p *parts) close() error {
	var faults []error
	if p.others != nil {
		faults = append(faults, p.others.Close())
	}
	if p.db != nil {
		faults = append(faults, p.db.Close())
	}
	if p.redis != nil {
		faults = append(faults, p.redis.Close())
	}
	if p.imitation != nil {
		p.imitation.Close()
	}
	return errors.Join(faults...)
}

// storeOptions say where the tables are.
func (p *parts) storeOptions() *sqlstore.Options {
	return &sqlstore.Options{TablePrefix: p.config.TablePrefix, Schema: p.config.Schema}
}

func (p *parts) openDatabase() error {
	named := p.config.Database
	driver, dsn := "pgx", named
	p.dialect = sqlstore.Postgres
	switch {
	case named == "":
		return errors.New("say where the database is: a postgres:// URL or the path of a SQLite file")
	case strings.HasPrefix(named, "postgres://"), strings.HasPrefix(named, "postgresql://"):
		if u, err := url.Parse(named); err != nil || u.Host == "" && !u.Query().Has("host") {
			return errors.New("this is no URL of the form postgres://user:password@host/database") // it may hold a password
		}
	case strings.Contains(named, "://"):
		return errors.New("only postgres:// URLs and paths of SQLite files are known")
	default:
		driver, dsn, p.dialect = "sqlite", sqlstore.SQLiteDSN(named), sqlstore.SQLite
	}
	var err error
	if p.db, err = sql.Open(driver, dsn); err != nil {
		return errors.New("the database's address cannot be read") // the driver's error may repeat it
	}
	p.db.SetMaxOpenConns(16)
	p.db.SetConnMaxIdleTime(5 * time.Minute)
	if p.clock, err = sqlstore.NewClock(p.db, p.dialect, nil); err != nil {
		return err
	}
	if p.dialect == sqlstore.Postgres && p.config.Notify != "off" {
		p.others = pgwake.NewBell(p.db, p.config.Notify)
	}
	p.store, err = sqlstore.Open(p.db, p.dialect, p.storeOptions())
	return err
}

// imitated is the setting redis of whoever has no server yet.
const imitated = "imitation"

// openRedis reads the three forms of address, which differ in their query: one
// server, the Sentinels of a group (master_name=…), nodes of a Cluster (addr=…).
func (p *parts) openRedis() error {
	named := p.config.Redis
	if named == imitated {
		return p.imitateRedis()
	}
	u, err := url.Parse(named)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix" {
		return errors.New("want redis://user:password@host:port/db") // it may hold a password
	}
	switch {
	case u.Query().Has("master_name"):
		var o *redis.FailoverOptions
		if o, err = redis.ParseFailoverURL(named); err == nil {
			p.redis = redis.NewFailoverClient(o)
		}
	case u.Query().Has("addr"):
		if u.Scheme == "unix" || strings.Trim(u.Path, "/0") != "" {
			return errors.New("a Cluster has no sockets and no numbered databases: want redis://user:password@host:port?addr=host:port")
		}
		var o *redis.ClusterOptions
		if o, err = redis.ParseClusterURL(named); err == nil {
			p.redis = redis.NewClusterClient(o)
		}
	default:
		var o *redis.Options
		if o, err = redis.ParseURL(named); err == nil {
			p.redis = redis.NewClient(o)
		}
	}
	if err != nil {
		return errors.New("this address of Redis cannot be read: want redis://user:password@host:port/db")
	}
	return nil
}

func (p *parts) readPolicy() error {
	p.policy = policy.Default()
	if p.config.Policy == "" {
		p.policy.Notices.SMSGapMinutes = policy.SMSGapMinutes
		return nil
	}
	data, err := os.ReadFile(p.config.Policy)
	if err != nil {
		return err
	}
	p.policy, err = policy.Parse(data)
	return err
}

// imitateRedis lets whoever has nothing but this program see it at work. What is in
// a Redis may be lost at any moment: so may what is in this one, with its process.
func (p *parts) imitateRedis() error {
	p.imitation = miniredis.NewMiniRedis()
	p.imitation.ClockTTL(true)
	if err := p.imitation.Start(); err != nil {
		return err
	}
	p.redis = redis.NewClient(&redis.Options{Addr: p.imitation.Addr()})
	return nil
}

var years = regexp.MustCompile(`^(\d{4})(?:-(\d{4}))?$`)

func (p *parts) readCalendar() error {
	spec, err := p.calendarSpec()
	if err != nil {
		return err
	}
	p.calendar, err = calendar.New(spec)
	return err
}

func (p *parts) calendarSpec() (calendar.Spec, error) {
	named := p.config.Calendar
	if named == "" {
		return vietnam.OfficialCalendar()
	}
	span := years.FindStringSubmatch(named)
	if span == nil {
		data, err := os.ReadFile(named)
		if err != nil {
			return calendar.Spec{}, err
		}
		return calendar.ParseSpec(data)
	}
	first, err := strconv.Atoi(span[1])
	if err != nil {
		return calendar.Spec{}, err
	}
	last := first
	if span[2] != "" {
		if last, err = strconv.Atoi(span[2]); err != nil {
			return calendar.Spec{}, err
		}
	}
	if last < first {
		return calendar.Spec{}, fmt.Errorf("%s ends before it begins", named)
	}
	var all []int
	for year := first; year <= last; year++ {
		all = append(all, year)
	}
	return vietnam.OfficialCalendar(all...)
}

func (p *parts) readTemplates() error {
	own, err := notify.DefaultTemplates()
	if err != nil || p.config.Templates == "" {
		p.templates = own
		return err
	}
	if info, err := os.Stat(p.config.Templates); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no folder", p.config.Templates)
	}
	theirs, err := notify.ParseTemplates(os.DirFS(p.config.Templates))
	if err != nil {
		return err
	}
	if unknown := own.Missing(theirs.Names()...); len(unknown) > 0 {
		return fmt.Errorf("the programme has no text called %s", strings.Join(unknown, ", "))
	}
	p.templates = own.Override(theirs)
	return nil
}

func (p *parts) checkListen() error { return address(p.config.Listen) }

func (p *parts) checkReceipts() error { return address(p.config.Receipts.Listen) }

// address judges where to listen.
func address(named string) error {
	if named == "off" {
		return nil
	}
	if _, port, err := net.SplitHostPort(named); err != nil || port == "" {
		return fmt.Errorf("%q is no address: want host:port, or off", named)
	}
	return nil
}

// checkSMTP tries the configuration; the sender itself is made by fx.
func (p *parts) checkSMTP() error {
	if p.config.SMTP.Addr == "" {
		if p.config.SMTP.From != "" || p.config.SMTP.Username != "" || p.config.Mail != (mailConfig{}) {
			return errors.New("smtp.addr is missing: there are other settings of the relay")
		}
		return nil
	}
	if err := p.readMailFiles(); err != nil {
		return err
	}
	s, err := smtpmail.New(p.config.SMTP, p.mailOptions())
	if err != nil {
		return err
	}
	return s.Close()
}

// readGateways reads what describes each gateway; the generic one needs no file.
func (p *parts) readGateways() error {
	c := p.config.SMS
	files := c.Gateway
	switch own := c.URL + c.Sender + c.Token; {
	case len(files) == 0 && c.URL == "":
		if own != "" {
			return errors.New("sms.url or sms.gateway is missing: there are other settings of the gateway")
		}
		return nil
	case len(files) == 0:
		files = []string{""}
	case len(files) > 1 && own != "":
		return errors.New("there are several gateways: url, sender and token of each belong into its file of sms.gateway")
	}
	var wrong []error
	for _, file := range files {
		gateway, err := p.readGateway(file)
		if err == nil && slices.ContainsFunc(p.gateways, func(g httpsms.Config) bool { return g.Name == gateway.Name }) {
			err = fmt.Errorf("%s: two gateways are called %q", file, gateway.Name)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		p.gateways = append(p.gateways, gateway)
	}
	return errors.Join(wrong...)
}

func (p *parts) readGateway(file string) (httpsms.Config, error) {
	c := p.config.SMS
	gateway := httpsms.Generic()
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return gateway, err
		}
		gateway, err = httpsms.ParseConfig(data)
		if unreadable := brokenRule(err, "httpsms.config.json"); unreadable {
			return gateway, fmt.Errorf("%s: %w", file, err)
		} // what else is wrong may be put right below, and is told by New
	}
	if c.URL != "" {
		gateway.URL = c.URL
	}
	if c.Sender != "" {
		gateway.Sender = c.Sender
	}
	if c.Token != "" {
		if gateway.Auth.Kind == "" || gateway.Auth.Kind == httpsms.NoAuth {
			gateway.Auth.Kind = httpsms.Bearer
		}
		gateway.Auth.Token = httpsms.Secret(c.Token)
	}
	if gateway.Timeout == 0 {
		gateway.Timeout = httpsms.Duration(c.Timeout)
	}
	s, err := httpsms.New(gateway, p.smsOptions())
	if err != nil {
		return gateway, err
	}
	return gateway, s.Close()
}

// smsOptions say where time comes from and where the gateway's tokens are kept.
func (p *parts) smsOptions() *httpsms.Options {
	o := &httpsms.Options{Clock: p.clock.Now}
	if p.config.SMS.Tokens != "" {
		o.Tokens = httpsms.NewTokenFiles(p.config.SMS.Tokens)
	}
	return o
}

func brokenRule(err error, rule string) bool {
	return slices.ContainsFunc(fault.Violations(err), func(v *fault.Violation) bool { return v.Rule == rule })
}

// checkTimes sees to it that a stop can let every call come to its end.
func (p *parts) checkTimes() error {
	w := p.config.Workers
	if w.Concurrency < 1 || w.Urgent < 1 || w.Group < 1 || w.Check <= 0 || w.Poll <= 0 || w.Recover <= 0 || w.Shutdown <= 0 {
		return errors.New("concurrency, urgent, group, check, poll, recover and shutdown must be positive")
	}
	if w.Shutdown > stopPatience-5*time.Second {
		return fmt.Errorf("shutdown must be %v at most", stopPatience-5*time.Second)
	}
	var wrong []error
	for name, timeout := range map[string]time.Duration{"smtp.timeout": p.config.SMTP.Timeout, "sms.timeout": p.smsTimeout(), "smpp.timeout": p.config.SMPP.Timeout} {
		if timeout > w.Shutdown {
			wrong = append(wrong, fmt.Errorf("shutdown is %v, shorter than %s (%v): a stop would cut calls short", w.Shutdown, name, timeout))
		}
	}
	return errors.Join(wrong...)
}

// smsTimeout is that of the slowest gateway.
func (p *parts) smsTimeout() time.Duration {
	longest := time.Duration(0)
	for _, g := range p.gateways {
		longest = max(longest, time.Duration(g.Timeout))
	}
	return cmp.Or(longest, p.config.SMS.Timeout)
}

// ready takes over the database's clock and reports what keeps the program from
// working: a database that does not answer or is older than the program.
func (p *parts) ready(ctx context.Context) error {
	if err := p.reachable(ctx); err != nil {
		return err
	}
	pending, err := sqlstore.Pending(ctx, p.db, p.dialect, p.storeOptions())
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return fmt.Errorf("the tables lack %s: run %q first", strings.Join(pending, ", "), program+" migrate")
	}
	return p.clock.Set(ctx)
}

// reachable says whether the database answers. A SQLite file that is not there
// would be made by asking it.
func (p *parts) reachable(ctx context.Context) error {
	if p.dialect == sqlstore.SQLite {
		if _, err := os.Stat(p.config.Database); err != nil {
			return fmt.Errorf("there is no database: %w; %q makes one", err, program+" migrate")
		}
	}
	if err := p.db.PingContext(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}
