package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"posta"
	"posta/app"
	"posta/checkout"
	"posta/payment"
	"posta/sim/mercadopago"
)

// shopper is a buyer of one of the demo's countries.
type shopper struct {
	language string // of the country's pages, "es" or "pt"
	price    string // digits of what the demo's product costs there, as the page writes it
	document string // of the first type that the page offers
	card     string // a test card's number
}

var shoppers = map[string]shopper{
	"AR": {"es", "2500000", "12345678", visa},
	"BR": {"pt", "18990", "123.456.789-09", "4235647728025682"},
	"MX": {"es", "125000", "XAXX010101000", "4075595716483764"},
	"CO": {"es", "85000", "1000000001", "4013540682746260"},
}

// thanks and declined are what a buyer reads.
var (
	thanks   = map[string]string{"es": "¡Pago recibido!", "pt": "Pagamento recebido!"}
	declined = map[string]string{"es": "fondos", "pt": "saldo"}
)

// bazaar is the demo and a browser that its buyers share.
type bazaar struct {
	*bureau
	desk *desk
}

func openBazaar(t *testing.T, file string) *bazaar {
	t.Helper()
	b := openBureau(t)
	return &bazaar{b, openDesk(t, b.host, file)}
}

// purchase is one buyer at one link, on a device of their own.
type purchase struct {
	*tab
	bazaar *bazaar
	who    shopper
	link   string
}

// visit opens the demo's link of a country.
func (b *bazaar) visit(t *testing.T, l app.SeedLink) *purchase {
	t.Helper()
	p := &purchase{b.desk.device(t), b, shoppers[l.Country], b.URL() + checkout.LinkPath + l.Token}
	p.open(p.link)
	p.until("the form is there", `document.querySelector("#pay")`)
	return p
}

// seedLink is the demo's link of a country.
func (b *bazaar) seedLink(country string) app.SeedLink {
	for _, l := range b.Seed.Links {
		if l.Country == country {
			return l
		}
	}
	b.t.Fatalf("nothing is sold in %s", country)
	return app.SeedLink{}
}

// offer makes another link of Argentina's account.
func (b *bazaar) offer(change func(*checkout.LinkInput)) string {
	b.t.Helper()
	in := checkout.LinkInput{MerchantID: b.Seed.Merchant, Mode: posta.Test, ConnectionID: b.seedLink("AR").Connection, Title: "Bombilla de alpaca", Amount: 900_000, Stock: checkout.Unlimited}
	change(&in)
	l, err := b.Checkout.CreateLink(context.Background(), in)
	b.must(err)
	return b.Checkout.LinkURL(l)
}

// choose tells who buys, and how it is to be paid.
func (p *purchase) choose(method string) {
	p.t.Helper()
	p.fill("#f-email", mercadopago.TestBuyer)
	p.fill("#f-first_name", "Ana")
	p.fill("#f-last_name", "Ficticia")
	p.fill("#f-identification", p.who.document)
	p.click(fmt.Sprintf(`label:has(input[value=%s])`, method))
	if p.needs("address") {
		for field, text := range map[string]string{"zip": "01000-000", "street": "Rua Inventada", "street_number": "12", "neighborhood": "Centro", "city": "São Paulo"} {
			p.fill("#f-"+field, text)
		}
		p.pick("#f-state", "SP")
	}
	if p.needs("bank") {
		p.pick("#f-bank", read[string](p.tab, `document.querySelector("#f-bank").options[1].value`))
	}
	if p.needs("phone") {
		p.fill("#f-area", "11")
		p.fill("#f-phone", "40000000")
	}
}

// needs reports whether the chosen method asks something besides.
func (p *purchase) needs(what string) bool {
	p.t.Helper()
	return strings.Contains(read[string](p.tab, `document.querySelector("#pay input[name=method]:checked").dataset.needs || ""`), what)
}

func (p *purchase) pick(selector, value string) {
	p.t.Helper()
	p.is("it can be chosen: "+value, fmt.Sprintf(`(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event("change", { bubbles: true })); return s.value === %q && s.checkVisibility(); })()`, selector, value, value))
}

func (p *purchase) pays() {
	p.t.Helper()
	p.click(".pay-bar .primary")
}

// payments are those of the buyer's session, as the hub has them.
func (p *purchase) payments() []payment.Payment {
	p.t.Helper()
	token := strings.Split(read[string](p.tab, `location.pathname`), "/")[2]
	v, err := p.bazaar.Checkout.SessionAt(context.Background(), token)
	p.bazaar.must(err)
	all, err := p.bazaar.Checkout.SessionPayments(context.Background(), v.ID)
	p.bazaar.must(err)
	return all
}

// settled holds that the buyer reads thanks for the price, and that hub and
// provider agree on all payments of the session: one paid, the others not.
func (p *purchase) settled() {
	p.t.Helper()
	p.until("the buyer reads thanks", fmt.Sprintf(`document.querySelector("main .state-paid") && document.querySelector("main h1").textContent === %q`, thanks[p.who.language]))
	p.is("and the price", fmt.Sprintf(`document.querySelector("main p.big").textContent.replace(/\D/g, "") === %q`, p.who.price))
	paid := 0
	for _, one := range p.payments() {
		book := p.bazaar.Simulator.Books(string(one.ID))
		if one.Captured != book.Approved || (one.State == payment.Paid) != (book.Approved == one.Amount.Amount) {
			p.t.Errorf("%s is %s with %d, the provider has %+v", one.ID, one.State, one.Captured, book)
		}
		if one.State == payment.Paid {
			paid++
		}
	}
	if paid != 1 {
		p.t.Errorf("%d payments are paid", paid)
	}
}

// atProvider pays what waits, on a page of the provider's: at the counter, in
// the bank's application.
func (p *purchase) atProvider() {
	p.t.Helper()
	all := p.payments()
	order := all[len(all)-1].Order
	for _, v := range p.bazaar.Simulator.OpenVouchers() {
		if fmt.Sprint(v.Number) == order {
			away := p.another(p.t)
			away.open("http://" + p.bazaar.host.phone + v.Address)
			away.click("#voucher .voucher-desk .primary")
			away.until("the provider says that it is paid", `document.querySelector("#voucher .state-paid")`)
			away.cancel()
			return
		}
	}
	p.t.Fatalf("the provider waits for no payment %s", order)
}
