package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"posta/app"
)

// hubFlags say where a hub keeps its data.
type hubFlags struct {
	Data     string `help:"Folder of the database, the sealing key and what the command line needs." default:"posta-data" env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	Database string `help:"SQLite file or postgres:// address; posta.db in the data folder by default." env:"POSTA_DATABASE" placeholder:"WHERE"`
}

func (f hubFlags) config() app.Config {
	return app.Config{Data: f.Data, Database: f.Database, SealKey: os.Getenv("POSTA_SEAL_KEY"),
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: logLevel()}))}
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
	Listen         string `help:"Address to serve on." default:"127.0.0.1:8080" env:"POSTA_LISTEN"`
	PublicURL      string `name:"public-url" help:"How providers and browsers reach the hub: https://pagos.example. Webhook addresses and links are made from it." env:"POSTA_PUBLIC_URL"`
	MercadoPagoURL string `name:"mercadopago-url" help:"Mercado Pago's address, for a simulator." env:"POSTA_MERCADOPAGO_URL"`
}

// Run serves until it is interrupted.
func (c *serveCmd) Run(ctx context.Context, s streams) error {
	config := c.config()
	config.Listen, config.PublicURL, config.MercadoPagoURL = c.Listen, c.PublicURL, c.MercadoPagoURL
	hub, err := app.New(ctx, config)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Posta serves on %s\n", hub.URL())
	err = hub.Run(ctx)
	if closeErr := hub.Close(); err == nil {
		err = closeErr
	}
	return err
}

type migrateCmd struct{ hubFlags }

// Run migrates the database.
func (c *migrateCmd) Run(ctx context.Context, s streams) error {
	if err := mustNotRun(c.Data); err != nil {
		return err
	}
	if err := app.Migrate(ctx, c.config()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, "The schema is up to date.")
	return err
}
