package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"posta"
	"posta/app"
)

type backupCmd struct {
	Data     string `help:"Data folder of the hub; posta-data by default, or else posta-demo." env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	Database string `help:"SQLite file; posta.db in the data folder by default." env:"POSTA_DATABASE" placeholder:"WHERE"`
	File     string `arg:"" help:"Where to write the copy; must not exist." type:"path"`
}

// Help is shown by --help.
func (c *backupCmd) Help() string {
	return `A hub that runs makes the copy itself, of one moment, while it works on. Keep the sealing key
(seal.key in the data folder) too, in another place: without it the credentials in the copy cannot be read.
A PostgreSQL database is backed up by pg_dump.

Examples:

  posta backup posta-2026-11-22.db
  posta backup --data /var/lib/posta /backups/posta.db`
}

// Run writes a backup. The database of a hub that runs is never opened from here.
func (c *backupCmd) Run(ctx context.Context, t terminal) error {
	if _, err := os.Lstat(c.File); err == nil {
		return posta.Errorf(posta.CodeConflict, "%s is there already; a backup never overwrites", c.File)
	}
	c.Data = dataFolder(c.Data)
	config := hubFlags{c.Data, c.Database}.config(t)
	err := app.Backup(ctx, config, c.File)
	if posta.ErrorCode(err) == posta.CodeConflict { // a hub has the database
		if note, found := app.ReadNote(c.Data); found == nil {
			err = fetchBackup(ctx, note, c.File)
		}
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	key := filepath.Join(c.Data, "seal.key")
	return t.print(map[string]any{"file": c.File, "bytes": info.Size(), "seal_key": key},
		"Wrote %s (%d bytes). Keep %s too, in another place: without it the sealed credentials in the copy cannot be read.\n", c.File, info.Size(), key)
}

func fetchBackup(ctx context.Context, note app.Note, file string) (err error) {
	request, err := http.NewRequestWithContext(ctx, "GET", note.URL+"/operator/backup", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+note.Operator)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return posta.Errorf(posta.CodeUnavailable, "the hub (process %d) does not answer: %w", note.PID, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("the hub made no backup: %s", strings.TrimSpace(string(text)))
	}
	part := file + ".part"
	out, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	if _, err = io.Copy(out, response.Body); err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(part, file)
}

type restoreCmd struct {
	hubFlags
	File  string `arg:"" help:"The copy that posta backup wrote." type:"existingfile"`
	Force bool   `help:"Replace a database that is there; it is kept beside, with the time in its name."`
}

// Help is shown by --help.
func (c *restoreCmd) Help() string {
	return `Stop the hub first. The copy is checked before anything is changed, and is itself only read. Put the
sealing key that belongs to it (seal.key) in the data folder as well.

Examples:

  posta restore posta-2026-11-22.db --force
  posta restore --data /var/lib/posta /backups/posta.db`
}

// Run puts a backup back.
func (c *restoreCmd) Run(ctx context.Context, t terminal) error {
	kept, err := app.Restore(ctx, c.config(t), c.File, c.Force)
	if err != nil {
		return err
	}
	words := "Restored " + c.File + "."
	if kept != "" {
		words += " The database that was there is now " + kept + "."
	}
	key := filepath.Join(c.Data, "seal.key")
	if _, err := os.Stat(key); err != nil && os.Getenv("POSTA_SEAL_KEY") == "" {
		words += " There is no " + key + ": put the one that belongs to the copy there before you start the hub."
	}
	return t.print(map[string]string{"restored": c.File, "kept": kept},
		"%s\nStart the hub; it asks the providers about every payment that was open.\n", words)
}
