package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// seal puts the secret fields into the connection, readable for it alone.
func (s *Service) seal(c *Connection, secrets map[string]string) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	c.Sealed, err = s.Box.Seal(plain, string(c.ID))
	return err
}

func (s *Service) unseal(c Connection) (map[string]string, error) {
	secrets := map[string]string{}
	if len(c.Sealed) == 0 {
		return secrets, nil
	}
	plain, err := s.Box.Unseal(c.Sealed, string(c.ID))
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(plain, &secrets) != nil {
		return nil, fmt.Errorf("secrets of %s are not readable", c.ID) // json's words would quote them
	}
	return secrets, nil
}

// Secrets are the active keys that the connection's notices may be signed
// with: the words of its field webhook_secret, apart by commas or white space,
// while credentials are swapped also those of the earlier ones, and of a grant the
// key of Posta's own application.
// Errors: not_found.
func (s *Service) Secrets(ctx context.Context, id posta.ConnectionID) ([]provider.Secret, error) {
	o, err := s.load(ctx, id, openFor)
	if err != nil {
		return nil, err
	}
	if s.Clock.Now().Before(o.until) {
		return append(slices.Clone(o.secrets), o.previous...), nil
	}
	return o.secrets, nil
}

func splitSecrets(text string) (out []provider.Secret) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		sum := sha256.Sum256([]byte(word))
		out = append(out, provider.Secret{ID: hex.EncodeToString(sum[:4]), Value: word})
	}
	return out
}

// FieldView is a connection's field as a page may show it.
type FieldView struct {
	provider.Field
	Value string // what is stored; "" for a secret and where the default serves
	Set   bool   // something is stored
	Hint  string // of a secret that is set: "••••" and its end
}

// View shows a connection's fields, in the provider's order, without a secret.
func (s *Service) View(c Connection) ([]FieldView, error) {
	d, err := s.Provider(c.Provider)
	if err != nil {
		return nil, err
	}
	secrets, err := s.unseal(c)
	if err != nil {
		return nil, err
	}
	var out []FieldView
	for _, f := range d.Fields {
		f.Default = s.fallback(d, f)
		v := FieldView{Field: f}
		if f.Secret {
			v.Field.Default = ""
			v.Set = secrets[f.Name] != ""
			v.Hint = Hint(secrets[f.Name])
		} else {
			v.Value = c.Config[f.Name]
			v.Set = v.Value != ""
		}
		out = append(out, v)
	}
	return out, nil
}

// Hint tells secrets apart without telling them: "••••" and the last four
// characters of one that has at least 16; "" for none.
func Hint(secret string) string {
	switch {
	case secret == "":
		return ""
	case utf8.RuneCountInString(secret) < 16:
		return "••••"
	}
	runes := []rune(secret)
	return "••••" + string(runes[len(runes)-4:])
}
