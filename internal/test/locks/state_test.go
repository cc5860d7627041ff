package locks_test

import "github.com/hermes-voip/go-hermes/hermes"

// state is what calls begin with: the result of other calls.
type state struct {
	name  string
	calls []call
}

// sipStates returns states of the SIP users and what belongs to them. Each has the servers of
// example.com and the user bob.
func sipStates() []state {
	addAlice := nodeCall("user/add", "", &hermes.UserAddRequest{User: alice, PermittedCalls: "local,intl"})
	addCarol := nodeCall("user/add_remote", "", &hermes.UserAddRemoteRequest{
		User: carol, Password: hermes.NewSecret("x"), Registrar: exampleNet,
	})
	addNumber := nodeCall("number/add", "", &hermes.NumberAddRequest{Number: number1})
	addRange := nodeCall("number/add_range", "", &hermes.NumberAddRangeRequest{Start: number1, End: number2})
	states := []state{
		{name: "no user"},
		{name: "users, one number", calls: []call{addAlice, addCarol, addNumber}},
		{name: "a user with a phone and an alias", calls: []call{
			addAlice, addCarol, addRange,
			nodeCall("phone/add", "", &hermes.PhoneAddRequest{MAC: phone, User: alice}),
			nodeCall("alias/add", "", &hermes.AliasAddRequest{Alias: sales, Destination: alice}),
		}},
		{name: "a user with a number", calls: []call{
			addAlice, addRange, nodeCall("number/assign", "", &hermes.NumberAssignRequest{User: alice, Number: number1}),
		}},
		{name: "a number in two domains", calls: []call{
			addAlice, addCarol,
			nodeCall("alias/add", "", &hermes.AliasAddRequest{Alias: alias1, Destination: alice}),
			nodeCall("alias/add", "", &hermes.AliasAddRequest{Alias: otherAlias1, Destination: bob}),
		}},
		{name: "a user at the address of a number", calls: []call{
			addAlice, addCarol, addRange, nodeCall("user/add", "", &hermes.UserAddRequest{User: alias1}),
		}},
	}
	for i := range states {
		states[i].calls = append([]call{
			setServers("reg.example.com"), nodeCall("user/add", "", &hermes.UserAddRequest{User: bob}),
		}, states[i].calls...)
	}
	return states
}

// authStates returns states of the API users and keys.
func authStates() []state {
	password := hermes.NewSecret(firstPassword)
	add := func(user string, access hermes.Access) []call {
		return []call{
			nodeCall("auth/add_user", "", &hermes.AuthAddUserRequest{User: user, Password: password}),
			nodeCall("auth/authorize", "", &hermes.AuthAuthorizeRequest{User: user, Access: access}),
		}
	}
	admin := add("root", hermes.FullWrite)
	return []state{
		{name: "nothing"},
		{name: "one admin", calls: admin},
		{name: "one admin and a user", calls: append(add("erin", hermes.FullRead), admin...)},
		{name: "two admins", calls: append(add("erin", hermes.FullWrite), admin...)},
		{name: "an admin and a key", calls: append(admin, newKey())},
	}
}
