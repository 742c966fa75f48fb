package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/subscription"
)

var _ subscription.Store = (*DB)(nil)

const planColumns = "id, merchant_id, mode, connection_id, name, amount, currency, period, trial, repetitions, billing_day, proportional, engine, " +
	"methods, attempts, dunning, return_url, state, token, ref, sign_up_url, put_key, created_by, created_at, updated_at, tries, due_at"

func planValues(p subscription.Plan) []any {
	return []any{p.ID, p.MerchantID, p.Mode, p.ConnectionID, p.Name, p.Amount.Amount, p.Amount.Currency, asJSON{p.Period}, asJSON{p.Trial},
		p.Repetitions, p.BillingDay, p.Proportional, p.Engine, asJSON{p.Methods}, asJSON{p.Attempts}, asJSON{p.Dunning}, p.ReturnURL, p.State,
		p.Token, p.Ref, p.SignUpURL, p.PutKey, p.CreatedBy, p.CreatedAt, p.UpdatedAt, p.Tries, p.DueAt}
}

func planTargets(p *subscription.Plan) []any {
	return []any{&p.ID, &p.MerchantID, &p.Mode, &p.ConnectionID, &p.Name, &p.Amount.Amount, &p.Amount.Currency, object{&p.Period}, object{&p.Trial},
		&p.Repetitions, &p.BillingDay, flag{&p.Proportional}, &p.Engine, object{&p.Methods}, object{&p.Attempts}, object{&p.Dunning}, &p.ReturnURL,
		&p.State, &p.Token, &p.Ref, &p.SignUpURL, &p.PutKey, &p.CreatedBy, instant{&p.CreatedAt}, instant{&p.UpdatedAt}, &p.Tries, instant{&p.DueAt}}
}

func scanPlan(rows *sql.Rows) (p subscription.Plan, err error) {
	err = rows.Scan(planTargets(&p)...)
	return p, err
}

const planSelect = "SELECT " + planColumns + " FROM subscription_plan "

// InsertPlan commits a new plan and its events. Errors: conflict when the id is taken.
func (db *DB) InsertPlan(ctx context.Context, p subscription.Plan, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		return true, t.insert(row{"subscription_plan", planColumns, planValues(p)})
	})
}

// Plan finds one. Errors: not_found.
func (db *DB) Plan(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PlanID) (subscription.Plan, error) {
	return one(db.read(ctx), scanPlan, planSelect+"WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// PlanByToken finds an active plan by its public token. Errors: not_found.
func (db *DB) PlanByToken(ctx context.Context, token string) (subscription.Plan, error) {
	return one(db.read(ctx), scanPlan, planSelect+"WHERE token = ? AND state = 'active'", token)
}

// PlanByRef finds a plan by the provider's own id. Errors: not_found.
func (db *DB) PlanByRef(ctx context.Context, c posta.ConnectionID, ref string) (subscription.Plan, error) {
	return one(db.read(ctx), scanPlan, planSelect+"WHERE connection_id = ? AND ref = ? AND ref <> ''", c, ref)
}

// ListPlans lists newest first.
func (db *DB) ListPlans(ctx context.Context, f subscription.PlanFilter) ([]subscription.Plan, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "connection_id", f.ConnectionID)
	is(w, "state", f.State)
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanPlan, planSelect+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

// ChangePlan loads one, nobody else changing it meanwhile, and commits what
// change makes of it with the events it returns. Where its amount changed, those
// of its subscriptions that the hub charges and that had the old amount get the new
// one. change may run more than once and must not call the store. Errors: not_found.
func (db *DB) ChangePlan(ctx context.Context, m posta.MerchantID, id posta.PlanID, change func(*subscription.Plan) ([]posta.Event, error)) (subscription.Plan, error) {
	var out subscription.Plan
	var told bool
	err := db.write(ctx, func(t *tx) error {
		p, err := one(t, scanPlan, planSelect+"WHERE merchant_id = ? AND id = ?"+t.dialect.forUpdate(), m, id)
		if err != nil {
			return err
		}
		before := p.Amount.Amount
		events, err := change(&p)
		if err != nil {
			return err
		}
		out, told = p, len(events) > 0
		if err := t.must("UPDATE subscription_plan SET "+assignments(planColumns)+" WHERE merchant_id = ? AND id = ?", append(planValues(p), m, id)...); err != nil {
			return err
		}
		if p.Amount.Amount != before {
			if _, err := t.exec(`UPDATE subscription SET amount = ? WHERE merchant_id = ? AND plan_id = ? AND engine = 'hub' AND amount = ?
				AND state NOT IN ('canceled', 'ended')`, p.Amount.Amount, m, id, before); err != nil {
				return err
			}
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return subscription.Plan{}, err
	}
	if told {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

// ClaimPlans takes plans whose DueAt has come, the longest due first, and moves
// it to now+lease.
func (db *DB) ClaimPlans(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]subscription.Plan, error) {
	return claim(ctx, db, "subscription_plan", planColumns, scanPlan, now, lease, limit)
}
