package web

import (
	"net/http"
	"slices"

	"posta"
	"posta/account"
)

// keyRoutes registers the pages of the API keys.
func (s *server) keyRoutes(mux *http.ServeMux) {
	mux.Handle("GET /keys", s.member(s.keysPage))
	mux.Handle("POST /keys", s.member(s.createKey))
	mux.Handle("GET /keys/{key}/revoke", s.member(s.askRevokeKey))
	mux.Handle("POST /keys/{key}/revoke", s.member(s.revokeKey))
}

// keyData is what the page of API keys shows.
type keyData struct {
	Keys  []account.Key
	Nonce string
	Name  string
	Wrong map[string]string
	Made  account.Key // just made
	Token string      // of Made, shown this once
	URL   string      // the hub's own
	Till  string      // a till for the example
}

func (v *visit) keyData() (keyData, error) {
	data := keyData{Nonce: v.s.newNonce(), URL: v.s.PublicURL(), Till: "til_…"}
	keys, err := v.s.Accounts.Store.Keys(v.ctx(), v.Merchant.ID)
	if err != nil {
		return data, err
	}
	data.Keys = slices.DeleteFunc(keys, func(k account.Key) bool { return k.Mode != v.Mode })
	tills, err := v.s.Tills.Tills(v.ctx(), v.Merchant.ID, v.Mode)
	if len(tills) > 0 {
		data.Till = string(tills[0].ID)
	}
	return data, err
}

// Working reports whether any key is not revoked.
func (d keyData) Working() bool {
	return slices.ContainsFunc(d.Keys, func(k account.Key) bool { return k.RevokedAt.IsZero() })
}

func (s *server) keysPage(v *visit) error {
	data, err := v.keyData()
	if err != nil {
		return err
	}
	return v.render("keys", data)
}

// createKey answers with the page itself and not with a redirect: the token is
// told once and kept nowhere.
func (s *server) createKey(v *visit) error {
	id, err := idFromNonce[posta.KeyID](v)
	if err != nil {
		return err
	}
	name := v.r.PostFormValue("name")
	made, token, err := s.Accounts.CreateKey(v.ctx(), id, v.Merchant.ID, v.Mode, name)
	wrong := v.fieldErrors(err)
	if err != nil && wrong == nil {
		return err
	}
	data, listErr := v.keyData()
	if listErr != nil {
		return listErr
	}
	if wrong != nil {
		data.Name, data.Wrong = name, wrong
		return v.renderAs(http.StatusUnprocessableEntity, "keys", data)
	}
	data.Made, data.Token = made, token
	return v.render("keys", data)
}

func (v *visit) key() (account.Key, error) {
	keys, err := v.s.Accounts.Store.Keys(v.ctx(), v.Merchant.ID)
	for _, k := range keys {
		if string(k.ID) == v.r.PathValue("key") && k.Mode == v.Mode {
			return k, nil
		}
	}
	if err == nil {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return account.Key{}, err
}

func (s *server) askRevokeKey(v *visit) error {
	k, err := v.key()
	if err != nil {
		return err
	}
	if !k.RevokedAt.IsZero() {
		return v.redirect("/keys")
	}
	return v.ask(ask{Title: v.T("keys.revoke.title", "name", k.Name), Text: v.T("keys.revoke.text", "prefix", k.Prefix),
		Action: "/keys/" + string(k.ID) + "/revoke", Button: v.T("keys.revoke.button", "name", k.Name), Back: "/keys"})
}

func (s *server) revokeKey(v *visit) error {
	k, err := v.key()
	if err != nil {
		return err
	}
	if err := s.Accounts.RevokeKey(v.ctx(), v.Merchant.ID, k.ID); err != nil {
		return err
	}
	v.flash("ok", v.T("keys.revoked", "name", k.Name), "")
	return v.redirect("/keys")
}
