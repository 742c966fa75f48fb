package prisma

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/sim/fault"
)

// What can be wrong with a form of the panel; the texts are slugs.
var (
	errClock  = errors.New("clock")
	errDeed   = errors.New("deed")
	errAmount = errors.New("amount")
	errRule   = errors.New("rule")
)

// controlDeed does what a form of the panel asks for and comes back to it. What
// cannot be done is said above the form as it was filled in.
func (s *Simulator) controlDeed(w http.ResponseWriter, r *http.Request) {
	err := s.controlled(r.PathValue("deed"), r)
	if err == nil {
		http.Redirect(w, r, "/sim/control", http.StatusSeeOther)
		return
	}
	key, words := slug(err), s.words(r)
	for _, own := range []error{errClock, errDeed, errAmount, errRule} {
		if errors.Is(err, own) {
			key = own.Error()
		}
	}
	problem := sorry(words, key)
	if detail, ok := strings.CutPrefix(err.Error(), errRule.Error()+": "); ok {
		problem += " " + detail
	}
	s.panel(w, r, problem)
}

func (s *Simulator) controlled(deed string, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("%w: %w", errDeed, err)
	}
	switch deed {
	case "clock":
		d, err := time.ParseDuration(r.FormValue("forward"))
		clock, ok := s.clock.(*posta.MovableClock)
		if err != nil || !ok || d < 0 {
			return errClock
		}
		clock.Move(d)
		return nil
	case "preset":
		return s.pressPreset(r.FormValue("key"))
	case "rule":
		return s.addRule(r.FormValue("rule"))
	case "remove":
		s.fault.Remove(r.FormValue("id"))
	case "clear":
		s.fault.Clear()
	case "switches":
		return s.setToggles(r)
	case "race":
		v := s.Switches()
		v.CancelRace = r.FormValue("cancel_race")
		return s.SetSwitches(v)
	case "tokens":
		return s.expireTokens()
	case "plant":
		return s.plant(r)
	case "close-batch":
		return s.CloseBatch(r.FormValue("terminal"))
	default:
		return errDeed
	}
	s.changed.Tell()
	return nil
}

// pressPreset adds the preset's rules, or takes them out again.
func (s *Simulator) pressPreset(key string) error {
	for _, p := range presets {
		if p.Key != key {
			continue
		}
		known := false
		for _, rule := range p.Rules {
			known = s.fault.Remove(rule.ID) || known
		}
		defer s.changed.Tell()
		if known {
			return nil
		}
		return s.fault.Add(p.Rules...)
	}
	return errDeed
}

func (s *Simulator) addRule(text string) error {
	var rule fault.Rule
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&rule)
	if err == nil {
		err = s.fault.Add(rule)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errRule, err)
	}
	s.changed.Tell()
	return nil
}

func (s *Simulator) setToggles(r *http.Request) error {
	v := s.Switches()
	m := map[string]any{"error_shape": r.FormValue("error_shape")}
	for _, t := range v.toggles() {
		m[t.Name] = r.FormValue(t.Name) != ""
	}
	raw, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		return err
	}
	return s.SetSwitches(v)
}

// expireTokens ends all tokens now: the next call with one of them is 401.
func (s *Simulator) expireTokens() error {
	return s.do(func() {
		now := s.clock.Now()
		for _, t := range s.tokens {
			if now.Before(t.Expires) {
				t.Expires = now
				s.put(t)
			}
		}
	})
}

// plant makes a movement on a terminal that no till asked for.
func (s *Simulator) plant(r *http.Request) error {
	m := Movement{Type: r.FormValue("type"), Payment: r.FormValue("payment"), Brand: r.FormValue("brand")}
	if m.Type != "void" {
		amount, ok := people(r.FormValue("amount"))
		if !ok {
			return errAmount
		}
		m.Amount = amount
	}
	for _, c := range testCards {
		if c.Brand == m.Brand {
			m.Kind = c.Kind
			break
		}
	}
	return s.Plant(r.FormValue("terminal"), m)
}

var amountByHand = regexp.MustCompile(`^([0-9]{1,9}|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,([0-9]{2}))?$`)

// people reads pesos as they are written by hand, 1500, 1.500 or 1.500,50, and
// gives centavos.
func people(text string) (int64, bool) {
	parts := amountByHand.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return 0, false
	}
	whole, err := strconv.ParseInt(strings.ReplaceAll(parts[1], ".", ""), 10, 64)
	cents, _ := strconv.ParseInt(parts[2], 10, 64)
	return whole*100 + cents, err == nil && whole*100+cents > 0
}
