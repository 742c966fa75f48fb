// Package fault is what goes wrong between a program and a provider, as a
// script: rules that say which calls are hit and what befalls them. The
// simulators ask the script before each call, each payment and each notice;
// tests, the control panel and the control API write it.
package fault

import (
	"cmp"
	"fmt"
	"regexp"
	"time"
)

// Action is what a rule does to a call, a payment or a notice.
type Action string

// The actions. A rule bears one; several rules may hit the same call.
const (
	// Delay waits before the work (after it with Rule.After), by Rule.Delay or
	// by a log-normal distribution given by its P50 and P99.
	Delay Action = "delay"
	// Status answers Rule.Status (500 unless told) instead of doing the work,
	// or, with Rule.After, in place of the true answer once the work is done.
	// With 429 or 503 it sends Retry-After when Rule.RetryAfter is set.
	Status Action = "status"
	// CutBefore closes the connection before the work is done.
	CutBefore Action = "cut_before"
	// CutAfter closes the connection after the work was done and committed.
	CutAfter Action = "cut_after"
	// Drop loses a notice: it is never sent.
	Drop Action = "drop"
	// Duplicate sends a notice twice.
	Duplicate Action = "duplicate"
	// Reorder holds a notice back until a newer one on the same thing was sent,
	// ten seconds at most.
	Reorder Action = "reorder"
	// BadSignature signs a notice with a key nobody knows.
	BadSignature Action = "bad_signature"
	// WrongAmount changes the amount of a payment by Rule.Amount minor units
	// while the provider still calls the order paid.
	WrongAmount Action = "wrong_amount"
	// LateApproval leaves an approved payment in process for Rule.Delay.
	LateApproval Action = "late_approval"
)

var actions = map[Action]bool{
	Delay: true, Status: true, CutBefore: true, CutAfter: true, Drop: true, Duplicate: true,
	Reorder: true, BadSignature: true, WrongAmount: true, LateApproval: true,
}

// Rule hits what it matches. Empty matchers match everything.
type Rule struct {
	ID string `json:"id,omitempty"`
	// Method and Path are regular expressions, matched whole.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Operation is a simulator's name for what is done, matched whole as a
	// regular expression too: "legacy_create", "pay", "notice.payment".
	Operation string `json:"operation,omitempty"`
	// Nth hits only the nth match, counted from 1.
	Nth int `json:"nth,omitempty"`
	// Probability hits that share of the matches, drawn from the script's seed.
	// Zero is always.
	Probability float64 `json:"probability,omitempty"`
	// Times ends the rule after so many hits. Zero is no end.
	Times int `json:"times,omitempty"`

	Action     Action   `json:"action"`
	After      bool     `json:"after,omitempty"`
	Delay      Duration `json:"delay,omitempty"`
	P50        Duration `json:"p50,omitempty"`
	P99        Duration `json:"p99,omitempty"`
	Status     int      `json:"status,omitempty"`
	RetryAfter Duration `json:"retry_after,omitempty"`
	Amount     int64    `json:"amount,omitempty"`

	// Matched and Hit are the script's counts, for reading.
	Matched int `json:"matched,omitempty"`
	Hit     int `json:"hit,omitempty"`
}

// armed is a rule with its expressions compiled.
type armed struct {
	Rule
	method, path, operation *regexp.Regexp
}

func arm(r Rule) (*armed, error) {
	if !actions[r.Action] {
		return nil, fmt.Errorf("fault: unknown action %q", r.Action)
	}
	if r.Probability < 0 || r.Probability > 1 {
		return nil, fmt.Errorf("fault: probability %v is not between 0 and 1", r.Probability)
	}
	if r.P99 != 0 && r.P99 < r.P50 {
		return nil, fmt.Errorf("fault: p99 is below p50")
	}
	if r.Action == Status {
		r.Status = cmp.Or(r.Status, 500)
		if r.Status < 200 || r.Status > 599 {
			return nil, fmt.Errorf("fault: status %d is none", r.Status)
		}
	}
	a := &armed{Rule: r}
	for _, m := range []struct {
		text string
		into **regexp.Regexp
	}{{r.Method, &a.method}, {r.Path, &a.path}, {r.Operation, &a.operation}} {
		if m.text == "" {
			continue
		}
		re, err := regexp.Compile("^(?:" + m.text + ")$")
		if err != nil {
			return nil, fmt.Errorf("fault: %w", err)
		}
		*m.into = re
	}
	return a, nil
}

func (a *armed) matches(c Call) bool {
	return (a.method == nil || a.method.MatchString(c.Method)) &&
		(a.path == nil || a.path.MatchString(c.Path)) &&
		(a.operation == nil || a.operation.MatchString(c.Operation))
}

// Duration is a time.Duration that reads and writes as text ("380ms").
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	if v < 0 {
		return fmt.Errorf("fault: the duration %s is negative", v)
	}
	*d = Duration(v)
	return nil
}
