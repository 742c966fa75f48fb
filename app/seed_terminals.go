package app

import (
	"context"

	"posta"
	"posta/account"
	"posta/sim/mercadopago"
	"posta/sim/prisma"
	"posta/till"
)

// terminalAccount is the demo's project at Prisma's simulator.
var terminalAccount = prisma.Account{PublicKey: "SIMULATED-PUBLIC-KEY", SecretKey: "SIMULATED-SECRET-KEY", CUIT: "30-00000000-7",
	Name: "ALMACEN LA POSTA", Environment: prisma.Homologation, Terminals: []prisma.Terminal{
		{ID: "10000001", Name: "Terminal 1", Serial: "SIM0000001", Model: "N910"},
		{ID: "10000002", Name: "Terminal 2", Serial: "SIM0000002", Model: "N910"},
	}}

// seedTerminals puts two Prisma terminals into the first store, and a Point
// into the second, signed in at its till.
func (d *Demo) seedTerminals(ctx context.Context, stores []till.Store, atPoint posta.TillID) ([]posta.TerminalID, error) {
	now := d.clock.Now
	first, second := stores[0], stores[1]
	if err := d.Prisma.AddAccount(terminalAccount); err != nil {
		return nil, err
	}
	connection, err := d.Accounts.CreateConnection(ctx, account.ConnectionInput{ID: posta.NewID[posta.ConnectionID](now()),
		MerchantID: first.MerchantID, Mode: posta.Test, Provider: "prisma", Name: "Prisma terminales", Fields: map[string]string{
			"public_key": terminalAccount.PublicKey, "secret_key": terminalAccount.SecretKey, "cuit": terminalAccount.CUIT,
			"environment": terminalAccount.Environment}})
	if err != nil {
		return nil, err
	}
	if _, err := d.Accounts.Check(ctx, first.MerchantID, connection.ID); err != nil {
		return nil, err
	}
	if err := d.Simulator.AddTerminal(mercadopago.PointTerminal{UserID: ordersAccount.UserID, ID: mercadopago.VirtualTerminal,
		ExternalPOS: posta.Alphanumeric(atPoint), OperatingMode: "PDV"}); err != nil {
		return nil, err
	}
	var made []posta.TerminalID
	for _, t := range []till.TerminalInput{
		{StoreID: first.ID, ConnectionID: connection.ID, Code: terminalAccount.Terminals[0].ID, Name: terminalAccount.Terminals[0].Name},
		{StoreID: first.ID, ConnectionID: connection.ID, Code: terminalAccount.Terminals[1].ID, Name: terminalAccount.Terminals[1].Name},
		{StoreID: second.ID, ConnectionID: second.ConnectionID, Code: mercadopago.VirtualTerminal, Name: "Point"},
	} {
		t.ID, t.MerchantID, t.Mode = posta.NewID[posta.TerminalID](now()), first.MerchantID, posta.Test
		terminal, err := d.Tills.CreateTerminal(ctx, t)
		if err != nil {
			return nil, err
		}
		made = append(made, terminal.ID)
	}
	return made, nil
}
