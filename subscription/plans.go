package subscription

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
)

const (
	// callLimit is how long a person waits for the provider (design: ≤ 10 s).
	callLimit = 10 * time.Second
	// lease is how long the handling of one row may take before another begins.
	lease = time.Minute
)

// Limits of a plan, beyond which somebody mistyped.
const (
	maxSteps       = 10
	maxRepetitions = 999
)

// CreatePlan makes a plan; with EngineProvider the provider is told of it, now or
// as soon as it answers (Plan.Ref is "" until then). Called again with the same
// ID it gives the plan that is there. Errors: invalid with fields name, amount,
// currency, period, trial, repetitions, billing_day, proportional, engine,
// methods, attempts, dunning, return_url; not_found (no such connection);
// provider_rejected with Params["code"]: there is no plan then.
func (s *Service) CreatePlan(ctx context.Context, in NewPlan) (Plan, error) {
	account, err := s.Store.Account(ctx, in.MerchantID, in.Mode, in.ConnectionID)
	if err != nil {
		return Plan{}, err
	}
	now := s.Clock.Now()
	p := Plan{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, ConnectionID: in.ConnectionID, Name: strings.TrimSpace(in.Name), Amount: in.Amount,
		Period: in.Period, Trial: in.Trial, Repetitions: in.Repetitions, BillingDay: in.BillingDay, Proportional: in.Proportional, Engine: in.Engine,
		Methods: in.Methods, Attempts: in.Attempts, Dunning: in.Dunning, ReturnURL: in.ReturnURL, State: PlanActive, Token: rand.Text(),
		PutKey: posta.NewULID(now), CreatedBy: in.By, CreatedAt: now, UpdatedAt: now}
	p.fill(account)
	if err := p.check(account); err != nil {
		return Plan{}, err
	}
	if p.Engine == EngineProvider {
		if _, err := s.subscriber(ctx, p.ConnectionID); err != nil {
			return Plan{}, err
		}
		p.DueAt = now.Add(lease)
	}
	err = s.Store.InsertPlan(ctx, p, []posta.Event{s.planEvent(in.By, "plan.created", p)})
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.Plan(ctx, in.MerchantID, in.Mode, in.ID)
	}
	if err != nil {
		return Plan{}, err
	}
	s.Committed()
	return s.put(ctx, p)
}

// fill gives what was not said its default.
func (p *Plan) fill(account payment.Channel) {
	if p.Amount.Currency == "" {
		p.Amount.Currency = account.Currency
	}
	if p.Attempts.Most == 0 {
		p.Attempts.Most = 3
		if p.Engine == EngineProvider && p.Attempts.Source == SourceProvider {
			p.Attempts.Most = 4
		}
	}
	switch {
	case p.Engine == EngineHub && p.Attempts.Days == 0:
		p.Attempts.Days = min(7, max(shortest(p.Period)/p.Attempts.Most, 1))
	case p.Engine == EngineProvider && p.Attempts.Source == "":
		p.Attempts.Source = map[int]string{4: SourceProvider}[p.Attempts.Most]
		if p.Attempts.Source == "" {
			p.Attempts.Source = SourceIntegrator
		}
	}
	if p.Dunning.Days == nil {
		p.Dunning.Days = []int{-3, 0, 5}
	}
	if p.Dunning.Final == "" {
		p.Dunning.Final = FinalKeep
	}
}

// check holds a plan to its rules and to those of the account's country:
// docs/providers/mercadopago-online.md §3.1, §4.
func (p *Plan) check(account payment.Channel) error {
	var bad posta.Problems
	bad.Add(p.Name == "", "name", "required")
	bad.Add(utf8.RuneCountInString(p.Name) > 150, "name", "too_long")
	bad.Add(p.Amount.Amount <= 0, "amount", "positive")
	bad.Add(p.Amount.Amount > payment.MaxAmount, "amount", "too_high")
	bad.Add(p.Amount.Amount%smallest(account.Currency) != 0, "amount", posta.AmountFraction)
	bad.Add(p.Amount.Currency != account.Currency, "currency", "not_of_account")
	units := []string{"days", "months"}
	bad.Add(!slices.Contains(units, p.Period.Unit), "period", "unknown_unit")
	bad.Add(p.Period.Every < 1 || p.Period.Every > 366, "period", "out_of_range")
	bad.Add(p.Trial.Every < 0 || p.Trial.Every > 366 || p.Trial.Every > 0 && !slices.Contains(units, p.Trial.Unit), "trial", "out_of_range")
	bad.Add(p.Repetitions < 0 || p.Repetitions > maxRepetitions, "repetitions", "out_of_range")
	bad.Add(p.BillingDay < 0 || p.BillingDay > 28, "billing_day", "out_of_range")
	bad.Add(p.BillingDay > 0 && p.Period.Unit != "months", "billing_day", "only_months")
	bad.Add(p.Proportional && p.BillingDay == 0, "proportional", "needs_billing_day")
	bad.Add(p.ReturnURL != "" && !https(p.ReturnURL), "return_url", "malformed")
	switch p.Engine {
	case EngineHub:
		p.checkVouchers(&bad, account.Country)
	case EngineProvider:
		bad.Add(len(p.Methods) > 0, "methods", "not_with_engine")
		bad.Add(p.Attempts.Days != 0, "attempts", "set_by_provider")
		bad.Add(p.Attempts.Most != 3 && p.Attempts.Most != 4, "attempts", "out_of_range")
		bad.Add(p.Attempts.Source != SourceIntegrator && p.Attempts.Source != SourceProvider, "attempts", "unknown_source")
	default:
		bad.Add(true, "engine", "unknown")
	}
	bad.Add(len(p.Dunning.Days) > maxSteps || !slices.IsSorted(p.Dunning.Days), "dunning", "not_sorted")
	bad.Add(slices.ContainsFunc(p.Dunning.Days, func(d int) bool { return d < -30 || d > 60 }), "dunning", "out_of_range")
	bad.Add(p.Dunning.GraceDays < 0 || p.Dunning.GraceDays > 90, "dunning", "out_of_range")
	bad.Add(!slices.Contains([]FinalRule{FinalKeep, FinalPause, FinalCancel}, p.Dunning.Final), "dunning", "unknown_rule")
	return bad.Err()
}

// checkVouchers holds a plan of EngineHub to its methods. All its tries fit into a
// period, so that one invoice is decided before the next is due.
func (p *Plan) checkVouchers(bad *posta.Problems, country string) {
	bad.Add(len(p.Methods) == 0, "methods", "required")
	for _, id := range p.Methods {
		m, err := posta.FindMethod(country, id)
		if err != nil || m.Status != posta.MethodActive {
			bad.Add(true, "methods", "not_of_country")
			continue
		}
		bad.Add(!voucher(m), "methods", "no_voucher")
		wrong := m.CheckAmount(p.Amount)
		bad.Add(wrong == posta.AmountBelowMinimum || wrong == posta.AmountAboveMaximum, "amount", wrong)
	}
	bad.Add(p.Attempts.Source != "", "attempts", "not_with_engine")
	bad.Add(p.Attempts.Most < 1 || p.Attempts.Most > 4 || p.Attempts.Days < 1 || p.Attempts.Days > 29, "attempts", "out_of_range")
	bad.Add(p.Attempts.Most*p.Attempts.Days > shortest(p.Period), "attempts", "longer_than_period")
}

// voucher reports whether a method is paid away from the page, without a bank's
// page or a wallet's.
func voucher(m posta.Method) bool {
	kind := m.Type == posta.Ticket || m.Type == posta.ATM || m.Type == posta.BankTransfer
	return kind && m.Next != posta.NextRedirect && m.Next != posta.NextNothing
}

// Vouchers are the methods of a country that a plan of EngineHub can have.
func Vouchers(country string) []posta.Method {
	return slices.DeleteFunc(posta.MethodsOf(country), func(m posta.Method) bool { return !voucher(m) })
}

func https(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && len(address) <= 600
}

// ChangePlan changes a plan. A name and an amount reach the provider too. Errors:
// not_found; invalid as of CreatePlan; provider_rejected: nothing changed then.
func (s *Service) ChangePlan(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PlanID, c PlanChange, by string) (Plan, error) {
	before, err := s.Store.Plan(ctx, m, mode, id)
	if err != nil {
		return Plan{}, err
	}
	account, err := s.Store.Account(ctx, m, mode, before.ConnectionID)
	if err != nil {
		return Plan{}, err
	}
	p, err := s.Store.ChangePlan(ctx, m, id, func(p *Plan) ([]posta.Event, error) {
		before = *p
		set(&p.Name, c.Name)
		set(&p.Amount.Amount, c.Amount)
		set(&p.Methods, c.Methods)
		set(&p.Attempts, c.Attempts)
		set(&p.Dunning, c.Dunning)
		set(&p.ReturnURL, c.ReturnURL)
		kind := "plan.changed"
		if c.Archived != nil {
			p.State = PlanActive
			if *c.Archived {
				p.State, kind = PlanArchived, "plan.archived"
			}
		}
		p.Name = strings.TrimSpace(p.Name)
		p.fill(account)
		if err := p.check(account); err != nil {
			return nil, err
		}
		p.UpdatedAt = s.Clock.Now()
		if p.Engine == EngineProvider && (p.Name != before.Name || p.Amount != before.Amount || p.ReturnURL != before.ReturnURL) {
			p.PutKey, p.Tries, p.DueAt = posta.NewULID(p.UpdatedAt), 0, p.UpdatedAt.Add(lease)
		}
		return []posta.Event{s.planEvent(by, kind, *p)}, nil
	})
	if err != nil {
		return Plan{}, err
	}
	s.Committed()
	if p.DueAt.IsZero() {
		return p, nil
	}
	return s.put(ctx, p)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// put tells the provider of a plan and notes its answer. While that is lost the
// plan stays due; where it is refused nobody can sign up, and the plan is archived.
func (s *Service) put(ctx context.Context, p Plan) (Plan, error) {
	if p.Engine != EngineProvider || p.DueAt.IsZero() {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	connector, err := s.subscriber(ctx, p.ConnectionID)
	var fact provider.PlanFact
	if err == nil {
		fact, err = connector.PutPlan(outbound.WithTag(ctx, outbound.Tag{ConnectionID: p.ConnectionID, Operation: "plan"}), s.wire(p), p.PutKey)
	}
	saved, saveErr := s.Store.ChangePlan(context.WithoutCancel(ctx), p.MerchantID, p.ID, func(now *Plan) ([]posta.Event, error) {
		if now.PutKey != p.PutKey {
			return nil, nil // changed again meanwhile
		}
		now.Tries++
		switch {
		case err == nil:
			now.Ref, now.SignUpURL, now.Tries, now.DueAt = fact.Ref, fact.URL, 0, time.Time{}
		case posta.Temporary(err) || posta.ErrorCode(err) == posta.CodeUnauthorized || posta.ErrorCode(err) == posta.CodeInternal:
			now.DueAt = s.Clock.Now().Add(step(lostSteps, now.Tries))
		default:
			now.DueAt = time.Time{}
			if now.Ref == "" {
				now.State = PlanArchived
				return []posta.Event{s.planEvent("", "plan.refused", *now)}, nil
			}
		}
		return nil, nil
	})
	if saveErr != nil {
		return p, saveErr
	}
	s.Committed()
	if err != nil && !posta.Temporary(err) {
		return saved, err
	}
	return saved, nil
}

// SweepPlans tells the provider of plans that it does not know yet, and gives how
// many it took.
func (s *Service) SweepPlans(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimPlans(ctx, s.Clock.Now(), lease, 20)
	if err != nil {
		return 0, err
	}
	for _, p := range due {
		each(func() {
			if _, err := s.put(ctx, p); err != nil {
				s.Log.WarnContext(ctx, "plan", "plan", p.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// wire is the plan as connectors know it.
func (s *Service) wire(p Plan) provider.Plan {
	back := p.ReturnURL
	if back == "" {
		back = s.SignUpPage(p)
	}
	return provider.Plan{ID: p.ID, Ref: p.Ref, Name: p.Name, Amount: p.Amount, Period: p.Period, Trial: p.Trial, Repetitions: p.Repetitions,
		BillingDay: p.BillingDay, Proportional: p.Proportional, Return: back}
}

// subscriber opens a connection that runs subscriptions by itself. Errors:
// invalid with the field engine where its provider does not.
func (s *Service) subscriber(ctx context.Context, c posta.ConnectionID) (provider.Subscriber, error) {
	connector, err := s.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	subscriber, ok := connector.(provider.Subscriber)
	if !ok {
		return nil, posta.Invalid("engine", "not_offered")
	}
	return subscriber, nil
}

func (s *Service) planEvent(by, kind string, p Plan) posta.Event {
	return posta.Event{ID: posta.NewID[posta.EventID](s.Clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, Type: kind, Subject: string(p.ID), Actor: by,
		Data: mustJSON(p.View()), CreatedAt: s.Clock.Now()}
}
