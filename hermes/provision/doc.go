// Package provision makes the files with which desk phones configure themselves, and serves them.
//
// [Templates] is the renderer: it turns the lines of a phone into the file that a vendor's phones
// read. [Embedded] has a template for each vendor; [Load] replaces some of them by those of a
// folder. It implements [hermes.PhoneRenderer], so that it can be given to a Client in its Options.
// [Render] is enough for a program that only wants a file.
//
// Values are refused rather than repaired: a line break in a display name would otherwise write
// settings of its own.
//
// [Classify] says what a file's name stands for, [Identify] what a User-Agent says of a phone, and
// [Templates.VendorOf] which vendor a MAC address belongs to.
//
// # Templates
//
// A template is one of [text/template]. It gets:
//
//	MAC    12 hexadecimal digits in lower case
//	URL    the address below which the phone is to look for its files from now on; empty if none
//	Model  what the phone says of itself; empty if it is not known
//	Lines  all lines that the vendor's phones have, in order, each with Number, On, Label,
//	       DisplayName, User, Domain, Auth, Password, Server, Port, Proxy, ProxyPort and Dialplan
//
// Of a line that is off only Number is set. Server is the SIP server, which is the domain; its Port
// is 0 beside a Proxy. Dialplan is what the operator has said that the user's dialplan is for this
// vendor. The functions, beside those of text/template, are:
//
//	xml TEXT              escapes a text for an element or an attribute
//	hostport HOST PORT    HOST:PORT, or HOST if the port is 0
//	https URL             reports whether the URL begins with https://
//	noscheme URL          the URL without https:// or http://
//	grandstream NUMBER    the names of the P-values of a line of Grandstream's phones
package provision
