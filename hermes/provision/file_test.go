package provision_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	m := mac.MustParse("001122aabbcc")
	type file = provision.File
	for _, row := range []struct {
		name string
		want []file
		why  string
	}{
		{"001122aabbcc.cfg", []file{
			{Vendor: "yealink", Kind: provision.Secret, MAC: m}, {Vendor: "poly", Kind: provision.Common, MAC: m},
			{Vendor: "fanvil", Kind: provision.Secret, MAC: m},
		}, "three vendors use the name"},
		{"001122AABBCC.cfg", []file{
			{Vendor: "yealink", Kind: provision.Secret, MAC: m}, {Vendor: "poly", Kind: provision.Common, MAC: m},
			{Vendor: "fanvil", Kind: provision.Secret, MAC: m},
		}, "upper case"},
		{"000000000000.cfg", []file{{Vendor: "poly", Kind: provision.Common}}, "the master, and no MAC address"},
		{"001122aabbcc-hermes.cfg", []file{{Vendor: "poly", Kind: provision.Secret, MAC: m}}, ""},
		{"000000000000-hermes.cfg", nil, "no phone has that address"},
		{"001122aabbcc-phone.cfg", []file{{Vendor: "poly", Kind: provision.Vain, MAC: m}}, "what was changed on the phone"},
		{"000000000000-directory.xml", []file{{Vendor: "poly", Kind: provision.Vain}}, ""},
		{"y000000000000.boot", []file{{Vendor: "yealink", Kind: provision.Common}}, ""},
		{"001122aabbcc.boot", []file{{Vendor: "yealink", Kind: provision.Common, MAC: m}}, ""},
		{"y000000000108.cfg", []file{{Vendor: "yealink", Kind: provision.Vain}}, "the file of a model"},
		{"snomD785.htm", []file{{Vendor: "snom", Kind: provision.Common}}, ""},
		{"snomD785-001122AABBCC.htm", []file{{Vendor: "snom", Kind: provision.Secret, MAC: m}}, ""},
		{"snom320-001122aabbcc.xml", []file{{Vendor: "snom", Kind: provision.Secret, MAC: m}}, ""},
		{"001122AABBCC.xml", []file{{Vendor: "snom", Kind: provision.Secret, MAC: m}}, ""},
		{"?mac=001122AABBCC", []file{{Vendor: "snom", Kind: provision.Secret, MAC: m}}, ""},
		{"snom-001122aabbcc.htm", nil, "no model"},
		{"snomD785.htm?mac=001122AABBCC", nil, "not whole"},
		{"cfg001122aabbcc.xml", []file{
			{Vendor: "grandstream", Kind: provision.Secret, MAC: m}, {Vendor: "grandstream2", Kind: provision.Secret, MAC: m},
		}, "the name does not say the format"},
		{"cfg001122aabbcc", []file{
			{Vendor: "grandstream", Kind: provision.Vain, MAC: m}, {Vendor: "grandstream2", Kind: provision.Vain, MAC: m},
		}, "the binary format"},
		{"cfggrp2614.xml", []file{
			{Vendor: "grandstream", Kind: provision.Vain}, {Vendor: "grandstream2", Kind: provision.Vain},
		}, "the file of a model"},
		{"f0X4hw1.100.cfg", []file{{Vendor: "fanvil", Kind: provision.Vain}}, "the file of a model"},
		{"00:11:22:aa:bb:cc.cfg", nil, "no name of a file"},
		{"001122aabbcc.cfg/", nil, "not whole"},
		{"../001122aabbcc.cfg", nil, "not whole"},
		{" 001122aabbcc.cfg", nil, "not whole"},
		{"001122aabbcg.cfg", nil, "no digit"},
		{"001122aabbc.cfg", nil, "a digit less"},
		{"", nil, ""},
	} {
		if d := cmp.Diff(row.want, provision.Classify(row.name), cmpopts.IgnoreUnexported(provision.File{}), cmp.AllowUnexported(mac.Addr{})); d != "" {
			t.Errorf("%q: %s (-want +got)\n%s", row.name, row.why, d)
		}
	}
}

func TestTemplates_File(t *testing.T) {
	t.Parallel()
	for vendor, want := range map[string]string{
		"yealink": "001122aabbcc.cfg", "snom": "001122aabbcc.xml", "poly": "001122aabbcc-hermes.cfg",
		"grandstream": "cfg001122aabbcc.xml", "grandstream2": "cfg001122aabbcc.xml", "fanvil": "001122aabbcc.cfg",
		"cisco": "", "": "",
	} {
		if got := provision.Embedded().File(vendor, mac.MustParse("001122aabbcc")); got != want {
			t.Errorf("%q: %q, want %q", vendor, got, want)
		}
	}
}

func TestTemplates_VendorOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"0015650a0b0c": "yealink", "805ec00a0b0c": "yealink", "000413b60680": "snom", "0004f20a0b0c": "poly", "64167f0a0b0c": "poly",
		"000b820a0b0c": "grandstream", "c074ad0a0b0c": "grandstream", "0c383e0a0b0c": "fanvil",
		"001122aabbcc": "", "000000000001": "",
	} {
		if got := provision.Embedded().VendorOf(mac.MustParse(address)); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	if got := provision.Embedded().VendorOf(mac.Addr{}); got != "" {
		t.Errorf("no address: %q, want none", got)
	}
}
