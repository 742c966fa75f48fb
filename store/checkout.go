package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/checkout"
)

var _ checkout.Store = (*DB)(nil)

const (
	productColumns = "id, merchant_id, mode, connection_id, name, description, category, picture_url, price, currency, state, created_by, created_at, updated_at"
	payLinkColumns = "id, merchant_id, mode, token, connection_id, product_id, title, description, category, picture_url, currency, amount, open_amount, " +
		"max_quantity, reference, terms, state, expires_at, max_uses, stock, used, sold, held_uses, held_units, created_by, created_at, updated_at"
)

func productValues(p checkout.Product) []any {
	return []any{p.ID, p.MerchantID, p.Mode, p.ConnectionID, p.Name, p.Description, p.Category, p.PictureURL, p.Price.Amount, p.Price.Currency,
		p.State, p.CreatedBy, p.CreatedAt, p.UpdatedAt}
}

func scanProduct(rows *sql.Rows) (p checkout.Product, err error) {
	err = rows.Scan(&p.ID, &p.MerchantID, &p.Mode, &p.ConnectionID, &p.Name, &p.Description, &p.Category, &p.PictureURL, &p.Price.Amount,
		&p.Price.Currency, &p.State, &p.CreatedBy, instant{&p.CreatedAt}, instant{&p.UpdatedAt})
	return p, err
}

func linkValues(l checkout.Link) []any {
	return []any{l.ID, l.MerchantID, l.Mode, l.Token, l.ConnectionID, l.ProductID, l.Title, l.Description, l.Category, l.PictureURL, l.Currency,
		l.Amount, asJSON{l.Open}, l.MaxQuantity, l.Reference, asJSON{l.Terms}, l.State, l.ExpiresAt, l.MaxUses, l.Stock, l.Used, l.Sold,
		l.HeldUses, l.HeldUnits, l.CreatedBy, l.CreatedAt, l.UpdatedAt}
}

func scanLink(rows *sql.Rows) (l checkout.Link, err error) {
	err = rows.Scan(&l.ID, &l.MerchantID, &l.Mode, &l.Token, &l.ConnectionID, &l.ProductID, &l.Title, &l.Description, &l.Category, &l.PictureURL,
		&l.Currency, &l.Amount, object{&l.Open}, &l.MaxQuantity, &l.Reference, object{&l.Terms}, &l.State, instant{&l.ExpiresAt}, &l.MaxUses,
		&l.Stock, &l.Used, &l.Sold, &l.HeldUses, &l.HeldUnits, &l.CreatedBy, instant{&l.CreatedAt}, instant{&l.UpdatedAt})
	return l, err
}

const (
	productSelect = "SELECT " + productColumns + " FROM product WHERE merchant_id = ?"
	linkSelect    = "SELECT " + payLinkColumns + " FROM payment_link WHERE merchant_id = ?"
)

// InsertProduct adds one. Errors: conflict, not_found (its connection).
func (db *DB) InsertProduct(ctx context.Context, p checkout.Product) error {
	return db.single(ctx, func(t *tx) error { return t.insert(row{"product", productColumns, productValues(p)}) })
}

// Product finds one. Errors: not_found.
func (db *DB) Product(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ProductID) (checkout.Product, error) {
	return one(db.read(ctx), scanProduct, productSelect+" AND mode = ? AND id = ?", m, mode, id)
}

// Products lists newest first.
func (db *DB) Products(ctx context.Context, f checkout.ProductFilter) ([]checkout.Product, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "state", f.State)
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanProduct, "SELECT "+productColumns+" FROM product"+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

// ChangeProduct loads one, nobody else changing it meanwhile, and commits what
// change makes of it. change may run more than once. Errors: not_found.
func (db *DB) ChangeProduct(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ProductID, change func(*checkout.Product) error) (checkout.Product, error) {
	var out checkout.Product
	err := db.write(ctx, func(t *tx) (err error) {
		if out, err = one(t, scanProduct, productSelect+" AND mode = ? AND id = ?"+t.dialect.forUpdate(), m, mode, id); err != nil {
			return err
		}
		if err := change(&out); err != nil {
			return err
		}
		return t.must("UPDATE product SET "+assignments(productColumns)+" WHERE merchant_id = ? AND id = ?", append(productValues(out), m, id)...)
	})
	return out, err
}

// InsertPaymentLink adds one and its events. Errors: conflict, not_found (its connection).
func (db *DB) InsertPaymentLink(ctx context.Context, l checkout.Link, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		return true, t.insert(row{"payment_link", payLinkColumns, linkValues(l)})
	})
}

// PaymentLink finds one. Errors: not_found.
func (db *DB) PaymentLink(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.LinkID) (checkout.Link, error) {
	return one(db.read(ctx), scanLink, linkSelect+" AND mode = ? AND id = ?", m, mode, id)
}

// PaymentLinkByToken finds one by its public address. Errors: not_found.
func (db *DB) PaymentLinkByToken(ctx context.Context, token string) (checkout.Link, error) {
	return one(db.read(ctx), scanLink, "SELECT "+payLinkColumns+" FROM payment_link WHERE token = ?", token)
}

// PaymentLinks lists newest first.
func (db *DB) PaymentLinks(ctx context.Context, f checkout.LinkFilter) ([]checkout.Link, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "state", f.State)
	is(w, "product_id", f.ProductID)
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanLink, "SELECT "+payLinkColumns+" FROM payment_link"+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

// ChangePaymentLink loads one, nobody else changing it meanwhile, and commits what
// change makes of it with the events that it returns. change may run more than
// once. Errors: not_found.
func (db *DB) ChangePaymentLink(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.LinkID, change func(*checkout.Link) ([]posta.Event, error)) (checkout.Link, error) {
	var out checkout.Link
	err := db.write(ctx, func(t *tx) (err error) {
		if out, err = one(t, scanLink, linkSelect+" AND mode = ? AND id = ?"+t.dialect.forUpdate(), m, mode, id); err != nil {
			return err
		}
		events, err := change(&out)
		if err != nil {
			return err
		}
		if err := saveLink(t, out); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil {
		db.notifier.tell(TopicEvent)
	}
	return out, err
}

func saveLink(t *tx, l checkout.Link) error {
	return t.must("UPDATE payment_link SET "+assignments(payLinkColumns)+" WHERE merchant_id = ? AND id = ?", append(linkValues(l), l.MerchantID, l.ID)...)
}
