package subscription

import (
	"cmp"
	"context"
	"strings"
	"time"

	"posta"
	"posta/text"
)

// around is what a change of a subscription needs to know, read before it begins.
type around struct {
	zone     *time.Location
	country  string
	merchant string // its name
}

func (s *Service) around(ctx context.Context, sub Subscription) (around, error) {
	account, err := s.Store.Account(ctx, sub.MerchantID, sub.Mode, sub.ConnectionID)
	if err != nil {
		return around{}, err
	}
	return around{zoneOf(account.Country), account.Country, account.Title}, nil
}

// plan sets when an invoice's next step of dunning comes: counted in days from
// when it is due.
func (s *Service) plan(r *Record, i *Invoice) {
	i.StepAt = time.Time{}
	if i.State == Paid || i.State == Void || i.Stepped >= len(r.Plan.Dunning.Days) {
		return
	}
	i.StepAt = i.DueAt.AddDate(0, 0, r.Plan.Dunning.Days[i.Stepped])
}

// unready is how long a step waits for a charge that its provider has not tried yet.
const unready = 6 * time.Hour

// dun takes the steps of dunning that are due. Of several that an outage left
// only the last is sent. A step is taken once: the message is committed with it.
func (s *Service) dun(r *Record, w around) {
	now := s.Clock.Now()
	for n := range r.Invoices {
		i := &r.Invoices[n]
		if i.StepAt.IsZero() || i.StepAt.After(now) {
			continue
		}
		days := r.Plan.Dunning.Days
		last := i.Stepped
		for last+1 < len(days) && !i.DueAt.AddDate(0, 0, days[last+1]).After(now) {
			last++
		}
		kind := map[int]Kind{-1: KindBefore, 0: KindDue, 1: KindAfter}[cmp.Compare(days[last], 0)]
		byProvider := r.Subscription.Engine == EngineProvider
		if byProvider && kind != KindBefore && (i.State == Scheduled || i.State == Open) {
			i.StepAt = now.Add(unready)
			continue
		}
		wanted := i.State.Asked() || i.State == Unpaid && kind == KindAfter
		if kind == KindBefore && byProvider {
			wanted = i.State == Scheduled && r.Subscription.State.Running() && now.Before(i.DueAt)
		}
		if wanted {
			s.write(r, *i, kind, days[last], w)
		}
		i.Stepped = last + 1
		s.plan(r, i)
	}
}

// write adds a message to the buyer, in the subscription's language. step tells
// messages of one kind about one invoice apart: the days from when it is due, or
// the number of the try.
func (s *Service) write(r *Record, i Invoice, kind Kind, step int, w around) {
	sub, now := r.Subscription, s.Clock.Now()
	due := i.DueAt
	if n := len(i.Attempts); sub.Engine == EngineHub && n > 0 {
		due = i.Attempts[n-1].DueAt
	}
	address := s.BuyerPage(sub)
	key := "dunning." + string(sub.Engine) + "." + string(kind)
	args := []any{"name", sub.Buyer.FirstName, "merchant", w.merchant, "plan", r.Plan.Name, "amount", s.Amount(sub.Language, i.Amount),
		"date", text.Date(sub.Language, due, w.zone), "address", address, "attempt", i.Tried, "attempts", r.Plan.Attempts.Most}
	id := derive[posta.MessageID](i.PeriodFrom, string(i.ID), string(kind), posta.FormatDecimal(int64(step), 0))
	m := Message{ID: id, MerchantID: sub.MerchantID, Mode: sub.Mode, SubscriptionID: sub.ID, InvoiceID: i.ID, Kind: kind, Step: step, To: sub.Buyer.Email,
		ToName: strings.TrimSpace(sub.Buyer.FirstName + " " + sub.Buyer.LastName), Subject: s.Say(sub.Language, key+".subject", args...),
		Text: s.Say(sub.Language, key+".text", args...), MailID: s.mailID(id), State: MessageKept, CreatedAt: now}
	if s.Mail != nil && m.To != "" {
		m.State, m.DueAt = MessageQueued, now
	}
	r.Messages = append(r.Messages, m)
}

// mailID is the Message-ID of a message: the same however often it is sent.
func (s *Service) mailID(id posta.MessageID) string {
	_, domain, found := strings.Cut(s.MailFrom, "@")
	if !found {
		domain = "posta.invalid"
	}
	return strings.ToLower(posta.Alphanumeric(id)) + "@" + domain
}
