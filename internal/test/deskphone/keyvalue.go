package deskphone

import (
	"errors"
	"fmt"
	"strings"
)

// includes is the setting under which the files that a boot file includes are kept.
const includes = "include:config"

// readKeyValue returns the settings of a file of lines of key = value. The phone cuts the spaces
// around both.
func readKeyValue(content []byte) (map[string]string, error) {
	rest, ok := strings.CutPrefix(string(content), "#!version:1.0.0.1\n")
	if !ok {
		return nil, errors.New("the first line is not the version")
	}
	settings := map[string]string{}
	for text := range strings.Lines(rest) {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if file, ok := strings.CutPrefix(text, includes); ok {
			settings[includes] += strings.Trim(file, ` "<>`) + "\n"
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("%q is no setting", text)
		}
		key = strings.TrimSpace(key)
		if _, ok := settings[key]; ok {
			return nil, fmt.Errorf("%s is set twice", key)
		}
		settings[key] = strings.TrimSpace(value)
	}
	return settings, nil
}
