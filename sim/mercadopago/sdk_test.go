package mercadopago_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/mercadopago/sdk-go/pkg/config"
	"github.com/mercadopago/sdk-go/pkg/merchantorder"
	"github.com/mercadopago/sdk-go/pkg/order"
	"github.com/mercadopago/sdk-go/pkg/payment"
	"github.com/mercadopago/sdk-go/pkg/refund"
	"github.com/mercadopago/sdk-go/pkg/requestoptions"
	sdkuser "github.com/mercadopago/sdk-go/pkg/user"

	"posta/sim/mercadopago"
)

// toSimulator leads the official SDK to the simulator.
type toSimulator struct{ base *url.URL }

func (r toSimulator) Do(req *http.Request) (*http.Response, error) {
	req.URL.Scheme, req.URL.Host, req.Host = r.base.Scheme, r.base.Host, r.base.Host
	return plain.Do(req)
}

func (b *stand) sdk() *config.Config {
	b.Helper()
	base, err := url.Parse(b.server.URL)
	if err != nil {
		b.Fatal(err)
	}
	cfg, err := config.New(token, config.WithHTTPClient(toSimulator{base}))
	if err != nil {
		b.Fatal(err)
	}
	return cfg
}

func TestMPSDK01_OfficialSDKReadsAndRefundsPayments(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdk(), context.Background()
	p, _ := b.paid("1250.55")
	number := int(p.Payments[0].ID)

	got, err := payment.NewClient(cfg).Get(ctx, number)
	if err != nil || got.TransactionAmount != 1250.55 || got.Status != "approved" || got.ExternalReference != "pay1" || !got.DateApproved.Equal(start) {
		t.Fatal(got, err)
	}
	found, err := payment.NewClient(cfg).Search(ctx, payment.SearchRequest{Filters: map[string]string{"external_reference": "pay1"}})
	if err != nil || found.Paging.Total != 1 || found.Results[0].ID != number {
		t.Fatal(found, err)
	}
	refunds := refund.NewClient(cfg)
	part, err := refunds.CreatePartialRefund(ctx, number, 50.55)
	if err != nil || part.Amount != 50.55 || part.PaymentID != number {
		t.Fatal(part, err)
	}
	if _, err := refunds.Create(ctx, number); err != nil {
		t.Fatal(err)
	}
	list, err := refunds.List(ctx, number)
	if err != nil || len(list) != 2 || list[1].Amount != 1200 {
		t.Fatal(list, err)
	}
	if one, err := refunds.Get(ctx, number, list[0].ID); err != nil || one.Amount != 50.55 {
		t.Fatal(one, err)
	}
}

func TestMPSDK02_OfficialSDKReadsMerchantOrders(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdk(), context.Background()
	p, _ := b.paid("100")
	got, err := merchantorder.NewClient(cfg).Get(ctx, int(p.MerchantOrderID))
	if err != nil || got.Status != "closed" || got.OrderStatus != "paid" || got.PaidAmount != 100 || len(got.Payments) != 1 {
		t.Fatal(got, err)
	}
	found, err := merchantorder.NewClient(cfg).Search(ctx, merchantorder.SearchRequest{Filters: map[string]string{"external_reference": "pay1"}})
	if err != nil || found.Total != 1 || found.Elements[0].ID != int(p.MerchantOrderID) {
		t.Fatal(found, err)
	}
}

func TestMPSDK03_OfficialSDKDrivesOrders(t *testing.T) {
	b := newStand(t)
	cfg, ctx := b.sdk(), context.Background()
	orders := order.NewClient(cfg)
	o := b.paidOrder()
	got, err := orders.Get(ctx, o)
	if err != nil || got.Status != "processed" || got.TotalPaidAmount != "50.00" {
		t.Fatal(got, err)
	}
	part := &order.RefundRequest{Transactions: []order.RefundTransaction{{ID: got.Transactions.Payments[0].ID, Amount: "20.00"}}}
	back, err := orders.Refund(requestoptions.WithIdempotencyKey(ctx, "r1"), o, part)
	if err != nil || back.StatusDetail != "partially_refunded" || back.Transactions.Refunds[0].Amount != "20.00" {
		t.Fatal(back, err)
	}
	if back, err = orders.Refund(ctx, o, nil); err != nil || back.Status != "refunded" {
		t.Fatal(back, err)
	}
	second := id(b.want(b.order("k9", orderBody), 201))
	if c, err := orders.Cancel(ctx, second); err != nil || c.Status != "canceled" {
		t.Fatal(c, err)
	}
	found, err := orders.Search(ctx, order.SearchRequest{Filters: map[string]string{"external_reference": "ord1"}})
	if err != nil || len(found.Data) != 2 {
		t.Fatal(found, err)
	}
}

func TestMPSDK05_OfficialSDKDrivesPointOrders(t *testing.T) {
	b := newStand(t)
	orders, ctx := order.NewClient(b.sdk()), context.Background()
	o := b.point()
	b.payPoint(mercadopago.PointPayment{Provider: "external"})
	got, err := orders.Get(ctx, o)
	if err != nil || got.Type != "point" || got.Status != "processed" || got.Transactions.Payments[0].PaidAmount != "50.00" || got.Transactions.Payments[0].Provider != "external" {
		t.Fatal(got, err)
	}
	if back, err := orders.Refund(ctx, o, nil); err != nil || back.Status != "refunded" {
		t.Fatal(back, err)
	}
	second := id(b.want(b.order("k9", pointBody), 201))
	if c, err := orders.Cancel(ctx, second); err != nil || c.Status != "canceled" {
		t.Fatal(c, err)
	}
}

func TestMPSDK04_OfficialSDKReadsTheUser(t *testing.T) {
	b := newStand(t)
	got, err := sdkuser.NewClient(b.sdk()).Get(context.Background())
	if err != nil || strconv.Itoa(got.ID) != "446566691" || got.SiteID != "MLA" {
		t.Fatal(got, err)
	}
}
