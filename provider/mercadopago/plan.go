package mercadopago

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"posta"
	"posta/provider"
)

// planBody is what a plan is made or changed with, docs/providers/mercadopago-online.md §3.1.
type planBody struct {
	Reason            string        `json:"reason,omitempty"`
	ExternalReference string        `json:"external_reference,omitempty"`
	Recurring         recurringBody `json:"auto_recurring"`
	BackURL           string        `json:"back_url,omitempty"`
}

type recurringBody struct {
	Frequency     int            `json:"frequency,omitempty"`
	FrequencyType string         `json:"frequency_type,omitempty"`
	Repetitions   int            `json:"repetitions,omitempty"`
	BillingDay    int            `json:"billing_day,omitempty"`
	Proportional  bool           `json:"billing_day_proportional,omitempty"`
	Trial         *trialBody     `json:"free_trial,omitempty"`
	Amount        json.Number    `json:"transaction_amount"`
	Currency      posta.Currency `json:"currency_id"`
}

type trialBody struct {
	Frequency     int    `json:"frequency"`
	FrequencyType string `json:"frequency_type"`
}

// plan is what we read of one.
type plan struct {
	ID                string `json:"id"`
	Status            string `json:"status"`
	ExternalReference text   `json:"external_reference"`
	URL               string `json:"init_point"`
	Created           string `json:"date_created"`
	Updated           string `json:"last_modified"`
}

func (c *connector) planFact(p plan) (provider.PlanFact, error) {
	if p.ID == "" {
		return provider.PlanFact{}, posta.Errorf(posta.CodeProviderUnavailable, "the answer is no plan")
	}
	return provider.PlanFact{Ref: p.ID, URL: p.URL, Active: p.Status == "active", At: moment(c.clock.Now(), p.Updated, p.Created)}, nil
}

func recurring(p provider.Plan, amount posta.Money) (recurringBody, error) {
	number, err := number(amount)
	body := recurringBody{Frequency: p.Period.Every, FrequencyType: p.Period.Unit, Amount: number, Currency: amount.Currency}
	if p.Trial.Every > 0 {
		body.Trial = &trialBody{p.Trial.Every, p.Trial.Unit}
	}
	return body, err
}

// PutPlan makes the plan, or changes its name and amount. The key may not be honoured: one that is there already is found by our reference.
func (c *connector) PutPlan(ctx context.Context, p provider.Plan, key string) (provider.PlanFact, error) {
	body, err := recurring(p, p.Amount)
	if err != nil {
		return provider.PlanFact{}, err
	}
	if p.Ref == "" {
		there, err := c.findPlan(ctx, p)
		if err != nil {
			return provider.PlanFact{}, err
		}
		p.Ref = there.ID
	}
	var made plan
	k := call{method: http.MethodPost, path: path("preapproval_plan"), key: key}
	if p.Ref != "" {
		change := planBody{Reason: p.Name, Recurring: recurringBody{Amount: body.Amount, Currency: body.Currency}, BackURL: p.Return}
		k.method, k.path, k.body = http.MethodPut, path("preapproval_plan", p.Ref), change
	} else {
		body.Repetitions, body.BillingDay, body.Proportional = p.Repetitions, p.BillingDay, p.Proportional && p.BillingDay > 0
		k.body = planBody{Reason: p.Name, ExternalReference: string(p.ID), Recurring: body, BackURL: p.Return}
	}
	if err := c.must(ctx, k, &made); err != nil {
		return provider.PlanFact{}, err
	}
	return c.planFact(made)
}

// findPlan looks for the plan that an earlier try made; the zero plan for none.
func (c *connector) findPlan(ctx context.Context, p provider.Plan) (plan, error) {
	for offset := 0; ; offset += pageSize {
		var found struct {
			Paging  paging `json:"paging"`
			Results []plan `json:"results"`
		}
		if err := c.must(ctx, call{method: http.MethodGet, path: path("preapproval_plan", "search"), query: pageAt(url.Values{"status": {"active"}}, offset)}, &found); err != nil {
			return plan{}, err
		}
		for _, there := range found.Results {
			if string(there.ExternalReference) == string(p.ID) {
				return there, nil
			}
		}
		if found.Paging.ended(offset, len(found.Results)) {
			return plan{}, nil
		}
	}
}

// pageSize is how many rows a search is asked for at once.
const pageSize = 50

// paging is how a search tells its size.
type paging struct {
	Total int `json:"total"`
}

// ended reports whether the page at offset, of so many rows, is the last.
func (p paging) ended(offset, rows int) bool { return rows == 0 || offset+rows >= p.Total }

func pageAt(query url.Values, offset int) url.Values {
	query.Set("limit", strconv.Itoa(pageSize))
	query.Set("offset", strconv.Itoa(offset))
	return query
}
