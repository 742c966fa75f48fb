package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"posta"
	"posta/outbound"
)

const (
	// Timeout is how long an endpoint may take to answer.
	Timeout = 15 * time.Second

	// lease is longer than a try takes, waiting for its turn included.
	lease = 30 * time.Second
	// together is how many tries of one endpoint are under way at a time in a
	// replica, so that a slow one does not hold up the others.
	together   = 8
	readAnswer = 16 << 10 // bytes of an answer that are read
	keptAnswer = 1 << 10  // and kept
)

// SweepDeliveries sends what is due and gives how many deliveries it took.
func (s *Service) SweepDeliveries(ctx context.Context, each func(func())) (int, error) {
	targets, err := s.Store.EndpointsDue(ctx, s.Clock.Now())
	if err != nil {
		return 0, err
	}
	took := 0
	for _, to := range targets {
		room := s.room(to.ID)
		if room == 0 {
			continue // whoever ends wakes this sweep
		}
		due, err := s.Store.ClaimDeliveries(ctx, to.MerchantID, to.ID, s.Clock.Now(), lease, room)
		if err != nil {
			return took, err
		}
		took += len(due)
		s.count(to.ID, len(due))
		for _, d := range due {
			each(func() {
				defer s.ended(to.ID)
				s.deliver(ctx, to, d)
			})
		}
	}
	return took, nil
}

func (s *Service) room(id posta.EndpointID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(together-s.sending[id], 0)
}

func (s *Service) count(id posta.EndpointID, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending == nil {
		s.sending = map[posta.EndpointID]int{}
	}
	if s.sending[id] += n; s.sending[id] <= 0 {
		delete(s.sending, id)
	}
}

// ended makes room, and has the sweep look where there was none.
func (s *Service) ended(id posta.EndpointID) {
	full := s.room(id) == 0
	s.count(id, -1)
	if full {
		s.Wake()
	}
}

// deliver tries once and saves what came of it.
func (s *Service) deliver(ctx context.Context, to Target, d Delivery) {
	defer func() {
		if r := recover(); r != nil { // its lease ends, and it is tried again
			s.Log.ErrorContext(ctx, "delivery panicked", "delivery", d.ID, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	secret, err := s.secret(to)
	if err != nil {
		s.Log.ErrorContext(ctx, "endpoint's secret not readable", "endpoint", to.ID, "error", err)
		return
	}
	a, wait, err := s.try(ctx, to.URL, secret, d)
	if err != nil {
		s.Log.ErrorContext(ctx, "delivery not tried", "delivery", d.ID, "error", err)
		return
	}
	if ctx.Err() != nil && a.Failure != NoFailure {
		return // Posta stops: the try was cut off by us, and says nothing
	}
	gone := d.conclude(a, wait, s.Clock.Now())
	if err := s.Store.SaveAttempt(context.WithoutCancel(ctx), d, a); err != nil {
		s.Log.ErrorContext(ctx, "delivery not saved", "delivery", d.ID, "error", err)
		return
	}
	if gone {
		s.disable(context.WithoutCancel(ctx), to)
	}
}

// disable switches off an endpoint that wants no more.
func (s *Service) disable(ctx context.Context, to Target) {
	_, err := s.Store.ChangeEndpoint(ctx, to.MerchantID, to.ID, func(e *Endpoint) ([]posta.Event, error) {
		if e.State == Disabled || e.URL != to.URL { // mended meanwhile
			return nil, nil
		}
		e.State, e.Reason, e.UpdatedAt = Disabled, ReasonGone, s.Clock.Now()
		return []posta.Event{s.event(*e, "disabled", "")}, nil
	})
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		s.Log.ErrorContext(ctx, "endpoint not disabled", "endpoint", to.ID, "error", err)
		return
	}
	s.Committed()
}

// try sends once. Its timestamp is the machine's time also where the hub's
// clock was moved: it is for whoever compares it with a clock of their own.
func (s *Service) try(ctx context.Context, address, secret string, d Delivery) (Attempt, time.Duration, error) {
	begun := posta.SystemClock{}.Now()
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return Attempt{}, 0, errors.New("webhook: the secret is none") // its words may quote it
	}
	signature, err := signer.Sign(string(d.EventID), begun, d.Body)
	if err != nil {
		return Attempt{}, 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(d.Body))
	if err != nil {
		return Attempt{}, 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Posta")
	r.Header.Set(standardwebhooks.HeaderWebhookID, string(d.EventID))
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(begun.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	a := Attempt{At: s.Clock.Now()}
	answer, err := s.way(r.URL.Scheme).Do(r)
	a.Duration = posta.SystemClock{}.Now().Sub(begun)
	if err != nil {
		a.Failure, a.Error = failure(err)
		return a, 0, nil
	}
	defer answer.Body.Close()
	a.Status = answer.StatusCode
	a.Answer = make([]byte, keptAnswer)
	n, _ := answer.Body.Read(a.Answer) // in memory by now, whole or cut
	a.Answer = a.Answer[:max(n, 0)]
	return a, retryAfter(answer.Header.Get("Retry-After"), s.Clock.Now()), nil
}

// forbidden is an address that may not be sent to.
type forbidden struct{ error }

// failure tells why there was no answer.
func failure(err error) (Failure, string) {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which may hold what is not for a log
	}
	var refused forbidden
	var network net.Error
	switch {
	case errors.As(err, &refused):
		return FailureAddress, refused.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return FailureTimeout, err.Error()
	}
	return FailureUnreachable, err.Error()
}

// way is the client for addresses of a scheme: none follows a redirect, or
// reads more of an answer than is worth it.
func (s *Service) way(scheme string) *http.Client {
	if client, ok := s.ways.Load(scheme); ok {
		return client.(*http.Client)
	}
	client, _ := s.ways.LoadOrStore(scheme, outbound.NewClient(outbound.Options{Clock: s.Clock, Log: s.Log, Timeout: Timeout,
		MaxBody: readAnswer, Cut: true, Control: s.control(scheme)}))
	return client.(*http.Client)
}

// control refuses, when it is dialed, an address that may not be sent to:
// https goes to the public internet and to our Networks, http to these alone.
func (s *Service) control(scheme string) func(network, address string, c syscall.RawConn) error {
	guard := outbound.Guard(s.Networks...)
	return func(network, address string, c syscall.RawConn) error {
		if err := guard(network, address, c); err != nil {
			return forbidden{err}
		}
		if scheme == "https" {
			return nil
		}
		at, err := netip.ParseAddrPort(address)
		for _, known := range s.Networks {
			if err == nil && known.Contains(at.Addr().Unmap()) {
				return nil
			}
		}
		return forbidden{fmt.Errorf("webhook: %s takes https only", at.Addr())}
	}
}

// Close lets go of connections that are kept.
func (s *Service) Close() {
	s.ways.Range(func(_, client any) bool {
		client.(*http.Client).CloseIdleConnections()
		return true
	})
}
