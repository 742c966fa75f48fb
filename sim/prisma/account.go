package prisma

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// The environments of an account, which decide its subnet_acquirer_id
// (docs/providers/prisma.md §4). Sandbox is a mock with fixed data (§14); the
// other two have the full life cycle.
const (
	Sandbox      = "sandbox"
	Homologation = "homologation"
	Production   = "production"
)

var subnets = map[string]string{Sandbox: "1", Homologation: "9", Production: "2"}

// Account is a project's pair of keys in one environment, for one merchant.
type Account struct {
	PublicKey   string     `json:"public_key"`
	SecretKey   string     `json:"secret_key"`
	CUIT        string     `json:"cuit"` // with dashes
	Name        string     `json:"name"`
	Environment string     `json:"environment"` // homologation unless told
	Terminals   []Terminal `json:"terminals"`   // those of a sandbox account are ignored
}

// Terminal is a device of the merchant.
type Terminal struct {
	ID     string `json:"id"` // 8 digits, one owner in the whole simulator
	Name   string `json:"name,omitempty"`
	Serial string `json:"serial,omitempty"`
	Model  string `json:"model,omitempty"`
	// AutoClose is the hour in Argentine time, "23:30", at which the device
	// closes a batch with movements by itself; "" is never.
	AutoClose string `json:"auto_close,omitempty"`
}

func (a *Account) key() (string, string) { return "account", a.PublicKey }
func (a *Account) index(st *state)       { st.accounts[a.PublicKey] = a }

// merchantID is a number for the answers, made from the CUIT.
func (a *Account) merchantID() string { return strings.Split(a.CUIT, "-")[1] }

var (
	dashedCUIT = regexp.MustCompile(`^[0-9]{2}-[0-9]{8}-[0-9]$`)
	bareCUIT   = regexp.MustCompile(`^[0-9]{11}$`)
	terminalID = regexp.MustCompile(`^[0-9]{8}$`)
)

func dashed(cuit string) string {
	if bareCUIT.MatchString(cuit) {
		return cuit[:2] + "-" + cuit[2:10] + "-" + cuit[10:]
	}
	return cuit
}

// AddAccount adds an account, or changes the one of that public key. Terminals
// that it no longer names stay.
func (s *Simulator) AddAccount(a Account) error {
	a.CUIT, a.Environment, a.Name = dashed(a.CUIT), cmp.Or(a.Environment, Homologation), cmp.Or(a.Name, "COMERCIO DEMO")
	switch {
	case a.PublicKey == "" || a.SecretKey == "" || strings.Contains(a.PublicKey, ":"):
		return errors.New("sim/prisma: an account needs a public and a secret key")
	case !dashedCUIT.MatchString(a.CUIT):
		return fmt.Errorf("sim/prisma: %q is no CUIT", a.CUIT)
	case subnets[a.Environment] == "":
		return fmt.Errorf("sim/prisma: there is no environment %q", a.Environment)
	}
	for _, t := range a.Terminals {
		if !terminalID.MatchString(t.ID) {
			return fmt.Errorf("sim/prisma: a terminal's number is 8 digits, not %q", t.ID)
		}
		if _, err := time.Parse("15:04", cmp.Or(t.AutoClose, "00:00")); err != nil {
			return fmt.Errorf("sim/prisma: %q is no hour", t.AutoClose)
		}
	}
	var clash error
	err := s.do(func() {
		for _, t := range a.Terminals {
			if d := s.devices[t.ID]; d != nil && d.Account != a.PublicKey {
				clash = fmt.Errorf("sim/prisma: terminal %s belongs to another account", t.ID)
				return
			}
		}
		s.put(&a)
		if a.Environment == Sandbox {
			return
		}
		for n, t := range a.Terminals {
			t.Name = cmp.Or(t.Name, fmt.Sprintf("Terminal %d", n+1))
			t.Serial, t.Model = cmp.Or(t.Serial, "SN"+t.ID), cmp.Or(t.Model, "N910")
			d := s.devices[t.ID]
			if d == nil {
				d = &device{Account: a.PublicKey, Batch: 1}
			}
			d.Terminal = t
			d.NextClose = t.closing(s.clock.Now())
			s.put(d)
		}
	})
	return errors.Join(clash, err)
}

// closing is the next automatic close after now; zero when there is none.
func (t Terminal) closing(now time.Time) time.Time {
	hour, err := time.Parse("15:04", t.AutoClose)
	if err != nil {
		return time.Time{}
	}
	local := now.In(buenosAires)
	next := time.Date(local.Year(), local.Month(), local.Day(), hour.Hour(), hour.Minute(), 0, 0, buenosAires)
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	return next.UTC()
}

// Accounts lists the accounts with their secrets masked.
func (s *Simulator) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Account{}
	for _, a := range sorted(s.accounts) {
		v := *a
		v.SecretKey = "•••"
		list = append(list, v)
	}
	return list
}
