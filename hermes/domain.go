package hermes

import (
	"context"
	"slices"

	"github.com/hermes-voip/go-hermes/sip"
)

// DomainListRequest has no parameters.
type DomainListRequest struct{}

// DomainListResponse has the domains in order.
type DomainListResponse struct {
	List []sip.Domain `json:"list"`
}

// DomainList lists the domains that Kamailio serves: those of its table and Options.Domains.
func (c *Client) DomainList(ctx context.Context, _ DomainListRequest) (res DomainListResponse, err error) {
	defer wrap(&err, "domain/list")
	if err = c.allow("domain/list"); err != nil {
		return res, err
	}
	domains, err := c.store.Domains(ctx)
	if err != nil {
		return res, err
	}
	domains = append(append([]sip.Domain{}, domains...), c.opts.Domains...)
	slices.SortFunc(domains, sip.Domain.Compare)
	return DomainListResponse{List: slices.Compact(domains)}, nil
}

// ServersObject is a domain's default servers as the API shows them.
type ServersObject struct {
	Registrar sip.Domain `json:"registrar"`
	RPort     int        `json:"r_port"`
	Proxy     sip.Domain `json:"proxy"`
	PPort     int        `json:"p_port"`
	ProvURL   string     `json:"prov_url"`
}

// DomainGetServersRequest names a domain.
type DomainGetServersRequest struct {
	Domain sip.Domain `form:"domain,required" json:"domain"`
}

// DomainGetServersResponse has its servers.
type DomainGetServersResponse struct {
	Servers ServersObject `json:"servers"`
}

// DomainGetServers returns the default servers of a domain. Causes: NotFound.
func (c *Client) DomainGetServers(ctx context.Context, req DomainGetServersRequest) (res DomainGetServersResponse, err error) {
	defer wrap(&err, "domain/get_servers")
	if err = c.allow("domain/get_servers"); err != nil {
		return res, err
	}
	if req.Domain.IsZero() {
		return res, badParameter("domain: missing; want a domain")
	}
	s, err := c.store.Servers(ctx, req.Domain)
	res.Servers = ServersObject{s.Registrar, s.RPort, s.Proxy, s.PPort, s.ProvURL}
	return res, missing(err, "no servers are set for the domain %s", req.Domain)
}

// DomainSetServersRequest has a domain's default servers; every field is required.
type DomainSetServersRequest struct {
	Domain    sip.Domain `form:"domain,required" bad:"failed/parameters" json:"domain"`
	Registrar sip.Domain `form:"registrar,required" bad:"failed/parameters" json:"registrar"`
	RPort     int        `form:"r_port,required" json:"r_port"` // 1 to 65535
	Proxy     sip.Domain `form:"proxy,required" bad:"failed/parameters" json:"proxy"`
	PPort     int        `form:"p_port,required" json:"p_port"`     // 1 to 65535
	ProvURL   string     `form:"prov_url,required" json:"prov_url"` // http or https
}

// DomainSetServersResponse has the servers as DomainGetServers returns them.
type DomainSetServersResponse struct {
	Servers ServersObject `json:"servers"`
}

// DomainSetServers sets or replaces the default servers of a domain, whether Kamailio serves
// it yet or not. Bad parameters are Failed here, with the cause Parameters.
func (c *Client) DomainSetServers(ctx context.Context, req DomainSetServersRequest) (res DomainSetServersResponse, err error) {
	defer wrap(&err, "domain/set_servers")
	if err = c.allow("domain/set_servers"); err != nil {
		return res, err
	}
	if err = req.check(); err != nil {
		e := asError(err)
		e.Response = Failed
		return res, e
	}
	err = c.store.SetServers(ctx, Servers(req))
	res.Servers = ServersObject{req.Registrar, req.RPort, req.Proxy, req.PPort, req.ProvURL}
	return res, err
}

func (req DomainSetServersRequest) check() error {
	return firstError(
		checkHost("domain", req.Domain), checkHost("registrar", req.Registrar), checkPort("r_port", req.RPort),
		checkHost("proxy", req.Proxy), checkPort("p_port", req.PPort), checkURL("prov_url", req.ProvURL),
	)
}
