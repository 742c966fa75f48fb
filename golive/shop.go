package golive

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"posta"
	"posta/project"
)

// productOnline is the product whose buyers pay in a shop's pages.
const productOnline = "mercadopago_online"

// maxShop is how many pages of a shop are checked.
const maxShop = 10

// addresses are those whose certificates the gate asks for: the shop's pages,
// our own pages, and where notices come to, where the provider sends any.
func (s *Service) addresses(g Gate, asked []string) []string {
	out := append(slices.Clone(g.Shop), s.PublicURL())
	if g.ConnectionID != "" && slices.Contains(asked, ItemNotices) {
		out = append(out, s.NotifyURL(g.ConnectionID))
	}
	slices.Sort(out[len(g.Shop):])
	return slices.Compact(out)
}

// report finds the last check of an address.
func (g Gate) report(address string) *TLSReport {
	if at := slices.IndexFunc(g.TLS, func(r TLSReport) bool { return r.Address == shown(address) }); at >= 0 {
		return &g.TLS[at]
	}
	return nil
}

// SetShop says which pages of the shop take part in payments: each an address
// with http or https, ten at most; none forgets them. Checks of others are
// dropped. Errors: not_found; forbidden; invalid with fields addresses (too_many)
// and addresses[0] (malformed).
func (s *Service) SetShop(ctx context.Context, a project.Actor, c posta.ConnectionID, addresses []string) (Gate, error) {
	v, err := s.load(ctx, a.Merchant, c)
	if err == nil {
		err = a.May(project.Work, v.projectID())
	}
	if err != nil {
		return Gate{}, err
	}
	var wrong posta.Problems
	var shop []string
	for i, address := range addresses {
		address = strings.TrimSpace(address)
		u, err := url.Parse(address)
		bad := err != nil || len(address) > mostTLSURL || u.Hostname() == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https")
		wrong.Add(bad, "addresses["+strconv.Itoa(i)+"]", "malformed")
		if !slices.Contains(shop, address) {
			shop = append(shop, address)
		}
	}
	wrong.Add(len(shop) > maxShop, "addresses", "too_many")
	if err := wrong.Err(); err != nil {
		return Gate{}, err
	}
	return s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		if slices.Equal(g.Shop, shop) {
			return "", nil, nil
		}
		dropped := slices.DeleteFunc(slices.Clone(g.Shop), func(old string) bool { return slices.Contains(shop, old) })
		g.TLS = slices.DeleteFunc(g.TLS, func(r TLSReport) bool { return slices.Contains(dropped, r.Address) })
		g.Shop = shop
		return "shop_set", told{"addresses": shop}, nil
	})
}

// CheckTLS checks the certificates of all addresses now, which takes 10 s at
// most, and keeps the reports. Errors: not_found, forbidden.
func (s *Service) CheckTLS(ctx context.Context, a project.Actor, c posta.ConnectionID) ([]TLSReport, error) {
	v, err := s.load(ctx, a.Merchant, c)
	if err == nil {
		err = a.May(project.Work, v.projectID())
	}
	if err != nil {
		return nil, err
	}
	asked, err := s.keys(ctx, v.Project)
	if err != nil {
		return nil, err
	}
	addresses := s.addresses(v.Gate, asked)
	reports := make([]TLSReport, len(addresses))
	var wait sync.WaitGroup
	for i, address := range addresses {
		wait.Go(func() { reports[i] = CheckTLS(ctx, address, s.TLS) })
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, posta.Errorf(posta.CodeUnavailable, "certificates were not checked to the end: %w", err)
	}
	verdicts := map[string]TLSVerdict{}
	for _, r := range reports {
		verdicts[r.Address] = r.Verdict
	}
	_, err = s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		g.TLS = reports
		return "tls_checked", told{"verdicts": verdicts}, nil
	})
	return reports, err
}
