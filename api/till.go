package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/account"
	"posta/till"
)

// Till is a place in a store where one payment at a time is charged.
type Till struct {
	ID         posta.TillID       `json:"id"`
	Mode       posta.Mode         `json:"mode" enum:"test,live"`
	Store      posta.StoreID      `json:"store_id"`
	Connection posta.ConnectionID `json:"connection_id"`
	Name       string             `json:"name"`
	Ready      bool               `json:"ready" doc:"the provider has it"`
	Failure    *Failure           `json:"failure,omitempty" doc:"why the provider does not have it as it stands here; provision tries again"`
	QR         string             `json:"qr,omitempty" doc:"text of its fixed QR"`
	Image      string             `json:"qr_image,omitempty" doc:"address of its fixed QR as a picture"`
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
	RemovedAt  *time.Time         `json:"removed_at,omitempty"`
}

// NewTill asks for a till.
type NewTill struct {
	StoreID string `json:"store_id" example:"sto_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Name    string `json:"name" example:"Caja 1"`
}

// TillChange changes what it names.
type TillChange struct {
	Name *string `json:"name,omitempty"`
}

// TillList is all tills in use.
type TillList struct {
	Data []Till `json:"data"`
}

// TillPath names a till.
type TillPath struct {
	ID string `path:"id" doc:"til_…" example:"til_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type tillAnswer struct {
	Location string `header:"Location"`
	Body     Till
}

var exampleTill = Till{ID: posta.IDFrom[posta.TillID](exampleULID), Mode: posta.Test, Store: posta.IDFrom[posta.StoreID](exampleULID),
	Connection: posta.IDFrom[posta.ConnectionID](exampleULID), Name: "Caja 1", Ready: true, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) tills() {
	const tag = "Tills"
	add(a, http.MethodGet, "/v1/tills", about{id: "list_tills", tag: tag, summary: "List tills", answer: TillList{Data: []Till{exampleTill}}},
		func(ctx context.Context, _ *none) (*struct{ Body TillList }, error) {
			key := callOf(ctx).key
			all, err := a.Tills.Tills(ctx, key.MerchantID, key.Mode)
			if err != nil {
				return nil, err
			}
			out := TillList{Data: []Till{}}
			for _, t := range all {
				out.Data = append(out.Data, tillView(t, nil))
			}
			return &struct{ Body TillList }{out}, nil
		})
	add(a, http.MethodPost, "/v1/tills", about{id: "create_till", tag: tag, summary: "Create a till, here and at the provider",
		status: http.StatusCreated, text: "What the provider has against it is told in failure; the till is kept, and provision tries again.",
		request: NewTill{StoreID: "sto_" + exampleULID, Name: "Caja 1"}, answer: exampleTill},
		func(ctx context.Context, in *struct{ Body NewTill }) (*tillAnswer, error) {
			call := callOf(ctx)
			store, err := found[posta.StoreID](in.Body.StoreID)
			if err != nil {
				return nil, posta.Invalid("store_id", "unknown")
			}
			t, err := a.Tills.CreateTill(ctx, till.Input{ID: posta.IDFrom[posta.TillID](call.claim.ULID), MerchantID: call.key.MerchantID,
				Mode: call.key.Mode, StoreID: store, Name: in.Body.Name})
			return tillAnswered(t, "/v1/tills/"+string(t.ID), err)
		})
	add(a, http.MethodGet, "/v1/tills/{id}", about{id: "get_till", tag: tag, summary: "Get a till", answer: exampleTill},
		func(ctx context.Context, in *TillPath) (*tillAnswer, error) {
			t, err := a.till(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return tillAnswered(t, "", nil)
		})
	add(a, http.MethodPatch, "/v1/tills/{id}", about{id: "update_till", tag: tag, summary: "Change a till, here and at the provider",
		request: TillChange{Name: new("Caja rápida")}, answer: exampleTill},
		func(ctx context.Context, in *struct {
			TillPath
			Body TillChange
		}) (*tillAnswer, error) {
			t, err := a.till(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			change := till.Input{ID: t.ID, MerchantID: t.MerchantID, Mode: t.Mode, StoreID: t.StoreID, Name: t.Name}
			if in.Body.Name != nil {
				change.Name = *in.Body.Name
			}
			t, err = a.Tills.UpdateTill(ctx, change)
			return tillAnswered(t, "", err)
		})
	add(a, http.MethodPost, "/v1/tills/{id}/provision", about{id: "provision_till", tag: tag, summary: "Tell the provider of a till again",
		codes: byProvider, answer: exampleTill},
		func(ctx context.Context, in *TillPath) (*tillAnswer, error) {
			t, err := a.till(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if t, err = a.Tills.ProvisionTill(ctx, t.MerchantID, t.Mode, t.ID); err != nil {
				return nil, ofProvider(err)
			}
			return tillAnswered(t, "", nil)
		})
	add(a, http.MethodDelete, "/v1/tills/{id}", about{id: "delete_till", tag: tag, summary: "Take a till out of use", status: http.StatusNoContent,
		text: "Not while a payment is open there. May be repeated.", codes: append([]posta.Code{posta.CodeTillBusy}, byProvider...)},
		func(ctx context.Context, in *TillPath) (*none, error) {
			t, err := a.till(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if _, err := a.Tills.RemoveTill(ctx, t.MerchantID, t.Mode, t.ID); err != nil {
				return nil, ofProvider(err)
			}
			return nil, nil
		})
	add(a, http.MethodGet, "/v1/tills/{id}/poster", about{id: "get_till_poster", tag: tag, summary: "Download the provider's poster of a till's QR",
		codes: append([]posta.Code{posta.CodeState}, byProvider...), media: "application/pdf", text: "The provider's own file, PDF or picture, as Content-Type says."},
		func(ctx context.Context, in *TillPath) (*poster, error) {
			t, err := a.till(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			kind, body, err := a.Tills.Poster(ctx, t.MerchantID, t.Mode, t.ID)
			if err != nil {
				return nil, ofProvider(err)
			}
			if kind == "" {
				kind = "application/octet-stream"
			}
			return &poster{kind, "attachment", "sandbox", body}, nil
		})
}

// poster is a provider's file: downloaded, never shown as a page of ours.
type poster struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

func (a *server) till(ctx context.Context, text string) (till.Till, error) {
	key := callOf(ctx).key
	id, err := found[posta.TillID](text)
	if err != nil {
		return till.Till{}, err
	}
	return a.Tills.Till(ctx, key.MerchantID, key.Mode, id)
}

// ownTill is the id of a till that the key may see.
func (a *server) ownTill(ctx context.Context, key account.Key, text string) (posta.TillID, error) {
	id, err := found[posta.TillID](text)
	if err != nil {
		return "", err
	}
	t, err := a.Tills.Till(ctx, key.MerchantID, key.Mode, id)
	return t.ID, err
}

func tillAnswered(t till.Till, location string, err error) (*tillAnswer, error) {
	failure, err := kept(string(t.ID), err)
	if err != nil {
		return nil, err
	}
	return &tillAnswer{location, tillView(t, failure)}, nil
}

func tillView(t till.Till, failure *Failure) Till {
	return Till{ID: t.ID, Mode: t.Mode, Store: t.StoreID, Connection: t.ConnectionID, Name: t.Name, Ready: t.ProviderRef != "",
		Failure: failure, QR: t.QR, Image: t.Image, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, RemovedAt: unlessZero(t.RemovedAt)}
}
