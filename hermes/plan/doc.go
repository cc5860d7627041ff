// Package plan makes users as a file says. The file is YAML or CSV and has one entry for each user;
// [Parse] reads it, [Make] compares it with a Hermes, and [Plan.Apply] does what is missing. Making
// a plan of a file that has been applied gives no action, and a file that was applied in part is
// finished by applying it again.
//
//	f, err := plan.Parse("users.csv", r)
//	…
//	p, err := plan.Make(ctx, client, f, nil)
//	…
//	for a := range p.Actions() {
//		fmt.Println(a)
//	}
//	result, err := p.Apply(ctx, client, &plan.ApplyOptions{Passwords: passwords})
//
// The package works over a [hermes.API]: over the Client of an embedded Hermes, and over that of
// package remote. [Export] writes the users of a Hermes as such a file.
//
// # Files
//
// A YAML file has a list under the key users, whose entries are mappings. A CSV file has the names
// of its columns in the first line. Keys and columns are the same:
//
//	user         the address, which every entry has
//	displayname  a text, as are email, authid, dialplan, linetext and rpid
//	permissions  names
//	phones       MAC addresses
//	number       a number, "auto" for any one of the pool, "auto:+4773*" for one that matches
//	aliases      addresses, but for that of the number
//	suspended    true or false
//	absent       true if there must be no such user; then the other fields do not matter
//
// A field that is not named is left alone. phones, aliases and permissions are the whole set.
// "auto" is satisfied by any number that the user has, and "auto:+4773*" by any that matches; a
// number is satisfied if the user has it.
//
// In CSV, columns are separated by commas, semicolons or tabs, and several values in a cell by
// blanks or commas. An empty cell leaves the field alone, and "-" empties it. A spreadsheet takes
// cells that begin with =, +, - or @ for formulas. So [Export] writes an apostrophe before them,
// and [Parse] drops an apostrophe before one of these characters or another apostrophe. In YAML, an
// empty text or list empties the field.
//
// A phone may be named for several users, since each may have a line of it; users that are added
// get their lines in the order in which [Plan.Apply] adds them. Numbers and aliases lead to one
// user each.
//
// YAML is read by go.yaml.in/yaml/v4, which the YAML organization keeps, has no dependencies, and
// knows line and column of each value. It expands no aliases here: those of a file can name
// 1,000,000 values in all.
//
// # Passwords and idempotency keys
//
// New users get generated passwords, which are appended to a [PasswordFile]. Before users are
// added, their requests are noted in a file beside it. Each request has an idempotency key made of
// the run, the user and its entry, under which the server keeps its answer for 24 hours. An apply
// that finds the notes of one that was killed asks again with the same keys, and so gets the same
// passwords.
//
// The state of each user of the file is read by user/show, the only node that has all that hangs on
// a user: lists have addresses and display names only. A domain is listed, in pages of 500, if it
// is to be pruned or exported. Such pages are always read from the primary database.
package plan
