package mercadopago_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/sim/mercadopago"
)

const (
	token  = "APP_USR-sim-token-1"
	secret = "panel secret"
	user   = 446566691
)

var start = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

// stand is a simulator behind a server, with a frozen clock and a receiver of
// notices.
type stand struct {
	*testing.T
	sim    *mercadopago.Simulator
	clock  *posta.MovableClock
	server *httptest.Server
	hook   *receiver
}

// plain opens a connection per call: on a used one net/http itself repeats a
// request that bears X-Idempotency-Key when the connection is cut.
var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

type answer struct {
	status int
	header http.Header
	raw    string
	object map[string]any
	list   []any
}

func newStand(t *testing.T, change ...func(*mercadopago.Config)) *stand {
	t.Helper()
	clock := posta.NewFrozenClock(start)
	cfg := mercadopago.Config{Clock: clock, AllowLoopback: true, Senders: 1, PublicURL: "http://sim.example"}
	for _, f := range change {
		f(&cfg)
	}
	sim, err := mercadopago.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	b := &stand{T: t, sim: sim, clock: clock, server: httptest.NewServer(sim.Handler()), hook: newReceiver(t)}
	t.Cleanup(b.server.Close)
	b.account(mercadopago.Account{})
	return b
}

// account adds or changes the usual account.
func (b *stand) account(a mercadopago.Account) {
	b.Helper()
	if a.UserID == 0 {
		a.UserID, a.AccessToken, a.WebhookSecret = user, token, secret
	}
	if err := b.sim.AddAccount(a); err != nil {
		b.Fatal(err)
	}
}

func (b *stand) call(method, path, body string, header ...string) answer {
	b.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, b.server.URL+path, r)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := plain.Do(req)
	if err != nil {
		return answer{raw: err.Error()}
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	out := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v)
	out.object, _ = v.(map[string]any)
	out.list, _ = v.([]any)
	return out
}

// want checks the status.
func (b *stand) want(a answer, status int) answer {
	b.Helper()
	if a.status != status {
		b.Fatalf("got %d %s, want %d", a.status, a.raw, status)
	}
	return a
}

// wantError checks status and the code that any of the envelopes carries.
func (b *stand) wantError(a answer, status int, code string) {
	b.Helper()
	b.want(a, status)
	got := fmt.Sprint(a.object["error"])
	if list, ok := a.object["errors"].([]any); ok {
		got = fmt.Sprint(list[0].(map[string]any)["code"])
	} else if a.object["error"] == nil {
		got = fmt.Sprint(a.object["code"])
	}
	if list, ok := a.object["cause"].([]any); ok && len(list) > 0 {
		got = fmt.Sprint(list[0].(map[string]any)["code"])
	}
	if got != code {
		b.Fatalf("got code %s in %s, want %s", got, a.raw, code)
	}
}

// at walks into an answer: at("payments", 0, "status").
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func (b *stand) equal(a answer, want string, path ...any) {
	b.Helper()
	var v any = a.object
	if a.list != nil {
		v = a.list
	}
	if got := fmt.Sprint(at(v, path...)); got != want {
		b.Fatalf("%v is %s, want %s, in %s", path, got, want, a.raw)
	}
}

const (
	storeBody = `{"name":"Sucursal Centro","external_id":"SUC001","business_hours":{"monday":[{"open":"08:00","close":"12:00"}]},
		"location":{"street_number":"3039","street_name":"Caseros","city_name":"Belgrano","state_name":"Capital Federal","latitude":-34.56,"longitude":-58.45,"reference":"esquina"}}`
	posBody    = `{"name":"Caja 1","fixed_amount":true,"external_store_id":"SUC001","external_id":"SUC001POS001","category":621102}`
	legacyPath = "/instore/qr/seller/collectors/446566691/stores/SUC001/pos/SUC001POS001/orders"
	pendingURL = "/instore/qr/seller/collectors/446566691/pos/SUC001POS001/orders"
	dynamicURL = "/instore/orders/qr/seller/collectors/446566691/pos/SUC001POS001/qrs"
)

// till makes the usual store and POS.
func (b *stand) till() {
	b.Helper()
	b.want(b.call("POST", "/users/446566691/stores", storeBody), 201)
	b.want(b.call("POST", "/pos", posBody), 201)
}

func legacyBody(ref, total string) string {
	return `{"external_reference":"` + ref + `","title":"Compra","description":"Compra en caja","total_amount":` + total + `,
		"items":[{"sku_number":"A1","category":"food","title":"Cafe","description":"Cafe","unit_price":` + total + `,"quantity":1,"unit_measure":"unit","total_amount":` + total + `}]}`
}

// with edits a JSON body: pairs of a dotted path and a raw value; "" removes.
func with(body string, pairs ...string) string {
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		path := strings.Split(pairs[i], ".")
		in := v
		for _, p := range path[:len(path)-1] {
			if l, ok := in[p].([]any); ok {
				in = l[0].(map[string]any)
			} else {
				in = in[p].(map[string]any)
			}
		}
		last := path[len(path)-1]
		if pairs[i+1] == "" {
			delete(in, last)
			continue
		}
		in[last] = json.RawMessage(pairs[i+1])
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func (b *stand) scan() mercadopago.Scanned {
	b.Helper()
	s, err := b.sim.Scan(mercadopago.ScanRequest{ExternalPOS: "SUC001POS001"})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (b *stand) pay(parts ...mercadopago.Part) mercadopago.Paid {
	b.Helper()
	p, err := b.sim.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: "SUC001POS001"}, Parts: parts})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func card(holder string) mercadopago.Part {
	return mercadopago.Part{Card: mercadopago.Card{Holder: holder}}
}

// move lets the clock go and does what is due.
func (b *stand) move(d time.Duration) {
	b.Helper()
	b.clock.Move(d)
	if err := b.sim.Expire(b.clock.Now()); err != nil {
		b.Fatal(err)
	}
}

func (b *stand) deliver() int { return b.sim.Deliver(context.Background(), b.clock.Now()) }

// receiver is where notices arrive.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(received) int
}

type received struct {
	query, body, agent string
	header             http.Header
	object             map[string]any
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, _ := io.ReadAll(q.Body)
		n := received{query: q.URL.RawQuery, body: string(raw), agent: q.UserAgent(), header: q.Header}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		_ = d.Decode(&n.object)
		r.mu.Lock()
		r.got = append(r.got, n)
		reply := r.answer
		r.mu.Unlock()
		status := 200
		if reply != nil {
			status = reply(n)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

// take gives what has arrived since the last time.
func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.got
	r.got = nil
	return list
}
