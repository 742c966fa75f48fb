package mercadopago

import (
	"cmp"
	"fmt"
	"time"
)

// chargeback is a card holder's bank taking the money back
// (docs/providers/mercadopago-online.md §2.9).
type chargeback struct {
	ID        string
	UserID    int64
	PaymentID int64
	Amount    int64
	Reason    string
	ReasonID  string
	Eligible  bool // the seller's cover may apply
	Applied   *bool
	Status    string // in_review, settled, reimbursed
	Papers    string // documentation_status
	Documents []evidence
	Deadline  time.Time
	Created   time.Time
	Updated   time.Time
	Version   int
}

// evidence is a file that the seller sent.
type evidence struct {
	Name string
	Type string
	File []byte
}

func (k *chargeback) key() (string, string) { return "chargeback", k.ID }

func (k *chargeback) index(st *state) {
	st.chargebacks[k.ID] = k
	if k.waits() {
		st.openChargebacks[k.ID] = k
	} else {
		delete(st.openChargebacks, k.ID)
	}
}

// waits says whether the seller may still send evidence.
func (k *chargeback) waits() bool { return k.Status == "in_review" && k.Papers == "pending" }

const (
	evidenceLife    = 10 * 24 * time.Hour
	topicChargeback = "topic_chargebacks_wh"
)

// ChargebackRequest opens a chargeback. The zero value is the whole amount, for
// a card holder who does not know the purchase, with the seller's cover to be
// had by evidence.
type ChargebackRequest struct {
	PaymentID int64  `json:"payment_id"`
	Amount    int64  `json:"amount,omitempty"` // minor units
	Reason    string `json:"reason,omitempty"`
	ReasonID  string `json:"reason_id,omitempty"`
	// NotEligible is one that no evidence can win.
	NotEligible bool `json:"not_eligible,omitempty"`
}

// OpenChargeback takes an approved payment's money back, for the time being.
func (s *Simulator) OpenChargeback(r ChargebackRequest) (id string, err error) {
	err = s.online(r.PaymentID, func(p *payment, now time.Time) error {
		if p.Status != approved || p.Online.Card == nil {
			return ErrOpen
		}
		if r.Amount < 0 || r.Amount > p.Amount-p.refundedTotal() {
			return ErrAmount
		}
		k := &chargeback{ID: text(217_000_000_000_000_000 + s.next(&s.count.Event)), UserID: p.UserID, PaymentID: p.ID, Amount: cmp.Or(r.Amount, p.Amount-p.refundedTotal()),
			Reason: cmp.Or(r.Reason, "general"), ReasonID: cmp.Or(r.ReasonID, "4853"), Eligible: !r.NotEligible, Status: "in_review", Papers: "pending",
			Deadline: now.Add(evidenceLife), Created: now}
		if r.NotEligible {
			k.Papers = "not_applicable"
		}
		id, p.Online.ChargebackID = k.ID, k.ID
		p.Status, p.Detail = chargedBack, "in_process"
		s.moveChargeback(k, now)
		s.move(p, now)
		return nil
	})
	return id, err
}

// DecideChargeback is the end of it: won, the seller keeps the money or gets it
// back (reimbursed); lost, it is gone (settled).
func (s *Simulator) DecideChargeback(id string, won bool) error {
	var err error
	e := s.do(func() {
		k := s.chargebacks[id]
		switch {
		case k == nil:
			err = fmt.Errorf("%w: there is no chargeback %s", ErrNothing, id)
		case k.Status != "in_review":
			err = ErrOpen
		default:
			s.decideChargeback(k, won, s.clock.Now())
		}
	})
	return cmp.Or(e, err)
}

func (s *Simulator) decideChargeback(k *chargeback, won bool, now time.Time) {
	k.Status, k.Applied = "settled", &won
	if won {
		k.Status = "reimbursed"
	}
	switch k.Papers {
	case "review_pending":
		k.Papers = map[bool]string{true: "valid", false: "invalid"}[won]
	case "pending":
		k.Papers = "not_supplied"
	}
	p := s.payments[k.PaymentID]
	p.Detail = k.Status
	s.moveChargeback(k, now)
	s.move(p, now)
}

// expireChargebacks ends those for which no evidence came in ten days: lost.
func (s *Simulator) expireChargebacks(now time.Time) {
	for _, k := range sorted(s.openChargebacks) {
		if !now.Before(k.Deadline) {
			s.decideChargeback(k, false, now)
		}
	}
}

// moveChargeback files a chargeback that was changed and tells the seller.
func (s *Simulator) moveChargeback(k *chargeback, now time.Time) {
	k.Updated = now
	k.Version++
	s.put(k)
	a, p := s.accounts[k.UserID], s.payments[k.PaymentID]
	checkout := "API"
	if p.Online.PreferenceID != "" {
		checkout = "PRO"
	}
	for _, t := range s.targets(a, p.via(), topicChargeback, p.NotificationURL) {
		n := &notice{UserID: a.UserID, Topic: topicChargeback, Action: "changed_case_status", Resource: k.ID, Version: k.Version}
		if t.channel == "feed" {
			n.Topic, n.Body = "chargebacks", object{"resource": k.ID, "topic": "chargebacks"}
		} else {
			n.BodyID = true
			n.Body = object{"actions": []string{"changed_case_status"}, "api_version": "v1", "application_id": p.via().of(a), "date_created": classicTime(now), "live_mode": true,
				"type": topicChargeback, "user_id": a.UserID, "version": k.Version, "data": object{"checkout": checkout, "date_updated": classicTime(now), "id": k.ID,
					"payment_id": p.ID, "product_id": "", "site_id": a.Site, "transaction_intent_id": ""}}
		}
		s.enqueue(n, t, now)
	}
}

// OpenDispute is the buyer complaining to the provider about an approved
// payment: in_mediation (§2.4).
func (s *Simulator) OpenDispute(paymentID int64) error {
	return s.online(paymentID, func(p *payment, now time.Time) error {
		if p.Status != approved {
			return ErrOpen
		}
		p.Status, p.Detail = inMediation, "pending"
		s.move(p, now)
		return nil
	})
}

// CloseDispute ends it: the buyer gets the money back, or the seller keeps it.
func (s *Simulator) CloseDispute(paymentID int64, refund bool) error {
	return s.online(paymentID, func(p *payment, now time.Time) error {
		if p.Status != inMediation {
			return ErrOpen
		}
		p.Status, p.Detail = approved, "accredited"
		if len(p.Refunds) > 0 {
			p.Detail = "partially_refunded"
		}
		if refund {
			s.giveBack(p, p.Amount-p.refundedTotal(), "", now)
			return nil
		}
		s.move(p, now)
		return nil
	})
}

// view is the union of the two shapes that are known; by switch the newer one.
func (k *chargeback) view(s *Simulator) object {
	a, p := s.accounts[k.UserID], s.payments[k.PaymentID]
	t := a.site()
	o := object{"id": k.ID, "payment_id": k.PaymentID, "status": k.Status, "amount": t.number(k.Amount), "currency_id": t.Currency, "reason_id": k.ReasonID, "reason": k.Reason,
		"date_created": classicTime(k.Created), "last_modified": classicTime(k.Updated)}
	if s.switches.ChargebackNewShape {
		return o
	}
	list := []object{}
	for i, d := range k.Documents {
		list = append(list, object{"type": d.Type, "url": s.cfg.PublicURL + "/v1/chargebacks/" + k.ID + "/documentation/" + text(int64(i)), "description": d.Name})
	}
	o["payments"], o["currency"], o["coverage_elegible"], o["coverage_applied"] = []int64{k.PaymentID}, t.Currency, k.Eligible, nil
	if k.Applied != nil {
		o["coverage_applied"] = *k.Applied
	}
	o["documentation_required"], o["documentation_status"], o["documentation"] = k.Eligible, k.Papers, list
	o["date_documentation_deadline"], o["date_last_updated"], o["live_mode"] = classicTime(k.Deadline), classicTime(k.Updated), !a.Test && !p.Online.Test
	return o
}
