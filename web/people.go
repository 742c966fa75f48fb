package web

import (
	"net/http"
	"slices"

	"posta"
	"posta/account"
	"posta/project"
)

// peopleRoutes registers the page of the merchant's people and their roles.
func (s *server) peopleRoutes(mux *http.ServeMux) {
	s.deed(mux, s.member, "/desk/people", s.peoplePage, s.addPerson)
	s.deed(mux, s.member, "/desk/people/{user}", s.peoplePage, s.setRole)
}

// shownPerson is one of the people with what the reader may do about the role.
type shownPerson struct {
	colleague
	Email string
	Self  bool
	May   bool // the reader may give another role
	Form  string
}

// shownRole explains a role.
type shownRole struct {
	Role   posta.Role
	Rights []project.Right
}

// peopleData is what the page of people shows.
type peopleData struct {
	Sent   sent
	People []shownPerson
	Roles  []shownRole
	Gives  []option // the roles that the reader may give
	Manage bool
	Nonce  string
}

func (s *server) peoplePage(v *visit, back sent) error {
	if err := v.actor().May(project.See, ""); err != nil {
		return err
	}
	team, err := v.team()
	if err != nil {
		return err
	}
	data := peopleData{Sent: back, Manage: v.may(project.Manage), Nonce: s.newNonce()}
	for _, u := range team.list {
		data.People = append(data.People, shownPerson{colleague: team.Of(u.ID), Email: u.Email, Self: u.ID == v.User.ID,
			May: v.mayGive(u.Role), Form: "people/" + string(u.ID)})
	}
	for _, role := range posta.Roles {
		data.Roles = append(data.Roles, shownRole{role, project.Rights[role]})
		if v.mayGive(role) {
			data.Gives = append(data.Gives, option{Value: string(role), Label: v.T("project.role." + string(role))})
		}
	}
	return v.renderAs(back.answered(), "people", data)
}

// mayGive reports whether the reader may give a role, and take it away: owners
// every one, managers all but owner's.
func (v *visit) mayGive(role posta.Role) bool {
	return v.may(project.Manage) && (v.User.Role == posta.Owner || role != posta.Owner)
}

func (s *server) addPerson(v *visit) (string, error) {
	id, err := idFromNonce[posta.UserID](v)
	if err != nil {
		return "", err
	}
	role := posta.Role(v.value("role"))
	if !slices.Contains(posta.Roles, role) {
		return "", posta.Invalid("role", "unknown")
	}
	if !v.mayGive(role) {
		return "", &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(project.Manage)}}
	}
	u, err := s.Accounts.CreateUser(v.ctx(), account.UserInput{ID: id, MerchantID: v.Merchant.ID, Email: v.value("email"), Name: v.value("name"),
		Password: v.r.PostFormValue("password"), Language: v.value("language"), Role: role})
	if err == nil {
		v.say("team.person.added", "name", u.Name)
	}
	return "/desk/people", err
}

func (s *server) setRole(v *visit) (string, error) {
	id, err := posta.ParseID[posta.UserID](v.r.PathValue("user"))
	if err != nil {
		return "", err
	}
	u, err := s.Accounts.SetRole(v.ctx(), v.Merchant.ID, v.User.ID, id, posta.Role(v.value("role")))
	if err == nil {
		v.say("team.role.changed", "name", u.Name, "role", v.T("project.role."+string(u.Role)))
	}
	return "/desk/people", err
}
