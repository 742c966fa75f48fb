package web

import (
	"strconv"
	"strings"

	"posta"
	"posta/payment"
	"posta/provider"
)

// optionForm is what the cashier asks of the terminal, as it was typed.
type optionForm struct {
	Terminal string // its id, "" for whichever takes it first
	Way      string // card, credit, debit or qr: what the customer pays with
	Installments, Other, Plan, Brand, CashBack,
	Copies, Note, Document string
	Benefit bool
}

// Any reports whether something other than an ordinary card payment is asked for.
func (f optionForm) Any() bool {
	f.Terminal = ""
	if f.Way == "card" {
		f.Way = ""
	}
	return f != (optionForm{})
}

// Installment reports whether so many installments are chosen.
func (f optionForm) Installment(n int) bool {
	return f.Installments == strconv.Itoa(n) && f.Other == ""
}

// readOptions reads what is asked of the terminal into the payment's input.
// Errors: invalid with fields options.NAME.
func (v *visit) readOptions(c counter, in *payment.Input) (optionForm, error) {
	get := func(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }
	form := optionForm{Terminal: get("terminal"), Way: get("way"), Installments: get("installments"), Other: get("installments_other"),
		Plan: get("plan"), Brand: get("brand"), CashBack: get("cash_back"), Copies: get("copies"), Note: get("note"),
		Document: get("document"), Benefit: get("benefit") != ""}
	if form.Terminal != "" {
		in.Terminals = []posta.TerminalID{posta.TerminalID(form.Terminal)}
	}
	o := provider.TerminalOptions{Plan: form.Plan, Brand: form.Brand, Copies: provider.Copies(form.Copies), Note: form.Note, Document: form.Document}
	switch form.Way {
	case "qr":
		o.Operation, o.Benefit = provider.OperationQR, form.Benefit
	case "credit", "debit":
		o.Method = form.Way + "_card"
	}
	var problems posta.Problems
	if count := form.Installments + form.Other; count != "" {
		if form.Other != "" {
			count = form.Other
		}
		n, err := strconv.Atoi(count)
		problems.Add(err != nil, "options.installments", "out_of_range")
		o.Installments = n
	}
	if form.CashBack != "" {
		cash, err := parseAmount(form.CashBack, c.Currency)
		problems.Add(err != nil, "options.cash_back", "amount")
		o.CashBack = cash
	}
	in.Options = o
	return form, problems.Err()
}

// InstallmentChoices are one touch away.
func (r rails) InstallmentChoices() []int { return []int{1, 3, 6, 12} }

// BrandChoices are the cards that a charge can be kept to, by the provider's
// codes (docs/providers/prisma.md §10): those that most shops meet.
func (r rails) BrandChoices() []string {
	return []string{"VI", "EL", "MC", "PD", "MA", "AM", "CA", "C2", "NA", "PN"}
}

// CopyChoices are the slips that the terminal can print.
func (r rails) CopyChoices() []provider.Copies {
	return []provider.Copies{provider.CopiesBoth, provider.CopiesMerchant, provider.CopiesCustomer, provider.CopiesNone}
}
