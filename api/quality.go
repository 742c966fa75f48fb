package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/quality"
)

// NewMeasurement names what is to be measured.
type NewMeasurement struct {
	ConnectionID string `json:"connection_id" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Payment      string `json:"payment" doc:"our id, or the provider's of the payment or order"`
}

// MeasurementList is a page of measurements.
type MeasurementList struct {
	Data []quality.Measurement `json:"data"`
	Next string                `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

var exampleMeasurement = quality.Measurement{ID: posta.IDFrom[quality.MeasurementID](exampleULID), ConnectionID: posta.IDFrom[posta.ConnectionID](exampleULID), Kind: quality.Manual,
	Result: quality.Measured, Product: "mercadopago_qr", PaymentID: posta.IDFrom[posta.PaymentID](exampleULID), Score: new(81), Threshold: 73, CreatedAt: exampleAt, VisibleAt: exampleAt}

func (a *server) qualities() {
	const tag = "Quality"
	add(a, http.MethodGet, "/v1/quality/measurements", about{id: "list_measurements", tag: tag, summary: "List a connection's measurements",
		codes: []posta.Code{posta.CodeNotFound}, answer: MeasurementList{Data: []quality.Measurement{exampleMeasurement}}}, a.listMeasurements)
	add(a, http.MethodPost, "/v1/quality/measurements", about{id: "create_measurement", tag: tag, summary: "Measure one payment", status: http.StatusCreated,
		text:  "Only a live payment of the connection that brought money has a score; anything else is kept as not measurable, with the reason. With a key of test mode it is a preview and not kept.",
		codes: []posta.Code{posta.CodeNotFound}, request: NewMeasurement{"con_" + exampleULID, "pay_" + exampleULID}, answer: exampleMeasurement}, a.createMeasurement)
	add(a, http.MethodGet, "/v1/approval", about{id: "get_approval", tag: tag, summary: "Get how many payments were approved, by method, issuer, till and hour",
		answer: quality.Report{From: exampleAt, To: exampleAt.Add(24 * time.Hour)}}, a.approval)
}

// measured finds the connection of the caller's that is meant.
func (a *server) measured(ctx context.Context, text string) (posta.ConnectionID, error) {
	key := callOf(ctx).key
	id, err := found[posta.ConnectionID](text)
	if err != nil {
		return "", err
	}
	mode, err := a.Accounts.ConnectionMode(ctx, key.MerchantID, id)
	if err == nil && mode != key.Mode {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return id, err
}

func (a *server) listMeasurements(ctx context.Context, in *struct {
	ConnectionID string `query:"connection_id" required:"true"`
	Limit        int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After        string `query:"after" pattern:"^qms_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
}) (*struct{ Body MeasurementList }, error) {
	c, err := a.measured(ctx, in.ConnectionID)
	if err != nil {
		return nil, err
	}
	page := posta.Page{Limit: in.Limit, After: in.After}
	list, err := a.Quality.History(ctx, callOf(ctx).key.MerchantID, c, page)
	if err != nil {
		return nil, err
	}
	out := MeasurementList{Data: append([]quality.Measurement{}, list...)}
	if len(list) == page.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body MeasurementList }{out}, nil
}

func (a *server) createMeasurement(ctx context.Context, in *struct{ Body NewMeasurement }) (*struct{ Body quality.Measurement }, error) {
	c, err := a.measured(ctx, in.Body.ConnectionID)
	if err != nil {
		return nil, err
	}
	call := callOf(ctx)
	var m quality.Measurement
	if call.key.Mode == posta.Test {
		m, err = a.Quality.Preview(ctx, call.key.MerchantID, c, in.Body.Payment)
	} else {
		m, err = a.Quality.Measure(ctx, call.key.MerchantID, c, in.Body.Payment, call.by())
	}
	if err != nil {
		return nil, err
	}
	return &struct{ Body quality.Measurement }{m}, nil
}

func (a *server) approval(ctx context.Context, in *struct {
	ConnectionID string    `query:"connection_id"`
	From         time.Time `query:"from" doc:"30 days before to if left out"`
	To           time.Time `query:"to" doc:"now if left out"`
}) (*struct{ Body quality.Report }, error) {
	key := callOf(ctx).key
	f := quality.ApprovalFilter{MerchantID: key.MerchantID, Mode: key.Mode, From: in.From, To: in.To}
	if in.ConnectionID != "" {
		c, err := a.measured(ctx, in.ConnectionID)
		if err != nil {
			return nil, err
		}
		f.ConnectionID = c
	}
	location, err := a.Accounts.Location(ctx, key.MerchantID)
	if err != nil {
		return nil, err
	}
	f.TimeZone = location.String()
	r, err := a.Quality.Approval(ctx, f)
	return &struct{ Body quality.Report }{r}, err
}
