//go:build unix

package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	superuser = "postgres"
	port      = "5432" // names the socket only: no network port is opened
	socket    = ".s.PGSQL." + port

	// longestSocket is what the address of a Unix socket has room for on
	// every system.
	longestSocket = 100

	// startLimit is generous: a loaded machine needs a second or two.
	startLimit = 30 * time.Second
)

// settings are what every server here is started with.
var settings = []string{"-p", port, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
	"-c", "synchronous_commit=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0"}

// keeper runs the server ($1, in the directory $2) until its standard input
// ends, which is when the test process is gone, and cleans up. SIGQUIT is
// PostgreSQL's immediate shutdown: nothing here is worth saving.
const keeper = `
program=$1 dir=$2
shift 2
"$program" -D "$dir/data" -k "$dir" "$@" >"$dir/log" 2>&1 </dev/null &
server=$!
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$dir"
`

// start creates a cluster and starts a server on it.
func (s *server) start(bin string) (err error) {
	owner, err := unprivileged()
	if err != nil {
		return err
	}
	dir, err := directory(owner)
	if err != nil {
		return err
	}
	if err := initialise(bin, dir, owner); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	life, lifeline, err := os.Pipe()
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	defer life.Close()
	keep := command(dir, owner, "/bin/sh", append([]string{"-c", keeper, "pgtest", filepath.Join(bin, "postgres"), dir}, settings...)...)
	keep.Stdin = life
	if err := keep.Start(); err != nil {
		return errors.Join(err, lifeline.Close(), os.RemoveAll(dir))
	}
	s.lifeline, s.dsn = lifeline, location(dir)
	if err := await(s.dsn, dir); err != nil {
		return errors.Join(err, lifeline.Close(), keep.Wait())
	}
	return nil
}

// unprivileged returns whose rights the server gets when the tests run as
// root, which PostgreSQL refuses; nil stands for the caller's own.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, &missing{"the tests run as root and there is no user nobody"}
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// directory makes the place for data, log and socket: where temporary files
// go, unless the socket's address would be too long there or, to another
// user, the way may be closed.
func directory(owner *syscall.Credential) (string, error) {
	const pattern = "outreach-pgtest-"
	parent := os.TempDir()
	if owner != nil || len(parent)+len(pattern)+len("/4294967295/")+len(socket) > longestSocket {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil || owner == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(owner.Uid), int(owner.Gid))
}

func initialise(bin, dir string, owner *syscall.Credential) error {
	locale := "C.UTF-8" // byte order, but letters beyond ASCII have cases
	if runtime.GOOS == "darwin" {
		locale = "en_US.UTF-8"
	}
	initdb := command(dir, owner, filepath.Join(bin, "initdb"),
		"-D", filepath.Join(dir, "data"), "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale="+locale, "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// command prepares a child with the rights of owner, in a process group of
// its own so that Ctrl-C reaches the tests first and the keeper not at all.
func command(dir string, owner *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir // the working directory of the tests may be closed to owner
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: owner}
	return cmd
}

// location returns the URL of the server whose socket is in dir. It leaves
// nothing to PGPORT and its like.
func location(dir string) string {
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/postgres"}
	u.RawQuery = url.Values{"host": {dir}, "port": {port}, "sslmode": {"disable"}}.Encode()
	return u.String()
}

// await returns once the server answers.
func await(dsn, dir string) error {
	var err error
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err = os.Stat(filepath.Join(dir, socket)); err == nil {
			if err = execute(dsn, `SELECT 1`); err == nil {
				return nil
			}
		} else if said, _ := os.ReadFile(filepath.Join(dir, "log")); bytes.Contains(said, []byte("FATAL:")) {
			break // before it has a socket nobody but itself can be at fault
		}
	}
	said, _ := os.ReadFile(filepath.Join(dir, "log"))
	return fmt.Errorf("the server does not answer: %w\n%s", err, said)
}
