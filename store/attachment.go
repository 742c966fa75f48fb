package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/project"
)

const attachmentColumns = "id, merchant_id, project_id, message_id, kind, name, type, size, sha256, internal, added_by, at"

func attachmentValues(a project.Attachment) []any {
	return []any{a.ID, a.MerchantID, a.ProjectID, a.MessageID, a.Kind, a.Name, a.Type, a.Size, a.SHA256, a.Internal, a.By, a.At}
}

func attachmentTargets(a *project.Attachment) []any {
	return []any{&a.ID, &a.MerchantID, &a.ProjectID, &a.MessageID, &a.Kind, &a.Name, &a.Type, &a.Size, &a.SHA256, flag{&a.Internal}, &a.By, instant{&a.At}}
}

// Attachment finds one with its data. Errors: not_found.
func (db *DB) Attachment(ctx context.Context, m posta.MerchantID, id posta.AttachmentID) (project.Attachment, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (a project.Attachment, err error) {
		err = rows.Scan(append(attachmentTargets(&a), octets{&a.Data})...)
		return a, err
	}, "SELECT "+attachmentColumns+", data FROM attachment WHERE merchant_id = ? AND id = ?", m, id)
}

// Attachments lists a project's, oldest first, without their data.
func (db *DB) Attachments(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]project.Attachment, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (a project.Attachment, err error) {
		err = rows.Scan(attachmentTargets(&a)...)
		return a, err
	}, "SELECT "+attachmentColumns+" FROM attachment WHERE project_id = ? AND merchant_id = ? ORDER BY at, id", id, m)
}
