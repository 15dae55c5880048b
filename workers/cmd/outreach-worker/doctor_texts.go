package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
)

var errEmptyText = errors.New("it says nothing")

// lookAtTexts renders every text for every channel in both languages, with values
// as long as they usually are, and counts what each costs as an SMS.
func (p *parts) lookAtTexts(context.Context) []finding {
	says := fmt.Sprintf("%d, the programme's own", len(p.templates.Names()))
	if p.config.Templates != "" {
		says = fmt.Sprintf("%d, some from %s", len(p.templates.Names()), p.config.Templates)
	}
	var all []finding
	for _, name := range p.templates.Names() {
		if name == notify.Digest {
			continue // it has no words of its own: it is filled up to the limit
		}
		for _, lang := range []string{"vi", "en"} {
			if f := p.lookAtText(name, lang); f.grade != fine {
				all = append(all, f)
			}
		}
	}
	if len(all) == 0 {
		return []finding{{fine, "texts", says + "; all can be made, none needs more parts than allowed", ""}}
	}
	return all
}

func (p *parts) lookAtText(name, lang string) finding {
	vars := p.sampleValues(name)
	for field := range vars {
		if strings.HasPrefix(vars[field], "<") {
			vars[field] = sampleValue(field)
		}
	}
	limit := p.policy.Notices.MaxSegments
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		_, text, err := p.templates.Render(name, lang, channel, vars)
		if err == nil && strings.TrimSpace(text) == "" {
			err = errEmptyText
		}
		if err != nil {
			return finding{broken, "texts", fmt.Sprintf("%s, %s by %s: %v", name, lang, channel, err), "mend its file, or take it out of the folder"}
		}
		if channel != notify.SMS {
			continue
		}
		folded, _ := smstext.Fold(smstext.Normalize(text))
		if parts := smstext.Count(folded).Parts; parts > limit {
			return finding{doubted, "texts", fmt.Sprintf("%s, %s: %d parts as an SMS, more than %d", name, lang, parts, limit), fmt.Sprintf("shorten it: %s preview %s --lang %s", program, name, lang)}
		}
	}
	return finding{grade: fine}
}

// sampleValue is a value for a field as long as such values usually are.
func sampleValue(field string) string {
	switch {
	case strings.Contains(field, "code"), strings.Contains(field, "label"), strings.Contains(field, "id"):
		return "XL-17-0142"
	case strings.Contains(field, "date"), strings.Contains(field, "due"), strings.Contains(field, "day"), strings.Contains(field, "until"):
		return "15/03/2017"
	case strings.Contains(field, "time"):
		return "08:00"
	case strings.Contains(field, "count"), strings.Contains(field, "days"), strings.Contains(field, "number"):
		return "12"
	}
	return "Ấp Suối Cát 1"
}
