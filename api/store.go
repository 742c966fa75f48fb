package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/till"
)

// Store is a merchant's shop.
type Store struct {
	ID         posta.StoreID      `json:"id"`
	Mode       posta.Mode         `json:"mode" enum:"test,live"`
	Connection posta.ConnectionID `json:"connection_id"`
	Name       string             `json:"name"`
	Address    till.Address       `json:"address"`
	CloseAt    string             `json:"close_at,omitempty" doc:"hour, in the merchant's time zone, at which its terminals close their batches" example:"23:30"`
	CloseDueAt *time.Time         `json:"close_due_at,omitempty" doc:"when they do so next"`
	Ready      bool               `json:"ready" doc:"the provider has it"`
	Failure    *Failure           `json:"failure,omitempty" doc:"why the provider does not have it as it stands here; provision tries again"`
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
	RemovedAt  *time.Time         `json:"removed_at,omitempty"`
}

// Failure is what a provider had against what is stored here all the same.
type Failure struct {
	Code   posta.Code        `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// NewStore asks for a store.
type NewStore struct {
	ConnectionID string       `json:"connection_id" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Name         string       `json:"name" example:"Sucursal Centro"`
	Address      till.Address `json:"address"`
	CloseAt      string       `json:"close_at,omitempty" doc:"hour at which its terminals close their batches; never if left out" example:"23:30"`
}

// StoreChange changes what it names; what is left out stays.
type StoreChange struct {
	Name    *string       `json:"name,omitempty"`
	Address *till.Address `json:"address,omitempty"`
	CloseAt *string       `json:"close_at,omitempty" doc:"empty for never" example:"23:30"`
}

// StoreList is all stores in use.
type StoreList struct {
	Data []Store `json:"data"`
}

// StorePath names a store.
type StorePath struct {
	ID string `path:"id" doc:"sto_…" example:"sto_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type storeAnswer struct {
	Location string `header:"Location"`
	Body     Store
}

var exampleAddress = till.Address{Street: "Av. Corrientes", Number: "1234", City: "Buenos Aires", State: "Capital Federal",
	Latitude: "-34.6037", Longitude: "-58.3816"}

var exampleStore = Store{ID: posta.IDFrom[posta.StoreID](exampleULID), Mode: posta.Test, Connection: posta.IDFrom[posta.ConnectionID](exampleULID),
	Name: "Sucursal Centro", Address: exampleAddress, Ready: true, CreatedAt: exampleAt, UpdatedAt: exampleAt}

// byProvider are codes of operations that the provider takes part in.
var byProvider = []posta.Code{posta.CodeProviderRejected, posta.CodeProviderUnavailable, posta.CodeRateLimited}

func (a *server) stores() {
	const tag = "Stores"
	add(a, http.MethodGet, "/v1/stores", about{id: "list_stores", tag: tag, summary: "List stores",
		answer: StoreList{Data: []Store{exampleStore}}},
		func(ctx context.Context, _ *none) (*struct{ Body StoreList }, error) {
			key := callOf(ctx).key
			all, err := a.Tills.Stores(ctx, key.MerchantID, key.Mode)
			if err != nil {
				return nil, err
			}
			out := StoreList{Data: []Store{}}
			for _, s := range all {
				out.Data = append(out.Data, storeView(s, nil))
			}
			return &struct{ Body StoreList }{out}, nil
		})
	add(a, http.MethodPost, "/v1/stores", about{id: "create_store", tag: tag, summary: "Create a store, here and at the provider",
		status: http.StatusCreated, codes: []posta.Code{posta.CodeModeMismatch},
		text:    "What the provider has against it is told in failure; the store is kept, and provision tries again.",
		request: NewStore{ConnectionID: "con_" + exampleULID, Name: "Sucursal Centro", Address: exampleAddress}, answer: exampleStore},
		func(ctx context.Context, in *struct{ Body NewStore }) (*storeAnswer, error) {
			call := callOf(ctx)
			connection, err := a.connection(ctx, in.Body.ConnectionID)
			if posta.ErrorCode(err) == posta.CodeNotFound {
				err = posta.Invalid("connection_id", "unknown")
			}
			if err != nil {
				return nil, err
			}
			s, err := a.Tills.CreateStore(ctx, till.StoreInput{ID: posta.IDFrom[posta.StoreID](call.claim.ULID), MerchantID: call.key.MerchantID,
				Mode: call.key.Mode, ConnectionID: connection.ID, Name: in.Body.Name, Address: in.Body.Address, CloseAt: in.Body.CloseAt})
			return storeAnswered(s, "/v1/stores/"+string(s.ID), err)
		})
	add(a, http.MethodGet, "/v1/stores/{id}", about{id: "get_store", tag: tag, summary: "Get a store", answer: exampleStore},
		func(ctx context.Context, in *StorePath) (*storeAnswer, error) {
			s, err := a.store(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return storeAnswered(s, "", nil)
		})
	add(a, http.MethodPatch, "/v1/stores/{id}", about{id: "update_store", tag: tag, summary: "Change a store, here and at the provider",
		request: StoreChange{Name: new("Sucursal Norte")}, answer: exampleStore},
		func(ctx context.Context, in *struct {
			StorePath
			Body StoreChange
		}) (*storeAnswer, error) {
			s, err := a.store(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			change := till.StoreInput{ID: s.ID, MerchantID: s.MerchantID, Mode: s.Mode, ConnectionID: s.ConnectionID, Name: s.Name, Address: s.Address, CloseAt: s.CloseAt}
			if in.Body.CloseAt != nil {
				change.CloseAt = *in.Body.CloseAt
			}
			if in.Body.Name != nil {
				change.Name = *in.Body.Name
			}
			if in.Body.Address != nil {
				change.Address = *in.Body.Address
			}
			s, err = a.Tills.UpdateStore(ctx, change)
			return storeAnswered(s, "", err)
		})
	add(a, http.MethodPost, "/v1/stores/{id}/provision", about{id: "provision_store", tag: tag, summary: "Tell the provider of a store again",
		codes: byProvider, answer: exampleStore},
		func(ctx context.Context, in *StorePath) (*storeAnswer, error) {
			s, err := a.store(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if s, err = a.Tills.ProvisionStore(ctx, s.MerchantID, s.Mode, s.ID); err != nil {
				return nil, ofProvider(err)
			}
			return storeAnswered(s, "", nil)
		})
	add(a, http.MethodDelete, "/v1/stores/{id}", about{id: "delete_store", tag: tag, summary: "Take a store out of use", status: http.StatusNoContent,
		text: "Its tills and terminals must be out of use. What is told of it stays. May be repeated.", codes: append([]posta.Code{posta.CodeStoreInUse}, byProvider...)},
		func(ctx context.Context, in *StorePath) (*none, error) {
			s, err := a.store(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if _, err := a.Tills.RemoveStore(ctx, s.MerchantID, s.Mode, s.ID); err != nil {
				return nil, ofProvider(err)
			}
			return nil, nil
		})
}

func (a *server) store(ctx context.Context, text string) (till.Store, error) {
	key := callOf(ctx).key
	id, err := found[posta.StoreID](text)
	if err != nil {
		return till.Store{}, err
	}
	return a.Tills.Store(ctx, key.MerchantID, key.Mode, id)
}

func storeAnswered(s till.Store, location string, err error) (*storeAnswer, error) {
	failure, err := kept(string(s.ID), err)
	if err != nil {
		return nil, err
	}
	return &storeAnswer{location, storeView(s, failure)}, nil
}

func storeView(s till.Store, failure *Failure) Store {
	return Store{ID: s.ID, Mode: s.Mode, Connection: s.ConnectionID, Name: s.Name, Address: s.Address, CloseAt: s.CloseAt,
		CloseDueAt: unlessZero(s.CloseDueAt), Ready: s.ProviderRef != "",
		Failure: failure, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, RemovedAt: unlessZero(s.RemovedAt)}
}

// kept tells a provider's error about something that is stored all the same
// (it has an id) from an error that stopped it.
func kept(id string, err error) (*Failure, error) {
	err = ofProvider(err)
	var e *posta.Error
	if id == "" || !errors.As(err, &e) || e.Code == posta.CodeUnavailable || e.Code == posta.CodeInternal {
		return nil, err
	}
	return &Failure{e.Code, e.Params}, nil
}

// ofProvider says of credentials that the provider refused them; the caller's
// own key is another matter.
func ofProvider(err error) error {
	if posta.ErrorCode(err) == posta.CodeUnauthorized {
		return &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "unauthorized"}, Cause: err}
	}
	return err
}

// fieldsOf names a connection's fields as the request has them.
func fieldsOf(err error) error {
	var e *posta.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		if rest, ok := strings.CutPrefix(f.Field, "config."); ok {
			f.Field = "fields." + rest
		}
		out.Fields = append(out.Fields, f)
	}
	return &out
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
