package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"posta/app"
	"posta/checkout"
)

type demoCmd struct {
	Data      string  `help:"Folder that keeps everything; ${default} if left out." default:"posta-demo" env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	Listen    string  `help:"Address of the hub." default:"127.0.0.1:8080" env:"POSTA_LISTEN"`
	Simulator string  `help:"Address of the Mercado Pago simulator." default:"127.0.0.1:8081"`
	Prisma    string  `name:"prisma-simulator" help:"Address of the Prisma simulator." default:"127.0.0.1:8082"`
	Scale     float64 `help:"How many times faster than the real provider's the simulator's retries come." default:"1"`
}

// Help is shown by --help.
func (c *demoCmd) Help() string {
	return `The first start makes a shop with two stores and three tills that sells online in four countries; every other one finds all as it was.
Delete the folder to start over. Nothing leaves this machine.

Examples:

  posta demo
  posta demo --listen 127.0.0.1:9080 --simulator 127.0.0.1:9081 --prisma-simulator 127.0.0.1:9082    when the usual ports are taken`
}

// Run runs the demo until it is interrupted.
func (c *demoCmd) Run(ctx context.Context, t terminal) error {
	level := slog.LevelWarn // the terminal is for the addresses
	if os.Getenv("POSTA_LOG") != "" {
		level = logLevel()
	}
	demo, err := app.NewDemo(ctx, app.DemoConfig{SimulatorListen: c.Simulator, PrismaListen: c.Prisma, SimulatorScale: c.Scale,
		Config: app.Config{Data: c.Data, Listen: c.Listen,
			Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: level}))}})
	if err != nil {
		return err
	}
	err = demo.Run(ctx, func() error {
		url := demo.URL()
		links, lines := map[string]string{}, ""
		for _, l := range demo.Seed.Links {
			links[l.Country] = url + checkout.LinkPath + l.Token
			lines += fmt.Sprintf("  Sell online (%s)  %s\n", l.Country, links[l.Country])
		}
		return t.print(map[string]any{"url": url, "till_page": url + "/till", "phone": demo.PhoneURL(), "simulator": demo.ControlURL(),
			"terminals": demo.TerminalsURL(), "prisma_simulator": demo.PrismaControlURL(),
			"mail": demo.InboxesURL(), "payment_links": links,
			"email": demo.Seed.Email, "password": demo.Seed.Password, "key": demo.Seed.Key, "tills": demo.Seed.Tills, "data": c.Data},
			`Posta is ready. Nothing here is real money; nothing leaves this machine.

  Till              %[1]s/till
  Buyer's phone     %[2]s
  Card terminals    %[8]s
  Mail              %[10]s
%[11]s  Dashboard         %[1]s/
  Simulators        %[3]s
                    %[9]s
  API               %[1]s/docs/api

  Log in with       %[4]s  %[5]s
  API key (test)    %[6]s
  Data              %[7]s

Press Ctrl+C to stop; started again, everything is as it was.
`, url, demo.PhoneURL(), demo.ControlURL(), demo.Seed.Email, demo.Seed.Password, demo.Seed.Key, c.Data,
			demo.TerminalsURL(), demo.PrismaControlURL(), demo.InboxesURL(), lines)
	})
	if closeErr := demo.Close(); err == nil {
		err = closeErr
	}
	return err
}
