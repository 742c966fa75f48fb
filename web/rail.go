package web

import (
	"slices"
	"strings"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/till"
)

// rails are the ways in which a till charges.
type rails struct {
	QR      bool
	Devices []device
	Offers  map[string]bool // options of any of the devices
}

// Both reports whether the cashier chooses the way.
func (r rails) Both() bool { return r.QR && len(r.Devices) > 0 }

// device is a terminal of the till as the keypad offers it.
type device struct {
	ID      posta.TerminalID // "" for whichever takes it first
	Name    string
	Options string // names of what its connection offers, with blanks between
}

// known are the merchant's terminals, the removed ones too: old payments name them.
type known []till.Terminal

// Known names a terminal, by its id if it is not known.
func (k known) Known(id posta.TerminalID) string {
	for _, t := range k {
		if t.ID == id {
			return t.Name
		}
	}
	return string(id)
}

// CodeName names the terminal that a slip is of, by the provider's code.
func (k known) CodeName(code string) string {
	for _, t := range k {
		if t.Code == code {
			return t.Name
		}
	}
	return code
}

// serving are the terminals in use on which the till charges.
func (c counter) serving() []till.Terminal {
	return slices.DeleteFunc(slices.Clone([]till.Terminal(c.Terminals)), func(t till.Terminal) bool {
		return !t.RemovedAt.IsZero() || t.StoreID != c.Till.StoreID || !t.Serves(c.Till.ID)
	})
}

// Closes reports whether the till has a terminal at all, and so may close a batch.
func (c counter) Closes() bool { return len(c.serving()) > 0 }

// can is what a connection offers on a rail; false where it cannot be opened.
func (v *visit) can(id posta.ConnectionID, rail provider.Rail) (provider.Capabilities, bool) {
	connector, err := v.s.Payments.Open(v.ctx(), id)
	if err != nil {
		return provider.Capabilities{}, false
	}
	return connector.Capabilities(rail), true
}

// rails finds the ways in which the till charges. One whose connection cannot
// be opened is shown: the charge says what is wrong with it.
func (v *visit) rails(c counter) rails {
	out := rails{Offers: map[string]bool{}}
	qr, open := v.can(c.Till.ConnectionID, provider.RailQR)
	out.QR = qr.Offered || !open
	offers := map[posta.ConnectionID]provider.Capabilities{}
	of := map[posta.ConnectionID]int{}
	var first posta.ConnectionID
	for _, t := range c.serving() {
		can, seen := offers[t.ConnectionID]
		if !seen {
			can, open = v.can(t.ConnectionID, provider.RailTerminal)
			can.Offered = can.Offered || !open
			offers[t.ConnectionID] = can
		}
		if !can.Offered {
			continue
		}
		if len(out.Devices) == 0 {
			first = t.ConnectionID
		}
		of[t.ConnectionID]++
		out.Devices = append(out.Devices, device{t.ID, t.Name, strings.Join(can.Terminal.Options, " ")})
		for _, name := range can.Terminal.Options {
			out.Offers[name] = true
		}
	}
	slices.SortStableFunc(out.Devices, func(a, b device) int { return strings.Compare(a.Name, b.Name) })
	if of[first] > 1 && offers[first].Terminal.Several {
		out.Devices = append(out.Devices, device{"", v.T("terminal.any"), strings.Join(offers[first].Terminal.Options, " ")})
	}
	if len(out.Devices) == 0 {
		out.QR = true // the only way there could be
	}
	return out
}

// at is where a charge or refund on a terminal stands, as the counter draws it.
type at struct {
	Names   string // of the terminals that may take it
	Menu    string // what its line in the terminal's list bears, "" where the terminal shows it by itself
	Step    provider.Progress
	QR      bool   // the customer scans a QR that the terminal shows
	Confirm bool   // nobody presents a card: somebody confirms it on the terminal
	Device  string // the only terminal's code at the provider, "" if there are several
}

// Steps are those of the way to the end, with what was passed.
func (a at) Steps() []step {
	order := []provider.Progress{provider.ProgressOffered, provider.ProgressAtTerminal, provider.ProgressConfirming}
	now := slices.Index(order, a.Step)
	out := make([]step, 0, len(order))
	for i, p := range order {
		out = append(out, step{"terminal.step." + string(p), i < now, i == now})
	}
	return out
}

// step is a line of what is done, under way and to come.
type step struct {
	Key       string
	Done, Now bool
}

// namesOf joins the names of terminals: "Mostrador", "Mostrador o Salón".
func (v *visit) namesOf(k known, terminals []payment.Terminal) string {
	var names []string
	for _, t := range terminals {
		names = append(names, k.Known(t.ID))
	}
	return strings.Join(names, " "+v.T("terminal.or")+" ")
}

// onTerminal says where a payment on a terminal stands; nil for one by QR.
func (v *visit) onTerminal(c counter, p payment.Payment) *at {
	if p.Rail != provider.RailTerminal {
		return nil
	}
	out := &at{Step: p.Progress, QR: p.Options.Operation == provider.OperationQR}
	out.Names = v.namesOf(c.Terminals, p.Terminals)
	if len(p.Terminals) == 1 {
		out.Device = p.Terminals[0].Code
	}
	if p.State == payment.Pending && out.Step == "" {
		out.Step = provider.ProgressOffered
	}
	if !p.CancelAt.IsZero() && p.State.Open() {
		out.Step = provider.ProgressCanceling
	}
	if can, _ := v.can(p.ConnectionID, provider.RailTerminal); p.State.Open() && can.Terminal.Queue {
		out.Menu = v.money(p.Amount.Amount, c.Currency) + " - " + c.Till.Name
		if p.Description != "" {
			out.Menu += " - " + p.Description
		}
	}
	return out
}

// sum says in words why what was charged is not what was asked: cash handed
// out, a tip, a benefit. "" where it is the same.
func (v *visit) sum(asked int64, paid *payment.AttemptView, currency posta.Currency) string {
	if paid == nil || paid.Slip == nil || paid.Amount == asked {
		return ""
	}
	parts := []string{v.T("terminal.sum.asked", "amount", v.money(asked, currency))}
	more := paid.Amount - asked
	if cash := paid.Slip.CashBack; cash > 0 {
		parts = append(parts, v.T("terminal.sum.cash_back", "amount", v.money(cash, currency)))
		more -= cash
	}
	switch {
	case more > 0:
		parts = append(parts, v.T("terminal.sum.tip", "amount", v.money(more, currency)))
	case more < 0:
		parts = append(parts, v.T("terminal.sum.benefit", "amount", v.money(-more, currency)))
	}
	return v.T("terminal.sum", "charged", v.money(paid.Amount, currency), "parts", strings.Join(parts, " "))
}
