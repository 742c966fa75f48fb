package prisma

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// terminalDeed does what a key of a terminal, or a button beside it, asks for,
// and goes back to the terminal.
func (s *Simulator) terminalDeed(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	more, err := s.pressed(id, r.PathValue("deed"), r)
	if err != nil {
		more = url.Values{"e": {slug(err)}}
	}
	to := url.URL{Path: "/sim/terminal/" + id, RawQuery: more.Encode()}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// pressed does it. What it returns is asked of the person next.
func (s *Simulator) pressed(id, deed string, r *http.Request) (url.Values, error) {
	switch deed {
	case "take":
		return nil, s.Take(id, r.FormValue("intent"))
	case "present":
		return s.presentedBy(id, readHand(r.PostFormValue))
	case "confirm":
		return nil, s.Confirm(id)
	case "cancel":
		return nil, s.CancelAt(id)
	case "power":
		return nil, s.SetPower(id, r.FormValue("on") != "")
	case "paper":
		return nil, s.SetPaper(id, r.FormValue("on") != "")
	case "cut":
		return nil, s.CutPower(id, Cut(r.FormValue("when")))
	case "outcome":
		return nil, s.SetOutcome(id, r.FormValue("outcome"))
	case "close-batch":
		return nil, s.CloseBatch(id)
	}
	return nil, fmt.Errorf("%w: no such deed", ErrState)
}

// presentedBy presents the card once everything that the terminal asks of its
// holder was answered. A card that the till does not want is refused before.
func (s *Simulator) presentedBy(terminal string, h hand) (url.Values, error) {
	list := s.Terminals()
	n := slices.IndexFunc(list, func(t TerminalState) bool { return t.ID == terminal })
	switch {
	case n < 0:
		return nil, ErrTerminal
	case list[n].Current == nil || list[n].Current.ID != h.Intent || list[n].Current.Step != StepCard:
		return nil, fmt.Errorf("%w: the terminal does not wait for this", ErrState)
	}
	i := *list[n].Current
	c, ok := findCard(h.Card)
	if !ok || !slices.Contains(entries, h.Entry) {
		return nil, fmt.Errorf("%w: no such card", ErrCard)
	}
	if err := s.refuses(i.ID, h.presented(i, c)); err != nil {
		return nil, err
	}
	if h.asks(i, c) != "" {
		q := url.Values{}
		for _, f := range h.Query() {
			q.Set(f[0], f[1])
		}
		return q, nil
	}
	return nil, s.Present(terminal, h.presented(i, c))
}

// refuses says why the terminal would not take a card for an intent.
func (s *Simulator) refuses(id string, card Card) (err error) {
	s.look(func() {
		if i := s.intents[id]; i != nil {
			trial := *i
			err = trial.accept(&card)
		}
	})
	return err
}
