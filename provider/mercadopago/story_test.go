package mercadopago_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
)

// hooks receives notices as the inbox does.
type hooks struct {
	mu  sync.Mutex
	got []provider.Delivery
}

func listen(t *testing.T, clock posta.Clock) (*hooks, string) {
	h := &hooks{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, provider.Delivery{Query: r.URL.RawQuery, Header: r.Header, Body: body, ReceivedAt: clock.Now()})
	}))
	t.Cleanup(server.Close)
	return h, server.URL
}

func (h *hooks) take() []provider.Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

func get(t *testing.T, connector provider.Connector, charge provider.Charge) []provider.Fact {
	t.Helper()
	seen, err := connector.Get(t.Context(), charge)
	if err != nil {
		t.Fatal(err)
	}
	return seen.Facts
}

func create(t *testing.T, connector provider.Connector, charge *provider.Charge) []provider.Fact {
	t.Helper()
	seen, err := connector.Create(t.Context(), *charge, "create-"+string(charge.Payment))
	if err != nil {
		t.Fatal(err)
	}
	charge.Order = seen.Order
	return seen.Facts
}

func wantState(t *testing.T, charge provider.Charge, facts []provider.Fact, state payment.State, attention payment.Attention) payment.Summary {
	t.Helper()
	sum := payment.Compute(charge.Amount.Amount, facts)
	if sum.State != state || sum.Attention != attention {
		t.Fatalf("%s %q, want %s %q of\n%+v", sum.State, sum.Attention, state, attention, facts)
	}
	return sum
}

// What the simulator sends, in each of its forms, is understood, judged as
// docs/providers/mercadopago.md §8.1 says, and fetched to a proof.
func TestNoticesLeadToProof(t *testing.T) {
	for name, tc := range map[string]struct {
		flow     string
		switches sim.Switches
		want     map[string]provider.Judgement // by channel and topic
		form     string
	}{
		"legacy": {"legacy", sim.Switches{}, map[string]provider.Judgement{
			"feed merchant_order": provider.Unverifiable, "feed payment": provider.Unverifiable,
			"webhook merchant_order": provider.Unverifiable, "webhook payment": provider.BadSignature}, ""},
		"legacy feed": {"legacy", sim.Switches{FeedOnly: true}, map[string]provider.Judgement{
			"feed merchant_order": provider.Unverifiable, "feed payment": provider.Unverifiable}, ""},
		"orders":                {"orders", sim.Switches{}, map[string]provider.Judgement{"webhook order": provider.Verified, "webhook payment": provider.Verified}, "raw id, seconds"},
		"orders, millis":        {"orders", sim.Switches{TsMillis: true, OrderTopicPlural: true}, map[string]provider.Judgement{"webhook order": provider.Verified}, "raw id, milliseconds"},
		"orders, lower, no ids": {"orders", sim.Switches{CasingLower: true, OrderNoticeBare: true}, map[string]provider.Judgement{"webhook order": provider.Verified}, "lower-case id, seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, sim.Account{}, tc.switches)
			h, address := listen(t, c.clock)
			if tc.flow == "orders" {
				if err := c.AddAccount(sim.Account{UserID: seller, AccessToken: token, WebhookSecret: secret, Site: "MLA", PanelURL: address}); err != nil {
					t.Fatal(err)
				}
			}
			connector := c.open(t, provider.Config{"flow": tc.flow})
			c.setUp(t, connector)
			charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
			charge.NotificationURL = address
			facts := create(t, connector, &charge)
			c.pay(t)
			c.Deliver(t.Context(), c.clock.Now())
			seenForms := map[string]bool{}
			for _, d := range h.take() {
				n, verdict := mercadopago.ReadNotice(d, active(secret))
				form := n.Channel + " " + n.Topic
				seenForms[form] = true
				if want, ok := tc.want[form]; ok && verdict.Judgement != want {
					t.Errorf("%s: %+v, want %s", form, verdict, want)
				}
				if n.Topic == "order" && verdict.Form != tc.form {
					t.Errorf("form %q, want %q", verdict.Form, tc.form)
				}
				seen, err := connector.Fetch(t.Context(), n)
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				for _, o := range seen {
					if o.ExternalReference != string(charge.Payment) {
						t.Errorf("%s: of %q", form, o.ExternalReference)
					}
					facts = append(facts, o.Facts...)
				}
			}
			for form := range tc.want {
				if !seenForms[form] {
					t.Logf("the simulator sent no %s, only %v", form, seenForms)
				}
			}
			sum := wantState(t, charge, facts, payment.Paid, payment.AttentionNone)
			if sum.Captured != 150_000 {
				t.Errorf("captured %d", sum.Captured)
			}
		})
	}
}

// The provider answers 500 to a DELETE with nothing to delete
// (docs/providers/mercadopago.md §3.3): a look says whether it was paid.
func TestDeleteAnswered500LooksFirst(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	connector := c.open(t, nil)
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	facts := create(t, connector, &charge)
	// It is paid between the connector's look and its DELETE.
	racing := &http.Client{Transport: before{method: http.MethodDelete, then: func() { c.pay(t) }, next: c.client.Transport}}
	quick, err := mercadopago.Description().Open(provider.Config{"access_token": token, "base_url": c.url}, racing, c.clock)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := quick.Cancel(t.Context(), charge, "k")
	if err != nil {
		t.Fatal(err)
	}
	wantState(t, charge, append(facts, seen.Facts...), payment.Paid, payment.AttentionNone)
	deletes := 0
	for _, x := range c.Traffic(0) {
		if x.Method == http.MethodDelete && x.Status == http.StatusInternalServerError {
			deletes++
		}
	}
	if deletes != 1 {
		t.Errorf("%d DELETEs answered 500, want 1", deletes)
	}
	// Nothing was there and nothing was paid: it is canceled.
	gone := c.charge(posta.Money{Amount: 99_900, Currency: "ARS"})
	facts = create(t, connector, &gone)
	racing.Transport = before{method: http.MethodDelete, next: c.client.Transport, then: func() {
		if _, err := connector.Cancel(t.Context(), gone, "other"); err != nil {
			t.Error(err)
		}
	}}
	if seen, err = quick.Cancel(t.Context(), gone, "k"); err != nil {
		t.Fatal(err)
	}
	wantState(t, gone, append(facts, seen.Facts...), payment.Canceled, payment.AttentionNone)
}

// before does something in front of the first call of a method.
type before struct {
	method string
	then   func()
	next   http.RoundTripper
}

func (b before) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == b.method {
		b.then()
	}
	return b.next.RoundTrip(r)
}

// A decline is an attempt; two cards may share one scan; a scan that is left
// stays open beside the one that is paid.
func TestScansAndSplitTender(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	connector := c.open(t, nil)
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	facts := create(t, connector, &charge)
	if _, err := c.Scan(sim.ScanRequest{UserID: seller, ExternalPOS: c.till.Code}); err != nil {
		t.Fatal(err)
	}
	c.pay(t, sim.Part{Card: sim.Card{Holder: "CALL"}}, sim.Part{Card: sim.Card{Brand: "master", LastFour: "6351", Installments: 3}, Amount: 100_000},
		sim.Part{Card: sim.Card{Type: "account_money", Brand: "account_money"}})
	facts = append(facts, get(t, connector, charge)...)
	sum := wantState(t, charge, facts, payment.Paid, payment.AttentionNone)
	if sum.Captured != 150_000 || sum.Declined != 1 || sum.LastDetail != "cc_rejected_call_for_authorize" {
		t.Errorf("%+v", sum)
	}
	kinds := map[provider.Kind]int{}
	details := ""
	for _, f := range facts {
		kinds[f.Kind]++
		if f.Status == provider.StatusApproved && f.Amount == 100_000 {
			details = strings.Join([]string{f.Method, f.Brand, f.LastFour}, " ")
			if f.Installments != 3 || f.Authorizes == "" {
				t.Errorf("%+v", f)
			}
		}
	}
	if kinds[provider.FactSale] != 2 || details != "credit_card master 6351" {
		t.Errorf("%v, %q", kinds, details)
	}
}

// Less money than asked, though the provider says closed, is not paid.
func TestShortfallIsNotPaid(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		c := newCounter(t, sim.Account{}, sim.Switches{})
		connector := c.open(t, provider.Config{"flow": flow})
		c.setUp(t, connector)
		charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
		facts := create(t, connector, &charge)
		c.break_(t, fault.Rule{Operation: "pay", Action: fault.WrongAmount, Amount: -100})
		c.pay(t)
		facts = append(facts, get(t, connector, charge)...)
		if sum := wantState(t, charge, facts, payment.Pending, payment.AttentionShortfall); sum.Captured != 149_900 {
			t.Errorf("%s: captured %d", flow, sum.Captured)
		}
	}
}

// A payment in process when the order is taken away is still watched.
func TestInProcessIsNotCanceledOrExpired(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	connector := c.open(t, nil)
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	facts := create(t, connector, &charge)
	paid := c.pay(t, sim.Part{Card: sim.Card{Holder: "CONT"}})
	c.advance(t, 11*time.Minute)
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Pending, payment.AttentionNone)
	if err := c.Settle(paid.Payments[0].ID, true); err != nil {
		t.Fatal(err)
	}
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Paid, payment.AttentionNone)
}

// A refund made in the provider's own panel comes with the payment's notice.
func TestRefundsOfPaymentsAreFound(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	connector := c.open(t, nil)
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	create(t, connector, &charge)
	paid := c.pay(t)
	attempt := posta.FormatDecimal(paid.Payments[0].ID, 0)
	if _, err := connector.Refund(t.Context(), charge, provider.Refund{Attempt: attempt, Amount: posta.Money{Amount: 50_000, Currency: "ARS"}, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"payment", "merchant_order"} {
		resource := attempt
		if topic == "merchant_order" {
			resource = posta.FormatDecimal(paid.MerchantOrderID, 0)
		}
		seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: topic, Resource: resource})
		if err != nil || len(seen) != 1 {
			t.Fatalf("%+v, %v", seen, err)
		}
		sum := wantState(t, charge, seen[0].Facts, payment.PartiallyRefunded, payment.AttentionNone)
		if sum.Refunded != 50_000 || sum.Captured != 150_000 {
			t.Errorf("%s: %+v", topic, sum)
		}
	}
}

// An order created again after its end, to learn what became of it, is not
// left on the till.
func TestLateRepeatLeavesNothingOnTheTill(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	connector := c.open(t, provider.Config{"flow": "orders"})
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	c.break_(t, fault.Rule{Method: "POST", Path: "/v1/orders", Action: fault.CutBefore, Times: 1})
	if _, err := connector.Create(t.Context(), charge, "k"); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
		t.Fatal(err)
	}
	c.advance(t, time.Hour)
	seen, err := connector.Create(t.Context(), charge, "k")
	if err != nil {
		t.Fatal(err)
	}
	wantState(t, charge, seen.Facts, payment.Canceled, payment.AttentionNone)
	if tills := c.Tills(); tills[0].Waiting != "" {
		t.Errorf("%q waits at the till", tills[0].Waiting)
	}
}

// Refunds of orders may be done later.
func TestRefundThatIsProcessing(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{AsyncRefund: true})
	connector := c.open(t, provider.Config{"flow": "orders", "qr_mode": "hybrid"})
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	facts := create(t, connector, &charge)
	c.pay(t)
	facts = append(facts, get(t, connector, charge)...)
	i := slices.IndexFunc(facts, func(f provider.Fact) bool { return f.Kind == provider.FactAttempt })
	seen, err := connector.Refund(t.Context(), charge, provider.Refund{Attempt: facts[i].ID, Amount: charge.Amount, Whole: true, Key: "k"})
	if err != nil || len(seen.Facts) != 1 || seen.Facts[0].Status != provider.StatusPending {
		t.Fatalf("%+v, %v", seen, err)
	}
	facts = append(facts, seen.Facts...)
	c.advance(t, time.Hour)
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Refunded, payment.AttentionNone)
}

// Countries: amounts without decimals where the provider wants none.
func TestCountries(t *testing.T) {
	for site, money := range map[string]posta.Money{
		"MLC": {Amount: 1500, Currency: "CLP"}, "MCO": {Amount: 150_000, Currency: "COP"}, "MLB": {Amount: 1990, Currency: "BRL"}, "MLM": {Amount: 1990, Currency: "MXN"},
	} {
		for _, flow := range []string{"legacy", "orders"} {
			t.Run(site+flow, func(t *testing.T) {
				c := newCounter(t, sim.Account{Site: site}, sim.Switches{})
				connector := c.open(t, provider.Config{"flow": flow})
				where := map[string]provider.Store{
					"MLC": {City: "Santiago", State: "RM (Metropolitana)", Latitude: "-33.44", Longitude: "-70.66"},
					"MCO": {City: "Chapinero", State: "Bogotá D.C.", Latitude: "4.71", Longitude: "-74.07"},
					"MLB": {City: "São Paulo", State: "São Paulo", Latitude: "-23.55", Longitude: "-46.63"},
					"MLM": {City: "Benito Juárez", State: "Distrito Federal", Latitude: "19.43", Longitude: "-99.13"},
				}[site]
				c.store.City, c.store.State, c.store.Latitude, c.store.Longitude = where.City, where.State, where.Latitude, where.Longitude
				c.setUp(t, connector)
				charge := c.charge(money)
				facts := create(t, connector, &charge)
				c.pay(t)
				facts = append(facts, get(t, connector, charge)...)
				if sum := wantState(t, charge, facts, payment.Paid, payment.AttentionNone); sum.Captured != money.Amount {
					t.Errorf("captured %d", sum.Captured)
				}
				account, err := connector.Check(t.Context())
				if err != nil || account.ID != "446566691" {
					t.Errorf("%+v, %v", account, err)
				}
			})
		}
	}
}
