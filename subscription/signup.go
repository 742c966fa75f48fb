package subscription

import (
	"context"
	"crypto/rand"
	"errors"
	netmail "net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
)

// SignUp makes a subscription. With EngineHub it is active at once; its first
// voucher is made when its first period begins. With EngineProvider and a
// token the card is tried within the request: the subscription comes back active,
// or pending while the provider's answer is lost (Posta finds it and never makes a
// second), and provider_rejected with Params["code"] where the card is refused.
// Without a token it comes back pending with the URL to send the buyer to. Called
// again with the same ID it gives the subscription that is there. Errors: invalid
// with fields buyer.NAME, method, token, reference; not_found;
// not_allowed_in_state (the plan is archived); provider_unavailable (the provider
// does not know the plan yet); gate_closed (live, see payment.Gate.Admit).
func (s *Service) SignUp(ctx context.Context, in SignUp) (Subscription, error) {
	p, err := s.Store.Plan(ctx, in.MerchantID, in.Mode, in.PlanID)
	if err != nil {
		return Subscription{}, err
	}
	if there, err := s.Store.Subscription(ctx, in.MerchantID, in.Mode, in.ID); posta.ErrorCode(err) != posta.CodeNotFound {
		return there, err
	}
	if p.State != PlanActive {
		return Subscription{}, &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
	}
	if p.Engine == EngineProvider && p.Ref == "" {
		if p, err = s.put(ctx, p); err == nil && p.Ref == "" {
			err = posta.Errorf(posta.CodeProviderUnavailable, "the provider does not know the plan yet")
		}
		if err != nil {
			return Subscription{}, err
		}
	}
	account, err := s.Store.Account(ctx, in.MerchantID, in.Mode, p.ConnectionID)
	if err != nil {
		return Subscription{}, err
	}
	if err := in.check(p, account.Country); err != nil {
		return Subscription{}, err
	}
	r := s.begin(p, in, account)
	err = s.Store.InsertSubscription(ctx, r)
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.Subscription(ctx, in.MerchantID, in.Mode, in.ID)
	}
	if err != nil {
		return Subscription{}, err
	}
	s.Committed()
	if p.Engine == EngineHub {
		return s.bill(ctx, r.Subscription)
	}
	return s.ask(ctx, p, r.Subscription)
}

// begin is a new subscription with its first period, as it is stored before
// anybody is asked.
func (s *Service) begin(p Plan, in SignUp, account payment.Channel) Record {
	now, zone := s.Clock.Now(), zoneOf(account.Country)
	sub := Subscription{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, ConnectionID: p.ConnectionID, PlanID: p.ID, Engine: p.Engine, Buyer: in.Buyer,
		Language: in.Language, Amount: p.Amount, Method: in.Method, Reference: in.Reference, State: Pending, StartAt: p.start(now, zone), AskKey: posta.NewULID(now),
		Token: in.Token, Public: rand.Text(), CreatedBy: in.By, CreatedAt: now, UpdatedAt: now, DueAt: now.Add(lease)}
	r := Record{Subscription: sub, Plan: p}
	if p.Engine == EngineHub {
		r.Subscription.State, r.Subscription.AskKey = Active, ""
		s.schedule(&r, zone)
	}
	r.tell(s, in.By, "subscription.created")
	return r
}

// check holds who signs up to what the plan's country asks of a buyer, and
// writes the identification as providers take it.
func (in *SignUp) check(p Plan, country string) error {
	var bad posta.Problems
	b := &in.Buyer
	b.Email, b.FirstName, b.LastName = strings.TrimSpace(b.Email), strings.TrimSpace(b.FirstName), strings.TrimSpace(b.LastName)
	if in.Language == "" {
		in.Language = languageOf(country)
	}
	bad.Add(!slices.Contains([]string{"es", "pt", "en"}, in.Language), "language", "unknown")
	bad.Add(utf8.RuneCountInString(in.Reference) > 100, "reference", "too_long")
	address, err := netmail.ParseAddress(b.Email)
	bad.Add(b.Email == "", "buyer.email", "required")
	bad.Add(b.Email != "" && (err != nil || address.Address != b.Email || len(b.Email) > 254), "buyer.email", "malformed")
	bad.Add(utf8.RuneCountInString(b.FirstName) > 100, "buyer.first_name", "too_long")
	bad.Add(utf8.RuneCountInString(b.LastName) > 100, "buyer.last_name", "too_long")
	needs := in.checkMeans(&bad, p, country)
	if b.Identification != (provider.Identification{}) || slices.Contains(needs, posta.BuyerIdentification) {
		number, wrong := posta.CheckIdentification(country, b.Identification.Type, b.Identification.Number)
		bad.Add(wrong != "", "buyer.identification", wrong)
		if wrong == "" {
			b.Identification.Number = number
		}
	}
	return bad.Err()
}

// checkMeans holds the means of payment to the plan's engine, and gives what the
// voucher asks of its buyer.
func (in *SignUp) checkMeans(bad *posta.Problems, p Plan, country string) []posta.BuyerField {
	if p.Engine == EngineProvider {
		bad.Add(in.Method != "", "method", "not_with_engine")
		bad.Add(len(in.Token) > 100, "token", "too_long")
		return nil
	}
	bad.Add(in.Token != "", "token", "not_with_engine")
	if in.Method == "" && len(p.Methods) == 1 {
		in.Method = p.Methods[0]
	}
	bad.Add(in.Method == "", "method", "required")
	bad.Add(in.Method != "" && !slices.Contains(p.Methods, in.Method), "method", "not_of_plan")
	b := in.Buyer
	bad.Add(b.FirstName == "", "buyer.first_name", "required")
	bad.Add(b.LastName == "", "buyer.last_name", "required")
	m, _ := posta.FindMethod(country, in.Method) // of none that is known nothing is asked
	bad.Add(slices.Contains(m.Needs, posta.BuyerAddress) && b.Address.ZipCode+b.Address.Street == "", "buyer.address", "required")
	bad.Add(slices.Contains(m.Needs, posta.BuyerEntityType) && b.Entity == "", "buyer.entity", "required")
	bad.Add(slices.Contains(m.Needs, posta.BuyerPhone) && b.Phone.Number == "", "buyer.phone", "required")
	return m.Needs
}

// languageOf is what buyers of a country are written in.
func languageOf(country string) string {
	if country == "BR" {
		return "pt"
	}
	return "es"
}

// zoneOf is the time zone in which an account's periods are counted: its country's.
func zoneOf(country string) *time.Location {
	if c, err := posta.FindCountry(country); err == nil {
		if zone, err := time.LoadLocation(c.TimeZone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// ask has the provider make the subscription, and notes its answer.
func (s *Service) ask(ctx context.Context, p Plan, sub Subscription) (Subscription, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	connector, err := s.subscriber(ctx, sub.ConnectionID)
	var fact provider.SubscriptionFact
	if err == nil {
		fact, err = connector.Subscribe(tag(ctx, sub, "subscribe"), s.wanted(p, sub, nil), sub.AskKey)
	}
	return s.answered(context.WithoutCancel(ctx), sub, fact, err)
}

// soughtLimit is how often a subscription whose create got no answer is looked
// for before it counts as never made: over a day, by lostSteps.
const soughtLimit = 10

// answered notes what came of asking for a subscription: it is there, or it is
// refused, or the answer is lost and it will be looked for.
func (s *Service) answered(ctx context.Context, sub Subscription, fact provider.SubscriptionFact, err error) (Subscription, error) {
	r, saveErr := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
		now := &r.Subscription
		if now.Ref != "" || now.State != Pending {
			return nil // found meanwhile
		}
		now.UpdatedAt = s.Clock.Now()
		switch {
		case err == nil:
			now.Token, now.Sought = "", 0
			s.learn(r, fact)
			now.DueAt = s.nextLook(*r)
		case posta.ErrorCode(err) == posta.CodeProviderRejected && sub.Sought == 0:
			s.end(r, Canceled, ReasonRefused, "")
			now.Token, now.Detail = "", codeOf(err)
		default:
			// One refused on a repeat may be refused because it is there already: a
			// token pays once.
			now.Sought++
			now.DueAt = now.UpdatedAt.Add(step(lostSteps, now.Sought))
		}
		return nil
	})
	if saveErr != nil {
		return sub, saveErr
	}
	s.Committed()
	if err != nil && !posta.Temporary(err) {
		return r.Subscription, err
	}
	return r.Subscription, nil
}

// seek looks for a subscription that the provider may have made although its
// answer was lost, or that the buyer signed up for at the plan's own page. Only one
// that is not there is asked for again, and none that is to be canceled.
func (s *Service) seek(ctx context.Context, connector provider.Subscriber, p Plan, sub Subscription) (Subscription, error) {
	known, err := s.Store.SubscriptionRefs(ctx, sub.MerchantID, p.ID)
	if err != nil {
		return sub, err
	}
	fact, err := connector.Subscription(tag(ctx, sub, "seek"), s.wanted(p, sub, known))
	if err == nil {
		return s.answered(ctx, sub, fact, nil)
	}
	if posta.ErrorCode(err) != posta.CodeNotFound {
		return s.unanswered(ctx, sub, err)
	}
	switch {
	case sub.URL != "" && sub.Change == nil: // the buyer has not signed up yet
		return s.unanswered(ctx, sub, nil)
	case sub.URL != "":
		c := *sub.Change
		r, err := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
			if r.Subscription.Ref == "" && r.Subscription.State == Pending {
				r.Subscription.Change = nil
				s.end(r, Canceled, c.Reason, c.By)
			}
			return nil
		})
		return r.Subscription, err
	case sub.Sought >= soughtLimit || sub.Change != nil && sub.Sought >= 3:
		r, err := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
			if r.Subscription.Ref == "" && r.Subscription.State == Pending {
				s.end(r, Canceled, ReasonRefused, "")
				r.Subscription.Token, r.Subscription.Detail = "", "never_arrived"
			}
			return nil
		})
		return r.Subscription, err
	case sub.Change != nil:
		return s.unsure(ctx, sub)
	}
	if sub.Sought == 0 {
		sub.Sought = 1 // our call may have been under way when we stopped
	}
	again, err := connector.Subscribe(tag(ctx, sub, "subscribe"), s.wanted(p, sub, nil), sub.AskKey)
	return s.answered(ctx, sub, again, err)
}

// unsure counts a look that found nothing.
func (s *Service) unsure(ctx context.Context, sub Subscription) (Subscription, error) {
	return s.answered(ctx, sub, provider.SubscriptionFact{}, &posta.Error{Code: posta.CodeProviderUnavailable})
}

// wanted is the subscription as connectors know it.
func (s *Service) wanted(p Plan, sub Subscription, known []string) provider.Subscription {
	back := p.ReturnURL
	if back == "" {
		back = s.BuyerPage(sub)
	}
	return provider.Subscription{ID: sub.ID, Ref: sub.Ref, Plan: s.wire(p), Buyer: sub.Buyer, Amount: sub.Amount, Token: sub.Token, Return: back, Known: known}
}

// tag marks provider calls under ctx as made for a subscription.
func tag(ctx context.Context, sub Subscription, operation string) context.Context {
	return outbound.WithTag(ctx, outbound.Tag{ConnectionID: sub.ConnectionID, Operation: operation})
}

// codeOf is the provider's own word in an error, for the record.
func codeOf(err error) string {
	var e *posta.Error
	if errors.As(err, &e) {
		if code := e.Params["code"]; code != "" {
			return code
		}
		if len(e.Fields) > 0 {
			return e.Fields[0].Field + " " + e.Fields[0].Code
		}
		return string(e.Code)
	}
	return string(posta.CodeInternal)
}
