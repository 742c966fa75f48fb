package quality

import (
	"context"
	"slices"

	"posta"
)

// dataRows is how many payments' requests are read for a report at most.
const dataRows = 1_000

// dataNames are the kinds of data that raise approval, in their order
// (docs/providers/mercadopago-online.md §6.2, §6.3).
var dataNames = []string{"item", "payer", "shipping", "industry"}

// Missing is how many payments did not tell one kind of data.
type Missing struct {
	Data    string          `json:"data" enum:"item,payer,shipping,industry"`
	Missing int             `json:"missing"`
	Of      int             `json:"of" doc:"payments whose request is recorded and whose product takes the data; 0 where none does"`
	Example posta.PaymentID `json:"example,omitempty" doc:"the newest that misses it"`
}

// PerMille is the share that misses it, in thousandths.
func (m Missing) PerMille() int { return perMille(m.Missing, m.Of) }

// missing counts what the requests of payments did not tell.
func (s *Service) missing(ctx context.Context, payments []Payment) ([]Missing, error) {
	calls, err := s.creates(ctx, payments)
	if err != nil {
		return nil, err
	}
	out := make([]Missing, len(dataNames))
	for i, name := range dataNames {
		out[i].Data = name
	}
	for _, p := range payments {
		product, _, body, ok := ProductOf(calls[p.ID])
		if !ok || body == nil {
			continue
		}
		for i, name := range dataNames {
			fields, taken := product.Data[name]
			if !taken {
				continue
			}
			out[i].Of++
			if slices.ContainsFunc(fields, func(f Path) bool { there, _ := f.in(body, nil); return there }) {
				continue
			}
			out[i].Missing++
			if out[i].Example == "" {
				out[i].Example = p.ID
			}
		}
	}
	return out, nil
}

// advice is the key of the words that say what to do about a decline.
func advice(detail string) string {
	l := loaded()
	if todo, ok := l.advice[detail]; ok {
		return "quality.todo." + todo
	}
	return "quality.todo.other"
}
