package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/account"
)

const userColumns = "id, merchant_id, email, name, password, language, created_at"

func userValues(u account.User) []any {
	return []any{u.ID, u.MerchantID, u.Email, u.Name, u.Password, u.Language, u.CreatedAt}
}

func scanUser(rows *sql.Rows) (u account.User, err error) {
	err = rows.Scan(&u.ID, &u.MerchantID, &u.Email, &u.Name, &u.Password, &u.Language, instant{&u.CreatedAt})
	return u, err
}

// InsertUser adds a person. Errors: conflict when the email is taken.
func (db *DB) InsertUser(ctx context.Context, u account.User) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"user_account", userColumns, userValues(u)})
	})
}

// UpdateUser saves a person. Errors: not_found, conflict when the email is taken.
func (db *DB) UpdateUser(ctx context.Context, u account.User) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE user_account SET "+assignments(userColumns)+" WHERE id = ? AND merchant_id = ?",
			append(userValues(u), u.ID, u.MerchantID)...)
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
