package mercadopago

import "net/http"

// family is a generation of the API: it decides how errors look
// (docs/providers/mercadopago.md §1.1).
type family int

const (
	classic        family = iota // {message, error, status, cause}
	legacyQR                     // classic too, with its own refusal of a token
	merchantOrders               // classic too, with its own refusal of a token
	unified                      // {errors: [{code, message}]}
	public                       // classic, and a public key opens it as well
	open                         // classic, and the call itself says who calls
	upload                       // classic, and the body is a form with files
)

// fail answers an error in the envelope of the call's family.
func (c *call) fail(status int, code, message string, details ...string) reply {
	if c.op.family == unified {
		e := object{"code": code, "message": message}
		if len(details) > 0 {
			e["details"] = details
		}
		return reply{status: status, body: object{"errors": []object{e}}, code: code}
	}
	return reply{status: status, body: object{"message": message, "error": code, "status": status, "cause": []any{}}, code: code}
}

// cause answers a classic error that carries a number, as the payments API does.
func (c *call) cause(status, number int, message string) reply {
	code := map[int]string{400: "bad_request", 404: "not_found", 409: "conflict"}[status]
	return reply{status: status, code: text(int64(number)), body: object{"message": message, "error": code, "status": status,
		"cause": []object{{"code": number, "description": message, "data": nil}}}}
}

// unauthorized answers a token that is missing, malformed or unknown.
func (c *call) unauthorized(known bool) reply {
	message := "authorization value not present"
	if known {
		message = "user not found"
	}
	switch c.op.family {
	case unified:
		return reply{status: http.StatusUnauthorized, code: "unauthorized", body: object{"code": "unauthorized", "message": message}}
	case merchantOrders:
		return c.fail(http.StatusUnauthorized, "invalid_token", "access denied.")
	case legacyQR:
		if c.sim.switches.LegacyAuth401 {
			return c.fail(http.StatusUnauthorized, "invalid_access_token", "Access denied.")
		}
		return c.fail(http.StatusBadRequest, "invalid_access_token", "Access denied.")
	}
	return c.fail(http.StatusUnauthorized, "unauthorized", "invalid access token")
}

// forbidden answers a path whose account is not the token's.
func (c *call) forbidden() reply {
	return c.fail(http.StatusForbidden, "forbidden", "Forbidden: the user_id is not the one of the access token.")
}

// blocked is the gateway's refusal of an account.
func blocked() reply {
	return reply{status: http.StatusForbidden, code: "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", body: object{
		"message": "At least one policy returned UNAUTHORIZED.", "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "status": 403, "blocked_by": "PolicyAgent"}}
}
