package app_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"posta"
	"posta/app"
	"posta/sim/mercadopago"
)

// fetch gets a page with a token.
func fetch(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestMetricsTellOfASaleAndNameNobody(t *testing.T) {
	folder := t.TempDir()
	demo, _ := startDemo(t, folder)
	till := demo.Seed.Tills[0]
	listener := demo.Hub.ListenTill(demo.Seed.Merchant, till)
	defer listener.Close()
	sell := func() posta.PaymentID {
		t.Helper()
		p := charge(t, demo, till, 150000)
		if _, err := demo.Simulator.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: posta.Alphanumeric(till)}}); err != nil {
			t.Fatal(err)
		}
		until(t, listener.Events(), "payment.paid")
		return p.ID
	}
	sell()
	note, err := app.ReadNote(folder)
	if err != nil {
		t.Fatal(err)
	}
	_, before := fetch(t, demo.URL()+"/operator/metrics", note.Operator)
	fetch(t, demo.URL()+"/v1/payments/"+string(sell()), demo.Seed.Key)
	for range 300 { // typed addresses make no labels without end
		fetch(t, demo.URL()+"/payments/"+posta.NewULID(posta.SystemClock{}.Now()), "")
	}
	for _, token := range []string{"", "wrong", demo.Seed.Key} {
		if status, _ := fetch(t, demo.URL()+"/operator/metrics", token); status != http.StatusUnauthorized {
			t.Errorf("token %q: %d", token, status)
		}
	}
	status, text := fetch(t, demo.URL()+"/operator/metrics", note.Operator)
	if status != http.StatusOK {
		t.Fatal(status, text)
	}
	for _, want := range []string{
		`posta_http_requests_total{method="GET",route="/v1/payments/{id}",status="200"} 1`,
		`posta_notifications_total{result="stored"} `,
		`posta_provider_call_seconds_count{operation="create",outcome="2xx"} `,
		`posta_sweep_lag_seconds{sweep="notifications"} `,
		`posta_sweep_rows_total{sweep="notifications"} `,
		"process_resident_memory_bytes", `posta_build_info{version="` + app.Version + `"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if paid(text) != paid(before)+1 {
		t.Errorf("%d payments were paid before the sale, %d after", paid(before), paid(text))
	}
	if named := regexp.MustCompile(`[a-z]{3}_[0-9A-Z]{26}`).FindString(text); named != "" {
		t.Errorf("a label bears %s", named)
	}
	if routes := strings.Count(text, "posta_http_request_seconds_count"); routes > 250 {
		t.Errorf("%d routes", routes)
	}
}

// paid is how many payments the metrics say were paid; the demo has some.
func paid(metrics string) int {
	found := regexp.MustCompile(`posta_events_total\{mode="test",type="payment.paid"\} (\d+)`).FindStringSubmatch(metrics)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1]) // digits
	return n
}

func TestHealthLooksAtTheDatabase(t *testing.T) {
	demo, _ := startDemo(t, t.TempDir())
	if status, text := fetch(t, demo.URL()+"/healthz", ""); status != http.StatusOK || text != "ok\n" {
		t.Error(status, text)
	}
	if err := demo.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, demo.URL()+"/healthz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("%d without a database", status)
	}
}

func TestBackupIsTheOperators(t *testing.T) {
	folder := t.TempDir()
	demo, stop := startDemo(t, folder)
	if status, body := fetch(t, demo.URL()+"/operator/backup", demo.Seed.Key); status != http.StatusUnauthorized || strings.Contains(body, "SQLite") {
		t.Error(status)
	}
	note, err := app.ReadNote(folder)
	if err != nil {
		t.Fatal(err)
	}
	status, body := fetch(t, demo.URL()+"/operator/backup", note.Operator)
	if status != http.StatusOK || !bytes.HasPrefix([]byte(body), []byte("SQLite format 3")) {
		t.Error(status, len(body))
	}
	for _, name := range []string{"hub.json", "demo.json", "seal.key", "posta.db", "posta.db.lock"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	stop()
	// A hub that stopped in order leaves its database in one file.
	for _, pattern := range []string{"backup-*", "posta.db-*", "hub.json"} {
		if left, _ := filepath.Glob(filepath.Join(folder, pattern)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestADemoKeepsToItsFolder: the demo's password is known to everybody.
func TestADemoKeepsToItsFolder(t *testing.T) {
	hubs := app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}
	if err := app.Migrate(context.Background(), hubs); err != nil {
		t.Fatal(err)
	}
	if _, err := app.NewDemo(context.Background(), app.DemoConfig{Config: hubs, SimulatorListen: "127.0.0.1:0", PrismaListen: "127.0.0.1:0"}); posta.ErrorCode(err) != posta.CodeConflict {
		t.Errorf("a demo in a hub's folder: %v", err)
	}
	// A first start that was cut off in the middle is begun anew.
	half := t.TempDir()
	demo, stop := startDemo(t, half)
	stop()
	if err := os.WriteFile(filepath.Join(half, "demo.json"), []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again, _ := startDemo(t, half)
	if len(again.Seed.Tills) != 3 || again.Seed.Merchant == demo.Seed.Merchant {
		t.Errorf("%+v", again.Seed)
	}
}
