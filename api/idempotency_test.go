package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/idempotency"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// Red under: replay that calls the service again; Finish left out for 5xx.
func TestP01_RepeatGivesTheSameAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		first := n.post("/v1/payments", "k1", n.charge(1500)).want(http.StatusCreated)
		n.clock.Move(23 * time.Hour)
		again := n.post("/v1/payments", "k1", n.charge(1500)).want(http.StatusCreated)
		if first.body != again.body || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("another answer:\n%s\n%s\n%v", first.body, again.body, again.header)
		}
		for _, name := range []string{"Location", "Content-Type"} {
			if first.header.Get(name) == "" || first.header.Get(name) != again.header.Get(name) {
				t.Errorf("%s: %q, then %q", name, first.header.Get(name), again.header.Get(name))
			}
		}
		if again.header.Get("X-Request-Id") == first.header.Get("X-Request-Id") {
			t.Error("the replay has the first one's request id")
		}
		if n.acquirer.charges() != 1 {
			t.Errorf("%d charges", n.acquirer.charges())
		}

		// Refusals that were decided on are repeated too, 5xx included.
		busy := n.post("/v1/payments", "k2", n.charge(1500))
		busy.refused(http.StatusConflict, posta.CodeTillBusy)
		if again := n.post("/v1/payments", "k2", n.charge(1500)); again.body != busy.body || again.status != busy.status {
			t.Errorf("another refusal: %s", again.body)
		}
		check := "/v1/connections/" + string(n.connection.ID) + "/check"
		n.acquirer.set(func() { n.acquirer.down = true })
		failed := n.post(check, "k3", nil)
		failed.refused(http.StatusBadGateway, posta.CodeProviderUnavailable)
		n.acquirer.set(func() { n.acquirer.down = false })
		if again := n.post(check, "k3", nil); again.body != failed.body || again.status != failed.status {
			t.Errorf("another failure: %d %s", again.status, again.body)
		}
		n.post(check, "k4", nil).want(http.StatusOK)
	})
}

func TestP02_KeyWithAnotherBodyIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		n.post("/v1/payments", "k", n.charge(1500)).want(http.StatusCreated)
		n.post("/v1/payments", "k", n.charge(1600)).refused(http.StatusUnprocessableEntity, posta.CodeIdempotencyReused)
		n.post("/v1/tills", "k", map[string]any{"store_id": n.store.ID, "name": "Caja 2"}).refused(http.StatusUnprocessableEntity, posta.CodeIdempotencyReused)
		if n.acquirer.charges() != 1 {
			t.Errorf("%d charges", n.acquirer.charges())
		}
	})
}

func TestP03_KeyInFlightIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		begun, release := make(chan struct{}), make(chan struct{})
		n.acquirer.during = func(provider.Charge) { close(begun); <-release }
		first := make(chan answer)
		go func() { first <- n.post("/v1/payments", "k", n.charge(1500)) }()
		<-begun
		p := n.post("/v1/payments", "k", n.charge(1500))
		p.refused(http.StatusConflict, posta.CodeInFlight)
		if p.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		n.acquirer.set(func() { n.acquirer.during = nil })
		close(release)
		done := (<-first).want(http.StatusCreated)
		if again := n.post("/v1/payments", "k", n.charge(1500)).want(http.StatusCreated); again.body != done.body {
			t.Errorf("another answer: %s", again.body)
		}
		if n.acquirer.charges() != 1 {
			t.Errorf("%d charges", n.acquirer.charges())
		}
	})
}

// Red under: Finish in place of Abandon.
func TestP04_FailedValidationStoresNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		for i, body := range []any{
			n.charge(0),                          // the service's rule
			map[string]any{"till_id": n.till.ID}, // huma's rule
			map[string]any{"till_id": n.till.ID, "amount": 1, "tip": 2},              // unknown field
			map[string]any{"till_id": "til_01JD9S3F2K8Q4ZV6W1X7Y5T0RB", "amount": 1}, // no such till
			`{"till_id":`, // not JSON
			map[string]any{"till_id": n.till.ID, "amount": 1, "reference": "4111 1111 1111 1111"},
		} {
			if a := n.post("/v1/payments", "k", body); a.status < 400 || a.status >= 500 || a.status == http.StatusConflict {
				t.Errorf("%d: status %d %s", i, a.status, a.body)
			}
		}
		n.post("/v1/payments", "k", n.charge(1500)).want(http.StatusCreated)
	})
}

func TestP05_KeysAreBoundedAndScoped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := start(t, db)
		a, b := h.tenant(), h.tenant()
		for key, code := range map[string]string{"": "required", strings.Repeat("k", 256): "too_long"} {
			p := a.post("/v1/payments", key, a.charge(1500)).refused(http.StatusBadRequest, posta.CodeInvalid)
			if len(p.Errors) != 1 || p.Errors[0].Field != "Idempotency-Key" || p.Errors[0].Code != code {
				t.Errorf("errors %+v, want %s", p.Errors, code)
			}
		}
		key := strings.Repeat("k", 255)
		a.post("/v1/payments", key, a.charge(1500)).want(http.StatusCreated)
		b.post("/v1/payments", key, b.charge(1600)).want(http.StatusCreated)
		// The same merchant's live key has keys of its own: this one is not "reused".
		body := map[string]any{"provider": "acquirer", "name": "Viva", "fields": map[string]string{"access_token": "x"}}
		h.do(http.MethodPost, "/v1/connections", a.live, body, "Idempotency-Key", key).want(http.StatusCreated)
	})
}

// Red under: an answer that is there not replayed; ClaimKey that inserts without looking.
func TestP06_ParallelWritesHaveOneEffect(t *testing.T) {
	each(t, func(t *testing.T, url string, db *store.DB) {
		h := start(t, db)
		n := h.tenant()
		other := *n
		other.hub = h.beside(storetest.OpenAt(t, url))
		const parallel = 24
		answers := make([]answer, parallel)
		var all sync.WaitGroup
		for i := range parallel {
			from := []*tenant{n, &other}[i%2]
			all.Go(func() { answers[i] = from.post("/v1/payments", "k", from.charge(1500)) })
		}
		all.Wait()
		final := other.post("/v1/payments", "k", n.charge(1500)).want(http.StatusCreated)
		made := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusCreated && a.body == final.body:
				if a.header.Get("Idempotent-Replayed") == "" {
					made++
				}
			case a.status == http.StatusConflict:
				a.refused(http.StatusConflict, posta.CodeInFlight)
			default:
				t.Errorf("status %d %s", a.status, a.body)
			}
		}
		if made != 1 || n.acquirer.charges() != 1 {
			t.Errorf("%d answers made, %d charges", made, n.acquirer.charges())
		}
		var list struct{ Totals struct{ Count int } }
		n.do(http.MethodGet, "/v1/payments", n.test, nil).want(http.StatusOK).into(&list)
		if list.Totals.Count != 1 {
			t.Errorf("%d payments", list.Totals.Count)
		}
	})
}

// A write that is cut off in the middle is gone on with, never begun anew. Red
// under: ids not made from the claim; Abandon on a panic.
func TestP01_CutOffWriteIsResumedAfterItsLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		var cut posta.PaymentID
		n.acquirer.during = func(c provider.Charge) { cut = c.Payment; panic("the machine stops") }
		n.post("/v1/payments", "k", n.charge(1500)).refused(http.StatusInternalServerError, posta.CodeInternal)
		n.acquirer.during = nil
		n.post("/v1/payments", "k", n.charge(1500)).refused(http.StatusConflict, posta.CodeInFlight)
		n.clock.Move(idempotency.Lease + time.Second)
		var p struct {
			ID    posta.PaymentID
			State string
		}
		n.post("/v1/payments", "k", n.charge(1500)).want(http.StatusCreated).into(&p)
		if p.ID != cut || p.State != "pending" || n.acquirer.charges() != 1 {
			t.Errorf("payment %s %s, cut off was %s; %d charges", p.ID, p.State, cut, n.acquirer.charges())
		}
	})
}
