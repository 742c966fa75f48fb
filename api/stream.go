package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"posta"
	"posta/live"
)

const (
	heartbeat  = 15 * time.Second
	takeLimit  = 30 * time.Second // how long a reader may take for one message
	pageOfPast = 500              // events read from the store at once
	longAbsent = 5000             // positions after which a page is told how things stand, not what happened
)

// stream answers with Server-Sent Events: how things stand (if state is not
// nil and the reader is new or was long away), what the reader missed, then
// what happens: at the till, or with till "" anywhere. It ends when the reader falls behind or the hub stops; readers
// come back with the position of the last message.
func (a *server) stream(ctx context.Context, last string, till posta.TillID, wanted func(posta.Event) bool, state func(context.Context) (any, error)) (*huma.StreamResponse, error) {
	key := callOf(ctx).key
	position, resumed := int64(0), last != ""
	if resumed {
		var err error
		if position, err = strconv.ParseInt(last, 10, 64); err != nil || position < 0 {
			return nil, posta.Invalid("Last-Event-ID", "integer")
		}
	}
	listener := a.Hub.ListenTill(key.MerchantID, till) // before the past is read, so that nothing falls between
	now, err := a.Events.LastPosition(ctx)
	if err != nil {
		listener.Close()
		return nil, err
	}
	position = min(position, now) // a reader from another time
	var first any
	if !resumed || state != nil && now-position > longAbsent {
		position = now
		if state != nil {
			if first, err = state(ctx); err != nil {
				listener.Close()
				return nil, err
			}
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer listener.Close()
		r, w := humago.Unwrap(hc)
		s := &sse{w: w, out: http.NewResponseController(w)}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no")
		_ = s.out.SetReadDeadline(time.Time{})
		w.WriteHeader(http.StatusOK)
		if s.raw("retry: 1000\n\n") != nil {
			return
		}
		if first != nil && s.message(position, "state", encode(first)) != nil {
			return
		}
		follow := func(e posta.Event) error {
			if e.Position <= position {
				return nil
			}
			position = e.Position
			if e.Mode != key.Mode || !wanted(e) {
				return nil
			}
			return s.message(e.Position, e.Type, encode(e))
		}
		for resumed && position < now {
			past, err := a.Events.MerchantEvents(r.Context(), key.MerchantID, key.Mode, position, pageOfPast)
			if err != nil {
				return
			}
			for _, e := range past {
				if follow(e) != nil {
					return
				}
			}
			if len(past) < pageOfPast {
				break
			}
		}
		s.follow(r.Context(), listener, follow)
	}}, nil
}

// sse writes messages, each at once and in its own time.
type sse struct {
	w   http.ResponseWriter
	out *http.ResponseController
}

// follow hands on what the listener hears until the reader or the hub is gone.
func (s *sse) follow(ctx context.Context, listener *live.Listener, hand func(posta.Event) error) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-listener.Events():
			if !open || hand(e) != nil {
				return
			}
		case <-beat.C:
			if s.raw(": beat\n\n") != nil {
				return
			}
		}
	}
}

func (s *sse) message(position int64, event string, data []byte) error {
	var out strings.Builder
	out.WriteString("id: " + strconv.FormatInt(position, 10) + "\nevent: " + event + "\ndata: ")
	out.Write(data) // one line of JSON and its end
	out.WriteByte('\n')
	return s.raw(out.String())
}

func (s *sse) raw(text string) error {
	extend(s.out, takeLimit)
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.out.Flush()
}
