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

// subscriptionPages are the sign-up at the provider's own address, where
// init_point leads, and the list of subscriptions.
func (s *Simulator) subscriptionPages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /subscriptions/checkout": func(w http.ResponseWriter, r *http.Request) { s.signUpPage(w, r, SignUpRequest{}, nil) },
		"POST /subscriptions/sign-up": s.signUpDone,
		"GET /subscriptions/result":   s.signUpResult,
		"GET /sim/subscriptions":      s.subscriptionList,
		"POST /sim/subscriptions":     s.subscriptionDeed,
	}
}

// withQuery adds a pair to an address; "" stays.
func withQuery(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return address
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// signUpPage shows what one subscribes to, and the form of the card or the
// account that pays.
func (s *Simulator) signUpPage(w http.ResponseWriter, r *http.Request, form SignUpRequest, failed error) {
	words, now := s.words(r), s.clock.Now()
	find := SignUpRequest{PlanID: r.FormValue("preapproval_plan_id"), SubscriptionID: r.FormValue("preapproval_id")}
	s.mu.Lock()
	v, err := s.signable(find)
	if err != nil {
		old, data := s.subscriptions[find.SubscriptionID], object{"closed": words.T("sim.sub.unknown"), "closedHelp": words.T("sim.sub.unknown.help")}
		status := http.StatusNotFound
		if errors.Is(err, ErrEnded) {
			status = http.StatusOK
			key := "ended"
			if old != nil && old.Status != cancelled {
				key = "signed"
			}
			data["closed"], data["closedHelp"] = words.T("sim.sub."+key), words.T("sim.sub."+key+".help")
		}
		if old != nil {
			data["back"] = withQuery(old.BackURL, "preapproval_id", old.ID)
		}
		s.mu.Unlock()
		s.show(w, r, status, "subscription", data)
		return
	}
	seen := *v
	a := s.accounts[seen.UserID]
	t := a.site()
	shop := cmp.Or(a.BusinessName, a.Nickname)
	card, wallet := false, false
	for _, m := range methods[t.ID] {
		if !m.Inactive && s.allowed(&seen, m) {
			card, wallet = card || m.isCard(), wallet || m.Type == accountMoney
		}
	}
	s.authorize(&seen, now) // on a copy: when it would be charged
	s.mu.Unlock()

	self := "/subscriptions/checkout?preapproval_plan_id=" + url.QueryEscape(find.PlanID)
	if find.SubscriptionID != "" {
		self = "/subscriptions/checkout?preapproval_id=" + url.QueryEscape(find.SubscriptionID)
	}
	how := "card"
	if form.AccountMoney || r.FormValue("how") == "account" || !card {
		how = "account"
	}
	form.Email = cmp.Or(form.Email, seen.Payer.Email)
	data := object{"shop": shop, "self": self, "find": find, "how": how, "reason": seen.Reason, "amount": seen.Terms.Amount, "currency": t.Currency,
		"every": every(words, seen.Terms), "first": seen.Next, "card": card, "wallet": wallet, "fixed": seen.Payer.Email != "",
		"lead": seen.LeadAmount, "day": seen.Terms.BillingDay, "times": seen.Terms.Repetitions, "end": seen.Terms.End, "testBuyer": TestBuyer, "fill": r.FormValue("fill")}
	if free := seen.Terms.Trial; free != nil {
		data["trial"] = words.T("sim.sub.trial", "span", span(words, free.Frequency, free.FrequencyType))
	}
	s.cardHelp(data, t, words, &form, r)
	data["form"] = form
	status := http.StatusOK
	if failed != nil {
		status, data["error"] = http.StatusUnprocessableEntity, signUpSorry(words, failed)
	}
	s.show(w, r, status, "subscription", data)
}

// cardHelp adds the site's documents, test cards and holder names, and fills
// the card's form when one of them was chosen.
func (s *Simulator) cardHelp(data object, t site, words *language.Localizer, form *SignUpRequest, r *http.Request) {
	data["documents"], data["holders"] = documentChoices(t), holderChoices(words)
	data["cards"] = cardChoices(t, func(id string) bool { _, known := t.method(id); return known })
	form.Card.Holder = cmp.Or(form.Card.Holder, r.FormValue("holder"))
	if form.Card.Number == "" && (r.FormValue("fill") != "" || r.FormValue("holder") != "") {
		d := testCard(t.ID, r.FormValue("fill"))
		form.Card.Number, form.Card.Code, form.Card.Month, form.Card.Year = d.Number, d.Code(), TestMonth, TestYear
		form.Card.Holder = cmp.Or(form.Card.Holder, "APRO")
		form.Card.DocumentType, form.Card.DocumentNumber = TestDocuments[t.ID][0], TestDocuments[t.ID][1]
		form.Email = cmp.Or(form.Email, TestBuyer)
		data["open"] = true
	}
	if form.Card.Month > 0 {
		data["expiry"] = strconv.Itoa(form.Card.Month) + "/" + strconv.Itoa(form.Card.Year%100)
	}
}

// every says how often: by month, every 15 days.
func every(words *language.Localizer, t terms) string {
	if t.Frequency == 1 {
		return words.T("sim.sub.every." + t.FrequencyType + ".one")
	}
	return words.T("sim.sub.every."+t.FrequencyType, "n", t.Frequency)
}

func span(words *language.Localizer, n int, unit string) string {
	if n == 1 {
		return words.T("sim.sub.span." + unit + ".one")
	}
	return words.T("sim.sub.span."+unit, "n", n)
}

// signUpDone subscribes as the form says. What is wrong leads back to the form.
func (s *Simulator) signUpDone(w http.ResponseWriter, r *http.Request) {
	form := SignUpRequest{PlanID: r.FormValue("preapproval_plan_id"), SubscriptionID: r.FormValue("preapproval_id"), Email: strings.TrimSpace(r.FormValue("email")),
		FirstName: strings.TrimSpace(r.FormValue("first_name")), LastName: strings.TrimSpace(r.FormValue("last_name")), AccountMoney: r.FormValue("method") == accountMoney,
		Card: CardForm{Number: strings.NewReplacer(" ", "", "-", "").Replace(r.FormValue("card_number")), Code: strings.TrimSpace(r.FormValue("security_code")),
			Holder: strings.TrimSpace(r.FormValue("holder")), DocumentType: r.FormValue("identification_type"),
			DocumentNumber: strings.NewReplacer(".", "", "-", "", " ", "").Replace(r.FormValue("identification_number"))}}
	month, year, _ := strings.Cut(r.FormValue("expiry"), "/")
	form.Card.Month, _ = strconv.Atoi(strings.TrimSpace(month))
	form.Card.Year, _ = strconv.Atoi(strings.TrimSpace(year))
	var err error
	if !form.AccountMoney {
		c := form.Card
		err = Choice{Method: "card", CardNumber: c.Number, Month: c.Month, Year: c.Year, SecurityCode: c.Code, Holder: c.Holder}.missing()
	}
	var out SignedUp
	if err == nil && form.Email == "" {
		err = ErrBuyer
	}
	if err == nil {
		out, err = s.SignUp(form)
	}
	if err != nil {
		s.signUpPage(w, r, form, err)
		return
	}
	http.Redirect(w, r, "/subscriptions/result?preapproval_id="+out.SubscriptionID, http.StatusSeeOther)
}

// signUpResult says that the subscription stands, and leads back to the shop.
func (s *Simulator) signUpResult(w http.ResponseWriter, r *http.Request) {
	words := s.words(r)
	s.mu.Lock()
	v := s.subscriptions[r.FormValue("preapproval_id")]
	if v == nil || v.Status == pending {
		s.mu.Unlock()
		s.show(w, r, http.StatusNotFound, "subscription", object{"closed": words.T("sim.sub.unknown"), "closedHelp": words.T("sim.sub.unknown.help")})
		return
	}
	a := s.accounts[v.UserID]
	data := object{"shop": cmp.Or(a.BusinessName, a.Nickname), "id": v.ID, "reason": v.Reason, "amount": v.Terms.Amount, "currency": a.site().Currency,
		"every": every(words, v.Terms), "next": v.Next, "status": v.Status, "back": withQuery(v.BackURL, "preapproval_id", v.ID)}
	s.mu.Unlock()
	s.show(w, r, http.StatusOK, "subscription_result", data)
}

func signUpSorry(words *language.Localizer, err error) string {
	for known, key := range map[error]string{ErrCard: "card", ErrBuyer: "buyer", ErrEnded: "ended", ErrSubscription: "unknown", ErrMethod: "method"} {
		if errors.Is(err, known) {
			return words.T("sim.sub.error." + key)
		}
	}
	return checkoutSorry(words, err)
}

// subscriptionLine is a row of the list.
type subscriptionLine struct {
	SubscriptionBook
	State, Shown, Every, Shop string
	Paid, Failed, Recycling   int
	Failing                   bool
}

// subscriptionList shows the subscriptions, newest first, 200 at most.
func (s *Simulator) subscriptionList(w http.ResponseWriter, r *http.Request) {
	s.listSubscriptions(w, r, nil)
}

func (s *Simulator) listSubscriptions(w http.ResponseWriter, r *http.Request, failed error) {
	words := s.words(r)
	var newest []*subscription
	s.mu.Lock()
	total := len(s.subscriptions)
	for _, v := range s.subscriptions {
		newest = append(newest, v)
	}
	slices.SortFunc(newest, func(a, b *subscription) int { return cmp.Compare(b.Seq, a.Seq) })
	lines := []subscriptionLine{}
	for _, v := range newest[:min(200, len(newest))] {
		a := s.accounts[v.UserID]
		l := subscriptionLine{SubscriptionBook: s.subscriptionBook(v), Every: every(words, v.Terms), Shop: cmp.Or(a.BusinessName, a.Nickname), Paid: v.Charged,
			Failing: declined(v.Acts), Shown: words.T("sim.sub.status." + v.Status),
			State: map[string]string{pending: "pending", authorized: "paid", paused: "unknown", cancelled: "canceled"}[v.Status]}
		for _, i := range l.Invoices {
			if i.Status == recycling {
				l.Recycling++
			} else if i.Status == processed && i.PaymentStatus != approved && i.PaymentStatus != refunded {
				l.Failed++
			}
		}
		lines = append(lines, l)
	}
	plans := []object{}
	for _, p := range s.plans {
		if p.Status != cancelled {
			plans = append(plans, object{"ID": p.ID, "Reason": p.Reason, "Amount": p.Terms.Amount, "Currency": s.accounts[p.UserID].site().Currency, "Every": every(words, p.Terms), "Seq": p.Seq})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(plans, func(a, b object) int { return cmp.Compare(b["Seq"].(int64), a["Seq"].(int64)) })
	data := object{"lines": lines, "total": total, "plans": plans[:min(50, len(plans))], "now": s.clock.Now()}
	status := http.StatusOK
	if failed != nil {
		status, data["error"] = http.StatusConflict, signUpSorry(words, failed)
	}
	s.show(w, r, status, "subscriptions", data)
}

// subscriptionDeed does what a button of the list asks for.
func (s *Simulator) subscriptionDeed(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("preapproval_id")
	var err error
	switch r.FormValue("deed") {
	case "charge":
		err = s.ChargeNow(id)
	case "fail":
		err = s.FailCard(id)
	case "heal":
		err = s.SetCard(id, "")
	default:
		err = ErrSubscription
	}
	if err != nil {
		s.listSubscriptions(w, r, err)
		return
	}
	http.Redirect(w, r, "/sim/subscriptions", http.StatusSeeOther)
}
