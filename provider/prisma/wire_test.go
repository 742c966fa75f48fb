package prisma_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/provider/prisma"
	"posta/sim/fault"
	sim "posta/sim/prisma"
)

// answering is a provider that gives a token and then one answer, and keeps
// what it was asked.
type answering struct {
	mu     sync.Mutex
	asked  []*http.Request
	bodies []string
	status int
	body   string
	tokens int
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.URL.Path == "/v1/oauth/accesstoken" {
		a.tokens++
		_, _ = fmt.Fprintf(w, `{"access_token":"token-%d-of-tests","expires_in":3600}`, a.tokens)
		return
	}
	body, _ := io.ReadAll(r.Body)
	a.asked, a.bodies = append(a.asked, r), append(a.bodies, string(body))
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func answer(t *testing.T, status int, body string, cfg provider.Config) (*answering, provider.Connector) {
	t.Helper()
	a := &answering{status: status, body: body}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, open(t, server.URL, direct(), posta.NewFrozenClock(start), cfg)
}

func asked() provider.Charge {
	return provider.Charge{Payment: "pay_1", Amount: posta.Money{Amount: 1500, Currency: "ARS"}, Rail: provider.RailTerminal, Terminals: []string{"12345678"}, Order: "p1"}
}

// What goes out, to the letter: docs/providers/prisma.md §5.2, §15.
func TestRequestsToTheLetter(t *testing.T) {
	a, connector := answer(t, 200, `{"payment_data":{"payment_id":"p1","payment_status":"PAYMENT_REQUEST"}}`, nil)
	charge := asked()
	_, err := connector.Create(t.Context(), charge, "k")
	did(t, err)
	want := `{"payment_request_data":{"subnet_acquirer_id":"9","payment_amount":"1500","terminal_menu_text":"Pedido de $15,00","ecr_provider":"Posta",` +
		`"ecr_name":"Posta","ecr_version":"1.0","change_amount":"0","ecr_transaction_id":"pay_1","installments_number":null,"bank_account_type":null,` +
		`"payment_plan_id":null,"payment_type":null,"print_method":"MOBITEF_NON_FISCAL","print_copies":"BOTH","print_preview":"NONE",` +
		`"terminals_list":[{"terminal_id":"12345678"}],"card_brand_product":null,"terminal_operation_method":"CARD","qr_benefit_code":false,` +
		`"trx_receipt_notes":null,"card_holder_id":null,"merchant_group_code":null,"is_tip":false,"currency_code":"032"}}`
	if a.bodies[0] != want {
		t.Errorf("%s\nwant\n%s", a.bodies[0], want)
	}
	r := a.asked[0]
	if r.Method != "POST" || r.URL.RequestURI() != api+"/terminal_payments/payments?cuit_cuil=30-00000000-7" ||
		r.Header.Get("Authorization") != "Bearer token-1-of-tests" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("apikey") != "" {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	for environment, subnet := range map[string]string{prisma.Sandbox: "1", prisma.Production: "2"} {
		a, connector := answer(t, 200, `{"payment_data":{"payment_id":"p1","payment_status":"UNDO_REQUEST"}}`,
			provider.Config{"environment": environment, "cuit_format": "bare", "apikey_header": "on"})
		_, err := connector.Cancel(t.Context(), charge, "k")
		did(t, err)
		r := a.asked[0]
		if r.Method != "PUT" || r.URL.RequestURI() != api+"/terminal_payments/payments/p1/cancellations?cuit_cuil=30000000007&subnet_acquirer_id="+subnet ||
			a.bodies[0] != "" || r.Header.Get("apikey") != public {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
	}
	a, connector = answer(t, 200, `{"settlement_data":{"settlement_id":"s1"}}`, provider.Config{"subnet_acquirer_id": "77"})
	_, err = connector.(provider.Settler).Settle(t.Context(), provider.Settlement{Terminal: "12345678", Print: true})
	did(t, err)
	if r := a.asked[0]; a.bodies[0] != "{}" || r.URL.RequestURI() !=
		api+"/terminal_settlements/settlements?cuit_cuil=30-00000000-7&print_receipt=true&subnet_acquirer_id=77&terminal_id=12345678" {
		t.Errorf("%s %s", r.URL, a.bodies[0])
	}
	a, connector = answer(t, 404, "", nil)
	charge.Order = "../x?y=1"
	if facts := get(t, connector, charge); len(facts) > 0 || a.asked[0].URL.EscapedPath() != api+"/terminal_payments/payments/..%2Fx%3Fy=1" {
		t.Errorf("%v %s", facts, a.asked[0].URL.EscapedPath())
	}
}

// The sandbox takes its fixture and nothing else; the connector can send it.
func TestTheSandboxFixture(t *testing.T) {
	c := newCounter(t)
	did(t, c.AddAccount(sim.Account{PublicKey: "sandbox-public", SecretKey: "sandbox-secret", CUIT: "30-12345678-9", Environment: sim.Sandbox}))
	connector := c.open(t, provider.Config{"public_key": "sandbox-public", "secret_key": "sandbox-secret", "cuit": "30-12345678-9", "environment": "sandbox",
		"tips": "on", "merchant_group_code": "1238494234", "ecr_provider": "Software Company", "ecr_name": "Software Name"})
	charge := asked()
	charge.Order, charge.Options.Installments = "", 1
	facts := create(t, connector, &charge)
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Paid, "")
	if _, err := connector.Create(t.Context(), c.charge(150_000), "k"); posta.ErrorCode(err) != posta.CodeProviderRejected {
		t.Errorf("another amount: %v", err)
	}
}

// Errors in every shape, at every status, mean what they mean
// (docs/providers/prisma.md §9), and hold no secret.
func TestErrorShapes(t *testing.T) {
	shapes := map[string]string{
		"envelope": `{"errors":[{"status":"%d","code":"X-%d","title":"no %s","acquirer_message":null}]}`,
		"array":    `[{"code":"X-%d","message":"no %s"}]`,
		"object":   `{"code":"X-%d","message":"no %s"}`,
		"text":     `no %s`, "quoted": `"no %s"`, "empty": ``, "page": `<html>%s</html>`,
	}
	want := map[int]posta.Code{400: posta.CodeProviderRejected, 401: posta.CodeUnauthorized, 403: posta.CodeUnauthorized, 404: posta.CodeNotFound,
		408: posta.CodeProviderUnavailable, 409: posta.CodeProviderRejected, 422: posta.CodeProviderRejected, 429: posta.CodeRateLimited,
		500: posta.CodeProviderUnavailable, 503: posta.CodeProviderUnavailable, 302: posta.CodeProviderUnavailable}
	for name, shape := range shapes {
		for status, code := range want {
			body := strings.ReplaceAll(strings.ReplaceAll(shape, "%d", fmt.Sprint(status)), "%s", secret+" token-1-of-tests")
			a, connector := answer(t, status, body, nil)
			charge := asked()
			charge.Order = ""
			_, err := connector.Create(t.Context(), charge, "k")
			if name == "page" && (code == posta.CodeProviderRejected || code == posta.CodeNotFound) { // nobody of theirs said so
				code = posta.CodeProviderUnavailable
			}
			e, _ := err.(*posta.Error)
			if e == nil || e.Code != code {
				t.Errorf("%s %d: %v, want %s", name, status, err, code)
				continue
			}
			if strings.Contains(err.Error()+fmt.Sprint(e.Params), secret) || strings.Contains(err.Error(), "token-1-of-tests") && status != 401 {
				t.Errorf("%s %d tells a secret: %v", name, status, err)
			}
			titled, coded := e.Params["title"] != "", e.Params["code"] != ""
			if titled == (name == "empty" || name == "page") || coded == (name == "text" || name == "quoted" || name == "empty" || name == "page") {
				t.Errorf("%s %d: %v", name, status, e.Params)
			}
			if n := len(a.asked); n != 1 && status != 401 || n > 2 {
				t.Errorf("%s %d: asked %d times", name, status, n)
			}
		}
	}
}

// An error in a good answer is one; where it tells no status, nobody knows what
// happened.
func TestErrorsInGoodAnswers(t *testing.T) {
	for body, code := range map[string]posta.Code{
		`{"errors":[{"status":"409","title":"ocupada"}]}`: posta.CodeProviderRejected,
		`{"errors":[{"status":404,"title":"no"}]}`:        posta.CodeNotFound,
		`{"errors":[{"status":"401"}]}`:                   posta.CodeUnauthorized,
		`{"code":"APIM-401","message":"Unauthorized"}`:    posta.CodeUnauthorized,
		`{"errors":[{"status":"503"}]}`:                   posta.CodeProviderUnavailable,
		`[{"code":"X","message":"no"}]`:                   posta.CodeProviderUnavailable,
		`{"code":"X","message":"no"}`:                     posta.CodeProviderUnavailable,
		`no`:                                              posta.CodeProviderUnavailable,
		``:                                                posta.CodeProviderUnavailable,
		`null`:                                            posta.CodeProviderUnavailable,
		`{"payment_data":null}`:                           posta.CodeProviderUnavailable,
		`{"payment_data":{"payment_status":"PAYMENT_REQUEST"}}`:                                      posta.CodeProviderUnavailable,
		`{"payment_data":{"payment_id":"p2"}}`:                                                       posta.CodeProviderUnavailable,
		`{"payment_request_data":{"ecr_transaction_id":"pay_2"},"payment_data":{"payment_id":"p1"}}`: posta.CodeProviderUnavailable,
		`{"errors":[],"payment_data":{"payment_id":"p1"}}`:                                           "",
		`{"errors":[{"code":"W"}],"payment_data":{"payment_id":"P1"}}`:                               "",
		`{"payments_data":{"payment_id":"p1"}}`:                                                      "",
		`{"payment_id":"p1","payment_status":"PAYMENT_REQUEST"}`:                                     "",
	} {
		_, connector := answer(t, 200, body, nil)
		seen, err := connector.Get(t.Context(), asked())
		if code == posta.CodeNotFound { // an order that it does not know gives no facts and no error
			code = ""
			if len(seen.Facts) > 0 {
				t.Errorf("%s: %+v", body, seen)
			}
		} else if err == nil && (len(seen.Facts) == 0 || seen.ExternalReference != "pay_1") {
			t.Errorf("%s: %+v", body, seen)
		}
		if posta.ErrorCode(err) != code {
			t.Errorf("%s: %v, want %q", body, err, code)
		}
	}
}

// Every switch that is about reading leaves a sale, a reversal and a close as
// they are.
func TestAnswersAreReadTolerantly(t *testing.T) {
	for name, change := range map[string]func(*sim.Switches){
		"numbers as strings": func(w *sim.Switches) { w.NumbersAsStrings = true },
		"strings as numbers": func(w *sim.Switches) { w.StringsAsNumbers = true },
		"nulls absent":       func(w *sim.Switches) { w.NullsAbsent = true },
		"dates with zone":    func(w *sim.Switches) { w.DatesWithZone = true },
		"errors in 200":      func(w *sim.Switches) { w.ErrorsIn200 = true },
		"errors in an array": func(w *sim.Switches) { w.ErrorShape = "array" },
		"errors as objects":  func(w *sim.Switches) { w.ErrorShape, w.ErrorsIn200 = "object", true },
		"errors as text":     func(w *sim.Switches) { w.ErrorShape = "text" },
		"errors empty":       func(w *sim.Switches) { w.ErrorShape = "empty" },
		"apikey":             func(w *sim.Switches) { w.APIKeyRequired = true },
		"bare digits":        func(w *sim.Switches) { w.CUITBareDigits = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, switched(change))
			cfg := provider.Config{}
			if name == "apikey" {
				cfg["apikey_header"] = "on"
			}
			if name == "bare digits" {
				cfg["cuit_format"], cfg["cuit"] = "bare", "30000000007"
			}
			connector := c.open(t, cfg)
			charge, facts := sold(t, c, connector, sim.Card{Installments: 3})
			if got := attempt(t, facts); got.Installments != 3 || got.Slip.Coupon != "1" || got.Slip.Batch != "1" || got.Amount != 150_000 {
				t.Errorf("%+v", got)
			}
			wantState(t, charge, append(facts, cancel(t, connector, charge)...), payment.Paid, "") // 409: too late
			seen, err := connector.Refund(t.Context(), charge, back(charge, provider.KindReversal, 150_000, "key-1"))
			did(t, err)
			c.giveBack(t)
			charge.Refunds = []provider.RefundRef{ref(charge, provider.KindReversal, 150_000, "key-1", seen.Facts[0].ID)}
			wantState(t, charge, append(facts, get(t, connector, charge)...), payment.Refunded, "")
		})
	}
}

// An unknown word is pending and told as it came; CONFIRMED without a readable
// amount is for a person, never taken for what was asked.
func TestWordsNobodyToldUsOf(t *testing.T) {
	for data, want := range map[string]struct {
		state     payment.State
		attention payment.Attention
		detail    string
	}{
		`"payment_status":"APPROVED","authorized_payment_amount":"1500"`: {payment.Pending, "", "APPROVED"},
		`"payment_status":null`:                                               {payment.Pending, "", ""},
		`"payment_status":{"a":1},"terminal_id":[1]`:                          {payment.Pending, "", ""},
		`"payment_status":"CONFIRMED"`:                                        {payment.Pending, payment.AttentionReview, "CONFIRMED"},
		`"payment_status":"CONFIRMED","authorized_payment_amount":"15.00"`:    {payment.Pending, payment.AttentionReview, "CONFIRMED"},
		`"payment_status":"CONFIRMED","authorized_payment_amount":1500`:       {payment.Paid, "", "CONFIRMED"},
		`"payment_status":"CONFIRMED","authorized_payment_amount":"00001500"`: {payment.Paid, "", "CONFIRMED"},
	} {
		_, connector := answer(t, 200, `{"payment_data":{"payment_id":"p1",`+data+`}}`, nil)
		facts := get(t, connector, asked())
		wantState(t, asked(), facts, want.state, want.attention)
		if got := facts[len(facts)-1]; got.Kind != provider.FactOrder || got.Detail != want.detail {
			t.Errorf("%s: %+v", data, got)
		}
	}
	_, connector := answer(t, 200, `{"refund_data":{"refund_id":"r1","refund_status":"SOON"},"reversal_data":{"payment_id":"p1","reversal_status":"SOON"},`+
		`"settlements_data":{"settlement_id":"s1","settlement_status":"SOON"},"payment_data":{"payment_id":"p1"}}`, nil)
	charge := asked()
	charge.Refunds = []provider.RefundRef{{ID: "r1", Attempt: "p1"}, {Attempt: "p1", Kind: provider.KindReversal, Key: "k"}}
	for _, f := range get(t, connector, charge)[1:] {
		if f.Status != provider.StatusPending || f.Detail != "SOON" {
			t.Errorf("%+v", f)
		}
	}
	s, err := connector.(provider.Settler).Settlement(t.Context(), provider.Settlement{ID: "s1"})
	if err != nil || s.Status != provider.StatusPending || s.Detail != "SOON" {
		t.Errorf("%+v, %v", s, err)
	}
}

// In whatever order the looks at one payment arrive, and whatever the clock said
// at each, the latest in its life counts. Seen red with facts that have no version.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	lives := map[payment.State][]string{
		payment.Paid:     {"PAYMENT_REQUEST", "PROCESSING_PAYMENT", "SOMETHING_NEW", "UNDO_REQUEST", "CONFIRMED"},
		payment.Canceled: {"PAYMENT_REQUEST", "UNDO_REQUEST", "PROCESSING_UNDO", "UNDONE"},
		payment.Rejected: {"PAYMENT_REQUEST", "PROCESSING_PAYMENT", "DECLINED"},
		payment.Pending:  {"PAYMENT_REQUEST", "SOMETHING_NEW", "PROCESSING_PAYMENT", "WAITING_CONFIRMATION", "CONFIRM_REQUEST", "PROCESSING_CONFIRMATION"},
	}
	for state, words := range lives {
		var facts []provider.Fact
		for _, word := range words {
			_, connector := answer(t, 200, `{"payment_data":{"payment_id":"p1","payment_status":"`+word+`","authorized_payment_amount":"1500"}}`, nil)
			facts = append(facts, get(t, connector, asked())...)
		}
		random := rand.New(rand.NewPCG(1, 2))
		want := wantState(t, asked(), facts, state, "")
		for range 50 {
			mixed := slices.Clone(facts)
			random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			for i := range mixed {
				mixed[i].At = start.Add(time.Duration(random.IntN(100)) * time.Second)
			}
			got := payment.Compute(1500, mixed)
			got.PaidAt, want.PaidAt = time.Time{}, time.Time{}
			if got != want {
				t.Fatalf("%s: %+v, want %+v", state, got, want)
			}
		}
	}
}

// "27. … (or an early refusal) and approval crossing": an approval after an end
// is the money's, and a person is told. Seen red with versions that rank UNDONE
// above CONFIRMED.
func TestP27_AnEndThatWasTooEarly(t *testing.T) {
	for _, early := range []string{"UNDONE", "DECLINED", "ERROR"} {
		var facts []provider.Fact
		for _, word := range []string{early, "CONFIRMED"} {
			_, connector := answer(t, 200, `{"payment_data":{"payment_id":"p1","payment_status":"`+word+`","authorized_payment_amount":"1500"}}`, nil)
			facts = append(facts, get(t, connector, asked())...)
		}
		if sum := wantState(t, asked(), facts, payment.Paid, payment.AttentionPaidLate); sum.Captured != 1500 {
			t.Errorf("%s: captured %d", early, sum.Captured)
		}
	}
}

// Whatever is answered is read or refused, with facts that can be kept.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"payment_data":{"payment_id":"p1","payment_status":"CONFIRMED","authorized_payment_amount":"1500","transaction_receipt":1}}`,
		`{"errors":[{"status":"409","title":"x"}]}`, `[{"code":1}]`, `{"errors":"x","code":{}}`, `"`, `{"payment_data":[{}]}`, `{"reversal_data":{"payment_data":7}}`,
		`{"settlements_data":{"settlement_id":1,"settlement_status":"CONFIRMED","merchant_receipt_detail":"TOTAL  1  -1,00"}}`} {
		f.Add(200, body)
		f.Add(409, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			if strings.HasSuffix(r.URL.Path, "accesstoken") {
				_, _ = io.WriteString(rec, `{"access_token":"t","expires_in":3600}`)
			} else {
				rec.WriteHeader(200 + max(status%400, -status%400))
				_, _ = io.WriteString(rec, body)
			}
			return rec.Result(), nil
		})}
		connector := open(t, "https://api.example", client, posta.NewFrozenClock(start), nil)
		charge := asked()
		charge.Refunds = []provider.RefundRef{{ID: "r1", Attempt: "p1"}, {Attempt: "p1", Kind: provider.KindReversal, Key: "k"}}
		seen, err := connector.Get(t.Context(), charge)
		if err != nil && posta.ErrorCode(err) == posta.CodeInternal {
			t.Fatal(err)
		}
		for _, fact := range seen.Facts {
			if fact.ID == "" || fact.Version == 0 || fact.Amount < 0 || fact.Status == "" {
				t.Fatalf("%+v", fact)
			}
		}
		_, _ = connector.(provider.Settler).Settlement(t.Context(), provider.Settlement{ID: "s1"})
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A token serves many calls, is asked for once by those who need it together,
// and anew before its end, or once when it is refused.
func TestTheTokenIsKept(t *testing.T) {
	c := newCounter(t)
	connector := c.open(t, nil)
	var all sync.WaitGroup
	c.break_(t, fault.Rule{Operation: "token", Action: fault.Delay, Delay: fault.Duration(100 * time.Millisecond)})
	for range 20 {
		all.Go(func() {
			if _, err := connector.Create(t.Context(), c.charge(150_000), "k"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantTokens := func(n int, when string) {
		t.Helper()
		charge := c.charge(150_000)
		if _, err := connector.Create(t.Context(), charge, "k"); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		if got := c.calls()["token"]; got != n {
			t.Errorf("%s: %d tokens, want %d", when, got, n)
		}
	}
	wantTokens(1, "twenty together")
	c.clock.Move(3538 * time.Second)
	wantTokens(1, "a minute before its end")
	c.clock.Move(2 * time.Second)
	wantTokens(2, "within the last minute")
	c.break_(t, fault.Rule{Operation: "payment_create", Action: fault.Status, Status: 401, Times: 1})
	wantTokens(3, "refused once")
	c.break_(t, fault.Rule{Operation: "payment_create", Action: fault.Status, Status: 401, Times: 2})
	if _, err := connector.Create(t.Context(), c.charge(150_000), "k"); posta.ErrorCode(err) != posta.CodeUnauthorized {
		t.Errorf("refused twice: %v", err)
	}
	if _, err := connector.Check(t.Context()); err != nil || c.calls()["token"] != 5 {
		t.Errorf("check: %v after %d tokens", err, c.calls()["token"])
	}
}

// Nothing was asked of the provider, so nothing is unknown: whoever cannot be
// reached, or gives no token, did not charge.
func TestWhatWasNeverSentIsRefused(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := newCounter(t)
	nobody := open(t, gone.URL, direct(), c.clock, nil)
	tokenless := c.open(t, nil)
	c.break_(t, fault.Rule{Operation: "token", Action: fault.Status, Status: 503})
	lost := httptest.NewServer(http.NotFoundHandler())
	defer lost.Close()
	elsewhere := open(t, lost.URL, direct(), c.clock, nil)
	for name, connector := range map[string]provider.Connector{"nobody there": nobody, "no token": tokenless, "another address": elsewhere} {
		_, err := connector.Create(t.Context(), c.charge(150_000), "k")
		if e, _ := err.(*posta.Error); e == nil || e.Code != posta.CodeProviderRejected || e.Params["code"] != "unreachable" {
			t.Errorf("%s: create: %v", name, err)
		}
		charge := c.charge(150_000)
		charge.Order = "p1"
		if _, err := connector.Get(t.Context(), charge); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
			t.Errorf("%s: get: %v", name, err)
		}
		if _, err := connector.Check(t.Context()); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
			t.Errorf("%s: check: %v", name, err)
		}
	}
}

func TestFields(t *testing.T) {
	good := provider.Config{"public_key": public, "secret_key": secret, "cuit": cuit, "base_url": "https://api-homo.payway.com.ar/"}
	for _, tc := range []struct{ field, value, code string }{
		{"", "", ""}, {"cuit", "30000000007", ""}, {"cuit", "20-00000002-8", ""}, {"base_url", "http://127.0.0.1:9", ""},
		{"public_key", "", "required"}, {"secret_key", "", "required"}, {"cuit", "", "required"}, {"base_url", "", "required"},
		{"public_key", "a:b", "malformed"}, {"secret_key", "a b", "malformed"}, {"cuit", "30-00000000-8", "check_digit"}, {"cuit", "30-0000000-7", "malformed"},
		{"cuit", "a0000000007", "malformed"}, {"base_url", "http://api.example", "malformed"}, {"base_url", "https://u:p@api.example", "malformed"},
		{"environment", "prod", "unknown"}, {"cuit_format", "dots", "unknown"}, {"tips", "yes", "unknown"}, {"apikey_header", "1", "unknown"},
	} {
		cfg := maps.Clone(good)
		if tc.field != "" {
			cfg[tc.field] = tc.value
		}
		_, err := prisma.Description().Open(cfg, direct(), posta.NewFrozenClock(start))
		if tc.code == "" {
			did(t, err)
			continue
		}
		e, _ := err.(*posta.Error)
		if e == nil || e.Code != posta.CodeInvalid || len(e.Fields) != 1 || e.Fields[0].Field != tc.field || e.Fields[0].Code != tc.code {
			t.Errorf("%s %q: %v", tc.field, tc.value, err)
		}
	}
	d := prisma.Description()
	if d.ReadNotice != nil || len(d.Topics(good)) > 0 {
		t.Error("it sends no notices")
	}
	for environment, test := range map[string]bool{prisma.Sandbox: true, prisma.Homologation: true, prisma.Production: false} {
		_, connector := answer(t, 200, "", provider.Config{"environment": environment})
		if got, err := connector.Check(t.Context()); err != nil || got != (provider.Account{ID: "30000000007", Country: "AR", Test: test}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// The slip of a close, docs/providers/prisma.md §8.1.
func TestTotalsOfASlip(t *testing.T) {
	for slip, want := range map[string]*provider.BatchTotals{
		"": nil,
		"CIERRE DE LOTE\nLOTE: 3\nVENTAS  0  0,00\nANULACIONES  0  0,00\nDEVOLUCIONES  0  0,00\nTOTAL  0  0,00": {},
		"Diners Club   1     10,00\r\nVentas  1  $ 10,00\r\nTotal     1   10,00\r\nGracias por su compra":       {Brands: []provider.BrandSum{{Brand: "DINERS CLUB", Sum: provider.Sum{Count: 1, Amount: 1000}}}, Sales: provider.Sum{Count: 1, Amount: 1000}},
		"DEVOLUCIONES  1  1.234.567,89\nTOTAL  1  -1.234.567,89":                                                {Refunds: provider.Sum{Count: 1, Amount: 123456789}},
		"PATAGONIA 365  1  1,00\nVENTAS  1  1,00\nTOTAL  1  1,00":                                               {Brands: []provider.BrandSum{{Brand: "PT", Sum: provider.Sum{Count: 1, Amount: 100}}}, Sales: provider.Sum{Count: 1, Amount: 100}},
		"VENTAS  2  30,00":                                   nil,
		"VENTAS  2  30,00\nTOTAL  2  31,00":                  nil,
		"VENTAS  2  30,00\nTOTAL  3  30,00":                  nil,
		"VENTAS  2  30,00\nVENTAS  0  0,00\nTOTAL  2  30,00": nil,
		"VENTAS 2 30,00\nTOTAL 2 30,00":                      nil,
		"VENTAS  2  30.00\nTOTAL  2  30.00":                  nil,
		"VENTAS  2  30,00\nTOTAL  dos  30,00":                nil,
	} {
		text, _ := json.Marshal(slip)
		_, connector := answer(t, 200, `{"settlements_data":{"settlement_id":"s1","settlement_status":"CONFIRMED","merchant_receipt_detail":`+string(text)+`}}`, nil)
		got, err := connector.(provider.Settler).Settlement(t.Context(), provider.Settlement{ID: "s1"})
		did(t, err)
		if fmt.Sprintf("%+v", got.Totals) != fmt.Sprintf("%+v", want) || got.Text != slip {
			t.Errorf("%q: %+v, want %+v", slip, got.Totals, want)
		}
	}
}
