package checkout

import (
	"context"
	"time"

	"posta"
	"posta/payment"
)

// Store keeps products, links and sessions. Its errors are *posta.Error:
// not_found where the merchant has no such thing in that mode.
type Store interface {
	// Account finds a connection as what charges online. Errors: not_found,
	// mode_mismatch.
	Account(ctx context.Context, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID) (payment.Channel, error)

	// InsertProduct adds one. Errors: conflict when the id is taken.
	InsertProduct(ctx context.Context, p Product) error
	// Product finds one.
	Product(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ProductID) (Product, error)
	// Products lists newest first.
	Products(ctx context.Context, f ProductFilter) ([]Product, error)
	// ChangeProduct loads one, nobody else changing it meanwhile, and commits what
	// change makes of it.
	ChangeProduct(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ProductID, change func(*Product) error) (Product, error)

	// InsertPaymentLink adds one and its events. Errors: conflict when the id is taken.
	InsertPaymentLink(ctx context.Context, l Link, events []posta.Event) error
	// PaymentLink finds one.
	PaymentLink(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.LinkID) (Link, error)
	// PaymentLinkByToken finds one by its public address, whoever owns it.
	PaymentLinkByToken(ctx context.Context, token string) (Link, error)
	// PaymentLinks lists newest first.
	PaymentLinks(ctx context.Context, f LinkFilter) ([]Link, error)
	// ChangePaymentLink does for links what ChangeProduct does, and commits the events
	// that change returns.
	ChangePaymentLink(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.LinkID, change func(*Link) ([]posta.Event, error)) (Link, error)

	// InsertCheckoutSession adds one and its events. Errors: conflict when the id is taken.
	InsertCheckoutSession(ctx context.Context, v Session, events []posta.Event) error
	// CheckoutSession finds one.
	CheckoutSession(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SessionID) (Session, error)
	// CheckoutSessionByToken finds one by its page's address, whoever owns it.
	CheckoutSessionByToken(ctx context.Context, token string) (Session, error)
	// CheckoutSessions lists newest first.
	CheckoutSessions(ctx context.Context, f SessionFilter) ([]Session, error)
	// SessionPayments lists the payments that a session owns, oldest first.
	SessionPayments(ctx context.Context, id posta.SessionID) ([]payment.Payment, error)
	// ChangeCheckoutSession loads a session, then its link, nobody else changing either
	// meanwhile, and after that its payments; lets change alter the first two; and
	// commits them with the events. An error of change commits nothing and is
	// returned. change may run more than once and must not call the store.
	ChangeCheckoutSession(ctx context.Context, id posta.SessionID, change func(*Record) error) (Record, error)
	// ClaimCheckoutSessions takes sessions whose DueAt has come and moves it to now+lease.
	ClaimCheckoutSessions(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Session, error)
	// PaymentNews looks at the events after what SavePaymentNews noted, at most limit.
	PaymentNews(ctx context.Context, limit int) (News, error)
	// SavePaymentNews notes that all is done up to a position.
	SavePaymentNews(ctx context.Context, position int64) error
}

// News are the sessions of whose payments or refunds events tell.
type News struct {
	Sessions []posta.SessionID
	From, To int64 // positions of events: after From, up to To
}

// ProductFilter chooses products of a list. Zero fields do not choose.
type ProductFilter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	State      ProductState
	posta.Page
}

// LinkFilter chooses links of a list. Zero fields do not choose.
type LinkFilter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	State      LinkState
	ProductID  posta.ProductID
	posta.Page
}

// SessionFilter chooses sessions of a list. Zero fields do not choose.
type SessionFilter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	State      State
	LinkID     posta.LinkID
	Attention  bool // only those that a person should look at
	posta.Page
}
