package mercadopago_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// hooked puts a legacy order with a notification_url.
func (b *stand) hooked(suffix string) {
	b.Helper()
	b.till()
	b.want(b.call("PUT", legacyPath, with(legacyBody("pay1", "100"), "notification_url", `"`+b.hook.URL+`/hooks/c1`+suffix+`"`)), 204)
}

// panel gives the account webhook settings.
func (b *stand) panel(topics ...string) {
	b.Helper()
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, PanelURL: b.hook.URL + "/hooks/c1", PanelTopics: topics})
}

// verify checks x-signature as the documents say, with this casing.
func verify(n received, key string, lower bool) bool {
	ts, v1 := "", ""
	for _, pair := range strings.Split(n.header.Get("X-Signature"), ",") {
		switch k, v, _ := strings.Cut(pair, "="); k {
		case "ts":
			ts = v
		case "v1":
			v1 = v
		}
	}
	id := strings.TrimPrefix(strings.SplitN(n.query, "&", 2)[0], "data.id=")
	if lower {
		id = strings.ToLower(id)
	}
	return v1 == mercadopago.Sign(key, mercadopago.Manifest(id, n.header.Get("X-Request-Id"), ts))
}

func TestMPNOT01_SignatureVectors(t *testing.T) {
	for _, tt := range []struct{ id, request, want string }{
		{"ORD01JQ4S4KY8HWQ6NA5PXB65B3D3", "2066ca19-c6f1-498a-be75-1923005edd06", "fb15ae6472eb449173c556793205d77787d58f384d183bb5bc3b724c27bd103c"},
		{"ord01jq4s4ky8hwq6na5pxb65b3d3", "2066ca19-c6f1-498a-be75-1923005edd06", "633f91233312dd391ec75fa0bea539cfc2d6c4918873305b84a96cc1c58db71c"},
		{"", "2066ca19-c6f1-498a-be75-1923005edd06", "8a7b0cc777a8217c3bab41a50c95dc92debbc6f8448f1c967dfe10ac1cb8b894"},
		{"138472432031", "", "f8197822134a7cdec2bfbe63a5b6c5418ace14dc52217758057e89bcc27704da"},
		{"", "", "3f075add3ddb923bebf0bc0648457b8244cf4420b98d5b445167d379bec0ca54"},
	} {
		if got := mercadopago.Sign("your_secret_key_here", mercadopago.Manifest(tt.id, tt.request, "1742505638683")); got != tt.want {
			t.Errorf("%q %q: %s", tt.id, tt.request, got)
		}
	}
}

func TestMPNOT02_NotificationURLGetsBothForms(t *testing.T) {
	b := newStand(t)
	b.panel()
	b.hooked("?client=7")
	m := b.scan()
	b.deliver()
	got := b.hook.take()
	if len(got) != 2 {
		t.Fatal(got)
	}
	id := text(m.MerchantOrderID)
	if w := got[0]; w.query != "client=7&data.id="+id+"&type=topic_merchant_order_wh" || w.agent != "MercadoPago WebHook v1.0 topic_merchant_order_wh" ||
		text(w.object["id"]) != id || text(w.object["action"]) != "create" || text(w.object["status"]) != "opened" {
		t.Fatal(w)
	}
	if f := got[1]; f.query != "client=7&id="+id+"&topic=merchant_order" || f.agent != "MercadoPago Feed v2.0 merchant_order" ||
		text(f.object["resource"]) != "https://api.mercadolibre.com/merchant_orders/"+id {
		t.Fatal(f)
	}
	for _, n := range got {
		if n.header.Get("X-Signature") == "" || verify(n, secret, false) {
			t.Fatal("legacy QR notices bear a signature that never verifies")
		}
	}
	if _, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID}); err != nil {
		t.Fatal(err)
	}
	b.deliver()
	got = b.hook.take()
	if len(got) != 4 || text(got[0].object["type"]) != "payment" || text(got[0].object["action"]) != "payment.created" ||
		text(got[1].object["topic"]) != "payment" || text(got[2].object["status"]) != "closed" {
		t.Fatal(got)
	}
}

func TestMPNOT03_SourceNewsPicksTheForm(t *testing.T) {
	for suffix, agent := range map[string]string{"?source_news=webhooks": "MercadoPago WebHook", "?source_news=ipn": "MercadoPago Feed"} {
		b := newStand(t)
		b.hooked(suffix)
		b.scan()
		b.deliver()
		if got := b.hook.take(); len(got) != 1 || !strings.HasPrefix(got[0].agent, agent) {
			t.Fatal(got)
		}
	}
}

func TestMPNOT04_PanelIsSignedWithTheSecret(t *testing.T) {
	b := newStand(t)
	b.panel("payment", "order")
	b.till()
	o := id(b.want(b.order("k1", orderBody), 201))
	p := b.pay()
	b.deliver()
	got := b.hook.take()
	if len(got) != 2 {
		t.Fatal(got)
	}
	pay, ord := got[0], got[1]
	if pay.query != "data.id="+text(p.Payments[0].ID)+"&type=payment" || text(at(pay.object, "data", "id")) != text(p.Payments[0].ID) {
		t.Fatal(pay)
	}
	if ord.query != "data.id="+o+"&type=order" || text(ord.object["action"]) != "order.processed" || text(at(ord.object, "data", "status_detail")) != "accredited" ||
		text(at(ord.object, "data", "transactions", "payments", 0, "reference", "id")) != text(p.Payments[0].ID) {
		t.Fatal(ord)
	}
	for _, n := range got {
		if !verify(n, secret, false) || n.header.Get("X-Socket-Timeout") != "22000" || n.header.Get("X-Retry") != "0" || n.header.Get("Content-Type") != "application/json" {
			t.Fatal(n)
		}
	}
}

func TestMPNOT05_OrderActions(t *testing.T) {
	b := newStand(t)
	b.panel("order")
	b.till()
	o := id(b.want(b.order("k1", orderBody), 201))
	b.want(b.call("POST", "/v1/orders/"+o+"/cancel", "", "X-Idempotency-Key", "c"), 200)
	b.want(b.order("k2", orderBody), 201)
	b.move(15 * time.Minute)
	o = id(b.want(b.order("k3", orderBody), 201))
	b.pay()
	b.want(b.call("POST", "/v1/orders/"+o+"/refund", "", "X-Idempotency-Key", "r"), 201)
	b.deliver()
	var actions []string
	for _, n := range b.hook.take() {
		actions = append(actions, text(n.object["action"]))
	}
	if got := strings.Join(actions, " "); got != "order.canceled order.expired order.processed order.refunded" {
		t.Fatal(got)
	}
}

func TestMPNOT06_CasingAndUnitSwitches(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.Switches = mercadopago.Switches{CasingLower: true, TsMillis: true} })
	b.panel("order")
	b.paidOrder()
	b.deliver()
	n := b.hook.take()[0]
	if !verify(n, secret, true) || verify(n, secret, false) || !strings.HasPrefix(n.header.Get("X-Signature"), "ts=1795") || len(strings.Split(n.header.Get("X-Signature"), ",")[0]) != 16 {
		t.Fatal(n.header)
	}
}

func TestMPNOT07_RepeatsOnTheLadderAndSignsAnew(t *testing.T) {
	b := newStand(t)
	b.panel("payment")
	b.pending("10")
	b.hook.answer = func(received) int { return 500 }
	b.pay()
	b.deliver()
	first := b.hook.take()[0]
	if n := b.deliver(); n != 0 {
		t.Fatal("sent again at once")
	}
	b.move(900 * time.Millisecond) // the immediate duplicate
	b.deliver()
	second := b.hook.take()
	if len(second) != 1 || second[0].header.Get("X-Retry") != "1" || second[0].header.Get("X-Socket-Timeout") != "5000" {
		t.Fatal(second)
	}
	if second[0].header.Get("X-Request-Id") == first.header.Get("X-Request-Id") || text(second[0].object["id"]) == text(first.object["id"]) ||
		second[0].header.Get("X-Signature") == first.header.Get("X-Signature") || !verify(second[0], secret, false) {
		t.Fatal("the repetition is not new")
	}
	for _, wait := range []time.Duration{15 * time.Minute, 15 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		b.move(wait - time.Second)
		if b.deliver() != 0 {
			t.Fatal("too early before", wait)
		}
		b.move(time.Second)
		if b.deliver() != 1 {
			t.Fatal("nothing after", wait)
		}
	}
	b.hook.answer = func(received) int { return 201 }
	b.move(24 * time.Hour)
	b.deliver()
	if d := b.sim.Deliveries()[0]; d.Status != "delivered" || d.Tries != 10 {
		t.Fatal(d)
	}
}

func TestMPNOT08_Only200And201AreHeard(t *testing.T) {
	for _, status := range []int{200, 201} {
		b := newStand(t)
		b.panel("payment")
		b.pending("10")
		b.hook.answer = func(received) int { return status }
		b.pay()
		b.deliver()
		if d := b.sim.Deliveries()[0]; d.Status != "delivered" {
			t.Fatal(d)
		}
	}
	for _, status := range []int{202, 204, 302, 404, 500} {
		b := newStand(t)
		b.panel("payment")
		b.pending("10")
		b.hook.answer = func(received) int { return status }
		b.pay()
		b.deliver()
		if d := b.sim.Deliveries()[0]; d.Status != "pending" || d.Attempts[0].Status != status {
			t.Fatal(d)
		}
	}
}

func TestMPNOT09_NewerVersionSupersedes(t *testing.T) {
	b := newStand(t)
	b.hooked("?source_news=webhooks")
	b.hook.answer = func(received) int { return 500 }
	m := b.scan()
	b.deliver()
	b.hook.answer = nil
	b.hook.take()
	if _, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID}); err != nil {
		t.Fatal(err)
	}
	b.move(time.Hour)
	b.deliver()
	for _, n := range b.hook.take() {
		if text(n.object["status"]) == "opened" {
			t.Fatal("the older version came after the newer one")
		}
	}
	if d := b.sim.Deliveries()[0]; d.Status != "superseded" {
		t.Fatal(d)
	}
}

func TestMPNOT10_TimeScaleCompressesTheLadder(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.TimeScale = 900; c.Switches.NoDuplicate = true })
	b.panel("payment")
	b.pending("10")
	b.hook.answer = func(received) int { return 500 }
	b.pay()
	b.deliver()
	b.move(time.Second)
	if b.deliver() != 1 {
		t.Fatal("15 minutes are one second at 900")
	}
}

func TestMPNOT11_SlowReceiverIsNotHeard(t *testing.T) {
	hold := make(chan struct{})
	b := newStand(t, func(c *mercadopago.Config) { c.SocketTimeout = 20 * time.Millisecond })
	b.panel("payment")
	b.pending("10")
	b.hook.answer = func(received) int { <-hold; return 200 }
	b.pay()
	b.deliver()
	close(hold)
	if d := b.sim.Deliveries()[0]; d.Status != "pending" || d.Attempts[0].Error == "" {
		t.Fatal(d)
	}
}

func TestMPNOT14_RefundAndExpiryAreTold(t *testing.T) {
	b := newStand(t)
	b.hooked("")
	p := b.pay()
	b.deliver()
	b.hook.take()
	b.want(b.call("POST", "/v1/payments/"+text(p.Payments[0].ID)+"/refunds", "", "X-Idempotency-Key", "k"), 201)
	b.deliver()
	got := b.hook.take()
	if len(got) != 4 || text(got[0].object["action"]) != "payment.updated" || text(got[3].object["topic"]) != "merchant_order" {
		t.Fatal(got)
	}
	b.want(b.call("PUT", legacyPath, with(legacyBody("pay2", "100"), "notification_url", `"`+b.hook.URL+`?source_news=webhooks"`)), 204)
	b.scan()
	b.move(10 * time.Minute)
	b.deliver()
	if got := b.hook.take(); len(got) != 2 || text(got[1].object["status"]) != "expired" {
		t.Fatal(got)
	}
}

func TestMPNOT15_PrivateAddressesAreRefusedAtDial(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.AllowLoopback = false })
	b.panel("payment")
	b.pending("10")
	b.pay()
	b.deliver()
	if d := b.sim.Deliveries()[0]; d.Status != "pending" || !strings.Contains(d.Attempts[0].Error, "not public") {
		t.Fatal(d)
	}
}

func TestMPNOT16_OrderTopicAndBareSwitches(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) {
		c.Switches = mercadopago.Switches{OrderTopicPlural: true, OrderNoticeBare: true}
	})
	b.panel("order")
	b.paidOrder()
	b.deliver()
	n := b.hook.take()[0]
	if _, there := n.object["id"]; there || !strings.HasSuffix(n.query, "&type=orders") || text(n.object["type"]) != "order" {
		t.Fatal(n)
	}
}

func TestMPNOT17_IPNAddressOfTheAccount(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, IPNURL: b.hook.URL + "/ipn"})
	b.pending("10")
	b.pay()
	b.deliver()
	for _, n := range b.hook.take() {
		if !strings.HasPrefix(n.agent, "MercadoPago Feed") {
			t.Fatal(n)
		}
	}
}

func TestMPNOT18_RedirectsAreNotFollowed(t *testing.T) {
	b := newStand(t)
	b.panel("payment")
	b.pending("10")
	b.hook.answer = func(received) int { return http.StatusTemporaryRedirect }
	b.pay()
	b.deliver()
	if len(b.hook.take()) != 1 {
		t.Fatal("followed")
	}
}
