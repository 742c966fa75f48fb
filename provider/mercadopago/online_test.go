package mercadopago_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/provider/mercadopago"
	sim "posta/sim/mercadopago"
)

func TestMethodsAndInstallmentsOfTheAccount(t *testing.T) {
	_, connector := newOnline(t, sim.Switches{})
	shop := connector.(provider.OnlineSeller)
	methods, err := shop.Methods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]provider.Method{}
	for _, m := range methods {
		of[m.ID] = m
	}
	if pix := of["pix"]; pix.Type != provider.TypeBank || pix.Min != 1 || pix.Max != 9_999_999_00 || pix.Name == "" {
		t.Errorf("pix: %+v", pix)
	}
	if visa := of["visa"]; visa.Type != provider.TypeCredit || visa.Min != 50 || !visa.Authorize || visa.Picture == "" {
		t.Errorf("visa: %+v", visa)
	}
	options, err := shop.Installments(t.Context(), "423564", posta.Money{Amount: 120_000, Currency: "BRL"})
	if err != nil || len(options) < 2 || options[0].Installments != 1 || options[0].Total.Amount != 120_000 || options[1].Each.Amount*2 != options[1].Total.Amount {
		t.Errorf("%+v, %v", options, err)
	}
	if _, err := shop.Installments(t.Context(), "4235647728025682", posta.Money{Amount: 1, Currency: "BRL"}); posta.ErrorCode(err) != posta.CodeInvalid {
		t.Errorf("a whole card number: %v", err)
	}
}

func TestBanksOfPSE(t *testing.T) {
	c := newCounter(t, sim.Account{Site: "MCO", Test: true}, sim.Switches{})
	methods, err := c.open(t, nil).(provider.OnlineSeller).Methods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(methods, func(m provider.Method) bool { return m.ID == "pse" })
	if i < 0 || len(methods[i].Banks) == 0 || methods[i].Banks[0].ID == "" || methods[i].Min != 1_600_00 {
		t.Errorf("%+v", methods)
	}
}

func TestTheBrowserGetsTheProvidersScript(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	theirs := c.open(t, provider.Config{"public_key": "APP_USR-1", "base_url": mercadopago.DefaultBaseURL}).(provider.OnlineSeller).Tokens()
	if theirs.Script != "https://sdk.mercadopago.com/js/v2" || theirs.PublicKey != "APP_USR-1" || !slices.Contains(theirs.Origins, "https://sdk.mercadopago.com") {
		t.Errorf("%+v", theirs)
	}
	ours := c.open(t, nil).(provider.OnlineSeller).Tokens()
	answer, err := http.Get(ours.Script)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK || len(ours.Origins) != 1 || ours.Origins[0] != c.url || ours.PublicKey != "" {
		t.Errorf("%+v", ours)
	}
}

// Each method's answer becomes the buyer's next step.
func TestNextStepsOfMethods(t *testing.T) {
	for name, tc := range map[string]struct {
		site, currency string
		minor          int64
		asked          provider.Online
		want           func(provider.Next) bool
	}{
		"pix": {"MLB", "BRL", 10_000, provider.Online{Method: "pix", Buyer: buyer},
			func(n provider.Next) bool {
				return strings.HasPrefix(n.QR, "000201") && n.URL != "" && !n.ExpiresAt.IsZero()
			}},
		"boleto": {"MLB", "BRL", 10_000, provider.Online{Method: "bolbradesco", Buyer: buyer},
			func(n provider.Next) bool { return len(n.Barcode) == 44 && n.URL != "" }},
		"lottery": {"MLB", "BRL", 10_000, provider.Online{Method: "pec", Buyer: buyer}, func(n provider.Next) bool { return n.URL != "" }},
		"oxxo": {"MLM", "MXN", 10_000, provider.Online{Method: "oxxo", Buyer: provider.Buyer{Email: buyer.Email}},
			func(n provider.Next) bool { return n.Reference != "" && n.URL != "" }},
		"bank machine": {"MLM", "MXN", 10_000, provider.Online{Method: "bancomer", Buyer: provider.Buyer{Email: buyer.Email}},
			func(n provider.Next) bool { return n.Reference != "" }},
		"SPEI": {"MLM", "MXN", 10_000, provider.Online{Method: "clabe", Buyer: provider.Buyer{Email: buyer.Email}},
			func(n provider.Next) bool { return n.Reference != "" }},
		"PSE": {"MCO", "COP", 1_000_000, provider.Online{Method: "pse", Bank: "1007", Return: "https://shop.example/back",
			Buyer: provider.Buyer{Email: buyer.Email, FirstName: "Ana", LastName: "Rojas", IP: "203.0.113.7", Entity: provider.EntityPerson,
				Identification: provider.Identification{Type: "CC", Number: "123456789"}, Phone: provider.Phone{Area: "57", Number: "3001234567"},
				Address: provider.Address{ZipCode: "110111", Street: "Calle 1", Number: "2", Neighborhood: "Centro", City: "Bogotá"}}},
			func(n provider.Next) bool { return n.URL != "" && n.QR == "" }},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, sim.Account{Site: tc.site, Test: true}, sim.Switches{})
			connector := c.open(t, nil)
			if tc.asked.Method == "pse" {
				methods, err := connector.(provider.OnlineSeller).Methods(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range methods {
					if m.ID == "pse" {
						tc.asked.Bank = m.Banks[0].ID
					}
				}
			}
			charge := c.online(tc.minor, tc.asked)
			charge.Online.Flow, charge.Online.Buyer, charge.Amount.Currency = provider.FlowDirect, tc.asked.Buyer, posta.Currency(tc.currency)
			seen, err := connector.Create(t.Context(), charge, "key-1")
			if err != nil || !tc.want(seen.Next) {
				t.Errorf("%+v, %v", seen.Next, err)
			}
		})
	}
}

// A card whose bank asks goes to its page; what the buyer answers there decides.
func TestAChallengeIsPassedOrFailed(t *testing.T) {
	for passed, want := range map[bool]provider.Status{true: provider.StatusClosed, false: provider.StatusRejected} {
		c, connector := newOnline(t, sim.Switches{})
		token, err := c.Tokenize(seller, sim.CardForm{Number: challengeCard(t)})
		if err != nil {
			t.Fatal(err)
		}
		charge := c.online(150_000, provider.Online{Flow: provider.FlowDirect, Method: "master", Token: token, Challenge: true})
		seen, err := connector.Create(t.Context(), charge, "key-1")
		if err != nil || seen.Next.Challenge == "" || seen.Next.URL == "" || seen.Facts[0].Status != provider.StatusOpen {
			t.Fatalf("%+v, %v", seen, err)
		}
		if err := c.AnswerChallenge(number(t, seen.Order), passed); err != nil {
			t.Fatal(err)
		}
		charge.Order = seen.Order
		seen, err = connector.Get(t.Context(), charge)
		if err != nil || seen.Facts[0].Status != want || seen.Next != (provider.Next{}) {
			t.Errorf("passed %v: %+v, %v", passed, seen, err)
		}
	}
}

// challengeCard is a number that passes Luhn, of a card for which the bank asks.
func challengeCard(t *testing.T) string {
	t.Helper()
	for n := range 1_000_000 {
		digits := fmt.Sprintf("%s%06d%s", sim.Challenge3DS[0][0], n, sim.Challenge3DS[0][1])
		if luhn(digits) {
			return digits
		}
	}
	t.Fatal("no such card")
	return ""
}

func luhn(digits string) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// The provider's numbers of what it refuses reach who asked.
func TestRefusalsBearTheProvidersNumbers(t *testing.T) {
	for name, tc := range map[string]struct {
		account sim.Account
		change  func(*provider.Charge)
		code    string
	}{
		"no Pix key":            {sim.Account{Site: "MLB", Test: true, NoPixKey: true}, func(c *provider.Charge) {}, "13253"},
		"a real seller":         {sim.Account{Site: "MLB"}, func(c *provider.Charge) {}, "2034"},
		"a reserved e-mail":     {sim.Account{Site: "MLB", Test: true}, func(c *provider.Charge) { c.Online.Buyer.Email = "ana@shop.test" }, "4050"},
		"a mistyped document":   {sim.Account{Site: "MLB", Test: true}, func(c *provider.Charge) { c.Online.Buyer.Identification.Number = "12345678900" }, "2067"},
		"a method of elsewhere": {sim.Account{Site: "MLB", Test: true}, func(c *provider.Charge) { c.Online.Method = "oxxo" }, ""},
		"the seller's balance":  {sim.Account{Site: "MLB", Test: true}, func(c *provider.Charge) { c.Online.Method = "account_money" }, "method_by_redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, tc.account, sim.Switches{})
			charge := c.online(10_000, provider.Online{Flow: provider.FlowDirect, Method: "pix"})
			tc.change(&charge)
			_, err := c.open(t, nil).Create(t.Context(), charge, "key-1")
			var e *posta.Error
			if posta.ErrorCode(err) != posta.CodeProviderRejected {
				t.Fatal(err)
			}
			e = err.(*posta.Error)
			if tc.code != "" && e.Params["code"] != tc.code {
				t.Errorf("code %q, want %s: %v", e.Params["code"], tc.code, err)
			}
		})
	}
}

// What a preference and a payment are asked with: all that raises approval, in
// the provider's own words.
func TestWhatIsAskedOnlineIsWhole(t *testing.T) {
	c, connector := newOnline(t, sim.Switches{})
	var sent []string
	var session string
	next := c.client.Transport
	c.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			sent, session = append(sent, string(body)), r.Header.Get("X-Meli-Session-Id")
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		return next.RoundTrip(r)
	})
	rich := buyer
	rich.Phone, rich.Device = provider.Phone{Area: "11", Number: "40000000"}, "armor.1"
	rich.History = &provider.BuyerHistory{Login: "gmail", RegisteredAt: c.clock.Now().Add(-time.Hour), FirstPurchase: true}
	item := provider.Item{Title: "Zapatillas", Quantity: 1, UnitPrice: 150_000, SKU: "Z-1",
		Detail: &provider.ItemDetail{Category: "fashion", Description: "Número 38", Warranty: true}}
	for _, asked := range []provider.Online{
		{Flow: provider.FlowRedirect, Descriptor: "LOJA CENTRO", Return: "https://shop.example/back", Installments: 6, Exclude: []string{"ticket", "amex", "account_money"}},
		{Flow: provider.FlowDirect, Method: "visa", Token: c.token(t, "APRO"), Installments: 3, Descriptor: "LOJA CENTRO"},
	} {
		charge := c.online(150_000, asked)
		charge.Online.Buyer, charge.Items, charge.NotificationURL = rich, []provider.Item{item}, "https://hub.example/hooks/x"
		charge.Online.Shipment = &provider.Shipment{Receiver: provider.Address{ZipCode: "01310100", Street: "Paulista", Number: "1000", City: "São Paulo", State: "SP"}, Express: true}
		if _, err := connector.Create(t.Context(), charge, "key-"+string(asked.Flow)); err != nil {
			t.Fatal(err)
		}
	}
	for i, wants := range [][]string{
		{`"external_reference":"pay_`, `"statement_descriptor":"LOJA CENTRO"`, `"auto_return":"approved"`, `"success":"https://shop.example/back"`,
			`"excluded_payment_methods":[{"id":"amex"}]`, `"excluded_payment_types":[{"id":"ticket"}]`, `"installments":6`, `"expires":true`,
			`"notification_url":"https://hub.example/hooks/x?source_news=webhooks"`, `"name":"Ana","surname":"Souza"`, `"authentication_type":"Gmail"`},
		{`"transaction_amount":1500.00`, `"installments":3`, `"payment_method_id":"visa"`, `"first_name":"Ana","last_name":"Souza"`,
			`"ip_address":"203.0.113.7"`, `"is_first_purchase_online":true`, `"metadata":{"posta_flow":"direct"}`},
	} {
		for _, want := range append(wants, `"category_id":"fashion"`, `"id":"Z-1"`, `"description":"Número 38"`, `"warranty":true`, `"express_shipment":true`,
			`"identification":{"type":"CPF","number":"12345678909"}`, `"area_code":"11"`) {
			if i == 1 && want == `"warranty":true` {
				continue
			}
			if !strings.Contains(sent[i], want) {
				t.Errorf("%d: no %s in %s", i, want, sent[i])
			}
		}
	}
	if strings.Contains(sent[0], "account_money") {
		t.Error("account money cannot be excluded")
	}
	if session != "armor.1" {
		t.Errorf("device %q", session)
	}
}

// A notice of a payment tells of the charge that it is of, whichever flow it was
// born of and whatever the connection does with a QR; a subscription's keeps the
// subscription's reference.
func TestNoticesOfOnlinePayments(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		c := newCounter(t, sim.Account{Site: "MLB", Test: true}, sim.Switches{})
		connector := c.open(t, provider.Config{"flow": flow})
		direct := c.online(150_000, provider.Online{Flow: provider.FlowDirect, Method: "visa", Token: c.token(t, "APRO")})
		seen, err := connector.Create(t.Context(), direct, "key-1")
		if err != nil {
			t.Fatal(err)
		}
		told, err := connector.Fetch(t.Context(), provider.Notice{Topic: "payment", Resource: seen.Order})
		if err != nil || len(told) != 1 || told[0].ExternalReference != string(direct.Payment) || told[0].Facts[0].Status != provider.StatusClosed {
			t.Errorf("%s, direct: %+v, %v", flow, told, err)
		}
		redirect := c.online(150_000, provider.Online{Flow: provider.FlowRedirect})
		if seen, err = connector.Create(t.Context(), redirect, "key-2"); err != nil {
			t.Fatal(err)
		}
		paid, err := c.PayPreference(seen.Order, sim.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []provider.Notice{{Topic: "payment", Resource: strconv.FormatInt(paid.ID, 10)}, {Topic: "merchant_order", Resource: strconv.FormatInt(paid.MerchantOrderID, 10)}} {
			told, err := connector.Fetch(t.Context(), n)
			closed := err == nil && len(told) == 1 && slices.ContainsFunc(told[0].Facts, func(f provider.Fact) bool {
				return f.Kind == provider.FactSale && f.Status == provider.StatusClosed
			})
			if !closed || told[0].ExternalReference != string(redirect.Payment) {
				t.Errorf("%s, redirect, %s: %+v, %v", flow, n.Topic, told, err)
			}
		}
	}
}
