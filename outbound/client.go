package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"posta"
)

// Options say how a client behaves. Only Clock is needed.
type Options struct {
	Clock posta.Clock
	// Record keeps each exchange, before the caller sees its answer. If it
	// fails the answer is handed on and a warning logged: the provider did what
	// it did, and losing the answer too would help nobody. nil keeps nothing.
	Record  func(context.Context, Call) error
	Timeout time.Duration // of one exchange with its body; 0 means 10 s
	MaxBody int64         // bytes of an answer; 0 means 4 MiB
	Cut     bool          // hand on the first MaxBody bytes of a longer answer, in place of ErrTooLarge
	// Control is asked about each address at dial time: Guard makes one. With it
	// no proxy is used, which would hide the address.
	Control func(network, address string, c syscall.RawConn) error
	RootCAs *x509.CertPool // nil means the machine's
	Log     *slog.Logger   // nil means slog.Default
}

// ErrTooLarge is the cause of a call's failure when its answer is over MaxBody.
var ErrTooLarge = errors.New("outbound: answer over the size limit")

// recordLimit is how long keeping a record may hold up an answer.
const recordLimit = 5 * time.Second

// NewClient makes the only kind of HTTP client that Posta uses: with time-outs,
// a limit on answers, connections kept for hundreds of concurrent calls to one
// host, TLS 1.2 or newer, no redirects followed, and nothing sent twice.
//
// It speaks HTTP/1.1 only. A connection a call keeps one stuck connection from
// holding up all, and HTTP/2 in net/http sends a request again after some
// errors of the peer, whatever its method.
//
// A failed call's *url.Error holds the address as it was called: secrets belong
// in headers and bodies, not in addresses.
func NewClient(o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.MaxBody == 0 {
		o.MaxBody = 4 << 20
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Control: o.Control}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  o.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    512,
		// Shorter than servers usually keep them, so that it is us who close.
		IdleConnTimeout: 30 * time.Second,
	}
	if o.Control != nil {
		transport.Proxy = nil
	}
	return &http.Client{
		Transport:     &recorder{Options: o, next: transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// recorder is the transport that reads each answer whole, keeps the exchange,
// and only then hands the answer on.
type recorder struct {
	Options
	next *http.Transport
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (t *recorder) CloseIdleConnections() { t.next.CloseIdleConnections() }

// RoundTrip does one exchange.
func (t *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	started := t.Clock.Now()
	sent, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), t.Timeout)
	defer cancel()
	answer, err := t.next.RoundTrip(once(r.WithContext(ctx), sent))
	var body []byte
	if err == nil {
		body, err = t.read(answer)
	}
	t.record(r, sent, answer, body, err, started)
	if err != nil {
		return nil, err
	}
	answer.Request = r
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// bodyOf reads the request's body whole: it is recorded, and sent from memory.
func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// once makes the request one that net/http does not send a second time after
// the server may have seen it. net/http takes a request with an idempotency key
// for one that it may repeat when a kept connection dies; it looks for the
// header by its canonical spelling, so another spelling, equal on the wire,
// leaves it unaware. What it still repeats is a request of which not one byte
// was written, which needs GetBody.
func once(r *http.Request, body []byte) *http.Request {
	header := r.Header.Clone()
	for canonical, plain := range map[string]string{"Idempotency-Key": "idempotency-key", "X-Idempotency-Key": "x-idempotency-key"} {
		if values, ok := header[canonical]; ok {
			delete(header, canonical)
			header[plain] = values
		}
	}
	r.Header = header
	r.Body, r.GetBody, r.ContentLength = nil, nil, int64(len(body))
	if len(body) > 0 {
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	return r
}

// read takes the answer's body up to the limit, and all that came if it fails.
func (t *recorder) read(answer *http.Response) ([]byte, error) {
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, t.MaxBody+1))
	if err == nil && int64(len(body)) > t.MaxBody {
		if t.Cut {
			return body[:t.MaxBody], nil
		}
		return body[:t.MaxBody], ErrTooLarge
	}
	return body, err
}

func (t *recorder) record(r *http.Request, sent []byte, answer *http.Response, body []byte, failed error, started time.Time) {
	if t.Record == nil {
		return
	}
	m := newMask(r.Header)
	c := Call{ID: posta.NewID[posta.CallID](started), Tag: TagOf(r.Context()), Method: method(r), URL: m.url(r.URL),
		RequestHeader: m.header(r.Header), RequestBody: m.body(sent, r.Header.Get("Content-Type")),
		StartedAt: started, Duration: t.Clock.Now().Sub(started)}
	if answer != nil {
		c.Status = answer.StatusCode
		c.ResponseHeader = m.header(answer.Header)
		c.ResponseBody = m.body(body, answer.Header.Get("Content-Type"))
	}
	if failed != nil {
		c.Error = m.text(failed.Error())
	}
	// The caller may have gone; what was said is kept all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), recordLimit)
	defer cancel()
	if err := t.Record(ctx, c); err != nil {
		t.Log.WarnContext(ctx, "exchange not recorded", "call", c.ID, "operation", c.Tag.Operation,
			"connection", c.Tag.ConnectionID, "payment", c.Tag.Payment, "error", m.text(err.Error()))
	}
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}
