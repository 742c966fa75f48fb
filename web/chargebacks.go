package web

import (
	"io"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// chargebackRoutes registers the pages of chargebacks.
func (s *server) chargebackRoutes(mux *http.ServeMux) {
	mux.Handle("GET /chargebacks", s.member(s.chargebacksPage))
	mux.Handle("GET /chargebacks/{chargeback}", s.member(s.chargebackPage))
	mux.Handle("POST /chargebacks/{chargeback}/evidence", s.member(s.sendEvidence))
	mux.Handle("GET /chargebacks/{chargeback}/evidence", s.member(s.chargebackPage)) // what was refused stands at this address, and is refreshed there
}

// chargebackLook is the state whose colour and shape a chargeback's has.
var chargebackLook = map[payment.ChargebackState]string{payment.ChargebackOpen: "disputed", payment.ChargebackSent: "pending",
	payment.ChargebackWon: "paid", payment.ChargebackCover: "paid", payment.ChargebackLost: "charged_back"}

// chargebackReasons are the reasons that we have words for, by what the provider
// may call them: docs/providers/mercadopago-online.md §2.9.
var chargebackReasons = []struct{ key, marks string }{
	{"fraud", "4837 4863 4870 10.4 fraud not_recognized unrecognized unauthorized desconoc"},
	{"not_received", "4855 13.1 not_received not received undelivered non_receipt no_recib"},
	{"not_as_described", "4853 13.3 dispute described defective cardholder quality"},
	{"duplicate", "4834 12.6 duplicate processed twice paid by other"},
	{"credit", "4860 13.6 13.7 credit not processed refund cancel"},
	{"subscription", "4841 13.2 recurring subscription"},
}

// chargebackReason is the key of the words for what a provider gives as reason.
func chargebackReason(told string) string {
	told = strings.ToLower(strings.TrimSpace(told))
	for _, r := range chargebackReasons {
		for _, mark := range strings.Fields(r.marks) {
			if told != "" && strings.Contains(told, mark) {
				return r.key
			}
		}
	}
	return "other"
}

// chargebackRow is one chargeback of a list.
type chargebackRow struct {
	payment.Chargeback
	Look, Words, Why string
	Reason           string // key of its words
	Days             int    // whole days that are left for evidence
	Late             bool   // its deadline is over
}

func (v *visit) chargebackRow(c payment.Chargeback) chargebackRow {
	row := chargebackRow{Chargeback: c, Look: chargebackLook[c.State], Words: v.T("chargeback.state." + string(c.State)), Reason: chargebackReason(c.Reason)}
	row.Why = v.T("chargeback.reason." + row.Reason)
	left := c.DeadlineAt.Sub(v.s.Clock.Now())
	row.Days = max(int(left/(24*time.Hour)), 0)
	row.Late = !c.DeadlineAt.IsZero() && left <= 0
	return row
}

// chargebackList is what the inbox shows.
type chargebackList struct {
	Undecided, Decided []chargebackRow
	Next, First        string
	Position           int64
}

func (s *server) chargebacksPage(v *visit) error {
	data := chargebackList{Position: v.livePosition()}
	filter := payment.ChargebackFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, Page: posta.Page{Limit: 100}}
	after := v.r.URL.Query().Get("after")
	if _, err := posta.ParseID[posta.ChargebackID](after); err == nil {
		filter.After, data.First = after, "/chargebacks"
	} else {
		undecided := filter
		undecided.Undecided = true
		list, err := s.Payments.Chargebacks(v.ctx(), undecided)
		if err != nil {
			return err
		}
		for _, c := range list {
			data.Undecided = append(data.Undecided, v.chargebackRow(c))
		}
	}
	list, err := s.Payments.Chargebacks(v.ctx(), filter)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.State.Ended() {
			data.Decided = append(data.Decided, v.chargebackRow(c))
		}
	}
	if len(list) == filter.Size() {
		data.Next = "/chargebacks?after=" + string(list[len(list)-1].ID)
	}
	return v.render("chargebacks", data)
}

// chargebackData is what the page of one shows.
type chargebackData struct {
	chargebackRow
	Payment    payment.Payment
	Connection string
	Sender     map[string]string // who handed a file in, by the file's hash and moment
	Sent       sent
	Position   int64
}

// Open reports whether evidence is still taken.
func (d chargebackData) Open() bool { return !d.State.Ended() && !d.Late }

func (v *visit) chargeback() (payment.Chargeback, error) {
	id, err := posta.ParseID[posta.ChargebackID](v.r.PathValue("chargeback"))
	if err != nil {
		return payment.Chargeback{}, err
	}
	return v.s.Payments.Chargeback(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func (s *server) chargebackPage(v *visit) error { return s.showChargeback(v, sent{}) }

func (s *server) showChargeback(v *visit, f sent) error {
	c, err := v.chargeback()
	if err != nil {
		return err
	}
	data := chargebackData{chargebackRow: v.chargebackRow(c), Sent: f, Sender: map[string]string{}, Position: v.livePosition()}
	if data.Payment, err = s.Payments.Get(v.ctx(), v.Merchant.ID, v.Mode, c.PaymentID); err != nil {
		return err
	}
	connections, err := v.connections()
	if err != nil {
		return err
	}
	for _, known := range connections {
		if known.ID == c.ConnectionID {
			data.Connection = known.Name
		}
	}
	people := v.people()
	for _, e := range c.Evidence {
		data.Sender[e.By] = people.Name(e.By)
	}
	return v.renderAs(f.answered(), "chargeback", data)
}

// sendEvidence hands in the files of the form.
func (s *server) sendEvidence(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	c, err := v.chargeback()
	if err != nil {
		return err
	}
	var files []provider.File
	if v.r.MultipartForm != nil {
		for _, header := range v.r.MultipartForm.File["files"] {
			if header.Filename == "" {
				continue
			}
			file, err := header.Open()
			if err != nil {
				return err
			}
			body, err := io.ReadAll(file)
			file.Close()
			if err != nil {
				return err
			}
			files = append(files, provider.File{Name: header.Filename, Body: body})
		}
	}
	if _, err := s.Payments.SendEvidence(v.ctx(), v.Merchant.ID, v.Mode, c.ID, files, v.by()); err != nil {
		return s.showChargeback(v, v.refused("evidence", err))
	}
	v.flash("ok", v.T("chargeback.sent"), v.T("chargeback.sent.text"))
	return v.redirect("/chargebacks/" + string(c.ID))
}
