package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"posta"
)

// What the machine should have.
const (
	slowSync  = 250 * time.Millisecond // to write 4 KiB durably; each commit waits that long
	lowSpace  = 1 << 30
	noSpace   = 100 << 20
	skewWarn  = 5 * time.Second
	skewFail  = time.Minute // signatures of notifications are judged by our clock
	lateWarn  = time.Minute
	lateFail  = 10 * time.Minute
	verifying = time.Minute
)

// disk writes where the hub writes, and takes it away again.
func (d *doctor) disk() {
	folders := []string{d.config.Data}
	if file := d.config.sqlite(); file != "" {
		folders = append(folders, filepath.Dir(file))
	}
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		if _, err := os.Stat(folder); err != nil {
			continue // told apart
		}
		took, err := writeDurably(folder)
		switch {
		case err != nil:
			d.report("disk", folder, LevelFail, "unwritable", err)
		case took > slowSync:
			d.report("disk", folder, LevelWarn, "slow", nil, "milliseconds", strconv.FormatInt(took.Milliseconds(), 10))
		default:
			d.report("disk", folder, LevelOK, "good", nil, "milliseconds", strconv.FormatInt(took.Milliseconds(), 10))
		}
		free, known := freeSpace(folder)
		switch {
		case !known:
		case free < noSpace:
			d.report("space", folder, LevelFail, "full", nil, "free", megabytes(free))
		case free < lowSpace:
			d.report("space", folder, LevelWarn, "low", nil, "free", megabytes(free))
		default:
			d.report("space", folder, LevelOK, "good", nil, "free", megabytes(free))
		}
	}
}

// megabytes writes a number of bytes for people.
func megabytes(n int64) string {
	switch {
	case n >= 10<<30:
		return strconv.FormatInt(n>>30, 10) + " GB"
	case n < 10<<20:
		return strconv.FormatInt(n>>10, 10) + " KB"
	}
	return strconv.FormatInt(n>>20, 10) + " MB"
}

func writeDurably(folder string) (time.Duration, error) {
	file, err := os.CreateTemp(folder, "doctor-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	begun := posta.SystemClock{}.Now()
	_, err = file.Write(make([]byte, 4096))
	if err == nil {
		err = file.Sync()
	}
	return posta.SystemClock{}.Now().Sub(begun), errors.Join(err, file.Close())
}

// zones looks for the time zones that the merchants' days end by.
func (d *doctor) zones(ctx context.Context) {
	names := []string{"America/Argentina/Buenos_Aires", "America/Sao_Paulo"}
	if d.db != nil {
		if merchants, err := d.db.Merchants(ctx); err == nil {
			for _, m := range merchants {
				names = append(names, m.TimeZone)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names {
		if _, err := time.LoadLocation(name); err != nil {
			d.report("zones", name, LevelFail, "missing", err, "zone", name)
			return
		}
	}
	d.report("zones", "", LevelOK, "good", nil, "count", strconv.Itoa(len(names)))
}

// schemaFits tells whether the database is one that this version works with.
func (d *doctor) schemaFits(ctx context.Context) bool {
	has, needs, err := d.db.Schema(ctx)
	return err == nil && has == needs
}

// database judges schema and soundness.
func (d *doctor) database(ctx context.Context) {
	has, needs, err := d.db.Schema(ctx)
	switch {
	case posta.ErrorCode(err) == posta.CodeUnavailable:
		d.report("database", "", LevelFail, "closed", err)
		return
	case err != nil:
		d.report("integrity", "", LevelFail, "damaged", err)
		return
	}
	versions := []string{"has", strconv.FormatInt(has, 10), "needs", strconv.FormatInt(needs, 10)}
	switch {
	case has == 0:
		d.report("database", "", LevelFail, "empty", nil)
		return
	case has < needs:
		d.report("database", "", LevelFail, "older", nil, versions...)
	case has > needs:
		d.report("database", "", LevelFail, "newer", nil, versions...)
	}
	limit, cancel := context.WithTimeout(ctx, verifying)
	defer cancel()
	err = d.db.Verify(limit)
	size, sizeErr := d.db.Size(ctx)
	switch code := posta.ErrorCode(err); {
	case err != nil && limit.Err() != nil:
		d.report("integrity", "", LevelWarn, "unfinished", err)
	case err != nil && code != posta.CodeConflict: // newer, told above
		d.report("integrity", "", LevelFail, "damaged", err)
	case sizeErr != nil:
		d.report("integrity", "", LevelFail, "damaged", sizeErr)
	default:
		d.report("integrity", "", LevelOK, "good", nil, "size", megabytes(size), "schema", strconv.FormatInt(has, 10))
	}
}

// work looks for what should have been done.
func (d *doctor) work(ctx context.Context) {
	now := d.config.Clock.Now()
	late, err := d.db.Overdue(ctx, now)
	if err != nil {
		d.report("work", "", LevelFail, "unknown", err)
		return
	}
	var rows int64
	oldest := now
	var tables []string
	for _, o := range late {
		rows += o.Rows
		tables = append(tables, o.Table)
		if o.Oldest.Before(oldest) {
			oldest = o.Oldest
		}
	}
	wait := now.Sub(oldest)
	told := []string{"rows", strconv.FormatInt(rows, 10), "minutes", strconv.Itoa(int(wait.Minutes())), "tables", strings.Join(tables, ", ")}
	switch {
	case wait < lateWarn:
		d.report("work", "", LevelOK, "good", nil)
	case !d.running:
		d.report("work", "", LevelWarn, "waiting", nil, told...)
	case wait < lateFail:
		d.report("work", "", LevelWarn, "late", nil, told...)
	default:
		d.report("work", "", LevelFail, "late", nil, told...)
	}
}

// seal tries the key on everything that is kept sealed for long.
func (d *doctor) seal(ctx context.Context) {
	if d.box == nil {
		return // told apart
	}
	opened, shut, err := 0, []string{}, error(nil)
	accounts := d.accounts()
	connections, listErr := d.list(ctx)
	names, nameErr := d.db.Certificates(ctx)
	if err := errors.Join(listErr, nameErr); err != nil {
		d.report("seal", "", LevelFail, "unknown", err)
		return
	}
	try := func(what string, failed error) {
		if opened++; failed != nil {
			shut, err = append(shut, what), failed
		}
	}
	for _, c := range connections {
		_, failed := accounts.Secrets(ctx, c.ID)
		try(string(c.ID), failed)
	}
	for _, name := range names {
		_, failed := certificateCache{d.db, d.box}.Get(ctx, name)
		try(name, failed)
	}
	if len(shut) > 0 {
		d.report("seal", "", LevelFail, "shut", err, "shut", strconv.Itoa(len(shut)), "all", strconv.Itoa(opened), "first", shut[0])
		return
	}
	d.report("seal", "", LevelOK, "good", nil, "all", strconv.Itoa(opened))
}

// clock judges the machine's clock by what time others said it was.
func (d *doctor) clock() {
	if len(d.skews) == 0 {
		d.report("clock", "", LevelWarn, "unknown", nil)
		return
	}
	worst := slices.MaxFunc(d.skews, func(a, b skew) int { return cmp.Compare(a.by.Abs(), b.by.Abs()) })
	seconds := fmt.Sprintf("%.0f", worst.by.Abs().Seconds())
	switch off := worst.by.Abs(); {
	case off >= skewFail:
		d.report("clock", "", LevelFail, "off", nil, "seconds", seconds, "host", worst.host)
	case off >= skewWarn:
		d.report("clock", "", LevelWarn, "off", nil, "seconds", seconds, "host", worst.host)
	default:
		d.report("clock", "", LevelOK, "good", nil, "host", worst.host)
	}
}
