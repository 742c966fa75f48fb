package mercadopago

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	language "posta/text"
)

// buyerCookie holds the address of the test buyer who is logged in.
const buyerCookie = "sim_buyer"

func loggedIn(r *http.Request) string {
	if c, err := r.Cookie(buyerCookie); err == nil {
		v, _ := url.QueryUnescape(c.Value)
		return v
	}
	return ""
}

// checkoutPages are the addresses of the checkout. They are the provider's own,
// not below /sim/: init_point leads there.
func (s *Simulator) checkoutPages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /checkout/v1/redirect": func(w http.ResponseWriter, r *http.Request) { s.checkout(w, r, Choice{}, nil) },
		"POST /checkout/v1/pay":     s.checkoutPay,
		"GET /checkout/v1/result":   s.checkoutResult,
		"POST /checkout/v1/login":   s.checkoutLogin,
		"POST /checkout/v1/logout":  s.checkoutLogin,
	}
}

func checkoutSelf(id string) string { return "/checkout/v1/redirect?pref_id=" + url.QueryEscape(id) }

// checkoutLogin lets a test buyer in, or out again: no address is in the form.
func (s *Simulator) checkoutLogin(w http.ResponseWriter, r *http.Request) {
	c := &http.Cookie{Name: buyerCookie, Value: url.QueryEscape(strings.TrimSpace(r.FormValue("email"))), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if c.Value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	http.Redirect(w, r, checkoutSelf(r.FormValue("pref_id")), http.StatusSeeOther)
}

// checkout shows the ways to pay, or the form of one of them.
func (s *Simulator) checkout(w http.ResponseWriter, r *http.Request, form Choice, failed error) {
	words, buyer, now := s.words(r), loggedIn(r), s.clock.Now()
	how := r.FormValue("how")
	if r.Method == http.MethodPost {
		how = map[string]string{"account_money": "account"}[form.Method]
		how = cmp.Or(how, form.Method)
	}
	status := http.StatusOK
	s.mu.Lock()
	stored := s.preferences[r.FormValue("pref_id")]
	if stored == nil {
		s.mu.Unlock()
		s.show(w, r, http.StatusNotFound, "pro", object{"closed": words.T("sim.pro.unknown"), "closedHelp": words.T("sim.pro.unknown.help")})
		return
	}
	seen := *stored
	p := &seen
	data := s.checkoutData(p)
	shut := s.closed(p, now)
	t := s.accounts[p.UserID].site()
	var brands, vouchers []method
	for _, m := range methods[t.ID] {
		if s.offered(p, m, buyer) && m.isCard() {
			brands = append(brands, m)
		} else if s.offered(p, m, buyer) && m.Type != accountMoney && m.Type != standingMoney {
			vouchers = append(vouchers, m)
		}
	}
	wallet, _ := t.method(accountMoney)
	data["wallet"] = s.offered(p, wallet, LiveBuyer)
	data["mustLogin"] = p.Purpose != "" && buyer == ""
	ask, usual := p.payer(form, s.accounts[p.UserID]), s.accounts[p.UserID].buyer()
	s.mu.Unlock()

	data["buyer"], data["testBuyer"], data["how"], data["back"] = buyer, usual, how, s.leaveURL(p)
	data["brands"], data["vouchers"] = brandNames(brands), vouchers
	form.Email, form.FirstName, form.LastName = cmp.Or(form.Email, ask.Email), cmp.Or(form.FirstName, ask.FirstName), cmp.Or(form.LastName, ask.LastName)
	form.IdentificationType, form.IdentificationNumber = ask.Identification.Type, ask.Identification.Number
	data["form"] = form
	s.checkoutForms(data, p, t, brands, vouchers, how, r, words)
	if shut != nil {
		key := map[error]string{ErrPaid: "paid", ErrNotYet: "not_yet", ErrExpired: "expired"}[shut]
		data["closed"], data["closedHelp"] = words.T("sim.pro."+key), words.T("sim.pro."+key+".help")
		status = http.StatusConflict
		if r.Method == http.MethodGet {
			status = http.StatusOK
		}
	}
	if failed != nil {
		status, data["error"] = http.StatusUnprocessableEntity, checkoutSorry(words, failed)
	}
	s.show(w, r, status, "pro", data)
}

// checkoutData is what every page of a checkout shows. It must be called under
// the lock.
func (s *Simulator) checkoutData(p *preference) object {
	a := s.accounts[p.UserID]
	return object{"pref": p.ID, "self": checkoutSelf(p.ID), "shop": cmp.Or(a.BusinessName, a.Nickname), "items": p.Items, "shipping": p.Shipping,
		"total": p.Total + p.Shipping, "currency": a.site().Currency}
}

// leaveURL is where a buyer goes who leaves without paying.
func (s *Simulator) leaveURL(p *preference) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.returnURL(p, nil)
}

func brandNames(list []method) string {
	var names []string
	for _, m := range list {
		if !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return strings.Join(names, ", ")
}

// checkoutForms adds what the form of the chosen way needs.
func (s *Simulator) checkoutForms(data object, p *preference, t site, brands, vouchers []method, how string, r *http.Request, words *language.Localizer) {
	form := data["form"].(Choice)
	documents := documentChoices(t)
	if how != "card" {
		for _, m := range vouchers {
			if m.ID != how {
				continue
			}
			data["chosen"] = m
			data["names"], data["address"] = m.needs("first_name"), m.needs("address")
			if m.needs("identification") {
				data["documents"] = documents
			}
			if m.needs("financial_institution") {
				list := []object{}
				for _, b := range banks {
					list = append(list, object{"value": b.ID, "label": b.Description})
				}
				data["banks"], data["persons"] = list, []object{{"value": "individual", "label": words.T("sim.pro.individual")}, {"value": "association", "label": words.T("sim.pro.association")}}
			}
		}
		if data["chosen"] == nil && how != "account" {
			data["how"] = ""
		}
		return
	}
	data["documents"] = documents
	data["fill"] = r.FormValue("fill")
	data["cards"], data["holders"] = cardChoices(t, func(id string) bool { return slices.ContainsFunc(brands, func(m method) bool { return m.ID == id }) }), holderChoices(words)
	form.Holder = cmp.Or(form.Holder, r.FormValue("holder"))
	if form.CardNumber == "" && (r.FormValue("fill") != "" || r.FormValue("holder") != "") {
		d := testCard(t.ID, r.FormValue("fill"))
		form.CardNumber, form.SecurityCode, form.Month, form.Year = d.Number, d.Code(), TestMonth, TestYear
		form.Holder = cmp.Or(form.Holder, "APRO")
		data["cardsOpen"] = true
	}
	if form.Month > 0 {
		data["expiry"] = strconv.Itoa(form.Month) + "/" + strconv.Itoa(form.Year%100)
	}
	options := []object{}
	for _, n := range []int{1, 2, 3, 6, 9, 12} {
		if p.Installments == 0 || n <= p.Installments {
			options = append(options, object{"value": n, "label": strconv.Itoa(n)})
		}
	}
	data["installments"], data["form"] = options, form
}

func cardName(t site, id string) string {
	m, _ := t.method(id)
	return m.Name
}

// checkoutPay pays as the form says. What is wrong leads back to the form.
func (s *Simulator) checkoutPay(w http.ResponseWriter, r *http.Request) {
	form := Choice{Method: r.FormValue("method"), CardNumber: strings.NewReplacer(" ", "", "-", "").Replace(r.FormValue("card_number")), SecurityCode: r.FormValue("security_code"),
		Holder: strings.TrimSpace(r.FormValue("holder")), Email: strings.TrimSpace(r.FormValue("email")), FirstName: r.FormValue("first_name"), LastName: r.FormValue("last_name"),
		IdentificationType: r.FormValue("identification_type"), IdentificationNumber: strings.NewReplacer(".", "", "-", "", " ", "").Replace(r.FormValue("identification_number")),
		EntityType: r.FormValue("entity_type"), Institution: r.FormValue("institution"), Buyer: loggedIn(r)}
	form.Installments, _ = strconv.Atoi(r.FormValue("installments"))
	month, year, _ := strings.Cut(r.FormValue("expiry"), "/")
	form.Month, _ = strconv.Atoi(strings.TrimSpace(month))
	form.Year, _ = strconv.Atoi(strings.TrimSpace(year))
	if r.FormValue("street_name") != "" {
		form.Address = object{}
		for _, name := range []string{"zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit"} {
			form.Address[name] = r.FormValue(name)
		}
	}
	var out PaidPreference
	err := form.missing()
	if err == nil {
		out, err = s.PayPreference(r.FormValue("pref_id"), form)
	}
	if err != nil {
		s.checkout(w, r, form, err)
		return
	}
	http.Redirect(w, r, "/checkout/v1/result?pref_id="+url.QueryEscape(r.FormValue("pref_id"))+"&payment_id="+text(out.ID), http.StatusSeeOther)
}

// missing says which field of the card's form is empty: PayPreference would
// take a test card's.
func (c Choice) missing() error {
	var list CardError
	if c.Method != "card" {
		return nil
	}
	for _, f := range []struct {
		empty bool
		fault cardFault
	}{{c.CardNumber == "", cardFault{"205", "card number"}}, {c.Month == 0, cardFault{"208", "month"}}, {c.Year == 0, cardFault{"209", "year"}},
		{c.SecurityCode == "", cardFault{"224", "security code"}}, {c.Holder == "", cardFault{"221", "holder"}}} {
		if f.empty {
			list = append(list, f.fault)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// checkoutResult tells how it ended and leads back to the shop, by itself where
// the seller asked for it.
func (s *Simulator) checkoutResult(w http.ResponseWriter, r *http.Request) {
	words := s.words(r)
	id, _ := strconv.ParseInt(r.FormValue("payment_id"), 10, 64)
	s.mu.Lock()
	p, made := s.preferences[r.FormValue("pref_id")], s.payments[id]
	if p == nil || made == nil || made.Online == nil || made.Online.PreferenceID != p.ID {
		s.mu.Unlock()
		s.show(w, r, http.StatusNotFound, "pro", object{"closed": words.T("sim.pro.unknown"), "closedHelp": words.T("sim.pro.unknown.help")})
		return
	}
	data := s.checkoutData(p)
	back, voucher := s.returnURL(p, made), s.voucherURL(made)
	if made.Online.Challenge != nil && made.Status == pending {
		voucher = s.challengeAddress(made)
	}
	state, key := "pending", "review"
	switch {
	case made.Status == approved || made.Status == authorized || made.Status == refunded:
		state, key = "paid", "paid"
	case made.Status == rejected || made.Status == cancelled:
		state, key = "rejected", "rejected"
	case voucher != "":
		key = "voucher"
	}
	help := words.T("sim.pro.result." + key + ".help")
	if made.Status == rejected && words.Has("sim.effect."+made.Card.Holder) {
		help = words.T("sim.effect."+made.Card.Holder) + ". " + help
	}
	name := cardName(s.accounts[p.UserID].site(), made.Online.Method)
	if made.Card.LastFour != "" {
		name += " ···· " + made.Card.LastFour
	}
	auto := p.AutoReturn == "all" || p.AutoReturn == "approved" && made.Status == approved
	s.mu.Unlock()
	data["state"], data["words"], data["help"], data["number"], data["method"] = state, words.T("sim.pro.result."+key), help, text(id), name
	data["back"], data["retry"] = back, state == "rejected"
	if state == "pending" {
		data["voucher"] = voucher
	}
	if auto && back != "" {
		data["auto"] = autoReturn
	}
	s.show(w, r, http.StatusOK, "pro_result", data)
}

// autoReturn is after how many seconds the browser goes back by itself: the
// provider says up to 40.
const autoReturn = 5

// checkoutSorry says in the buyer's words what stopped the payment.
func checkoutSorry(words *language.Localizer, err error) string {
	var card CardError
	if errors.As(err, &card) {
		var list []string
		for _, f := range card {
			if key := "sim.pro.card." + f.Code; words.Has(key) {
				list = append(list, words.T(key))
			} else {
				list = append(list, f.Code+" "+f.Description)
			}
		}
		return strings.Join(list, " ")
	}
	for known, key := range map[error]string{ErrPaid: "paid", ErrNotYet: "not_yet", ErrExpired: "expired", ErrMethod: "not_offered", ErrLogin: "wallet_only"} {
		if errors.Is(err, known) {
			return words.T("sim.pro." + key)
		}
	}
	return words.T("sim.pro.refused", "reason", err.Error())
}
