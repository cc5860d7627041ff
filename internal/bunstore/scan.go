package bunstore

import (
	"database/sql"
	"fmt"
)

// The statements that nearly every request runs are scanned by hand, since bun's reflection costs
// as much as a tenth of them. A column of a row that a LEFT JOIN did not find is NULL, and scanned
// as the zero value.

// orEmpty scans a text.
type orEmpty struct{ to *string }

// Scan implements [sql.Scanner].
func (d orEmpty) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d.to = ""
	case string:
		*d.to = v
	case []byte:
		*d.to = string(v)
	default:
		return fmt.Errorf("text column of type %T: want a string", src)
	}
	return nil
}

// orNone scans a number.
type orNone struct{ to *int }

// Scan implements [sql.Scanner].
func (d orNone) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d.to = 0
	case int64:
		*d.to = int(v)
	default:
		return fmt.Errorf("number column of type %T: want an integer", src)
	}
	return nil
}

// userColumns are those of Hermes' own row that the statement user selects, without the key.
var userColumns = []string{
	"type", "sealed", "suspended", "suspended_reason", "authid", "registrar", "r_port", "proxy", "p_port", "dialplan", "displayname", "linetext",
	"email", "rpid", "permittedcalls",
}

// scan reads a row of userColumns, the columns of subscriber and those of extras.
func (r *userRow) scan(rows *sql.Rows, extras []extra) error {
	return rows.Scan(r.dest(make([]any, 0, 24), extras)...)
}

// dest appends to a list what scan reads into.
func (r *userRow) dest(list []any, extras []extra) []any {
	list = append(list,
		orEmpty{&r.Type}, &r.Sealed, &r.Suspended, orEmpty{&r.Reason}, orEmpty{&r.AuthID}, orEmpty{&r.Registrar}, orNone{&r.RPort},
		orEmpty{&r.Proxy}, orNone{&r.PPort}, orEmpty{&r.Dialplan}, orEmpty{&r.DisplayName}, orEmpty{&r.LineText},
		orEmpty{&r.Email}, orEmpty{&r.RPID}, orEmpty{&r.PermittedCalls},
		orEmpty{&r.Password}, orEmpty{&r.HA1}, orEmpty{&r.HA1B})
	for _, e := range extras {
		switch e.ours {
		case "email":
			list = append(list, orEmpty{&r.AccountEmail})
		case "rpid":
			list = append(list, orEmpty{&r.AccountRPID})
		case "permittedcalls":
			list = append(list, orEmpty{&r.AccountPermittedCalls})
		}
	}
	return list
}

// scan reads a row of the statement session.
func (r *sessionRow) scan(rows *sql.Rows) error {
	return rows.Scan(&r.ID, &r.Kind, &r.Name, &r.Cookie, &r.Salt, &r.Gen, &r.Created, &r.Rotated, &r.KeyExpires,
		&r.Expires, &r.LastSeen, &r.Confirmed, orNone{&r.Access},
		orEmpty{&r.Domains}, orEmpty{&r.Numbers}, orEmpty{&r.Nodes}, orEmpty{&r.Host}, &r.APIKeyExpires)
}
