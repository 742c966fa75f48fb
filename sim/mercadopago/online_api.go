package mercadopago

import (
	"errors"
	"net/http"
)

// onlineRoutes are the control API's calls for online payments
// (docs/simulators.md).
func (s *Simulator) onlineRoutes() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		"GET /sim/api/vouchers":           func(*http.Request) (any, error) { return s.OpenVouchers(), nil },
		"POST /sim/api/voucher/pay":       s.apiVoucher,
		"POST /sim/api/voucher/refuse":    s.apiVoucherRefused,
		"POST /sim/api/challenge":         s.apiChallenge,
		"POST /sim/api/token":             s.apiToken,
		"POST /sim/api/applications":      s.apiApplication,
		"GET /sim/api/chargebacks":        func(*http.Request) (any, error) { return s.Chargebacks(), nil },
		"POST /sim/api/chargeback":        s.apiChargeback,
		"POST /sim/api/chargeback/decide": s.apiChargebackDecided,
		"POST /sim/api/dispute":           s.apiDispute,
		"POST /sim/api/dispute/close":     s.apiDisputeClosed,
		"POST /sim/api/oauth/unlink":      s.apiUnlink,
	}
}

func (s *Simulator) apiVoucher(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PaymentID int64 `json:"payment_id"`
	}](r)
	if err != nil {
		return nil, err
	}
	err = s.PayVoucher(q.PaymentID)
	if errors.Is(err, ErrReturned) {
		return object{"returned": true}, nil
	}
	return object{"returned": false}, err
}

func (s *Simulator) apiVoucherRefused(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PaymentID int64 `json:"payment_id"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.RefuseTransfer(q.PaymentID)
}

func (s *Simulator) apiChallenge(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PaymentID int64 `json:"payment_id"`
		Passed    bool  `json:"passed"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.AnswerChallenge(q.PaymentID, q.Passed)
}

func (s *Simulator) apiToken(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		UserID    int64    `json:"user_id"`
		PublicKey string   `json:"public_key"`
		Card      CardForm `json:"card"`
	}](r)
	if err != nil {
		return nil, err
	}
	if q.PublicKey != "" {
		token, err := s.TokenizeWith(q.PublicKey, q.Card)
		return object{"token": token}, err
	}
	token, err := s.Tokenize(q.UserID, q.Card)
	return object{"token": token}, err
}

func (s *Simulator) apiApplication(r *http.Request) (any, error) {
	p, err := readJSON[Application](r)
	if err == nil {
		err = s.AddApplication(p)
	}
	return object{"id": p.ID}, err
}

func (s *Simulator) apiUnlink(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		UserID   int64 `json:"user_id"`
		ClientID int64 `json:"client_id"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.Unlink(q.UserID, q.ClientID)
}

func (s *Simulator) apiChargeback(r *http.Request) (any, error) {
	q, err := readJSON[ChargebackRequest](r)
	if err != nil {
		return nil, err
	}
	id, err := s.OpenChargeback(q)
	return object{"id": id}, err
}

func (s *Simulator) apiChargebackDecided(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		ID  string `json:"id"`
		Won bool   `json:"won"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.DecideChargeback(q.ID, q.Won)
}

func (s *Simulator) apiDispute(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PaymentID int64 `json:"payment_id"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.OpenDispute(q.PaymentID)
}

func (s *Simulator) apiDisputeClosed(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PaymentID int64 `json:"payment_id"`
		Refund    bool  `json:"refund"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.CloseDispute(q.PaymentID, q.Refund)
}
