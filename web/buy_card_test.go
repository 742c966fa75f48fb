package web_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
	"posta/provider/mercadopago"
	sim "posta/sim/mercadopago"
)

// atCard is a buyer who told who buys, at the card's page.
func (s *stall) atCard(change ...func(*checkout.LinkInput)) *shopper {
	s.t.Helper()
	b := s.visit(s.link(change...))
	if got := b.post(b.path, b.form("card")...); got.to != b.path+"/card" {
		s.t.Fatalf("to the card's page: %d %s %s", got.status, got.to, shortened(got.body))
	}
	return b
}

// token is what the provider's script would give for a card.
func (s *stall) token(holder string) string {
	s.t.Helper()
	token, err := s.sim.Tokenize(stallSeller, sim.CardForm{Holder: holder})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// card is what the card's page sends; the pairs in change take the place of
// what they name, or are added.
func (b *shopper) card(token string, change ...string) []string {
	b.s.t.Helper()
	fields := []string{"token", token, "method", "visa", "issuer", "", "device", "armor.0a1b2c", "installments", "1"}
	for _, hidden := range hiddenInput.FindAllStringSubmatch(b.get(b.path+"/card").body, -1) {
		fields = append(fields, hidden[1], hidden[2])
	}
	for i := 0; i+1 < len(change); i += 2 {
		at := slices.Index(fields, change[i])
		if at < 0 {
			fields = append(fields, change[i], change[i+1])
		} else {
			fields[at+1] = change[i+1]
		}
	}
	return fields
}

// states are those of the session's payments, in alphabetical order.
func (b *shopper) states() (out []payment.State) {
	for _, p := range b.payments() {
		out = append(out, p.State)
	}
	slices.Sort(out)
	return out
}

// Red under: afterwards the session's page in place of the card's.
func TestACardIsPaidAndADeclinedOneTriedAgain(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.atCard()
	has(t, b.page(b.path+"/card"), `value="Ana Gómez"`, `value="12345678"`, "Pagar $\u00a020.000,00")
	if got := b.post(b.path+"/card", b.card(s.token("FUND"), "installments", "3")...); got.to != b.path+"/card" {
		t.Fatalf("declined: %d %s %s", got.status, got.to, shortened(got.body))
	}
	has(t, b.page(b.path+"/card"), "La tarjeta no tiene fondos suficientes", "Pague con otra tarjeta u otro medio.", "No se le cobró nada", `value="12345678"`)
	if got := b.post(b.path+"/card", b.card(s.token("APRO"))...); got.to != b.path {
		t.Fatalf("paid: %d %s %s", got.status, got.to, shortened(got.body))
	}
	has(t, b.page(b.path), "state-paid")
	if got := b.states(); !slices.Equal(got, []payment.State{payment.Paid, payment.Rejected}) {
		t.Errorf("payments: %v", got)
	}
	for _, p := range b.payments() {
		want := map[payment.State]int{payment.Rejected: 3, payment.Paid: 1}[p.State]
		if o := p.Online; o.Installments != want || o.Buyer.Device != "armor.0a1b2c" || o.Buyer.IP == "" || o.Token != "" {
			t.Errorf("asked: %+v", o)
		}
	}
	if got := b.get(b.path + "/card"); got.to != b.path {
		t.Errorf("the way back: %d %s", got.status, got.to)
	}
	review := s.atCard()
	review.post(review.path+"/card", review.card(s.token("CONT"))...)
	has(t, review.page(review.path), "state-pending")
	if got := review.get(review.path + "/card"); got.to != review.path {
		t.Errorf("while it is looked into another card is asked for: %d", got.status)
	}
}

// Red under: the session's tries in place of the page's (the stale page pays).
func TestP22_ACardSentTwiceIsChargedOnce(t *testing.T) {
	t.Parallel()
	s := newStall(t, "BR")
	b := s.atCard()
	first, second := b.card(s.token("APRO")), b.card(s.token("APRO"))
	for _, form := range [][]string{first, first, second} {
		if got := b.post(b.path+"/card", form...); got.to != b.path {
			t.Errorf("%d %s %s", got.status, got.to, shortened(got.body))
		}
	}
	if got := b.states(); !slices.Equal(got, []payment.State{payment.Paid}) {
		t.Errorf("payments: %v", got)
	}
	b = s.atCard()
	first, second = b.card(s.token("FUND")), b.card(s.token("APRO"))
	for _, form := range [][]string{first, second} { // two tabs: the second was drawn before the first was declined
		if got := b.post(b.path+"/card", form...); got.to != b.path+"/card" {
			t.Errorf("declined: %d %s %s", got.status, got.to, shortened(got.body))
		}
	}
	if got := b.states(); !slices.Equal(got, []payment.State{payment.Rejected}) {
		t.Errorf("payments: %v", got)
	}
}

// Each mistake is a clear message and no charge.
func TestBadCardsAreExplained(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	if err := s.sim.AddAccount(sim.Account{UserID: 900000001, AccessToken: "TEST-other", PublicKey: "TEST-other-public", WebhookSecret: "s", Site: "MLA", Test: true}); err != nil {
		t.Fatal(err)
	}
	foreign, err := s.sim.Tokenize(900000001, sim.CardForm{Holder: "APRO"})
	if err != nil {
		t.Fatal(err)
	}
	used := s.token("APRO")
	other := s.atCard()
	other.post(other.path+"/card", other.card(used)...)
	b := s.atCard()
	for name, form := range map[string]func() []string{
		"no token":          func() []string { return b.card("") },
		"no method":         func() []string { return b.card("x", "method", "") },
		"not a card":        func() []string { return b.card("x", "method", "rapipago") },
		"another country's": func() []string { return b.card("x", "method", "elo") },
		"too many":          func() []string { return b.card("x", "installments", "99") },
		"another amount":    func() []string { return b.card(s.token("APRO"), "amount", "100") },
	} {
		if got := b.post(b.path+"/card", form()...); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "No se cobró nada") {
			t.Errorf("%s: %d %s", name, got.status, shortened(got.body))
		}
	}
	if got := b.states(); len(got) != 0 {
		t.Errorf("payments: %v", got)
	}
	for name, token := range map[string]string{"a used token": used, "another account's token": foreign} {
		if got := b.post(b.path+"/card", b.card(token)...); got.to != b.path+"/card" {
			t.Errorf("%s: %d %s %s", name, got.status, got.to, shortened(got.body))
		}
		has(t, b.page(b.path+"/card"), "No se le cobró nada", "flash-warn")
	}
	if slices.ContainsFunc(b.states(), payment.State.Moneyed) {
		t.Errorf("payments: %v", b.states())
	}
	nobody := s.visit(s.link())
	if got := nobody.get(nobody.path + "/card"); got.to != nobody.path {
		t.Errorf("before it is told who buys: %d %s", got.status, got.to)
	}
}

// Promise 39, red under: refuseCardNumbers left out.
func TestP39_CardNumbersAreRefusedOnTheCardsPage(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.atCard()
	const number = "4509953566233704"
	for _, field := range []string{"token", "method", "issuer", "device", "installments", "amount", "tries", "holder", "card-number"} {
		got := b.post(b.path+"/card", b.card("x", field, number)...)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", field, got.status)
		}
		has(t, got.body, "No escriba aquí el número de su tarjeta")
		hasNot(t, got.body, number)
	}
	if got := b.get(b.path + "/card/installments?bin=" + number); got.status != http.StatusUnprocessableEntity {
		t.Errorf("as a bin: %d", got.status)
	}
	if len(b.payments()) != 0 || strings.Contains(s.logged.String(), number) {
		t.Error("something was kept")
	}
}

// Promise 43, red under: the origins named in the policy of all pages.
func TestP43_OnlyTheCardsPageLetsTheProviderIn(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.atCard(func(in *checkout.LinkInput) { in.Terms.Challenge = true })
	tokens, err := s.checkout.Tokens(t.Context(), b.session())
	if err != nil {
		t.Fatal(err)
	}
	from := tokens.Origins[0]
	policy := b.get(b.path + "/card").header.Get("Content-Security-Policy")
	has(t, policy, "default-src 'self'", "script-src 'self' "+from, "frame-src 'self' "+from, "connect-src 'self' "+from, "form-action 'self'", "frame-ancestors 'none'")
	hasNot(t, policy, "unsafe", "*", "https:")
	if page := b.page(b.path + "/card"); strings.Contains(page, "<style") || strings.Contains(page, " style=") || strings.Contains(page, "<script>") {
		t.Error("something stands inline")
	}
	hasNot(t, b.get(b.path).header.Get("Content-Security-Policy"), from)
	asks, err := s.sim.Tokenize(stallSeller, sim.CardForm{Number: "5483928164574623", Holder: "APRO"})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.post(b.path+"/card", b.card(asks, "method", "master")...); got.to != b.path {
		t.Fatalf("%d %s %s", got.status, got.to, shortened(got.body))
	}
	if got := b.get(b.path); got.to != b.path+"/challenge" {
		t.Fatalf("the bank asks: %d %s", got.status, got.to)
	}
	got := b.get(b.path + "/challenge")
	policy = got.header.Get("Content-Security-Policy")
	has(t, policy, "default-src 'self'", "frame-src https: "+from, "form-action 'self' https: "+from, "frame-ancestors 'none'")
	hasNot(t, policy, "unsafe", "script-src")
	has(t, got.body, `name="creq"`, from+"/3ds/")
	if paid := b.states(); !slices.Equal(paid, []payment.State{payment.Pending}) {
		t.Errorf("payments: %v", paid)
	}
}

func TestWithoutItsPublicKeyNoCardIsTakenHere(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.atCard()
	base := strings.TrimSuffix(must(s.checkout.Tokens(t.Context(), b.session())).Script, "/v2/sdk.js")
	keyless, err := mercadopago.Description().Open(provider.Config{"access_token": stallToken, "base_url": base}, &http.Client{}, s.clock)
	if err != nil {
		t.Fatal(err)
	}
	s.checkout.Open = func(context.Context, posta.ConnectionID) (provider.Connector, error) { return keyless, nil }
	got := b.get(b.path + "/card")
	has(t, got.body, "Este comercio no toma tarjetas en esta página", `value="redirect"`)
	hasNot(t, got.body, "data-card=", "<script src=\"http")
	hasNot(t, got.header.Get("Content-Security-Policy"), "script-src")
	hasNot(t, b.page(b.path), `value="card"`)
	if got := b.post(b.path, b.form("redirect", "method", "redirect")...); !strings.HasPrefix(got.to, b.path) {
		t.Errorf("the provider's page: %d %s", got.status, got.to)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestInstallmentsFollowTheCard(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	b := s.atCard(func(in *checkout.LinkInput) { in.Terms.MaxInstallments = 3 })
	got := b.get(b.path + "/card/installments?bin=45099535")
	has(t, got.body, `"installments":1`, "1 pago de $\u00a020.000,00", `"installments":3`)
	hasNot(t, got.body, `"installments":6`)
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers: %v", got.header)
	}
	for _, bin := range []string{"", "12345", "45099a", "450995356"} {
		if got := b.get(b.path + "/card/installments?bin=" + bin); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bin, got.status)
		}
	}
}

func TestTheButtonsScriptIsForAnyPage(t *testing.T) {
	t.Parallel()
	s := newStall(t, "AR")
	got := s.browser().get("/button.js")
	if got.status != http.StatusOK || got.header.Get("Set-Cookie") != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	for name, want := range map[string]string{"Content-Type": "text/javascript; charset=utf-8", "Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "public, max-age=3600"} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q", name, got.header.Get(name))
		}
	}
	hasNot(t, got.body, "innerHTML", "document.write", "eval(", "cookie =", "fetch(")
}
