package app

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
)

// deed is a word of a script: it does something, with its parameters.
type deed func(p *play, ctx context.Context, params map[string]string) error

// commonDeeds are those of every provider; docs/states.md lists them.
var commonDeeds = map[string]deed{
	"charge": (*play).charge, "wait": (*play).wait, "cancel": (*play).cancel, "refund": (*play).giveBack, "cancel_refund": (*play).cancelRefund,
	"advance": (*play).advance, "fault": (*play).fault, "switch": (*play).turn, "reopen": (*play).reopen, "check": (*play).check,
	"give_up": (*play).giveUp, "only": (*play).only, "ask": func(p *play, ctx context.Context, _ map[string]string) error { return p.look(ctx) },
}

// charge charges: amount, expires, rail, and what is asked of a terminal.
func (p *play) charge(ctx context.Context, params map[string]string) (err error) {
	in := payment.Input{ID: posta.NewID[posta.PaymentID](p.Clock.Now()), MerchantID: p.at.MerchantID, Mode: posta.Test, TillID: p.at.Till, By: by,
		Amount: posta.Money{Amount: number(params, "amount", 150_000)}, Reference: "homologacion"}
	if in.ExpiresIn, err = span(params["expires"]); err != nil {
		return err
	}
	if p.at.Provider == "prisma" {
		in.Rail = provider.RailTerminal
		in.Terminals = p.at.Terminals[:min(int(number(params, "terminals", 1)), len(p.at.Terminals))]
		in.Options = provider.TerminalOptions{Operation: provider.Operation(params["operation"]), Method: params["method"], Brand: params["brand"],
			Installments: int(number(params, "installments", 0)), CashBack: number(params, "cash_back", 0), Copies: provider.Copies(params["copies"]),
			Note: params["note"], Benefit: params["benefit"] == "yes"}
	}
	p.latest = "payment"
	p.payment, err = p.Payments.Create(ctx, in)
	return err
}

// wait waits for a state of the payment, or of what else is named: refund,
// settlement, attention, progress, notices (how many came), declined, in_process.
func (p *play) wait(ctx context.Context, params map[string]string) error {
	for name, want := range params {
		first := true
		err := p.until(ctx, name+"="+want, func() (bool, error) {
			if !first && name != "notices" { // those come by themselves, or not at all
				if err := p.look(ctx); err != nil && !posta.Temporary(err) {
					return false, err
				}
			}
			first = false
			is, err := p.is(ctx, name, want)
			return is, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *play) is(ctx context.Context, name, want string) (bool, error) {
	if err := p.load(ctx); err != nil {
		return false, err
	}
	switch name {
	case "state":
		return string(p.payment.State) == want, nil
	case "attention":
		return string(p.payment.Attention) == want, nil
	case "progress":
		return string(p.payment.Progress) == want, nil
	case "declined":
		return p.payment.Declined >= atLeast(want), nil
	case "in_process":
		return len(p.payment.Attempts()) > 0, nil
	case "refund":
		return string(p.refund.State) == want, nil
	case "settlement":
		return string(p.settlement.State) == want || want == "final" && p.settlement.State.Final(), nil
	case "notices":
		came, err := p.Store.ProofNotices(ctx, p.payment.ID)
		return len(came) >= atLeast(want), err
	}
	return false, notNow("deed", "wait "+name)
}

// atLeast is how many of something are waited for.
func atLeast(text string) int { return int(number(map[string]string{"": text}, "", 1)) }

// load reads how things stand with us.
func (p *play) load(ctx context.Context) (err error) {
	if p.payment.ID != "" {
		if p.payment, err = p.Payments.Get(ctx, p.at.MerchantID, posta.Test, p.payment.ID); err != nil {
			return err
		}
	}
	if p.refund.ID != "" {
		refunds, err := p.Store.ListRefunds(ctx, p.payment.ID)
		if err != nil {
			return err
		}
		for _, r := range refunds {
			if r.ID == p.refund.ID {
				p.refund = r
			}
		}
	}
	if p.settlement.ID != "" {
		p.settlement, err = p.Settlements.Get(ctx, p.at.MerchantID, posta.Test, p.settlement.ID)
	}
	return err
}

// look asks the provider how things stand, as somebody who presses "look again".
func (p *play) look(ctx context.Context) error {
	var err error
	switch {
	case p.settlement.ID != "":
		p.settlement, err = p.Settlements.Refresh(ctx, p.at.MerchantID, posta.Test, p.settlement.ID)
	case p.payment.ID != "":
		p.payment, err = p.Payments.Refresh(ctx, p.at.MerchantID, posta.Test, p.payment.ID)
	}
	return err
}

func (p *play) cancel(ctx context.Context, _ map[string]string) (err error) {
	p.payment, err = p.Payments.Cancel(ctx, p.at.MerchantID, posta.Test, p.payment.ID, by)
	return err
}

// giveBack refunds: amount (all that is left), kind.
func (p *play) giveBack(ctx context.Context, params map[string]string) (err error) {
	p.latest = "refund"
	p.refund, err = p.Payments.Refund(ctx, payment.RefundInput{ID: posta.NewID[posta.RefundID](p.Clock.Now()), MerchantID: p.at.MerchantID, Mode: posta.Test,
		PaymentID: p.payment.ID, Amount: number(params, "amount", 0), Kind: provider.RefundKind(params["kind"]), Reason: "homologacion", By: by})
	return err
}

func (p *play) cancelRefund(ctx context.Context, _ map[string]string) (err error) {
	p.refund, err = p.Payments.CancelRefund(ctx, p.at.MerchantID, posta.Test, p.refund.ID, by)
	return err
}

// giveUp is a person who deals with what draws attention, without accepting it.
func (p *play) giveUp(ctx context.Context, _ map[string]string) (err error) {
	p.payment, err = p.Payments.Settle(ctx, p.at.MerchantID, posta.Test, p.payment.ID, false, by)
	return err
}

// only goes on where the connection charges so: flow=legacy.
func (p *play) only(_ context.Context, params map[string]string) error {
	if params["flow"] != p.at.Flow {
		return notNow("flow", p.at.Flow)
	}
	return nil
}

// advance lets a time go by: for=31s.
func (p *play) advance(ctx context.Context, params map[string]string) error {
	d, err := span(params["for"])
	if err != nil {
		return err
	}
	if p.Move == nil {
		return pause(ctx, d)
	}
	p.Move(d)
	return nil
}

// fault has something go wrong at the simulator; parameters as of fault.Rule.
func (p *play) fault(ctx context.Context, params map[string]string) error {
	p.faults++
	rule := map[string]any{"id": faultName + strconv.Itoa(p.faults)}
	for name, value := range params {
		rule[name] = value
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			rule[name] = n
		}
		if value == "yes" {
			rule[name] = true
		}
	}
	return p.ask(ctx, "POST", "/sim/api/faults", rule, nil)
}

const faultName = "homologation-"

// turn turns switches of the simulator; they are put back at the end.
func (p *play) turn(ctx context.Context, params map[string]string) error {
	if p.switches == nil {
		if err := p.ask(ctx, "GET", "/sim/api/switches", nil, &p.switches); err != nil {
			return err
		}
	}
	wanted := map[string]any{}
	for name, value := range params {
		wanted[name] = value
		if value == "yes" || value == "no" {
			wanted[name] = value == "yes"
		}
	}
	return p.ask(ctx, "PUT", "/sim/api/switches", wanted, nil)
}

// reopen opens the connection anew: the next call asks for a token first.
func (p *play) reopen(context.Context, map[string]string) error {
	p.Accounts.Reopen(p.at.Connection)
	return nil
}

// check asks who the credentials belong to.
func (p *play) check(ctx context.Context, _ map[string]string) error {
	_, err := p.Accounts.Check(ctx, p.at.MerchantID, p.at.Connection)
	return err
}

// tidy leaves the simulator without our faults, and till and terminal free.
func (p *play) tidy(ctx context.Context) error {
	var all []error
	note := func(err error) {
		if err != nil {
			all = append(all, err)
		}
	}
	for n := 1; n <= p.faults; n++ {
		note(p.ask(ctx, "DELETE", "/sim/api/fault/"+url.PathEscape(faultName+strconv.Itoa(n)), nil, nil))
	}
	if p.switches != nil {
		note(p.ask(ctx, "PUT", "/sim/api/switches", p.switches, nil))
	}
	note(p.load(ctx))
	if p.payment.State == payment.Unknown && p.payment.Attention == payment.AttentionSlip {
		_, err := p.Payments.SettleBySlip(ctx, p.payment.ID, payment.SlipInput{MerchantID: p.at.MerchantID, Mode: posta.Test, By: by})
		note(err)
	} else if p.payment.State.Open() && p.payment.Attention == payment.AttentionShortfall {
		note(p.giveUp(ctx, nil)) // it is paid, if not whole: nothing takes it away
	} else if p.payment.State.Open() {
		if p.tried != 0 { // one in process would hold the till
			_ = p.decide(ctx, map[string]string{"approve": "no"}) // refused where it is decided
		}
		note(p.cancel(ctx, nil))
	}
	if p.refund.State == payment.RefundPending && !p.refund.ExpiresAt.IsZero() {
		note(p.cancelRefund(ctx, nil))
	}
	if p.at.Provider == "prisma" {
		note(p.clear(ctx))
	}
	if p.settlement.ID != "" && !p.settlement.State.Final() {
		note(p.until(ctx, "settlement", func() (bool, error) {
			err := errors.Join(p.look(ctx), p.load(ctx))
			return p.settlement.State.Final() || p.settlement.State == settlement.Unknown, err
		}))
	}
	if p.payment.State.Open() && p.payment.Attention != payment.AttentionReview {
		note(p.until(ctx, "free", func() (bool, error) {
			err := errors.Join(p.look(ctx), p.load(ctx))
			return !p.payment.State.Open(), err
		}))
	}
	return errors.Join(all...)
}

func number(params map[string]string, name string, otherwise int64) int64 {
	n, err := strconv.ParseInt(params[name], 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

// span reads a time like 31s; none is 0.
func span(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}
