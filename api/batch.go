package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/settlement"
)

// Batch is the open batch of a terminal, as far as Posta knows it.
type Batch struct {
	Terminal  posta.TerminalID  `json:"terminal_id"`
	Currency  posta.Currency    `json:"currency"`
	From      *time.Time        `json:"from,omitempty" doc:"when the one before was closed; absent if none was"`
	To        time.Time         `json:"to" doc:"now"`
	Ours      settlement.Totals `json:"ours" doc:"what Posta knows that the terminal moved since"`
	Movements []Movement        `json:"movements" doc:"that ours counts, oldest first"`
	Open      *settlement.View  `json:"settlement,omitempty" doc:"the close that is under way or not known"`
}

// Movement is something that a payment or refund moved on a terminal.
type Movement struct {
	Payment posta.PaymentID         `json:"payment_id"`
	Refund  posta.RefundID          `json:"refund_id,omitempty"`
	Kind    settlement.MovementKind `json:"kind" enum:"sale,reversal,refund"`
	Brand   string                  `json:"brand,omitempty"`
	Batch   string                  `json:"batch,omitempty" doc:"as the slip says"`
	Amount  int64                   `json:"amount" doc:"minor units, always positive"`
	At      time.Time               `json:"at"`
	Other   bool                    `json:"other_batch,omitempty" doc:"it names another batch: the totals of this one leave it out"`
}

// MovementList is all that a terminal moved in the time of a batch close.
type MovementList struct {
	Data []Movement `json:"data"`
}

// Closes is what became of each terminal of a store.
type Closes struct {
	Data []Close `json:"data"`
}

// Close is what became of one terminal: a settlement, or why there is none.
type Close struct {
	Terminal   posta.TerminalID `json:"terminal_id"`
	Settlement *settlement.View `json:"settlement,omitempty"`
	Failure    *Failure         `json:"failure,omitempty"`
}

var exampleMovement = Movement{Payment: posta.IDFrom[posta.PaymentID](exampleULID), Kind: settlement.Sale, Brand: "VI", Batch: "012",
	Amount: 150000, At: exampleAt}

func (a *server) batches() {
	const tag = "Settlements"
	add(a, http.MethodGet, "/v1/terminals/{id}/batch", about{id: "get_batch", tag: tag, summary: "What a terminal moved since its last close",
		answer: Batch{Terminal: exampleTerminal.ID, Currency: "ARS", To: exampleAt, Ours: *exampleTotals, Movements: []Movement{exampleMovement}}},
		func(ctx context.Context, in *TerminalPath) (*struct{ Body Batch }, error) {
			key := callOf(ctx).key
			id, err := found[posta.TerminalID](in.ID)
			if err != nil {
				return nil, err
			}
			b, err := a.Settlements.Current(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			out := Batch{Terminal: b.Terminal.ID, Currency: b.Terminal.Currency, From: unlessZero(b.FromAt), To: b.ToAt,
				Ours: settlement.Totals{BatchTotals: b.Ours, Net: b.Ours.Net()}, Movements: []Movement{}}
			for _, m := range b.Movements {
				out.Movements = append(out.Movements, movementView(m))
			}
			if b.Open != nil {
				view := b.Open.View()
				out.Open = &view
			}
			return &struct{ Body Batch }{out}, nil
		})
	add(a, http.MethodGet, "/v1/settlements/{id}/movements", about{id: "list_settlement_movements", tag: tag,
		summary: "List what the terminal moved in the time of a batch close", text: "Where totals differ, this is what to compare with the terminal's own list.",
		answer: MovementList{Data: []Movement{exampleMovement}}},
		func(ctx context.Context, in *SettlementPath) (*struct{ Body MovementList }, error) {
			key := callOf(ctx).key
			id, err := found[posta.SettlementID](in.ID)
			if err != nil {
				return nil, err
			}
			all, err := a.Settlements.Movements(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			out := MovementList{Data: []Movement{}}
			for _, m := range all {
				view := movementView(m.Movement)
				view.Other = m.Other
				out.Data = append(out.Data, view)
			}
			return &struct{ Body MovementList }{out}, nil
		})
	add(a, http.MethodPost, "/v1/stores/{id}/close", about{id: "close_store", tag: tag, summary: "Close the batches of all terminals of a store",
		text:   "One answer for each terminal whose provider closes batches: its settlement, or why there is none, such as terminal_busy.",
		answer: Closes{Data: []Close{{Terminal: exampleTerminal.ID, Settlement: &exampleSettlement}}}}, a.closeStore)
}

func (a *server) closeStore(ctx context.Context, in *StorePath) (*struct{ Body Closes }, error) {
	call := callOf(ctx)
	s, err := a.store(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.Settlements.CreateAll(ctx, settlement.AllInput{Key: call.claim.ULID, MerchantID: s.MerchantID, Mode: s.Mode, StoreID: s.ID, By: call.by()})
	if err != nil {
		return nil, err
	}
	out := Closes{Data: []Close{}}
	for _, o := range all {
		one := Close{Terminal: o.Terminal.ID, Failure: failureOf(o.Err)}
		if o.Err == nil {
			view := o.Settlement.View()
			one.Settlement = &view
		}
		out.Data = append(out.Data, one)
	}
	return &struct{ Body Closes }{out}, nil
}

func movementView(m settlement.Movement) Movement {
	return Movement{Payment: m.Payment, Refund: m.Refund, Kind: m.Kind, Brand: m.Brand, Batch: m.Batch, Amount: m.Amount, At: m.At}
}
