package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"posta/account"
	"posta/app"
)

type setupCmd struct {
	hubFlags
	Merchant string `help:"The merchant's name." required:"" placeholder:"NAME"`
	Country  string `help:"Two letters: ${enum}." enum:"AR,BR,CL,CO,MX,PE,UY" required:"" placeholder:"AR"`
	TimeZone string `name:"time-zone" help:"IANA name; the country's capital's by default." placeholder:"America/Lima"`
	Email    string `help:"E-mail that the first user logs in with." required:"" placeholder:"ADDRESS"`
	Name     string `help:"The first user's name." required:"" placeholder:"NAME"`
}

// Help is shown by --help.
func (c *setupCmd) Help() string {
	return `The password, of at least 10 characters, is asked for, or read as one line from standard input.

Examples:

  posta setup --merchant "My shop" --country AR --email me@example.com --name Me
  posta setup --merchant "My shop" --country AR --email me@example.com --name Me < password.txt`
}

// Run makes the merchant and the user.
func (c *setupCmd) Run(ctx context.Context, t terminal) error {
	if err := c.noDemo(); err != nil {
		return err
	}
	password, err := t.secret(ctx, "Password for "+c.Email+": ")
	if err != nil {
		return err
	}
	m, err := app.Setup(ctx, c.config(t), account.MerchantInput{Name: c.Merchant, Country: c.Country, TimeZone: c.TimeZone},
		account.UserInput{Email: c.Email, Name: c.Name, Password: password})
	if err != nil {
		return err
	}
	return t.print(map[string]string{"merchant": string(m.ID), "email": c.Email},
		"Made %s. Now run posta serve and log in as %s.\n", c.Merchant, c.Email)
}

// secret asks for a line that is not shown while it is typed, where the
// terminal knows how.
func (t terminal) secret(ctx context.Context, question string) (string, error) {
	file, _ := t.in.(*os.File)
	typed := false
	if file != nil {
		info, err := file.Stat()
		typed = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if typed {
		fmt.Fprint(t.err, question)
		stty := func(how string) error {
			command := exec.Command("stty", how)
			command.Stdin = file
			return command.Run()
		}
		if stty("-echo") == nil {
			defer func() {
				_ = stty("echo")
				fmt.Fprintln(t.err)
			}()
		}
	}
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(t.in).ReadString('\n')
		read <- answer{strings.TrimRight(line, "\r\n"), err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-read:
		if a.line == "" && a.err != nil {
			return "", usage("no password on standard input")
		}
		return a.line, nil
	}
}
