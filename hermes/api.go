package hermes

import "context"

// API is what [Client] and the Client of package remote have in common: a method for each node,
// with the same requests, responses and errors. A program that takes an API works with the Hermes
// that is embedded in it, and with that of a server.
//
// The nodes that open, renew and end a session are not part of it, because an embedded Client needs
// no session and a remote one keeps its own: auth/login, auth/challenge, auth/ping and auth/logout.
//
// Each new node adds a method. A type of your tests that implements API should therefore embed one.
type API interface {
	// WithOptions returns the same API, whose calls are made with o in the place of the options that
	// it has.
	WithOptions(o CallOptions) API

	// AuthWhoami is [Client.AuthWhoami].
	AuthWhoami(context.Context, AuthWhoamiRequest) (AuthWhoamiResponse, error)
	// AuthNewKey is [Client.AuthNewKey].
	AuthNewKey(context.Context, AuthNewKeyRequest) (AuthNewKeyResponse, error)
	// AuthRemoveKey is [Client.AuthRemoveKey].
	AuthRemoveKey(context.Context, AuthRemoveKeyRequest) (AuthRemoveKeyResponse, error)
	// AuthListKeys is [Client.AuthListKeys].
	AuthListKeys(context.Context, AuthListKeysRequest) (AuthListKeysResponse, error)
	// AuthAuthorize is [Client.AuthAuthorize].
	AuthAuthorize(context.Context, AuthAuthorizeRequest) (AuthAuthorizeResponse, error)
	// AuthRemoveUser is [Client.AuthRemoveUser].
	AuthRemoveUser(context.Context, AuthRemoveUserRequest) (AuthRemoveUserResponse, error)
	// AuthListUsers is [Client.AuthListUsers].
	AuthListUsers(context.Context, AuthListUsersRequest) (AuthListUsersResponse, error)
	// AuthAddUser is [Client.AuthAddUser].
	AuthAddUser(context.Context, AuthAddUserRequest) (AuthAddUserResponse, error)
	// AuthUpdateUser is [Client.AuthUpdateUser].
	AuthUpdateUser(context.Context, AuthUpdateUserRequest) (AuthUpdateUserResponse, error)

	// UserGet is [Client.UserGet].
	UserGet(context.Context, UserGetRequest) (UserGetResponse, error)
	// UserList is [Client.UserList].
	UserList(context.Context, UserListRequest) (UserListResponse, error)
	// UserAdd is [Client.UserAdd].
	UserAdd(context.Context, UserAddRequest) (UserAddResponse, error)
	// UserAddRemote is [Client.UserAddRemote].
	UserAddRemote(context.Context, UserAddRemoteRequest) (UserAddRemoteResponse, error)
	// UserRemove is [Client.UserRemove].
	UserRemove(context.Context, UserRemoveRequest) (UserRemoveResponse, error)
	// UserChangePw is [Client.UserChangePw].
	UserChangePw(context.Context, UserChangePwRequest) (UserChangePwResponse, error)
	// UserChangeEmail is [Client.UserChangeEmail].
	UserChangeEmail(context.Context, UserChangeEmailRequest) (UserChangeEmailResponse, error)
	// UserUpdate is [Client.UserUpdate].
	UserUpdate(context.Context, UserUpdateRequest) (UserUpdateResponse, error)
	// UserAvail is [Client.UserAvail].
	UserAvail(context.Context, UserAvailRequest) (UserAvailResponse, error)
	// UserGeneratePassword is [Client.UserGeneratePassword].
	UserGeneratePassword(context.Context, UserGeneratePasswordRequest) (UserGeneratePasswordResponse, error)
	// UserPermissions is [Client.UserPermissions].
	UserPermissions(context.Context, UserPermissionsRequest) (UserPermissionsResponse, error)
	// UserOnboard is [Client.UserOnboard].
	UserOnboard(context.Context, UserOnboardRequest) (UserOnboardResponse, error)
	// UserOffboard is [Client.UserOffboard].
	UserOffboard(context.Context, UserOffboardRequest) (UserOffboardResponse, error)
	// UserRename is [Client.UserRename].
	UserRename(context.Context, UserRenameRequest) (UserRenameResponse, error)
	// UserSuspend is [Client.UserSuspend].
	UserSuspend(context.Context, UserSuspendRequest) (UserSuspendResponse, error)
	// UserResume is [Client.UserResume].
	UserResume(context.Context, UserResumeRequest) (UserResumeResponse, error)
	// UserAdopt is [Client.UserAdopt].
	UserAdopt(context.Context, UserAdoptRequest) (UserAdoptResponse, error)
	// UserShow is [Client.UserShow].
	UserShow(context.Context, UserShowRequest) (UserShowResponse, error)
	// UserContacts is [Client.UserContacts].
	UserContacts(context.Context, UserContactsRequest) (UserContactsResponse, error)

	// PhoneGet is [Client.PhoneGet].
	PhoneGet(context.Context, PhoneGetRequest) (PhoneGetResponse, error)
	// PhoneList is [Client.PhoneList].
	PhoneList(context.Context, PhoneListRequest) (PhoneListResponse, error)
	// PhoneAdd is [Client.PhoneAdd].
	PhoneAdd(context.Context, PhoneAddRequest) (PhoneAddResponse, error)
	// PhoneRemove is [Client.PhoneRemove].
	PhoneRemove(context.Context, PhoneRemoveRequest) (PhoneRemoveResponse, error)
	// PhoneShow is [Client.PhoneShow].
	PhoneShow(context.Context, PhoneShowRequest) (PhoneShowResponse, error)
	// PhoneSet is [Client.PhoneSet].
	PhoneSet(context.Context, PhoneSetRequest) (PhoneSetResponse, error)
	// PhoneEnrol is [Client.PhoneEnrol].
	PhoneEnrol(context.Context, PhoneEnrolRequest) (PhoneEnrolResponse, error)
	// PhoneConfig is [Client.PhoneConfig].
	PhoneConfig(context.Context, PhoneConfigRequest) (PhoneConfigResponse, error)
	// PhoneResync is [Client.PhoneResync].
	PhoneResync(context.Context, PhoneResyncRequest) (PhoneResyncResponse, error)

	// NumberList is [Client.NumberList].
	NumberList(context.Context, NumberListRequest) (NumberListResponse, error)
	// NumberAddRange is [Client.NumberAddRange].
	NumberAddRange(context.Context, NumberAddRangeRequest) (NumberAddRangeResponse, error)
	// NumberAdd is [Client.NumberAdd].
	NumberAdd(context.Context, NumberAddRequest) (NumberAddResponse, error)
	// NumberRemove is [Client.NumberRemove].
	NumberRemove(context.Context, NumberRemoveRequest) (NumberRemoveResponse, error)
	// NumberTest is [Client.NumberTest].
	NumberTest(context.Context, NumberTestRequest) (NumberTestResponse, error)
	// NumberClaim is [Client.NumberClaim].
	NumberClaim(context.Context, NumberClaimRequest) (NumberClaimResponse, error)
	// NumberAssign is [Client.NumberAssign].
	NumberAssign(context.Context, NumberAssignRequest) (NumberAssignResponse, error)
	// NumberRelease is [Client.NumberRelease].
	NumberRelease(context.Context, NumberReleaseRequest) (NumberReleaseResponse, error)
	// NumberHold is [Client.NumberHold].
	NumberHold(context.Context, NumberHoldRequest) (NumberHoldResponse, error)
	// NumberUnhold is [Client.NumberUnhold].
	NumberUnhold(context.Context, NumberUnholdRequest) (NumberUnholdResponse, error)
	// NumberStats is [Client.NumberStats].
	NumberStats(context.Context, NumberStatsRequest) (NumberStatsResponse, error)

	// AliasList is [Client.AliasList].
	AliasList(context.Context, AliasListRequest) (AliasListResponse, error)
	// AliasAdd is [Client.AliasAdd].
	AliasAdd(context.Context, AliasAddRequest) (AliasAddResponse, error)
	// AliasRemove is [Client.AliasRemove].
	AliasRemove(context.Context, AliasRemoveRequest) (AliasRemoveResponse, error)

	// DomainList is [Client.DomainList].
	DomainList(context.Context, DomainListRequest) (DomainListResponse, error)
	// DomainGetServers is [Client.DomainGetServers].
	DomainGetServers(context.Context, DomainGetServersRequest) (DomainGetServersResponse, error)
	// DomainSetServers is [Client.DomainSetServers].
	DomainSetServers(context.Context, DomainSetServersRequest) (DomainSetServersResponse, error)
	// DomainProvKey is [Client.DomainProvKey].
	DomainProvKey(context.Context, DomainProvKeyRequest) (DomainProvKeyResponse, error)

	// AuditList is [Client.AuditList].
	AuditList(context.Context, AuditListRequest) (AuditListResponse, error)
	// AuditVerify is [Client.AuditVerify].
	AuditVerify(context.Context, AuditVerifyRequest) (AuditVerifyResponse, error)
}

var _ API = (*Client)(nil)

// WithOptions is [Client.With] as the [API] has it.
func (c *Client) WithOptions(o CallOptions) API { return c.With(o) }
