package smstext_test

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
)

// anything is the charset of a gateway that refuses nothing.
var anything = smstext.Charset{}

func TestPrepareFollowsThePolicy(t *testing.T) {
	for _, c := range []struct {
		name, text string
		opts       *smstext.Options
		want       string
		folded     bool
	}{
		{"no options strip", meeting, nil,
			"Nhac lich: 19h00 thu Sau 05/05, anh/chi du sinh hoat tai ap Suoi Cat 1, xa Suoi Cat.", true},
		{"strip", "Kính gửi bà Hoa", &smstext.Options{Policy: smstext.Strip}, "Kinh gui ba Hoa", true},
		{"unicode", "Kính gửi bà Hoa", &smstext.Options{Policy: smstext.Unicode}, "Kính gửi bà Hoa", false},
		{"auto keeps marks that cost nothing", "Kính gửi bà Hoa", &smstext.Options{Policy: smstext.Auto}, "Kính gửi bà Hoa", false},
		{"auto strips marks that cost a part", strings.Repeat("ế", 71), &smstext.Options{Policy: smstext.Auto},
			strings.Repeat("e", 71), true},
		{"auto keeps marks within the limit", strings.Repeat("ế", 71), &smstext.Options{Policy: smstext.Auto, MaxParts: 2},
			strings.Repeat("ế", 71), false},
		{"auto strips beyond the limit", strings.Repeat("ế", 135), &smstext.Options{Policy: smstext.Auto, MaxParts: 2},
			strings.Repeat("e", 135), true},
		{"marked text is composed", "Ki\u0301nh gu\u031b\u0309i", &smstext.Options{Policy: smstext.Unicode}, "Kính gửi", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := smstext.Prepare(c.text, c.opts)
			want := smstext.Prepared{Text: c.want, Segments: smstext.Count(c.want), Folded: c.folded}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("err %v, (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestPrepareWritesWhatTheGatewayTakes(t *testing.T) {
	for _, c := range []struct {
		name, text     string
		marked, folded string
	}{
		{"ampersand inside a name", "Phòng KT&HT", "Phòng KT-HT", "Phong KT-HT"},
		{"ampersand between words", "đường & cầu", "đường và cầu", "duong va cau"},
		{"brackets", "[HVCS] {ấp}", "(HVCS) (ấp)", "(HVCS) (ap)"},
		{"at sign", "ubnd@xa", "ubnd(a)xa", "ubnd(a)xa"},
		{"per cent", "đạt 15% và 20 %", "đạt 15 phần trăm và 20 phần trăm", "dat 15 phan tram va 20 phan tram"},
		{"backslash", `tổ 1\2`, "tổ 1/2", "to 1/2"},
		{"a full-width sign is found once folded", "Ａ＆Ｂ", "Ａ＆Ｂ", "A-B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for policy, want := range map[smstext.Policy]string{smstext.Unicode: c.marked, smstext.Strip: c.folded} {
				got, err := smstext.Prepare(c.text, &smstext.Options{Policy: policy})
				if err != nil || got.Text != want {
					t.Errorf("%s: %q, %v, want %q", policy, got.Text, err, want)
				}
			}
		})
	}
}

func TestPrepareUsesTheCharsetGiven(t *testing.T) {
	own := smstext.Charset{Forbidden: "#", Replace: map[string]string{"đ/c": "đồng chí", "đ/c đ/c": "các đồng chí", "#": "số "}}
	for policy, want := range map[smstext.Policy]string{
		smstext.Unicode: "đồng chí & số 5, các đồng chí",
		smstext.Strip:   "dong chi & so 5, cac dong chi",
	} {
		got, err := smstext.Prepare("đ/c & #5, đ/c đ/c", &smstext.Options{Policy: policy, Charset: &own})
		if err != nil || got.Text != want {
			t.Errorf("%s: %q, %v, want %q", policy, got.Text, err, want)
		}
	}
	got, err := smstext.Prepare("a&b [c] 5% #<@", &smstext.Options{Charset: &anything})
	if err != nil || got.Text != "a&b [c] 5% #<@" {
		t.Errorf("a charset that allows everything changed the text: %q, %v", got.Text, err)
	}
}

func TestPrepareReportsWhatItCouldNotSpell(t *testing.T) {
	got, err := smstext.Prepare("chúc mừng 😀 ж 😀", nil)
	want := smstext.Prepared{Text: "chuc mung ? ? ?", Folded: true, Replaced: []rune("😀ж"),
		Segments: smstext.Segments{Encoding: smstext.GSM7, Units: 15, Parts: 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("err %v, (-want +got)\n%s", err, diff)
	}
}

func TestPrepareRefuses(t *testing.T) {
	long := strings.Repeat("a", 460)
	for _, c := range []struct {
		name, text string
		opts       *smstext.Options
		rule       string
		says       []string // figures and characters both sentences must name
	}{
		{"an unknown policy", "a", &smstext.Options{Policy: "gsm"}, "smstext.policy", []string{"gsm", "strip", "unicode", "auto"}},
		{"a negative limit", "a", &smstext.Options{MaxParts: -1}, "smstext.max_parts", []string{"-1", "255"}},
		{"a limit the protocol cannot count to", "a", &smstext.Options{MaxParts: 256}, "smstext.max_parts", []string{"256", "255"}},
		{"a replacement that is forbidden itself", "a", &smstext.Options{Charset: &smstext.Charset{Forbidden: "&+", Replace: map[string]string{"&": "+"}}},
			"smstext.charset.replace", []string{`"&"`, `"+"`}},
		{"a replacement for nothing", "a", &smstext.Options{Charset: &smstext.Charset{Replace: map[string]string{"": "x"}}},
			"smstext.charset.replace", []string{`"x"`}},
		{"bytes that are not UTF-8", "a\xff", nil, "smstext.encoding", []string{"UTF-8"}},
		{"an empty text", "", nil, "smstext.empty", nil},
		{"a text of spaces", " \u200b\n", nil, "smstext.empty", nil},
		{"a forbidden character without replacement", "tổ #5 <x>", nil, "smstext.forbidden", []string{`"#<"`}},
		{"a text of four parts where three are allowed", long, &smstext.Options{MaxParts: 3}, "smstext.too_long", []string{"4", "1", "3", "460"}},
		{"marks that need a part too many", strings.Repeat("ế", 140), &smstext.Options{Policy: smstext.Unicode, MaxParts: 2},
			"smstext.too_long", []string{"ucs2", "140", "6"}},
		{"more parts than the protocol counts", strings.Repeat("a", 255*153+1), nil, "smstext.too_long", []string{"256", "255"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := smstext.Prepare(c.text, c.opts)
			var v *fault.Violation
			if !errors.As(err, &v) || v.Rule != c.rule {
				t.Fatalf("got %v, want rule %s", err, c.rule)
			}
			if got.Text != "" {
				t.Errorf("a refused text came back: %q", got.Text)
			}
			for _, word := range c.says {
				if !strings.Contains(v.En, word) || !strings.Contains(v.Vi, word) {
					t.Errorf("%q / %q do not name %s", v.En, v.Vi, word)
				}
			}
			if strings.Contains(err.Error(), "%!") {
				t.Errorf("malformed sentence: %v", err)
			}
		})
	}
}

func TestPreparedTextIsWithinEveryLimit(t *testing.T) {
	forbidden := smstext.VietnameseGateway().Forbidden
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		opts := &smstext.Options{
			Policy:   rapid.SampledFrom([]smstext.Policy{smstext.Strip, smstext.Unicode, smstext.Auto}).Draw(t, "policy"),
			MaxParts: rapid.IntRange(0, 3).Draw(t, "limit"),
		}
		got, err := smstext.Prepare(text, opts)
		if err != nil {
			if !errors.Is(err, fault.ErrRule) {
				t.Fatalf("%v is no violation", err)
			}
			return
		}
		switch {
		case strings.ContainsAny(got.Text, forbidden):
			t.Fatalf("%q holds a forbidden character", got.Text)
		case got.Segments != smstext.Count(got.Text):
			t.Fatalf("%q is said to be %+v", got.Text, got.Segments)
		case opts.MaxParts > 0 && got.Segments.Parts > opts.MaxParts:
			t.Fatalf("%d parts, want at most %d", got.Segments.Parts, opts.MaxParts)
		case got.Folded && got.Segments.Encoding != smstext.GSM7:
			t.Fatalf("folded text %q is %s", got.Text, got.Segments.Encoding)
		case opts.Policy == smstext.Unicode && got.Folded, opts.Policy == smstext.Strip && !got.Folded:
			t.Fatalf("policy %s, folded %v", opts.Policy, got.Folded)
		}
	})
}

func TestTheDefaultCharsetReplacesOrRefuses(t *testing.T) {
	c := smstext.VietnameseGateway()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Replace["&"] = "changed by one caller"
	if smstext.VietnameseGateway().Replace["&"] != "-" {
		t.Error("one caller's change reached the next")
	}
}

func TestValidSender(t *testing.T) {
	for name, valid := range map[string]bool{
		"UBNDXUANLOC": true, "XUANLOC": true, "XuanLoc": true, "HVCS2017": true, "8088": true, "A": true,
		"": false, "UBNDXUANLOC1": false, "XUAN LOC": false, "XUÂNLỘC": false, "UBND-XL": false, "UBND.XL": false, "XL\n": false,
	} {
		err := smstext.ValidSender(name)
		if (err == nil) != valid {
			t.Errorf("ValidSender(%q) = %v", name, err)
		}
		var v *fault.Violation
		if err != nil && (!errors.As(err, &v) || v.Rule != "smstext.sender" || v.Field != "sender") {
			t.Errorf("ValidSender(%q) = %#v", name, err)
		}
	}
}

func TestThePackageNeedsOnlyUnicodeTables(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"github.com/huongvecoso/outreach/adapters/smstext",
		"github.com/huongvecoso/outreach/core/fault",
		"golang.org/x/text/transform",
		"golang.org/x/text/unicode/norm",
	}
	for _, dep := range strings.Fields(string(out)) {
		if !slices.Contains(allowed, dep) {
			t.Errorf("depends on %s", dep)
		}
	}
}
