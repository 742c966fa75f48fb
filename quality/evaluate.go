package quality

import (
	"slices"
	"strings"

	"posta"
	"posta/outbound"
)

// Evidence is what is known of one payment.
type Evidence struct {
	Payment posta.PaymentID
	// Calls are those made for the payment, oldest first: requests and answers
	// as recorded.
	Calls   []outbound.Call
	Notices []Notice // of the payment
	// Operations are what was done on the connection lately, "METHOD operation".
	Operations []string
	TLS        *TLS            // nil if nobody checked
	Page       map[string]bool // what is known of the page on which the buyer paid
	Card       bool            // it was paid by card
}

// TLS is what a check of the shop's address found.
type TLS struct {
	Failed []string // codes of the findings that failed; none is good
}

// Evaluate applies a product's rules: the product is the one that the payment's
// create was of. It is not measurable where that is not recorded or cannot be
// read. Of what was asked for no more is filled in than the evidence tells:
// kind, connection and times are the caller's.
func Evaluate(e Evidence) Measurement {
	p, request, body, ok := ProductOf(e.Calls)
	m := Measurement{PaymentID: e.Payment, Result: NotMeasurable}
	switch {
	case !ok:
		m.Reason = ReasonNoRequest
		return m
	case body == nil:
		m.Reason = ReasonUnreadable
		return m
	}
	m.Result, m.Product, m.Rules, m.Threshold = Measured, p.Name, p.Version, p.Threshold
	score := 0
	for _, r := range p.Rules {
		f := Finding{Payment: e.Payment, Item: r.Item, Class: r.Class, Points: r.Points, Field: r.Field(), Source: r.Source}
		f.Met, f.Detail = r.met(e, request, body)
		if f.Met {
			score += r.Points
		}
		m.Findings = append(m.Findings, f)
	}
	m.Score = &score
	return m
}

// met reports whether the evidence holds what the rule asks for, and if not why.
func (r Rule) met(e Evidence, request outbound.Call, body any) (bool, Detail) {
	switch {
	case r.CardOnly && !e.Card:
		return false, DetailCard
	case len(r.Request) > 0:
		return r.sent(body)
	case r.Header != "":
		return either(strings.TrimSpace(request.RequestHeader.Get(r.Header)) != "")
	case len(r.Call) > 0:
		return either(slices.ContainsFunc(r.Call, func(call string) bool {
			return slices.Contains(e.Operations, call) || slices.ContainsFunc(e.Calls, func(c outbound.Call) bool { return isCall(c, call) })
		}))
	case r.Notice:
		return either(slices.ContainsFunc(e.Notices, Notice.Counts))
	case len(r.TLS) > 0:
		if e.TLS == nil {
			return false, DetailUnchecked
		}
		if slices.ContainsFunc(r.TLS, func(code string) bool { return slices.Contains(e.TLS.Failed, code) }) {
			return false, DetailFailed
		}
		return true, ""
	}
	there, known := e.Page[r.Page]
	if !known {
		return false, DetailUnchecked
	}
	return either(there)
}

// sent looks a field up; where several would do, the best counts.
func (r Rule) sent(body any) (bool, Detail) {
	detail := DetailAbsent
	for _, field := range r.Request {
		there, known := field.in(body, Values(r.Values))
		if there && known {
			return true, ""
		}
		if there {
			detail = DetailValue
		}
	}
	return false, detail
}

func either(met bool) (bool, Detail) {
	if met {
		return true, ""
	}
	return false, DetailAbsent
}

// isCall reports whether a call succeeded and is a "METHOD operation".
func isCall(c outbound.Call, name string) bool {
	return c.Status >= 200 && c.Status < 300 && c.Method+" "+c.Tag.Operation == name
}
