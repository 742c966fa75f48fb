package app

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"posta"
	"posta/homologation"
	"posta/payment"
	"posta/settlement"
)

// terminalDeeds are those at Prisma's card terminals. Where terminal=2 is told it
// is the second one of the till.
var terminalDeeds = map[string]deed{
	"take": (*play).take, "present": (*play).present, "wallet": (*play).wallet, "confirm": (*play).confirm, "device_cancel": (*play).deviceCancel,
	"power": (*play).power, "outcome": (*play).outcome, "close": (*play).closeBatch, "tokens": (*play).tokens, "slip": (*play).slip,
	"probe": (*play).probe, "reverse_again": (*play).reverseAgain, "empty_batch": (*play).emptyBatch,
	"plant": (*play).plant,
}

// device is a terminal as the simulator shows it, as far as it is needed.
type device struct {
	ID      string   `json:"id"`
	On      bool     `json:"on"`
	Current *listed  `json:"current"`
	Waiting []listed `json:"waiting"`
	Totals  struct {
		Total struct {
			Count int `json:"count"`
		} `json:"total"`
	} `json:"totals"`
}

type listed struct {
	ID string `json:"id"`
	QR string `json:"qr"`
}

func (p *play) code(params map[string]string) string {
	n := int(number(params, "terminal", 1))
	return p.at.Codes[min(n, len(p.at.Codes))-1]
}

func (p *play) device(ctx context.Context, code string) (device, error) {
	var all []device
	if err := p.ask(ctx, "GET", "/sim/api/terminals", nil, &all); err != nil {
		return device{}, err
	}
	at := slices.IndexFunc(all, func(d device) bool { return d.ID == code })
	if at < 0 {
		return device{}, notNow("deed", "terminal "+code)
	}
	return all[at], nil
}

// tell has somebody do something at the terminal.
func (p *play) tell(ctx context.Context, what string, params map[string]string, more map[string]any) error {
	order := map[string]any{"terminal": p.code(params)}
	for name, value := range more {
		order[name] = value
	}
	return p.ask(ctx, "POST", "/sim/api/"+what, order, nil)
}

// take chooses what was asked for last from the terminal's list.
func (p *play) take(ctx context.Context, params map[string]string) error {
	id := ""
	switch p.latest {
	case "payment":
		id = p.payment.Order
	case "settlement":
		id = p.settlement.ProviderID
	}
	if id == "" { // its answer was lost, or it is known by its payment
		d, err := p.device(ctx, p.code(params))
		if err != nil {
			return err
		}
		if len(d.Waiting) == 0 {
			return notNow("deed", "take")
		}
		id = d.Waiting[len(d.Waiting)-1].ID
	}
	return p.tell(ctx, "take", params, map[string]any{"intent": id})
}

// present presents a card: brand, kind, entry, outcome, pin, installments.
func (p *play) present(ctx context.Context, params map[string]string) error {
	card := map[string]any{}
	for _, name := range []string{"brand", "kind", "entry", "outcome", "pin"} {
		if params[name] != "" {
			card[name] = params[name]
		}
	}
	if n := number(params, "installments", 0); n > 0 {
		card["installments"] = n
	}
	return p.tell(ctx, "present", params, map[string]any{"card": card})
}

// wallet pays the QR that the terminal shows: discount in centavos.
func (p *play) wallet(ctx context.Context, params map[string]string) error {
	d, err := p.device(ctx, p.code(params))
	if err != nil {
		return err
	}
	if d.Current == nil || d.Current.QR == "" {
		return notNow("deed", "wallet")
	}
	return p.ask(ctx, "POST", "/sim/api/pay-qr", map[string]any{"qr": d.Current.QR,
		"wallet": map[string]any{"discount": number(params, "discount", 0), "outcome": params["outcome"]}}, nil)
}

func (p *play) confirm(ctx context.Context, params map[string]string) error {
	return p.tell(ctx, "confirm", params, nil)
}

func (p *play) deviceCancel(ctx context.Context, params map[string]string) error {
	return p.tell(ctx, "cancel", params, nil)
}

// power switches the terminal: on, or off.
func (p *play) power(ctx context.Context, params map[string]string) error {
	return p.tell(ctx, "power", params, map[string]any{"on": params["on"] == "yes"})
}

// outcome arms the acquirer's next answer: is=decline.
func (p *play) outcome(ctx context.Context, params map[string]string) error {
	return p.tell(ctx, "outcome", params, map[string]any{"outcome": params["is"]})
}

// closeBatch asks the terminal to close its batch: print=no prints no slip. A
// sale before it is part of what was done, and not of what is judged.
func (p *play) closeBatch(ctx context.Context, params map[string]string) (err error) {
	p.latest = "settlement"
	in := settlement.Input{MerchantID: p.at.MerchantID, Mode: posta.Test, TerminalID: p.at.Terminals[min(int(number(params, "terminal", 1)), len(p.at.Terminals))-1],
		NoSlip: params["print"] == "no", By: by}
	p.settlement, err = p.Settlements.Create(ctx, in)
	if err == nil && params["then"] == "payment" {
		p.beside, p.settlement, p.latest = p.settlement, settlement.Settlement{}, "payment"
		err = p.finishClose(ctx, p.beside, params)
	}
	return err
}

// finishClose does a close that is not what the case is judged by.
func (p *play) finishClose(ctx context.Context, st settlement.Settlement, params map[string]string) error {
	if err := p.tell(ctx, "take", params, map[string]any{"intent": st.ProviderID}); err != nil {
		return err
	}
	if err := p.confirm(ctx, params); err != nil {
		return err
	}
	return p.until(ctx, "close", func() (bool, error) {
		now, err := p.Settlements.Refresh(ctx, p.at.MerchantID, posta.Test, st.ID)
		return now.State.Final(), err
	})
}

// emptyBatch closes what the terminal has in its open batch, so that the next
// close finds none.
func (p *play) emptyBatch(ctx context.Context, params map[string]string) error {
	d, err := p.device(ctx, p.code(params))
	if err != nil || d.Totals.Total.Count == 0 {
		return err
	}
	st, err := p.Settlements.Create(ctx, settlement.Input{MerchantID: p.at.MerchantID, Mode: posta.Test, TerminalID: p.at.Terminals[0], By: by})
	if err != nil {
		return err
	}
	return p.finishClose(ctx, st, params)
}

// plant is a sale made on the terminal itself, of which Posta does not hear.
func (p *play) plant(ctx context.Context, params map[string]string) error {
	return p.tell(ctx, "plant", params, map[string]any{"movement": map[string]any{"type": "sale", "brand": "VI", "amount": number(params, "amount", 100_000)}})
}

// tokens ends all tokens at the provider.
func (p *play) tokens(ctx context.Context, _ map[string]string) error {
	return p.ask(ctx, "POST", "/sim/control/tokens", nil, nil)
}

// slip is a person who reads off the terminal's slip what became of a charge
// whose answer was lost.
func (p *play) slip(ctx context.Context, _ map[string]string) error {
	type sale struct {
		Reference string `json:"ecr_transaction_id"`
		Terminal  string `json:"terminal"`
		Batch     int64  `json:"batch"`
		Coupon    int64  `json:"coupon"`
		Code      string `json:"code"`
		Brand     string `json:"brand"`
	}
	var found sale
	err := p.until(ctx, "slip", func() (bool, error) {
		var books struct {
			Sales []sale `json:"authorizations"`
		}
		err := p.ask(ctx, "GET", "/sim/api/books", nil, &books)
		for _, s := range books.Sales {
			if s.Reference == string(p.payment.ID) {
				found = s
				return true, err
			}
		}
		return false, err
	})
	if err != nil {
		return err
	}
	p.payment, err = p.Payments.SettleBySlip(ctx, p.payment.ID, payment.SlipInput{MerchantID: p.at.MerchantID, Mode: posta.Test, Done: true, Terminal: found.Terminal,
		Batch: strconv.FormatInt(found.Batch, 10), Coupon: strconv.FormatInt(found.Coupon, 10), Authorization: found.Code, Brand: found.Brand, By: by})
	return err
}

func (p *play) probe(ctx context.Context, _ map[string]string) (err error) {
	p.call, err = homologation.Probe(ctx, p.Store, p.Accounts.Open, p.at.Connection)
	return err
}

func (p *play) reverseAgain(ctx context.Context, _ map[string]string) error {
	if err := p.load(ctx); err != nil {
		return err
	}
	refunds, err := p.Store.ListRefunds(ctx, p.payment.ID)
	if err != nil {
		return err
	}
	return homologation.ReverseAgain(ctx, p.Accounts.Open, p.payment, refunds, posta.NewULID(p.Clock.Now()))
}

// clear leaves the till's terminals on, with nothing under way and nothing in
// their lists.
func (p *play) clear(ctx context.Context) error {
	var all []error
	for n, code := range p.at.Codes {
		params := map[string]string{"terminal": strconv.Itoa(n + 1), "on": "yes"}
		d, err := p.device(ctx, code)
		if err == nil && !d.On {
			err = p.power(ctx, params)
		}
		if err == nil && d.Current != nil {
			err = p.until(ctx, "terminal free", func() (bool, error) {
				_ = p.deviceCancel(ctx, params) // refused while the acquirer is asked, which ends by itself
				d, err := p.device(ctx, code)
				return d.Current == nil, err
			})
		}
		if err == nil {
			d, err = p.device(ctx, code)
		}
		for _, left := range d.Waiting {
			err = errors.Join(err, p.tell(ctx, "take", params, map[string]any{"intent": left.ID}), p.deviceCancel(ctx, params))
		}
		all = append(all, err, p.outcome(ctx, params))
	}
	return errors.Join(all...)
}
