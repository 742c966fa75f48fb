package mercadopago_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// page gets a page of the simulator, or posts a form to it, and follows.
func (b *stand) page(path string, form url.Values) (int, string) {
	b.Helper()
	var res *http.Response
	var err error
	if form == nil {
		res, err = http.Get(b.server.URL + path)
	} else {
		res, err = http.PostForm(b.server.URL+path, form)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(raw)
}

// path is an address of the simulator without its host.
func path(b *stand, address any) string {
	b.Helper()
	u, err := url.Parse(fmt.Sprint(address))
	if err != nil || u.Host != "sim.example" {
		b.Fatalf("%v is no address of the simulator", address)
	}
	return u.RequestURI()
}

func TestMPONL30_AVoucherHasItsPage(t *testing.T) {
	b := newStand(t)
	b.selling("MLB")
	a := b.want(b.charge(voucherBody("bolbradesco", "50", "payer", brazilPayer)), 201)
	address := path(b, at(a.object, "transaction_details", "external_resource_url"))
	status, body := b.page(address+"&lang=pt", nil)
	if status != 200 || !strings.Contains(body, fmt.Sprint(at(a.object, "barcode", "content"))) || !strings.Contains(body, "Ana Souza") || !strings.Contains(body, "Pagar no balcão") {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := b.page(strings.Split(address, "hash=")[0], nil); status != 404 {
		t.Fatalf("without its hash the page answers %d", status)
	}
	if _, list := b.page("/sim/vouchers?lang=es", nil); !strings.Contains(list, fmt.Sprint(paymentID(a))) {
		t.Fatal("the list does not name it")
	}
	if status, body := b.page(address, url.Values{"deed": {"pay"}}); status != 200 || !strings.Contains(body, "state-paid") {
		t.Fatalf("%d %s", status, body)
	}
	b.equal(b.call("GET", paymentPath(a), ""), "approved", "status")
	if status, _ := b.page(address, url.Values{"deed": {"pay"}}); status != 409 {
		t.Fatalf("paid twice: %d", status)
	}
	pix := b.want(b.charge(voucherBody("pix", "50")), 201)
	address = path(b, at(pix.object, "point_of_interaction", "transaction_data", "ticket_url"))
	if _, body := b.page(address, nil); !strings.Contains(body, fmt.Sprint(at(pix.object, "point_of_interaction", "transaction_data", "qr_code"))) || !strings.Contains(body, "<svg class=\"qr\"") {
		t.Fatal("no Pix code on its page")
	}
	if status, _ := b.page(address, url.Values{"deed": {"refuse"}}); status != 200 {
		t.Fatalf("refused: %d", status)
	}
	b.equal(b.call("GET", paymentPath(pix), ""), "rejected", "status")
}

func TestMPONL31_TheBanksQuestionHasItsPage(t *testing.T) {
	b := newStand(t)
	a := b.want(b.charge(b.cardBody("APRO", "three_d_secure_mode", `"mandatory"`)), 201)
	address := path(b, at(a.object, "three_ds_info", "external_resource_url"))
	req, err := http.NewRequest("POST", b.server.URL+address, strings.NewReader("creq="+fmt.Sprint(at(a.object, "three_ds_info", "creq"))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site") // from the shop's page
	res, err := plain.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(string(raw), "3704") || !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Fatalf("%d %s %v", res.StatusCode, raw, res.Header)
	}
	if status, body := b.page(address+"/answer", url.Values{"answer": {"pass"}}); status != 200 || !strings.Contains(body, `data-challenge="done"`) {
		t.Fatalf("%d %s", status, body)
	}
	b.equal(b.call("GET", paymentPath(a), ""), "approved", "status")
	if _, body := b.page(address, nil); strings.Contains(body, "<form method=\"post\"") {
		t.Fatal("the question is asked twice")
	}
}

func TestMPONL32_PublicCallsAreOpenToOtherOrigins(t *testing.T) {
	b := newStand(t)
	b.selling("MLA")
	a := b.want(b.anonymous("GET", "/v1/identification_types?public_key="+publicKey, ""), 200)
	if a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatal("a page of another origin cannot read it")
	}
	ask := b.want(b.anonymous("OPTIONS", "/v1/card_tokens?public_key="+publicKey, ""), 204)
	if !strings.Contains(ask.header.Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Fatal("a page of another origin cannot send JSON")
	}
	if b.call("GET", "/v1/payments/search", "").header.Get("Access-Control-Allow-Origin") != "" {
		t.Fatal("private calls are open to pages")
	}
	b.wantError(b.anonymous("POST", "/v1/payments?public_key="+publicKey, b.cardBody("APRO")), 401, "unauthorized")
}

// TestMPONL33_FieldsInAPageOfAnotherOrigin types a card into the frames of a
// shop's page and looks at what that page could see.
func TestMPONL33_FieldsInAPageOfAnotherOrigin(t *testing.T) {
	browser := os.Getenv("POSTA_TEST_CHROMIUM")
	if found, err := exec.LookPath("chromium"); browser == "" && err == nil {
		browser = found
	}
	if browser == "" {
		if os.Getenv("POSTA_TEST_NO_SKIP") != "" {
			t.Fatal("no chromium")
		}
		t.Log("left out: no chromium; POSTA_TEST_CHROMIUM names one")
		return
	}
	b := newStand(t)
	b.sim.SetPublicURL(b.server.URL)
	b.selling("MLA")
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><body><script src=%q></script><div id="n"></div><div id="d"></div><div id="c"></div><script>
			window.heard = [];
			const mp = new MercadoPago(%q, {locale: 'es-AR'});
			window.ready = 0;
			const [number, date, code] = [['cardNumber', 'n'], ['expirationDate', 'd'], ['securityCode', 'c']].map(([kind, id]) => mp.fields.create(kind, {placeholder: kind}).mount(id).on('ready', () => { window.ready++; }));
			number.on('binChange', async (e) => { window.bin = e.bin; window.methods = await mp.getPaymentMethods({bin: e.bin}); window.costs = await mp.getInstallments({amount: '100', bin: e.bin}); });
			number.on('validityChange', (e) => { window.wrong = e.errorMessages; });
			window.addEventListener('message', (e) => window.heard.push(JSON.stringify(e.data)));
			window.pay = () => mp.fields.createCardToken({cardholderName: 'APRO', identificationType: 'DNI', identificationNumber: '12345678'}).then((t) => { window.token = t; }, (e) => { window.failed = e; });
		</script>`, b.server.URL+"/js/v2", publicKey)
	}))
	t.Cleanup(shop.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 50*time.Second)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	until := func(expression string) chromedp.Action[chromedp.Void] {
		return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(20*time.Second))
	}
	run := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	typed := func(field, keys string) {
		t.Helper()
		run("the "+field+" is typed", chromedp.Evaluate[chromedp.Void](`void `+field+`.focus()`), until(`document.activeElement.title === "`+map[string]string{"number": "cardNumber", "date": "expirationDate", "code": "securityCode"}[field]+`"`), chromedp.KeyEvent(keys))
	}
	run("open", chromedp.Navigate(shop.URL), until(`window.ready === 3 && window.MP_DEVICE_SESSION_ID.length > 20`))
	typed("number", "450995")
	run("an unfinished number is wrong", until(`window.wrong && window.wrong.length === 1`))
	typed("number", "3566233704")
	run("a finished one is right", until(`window.wrong.length === 0`))
	run("the first digits tell the method", until(`window.bin === "45099535" && window.methods && window.methods.results[0].id === "visa" && window.costs && window.costs[0].payer_costs.length > 1`))
	typed("date", "1130")
	run("without its code", chromedp.Evaluate[chromedp.Void](`pay()`), until(`window.failed && window.failed.cause[0].code === "224"`))
	typed("code", "123")
	run("the token", chromedp.Evaluate[chromedp.Void](`pay()`), until(`window.token && window.token.first_six_digits === "450995" && window.token.expiration_year === 2030`))
	run("the page never saw the number", until(`!window.heard.join().replace(/\s/g, "").includes("4509953566233704") && !document.documentElement.outerHTML.includes("4509953566")`))
}
