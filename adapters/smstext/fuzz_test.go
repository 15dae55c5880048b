package smstext_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
)

func FuzzFold(f *testing.F) {
	for _, seed := range []string{meeting, reply, norm.NFD.String(meeting), "“…”\u00a0\u200b", "a\xff\xfe", "\u0344\u1FEF\u0301", "½ﬁ😀"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkFold(t, text)
		normal := smstext.Normalize(text)
		if !utf8.ValidString(normal) || !norm.NFC.IsNormalString(normal) || smstext.Normalize(normal) != normal {
			t.Fatalf("Normalize(%q) = %q", text, normal)
		}
		if got, want := smstext.Count(text), byTheBook(text); got != want {
			t.Fatalf("Count(%q) = %+v, want %+v", text, got, want)
		}
	})
}

func FuzzPrepare(f *testing.F) {
	f.Add(meeting, "strip", 1, "&", "&", "-")
	f.Add(reply, "auto", 2, "#&", " & ", " và ")
	f.Add("a\xff", "unicode", 0, "", "\u200b", "x")
	f.Fuzz(func(t *testing.T, text, policy string, limit int, forbidden, key, value string) {
		got, err := smstext.Prepare(text, &smstext.Options{
			Policy: smstext.Policy(policy), MaxParts: limit,
			Charset: &smstext.Charset{Forbidden: forbidden, Replace: map[string]string{key: value}},
		})
		switch {
		case err != nil:
			if !errors.Is(err, fault.ErrRule) {
				t.Fatalf("%v is no violation", err)
			}
		case strings.ContainsAny(got.Text, forbidden):
			t.Fatalf("%q holds one of %q", got.Text, forbidden)
		case limit > 0 && got.Segments.Parts > limit:
			t.Fatalf("%d parts, want at most %d", got.Segments.Parts, limit)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	folded, _ := smstext.Fold(reply)
	for name, text := range map[string]string{"gsm7": folded, "ucs2": reply} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				smstext.Count(text)
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		smstext.Fold(reply)
	}
}

func BenchmarkPrepare(b *testing.B) {
	for _, policy := range []smstext.Policy{smstext.Strip, smstext.Unicode, smstext.Auto} {
		b.Run(string(policy), func(b *testing.B) {
			p, err := smstext.NewPreparer(&smstext.Options{Policy: policy, MaxParts: 2})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Prepare(reply); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
