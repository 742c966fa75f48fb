package provider

import (
	"net/http"
	"net/url"
	"time"
)

// Delivery is what arrived at /hooks/, exactly as it came.
type Delivery struct {
	Query      string // raw query string
	Header     http.Header
	Body       []byte
	ReceivedAt time.Time
}

// Values parses the query; a malformed one gives what could be read.
func (d Delivery) Values() url.Values {
	values, _ := url.ParseQuery(d.Query)
	return values
}

// Secret is one of the active keys that a delivery may be signed with.
type Secret struct {
	ID    string // which one, to be recorded
	Value string
}

// Notice is a delivery as understood: something happened to a resource.
type Notice struct {
	Topic    string // in the provider's canonical word: "merchant_order", "payment", "order"
	Resource string // the provider's id of it
	Action   string // "update", "order.processed"; "" if not told
	Status   string // what it claims; never believed, shown
	Version  string // "" if not told
	Live     bool
	Channel  string // "webhook", "feed"
}

// DedupeKey names what the notice tells: two with the same key tell the same
// and need one fetch. It is "" when the notice does not say enough to know.
func (n Notice) DedupeKey() string {
	if n.Version != "" {
		// The status too: a provider may send one version for every change.
		return n.Topic + "|" + n.Resource + "|v" + n.Version + "|" + n.Status
	}
	if n.Action == "" || n.Status == "" {
		return ""
	}
	return n.Topic + "|" + n.Resource + "|" + n.Action + "+" + n.Status
}

// Judgement is what the signature of a delivery is worth.
type Judgement string

// The judgements.
const (
	Verified     Judgement = "verified"
	Unverifiable Judgement = "unverifiable" // signed with a key nobody can have, or not signed by design
	BadSignature Judgement = "invalid"
	Stale        Judgement = "stale"      // signed well, but outside the window at the time of receipt
	Unreadable   Judgement = "unreadable" // not a notice at all
)

// Verdict is the judgement and how it was reached.
type Verdict struct {
	Judgement Judgement
	Secret    string // ID of the secret that verified it
	Form      string // "raw id, seconds"
	Reason    string // for the operator, never holding a secret
}
