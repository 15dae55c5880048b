package httpsms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// TokenFiles keeps tokens as one file for each provider in a folder that only
// the program may read: for any number of processes that share the folder, on one
// machine or on a file system that is mounted on several. Begin with a file
// NAME.token that holds {"refresh": "…"} as the provider's console shows it. Copies
// of it in folders that are not shared do not work: the first use of the refresh
// token makes the others worthless.
type TokenFiles struct {
	folder string
	turn   sync.Mutex
}

var _ TokenStore = (*TokenFiles)(nil)

// NewTokenFiles keeps tokens in an existing folder.
func NewTokenFiles(folder string) *TokenFiles { return &TokenFiles{folder: folder} }

// stale is how old the lock of a process that died may get: far longer than any
// fetch takes.
const stale = 2 * time.Minute

type tokenFile struct {
	Access  string    `json:"access,omitempty"`
	Refresh string    `json:"refresh"`
	Expires time.Time `json:"expires,omitzero"`
}

// Exchange implements [TokenStore].
func (f *TokenFiles) Exchange(ctx context.Context, provider string, fn func(Tokens) (Tokens, error)) (Tokens, error) {
	if provider == "" || strings.ContainsAny(provider, `/\`) {
		return Tokens{}, fmt.Errorf("httpsms: %q is no name of a file of tokens", provider)
	}
	f.turn.Lock()
	defer f.turn.Unlock()
	path := filepath.Join(f.folder, provider+".token")
	unlock, err := lock(ctx, path+".lock")
	if err != nil {
		return Tokens{}, err
	}
	defer unlock()
	old, err := readTokens(path)
	if err != nil {
		return Tokens{}, err
	}
	next, err := fn(old)
	if err != nil || next == old {
		return next, err
	}
	return next, writeTokens(path, next)
}

// lock makes a file that only one can make.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return func() { os.Remove(path) }, file.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if abandoned(path) {
			breakLock(path)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// abandoned reports whether whoever made the file has died.
func abandoned(path string) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) > stale
}

// breakLock takes away the lock of a process that died. One at a time looks once
// more and does it, so that of several who found it old none takes away the lock
// that another has made since.
func breakLock(path string) {
	turn := path + ".break"
	file, err := os.OpenFile(turn, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		if abandoned(turn) { // who broke it has died over it as well
			os.Remove(turn)
		}
		return
	}
	defer os.Remove(turn)
	_ = file.Close()
	if abandoned(path) {
		os.Remove(path)
	}
}

func readTokens(path string) (Tokens, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Tokens{}, err
	}
	var t tokenFile
	if err := json.Unmarshal(data, &t); err != nil {
		return Tokens{}, fmt.Errorf("httpsms: %s is no file of tokens", path) // the error of the decoder may repeat one
	}
	return Tokens(t), nil
}

// writeTokens replaces the file in one step, on disk when it returns.
func writeTokens(path string, t Tokens) error {
	data, err := json.Marshal(tokenFile(t))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
