package payment

import (
	"context"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// defaultExpiry is how long a charge can be paid where nothing is asked for.
var defaultExpiry = map[provider.Rail]time.Duration{
	provider.RailQR:       10 * time.Minute,
	provider.RailTerminal: 2 * time.Minute, // docs/providers/prisma.md §12
	provider.RailOnline:   3 * 24 * time.Hour,
}

// longest is how long a charge may be open.
var longest = map[provider.Rail]time.Duration{
	provider.RailQR:       3 * time.Hour,
	provider.RailTerminal: 3 * time.Hour,
	provider.RailOnline:   31 * 24 * time.Hour, // docs/providers/mercadopago-online.md §2.3
}

// route is what a charge of a till goes through on its rail.
type route struct {
	connection posta.ConnectionID
	terminals  []Terminal
	qr         string
}

// route finds the connection and terminals for a charge and holds what it asks
// of them to what they can do. Errors: invalid with fields rail, terminals,
// options.NAME; terminal_busy with Params["payment"].
func (s *Service) route(ctx context.Context, in Input, c Channel) (route, error) {
	r := route{connection: c.ConnectionID, qr: c.QR}
	if in.Rail == provider.RailTerminal {
		r.qr = ""
		has, err := s.Store.TillTerminals(ctx, c.StoreID, c.TillID)
		if err == nil {
			r.terminals, err = choose(in.Terminals, has)
		}
		if err != nil {
			return r, err
		}
		r.connection = r.terminals[0].ConnectionID
	}
	connector, err := s.Open(ctx, r.connection)
	if err != nil {
		return r, err
	}
	can := connector.Capabilities(in.Rail)
	if !can.Offered {
		return r, posta.Invalid("rail", "not_offered")
	}
	if in.Rail == provider.RailOnline {
		r.qr = ""
		if !slices.Contains(can.Flows, in.Online.Flow) {
			return r, posta.Invalid("online.flow", "not_offered")
		}
	}
	if in.Rail != provider.RailTerminal {
		var p posta.Problems
		p.Add(len(in.Terminals) > 0, "terminals", "not_on_rail")
		p.Add(in.Options != (provider.TerminalOptions{}), "options", "not_on_rail")
		return r, p.Err()
	}
	if !can.Terminal.Several && len(in.Terminals) > 1 {
		return r, posta.Invalid("terminals", "one")
	}
	if err := checkOptions(in.Options, in.Amount.Amount, can.Terminal.Options); err != nil {
		return r, err
	}
	if r.terminals, err = s.free(ctx, in, r.terminals, can.Terminal.Queue); err == nil && !can.Terminal.Several {
		r.terminals = r.terminals[:1]
	}
	return r, err
}

// choose gives the terminals that were asked for, or all that the till has of
// the first one's connection.
func choose(asked []posta.TerminalID, has []Terminal) ([]Terminal, error) {
	if len(has) == 0 {
		return nil, posta.Invalid("rail", "no_terminal")
	}
	var out []Terminal
	for _, id := range asked {
		at := slices.IndexFunc(has, func(t Terminal) bool { return t.ID == id })
		if at < 0 {
			return nil, posta.Invalid("terminals", "unknown")
		}
		if !slices.Contains(out, has[at]) {
			out = append(out, has[at])
		}
	}
	if len(asked) == 0 {
		out = slices.Clone(has)
		out = slices.DeleteFunc(out, func(t Terminal) bool { return t.ConnectionID != has[0].ConnectionID })
	}
	for _, t := range out {
		if t.ConnectionID != out[0].ConnectionID {
			return nil, posta.Invalid("terminals", "several_connections")
		}
	}
	return out, nil
}

// free gives those of the terminals that can take a charge now: not one on
// which another charge is open, where the provider takes one at a time, nor one
// whose batch is being closed. One that was asked for by name and cannot is
// refused, and so is the charge when none is left.
func (s *Service) free(ctx context.Context, in Input, terminals []Terminal, queue bool) ([]Terminal, error) {
	var out []Terminal
	var taken error
	for _, t := range terminals {
		use, err := s.Store.TerminalUse(ctx, in.MerchantID, t.ID)
		if err != nil {
			return nil, err
		}
		switch {
		case use.Payment != "" && use.Payment != in.ID && !queue:
			taken = &posta.Error{Code: posta.CodeTerminalBusy, Params: map[string]string{"payment": string(use.Payment)}}
		case use.Settlement != "":
			taken = &posta.Error{Code: posta.CodeTerminalBusy, Params: map[string]string{"settlement": string(use.Settlement)}}
		default:
			out = append(out, t)
		}
	}
	if taken != nil && (len(in.Terminals) > 0 || len(out) == 0) {
		return nil, taken
	}
	return out, nil
}

// TerminalUse is what is under way on a terminal.
type TerminalUse struct {
	Payment    posta.PaymentID    // open there, and may be paid; "" if none
	Refund     posta.RefundID     // waiting there; "" if none
	Settlement posta.SettlementID // its batch is being closed; "" if not
}

var twoLetters = regexp.MustCompile(`^[A-Z0-9]{2}$`)

// checkOptions holds what is asked of a terminal to its rules and to what the
// connection offers.
func checkOptions(o provider.TerminalOptions, amount int64, offered []string) error {
	var p posta.Problems
	for _, asked := range []struct {
		name string
		is   bool
	}{
		{provider.OptionOperation, o.Operation != "" && o.Operation != provider.OperationCard},
		{provider.OptionMethod, o.Method != ""}, {provider.OptionInstallments, o.Installments != 0},
		{provider.OptionPlan, o.Plan != ""}, {provider.OptionBrand, o.Brand != ""},
		{provider.OptionCashBack, o.CashBack != 0}, {provider.OptionCopies, o.Copies != "" && o.Copies != provider.CopiesBoth},
		{provider.OptionNote, o.Note != ""}, {provider.OptionBenefit, o.Benefit}, {provider.OptionDocument, o.Document != ""},
	} {
		p.Add(asked.is && !slices.Contains(offered, asked.name), "options."+asked.name, "not_offered")
	}
	p.Add(!slices.Contains([]provider.Operation{"", provider.OperationCard, provider.OperationQR}, o.Operation), "options.operation", "unknown")
	p.Add(!slices.Contains([]string{"", "credit_card", "debit_card"}, o.Method), "options.method", "unknown")
	p.Add(o.Installments < 0 || o.Installments > 99, "options.installments", "out_of_range")
	p.Add(o.Installments > 1 && o.Method == "debit_card", "options.installments", "not_on_debit")
	p.Add(utf8.RuneCountInString(o.Plan) > 30, "options.plan", "too_long")
	p.Add(o.Brand != "" && !twoLetters.MatchString(o.Brand), "options.brand", "malformed")
	p.Add(o.CashBack < 0 || o.CashBack > MaxAmount, "options.cash_back", "out_of_range")
	p.Add(o.CashBack > 0 && (o.Installments > 1 || o.Operation == provider.OperationQR || o.Method == "credit_card"), "options.cash_back", "only_on_debit")
	p.Add(!slices.Contains([]provider.Copies{"", provider.CopiesBoth, provider.CopiesMerchant, provider.CopiesCustomer, provider.CopiesNone}, o.Copies), "options.copies", "unknown")
	p.Add(utf8.RuneCountInString(o.Note) > 100, "options.note", "too_long")
	p.Add(o.Benefit && o.Operation != provider.OperationQR, "options.benefit", "only_on_qr")
	p.Add(!document.MatchString(o.Document), "options.document", "malformed")
	p.Add(amount+o.CashBack > MaxAmount, "amount", "too_high")
	return p.Err()
}

// document is a person's id number: digits, letters at most for a passport.
var document = regexp.MustCompile(`^[0-9A-Za-z]{0,15}$`)
