package fault_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"posta/sim/fault"
)

func TestMatchesWholeAndCounts(t *testing.T) {
	s := fault.New(1, fault.Rule{ID: "a", Method: "PUT|POST", Path: "/v1/orders.*", Action: fault.Status, Times: 2})
	for i, want := range []int{500, 500, 0} {
		if d := s.Decide(fault.Call{Method: "POST", Path: "/v1/orders/1"}); d.Status != want {
			t.Fatal(i, d)
		}
	}
	if d := s.Decide(fault.Call{Method: "POST", Path: "/x/v1/orders"}); d.Status != 0 {
		t.Fatal(d)
	}
	if r := s.Rules()[0]; r.Hit != 2 || r.Matched != 2 {
		t.Fatal(r)
	}
}

func TestNthHitsOnce(t *testing.T) {
	s := fault.New(1, fault.Rule{Operation: "pay", Nth: 2, Action: fault.WrongAmount, Amount: -5})
	var got []int64
	for range 3 {
		got = append(got, s.Decide(fault.Call{Operation: "pay"}).WrongAmount)
	}
	if !slices.Equal(got, []int64{0, -5, 0}) {
		t.Fatal(got)
	}
}

func TestEqualSeedsDrawEqualLots(t *testing.T) {
	draw := func(seed uint64) (list []time.Duration) {
		s := fault.New(seed, fault.Latency(120*time.Millisecond, 380*time.Millisecond, 0.007)...)
		for range 1000 {
			list = append(list, s.Decide(fault.Call{Operation: "pay", Method: "PUT"}).Delay)
		}
		return list
	}
	a := draw(7)
	if !slices.Equal(a, draw(7)) || slices.Equal(a, draw(8)) {
		t.Fatal("the lots do not follow the seed")
	}
}

func TestLatencyProfile(t *testing.T) {
	s := fault.New(3, fault.Latency(120*time.Millisecond, 380*time.Millisecond, 0.007)...)
	const n = 40000
	var delays []time.Duration
	faults := 0
	for range n {
		d := s.Decide(fault.Call{Operation: "legacy_create", Method: "PUT"})
		delays = append(delays, d.Delay)
		if d.Status != 0 || d.CutAfter {
			faults++
		}
	}
	slices.Sort(delays)
	p50, p99 := delays[n/2], delays[n*99/100]
	if p50 < 115*time.Millisecond || p50 > 125*time.Millisecond || p99 < 350*time.Millisecond || p99 > 410*time.Millisecond {
		t.Fatal(p50, p99)
	}
	if share := float64(faults) / n; share < 0.005 || share > 0.009 {
		t.Fatal(share)
	}
	if d := s.Decide(fault.Call{Operation: "notice.webhook.payment", Method: "POST"}); d.Delay != 0 {
		t.Fatal("a notice was delayed")
	}
}

func TestRefusesNonsenseWhole(t *testing.T) {
	s := fault.New(1, fault.Rule{ID: "kept", Action: fault.Drop})
	for _, r := range []fault.Rule{{Action: "dance"}, {Action: fault.Drop, Path: "("}, {Action: fault.Drop, Probability: 2}, {Action: fault.Status, Status: 99},
		{Action: fault.Delay, P50: fault.Duration(time.Second), P99: fault.Duration(time.Millisecond)}} {
		if s.Set(fault.Rule{Action: fault.Drop}, r) == nil || s.Add(r) == nil {
			t.Fatal(r)
		}
	}
	if list := s.Rules(); len(list) != 1 || list[0].ID != "kept" {
		t.Fatal(list)
	}
}

func TestWritesDurationsAsText(t *testing.T) {
	var r fault.Rule
	if err := json.Unmarshal([]byte(`{"action":"delay","p50":"120ms","p99":"380ms"}`), &r); err != nil || r.P50 != fault.Duration(120*time.Millisecond) {
		t.Fatal(r, err)
	}
	raw, err := json.Marshal(r)
	if err != nil || string(raw) != `{"action":"delay","p50":"120ms","p99":"380ms"}` {
		t.Fatal(string(raw), err)
	}
}

func TestNilScriptHitsNothing(t *testing.T) {
	var s *fault.Script
	if d := s.Decide(fault.Call{}); d.Status != 0 || d.Drop {
		t.Fatal(d)
	}
}
