package notify

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// The fields that every template may use without declaring them.
const (
	FieldRecipient = "recipient" // full name of the recipient
	FieldHonorific = "honorific" // ông, bà, đồng chí …
	FieldGiven     = "given"     // given name, by which Vietnamese people are addressed
	FieldSender    = "sender"    // how the programme names itself
	FieldHotline   = "hotline"   // whom to call
)

// Digest is the name of the template that carries several notices at once. Its
// own fields are count and items.
const Digest = "digest"

// Templates (mẫu thông báo) are the texts of the notices in Vietnamese and
// English. They are immutable and safe for concurrent use.
//
// Each is one file "<name>.txt":
//
//	fields: code place date
//	version: 2
//	--- vi sms
//	HVCS: {{date}} d/c dự sinh hoạt tại {{place}}.
//	--- vi subject
//	…
//
// The sections are sms, subject, text and item, each in vi and in en: the
// message of its channel, and the one line that stands for the notice in a
// digest. {{name}} stands for a value; a name must be declared in the first
// line or be one of the fields that are always there. There is nothing else: no
// condition, no loop, so a text a clerk approved is the text that goes out. The
// version is raised with every change, and kept with each attempt; without the
// line it is 1. No text may carry the label of advertising ([QC], [AD]), and no SMS
// a link: people are told of frauds with links, and gateways refuse them (L10,
// domain 6.2).
type Templates struct {
	byName map[string]*template
}

// template is one parsed file.
type template struct {
	name     string
	version  int
	fields   []string
	sections map[section]text
}

// section names one text of a template.
type section struct {
	lang string // vi or en
	part string // sms, subject, text or item
}

// text is a run of pieces in order.
type text []piece

// piece is literal text, or the name of a field whose value stands there.
type piece struct {
	literal string
	field   string
}

//go:embed templates/*.txt
var files embed.FS

// DefaultTemplates returns the programme's own texts.
func DefaultTemplates() (*Templates, error) {
	own, err := fs.Sub(files, "templates")
	if err != nil {
		return nil, err
	}
	return ParseTemplates(own)
}

// ParseTemplates reads all files "*.txt" at the top of dir. It returns every
// fault in them at once, each with its file and line.
func ParseTemplates(dir fs.FS) (*Templates, error) {
	names, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	t := &Templates{byName: make(map[string]*template, len(names))}
	var faults fault.List
	for _, file := range names {
		content, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, err
		}
		parsed, err := parseTemplate(file, string(content))
		faults.Add(err)
		t.byName[parsed.name] = parsed
	}
	return t, faults.Err()
}

// Override returns templates in which those of other take the place of the ones
// with the same name.
func (t *Templates) Override(other *Templates) *Templates {
	both := maps.Clone(t.byName)
	maps.Copy(both, other.byName)
	return &Templates{byName: both}
}

// Names returns the names of all templates in order.
func (t *Templates) Names() []string { return slices.Sorted(maps.Keys(t.byName)) }

// Missing returns those of the names for which there is no template.
func (t *Templates) Missing(names ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return t.byName[name] != nil })
}

// Fields returns the fields that the template declares.
func (t *Templates) Fields(name string) []string {
	if found := t.byName[name]; found != nil {
		return slices.Clone(found.fields)
	}
	return nil
}

// Version returns the version of the template, 0 when there is none of that name.
func (t *Templates) Version(name string) int {
	if found := t.byName[name]; found != nil {
		return found.version
	}
	return 0
}

// Edition names a template with its version as attempts keep it: visit.planned@2.
func (t *Templates) Edition(name string) string { return name + "@" + strconv.Itoa(t.Version(name)) }

// parser reads one file line by line and remembers where it is.
type parser struct {
	template
	file   string
	line   int
	faults fault.List
}

func parseTemplate(file, content string) (*template, error) {
	p := &parser{file: file}
	p.version = 1
	p.name, p.sections = strings.TrimSuffix(path.Base(file), ".txt"), make(map[section]text)
	var open section
	var body []string
	begin := 0
	for line := range strings.Lines(content) {
		p.line++
		line = strings.TrimRight(line, "\r\n \t")
		head, isHead := strings.CutPrefix(line, "--- ")
		version, isVersion := strings.CutPrefix(line, "version:")
		switch {
		case p.line == 1:
			p.header(line)
		case p.line == 2 && isVersion:
			p.edition(strings.TrimSpace(version))
		case isHead:
			p.close(open, body, begin)
			open, body, begin = p.open(head), nil, p.line
		case open == section{} && line != "":
			p.broken(p.line, "text stands before the first section", "có nội dung đứng trước phần đầu tiên")
		default:
			body = append(body, line)
		}
	}
	p.close(open, body, begin)
	p.complete()
	return &p.template, p.faults.Err()
}

func (p *parser) broken(line int, en, vi string, args ...any) {
	where := fmt.Sprintf("%s:%d", p.file, line)
	p.faults.Add(fault.Broken("notice.template.format", "template",
		where+": "+en, where+": "+vi, args...))
}

// header reads the closed list of fields.
func (p *parser) header(line string) {
	list, ok := strings.CutPrefix(line, "fields:")
	if !ok {
		p.broken(p.line, "the first line lists the fields, for example \"fields: code place\"", "dòng đầu phải liệt kê các trường, ví dụ \"fields: code place\"")
	}
	p.fields = strings.Fields(list)
	for i, name := range p.fields {
		switch {
		case !fieldName(name):
			p.broken(p.line, "%q is no name for a field: use a to z, 0 to 9 and _", "%q không phải tên trường: dùng a đến z, 0 đến 9 và _", name)
		case slices.Contains(always(), name):
			p.broken(p.line, "the field %s is always there and is not declared", "trường %s luôn có sẵn, không cần khai báo", name)
		case slices.Contains(p.fields[:i], name):
			p.broken(p.line, "the field %s is declared twice", "trường %s được khai báo hai lần", name)
		}
	}
}

// edition reads the number of the version.
func (p *parser) edition(number string) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		p.broken(p.line, "%q is no version: write 1, 2, 3 …", "%q không phải số phiên bản: hãy ghi 1, 2, 3 …", number)
		return
	}
	p.version = n
}

// always are the fields that are not declared.
func always() []string {
	return []string{FieldRecipient, FieldHonorific, FieldGiven, FieldSender, FieldHotline}
}

func fieldName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// open reads the head of a section, "vi sms".
func (p *parser) open(head string) section {
	lang, part, _ := strings.Cut(head, " ")
	s := section{lang, strings.TrimSpace(part)}
	if !slices.Contains(p.required(), s) {
		p.broken(p.line, "there is no section %q here", "không có phần %q ở đây", head)
	}
	if _, twice := p.sections[s]; twice {
		p.broken(p.line, "the section %q stands twice", "phần %q xuất hiện hai lần", head)
	}
	return s
}

// required are the sections a template must have. A digest stands in no other digest.
func (p *parser) required() []section {
	var all []section
	for _, lang := range []string{"vi", "en"} {
		for _, part := range []string{"sms", "subject", "text", "item"} {
			if part != "item" || p.name != Digest {
				all = append(all, section{lang, part})
			}
		}
	}
	return all
}

// close keeps the section that began at the given line.
func (p *parser) close(s section, body []string, begin int) {
	if s == (section{}) {
		return
	}
	for len(body) > 0 && body[len(body)-1] == "" {
		body = body[:len(body)-1]
	}
	switch {
	case len(body) == 0:
		p.broken(begin, "the section %s %s is empty", "phần %s %s trống", s.lang, s.part)
	case len(body) > 1 && s.part != "text":
		p.broken(begin, "the section %s %s has one line only", "phần %s %s chỉ được có một dòng", s.lang, s.part)
	}
	var whole text
	for i, line := range body {
		p.proper(s, line, begin+1+i)
		if i > 0 {
			whole = append(whole, piece{literal: "\n"})
		}
		whole = append(whole, p.pieces(line, begin+1+i)...)
	}
	p.sections[s] = whole
}

// proper refuses what no text of the programme may hold.
func (p *parser) proper(s section, line string, number int) {
	lower := strings.ToLower(line)
	for _, label := range []string{"[qc]", "[ad]"} {
		if strings.Contains(lower, label) {
			p.broken(number, "%s marks advertising: the programme never advertises, leave it out", "%s là nhãn quảng cáo: chương trình không quảng cáo, hãy bỏ đi", strings.ToUpper(label))
		}
	}
	for _, link := range []string{"://", "www."} {
		if s.part == "sms" && strings.Contains(lower, link) {
			p.broken(number, "an SMS holds no link: give a telephone number", "tin nhắn không được có đường dẫn: hãy ghi số điện thoại")
			break
		}
	}
}

// pieces cuts a line at its placeholders.
func (p *parser) pieces(line string, number int) text {
	var out text
	for line != "" {
		before, rest, found := strings.Cut(line, "{{")
		if strings.Contains(before, "}}") {
			p.broken(number, "}} closes nothing", "}} không khớp với dấu mở nào")
		}
		if before != "" {
			out = append(out, piece{literal: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}}")
		switch {
		case !closed:
			p.broken(number, "{{ is not closed", "{{ chưa được đóng")
		case !slices.Contains(p.fields, name) && !slices.Contains(always(), name):
			p.broken(number, "the field %q is not declared", "trường %q chưa được khai báo", name)
		}
		out = append(out, piece{field: name})
		line = after
	}
	return out
}

// complete checks that no section is missing.
func (p *parser) complete() {
	for _, s := range p.required() {
		if _, ok := p.sections[s]; !ok {
			p.broken(p.line, "the section \"--- %s %s\" is missing", "thiếu phần \"--- %s %s\"", s.lang, s.part)
		}
	}
}

// Render makes the message of a notice for one channel in the language of the
// reader (see fault.English): subject and text, or for SMS the text alone. A
// value that is not given, or is empty, is an error: a notice with a hole in it
// helps nobody. Dates in the form 2017-03-04 are written as people write them.
func (t *Templates) Render(name, lang string, channel Channel, vars map[string]string) (subject, text string, err error) {
	found, err := t.find(name)
	if err != nil {
		return "", "", err
	}
	if channel == SMS {
		text, err = found.render(section{language(lang), "sms"}, vars)
		return "", text, err
	}
	subject, err1 := found.render(section{language(lang), "subject"}, vars)
	text, err2 := found.render(section{language(lang), "text"}, vars)
	return subject, text, errors.Join(err1, err2)
}

// Item makes the one line that stands for a notice in a digest.
func (t *Templates) Item(name, lang string, vars map[string]string) (string, error) {
	found, err := t.find(name)
	if err != nil {
		return "", err
	}
	return found.render(section{language(lang), "item"}, vars)
}

func (t *Templates) find(name string) (*template, error) {
	if found := t.byName[name]; found != nil {
		return found, nil
	}
	return nil, fault.Broken("notice.template.missing", "template", "there is no template %q", "không có mẫu thông báo %q", name)
}

// language is the name of a language in the files.
func language(lang string) string {
	if fault.English(lang) {
		return "en"
	}
	return "vi"
}

func (t *template) render(s section, vars map[string]string) (string, error) {
	size := 0
	for _, p := range t.sections[s] {
		size += len(p.literal) + len(vars[p.field])
	}
	var b strings.Builder
	b.Grow(size + 16)
	for _, p := range t.sections[s] {
		if p.field == "" {
			b.WriteString(p.literal)
			continue
		}
		value := vars[p.field]
		if value == "" {
			return "", fault.Broken("notice.template.value", p.field,
				"template %s (%s %s) has no value for %s", "mẫu %s (%s %s) thiếu giá trị cho %s", t.name, s.lang, s.part, p.field)
		}
		b.WriteString(written(p.field, value, s.lang))
	}
	return b.String(), nil
}

// written is a value as people write it: a date in the form 2017-03-04 becomes
// 04/3/2017, with its weekday in a field of that name, and a word of the programme
// one of the reader's language. A line end in a value would let it forge the lines
// after it and becomes a space.
func written(field, value, lang string) string {
	if vi, en, known := words(field, value); known {
		if lang == "en" {
			return en
		}
		return vi
	}
	if len(value) == len("2017-03-04") && value[4] == '-' {
		if date, err := calendar.ParseDate(value); err == nil {
			if field == "weekday" {
				return date.Text(lang)
			}
			return date.VN()
		}
	}
	if field == "items" || !strings.ContainsAny(value, "\r\n") {
		return value
	}
	return strings.Join(strings.FieldsFunc(value, func(r rune) bool { return r == '\r' || r == '\n' }), " ")
}
