package mercadopago_test

import (
	"context"
	"testing"

	"github.com/mercadopago/sdk-go/pkg/order"

	"posta/sim/mercadopago"
)

func TestMPSDK10_OfficialSDKDrivesOnlineOrders(t *testing.T) {
	b := newStand(t)
	orders, ctx := order.NewClient(b.sdkByName(token)), context.Background()
	pays := func(holder string) *order.TransactionRequest {
		token, err := b.sim.Tokenize(user, mercadopago.CardForm{Holder: holder})
		if err != nil {
			t.Fatal(err)
		}
		return &order.TransactionRequest{Payments: []order.PaymentRequest{{Amount: "100.00", PaymentMethod: &order.PaymentMethodRequest{ID: "visa", Type: "credit_card", Token: token, Installments: 1}}}}
	}
	request := order.Request{Type: "online", ProcessingMode: "automatic", CaptureMode: "manual", TotalAmount: "100.00", ExternalReference: "sdk5", Payer: &order.PayerRequest{Email: "ana@example.com"}, Transactions: pays("APRO")}
	held, err := orders.Create(ctx, request)
	if err != nil || held.StatusDetail != "waiting_capture" {
		t.Fatal(held, err)
	}
	if held, err = orders.Capture(ctx, held.ID); err != nil || held.Status != "processed" {
		t.Fatal(held, err)
	}
	if held, err = orders.Get(ctx, held.ID); err != nil || held.TotalPaidAmount != "100.00" {
		t.Fatal(held, err)
	}
	back, err := orders.Refund(ctx, held.ID, &order.RefundRequest{Transactions: []order.RefundTransaction{{ID: held.Transactions.Payments[0].ID, Amount: "40.00"}}})
	if err != nil || back.StatusDetail != "partially_refunded" {
		t.Fatal(back, err)
	}
	request.Transactions = pays("FUND")
	if _, err = orders.Create(ctx, request); err == nil {
		t.Fatal("a decline is no error to the SDK")
	}

	manual := order.Request{Type: "online", ProcessingMode: "manual", TotalAmount: "100.00", ExternalReference: "sdk6", Payer: &order.PayerRequest{Email: "ana@example.com"}}
	made, err := orders.Create(ctx, manual)
	if err != nil || made.CheckoutURL == "" || made.ClientToken == "" {
		t.Fatal(made, err)
	}
	added, err := orders.CreateTransaction(ctx, made.ID, *pays("FUND"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = orders.UpdateTransaction(ctx, made.ID, added.Payments[0].ID, order.PaymentRequest{PaymentMethod: pays("APRO").Payments[0].PaymentMethod}); err != nil {
		t.Fatal(err)
	}
	if err = orders.DeleteTransaction(ctx, made.ID, added.Payments[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err = orders.CreateTransaction(ctx, made.ID, *pays("APRO")); err != nil {
		t.Fatal(err)
	}
	if made, err = orders.Process(ctx, made.ID); err != nil || made.Status != "processed" {
		t.Fatal(made, err)
	}
	other, err := orders.Create(ctx, manual)
	if err != nil {
		t.Fatal(err)
	}
	if other, err = orders.Cancel(ctx, other.ID); err != nil || other.Status != "canceled" {
		t.Fatal(other, err)
	}
	found, err := orders.Search(ctx, order.SearchRequest{Filters: map[string]string{"external_reference": "sdk6"}})
	if err != nil || len(found.Data) != 2 {
		t.Fatal(found, err)
	}
}
