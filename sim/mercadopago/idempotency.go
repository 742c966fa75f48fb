package mercadopago

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"
)

// saved remembers what an idempotency key was used for
// (docs/providers/mercadopago.md §1.2).
type saved struct {
	ID       string // scope and key
	Hash     string // of method, path and body
	Status   int
	Body     json.RawMessage
	Resource string // "order:ORD…", answered as it stands now
	Until    time.Time
}

func (v *saved) key() (string, string) { return "saved", v.ID }
func (v *saved) index(st *state)       { st.saved[v.ID] = v }

const idempotencyLife = 24 * time.Hour

// lookup finds what the call's key was used for. The scope is account and
// operation: keys are kept per endpoint.
func (c *call) lookup(key string) (id, hash string, old *saved) {
	sum := sha256.Sum256([]byte(c.request.Method + " " + c.request.URL.Path + "\n" + string(c.body)))
	id, hash = text(c.account.UserID)+" "+c.op.name+" "+key, hex.EncodeToString(sum[:])
	if v := c.sim.saved[id]; v != nil && c.now.Before(v.Until) {
		old = v
	}
	return id, hash, old
}

func (c *call) remember(id, hash string, out reply, resource string) {
	c.sim.put(&saved{ID: id, Hash: hash, Status: out.status, Body: encode(out.body), Resource: resource, Until: c.now.Add(idempotencyLife)})
}

// idempotent does the work once per key: a repetition gets the resource as it
// stands, another request under the same key is refused, and a failed one
// stores nothing.
func (c *call) idempotent(longest int, work func() (reply, string)) reply {
	key := c.request.Header.Get("X-Idempotency-Key")
	if key == "" {
		return c.fail(http.StatusBadRequest, "empty_required_header", "The header X-Idempotency-Key is required.")
	}
	if len(key) > longest {
		return c.fail(http.StatusBadRequest, "bad_request", "The header X-Idempotency-Key is too long.")
	}
	id, hash, old := c.lookup(key)
	if old != nil && old.Hash != hash {
		status := http.StatusConflict
		if c.op.name == "pos2_create" || c.op.name == "pos2_update" {
			status = http.StatusBadRequest
		}
		return c.fail(status, "idempotency_key_already_used", "The idempotency key was already used with another request.")
	}
	if old != nil {
		if now := c.resource(old.Resource); now != nil {
			return reply{status: old.Status, body: now, code: "repeated"}
		}
		return reply{status: old.Status, body: []byte(old.Body), code: "repeated"}
	}
	out, resource := work()
	if out.status < 300 || out.status == http.StatusPaymentRequired {
		c.remember(id, hash, out, resource)
	}
	return out
}
