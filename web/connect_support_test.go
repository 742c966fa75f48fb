package web_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"posta"
	"posta/account"
	"posta/inbox"
	"posta/provider"
	"posta/provider/mercadopago"
	sim "posta/sim/mercadopago"
)

// Accounts of the simulator in these tests; all of it is invented.
const (
	argentineID = 810000001
	brazilianID = 810000002
	realID      = 810000003
	ownerID     = 810000009
	appID       = 820000009

	argentineToken = "APP_USR-820000001-112200-0123456789abcdef0123456789abcdef-810000001"
	brazilianToken = "APP_USR-820000002-112200-0123456789abcdef0123456789abcdee-810000002"
	realToken      = "APP_USR-820000003-112200-0123456789abcdef0123456789abcded-810000003"
	argentineKey   = "APP_USR-11111111-1111-4111-8111-111111111111"
	brazilianKey   = "APP_USR-22222222-2222-4222-8222-222222222222"
	realKey        = "APP_USR-33333333-3333-4333-8333-333333333333"
	hookSecret     = "CANARY-webhook-secret-of-the-panel"
	appSecret      = "CANARY-client-secret-of-posta"
)

// gateway is the office with Mercado Pago's simulator over HTTP, and what was logged.
type gateway struct {
	*back
	sim  *sim.Simulator
	base string
	log  *bytes.Buffer
}

func openGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{back: office(t), log: &bytes.Buffer{}}
	var err error
	g.sim, err = sim.New(sim.Config{Clock: g.clock, AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(g.sim.Handler())
	g.base = served.URL
	g.sim.SetPublicURL(g.base)
	t.Cleanup(func() {
		served.Close()
		if err := g.sim.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, a := range []sim.Account{
		{UserID: argentineID, AccessToken: argentineToken, PublicKey: argentineKey, Site: "MLA", Nickname: "TESTTIENDA", ApplicationID: 820000001, Test: true},
		{UserID: brazilianID, AccessToken: brazilianToken, PublicKey: brazilianKey, Site: "MLB", Nickname: "TESTLOJA", ApplicationID: 820000002, Test: true},
		{UserID: realID, AccessToken: realToken, PublicKey: realKey, Site: "MLA", Nickname: "TIENDAREAL", ApplicationID: 820000003},
		{UserID: ownerID, AccessToken: "SIMULATED-OWNER", Site: "MLA", Nickname: "POSTAAPP", ApplicationID: 820000008},
	} {
		a.WebhookSecret, a.FeedKey = hookSecret, "simulated-feed-key"
		if err := g.sim.AddAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.sim.AddApplication(sim.Application{ID: appID, UserID: ownerID, Name: "Posta", Secret: appSecret, PKCE: true,
		RedirectURIs: []string{g.public + "/connections/oauth/return"}}); err != nil {
		t.Fatal(err)
	}
	g.accounts.Log = slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g.accounts.Providers = []provider.Description{mercadopago.Description()}
	g.accounts.Defaults = map[string]map[string]string{"mercadopago": {"base_url": g.base}}
	g.accounts.Apps = map[string]provider.App{"mercadopago": {ID: "820000009", Secret: appSecret, Return: g.public + "/connections/oauth/return", BaseURL: g.base, Pages: g.base}}
	g.inbox.Secret = g.accounts.Secrets
	g.inbox.Read = map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict){"mercadopago": mercadopago.ReadNotice}
	g.inbox.Owners = map[string]inbox.Owner{}
	g.tills.ConnectionMode = g.accounts.PlaceMode
	return g
}

// connections are those of the merchant but for the world's own.
func (g *gateway) connections() (out []account.Connection) {
	g.t.Helper()
	all, err := g.db.Connections(g.t.Context(), g.world.Merchant.ID)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, c := range all {
		if c.ID != g.world.Connection.ID {
			out = append(out, c)
		}
	}
	return out
}

// connect fills in the form of a new connection.
func (g *gateway) connect(b *browser, mode, country, key, token string) answer {
	g.t.Helper()
	return b.post("/connections/new", "nonce", posta.NewULID(g.clock.Now()), "provider", "mercadopago", "name", "Mi tienda", "mode", mode,
		"country", country, "config.public_key", key, "config.access_token", token)
}

// allow goes to the provider's page and back: it gives the address that the
// browser is sent to.
func (g *gateway) allow(b *browser, start string, user int64, yes bool) string {
	g.t.Helper()
	to := b.get(start)
	if to.status != http.StatusSeeOther || !strings.HasPrefix(to.to, g.base+"/authorization?") {
		g.t.Fatalf("%s: %d %s", start, to.status, to.to)
	}
	asked, err := url.Parse(to.to)
	if err != nil {
		g.t.Fatal(err)
	}
	for name, want := range map[string]string{"code_challenge_method": "S256", "client_id": "820000009", "response_type": "code"} {
		if asked.Query().Get(name) != want {
			g.t.Errorf("%s: %q", name, asked.Query().Get(name))
		}
	}
	returned, err := g.sim.Authorize(user, asked.Query(), yes)
	if err != nil {
		g.t.Fatal(err)
	}
	path, ours := strings.CutPrefix(returned, g.public)
	if !ours {
		g.t.Fatalf("sent back to %s", returned)
	}
	return path
}

// granted connects by OAuth and gives the connection.
func (g *gateway) granted(b *browser) account.Connection {
	g.t.Helper()
	if got := b.get(g.allow(b, "/connections/oauth/start?provider=mercadopago", argentineID, true)); !strings.HasSuffix(got.to, "/webhook") {
		g.t.Fatalf("%d %s", got.status, got.to)
	}
	made := g.connections()
	if len(made) != 1 {
		g.t.Fatalf("%d connections", len(made))
	}
	return made[0]
}

// again reads a connection.
func (g *gateway) again(c account.Connection) account.Connection {
	g.t.Helper()
	c, err := g.db.Connection(g.t.Context(), c.ID)
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// sweep looks at the credentials that are due.
func sweepGrants(t *testing.T, s *account.Service) int {
	t.Helper()
	n, err := s.SweepGrants(t.Context(), func(work func()) { work() })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// serveHook is an address that hands what comes to the inbox.
func serveHook(g *gateway, c account.Connection, received chan<- error) string {
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = g.inbox.Accept(r.Context(), c.ID, r.URL.RawQuery, r.Header, body)
		}
		received <- err
	}))
	g.t.Cleanup(served.Close)
	return served.URL
}
