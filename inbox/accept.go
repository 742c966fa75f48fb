package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/provider"
)

// MaxBody is the largest notification taken, in bytes.
const MaxBody = 64 << 10

// maxUnreadable is how much is kept of what cannot be understood, in bytes.
const maxUnreadable = 4 << 10

// Accept stores a delivery durably; only then may it be acknowledged. Errors:
// not_found (unknown connection, or one whose provider sends none), too_large, invalid (not a notice at all: a
// bounded copy is kept, and it is not to be acknowledged).
func (s *Service) Accept(ctx context.Context, c posta.ConnectionID, query string, header http.Header, body []byte) error {
	source, err := s.source(ctx, c)
	if err != nil {
		return err
	}
	if s.Read[source.Provider] == nil {
		return &posta.Error{Code: posta.CodeNotFound, Cause: errors.New("provider " + source.Provider + " sends no notices")}
	}
	if len(body) > MaxBody || len(query) > 4<<10 {
		return &posta.Error{Code: posta.CodeTooLarge}
	}
	now := s.Clock.Now()
	n := Notification{ID: posta.NewID[posta.NotificationID](now), MerchantID: source.MerchantID, Mode: source.Mode,
		ConnectionID: c, State: Received, DueAt: now,
		Delivery: provider.Delivery{Query: query, Header: kept(header), Body: body, ReceivedAt: now}}
	readable := storable(query, body)
	if !readable {
		n.Delivery.Body = body[:min(len(body), maxUnreadable)]
		n.State, n.Result, n.DueAt, n.HandledAt = Ignored, ResultUnreadable, time.Time{}, now
		n.Verdict.Judgement = provider.Unreadable
	}
	if err := s.Store.InsertNotification(ctx, n); err != nil {
		return err
	}
	if !readable {
		return posta.Invalid("body", "json")
	}
	s.Wake()
	return nil
}

// storable reports whether a delivery can be a notice: a JSON object, or an
// empty body with id and topic in the query (IPN, docs/providers/mercadopago.md §8.1).
func storable(query string, body []byte) bool {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		values := provider.Delivery{Query: query}.Values()
		return values.Get("id") != "" && values.Get("topic") != ""
	}
	return trimmed[0] == '{' && json.Valid(trimmed)
}

// What is kept of headers that anybody can send: each at most maxHeader bytes,
// all together maxHeaders.
const (
	maxHeader  = 1 << 10
	maxHeaders = 8 << 10
)

// kept are the headers worth keeping: first those that say who sent it.
func kept(h http.Header) http.Header {
	out, room := http.Header{}, maxHeaders
	keep := func(name string) {
		size := 0
		for _, value := range h[name] {
			size += len(name) + len(value)
		}
		if _, done := out[name]; !done && size <= min(maxHeader, room) && len(h[name]) > 0 {
			out[name], room = h[name], room-size
		}
	}
	for _, name := range []string{"X-Signature", "X-Request-Id", "Content-Type", "User-Agent"} {
		keep(name)
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if strings.HasPrefix(name, "X-") {
			keep(name)
		}
	}
	return out
}
