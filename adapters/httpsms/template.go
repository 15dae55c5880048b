package httpsms

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

// values are what the placeholders stand for in one message.
type values map[string]string

// placeholders are the names that every message has a value for.
var placeholders = []string{"to", "text", "sender", "client_id", "class", "unicode"}

// secretPrefix leads to the secrets of the configuration.
const secretPrefix = "secret."

// template is a text with placeholders, cut at their braces: literal, name,
// literal, name, …, literal.
type template []string

// parse cuts the text of a field at its placeholders. Each must be one of
// placeholders, or name one of c.Secrets.
func (c Config) parse(field, text string, also ...string) (template, error) {
	var t template
	for {
		literal, rest, found := strings.Cut(text, "{{")
		t = append(t, literal)
		if !found {
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, wrong(field, "a placeholder is not closed: write {{name}}", "thiếu dấu đóng: hãy ghi {{tên}}")
		}
		if !c.knows(name) && !slices.Contains(also, name) {
			return nil, wrong(field, "there is no {{%s}}: use one of %s, or secret.NAME for one of the secrets",
				"không có {{%s}}: hãy dùng một trong %s, hoặc secret.TÊN cho thông tin mật", name, strings.Join(placeholders, ", "))
		}
		t = append(t, name)
		text = after
	}
}

// knows reports whether there is a value for a placeholder.
func (c Config) knows(name string) bool {
	if secret, ok := strings.CutPrefix(name, secretPrefix); ok {
		_, ok = c.Secrets[secret]
		return ok
	}
	switch name {
	case "token":
		return c.Auth.fetches() || c.Auth.Kind == JWT
	case "template":
		return len(c.Templates) > 0
	}
	return slices.Contains(placeholders, name)
}

// fill writes the values in, each through escape. A nil escape leaves them
// as they are.
func (t template) fill(v values, escape func(string) string) string {
	var b strings.Builder
	for i, piece := range t {
		switch {
		case i%2 == 0:
			b.WriteString(piece)
		case escape != nil:
			b.WriteString(escape(v[piece]))
		default:
			b.WriteString(v[piece])
		}
	}
	return b.String()
}

// apply changes a value as the filter says. A value that is no Vietnamese
// number is left alone by the filters for numbers.
func (f Filter) apply(value string) string {
	switch f {
	case Phone84:
		return With84.write(international(value))
	case Phone0:
		return National.write(international(value))
	case Base64:
		return base64.StdEncoding.EncodeToString([]byte(value))
	case Unmark:
		folded, _ := smstext.Fold(value)
		return folded
	}
	return value
}
