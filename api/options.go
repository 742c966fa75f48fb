package api

import (
	"posta"
	"posta/provider"
)

// PaymentOptions is what a charge may ask of a terminal. What its connection
// does not offer is refused, by field.
type PaymentOptions struct {
	Operation    provider.Operation `json:"operation,omitempty" enum:"card,qr" doc:"what the customer does at the terminal; card if left out"`
	Method       string             `json:"method,omitempty" enum:"credit_card,debit_card" doc:"either if left out"`
	Installments int                `json:"installments,omitempty" doc:"1 to 99; left to the terminal if left out" example:"6"`
	Plan         string             `json:"plan,omitempty" doc:"the acquirer's id of an installment plan"`
	Brand        string             `json:"brand,omitempty" doc:"only cards of it, by the provider's code of two letters or digits" example:"VI"`
	CashBack     int64              `json:"cash_back,omitempty" doc:"minor units handed out with the purchase, on debit; charged on top of amount"`
	Copies       provider.Copies    `json:"copies,omitempty" enum:"both,merchant,customer,none" doc:"which slips are printed; both if left out"`
	Note         string             `json:"note,omitempty" doc:"a line on the slip"`
	Benefit      bool               `json:"benefit,omitempty" doc:"a QR may bring a benefit: the wallet pays less"`
	Document     string             `json:"document,omitempty" doc:"the customer's id number; it goes to the provider and is never kept"`
}

func (o *PaymentOptions) asked() provider.TerminalOptions {
	if o == nil {
		return provider.TerminalOptions{}
	}
	return provider.TerminalOptions{Operation: o.Operation, Method: o.Method, Installments: o.Installments, Plan: o.Plan, Brand: o.Brand,
		CashBack: o.CashBack, Copies: o.Copies, Note: o.Note, Benefit: o.Benefit, Document: o.Document}
}

// terminalIDs reads the ids of a request's terminals.
func terminalIDs(texts []string) ([]posta.TerminalID, error) {
	var out []posta.TerminalID
	for _, text := range texts {
		id, err := found[posta.TerminalID](text)
		if err != nil {
			return nil, posta.Invalid("terminals", "unknown")
		}
		out = append(out, id)
	}
	return out, nil
}
