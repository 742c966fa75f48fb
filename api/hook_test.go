package api_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"posta"
	"posta/inbox"
	"posta/store"
	"posta/store/storetest"
)

// endless is a body that says nothing of its length and never ends; it counts
// what is read of it.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	e.read += len(b)
	return len(b), nil
}

// Red under: reading without a limit; the answer before Accept.
func TestP16_WhatIsNoNoticeIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		known := "/hooks/" + string(n.connection.ID)
		unknown := "/hooks/" + string(posta.NewID[posta.ConnectionID](storetest.Now))
		big := `{"x":"` + strings.Repeat("x", inbox.MaxBody) + `"}`
		exact := `{"x":"` + strings.Repeat("x", inbox.MaxBody-8) + `"}`
		for _, tc := range []struct {
			name, method, path, kind, body string
			status                         int
			code                           posta.Code
		}{
			{"notice", "POST", known, "application/json", `{"type":"order"}`, 200, ""},
			{"with charset", "POST", known, "application/json; charset=utf-8", `{"type":"order"}`, 200, ""},
			{"vendor's JSON", "POST", known, "application/vnd.mp+json", `{"type":"order"}`, 200, ""},
			{"type not told", "POST", known, "", `{"type":"order"}`, 200, ""},
			{"IPN, no body", "POST", known + "?topic=merchant_order&id=1", "", "", 200, ""},
			{"IPN, no body, JSON", "POST", known + "?topic=merchant_order&id=1", "application/json", "", 200, ""},
			{"IPN, no body, form", "POST", known + "?topic=merchant_order&id=1", "application/x-www-form-urlencoded", "", 200, ""},
			{"at the limit", "POST", known, "application/json", exact, 200, ""},
			{"over the limit", "POST", known, "application/json", big, 413, posta.CodeTooLarge},
			{"query over the limit", "POST", known + "?x=" + strings.Repeat("x", 5000), "application/json", `{}`, 413, posta.CodeTooLarge},
			{"form", "POST", known, "application/x-www-form-urlencoded", "a=b", 415, posta.CodeUnsupportedMedia},
			{"text", "POST", known, "text/plain", `{"type":"order"}`, 415, posta.CodeUnsupportedMedia},
			{"type broken", "POST", known, "application/json; =", `{"type":"order"}`, 415, posta.CodeUnsupportedMedia},
			{"not JSON", "POST", known, "application/json", `{"type":`, 400, posta.CodeInvalid},
			{"no object", "POST", known, "application/json", `[1]`, 400, posta.CodeInvalid},
			{"nothing at all", "POST", known, "", "", 400, posta.CodeInvalid},
			{"unknown", "POST", unknown, "application/json", `{"type":"order"}`, 404, posta.CodeNotFound},
			{"unknown, wrong type", "POST", unknown, "text/plain", `x`, 404, posta.CodeNotFound},
			{"unknown, over the limit", "POST", unknown, "application/json", big, 404, posta.CodeNotFound},
			{"no id", "POST", "/hooks/con_1", "application/json", `{}`, 404, posta.CodeNotFound},
			{"nothing there", "POST", "/hooks/", "application/json", `{}`, 404, posta.CodeNotFound},
			{"below", "POST", known + "/x", "application/json", `{}`, 404, posta.CodeNotFound},
			{"GET", "GET", known, "", "", 405, "method_not_allowed"},
			{"PUT", "PUT", known, "application/json", `{}`, 405, "method_not_allowed"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
				if tc.kind != "" {
					r.Header.Set("Content-Type", tc.kind)
				}
				w := httptest.NewRecorder()
				n.handler.ServeHTTP(w, r)
				a := answer{t, w.Code, w.Result().Header, w.Body.String()}
				if tc.status != 200 {
					a.refused(tc.status, tc.code)
				} else if a.want(200); a.body != "" {
					t.Errorf("body %q", a.body)
				}
			})
		}
		list, err := n.services.Inbox.List(t.Context(), inbox.Filter{MerchantID: n.merchant.ID, Mode: posta.Test, Page: posta.Page{Limit: 100}})
		if err != nil || len(list) != 8+3 {
			t.Errorf("%d kept (%v), want 8 notices and 3 unreadable", len(list), err)
		}

		body := &endless{}
		r := httptest.NewRequest("POST", known, body)
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = -1
		w := httptest.NewRecorder()
		n.handler.ServeHTTP(w, r)
		if w.Code != 413 || body.read > 4*inbox.MaxBody {
			t.Errorf("endless body: status %d after %d bytes", w.Code, body.read)
		}
	})
}

// broken is a store that cannot keep anything.
type broken struct{ inbox.Store }

func (broken) InsertNotification(context.Context, inbox.Notification) error {
	return posta.Errorf(posta.CodeInternal, "disk full")
}

// What is not stored is never acknowledged. Red under: answer before commit.
func TestP12_NotStoredIsNotAcknowledged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		n.services.Inbox.Store = broken{n.db}
		a := n.do("POST", "/hooks/"+string(n.connection.ID), "", `{"type":"order"}`)
		a.refused(503, posta.CodeUnavailable)
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if strings.Contains(a.body, "disk") {
			t.Error("the cause is told outside")
		}
	})
}

// FuzzP16 throws anything at a hook: it always answers, with one of a few
// statuses, and reads no more than it may.
func FuzzP16(f *testing.F) {
	for _, seed := range []struct{ query, kind, body string }{
		{"", "application/json", `{"type":"order","data":{"id":"1"}}`},
		{"topic=payment&id=1", "", ""},
		{"data.id=%zz&%00", "text/plain; charset=\xff", "\x00\xff"},
		{strings.Repeat("a=b&", 2000), "application/json;;", strings.Repeat("[", 70000)},
		{"id=1;topic=2", "application/x-www-form-urlencoded", `{"a":`},
	} {
		f.Add(seed.query, seed.kind, seed.body, "x-signature", "ts=1,v1=00")
	}
	db := storetest.Open(f, store.SQLite)
	var n *tenant
	f.Fuzz(func(t *testing.T, query, kind, body, name, value string) {
		if n == nil {
			n = start(t, db).tenant()
		}
		in := strings.NewReader(body)
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/hooks/"+string(n.connection.ID), io.NopCloser(in))
		r.ContentLength = -1
		r.URL.RawQuery = query
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
		r.Header["Content-Type"] = []string{kind}
		w := httptest.NewRecorder()
		n.handler.ServeHTTP(w, r)
		switch w.Code {
		case 200, 400, 413, 415:
		default:
			t.Fatalf("status %d %s", w.Code, w.Body)
		}
		if read := len(body) - in.Len(); read > inbox.MaxBody+512 {
			t.Fatalf("%d bytes read", read)
		}
	})
}
