package prisma

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/sim/fault"
	"posta/sim/journal"
)

// call is one request being answered, under the simulator's lock.
type call struct {
	sim     *Simulator
	op      *operation
	request *http.Request
	body    []byte
	account *Account
	now     time.Time
}

const bodyLimit = 1 << 20

func (s *Simulator) serve(w http.ResponseWriter, r *http.Request, op *operation) {
	start := posta.SystemClock{}.Now()
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit+1))
	if err != nil {
		return
	}
	d := s.fault.Decide(fault.Call{Operation: op.name, Method: r.Method, Path: r.URL.Path})
	entry := journal.Exchange{Direction: "in", Operation: op.name, Method: r.Method, Path: r.URL.RequestURI(), Request: string(body), Faults: d.Rules, At: s.clock.Now()}
	finish := func(status int, answer []byte, note string) {
		entry.Status, entry.Response, entry.Note = status, string(answer), note
		entry.Millis = float64(posta.SystemClock{}.Now().Sub(start).Microseconds()) / 1000
		s.traffic.Add(entry)
		s.changed.Tell()
	}
	if !fault.Pause(r.Context(), d.Delay) {
		finish(0, nil, "caller left before the work")
		panic(http.ErrAbortHandler)
	}
	if d.CutBefore {
		finish(0, nil, "cut before the work")
		panic(http.ErrAbortHandler)
	}
	c := &call{sim: s, op: op, request: r, body: body}
	var out reply
	err = s.do(func() {
		c.now = s.clock.Now()
		s.settle(c.now)
		if d.Status != 0 {
			out = c.faulty(d.Status)
			return
		}
		out = c.answer()
		if d.StatusAfter != 0 {
			out = c.faulty(d.StatusAfter)
		}
	})
	if err != nil {
		s.log.Error("commit failed", "operation", op.name, "error", err)
		out = reply{status: http.StatusInternalServerError, body: plainText("commit failed")}
	}
	answer := encode(out.body)
	if !fault.Pause(r.Context(), d.DelayAfter) {
		finish(out.status, answer, "caller left before the answer")
		panic(http.ErrAbortHandler)
	}
	if d.CutAfter {
		finish(out.status, answer, "cut after the work")
		panic(http.ErrAbortHandler)
	}
	if d.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(d.RetryAfter.Seconds()))))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if _, plain := out.body.(plainText); plain {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(answer)
	finish(out.status, answer, out.code)
}

// answer checks who calls, for which merchant and with what, and does the work.
func (c *call) answer() reply {
	if c.op.open {
		return c.op.do(c)
	}
	c.account = c.bearer()
	if c.account == nil || c.sim.switches.APIKeyRequired && c.request.Header.Get("apikey") != c.account.PublicKey {
		return c.fail(http.StatusUnauthorized, "APIM-401", "Unauthorized")
	}
	switch {
	case c.op.name == "liveness" || c.op.name == "unknown":
		return c.op.do(c)
	case len(c.body) > bodyLimit:
		return c.badRequest("body")
	case len(bytes.TrimSpace(c.body)) > 0 && !strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/json"):
		return c.badRequest("Content-Type")
	case c.account.Environment == Sandbox:
		return c.mock()
	}
	cuit := c.query("cuit_cuil")
	if !dashedCUIT.MatchString(cuit) && !(c.sim.switches.CUITBareDigits && bareCUIT.MatchString(cuit)) {
		return c.badRequest("cuit_cuil")
	}
	if dashed(cuit) != c.account.CUIT {
		return c.notFound("Comercio")
	}
	if c.op.subnet && !c.subnet(c.query("subnet_acquirer_id")) {
		return c.badRequest("subnet_acquirer_id")
	}
	return c.op.do(c)
}

// subnet says whether the facilitator is the environment's
// (docs/providers/prisma.md §4).
func (c *call) subnet(id string) bool {
	return c.sim.switches.SubnetRelaxed || id == subnets[c.account.Environment]
}

// faulty is an answer that the script asked for.
func (c *call) faulty(status int) reply {
	title := map[int]string{500: "Error interno", 503: "Servicio no disponible"}[status]
	if title == "" {
		title = http.StatusText(status)
	}
	return c.fail(status, "PST-"+strconv.Itoa(status), title)
}

func (c *call) path(name string) string { return c.request.PathValue(name) }

func (c *call) query(name string) string { return c.request.URL.Query().Get(name) }

var secretish = regexp.MustCompile(`(?i)("(?:access_token|apiKey|card_holder_id)":")[^"]+`)

// mask hides tokens, keys and customers' documents.
func mask(text string) string { return secretish.ReplaceAllString(text, "$1•••") }

// Traffic lists the latest exchanges and deeds after the given id, oldest first.
func (s *Simulator) Traffic(after int64) []journal.Exchange { return s.traffic.Since(after) }
