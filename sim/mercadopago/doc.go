// Package mercadopago is a stand-in for Mercado Pago: in store, stores and POS,
// the legacy QR orders and their merchant orders, the Orders API with types qr
// and point, Point terminals; online, the payments API with card tokens and
// vouchers, Checkout Pro, online orders, subscriptions, customers, chargebacks,
// OAuth and the developers' panel; and notifications. It is stateful, strict and
// hostile on purpose, and is written from docs/providers/mercadopago.md and
// docs/providers/mercadopago-online.md alone, never from the connector that it
// tests.
//
// Each rule it keeps has an id (MP-LEG-01), a test of that name and a row in
// docs/simulators.md, which also lists what the provider leaves open and what
// was chosen here.
//
// The money inside is int64 minor units; the state is held in memory and
// committed to a SQLite file of its own before anything is answered.
package mercadopago
