package homologation

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/settlement"
)

// findLimit is how many of the newest payments, and as many batch closes, are
// looked at.
const findLimit = 400

// Near is what comes nearest to proving a case that nothing proves.
type Near struct {
	Subject  string // our id of the payment, batch close or call
	Findings []Finding
}

// Found is what a search through our own payments brought.
type Found struct {
	Proven map[string]Evidence   // cases that this search proved
	Failed map[string]posta.Code // cases whose fit could not be fetched anew
	Near   map[string]Near       // open cases for which something comes near
	Open   []string              // keys of cases that nothing proves
	Looked int                   // how many payments, batch closes and calls were looked at
}

// candidate is something that could prove a case.
type candidate struct {
	what  Produced
	facts Facts
}

// Find looks through what the project's test connection did, newest first, and
// gives each open case what proves it, each thing once, as many cases as can be
// proven together. What fits is fetched anew and kept as evidence (event
// homologation.evidence for each); of the rest it tells what comes nearest and in
// which field it fails. Errors: not_found, forbidden, not_allowed_in_state.
func (s *Service) Find(ctx context.Context, actor project.Actor, id posta.ProjectID) (Found, error) {
	p, err := s.connected(ctx, actor, id)
	if err != nil {
		return Found{}, err
	}
	evidence, err := s.Store.Evidence(ctx, p.MerchantID, id)
	if err != nil {
		return Found{}, err
	}
	var open []Case
	for _, c := range Set(p.Product) {
		if evidence[c.Key].Verdict != Pass {
			open = append(open, c)
		}
	}
	candidates, err := s.candidates(ctx, p)
	if err != nil {
		return Found{}, err
	}
	out := Found{Proven: map[string]Evidence{}, Failed: map[string]posta.Code{}, Near: map[string]Near{}, Looked: len(candidates)}
	proves := make([][]int, len(open))
	for i, c := range open {
		for j, can := range candidates {
			if !can.what.fits(c.About) {
				continue
			}
			if verdict, _ := Judge(c, can.facts); verdict == Pass {
				proves[i] = append(proves[i], j)
			}
		}
	}
	taken := match(proves, len(candidates), func(i int) bool { return open[i].About != AboutPayment })
	used := map[int]bool{}
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, 4) // questions to the provider at a time
	for i, j := range taken {
		if j < 0 {
			continue
		}
		used[j] = true
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			e, err := s.prove(ctx, actor.By(), p, open[i], candidates[j].what)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.Failed[open[i].Key] = posta.ErrorCode(err)
				return
			}
			out.Proven[open[i].Key] = e
		})
	}
	all.Wait()
	for i, c := range open {
		if taken[i] >= 0 {
			continue
		}
		out.Open = append(out.Open, c.Key)
		if near, ok := nearest(c, candidates, used); ok {
			out.Near[c.Key] = near
		}
	}
	return out, ctx.Err()
}

// candidates are what the connection did and proves nothing yet, newest first.
func (s *Service) candidates(ctx context.Context, p project.Project) (out []candidate, err error) {
	used, err := s.Store.EvidenceUses(ctx, p.MerchantID)
	if err != nil {
		return nil, err
	}
	payments, err := s.Store.RecentPayments(ctx, p.MerchantID, p.Test, findLimit)
	if err != nil {
		return nil, err
	}
	payments = slices.DeleteFunc(payments, func(p payment.Payment) bool { return used[string(p.ID)].ID != "" })
	for _, found := range payments {
		f, err := s.paymentFacts(ctx, found)
		if err != nil {
			return nil, err
		}
		out = append(out, candidate{Produced{Payment: found.ID}, f})
	}
	closes, err := s.Store.RecentSettlements(ctx, p.MerchantID, p.Test, findLimit)
	if err != nil {
		return nil, err
	}
	closes = slices.DeleteFunc(closes, func(st settlement.Settlement) bool { return used[string(st.ID)].ID != "" })
	for _, st := range closes {
		f, err := s.settlementFacts(ctx, st)
		if err != nil {
			return nil, err
		}
		out = append(out, candidate{Produced{Settlement: st.ID}, f})
	}
	probes, err := s.Store.RecentProbes(ctx, p.Test, findLimit)
	if err != nil {
		return nil, err
	}
	for _, call := range probes {
		if used[string(call.ID)].ID == "" {
			out = append(out, candidate{Produced{Call: call.ID}, Facts{Calls: []Call{call}}})
		}
	}
	return out, nil
}

// match gives each case (by its index) one of those that prove it, no two the
// same one, for as many cases as can be; -1 for the rest. Those that come first
// are preferred (augmenting paths). Where two cases want one thing, first is
// served before the others, so that a sale that was given back proves a refund,
// and the case that has the least to choose from.
func match(proves [][]int, candidates int, first func(int) bool) []int {
	taken, by := make([]int, len(proves)), make([]int, candidates)
	for i := range taken {
		taken[i] = -1
	}
	for j := range by {
		by[j] = -1
	}
	var assign func(i int, seen []bool) bool
	assign = func(i int, seen []bool) bool {
		for _, j := range proves[i] {
			if seen[j] {
				continue
			}
			seen[j] = true
			if by[j] < 0 || assign(by[j], seen) {
				taken[i], by[j] = j, i
				return true
			}
		}
		return false
	}
	order := make([]int, len(proves))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if first(a) != first(b) {
			return cmp.Compare(place(first(a)), place(first(b)))
		}
		return cmp.Compare(len(proves[a]), len(proves[b]))
	})
	for _, i := range order {
		assign(i, make([]bool, candidates))
	}
	return taken
}

func place(first bool) int {
	if first {
		return 0
	}
	return 1
}

// nearest is what fails or leaves open one assertion of the case only, the newest
// that fails first.
func nearest(c Case, candidates []candidate, used map[int]bool) (near Near, ok bool) {
	if len(c.Asserts) < 3 {
		return near, false // of two, one is nothing
	}
	for j, can := range candidates {
		if used[j] || !can.what.fits(c.About) {
			continue
		}
		_, findings := Judge(c, can.facts)
		wrong := Wrong(findings)
		if len(wrong) != 1 || ok && wrong[0].Verdict != Fail {
			continue
		}
		near, ok = Near{Subject: can.what.ID(), Findings: findings}, true
		if wrong[0].Verdict == Fail {
			break
		}
	}
	return near, ok
}
