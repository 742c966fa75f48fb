package quality

import (
	"context"
	"slices"
	"time"

	"posta"
	"posta/outbound"
)

// trafficSize is over how many of its newest payments a connection is watched.
const trafficSize = 100

// Traffic is the rules over a connection's newest payments: shares, no score.
type Traffic struct {
	Payments int       `json:"payments" doc:"how many were looked at, at most 100"`
	From     time.Time `json:"from" doc:"creation of the oldest of them"`
	To       time.Time `json:"to" doc:"and of the newest"`
	Lacks    []Lack    `json:"lacks" doc:"one for each rule that a request or a notice proves, also where nothing is missing"`
}

// Lack is how many payments miss what one rule asks for.
type Lack struct {
	Product string          `json:"product"`
	Item    string          `json:"item"`
	Class   Class           `json:"class"`
	Points  int             `json:"points"`
	Field   string          `json:"field"`
	Missing int             `json:"missing"`
	Of      int             `json:"of" doc:"payments that could have it; one whose request is not recorded could not, and a notice is looked for where money came"`
	Example posta.PaymentID `json:"example,omitempty" doc:"the newest that misses it"`
}

// Live watches a connection's traffic, of either mode: which fields its newest
// payments lack. Errors: not_found.
func (s *Service) Live(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Traffic, error) {
	conn, err := s.Store.QualityConnection(ctx, m, c)
	if err != nil {
		return Traffic{}, err
	}
	payments, err := s.Store.QualityPayments(ctx, Filter{MerchantID: m, Mode: conn.Mode, ConnectionID: c, Limit: trafficSize})
	if err != nil || len(payments) == 0 {
		return Traffic{}, err
	}
	calls, err := s.creates(ctx, payments)
	if err != nil {
		return Traffic{}, err
	}
	notices, err := s.notices(ctx, payments)
	if err != nil {
		return Traffic{}, err
	}
	out := Traffic{Payments: len(payments), From: payments[len(payments)-1].CreatedAt, To: payments[0].CreatedAt}
	places := map[[2]string]int{}
	for _, p := range payments {
		product, request, body, ok := ProductOf(calls[p.ID])
		if !ok || body == nil {
			continue
		}
		e := Evidence{Payment: p.ID, Calls: calls[p.ID], Notices: notices[p.ID], Card: true}
		for _, r := range product.Rules {
			if len(r.Request) == 0 && r.Header == "" && (!r.Notice || !p.Moneyed) {
				continue
			}
			key := [2]string{product.Name, r.Item}
			at, seen := places[key]
			if !seen {
				at, places[key] = len(out.Lacks), len(out.Lacks)
				out.Lacks = append(out.Lacks, Lack{Product: product.Name, Item: r.Item, Class: r.Class, Points: r.Points, Field: r.Field()})
			}
			l := &out.Lacks[at]
			l.Of++
			if met, _ := r.met(e, request, body); !met {
				l.Missing++
				if l.Example == "" {
					l.Example = p.ID
				}
			}
		}
	}
	return out, nil
}

// creates are the calls that made payments.
func (s *Service) creates(ctx context.Context, payments []Payment) (map[posta.PaymentID][]outbound.Call, error) {
	out := map[posta.PaymentID][]outbound.Call{}
	for chunk := range slices.Chunk(payments, chunkSize) {
		made, err := s.Store.CreatesOf(ctx, idsOf(chunk))
		if err != nil {
			return nil, err
		}
		for _, c := range made {
			out[c.Tag.Payment] = append(out[c.Tag.Payment], c)
		}
	}
	return out, nil
}

// notices are those that led to payments.
func (s *Service) notices(ctx context.Context, payments []Payment) (map[posta.PaymentID][]Notice, error) {
	out := map[posta.PaymentID][]Notice{}
	for chunk := range slices.Chunk(payments, chunkSize) {
		came, err := s.Store.NoticesOf(ctx, idsOf(chunk))
		if err != nil {
			return nil, err
		}
		for _, n := range came {
			out[n.Payment] = append(out[n.Payment], n)
		}
	}
	return out, nil
}

func idsOf(payments []Payment) []posta.PaymentID {
	ids := make([]posta.PaymentID, len(payments))
	for i, p := range payments {
		ids[i] = p.ID
	}
	return ids
}

// chunkSize is how many payments' calls are read at once.
const chunkSize = 100
