package api

import (
	"context"
	"net/http"

	"posta"
	"posta/provider"
)

// MethodList is what an account offers its buyers now.
type MethodList struct {
	Data []provider.Method `json:"data"`
}

// InstallmentList is how an amount can be split on a card.
type InstallmentList struct {
	Data []provider.InstallmentOption `json:"data"`
}

func (a *server) methods() {
	const tag = "Connections"
	asked := []posta.Code{posta.CodeProviderRejected, posta.CodeProviderUnavailable, posta.CodeRateLimited}
	add(a, http.MethodGet, "/v1/connections/{id}/methods", about{id: "list_connection_methods", tag: tag, summary: "List the ways to pay that an account offers",
		text: "As the provider told within the last few minutes. Limits are minor units.", codes: asked,
		answer: MethodList{[]provider.Method{{ID: "pix", Name: "Pix", Type: provider.TypeBank, Min: 1}}}},
		func(ctx context.Context, in *ConnectionPath) (*struct{ Body MethodList }, error) {
			c, err := a.connection(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.Checkout.AccountMethods(ctx, c.MerchantID, c.Mode, c.ID)
			if err != nil {
				return nil, ofProvider(err)
			}
			return &struct{ Body MethodList }{MethodList{append([]provider.Method{}, list...)}}, nil
		})
	add(a, http.MethodGet, "/v1/connections/{id}/installments", about{id: "list_connection_installments", tag: tag, summary: "List how an amount can be split on a card",
		codes: asked, answer: InstallmentList{[]provider.InstallmentOption{{Installments: 3, Each: posta.Money{Amount: 50000, Currency: "ARS"},
			Total: posta.Money{Amount: 150000, Currency: "ARS"}}}}},
		func(ctx context.Context, in *struct {
			ConnectionPath
			Bin    string `query:"bin" doc:"required: the card's first six to eight digits" example:"503175"`
			Amount int64  `query:"amount" doc:"required: minor units" example:"150000"`
		}) (*struct{ Body InstallmentList }, error) {
			c, err := a.connection(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.Checkout.AccountInstallments(ctx, c.MerchantID, c.Mode, c.ID, in.Bin, in.Amount)
			if err != nil {
				return nil, ofProvider(err)
			}
			return &struct{ Body InstallmentList }{InstallmentList{append([]provider.InstallmentOption{}, list...)}}, nil
		})
}
