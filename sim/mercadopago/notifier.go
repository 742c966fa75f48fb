package mercadopago

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Deliver sends all that is due at now and returns how many attempts it made.
// With Config.Senders at 1 they go one after the other, in order.
func (s *Simulator) Deliver(ctx context.Context, now time.Time) int {
	attempts := 0
	for ctx.Err() == nil {
		list := s.claim(now)
		if len(list) == 0 {
			break
		}
		var flying sync.WaitGroup
		for _, n := range list {
			flying.Go(func() { s.send(ctx, n) })
		}
		flying.Wait()
		attempts += len(list)
	}
	return attempts
}

// claim takes what is due, as many as may fly.
func (s *Simulator) claim(now time.Time) []*notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	free := s.cfg.Senders
	var due []*notice
	for _, n := range s.pending {
		if n.flying {
			free--
		} else if !n.NextAt.After(now) {
			due = append(due, n)
		}
	}
	slices.SortFunc(due, func(a, b *notice) int { return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.ID, b.ID)) })
	due = due[:max(0, min(free, len(due)))]
	for _, n := range due {
		n.flying = true
	}
	return due
}

// send makes one attempt: a new request id, time, signature and body id each
// time; 200 or 201 within the time-out is heard, all else is not (§8.5).
func (s *Simulator) send(ctx context.Context, n *notice) {
	var address, signature, requestID string
	var body []byte
	var retry int
	err := s.do(func() {
		var query string
		query, body = n.render(s.next(&s.count.Event))
		address, requestID, retry = n.address(query), newUUID(), n.Tries
		signature = s.signature(n, requestID, s.clock.Now())
	})
	watch := newStopwatch()
	status := 0
	if err == nil {
		status, err = s.post(ctx, n, address, requestID, signature, retry, body)
	}
	at := Attempt{At: s.clock.Now(), Status: status, RequestID: requestID, Signature: signature, Millis: float64(watch.elapsed().Microseconds()) / 1000}
	if err != nil {
		at.Error = err.Error()
	}
	s.traffic.Add(Exchange{Direction: "out", Operation: "notice." + n.Channel + "." + n.Topic, Method: "POST", Path: address, Status: status,
		Request: string(body), Note: at.Error, Millis: at.Millis, At: at.At})
	if err := s.do(func() { s.finish(n, at, ctx.Err() != nil) }); err != nil {
		s.log.Error("commit failed", "notice", n.ID, "error", err)
	}
}

func (s *Simulator) post(ctx context.Context, n *notice, address, requestID, signature string, retry int, body []byte) (int, error) {
	limit := s.cfg.SocketTimeout
	if retry > 0 {
		limit = s.cfg.RetryTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-Id", requestID)
	req.Header.Set("X-Signature", signature)
	req.Header.Set("X-Retry", strconv.Itoa(retry))
	req.Header.Set("X-Socket-Timeout", strconv.FormatInt(limit.Milliseconds(), 10))
	req.Header.Set("X-Rest-Pool-Name", "/services/webhooks.js")
	if n.Channel == "feed" {
		req.Header.Set("User-Agent", "MercadoPago Feed v2.0 "+n.Topic)
	} else {
		req.Header.Set("User-Agent", "MercadoPago WebHook v1.0 "+n.Topic)
	}
	res, err := s.client.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the address, which stands beside it
		}
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, nil
}

// finish books an attempt: heard, or when to try again. An interrupted one
// is tried again after a restart.
func (s *Simulator) finish(n *notice, at Attempt, interrupted bool) {
	n.flying = false
	if interrupted && at.Status == 0 {
		return
	}
	n.Tries++
	n.Attempts = append(n.Attempts, at)
	if len(n.Attempts) > 12 {
		n.Attempts = n.Attempts[len(n.Attempts)-12:]
	}
	switch {
	case at.Status == http.StatusOK || at.Status == http.StatusCreated:
		n.Status = "delivered"
	case s.newer(n):
		n.Status = "superseded"
	case s.cfg.MaxAttempts > 0 && n.Tries >= s.cfg.MaxAttempts:
		n.Status = "given_up"
	case n.Tries == 1 && !s.switches.NoDuplicate:
		n.Doubled = true
		n.NextAt = at.At.Add(s.scaled(500*time.Millisecond + time.Duration(rand.Int64N(int64(400*time.Millisecond)))))
	default:
		n.NextAt = at.At.Add(s.scaled(s.cfg.Ladder[min(n.Rung, len(s.cfg.Ladder)-1)]))
		n.Rung++
	}
	s.put(n)
	for _, other := range s.pending {
		if other.Held && other.stale(n) { // held back until the newer one was sent
			other.Held, other.NextAt = false, at.At
			s.put(other)
		}
	}
}

func (s *Simulator) newer(n *notice) bool {
	for _, other := range s.pending {
		if other.ID > n.ID && n.stale(other) {
			return true
		}
	}
	return false
}

// Delivery is a notice as tests and the control panel see it.
type Delivery struct {
	ID       int64     `json:"id"`
	UserID   int64     `json:"user_id"`
	Channel  string    `json:"channel"`
	Topic    string    `json:"topic"`
	Action   string    `json:"action"`
	Resource string    `json:"resource"`
	Version  int       `json:"version"`
	URL      string    `json:"url"`
	Status   string    `json:"status"`
	Tries    int       `json:"tries"`
	Attempts []Attempt `json:"attempts"`
	Created  time.Time `json:"created"`
	NextAt   time.Time `json:"next_at"`
}

// Deliveries lists all notices, oldest first.
func (s *Simulator) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Delivery{}
	for _, n := range sorted(s.notices) {
		list = append(list, Delivery{n.ID, n.UserID, n.Channel, n.Topic, n.Action, n.Resource, n.Version, n.URL, n.Status, n.Tries,
			slices.Clone(n.Attempts), n.Created, n.NextAt})
	}
	return list
}

// Await returns once ok holds, looking again after each change.
func (s *Simulator) Await(ctx context.Context, ok func() bool) error {
	for {
		changed := s.Changed()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
