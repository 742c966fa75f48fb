package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"posta"
)

// streamRoutes registers the event stream of the office pages.
func (s *server) streamRoutes(mux *http.ServeMux) {
	mux.Handle("GET /events", s.member(func(v *visit) error {
		return v.stream(func(posta.Event) bool { return true }, nil)
	}))
}

// livePosition is where an open page starts to listen: what it shows was read
// after that.
func (v *visit) livePosition() int64 {
	position, err := v.s.Events.LastPosition(v.ctx())
	if err != nil {
		return 0 // it hears of more than it needs
	}
	return position
}

// streamTick is how often a stream looks whether what it watches changed, and
// shows proxies that it lives.
const streamTick = 2 * time.Second

// stream tells an open page of the merchant's events that wanted takes, from
// ?after= or Last-Event-ID on. Pages learn type and subject only, and fetch
// themselves anew. Where watch is given, what it returns is compared with ?seen=
// and then with its own last word; a change is told as "page.changed".
func (v *visit) stream(wanted func(posta.Event) bool, watch func() (string, error)) error {
	listener := v.s.Hub.Listen(v.Merchant.ID)
	defer listener.Close()
	after, known := v.streamStart()
	out, err := v.openStream()
	if err != nil {
		return nil // the reader left
	}
	tell := func(e posta.Event) {
		after = max(after, e.Position)
		if e.Mode != v.Mode || !wanted(e) {
			return
		}
		data, _ := json.Marshal(map[string]string{"type": e.Type, "subject": e.Subject}) // strings never fail
		_, _ = fmt.Fprintf(v.w, "id: %d\ndata: %s\n\n", e.Position, data)                // a reader that left shows at the flush
	}
	if known {
		missed, err := v.s.Events.MerchantEvents(v.ctx(), v.Merchant.ID, v.Mode, after, 500)
		if err != nil {
			return nil // the page comes back
		}
		for _, e := range missed {
			tell(e)
		}
	}
	seen := v.r.URL.Query().Get("seen") // what the page shows
	tick := time.NewTicker(streamTick)
	defer tick.Stop()
	for quiet := 0; ; {
		if err := out.control.Flush(); err != nil {
			return nil
		}
		select {
		case <-v.ctx().Done():
			return nil
		case e, ok := <-listener.Events():
			if !ok {
				return nil // fell behind: the page opens anew, after what it has
			}
			if e.Position > after {
				tell(e)
			}
		case <-tick.C:
			if quiet++; quiet%8 == 0 {
				_, _ = fmt.Fprint(v.w, ": here\n\n")
			}
			if watch == nil {
				continue
			}
			if now, err := watch(); err == nil && now != seen {
				seen = now
				_, _ = fmt.Fprint(v.w, "data: {\"type\":\"page.changed\"}\n\n")
			}
		}
	}
}

// streamStart is the position after which the page wants to hear.
func (v *visit) streamStart() (after int64, known bool) {
	for _, text := range []string{v.r.URL.Query().Get("after"), v.r.Header.Get("Last-Event-ID")} {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= after {
			after, known = n, true
		}
	}
	return after, known
}
