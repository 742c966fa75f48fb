// Package storetest gives tests a real database: SQLite always, PostgreSQL
// when POSTA_TEST_POSTGRES has its address (scripts/test.sh sets it).
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/payment"
	"posta/store"
	"posta/till"
)

// Now is when tests take place, and where the databases' clock stands.
var Now = time.Date(2026, 11, 23, 15, 4, 5, 678901000, time.UTC)

// Each runs test on SQLite and, when POSTA_TEST_POSTGRES is set, on
// PostgreSQL, each on a migrated database of its own. Without the variable
// PostgreSQL is left out, which fails the test when POSTA_TEST_NO_SKIP is 1.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, kind := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(kind), func(t *testing.T) {
			if kind == store.Postgres && !postgres(t) {
				return
			}
			test(t, Open(t, kind))
		})
	}
}

func postgres(t *testing.T) bool {
	t.Helper()
	if os.Getenv("POSTA_TEST_POSTGRES") != "" {
		return true
	}
	if os.Getenv("POSTA_TEST_NO_SKIP") == "1" {
		t.Fatal("POSTA_TEST_POSTGRES is not set, and nothing may be left out")
	}
	t.Log("PostgreSQL left out: POSTA_TEST_POSTGRES is not set")
	return false
}

// Open opens a migrated database of the test's own and closes it at its end.
func Open(t testing.TB, kind store.Dialect) *store.DB {
	t.Helper()
	db := OpenAt(t, URL(t, kind))
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// OpenAt opens the database at an address from URL, as it is, and closes it at
// the test's end.
func OpenAt(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, posta.NewFrozenClock(Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return db
}

// URL is the address of an empty database that is gone after the test: a file,
// or a schema on the PostgreSQL of POSTA_TEST_POSTGRES, which must be set. Its
// connections bear the schema's name as application_name.
func URL(t testing.TB, kind store.Dialect) string {
	t.Helper()
	if kind == store.SQLite {
		return filepath.Join(t.TempDir(), "posta.db")
	}
	base := os.Getenv("POSTA_TEST_POSTGRES")
	if base == "" {
		t.Fatal("POSTA_TEST_POSTGRES is not set")
	}
	schema := "test_" + strings.ToLower(rand.Text())
	execute(t, base, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { execute(t, base, "DROP SCHEMA "+schema+" CASCADE") })
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal("POSTA_TEST_POSTGRES is no address")
	}
	query := address.Query()
	query.Set("search_path", schema)
	query.Set("application_name", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

func execute(t testing.TB, url, text string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), text); err != nil {
		t.Fatal(err)
	}
}

// AddTerminal adds a terminal to the world's store, with a connection of its
// own to another provider, for all of the store's tills.
func (w World) AddTerminal(t testing.TB, db *store.DB, code string) till.Terminal {
	t.Helper()
	c := w.Connection
	c.ID, c.Provider, c.Name, c.Config = posta.NewID[posta.ConnectionID](Now), "prisma", "Prisma", map[string]string{"cuit": "30-00000000-7"}
	added := till.Terminal{ID: posta.NewID[posta.TerminalID](Now), MerchantID: w.Merchant.ID, Mode: c.Mode, StoreID: w.Store.ID,
		ConnectionID: c.ID, Code: code, Name: "Terminal " + code, CreatedAt: Now, UpdatedAt: Now}
	if err := errors.Join(db.InsertConnection(t.Context(), c), db.InsertTerminal(t.Context(), added)); err != nil {
		t.Fatal(err)
	}
	return added
}

// World is a merchant with one of everything that charging needs.
type World struct {
	Merchant   account.Merchant
	Connection account.Connection
	Store      till.Store
	Till       till.Till
}

// Seed adds a merchant of Argentina with a Mercado Pago connection, a store
// and a till, all in test mode. Each call adds another.
func Seed(t testing.TB, db *store.DB) World {
	t.Helper()
	return seed(t, db, posta.Test)
}

// SeedLive is Seed in live mode; the connection's gate is closed.
func SeedLive(t testing.TB, db *store.DB) World {
	t.Helper()
	return seed(t, db, posta.Live)
}

// SetGate puts the gate of the world's connection into a state, whatever it asks for.
func (w World) SetGate(t testing.TB, db *store.DB, g payment.Gate) {
	t.Helper()
	g.ConnectionID = w.Connection.ID
	if _, err := db.ChangeGate(t.Context(), w.Merchant.ID, w.Connection.ID, func(there *golive.Gate) ([]posta.Event, error) {
		there.Gate = g
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func seed(t testing.TB, db *store.DB, mode posta.Mode) World {
	t.Helper()
	var w World
	w.Merchant = account.Merchant{ID: posta.NewID[posta.MerchantID](Now), Name: "Almacén Don Pedro", Country: "AR",
		TimeZone: "America/Argentina/Buenos_Aires", CreatedAt: Now}
	w.Connection = account.Connection{ID: posta.NewID[posta.ConnectionID](Now), MerchantID: w.Merchant.ID, Mode: mode,
		Provider: "mercadopago", Name: "Mercado Pago", Config: map[string]string{"user_id": "446566691"},
		Sealed: []byte("sealed"), CreatedAt: Now, UpdatedAt: Now}
	w.Store = till.Store{ID: posta.NewID[posta.StoreID](Now), MerchantID: w.Merchant.ID, Mode: mode,
		ConnectionID: w.Connection.ID, Name: "Centro", ProviderRef: "62001001", CreatedAt: Now, UpdatedAt: Now,
		Address: till.Address{Street: "Corrientes", Number: "1234", City: "Buenos Aires", State: "Capital Federal",
			Latitude: "-34.603722", Longitude: "-58.381592"}}
	ctx := t.Context()
	for _, err := range []error{db.InsertMerchant(ctx, w.Merchant), db.InsertConnection(ctx, w.Connection), db.InsertStore(ctx, w.Store)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Till = w.AddTill(t, db)
	return w
}

// AddTill adds another till to the world's store.
func (w World) AddTill(t testing.TB, db *store.DB) till.Till {
	t.Helper()
	added := till.Till{ID: posta.NewID[posta.TillID](Now), MerchantID: w.Merchant.ID, Mode: w.Connection.Mode, StoreID: w.Store.ID,
		ConnectionID: w.Connection.ID, Name: "Caja 1", ProviderRef: "3041001", QR: "00020101021143650016com.mercadolibre",
		CreatedAt: Now, UpdatedAt: Now}
	if err := db.InsertTill(t.Context(), added); err != nil {
		t.Fatal(err)
	}
	return added
}
