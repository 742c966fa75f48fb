package app_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
)

// The demo's own application: a merchant lets Posta in by the browser, is told of
// by the application's webhook when the leave is taken back, and the connection
// shows as lost without anybody asking. Seen red under: the application's notices
// not routed to the connection; topic grant without an owner; no sweep.
func TestAGrantIsGivenAndTakenBackInTheDemo(t *testing.T) {
	t.Parallel()
	demo, stop := startDemo(t, filepath.Join(t.TempDir(), "demo"))
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer browser.CloseIdleConnections()
	visit := func(method, address, form string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		return got
	}
	visit(http.MethodPost, demo.URL()+"/login", url.Values{"email": {demo.Seed.Email}, "password": {demo.Seed.Password}}.Encode())
	asked, err := url.Parse(visit(http.MethodGet, demo.URL()+"/connections/oauth/start?provider=mercadopago", "").Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	const seller = 100000002
	back, err := demo.Simulator.Authorize(seller, asked.Query(), true)
	if err != nil {
		t.Fatal(err)
	}
	made := visit(http.MethodGet, back, "").Header.Get("Location")
	id, found := strings.CutSuffix(strings.TrimPrefix(made, "/connections/"), "/webhook")
	if !found {
		t.Fatalf("sent to %q", made)
	}
	connection := func() account.Connection {
		t.Helper()
		c, err := demo.Store.Connection(ctx, posta.ConnectionID(id))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := connection(); c.Account != "100000002" || c.Grant.ExpiresAt.IsZero() {
		t.Fatalf("%+v", c)
	}
	if err := demo.Simulator.Unlink(seller, 500000009); err != nil {
		t.Fatal(err)
	}
	// The notice, its reading and the look at the credentials are the hub's own work.
	if err := demo.Simulator.Await(ctx, func() bool {
		for _, e := range demo.Simulator.Traffic(0) {
			if e.Operation == "oauth_token" && e.Status == http.StatusBadRequest {
				return true // renewal was tried and refused
			}
		}
		return false
	}); err != nil {
		t.Fatal("nobody looked at the credentials")
	}
	for connection().LostAt.IsZero() {
		if ctx.Err() != nil {
			t.Fatal("not noted as lost")
		}
	}
	if got := visit(http.MethodPost, demo.URL()+"/hooks/app/mercadopago", `{"user_id":424242,"type":"payment","data":{"id":"1"}}`); got.StatusCode != http.StatusNotFound {
		t.Errorf("about nobody's account: %d", got.StatusCode)
	}
	if got := visit(http.MethodPost, demo.URL()+"/hooks/app/mercadopago", `not json`); got.StatusCode != http.StatusBadRequest {
		t.Errorf("no notice: %d", got.StatusCode)
	}
}
