// Package account keeps who works with Posta: merchants, their connections to
// providers with sealed credentials, the people who log in and the API keys.
package account

import (
	"context"
	"time"

	"posta"
)

// Merchant is the tenant: everything else belongs to one.
type Merchant struct {
	ID        posta.MerchantID
	Name      string
	Country   string // ISO 3166-1 alpha-2
	TimeZone  string // IANA name
	CreatedAt time.Time
}

// Connection is a merchant's account at a provider.
type Connection struct {
	ID         posta.ConnectionID
	MerchantID posta.MerchantID
	Mode       posta.Mode
	Provider   string // a provider.Description's name
	Name       string
	Config     map[string]string // fields that are not secret
	Sealed     []byte            // the secret fields, as JSON sealed with the connection's id
	RefundLate bool              // give back by itself what was paid after cancel or expiry
	Account    string            // the provider's own id of the account, once checked
	// Application is the provider's number of the application that the credentials
	// are of, once checked; "" where it tells none.
	Application string
	Country     string    // of the account, ISO 3166-1 alpha-2; "" is the merchant's
	CheckedAt   time.Time // last successful check; zero if never
	Swap        Swap      // zero while there is none
	Grant       Grant     // zero where keys were typed
	DueAt       time.Time // when its credentials are looked at next; zero for never
	LostAt      time.Time // since when the provider refuses the credentials; zero while it does not
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// User is a person who logs in.
type User struct {
	ID         posta.UserID
	MerchantID posta.MerchantID
	Email      string // lower case
	Name       string
	Password   string // argon2id, in its usual text form
	Language   string // "es", "pt", "en"; "" follows the browser
	Role       posta.Role
	CreatedAt  time.Time
}

// Key is an API key. Its token is shown once; the hash is kept.
type Key struct {
	ID         posta.KeyID
	MerchantID posta.MerchantID
	Mode       posta.Mode
	Name       string
	Prefix     string // the token's first characters, to tell keys apart
	Hash       string // hex SHA-256 of the token
	CreatedAt  time.Time
	UsedAt     time.Time // about when it was last used; zero if never
	RevokedAt  time.Time // zero while it works
}

// Store keeps accounts. Its errors are *posta.Error: not_found, and conflict
// where something unique is taken.
type Store interface {
	InsertMerchant(ctx context.Context, m Merchant) error
	UpdateMerchant(ctx context.Context, m Merchant) error
	Merchant(ctx context.Context, id posta.MerchantID) (Merchant, error)
	Merchants(ctx context.Context) ([]Merchant, error)

	InsertConnection(ctx context.Context, c Connection) error
	// ReplaceConnection saves a connection that was last changed at was. Errors:
	// conflict when it was changed since.
	ReplaceConnection(ctx context.Context, c Connection, was time.Time) error
	// ClaimConnections takes those whose credentials are due to be looked at,
	// whoever owns them: it moves their DueAt to now+lease and their UpdatedAt on.
	ClaimConnections(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Connection, error)
	// DoubtConnection has a connection looked at, unless it is due by then or lost.
	DoubtConnection(ctx context.Context, id posta.ConnectionID, at time.Time) error
	// Connection finds one whoever owns it; callers for a merchant use
	// MerchantConnection.
	Connection(ctx context.Context, id posta.ConnectionID) (Connection, error)
	MerchantConnection(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (Connection, error)
	Connections(ctx context.Context, m posta.MerchantID) ([]Connection, error)
	// ConnectionsSwapped lists connections, whoever owns them, whose swap ended at
	// now or before and was not yet cleared.
	ConnectionsSwapped(ctx context.Context, now time.Time) ([]Connection, error)

	InsertUser(ctx context.Context, u User) error
	UpdateUser(ctx context.Context, u User) error
	User(ctx context.Context, id posta.UserID) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)
	// Users lists a merchant's people by name.
	Users(ctx context.Context, m posta.MerchantID) ([]User, error)
	// ChangeRole gives a person another role, unless it would leave the merchant
	// without an owner: conflict.
	ChangeRole(ctx context.Context, m posta.MerchantID, id posta.UserID, role posta.Role, events []posta.Event) (User, error)

	InsertKey(ctx context.Context, k Key) error
	KeyByHash(ctx context.Context, hash string) (Key, error)
	Keys(ctx context.Context, m posta.MerchantID) ([]Key, error)
	RevokeKey(ctx context.Context, m posta.MerchantID, id posta.KeyID, at time.Time) error
	TouchKey(ctx context.Context, id posta.KeyID, at time.Time) error

	// FindSession, SaveSession and DropSession keep log-in sessions by the hash
	// of their token; FindSession gives ok false when there is none at now.
	FindSession(ctx context.Context, hash string, now time.Time) (data []byte, ok bool, err error)
	SaveSession(ctx context.Context, hash string, data []byte, expires, now time.Time) error
	DropSession(ctx context.Context, hash string) error
}
