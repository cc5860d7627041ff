package htpasswd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// table is a file that was read.
type table struct {
	info     fs.FileInfo
	read     time.Time
	users    map[string]entry
	stranger hash // of the usual cost; nil where no entry has a hash
}

// entry is a user's line: a hash, or why it is refused.
type entry struct {
	line    int
	hash    hash
	refused error
}

// parse reads a whole file. Errors begin with the line, and quote nothing: what is no entry may be a password.
func parse(text string) (*table, error) {
	t := &table{users: map[string]entry{}}
	count := map[class]int{}
	most := 0
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		user, e, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", number, err)
		}
		e.line = number
		if first, twice := t.users[user]; twice {
			e = entry{line: first.line, refused: fmt.Errorf("listed twice, again in line %d", number)}
		}
		t.users[user] = e
		if e.refused != nil {
			continue
		}
		c := e.hash.class()
		if count[c]++; count[c] > most {
			most, t.stranger = count[c], e.hash.stranger()
		}
	}
	return t, nil
}

func parseLine(line string) (string, entry, error) {
	user, rest, ok := strings.Cut(line, ":")
	if !ok || user == "" || strings.Contains(line, "\x00") {
		return "", entry{}, errors.New("want NAME:HASH")
	}
	text, _, _ := strings.Cut(rest, ":")
	var e entry
	e.hash, e.refused = parseHash(strings.TrimSpace(text))
	return user, e, nil
}
