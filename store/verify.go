package store

import (
	"context"

	"posta"
)

// Verify reads all of a database, such as a backup that is to be restored.
// Errors: invalid when it is damaged or was never Posta's, conflict when its
// schema is newer than this program knows.
func (db *DB) Verify(ctx context.Context) error {
	if db.dialect == SQLite {
		found, err := one(db.read(ctx), scalar[string], "SELECT * FROM pragma_integrity_check LIMIT 1")
		if err != nil {
			return err
		}
		if found != "ok" {
			return posta.Errorf(posta.CodeInvalid, "the database is damaged: %s", found)
		}
	}
	has, err := db.schema(ctx)
	switch want := newest(); {
	case err != nil:
		return err
	case has == 0:
		return posta.Errorf(posta.CodeInvalid, "the database is empty")
	case has > want:
		return newerSchema(has, want)
	}
	return nil
}
