package subscription

import (
	"time"

	"posta"
)

// Kind is what a message to the buyer is about; its words are in
// text/dunning.*.json under dunning.KIND.
type Kind string

// The kinds.
const (
	KindVoucher  Kind = "voucher"  // EngineHub: here is what to pay, each time there is a new one
	KindBefore   Kind = "before"   // it will be due, or charged
	KindDue      Kind = "due"      // it is due, or was declined
	KindAfter    Kind = "after"    // it is overdue
	KindPaused   Kind = "paused"   // the final rule
	KindCanceled Kind = "canceled" // the final rule
)

// MessageState is whether a message went out.
type MessageState string

// The states.
const (
	MessageQueued MessageState = "queued"
	MessageSent   MessageState = "sent"
	MessageFailed MessageState = "failed"
	MessageKept   MessageState = "kept" // there is no mail server, or no address: it is only shown
)

// Message is an e-mail to the buyer, kept with its exact words. It is committed
// with what it is about.
type Message struct {
	ID             posta.MessageID
	MerchantID     posta.MerchantID
	Mode           posta.Mode
	SubscriptionID posta.SubscriptionID
	InvoiceID      posta.InvoiceID
	Kind           Kind
	Step           int // days from the due date, of a step of dunning
	To             string
	ToName         string
	Subject        string
	Text           string
	MailID         string // its Message-ID, the same however often it is sent
	State          MessageState
	Detail         string // the mail server's words on a failure
	Tries          int
	CreatedAt      time.Time
	SentAt         time.Time
	DueAt          time.Time // next try, zero for none
}
