package web

import (
	"net/http"
	"slices"

	"posta"
	"posta/account"
	"posta/text"
)

// settingRoutes registers the pages of the merchant's and the person's settings.
func (s *server) settingRoutes(mux *http.ServeMux) {
	mux.Handle("GET /settings", s.member(s.settingsPage))
	mux.Handle("POST /settings/merchant", s.member(s.saveMerchant))
	mux.Handle("POST /settings/language", s.member(s.saveLanguage))
	mux.Handle("POST /settings/password", s.member(s.savePassword))
}

// settingData is what the page of settings shows.
type settingData struct {
	Name, Country, Zone string
	Countries, Zones    []option
	Languages           []option
	Wrong               map[string]string
	Problem             problem
}

// moreZones are zones of our countries beside their capitals'.
var moreZones = []string{"America/Argentina/Cordoba", "America/Argentina/Ushuaia", "America/Manaus", "America/Fortaleza", "America/Recife",
	"America/Bahia", "America/Cuiaba", "America/Rio_Branco", "America/Noronha", "America/Punta_Arenas", "Pacific/Easter",
	"America/Cancun", "America/Monterrey", "America/Hermosillo", "America/Tijuana", "America/Chihuahua", "UTC"}

func (v *visit) settings() settingData {
	return settingData{Name: v.Merchant.Name, Country: v.Merchant.Country, Zone: v.Merchant.TimeZone}
}

// options fills in what can be chosen.
func (d *settingData) options(v *visit) {
	zones := []string{}
	for _, c := range posta.Countries {
		d.Countries = append(d.Countries, option{c.Code, v.country(c.Code), c.Code == d.Country})
		zones = append(zones, c.TimeZone)
	}
	zones = append(zones, moreZones...)
	if !slices.Contains(zones, d.Zone) {
		zones = append(zones, d.Zone)
	}
	slices.Sort(zones)
	for _, zone := range zones {
		d.Zones = append(d.Zones, option{zone, zone, zone == d.Zone})
	}
	d.Languages = []option{{"", v.T("settings.language.browser"), v.User.Language == ""}, {text.Spanish, "Español", v.User.Language == text.Spanish},
		{text.Portuguese, "Português", v.User.Language == text.Portuguese}, {text.English, "English", v.User.Language == text.English}}
}

func (s *server) settingsPage(v *visit) error {
	data := v.settings()
	data.options(v)
	return v.render("settings", data)
}

// mendSettings shows the page again with what is wrong beside its fields.
func (v *visit) mendSettings(data settingData, err error) error {
	if data.Wrong = v.fieldErrors(err); data.Wrong == nil {
		data.Problem = v.problem(err)
	}
	data.options(v)
	return v.renderAs(status(posta.ErrorCode(err)), "settings", data)
}

func (s *server) saveMerchant(v *visit) error {
	data := v.settings()
	data.Name, data.Country, data.Zone = v.r.PostFormValue("name"), v.r.PostFormValue("country"), v.r.PostFormValue("time_zone")
	if _, err := s.Accounts.UpdateMerchant(v.ctx(), account.MerchantInput{ID: v.Merchant.ID, Name: data.Name, Country: data.Country, TimeZone: data.Zone}); err != nil {
		return v.mendSettings(data, err)
	}
	v.flash("ok", v.T("settings.saved"), "")
	return v.redirect("/settings")
}

// saveLanguage keeps the person's language, on this device at once.
func (s *server) saveLanguage(v *visit) error {
	language := v.r.PostFormValue("language")
	if _, err := s.Accounts.SetLanguage(v.ctx(), v.User.ID, language); err != nil {
		return v.mendSettings(v.settings(), err)
	}
	if language == "" {
		http.SetCookie(v.w, &http.Cookie{Name: text.Cookie, Path: "/", MaxAge: -1, SameSite: http.SameSiteLaxMode})
		v.words = s.Catalog.Localizer(v.r.Header.Get("Accept-Language"))
	} else {
		text.Remember(v.w, language)
		v.words = s.Catalog.Localizer(language)
	}
	v.flash("ok", v.T("settings.saved"), "")
	return v.redirect("/settings")
}

// savePassword changes the person's password; other devices have to log in again.
func (s *server) savePassword(v *visit) error {
	password := v.r.PostFormValue("password")
	if password != v.r.PostFormValue("repeat") {
		return v.mendSettings(v.settings(), posta.Invalid("repeat", "differs"))
	}
	user, err := s.Accounts.ChangePassword(v.ctx(), v.User.ID, v.r.PostFormValue("current_password"), password)
	if err != nil {
		return v.mendSettings(v.settings(), err)
	}
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionStamp, user.Stamp())
	v.flash("ok", v.T("settings.password.saved"), v.T("settings.password.saved.text"))
	return v.redirect("/settings")
}
