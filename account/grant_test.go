package account_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/provider"
	"posta/seal"
)

// granter counts refreshes, each of which ends the token that it was asked with.
type granter struct {
	asked atomic.Int64
	valid atomic.Value // the only refresh token that works
}

func (g *granter) refresh(_ context.Context, _ *http.Client, clock posta.Clock, _ provider.App, token string) (provider.Grant, error) {
	g.asked.Add(1)
	next := token + "+"
	if !g.valid.CompareAndSwap(token, next) {
		return provider.Grant{}, &posta.Error{Code: posta.CodeUnauthorized}
	}
	return provider.Grant{Fields: map[string]string{"access_token": "access of " + next, "user_id": "446"}, Refresh: next, ExpiresAt: clock.Now().Add(180 * 24 * time.Hour)}, nil
}

func (w *world) granting(t *testing.T) (*granter, account.Connection, []*account.Service) {
	t.Helper()
	g := &granter{}
	g.valid.Store("first")
	box, err := seal.Open(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	var replicas []*account.Service
	for range 4 {
		s := w.replica(box)
		s.Log = nil
		s.Providers[0].Grant = &provider.Grantor{Refresh: g.refresh}
		s.Apps = map[string]provider.App{"acme": {ID: "1"}}
		replicas = append(replicas, s)
	}
	c, _, err := replicas[0].TakeGrant(t.Context(), account.ConnectionInput{MerchantID: w.mer.ID, Mode: posta.Test, Provider: "acme", Name: "QR"},
		provider.Grant{Fields: map[string]string{"access_token": "access", "user_id": "446"}, Refresh: "first", ExpiresAt: w.clock.Now().Add(180 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return g, c, replicas
}

// On either database one replica renews, and a person who saves at that moment
// loses nothing and brings nothing back. Seen red under: a claim that leaves due_at;
// rows saved whatever was committed since.
func TestGrantIsRenewedOnceWhoeverSavesMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, c, replicas := w.granting(t)
		for round := range 5 {
			w.clock.Move(151 * 24 * time.Hour)
			var all sync.WaitGroup
			for i, s := range replicas {
				all.Go(func() {
					if _, err := s.SweepGrants(context.Background(), func(work func()) { work() }); err != nil {
						t.Error(err)
					}
				})
				all.Go(func() {
					in := account.ConnectionInput{ID: c.ID, MerchantID: w.mer.ID, Name: string(rune('A' + i))}
					if _, err := s.UpdateConnection(context.Background(), in); err != nil && posta.ErrorCode(err) != posta.CodeConflict {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if _, err := replicas[0].SweepGrants(t.Context(), func(work func()) { work() }); err != nil { // where the row was held, nobody took it
				t.Fatal(err)
			}
			now := must(w.db.Connection(t.Context(), c.ID))(t)
			if n := g.asked.Load(); n != int64(round+1) || !now.Grant.RefusedAt.IsZero() || !now.Grant.ExpiresAt.Equal(w.clock.Now().Add(180*24*time.Hour)) {
				t.Fatalf("round %d: %d refreshes, %+v", round, n, now.Grant)
			}
		}
	})
}

// Keys that are typed in place of a grant end it; keys that the provider refuses
// are noted. Seen red under: the refresh token kept beside typed keys.
func TestTypedKeysEndAGrant(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, c, replicas := w.granting(t)
		s := replicas[0]
		c, _, err := s.Reconnect(t.Context(), account.ConnectionInput{ID: c.ID, MerchantID: w.mer.ID, Name: "QR", Fields: map[string]string{"access_token": "typed"}})
		if err != nil || !c.Grant.ExpiresAt.IsZero() || !c.DueAt.IsZero() {
			t.Fatalf("%+v %v", c.Grant, err)
		}
		w.answer.fail = &posta.Error{Code: posta.CodeUnauthorized}
		if err := s.Doubt(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SweepGrants(t.Context(), func(work func()) { work() }); err != nil {
			t.Fatal(err)
		}
		if now := must(w.db.Connection(t.Context(), c.ID))(t); now.LostAt.IsZero() || g.asked.Load() != 0 {
			t.Errorf("%+v, %d refreshes", now, g.asked.Load())
		}
		w.answer.fail = nil
		if _, err := s.Check(t.Context(), w.mer.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		if now := must(w.db.Connection(t.Context(), c.ID))(t); !now.LostAt.IsZero() {
			t.Error("still lost")
		}
	})
}
