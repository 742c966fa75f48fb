package prisma

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"
)

// tokenLife is about an hour (docs/providers/prisma.md §3).
const tokenLife = 3599 * time.Second

// token is what OAuth gave.
type token struct {
	Text    string
	Account string // its public key
	Expires time.Time
}

func (t *token) key() (string, string) { return "token", t.Text }
func (t *token) index(st *state)       { st.tokens[t.Text] = t }

// getToken is GET /v1/oauth/accesstoken (docs/providers/prisma.md §3). Older
// tokens live on until their hour is over.
func getToken(c *call) reply {
	public, secret, ok := c.request.BasicAuth()
	a := c.sim.accounts[public]
	if !ok || a == nil || a.SecretKey != secret {
		return c.fail(http.StatusUnauthorized, "OAU-401", "CREDENTIAL NO EXIST")
	}
	grant := c.query("grant_type")
	if c.request.Method == http.MethodPost && grant == "" {
		f, err := parseForm(c.body)
		if err == nil {
			grant = f.text("grant_type")
		}
	}
	if grant != "client_credentials" {
		return c.fail(http.StatusBadRequest, "OAU-400", "grant_type inválido")
	}
	for _, old := range sorted(c.sim.tokens) {
		if !c.now.Before(old.Expires) {
			delete(c.sim.tokens, old.Text)
			c.sim.drop(old)
		}
	}
	t := &token{Text: rand.Text() + "." + rand.Text(), Account: a.PublicKey, Expires: c.now.Add(tokenLife)}
	c.sim.put(t)
	out := object{"token_type": "Bearer", "access_token": t.Text, "expires_in": "3599", "scope": "", "apiKey": a.PublicKey}
	if c.sim.switches.StringsAsNumbers {
		out["expires_in"] = 3599
	}
	return reply{status: http.StatusOK, body: out}
}

// postToken is the variant that one source tells of (§3).
func postToken(c *call) reply {
	if !c.sim.switches.OAuthPost {
		return c.fail(http.StatusNotFound, "APIM-404", "Recurso inexistente")
	}
	return getToken(c)
}

// bearer finds the account of the call's token.
func (c *call) bearer() *Account {
	text, ok := strings.CutPrefix(c.request.Header.Get("Authorization"), "Bearer ")
	t := c.sim.tokens[text]
	if !ok || t == nil || !c.now.Before(t.Expires) {
		return nil
	}
	return c.sim.accounts[t.Account]
}
