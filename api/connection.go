package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/account"
)

// Connection is a merchant's account at a provider, its secrets masked.
type Connection struct {
	ID         posta.ConnectionID `json:"id"`
	Mode       posta.Mode         `json:"mode" enum:"test,live"`
	Provider   string             `json:"provider" example:"mercadopago"`
	Name       string             `json:"name"`
	Fields     []ConnectionField  `json:"fields"`
	RefundLate bool               `json:"refund_late" doc:"give back by itself what was paid after cancel or expiry"`
	HookURL    string             `json:"hook_url" format:"uri" doc:"where the provider is to send its notices"`
	Country    string             `json:"country" doc:"where it sells, and in whose currency" example:"AR"`
	Account    string             `json:"account,omitempty" doc:"the provider's own id of the account, once checked"`
	CheckedAt  *time.Time         `json:"checked_at,omitempty"`
	// LostAt and GrantedUntil tell of credentials that do not last.
	LostAt       *time.Time `json:"lost_at,omitempty" doc:"since when the provider refuses the credentials: connect again"`
	GrantedUntil *time.Time `json:"granted_until,omitempty" doc:"of an account that was connected by OAuth: the end of its access token, which is renewed 30 days before"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

// ConnectionField is a credential or setting. A secret's value is never shown.
type ConnectionField struct {
	Name   string `json:"name"`
	Secret bool   `json:"secret"`
	Set    bool   `json:"set"`
	Value  string `json:"value,omitempty" doc:"empty for a secret"`
	Hint   string `json:"hint,omitempty" doc:"a secret's end" example:"••••4f2a"`
}

// NewConnection asks for a connection in the key's mode.
type NewConnection struct {
	Provider   string            `json:"provider" example:"mercadopago"`
	Name       string            `json:"name"`
	Country    string            `json:"country,omitempty" enum:"AR,BR,CO,MX,CL,UY,PE" doc:"of the account; the merchant's if left out. Stores and tills are of the merchant's country only"`
	Fields     map[string]string `json:"fields,omitempty" doc:"the provider's credentials and settings, by name"`
	RefundLate bool              `json:"refund_late,omitempty"`
}

// ConnectionChange changes what it names; what is left out stays.
type ConnectionChange struct {
	Name       *string           `json:"name,omitempty"`
	Fields     map[string]string `json:"fields,omitempty" doc:"an empty secret stays; another empty field returns to its default"`
	RefundLate *bool             `json:"refund_late,omitempty"`
}

// ConnectionList is all connections of the key's mode.
type ConnectionList struct {
	Data []Connection `json:"data"`
}

// Checked is whose the credentials are.
type Checked struct {
	Account  string `json:"account" doc:"the provider's own id"`
	Nickname string `json:"nickname,omitempty"`
	Country  string `json:"country,omitempty"`
	Test     bool   `json:"test"`
	Pair     string `json:"pair,omitempty" enum:"same,unproven" doc:"whether public key and access token are of one application; unproven where the provider does not tell; left out where there is only one of them"`
}

// ConnectionPath names a connection.
type ConnectionPath struct {
	ID string `path:"id" doc:"con_…" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type connectionAnswer struct {
	Location string `header:"Location"`
	Body     Connection
}

var exampleConnection = Connection{ID: posta.IDFrom[posta.ConnectionID](exampleULID), Mode: posta.Test, Provider: "mercadopago",
	Name: "Sucursal Centro", Fields: []ConnectionField{{Name: "access_token", Secret: true, Set: true, Hint: "••••4f2a"}},
	HookURL: "https://posta.example/hooks/con_" + exampleULID, Country: "AR", Account: "446566691", CheckedAt: &exampleAt, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) connections() {
	const tag = "Connections"
	add(a, http.MethodGet, "/v1/connections", about{id: "list_connections", tag: tag, summary: "List connections",
		answer: ConnectionList{Data: []Connection{exampleConnection}}}, a.listConnections)
	add(a, http.MethodPost, "/v1/connections", about{id: "create_connection", tag: tag, summary: "Connect an account at a provider",
		text: "Nothing is asked of the provider yet: check does.", status: http.StatusCreated,
		request: NewConnection{Provider: "mercadopago", Name: "Sucursal Centro", Fields: map[string]string{"access_token": "TEST-…"}},
		answer:  exampleConnection},
		func(ctx context.Context, in *struct{ Body NewConnection }) (*connectionAnswer, error) {
			call := callOf(ctx)
			c, err := a.Accounts.CreateConnection(ctx, account.ConnectionInput{ID: posta.IDFrom[posta.ConnectionID](call.claim.ULID),
				MerchantID: call.key.MerchantID, Mode: call.key.Mode, Provider: in.Body.Provider, Name: in.Body.Name,
				Country: in.Body.Country, Fields: in.Body.Fields, RefundLate: in.Body.RefundLate})
			if err != nil {
				return nil, fieldsOf(err)
			}
			return a.connectionAnswer(ctx, c, "/v1/connections/"+string(c.ID))
		})
	add(a, http.MethodGet, "/v1/connections/{id}", about{id: "get_connection", tag: tag, summary: "Get a connection", answer: exampleConnection},
		func(ctx context.Context, in *ConnectionPath) (*connectionAnswer, error) {
			c, err := a.connection(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return a.connectionAnswer(ctx, c, "")
		})
	add(a, http.MethodPatch, "/v1/connections/{id}", about{id: "update_connection", tag: tag, summary: "Change a connection",
		request: ConnectionChange{Name: new("Sucursal Norte")}, answer: exampleConnection}, a.updateConnection)
	add(a, http.MethodPost, "/v1/connections/{id}/check", about{id: "check_connection", tag: tag, summary: "Ask the provider whose the credentials are",
		codes:  []posta.Code{posta.CodeProviderRejected, posta.CodeProviderUnavailable, posta.CodeModeMismatch, posta.CodeConflict, posta.CodeRateLimited},
		answer: Checked{Account: "446566691", Nickname: "TESTUSER", Country: "AR", Test: true, Pair: "same"}},
		func(ctx context.Context, in *ConnectionPath) (*struct{ Body Checked }, error) {
			c, err := a.connection(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			who, err := a.Accounts.Check(ctx, c.MerchantID, c.ID)
			if posta.ErrorCode(err) == posta.CodeUnauthorized { // the credentials, not the caller's key
				err = &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "unauthorized"}, Cause: err}
			}
			if err != nil {
				return nil, err
			}
			return &struct{ Body Checked }{Checked{who.ID, who.Nickname, who.Country, who.Test, string(who.Pair)}}, nil
		})
}

// connection finds one of the caller's, in the key's mode.
func (a *server) connection(ctx context.Context, text string) (account.Connection, error) {
	key := callOf(ctx).key
	id, err := found[posta.ConnectionID](text)
	if err != nil {
		return account.Connection{}, err
	}
	c, err := a.Accounts.Store.MerchantConnection(ctx, key.MerchantID, id)
	if err == nil && c.Mode != key.Mode {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return c, err
}

func (a *server) connectionAnswer(ctx context.Context, c account.Connection, location string) (*connectionAnswer, error) {
	merchant, err := a.Accounts.Store.Merchant(ctx, c.MerchantID)
	if err != nil {
		return nil, err
	}
	view, err := a.connectionView(c, merchant.Country)
	if err != nil {
		return nil, err
	}
	return &connectionAnswer{location, view}, nil
}

// connectionView shows a connection of a merchant of that country.
func (a *server) connectionView(c account.Connection, home string) (Connection, error) {
	out := Connection{ID: c.ID, Mode: c.Mode, Provider: c.Provider, Name: c.Name, Fields: []ConnectionField{}, RefundLate: c.RefundLate,
		HookURL: a.PublicURL() + "/hooks/" + string(c.ID), Country: c.Country, Account: c.Account, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
	if c.Country == "" {
		out.Country = home
	}
	if !c.LostAt.IsZero() {
		out.LostAt = &c.LostAt
	}
	if !c.Grant.ExpiresAt.IsZero() {
		out.GrantedUntil = &c.Grant.ExpiresAt
	}
	if !c.CheckedAt.IsZero() {
		out.CheckedAt = &c.CheckedAt
	}
	fields, err := a.Accounts.View(c)
	for _, f := range fields {
		out.Fields = append(out.Fields, ConnectionField{Name: f.Name, Secret: f.Secret, Set: f.Set, Value: f.Value, Hint: f.Hint})
	}
	return out, err
}

func (a *server) listConnections(ctx context.Context, _ *none) (*struct{ Body ConnectionList }, error) {
	key := callOf(ctx).key
	all, err := a.Accounts.Store.Connections(ctx, key.MerchantID)
	if err != nil {
		return nil, err
	}
	merchant, err := a.Accounts.Store.Merchant(ctx, key.MerchantID)
	if err != nil {
		return nil, err
	}
	out := ConnectionList{Data: []Connection{}}
	for _, c := range all {
		if c.Mode != key.Mode {
			continue
		}
		view, err := a.connectionView(c, merchant.Country)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, view)
	}
	return &struct{ Body ConnectionList }{out}, nil
}

func (a *server) updateConnection(ctx context.Context, in *struct {
	ConnectionPath
	Body ConnectionChange
}) (*connectionAnswer, error) {
	c, err := a.connection(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	change := account.ConnectionInput{ID: c.ID, MerchantID: c.MerchantID, Mode: c.Mode, Provider: c.Provider, Name: c.Name,
		Fields: in.Body.Fields, RefundLate: c.RefundLate}
	if in.Body.Name != nil {
		change.Name = *in.Body.Name
	}
	if in.Body.RefundLate != nil {
		change.RefundLate = *in.Body.RefundLate
	}
	if c, err = a.Accounts.UpdateConnection(ctx, change); err != nil {
		return nil, fieldsOf(err)
	}
	return a.connectionAnswer(ctx, c, "")
}
