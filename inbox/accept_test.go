package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/store"
	"posta/store/storetest"
)

func wantCode(t testing.TB, err error, want posta.Code) {
	t.Helper()
	if posta.ErrorCode(err) != want {
		t.Fatalf("error %v, want %q", err, want)
	}
}

// shaky is a store that refuses one operation.
type shaky struct {
	inbox.Store
	insert, save, source bool
}

var full = posta.Errorf(posta.CodeUnavailable, "disk full")

func (s *shaky) InsertNotification(ctx context.Context, n inbox.Notification) error {
	if s.insert {
		return full
	}
	return s.Store.InsertNotification(ctx, n)
}

func (s *shaky) SaveNotification(ctx context.Context, n inbox.Notification) error {
	if s.save {
		return full
	}
	return s.Store.SaveNotification(ctx, n)
}

func (s *shaky) SourceOf(ctx context.Context, c posta.ConnectionID) (inbox.Source, error) {
	if s.source {
		return inbox.Source{}, full
	}
	return s.Store.SourceOf(ctx, c)
}

// Promise 12; kill -9 is in e2e. Seen red under: Accept gives nil whatever the
// store says; answer before commit.
func TestP12_WhatIsNotStoredIsNotAcknowledged(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for name, s := range map[string]*shaky{"insert": {Store: d.db, insert: true}, "connection": {Store: d.db, source: true}} {
			wantCode(t, d.replica(s).Accept(t.Context(), d.world.Connection.ID, "", nil, told{Resource: "1"}.body()), posta.CodeUnavailable)
			if d.woken.Load() != 0 || len(d.list()) != 0 {
				t.Errorf("%s: woken %d times, %d stored", name, d.woken.Load(), len(d.list()))
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.Accept(gone, d.world.Connection.ID, "", nil, told{Resource: "1"}.body()); err == nil {
			t.Error("acknowledged to whoever is gone")
		}
		// What cannot be understood and not be kept either: the refusal is the store's.
		wantCode(t, d.replica(&shaky{Store: d.db, insert: true}).Accept(t.Context(), d.world.Connection.ID, "", nil, []byte("{")), posta.CodeUnavailable)
		if err := d.Accept(t.Context(), d.world.Connection.ID, "", nil, told{Resource: "1"}.body()); err != nil {
			t.Fatal(err)
		}
		if err := d.db.Close(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, d.Accept(t.Context(), d.world.Connection.ID, "", nil, told{Resource: "1"}.body()), posta.CodeUnavailable)
	})
}

func TestP12_AllThatIsAcknowledgedIsThere(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const many = 500
		var accepting sync.WaitGroup
		var mu sync.Mutex
		var failed error
		for i := range many {
			accepting.Go(func() {
				err := d.Accept(context.Background(), d.world.Connection.ID, fmt.Sprint("n=", i), nil, told{Resource: fmt.Sprint(i)}.body())
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
			})
		}
		accepting.Wait()
		if failed != nil {
			t.Fatal(failed)
		}
		there := map[string]bool{}
		for after := ""; ; {
			list, err := d.List(t.Context(), inbox.Filter{MerchantID: d.world.Merchant.ID, Page: posta.Page{Limit: 100, After: after}})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range list {
				there[n.Delivery.Query] = true
				after = string(n.ID)
			}
			if len(list) < 100 {
				break
			}
		}
		if len(there) != many || d.woken.Load() != many {
			t.Errorf("%d of %d there, woken %d times", len(there), many, d.woken.Load())
		}
	})
}

// Promise 16. Seen red under: bodies not looked at; the copy not cut.
func TestP16_WhatIsNoNoticeIsRefusedAndABoundedCopyKept(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		deep := strings.Repeat("[", inbox.MaxBody)
		for name, tc := range map[string]struct {
			query, body string
			code        posta.Code
			kept        int // bytes of the body; -1 for nothing at all
		}{
			"notice":                {"", string(told{Resource: "1"}.body()), "", len(told{Resource: "1"}.body())},
			"of nothing":            {"", "{}", "", 2},
			"with space around":     {"", " \n{}\t", "", 5},
			"IPN":                   {"id=1&topic=merchant_order", "", "", 0},
			"IPN, blank":            {"id=1&topic=merchant_order", " \n", "", 2},
			"IPN, broken elsewhere": {"id=1&topic=merchant_order&%zz", "", "", 0},
			"IPN without id":        {"topic=merchant_order", "", posta.CodeInvalid, 0},
			"IPN without topic":     {"id=1", "", posta.CodeInvalid, 0},
			"nothing at all":        {"", "", posta.CodeInvalid, 0},
			"not JSON":              {"", "a=b", posta.CodeInvalid, 3},
			"no object":             {"", "[]", posta.CodeInvalid, 2},
			"cut":                   {"", `{"a":`, posta.CodeInvalid, 5},
			"two":                   {"", `{}{}`, posta.CodeInvalid, 4},
			"bytes":                 {"", "\x00\xff", posta.CodeInvalid, 2},
			"long, not JSON":        {"", deep, posta.CodeInvalid, 4 << 10},
			"at the limit":          {"", `{"a":"` + strings.Repeat("a", inbox.MaxBody-8) + `"}`, "", inbox.MaxBody},
			"over the limit":        {"", `{"a":"` + strings.Repeat("a", inbox.MaxBody-7) + `"}`, posta.CodeTooLarge, -1},
			"query over the limit":  {strings.Repeat("a", 4097), "{}", posta.CodeTooLarge, -1},
		} {
			before := map[posta.NotificationID]bool{}
			for _, n := range d.list() {
				before[n.ID] = true
			}
			woken := d.woken.Load()
			err := d.Accept(t.Context(), d.world.Connection.ID, tc.query, nil, []byte(tc.body))
			if posta.ErrorCode(err) != tc.code || (d.woken.Load() != woken) != (tc.code == "") {
				t.Errorf("%s: %v, woken %d", name, err, d.woken.Load()-woken)
			}
			kept := -1
			for _, n := range d.list() {
				if before[n.ID] {
					continue
				}
				kept = len(n.Delivery.Body)
				if refused := n.State == inbox.Ignored && n.Result == inbox.ResultUnreadable && n.DueAt.IsZero(); refused != (tc.code != "") {
					t.Errorf("%s: kept as %s %q", name, n.State, n.Result)
				}
				if n.Delivery.Query != tc.query || !strings.HasPrefix(tc.body, string(n.Delivery.Body)) {
					t.Errorf("%s: kept otherwise than it came", name)
				}
			}
			if kept != tc.kept {
				t.Errorf("%s: %d bytes kept, want %d", name, kept, tc.kept)
			}
		}
		wantCode(t, d.Accept(t.Context(), "con_none", "", nil, []byte("{}")), posta.CodeNotFound)
		d.sweep() // none of them ends in a crash
		for _, n := range d.list() {
			if n.State == inbox.Received {
				t.Errorf("not read: %q", n.Delivery.Body[:min(40, len(n.Delivery.Body))])
			}
		}
	})
}

// What is worth keeping of the headers is kept, and no more than is bearable.
// Seen red under: headers kept whatever their size.
func TestP16_HeadersAreBounded(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		header := http.Header{"X-Signature": {"ts=1,v1=ab"}, "X-Request-Id": {"r"}, "User-Agent": {"MercadoPago WebHook v1.0"},
			"Content-Type": {"application/json"}, "Cookie": {"secret"}, "Authorization": {"secret"}, "X-Junk": {strings.Repeat("j", 1<<19)}}
		for i := range 5000 {
			header[fmt.Sprintf("X-%d", i)] = []string{strings.Repeat("j", 80)}
		}
		for i := range 5000 {
			header.Add("X-Many", fmt.Sprint(i))
		}
		if err := d.Accept(t.Context(), d.world.Connection.ID, "", header, told{Resource: "1"}.body()); err != nil {
			t.Fatal(err)
		}
		kept, size := d.list()[0].Delivery.Header, 0
		for name, values := range kept {
			for _, value := range values {
				size += len(name) + len(value)
			}
		}
		if size > 16<<10 || len(kept) > 200 {
			t.Errorf("%d bytes of %d headers kept", size, len(kept))
		}
		for _, name := range []string{"X-Signature", "X-Request-Id", "User-Agent", "Content-Type"} {
			if !reflect.DeepEqual(kept[name], header[name]) {
				t.Errorf("%s: %q", name, kept[name])
			}
		}
		if kept.Get("Cookie") != "" || kept.Get("Authorization") != "" {
			t.Error("secrets kept")
		}
	})
}

// A notice with words too long for an index is no reason to try for ever.
// Seen red, on PostgreSQL, under: words of any length.
func TestP16_LongWordsInANoticeAreHandled(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var junk strings.Builder
		for range 1500 {
			junk.WriteString(posta.NewULID(d.clock.Now()))
		}
		action := d.accept(told{Resource: "1", Action: junk.String(), Status: "s"})
		version := d.accept(told{Resource: "2", Version: junk.String(), Status: "s"})
		status := d.accept(told{Resource: "3", Version: "1", Status: junk.String()})
		resource := d.accept(told{Resource: junk.String()})
		topic := d.accept(told{Resource: "4", Topic: junk.String()})
		d.sweep()
		for _, id := range []posta.NotificationID{action, version, status} {
			d.want(id, inbox.Handled, inbox.ResultChanged)
		}
		for _, id := range []posta.NotificationID{resource, topic} {
			d.want(id, inbox.Ignored, inbox.ResultUnreadable)
		}
	})
}

// memory keeps notifications for the fuzzer, which is too fast for a database.
type memory struct {
	inbox.Store
	stored []inbox.Notification
}

func (m *memory) SourceOf(context.Context, posta.ConnectionID) (inbox.Source, error) {
	return inbox.Source{MerchantID: "mer_1", Mode: posta.Test, Provider: "mercadopago"}, nil
}

func (m *memory) InsertNotification(_ context.Context, n inbox.Notification) error {
	m.stored = append(m.stored, n)
	return nil
}

func (m *memory) ClaimNotifications(context.Context, time.Time, time.Duration, int) (due []inbox.Notification, err error) {
	for _, n := range m.stored {
		if !n.DueAt.IsZero() {
			due = append(due, n)
		}
	}
	m.stored = nil
	return due, nil
}

func (m *memory) SaveNotification(_ context.Context, n inbox.Notification) error {
	m.stored = []inbox.Notification{n} // there is only one
	return nil
}

func (m *memory) Told(context.Context, posta.ConnectionID, string, posta.NotificationID) (inbox.Notification, error) {
	return inbox.Notification{}, &posta.Error{Code: posta.CodeNotFound}
}

func (m *memory) Fetched(context.Context, posta.ConnectionID, string, string) (time.Time, posta.PaymentID, error) {
	return time.Time{}, "", nil
}

// A provider that sends no notices has no address for them: what comes there is
// nobody's, like what comes for an unknown connection.
func TestAProviderWithoutNoticesTakesNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newDesk(t, db)
		quiet := d.world.AddTerminal(t, db, "10000001").ConnectionID
		for _, c := range []posta.ConnectionID{quiet, posta.NewID[posta.ConnectionID](storetest.Now)} {
			for _, body := range []string{`{"type":"order","data":{"id":"1"}}`, `not json`, ``} {
				wantCode(t, d.Accept(t.Context(), c, "", http.Header{}, []byte(body)), posta.CodeNotFound)
			}
		}
		if list, err := d.List(t.Context(), inbox.Filter{MerchantID: d.world.Merchant.ID, Page: posta.Page{Limit: 10}}); err != nil || len(list) > 0 || d.woken.Load() > 0 {
			t.Fatalf("%d stored, woken %d times, %v", len(list), d.woken.Load(), err)
		}
	})
}

// Promise 16: whatever comes in, nothing breaks, and what is kept is bounded.
func FuzzAccept(f *testing.F) {
	f.Add([]byte(`{"type":"order","action":"order.processed","data":{"id":"ORD1","version":2}}`), "data.id=ORD1&type=order", "X-Signature", "ts=1742505638683,v1=ab")
	f.Add([]byte(``), "id=1&topic=merchant_order", "User-Agent", "MercadoPago Feed v2.0")
	f.Add([]byte("\x00\xff{"), "%zz;&id=\xff", "X-", "\x00")
	f.Add([]byte(`{"resource":"https://x/merchant_orders/1","topic":"merchant_order","data":[1]}`), "", "x", "")
	f.Fuzz(func(t *testing.T, body []byte, query, name, value string) {
		m := &memory{}
		s := &inbox.Service{Store: m, Clock: posta.NewFrozenClock(storetest.Now), Log: quiet, Wake: func() {},
			Read: map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict){"mercadopago": mercadopago.ReadNotice},
			Secret: func(context.Context, posta.ConnectionID) ([]provider.Secret, error) {
				return []provider.Secret{{ID: "s1", Value: "v"}}, nil
			},
			Owners: map[string]inbox.Owner{"order": func(context.Context, posta.ConnectionID, provider.Notice) (inbox.Handling, error) {
				return inbox.Handling{Payment: somePayment}, nil
			}}}
		err := s.Accept(t.Context(), "con_1", query, http.Header{name: {value}, "X-Signature": {value}}, body)
		switch posta.ErrorCode(err) {
		case "", posta.CodeInvalid, posta.CodeTooLarge:
		default:
			t.Fatal(err)
		}
		if (len(m.stored) == 0) != (posta.ErrorCode(err) == posta.CodeTooLarge) {
			t.Fatalf("%d stored, %v", len(m.stored), err)
		}
		for _, n := range m.stored {
			if len(n.Delivery.Body) > inbox.MaxBody || err != nil && len(n.Delivery.Body) > 4<<10 || len(n.Delivery.Query) > 4<<10 {
				t.Fatalf("%d bytes kept, %v", len(n.Delivery.Body), err)
			}
		}
		if _, err := s.Sweep(t.Context(), func(f func()) { f() }); err != nil {
			t.Fatal(err)
		}
		for _, n := range m.stored {
			if n.State == inbox.Received || n.State == inbox.Waiting && n.DueAt.IsZero() || n.State == inbox.Handled && !n.DueAt.IsZero() {
				t.Fatalf("%s, due %v", n.State, n.DueAt)
			}
		}
	})
}

var _ inbox.Store = (*store.DB)(nil)
