package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/project"
)

// StoredTemplates lists the versions that a desk made itself, by name and
// version.
func (db *DB) StoredTemplates(ctx context.Context, m posta.MerchantID) ([]project.Stored, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (s project.Stored, err error) {
		err = rows.Scan(&s.MerchantID, object{&s.Template}, instant{&s.CreatedAt}, &s.CreatedBy)
		return s, err
	}, "SELECT merchant_id, document, created_at, created_by FROM process_template WHERE merchant_id = ? ORDER BY name, version", m)
}

// InsertTemplate keeps a version and its event. Errors: conflict when there is
// one of the number.
func (db *DB) InsertTemplate(ctx context.Context, s project.Stored, events []posta.Event) error {
	err := db.write(ctx, func(t *tx) error {
		if err := t.insert(row{"process_template", "merchant_id, name, version, document, created_at, created_by",
			[]any{s.MerchantID, s.Template.Key, s.Template.Version, asJSON{s.Template}, s.CreatedAt, s.CreatedBy}}); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil {
		db.notifier.tell(TopicEvent)
	}
	return err
}
