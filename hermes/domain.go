package hermes

import (
	"context"
	"slices"

	"github.com/hermes-voip/go-hermes/sip"
)

// DomainListRequest has no parameters.
type DomainListRequest struct{}

// Check implements [Request].
func (DomainListRequest) Check(...string) error { return nil }

// DomainListResponse has the domains in order.
type DomainListResponse struct {
	List []sip.Domain `json:"list"`
}

// DomainList lists the domains that Kamailio serves: those of its table and Options.Domains, as far
// as they are within the actor's scope.
func (c *Client) DomainList(ctx context.Context, req DomainListRequest) (res DomainListResponse, err error) {
	defer wrap(&err, "domain/list")
	if err = c.precheck(ctx, "domain/list", req); err != nil {
		return res, err
	}
	domains, err := c.store.Domains(ctx)
	if err != nil {
		return res, err
	}
	domains = append(append([]sip.Domain{}, domains...), c.opts.Domains...)
	domains = slices.DeleteFunc(domains, func(d sip.Domain) bool { return !c.actor.Scope.HasDomain(d) })
	slices.SortFunc(domains, sip.Domain.Compare)
	return DomainListResponse{List: slices.Compact(domains)}, nil
}

// ServersObject is the default servers of a domain as the API shows them.
type ServersObject struct {
	Registrar sip.Domain `json:"registrar"`
	RPort     int        `json:"r_port"`
	Proxy     sip.Domain `json:"proxy"`
	PPort     int        `json:"p_port"`
	ProvURL   string     `json:"prov_url"`
}

func serversObject(s Servers) ServersObject {
	return ServersObject{Registrar: s.Registrar, RPort: s.RPort, Proxy: s.Proxy, PPort: s.PPort, ProvURL: s.ProvURL}
}

// DomainGetServersRequest names a domain.
type DomainGetServersRequest struct {
	Domain sip.Domain `form:"domain,required" json:"domain"`
}

// Check implements [Request].
func (r DomainGetServersRequest) Check(malformed ...string) error {
	if !given("domain", r.Domain, malformed) {
		return badParameter("domain: missing; want a domain")
	}
	return nil
}

// DomainGetServersResponse has its servers.
type DomainGetServersResponse struct {
	Servers ServersObject `json:"servers"`
}

// DomainGetServers returns the default servers of a domain. Causes: NotFound.
func (c *Client) DomainGetServers(ctx context.Context, req DomainGetServersRequest) (res DomainGetServersResponse, err error) {
	defer wrap(&err, "domain/get_servers")
	if err = c.precheck(ctx, "domain/get_servers", req); err != nil {
		return res, err
	}
	s, err := c.store.Servers(ctx, req.Domain)
	res.Servers = serversObject(s)
	return res, missing(err, "no servers are set for the domain %s", req.Domain)
}

// DomainSetServersRequest has the default servers of a domain. Every field is required.
type DomainSetServersRequest struct {
	Domain    sip.Domain `form:"domain,required" bad:"failed/parameters" json:"domain"`
	Registrar sip.Domain `form:"registrar,required" bad:"failed/parameters" scope:"host" json:"registrar"`
	RPort     int        `form:"r_port,required" json:"r_port"` // 1 to 65535
	Proxy     sip.Domain `form:"proxy,required" bad:"failed/parameters" scope:"host" json:"proxy"`
	PPort     int        `form:"p_port,required" json:"p_port"`     // 1 to 65535
	ProvURL   string     `form:"prov_url,required" json:"prov_url"` // http or https
}

// Check implements [Request]. Bad parameters have the Response Failed here, and a Description.
func (r DomainSetServersRequest) Check(...string) error {
	err := firstError(
		checkHost("domain", r.Domain), checkHost("registrar", r.Registrar), checkPort("r_port", r.RPort),
		checkHost("proxy", r.Proxy), checkPort("p_port", r.PPort), checkURL("prov_url", r.ProvURL),
	)
	if err == nil {
		return nil
	}
	e := asError(err)
	e.Response, e.Description = Failed, e.Detail
	return e
}

// DomainSetServersResponse has the servers as DomainGetServers returns them.
type DomainSetServersResponse struct {
	Servers ServersObject `json:"servers"`
}

// DomainSetServers sets or replaces the default servers of a domain, whether Kamailio serves the
// domain yet or not.
func (c *Client) DomainSetServers(ctx context.Context, req DomainSetServersRequest) (DomainSetServersResponse, error) {
	return call(ctx, c, "domain/set_servers", req, (*Client).domainSetServers)
}

func (c *Client) domainSetServers(ctx context.Context, req DomainSetServersRequest) (res DomainSetServersResponse, err error) {
	err = c.change(ctx, "domain/set_servers", &req, []Lock{LockDomain(req.Domain)}, func(s Store) error {
		return s.SetServers(ctx, Servers(req))
	})
	res.Servers = serversObject(Servers(req))
	return res, err
}
