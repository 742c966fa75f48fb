package inbox_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/provider"
	"posta/work"
)

// Promise 14. Seen red under: not_found ends it.
func TestP14_ANoticeOfAPaymentNotKnownYetIsKeptAndTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(refuses(&posta.Error{Code: posta.CodeNotFound}))
		id := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.want(id, inbox.Waiting, inbox.ResultUnknown)
		d.later(499 * time.Millisecond)
		d.wantFetches(1)
		d.later(time.Millisecond)
		d.wantFetches(2)
		d.answers(finds(inbox.Handling{Payment: somePayment, Changed: true}))
		d.later(5 * time.Second)
		if n := d.want(id, inbox.Handled, inbox.ResultChanged); n.Payment != somePayment || n.Tries != 2 {
			t.Errorf("payment %q after %d tries", n.Payment, n.Tries)
		}
		d.later(24 * time.Hour)
		d.wantFetches(3)
		// The same, told again, is a repeat of the one that waited.
		again := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.want(again, inbox.Handled, inbox.ResultDuplicate)
	})
}

// A repeat of a notice that still waits is no repeat of anything handled.
// Seen red under: Told finds those that wait, too, and any result settles.
func TestP14_TheRepeatOfOneThatWaitsIsHandledAndThenItIsARepeat(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(refuses(lost))
		first := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.clock.Move(200 * time.Millisecond)
		d.answers(finds(inbox.Handling{Payment: somePayment, Changed: true}))
		second := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.want(second, inbox.Handled, inbox.ResultChanged)
		d.later(time.Second)
		d.want(first, inbox.Handled, inbox.ResultDuplicate)
		d.wantFetches(2)
	})
}

// Six waits within about seven hours, then an end. Seen red under: no last wait.
func TestP14_AfterTheLastWaitItEnds(t *testing.T) {
	for result, err := range map[inbox.Result]error{
		inbox.ResultUnknown: &posta.Error{Code: posta.CodeNotFound}, inbox.ResultUnanswered: lost,
	} {
		t.Run(string(result), func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.answers(refuses(err))
				began := d.clock.Now()
				id := d.accept(told{Resource: "1", Version: "1"})
				d.sweep()
				for n := d.get(id); !n.DueAt.IsZero(); n = d.get(id) {
					d.want(id, inbox.Waiting, result)
					d.later(n.DueAt.Sub(d.clock.Now()) - time.Microsecond)
					d.wantFetches(n.Tries)
					d.later(time.Microsecond)
				}
				var waits []time.Duration
				for i, at := range d.at {
					waits = append(waits, at.Sub(began))
					began = d.at[i]
				}
				if want := []time.Duration{0, 500 * time.Millisecond, 5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}; !slices.Equal(waits, want) {
					t.Errorf("waits %v", waits)
				}
				d.want(id, inbox.Ignored, result)
			})
		})
	}
}

// Seen red under: RetryAfter not looked at.
func TestP14_WhenTheProviderSaysWhenItIsNotAskedBefore(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(refuses(&posta.Error{Code: posta.CodeRateLimited, RetryAfter: 90 * time.Second}))
		d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.later(89 * time.Second)
		d.wantFetches(1)
		d.answers(refuses(&posta.Error{Code: posta.CodeRateLimited, RetryAfter: time.Second}))
		d.later(time.Second)
		d.wantFetches(2)
		d.later(4 * time.Second) // ours is longer: 5 s
		d.wantFetches(2)
		d.later(time.Second)
		d.wantFetches(3)
	})
}

// While the secrets cannot be read nothing is judged: a good signature would
// be called a bad one. Seen red under: read without secrets.
func TestWithoutSecretsNothingIsJudged(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		secret := d.Secret
		d.Secret = func(context.Context, posta.ConnectionID) ([]provider.Secret, error) { return nil, full }
		id := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		if n := d.want(id, inbox.Waiting, inbox.ResultUnanswered); n.Verdict.Judgement == provider.BadSignature {
			t.Errorf("judged %q", n.Verdict.Judgement)
		}
		d.wantFetches(0)
		d.Secret = secret
		d.later(2 * time.Second)
		if n := d.want(id, inbox.Handled, inbox.ResultChanged); n.Verdict.Judgement != provider.Verified {
			t.Errorf("judged %q", n.Verdict.Judgement)
		}
	})
}

func TestWhatNobodyOwnsIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		topic := d.accept(told{Resource: "1", Topic: "claims"})
		foreign := d.accept(told{Resource: "2"})
		d.answers(finds(inbox.Handling{}))
		d.sweep()
		d.want(topic, inbox.Ignored, inbox.ResultNoTopic)
		d.want(foreign, inbox.Ignored, inbox.ResultNotOurs)
		d.wantFetches(1)
		// Told again later it is asked for again: it may be ours by now.
		d.clock.Move(time.Minute)
		d.accept(told{Resource: "2", Version: "1"})
		d.sweep()
		d.wantFetches(2)
	})
}

// Seen red under: a claim without lease.
func TestWhoeverDiesLeavesItToBeTakenAfterTheLease(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.accept(told{Resource: "1", Version: "1"})
		if len(d.claim()) != 1 { // taken by one who never comes to handle it
			t.Fatal("not due")
		}
		d.later(29 * time.Second)
		d.wantFetches(0)
		d.later(time.Second)
		d.wantFetches(1)
		d.want(id, inbox.Handled, inbox.ResultChanged)
		d.later(24 * time.Hour)
		d.wantFetches(1)
	})
}

// Seen red under: a fetch that begins though it could not be noted.
func TestWhoeverCannotSaveLeavesItToBeTakenAfterTheLease(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.accept(told{Resource: "1", Version: "1"})
		s := &shaky{Store: d.db, save: true}
		dying := d.replica(s)
		if err := work.Once(t.Context(), work.Sweep{Run: dying.Sweep}); err != nil {
			t.Fatal(err)
		}
		d.wantFetches(0) // what cannot be noted does not begin
		d.want(id, inbox.Received, inbox.ResultNone)
		d.later(30 * time.Second)
		d.want(id, inbox.Handled, inbox.ResultChanged)
		d.wantFetches(1)
	})
}

// Seen red under: handle without recover (it goes on every 30 s for ever).
func TestAHandlingThatPanicsIsTriedAgainAndComesToAnEnd(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(func(provider.Notice) (inbox.Handling, error) { panic("scripted") })
		once, always := d.accept(told{Resource: "1", Version: "1"}), d.accept(told{Resource: "2", Version: "1"})
		d.sweep()
		d.answers(func(n provider.Notice) (inbox.Handling, error) {
			if n.Resource == "2" {
				panic("scripted")
			}
			return inbox.Handling{Payment: somePayment, Changed: true}, nil
		})
		d.later(30 * time.Second)
		d.want(once, inbox.Handled, inbox.ResultChanged)
		for range 10 {
			d.later(7 * time.Hour)
		}
		d.want(always, inbox.Ignored, inbox.ResultUnanswered)
		d.wantFetches(2 + 7)
	})
}

func TestAHandlingCutOffByTheEndOfTheProgramIsTakenUpAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.accept(told{Resource: "1", Version: "1"})
		ctx, cancel := context.WithCancel(t.Context())
		d.Owners["order"] = func(ctx context.Context, _ posta.ConnectionID, n provider.Notice) (inbox.Handling, error) {
			cancel()
			return inbox.Handling{}, ctx.Err()
		}
		if _, err := d.Sweep(ctx, func(f func()) { f() }); err != nil {
			t.Fatal(err)
		}
		d.Owners["order"] = d.own
		d.want(id, inbox.Waiting, inbox.ResultUnanswered)
		d.later(2 * time.Second)
		d.want(id, inbox.Handled, inbox.ResultChanged)
	})
}

// Two replicas share the work: each notice is handled by one of them, once.
// Seen red under: a claim that moves no due time.
func TestTwoReplicasHandleEachNoticeOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i := range 40 {
			d.accept(told{Resource: string(rune('a' + i)), Version: "1"})
		}
		other := d.replica(d.db)
		all([]func(){d.sweep, func() {
			if err := work.Once(t.Context(), work.Sweep{Run: other.Sweep}); err != nil {
				t.Error(err)
			}
		}})
		d.wantFetches(40)
		for _, n := range d.list() {
			if n.State != inbox.Handled || n.Result != inbox.ResultChanged {
				t.Errorf("%s %q", n.State, n.Result)
			}
		}
	})
}

// Seen red under: Replay without Replayed (it is then a repeat of another).
func TestReplayHandlesOneAgainWhateverWasTold(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		first, second := d.accept(told{Resource: "1", Version: "1"}), d.accept(told{Resource: "2", Version: "1", Verdict: provider.Stale})
		d.sweep()
		d.clock.Move(time.Second)
		repeat := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		d.wantFetches(2)
		woken := d.woken.Load()
		d.answers(finds(inbox.Handling{Payment: somePayment}))
		for _, id := range []posta.NotificationID{repeat, second} {
			if err := d.Replay(t.Context(), d.world.Merchant.ID, id); err != nil {
				t.Fatal(err)
			}
			if n := d.want(id, inbox.Received, inbox.ResultNone); !n.HandledAt.IsZero() {
				t.Error("to be handled, and handled")
			}
		}
		if d.woken.Load() != woken+2 {
			t.Error("nobody told")
		}
		d.sweep()
		d.wantFetches(4)
		if n := d.want(repeat, inbox.Handled, inbox.ResultNothingNew); !n.Replayed {
			t.Error("not marked")
		}
		d.want(second, inbox.Handled, inbox.ResultNothingNew)
		d.want(first, inbox.Handled, inbox.ResultChanged)
		wantCode(t, d.Replay(t.Context(), "mer_other", first), posta.CodeNotFound)
		wantCode(t, d.Replay(t.Context(), d.world.Merchant.ID, "ntf_none"), posta.CodeNotFound)
	})
}

// An ignored one, its waits used up, has them all again. Seen red under: tries kept.
func TestReplayGivesAllWaitsAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.answers(refuses(lost))
		id := d.accept(told{Resource: "1", Version: "1"})
		d.sweep()
		for range 8 {
			d.later(7 * time.Hour)
		}
		d.want(id, inbox.Ignored, inbox.ResultUnanswered)
		if err := d.Replay(t.Context(), d.world.Merchant.ID, id); err != nil {
			t.Fatal(err)
		}
		d.sweep()
		if n := d.want(id, inbox.Waiting, inbox.ResultUnanswered); n.Tries != 1 {
			t.Errorf("%d tries", n.Tries)
		}
	})
}

// Seen red under: the times not asked for.
func TestReplayRangeHandlesThoseOfTheRangeAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i := range 10 {
			d.accept(told{Resource: string(rune('a' + i)), Version: "1"})
			d.later(time.Minute)
		}
		d.wantFetches(10)
		m, from := d.world.Merchant.ID, d.clock.Now().Add(-8*time.Minute)
		for _, f := range []inbox.Filter{{}, {From: from}, {To: from}, {From: from, To: from}, {From: from, To: from.Add(-1)}} {
			f.MerchantID = m
			_, err := d.ReplayRange(t.Context(), f)
			wantCode(t, err, posta.CodeInvalid)
		}
		d.sweep()
		d.wantFetches(10)
		for _, tc := range []struct {
			filter inbox.Filter
			want   int
		}{
			{inbox.Filter{MerchantID: m, From: from, To: from.Add(5 * time.Minute), Page: posta.Page{Limit: 1}}, 5},
			{inbox.Filter{MerchantID: m, From: from, To: from.Add(time.Hour), Resource: "d"}, 1},
			{inbox.Filter{MerchantID: m, From: from, To: from.Add(time.Hour), State: inbox.Ignored}, 0},
			{inbox.Filter{MerchantID: "mer_other", From: from, To: from.Add(time.Hour)}, 0},
		} {
			before, woken := d.fetches(), d.woken.Load()
			count, err := d.ReplayRange(t.Context(), tc.filter)
			if err != nil || count != tc.want || d.woken.Load() != woken+1 {
				t.Errorf("%d, %v, want %d", count, err, tc.want)
			}
			d.sweep()
			d.wantFetches(before + tc.want)
		}
		for _, n := range d.list() {
			if n.State != inbox.Handled {
				t.Errorf("%s %q", n.State, n.Result)
			}
		}
	})
}
