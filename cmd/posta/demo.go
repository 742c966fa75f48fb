package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"posta/app"
)

type demoCmd struct {
	Data      string  `help:"Folder that keeps everything." default:"posta-data" env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	Listen    string  `help:"Address of the hub." default:"127.0.0.1:8080" env:"POSTA_LISTEN"`
	Simulator string  `help:"Address of the simulator." default:"127.0.0.1:8081"`
	Scale     float64 `help:"How many times faster than the real provider's the simulator's retries come." default:"1"`
}

// Run runs the demo until it is interrupted.
func (c *demoCmd) Run(ctx context.Context, s streams) error {
	level := slog.LevelWarn // the terminal is for the addresses
	if os.Getenv("POSTA_LOG") != "" {
		level = logLevel()
	}
	demo, err := app.NewDemo(ctx, app.DemoConfig{SimulatorListen: c.Simulator, SimulatorScale: c.Scale,
		Config: app.Config{Data: c.Data, Listen: c.Listen,
			Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))}})
	if err != nil {
		return err
	}
	err = demo.Run(ctx, func() error {
		_, err := fmt.Fprintf(s.out, `Posta is ready. Nothing here is real money; nothing leaves this machine.

  Till              %[1]s/till
  Buyer's phone     %[2]s
  Dashboard         %[1]s/
  Simulator         %[3]s
  API               %[1]s/docs/api

  Log in with       %[4]s  %[5]s
  API key (test)    %[6]s
  Data              %[7]s

Press Ctrl+C to stop; started again, everything is as it was.
`, demo.URL(), demo.PhoneURL(), demo.ControlURL(), demo.Seed.Email, demo.Seed.Password, demo.Seed.Key, c.Data)
		return err
	})
	if closeErr := demo.Close(); err == nil {
		err = closeErr
	}
	return err
}
