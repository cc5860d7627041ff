// Package wire has what the two ends of the API have in common: how the tags of request and
// response structs say what goes over the wire. Package api describes the tags.
package wire
