package idempotency_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/idempotency"
	"posta/seal"
	"posta/store"
	"posta/store/storetest"
)

type world struct {
	*idempotency.Service
	clock *posta.MovableClock
	mer   posta.MerchantID
}

func each(t *testing.T, test func(t *testing.T, w world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		box, err := seal.Open(seal.NewKey())
		if err != nil {
			t.Fatal(err)
		}
		clock := posta.NewFrozenClock(storetest.Now)
		test(t, world{&idempotency.Service{Store: db, Box: box, Clock: clock}, clock, storetest.Seed(t, db).Merchant.ID})
	})
}

func (w world) request(key, body string) idempotency.Request {
	return idempotency.Request{MerchantID: w.mer, Mode: posta.Test, Key: key,
		Fingerprint: w.Fingerprint("POST", "/v1/payments", []byte(body))}
}

func (w world) begin(t *testing.T, r idempotency.Request) idempotency.Claim {
	t.Helper()
	c, answer, err := w.Begin(t.Context(), r)
	if err != nil || answer != nil || !c.Taken || c.ULID == "" {
		t.Fatalf("Begin = %+v, %+v, %v; want a held claim", c, answer, err)
	}
	return c
}

func (w world) refused(t *testing.T, r idempotency.Request, code posta.Code) *posta.Error {
	t.Helper()
	_, answer, err := w.Begin(t.Context(), r)
	if answer != nil || posta.ErrorCode(err) != code {
		t.Fatalf("Begin = %+v, %v; want %s", answer, err, code)
	}
	return err.(*posta.Error)
}

// Turns red when Finish drops the header, or saves no 5xx.
func TestP01_SameRequestSameAnswer(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for i, want := range []idempotency.Answer{
			{Status: 201, ContentType: "application/json", Header: map[string]string{"Location": "/v1/payments/pay_1"}, Body: []byte("{\"a\":1}\n\n")},
			{Status: 503, ContentType: "application/problem+json", Body: []byte{0xff, '\n', 0}},
			{Status: 204, Body: []byte{}},
		} {
			r := w.request(fmt.Sprint("k", i), "{}")
			if err := w.Finish(t.Context(), w.begin(t, r), want); err != nil {
				t.Fatal(err)
			}
			for _, later := range []time.Duration{0, 23*time.Hour + 59*time.Minute} {
				w.clock.Move(later)
				_, got, err := w.Begin(t.Context(), r)
				if err != nil || got == nil || !reflect.DeepEqual(*got, want) {
					t.Errorf("after %v: %+v, %v; want %+v", later, got, err, want)
				}
			}
		}
	})
}

func TestP02_OtherRequestIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		c := w.begin(t, w.request("k", `{"amount":1}`))
		other := w.request("k", `{"amount":2}`)
		w.refused(t, other, posta.CodeIdempotencyReused)
		w.clock.Move(idempotency.Lease + time.Second) // nor does it take over
		w.refused(t, other, posta.CodeIdempotencyReused)
		if err := w.Finish(t.Context(), c, idempotency.Answer{Status: 201}); err != nil {
			t.Fatal(err)
		}
		w.refused(t, other, posta.CodeIdempotencyReused)
		a := w.Fingerprint("POST", "/v1/a", []byte("b"))
		for _, b := range []string{w.Fingerprint("PUT", "/v1/a", []byte("b")), w.Fingerprint("POST", "/v1/b", []byte("b")),
			w.Fingerprint("POST", "/v1/a", []byte("c")), w.Fingerprint("POST", "/v1/", []byte("ab"))} {
			if a == b {
				t.Error("two requests have one fingerprint")
			}
		}
	})
}

// Turns red when a takeover makes up a new ULID.
func TestP03_InFlightAndTakenOver(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		r := w.request("k", "{}")
		first := w.begin(t, r)
		if e := w.refused(t, r, posta.CodeInFlight); e.RetryAfter < time.Second || e.RetryAfter > idempotency.Lease {
			t.Errorf("RetryAfter %v", e.RetryAfter)
		}
		w.clock.Move(idempotency.Lease + time.Microsecond)
		second := w.begin(t, r)
		if second.ULID != first.ULID {
			t.Errorf("taken over as %s, was %s: what the first run made is not found", second.ULID, first.ULID)
		}
		w.refused(t, r, posta.CodeInFlight)
		if err := w.Finish(t.Context(), first, idempotency.Answer{Status: 500}); posta.ErrorCode(err) != posta.CodeConflict {
			t.Errorf("the first run saved its answer: %v", err)
		}
		if err := w.Finish(t.Context(), second, idempotency.Answer{Status: 201}); err != nil {
			t.Fatal(err)
		}
		if _, answer, err := w.Begin(t.Context(), r); err != nil || answer.Status != 201 {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

func TestP04_AbandonedKeyIsFree(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx, cancel := context.WithCancel(t.Context())
		c := w.begin(t, w.request("k", `{"amount":-1}`))
		cancel() // the caller has gone
		if err := w.Abandon(ctx, c); err != nil {
			t.Fatal(err)
		}
		w.begin(t, w.request("k", `{"amount":1}`))
	})
}

func TestP05_KeysAndTheirScope(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for key, code := range map[string]string{"": "required", strings.Repeat("k", 256): "too_long", strings.Repeat("é", 256): "too_long",
			"a\x00b": "malformed", "a\nb": "malformed", "\xff": "malformed"} {
			e := w.refused(t, w.request(key, "{}"), posta.CodeInvalid)
			if e.Fields[0].Field != "Idempotency-Key" || e.Fields[0].Code != code {
				t.Errorf("%.10q: %v, want %s", key, e, code)
			}
		}
		w.begin(t, w.request(strings.Repeat("é", 255), "{}"))
		r := w.request("k", "{}")
		w.begin(t, r)
		live := r
		live.Mode = posta.Live
		w.begin(t, live)
		other := r
		other.MerchantID = storetest.Seed(t, w.Store.(*store.DB)).Merchant.ID
		w.begin(t, other)
	})
}

func TestP06_ParallelEqualRequestsHaveOneEffect(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		var effects, replayed, inFlight atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				c, answer, err := w.Begin(t.Context(), w.request("k", "{}"))
				switch {
				case posta.ErrorCode(err) == posta.CodeInFlight:
					inFlight.Add(1)
				case err != nil:
					t.Error(err)
				case answer != nil:
					replayed.Add(1)
				default:
					effects.Add(1)
					if err := w.Finish(t.Context(), c, idempotency.Answer{Status: 201}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if effects.Load() != 1 || replayed.Load()+inFlight.Load() != 49 {
			t.Errorf("%d effects, %d replayed, %d in flight", effects.Load(), replayed.Load(), inFlight.Load())
		}
	})
}

// P40, and that an answer is nobody else's.
func TestP40_AnswersAreSealed(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		const canary = "CANARY-90ab"
		r := w.request("k", "{}")
		if err := w.Finish(t.Context(), w.begin(t, r), idempotency.Answer{Status: 201, Body: []byte(canary)}); err != nil {
			t.Fatal(err)
		}
		c, err := w.Store.ClaimKey(t.Context(), r, "", w.clock.Now())
		if err != nil || len(c.Answer) == 0 || strings.Contains(string(c.Answer), canary) {
			t.Fatalf("kept %q, %v", c.Answer, err)
		}
		other := w.begin(t, w.request("k2", "{}"))
		other.Status, other.Answer = 201, c.Answer
		if err := w.Store.SaveAnswer(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if _, answer, err := w.Begin(t.Context(), other.Request); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("another's answer was replayed: %+v, %v", answer, err)
		}
	})
}

func TestSweepForgetsOldAnswers(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		r := w.request("k", "{}")
		if err := w.Finish(t.Context(), w.begin(t, r), idempotency.Answer{Status: 201}); err != nil {
			t.Fatal(err)
		}
		sweep := func() {
			if err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Move(idempotency.Lifetime)
		sweep()
		if _, answer, _ := w.Begin(t.Context(), r); answer == nil {
			t.Error("forgotten too early")
		}
		w.clock.Move(time.Microsecond)
		sweep()
		w.begin(t, r)
	})
}

// A body may hold the number of a document: eight digits, which a plain hash
// would give away to whoever tries them all. Sabotage that turns it red: a
// Fingerprint that is a hash without a key.
func TestP40_AFingerprintTellsNothingOfTheBodyWithoutTheKey(t *testing.T) {
	mark := func(key string) string {
		box, err := seal.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		s := &idempotency.Service{Box: box}
		return s.Fingerprint("POST", "/v1/payments", []byte(`{"options":{"document":"12345678"}}`))
	}
	one, other := seal.NewKey(), seal.NewKey()
	if again := mark(one); again != mark(one) || mark(one) == mark(other) || len(mark(one)) != 64 {
		t.Errorf("%s, again %s, with another key %s", mark(one), mark(one), mark(other))
	}
}
