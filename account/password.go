package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"posta"
)

// argon2id's cost (OWASP): about 60 ms and 19 MiB a password.
const (
	argonTime    = 2
	argonMemory  = 19 * 1024 // KiB
	argonThreads = 1
	saltLength   = 16
	hashLength   = 32

	minPassword = 10  // characters
	maxPassword = 256 // bytes
)

// hashing lets half the processors at most work on passwords, whoever asks:
// payments go on while somebody tries to get in.
var hashing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// hashWait is how long a log-in queues for its turn.
const hashWait = 5 * time.Second

// derive computes argon2id when its turn comes. Errors: unavailable with
// RetryAfter when too many are waiting.
func derive(ctx context.Context, password string, salt []byte, passes, memory uint32, threads uint8, length int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, &posta.Error{Code: posta.CodeUnavailable, RetryAfter: hashWait, Cause: context.Cause(ctx)}
	}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(length)), nil
}

// hashPassword gives the password's hash in PHC text form.
func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	key, err := derive(ctx, password, salt, argonTime, argonMemory, argonThreads, hashLength)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64(salt), b64(key)), nil
}

var errHashForm = errors.New("account: a password's hash is not argon2id in PHC form")

// verifyPassword compares in constant time.
func verifyPassword(ctx context.Context, password, phc string) (bool, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHashForm
	}
	var version int
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHashForm
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil ||
		memory > 1<<20 || passes == 0 || passes > 16 || threads == 0 {
		return false, errHashForm
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errHashForm
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false, errHashForm
	}
	got, err := derive(ctx, password, salt, passes, memory, threads, len(want))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// nobody is the hash that the password of an unknown user is compared with, so
// that the answer takes as long as for a known one.
var nobody = sync.OnceValue(func() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64(make([]byte, saltLength)), b64(make([]byte, hashLength)))
})

func checkPassword(p *posta.Problems, field, password string) {
	p.Add(password == "", field, "required")
	p.Add(password != "" && utf8.RuneCountInString(password) < minPassword, field, "too_short")
	p.Add(len(password) > maxPassword, field, "too_long")
}
