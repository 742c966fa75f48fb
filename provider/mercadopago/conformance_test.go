package mercadopago_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/provider/providertest"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
)

const (
	seller = 446566691
	token  = "APP_USR-1234567890-112212-0123456789abcdef0123456789abcdef-446566691"
	secret = "a-webhook-secret-of-the-panel"
)

// counter is a simulator with a seller who has one till.
type counter struct {
	*sim.Simulator
	clock  *posta.MovableClock
	url    string
	client *http.Client
	till   provider.Till
	store  provider.Store
}

// newCounter starts a simulator; the connector made first sets up the till.
func newCounter(t *testing.T, account sim.Account, switches sim.Switches) *counter {
	t.Helper()
	clock := posta.NewFrozenClock(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	s, err := sim.New(sim.Config{Clock: clock, AllowLoopback: true, Switches: switches, Senders: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.SetPublicURL(server.URL)
	account.UserID, account.AccessToken, account.WebhookSecret = seller, token, secret
	if account.Site == "" {
		account.Site = "MLA"
	}
	if err := s.AddAccount(account); err != nil {
		t.Fatal(err)
	}
	c := &counter{Simulator: s, clock: clock, url: server.URL,
		// A connection per call, so that a cut one is not asked again by the transport.
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		store: provider.Store{Code: "sto01JQ4S4KY8HWQ6NA5PXB65B3D3", Name: "Sucursal Centro", Street: "Corrientes", Number: "1234",
			City: "Palermo", State: "Capital Federal", Latitude: "-34.6037", Longitude: "-58.3816"},
		till: provider.Till{Code: "til01JQ4S4KY8HWQ6NA5PXB65B3D3", Name: "Caja 1"}}
	return c
}

func (c *counter) open(t *testing.T, cfg provider.Config) provider.Connector {
	t.Helper()
	all := provider.Config{"access_token": token, "base_url": c.url}
	for name, v := range cfg {
		all[name] = v
	}
	connector, err := mercadopago.Description().Open(all, c.client, c.clock)
	if err != nil {
		t.Fatal(err)
	}
	return connector
}

// setUp makes the store and the till.
func (c *counter) setUp(t *testing.T, connector provider.Connector) {
	t.Helper()
	keeper := connector.(provider.Provisioner)
	ref, err := keeper.PutStore(t.Context(), c.store)
	if err != nil {
		t.Fatal(err)
	}
	c.store.Ref, c.till.StoreRef, c.till.StoreCode = ref, ref, c.store.Code
	place, err := keeper.PutTill(t.Context(), c.till)
	if err != nil {
		t.Fatal(err)
	}
	c.till.Ref = place.Ref
}

func (c *counter) charge(amount posta.Money) provider.Charge {
	now := c.clock.Now()
	return provider.Charge{Payment: posta.NewID[posta.PaymentID](now), Amount: amount, Title: "Sucursal Centro",
		Store: c.store.Code, Till: c.till.Code, CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute)}
}

func (c *counter) advance(t *testing.T, d time.Duration) {
	t.Helper()
	c.clock.Move(d)
	if err := c.Expire(c.clock.Now()); err != nil {
		t.Fatal(err)
	}
}

func (c *counter) pay(t *testing.T, parts ...sim.Part) sim.Paid {
	t.Helper()
	paid, err := c.Pay(sim.PayRequest{ScanRequest: sim.ScanRequest{UserID: seller, ExternalPOS: c.till.Code}, Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	return paid
}

func (c *counter) break_(t *testing.T, rules ...fault.Rule) {
	t.Helper()
	if err := c.Fault().Add(rules...); err != nil {
		t.Fatal(err)
	}
}

// TestPointConformance runs the suite over terminals. A declined card ends the
// charge there.
func TestPointConformance(t *testing.T) {
	providertest.Run(t, providertest.Suite{Start: func(t *testing.T) *providertest.Rail {
		c, connector := newPoint(t, sim.Account{}, sim.Switches{})
		calls := map[providertest.Operation]string{providertest.Create: "/v1/orders", providertest.Cancel: "/v1/orders/.*/cancel",
			providertest.Refund: "/v1/orders/.*/refund"}
		return &providertest.Rail{
			Connector: connector,
			Refused:   c.open(t, provider.Config{"access_token": token + "0"}),
			Charge:    c.onTerminal,
			Pay:       func(t *testing.T, _ provider.Charge) { did(t, c.PayPoint(device, sim.PointPayment{})) },
			Decline: func(t *testing.T, _ provider.Charge) {
				did(t, c.PayPoint(device, sim.PointPayment{Card: sim.Card{Holder: "FUND"}}))
			},
			DeclineEnds: true,
			Begin: func(t *testing.T, _ provider.Charge) {
				c.clock.Move(time.Second)
				take(t, c)
			},
			Advance: func(d time.Duration) { c.advance(t, d) },
			CutNext: func(op providertest.Operation) {
				c.break_(t, fault.Rule{Method: "POST", Path: calls[op], Action: fault.CutAfter, Times: 1})
			},
			FailNext: func(op providertest.Operation, status int) {
				c.break_(t, fault.Rule{Method: "POST", Path: calls[op], Action: fault.Status, Status: status, Times: 1})
			},
			OtherTerminal: "PAX_A910__1",
			Unknown:       provider.Notice{Topic: "order", Resource: "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"},
		}
	}})
}

// TestConformance runs the suite over every way to charge with a QR.
func TestConformance(t *testing.T) {
	calls := map[string]map[providertest.Operation]fault.Rule{
		mercadopago.FlowLegacy: {
			providertest.Create: {Method: "PUT", Path: "/instore/.*"},
			providertest.Cancel: {Method: "DELETE", Path: "/instore/.*"},
			providertest.Refund: {Method: "POST", Path: "/v1/payments/.*/refunds"},
		},
		mercadopago.FlowOrders: {
			providertest.Create: {Method: "POST", Path: "/v1/orders"},
			providertest.Cancel: {Method: "POST", Path: "/v1/orders/.*/cancel"},
			providertest.Refund: {Method: "POST", Path: "/v1/orders/.*/refund"},
		},
	}
	for name, tc := range map[string]struct {
		flow, mode string
		unknown    provider.Notice
		switches   sim.Switches
	}{
		"legacy":         {flow: "legacy", unknown: provider.Notice{Topic: "merchant_order", Resource: "99999999"}},
		"legacyArray":    {flow: "legacy", unknown: provider.Notice{Topic: "payment", Resource: "99999999"}, switches: sim.Switches{LegacyGetArray: true, LegacyAuth401: true, RefundReplayBody: true}},
		"ordersStatic":   {flow: "orders", mode: "static", unknown: provider.Notice{Topic: "order", Resource: "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"}},
		"ordersDynamic":  {flow: "orders", mode: "dynamic", unknown: provider.Notice{Topic: "order", Resource: "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"}},
		"ordersHybrid":   {flow: "orders", mode: "hybrid", unknown: provider.Notice{Topic: "payment", Resource: "99999999"}},
		"ordersAlphaTwo": {flow: "orders", mode: "hybrid", unknown: provider.Notice{Topic: "order", Resource: "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"}, switches: sim.Switches{CountryCodeAlpha2: true, StoreCreated200: true}},
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, providertest.Suite{Start: func(t *testing.T) *providertest.Rail {
				c := newCounter(t, sim.Account{}, tc.switches)
				cfg := provider.Config{"flow": tc.flow, "qr_mode": tc.mode}
				connector := c.open(t, cfg)
				c.setUp(t, connector)
				wrong := provider.Config{"access_token": token + "0", "user_id": "446566691", "flow": tc.flow}
				paid := func(t *testing.T, charge provider.Charge, parts ...sim.Part) {
					if tc.mode == "dynamic" {
						if _, err := c.Pay(sim.PayRequest{OrderID: charge.Order, Parts: parts}); err != nil {
							t.Fatal(err)
						}
						return
					}
					c.pay(t, parts...)
				}
				return &providertest.Rail{
					Connector: connector,
					Refused:   c.open(t, wrong),
					Charge:    func(minor int64) provider.Charge { return c.charge(posta.Money{Amount: minor, Currency: "ARS"}) },
					Pay:       func(t *testing.T, charge provider.Charge) { paid(t, charge) },
					Decline: func(t *testing.T, charge provider.Charge) {
						paid(t, charge, sim.Part{Card: sim.Card{Holder: "FUND"}})
					},
					Advance: func(d time.Duration) { c.advance(t, d) },
					CutNext: func(op providertest.Operation) {
						rule := calls[tc.flow][op]
						rule.Action, rule.Times = fault.CutAfter, 1
						c.break_(t, rule)
					},
					FailNext: func(op providertest.Operation, status int) {
						rule := calls[tc.flow][op]
						rule.Action, rule.Status, rule.Times = fault.Status, status, 1
						c.break_(t, rule)
					},
					Unknown: tc.unknown,
				}
			}})
		})
	}
}
