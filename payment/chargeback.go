package payment

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// ChargebackState is where a chargeback stands; docs/states.md draws the machine.
type ChargebackState string

// The states of a chargeback. Store guards the same list with a CHECK.
const (
	ChargebackOpen  ChargebackState = "open"          // evidence is awaited
	ChargebackSent  ChargebackState = "evidence_sent" // the bank decides
	ChargebackWon   ChargebackState = "won"           // the merchant keeps the money
	ChargebackLost  ChargebackState = "lost"          // the buyer has it back
	ChargebackCover ChargebackState = "covered"       // the provider bears the loss
)

// Ended reports whether the chargeback is decided.
func (s ChargebackState) Ended() bool { return s != ChargebackOpen && s != ChargebackSent }

// Chargeback is a buyer's bank taking a payment back.
type Chargeback struct {
	ID           posta.ChargebackID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	PaymentID    posta.PaymentID
	ConnectionID posta.ConnectionID
	ProviderID   string // the provider's own id
	Attempt      string // the provider's id of the attempt that is taken back
	Amount       posta.Money
	State        ChargebackState
	Reason       string    // the provider's word or number
	Detail       string    // the provider's word on the evidence
	DeadlineAt   time.Time // until when evidence is taken; zero if not told
	Evidence     []Evidence
	SentAt       time.Time // when evidence was first handed in; zero if never
	SentBy       string
	CreatedAt    time.Time // by the provider's clock
	UpdatedAt    time.Time
	WarnedAt     time.Time // when its deadline was told to be near
	DueAt        time.Time // when to look at it again; zero for never
}

// When a chargeback is looked at: its deadline is told two days before, and the
// bank's verdict may take months.
const (
	deadlineNear    = 48 * time.Hour
	verdictStep     = 12 * time.Hour
	verdictLongest  = 200 * 24 * time.Hour
	chargebackLease = time.Minute
)

// bindChargebacks reads the chargebacks off the facts, and tells of what moved.
func (s *Service) bindChargebacks(r *Record) {
	now := s.Clock.Now()
	for _, f := range newest(r.Payment.Facts) {
		if f.Kind != provider.FactChargeback {
			continue
		}
		c := r.chargeback(f, now)
		before := *c
		c.Amount = posta.Money{Amount: f.Amount, Currency: r.Payment.Amount.Currency}
		c.Reason, c.Detail = f.Chargeback.Reason, f.Chargeback.Evidence
		if !f.Chargeback.DeadlineAt.IsZero() {
			c.DeadlineAt = f.Chargeback.DeadlineAt
		}
		c.State = chargebackState(f, !c.SentAt.IsZero())
		if c.State == ChargebackSent && c.State != before.State {
			for i := range c.Evidence {
				c.Evidence[i].Received = true
			}
		}
		fresh := before.UpdatedAt.IsZero()
		if !fresh && c.State == before.State && c.Amount == before.Amount && c.Reason == before.Reason && c.Detail == before.Detail && c.DeadlineAt.Equal(before.DeadlineAt) {
			continue
		}
		c.UpdatedAt, c.DueAt = now, c.next(now)
		if fresh {
			s.tellChargeback(r, "chargeback.opened", "", *c)
		}
		if c.State != before.State && c.State != ChargebackOpen {
			s.tellChargeback(r, "chargeback."+string(c.State), "", *c)
		}
	}
}

// chargebackState is the state that the newest fact tells, and whether we have sent
// evidence: nothing that depends on the order of arrival.
func chargebackState(f provider.Fact, sent bool) ChargebackState {
	switch {
	case f.Status == provider.StatusWon && f.Chargeback.Covered == "yes":
		return ChargebackCover
	case f.Status == provider.StatusWon:
		return ChargebackWon
	case f.Status == provider.StatusLostCase:
		return ChargebackLost
	case f.Status == provider.StatusReview || sent:
		return ChargebackSent
	}
	return ChargebackOpen
}

// chargeback finds or adds the one that the fact f is of.
func (r *Record) chargeback(f provider.Fact, now time.Time) *Chargeback {
	for i := range r.Chargebacks {
		if r.Chargebacks[i].ProviderID == f.ID {
			return &r.Chargebacks[i]
		}
	}
	p := r.Payment
	born := f.At
	if born.IsZero() || born.After(now) {
		born = now
	}
	r.Chargebacks = append(r.Chargebacks, Chargeback{ID: posta.NewID[posta.ChargebackID](now), MerchantID: p.MerchantID, Mode: p.Mode,
		PaymentID: p.ID, ConnectionID: p.ConnectionID, ProviderID: f.ID, Attempt: f.Parent, State: ChargebackOpen, CreatedAt: born})
	return &r.Chargebacks[len(r.Chargebacks)-1]
}

func (s *Service) tellChargeback(r *Record, kind, by string, c Chargeback) {
	r.Events = append(r.Events, s.eventBy(by, kind, r.Payment, mustJSON(c.View())))
}

// next is when to look at the chargeback again: before its deadline to warn, then
// now and then for the verdict.
func (c Chargeback) next(now time.Time) time.Time {
	if c.State.Ended() || now.Sub(c.CreatedAt) > verdictLongest {
		return time.Time{}
	}
	next := now.Add(verdictStep)
	if near := c.DeadlineAt.Add(-deadlineNear); c.State == ChargebackOpen && c.WarnedAt.IsZero() && !c.DeadlineAt.IsZero() && near.Before(next) {
		return near
	}
	return next
}

// Chargeback finds one. Errors: not_found.
func (s *Service) Chargeback(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ChargebackID) (Chargeback, error) {
	return s.Store.Chargeback(ctx, m, mode, id)
}

// ChargebackFilter chooses chargebacks of a list. Zero fields do not choose.
type ChargebackFilter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	PaymentID  posta.PaymentID
	State      ChargebackState
	Undecided  bool
	posta.Page
}

// Chargebacks lists those that match: the undecided by deadline, others newest first.
func (s *Service) Chargebacks(ctx context.Context, f ChargebackFilter) ([]Chargeback, error) {
	return s.Store.ListChargebacks(ctx, f)
}

func (r *Record) findChargeback(id posta.ChargebackID) *Chargeback {
	for i := range r.Chargebacks {
		if r.Chargebacks[i].ID == id {
			return &r.Chargebacks[i]
		}
	}
	return nil
}

// SweepChargebacks warns of deadlines that are near and asks what became of the
// undecided, and gives how many it took.
func (s *Service) SweepChargebacks(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimChargebacks(ctx, s.Clock.Now(), chargebackLease, 20)
	if err != nil {
		return 0, err
	}
	for _, c := range due {
		each(func() {
			if err := s.followChargeback(ctx, c); err != nil {
				s.Log.WarnContext(ctx, "chargeback", "chargeback", c.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

func (s *Service) followChargeback(ctx context.Context, c Chargeback) error {
	_, asked := s.Refresh(ctx, c.MerchantID, c.Mode, c.PaymentID)
	_, err := s.Store.ChangePayment(context.WithoutCancel(ctx), c.PaymentID, func(r *Record) error {
		mine, now := r.findChargeback(c.ID), s.Clock.Now()
		if mine == nil {
			return nil
		}
		if mine.State == ChargebackOpen && mine.WarnedAt.IsZero() && !mine.DeadlineAt.IsZero() && !now.Before(mine.DeadlineAt.Add(-deadlineNear)) {
			mine.WarnedAt = now
			if now.Before(mine.DeadlineAt) {
				s.tellChargeback(r, "chargeback.deadline_near", "", *mine)
			}
		}
		mine.DueAt = mine.next(now)
		return nil
	})
	if err == nil {
		s.Committed()
	}
	return firstOf(asked, err)
}

// ChargebackView is a chargeback as the API and events show it.
type ChargebackView struct {
	ID         posta.ChargebackID `json:"id"`
	PaymentID  posta.PaymentID    `json:"payment_id"`
	Mode       posta.Mode         `json:"mode" enum:"test,live"`
	State      ChargebackState    `json:"state" enum:"open,evidence_sent,won,lost,covered"`
	Amount     int64              `json:"amount" doc:"what is taken back, in minor units"`
	Currency   posta.Currency     `json:"currency"`
	Reason     string             `json:"reason,omitempty" doc:"the provider's word or number"`
	ProviderID string             `json:"provider_chargeback" doc:"the provider's own id"`
	DeadlineAt *time.Time         `json:"deadline_at,omitempty" doc:"until when evidence is taken"`
	Evidence   []Evidence         `json:"evidence,omitempty" doc:"files that were handed in"`
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
}

// View shows the chargeback.
func (c Chargeback) View() ChargebackView {
	return ChargebackView{ID: c.ID, PaymentID: c.PaymentID, Mode: c.Mode, State: c.State, Amount: c.Amount.Amount, Currency: c.Amount.Currency,
		Reason: c.Reason, ProviderID: c.ProviderID, DeadlineAt: unlessZero(c.DeadlineAt), Evidence: c.Evidence, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}
