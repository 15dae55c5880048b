package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

func TestAMachineWhoseClockIsWrongIsToldOfAndBeyondAMeasureRefused(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.set("OUTREACH_DATABASE", pgtest.Database(t))
	d.call("migrate").want(t, exitOK)
	for _, c := range []struct {
		wrong   time.Duration
		doctor  grade
		says    string
		refused bool
	}{
		{0, fine, "within", false},
		{10 * time.Second, doubted, "ahead of the database: let NTP set both", false},
		{-10 * time.Second, doubted, "behind the database", false},
		{2 * time.Hour, broken, "ahead of", true},
		{-2 * time.Hour, broken, "behind", true},
	} {
		d.store(func(p *parts) {
			var err error
			p.clock, err = sqlstore.NewClock(p.db, p.dialect, &sqlstore.ClockOptions{Machine: func() time.Time { return time.Now().Add(c.wrong) }})
			if err != nil {
				t.Fatal(err)
			}
			if f := p.lookAtClock(t.Context()); f.grade != c.doctor || !strings.Contains(f.says, c.says) {
				t.Errorf("off by %v the doctor says %+v", c.wrong, f)
			}
			var said bytes.Buffer
			err = p.readClock(t.Context(), slog.New(slog.NewTextHandler(&said, nil)))
			if (err != nil) != c.refused {
				t.Errorf("off by %v the start says %v", c.wrong, err)
			}
			if warned := strings.Contains(said.String(), "level=WARN"); warned != (c.doctor == doubted) {
				t.Errorf("off by %v the start says: %q", c.wrong, said.String())
			}
			if off := time.Until(p.clock.Now()); off.Abs() > 5*time.Second {
				t.Errorf("off by %v the program goes by a clock that is off by %v", c.wrong, off)
			}
		})
	}
}

func TestTheProgrammeGoesByTheDatabasesClock(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.fill(0)
	d.store(func(p *parts) {
		if apart := p.system.Now().Sub(p.clock.Now()); apart.Abs() > 5*time.Second || p.mailOptions().Clock == nil || p.smsOptions().Clock == nil {
			t.Errorf("the system's clock and the database's are %v apart, or a sender has one of its own", apart)
		}
		if err := p.ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, known := p.clock.Skew(); !known {
			t.Error("a command that is ready has not asked the database for its time")
		}
	})
}

func TestTheLogSaysWhenAClockGoesWrongAndWhenItIsRightAgain(t *testing.T) {
	var said bytes.Buffer
	l := newSkewLog(slog.New(slog.NewTextHandler(&said, nil)))
	for _, look := range []struct {
		skew time.Duration
		err  error
	}{{0, nil}, {time.Hour, nil}, {time.Hour, nil}, {0, errors.New("away")}, {0, nil}, {0, nil}} {
		l.looked(look.skew, look.err)
	}
	var lines []string
	for line := range strings.Lines(said.String()) {
		_, line, _ = strings.Cut(line, " level=")
		lines = append(lines, line)
	}
	want := []string{"WARN msg=\"clock: this machine is 1h0m0s ahead of the database", "WARN msg=\"clock: the database's cannot be told", "INFO msg=\"clock: this machine and the database agree again"}
	if len(lines) != len(want) {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want[i])
		}
	}
}
