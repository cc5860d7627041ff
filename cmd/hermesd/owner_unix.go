//go:build unix

package main

import (
	"io/fs"
	"syscall"
)

// owner returns the id of the user that a file belongs to, if that is known.
func owner(info fs.FileInfo) (uid int, known bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}
