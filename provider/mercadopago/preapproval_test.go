package mercadopago_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
)

func subscribed(t *testing.T, r routes) (provider.Subscriber, *[]exchange) {
	t.Helper()
	connector, asked := answering(t, nil, r.ServeHTTP)
	return connector.(provider.Subscriber), asked
}

// The samples of docs/providers/mercadopago-online.md §3.2, §3.3, and what is told
// in several ways.
func TestSubscriptionsAndInvoicesAreRead(t *testing.T) {
	s, _ := subscribed(t, routes{
		"GET /preapproval/2c93": `{"id":"2c93","version":"7","payer_email":"","status":"authorized","external_reference":23546246234,"preapproval_plan_id":"p1",
			"next_payment_date":"2022-02-10T10:10:10.000-04:00","last_modified":"2022-01-10T10:10:10.000-04:00","init_point":"https://mp/x","card_id":9000000001,
			"auto_recurring":{"transaction_amount":10.5,"currency_id":"BRL"},"summarized":{"semaphore":"yellow"},"payment_method_id":"visa"}`,
		"GET /preapproval/odd":            `{"id":"odd","status":"dreaming","auto_recurring":{"currency_id":"BRL"}}`,
		"GET /authorized_payments/395":    `{"id":395,"preapproval_id":"2c93"}`,
		"GET /authorized_payments/search": `{"paging":{"total":4},"results":[` + invoice(3, "recycling", "rejected", 2) + `,` + invoice(1, "processed", "approved", 1) + `,` + invoice(2, "processed", "rejected", 4) + `,` + invoice(4, "waiting for gateway", "", 0) + `]}`,
	})
	fact, err := s.Subscription(t.Context(), provider.Subscription{Ref: "2c93"})
	want := provider.SubscriptionFact{Ref: "2c93", Reference: "23546246234", Plan: "p1", Version: 7, At: time.Date(2022, 1, 10, 14, 10, 10, 0, time.UTC),
		Status: provider.SubscriptionActive, URL: "https://mp/x", Amount: posta.Money{Amount: 1050, Currency: "BRL"}, NextAt: time.Date(2022, 2, 10, 14, 10, 10, 0, time.UTC),
		Method: "visa", Card: "9000000001", Health: "yellow"}
	if err != nil || fact != want {
		t.Errorf("%+v, %v\nwant %+v", fact, err, want)
	}
	if _, err := s.Subscription(t.Context(), provider.Subscription{Ref: "odd"}); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
		t.Errorf("a status that nobody knows: %v", err)
	}
	list, err := s.Invoices(t.Context(), "2c93")
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	for n, want := range []provider.InvoiceFact{
		{Status: provider.InvoiceProcessed, Paid: true, Attempts: 1, Payment: "1001"}, {Status: provider.InvoiceProcessed, Attempts: 4, Payment: "1002"},
		{Status: provider.InvoiceRetrying, Attempts: 2, Payment: "1003", NextAt: time.Date(2024, 3, 28, 0, 0, 0, 0, time.UTC)}, {Status: provider.InvoiceScheduled}} {
		got := list[n]
		if got.Ref != strconv.Itoa(n+1) || got.Status != want.Status || got.Paid != want.Paid || got.Attempts != want.Attempts || got.Payment != want.Payment || !got.NextAt.Equal(want.NextAt) {
			t.Errorf("%d: %+v, want %+v", n, got, want)
		}
	}
	for n, want := range map[provider.Notice]string{{Topic: "subscription", Resource: "2c93"}: "2c93", {Topic: "invoice", Resource: "395"}: "2c93", {Topic: "plan", Resource: "p1"}: ""} {
		if got, err := s.FetchSubscription(t.Context(), n); err != nil || got != want {
			t.Errorf("%s: %q, %v", n.Topic, got, err)
		}
	}
	if _, err := s.FetchSubscription(t.Context(), provider.Notice{Topic: "invoice", Resource: "../x"}); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Errorf("an id that is a path: %v", err)
	}
}

func invoice(n int, status, paid string, attempt int) string {
	payment := `{"id":null,"status":null}`
	if paid != "" {
		payment = fmt.Sprintf(`{"id":%d,"status":%q,"status_detail":"x"}`, 1000+n, paid)
	}
	return fmt.Sprintf(`{"preapproval_id":"2c93","id":%d,"status":%q,"debit_date":"2024-0%d-27T00:00:00Z","transaction_amount":5.0,"currency_id":"BRL","payment":%s,"retry_attempt":%d,"next_retry_date":"2024-03-28T00:00:00Z"}`,
		n, status, n, payment, attempt)
}

// A search of many is read to its end, each once, though rows move meanwhile.
func TestInvoicesOfManyPages(t *testing.T) {
	connector, asked := answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		var rows []string
		for n := offset; n < min(offset+50, 120); n++ {
			rows = append(rows, fmt.Sprintf(`{"preapproval_id":"2c93","id":%d,"status":"processed","debit_date":"2024-01-01T00:00:00Z","transaction_amount":5,"currency_id":"BRL"}`, n-min(offset, 1)))
		}
		fmt.Fprintf(w, `{"paging":{"total":120},"results":[%s]}`, strings.Join(rows, ","))
	})
	list, err := connector.(provider.Subscriber).Invoices(t.Context(), "2c93")
	seen := map[string]bool{}
	for _, i := range list {
		seen[i.Ref] = true
	}
	if err != nil || len(*asked) != 3 || len(list) != len(seen) || len(list) < 118 {
		t.Errorf("%d invoices, %d different, in %d calls, %v", len(list), len(seen), len(*asked), err)
	}
}

// What is looked up is what bears our reference; else what the buyer signed at the
// plan's page, and nothing of anybody else's.
func TestALostSubscriptionIsLookedUp(t *testing.T) {
	id := posta.SubscriptionID("sub_1")
	row := func(id, reference, plan, status string) string {
		return `{"id":"` + id + `","external_reference":"` + reference + `","preapproval_plan_id":"` + plan + `","status":"` + status + `"}`
	}
	whole := func(id string) string {
		return `{"id":"` + id + `","status":"authorized","auto_recurring":{"transaction_amount":5,"currency_id":"BRL"}}`
	}
	for name, tc := range map[string]struct {
		rows []string
		want string
	}{
		"ours":           {[]string{row("a", "", "p1", "authorized"), row("b", "sub_1", "p1", "authorized")}, "b"},
		"at the plan":    {[]string{row("k", "", "p1", "authorized"), row("c", "", "p2", "authorized"), row("d", "", "p1", "authorized")}, "d"},
		"of another":     {[]string{row("e", "sub_2", "p1", "authorized"), row("f", "", "p1", "cancelled")}, ""},
		"nothing at all": {nil, ""},
	} {
		r := routes{"GET /preapproval/search": `{"paging":{"total":` + strconv.Itoa(len(tc.rows)) + `},"results":[` + strings.Join(tc.rows, ",") + `]}`}
		for _, id := range []string{"a", "b", "c", "d", "e", "f", "k"} {
			r["GET /preapproval/"+id] = whole(id)
		}
		s, _ := subscribed(t, r)
		got, err := s.Subscription(t.Context(), provider.Subscription{ID: id, Plan: provider.Plan{Ref: "p1"}, Buyer: provider.Buyer{Email: "ana@cliente.example"}, Known: []string{"k"}})
		if got.Ref != tc.want || (tc.want == "") != (posta.ErrorCode(err) == posta.CodeNotFound) {
			t.Errorf("%s: %q, %v", name, got.Ref, err)
		}
	}
}

// What a subscription is asked for with, and by what way: with a card of the plan,
// without one by a page of its own, or by the plan's where only that can be.
func TestWhatASubscriptionAsksFor(t *testing.T) {
	made := `{"id":"a","status":"pending","auto_recurring":{"transaction_amount":5,"currency_id":"ARS"}}`
	plan := provider.Plan{Ref: "p1", Name: "Club", Amount: posta.Money{Amount: 500, Currency: "ARS"}, Period: provider.Period{Every: 1, Unit: "months"}, Trial: provider.Period{Every: 7, Unit: "days"}}
	for name, tc := range map[string]struct {
		token   string
		endless bool
		want    string
	}{
		"card": {"tok", true, `{"preapproval_plan_id":"p1","reason":"Club","external_reference":"sub_1","payer_email":"ana@cliente.example","card_token_id":"tok","back_url":"https://r","status":"authorized"}`},
		"own page": {"", true, `{"reason":"Club","external_reference":"sub_1","payer_email":"ana@cliente.example","auto_recurring":{"frequency":1,"frequency_type":"months",` +
			`"free_trial":{"frequency":7,"frequency_type":"days"},"transaction_amount":5.00,"currency_id":"ARS"},"back_url":"https://r","status":"pending"}`},
		"the plan's page": {"", false, ""},
	} {
		s, asked := subscribed(t, routes{"POST /preapproval": made, "GET /preapproval_plan/p1": `{"id":"p1","status":"active","init_point":"https://mp/plan"}`})
		p := plan
		if !tc.endless {
			p.Repetitions = 6
		}
		fact, err := s.Subscribe(t.Context(), provider.Subscription{ID: "sub_1", Plan: p, Amount: p.Amount, Buyer: provider.Buyer{Email: "ana@cliente.example"}, Token: tc.token, Return: "https://r"}, "key")
		last := (*asked)[len(*asked)-1]
		if err != nil || last.body != tc.want || tc.want != "" && last.header.Get("X-Idempotency-Key") != "key" {
			t.Errorf("%s: %s, %v\nwant %s", name, last.body, err, tc.want)
		}
		if tc.want == "" && (fact.Ref != "" || fact.URL != "https://mp/plan" || fact.Status != provider.SubscriptionPending) {
			t.Errorf("%s: %+v", name, fact)
		}
	}
}
