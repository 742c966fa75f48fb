package webhook_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"posta"
	"posta/webhook"
)

// P17, the published vector: the library that signs for us gives the signature
// that the specification's own tests expect.
func TestP17_PublishedVector(t *testing.T) {
	signer, err := standardwebhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got, err := signer.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}

// P17: what arrives passes the library's check, clock included; the id and the
// body are the same on every try and when it is sent again, the signature is
// fresh. Red under: webhook-id the delivery's claim; the timestamp of the hub's
// moved clock; a body made anew with its time.
func TestP17_WhatArrivesIsSigned(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		e, secret := h.endpoint(shop.URL+"/hooks?x=1", "payment.*")
		if key, err := standardwebhooks.NewWebhook(secret); err != nil || key == nil || !strings.HasPrefix(secret, "whsec_") {
			t.Fatalf("secret %q: %v", secret, err)
		}
		if bytes.Contains(e.Sealed, []byte(secret[6:])) {
			t.Error("the secret is kept as it is")
		}
		shop.answers(status(http.StatusInternalServerError))
		id := h.emit("payment.paid")[0]
		h.sweep()
		h.clock.Move(10 * time.Second)
		shop.answers(nil)
		h.sweep()
		d, _ := h.one(e)
		if err := h.SendAgain(t.Context(), e.MerchantID, e.Mode, d.ID); err != nil {
			t.Fatal(err)
		}
		h.sweep()
		taken := shop.taken()
		if len(taken) != 3 {
			t.Fatalf("%d requests", len(taken))
		}
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range taken {
			if err := verifier.Verify(g.body, g.header); err != nil {
				t.Errorf("try %d: %v", i+1, err)
			}
			if g.header.Get("webhook-id") != string(id) || !bytes.Equal(g.body, taken[0].body) || g.header.Get("Content-Type") != "application/json" {
				t.Errorf("try %d: %v %s", i+1, g.header, g.body)
			}
			changed := append(bytes.Clone(g.body[:len(g.body)-1]), ' ')
			if verifier.Verify(changed, g.header) == nil {
				t.Error("a changed body passes")
			}
		}
		var body struct {
			Type      string
			Timestamp time.Time
			Data      struct {
				ID, Reference string
				Amount        int64
			}
		}
		if err := json.Unmarshal(taken[0].body, &body); err != nil || body.Type != "payment.paid" || body.Data.ID != "pay_0" ||
			body.Data.Reference != "1042 & más" || body.Data.Amount != 150000 || !body.Timestamp.Equal(h.clock.Now().Add(-10*time.Second)) {
			t.Errorf("body %s: %v", taken[0].body, err)
		}
	})
}

// schedule is how long after a try the next one may come.
var schedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// P19: the pauses follow the schedule, each longer by up to a fifth; then the
// delivery is dead, and sent again by hand it starts anew. Red under: pauses
// without growth; jitter that shortens; a dead delivery still due.
func TestP19_ScheduleOfWhatFails(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		shop.answers(status(http.StatusServiceUnavailable))
		e, _ := h.endpoint(shop.URL, "*")
		h.emit("payment.paid")
		var exact int
		for i, pause := range schedule {
			h.sweep()
			d, attempts := h.one(e)
			if d.State != webhook.Pending || d.Tries != i+1 || len(attempts) != i+1 || d.Status != 503 || !within(d.DueAt, h.clock.Now(), pause, pause+pause/5) {
				t.Fatalf("after try %d: %+v, due in %v", i+1, d, d.DueAt.Sub(h.clock.Now()))
			}
			if d.DueAt.Equal(h.clock.Now().Add(pause)) {
				exact++
			}
			h.clock.Move(d.DueAt.Sub(h.clock.Now()) - time.Microsecond)
			h.sweep()
			if n := len(shop.taken()); n != i+1 {
				t.Fatalf("%d tries before the next one was due", n)
			}
			h.clock.Move(time.Microsecond)
		}
		if exact == len(schedule) {
			t.Error("no jitter")
		}
		h.sweep()
		d, attempts := h.one(e)
		if d.State != webhook.Dead || d.Reason != webhook.ReasonExhausted || !d.DueAt.IsZero() || len(attempts) != len(schedule)+1 || h.get(e).State != webhook.Enabled {
			t.Fatalf("at the end: %+v", d)
		}
		shop.answers(nil)
		h.clock.Move(240 * time.Hour)
		h.sweep()
		if n := len(shop.taken()); n != len(schedule)+1 {
			t.Fatalf("%d tries of a dead delivery", n)
		}
		if err := h.SendAgain(t.Context(), e.MerchantID, e.Mode, d.ID); err != nil {
			t.Fatal(err)
		}
		h.sweep()
		if d, _ = h.one(e); d.State != webhook.Delivered || d.Tries != 1 || d.Attempts != len(schedule)+2 {
			t.Errorf("sent again: %+v", d)
		}
	})
}

// P19: 4xx other than 408 and 429, and redirects, are tried 4 times in all, 408
// and 429 to the end. A redirect is not followed. Red under: every status alike.
func TestP19_RefusalsAreNotHammered(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		for code, tries := range map[int]int{400: 4, 401: 4, 404: 4, 422: 4, 302: 4, 307: 4, 408: 10, 429: 10, 500: 10} {
			shop := newShop(t)
			shop.answers(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(code)
				if r.URL.Path != "/" || r.Method != http.MethodPost {
					t.Errorf("%s %s", r.Method, r.URL)
				}
			})
			e, _ := h.endpoint(shop.URL+"/", "payment.paid")
			h.emit("payment.paid")
			for range 12 {
				h.sweep()
				if d, _ := h.one(e); d.State == webhook.Pending {
					h.clock.Move(d.DueAt.Sub(h.clock.Now()))
				}
			}
			reason := webhook.ReasonExhausted
			if tries == 4 {
				reason = webhook.ReasonRefused
			}
			if d, _ := h.one(e); d.State != webhook.Dead || d.Reason != reason || len(shop.taken()) != tries {
				t.Errorf("%d: %d tries, %s %s", code, len(shop.taken()), d.State, d.Reason)
			}
			if err := h.Remove(t.Context(), e.MerchantID, e.Mode, e.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// P19: Retry-After, in seconds or as a date, puts the next try off, up to a
// day; one shorter than the pause changes nothing. Red under: the header not read.
func TestP19_RetryAfterIsObeyed(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		e, _ := h.endpoint(shop.URL, "payment.paid")
		h.emit("payment.paid")
		d := webhook.Delivery{}
		for i, tc := range []struct {
			text string
			want time.Duration
		}{{"3600", time.Hour}, {h.clock.Now().Add(time.Hour + 3*time.Hour).Format(http.TimeFormat), 0}, {"1", 30 * time.Minute}, {"9999999", 24 * time.Hour},
			{"soon", 5 * time.Hour}, {"-5", 10 * time.Hour}} {
			if d.ID != "" {
				h.clock.Move(d.DueAt.Sub(h.clock.Now()))
			}
			want := tc.want
			if want == 0 { // a date, told in whole seconds
				at, _ := http.ParseTime(tc.text)
				want = at.Sub(h.clock.Now())
			}
			shop.answers(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tc.text)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			h.sweep()
			if d, _ = h.one(e); d.Tries != i+1 || !within(d.DueAt, h.clock.Now(), want, want+want/5) {
				t.Fatalf("%q: try %d, due in %v, want %v", tc.text, d.Tries, d.DueAt.Sub(h.clock.Now()), want)
			}
		}
	})
}

// P19: 410 disables the endpoint, and what waits for it is dead; events go on
// being kept. Enabled again, it takes what is sent by hand and what is new.
// Red under: 410 treated as a refusal; pending deliveries left to a disabled
// endpoint.
func TestP19_GoneDisables(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		shop.answers(status(http.StatusBadGateway))
		e, _ := h.endpoint(shop.URL, "payment.*")
		h.emit("payment.created")
		h.sweep()
		shop.answers(status(http.StatusGone))
		h.emit("payment.paid")
		h.sweep()
		if now := h.get(e); now.State != webhook.Disabled || now.Reason != webhook.ReasonGone {
			t.Fatalf("%+v", now)
		}
		h.emit("payment.refunded")
		h.clock.Move(240 * time.Hour)
		h.sweep()
		reasons := map[string]webhook.Reason{}
		for _, d := range h.deliveries(e) {
			if d.State != webhook.Dead {
				t.Errorf("%s is %s", d.Type, d.State)
			}
			reasons[d.Type] = d.Reason
			wantCode(t, h.SendAgain(t.Context(), e.MerchantID, e.Mode, d.ID), posta.CodeState)
		}
		if len(shop.taken()) != 2 || reasons["payment.created"] != webhook.ReasonDisabled || reasons["payment.paid"] != webhook.ReasonGone || reasons["payment.refunded"] != webhook.ReasonDisabled {
			t.Errorf("%d requests, %v", len(shop.taken()), reasons)
		}
		_, err := h.Test(t.Context(), e.MerchantID, e.Mode, e.ID, posta.NewID[posta.DeliveryID](h.clock.Now()))
		wantCode(t, err, posta.CodeState)

		shop.answers(nil)
		if _, err := h.Update(t.Context(), e.MerchantID, e.Mode, e.ID, webhook.Change{Enabled: new(true)}); err != nil {
			t.Fatal(err)
		}
		h.emit("payment.disputed")
		for _, d := range h.deliveries(e) {
			if err := h.SendAgain(t.Context(), e.MerchantID, e.Mode, d.ID); err != nil {
				t.Fatal(err)
			}
		}
		h.sweep()
		if c, err := h.db.CountDeliveries(t.Context(), e.MerchantID, e.ID); err != nil || (c != webhook.Counts{Delivered: 4}) {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// P19: of an answer only the beginning is read and kept; one without an end
// counts for what its status says. Red under: an answer read whole; one over the
// limit taken for a failure.
func TestP19_AnswersAreReadUpToALimit(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		written := make(chan int, 1)
		shop.answers(func(w http.ResponseWriter, _ *http.Request) {
			n, line := 0, []byte(strings.Repeat("x", 64<<10))
			for n < 256<<20 {
				m, err := w.Write(line)
				if n += m; err != nil {
					break
				}
			}
			written <- n
		})
		e, _ := h.endpoint(shop.URL, "payment.paid")
		h.emit("payment.paid")
		h.sweep()
		d, attempts := h.one(e)
		if d.State != webhook.Delivered || len(attempts) != 1 || len(attempts[0].Answer) != 1024 || attempts[0].Status != 200 || attempts[0].Failure != "" {
			t.Errorf("%+v, %d bytes kept", d, len(attempts[0].Answer))
		}
		if n := <-written; n >= 256<<20 {
			t.Errorf("%d bytes were taken", n)
		}
	})
}

// P19: an endpoint that does not answer is given up after 15 s. The time-out
// itself is the outbound client's, whose test holds it.
func TestP19_TimeOut(t *testing.T) {
	if webhook.Timeout < 15*time.Second || webhook.Timeout > 30*time.Second {
		t.Errorf("time-out %v", webhook.Timeout)
	}
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		shop.answers(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		e, _ := h.endpoint(shop.URL, "payment.paid")
		h.emit("payment.paid")
		h.sweep()
		d, attempts := h.one(e)
		if d.State != webhook.Pending || len(attempts) != 1 || attempts[0].Failure != webhook.FailureUnreachable || attempts[0].Error == "" || d.Status != 0 {
			t.Errorf("%+v %+v", d, attempts)
		}
		if strings.Contains(attempts[0].Error, shop.URL) {
			t.Error("the error holds the address")
		}
	})
}

// A slow endpoint holds up nobody but itself, and not wholly: at most 8 tries
// of it are under way, and the others' deliveries pass. Red under: a claim
// without room; one queue for all.
func TestASlowEndpointHoldsUpNobody(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		release, arrived := make(chan struct{}), make(chan struct{}, 100)
		slow, quick := newShop(t), newShop(t)
		slow.answers(func(http.ResponseWriter, *http.Request) {
			arrived <- struct{}{}
			<-release
		})
		e, _ := h.endpoint(slow.URL, "payment.*")
		other, _ := h.endpoint(quick.URL, "payment.*")
		h.emit(slices.Repeat([]string{"payment.paid"}, 50)...)
		if _, err := h.SweepEvents(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{}, 200)
		spawn := func(f func()) {
			go func() {
				defer func() { ended <- struct{}{} }()
				f()
			}()
		}
		took, handled := 0, 0
		sweep := func() int {
			t.Helper()
			n, err := h.SweepDeliveries(t.Context(), spawn)
			if err != nil {
				t.Fatal(err)
			}
			took += n
			return n
		}
		for took < 58 { // 50 of the quick one, 8 of the slow one
			if sweep() == 0 {
				<-ended
				handled++
			}
		}
		for range 8 {
			<-arrived
		}
		if more := sweep(); took != 58 || more != 0 {
			t.Errorf("%d of the slow one are under way", took-50)
		}
		close(release)
		for ; handled < 100; handled++ {
			sweep()
			<-ended
		}
		if len(quick.taken()) != 50 || len(slow.taken()) != 50 || h.counts(e).Delivered != 50 || h.counts(other).Delivered != 50 {
			t.Errorf("%d and %d requests, %+v, %+v", len(quick.taken()), len(slow.taken()), h.counts(e), h.counts(other))
		}
	})
}

// A test event goes to its endpoint whatever the filter, marked as a test; the
// same request twice sends one.
func TestATestEvent(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		e, _ := h.endpoint(shop.URL, "refund.*")
		id := posta.NewID[posta.DeliveryID](h.clock.Now())
		for range 2 {
			if d, err := h.Test(t.Context(), e.MerchantID, e.Mode, e.ID, id); err != nil || d.ID != id || !d.Test {
				t.Fatal(d, err)
			}
		}
		h.sweep()
		d, attempts := h.one(e)
		if d.State != webhook.Delivered || !d.Test || d.Type != webhook.TestType || len(shop.taken()) != 1 || len(attempts) != 1 {
			t.Errorf("%+v", d)
		}
		if body := string(shop.taken()[0].body); !strings.Contains(body, `"type":"endpoint.test"`) || !strings.Contains(body, string(e.ID)) {
			t.Error(body)
		}
		if ts, err := strconv.ParseInt(shop.taken()[0].header.Get("webhook-timestamp"), 10, 64); err != nil || ts == 0 {
			t.Error(err)
		}
		_, err := h.Test(t.Context(), e.MerchantID, posta.Live, e.ID, id)
		wantCode(t, err, posta.CodeNotFound)
	})
}
