package smtpsink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ReadLedger returns the mails in a ledger file, in the order in which they
// were accepted. A last line that a crash cut short is left out: nobody was
// told that its mail was accepted. Raw is empty.
func ReadLedger(path string) ([]Mail, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseLedger(whole(data))
}

// whole returns the complete lines of data.
func whole(data []byte) []byte { return data[:bytes.LastIndexByte(data, '\n')+1] }

func parseLedger(lines []byte) ([]Mail, error) {
	var mails []Mail
	for n, line := range bytes.Split(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var m Mail
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("ledger, line %d: %w", n+1, err)
		}
		mails = append(mails, m)
	}
	return mails, nil
}

// ledgerFile is an append-only file of one JSON object a line.
type ledgerFile struct{ f *os.File }

// openLedger opens or creates the file, cuts off a torn last line, and returns
// what is in it.
func openLedger(path string) (*ledgerFile, []Mail, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	mails, err := recoverLedger(f)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return &ledgerFile{f}, mails, nil
}

func recoverLedger(f *os.File) ([]Mail, error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	lines := whole(data)
	if len(lines) < len(data) {
		if err := f.Truncate(int64(len(lines))); err != nil {
			return nil, err
		}
	}
	return parseLedger(lines)
}

// append returns once the mail is on disk.
func (l *ledgerFile) append(m Mail) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := l.f.Write(append(line, '\n')); err != nil {
		return err
	}
	return l.f.Sync()
}

// writeMessage writes raw to a new file of the directory and syncs it.
func writeMessage(dir, name string, raw []byte) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(raw); err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
