package app

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"posta"
)

// Note is what a running hub leaves in its data folder for the command line of
// the same machine: how to reach it, and the token that proves access to the
// folder.
type Note struct {
	URL      string `json:"url"`
	Operator string `json:"operator_token"`
	PID      int    `json:"pid"`
}

const noteFile = "hub.json"

// ReadNote finds the hub that runs on a data folder. Errors: not_found when
// none left a note.
func ReadNote(data string) (Note, error) {
	var n Note
	b, err := os.ReadFile(filepath.Join(data, noteFile))
	if err == nil {
		err = json.Unmarshal(b, &n)
	}
	if err != nil {
		return Note{}, &posta.Error{Code: posta.CodeNotFound, Cause: err}
	}
	return n, nil
}

func newOperatorToken() (string, error) { return rand.Text(), nil }

func (a *App) leaveNote() error {
	b, err := json.Marshal(Note{URL: a.Address(), Operator: a.operator, PID: os.Getpid()})
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(a.config.Data, noteFile), b)
}

// writePrivate replaces a file whole, readable by its owner only.
func writePrivate(name string, b []byte) error {
	part := name + ".part"
	_ = os.Remove(part) // of one that ended in the middle
	file, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(b); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(part, name)
}

func (a *App) removeNote() { os.Remove(filepath.Join(a.config.Data, noteFile)) }

// onlyOperator lets in who can read the data folder.
func (a *App) onlyOperator(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(token), []byte(a.operator)) != 1 {
			http.Error(w, "operator token required", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveBackup streams a consistent copy of the database, made while it is in use.
func (a *App) serveBackup(w http.ResponseWriter, r *http.Request) {
	a.onlyOperator(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		folder, err := os.MkdirTemp(a.config.Data, "backup-")
		if err != nil {
			a.refuse(w, err)
			return
		}
		defer os.RemoveAll(folder)
		file := filepath.Join(folder, "posta.db")
		if err := a.Store.Backup(r.Context(), file); err != nil {
			a.refuse(w, err)
			return
		}
		f, err := os.Open(file)
		if err != nil {
			a.refuse(w, err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "application/vnd.sqlite3")
		if info, err := f.Stat(); err == nil {
			http.ServeContent(w, r, "posta.db", info.ModTime(), f)
			return
		}
		io.Copy(w, f)
	})).ServeHTTP(w, r)
}

func (a *App) refuse(w http.ResponseWriter, err error) {
	a.config.Log.Error("backup failed", "error", err)
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
