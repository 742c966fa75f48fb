package payment

import (
	"slices"
	"sort"
	"time"

	"posta/provider"
)

// Summary is what the facts amount to. Compute makes it; nothing else does.
type Summary struct {
	State      State
	Attention  Attention
	Captured   int64 // minor units that the buyer's attempts brought
	Refunded   int64 // minor units given back
	PaidAt     time.Time
	Declined   int    // attempts that were declined
	LastDetail string // the provider's words on the last declined or refused thing
	// Progress is where a pending charge stands on its terminal, "" elsewhere.
	Progress provider.Progress
}

// newest gives the newest fact of each object, its empty descriptions filled
// from older ones, in a stable order.
func newest(facts []provider.Fact) []provider.Fact {
	type object struct {
		kind provider.Kind
		id   string
	}
	sorted := slices.Clone(facts)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Newer(sorted[j]) })
	index := map[object]int{}
	var out []provider.Fact
	for _, f := range sorted {
		at, seen := index[object{f.Kind, f.ID}]
		if !seen {
			index[object{f.Kind, f.ID}] = len(out)
			out = append(out, f)
			continue
		}
		fill(&out[at], f)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Kind != out[j].Kind {
			return out[i].Kind < out[j].Kind
		}
		return out[i].ID < out[j].ID
	})
	return out
}

// believed gives the newest facts without what a person read off a slip, once
// the provider itself tells of an attempt that brought money: it is the same one.
// What was given back of the one was given back of the other.
func believed(facts []provider.Fact) []provider.Fact {
	out := newest(facts)
	own := ""
	for _, f := range out {
		if f.Kind == provider.FactAttempt && f.ID != slipAttempt && brought(f.Status) {
			own = f.ID
		}
	}
	if own == "" {
		return out
	}
	out = slices.DeleteFunc(out, func(f provider.Fact) bool { return f.Kind == provider.FactAttempt && f.ID == slipAttempt })
	for i := range out {
		if out[i].Kind == provider.FactRefund && out[i].Parent == slipAttempt {
			out[i].Parent = own
		}
	}
	return out
}

// brought reports whether an attempt of the status brought money, wherever that
// is now.
func brought(s provider.Status) bool {
	return s == provider.StatusApproved || s == provider.StatusInMediation || s == provider.StatusChargedBack
}

func fill(f *provider.Fact, older provider.Fact) {
	for _, text := range []struct{ to, from *string }{
		{&f.Method, &older.Method}, {&f.Brand, &older.Brand}, {&f.LastFour, &older.LastFour},
		{&f.Authorizes, &older.Authorizes}, {&f.Parent, &older.Parent},
	} {
		if *text.to == "" {
			*text.to = *text.from
		}
	}
	if f.Installments == 0 {
		f.Installments = older.Installments
	}
	if f.Currency == "" {
		f.Currency = older.Currency
	}
	if f.Slip == (provider.Slip{}) {
		f.Slip = older.Slip
	}
}

// Compute reads the state of a payment off the set of facts. It depends on
// nothing but asked (minor units) and the set: order, repetition and delay of
// arrival cannot matter. docs/states.md explains each rule.
func Compute(asked int64, facts []provider.Fact) Summary {
	var s Summary
	var proven, accepted, charged, disputed, closed bool
	var open, review, unanswered, lost, stranded, doubtful, foreign bool
	var progress provider.Progress
	var explained, stray int64
	current := believed(facts)
	end := endOf(facts)
	ended := end.State != ""
	s.LastDetail = end.LastDetail
	closing := map[string]bool{}
	for _, f := range current {
		switch f.Kind {
		case provider.FactOrder, provider.FactSale:
			if f.Status == provider.StatusClosed {
				closed = true
				closing[f.ID] = true
				explained += f.Explained
			}
			if f.Kind == provider.FactSale {
				continue
			}
			switch f.Status {
			case provider.StatusOpen:
				open, progress = true, f.Progress
			case provider.StatusReview:
				if f.ID == ownEnquiry {
					unanswered = true // says nothing of the order
				} else {
					review = true
				}
			case provider.StatusLost:
				lost = true
			case provider.StatusStranded:
				lost, stranded = true, true
			case provider.StatusDoubtful:
				doubtful = true
			}
		case provider.FactForeign:
			foreign = true
		case provider.FactOperator:
			accepted = accepted || f.Status == provider.StatusAccepted
			if slices.ContainsFunc(current, func(a provider.Fact) bool { return a.Kind == provider.FactAttempt && a.ID == slipAttempt }) {
				explained += f.Explained
			}
		}
	}
	var declinedAt time.Time
	for _, f := range current {
		switch {
		case f.Kind == provider.FactRefund && f.Status == provider.StatusApproved:
			s.Refunded += f.Amount
		case f.Kind == provider.FactAttempt && f.Status == provider.StatusRejected:
			s.Declined++
			if !f.At.Before(declinedAt) {
				declinedAt, s.LastDetail = f.At, f.Detail
			}
		case f.Kind == provider.FactAttempt && (closing[f.Parent] || accepted):
			switch f.Status {
			case provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack:
				s.Captured += f.Amount
				if at := approvedAt(facts, f); at.After(s.PaidAt) {
					s.PaidAt = at
				}
			}
			disputed = disputed || f.Status == provider.StatusInMediation
			charged = charged || f.Status == provider.StatusChargedBack
		case f.Kind == provider.FactAttempt && f.Status == provider.StatusApproved:
			stray += f.Amount
		}
	}
	proven = s.Captured > 0 && (s.Captured-explained >= asked || accepted)
	if ended && !proven {
		s.Captured += stray // a part was paid, and the rest never will be
	}
	switch {
	case proven && s.Refunded >= s.Captured:
		s.State = Refunded
	case proven && charged:
		s.State = ChargedBack
	case proven && disputed:
		s.State = Disputed
	case proven && s.Refunded > 0:
		s.State = PartiallyRefunded
	case proven:
		s.State = Paid
	case ended:
		s.State = end.State
	case closed, open, review:
		s.State, s.Progress = Pending, progress
	case lost:
		s.State = Unknown
	default:
		s.State = Created
	}
	switch {
	case closed && !proven && !ended, ended && !proven && s.Captured > s.Refunded:
		s.Attention = AttentionShortfall
	case proven && ended && !accepted && s.State != Refunded: // all given back: nothing is left to do
		s.Attention = AttentionPaidLate
	case proven && s.Captured-explained-s.Refunded > asked:
		s.Attention = AttentionOverpaid
	case foreign, proven && contradicted(facts):
		s.Attention = AttentionMismatch
	case stranded && s.State == Unknown, doubtful && !proven:
		s.Attention = AttentionSlip
	case (review || unanswered) && !proven && !ended:
		s.Attention = AttentionReview
	}
	if !proven {
		s.PaidAt = time.Time{}
	}
	return s
}

// approvedAt is when an attempt is first known to have brought its money: a
// refund or a dispute changes the attempt later, not the moment it was paid.
func approvedAt(facts []provider.Fact, attempt provider.Fact) time.Time {
	first := attempt.At
	for _, f := range facts {
		if f.Kind == attempt.Kind && f.ID == attempt.ID && f.Status == provider.StatusApproved && f.At.Before(first) {
			first = f.At
		}
	}
	return first
}

// ends are the states of a payment whose order, or whose last hope, has ended
// without money; the first that some fact tells counts.
var ends = []struct {
	kind   provider.Kind
	status provider.Status
	state  State
}{
	{provider.FactOrder, provider.StatusRejected, Rejected},
	{provider.FactOrder, provider.StatusDoubtful, Rejected},
	{provider.FactOrder, provider.StatusRefused, Failed},
	{provider.FactOrder, provider.StatusCanceled, Canceled},
	{provider.FactOperator, provider.StatusCanceled, Canceled},
	{provider.FactOrder, provider.StatusExpired, Expired},
}

// endOf reads off the facts whether and how the charge has ended. What was
// ended once stays so, whatever is told of its order later: the till may be
// charging something else by then, and only money counts.
func endOf(facts []provider.Fact) (s Summary) {
	var told time.Time
	for _, end := range ends {
		for _, f := range facts {
			if f.Kind != end.kind || f.Status != end.status || s.State != "" && s.State != end.state {
				continue
			}
			s.State = end.state
			if f.Status != provider.StatusRejected && f.Status != provider.StatusRefused && f.Status != provider.StatusDoubtful {
				continue
			}
			if f.At.After(told) || f.At.Equal(told) && f.Detail > s.LastDetail {
				s.LastDetail, told = f.Detail, f.At
			}
		}
	}
	return s
}

// Attempts lists the tries to pay, oldest first.
func (p Payment) Attempts() []Attempt {
	var out []Attempt
	refunded := map[string]int64{}
	current := believed(p.Facts)
	for _, f := range current {
		if f.Kind == provider.FactRefund && f.Status == provider.StatusApproved {
			refunded[f.Parent] += f.Amount
		}
	}
	for _, f := range current {
		if f.Kind == provider.FactAttempt {
			out = append(out, Attempt{ID: f.ID, Status: f.Status, Detail: f.Detail, Amount: f.Amount,
				Refunded: refunded[f.ID], At: f.At, Method: f.Method, Brand: f.Brand, LastFour: f.LastFour,
				Installments: f.Installments, Authorizes: f.Authorizes, Slip: f.Slip})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out
}
