// Package idempotency makes a repeated request have one effect and one answer.
package idempotency

import (
	"context"
	"time"

	"posta"
)

// Lifetime is how long an answer is replayed.
const Lifetime = 24 * time.Hour

// Lease is how long a request may run before the same call may take over.
const Lease = 30 * time.Second

// MaxKey is the longest key, in characters.
const MaxKey = 255

// Request is one write, named by its caller's key.
type Request struct {
	MerchantID  posta.MerchantID
	Mode        posta.Mode
	Key         string
	Fingerprint string // of method, path and body
}

// Claim is what is known of a request's key.
type Claim struct {
	Request
	// ULID goes into the id of what the request makes: a request that is taken
	// over finds what its first run made.
	ULID      string
	Status    int    // of the saved answer; 0 while none is saved
	Answer    []byte // sealed
	LeaseTo   time.Time
	CreatedAt time.Time
	Taken     bool // this call holds it: new, or taken over after its lease
}

// Store keeps claims.
type Store interface {
	// ClaimKey gives the claim of the request's key: inserted if the key is free
	// or older than Lifetime, taken over if it has no answer and its lease ended
	// before now and its Fingerprint is the same; otherwise as it is, Taken false.
	ClaimKey(ctx context.Context, r Request, ulid string, now time.Time) (Claim, error)
	// SaveAnswer keeps the answer of a claim that is held.
	SaveAnswer(ctx context.Context, c Claim) error
	// ReleaseKey forgets a claim that had no effect.
	ReleaseKey(ctx context.Context, r Request) error
	// DropAnswers forgets what was claimed before the time.
	DropAnswers(ctx context.Context, before time.Time) error
}
