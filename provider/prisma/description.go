// Package prisma is the connector of Prisma/Payway's card terminals driven over
// the cloud: payments, reversals, refunds and batch closes, each an intent that
// a person does at a terminal. What is known of the provider is in
// docs/providers/prisma.md; comments name its sections.
package prisma

import (
	"net/http"

	"posta"
	"posta/provider"
)

// The values of the fields that are choices.
const (
	Sandbox      = "sandbox"      // a mock with fixed data, docs/providers/prisma.md §14
	Homologation = "homologation" // a test terminal
	Production   = "production"

	FormDashes = "dashes" // 30-00000000-7
	FormBare   = "bare"   // 30000000007

	Off = "off"
	On  = "on"
)

// Description introduces the connector. It has no default address: hosts belong
// to the keys and are not derived from one another (docs/providers/prisma.md §2).
func Description() provider.Description {
	return provider.Description{
		Name:  "prisma",
		Title: "Prisma / Payway",
		Fields: []provider.Field{
			{Name: "public_key", Required: true},
			{Name: "secret_key", Secret: true, Required: true},
			{Name: "cuit", Required: true},
			{Name: "environment", Options: []string{Sandbox, Homologation, Production}, Default: Homologation},
			{Name: "base_url", Required: true},
			{Name: "cuit_format", Options: []string{FormDashes, FormBare}, Default: FormDashes},
			{Name: "apikey_header", Options: []string{Off, On}, Default: Off},
			{Name: "subnet_acquirer_id"},
			{Name: "tips", Options: []string{Off, On}, Default: Off},
			{Name: "merchant_group_code"},
			{Name: "ecr_provider", Default: "Posta"},
			{Name: "ecr_name", Default: "Posta"},
			{Name: "ecr_version", Default: "1.0"},
		},
		Live:   func(cfg provider.Config) bool { return cfg["environment"] == Production },
		Topics: func(provider.Config) []string { return nil }, // it sends no notices, §1
		Open: func(cfg provider.Config, transport *http.Client, clock posta.Clock) (provider.Connector, error) {
			return open(cfg, transport, clock)
		},
	}
}
