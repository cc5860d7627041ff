package plan

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// PasswordFile is a file to which the passwords of new users are appended, each as a line with the
// address, a comma and the password, as soon as it is known. Its first line is "user,password".
//
// A second file, whose name has .pending at its end, has the requests of users whose passwords may
// be still to come. It is on the disk before these users are added, has no secrets, and is removed
// when all passwords are on the disk, too.
type PasswordFile struct {
	path string
	file *os.File
	run  string // identifies the run, which may be that of an apply that was killed
	// continued says that the run is that of an apply that was killed, and old has the users whose
	// passwords may be still to come of that one.
	continued bool
	old       []pendingAdd

	size int64 // of file when the run began

	mu      sync.Mutex // for the writing of journal
	journal *os.File   // the second file; nil if nothing was noted yet
}

// pendingAdd is a line of the second file.
type pendingAdd struct {
	Key     string                    `json:"key"`
	Request hermes.UserOnboardRequest `json:"request"`
}

// pendingHeader is the first line of the second file.
type pendingHeader struct {
	Run  string `json:"run"`
	Size int64  `json:"size"` // of the file of passwords when the run began
}

// OpenPasswordFile opens or creates a file of passwords, with the mode 0600. It refuses one that
// other users of the system can read or write. Call [PasswordFile.Close] after use. Two runs must
// not use the same file at the same time.
func OpenPasswordFile(path string) (*PasswordFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	p := &PasswordFile{path: path, file: file, run: rand.Text()}
	if err := p.prepare(); err != nil {
		file.Close()
		return nil, err
	}
	return p, nil
}

func (p *PasswordFile) prepare() error {
	info, err := p.file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: want a regular file for passwords", p.path)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s: its mode is %#o, so that others can read the passwords; want 0600", p.path, info.Mode().Perm())
	}
	text, err := io.ReadAll(p.file)
	if err != nil {
		return err
	}
	if p.size, err = p.readPending(text); err != nil {
		return err
	}
	switch {
	case len(text) == 0:
		_, err = p.file.WriteString("user,password\n")
	case text[len(text)-1] != '\n': // a line that was cut
		_, err = p.file.WriteString("\n")
	}
	return err
}

func (p *PasswordFile) pendingPath() string { return p.path + ".pending" }

// readPending reads what an apply has left that was killed, and returns the size that the file of
// passwords had when that one began, or else that of text.
func (p *PasswordFile) readPending(text []byte) (size int64, err error) {
	notes, err := os.ReadFile(p.pendingPath())
	if errors.Is(err, os.ErrNotExist) {
		return int64(len(text)), nil
	}
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(notes))
	lines.Buffer(nil, len(notes)+1)
	var header pendingHeader
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &header) != nil || header.Run == "" {
		return int64(len(text)), nil // it was cut before any user was added
	}
	p.run, p.continued = header.Run, true
	known := knownPasswords(text[min(max(header.Size, 0), int64(len(text))):])
	last := map[sip.Addr]pendingAdd{}
	var order []sip.Addr
	for lines.Scan() {
		var add pendingAdd
		if json.Unmarshal(lines.Bytes(), &add) != nil {
			continue // the last line, which was cut before its user was added
		}
		if _, ok := last[add.Request.User]; !ok {
			order = append(order, add.Request.User)
		}
		last[add.Request.User] = add
	}
	for _, a := range order {
		if !known[a.String()] {
			p.old = append(p.old, last[a])
		}
	}
	return header.Size, nil
}

// knownPasswords returns the users that have a whole line in the text.
func knownPasswords(text []byte) map[string]bool {
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		// A password has no comma.
		if comma := strings.LastIndexByte(line, ','); comma >= 0 && strings.HasSuffix(line, "\n") && len(line) > comma+2 {
			known[line[:comma]] = true
		}
	}
	return known
}

// Pending returns how many users may have been added by an apply that was killed, without their
// passwords being in the file. [Plan.Apply] asks for them again.
func (p *PasswordFile) Pending() int { return len(p.old) }

// expect notes users that are about to be added.
func (p *PasswordFile) expect(adds []pendingAdd) error {
	if len(adds) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.journal == nil {
		if err := p.startJournal(); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	for _, add := range adds {
		writeLine(&b, add)
	}
	if _, err := p.journal.Write(b.Bytes()); err != nil {
		return err
	}
	return p.journal.Sync()
}

// startJournal begins the second file anew, with what is still pending of an older run.
func (p *PasswordFile) startJournal() error {
	next := p.pendingPath() + ".new"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	writeLine(&b, pendingHeader{Run: p.run, Size: p.size})
	for _, add := range p.old {
		writeLine(&b, add)
	}
	if _, err = file.Write(b.Bytes()); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(next, p.pendingPath())
	}
	if err != nil {
		file.Close()
		return err
	}
	p.journal = file
	return nil
}

func writeLine(b *bytes.Buffer, v any) { b.Write(append(mustJSON(v), '\n')) }

// keep appends a password.
func (p *PasswordFile) keep(user sip.Addr, password hermes.Secret) error {
	_, err := p.file.WriteString(user.String() + "," + password.Reveal() + "\n")
	return err
}

// finish ends a run, after which the passwords of the users left are still to come.
func (p *PasswordFile) finish(left []pendingAdd) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	if p.journal != nil {
		p.journal.Close()
		p.journal = nil
	}
	p.old = left
	if len(left) == 0 {
		err := os.Remove(p.pendingPath())
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return err
	}
	if err := p.startJournal(); err != nil {
		return err
	}
	err := p.journal.Close()
	p.journal = nil
	return err
}

// Close closes the file.
func (p *PasswordFile) Close() error {
	if p.journal != nil {
		p.journal.Close()
	}
	return p.file.Close()
}
