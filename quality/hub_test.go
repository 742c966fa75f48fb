package quality_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/quality"
	sim "posta/sim/mercadopago"
)

const (
	seller = 446566691
	token  = "APP_USR-1234567890-112212-0123456789abcdef0123456789abcdef-446566691"
)

// real charges through the connector at the simulator, and keeps what was said.
type real struct {
	*desk
	*sim.Simulator
	store provider.Store
	spot  provider.Till
	url   string
}

func newReal(t *testing.T, d *desk) *real {
	t.Helper()
	s, err := sim.New(sim.Config{Clock: d.clock, AllowLoopback: true, Senders: 1})
	d.must(err)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.SetPublicURL(server.URL)
	d.must(s.AddAccount(sim.Account{UserID: seller, AccessToken: token, WebhookSecret: "of-the-panel", Site: "MLA"}))
	r := &real{desk: d, Simulator: s, url: server.URL,
		store: provider.Store{Code: posta.Alphanumeric(d.live.till.StoreID), Name: "Centro", Street: "Corrientes", Number: "1234", City: "Palermo",
			State: "Capital Federal", Latitude: "-34.6037", Longitude: "-58.3816"},
		spot: provider.Till{Code: posta.Alphanumeric(d.live.till.ID), Name: "Caja 1"}}
	keeper := r.open(nil).(provider.Provisioner)
	ref, err := keeper.PutStore(t.Context(), r.store)
	d.must(err)
	r.spot.StoreRef, r.spot.StoreCode = ref, r.store.Code
	_, err = keeper.PutTill(t.Context(), r.spot)
	d.must(err)
	return r
}

func (r *real) open(cfg provider.Config) provider.Connector {
	r.t.Helper()
	all := provider.Config{"access_token": token, "base_url": r.url}
	for name, v := range cfg {
		all[name] = v
	}
	client := outbound.NewClient(outbound.Options{Clock: r.clock, Log: quiet, Record: r.db.InsertCall})
	c, err := mercadopago.Description().Open(all, client, r.clock)
	r.must(err)
	return c
}

// sell charges, has the buyer pay, and looks.
func (r *real) sell(cfg provider.Config, change func(*provider.Charge)) payment.Payment {
	r.t.Helper()
	ctx, now := r.t.Context(), r.clock.Now()
	charge := provider.Charge{Payment: posta.NewID[posta.PaymentID](now), Amount: posta.Money{Amount: 30_000, Currency: "ARS"}, Title: "Centro",
		Store: r.store.Code, Till: r.spot.Code, CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute)}
	if change != nil {
		change(&charge)
	}
	tagged := func(operation string) outbound.Tag {
		return outbound.Tag{ConnectionID: r.live.connection.ID, Payment: charge.Payment, Operation: operation}
	}
	c := r.open(cfg)
	seen, err := c.Create(outbound.WithTag(ctx, tagged("create")), charge, "key-"+string(charge.Payment))
	r.must(err)
	charge.Order = seen.Order
	_, err = r.Pay(sim.PayRequest{ScanRequest: sim.ScanRequest{UserID: seller, ExternalPOS: r.spot.Code}})
	r.must(err)
	seen, err = c.Get(outbound.WithTag(ctx, tagged("enquiry")), charge)
	r.must(err)
	p := payment.Payment{ID: charge.Payment, MerchantID: r.merchant.ID, Mode: posta.Live, ConnectionID: r.live.connection.ID, StoreID: r.live.till.StoreID,
		TillID: r.live.till.ID, Amount: charge.Amount, Rail: provider.RailQR, CreatedBy: "user:test", Order: seen.Order, Facts: seen.Facts,
		CreateKey: "k", CreatedAt: now, UpdatedAt: now, ExpiresAt: charge.ExpiresAt, EndedAt: now}
	if p.Summary = payment.Compute(p.Amount.Amount, p.Facts); !p.State.Moneyed() {
		r.t.Fatalf("%s: %+v", p.State, p.Facts)
	}
	r.must(r.db.InsertPayment(ctx, p, nil))
	return p
}

// Promise 58: what our connector truly sends is read; each lost point names the
// payment and its field, and mending that field raises the score by just its
// points when it is measured again. Sabotage that turns it red: a rule that
// reads another field than the connector sends; a measurement that is kept and
// given again.
func TestP58_MendingAFieldRaisesTheScore(t *testing.T) {
	mended := func(c *provider.Charge) {
		c.Description = "Compra"
		c.Items = []provider.Item{{Title: "Mate", Quantity: 1, UnitPrice: 30_000, SKU: "A1"}}
	}
	each(t, func(t *testing.T, d *desk) {
		r := newReal(t, d)
		for flow, lost := range map[string]map[string]string{
			// One that says nothing of items: both flows send one of the charge's title.
			"legacy": {"notice": "webhooks_ipn", "items[].sku_number": "item_id"},
			"orders": {"notice": "webhooks_ipn", "items[].external_code": "item_id"},
		} {
			cfg := provider.Config{"flow": flow}
			p := r.sell(cfg, nil)
			m := d.measure(string(p.ID))
			sum := 100
			for _, f := range m.Lost() {
				if lost[f.Field] != f.Item || f.Payment != p.ID {
					t.Errorf("%s lost %+v", flow, f)
				}
				delete(lost, f.Field)
				sum -= f.Points
			}
			if len(lost) > 0 || *m.Score != sum || m.Enough() {
				t.Errorf("%s: %d, not lost %v", flow, *m.Score, lost)
			}
			before := *m.Score
			d.told(p, provider.Unverifiable)
			m = d.measure(string(p.ID))
			if *m.Score != before+20 {
				t.Errorf("%s: %d with its notice, %d before", flow, *m.Score, before)
			}
			p = r.sell(cfg, mended)
			d.told(p, provider.Verified)
			if m = d.measure(string(p.ID)); *m.Score != 100 || !m.Enough() || len(m.Lost()) > 0 {
				t.Errorf("%s mended: %d, lost %+v", flow, *m.Score, m.Lost())
			}
			for _, name := range []string{p.Attempts()[0].ID, p.Order} {
				if name == "" {
					continue // a legacy order has no id
				}
				if m = d.measure(name); m.PaymentID != p.ID || m.Score == nil {
					t.Errorf("%s by %q: %+v", flow, name, m)
				}
			}
		}
		if list := d.history(); len(list) < 8 || list[0].Result != quality.Measured {
			t.Errorf("%d kept", len(list))
		}
	})
}
