package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
)

// FindSession finds a log-in session by the hash of its token; ok is false
// when there is none at now.
func (db *DB) FindSession(ctx context.Context, hash string, now time.Time) (data []byte, ok bool, err error) {
	data, err = one(db.read(ctx), func(rows *sql.Rows) (b []byte, err error) {
		err = rows.Scan(octets{&b})
		return b, err
	}, "SELECT data FROM login_session WHERE hash = ? AND expires_at > ?", hash, now)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return nil, false, nil
	}
	return data, err == nil, err
}

// SaveSession keeps a session until it expires, and forgets those that have by
// now: the clock that stamps sessions, which need not be the hub's.
func (db *DB) SaveSession(ctx context.Context, hash string, data []byte, expires, now time.Time) error {
	return db.write(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM login_session WHERE expires_at <= ?", now); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO login_session (hash, data, expires_at) VALUES (?, ?, ?)
			ON CONFLICT (hash) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`, hash, data, expires)
		return err
	})
}

// DropSession forgets a session; one that is not there is no error.
func (db *DB) DropSession(ctx context.Context, hash string) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM login_session WHERE hash = ?", hash)
		return err
	})
}
