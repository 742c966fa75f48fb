package mailbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"posta/sim/fault"
)

const bodyLimit = 16 << 20

// mountAPI mounts the control API (docs/simulators.md).
func (s *Simulator) mountAPI(mux *http.ServeMux) {
	for pattern, handle := range map[string]func(r *http.Request) (any, error){
		"GET /sim/mail/messages":      func(r *http.Request) (any, error) { return s.Letters(r.URL.Query().Get("to")), nil },
		"GET /sim/mail/messages/{id}": s.apiLetter,
		"GET /sim/mail/inboxes":       func(*http.Request) (any, error) { return s.Inboxes(), nil },
		"POST /sim/mail/messages/{id}/reply": ordered(func(r *http.Request, reply Reply) (any, error) {
			return s.after(r, s.Answer(r.Context(), number(r, "id"), reply))
		}),
		"POST /sim/mail/messages/{id}/bounce": ordered(func(r *http.Request, o notice) (any, error) {
			return s.after(r, s.Bounce(r.Context(), number(r, "id"), o.Address, o.Late))
		}),
		"GET /sim/mail/hook":    func(*http.Request) (any, error) { return hookBody{s.Hook()}, nil },
		"PUT /sim/mail/hook":    ordered(func(_ *http.Request, h hookBody) (any, error) { return h, s.SetHook(h.URL) }),
		"GET /sim/mail/faults":  func(*http.Request) (any, error) { return s.faults(nil) },
		"PUT /sim/mail/faults":  ordered(func(_ *http.Request, list []fault.Rule) (any, error) { return s.faults(s.fault.Set(list...)) }),
		"POST /sim/mail/faults": ordered(func(_ *http.Request, rule fault.Rule) (any, error) { return s.faults(s.fault.Add(rule)) }),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			out, err := handle(r)
			status := http.StatusOK
			if err != nil {
				status, out = statusOf(err), map[string]string{"error": err.Error()}
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(out)
		})
	}
	mux.HandleFunc("GET /sim/mail/messages/{id}/raw", func(w http.ResponseWriter, r *http.Request) {
		raw, err := s.Raw(number(r, "id"))
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(raw)
	})
}

type hookBody struct {
	URL string `json:"url"`
}

type notice struct {
	Address string `json:"address"`
	Late    bool   `json:"late"`
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrNothing):
		return http.StatusNotFound
	case errors.Is(err, ErrHook):
		return http.StatusConflict
	case errors.Is(err, ErrRefused):
		return http.StatusBadGateway
	}
	return http.StatusBadRequest
}

// number reads a number of the path; 0, which no letter has, if it is none.
func number(r *http.Request, name string) int64 {
	n, _ := strconv.ParseInt(r.PathValue(name), 10, 64)
	return n
}

// ordered reads the body strictly.
func ordered[T any](do func(*http.Request, T) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var v T
		d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, bodyLimit))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		return do(r, v)
	}
}

func (s *Simulator) apiLetter(r *http.Request) (any, error) { return s.after(r, nil) }

// after is the letter as it stands after a deed.
func (s *Simulator) after(r *http.Request, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return s.Letter(number(r, "id"))
}

func (s *Simulator) faults(err error) (any, error) {
	list := s.fault.Rules()
	if list == nil {
		list = []fault.Rule{}
	}
	return list, err
}
