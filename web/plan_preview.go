package web

import (
	"time"

	"posta"
	"posta/page"
	"posta/subscription"
	"posta/text"
)

// messagePreview is a message as a buyer would get it.
type messagePreview struct {
	Engine    subscription.Engine
	Kind      subscription.Kind
	When      string // when it is sent
	Languages []languagePreview
}

// languagePreview is a message in one language.
type languagePreview struct{ Language, Name, Subject, Text string }

// languageNames are the languages' own names.
var languageNames = map[string]string{text.Spanish: "Español", text.Portuguese: "Português", text.English: "English"}

// stepKind is which message a step of the timeline sends.
func stepKind(day int) subscription.Kind {
	switch {
	case day < 0:
		return subscription.KindBefore
	case day > 0:
		return subscription.KindAfter
	}
	return subscription.KindDue
}

// stepWords says when a step of the timeline is.
func (v *visit) stepWords(day int) string {
	switch {
	case day < 0:
		return v.T("plan.step.before", "count", -day)
	case day > 0:
		return v.T("plan.step.after", "count", day)
	}
	return v.T("plan.step.on")
}

// previewKinds are the messages of each engine in the order of a period.
var previewKinds = map[subscription.Engine][]subscription.Kind{
	subscription.EngineProvider: {subscription.KindBefore, subscription.KindDue, subscription.KindAfter, subscription.KindPaused, subscription.KindCanceled},
	subscription.EngineHub: {subscription.KindVoucher, subscription.KindBefore, subscription.KindDue, subscription.KindAfter, subscription.KindPaused,
		subscription.KindCanceled},
}

// previews are the messages of a plan as its buyers would get them; of a new plan
// those of both engines, with an example.
func (v *visit) previews(p subscription.Plan, account planAccount) []messagePreview {
	engines := []subscription.Engine{subscription.EngineProvider, subscription.EngineHub}
	amount := p.Amount
	if p.ID != "" {
		engines = []subscription.Engine{p.Engine}
	} else {
		p.Name, amount = v.T("plan.name.example"), posta.Money{Amount: 150000, Currency: account.Currency}
	}
	due := v.s.Clock.Now().Add(7 * 24 * time.Hour)
	var out []messagePreview
	for _, engine := range engines {
		for _, kind := range previewKinds[engine] {
			one := messagePreview{Engine: engine, Kind: kind, When: v.T("plan.message." + string(kind))}
			for _, language := range text.Languages {
				words := v.s.Catalog.Localizer(language)
				key := "dunning." + string(engine) + "." + string(kind)
				args := []any{"name", "Ana", "merchant", v.Merchant.Name, "plan", p.Name, "amount", page.MoneyWithCode(amount.Amount, string(amount.Currency), language),
					"date", words.Date(due, v.Zone), "address", v.s.PublicURL() + "/subscription/…", "attempt", 1, "attempts", p.Attempts.Most}
				one.Languages = append(one.Languages, languagePreview{language, languageNames[language], words.T(key+".subject", args...), words.T(key+".text", args...)})
			}
			out = append(out, one)
		}
	}
	return out
}
