// Package seal keeps secrets unreadable at rest: AES-256-GCM under a Tink
// keyset that lives in a file or the environment, never in the database.
package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Box seals and unseals. It is safe for concurrent use.
type Box struct {
	aead    tink.AEAD
	marking []byte // key of Mark, made from the oldest key of the set
}

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
	marking, err := markingKey(text)
	if err != nil {
		return nil, err
	}
	return &Box{aead: a, marking: marking}, nil
}

// markingKey derives a key from the keyset's first key, the oldest: a newer one
// that is added does not change it.
func markingKey(text string) ([]byte, error) {
	var set struct {
		Key []struct {
			Data struct {
				Value []byte `json:"value"`
			} `json:"keyData"`
		} `json:"key"`
	}
	if err := json.Unmarshal([]byte(text), &set); err != nil || len(set.Key) == 0 || len(set.Key[0].Data.Value) == 0 {
		return nil, errors.New("seal: the keyset holds no key")
	}
	return hkdf.Key(sha256.New, set.Key[0].Data.Value, nil, "posta mark", sha256.Size)
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

// Mark gives 32 bytes that are the same for the same text and say nothing of it
// to whoever has no key: something as short as the number of a document cannot
// be found by trying all there are (HMAC-SHA256).
func (b *Box) Mark(text []byte) []byte {
	h := hmac.New(sha256.New, b.marking)
	h.Write(text)
	return h.Sum(nil)
}
