package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

var update = flag.Bool("update", false, "write the golden files, the example and the README's table anew")

// beMain makes the test binary the program itself.
const beMain = "OUTREACH_WORKER_BE_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(beMain) != "" {
		os.Unsetenv(beMain)
		main()
	}
	silenceRedis()
	os.Exit(m.Run())
}

// result is what a call of the program came to.
type result struct {
	code     int
	out, err string
}

func invoke(t *testing.T, environment []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // what should refuse to run may not
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, args, environment, &out, &errs)
	return result{code, out.String(), errs.String()}
}

// want checks what a call ended with.
func (r result) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("ended with %d, want %d", r.code, code)
	}
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			t.Errorf("it does not say %q", part)
		}
	}
	if t.Failed() {
		t.Logf("it said\n%s%s", r.out, r.err)
	}
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	compare(t, filepath.Join("testdata", name), got)
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-file +now):\n%s", path, diff)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheHelpTeachesEverything(t *testing.T) {
	var all strings.Builder
	r := invoke(t, nil, "--help")
	r.want(t, exitOK)
	all.WriteString(r.out)
	for _, c := range commands() {
		if c.do == nil {
			continue
		}
		r := invoke(t, nil, c.name, "--help")
		r.want(t, exitOK)
		if again := invoke(t, nil, "help", c.name); again.out != r.out {
			t.Errorf("help %s and %s --help differ", c.name, c.name)
		}
		fmt.Fprintf(&all, "\n---- %s ----\n%s", c.name, r.out)
	}
	golden(t, "help.txt", all.String())
}

func TestACallThatCannotBeUnderstoodIsAnUsageError(t *testing.T) {
	invoke(t, nil).want(t, exitUsage, "Commands:")
	invoke(t, nil, "deliver").want(t, exitUsage, `no command "deliver"`)
	invoke(t, nil, "help", "deliver").want(t, exitUsage, `no command "deliver"`)
	invoke(t, nil, "doctor", "--verbose").want(t, exitUsage, "verbose")
	invoke(t, nil, "doctor", "everything").want(t, exitUsage, "no arguments")
	invoke(t, nil, "version").want(t, exitOK, program)
}

func TestEveryMistakeOfTheConfigurationIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		env  []string
		say  []string
	}{
		"nothing at all":                      {`{}`, nil, []string{"database: say where"}},
		"a name that is none":                 {`{"database": "x.db", "smtp": {"adress": "a:25"}}`, nil, []string{"smtp.adress: there is no such setting"}},
		"a name in the wrong form":            {`{"database": "x.db", "smtp": {"returnPath": "a@b.vn"}}`, nil, []string{"do you mean smtp.return_path?"}},
		"a name that stands twice":            {`{"database": "x.db", "database": "y.db"}`, nil, []string{"database stands twice"}},
		"null":                                {`{"database": null}`, nil, []string{"database is null"}},
		"a list":                              {`{"database": ["x"]}`, nil, []string{"database is a list"}},
		"no object":                           {`[]`, nil, []string{"want an object"}},
		"something behind":                    {"{\"database\": \"x.db\"}\n{}", nil, []string{"line 2", "something follows"}},
		"no JSON":                             {"{\n\"database\": x}", nil, []string{"line 2"}},
		"a time without unit":                 {`{"database": "x.db", "workers": {"poll": "5"}}`, nil, []string{"workers.poll: want a time with its unit", `not "5"`}},
		"no number":                           {`{"database": "x.db", "workers": {"concurrency": "many"}}`, nil, []string{"workers.concurrency: want a whole number"}},
		"no truth":                            {`{"database": "x.db", "smtp": {"dsn": "perhaps"}}`, nil, []string{"smtp.dsn: want true or false"}},
		"no level":                            {`{"database": "x.db", "log_level": "loud"}`, nil, []string{"log_level: want debug"}},
		"a database of a kind we do not know": {`{"database": "mysql://root:hunter2@h/x"}`, nil, []string{"only postgres:// URLs"}},
		"a Redis that is none":                {`{"database": "x.db", "redis": "http://:hunter2@h"}`, nil, []string{"redis: want redis://"}},
		"a Cluster with numbered databases":   {`{"database": "x.db", "redis": "redis://:hunter2@h/3?addr=i:1"}`, nil, []string{"redis: a Cluster has no", "numbered databases"}},
		"a policy that is not there":          {`{"database": "x.db", "policy": "/no/such"}`, nil, []string{"policy: open /no/such"}},
		"years without days off":              {`{"database": "x.db", "calendar": "1999"}`, nil, []string{"calendar: vietnam.holidays.year"}},
		"years backwards":                     {`{"database": "x.db", "calendar": "2026-2025"}`, nil, []string{"ends before it begins"}},
		"texts that are not there":            {`{"database": "x.db", "templates": "/no/such"}`, nil, []string{"templates: /no/such is no folder"}},
		"an address that is none":             {`{"database": "x.db", "listen": "9464"}`, nil, []string{`listen: "9464" is no address`}},
		"half a relay":                        {`{"database": "x.db", "smtp": {"from": "a@b.vn"}}`, nil, []string{"smtp.addr is missing"}},
		"a relay without names":               {`{"database": "x.db", "smtp": {"addr": "mail:25"}}`, nil, []string{"smtpmail.config.from", "smtpmail.config.domain"}},
		"half a gateway":                      {`{"database": "x.db", "sms": {"token": "hunter2"}}`, nil, []string{"sms.url or sms.gateway is missing"}},
		"a gateway over plain http":           {`{"database": "x.db", "sms": {"url": "http://sms.vn", "sender": "X"}}`, nil, []string{"httpsms.config.url"}},
		"a gateway that is not there":         {`{"database": "x.db", "sms": {"gateway": "/no/such"}}`, nil, []string{"sms: open /no/such"}},
		"nobody at work":                      {`{"database": "x.db", "workers": {"concurrency": "0"}}`, nil, []string{"must be positive"}},
		"a stop that is too short":            {`{"database": "x.db", "workers": {"shutdown": "15s"}}`, nil, []string{"shorter than smtp.timeout (20s)"}},
		"a stop that is too long":             {`{"database": "x.db", "workers": {"shutdown": "1h"}}`, nil, []string{"shutdown must be 35s at most"}},
		"a mode that is none":                 {`{"database": "x.db", "mode": "test"}`, nil, []string{"mode: want live, pilot or dry-run", `not "test"`}},
		"a pilot without a list":              {`{"database": "x.db", "mode": "pilot"}`, nil, []string{"mode: a pilot needs the list", "pilot_file"}},
		"a list without a pilot":              {`{"database": "x.db", "pilot": "0912 345 678"}`, nil, []string{"pilot is given and mode is live"}},
		"a list with something else":          {`{"database": "x.db", "mode": "pilot", "pilot": "a@xuanloc.example\nhunter2"}`, nil, []string{"pilot: line 2 is neither a number nor a mailbox"}},
		"a breaker that never opens":          {`{"database": "x.db", "breaker": {"in_row": 0}}`, nil, []string{"breaker: in_row, of, span and first_probe must be positive"}},
		"a breaker backwards":                 {`{"database": "x.db", "breaker": {"last_probe": "1s"}}`, nil, []string{"breaker: last_probe is 1s, shorter than first_probe (30s)"}},
		"a weight that is none":               {`{"database": "x.db", "sms": {"weight": "much"}}`, nil, []string{"sms.weight: want a number"}},
		"half a weight":                       {`{"database": "x.db", "smpp": {"addr": "smsc.xuanloc.example:3550", "system_id": "x", "source": "XL", "weight": 0.5}}`, nil, []string{"smpp.weight: want whole numbers"}},
		"a weight of nobody":                  {`{"database": "x.db", "smtp": {"addr": "mail.xuanloc.example:25", "from": "a@xuanloc.example", "domain": "xuanloc.example", "rate": "esms=3"}}`, nil, []string{`smtp.rate: there is no provider "esms" here: [smtp]`}},
		"a standby that is none":              {`{"database": "x.db", "workers": {"standby": "esms"}}`, nil, []string{`workers.standby: there is no provider "esms"`}},
		"a standby with a weight":             {`{"database": "x.db", "workers": {"standby": "sms"}, "sms": {"url": "https://sms.xuanloc.example", "sender": "XUANLOC"}}`, nil, []string{"workers.standby: sms has weight 1"}},
		"two gateways and one token":          {`{"database": "x.db", "sms": {"gateway": "a.json, b.json", "token": "hunter2"}}`, nil, []string{"sms: there are several gateways"}},
		"too many messages":                   {`{"database": "x.db", "sms": {"per_day": 51, "gap": "90s"}}`, nil, []string{"sms.gap: want whole minutes"}},
		"a number the policy refuses":         {`{"database": "x.db", "sms": {"per_day": 51}}`, nil, []string{"sms.per_day:"}},
		"a secret file that is not there":     {`{"database": "x.db", "secret_file": "/no/such"}`, nil, []string{"secret_file: open /no/such"}},
		"a secret given twice":                {`{"database": "x.db", "secret": "hunter2", "secret_file": "/no/such"}`, nil, []string{"given twice"}},
		"a mistake in the environment":        {`{"database": "x.db"}`, []string{"OUTREACH_WORKERS_POLL=soon"}, []string{"OUTREACH_WORKERS_POLL: want a time"}},
		"several at once": {`{"databse": "x.db", "workers": {"poll": 1}, "smtp": {"addr": "mail"}}`, []string{"OUTREACH_CALENDAR=1999"},
			[]string{"there is no such setting", "workers.poll", "smtpmail.config.addr", "vietnam.holidays.year", "database: say where"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, c.env, "doctor", "--config", write(t, "c.json", c.file))
			r.want(t, exitUsage, c.say...)
			if strings.Contains(r.err+r.out, "hunter2") {
				t.Errorf("it shows a secret: %s", r.err)
			}
		})
	}
	invoke(t, nil, "doctor", "--config", "/no/such").want(t, exitUsage, "open /no/such")
}

func TestTheEnvironmentCountsMoreThanTheFile(t *testing.T) {
	secret := write(t, "secret", "  from a file\n")
	c, err := load(write(t, "c.json", `{"database": "file.db", "series": "XL", "secret": "from the file", "workers": {"group": 7, "poll": "2s"}}`),
		[]string{"OUTREACH_DATABASE=environment.db", "OUTREACH_WORKERS_POLL=3s", "OUTREACH_SECRET_FILE=" + secret, "OUTREACH_SMPT_ADDR=x", "HOME=/"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Database != "environment.db" || c.Series != "XL" || c.Workers.Group != 7 || c.Workers.Poll != 3*time.Second || c.Secret != "from a file" {
		t.Errorf("got %+v", c)
	}
	if want := []string{"OUTREACH_SMPT_ADDR is no setting of this program"}; !slices.Equal(c.warnings, want) {
		t.Errorf("warned of %q, want %q", c.warnings, want)
	}
	named := write(t, "c.json", `{"database": "named.db"}`)
	if r := invoke(t, []string{"OUTREACH_CONFIG=" + named}, "doctor"); strings.Contains(r.err, "say where") {
		t.Errorf("OUTREACH_CONFIG is not read: %s", r.err)
	}
}

func TestADatabaseInTheEnvironmentOutweighsItsFileInTheFile(t *testing.T) {
	c, err := load(write(t, "c.json", `{"database_file": "/no/such"}`), []string{"OUTREACH_DATABASE=x.db"})
	if err != nil || c.Database != "x.db" {
		t.Errorf("%q, %v", c.Database, err)
	}
}

// example writes the example file from the table of settings.
func example(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	section := ""
	b.WriteString("{")
	comma := ""
	for _, s := range new(config).settings() {
		name, value := s.name, s.example
		if s.secret && !s.rare && value == "" {
			name, value = s.name+"_file", "/etc/outreach/"+strings.ReplaceAll(s.name, ".", "-")
		}
		if value == "" {
			continue
		}
		in, last, nested := strings.Cut(name, ".")
		if !nested {
			in, last = "", name
		}
		if in != section {
			if section != "" {
				b.WriteString("\n  }")
			}
			fmt.Fprintf(&b, ",\n  %q: {", in)
			section, comma = in, ""
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`^\d+$`).MatchString(value) && nested {
			quoted = []byte(value)
		}
		indent := "  "
		if nested {
			indent = "    "
		}
		plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(quoted))
		fmt.Fprintf(&b, "%s\n%s%q: %s", comma, indent, last, plain)
		comma = ","
	}
	b.WriteString("\n  }\n}\n")
	return b.String()
}

func TestTheExampleIsCompleteAndRight(t *testing.T) {
	text := example(t)
	compare(t, "outreach-worker.example.json", text)
	for _, secret := range []string{"secret", "smtp-password", "sms-token", "smpp-password"} {
		text = strings.ReplaceAll(text, "/etc/outreach/"+secret, write(t, secret, "s3cret"))
	}
	c, err := load(write(t, "c.json", text), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := build(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if c.SMTP.From != "UBND huyện Xuân Lộc <vanphong@xuanloc.example>" || len(p.gateways) != 1 || p.gateways[0].Sender != "XUANLOC" || c.Secret != "s3cret" {
		t.Errorf("the example says %+v", c)
	}
}

// Every setting stands in what config prints, with its default, and what it prints
// can be loaded: as it is, and with everything taken out of its comments.
func TestTheReferenceHoldsEverySettingWithItsDefault(t *testing.T) {
	text := invoke(t, nil, "config").out
	compare(t, "outreach-worker.defaults.jsonc", text)
	plain, err := load("", []string{"OUTREACH_DATABASE=x.db"})
	if err != nil {
		t.Fatal(err)
	}
	commented := regexp.MustCompile(`(?m)^( *)// ("\w+": .*)$`)
	shown := map[string]string{}
	open := commented.ReplaceAllStringFunc(text, func(line string) string {
		part := commented.FindStringSubmatch(line)
		if strings.Contains(part[2], `_file": "",`) && !strings.Contains(part[2], `"token_file"`) && !strings.Contains(part[2], `"dkim_key_file"`) {
			return line // in place of the value
		}
		return part[1] + part[2]
	})
	for name, file := range map[string]string{"as it is": text, "with everything": open} {
		c, err := load(write(t, "c.json", file), []string{"OUTREACH_DATABASE=x.db"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range c.settings() {
			given, ok := c.given[s.name]
			if name == "with everything" && (!ok || given.value != s.normal) && s.name != "database" {
				t.Errorf("%s is shown as %q, its default is %q", s.name, given.value, s.normal)
			}
			shown[s.name] = given.value
		}
		c.given, plain.given = nil, nil
		if diff := cmp.Diff(fmt.Sprintf("%+v", plain), fmt.Sprintf("%+v", c)); diff != "" {
			t.Errorf("%s it sets something (-default +now):\n%s", name, diff)
		}
	}
	if len(shown) != len(plain.settings()) {
		t.Errorf("%d of %d settings are shown", len(shown), len(plain.settings()))
	}
}

func TestTheEffectiveSettingsAreShownWithTheirOriginAndWithoutSecrets(t *testing.T) {
	file := write(t, "c.json", "{\n  // a comment\n  \"series\": \"XL\", \"secret\": \"hunter2\", \"sms\": {\"token_file\": \""+write(t, "token", "hunter3")+"\"},\n}")
	r := invoke(t, []string{"OUTREACH_OFFICE=UBND"}, "config", "--effective", "--config", file)
	r.want(t, exitOK, "OUTREACH_OFFICE", "[secret]", "not set", "c.json: sms.token_file")
	if !regexp.MustCompile(`(?m)^series +XL +.*c.json: series$`).MatchString(r.out) || !regexp.MustCompile(`(?m)^workers.poll +1s +default$`).MatchString(r.out) {
		t.Errorf("it says\n%s", r.out)
	}
	if strings.Contains(r.out+r.err, "hunter") {
		t.Errorf("it shows a secret:\n%s", r.out)
	}
	invoke(t, []string{"OUTREACH_MODE=loud"}, "config", "--effective").want(t, exitUsage, "OUTREACH_MODE: want live, pilot or dry-run")
}

func TestTheReadmeExplainsEverySetting(t *testing.T) {
	var b strings.Builder
	b.WriteString("<!-- settings: written by go test -run Readme -update -->\n| setting | environment | default | meaning |\n|---|---|---|---|\n")
	for _, s := range new(config).settings() {
		name, normal := "`"+s.name+"`", s.normal
		if s.secret {
			name += " *"
		}
		if normal != "" {
			normal = "`" + normal + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", name, s.variable(), normal, s.what)
	}
	b.WriteString("<!-- end of settings -->")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`(?s)<!-- settings: .*<!-- end of settings -->`)
	compare(t, "README.md", part.ReplaceAllLiteralString(string(readme), b.String()))
	for _, c := range commands() {
		if !strings.Contains(string(readme), "`"+c.name) {
			t.Errorf("the README does not know the command %s", c.name)
		}
	}
}

// district is a programme on a SQLite file with both providers.
type district struct {
	t    *testing.T
	env  []string
	mail *smtpsink.Sink
	sms  *smssink.Sink
}

func newDistrict(t *testing.T, redis string) *district {
	t.Helper()
	d := &district{t: t}
	var err error
	if d.mail, err = smtpsink.Start(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.mail.Close() })
	if d.sms, err = smssink.Start(&smssink.Options{Token: "s3cret"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.sms.Close() })
	texts := t.TempDir() // a text that needs nothing
	text := "fields:\n--- vi sms\nHVCS: {{recipient}} xem lịch.\n--- vi subject\nLịch\n--- vi text\nKính gửi {{recipient}}.\n--- vi item\nLịch\n" +
		"--- en sms\nSee.\n--- en subject\nSee\n--- en text\nSee.\n--- en item\nSee\n"
	if err := os.WriteFile(filepath.Join(texts, "calendar.ending.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.env = []string{
		"OUTREACH_DATABASE=" + filepath.Join(t.TempDir(), "outreach.db"), "OUTREACH_REDIS=redis://" + redis, "OUTREACH_SECRET=x",
		"OUTREACH_TEMPLATES=" + texts, "OUTREACH_LISTEN=127.0.0.1:0", "OUTREACH_WORKERS_CHECK=20ms", "OUTREACH_WORKERS_POLL=50ms",
		"OUTREACH_SMTP_ADDR=" + d.mail.Addr(), "OUTREACH_SMTP_TLS=none", "OUTREACH_SMTP_FROM=HVCS <hvcs@xuanloc.example>", "OUTREACH_SMTP_DOMAIN=xuanloc.example",
		"OUTREACH_SMS_URL=" + d.sms.URL(), "OUTREACH_SMS_SENDER=XUANLOC", "OUTREACH_SMS_TOKEN_FILE=" + write(t, "token", "s3cret\n"),
	}
	return d
}

// set changes one setting.
func (d *district) set(variable, value string) {
	d.env = slices.DeleteFunc(d.env, func(line string) bool { return strings.HasPrefix(line, variable+"=") })
	if value != "" {
		d.env = append(d.env, variable+"="+value)
	}
}

func (d *district) call(args ...string) result {
	d.t.Helper()
	return invoke(d.t, d.env, args...)
}

// fill makes the tables and commits notices that are due, by turns a mail and an
// SMS. They are critical: it may be night.
func (d *district) fill(n int) {
	d.t.Helper()
	d.call("migrate").want(d.t, exitOK)
	d.store(func(p *parts) {
		if err := outboxtest.People(d.t.Context(), p.store, n); err != nil {
			d.t.Fatal(err)
		}
		for i := range n {
			one := outboxtest.Notice(i, notify.Email, time.Now())
			one.Template, one.Priority, one.Vars = "calendar.ending", notify.Critical, nil
			if i%2 == 1 {
				one.Channel = notify.SMS
			}
			if err := outboxtest.Add(d.t.Context(), p.store, one); err != nil {
				d.t.Fatal(err)
			}
		}
	})
}

func (d *district) store(do func(*parts)) {
	d.t.Helper()
	p, err := configured("", d.env)
	if err != nil {
		d.t.Fatal(err)
	}
	defer p.close()
	do(p)
}

// lines collects what a program says while it runs.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var listening = regexp.MustCompile(`"msg":"listening","address":"([^"]+)"`)

// address waits until the program says where it listens.
func (l *lines) address(t *testing.T) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if found := listening.FindStringSubmatch(l.String()); found != nil {
			return "http://" + found[1]
		}
	}
	t.Fatalf("it does not listen:\n%s", l)
	return ""
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestItDeliversARealMailAndARealSMSAndStops(t *testing.T) {
	// A pool that has lost its server looks for it once a second, a last time
	// after it was closed.
	ignore := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")}
	t.Cleanup(func() { goleak.VerifyNone(t, ignore...) })
	mini := redistest.Mini(t)
	d := newDistrict(t, mini.Addr())
	d.fill(4)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var said lines
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"run"}, d.env, io.Discard, &said) }()

	mails, err := d.mail.Wait(2, 10*time.Second)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	messages, err := d.sms.Wait(2, 10*time.Second)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	if !slices.Contains([]string{outboxtest.Email(0), outboxtest.Email(2)}, mails[0].To[0]) || !strings.HasPrefix(messages[0].Text, "HVCS: Nguyen Thu Nghiem") {
		t.Errorf("went out: %v, %q", mails[0].To, messages[0].Text)
	}
	base := said.address(t)
	for path, part := range map[string]string{"/healthz": "ok", "/readyz": "ok"} {
		if status, body := get(t, base+path); status != http.StatusOK || !strings.Contains(body, part) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	parts := []string{
		`outreach_provider_calls_total{channel="email",outcome="accepted",provider="smtp"} 2`,
		`outreach_provider_calls_total{channel="sms",outcome="accepted",provider="sms"} 2`,
		`outreach_notices{state="dead"} 0`, `outreach_outbox_readable 1`, `outreach_oldest_due_seconds 0`, `outreach_clock_skew_seconds `, `go_goroutines`,
		`outreach_oldest_seconds{state="unknown"} 0`, `outreach_receipts_waiting 0`, `outreach_sms_segments_today 2`, `outreach_sms_segments_budget 0`,
		`outreach_breaker_open{channel="sms",provider="sms"} 0`, `outreach_provider_weight{channel="email",provider="smtp"} 1`, `outreach_provider_paused{channel="sms",provider="sms"} 0`,
		`outreach_notice_moves_total{channel="sms",state="accepted"} 2`, `outreach_notice_moves_total{channel="email",state="queued"} 2`,
		`outreach_accept_seconds_count{channel="sms"} 2`, `outreach_redis_readable 1`, `outreach_queue_tasks{queue="outreach:sms:critical",state="pending"} 0`,
		`outreach_queue_latency_seconds{queue="outreach:email:bulk"} 0`, `outreach_mode{mode="live"} 1`, `outreach_provider_call_seconds_count{channel="sms",provider="sms"} 2`,
	}
	var body string
	told := func() bool { // the outbox is counted every so often, answers a moment after the providers have the messages
		_, body = get(t, base+"/metrics")
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(body, part) })
	}
	for end := time.Now().Add(60 * time.Second); !told() && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
	}
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("the metrics lack %s", part)
		}
	}
	mini.Close()
	if status, body := get(t, base+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "redis does not answer") {
		t.Errorf("without Redis it is ready: %d %s", status, body)
	}
	if err := mini.Restart(); err != nil {
		t.Fatal(err)
	}
	stop()
	select {
	case code := <-ended:
		if code != exitOK {
			t.Errorf("ended with %d:\n%s", code, &said)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
	for i := range 4 {
		for _, about := range []string{outboxtest.Name(i), outboxtest.Phone(i), outboxtest.Email(i), "s3cret"} {
			if strings.Contains(said.String(), about) {
				t.Errorf("the log holds %q", about)
			}
		}
	}
	r := d.call("outbox")
	r.want(t, exitOK, "accepted     4")
	if strings.Contains(r.out, "n-00000") { // alarms of the calendar depend on today's date
		t.Errorf("one of the four wants somebody:\n%s", r.out)
	}
}

func TestARealProcessStopsOnSIGTERMAndEndsWith0(t *testing.T) {
	d := newDistrict(t, redistest.Server(t).Addr)
	d.fill(2)
	process := exec.Command(os.Args[0], "run")
	process.Env = append(slices.Clone(d.env), beMain+"=1")
	var said lines
	process.Stderr = &said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	if _, err := d.sms.Wait(1, 20*time.Second); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &said)
	}
	if !strings.Contains(said.String(), `"msg":"stopped"`) {
		t.Errorf("it did not stop in order:\n%s", &said)
	}
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	mini := redistest.Mini(t)
	d := newDistrict(t, mini.Addr())
	d.call("run").want(t, exitFailed, "there is no database", "migrate")
	d.fill(0)
	d.set("OUTREACH_TABLE_PREFIX", "other_")
	d.call("run").want(t, exitFailed, "the tables lack", "migrate")
	d.set("OUTREACH_TABLE_PREFIX", "")
	mini.Close()
	d.call("run").want(t, exitFailed, "redis does not answer")
}

func TestChannelsWithoutAProviderAreLoggedAndWarnedOf(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(2)
	for _, variable := range []string{"OUTREACH_SMTP_ADDR", "OUTREACH_SMTP_FROM", "OUTREACH_SMS_URL", "OUTREACH_SMS_SENDER", "OUTREACH_SMS_TOKEN_FILE"} {
		d.set(variable, "")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var said lines
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"run"}, d.env, io.Discard, &said) }()
	for end := time.Now().Add(10 * time.Second); strings.Count(said.String(), `"msg":"notice"`) < 2 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	stop()
	<-ended
	if n := strings.Count(said.String(), "LOGGED AND REACH NOBODY"); n != 2 || strings.Count(said.String(), `"msg":"notice"`) != 2 {
		t.Errorf("%d warnings:\n%s", n, &said)
	}
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "outreach.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			env := []string{"OUTREACH_DATABASE=" + database(t)}
			invoke(t, env, "migrate").want(t, exitOK, "Applied:")
			invoke(t, env, "migrate").want(t, exitOK, "nothing was changed")
			invoke(t, env, "outbox").want(t, exitOK, "total", "Nothing to list.")
		})
	}
}

// what changes from run to run.
var varying = regexp.MustCompile(`\d+, some from \S+|\d+(\.\d+)?(µs|ms|s)\b|\d+\.\d+\.\d+\.\d+:\d+|\d+\.\d+\.\d+`)

func TestTheDoctorSaysOfEachThingWhetherItWillDo(t *testing.T) {
	redis := redistest.Start(t, nil)
	d := newDistrict(t, redis.Addr)
	d.set("OUTREACH_CALENDAR", write(t, "calendar.json", `{"id": "VN-XL", "version": 3, "coverage": {"from": "2016-01-01", "to": "2099-12-31"}}`))
	r := d.call("doctor")
	r.want(t, exitFailed, "FAIL  database", "there is no database")
	d.call("migrate").want(t, exitOK)
	r = d.call("doctor")
	r.want(t, exitOK)
	golden(t, "doctor.txt", varying.ReplaceAllString(r.out, "#"))

	d.set("OUTREACH_CALENDAR", "2017")
	d.set("OUTREACH_SECRET", "")
	d.set("OUTREACH_SMTP_ADDR", "")
	d.set("OUTREACH_SMTP_FROM", "")
	d.sms.Close()
	redis.Stop()
	d.call("doctor").want(t, exitFailed, "FAIL  redis", "FAIL  calendar", "every deadline is provisional", "no secret is set",
		"warn  mail", "FAIL  sms", "3 of")
}

func TestTheDoctorLooksAtPostgresAndItsClock(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.set("OUTREACH_DATABASE", pgtest.Database(t))
	d.call("doctor").want(t, exitFailed, "ok    database       postgres", "FAIL  tables")
	d.call("migrate").want(t, exitOK)
	// The server of the tests is as quick, and as careless, as can be.
	d.call("doctor").want(t, exitFailed, "ok    tables", "ok    clock          within", "warn  redis",
		"FAIL  postgres       fsync is off", "-> set fsync = on", "warn  postgres       synchronous_commit is off")
}

func TestTheOutboxShowsWhatNeedsSomebodyAndRetrySendsItAgain(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(6)
	d.store(func(p *parts) {
		err := p.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			admin := org.Holding{ID: "admin", Person: outboxtest.Person(5), Role: org.Admin, Valid: calendar.Period{From: calendar.MustDate(2017, time.January, 1)}}
			return tx.PutHolding(ctx, &admin)
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, change := range []func(*notify.Notice) error{
			func(n *notify.Notice) error { return n.Kill("attempts used up", time.Now()) },
			func(n *notify.Notice) error { return n.Fail("no address on this channel", time.Now()) },
			func(n *notify.Notice) error { n.NextAt = time.Now().Add(-time.Hour); return nil }, // long overdue
		} {
			amend(t, p, outboxtest.ID(i), change)
		}
	})
	r := d.call("outbox")
	r.want(t, exitOK, "dead         1", "failed       1", "pending      4", "total        6", "n-000000  dead", "n-000001  failed", "n-000002  pending")
	if strings.Contains(r.out, "n-000003") {
		t.Error("it lists a notice that needs nobody")
	}
	for _, about := range []string{outboxtest.Name(0), outboxtest.Phone(1), outboxtest.Email(0), string(outboxtest.Person(0))} {
		if strings.Contains(r.out, about) {
			t.Errorf("it shows %s", about)
		}
	}
	r = d.call("outbox", "--state", "failed", "--limit", "1")
	r.want(t, exitOK, "n-000001")
	if strings.Contains(r.out, "n-000000") {
		t.Error("it lists another state")
	}
	d.call("outbox", "--state", "lost").want(t, exitUsage, `no state "lost"`)
	d.call("outbox", "--limit", "0").want(t, exitUsage, "positive")

	d.call("retry", "n-000000").want(t, exitUsage, "say why")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(5))).want(t, exitUsage, "ids, or say which")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(5)), "--state", "dead", "n-000000").want(t, exitUsage, "ids, or say which")
	d.call("retry", "--why", "repaired", "n-000000").want(t, exitUsage, "--as")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(0)), "n-000000").want(t, exitFailed, "notice.manage")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(5)), "n-000099").want(t, exitFailed, "n-000099", "not found")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(5)), "n-000003").want(t, exitFailed, "notice.retry.state")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(5)), "n-000000").want(t, exitOK, "Sent again: 1")
	d.call("retry", "--why", "repaired", "--as", string(outboxtest.Person(5)), "--state", "failed").want(t, exitOK, "Sent again: 1")
	d.store(func(p *parts) {
		err := p.store.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			records, err := tx.Records(ctx, event.Query{Subject: notify.ID("n-000000").Subject()})
			if len(records) != 1 || records[0].Actor != string(outboxtest.Person(5)) {
				t.Errorf("the journal says of the retry: %+v", records)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	d.call("outbox").want(t, exitOK, "pending      6", "dead         0", "failed       0")
}

func TestAnOperatorShowsCancelsAndReroutesNotices(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(4)
	admin := string(outboxtest.Person(3))
	d.store(func(p *parts) {
		err := p.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return tx.PutHolding(ctx, &org.Holding{ID: "admin", Person: outboxtest.Person(3), Role: org.Admin, Valid: calendar.Period{From: calendar.MustDate(2017, time.January, 1)}})
		})
		if err != nil {
			t.Fatal(err)
		}
		amend(t, p, outboxtest.ID(0), func(n *notify.Notice) error { return n.Kill("attempts used up", time.Now()) })
	})
	r := d.call("show", "n-000000")
	r.want(t, exitOK, "state         dead", "why           attempts used up")
	if strings.Contains(r.out, outboxtest.Phone(0)) {
		t.Error("it shows a number")
	}
	d.call("show", "n-000099").want(t, exitFailed, "not found")
	d.call("cancel", "--as", admin, "n-000001").want(t, exitUsage, "--why")
	d.call("cancel", "--as", string(outboxtest.Person(0)), "--why", "x", "n-000001").want(t, exitFailed, "notice.manage")
	d.call("cancel", "--as", admin, "--why", "called off", "n-000001").want(t, exitOK, "Cancelled: 1")
	d.call("reroute", "--as", admin, "--why", "x", "n-000000").want(t, exitUsage, "--by")
	d.call("retry", "--as", admin, "--why", "x", "--state", "dead", "--dry-run").want(t, exitOK, "Would be sent again: 1")
	d.call("reroute", "--as", admin, "--why", "no number", "--by", "paper_task", "n-000000").want(t, exitOK, "Sent by paper_task: 1")
	d.call("outbox", "--channel", "paper_task", "--state", "pending").want(t, exitOK, "paper_task")
	d.call("outbox", "--state", "dead", "--older", "24h").want(t, exitOK, "Nothing to list")
	d.call("outbox", "--state", "dead", "--older", "1ns").want(t, exitOK, "n-000000")
}

// After an outage an operator acts on what it left by its reason, looks first what
// that would be, and finds each decision in the journal.
func TestAnOperatorActsOnManyNoticesAndLooksBefore(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(9)
	admin := d.admin(8)
	d.store(func(p *parts) {
		for i := range 6 { // mails and SMS by turns
			why := "attempts used up; rejected_transient 451"
			if i >= 4 {
				why = "attempts used up; not_sent"
			}
			amend(t, p, outboxtest.ID(i), func(n *notify.Notice) error { n.Provider = "smtp"; return n.Kill(why, time.Now()) })
		}
	})
	lists := func(r result, want ...int) {
		t.Helper()
		r.want(t, exitOK)
		for i := range 9 {
			if got := strings.Contains(r.out, string(outboxtest.ID(i))); got != slices.Contains(want, i) {
				t.Errorf("notice %d is listed: %v\n%s", i, got, r.out)
			}
		}
	}
	lists(d.call("outbox", "--class", "rejected_transient"), 0, 1, 2, 3)
	lists(d.call("outbox", "--class", "not_sent", "--channel", "sms", "--provider", "smtp"), 5)
	lists(d.call("outbox", "--provider", "esms"))
	lists(d.call("outbox", "--class", "rejected_transient", "--limit", "2"), 0, 1)
	d.call("outbox", "--class", "bad").want(t, exitUsage, `no class "bad"`)

	do := []string{"--as", admin, "--why", "after the outage"}
	with := func(command string, args ...string) result {
		return d.call(append(append([]string{command}, do...), args...)...)
	}
	with("retry", "--class", "not_sent", "--dry-run").want(t, exitOK, "Would be sent again: 2, at most 100", "1  calendar.ending by email, dead", "1  calendar.ending by sms, dead")
	with("retry", "--dry-run", "n-000000").want(t, exitUsage, "--dry-run")
	with("retry", "--class", "not_sent", "--limit", "1001").want(t, exitFailed, "notice.retry.limit")
	d.call("retry", "--as", string(outboxtest.Person(0)), "--why", "x", "--class", "not_sent").want(t, exitFailed, "notice.manage")
	with("retry", "--class", "not_sent", "--limit", "1").want(t, exitOK, "Sent again: 1")
	lists(d.call("outbox", "--class", "not_sent"), 5)
	with("reroute", "--by", "email", "--class", "rejected_transient", "--dry-run").want(t, exitOK, "Would be sent by email: 2", "2  calendar.ending by sms, dead")
	with("reroute", "--by", "email", "--class", "rejected_transient").want(t, exitOK, "Sent by email: 2")
	with("cancel", "--template", "calendar.ending", "--channel", "sms", "--dry-run").want(t, exitOK, "Would be cancelled: 1", "1  calendar.ending by sms, pending")
	with("cancel", "--template", "calendar.ending", "--channel", "sms").want(t, exitOK, "Cancelled: 1")
	lists(d.call("outbox", "--state", "cancelled"), 7)
	kinds := map[string]int{}
	d.store(func(p *parts) {
		err := p.store.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			for i := range 9 {
				records, err := tx.Records(ctx, event.Query{Subject: outboxtest.ID(i).Subject()})
				if err != nil {
					return err
				}
				for _, r := range records {
					if r.Actor != admin || r.Why != "after the outage" {
						t.Errorf("the journal: %+v", r)
					}
					kinds[r.Kind]++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if want := map[string]int{"notice.retried": 1, "notice.rerouted": 2, "notice.withdrawn": 1}; !maps.Equal(kinds, want) {
		t.Errorf("the journal holds %v, want %v", kinds, want)
	}
}

// A number that was wrong is put right, and what did not arrive follows, without
// anybody's number on a command line, in an answer or in the journal.
func TestAnOperatorRepairsHowSomebodyIsReached(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(4)
	admin, person := d.admin(3), string(outboxtest.Person(1))
	d.store(func(p *parts) {
		err := p.system.Update(t.Context(), org.Actor{Person: outboxtest.Person(3)}, func(ctx context.Context, w *core.Work) error {
			return w.Notices.Bar(ctx, notify.SMS, outboxtest.Phone(1), "bounced 108")
		})
		if err != nil {
			t.Fatal(err)
		}
		amend(t, p, outboxtest.ID(1), func(n *notify.Notice) error {
			n.Person = outboxtest.Person(1)
			return n.Suppress("address barred: bounced 108", time.Now())
		})
	})
	d.call("contact", person).want(t, exitOK, "sms      known    bounced 108", "lifted", "email    known    no")
	do := func(args ...string) result {
		return d.call(append(append([]string{"contact", "--as", admin, "--why", "the number was mistyped"}, args...), person)...)
	}
	d.call("contact").want(t, exitUsage, "one person")
	d.call("contact", "--lift", person).want(t, exitUsage, "--channel")
	d.call("contact", "--lift", "--channel", "sms", person).want(t, exitUsage, "--why")
	d.call("contact", "--channel", "sms", "--lift", "--as", person, "--why", "x", person).want(t, exitFailed, "notice.manage")
	d.call("contact", "nobody").want(t, exitFailed, "not found")
	do("--channel", "sms", "--new", write(t, "number", "0912\n0913\n")).want(t, exitUsage, "one line")
	do("--channel", "sms", "--new", write(t, "number", "hello")).want(t, exitUsage, "vietnam.phone")
	do("--channel", "sms", "--new", write(t, "number", "0251 387 1113")).want(t, exitUsage, "no SMS")
	do("--channel", "sms", "--new", filepath.Join(t.TempDir(), "nothing")).want(t, exitUsage, "nothing")
	const fresh = "+84900009999"
	r := do("--channel", "sms", "--new", write(t, "number", "0900 009 999\n"), "--retry")
	r.want(t, exitOK, "Sent again: 1", "sms      known    no")
	do("--channel", "email", "--new", write(t, "mailbox", "moi@xuanloc.example\n")).want(t, exitOK, "email    known    no")
	d.store(func(p *parts) {
		err := p.store.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
			who, err := tx.Person(ctx, org.PersonID(person))
			if err != nil {
				return err
			}
			if who.Phone != fresh || who.Email != "moi@xuanloc.example" {
				t.Errorf("the directory has %s, %s", who.Phone, who.Email)
			}
			records, err := tx.Records(ctx, event.Query{})
			for _, one := range records {
				if strings.Contains(string(one.Data)+one.Why, "009999") || strings.Contains(string(one.Data), "moi@") {
					t.Errorf("the journal shows an address: %+v", one)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if strings.Contains(r.out+r.err, "009999") || strings.Contains(r.out, outboxtest.Phone(1)) {
		t.Errorf("it shows a number: %s", r.out)
	}
	do("--channel", "sms", "--lift").want(t, exitOK, "sms      known    no")
}

func TestAnOperatorSeesAndWeighsProviders(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(1)
	d.call("providers").want(t, exitOK, "No provider is registered")
	admin := string(outboxtest.Person(0))
	d.store(func(p *parts) {
		err := errors.Join(p.system.Register(t.Context(), notify.Provider{Name: "esms", Channel: notify.SMS, Weight: 1, Rate: 2}),
			p.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				return tx.PutHolding(ctx, &org.Holding{ID: "admin", Person: outboxtest.Person(0), Role: org.Admin, Valid: calendar.Period{From: calendar.MustDate(2017, time.January, 1)}})
			}))
		if err != nil {
			t.Fatal(err)
		}
	})
	d.call("providers").want(t, exitOK, "Mode: live", "esms", "2/s", "closed")
	d.call("providers", "--mode", "pilot").want(t, exitUsage, "--why")
	d.call("providers", "--mode", "loud", "--as", admin, "--why", "x").want(t, exitFailed, "notice.mode.unknown")
	d.call("providers", "--weigh", "esms=x", "--as", admin, "--why", "x").want(t, exitUsage, "NAME=N")
	d.call("providers", "--weigh", "esms=7").want(t, exitUsage, "--why")
	d.call("providers", "--open", "esms", "--as", admin, "--why", "works tonight").want(t, exitOK, "OPEN", "works tonight")
	d.call("providers", "--close", "esms", "--as", admin, "--why", "done").want(t, exitOK, "closed")
	d.call("providers", "--weigh", "other=1", "--as", admin, "--why", "x").want(t, exitFailed, "not found")
}

func TestAPreviewSaysWhatATextCosts(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.call("preview", "provider.down", "provider=esms").want(t, exitOK, "esms", "<channel>", "without marks  1 parts", "with marks")
	d.call("preview", "provider.down", "--lang", "en").want(t, exitUsage, "FIELD=VALUE")
	d.call("preview", "--lang", "en", "--channel", "email", "provider.down").want(t, exitOK, "takes no messages")
	d.call("preview", "nothing").want(t, exitUsage, "provider.down")
	d.call("preview", "provider.down", "who=x").want(t, exitUsage, "FIELD=VALUE")
}

func TestTheOutboxIsCountedOnceHoweverManyAsk(t *testing.T) {
	asked, now := 0, time.Now()
	c := newOutboxCollector(&parts{})
	c.now = func() time.Time { return now }
	c.count = func(context.Context) (outboxState, error) {
		asked++
		return outboxState{notices: map[notify.State]int{notify.Dead: asked}}, nil
	}
	for range 5 {
		if _, err := c.read(); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times within a moment", asked)
	}
	now = now.Add(cacheFor)
	if s, err := c.read(); err != nil || asked != 2 || s.notices[notify.Dead] != 2 {
		t.Errorf("asked %d times in all, got %v, %v", asked, s, err)
	}
}

func TestEveryStateOfANoticeIsCounted(t *testing.T) {
	all := map[notify.State]bool{}
	for _, a := range notify.Transitions() {
		all[a.From], all[a.To] = true, true
	}
	for _, s := range states() {
		delete(all, s)
	}
	if len(all) > 0 {
		t.Errorf("missing: %v", slices.Collect(maps.Keys(all)))
	}
}

// amend changes a notice in the store.
func amend(t *testing.T, p *parts, id notify.ID, change func(*notify.Notice) error) {
	t.Helper()
	err := p.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		n, err := tx.Notice(ctx, id)
		if err != nil {
			return err
		}
		if err := change(&n); err != nil {
			return err
		}
		return tx.PutNotices(ctx, []*notify.Notice{&n})
	})
	if err != nil {
		t.Fatal(err)
	}
}
