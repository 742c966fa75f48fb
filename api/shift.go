package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/till"
)

// Shift is the time between a till's opening and closing by a cashier.
type Shift struct {
	ID       posta.ShiftID `json:"id"`
	TillID   posta.TillID  `json:"till_id"`
	OpenedBy string        `json:"opened_by"`
	OpenedAt time.Time     `json:"opened_at"`
	ClosedBy string        `json:"closed_by,omitempty"`
	ClosedAt *time.Time    `json:"closed_at,omitempty"`
	Report   *till.Report  `json:"report,omitempty" doc:"as it was at closing"`
}

// Opening opens a shift.
type Opening struct {
	OpenedBy string `json:"opened_by" example:"Ana"`
}

// Closing closes a shift.
type Closing struct {
	ClosedBy string `json:"closed_by" example:"Ana"`
}

// ShiftList is a till's latest shifts, newest first.
type ShiftList struct {
	Data []Shift `json:"data"`
}

// ShiftPath names a shift.
type ShiftPath struct {
	ID string `path:"id" doc:"shf_…" example:"shf_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type shiftAnswer struct {
	Location string `header:"Location"`
	Body     Shift
}

var (
	exampleShift = Shift{ID: posta.IDFrom[posta.ShiftID](exampleULID), TillID: posta.IDFrom[posta.TillID](exampleULID),
		OpenedBy: "Ana", OpenedAt: exampleAt}
	exampleReport = till.Report{From: exampleAt, To: exampleAt.Add(8 * time.Hour), Currency: "ARS", Sales: 2, Captured: 300000,
		Methods: []till.MethodSum{{Method: "debit_card", Brand: "visa", Count: 2, Captured: 300000}}}
)

func (a *server) shifts() {
	const tag = "Shifts"
	add(a, http.MethodPost, "/v1/tills/{id}/shifts", about{id: "open_shift", tag: tag, summary: "Open a shift at a till",
		status: http.StatusCreated, codes: []posta.Code{posta.CodeShiftOpen}, request: Opening{"Ana"}, answer: exampleShift},
		func(ctx context.Context, in *struct {
			TillPath
			Body Opening
		}) (*shiftAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.TillID](in.ID)
			if err != nil {
				return nil, err
			}
			s, err := a.Tills.OpenShift(ctx, till.ShiftInput{ID: posta.IDFrom[posta.ShiftID](call.claim.ULID), MerchantID: call.key.MerchantID,
				Mode: call.key.Mode, TillID: id, By: in.Body.OpenedBy})
			if err != nil {
				return nil, err
			}
			return &shiftAnswer{"/v1/shifts/" + string(s.ID), shiftView(s)}, nil
		})
	add(a, http.MethodGet, "/v1/tills/{id}/shifts", about{id: "list_shifts", tag: tag, summary: "List a till's latest shifts",
		answer: ShiftList{Data: []Shift{exampleShift}}},
		func(ctx context.Context, in *struct {
			TillPath
			Limit int `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
		}) (*struct{ Body ShiftList }, error) {
			key := callOf(ctx).key
			id, err := found[posta.TillID](in.ID)
			if err != nil {
				return nil, err
			}
			all, err := a.Tills.Shifts(ctx, key.MerchantID, key.Mode, id, posta.Page{Limit: in.Limit}.Size())
			if err != nil {
				return nil, err
			}
			out := ShiftList{Data: []Shift{}}
			for _, s := range all {
				out.Data = append(out.Data, shiftView(s))
			}
			return &struct{ Body ShiftList }{out}, nil
		})
	add(a, http.MethodGet, "/v1/shifts/{id}", about{id: "get_shift", tag: tag, summary: "Get a shift", answer: exampleShift},
		func(ctx context.Context, in *ShiftPath) (*shiftAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.ShiftID](in.ID)
			if err != nil {
				return nil, err
			}
			s, err := a.Tills.Shift(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			return &shiftAnswer{Body: shiftView(s)}, nil
		})
	add(a, http.MethodPost, "/v1/shifts/{id}/close", about{id: "close_shift", tag: tag, summary: "Close a shift and sum it up",
		request: Closing{"Ana"}, answer: exampleShift},
		func(ctx context.Context, in *struct {
			ShiftPath
			Body Closing
		}) (*shiftAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.ShiftID](in.ID)
			if err != nil {
				return nil, err
			}
			s, err := a.Tills.CloseShift(ctx, key.MerchantID, key.Mode, id, in.Body.ClosedBy)
			if err != nil {
				return nil, err
			}
			return &shiftAnswer{Body: shiftView(s)}, nil
		})
	add(a, http.MethodGet, "/v1/tills/{id}/report", about{id: "get_till_report", tag: tag, summary: "Sum up what a till took",
		text: "Without from and to: the merchant's day.", answer: exampleReport}, a.report)
}

func (a *server) report(ctx context.Context, in *struct {
	TillPath
	From time.Time `query:"from" doc:"at or after"`
	To   time.Time `query:"to" doc:"before; now if left out"`
}) (*struct{ Body till.Report }, error) {
	key := callOf(ctx).key
	id, err := found[posta.TillID](in.ID)
	if err != nil {
		return nil, err
	}
	var out till.Report
	if in.From.IsZero() && in.To.IsZero() {
		zone, err := a.Accounts.Location(ctx, key.MerchantID)
		if err != nil {
			return nil, err
		}
		out, err = a.Tills.Today(ctx, key.MerchantID, key.Mode, id, zone)
		if err != nil {
			return nil, err
		}
	} else {
		if in.From.IsZero() {
			return nil, posta.Invalid("from", "required")
		}
		if in.To.IsZero() {
			in.To = a.Clock.Now()
		}
		if out, err = a.Tills.Report(ctx, key.MerchantID, key.Mode, id, in.From, in.To); err != nil {
			return nil, err
		}
	}
	out.Methods = append([]till.MethodSum{}, out.Methods...)
	return &struct{ Body till.Report }{out}, nil
}

func shiftView(s till.Shift) Shift {
	out := Shift{ID: s.ID, TillID: s.TillID, OpenedBy: s.OpenedBy, OpenedAt: s.OpenedAt, ClosedBy: s.ClosedBy, ClosedAt: unlessZero(s.ClosedAt)}
	if out.ClosedAt != nil {
		out.Report = &s.Report
		out.Report.Methods = append([]till.MethodSum{}, s.Report.Methods...)
	}
	return out
}
