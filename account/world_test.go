package account_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"

	"posta"
	"posta/account"
	"posta/provider"
	"posta/seal"
	"posta/store"
	"posta/store/storetest"
)

// connector is a provider's that only knows who it is.
type connector struct {
	provider.Connector
	config provider.Config
	who    provider.Account
	fail   error
	during func()
}

func (c *connector) Check(context.Context) (provider.Account, error) {
	if c.during != nil {
		c.during()
	}
	return c.who, c.fail
}

type world struct {
	*account.Service
	db     *store.DB
	clock  *posta.MovableClock
	log    *bytes.Buffer
	mer    account.Merchant
	opens  atomic.Int64
	answer connector // what a connector that is opened is like
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		box, err := seal.Open(seal.NewKey())
		if err != nil {
			t.Fatal(err)
		}
		w := &world{db: db, clock: posta.NewFrozenClock(storetest.Now), log: new(bytes.Buffer)}
		w.answer.who = provider.Account{ID: "446", Country: "AR", Test: true}
		w.Service = w.replica(box)
		w.mer = must(w.CreateMerchant(t.Context(), account.MerchantInput{Name: " Don Pedro ", Country: "AR"}))(t)
		test(t, w)
	})
}

// replica is another process on the same database.
func (w *world) replica(box *seal.Box) *account.Service {
	return &account.Service{Store: w.db, Box: box, Clock: w.clock, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Providers: []provider.Description{{Name: "acme", Fields: []provider.Field{
			{Name: "access_token", Secret: true, Required: true},
			{Name: "webhook_secret", Secret: true},
			{Name: "user_id", Required: true},
			{Name: "flow", Options: []string{"legacy", "orders"}, Default: "legacy"},
			{Name: "base_url", Default: "https://api.example.com"},
		}, Open: func(c provider.Config, client *http.Client, _ posta.Clock) (provider.Connector, error) {
			if client == nil {
				panic("no client")
			}
			if c["user_id"] == "0" {
				return nil, posta.Invalid("user_id", "malformed")
			}
			w.opens.Add(1)
			made := w.answer
			made.config = c
			return &made, nil
		}}},
		Client:   func(posta.ConnectionID) *http.Client { return http.DefaultClient },
		Defaults: map[string]map[string]string{"acme": {"base_url": "http://127.0.0.1:1"}},
	}
}

// must gives the value of a call that must not fail.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

const (
	token  = "APP_USR-CANARY-1234567890-abcd"
	signer = "CANARY-webhook-secret-0123"
)

func (w *world) input() account.ConnectionInput {
	return account.ConnectionInput{MerchantID: w.mer.ID, Mode: posta.Test, Provider: "acme", Name: "QR",
		Fields: map[string]string{"access_token": " " + token + "\n", "webhook_secret": signer + ",\n other", "user_id": "446"}}
}

func (w *world) connect(t *testing.T) account.Connection {
	t.Helper()
	return must(w.CreateConnection(t.Context(), w.input()))(t)
}

// problems maps fields of an error of code "invalid" to their codes.
func problems(err error) map[string]string {
	out := map[string]string{}
	if e, ok := err.(*posta.Error); ok && e.Code == posta.CodeInvalid {
		for _, f := range e.Fields {
			out[f.Field] = f.Code
		}
	}
	return out
}
