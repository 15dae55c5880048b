package workersfx

import (
	"bytes"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/task"
)

// settings are what asynq is told of mail by workers with this configuration.
func settings(t *testing.T, c Config, log *slog.Logger) asynq.Config {
	t.Helper()
	if err := c.fill(); err != nil {
		t.Fatal(err)
	}
	return (&Workers{config: c, log: log}).settings("email", task.Queues(c.Prefix, notify.Email))
}

func TestTheSettingsOfAsynqAreThoseThatHold(t *testing.T) {
	for _, wrong := range unsound(settings(t, Config{}, slog.New(slog.DiscardHandler))) {
		t.Error(wrong)
	}
}

// unsound says what is not as the documentation of package workers has it.
func unsound(c asynq.Config) (wrong []string) {
	say := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, what)
		}
	}
	checked := map[string]func(){
		"Concurrency": func() { say(c.Concurrency == 4, "Concurrency is not the 4 that is documented") },
		"Queues": func() {
			say(reflect.DeepEqual(c.Queues, task.Queues("outreach", notify.Email)), "Queues are not the three lanes of the one channel")
		},
		"TaskCheckInterval": func() {
			say(c.TaskCheckInterval > 0 && c.TaskCheckInterval <= 5*time.Millisecond, "TaskCheckInterval: after a look in vain the next one, which the gate holds, comes too late")
		},
		"DelayedTaskCheckInterval": func() { say(c.DelayedTaskCheckInterval == time.Second, "DelayedTaskCheckInterval is not 1 s") },
		"ShutdownTimeout": func() {
			say(c.ShutdownTimeout > 30*time.Second && c.ShutdownTimeout <= 35*time.Second, "ShutdownTimeout leaves no time to write down the longest call, or takes more than 35 s")
		},
		"RetryDelayFunc":  func() { say(retriesSoon(c.RetryDelayFunc), "RetryDelayFunc: from 2 s to 1 min, whatever the number") },
		"ErrorHandler":    func() { say(c.ErrorHandler != nil, "ErrorHandler: nobody hears of errors") },
		"HealthCheckFunc": func() { say(c.HealthCheckFunc != nil, "HealthCheckFunc: nobody hears that Redis is gone") },
		"Logger":          func() { say(c.Logger != nil, "Logger: asynq writes to stderr in a form of its own") },
		"LogLevel":        func() { say(c.LogLevel == asynq.WarnLevel, "LogLevel is not warn") },
	}
	all := reflect.ValueOf(c)
	for i := range all.NumField() {
		name := all.Type().Field(i).Name
		if check := checked[name]; check != nil {
			check()
			continue
		}
		say(all.Field(i).IsZero(), name+" is set, and nobody has said why")
	}
	return wrong
}

func retriesSoon(delay asynq.RetryDelayFunc) bool {
	if delay == nil {
		return false
	}
	for n := range 200 {
		if d := delay(n, nil, nil); d < 2*time.Second || d > time.Minute {
			return false
		}
	}
	return true
}

func TestSettingsThatDoNotHoldAreNoticed(t *testing.T) {
	for name, change := range map[string]func(*asynq.Config){
		"IsFailure":       func(c *asynq.Config) { c.IsFailure = func(error) bool { return false } },
		"StrictPriority":  func(c *asynq.Config) { c.StrictPriority = true },
		"GroupAggregator": func(c *asynq.Config) { c.GroupAggregator = asynq.GroupAggregatorFunc(nil) },
		"RetryDelayFunc":  func(c *asynq.Config) { c.RetryDelayFunc = asynq.DefaultRetryDelayFunc },
		"ShutdownTimeout": func(c *asynq.Config) { c.ShutdownTimeout = 0 },
		"HealthCheckFunc": func(c *asynq.Config) { c.HealthCheckFunc = nil },
		"Queues":          func(c *asynq.Config) { c.Queues["default"] = 1 },
	} {
		c := settings(t, Config{}, slog.New(slog.DiscardHandler))
		change(&c)
		if got := unsound(c); len(got) != 1 || !strings.HasPrefix(got[0], name) {
			t.Errorf("%s changed: found %q", name, got)
		}
	}
}

func TestALossOfRedisIsToldOnceAndSoIsItsEnd(t *testing.T) {
	var log bytes.Buffer
	heard := settings(t, Config{}, slog.New(slog.NewTextHandler(&log, nil))).HealthCheckFunc
	for _, err := range []error{nil, errors.New("refused"), errors.New("refused"), nil, nil} {
		heard(err)
	}
	if said := log.String(); strings.Count(said, "Redis is out of reach") != 1 || strings.Count(said, "Redis is back") != 1 || strings.Count(said, "\n") != 2 {
		t.Errorf("the log says\n%s", said)
	}
}
