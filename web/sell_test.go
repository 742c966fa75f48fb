package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/checkout"
	"posta/golive"
	"posta/inbox"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/settlement"
	sim "posta/sim/mercadopago"
	"posta/store/storetest"
	"posta/text"
	"posta/till"
	"posta/web"
)

// backOffice is a stall with the pages behind it, and somebody who works there.
func backOffice(t *testing.T, country string) (*stall, *browser) {
	t.Helper()
	s := newStall(t, country)
	h, log := s.hub, slog.New(slog.NewTextHandler(io.Discard, nil))
	h.closes = &settlement.Service{Store: h.db, Open: h.payments.Open, Clock: h.clock, Log: log, Committed: h.live.Wake}
	h.tills = &till.Service{Keeper: h.db, Clock: h.clock, Open: h.payments.Open, Currency: h.accounts.Currency, ConnectionMode: h.accounts.ConnectionMode}
	served := httptest.NewServer(web.New(web.Services{Accounts: h.accounts, Tills: h.tills, Payments: h.payments, Settlements: h.closes, Checkout: s.checkout, Hub: h.live,
		Events: h.db, Calls: h.db, Catalog: text.Must(), Clock: h.clock, Log: log, PublicURL: func() string { return h.public }, Version: "test",
		Inbox:    &inbox.Service{Store: h.db, Clock: h.clock, Log: log, Wake: func() {}},
		Projects: &project.Service{Store: h.db, Clock: h.clock, Log: log, Committed: h.live.Wake},
		GoLive:   &golive.Service{Store: h.db, Accounts: h.accounts, Clock: h.clock, Committed: h.live.Wake}}))
	h.server.Close()
	h.server = served
	h.user(h.world, "ana@tienda.example", "")
	return s, h.login("ana@tienda.example")
}

var (
	oneProduct = regexp.MustCompile(`/products/prd_[0-9A-Z]{26}`)
	oneLink    = regexp.MustCompile(`/links/lnk_[0-9A-Z]{26}`)
)

// A product is made, sold by a link with stock, bought, and archived: every page
// says how it stands, in every language.
func TestSellingFromTheOffice(t *testing.T) {
	t.Parallel()
	s, b := backOffice(t, "BR")
	has(t, b.page("/products"), "Todavía no hay productos", `href="/products/new"`)
	has(t, b.page("/links"), "Todavía no hay links de pago", `href="/links/new"`)
	has(t, b.page("/"), "Vender ahora")
	form := b.page("/products/new")
	has(t, form, "Precio en BRL", "Taza de cerámica")
	nonce := nonceOf(t, form)
	wrong := b.post("/products/new", "nonce", nonce, "name", "", "price", "diez", "picture_url", "http://shop.example/x.png", "description", "queda")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong: %d", wrong.status)
	}
	has(t, wrong.body, `value="diez"`, `value="queda"`, nonce)
	fields := []string{"nonce", nonce, "name", "Café", "price", "189,90", "category", "home", "picture_url", "https://shop.example/x.png"}
	made := b.post("/products/new", fields...)
	if !oneProduct.MatchString(made.to) || b.post("/products/new", fields...).to != made.to {
		t.Fatalf("product: %d %s %s", made.status, made.to, made.body)
	}
	page := b.get(made.to)
	has(t, page.body, "Café", "189,90", `src="https://shop.example/x.png"`, "Todavía no hay un link")
	has(t, page.header.Get("Content-Security-Policy"), "https://shop.example")
	if got := b.post(made.to, "name", "Café molido", "price", "200"); got.status != http.StatusSeeOther {
		t.Errorf("change: %d", got.status)
	}
	product := strings.TrimPrefix(made.to, "/products/")
	form = b.page("/links/new?product=" + product)
	has(t, form, "Café molido · R$", `value="product" checked`, "Pix")
	link := b.post("/links/new", "nonce", nonceOf(t, form), "sells", "product", "product_id", product, "stock", "2", "max_quantity", "2", "max_uses", "1",
		"expires_at", "2030-01-02T10:00", "flow", "both", "methods", "bank_transfer", "reference", "feria")
	if !oneLink.MatchString(link.to) {
		t.Fatalf("link: %d %s", link.status, link.body)
	}
	there := s.linkAt(link.to)
	view := b.page(link.to)
	has(t, view, s.checkout.LinkURL(there), "https://wa.me/?text=", "mailto:?subject=Caf%C3%A9%20molido", "/button.js", there.Token, "Todavía nadie lo abrió", "0 / 1", "feria")
	has(t, b.page(link.to+"/poster?size=a4"), "poster of-link a4", "Café molido", "200,00", `class="qr"`)
	shopper := s.visit(there)
	shopper.pays("pix")
	view = b.page(link.to)
	has(t, view, "t•••@", "Puede pagar", "Todo reservado")
	hasNot(t, view, sim.TestBuyer)
	p := shopper.payments()[0]
	order, err := strconv.ParseInt(p.Order, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sim.PayVoucher(order); err != nil {
		t.Fatal(err)
	}
	s.later(time.Minute)
	if _, err := s.checkout.Follow(t.Context(), shopper.session().ID); err != nil {
		t.Fatal(err)
	}
	has(t, b.page(link.to), "Pagó", "Agotado", "1 / 1", "200,00")
	has(t, b.page("/links"), "Café molido", "1 de 1 compradores", "Quedan 1 de 2", "200,00")
	has(t, b.page("/"), "200,00", "En línea hoy")
	form = b.page(link.to + "/edit")
	has(t, form, `value="2030-01-02T10:00"`, `value="bank_transfer" checked`)
	if got := b.post(link.to+"/edit", "sells", "product", "stock", "", "max_uses", "", "max_quantity", "1", "flow", "direct", "expires_at", ""); got.to != link.to {
		t.Errorf("edit: %d %s", got.status, got.body)
	}
	if l := s.linkAt(link.to); l.Stock != checkout.Unlimited || l.MaxUses != 0 || !l.ExpiresAt.IsZero() || l.Terms.Flow != provider.FlowDirect || len(l.Terms.Methods) != 0 {
		t.Errorf("changed: %+v", l)
	}
	b.post(link.to+"/switch", "on", "false")
	has(t, b.page(link.to), "Cerrado", "Abrir el link")
	b.post(link.to+"/switch", "on", "true")
	has(t, b.page(made.to+"/archive"), "¿Archivar «Café molido»?")
	b.post(made.to+"/archive", "state", "archived")
	has(t, b.page(link.to), "Producto archivado")
	paths := []string{"/", "/products", "/products?state=archived", "/products/new", made.to, "/links", "/links/new", link.to, link.to + "/edit", link.to + "/poster",
		"/payments?rail=online", "/payments?link=" + strings.TrimPrefix(link.to, "/links/"), story(p.ID), story(p.ID) + "/refund"}
	for _, lang := range text.Languages {
		b.header.Set("Cookie", "lang="+lang)
		for _, path := range paths {
			if keys := rawKeys(b.page(path)); len(keys) > 0 {
				t.Errorf("%s %s: keys without words: %v", lang, path, keys)
			}
		}
	}
}

// linkAt is the link whose page stands at an address.
func (s *stall) linkAt(path string) checkout.Link {
	s.t.Helper()
	l, err := s.checkout.Link(s.t.Context(), s.world.Merchant.ID, posta.Test, posta.LinkID(strings.TrimPrefix(path, "/links/")))
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

// An amount that the buyer chooses has its bounds; what is wrong stands beside
// its field and nothing that was typed is lost.
func TestALinkWithAnOpenAmount(t *testing.T) {
	t.Parallel()
	s, b := backOffice(t, "CO")
	nonce := nonceOf(t, b.page("/links/new"))
	got := b.post("/links/new", "nonce", nonce, "sells", "open", "title", "Aporte", "open_amount.min", "5000", "open_amount.max", "1000,50", "flow", "both",
		"expires_at", "2001-01-01T00:00", "max_uses", "muchos")
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d", got.status)
	}
	has(t, got.body, `value="open" checked`, `value="Aporte"`, `value="1000,50"`, "número entero", `value="muchos"`)
	got = b.post("/links/new", "nonce", nonce, "sells", "open", "title", "Aporte", "open_amount.min", "5000", "open_amount.max", "1000", "flow", "both", "expires_at", "2001-01-01T00:00")
	has(t, got.body, "demasiado bajo", "en el futuro")
	got = b.post("/links/new", "nonce", nonce, "sells", "open", "title", "Aporte", "open_amount.min", "5000", "open_amount.max", "90000", "flow", "both")
	if !oneLink.MatchString(got.to) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if l := s.linkAt(got.to); l.Open == nil || l.Open.Min != 500_000 || l.Open.Max != 9_000_000 || l.Stock != checkout.Unlimited {
		t.Errorf("%+v", l)
	}
	has(t, b.page(got.to), "5.000 a ")
}

// Money that a card reserved is taken in part from its story, and given back.
func TestReservedMoneyIsTakenInPart(t *testing.T) {
	t.Parallel()
	s, b := backOffice(t, "AR")
	shopper := s.atCard(func(in *checkout.LinkInput) { in.Terms.Authorize, in.Reference = true, "pedido-7" })
	shopper.post(shopper.path+"/card", shopper.card(s.token("APRO"))...)
	p, link := shopper.payments()[0], string(shopper.session().LinkID)
	if !p.Capturable() {
		t.Fatalf("not reserved: %s %s", p.State, p.Progress)
	}
	page := b.page(story(p.ID))
	has(t, page, "El dinero está reservado", "Tomar el dinero", "Liberar la reserva", "el comprador", sim.TestBuyer, "/links/"+link, "En línea")
	hasNot(t, page, `/till//`)
	list := b.page("/payments?rail=online&link=" + link)
	has(t, list, "pedido-7", "t•••@", "Mercado Pago", "En línea")
	hasNot(t, list, sim.TestBuyer)
	hasNot(t, b.page("/payments?rail=qr"), "pedido-7")
	has(t, b.page("/payments.csv?rail=online"), sim.TestBuyer, "checkout_session", string(p.Owner))
	take := story(p.ID) + "/capture"
	for typed, words := range map[string]string{"999999": "demasiado alto", "0": "mayor que cero", "x": `value="x"`} {
		got := b.post(take, "amount", typed)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", typed, got.status)
		}
		has(t, got.body, words)
	}
	if got := b.post(take, "amount", "15.000"); got.to != story(p.ID) {
		t.Fatalf("capture: %d %s", got.status, got.body)
	}
	if p = s.payment(p.ID); p.State != payment.Paid || p.Captured != 1_500_000 {
		t.Fatalf("%s %d", p.State, p.Captured)
	}
	has(t, b.page(story(p.ID)), "Se tomaron", "Se pidió tomar el dinero reservado", "Reembolsar")
	if got := b.get(take); got.to != story(p.ID) {
		t.Errorf("again: %d %s", got.status, got.to)
	}
	form := b.page(story(p.ID) + "/refund")
	has(t, form, "15000,00", "El proveedor acepta reembolsos hasta")
	nonce := nonceOf(t, form)
	if got := b.post(story(p.ID)+"/refund", "nonce", nonce, "amount", "5000", "sure", "1"); got.to != story(p.ID) {
		t.Fatalf("refund: %d", got.status)
	}
	if p = s.payment(p.ID); p.State != payment.PartiallyRefunded || p.Refunded != 500_000 {
		t.Errorf("%s %d", p.State, p.Refunded)
	}
}

// What another merchant sells is not there, and who does not manage changes nothing.
func TestSellingIsOnesOwn(t *testing.T) {
	t.Parallel()
	s, _ := backOffice(t, "AR")
	l := s.link()
	s.user(storetest.Seed(t, s.db), "otro@tienda.example", "")
	other := s.login("otro@tienda.example")
	path := "/links/" + string(l.ID)
	for _, at := range []string{path, path + "/edit", path + "/poster"} {
		if got := other.get(at); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", at, got.status)
		}
	}
	for _, at := range []string{path + "/switch", path + "/edit"} {
		if got := other.post(at, "on", "false"); got.status != http.StatusNotFound {
			t.Errorf("POST %s: %d", at, got.status)
		}
	}
	hasNot(t, other.page("/links"), "Taza")
	u := s.user(s.world, "co@tienda.example", "")
	owner := s.user(s.world, "duena@tienda.example", "")
	if _, err := s.accounts.SetRole(t.Context(), s.world.Merchant.ID, owner.ID, u.ID, posta.Commercial); err != nil {
		t.Fatal(err)
	}
	c := s.login("co@tienda.example")
	has(t, c.page(path), "Taza")
	hasNot(t, c.page(path)+c.page("/links")+c.page("/"), `/links/new`, "/switch", "/edit")
	for _, at := range []string{"/links/new", "/products/new", path + "/switch", path + "/edit"} {
		if got := c.post(at, "on", "false"); got.status != http.StatusForbidden {
			t.Errorf("POST %s: %d", at, got.status)
		}
	}
	if s.linkAt(path).State != checkout.LinkActive {
		t.Error("it was closed")
	}
}
