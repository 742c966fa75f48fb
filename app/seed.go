package app

import (
	"context"
	"fmt"

	"posta"
	"posta/account"
	"posta/sim/mercadopago"
	"posta/till"
)

// The two accounts that the demo has at the simulator: one charges by the
// legacy attended order, one by the Orders API, so that both can be tried.
var (
	legacyAccount = mercadopago.Account{UserID: 100000001, AccessToken: "SIMULATED-ACCESS-TOKEN-LEGACY", Nickname: "POSTADEMO1",
		Site: "MLA", WebhookSecret: "simulated-webhook-secret-1", FeedKey: "simulated-feed-key-1", ApplicationID: 500000001, Test: true}
	ordersAccount = mercadopago.Account{UserID: 100000002, AccessToken: "SIMULATED-ACCESS-TOKEN-ORDERS", PublicKey: "SIMULATED-PUBLIC-KEY-ORDERS", Nickname: "POSTADEMO2",
		Site: "MLA", WebhookSecret: "simulated-webhook-secret-2", FeedKey: "simulated-feed-key-2", ApplicationID: 500000002, Test: true,
		BusinessName: "Almacén La Posta", PanelTopics: []string{"order", "payment"}}
)

// The demo's person. The password guards nothing but a simulator on loopback.
const (
	demoEmail    = "caja@posta.example"
	demoPassword = "posta-demo-1"
)

// prepare makes the accounts at the simulator and, on the first start, the
// merchant with its stores and tills, through the same services as a person would.
func (d *Demo) prepare(ctx context.Context) error {
	if d.Seed.Merchant == "" {
		if err := d.seedMerchant(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) seedMerchant(ctx context.Context) error {
	now := d.clock.Now
	seed := Seed{Email: demoEmail, Password: demoPassword, Offset: d.Seed.Offset}
	merchant, err := d.Accounts.CreateMerchant(ctx, account.MerchantInput{ID: posta.NewID[posta.MerchantID](now()),
		Name: "Almacén La Posta", Country: "AR", TimeZone: "America/Argentina/Buenos_Aires"})
	if err != nil {
		return err
	}
	seed.Merchant = merchant.ID
	if _, err := d.Accounts.CreateUser(ctx, account.UserInput{ID: posta.NewID[posta.UserID](now()), MerchantID: merchant.ID,
		Email: demoEmail, Name: "Caja Demo", Password: demoPassword}); err != nil {
		return err
	}
	if _, seed.Key, err = d.Accounts.CreateKey(ctx, posta.NewID[posta.KeyID](now()), merchant.ID, posta.Test, "Demo"); err != nil {
		return err
	}
	var stores []till.Store
	for _, shop := range []struct {
		connection string
		account    mercadopago.Account
		config     map[string]string
		store      string
		address    till.Address
		closeAt    string
		tills      []string
	}{
		{"Mercado Pago QR", legacyAccount, map[string]string{"flow": "legacy", "access_token": legacyAccount.AccessToken}, "Centro",
			till.Address{Street: "Calle Ficticia", Number: "123", City: "La Plata", State: "Buenos Aires", Latitude: "-34.9214", Longitude: "-57.9545"},
			"23:30", []string{"Caja 1", "Caja 2"}},
		{"Mercado Pago Orders", ordersAccount, map[string]string{"flow": "orders", "qr_mode": "hybrid", "access_token": ordersAccount.AccessToken, "public_key": ordersAccount.PublicKey, "webhook_secret": ordersAccount.WebhookSecret}, "Costanera",
			till.Address{Street: "Avenida Inventada", Number: "4567", City: "La Plata", State: "Buenos Aires", Latitude: "-34.9100", Longitude: "-57.9300"},
			"", []string{"Caja única"}},
	} {
		connection, err := d.Accounts.CreateConnection(ctx, account.ConnectionInput{ID: posta.NewID[posta.ConnectionID](now()),
			MerchantID: merchant.ID, Mode: posta.Test, Provider: "mercadopago", Name: shop.connection,
			Fields: shop.config})
		if err != nil {
			return err
		}
		if len(shop.account.PanelTopics) > 0 {
			shop.account.PanelURL = d.NotifyURL(connection.ID)
		}
		if err := d.Simulator.AddAccount(shop.account); err != nil {
			return err
		}
		if _, err := d.Accounts.Check(ctx, merchant.ID, connection.ID); err != nil {
			return err
		}
		store, err := d.Tills.CreateStore(ctx, till.StoreInput{ID: posta.NewID[posta.StoreID](now()), MerchantID: merchant.ID,
			Mode: posta.Test, ConnectionID: connection.ID, Name: shop.store, Address: shop.address, CloseAt: shop.closeAt})
		if err != nil {
			return err
		}
		stores = append(stores, store)
		for _, name := range shop.tills {
			made, err := d.Tills.CreateTill(ctx, till.Input{ID: posta.NewID[posta.TillID](now()), MerchantID: merchant.ID,
				Mode: posta.Test, StoreID: store.ID, Name: name})
			if err != nil {
				return err
			}
			seed.Tills = append(seed.Tills, made.ID)
		}
	}
	if seed.Terminals, err = d.seedTerminals(ctx, stores, seed.Tills[len(seed.Tills)-1]); err != nil {
		return err
	}
	terminal, err := d.Tills.Keeper.Terminal(ctx, merchant.ID, seed.Terminals[0])
	if err != nil {
		return err
	}
	if err := d.seedDesk(ctx, &seed, stores[1].ConnectionID, terminal.ConnectionID); err != nil {
		return fmt.Errorf("the demo's projects: %w", err)
	}
	if err := d.seedOnline(ctx, &seed); err != nil {
		return fmt.Errorf("the demo's sales online: %w", err)
	}
	d.Seed = seed
	return d.save()
}
