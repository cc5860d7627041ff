package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/sip"
)

// DomainProvKeyRequest names a domain.
type DomainProvKeyRequest struct {
	Domain sip.Domain `form:"domain,required" json:"domain"`
	Rotate bool       `form:"rotate" json:"rotate,omitzero"` // make a new key
}

// Check implements [Request].
func (r DomainProvKeyRequest) Check(malformed ...string) error {
	return DomainGetServersRequest{Domain: r.Domain}.Check(malformed...)
}

// DomainProvKeyResponse has the address where new phones of the domain get their files: the
// domain's prov_url with its key.
type DomainProvKeyResponse struct {
	Domain sip.Domain `json:"domain"`
	URL    Secret     `json:"url,omitzero"`
}

// DomainProvKey returns the provisioning address of a domain. The first call makes the key. With
// Rotate a later one makes a new key, and the one before serves on until the next is made. Causes:
// NotFound (no servers are set for the domain).
func (c *Client) DomainProvKey(ctx context.Context, req DomainProvKeyRequest) (DomainProvKeyResponse, error) {
	return call(ctx, c, "domain/prov_key", req, (*Client).domainProvKey)
}

func (c *Client) domainProvKey(ctx context.Context, req DomainProvKeyRequest) (res DomainProvKeyResponse, err error) {
	err = c.change(ctx, "domain/prov_key", &req, []Lock{LockDomain(req.Domain)}, func(s Store) error {
		servers, err := s.Servers(ctx, req.Domain)
		if err != nil {
			return missing(err, "no servers are set for the domain %s", req.Domain)
		}
		current, err := c.domainKey(ctx, s, req)
		if err != nil {
			return err
		}
		key, err := c.openProvKey(req.Domain.String(), current)
		res = DomainProvKeyResponse{Domain: req.Domain, URL: provURL(servers.ProvURL, key)}
		return err
	})
	if err != nil {
		return DomainProvKeyResponse{}, err
	}
	return res, nil
}

// domainKey returns the key of a domain, and makes it if there is none or a new one is wanted.
func (c *Client) domainKey(ctx context.Context, s Store, req DomainProvKeyRequest) (ProvKey, error) {
	keys, err := s.DomainKeys(ctx, req.Domain)
	if err == nil && !req.Rotate {
		return keys.Current, nil
	}
	if err != nil && err != error(NotFound) {
		return ProvKey{}, err
	}
	key, err := c.newProvKey(req.Domain.String())
	if err != nil {
		return ProvKey{}, err
	}
	return key, s.SetDomainKeys(ctx, DomainKeys{Domain: req.Domain, Current: key, Before: keys.Current})
}
