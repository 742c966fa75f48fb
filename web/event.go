package web

import (
	"encoding/json"
	"net/http"
	"time"
)

// eventRoutes registers the till's event stream.
func (s *server) eventRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till/{till}/events", s.member(s.events))
}

// heartbeat keeps proxies from closing a quiet stream.
const heartbeat = 15 * time.Second

// events tells an open till what happens to its payments: first how it stands
// now, then each change. It ends when the hub does or the reader falls behind;
// the browser comes back and hears how it stands.
func (s *server) events(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	listener := s.Hub.ListenTill(v.Merchant.ID, c.Till.ID) // before looking, so that nothing falls between
	defer listener.Close()
	hello, err := s.hello(v, c)
	if err != nil {
		return err
	}
	out, err := v.openStream()
	if err != nil {
		return err
	}
	if err := out.send(hello); err != nil {
		return nil // the reader left
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-v.ctx().Done():
			return nil
		case <-beat.C:
			err = out.beat()
		case e, ok := <-listener.Events():
			if !ok {
				return nil
			}
			if e.Mode != v.Mode {
				continue
			}
			p, lookErr := v.paymentAt(c, e.Subject)
			if lookErr != nil {
				s.Log.ErrorContext(v.ctx(), "till event not shown", "event", e.ID, "error", lookErr)
				return nil
			}
			m, makeErr := s.message(v, e.Type, s.stage(v, c, p))
			if makeErr != nil {
				s.Log.ErrorContext(v.ctx(), "till event not shown", "event", e.ID, "error", makeErr)
				return nil
			}
			err = out.send(m)
		}
		if err != nil {
			return nil // the reader left
		}
	}
}

// hello is how the till stands: its open payment, else the last one.
func (s *server) hello(v *visit, c counter) (message, error) {
	open, last, err := s.now(v, c)
	if err != nil {
		return message{}, err
	}
	if open == nil {
		open = last
	}
	if open == nil {
		return message{Type: "hello"}, nil
	}
	return s.message(v, "hello", s.stage(v, c, *open))
}

// eventWriter is an answer of server-sent events.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// openStream begins the answer. It has no end of its own, so no write may time out.
func (v *visit) openStream() (eventWriter, error) {
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := eventWriter{w: v.w, control: http.NewResponseController(v.w)}
	_ = out.control.SetWriteDeadline(time.Time{}) // not every writer has deadlines
	v.w.WriteHeader(http.StatusOK)
	_, err := v.w.Write([]byte("retry: 1000\n\n"))
	return out, err
}

func (o eventWriter) send(body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	raw = append(append([]byte("data: "), raw...), '\n', '\n')
	if _, err := o.w.Write(raw); err != nil {
		return err
	}
	return o.control.Flush()
}

func (o eventWriter) beat() error {
	if _, err := o.w.Write([]byte(": beat\n\n")); err != nil {
		return err
	}
	return o.control.Flush()
}
