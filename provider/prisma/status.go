package prisma

import (
	"strings"

	"posta/provider"
)

// reading is a status in our words. Its place in the life of the object is the
// version of its facts: what comes later in life is newer, in whatever order it
// arrives.
type reading struct {
	status   provider.Status
	progress provider.Progress
	place    int64
}

// unknownWord is a status nobody has told us of: still pending (§5.4).
func unknownWord(open provider.Status) reading { return reading{status: open, place: 1} }

// paymentStatus is docs/providers/prisma.md §5.4.
var paymentStatus = map[string]reading{
	"PAYMENT_REQUEST":         {provider.StatusOpen, provider.ProgressOffered, 1},
	"PROCESSING_PAYMENT":      {provider.StatusOpen, provider.ProgressAtTerminal, 2},
	"WAITING_CONFIRMATION":    {provider.StatusOpen, provider.ProgressConfirming, 3},
	"CONFIRM_REQUEST":         {provider.StatusOpen, provider.ProgressConfirming, 4},
	"PROCESSING_CONFIRMATION": {provider.StatusOpen, provider.ProgressConfirming, 5},
	"UNDO_REQUEST":            {provider.StatusOpen, provider.ProgressCanceling, 6},
	"PROCESSING_UNDO":         {provider.StatusOpen, provider.ProgressCanceling, 7},
	"ERROR":                   {provider.StatusDoubtful, "", 9},
	"DECLINED":                {provider.StatusRejected, "", 10},
	"UNDONE":                  {provider.StatusCanceled, "", 11},
	"CONFIRMED":               {provider.StatusClosed, "", 12},
}

// unproven is a payment that is CONFIRMED and does not say with how much: a
// person reads it off the slip.
var unproven = reading{provider.StatusReview, provider.ProgressConfirming, 8}

// reversalStatus is docs/providers/prisma.md §6.
var reversalStatus = map[string]reading{
	"REVERSAL_REQUEST":         {provider.StatusPending, provider.ProgressOffered, 1},
	"PROCESSING_REVERSAL":      {provider.StatusPending, provider.ProgressAtTerminal, 2},
	"UNDO_REVERSAL_REQUEST":    {provider.StatusPending, provider.ProgressCanceling, 3},
	"PROCESSING_UNDO_REVERSAL": {provider.StatusPending, provider.ProgressCanceling, 4},
	"UNDO_REVERSAL_DECLINED":   {provider.StatusDoubtful, "", 5}, // the reversal may stand: ask on, or see its slip
	"REVERSAL_ERROR":           {provider.StatusDoubtful, "", 6},
	"REVERSAL_DECLINED":        {provider.StatusRejected, "", 7},
	"REVERSAL_UNDONE":          {provider.StatusCanceled, "", 8},
	"REVERSED":                 {provider.StatusApproved, "", 9},
}

// refundStatus is docs/providers/prisma.md §7.
var refundStatus = map[string]reading{
	"REFUND_REQUEST":    {provider.StatusPending, provider.ProgressOffered, 1},
	"PROCESSING_REFUND": {provider.StatusPending, provider.ProgressAtTerminal, 2},
	"UNDO_REQUEST":      {provider.StatusPending, provider.ProgressCanceling, 3},
	"PROCESSING_UNDO":   {provider.StatusPending, provider.ProgressCanceling, 4},
	"ERROR":             {provider.StatusDoubtful, "", 6},
	"DECLINED":          {provider.StatusRejected, "", 7},
	"UNDONE":            {provider.StatusCanceled, "", 8},
	"CONFIRMED":         {provider.StatusApproved, "", 9},
}

// settlementStatus is docs/providers/prisma.md §8.
var settlementStatus = map[string]reading{
	"SETTLEMENT_REQUEST":    {provider.StatusPending, provider.ProgressOffered, 1},
	"PROCESSING_SETTLEMENT": {provider.StatusPending, provider.ProgressAtTerminal, 2},
	"ERROR":                 {provider.StatusDoubtful, "", 6},
	"DECLINED":              {provider.StatusRejected, "", 7},
	"CONFIRMED":             {provider.StatusApproved, "", 9},
}

// read looks a word of theirs up; one that is not known is pending, as open says it.
func read(words map[string]reading, word text, open provider.Status) reading {
	if r, ok := words[string(word)]; ok {
		return r
	}
	return unknownWord(open)
}

// methods and entries are docs/providers/prisma.md §5.3.
var (
	methods = map[string]string{"CREDIT": "credit_card", "DEBIT": "debit_card"}
	entries = map[string]string{"MANUAL": "manual", "MAGNETIC_STRIPE": "stripe", "CHIP": "chip", "FALLBACK_MANUAL": "manual",
		"FALLBACK_MAGNETIC_STRIPE": "stripe", "CHIP_CONTACTLESS": "contactless", "MAGNETIC_STRIP_CONTACTLESS": "contactless",
		"QR_CODE": "qr"}
)

// known gives our word for theirs; theirs in lower case where we have none.
func known(words map[string]string, theirs text) string {
	if w, ok := words[string(theirs)]; ok {
		return w
	}
	return strings.ToLower(string(theirs))
}
