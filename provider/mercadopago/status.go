package mercadopago

import "posta/provider"

// merchantOrderStatus is the status of a merchant_order in our words,
// docs/providers/mercadopago.md §7. Only "closed" is proof that it is paid;
// order_status "reverted" and its like come with refunds of their own.
var merchantOrderStatus = map[string]provider.Status{
	"opened":  provider.StatusOpen,
	"closed":  provider.StatusClosed,
	"expired": provider.StatusExpired,
}

// paymentStatus is the status of a payment in our words,
// docs/providers/mercadopago.md §7. What was given back of one is facts of its own.
var paymentStatus = map[string]provider.Status{
	"pending":      provider.StatusPending,
	"in_process":   provider.StatusPending,
	"authorized":   provider.StatusPending,
	"approved":     provider.StatusApproved,
	"refunded":     provider.StatusApproved,
	"rejected":     provider.StatusRejected,
	"cancelled":    provider.StatusCanceled,
	"in_mediation": provider.StatusInMediation,
	"charged_back": provider.StatusChargedBack,
}

// refundStatus is the status of a payment's refund in our words. One that
// tells no status was answered with success.
var refundStatus = map[string]provider.Status{
	"":           provider.StatusApproved,
	"approved":   provider.StatusApproved,
	"authorized": provider.StatusPending,
	"in_process": provider.StatusPending,
	"rejected":   provider.StatusRejected,
	"cancelled":  provider.StatusCanceled,
}

// orderStatus is the status of an order in our words,
// docs/providers/mercadopago.md §4.3, §5.5.
var orderStatus = map[string]provider.Status{
	"created":            provider.StatusOpen,
	"at_terminal":        provider.StatusOpen,
	"processing":         provider.StatusOpen,
	"processed":          provider.StatusClosed,
	"partially_refunded": provider.StatusClosed,
	"refunded":           provider.StatusClosed,
	"canceled":           provider.StatusCanceled,
	"expired":            provider.StatusExpired,
	"failed":             provider.StatusRejected,
	"action_required":    provider.StatusReview,
}

// transactionStatus is the status of an order's payment in our words, for those
// that are a try to pay.
var transactionStatus = map[string]provider.Status{
	"processing":         provider.StatusPending,
	"action_required":    provider.StatusPending,
	"processed":          provider.StatusApproved,
	"partially_refunded": provider.StatusApproved,
	"refunded":           provider.StatusApproved,
	"failed":             provider.StatusRejected,
	"in_mediation":       provider.StatusInMediation,
	"charged_back":       provider.StatusChargedBack,
}

// progressOf is where an open order of a terminal stands,
// docs/providers/mercadopago.md §5.5.
var progressOf = map[string]provider.Progress{
	"created":     provider.ProgressOffered,
	"at_terminal": provider.ProgressAtTerminal,
	"processing":  provider.ProgressAtTerminal,
}

// orderRefundStatus is the status of an order's refund in our words.
var orderRefundStatus = map[string]provider.Status{
	"":           provider.StatusPending,
	"created":    provider.StatusPending,
	"processing": provider.StatusPending,
	"processed":  provider.StatusApproved,
	"refunded":   provider.StatusApproved,
	"failed":     provider.StatusRejected,
	"canceled":   provider.StatusCanceled,
}

// read looks a word of theirs up; one that is not known gives otherwise.
func read(words map[string]provider.Status, word string, otherwise provider.Status) provider.Status {
	if s, ok := words[word]; ok {
		return s
	}
	return otherwise
}
