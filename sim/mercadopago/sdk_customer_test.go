package mercadopago_test

import (
	"context"
	"testing"

	"github.com/mercadopago/sdk-go/pkg/chargeback"
	"github.com/mercadopago/sdk-go/pkg/customer"
	"github.com/mercadopago/sdk-go/pkg/customercard"
	sdkuser "github.com/mercadopago/sdk-go/pkg/user"

	"posta/sim/mercadopago"
)

func TestMPSDK12_OfficialSDKKeepsCustomersAndTheirCards(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdkByName(token), context.Background()
	customers, cards := customer.NewClient(cfg), customercard.NewClient(cfg)
	made, err := customers.Create(ctx, customer.Request{Email: "ana@example.com", FirstName: "Ana"})
	if err != nil || made.ID == "" {
		t.Fatal(made, err)
	}
	if made, err = customers.Update(ctx, made.ID, customer.Request{LastName: "Prueba"}); err != nil || made.LastName != "Prueba" {
		t.Fatal(made, err)
	}
	found, err := customers.Search(ctx, customer.SearchRequest{Filters: map[string]string{"email": "ana@example.com"}})
	if err != nil || found.Paging.Total != 1 {
		t.Fatal(found, err)
	}
	card, err := cards.Create(ctx, made.ID, customercard.Request{Token: b.token(mercadopago.CardForm{})})
	if err != nil || card.LastFourDigits != "3704" {
		t.Fatal(card, err)
	}
	list, err := cards.List(ctx, made.ID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if card, err = cards.Get(ctx, made.ID, card.ID); err != nil || card.CustomerID != made.ID {
		t.Fatal(card, err)
	}
	if _, err = cards.Delete(ctx, made.ID, card.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = customers.Delete(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = customers.Get(ctx, made.ID); err == nil {
		t.Fatal("the customer is there still")
	}
}

func TestMPSDK13_OfficialSDKReadsChargebacksAndTheUser(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdkByName(token), context.Background()
	out := b.choose(b.preference(preferenceBody), mercadopago.Choice{})
	opened, err := b.sim.OpenChargeback(mercadopago.ChargebackRequest{PaymentID: out.ID})
	if err != nil {
		t.Fatal(err)
	}
	client := chargeback.NewClient(cfg)
	got, err := client.Get(ctx, opened)
	if err != nil || got.PaymentID != int(out.ID) || got.Amount != 1500.5 {
		t.Fatal(got, err)
	}
	found, err := client.Search(ctx, chargeback.SearchRequest{Filters: map[string]string{"payment_id": text(out.ID)}})
	if err != nil || len(found.Results) != 1 {
		t.Fatal(found, err)
	}
	me, err := sdkuser.NewClient(cfg).Get(ctx)
	if err != nil || me.SiteID != "MLA" {
		t.Fatal(me, err)
	}
}
