// Package testserver holds the parts that the packages for throwaway servers share: pgtest,
// kamailiotest and ldaptest. Tests use [SkipOrFail] and [RequireProgram] for whatever they need to
// be installed, and [WaitFor] to wait for another process.
package testserver
