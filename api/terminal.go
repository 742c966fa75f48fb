package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"posta"
	"posta/till"
)

// Terminal is a card terminal of a store.
type Terminal struct {
	ID         posta.TerminalID   `json:"id"`
	Mode       posta.Mode         `json:"mode" enum:"test,live"`
	Store      posta.StoreID      `json:"store_id"`
	Connection posta.ConnectionID `json:"connection_id" doc:"whose charges it takes; need not be the store's"`
	Code       string             `json:"code" doc:"the provider's own id of it"`
	Name       string             `json:"name"`
	Tills      []posta.TillID     `json:"tills" doc:"those that charge on it; every till of the store if empty"`
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
	RemovedAt  *time.Time         `json:"removed_at,omitempty"`
}

// NewTerminal asks for a terminal.
type NewTerminal struct {
	StoreID      string   `json:"store_id" example:"sto_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	ConnectionID string   `json:"connection_id" doc:"the store's, or another one" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Code         string   `json:"code" doc:"the provider's own id: on the terminal's label or in its menu, or of the connection's devices" example:"38010101"`
	Name         string   `json:"name" example:"Mostrador"`
	Tills        []string `json:"tills,omitempty" maxItems:"100" doc:"those that charge on it; every till of the store if left out"`
}

// TerminalChange changes what it names; what is left out stays.
type TerminalChange struct {
	Name  *string   `json:"name,omitempty"`
	Tills *[]string `json:"tills,omitempty" maxItems:"100" doc:"empty for every till of the store"`
}

// TerminalList is all terminals in use.
type TerminalList struct {
	Data []Terminal `json:"data"`
}

// TerminalPath names a terminal.
type TerminalPath struct {
	ID string `path:"id" doc:"trm_…" example:"trm_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type terminalAnswer struct {
	Location string `header:"Location"`
	Body     Terminal
}

var exampleTerminal = Terminal{ID: posta.IDFrom[posta.TerminalID](exampleULID), Mode: posta.Test, Store: posta.IDFrom[posta.StoreID](exampleULID),
	Connection: posta.IDFrom[posta.ConnectionID](exampleULID), Code: "38010101", Name: "Mostrador", Tills: []posta.TillID{},
	CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) terminals() {
	const tag = "Terminals"
	add(a, http.MethodGet, "/v1/terminals", about{id: "list_terminals", tag: tag, summary: "List card terminals",
		answer: TerminalList{Data: []Terminal{exampleTerminal}}},
		func(ctx context.Context, _ *none) (*struct{ Body TerminalList }, error) {
			key := callOf(ctx).key
			all, err := a.Tills.Terminals(ctx, key.MerchantID, key.Mode)
			if err != nil {
				return nil, err
			}
			out := TerminalList{Data: []Terminal{}}
			for _, t := range all {
				out.Data = append(out.Data, terminalView(t))
			}
			return &struct{ Body TerminalList }{out}, nil
		})
	add(a, http.MethodPost, "/v1/terminals", about{id: "create_terminal", tag: tag, summary: "Add a card terminal to a store",
		status: http.StatusCreated, codes: []posta.Code{posta.CodeModeMismatch},
		request: NewTerminal{StoreID: "sto_" + exampleULID, ConnectionID: "con_" + exampleULID, Code: "38010101", Name: "Mostrador"},
		answer:  exampleTerminal}, a.createTerminal)
	add(a, http.MethodGet, "/v1/terminals/{id}", about{id: "get_terminal", tag: tag, summary: "Get a card terminal", answer: exampleTerminal},
		func(ctx context.Context, in *TerminalPath) (*terminalAnswer, error) {
			t, err := a.terminal(ctx, in.ID)
			return terminalShown(t, "", err)
		})
	add(a, http.MethodPatch, "/v1/terminals/{id}", about{id: "update_terminal", tag: tag, summary: "Change a card terminal",
		request: TerminalChange{Name: new("Caja rápida")}, answer: exampleTerminal},
		func(ctx context.Context, in *struct {
			TerminalPath
			Body TerminalChange
		}) (*terminalAnswer, error) {
			t, err := a.terminal(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			change := till.TerminalInput{ID: t.ID, MerchantID: t.MerchantID, Mode: t.Mode, Name: t.Name, Tills: t.Tills}
			if in.Body.Name != nil {
				change.Name = *in.Body.Name
			}
			if in.Body.Tills != nil {
				if change.Tills, err = tillIDs(*in.Body.Tills); err != nil {
					return nil, err
				}
			}
			t, err = a.Tills.UpdateTerminal(ctx, change)
			return terminalShown(t, "", err)
		})
	add(a, http.MethodDelete, "/v1/terminals/{id}", about{id: "delete_terminal", tag: tag, summary: "Take a card terminal out of use",
		status: http.StatusNoContent, text: "Not while something is under way on it. May be repeated.", codes: []posta.Code{posta.CodeTerminalBusy}},
		func(ctx context.Context, in *TerminalPath) (*none, error) {
			t, err := a.terminal(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			_, err = a.Tills.RemoveTerminal(ctx, t.MerchantID, t.Mode, t.ID)
			return nil, err
		})
}

func (a *server) createTerminal(ctx context.Context, in *struct{ Body NewTerminal }) (*terminalAnswer, error) {
	call := callOf(ctx)
	store, err := found[posta.StoreID](in.Body.StoreID)
	if err != nil {
		return nil, posta.Invalid("store_id", "unknown")
	}
	connection, err := found[posta.ConnectionID](in.Body.ConnectionID)
	if err != nil {
		return nil, posta.Invalid("connection_id", "unknown")
	}
	tills, err := tillIDs(in.Body.Tills)
	if err != nil {
		return nil, err
	}
	t, err := a.Tills.CreateTerminal(ctx, till.TerminalInput{ID: posta.IDFrom[posta.TerminalID](call.claim.ULID), MerchantID: call.key.MerchantID,
		Mode: call.key.Mode, StoreID: store, ConnectionID: connection, Code: in.Body.Code, Name: in.Body.Name, Tills: tills})
	var e *posta.Error
	if errors.As(err, &e) && e.Code == posta.CodeConflict && e.Params["terminal"] != "" {
		taken := posta.Invalid("code", "taken")
		taken.Params = e.Params
		err = taken
	}
	return terminalShown(t, "/v1/terminals/"+string(t.ID), err)
}

// terminal finds one of the caller's.
func (a *server) terminal(ctx context.Context, text string) (till.Terminal, error) {
	key := callOf(ctx).key
	id, err := found[posta.TerminalID](text)
	if err != nil {
		return till.Terminal{}, err
	}
	return a.Tills.Terminal(ctx, key.MerchantID, key.Mode, id)
}

func tillIDs(texts []string) ([]posta.TillID, error) {
	var out []posta.TillID
	for _, text := range texts {
		id, err := found[posta.TillID](text)
		if err != nil {
			return nil, posta.Invalid("tills", "unknown")
		}
		out = append(out, id)
	}
	return out, nil
}

func terminalShown(t till.Terminal, location string, err error) (*terminalAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &terminalAnswer{location, terminalView(t)}, nil
}

func terminalView(t till.Terminal) Terminal {
	return Terminal{ID: t.ID, Mode: t.Mode, Store: t.StoreID, Connection: t.ConnectionID, Code: t.Code, Name: t.Name,
		Tills: append([]posta.TillID{}, t.Tills...), CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, RemovedAt: unlessZero(t.RemovedAt)}
}
