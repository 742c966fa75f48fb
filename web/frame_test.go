package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"posta"
	"posta/account"
	"posta/page"
	"posta/payment"
	"posta/store/storetest"
	"posta/text"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.browser()
	if got := b.get("/till"); got.status != http.StatusSeeOther || got.to != "/login?next=%2Ftill" {
		t.Errorf("unknown visitor: %d %s", got.status, got.to)
	}
	if got := b.get(h.till()+"/events", "Accept", "text/event-stream"); got.status != http.StatusUnauthorized {
		t.Errorf("stream for an unknown visitor: %d", got.status)
	}
	has(t, b.page("/login?next=/till"), `name="next" value="/till"`, "Contraseña")
	got := b.post("/login", "email", "ana@tienda.example", "password", "otra cosa distinta")
	if got.status != http.StatusUnauthorized {
		t.Errorf("wrong password: %d", got.status)
	}
	has(t, got.body, "no coinciden", `value="ana@tienda.example"`)
	hasNot(t, got.body, "otra cosa distinta")
	got = b.post("/login", "email", "ana@tienda.example", "password", password, "next", "https://bad.example/")
	if got.status != http.StatusSeeOther || got.to != "/" {
		t.Errorf("log-in: %d %s", got.status, got.to)
	}
	cookie := got.header.Get("Set-Cookie")
	has(t, cookie, "HttpOnly", "SameSite=Lax")
	hasNot(t, cookie, "Secure")
	has(t, b.page("/till"), "Caja 1", "Centro", "Nada de lo que ve aquí es dinero real")
	if got := b.get("/login"); got.to != "/" {
		t.Errorf("log-in again: %s", got.to)
	}
	if got := b.post("/logout"); got.to != "/login" {
		t.Errorf("log-out: %s", got.to)
	}
	if got := b.get("/till"); got.status != http.StatusSeeOther {
		t.Errorf("after log-out: %d", got.status)
	}
}

func TestCookieIsSecureOverHTTPS(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.public = "https://posta.example"
	got := h.browser().post("/login", "email", "ana@tienda.example", "password", password)
	has(t, got.header.Get("Set-Cookie"), "Secure")
}

func TestNewPasswordEndsSessions(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	user, err := h.db.UserByEmail(t.Context(), "ana@tienda.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.accounts.SetPassword(t.Context(), user.ID, "otra contraseña larga"); err != nil {
		t.Fatal(err)
	}
	if got := b.get(h.till()); got.status != http.StatusSeeOther {
		t.Errorf("after a new password: %d", got.status)
	}
}

func TestLoginIsLimitedInWords(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.browser()
	var got answer
	for range 11 {
		got = b.post("/login", "email", "ana@tienda.example", "password", strings.Repeat("x", 300)) // too long to be worth a hash
	}
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "30" {
		t.Errorf("11th try: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	has(t, got.body, "Demasiados intentos", "Espere 30 s")
}

func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	fields := "nonce=" + posta.NewULID(storetest.Now) + "&amount=100"
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://bad.example"}} {
		got := b.do("POST", h.till()+"/charge", strings.NewReader(fields), header...)
		if got.status != http.StatusForbidden {
			t.Errorf("%v: %d", header, got.status)
		}
		has(t, got.body, "No tiene permiso para esto")
	}
	if h.bank.charges() != 0 {
		t.Error("another site charged")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	got := b.get(h.till())
	has(t, got.header.Get("Content-Security-Policy"), "default-src 'self'", "frame-ancestors 'none'")
	if got.header.Get("Cache-Control") == "" || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", got.header)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.user(h.world, "joao@loja.example", "pt")
	b := h.browser()
	has(t, b.page("/login"), `lang="es"`, "Contraseña")
	b.header.Set("Accept-Language", "en-GB,en;q=0.9")
	has(t, b.page("/login"), `lang="en"`, "Password")
	b.header.Set("Cookie", "lang=pt")
	has(t, b.page("/login"), `lang="pt"`, "Senha")

	mine := h.login("joao@loja.example") // the browser says nothing, the person does
	has(t, mine.page(h.till()), `lang="pt"`, "Valor a cobrar", "Nada do que aparece aqui")
	has(t, mine.get("/nada").body, "Ir para o início")
}

func TestModes(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	p := b.charge("100")
	if got := b.post("/mode", "mode", "live", "back", "//bad.example"); got.to != "/" {
		t.Errorf("switch: %s", got.to)
	}
	hasNot(t, b.page("/till"), "Caja 1", "dinero real")
	for _, path := range []string{h.till(), h.till() + "/sales/" + string(p.ID), h.till() + "/events"} {
		if got := b.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s in live mode: %d", path, got.status)
		}
	}
	if got := b.post("/mode", "mode", "both"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("unknown mode: %d", got.status)
	}
	b.post("/mode", "mode", "test")
	b.page(h.till())
}

// Live comes first where real money passes a gate, test while all are closed.
func TestLiveComesFirst(t *testing.T) {
	t.Parallel()
	h := start(t)
	live := h.world
	live.Connection.ID, live.Connection.Mode = posta.NewID[posta.ConnectionID](storetest.Now), posta.Live
	if err := h.db.InsertConnection(t.Context(), live.Connection); err != nil {
		t.Fatal(err)
	}
	has(t, h.login("ana@tienda.example").page("/till"), "dinero real")
	for _, state := range []payment.GateState{payment.GatePilot, payment.GateOpen} {
		live.SetGate(t, h.db, payment.Gate{State: state})
		hasNot(t, h.login("ana@tienda.example").page("/till"), "dinero real")
	}
}

// Pages of one merchant are not there for another's people.
func TestTenantsDoNotMeet(t *testing.T) {
	t.Parallel()
	h := start(t)
	ana := h.login("ana@tienda.example")
	p := ana.paid("1500")
	shift, err := h.tills.OpenShift(t.Context(), shiftOf(h.world))
	if err != nil {
		t.Fatal(err)
	}
	h.user(storetest.Seed(t, h.db), "eva@otra.example", "")
	eva := h.login("eva@otra.example")
	base := h.till()
	for _, path := range []string{"", "/events", "/sales", "/sales/" + string(p.ID), "/payments/" + string(p.ID), "/ticket/" + string(p.ID),
		"/shift", "/shift/" + string(shift.ID), "?payment=" + string(p.ID)} {
		if got := eva.get(base + path); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
	for _, path := range []string{"/charge", "/payments/" + string(p.ID) + "/cancel", "/sales/" + string(p.ID) + "/refund", "/shift/open", "/shift/close"} {
		if got := eva.post(base+path, "nonce", posta.NewULID(storetest.Now), "amount", "1", "shift", string(shift.ID)); got.status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, got.status)
		}
	}
	for _, path := range []string{"/tills/" + string(h.world.Till.ID) + "/poster", "/tills/" + string(h.world.Till.ID) + "/poster/provider"} {
		if got := eva.get(path); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
}

func TestErrorsHaveAnID(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	got := b.get("/nada")
	if got.status != http.StatusNotFound {
		t.Errorf("nothing there: %d", got.status)
	}
	has(t, got.body, "No encontramos lo que busca")
	h.bank.set(true)
	got = b.get("/tills/" + string(h.world.Till.ID) + "/poster/provider")
	if got.status != http.StatusOK { // the fake's poster does not depend on it
		t.Errorf("poster: %d", got.status)
	}
	h.accounts.Store = brokenMerchants{h.accounts.Store}
	got = b.get(h.till())
	if got.status != http.StatusInternalServerError || !regexp.MustCompile(`err_[0-9A-Z]{26}`).MatchString(got.body) {
		t.Errorf("broken: %d, no id for support", got.status)
	}
	hasNot(t, got.body, "boom")
}

func TestWordsExist(t *testing.T) {
	t.Parallel()
	catalog := text.Must()
	for _, lang := range text.Languages {
		missing, err := page.Missing(catalog.Localizer(lang).Has, os.DirFS("html"))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range missing {
			t.Errorf("%s: %s has no words", lang, key)
		}
	}
}

// A page with all it loads stays under 120 KB over the wire.
func TestWeight(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	b.paid("1500")
	total := 0
	weigh := func(body string) {
		var packed strings.Builder
		gz := gzip.NewWriter(&packed)
		_, _ = io.WriteString(gz, body)
		_ = gz.Close()
		total += packed.Len()
	}
	body := b.page(h.till())
	weigh(body)
	for _, found := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(body, -1) {
		weigh(b.page(found[1]))
	}
	t.Logf("%d bytes", total)
	if total > 120<<10 {
		t.Errorf("the till weighs %d bytes", total)
	}
}

var _ account.Store = brokenMerchants{}
