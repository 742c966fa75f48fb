package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"posta"
)

// Backup copies the database to a file while it is in use: the copy is what
// was committed at one moment, and is on disk before Backup returns. To
// restore it, put it in the place of the database while no hub runs. Errors:
// conflict when the file exists; invalid on PostgreSQL, which has pg_dump.
func (db *DB) Backup(ctx context.Context, path string) error {
	if db.dialect != SQLite {
		return posta.Errorf(posta.CodeInvalid, "PostgreSQL is backed up by pg_dump, not by Posta")
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return posta.Errorf(posta.CodeConflict, "back-up: %s is there already", path)
	}
	part := path + ".part"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return posta.Errorf(posta.CodeConflict, "back-up: %s is there already", part)
		}
		return posta.Errorf(posta.CodeUnavailable, "back-up: %w", err)
	}
	defer os.Remove(part)
	defer file.Close()
	plain, err := sql.Open("sqlite", sqliteName(db.path))
	if err != nil {
		return db.dialect.fault(err)
	}
	defer plain.Close()
	if _, err := plain.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return db.dialect.fault(err)
	}
	if err := file.Sync(); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "back-up: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "back-up: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return posta.Errorf(posta.CodeUnavailable, "back-up: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return posta.Errorf(posta.CodeUnavailable, "back-up: %w", err)
	}
	return nil
}
