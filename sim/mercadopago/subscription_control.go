package mercadopago

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// What stops a buyer, or who drives the simulator.
var (
	// ErrSubscription is an id that no plan or subscription has.
	ErrSubscription = errors.New("sim/mercadopago: no such plan or subscription")
	// ErrEnded is a plan or a subscription that is cancelled, or one that was
	// signed already.
	ErrEnded = errors.New("sim/mercadopago: the subscription cannot be signed or charged any more")
)

// SignUpRequest is a buyer who subscribes on the provider's page: to a plan, or
// by the link of a pending subscription.
type SignUpRequest struct {
	PlanID         string `json:"preapproval_plan_id,omitempty"`
	SubscriptionID string `json:"preapproval_id,omitempty"`
	// Email is the buyer's; "" is the one that the subscription was made for, or
	// a test buyer's.
	Email     string `json:"email,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	// Card is what pays; AccountMoney pays from the buyer's account instead.
	Card         CardForm `json:"card"`
	AccountMoney bool     `json:"account_money,omitempty"`
	// ExternalReference is kept on a subscription that begins at a plan's page.
	ExternalReference string `json:"external_reference,omitempty"`
}

// SignedUp is a subscription that has begun.
type SignedUp struct {
	SubscriptionID string    `json:"preapproval_id"`
	Status         string    `json:"status"`
	Next           time.Time `json:"next_payment_date"`
	BackURL        string    `json:"back_url"` // with preapproval_id
}

// SignUp is what the buyer does on the page: a subscription of a plan begins,
// or a pending one is authorized. A card that fails its validation charge is
// ErrCard; a card that is typed wrongly is a CardError.
func (s *Simulator) SignUp(r SignUpRequest) (out SignedUp, err error) {
	if e := s.do(func() { out, err = s.signUp(r, s.clock.Now()) }); e != nil {
		return out, e
	}
	return out, err
}

// ErrCard is a card that did not stand the validation charge.
var ErrCard = errors.New("sim/mercadopago: CC_VAL_433 Credit card validation has failed")

// ErrBuyer is a buyer who may not subscribe: not the one whom the subscription
// was made for, or a real person with a test seller.
var ErrBuyer = errors.New("sim/mercadopago: that buyer cannot subscribe")

func (s *Simulator) signUp(r SignUpRequest, now time.Time) (SignedUp, error) {
	v, err := s.signable(r)
	if err != nil {
		return SignedUp{}, err
	}
	fresh := v.Seq == 0
	wanted := v.Payer.Email
	email := cmp.Or(r.Email, wanted, TestBuyer)
	if wanted != "" && email != wanted {
		return SignedUp{}, fmt.Errorf("%w: it was made for another address", ErrBuyer)
	}
	draft := *v
	if wrong := s.setPayer(&draft, email); wrong != "" {
		return SignedUp{}, fmt.Errorf("%w: %s", ErrBuyer, wrong)
	}
	draft.Payer.FirstName, draft.Payer.LastName = r.FirstName, r.LastName
	if err := s.signCard(&draft, r, now); err != nil {
		return SignedUp{}, err
	}
	if fresh {
		draft.ID, draft.Created, draft.Seq = newSubscriptionID(), now, s.next(&s.count.Subscription)
	}
	*v = draft
	s.authorize(v, now)
	s.changeSubscription(v, now)
	s.advance(v, now)
	return SignedUp{SubscriptionID: v.ID, Status: v.Status, Next: v.Next, BackURL: withQuery(v.BackURL, "preapproval_id", v.ID)}, nil
}

// signable finds what is signed: a new subscription of the plan, or the
// pending one.
func (s *Simulator) signable(r SignUpRequest) (*subscription, error) {
	if v := s.subscriptions[r.SubscriptionID]; v != nil {
		if v.Status != pending {
			return nil, ErrEnded
		}
		return v, nil
	}
	p := s.plans[r.PlanID]
	if p == nil {
		return nil, ErrSubscription
	}
	if p.Status == cancelled {
		return nil, ErrEnded
	}
	return &subscription{UserID: p.UserID, PlanID: p.ID, Reason: p.Reason, BackURL: p.BackURL, Ref: r.ExternalReference, Terms: p.Terms, Test: p.Test, Via: p.Via}, nil
}

func (s *Simulator) signCard(v *subscription, r SignUpRequest, now time.Time) error {
	seller := s.accounts[v.UserID]
	t := seller.site()
	if r.AccountMoney {
		m, _ := t.method(accountMoney)
		if !s.allowed(v, m) {
			return ErrMethod
		}
		v.Method, v.Card, v.CardID = accountMoney, nil, ""
		return nil
	}
	token, faults := s.tokenise(seller, v.Test, r.Card.filled(t.ID), now)
	if len(faults) > 0 {
		return CardError(faults)
	}
	token.Used = now
	s.put(token)
	held := token.Card
	m, known := t.methodOfCard(held.First)
	switch {
	case !known || !s.allowed(v, m):
		return ErrMethod
	case !s.prove(v, &held, m, now):
		return ErrCard
	}
	return nil
}

// FailCard lets the subscription's card fail from now on, for want of funds.
func (s *Simulator) FailCard(subscriptionID string) error { return s.SetCard(subscriptionID, "FUND") }

// SetCard lets the subscription's card act as one in that holder's name, like
// FUND or CALL; "" lets it be itself again.
func (s *Simulator) SetCard(subscriptionID, holder string) error {
	known := holder == "" || slices.ContainsFunc(Outcomes, func(o Outcome) bool { return o.Holder == holder })
	if !known {
		return fmt.Errorf("sim/mercadopago: no test card bears the name %q", holder)
	}
	return s.ofSubscription(subscriptionID, func(v *subscription, _ time.Time) error {
		v.Acts = holder
		s.put(v)
		return nil
	})
}

// ChargeNow charges what would come next at once: another attempt at an
// invoice that is recycling, else the next instalment. The dates of those that
// follow stay.
func (s *Simulator) ChargeNow(subscriptionID string) error {
	return s.ofSubscription(subscriptionID, func(v *subscription, now time.Time) error {
		if v.Status != authorized {
			return ErrEnded
		}
		for n, o := range v.Open {
			if !o.At.IsZero() {
				v.Open[n].At = now
				s.advance(v, now)
				return nil
			}
		}
		if v.Next.IsZero() {
			return ErrEnded
		}
		v.Next = now
		s.advance(v, now)
		return nil
	})
}

func (s *Simulator) ofSubscription(id string, f func(*subscription, time.Time) error) (err error) {
	if e := s.do(func() {
		v := s.subscriptions[id]
		if v == nil {
			err = ErrSubscription
			return
		}
		err = f(v, s.clock.Now())
	}); e != nil {
		return e
	}
	return err
}

// SubscriptionBook is what the simulator's own books say of a subscription.
type SubscriptionBook struct {
	ID                string        `json:"preapproval_id"`
	PlanID            string        `json:"preapproval_plan_id,omitempty"`
	UserID            int64         `json:"user_id"`
	ExternalReference string        `json:"external_reference"`
	Reason            string        `json:"reason"`
	Email             string        `json:"email"`
	Status            string        `json:"status"`
	Method            string        `json:"payment_method_id,omitempty"`
	Acts              string        `json:"acts,omitempty"` // the holder that the card acts as
	Currency          string        `json:"currency"`
	Amount            int64         `json:"amount"` // of the next instalment, ISO minor units
	Next              time.Time     `json:"next_payment_date"`
	Charged           int64         `json:"charged"` // paid so far, ISO minor units
	Strikes           int           `json:"strikes"`
	Invoices          []InvoiceBook `json:"invoices"` // oldest first
}

// InvoiceBook is one instalment.
type InvoiceBook struct {
	ID       int64     `json:"id"`
	Number   int       `json:"number"` // of the period, from 1
	Due      time.Time `json:"due"`
	Amount   int64     `json:"amount"` // ISO minor units
	Status   string    `json:"status"` // scheduled, waiting, recycling, processed, cancelled
	Attempts int       `json:"attempts"`
	// Payment is the latest attempt's, and how it stands; Payments are all.
	Payment       int64     `json:"payment,omitempty"`
	PaymentStatus string    `json:"payment_status,omitempty"`
	Payments      []int64   `json:"payments"`
	NextRetry     time.Time `json:"next_retry_date"`
}

// Subscriptions lists the books of all subscriptions, oldest first.
func (s *Simulator) Subscriptions() []SubscriptionBook {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*subscription, 0, len(s.subscriptions))
	for _, v := range s.subscriptions {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b *subscription) int { return cmp.Compare(a.Seq, b.Seq) })
	books := make([]SubscriptionBook, 0, len(list))
	for _, v := range list {
		books = append(books, s.subscriptionBook(v))
	}
	return books
}

// Subscription is the book of one, and whether there is such a one.
func (s *Simulator) Subscription(id string) (SubscriptionBook, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.subscriptions[id]
	if v == nil {
		return SubscriptionBook{}, false
	}
	return s.subscriptionBook(v), true
}

func (s *Simulator) subscriptionBook(v *subscription) SubscriptionBook {
	b := SubscriptionBook{ID: v.ID, PlanID: v.PlanID, UserID: v.UserID, ExternalReference: v.Ref, Reason: v.Reason, Email: v.Payer.Email, Status: v.Status, Method: v.Method,
		Acts: v.Acts, Currency: s.accounts[v.UserID].site().Currency, Amount: v.amount(), Next: v.Next, Charged: v.ChargedAmount, Strikes: v.Strikes, Invoices: []InvoiceBook{}}
	for _, i := range s.invoicesOf[v.ID] {
		one := InvoiceBook{ID: i.ID, Number: i.Number, Due: i.Due, Amount: i.Amount, Status: i.Status, Attempts: i.Attempt, Payment: i.Payment,
			Payments: append([]int64{}, i.Payments...), NextRetry: i.NextRetry}
		if p := s.payments[i.Payment]; p != nil {
			one.PaymentStatus = p.Status
		}
		b.Invoices = append(b.Invoices, one)
	}
	return b
}

// subscriptionRoutes are the control API of subscriptions.
func (s *Simulator) subscriptionRoutes() map[string]func(*http.Request) (any, error) {
	one := func(id string, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		b, _ := s.Subscription(id)
		return b, nil
	}
	return map[string]func(*http.Request) (any, error){
		"GET /sim/api/subscriptions": func(*http.Request) (any, error) { return s.Subscriptions(), nil },
		"GET /sim/api/subscriptions/{id}": func(r *http.Request) (any, error) {
			b, ok := s.Subscription(r.PathValue("id"))
			if !ok {
				return nil, ErrSubscription
			}
			return b, nil
		},
		"POST /sim/api/subscriptions/sign-up": func(r *http.Request) (any, error) {
			q, err := readJSON[SignUpRequest](r)
			if err != nil {
				return nil, err
			}
			return s.SignUp(q)
		},
		"POST /sim/api/subscriptions/card": func(r *http.Request) (any, error) {
			q, err := readJSON[struct {
				ID     string `json:"preapproval_id"`
				Holder string `json:"holder"`
			}](r)
			if err != nil {
				return nil, err
			}
			return one(q.ID, s.SetCard(q.ID, q.Holder))
		},
		"POST /sim/api/subscriptions/charge": func(r *http.Request) (any, error) {
			q, err := readJSON[struct {
				ID string `json:"preapproval_id"`
			}](r)
			if err != nil {
				return nil, err
			}
			return one(q.ID, s.ChargeNow(q.ID))
		},
	}
}
