package checkout_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
	"posta/provider/mercadopago"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
)

const (
	sellerID = 446566691
	token    = "TEST-6245132082630004-112200-0a1b2c3d4e5f60718293a4b5c6d7e8f9-446566691"
)

// market is a country's simulated provider, and a buyer there.
type market struct {
	*shop
	sim     *sim.Simulator
	country posta.Country
	buyer   provider.Buyer
}

var documents = map[string]provider.Identification{"AR": {Type: "DNI", Number: "12345678"}, "BR": {Type: "CPF", Number: "123.456.789-09"},
	"CO": {Type: "CC", Number: "123456789"}, "UY": {Type: "CI", Number: "1.234.567-2"}, "CL": {Type: "RUT", Number: "12.345.678-5"}, "PE": {Type: "DNI", Number: "12345678"}}

func newMarket(t *testing.T, db *store.DB, country posta.Country) *market {
	t.Helper()
	m := &market{shop: newShopIn(t, db, country.Code), country: country}
	var err error
	if m.sim, err = sim.New(sim.Config{Clock: m.clock, AllowLoopback: true, Senders: 1}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(m.sim.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := m.sim.Close(); err != nil {
			t.Error(err)
		}
	})
	m.sim.SetPublicURL(server.URL)
	if err := m.sim.AddAccount(sim.Account{UserID: sellerID, AccessToken: token, PublicKey: "TEST-public", WebhookSecret: "s", Site: country.Site, Test: true}); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	connector, err := mercadopago.Description().Open(provider.Config{"access_token": token, "public_key": "TEST-public", "base_url": server.URL}, &http.Client{Transport: transport}, m.clock)
	if err != nil {
		t.Fatal(err)
	}
	m.open = func(context.Context, posta.ConnectionID) (provider.Connector, error) { return connector, nil }
	m.Service = m.replica(db)
	m.buyer = provider.Buyer{Email: sim.TestBuyer, FirstName: "Ana", LastName: "Gómez", Identification: documents[country.Code], Entity: provider.EntityPerson,
		Phone:   provider.Phone{Area: "11", Number: "44445555"},
		Address: provider.Address{ZipCode: "01310100", Street: "Av. Central", Number: "100", Neighborhood: "Centro", City: "São Paulo", State: "SP"}, IP: "203.0.113.7"}
	return m
}

// visit is a buyer at a fresh link.
func (m *market) visit(t *testing.T) checkout.Session {
	t.Helper()
	amount := int64(2_000_000)
	switch m.country.Code { // within the limits of cash
	case "MX":
		amount = 500_000
	case "BR":
		amount = 100_000
	}
	return m.shop.visit(t, m.link(t, func(in *checkout.LinkInput) { in.Amount, in.Stock = amount, 1 }))
}

func (m *market) choose(v checkout.Session, method checkout.Method) checkout.PayInput {
	in := checkout.PayInput{Session: v.ID, Tries: v.Tries, Flow: provider.FlowDirect, Method: method.ID, Buyer: m.buyer}
	if len(method.Banks) > 0 {
		in.Bank = method.Banks[0].ID
	}
	return in
}

// card is a choice paid by a test card of the method; holder says the outcome.
func (m *market) card(t *testing.T, v checkout.Session, method checkout.Method, holder string) (checkout.PayInput, bool) {
	t.Helper()
	in := m.choose(v, method)
	in.Installments = 1
	at := slices.IndexFunc(sim.TestCards, func(c sim.TestCard) bool { return c.Site == m.country.Site && c.Method == method.ID })
	if at < 0 {
		return in, false
	}
	token, err := m.sim.Tokenize(sellerID, sim.CardForm{Number: sim.TestCards[at].Number, Holder: holder})
	if err != nil {
		t.Fatalf("%s: %v", method.ID, err)
	}
	in.Token = token
	return in, true
}

func (m *market) session(t *testing.T, id posta.SessionID) checkout.Session {
	t.Helper()
	m.shop.later(t, 2*time.Minute)
	v, err := m.Session(t.Context(), m.world.Merchant.ID, posta.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Promise 26, online, for every method of every country: a payment that came to
// its end at the provider and was rejected, or waits, is not paid; one that is
// paid there completes its session, whatever notices came (none do here).
func TestP26_EveryMethodOfEveryCountryIsPaidOnlyWhenItIs(t *testing.T) {
	db := storetest.Open(t, store.SQLite)
	for _, country := range posta.Countries {
		t.Run(country.Code, func(t *testing.T) {
			m := newMarket(t, db, country)
			offer, err := m.Methods(t.Context(), m.visit(t))
			if err != nil || !offer.Redirect || len(offer.Methods) < 2 {
				t.Fatalf("%+v, %v", offer, err)
			}
			for _, method := range offer.Methods {
				if method.Card {
					m.byCard(t, method)
				} else {
					m.byVoucher(t, method)
				}
			}
			m.byRedirect(t)
		})
	}
}

func (m *market) byCard(t *testing.T, method checkout.Method) {
	for holder, want := range map[string]payment.State{"APRO": payment.Paid, "FUND": payment.Rejected, "CONT": payment.Pending} {
		v := m.visit(t)
		in, ok := m.card(t, v, method, holder)
		if !ok {
			return // the provider publishes no test card of it
		}
		p := m.pay(t, in)
		if p.State != want || p.Online.Token != "" {
			t.Errorf("%s by %s: %s %s", method.ID, holder, p.State, p.LastDetail)
		}
		if v = m.session(t, v.ID); (v.State == checkout.Complete) != (want == payment.Paid) {
			t.Errorf("%s by %s: session %s", method.ID, holder, v.State)
		}
		if holder != "FUND" {
			continue
		}
		// The same token is used up; another card goes through.
		in.Tries = v.Tries
		if again := m.pay(t, in); again.State != payment.Failed {
			t.Errorf("%s, a token used twice: %s", method.ID, again.State)
		}
		in, _ = m.card(t, m.session(t, v.ID), method, "APRO")
		if p := m.pay(t, in); p.State != payment.Paid {
			t.Errorf("%s, another card: %s %s", method.ID, p.State, p.LastDetail)
		}
		wantState(t, m.session(t, v.ID), checkout.Complete)
	}
}

func (m *market) byVoucher(t *testing.T, method checkout.Method) {
	for _, end := range []string{"paid", "refused", "overdue", "card"} {
		v := m.visit(t)
		p := m.pay(t, m.choose(v, method))
		if p.State != payment.Pending || p.Next == (provider.Next{}) {
			t.Errorf("%s: %s %s, next %+v", method.ID, p.State, p.LastDetail, p.Next)
			return
		}
		if v = m.session(t, v.ID); v.State != checkout.Open {
			t.Errorf("%s waits, and its session is %s", method.ID, v.State)
		}
		id := m.voucher(t, p)
		want := checkout.Complete
		var err error
		switch end {
		case "paid":
			err = m.sim.PayVoucher(id)
		case "refused":
			want, err = checkout.Expired, m.sim.RefuseTransfer(id)
			m.shop.later(t, 25*time.Hour)
		case "overdue":
			want = checkout.Expired
			for range 5 {
				m.clock.Move(7 * 24 * time.Hour)
				if err := m.sim.Expire(m.clock.Now()); err != nil {
					t.Fatal(err)
				}
				m.sweep(t)
			}
		case "card":
			m.buyer.Identification = documents[m.country.Code]
			in, _ := m.card(t, v, checkout.Method{Method: provider.Method{ID: "visa"}}, "APRO")
			if p := m.pay(t, in); p.State != payment.Paid {
				t.Errorf("a card in place of %s: %s %s", method.ID, p.State, p.LastDetail)
			}
			if m.sim.PayVoucher(id) == nil {
				t.Errorf("%s can be paid after it was replaced", method.ID)
			}
		}
		if err != nil {
			t.Errorf("%s %s: %v", method.ID, end, err)
		}
		if v = m.session(t, v.ID); v.State != want {
			t.Errorf("%s %s: session %s, %s", method.ID, end, v.State, v.PaymentID)
		}
	}
}

// voucher is the provider's id of a payment that waits.
func (m *market) voucher(t *testing.T, p payment.Payment) int64 {
	t.Helper()
	p, err := m.Payments.Get(t.Context(), p.MerchantID, p.Mode, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Facts {
		var id int64
		for _, r := range f.ID {
			if r < '0' || r > '9' {
				id = 0
				break
			}
			id = id*10 + int64(r-'0')
		}
		if id > 0 {
			return id
		}
	}
	t.Fatalf("no provider's payment in %+v", p.Facts)
	return 0
}

func (m *market) byRedirect(t *testing.T) {
	for holder, want := range map[string]checkout.State{"APRO": checkout.Complete, "FUND": checkout.Open} {
		v := m.visit(t)
		p := m.pay(t, checkout.PayInput{Session: v.ID, Flow: provider.FlowRedirect, Buyer: m.buyer})
		if p.State != payment.Pending || p.Next.URL == "" {
			t.Fatalf("redirect: %s %s", p.State, p.LastDetail)
		}
		if _, err := m.sim.PayPreference(p.Order, sim.Choice{Holder: holder}); err != nil {
			t.Fatalf("%s: %v", p.Order, err)
		}
		v, p, err := m.Refresh(t.Context(), v.ID)
		if err != nil || v.State != want {
			t.Errorf("redirect by %s: session %s, payment %s, %v", holder, v.State, p.State, err)
		}
		if v.State == checkout.Open { // the buyer comes back and pays here
			in, _ := m.card(t, v, checkout.Method{Method: provider.Method{ID: "visa"}}, "APRO")
			if p := m.pay(t, in); p.State != payment.Paid {
				t.Errorf("after a declined redirect: %s %s", p.State, p.LastDetail)
			}
			if _, err := m.sim.PayPreference(p.Order, sim.Choice{}); err == nil {
				t.Error("the provider's page can be paid after ours was")
			}
		}
	}
}
