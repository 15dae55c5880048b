package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscale/hujson"

	"github.com/huongvecoso/outreach/adapters/pgwake"
	"github.com/huongvecoso/outreach/adapters/smtpmail"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// config is what the operator decided, with every default filled in.
type config struct {
	Database    string // postgres:// URL, or the path of a SQLite file
	Schema      string
	Notify      string // PostgreSQL channel; off: none
	TablePrefix string
	Redis       string
	Policy      string
	Calendar    string
	Templates   string
	Office      string // how the programme names itself
	Hotline     string
	Series      string
	Secret      string
	Listen      string
	LogLevel    slog.Level
	Workers     workersfx.Config
	Sending     modeConfig
	Limits      limitConfig
	SMTP        smtpmail.Config
	Mail        mailConfig
	MailShare   shareConfig
	SMS         smsConfig
	SMPP        smppConfig
	Receipts    receiptConfig

	warnings []string
	given    map[string]origin // by the setting's name
}

// origin is what was given for a setting, and where.
type origin struct{ value, from string }

// smsConfig is a gateway: described by a file, or the generic one.
type smsConfig struct {
	Gateway []string
	Share   shareConfig
	URL     string
	Sender  string
	Token   string
	Timeout time.Duration
	Tokens  string
}

// receiptConfig is where providers tell what became of messages.
type receiptConfig struct {
	Listen    string
	Forwarded string
}

// setting is one thing the operator may decide: by its name in the file, or by
// its variable in the environment, which counts more.
type setting struct {
	name    string // "smtp.addr"
	normal  string // the default, as it would be written
	secret  bool   // may come from a file of its own: "…_file", "…_FILE"
	what    string // one line for the operator
	example string // how the example file shows it; empty: not there
	rare    bool   // a secret that the example does without
	set     func(string) error
}

// variable is the setting's name in the environment: OUTREACH_SMTP_ADDR.
func (s setting) variable() string {
	return "OUTREACH_" + strings.ToUpper(strings.ReplaceAll(s.name, ".", "_"))
}

// settings are all there are, in the order in which they are explained. This
// table is their only home: file, environment, help and example follow from it.
func (c *config) settings() []setting {
	all := []setting{
		{name: "database", secret: true, set: text(&c.Database),
			what:    "postgres:// URL, or the path of a SQLite file for one machine",
			example: "postgres://outreach@db.xuanloc.example/outreach?sslmode=verify-full"},
		{name: "schema", set: text(&c.Schema), what: "PostgreSQL schema of the tables, where it is not the user's own"},
		{name: "notify", normal: pgwake.Channel, set: text(&c.Notify),
			what: "PostgreSQL channel on which processes tell each other of new notices; off: none, as behind a pooler without LISTEN"},
		{name: "table_prefix", normal: "outreach_", set: text(&c.TablePrefix), what: "beginning of the names of all tables"},
		{name: "redis", normal: "redis://127.0.0.1:6379/0", secret: true, set: text(&c.Redis),
			what:    "redis:// or rediss:// URL; with ?master_name=… that of a Sentinel, with ?addr=… those of nodes of a Cluster; imitation: one in the process, for a first look",
			example: "redis://127.0.0.1:6379/0"},
		{name: "policy", set: text(&c.Policy), what: "JSON file with the programme's numbers. Without one: the standard policy"},
		{name: "calendar", set: text(&c.Calendar), example: "2026",
			what: "years of the official days off (2026, 2025-2026) or a JSON file of the district's own. Without: all years known"},
		{name: "templates", set: text(&c.Templates), what: "folder with texts that take the place of the programme's own"},
		{name: "office", normal: "UBND huyện", set: text(&c.Office), what: "how messages to citizens name the sender", example: "UBND huyện Xuân Lộc"},
		{name: "hotline", set: text(&c.Hotline), what: "number citizens are asked to call", example: "1900 0000"},
		{name: "series", normal: "HVCS", set: text(&c.Series), what: "how codes of issues begin", example: "XL"},
		{name: "secret", secret: true, set: text(&c.Secret),
			what: "key of the hashes that stand for addresses: long, random, the same for every process of the programme"},
		{name: "listen", normal: "127.0.0.1:9464", set: text(&c.Listen), what: "address of /healthz, /readyz and /metrics; off: none", example: "127.0.0.1:9464"},
		{name: "log_level", normal: "info", set: level(&c.LogLevel), what: "debug, info, warn or error", example: "info"},
	}
	all = append(all, c.Sending.settings()...)
	all = append(all, []setting{
		{name: "workers.owner", set: text(&c.Workers.Owner), what: "name of this process, unique among all. Without: host, process and a random part"},
		{name: "workers.prefix", normal: "outreach", set: text(&c.Workers.Prefix), what: "beginning of the names of the queues"},
		{name: "workers.concurrency", normal: "4", set: number(&c.Workers.Concurrency), what: "tasks at once on each channel", example: "4"},
		{name: "workers.urgent", normal: "16", set: number(&c.Workers.Urgent), what: "critical notices at once on each channel, beside those tasks", example: "16"},
		{name: "workers.group", normal: "50", set: number(&c.Workers.Group), what: "notices in one task; critical ones travel alone", example: "50"},
		{name: "workers.check", normal: "200ms", set: duration(&c.Workers.Check), what: "how often an idle worker looks for tasks of which no relay told it"},
		{name: "workers.poll", normal: "1s", set: duration(&c.Workers.Poll), what: "how often the outbox is looked into"},
		{name: "workers.sweep", normal: "15s", set: duration(&c.Workers.Sweep), what: "how often time-driven rules are looked at; negative: never"},
		{name: "workers.recover", normal: "30s", set: duration(&c.Workers.Recover), what: "how often what got stuck is looked for"},
		{name: "workers.window", normal: "20000", set: number(&c.Workers.Window), what: "notices of one channel in Redis at once, at most; begins small and follows the pace of the provider"},
		{name: "workers.watch", normal: "1m", set: duration(&c.Workers.Watch), what: "how often it is looked whether delivery is in order; administrators are told when not. Negative: never"},
		{name: "workers.shutdown", normal: "30s", set: duration(&c.Workers.Shutdown), what: "how long a stop waits for calls under way"},
		{name: "workers.standby", set: list(&c.Workers.Standby), what: "providers of weight 0 in the order in which they are asked when no other will do, with commas. Without: by name"},
	}...)
	all = append(all, c.breakerSettings()...)
	all = append(all, []setting{
		{name: "smtp.addr", set: text(&c.SMTP.Addr), what: "host:port of the mail relay. Without: mails are logged and not sent", example: "mail.xuanloc.example:587"},
		{name: "smtp.tls", normal: "starttls", set: text(&c.SMTP.TLS), what: "starttls, implicit, or none for a relay on this machine", example: "starttls"},
		{name: "smtp.username", set: text(&c.SMTP.Username), what: "login at the relay", example: "hvcs"},
		{name: "smtp.password", secret: true, set: text(&c.SMTP.Password), what: "password at the relay"},
		{name: "smtp.from", set: text(&c.SMTP.From), what: "mailbox that readers see and answer to", example: "UBND huyện Xuân Lộc <vanphong@xuanloc.example>"},
		{name: "smtp.return_path", set: text(&c.SMTP.ReturnPath), what: "mailbox for bounces; {{notice}} and {{attempt}} in it are replaced"},
		{name: "smtp.domain", set: text(&c.SMTP.Domain), what: "the office's own domain, for the ids of mails", example: "xuanloc.example"},
		{name: "smtp.helo", set: text(&c.SMTP.HELO), what: "name of this machine towards the relay. Without: the domain"},
		{name: "smtp.dsn", normal: "false", set: boolean(&c.SMTP.DSN), what: "ask the relay to report failures to return_path"},
		{name: "smtp.dsn_success", normal: "false", set: boolean(&c.SMTP.DSNSuccess), what: "ask it to report success as well: one mail to return_path for each that went out"},
		{name: "smtp.foreign", normal: "refuse", set: text(&c.SMTP.Foreign), what: "mailboxes outside ASCII: refuse, ascii (their domain is written in ASCII) or smtputf8"},
		{name: "smtp.list_id", set: text(&c.SMTP.ListID), what: "name of the stream of mails, by which readers sort: written like a domain"},
		{name: "smtp.unsubscribe", set: text(&c.SMTP.Unsubscribe), what: "mailto: or https: address for citizens who want no more mails"},
		{name: "smtp.window", normal: "1", set: number(&c.SMTP.Window), what: "mails under way at once on one connection, where the relay offers PIPELINING"},
		{name: "smtp.insecure", normal: "false", set: boolean(&c.SMTP.Insecure), what: "allow tls none to another machine"},
		{name: "smtp.timeout", normal: "20s", set: duration(&c.SMTP.Timeout), what: "the most one mail may take"},
		{name: "smtp.connections", normal: "8", set: number(&c.SMTP.MaxConns), what: "connections to the relay at once"},
	}...)
	all = append(all, c.MailShare.settings("smtp", "mails", false)...)
	all = append(all, c.mailSettings()...)
	all = append(all, []setting{
		{name: "sms.url", set: text(&c.SMS.URL), what: "https:// address of a generic gateway. Without it and a gateway: SMS are logged and not sent",
			example: "https://sms.xuanloc.example/send"},
		{name: "sms.sender", set: text(&c.SMS.Sender), what: "registered sender name (brandname)", example: "XUANLOC"},
		{name: "sms.token", secret: true, set: text(&c.SMS.Token), what: "bearer token at the gateway"},
		{name: "sms.gateway", set: list(&c.SMS.Gateway), what: "JSON file that describes any other gateway; url, sender and token, where given, count more. Several gateways: their files, with commas"},
		{name: "sms.timeout", normal: "10s", set: duration(&c.SMS.Timeout), what: "the most one SMS may take, where the gateway's file does not say"},
		{name: "sms.tokens", set: text(&c.SMS.Tokens), what: "folder with NAME.token, for a gateway whose refresh token works once (Zalo ZNS). Copies on several machines share the folder"},
	}...)
	all = append(all, c.SMS.Share.settings("sms", "segments", true)...)
	all = append(all, c.Limits.settings()...)
	all = append(all, c.SMPP.settings()...)
	return append(all, []setting{
		{name: "receipts.listen", normal: "off", set: text(&c.Receipts.Listen),
			what: "address of /receipts/GATEWAY/SECRET, behind a proxy with TLS, where gateways tell what became of messages; off: none"},
		{name: "receipts.forwarded", set: text(&c.Receipts.Forwarded), what: "header in which that proxy names the caller, such as X-Forwarded-For"},
	}...)
}

func text[T ~string](at *T) func(string) error {
	return func(s string) error { *at = T(s); return nil }
}

func number(at *int) func(string) error {
	return func(s string) (err error) {
		if *at, err = strconv.Atoi(s); err != nil {
			return errors.New("want a whole number")
		}
		return nil
	}
}

func boolean(at *bool) func(string) error {
	return func(s string) (err error) {
		if *at, err = strconv.ParseBool(s); err != nil {
			return errors.New("want true or false")
		}
		return nil
	}
}

func duration(at *time.Duration) func(string) error {
	return func(s string) (err error) {
		if *at, err = time.ParseDuration(s); err != nil {
			return errors.New("want a time with its unit, such as 30s or 5m")
		}
		return nil
	}
}

func level(at *slog.Level) func(string) error {
	return func(s string) error {
		if at.UnmarshalText([]byte(s)) != nil {
			return errors.New("want debug, info, warn or error")
		}
		return nil
	}
}

// faults are the mistakes of a configuration, all of them.
type faults []string

func (f faults) Error() string { return strings.Join(f, "\n") }

func (f *faults) add(where, format string, args ...any) {
	if where != "" {
		where += ": "
	}
	*f = append(*f, where+fmt.Sprintf(format, args...))
}

// load reads the file, which may be none, and then the environment, given as
// "NAME=value" lines. It returns all mistakes at once. No value of a secret is
// ever part of a message.
func load(path string, environment []string) (*config, error) {
	c := &config{given: map[string]origin{}}
	var wrong faults
	given := map[string]string{} // by name
	from := map[string]string{}  // where a name was given, for messages
	if path != "" {
		readFile(path, given, from, &wrong)
	}
	settings := c.settings()
	c.warnings = readEnvironment(settings, environment, given, from)
	for _, s := range settings {
		value, ok := given[s.name]
		if file := given[s.name+"_file"]; s.secret && file != "" {
			if ok {
				wrong.add(from[s.name+"_file"], "%s is given twice, as a value and as a file", s.name)
			}
			content, err := os.ReadFile(file)
			if err != nil {
				wrong.add(from[s.name+"_file"], "%v", err)
				continue
			}
			value, ok = strings.TrimSpace(string(content)), true
			from[s.name] = from[s.name+"_file"] + " " + file
		}
		if ok {
			c.given[s.name] = origin{value, from[s.name]}
		}
		if !ok {
			value = s.normal
		}
		if value == "" {
			continue
		}
		if err := s.set(value); err != nil {
			wrong.add(cmp.Or(from[s.name], s.name), "%s", s.mistake(err, value))
			_ = s.set(s.normal) // what follows from the mistake is not told as well
		}
	}
	known := names(settings)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known[name] {
			wrong.add(from[name], "there is no such setting%s", nearest(name, known))
		}
	}
	if len(wrong) > 0 {
		return c, wrong
	}
	return c, nil
}

// mistake is an error with the value that it is about, where that may be shown.
func (s setting) mistake(err error, value string) string {
	if s.secret || errors.As(err, new(unshown)) {
		return err.Error()
	}
	return fmt.Sprintf("%v, not %q", err, value)
}

func names(settings []setting) map[string]bool {
	known := map[string]bool{}
	for _, s := range settings {
		known[s.name] = true
		if s.secret {
			known[s.name+"_file"] = true
		}
	}
	return known
}

// nearest proposes a name that differs by its section, its case or its
// underscores only.
func nearest(name string, known map[string]bool) string {
	plain := func(s string) string {
		return strings.ToLower(strings.ReplaceAll(s[strings.LastIndexByte(s, '.')+1:], "_", ""))
	}
	for _, one := range slices.Sorted(maps.Keys(known)) {
		if plain(one) == plain(name) {
			return ": do you mean " + one + "?"
		}
	}
	return ""
}

// readEnvironment adds the variables to what is given. A variable that looks
// like ours and is none is only warned of: others may use the prefix.
func readEnvironment(settings []setting, environment []string, given, from map[string]string) (warnings []string) {
	byVariable := map[string]string{"OUTREACH_CONFIG": ""}
	for _, s := range settings {
		byVariable[s.variable()] = s.name
		if s.secret {
			byVariable[s.variable()+"_FILE"] = s.name + "_file"
		}
	}
	for _, line := range environment {
		variable, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(variable, "OUTREACH_") {
			continue
		}
		name, known := byVariable[variable]
		switch {
		case !known:
			warnings = append(warnings, variable+" is no setting of this program")
		case name != "":
			base := strings.TrimSuffix(name, "_file") // the environment outweighs either form in the file
			for _, other := range []string{base, base + "_file"} {
				if !strings.HasPrefix(from[other], "OUTREACH_") {
					delete(given, other)
				}
			}
			given[name], from[name] = value, variable
		}
	}
	return warnings
}

// readFile reads the settings of a JSON file: nested objects of plain values.
func readFile(path string, given, from map[string]string, wrong *faults) {
	data, err := os.ReadFile(path)
	if err != nil {
		wrong.add("--config", "%v", err)
		return
	}
	plain, err := hujson.Standardize(bytes.Clone(data)) // comments and commas too many become blanks
	if err != nil {
		plain = data // and the decoder says where
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.UseNumber()
	r := reader{dec: dec, path: path, given: given, from: from, wrong: wrong}
	if err := r.begin(); err != nil {
		line := 1 + bytes.Count(data[:min(int(dec.InputOffset()), len(data))], []byte("\n"))
		wrong.add(fmt.Sprintf("%s, line %d", path, line), "this is not the JSON that is expected: %v", err)
	}
}

// reader walks through a JSON file token by token, so that a name that stands
// twice is seen.
type reader struct {
	dec         *json.Decoder
	path        string
	given, from map[string]string
	wrong       *faults
}

func (r reader) begin() error {
	token, err := r.dec.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return errors.New("want an object { … }")
	}
	if err := r.object(""); err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

func (r reader) object(section string) error {
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return err
		}
		name := section + fmt.Sprint(token)
		if token, err = r.dec.Token(); err != nil {
			return err
		}
		switch value := token.(type) {
		case json.Delim:
			if value != '{' {
				return fmt.Errorf("%s is a list; no setting is one", name)
			}
			if err := r.object(name + "."); err != nil {
				return err
			}
		case nil:
			r.wrong.add(r.path, "%s is null; leave it out", name)
		default:
			if _, twice := r.given[name]; twice {
				r.wrong.add(r.path, "%s stands twice", name)
			}
			r.given[name], r.from[name] = fmt.Sprint(value), r.path+": "+name
		}
	}
	_, err := r.dec.Token() // the closing brace
	return err
}
