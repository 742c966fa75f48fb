package mercadopago

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// listMethods is GET /v1/payment_methods: what the site has
// (docs/providers/mercadopago-online.md §4.3).
func listMethods(c *call) reply {
	t := c.account.site()
	list := []object{}
	for _, m := range methods[t.ID] {
		list = append(list, m.view(c.sim, t))
	}
	return reply{status: http.StatusOK, body: list}
}

// searchMethods is what browsers ask with a card's first digits.
func searchMethods(c *call) reply {
	t := c.account.site()
	bin, id := firstText(c.query("bin"), c.query("bins")), firstText(c.query("payment_method_id"), c.query("id"))
	found := []object{}
	for _, m := range methods[t.ID] {
		if !m.Inactive && (bin == "" || m.BIN != "" && pattern(m.BIN).MatchString(bin)) && (id == "" || m.ID == id) {
			found = append(found, m.view(c.sim, t))
		}
	}
	if bin != "" && len(found) > 1 { // the narrowest range comes first in the table
		found = found[:1]
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(found), "limit": 30, "offset": 0}, "results": found}}
}

func (m method) view(s *Simulator, t site) object {
	status, settings, deferred := "active", []object{}, "does_not_apply"
	if m.Inactive {
		status = "deactive"
	}
	needed := []string{}
	if m.isCard() {
		location, capture := "back", "supported"
		if m.code() == 4 {
			location = "front"
		}
		if m.Type == debitCard {
			capture = "unsupported"
		}
		deferred = capture
		settings = append(settings, object{"card_number": object{"length": m.digits(), "validation": "standard"},
			"bin":           object{"pattern": m.BIN, "installments_pattern": m.BIN, "exclusion_pattern": nil},
			"security_code": object{"length": m.code(), "card_location": location, "mode": "mandatory"}})
		needed = append(needed, "cardholder_name", "issuer_id")
		if len(identificationTypes[t.ID]) > 0 {
			needed = append(needed, "cardholder_identification_type", "cardholder_identification_number")
		}
	}
	for _, what := range strings.Fields(m.Needs) {
		switch what {
		case "identification":
			needed = append(needed, "identification_type", "identification_number")
		case "first_name", "last_name", "entity_type":
			needed = append(needed, what)
		}
	}
	institutions := []bank{}
	if m.ID == "pse" {
		institutions = banks
	}
	high := m.Max
	if high == 0 {
		high = 1_000_000_000_00
	}
	picture := s.cfg.PublicURL + "/v2/brand/" + m.ID + ".svg"
	return object{"id": m.ID, "name": m.Name, "payment_type_id": m.Type, "status": status, "secure_thumbnail": picture, "thumbnail": picture,
		"deferred_capture": deferred, "settings": settings, "additional_info_needed": needed, "min_allowed_amount": t.number(t.minor(m.Min)),
		"max_allowed_amount": t.number(t.minor(high)), "accreditation_time": m.Accreditation, "financial_institutions": institutions, "processing_modes": []string{"aggregator"}}
}

// listIdentificationTypes is GET /v1/identification_types (§4.2); the site
// that asks for none answers 404.
func listIdentificationTypes(c *call) reply {
	list := identificationTypes[c.account.Site]
	if len(list) == 0 {
		return c.fail(http.StatusNotFound, "not_found", "Identification types not found")
	}
	return reply{status: http.StatusOK, body: list}
}

// issuer is a bank whose cards are told apart.
type issuer struct{ ID, Name string }

// issuersOf are the issuers of a method: the scheme itself by default, banks
// for Argentina's credit cards.
func issuersOf(t site, m method) []issuer {
	own := map[string]string{"visa": "1", "debvisa": "1", "master": "3", "debmaster": "3", "amex": "2", "elo": "12", "debelo": "12", "hipercard": "13", "naranja": "1051", "cabal": "1023", "diners": "4"}
	if t.ID == "MLA" && (m.ID == "visa" || m.ID == "master") {
		return []issuer{{"310", "Banco Santander Rio S.A."}, {"303", "Banco Galicia"}, {"297", "Banco Nación"}}
	}
	return []issuer{{cmp.Or(own[m.ID], "1000"), m.Name}}
}

func (i issuer) view(s *Simulator) object {
	picture := s.cfg.PublicURL + "/v2/brand/" + i.ID + ".svg"
	return object{"id": i.ID, "name": i.Name, "secure_thumbnail": picture, "thumbnail": picture, "processing_mode": "aggregator", "merchant_account_id": nil, "status": "active"}
}

// listIssuers is GET /v1/payment_methods/card_issuers.
func listIssuers(c *call) reply {
	t := c.account.site()
	m, bad := c.methodAsked(t)
	if bad != nil {
		return *bad
	}
	list := []object{}
	for _, i := range issuersOf(t, m) {
		list = append(list, i.view(c.sim))
	}
	return reply{status: http.StatusOK, body: list}
}

// methodAsked finds the card's method by payment_method_id or by the first
// digits.
func (c *call) methodAsked(t site) (method, *reply) {
	m, ok := t.method(c.query("payment_method_id"))
	if bin := c.query("bin"); !ok && bin != "" {
		m, ok = t.methodOfCard(bin)
	}
	if !ok || !m.isCard() {
		r := c.cause(http.StatusBadRequest, 1, "payment_method_id or bin is needed")
		return m, &r
	}
	return m, nil
}

// rates are what a buyer pays more for paying later, in hundredths of a
// percent of the whole. They are the simulator's own, but Brazil's first one
// (§4.3).
var rates = map[string]map[int]int64{
	"MLB": {2: 814, 3: 1012, 4: 1208, 5: 1405, 6: 1600, 7: 1785, 8: 1970, 9: 2155, 10: 2340, 11: 2525, 12: 2710},
	"MLA": {3: 1830, 6: 3450, 9: 5210, 12: 7180, 18: 10920},
	"MLM": {3: 476, 6: 770, 9: 1020, 12: 1368, 18: 2110},
	"MCO": {2: 0, 3: 0, 6: 0, 12: 0, 24: 0, 36: 0}, "MLC": {2: 0, 3: 0, 6: 0, 12: 0, 18: 0, 24: 0}, "MLU": {2: 0, 3: 0, 6: 850, 12: 1560}, "MPE": {2: 0, 3: 0, 6: 0, 12: 0, 24: 0, 36: 0},
}

// listInstallments is GET /v1/payment_methods/installments.
func listInstallments(c *call) reply {
	t := c.account.site()
	m, bad := c.methodAsked(t)
	if bad != nil {
		return *bad
	}
	amount, err := t.amount(c.query("amount"))
	if err != nil || amount <= 0 {
		return c.cause(http.StatusBadRequest, 1, "Invalid amount")
	}
	i := issuersOf(t, m)[0]
	return reply{status: http.StatusOK, body: []object{{"payment_method_id": m.ID, "payment_type_id": m.Type, "issuer": object{"id": i.ID, "name": i.Name},
		"processing_mode": "aggregator", "merchant_account_id": nil, "agreements": nil, "payer_costs": payerCosts(t, m, amount)}}}
}

// payerCosts lists the numbers of installments, each with its cost.
func payerCosts(t site, m method, amount int64) []object {
	list := []object{}
	for n := 1; n <= maxInstallments; n++ {
		rate, ok := rates[t.ID][n]
		if n > 1 && (!ok || m.Type != creditCard) {
			continue
		}
		each, total := t.costs(amount, n)
		labels := []string{}
		if rate == 0 && n > 1 {
			labels = append(labels, "recommended_interest_installment_with_some_banks")
		}
		list = append(list, object{"installments": n, "installment_rate": percent(rate), "discount_rate": 0, "reimbursement_rate": nil, "labels": labels,
			"installment_rate_collector": []string{"MERCADOPAGO"}, "min_allowed_amount": t.number(t.minor(m.Min)), "max_allowed_amount": t.number(t.minor(cmp.Or(m.Max, 100_000_000_00))),
			"recommended_message": strconv.Itoa(n) + " × " + t.text(each) + " (" + t.text(total) + ")", "installment_amount": t.number(each), "total_amount": t.number(total),
			"payment_method_option_id": "1." + newUUID()[:8]})
	}
	return list
}

// costs are what a buyer pays each month and in all: the rate on top, each
// month's sum rounded to what the site's money has.
func (t site) costs(amount int64, n int) (each, total int64) {
	rate := rates[t.ID][n]
	if n <= 1 || rate == 0 {
		return (amount + int64(n)/2) / int64(max(1, n)), amount
	}
	unit := int64(1)
	if t.Decimals == 0 && t.Exponent == 2 {
		unit = 100
	}
	each = (amount + (amount*rate+5000)/10000) / int64(n) / unit * unit
	return each, each * int64(n)
}

func percent(hundredths int64) any { return sites["MLA"].number(hundredths) }
