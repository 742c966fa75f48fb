package prisma

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"posta"
	"posta/provider"
)

const payments = terminals + "/terminal_payments/payments"

// intent is what a payment asks of its terminals, docs/providers/prisma.md §5.2.
type intent struct {
	Subnet string `json:"subnet_acquirer_id"`
	Amount string `json:"payment_amount"`
	Text   string `json:"terminal_menu_text"`
	ecr
	Change       string              `json:"change_amount"`
	Reference    any                 `json:"ecr_transaction_id"`
	Installments any                 `json:"installments_number"`
	Account      any                 `json:"bank_account_type"`
	Plan         any                 `json:"payment_plan_id"`
	Type         any                 `json:"payment_type"`
	PrintMethod  string              `json:"print_method"`
	Copies       string              `json:"print_copies"`
	Preview      string              `json:"print_preview"`
	Terminals    []map[string]string `json:"terminals_list"`
	Brand        any                 `json:"card_brand_product"`
	Operation    string              `json:"terminal_operation_method"`
	Benefit      bool                `json:"qr_benefit_code"`
	Note         any                 `json:"trx_receipt_notes"`
	Holder       any                 `json:"card_holder_id"`
	Group        any                 `json:"merchant_group_code"`
	Tips         bool                `json:"is_tip"`
	Currency     string              `json:"currency_code"`
}

var (
	cardTypes  = map[string]string{"credit_card": "CREDIT", "debit_card": "DEBIT"}
	operations = map[provider.Operation]string{"": "CARD", provider.OperationCard: "CARD", provider.OperationQR: "QR_CODE"}
	copies     = map[provider.Copies]string{"": "BOTH", provider.CopiesBoth: "BOTH", provider.CopiesMerchant: "MERCHANT_ONLY",
		provider.CopiesCustomer: "CUSTOMER_ONLY", provider.CopiesNone: "NONE"}
)

func (c *connector) intent(charge provider.Charge) (intent, error) {
	o := charge.Options
	amount, err := centavos(charge.Amount)
	if err != nil {
		return intent{}, err
	}
	change, err := centavos(posta.Money{Amount: o.CashBack, Currency: charge.Amount.Currency})
	if err != nil {
		return intent{}, err
	}
	in := intent{Subnet: c.subnet, Amount: amount, Text: c.menuText("Pedido de", charge.Amount.Amount, charge, charge.Description), ecr: c.ecr,
		Change: change, Reference: c.reference(string(charge.Payment)), Plan: orNull(o.Plan), Type: orNull(cardTypes[o.Method]),
		PrintMethod: "MOBITEF_NON_FISCAL", Copies: copies[o.Copies], Preview: "NONE", Terminals: offeredTo(charge.Terminals),
		Brand: orNull(o.Brand), Operation: operations[o.Operation], Benefit: o.Benefit || c.environment == Sandbox,
		Note: orNull(o.Note), Holder: orNull(o.Document), Group: orNull(c.group), Tips: c.tips, Currency: "032"}
	if o.Installments > 0 {
		in.Installments = o.Installments
	}
	return in, nil
}

// reference is our own id of an intent. The sandbox takes none (§14).
func (c *connector) reference(id string) any {
	if c.environment == Sandbox {
		return nil
	}
	return id
}

// Create offers the charge to its terminals. It is asked once: nothing would
// tell a second one from the first (docs/providers/prisma.md §12).
func (c *connector) Create(ctx context.Context, charge provider.Charge, _ string) (provider.Observation, error) {
	in, err := c.intent(charge)
	if err != nil {
		return provider.Observation{ExternalReference: string(charge.Payment)}, err
	}
	return c.payment(ctx, charge, call{method: http.MethodPost, path: payments, query: c.merchant(),
		body: map[string]any{"payment_request_data": in}})
}

// Get asks for the payment, and for the refunds and reversals that the charge
// names.
func (c *connector) Get(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	if charge.Order != "" {
		found, err := c.look(ctx, charge)
		if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return seen, err
		}
		seen = found
	}
	for _, ref := range charge.Refunds {
		given, err := c.lookRefund(ctx, ref)
		if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return seen, err
		}
		seen.Facts = append(seen.Facts, given...)
	}
	return seen, nil
}

func (c *connector) look(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	return c.payment(ctx, charge, call{method: http.MethodGet, path: path(payments, charge.Order), query: c.withSubnet()})
}

// Cancel asks to undo the payment. The answer is where it stands, seldom the
// end; where it is refused, the payment is looked at: it may be done.
func (c *connector) Cancel(ctx context.Context, charge provider.Charge, _ string) (provider.Observation, error) {
	if charge.Order == "" {
		return provider.Observation{ExternalReference: string(charge.Payment)},
			posta.Errorf(posta.CodeNotFound, "cancel of a payment whose id is not known")
	}
	seen, err := c.payment(ctx, charge, call{method: http.MethodPut, path: path(payments, charge.Order, "cancellations"), query: c.withSubnet()})
	if tooLate(err) {
		return c.look(ctx, charge)
	}
	return seen, err
}

// tooLate reports whether a cancel was answered with an error that may mean
// that there is nothing to cancel any more (docs/providers/prisma.md §5.5).
func tooLate(err error) bool {
	var r *refusal
	return errors.As(err, &r) && (r.status == http.StatusConflict || r.status == 0)
}

// payment makes a call that answers with the charge's payment.
func (c *connector) payment(ctx context.Context, charge provider.Charge, k call) (provider.Observation, error) {
	none := provider.Observation{ExternalReference: string(charge.Payment)}
	e, err := c.do(ctx, k)
	if err != nil {
		return none, err
	}
	var p payment
	if err := e.data("payment", &p); err != nil {
		return none, err
	}
	asked := e.reference("payment_request_data")
	switch {
	case p.ID == "":
		return none, posta.Errorf(posta.CodeProviderUnavailable, "%s %s: no payment in the answer", k.method, k.path)
	case asked != "" && asked != string(charge.Payment), charge.Order != "" && !strings.EqualFold(string(p.ID), charge.Order):
		return none, posta.Errorf(posta.CodeProviderUnavailable, "%s %s: the answer is another charge's payment", k.method, k.path)
	}
	return c.observe(p, charge), nil
}
