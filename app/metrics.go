package app

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"posta"
	"posta/inbox"
	"posta/live"
	"posta/outbound"
	"posta/work"
)

// metrics counts what happens, by wrapping the seams between the parts: those
// know nothing of it. No label bears a merchant, an id, or anything typed.
type metrics struct {
	registry      *prometheus.Registry
	requests      *prometheus.CounterVec
	requestTime   *prometheus.HistogramVec
	notifications *prometheus.CounterVec
	calls         *prometheus.HistogramVec
	events        *prometheus.CounterVec
	swept         *prometheus.CounterVec
	sweepErrors   *prometheus.CounterVec

	mu     sync.Mutex
	routes map[string]bool // told apart so far
	idle   map[string]time.Time
}

// mostRoutes bounds what the label route can be, whatever is asked for.
const mostRoutes = 200

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), routes: map[string]bool{}, idle: map[string]time.Time{}}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.requests = counter("posta_http_requests_total", "Requests answered.", "route", "method", "status")
	m.requestTime = histogram("posta_http_request_seconds", "Time to the end of the answer; of streams, how long they were open.",
		[]float64{.005, .025, .1, .5, 2, 10, 60}, "route")
	m.notifications = counter("posta_notifications_total", "Notifications of providers: stored, or refused because they could not be.", "result")
	m.calls = histogram("posta_provider_call_seconds", "Exchanges with providers. Outcome is the class of the status, or none when there was no answer.",
		[]float64{.05, .1, .2, .4, .8, 1.6, 3, 6, 10}, "operation", "outcome")
	m.events = counter("posta_events_total", "Events relayed, such as payment.paid: the payments' changes of state. Each hub counts all: do not add hubs up.", "type", "mode")
	m.swept = counter("posta_sweep_rows_total", "Rows that were due and taken.", "sweep")
	m.sweepErrors = counter("posta_sweep_errors_total", "Sweeps that failed.", "sweep")
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "posta_build_info", Help: "The version that runs."}, []string{"version"})
	build.WithLabelValues(Version).Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// served counts the requests to next.
func (m *metrics) served(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := posta.SystemClock{}.Now()
		out := &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			route := m.route(r.URL.Path, out.status)
			m.requests.WithLabelValues(route, method(r.Method), strconv.Itoa(out.status)).Inc()
			m.requestTime.WithLabelValues(route).Observe(posta.SystemClock{}.Now().Sub(begun).Seconds())
		}()
		next.ServeHTTP(out, r)
	})
}

var anID = regexp.MustCompile(`^[a-z]{3}_[0-9A-Z]{26}$`)

// route is a path with its ids taken out; of those not told apart, "other".
func (m *metrics) route(path string, status int) string {
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		return "none"
	}
	if strings.HasPrefix(path, "/static/") {
		return "/static/"
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if anID.MatchString(part) {
			parts[i] = "{id}"
		}
	}
	path = strings.Join(parts, "/")
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.routes[path] {
		if len(m.routes) >= mostRoutes || len(path) > 100 {
			return "other"
		}
		m.routes[path] = true
	}
	return path
}

func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return name
	}
	return "other"
}

// answer remembers the status that was sent.
type answer struct {
	http.ResponseWriter
	status int
	sent   bool
}

// WriteHeader sends the status.
func (a *answer) WriteHeader(status int) {
	if !a.sent && status >= 200 {
		a.status, a.sent = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (a *answer) Write(b []byte) (int, error) {
	a.sent = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// inbox counts the notifications that are stored.
func (m *metrics) inbox(store inbox.Store) inbox.Store { return countedInbox{store, m} }

type countedInbox struct {
	inbox.Store
	metrics *metrics
}

// InsertNotification commits one, and counts it.
func (c countedInbox) InsertNotification(ctx context.Context, n inbox.Notification) error {
	err := c.Store.InsertNotification(ctx, n)
	result := "stored"
	if err != nil {
		result = "refused"
	}
	c.metrics.notifications.WithLabelValues(result).Inc()
	return err
}

// live counts the events that are relayed.
func (m *metrics) live(store live.Store) live.Store { return countedEvents{store, m} }

type countedEvents struct {
	live.Store
	metrics *metrics
}

// EventsAfter lists events, and counts them.
func (c countedEvents) EventsAfter(ctx context.Context, position int64, limit int) ([]posta.Event, error) {
	events, err := c.Store.EventsAfter(ctx, position, limit)
	for _, e := range events {
		c.metrics.events.WithLabelValues(e.Type, string(e.Mode)).Inc()
	}
	return events, err
}

// called counts the exchanges that record keeps.
func (m *metrics) called(record func(context.Context, outbound.Call) error) func(context.Context, outbound.Call) error {
	return func(ctx context.Context, c outbound.Call) error {
		outcome := "none"
		if c.Error == "" && c.Status > 0 {
			outcome = strconv.Itoa(c.Status/100) + "xx"
		}
		m.calls.WithLabelValues(c.Tag.Operation, outcome).Observe(c.Duration.Seconds())
		return record(ctx, c)
	}
}

// watched counts what sweeps take, and tells how far behind each is.
func (m *metrics) watched(sweeps []work.Sweep) []work.Sweep {
	for i, s := range sweeps {
		m.idle[s.Name] = posta.SystemClock{}.Now()
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "posta_sweep_lag_seconds",
			Help:        "Time since nothing was left to do: small at rest, growing while a sweep cannot keep up or fails.",
			ConstLabels: prometheus.Labels{"sweep": s.Name}}, func() float64 { return m.lag(s) }))
		sweeps[i].Run = func(ctx context.Context, each func(func())) (int, error) {
			took, err := s.Run(ctx, each)
			m.swept.WithLabelValues(s.Name).Add(float64(took))
			switch {
			case err != nil && ctx.Err() == nil:
				m.sweepErrors.WithLabelValues(s.Name).Inc()
			case err == nil && took == 0:
				m.mu.Lock()
				m.idle[s.Name] = posta.SystemClock{}.Now()
				m.mu.Unlock()
			}
			return took, err
		}
	}
	return sweeps
}

// lag is how long a sweep has had something to do, its own pauses left out.
func (m *metrics) lag(s work.Sweep) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(posta.SystemClock{}.Now().Sub(m.idle[s.Name])-s.Every, 0).Seconds()
}
