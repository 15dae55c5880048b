package httpsms

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form is a Body made ready: its templates are parsed.
type form struct {
	kind     BodyKind
	fields   map[string]formField
	document template
	object   []piece // of JSON
}

// piece is what stands before a field in an object, and the field; behind the
// last one there is none.
type piece struct {
	before string
	field  *formField
}

type formField struct {
	template
	Field
}

// formOf makes a body ready; place names it in faults, also are placeholders
// beside those of every message.
func (c Config) formOf(place string, b Body, also ...string) (form, error) {
	f := form{kind: b.Kind, fields: map[string]formField{}}
	var err error
	if f.document, err = c.parse(place+".template", b.Template, also...); err != nil {
		return form{}, err
	}
	for name, field := range b.Fields {
		t, err := c.parse(place+".fields."+name, field.Value, also...)
		if err != nil {
			return form{}, err
		}
		f.fields[name] = formField{t, field}
	}
	if b.Kind == JSON {
		f.object, err = piecesOf(f.fields)
	}
	return f, err
}

// write returns the body of a request, or for a query what stands behind the
// question mark, and the type of its content.
func (f form) write(v values) (body []byte, contentType string, err error) {
	switch f.kind {
	case JSON:
		body, err = f.writeJSON(v)
		return body, "application/json; charset=utf-8", err
	case XML:
		return []byte(f.document.fill(v, escapeXML)), "text/xml; charset=utf-8", nil
	}
	params := url.Values{}
	for name, field := range f.fields {
		params.Set(name, field.value(v))
	}
	return []byte(params.Encode()), "application/x-www-form-urlencoded", nil
}

func (f formField) value(v values) string { return f.Filter.apply(f.fill(v, nil)) }

func (f form) writeJSON(v values) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // an answer to a browser this is not
	for _, p := range f.object {
		b.WriteString(p.before)
		if p.field == nil {
			continue
		}
		value, err := p.field.typed(v)
		if err != nil {
			return nil, err
		}
		if err := enc.Encode(value); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - len("\n"))
	}
	return b.Bytes(), nil
}

// piecesOf cuts the object that fields make at its fields.
func piecesOf(fields map[string]formField) ([]piece, error) {
	flat := make(map[string]any, len(fields))
	for name, field := range fields {
		flat[name] = &field
	}
	tree, err := nest(flat)
	if err != nil {
		return nil, err
	}
	var all []piece
	before := cut(tree, "", &all)
	return append(all, piece{before: before}), nil
}

// cut adds the pieces within node, and returns what stands behind the last one.
func cut(node any, before string, into *[]piece) string {
	switch node := node.(type) {
	case map[string]any:
		before += "{"
		for i, name := range slices.Sorted(maps.Keys(node)) {
			if i > 0 {
				before += ","
			}
			before = cut(node[name], before+quoted(name)+":", into)
		}
		return before + "}"
	case []any:
		before += "["
		for i, child := range node {
			if i > 0 {
				before += ","
			}
			before = cut(child, before, into)
		}
		return before + "]"
	case *formField:
		*into = append(*into, piece{before, node})
	}
	return ""
}

func quoted(name string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(name) // a strings.Builder takes everything, and every text has a form
	return strings.TrimSuffix(b.String(), "\n")
}

// paramsValue is where the parameters of a registered message stand among the values.
const paramsValue = "params"

var errNotOfType = errors.New("the value of a field is not of its type")

func (f formField) typed(v values) (any, error) {
	value := f.value(v)
	switch f.Type {
	case Params:
		return json.RawMessage(v[paramsValue]), nil
	case Number:
		if !json.Valid([]byte(value)) || !strings.ContainsAny(value[:1], "-0123456789") {
			return nil, errNotOfType
		}
		return json.Number(value), nil
	case Bool:
		return strconv.ParseBool(value)
	}
	return value, nil
}

// nest builds an object from values under dotted names. Numbers in a name
// are places in a list, which must be without gaps.
func nest(flat map[string]any) (any, error) {
	root := branch{}
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		at := root
		steps := strings.Split(name, ".")
		for i, step := range steps {
			last := i == len(steps)-1
			child, taken := at[step]
			inner, isBranch := child.(branch)
			switch {
			case step == "" || taken && (last || !isBranch):
				return nil, wrong("body.fields."+name, "this name does not go with the other fields: a field is either a value or a group",
					"tên này không đi cùng các trường khác: mỗi trường là một giá trị hoặc một nhóm")
			case last:
				at[step] = flat[name]
			case !taken:
				inner = branch{}
				at[step] = inner
			}
			at = inner
		}
	}
	return root.grown()
}

// branch is an object or list that is being built.
type branch map[string]any

// grown returns a list when every name is a number, else an object.
func (b branch) grown() (any, error) {
	object := map[string]any{}
	numbers := 0
	for name, child := range b {
		if inner, ok := child.(branch); ok {
			var err error
			if child, err = inner.grown(); err != nil {
				return nil, err
			}
		}
		object[name] = child
		if name != "" && digits(name) {
			numbers++
		}
	}
	if numbers == 0 {
		return object, nil
	}
	list := make([]any, len(object))
	for i := range list {
		child, ok := object[strconv.Itoa(i)]
		if !ok {
			return nil, wrong("body.fields", "a list needs the places 0, 1, 2 and so on, and nothing else",
				"danh sách cần các vị trí 0, 1, 2 liên tục và không có gì khác")
		}
		list[i] = child
	}
	return list, nil
}

func escapeXML(value string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(value)) // a strings.Builder takes everything
	return b.String()
}
