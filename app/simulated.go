package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// simulated is a provider's simulator, served on an address of its own.
type simulated struct {
	listener net.Listener
	server   *http.Server
	simulator
}

type simulator interface {
	Handler() http.Handler
	Run(ctx context.Context) error
	Close() error
	SetPublicURL(address string)
}

// simulate serves what open makes on an address. Errors: conflict when the
// address is taken; open's.
func simulate(what, flag, address string, open func() (simulator, error)) (*simulated, error) {
	listener, err := listen(what, flag, address)
	if err != nil {
		return nil, err
	}
	s, err := open()
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	out := &simulated{listener: listener, simulator: s}
	s.SetPublicURL(out.url())
	out.server = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	return out, nil
}

func (s *simulated) url() string { return "http://" + s.listener.Addr().String() }

// serveMail puts the pages of the mailbox beside the simulator's own, on its
// address.
func (s *simulated) serveMail(inboxes http.Handler) {
	own := s.server.Handler
	s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; p == "/sim/mail" || strings.HasPrefix(p, "/sim/mail/") || strings.HasPrefix(p, "/static/mail.") {
			inboxes.ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	})
}

func (s *simulated) serve() error { return s.server.Serve(s.listener) }

// stop lets requests under way finish, for a while.
func (s *simulated) stop(limit context.Context) {
	if s.server.Shutdown(limit) != nil {
		s.server.Close()
	}
}

func (s *simulated) close() error { return errors.Join(ignoreClosed(s.listener.Close()), s.Close()) }
