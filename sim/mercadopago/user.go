package mercadopago

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

// getUser is GET /users/me (docs/providers/mercadopago.md §1,
// docs/providers/mercadopago-online.md §1.3).
func getUser(c *call) reply {
	a, t := c.account, c.account.site()
	tags := []string{"normal", "messages_as_seller"}
	if a.Test {
		tags = []string{"normal", "test_user", "messages_as_seller"}
	}
	document := TestDocuments[a.Site]
	return reply{status: http.StatusOK, body: object{
		"id": a.UserID, "nickname": a.Nickname, "registration_date": classicTime(a.Created), "first_name": "Test", "last_name": "Test",
		"gender": "", "country_id": t.Country, "email": a.email(), "identification": object{"type": orNull(document[0]), "number": orNull(document[1])},
		"address": object{"address": "Calle 1 100", "city": "Palermo", "state": t.Country + "-C", "zip_code": "1425"},
		"phone":   object{"area_code": "11", "number": "5555-0000", "extension": "", "verified": true}, "alternative_phone": object{"area_code": "", "number": "", "extension": ""},
		"user_type": "normal", "tags": tags, "logo": orNull(a.LogoURL), "points": 0, "site_id": t.ID, "permalink": "http://perfil.mercadolibre.com/" + a.Nickname,
		"seller_experience": "NEWBIE", "secure_email": nil, "company": object{"brand_name": a.BusinessName, "city_tax_id": "", "corporate_name": a.BusinessName,
			"identification": a.TaxID, "state_tax_id": "", "cust_type_id": "BU", "soft_descriptor": plain(a.BusinessName, 13)},
		"status": object{"site_status": "active", "list": object{"allow": true, "codes": []string{}}, "buy": object{"allow": true, "codes": []string{}},
			"sell": object{"allow": true, "codes": []string{}}, "billing": object{"allow": true, "codes": []string{}}, "confirmed_email": true,
			"mercadopago_account_type": "personal", "mercadopago_tc_accepted": true, "required_action": nil},
	}}
}

// createTestUser is POST /users/test, /users/test_user: an account for tests
// (§1.4). What can be made is limited, and cannot be deleted.
func createTestUser(c *call) reply {
	if c.sim.switches.TestUsersClosed {
		return blocked()
	}
	if c.account.Test || c.test() {
		return c.fail(http.StatusForbidden, "forbidden", "Test users cannot create test users")
	}
	f, err := parseObject(c.body)
	site := f.loose("site_id")
	if _, ok := sites[site]; err != nil || !ok {
		return c.cause(http.StatusBadRequest, 1, "Invalid site_id")
	}
	made := 0
	for _, a := range c.sim.accounts {
		if a.TestOf == c.account.UserID {
			made++
		}
	}
	if made >= mostTestUsers {
		return c.cause(http.StatusBadRequest, 1, "The limit of test users was reached")
	}
	id := int64(0)
	for id == 0 || c.sim.accounts[id] != nil {
		id = 1_000_000_000 + rand.Int64N(900_000_000)
	}
	a := &Account{UserID: id, Site: site, Test: true, TestOf: c.account.UserID, Nickname: fmt.Sprintf("TESTUSER%d", id), Password: "qatest" + randomText(2), Description: f.loose("description"),
		Created: c.now, ApplicationID: 5_000_000_000_000_000 + id, WebhookSecret: randomText(32), FeedKey: randomText(32), TaxID: "30500010912", PublicKey: "APP_USR-" + newUUID()}
	a.AccessToken = fmt.Sprintf("APP_USR-%d-%s-%s-%d", a.ApplicationID, c.now.Format("010215"), randomText(16), id)
	c.sim.put(a)
	return reply{status: http.StatusCreated, body: a.testView()}
}

const mostTestUsers = 15

func (a *Account) testView() object {
	return object{"id": a.UserID, "nickname": a.Nickname, "password": a.Password, "site_status": "active", "site_id": a.Site, "description": a.Description,
		"email": a.email(), "date_created": classicTime(a.Created), "date_last_updated": classicTime(a.Created)}
}

// searchTestUsers is GET /test_user/search: those that the account made.
func searchTestUsers(c *call) reply {
	list := []object{}
	for _, a := range sorted(c.sim.accounts) {
		if a.TestOf == c.account.UserID {
			list = append(list, a.testView())
		}
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(list), "limit": 30, "offset": 0}, "results": list}}
}

// checkCredentials is what the official shop plugins ask before they accept
// keys (§1.2).
func checkCredentials(c *call) reply {
	client := cmp.Or(c.keyApplication, c.account.ApplicationID)
	if c.grant != nil {
		client = c.grant.ApplicationID
	}
	return reply{status: http.StatusOK, body: object{"client_id": text(client), "homologated": !c.test(), "is_test": c.test(), "is_test_user": c.account.Test, "site_id": c.account.Site}}
}

// getApplication is GET /applications/{id}, of an own one.
func getApplication(c *call) reply {
	id, _ := strconv.ParseInt(c.path("id"), 10, 64)
	p := c.sim.application(c.account.UserID, id)
	if p == nil {
		return c.fail(http.StatusNotFound, "not_found", "Application not found")
	}
	return reply{status: http.StatusOK, body: object{"id": p.ID, "name": p.Name, "short_name": strings.ToLower(cmp.Or(strings.ReplaceAll(p.Name, " ", ""), "app")), "site_id": c.account.Site,
		"owner_id": p.UserID, "active": true, "callback_urls": p.RedirectURIs, "scopes": []string{"read", "write", "offline_access"}}}
}
