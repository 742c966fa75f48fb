package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"posta"
)

// lock claims a SQLite database for one process. The system gives it up when
// the process ends, however it ends.
type lock struct{ file *os.File }

// errHeld is what claim gives when another process has the lock.
var errHeld = errors.New("held by another process")

// sqlite is the file of a SQLite database; "" for PostgreSQL, which many
// processes may share.
func (c Config) sqlite() string {
	if strings.Contains(c.Database, "://") {
		return ""
	}
	return strings.TrimPrefix(c.Database, "file:")
}

// hold claims the database that config names, making its folder. Errors:
// conflict when another process works on it.
func hold(c Config) (*lock, error) {
	name := c.sqlite()
	if name == "" {
		return &lock{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	file, err := claim(name + ".lock")
	if errors.Is(err, errHeld) {
		who := ""
		if b, err := os.ReadFile(name + ".lock"); err == nil && len(b) > 0 {
			who = " (process " + strings.TrimSpace(string(b)) + ")"
		}
		return nil, posta.Errorf(posta.CodeConflict, "another posta works on %s%s; a SQLite database serves one at a time: stop that one first", name, who)
	}
	if err != nil {
		return nil, fmt.Errorf("locking the database: %w", err)
	}
	// For the message above only; what counts is the lock.
	if file.Truncate(0) == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &lock{file}, nil
}

func (l *lock) release() error {
	if l == nil || l.file == nil {
		return nil
	}
	return ignoreClosed(l.file.Close())
}

// listen takes an address, and says in plain words if another program has it.
func listen(what, flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, posta.Errorf(posta.CodeConflict, "%s cannot serve on %s: another program does; stop it, or choose another address with %s", what, address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot serve on %s (%s): %w", what, address, flag, err)
	}
	return l, nil
}
