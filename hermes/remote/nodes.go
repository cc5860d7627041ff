package remote

import (
	"context"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

var _ hermes.API = (*Client)(nil)

// AuthWhoami calls auth/whoami, as [hermes.Client.AuthWhoami] does.
func (c *Client) AuthWhoami(ctx context.Context, req hermes.AuthWhoamiRequest) (hermes.AuthWhoamiResponse, error) {
	return call[hermes.AuthWhoamiResponse](ctx, c, "auth/whoami", req)
}

// AuthNewKey calls auth/new_key, as [hermes.Client.AuthNewKey] does.
func (c *Client) AuthNewKey(ctx context.Context, req hermes.AuthNewKeyRequest) (hermes.AuthNewKeyResponse, error) {
	return call[hermes.AuthNewKeyResponse](ctx, c, "auth/new_key", req)
}

// AuthRemoveKey calls auth/remove_key, as [hermes.Client.AuthRemoveKey] does.
func (c *Client) AuthRemoveKey(ctx context.Context, req hermes.AuthRemoveKeyRequest) (hermes.AuthRemoveKeyResponse, error) {
	return call[hermes.AuthRemoveKeyResponse](ctx, c, "auth/remove_key", req)
}

// AuthListKeys calls auth/list_keys, as [hermes.Client.AuthListKeys] does.
func (c *Client) AuthListKeys(ctx context.Context, req hermes.AuthListKeysRequest) (hermes.AuthListKeysResponse, error) {
	return call[hermes.AuthListKeysResponse](ctx, c, "auth/list_keys", req)
}

// AuthAuthorize calls auth/authorize, as [hermes.Client.AuthAuthorize] does.
func (c *Client) AuthAuthorize(ctx context.Context, req hermes.AuthAuthorizeRequest) (hermes.AuthAuthorizeResponse, error) {
	return call[hermes.AuthAuthorizeResponse](ctx, c, "auth/authorize", req)
}

// AuthRemoveUser calls auth/remove_user, as [hermes.Client.AuthRemoveUser] does.
func (c *Client) AuthRemoveUser(ctx context.Context, req hermes.AuthRemoveUserRequest) (hermes.AuthRemoveUserResponse, error) {
	return call[hermes.AuthRemoveUserResponse](ctx, c, "auth/remove_user", req)
}

// AuthListUsers calls auth/list_users, as [hermes.Client.AuthListUsers] does.
func (c *Client) AuthListUsers(ctx context.Context, req hermes.AuthListUsersRequest) (hermes.AuthListUsersResponse, error) {
	return call[hermes.AuthListUsersResponse](ctx, c, "auth/list_users", req)
}

// AuthAddUser calls auth/add_user, as [hermes.Client.AuthAddUser] does.
func (c *Client) AuthAddUser(ctx context.Context, req hermes.AuthAddUserRequest) (hermes.AuthAddUserResponse, error) {
	return call[hermes.AuthAddUserResponse](ctx, c, "auth/add_user", req)
}

// AuthUpdateUser calls auth/update_user, as [hermes.Client.AuthUpdateUser] does.
func (c *Client) AuthUpdateUser(ctx context.Context, req hermes.AuthUpdateUserRequest) (hermes.AuthUpdateUserResponse, error) {
	return call[hermes.AuthUpdateUserResponse](ctx, c, "auth/update_user", req)
}

// UserGet calls user/get, as [hermes.Client.UserGet] does.
func (c *Client) UserGet(ctx context.Context, req hermes.UserGetRequest) (hermes.UserGetResponse, error) {
	return call[hermes.UserGetResponse](ctx, c, "user/get", req)
}

// UserList calls user/list, as [hermes.Client.UserList] does.
func (c *Client) UserList(ctx context.Context, req hermes.UserListRequest) (hermes.UserListResponse, error) {
	list, err := callList[hermes.UserEntry](ctx, c, "user/list", req)
	return hermes.UserListResponse{List: list}, err
}

// UserAdd calls user/add, as [hermes.Client.UserAdd] does.
func (c *Client) UserAdd(ctx context.Context, req hermes.UserAddRequest) (hermes.UserAddResponse, error) {
	return call[hermes.UserAddResponse](ctx, c, "user/add", req)
}

// UserAddRemote calls user/add_remote, as [hermes.Client.UserAddRemote] does.
func (c *Client) UserAddRemote(ctx context.Context, req hermes.UserAddRemoteRequest) (hermes.UserAddRemoteResponse, error) {
	return call[hermes.UserAddRemoteResponse](ctx, c, "user/add_remote", req)
}

// UserRemove calls user/remove, as [hermes.Client.UserRemove] does.
func (c *Client) UserRemove(ctx context.Context, req hermes.UserRemoveRequest) (hermes.UserRemoveResponse, error) {
	return call[hermes.UserRemoveResponse](ctx, c, "user/remove", req)
}

// UserChangePw calls user/change_pw, as [hermes.Client.UserChangePw] does.
func (c *Client) UserChangePw(ctx context.Context, req hermes.UserChangePwRequest) (hermes.UserChangePwResponse, error) {
	return call[hermes.UserChangePwResponse](ctx, c, "user/change_pw", req)
}

// UserChangeEmail calls user/change_email, as [hermes.Client.UserChangeEmail] does.
func (c *Client) UserChangeEmail(ctx context.Context, req hermes.UserChangeEmailRequest) (hermes.UserChangeEmailResponse, error) {
	return call[hermes.UserChangeEmailResponse](ctx, c, "user/change_email", req)
}

// UserUpdate calls user/update, as [hermes.Client.UserUpdate] does.
func (c *Client) UserUpdate(ctx context.Context, req hermes.UserUpdateRequest) (hermes.UserUpdateResponse, error) {
	return call[hermes.UserUpdateResponse](ctx, c, "user/update", req)
}

// UserAvail calls user/avail, as [hermes.Client.UserAvail] does.
func (c *Client) UserAvail(ctx context.Context, req hermes.UserAvailRequest) (hermes.UserAvailResponse, error) {
	return call[hermes.UserAvailResponse](ctx, c, "user/avail", req)
}

// UserGeneratePassword calls user/generate_password, as [hermes.Client.UserGeneratePassword] does.
func (c *Client) UserGeneratePassword(ctx context.Context, req hermes.UserGeneratePasswordRequest) (hermes.UserGeneratePasswordResponse, error) {
	return call[hermes.UserGeneratePasswordResponse](ctx, c, "user/generate_password", req)
}

// UserPermissions calls user/permissions, as [hermes.Client.UserPermissions] does.
func (c *Client) UserPermissions(ctx context.Context, req hermes.UserPermissionsRequest) (hermes.UserPermissionsResponse, error) {
	return call[hermes.UserPermissionsResponse](ctx, c, "user/permissions", req)
}

// UserOnboard calls user/onboard, as [hermes.Client.UserOnboard] does.
func (c *Client) UserOnboard(ctx context.Context, req hermes.UserOnboardRequest) (hermes.UserOnboardResponse, error) {
	return call[hermes.UserOnboardResponse](ctx, c, "user/onboard", req)
}

// UserOffboard calls user/offboard, as [hermes.Client.UserOffboard] does.
func (c *Client) UserOffboard(ctx context.Context, req hermes.UserOffboardRequest) (hermes.UserOffboardResponse, error) {
	return call[hermes.UserOffboardResponse](ctx, c, "user/offboard", req)
}

// UserRename calls user/rename, as [hermes.Client.UserRename] does.
func (c *Client) UserRename(ctx context.Context, req hermes.UserRenameRequest) (hermes.UserRenameResponse, error) {
	return call[hermes.UserRenameResponse](ctx, c, "user/rename", req)
}

// UserSuspend calls user/suspend, as [hermes.Client.UserSuspend] does.
func (c *Client) UserSuspend(ctx context.Context, req hermes.UserSuspendRequest) (hermes.UserSuspendResponse, error) {
	return call[hermes.UserSuspendResponse](ctx, c, "user/suspend", req)
}

// UserResume calls user/resume, as [hermes.Client.UserResume] does.
func (c *Client) UserResume(ctx context.Context, req hermes.UserResumeRequest) (hermes.UserResumeResponse, error) {
	return call[hermes.UserResumeResponse](ctx, c, "user/resume", req)
}

// UserAdopt calls user/adopt, as [hermes.Client.UserAdopt] does.
func (c *Client) UserAdopt(ctx context.Context, req hermes.UserAdoptRequest) (hermes.UserAdoptResponse, error) {
	return call[hermes.UserAdoptResponse](ctx, c, "user/adopt", req)
}

// UserShow calls user/show, as [hermes.Client.UserShow] does.
func (c *Client) UserShow(ctx context.Context, req hermes.UserShowRequest) (hermes.UserShowResponse, error) {
	return call[hermes.UserShowResponse](ctx, c, "user/show", req)
}

// UserContacts calls user/contacts, as [hermes.Client.UserContacts] does.
func (c *Client) UserContacts(ctx context.Context, req hermes.UserContactsRequest) (hermes.UserContactsResponse, error) {
	return call[hermes.UserContactsResponse](ctx, c, "user/contacts", req)
}

// PhoneGet calls phone/get, as [hermes.Client.PhoneGet] does.
func (c *Client) PhoneGet(ctx context.Context, req hermes.PhoneGetRequest) (hermes.PhoneGetResponse, error) {
	return call[hermes.PhoneGetResponse](ctx, c, "phone/get", req)
}

// PhoneList calls phone/list, as [hermes.Client.PhoneList] does.
func (c *Client) PhoneList(ctx context.Context, req hermes.PhoneListRequest) (hermes.PhoneListResponse, error) {
	list, err := callList[mac.Addr](ctx, c, "phone/list", req)
	return hermes.PhoneListResponse{List: list}, err
}

// PhoneAdd calls phone/add, as [hermes.Client.PhoneAdd] does.
func (c *Client) PhoneAdd(ctx context.Context, req hermes.PhoneAddRequest) (hermes.PhoneAddResponse, error) {
	return call[hermes.PhoneAddResponse](ctx, c, "phone/add", req)
}

// PhoneRemove calls phone/remove, as [hermes.Client.PhoneRemove] does.
func (c *Client) PhoneRemove(ctx context.Context, req hermes.PhoneRemoveRequest) (hermes.PhoneRemoveResponse, error) {
	return call[hermes.PhoneRemoveResponse](ctx, c, "phone/remove", req)
}

// PhoneShow calls phone/show, as [hermes.Client.PhoneShow] does.
func (c *Client) PhoneShow(ctx context.Context, req hermes.PhoneShowRequest) (hermes.PhoneShowResponse, error) {
	return call[hermes.PhoneShowResponse](ctx, c, "phone/show", req)
}

// PhoneSet calls phone/set, as [hermes.Client.PhoneSet] does.
func (c *Client) PhoneSet(ctx context.Context, req hermes.PhoneSetRequest) (hermes.PhoneSetResponse, error) {
	return call[hermes.PhoneSetResponse](ctx, c, "phone/set", req)
}

// PhoneEnrol calls phone/enrol, as [hermes.Client.PhoneEnrol] does.
func (c *Client) PhoneEnrol(ctx context.Context, req hermes.PhoneEnrolRequest) (hermes.PhoneEnrolResponse, error) {
	return call[hermes.PhoneEnrolResponse](ctx, c, "phone/enrol", req)
}

// PhoneConfig calls phone/config, as [hermes.Client.PhoneConfig] does.
func (c *Client) PhoneConfig(ctx context.Context, req hermes.PhoneConfigRequest) (hermes.PhoneConfigResponse, error) {
	return call[hermes.PhoneConfigResponse](ctx, c, "phone/config", req)
}

// PhoneResync calls phone/resync, as [hermes.Client.PhoneResync] does.
func (c *Client) PhoneResync(ctx context.Context, req hermes.PhoneResyncRequest) (hermes.PhoneResyncResponse, error) {
	return call[hermes.PhoneResyncResponse](ctx, c, "phone/resync", req)
}

// NumberList calls number/list, as [hermes.Client.NumberList] does.
func (c *Client) NumberList(ctx context.Context, req hermes.NumberListRequest) (hermes.NumberListResponse, error) {
	list, err := callList[e164.Number](ctx, c, "number/list", req)
	return hermes.NumberListResponse{List: list}, err
}

// NumberAddRange calls number/add_range, as [hermes.Client.NumberAddRange] does.
func (c *Client) NumberAddRange(ctx context.Context, req hermes.NumberAddRangeRequest) (hermes.NumberAddRangeResponse, error) {
	return call[hermes.NumberAddRangeResponse](ctx, c, "number/add_range", req)
}

// NumberAdd calls number/add, as [hermes.Client.NumberAdd] does.
func (c *Client) NumberAdd(ctx context.Context, req hermes.NumberAddRequest) (hermes.NumberAddResponse, error) {
	return call[hermes.NumberAddResponse](ctx, c, "number/add", req)
}

// NumberRemove calls number/remove, as [hermes.Client.NumberRemove] does.
func (c *Client) NumberRemove(ctx context.Context, req hermes.NumberRemoveRequest) (hermes.NumberRemoveResponse, error) {
	return call[hermes.NumberRemoveResponse](ctx, c, "number/remove", req)
}

// NumberTest calls number/test, as [hermes.Client.NumberTest] does.
func (c *Client) NumberTest(ctx context.Context, req hermes.NumberTestRequest) (hermes.NumberTestResponse, error) {
	return call[hermes.NumberTestResponse](ctx, c, "number/test", req)
}

// NumberClaim calls number/claim, as [hermes.Client.NumberClaim] does.
func (c *Client) NumberClaim(ctx context.Context, req hermes.NumberClaimRequest) (hermes.NumberClaimResponse, error) {
	return call[hermes.NumberClaimResponse](ctx, c, "number/claim", req)
}

// NumberAssign calls number/assign, as [hermes.Client.NumberAssign] does.
func (c *Client) NumberAssign(ctx context.Context, req hermes.NumberAssignRequest) (hermes.NumberAssignResponse, error) {
	return call[hermes.NumberAssignResponse](ctx, c, "number/assign", req)
}

// NumberRelease calls number/release, as [hermes.Client.NumberRelease] does.
func (c *Client) NumberRelease(ctx context.Context, req hermes.NumberReleaseRequest) (hermes.NumberReleaseResponse, error) {
	return call[hermes.NumberReleaseResponse](ctx, c, "number/release", req)
}

// NumberHold calls number/hold, as [hermes.Client.NumberHold] does.
func (c *Client) NumberHold(ctx context.Context, req hermes.NumberHoldRequest) (hermes.NumberHoldResponse, error) {
	return call[hermes.NumberHoldResponse](ctx, c, "number/hold", req)
}

// NumberUnhold calls number/unhold, as [hermes.Client.NumberUnhold] does.
func (c *Client) NumberUnhold(ctx context.Context, req hermes.NumberUnholdRequest) (hermes.NumberUnholdResponse, error) {
	return call[hermes.NumberUnholdResponse](ctx, c, "number/unhold", req)
}

// NumberStats calls number/stats, as [hermes.Client.NumberStats] does.
func (c *Client) NumberStats(ctx context.Context, req hermes.NumberStatsRequest) (hermes.NumberStatsResponse, error) {
	return call[hermes.NumberStatsResponse](ctx, c, "number/stats", req)
}

// AliasList calls alias/list, as [hermes.Client.AliasList] does.
func (c *Client) AliasList(ctx context.Context, req hermes.AliasListRequest) (hermes.AliasListResponse, error) {
	list, err := callList[hermes.Alias](ctx, c, "alias/list", req)
	return hermes.AliasListResponse{List: list}, err
}

// AliasAdd calls alias/add, as [hermes.Client.AliasAdd] does.
func (c *Client) AliasAdd(ctx context.Context, req hermes.AliasAddRequest) (hermes.AliasAddResponse, error) {
	return call[hermes.AliasAddResponse](ctx, c, "alias/add", req)
}

// AliasRemove calls alias/remove, as [hermes.Client.AliasRemove] does.
func (c *Client) AliasRemove(ctx context.Context, req hermes.AliasRemoveRequest) (hermes.AliasRemoveResponse, error) {
	return call[hermes.AliasRemoveResponse](ctx, c, "alias/remove", req)
}

// DomainList calls domain/list, as [hermes.Client.DomainList] does.
func (c *Client) DomainList(ctx context.Context, req hermes.DomainListRequest) (hermes.DomainListResponse, error) {
	return call[hermes.DomainListResponse](ctx, c, "domain/list", req)
}

// DomainGetServers calls domain/get_servers, as [hermes.Client.DomainGetServers] does.
func (c *Client) DomainGetServers(ctx context.Context, req hermes.DomainGetServersRequest) (hermes.DomainGetServersResponse, error) {
	return call[hermes.DomainGetServersResponse](ctx, c, "domain/get_servers", req)
}

// DomainSetServers calls domain/set_servers, as [hermes.Client.DomainSetServers] does.
func (c *Client) DomainSetServers(ctx context.Context, req hermes.DomainSetServersRequest) (hermes.DomainSetServersResponse, error) {
	return call[hermes.DomainSetServersResponse](ctx, c, "domain/set_servers", req)
}

// DomainProvKey calls domain/prov_key, as [hermes.Client.DomainProvKey] does.
func (c *Client) DomainProvKey(ctx context.Context, req hermes.DomainProvKeyRequest) (hermes.DomainProvKeyResponse, error) {
	return call[hermes.DomainProvKeyResponse](ctx, c, "domain/prov_key", req)
}

// AuditList calls audit/list, as [hermes.Client.AuditList] does.
func (c *Client) AuditList(ctx context.Context, req hermes.AuditListRequest) (hermes.AuditListResponse, error) {
	list, err := callList[hermes.AuditListEntry](ctx, c, "audit/list", req)
	return hermes.AuditListResponse{List: list}, err
}

// AuditVerify calls audit/verify, as [hermes.Client.AuditVerify] does.
func (c *Client) AuditVerify(ctx context.Context, req hermes.AuditVerifyRequest) (hermes.AuditVerifyResponse, error) {
	return call[hermes.AuditVerifyResponse](ctx, c, "audit/verify", req)
}
