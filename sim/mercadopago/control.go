package mercadopago

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/sim/fault"
)

// presets are the faults that the panel offers at a press.
var presets = []struct {
	Key   string
	Rules []fault.Rule
}{
	{"latency", fault.Latency(120*time.Millisecond, 380*time.Millisecond, 0.007)},
	{"slow", []fault.Rule{{ID: "slow", Method: ".+", Operation: "[^.]*", Action: fault.Delay, Delay: fault.Duration(12 * time.Second)}}},
	{"down", []fault.Rule{{ID: "down", Method: ".+", Operation: "[^.]*", Action: fault.Status, Status: 503}}},
	{"crowded", []fault.Rule{{ID: "crowded", Method: ".+", Operation: "[^.]*", Action: fault.Status, Status: 429, RetryAfter: fault.Duration(5 * time.Second)}}},
	{"cut", []fault.Rule{{ID: "cut", Operation: "legacy_create|order_create|refund_create|order_refund|payment_create|payment_update|preference_create|preapproval_create", Action: fault.CutAfter, Times: 1}}},
	{"drop", []fault.Rule{{ID: "drop", Operation: `notice\..+`, Action: fault.Drop}}},
	{"double", []fault.Rule{{ID: "double", Operation: `notice\..+`, Action: fault.Duplicate}}},
	{"reorder", []fault.Rule{{ID: "reorder", Operation: `notice\..+`, Action: fault.Reorder, Probability: 0.5}}},
	{"forged", []fault.Rule{{ID: "forged", Operation: `notice\..+`, Action: fault.BadSignature}}},
	{"wrong", []fault.Rule{{ID: "wrong", Operation: "pay", Action: fault.WrongAmount, Amount: -100, Times: 1}}},
	{"late", []fault.Rule{{ID: "late", Operation: "pay", Action: fault.LateApproval, Delay: fault.Duration(20 * time.Minute), Times: 1}}},
}

// SwitchNames are the names of all switches, as the control API writes them.
func SwitchNames() []string {
	var list []string
	for f := range reflect.TypeFor[Switches]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		list = append(list, name)
	}
	return list
}

// toggle is a switch of the panel: one that is on or off.
type toggle struct {
	Name string
	On   bool
}

func (w Switches) toggles() []toggle {
	var list []toggle
	v := reflect.ValueOf(w)
	for i, name := range SwitchNames() {
		if f := v.Field(i); f.Kind() == reflect.Bool {
			list = append(list, toggle{name, f.Bool()})
		}
	}
	return list
}

// control is the panel: what goes on, what shall go wrong, and the clock.
func (s *Simulator) control(w http.ResponseWriter, r *http.Request) { s.panel(w, r, nil) }

func (s *Simulator) panel(w http.ResponseWriter, r *http.Request, err error) {
	clock, movable := s.clock.(*posta.MovableClock)
	traffic := s.Traffic(0)
	slices.Reverse(traffic)
	deliveries := s.Deliveries()
	slices.Reverse(deliveries)
	rules := s.fault.Rules()
	on := map[string]bool{}
	for _, rule := range rules {
		on[rule.ID] = true
	}
	data := object{"now": s.clock.Now(), "movable": movable, "offset": time.Duration(0), "traffic": traffic[:min(40, len(traffic))],
		"deliveries": deliveries[:min(30, len(deliveries))], "rules": rules, "presets": presets, "on": on, "toggles": s.Switches().toggles(),
		"undecided": s.InProcess(), "accounts": s.Accounts(), "books": s.AllBooks(), "rule": r.FormValue("rule")}
	if movable {
		data["offset"] = clock.Offset()
	}
	status := http.StatusOK
	if err != nil {
		data["error"], status = err.Error(), http.StatusBadRequest
	}
	s.show(w, r, status, "control", data)
}

// controlDeed does what a form of the panel asks for and comes back to it.
func (s *Simulator) controlDeed(w http.ResponseWriter, r *http.Request) {
	if err := s.deed(r.PathValue("deed"), r); err != nil {
		s.panel(w, r, err)
		return
	}
	http.Redirect(w, r, "/sim/control", http.StatusSeeOther)
}

func (s *Simulator) deed(name string, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	switch name {
	case "clock":
		d, err := time.ParseDuration(r.FormValue("forward"))
		clock, ok := s.clock.(*posta.MovableClock)
		if err != nil || !ok || d < 0 {
			return errors.New("this clock cannot be moved so")
		}
		clock.Move(d)
		return nil
	case "preset":
		for _, p := range presets {
			if p.Key == r.FormValue("key") {
				known := false
				for _, rule := range p.Rules {
					known = s.fault.Remove(rule.ID) || known
				}
				if known {
					return nil
				}
				return s.fault.Add(p.Rules...)
			}
		}
		return errors.New("there is no such fault")
	case "rule":
		var rule fault.Rule
		d := json.NewDecoder(strings.NewReader(r.FormValue("rule")))
		d.DisallowUnknownFields()
		if err := d.Decode(&rule); err != nil {
			return err
		}
		return s.fault.Add(rule)
	case "remove":
		s.fault.Remove(r.FormValue("id"))
		return nil
	case "clear":
		s.fault.Clear()
		return nil
	case "switches":
		m := map[string]any{}
		for _, t := range (Switches{}).toggles() {
			m[t.Name] = r.FormValue(t.Name) != ""
		}
		raw, err := json.Marshal(m)
		if err != nil {
			return err
		}
		v := s.Switches()
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		return s.SetSwitches(v)
	case "settle":
		id, _ := strconv.ParseInt(r.FormValue("payment"), 10, 64)
		return s.Settle(id, r.FormValue("approve") != "")
	}
	return errors.New("there is no such deed")
}
