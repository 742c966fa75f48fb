package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/project"
)

const linkColumns = "hash, merchant_id, project_id, contact_id, expires_at, created_at"

// InsertLink keeps a contact's sign-in link. Errors: not_found (the project).
func (db *DB) InsertLink(ctx context.Context, l project.Link) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"contact_link", linkColumns, []any{l.Hash, l.MerchantID, l.ProjectID, l.ContactID, l.ExpiresAt, l.CreatedAt}})
	})
}

// Link finds a link that is good at now. Errors: not_found.
func (db *DB) Link(ctx context.Context, hash string, now time.Time) (project.Link, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (l project.Link, err error) {
		err = rows.Scan(&l.Hash, &l.MerchantID, &l.ProjectID, &l.ContactID, instant{&l.ExpiresAt}, instant{&l.CreatedAt})
		return l, err
	}, "SELECT "+linkColumns+" FROM contact_link WHERE hash = ? AND expires_at > ?", hash, now)
}

// DropLinks ends the links of a contact.
func (db *DB) DropLinks(ctx context.Context, m posta.MerchantID, p posta.ProjectID, c posta.ContactID) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM contact_link WHERE project_id = ? AND contact_id = ? AND merchant_id = ?", p, c, m)
		return err
	})
}
