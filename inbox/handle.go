package inbox

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"time"

	"posta"
	"posta/outbound"
	"posta/provider"
)

var seed = maphash.MakeSeed()

// lease is how long the handling of one notification may take.
const lease = 30 * time.Second

// Sweep works off notifications that are due, and gives how many it took.
func (s *Service) Sweep(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimNotifications(ctx, s.Clock.Now(), lease, 100)
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		each(func() {
			s.handle(ctx, &n)
			if err := s.Store.SaveNotification(context.WithoutCancel(ctx), n); err != nil {
				s.Log.ErrorContext(ctx, "notification not saved", "notification", n.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// handle makes of n what there is to make: it leaves n as it is to be saved.
func (s *Service) handle(ctx context.Context, n *Notification) {
	defer func() {
		if r := recover(); r != nil {
			s.Log.ErrorContext(ctx, "notification panicked", "notification", n.ID, "panic", r, "stack", string(debug.Stack()))
			n.Payment = ""
			s.later(n, ResultUnanswered, fmt.Errorf("panic: %v", r))
		}
	}()
	source, err := s.source(ctx, n.ConnectionID)
	if err != nil {
		s.later(n, ResultUnanswered, err)
		return
	}
	secrets, err := s.Secret(ctx, n.ConnectionID)
	if err != nil { // without them a good signature would be judged invalid
		s.later(n, ResultUnanswered, err)
		return
	}
	n.Notice, n.Verdict = s.Read[source.Provider](n.Delivery, secrets)
	if n.Verdict.Judgement == provider.Unreadable || !bounded(&n.Notice) {
		n.Verdict.Judgement = provider.Unreadable
		s.end(n, Ignored, ResultUnreadable)
		return
	}
	owner := s.Owners[n.Notice.Topic]
	if owner == nil {
		s.end(n, Ignored, ResultNoTopic)
		return
	}
	if !s.begin(ctx, n) {
		return
	}
	ctx = outbound.WithTag(ctx, outbound.Tag{ConnectionID: n.ConnectionID, Notification: n.ID, Operation: "fetch"})
	handling, err := owner(ctx, n.ConnectionID, n.Notice)
	if err == nil {
		n.Payment = handling.Payment
	}
	switch {
	case posta.ErrorCode(err) == posta.CodeNotFound:
		s.later(n, ResultUnknown, err)
	case err != nil:
		s.later(n, ResultUnanswered, err)
	case handling.Payment == "" && !handling.Ours:
		s.end(n, Ignored, ResultNotOurs)
	case handling.Changed:
		s.end(n, Handled, ResultChanged)
	case handling.Open:
		s.end(n, Handled, ResultOpened)
	case handling.New:
		s.end(n, Handled, ResultNoted)
	default:
		s.end(n, Handled, ResultNothingNew)
	}
}

// maxWord is how long a word of a notice may be, in bytes: longer ones are
// nobody's, and fit no index.
const maxWord = 200

// bounded takes words that are too long for not told, and reports whether the
// notice still says what it is about.
func bounded(n *provider.Notice) bool {
	for _, word := range []*string{&n.Action, &n.Status, &n.Version} {
		if len(*word) > maxWord {
			*word = ""
		}
	}
	if len(n.Topic) <= maxWord && len(n.Resource) <= maxWord {
		return true
	}
	*n = provider.Notice{}
	return false
}

// spacing is the least time between two fetches of one resource, by what the
// signature is worth: whoever can send us anything must not make us hammer the
// provider.
var spacing = map[provider.Judgement]time.Duration{
	provider.Unverifiable: 250 * time.Millisecond,
	provider.BadSignature: 10 * time.Second,
	provider.Stale:        10 * time.Second,
}

// begin decides whether a fetch is due for n, and notes that it begins; where
// none is due it ends or postpones n. Doubtful notices of one resource decide one at a
// time, or all of a burst would see that nobody has asked yet.
func (s *Service) begin(ctx context.Context, n *Notification) bool {
	if spacing[n.Verdict.Judgement] > 0 && !n.Replayed {
		turn := &s.turns[maphash.Comparable(seed, [...]string{string(n.ConnectionID), n.Notice.Topic, n.Notice.Resource})%uint64(len(s.turns))]
		turn.Lock()
		defer turn.Unlock()
	}
	if !n.Replayed && s.known(ctx, n) {
		return false
	}
	// A fetch that has not ended has told nothing: no payment until it has.
	n.FetchedAt, n.Payment = s.Clock.Now(), ""
	if err := s.Store.SaveNotification(ctx, *n); err != nil {
		s.later(n, ResultUnanswered, err)
		return false
	}
	return true
}

// known ends or postpones n where no fetch is due for it: told before, fetched
// since it came in, or fetched a moment ago.
func (s *Service) known(ctx context.Context, n *Notification) bool {
	if key := n.Notice.DedupeKey(); key != "" {
		if first, err := s.Store.Told(ctx, n.ConnectionID, key, n.ID); err == nil && settles(first, *n) {
			n.Payment = first.Payment
			s.end(n, Handled, ResultDuplicate)
			return true
		}
	}
	at, payment, err := s.Store.Fetched(ctx, n.ConnectionID, n.Notice.Topic, n.Notice.Resource)
	if err != nil || at.IsZero() || at.After(s.Clock.Now()) {
		return false // a fetch of the future was noted before the clock was set right
	}
	if at.After(n.Delivery.ReceivedAt) && payment != "" {
		n.Payment = payment
		s.end(n, Handled, ResultFetched)
		return true
	}
	if next := at.Add(spacing[n.Verdict.Judgement]); next.After(s.Clock.Now()) {
		s.postpone(n, next)
		return true
	}
	return false
}

// worth orders judgements: a notice is no repeat of one that is worth less,
// which anybody may have sent ahead of it.
var worth = map[provider.Judgement]int{provider.Verified: 3, provider.Unverifiable: 2, provider.Stale: 1}

// settles reports whether first, which told the same, leaves nothing to do for
// n: its own fetch found what it spoke of. An order found open may have moved
// since; it was told ahead of the event, or bears one version for every change.
func settles(first, n Notification) bool {
	switch first.Result {
	case ResultChanged, ResultNoted, ResultNothingNew, ResultDuplicate:
		return worth[first.Verdict.Judgement] >= worth[n.Verdict.Judgement]
	}
	return false
}

func (s *Service) end(n *Notification, state State, result Result) {
	n.State, n.Result, n.DueAt, n.HandledAt = state, result, time.Time{}, s.Clock.Now()
}

// waits are the pauses before a notification is tried again.
var waits = []time.Duration{500 * time.Millisecond, 5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}

// later has n tried again, until the waits are used up.
func (s *Service) later(n *Notification, result Result, cause error) {
	n.Result = result
	wait := waits[min(n.Tries, len(waits)-1)]
	var e *posta.Error
	if errors.As(cause, &e) && e.RetryAfter > wait {
		wait = e.RetryAfter
	}
	n.Tries++
	if n.Tries > len(waits) {
		s.end(n, Ignored, result)
		return
	}
	n.State, n.DueAt = Waiting, s.Clock.Now().Add(wait)
	s.Log.Info("notification waits", "notification", n.ID, "topic", n.Notice.Topic, "tries", n.Tries, "error", cause)
}

// postpone has n wait for its turn until next at least, each time longer, and
// not for ever: a heap of doubtful notices comes to an end too.
func (s *Service) postpone(n *Notification, next time.Time) {
	n.Tries++
	if n.Tries > len(waits) {
		s.end(n, Ignored, ResultUnknown)
		return
	}
	n.State, n.DueAt = Waiting, next
	if n.Tries > 1 {
		if slow := s.Clock.Now().Add(waits[n.Tries-2]); slow.After(next) {
			n.DueAt = slow
		}
	}
}
