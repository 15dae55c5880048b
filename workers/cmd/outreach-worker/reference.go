package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"
)

func configCommand() command {
	return command{
		name: "config", what: "print every setting with its default, as a file to begin with", flags: configFlags, do: showConfig, bare: true,
		long: "Prints a configuration file in which every setting stands behind // with its default\n" +
			"and what it does: take the // away where you want something else. Comments and a comma\n" +
			"too many are allowed in a configuration file.\n\n" +
			"  --effective   print instead what is set now, and where; secrets are not shown\n",
	}
}

func configFlags(set *flag.FlagSet) any { return set.Bool("effective", false, "") }

func showConfig(_ context.Context, c *call) error {
	if !*c.options.(*bool) {
		fmt.Fprint(c.out, reference())
		return nil
	}
	set, err := load(c.path, c.environment)
	w := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "setting\tvalue\tfrom")
	for _, s := range set.settings() {
		value, from := s.normal, "default"
		if given, ok := set.given[s.name]; ok {
			value, from = given.value, given.from
		}
		if s.secret && value != s.normal {
			value = "[secret]"
		}
		if value == "" {
			from = "not set"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.name, value, from)
	}
	w.Flush()
	if err != nil {
		return errUsage{err}
	}
	return nil
}

const referenceHead = `// Every setting of outreach-worker with its default. Take the // away in front of
// those that you want otherwise. Times are written with their unit: 200ms, 30s, 5m.
// A variable of the environment counts more than this file; a secret is best kept
// in a file of its own, which NAME_file names here and its variable with _FILE there.
`

// reference is a configuration file in which nothing is set and everything
// explained, made from the table of settings.
func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead + "{")
	section := ""
	for _, s := range new(config).settings() {
		in, last, nested := strings.Cut(s.name, ".")
		if !nested {
			in, last = "", s.name
		}
		if in != section {
			if section != "" {
				b.WriteString("  },\n")
			}
			fmt.Fprintf(&b, "\n  %q: {", in)
			section = in
		}
		indent := "  "
		if nested {
			indent = "    "
		}
		b.WriteByte('\n')
		for _, line := range folded(s.what+".", 100) {
			fmt.Fprintf(&b, "%s// %s\n", indent, line)
		}
		fmt.Fprintf(&b, "%s// Environment: %s\n", indent, s.variable())
		fmt.Fprintf(&b, "%s// %q: %s,\n", indent, last, asJSON(s.normal))
		if s.secret {
			fmt.Fprintf(&b, "%s// %q: %s,\n", indent, last+"_file", `""`)
		}
	}
	b.WriteString("  },\n}\n")
	return b.String()
}

var plainJSON = regexp.MustCompile(`^(\d+(\.\d+)?|true|false)$`)

// asJSON is a value as it is written in a file.
func asJSON(value string) string {
	if plainJSON.MatchString(value) {
		return value
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return `""`
	}
	return string(quoted)
}

// folded breaks a sentence into lines of at most so many letters.
func folded(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
