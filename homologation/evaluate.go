package homologation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/settlement"
)

// Evaluate judges a case by what an id names: our payment, a batch close, a
// recorded call, or the provider's own id of one. Posta asks the provider anew,
// judges, and keeps the evidence. Errors: not_found (the case, or no such thing
// of the merchant); invalid with field payment_id (required, other_connection,
// other_subject with Params["about"]); conflict with Params["project"] and
// ["case"] where it proves something else already; not_allowed_in_state with
// Params["reason"]; those of the provider, whose answer is the proof.
func (s *Service) Evaluate(ctx context.Context, actor project.Actor, id posta.ProjectID, key, named string) (Evidence, error) {
	p, err := s.connected(ctx, actor, id)
	if err != nil {
		return Evidence{}, err
	}
	c, err := find(p.Product, key)
	if err != nil {
		return Evidence{}, err
	}
	what, err := s.resolve(ctx, p, named)
	if err != nil {
		return Evidence{}, err
	}
	if !what.fits(c.About) {
		e := posta.Invalid("payment_id", "other_subject")
		e.Fields[0].Params = map[string]string{"about": string(c.About)}
		return Evidence{}, e
	}
	used, err := s.Store.EvidenceUses(ctx, p.MerchantID)
	if err != nil {
		return Evidence{}, err
	}
	if u, ok := used[what.ID()]; ok && (u.ProjectID != p.ID || u.Case != key) {
		return Evidence{}, &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"project": string(u.ProjectID), "case": u.Case}}
	}
	return s.prove(ctx, actor.By(), p, c, what)
}

// prove asks the provider anew about what a case is judged by, and keeps what
// comes of it.
func (s *Service) prove(ctx context.Context, by string, p project.Project, c Case, what Produced) (Evidence, error) {
	if err := s.fetch(ctx, p, what); err != nil {
		return Evidence{}, err
	}
	f, err := s.facts(ctx, p, what)
	if err != nil {
		return Evidence{}, err
	}
	now := s.Clock.Now()
	e := Evidence{ID: posta.NewID[posta.EvidenceID](now), MerchantID: p.MerchantID, ProjectID: p.ID, Case: c.Key, Mode: posta.Test,
		Payment: what.Payment, Settlement: what.Settlement, Call: what.Call, ProviderID: providerID(f), By: by, At: now, Current: true}
	e.Verdict, e.Findings = Judge(c, f)
	e.Raw = raw(f.Calls)
	sum := sha256.Sum256(e.Raw)
	e.SHA256 = hex.EncodeToString(sum[:])
	if err := s.Store.InsertEvidence(ctx, e, []posta.Event{s.event(by, "evidence", p.MerchantID, p.ID, e.told())}); err != nil {
		return Evidence{}, err
	}
	s.Committed()
	return e, nil
}

// told is what an event says of the evidence.
func (e Evidence) told() map[string]any {
	out := map[string]any{"case": e.Case, "verdict": e.Verdict, "subject": e.Subject(), "provider_id": e.ProviderID, "sha256": e.SHA256}
	if wrong := Wrong(e.Findings); len(wrong) > 0 {
		out["field"], out["want"], out["got"] = wrong[0].Field, wrong[0].Want, wrong[0].Got
	}
	return out
}

// Drop makes a case's current evidence count no more; what it named can prove
// something else. Errors: not_found, forbidden.
func (s *Service) Drop(ctx context.Context, actor project.Actor, id posta.ProjectID, key string) error {
	p, err := s.project(ctx, actor, project.Work, id)
	if err != nil {
		return err
	}
	err = s.Store.DropEvidence(ctx, p.MerchantID, id, key, []posta.Event{s.event(actor.By(), "dropped", p.MerchantID, id, map[string]any{"case": key})})
	if err == nil {
		s.Committed()
	}
	return err
}

// History lists all evidence of a case, newest first, with what the provider
// answered. Errors: not_found, forbidden.
func (s *Service) History(ctx context.Context, actor project.Actor, id posta.ProjectID, key string) ([]Evidence, error) {
	p, err := s.project(ctx, actor, project.See, id)
	if err != nil {
		return nil, err
	}
	return s.Store.EvidenceOf(ctx, p.MerchantID, id, key)
}

func (p Produced) fits(about Subject) bool {
	switch about {
	case AboutSettlement:
		return p.Settlement != ""
	case AboutCall:
		return p.Call != ""
	}
	return p.Payment != ""
}

// resolve finds what an id names among what the project's test connection did.
func (s *Service) resolve(ctx context.Context, p project.Project, named string) (out Produced, err error) {
	named = strings.TrimSpace(named)
	if named == "" {
		return out, posta.Invalid("payment_id", "required")
	}
	var at posta.ConnectionID
	if id, bad := posta.ParseID[posta.PaymentID](named); bad == nil {
		out.Payment = id
		found, err := s.Payments.Get(ctx, p.MerchantID, posta.Test, id)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			found, err = s.Payments.Get(ctx, p.MerchantID, posta.Live, id)
		}
		if err != nil {
			return out, err
		}
		at = found.ConnectionID
	} else if id, bad := posta.ParseID[posta.SettlementID](named); bad == nil {
		out.Settlement = id
		found, err := s.Settlements.Get(ctx, p.MerchantID, posta.Test, id)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			found, err = s.Settlements.Get(ctx, p.MerchantID, posta.Live, id)
		}
		if err != nil {
			return out, err
		}
		at = found.ConnectionID
	} else if id, bad := posta.ParseID[posta.CallID](named); bad == nil {
		found, err := s.Store.ProbeCall(ctx, p.Test, id)
		return Produced{Call: found.ID}, err
	} else {
		out.Payment, out.Settlement, err = s.Store.NamedByProvider(ctx, p.MerchantID, p.Test, named)
		return out, err
	}
	if at != p.Test {
		return out, posta.Invalid("payment_id", "other_connection")
	}
	return out, nil
}

// fetch has the provider say anew how things stand. What it cannot be asked
// about (an answer that was lost) stands as it is.
func (s *Service) fetch(ctx context.Context, p project.Project, what Produced) (err error) {
	switch {
	case what.Payment != "":
		_, err = s.Payments.Refresh(ctx, p.MerchantID, posta.Test, what.Payment)
	case what.Settlement != "":
		_, err = s.Settlements.Refresh(ctx, p.MerchantID, posta.Test, what.Settlement)
	}
	if posta.ErrorCode(err) == posta.CodeNotFound {
		err = nil // the provider has no such order: what is recorded tells why
	}
	return err
}

// facts gathers all that assertions can read about something.
func (s *Service) facts(ctx context.Context, p project.Project, what Produced) (f Facts, err error) {
	switch {
	case what.Call != "":
		call, err := s.Store.ProbeCall(ctx, p.Test, what.Call)
		f.Calls = []Call{call}
		return f, err
	case what.Settlement != "":
		st, err := s.Settlements.Get(ctx, p.MerchantID, posta.Test, what.Settlement)
		if err != nil {
			return f, err
		}
		return s.settlementFacts(ctx, st)
	}
	found, err := s.Payments.Get(ctx, p.MerchantID, posta.Test, what.Payment)
	if err != nil {
		return f, err
	}
	return s.paymentFacts(ctx, found)
}

func (s *Service) paymentFacts(ctx context.Context, p payment.Payment) (f Facts, err error) {
	f.Payment = p
	if f.Refunds, err = s.Store.ListRefunds(ctx, p.ID); err != nil {
		return f, err
	}
	if f.Events, err = s.Store.EventsAbout(ctx, p.MerchantID, p.ID); err != nil {
		return f, err
	}
	if f.Notices, err = s.Store.ProofNotices(ctx, p.ID); err != nil {
		return f, err
	}
	for _, a := range p.Attempts() {
		if a.Status != provider.StatusApproved || a.Slip.Terminal == "" {
			continue
		}
		closed, err := s.Store.ClosedAfter(ctx, p.MerchantID, p.ConnectionID, a.Slip.Terminal, p.PaidAt)
		if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return f, err
		}
		f.ClosedAt = closed.ToAt
	}
	f.Calls, err = s.Store.PaymentCalls(ctx, p.ID)
	return f, err
}

func (s *Service) settlementFacts(ctx context.Context, st settlement.Settlement) (f Facts, err error) {
	f.Settlement = &st
	if f.Events, err = s.Store.SettlementEvents(ctx, st.MerchantID, st.ID); err != nil {
		return f, err
	}
	moved, err := s.Settlements.Movements(ctx, st.MerchantID, st.Mode, st.ID)
	if err != nil {
		return f, err
	}
	for _, m := range moved {
		if !m.Other && m.At.Before(st.CreatedAt) {
			f.Moved++
		}
	}
	calls, err := s.Store.SettlementCalls(ctx, st.ConnectionID, st.CreatedAt, s.Clock.Now().Add(time.Second))
	first := true
	for _, c := range calls {
		switch {
		case c.Operation == "settle" && first && strings.Contains(c.URL, "terminal_id="+st.TerminalCode):
			first = false // a later one is another close of the terminal
			f.Calls = append(f.Calls, c)
		case c.Operation == "settlement" && st.ProviderID != "" && strings.Contains(c.URL, st.ProviderID):
			f.Calls = append(f.Calls, c)
		}
	}
	return f, err
}

// providerID is what the provider calls what the facts are about.
func providerID(f Facts) string {
	switch {
	case f.Settlement != nil:
		return f.Settlement.ProviderID
	case f.Payment.ID == "":
		return ""
	case f.Payment.Rail == provider.RailTerminal && f.Payment.Order != "":
		return f.Payment.Order
	}
	id := f.Payment.Order
	for _, a := range f.Payment.Attempts() {
		if a.Authorizes != "" || a.Status == provider.StatusApproved || id == "" {
			id = a.ID
		}
	}
	return id
}

// rawCall is a call as evidence keeps it.
type rawCall struct {
	ID        posta.CallID    `json:"id"`
	Operation string          `json:"operation"`
	Method    string          `json:"method"`
	URL       string          `json:"url"`
	Status    int             `json:"status"`
	Error     string          `json:"error,omitempty"`
	Request   json.RawMessage `json:"request,omitempty"`
	Response  json.RawMessage `json:"response,omitempty"`
	At        time.Time       `json:"at"`
}

// raw is what the provider was asked and answered, without what tells of a
// person. Of questions whose answer was the same the last one stays.
func raw(calls []Call) []byte {
	var kept []rawCall
	for _, c := range calls {
		r := rawCall{c.ID, c.Operation, c.Method, c.URL, c.Status, c.Error, impersonal(c.Request), impersonal(c.Response), c.At}
		n := len(kept)
		if n > 0 && c.Operation == "enquiry" && kept[n-1].URL == r.URL && kept[n-1].Status == r.Status && string(kept[n-1].Response) == string(r.Response) {
			kept[n-1] = r
			continue
		}
		kept = append(kept, r)
	}
	out, err := json.MarshalIndent(kept, "", " ")
	if err != nil {
		panic(err) // texts that were read as JSON, or quoted: a defect of ours
	}
	return out
}

// personal are the names of what tells of a person; card data was masked when the
// call was recorded.
var personal = []string{"email", "phone", "identification", "first_name", "last_name", "nickname", "payer", "cardholder"}

// impersonal gives a body as JSON, a text that is none in quotes.
func impersonal(body []byte) json.RawMessage {
	if len(body) == 0 {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		quoted, _ := json.Marshal(string(body[:min(len(body), 2000)])) // a string is always written
		return quoted
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	_ = d.Decode(&v) // it was read a moment ago
	out, err := json.Marshal(without(v))
	if err != nil {
		panic(err)
	}
	return out
}

func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if slices.Contains(personal, strings.ToLower(name)) && inner != nil {
				v[name] = "***"
				continue
			}
			v[name] = without(inner)
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return v
}

func counted(keys []string) map[string]string {
	return map[string]string{"cases": strings.Join(keys, ", "), "count": strconv.Itoa(len(keys))}
}
