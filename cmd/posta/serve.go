package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"posta"
	"posta/app"
)

// hubFlags say where a hub keeps its data.
type hubFlags struct {
	Data     string `help:"Folder of the database, the sealing key and what the command line needs; ${default} if left out." default:"posta-data" env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	Database string `help:"SQLite file or postgres:// address; posta.db in the data folder by default." env:"POSTA_DATABASE" placeholder:"WHERE"`
}

func (f hubFlags) config(t terminal) app.Config {
	return app.Config{Data: f.Data, Database: f.Database, SealKey: os.Getenv("POSTA_SEAL_KEY"),
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: logLevel()}))}
}

// noDemo refuses a demo's folder: its user has a password that everybody knows.
func (f hubFlags) noDemo() error {
	if _, err := app.ReadSeed(f.Data); posta.ErrorCode(err) != posta.CodeNotFound {
		return usage("%s is the folder of a demo; choose another with --data", f.Data)
	}
	return nil
}

func logLevel() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(os.Getenv("POSTA_LOG"))); err != nil {
		return slog.LevelInfo
	}
	return level
}

type serveCmd struct {
	hubFlags
	Listen         string   `help:"Address to serve on." default:"127.0.0.1:8080" env:"POSTA_LISTEN"`
	PublicURL      string   `name:"public-url" help:"How providers and browsers reach the hub: https://pagos.example. Webhook addresses and links are made from it." env:"POSTA_PUBLIC_URL" placeholder:"URL"`
	MercadoPagoURL string   `name:"mercadopago-url" help:"Mercado Pago's address, for a simulator." env:"POSTA_MERCADOPAGO_URL" placeholder:"URL"`
	SMTP           string   `name:"smtp" help:"Server that the desk's mail goes out by: smtp://user:password@host:587, or smtps://. Without it no mail is sent." env:"POSTA_SMTP" placeholder:"URL"`
	MailFrom       string   `name:"mail-from" help:"Address that mail is from and answers go to: desk@pagos.example." env:"POSTA_MAIL_FROM" placeholder:"ADDRESS"`
	PrismaURL      string   `name:"prisma-url" help:"Address of new Prisma connections that name none, for a simulator." env:"POSTA_PRISMA_URL" placeholder:"URL"`
	Networks       []string `name:"endpoint-networks" help:"Networks besides the public internet that events may be sent to, by http too: 10.1.0.0/16. None by default." env:"POSTA_ENDPOINT_NETWORKS" placeholder:"NETWORK"`
	appFlags
	tlsFlags
}

// appFlags name the operator's own application at Mercado Pago.
type appFlags struct {
	ID          string `name:"mercadopago-app-id" help:"Number of your application at Mercado Pago: merchants connect with one press. Its redirect URL is PUBLIC-URL/connections/oauth/return." env:"POSTA_MERCADOPAGO_APP_ID" placeholder:"NUMBER" group:"Mercado Pago accounts without copied keys"`
	SecretFile  string `name:"mercadopago-app-secret-file" help:"File with its client secret; POSTA_MERCADOPAGO_APP_SECRET holds it otherwise." env:"POSTA_MERCADOPAGO_APP_SECRET_FILE" type:"path" placeholder:"FILE" group:"Mercado Pago accounts without copied keys"`
	WebhookFile string `name:"mercadopago-app-webhook-file" help:"File with the key that signs its webhooks, whose address is PUBLIC-URL/hooks/app/mercadopago; otherwise POSTA_MERCADOPAGO_APP_WEBHOOK_SECRET." env:"POSTA_MERCADOPAGO_APP_WEBHOOK_FILE" type:"path" placeholder:"FILE" group:"Mercado Pago accounts without copied keys"`
}

// fill reads the secrets. Errors: of the files, and usage without a secret.
func (f appFlags) fill(c *app.Config) error {
	secret, err := fromFile(f.SecretFile, "POSTA_MERCADOPAGO_APP_SECRET")
	if err != nil {
		return err
	}
	hooks, err := fromFile(f.WebhookFile, "POSTA_MERCADOPAGO_APP_WEBHOOK_SECRET")
	if err != nil {
		return err
	}
	if f.ID != "" && secret == "" {
		return usage("--mercadopago-app-id wants --mercadopago-app-secret-file, or POSTA_MERCADOPAGO_APP_SECRET")
	}
	c.MercadoPagoApp = app.MercadoPagoApp{ID: f.ID, Secret: secret, WebhookSecret: hooks}
	return nil
}

// fromFile is a secret from a file, or from the environment where none is named.
func fromFile(file, variable string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv(variable)), nil
	}
	text, err := os.ReadFile(file)
	return strings.TrimSpace(string(text)), err
}

// tlsFlags say how the hub proves who it is, where no proxy does it.
type tlsFlags struct {
	Cert      string   `name:"tls-cert" help:"PEM file of the certificate with its chain; read again when it changes." env:"POSTA_TLS_CERT" type:"path" placeholder:"FILE" group:"HTTPS without a proxy"`
	Key       string   `name:"tls-key" help:"PEM file of its key." env:"POSTA_TLS_KEY" type:"path" placeholder:"FILE" group:"HTTPS without a proxy"`
	ACME      []string `name:"acme" help:"Hosts to have certificates issued for, by Let's Encrypt if nobody else is named; its terms are accepted by this." env:"POSTA_ACME" placeholder:"HOST" group:"HTTPS without a proxy"`
	Email     string   `name:"acme-email" help:"Where the authority writes to if something is wrong." env:"POSTA_ACME_EMAIL" placeholder:"ADDRESS" group:"HTTPS without a proxy"`
	Directory string   `name:"acme-directory" help:"Address of another authority, or of one to try with." env:"POSTA_ACME_DIRECTORY" placeholder:"URL" group:"HTTPS without a proxy"`
	Redirect  string   `name:"http-redirect" help:"Address that leads from http to https and answers the authority's challenges, such as :80." env:"POSTA_HTTP_REDIRECT" placeholder:"ADDRESS" group:"HTTPS without a proxy"`
}

func (f tlsFlags) fill(c *app.Config) error {
	c.TLSCert, c.TLSKey, c.HTTPRedirect = f.Cert, f.Key, f.Redirect
	c.ACME, c.ACMEEmail = f.ACME, f.Email
	if f.Directory != "" && !strings.HasPrefix(f.Directory, "https://") && !strings.HasPrefix(f.Directory, "http://127.0.0.1:") {
		return usage("--acme-directory begins with https://")
	}
	c.ACMEDirectory = f.Directory
	return nil
}

// Help is shown by --help.
func (c *serveCmd) Help() string {
	return `The database must be there: posta setup makes it with your first merchant. POSTA_LOG sets what is logged
(debug, info, warn, error); POSTA_SEAL_KEY holds the sealing key, if it is not to be kept in the data folder.

Examples:

  posta serve --public-url https://pagos.example
  posta serve --database postgres://posta@db.internal/posta --listen 0.0.0.0:8080
  posta serve --listen :443 --acme pagos.example --acme-email me@example.com --http-redirect :80
  posta serve --listen :443 --tls-cert fullchain.pem --tls-key privkey.pem --http-redirect :80`
}

// Run serves until it is interrupted.
func (c *serveCmd) Run(ctx context.Context, t terminal) error {
	if err := c.noDemo(); err != nil {
		return err
	}
	config := c.config(t)
	config.Listen, config.MercadoPagoURL, config.PrismaURL = c.Listen, c.MercadoPagoURL, c.PrismaURL
	config.SMTP, config.MailFrom = c.SMTP, c.MailFrom
	var err error
	if config.EndpointNetworks, err = app.Networks(c.Networks); err != nil {
		return usage("--endpoint-networks wants networks such as 10.1.0.0/16")
	}
	if config.PublicURL, err = address("--public-url", c.PublicURL); err != nil {
		return err
	}
	if err = c.tlsFlags.fill(&config); err != nil {
		return err
	}
	if err = c.appFlags.fill(&config); err != nil {
		return err
	}
	hub, err := app.New(ctx, config)
	if err != nil {
		return err
	}
	words := "Posta serves on http://" + hub.Listens()
	if hub.Secure() {
		words = "Posta serves on https://" + hub.Listens()
	}
	if hub.URL() != hub.Address() {
		words += " for " + hub.URL()
	}
	if err = t.print(map[string]string{"url": hub.URL(), "address": hub.Address()}, "%s\n", words); err == nil {
		err = hub.Run(ctx)
	}
	if closeErr := hub.Close(); err == nil {
		err = closeErr
	}
	return err
}

type migrateCmd struct{ hubFlags }

// Help is shown by --help.
func (c *migrateCmd) Help() string {
	return `A database that is not there is made. The schema only ever goes forward: a back-up is the way back.

Examples:

  posta backup before-migration.db && posta migrate
  posta migrate --database postgres://posta@db.internal/posta`
}

// Run migrates the database.
func (c *migrateCmd) Run(ctx context.Context, t terminal) error {
	if err := app.Migrate(ctx, c.config(t)); err != nil {
		return err
	}
	return t.print(map[string]bool{"migrated": true}, "The schema is up to date.\n")
}
