package homologation

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"posta/payment"
	"posta/provider"
	"posta/settlement"
)

// reader gives what a field holds, all its values where it has several, and
// whether the facts have what the field is of at all.
type reader func(f Facts) (values []string, there bool)

// readers are the fields by name. Amounts are minor units, yes and no are words,
// "none" is said where nothing is an answer.
var readers = map[string]reader{
	"state":     ofPayment(func(p payment.Payment) string { return string(p.State) }),
	"rail":      ofPayment(func(p payment.Payment) string { return string(p.Rail) }),
	"amount":    ofPayment(func(p payment.Payment) string { return whole(p.Amount.Amount) }),
	"captured":  ofPayment(func(p payment.Payment) string { return whole(p.Captured) }),
	"refunded":  ofPayment(func(p payment.Payment) string { return whole(p.Refunded) }),
	"declined":  ofPayment(func(p payment.Payment) string { return whole(int64(p.Declined)) }),
	"reason":    ofPayment(func(p payment.Payment) string { return p.LastDetail }),
	"terminals": ofPayment(func(p payment.Payment) string { return whole(int64(len(p.Terminals))) }),
	"order":     ofPayment(func(p payment.Payment) string { return p.Order }),
	// matches says whether what came is what was asked, and the cash handed out.
	"matches": ofPayment(func(p payment.Payment) string {
		return yes(p.Captured == p.Amount.Amount+p.Options.CashBack)
	}),
	"discount": ofPayment(func(p payment.Payment) string { return whole(p.Amount.Amount - p.Captured) }),
	// in_process says whether the provider held an attempt undecided.
	"in_process": ofPayment(func(p payment.Payment) string {
		held := has(p, provider.FactAttempt, provider.StatusPending)
		if !held && p.Order != "" {
			return "" // an order of the Orders API: it may have been without telling
		}
		return yes(held)
	}),
	// scanned says whether a buyer looked at it: only where a scan leaves something.
	"scanned": ofPayment(func(p payment.Payment) string {
		if p.Order != "" {
			return "" // an order of the Orders API: nobody tells
		}
		return yes(slices.ContainsFunc(p.Facts, func(f provider.Fact) bool { return f.Kind == provider.FactSale }))
	}),
	"attention": attentions,
	"late":      ofEvents(func(f Facts) string { return yes(f.happened("payment.paid_late") > 0) }),
	"paid_once": ofEvents(func(f Facts) string { return whole(int64(f.happened("payment.paid"))) }),
	"reached":   progresses,

	"option.operation":    ofPayment(func(p payment.Payment) string { return string(p.Options.Operation) }),
	"option.copies":       ofPayment(func(p payment.Payment) string { return string(p.Options.Copies) }),
	"option.benefit":      ofPayment(func(p payment.Payment) string { return yes(p.Options.Benefit) }),
	"option.note":         ofPayment(func(p payment.Payment) string { return p.Options.Note }),
	"option.installments": ofPayment(func(p payment.Payment) string { return some(p.Options.Installments) }),

	"attempt.status":        ofAttempt(func(a payment.Attempt) string { return string(a.Status) }),
	"attempt.detail":        ofAttempt(func(a payment.Attempt) string { return a.Detail }),
	"attempt.method":        ofAttempt(func(a payment.Attempt) string { return a.Method }),
	"attempt.brand":         ofAttempt(func(a payment.Attempt) string { return a.Brand }),
	"attempt.installments":  ofAttempt(func(a payment.Attempt) string { return some(a.Installments) }),
	"attempt.authorization": ofAttempt(func(a payment.Attempt) string { return a.Authorizes }),
	"attempt.coupon":        ofAttempt(func(a payment.Attempt) string { return a.Slip.Coupon }),
	"attempt.batch":         ofAttempt(func(a payment.Attempt) string { return a.Slip.Batch }),
	"attempt.terminal":      ofAttempt(func(a payment.Attempt) string { return a.Slip.Terminal }),
	"attempt.acquirer":      ofAttempt(func(a payment.Attempt) string { return a.Slip.Acquirer }),
	"attempt.entry":         ofAttempt(func(a payment.Attempt) string { return a.Slip.Entry }),
	"attempt.cash_back":     ofAttempt(func(a payment.Attempt) string { return whole(a.Slip.CashBack) }),
	"attempt.original":      ofAttempt(func(a payment.Attempt) string { return whole(a.Slip.Original) }),

	"cancel.by":       canceledBy,
	"cancel.progress": cancelProgress,
	"cancel.after":    cancelAfter,

	"refund.kind":        ofRefund(func(_ Facts, r payment.Refund) string { return string(r.Kind) }),
	"refund.state":       ofRefund(func(_ Facts, r payment.Refund) string { return string(r.State) }),
	"refund.failure":     ofRefund(func(_ Facts, r payment.Refund) string { return r.View().Failure }),
	"refund.canceled":    ofRefund(refundCanceled),
	"refund.after_close": ofRefund(refundAfterClose),
	"refund.part":        ofRefund(func(f Facts, r payment.Refund) string { return yes(r.Amount.Amount < f.Payment.Captured) }),
	"refund.count":       refundCount,

	"settlement.state":     ofSettlement(func(s settlement.Settlement) string { return string(s.State) }),
	"settlement.batch":     ofSettlement(func(s settlement.Settlement) string { return s.Batch }),
	"settlement.attention": ofSettlement(func(s settlement.Settlement) string { return none(string(s.Attention)) }),
	"settlement.detail":    ofSettlement(func(s settlement.Settlement) string { return s.Detail }),
	"settlement.matches":   settlementMatches,
	"settlement.moved":     settlementMoved,

	"notices":          ofEvents(func(f Facts) string { return whole(int64(len(f.Notices))) }),
	"notices.verdict":  notices(func(n Notice) string { return n.Verdict }),
	"notices.result":   notices(func(n Notice) string { return n.Result }),
	"notices.afterpay": noticesAfterPaid,
}

// Fields lists the names of the fields that assertions can read, besides those
// of recorded calls: "http.OPERATION" and its ".first" and ".last" (HTTP
// statuses), "lost.OPERATION" (an answer was lost), "sent.OPERATION.PATH" and
// "answered.OPERATION.PATH" (a place in the JSON bodies), "query.OPERATION.NAME".
func Fields() []string {
	var out []string
	for name := range readers {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func read(field string, f Facts) ([]string, bool) {
	if r, ok := readers[field]; ok {
		return r(f)
	}
	return readCall(field, f.Calls)
}

func ofPayment(read func(payment.Payment) string) reader {
	return func(f Facts) ([]string, bool) {
		if f.Payment.ID == "" {
			return nil, false
		}
		return []string{read(f.Payment)}, true
	}
}

func ofEvents(read func(Facts) string) reader {
	return func(f Facts) ([]string, bool) {
		if f.Payment.ID == "" {
			return nil, false
		}
		return []string{read(f)}, true
	}
}

// ofAttempt reads the attempt that brought money, or else the last one.
func ofAttempt(read func(payment.Attempt) string) reader {
	return func(f Facts) ([]string, bool) {
		attempts := f.Payment.Attempts()
		if len(attempts) == 0 {
			return nil, false
		}
		at := slices.IndexFunc(attempts, func(a payment.Attempt) bool { return a.Status == provider.StatusApproved })
		if at < 0 {
			at = len(attempts) - 1
		}
		return []string{read(attempts[at])}, true
	}
}

// ofRefund reads the last refund.
func ofRefund(read func(Facts, payment.Refund) string) reader {
	return func(f Facts) ([]string, bool) {
		if len(f.Refunds) == 0 {
			return nil, false
		}
		return []string{read(f, f.Refunds[len(f.Refunds)-1])}, true
	}
}

func ofSettlement(read func(settlement.Settlement) string) reader {
	return func(f Facts) ([]string, bool) {
		if f.Settlement == nil {
			return nil, false
		}
		return []string{read(*f.Settlement)}, true
	}
}

func notices(read func(Notice) string) reader {
	return func(f Facts) (values []string, there bool) {
		for _, n := range f.Notices {
			values = append(values, none(read(n)))
		}
		return values, len(values) > 0
	}
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

// some is a number that nobody told when it is 0.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func none(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func has(p payment.Payment, kind provider.Kind, status provider.Status) bool {
	return slices.ContainsFunc(p.Facts, func(f provider.Fact) bool { return f.Kind == kind && f.Status == status })
}

func (f Facts) happened(kind string) (count int) {
	for _, e := range f.Events {
		if e.Type == kind {
			count++
		}
	}
	return count
}

// seen reads the payment as it was when it drew an event.
func seen(data json.RawMessage) (v payment.View) {
	_ = json.Unmarshal(data, &v) // an event of ours; of anything else nothing is seen
	return v
}

// attentions are why a person should look, or should have.
func attentions(f Facts) ([]string, bool) {
	if f.Payment.ID == "" {
		return nil, false
	}
	values := []string{string(f.Payment.Attention)}
	for _, e := range f.Events {
		if strings.HasPrefix(e.Type, "payment.") {
			values = append(values, string(seen(e.Data).Attention))
		}
	}
	if slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		return values, true
	}
	return []string{"none"}, true
}

// progresses are the places on its terminal that a payment came to.
func progresses(f Facts) ([]string, bool) {
	if f.Payment.ID == "" {
		return nil, false
	}
	var values []string
	for _, fact := range f.Payment.Facts {
		values = append(values, string(fact.Progress))
	}
	for _, e := range f.Events {
		if strings.HasPrefix(e.Type, "payment.") {
			values = append(values, string(seen(e.Data).Progress))
		}
	}
	if slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		return values, true
	}
	return []string{"none"}, true
}

// canceledBy says who asked to take the charge away: the till, the time-out, none.
func canceledBy(f Facts) ([]string, bool) {
	if f.Payment.ID == "" {
		return nil, false
	}
	for _, e := range f.Events {
		if e.Type == "payment.cancel_requested" {
			if e.Actor == "timeout" {
				return []string{"timeout"}, true
			}
			return []string{"till"}, true
		}
	}
	return []string{"none"}, true
}

// cancelProgress is where the charge stood on its terminal when that was asked.
func cancelProgress(f Facts) ([]string, bool) {
	for _, e := range f.Events {
		if e.Type == "payment.cancel_requested" {
			return []string{none(string(seen(e.Data).Progress))}, true
		}
	}
	return nil, false
}

// cancelAfter is how many seconds after its birth that was asked.
func cancelAfter(f Facts) ([]string, bool) {
	if f.Payment.CancelAt.IsZero() {
		return nil, false
	}
	return []string{whole(int64(f.Payment.CancelAt.Sub(f.Payment.CreatedAt) / time.Second))}, true
}

// refundCanceled says who took a refund off its terminal: the till, or nobody.
func refundCanceled(_ Facts, r payment.Refund) string {
	if r.CancelAt.IsZero() {
		return "none"
	}
	return "till"
}

func refundAfterClose(f Facts, r payment.Refund) string {
	return yes(!f.ClosedAt.IsZero() && r.CreatedAt.After(f.ClosedAt))
}

// refundCount is how many gave money back.
func refundCount(f Facts) ([]string, bool) {
	if f.Payment.ID == "" {
		return nil, false
	}
	var count int64
	for _, r := range f.Refunds {
		if r.State == payment.RefundSucceeded {
			count++
		}
	}
	return []string{whole(count)}, true
}

// settlementMatches says whether the provider's totals are ours, where it told them.
func settlementMatches(f Facts) ([]string, bool) {
	if f.Settlement == nil || f.Settlement.Theirs == nil {
		return nil, false
	}
	return []string{yes(len(settlement.Differences(f.Settlement.Ours, *f.Settlement.Theirs)) == 0)}, true
}

// settlementMoved is how much the terminal had moved when the close was asked for.
func settlementMoved(f Facts) ([]string, bool) {
	if f.Settlement == nil {
		return nil, false
	}
	return []string{whole(int64(f.Moved))}, true
}

// noticesAfterPaid says whether the first notice came when the payment was known
// to be paid already.
func noticesAfterPaid(f Facts) ([]string, bool) {
	if len(f.Notices) == 0 {
		return nil, false
	}
	for _, e := range f.Events {
		if e.Type == "payment.paid" {
			return []string{yes(f.Notices[0].At.After(e.CreatedAt))}, true
		}
	}
	return []string{"no"}, true
}
