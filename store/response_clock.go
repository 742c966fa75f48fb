package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"posta"
	"posta/project"
)

const clockColumns = "id, merchant_id, project_id, message_id, phase, hours, started_at, warn_at, limit_at, warned_at, breached_at, stopped_at, " +
	"stopped_by, answer, reason, took, due_at"

func clockValues(c project.Clock) []any {
	return []any{c.ID, c.MerchantID, c.ProjectID, c.MessageID, c.Phase, c.Hours, c.StartedAt, c.WarnAt, c.LimitAt, c.WarnedAt, c.BreachedAt, c.StoppedAt,
		c.StoppedBy, c.Answer, c.Reason, c.Took.Microseconds(), c.DueAt}
}

func scanClock(rows *sql.Rows) (c project.Clock, err error) {
	var took int64
	err = rows.Scan(&c.ID, &c.MerchantID, &c.ProjectID, &c.MessageID, &c.Phase, &c.Hours, instant{&c.StartedAt}, instant{&c.WarnAt}, instant{&c.LimitAt},
		instant{&c.WarnedAt}, instant{&c.BreachedAt}, instant{&c.StoppedAt}, &c.StoppedBy, &c.Answer, &c.Reason, &took, instant{&c.DueAt})
	c.Took = time.Duration(took) * time.Microsecond
	return c, err
}

// Clocks lists a project's clocks, oldest first.
func (db *DB) Clocks(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]project.Clock, error) {
	return all(db.read(ctx), scanClock, "SELECT "+clockColumns+" FROM response_clock WHERE project_id = ? AND merchant_id = ? ORDER BY started_at, id", id, m)
}

// DeskClocks lists all clocks of a merchant that are open or started in the
// span from ≤ start < to, oldest first.
func (db *DB) DeskClocks(ctx context.Context, m posta.MerchantID, from, to time.Time) ([]project.Clock, error) {
	return all(db.read(ctx), scanClock, "SELECT "+clockColumns+` FROM response_clock WHERE merchant_id = ? AND stopped_at = 0
		UNION SELECT `+clockColumns+` FROM response_clock WHERE merchant_id = ? AND started_at >= ? AND started_at < ?
		ORDER BY started_at, id`, m, m, from, to)
}

// ClaimClocks takes clocks that have to warn or to breach, the longest due
// first, and moves their DueAt to now+lease.
func (db *DB) ClaimClocks(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]project.Clock, error) {
	return claim(ctx, db, "response_clock", clockColumns, scanClock, now, lease, limit)
}

// keptClocks are a project's open clocks as they are kept.
type keptClocks map[posta.ClockID][]any

// openClocks loads a project's open clocks for a change; the project's own lock
// keeps others off them.
func openClocks(t *tx, m posta.MerchantID, id posta.ProjectID) ([]project.Clock, keptClocks, error) {
	clocks, err := all(t, scanClock, "SELECT "+clockColumns+" FROM response_clock WHERE project_id = ? AND merchant_id = ? AND stopped_at = 0 ORDER BY started_at, id"+
		t.dialect.forUpdate(), id, m)
	kept := keptClocks{}
	for _, c := range clocks {
		kept[c.ID] = plain(clockValues(c))
	}
	return clocks, kept, err
}

// saveClock commits a clock as it became, or a new one.
func saveClock(t *tx, c project.Clock, kept keptClocks) error {
	before, there := kept[c.ID]
	if !there {
		return t.insert(row{"response_clock", clockColumns, clockValues(c)})
	}
	now := plain(clockValues(c))
	if reflect.DeepEqual(before, now) {
		return nil
	}
	columns, values := changed(clockColumns, before, now)
	return t.must("UPDATE response_clock SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, c.MerchantID, c.ID)...)
}
