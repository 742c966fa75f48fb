package api_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
)

// everything is all that a database holds, read past the store.
func everything(t *testing.T, url string) string {
	t.Helper()
	driver, list := "sqlite", "SELECT name FROM sqlite_master WHERE type = 'table'"
	if strings.HasPrefix(url, "postgres") {
		driver, list = "pgx", "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	} else {
		url = "file:" + url
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out strings.Builder
	for _, table := range rows(t, db, list) {
		for _, row := range rows(t, db, `SELECT * FROM "`+table+`"`) {
			fmt.Fprintln(&out, table, row)
		}
	}
	return out.String()
}

// rows are those of a query, each as one text.
func rows(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := found.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			texts = append(texts, fmt.Sprint(v))
		}
		out = append(out, strings.Join(texts, " "))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A customer's document reaches the provider and stays nowhere: not in the
// database, the saved answer, an event, the log, or what anybody is answered.
// Red under: TerminalOptions.Document written as JSON; the body in the log.
func TestDocumentIsNeverKept(t *testing.T) {
	each(t, func(t *testing.T, url string, db *store.DB) {
		n := start(t, db).tenant()
		n.terminal("T-1")
		const canary, wrong, noted = "CANARY20000001", "CANARY-2000.0001", "noted-on-purpose"
		reached := ""
		n.acquirer.set(func() { n.acquirer.during = func(c provider.Charge) { reached = c.Options.Document } })
		options := map[string]any{"document": canary, "note": noted}
		var said []string
		hear := func(a answer) answer { said = append(said, a.body+fmt.Sprint(a.header)); return a }

		n.acquirer.set(func() { n.acquirer.down = true }) // it is stored, and its answer is lost
		var p payment.View
		hear(n.post("/v1/payments", "k1", n.onTerminal(1500, options))).want(http.StatusCreated).into(&p)
		if reached != canary || p.State != payment.Unknown {
			t.Fatalf("the acquirer got %q, the payment is %s", reached, p.State)
		}
		hear(n.post("/v1/payments", "k1", n.onTerminal(1500, options))).want(http.StatusCreated)
		hear(n.post("/v1/payments", "k1", n.onTerminal(1600, options))).refused(http.StatusUnprocessableEntity, posta.CodeIdempotencyReused)
		hear(n.post("/v1/payments", "k2", n.onTerminal(1500, options))).refused(http.StatusConflict, posta.CodeTillBusy)
		hear(n.post("/v1/payments", "k3", n.onTerminal(1500, map[string]any{"document": wrong}))).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		hear(n.post("/v1/payments/"+string(p.ID)+"/settle-by-slip", "k4", map[string]any{"done": false})).want(http.StatusOK)
		if _, err := n.services.Events.PositionEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/v1/payments/" + string(p.ID), "/v1/payments", "/v1/events"} {
			hear(n.do("GET", path, n.test, nil)).want(http.StatusOK)
		}
		kept := everything(t, url)
		if !strings.Contains(kept, noted) {
			t.Fatal("the search finds nothing at all")
		}
		for where, text := range map[string]string{"the database": kept, "the log": n.log.String(), "an answer": strings.Join(said, "\n")} {
			for _, secret := range []string{canary, wrong, fmt.Sprintf("%x", canary)} {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds %s", where, secret)
				}
			}
		}
	})
}
