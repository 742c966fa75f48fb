package mercadopago

import (
	"net/http"
	"time"
)

// credential is what a public key opens.
type credential struct {
	user        int64
	application int64 // 0 is that of the account itself
	test        bool
}

// grant is a pair of keys besides the account's own: OAuth's, or those of one
// of its applications (docs/providers/mercadopago-online.md §1.1, §1.5).
type grant struct {
	Token         string
	PublicKey     string
	Refresh       string
	UserID        int64
	ApplicationID int64
	Scope         string
	Test          bool
	OAuth         bool      // of another's application: may take a fee
	Expires       time.Time // zero is never
	Revoked       bool
}

func (g *grant) key() (string, string) { return "grant", g.Token }

func (g *grant) index(st *state) {
	st.grants[g.Token] = g
	if g.PublicKey != "" {
		delete(st.publicKeys, g.PublicKey)
		if a := st.accounts[g.UserID]; a != nil && !g.Revoked {
			st.publicKeys[g.PublicKey] = credential{g.UserID, g.ApplicationID, g.Test}
		}
	}
}

// lives says whether the token opens anything.
func (g *grant) lives(now time.Time) bool {
	return g != nil && !g.Revoked && (g.Expires.IsZero() || now.Before(g.Expires))
}

// publicAnswer does a call that a browser made with a public key.
func (c *call) publicAnswer(key string) reply {
	k, ok := c.sim.publicKeys[key]
	if c.account = c.sim.accounts[k.user]; !ok || c.account == nil {
		return c.fail(http.StatusUnauthorized, "unauthorized", "invalid public_key")
	}
	if c.account.Blocked {
		return blocked()
	}
	c.byKey, c.keyTest, c.keyApplication = true, k.test, k.application
	return c.op.do(c)
}

// test says whether the call was made with test credentials.
func (c *call) test() bool {
	if c.byKey {
		return c.keyTest
	}
	if c.grant != nil {
		return c.grant.Test
	}
	return c.account.testKeys()
}
