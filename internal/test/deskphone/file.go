package deskphone

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// File is what a phone reads of its file with secrets.
type File struct {
	// URL is the address below which the phone looks for files from now on; "" if the file says none.
	URL string
	// NoDHCP reports whether the phone does not ask DHCP for such an address any more.
	NoDHCP bool
	// Lines are those that are on.
	Lines []hermes.FileLine
	// Off are the numbers of those that the file switches off.
	Off []int
}

// names are the names of a line's settings. One that a vendor does not have is "".
type names struct {
	on, label, displayName, user, auth, password string
	server, port                                 string // without port, server is host:port
	proxy, proxyPort                             string // without proxyPort, proxy is host:port
}

// vendor is how the phones of a vendor read their file.
type vendor struct {
	read   func(content []byte) (map[string]string, error)
	names  func(line int) names
	onOff  [2]string
	lines  int
	finish func(settings map[string]string, f *File) error
}

// Read reads a file with secrets as a phone of the vendor does. It fails if the file is not
// well-formed, if a setting is missing, and if a line that is off has a password or a name.
func Read(vendorName string, content []byte) (File, error) {
	v, ok := vendors()[vendorName]
	if !ok {
		return File{}, fmt.Errorf("deskphone: vendor %q is not known", vendorName)
	}
	settings, err := v.read(content)
	if err != nil {
		return File{}, fmt.Errorf("deskphone: %s: %w", vendorName, err)
	}
	var f File
	for n := 1; n <= v.lines; n++ {
		if err := v.line(settings, n, &f); err != nil {
			return File{}, fmt.Errorf("deskphone: %s: line %d: %w", vendorName, n, err)
		}
	}
	return f, v.finish(settings, &f)
}

func (v vendor) line(settings map[string]string, number int, f *File) error {
	names := v.names(number)
	missing := ""
	get := func(name string) string {
		value, ok := settings[name]
		if !ok && name != "" {
			missing = name
		}
		return value
	}
	l := hermes.FileLine{
		Number: number, On: get(names.on) == v.onOff[0],
		Label: get(names.label), DisplayName: get(names.displayName), User: get(names.user), Auth: get(names.auth),
		Password: hermes.NewSecret(get(names.password)),
	}
	var err error
	if l.Domain, l.Port, err = server(get(names.server), get(names.port)); err != nil {
		return err
	}
	if l.Proxy, l.ProxyPort, err = server(get(names.proxy), get(names.proxyPort)); err != nil {
		return err
	}
	switch {
	case missing != "":
		return fmt.Errorf("%s is missing", missing)
	case l.On:
		f.Lines = append(f.Lines, l)
	case settings[names.on] != v.onOff[1] || l != hermes.FileLine{Number: number}:
		return fmt.Errorf("want it off and empty, or on")
	default:
		f.Off = append(f.Off, number)
	}
	return nil
}

// server reads a host, and its port from another setting or from host:port.
func server(host, port string) (d sip.Domain, n int, err error) {
	if h, p, err := net.SplitHostPort(host); err == nil && port == "" {
		host, port = h, p
	}
	if host != "" {
		if d, err = sip.ParseDomain(host); err != nil {
			return d, 0, err
		}
	}
	if port != "" {
		n, err = strconv.Atoi(port)
	}
	return d, n, err
}

func vendors() map[string]vendor {
	oneZero := [2]string{"1", "0"}
	return map[string]vendor{
		"yealink":      {read: readKeyValue, names: yealinkNames, onOff: oneZero, lines: 16, finish: finishYealink},
		"snom":         {read: readXML, names: snomNames, onOff: [2]string{"on", "off"}, lines: 12, finish: finishSnom},
		"poly":         {read: readXML, names: polyNames, onOff: oneZero, lines: 16, finish: finishPoly},
		"grandstream":  {read: readXML, names: grandstreamNames, onOff: oneZero, lines: 6, finish: finishGrandstream},
		"grandstream2": {read: readXML, names: grandstream2Names, onOff: [2]string{"Yes", "No"}, lines: 16, finish: finishGrandstream2},
		"fanvil":       {read: readXML, names: fanvilNames, onOff: oneZero, lines: 16, finish: finishFanvil},
	}
}

func yealinkNames(line int) names {
	a := fmt.Sprintf("account.%d.", line)
	return names{
		on: a + "enable", label: a + "label", displayName: a + "display_name", user: a + "user_name", auth: a + "auth_name",
		password: a + "password", server: a + "sip_server.1.address", port: a + "sip_server.1.port",
		proxy: a + "outbound_proxy.1.address", proxyPort: a + "outbound_proxy.1.port",
	}
}

func finishYealink(settings map[string]string, f *File) error {
	f.URL = strings.TrimSuffix(settings["static.auto_provision.server.url"], "/")
	f.NoDHCP = settings["static.auto_provision.dhcp_option.enable"] == "0"
	for n := 1; n <= 16; n++ {
		proxied := slices.ContainsFunc(f.Lines, func(l hermes.FileLine) bool { return l.Number == n && !l.Proxy.IsZero() })
		if want := map[bool]string{true: "1", false: "0"}[proxied]; settings[fmt.Sprintf("account.%d.outbound_proxy_enable", n)] != want {
			return fmt.Errorf("deskphone: line %d: outbound_proxy_enable is not %s", n, want)
		}
	}
	return nil
}

func snomNames(line int) names {
	of := func(name string) string { return fmt.Sprintf("phone-settings/%s %d", name, line) }
	return names{
		on: of("user_active"), label: of("user_idle_text"), displayName: of("user_realname"), user: of("user_name"),
		auth: of("user_pname"), password: of("user_pass"), server: of("user_host"), proxy: of("user_outbound"),
	}
}

func finishSnom(settings map[string]string, f *File) error {
	f.URL = strings.TrimSuffix(settings["phone-settings/setting_server"], "/{mac}.xml")
	order, ok := settings["phone-settings/provisioning_order"]
	f.NoDHCP = ok && !strings.Contains(order, "dhcp")
	return nil
}

func polyNames(line int) names {
	r := fmt.Sprintf("reg.%d.", line)
	return names{
		on: r + "server.1.register", label: r + "label", displayName: r + "displayName", user: r + "address", auth: r + "auth.userId",
		password: r + "auth.password", server: r + "server.1.address", port: r + "server.1.port",
		proxy: r + "outboundProxy.address", proxyPort: r + "outboundProxy.port",
	}
}

// finishPoly takes the user from the address, which has the domain.
func finishPoly(settings map[string]string, f *File) error {
	for i, l := range f.Lines {
		user, ok := strings.CutSuffix(l.User, "@"+l.Domain.String())
		if !ok {
			return fmt.Errorf("deskphone: line %d: the address is not of the server's domain", l.Number)
		}
		f.Lines[i].User = user
	}
	if settings["device.set"] == "1" && settings["device.prov.serverName.set"] == "1" && settings["device.prov.serverType.set"] == "1" {
		f.URL = strings.ToLower(settings["device.prov.serverType"]) + "://" + settings["device.prov.serverName"]
	}
	f.NoDHCP = settings["device.dhcp.bootSrvUseOpt"] == "Static" && settings["device.dhcp.bootSrvUseOpt.set"] == "1"
	return nil
}

func grandstreamNames(line int) names {
	numbers := [][]int{
		{271, 270, 3, 35, 36, 34, 47, 48},
		{401, 417, 407, 404, 405, 406, 402, 403},
		{501, 517, 507, 504, 505, 506, 502, 503},
		{601, 617, 607, 604, 605, 606, 602, 603},
		{1701, 1717, 1707, 1704, 1705, 1706, 1702, 1703},
		{1801, 1817, 1807, 1804, 1805, 1806, 1802, 1803},
	}[line-1]
	p := func(i int) string { return fmt.Sprintf("config/P%d", numbers[i]) }
	return names{
		on: p(0), label: p(1), displayName: p(2), user: p(3), auth: p(4), password: p(5), server: p(6), proxy: p(7),
	}
}

func finishGrandstream(settings map[string]string, f *File) error {
	if path := settings["config/P237"]; path != "" {
		f.URL = map[string]string{"1": "http://", "2": "https://"}[settings["config/P212"]] + path
	}
	f.NoDHCP = settings["config/P145"] == "0"
	return nil
}

func grandstream2Names(line int) names {
	a := fmt.Sprintf("config/item account.%d.", line)
	return names{
		on: a + "enable", label: a + "name", displayName: a + "sip.subscriber.name", user: a + "sip.userid",
		auth: a + "sip.subscriber.userid", password: a + "sip.subscriber.password",
		server: a + "sip.server.1.address", proxy: a + "sip.outboundProxy.1.address",
	}
}

func finishGrandstream2(settings map[string]string, f *File) error {
	if path := settings["config/item provisioning.config.serverPath"]; path != "" {
		f.URL = strings.ToLower(settings["config/item provisioning.config.protocol"]) + "://" + path
	}
	f.NoDHCP = settings["config/item provisioning.override.dhcp.allowCommonOptions"] == "No"
	return nil
}

func fanvilNames(line int) names {
	l := fmt.Sprintf("sip/line %d/", line)
	return names{
		on: l + "EnableReg", displayName: l + "DisplayName", user: l + "PhoneNumber", auth: l + "RegisterUser",
		password: l + "RegisterPswd", server: l + "RegisterAddr", port: l + "RegisterPort",
		proxy: l + "ProxyAddr", proxyPort: l + "ProxyPort",
	}
}

func finishFanvil(settings map[string]string, f *File) error {
	f.URL = settings["ap/FlashServerIP"]
	f.NoDHCP = settings["ap/opt/DHCPOption"] == "0"
	if scheme, _, _ := strings.Cut(f.URL, "://"); f.URL != "" && settings["ap/FlashProtocol"] != map[string]string{"http": "4", "https": "5"}[scheme] {
		return fmt.Errorf("deskphone: fanvil: FlashProtocol is not that of the address")
	}
	return nil
}
