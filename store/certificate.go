package store

import (
	"context"
	"database/sql"
)

// Certificate finds what was kept under a name. Errors: not_found.
func (db *DB) Certificate(ctx context.Context, name string) ([]byte, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (b []byte, err error) {
		err = rows.Scan(octets{&b})
		return b, err
	}, "SELECT data FROM certificate WHERE name = ?", name)
}

// Certificates lists the names that something is kept under, in order.
func (db *DB) Certificates(ctx context.Context) ([]string, error) {
	return all(db.read(ctx), scalar[string], "SELECT name FROM certificate ORDER BY name")
}

// SaveCertificate keeps sealed data under a name, in place of what was there.
func (db *DB) SaveCertificate(ctx context.Context, name string, data []byte) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO certificate (name, data, updated_at) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at`, name, data, db.clock.Now())
		return err
	})
}

// DropCertificate forgets what is kept under a name; nothing there is no error.
func (db *DB) DropCertificate(ctx context.Context, name string) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM certificate WHERE name = ?", name)
		return err
	})
}
