package inbox_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/provider"
)

// all handles at the same time.
func all(handlings []func()) {
	var running sync.WaitGroup
	for _, handle := range handlings {
		running.Go(handle)
	}
	running.Wait()
}

// tick sweeps often while the clock moves on by span, as the loop would.
func (d *desk) tick(span, step time.Duration) {
	d.t.Helper()
	for end := d.clock.Now().Add(span); d.clock.Now().Before(end); d.clock.Move(step) {
		for handlings := d.claim(); len(handlings) > 0; handlings = d.claim() {
			all(handlings)
		}
	}
}

// Seen red under: handlings that decide at the same time (no turns); no spacing.
func TestABurstOfDoubtfulNoticesCausesFewFetches(t *testing.T) {
	for verdict, space := range map[provider.Judgement]time.Duration{
		provider.BadSignature: 10 * time.Second, provider.Stale: 10 * time.Second, provider.Unverifiable: 250 * time.Millisecond,
	} {
		for what, answer := range map[string]func(provider.Notice) (inbox.Handling, error){
			"known": finds(inbox.Handling{Payment: somePayment}), "not ours": finds(inbox.Handling{}),
			"unknown": refuses(&posta.Error{Code: posta.CodeNotFound}), "unanswered": refuses(lost),
		} {
			if verdict != provider.BadSignature && what != "known" && what != "unknown" {
				continue
			}
			t.Run(fmt.Sprintf("%s, %s", verdict, what), func(t *testing.T) {
				each(t, func(t *testing.T, d *desk) {
					d.answers(answer)
					var accepting []func()
					for i := range 100 {
						accepting = append(accepting, func() {
							if err := d.Accept(t.Context(), d.world.Connection.ID, "", nil, told{Resource: "1", Status: fmt.Sprint(i), Action: "a", Verdict: verdict}.body()); err != nil {
								t.Error(err)
							}
						})
					}
					all(accepting)
					d.tick(space, space/5)
					if n := d.fetches(); n > 2 || n < 1 {
						t.Fatalf("%d fetches within %s", n, space)
					}
					d.tick(space, space/5)
					if n := d.fetches(); n > 3 || what == "known" && n != 2 {
						t.Fatalf("%d fetches within twice %s", n, space)
					}
					for i := 1; i < len(d.at); i++ {
						if gap := d.at[i].Sub(d.at[i-1]); gap < space {
							t.Errorf("fetched again after %s", gap)
						}
					}
					if what != "known" {
						return
					}
					d.tick(2*space+6*time.Second, space+3*time.Second)
					results := map[inbox.Result]int{}
					for _, n := range d.list() {
						results[n.Result]++
					}
					if results[inbox.ResultFetched] != 98 || results[inbox.ResultNothingNew] != 2 {
						t.Errorf("%v", results)
					}
				})
			})
		}
	}
}

// Whatever anybody sends, it comes to an end: what waits for its turn and
// leads to no payment does not wait for ever. Seen red under: turns not counted.
func TestDoubtfulNoticesOfNothingOfOursComeToAnEnd(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(finds(inbox.Handling{}))
		for i := range 60 {
			d.accept(told{Resource: "1", Status: fmt.Sprint(i), Action: "a", Verdict: provider.BadSignature})
		}
		for range 20 {
			all(d.claim())
			d.clock.Move(7 * time.Hour)
		}
		for _, n := range d.list() {
			if n.State != inbox.Ignored {
				t.Fatalf("%s %q after %d tries, due %v", n.State, n.Result, n.Tries, n.DueAt)
			}
		}
		if n := d.fetches(); n > 20 {
			t.Errorf("%d fetches", n)
		}
	})
}

// Other resources and verified notices do not wait for doubtful ones. Seen red
// under: verified ones spaced, too.
func TestDoubtfulNoticesHoldUpNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.accept(told{Resource: "1", Status: "a", Action: "a", Verdict: provider.BadSignature})
		d.accept(told{Resource: "1", Status: "b", Action: "a", Verdict: provider.BadSignature})
		real := d.accept(told{Resource: "1", Status: "c", Action: "a"})
		other := d.accept(told{Resource: "2", Status: "a", Action: "a", Verdict: provider.BadSignature})
		all(d.claim())
		d.want(real, inbox.Handled, inbox.ResultChanged)
		d.want(other, inbox.Handled, inbox.ResultChanged)
		if n := d.fetches(); n < 2 || n > 3 {
			t.Errorf("%d fetches", n)
		}
	})
}

// Promise 10, too. Seen red under: no spacing.
func TestP10_StaleIsAskedForRarely(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i := range 20 { // one each second
			d.accept(told{Resource: "1", Status: fmt.Sprint(i), Action: "a", Verdict: provider.Stale})
			d.sweep()
			d.clock.Move(time.Second)
		}
		d.wantFetches(2)
		for range 3 {
			d.later(10 * time.Second)
		}
		d.wantFetches(3)
		for _, n := range d.list() {
			if n.State != inbox.Handled {
				t.Errorf("%s %q", n.State, n.Result)
			}
		}
	})
}
