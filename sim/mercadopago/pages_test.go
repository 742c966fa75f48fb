package mercadopago_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// browser fetches pages and sends forms, following redirects.
func (b *stand) browser() func(path string, form url.Values) (int, string) {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	return func(path string, form url.Values) (int, string) {
		b.Helper()
		var res *http.Response
		var err error
		if form == nil {
			res, err = client.Get(b.server.URL + path)
		} else {
			res, err = client.PostForm(b.server.URL+path, form)
		}
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		raw, _ := io.ReadAll(res.Body)
		body := string(raw)
		for _, bad := range []string{"ZgotmplZ", "no value", " style=", "sim.error.", "sim.point.", "sim.card.", "sim.effect.", "sim.phone.", "sim.pay.", "sim.control.", "sim.switch.", "sim.fault."} {
			if strings.Contains(body, bad) {
				b.Fatalf("%s holds %q", path, bad)
			}
		}
		return res.StatusCode, body
	}
}

func wantText(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !strings.Contains(body, s) {
			t.Fatalf("%q is not in %s", s, body)
		}
	}
}

func TestMPPHO01_PhoneScansAndPays(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, BusinessName: "Almacén Sur"})
	b.pending("1500.50")
	get := b.browser()
	_, body := get("/sim/phone?pos=SUC001POS001", nil)
	wantText(t, body, "Almacén Sur", "$\u00a01.500,50", "Escanear el QR")
	status, body := get("/sim/phone/scan", url.Values{"pos": {"SUC001POS001"}})
	if status != 200 {
		t.Fatal(status, body)
	}
	wantText(t, body, "Almacén Sur", "Cafe", "APRO", "FUND", "sin fondos")
	mo := text(at(b.call("GET", "/merchant_orders/search?external_reference=pay1", "").object, "elements", 0, "id"))
	_, body = get("/sim/phone/pay", url.Values{"mo": {mo}, "card": {"visa|credit_card|FUND"}, "installments": {"3"}})
	wantText(t, body, "Pago rechazado", "sin fondos", "Pagar lo que falta")
	_, body = get("/sim/phone/pay", url.Values{"mo": {mo}, "card": {"visa|credit_card|APRO"}, "second": {"master|debit_card|APRO"}, "amount": {"500,25"}})
	wantText(t, body, "Pago aprobado", "$\u00a01.000,25", "$\u00a0500,25")
	if book := b.sim.Books("pay1"); book.Approved != 150050 || len(book.Payments) != 2 {
		t.Fatal(book)
	}
	_, body = get("/sim/phone/pay?mo="+mo, nil)
	wantText(t, body, "Este cobro ya no está")
}

func TestMPPHO02_WalkAwayAndPastedQR(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("POST", dynamicURL, legacyBody("pay1", "10")), 200)
	get := b.browser()
	status, body := get("/sim/phone/scan?lang=en", url.Values{"qr": {"nonsense"}})
	if status != 409 {
		t.Fatal(status)
	}
	wantText(t, body, "That is not a QR of this wallet")
	_, body = get("/sim/phone/scan?lang=pt", url.Values{"qr": {text(a.object["qr_data"])}})
	wantText(t, body, "Sair sem pagar", "Cafe")
	mo := text(at(b.call("GET", "/merchant_orders/search?external_reference=pay1", "").object, "elements", 0, "id"))
	_, body = get("/sim/phone/leave", url.Values{"mo": {mo}})
	wantText(t, body, "Saiu sem pagar")
	b.equal(b.call("GET", "/merchant_orders/"+mo, ""), "opened", "status")
}

func TestMPPHO03_ControlPanel(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	get := b.browser()
	paid := b.pay(card("CONT"))
	_, body := get("/sim/control", nil)
	wantText(t, body, "Panel del simulador", "legacy_create", "pay1", "CONT", "10 minutos")
	if strings.Contains(body, token) {
		t.Fatal("the token shows")
	}
	get("/sim/control/clock", url.Values{"forward": {"10m"}})
	if got := b.clock.Now(); !got.Equal(start.Add(10 * time.Minute)) {
		t.Fatal(got)
	}
	_, body = get("/sim/control", nil)
	wantText(t, body, `data-now="`+start.Add(10 * time.Minute).Format(time.RFC3339)[:16]) // or "ago" would be reckoned by the browser's clock
	get("/sim/control/settle", url.Values{"payment": {text(paid.Payments[0].ID)}, "approve": {"1"}})
	if b.sim.Books("pay1").Approved != 1000 {
		t.Fatal("not approved")
	}
	_, body = get("/sim/control/preset", url.Values{"key": {"latency"}})
	wantText(t, body, "latency-503", `aria-pressed="true"`)
	get("/sim/control/preset", url.Values{"key": {"latency"}})
	get("/sim/control/rule", url.Values{"rule": {`{"operation":"users_me","action":"status","status":418}`}})
	if a := b.call("GET", "/users/me", ""); a.status != 418 {
		t.Fatal(a)
	}
	if status, _ := get("/sim/control/rule", url.Values{"rule": {`{"action":"dance"}`}}); status != 400 {
		t.Fatal(status)
	}
	get("/sim/control/clear", url.Values{})
	get("/sim/control/switches", url.Values{"ts_millis": {"on"}})
	if w := b.sim.Switches(); !w.TsMillis || w.CasingLower {
		t.Fatal(w)
	}
}

func TestMPPHO04_EveryPageInEveryLanguage(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	m := b.scan()
	get := b.browser()
	for _, path := range []string{"/sim/phone", "/sim/phone?pos=NOBODY", "/sim/phone/pay?mo=" + text(m.MerchantOrderID), "/sim/phone/result?mo=" + text(m.MerchantOrderID), "/sim/control"} {
		for _, lang := range []string{"es", "pt", "en"} {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			status, body := get(path+sep+"lang="+lang, nil)
			if status != 200 {
				t.Fatal(path, status)
			}
			wantText(t, body, `lang="`+lang+`"`)
			if len(body) > 120<<10 {
				t.Fatal(path, len(body))
			}
		}
	}
}

func TestMPPHO05_AnotherSitesPageIsRefused(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	a := b.call("POST", "/sim/api/pay", `{"pos":"SUC001POS001"}`, "Sec-Fetch-Site", "cross-site")
	b.want(a, 403)
}

func TestMPPOS04_PicturesOfTheQR(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("GET", "/pos?external_id=SUC001POS001", ""), 200)
	for name, magic := range map[string]string{"image": "\x89PNG", "template_image": "\x89PNG", "template_document": "%PDF-1.4"} {
		link := strings.TrimPrefix(text(at(a.object, "results", 0, "qr", name)), "http://sim.example")
		if got := b.want(b.call("GET", link, ""), 200); !strings.HasPrefix(got.raw, magic) {
			t.Fatal(name, got.raw[:20])
		}
	}
	b.want(b.call("GET", "/instore/merchant/qr/1/x.png", ""), 404)
}
