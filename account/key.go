package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
	"sync"
	"time"

	"posta"
)

const (
	tokenMark   = "psk_"
	tokenDigits = 43 // base62 of 32 bytes
	shownPrefix = len("psk_test_") + 4
	keyFreshFor = 5 * time.Second // longest that a revoked key works on in another replica
	touchEvery  = time.Minute
	maxKeysKept = 10_000
)

// CreateKey makes an API key and its token, "psk_test_…" or "psk_live_…", which
// is told this once. With an ID that is there already it gives that key and no
// token. Errors: invalid with fields name, mode.
func (s *Service) CreateKey(ctx context.Context, id posta.KeyID, m posta.MerchantID, mode posta.Mode, name string) (Key, string, error) {
	var p posta.Problems
	name = strings.TrimSpace(name)
	checkText(&p, "name", name, maxName)
	p.Add(!mode.Valid(), "mode", "unknown")
	if err := p.Err(); err != nil {
		return Key{}, "", err
	}
	now := s.Clock.Now()
	if id == "" {
		id = posta.NewID[posta.KeyID](now)
	}
	token := newToken(mode)
	k := Key{ID: id, MerchantID: m, Mode: mode, Name: name, Prefix: token[:shownPrefix], Hash: hash(token), CreatedAt: now}
	err := s.Store.InsertKey(ctx, k)
	if err == nil {
		return k, token, nil
	}
	if posta.ErrorCode(err) == posta.CodeConflict {
		keys, listed := s.Store.Keys(ctx, m)
		for _, there := range keys {
			if listed == nil && there.ID == id {
				return there, "", nil
			}
		}
	}
	return Key{}, "", err
}

// newToken makes a token of 32 random bytes, in digits and letters only so that
// a double click copies it whole.
func newToken(mode posta.Mode) string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	digits := new(big.Int).SetBytes(raw).Text(62)
	return tokenMark + string(mode) + "_" + strings.Repeat("0", tokenDigits-len(digits)) + digits
}

func looksLikeToken(token string) bool {
	rest, ok := strings.CutPrefix(token, tokenMark)
	mode, digits, _ := strings.Cut(rest, "_")
	return ok && posta.Mode(mode).Valid() && len(digits) == tokenDigits
}

// hash is how tokens are kept: hex SHA-256. They are random, so that a slow
// hash would add nothing.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Authenticate finds the key of a token. A key revoked elsewhere works for at
// most another 5 s. Errors: unauthorized, the same for every reason.
func (s *Service) Authenticate(ctx context.Context, token string) (Key, error) {
	refused := &posta.Error{Code: posta.CodeUnauthorized}
	if !looksLikeToken(token) {
		return Key{}, refused
	}
	now, h := s.Clock.Now(), hash(token)
	k, fresh := s.keys.get(h, now)
	if !fresh {
		var err error
		k, err = s.Store.KeyByHash(ctx, h)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			return Key{}, refused
		}
		if err != nil {
			return Key{}, err
		}
		if !k.RevokedAt.IsZero() {
			return Key{}, refused
		}
	}
	if used := now.Sub(k.UsedAt); used >= touchEvery || used < 0 {
		k.UsedAt = now
		if err := s.Store.TouchKey(context.WithoutCancel(ctx), k.ID, now); err != nil {
			s.log().WarnContext(ctx, "key's use not noted", "key", k.ID, "error", err)
		}
		s.keys.used(h, now)
	}
	if !fresh {
		s.keys.put(h, k, now)
	}
	return k, nil
}

// RevokeKey ends a key: here at once, in other replicas within 5 s. Errors:
// not_found.
func (s *Service) RevokeKey(ctx context.Context, m posta.MerchantID, id posta.KeyID) error {
	err := s.Store.RevokeKey(ctx, m, id, s.Clock.Now())
	s.keys.forget(id)
	return err
}

// keyCache keeps good keys for seconds, bounded.
type keyCache struct {
	mu sync.Mutex
	by map[string]seenKey
}

type seenKey struct {
	Key
	at time.Time
}

func (c *keyCache) get(hash string, now time.Time) (Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.by[hash]
	age := now.Sub(k.at)
	return k.Key, ok && age >= 0 && age < keyFreshFor
}

func (c *keyCache) put(hash string, k Key, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil || len(c.by) >= maxKeysKept {
		c.by = map[string]seenKey{}
	}
	c.by[hash] = seenKey{k, now}
}

// used notes a use in a key that is kept, so that not every call does.
func (c *keyCache) used(hash string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.by[hash]; ok {
		k.UsedAt = now
		c.by[hash] = k
	}
}

func (c *keyCache) forget(id posta.KeyID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h, k := range c.by {
		if k.ID == id {
			delete(c.by, h)
		}
	}
}
