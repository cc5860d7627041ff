//go:build !linux

package main

import "syscall"

// setSocketOptions does nothing on this system.
func setSocketOptions(string, string, syscall.RawConn) error { return nil }
