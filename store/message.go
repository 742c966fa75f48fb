package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"posta"
	"posta/project"
)

const messageColumns = "id, merchant_id, project_id, kind, channel, off_table, written_by, from_name, from_email, addressed, copied, subject, " +
	"body, quoted, mail_id, in_reply_to, clock_id, state, bounced, detail, tries, due_at, at, sent_at"

func messageValues(m project.Message) []any {
	return []any{m.ID, m.MerchantID, m.ProjectID, m.Kind, m.Channel, m.OffTable, m.By, m.FromName, m.FromEmail, asJSON{m.To}, asJSON{m.Cc}, m.Subject,
		m.Text, m.Quoted, m.MailID, m.InReplyTo, m.Clock, m.State, asJSON{m.Bounced}, m.Detail, m.Tries, m.DueAt, m.At, m.SentAt}
}

func scanMessage(rows *sql.Rows) (m project.Message, err error) {
	err = rows.Scan(&m.ID, &m.MerchantID, &m.ProjectID, &m.Kind, &m.Channel, flag{&m.OffTable}, &m.By, &m.FromName, &m.FromEmail, object{&m.To},
		object{&m.Cc}, &m.Subject, &m.Text, &m.Quoted, &m.MailID, &m.InReplyTo, &m.Clock, &m.State, object{&m.Bounced}, &m.Detail, &m.Tries,
		instant{&m.DueAt}, instant{&m.At}, instant{&m.SentAt})
	return m, err
}

// Message finds one. Errors: not_found.
func (db *DB) Message(ctx context.Context, m posta.MerchantID, id posta.MessageID) (project.Message, error) {
	return one(db.read(ctx), scanMessage, "SELECT "+messageColumns+" FROM message WHERE merchant_id = ? AND id = ?", m, id)
}

// Messages lists a project's thread, oldest first.
func (db *DB) Messages(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]project.Message, error) {
	return all(db.read(ctx), scanMessage, "SELECT "+messageColumns+" FROM message WHERE project_id = ? AND merchant_id = ? ORDER BY at, id", id, m)
}

// MessageByMailID finds a message of the merchant by its RFC 5322 Message-ID.
// Errors: not_found.
func (db *DB) MessageByMailID(ctx context.Context, m posta.MerchantID, mailID string) (project.Message, error) {
	return one(db.read(ctx), scanMessage, "SELECT "+messageColumns+" FROM message WHERE merchant_id = ? AND mail_id = ? AND mail_id <> ''", m, mailID)
}

// ClaimMessages takes outgoing messages whose DueAt has come, the longest due
// first, and moves it to now+lease.
func (db *DB) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]project.Message, error) {
	return claim(ctx, db, "message", messageColumns, scanMessage, now, lease, limit)
}

// ChangeMessage loads one, nobody else changing it meanwhile, and commits what
// change makes of it together with the events it returns. An error of change
// commits nothing. change may run more than once and must not call the store.
// Errors: not_found.
func (db *DB) ChangeMessage(ctx context.Context, m posta.MerchantID, id posta.MessageID, change func(*project.Message) ([]posta.Event, error)) (project.Message, error) {
	var out project.Message
	var told bool
	err := db.write(ctx, func(t *tx) error {
		msg, err := one(t, scanMessage, "SELECT "+messageColumns+" FROM message WHERE merchant_id = ? AND id = ?"+t.dialect.forUpdate(), m, id)
		if err != nil {
			return err
		}
		before := plain(messageValues(msg))
		events, err := change(&msg)
		if err != nil {
			return err
		}
		out, told = msg, len(events) > 0
		if now := plain(messageValues(msg)); !reflect.DeepEqual(before, now) {
			columns, values := changed(messageColumns, before, now)
			if err := t.must("UPDATE message SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, m, id)...); err != nil {
				return err
			}
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return project.Message{}, err
	}
	if told {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

// saveThread commits what a change of a project adds to its thread: messages,
// files, and clocks as they become. kept is how openClocks found them.
func saveThread(t *tx, r project.Record, kept keptClocks) error {
	for _, m := range r.Messages {
		if err := t.insert(row{"message", messageColumns, messageValues(m)}); err != nil {
			return err
		}
	}
	for _, m := range r.Changed {
		if err := t.must("UPDATE message SET "+assignments(messageColumns)+" WHERE merchant_id = ? AND id = ? AND project_id = ?",
			append(messageValues(m), m.MerchantID, m.ID, r.Project.ID)...); err != nil {
			return err
		}
	}
	for _, a := range r.Attachments {
		if err := t.insert(row{"attachment", attachmentColumns + ", data", append(attachmentValues(a), a.Data)}); err != nil {
			return err
		}
	}
	for _, c := range r.Clocks {
		if err := saveClock(t, c, kept); err != nil {
			return err
		}
	}
	return nil
}
