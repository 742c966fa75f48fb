package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"posta"
	"posta/account"
	"posta/api"
	"posta/checkout"
	"posta/golive"
	"posta/homologation"
	"posta/idempotency"
	"posta/inbox"
	"posta/live"
	"posta/mail"
	"posta/outbound"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/provider/all"
	"posta/quality"
	"posta/seal"
	"posta/settlement"
	"posta/store"
	"posta/subscription"
	"posta/text"
	"posta/till"
	"posta/web"
	"posta/webhook"
	"posta/work"
)

// App is Posta, ready to run.
type App struct {
	Accounts    *account.Service
	Tills       *till.Service
	Payments    *payment.Service
	Settlements *settlement.Service
	Projects    *project.Service
	// Homologation, GoLive and Quality lead a project to production.
	Homologation *homologation.Service
	GoLive       *golive.Service
	Quality      *quality.Service
	Inbox        *inbox.Service
	Webhooks     *webhook.Service
	Checkout     *checkout.Service
	// Subscriptions charges again and again.
	Subscriptions *subscription.Service
	Hub           *live.Hub
	Mail          *mail.Sender // nil when no mail server is set
	Store         *store.DB
	Handler       http.Handler

	config      Config
	certificate *certificate // nil: plain http
	fronts      []front
	listener    net.Listener // of the front that all come by
	local       net.Listener // of this machine's own; nil where listener speaks plain http
	plain       net.Listener // of the one that leads to https; nil for none
	loop        *work.Loop
	operator    string
	tail        *logTail       // the last lines of the log
	roots       *x509.CertPool // what the doctor trusts; nil: the machine's
	lock        *lock
	metrics     *metrics
}

// New opens the database, wires everything and starts to listen; nothing is
// served or worked off before Run. Errors: not_allowed_in_state for a database
// whose schema is not this version's, conflict for a SQLite database that
// another process works on, and for an address that is taken.
func New(ctx context.Context, config Config) (*App, error) {
	config = config.withDefaults()
	if err := config.mustExist(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return nil, err
	}
	a := &App{config: config, tail: &logTail{}}
	a.config.Log = slog.New(remembering{Handler: config.Log.Handler(), tail: a.tail})
	var err error
	if a.lock = config.held; a.lock == nil {
		if a.lock, err = hold(config); err != nil {
			return nil, err
		}
	}
	if a.Store, err = store.Open(ctx, config.Database, config.Clock); err != nil {
		return nil, errors.Join(err, a.lock.release())
	}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.closeFronts(), a.Store.Close(), a.lock.release())
	}
	return a, nil
}

// mustExist refuses to serve where nothing is, before anything is made there.
func (c Config) mustExist() error {
	file := c.sqlite()
	if c.Migrate || file == "" {
		return nil
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return posta.Errorf(posta.CodeState, "there is no database at %s: posta setup makes one with your first merchant, posta migrate an empty one, posta demo one to try", file)
	}
	return nil
}

// check refuses a schema that is not this version's.
func (a *App) check(ctx context.Context) error {
	err := a.Store.Check(ctx)
	if posta.ErrorCode(err) == posta.CodeState {
		return posta.Errorf(posta.CodeState, "%w: posta backup, then posta migrate", errors.Unwrap(err))
	}
	return err
}

func openSeal(config Config) (*seal.Box, error) {
	if config.SealKey != "" {
		return seal.Open(config.SealKey)
	}
	return seal.FromFile(filepath.Join(config.Data, "seal.key"))
}

func (a *App) wire(ctx context.Context) error {
	c := a.config
	if c.Migrate {
		if err := a.Store.Migrate(ctx); err != nil {
			return err
		}
	}
	if err := a.check(ctx); err != nil {
		return err
	}
	box, err := openSeal(c)
	if err != nil {
		return err
	}
	if a.Mail, err = c.mailSender(); err != nil {
		return err
	}
	if a.certificate, err = newCertificate(c, a.Store, box); err != nil {
		return err
	}
	if err = a.openFronts(); err != nil {
		return err
	}
	if a.operator, err = newOperatorToken(); err != nil {
		return err
	}
	a.metrics = newMetrics()
	client := outbound.NewClient(outbound.Options{Clock: c.Clock, Log: c.Log, Record: a.doubting(a.metrics.called(a.Store.InsertCall))})
	a.Accounts = &account.Service{Store: a.Store, Box: box, Clock: c.Clock, Log: c.Log, Providers: all.Descriptions(),
		Client: func(posta.ConnectionID) *http.Client { return client }, Defaults: c.defaults()}
	a.Accounts.Apps = a.apps()
	if err := a.checkSeal(ctx); err != nil {
		return err
	}
	a.Hub = live.NewHub(a.metrics.live(announced{a.Store, a}), c.Log)
	a.Payments = &payment.Service{Store: a.Store, Open: a.Accounts.Open, Clock: c.Clock, Log: c.Log,
		NotifyURL: a.NotifyURL, Committed: a.Hub.Wake}
	a.Settlements = &settlement.Service{Store: a.Store, Open: a.Accounts.Open, Clock: c.Clock, Log: c.Log, Committed: a.Hub.Wake}
	a.Tills = &till.Service{Keeper: a.Store, Clock: c.Clock, Open: a.Accounts.Open, Busy: a.busy,
		ConnectionMode: a.Accounts.PlaceMode, Currency: a.Accounts.Currency, TerminalUse: a.terminalUse, Location: a.Accounts.Location}
	a.Inbox = &inbox.Service{Store: a.metrics.inbox(a.Store), Clock: c.Clock, Log: c.Log, Secret: a.Accounts.Secrets,
		Read: readers(), Owners: a.owners(), Wake: func() { a.loop.Wake(sweepNotifications) }}
	answers := &idempotency.Service{Store: a.Store, Box: box, Clock: c.Clock}
	catalog := text.Must()
	a.Projects = a.newProjects(catalog)
	a.Quality = a.newQuality()
	a.Homologation = a.newHomologation(box)
	a.GoLive = a.newGoLive()
	a.Webhooks = a.newWebhooks(box)
	a.Subscriptions = a.newSubscriptions(catalog)
	a.Checkout = &checkout.Service{Store: a.Store, Payments: a.Payments, Open: a.Accounts.Open, Clock: c.Clock, Log: c.Log, URL: a.URL, Committed: a.Hub.Wake}
	a.loop = work.NewLoop(c.Log, c.Clock, a.metrics.watched(slices.Concat(a.sweeps(answers), a.sending(), a.recurring(), a.granting()))...)
	apiHandler := api.New(api.Services{Accounts: a.Accounts, Tills: a.Tills, Payments: a.Payments, Settlements: a.Settlements, Inbox: a.Inbox, Webhooks: a.Webhooks, Checkout: a.Checkout, Subscriptions: a.Subscriptions,
		Projects: a.Projects, Homologation: a.Homologation, GoLive: a.GoLive, Quality: a.Quality, Hub: a.Hub, Events: a.Store, Idempotency: answers, Catalog: catalog, Clock: c.Clock, Log: c.Log,
		PublicURL: a.URL, Version: Version})
	var demo *web.Demo
	if c.Phone != "" {
		demo = &web.Demo{PhoneURL: c.Phone, TerminalsURL: c.Terminals, MailURL: c.Inboxes, Email: demoEmail, Password: demoPassword}
	}
	webHandler := web.New(web.Services{Accounts: a.Accounts, Tills: a.Tills, Payments: a.Payments, Settlements: a.Settlements, Inbox: a.Inbox, Webhooks: a.Webhooks, Checkout: a.Checkout, Subscriptions: a.Subscriptions,
		Projects: a.Projects, Quality: a.Quality, Homologation: a.Homologation, GoLive: a.GoLive, Hub: a.Hub, Events: a.Store, Calls: a.Store, Catalog: catalog, Clock: c.Clock, Log: c.Log,
		PublicURL: a.URL, Demo: demo, Version: Version})
	a.Handler = a.strict(a.routes(apiHandler, webHandler))
	a.fill(a.Handler)
	return nil
}

// checkSeal refuses to start with a key that does not open what is sealed: a
// lost key file would otherwise be replaced by a new one in silence.
func (a *App) checkSeal(ctx context.Context) error {
	merchants, err := a.Store.Merchants(ctx)
	if err != nil {
		return err
	}
	for _, m := range merchants {
		connections, err := a.Store.Connections(ctx, m.ID)
		if err != nil {
			return err
		}
		for _, c := range connections {
			if _, err := a.Accounts.Secrets(ctx, c.ID); err != nil {
				return fmt.Errorf("the sealing key does not open the credentials of connection %s: put the right seal.key or POSTA_SEAL_KEY in place: %w", c.ID, err)
			}
		}
	}
	return nil
}

// routes says who serves what: the API and hooks, what belongs to the machine's
// operator, and pages for all the rest.
func (a *App) routes(apiHandler, webHandler http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"/v1/", "/hooks/", "/openapi.json", "/openapi.yaml", "/docs/api", "/healthz"} {
		mux.Handle(prefix, apiHandler)
	}
	mux.HandleFunc("POST "+appHooks+"{provider}", a.appHook)
	mux.HandleFunc("GET /operator/backup", a.serveBackup)
	mux.Handle("GET /operator/metrics", a.onlyOperator(a.metrics.handler()))
	mux.Handle("GET /operator/doctor", a.onlyOperator(http.HandlerFunc(a.serveDoctor)))
	mux.Handle("POST /operator/bundle", a.onlyOperator(http.HandlerFunc(a.serveBundle)))
	mux.Handle("/", webHandler)
	return a.metrics.served(mux)
}

// URL is how Posta is reached, without a slash at the end.
func (a *App) URL() string {
	if a.config.PublicURL != "" {
		return a.config.PublicURL
	}
	if a.certificate != nil {
		return a.secureURL()
	}
	return a.Address()
}

// Address is where this machine's own programs reach Posta, always by plain http.
func (a *App) Address() string {
	if a.local != nil {
		return "http://" + a.local.Addr().String()
	}
	return "http://" + a.listener.Addr().String()
}

// Listens is the address that all come by, HOST:PORT.
func (a *App) Listens() string { return a.listener.Addr().String() }

// Secure tells whether they do so by TLS.
func (a *App) Secure() bool { return a.certificate != nil }

// NotifyURL is where a connection's provider sends its notifications.
func (a *App) NotifyURL(id posta.ConnectionID) string { return a.URL() + "/hooks/" + string(id) }

// busy reports whether a payment is open at the till.
func (a *App) busy(ctx context.Context, m posta.MerchantID, id posta.TillID) (bool, error) {
	_, err := a.Payments.OpenAt(ctx, m, id)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return false, nil
	}
	return err == nil, err
}

// terminalUse names what is under way on a terminal.
func (a *App) terminalUse(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (map[string]string, error) {
	use, err := a.Store.TerminalUse(ctx, m, id)
	named := map[string]string{"payment": string(use.Payment), "refund": string(use.Refund), "settlement": string(use.Settlement)}
	maps.DeleteFunc(named, func(_, id string) bool { return id == "" })
	return named, err
}

func readers() map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict) {
	readers := map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict){}
	for _, d := range all.Descriptions() {
		if d.ReadNotice != nil {
			readers[d.Name] = d.ReadNotice
		}
	}
	return readers
}

// owners says who handles which topic.
func (a *App) owners() map[string]inbox.Owner {
	return map[string]inbox.Owner{"merchant_order": a.paying, "payment": a.paying, "order": a.paying, "chargeback": a.paying,
		"subscription": a.subscribed, "invoice": a.subscribed, "plan": a.subscribed, "grant": a.granted}
}

// Run serves and works until ctx ends, then lets requests under way finish.
func (a *App) Run(ctx context.Context) error {
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	streaming, endStreams := context.WithCancel(working)
	defer endStreams()
	var running sync.WaitGroup
	running.Go(func() { a.Hub.Run(streaming) })
	running.Go(func() { a.loop.Run(working) })
	running.Go(func() { a.Store.Listen(working, a.heard) })
	if err := a.leaveNote(); err != nil {
		a.config.Log.Warn("the command line will not find this hub", "error", err)
	}
	if a.certificate != nil {
		go a.certificate.obtain(a.config.Log) // may take minutes, and is not waited for
	}
	served := make(chan error, len(a.fronts))
	for _, f := range a.fronts {
		go func() { served <- f.serve() }()
	}
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	endStreams() // an open page's stream would keep the servers from draining
	limit, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	err = errors.Join(err, a.shutdown(limit))
	stopWork()
	running.Wait()
	a.removeNote()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// heard takes what another replica told through the database.
func (a *App) heard(topic string) {
	switch topic {
	case "event":
		a.Hub.Wake()
	case "notification":
		a.loop.Wake(sweepNotifications)
	}
}

// Close gives up the address and the database. Run must have returned.
func (a *App) Close() error {
	a.Webhooks.Close()
	return errors.Join(a.closeFronts(), a.Store.Close(), a.lock.release())
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
