package notify_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
)

// full is a template with every section, whose sms section is given.
func full(fields, sms string) string {
	return "fields: " + fields + "\n--- vi sms\n" + sms + "\n--- vi subject\nTiêu đề\n--- vi text\nNội dung\n--- vi item\nMục\n" +
		"--- en sms\nSMS\n--- en subject\nSubject\n--- en text\nText\n--- en item\nItem\n"
}

func parse(t testing.TB, files map[string]string) (*notify.Templates, error) {
	t.Helper()
	dir := make(fstest.MapFS)
	for name, content := range files {
		dir[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return notify.ParseTemplates(dir)
}

func TestAFaultInATemplateIsNamedWithItsFileAndLine(t *testing.T) {
	ok := full("code", "Mã {{code}}")
	for _, c := range []struct{ name, content, want string }{
		{"no field list", strings.TrimPrefix(ok, "fields: code\n"), "x.txt:1: the first line lists the fields"},
		{"a field twice", full("code code", "x"), "x.txt:1: the field code is declared twice"},
		{"a field that is always there", full("given", "x"), "x.txt:1: the field given is always there"},
		{"a field with marks", full("mã", "x"), "x.txt:1: \"mã\" is no name for a field"},
		{"a placeholder nobody declared", full("code", "Mã {{cod}}"), "x.txt:3: the field \"cod\" is not declared"},
		{"a placeholder with spaces", full("code", "Mã {{ code }}"), "x.txt:3: the field \" code \" is not declared"},
		{"an open placeholder", full("code", "Mã {{code"), "x.txt:3: {{ is not closed"},
		{"a closing pair too much", full("code", "Mã code}}"), "x.txt:3: }} closes nothing"},
		{"a section missing", strings.Replace(ok, "--- en item\nItem\n", "", 1), "the section \"--- en item\" is missing"},
		{"a section twice", ok + "--- en item\nItem\n", "x.txt:18: the section \"en item\" stands twice"},
		{"a section nobody knows", ok + "--- fr sms\nx\n", "x.txt:18: there is no section \"fr sms\""},
		{"an empty section", full("code", ""), "x.txt:2: the section vi sms is empty"},
		{"two lines in an SMS", full("code", "một\nhai"), "x.txt:2: the section vi sms has one line only"},
		{"text before the sections", "fields: code\nxin chào\n" + strings.TrimPrefix(ok, "fields: code\n"), "x.txt:2: text stands before the first section"},
		{"a version that is no number", strings.Replace(ok, "\n", "\nversion: new\n", 1), "x.txt:2: \"new\" is no version"},
		{"a version before the first", strings.Replace(ok, "\n", "\nversion: 0\n", 1), "x.txt:2: \"0\" is no version"},
		{"a version further down", full("code", "Mã {{code}}\nversion: 2"), "the section vi sms has one line only"},
		{"the label of advertising", full("code", "[qc] Mã {{code}}"), "x.txt:3: [QC] marks advertising"},
		{"the other label", full("code", "Mã {{code}} [AD]"), "x.txt:3: [AD] marks advertising"},
		{"a link in an SMS", full("code", "Xem https://xuanloc.example/{{code}}"), "x.txt:3: an SMS holds no link"},
		{"a link without its beginning", full("code", "Xem WWW.xuanloc.example"), "x.txt:3: an SMS holds no link"},
		{"an empty file", "", "x.txt:0: the section \"--- vi sms\" is missing"},
	} {
		_, err := parse(t, map[string]string{"x.txt": c.content})
		wantRule(t, err, "notice.template.format")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := parse(t, map[string]string{"x.txt": ok, "README.md": "not a template"}); err != nil {
		t.Errorf("a sound template is refused: %v", err)
	}
	if _, err := parse(t, map[string]string{"x.txt": strings.Replace(ok, "Nội dung", "Xem https://xuanloc.example", 1)}); err != nil {
		t.Errorf("a mail to staff may hold a link: %v", err)
	}
	_, err := parse(t, map[string]string{"a.txt": full("a", "{{b}} {{c}}"), "b.txt": full("a", "{{b}}")})
	if n := len(fault.Violations(err)); n != 3 {
		t.Errorf("%d faults are reported, want all 3: %v", n, err)
	}
}

func TestATextIsRenderedForItsChannelAndReader(t *testing.T) {
	templates, err := parse(t, map[string]string{"visit.planned.txt": "fields: place date\n" +
		"--- vi sms\nHVCS: {{date}} {{honorific}} {{given}} dự sinh hoạt tại {{place}}.\n" +
		"--- vi subject\nSinh hoạt ngày {{date}}\n" +
		"--- vi text\nKính gửi {{recipient}},\n\nMời dự tại {{place}}.\n\n" +
		"--- vi item\n{{date}}: {{place}}\n" +
		"--- en sms\nMeeting on {{date}} at {{place}}.\n--- en subject\nMeeting\n--- en text\nDear {{recipient}}\n--- en item\n{{place}}\n"})
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"place": "ấp Bình Minh", "date": "2017-03-04", "honorific": "bà", "given": "Sáu", "recipient": "Trần Thị Sáu"}
	type out struct{ Subject, Text string }
	for _, c := range []struct {
		lang    string
		channel notify.Channel
		want    out
	}{
		{"vi", notify.SMS, out{"", "HVCS: 04/3/2017 bà Sáu dự sinh hoạt tại ấp Bình Minh."}},
		{"", notify.Email, out{"Sinh hoạt ngày 04/3/2017", "Kính gửi Trần Thị Sáu,\n\nMời dự tại ấp Bình Minh."}},
		{"en-GB", notify.SMS, out{"", "Meeting on 04/3/2017 at ấp Bình Minh."}},
		{"vi", notify.PaperTask, out{"Sinh hoạt ngày 04/3/2017", "Kính gửi Trần Thị Sáu,\n\nMời dự tại ấp Bình Minh."}},
	} {
		subject, text, err := templates.Render("visit.planned", c.lang, c.channel, vars)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, out{subject, text}); diff != "" {
			t.Errorf("%s %s: %s", c.lang, c.channel, diff)
		}
	}
}

func TestANoticeWithAHoleInItIsNotSent(t *testing.T) {
	templates, err := parse(t, map[string]string{"x.txt": full("code", "Mã {{code}}")})
	if err != nil {
		t.Fatal(err)
	}
	for name, vars := range map[string]map[string]string{"not given": {"cod": "XL-1"}, "empty": {"code": ""}, "none": nil} {
		_, text, err := templates.Render("x", "vi", notify.SMS, vars)
		wantRule(t, err, "notice.template.value")
		if text != "" {
			t.Errorf("%s: it still made %q", name, text)
		}
	}
	_, _, err = templates.Render("y", "vi", notify.SMS, nil)
	wantRule(t, err, "notice.template.missing")
	if diff := cmp.Diff([]string{"y"}, templates.Missing("x", "y")); diff != "" {
		t.Error(diff)
	}
}

func TestAValueCannotForgeTheLinesAfterIt(t *testing.T) {
	templates, err := parse(t, map[string]string{"x.txt": full("code", "Mã {{code}}")})
	if err != nil {
		t.Fatal(err)
	}
	_, text, err := templates.Render("x", "vi", notify.SMS, map[string]string{"code": "XL-1\r\nMã {{code}} XL-2"})
	if err != nil || strings.ContainsAny(text, "\r\n") || strings.Count(text, "XL-1") != 1 {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestATextHasAVersion(t *testing.T) {
	own, err := parse(t, map[string]string{"a.txt": full("", "A"), "b.txt": strings.Replace(full("", "B"), "\n", "\nversion: 12\n", 1)})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"a": 1, "b": 12, "c": 0} {
		if got := own.Version(name); got != want {
			t.Errorf("version %d of %s, want %d", got, name, want)
		}
	}
	if got := own.Edition("b"); got != "b@12" {
		t.Errorf("kept as %s", got)
	}
}

func TestAHostReplacesSomeTextsAndKeepsTheOthers(t *testing.T) {
	own, _ := parse(t, map[string]string{"a.txt": full("", "A"), "b.txt": full("", "B")})
	host, _ := parse(t, map[string]string{"b.txt": full("", "B của huyện")})
	both := own.Override(host)
	for name, want := range map[string]string{"a": "A", "b": "B của huyện"} {
		if _, got, err := both.Render(name, "vi", notify.SMS, nil); got != want || err != nil {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if _, got, _ := own.Render("b", "vi", notify.SMS, nil); got != "B" {
		t.Errorf("the original changed to %q", got)
	}
}

func TestADigestListsTheNewestFirstAndKeepsTogetherWhatBelongsTogether(t *testing.T) {
	templates, err := parse(t, map[string]string{
		"due.txt": strings.Replace(full("code", "x"), "--- vi item\nMục", "--- vi item\nTrễ {{code}}", 1),
		"digest.txt": "fields: count items\n--- vi sms\nCó {{count}} việc: {{items}}.\n--- vi subject\n{{count}} việc\n--- vi text\n{{items}}\n" +
			"--- en sms\n{{count}}: {{items}}.\n--- en subject\nx\n--- en text\n{{items}}\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	entry := func(code, issue string, hour int) notify.Entry {
		return notify.Entry{Template: "due", Subject: event.Subject{Type: "issue", ID: issue}, At: noon.Add(time.Duration(hour) * time.Hour), Vars: map[string]string{"code": code}}
	}
	entries := []notify.Entry{entry("A-1", "a", 1), entry("B-2", "b", 2), entry("A-3", "a", 3), entry("C-0", "c", 0)}
	subject, text, err := templates.Digest("vi", notify.Email, entries, map[string]string{}, nil)
	if err != nil || subject != "4 việc" || text != "- Trễ A-3\n- Trễ A-1\n- Trễ B-2\n- Trễ C-0" {
		t.Errorf("got %q, %q, %v", subject, text, err)
	}
	for room, want := range map[int]string{
		100: "Có 4 việc: Trễ A-3; Trễ A-1; Trễ B-2; Trễ C-0.",
		45:  "Có 4 việc: Trễ A-3; Trễ A-1 và 2 việc khác.",
		35:  "Có 4 việc: Trễ A-3 và 3 việc khác.",
		1:   "Có 4 việc: Trễ A-3 và 3 việc khác.", // one is always said
	} {
		_, text, err := templates.Digest("vi", notify.SMS, entries, map[string]string{}, func(s string) bool { return utf8.RuneCountInString(s) <= room })
		if err != nil || text != want {
			t.Errorf("room for %d: got %q, want %q, %v", room, text, want, err)
		}
	}
	_, text, _ = templates.Digest("en", notify.SMS, entries, map[string]string{}, func(s string) bool { return len(s) < 20 })
	if text != "4: Item and 3 more." {
		t.Errorf("in English: %q", text)
	}
	entries[1].Vars = nil
	_, _, err = templates.Digest("vi", notify.SMS, entries, map[string]string{}, nil)
	wantRule(t, err, "notice.template.value")
}

func FuzzParseTemplates(f *testing.F) {
	f.Add(full("code", "Mã {{code}}"), "XL-1")
	f.Add("fields:\n--- vi sms\n{{", "")
	f.Add("", "x")
	f.Add("fields: a\n--- vi\n}}{{a}}{{a", "\r\n{{a}}")
	f.Fuzz(func(t *testing.T, content, value string) {
		templates, err := parse(t, map[string]string{"x.txt": content})
		if err != nil {
			if !errors.Is(err, fault.ErrRule) || !strings.Contains(err.Error(), "x.txt:") {
				t.Fatalf("%v names no file", err)
			}
			return
		}
		vars := longest(notify.SMS)
		for _, field := range templates.Fields("x") {
			vars[field] = value
		}
		for _, lang := range []string{"vi", "en"} {
			if _, text, err := templates.Render("x", lang, notify.SMS, vars); err == nil && strings.ContainsAny(text, "\r\n") {
				t.Fatalf("an SMS of several lines: %q", text)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	templates := defaults(b)
	vars := longest(notify.SMS)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := templates.Render("visit.planned", "vi", notify.SMS, vars); err != nil {
			b.Fatal(err)
		}
	}
}
