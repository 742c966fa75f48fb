package idempotency

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"posta"
)

// Sealer seals answers at rest and marks requests; *seal.Box is one.
type Sealer interface {
	Seal(plain []byte, bind string) ([]byte, error)
	Unseal(sealed []byte, bind string) ([]byte, error)
	// Mark gives bytes that are the same for the same text, and tell nothing of
	// it to whoever has no key.
	Mark(text []byte) []byte
}

// Service decides for each write: run it, replay its answer, or refuse it.
//
//	claim, answer, err := s.Begin(ctx, request)
//	…err: refuse; answer: replay it; otherwise do the work with claim.ULID, then
//	s.Finish(ctx, claim, answer)  // whatever the work ended in, 5xx included
//	s.Abandon(ctx, claim)         // or, if it certainly had no effect
type Service struct {
	Store Store
	Box   Sealer
	Clock posta.Clock
}

// inFlightRetry is what a caller is told to wait for a request that runs.
const inFlightRetry = 2 * time.Second

// Begin claims the request's key. It gives a held claim, or the answer to
// replay. Errors: invalid about "Idempotency-Key" (required, too_long,
// malformed), idempotency_key_reused (the key was used for another request),
// request_in_flight with RetryAfter.
//
// A request that was cut off leaves its claim without an answer: after Lease
// the same request takes it over, with the same ULID, and so finds what the
// first run made.
func (s *Service) Begin(ctx context.Context, r Request) (Claim, *Answer, error) {
	if err := checkKey(r.Key); err != nil {
		return Claim{}, nil, err
	}
	now := s.Clock.Now()
	c, err := s.Store.ClaimKey(ctx, r, posta.NewULID(now), now)
	switch {
	case err != nil:
		return Claim{}, nil, err
	case c.Fingerprint != r.Fingerprint:
		return Claim{}, nil, &posta.Error{Code: posta.CodeIdempotencyReused}
	case c.Taken:
		return c, nil, nil
	case c.Status == 0:
		wait := min(max(c.LeaseTo.Sub(now), time.Second), inFlightRetry)
		return Claim{}, nil, &posta.Error{Code: posta.CodeInFlight, RetryAfter: wait}
	}
	plain, err := s.Box.Unseal(c.Answer, bind(c))
	if err != nil {
		return Claim{}, nil, fmt.Errorf("saved answer of %s: %w", c.ULID, err)
	}
	a, err := decode(plain)
	if err != nil {
		return Claim{}, nil, fmt.Errorf("saved answer of %s: %w", c.ULID, err)
	}
	return Claim{}, &a, nil
}

// Finish saves the answer of a held claim, sealed, for Lifetime; the caller
// going away does not stop it. Errors: conflict when the request ran over its
// lease and was taken over; whoever did that saves the answer.
func (s *Service) Finish(ctx context.Context, c Claim, a Answer) error {
	if a.Status == 0 {
		return posta.Errorf(posta.CodeInternal, "an answer to save needs a status")
	}
	sealed, err := s.Box.Seal(encode(a), bind(c))
	if err != nil {
		return err
	}
	c.Status, c.Answer = a.Status, sealed
	return s.Store.SaveAnswer(context.WithoutCancel(ctx), c)
}

// Abandon forgets a held claim whose request had no effect (its validation
// failed): the key can be used again, with another body too.
func (s *Service) Abandon(ctx context.Context, c Claim) error {
	return s.Store.ReleaseKey(context.WithoutCancel(ctx), c.Request)
}

// Sweep forgets answers older than Lifetime.
func (s *Service) Sweep(ctx context.Context) error {
	return s.Store.DropAnswers(ctx, s.Clock.Now().Add(-Lifetime))
}

// Fingerprint tells requests apart, by method, path and the body's bytes. It is
// keyed: a body may hold what is short and must not be kept, such as the number
// of a customer's document.
func (s *Service) Fingerprint(method, path string, body []byte) string {
	return hex.EncodeToString(s.Box.Mark(append(fmt.Appendf(nil, "%s %q\n", method, path), body...)))
}

func checkKey(key string) error {
	const field = "Idempotency-Key"
	switch {
	case key == "":
		return posta.Invalid(field, "required")
	case len(key) > 4*MaxKey || utf8.RuneCountInString(key) > MaxKey:
		return posta.Invalid(field, "too_long")
	case !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl):
		return posta.Invalid(field, "malformed")
	}
	return nil
}

// bind ties an answer to its key, so that it is replayed to nobody else.
func bind(c Claim) string {
	return fmt.Sprintf("answer|%s|%s|%s|%s", c.MerchantID, c.Mode, c.ULID, c.Key)
}
