package mercadopago

import language "posta/text"

// documentChoices are the site's kinds of document, for a form.
func documentChoices(t site) []object {
	list := []object{}
	for _, d := range identificationTypes[t.ID] {
		list = append(list, object{"value": d.ID, "label": d.Name})
	}
	return list
}

// cardChoices are the site's test cards of the methods that are offered.
func cardChoices(t site, offered func(method string) bool) []object {
	list := []object{}
	for _, d := range TestCards {
		if d.Site == t.ID && offered(d.Method) {
			list = append(list, object{"Name": d.Method, "Title": cardName(t, d.Method), "Last": d.Number[len(d.Number)-4:]})
		}
	}
	return list
}

// holderChoices are the names that decide a card's outcome, and what each does.
func holderChoices(words *language.Localizer) []object {
	list := []object{}
	for _, o := range Outcomes {
		effect := words.T("sim.effect." + o.Status)
		if words.Has("sim.effect." + o.Holder) {
			effect = words.T("sim.effect." + o.Holder)
		}
		list = append(list, object{"Holder": o.Holder, "Effect": effect})
	}
	return list
}
