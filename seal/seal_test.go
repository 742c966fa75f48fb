package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"posta/seal"
)

func open(t *testing.T, key string) *seal.Box {
	t.Helper()
	box, err := seal.Open(key)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestSealAndUnseal(t *testing.T) {
	key := seal.NewKey()
	box := open(t, key)
	plain := []byte("APP_USR-secret")
	sealed, err := box.Seal(plain, "con_1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Error("the sealed form holds the secret")
	}
	if again, _ := box.Seal(plain, "con_1"); bytes.Equal(again, sealed) {
		t.Error("sealing twice gives the same bytes: no nonce")
	}
	for _, b := range []*seal.Box{box, open(t, key)} {
		if got, err := b.Unseal(sealed, "con_1"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Unseal = %q, %v", got, err)
		}
	}
}

// Turns red when Seal passes nil as the additional data.
func TestUnsealRefuses(t *testing.T) {
	box := open(t, seal.NewKey())
	sealed, err := box.Seal([]byte("secret"), "con_1")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, try := range map[string]struct {
		box    *seal.Box
		sealed []byte
		bind   string
	}{
		"another row": {box, sealed, "con_2"},
		"no row":      {box, sealed, ""},
		"changed":     {box, changed, "con_1"},
		"cut":         {box, sealed[:7], "con_1"},
		"nothing":     {box, nil, "con_1"},
		"another key": {open(t, seal.NewKey()), sealed, "con_1"},
	} {
		if got, err := try.box.Unseal(try.sealed, try.bind); err == nil {
			t.Errorf("%s: unsealed %q", name, got)
		}
	}
	if _, err := box.Seal([]byte("x"), ""); err == nil {
		t.Error("sealed without a row")
	}
}

// A key that is added to the set does not change marks, and another set does.
func TestMark(t *testing.T) {
	first := seal.NewKey()
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(first)))
	if err != nil {
		t.Fatal(err)
	}
	manager := keyset.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = manager.SetPrimary(id)
	}
	if err != nil {
		t.Fatal(err)
	}
	if handle, err = manager.Handle(); err != nil {
		t.Fatal(err)
	}
	var rotated bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&rotated)); err != nil {
		t.Fatal(err)
	}
	mark := func(key, text string) string { return string(open(t, key).Mark([]byte(text))) }
	if mark(first, "12345678") != mark(rotated.String(), "12345678") || mark(first, "12345678") == mark(first, "12345679") ||
		mark(first, "12345678") == mark(seal.NewKey(), "12345678") {
		t.Error("marks depend on more or less than the oldest key and the text")
	}
}

// P40: a key that cannot be read is not quoted.
func TestP40_ErrorsDoNotHoldTheKey(t *testing.T) {
	key := seal.NewKey()
	for _, text := range []string{"", "   ", "CANARY-7f3a", "{\"CANARY-7f3a\":1}", key[:len(key)/2], strings.Replace(key, "AesGcmKey", "CANARY-7f3a", 1)} {
		_, err := seal.Open(text)
		if err == nil {
			t.Errorf("opened %q", text)
		} else if strings.Contains(err.Error(), "CANARY") || (len(text) > 40 && strings.Contains(err.Error(), text[20:40])) {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	boxes := make([]*seal.Box, 8)
	var wg sync.WaitGroup
	for i := range boxes {
		wg.Go(func() {
			box, err := seal.FromFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			boxes[i] = box
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	sealed, err := boxes[0].Seal([]byte("x"), "row")
	if err != nil {
		t.Fatal(err)
	}
	for _, box := range boxes {
		if _, err := box.Unseal(sealed, "row"); err != nil {
			t.Errorf("those who start together have different keys: %v", err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left beside the key: %v", left)
	}
	if _, err := seal.FromFile(filepath.Join(path, "none", "seal.key")); err == nil {
		t.Error("made a key where there is no folder")
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.FromFile(path); err == nil {
		t.Error("opened a broken key")
	}
}
