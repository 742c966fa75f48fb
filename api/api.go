// Package api is Posta's JSON API: /v1/, its OpenAPI document and reference
// page, and /hooks/, where providers send their notices. It speaks HTTP and
// nothing else: rules live in the domain packages.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/golive"
	"posta/homologation"
	"posta/idempotency"
	"posta/inbox"
	"posta/live"
	"posta/payment"
	"posta/project"
	"posta/quality"
	"posta/settlement"
	"posta/subscription"
	"posta/text"
	"posta/till"
	"posta/webhook"
)

// Services is what the API serves.
type Services struct {
	Accounts      *account.Service
	Tills         *till.Service
	Payments      *payment.Service
	Settlements   *settlement.Service
	Projects      *project.Service
	Homologation  *homologation.Service
	GoLive        *golive.Service
	Quality       *quality.Service
	Inbox         *inbox.Service
	Webhooks      *webhook.Service
	Checkout      *checkout.Service
	Subscriptions *subscription.Service
	Hub           *live.Hub
	Events        live.Store
	Idempotency   *idempotency.Service
	Catalog       *text.Catalog
	Clock         posta.Clock
	Log           *slog.Logger
	PublicURL     func() string // without a slash at its end
	Version       string
}

// server is the API at work.
type server struct {
	Services
	v1   *http.ServeMux // what huma serves
	huma huma.API
	// operations are the document's, in the order in which people read them.
	operations []*huma.Operation
	// bodies are the longest bodies of operations that take long ones, in bytes.
	bodies map[string]int64
}

// New makes the handler of /v1/, /hooks/, /healthz, /openapi.json,
// /openapi.yaml and /docs/api.
func New(s Services) http.Handler {
	a := &server{Services: s, v1: http.NewServeMux(), bodies: map[string]int64{}}
	a.huma = humago.New(a.v1, config(s.Version))
	a.payments()
	a.captures()
	a.refunds()
	a.chargebacks()
	a.slips()
	a.stores()
	a.tills()
	a.terminals()
	a.devices()
	a.settlements()
	a.batches()
	a.shifts()
	a.products()
	a.links()
	a.sessions()
	a.plans()
	a.subscriptions()
	a.invoices()
	a.connections()
	a.methods()
	a.gates()
	a.projects()
	a.messages()
	a.attachments()
	a.homologations()
	a.qualities()
	a.notifications()
	a.events()
	a.endpoints()
	a.me()

	root := http.NewServeMux()
	root.HandleFunc("/hooks/{connection}", a.hook)
	root.HandleFunc("/hooks/mail/{secret}", a.mailHook)
	root.HandleFunc("/hooks/", a.unknown)
	root.HandleFunc("GET /v1/health", a.health)
	root.HandleFunc("GET /healthz", a.health)
	root.HandleFunc("/v1/", a.guarded)
	root.Handle("GET /openapi.json", a.v1)
	root.Handle("GET /openapi.yaml", a.v1)
	root.HandleFunc("GET /docs/api", a.reference())
	root.HandleFunc("/", a.unknown)
	return a.observed(root)
}

// guarded lets a request through to its operation: known key, known route, no
// card number, and for writes at most one effect.
func (a *server) guarded(w http.ResponseWriter, r *http.Request) {
	key, err := a.authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		a.fail(w, r, err)
		return
	}
	call := callOf(r.Context())
	call.key = key
	if !a.known(w, r) {
		a.unknown(w, r)
		return
	}
	if err := cardNumberIn(r); err != nil {
		a.fail(w, r, err)
		return
	}
	switch r.Method {
	case http.MethodPost:
		a.once(w, r)
	case http.MethodPatch, http.MethodPut, http.MethodDelete:
		if _, err := a.readBody(w, r); err != nil {
			a.fail(w, r, err)
			return
		}
		a.serve(w, r)
	default:
		a.serve(w, r)
	}
}

// serve runs the operation and remembers its route for the log.
func (a *server) serve(w http.ResponseWriter, r *http.Request) {
	defer func() { callOf(r.Context()).route = r.Pattern }()
	a.v1.ServeHTTP(w, r)
}

// known reports whether there is an operation at the request's path; where
// only the method is wrong it says which ones there are.
func (a *server) known(w http.ResponseWriter, r *http.Request) bool {
	handler, pattern := a.v1.Handler(r)
	if pattern != "" {
		return true
	}
	probe := &probe{header: http.Header{}}
	handler.ServeHTTP(probe, r)
	if allow := probe.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	return false
}

// probe takes an answer that nobody is to see.
type probe struct{ header http.Header }

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(int)             {}

// unknown answers where there is nothing, or nothing for the method.
func (a *server) unknown(w http.ResponseWriter, r *http.Request) {
	code := posta.CodeNotFound
	if w.Header().Get("Allow") != "" {
		code = codeMethod
	}
	a.fail(w, r, &posta.Error{Code: code})
}

// health tells whether the hub can work: it answers, and so does its store.
func (a *server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := a.Events.LastPosition(ctx); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "unavailable\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
