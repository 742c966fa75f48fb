package mercadopago_test

import (
	"strconv"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/provider/providertest"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
)

// buyer is somebody with the test document of Brazil.
var buyer = provider.Buyer{Email: "test_user_123456@testuser.com", FirstName: "Ana", LastName: "Souza",
	Identification: provider.Identification{Type: "CPF", Number: "12345678909"}, IP: "203.0.113.7",
	Address: provider.Address{ZipCode: "01310100", Street: "Avenida Paulista", Number: "1000", Neighborhood: "Bela Vista", City: "São Paulo", State: "SP"}}

// online starts a simulator with a seller in Brazil.
func newOnline(t *testing.T, switches sim.Switches) (*counter, provider.Connector) {
	t.Helper()
	c := newCounter(t, sim.Account{Site: "MLB", Test: true}, switches)
	return c, c.open(t, nil)
}

func (c *counter) online(minor int64, asked provider.Online) provider.Charge {
	now := c.clock.Now()
	asked.Buyer = buyer
	return provider.Charge{Payment: posta.NewID[posta.PaymentID](now), Amount: posta.Money{Amount: minor, Currency: "BRL"}, Title: "Loja Centro",
		Description: "Pedido 7", Rail: provider.RailOnline, Online: &asked, CreatedAt: now, ExpiresAt: now.Add(72 * time.Hour)}
}

func (c *counter) token(t *testing.T, holder string) string {
	t.Helper()
	token, err := c.Tokenize(seller, sim.CardForm{Holder: holder})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func number(t *testing.T, id string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOnlineConformance runs the suite over what a buyer pays online: on the
// provider's page, and by a voucher on ours.
func TestOnlineConformance(t *testing.T) {
	for name, tc := range map[string]struct {
		asked   provider.Online
		creates string
		cancels string
		pay     func(t *testing.T, c *counter, charge provider.Charge)
		decline func(t *testing.T, c *counter, charge provider.Charge)
		ends    bool
	}{
		"redirect": {asked: provider.Online{Flow: provider.FlowRedirect, Return: "https://shop.example/back"},
			creates: "/checkout/preferences", cancels: "/checkout/preferences/.*",
			pay: func(t *testing.T, c *counter, charge provider.Charge) {
				if _, err := c.PayPreference(charge.Order, sim.Choice{}); err != nil {
					t.Fatal(err)
				}
			},
			decline: func(t *testing.T, c *counter, charge provider.Charge) {
				if _, err := c.PayPreference(charge.Order, sim.Choice{Holder: "FUND"}); err != nil {
					t.Fatal(err)
				}
			}},
		"pix": {asked: provider.Online{Flow: provider.FlowDirect, Method: "pix"}, ends: true,
			creates: "/v1/payments", cancels: "/v1/payments/[0-9]+",
			pay: func(t *testing.T, c *counter, charge provider.Charge) {
				if err := c.PayVoucher(number(t, charge.Order)); err != nil {
					t.Fatal(err)
				}
			},
			decline: func(t *testing.T, c *counter, charge provider.Charge) {
				if err := c.RefuseTransfer(number(t, charge.Order)); err != nil {
					t.Fatal(err)
				}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, providertest.Suite{Start: func(t *testing.T) *providertest.Rail {
				c, connector := newOnline(t, sim.Switches{})
				calls := map[providertest.Operation]fault.Rule{
					providertest.Create:  {Method: "POST", Path: tc.creates},
					providertest.Cancel:  {Method: "PUT", Path: tc.cancels},
					providertest.Refund:  {Method: "POST", Path: "/v1/payments/.*/refunds"},
					providertest.Capture: {Method: "PUT", Path: "/v1/payments/[0-9]+"},
				}
				return &providertest.Rail{
					Connector: connector,
					Refused:   c.open(t, provider.Config{"access_token": token + "0"}),
					Charge:    func(minor int64) provider.Charge { return c.online(minor, tc.asked) },
					Pay:       func(t *testing.T, charge provider.Charge) { tc.pay(t, c, charge) },
					Decline:   func(t *testing.T, charge provider.Charge) { tc.decline(t, c, charge) }, DeclineEnds: tc.ends,
					Authorize: func(minor int64) provider.Charge {
						return c.online(minor, provider.Online{Flow: provider.FlowDirect, Method: "visa", Token: c.token(t, "APRO"), Authorize: true})
					},
					Advance: func(d time.Duration) { c.advance(t, d) },
					CutNext: func(op providertest.Operation) {
						rule := calls[op]
						rule.Action, rule.Times = fault.CutAfter, 1
						c.break_(t, rule)
					},
					FailNext: func(op providertest.Operation, status int) {
						rule := calls[op]
						rule.Action, rule.Status, rule.Times = fault.Status, status, 1
						c.break_(t, rule)
					},
					Unknown: provider.Notice{Topic: "payment", Resource: "99999999"},
				}
			}})
		})
	}
}
