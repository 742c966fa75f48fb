package mercadopago

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// VirtualTerminal is the one device that test credentials may charge on
// (docs/providers/mercadopago.md §5.6).
const VirtualTerminal = "NEWLAND_N950__SBX0000001"

// Operating modes of a terminal (§5.7).
const (
	modePDV        = "PDV"        // takes orders from the API
	modeStandalone = "STANDALONE" // charges what is typed on it
	modeUndefined  = "UNDEFINED"
)

// What stops a terminal's operator.
var (
	ErrTerminal = errors.New("sim/mercadopago: no such terminal")
	ErrPower    = errors.New("sim/mercadopago: the terminal is off")
	ErrMode     = errors.New("sim/mercadopago: the terminal does not run in PDV mode")
	ErrBusy     = errors.New("sim/mercadopago: the terminal is processing a payment")
)

// PointTerminal is a Point device of an account.
type PointTerminal struct {
	UserID int64 `json:"user_id"`
	// ID is MODEL__SERIAL, of NEWLAND_N950 or PAX_A910.
	ID string `json:"id"`
	// ExternalPOS is the seller's code of the POS that the device is signed in
	// to; the POS may be made later. "" is none.
	ExternalPOS string `json:"external_pos,omitempty"`
	// OperatingMode is PDV, STANDALONE or UNDEFINED; "" is PDV.
	OperatingMode string `json:"operating_mode,omitempty"`
	// OldFirmware makes a device that cannot be asked to let go of an order
	// that it shows (§5.3).
	OldFirmware bool `json:"old_firmware,omitempty"`
}

// terminal is a device with what the API does not tell of it.
type terminal struct {
	PointTerminal
	Running string // the mode it runs in: a new one needs a restart (§5.7)
	Off     bool
	Last    string // the order that the screen shows, or showed last; "" once its result was confirmed
}

func terminalKey(user int64, id string) string { return text(user) + "/" + id }

func (d *terminal) key() (string, string) { return "terminal", terminalKey(d.UserID, d.ID) }
func (d *terminal) index(st *state)       { st.terminals[terminalKey(d.UserID, d.ID)] = d }

// AddTerminal adds a device to its account, or changes the one of that id;
// either way it starts anew, in its operating mode.
func (s *Simulator) AddTerminal(p PointTerminal) error {
	model, serial, ok := strings.Cut(p.ID, "__")
	if !ok || serial == "" || (model != "NEWLAND_N950" && model != "PAX_A910") {
		return fmt.Errorf("sim/mercadopago: a terminal's id is NEWLAND_N950__SERIAL or PAX_A910__SERIAL, not %q", p.ID)
	}
	p.OperatingMode = cmp.Or(p.OperatingMode, modePDV)
	if !slices.Contains([]string{modePDV, modeStandalone, modeUndefined}, p.OperatingMode) {
		return fmt.Errorf("sim/mercadopago: there is no operating mode %q", p.OperatingMode)
	}
	missing := false
	err := s.do(func() {
		if missing = s.accounts[p.UserID] == nil; !missing {
			s.put(&terminal{PointTerminal: p, Running: p.OperatingMode})
		}
	})
	if missing {
		return fmt.Errorf("sim/mercadopago: there is no account %d", p.UserID)
	}
	return err
}

// terminal finds a device by its id, or by user id, slash and id where two
// accounts have one of that name (the virtual terminal).
func (s *Simulator) terminal(name string) (*terminal, error) {
	if user, id, ok := strings.Cut(name, "/"); ok {
		n, _ := strconv.ParseInt(user, 10, 64)
		if d := s.terminals[terminalKey(n, id)]; d != nil {
			return d, nil
		}
		return nil, ErrTerminal
	}
	var found *terminal
	for _, d := range s.terminals {
		if d.ID == name {
			if found != nil {
				return nil, fmt.Errorf("%w: several accounts have %q; write USER/%s", ErrTerminal, name, name)
			}
			found = d
		}
	}
	if found == nil {
		return nil, ErrTerminal
	}
	return found, nil
}

// waiting is the order that the terminal has, nil if none: at most one is open
// (§5.1).
func (s *Simulator) waiting(d *terminal) *order {
	for _, o := range s.openPoint {
		if o.isOpenPoint() && o.UserID == d.UserID && o.Point.Terminal == d.ID {
			return o
		}
	}
	return nil
}

// Terminal is a device as tests and the pages see it.
type Terminal struct {
	PointTerminal
	// Name finds it again: user id, slash and id.
	Name    string `json:"name"`
	Running string `json:"running"`
	On      bool   `json:"on"`
	Shop    string `json:"shop"`
	// Order is the open one, if any.
	Order *PointOrder `json:"order,omitempty"`
}

// Terminals lists every device of every account.
func (s *Simulator) Terminals() []Terminal {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Terminal{}
	for _, d := range sorted(s.terminals) {
		list = append(list, s.terminalView(d))
	}
	return list
}

func (s *Simulator) terminalView(d *terminal) Terminal {
	a := s.accounts[d.UserID]
	v := Terminal{PointTerminal: d.PointTerminal, Name: terminalKey(d.UserID, d.ID), Running: d.Running, On: !d.Off, Shop: cmp.Or(a.BusinessName, a.Nickname)}
	if o := s.waiting(d); o != nil {
		shown := s.pointOrder(o)
		v.Order = &shown
	}
	return v
}
