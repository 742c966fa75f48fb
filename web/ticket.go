package web

import (
	"net/http"

	"posta"
	"posta/payment"
	"posta/provider"
)

// ticketRoutes registers the printed ticket.
func (s *server) ticketRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till/{till}/ticket/{payment}", s.member(s.ticketPage))
}

// ticketData is what stands on a ticket.
type ticketData struct {
	*stage
	Refunds []payment.RefundView
	Paper   string // w58 for the narrow roll
	Slip    string // the provider's slip, where the terminal printed none
}

// ownFrame lets our own pages frame this one: the till prints tickets from a
// frame that nobody sees.
const ownFrame = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// ticketPage is the ticket of a payment, which exists once it is paid and never
// before.
func (s *server) ticketPage(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	p, err := v.paymentAt(c, v.r.PathValue("payment"))
	if err != nil {
		return err
	}
	if !p.State.Moneyed() {
		return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
	}
	refunds, err := s.Payments.Store.ListRefunds(v.ctx(), p.ID)
	if err != nil {
		return err
	}
	data := ticketData{stage: s.stage(v, c, p), Paper: v.paper()}
	for _, r := range refunds {
		if r.State != payment.RefundFailed {
			data.Refunds = append(data.Refunds, r.View())
		}
	}
	if p.Options.Copies == provider.CopiesNone && data.Paying != nil && data.Paying.Slip != nil {
		data.Slip = data.Paying.Slip.Text
	}
	v.w.Header().Set("Content-Security-Policy", ownFrame)
	return v.render("ticket", data)
}

// paper is the class for the width of the device's roll.
func (v *visit) paper() string {
	width := v.r.URL.Query().Get("w")
	if width == "" {
		if cookie, err := v.r.Cookie("paper"); err == nil {
			width = cookie.Value
		}
	}
	if width == "58" {
		return "w58"
	}
	return ""
}
