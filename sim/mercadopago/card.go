package mercadopago

import (
	"cmp"
	"fmt"
)

// Payment statuses of the classic API.
const (
	approved  = "approved"
	inProcess = "in_process"
	rejected  = "rejected"
	refunded  = "refunded"
	cancelled = "cancelled"
)

// Card is what the buyer pays with. The holder's name decides the outcome, as
// with the provider's own test cards. The zero card is a Visa credit card in
// one payment that is approved.
type Card struct {
	// Brand is visa, master, amex or account_money.
	Brand string `json:"brand,omitempty"`
	// Type is credit_card, debit_card or account_money.
	Type         string `json:"type,omitempty"`
	Holder       string `json:"holder,omitempty"`
	Installments int    `json:"installments,omitempty"`
	LastFour     string `json:"last_four,omitempty"`
}

// Outcome is what a holder's name makes of a payment.
type Outcome struct {
	Holder, Status, Detail string
}

// Outcomes are the holder names of the provider's test cards. The details are
// inferred there, the names are official.
var Outcomes = []Outcome{
	{"APRO", approved, "accredited"},
	{"CONT", inProcess, "pending_contingency"},
	{"FUND", rejected, "cc_rejected_insufficient_amount"},
	{"CALL", rejected, "cc_rejected_call_for_authorize"},
	{"SECU", rejected, "cc_rejected_bad_filled_security_code"},
	{"EXPI", rejected, "cc_rejected_bad_filled_date"},
	{"FORM", rejected, "cc_rejected_bad_filled_other"},
	{"OTHE", rejected, "cc_rejected_other_reason"},
	{"CARD", rejected, "cc_rejected_bad_filled_card_number"},
	{"INST", rejected, "cc_rejected_invalid_installments"},
	{"DUPL", rejected, "cc_rejected_duplicated_payment"},
	{"LOCK", rejected, "cc_rejected_card_disabled"},
	{"CTNA", rejected, "cc_rejected_card_type_not_allowed"},
	{"ATTE", rejected, "cc_rejected_max_attempts"},
	{"BLAC", rejected, "cc_rejected_blacklist"},
}

// cardFaces are what the wallet holds: the last four digits of the provider's
// published test cards.
var cardFaces = map[string]struct{ six, four string }{
	"master": {"503175", "0604"}, "visa": {"450995", "3704"}, "amex": {"371180", "7522"}, "debmaster": {"528733", "3304"}, "debvisa": {"400276", "5619"},
}

// filled gives what was left out, and refuses what does not exist.
func (d Card) filled(t site) (Card, Outcome, error) {
	d.Brand = cmp.Or(d.Brand, "visa")
	d.Holder = cmp.Or(d.Holder, "APRO")
	d.Installments = cmp.Or(d.Installments, 1)
	usual := "credit_card"
	if d.Brand == "account_money" {
		usual = d.Brand
	}
	d.Type = cmp.Or(d.Type, usual)
	_, known := cardFaces[d.Brand]
	switch {
	case d.Brand == "account_money" && d.Type == "account_money" && d.Installments == 1:
	case known && d.Type == "credit_card" && d.Installments >= 1 && d.Installments <= 24:
	case (d.Brand == "visa" || d.Brand == "master") && d.Type == "debit_card" && d.Installments == 1:
	default:
		return d, Outcome{}, fmt.Errorf("sim/mercadopago: there is no card %s %s in %d payments", d.Brand, d.Type, d.Installments)
	}
	if face, ok := cardFaces[d.method(t)]; ok {
		d.LastFour = cmp.Or(d.LastFour, face.four)
	}
	for _, o := range Outcomes {
		if o.Holder == d.Holder {
			return d, o, nil
		}
	}
	return d, Outcome{}, fmt.Errorf("sim/mercadopago: no test card bears the name %q", d.Holder)
}

// method is the payment_method_id: debit cards are debvisa and debmaster but
// for the sites that know them under one name.
func (d Card) method(site) string {
	if d.Type == "debit_card" {
		return "deb" + d.Brand
	}
	return d.Brand
}
