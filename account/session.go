package account

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"

	"posta"
)

// SessionStore keeps scs' sessions in a Store, by the hash of their token: who
// reads the database cannot take a session over.
type SessionStore struct {
	Store Store
	// Clock nil means the machine's clock, which scs itself stamps sessions
	// with: moving the demo's clock logs nobody out.
	Clock posta.Clock
}

var _ scs.CtxStore = (*SessionStore)(nil)

func (s *SessionStore) now() time.Time {
	if s.Clock == nil {
		return posta.SystemClock{}.Now()
	}
	return s.Clock.Now()
}

// FindCtx gives the data of a session that has not expired.
func (s *SessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.Store.FindSession(ctx, hash(token), s.now())
}

// CommitCtx saves a session.
func (s *SessionStore) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	return s.Store.SaveSession(ctx, hash(token), data, expires.UTC().Truncate(time.Microsecond), s.now())
}

// DeleteCtx ends a session; one that is not there is no error.
func (s *SessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.Store.DropSession(ctx, hash(token))
}

// Find is FindCtx for callers without a context.
func (s *SessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for callers without a context.
func (s *SessionStore) Commit(token string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx for callers without a context.
func (s *SessionStore) Delete(token string) error {
	return s.DeleteCtx(context.Background(), token)
}
