package prisma

import "net/http"

// own mounts what is the simulator's own, below /sim/. Requests that another
// site's page sends are refused.
func (s *Simulator) own(mux *http.ServeMux) {
	inner := http.NewServeMux()
	s.mountAPI(inner)
	mux.Handle("/sim/", http.NewCrossOriginProtection().Handler(inner))
}
