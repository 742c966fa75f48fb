package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"posta/account"
	"posta/app"
)

type setupCmd struct {
	hubFlags
	Merchant string `help:"The merchant's name." required:""`
	Country  string `help:"Two letters: ${enum}." enum:"AR,BR,CL,CO,MX,PE,UY" required:""`
	TimeZone string `name:"time-zone" help:"IANA name; the country's capital's by default." placeholder:"America/Lima"`
	Email    string `help:"E-mail that the first user logs in with." required:""`
	Name     string `help:"The first user's name." required:""`
}

// Run makes the merchant and the user; the password is read from standard input.
func (c *setupCmd) Run(ctx context.Context, s streams) error {
	if err := mustNotRun(c.Data); err != nil {
		return err
	}
	fmt.Fprint(s.err, "Password for "+c.Email+" (one line): ")
	line, err := bufio.NewReader(s.in).ReadString('\n')
	password := strings.TrimRight(line, "\r\n")
	if err != nil && password == "" {
		return fmt.Errorf("no password on standard input: %w", err)
	}
	err = app.Setup(ctx, c.config(), account.MerchantInput{Name: c.Merchant, Country: c.Country, TimeZone: c.TimeZone},
		account.UserInput{Email: c.Email, Name: c.Name, Password: password})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Made %s. Now run posta serve and log in as %s.\n", c.Merchant, c.Email)
	return err
}
