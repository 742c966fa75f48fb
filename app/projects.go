package app

import (
	"context"

	"posta"
	"posta/account"
	"posta/project"
	"posta/text"
)

// newProjects wires the integration desk. What homologation, the gate and
// quality say of a project is set once they are there.
func (a *App) newProjects(catalog *text.Catalog) *project.Service {
	s := &project.Service{Store: a.Store, Clock: a.config.Clock, Log: a.config.Log, Committed: a.Hub.Wake, Team: a.team,
		Location: a.Accounts.Location, MailFrom: a.config.MailFrom, URL: a.URL,
		Say: func(language, key string, args ...any) string { return catalog.Localizer(language).T(key, args...) },
		Person: func(ctx context.Context, m posta.MerchantID, id posta.UserID) (project.Person, error) {
			u, err := a.Store.User(ctx, id)
			if err == nil && u.MerchantID != m {
				err = &posta.Error{Code: posta.CodeNotFound}
			}
			if err != nil {
				return project.Person{}, err
			}
			return personOf(u), nil
		},
		Connection: func(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (project.Connected, error) {
			c, err := a.Store.MerchantConnection(ctx, m, id)
			return project.Connected{Provider: c.Provider, Mode: c.Mode}, err
		},
		Country: func(ctx context.Context, m posta.MerchantID) (string, error) {
			merchant, err := a.Store.Merchant(ctx, m)
			return merchant.Country, err
		},
	}
	if a.Mail != nil { // a nil *mail.Sender in the interface would not be nil
		s.Mail = a.Mail
	}
	return s
}

// team lists a merchant's people for the desk.
func (a *App) team(ctx context.Context, m posta.MerchantID) (out []project.Person, err error) {
	users, err := a.Accounts.Users(ctx, m)
	for _, u := range users {
		out = append(out, personOf(u))
	}
	return out, err
}

func personOf(u account.User) project.Person {
	return project.Person{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, Language: u.Language}
}
