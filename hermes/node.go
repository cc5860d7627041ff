package hermes

import (
	"context"
	"reflect"
)

// Node is one entry of the API. Routing, permissions, documentation and the generic tests read the
// table of nodes; nothing else lists them.
type Node struct {
	Path    string     // such as "user/get"
	Needs   Capability // NoCapability if everyone may call it
	Changes bool       // whether it changes anything
	About   string     // one sentence
	Refuses Response   // the response to bad parameters: Invalid, except at domain/set_servers
	Answers Response   // the response to success: OK, except at auth/ping

	Always   bool // whether it is within every scope, since it concerns the caller alone
	Unscoped bool // whether it is for principals without a scope only

	// New returns a pointer to a zero request.
	New func() Request
	// Response is the type of what Call returns.
	Response reflect.Type
	// Call runs the Client method on a request that New returned, and returns a response value. It
	// also writes an audit line if the node changed a user, a phone, a number, an alias or a domain.
	Call func(ctx context.Context, c *Client, req Request) (any, error)
}

// Nodes returns the table of nodes, one line for each.
func Nodes() []Node {
	return []Node{
		node("auth/login", NoCapability, true, "Opens a session.", (*Client).AuthLogin),
		node("auth/challenge", NoCapability, false, "Makes a nonce for a key pair to sign.", (*Client).AuthChallenge),
		node("auth/logout", NoCapability, true, "Ends a session.", (*Client).AuthLogout),
		node("auth/ping", CanRead, true, "Renews the auth_key.", (*Client).AuthPing).answering(Pong).always(),
		node("auth/whoami", CanRead, false, "Shows what the caller may do.", (*Client).AuthWhoami).always(),
		node("auth/new_key", CanAdminister, true, "Makes an API key.", (*Client).AuthNewKey),
		node("auth/remove_key", CanAdminister, true, "Removes an API key.", (*Client).AuthRemoveKey),
		node("auth/list_keys", CanAdminister, false, "Lists the API keys.", (*Client).AuthListKeys),
		node("auth/authorize", CanAdminister, true, "Authorizes a backend user, or changes its access level and scope.", (*Client).AuthAuthorize),
		node("auth/remove_user", CanAdminister, true, "Removes an API user.", (*Client).AuthRemoveUser),
		node("auth/list_users", CanAdminister, false, "Lists the authorized API users.", (*Client).AuthListUsers),
		node("auth/add_user", CanAdminister, true, "Adds an API user.", (*Client).AuthAddUser),
		node("auth/update_user", CanRead, true, "Changes an API user's password; another's needs the capability to administer.", (*Client).AuthUpdateUser).always(),

		node("user/get", CanRead, false, "Shows a user.", (*Client).UserGet),
		node("user/list", CanRead, false, "Lists users.", (*Client).UserList),
		node("user/add", CanWrite, true, "Adds a local user.", (*Client).UserAdd),
		node("user/add_remote", CanWrite, true, "Adds an account of another server.", (*Client).UserAddRemote),
		node("user/remove", CanAdminister, true, "Removes a user.", (*Client).UserRemove),
		node("user/change_pw", CanWrite, true, "Changes a user's password.", (*Client).UserChangePw),
		node("user/change_email", CanWrite, true, "Changes a local user's mail address.", (*Client).UserChangeEmail),
		node("user/update", CanWrite, true, "Changes a user's fields.", (*Client).UserUpdate),
		node("user/avail", CanRead, false, "Reports whether an address is free.", (*Client).UserAvail),
		node("user/generate_password", CanRead, false, "Makes up a password.", (*Client).UserGeneratePassword),
		node("user/permissions", CanRead, true, "Shows a local user's permissions; setting them needs the capability to write.", (*Client).UserPermissions),
		node("user/onboard", CanWrite, true, "Adds a local user with its phones, its number and its permissions.", (*Client).UserOnboard),
		node("user/offboard", CanAdminister, true, "Removes a user with its phones and aliases.", (*Client).UserOffboard),
		node("user/rename", CanAdminister, true, "Gives a user another address.", (*Client).UserRename),
		node("user/suspend", CanWrite, true, "Keeps a local user from registering and calling.", (*Client).UserSuspend),
		node("user/resume", CanWrite, true, "Lets a suspended user register and call again.", (*Client).UserResume),
		node("user/adopt", CanWrite, true, "Adopts users that other tools made in Kamailio's table.", (*Client).UserAdopt),
		node("user/show", CanRead, false, "Shows users with their phones, aliases, numbers and permissions.", (*Client).UserShow),
		node("user/contacts", CanRead, false, "Shows where a user is registered.", (*Client).UserContacts),

		node("phone/get", CanRead, false, "Shows a phone's users, or a user's phones.", (*Client).PhoneGet),
		node("phone/list", CanRead, false, "Lists phones.", (*Client).PhoneList),
		node("phone/add", CanWrite, true, "Associates a phone with a user.", (*Client).PhoneAdd),
		node("phone/remove", CanWrite, true, "Ends the association of a phone with a user.", (*Client).PhoneRemove),
		node("phone/show", CanRead, false, "Shows what is known of a phone.", (*Client).PhoneShow),
		node("phone/set", CanWrite, true, "Says what a phone is.", (*Client).PhoneSet),
		node("phone/enrol", CanWrite, true, "Lets the keys of domains open a phone's file for a while.", (*Client).PhoneEnrol),
		node("phone/config", CanSeeSecrets, false, "Shows a phone's file, in plain text.", (*Client).PhoneConfig),
		node("phone/resync", CanWrite, false, "Makes a phone fetch its configuration again.", (*Client).PhoneResync),

		node("number/list", CanRead, false, "Lists the free numbers, or those that are held or cooling.", (*Client).NumberList),
		node("number/add_range", CanAdminister, true, "Puts a range of numbers into the pool.", (*Client).NumberAddRange),
		node("number/add", CanAdminister, true, "Puts a number into the pool.", (*Client).NumberAdd),
		node("number/remove", CanWrite, true, "Takes a number out of the pool.", (*Client).NumberRemove),
		node("number/test", CanRead, false, "Reports whether a number is free.", (*Client).NumberTest),
		node("number/claim", CanWrite, true, "Takes a free number out of the pool.", (*Client).NumberClaim),
		node("number/assign", CanWrite, true, "Gives a user a number from the pool as alias.", (*Client).NumberAssign),
		node("number/release", CanWrite, true, "Returns an alias' number to the pool.", (*Client).NumberRelease),
		node("number/hold", CanWrite, true, "Holds a number for the caller for a while.", (*Client).NumberHold),
		node("number/unhold", CanWrite, true, "Ends a hold; another's needs the capability to administer.", (*Client).NumberUnhold),
		node("number/stats", CanRead, false, "Counts the numbers in each state.", (*Client).NumberStats),

		node("alias/list", CanRead, false, "Lists aliases.", (*Client).AliasList),
		node("alias/add", CanWrite, true, "Adds an alias.", (*Client).AliasAdd),
		node("alias/remove", CanWrite, true, "Removes an alias.", (*Client).AliasRemove),

		node("domain/list", CanRead, false, "Lists the domains that Kamailio serves.", (*Client).DomainList),
		node("domain/get_servers", CanRead, false, "Shows the default servers of a domain.", (*Client).DomainGetServers),
		node("domain/set_servers", CanAdminister, true, "Sets the default servers of a domain.", (*Client).DomainSetServers).refusing(Failed),
		node("domain/prov_key", CanAdminister, true, "Shows where new phones of a domain get their files; makes the key in the address.", (*Client).DomainProvKey),

		node("audit/list", CanAdminister, false, "Lists the changes that were made, the newest first.", (*Client).AuditList),
		node("audit/verify", CanAdminister, false, "Checks that the audit trail is whole.", (*Client).AuditVerify).unscoped(),
	}
}

func node[Req Request, Res any](path string, needs Capability, changes bool, about string,
	method func(*Client, context.Context, Req) (Res, error)) Node {
	return Node{
		Path: path, Needs: needs, Changes: changes, About: about, Refuses: Invalid, Answers: OK,
		// A pointer has the methods of its value, which the compiler cannot see of a type parameter.
		New:      func() Request { return any(new(Req)).(Request) },
		Response: reflect.TypeFor[Res](),
		Call: func(ctx context.Context, c *Client, req Request) (any, error) {
			replayed := false
			o := c.call
			o.Replayed = &replayed
			res, err := method(c.With(o), ctx, *any(req).(*Req))
			if c.call.Replayed != nil && err == nil {
				*c.call.Replayed = replayed
			}
			if changes && err == nil && !o.DryRun && !replayed {
				c.auditChange(ctx, path, needs, req, res)
			}
			return res, err
		},
	}
}

// BadParameter returns the node's answer to a fault in its parameters: a node that answers such
// faults with Failed, as domain/set_servers does, answers a description too.
func (n Node) BadParameter(detail string) *Error {
	err := &Error{Node: n.Path, Response: n.Refuses, Cause: Parameters, Detail: detail}
	if n.Refuses != Invalid {
		err.Description = detail
	}
	return err
}

func (n Node) refusing(r Response) Node {
	n.Refuses = r
	return n
}

func (n Node) answering(r Response) Node {
	n.Answers = r
	return n
}

func (n Node) always() Node {
	n.Always = true
	return n
}

func (n Node) unscoped() Node {
	n.Unscoped = true
	return n
}
