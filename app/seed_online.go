package app

import (
	"context"
	"fmt"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
	"posta/sim/mercadopago"
)

// SeedLink is a payment link of the demo, in one of the countries that it sells in.
type SeedLink struct {
	Country    string             `json:"country"`
	Connection posta.ConnectionID `json:"connection"`
	Link       posta.LinkID       `json:"link"`
	Token      string             `json:"token"` // of its address: checkout.LinkPath and this
}

// market is a country that the demo sells in: its account at the simulator, and
// what is sold there, to whom.
type market struct {
	country string
	account mercadopago.Account
	product checkout.ProductInput
	buyer   provider.Buyer

	connection posta.ConnectionID
	link       checkout.Link
}

// selling are the topics that an account's application tells of.
var selling = []string{"payment", "topic_merchant_order_wh", "topic_chargebacks_wh", "subscription_preapproval", "subscription_preapproval_plan", "subscription_authorized_payment"}

// markets are the countries, each with a price that all its methods take.
func markets() []*market {
	seller := func(n int64, site string) mercadopago.Account {
		return mercadopago.Account{UserID: 100000010 + n, AccessToken: "SIMULATED-ACCESS-TOKEN-" + site, PublicKey: "SIMULATED-PUBLIC-KEY-" + site, Nickname: "POSTA" + site,
			Site: site, WebhookSecret: "simulated-webhook-secret-" + site, FeedKey: "simulated-feed-key-" + site, ApplicationID: 500000010 + n, Test: true,
			BusinessName: "Almacén La Posta", PanelTopics: selling}
	}
	buyer := func(first, last, document, number string) provider.Buyer {
		return provider.Buyer{Email: mercadopago.TestBuyer, FirstName: first, LastName: last, Entity: provider.EntityPerson, IP: "127.0.0.1",
			Identification: provider.Identification{Type: document, Number: number}}
	}
	brazilian := buyer("João", "Fictício", "CPF", "12345678909")
	brazilian.Address = provider.Address{ZipCode: "01000000", Street: "Rua Inventada", Number: "123", Neighborhood: "Centro", City: "São Paulo", State: "SP"}
	return []*market{
		{country: "AR", account: seller(1, "MLA"), buyer: buyer("Ana", "Ficticia", "DNI", "12345678"),
			product: checkout.ProductInput{Name: "Yerba mate orgánica, 5 kg", Description: "Estacionada un año", Category: "home", Price: 2_500_000}},
		{country: "BR", account: seller(2, "MLB"), buyer: brazilian,
			product: checkout.ProductInput{Name: "Café em grãos, 1 kg", Description: "Torra média", Category: "home", Price: 18_990}},
		{country: "MX", account: seller(3, "MLM"), buyer: buyer("Lucía", "Inventada", "RFC", "XAXX010101000"),
			product: checkout.ProductInput{Name: "Molcajete de piedra", Description: "Hecho a mano", Category: "home", Price: 125_000}},
		{country: "CO", account: seller(4, "MCO"), buyer: buyer("Camilo", "Imaginario", "CC", "1000000001"),
			product: checkout.ProductInput{Name: "Mochila tejida", Description: "Lana de oveja", Category: "fashion", Price: 8_500_000}},
	}
}

// seedOnline has the merchant sell online in four countries, with payments and
// subscriptions that stand at different points.
func (d *Demo) seedOnline(ctx context.Context, seed *Seed) error {
	all := markets()
	for _, m := range all {
		if err := d.openMarket(ctx, seed.Merchant, m); err != nil {
			return fmt.Errorf("%s: %w", m.country, err)
		}
		seed.Links = append(seed.Links, SeedLink{Country: m.country, Connection: m.connection, Link: m.link.ID, Token: m.link.Token})
	}
	if err := d.seedSales(ctx, all); err != nil {
		return fmt.Errorf("payments: %w", err)
	}
	if err := d.seedSubscriptions(ctx, seed.Merchant, all[0], all[1]); err != nil {
		return fmt.Errorf("subscriptions: %w", err)
	}
	return nil
}

// openMarket connects a country's account and offers its product by a link.
func (d *Demo) openMarket(ctx context.Context, merchant posta.MerchantID, m *market) error {
	m.connection = posta.NewID[posta.ConnectionID](d.clock.Now())
	m.account.PanelURL = d.NotifyURL(m.connection)
	if err := d.Simulator.AddAccount(m.account); err != nil {
		return err
	}
	if _, _, err := d.Accounts.Connect(ctx, account.ConnectionInput{ID: m.connection, MerchantID: merchant, Mode: posta.Test, Provider: "mercadopago",
		Name: "Mercado Pago " + m.country, Country: m.country, Fields: map[string]string{"access_token": m.account.AccessToken,
			"public_key": m.account.PublicKey, "webhook_secret": m.account.WebhookSecret}}); err != nil {
		return err
	}
	m.product.MerchantID, m.product.Mode, m.product.ConnectionID = merchant, posta.Test, m.connection
	product, err := d.Checkout.CreateProduct(ctx, m.product)
	if err != nil {
		return err
	}
	m.link, err = d.Checkout.CreateLink(ctx, checkout.LinkInput{MerchantID: merchant, Mode: posta.Test, ProductID: product.ID, Stock: checkout.Unlimited})
	return err
}

// seedSales pays by the links, each buyer as a browser would.
func (d *Demo) seedSales(ctx context.Context, all []*market) error {
	argentina, brazil, mexico, colombia := all[0], all[1], all[2], all[3]
	for _, sale := range []struct {
		market *market
		method string
		holder string // of a card: it says what becomes of it
		want   payment.State
	}{
		{argentina, "visa", "APRO", payment.Paid},
		{argentina, "master", "FUND", payment.Rejected},
		{argentina, "rapipago", "", payment.Pending},
		{brazil, "pix", "", payment.Pending},
		{mexico, "visa", "APRO", payment.Paid},
		{colombia, "efecty", "", payment.Pending},
	} {
		if p, err := d.sell(ctx, sale.market, sale.method, sale.holder); err != nil || p.State != sale.want {
			return fmt.Errorf("%s in %s: %s %s, %w", sale.method, sale.market.country, p.State, p.LastDetail, err)
		}
	}
	paid, err := d.sell(ctx, brazil, "master", "APRO")
	if err != nil {
		return err
	}
	if _, err := d.Payments.Refund(ctx, payment.RefundInput{ID: posta.NewID[posta.RefundID](d.clock.Now()), MerchantID: paid.MerchantID, Mode: paid.Mode,
		PaymentID: paid.ID, Amount: paid.Amount.Amount, By: "user:" + demoEmail}); err != nil {
		return err
	}
	return d.dispute(ctx, argentina)
}

// sell has a buyer open a country's link and pay.
func (d *Demo) sell(ctx context.Context, m *market, method, holder string) (payment.Payment, error) {
	visit, err := d.Checkout.Visit(ctx, m.link.Token, "")
	if err != nil {
		return payment.Payment{}, err
	}
	in := checkout.PayInput{Session: visit.ID, Flow: provider.FlowDirect, Method: method, Buyer: m.buyer}
	if holder != "" {
		in.Installments = 1
		if in.Token, err = d.card(m, method, holder); err != nil {
			return payment.Payment{}, err
		}
	}
	return d.Checkout.Pay(ctx, in)
}

// card is a token for a country's test card.
func (d *Demo) card(m *market, method, holder string) (string, error) {
	form := mercadopago.CardForm{Holder: holder}
	for _, c := range mercadopago.TestCards {
		if c.Site == m.account.Site && c.Method == method {
			form.Number = c.Number
		}
	}
	return d.Simulator.Tokenize(m.account.UserID, form)
}

// dispute has a card's holder not know what was bought.
func (d *Demo) dispute(ctx context.Context, m *market) error {
	p, err := d.sell(ctx, m, "visa", "APRO")
	if err != nil {
		return err
	}
	for _, id := range d.Simulator.Books(string(p.ID)).Payments {
		if _, err := d.Simulator.OpenChargeback(mercadopago.ChargebackRequest{PaymentID: id}); err != nil {
			return err
		}
	}
	_, err = d.Payments.Refresh(ctx, p.MerchantID, p.Mode, p.ID)
	return err
}
