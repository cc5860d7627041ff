package doctor

// about is a check that counts what has a fault.
type about struct {
	check  string
	level  Level  // where something has it
	fine   string // what is so where nothing has it
	fault  string // what has it; number and names follow
	remedy string
}

// The checks of Kamailio's schema.
var (
	kamailioTables = about{"kamailio-tables", Fail, "Kamailio's tables and their columns are there",
		"missing of Kamailio's tables and columns",
		"kamailio-schema wants the schema that they are in; hermesd migrate --kamailio-tables makes tables that are missing, Kamailio's kamdbctl brings old ones to its release"}
	foreignColumns = about{"foreign-columns", Fail, "no column that Hermes does not know wants a value",
		"columns that Hermes does not know, and that have neither a default nor NULL: nothing can be added to their tables",
		"ALTER each to have a default"}
	tableVersions = about{"table-versions", Fail, "the rows in Kamailio's table version are those that it wants",
		"rows in Kamailio's table version that keep it from starting",
		"bring the tables to Kamailio's release by its kamdbctl; where only the row is wrong, correct it"}
	domainAttributes = about{"domain-attributes", Fail, "no row of domain_attrs stops Kamailio's domain.reload",
		"rows of domain_attrs that stop Kamailio's domain.reload, their type being neither 0 nor 2, or 0 without an integer",
		"correct or DELETE them"}
)

// The checks of domains.
var (
	defaultServers = about{"default-servers", Warn, "every domain that is served has default servers",
		"domains without default servers, to which no user can be added",
		"domain/set_servers"}
	userDomains = about{"user-domains", Warn, "every user's domain is served",
		"users in domains that are not served",
		"add the domain to Kamailio's table domain and run its domain.reload, or name it with --domain; or user/remove"}
	domainCase = about{"domain-case", Warn, "every domain in Kamailio's tables is in lower case",
		"rows whose domain is not in lower case, though users and aliases are looked up in lower case",
		"UPDATE the domain to lower case, then user/change_pw for users, whose ha1 and ha1b depend on it; Kamailio's domain.reload for the table domain"}
	sameUserNames = about{"same-user-names", Warn, "no two domains have a user name in common",
		"user names that several domains have: a Kamailio without use_domain=1 takes one user for the other",
		`see that Kamailio's configuration has modparam("auth_db", "use_domain", 1); doctor cannot see it`}
	sameAliasNames = about{"same-alias-names", Warn, "no two domains have the user name of an alias in common",
		"user names of aliases that several domains have: a Kamailio without use_domain=1 takes one alias for the other",
		`see that Kamailio's configuration has modparam("alias_db", "use_domain", 1); doctor cannot see it`}
)

// The checks of users.
var (
	kamailioOnlyUsers = about{"kamailio-only-users", Warn, "every user in subscriber has a row in Hermes' table",
		"users whom only Kamailio's subscriber has, as kamctl adds them",
		"user/change_pw makes the row, with a password that Hermes knows; or user/remove"}
	hermesOnlyUsers = about{"hermes-only-users", Fail, "every local user has a row in Kamailio's subscriber",
		"local users without a row in Kamailio's subscriber, as kamctl removes them: they cannot register",
		"user/change_pw makes the row anew; user/remove removes what is left"}
	emptyHashes = about{"empty-hashes", Warn, "no ha1 and no ha1b is empty",
		"users with an empty ha1 or ha1b, as dSIPRouter adds them: a Kamailio with calculate_ha1=0 refuses them",
		"user/change_pw writes both"}
	secretKeys = about{"secret-keys", Fail, "every sealed password opens",
		"users whose sealed password no secret key opens",
		"put the key that sealed it into secret-key, after the first; where that is lost, user/change_pw for each"}
	passwordHashes = about{"password-hashes", Fail, "ha1 and ha1b fit the sealed passwords",
		"users whose ha1 or ha1b does not fit the password that Hermes has: another tool changed it",
		"user/change_pw makes them one again"}
	clearKept = about{"clear-passwords", Warn, "subscriber.password is empty",
		"users whose clear password is in subscriber.password, though kamailio-plaintext is off",
		"user/change_pw empties it; or kamailio-plaintext, where Kamailio has calculate_ha1=yes"}
	clearMissing = about{"clear-passwords", Fail, "subscriber.password has the clear passwords, as kamailio-plaintext wants",
		"users whose subscriber.password is empty or not their password, though kamailio-plaintext is on: a Kamailio with calculate_ha1=yes refuses them",
		"user/change_pw writes it; or kamailio-plaintext off, where Kamailio reads ha1"}
)

// The checks of what belongs to users.
var (
	aliasDestinations = about{"alias-destinations", Warn, "no alias leads to a user who does not exist",
		"aliases that lead to a user who does not exist: calls to them are refused",
		"alias/remove, or number/release for a number; an alias of an alias is not followed"}
	usersAndAliases = about{"users-and-aliases", Fail, "no address is both a user and an alias",
		"addresses that are a user and an alias: the alias takes the user's calls away",
		"alias/remove"}
	duplicateAliases = about{"duplicate-aliases", Warn, "every alias is there once",
		"aliases that are there several times",
		"alias/remove removes every row of one; alias/add adds the right one"}
	severalNumbers = about{"e164-aliases", Warn, "no destination has several E.164 aliases",
		"destinations that have several E.164 aliases, of which Hermes gives one",
		"alias/list shows them; number/release all but one"}
	poolNumbers = about{"pool-numbers", Fail, "no number in the pool is in use",
		"numbers in the pool that are in use as an alias",
		"number/remove takes them out of the pool"}
	lostPhones = about{"phones", Warn, "every phone's users exist",
		"phones of users who do not exist",
		"phone/remove"}
	lostGroups = about{"groups", Warn, "every row of grp is a user's",
		"users who do not exist but have rows in grp, which a new user of that name would inherit",
		"DELETE the rows from grp"}
)
