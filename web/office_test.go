package web_test

import (
	"bufio"
	"encoding/csv"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/provider"
	"posta/store/storetest"
	"posta/text"
	"posta/webhook"
)

// rawKeys finds catalog keys that stand on a page instead of their words.
func rawKeys(body string) []string {
	first := map[string]bool{}
	for _, key := range text.Must().Keys(text.Spanish) {
		first[key[:strings.IndexByte(key, '.')]] = true
	}
	var found []string
	for _, m := range regexp.MustCompile(`[>"]\s*([a-z_]+)((?:\.[a-zA-Z_]+)+)\s*[<"]`).FindAllStringSubmatch(body, -1) {
		key := m[1] + m[2]
		if first[m[1]] && !webhook.Leaves(key) && key != webhook.TestType { // a type of event stands there as itself
			found = append(found, key)
		}
	}
	return found
}

// each page of the office, with what stands on it.
func (o *back) paths() []string {
	p := o.login("ana@tienda.example").paid("1500")
	o.called(p.ID, "create", 201)
	o.called(p.ID, "enquiry", 0)
	n := o.notify(p.ID, "opened")
	c := o.connect("Otra")
	k, _, err := o.accounts.CreateKey(o.t.Context(), "", o.world.Merchant.ID, posta.Test, "Ventas")
	if err != nil {
		o.t.Fatal(err)
	}
	endpoint, delivery := o.endpoint("https://127.0.0.1:9/")
	store, tillID := string(o.world.Store.ID), string(o.world.Till.ID)
	return []string{"/", "/payments", "/payments?q=nada", "/payments?attention=1", story(p.ID), story(p.ID) + "/refund", "/notifications", "/notifications?state=waiting",
		"/notifications/" + string(n.ID), "/notifications/replay", "/stores", "/stores/new", "/stores/" + store, "/stores/" + store + "/remove",
		"/stores/" + store + "/tills/new", "/tills/" + tillID, "/tills/" + tillID + "/remove", "/connections", "/connections/new", "/connections/" + string(c.ID),
		"/endpoints", "/endpoints/new", endpoint, endpoint + "?state=pending", endpoint + "/remove", delivery, "/keys", "/keys/" + string(k.ID) + "/revoke", "/settings"}
}

func TestOfficeSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	o := office(t)
	paths := o.paths()
	b := o.login("ana@tienda.example")
	for _, lang := range text.Languages {
		b.header.Set("Cookie", "lang="+lang)
		for _, path := range paths {
			body := b.page(path)
			if keys := rawKeys(body); len(keys) > 0 {
				t.Errorf("%s %s: keys without words: %v", lang, path, keys)
			}
			has(t, body, `<html lang="`+lang+`"`, `id="main"`)
			if strings.Contains(body, "&lt;no value&gt;") {
				t.Errorf("%s %s: a value is missing", lang, path)
			}
			hasNot(t, body, "CANARY")
		}
	}
}

func TestOfficeOfAnotherMerchantIsNotThere(t *testing.T) {
	t.Parallel()
	o := office(t)
	paths := o.paths()
	o.user(storetest.Seed(t, o.db), "otro@tienda.example", "")
	stranger := o.login("otro@tienda.example")
	for _, path := range paths {
		if !strings.Contains(path, "_") {
			continue // names nobody's thing
		}
		if got := stranger.get(path); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, got.status)
		}
		for _, deed := range []string{"", "/refund", "/cancel", "/settle", "/replay", "/provision", "/remove", "/test", "/switch", "/send", "/revoke"} {
			base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(path, "/remove"), "/revoke"), "/refund")
			if got := stranger.post(base+deed, "nonce", posta.NewULID(storetest.Now), "name", "x", "amount", "1", "sure", "1"); got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
				t.Errorf("POST %s%s: %d %s", base, deed, got.status, got.to)
			}
		}
	}
	hasNot(t, stranger.page("/payments"), "1.500,00")
	hasNot(t, stranger.page("/payments.csv"), "1500.00")
	hasNot(t, stranger.page("/notifications"), "/notifications/ntf_")
	hasNot(t, stranger.page("/keys"), "Ventas")
}

func TestANewMerchantIsLedToItsFirstCharge(t *testing.T) {
	t.Parallel()
	o := office(t)
	m, err := o.accounts.CreateMerchant(t.Context(), account.MerchantInput{Name: "Nueva", Country: "BR"})
	if err != nil {
		t.Fatal(err)
	}
	w := o.world
	w.Merchant = m
	o.user(w, "nuevo@tienda.example", "")
	b := o.login("nuevo@tienda.example")
	has(t, b.page("/"), "Tres pasos", `href="/connections/new"`)
	has(t, b.page("/stores"), `href="/connections/new"`)
	if got := b.get("/stores/new"); got.to != "/connections/new" {
		t.Errorf("a store without a connection: %d %s", got.status, got.to)
	}
	has(t, b.page("/payments"), "Todavía no hay pagos", `href="/till"`)
	has(t, b.page("/notifications"), "Todavía no llegó ninguna")
}

func TestPaymentsAreFoundAndSummedUp(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	paid := b.paid("1500")
	open, err := o.payments.Create(t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](storetest.Now), MerchantID: o.world.Merchant.ID, Mode: posta.Test,
		TillID: o.world.Till.ID, Amount: posta.Money{Amount: 77700}, Reference: "=HYPERLINK(1)", By: "key:key_x"})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][2]bool{
		"": {true, true}, "?state=paid": {true, false}, "?state=pending": {false, true}, "?q=" + string(open.ID): {false, true}, "?q=1.500,00": {true, false},
		"?q=4242": {true, false}, "?till=" + string(o.world.Till.ID): {true, true}, "?store=" + string(o.world.Store.ID): {true, true},
		"?from=2026-11-23&to=2026-11-23": {true, true}, "?to=2026-11-22": {false, false}, "?attention=1": {false, false}, "?state=nonsense": {true, true},
	} {
		list, table := b.page("/payments"+query), b.page("/payments.csv"+query)
		for i, p := range []payment.Payment{paid, open} {
			if got := strings.Contains(list, `href="`+story(p.ID)+`"`); got != want[i] {
				t.Errorf("%s: payment %d on the list: %v", query, i, got)
			}
			if got := strings.Contains(table, string(p.ID)); got != want[i] {
				t.Errorf("%s: payment %d in the CSV: %v", query, i, got)
			}
		}
	}
	has(t, b.page("/payments"), "2 pagos", "1.500,00", "Pendiente", `data-live="/events?after=`, "Visa ···· 4242")
	got := b.get("/payments.csv?state=pending")
	has(t, got.header.Get("Content-Disposition"), "attachment", ".csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || !strings.HasPrefix(got.body, "\ufeff") {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for name, want := range map[string]string{"amount (decimal point)": "777.00", "currency": "ARS", "reference": "'=HYPERLINK(1)", "till": "Caja 1",
		"created_at (America/Argentina/Buenos_Aires)": "2026-11-23 12:04:05"} {
		if at := slices.Index(rows[0], name); at < 0 || rows[1][at] != want {
			t.Errorf("%s: %v", name, rows)
		}
	}
}

func TestStoryTellsEverythingAndNoSecret(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.charge("1500")
	o.called(p.ID, "create", 201)
	o.tell(attempt(p.ID, 150000, provider.StatusRejected, "cc_rejected_insufficient_amount", "137"))
	n := o.notify(p.ID, "opened")
	page := b.page(story(p.ID))
	has(t, page, "$\u00a01.500,00", "Pendiente", "Ana Ruiz", "Se pidió el cobro a Mercado Pago", "→ 201 · 84 ms", "Fondos insuficientes", "cc_rejected_insufficient_amount",
		"Una orden abierta nunca cuenta como pago", "Firma no comprobable", `class="event state-notice muted"`, "X-Idempotency-Key: 01KEY", "&#34;id&#34;: &#34;ORD1&#34;",
		`href="/notifications/`+string(n.ID)+`"`, story(p.ID)+"/cancel", "v1=012345…")
	hasNot(t, page, "CANARY", "0123456789abcdef", story(p.ID)+"/refund")
	has(t, b.page("/notifications/"+string(n.ID)), "merchant_order", "feed", "El cobro sigue abierto", "***")
	if got := b.get(story(p.ID) + "/refund"); got.to != story(p.ID) {
		t.Errorf("a refund of an open charge: %d %s", got.status, got.to)
	}
	for _, id := range []string{"pay_nonsense", "nonsense", string(posta.NewID[posta.PaymentID](storetest.Now))} {
		if got := b.get("/payments/" + id); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", id, got.status)
		}
	}
}

func TestStoryIsLive(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.charge("1500")
	_, rest, _ := strings.Cut(b.page(story(p.ID)), `data-live="`)
	address, _, _ := strings.Cut(strings.ReplaceAll(rest, "&amp;", "&"), `"`)
	r, err := http.NewRequestWithContext(t.Context(), "GET", o.server.URL+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	o.tell(attempt(p.ID, 150000, provider.StatusApproved, "accredited", "138"))
	lines := bufio.NewScanner(got.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"type":"payment.paid"`) {
			return
		}
	}
	t.Errorf("the stream ended before it told: %v", lines.Err())
}
