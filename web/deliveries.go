package web

import (
	"strings"

	"posta"
	"posta/webhook"
)

// deliveryData is what the page of one delivery shows.
type deliveryData struct {
	deliveryRow
	Endpoint webhook.Endpoint
	Tries    []deliveryTry
	Text     string // the body
	Manage   bool
}

// deliveryTry is one try as the page shows it.
type deliveryTry struct {
	webhook.Attempt
	Good bool
	Text string // the answer's first bytes
}

func (v *visit) delivery() (webhook.Delivery, []webhook.Attempt, error) {
	id, err := posta.ParseID[posta.DeliveryID](v.r.PathValue("delivery"))
	if err != nil {
		return webhook.Delivery{}, nil, err
	}
	return v.s.Webhooks.Delivery(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func (s *server) deliveryPage(v *visit) error {
	d, attempts, err := v.delivery()
	if err != nil {
		return err
	}
	e, err := s.Webhooks.Get(v.ctx(), d.MerchantID, d.Mode, d.EndpointID)
	if err != nil {
		return err
	}
	data := deliveryData{deliveryRow: v.deliveryRow(d), Endpoint: e, Text: bodyText(d.Body), Manage: webhook.Manages(v.User.Role)}
	for _, a := range attempts {
		data.Tries = append(data.Tries, deliveryTry{Attempt: a, Good: a.Status >= 200 && a.Status < 300, Text: strings.ToValidUTF8(string(a.Answer), "\uFFFD")})
	}
	return v.render("delivery", data)
}

func (s *server) sendDelivery(v *visit) error {
	d, _, err := v.delivery()
	if err == nil {
		err = v.mayManage()
	}
	if err == nil {
		err = s.Webhooks.SendAgain(v.ctx(), d.MerchantID, d.Mode, d.ID)
	}
	if err != nil {
		return err
	}
	v.flash("ok", v.T("endpoint.send.done"), v.T("endpoint.sent.text"))
	return v.redirect("/deliveries/" + string(d.ID))
}
