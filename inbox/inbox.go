package inbox

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"posta"
	"posta/provider"
)

// Owner handles a notice of a topic: it fetches what the notice speaks of and
// takes in the news. Errors: not_found when the resource or our payment is not
// known (yet), otherwise as of provider.Connector.
type Owner func(ctx context.Context, c posta.ConnectionID, n provider.Notice) (Handling, error)

// Handling is what an owner made of a notice.
type Handling struct {
	Payment posta.PaymentID
	Ours    bool // of something else of ours than a payment
	Changed bool // a state moved
	New     bool // something was not known before
	Open    bool // the order is still open
}

// Service takes notifications in and works them off.
type Service struct {
	Store  Store
	Clock  posta.Clock
	Log    *slog.Logger
	Read   map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict) // by provider; none for one that sends no notices
	Secret func(ctx context.Context, c posta.ConnectionID) ([]provider.Secret, error)
	Owners map[string]Owner // by topic
	Wake   func()           // tells the sweep that something came in

	sources sync.Map       // ConnectionID → Source: fixed once a connection is made
	turns   [64]sync.Mutex // by hash of the resource: whoever decides whether to fetch it
}

// source finds who a connection belongs to.
func (s *Service) source(ctx context.Context, c posta.ConnectionID) (Source, error) {
	if known, ok := s.sources.Load(c); ok {
		return known.(Source), nil
	}
	found, err := s.Store.SourceOf(ctx, c)
	if err == nil {
		s.sources.Store(c, found)
	}
	return found, err
}

// Get finds a notification. Errors: not_found.
func (s *Service) Get(ctx context.Context, m posta.MerchantID, id posta.NotificationID) (Notification, error) {
	return s.Store.Notification(ctx, m, id)
}

// List lists notifications, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Notification, error) {
	return s.Store.ListNotifications(ctx, f)
}

// Replay has one notification handled again. Errors: not_found.
func (s *Service) Replay(ctx context.Context, m posta.MerchantID, id posta.NotificationID) error {
	n, err := s.Store.Notification(ctx, m, id)
	if err != nil {
		return err
	}
	n.State, n.Result, n.DueAt, n.HandledAt, n.Tries, n.Replayed = Received, ResultNone, s.Clock.Now(), time.Time{}, 0, true
	if err := s.Store.SaveNotification(ctx, n); err != nil {
		return err
	}
	s.Wake()
	return nil
}

// ReplayRange has all notifications that the filter matches handled again and
// gives how many. Errors: invalid where from or to is missing.
func (s *Service) ReplayRange(ctx context.Context, f Filter) (int, error) {
	var problems posta.Problems
	problems.Add(f.From.IsZero(), "from", "required")
	problems.Add(f.To.IsZero(), "to", "required")
	problems.Add(!f.To.After(f.From), "to", "before_from")
	if err := problems.Err(); err != nil {
		return 0, err
	}
	count, err := s.Store.ReplayNotifications(ctx, f, s.Clock.Now())
	s.Wake()
	return count, err
}
