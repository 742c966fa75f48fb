package posta_test

import (
	"sync"
	"testing"
	"time"

	"posta"
)

func TestFrozenClockStands(t *testing.T) {
	start := time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.FixedZone("ART", -3*3600))
	c := posta.NewFrozenClock(start)
	want := time.Date(2026, 3, 1, 2, 59, 59, 123456000, time.UTC)
	for range 3 {
		if got := c.Now(); got != want {
			t.Fatalf("Now() = %v, want %v (UTC, microseconds)", got, want)
		}
		untilTheMachineMoves()
	}
	c.Move(48 * time.Hour)
	if got := c.Now(); got != want.Add(48*time.Hour) {
		t.Errorf("after Move: %v, want %v", got, want.Add(48*time.Hour))
	}
	c.Move(-time.Hour)
	if got := c.Now(); got != want.Add(47*time.Hour) {
		t.Errorf("after moving back: %v, want %v", got, want.Add(47*time.Hour))
	}
}

func TestMoveTellsOnMove(t *testing.T) {
	for name, c := range map[string]*posta.MovableClock{
		"frozen":  posta.NewFrozenClock(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)),
		"running": posta.NewMovableClock(),
	} {
		t.Run(name, func(t *testing.T) {
			before := c.Now()
			var seen []time.Time
			c.OnMove(func() { seen = append(seen, c.Now()) }) // may ask the time: no lock is held
			var calls int
			c.OnMove(func() { calls++ })
			if len(seen) != 0 {
				t.Fatal("told before any move")
			}
			c.Move(time.Hour)
			if len(seen) != 1 || calls != 1 {
				t.Fatalf("told %d and %d times, want once each", len(seen), calls)
			}
			if seen[0].Before(before.Add(time.Hour)) {
				t.Errorf("told at %v, before the move was made (from %v)", seen[0], before)
			}
			c.Move(-30 * time.Minute)
			if len(seen) != 2 || calls != 2 {
				t.Errorf("told %d and %d times after two moves", len(seen), calls)
			}
		})
	}
}

func TestMovableClockRuns(t *testing.T) {
	c := posta.NewMovableClock()
	c.Move(24 * time.Hour)
	if got := c.Offset(); got != 24*time.Hour {
		t.Errorf("Offset() = %v", got)
	}
	low, got, high := time.Now().Add(24*time.Hour), c.Now(), time.Now().Add(24*time.Hour)
	if got.Before(low.Truncate(time.Microsecond)) || got.After(high) {
		t.Errorf("Now() = %v, want between %v and %v", got, low, high)
	}
	first := c.Now()
	untilTheMachineMoves()
	if !c.Now().After(first) {
		t.Error("the clock does not run")
	}
}

// untilTheMachineMoves returns when the machine's clock has gone on.
func untilTheMachineMoves() {
	for began := (posta.SystemClock{}).Now(); !(posta.SystemClock{}).Now().After(began.Add(10 * time.Microsecond)); {
	}
}

func TestSystemClock(t *testing.T) {
	low, now, high := time.Now(), posta.SystemClock{}.Now(), time.Now()
	if now.Location() != time.UTC {
		t.Errorf("location %v, want UTC", now.Location())
	}
	if now != now.Truncate(time.Microsecond) {
		t.Errorf("%v is finer than microseconds", now)
	}
	if now.Before(low.Truncate(time.Microsecond)) || now.After(high) {
		t.Errorf("%v is not between %v and %v", now, low, high)
	}
}

func TestClocksAreSafeTogether(t *testing.T) {
	c := posta.NewMovableClock()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				c.Move(time.Second)
				c.Now()
				c.OnMove(func() {})
			}
		})
	}
	wg.Wait()
	if got := c.Offset(); got != 800*time.Second {
		t.Errorf("Offset() = %v, want 800 s", got)
	}
}
