package account

import (
	"context"
	"net/mail"
	"slices"
	"strings"

	"posta"
)

// UserInput asks for a user.
type UserInput struct {
	ID         posta.UserID // "" makes one up; given, it makes a repeat find the first
	MerchantID posta.MerchantID
	Email      string     // any case
	Name       string     // ≤ 100 characters
	Password   string     // 10 characters to 256 bytes
	Language   string     // "es", "pt", "en"; "" follows the browser
	Role       posta.Role // "" is owner
}

// check cleans the input and tells what is wrong with it.
func (in *UserInput) check() error {
	var p posta.Problems
	in.Email, in.Name = normalEmail(in.Email), strings.TrimSpace(in.Name)
	parsed, err := mail.ParseAddress(in.Email)
	p.Add(in.Email == "", "email", "required")
	p.Add(in.Email != "" && (err != nil || parsed.Address != in.Email || !printable(in.Email)), "email", "malformed")
	p.Add(len(in.Email) > 254, "email", "too_long")
	checkText(&p, "name", in.Name, maxName)
	checkPassword(&p, "password", in.Password)
	p.Add(!knownLanguage(in.Language), "language", "unknown")
	if in.Role == "" {
		in.Role = posta.Owner
	}
	p.Add(!slices.Contains(posta.Roles, in.Role), "role", "unknown")
	return p.Err()
}

// CheckUser tells what CreateUser would find wrong with an input, and makes
// nothing: for who makes other things first. Errors: as CreateUser's.
func (s *Service) CheckUser(ctx context.Context, in UserInput) error {
	if err := in.check(); err != nil {
		return err
	}
	_, err := s.Store.UserByEmail(ctx, in.Email)
	switch posta.ErrorCode(err) {
	case posta.CodeNotFound:
		return nil
	case "":
		return posta.Invalid("email", "taken")
	}
	return err
}

// CreateUser makes a person who can log in; with an ID that is there already it
// gives that one. Errors: invalid with fields email (required, malformed,
// too_long, taken), name, password (required, too_short, too_long), language, role.
func (s *Service) CreateUser(ctx context.Context, in UserInput) (User, error) {
	if err := in.check(); err != nil {
		return User{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.UserID](now)
	}
	phc, err := hashPassword(ctx, in.Password)
	if err != nil {
		return User{}, err
	}
	u := User{ID: in.ID, MerchantID: in.MerchantID, Email: in.Email, Name: in.Name, Password: phc, Language: in.Language, Role: in.Role, CreatedAt: now}
	err = s.Store.InsertUser(ctx, u)
	if posta.ErrorCode(err) == posta.CodeConflict {
		there, found := s.Store.User(ctx, in.ID)
		if found == nil && there.MerchantID == in.MerchantID && there.Email == in.Email {
			return there, nil
		}
		return User{}, posta.Invalid("email", "taken")
	}
	return u, err
}

func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func knownLanguage(language string) bool {
	switch language {
	case "", "es", "pt", "en":
		return true
	}
	return false
}

// LogIn lets a person in. Attempts that fail are limited for each e-mail and
// each remote address (host, or host:port), in this process. Errors:
// unauthorized, the same for an unknown e-mail and a wrong password and after
// the same time; rate_limited with RetryAfter; unavailable with RetryAfter when
// too many log in at once.
func (s *Service) LogIn(ctx context.Context, email, password, remoteAddr string) (User, error) {
	email = normalEmail(email)
	undo, err := s.limits.take(s.Clock.Now(), email, remoteAddr)
	if err != nil {
		return User{}, err
	}
	refused := &posta.Error{Code: posta.CodeUnauthorized}
	u, err := s.Store.UserByEmail(ctx, email)
	known := err == nil
	if !known {
		if posta.ErrorCode(err) != posta.CodeNotFound {
			return User{}, err
		}
		u.Password = nobody()
	}
	if len(password) > maxPassword {
		return User{}, refused
	}
	ok, err := verifyPassword(ctx, password, u.Password)
	if err != nil {
		return User{}, err
	}
	if !ok || !known {
		return User{}, refused
	}
	undo()
	return u, nil
}

// ChangePassword takes the old password for a new one. Errors: not_found;
// invalid with fields current_password (wrong), password; rate_limited as LogIn.
// Sessions made before do not end by themselves: compare Stamp.
func (s *Service) ChangePassword(ctx context.Context, id posta.UserID, current, password string) (User, error) {
	u, err := s.Store.User(ctx, id)
	if err != nil {
		return User{}, err
	}
	var p posta.Problems
	checkPassword(&p, "password", password)
	if err := p.Err(); err != nil {
		return User{}, err
	}
	undo, err := s.limits.take(s.Clock.Now(), u.Email, "")
	if err != nil {
		return User{}, err
	}
	ok := len(current) <= maxPassword
	if ok {
		ok, err = verifyPassword(ctx, current, u.Password)
	}
	if err != nil {
		return User{}, err
	}
	if !ok {
		return User{}, posta.Invalid("current_password", "wrong")
	}
	undo()
	return s.setPassword(ctx, u, password)
}

// SetPassword gives a user a new password without asking for the old one: for
// the operator. Errors: not_found, invalid with field password.
func (s *Service) SetPassword(ctx context.Context, id posta.UserID, password string) (User, error) {
	u, err := s.Store.User(ctx, id)
	if err != nil {
		return User{}, err
	}
	var p posta.Problems
	checkPassword(&p, "password", password)
	if err := p.Err(); err != nil {
		return User{}, err
	}
	return s.setPassword(ctx, u, password)
}

func (s *Service) setPassword(ctx context.Context, u User, password string) (User, error) {
	phc, err := hashPassword(ctx, password)
	if err != nil {
		return User{}, err
	}
	u.Password = phc
	return u, s.Store.UpdateUser(ctx, u)
}

// SetLanguage chooses the language of the user's pages; "" follows the browser.
// Errors: not_found, invalid with field language.
func (s *Service) SetLanguage(ctx context.Context, id posta.UserID, language string) (User, error) {
	if !knownLanguage(language) {
		return User{}, posta.Invalid("language", "unknown")
	}
	u, err := s.Store.User(ctx, id)
	if err != nil {
		return User{}, err
	}
	u.Language = language
	return u, s.Store.UpdateUser(ctx, u)
}

// Stamp changes with the password. A session that keeps the stamp of its log-in
// ends with the password, when it is compared on each request.
func (u User) Stamp() string { return hash(u.Password)[:16] }
