package webhook

import (
	"slices"
	"strings"
)

// Family is a kind of thing that endpoints are told of.
type Family struct {
	Name string // what its event types begin with
	// Types are those that can be chosen one by one; all others come with "NAME.*".
	Types []string
}

// Families are all that ever leaves the hub: events of other kinds, such as
// those of projects with the names of people, are sent to nobody.
var Families = []Family{
	{"payment", []string{"payment.created", "payment.pending", "payment.paid", "payment.paid_late", "payment.rejected", "payment.failed", "payment.canceled",
		"payment.expired", "payment.unknown", "payment.attention", "payment.partially_refunded", "payment.refunded", "payment.disputed", "payment.charged_back"}},
	{"refund", []string{"refund.created", "refund.succeeded", "refund.failed", "refund.unknown"}},
	{"settlement", []string{"settlement.created", "settlement.confirmed", "settlement.declined", "settlement.unknown", "settlement.attention"}},
	{Name: "checkout_session"},
	{Name: "payment_link"},
	{Name: "subscription"},
	{Name: "invoice"},
	{Name: "chargeback"},
}

// TestType is the type of the event that somebody sends to try an endpoint. It
// goes to the one endpoint whatever its filter.
const TestType = "endpoint.test"

// Leaves reports whether events of a type may be sent to endpoints at all.
func Leaves(eventType string) bool {
	name, _, dotted := strings.Cut(eventType, ".")
	return dotted && slices.ContainsFunc(Families, func(f Family) bool { return f.Name == name })
}

// Takes reports whether the endpoint is sent events of a type.
func (e Endpoint) Takes(eventType string) bool {
	if !Leaves(eventType) {
		return false
	}
	return slices.ContainsFunc(e.Events, func(pattern string) bool {
		beginning, wild := strings.CutSuffix(pattern, "*")
		return pattern == eventType || wild && strings.HasPrefix(eventType, beginning)
	})
}

// maxPatterns is how many patterns a filter may have.
const maxPatterns = 50

// tidied is a filter without spaces, repetitions and what its wider patterns
// say already, in order. Its second value tells what is wrong, "" for nothing.
func tidied(patterns []string) (out []string, wrong string) {
	if len(patterns) == 0 {
		return nil, "required"
	}
	if len(patterns) > maxPatterns {
		return nil, "too_many"
	}
	for _, p := range patterns {
		p = strings.TrimSpace(p)
		beginning, wild := strings.CutSuffix(p, "*")
		if beginning != "" && (!Leaves(beginning) || strings.Contains(beginning, "*") || wild && !strings.HasSuffix(beginning, ".") ||
			!wild && strings.HasSuffix(p, ".") || len(p) > 100 || strings.Trim(p, letters) != "") || p == "" {
			return nil, "unknown"
		}
		out = append(out, p)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	all := slices.Clone(out)
	return slices.DeleteFunc(out, func(p string) bool {
		return slices.ContainsFunc(all, func(wider string) bool {
			beginning, wild := strings.CutSuffix(wider, "*")
			return wild && wider != p && strings.HasPrefix(p, beginning)
		})
	}), ""
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789_.*"
