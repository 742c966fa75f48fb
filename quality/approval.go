package quality

import (
	"cmp"
	"context"
	"slices"
	"time"

	"posta"
	"posta/provider"
)

const (
	approvalRows = 20_000 // payments that a report is made of at most
	topReasons   = 10
	defaultSpan  = 30 * 24 * time.Hour
)

// ApprovalFilter chooses the payments of a report. ConnectionID may be "".
// Without To it is until now, without From of the 30 days before.
type ApprovalFilter struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	From, To     time.Time // of creation
	TimeZone     string    // IANA name, of the hours: the merchant's
}

// Report says how many of the tries to pay were approved. Payments counts
// payments at which somebody tried, approved if one try was; Attempts counts
// the tries that were decided. An order paid at the second try is one approved
// payment of one, and one approved attempt of two. What nobody tried to pay,
// and tries that are not decided, count in neither. A payment that was disputed
// or given back later was approved.
type Report struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Payments Rate      `json:"payments"`
	Attempts Rate      `json:"attempts"`
	Untried  int       `json:"untried" doc:"payments at which no try was decided"`
	ByMethod []Group   `json:"by_method" doc:"credit_card, account_money…; an empty key where it was not told"`
	ByBrand  []Group   `json:"by_brand" doc:"of the card or other means; an empty key where it was not told"`
	ByTill   []Group   `json:"by_till"`
	ByHour   []Group   `json:"by_hour" doc:"00 to 23, in the merchant's time, of the attempt"`
	Declines []Decline `json:"declines" doc:"the most frequent first, at most 10"`
	Data     []Missing `json:"data" doc:"what requests did not tell"`
	Looked   int       `json:"looked" doc:"payments that this is made of"`
	Cut      bool      `json:"cut" doc:"there are more than 20000; these are the newest"`
	DataOf   int       `json:"data_of" doc:"payments whose requests were read, the newest, at most 1000"`
}

// Rate is so many of so many.
type Rate struct {
	Approved int `json:"approved"`
	Total    int `json:"total"`
}

func (r *Rate) count(approved bool) {
	r.Total++
	if approved {
		r.Approved++
	}
}

// PerMille is the share of approved in thousandths, 0 of none.
func (r Rate) PerMille() int { return perMille(r.Approved, r.Total) }

// Group is a part of the attempts, and the payments that they are of: such a
// payment is approved in the group if one of its attempts there was.
type Group struct {
	Key      string `json:"key"`
	Name     string `json:"name,omitempty" doc:"of a till"`
	Payments Rate   `json:"payments"`
	Attempts Rate   `json:"attempts"`
	Share    int    `json:"share" doc:"of all attempts, in thousandths"`
}

// Decline is a reason for which attempts were declined.
type Decline struct {
	Detail string `json:"detail" doc:"the provider's own word"`
	Count  int    `json:"count"`
	Share  int    `json:"share" doc:"of all declined attempts, in thousandths"`
	// Todo is the key of the words that say what to do; the reason's own are
	// under "detail.DETAIL", or "detail.other" where there are none.
	Todo string `json:"-"`
}

// Approval reports on the payments that were created from f.From until before
// f.To. Errors: invalid with field to (before_from).
func (s *Service) Approval(ctx context.Context, f ApprovalFilter) (Report, error) {
	if f.To.IsZero() {
		f.To = s.Clock.Now()
	}
	if f.From.IsZero() {
		f.From = f.To.Add(-defaultSpan)
	}
	if !f.To.After(f.From) {
		return Report{}, posta.Invalid("to", "before_from")
	}
	payments, err := s.Store.QualityPayments(ctx, Filter{MerchantID: f.MerchantID, Mode: f.Mode, ConnectionID: f.ConnectionID,
		From: f.From, To: f.To, Limit: approvalRows + 1})
	if err != nil {
		return Report{}, err
	}
	r := Report{From: f.From, To: f.To, Cut: len(payments) > approvalRows}
	payments = payments[:min(len(payments), approvalRows)]
	r.Looked = len(payments)
	r.add(payments, location(f.TimeZone))
	payments = payments[:min(len(payments), dataRows)]
	r.DataOf = len(payments)
	r.Data, err = s.missing(ctx, payments)
	return r, err
}

func (r *Report) add(payments []Payment, loc *time.Location) {
	methods, brands, tills, hours, details := groups{}, groups{}, groups{}, groups{}, map[string]int{}
	for _, p := range payments {
		decided, paid := 0, false
		for _, a := range p.Attempts {
			approved := brought(a.Status)
			if !approved && a.Status != provider.StatusRejected {
				continue
			}
			decided++
			paid = paid || approved
			r.Attempts.count(approved)
			if !approved {
				details[a.Detail]++
			}
			methods.add(p.ID, a.Method, "", approved)
			brands.add(p.ID, a.Brand, "", approved)
			tills.add(p.ID, string(p.TillID), p.TillName, approved)
			hours.add(p.ID, a.At.In(loc).Format("15"), "", approved)
		}
		if decided == 0 {
			r.Untried++
			continue
		}
		r.Payments.count(paid)
	}
	r.ByMethod, r.ByBrand, r.ByTill = methods.list(r.Attempts.Total), brands.list(r.Attempts.Total), tills.list(r.Attempts.Total)
	r.ByHour = hours.list(r.Attempts.Total)
	slices.SortFunc(r.ByHour, func(a, b Group) int { return cmp.Compare(a.Key, b.Key) })
	for detail, n := range details {
		r.Declines = append(r.Declines, Decline{Detail: detail, Count: n, Share: perMille(n, r.Attempts.Total-r.Attempts.Approved), Todo: advice(detail)})
	}
	slices.SortFunc(r.Declines, func(a, b Decline) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Detail, b.Detail)) })
	r.Declines = r.Declines[:min(len(r.Declines), topReasons)]
}

// brought reports whether an attempt brought money, wherever that is now.
func brought(s provider.Status) bool {
	return s == provider.StatusApproved || s == provider.StatusInMediation || s == provider.StatusChargedBack
}

// groups are groups by key, fed payment by payment.
type groups map[string]*counted

type counted struct {
	Group
	payment posta.PaymentID // that was counted last
	paid    bool            // whether it is approved in the group
}

func (g groups) add(p posta.PaymentID, key, name string, approved bool) {
	c := g[key]
	if c == nil {
		c = &counted{Group: Group{Key: key, Name: name}}
		g[key] = c
	}
	c.Attempts.count(approved)
	if c.payment != p {
		c.payment, c.paid = p, false
		c.Payments.Total++
	}
	if approved && !c.paid {
		c.paid = true
		c.Payments.Approved++
	}
}

// list gives the groups, the one with the most attempts first.
func (g groups) list(attempts int) []Group {
	var out []Group
	for _, c := range g {
		c.Share = perMille(c.Attempts.Total, attempts)
		out = append(out, c.Group)
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Or(b.Attempts.Total-a.Attempts.Total, cmp.Compare(a.Key, b.Key)) })
	return out
}

func perMille(part, of int) int {
	if of == 0 {
		return 0
	}
	return (part*1000 + of/2) / of
}
