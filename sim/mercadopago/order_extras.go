package mercadopago

import (
	"fmt"
	"slices"
	"strconv"
)

// readOrderExtras reads items, discounts and integration data (§4.1), which
// are checked, kept and echoed.
func (c *call) readOrderExtras(f fields, t site, o *order, r *refusal) {
	items := r.list(f, "", "items")
	if len(items) > 10 {
		r.say("property_value", "items must have 10 elements at most")
	}
	for i, it := range items {
		where := fmt.Sprintf("items[%d].", i)
		r.known(it, where, "title", "unit_price", "quantity", "unit_measure", "external_code", "external_categories")
		r.str(it, where, "title", true, 150)
		r.amount(it, t, where, "unit_price")
		q, ok := it.number("quantity")
		if n, err := strconv.Atoi(q); !ok || err != nil || n <= 0 {
			r.say("property_type", where+"quantity must be a positive whole number")
		}
		r.str(it, where, "unit_measure", false, 10)
		r.str(it, where, "external_code", false, 30)
		if len(r.list(it, where, "external_categories")) > 10 {
			r.say("property_value", where+"external_categories must have 10 elements at most")
		}
		if it.has("external_categories") && f.has("discounts") {
			r.say("property_value", where+"external_categories cannot go together with discounts")
		}
	}
	o.Items, _ = f.list("items")
	if d := r.object(f, "", "discounts", false); d != nil {
		r.known(d, "discounts.", "payment_methods")
		methods := r.list(d, "discounts.", "payment_methods")
		if len(methods) > 4 {
			r.say("property_value", "discounts.payment_methods must have 4 elements at most")
		}
		for i, m := range methods {
			where := fmt.Sprintf("discounts.payment_methods[%d].", i)
			r.known(m, where, "type", "new_total_amount")
			if v := r.str(m, where, "type", true, 20); !slices.Contains([]string{"debit_card", "credit_card", "account_money", "prepaid_card"}, v) {
				r.say("property_value", where+"type is unknown")
			}
			if r.amount(m, t, where, "new_total_amount") > o.Total {
				r.say("property_value", where+"new_total_amount is above the total")
			}
		}
		o.Discounts = f["discounts"]
	}
	c.readIntegration(f, o, r)
}

// readIntegration reads who integrated the seller.
func (c *call) readIntegration(f fields, o *order, r *refusal) {
	if d := r.object(f, "", "integration_data", false); d != nil {
		r.known(d, "integration_data.", "platform_id", "integrator_id", "sponsor")
		r.str(d, "integration_data.", "platform_id", false, 100)
		r.str(d, "integration_data.", "integrator_id", false, 100)
		if sponsor := r.object(d, "integration_data.", "sponsor", false); sponsor != nil {
			if !digits(r.str(sponsor, "integration_data.sponsor.", "id", true, 20)) {
				r.say("sponsor_id_not_valid", "integration_data.sponsor.id is not valid")
			}
		}
		o.Integration = d
	}
}

// kindOf names a JSON value's kind as the provider's texts do.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case nil:
		return "null"
	}
	return "number"
}
