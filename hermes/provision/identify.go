package provision

import (
	"strings"

	"github.com/hermes-voip/go-hermes/mac"
)

// Agent is what a phone says of itself in the header User-Agent of its HTTP requests. A field is
// empty if it does not say it. None of it is proven.
type Agent struct {
	Vendor, Model, Firmware string
	MAC                     mac.Addr
}

// The longest User-Agent, and the longest model or version in it, that are read.
const (
	maxAgent = 512
	maxWord  = 40
)

// Identify reads a User-Agent. The result is zero if it is not one of a phone of a known vendor,
// such as that of a browser.
func Identify(userAgent string) Agent {
	if len(userAgent) > maxAgent {
		userAgent = userAgent[:maxAgent]
	}
	var a Agent
	words := strings.Fields(userAgent)
	switch lower := strings.ToLower(userAgent); {
	case strings.HasPrefix(lower, "yealink"):
		a = yealinkAgent(words)
	case strings.HasPrefix(lower, "mozilla/4.0 (compatible; snom"):
		a = snomAgent(words[2:])
	case strings.HasPrefix(lower, "filetransport poly"):
		a = polyAgent(words[1])
	case strings.HasPrefix(lower, "grandstream model hw "):
		a = grandstreamAgent(words[3:])
	case strings.HasPrefix(lower, "fanvil "):
		a = Agent{Vendor: Fanvil}
		a.Model, a.Firmware = modelAndVersion(words[1:])
	default:
		return Agent{}
	}
	a.Model, a.Firmware, a.MAC = plain(a.Model), plain(a.Firmware), macIn(userAgent)
	return a
}

// yealinkAgent reads, for instance:
//
//	Yealink SIP-T46S 66.84.0.15 80:5e:c0:09:ab:dc
//	Yealink SIP VP-T49G 51.80.0.10 00:15:65:9b:5a:44
//	Yealink W60B 77.81.0.35 80:5e:c0:09:ab:dc
//	Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0
func yealinkAgent(words []string) Agent {
	a := Agent{Vendor: Yealink}
	first := words[0][len("yealink"):]
	if first != "" {
		words[0] = strings.TrimPrefix(first, "-")
	} else {
		words = words[1:]
	}
	a.Model, a.Firmware = modelAndVersion(words)
	a.Model = strings.TrimPrefix(strings.TrimPrefix(a.Model, "SIP-"), "SIP ")
	return a
}

// snomAgent reads what follows the second word of, for instance:
//
//	Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-00001 (Feb 25 2019) 00041396D9B4)
//	Mozilla/4.0 (compatible; snom320-SIP 8.4.18 1.1.3-s)
//	Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)
func snomAgent(words []string) Agent {
	a := Agent{Vendor: Snom}
	model := words[0][len("snom"):]
	if model == "" {
		words = words[1:]
		if len(words) == 0 {
			return a
		}
		model = words[0]
	}
	a.Model = strings.TrimSuffix(model, "-SIP")
	if len(words) > 1 && isVersion(words[1]) {
		a.Firmware = strings.TrimRight(words[1], ";)")
	}
	return a
}

// polyAgent reads the second word of, for instance:
//
//	FileTransport PolycomVVX-VVX_411-UA/5.9.0.9373 Type/Application
//	FileTransport PolycomSoundPointIP-SPIP_335-UA/4.2.1.0275
func polyAgent(word string) Agent {
	name, version, _ := strings.Cut(word, "-UA/")
	_, model, _ := strings.Cut(name, "-")
	return Agent{Vendor: Poly, Model: model, Firmware: version}
}

// grandstreamAgent reads what follows the third word of, for instance:
//
//	Grandstream Model HW GRP2614 SW 1.0.5.15 DevId c074ad0b63ee
//	Grandstream Model HW GXV3350  V1.3A SW 1.0.1.8 DevId c074ad150b88
func grandstreamAgent(words []string) Agent {
	a := Agent{Vendor: Grandstream}
	for i, word := range words {
		switch {
		case i == 0:
			a.Model = word
		case words[i-1] == "SW":
			a.Firmware = word
		}
	}
	for _, series := range []string{"GRP", "GHP", "WP", "GSC", "GXV33", "GXV34"} {
		if strings.HasPrefix(a.Model, series) {
			a.Vendor = Grandstream2
		}
	}
	return a
}

// modelAndVersion takes the words before the first version for the model, which may have spaces:
// X6U Pro.
func modelAndVersion(words []string) (model, version string) {
	for i, word := range words {
		if isVersion(word) {
			return strings.Join(words[:i], " "), word
		}
	}
	return "", ""
}

// isVersion reports whether a word looks like the version of a firmware: 66.84.0.15.
func isVersion(word string) bool {
	return word != "" && isDigit(word[0]) && strings.Contains(word, ".")
}

// plain returns a word of a User-Agent if it is short and has only bytes that are found in the
// names of models and versions, and "" otherwise.
func plain(word string) string {
	for i := range len(word) {
		if !isModelByte(word[i]) && !strings.ContainsRune(" .-+", rune(word[i])) {
			return ""
		}
	}
	if len(word) > maxWord {
		return ""
	}
	return word
}

// macIn returns the last MAC address in a User-Agent. Twelve decimal digits are one only if they
// begin as a known vendor's, since they could be a date.
func macIn(userAgent string) (found mac.Addr) {
	words := strings.FieldsFunc(userAgent, func(r rune) bool { return strings.ContainsRune(" ();,=_/", r) })
	for _, word := range words {
		for _, label := range []string{"SN:", "MAC:"} {
			word = strings.TrimPrefix(word, label)
		}
		m, err := mac.Parse(word)
		if err != nil || strings.Contains(word, ".") {
			continue
		}
		if len(word) > macDigits || strings.ContainsAny(word, "abcdefABCDEF") || vendorOf(m) != "" {
			found = m
		}
	}
	return found
}
