package settlement

import (
	"context"
	"encoding/json"
	"time"

	"posta"
	"posta/provider"
)

// States lists them all.
var States = []State{Created, Pending, Unknown, Confirmed, Declined, Failed}

// View is a settlement as the API and events show it. Amounts are minor units.
type View struct {
	ID           posta.SettlementID `json:"id"`
	Mode         posta.Mode         `json:"mode" enum:"test,live"`
	State        State              `json:"state" enum:"created,pending,unknown,confirmed,declined,failed"`
	Attention    Attention          `json:"attention,omitempty" enum:"difference,unread,slip" doc:"why a person should look at it"`
	Terminal     posta.TerminalID   `json:"terminal_id"`
	TerminalCode string             `json:"terminal_code" doc:"the provider's id of the terminal"`
	Store        posta.StoreID      `json:"store_id"`
	Connection   posta.ConnectionID `json:"connection_id"`
	Currency     posta.Currency     `json:"currency"`
	ProviderID   string             `json:"provider_settlement,omitempty" doc:"the provider's own id"`
	Progress     provider.Progress  `json:"progress,omitempty" enum:"offered,at_terminal,confirming,canceling" doc:"where a pending one stands on its terminal"`
	Batch        string             `json:"batch,omitempty"`
	Detail       string             `json:"detail,omitempty" doc:"the provider's own words"`
	Message      string             `json:"message,omitempty" doc:"the acquirer's words"`
	Slip         string             `json:"slip,omitempty" doc:"text of the terminal's slip"`
	Ours         *Totals            `json:"ours,omitempty" doc:"what Posta knows that the terminal moved, once confirmed"`
	Others       *provider.Sum      `json:"others,omitempty" doc:"what names another batch, which Posta did not close"`
	Theirs       *Totals            `json:"theirs,omitempty" doc:"what the slip says"`
	Differences  []Difference       `json:"differences,omitempty" doc:"lines in which the two differ"`
	AskedBy      string             `json:"asked_by" doc:"a user, a key or schedule"`
	SettledBy    string             `json:"settled_by,omitempty" doc:"who dealt with the attention"`
	Note         string             `json:"note,omitempty"`
	From         *time.Time         `json:"from,omitempty" doc:"when the batch before was closed"`
	To           *time.Time         `json:"to,omitempty" doc:"when this one was"`
	CreatedAt    time.Time          `json:"created_at"`
	UpdatedAt    time.Time          `json:"updated_at"`
}

// Totals are the sums of a batch and what they come to.
type Totals struct {
	provider.BatchTotals
	Net int64 `json:"net" doc:"sales less reversals and refunds"`
}

// View shows the settlement.
func (st Settlement) View() View {
	v := View{ID: st.ID, Mode: st.Mode, State: st.State, Attention: st.Attention, Terminal: st.TerminalID, TerminalCode: st.TerminalCode,
		Store: st.StoreID, Connection: st.ConnectionID, Currency: st.Currency, ProviderID: st.ProviderID, Progress: st.Progress, Batch: st.Batch,
		Detail: st.Detail, Message: st.Message, Slip: st.Slip, AskedBy: st.AskedBy, SettledBy: st.SettledBy, Note: st.Note,
		From: unlessZero(st.FromAt), To: unlessZero(st.ToAt), CreatedAt: st.CreatedAt, UpdatedAt: st.UpdatedAt}
	if st.State == Confirmed {
		v.Ours = &Totals{st.Ours, st.Ours.Net()}
	}
	if st.Others.Count > 0 {
		v.Others = &st.Others
	}
	if st.Theirs != nil {
		v.Theirs = &Totals{*st.Theirs, st.Theirs.Net()}
		v.Differences = Differences(st.Ours, *st.Theirs)
	}
	return v
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// change commits what do makes of a settlement, with the events that tell of
// it, and one of kind if that is not "".
func (s *Service) change(ctx context.Context, st Settlement, by, kind string, do func(*Settlement) error) (Settlement, error) {
	told := false
	out, err := s.Store.ChangeSettlement(context.WithoutCancel(ctx), st.MerchantID, st.ID, func(st *Settlement) ([]posta.Event, error) {
		before := *st
		if err := do(st); err != nil {
			return nil, err
		}
		var kinds []string
		switch {
		case st.State != before.State:
			kinds = append(kinds, "settlement."+string(st.State))
		case st.Progress != before.Progress:
			kinds = append(kinds, "settlement.progressed")
		}
		if st.Attention != before.Attention && st.Attention != AttentionNone {
			kinds = append(kinds, "settlement.attention")
		}
		if kind != "" {
			kinds = append(kinds, kind)
		}
		if told = len(kinds) > 0; told {
			st.UpdatedAt = s.Clock.Now()
		}
		var events []posta.Event
		for _, kind := range kinds {
			events = append(events, s.event(by, kind, *st))
		}
		return events, nil
	})
	if err != nil {
		return st, err
	}
	if told {
		s.Committed()
	}
	return out, nil
}

// event makes an event of the settlement; by is "" where nobody asked for it.
func (s *Service) event(by, kind string, st Settlement) posta.Event {
	now := s.Clock.Now()
	data, err := json.Marshal(st.View())
	if err != nil {
		panic(err) // a type of ours that cannot be written is a defect
	}
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: st.MerchantID, Mode: st.Mode, Type: kind,
		Subject: string(st.ID), Actor: by, Data: data, CreatedAt: now}
}
