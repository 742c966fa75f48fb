package inbox_test

import (
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/provider"
)

// Promise 10. Seen red under: known does not ask Told; the key without the status.
func TestP10_ARedeliveryIsAnsweredAndHasNoSecondEffect(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		first := d.accept(told{Resource: "1", Action: "order.processed", Status: "processed", Version: "3"})
		d.sweep()
		d.want(first, inbox.Handled, inbox.ResultChanged)
		d.clock.Move(15 * time.Minute)
		again := d.accept(told{Resource: "1", Action: "order.processed", Status: "processed", Version: "3"})
		d.sweep()
		d.wantFetches(1)
		if n := d.want(again, inbox.Handled, inbox.ResultDuplicate); n.Payment != somePayment || !n.FetchedAt.IsZero() {
			t.Errorf("payment %q, fetched %v", n.Payment, n.FetchedAt)
		}
		d.later(10 * time.Hour)
		d.wantFetches(1)
	})
}

func TestP10_DedupeIsByTopicResourceAndVersionOrActionWithStatus(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		versioned := told{Resource: "1", Action: "a", Status: "s", Version: "3"}
		plain := told{Resource: "2", Action: "a", Status: "s"}
		vague := told{Resource: "3", Action: "a"}
		for _, first := range []told{versioned, plain, vague} {
			d.accept(first)
		}
		d.sweep()
		for name, tc := range map[string]struct {
			again told
			same  bool
		}{
			"version":               {versioned, true},
			"version, other action": {told{Resource: "1", Action: "b", Status: "s", Version: "3"}, true},
			"other version":         {told{Resource: "1", Action: "a", Status: "s", Version: "4"}, false},
			"version, other status": {told{Resource: "1", Action: "a", Status: "t", Version: "3"}, false},
			"action and status":     {plain, true},
			"other action":          {told{Resource: "2", Action: "b", Status: "s"}, false},
			"other status":          {told{Resource: "2", Action: "a", Status: "t"}, false},
			"other topic":           {told{Resource: "2", Action: "a", Status: "s", Topic: "payment"}, false},
			"other resource":        {told{Resource: "4", Action: "a", Status: "s"}, false},
			"says too little":       {vague, false},
		} {
			d.clock.Move(time.Minute)
			before := d.fetches()
			id := d.accept(tc.again)
			d.sweep()
			if n := d.get(id); n.State != inbox.Handled || (n.Result == inbox.ResultDuplicate) != tc.same || (d.fetches() == before) != tc.same {
				t.Errorf("%s: %s %q with %d fetches", name, n.State, n.Result, d.fetches()-before)
			}
		}
	})
}

// A notice that anybody could have sent must not have a real one taken for its
// repeat. Seen red under: Told believed whatever it finds; worth not compared; a
// notice of an order found open settles.
func TestP10_AForgedNoticeDoesNotSilenceTheRealOne(t *testing.T) {
	for name, tc := range map[string]struct {
		forged provider.Judgement
		real   provider.Judgement
		saw    inbox.Handling // what the forged one's fetch found
	}{
		"forged before the payment":           {provider.BadSignature, provider.Verified, inbox.Handling{Payment: somePayment, Open: true}},
		"stale copy":                          {provider.Stale, provider.Verified, inbox.Handling{Payment: somePayment}},
		"unsigned by design, before it is so": {provider.Unverifiable, provider.Unverifiable, inbox.Handling{Payment: somePayment, Open: true}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.answers(finds(tc.saw))
				d.accept(told{Resource: "1", Status: "closed", Version: "1", Verdict: tc.forged})
				d.sweep()
				d.wantFetches(1)
				d.clock.Move(time.Minute)
				d.answers(finds(inbox.Handling{Payment: somePayment, Changed: true}))
				id := d.accept(told{Resource: "1", Status: "closed", Version: "1", Verdict: tc.real})
				d.sweep()
				d.wantFetches(2)
				d.want(id, inbox.Handled, inbox.ResultChanged)
			})
		})
	}
}

// Seen red under: no fetch satisfies.
func TestP10_WhatSaysTooLittleIsSatisfiedByAFetchBegunAfterItCameIn(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		early := d.accept(told{Resource: "1"})
		d.clock.Move(time.Second)
		late := d.accept(told{Resource: "1"})
		other := d.accept(told{Resource: "2"})
		for _, handle := range d.claim() { // one after the other, in whatever order
			d.clock.Move(time.Second)
			handle()
		}
		results := map[inbox.Result]int{}
		for _, id := range []posta.NotificationID{early, late} {
			n := d.get(id)
			results[n.Result]++
			if n.State != inbox.Handled || n.Payment != somePayment {
				t.Errorf("%s %q", n.State, n.Payment)
			}
		}
		if results[inbox.ResultChanged] != 1 || results[inbox.ResultFetched] != 1 {
			t.Errorf("%v", results)
		}
		d.want(other, inbox.Handled, inbox.ResultChanged)
		d.wantFetches(2)
	})
}

// A fetch that began before a notice came in may have seen the world without
// its news. Seen red under: any fetch satisfies.
func TestP10_AFetchBegunBeforeItCameInNeverSatisfies(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var second posta.NotificationID
		d.answers(func(provider.Notice) (inbox.Handling, error) {
			if second == "" { // it comes in while the first fetch is under way
				d.clock.Move(time.Second)
				second = d.accept(told{Resource: "1"})
			}
			return inbox.Handling{Payment: somePayment}, nil
		})
		d.accept(told{Resource: "1"})
		d.claim()[0]()
		d.clock.Move(time.Second)
		d.sweep()
		d.wantFetches(2)
		d.want(second, inbox.Handled, inbox.ResultNothingNew)
		// At the same moment nobody can tell which was first.
		d.accept(told{Resource: "1"})
		d.sweep()
		d.accept(told{Resource: "1"})
		d.sweep()
		d.wantFetches(4)
	})
}

// A fetch under way has seen nothing yet, and may fail. Seen red under: the
// payment of the time before kept while a replayed notice's fetch is under way.
func TestP10_AFetchUnderWayNeverSatisfies(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		first := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.clock.Move(time.Second)
		second := d.accept(told{Resource: "1"})
		pending := d.claim()
		d.clock.Move(time.Second)
		if err := d.Replay(t.Context(), d.world.Merchant.ID, first); err != nil {
			t.Fatal(err)
		}
		nested := false
		d.answers(func(n provider.Notice) (inbox.Handling, error) {
			if n.Version == "" {
				return inbox.Handling{Payment: somePayment, Changed: true}, nil
			}
			if !nested {
				nested = true
				d.clock.Move(time.Second)
				pending[0]()
			}
			return inbox.Handling{}, lost
		})
		d.claim()[0]()
		d.want(second, inbox.Handled, inbox.ResultChanged)
		d.wantFetches(3)
	})
}

// Seen red under: the payment kept from an answer that came with an error.
func TestP10_AFetchThatFailedHalfwayIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(func(provider.Notice) (inbox.Handling, error) {
			return inbox.Handling{Payment: somePayment}, lost
		})
		d.clock.Move(time.Second)
		id := d.accept(told{Resource: "1"})
		claimed := d.claim()
		d.clock.Move(time.Millisecond) // it waits for its turn
		claimed[0]()
		d.want(id, inbox.Waiting, inbox.ResultUnanswered)
		d.answers(finds(inbox.Handling{Payment: somePayment, Changed: true}))
		d.later(2 * time.Second)
		d.wantFetches(2)
		d.want(id, inbox.Handled, inbox.ResultChanged)
	})
}

// Two notices that tell the same, handled by two replicas at the same time, are
// both handled and the owner, who may be asked twice, sees to one effect.
func TestP10_TheSameNewsAtTwoReplicasAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		a := d.accept(told{Resource: "1", Version: "1"})
		b := d.accept(told{Resource: "1", Version: "1"})
		handlings := d.claim()
		done := make(chan struct{})
		for _, handle := range handlings {
			go func() {
				defer func() { done <- struct{}{} }()
				handle()
			}()
		}
		<-done
		<-done
		for _, id := range []posta.NotificationID{a, b} {
			if n := d.get(id); n.State != inbox.Handled || n.Payment != somePayment {
				t.Errorf("%s %q %q", n.State, n.Result, n.Payment)
			}
		}
	})
}

// The clock was an hour ahead and is set right: what is told afterwards is not
// taken for fetched already.
func TestAClockSetBackLosesNoNotice(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.accept(told{Resource: "r", Action: "opened"})
		d.sweep()
		d.wantFetches(1)
		d.clock.Move(-time.Hour)
		d.accept(told{Resource: "r", Action: "refunded"})
		d.sweep()
		d.wantFetches(2)
	})
}
