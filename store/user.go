package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/account"
)

const userColumns = "id, merchant_id, email, name, password, language, role, created_at"

func userValues(u account.User) []any {
	return []any{u.ID, u.MerchantID, u.Email, u.Name, u.Password, u.Language, u.Role, u.CreatedAt}
}

func scanUser(rows *sql.Rows) (u account.User, err error) {
	err = rows.Scan(&u.ID, &u.MerchantID, &u.Email, &u.Name, &u.Password, &u.Language, &u.Role, instant{&u.CreatedAt})
	return u, err
}

// InsertUser adds a person. Errors: conflict when the email is taken.
func (db *DB) InsertUser(ctx context.Context, u account.User) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"user_account", userColumns, userValues(u)})
	})
}

// UpdateUser saves a person, but not the role, which ChangeRole does. Errors:
// not_found, conflict when the email is taken.
func (db *DB) UpdateUser(ctx context.Context, u account.User) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE user_account SET email = ?, name = ?, password = ?, language = ? WHERE id = ? AND merchant_id = ?",
			u.Email, u.Name, u.Password, u.Language, u.ID, u.MerchantID)
	})
}

// User finds one. Errors: not_found.
func (db *DB) User(ctx context.Context, id posta.UserID) (account.User, error) {
	return one(db.read(ctx), scanUser, "SELECT "+userColumns+" FROM user_account WHERE id = ?", id)
}

// UserByEmail finds one by the email, in lower case. Errors: not_found.
func (db *DB) UserByEmail(ctx context.Context, email string) (account.User, error) {
	return one(db.read(ctx), scanUser, "SELECT "+userColumns+" FROM user_account WHERE email = ?", email)
}

// Users lists a merchant's people by name.
func (db *DB) Users(ctx context.Context, m posta.MerchantID) ([]account.User, error) {
	return all(db.read(ctx), scanUser, "SELECT "+userColumns+" FROM user_account WHERE merchant_id = ? ORDER BY name, id", m)
}

// ChangeRole gives a person another role and commits the events with it. Errors:
// not_found; conflict when it would leave the merchant without an owner.
func (db *DB) ChangeRole(ctx context.Context, m posta.MerchantID, id posta.UserID, role posta.Role, events []posta.Event) (account.User, error) {
	var out account.User
	err := db.write(ctx, func(t *tx) error {
		// Two owners that give up at once wait for each other.
		people, err := all(t, scanUser, "SELECT "+userColumns+" FROM user_account WHERE merchant_id = ? ORDER BY id"+t.dialect.forUpdate(), m)
		if err != nil {
			return err
		}
		found, owners := false, 0
		for _, u := range people {
			if u.ID == id {
				found, u.Role = true, role
				out = u
			}
			if u.Role == posta.Owner {
				owners++
			}
		}
		switch {
		case !found:
			return &posta.Error{Code: posta.CodeNotFound}
		case owners == 0:
			return &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"reason": "last_owner"}}
		}
		if err := t.must("UPDATE user_account SET role = ? WHERE id = ? AND merchant_id = ?", role, id, m); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil {
		db.notifier.tell(TopicEvent)
	}
	return out, err
}
