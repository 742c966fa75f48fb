package mercadopago_test

import (
	"fmt"
	"testing"

	"posta/sim/mercadopago"
)

// customer makes one and returns its path.
func (b *stand) customer(email string) string {
	b.Helper()
	a := b.want(b.call("POST", "/v1/customers", `{"email":"`+email+`","first_name":"Ana","identification":{"type":"DNI","number":"12345678"}}`), 201)
	return "/v1/customers/" + fmt.Sprint(at(a.object, "id"))
}

func TestMPONL60_Customers(t *testing.T) {
	b := newStand(t)
	path := b.customer("ana@example.com")
	b.wantError(b.call("POST", "/v1/customers", `{"email":"ANA@example.com"}`), 400, "101")
	b.wantError(b.call("POST", "/v1/customers", `{"email":"ana"}`), 400, "106")
	b.wantError(b.call("POST", "/v1/customers", `{"email":"b@example.com","identification":{"type":"DNI","number":"1"}}`), 400, "2067")
	b.equal(b.want(b.call("GET", path, ""), 200), "Ana", "first_name")
	b.equal(b.want(b.call("PUT", path, `{"last_name":"Souza"}`), 200), "Souza", "last_name")
	b.wantError(b.call("PUT", path, `{"email":"other@example.com"}`), 400, "1")
	b.wantError(b.call("PUT", path, `{"default_card":"1"}`), 400, "1")
	b.customer("eva@example.com")
	a := b.want(b.call("GET", "/v1/customers/search?email=ana@example.com", ""), 200)
	b.equal(a, "1", "paging", "total")
	b.equal(a, "Souza", "results", 0, "last_name")
	b.account(mercadopago.Account{UserID: 5, AccessToken: "other"})
	b.wantError(b.call("GET", path, "", "Authorization", "Bearer other"), 404, "2002")
	b.want(b.call("DELETE", path, ""), 200)
	b.wantError(b.call("GET", path, ""), 404, "2002")
}

func TestMPONL61_CardsOfACustomer(t *testing.T) {
	b := newStand(t)
	path := b.customer("ana@example.com")
	b.wantError(b.call("POST", path+"/cards", `{}`), 400, "2006")
	body := `{"token":"` + b.token(mercadopago.CardForm{}) + `"}`
	card := b.want(b.call("POST", path+"/cards", body), 201)
	b.equal(card, "visa", "payment_method", "id")
	b.equal(card, "3704", "last_four_digits")
	b.wantError(b.call("POST", path+"/cards", body), 400, "3003") // the token is used up
	one := path + "/cards/" + fmt.Sprint(at(card.object, "id"))
	b.equal(b.call("GET", path, ""), fmt.Sprint(at(card.object, "id")), "default_card")
	b.equal(b.want(b.call("GET", path+"/cards", ""), 200), "450995", 0, "first_six_digits")
	b.equal(b.want(b.call("PUT", one, `{"expiration_year":2033}`), 200), "2033", "expiration_year")
	b.wantError(b.call("PUT", one, `{"expiration_month":13}`), 400, "1")
	b.equal(b.want(b.call("GET", one, ""), 200), "2033", "expiration_year")
	b.want(b.call("DELETE", one, ""), 200)
	b.wantError(b.call("GET", one, ""), 404, "2010")
	b.equal(b.call("GET", path, ""), "<nil>", "default_card")
}

func TestMPONL62_AKeptCardPays(t *testing.T) {
	b := newStand(t)
	path := b.customer("ana@example.com")
	card := b.want(b.call("POST", path+"/cards", `{"token":"`+b.token(mercadopago.CardForm{Holder: "APRO"})+`"}`), 201)
	id := fmt.Sprint(at(card.object, "id"))
	b.wantError(b.call("POST", "/v1/card_tokens", `{"card_id":"`+id+`","security_code":"1234"}`), 400, "E302")
	b.selling("MLA")
	token := b.want(b.anonymous("POST", "/v1/card_tokens?public_key="+publicKey, `{"card_id":"`+id+`","security_code":"123"}`), 201)
	b.equal(token, id, "card_id")
	customer := path[len("/v1/customers/"):]
	a := b.want(b.charge(b.cardBody("APRO", "token", `"`+fmt.Sprint(at(token.object, "id"))+`"`, "payer", `{"type":"customer","id":"`+customer+`"}`)), 201)
	b.equal(a, "approved", "status")
	b.equal(a, id, "card", "id")
	b.equal(a, "ana@example.com", "payer", "email")
	b.wantError(b.charge(b.cardBody("APRO", "payer", `{"type":"customer","id":"1-nobody"}`)), 400, "2002")
}
