package subscription

import (
	"context"
	"math/rand/v2"
	"time"

	"posta"
	"posta/mail"
)

const (
	sendLease = 5 * time.Minute
	sendLimit = 4 * time.Minute // of one try, within its lease
	sendTake  = 4               // messages at a time: none should wait in line with its lease running
	sendTries = 12              // of one message, over about a day
)

// SweepMail sends the messages that are due, and gives how many it took. A
// message is committed with what it is about, so that a hub that is killed sends
// it once it is back. Where the mail server took one and the hub died before it
// could note so, the next try sends it again under the same Message-ID.
func (s *Service) SweepMail(ctx context.Context, each func(func())) (int, error) {
	if s.Mail == nil {
		return 0, nil
	}
	due, err := s.Store.ClaimDunning(ctx, s.Clock.Now(), sendLease, sendTake)
	if err != nil {
		return 0, err
	}
	for _, m := range due {
		each(func() {
			if err := s.send(ctx, m); err != nil {
				s.Log.WarnContext(ctx, "mail to a buyer", "message", m.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// send tries a message once and notes what came of it. One that waited in line
// until its lease was nearly over is left alone.
func (s *Service) send(ctx context.Context, m Message) error {
	claimed := m.DueAt
	if s.Clock.Now().Add(sendLimit).After(claimed) {
		return nil
	}
	sub, err := s.Store.Subscription(ctx, m.MerchantID, m.Mode, m.SubscriptionID)
	if err != nil {
		return err
	}
	w, err := s.around(ctx, sub)
	if err != nil {
		return err
	}
	try, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	err = s.Mail.Send(try, mail.Message{ID: m.MailID, From: mail.Address{Name: w.merchant, Email: s.MailFrom}, To: []mail.Address{{Name: m.ToName, Email: m.To}},
		Subject: m.Subject, Text: m.Text, Headers: map[string]string{"Auto-Submitted": "auto-generated"}})
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the hub stops: its lease ends
	}
	now := s.Clock.Now()
	m.Tries++
	m.DueAt, m.Detail = time.Time{}, ""
	kind := ""
	switch {
	case err == nil:
		m.State, m.SentAt, kind = MessageSent, now, "subscription.message_sent"
	case posta.Temporary(err) && m.Tries < sendTries:
		m.DueAt = now.Add(pause(m.Tries))
	default:
		m.State, kind = MessageFailed, "subscription.message_failed"
	}
	if f, ok := mail.FailureOf(err); ok {
		m.Detail = f.Text
	} else if err != nil {
		m.Detail = codeOf(err)
	}
	var events []posta.Event
	if kind != "" {
		events = append(events, posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: m.MerchantID, Mode: m.Mode, Type: kind, Subject: string(m.SubscriptionID),
			Data: mustJSON(map[string]any{"message": m.ID, "kind": m.Kind, "invoice": m.InvoiceID}), CreatedAt: now})
	}
	saved := s.Store.SaveDunning(context.WithoutCancel(ctx), m, claimed, events)
	if saved == nil {
		s.Committed()
	}
	return saved
}

// pause is how long after so many tries the next comes: half a minute doubled
// each time, at most four hours, give or take a fifth.
func pause(tries int) time.Duration {
	d := min(15*time.Second<<min(tries, 12), 4*time.Hour)
	return d*4/5 + rand.N(d*2/5)
}
