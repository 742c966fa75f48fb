package provider

import (
	"encoding/json"
	"time"

	"posta"
)

// Observation is what a provider said about one charge, in facts. The bytes
// that they were read from are kept by outbound's recorder before a connector
// sees them.
type Observation struct {
	ExternalReference string // our payment id, as the provider gave it back
	Till              string // the provider's till code, "" if not told
	Terminal          string // the provider's id of the terminal that took it, "" if none
	Order             string // the provider's id of the order, "" if it has none
	Display           string // text of the QR to show, "" if the till's own serves
	Next              Next   // what the buyer does next, on RailOnline
	Facts             []Fact
}

// Kind says what a fact is about.
type Kind string

// The kinds of fact.
const (
	FactOrder      Kind = "order"      // what we put before the buyer
	FactSale       Kind = "sale"       // what the buyer's scan made of it (legacy merchant_order); proves payment, does not keep the order open
	FactAttempt    Kind = "attempt"    // one try to pay
	FactRefund     Kind = "refund"     // money given back
	FactChargeback Kind = "chargeback" // the bank of the buyer takes an attempt back
	FactForeign    Kind = "foreign"    // proof that does not fit the charge: another till or currency; Detail says which
	FactOperator   Kind = "operator"   // what a named person settled
)

// Status is a fact's status in Posta's words.
type Status string

// The statuses. Each kind uses those that its comment names.
const (
	StatusOpen        Status = "open"         // order, sale: can be paid
	StatusClosed      Status = "closed"       // order, sale: the provider says it is paid in full
	StatusReview      Status = "review"       // order: the provider wants somebody to look; does not end by itself
	StatusCanceled    Status = "canceled"     // order, sale, attempt; operator: given up
	StatusExpired     Status = "expired"      // order, sale, attempt
	StatusRejected    Status = "rejected"     // order (terminal), attempt, refund: the bank or provider declined
	StatusDoubtful    Status = "doubtful"     // order (terminal), refund: ended by an error that leaves open whether money moved
	StatusRefused     Status = "refused"      // order: the create was refused, there is no order
	StatusLost        Status = "lost"         // order: the create's answer was lost
	StatusStranded    Status = "stranded"     // order: it was lost, and only a person can settle it
	StatusPending     Status = "pending"      // attempt, refund: not decided
	StatusApproved    Status = "approved"     // attempt, refund: money moved
	StatusInMediation Status = "in_mediation" // attempt: the buyer disputes it
	StatusChargedBack Status = "charged_back" // attempt: the bank took it back
	StatusWon         Status = "won"          // chargeback: the merchant keeps the money
	StatusLostCase    Status = "lost_case"    // chargeback: the buyer has it back
	StatusAccepted    Status = "accepted"     // operator: the amount is taken as full payment
)

// rank orders statuses that claim the same moment: the further along wins.
var rank = map[Status]int{
	StatusLost: 0, StatusStranded: 0, StatusOpen: 1, StatusPending: 1, StatusReview: 2, StatusRefused: 3,
	StatusExpired: 4, StatusCanceled: 4, StatusRejected: 4, StatusDoubtful: 4, StatusAccepted: 5,
	StatusWon: 6, StatusLostCase: 6,
	StatusApproved: 6, StatusClosed: 6, StatusInMediation: 7, StatusChargedBack: 8,
}

// step orders progresses that claim the same moment.
var step = map[Progress]int{ProgressOffered: 1, ProgressAuthorized: 1, ProgressAtTerminal: 2, ProgressConfirming: 3, ProgressCanceling: 4}

// Fact is one thing that a provider said about one of its objects at one
// version of it. Facts are kept as a set; the newest of each object counts.
type Fact struct {
	Kind    Kind      `json:"kind"`
	ID      string    `json:"id"`               // the provider's own id of the object
	Parent  string    `json:"parent,omitempty"` // attempt → order or sale, refund → attempt
	Status  Status    `json:"status"`
	Detail  string    `json:"detail,omitempty"`  // the provider's own words: "cc_rejected_insufficient_amount"
	Version int64     `json:"version,omitempty"` // counts where both of two facts have one; 0 for none
	At      time.Time `json:"at"`                // last change by the provider's clock, or when we were told where it says none
	Amount  int64     `json:"amount"`            // minor units: order, sale = asked; attempt = captured or tried; refund = given back
	// Currency is "" where the provider does not say it.
	Currency posta.Currency `json:"currency,omitempty"`
	// Explained is what lawfully makes the captured amount differ from the asked
	// one: discounts and benefits count negative, tips and cash-back positive.
	Explained int64 `json:"explained,omitempty"`

	Method       string `json:"method,omitempty"`       // credit_card, debit_card, account_money…
	Brand        string `json:"brand,omitempty"`        // visa, master…
	LastFour     string `json:"last_four,omitempty"`    // of the card
	Installments int    `json:"installments,omitempty"` // 0 if not told
	Authorizes   string `json:"authorization,omitempty"`

	Progress Progress   `json:"progress,omitempty"` // of an open order or pending refund on a terminal
	Refund   RefundKind `json:"refund,omitempty"`   // of a refund; "" is KindRefund
	Slip     Slip       `json:"slip,omitzero"`
	// Chargeback is a chargeback's own.
	Chargeback Chargeback `json:"chargeback,omitzero"`
}

// Newer reports whether f says something newer than o about the same object:
// by the provider's version where it has one, else by time. A connector gives
// all facts of an object versions, or none. It is a total order over different
// facts, so that the order of arrival cannot matter.
func (f Fact) Newer(o Fact) bool {
	if f.Version != o.Version {
		return f.Version > o.Version
	}
	if !f.At.Equal(o.At) {
		return f.At.After(o.At)
	}
	if rank[f.Status] != rank[o.Status] {
		return rank[f.Status] > rank[o.Status]
	}
	if step[f.Progress] != step[o.Progress] {
		return step[f.Progress] > step[o.Progress]
	}
	if f.Amount != o.Amount {
		return f.Amount > o.Amount
	}
	return f.fingerprint() > o.fingerprint()
}

// Same reports whether f and o say the same, if not at the same moment.
func (f Fact) Same(o Fact) bool {
	f.At, o.At = time.Time{}, time.Time{}
	return f == o
}

func (f Fact) fingerprint() string {
	f.At = f.At.UTC()
	b, _ := json.Marshal(f)
	return string(b)
}
