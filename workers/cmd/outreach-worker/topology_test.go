package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

func TestItDeliversOverEveryTopologyOfRedis(t *testing.T) {
	for name, url := range map[string]func(*testing.T) string{
		"alone":    func(t *testing.T) string { return redistest.Server(t).URL() },
		"sentinel": func(t *testing.T) string { return redistest.StartWatched(t).URL() },
		"cluster":  func(t *testing.T) string { return redistest.StartCluster(t, 2).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDistrict(t, strings.TrimPrefix(url(t), "redis://"))
			d.fill(4)
			d.call("doctor").want(t, exitOK, "ok    redis")
			d.process().await(2, 2)
		})
	}
}

// worker is a real process of the program.
type worker struct {
	*district
	cmd  *exec.Cmd
	said lines
}

// process starts one; it is killed with the test, unless it was stopped before.
func (d *district) process() *worker {
	d.t.Helper()
	w := &worker{district: d, cmd: exec.Command(os.Args[0], "run")}
	w.cmd.Env = append(slices.Clone(d.env), beMain+"=1")
	w.cmd.Stderr = &w.said
	if err := w.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = w.cmd.Process.Kill(); _ = w.cmd.Wait() })
	return w
}

// await waits until so many were taken.
func (w *worker) await(mails, messages int) {
	w.t.Helper()
	if _, err := w.mail.Wait(mails, 60*time.Second); err != nil {
		w.t.Fatalf("%v\n%s", err, &w.said)
	}
	if _, err := w.sms.Wait(messages, 60*time.Second); err != nil {
		w.t.Fatalf("%v\n%s", err, &w.said)
	}
}

// stop sends SIGTERM and expects an orderly end.
func (w *worker) stop() {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	if err := w.cmd.Wait(); err != nil {
		w.t.Errorf("it did not end with 0: %v\n%s", err, &w.said)
	}
}

func TestARollingRestartLosesAndDoublesNothing(t *testing.T) {
	const each = 150 // on each channel
	d := newDistrict(t, redistest.Server(t).Addr)
	d.set("OUTREACH_DATABASE", pgtest.Database(t))
	d.set("OUTREACH_WORKERS_GROUP", "5")
	// A calendar that is about to end would put notices of its own into the outbox.
	d.set("OUTREACH_CALENDAR", write(t, "calendar.json", `{"id": "VN-XL", "version": 3, "coverage": {"from": "2016-01-01", "to": "2099-12-31"}}`))
	d.fill(2 * each)
	var copies []*worker
	for range 3 {
		copies = append(copies, d.process())
	}
	inTheMiddle := 0
	for i, old := range copies {
		old.await(i*each/6+1, i*each/6+1)
		copies[i] = d.process()
		if len(d.sms.Ledger())+len(d.mail.Ledger()) < 2*each {
			inTheMiddle++
		}
		old.stop()
	}
	if inTheMiddle == 0 {
		t.Fatal("everything was out before the first restart: nothing was tested")
	}
	copies[0].await(each, each)
	for _, w := range copies {
		w.stop()
	}
	to := make(map[string]int)
	for _, m := range d.mail.Ledger() {
		to[m.To[0]]++
	}
	for _, m := range d.sms.Ledger() {
		to[m.To]++
	}
	for who, n := range to {
		if n != 1 {
			t.Errorf("%s got %d copies", who, n)
		}
	}
	if len(to) != 2*each || d.sms.Repeats() > 0 {
		t.Errorf("%d of %d people were reached, %d calls were repeated", len(to), 2*each, d.sms.Repeats())
	}
	d.call("outbox").want(t, exitOK, "accepted     300", "uncertain    0", "unknown      0", "pending      0")
}
