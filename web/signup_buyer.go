package web

import (
	"net/http"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/subscription"
)

// byBuyer names a buyer who changes the own subscription.
const byBuyer = "buyer"

// subscriber is a buyer's request at the own page of a subscription.
type subscriber struct {
	*visit
	Sub     subscription.Subscription
	Plan    subscription.Plan
	Country string // of the account
}

// subscribed serves h to whoever holds the address of a subscription's buyer.
func (s *server) subscribed(h func(*subscriber) error) http.Handler {
	return s.anyone(func(v *visit) error {
		sub, err := s.Subscriptions.ByToken(v.ctx(), v.r.PathValue("token"))
		if posta.ErrorCode(err) == posta.CodeNotFound {
			return v.renderAs(http.StatusNotFound, "signup-closed", nil)
		}
		if err != nil {
			return err
		}
		p, err := s.Subscriptions.Plan(v.ctx(), sub.MerchantID, sub.Mode, sub.PlanID)
		if err != nil {
			return err
		}
		channel, err := s.Subscriptions.Store.Account(v.ctx(), sub.MerchantID, sub.Mode, sub.ConnectionID)
		if err != nil {
			return err
		}
		if err := v.buying(sub.MerchantID, sub.Mode, channel.Country); err != nil {
			return err
		}
		return h(&subscriber{v, sub, p, channel.Country})
	})
}

// URL is the address of the page.
func (b *subscriber) URL() string { return buyerPath + b.Sub.Public }

// subscriberData is what a buyer's own page shows.
type subscriberData struct {
	*subscriber
	Shown    string
	Every    string // "cada mes"
	Trial    bool
	Invoices []invoiceRow     // newest first, those that were or are charged
	Due      *payment.Payment // what is to be paid now, nil for nothing
	Making   bool             // it is being made
	Retrying bool             // a charge failed and is tried again
	Method   string           // name of the voucher
	Live     time.Duration
	Card     bool // a card can be given or changed here
	Reason   string
	Nonce    string
	Position int64
}

// ByProvider reports whether the provider charges.
func (d subscriberData) ByProvider() bool { return d.Sub.Engine == subscription.EngineProvider }

// Soon reports whether the voucher's last minutes are counted down.
func (d subscriberData) Soon() bool { return d.Live > 0 && d.Live <= time.Hour }

// SignUpURL is the public page of the plan.
func (d subscriberData) SignUpURL() string { return signUpPath + d.Plan.Token }

func (b *subscriber) page() error {
	data := subscriberData{subscriber: b, Shown: subscriptionLook[b.Sub.State], Every: b.every(b.Plan.Period), Trial: b.Sub.Trial(b.s.Clock.Now()),
		Method: b.methodName(b.Country, b.Sub.Method), Nonce: b.s.newNonce(), Position: b.livePosition()}
	rows, err := b.invoiceRows(b.Sub, b.Plan)
	if err != nil {
		return err
	}
	for i := len(rows) - 1; i >= 0; i-- {
		row := rows[i]
		if row.State == subscription.Scheduled || row.State == subscription.Void {
			continue
		}
		data.Invoices, data.Retrying = append(data.Invoices, row), data.Retrying || row.State == subscription.Retrying
		if n := len(row.Attempts); row.State.Asked() && n > 0 && row.Attempts[n-1].Payment != "" {
			due, err := b.s.Payments.Get(b.ctx(), b.Sub.MerchantID, b.Sub.Mode, row.Attempts[n-1].Payment)
			if err != nil && posta.ErrorCode(err) != posta.CodeNotFound { // it may not be made yet
				return err
			}
			if err == nil && due.State.Open() && due.Next != (provider.Next{}) {
				data.Due = &due
			} else if err != nil || due.State.Open() {
				data.Making = true
			}
		}
	}
	if data.Due != nil && !data.Due.Next.ExpiresAt.IsZero() {
		data.Live = max(data.Due.Next.ExpiresAt.Sub(b.s.Clock.Now()), 0)
	}
	data.Card = b.takesCard() && b.cardTokens(b.Sub).PublicKey != ""
	if b.Sub.Reason == subscription.ReasonRefused {
		data.Reason = b.declined(b.Sub.Detail)
	}
	return b.render("subscriber", data)
}

// takesCard reports whether a card can be given or changed as the subscription stands.
func (b *subscriber) takesCard() bool {
	return b.Sub.Engine == subscription.EngineProvider && b.Sub.Change == nil && b.Sub.Token == "" && (b.Sub.State == subscription.Pending || b.Sub.State.Running())
}

// declined is the key of the words on a refusal.
func (b *subscriber) declined(code string) string {
	if key := "decline." + code; code != "" && b.words.Has(key) {
		return key
	}
	return "decline.other"
}

// subscriberCard is what the page that takes a card shows.
type subscriberCard struct {
	*subscriber
	Card    *cardForm
	Every   string // "cada mes"
	First   bool   // the first card; otherwise it takes another's place
	FirstAt time.Time
	Notice  string // key: why the card before was not taken
	Problem problem
}

// showCard shows the provider's own card fields.
func (b *subscriber) showCard(status int, data subscriberCard) error {
	tokens := b.cardTokens(b.Sub)
	if !b.takesCard() || tokens.PublicKey == "" {
		return b.redirect(b.URL())
	}
	data.subscriber, data.First, data.Every = b, b.Sub.State == subscription.Pending, b.every(b.Plan.Period)
	if data.First {
		data.FirstAt, _ = b.Plan.First(b.s.Clock.Now(), b.Country)
	}
	f := b.cardForm(b.Country, tokens, cardsOf(b.Country), b.Sub.Buyer)
	f.Action, f.Button = b.URL()+cardPart, b.T("signup.card.first")
	if !data.First {
		f.Button = b.T("signup.card.change")
	}
	data.Card = &f
	return b.renderAs(status, "subscriber-card", data)
}

// takeCard gives the provider the card whose token the browser got.
func (b *subscriber) takeCard() error {
	if err := b.refuseCardNumbers(b.Country); err != nil {
		return b.showCard(http.StatusUnprocessableEntity, subscriberCard{Problem: b.problem(err)})
	}
	first := b.Sub.State == subscription.Pending
	sub, err := b.s.Subscriptions.ChangeCard(b.ctx(), b.Sub.MerchantID, b.Sub.Mode, b.Sub.ID, b.value("token"), byBuyer)
	switch code := posta.ErrorCode(err); {
	case err == nil && sub.Change != nil, err == nil && sub.Token != "":
		b.flash("info", b.T("sub.changing"), b.T("signup.asking"))
	case err == nil:
		b.flash("ok", b.T(map[bool]string{true: "signup.done", false: "signup.card.done"}[first]), "")
	case code == posta.CodeProviderRejected:
		if b.Sub, err = b.s.Subscriptions.ByToken(b.ctx(), b.Sub.Public); err != nil {
			return err
		}
		return b.showCard(http.StatusUnprocessableEntity, subscriberCard{Notice: b.declined(b.Sub.Detail)})
	case code == posta.CodeInvalid:
		return b.showCard(http.StatusUnprocessableEntity, subscriberCard{Notice: "decline.other"})
	case code != posta.CodeState:
		return b.showCard(status(code), subscriberCard{Problem: b.problem(err)})
	}
	return b.redirect(b.URL())
}

// again signs the same buyer up anew, after a card that was refused.
func (b *subscriber) again() error {
	if b.Sub.Reason != subscription.ReasonRefused && b.Sub.Reason != subscription.ReasonLapsed {
		return b.redirect(b.URL())
	}
	id, err := idFromNonce[posta.SubscriptionID](b.visit)
	if err != nil {
		return err
	}
	buyer := b.Sub.Buyer
	buyer.IP, buyer.Device = remoteAddress(b.r), ""
	sub, err := b.s.Subscriptions.SignUp(b.ctx(), subscription.SignUp{ID: id, MerchantID: b.Sub.MerchantID, Mode: b.Sub.Mode, PlanID: b.Sub.PlanID, Buyer: buyer,
		Language: b.Sub.Language, Method: b.Sub.Method, Reference: b.Sub.Reference, By: byBuyer})
	if posta.ErrorCode(err) == posta.CodeState {
		return b.renderAs(http.StatusGone, "signup-closed", nil)
	}
	if err != nil {
		return err
	}
	to := buyerPath + sub.Public
	if sub.Engine == subscription.EngineProvider && b.cardTokens(sub).PublicKey != "" {
		to += cardPart
	}
	return b.redirect(to)
}

// subscriberAsk asks before a buyer ends a subscription.
type subscriberAsk struct {
	*subscriber
	Price string
}

func (b *subscriber) askCancel() error {
	if b.Sub.State.Final() {
		return b.redirect(b.URL())
	}
	return b.render("subscriber-cancel", subscriberAsk{b, b.price(b.Sub.Amount, b.Plan.Period)})
}

func (b *subscriber) cancel() error {
	sub, err := b.s.Subscriptions.Cancel(b.ctx(), b.Sub.MerchantID, b.Sub.Mode, b.Sub.ID, byBuyer)
	if err := b.tellChange(sub, err, b.T("signup.canceled")); err != nil {
		return err
	}
	return b.redirect(b.URL())
}

// events tells an open page that something happened to its subscription, and no more.
func (b *subscriber) events() error {
	invoices, err := b.s.Subscriptions.Invoices(b.ctx(), b.Sub.MerchantID, b.Sub.ID)
	if err != nil {
		return err
	}
	mine := map[string]bool{string(b.Sub.ID): true}
	for _, i := range invoices {
		mine[string(i.ID)] = true
		for _, a := range i.Attempts {
			mine[string(a.Payment)] = true
		}
	}
	return b.stream(func(e posta.Event) bool { return mine[e.Subject] }, nil)
}
