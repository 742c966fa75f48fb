package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"posta"
	"posta/store"
	"posta/store/storetest"
)

// Promise 22 on the real program: the hub is killed under load, and each event
// that its own list has is delivered to the shop in the end, which refused
// every fifth at first; nothing else is, and every signature is good. The
// in-process test that kills at each write is webhook's.
//
// Sabotage that turns it red: the publisher's position committed before the
// deliveries (events that the shop never saw).
func TestP22_KilledUnderLoadTheShopHearsAll(t *testing.T) {
	t.Setenv("POSTA_ENDPOINT_NETWORKS", "127.0.0.0/8")
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		k := newKillRun(t, storetest.URL(t, db.Dialect()))
		shop := &webhookShop{seen: map[string]int{}, refused: map[string]bool{}}
		server := httptest.NewServer(shop)
		defer server.Close()
		var endpoint struct{ ID, Secret string }
		if !k.untilAnswered("POST", "/v1/endpoints", "endpoint", map[string]any{"url": server.URL, "events": []string{"payment.*", "refund.*"}}, &endpoint) {
			t.Fatal("no endpoint")
		}
		shop.know(endpoint.Secret)
		k.underLoad(8)
		k.settleAll()
		var expected map[string]bool
		eventually(t, 2*time.Minute, func() string {
			expected = k.events("payment.", "refund.")
			states := map[string]int{}
			for after := ""; ; {
				var list struct {
					Data []struct{ ID, State string }
					Next string
				}
				if _, err := call("GET", k.hubURL+"/v1/endpoints/"+endpoint.ID+"/deliveries?limit=100&after="+after, k.key, "", nil, &list); err != nil {
					return err.Error()
				}
				for _, d := range list.Data {
					states[d.State]++
				}
				if after = list.Next; after == "" {
					break
				}
			}
			if states["delivered"] != len(expected) || len(states) != 1 {
				return fmt.Sprintf("%d events, deliveries %v", len(expected), states)
			}
			return ""
		})
		shop.mu.Lock()
		defer shop.mu.Unlock()
		for id := range expected {
			if shop.seen[id] == 0 {
				t.Errorf("%s is delivered, and the shop never took it", id)
			}
		}
		for id := range shop.seen {
			if !expected[id] {
				t.Errorf("the shop took %s, which is no event", id)
			}
		}
		if len(expected) < 50 || shop.forged > 0 {
			t.Errorf("%d events, %d with a bad signature", len(expected), shop.forged)
		}
		t.Logf("%d events delivered, %d refused at first", len(expected), len(shop.refused))
	})
}

// events are the ids of the hub's events whose type begins so.
func (k *killRun) events(beginnings ...string) map[string]bool {
	out := map[string]bool{}
	for after := int64(0); ; {
		var list struct {
			Data []posta.Event
			Next int64
		}
		if _, err := call("GET", k.hubURL+"/v1/events?limit=100&after="+strconv.FormatInt(after, 10), k.key, "", nil, &list); err != nil {
			k.t.Fatal(err)
		}
		for _, e := range list.Data {
			for _, beginning := range beginnings {
				if strings.HasPrefix(e.Type, beginning) {
					out[string(e.ID)] = true
				}
			}
		}
		if len(list.Data) == 0 {
			return out
		}
		after = list.Next
	}
}

// webhookShop is a shop that verifies what it is told and refuses every fifth
// event once.
type webhookShop struct {
	mu       sync.Mutex
	verifier *standardwebhooks.Webhook
	seen     map[string]int // taken, by webhook-id
	refused  map[string]bool
	forged   int
}

func (s *webhookShop) know(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verifier, _ = standardwebhooks.NewWebhook(secret)
}

// ServeHTTP takes a delivery.
func (s *webhookShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.Header.Get("webhook-id")
	switch {
	case err != nil || s.verifier == nil: // cut off, or not set up yet
		w.WriteHeader(http.StatusServiceUnavailable)
	case s.verifier.Verify(body, r.Header) != nil:
		s.forged++
		w.WriteHeader(http.StatusUnauthorized)
	case !s.refused[id] && s.seen[id] == 0 && (len(s.seen)+len(s.refused))%5 == 4:
		s.refused[id] = true
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		s.seen[id]++
	}
}
