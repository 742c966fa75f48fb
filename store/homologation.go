package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"posta"
	"posta/homologation"
)

const homologationColumns = "id, merchant_id, document, due_at, updated_at"

func homologationValues(f homologation.File) []any {
	document := f
	document.DueAt, document.UpdatedAt = time.Time{}, time.Time{}
	return []any{f.ProjectID, f.MerchantID, asJSON{document}, f.DueAt, f.UpdatedAt}
}

func scanHomologation(rows *sql.Rows) (f homologation.File, err error) {
	var id posta.ProjectID
	var m posta.MerchantID
	var document string
	var due, updated time.Time
	if err = rows.Scan(&id, &m, &document, instant{&due}, instant{&updated}); err == nil {
		err = object{&f}.Scan(document)
	}
	f.ProjectID, f.MerchantID, f.DueAt, f.UpdatedAt = id, m, due, updated
	return f, err
}

const homologationSelect = "SELECT " + homologationColumns + " FROM homologation WHERE merchant_id = ? AND id = ?"

// HomologationFile finds a project's; an empty one where there is none yet.
func (db *DB) HomologationFile(ctx context.Context, m posta.MerchantID, p posta.ProjectID) (homologation.File, error) {
	f, err := one(db.read(ctx), scanHomologation, homologationSelect, m, p)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return homologation.File{ProjectID: p, MerchantID: m}, nil
	}
	return f, err
}

// ChangeHomologation loads one, nobody else changing it meanwhile, and commits
// what change makes of it with the events it returns. An error of change commits
// nothing. change may run more than once and must not call the store.
func (db *DB) ChangeHomologation(ctx context.Context, m posta.MerchantID, p posta.ProjectID, change func(*homologation.File) ([]posta.Event, error)) (homologation.File, error) {
	var out homologation.File
	var told bool
	err := db.write(ctx, func(t *tx) error {
		fresh := row{"homologation", homologationColumns, homologationValues(homologation.File{ProjectID: p, MerchantID: m})}
		if _, err := t.exec(fresh.text()+" ON CONFLICT (merchant_id, id) DO NOTHING", fresh.values...); err != nil {
			return err
		}
		f, err := one(t, scanHomologation, homologationSelect+t.dialect.forUpdate(), m, p)
		if err != nil {
			return err
		}
		before := plain(homologationValues(f))
		events, err := change(&f)
		if err != nil {
			return err
		}
		f.ProjectID, f.MerchantID = p, m
		out, told = f, len(events) > 0
		if now := plain(homologationValues(f)); !reflect.DeepEqual(before, now) {
			columns, values := changed(homologationColumns, before, now)
			if err := t.must("UPDATE homologation SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, m, p)...); err != nil {
				return err
			}
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return homologation.File{}, err
	}
	if told {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

// ClaimRuns takes files whose DueAt has come, the longest due first, and moves
// it to now+lease.
func (db *DB) ClaimRuns(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]homologation.File, error) {
	return claim(ctx, db, "homologation", homologationColumns, scanHomologation, now, lease, limit)
}

const submissionColumns = "id, merchant_id, project_id, filled, message_id, state, note, without, sent_by, at, answered_by, answered_at"

func submissionValues(s homologation.Submission) []any {
	return []any{s.ID, s.MerchantID, s.ProjectID, s.Filled, s.Message, s.State, s.Note, asJSON{s.Without}, s.By, s.At, s.AnsweredBy, s.AnsweredAt}
}

func scanSubmission(rows *sql.Rows) (s homologation.Submission, err error) {
	err = rows.Scan(&s.ID, &s.MerchantID, &s.ProjectID, &s.Filled, &s.Message, &s.State, &s.Note, object{&s.Without}, &s.By, instant{&s.At},
		&s.AnsweredBy, instant{&s.AnsweredAt})
	return s, err
}

// InsertSubmission commits one with its events. Errors: conflict while another
// one of the project waits for its answer, or its id is taken.
func (db *DB) InsertSubmission(ctx context.Context, s homologation.Submission, events []posta.Event) error {
	return db.tell(ctx, events, func(t *tx) error { return t.insert(row{"submission", submissionColumns, submissionValues(s)}) })
}

// AnswerSubmission notes the answer to one. Errors: not_found; conflict when it
// has one.
func (db *DB) AnswerSubmission(ctx context.Context, s homologation.Submission, events []posta.Event) error {
	return db.tell(ctx, events, func(t *tx) error {
		n, err := t.exec(`UPDATE submission SET state = ?, note = ?, without = ?, answered_by = ?, answered_at = ?
			WHERE merchant_id = ? AND id = ? AND state = 'submitted'`, s.State, s.Note, asJSON{s.Without}, s.AnsweredBy, s.AnsweredAt, s.MerchantID, s.ID)
		if err == nil && n == 0 {
			if _, err = one(t, scalar[string], "SELECT id FROM submission WHERE merchant_id = ? AND id = ?", s.MerchantID, s.ID); err == nil {
				err = posta.Errorf(posta.CodeConflict, "submission %s is answered", s.ID)
			}
		}
		return err
	})
}

// Submissions lists a project's, newest first.
func (db *DB) Submissions(ctx context.Context, m posta.MerchantID, p posta.ProjectID) ([]homologation.Submission, error) {
	return all(db.read(ctx), scanSubmission, "SELECT "+submissionColumns+" FROM submission WHERE merchant_id = ? AND project_id = ? ORDER BY id DESC", m, p)
}

// Submission finds one. Errors: not_found.
func (db *DB) Submission(ctx context.Context, m posta.MerchantID, id posta.SubmissionID) (homologation.Submission, error) {
	return one(db.read(ctx), scanSubmission, "SELECT "+submissionColumns+" FROM submission WHERE merchant_id = ? AND id = ?", m, id)
}

// tell commits a write together with events about no payment.
func (db *DB) tell(ctx context.Context, events []posta.Event, write func(*tx) error) error {
	err := db.write(ctx, func(t *tx) error {
		if err := write(t); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil && len(events) > 0 {
		db.notifier.tell(TopicEvent)
	}
	return err
}
