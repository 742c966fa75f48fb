package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"posta"
	"posta/account"
	"posta/app"
	"posta/payment"
	"posta/sim/fault"
	"posta/sim/mercadopago"
	"posta/till"
)

// said gathers what a hub lets out, by where it was found.
type said struct {
	mu    sync.Mutex
	parts map[string][]byte
}

func (s *said) add(where string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[where] = append(s.parts[where], b...)
}

// Write makes it the end of a log.
func (s *said) Write(b []byte) (int, error) { s.add("the log", b); return len(b), nil }

// TestP40_NoSecretLeavesTheHub sells with secrets that are easy to find again,
// through declines, refusals and outages of the provider, and wrong calls and
// log-ins, and then looks for them in all that came out and in the files.
//
// Sabotage that turns it red: outbound's mask lets Authorization through, or
// account keeps the fields of a connection unsealed.
func TestP40_NoSecretLeavesTheHub(t *testing.T) {
	ctx := context.Background()
	folder, out := t.TempDir(), &said{parts: map[string][]byte{}}
	demo, err := app.NewDemo(ctx, app.DemoConfig{SimulatorListen: "127.0.0.1:0", PrismaListen: "127.0.0.1:0", Config: app.Config{Data: folder, Listen: "127.0.0.1:0",
		Log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))}})
	if err != nil {
		t.Fatal(err)
	}
	stop := runDemo(t, demo)

	secrets := map[string]string{"access token": "CANARY-access-2f8d1c", "webhook secret": "CANARY-webhook-77ab03",
		"password": "CANARY-password-e19b", "wrong password": "CANARY-mistyped-40aa", "wrong token": "CANARY-refused-91be"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := posta.SystemClock{}.Now
	merchant, err := demo.Accounts.CreateMerchant(ctx, account.MerchantInput{Name: "Canario", Country: "AR"})
	must(err)
	_, err = demo.Accounts.CreateUser(ctx, account.UserInput{MerchantID: merchant.ID, Email: "canary@shop.example", Name: "C", Password: secrets["password"]})
	must(err)
	_, key, err := demo.Accounts.CreateKey(ctx, "", merchant.ID, posta.Test, "canary")
	must(err)
	secrets["API key"] = key
	var tills []posta.TillID
	var connections []posta.ConnectionID
	for i, flow := range []string{"legacy", "orders"} {
		connection, err := demo.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: merchant.ID, Mode: posta.Test, Provider: "mercadopago", Name: flow,
			Fields: map[string]string{"flow": flow, "access_token": secrets["access token"] + flow, "webhook_secret": secrets["webhook secret"]}})
		must(err)
		connections = append(connections, connection.ID)
		must(demo.Simulator.AddAccount(mercadopago.Account{UserID: int64(100000077 + i), AccessToken: secrets["access token"] + flow, Nickname: "CANARY" + flow, Site: "MLA",
			WebhookSecret: secrets["webhook secret"], FeedKey: "other", ApplicationID: int64(77 + i), Test: true,
			PanelTopics: []string{"order", "payment"}, PanelURL: demo.NotifyURL(connection.ID)}))
		_, err = demo.Accounts.Check(ctx, merchant.ID, connection.ID)
		must(err)
		shop, err := demo.Tills.CreateStore(ctx, till.StoreInput{MerchantID: merchant.ID, Mode: posta.Test, ConnectionID: connection.ID, Name: "Nido",
			Address: till.Address{Street: "Calle Ficticia", Number: "1", City: "La Plata", State: "Buenos Aires", Latitude: "-34.92", Longitude: "-57.95"}})
		must(err)
		one, err := demo.Tills.CreateTill(ctx, till.Input{MerchantID: merchant.ID, Mode: posta.Test, StoreID: shop.ID, Name: "Caja"})
		must(err)
		tills = append(tills, one.ID)
	}

	jar, err := cookiejar.New(nil)
	must(err)
	browser := &http.Client{Jar: jar}
	defer browser.CloseIdleConnections()
	do := func(client *http.Client, method, path, contentType, body string, header ...string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, method, demo.URL()+path, strings.NewReader(body))
		must(err)
		request.Header.Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := client.Do(request)
		must(err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		must(err)
		where := method + " " + path + " answered " + response.Status
		out.add(where, answer)
		out.add(where, []byte(fmt.Sprint(response.Header)))
		return string(answer)
	}
	api := func(method, path, body string) string {
		return do(http.DefaultClient, method, path, "application/json", body, "Authorization", "Bearer "+key, "Idempotency-Key", posta.NewULID(now()))
	}
	form := func(values ...string) string {
		f := url.Values{}
		for i := 0; i < len(values); i += 2 {
			f.Set(values[i], values[i+1])
		}
		return f.Encode()
	}

	// Sales, with everything that a provider may answer.
	for i, id := range tills {
		sell := func(rules ...fault.Rule) posta.PaymentID {
			t.Helper()
			must(demo.Simulator.Fault().Set(rules...))
			p, err := demo.Payments.Create(ctx, payment.Input{ID: posta.NewID[posta.PaymentID](now()), MerchantID: merchant.ID, Mode: posta.Test, TillID: id, Amount: posta.Money{Amount: 150000}, By: "test"})
			if err != nil {
				out.add("the error of a charge", []byte(err.Error()))
			}
			demo.Simulator.Fault().Clear()
			return p.ID
		}
		for _, rule := range []fault.Rule{{Action: fault.Status, Status: 401}, {Action: fault.Status, Status: 500}, {Action: fault.CutAfter}, {Action: fault.Status, Status: 403}} {
			rule.Operation = ".*create.*"
			refused := sell(rule)
			if refused != "" {
				api("POST", "/v1/payments/"+string(refused)+"/cancel", "{}")
				api("GET", "/v1/payments/"+string(refused), "")
			}
		}
		listener := demo.Hub.ListenTill(merchant.ID, id)
		paid := sell()
		_, err := demo.Simulator.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: posta.Alphanumeric(id)}})
		must(err)
		until(t, listener.Events(), "payment.paid")
		listener.Close()
		api("POST", "/v1/payments/"+string(paid)+"/refunds", `{"amount":50000}`)
		must(demo.Simulator.Fault().Set(fault.Rule{Action: fault.Status, Status: 401}))
		if _, err := demo.Accounts.Check(ctx, merchant.ID, connections[i]); err != nil {
			out.add("the error of a check", []byte(err.Error()))
		}
		api("POST", "/v1/payments/"+string(paid)+"/refunds", `{"amount":100}`)
		demo.Simulator.Fault().Clear()
	}

	// Log-ins, right and wrong, and secrets where they do not belong.
	do(browser, "POST", "/login", "application/x-www-form-urlencoded", form("email", "canary@shop.example", "password", secrets["wrong password"]))
	if page := do(browser, "POST", "/login", "application/x-www-form-urlencoded", form("email", "canary@shop.example", "password", secrets["password"])); !strings.Contains(page, "Canario") {
		t.Fatal("not logged in")
	}
	do(browser, "POST", "/settings/password", "application/x-www-form-urlencoded", form("old", secrets["wrong password"], "new", "x", "password", secrets["wrong password"]))
	do(browser, "POST", "/connections/"+string(connections[0]), "application/x-www-form-urlencoded", form("name", "legacy", "config.flow", "no such", "config.access_token", secrets["wrong token"]))
	do(browser, "POST", "/connections/new", "application/x-www-form-urlencoded", form("provider", "mercadopago", "name", "", "config.access_token", secrets["wrong token"]))
	do(http.DefaultClient, "GET", "/v1/payments", "application/json", "", "Authorization", "Bearer psk_test_"+secrets["wrong token"])
	do(http.DefaultClient, "GET", "/v1/payments?key="+key, "application/json", "")
	api("POST", "/v1/payments", `{"till_id":"`+key+`","amount":"`+secrets["access token"]+`"}`)
	api("POST", "/v1/payments", `{"reference":"`+secrets["wrong token"])
	api("POST", "/v1/connections", `{"provider":"mercadopago","mode":"test","name":"x","config":{"flow":"no such","access_token":"`+secrets["wrong token"]+`"}}`)

	// All pages and answers that there are.
	for _, path := range []string{"/v1/me", "/v1/payments", "/v1/stores", "/v1/tills", "/v1/connections", "/v1/notifications", "/v1/events?limit=100", "/openapi.json", "/docs/api", "/healthz"} {
		api("GET", path, "")
	}
	pages := []string{"/", "/till", "/payments", "/notifications", "/stores", "/connections", "/keys", "/settings", "/payments.csv"}
	list, _, err := demo.Payments.List(ctx, payment.Filter{MerchantID: merchant.ID, Mode: posta.Test})
	must(err)
	for _, p := range list {
		pages = append(pages, "/payments/"+string(p.ID))
		api("GET", "/v1/payments/"+string(p.ID), "")
	}
	for _, id := range connections {
		pages = append(pages, "/connections/"+string(id))
		api("GET", "/v1/connections/"+string(id), "")
	}
	for _, path := range pages {
		do(browser, "GET", path, "", "")
	}
	note, err := app.ReadNote(folder)
	must(err)
	do(http.DefaultClient, "GET", "/operator/metrics", "", "", "Authorization", "Bearer "+note.Operator)
	do(http.DefaultClient, "GET", "/operator/backup", "", "", "Authorization", "Bearer "+note.Operator)
	for _, name := range []string{"posta.db", "posta.db-wal"} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		must(err)
		out.add(name, b)
	}
	stop()
	b, err := os.ReadFile(filepath.Join(folder, "posta.db"))
	must(err)
	out.add("posta.db after the end", b)

	out.mu.Lock()
	defer out.mu.Unlock()
	if len(out.parts["the log"]) == 0 || len(out.parts["posta.db after the end"]) < 100_000 || len(list) < 4 {
		t.Fatalf("nothing to look into: %d payments, %d bytes of log, %d of the database", len(list), len(out.parts["the log"]), len(out.parts["posta.db after the end"]))
	}
	for name, secret := range secrets {
		for where, what := range out.parts {
			if at := bytes.Index(what, []byte(secret)); at >= 0 {
				t.Errorf("the %s is in %s: …%q…", name, where, what[max(0, at-120):min(len(what), at+60)])
			}
		}
	}
}
