package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// commands are all there are, in the order in which an operator needs them.
func commands() []command {
	all := []command{
		{name: "migrate", what: "make the tables, or bring them to this version", do: migrate,
			long: "Applies the migrations that were not applied yet, all in one transaction. It may\n" +
				"be called again, and by several at once. No other command ever does this."},
		configCommand(),
		{name: "doctor", what: "look whether everything it needs is there and fit", flags: doctorFlags, do: doctor,
			long: "Looks at the configuration, the database, its tables and settings, Redis, the clocks,\n" +
				"the texts, the calendar and the providers, with their credentials and what is left of\n" +
				"the account where they tell, and says of each whether it will do, and what to do\n" +
				"where not. It changes nothing and sends nothing. It ends with 1 when something is\n" +
				"broken; what it only warns of does not count.\n\n" +
				"  --json   as JSON: a list of checks, each with its light: green, yellow, red\n"},
		{name: "run", what: "deliver until it is told to stop", do: deliverUntilStopped,
			long: "Delivers, and makes the programme's clocks go, until SIGTERM or SIGINT. It then\n" +
				"finishes the calls under way, within workers.shutdown, and ends with 0. Start as\n" +
				"many copies as you like, on as many machines as you like.\n\n" +
				"At the address of listen it serves\n\n" +
				"  /healthz   200 while the process lives\n" +
				"  /readyz    200 while database and Redis answer, else 503 and why\n" +
				"  /metrics   for Prometheus"},
		bounceCommand(),
		{name: "outbox", what: "count the notices and list those that need somebody", flags: outboxFlags, do: outbox,
			long: "Counts the notices by state and lists, the oldest first, those that nobody will\n" +
				"get unless somebody acts, and those that have been on their way for long:\n\n" +
				"  uncertain    nobody knows whether it went; it is not sent again by itself\n" +
				"  failed       refused for good, or no address\n" +
				"  dead         all attempts used up\n" +
				"  undelivered  a receipt says that it did not arrive\n" +
				"  unknown      the outcome is open; it is resolved by itself\n\n" +
				"Names, numbers and texts are not shown."},
		{name: "retry", args: "[ID …]", what: "send notices again that reached nobody", flags: bulkFlags, do: retry,
			long: "Sends the given notices again. Whether one is still needed is looked at once more.\n" +
				"Who asks and why is kept in the journal.\n\n" + actHelp + bulkHelp},
	}
	all = append(all, operateCommands()...)
	return append(all, rollupCommand(), journalCommand(),
		command{name: "version", what: "say which version this is"},
		command{name: "help", args: "[COMMAND]", what: "explain the program, or one command"},
	)
}

func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name && c.do != nil {
			return c, true
		}
	}
	return command{}, false
}

// explain is the command help.
func explain(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(out, help())
		return exitOK
	}
	c, ok := find(args[0])
	if !ok {
		fmt.Fprintf(errs, "%s: there is no command %q to explain\n", program, args[0])
		return exitUsage
	}
	fmt.Fprint(out, c.help())
	return exitOK
}

func help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s delivers the notices of an outreach programme.\n\nUse:\n\n  %s COMMAND [--config FILE]\n\nCommands:\n\n", program, program)
	w := tabwriter.NewWriter(&b, 2, 0, 3, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.what)
	}
	w.Flush()
	fmt.Fprintf(&b, `
To begin with:

  export OUTREACH_DATABASE=outreach.db        a file; or a postgres:// URL
  export OUTREACH_REDIS=imitation             for a first look; or redis://127.0.0.1:6379/0
  %[1]s migrate
  %[1]s doctor
  %[1]s run

Settings come from the JSON file that --config or OUTREACH_CONFIG names, and from
the environment, which counts more: workers.poll there is OUTREACH_WORKERS_POLL
here. Those marked * are best kept in a file of their own: smtp.password_file, or
OUTREACH_SMTP_PASSWORD_FILE, names it. A mistake in any of them is told before
anything starts.

`, program)
	w = tabwriter.NewWriter(&b, 2, 0, 2, ' ', 0)
	for _, s := range new(config).settings() {
		mark, normal := " ", ""
		if s.secret {
			mark = "*"
		}
		if s.normal != "" {
			normal = " [" + s.normal + "]"
		}
		fmt.Fprintf(w, "  %s%s\t%s%s\n", s.name, mark, s.what, normal)
	}
	w.Flush()
	fmt.Fprint(&b, "\nIt ends with 0 when all went well, 1 when something did not work, and 2 when it was\ncalled or configured wrongly.\n")
	return b.String()
}

func (c command) help() string {
	flags := map[string]string{
		"outbox":  "\nInstead of those, or of them only\n\n" + pickHelp + "  --limit N     N at most, the oldest first [50]\n",
		"journal": "\nFlags, before the word verify:\n\n  --expect HASH   a checkpoint that was written down before\n",
	}[c.name]
	use := strings.TrimSpace(c.name + " [--config FILE] " + strings.Join(strings.Fields(c.args), " "))
	return fmt.Sprintf("%s %s\n\n%s\n%s", program, use, c.long, flags)
}
