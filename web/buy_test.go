package web_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
)

// Every method of four countries that is paid away from the page: it waits, then
// the page says that it is paid because the provider says so, whatever the
// address claims.
func TestP26_EveryVoucherIsPaidOnlyWhenTheProviderSaysSo(t *testing.T) {
	t.Parallel()
	for country, methods := range map[string]map[string]string{
		"AR": {"rapipago": "Número de referencia", "pagofacil": "Número de referencia"},
		"BR": {"pix": "Pix copia e cola", "bolbradesco": `class="barcode"`, "pec": "Pague até"},
		"CO": {"pse": "Siga en la página de su banco", "efecty": "Número de referencia"},
		"MX": {"oxxo": "Número de referencia", "paycash": "Número de referencia", "bancomer": "Número de referencia", "clabe": "CLABE"},
	} {
		t.Run(country, func(t *testing.T) {
			t.Parallel()
			s := newStall(t, country)
			for method, words := range methods {
				b := s.visit(s.link())
				has(t, b.page(b.path), `value="`+method+`"`, `value="redirect"`, `value="card"`)
				has(t, b.pays(method), words)
				has(t, b.page(b.path+"?status=approved&collection_status=approved"), words)
				if got := b.get(b.path + "/return?status=approved"); got.to != b.path {
					t.Errorf("%s: return leads to %s", method, got.to)
				}
				has(t, b.page(b.path), words)
				id, err := strconv.ParseInt(b.payments()[0].Order, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.sim.PayVoucher(id); err != nil {
					t.Fatalf("%s: %v", method, err)
				}
				b.get(b.path + "/return?status=rejected")
				has(t, b.page(b.path), `class="state big-shape state-paid"`, string(b.session().PaymentID))
				if all := b.payments(); len(all) != 1 || b.session().State != checkout.Complete {
					t.Errorf("%s: %d payments, session %s", method, len(all), b.session().State)
				}
			}
		})
	}
}

func TestRedirectIsLedToAndComesBackToTheTruth(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.visit(s.link(func(in *checkout.LinkInput) {
		in.Terms.SuccessURL, in.Terms.SuccessText = "https://shop.example/thanks", "Lo enviamos mañana."
	}))
	got := b.post(b.path, b.form("redirect")...)
	if got.to != b.path+"?go=1" {
		t.Fatalf("%d %s", got.status, got.to)
	}
	has(t, b.page(got.to), "data-go", "Ir a Mercado Pago", "Elegir otro medio")
	p := b.payments()[0]
	if _, err := s.sim.PayPreference(p.Order, sim.Choice{}); err != nil {
		t.Fatal(err)
	}
	b.get(b.path + "/return?collection_status=null")
	has(t, b.page(b.path), "¡Pago recibido!", "https://shop.example/thanks", "Lo enviamos mañana.", string(p.ID))
	if got := b.post(b.path, b.form("redirect")...); got.to != b.path && got.to != b.path+"?go=1" || len(b.payments()) != 1 {
		t.Errorf("paid again: %d %s, %d payments", got.status, got.to, len(b.payments()))
	}
}

// What the buyer did on the provider's page is told as it is: a slip that was
// taken there waits, a review is not paid again, a declined card says why.
func TestWhatHappenedElsewhereIsToldAsItIs(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	for _, c := range []struct {
		choice sim.Choice
		words  string
		leads  bool // the buyer may go on paying there
	}{
		{sim.Choice{Method: "rapipago"}, "Se espera su pago", true},
		{sim.Choice{Holder: "CONT"}, "No pague otra vez", false},
		{sim.Choice{Holder: "FUND"}, "no tiene fondos suficientes", true},
	} {
		b := s.visit(s.link())
		b.pays("redirect")
		if _, err := s.sim.PayPreference(b.payments()[0].Order, c.choice); err != nil {
			t.Fatal(err)
		}
		b.get(b.path + "/return?collection_status=approved")
		page := b.page(b.path)
		has(t, page, c.words)
		hasNot(t, page, "state-paid")
		if strings.Contains(page, "Ir a Mercado Pago") != c.leads {
			t.Errorf("%s: leads on to the provider: %v", c.words, !c.leads)
		}
	}
}

// A second click, a page gone back to, two tabs: one charge.
func TestNobodyPaysTwiceByImpatience(t *testing.T) {
	t.Parallel()
	s := newStall(t, "BR")
	b := s.visit(s.link())
	form := b.form("pix")
	for range 3 {
		if got := b.post(b.path, form...); got.status != http.StatusSeeOther {
			t.Errorf("%d", got.status)
		}
	}
	if n := len(b.payments()); n != 1 {
		t.Fatalf("%d payments", n)
	}
	// An old tab chooses another way: what is under way stays until the buyer says otherwise.
	stale := append([]string{}, form...)
	stale[1] = "bolbradesco"
	b.post(b.path, stale...)
	if all := b.payments(); len(all) != 1 || all[0].Online.Method != "pix" {
		t.Fatalf("%d payments", len(all))
	}
	if got := b.post(b.path + "/other"); got.to != b.path {
		t.Errorf("other: %d %s", got.status, got.to)
	}
	page := b.page(b.path)
	has(t, page, `value="bolbradesco"`, `value="Ana"`)
	hasNot(t, page, `role="alert"`) // it was the buyer's own wish
	has(t, b.pays("bolbradesco"), `class="barcode"`)
	all := b.payments()
	for _, one := range all {
		if want := map[string]payment.State{"pix": payment.Canceled, "bolbradesco": payment.Pending}[one.Online.Method]; one.State != want {
			t.Errorf("%s is %s", one.Online.Method, one.State)
		}
	}
	if len(all) != 2 {
		t.Errorf("%d payments", len(all))
	}
}

// Each mistake has its own words, keeps what was typed, and charges nothing.
func TestBadInputOfABuyerIsExplained(t *testing.T) {
	t.Parallel()
	for country, cases := range map[string][]struct{ field, value, words string }{
		"AR": {
			{"identification", "", "Escriba el número de su documento."}, {"identification", "12", "le faltan o le sobran"}, {"identification", "12a45678", "tiene algo que no va"},
			{"identification_type", "CPF", "Elija un documento de la lista."},
			{"email", "", "Escriba su correo."}, {"email", "ana@", "no está completo"}, {"first_name", " ", "Escriba su nombre."}, {"last_name", "", "Escriba su apellido."},
			{"method", "", "Elija cómo quiere pagar."}, {"method", "pix", "no se ofrece aquí"}, {"amount", "1", "El importe cambió"},
		},
		"BR": {{"identification", "123.456.789-00", "o dígito verificador não confere"}, {"identification_type", "CUIT", "Escolha um documento"}},
		"CO": {{"bank", "", "Elija su banco."}, {"identification", "", "Escriba el número"}},
	} {
		t.Run(country, func(t *testing.T) {
			t.Parallel()
			s := newStall(t, country)
			for _, c := range cases {
				b := s.visit(s.link())
				method := map[string]string{"AR": "rapipago", "BR": "pix", "CO": "pse"}[country]
				got := b.post(b.path, b.form(method, c.field, c.value)...)
				if got.status != http.StatusUnprocessableEntity {
					t.Errorf("%s %q: %d %s", c.field, c.value, got.status, got.to)
				}
				has(t, got.body, c.words)
				if c.field != "first_name" {
					has(t, got.body, `value="Ana"`)
				}
				if len(b.payments()) != 0 {
					t.Errorf("%s %q was charged", c.field, c.value)
				}
				has(t, b.pays(method), `id="buy"`)
			}
		})
	}
}

func TestWhatAnAmountDoesNotAllowSaysWhy(t *testing.T) {
	t.Parallel()
	s := newStall(t, "BR")
	b := s.visit(s.link(func(in *checkout.LinkInput) { in.Amount = 300 }))
	page := b.page(b.path)
	has(t, page, "A partir de R$\u00a04,00", `value="pix"`)
	hasNot(t, page, `value="bolbradesco"`)
	got := b.post(b.path, b.form("bolbradesco")...)
	if got.status != http.StatusUnprocessableEntity || len(b.payments()) != 0 {
		t.Errorf("%d, %d payments", got.status, len(b.payments()))
	}
	co := newStall(t, "CO")
	b = co.visit(co.link())
	page = b.page(b.path)
	has(t, page, "$\u00a020.000<")
	hasNot(t, page, "20.000,00")
}

// A link that is closed says so, whose it was, and how to go on.
func TestClosedLinksSayHowToGoOn(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	expiring := s.link(func(in *checkout.LinkInput) { in.ExpiresAt = s.clock.Now().Add(time.Hour) })
	last := s.link(func(in *checkout.LinkInput) { in.Stock = 1 })
	open := s.link()
	buying, idle := s.visit(last), s.visit(open)
	late := s.visit(last)
	buying.pays("rapipago")
	got := s.browser().get("/l/" + last.Token)
	if got.status != http.StatusGone {
		t.Errorf("sold out: %d", got.status)
	}
	has(t, got.body, "Está agotado", "Almacén Don Pedro", "No se cobró nada")
	if got := late.post(late.path, late.form("rapipago")...); got.status != http.StatusConflict {
		t.Errorf("the second buyer of the last one: %d", got.status)
	} else {
		has(t, got.body, "No queda suficiente", "No se cobró nada")
	}
	s.clock.Move(2 * time.Hour)
	got = s.browser().get("/l/" + expiring.Token)
	has(t, got.body, "Este enlace venció", "Almacén Don Pedro")
	if _, err := s.checkout.UpdateLink(t.Context(), checkout.LinkInput{ID: open.ID, MerchantID: open.MerchantID, Mode: open.Mode, ConnectionID: open.ConnectionID,
		Title: open.Title, Amount: open.Amount, MaxQuantity: 1, Stock: checkout.Unlimited, State: checkout.LinkDisabled}); err != nil {
		t.Fatal(err)
	}
	has(t, s.browser().get("/l/"+open.Token).body, "Este enlace está cerrado")
	got = idle.post(idle.path, idle.form("rapipago")...)
	if got.status != http.StatusGone || len(idle.payments()) != 0 {
		t.Errorf("paid by a closed link: %d", got.status)
	}
	s.clock.Move(25 * time.Hour)
	got = idle.get(idle.path)
	if got.status != http.StatusGone {
		t.Errorf("expired session: %d", got.status)
	}
	has(t, got.body, "El tiempo para pagar terminó")
	for _, path := range []string{"/l/nothing", "/pay/nothing", "/pay/nothing/return", "/pay/nothing/events"} {
		if got := s.browser().get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		} else {
			has(t, got.body, "Esta dirección no existe")
		}
	}
}

func TestABuyerChoosesAmountAndQuantity(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.visit(s.link(func(in *checkout.LinkInput) {
		in.Amount, in.Open = 0, &checkout.OpenAmount{Min: 10_000, Max: 500_000}
	}))
	page := b.page(b.path)
	has(t, page, "¿Cuánto quiere pagar?", "Entre $\u00a0100,00 y $\u00a05.000,00")
	hasNot(t, page, `id="pay"`)
	for typed, words := range map[string]string{"50": "es demasiado bajo", "9000": "es demasiado alto", "mucho": "mucho"} {
		got := b.post(b.path+"/amount", "amount", typed)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", typed, got.status)
		}
		has(t, got.body, words)
	}
	b.post(b.path+"/amount", "amount", "1.234,50")
	has(t, b.pays("rapipago"), "$\u00a01.234,50")

	b = s.visit(s.link(func(in *checkout.LinkInput) { in.Amount, in.MaxQuantity = 100_000, 5 }))
	b.post(b.path+"/quantity", "quantity", "3", "email", "ana@correo.example", "first_name", "Ana")
	has(t, b.page(b.path), "$\u00a03.000,00", `value="ana@correo.example"`)
	if got := b.post(b.path+"/quantity", "quantity", "6"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("six of five: %d", got.status)
	}
}

// Promise 43: the policy lets in nothing of others, nothing is kept, no address
// is told.
func TestP43_BuyersPagesAreStrict(t *testing.T) {
	t.Parallel()
	s := newStall(t, "BR")
	b := s.visit(s.link(func(in *checkout.LinkInput) { in.PictureURL = "https://img.example/cup.png" }))
	got := b.get(b.path)
	policy := got.header.Get("Content-Security-Policy")
	has(t, policy, "default-src 'self'", "img-src 'self' data: https://img.example;", "frame-ancestors 'none'", "form-action 'self'")
	hasNot(t, policy, "unsafe", "*", "mercadopago", "script-src")
	has(t, got.body, `src="https://img.example/cup.png"`, `referrerpolicy="no-referrer"`)
	b.pays("pix")
	got = b.get(b.path)
	policy = got.header.Get("Content-Security-Policy")
	hasNot(t, policy, "https:", "unsafe", "*")
	has(t, got.body, `<svg class="qr"`)
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff"} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q", name, got.header.Get(name))
		}
	}
	if got := b.do("POST", b.path, strings.NewReader("method=pix"), "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("posted from another site: %d", got.status)
	}
}

// Promise 39: a card number in any field is refused, kept nowhere and not shown again.
func TestP39_CardNumbersAreRefusedOnBuyersForms(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	const number = "4509 9535 6623 3704"
	b := s.visit(s.link(func(in *checkout.LinkInput) { in.MaxQuantity = 3 }))
	for _, field := range []string{"email", "first_name", "last_name", "identification", "phone", "street", "bank"} {
		got := b.post(b.path, b.form("rapipago", field, number)...)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", field, got.status)
		}
		has(t, got.body, "No escriba aquí el número de su tarjeta")
		hasNot(t, got.body, number, "4509")
	}
	for _, path := range []string{"/amount", "/quantity"} {
		if got := b.post(b.path+path, "quantity", "2", "amount", number, "first_name", number); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if b.session().Buyer.FirstName != "" || len(b.payments()) != 0 || strings.Contains(s.logged.String(), "4509") {
		t.Error("something was kept")
	}
	br := newStall(t, "BR") // a company's number may begin as a card's does
	c := br.visit(br.link())
	if got := c.post(c.path, c.form("pix", "identification_type", "CNPJ", "identification", "36.000.000/0001-"+cnpjEnd("360000000001"))...); got.status != http.StatusSeeOther {
		t.Errorf("a company: %d %s", got.status, shortened(got.body))
	}
}

// cnpjEnd gives the check digits of a company's number.
func cnpjEnd(base string) string {
	for end := range 100 {
		digits := base + strconv.Itoa(end/10) + strconv.Itoa(end%10)
		if _, wrong := posta.CheckIdentification("BR", "CNPJ", digits); wrong == "" {
			return digits[len(base):]
		}
	}
	return ""
}

// The account's country gives the language until the buyer chooses one.
func TestBuyersReadTheirLanguage(t *testing.T) {
	t.Parallel()
	br := newStall(t, "BR")
	b := br.visit(br.link())
	has(t, b.page(b.path), "Como quer pagar?", `<html lang="pt"`)
	has(t, b.get(b.path, "Cookie", "lang=en").body, "How would you like to pay?")
	mx := newStall(t, "MX")
	c := mx.visit(mx.link())
	page := c.get(c.path, "Accept-Language", "en").body
	has(t, page, "¿Cómo quiere pagar?", "RFC", "(opcional)")
	hasNot(t, page, "data-required")
}

// A boleto is paid by typing 47 digits, each field with its check digit.
func TestABoletosDigitsAreThoseThatBanksAskFor(t *testing.T) {
	t.Parallel()
	s := newStall(t, "BR")
	b := s.visit(s.link())
	page := b.pays("bolbradesco")
	code := b.payments()[0].Next.Barcode
	typed := regexp.MustCompile(`id="bar">([^<]+)<`).FindStringSubmatch(page)[1]
	digits := strings.NewReplacer(".", "", " ", "").Replace(typed)
	if len(digits) != 47 || digits[:4]+digits[32:33]+digits[33:]+digits[4:9]+digits[10:20]+digits[21:31] != code {
		t.Fatalf("%s is not %s", typed, code)
	}
	for _, field := range []string{digits[:10], digits[10:21], digits[21:32]} {
		sum := 0
		for i := range field { // modulo 10 with the check digit: a multiple of ten
			product := int(field[len(field)-1-i]-'0') * (1 + i%2)
			sum += product/10 + product%10
		}
		if sum%10 != 0 {
			t.Errorf("check digit of %s", field)
		}
	}
}

// An answer that is lost is no decline: the page tells not to pay again, the
// hub asks, and there is one charge. While the methods are not told either, the
// page says that too.
func TestAnAnswerThatIsLostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.visit(s.link())
	form := b.form("rapipago")
	if err := s.sim.Fault().Set(fault.Rule{Method: "POST", Path: "/v1/payments", Action: fault.CutAfter},
		fault.Rule{Method: "GET", Path: "/v1/payments/.*", Action: fault.CutBefore}); err != nil {
		t.Fatal(err)
	}
	b.post(b.path, form...)
	has(t, b.page(b.path), "Estamos averiguando qué pasó con su pago", "No pague otra vez")
	b.post(b.path, form...) // impatient
	has(t, b.page(b.path), "No pague otra vez")
	s.sim.Fault().Clear()
	if got := b.get(b.path + "/return"); got.to != b.path {
		t.Errorf("%d %s", got.status, got.to)
	}
	for range 3 {
		s.later(2 * time.Minute)
	}
	has(t, b.page(b.path), "Número de referencia")
	if all := b.payments(); len(all) != 1 || all[0].State != payment.Pending {
		t.Errorf("%+v", all)
	}
	if books := s.sim.AllBooks(); len(books) != 1 {
		t.Errorf("%d charges at the provider", len(books))
	}
	other := newStall(t, "AR")
	if err := other.sim.Fault().Set(fault.Rule{Path: "/v1/payment_methods", Action: fault.CutBefore}); err != nil {
		t.Fatal(err)
	}
	c := other.visit(other.link())
	has(t, c.page(c.path), "No pudimos saber con qué medios puede pagar ahora", `value="redirect"`)
}
