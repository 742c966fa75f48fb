package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// ChargebackPath names a chargeback.
type ChargebackPath struct {
	ID string `path:"id" doc:"cbk_…" example:"cbk_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

// ChargebackList is a page of chargebacks.
type ChargebackList struct {
	Data []payment.ChargebackView `json:"data"`
	Next string                   `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// EvidenceFile is a file against a chargeback.
type EvidenceFile struct {
	Name string `json:"name" maxLength:"150" example:"remito.pdf"`
	Data []byte `json:"data" doc:"base64 of a jpg, png or pdf; 10 MB in all"`
}

// NewChargebackEvidence hands files in.
type NewChargebackEvidence struct {
	Files []EvidenceFile `json:"files" minItems:"1" maxItems:"20"`
}

// maxEvidence is the largest body that brings evidence: the files in base64.
const maxEvidence = payment.MaxEvidence*4/3 + 1<<16

var exampleChargeback = payment.ChargebackView{ID: posta.IDFrom[posta.ChargebackID](exampleULID), PaymentID: posta.IDFrom[posta.PaymentID](exampleULID),
	Mode: posta.Test, State: payment.ChargebackOpen, Amount: 150000, Currency: "ARS", Reason: "4853", ProviderID: "217000061680106000",
	DeadlineAt: new(exampleAt.Add(10 * 24 * time.Hour)), CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) chargebacks() {
	const tag = "Chargebacks"
	add(a, http.MethodGet, "/v1/chargebacks", about{id: "list_chargebacks", tag: tag, summary: "List chargebacks",
		text:   "With undecided those that still can be lost or won, the nearest deadline first; else all, newest first.",
		answer: ChargebackList{Data: []payment.ChargebackView{exampleChargeback}}}, a.listChargebacks)
	add(a, http.MethodGet, "/v1/chargebacks/{id}", about{id: "get_chargeback", tag: tag, summary: "Get a chargeback", answer: exampleChargeback},
		func(ctx context.Context, in *ChargebackPath) (*struct{ Body payment.ChargebackView }, error) {
			key := callOf(ctx).key
			id, err := found[posta.ChargebackID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := a.Payments.Chargeback(ctx, key.MerchantID, key.Mode, id)
			return &struct{ Body payment.ChargebackView }{c.View()}, err
		})
	add(a, http.MethodPost, "/v1/chargebacks/{id}/evidence", about{id: "send_chargeback_evidence", tag: tag, summary: "Hand in evidence against a chargeback",
		text:  "The files go to the provider; Posta keeps what was sent, by whom and its hash. Where the provider's answer is lost a file stays not received until the provider tells of it.",
		codes: []posta.Code{posta.CodeState}, body: maxEvidence, request: NewChargebackEvidence{Files: []EvidenceFile{{Name: "remito.pdf", Data: []byte("%PDF-1.7")}}},
		answer: exampleChargeback}, a.sendEvidence)
}

func (a *server) listChargebacks(ctx context.Context, in *struct {
	Limit     int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After     string `query:"after" pattern:"^cbk_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State     string `query:"state" enum:"open,evidence_sent,won,lost,covered"`
	Payment   string `query:"payment_id"`
	Undecided bool   `query:"undecided"`
}) (*struct{ Body ChargebackList }, error) {
	key := callOf(ctx).key
	filter := payment.ChargebackFilter{MerchantID: key.MerchantID, Mode: key.Mode, State: payment.ChargebackState(in.State),
		PaymentID: posta.PaymentID(in.Payment), Undecided: in.Undecided, Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Payments.Chargebacks(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := ChargebackList{Data: []payment.ChargebackView{}}
	for _, c := range list {
		out.Data = append(out.Data, c.View())
	}
	if len(list) == filter.Size() && !in.Undecided {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body ChargebackList }{out}, nil
}

func (a *server) sendEvidence(ctx context.Context, in *struct {
	ChargebackPath
	Body NewChargebackEvidence
}) (*struct{ Body payment.ChargebackView }, error) {
	call := callOf(ctx)
	id, err := found[posta.ChargebackID](in.ID)
	if err != nil {
		return nil, err
	}
	var files []provider.File
	for _, f := range in.Body.Files {
		files = append(files, provider.File{Name: f.Name, Body: f.Data})
	}
	c, err := a.Payments.SendEvidence(ctx, call.key.MerchantID, call.key.Mode, id, files, call.by())
	if err != nil {
		return nil, err
	}
	return &struct{ Body payment.ChargebackView }{c.View()}, nil
}
