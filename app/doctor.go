package app

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"posta"
	"posta/account"
	"posta/provider/all"
	"posta/seal"
	"posta/store"
)

// Level is how bad a finding of the doctor is.
type Level string

// The levels.
const (
	LevelOK   Level = "ok"
	LevelWarn Level = "warn" // works, and should be looked at
	LevelFail Level = "fail" // does not work
)

// Diagnosis is what posta doctor found out about a hub and its machine.
type Diagnosis struct {
	At       time.Time `json:"at"`
	Version  string    `json:"version"`
	Running  bool      `json:"running"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing that was looked at. Words is the key of what to say and
// do about it, which Params fill; its title is under doctor.CHECK.
type Finding struct {
	Check   string            `json:"check"`
	Subject string            `json:"subject,omitempty"` // a connection's id, a folder
	Level   Level             `json:"level"`
	Words   string            `json:"words"`
	Params  map[string]string `json:"params,omitempty"`
	Detail  string            `json:"detail,omitempty"` // as the machine said it
}

// Failed tells whether anything does not work.
func (d Diagnosis) Failed() bool {
	for _, f := range d.Findings {
		if f.Level == LevelFail {
			return true
		}
	}
	return false
}

// doctor looks at one hub, running or not.
type doctor struct {
	config   Config
	db       *store.DB // nil where it cannot be opened
	box      *seal.Box // nil where there is no key
	defaults map[string]map[string]string
	running  bool
	demo     bool   // and its simulators, the only ones to be asked, do not run
	url      string // the public address, "" where nobody said
	roots    *x509.CertPool

	mu    sync.Mutex
	found []Finding
	skews []skew
}

// doctorLimit is how long a whole diagnosis may take.
const doctorLimit = 90 * time.Second

// report notes a finding; outcome names its words, pairs fill them.
func (d *doctor) report(check, subject string, level Level, outcome string, err error, pairs ...string) {
	f := Finding{Check: check, Subject: subject, Level: level, Words: "doctor." + check + "." + outcome}
	for i := 0; i+1 < len(pairs); i += 2 {
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		f.Params[pairs[i]] = pairs[i+1]
	}
	if err != nil {
		f.Detail = err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.found = append(d.found, f)
}

// look does everything.
func (d *doctor) look(ctx context.Context) Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, doctorLimit)
	defer cancel()
	out := Diagnosis{At: posta.SystemClock{}.Now().UTC(), Version: Version, Running: d.running}
	if d.running {
		d.report("hub", "", LevelOK, "running", nil, "version", Version)
	} else {
		d.report("hub", "", LevelWarn, "stopped", nil)
	}
	d.disk()
	d.zones(ctx)
	if d.db != nil {
		d.database(ctx)
		d.work(ctx)
	}
	if d.db != nil && d.schemaFits(ctx) {
		d.seal(ctx)
		switch {
		case d.demo:
			d.report("connection", "", LevelOK, "demo", nil)
		case d.box != nil:
			d.connections(ctx)
		}
	}
	d.public(ctx)
	d.mail(ctx)
	if !d.demo {
		d.clock()
	}
	out.Findings = d.found
	return out
}

// Diagnose looks at this hub and its machine.
func (a *App) Diagnose(ctx context.Context) Diagnosis {
	d := a.doctor()
	return d.look(ctx)
}

func (a *App) doctor() *doctor {
	return &doctor{config: a.config, db: a.Store, box: a.Accounts.Box, defaults: a.Accounts.Defaults, running: true, url: a.URL(), roots: a.roots}
}

// Diagnose looks at a hub that does not run, and changes nothing. It writes a support bundle to bundle, if that
// is not nil. Errors: conflict when a hub runs.
func Diagnose(ctx context.Context, config Config, bundle io.Writer) (Diagnosis, error) {
	var out Diagnosis
	err := examine(ctx, config, func(d *doctor) error {
		out = d.look(ctx)
		if bundle == nil {
			return nil
		}
		copied := out
		copied.Findings = slices.Clone(out.Findings)
		return d.bundle(ctx, bundle, copied, nil, nil)
	})
	return out, err
}

// examine opens what there is of a hub that does not run, and has use work on it.
func examine(ctx context.Context, config Config, use func(*doctor) error) (err error) {
	config = config.withDefaults()
	config.Log = slog.New(slog.DiscardHandler) // what is wrong is in the report
	d := &doctor{config: config, url: config.PublicURL, defaults: config.defaults()}
	if _, err := ReadSeed(config.Data); err == nil {
		d.demo = config.MercadoPagoURL == "" && config.PrismaURL == ""
	}
	if _, err := os.Stat(config.Data); err != nil {
		d.report("data", config.Data, LevelFail, "missing", err)
		return use(d)
	}
	if file := config.sqlite(); file != "" {
		if _, err := os.Stat(file); err != nil {
			d.report("database", "", LevelFail, "missing", err)
			return use(d)
		}
	}
	held, err := hold(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	if d.db, err = store.Open(ctx, config.Database, config.Clock); err != nil {
		d.db = nil
		outcome := "closed"
		if config.sqlite() != "" {
			outcome = "unreadable"
		}
		d.report("database", "", LevelFail, outcome, err)
		return use(d)
	}
	defer func() { err = errors.Join(err, d.db.Close()) }()
	if config.SealKey == "" {
		if _, err := os.Stat(filepath.Join(config.Data, "seal.key")); err != nil { // opening would make one
			d.report("seal", "", LevelFail, "missing", err)
			return use(d)
		}
	}
	if d.box, err = openSeal(config); err != nil {
		d.report("seal", "", LevelFail, "unreadable", err)
	}
	return use(d)
}

// unchanged is a database in which a check of a connection leaves no trace: it
// would be written beside what a person may be saving at that moment.
type unchanged struct{ *store.DB }

// ReplaceConnection does nothing.
func (unchanged) ReplaceConnection(context.Context, account.Connection, time.Time) error { return nil }

// accounts opens connections with a client that notes what time providers have.
func (d *doctor) accounts() *account.Service {
	client := d.client()
	return &account.Service{Store: unchanged{d.db}, Box: d.box, Clock: d.config.Clock, Log: slog.New(slog.DiscardHandler), Providers: all.Descriptions(),
		Client: func(posta.ConnectionID) *http.Client { return client }, Defaults: d.defaults}
}

// serveDoctor answers the command line of this machine.
func (a *App) serveDoctor(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(a.Diagnose(r.Context())); err != nil {
		a.config.Log.Warn("diagnosis not sent", "error", err)
	}
}
