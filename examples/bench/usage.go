package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of time in /proc; it is the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processTime is what a process, and the children it has seen end, took of the
// processors; 0 where there is no /proc.
func processTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in brackets may hold anything; what follows it does not.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return 0
	}
	total := int64(0)
	for _, f := range fields[11:15] { // utime, stime and those of its children
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0
		}
		total += n
	}
	return time.Duration(total) * tick
}

// familyTime is the time of a process and of the children it has now.
func familyTime(pid int) time.Duration {
	total := processTime(pid)
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return total
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(text)) {
			if id, err := strconv.Atoi(child); err == nil {
				total += familyTime(id)
			}
		}
	}
	return total
}

// machineTime is what all processes together took, and how much there was.
func machineTime() (busy, all time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil || i > 7 { // guests are in the others already
			break
		}
		all += time.Duration(n) * tick
		if i != 3 && i != 4 { // idle and waiting for a disk
			busy += time.Duration(n) * tick
		}
	}
	return busy, all
}

// forgetPeak gives back what this process does not use and has the most memory it
// had count from now on: what it took to prepare is no part of what it needs. Where
// the system cannot do so, it is.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// resident is the most memory a process has had, in bytes; see forgetPeak.
func resident(pid int) int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}
