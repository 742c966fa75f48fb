package golive

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/project"
	"posta/provider"
)

// How long evidence is good.
const (
	checkGood = 24 * time.Hour     // that credentials work
	tlsGood   = 7 * 24 * time.Hour // that a certificate is in order
)

// asking is a gate whose items are judged.
type asking struct {
	*Service
	ctx     context.Context
	gate    Gate
	project project.Project
	product string // the template's
	asked   []string
	now     time.Time
}

// judges say of each item whether it is met.
var judges = map[string]func(asking) (Item, error){
	ItemCredentials:  asking.credentials,
	ItemTLS:          asking.certificates,
	ItemNotices:      asking.notices,
	ItemHomologation: asking.homologation,
	ItemRefund:       asking.refund,
	ItemQuality:      asking.quality,
	ItemDate:         asking.date,
	ItemPilot:        asking.pilot,
}

// keys are what the gate asks for: what the project's template lists.
func (s *Service) keys(ctx context.Context, p *project.Project) ([]string, error) {
	if p == nil {
		return []string{ItemProject}, nil
	}
	t, err := s.Template(ctx, p.MerchantID, p.Template)
	return t.Gate, err
}

// items judges what the gate asks for.
func (s *Service) items(ctx context.Context, g Gate, p *project.Project) ([]Item, error) {
	if p == nil {
		return []Item{{Key: ItemProject, Status: Unmet, Reason: "none"}}, nil
	}
	t, err := s.Template(ctx, p.MerchantID, p.Template)
	if err != nil {
		return nil, err
	}
	a := asking{Service: s, ctx: ctx, gate: g, project: *p, product: t.Product, asked: t.Gate, now: s.Clock.Now()}
	var out []Item
	for _, key := range t.Gate {
		judge := judges[key]
		if judge == nil {
			return nil, posta.Errorf(posta.CodeInternal, "template %s %d asks the gate for %q", t.Key, t.Version, key)
		}
		item, err := judge(a)
		if err != nil {
			return nil, err
		}
		item.Key, item.Waiver = key, g.waiver(key)
		if item.Status == Unmet && item.Waiver != nil {
			item.Status = Waived
		}
		out = append(out, item)
	}
	return out, nil
}

func met(evidence string, at time.Time) Item { return Item{Status: Met, Evidence: evidence, At: at} }

// unmet makes an item of why it is not met; pairs fill the words.
func unmet(reason string, pairs ...string) Item {
	i := Item{Status: Unmet, Reason: reason}
	for n := 0; n+1 < len(pairs); n += 2 {
		if i.Params == nil {
			i.Params = map[string]string{}
		}
		i.Params[pairs[n]] = pairs[n+1]
	}
	return i
}

// credentials are met by a live connection that was checked within a day, whose
// application and owner are those that the project was built with, where the
// provider tells them. That the account is no test account, Check has made sure of.
func (a asking) credentials() (Item, error) {
	if a.gate.ConnectionID == "" {
		return unmet("no_connection"), nil
	}
	live, err := a.Accounts.Store.MerchantConnection(a.ctx, a.gate.MerchantID, a.gate.ConnectionID)
	if err != nil {
		return Item{}, err
	}
	switch {
	case live.CheckedAt.IsZero():
		return unmet("unchecked"), nil
	case a.now.Sub(live.CheckedAt) > checkGood:
		return unmet("check_old", "at", live.CheckedAt.Format(time.RFC3339)), nil
	}
	// The owner of Prisma's credentials registered with a tax number of its own.
	if e := a.project.ECR; e.Owner == project.ClientSide && e.TaxID != "" && e.TaxID != live.Account {
		return unmet("other_owner", "registered", e.TaxID, "account", live.Account), nil
	}
	if a.project.Test != "" {
		test, err := a.Accounts.Store.MerchantConnection(a.ctx, a.gate.MerchantID, a.project.Test)
		if err != nil {
			return Item{}, err
		}
		// A test user's application is its own: only one account's can be compared.
		if test.Account == live.Account && test.Application != "" && live.Application != "" && test.Application != live.Application {
			return unmet("other_application", "test", test.Application, "live", live.Application), nil
		}
	}
	return met(strings.TrimSpace(live.Account+" "+live.Application), live.CheckedAt), nil
}

// certificates are met by a check of each address of the last seven days without
// a fault.
func (a asking) certificates() (Item, error) {
	addresses := a.addresses(a.gate, a.asked)
	if a.product == productOnline && len(a.gate.Shop) == 0 {
		return unmet("no_shop_page"), nil
	}
	oldest := a.now
	for _, address := range addresses {
		r := a.gate.report(address)
		switch {
		case r == nil:
			return unmet("unchecked", "address", address), nil
		case a.now.Sub(r.At) > tlsGood:
			return unmet("check_old", "address", address, "at", r.At.Format(time.RFC3339)), nil
		case r.Verdict == TLSFail:
			return unmet("failed", "address", address, "code", strings.Join(r.Failed(), ", ")), nil
		}
		if r.At.Before(oldest) {
			oldest = r.At
		}
	}
	return met(strings.Join(addresses, " "), oldest), nil
}

// notices are met by one that came, was answered, and led to what it names: its
// signature verified, or, of a kind that bears none that can be, found true by
// asking the provider. And by our address being reachable now: by one that came
// within seven days, or a check of the address.
func (a asking) notices() (Item, error) {
	var best *Notice
	proves := func(n Notice) bool {
		return n.Handled && (n.Judgement == string(provider.Verified) || n.Judgement == string(provider.Unverifiable) && n.Payment != "")
	}
	for _, c := range []posta.ConnectionID{a.gate.ConnectionID, a.project.Test} {
		if c == "" {
			continue
		}
		n, err := a.Store.BestNotice(a.ctx, a.gate.MerchantID, c)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			continue
		}
		if err != nil {
			return Item{}, err
		}
		if best == nil || proves(n) && !proves(*best) {
			best = &n
		}
	}
	switch {
	case best == nil:
		return unmet("none"), nil
	case !proves(*best) && best.Judgement == string(provider.Verified):
		return unmet("unread", "notice", string(best.ID)), nil
	case !proves(*best):
		return unmet("signature", "notice", string(best.ID), "judgement", best.Judgement), nil
	case a.now.Sub(best.At) <= tlsGood:
		return met(string(best.ID), best.At), nil
	}
	if a.gate.ConnectionID == "" {
		return unmet("no_connection"), nil
	}
	address := a.NotifyURL(a.gate.ConnectionID)
	r := a.gate.report(address)
	switch {
	case r == nil || a.now.Sub(r.At) > tlsGood:
		return unmet("reach_unchecked", "address", address), nil
	case slices.ContainsFunc(r.Failed(), func(code string) bool { return slices.Contains(unreachable, code) }):
		return unmet("unreachable", "address", address), nil
	}
	return met(string(best.ID), best.At), nil
}

// unreachable are the findings with which no notice comes through.
var unreachable = []string{TLSAddress, TLSResolve, TLSPublic, TLSConnect, TLSSpeaks, TLSVersion, TLSChain, TLSName, TLSValidity}

// homologation is met when the project's own cases are proven, or another's
// stand for it.
func (a asking) homologation() (Item, error) {
	standing, err := a.Homologated(a.ctx, a.project)
	if err != nil {
		return Item{}, err
	}
	if standing.Met {
		return met(standing.Evidence, time.Time{}), nil
	}
	return Item{Status: Unmet, Reason: standing.Reason, Params: standing.Params}, nil
}

// refund is met by a refund or reversal that succeeded on the project's connections.
func (a asking) refund() (Item, error) {
	for _, c := range []posta.ConnectionID{a.gate.ConnectionID, a.project.Test} {
		if c == "" {
			continue
		}
		r, err := a.Store.LastReturn(a.ctx, a.gate.MerchantID, c)
		if err == nil {
			return met(string(r.ID), r.At), nil
		}
		if posta.ErrorCode(err) != posta.CodeNotFound {
			return Item{}, err
		}
	}
	return unmet("none"), nil
}

// quality is met by a score at the threshold: the provider's own where it is
// recorded, whatever ours says, else ours.
func (a asking) quality() (Item, error) {
	if a.gate.ConnectionID == "" {
		return unmet("no_connection"), nil
	}
	q, err := a.Quality(a.ctx, a.gate.MerchantID, a.gate.ConnectionID)
	if err != nil {
		return Item{}, err
	}
	score, threshold, which, at := 0, q.Threshold, "", time.Time{}
	switch {
	case q.Official != nil:
		score, which, at = q.Official.Score, "provider", q.Official.CreatedAt
	case q.Ours != nil && q.Ours.Score != nil:
		score, which, at = *q.Ours.Score, "own", q.Ours.CreatedAt
	default:
		return unmet("not_measured"), nil
	}
	if score < threshold {
		return unmet("low_"+which, "score", strconv.Itoa(score), "threshold", strconv.Itoa(threshold)), nil
	}
	return met(which+" "+strconv.Itoa(score), at), nil
}

// date is met when both sides confirmed it.
func (a asking) date() (Item, error) {
	switch d := a.project.Date; {
	case d.At.IsZero():
		return unmet("none"), nil
	case d.ClientSaid.IsZero():
		return unmet("client", "date", d.At.Format(time.RFC3339)), nil
	case d.TeamSaid.IsZero():
		return unmet("team", "date", d.At.Format(time.RFC3339)), nil
	default:
		at := d.ClientSaid
		if d.TeamSaid.After(at) {
			at = d.TeamSaid
		}
		return met(d.At.Format(time.RFC3339), at), nil
	}
}

// pilot is met when it ended well.
func (a asking) pilot() (Item, error) {
	switch p := a.project.Pilot; {
	case p.StartedAt.IsZero():
		return unmet("not_started"), nil
	case p.Running():
		return unmet("running"), nil
	case p.Outcome != project.PilotWidened:
		return unmet("stopped"), nil
	default:
		return met(string(p.StoreID), p.EndedAt), nil
	}
}
