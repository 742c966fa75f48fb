package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/live"
	"posta/payment"
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/seal"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
	"posta/text"
	"posta/web"
)

const (
	stallSeller = 446566691
	stallToken  = "TEST-6245132082630004-112200-0a1b2c3d4e5f60718293a4b5c6d7e8f9-446566691"
)

// stall is a merchant of a country who sells online by the simulated provider.
type stall struct {
	*hub
	sim      *sim.Simulator
	checkout *checkout.Service
	country  posta.Country
	logged   *strings.Builder
}

func newStall(t *testing.T, code string) *stall {
	t.Helper()
	country, err := posta.FindCountry(code)
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, db: storetest.Open(t, store.SQLite), clock: posta.NewFrozenClock(storetest.Now)}
	s := &stall{hub: h, country: country, logged: &strings.Builder{}}
	if s.sim, err = sim.New(sim.Config{Clock: h.clock, AllowLoopback: true, Senders: 1}); err != nil {
		t.Fatal(err)
	}
	provided := httptest.NewServer(s.sim.Handler())
	t.Cleanup(func() {
		provided.Close()
		if err := s.sim.Close(); err != nil {
			t.Error(err)
		}
	})
	s.sim.SetPublicURL(provided.URL)
	if err := s.sim.AddAccount(sim.Account{UserID: stallSeller, AccessToken: stallToken, PublicKey: "TEST-public", WebhookSecret: "s", Site: country.Site, Test: true}); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	connector, err := mercadopago.Description().Open(provider.Config{"access_token": stallToken, "public_key": "TEST-public", "base_url": provided.URL}, &http.Client{Transport: transport}, h.clock)
	if err != nil {
		t.Fatal(err)
	}
	open := func(context.Context, posta.ConnectionID) (provider.Connector, error) { return connector, nil }
	h.world.Merchant = account.Merchant{ID: posta.NewID[posta.MerchantID](storetest.Now), Name: "Almacén Don Pedro", Country: code, TimeZone: "UTC", CreatedAt: storetest.Now}
	h.world.Connection = account.Connection{ID: posta.NewID[posta.ConnectionID](storetest.Now), MerchantID: h.world.Merchant.ID, Mode: posta.Test,
		Provider: "mercadopago", Name: "Mercado Pago", Config: map[string]string{}, Sealed: []byte("sealed"), CreatedAt: storetest.Now, UpdatedAt: storetest.Now}
	for _, err := range []error{h.db.InsertMerchant(t.Context(), h.world.Merchant), h.db.InsertConnection(t.Context(), h.world.Connection)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	box, err := seal.Open(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(s.logged, io.Discard), nil))
	h.accounts = &account.Service{Store: h.db, Box: box, Clock: h.clock, Log: log}
	h.live = live.NewHub(h.db, log)
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan struct{})
	go func() { h.live.Run(ctx); close(running) }()
	h.payments = &payment.Service{Store: h.db, Open: open, Clock: h.clock, Log: log, Committed: h.live.Wake,
		NotifyURL: func(posta.ConnectionID) string { return "https://posta.test/hooks/x" }}
	s.checkout = &checkout.Service{Store: h.db, Payments: h.payments, Open: open, Clock: h.clock, Log: log, URL: func() string { return h.public }, Committed: h.live.Wake}
	h.server = httptest.NewServer(web.New(web.Services{Accounts: h.accounts, Payments: h.payments, Checkout: s.checkout, Hub: h.live, Events: h.db, Calls: h.db,
		Catalog: text.Must(), Clock: h.clock, Log: log, PublicURL: func() string { return h.public }, Version: "test"}))
	h.public = h.server.URL
	t.Cleanup(func() { cancel(); <-running; h.server.Close() })
	return s
}

// link is a payment link of the stall, with an amount that every way to pay of
// its country takes.
func (s *stall) link(change ...func(*checkout.LinkInput)) checkout.Link {
	s.t.Helper()
	amount := map[string]int64{"MX": 500_000, "BR": 100_000}[s.country.Code]
	if amount == 0 {
		amount = 2_000_000
	}
	in := checkout.LinkInput{MerchantID: s.world.Merchant.ID, Mode: posta.Test, ConnectionID: s.world.Connection.ID, Title: "Taza de cerámica", Amount: amount,
		MaxQuantity: 1, Stock: checkout.Unlimited, By: "user:test"}
	for _, c := range change {
		c(&in)
	}
	l, err := s.checkout.CreateLink(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

// shopper is a buyer in a browser at a session's page.
type shopper struct {
	*browser
	s    *stall
	path string
}

// visit opens a link as a new buyer.
func (s *stall) visit(l checkout.Link) *shopper {
	s.t.Helper()
	b := s.browser()
	got := b.get("/l/" + l.Token)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, checkout.SessionPath) {
		s.t.Fatalf("link: %d %s", got.status, got.to)
	}
	return &shopper{browser: b, s: s, path: got.to}
}

func (b *shopper) session() checkout.Session {
	b.s.t.Helper()
	v, err := b.s.checkout.SessionAt(b.s.t.Context(), strings.TrimPrefix(b.path, checkout.SessionPath))
	if err != nil {
		b.s.t.Fatal(err)
	}
	return v
}

// payments are those of the session, oldest first.
func (b *shopper) payments() []payment.Payment {
	b.s.t.Helper()
	list, err := b.s.checkout.SessionPayments(b.s.t.Context(), b.session().ID)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return list
}

var (
	stallDocuments = map[string][2]string{"AR": {"DNI", "12.345.678"}, "BR": {"CPF", "123.456.789-09"}, "CO": {"CC", "123456789"}, "MX": {"RFC", ""},
		"UY": {"CI", "1.234.567-2"}, "CL": {"RUT", "12.345.678-5"}, "PE": {"DNI", "12345678"}}
	hiddenInput = regexp.MustCompile(`name="(tries|amount)" value="(\d+)"`)
)

// form is what a buyer types, and what the page has hidden; the pairs in change
// take the place of what they name.
func (b *shopper) form(method string, change ...string) []string {
	b.s.t.Helper()
	document := stallDocuments[b.s.country.Code]
	fields := []string{"method", method, "email", sim.TestBuyer, "first_name", "Ana", "last_name", "Gómez", "identification_type", document[0], "identification", document[1],
		"area", "11", "phone", "44445555", "entity", "individual", "bank", "1007", "zip", "01310100", "street", "Av. Central", "street_number", "100",
		"neighborhood", "Centro", "city", "São Paulo", "state", "SP"}
	for _, hidden := range hiddenInput.FindAllStringSubmatch(b.get(b.path).body, -1) {
		fields = append(fields, hidden[1], hidden[2])
	}
	for i := 0; i+1 < len(change); i += 2 {
		for j := 0; j+1 < len(fields); j += 2 {
			if fields[j] == change[i] {
				fields[j+1] = change[i+1]
			}
		}
	}
	return fields
}

// pays sends the form and wants to be led on to the session's page.
func (b *shopper) pays(method string) string {
	b.s.t.Helper()
	got := b.post(b.path, b.form(method)...)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, b.path) {
		b.s.t.Fatalf("%s: %d %s %s", method, got.status, got.to, shortened(got.body))
	}
	return b.page(b.path)
}

func shortened(body string) string {
	if at := strings.Index(body, `<div class="checkout"`); at >= 0 {
		body = body[at:]
	}
	return body[:min(len(body), 1500)]
}

// later lets time pass, in which the hub asks the provider.
func (s *stall) later(d time.Duration) {
	s.t.Helper()
	s.clock.Move(d)
	if _, err := s.payments.SweepPayments(s.t.Context(), func(f func()) { f() }); err != nil {
		s.t.Fatal(err)
	}
}
