package prisma

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posta"
	"posta/provider"
)

// connector speaks for one merchant with the keys of one project.
type connector struct {
	*client
	environment string
	cuit        string // eleven digits
	cuitQuery   string // as the query bears it
	subnet      string
	group       string
	tips        bool
	ecr         ecr
}

// ecr is how the till introduces itself.
type ecr struct {
	Provider string `json:"ecr_provider"`
	Name     string `json:"ecr_name"`
	Version  string `json:"ecr_version"`
}

var (
	_ provider.Connector      = (*connector)(nil)
	_ provider.RefundCanceler = (*connector)(nil)
	_ provider.Settler        = (*connector)(nil)
)

// subnets are the facilitators by environment, docs/providers/prisma.md §4.
var subnets = map[string]string{Sandbox: "1", Homologation: "9", Production: "2"}

func open(cfg provider.Config, transport *http.Client, clock posta.Clock) (*connector, error) {
	value := map[string]string{}
	var p posta.Problems
	for _, f := range Description().Fields {
		v := strings.TrimSpace(cfg[f.Name])
		p.Add(f.Required && v == "", f.Name, "required")
		if v == "" {
			v = f.Default
		}
		p.Add(len(f.Options) > 0 && !slices.Contains(f.Options, v), f.Name, "unknown")
		value[f.Name] = v
	}
	c := &connector{
		environment: value["environment"],
		cuit:        bareCUIT(value["cuit"]),
		subnet:      value["subnet_acquirer_id"],
		group:       value["merchant_group_code"],
		tips:        value["tips"] == On,
		ecr:         ecr{Provider: value["ecr_provider"], Name: value["ecr_name"], Version: value["ecr_version"]},
		client: &client{http: transport, clock: clock, base: strings.TrimRight(value["base_url"], "/"),
			public: value["public_key"], secret: value["secret_key"], apikey: value["apikey_header"] == On},
	}
	if c.subnet == "" {
		c.subnet = subnets[c.environment]
	}
	p.Add(strings.ContainsAny(c.public, ": \r\n\t"), "public_key", "malformed")
	p.Add(strings.ContainsAny(c.secret, " \r\n\t"), "secret_key", "malformed")
	switch {
	case value["cuit"] == "":
	case c.cuit == "":
		p.Add(true, "cuit", "malformed")
	case c.environment != Sandbox: // whose fixture has a wrong check digit, §14
		p.Add(!checksOut(c.cuit), "cuit", "check_digit")
	}
	p.Add(c.base != "" && !usable(c.base), "base_url", "malformed")
	if err := p.Err(); err != nil {
		return nil, err
	}
	c.cuitQuery = c.cuit
	if value["cuit_format"] == FormDashes {
		c.cuitQuery = c.cuit[:2] + "-" + c.cuit[2:10] + "-" + c.cuit[10:]
	}
	return c, nil
}

// usable reports whether an address may be given the keys: https, or plain http
// to this machine, where the simulator answers.
func usable(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// Capabilities tells what the terminals can do.
func (c *connector) Capabilities(rail provider.Rail) provider.Capabilities {
	if rail != provider.RailTerminal {
		return provider.Capabilities{}
	}
	return provider.Capabilities{
		Offered:       true,
		Recovery:      provider.RecoverNone,
		PartialRefund: true,
		Terminal: provider.TerminalCapabilities{
			Options: []string{provider.OptionOperation, provider.OptionMethod, provider.OptionInstallments, provider.OptionPlan,
				provider.OptionBrand, provider.OptionCashBack, provider.OptionCopies, provider.OptionNote, provider.OptionBenefit,
				provider.OptionDocument},
			Several:          true,
			Queue:            true,
			RefundAtTerminal: true,
			Reversal:         true,
			NoReversal:       []string{"AM"}, // docs/providers/prisma.md §6
			Settlement:       true,
		},
	}
}

// Check asks for a token, which the keys either get or do not. The provider
// tells nothing of whose they are: the CUIT is taken as it was typed.
func (c *connector) Check(ctx context.Context) (provider.Account, error) {
	if _, err := c.askToken(ctx); err != nil {
		return provider.Account{}, err
	}
	return provider.Account{ID: c.cuit, Country: "AR", Test: c.environment != Production}, nil
}

// Fetch tells nothing: the provider sends no notices.
func (c *connector) Fetch(context.Context, provider.Notice) ([]provider.Observation, error) {
	return nil, nil
}

// merchant is the query of every call, docs/providers/prisma.md §4.
func (c *connector) merchant() url.Values { return url.Values{"cuit_cuil": {c.cuitQuery}} }

// withSubnet is the query of the calls that bear the facilitator there.
func (c *connector) withSubnet() url.Values {
	q := c.merchant()
	q.Set("subnet_acquirer_id", c.subnet)
	return q
}
