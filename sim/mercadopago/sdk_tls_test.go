package mercadopago_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mercadopago/sdk-go/pkg/cardtoken"
	"github.com/mercadopago/sdk-go/pkg/config"
	"github.com/mercadopago/sdk-go/pkg/identificationtype"
	"github.com/mercadopago/sdk-go/pkg/merchantorder"
	"github.com/mercadopago/sdk-go/pkg/oauth"
	"github.com/mercadopago/sdk-go/pkg/payment"
	"github.com/mercadopago/sdk-go/pkg/paymentmethod"
	"github.com/mercadopago/sdk-go/pkg/preference"

	"posta/sim/mercadopago"
)

// byName is a client that knows one authority and dials one address whatever
// the name: the SDK goes to https://api.mercadopago.com as it always does.
func (b *stand) byName() *http.Client {
	b.Helper()
	secure, authority, err := mercadopago.Certificate()
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(b.sim.Handler())
	server.TLS = secure
	server.StartTLS()
	b.Cleanup(server.Close)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		b.Fatal("the authority's PEM does not parse")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (b *stand) sdkByName(accessToken string) *config.Config {
	b.Helper()
	cfg, err := config.New(accessToken, config.WithHTTPClient(b.byName()))
	if err != nil {
		b.Fatal(err)
	}
	return cfg
}

func TestMPTLS01_CertificateStandsForTheProvidersNames(t *testing.T) {
	b := newStand(t)
	client := b.byName()
	for _, name := range []string{"api.mercadopago.com", "auth.mercadopago.com", "auth.mercadopago.com.br", "www.mercadopago.com.ar", "www.mercadopago.cl", "localhost", "127.0.0.1"} {
		res, err := client.Get("https://" + name + "/sim/phone")
		if err != nil {
			t.Fatal(name, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 200 {
			t.Error(name, res.StatusCode)
		}
	}
	if _, err := client.Get("https://api.example.com/"); err == nil {
		t.Error("it vouches for a name that is not the provider's")
	}
	if _, err := http.Get("https://" + strings.TrimPrefix(b.server.URL, "http://")); err == nil {
		t.Error("a client that does not trust the authority was served")
	}
}

func TestMPSDK06_OfficialSDKMakesPaymentsByName(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdkByName(token), context.Background()
	made, err := cardtoken.NewClient(cfg).Create(ctx, cardtoken.Request{CardNumber: "5031755734530604", ExpirationMonth: "11", ExpirationYear: "2030", SecurityCode: "123",
		Cardholder: &cardtoken.CardholderRequest{Name: "APRO", Identification: &cardtoken.IdentificationRequest{Type: "DNI", Number: "12345678"}}})
	if err != nil || len(made.ID) != 32 || made.LastFourDigits != "0604" {
		t.Fatal(made, err)
	}
	payments := payment.NewClient(cfg)
	held, err := payments.Create(ctx, payment.Request{TransactionAmount: 100.5, Token: made.ID, Installments: 1, PaymentMethodID: "master", ExternalReference: "sdk1",
		Payer: &payment.PayerRequest{Email: "ana@example.com"}, Metadata: map[string]any{"orderNumber": "7"}})
	if err != nil || held.Status != "authorized" && held.Status != "approved" {
		t.Fatal(held, err)
	}
	if held.Status == "authorized" { // the SDK leaves capture out when it is false, and true is the default
		if held, err = payments.Capture(ctx, held.ID); err != nil {
			t.Fatal(err)
		}
	}
	if held.Status != "approved" || held.Metadata["order_number"] != "7" || held.TransactionAmount != 100.5 {
		t.Fatal(held)
	}
	slip, err := payments.Create(ctx, payment.Request{TransactionAmount: 200, PaymentMethodID: "rapipago", ExternalReference: "sdk2", Payer: &payment.PayerRequest{Email: "ana@example.com"}})
	if err != nil || slip.Status != "pending" || slip.TransactionDetails.ExternalResourceURL == "" {
		t.Fatal(slip, err)
	}
	if slip, err = payments.Cancel(ctx, slip.ID); err != nil || slip.Status != "cancelled" {
		t.Fatal(slip, err)
	}
	found, err := payments.Search(ctx, payment.SearchRequest{Filters: map[string]string{"external_reference": "sdk1"}})
	if err != nil || found.Paging.Total != 1 {
		t.Fatal(found, err)
	}
}

func TestMPSDK07_OfficialSDKListsMethodsAndDocuments(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdkByName(token), context.Background()
	methods, err := paymentmethod.NewClient(cfg).List(ctx)
	if err != nil || len(methods) < 10 {
		t.Fatal(methods, err)
	}
	documents, err := identificationtype.NewClient(cfg).List(ctx)
	if err != nil || documents[0].ID != "DNI" || documents[0].MaxLength != 8 {
		t.Fatal(documents, err)
	}
}

func TestMPSDK08_OfficialSDKSellsByPreference(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdkByName(token), context.Background()
	preferences := preference.NewClient(cfg)
	made, err := preferences.Create(ctx, preference.Request{Items: []preference.ItemRequest{{ID: "sku1", Title: "Yerba", Quantity: 2, UnitPrice: 750.25, CurrencyID: "ARS"}},
		ExternalReference: "sdk3", BackURLs: &preference.BackURLsRequest{Success: "https://shop.example/ok"}, AutoReturn: "approved",
		PaymentMethods: &preference.PaymentMethodsRequest{Installments: 6, ExcludedPaymentTypes: []preference.ExcludedPaymentTypeRequest{{ID: "ticket"}}}})
	if err != nil || made.InitPoint == "" || made.CollectorID != user || made.PaymentMethods.Installments != 6 {
		t.Fatal(made, err)
	}
	if _, err := preferences.Update(ctx, made.ID, preference.Request{Items: []preference.ItemRequest{{Title: "Yerba", Quantity: 1, UnitPrice: 100}}, ExternalReference: "sdk4"}); err != nil {
		t.Fatal(err)
	}
	got, err := preferences.Get(ctx, made.ID)
	if err != nil || got.ExternalReference != "sdk4" || got.Items[0].UnitPrice != 100 {
		t.Fatal(got, err)
	}
	found, err := preferences.Search(ctx, preference.SearchRequest{Filters: map[string]string{"external_reference": "sdk4"}})
	if err != nil || found.Total != 1 || found.Elements[0].Items[0] != "Yerba" {
		t.Fatal(found, err)
	}
	orders := merchantorder.NewClient(cfg)
	order, err := orders.Create(ctx, merchantorder.Request{PreferenceID: made.ID})
	if err != nil || order.OrderStatus != "payment_required" {
		t.Fatal(order, err)
	}
	out := b.choose(made.ID, mercadopago.Choice{})
	if order, err = orders.Get(ctx, int(out.MerchantOrderID)); err != nil || order.OrderStatus != "paid" || order.Payments[0].ID != int(out.ID) {
		t.Fatal(order, err)
	}
	own, err := orders.Create(ctx, merchantorder.Request{ExternalReference: "own1", Items: []merchantorder.ItemRequest{{Title: "Pan", Quantity: 1, UnitPrice: 10}}})
	if err != nil {
		t.Fatal(err)
	}
	if own, err = orders.Update(ctx, own.ID, merchantorder.UpdateRequest{ExternalReference: "own2"}); err != nil || own.ExternalReference != "own2" {
		t.Fatal(own, err)
	}
}

func TestMPSDK09_OfficialSDKConnectsByOAuth(t *testing.T) {
	b := newStand(t)
	app, err := b.sim.CreateApplication(user, "Integrador")
	if err != nil {
		t.Fatal(err)
	}
	if app, err = b.sim.ActivateApplication(user, app.ID, "technology", "https://hub.example"); err != nil {
		t.Fatal(err)
	}
	get := b.browser()
	get(panelURL+"/"+text(app.ID)+"/settings", url.Values{"redirect_uris": {backURL}}) // without PKCE
	client, ctx := oauth.NewClient(b.sdkByName(app.Production.AccessToken)), context.Background()
	page, err := url.Parse(client.GetAuthorizationURL(text(app.ID), backURL, "s1"))
	if err != nil || page.Host != "auth.mercadopago.com" {
		t.Fatal(page, err)
	}
	back := b.consent(page.Query(), "allow")
	got, err := client.Create(ctx, back.Get("code"), backURL)
	if err != nil || got.AccessToken == "" || got.ExpiresIn != 15552000 {
		t.Fatal(got, err)
	}
	next, err := client.Refresh(ctx, got.RefreshToken)
	if err != nil || next.RefreshToken == got.RefreshToken || next.AccessToken == "" {
		t.Fatal(next, err)
	}
	if _, err = client.Refresh(ctx, got.RefreshToken); err == nil {
		t.Fatal("an old refresh token was taken")
	}
}
