package web

import (
	"fmt"
	"slices"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// stage is one payment as the counter shows it.
type stage struct {
	counter
	Payment  payment.View
	Paying   *payment.AttemptView // the one that brought the money
	Declined *payment.AttemptView // the latest declined try, while another one is possible
	Declines int
	Version  int64  // grows with each change
	Left     string // time to pay, "9:58"; the script counts it down
	Demo     *Demo
	POS      string // the till's code at the provider, for the demo's phone
	On       *at    // where it stands on a terminal, nil for a QR
	Sum      string // why what was charged is not what was asked, "" if it is
	Cash     int64  // minor units to hand to the customer
	TimedOut bool   // it was taken off its terminal because nobody paid in time
	Told     bool   // a person said how it ended, not the terminal
	BySlip   bool   // a person with the terminal's slip settles it
}

// stage makes the payment ready to be shown.
func (s *server) stage(v *visit, c counter, p payment.Payment) *stage {
	left := max(p.ExpiresAt.Sub(s.Clock.Now()), 0)
	st := &stage{Left: fmt.Sprintf("%d:%02d", left/time.Minute, left%time.Minute/time.Second), counter: c, Payment: p.View(), Version: p.UpdatedAt.UnixMicro(), Demo: s.Demo, POS: posta.Alphanumeric(c.Till.ID)}
	for i, a := range st.Payment.Attempts {
		switch a.Status {
		case provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack:
			st.Paying = &st.Payment.Attempts[i]
		case provider.StatusRejected:
			st.Declines++
			st.Declined = &st.Payment.Attempts[i]
		}
	}
	if !p.State.Open() {
		st.Declined = nil
	}
	st.On = v.onTerminal(c, p)
	st.TimedOut = !p.CancelAt.IsZero() && !p.CancelAt.Before(p.ExpiresAt)
	st.Told = slices.ContainsFunc(p.Facts, func(f provider.Fact) bool { return f.Kind == provider.FactOperator })
	st.BySlip = bySlip(p)
	if st.On != nil && p.State.Moneyed() {
		st.Sum = v.sum(p.Amount.Amount, st.Paying, c.Currency)
		if st.Paying != nil && st.Paying.Slip != nil {
			st.Cash = st.Paying.Slip.CashBack
		}
	}
	return st
}

// Open reports whether the payment occupies the till.
func (st *stage) Open() bool { return st.Payment.State.Open() }

// Moneyed reports whether the money is proven to have come.
func (st *stage) Moneyed() bool { return st.Payment.State.Moneyed() }

// Ticket is the address of the payment's ticket, "" before it is paid.
func (st *stage) Ticket() string {
	if !st.Moneyed() {
		return ""
	}
	return st.URL() + "/ticket/" + string(st.Payment.ID)
}

// Sale is the address of the payment among the till's sales.
func (st *stage) Sale() string { return st.URL() + "/sales/" + string(st.Payment.ID) }

// message is what the till's script hears: over the event stream, and as the
// answer to what it sent.
type message struct {
	Type     string          `json:"type"` // hello, an event's type, or answer
	Payment  posta.PaymentID `json:"payment,omitempty"`
	State    payment.State   `json:"state,omitempty"`
	Open     bool            `json:"open"`
	Moneyed  bool            `json:"moneyed"`
	Declines int             `json:"declines"`
	Version  int64           `json:"version"`
	Ticket   string          `json:"ticket,omitempty"`
	HTML     string          `json:"html,omitempty"` // the stage
	Last     string          `json:"last,omitempty"` // the line of the last sale, once it ended
	Problem  string          `json:"problem,omitempty"`
	Wrong    string          `json:"wrong,omitempty"` // code of the problem
}

// message describes the payment to the script.
func (s *server) message(v *visit, kind string, st *stage) (message, error) {
	m := message{Type: kind, Payment: st.Payment.ID, State: st.Payment.State, Open: st.Open(), Moneyed: st.Moneyed(),
		Declines: st.Declines, Version: st.Version, Ticket: st.Ticket()}
	var err error
	if m.HTML, err = v.fragment("till", "stage", st); err != nil {
		return m, err
	}
	if !m.Open {
		m.Last, err = v.fragment("till", "last", st)
	}
	return m, err
}
