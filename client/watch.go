package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta"
)

// Event is something that happened. The first one of a payment, till or settlement is of
// type "state" and tells how it stands.
type Event struct {
	Position  int64           `json:"position"`
	ID        posta.EventID   `json:"id"`
	Type      string          `json:"type"` // "payment.paid"
	Subject   string          `json:"subject"`
	TillID    posta.TillID    `json:"till_id"`
	Data      json.RawMessage `json:"data"`
	CreatedAt time.Time       `json:"created_at"`
	Payment   *Payment        `json:"-"` // of state and payment.*; nil where a till is free
	// Settlement is of state and settlement.*.
	Settlement *Settlement `json:"-"`
}

// Done, returned by the function given to Watch, ends it without an error.
var Done error = done{}

type done struct{}

func (done) Error() string { return "done" }

// silence is how long a stream may say nothing, heartbeats included.
const silence = 40 * time.Second

// Watch follows a payment (pay_…), a till (til_…), a settlement (stl_…) or, with
// id "", everything,
// until ctx ends or f returns an error. A lost line is taken up again where it
// broke off: nothing is missed or told twice. Errors: the hub's, where trying
// again would not help; f's.
func (c *Client) Watch(ctx context.Context, id string, f func(Event) error) error {
	path := "/v1/events/stream"
	switch {
	case strings.HasPrefix(id, "pay_"):
		path = "/v1/payments/" + url.PathEscape(id) + "/events"
	case strings.HasPrefix(id, "til_"):
		path = "/v1/tills/" + url.PathEscape(id) + "/events"
	case strings.HasPrefix(id, "stl_"):
		path = settlementPath(posta.SettlementID(id)) + "/events"
	case id != "":
		return &posta.Error{Code: posta.CodeNotFound}
	}
	w := &watch{client: c, path: path, hand: f}
	for failures := 0; ; {
		heard, err := w.once(ctx)
		switch {
		case errors.Is(err, Done):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case w.stop != nil:
			return w.stop
		case err != nil && !again(err):
			return err
		}
		if failures++; heard {
			failures = 1
		}
		if err := pause(ctx, min(time.Duration(failures)*time.Second/2, 10*time.Second)); err != nil {
			return err
		}
	}
}

type watch struct {
	client *Client
	path   string
	last   string // position of the last event handed on
	hand   func(Event) error
	stop   error // what hand returned
}

// once follows one line until it breaks, and reports whether it said anything.
func (w *watch) once(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := w.client.request(ctx, http.MethodGet, w.path, nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Accept", "text/event-stream")
	if w.last != "" {
		r.Header.Set("Last-Event-ID", w.last)
	}
	endless := *w.client.http
	endless.Timeout = 0
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	answer, err := endless.Do(r)
	if err != nil {
		return false, &posta.Error{Code: posta.CodeUnavailable, Cause: err}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
		return false, problem(answer, raw)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxAnswer)
	var id, kind, data string
	for lines.Scan() {
		watchdog.Reset(silence)
		heard = true
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if data != "" {
				if err := w.take(id, kind, data); err != nil {
					return true, err
				}
			}
			kind, data = "", ""
		case name == "id":
			id = value
		case name == "event":
			kind = value
		case name == "data":
			data += value
		}
	}
	return heard, nil
}

func (w *watch) take(id, kind, data string) error {
	var e Event
	if kind == "state" {
		var now struct {
			TillID     posta.TillID `json:"till_id"`
			Payment    *Payment     `json:"payment"`
			Settlement *Settlement  `json:"settlement"`
		}
		if err := json.Unmarshal([]byte(data), &now); err != nil {
			return err
		}
		e = Event{Type: kind, TillID: now.TillID, Payment: now.Payment, Settlement: now.Settlement, Data: json.RawMessage(data)}
		if now.Payment != nil {
			e.Subject, e.TillID = string(now.Payment.ID), now.Payment.Till
		}
		if now.Settlement != nil {
			e.Subject = string(now.Settlement.ID)
		}
	} else {
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return err
		}
		if strings.HasPrefix(e.Type, "payment.") {
			e.Payment = &Payment{}
			if err := json.Unmarshal(e.Data, e.Payment); err != nil {
				return err
			}
		}
		if strings.HasPrefix(e.Type, "settlement.") {
			e.Settlement = &Settlement{}
			if err := json.Unmarshal(e.Data, e.Settlement); err != nil {
				return err
			}
		}
	}
	e.Position, _ = strconv.ParseInt(id, 10, 64)
	if err := w.hand(e); err != nil {
		w.stop = err
		return err
	}
	w.last = id
	return nil
}
