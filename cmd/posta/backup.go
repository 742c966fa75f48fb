package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"posta"
	"posta/app"
)

// running finds the hub that serves from a data folder, if one does.
func running(data string) (app.Note, bool) {
	note, err := app.ReadNote(data)
	if err != nil {
		return app.Note{}, false
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(note.URL + "/healthz")
	if err != nil {
		return app.Note{}, false
	}
	response.Body.Close()
	return note, response.StatusCode == http.StatusOK
}

func mustNotRun(data string) error {
	if note, here := running(data); here {
		return posta.Errorf(posta.CodeConflict, "a hub runs on %s (process %d): stop it first", data, note.PID)
	}
	return nil
}

type backupCmd struct {
	hubFlags
	File string `arg:"" help:"Where to write the copy; must not exist." type:"path"`
}

// Run writes a backup. A running hub makes it; the file of one that runs is
// never opened from here.
func (c *backupCmd) Run(ctx context.Context, s streams) error {
	if _, err := os.Stat(c.File); err == nil {
		return posta.Errorf(posta.CodeConflict, "%s exists; a backup never overwrites", c.File)
	}
	note, here := running(c.Data)
	var err error
	if here {
		err = fetchBackup(ctx, note, c.File)
	} else {
		err = app.Backup(ctx, c.config(), c.File)
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Wrote %s (%d bytes). Keep %s with it: without that key the sealed credentials in it cannot be read.\n",
		c.File, info.Size(), filepath.Join(c.Data, "seal.key"))
	return err
}

func fetchBackup(ctx context.Context, note app.Note, file string) (err error) {
	request, err := http.NewRequestWithContext(ctx, "GET", note.URL+"/operator/backup", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+note.Operator)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("the hub made no backup: %s", text)
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

// Run puts a backup back.
func (c *restoreCmd) Run(ctx context.Context, s streams) error {
	if err := mustNotRun(c.Data); err != nil {
		return err
	}
	kept, err := app.Restore(ctx, c.config(), c.File, c.Force)
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(s.out, "The database that was there is now %s.\n", kept)
	}
	_, err = fmt.Fprintf(s.out, "Restored %s. Start the hub; it asks the providers about every payment that was open.\n", c.File)
	return err
}
