package account

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"posta"
)

// How many log-ins may fail: at once, and then one in how long.
const (
	emailBurst   = 10
	emailEvery   = 30 * time.Second
	addressBurst = 30
	addressEvery = 3 * time.Second
	maxLimiters  = 10_000 // of each kind
)

// limits count failed log-ins. Each process counts for itself.
type limits struct {
	mu        sync.Mutex
	emails    map[string]*rate.Limiter
	addresses map[string]*rate.Limiter
}

// take counts an attempt; undo takes it back when it succeeded. Errors:
// rate_limited with RetryAfter.
func (l *limits) take(now time.Time, email, remoteAddr string) (undo func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken []*rate.Reservation
	undo = func() {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	counted := []*rate.Limiter{find(&l.emails, email, emailEvery, emailBurst, now)}
	if from := network(remoteAddr); from != "" {
		counted = append(counted, find(&l.addresses, from, addressEvery, addressBurst, now))
	}
	for _, limiter := range counted {
		r := limiter.ReserveN(now, 1)
		taken = append(taken, r)
		if wait := r.DelayFrom(now); wait > 0 {
			undo()
			return nil, &posta.Error{Code: posta.CodeRateLimited, RetryAfter: wait}
		}
	}
	return undo, nil
}

// find gives name's limiter. When there are too many, those that nobody has
// used lately go first, and if that is none, all: memory stays bounded.
func find(m *map[string]*rate.Limiter, name string, every time.Duration, burst int, now time.Time) *rate.Limiter {
	if limiter, ok := (*m)[name]; ok {
		return limiter
	}
	if len(*m) >= maxLimiters {
		for n, limiter := range *m {
			if int(limiter.TokensAt(now)) >= burst {
				delete(*m, n)
			}
		}
	}
	if *m == nil || len(*m) >= maxLimiters {
		*m = map[string]*rate.Limiter{}
	}
	limiter := rate.NewLimiter(rate.Every(every), burst)
	(*m)[name] = limiter
	return limiter
}

// network is the address that attempts are counted for: IPv6 callers have a
// whole /64 to themselves.
func network(remoteAddr string) string {
	ip, err := netip.ParseAddr(remoteAddr)
	if err != nil {
		at, err := netip.ParseAddrPort(remoteAddr)
		if err != nil {
			return ""
		}
		ip = at.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.String()
	}
	return ip.String()
}
