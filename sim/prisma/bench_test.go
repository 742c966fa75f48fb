package prisma_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/sim/prisma"
)

const (
	public, secret = "public-one", "secret-one"
	cuit           = "30-00000000-7"
	one, two       = "10000001", "10000002"
	payments       = "/v1/paystore_terminals/terminal_payments/payments"
	reversals      = "/v1/paystore_terminals/terminal_reversals/reversals"
	refunds        = "/v1/paystore_terminals/terminal_refunds/refunds"
	settlements    = "/v1/paystore_terminals/terminal_settlements/settlements"
)

var start = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

// plain makes no second try of its own.
var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// stand is a simulator with one merchant, two terminals and a token.
type stand struct {
	*testing.T
	sim    *prisma.Simulator
	clock  *posta.MovableClock
	server *httptest.Server
	bearer string
}

type answer struct {
	status int
	raw    string
	v      any
}

func newStand(t *testing.T, change ...func(*prisma.Config)) *stand {
	t.Helper()
	clock := posta.NewFrozenClock(start)
	cfg := prisma.Config{Clock: clock, PublicURL: "http://sim.example"}
	for _, f := range change {
		f(&cfg)
	}
	sim, err := prisma.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	b := &stand{T: t, sim: sim, clock: clock, server: httptest.NewServer(sim.Handler())}
	t.Cleanup(b.server.Close)
	b.do(sim.AddAccount(prisma.Account{PublicKey: public, SecretKey: secret, CUIT: cuit, Name: "Comercio Demo", Environment: prisma.Homologation,
		Terminals: []prisma.Terminal{{ID: one}, {ID: two}}}))
	b.login()
	return b
}

func switched(f func(*prisma.Switches)) func(*prisma.Config) {
	return func(c *prisma.Config) { f(&c.Switches) }
}

func paced(c *prisma.Config) { c.Pace = prisma.RealisticPace }

// do wants no error.
func (b *stand) do(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *stand) login() {
	b.Helper()
	b.bearer = ""
	a := b.want(b.token("GET", public, secret, "?grant_type=client_credentials", ""), 200)
	b.bearer = a.text("access_token")
}

func (b *stand) token(method, user, password, query, body string) answer {
	b.Helper()
	req := b.request(method, "/v1/oauth/accesstoken"+query, body)
	req.SetBasicAuth(user, password)
	return b.send(req)
}

func (b *stand) request(method, path, body string) *http.Request {
	b.Helper()
	req, err := http.NewRequest(method, b.server.URL+path, strings.NewReader(body))
	b.do(err)
	if b.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func (b *stand) send(req *http.Request) answer {
	res, err := plain.Do(req)
	if err != nil {
		return answer{raw: err.Error()}
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	out := answer{status: res.StatusCode, raw: string(raw)}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&out.v)
	return out
}

func (b *stand) call(method, path, body string, header ...string) answer {
	b.Helper()
	req := b.request(method, path, body)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.send(req)
}

func (b *stand) want(a answer, status int) answer {
	b.Helper()
	if a.status != status {
		b.Fatalf("got %d %s, want %d", a.status, a.raw, status)
	}
	return a
}

// refused wants the documented envelope with this status and a title that
// holds the words.
func (b *stand) refused(a answer, status int, words string) {
	b.Helper()
	b.want(a, status)
	if a.text("errors", 0, "status") != fmt.Sprint(status) || !strings.Contains(a.text("errors", 0, "title"), words) {
		b.Fatalf("got %s, want %d %q", a.raw, status, words)
	}
}

// at walks into an answer: at("errors", 0, "title").
func (a answer) at(path ...any) any {
	v := a.v
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			list, _ := v.([]any)
			if k >= len(list) {
				return nil
			}
			v = list[k]
		}
	}
	return v
}

func (a answer) text(path ...any) string { return fmt.Sprint(a.at(path...)) }

// equal compares one value of an answer, as text.
func (b *stand) equal(a answer, want string, path ...any) {
	b.Helper()
	if got := a.text(path...); got != want {
		b.Fatalf("%v is %s, want %s, in %s", path, got, want, a.raw)
	}
}

const subnet = "?cuit_cuil=" + cuit + "&subnet_acquirer_id=9"

// with gives a body with some fields changed; absent leaves one out.
func with(fields map[string]any, changes ...any) map[string]any {
	out := maps.Clone(fields)
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == absent {
			delete(out, changes[i].(string))
		} else {
			out[changes[i].(string)] = changes[i+1]
		}
	}
	return out
}

type gone struct{}

var absent = gone{}

func on(ids ...string) []any {
	var list []any
	for _, id := range ids {
		list = append(list, map[string]any{"terminal_id": id})
	}
	return list
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

var paymentFields = map[string]any{"subnet_acquirer_id": "9", "payment_amount": "150000", "terminal_menu_text": "Pedido de $1.500,00", "ecr_provider": "Posta",
	"ecr_name": "Caja", "ecr_version": "1.0", "change_amount": "0", "ecr_transaction_id": "pay1", "installments_number": 1, "bank_account_type": nil,
	"payment_plan_id": nil, "payment_type": nil, "print_method": "MOBITEF_NON_FISCAL", "print_copies": "BOTH", "print_preview": "NONE",
	"terminals_list": on(one), "card_brand_product": nil, "terminal_operation_method": "CARD", "qr_benefit_code": false, "trx_receipt_notes": nil,
	"card_holder_id": nil, "merchant_group_code": nil, "is_tip": false, "currency_code": "032"}

// create asks for a payment with some fields changed.
func (b *stand) create(changes ...any) answer {
	b.Helper()
	return b.call("POST", payments+"?cuit_cuil="+cuit, text(map[string]any{"payment_request_data": with(paymentFields, changes...)}))
}

// asked creates a payment and gives its id.
func (b *stand) asked(changes ...any) string {
	b.Helper()
	return b.want(b.create(changes...), 200).text("payment_data", "payment_id")
}

func (b *stand) payment(id string) answer {
	b.Helper()
	return b.want(b.call("GET", payments+"/"+id+subnet, ""), 200)
}

// status wants a payment's.
func (b *stand) status(id, want string) answer {
	b.Helper()
	a := b.payment(id)
	b.equal(a, want, "payment_data", "payment_status")
	return a
}

func (b *stand) cancel(id string) answer {
	b.Helper()
	return b.call("PUT", payments+"/"+id+"/cancellations"+subnet, "")
}

// paid makes a payment and has it approved on the first terminal.
func (b *stand) paid(card prisma.Card, changes ...any) string {
	b.Helper()
	id := b.asked(changes...)
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, card))
	b.status(id, "CONFIRMED")
	return id
}
