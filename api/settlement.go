package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"posta"
	"posta/provider"
	"posta/settlement"
)

// NewSettlement asks a terminal to close its batch.
type NewSettlement struct {
	TerminalID string `json:"terminal_id" example:"trm_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

// SettlementList is a page of settlements.
type SettlementList struct {
	Data []settlement.View `json:"data"`
	Next string            `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// SettlementState is how a settlement stands.
type SettlementState struct {
	Settlement settlement.View `json:"settlement"`
}

// Explanation says why a difference is as it should be.
type Explanation struct {
	Note string `json:"note" maxLength:"500"`
}

// BatchSlip is what the slip of a batch close says.
type BatchSlip struct {
	Closed bool                  `json:"closed" doc:"the terminal closed its batch; false: it did not"`
	At     *time.Time            `json:"at,omitempty" doc:"when it did; when it was asked for if left out"`
	Batch  string                `json:"batch,omitempty" doc:"required when closed, unless the provider told it"`
	Totals *provider.BatchTotals `json:"totals,omitempty" doc:"required when closed"`
	Note   string                `json:"note,omitempty" maxLength:"500"`
}

// SettlementPath names a settlement.
type SettlementPath struct {
	ID string `path:"id" doc:"stl_…" example:"stl_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type settlementAnswer struct {
	Location string `header:"Location"`
	Body     settlement.View
}

var (
	exampleSums = provider.BatchTotals{Brands: []provider.BrandSum{{Brand: "VI", Sum: provider.Sum{Count: 2, Amount: 300000}}},
		Sales: provider.Sum{Count: 2, Amount: 300000}, Refunds: provider.Sum{Count: 1, Amount: 50000}}
	exampleTotals     = &settlement.Totals{BatchTotals: exampleSums, Net: exampleSums.Net()}
	exampleSettlement = settlement.View{ID: posta.IDFrom[posta.SettlementID](exampleULID), Mode: posta.Test, State: settlement.Confirmed,
		Terminal: exampleTerminal.ID, TerminalCode: exampleTerminal.Code, Store: exampleTerminal.Store, Connection: exampleTerminal.Connection,
		Currency: "ARS", Batch: "012", Ours: exampleTotals, Theirs: exampleTotals, AskedBy: "key:key_" + exampleULID, To: &exampleAt,
		CreatedAt: exampleAt, UpdatedAt: exampleAt}
)

func (a *server) settlements() {
	const tag = "Settlements"
	add(a, http.MethodPost, "/v1/settlements", about{id: "create_settlement", tag: tag, summary: "Close the batch of a terminal", status: http.StatusCreated,
		text: "Comes back pending (the terminal closes it), unknown (the provider's answer was lost: a person says by its slip what it did) or failed. " +
			"Nobody can cancel it. Once confirmed, ours and theirs are held against each other: attention says difference where they are not the same, " +
			"unread where the provider told no totals.",
		codes:   []posta.Code{posta.CodeTerminalBusy},
		request: NewSettlement{"trm_" + exampleULID}, answer: exampleSettlement}, a.createSettlement)
	add(a, http.MethodGet, "/v1/settlements", about{id: "list_settlements", tag: tag, summary: "List batch closes",
		answer: SettlementList{Data: []settlement.View{exampleSettlement}}}, a.listSettlements)
	add(a, http.MethodGet, "/v1/settlements/{id}", about{id: "get_settlement", tag: tag, summary: "Get a batch close", answer: exampleSettlement},
		func(ctx context.Context, in *SettlementPath) (*settlementAnswer, error) {
			st, err := a.settlement(ctx, in.ID)
			return settlementShown(st, "", err)
		})
	add(a, http.MethodPost, "/v1/settlements/{id}/settle", about{id: "settle_settlement", tag: tag, summary: "Explain a difference",
		text:  "For one with attention difference or unread: somebody has looked, and says why it is as it should be.",
		codes: []posta.Code{posta.CodeState}, request: Explanation{"una venta se hizo sin Posta"}, answer: exampleSettlement},
		func(ctx context.Context, in *struct {
			SettlementPath
			Body Explanation
		}) (*settlementAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.SettlementID](in.ID)
			if err != nil {
				return nil, err
			}
			st, err := a.Settlements.Settle(ctx, call.key.MerchantID, call.key.Mode, id, in.Body.Note, call.by())
			return settlementShown(st, "", err)
		})
	add(a, http.MethodPost, "/v1/settlements/{id}/settle-by-slip", about{id: "settle_settlement_by_slip", tag: tag,
		summary: "Say what the slip of a batch close tells",
		text:    "For one with attention slip (its answer was lost) or unread (the provider told no totals).",
		codes:   []posta.Code{posta.CodeState}, request: BatchSlip{Closed: true, Batch: "012", Totals: &exampleSums}, answer: exampleSettlement},
		func(ctx context.Context, in *struct {
			SettlementPath
			Body BatchSlip
		}) (*settlementAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.SettlementID](in.ID)
			if err != nil {
				return nil, err
			}
			slip := settlement.SlipInput{MerchantID: call.key.MerchantID, Mode: call.key.Mode, Closed: in.Body.Closed, Batch: in.Body.Batch,
				Totals: in.Body.Totals, Note: in.Body.Note, By: call.by()}
			if in.Body.At != nil {
				slip.At = *in.Body.At
			}
			st, err := a.Settlements.SettleBySlip(ctx, id, slip)
			return settlementShown(st, "", err)
		})
	add(a, http.MethodGet, "/v1/settlements/{id}/events", about{id: "stream_settlement", tag: tag, summary: "Follow a batch close (Server-Sent Events)",
		media: streamed, answer: exampleStream, text: "The first message, state, is the settlement as it stands; then each event of it. " + resuming},
		func(ctx context.Context, in *struct {
			SettlementPath
			Resume
		}) (*huma.StreamResponse, error) {
			st, err := a.settlement(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return a.stream(ctx, in.LastEventID, "", func(e posta.Event) bool { return e.Subject == string(st.ID) },
				func(ctx context.Context) (any, error) {
					st, err := a.Settlements.Get(ctx, st.MerchantID, st.Mode, st.ID)
					return SettlementState{st.View()}, err
				})
		})
}

func (a *server) createSettlement(ctx context.Context, in *struct{ Body NewSettlement }) (*settlementAnswer, error) {
	call := callOf(ctx)
	terminal, err := found[posta.TerminalID](in.Body.TerminalID)
	if err != nil {
		return nil, posta.Invalid("terminal_id", "unknown")
	}
	st, err := a.Settlements.Create(ctx, settlement.Input{ID: posta.IDFrom[posta.SettlementID](call.claim.ULID),
		MerchantID: call.key.MerchantID, Mode: call.key.Mode, TerminalID: terminal, By: call.by()})
	return settlementShown(st, "/v1/settlements/"+string(st.ID), err)
}

func (a *server) listSettlements(ctx context.Context, in *struct {
	Limit      int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After      string `query:"after" pattern:"^stl_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State      string `query:"state" enum:"created,pending,unknown,confirmed,declined,failed"`
	TerminalID string `query:"terminal_id"`
	StoreID    string `query:"store_id"`
	Attention  bool   `query:"attention" doc:"only those that a person should look at"`
}) (*struct{ Body SettlementList }, error) {
	key := callOf(ctx).key
	filter := settlement.Filter{MerchantID: key.MerchantID, Mode: key.Mode, StoreID: posta.StoreID(in.StoreID), TerminalID: posta.TerminalID(in.TerminalID),
		State: settlement.State(in.State), Attention: in.Attention, Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Settlements.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := SettlementList{Data: []settlement.View{}}
	for _, st := range list {
		out.Data = append(out.Data, st.View())
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body SettlementList }{out}, nil
}

// settlement finds one of the caller's.
func (a *server) settlement(ctx context.Context, text string) (settlement.Settlement, error) {
	key := callOf(ctx).key
	id, err := found[posta.SettlementID](text)
	if err != nil {
		return settlement.Settlement{}, err
	}
	return a.Settlements.Get(ctx, key.MerchantID, key.Mode, id)
}

func settlementShown(st settlement.Settlement, location string, err error) (*settlementAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &settlementAnswer{location, st.View()}, nil
}

// failureOf is an error as a part of an answer.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	var e *posta.Error
	if !errors.As(err, &e) {
		return &Failure{Code: posta.CodeInternal}
	}
	return &Failure{e.Code, e.Params}
}
