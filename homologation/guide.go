package homologation

import (
	"context"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/project"
	"posta/provider"
)

// Guide is what a person does to bring a case about with real terminals and
// phones, step by step.
type Guide struct {
	Case  Case
	Steps []Step
}

// Step is one thing to do. Its words are in the catalogs under
// "homologation.step.DEED", with the parameters.
type Step struct {
	Deed   string            // a word of scripts.go: "charge", "present", "cancel"…
	Params map[string]string // what to type or choose
}

// GuideFor gives the steps of a case for a person. What only a simulator can do
// (faults, power, the acquirer's answer) is told as what must happen. Errors:
// not_found, forbidden.
func (s *Service) GuideFor(ctx context.Context, actor project.Actor, id posta.ProjectID, key string) (Guide, error) {
	p, err := s.project(ctx, actor, project.See, id)
	if err != nil {
		return Guide{}, err
	}
	c, err := find(p.Product, key)
	if err != nil {
		return Guide{}, err
	}
	g := Guide{Case: c}
	for _, line := range ParseScript(c.Script) {
		if slices.Contains(backstage, line.Deed) {
			continue
		}
		g.Steps = append(g.Steps, Step(line))
	}
	return g, nil
}

// backstage are deeds that are no person's: waiting, and asking whether it can be done.
var backstage = []string{"wait", "ask", "only"}

// Line is one deed of a script: a word and its parameters.
type Line struct {
	Deed   string
	Params map[string]string
}

// ParseScript reads a case's script: deeds apart by ";", each a word and
// name=value pairs; a word without "=" is a parameter that is "yes", or after
// "wait" the state to wait for.
func ParseScript(script string) (lines []Line) {
	for text := range strings.SplitSeq(script, ";") {
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		line := Line{Deed: words[0], Params: map[string]string{}}
		for _, word := range words[1:] {
			name, value, pair := strings.Cut(word, "=")
			switch {
			case !pair && line.Deed == "wait":
				name, value = "state", word
			case !pair:
				value = "yes"
			}
			line.Params[name] = value
		}
		lines = append(lines, line)
	}
	return lines
}

// EvaluateNewest judges a case by the newest payment (or batch close, where it is
// about one) that the connection made since a person began with it. Errors: as
// Evaluate; invalid payment_id with code none_since.
func (s *Service) EvaluateNewest(ctx context.Context, actor project.Actor, id posta.ProjectID, key string, since time.Time) (Evidence, error) {
	p, err := s.connected(ctx, actor, id)
	if err != nil {
		return Evidence{}, err
	}
	c, err := find(p.Product, key)
	if err != nil {
		return Evidence{}, err
	}
	named := ""
	switch c.About {
	case AboutSettlement:
		list, err := s.Store.RecentSettlements(ctx, p.MerchantID, p.Test, 1)
		if err != nil {
			return Evidence{}, err
		}
		if len(list) > 0 && !list[0].CreatedAt.Before(since) {
			named = string(list[0].ID)
		}
	case AboutCall:
		list, err := s.Store.RecentProbes(ctx, p.Test, 1)
		if err != nil {
			return Evidence{}, err
		}
		if len(list) > 0 && !list[0].At.Before(since) {
			named = string(list[0].ID)
		}
	default:
		list, err := s.Store.RecentPayments(ctx, p.MerchantID, p.Test, 1)
		if err != nil {
			return Evidence{}, err
		}
		if len(list) > 0 && !list[0].CreatedAt.Before(since) {
			named = string(list[0].ID)
		}
	}
	if named == "" {
		return Evidence{}, posta.Invalid("payment_id", "none_since")
	}
	return s.Evaluate(ctx, actor, id, key, named)
}

// ProbeUnknown asks the provider about a payment that does not exist, which
// moves nothing, and gives the recorded call: the evidence of how it refuses.
// Errors: not_found, forbidden, not_allowed_in_state.
func (s *Service) ProbeUnknown(ctx context.Context, actor project.Actor, id posta.ProjectID) (posta.CallID, error) {
	p, err := s.connected(ctx, actor, id)
	if err != nil {
		return "", err
	}
	return Probe(ctx, s.Store, s.Open, p.Test)
}

// Prober is where recorded probes are looked up.
type Prober interface {
	RecentProbes(ctx context.Context, c posta.ConnectionID, limit int) ([]Call, error)
}

// unknownPayment is a payment that no provider has.
const unknownPayment = "00000000-0000-4000-8000-000000000000"

// Probe asks a connection's provider about a payment that it does not have and
// gives the recorded call.
func Probe(ctx context.Context, calls Prober, open provider.Opener, c posta.ConnectionID) (posta.CallID, error) {
	connector, err := open(ctx, c)
	if err != nil {
		return "", err
	}
	before, err := calls.RecentProbes(ctx, c, 1)
	if err != nil {
		return "", err
	}
	asking, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: c, Operation: "probe"}), 10*time.Second)
	defer cancel()
	_, asked := connector.Get(asking, provider.Charge{Payment: unknownPayment, Order: unknownPayment, Rail: provider.RailTerminal})
	list, err := calls.RecentProbes(ctx, c, 1)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0 || len(before) > 0 && before[0].ID == list[0].ID:
		return "", asked // it never went out
	}
	return list[0].ID, nil // whatever the answer was
}

// TryReversalAgain asks the provider to reverse a payment once more that it has
// reversed, and which it must refuse: the recorded call is the evidence. Nothing
// of it is applied. Errors: not_found; invalid payment_id other_connection;
// not_allowed_in_state where the payment was not given back by reversal.
func (s *Service) TryReversalAgain(ctx context.Context, actor project.Actor, id posta.ProjectID, pay posta.PaymentID) error {
	p, err := s.connected(ctx, actor, id)
	if err != nil {
		return err
	}
	found, err := s.Payments.Get(ctx, p.MerchantID, posta.Test, pay)
	if err != nil {
		return err
	}
	if found.ConnectionID != p.Test {
		return posta.Invalid("payment_id", "other_connection")
	}
	refunds, err := s.Store.ListRefunds(ctx, pay)
	if err != nil {
		return err
	}
	return ReverseAgain(ctx, s.Open, found, refunds, posta.NewULID(s.Clock.Now()))
}

// ReverseAgain makes that call. Its refusal is no error.
func ReverseAgain(ctx context.Context, open provider.Opener, p payment.Payment, refunds []payment.Refund, key string) error {
	at := slices.IndexFunc(refunds, func(r payment.Refund) bool {
		return r.Kind == provider.KindReversal && r.State == payment.RefundSucceeded && len(r.Parts) == 1
	})
	if p.State != payment.Refunded || at < 0 {
		return refused("state", string(p.State))
	}
	connector, err := open(ctx, p.ConnectionID)
	if err != nil {
		return err
	}
	var terminals []string
	for _, t := range refunds[at].Terminals {
		terminals = append(terminals, t.Code)
	}
	ctx, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: p.ConnectionID, Payment: p.ID, Operation: "reverse_again"}), 10*time.Second)
	defer cancel()
	_, err = connector.Refund(ctx, provider.Charge{Payment: p.ID, Amount: p.Amount, Rail: p.Rail, Order: p.Order, Terminals: terminals},
		provider.Refund{Attempt: refunds[at].Parts[0].Attempt, Amount: refunds[at].Amount, Whole: true, Key: key, Kind: provider.KindReversal, Terminals: terminals})
	if posta.ErrorCode(err) == posta.CodeProviderRejected {
		err = nil
	}
	return err
}
