package mercadopago_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const devicePage = "/sim/point/446566691/" + device

// deviceBrowser presses what is on and beside the terminal.
func (b *stand) deviceBrowser() (look func(query string) string, press func(deed string, form url.Values) (int, string)) {
	get := b.browser()
	look = func(query string) string {
		b.Helper()
		status, body := get(devicePage+query, nil)
		if status != 200 {
			b.Fatal(status, body)
		}
		return body
	}
	press = func(deed string, form url.Values) (int, string) {
		b.Helper()
		form.Set("terminal", "446566691/"+device)
		return get("/sim/point/"+deed, form)
	}
	return look, press
}

func TestMPPNT29_TheTerminalsPage(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, BusinessName: "Almacén Sur"})
	b.terminal()
	look, press := b.deviceBrowser()
	wantText(t, look(""), "Almacén Sur", "Lista para cobrar", "Ahora no tiene nada que pagar", "SUC001POS001")
	o := id(b.want(b.order("k1", with(pointBody, "config.point.print_on_terminal", `"seller_ticket"`)), 201))
	wantText(t, look(""), "Nuevo cobro", "$\u00a050,00", "S0392JED")
	_, body := press("take", url.Values{})
	wantText(t, body, "Acerque, inserte", "La caja pide crédito", "FUND", "Smartphone")
	wantText(t, look("?qr=1"), "<svg", "Escanee con su billetera", "account_money|account_money|APRO")
	_, body = press("pay", url.Values{"card": {"visa|credit_card|APRO"}, "installments": {"6"}, "tip": {"10"}})
	wantText(t, body, "Pago aprobado", "$\u00a055,00", "Propina", "6 ×", "Visa crédito ···· 3704", "301299")
	b.stands(o, "processed/processed processed/accredited")
	_, body = press("seen", url.Values{})
	wantText(t, body, "Lista para cobrar")

	b.want(b.order("k2", pointBody), 201)
	_, body = press("pay", url.Values{"card": {"visa|credit_card|FUND"}})
	wantText(t, body, "Pago rechazado", "Fondos insuficientes")
	b.want(b.order("k3", pointBody), 201)
	_, body = press("cancel", url.Values{})
	wantText(t, body, "Cobro cancelado")
	o = id(b.want(b.order("k4", pointBody), 201))
	_, body = press("stall", url.Values{"charged": {"1"}})
	wantText(t, body, "Procesando")
	status, body := press("cancel", url.Values{})
	wantText(t, body, "está procesando un pago")
	if status != 409 {
		t.Fatal(status)
	}
	b.move(40 * time.Second)
	wantText(t, look(""), "Verifique el pago", "no recibió la respuesta")
	b.move(2 * time.Minute)
	wantText(t, look(""), "Lista para cobrar")
	b.stands(o, "action_required/action_required action_required/check_on_terminal")

	_, body = press("power", url.Values{})
	wantText(t, body, "Encender")
	_, body = press("power", url.Values{"on": {"1"}})
	wantText(t, body, "Apagar")
	o = id(b.want(b.order("k5", pointBody), 201))
	b.did(b.sim.TakePoint(device))
	b.want(b.cancel(o, "c", "x-allow-cancelable-status", "at_terminal"), 202)
	wantText(t, look(""), "La caja pidió cancelar")
}

func TestMPPNT30_ThePhoneReadsTheTerminalsQR(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.did(b.sim.TakePoint(device))
	get := b.browser()
	look, _ := b.deviceBrowser()
	qr := regexp.MustCompile(`name="qr" value="([^"]+)"`).FindStringSubmatch(look("?qr=1"))
	_, body := get("/sim/phone/scan", url.Values{"qr": {qr[1]}})
	wantText(t, body, "$\u00a050,00")
	_, body = get("/sim/phone/pay", url.Values{"order": {o}, "card": {"account_money|account_money|APRO"}})
	wantText(t, body, "Pago aprobado")
	b.equal(b.get(o), "mercadopago", "transactions", "payments", 0, "provider")
	_, body = get("/sim/phone/pay?order="+o, nil)
	wantText(t, body, "Este cobro ya no está")
	b.want(b.order("k2", pointBody), 201)
	b.did(b.sim.TakePoint(device))
	qr = regexp.MustCompile(`name="qr" value="([^"]+)"`).FindStringSubmatch(look("?qr=1"))
	b.did(b.sim.StallPoint(device)) // a card was faster
	if _, err := b.sim.Scan(mercadopago.ScanRequest{QR: qr[1]}); !errors.Is(err, mercadopago.ErrNothing) {
		t.Fatal(err)
	}
}

func TestMPPNT31_TerminalPagesInEveryLanguage(t *testing.T) {
	b := newStand(t)
	get := b.browser()
	for _, lang := range []string{"es", "pt", "en"} {
		_, body := get("/sim/point?lang="+lang, nil)
		wantText(t, body, `lang="`+lang+`"`)
	}
	o := b.point()
	if status, _ := get("/sim/point/NOBODY", nil); status != 404 {
		t.Fatal(status)
	}
	details := func() {
		t.Helper()
		for _, lang := range []string{"es", "pt", "en"} {
			for _, path := range []string{"/sim/point", devicePage, devicePage + "?qr=1"} {
				sep := "?"
				if strings.Contains(path, "?") {
					sep = "&"
				}
				status, body := get(path+sep+"lang="+lang, nil)
				if status != 200 || len(body) > 120<<10 {
					t.Fatal(path, status, len(body))
				}
				wantText(t, body, `lang="`+lang+`"`, device)
			}
		}
	}
	details()
	b.did(b.sim.TakePoint(device))
	details()
	for i, o := range mercadopago.Outcomes {
		b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Holder: o.Holder}})
		details()
		b.move(40 * time.Second)
		details()
		b.want(b.order("n"+text(i), pointBody), 201)
	}
	b.want(b.setup(mode(device, "STANDALONE")), 200)
	b.did(b.sim.SetPointPower(device, false))
	details()
	b.did(b.sim.SetPointPower(device, true))
	details()
	_ = o
}

func TestMPPNT32_TheControlAPIDrivesTerminals(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("POST", "/sim/api/terminals", `{"user_id":446566691,"id":"`+device+`"}`), 200)
	b.equal(a, "446566691/"+device, "name")
	b.want(b.call("POST", "/sim/api/terminals", `{"user_id":446566691,"id":"TOASTER__1"}`), 400)
	b.want(b.call("POST", "/sim/api/terminals", `{"user_id":1,"id":"`+device+`"}`), 400)
	do := func(deed, more string, status int) answer {
		return b.want(b.call("POST", "/sim/api/point/"+deed, `{"terminal":"`+device+`"`+more+`}`), status)
	}
	b.equal(do("sign-in", `,"external_pos":"SUC001POS001"`, 200), "SUC001POS001", "external_pos")
	do("sign-in", `,"external_pos":"NOBODY"`, 404)
	do("pay", ``, 404)
	o := id(b.want(b.order("k1", pointBody), 201))
	b.equal(do("take", ``, 200), "at_terminal", "order", "status")
	do("power", `,"on":false`, 200)
	do("pay", ``, 409)
	do("power", `,"on":true`, 200)
	do("pay", `,"card":{"brand":"visa","installments":3},"tip":500`, 200)
	b.equal(b.get(o), "55.00", "transactions", "payments", 0, "paid_amount")
	b.want(b.order("k2", pointBody), 201)
	do("cancel", ``, 200)
	b.want(b.order("k3", pointBody), 201)
	do("stall", `,"charged":true`, 200)
	if book := b.sim.Books("pnt1"); book.Approved != 10500 {
		t.Fatal(book)
	}
	if got := b.want(b.call("GET", "/sim/api/point/orders?terminal="+device, ""), 200); len(got.list) != 3 {
		t.Fatal(got.raw)
	}
	b.equal(b.want(b.call("GET", "/sim/api/terminals", ""), 200), "true", 0, "order", "processing")
	b.want(b.call("GET", "/sim/api/point/orders?terminal=NOBODY", ""), 404)
	b.account(mercadopago.Account{UserID: 7, AccessToken: "APP_USR-other", Terminals: []mercadopago.PointTerminal{{ID: device}}})
	do("take", ``, 404) // two accounts have one of that name
	b.want(b.call("POST", "/sim/api/point/power", `{"terminal":"7/`+device+`"}`), 200)
}
