package provision_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, vendor, model, firmware, mac string }{
		{"Yealink SIP-T46G 28.83.0.120 00:15:65:4a:a9:37", "yealink", "T46G", "28.83.0.120", "0015654aa937"},
		{"Yealink SIP-T56A  58.80.0.25 001565f429a4", "yealink", "T56A", "58.80.0.25", "001565f429a4"},
		{"yealink SIP-T28P 2.70.0.140 00:15:65:13:ae:0b", "yealink", "T28P", "2.70.0.140", "00156513ae0b"},
		{"Yealink SIP-T19P_E2 53.80.0.3 00:15:65:4c:4c:26", "yealink", "T19P_E2", "53.80.0.3", "0015654c4c26"},
		{"Yealink SIP VP-T49G 51.80.0.10 00:15:65:9b:5a:44", "yealink", "VP-T49G", "51.80.0.10", "0015659b5a44"},
		{"Yealink W60B 77.81.0.35 80:5e:c0:09:ab:dc", "yealink", "W60B", "77.81.0.35", "805ec009abdc"},
		{"Yealink SIP-T87W 185.87.0.10 44:db:d2:c9:73:b7", "yealink", "T87W", "185.87.0.10", "44dbd2c973b7"},
		{"Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0", "yealink", "T46G", "28.71.0.81", ""},
		{"Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-00001-gd311851f1 (Feb 25 2019 - 14:19:43) 00041396D9B4 SXM:0 UXM:0 UXMC:0)", "snom", "D785", "10.1.169.16", "00041396d9b4"},
		{"Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413741767)", "snom", "710", "8.7.5.35", "000413741767"},
		{"Mozilla/4.0 (compatible; snom320-SIP 6.5.20; snom320 jffs2 v3.36; snom320 linux 3.38)", "snom", "320", "6.5.20", ""},
		{"Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "snom", "M900", "05.20.0001", "000413b60680"},
		{"Mozilla/4.0 (compatible; snom lid 3605)", "snom", "lid", "", ""},
		{"FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application", "poly", "VVX_400", "4.1.4.7430", ""},
		{"FileTransport PolycomSoundStationIP-SSIP_6000-UA/5.0.3.1667 Type/Updater", "poly", "SSIP_6000", "5.0.3.1667", ""},
		{"FileTransport PolycomVVX-VVX_311-UA/5.9.0.9373 (SN:0004f2abcdef) Type/Application", "poly", "VVX_311", "5.9.0.9373", "0004f2abcdef"},
		{"Grandstream Model HW GXP1628 SW 1.0.4.138 DevId c074ad2bd859", "grandstream", "GXP1628", "1.0.4.138", "c074ad2bd859"},
		{"Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10", "grandstream", "HT801", "1.0.17.5", "c074ad273a10"},
		{"Grandstream Model HW GXV3240 V1.6B SW 1.0.1.27 DevId 000b82632815", "grandstream", "GXV3240", "1.0.1.27", "000b82632815"},
		{"Grandstream Model HW GRP2614 SW 1.0.5.15 DevId c074ad0b63ee", "grandstream2", "GRP2614", "1.0.5.15", "c074ad0b63ee"},
		{"Grandstream Model HW GXV3350  V1.3A SW 1.0.1.8 DevId c074ad150b88", "grandstream2", "GXV3350", "1.0.1.8", "c074ad150b88"},
		{"Fanvil X4 2.10.2.6887 0c383e07e16c", "fanvil", "X4", "2.10.2.6887", "0c383e07e16c"},
		{"Fanvil X6U Pro 0.0.10 0c383e2cd782", "fanvil", "X6U Pro", "0.0.10", "0c383e2cd782"},
		{"Fanvil H2U-V2 2.12.0 0c383e32342e", "fanvil", "H2U-V2", "2.12.0", "0c383e32342e"},

		{"Yealink", "yealink", "", "", ""},
		{"Mozilla/4.0 (compatible; snom", "snom", "", "", ""},
		{"FileTransport Poly", "poly", "", "", ""},
		{"Fanvil X4 2.10 201812010101", "fanvil", "X4", "2.10", ""}, // a date
		{"Yealink SIP-\x1b[31mT46S 66.84.0.15", "yealink", "", "66.84.0.15", ""},
		{"Yealink " + strings.Repeat("T", 1000) + " 1.2", "yealink", "", "", ""},

		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "", "", ""},
		{"curl/8.14.1", "", "", "", ""},
		{"not a Yealink SIP-T46S 66.84.0.15 80:5e:c0:09:ab:dc", "", "", "", ""},
		{"", "", "", "", ""},
	} {
		want := provision.Agent{Vendor: row.vendor, Model: row.model, Firmware: row.firmware}
		if row.mac != "" {
			want.MAC = mac.MustParse(row.mac)
		}
		if got := provision.Identify(row.in); got != want {
			t.Errorf("%.120q: %+v, want %+v", row.in, got, want)
		}
	}
}

// FuzzIdentify: a User-Agent is never more than it says, and never ends the program.
func FuzzIdentify(f *testing.F) {
	f.Add("Yealink SIP-T46G 28.83.0.120 00:15:65:4a:a9:37")
	f.Add("Mozilla/4.0 (compatible; snom")
	f.Add("Grandstream Model HW  SW")
	f.Fuzz(func(t *testing.T, agent string) {
		got := provision.Identify(agent)
		if got.Vendor == "" && got != (provision.Agent{}) {
			t.Errorf("%q: %+v without a vendor", agent, got)
		}
		if strings.ContainsFunc(got.Model+got.Firmware, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: %+v", agent, got)
		}
	})
}
