package hermes

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// limitKey names what a limit counts. It has a fixed size, so that no table keeps anything that a
// client sent.
type limitKey [16]byte

// limitKeys makes the keys of all limits: by user, by network, and by both.
type limitKeys struct {
	secret  []byte // so that no client can choose names that share a key
	similar map[rune]string
}

func newLimitKeys(secret []byte) limitKeys {
	k := limitKeys{secret: secret, similar: map[rune]string{}}
	for plain, letters := range similarLetters() {
		for _, r := range letters {
			k.similar[r] = plain
		}
	}
	return k
}

func (k limitKeys) user(name string) limitKey { return k.sum("user", k.fold(name), "") }

func (k limitKeys) network(a netip.Addr) limitKey { return k.sum("network", "", network(a)) }

// pair returns the key of a user in a network, which is a text that [network] made.
func (k limitKeys) pair(name, network string) limitKey { return k.sum("pair", k.fold(name), network) }

func (k limitKeys) sum(kind, name, network string) (key limitKey) {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(kind + "\x00" + network + "\x00" + name))
	copy(key[:], mac.Sum(nil))
	return key
}

// network returns what counts as one address: an IPv6 host can use all addresses of a /64.
func network(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}

// fold maps the spellings of a name that a directory may take for the same user to one: upper and
// lower case, compatibility characters such as full-width letters, accents composed or not, white
// space, and characters that are not shown. It may map different users to one as well; they
// share their limits then. All names that are longer than any user's become one.
func (k limitKeys) fold(name string) string {
	if len(name) > apiUserMax*utf8.UTFMax {
		return ""
	}
	var b strings.Builder
	for _, r := range name {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Z, unicode.Cc, unicode.Cf) {
			continue
		}
		r = unicode.ToLower(unicode.ToUpper(plainLetter(r)))
		if plain, ok := k.similar[r]; ok {
			b.WriteString(plain)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainLetter returns the ASCII character of a full-width one, and the letter or digit of a
// mathematical or circled one; other characters are returned as they are.
func plainLetter(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e: // full-width forms of ! to ~
		return r - 0xff01 + '!'
	case r >= 0x1d400 && r <= 0x1d6a3: // A to Z and a to z in 13 typefaces
		n := (r - 0x1d400) % 52
		return n%26 + 'a'
	case r >= 0x1d7ce && r <= 0x1d7ff: // digits in 5 typefaces
		return (r-0x1d7ce)%10 + '0'
	case r >= 0x24b6 && r <= 0x24e9: // circled letters
		return (r-0x24b6)%26 + 'a'
	}
	return r
}

// similarLetters returns, for each text, the lower-case letters that Unicode's compatibility
// decomposition without marks turns into it. Of other scripts than Latin, Greek and Cyrillic it has
// none.
func similarLetters() map[string]string {
	return map[string]string{
		"0":  "⁰₀⓪",
		"1":  "¹₁①",
		"2":  "²₂②",
		"3":  "³₃③",
		"4":  "⁴₄④",
		"5":  "⁵₅⑤",
		"6":  "⁶₆⑥",
		"7":  "⁷₇⑦",
		"8":  "⁸₈⑧",
		"9":  "⁹₉⑨",
		"a":  "ªàáâãäåāăąǎǟǡǻȁȃȧᴬᵃḁạảấầẩẫậắằẳẵặₐ",
		"b":  "ᴮᵇḃḅḇℬ",
		"c":  "çćĉċčᶜḉℂℭⅽꟲ",
		"d":  "ďᴰᵈḋḍḏḑḓⅅⅆⅾ",
		"dz": "ǆǳ",
		"e":  "èéêëēĕėęěȅȇȩᴱᵉḕḗḙḛḝẹẻẽếềểễệₑℯℰⅇ",
		"f":  "ᶠḟℱꟳ",
		"ff": "ﬀ",
		"fi": "ﬁ",
		"fl": "ﬂ",
		"g":  "ĝğġģǧǵᴳᵍḡℊ",
		"h":  "ĥȟʰᴴḣḥḧḩḫẖₕℋℌℍℎ",
		"i":  "ìíîïĩīĭįİǐȉȋᴵᵢḭḯỉịⁱℐℑℹⅈⅰ",
		"ij": "ĳ",
		"j":  "ĵǰʲᴶⅉⱼ",
		"k":  "ķǩᴷᵏḱḳḵₖ",
		"l":  "ĺļľˡᴸḷḹḻḽₗℒℓⅼ",
		"lj": "ǉ",
		"m":  "ᴹᵐḿṁṃₘℳⅿ",
		"n":  "ñńņňǹᴺṅṇṉṋⁿₙℕ",
		"nj": "ǌ",
		"o":  "ºòóôõöōŏőơǒǫǭȍȏȫȭȯȱᴼᵒṍṏṑṓọỏốồổỗộớờởỡợₒℴ",
		"p":  "ᴾᵖṕṗₚℙ",
		"q":  "ℚꟴ𐞥",
		"r":  "ŕŗřȑȓʳᴿᵣṙṛṝṟℛℜℝ",
		"s":  "śŝşšșˢṡṣṥṧṩₛ",
		"ss": "ß",
		"st": "ﬅﬆ",
		"t":  "ţťțᵀᵗṫṭṯṱẗₜ",
		"u":  "ùúûüũūŭůűųưǔǖǘǚǜȕȗᵁᵘᵤṳṵṷṹṻụủứừửữự",
		"v":  "ᵛᵥṽṿⅴⱽ",
		"w":  "ŵʷᵂẁẃẅẇẉẘ",
		"x":  "ˣẋẍₓⅹ",
		"y":  "ýÿŷȳʸẏẙỳỵỷỹ",
		"z":  "źżžᶻẑẓẕℤℨ",
		"α":  "ά",
		"β":  "ᵝᵦ",
		"γ":  "ᵞᵧ",
		"δ":  "ᵟ",
		"ε":  "έ",
		"η":  "ή",
		"θ":  "ᶿ",
		"ι":  "ͺίΐϊ",
		"ο":  "ό",
		"ρ":  "ᵨ",
		"σ":  "ϲ",
		"υ":  "ύϋΰϒϓϔ",
		"φ":  "ᵠᵩ",
		"χ":  "ᵡᵪ",
		"ω":  "ώ",
		"а":  "ӑӓ",
		"г":  "ѓ",
		"е":  "ѐёӗ",
		"ж":  "ӂӝ",
		"з":  "ӟ",
		"и":  "ѝйӣӥ",
		"к":  "ќ",
		"н":  "ᵸ",
		"о":  "ӧ",
		"у":  "ўӯӱӳ",
		"ч":  "ӵ",
		"ъ":  "ꚜ",
		"ы":  "ӹ",
		"ь":  "ꚝ",
		"э":  "ӭ",
		"і":  "ї",
		"ѵ":  "ѷ",
		"ә":  "ӛ",
		"ө":  "ӫ",
	}
}
