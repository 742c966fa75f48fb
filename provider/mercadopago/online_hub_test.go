package mercadopago_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	sim "posta/sim/mercadopago"
)

// gomez is a buyer in Argentina, of the simulator's test document.
var gomez = provider.Buyer{Email: "test_user_123456@testuser.com", FirstName: "Ana", LastName: "Gómez",
	Identification: provider.Identification{Type: "DNI", Number: "12345678"}}

func newOnlineHub(t *testing.T) *hub {
	t.Helper()
	h := newHub(t, nil)
	if err := h.AddAccount(sim.Account{UserID: seller, AccessToken: token, WebhookSecret: secret, Site: "MLA", Test: true}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hub) asked(t *testing.T, kind, holder string) *provider.Online {
	t.Helper()
	switch kind {
	case "redirect":
		return &provider.Online{Flow: provider.FlowRedirect, Return: "https://shop.example/back", Buyer: gomez}
	case "slip":
		return &provider.Online{Flow: provider.FlowDirect, Method: "rapipago", Buyer: gomez}
	}
	token, err := h.Tokenize(seller, sim.CardForm{Holder: holder})
	if err != nil {
		t.Fatal(err)
	}
	return &provider.Online{Flow: provider.FlowDirect, Method: "visa", Token: token, Buyer: gomez, Authorize: kind == "authorize"}
}

func (h *hub) sell(t *testing.T, kind, holder string) payment.Payment {
	t.Helper()
	p, err := h.Create(t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Test,
		ConnectionID: h.world.Connection.ID, Rail: provider.RailOnline, Online: h.asked(t, kind, holder),
		Amount: posta.Money{Amount: 150_000}, Description: "Pedido 7", By: "user:test"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *hub) capture(t *testing.T, id posta.PaymentID, minor int64) (payment.Payment, error) {
	t.Helper()
	return h.Capture(t.Context(), h.world.Merchant.ID, posta.Test, id, minor, "user:test")
}

func TestOnlinePaymentsComeToTheirEnds(t *testing.T) {
	h := newOnlineHub(t)
	for name, tc := range map[string]struct {
		kind, holder string
		want         payment.State
		reason       string
	}{
		"approved":  {"card", "APRO", payment.Paid, ""},
		"declined":  {"card", "FUND", payment.Rejected, "cc_rejected_insufficient_amount"},
		"in review": {"card", "CONT", payment.Pending, ""},
		"reserved":  {"authorize", "APRO", payment.Pending, ""},
		"slip":      {"slip", "", payment.Pending, ""},
		"redirect":  {"redirect", "", payment.Pending, ""},
	} {
		p := h.sell(t, tc.kind, tc.holder)
		if p.State != tc.want || p.LastDetail != tc.reason || p.Online.Token != "" {
			t.Errorf("%s: %s %q, token %q", name, p.State, p.LastDetail, p.Online.Token)
		}
		switch tc.kind {
		case "slip":
			if p.Next.URL == "" || p.Next.Reference == "" || p.Next.ExpiresAt.IsZero() {
				t.Errorf("%s: %+v", name, p.Next)
			}
		case "redirect":
			if !strings.HasPrefix(p.Next.URL, h.url) {
				t.Errorf("%s: %+v", name, p.Next)
			}
		case "authorize":
			if p.Progress != provider.ProgressAuthorized || !p.Capturable() {
				t.Errorf("%s: %+v", name, p.Summary)
			}
		}
	}
}

// A part that is captured is paid in full, and can be given back in full.
func TestAPartIsCapturedAndGivenBack(t *testing.T) {
	h := newOnlineHub(t)
	p := h.sell(t, "authorize", "APRO")
	if _, err := h.capture(t, p.ID, 150_001); posta.ErrorCode(err) != posta.CodeInvalid {
		t.Errorf("more than was reserved: %v", err)
	}
	p, err := h.capture(t, p.ID, 100_000)
	if err != nil || p.State != payment.Paid || p.Captured != 100_000 || p.Attention != "" {
		t.Fatalf("%s %d %q, %v", p.State, p.Captured, p.Attention, err)
	}
	if p, err = h.capture(t, p.ID, 100_000); err != nil || p.State != payment.Paid {
		t.Errorf("again: %s, %v", p.State, err)
	}
	if _, err = h.capture(t, p.ID, 50_000); posta.ErrorCode(err) != posta.CodeState {
		t.Errorf("another amount: %v", err)
	}
	if _, err := h.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
		PaymentID: p.ID, By: "user:test"}); err != nil {
		t.Fatal(err)
	}
	if p = h.get(t, p.ID); p.State != payment.Refunded || p.Refunded != 100_000 {
		t.Errorf("%s %d", p.State, p.Refunded)
	}
}

// A capture and a cancel exclude each other: what was asked for first counts,
// while its answer is still to come too.
func TestACaptureAndACancelExcludeEachOther(t *testing.T) {
	for _, first := range []string{"capture", "cancel"} {
		h := newOnlineHub(t)
		p := h.sell(t, "authorize", "APRO")
		next, silent := h.client.Transport, true
		h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if silent && r.Method == http.MethodPut {
				return nil, io.ErrUnexpectedEOF
			}
			return next.RoundTrip(r)
		})
		ask := map[string]func() error{
			"capture": func() error { _, err := h.capture(t, p.ID, 0); return err },
			"cancel": func() error {
				_, err := h.Cancel(t.Context(), p.MerchantID, p.Mode, p.ID, "user:test")
				return err
			},
		}
		second, want, money := "cancel", payment.Paid, int64(150_000)
		if first == "cancel" {
			second, want, money = "capture", payment.Canceled, 0
		}
		_ = ask[first]()
		if err := ask[second](); posta.ErrorCode(err) != posta.CodeState {
			t.Errorf("%s while a %s is under way: %v", second, first, err)
		}
		silent = false
		for range 5 {
			h.later(t, time.Minute)
		}
		if p = h.get(t, p.ID); p.State != want || h.Books(string(p.ID)).Approved != money {
			t.Errorf("%s, and the provider has %d", p.State, h.Books(string(p.ID)).Approved)
		}
	}
}

// A refusal of a capture leaves the money reserved, and another can be asked for.
func TestARefusedCaptureCanBeAskedForAnew(t *testing.T) {
	h := newOnlineHub(t)
	p := h.sell(t, "authorize", "APRO")
	next := h.client.Transport
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut {
			return &http.Response{StatusCode: 400, Header: http.Header{}, Request: r,
				Body: io.NopCloser(strings.NewReader(`{"message":"no","error":"bad_request","status":400,"cause":[{"code":2017}]}`))}, nil
		}
		return next.RoundTrip(r)
	})
	if got, err := h.capture(t, p.ID, 90_000); posta.ErrorCode(err) != posta.CodeProviderRejected || got.Progress != provider.ProgressAuthorized {
		t.Fatalf("%s, %v", got.State, err)
	}
	h.client.Transport = next
	if got, err := h.capture(t, p.ID, 0); err != nil || got.State != payment.Paid || got.Captured != 150_000 {
		t.Errorf("%s %d, %v", got.State, got.Captured, err)
	}
}

// keys notes the idempotency key of each kind of call. The first call of each kind
// never arrives, the answer to the second is lost.
type keys struct {
	mu   sync.Mutex
	next http.RoundTripper
	seen map[string]map[string]int // by kind, by key
}

func (k *keys) RoundTrip(r *http.Request) (*http.Response, error) {
	kind := ""
	switch {
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/refunds"):
		kind = "refund"
	case r.Method == http.MethodPost:
		kind = "create"
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		kind = "cancel"
		if bytes.Contains(body, []byte(`"capture"`)) {
			kind = "capture"
		}
	}
	if kind == "" {
		return k.next.RoundTrip(r)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen[kind] == nil {
		k.seen[kind] = map[string]int{}
	}
	k.seen[kind][r.Header.Get("X-Idempotency-Key")]++
	tries := 0
	for _, n := range k.seen[kind] {
		tries += n
	}
	if tries == 1 {
		return nil, io.ErrUnexpectedEOF
	}
	answer, err := k.next.RoundTrip(r)
	if tries == 2 && err == nil {
		answer.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return answer, err
}

// Seen red with a new key made in takeReserved.
func TestP07_EachOperationOnlineHasOneKeyOnEveryTry(t *testing.T) {
	for kind, act := range map[string]func(h *hub, p payment.Payment){
		"create": func(*hub, payment.Payment) {},
		"capture": func(h *hub, p payment.Payment) {
			_, _ = h.Capture(t.Context(), p.MerchantID, p.Mode, p.ID, 0, "user:test")
		},
		"cancel": func(h *hub, p payment.Payment) {
			_, _ = h.Cancel(t.Context(), p.MerchantID, p.Mode, p.ID, "user:test")
		},
		"refund": func(h *hub, p payment.Payment) {
			_, _ = h.Capture(t.Context(), p.MerchantID, p.Mode, p.ID, 0, "user:test")
			for range 5 {
				h.later(t, time.Minute)
			}
			_, _ = h.Service.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID,
				Mode: p.Mode, PaymentID: p.ID, Amount: 10_000, By: "user:test"})
		},
	} {
		t.Run(kind, func(t *testing.T) {
			h := newOnlineHub(t)
			k := &keys{next: h.client.Transport, seen: map[string]map[string]int{}}
			h.client.Transport = k
			p := h.sell(t, "authorize", "APRO")
			for range 20 {
				h.later(t, 3*time.Second)
			}
			act(h, p)
			for range 10 {
				h.later(t, 10*time.Minute)
			}
			for kind, seen := range k.seen {
				if len(seen) != 1 || seen[""] > 0 {
					t.Errorf("%s: keys %v", kind, seen)
				}
			}
			if tries := k.seen[kind]; len(tries) == 0 || tries[onlyKey(tries)] < 2 {
				t.Fatalf("it was not asked twice: %v", tries)
			}
			p = h.get(t, p.ID)
			want := map[string]payment.State{"create": payment.Pending, "capture": payment.Paid, "cancel": payment.Canceled, "refund": payment.PartiallyRefunded}[kind]
			if p.State != want {
				t.Errorf("%s, want %s", p.State, want)
			}
			if book := h.Books(string(p.ID)); book.Refunded != p.Refunded || book.Approved != p.Captured {
				t.Errorf("the provider has %+v, we %d and %d", book, p.Captured, p.Refunded)
			}
		})
	}
}

func onlyKey(tries map[string]int) string {
	for key := range tries {
		return key
	}
	return ""
}

// shaky loses calls, loses answers and sends calls twice.
type shaky struct {
	next http.RoundTripper
	draw *rand.Rand
	mu   sync.Mutex
	rate float64
}

func (s *shaky) set(rate float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = rate
}

func (s *shaky) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	roll, rate := s.draw.Float64(), s.rate
	s.mu.Unlock()
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	send := func() (*http.Response, error) {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		again.ContentLength = int64(len(body))
		return s.next.RoundTrip(again)
	}
	if roll < rate/3 {
		return nil, io.ErrUnexpectedEOF
	}
	answer, err := send()
	if roll < rate && err == nil {
		answer.Body.Close()
		if roll < 2*rate/3 {
			return nil, io.ErrUnexpectedEOF
		}
		return send()
	}
	return answer, err
}

// Whatever calls are lost or sent twice, and whichever notices come: in the end
// the hub's books are the provider's. Seen red with a key of its own for each try
// of a create.
func TestP13_OnlineAnyLossEndsAsTheProvidersBooks(t *testing.T) {
	rounds := uint64(25)
	if testing.Short() {
		rounds = 5
	}
	for seed := range rounds {
		h := newOnlineHub(t)
		draw := rand.New(rand.NewPCG(seed, 7))
		line := &shaky{next: h.client.Transport, draw: draw, rate: 0.8}
		h.client.Transport = line
		kind := []string{"redirect", "slip", "card", "authorize"}[draw.IntN(4)]
		p := h.sell(t, kind, []string{"APRO", "FUND", "CONT"}[draw.IntN(3)])
		var done []string
		h.later(t, 3*time.Second)
		line.set(0.4)
		for range 12 {
			p = h.get(t, p.ID)
			step := draw.IntN(8)
			done = append(done, fmt.Sprint(step))
			switch book := h.Books(string(p.ID)); step {
			case 0, 1:
				buy(h, p, kind, draw)
			case 2:
				_, _ = h.Service.Cancel(t.Context(), p.MerchantID, p.Mode, p.ID, "user:test")
			case 3:
				_, _ = h.Capture(t.Context(), p.MerchantID, p.Mode, p.ID, int64(1+draw.IntN(2))*75_000, "user:test")
			case 4:
				_, _ = h.Service.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID,
					Mode: p.Mode, PaymentID: p.ID, Amount: int64(draw.IntN(3)) * 40_000, By: "user:test"})
			case 5:
				for _, id := range append(book.Payments, 0) {
					_, _ = h.TakeNotice(t.Context(), h.world.Connection.ID, provider.Notice{Topic: "payment", Resource: fmt.Sprint(id)})
				}
			default:
				h.later(t, time.Duration(1+draw.IntN(20))*[]time.Duration{time.Second, time.Minute, 5 * time.Minute}[draw.IntN(3)])
			}
		}
		line.set(0)
		for range 60 {
			h.later(t, 3*time.Hour) // vouchers and holds come to their ends
		}
		p = h.get(t, p.ID)
		book := h.Books(string(p.ID))
		if p.Captured != book.Approved || p.Refunded != book.Refunded {
			t.Errorf("seed %d, %s, %s: captured %d and refunded %d (%s, %q), the provider has %d and %d", seed, kind, strings.Join(done, " "),
				p.Captured, p.Refunded, p.State, p.Attention, book.Approved, book.Refunded)
		}
		if p.State.Open() && book.InProcess == 0 {
			t.Errorf("seed %d, %s, %s: still %s", seed, kind, strings.Join(done, " "), p.State)
		}
		if kind != "redirect" && book.Attempts > 1 {
			t.Errorf("seed %d, %s, %s: %d payments of one charge", seed, kind, strings.Join(done, " "), book.Attempts)
		}
		if p.Refunded > p.Captured {
			t.Errorf("seed %d: %d given back of %d", seed, p.Refunded, p.Captured)
		}
	}
}

// buy is the buyer paying, as they can.
func buy(h *hub, p payment.Payment, kind string, draw *rand.Rand) {
	switch {
	case kind == "redirect" && p.Order != "":
		_, _ = h.PayPreference(p.Order, sim.Choice{Holder: []string{"APRO", "FUND", "CONT"}[draw.IntN(3)]})
	case kind == "slip" && p.Order != "":
		var id int64
		_, _ = fmt.Sscan(p.Order, &id)
		_ = h.PayVoucher(id)
	}
	for _, open := range h.InProcess() {
		_ = h.counter.Settle(open.PaymentID, draw.IntN(2) == 0)
	}
}
