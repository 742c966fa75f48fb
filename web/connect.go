package web

import (
	"errors"
	"net/http"
	"strings"

	"posta"
	"posta/account"
	"posta/provider"
)

// connectRoutes registers how a merchant connects an account online, step by step.
func (s *server) connectRoutes(mux *http.ServeMux) {
	mux.Handle("GET /connections/oauth/start", s.member(s.startGrant))
	mux.Handle("GET /connections/oauth/return", s.member(s.takeGrant))
	mux.Handle("GET /connections/{connection}/webhook", s.member(func(v *visit) error { return s.hookPage(v, sent{}) }))
	mux.Handle("POST /connections/{connection}/webhook", s.member(s.saveHookSecret))
	mux.Handle("POST /connections/{connection}/webhook/test", s.member(s.awaitNotice))
	mux.Handle("GET /connections/{connection}/webhook/events", s.member(s.hookEvents))
}

// connectCountries are the countries that forms of online accounts offer, those
// that are complete first.
var connectCountries = []string{"AR", "BR", "CO", "MX", "CL", "UY", "PE"}

// connectData is what the page of a new connection shows.
type connectData struct {
	connectionForm
	Country   string
	Countries []option
	Mode      posta.Mode
	ModeWrong string
	PublicKey connectionField
	Token     connectionField
	Nothing   bool // it was refused, and nothing is stored
	OAuth     bool // Posta has an application there
}

// online reports whether a provider's accounts are connected by the guided page.
func online(d provider.Description) bool { return d.Grant != nil }

// countryOptions are the countries to choose from.
func (v *visit) countryOptions(chosen string) (out []option) {
	for _, code := range connectCountries {
		out = append(out, option{code, v.country(code), code == chosen})
	}
	return out
}

// connectPage shows the page, with what was typed where a form was refused.
func (s *server) connectPage(v *visit, form connectionForm, d provider.Description, typed map[string]string, answer int) error {
	data := connectData{connectionForm: form, Country: v.r.PostFormValue("country"), Mode: posta.Mode(v.r.PostFormValue("mode")),
		ModeWrong: form.Wrong["mode"], Nothing: answer != http.StatusOK}
	if data.Country == "" {
		data.Country = v.Merchant.Country
	}
	if !data.Mode.Valid() {
		data.Mode = v.Mode
	}
	data.Countries = v.countryOptions(data.Country)
	_, data.OAuth = s.Accounts.Apps[d.Name]
	v.fill(&data.connectionForm, s.blank(d), typed)
	var others []connectionField
	for _, f := range data.Fields {
		switch f.Name {
		case "public_key":
			f.Required = true
			data.PublicKey = f
		case "access_token":
			data.Token = f
		case "webhook_secret": // the next page asks for it
		default:
			others = append(others, f)
		}
	}
	data.Fields, data.More = nil, append(others, data.More...)
	return v.renderAs(answer, "connect", data)
}

// connect makes a connection of the guided page: the provider is asked first,
// and nothing is stored of what it refuses.
func (s *server) connect(v *visit, form connectionForm, d provider.Description) error {
	in, shown := v.readConnection(&form, d.Fields)
	form.Nonce = v.r.PostFormValue("nonce")
	var err error
	if in.ID, err = idFromNonce[posta.ConnectionID](v); err != nil {
		return err
	}
	in.Country = v.r.PostFormValue("country")
	if mode := posta.Mode(v.r.PostFormValue("mode")); mode != "" {
		in.Mode = mode
	}
	var c account.Connection
	var who provider.Account
	if strings.TrimSpace(in.Fields["public_key"]) == "" {
		err = posta.Invalid("config.public_key", "required")
	} else {
		c, who, err = s.Accounts.Connect(v.ctx(), in)
	}
	if err != nil {
		if posta.ErrorCode(err) == posta.CodeInternal {
			return err
		}
		form.Wrong, form.Problem = v.refusedKeys(err, who, in)
		return s.connectPage(v, form, d, shown, refusedStatus(err))
	}
	s.connected(v, c, who)
	return v.redirect("/connections/" + string(c.ID) + "/webhook")
}

// connected says whose account it is, and looks at its mode from now on.
func (s *server) connected(v *visit, c account.Connection, who provider.Account) {
	s.sessions.Put(v.ctx(), sessionMode, string(c.Mode))
	name := who.Nickname
	if name == "" {
		name = c.Account
	}
	text := v.T("check.ok.text", "id", c.Account, "country", v.country(who.Country))
	switch who.Pair {
	case provider.PairSame:
		text += " " + v.T("connect.pair.same")
	case provider.PairUnproven:
		text += " " + v.T("connect.pair.unproven")
	}
	v.flash("ok", v.T("check.ok", "account", name), text)
}

// refusedStatus is how a page with refused keys is answered.
func refusedStatus(err error) int {
	if code := status(posta.ErrorCode(err)); code >= 500 {
		return code
	}
	return http.StatusUnprocessableEntity
}

// refusedKeys says beside which field what is wrong with credentials, and how to
// go on; what is of no field is a problem of the page.
func (v *visit) refusedKeys(err error, who provider.Account, in account.ConnectionInput) (map[string]string, problem) {
	wrong := v.fieldErrors(err)
	var e *posta.Error
	errors.As(err, &e)
	switch code := posta.ErrorCode(err); code {
	case posta.CodeUnauthorized, posta.CodeForbidden:
		return map[string]string{"config.access_token": v.T("connect.wrong.token")}, problem{}
	case posta.CodeModeMismatch:
		key := "connect.wrong.live"
		if who.Test {
			key = "connect.wrong.test"
		}
		return map[string]string{"mode": v.T(key, "account", called(who))}, problem{}
	case posta.CodeConflict:
		return map[string]string{"config.access_token": v.T("connect.wrong.account", "account", called(who))}, problem{}
	case posta.CodeInvalid:
		for _, f := range e.Fields {
			if f.Field == "country" && f.Code == "other_country" {
				wrong["country"] = v.T("connect.wrong.country", "account", v.country(f.Params["account"]), "form", v.country(f.Params["merchant"]), "name", called(who))
			}
		}
		return wrong, problem{}
	default:
		return nil, v.problem(err)
	}
}

// called is the name of an account, or its number.
func called(who provider.Account) string {
	if who.Nickname != "" {
		return who.Nickname
	}
	return who.ID
}

// credentialsTyped reports whether a form of a kept connection changes what calls
// are made with: then the provider is asked before it is stored.
func credentialsTyped(in account.ConnectionInput, was account.Connection, fields []provider.Field) bool {
	if in.Country != "" && in.Country != was.Country {
		return true
	}
	for _, f := range fields {
		value, sent := in.Fields[f.Name]
		value = strings.TrimSpace(value)
		if f.Secret && f.Name != "webhook_secret" && value != "" || f.Name == "public_key" && sent && value != was.Config[f.Name] {
			return true
		}
	}
	return false
}
