package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"posta"
	"posta/inbox"
	"posta/outbound"
	"posta/provider"
	"posta/sim/mercadopago"
	"posta/work"
)

const sweepGrants = "grants"

// appHooks is where a provider tells Posta's own application of all accounts that
// let it in; the provider's name follows.
const appHooks = "/hooks/app/"

// MercadoPagoApp is the operator's own application at Mercado Pago, by which
// merchants connect without copying keys; the zero value is none.
type MercadoPagoApp struct {
	ID            string // its number, the client_id
	Secret        string // its client_secret
	WebhookSecret string // signs what it is told; "" leaves that unverifiable
}

// apps are Posta's own applications, by provider.
func (a *App) apps() map[string]provider.App {
	c := a.config
	if c.MercadoPagoApp.ID == "" {
		return nil
	}
	return map[string]provider.App{"mercadopago": {ID: c.MercadoPagoApp.ID, Secret: c.MercadoPagoApp.Secret, WebhookSecret: c.MercadoPagoApp.WebhookSecret,
		Return: a.URL() + "/connections/oauth/return", BaseURL: c.MercadoPagoURL, Pages: c.MercadoPagoURL}}
}

// granting is the work of keeping credentials alive.
func (a *App) granting() []work.Sweep {
	return []work.Sweep{{Name: sweepGrants, Run: a.Accounts.SweepGrants, Every: 5 * time.Second, Limit: 8}}
}

// doubting has a connection looked at whose credentials were refused to a call.
// What is asked to find out about credentials raises no doubt.
func (a *App) doubting(record func(context.Context, outbound.Call) error) func(context.Context, outbound.Call) error {
	return func(ctx context.Context, c outbound.Call) error {
		if c.Status == http.StatusUnauthorized && c.Tag.ConnectionID != "" && c.Tag.Operation != "check" && c.Tag.Operation != "grant" {
			if err := a.Accounts.Doubt(context.WithoutCancel(ctx), c.Tag.ConnectionID); err != nil {
				a.config.Log.WarnContext(ctx, "refused credentials not noted", "connection", c.Tag.ConnectionID, "error", err)
			}
		}
		return record(ctx, c)
	}
}

// granted handles a notice that an account let Posta's application in or put it
// out: whether it still works is asked, not believed.
func (a *App) granted(ctx context.Context, c posta.ConnectionID, _ provider.Notice) (inbox.Handling, error) {
	return inbox.Handling{}, a.Accounts.Doubt(ctx, c)
}

// appHook takes what a provider tells Posta's application, for each connection
// that was granted by the account it is about.
func (a *App) appHook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, inbox.MaxBody))
	if err == nil {
		err = a.takeAppNotice(r, body)
	} else {
		err = posta.Invalid("body", "cut")
	}
	switch code := posta.ErrorCode(err); {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case code == posta.CodeNotFound:
		w.WriteHeader(http.StatusNotFound)
	case code == posta.CodeInvalid, code == posta.CodeTooLarge:
		w.WriteHeader(http.StatusBadRequest)
	default: // not stored: the provider is to send it again
		a.config.Log.ErrorContext(r.Context(), "notice of the application not stored", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (a *App) takeAppNotice(r *http.Request, body []byte) error {
	var about struct {
		UserID json.Number `json:"user_id"`
		Type   string      `json:"type"`
	}
	if err := json.Unmarshal(body, &about); err != nil {
		return posta.Invalid("body", "json")
	}
	if about.UserID == "" {
		about.UserID = json.Number(r.URL.Query().Get("user_id"))
	}
	granted, err := a.Store.ConnectionsGranted(r.Context(), r.PathValue("provider"), about.UserID.String())
	if err != nil {
		return err
	}
	if len(granted) == 0 && about.Type == "mp-connect" {
		return nil // the merchant is on the way back to us, or left us
	}
	if len(granted) == 0 {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	var all error
	for _, id := range granted {
		all = errors.Join(all, a.Inbox.Accept(r.Context(), id, r.URL.RawQuery, r.Header, body))
	}
	return all
}

// demoApp is Posta's own application at a demo's simulator, of an account of its
// own; the secrets guard nothing but a simulator on loopback.
var demoApp = MercadoPagoApp{ID: "500000009", Secret: "simulated-client-secret", WebhookSecret: "simulated-webhook-secret-9"}

// offerApp tells the simulator of Posta's application and where it is reached now.
func (d *Demo) offerApp() error {
	const owner = 100000009
	if err := d.Simulator.AddAccount(mercadopago.Account{UserID: owner, AccessToken: "SIMULATED-ACCESS-TOKEN-POSTA", Nickname: "POSTAAPP",
		Site: "MLA", WebhookSecret: "simulated-webhook-secret-8", FeedKey: "simulated-feed-key-8", ApplicationID: 500000008, Test: true}); err != nil {
		return err
	}
	id, err := strconv.ParseInt(demoApp.ID, 10, 64)
	if err != nil {
		return err
	}
	return d.Simulator.AddApplication(mercadopago.Application{ID: id, UserID: owner, Name: "Posta", Secret: demoApp.Secret, PKCE: true,
		RedirectURIs: []string{d.URL() + "/connections/oauth/return"},
		Live:         mercadopago.Webhooks{URL: d.URL() + appHooks + "mercadopago", Secret: demoApp.WebhookSecret}})
}
