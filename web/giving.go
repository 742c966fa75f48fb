package web

import (
	"posta"
	"posta/payment"
	"posta/provider"
)

// giving is how the money of a payment can be given back, as a page offers it.
type giving struct {
	Kind   provider.RefundKind // what Posta proposes
	Why    string              // the reason in a sentence, "" where there is no choice
	Void   bool                // a reversal is possible
	First  bool                // and proposed
	Where  string              // the terminal on which somebody does it, "" where the provider does it by itself
	Places []option            // others on which it can be done
}

// giving asks for the proposal to give back amount (0 for all that is left);
// the zero value where there is nothing to give back.
func (v *visit) giving(c counter, p payment.Payment, amount int64) (giving, error) {
	if p.Rail != provider.RailTerminal || !p.Refundable() {
		return giving{}, nil
	}
	best, err := v.s.Payments.Propose(v.ctx(), v.Merchant.ID, v.Mode, p.ID, amount)
	switch posta.ErrorCode(err) {
	case "":
	case posta.CodeState, posta.CodeRefundExceeds:
		return giving{}, nil
	default:
		return giving{}, err
	}
	out := giving{Kind: best.Kind, First: best.Kind == provider.KindReversal, Where: v.namesOf(c.Terminals, best.Terminals)}
	out.Void = best.Reason == payment.ReasonWhole || best.Reason == payment.ReasonClosed
	if best.Reason != payment.ReasonAlways {
		out.Why = v.T("terminal.why." + string(best.Reason))
	}
	if len(best.Terminals) == 0 {
		return out, nil
	}
	for _, t := range c.serving() {
		if t.ConnectionID == p.ConnectionID && !(len(best.Terminals) == 1 && best.Terminals[0].ID == t.ID) {
			out.Places = append(out.Places, option{Value: string(t.ID), Label: t.Name})
		}
	}
	return out, nil
}

// givingOf is giving for the office, which is at no till.
func (v *visit) givingOf(p payment.Payment, amount int64) (giving, error) {
	where, err := v.places()
	if err != nil {
		return giving{}, err
	}
	c := counter{Terminals: where.Terminals}
	c.Till.ID, c.Till.StoreID = p.TillID, p.StoreID
	return v.giving(c, p, amount)
}

// chosenTerminal is the terminal that a form names for a refund; none for the
// one of the sale.
func (v *visit) chosenTerminal() []posta.TerminalID {
	if id := v.r.PostFormValue("terminal"); id != "" {
		return []posta.TerminalID{posta.TerminalID(id)}
	}
	return nil
}

// refundShown is a refund as the counter shows it.
type refundShown struct {
	payment.RefundView
	On     *at    // where it waits on a terminal, nil if it does not
	Cancel string // the address that takes it off the terminal, "" if that is not possible
	Slip   string // the address of the form by slip, "" if the provider can tell
}

func (v *visit) refundShown(c counter, sale string, r payment.Refund) refundShown {
	out := refundShown{RefundView: r.View()}
	if len(r.Terminals) == 0 {
		return out
	}
	address := sale + "/refunds/" + string(r.ID)
	switch r.State {
	case payment.RefundPending:
		out.On = &at{Names: v.namesOf(c.Terminals, r.Terminals), Step: r.Progress(), Menu: v.money(r.Amount.Amount, r.Amount.Currency), Confirm: r.Kind == provider.KindReversal}
		if len(r.Terminals) == 1 {
			out.On.Device = r.Terminals[0].Code
		}
		if out.On.Step == "" {
			out.On.Step = provider.ProgressOffered
		}
		if !r.CancelAt.IsZero() {
			out.On.Step = provider.ProgressCanceling
		}
		if !r.ExpiresAt.IsZero() {
			out.Cancel = address + "/cancel"
		}
	case payment.RefundUnknown:
		out.Slip = address + "/slip"
	}
	return out
}

// cancelRefund takes a refund off its terminal. If somebody was faster there,
// it shows as done.
func (s *server) cancelRefund(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	p, err := v.paymentAt(c, v.r.PathValue("payment"))
	if err != nil {
		return err
	}
	refund, err := s.refundOf(v, p, v.r.PathValue("refund"))
	if err != nil {
		return err
	}
	refund, err = s.Payments.CancelRefund(v.ctx(), v.Merchant.ID, v.Mode, refund.ID, v.by())
	switch {
	case posta.ErrorCode(err) == posta.CodeState:
		v.flash("info", v.T("settle.moved"), v.T("slip.moved.text"))
	case err != nil:
		return err
	case refund.State == payment.RefundPending:
		v.flash("info", v.T("till.canceling"), v.T("terminal.refund.word"))
	case refund.State == payment.RefundFailed:
		v.flash("info", v.T("terminal.refund.taken_off"), v.T("terminal.refund.taken_off.help"))
	default:
		v.flashGiven(c, refund)
	}
	return v.redirect(c.URL() + "/sales/" + string(p.ID))
}
