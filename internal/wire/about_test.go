package wire_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

func TestColumns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		response any
		want     []string
	}{
		"objects":   {hermes.UserListResponse{}, []string{"user", "displayname"}},
		"texts":     {hermes.PhoneGetResponse{}, nil},
		"values":    {hermes.NumberListResponse{}, nil},
		"no list":   {hermes.NumberStatsResponse{}, nil},
		"no member": {hermes.AuthLogoutResponse{}, nil},
	} {
		if diff := cmp.Diff(tt.want, wire.Columns(reflect.TypeOf(tt.response))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		response any
		want     []string
	}{
		"in an object":          {hermes.UserGetResponse{}, []string{"ha1", "ha1b", "password"}},
		"in the list of users":  {hermes.UserShowResponse{}, []string{"ha1", "ha1b", "password"}},
		"that may be absent":    {hermes.PhoneShowResponse{}, []string{"url"}},
		"a member":              {hermes.AuthNewKeyResponse{}, []string{"key"}},
		"none in a list of all": {hermes.AuditListResponse{}, nil},
	} {
		got := slices.Sorted(maps.Keys(wire.Secrets(reflect.TypeOf(tt.response))))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
