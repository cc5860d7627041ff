// Package deskphone behaves as desk phones of six vendors do when they look for their
// configuration: it asks for the names that they ask for, by their User-Agent, and reads the files
// as they do.
//
// It is the other side of package provision, and shares no code with it. XML is read by a parser
// that is not the one of the standard library, by which the files are escaped.
package deskphone
