package redistest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are the choices of [Start]. A nil *Options is the zero value.
type Options struct {
	// Persist keeps data across a restart: every write is in an append-only
	// file before it is answered. Without it a restarted server is empty.
	Persist bool
}

// Instance is a redis-server of one test, which the test may stop, kill,
// freeze and start again. Its methods are safe for use by several goroutines.
// They report what goes wrong to the test and must not be called after it.
type Instance struct {
	// Addr is host:port on the loopback interface. It stays the same when the
	// server is started again.
	Addr string
	// Dir holds the data and, in redis-1.log and so on, what each start of the
	// server had to say.
	Dir string

	tb      testing.TB
	program string
	persist bool
	more    []string // further words of the command line
	first   string   // a configuration file, which comes before all of them
	bus     bool     // a node of a cluster: it listens on a second port

	mu      sync.Mutex
	process *exec.Cmd // nil while no server runs
	starts  int
}

// Start starts a redis-server for this test, whatever OUTREACH_REDIS says; it
// answers when Start returns. It is killed when the test ends, at the latest,
// and on Linux also when the test process dies. The test is skipped when
// redis-server is not installed.
func Start(tb testing.TB, opts *Options) *Instance {
	tb.Helper()
	i := prepare(tb)
	if opts != nil {
		i.persist = opts.Persist
	}
	i.begin()
	return i
}

// prepare makes an instance that was not started yet.
func prepare(tb testing.TB) *Instance {
	tb.Helper()
	i := &Instance{tb: tb, program: program(tb), Dir: tb.TempDir()}
	tb.Cleanup(i.Kill)
	return i
}

// begin starts a prepared instance on a free port.
func (i *Instance) begin() {
	i.tb.Helper()
	var err error
	for range 3 { // another process may take the port first
		if i.Addr, err = freeAddr(i.bus); err != nil {
			break
		}
		if err = i.launch(); err == nil {
			return
		}
	}
	i.tb.Fatalf("start a Redis for the test: %v", err)
}

// Start starts the server again after Stop or Kill and returns once it
// answers. A running server is left alone.
func (i *Instance) Start() {
	i.tb.Helper()
	if err := i.launch(); err != nil {
		i.tb.Errorf("start Redis again: %v", err)
	}
}

// Stop ends the server in good order and waits for its end; a paused one is
// resumed for it. A server that does not run is left alone.
func (i *Instance) Stop() {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process != nil {
		i.signal("CONT")
		i.end(os.Interrupt)
	}
}

// Kill ends the server as a power cut would and waits for its end, paused or
// not. A server that does not run is left alone.
func (i *Instance) Kill() {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process != nil {
		i.end(os.Kill)
	}
}

// Pause freezes the running server: connections stay open and nothing is
// answered.
func (i *Instance) Pause() {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signal("STOP")
}

// Resume lets a paused server go on where it was.
func (i *Instance) Resume() {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signal("CONT")
}

// FlushAll deletes everything the running server holds.
func (i *Instance) FlushAll() {
	i.tb.Helper()
	if answer, err := ask(i.Addr, "FLUSHALL"); err != nil || answer != "+OK" {
		i.tb.Errorf("flush Redis: %q, %v", answer, err)
	}
}

func (i *Instance) launch() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process != nil {
		return nil
	}
	_, port, err := net.SplitHostPort(i.Addr)
	if err != nil {
		return err
	}
	i.starts++
	log := filepath.Join(i.Dir, fmt.Sprintf("redis-%d.log", i.starts))
	appendOnly := map[bool]string{true: "yes", false: "no"}[i.persist]
	var words []string
	if i.first != "" {
		words = append(words, i.first)
	}
	words = append(words, "--bind", "127.0.0.1", "--port", port, "--dir", i.Dir, "--logfile", log,
		"--daemonize", "no", "--save", "", "--appendonly", appendOnly, "--appendfsync", "always", "--maxmemory-policy", "noeviction")
	process := exec.Command(i.program, append(words, i.more...)...)
	process.SysProcAttr = dieWithParent()
	if err := process.Start(); err != nil {
		return err
	}
	if err := await(i.Addr, log); err != nil {
		err = errors.Join(err, process.Process.Kill())
		_ = process.Wait() // says that it was killed
		return err
	}
	i.process = process
	return nil
}

// end sends the running server a last signal and reaps it.
func (i *Instance) end(how os.Signal) {
	i.tb.Helper()
	if err := i.process.Process.Signal(how); err != nil {
		i.tb.Errorf("end Redis: %v", err)
	}
	_ = i.process.Wait() // says how the server ended, which was our doing
	i.process = nil
}

// signal sends a signal by name; the numbers differ between systems.
func (i *Instance) signal(name string) {
	i.tb.Helper()
	if i.process == nil {
		i.tb.Errorf("Redis does not run: cannot send it SIG%s", name)
		return
	}
	if out, err := exec.Command("kill", "-"+name, strconv.Itoa(i.process.Process.Pid)).CombinedOutput(); err != nil {
		i.tb.Errorf("send SIG%s to Redis: %v %s", name, err, out)
	}
}

// busAbove is how far above its own port a node of a cluster listens for the others.
const busAbove = 10000

// freeAddr returns an address nobody listens on, nor, with bus, on the port that a
// node of a cluster takes besides. Both are below those that systems give to outgoing
// connections: while the server is down, a client that keeps dialling could otherwise
// be given the very port it dials and end up connected to itself, and a port that an
// outgoing connection had is not free for a minute after its end.
func freeAddr(bus bool) (addr string, err error) {
	const first, last = 20000, 32000
	for range 100 {
		ports := []int{first + rand.IntN(last-first)}
		if bus {
			ports = []int{ports[0] - busAbove, ports[0]}
		}
		if err = free(ports); err == nil {
			return loopback(ports[0]), nil
		}
	}
	return "", err
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// free is an error when somebody listens on one of the ports.
func free(ports []int) error {
	for _, port := range ports {
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// await returns once the server answers; a log of a server that gave up ends
// the wait early.
func await(addr, log string) error {
	const limit = 10 * time.Second
	err := errors.New("it never said that it was ready")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(3 * time.Millisecond) {
		said, _ := os.ReadFile(log)
		if bytes.Contains(said, []byte("Failed listening")) {
			return fmt.Errorf("the port was taken:\n%s", said)
		}
		if !bytes.Contains(said, []byte("Ready to accept connections")) && !bytes.Contains(said, []byte("+monitor master")) {
			continue // whoever answers on the port now is another server
		}
		var answer string
		if answer, err = ask(addr, "PING"); err == nil {
			if answer == "+PONG" {
				return nil
			}
			err = fmt.Errorf("it answered %q", answer)
		}
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("the server is not to be reached: %w\n%s", err, said)
}

// ask sends one command on a connection of its own and returns the first line
// of the answer.
func ask(addr, command string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}
