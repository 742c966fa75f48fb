package mercadopago

import "net/http"

// checkoutRoutes are the control API's calls for the checkout and the panel
// (docs/simulators.md).
func (s *Simulator) checkoutRoutes() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		"POST /sim/api/preference/pay": s.apiPayPreference,
		"POST /sim/api/notice":         s.apiSimulateNotice,
	}
}

func (s *Simulator) apiPayPreference(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PreferenceID string `json:"preference_id"`
		Choice       Choice `json:"choice"`
	}](r)
	if err != nil {
		return nil, err
	}
	return s.PayPreference(q.PreferenceID, q.Choice)
}

func (s *Simulator) apiSimulateNotice(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		UserID      int64  `json:"user_id"`
		Application int64  `json:"application_id"`
		Test        bool   `json:"test"`
		Topic       string `json:"topic"`
		ID          string `json:"id"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.SimulateNotice(q.UserID, q.Application, q.Test, q.Topic, q.ID)
}
