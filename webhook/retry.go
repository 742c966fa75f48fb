package webhook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// pauses are those after each try that failed: three days, so that an endpoint
// that is down over a weekend misses nothing.
var pauses = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
	14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// refusedPauses are those after answers that another try is unlikely to change:
// the endpoint's owner may have mended it.
var refusedPauses = []time.Duration{5 * time.Minute, 2 * time.Hour, 10 * time.Hour}

const (
	jitter        = 5 // a pause is longer by up to a fifth
	maxRetryAfter = 24 * time.Hour
)

// conclude makes of a delivery what follows from a try. It reports whether the
// endpoint wants no more of any.
func (d *Delivery) conclude(a Attempt, retryAfter time.Duration, now time.Time) (gone bool) {
	d.Tries++
	d.Status = a.Status
	switch {
	case a.Status >= 200 && a.Status < 300 && a.Failure == NoFailure:
		d.end(Delivered, NoReason, now)
		return false
	case a.Status == http.StatusGone:
		d.end(Dead, ReasonGone, now)
		return true
	case a.refusal():
		d.Refusals++
		if d.Refusals > len(refusedPauses) {
			d.end(Dead, ReasonRefused, now)
			return false
		}
	}
	if d.Tries > len(pauses) {
		d.end(Dead, ReasonExhausted, now)
		return false
	}
	pause := pauses[d.Tries-1]
	if a.refusal() {
		pause = max(pause, refusedPauses[d.Refusals-1])
	}
	pause = max(pause, min(retryAfter, maxRetryAfter))
	d.DueAt = now.Add(pause + rand.N(pause/jitter))
	return false
}

func (d *Delivery) end(state DeliveryState, reason Reason, now time.Time) {
	d.State, d.Reason, d.DueAt, d.EndedAt = state, reason, time.Time{}, now
}

// refusal reports whether another try is unlikely to end otherwise: the request
// itself was refused, or would lead somewhere else.
func (a Attempt) refusal() bool {
	return a.Failure == FailureAddress || a.Failure == NoFailure && a.Status >= 300 && a.Status < 500 &&
		a.Status != http.StatusRequestTimeout && a.Status != http.StatusTooManyRequests
}

// retryAfter reads the header of that name (RFC 9110 §10.2.3): seconds or a
// date; 0 for none.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
