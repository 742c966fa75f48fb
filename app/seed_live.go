package app

import (
	"context"

	"posta"
	"posta/account"
	"posta/sim/mercadopago"
	"posta/sim/prisma"
	"posta/till"
)

// The demo's production: accounts of the simulators too, behind a closed gate.
var (
	liveAccount = mercadopago.Account{UserID: 100000003, AccessToken: "SIMULATED-ACCESS-TOKEN-PRODUCTION", Nickname: "POSTADEMO3",
		Site: "MLA", WebhookSecret: "simulated-webhook-secret-3", FeedKey: "simulated-feed-key-3", ApplicationID: 500000003,
		BusinessName: "Almacén La Posta", PanelTopics: []string{"order", "payment"}}
	liveTerminals = prisma.Account{PublicKey: "SIMULATED-PUBLIC-KEY-PRODUCTION", SecretKey: "SIMULATED-SECRET-KEY-PRODUCTION", CUIT: "30-00000000-7",
		Name: "ALMACEN LA POSTA", Environment: prisma.Production, Terminals: []prisma.Terminal{
			{ID: "20000001", Name: "Terminal 1", Serial: "SIM0000011", Model: "N910"},
			{ID: "20000002", Name: "Terminal 2", Serial: "SIM0000012", Model: "N910"},
			{ID: "20000003", Name: "Terminal 3", Serial: "SIM0000013", Model: "N910"},
		}}
)

// seedLive makes the connections, the store, the tills and the terminals of live
// mode, and gives the connections of QR and of terminals.
func (d *Demo) seedLive(ctx context.Context, m posta.MerchantID) (qr, terminals posta.ConnectionID, err error) {
	now := d.clock.Now
	if err := d.Prisma.AddAccount(liveTerminals); err != nil {
		return "", "", err
	}
	for _, c := range []struct {
		id     *posta.ConnectionID
		input  account.ConnectionInput
		fields map[string]string
	}{
		{&qr, account.ConnectionInput{Provider: "mercadopago", Name: "Mercado Pago QR producción"},
			map[string]string{"flow": "orders", "qr_mode": "hybrid", "access_token": liveAccount.AccessToken, "webhook_secret": liveAccount.WebhookSecret}},
		{&terminals, account.ConnectionInput{Provider: "prisma", Name: "Prisma terminales producción"},
			map[string]string{"public_key": liveTerminals.PublicKey, "secret_key": liveTerminals.SecretKey, "cuit": liveTerminals.CUIT, "environment": liveTerminals.Environment}},
	} {
		c.input.ID, c.input.MerchantID, c.input.Mode, c.input.Fields = posta.NewID[posta.ConnectionID](now()), m, posta.Live, c.fields
		made, err := d.Accounts.CreateConnection(ctx, c.input)
		if err != nil {
			return "", "", err
		}
		if c.id == &qr {
			own := liveAccount
			own.PanelURL = d.NotifyURL(made.ID)
			if err := d.Simulator.AddAccount(own); err != nil {
				return "", "", err
			}
		}
		if _, err := d.Accounts.Check(ctx, m, made.ID); err != nil {
			return "", "", err
		}
		*c.id = made.ID
	}
	store, err := d.Tills.CreateStore(ctx, till.StoreInput{ID: posta.NewID[posta.StoreID](now()), MerchantID: m, Mode: posta.Live, ConnectionID: qr, Name: "Centro",
		Address: till.Address{Street: "Calle Ficticia", Number: "123", City: "La Plata", State: "Buenos Aires", Latitude: "-34.9214", Longitude: "-57.9545"}})
	if err != nil {
		return "", "", err
	}
	if _, err := d.Tills.CreateTill(ctx, till.Input{ID: posta.NewID[posta.TillID](now()), MerchantID: m, Mode: posta.Live, StoreID: store.ID, Name: "Caja 1"}); err != nil {
		return "", "", err
	}
	for _, t := range liveTerminals.Terminals {
		if _, err := d.Tills.CreateTerminal(ctx, till.TerminalInput{ID: posta.NewID[posta.TerminalID](now()), MerchantID: m, Mode: posta.Live,
			StoreID: store.ID, ConnectionID: terminals, Code: t.ID, Name: t.Name}); err != nil {
			return "", "", err
		}
	}
	return qr, terminals, nil
}
