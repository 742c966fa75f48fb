package quality_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"posta"
	"posta/outbound"
	"posta/quality"
	"posta/store/storetest"
)

// What masking hides is there all the same: the same requests, through the
// recorder that keeps them, score as they did. Sabotage that turns it red: a
// mask that is empty.
func TestMaskingMakesNothingAbsent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }))
	t.Cleanup(server.Close)
	for _, p := range quality.Products() {
		e := example(t, p)
		plain := e.Calls[0]
		var kept outbound.Call
		client := outbound.NewClient(outbound.Options{Clock: posta.NewFrozenClock(storetest.Now), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Record: func(_ context.Context, c outbound.Call) error { kept = c; return nil }})
		_, path, _ := strings.Cut(plain.URL, "mercadopago.com")
		r, err := http.NewRequestWithContext(outbound.WithTag(t.Context(), plain.Tag), plain.Method, server.URL+path, bytes.NewReader(plain.RequestBody))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = plain.RequestHeader.Clone()
		// The credential turns up in a field too: that is masked, and stays there.
		r.Header.Set("Authorization", "Bearer ana@shop.example")
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if bytes.Contains(kept.RequestBody, []byte("0123456789abcdef")) || bytes.Contains(kept.RequestBody, []byte("ana@shop.example")) {
			t.Errorf("%s: not masked: %s", p.Name, kept.RequestBody)
		}
		e.Calls = []outbound.Call{kept}
		if m := quality.Evaluate(e); m.Score == nil || *m.Score != 100 {
			t.Errorf("%s: as recorded it is %s: %+v", p.Name, m.Reason, m.Lost())
		}
	}
}
