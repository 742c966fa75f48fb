// Package seal keeps secrets unreadable at rest: AES-256-GCM under a Tink
// keyset that lives in a file or the environment, never in the database.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Box seals and unseals. It is safe for concurrent use.
type Box struct{ aead tink.AEAD }

// Open makes a Box from the keyset's JSON text, as NewKey writes it. A keyset
// may hold older keys: what they sealed can still be unsealed. The error never
// holds the text.
func Open(keyText string) (*Box, error) {
	text := strings.TrimSpace(keyText)
	if text == "" {
		return nil, errors.New("seal: the key is empty")
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(text)))
	if err != nil {
		// Tink's own words may quote what it read.
		return nil, errors.New("seal: the key is not a Tink keyset in JSON")
	}
	a, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("seal: the keyset is not for AEAD")
	}
	return &Box{aead: a}, nil
}

// NewKey makes a keyset with one fresh AES-256-GCM key, as JSON text. Whoever
// has it can unseal everything.
func NewKey() string {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		panic(fmt.Sprintf("seal: making a key: %v", err)) // no randomness: nothing can go on
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		panic(fmt.Sprintf("seal: writing a key: %v", err)) // a buffer does not fail
	}
	return text.String()
}

// Seal encrypts plain and ties it to bind, the id of the row it is kept in:
// moved to another row it does not unseal. bind must not be empty.
func (b *Box) Seal(plain []byte, bind string) ([]byte, error) {
	if bind == "" {
		return nil, errors.New("seal: nothing to bind to")
	}
	sealed, err := b.aead.Encrypt(plain, []byte(bind))
	if err != nil {
		return nil, errors.New("seal: sealing failed")
	}
	return sealed, nil
}

// Unseal undoes Seal. It fails for another key, another bind, and if a byte
// was changed.
func (b *Box) Unseal(sealed []byte, bind string) ([]byte, error) {
	if bind == "" {
		return nil, errors.New("seal: nothing to bind to")
	}
	plain, err := b.aead.Decrypt(sealed, []byte(bind))
	if err != nil {
		return nil, fmt.Errorf("seal: %s does not unseal: another key, another row, or changed", bind)
	}
	return plain, nil
}
