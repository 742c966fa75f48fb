package fault

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Call is what a simulator is about to do. Notices and payments have an
// operation only; a notice's path is the one it is sent to.
type Call struct {
	Operation, Method, Path string
}

// Decision is what befalls a call: the sum of the rules that hit it.
type Decision struct {
	Delay        time.Duration // before the work
	DelayAfter   time.Duration // after the work, before the answer
	Status       int           // answered instead of working
	StatusAfter  int           // answered instead of the true answer
	RetryAfter   time.Duration
	CutBefore    bool
	CutAfter     bool
	Drop         bool
	Duplicate    bool
	Reorder      bool
	BadSignature bool
	WrongAmount  int64
	LateApproval time.Duration
	Rules        []string // ids of the rules that hit
}

// Script is a list of rules that several simulators and tests may share.
// All methods may be called at any time; a nil script hits nothing.
type Script struct {
	mu    sync.Mutex
	rules []*armed
	rnd   *rand.Rand
	last  int
}

// New returns a script with these rules; equal seeds draw equal lots. It
// panics on a rule that Set would refuse.
func New(seed uint64, rules ...Rule) *Script {
	s := &Script{rnd: rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))}
	if err := s.Set(rules...); err != nil {
		panic(err)
	}
	return s
}

// Set replaces the rules. On an error nothing changes.
func (s *Script) Set(rules ...Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.arm(rules)
	if err != nil {
		return err
	}
	s.rules = list
	return nil
}

// Add appends rules. On an error nothing changes.
func (s *Script) Add(rules ...Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.arm(rules)
	if err != nil {
		return err
	}
	s.rules = append(s.rules, list...)
	return nil
}

// Remove takes out the rule of that id and says whether there was one.
func (s *Script) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(a *armed) bool { return a.ID == id })
	return len(s.rules) < n
}

// Clear takes out all rules.
func (s *Script) Clear() { _ = s.Set() }

// Rules lists the rules with their counts.
func (s *Script) Rules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Rule, len(s.rules))
	for i, a := range s.rules {
		list[i] = a.Rule
	}
	return list
}

// Decide says what befalls a call, and counts it.
func (s *Script) Decide(c Call) Decision {
	var d Decision
	if s == nil {
		return d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.rules {
		if a.matches(c) && s.hits(a) {
			d.Rules = append(d.Rules, a.ID)
			s.apply(&d, a)
		}
	}
	return d
}

func (s *Script) hits(a *armed) bool {
	if a.Times > 0 && a.Hit >= a.Times {
		return false
	}
	a.Matched++
	if a.Nth > 0 && a.Matched != a.Nth {
		return false
	}
	if a.Probability > 0 && s.rnd.Float64() >= a.Probability {
		return false
	}
	a.Hit++
	return true
}

func (s *Script) apply(d *Decision, a *armed) {
	switch a.Action {
	case Delay:
		if a.After {
			d.DelayAfter += s.draw(a)
		} else {
			d.Delay += s.draw(a)
		}
	case Status:
		if a.After {
			d.StatusAfter = a.Status
		} else {
			d.Status = a.Status
		}
		d.RetryAfter = time.Duration(a.RetryAfter)
	case CutBefore:
		d.CutBefore = true
	case CutAfter:
		d.CutAfter = true
	case Drop:
		d.Drop = true
	case Duplicate:
		d.Duplicate = true
	case Reorder:
		d.Reorder = true
	case BadSignature:
		d.BadSignature = true
	case WrongAmount:
		d.WrongAmount += a.Amount
	case LateApproval:
		d.LateApproval = time.Duration(a.Delay)
	}
}

// draw takes a log-normal delay with the rule's median and 99th percentile,
// or the fixed one.
func (s *Script) draw(a *armed) time.Duration {
	if a.P50 == 0 {
		return time.Duration(a.Delay)
	}
	sigma := 0.0
	if a.P99 > a.P50 {
		sigma = math.Log(float64(a.P99)/float64(a.P50)) / 2.3263478740408408
	}
	return time.Duration(a.Delay) + time.Duration(float64(a.P50)*math.Exp(sigma*s.rnd.NormFloat64()))
}

func (s *Script) arm(rules []Rule) ([]*armed, error) {
	list := make([]*armed, 0, len(rules))
	for _, r := range rules {
		a, err := arm(r)
		if err != nil {
			return nil, err
		}
		if a.ID == "" {
			s.last++
			a.ID = fmt.Sprintf("rule-%d", s.last)
		}
		list = append(list, a)
	}
	return list, nil
}

// Latency is a profile for benches: every API call waits by a log-normal
// distribution, and a share of them answers 500, 503 or is cut, in equal
// parts. The provider's profile in the benches is Latency(120ms, 380ms, 0.007).
func Latency(p50, p99 time.Duration, faults float64) []Rule {
	api := "[^.]*" // operations of the API bear no dot, notices do
	list := []Rule{{ID: "latency", Method: ".+", Operation: api, Action: Delay, P50: Duration(p50), P99: Duration(p99)}}
	if faults > 0 {
		list = append(list,
			Rule{ID: "latency-500", Method: ".+", Operation: api, Action: Status, Status: 500, Probability: faults / 3},
			Rule{ID: "latency-503", Method: ".+", Operation: api, Action: Status, Status: 503, Probability: faults / 3},
			Rule{ID: "latency-cut", Method: ".+", Operation: api, Action: CutAfter, Probability: faults / 3})
	}
	return list
}
