package checkout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"posta"
	"posta/payment"
	"posta/provider"
)

const (
	payRounds = 5 // against another hand on the same session
	// storeLimit is how long what began a payment can take to store it.
	storeLimit = 20 * time.Second
)

// Pay charges a session. That a payment begins is committed to the session, with
// what it takes of the link's stock, before the payment is made under an id that
// follows from session and try: a repeat, a second click or a page gone back to
// comes upon that payment and never makes a second. One that ended without money
// frees the session. An unpaid one of another flow or method is canceled first;
// was it paid meanwhile, the session is complete.
//
// Errors: already_paid and payment_under_way with Params["payment"];
// request_in_flight (another click is storing its payment); session_expired,
// link_disabled, link_expired, sold_out with Params["left"], not_allowed_in_state;
// invalid with fields flow, method, amount, token, installments, bank, buyer.NAME,
// shipment.NAME; and those of payment.Service.Create.
func (s *Service) Pay(ctx context.Context, in PayInput) (payment.Payment, error) {
	for range payRounds {
		step, err := s.begin(ctx, in)
		if err != nil {
			return payment.Payment{}, err
		}
		if step.input != nil {
			p, err := s.Payments.Create(ctx, *step.input)
			if err != nil {
				return p, renamed(err)
			}
			_, err = s.Follow(ctx, in.Session)
			return p, err
		}
		p, again, err := s.resume(ctx, in, step)
		if !again {
			return p, err
		}
	}
	return payment.Payment{}, &posta.Error{Code: posta.CodeInFlight, RetryAfter: time.Second}
}

// step is how a try to pay goes on: with a new payment, or with one that is there.
type step struct {
	input *payment.Input
	there payment.Payment
	stale bool // the buyer's page was drawn before the payment began
}

// begin commits that a payment begins, unless one is there to go on with.
func (s *Service) begin(ctx context.Context, in PayInput) (step, error) {
	var out step
	_, err := s.change(ctx, in.Session, func(r *Record, now time.Time) error {
		out = step{stale: in.Tries < r.Session.Tries}
		v, last := &r.Session, r.last()
		switch {
		case v.State == Complete:
		case last != nil && (last.State.Open() || out.stale):
			out.there = *last
			if out.stale || last.State != payment.Pending || in.same(*last) || last.Progress == provider.ProgressAuthorized {
				return nil
			}
			// It is to make way, which must be for something that can be paid.
			before := *v
			_, err := s.plan(r, in, now)
			*v = before
			return err
		case last == nil && out.stale && now.Before(v.BegunAt.Add(storeLimit)):
			return &posta.Error{Code: posta.CodeInFlight, RetryAfter: time.Second}
		}
		planned, err := s.plan(r, in, now)
		if err != nil {
			return err
		}
		if err := r.hold(v.Quantity); err != nil {
			return err
		}
		s.touched(r)
		if v.PaymentID == "" || last != nil { // else an earlier hand began and did not come to store it
			v.Tries++
			v.PaymentID, v.BegunAt = tryID(v.ID, v.Tries, now), now
		}
		v.UpdatedAt = now
		planned.ID = v.PaymentID
		out.input = &planned
		return nil
	})
	return out, err
}

// plan is the payment that is asked for, but for its id; what it asks of the
// buyer goes into the session.
func (s *Service) plan(r *Record, in PayInput, now time.Time) (payment.Input, error) {
	if err := r.payable(now); err != nil {
		return payment.Input{}, err
	}
	if r.Link != nil {
		if err := r.Link.open(now); err != nil {
			return payment.Input{}, err
		}
	}
	v := &r.Session
	v.Buyer = merged(v.Buyer, in.Buyer)
	if in.Shipment != nil {
		v.Shipment = in.Shipment
	}
	asked, life, err := v.asked(in, now)
	asked.Return = s.SessionURL(*v) + ReturnPart
	return payment.Input{MerchantID: v.MerchantID, Mode: v.Mode, Amount: v.Amount, Reference: v.Reference, Description: v.Title, Items: v.Items,
		ExpiresIn: life, Rail: provider.RailOnline, ConnectionID: v.ConnectionID, Online: &asked, Owner: string(v.ID), By: string(v.ID)}, err
}

// same reports whether a payment is what is asked for.
func (in PayInput) same(p payment.Payment) bool {
	return p.Online != nil && p.Online.Flow == in.Flow && p.Online.Method == in.Method
}

// tryID is the id of a session's payment: the same for the same try.
func tryID(id posta.SessionID, try int, now time.Time) posta.PaymentID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", id, try))
	return posta.IDFrom[posta.PaymentID](ulid.MustNew(ulid.Timestamp(now), bytes.NewReader(sum[:])).String())
}

// resume goes on with a payment that is there. again says that it made way.
func (s *Service) resume(ctx context.Context, in PayInput, at step) (p payment.Payment, again bool, err error) {
	p = at.there
	if p.State == payment.Created || p.State == payment.Unknown {
		// The same create again: whatever became of the first, it is that one.
		if p, err = s.Payments.Create(ctx, payment.Input{ID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode, Amount: p.Amount, Reference: p.Reference,
			Description: p.Description, Items: p.Items, ExpiresIn: p.ExpiresAt.Sub(p.CreatedAt), Rail: p.Rail, ConnectionID: p.ConnectionID,
			Online: p.Online, Owner: p.Owner, By: p.CreatedBy}); err != nil {
			return at.there, false, renamed(err)
		}
	}
	if p.State == payment.Pending && ended(p.ExpiresAt, s.Clock.Now()) { // its end may only not have been told yet
		if seen, err := s.Payments.Refresh(ctx, p.MerchantID, p.Mode, p.ID); err == nil {
			p = seen
		}
	}
	switch {
	case p.State.Moneyed():
		_, err = s.Follow(ctx, in.Session)
		return p, false, err
	case at.stale, p.State.Open() && in.same(p), p.Progress == provider.ProgressAuthorized:
		return p, false, nil
	case p.State == payment.Pending:
		_, err = s.Abandon(ctx, in.Session, "buyer")
		return p, err == nil, err
	case p.State.Open():
		return p, false, underWay(p)
	}
	return p, true, nil
}

// asked is what the payment asks of the provider, and how long it can be paid:
// 0 for the rail's own.
func (v Session) asked(in PayInput, now time.Time) (provider.Online, time.Duration, error) {
	var p posta.Problems
	v.Buyer = checkBuyer(&p, v.Country, v.Buyer)
	out := provider.Online{Flow: in.Flow, Descriptor: v.Terms.Descriptor, Buyer: v.Buyer, Shipment: v.Shipment}
	if !v.offers(in.Flow) {
		return out, 0, posta.Invalid("flow", "not_offered")
	}
	p.Add(v.Amount.Amount <= 0, "amount", "required")
	p.Add(v.Amount.Amount > payment.MaxAmount, "amount", "too_high")
	p.Add(in.Amount != 0 && in.Amount != v.Amount.Amount, "amount", "changed")
	if in.Flow == provider.FlowRedirect {
		out.Installments, out.Exclude = v.Terms.MaxInstallments, v.excluded()
		v.needs(&p, nil)
		return out, max(v.ExpiresAt.Sub(now), time.Minute), p.Err()
	}
	m, err := posta.FindMethod(v.Country, in.Method)
	if err != nil || !v.takes(m) {
		p.Add(true, "method", "not_offered")
		return out, 0, p.Err()
	}
	v.needs(&p, m.Needs)
	wrong := m.CheckAmount(v.Amount)
	p.Add(v.Amount.Amount > 0 && wrong != "", "amount", wrong)
	card := m.Type.Card()
	p.Add(card && in.Token == "", "token", "required")
	p.Add(!card && in.Token != "", "token", "not_with_method")
	p.Add(in.Installments < 0 || in.Installments > 36 || !card && in.Installments > 1, "installments", "out_of_range")
	p.Add(v.Terms.MaxInstallments > 0 && in.Installments > v.Terms.MaxInstallments, "installments", "out_of_range")
	p.Add(slices.Contains(m.Needs, posta.BuyerBank) && in.Bank == "", "bank", "required")
	out.Method, out.Token, out.Installments, out.Issuer, out.Bank = in.Method, in.Token, in.Installments, in.Issuer, in.Bank
	if card {
		out.Authorize, out.Challenge = v.Terms.Authorize, v.Terms.Challenge
	}
	if m.Validity.Default > 0 {
		out.VoucherTo = now.Add(m.Validity.Default)
	}
	return out, m.Validity.Default, p.Err()
}

// renamed tells of the fields of a payment by the names that a buyer's form has.
func renamed(err error) error {
	var e *posta.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i := range out.Fields {
		out.Fields[i].Field = strings.TrimPrefix(out.Fields[i].Field, "online.")
	}
	return &out
}

func soldOut(l Link) error {
	left := l.Left()
	if left == Unlimited {
		left = 0
	}
	return &posta.Error{Code: posta.CodeSoldOut, Params: map[string]string{"left": fmt.Sprint(left)}}
}
