package outbound_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/outbound"
)

var start = time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)

// tape keeps the calls that a client records.
type tape struct {
	mu    sync.Mutex
	calls []outbound.Call
}

func (t *tape) record(_ context.Context, c outbound.Call) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, c)
	return nil
}

func (t *tape) all() []outbound.Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]outbound.Call{}, t.calls...)
}

func newClient(t *testing.T, o outbound.Options) (*http.Client, *tape) {
	t.Helper()
	var kept tape
	o.Clock = posta.NewFrozenClock(start)
	if o.Record == nil {
		o.Record = kept.record
	}
	client := outbound.NewClient(o)
	t.Cleanup(client.CloseIdleConnections)
	return client, &kept
}

func request(t *testing.T, ctx context.Context, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Turns red when the answer is handed on before Record is called.
func TestRecordsBeforeTheAnswerIsSeen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Idempotency-Key") != "k1" || string(body) != `{"a": 1}` || r.ContentLength != 8 {
			t.Errorf("arrived: %v %q length %d", r.Header, body, r.ContentLength)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id": 9007199254740993}`)
	}))
	defer server.Close()
	client, kept := newClient(t, outbound.Options{})
	ctx := outbound.WithTag(t.Context(), outbound.Tag{ConnectionID: "con_1", Payment: "pay_1", Operation: "create"})
	r := request(t, ctx, "PUT", server.URL+"/orders?x=1", `{"a": 1}`)
	r.Header.Set("X-Idempotency-Key", "k1")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	calls := kept.all() // before the body is read
	if len(calls) != 1 {
		t.Fatalf("%d calls recorded, want 1", len(calls))
	}
	c := calls[0]
	if c.Method != "PUT" || c.URL != server.URL+"/orders?x=1" || c.Status != 201 || c.Error != "" || c.ID == "" ||
		string(c.RequestBody) != `{"a": 1}` || string(c.ResponseBody) != `{"id": 9007199254740993}` ||
		c.RequestHeader.Get("X-Idempotency-Key") != "k1" || c.ResponseHeader.Get("Content-Type") != "application/json" ||
		c.Tag != outbound.TagOf(ctx) || !c.StartedAt.Equal(start) {
		t.Errorf("recorded %+v", c)
	}
	if got := read(t, answer); got != `{"id": 9007199254740993}` {
		t.Errorf("body %q", got)
	}
	if answer.Request.Header.Get("X-Idempotency-Key") != "k1" {
		t.Error("the caller's request was altered")
	}
}

func TestRecordsWhatHasNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}))
	server.Config.ErrorLog = nil
	defer server.Close()
	client, kept := newClient(t, outbound.Options{})
	for _, path := range []string{"/none", "/half"} {
		if _, err := client.Do(request(t, t.Context(), "POST", server.URL+path, "{}")); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	calls := kept.all()
	if len(calls) != 2 || calls[0].Status != 0 || calls[0].Error == "" {
		t.Fatalf("recorded %+v", calls)
	}
	if calls[1].Status != 200 || string(calls[1].ResponseBody) != "half" || calls[1].Error == "" {
		t.Errorf("half an answer recorded as %+v", calls[1])
	}
}

func TestAnswerIsHandedOnWhenRecordFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") }))
	defer server.Close()
	var log bytes.Buffer
	client, _ := newClient(t, outbound.Options{Log: slog.New(slog.NewTextHandler(&log, nil)),
		Record: func(context.Context, outbound.Call) error { return errors.New("disk full") }})
	answer, err := client.Do(request(t, t.Context(), "GET", server.URL, ""))
	if err != nil || read(t, answer) != "ok" {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "WARN") || !strings.Contains(log.String(), "disk full") {
		t.Errorf("log: %s", log.String())
	}
}

// The caller going away must not keep the exchange from being recorded.
func TestRecordOutlivesTheCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server watch for the caller's going
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	var alive, recorded bool
	client, _ := newClient(t, outbound.Options{Record: func(ctx context.Context, c outbound.Call) error {
		alive, recorded = ctx.Err() == nil, c.Error != ""
		return nil
	}})
	if _, err := client.Do(request(t, ctx, "POST", server.URL, "{}")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if !alive || !recorded {
		t.Errorf("context alive %v, recorded %v", alive, recorded)
	}
}

func TestLimits(t *testing.T) {
	release := make(chan struct{})
	var redirected atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			fmt.Fprint(w, strings.Repeat("x", 1000))
		case "/large":
			fmt.Fprint(w, strings.Repeat("x", 1001))
		case "/moved":
			http.Redirect(w, r, "/target", http.StatusTemporaryRedirect)
		case "/target":
			redirected.Store(true)
		case "/slow":
			<-release
		}
	}))
	defer server.Close()
	defer close(release)
	client, kept := newClient(t, outbound.Options{MaxBody: 1000, Timeout: 100 * time.Millisecond})
	get := func(path string) (*http.Response, error) {
		return client.Do(request(t, t.Context(), "GET", server.URL+path, ""))
	}
	if answer, err := get("/exact"); err != nil || len(read(t, answer)) != 1000 {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := get("/large"); !errors.Is(err, outbound.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	if calls := kept.all(); calls[1].Status != 200 || len(calls[1].ResponseBody) != 1000 || calls[1].Error == "" {
		t.Errorf("over the limit: recorded %d with %d bytes, %q", calls[1].Status, len(calls[1].ResponseBody), calls[1].Error)
	}
	answer, err := get("/moved")
	if err != nil || answer.StatusCode != http.StatusTemporaryRedirect || redirected.Load() {
		t.Errorf("redirect: %v, followed %v", err, redirected.Load())
	}
	if _, err := get("/slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("slow: %v", err)
	}
}

// dyingServer answers the first request of each connection, and reads the
// second and closes the connection without an answer: what a kept connection
// looks like whose server goes away. It counts the requests that it read.
func dyingServer(t *testing.T) (url string, seen *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen = new(atomic.Int64)
	done, end := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(done, func() { conn.Close() })()
				in := bufio.NewReader(conn)
				for i := range 2 {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					seen.Add(1)
					if i == 0 {
						fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					}
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); end(); wg.Wait() })
	return "http://" + listener.Addr().String(), seen
}

// P7, and "one effect": net/http itself sends a request with an idempotency key
// again when a kept connection dies. Turns red when once() leaves the header in
// its canonical spelling (the plain client below shows that the trap is real).
func TestP07_NothingIsSentTwice(t *testing.T) {
	send := func(client *http.Client, url, method, header, body string) error {
		for range 2 {
			r := request(t, t.Context(), method, url, body)
			r.Header.Set(header, "k1")
			answer, err := client.Do(r)
			if err != nil {
				return err
			}
			read(t, answer)
		}
		return nil
	}
	for _, header := range []string{"X-Idempotency-Key", "Idempotency-Key"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			for _, body := range []string{`{"amount":1}`, ""} {
				t.Run(header+" "+method+" "+body, func(t *testing.T) {
					url, seen := dyingServer(t)
					client, kept := newClient(t, outbound.Options{})
					err := send(client, url, method, header, body)
					client.CloseIdleConnections()
					if err == nil || seen.Load() != 2 {
						t.Errorf("2 requests were made, %d arrived; error %v", seen.Load(), err)
					}
					if n := len(kept.all()); n != 2 {
						t.Errorf("%d recorded", n)
					}
				})
			}
		}
	}
	url, seen := dyingServer(t)
	plain := &http.Client{Transport: &http.Transport{}}
	err := send(plain, url, "POST", "X-Idempotency-Key", `{"amount":1}`)
	plain.CloseIdleConnections()
	if err != nil || seen.Load() != 3 {
		t.Errorf("net/http no longer repeats (%d arrived, %v): the test tests nothing", seen.Load(), err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	const together = 200
	var opened atomic.Int64
	var arrived sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Done()
		arrived.Wait()
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client, _ := newClient(t, outbound.Options{})
	for range 3 {
		arrived.Add(together)
		var wg sync.WaitGroup
		for range together {
			wg.Go(func() {
				answer, err := client.Do(request(t, t.Context(), "POST", server.URL, "{}"))
				if err != nil {
					t.Error(err)
					return
				}
				read(t, answer)
			})
		}
		wg.Wait()
	}
	if n := opened.Load(); n > together+together/4 {
		t.Errorf("%d connections for 3 rounds of %d calls at once", n, together)
	}
}

func TestTLSIsAtLeast12(t *testing.T) {
	for version, good := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		client, _ := newClient(t, outbound.Options{RootCAs: roots})
		answer, err := client.Do(request(t, t.Context(), "GET", server.URL, ""))
		if (err == nil) != good {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			read(t, answer)
		}
		client.CloseIdleConnections()
		server.Close()
	}
}
