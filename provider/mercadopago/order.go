package mercadopago

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"posta"
	"posta/provider"
)

// The types of order that we make.
const (
	typeQR    = "qr"
	typePoint = "point"
)

// order is what we read of /v1/orders/{id}, docs/providers/mercadopago.md §4, §5.
type order struct {
	ID                string `json:"id"`
	Type              string `json:"type"`
	ExternalReference string `json:"external_reference"`
	Status            string `json:"status"`
	StatusDetail      string `json:"status_detail"`
	Total             text   `json:"total_amount"`
	TotalPaid         text   `json:"total_paid_amount"`
	Currency          string `json:"currency"`
	Country           string `json:"country_code"`
	Created           string `json:"created_date"`
	Updated           string `json:"last_updated_date"`
	Config            struct {
		QR struct {
			Till string `json:"external_pos_id"`
		} `json:"qr"`
		Point struct {
			Terminal string `json:"terminal_id"`
		} `json:"point"`
	} `json:"config"`
	Response struct {
		QR string `json:"qr_data"`
	} `json:"type_response"`
	Transactions struct {
		Payments []transaction `json:"payments"`
		Refunds  []orderRefund `json:"refunds"`
	} `json:"transactions"`
	Discounts struct {
		Methods []struct {
			Type     string `json:"type"`
			NewTotal text   `json:"new_total_amount"`
		} `json:"payment_methods"`
	} `json:"discounts"`

	clarified bool // what became of it was told by its payment only
}

// transaction is a payment of an order.
type transaction struct {
	ID           string `json:"id"`
	Reference    text   `json:"reference_id"` // the id of the payment that it is
	Amount       text   `json:"amount"`
	Paid         text   `json:"paid_amount"`
	Tip          text   `json:"tip_amount"`
	Status       string `json:"status"`
	StatusDetail string `json:"status_detail"`
	Method       struct {
		ID           string `json:"id"`
		Type         string `json:"type"`
		Installments int    `json:"installments"`
	} `json:"payment_method"`
	Card struct {
		Last text `json:"last_digits"`
	} `json:"card"`
	Provider  string `json:"provider"` // whose wallet read the QR on a terminal
	Discounts struct {
		Type string `json:"type"`
	} `json:"discounts"`
}

// orderRefund is what was given back of a transaction.
type orderRefund struct {
	ID          string `json:"id"`
	Transaction string `json:"transaction_id"`
	Amount      text   `json:"amount"`
	Status      string `json:"status"`
}

type orderBody struct {
	Type              string       `json:"type"`
	TotalAmount       string       `json:"total_amount,omitempty"`
	Description       string       `json:"description,omitempty"`
	ExternalReference string       `json:"external_reference"`
	ExpirationTime    string       `json:"expiration_time,omitempty"`
	Config            orderConfig  `json:"config"`
	Transactions      transactions `json:"transactions"`
	Items             []orderItem  `json:"items,omitempty"`
	Integration       *integration `json:"integration_data,omitempty"`
}

type orderConfig struct {
	QR     *qrConfig     `json:"qr,omitempty"`
	Point  *pointConfig  `json:"point,omitempty"`
	Method *methodConfig `json:"payment_method,omitempty"`
}

type qrConfig struct {
	Till string `json:"external_pos_id"`
	Mode string `json:"mode"`
}

type transactions struct {
	Payments []amountOf `json:"payments"`
}

type amountOf struct {
	Amount string `json:"amount"`
}

type orderItem struct {
	Title        string `json:"title"`
	UnitPrice    string `json:"unit_price"`
	Quantity     int64  `json:"quantity"`
	UnitMeasure  string `json:"unit_measure"`
	ExternalCode string `json:"external_code,omitempty"`
}

type integration struct {
	Platform   string           `json:"platform_id,omitempty"`
	Integrator string           `json:"integrator_id,omitempty"`
	Sponsor    *integrationUser `json:"sponsor,omitempty"`
}

type integrationUser struct {
	ID string `json:"id"`
}

// What an order can hold, docs/providers/mercadopago.md §4.1.
const (
	shortestExpiry = 30 * time.Second
	mostItems      = 10
	longestTitle   = 150
	longestCode    = 30
)

// orderRequest is the body of a create. It depends on the charge only: a
// repeat with the same key must be the same request, or the provider refuses
// it. The life of the order is therefore counted from the charge's birth.
func (c *connector) orderRequest(charge provider.Charge) (orderBody, error) {
	total, err := decimal(charge.Amount)
	if err != nil {
		return orderBody{}, err
	}
	body := orderBody{Type: typeQR, Description: short(first(charge.Description, charge.Title), longestTitle),
		ExternalReference: string(charge.Payment), Transactions: transactions{Payments: []amountOf{{Amount: total}}}}
	if !charge.ExpiresAt.IsZero() {
		born := charge.CreatedAt
		if born.IsZero() {
			born = c.clock.Now()
		}
		longest := c.Capabilities(charge.Rail).MaxExpiry
		body.ExpirationTime = isoDuration(min(max(charge.ExpiresAt.Sub(born), shortestExpiry), longest))
	}
	if c.platform != "" || c.integrator != "" || c.sponsor != "" {
		body.Integration = &integration{Platform: c.platform, Integrator: c.integrator}
		if c.sponsor != "" {
			body.Integration.Sponsor = &integrationUser{ID: c.sponsor}
		}
	}
	if charge.Rail == provider.RailTerminal {
		return body, body.toTerminal(charge)
	}
	body.TotalAmount, body.Config.QR = total, &qrConfig{Till: charge.Till, Mode: c.mode}
	items := charge.Items
	if len(items) == 0 || len(items) > mostItems { // the buyer's app shows what is paid for; the amount is the order's own
		items = []provider.Item{{Title: first(charge.Title, charge.Description), Quantity: 1, UnitPrice: charge.Amount.Amount}}
	}
	for _, i := range items {
		price, err := decimal(posta.Money{Amount: i.UnitPrice, Currency: charge.Amount.Currency})
		if err != nil {
			return body, err
		}
		body.Items = append(body.Items, orderItem{Title: short(i.Title, longestTitle), UnitPrice: price,
			Quantity: i.Quantity, UnitMeasure: "unit", ExternalCode: short(i.SKU, longestCode)})
	}
	return body, nil
}

// createOrder makes the order, or finds the one that the key made before. A
// repeat after the charge's end is only to find out: it looks first, since the
// provider forgets keys after a day, and what it makes is taken away at once.
func (c *connector) createOrder(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	body, err := c.orderRequest(charge)
	if err != nil {
		return seen, err
	}
	sent := c.clock.Now()
	var o order
	if past(sent, charge.ExpiresAt) {
		if o, err = c.orderOf(ctx, string(charge.Payment)); err != nil || o.ID != "" {
			if err == nil {
				seen, err = c.seen(o, charge)
			}
			return seen, err
		}
	}
	if err := c.must(ctx, call{method: http.MethodPost, path: path("v1", "orders"), key: key, body: body}, &o); err != nil {
		return seen, err
	}
	if o.ID == "" {
		return seen, posta.Errorf(posta.CodeProviderUnavailable, "POST /v1/orders: no id")
	}
	if past(sent, charge.ExpiresAt) {
		charge.Order = o.ID
		late, err := c.cancelOrder(ctx, charge, key+"-late")
		late.Order = o.ID
		return late, err
	}
	return c.seen(o, charge)
}

// order fetches one, with what became of it where it does not say that itself.
func (c *connector) order(ctx context.Context, id string) (order, error) {
	var o order
	err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "orders", id)}, &o)
	if err == nil && o.Type == typePoint && o.Status == "action_required" {
		err = c.clarify(ctx, &o)
	}
	return o, err
}

// orderOf searches a charge's order. The search is documented for online
// orders only: where it is refused, nothing is known.
func (c *connector) orderOf(ctx context.Context, reference string) (order, error) {
	var found struct {
		Data []struct {
			ID                string `json:"id"`
			ExternalReference string `json:"external_reference"`
		} `json:"data"`
	}
	_, err := c.do(ctx, call{method: http.MethodGet, path: path("v1", "orders"),
		query: url.Values{"external_reference": {reference}}}, &found)
	if status := statusOf(err); status >= 400 && status < 500 && status != http.StatusTooManyRequests && posta.ErrorCode(err) != posta.CodeUnauthorized {
		return order{}, nil
	}
	if err != nil {
		return order{}, err
	}
	for _, o := range found.Data {
		if o.ExternalReference == reference && o.ID != "" {
			return c.order(ctx, o.ID)
		}
	}
	return order{}, nil
}

// lookOrder asks for the charge's order; one that is not known, or older than
// what the provider keeps, gives no facts.
func (c *connector) lookOrder(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	var o order
	var err error
	if charge.Order != "" {
		o, err = c.order(ctx, charge.Order)
	} else {
		o, err = c.orderOf(ctx, string(charge.Payment))
	}
	if posta.ErrorCode(err) == posta.CodeNotFound || err == nil && o.ID == "" {
		return provider.Observation{ExternalReference: string(charge.Payment)}, nil
	}
	if err != nil {
		return provider.Observation{ExternalReference: string(charge.Payment)}, err
	}
	return c.seen(o, charge)
}

// cancelOrder takes an order away: docs/providers/mercadopago.md §4.2, §5.3. A
// conflict says that it is canceled already, paid or being paid: it looks. A
// terminal that shows the order is asked to let go of it and may still charge.
// One that the provider does not know any more after its end is canceled.
func (c *connector) cancelOrder(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	if charge.Order == "" {
		return seen, posta.Errorf(posta.CodeNotFound, "cancel of an order without an id")
	}
	k := call{method: http.MethodPost, path: path("v1", "orders", charge.Order, "cancel"), key: key}
	if charge.Rail == provider.RailTerminal {
		k.header = http.Header{"X-Allow-Cancelable-Status": {"at_terminal"}}
	}
	var o order
	empty, err := c.do(ctx, k, &o)
	switch status := statusOf(err); {
	case status == http.StatusConflict, status == http.StatusLocked, status == http.StatusBadRequest:
		looked, lookErr := c.lookOrder(ctx, charge)
		if lookErr != nil || len(looked.Facts) == 0 {
			return seen, err
		}
		return looked, nil
	case status == http.StatusNotFound && past(c.clock.Now(), charge.ExpiresAt):
		seen.Facts = []provider.Fact{{Kind: provider.FactOrder, ID: charge.Order, Status: provider.StatusCanceled,
			Detail: "order_not_found", At: c.clock.Now(), Amount: charge.Amount.Amount}}
		return seen, nil
	case err != nil:
		return seen, err
	case empty || o.ID == "":
		return c.lookOrder(ctx, charge)
	}
	return c.seen(o, charge)
}

// refundOrder gives back all or a part of an order's transaction. The answer
// may list earlier refunds: only those of the amount asked for are told.
func (c *connector) refundOrder(ctx context.Context, charge provider.Charge, r provider.Refund) (provider.Observation, error) {
	none := provider.Observation{ExternalReference: string(charge.Payment)}
	if charge.Order == "" {
		return none, posta.Errorf(posta.CodeNotFound, "refund of an order without an id")
	}
	k := call{method: http.MethodPost, path: path("v1", "orders", charge.Order, "refund"), key: r.Key}
	if !r.Whole {
		amount, err := decimal(r.Amount)
		if err != nil {
			return none, err
		}
		k.body = map[string]any{"transactions": []map[string]string{{"id": r.Attempt, "amount": amount}}}
	}
	var o order
	empty, err := c.do(ctx, k, &o)
	if posta.ErrorCode(err) == posta.CodeProviderRejected && charge.Rail == provider.RailTerminal {
		return c.refundClarified(ctx, charge, r, err)
	}
	if err != nil {
		return none, err
	}
	if empty || len(o.Transactions.Refunds) == 0 || o.Updated == "" {
		// Without the provider's own time a later look could seem older. An order
		// of more than three months can be refunded, but not be looked at (§4.2).
		switch whole, err := c.order(ctx, charge.Order); {
		case err == nil:
			o = whole
		case empty || len(o.Transactions.Refunds) == 0 || posta.Temporary(err):
			return none, undecided(err)
		}
	}
	seen, err := c.seen(o, charge)
	if err != nil {
		return none, err
	}
	given, latest := none, provider.Fact{}
	for _, f := range seen.Facts {
		if f.Kind != provider.FactRefund || f.Parent != r.Attempt {
			continue
		}
		if f.Amount == r.Amount.Amount {
			given.Facts = append(given.Facts, f)
		}
		if f.ID > latest.ID { // ULIDs
			latest = f
		}
	}
	if len(given.Facts) == 0 && r.Whole && latest.ID != "" {
		given.Facts = append(given.Facts, latest) // of what was left: some was given back elsewhere
	}
	if len(given.Facts) == 0 {
		return none, posta.Errorf(posta.CodeProviderUnavailable, "refund answered, but not to be found")
	}
	return given, nil
}

// undecided makes of an error that came after the work was done one that does
// not deny it.
func undecided(err error) error {
	if posta.Temporary(err) {
		return err
	}
	return posta.Errorf(posta.CodeProviderUnavailable, "done, but not to be seen: %w", err)
}

// seen is observe for a charge: an order of another charge is no answer.
func (c *connector) seen(o order, charge provider.Charge) (provider.Observation, error) {
	if o.ExternalReference != "" && o.ExternalReference != string(charge.Payment) {
		return provider.Observation{ExternalReference: string(charge.Payment)},
			&posta.Error{Code: posta.CodeProviderUnavailable, Cause: errors.New("the answer is another charge's order")}
	}
	o.ExternalReference = string(charge.Payment)
	return c.observe(o, charge.Amount.Currency)
}
