package notify

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/event"
)

// Entry is one notice on its way into a digest.
type Entry struct {
	Template string
	Subject  event.Subject // entries about one subject stand together
	At       time.Time     // the newest stand first
	Vars     map[string]string
}

// Digest makes one message out of several notices to one person. A mail lists
// them all, one line each, those about the same thing together, the newest
// first. An SMS takes as many as fits allows and ends with the number of the
// others; the first is in it whatever its length. fits may be nil.
func (t *Templates) Digest(lang string, channel Channel, entries []Entry, vars map[string]string, fits func(text string) bool) (subject, text string, err error) {
	lines, err := t.lines(lang, entries)
	if err != nil {
		return "", "", err
	}
	vars = maps.Clone(vars)
	vars["count"] = strconv.Itoa(len(entries))
	if channel != SMS {
		vars["items"] = "- " + strings.Join(lines, "\n- ")
		return t.Render(Digest, lang, channel, vars)
	}
	for shown := len(lines); shown > 0; shown-- {
		vars["items"] = strings.Join(lines[:shown], "; ") + others(lang, len(entries)-shown)
		if _, text, err = t.Render(Digest, lang, SMS, vars); err != nil || fits == nil || fits(text) {
			break
		}
	}
	return "", text, err
}

// lines are the entries' items, grouped and in order.
func (t *Templates) lines(lang string, entries []Entry) ([]string, error) {
	newest := make(map[event.Subject]time.Time)
	for _, e := range entries {
		if e.At.After(newest[e.Subject]) {
			newest[e.Subject] = e.At
		}
	}
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int {
		if c := newest[b.Subject].Compare(newest[a.Subject]); c != 0 {
			return c
		}
		if c := strings.Compare(a.Subject.String(), b.Subject.String()); c != 0 {
			return c
		}
		return b.At.Compare(a.At)
	})
	lines := make([]string, 0, len(entries))
	for _, e := range entries {
		line, err := t.Item(e.Template, lang, e.Vars)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// others says how many entries found no room.
func others(lang string, n int) string {
	switch {
	case n == 0:
		return ""
	case language(lang) == "en":
		return " and " + strconv.Itoa(n) + " more"
	}
	return " và " + strconv.Itoa(n) + " việc khác"
}
