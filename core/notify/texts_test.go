package notify_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
)

var update = flag.Bool("update", false, "write testdata/texts anew; a text that was changed needs a higher version")

// longest are values as long as they realistically get in a district, on a channel:
// for SMS units have a short name. A template may have no other fields.
func longest(channel notify.Channel) map[string]string {
	vars := map[string]string{
		"recipient": "Trương Nguyễn Thị Mộng Thường", "honorific": "đồng chí", "given": "Thường", "sender": "UBND huyện Xuân Lộc", "hotline": "0251 387 1113",
		"official": "Trương Nguyễn Thị Mộng Thường", "person": "Trương Nguyễn Thị Mộng Thường",
		"place": "ấp Suối Tre Thượng (xã Xuân Trường)", "other_place": "ấp Trung Hưng Đông (xã Xuân Trường)", "venue": "nhà văn hóa ấp Suối Tre Thượng",
		"places": "ấp Suối Tre Thượng (xã Xuân Trường), ấp Trung Hưng Đông (xã Xuân Trường)",
		"unit":   "Trung tâm Phục vụ hành chính công phường Xuân Lộc", "target_unit": "Sở Nông nghiệp và Phát triển nông thôn tỉnh Đồng Nai",
		"code": "XL-2017-01042", "label": "XL-2017-01042", "other": "XL-2017-01043", "codes": "XL-2017-01042, XL-2017-01043, XL-2017-01044",
		"subject": "Giấy chứng nhận quyền sử dụng đất", "decision": "1042/QĐ-UBND", "version": "policy:2017-11-30",
		// 30/11 and a Wednesday are the longest there are.
		"date": "2022-11-30", "due": "2022-11-30", "weekday": "2022-11-30", "from": "2022-11-30", "until": "2022-11-30", "time": "19h30",
		"days": "120", "count": "12", "level": "4", "round": "3", "minutes": "1440", "percent": "100", "spent": "12000", "budget": "12000",
		"hamlets": "12", "opinions": "120", "what": "outbox", "outcome": "refused", "channel": "email", "provider": "viettel-brandname",
		"items": "Trễ 120 ngày làm việc (hạn 30/11/2022): việc phân loại vấn đề XL-2017-01042 và 11 việc khác",
	}
	if channel == notify.SMS {
		vars["unit"], vars["target_unit"] = "Phòng Tài nguyên và Môi trường", "Sở NN-PTNT tỉnh Đồng Nai"
	}
	return vars
}

func defaults(t testing.TB) *notify.Templates {
	t.Helper()
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

// both are the languages and channels of every text.
func both(yield func(lang string, channel notify.Channel) bool) {
	for _, lang := range []string{"vi", "en"} {
		for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
			if !yield(lang, channel) {
				return
			}
		}
	}
}

// flaws says what is not as a text of the programme has to be.
func flaws(templates *notify.Templates) (found []string) {
	for _, name := range templates.Names() {
		say := func(format string, args ...any) { found = append(found, name+" "+fmt.Sprintf(format, args...)) }
		for _, field := range templates.Fields(name) {
			if longest(notify.SMS)[field] == "" {
				say("has the field %s, of which nobody knows how long it gets", field)
			}
			if says := saysWho(field); says != "" {
				say("has the field %s, which may name a citizen or what they said", field)
			}
			if strings.Contains(name, "sealed") && !slices.Contains([]string{"code", "label", "due", "days", "level"}, field) {
				say("tells the %s of a sealed matter", field)
			}
		}
		for lang, channel := range both {
			subject, text, err := templates.Render(name, lang, channel, longest(channel))
			switch {
			case err != nil:
				say("%s %s: %v", lang, channel, err)
			case text == "" || channel != notify.SMS && subject == "":
				say("%s %s is empty", lang, channel)
			case lang == "vi" && !marked(text):
				say("%s %s is Vietnamese without marks", lang, channel)
			}
			if _, err := smstext.Prepare(text, &smstext.Options{MaxParts: 2}); channel == notify.SMS && err != nil {
				say("%s SMS: %v", lang, err)
			}
			if words := never.FindString(strings.ToLower(subject + "\n" + text)); words != "" {
				say("%s %s holds %q", lang, channel, words)
			}
		}
		for _, lang := range []string{"vi", "en"} {
			if name == notify.Digest {
				break // a digest stands in no other
			}
			if item, err := templates.Item(name, lang, longest(notify.SMS)); err != nil || utf8.RuneCountInString(item) > 140 {
				say("%s item has %d characters, want 140 at most, %v", lang, utf8.RuneCountInString(item), err)
			}
		}
	}
	return found
}

// never are words and links that no text of the programme holds (L10, A11).
var never = regexp.MustCompile(`\[qc\]|\[ad\]|https?:|://|www\.|[a-z0-9-]+\.(vn|com|net|org|gov|edu)\b|bit\.ly|zalo\.me|khuyến mãi|khuyến mại`)

// saysWho is the part of a field's name by which it may hold what is personal.
func saysWho(field string) string {
	for _, word := range []string{"speaker", "citizen", "phone", "email", "accused", "address", "text", "body", "content", "reason"} {
		if strings.Contains(field, word) {
			return word
		}
	}
	return ""
}

func marked(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r > 0x300 || strings.ContainsRune("àáâãèéêìíòóôõùúýăđĩũơư", r)
	})
}

// What the programme sends is read in two languages, costs two parts at most,
// advertises nothing, asks nobody to follow a link, and names no citizen; of a
// sealed matter it tells a code (L10, A11, model M6).
func TestEveryDefaultTextIsFitToBeSent(t *testing.T) {
	for _, flaw := range flaws(defaults(t)) {
		t.Error(flaw)
	}
}

func TestATextThatIsNotFitIsNoticed(t *testing.T) {
	good := func(fields, vi string) string {
		return "fields: " + fields + "\nversion: 1\n--- vi sms\n" + vi + "\n--- vi subject\nMã {{code}}\n--- vi text\nĐã xử lý {{code}}.\n--- vi item\nMã {{code}}\n" +
			"--- en sms\nDone.\n--- en subject\nCode\n--- en text\nDone.\n--- en item\nDone\n"
	}
	for _, c := range []struct{ name, content, want string }{
		{"a.txt", good("code", "Đã xử lý {{code}}."), ""},
		{"a.txt", good("code speaker", "Bà {{speaker}} đã nêu {{code}}."), "name a citizen"},
		{"a.txt", good("code speaker", "Đã xử lý {{code}}."), "has the field speaker"},
		{"a.txt", good("code colour", "Đã xử lý {{code}}."), "nobody knows how long"},
		{"a.txt", good("code colour", "Đã xử lý {{code}} {{colour}}."), "no value for colour"},
		{"a.txt", good("code", "Da xu ly {{code}}."), "without marks"},
		{"a.txt", good("code place", strings.Repeat("Đã xử lý {{code}} tại {{place}}. ", 7)), "SMS parts"},
		{"a.txt", good("code", "Đã xử lý {{code}}, xem huyenxuanloc.gov.vn/y-kien."), "holds"},
		{"a.txt", strings.ReplaceAll(good("code", "Đã xử lý {{code}}."), "Đã xử lý {{code}}.", "Đã xử lý {{code}}: https://xuanloc.example"), "an SMS holds no link"},
		{"a.txt", strings.Replace(good("code", "Đã xử lý {{code}}."), "vi text\nĐã", "vi text\nXem https://xuanloc.example. Đã", 1), "holds \"https:\""},
		{"a.txt", good("code", "[QC] Đã xử lý {{code}}."), "marks advertising"},
		{"a.txt", strings.Replace(good("code", "Đã xử lý {{code}}."), "vi item\nMã", "vi item\nMã"+strings.Repeat(" dài", 40), 1), "item has"},
		{"sealed.x.txt", good("code place", "Mã {{code}} tại {{place}} được tiếp nhận."), "tells the place of a sealed matter"},
		{"duty.sealed_x.txt", good("code unit", "Mã {{code}} về {{unit}}."), "tells the unit of a sealed matter"},
	} {
		templates, err := notify.ParseTemplates(fstest.MapFS{c.name: {Data: []byte(c.content)}})
		found := fmt.Sprint(err)
		if err == nil {
			found = strings.Join(flaws(templates), "\n")
		}
		if c.want == "" && found != "" || !strings.Contains(found, c.want) {
			t.Errorf("%s\nfound %q, want %q", c.content, found, c.want)
		}
	}
}

// The sample district has no names longer than those above.
func TestTheLongestValuesAreAsLongAsAnyOfTheSampleDistrict(t *testing.T) {
	long := longest(notify.Email)
	names := map[string]string{}
	for _, row := range sample(t, "places.csv") {
		names[row["id"]] = strings.ToLower(row["kind"]) + " " + row["name"]
	}
	check := func(what, value string) {
		if utf8.RuneCountInString(value) > utf8.RuneCountInString(long[what]) {
			t.Errorf("%s: %q is longer than %q", what, value, long[what])
		}
	}
	for _, row := range sample(t, "places.csv") {
		if row["kind"] == "ap" || row["kind"] == "khu" {
			check("place", fmt.Sprintf("%s %s (%s)", row["kind"], row["name"], names[row["parent_id"]]))
		}
	}
	for file, column := range map[string]string{"officials.csv": "official", "leaders.csv": "person", "hamlet_heads.csv": "recipient"} {
		for _, row := range sample(t, file) {
			check(column, strings.Join(strings.Fields(row["full_name"]), " "))
		}
	}
	for _, row := range sample(t, "units.csv") {
		if strings.HasPrefix(row["id"], "xl-") || strings.HasPrefix(row["id"], "dn2") {
			check("unit", row["name"])
		}
		if n := utf8.RuneCountInString(row["sms_name"]); n > utf8.RuneCountInString(longest(notify.SMS)["unit"]) {
			t.Errorf("the short name %q is not short", row["sms_name"])
		}
	}
	for _, row := range sample(t, "subjects.csv") {
		check("subject", row["subject_name_vi"])
	}
}

// sample reads a table of the sample district.
func sample(t *testing.T, file string) (rows []map[string]string) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "examples", "district", "data", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) < 2 {
		t.Fatalf("%s: %d rows, %v", file, len(all), err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[strings.TrimPrefix(name, "\ufeff")] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// golden is everything a template says, with the values above.
func golden(t *testing.T, templates *notify.Templates, name string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s, version %d\nfields: %s\n", name, templates.Version(name), strings.Join(templates.Fields(name), " "))
	for _, lang := range []string{"vi", "en"} {
		_, sms, err := templates.Render(name, lang, notify.SMS, longest(notify.SMS))
		if err != nil {
			t.Fatal(err)
		}
		for _, policy := range []smstext.Policy{smstext.Unicode, smstext.Strip} {
			ready, err := smstext.Prepare(sms, &smstext.Options{Policy: policy})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "\n=== %s SMS, %s: %s, %d units, %d part(s)\n%s\n", lang, policy, ready.Segments.Encoding, ready.Segments.Units, ready.Segments.Parts, ready.Text)
		}
		subject, text, err := templates.Render(name, lang, notify.Email, longest(notify.Email))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n=== %s mail\nSubject: %s\n\n%s\n", lang, subject, text)
		if name != notify.Digest {
			item, err := templates.Item(name, lang, longest(notify.SMS))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "\n=== %s in a digest\n%s\n", lang, item)
		}
	}
	return b.String()
}

// Every text, on every channel, with and without marks: what is sent changes on
// purpose only, and with a new version.
func TestEveryDefaultTextReadsAsItWasApproved(t *testing.T) {
	templates := defaults(t)
	known := map[string]bool{}
	for _, name := range templates.Names() {
		file := filepath.Join("testdata", "texts", name+".txt")
		known[file] = true
		got := golden(t, templates, name)
		approved, err := os.ReadFile(file)
		if err == nil && string(approved) == got {
			continue
		}
		head, _, _ := strings.Cut(got, "\n")
		raised := err != nil || !strings.HasPrefix(string(approved), head+"\n")
		switch {
		case *update && raised:
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		case !raised:
			t.Errorf("%s says something else than its version %d did: raise the version in its file, then go test ./core/notify -run TestEveryDefaultText -update\n%s",
				name, templates.Version(name), cmp.Diff(string(approved), got))
		case err != nil:
			t.Errorf("%v: what is new is written by go test ./core/notify -run TestEveryDefaultText -update", err)
		default:
			t.Errorf("%s has a new version: look at what it says, then go test ./core/notify -run TestEveryDefaultText -update\n%s", name, cmp.Diff(string(approved), got))
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "texts", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Errorf("%d texts are approved, %v", len(files), err)
	}
	for _, file := range files {
		if !known[file] {
			t.Errorf("%s belongs to no template", file)
		}
	}
}
