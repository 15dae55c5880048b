//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// instance is the server of an Instance.
type instance struct {
	bin, dir string
	owner    *syscall.Credential
	process  *exec.Cmd // nil while none runs
	ended    chan struct{}
}

// prepare makes a cluster with one database.
func (i *Instance) prepare() {
	i.tb.Helper()
	s := &i.server
	var err error
	if s.bin, err = binaries(os.Getenv("PG_BIN"), "/usr/lib/postgresql/*/bin"); err == nil {
		s.owner, err = unprivileged()
	}
	if none := (*missing)(nil); errors.As(err, &none) {
		none.end(i.tb)
	}
	if err == nil {
		s.dir, err = directory(s.owner)
	}
	if err == nil {
		if err = initialise(s.bin, s.dir, s.owner); err != nil {
			err = errors.Join(err, os.RemoveAll(s.dir))
		}
	}
	if err != nil {
		i.tb.Fatalf("PostgreSQL for the test: %v", err)
	}
	i.DSN, i.Socket = location(s.dir), filepath.Join(s.dir, socket)
}

func (i *Instance) remove() {
	i.Kill()
	if err := os.RemoveAll(i.server.dir); err != nil {
		i.tb.Errorf("remove the directory of PostgreSQL: %v", err)
	}
}

// launch starts the server. One that was killed leaves processes behind which
// keep its memory for a moment; until they are gone no other can start.
func (s *instance) launch(dsn string) error {
	if s.process != nil {
		return nil
	}
	var err error
	for end := time.Now().Add(startLimit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = s.try(dsn); err == nil || !errors.Is(err, errEnded) {
			break
		}
	}
	return err
}

// errEnded says that a server ended before it answered.
var errEnded = errors.New("it ended at once")

func (s *instance) try(dsn string) error {
	path := filepath.Join(s.dir, "log")
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{"-D", filepath.Join(s.dir, "data"), "-k", s.dir}, settings...)
	args = append(args, "-c", "synchronous_commit=on") // a commit has left the process when it is answered
	process := command(s.dir, s.owner, filepath.Join(s.bin, "postgres"), args...)
	process.Stdout, process.Stderr = log, log
	dieWithParent(process.SysProcAttr)
	if err := process.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = process.Wait() // says how it ended, which the log tells better
		close(ended)
	}()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			said, _ := os.ReadFile(path)
			return fmt.Errorf("%w:\n%s", errEnded, said)
		default:
		}
		if err = execute(dsn, `SELECT 1`); err == nil {
			s.process, s.ended = process, ended
			return nil
		}
	}
	said, _ := os.ReadFile(path)
	err = errors.Join(fmt.Errorf("it does not answer: %w\n%s", err, said), process.Process.Kill())
	<-ended
	return err
}

func (s *instance) kill() error {
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Kill()
	<-s.ended
	s.process = nil
	return err
}
