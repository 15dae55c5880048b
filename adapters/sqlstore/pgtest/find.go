package pgtest

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// binaries returns a directory that holds both initdb and postgres: the one
// given, else that of PATH, else the newest version that glob finds.
func binaries(given, glob string) (dir string, err error) {
	if given != "" {
		if !complete(given) {
			return "", fmt.Errorf("PG_BIN: %s does not hold initdb and postgres", given)
		}
		return given, nil
	}
	if initdb, err := exec.LookPath("initdb"); err == nil && complete(filepath.Dir(initdb)) {
		return filepath.Dir(initdb), nil
	}
	installed, err := filepath.Glob(glob)
	if err != nil {
		return "", err
	}
	slices.SortFunc(installed, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	for _, dir := range installed {
		if complete(dir) {
			return dir, nil
		}
	}
	return "", &missing{"neither PATH nor " + glob + " has initdb and postgres"}
}

func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// version reads the number in …/15/bin or …/9.6/bin, 0 when there is none.
func version(bin string) float64 {
	v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(bin)), 64)
	return v
}
