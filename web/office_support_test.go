package web_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/inbox"
	"posta/outbound"
	"posta/project"
	"posta/provider"
	"posta/text"
	"posta/web"
	"posta/webhook"
)

// branch is the bank that can also refuse stores and tills, and check credentials.
type branch struct {
	*bank
	refuses atomic.Bool
	refusal atomic.Value // error of Check
}

func (b *branch) place() error {
	if b.refuses.Load() {
		return &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "INVALID_CITY_NAME", "message": "Valid cities: La Plata"}}
	}
	return nil
}

func (b *branch) PutStore(context.Context, provider.Store) (string, error) { return "s", b.place() }
func (b *branch) PutTill(context.Context, provider.Till) (provider.TillPlace, error) {
	return provider.TillPlace{Ref: "t", QR: "00020101"}, b.place()
}

func (b *branch) Check(context.Context) (provider.Account, error) {
	if err, ok := b.refusal.Load().(*posta.Error); ok && err != nil {
		return provider.Account{}, err
	}
	return provider.Account{ID: "446566691", Nickname: "TIENDA", Country: "AR", Test: true}, nil
}

// back is the hub with what the office needs besides.
type back struct {
	*hub
	branch *branch
	inbox  *inbox.Service
	// webhooks sends to loopback too.
	webhooks *webhook.Service
}

// office serves the pages with notifications and a provider to connect.
func office(t *testing.T) *back {
	t.Helper()
	o := &back{hub: start(t)}
	o.branch = &branch{bank: o.bank}
	o.tills.Open = func(context.Context, posta.ConnectionID) (provider.Connector, error) { return o.branch, nil }
	o.accounts.Client = func(posta.ConnectionID) *http.Client { return http.DefaultClient }
	o.accounts.Providers = []provider.Description{{Name: "mercadopago", Title: "Mercado Pago",
		Fields: []provider.Field{{Name: "access_token", Secret: true, Required: true}, {Name: "webhook_secret", Secret: true}, {Name: "user_id"},
			{Name: "flow", Options: []string{"legacy", "orders"}, Default: "legacy"}},
		Topics: func(c provider.Config) []string {
			if c["flow"] == "orders" {
				return []string{"order", "payment"}
			}
			return []string{"merchant_order", "payment"}
		},
		Open: func(c provider.Config, _ *http.Client, _ posta.Clock) (provider.Connector, error) {
			if strings.Contains(c["access_token"], " ") {
				return nil, posta.Invalid("access_token", "malformed")
			}
			return o.branch, nil
		}}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	o.inbox = &inbox.Service{Store: o.db, Clock: o.clock, Log: log, Wake: func() {},
		Secret: func(context.Context, posta.ConnectionID) ([]provider.Secret, error) { return nil, nil },
		Read:   map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict){"mercadopago": readNotice},
		Owners: map[string]inbox.Owner{"merchant_order": func(_ context.Context, _ posta.ConnectionID, n provider.Notice) (inbox.Handling, error) {
			return inbox.Handling{Payment: posta.PaymentID(n.Resource), Open: n.Status == "opened", Changed: n.Status == "closed"}, nil
		}}}
	o.webhooks = &webhook.Service{Store: o.db, Box: o.accounts.Box, Clock: o.clock, Log: log, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Committed: o.live.Wake, Wake: func() {}}
	handler := web.New(web.Services{Accounts: o.accounts, Tills: o.tills, Payments: o.payments, Settlements: o.closes, Inbox: o.inbox, Webhooks: o.webhooks, Projects: &project.Service{Store: o.db, Clock: o.clock, Log: log, Committed: o.live.Wake}, GoLive: &golive.Service{Store: o.db, Accounts: o.accounts, Clock: o.clock, Committed: o.live.Wake}, Hub: o.live, Events: o.db, Calls: o.db,
		Catalog: text.Must(), Clock: o.clock, Log: log, PublicURL: func() string { return o.public }, Version: "test"})
	o.server.Close()
	o.server = httptest.NewServer(handler)
	return o
}

func readNotice(d provider.Delivery, _ []provider.Secret) (n provider.Notice, v provider.Verdict) {
	if err := json.Unmarshal(d.Body, &n); err != nil {
		return n, provider.Verdict{Judgement: provider.Unreadable}
	}
	return n, provider.Verdict{Judgement: provider.Unverifiable, Reason: "feed"}
}

// notify lets a notification about a payment come in and be worked off.
func (o *back) notify(id posta.PaymentID, status string) inbox.Notification {
	o.t.Helper()
	ctx := o.t.Context()
	header := http.Header{"X-Signature": {"ts=1,v1=0123456789abcdef0123456789abcdef"}, "Content-Type": {"application/json"}}
	body := `{"Topic":"merchant_order","Resource":"` + string(id) + `","Status":"` + status + `","access_token":"CANARY-BODY-SECRET"}`
	if err := o.inbox.Accept(ctx, o.world.Connection.ID, "id=1&topic=merchant_order", header, []byte(body)); err != nil {
		o.t.Fatal(err)
	}
	o.work()
	list, err := o.inbox.List(ctx, inbox.Filter{MerchantID: o.world.Merchant.ID, Mode: posta.Test})
	if err != nil || len(list) == 0 {
		o.t.Fatalf("no notification: %v", err)
	}
	return list[0]
}

// work has what came in worked off.
func (o *back) work() {
	o.t.Helper()
	if _, err := o.inbox.Sweep(o.t.Context(), func(f func()) { f() }); err != nil {
		o.t.Fatal(err)
	}
}

// called records an exchange with the provider, as outbound does.
func (o *back) called(id posta.PaymentID, operation string, status int) {
	o.t.Helper()
	now := o.clock.Now()
	err := o.db.InsertCall(o.t.Context(), outbound.Call{ID: posta.NewID[posta.CallID](now), Method: "POST", URL: "https://api.example/v1/orders?access_token=CANARY-QUERY",
		Tag:           outbound.Tag{ConnectionID: o.world.Connection.ID, Payment: id, Operation: operation},
		RequestHeader: http.Header{"Authorization": {"Bearer CANARY-HEADER"}, "X-Idempotency-Key": {"01KEY"}}, RequestBody: []byte(`{"amount":"1500.00","client_secret":"CANARY-REQUEST"}`),
		Status: status, ResponseHeader: http.Header{"Set-Cookie": {"CANARY-COOKIE"}}, ResponseBody: []byte(`{"id":"ORD1","token":"CANARY-RESPONSE"}`),
		StartedAt: now, Duration: 84 * time.Millisecond})
	if err != nil {
		o.t.Fatal(err)
	}
}

// connect makes a connection of the merchant with credentials.
func (o *back) connect(name string) account.Connection {
	o.t.Helper()
	c, err := o.accounts.CreateConnection(o.t.Context(), account.ConnectionInput{MerchantID: o.world.Merchant.ID, Mode: posta.Test, Provider: "mercadopago",
		Name: name, Fields: map[string]string{"access_token": "APP_USR-CANARY-TOKEN-9876"}})
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

func story(id posta.PaymentID) string { return "/payments/" + string(id) }

// nonceOf is what a page's form carries.
func nonceOf(t *testing.T, body string) string {
	t.Helper()
	_, rest, found := strings.Cut(body, `name="nonce" value="`)
	if !found {
		t.Fatal("no nonce on the page")
	}
	return rest[:26]
}
