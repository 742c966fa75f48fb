package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"posta"
	"posta/checkout"
)

// Promise 26, online, as buyers see it: every method that a page offers in the
// four countries is paid where that method is paid, and the page, the hub and
// the provider's books then say the same. Red under: the return page believes
// its address, or a voucher counts as paid once it is made.
func TestP26_BuyersOfFourCountriesPayByEveryMethod(t *testing.T) {
	file, found := chromium(t)
	if !found {
		return
	}
	b := openBazaar(t, file)
	want := map[string][]string{
		"AR": {"card", "pagofacil", "rapipago", "redirect"},
		"BR": {"bolbradesco", "card", "pec", "pix", "redirect"},
		"MX": {"bancomer", "banamex", "card", "clabe", "oxxo", "paycash", "redirect", "serfin"},
		"CO": {"card", "efecty", "pse", "redirect"},
	}
	for _, l := range b.Seed.Links {
		first := b.visit(t, l)
		offered := read[[]string](first.tab, `[...document.querySelectorAll("#pay input[name=method]")].map((e) => e.value)`)
		first.cancel()
		if slices.Sort(offered); !slices.Equal(offered, slices.Sorted(slices.Values(want[l.Country]))) {
			t.Errorf("%s offers %v", l.Country, offered)
		}
		for _, method := range offered {
			t.Run(l.Country+"_"+method, func(t *testing.T) {
				p := b.visit(t, l)
				defer p.cancel()
				p.choose(method)
				p.pays()
				switch method {
				case "card":
					p.byCard()
				case "redirect":
					p.byRedirect()
				case "pse":
					p.byBank()
				default:
					p.byVoucher(l.Country, method)
				}
				p.settled()
			})
		}
	}
}

// byCard is declined by one card and goes on with another.
func (p *purchase) byCard() {
	p.t.Helper()
	p.cardReady()
	p.card(p.who.card, "FUND")
	p.click("#card-pay")
	p.until("it is declined, in words", fmt.Sprintf(`document.querySelector(".flash-warn strong")?.textContent.includes(%q)`, declined[p.who.language]))
	p.cardReady()
	p.card(p.who.card, "APRO")
	p.click("#card-pay")
}

// byRedirect is declined on the provider's page, tries again there and comes back.
func (p *purchase) byRedirect() {
	p.t.Helper()
	for _, holder := range []string{"FUND", "APRO"} {
		p.until("the provider's page is there", `location.pathname === "/checkout/v1/redirect" && document.querySelector("a[href*='how=card']")`)
		p.click(`a[href*="how=card"]`)
		for _, field := range [][2]string{{"card_number", p.who.card}, {"expiry", "11/30"}, {"security_code", "123"}, {"holder", holder}} {
			p.fill("#f-"+field[0], field[1])
		}
		p.click(`form[action="/checkout/v1/pay"] .primary`)
		if holder == "FUND" {
			p.until("it is declined there", `location.pathname === "/checkout/v1/result"`)
			p.click(`.actions a[href*="/checkout/v1/redirect"]`)
		}
	}
	p.until("the buyer is back", `location.pathname.startsWith("/pay/")`)
}

// byBank is PSE: authorized on the bank's page, which leads back.
func (p *purchase) byBank() {
	p.t.Helper()
	p.until("the bank's page is there", `document.querySelector("#voucher")`)
	p.click("#voucher .voucher-desk .primary")
	p.until("the bank says that it is paid", `document.querySelector("#voucher .state-paid")`)
	p.click(`#voucher a[href*="/pay/"]`)
}

// byVoucher is told what to pay with, pays it elsewhere, and the page changes by
// itself.
func (p *purchase) byVoucher(country, method string) {
	p.t.Helper()
	known, err := posta.FindMethod(country, method)
	if err != nil {
		p.t.Fatal(err)
	}
	words := known.Name
	switch known.ID {
	case "pix":
		words = "Pague com Pix"
	case "clabe":
		words = "Haga la transferencia"
	}
	p.until("it says how", fmt.Sprintf(`location.search === "" && document.querySelector("main h1").textContent.includes(%q)`, words))
	p.is("there is a code to copy", `(document.querySelector("#pix-code")?.value || document.querySelector("#bar")?.textContent || document.querySelector("#ref")?.textContent || "").trim().length >= 8`)
	p.is("and until when, or a countdown", `document.querySelector(".buy-until time, .buy-until")?.checkVisibility()`)
	p.is("it is not paid", `!document.querySelector("main .state-paid")`)
	p.atProvider()
}

// Each mistake is told where it was made, and charges nothing twice.
func TestABuyersMistakesChargeNothingTwice(t *testing.T) {
	file, found := chromium(t)
	if !found {
		return
	}
	b := openBazaar(t, file)
	t.Run("wrong check digit", func(t *testing.T) {
		p := b.visit(t, b.seedLink("BR"))
		defer p.cancel()
		p.choose("pix")
		p.fill("#f-identification", "123.456.789-00")
		p.keys("\t")
		p.until("it is told as one types", `document.querySelector("[data-identification]").textContent.includes("dígito verificador")`)
		p.pays()
		p.fill("#f-identification", "12.345.678/0001-90")
		p.pick("[name=identification_type]", "CNPJ")
		p.keys("\t")
		p.until("a company's is checked by its own rule", `document.querySelector("[data-identification]").textContent.includes("dígito verificador")`)
		p.pays()
		p.is("it is not sent", `document.querySelector("#pay")`)
		if n := len(p.payments()); n != 0 {
			t.Errorf("%d payments", n)
		}
		p.fill("#f-identification", "12.345.678/0001-95")
		p.pays()
		p.until("once it is right, there is a code", `document.querySelector("#pix-code")`)
		if n := len(p.payments()); n != 1 {
			t.Errorf("%d payments", n)
		}
	})
	t.Run("two clicks and the way back", func(t *testing.T) {
		p := b.visit(t, b.seedLink("AR"))
		defer p.cancel()
		p.choose("rapipago")
		p.do("two clicks at once", chromedp.Evaluate[chromedp.Void](`void ["", ""].forEach(() => document.querySelector(".pay-bar .primary").click())`))
		p.until("there is one slip", `document.querySelector("#bar, #ref")`)
		code := read[string](p.tab, `document.querySelector("#bar, #ref").textContent`)
		p.open(p.link)
		p.until("the link leads to it", fmt.Sprintf(`document.querySelector("#bar, #ref")?.textContent === %q`, code))
		p.do("back", chromedp.NavigateBack())
		p.until("so does the way back", fmt.Sprintf(`document.querySelector("#bar, #ref")?.textContent === %q`, code))
		if n := len(p.payments()); n != 1 {
			t.Errorf("%d payments", n)
		}
	})
	t.Run("sold out", func(t *testing.T) {
		link := b.offer(func(in *checkout.LinkInput) { in.Stock = 1 })
		one := &purchase{b.desk.device(t), b, shoppers["AR"], link}
		defer one.cancel()
		one.open(link)
		one.choose("pagofacil")
		one.pays()
		one.until("the first has the last one", `document.querySelector("#bar, #ref")`)
		other := b.desk.device(t)
		defer other.cancel()
		other.expect("410")
		other.open(link)
		other.until("the second reads why not", `document.querySelector("main h1").textContent === "Está agotado"`)
	})
	t.Run("expired link", func(t *testing.T) {
		link := b.offer(func(in *checkout.LinkInput) { in.ExpiresAt = b.now().Add(time.Hour) })
		b.move(2 * time.Hour)
		late := b.desk.device(t)
		defer late.cancel()
		late.expect("410")
		late.open(link)
		late.until("it says so", `document.querySelector("main h1").textContent === "Este enlace venció"`)
	})
}
