package web_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/provider"
	"posta/store/storetest"
	"posta/till"
)

// pos is a payment company with card terminals that exists in these tests only.
type pos struct {
	*bank
	mu       sync.Mutex
	options  []string
	single   bool // takes one charge at a time
	lost     bool // the answer to what is asked next is lost
	asked    []provider.Charge
	refunded []provider.Refund
	refunds  map[string]provider.Fact // by id
	settles  int
	settled  provider.SettlementFact
	devices  []provider.Device
}

var everyOption = []string{provider.OptionOperation, provider.OptionMethod, provider.OptionInstallments, provider.OptionPlan, provider.OptionBrand,
	provider.OptionCashBack, provider.OptionCopies, provider.OptionNote, provider.OptionBenefit, provider.OptionDocument}

func (p *pos) Capabilities(rail provider.Rail) provider.Capabilities {
	if rail != provider.RailTerminal {
		return provider.Capabilities{}
	}
	return provider.Capabilities{Offered: true, Recovery: provider.RecoverNone, PartialRefund: true, Terminal: provider.TerminalCapabilities{
		Options: p.options, Several: true, Queue: !p.single, RefundAtTerminal: true, Reversal: true, NoReversal: []string{"AM"}, Settlement: true, Devices: true}}
}

func (p *pos) answer() error {
	if p.lost {
		p.lost = false
		return &posta.Error{Code: posta.CodeProviderUnavailable}
	}
	return nil
}

func (p *pos) Create(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, c)
	if err := p.answer(); err != nil {
		return provider.Observation{}, err
	}
	return standing(c.Payment, provider.ProgressOffered, 1), nil
}

// standing is an open charge that is somewhere on its terminal.
func standing(id posta.PaymentID, progress provider.Progress, version int64) provider.Observation {
	return provider.Observation{Order: "trx-" + string(id), ExternalReference: string(id), Facts: []provider.Fact{{Kind: provider.FactOrder,
		ID: "trx-" + string(id), Status: provider.StatusOpen, Progress: progress, Version: version, At: storetest.Now}}}
}

// ended is a charge that its terminal ended with a status.
func ended(id posta.PaymentID, status provider.Status, detail string) provider.Observation {
	return provider.Observation{ExternalReference: string(id), Facts: []provider.Fact{{Kind: provider.FactOrder, ID: "trx-" + string(id),
		Status: status, Detail: detail, Version: 90, At: storetest.Now}}}
}

// taken is a charge that a card paid.
func taken(id posta.PaymentID, paid provider.Fact) provider.Observation {
	out := ended(id, provider.StatusClosed, "")
	out.Facts[0].Explained = paid.Explained
	paid.Kind, paid.ID, paid.Parent, paid.Status, paid.Version, paid.At, paid.Explained = provider.FactAttempt, "trx-"+string(id), "trx-"+string(id), provider.StatusApproved, 90, storetest.Now, 0
	out.Facts = append(out.Facts, paid)
	return out
}

func (p *pos) Get(_ context.Context, c provider.Charge) (provider.Observation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out provider.Observation
	for _, r := range c.Refunds {
		if f, ok := p.refunds[r.ID]; ok {
			out.Facts = append(out.Facts, f)
		}
	}
	return out, nil
}

func (p *pos) Cancel(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	return standing(c.Payment, provider.ProgressCanceling, 5), nil
}

func (p *pos) Refund(_ context.Context, _ provider.Charge, r provider.Refund) (provider.Observation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refunded = append(p.refunded, r)
	if err := p.answer(); err != nil {
		return provider.Observation{}, err
	}
	f := provider.Fact{Kind: provider.FactRefund, ID: "back-" + r.Key, Parent: r.Attempt, Status: provider.StatusPending, Progress: provider.ProgressOffered,
		Version: 1, At: storetest.Now, Amount: r.Amount.Amount, Refund: r.Kind}
	p.refunds[f.ID] = f
	return provider.Observation{Facts: []provider.Fact{f}}, nil
}

func (p *pos) CancelRefund(_ context.Context, _ provider.Charge, r provider.RefundRef) (provider.Observation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.refunds[r.ID]
	f.Status, f.Version, f.Progress, f.Detail = provider.StatusCanceled, 9, "", "UNDONE"
	p.refunds[r.ID] = f
	return provider.Observation{Facts: []provider.Fact{f}}, nil
}

func (p *pos) Settle(context.Context, provider.Settlement) (provider.SettlementFact, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settles++
	return p.settled, p.answer()
}

func (p *pos) Settlement(context.Context, provider.Settlement) (provider.SettlementFact, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settled, nil
}

func (p *pos) Devices(context.Context) ([]provider.Device, error) { return p.devices, nil }

func (p *pos) SetIntegrated(_ context.Context, terminal string, integrated bool) error {
	at := slices.IndexFunc(p.devices, func(d provider.Device) bool { return d.ID == terminal })
	if at < 0 {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	p.devices[at].Integrated = integrated
	return nil
}

// counter is a hub whose till has two card terminals beside its QR.
type counter struct {
	*hub
	pos        *pos
	connection account.Connection
	terminals  []till.Terminal
}

// terminals equips the till of a hub.
func terminals(t *testing.T, h *hub) *counter {
	t.Helper()
	c := &counter{hub: h, pos: &pos{bank: h.bank, options: everyOption, refunds: map[string]provider.Fact{}}}
	now := storetest.Now
	c.connection = account.Connection{ID: posta.NewID[posta.ConnectionID](now), MerchantID: h.world.Merchant.ID, Mode: posta.Test,
		Provider: "prisma", Name: "Prisma", Config: map[string]string{}, Sealed: []byte("sealed"), CreatedAt: now, UpdatedAt: now}
	if err := h.db.InsertConnection(t.Context(), c.connection); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"Mostrador", "Salón"} {
		one := till.Terminal{ID: posta.NewID[posta.TerminalID](now.Add(time.Duration(i) * time.Millisecond)), MerchantID: h.world.Merchant.ID, Mode: posta.Test,
			StoreID: h.world.Store.ID, ConnectionID: c.connection.ID, Code: []string{"10000001", "10000002"}[i], Name: name, CreatedAt: now, UpdatedAt: now}
		if err := h.db.InsertTerminal(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		c.terminals = append(c.terminals, one)
	}
	open := func(_ context.Context, id posta.ConnectionID) (provider.Connector, error) {
		if id == c.connection.ID {
			return c.pos, nil
		}
		return h.bank, nil
	}
	h.payments.Open, h.tills.Open, h.closes.Open = open, open, open
	return c
}

// charge charges on the first terminal by the form of a new page.
func (c *counter) charge(b *browser, amount string, more ...string) payment.Payment {
	c.t.Helper()
	fields := append([]string{"nonce", posta.NewULID(storetest.Now), "amount", amount, "rail", "terminal", "terminal", string(c.terminals[0].ID)}, more...)
	got := b.post(c.till()+"/charge", fields...)
	_, id, ok := cutPayment(got.to)
	if !ok {
		c.t.Fatalf("charge: %d %s %s", got.status, got.to, got.body)
	}
	return c.payment(posta.PaymentID(id))
}

// hear brings the terminals' news about a payment.
func (c *counter) hear(seen provider.Observation) payment.Payment {
	c.t.Helper()
	out, err := c.payments.Apply(c.t.Context(), c.connection.ID, payment.News{Source: payment.FromEnquiry, Observation: seen})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Payment
}

// give gives an amount back on the terminal, where it is done.
func (c *counter) give(b *browser, p payment.Payment, amount string) {
	c.t.Helper()
	got := b.post(c.till()+"/sales/"+string(p.ID)+"/refund", "nonce", posta.NewULID(storetest.Now), "kind", "refund", "amount", amount)
	if got.status != http.StatusSeeOther {
		c.t.Fatalf("refund: %d %s", got.status, got.body)
	}
	for id, f := range c.pos.refunds {
		f.Status, f.Progress, f.Version, f.Slip = provider.StatusApproved, "", 9, provider.Slip{Terminal: "10000001", Batch: "3", Coupon: "170"}
		c.pos.refunds[id] = f
		c.hear(provider.Observation{ExternalReference: string(p.ID), Facts: []provider.Fact{f}})
	}
}

// visa is a card that paid an amount.
func visa(amount int64) provider.Fact {
	return provider.Fact{Amount: amount, Method: "credit_card", Brand: "VI", LastFour: "1234", Installments: 6, Authorizes: "778899",
		Slip: provider.Slip{Terminal: "10000001", Batch: "3", Coupon: "165", Entry: "contactless"}}
}

// sold charges an amount on the terminal and has it paid.
func (c *counter) sold(b *browser, amount string, more ...string) payment.Payment {
	c.t.Helper()
	p := c.charge(b, amount, more...)
	p = c.hear(taken(p.ID, visa(p.Amount.Amount)))
	if p.State != payment.Paid {
		c.t.Fatalf("sold: %s", p.State)
	}
	return p
}
