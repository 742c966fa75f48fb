package work_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"posta"
	"posta/work"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// rows are what is due of one kind: a sweep takes up to ten of them.
type rows struct {
	mu   sync.Mutex
	due  int
	runs int
	err  error
	at   []time.Time
	do   func()
}

func (r *rows) add(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due += n
}

func (r *rows) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *rows) run(_ context.Context, each func(func())) (int, error) {
	r.mu.Lock()
	r.runs++
	r.at = append(r.at, time.Now()) // of the bubble
	took, err := min(r.due, 10), r.err
	if err != nil {
		r.mu.Unlock()
		return 0, err
	}
	r.due -= took
	r.mu.Unlock()
	for range took {
		each(r.do)
	}
	return took, nil
}

func (r *rows) ran() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs
}

// start runs a loop in the bubble and gives how to stop it, which waits for
// its end.
func start(t *testing.T, l *work.Loop) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		l.Run(ctx)
		close(ended)
	}()
	synctest.Wait()
	return func() {
		cancel()
		<-ended
	}
}

// Seen red under: Wake that does nothing; a wake channel without buffer (a wake
// during a run is lost).
func TestAWakeIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled atomic.Int32
		var l *work.Loop
		r := &rows{do: func() { handled.Add(1) }}
		other := &rows{}
		during := func(ctx context.Context, each func(func())) (int, error) {
			took, err := r.run(ctx, each)
			if r.ran() == 1 { // something comes in after the look, before the wait
				r.add(3)
				l.Wake("a")
			}
			return took, err
		}
		l = work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: during, Every: time.Hour, Limit: 4},
			work.Sweep{Name: "b", Run: other.run, Every: time.Hour, Limit: 1})
		stop := start(t, l)
		defer stop()
		if handled.Load() != 3 {
			t.Errorf("%d handled, 3 came in during the first look", handled.Load())
		}
		r.add(35)
		synctest.Wait()
		if handled.Load() != 3 {
			t.Error("looked without reason")
		}
		for range 100 { // never blocks
			l.Wake("a")
			l.Wake("nobody")
		}
		synctest.Wait()
		if handled.Load() != 38 {
			t.Errorf("%d handled of 38", handled.Load())
		}
		if other.ran() != 1 {
			t.Errorf("the other looked %d times", other.ran())
		}
	})
}

// Seen red under: no OnMove.
func TestAMovedClockWakesAllSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := posta.NewFrozenClock(time.Now())
		a, b := &rows{}, &rows{}
		l := work.NewLoop(quiet, clock, work.Sweep{Name: "a", Run: a.run, Every: time.Hour}, work.Sweep{Name: "b", Run: b.run, Every: time.Hour})
		stop := start(t, l)
		defer stop()
		clock.Move(time.Minute)
		synctest.Wait()
		if a.ran() != 2 || b.ran() != 2 {
			t.Errorf("looked %d and %d times, want 2", a.ran(), b.ran())
		}
	})
}

func TestNowAndThenItLooksWithoutBeingWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rows{}
		stop := start(t, work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: r.run, Every: time.Second}))
		defer stop()
		for i := range 10 {
			if r.ran() != i+1 {
				t.Fatalf("looked %d times after %d s", r.ran(), i)
			}
			<-time.After(time.Second)
			synctest.Wait()
		}
	})
}

// Seen red under: failures not counted; the wait without bound; the count kept
// after a success.
func TestItBacksOffOnErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rows{err: errors.New("database gone"), do: func() {}}
		stop := start(t, work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: r.run, Every: time.Millisecond}))
		defer stop()
		<-time.After(20 * time.Minute)
		synctest.Wait()
		for i := 1; i < len(r.at); i++ {
			if gap := r.at[i].Sub(r.at[i-1]); gap != min(time.Duration(i)*time.Second, 30*time.Second) {
				t.Fatalf("try %d came after %s", i, gap)
			}
		}
		r.fail(nil)
		<-time.After(31 * time.Second) // it recovers
		synctest.Wait()
		r.fail(errors.New("again"))
		before := r.ran()
		<-time.After(2500 * time.Millisecond)
		synctest.Wait()
		if n := r.ran() - before; n != 2 {
			t.Errorf("%d tries in 2.5 s: waits do not start anew", n)
		}
	})
}

// Seen red under: a sweep's panic not caught (the program dies).
func TestASweepThatPanicsIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rows{}
		panics := 2
		stop := start(t, work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Every: time.Hour, Run: func(ctx context.Context, each func(func())) (int, error) {
			took, err := r.run(ctx, each)
			if panics--; panics >= 0 {
				panic("scripted")
			}
			return took, err
		}}))
		defer stop()
		<-time.After(time.Minute)
		synctest.Wait()
		if r.ran() != 3 {
			t.Errorf("looked %d times, want 3: after 1 s, after 2 s more", r.ran())
		}
	})
}

// Seen red under: slots of no bound.
func TestItHandlesNoMoreThanTheLimitAtOnce(t *testing.T) {
	for _, limit := range []int{0, 1, 7} {
		synctest.Test(t, func(t *testing.T) {
			var now, most, handled atomic.Int32
			r := &rows{due: 100, do: func() {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				<-time.After(time.Second)
				handled.Add(1)
				now.Add(-1)
			}}
			stop := start(t, work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: r.run, Every: time.Minute, Limit: limit}))
			<-time.After(101 * time.Second)
			stop()
			if int(most.Load()) != max(limit, 1) || handled.Load() != 100 {
				t.Errorf("limit %d: %d at once, %d handled", limit, most.Load(), handled.Load())
			}
		})
	}
}

// Seen red under: no recover; recover without giving the slot back.
func TestHandlingsThatPanicDoNotStopTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled atomic.Int32
		r := &rows{due: 50, do: func() {
			if handled.Add(1)%2 == 0 {
				panic("scripted")
			}
		}}
		l := work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: r.run, Every: time.Hour, Limit: 2})
		stop := start(t, l)
		r.add(10)
		l.Wake("a")
		synctest.Wait()
		stop()
		if handled.Load() != 60 {
			t.Errorf("%d handled of 60", handled.Load())
		}
	})
}

// Seen red under: Run does not wait for handlings.
func TestRunReturnsWhenTheLastHandlingHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled atomic.Int32
		r := &rows{due: 30, do: func() {
			<-time.After(time.Minute)
			handled.Add(1)
		}}
		stop := start(t, work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: r.run, Every: time.Hour, Limit: 4}))
		stop()
		// What was taken is handled, and nothing more is taken.
		if handled.Load() != 10 || r.due != 20 {
			t.Errorf("%d handled, %d left", handled.Load(), r.due)
		}
	})
}

// A row that stays due whatever is done is taken again and again; that is for
// the sweeps' leases to hold off, but the end of the program must still come.
func TestALoopThatIsNeverDoneStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rows{due: 1 << 40, do: func() { <-time.After(time.Millisecond) }}
		stop := start(t, work.NewLoop(quiet, posta.SystemClock{}, work.Sweep{Name: "a", Run: r.run, Every: time.Hour, Limit: 4}))
		<-time.After(time.Second)
		stop()
	})
}

// Seen red under: one batch only; not waiting for the batch.
func TestOnceDrains(t *testing.T) {
	var handled atomic.Int32
	r := &rows{due: 95, do: func() { handled.Add(1) }}
	if err := work.Once(t.Context(), work.Sweep{Run: r.run}); err != nil || handled.Load() != 95 || r.runs != 11 {
		t.Errorf("%v, %d handled in %d batches", err, handled.Load(), r.runs)
	}
	gone := errors.New("database gone")
	r.fail(gone)
	if err := work.Once(t.Context(), work.Sweep{Run: r.run}); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}
