package httpsms

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	errUnreadable = errors.New("the answer cannot be read")
	errWrongType  = errors.New("the answer has a list or an object where a value is documented")
)

// finder looks up a value in an answer by its dotted path. A value that is
// not there, or null, is "".
type finder func(path string) (string, error)

// read parses an answer in the given format.
func (f Format) read(answer []byte) (finder, error) {
	switch f {
	case AnswerXML:
		return readXML(answer)
	case AnswerText:
		return readText(answer)
	}
	return readJSON(answer)
}

func readJSON(answer []byte) (finder, error) {
	root, err := parseJSON(answer)
	if err != nil {
		return nil, err
	}
	return func(path string) (string, error) { return scalar(descend(root, path)) }, nil
}

// readText looks places up as regular expressions, whose group counts.
func readText(answer []byte) (finder, error) {
	if !utf8.Valid(answer) {
		return nil, errUnreadable
	}
	return func(path string) (string, error) {
		expression, err := regexp.Compile(path)
		if err != nil || path == "" || expression.NumSubexp() != 1 {
			return "", nil //nolint:nilerr // New refuses such a path; here it finds nothing
		}
		if found := expression.FindSubmatch(answer); found != nil {
			return strings.TrimSpace(string(found[1])), nil
		}
		return "", nil
	}, nil
}

// descend follows path, or returns nil where it leads nowhere.
func descend(node any, path string) any {
	if path == "" {
		return nil
	}
	for step := range strings.SplitSeq(path, ".") {
		switch at := node.(type) {
		case map[string]any:
			node = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			node = at[i]
		default:
			return nil
		}
	}
	return node
}

func scalar(node any) (string, error) {
	switch value := node.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(value), nil
	case json.Number:
		return value.String(), nil
	case bool:
		return strconv.FormatBool(value), nil
	}
	return "", errWrongType
}

// element is an XML element; namespaces are left aside.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Elements []element `xml:",any"`
}

func readXML(answer []byte) (finder, error) {
	dec := xml.NewDecoder(bytes.NewReader(answer))
	var root element
	if dec.Decode(&root) != nil {
		return nil, errUnreadable
	}
	for {
		switch token, err := dec.Token(); token.(type) {
		case nil:
			if !errors.Is(err, io.EOF) {
				return nil, errUnreadable
			}
			return func(path string) (string, error) { return root.find(path) }, nil
		case xml.StartElement, xml.EndElement:
			return nil, errUnreadable
		}
	}
}

// find follows path from the document down; its first name is the root's.
func (e element) find(path string) (string, error) {
	level := []element{e}
	var at element
	for step := range strings.SplitSeq(path, ".") {
		found := false
		for _, child := range level {
			if child.XMLName.Local == step {
				at, found = child, true
				break
			}
		}
		if !found {
			return "", nil
		}
		level = at.Elements
	}
	if len(at.Elements) > 0 {
		return "", errWrongType
	}
	return strings.TrimSpace(at.Text), nil
}
