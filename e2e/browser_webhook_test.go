package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestNewsToTheShopInTheBrowser connects a shop by the pages: the secret that is
// shown once verifies what arrives, the test event, and the sale that a buyer
// pays at the till; a delivery that failed is sent again. No page is wider than
// a phone.
func TestNewsToTheShopInTheBrowser(t *testing.T) {
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	b := openDesk(t, d, file)
	x := b.member(t)
	var busy atomic.Bool
	var mu sync.Mutex
	var verifier *standardwebhooks.Webhook
	good, bad := map[string]int{}, 0
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case verifier == nil || verifier.Verify(body, r.Header) != nil:
			bad++
			w.WriteHeader(http.StatusUnauthorized)
		case busy.Load():
			http.Error(w, "hoy no", http.StatusServiceUnavailable)
		default:
			good[r.Header.Get("webhook-id")]++
		}
	}))
	defer shop.Close()
	x.open(d.page("/endpoints"))
	x.shot("endpoints-empty")
	x.click(`main a[href="/endpoints/new"]`)
	x.until("the form", `document.querySelector("#f-url")`)
	x.fill("#f-url", shop.URL+"/posta")
	x.fill("#f-description", "Pedidos")
	x.shot("endpoint-new")
	x.click(`main form .primary`)
	x.until("the secret", `/^whsec_/.test(document.querySelector("#secret")?.innerText ?? "")`)
	x.shot("endpoint-made")
	made, err := standardwebhooks.NewWebhook(read[string](x, `document.querySelector("#secret").innerText`))
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	verifier = made
	mu.Unlock()
	busy.Store(true)
	x.click(`main form[action$="/test"] button`)
	delivery := `(location.pathname.startsWith("/deliveries/") && document.querySelector("main").innerText)`
	x.until("the delivery", delivery)
	reload := func(want string) {
		t.Helper()
		eventually(t, patience, func() string {
			x.do("look again", chromedp.Reload())
			if !read[bool](x, want) {
				return "not: " + want
			}
			return ""
		})
	}
	reload(delivery + `.includes("503")`)
	busy.Store(false)
	x.click(`main form[action$="/send"] button`)
	reload(delivery + `.includes("200") && ` + delivery + `.includes("Recibido")`)
	x.shot("delivery")
	phone := b.device(t)
	x.another(t).sell(phone, 1, "1750")
	eventually(t, patience, func() string {
		mu.Lock()
		defer mu.Unlock()
		if len(good) < 4 { // the test; created, pending, paid
			return "the shop heard too little"
		}
		return ""
	})
	if bad > 0 {
		t.Errorf("%d with a bad signature", bad)
	}
	endpoint := read[string](x, `document.querySelector(".crumbs a[href^='/endpoints/end_']").getAttribute("href")`)
	path := read[string](x, `location.pathname`)
	for _, page := range []string{"/endpoints", "/endpoints/new", endpoint, path} {
		narrow := x.another(t)
		narrow.do("a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
		narrow.open(d.page(page))
		if wide := read[int](narrow, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %d pixels wide on a phone: %s", page, wide, read[string](narrow, overflowing))
		}
		narrow.shot("phone" + strings.ReplaceAll(page[:10], "/", "-"))
		narrow.cancel()
	}
	x.open(d.page(endpoint))
	x.sees("Pagado", "Recibidos: ")
	x.shot("endpoint")
}
