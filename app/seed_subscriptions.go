package app

import (
	"context"
	"fmt"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/subscription"
)

// seedSubscriptions makes a plan that the provider charges to cards and one that
// Posta asks for by boleto, each with subscriptions at different points.
func (d *Demo) seedSubscriptions(ctx context.Context, merchant posta.MerchantID, cards, boletos *market) error {
	quiet := *d.Subscriptions // what it writes to buyers now counts as delivered
	quiet.Mail = delivered{}
	month := provider.Period{Every: 1, Unit: "months"}
	club, err := quiet.CreatePlan(ctx, subscription.NewPlan{ID: posta.NewID[posta.PlanID](d.clock.Now()), MerchantID: merchant, Mode: posta.Test,
		ConnectionID: cards.connection, Name: "Club de la yerba", Amount: posta.Money{Amount: 1_200_000}, Period: month, Engine: subscription.EngineProvider,
		Attempts: subscription.Attempts{Most: 3, Source: subscription.SourceIntegrator}, By: "user:" + demoEmail})
	if err != nil {
		return err
	}
	// The first is charged, the second's card fails, the third is still to be charged.
	for i, buyer := range buyers(cards.buyer, "Ana", "Bruno", "Carla") {
		sub, err := d.subscribe(ctx, &quiet, club, cards, buyer)
		if err == nil && i == 1 {
			err = d.Simulator.FailCard(sub.Ref)
		}
		if err == nil && i < 2 {
			err = d.Simulator.ChargeNow(sub.Ref)
		}
		if err == nil {
			_, err = quiet.Refresh(ctx, merchant, posta.Test, sub.ID)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", buyer.FirstName, err)
		}
	}
	beans, err := quiet.CreatePlan(ctx, subscription.NewPlan{ID: posta.NewID[posta.PlanID](d.clock.Now()), MerchantID: merchant, Mode: posta.Test,
		ConnectionID: boletos.connection, Name: "Café do mês", Amount: posta.Money{Amount: 8_990}, Period: month, Engine: subscription.EngineHub,
		Methods: []string{"bolbradesco"}, By: "user:" + demoEmail})
	if err != nil {
		return err
	}
	for i, buyer := range buyers(boletos.buyer, "João", "Maria") {
		sub, err := quiet.SignUp(ctx, signUp(d.clock, beans, buyer))
		if err == nil && i == 0 {
			err = d.payFirst(ctx, &quiet, sub)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", buyer.FirstName, err)
		}
	}
	_, err = quiet.SweepMail(ctx, func(do func()) { do() })
	return err
}

// buyers are several of a market's, each with a name of their own.
func buyers(like provider.Buyer, names ...string) (out []provider.Buyer) {
	for _, name := range names {
		like.FirstName = name
		out = append(out, like)
	}
	return out
}

func signUp(clock posta.Clock, p subscription.Plan, b provider.Buyer) subscription.SignUp {
	return subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: b, By: "user:" + demoEmail}
}

// subscribe signs a buyer up by a card.
func (d *Demo) subscribe(ctx context.Context, s *subscription.Service, p subscription.Plan, m *market, b provider.Buyer) (subscription.Subscription, error) {
	in := signUp(d.clock, p, b)
	var err error
	if in.Token, err = d.card(m, "visa", "APRO"); err != nil {
		return subscription.Subscription{}, err
	}
	return s.SignUp(ctx, in)
}

// payFirst pays the first voucher of a subscription at the counter.
func (d *Demo) payFirst(ctx context.Context, s *subscription.Service, sub subscription.Subscription) error {
	invoices, err := s.Invoices(ctx, sub.MerchantID, sub.ID)
	if err != nil || len(invoices) == 0 || len(invoices[0].Attempts) == 0 {
		return fmt.Errorf("no voucher: %w", err)
	}
	p, err := d.Payments.Get(ctx, sub.MerchantID, sub.Mode, invoices[0].Attempts[0].Payment)
	if err != nil {
		return err
	}
	if err := d.payVoucher(p); err != nil {
		return err
	}
	_, err = s.Refresh(ctx, sub.MerchantID, sub.Mode, sub.ID)
	return err
}

// payVoucher pays what waits of a payment away from its page.
func (d *Demo) payVoucher(p payment.Payment) error {
	for _, v := range d.Simulator.OpenVouchers() {
		if fmt.Sprint(v.Number) == p.Order {
			return d.Simulator.PayVoucher(v.Number)
		}
	}
	return fmt.Errorf("payment %s has no voucher", p.ID)
}
